"""The peers give what statsforecast gives, and what it cannot do has an answer of its own."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from healthops.forecast.base import LEVELS
from healthops.forecast.peers import AutoARIMA, AutoETS, AutoTheta
from tests.forecast.made import made_panel

PEERS = [AutoETS, AutoTheta, AutoARIMA]


@pytest.mark.parametrize("peer", PEERS)
def test_quantiles_are_those_of_the_library_called_directly(peer):
    from statsforecast import models

    panel = made_panel(places=2, weeks=150)
    found = peer().fit(panel, seed=0).predict(panel, horizons=(1, 4))
    direct = getattr(models, peer.__name__)(season_length=1).forecast(y=panel.cases[0], h=4, level=[50, 95])
    for j, h in enumerate((1, 4)):
        middle = direct["mean"][h - 1]
        wanted = [("lo-95", 0.025), ("lo-50", 0.25), ("mean", 0.5), ("hi-50", 0.75), ("hi-95", 0.975)]
        for name, level in wanted:
            pick = {"lo": min, "hi": max, "me": min}[name[:2]]  # narrow intervals of few draws may miss the mean
            at = int(np.argmin(np.abs(LEVELS - level)))
            expected = max(pick(direct[name][h - 1], middle), 0.0)
            np.testing.assert_allclose(found[0, j, at], expected, rtol=1e-3, atol=1e-6)


def test_a_random_walk_has_the_spread_that_theory_gives():
    rng = np.random.default_rng(4)
    panel = made_panel(places=1, weeks=400)
    panel = replace(panel, cases=1000 + np.cumsum(rng.normal(0, 5, (1, 400)), axis=1).round())
    found = AutoARIMA().fit(panel, seed=0).predict(panel, horizons=(4,))[0, 0]
    deviation = (found[21] - found[1]) / (norm.ppf(0.975) - norm.ppf(0.025))
    assert deviation == pytest.approx(5 * np.sqrt(4), rel=0.15)


@pytest.mark.parametrize("peer", PEERS)
def test_a_place_without_any_case_keeps_none_and_gaps_are_filled(peer):
    panel = made_panel(places=3, weeks=120, missing=True)
    cases = panel.cases.copy()
    cases[0] = 0
    found = peer().fit(replace(panel, cases=cases), seed=0).predict(replace(panel, cases=cases))
    assert (found[0] == 0).all() and np.isfinite(found).all() and (found[1] > 0).any()


@pytest.mark.parametrize("peer", PEERS)
def test_a_short_series_gives_its_own_quantiles(peer):
    panel = made_panel(places=1, weeks=8)
    found = peer().fit(panel, seed=0).predict(panel, horizons=(1, 8))
    np.testing.assert_allclose(found[0], np.repeat(np.quantile(panel.cases[0], LEVELS)[None], 2, axis=0))


def test_a_place_whose_first_case_came_after_the_fit_is_forecast_too():
    panel = made_panel(places=2, weeks=160)
    cases = panel.cases.copy()
    cases[0, :120] = 0
    late = replace(panel, cases=cases)
    model = AutoARIMA().fit(late.until(late.weeks[110]), seed=0)
    assert set(model.orders()) == {panel.places[1]}
    found = model.predict(late, horizons=(1,))
    again = AutoARIMA().fit(late, seed=0).predict(late, horizons=(1,))
    np.testing.assert_allclose(found[0], again[0])
