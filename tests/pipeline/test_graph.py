"""Contradictions in the declaration are named before anything runs; files are found by reading imports."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from healthops.pipeline import closure
from healthops.pipeline.graph import GraphError, build_graph
from healthops.pipeline.parameters import ParameterError, declared
from healthops.workspace import Workspace
from tests.pipeline.mini import notebook

STEPS = "steps: {none: [{name: clean, run: healthops.data.clean, writes: [places], options: [sieve]}]}\nnotebooks:\n"


BOTH = "  11-a: {title: A}\n  21-b: {title: B}\n"


def graph(tmp_path: Path, entries: str, *, prepare: str = "none", data: str = "{}"):
    """Build the graph of a project whose notebooks are `entries`."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/graph.yaml").write_text(STEPS + entries)
    (tmp_path / "config/it.yaml").write_text(f"title: T\nbanner: B\nseed: 1\nprepare: {prepare}\ndata: {data}\n")
    (tmp_path / "notebooks").mkdir()
    for name in ("11-a", "21-b"):
        nbformat.write(notebook(name, "pass", 'scenario = "it"'), tmp_path / f"notebooks/{name}.ipynb")
    return build_graph(Workspace("it", root=tmp_path, config=tmp_path / "config"))


def test_jobs_depend_on_code_tables_and_lock(tmp_path: Path):
    jobs = graph(tmp_path, "  11-a: {title: A, rooms: [allocate], reads: [places], models: [m]}\n  21-b: {title: B}\n")
    by_name = {job.name: job for job in jobs}
    assert list(by_name) == ["clean", "11-a", "11-a (page)", "21-b", "21-b (page)"]
    files = {path.name for path in by_name["11-a"].files}
    assert {"11-a.ipynb", "places.parquet", "requirements.lock", "workspace.py", "schemas.py", "plan.py"} <= files
    assert "clean_cases.py" not in files, "a notebook does not depend on how its tables were cleaned"
    assert {"clean_cases.py", "sources.yaml"} <= {path.name for path in by_name["clean"].files}
    assert {path.name for path in by_name["11-a"].products} == {"11-a.ipynb", "11-a.json", "m"}


@pytest.mark.parametrize(
    ("entries", "options", "said"),
    [
        ("  11-a: {title: A, writes: [places]}\n  21-b: {title: B}\n", {}, "clean and 11-a both write places.parquet"),
        ("  11-a: {title: A, reads: [forecasts]}\n  21-b: {title: B}\n", {}, "11-a reads forecasts, which nothing"),
        ("  31-c: {title: C}\n", {}, "notebooks/31-c.ipynb is not there"),
        ("  11-a: {title: A, rooms: [cellar]}\n  21-b: {title: B}\n", {}, "a room 'cellar'"),
        ("  11-a: {title: A}\n  21-b: {title: B}\n", {"prepare": "wine"}, "asks to prepare 'wine'"),
        ("  11-a: {title: A}\n", {}, r"notebooks/ holds \['21-b'\]"),
        (BOTH, {"data": "{size: 3}"}, "sets data: size, which no step has; the steps have \\['sieve'\\]"),
        (BOTH, {"data": "{sieve: fine}"}, "sets data: sieve = 'fine'; it must be a whole number"),
    ],
)
def test_contradictions_are_named(tmp_path: Path, entries: str, options: dict, said: str):
    with pytest.raises((GraphError, ValueError), match=said):
        graph(tmp_path, entries, **options)


def test_parameters_are_literals_in_one_tagged_cell(tmp_path: Path):
    path = tmp_path / "11-a.ipynb"
    nbformat.write(notebook("11-a", "pass", "weeks = 8\nnames = ['a']\nshare: float = -0.5"), path)
    assert declared(path) == {"weeks": 8, "names": ["a"], "share": -0.5}
    nbformat.write(notebook("11-a", "pass", "weeks = 8\nend = weeks + 1"), path)
    with pytest.raises(ParameterError, match="11-a.ipynb, cell 'parameters', line 2"):
        declared(path)
    untagged = notebook("11-a", "pass", "weeks = 8")
    untagged.cells[1].metadata["tags"] = []
    nbformat.write(untagged, path)
    with pytest.raises(ParameterError, match="has 0 cells tagged 'parameters'"):
        declared(path)


def test_imports_are_followed_through_the_package():
    start = closure.module_files("healthops.pipeline.check")
    used = {path.relative_to(closure.PACKAGE).as_posix() for path in closure.used_files(start)}
    assert {"pipeline/build.py", "workspace.py", "data/schemas.py", "files.py"} <= used
    assert closure.imported_modules("import os\nfrom healthops import report\nimport healthops.data.ledger") == [
        "healthops",
        "healthops.data.ledger",
        "healthops.report",
    ]


def test_what_only_pages_use_does_not_run_notebooks():
    names = {path.name for path in closure.room_files("report")}
    assert "figures.py" in names
    assert names.isdisjoint({"render.py", "style.css", "frame.html.j2"})


def test_a_page_cites_the_sources_of_what_it_reads():
    from healthops.data.sources import load_sources
    from healthops.pipeline.page import cited
    from healthops.workspace import Declaration

    sources = load_sources().values()
    plain = cited(sources, Declaration("11", "x", reads=("weekly_cases",)))
    assert {s.ground for s in plain} == {""} and "line_list" in {s.name for s in plain}
    proving = cited(sources, Declaration("91", "x", reads=("weekly_cases", "flusight_teams")))
    assert {s.ground for s in proving} == {"", "flusight"}
    # 57 vintages and the truth are one file at 58 commits.
    assert [s.name for s in proving if "target-hospital" in s.path] == ["flusight_truth"]
