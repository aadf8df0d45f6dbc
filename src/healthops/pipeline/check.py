"""Two runs from nothing must agree byte for byte, and any machine with the committed expectation.

What is measured (CPU seconds) differs from run to run. The schema of a table declares such columns; tables are compared
without them, and the pages of notebooks that read such tables are named and not compared, for they show the times.
"""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import yaml

from healthops.data import schemas
from healthops.files import atomic_file, sha256
from healthops.pipeline import build, summary
from healthops.workspace import Workspace

#: How far a headline figure may be from the expectation on another machine, unless the expectation says otherwise.
TOLERANCE = {"relative": 0.05, "absolute": 0.01}


def check_twice(workspace: Workspace, *, workers: int = 2) -> int:
    """Make the scenario from nothing twice, compare every byte, then compare with the expectation."""
    top = workspace.root / ".check" / workspace.scenario.name
    shutil.rmtree(top, ignore_errors=True)
    runs = []
    for label in ("first", "second"):
        print(f"== {label} run from nothing", flush=True)
        run = Workspace(workspace.scenario.name, root=top / label, config=workspace.config)
        outcome = build.run(run, workers=workers)
        if not outcome.ok:
            print(f"check: {outcome.failed} failed in the {label} run")
            return 1
        summary.write(run)
        runs.append(run)
    differing = compare_folders(runs[0].root, runs[1].root)
    shown = [name for name in pages_of_times(runs[1]) if name in differing]
    for name in shown:
        differing.remove(name)
        print(f"check: {name} shows measured times and is not compared")
    for name in differing:
        print(f"check: {name} differs between two runs")
    print(f"check: {len(differing)} files differ between two runs from nothing")
    status = verify(runs[1])
    return 1 if differing else status


def compare_folders(first: Path, second: Path) -> list[str]:
    """Return the names of the files of tables, models and reports that are not the same in both folders.

    Tables are the same if they are without the columns that their schema declares as measured.
    """
    found = [
        {
            path.relative_to(root).as_posix(): path
            for part in ("data", "models", "reports")
            for path in sorted((root / part).rglob("*"))
            if path.is_file()
        }
        for root in (first, second)
    ]
    names = sorted({*found[0], *found[1]})
    return [n for n in names if n not in found[0] or n not in found[1] or not _same(found[0][n], found[1][n])]


def _same(first: Path, second: Path) -> bool:
    if first.read_bytes() == second.read_bytes():
        return True
    if first.suffix != ".parquet" or first.stem not in schemas.TABLES or not schemas.measured(first.stem):
        return False
    import pandas as pd

    one, other = (pd.read_parquet(path).drop(columns=schemas.measured(first.stem)) for path in (first, second))
    return one.equals(other)


def pages_of_times(workspace: Workspace) -> list[str]:
    """Return the pages of notebooks that read a table with measured columns, as names below the workspace's root."""
    return [
        workspace.report_path(name).relative_to(workspace.root).as_posix()
        for name, declaration in workspace.declarations().items()
        if any(schemas.measured(table) for table in declaration.reads)
    ]


def data_tables(workspace: Workspace) -> list[str]:
    """Return the tables that the data steps make: no model touches them, so every machine must agree on each byte."""
    raw = yaml.safe_load((workspace.config / "graph.yaml").read_text(encoding="utf-8"))
    steps = [step for step in raw["steps"][workspace.scenario.prepare] if not step["run"].startswith("benchmarks.")]
    return sorted(name for step in steps for name in step.get("writes", ()))


def expectation_path(workspace: Workspace) -> Path:
    """Return the committed expectation of the scenario."""
    return workspace.config / "expected" / f"{workspace.scenario.name}.json"


def write_expectation(workspace: Workspace) -> Path:
    """Write the expectation from what the workspace holds.

    Stated tolerances are kept, and figures that the old expectation meets: what another machine computed in its last
    digits is not news.
    """
    path = expectation_path(workspace)
    old = json.loads(path.read_text()) if path.is_file() else {}
    metrics = summary.collect_metrics(workspace)
    kept = {name: old["metrics"][name] for name in metrics if old and name in old["metrics"]}
    kept = {name: value for name, value in kept.items() if _meets(metrics[name], value, _tolerance(old, name))}
    document = {
        "about": "What any machine must meet: hashes of the data tables, headline figures within the tolerance.",
        "tolerance": old.get("tolerance", TOLERANCE),
        "tolerances": old.get("tolerances", {}),
        "tables": {name: sha256(workspace.table_path(name)) for name in data_tables(workspace)},
        "metrics": metrics | kept,
    }
    with atomic_file(path) as draft:
        draft.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return path


def verify(workspace: Workspace) -> int:
    """Compare what the workspace holds with the committed expectation; print every difference."""
    path = expectation_path(workspace)
    if not path.is_file():
        print(f"verify: there is no expectation {path.name}; `healthops expect {workspace.scenario.name}` writes one")
        return 1
    wrong = compare(workspace, json.loads(path.read_text(encoding="utf-8")))
    for line in wrong:
        print(f"verify: {line}")
    print(f"verify: {len(wrong)} differences from the committed expectation")
    return 1 if wrong else 0


def compare(workspace: Workspace, expected: dict) -> list[str]:
    """Return in words each way in which the workspace differs from `expected`."""
    wrong = []
    for name, digest in expected["tables"].items():
        path = workspace.table_path(name)
        actual = sha256(path) if path.is_file() else "nothing"
        if actual != digest:
            wrong.append(f"table {name} is {actual[:12]}, expected {digest[:12]}")
    new = [name for name in data_tables(workspace) if name not in expected["tables"]]
    wrong.extend(f"table {name} is not in the expectation" for name in new)
    metrics = summary.collect_metrics(workspace)
    for name, value in expected["metrics"].items():
        tolerance = _tolerance(expected, name)
        actual = metrics.get(name)
        if actual is None:
            wrong.append(f"metric {name} is missing, expected {value}")
        elif not _meets(actual, value, tolerance):
            wrong.append(f"metric {name} is {actual}, expected {value} within {tolerance}")
    wrong.extend(f"metric {name} is not in the expectation" for name in metrics if name not in expected["metrics"])
    return wrong


def _tolerance(expected: dict, metric: str) -> dict[str, float]:
    return {**expected["tolerance"], **expected["tolerances"].get(metric, {})}


def _meets(actual: float, value: float, tolerance: dict[str, float]) -> bool:
    return math.isclose(actual, value, rel_tol=tolerance["relative"], abs_tol=tolerance["absolute"])
