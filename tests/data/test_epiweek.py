"""Epidemiological weeks against published values and a count of days by hand."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from healthops.data.epiweek import epi_week, week_end, weeks_in_year


# Ends of week 1 and of the last week, from the CDC's MMWR week calendars.
@pytest.mark.parametrize(
    ("year", "week", "saturday"),
    [
        (2010, 1, "2010-01-09"),
        (2014, 53, "2015-01-03"),
        (2015, 1, "2015-01-10"),
        (2017, 1, "2017-01-07"),
        (2019, 52, "2019-12-28"),
        (2020, 1, "2020-01-04"),
        (2020, 53, "2021-01-02"),
        (2023, 1, "2023-01-07"),
        (2023, 19, "2023-05-13"),
    ],
)
def test_published_weeks(year, week, saturday):
    assert week_end(year, week) == np.datetime64(saturday)
    assert [int(part) for part in epi_week(saturday)] == [year, week]


def _by_hand(day: date) -> tuple[int, int]:
    """Count weeks from the first Sunday-to-Saturday week with at least four days in the year."""
    sunday = day - timedelta(days=(day.weekday() + 1) % 7)
    days_by_year = [(sunday + timedelta(days=i)).year for i in range(7)]
    year = max(set(days_by_year), key=days_by_year.count)
    first = next(
        date(year - 1, 12, 25) + timedelta(days=i)
        for i in range(14)
        if (date(year - 1, 12, 25) + timedelta(days=i)).weekday() == 6
        and sum((date(year - 1, 12, 25) + timedelta(days=i + j)).year == year for j in range(7)) >= 4
    )
    return year, (sunday - first).days // 7 + 1


def test_every_day_of_forty_years_as_counted_by_hand():
    days = [date(1990, 1, 1) + timedelta(days=i) for i in range(0, 365 * 40, 3)]
    years, weeks = epi_week(np.array(days, dtype="datetime64[D]"))
    assert list(zip(years.tolist(), weeks.tolist(), strict=True)) == [_by_hand(day) for day in days]


def test_weeks_follow_each_other_without_gap():
    ends = np.concatenate([week_end(y, np.arange(1, weeks_in_year(y) + 1)) for y in range(1990, 2050)])
    assert (np.diff(ends).astype(int) == 7).all()


def test_years_of_53_weeks():
    assert [y for y in range(1997, 2026) if weeks_in_year(y) == 53] == [1997, 2003, 2008, 2014, 2020, 2025]


@pytest.mark.parametrize(("year", "week"), [(2019, 53), (2020, 54), (2020, 0), (2020, -1)])
def test_week_that_does_not_exist_is_an_error(year, week):
    with pytest.raises(ValueError, match=f"{year} has no week {week}"):
        week_end(year, week)
