"""What every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import healthops.schedule.or_tools  # noqa: F401  (first: where TensorFlow comes before, CP-SAT crashes)
from healthops.workspace import Workspace

REPOSITORY = Path(__file__).resolve().parents[1]


def find_mirror() -> Path | None:
    """Return the mirror of public data: HEALTHOPS_MIRROR, else the folder beside the checkout, else None."""
    named = os.environ.get("HEALTHOPS_MIRROR")
    beside = REPOSITORY.parent / "shared" / "data"
    path = Path(named) if named else beside
    return path if (path / "CATALOG.csv").is_file() else None


@pytest.fixture(scope="session")
def mirror() -> Path:
    """Folder of the mirror; the test is skipped where there is none."""
    path = find_mirror()
    if path is None:
        pytest.skip("no mirror of public data: set HEALTHOPS_MIRROR")
    return path


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Workspace of scenario ``smoke`` after a run of every notebook from nothing."""
    from healthops.pipeline import build, summary

    workspace = Workspace("smoke", root=tmp_path_factory.mktemp("smoke"))
    outcome = build.run(workspace)
    assert outcome.ok, f"failed: {outcome.failed}"
    summary.write(workspace)
    return workspace
