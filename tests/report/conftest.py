"""A small executed notebook that shows one of everything, made without a kernel, and its pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import matplotlib
import nbformat
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from healthops import report
from healthops.report.context import Neighbour, ParameterRow, Provenance, RenderContext, SourceNote
from healthops.report.display import Shown
from healthops.report.render import render
from tests import browser as chromium

matplotlib.use("agg")


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """No figure outlives its test."""
    yield
    pyplot.close("all")


@pytest.fixture(scope="session")
def browser() -> Iterator[chromium.Browser]:
    """A headless Chromium; the test is skipped where there is none."""
    executable = chromium.find_chromium()
    if executable is None:
        pytest.skip("no chromium: apt-get install chromium")
    with chromium.running(executable) as found:
        yield found


def shown(*things: Shown) -> list[nbformat.NotebookNode]:
    """Return the outputs of a cell that shows `things`."""
    return [new_output("display_data", data=thing.bundle) for thing in things]


def code(source: str, outputs: list[nbformat.NotebookNode] | None = None, *tags: str) -> nbformat.NotebookNode:
    """Return an executed code cell."""
    return new_code_cell(source, outputs=outputs or [], execution_count=7, metadata={"tags": list(tags)})


def square(place: str, west: float, level: str = "department") -> pd.DataFrame:
    """Return the outline of a place: one degree by one, at 10 degrees south."""
    corners = [(west, -10.0), (west + 1, -10.0), (west + 1, -9.0), (west, -9.0)]
    return pd.DataFrame(
        [(place, level, 0, point, *corner) for point, corner in enumerate(corners)],
        columns=["ubigeo", "level", "ring", "point", "longitude", "latitude"],
    )


def make_notebook() -> nbformat.NotebookNode:
    """Return a notebook with figures, tables, prose, messages and the answer last."""
    from matplotlib import pyplot

    report.theme()
    fig, ax = pyplot.subplots(figsize=(6, 3))
    ax.plot([1, 2, 3], [3, 1, 2])
    ax.set(xlabel="week", ylabel="cases")
    line = report.figure(fig, caption="Cases by week.", alt="A line that falls, then rises.")
    boundaries = pd.concat([square("01", -77), square("02", -76), square("03", -75)])
    ax = report.choropleth(boundaries, pd.Series({"01": 2.0, "02": 5.0}), label="cases per 100,000")
    chart = report.figure(ax, caption="Incidence & place.", alt='Two squares, one "hatched".', raster=True)
    cases = pd.DataFrame({"district": ["A", "B", "C"], "cases": [3, 5, 0]})
    small = report.table(cases, caption="Cases by district.", suppress=("cases",))
    raw = "/home/someone/healthops/src/healthops/x.py:3: UserWarning: odd at 0x7f1234567890\n"
    plot = new_output("execute_result", data={"text/html": cases.to_html(), "text/plain": "x"}, execution_count=9)
    return new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "x", "language": "python"}},
        cells=[
            new_markdown_cell("# Where will it rise?\n\nOne sentence, with `code`."),
            code("scenario = 'smoke'", None, "parameters"),
            code("scenario = 'synthetic'", None, "injected-parameters"),
            new_markdown_cell("# Question\n\nThe score is $\\alpha + x^2$.\n\n#### Too deep\n\nIt costs $5 or $7."),
            code("plot()", shown(line)),
            code(
                "more()",
                [*shown(chart), new_output("stream", name="stderr", text=raw)],
            ),
            new_markdown_cell("## Result\n\n### Places\n\n### Places"),
            code("table()", [*shown(small), plot, new_output("stream", name="stdout", text="a < b\n")]),
            code(
                "answer()",
                shown(report.answer("It rises in **two** places."), report.key_figures([("places", "2", "of 3")])),
                "answer",
            ),
            new_markdown_cell("## Limits\n\nSee [the source](https://example.org/data)."),
        ],
    )


@pytest.fixture
def notebook() -> nbformat.NotebookNode:
    """An executed notebook that may be changed."""
    return make_notebook()


CONTEXT = RenderContext(
    scenario="synthetic",
    scenario_title="Synthetic country",
    banner="Synthetic data. Nothing here is real.",
    synthetic=True,
    notebook="31-train-outbreak-forecasters",
    title="Train",
    parameters=[ParameterRow("level", "province", "department", True), ParameterRow("weeks", 8, 8, False)],
    provenance=Provenance("abc123def4567890", True, {"weekly_cases": "0f" * 32}, "ab" * 32, 7, {"pandas": "3.1.1"}),
    sources=[SourceNote("Line list", "none stated", "Ministry. Dengue.", "MINSA", "https://example.org/x.csv")],
    previous=Neighbour("21-features-outbreaks", "Features"),
    next=Neighbour("41-allocate-resources", "Allocate"),
    stage="train",
    system="outbreaks",
)

FAILURE = (
    "KeyError: 'x'\n\n\x1b[31mKeyError\x1b[39m  Traceback\n"
    "File /opt/venv/lib/python3.11/site-packages/pandas/frame.py:3\n  x = 1"
)


def failing(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Make the table's cell fail; the cells after it did not run."""
    cell = next(c for c in notebook.cells if c.source == "table()")
    cell.outputs[1:] = [new_output("error", ename="KeyError", evalue="'x'", traceback=FAILURE.splitlines())]
    return notebook


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole report."""
    out = tmp_path_factory.mktemp("report") / "31-train-outbreak-forecasters.html"
    render(make_notebook(), context=CONTEXT, out=out)
    return out


@pytest.fixture(scope="session")
def failed_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a notebook that failed."""
    out = tmp_path_factory.mktemp("failed") / "31-train-outbreak-forecasters.html"
    render(failing(make_notebook()), context=replace(CONTEXT, failure=FAILURE, synthetic=False), out=out)
    return out


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed."""
    return np.random.default_rng(20261120)
