"""The required behaviour of the pipeline, on three tiny notebooks run for real."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.pipeline.mini import FIRST, SECOND, Mini

N11, N21, N31 = "11-explore-outbreaks", "21-features-outbreaks", "31-train-outbreak-forecasters"
EVERYTHING = {job for name in (N11, N21, N31) for job in (name, f"{name} (page)")}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Mini:
    """Return a project that has run once; tests work on copies of it."""
    project = Mini.make(tmp_path_factory.mktemp("mini"))
    status, ran, output = project.run()
    assert status == 0, output
    assert ran == EVERYTHING
    return project


@pytest.fixture
def project(built: Mini, tmp_path: Path) -> Mini:
    """Return a private copy of the project that has run once."""
    shutil.copytree(built.root, tmp_path / "copy")
    return Mini(tmp_path / "copy")


def test_a_copy_somewhere_else_and_touched_files_run_nothing(project: Mini):
    for path in project.root.rglob("*"):
        os.utime(path)
    status, ran, output = project.run()
    assert (status, ran) == (0, set()), output


def test_changed_comment_runs_the_rooms_notebooks_and_stops_where_outputs_are_the_same(project: Mini):
    before = project.made()
    init = project.root / "src/healthops/features/__init__.py"
    init.write_text(init.read_text() + "# a comment\n")
    status, ran, output = project.run()
    assert (status, ran) == (0, {N11}), output
    assert project.made() == before


def test_changed_parameter_runs_what_depends_on_it(project: Mini):
    scenario = project.root / "config/mini.yaml"
    scenario.write_text(scenario.read_text().replace("people: 5", "people: 6"))
    status, ran, output = project.run()
    assert status == 0, output
    assert ran == EVERYTHING
    assert project.metrics() == {f"{N11}.people": 6}


def test_tampered_table_and_model_are_noticed_and_made_again(project: Mini):
    before = project.made()
    table = project.root / "data/mini/population.parquet"
    stat = table.stat()
    table.write_bytes(table.read_bytes()[:-1] + b"x")
    os.utime(table, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # even with the old time on it
    weights = project.root / "models/mini/tiny/weights.json"
    weights.write_text("0")
    status, ran, output = project.run()
    assert status == 0, output
    assert {N11, N21} <= ran
    assert project.made() == before


def test_explain_says_what_would_run_and_why_and_runs_nothing(project: Mini):
    before = project.made()
    (project.root / "data/mini/places.parquet").unlink()
    status, output = project.call("explain", "mini")
    assert status == 0, output
    assert N21 in output and "places.parquet: Missing" in output
    assert N31 not in output.split("Explanation")[1].split("Summary")[0].replace("unchanged", "")
    assert set(before) - set(project.made()) == {"data/mini/places.parquet"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{people: 5}", "{persons: 5}", "persons"),
        ("{people: 5}", "{people: many}", "people = 'many' (str)"),
        ("{people: 5}", "{people: 5.5}", "people = 5.5 (float)"),
        (f"{N11}:", "99-nowhere:", "99-nowhere"),
        ("seed: 7", "seed: x", "seed"),
        ("title: Mini", "titel: Mini", "titel"),
    ],
)
def test_unknown_or_ill_typed_parameter_is_an_error_before_anything_runs(project: Mini, old: str, new: str, said: str):
    scenario = project.root / "config/mini.yaml"
    scenario.write_text(scenario.read_text().replace(old, new))
    status, ran, output = project.run()
    assert (status, ran) == (2, set())
    assert said in output
    assert "Traceback" not in output


def test_failure_leaves_a_report_and_no_half_written_thing_and_the_rest_is_made(project: Mini):
    before = project.made()
    scenario = project.root / "config/mini.yaml"
    scenario.write_text(scenario.read_text().replace("people: 5", "people: 9"))
    broken = SECOND + '\nraise ValueError("the river rose")'
    project.set_code(N21, broken)
    status, ran, output = project.run()
    assert status == 1
    assert ran == EVERYTHING - {f"{N21} (page)"}, output
    assert "the river rose" in output
    page = (project.root / f"reports/mini/{N21}.html").read_text()
    assert 'role="alert"' in page and "the river rose" in page
    after = project.made()
    # What the failing notebook had written before it failed was not published; the others' results are new.
    for name in ("data/mini/places.parquet", "models/mini/tiny/weights.json"):
        assert after[name] == before[name]
    assert after["data/mini/reporting_triangle.parquet"] != before["data/mini/reporting_triangle.parquet"]
    assert not [name for name in after if Path(name).name.startswith(".")]
    assert project.metrics() == {f"{N11}.people": 9}
    assert f"{N21}            failed, or something before it did" in output

    project.set_code(N21, SECOND)
    status, ran, output = project.run()
    assert (status, ran) == (0, {N21, f"{N21} (page)"}), output
    assert "the river rose" not in (project.root / f"reports/mini/{N21}.html").read_text()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ('ws.read("places")', "may not read table 'places'"),
        ("pass", "writes ['population'], and did not"),
        ("import healthops.allocate\n" + FIRST, "add 'allocate' there"),
    ],
)
def test_undeclared_read_write_or_room_is_an_error_that_names_it(project: Mini, code: str, said: str):
    project.set_code(N11, code, 'scenario = "mini"\npeople = 3')
    status, _, output = project.run()
    assert status in (1, 2)
    assert said in output


def test_killed_run_resumes_and_ends_with_the_same_bytes(tmp_path: Path, built: Mini):
    shutil.copytree(built.root, tmp_path / "copy")
    project = Mini(tmp_path / "copy")
    for part in ("data", "models", "reports", ".build"):
        shutil.rmtree(project.root / part)
    # Kill at several moments: while a kernel starts, while it writes, between jobs.
    for seconds in (3.0, 6.0, 9.0):
        process = project.start("run", "mini")
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    status, _, output = project.run()
    assert status == 0, output
    assert project.made() == built.made()
    status, ran, output = project.run()
    assert (status, ran) == (0, set()), output
