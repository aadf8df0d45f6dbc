"""Windows hold the past of a place, on the scale of that moment, and what came next."""

from __future__ import annotations

import numpy as np
import pytest

from healthops.forecast.base import Panel, PlaceScale
from healthops.forecast.past_years import usual_course
from healthops.forecast.sequences import CHANNELS, STATIC, Sequences, floored_scale

WEEKS = np.datetime64("2010-01-09") + 7 * np.arange(260)


@pytest.fixture
def panel():
    rng = np.random.default_rng(0)
    cases = rng.poisson(20, size=(3, 260)).astype(float)
    cases[1, 40:44] = np.nan
    return Panel(("01", "02", "03"), WEEKS, cases, np.array([5e4, 2e5, 1e6]))


def brute_force_scale(panel, place, stop):
    """95th percentile of the fourth roots of the rate over the first `stop` weeks, at least that of one case."""
    root = lambda n: (n / panel.population[place] * 1e5 + 0.01) ** 0.25  # noqa: E731
    return max(np.quantile(root(panel.filled()[place, :stop]), 0.95), root(1.0))


def test_a_window_holds_the_past_year_of_its_place(panel):
    sequences = Sequences(panel, window=10)
    windows = sequences.at(np.array([2]), np.array([200]))
    scale = brute_force_scale(panel, 2, 195)  # learnt at 104, 117, ..., 195, 208 weeks
    assert windows.scale.scale[0] == pytest.approx(scale)
    level = (panel.cases[2, 191:201] / 1e6 * 1e5 + 0.01) ** 0.25 / scale - windows.scale.centre[0]
    assert windows.sequence.shape == (1, 10, len(CHANNELS))
    np.testing.assert_allclose(windows.sequence[0, :, 0], level, rtol=1e-5)
    np.testing.assert_allclose(windows.sequence[0, :, 1], level - level[-1], atol=1e-6)
    assert windows.static.shape == (1, len(STATIC) + 8)
    np.testing.assert_allclose(windows.scale.backward(windows.last), panel.cases[2, 200])


def test_targets_lead_back_to_the_cases_that_came(panel):
    sequences = Sequences(panel, window=10)
    place, week = np.array([0, 2]), np.array([120, 251])
    windows = sequences.at(place, week)
    came = windows.scale.backward(windows.last[:, None] + sequences.targets(place, week))
    expected = [panel.cases[0, 121:129], panel.cases[2, 252:260]]
    np.testing.assert_allclose(came, expected, rtol=1e-4, atol=1e-3)
    with pytest.raises(IndexError, match="week 252"):
        sequences.targets(place, week + 1)


def test_a_window_does_not_change_with_what_comes_after_it(panel):
    later = panel.cases.copy()
    later[:, 151:] = 10_000.0
    place, week = np.repeat(np.arange(3), 40), np.tile(np.arange(111, 151), 3)
    before = Sequences(panel, window=20).at(place, week)
    after = Sequences(Panel(panel.places, WEEKS, later, panel.population), window=20).at(place, week)
    np.testing.assert_array_equal(before.sequence, after.sequence)
    np.testing.assert_array_equal(before.static, after.static)


def test_the_latest_windows_use_the_scale_of_today(panel):
    for weeks in (60, 104, 199, 260):
        known = panel.until(WEEKS[weeks - 1])
        windows = Sequences(known, window=20).latest()
        expected = [brute_force_scale(known, p, weeks) for p in range(3)]
        np.testing.assert_allclose(windows.scale.scale, expected)


def test_gaps_are_filled_and_a_short_past_repeats_its_first_week(panel):
    windows = Sequences(panel.until(WEEKS[42]), window=52).latest()
    assert np.isfinite(windows.sequence).all() and np.isfinite(windows.static).all()
    assert windows.scale.backward(windows.last)[1] == pytest.approx(panel.filled()[1, 42])
    assert (windows.sequence[:, :10, 0] == windows.sequence[:, :1, 0]).all()


def test_the_usual_course_is_the_mean_of_the_same_weeks_of_past_years():
    rng = np.random.default_rng(1)
    root, horizons = rng.random((2, 240)), np.array([1, 8])
    for t in (30, 60, 150, 239):
        for h in horizons:
            years = [root[1, m - 1 : m + 2].mean() for k in range(1, 7) if (m := t + h - 52 * k) >= 1]
            expected = np.mean(years) if years else np.nan
            np.testing.assert_allclose(usual_course(root, int(h))[1, t], expected)


def test_a_place_without_cases_has_the_scale_of_one_case():
    scale = floored_scale(np.zeros((1, 120)), np.array([1e5]))
    assert scale.scale[0] == pytest.approx(1.01**0.25)
    assert scale.forward(np.array([[0.0]]))[0, 0] == pytest.approx(0.0)
    np.testing.assert_allclose(scale.backward(scale.forward(np.array([[0.0, 3.0]]))), [[0.0, 3.0]], atol=1e-9)
    assert isinstance(scale, PlaceScale)


def test_newer_windows_are_drawn_more_often_and_all_have_targets(panel):
    place, week = Sequences(panel, window=52).draw(40_000, np.random.default_rng(2), half_life_years=1.0)
    assert week.min() >= 52 and week.max() == 251
    assert set(np.unique(place)) == {0, 1, 2}
    share = np.mean(week >= 252 - 52) / np.mean((week >= 252 - 104) & (week < 252 - 52))
    assert share == pytest.approx(2.0, rel=0.1)


def test_too_short_a_panel_is_refused(panel):
    with pytest.raises(ValueError, match="9 weeks are too few"):
        Sequences(panel.until(WEEKS[8]), window=52).draw(10, np.random.default_rng(0), half_life_years=1.0)
