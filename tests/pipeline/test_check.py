"""Comparing two runs, and a run with the committed expectation."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from healthops.pipeline import check
from healthops.workspace import Workspace

GRAPH = """
steps:
  none: [{name: make, run: x, writes: [population]}]
notebooks:
  11-a: {title: A, rooms: []}
"""
BENCHMARK = "{name: measure, run: benchmarks.x, writes: [flusight_runs]}"
POPULATION = pd.DataFrame({"ubigeo": ["01"], "level": "department", "year": 2020, "population": [5.0]})


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    config = tmp_path / "config"
    config.mkdir()
    (config / "graph.yaml").write_text(GRAPH)
    (config / "it.yaml").write_text("title: T\nbanner: B\nseed: 1\nprepare: none\n")
    ws = Workspace("it", notebook="11-a", root=tmp_path, config=config)
    Workspace("it", root=tmp_path, config=config).write("population", POPULATION)
    ws.metric("error", 0.5)
    return ws


def test_a_run_meets_the_expectation_made_from_it(workspace: Workspace, capsys: pytest.CaptureFixture[str]):
    assert check.verify(workspace) == 1
    assert "there is no expectation it.json" in capsys.readouterr().out
    check.write_expectation(workspace)
    assert check.verify(workspace) == 0


def test_a_changed_table_is_named(workspace: Workspace):
    path = check.write_expectation(workspace)
    Workspace("it", root=workspace.root, config=workspace.config).write("population", POPULATION.assign(year=2021))
    (wrong,) = check.compare(workspace, json.loads(path.read_text()))
    assert wrong.startswith("table population is ")


@pytest.mark.parametrize(
    ("now", "tolerance", "wrong"),
    [
        (0.51, {}, False),
        (0.56, {}, True),
        (0.56, {"relative": 0.2}, False),
        (0.501, {"relative": 0.0, "absolute": 0.0}, True),
    ],
)
def test_a_figure_is_held_to_its_tolerance(workspace: Workspace, now: float, tolerance: dict, wrong: bool):
    expected = json.loads(check.write_expectation(workspace).read_text())
    expected["tolerances"] = {"11-a.error": tolerance}
    workspace.metric("error", now)
    assert bool(check.compare(workspace, expected)) is wrong


def test_a_table_without_an_expectation_is_named(workspace: Workspace):
    expected = json.loads(check.write_expectation(workspace).read_text()) | {"tables": {}}
    assert check.compare(workspace, expected) == ["table population is not in the expectation"]


def test_missing_and_new_figures_are_named(workspace: Workspace):
    expected = json.loads(check.write_expectation(workspace).read_text())
    expected["metrics"]["11-a.other"] = 1
    workspace.metric("new", 1)
    assert check.compare(workspace, expected) == [
        "metric 11-a.other is missing, expected 1",
        "metric 11-a.new is not in the expectation",
    ]


def test_stated_tolerances_survive_a_new_expectation(workspace: Workspace):
    path = check.write_expectation(workspace)
    document = json.loads(path.read_text())
    document["tolerances"] = {"11-a.error": {"relative": 0.3}}
    path.write_text(json.dumps(document))
    assert json.loads(check.write_expectation(workspace).read_text())["tolerances"] == document["tolerances"]


def test_tables_of_benchmarks_are_not_of_the_data(workspace: Workspace):
    path = workspace.config / "graph.yaml"
    path.write_text(path.read_text().replace("writes: [population]}]", "writes: [population]}, " + BENCHMARK + "]"))
    assert check.data_tables(workspace) == ["population"]


def test_measured_columns_alone_may_differ_between_two_runs(tmp_path: Path):
    runs = pd.DataFrame({"season": ["2024-25"], "reference_date": pd.Timestamp("2025-01-04"), "weeks_late": 0})
    for side, late, seconds in (("a", 0, 9.0), ("b", 0, 9.5), ("c", 1, 9.0)):
        Workspace("public", root=tmp_path / side).write(
            "flusight_runs", runs.assign(weeks_late=late, cpu_seconds=seconds)
        )
    assert check.compare_folders(tmp_path / "a", tmp_path / "b") == []
    assert check.compare_folders(tmp_path / "a", tmp_path / "c") == ["data/public/flusight_runs.parquet"]
    # A table without measured columns is compared byte for byte.
    for side, people in (("a", 5.0), ("b", 6.0)):
        Workspace("public", root=tmp_path / side).write("population", POPULATION.assign(population=people))
    assert check.compare_folders(tmp_path / "a", tmp_path / "b") == ["data/public/population.parquet"]


def test_the_page_that_shows_times_is_named(tmp_path: Path):
    pages = check.pages_of_times(Workspace("public", root=tmp_path))
    shown = [
        "91-benchmark-forecasts", "92-benchmark-allocation", "93-benchmark-routes", "94-benchmark-rosters",
    ]  # fmt: skip
    assert pages == [f"reports/public/{name}.html" for name in shown]
    assert check.pages_of_times(Workspace("synthetic", root=tmp_path)) == []


def test_every_differing_file_is_named(tmp_path: Path):
    for side in ("a", "b"):
        for part in ("data", "models", "reports", "elsewhere"):
            (tmp_path / side / part).mkdir(parents=True)
            (tmp_path / side / part / "same").write_text("same")
    (tmp_path / "a/data/only").write_text("x")
    (tmp_path / "b/reports/page.html").write_text("x")
    (tmp_path / "a/models/m").write_text("1")
    (tmp_path / "b/models/m").write_text("2")
    (tmp_path / "b/elsewhere/same").write_text("not looked at")
    assert check.compare_folders(tmp_path / "a", tmp_path / "b") == ["data/only", "models/m", "reports/page.html"]


@pytest.mark.parametrize(("now", "written"), [(0.51, 0.5), (0.56, 0.56)])
def test_a_renewed_expectation_changes_what_no_longer_meets_it(workspace: Workspace, now: float, written: float):
    check.write_expectation(workspace)
    workspace.metric("error", now)
    assert json.loads(check.write_expectation(workspace).read_text())["metrics"] == {"11-a.error": written}
