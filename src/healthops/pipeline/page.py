"""Render pages: ``python -m healthops.pipeline.page SCENARIO NOTEBOOK`` writes the report of an executed notebook."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from nbformat import NotebookNode

from healthops.data.sources import Source, load_sources
from healthops.pipeline import environment, graph, provenance
from healthops.pipeline.parameters import resolve
from healthops.report.context import Neighbour, Provenance, RenderContext, SourceNote
from healthops.report.index import render_index, stage_name, system_name
from healthops.report.render import render
from healthops.workspace import REPOSITORY, Declaration, Workspace

#: Versions that a report names.
PACKAGES = ("numpy", "pandas", "scikit-learn", "xgboost-cpu", "lightgbm", "tensorflow-cpu", "keras", "torch", "highspy")


def write_page(workspace: Workspace, executed: Path | NotebookNode, *, failure: str | None = None) -> int:
    """Write the report of the workspace's notebook; return its size in bytes."""
    assert workspace.notebook is not None and workspace.declaration is not None
    name, scenario = workspace.notebook, workspace.scenario
    order = list(workspace.declarations().values())
    here = [d.notebook for d in order].index(name)
    context = RenderContext(
        scenario=scenario.name,
        scenario_title=scenario.title,
        banner=scenario.banner,
        synthetic=scenario.prepare == "synthetic",
        notebook=name,
        title=workspace.declaration.title,
        parameters=resolve(graph.notebooks_folder(workspace) / f"{name}.ipynb", scenario),
        provenance=_provenance(workspace),
        sources=_sources(workspace),
        previous=_neighbour(order[here - 1]) if here > 0 else None,
        next=_neighbour(order[here + 1]) if here + 1 < len(order) else None,
        failure=failure,
        stage=stage_name(name),
        system=system_name(name),
    )
    return render(executed, context=context, out=workspace.report_path(name))


def _neighbour(declaration: Declaration) -> Neighbour:
    return Neighbour(declaration.notebook, declaration.title)


def _provenance(workspace: Workspace) -> Provenance:
    assert workspace.declaration is not None
    commit, dirty = provenance.commit()
    paths = {name: workspace.table_path(name) for name in workspace.declaration.reads}
    paths |= {name: workspace.model_path(name) for name in workspace.declaration.reads_models}
    return Provenance(
        commit=commit,
        dirty=dirty,
        inputs={name: provenance.hash_path(path) or "missing" for name, path in paths.items()},
        lock_hash=provenance.hash_path(REPOSITORY / "requirements.lock") or "missing",
        seed=workspace.seed,
        packages={name: importlib.metadata.version(name) for name in PACKAGES},
    )


def _sources(workspace: Workspace) -> list[SourceNote]:
    if workspace.scenario.prepare == "synthetic":
        return []
    return [
        SourceNote(s.about.rstrip("."), s.licence, s.citation, publisher=s.publisher, address=s.address())
        for s in cited(load_sources().values(), workspace.declaration)
    ]


def cited(sources: Collection[Source], declaration: Declaration | None) -> list[Source]:
    """Sources that a page cites: those of the outbreak tables, and those of the proving grounds whose tables it reads.

    Files that differ in their commit alone (the vintages) are cited once.
    """
    reads = declaration.reads if declaration else ()
    grounds = {s.ground for s in sources if s.ground and any(name.startswith(s.ground) for name in reads)}
    once: dict[tuple[str, str], Source] = {}
    for source in sources:
        if not source.ground or source.ground in grounds:
            once.setdefault((source.repository, source.path), source)
    return list(once.values())


def write_index(workspace: Workspace, metrics: Mapping[str, float], *, outdated: Collection[str] = ()) -> None:
    """Write the grid of the scenario's reports."""
    every = Declaration.load_all(config=workspace.config)
    here = workspace.declarations()
    render_index(
        {name: declaration.title for name, declaration in here.items()},
        elsewhere={name: declaration.only for name, declaration in every.items() if name not in here},
        scenario=workspace.scenario,
        metrics=metrics,
        outdated=outdated,
        out=workspace.report_path("index"),
    )


def main(scenario: str, name: str) -> int:
    """Render the report of notebook `name` of `scenario`."""
    environment.die_with_parent()
    workspace = Workspace(scenario, notebook=name)
    size = write_page(workspace, graph.executed_path(workspace, name))
    print(f"{name}.html has {size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2]))
