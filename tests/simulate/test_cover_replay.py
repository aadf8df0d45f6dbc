"""Shifts beside arrivals: hours by hand, weeks that add up, a template that is a mean."""

import numpy as np
import pandas as pd
import pytest

from healthops.data.schemas import validate
from healthops.simulate.cover_replay import CoverReplayError, hourly_cover, week_rows, weekly_template


def test_work_that_is_left_waits_for_the_next_hour():
    found = hourly_cover([2, 2, 0, 3], [6, 2, 2, 0], 30.0)
    # Work of 3, 1, 1 and 0 h for 2, 2, 0 and 3 providers.
    assert found["under_h"].tolist() == [1, 0, 1, 0]
    assert found["over_h"].tolist() == [0, 1, 0, 3]
    assert found["left_h"].tolist() == [1, 0, 1, 0]


def test_under_and_over_cover_are_what_staff_and_work_differ_by():
    rng = np.random.default_rng(1)
    found = hourly_cover(rng.integers(0, 5, 500), rng.poisson(4, 500), 33.0)
    assert np.allclose(found["staff_h"] + found["under_h"], found["work_h"] + found["over_h"])


@pytest.mark.parametrize(
    ("staff", "came", "minutes", "words"),
    [
        ([1, 2], [1], 30, "same hours"),
        ([1, 2], [1, np.nan], 30, "arrivals of hour 1 are nan"),
        ([-1, 2], [1, 1], 30, "providers of hour 0"),
        ([1, 2], [1, 1], 0, "positive length"),
    ],
)
def test_hours_that_cannot_be_are_refused(staff, came, minutes, words):
    with pytest.raises(CoverReplayError, match=words):
        hourly_cover(staff, came, minutes)


def test_weeks_are_of_seven_days_and_keep_the_schema():
    dates = pd.Series(np.repeat(pd.date_range("2023-01-04", periods=14), 24))
    weeks = week_rows(dates, hourly_cover(np.ones(336), np.full(336, 2.0), 45.0), dates.iloc[0])
    assert weeks["week"].dt.strftime("%m-%d").tolist() == ["01-04", "01-11"]
    assert weeks["staff_h"].tolist() == [168, 168]
    assert weeks["under_h"].tolist() == [84, 84]
    validate("cover_replay", weeks.assign(policy="forecast", clinic="north", service="emergency", overload=0.1))


def test_a_week_of_last_year_is_its_mean_and_its_scatter_beyond_chance():
    dates = np.repeat(pd.date_range("2022-01-03", periods=3 * 7), 24)
    hours = pd.DataFrame({"date": dates, "hour": np.tile(np.arange(24), 21), "elapsed_h": 1})
    hours["arrivals"] = np.where((hours["date"].dt.day_of_week == 0) & (hours["hour"] == 9), 0, 2)
    monday_nine = (hours["date"].dt.day_of_week == 0) & (hours["hour"] == 9)
    hours.loc[monday_nine, "arrivals"] = [1, 4, 7]
    usual = weekly_template(hours).set_index(["weekday", "hour"])
    # Mean 4, variance 9: (9 - 4) / 16.
    assert usual.loc[(0, 9)].tolist() == [4.0, 5 / 16]
    assert (usual.drop((0, 9))["mean"] == 2).all()
    assert (usual.drop((0, 9))["dispersion"] == 0).all()
