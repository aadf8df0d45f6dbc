"""What holds of the repository as a whole: one lock, clean notebooks, light imports, no machine in the files."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

from healthops.pipeline.parameters import check_rooms, declared, resolve
from healthops.workspace import Declaration, Scenario

REPOSITORY = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
SCENARIOS = sorted(p.stem for p in (REPOSITORY / "config").glob("*.yaml") if p.stem != "graph")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, str]:
    lines = (REPOSITORY / "requirements.lock").read_text().splitlines()
    found = [re.fullmatch(r"([A-Za-z0-9._-]+)==([^\s;]+)(?:\s*;.*)?", line.strip()) for line in lines]
    return {normal(m[1]): m[2] for m in found if m}


def test_lock_pins_every_requirement_and_no_local_label():
    lock = pins()
    asked = [re.match(r"[A-Za-z0-9._-]+", line) for line in (REPOSITORY / "requirements.in").read_text().splitlines()]
    assert {normal(m[0]) for m in asked if m} <= set(lock)
    assert not [name for name, version in lock.items() if "+" in version]


def test_environment_is_the_lock():
    versions = {normal(d.metadata["Name"]): d.version.split("+")[0] for d in importlib.metadata.distributions()}
    wrong = {name: (version, versions.get(name)) for name, version in pins().items() if versions.get(name) != version}
    assert wrong == {}


def test_conda_environment_brings_python_311_and_the_same_lock_and_nothing_else():
    conda = yaml.safe_load((REPOSITORY / "environment.yml").read_text())
    packages = [d for d in conda["dependencies"] if isinstance(d, str)]
    (from_pip,) = [d["pip"] for d in conda["dependencies"] if isinstance(d, dict)]
    assert "python=3.11" in packages and set(packages) <= {"python=3.11", "make", "pip"}
    assert from_pip == ["-r requirements.lock", "--editable ."]


@pytest.mark.slow
def test_every_top_level_package_imports_in_one_process():
    names = [
        "ortools.sat.python.cp_model",
        "torch",
        "tensorflow",
        "keras",
        "xgboost",
        "sklearn",
        "pandas",
        "highspy",
        "scipy",
        "skops",
        "safetensors",
    ]
    names += ["papermill", "nbconvert", "pytask", "pandera", "pooch", "matplotlib", "seaborn", "statsforecast"]
    names += ["scoringrules", "jupyterlab", "dask", "distributed", "lightgbm", "numba", "pyvrp", "holidays", "rdata"]
    code = "; ".join(f"import {name}" for name in names)
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "module",
    ["healthops", "healthops.workspace", "healthops.forecast", "healthops.features", "healthops.simulate.epidemic"],
)
def test_importing_a_room_does_not_import_heavy_libraries(module: str):
    heavy = ("torch", "tensorflow", "xgboost", "sklearn", "distributed", "lightgbm", "numba")
    code = f"import sys, {module}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_notebooks_and_graph_name_the_same_notebooks():
    assert [p.stem for p in NOTEBOOKS] == sorted(Declaration.load_all())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_is_clean_and_reads_nothing_but_the_workspace(path: Path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    first = notebook.cells[0]
    assert first.cell_type == "markdown" and first.source.startswith("# ")
    assert "scenario" in declared(path)
    assert sum("answer" in c.metadata.get("tags", []) for c in notebook.cells) == 1
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        assert not cell.outputs and cell.execution_count is None, "run nbstripout"
        assert len(cell.source.splitlines()) <= 40
        for around in (
            r"read_(parquet|csv|json|pickle)\(",
            r"\bopen\(",
            r"\bto_(parquet|csv|pickle)\(",
            "pickle",
            r"\bPath\(",
        ):
            assert not re.search(around, cell.source), f"{around} goes around the workspace"
        assert not re.search(r"if\s+(ws\.)?scenario", cell.source), "a notebook may not branch on the scenario"


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_every_scenario_sets_parameters_that_the_notebook_has(path: Path, scenario: str):
    assert resolve(path, Scenario.load(scenario))
    check_rooms(path, Declaration.load_all()[path.stem])


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [REPOSITORY / name for name in done.stdout.splitlines()]


def test_no_path_of_a_machine_and_no_large_file_is_tracked():
    home = "/" + "root/"
    for path in tracked():
        content = path.read_bytes()
        assert len(content) < 1_000_000, f"{path} is large"
        if b"\0" in content:
            continue
        text = content.decode("utf-8")
        assert str(REPOSITORY.parent) + "/" not in text and home not in text, f"{path} names a path of a machine"


def test_nothing_loads_pickle():
    for path in tracked():
        if path.suffix == ".py" and path != Path(__file__):
            code = path.read_text()
            assert not re.search(r"^\s*(import|from) (pickle|joblib|dill|cloudpickle)\b", code, re.M), path
            assert not re.search(r"allow_pickle\s*=\s*True|weights_only\s*=\s*False|safe_mode\s*=\s*False", code), path
