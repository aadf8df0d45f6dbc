"""Run one notebook: ``python -m healthops.pipeline.notebook SCENARIO NOTEBOOK``.

The notebook runs in a kernel of its own. What it writes is staged and published only when the whole notebook has
succeeded; when it fails, everything that was there before stays, and its report shows the failure.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
import papermill
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError

from healthops.files import atomic_file, replace_folder
from healthops.pipeline import environment, graph
from healthops.pipeline.parameters import resolve
from healthops.workspace import STAGING_VARIABLE, Workspace


class SocketKernelManager(AsyncKernelManager):
    """Talk to the kernel through files in a private folder: TCP ports race when several kernels start at once."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.transport = "ipc"
        # The path of a socket may have about 100 characters: a short folder of its own, outside the repository.
        self._folder = tempfile.mkdtemp(prefix="healthops-")
        self.ip = str(Path(self._folder) / "kernel")

    def cleanup_resources(self, restart: bool = False) -> None:
        """Remove the sockets with the kernel."""
        super().cleanup_resources(restart=restart)
        if not restart:
            shutil.rmtree(self._folder, ignore_errors=True)


def main(scenario: str, name: str) -> int:
    """Run notebook `name` of `scenario`; return the exit status."""
    environment.die_with_parent()
    workspace = Workspace(scenario, notebook=name)
    source = graph.notebooks_folder(workspace) / f"{name}.ipynb"
    staging = workspace.root / ".build" / scenario / "staging" / name
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    parameters = {p.name: p.value for p in resolve(source, workspace.scenario)}
    executed, failure = execute(source, parameters, staging)
    lacking = [] if failure else _not_written(workspace, staging)
    if lacking:
        failure = f"{name} declares in config/graph.yaml that it writes {lacking}, and did not"
    target = graph.executed_path(workspace, name)
    if failure is None:
        _ensure_metrics(workspace, staging)
        _publish(staging, workspace.root)
        _write_notebook(executed, target)
        return 0
    shutil.rmtree(staging, ignore_errors=True)
    from healthops.pipeline import page

    page.write_page(workspace, executed, failure=failure)
    print(failure, file=sys.stderr)
    return 1


def execute(source: Path, parameters: dict[str, object], staging: Path) -> tuple[nbformat.NotebookNode, str | None]:
    """Run the notebook at `source`; return it with its outputs, and the traceback where it failed."""
    draft = staging.parent / f"{source.stem}.draft.ipynb"
    os.environ[STAGING_VARIABLE] = str(staging)
    os.environ["IPYTHONDIR"] = str(staging.parent / ".ipython")
    total = len(nbformat.read(source, as_version=4).cells) + 1

    def tell(cell: nbformat.NotebookNode, cell_index: int) -> None:
        print(f"@cell {cell_index + 1}/{total}", flush=True)

    failure = None
    try:
        papermill.execute_notebook(
            str(source),
            str(draft),
            parameters=parameters,
            cwd=str(source.parent),
            progress_bar=False,
            kernel_name="python3",
            start_timeout=180,
            kernel_manager_class=SocketKernelManager,
            coalesce_streams=True,
            on_cell_start=tell,
        )
    except PapermillExecutionError as error:
        failure = f"{error.ename}: {error.evalue}\n\n" + "\n".join(error.traceback)
    except (DeadKernelError, RuntimeError) as error:
        failure = f"{type(error).__name__}: {error}\n\nThe kernel stopped (out of memory, or killed?)."
    executed = _stable(nbformat.read(draft, as_version=4))
    draft.unlink()
    return executed, failure


def _stable(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Strip what differs from run to run: times, paths, papermill's error banner."""
    notebook.metadata.pop("papermill", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    notebook.cells = [c for c in notebook.cells if "papermill-error-cell-tag" not in c.metadata.get("tags", [])]
    for index, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{index + 1:02d}"
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
    return notebook


def _not_written(workspace: Workspace, staging: Path) -> list[str]:
    assert workspace.declaration is not None
    paths = {name: workspace.table_path(name) for name in workspace.declaration.writes}
    paths |= {name: workspace.model_path(name) for name in workspace.declaration.models}
    return [name for name, path in paths.items() if not (staging / path.relative_to(workspace.root)).exists()]


def _ensure_metrics(workspace: Workspace, staging: Path) -> None:
    assert workspace.notebook is not None
    path = staging / workspace.metrics_path(workspace.notebook).relative_to(workspace.root)
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}\n", encoding="utf-8")


def _publish(staging: Path, root: Path) -> None:
    """Move what was staged to its place; every file and model folder by one rename."""
    models = {p.parent for p in staging.glob("models/*/*/*")}
    for folder in sorted(models):
        target = root / folder.relative_to(staging)
        target.parent.mkdir(parents=True, exist_ok=True)
        replace_folder(folder, target)
    for file in sorted(p for p in staging.rglob("*") if p.is_file()):
        target = root / file.relative_to(staging)
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)
    shutil.rmtree(staging)


def _write_notebook(notebook: nbformat.NotebookNode, target: Path) -> None:
    with atomic_file(target) as path:
        nbformat.write(notebook, path)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2]))
