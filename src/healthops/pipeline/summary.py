"""What stands when a run is over: ``metrics.json``, the index of the reports, and the last lines on the screen."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import TYPE_CHECKING

from healthops.files import atomic_file
from healthops.workspace import Workspace

if TYPE_CHECKING:
    from healthops.pipeline.build import Outcome


def collect_metrics(workspace: Workspace, *, outdated: Collection[str] = ()) -> dict[str, float]:
    """Return every headline figure as ``{"<notebook>.<metric>": number}``, in the order of the notebooks.

    Figures of `outdated` notebooks are left out: they belong to an earlier run.
    """
    metrics = {}
    for notebook in workspace.declarations():
        path = workspace.metrics_path(notebook)
        if path.is_file() and notebook not in outdated:
            figures = json.loads(path.read_text(encoding="utf-8"))
            metrics.update({f"{notebook}.{name}": value for name, value in figures.items()})
    return metrics


def write(workspace: Workspace, *, outdated: Collection[str] = ()) -> None:
    """Write ``metrics.json`` and the index of the reports, without the figures of `outdated` notebooks."""
    from healthops.pipeline.page import write_index

    metrics = collect_metrics(workspace, outdated=outdated)
    with atomic_file(workspace.metrics_path("x").parents[1] / "metrics.json") as path:
        path.write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    write_index(workspace, metrics, outdated=outdated)


def tell(workspace: Workspace, outcome: Outcome) -> None:
    """Print how the run ended, the headline figures, and where the index is."""
    from healthops.report.index import headlines

    counts = f"{len(outcome.done)} made, {len(outcome.unchanged)} unchanged"
    counts += f", {len(outcome.failed)} failed, {len(outcome.skipped)} not tried" if not outcome.ok else ""
    print(f"\n{workspace.scenario.title}: {counts}, {outcome.seconds:.0f} s")
    shown = headlines(collect_metrics(workspace, outdated=outcome.outdated))
    for notebook in workspace.declarations():
        late = "failed, or something before it did" if notebook in outcome.outdated else "(no headline figure)"
        print(f"  {notebook:32s} {shown.get(notebook, late)}")
    print(f"\nReports: {workspace.report_path('index')}")
