"""Run one step that makes first tables: ``python -m healthops.pipeline.step MODULE SCENARIO`` calls its ``run``."""

from __future__ import annotations

import sys
from importlib import import_module

from healthops.data.errors import DataError
from healthops.data.schemas import SchemaError
from healthops.pipeline import environment
from healthops.workspace import REPOSITORY, Workspace, WorkspaceError


def main(module: str, scenario: str) -> int:
    """Run the step in `module` for `scenario`; a fault in the data is one line, not a traceback."""
    environment.die_with_parent()
    if not module.startswith("healthops."):
        # The benchmarks lie at the root of the repository and are not installed.
        sys.path.insert(0, str(REPOSITORY))
    try:
        import_module(module).run(Workspace(scenario))
    except (DataError, SchemaError, WorkspaceError, ValueError) as error:
        print(f"{module}, scenario {scenario}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2]))
