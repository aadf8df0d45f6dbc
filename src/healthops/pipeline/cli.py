"""The command line: ``healthops run | explain | check | expect | clean`` (the Makefile calls these)."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from healthops.pipeline.parameters import ParameterError
from healthops.workspace import Workspace, WorkspaceError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit status (0 well, 1 something failed, 2 the question was wrong)."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except (WorkspaceError, ParameterError, ValueError) as error:
        print(f"healthops: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="healthops", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, about in (
        ("run", _run, "bring tables, models and reports of a scenario up to date"),
        ("explain", _explain, "say what would run and why"),
        ("check", _check, "make a scenario from nothing twice, compare every byte, then the committed expectation"),
        ("verify", _verify, "compare what is there with the committed expectation"),
        ("expect", _expect, "write the expectation from what is there"),
        ("clean", _clean, "remove what a scenario made (its raw files stay)"),
    ):
        command = commands.add_parser(name, help=about, description=about)
        command.add_argument("scenario", nargs="?", default="synthetic")
        command.add_argument(
            "--root", type=Path, help="folder of data/, models/ and reports/ (default: the repository)"
        )
        command.add_argument("--config", type=Path, help="folder of scenarios and graph.yaml (default: config/)")
        command.add_argument("--workers", type=int, default=2, help="jobs side by side (default 2)")
        command.set_defaults(run=run)
    return parser


def _open(options: argparse.Namespace) -> Workspace:
    return Workspace(options.scenario, root=options.root, config=options.config)


def _run(options: argparse.Namespace) -> int:
    from healthops.pipeline import build, summary

    workspace = _open(options)
    outcome = build.run(workspace, workers=options.workers)
    summary.write(workspace, outdated=outcome.outdated)
    summary.tell(workspace, outcome)
    return 0 if outcome.ok else 1


def _explain(options: argparse.Namespace) -> int:
    from healthops.pipeline import build

    return build.explain(_open(options))


def _check(options: argparse.Namespace) -> int:
    from healthops.pipeline import check

    return check.check_twice(_open(options), workers=options.workers)


def _verify(options: argparse.Namespace) -> int:
    from healthops.pipeline import check

    return check.verify(_open(options))


def _expect(options: argparse.Namespace) -> int:
    from healthops.pipeline import check

    path = check.write_expectation(_open(options))
    print(f"wrote {path}")
    return 0


def _clean(options: argparse.Namespace) -> int:
    workspace = _open(options)
    for folder in ("data", "models", "reports", ".build"):
        shutil.rmtree(workspace.root / folder / workspace.scenario.name, ignore_errors=True)
    if workspace.scenario.prepare == "synthetic":
        shutil.rmtree(workspace.raw, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
