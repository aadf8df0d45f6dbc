"""The graph of a scenario: jobs with what they depend on and produce, built from ``config/graph.yaml``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from healthops.pipeline import closure
from healthops.pipeline.parameters import check_rooms, resolve
from healthops.workspace import REPOSITORY, Declaration, Workspace

#: What the name of the job that renders a notebook's page ends with.
PAGE = " (page)"


class GraphError(ValueError):
    """``config/graph.yaml`` contradicts itself or the notebooks."""


@dataclass(frozen=True)
class Job:
    """One process to run, with all that decides whether it must.

    Attributes
    ----------
    name : str
        Unique; for a notebook's page it ends with ``(page)``.
    command : list of str
        The process.
    files, products : list of path
        What it depends on and makes: files, or folders that count by their content.
    values : str
        What it depends on besides: parameters, seed, declaration.
    """

    name: str
    command: list[str]
    files: list[Path]
    products: list[Path]
    values: str = ""
    notebook: str | None = None
    after: list[str] = field(default_factory=list)


def notebooks_folder(workspace: Workspace) -> Path:
    """Return the folder of the notebooks: beside the configuration."""
    return workspace.config.parent / "notebooks"


def executed_path(workspace: Workspace, notebook: str) -> Path:
    """Return where the executed notebook lies, stripped of what differs from run to run."""
    return workspace.root / ".build" / workspace.scenario.name / "executed" / f"{notebook}.ipynb"


def build_graph(workspace: Workspace) -> list[Job]:
    """Return the jobs of the workspace's scenario in an order in which they can run.

    Raises
    ------
    GraphError
        A table or model is made twice or never, a notebook file is missing.
    ParameterError
        A scenario sets an unknown or ill-typed parameter, or a notebook imports an undeclared room.
    """
    declarations = Declaration.load_all(config=workspace.config)
    _check_scenario(workspace, declarations)
    _check_data(workspace)
    jobs = [_step(workspace, step) for step in _steps(workspace)]
    here = workspace.declarations()
    for declaration in here.values():
        jobs.append(_execute(workspace, declaration))
        jobs.append(_page(workspace, declaration, list(here)))
    _check_makers(workspace, jobs)
    return jobs


def _steps(workspace: Workspace) -> list[dict]:
    raw = yaml.safe_load((workspace.config / "graph.yaml").read_text(encoding="utf-8"))
    try:
        return raw["steps"][workspace.scenario.prepare]
    except KeyError:
        raise GraphError(
            f"config/{workspace.scenario.name}.yaml asks to prepare {workspace.scenario.prepare!r}; "
            f"config/graph.yaml has the steps {sorted(raw['steps'])}"
        ) from None


def _check_scenario(workspace: Workspace, declarations: dict[str, Declaration]) -> None:
    folder = notebooks_folder(workspace)
    kinds = yaml.safe_load((workspace.config / "graph.yaml").read_text(encoding="utf-8"))["steps"]
    for name, declaration in declarations.items():
        strange = sorted(set(declaration.only) - set(kinds))
        if strange:
            raise GraphError(f"config/graph.yaml: {name} is for {strange} only; there are steps for {sorted(kinds)}")
    for name in declarations:
        if not (folder / f"{name}.ipynb").is_file():
            raise GraphError(f"config/graph.yaml declares {name}, but notebooks/{name}.ipynb is not there")
    forgotten = sorted({path.stem for path in folder.glob("*.ipynb")} - set(declarations))
    if forgotten:
        raise GraphError(f"notebooks/ holds {forgotten}, which config/graph.yaml does not declare; add them there")
    unknown = sorted(set(workspace.scenario.parameters) - set(declarations))
    if unknown:
        raise GraphError(
            f"config/{workspace.scenario.name}.yaml sets parameters of {unknown}; "
            f"config/graph.yaml declares {sorted(declarations)}"
        )


def _check_data(workspace: Workspace) -> None:
    """Raise :class:`GraphError` if the scenario's ``data:`` holds what no step has, or what is no whole number."""
    known = sorted(option for step in _steps(workspace) for option in step.get("options", ()))
    for name, value in workspace.scenario.data.items():
        if name not in known:
            raise GraphError(
                f"config/{workspace.scenario.name}.yaml sets data: {name}, which no step has; the steps have {known} "
                "(an option that it inherits is taken back by null)"
            )
        if isinstance(value, bool) or not isinstance(value, int):
            raise GraphError(
                f"config/{workspace.scenario.name}.yaml sets data: {name} = {value!r}; it must be a whole number"
            )


def _check_makers(workspace: Workspace, jobs: list[Job]) -> None:
    made: dict[Path, str] = {}
    for job in jobs:
        for product in job.products:
            if product in made:
                raise GraphError(f"{made[product]} and {job.name} both write {product.name}; one of them must")
            made[product] = job.name
    for job in jobs:
        for path in job.files:
            inside = any(path.is_relative_to(workspace.root / top) for top in ("data", "models", ".build"))
            if inside and path not in made:
                raise GraphError(f"{job.name} reads {path.stem}, which nothing in config/graph.yaml writes")


def _step(workspace: Workspace, step: dict) -> Job:
    tables = [workspace.table_path(name) for name in step.get("reads", ())]
    raw = [workspace.raw] if step.get("reads_raw") else []
    products = [workspace.table_path(name) for name in step.get("writes", ())]
    scenario = workspace.scenario
    module = step["run"]
    code = closure.used_files(closure.module_files(module))
    return Job(
        name=step["name"],
        command=[sys.executable, "-m", "healthops.pipeline.step", module, scenario.name],
        files=[
            *code,
            *_data_beside(code),
            _lock(workspace),
            *tables,
            *raw,
        ],
        products=[*products, *([workspace.raw] if step.get("makes_raw") else [])],
        values=json.dumps([step, scenario.seed, scenario.prepare, scenario.data, _surroundings(step)], sort_keys=True),
    )


def _surroundings(step: dict) -> dict[str, str | None]:
    """Environment variables that the step declares: where one is set later or names another folder, it runs again."""
    return {name: os.environ.get(name) for name in step.get("environment", ())}


def _data_beside(code: Iterable[Path]) -> list[Path]:
    """Return the data files of the folders of `code`."""
    folders = sorted({path.parent for path in code})
    return [p for folder in folders for p in sorted(folder.iterdir()) if p.suffix in (".yaml", ".csv", ".json", ".txt")]


def _execute(workspace: Workspace, declaration: Declaration) -> Job:
    name = declaration.notebook
    notebook = notebooks_folder(workspace) / f"{name}.ipynb"
    check_rooms(notebook, declaration)
    parameters = resolve(notebook, workspace.scenario)
    scenario = workspace.scenario
    code = [file for room in declaration.rooms for file in closure.room_files(room)]
    runner = closure.module_files("healthops.pipeline.notebook")[-1]
    workspace_code = closure.module_files("healthops.workspace")
    return Job(
        name=name,
        command=[sys.executable, "-m", "healthops.pipeline.notebook", scenario.name, name],
        files=[
            notebook,
            _lock(workspace),
            *closure.used_files([*code, *workspace_code]),
            runner,
            runner.with_name("environment.py"),
            *(workspace.table_path(table) for table in declaration.reads),
            *(workspace.model_path(model) for model in declaration.reads_models),
        ],
        products=[
            executed_path(workspace, name),
            workspace.metrics_path(name),
            *(workspace.table_path(table) for table in declaration.writes),
            *(workspace.model_path(model) for model in declaration.models),
        ],
        values=json.dumps(
            [
                [(p.name, p.value) for p in parameters],
                [declaration.title, declaration.rooms, declaration.reads, declaration.writes, declaration.models],
                [scenario.title, scenario.banner, scenario.seed, scenario.prepare],
            ]
        ),
        notebook=name,
    )


def _page(workspace: Workspace, declaration: Declaration, order: list[str]) -> Job:
    name = declaration.notebook
    template = [p for part in closure.PAGE_ONLY if part.is_dir() for p in sorted(part.rglob("*")) if p.is_file()]
    return Job(
        name=f"{name}{PAGE}",
        command=[sys.executable, "-m", "healthops.pipeline.page", workspace.scenario.name, name],
        files=[
            executed_path(workspace, name),
            workspace.metrics_path(name),
            *closure.used_files(closure.module_files("healthops.pipeline.page")),
            *template,
            *(workspace.table_path(table) for table in declaration.reads),
        ],
        products=[workspace.report_path(name)],
        values=json.dumps([workspace.scenario.title, workspace.scenario.banner, declaration.title, order]),
    )


def _lock(workspace: Workspace) -> Path:
    return REPOSITORY / "requirements.lock"
