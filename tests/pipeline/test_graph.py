"""Contradictions in the declaration are named before anything runs; files are found by reading imports."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from healthops.pipeline import closure
from healthops.pipeline.build import jobs_waited_for
from healthops.pipeline.graph import PAGE, GraphError, build_graph
from healthops.pipeline.parameters import ParameterError, check_rooms, declared
from healthops.workspace import Declaration, ScenarioError, Workspace
from tests.pipeline.mini import notebook

STEPS = "steps: {none: [{name: clean, run: healthops.data.clean, writes: [places], options: [sieve]}]}\nnotebooks:\n"


TWO_KINDS = "steps: {none: [], some: []}\nnotebooks:\n"
BOTH = "  11-a: {title: A}\n  21-b: {title: B}\n"


def graph(tmp_path: Path, entries: str, *, steps: str = STEPS, prepare: str = "none", data: str = "{}"):
    """Build the graph of a project whose notebooks are `entries`."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/graph.yaml").write_text(steps + entries)
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
        ("  11-a: {title: A, only: [lunar]}\n  21-b: {title: B}\n", {}, r"11-a is for \['lunar'\] only"),
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


def test_a_benchmark_depends_on_its_own_files_alone(tmp_path: Path):
    steps = "steps: {none: [{name: measure, run: benchmarks.dengue_project, writes: [places]}]}\nnotebooks:\n"
    measure = graph(tmp_path, BOTH, steps=steps)[0]
    files = {path.relative_to(closure.PACKAGE.parents[1]).as_posix() for path in measure.files}
    assert {"benchmarks/dengue_project.py", "src/healthops/forecast/season_targets.py"} <= files
    assert "src/healthops/data/flusight_vintages.csv" in files, "data files count that lie beside the code"
    assert not files & {"benchmarks/flusight.py", "benchmarks/peru_dengue.py", "src/healthops/forecast/flu.py"}


def test_the_steps_of_scenario_public_depend_on_their_benchmarks():
    jobs = {job.name: job for job in build_graph(Workspace("public"))}
    for name, module in (("flusight", "flusight"), ("dengue-project", "dengue_project"), ("peru", "peru_dengue")):
        assert f"{module}.py" in {p.name for p in jobs[f"benchmark-{name}"].files if p.parent.name == "benchmarks"}
    read = {path.stem for path in jobs["91-benchmark-forecasts"].files}
    assert {"flusight_teams", "dengue_project_scores", "peru_benchmark_scores", "benchmark_choices"} <= read


def test_a_variable_that_is_set_later_reruns_the_step_that_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def values() -> dict[str, str]:
        return {job.name: job.values for job in build_graph(Workspace("public", root=tmp_path))}

    monkeypatch.delenv("HEALTHOPS_REFERENCE", raising=False)
    before = values()
    monkeypatch.setenv("HEALTHOPS_REFERENCE", str(tmp_path))
    assert [name for name, value in values().items() if value != before[name]] == ["fetch-sources"]


def test_a_notebook_of_other_data_has_no_job_and_cannot_be_opened(tmp_path: Path):
    jobs = graph(tmp_path, "  11-a: {title: A}\n  21-b: {title: B, only: [some]}\n", steps=TWO_KINDS)
    assert [job.name for job in jobs] == ["11-a", "11-a (page)"]
    with pytest.raises(ScenarioError, match=r"declares 21-b for data of kind \['some'\] only; scenario 'it' prepares"):
        Workspace("it", notebook="21-b", root=tmp_path, config=tmp_path / "config")
    assert "91-benchmark-forecasts" in Workspace("public").declarations()
    for scenario in ("synthetic", "smoke", "light"):
        assert "91-benchmark-forecasts" not in Workspace(scenario).declarations()


def test_the_light_scenario_runs_all_of_public_but_its_benchmarks(tmp_path: Path):
    public, light = ({j.name for j in build_graph(Workspace(s, root=tmp_path))} for s in ("public", "light"))
    assert light < public
    assert all("benchmark" in name for name in public - light)
    assert Workspace("light").scenario.data.items() < Workspace("public").scenario.data.items()


def test_a_notebook_may_not_import_a_benchmark(tmp_path: Path):
    path = tmp_path / "11-a.ipynb"
    nbformat.write(notebook("11-a", "from benchmarks import flusight", 'scenario = "it"'), path)
    with pytest.raises(ParameterError, match="cell 4 imports benchmarks: a notebook reads the tables"):
        check_rooms(path, Declaration("11-a", "A"))


def test_what_only_pages_use_does_not_run_notebooks():
    names = {path.name for path in closure.room_files("report")}
    assert "figures.py" in names
    assert names.isdisjoint({"render.py", "style.css", "frame.html.j2"})


def test_what_others_wait_for_comes_first_and_pages_wait_for_nobody():
    waited_for = jobs_waited_for(build_graph(Workspace("synthetic")))
    assert {"clean-tables", "31-train-outbreak-forecasters", "32-train-vaccine-demand"} <= waited_for
    assert not {name for name in waited_for if name.endswith(PAGE) or name.startswith(("5", "11-"))}


def test_a_page_cites_the_sources_of_what_it_reads():
    from healthops.data.sources import load_sources
    from healthops.pipeline.page import cited

    sources = load_sources().values()
    plain = cited(sources, Declaration("11", "x", reads=("weekly_cases",)))
    assert {s.ground for s in plain} == {""} and "line_list" in {s.name for s in plain}
    proving = cited(sources, Declaration("91", "x", reads=("weekly_cases", "flusight_teams")))
    assert {s.ground for s in proving} == {"", "flusight"}
    # 57 vintages and the truth are one file at 58 commits.
    assert [s.name for s in proving if "target-hospital" in s.path] == ["flusight_truth"]


def test_a_page_about_providers_cites_what_it_reads_of_them():
    from healthops.data.sources import load_sources
    from healthops.pipeline.page import cited

    def named(*reads: str) -> set[str]:
        found = cited(load_sources().values(), Declaration("14", "x", reads=reads))
        return {source.name for source in found if source.ground}

    assert named("hourly_arrivals") == {"hourly_arrivals"} and named("appointments") == {"appointments"}
    assert len(named("roster_solutions")) == 11 and named("providers", "provider_ledger") == set()
