"""Tables, models and metrics: declared, checked, atomic."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from healthops import workspace
from healthops.data.schemas import SchemaError
from healthops.workspace import MissingTableError, ScenarioError, UndeclaredError, Workspace, WorkspaceError

GRAPH = """
steps: {none: []}
notebooks:
  11-a: {title: A, rooms: [], writes: [population], models: [m]}
  21-b: {title: B, rooms: [], reads: [population], reads_models: [m]}
"""
BASE = "title: T\nbanner: B\nseed: 1\nprepare: none\ndata: {size: 1, years: 2}\n"
POPULATION = pd.DataFrame({"ubigeo": ["02", "01"], "level": "department", "year": 2020, "population": [2.0, 1.0]})


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "graph.yaml").write_text(GRAPH)
    (folder / "base.yaml").write_text(BASE)
    return folder


def open_as(notebook: str | None, config: Path, **options: object) -> Workspace:
    return Workspace("base", notebook=notebook, root=config.parent, config=config, **options)


def test_what_is_written_is_read_back_sorted_by_its_key(config: Path):
    open_as("11-a", config).write("population", POPULATION)
    read = open_as("21-b", config).read("population")
    assert read["ubigeo"].tolist() == ["01", "02"]
    assert read["population"].tolist() == [1.0, 2.0]


def test_same_table_same_bytes(config: Path):
    ws = open_as("11-a", config)
    ws.write("population", POPULATION)
    first = ws.table_path("population").read_bytes()
    ws.write("population", POPULATION.iloc[::-1])
    assert ws.table_path("population").read_bytes() == first


@pytest.mark.parametrize(
    ("notebook", "act", "said"),
    [
        ("11-a", lambda ws: ws.read("places"), "may not read table 'places'"),
        ("21-b", lambda ws: ws.write("population", POPULATION), "may not write table 'population'"),
        ("21-b", lambda ws: ws.new_model("m").__enter__(), "may not write model 'm'"),
        ("11-a", lambda ws: ws.model("other"), "may not read model 'other'"),
        ("99-z", lambda ws: None, "does not declare a notebook '99-z'"),
    ],
)
def test_undeclared_use_is_an_error_that_names_it(config: Path, notebook: str, act, said: str):
    with pytest.raises(UndeclaredError, match=said):
        act(open_as(notebook, config))


def test_missing_table_says_how_to_make_it(config: Path):
    with pytest.raises(MissingTableError, match="make reproduce SCENARIO=base"):
        open_as("21-b", config).read("population")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ubigeo": ["1", "02"]}, "'ubigeo'.*str_matches.*'1'"),
        ({"population": [-1.0, 2.0]}, "'population'.*-1.0.*rows \\[0\\]"),
        ({"population": [None, 2.0]}, "'population'"),
        ({"ubigeo": ["01", "01"]}, "population"),
        ({"year": ["x", 2020]}, "'year'"),
        ({"extra": [1, 2]}, "undeclared columns \\['extra'\\]"),
    ],
)
def test_broken_table_is_named_and_nothing_is_written(config: Path, change: dict, said: str):
    ws = open_as("11-a", config)
    ws.write("population", POPULATION)
    before = ws.table_path("population").read_bytes()
    with pytest.raises(SchemaError, match=f"(?s){said}"):
        ws.write("population", POPULATION.assign(**change))
    with pytest.raises(SchemaError, match="lacks the columns \\['year'\\]"):
        ws.write("population", POPULATION.drop(columns="year"))
    assert ws.table_path("population").read_bytes() == before
    assert [p.name for p in ws.table_path("population").parent.iterdir()] == ["population.parquet"]


def test_full_disk_keeps_the_old_table_and_leaves_nothing(config: Path, monkeypatch: pytest.MonkeyPatch):
    ws = open_as("11-a", config)
    ws.write("population", POPULATION)
    before = ws.table_path("population").read_bytes()

    def full(self: pd.DataFrame, path: Path, **_: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    with pytest.raises(OSError, match="No space left"):
        ws.write("population", POPULATION.assign(year=2021))
    assert ws.table_path("population").read_bytes() == before
    assert [p.name for p in ws.table_path("population").parent.iterdir()] == ["population.parquet"]


def test_failed_model_keeps_the_old_one(config: Path):
    ws = open_as("11-a", config)
    with ws.new_model("m") as folder:
        (folder / "weights").write_text("good")
    with pytest.raises(ZeroDivisionError), ws.new_model("m") as folder:
        (folder / "weights").write_text("half")
        1 / 0  # noqa: B018
    assert (open_as("21-b", config).model("m") / "weights").read_text() == "good"
    assert [p.name for p in ws.model_path("m").parent.iterdir()] == ["m"]
    with ws.new_model("m") as folder:
        (folder / "weights").write_text("better")
    assert (ws.model("m") / "weights").read_text() == "better"


def test_staged_writes_are_read_back_but_not_published(config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv(workspace.STAGING_VARIABLE, str(tmp_path / "staging"))
    ws = open_as("11-a", config)
    ws.write("population", POPULATION)
    assert len(ws.read("population")) == 2
    assert ws.table_file("population").is_relative_to(tmp_path / "staging")
    assert not ws.table_path("population").exists()


def test_metrics_are_finite_numbers_of_a_notebook(config: Path):
    ws = open_as("11-a", config)
    assert ws.metric("a", 2.0) == 2
    ws.metric("b", 0.5)
    assert ws.metrics_path("11-a").read_text() == '{\n "a": 2,\n "b": 0.5\n}\n'
    for wrong in (float("nan"), float("inf"), True, "1"):
        with pytest.raises(WorkspaceError, match="metric 'c'"):
            ws.metric("c", wrong)


def test_random_numbers_depend_on_seed_and_purpose_alone(config: Path):
    ws = open_as(None, config)
    draw = ws.rng("one").random()
    ws.rng("two").random()
    assert ws.rng("one").random() == draw != ws.rng("two").random()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("extends: nowhere\n", "no scenario is called 'nowhere'; config/ has"),
        ("extends: it\n", "in a circle"),
        ("extends: base\ncolour: red\n", "unknown keys \\['colour'\\]"),
        ("title: T\n", "lacks the keys"),
        ("extends: base\nseed: one\n", "seed must be a whole number"),
    ],
)
def test_wrong_scenario_is_named(config: Path, text: str, said: str):
    (config / "it.yaml").write_text(text)
    with pytest.raises(ScenarioError, match=said):
        Workspace("it", root=config.parent, config=config)


def test_scenario_extends_another_key_by_key(config: Path):
    (config / "it.yaml").write_text("extends: base\ntitle: It\ndata: {size: 9}\n")
    scenario = Workspace("it", root=config.parent, config=config).scenario
    assert (scenario.title, scenario.banner, scenario.data) == ("It", "B", {"size": 9, "years": 2})
    (config / "it.yaml").write_text("extends: base\ntitle: It\ndata: {size: 9, years: null}\n")
    assert Workspace("it", root=config.parent, config=config).scenario.data == {"size": 9}
