"""A project of three tiny notebooks with a copy of the package, for tests that change code, notebooks and tables."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat

REPOSITORY = Path(__file__).resolve().parents[2]

GRAPH = """
steps: {none: []}
notebooks:
  11-explore-outbreaks: {title: First, rooms: [features], writes: [population]}
  21-features-outbreaks: {title: Second, rooms: [allocate], reads: [population], writes: [places], models: [tiny]}
  31-train-outbreak-forecasters: {title: Third, rooms: [], reads: [population], writes: [reporting_triangle]}
"""

SCENARIO = """
title: Mini
banner: A test.
seed: 7
prepare: none
parameters:
  11-explore-outbreaks: {people: 5}
"""

OPEN = "from healthops.workspace import Workspace\nws = Workspace(scenario, notebook={name!r})"

FIRST = """import pandas as pd
ws.write("population", pd.DataFrame({"ubigeo": ["01"], "level": "department", "year": 2020, "population": people}))
ws.metric("people", people)"""

SECOND = """import pandas as pd
n = ws.read("population")["population"].sum()
with ws.new_model("tiny") as folder:
    (folder / "weights.json").write_text(str(n))
place = {"ubigeo": "01", "level": "department", "name": "A", "department": "A", "population": n}
blank = ["province", "region", "latitude", "longitude", "altitude_m", "area_km2", "density_per_km2"]
ws.write("places", pd.DataFrame([place | dict.fromkeys([*blank, "hdi", "poverty_pct"])]))"""

THIRD = """import pandas as pd
n = int(ws.read("population")["population"].sum())
week = pd.Timestamp("2020-01-04")
ws.write("reporting_triangle", pd.DataFrame({"ubigeo": ["01"], "week_end": week, "delay_weeks": 0, "cases": n}))"""


def notebook(name: str, code: str, parameters: str) -> nbformat.NotebookNode:
    """Return a notebook with a heading, parameters, the opening of the workspace and `code`."""
    parameter_cell = nbformat.v4.new_code_cell(parameters, id="parameters")
    parameter_cell.metadata["tags"] = ["parameters"]
    cells = [
        nbformat.v4.new_markdown_cell(f"# {name}\n\nA test.", id="heading"),
        parameter_cell,
        nbformat.v4.new_code_cell(OPEN.format(name=name), id="open"),
        nbformat.v4.new_code_cell(code, id="code"),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


@dataclass
class Mini:
    """The project in a folder of its own."""

    root: Path

    @classmethod
    def make(cls, root: Path) -> Mini:
        """Write the project below `root`."""
        shutil.copytree(REPOSITORY / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        shutil.copy(REPOSITORY / "requirements.lock", root)
        (root / "config").mkdir()
        (root / "config" / "graph.yaml").write_text(GRAPH)
        (root / "config" / "mini.yaml").write_text(SCENARIO)
        (root / "notebooks").mkdir()
        project = cls(root)
        project.set_code("11-explore-outbreaks", FIRST, 'scenario = "mini"\npeople = 3')
        project.set_code("21-features-outbreaks", SECOND)
        project.set_code("31-train-outbreak-forecasters", THIRD)
        return project

    def set_code(self, name: str, code: str, parameters: str = 'scenario = "mini"') -> None:
        """Write notebook `name` with `code` in its last cell."""
        nbformat.write(notebook(name, code, parameters), self.root / "notebooks" / f"{name}.ipynb")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command line of the copied package."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HEALTHOPS_")}
        return subprocess.Popen(
            [sys.executable, "-m", "healthops.pipeline.cli", *arguments],
            cwd=self.root,
            env=environment | {"PYTHONPATH": str(self.root / "src"), "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def call(self, *arguments: str) -> tuple[int, str]:
        """Run the command line to its end; return status and output."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=300)
        return process.returncode, output

    def run(self) -> tuple[int, set[str], str]:
        """Run the scenario; return status, the jobs that really ran, and the output."""
        status, output = self.call("run", "mini")
        ran = {
            line.split("] ", 1)[1].removesuffix(" ...").strip()
            for line in output.splitlines()
            if line.endswith(" ...") and "] " in line
        }
        return status, ran, output

    def made(self) -> dict[str, bytes]:
        """Return everything that runs made: tables, models, reports."""
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for part in ("data", "models", "reports")
            for path in sorted((self.root / part).rglob("*"))
            if path.is_file()
        }

    def metrics(self) -> dict[str, float]:
        """Return ``metrics.json``."""
        return json.loads((self.root / "reports" / "mini" / "metrics.json").read_text())
