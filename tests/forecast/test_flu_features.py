"""Features of the flu fusion: against brute force, against the calendar, and blind to what comes after."""

from __future__ import annotations

import numpy as np
import pytest

from healthops.forecast.flu_features import (
    PAUSE,
    Admissions,
    Rows,
    Scaled,
    bridged,
    excess_visits,
    filled,
    ilinet_rows,
    rows_of,
    season_of,
    season_so_far,
    season_week,
    week_features,
    weeks_from_christmas,
)
from tests.forecast.made_flu import HHS, PEOPLE, PLACES, VISITS, WEEK, made_ilinet, made_vintage, wave

WEEKS = np.arange(np.datetime64("2023-08-05"), np.datetime64("2025-06-01"), WEEK)


def series(count: int = 3) -> np.ndarray:
    return np.stack([wave(WEEKS, seed=s) for s in range(count)])


def described(z: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    nation = np.broadcast_to(z.mean(axis=0), z.shape)
    return week_features(z, WEEKS, (nation, z[::-1]), np.ones(len(WEEKS), bool))


def test_calendar():
    weeks = np.array(["2024-07-27", "2024-08-03", "2024-12-28", "2025-01-04"], "datetime64[D]")
    assert season_of(weeks).tolist() == [2023, 2024, 2024, 2024]
    assert season_week(weeks).tolist() == [51, 0, 21, 22]
    np.testing.assert_allclose(weeks_from_christmas(weeks)[2:], [3 / 7, 10 / 7])


def test_scale_there_and_back():
    values = 100 * series()
    scaled = Scaled.of(values, WEEKS, np.ones(len(WEEKS), bool))
    np.testing.assert_allclose(scaled.backward(scaled.z), values, atol=1e-9)
    week = season_week(WEEKS)
    inside = scaled.z[:, (week >= 8) & (week <= 42)]
    np.testing.assert_allclose(inside.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(np.quantile(inside, 0.95, axis=1) + scaled.centre, 1)
    # A place that never reported is left alone.
    assert Scaled.of(np.full((1, len(WEEKS)), np.nan), WEEKS, np.ones(len(WEEKS), bool)).scale.tolist() == [1.0]


def test_the_background_of_visits_is_that_of_the_summer_before():
    percent = np.full((1, len(WEEKS)), 5.0)
    summer = (np.datetime64("2024-06-01") <= WEEKS) & (np.datetime64("2024-08-01") > WEEKS)
    percent[0, summer] = 2.0
    out = excess_visits(percent, WEEKS, 1.5)[0]
    seasons = season_of(WEEKS)
    assert np.unique(out[seasons == 2024]).tolist() == [2.0]
    # The first season has fewer than 20 weeks before its end of October: its own lowest weeks are taken.
    assert np.unique(out[seasons == 2023]).tolist() == [0.0, 2.0]


def test_features_by_brute_force():
    z = series()
    x, names = described(z)
    assert x.shape == (*z.shape, len(names)) and len(set(names)) == len(names)
    t = 30

    def feature(name):
        return x[1, t, names.index(name)]

    assert feature("change_3") == pytest.approx(z[1, t] - z[1, t - 3], abs=1e-6)
    assert feature("bend") == pytest.approx(z[1, t] - 2 * z[1, t - 1] + z[1, t - 2], abs=1e-6)
    assert feature("mean_4") == pytest.approx(z[1, t - 3 : t + 1].mean() - z[1, t], abs=1e-6)
    curve, slope, level = np.polyfit(np.arange(-5, 1), z[1, t - 5 : t + 1], 2)
    assert feature("trend6_2_level") == pytest.approx(level - z[1, t], abs=1e-5)
    assert feature("trend6_2_slope") == pytest.approx(slope, abs=1e-5)
    assert feature("trend6_2_curve") == pytest.approx(curve, abs=1e-5)
    assert feature("nation") == pytest.approx(z[:, t].mean() - z[1, t], abs=1e-6)
    season = z[1, : t + 1]
    assert feature("below_peak") == pytest.approx(season.max() - z[1, t], abs=1e-6)
    assert feature("since_peak") == t - season.argmax()


def test_the_season_so_far_leaves_out_weeks_that_do_not_count():
    z = np.tile([1.0, 9.0, 3.0, 2.0], (1, 1))
    known = np.array([True, False, True, True])
    found = dict(season_so_far(z, WEEKS[:4], known))
    assert found["below_peak"][0].tolist() == [0, -8, 0, 1]
    assert found["above_low"][0].tolist() == [0, 8, 2, 1]
    assert found["since_peak"][0].tolist() == [0, 1, 0, 1]


def test_no_feature_sees_what_comes_after_its_week():
    z = series()
    before, _ = described(z)
    changed = z.copy()
    changed[:, 60:] = 1e3
    after, _ = described(changed)
    np.testing.assert_array_equal(before[:, :60], after[:, :60])
    assert (before[:, 60:] != after[:, 60:]).any()


def test_rows_end_before_odd_weeks_and_know_what_came():
    z = series(1)
    x, _ = described(z)
    odd = np.zeros(len(WEEKS), bool)
    odd[50:55] = True
    rows = rows_of(x, z, np.ones(z.shape, bool), WEEKS, odd, 3)
    weeks = [t for t in range(len(WEEKS) - 1) if not odd[t : t + 4].any()]
    assert len(rows.y) == len(weeks)
    np.testing.assert_allclose(rows.y[10], z[0, weeks[10] + 1 : weeks[10] + 4] - z[0, weeks[10]], rtol=1e-5)
    assert np.isnan(rows.y[-1]).tolist() == [False, True, True]
    both = rows + rows.where(rows.season == 2023)
    assert isinstance(both, Rows) and len(both.x) > len(rows.x)


def test_rows_of_visits_leave_unusual_years_out():
    rows = ilinet_rows(made_ilinet(), 4, background=1.6)
    assert not {2008, 2009, 2020, 2021} & set(rows.season.tolist())
    # The season that the pandemic broke off counts up to four weeks before.
    assert rows.season_week[rows.season == 2019].max() < season_week(np.array(["2020-02-08"], "datetime64[D]"))[0]
    assert {2011, 2023} < set(rows.season.tolist()) and len(VISITS) * 9 > len(rows.y)


def test_the_pause_of_reporting_is_bridged_by_the_changes_of_the_year_before():
    z = np.cumsum(np.ones((2, 120)), axis=1)
    odd = np.zeros(120, bool)
    odd[80:100] = True
    out = bridged(z + 100 * odd, odd, us=1)
    # Changes were 1 a week in every year, so that the straight line goes on backwards for ten weeks.
    np.testing.assert_allclose(out[:, 90:], z[:, 90:])
    assert np.isnan(out[:, 80:90]).all()
    np.testing.assert_allclose(out[:, :80], z[:, :80])


def test_gaps_are_filled_inside_and_after_but_not_before():
    z = np.array([[np.nan, 1.0, np.nan, 3.0, np.nan], [np.nan] * 5])
    np.testing.assert_array_equal(filled(z), [[np.nan, 1, 2, 3, 3], [np.nan] * 5])


def test_admissions_go_there_and_back_and_leave_the_pause_out():
    newest = made_vintage("2024-02-03")
    now = Admissions.of(newest.admissions, newest.weeks, PLACES, PEOPLE, [str(h) for h in (*HHS, 0)])
    back = now.counts(np.zeros((len(PLACES), 4, 23)))
    np.testing.assert_allclose(back, np.broadcast_to(newest.admissions[:, -1, None, None], back.shape), atol=1e-6)
    rows = now.rows(4)
    assert len(rows.y) == len(PLACES) * (len(newest.weeks) - 8 - 1)
    paused = np.concatenate([newest.weeks, newest.weeks[-1] + WEEK * np.arange(1, 30)])
    longer = np.pad(newest.admissions, ((0, 0), (0, 29)), mode="edge")
    later = Admissions.of(longer, paused, PLACES, PEOPLE, [str(h) for h in (*HHS, 0)])
    at = np.datetime64("2024-05-04")
    assert PAUSE[0] == at and later.odd.sum() == (paused >= at).sum()
    last = later.rows(4)
    assert last.season_week[last.season == 2023].max() == season_week(np.array([at - 5 * WEEK]))[0]
