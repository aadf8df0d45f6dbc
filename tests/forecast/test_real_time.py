"""What a worker gets for one reference date: what could be seen then, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from healthops.data.flusight_files import IliNet, Vintage
from healthops.forecast.real_time import library_versions, seen_at

WEEK = np.timedelta64(7, "D")
FIRST = np.datetime64("2030-11-02")


def vintage(reference: str) -> Vintage:
    date = np.datetime64(reference)
    weeks = np.arange(FIRST, date, WEEK)
    return Vintage(date, weeks, ("US",), np.ones((1, len(weeks))), np.array([3e8]))


VINTAGES = [vintage("2030-11-30"), vintage("2030-11-16"), vintage("2030-11-23")]
ILINET = IliNet(FIRST + WEEK * np.arange(6), ("National",), ("national",), ("US",), (0,), np.ones((1, 6)))


def test_a_task_holds_the_vintages_up_to_its_date_oldest_first():
    seen = seen_at(np.datetime64("2030-11-23"), VINTAGES, ILINET, None, seed=1)
    assert [str(v.reference_date) for v in seen.history] == ["2030-11-16", "2030-11-23"]
    assert seen.reference_date == np.datetime64("2030-11-23")
    assert seen.ilinet.weeks[-1] == np.datetime64("2030-11-16")


@pytest.mark.parametrize("date", ["2030-11-09", "2030-12-07"])
def test_a_date_without_a_vintage_is_refused(date):
    with pytest.raises(ValueError, match=f"there is no vintage for reference date {date}"):
        seen_at(np.datetime64(date), VINTAGES, ILINET, None, seed=1)


def test_versions_of_the_libraries_are_part_of_what_a_result_depends_on():
    assert library_versions()["numpy"] == np.__version__
