"""The roster benchmark: a made instance goes in, a checked roster and its table come out."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks import rosters
from benchmarks.rosters import best_known, instances, run_folder
from healthops.cache import ContentCache
from healthops.data import schemas
from healthops.data.shift_instances import read_shift_instance
from healthops.schedule.roster import read_roster
from healthops.schedule.roster_check import check_roster, roster_cost
from healthops.schedule.roster_rules import first_roster

TEXT = """SECTION_HORIZON
7
SECTION_SHIFTS
E,480,
SECTION_STAFF
A,E=7,3360,480,3,1,2,1
B,E=7,3360,480,3,1,2,1
SECTION_DAYS_OFF
A,0
SECTION_SHIFT_ON_REQUESTS
A,0,E,5
SECTION_SHIFT_OFF_REQUESTS
B,1,E,2
SECTION_COVER
0,E,1,100,1
1,E,2,100,1
"""


def test_a_roster_its_value_and_bound_are_written(tmp_path):
    """A's day off costs its wish 5; cover of both days needs B on day 1 for 2."""
    (tmp_path / "Instance10.txt").write_text(TEXT)
    (tmp_path / "Instance9.txt").write_text(TEXT)
    (tmp_path / "best.csv").write_text("instance,best_known\nInstance9,7\nInstance10,5\n")
    assert [path.stem for path in instances(tmp_path)] == ["Instance9", "Instance10"]
    run_folder(instances(tmp_path), seconds=10, out=tmp_path / "out", best=best_known(tmp_path / "best.csv"))
    table = pd.read_csv(tmp_path / "out" / "rosters.csv")
    assert list(table["value"]) == list(table["lower_bound"]) == [7, 7]
    assert table["proved_optimal"].all() and list(table["above_best"]) == [0.0, pytest.approx(0.4)]
    instance = read_shift_instance(tmp_path / "Instance9.txt")
    roster = read_roster(tmp_path / "out" / "Instance9.csv")
    assert check_roster(instance, roster) == [] and roster_cost(instance, roster).total == 7


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(SystemExit, match=r"has no Instance\*.txt"):
        instances(tmp_path)
    (tmp_path / "Instance1.txt").write_text(TEXT)
    with pytest.raises(SystemExit, match="has no Instance7; it has Instance1"):
        instances(tmp_path, ["Instance7"])


def test_the_step_keeps_rosters_and_checks_them_again(tmp_path, monkeypatch):
    (tmp_path / "Instance9.txt").write_text(TEXT)
    (tmp_path / "Instance1.txt").write_text(TEXT)
    kept = ContentCache(tmp_path / "cache")
    paths = instances(tmp_path)
    first = rosters.measure(paths, 5, 100, kept)
    assert len(schemas.validate("rosters_benchmark_runs", first))
    assert first["value"].tolist() == first["lower_bound"].tolist() == [7, 7] and first["proved"].all()
    assert first["best_known"].tolist()[0] == 607 and first["best_known"].isna()[1], "607 is published, 9 is not"
    pd.testing.assert_frame_equal(first, rosters.measure(paths, 5, 100, kept))
    # The kept roster is judged by the checker each time: a rule that it breaks takes its cost away.
    monkeypatch.setattr(rosters, "check_roster", lambda *given: ["A works on a day off"])
    broken = rosters.measure(paths, 5, 100, kept)
    assert broken["value"].isna().all() and broken["above_best_percent"].isna().all() and not broken["proved"].any()
    assert len(schemas.validate("rosters_benchmark_runs", broken))


def test_every_absence_takes_a_shift_from_each_who_is_away(monkeypatch):
    monkeypatch.setattr(rosters, "REPAIRS", 2)
    problem = rosters.made_hospital()
    before, _ = first_roster(problem, effort=0.0, seed=1)
    for kind, _number, lost in rosters.absences(problem, before):
        assert len({who for who, _ in lost}) == (3 if kind.startswith("three") else 1)
        assert all(before.get(*cell) is not None for cell in lost)
        assert len({day for _, day in lost}) <= (7 if kind.endswith("week") else 1)


def test_measured_columns_are_the_times():
    for name in ("rosters_benchmark_runs", "rosters_benchmark_repairs"):
        assert set(schemas.measured(name)) == {"cpu_seconds"}
