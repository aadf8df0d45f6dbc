"""Shifts beside arrivals: hours by hand, weeks that add up, a template that is a mean."""

import numpy as np
import pandas as pd
import pytest

from healthops.data.schemas import validate
from healthops.simulate.cover_replay import CoverReplayError, by_template, hourly_cover, week_rows, weekly_template


def test_work_that_is_left_waits_for_the_next_hour():
    found = hourly_cover([2, 2, 0, 3], [6, 2, 2, 0], np.ones(4), 30.0)
    # Work of 3, 1, 1 and 0 h for 2, 2, 0 and 3 providers.
    assert found["under_h"].tolist() == [1, 0, 1, 0]
    assert found["over_h"].tolist() == [0, 1, 0, 3]
    assert found["left_h"].tolist() == [1, 0, 1, 0]


def test_an_hour_that_the_clock_shows_twice_has_its_providers_twice_and_one_that_it_skips_has_none():
    found = hourly_cover([2, 2, 1, 1, 2], [5, 4, 0, 5, 0], [1, 2, 0, 1, 1], 30.0)
    # Work of 2.5, 2, 0, 2.5 and 0 h, for 2, 4, 0, 1 and 2 hours of providers.
    assert found["work_h"].tolist() == [2.5, 2, 0, 2.5, 0]
    assert found["staff_h"].tolist() == [2, 4, 0, 1, 2]
    assert found["under_h"].tolist() == [0.5, 0, 0, 1.5, 0]
    assert found["over_h"].tolist() == [0, 2, 0, 0, 2]
    assert found["left_h"].tolist() == [0.5, 0, 0, 1.5, 0]
    with pytest.raises(CoverReplayError, match="arrivals of hour 1 are 3, and its elapsed_h is 0"):
        hourly_cover([1, 1], [2, 3], [1, 0], 30.0)


def test_under_and_over_cover_are_what_staff_and_work_differ_by():
    rng = np.random.default_rng(1)
    found = hourly_cover(rng.integers(0, 5, 500), rng.poisson(4, 500), rng.integers(1, 3, 500), 33.0)
    assert np.allclose(found["staff_h"] + found["under_h"], found["work_h"] + found["over_h"])


@pytest.mark.parametrize(
    ("staff", "came", "passed", "minutes", "words"),
    [
        ([1, 2], [1], [1, 1], 30, "same hours"),
        ([1, 2], [1, 1], [1], 30, "same hours"),
        ([1, 2], [1, np.nan], [1, 1], 30, "arrivals of hour 1 are nan"),
        ([-1, 2], [1, 1], [1, 1], 30, "providers of hour 0"),
        ([1, 2], [1, 1], [1, -1], 30, "elapsed_h of hour 1"),
        ([1, 2], [1, 1], [1, 1], 0, "positive length"),
    ],
)
def test_hours_that_cannot_be_are_refused(staff, came, passed, minutes, words):
    with pytest.raises(CoverReplayError, match=words):
        hourly_cover(staff, came, passed, minutes)


def test_weeks_are_of_seven_days_and_keep_the_schema():
    dates = pd.Series(np.repeat(pd.date_range("2023-01-04", periods=14), 24))
    weeks = week_rows(dates, hourly_cover(np.ones(336), np.full(336, 2.0), np.ones(336), 45.0), dates.iloc[0])
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


def test_hours_of_the_template_count_by_how_long_they_last():
    # Sundays at 1:00: one hour with 3 patients, one that the clock shows twice with 10, one with 4; at 2:00 one is
    # skipped, and two have 2 and 6.
    hours = pd.DataFrame({
        "date": np.repeat(pd.to_datetime(["2022-10-30", "2022-11-06", "2022-11-13"]), 2), "hour": [1, 2] * 3,
        "arrivals": pd.array([3, 2, 10, 6, 4, 0], "Int64"), "elapsed_h": [1, 1, 2, 1, 1, 0],
    })  # fmt: skip
    usual = weekly_template(hours).set_index(["weekday", "hour"])
    # At 1:00 rates of 3, 5 and 4: mean 4, variance 1, less than chance's 4 x (1 + 1/2 + 1) / 3.
    assert usual.loc[(6, 1)].tolist() == [4.0, 0.0]
    # At 2:00 rates of 2 and 6: mean 4, variance 8.
    assert usual.loc[(6, 2)].tolist() == [4.0, (8 - 4) / 16]
    # Rates of 0, 8 and 4, the second over two hours: variance 16, of which chance is 4 x 2.5 / 3.
    wide = weekly_template(hours.assign(arrivals=[0, 2, 16, 6, 4, 0])).set_index(["weekday", "hour"])
    assert wide.loc[(6, 1)].tolist() == pytest.approx([4.0, (16 - 10 / 3) / 16])


def test_hours_to_come_are_those_of_the_template_as_long_as_they_last():
    template = pd.DataFrame(
        {"weekday": [6, 6, 0], "hour": [1, 2, 1], "mean": [4.0, 3.0, 5.0], "dispersion": [0.5, 0.0, 0.1]}
    )
    # A Sunday on which the clock skips 1:00 and shows 2:00 twice, then a Monday.
    hours = pd.DataFrame({
        "date": pd.to_datetime(["2022-03-27", "2022-03-27", "2022-03-28"]), "hour": [1, 2, 1], "elapsed_h": [0, 2, 1],
        "mean": 9.0, "dispersion": 9.0,
    })  # fmt: skip
    came = by_template(hours, template)
    assert came["mean"].tolist() == [0.0, 6.0, 5.0] and came["dispersion"].tolist() == [0.5, 0.0, 0.1]
    assert came.drop(columns=["mean", "dispersion"]).equals(hours.drop(columns=["mean", "dispersion"]))
    with pytest.raises(CoverReplayError, match=r"no hour 1 of weekday 0 \(Monday 0\); make it from whole weeks"):
        by_template(hours, template[template["weekday"] == 6])
