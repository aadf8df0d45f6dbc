"""Baselines against brute force."""

from dataclasses import replace

import numpy as np
import pytest

from healthops.forecast.base import LEVELS
from healthops.forecast.baselines import HubBaseline, RootBaseline, SeasonalQuantiles
from tests.forecast.made import made_panel


def test_hub_baseline_by_brute_force():
    panel = made_panel()
    found = HubBaseline().fit(panel, seed=0).predict(panel)
    for p in range(len(panel.places)):
        x = panel.cases[p]
        for h in (1, 5):
            steps = [x[t + h] - x[t] for t in range(len(x) - h)]
            expected = np.maximum(x[-1] + np.quantile(steps + [-s for s in steps], LEVELS), 0)
            np.testing.assert_allclose(found[p, h - 1], expected)


def test_hub_baseline_is_centred_on_the_last_value_and_widens():
    panel = made_panel()
    found = HubBaseline().predict(panel)
    np.testing.assert_allclose(found[:, :, 11], panel.cases[:, -1, None].repeat(8, axis=1))
    width = found[:, :, 19] - found[:, :, 11]
    assert (width[:, 7] > width[:, 0]).all()


def test_hub_baseline_window_forgets_the_past():
    panel = made_panel()
    shouted = panel.cases.copy()
    shouted[:, :100] *= 50
    recent = HubBaseline(window=104)
    np.testing.assert_array_equal(recent.predict(panel), recent.predict(replace(panel, cases=shouted)))


def test_root_baseline_by_brute_force():
    panel = made_panel()
    found = RootBaseline().fit(panel, seed=0).predict(panel)
    for p, people in enumerate(panel.population):
        x = (panel.cases[p] / people * 1e5 + 0.01) ** 0.25
        for h in (1, 5):
            steps = [x[t + h] - x[t] for t in range(len(x) - h)]
            root = np.maximum(x[-1] + np.quantile(steps + [-s for s in steps], LEVELS), 0)
            np.testing.assert_allclose(found[p, h - 1], np.maximum(root**4 - 0.01, 0) * people / 1e5, atol=1e-9)


def test_gaps_are_skipped():
    panel = made_panel(missing=True)
    assert np.isfinite(RootBaseline().predict(panel)).all()
    assert np.isfinite(HubBaseline().predict(panel)).all()
    assert np.isfinite(SeasonalQuantiles().predict(panel)).all()


def test_a_place_without_any_case_is_forecast_to_have_none():
    panel = made_panel()
    cases = panel.cases.copy()
    cases[0] = 0
    assert (HubBaseline().predict(replace(panel, cases=cases))[0] == 0).all()
    np.testing.assert_allclose(RootBaseline().predict(replace(panel, cases=cases))[0], 0, atol=1e-9)


@pytest.mark.parametrize("horizon", [1, 3])
def test_seasonal_quantiles_by_brute_force(horizon):
    panel = made_panel()
    found = SeasonalQuantiles(half_width=2).predict(panel)
    target = panel.weeks[-1] + np.timedelta64(7 * horizon, "D")
    seen = []
    for t, week in enumerate(panel.weeks):
        gaps = [abs((target - week).astype(int) - 365.25 * k) for k in range(1, 8)]
        if min(gaps) <= 17.5:
            seen.append(panel.cases[0, t])
    assert 15 <= len(seen) <= 30
    np.testing.assert_allclose(found[0, horizon - 1], np.quantile(seen, LEVELS))


def test_seasonal_quantiles_do_not_look_at_the_present():
    panel = made_panel()
    shouted = panel.cases.copy()
    shouted[:, -26:] *= 50
    model = SeasonalQuantiles()
    np.testing.assert_array_equal(model.predict(panel), model.predict(replace(panel, cases=shouted)))


@pytest.mark.parametrize("model", [HubBaseline(), RootBaseline(), SeasonalQuantiles()])
def test_quantiles_never_cross_nor_fall_below_zero(model):
    found = model.predict(made_panel(seed=3), horizons=(2, 8))
    assert found.shape == (4, 2, 23)
    assert (np.diff(found, axis=-1) >= 0).all() and (found >= 0).all()
