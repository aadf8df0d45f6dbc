"""The roster benchmark: a made instance goes in, a checked roster and its table come out."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks.rosters import best_known, instances, run
from healthops.data.shift_instances import read_shift_instance
from healthops.schedule.roster import read_roster
from healthops.schedule.roster_check import check_roster, roster_cost

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
    run(instances(tmp_path), seconds=10, out=tmp_path / "out", best=best_known(tmp_path / "best.csv"))
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
