"""No forecaster of the project sees the future, and the alarm rings for forecasters that do."""

from __future__ import annotations

import numpy as np
import pytest

from healthops.evaluate.leakage import (
    LeakageError,
    features_end_at_their_week,
    scores_are_plausible,
    suspicions,
    unchanged_by_future,
)
from healthops.features.grid import lagged
from healthops.forecast.backtest import backtest, rolling_origins
from healthops.forecast.base import HORIZONS, PlaceScale
from healthops.forecast.baselines import HubBaseline, SeasonalQuantiles
from healthops.forecast.boosting import XGBoostQuantiles
from healthops.forecast.design import horizon_features, week_features
from tests.forecast.made import made_panel
from tests.forecast.makers import forecasters, make

ORIGIN = np.datetime64("2014-10-04")


@pytest.mark.parametrize("name", forecasters())
def test_no_forecaster_sees_what_comes_after_its_origin(name):
    def forecast(panel, origin):
        seen = panel.until(origin)
        return make(name).fit(seen, seed=2).predict(seen)

    unchanged_by_future(forecast, made_panel(weeks=170, missing=True), ORIGIN, name=name)


def test_the_backtest_shows_no_forecaster_the_future():
    def forecast(panel, origin):
        origins = rolling_origins(panel, "2014-06-01", str(origin), every_weeks=6)
        found = backtest(panel, {"h": HubBaseline, "s": SeasonalQuantiles}, origins, refit_weeks=12, seed=0, workers=1)
        return np.stack([q.transpose(1, 0, 2, 3) for q in found.quantiles.values()], axis=1)

    unchanged_by_future(forecast, made_panel(weeks=170), ORIGIN, name="backtest")


def test_planted_a_scale_learnt_on_the_whole_panel():
    """The fault: each place is scaled by all of its years, then all is done as it should be."""

    def forecast(panel, origin, scale_until):
        seen = panel.until(origin)
        scale = PlaceScale.fit(panel.until(scale_until).cases, panel.population)
        z = scale.forward(seen.filled())
        spread = np.quantile(z[:, 8:] - z[:, :-8], np.linspace(0.05, 0.95, 23), axis=1).T
        # What is learnt is pooled over places on the scale, so that the scale matters.
        return scale.backward(z[:, -1:] + spread.mean(axis=0))[:, None]

    panel = made_panel(weeks=170)
    unchanged_by_future(lambda p, o: forecast(p, o, o), panel, ORIGIN)
    with pytest.raises(LeakageError, match="planted forecasts otherwise for 0101 from 2014-10-04.*until"):
        unchanged_by_future(lambda p, o: forecast(p, o, p.weeks[-1]), panel, ORIGIN, name="planted")


class LooksBehind(HubBaseline):
    """The fault: an array cut at the origin is a view, whose base holds the future."""

    def predict(self, panel, horizons=HORIZONS):
        whole = panel.cases.base if panel.cases.base is not None else panel.cases
        return super().predict(panel, horizons) + whole[:, -1][:, None, None]


def test_planted_a_forecaster_that_looks_behind_what_it_was_given():
    with pytest.raises(LeakageError, match="looks behind"):
        unchanged_by_future(
            lambda panel, origin: LooksBehind().predict(panel.until(origin)), made_panel(), ORIGIN, name="looks behind"
        )


@pytest.mark.parametrize("what", ["cases", "feature"])
def test_planted_a_peak_and_a_feature_of_the_future(what):
    """A largest value is not moved by zeros, a smallest not by huge ones: both are tried."""

    def forecast(panel, origin):
        values = panel.cases if what == "cases" else panel.features["latitude"]
        return np.nanmin(values, axis=1) if what == "cases" else np.nanmax(values, axis=1)

    with pytest.raises(LeakageError):
        unchanged_by_future(forecast, made_panel(), ORIGIN)


def test_an_alarm_that_cannot_ring_says_so():
    panel = made_panel()
    with pytest.raises(ValueError, match="no week after the origin"):
        unchanged_by_future(lambda p, o: np.zeros(4), panel, panel.weeks[-1])


def test_the_features_of_the_trees_end_at_their_week_and_a_planted_one_is_named():
    panel = made_panel(weeks=200)
    place = {"log_population": np.zeros(4), "typical": np.ones(4)}
    z = panel.cases**0.25
    designs = [week_features(z, panel.weeks, panel.places, **place)]
    designs += [horizon_features(z, panel.weeks, h) for h in (1, 4)]
    features = {f"{n}_{name}": d.values[..., i] for n, d in enumerate(designs) for i, name in enumerate(d.names)}
    features |= {f"lag_{k}": lagged(panel.cases, k) for k in (1, 2, 52)}
    features_end_at_their_week(features, panel.cases)
    ahead = np.full_like(panel.cases, np.nan)
    ahead[:, :-3] = panel.cases[:, 3:]
    for scale, planted in {"": ahead, "log1p of ": np.log1p(ahead), "fourth root of ": ahead**0.25}.items():
        with pytest.raises(LeakageError, match=f"'lag_3' of a week is the {scale}cases 3 weeks later"):
            features_end_at_their_week({**features, "lag_3": planted}, panel.cases)


@pytest.fixture(scope="module")
def cube():
    panel = made_panel(places=6, weeks=300, seed=5)
    origins = rolling_origins(panel, "2015-06-01", "2017-08-31", every_weeks=1)[:100:2]
    makers = {"hub-baseline": HubBaseline, "trees": XGBoostQuantiles}
    return backtest(panel, makers, origins, refit_weeks=999, seed=0, workers=1)


def test_sound_forecasts_raise_no_suspicion(cube):
    assert suspicions(cube.frame(), model="trees", baseline="hub-baseline") == ()
    assert suspicions(cube.frame(), model="hub-baseline", baseline="hub-baseline") == ()
    scores_are_plausible(cube.frame(), model="trees", baseline="hub-baseline")


def test_planted_scores_too_good_to_be_true(cube):
    came = np.nan_to_num(cube.observed)[..., None]
    near = came + 0.2 * (cube.quantiles["trees"] - came)
    # Origins two weeks apart meet the targets of horizon 1 again from horizons 3, 5 and 7.
    far_known = cube.quantiles["trees"].copy()
    far_known[:, :, 6] = came[:, :, 6] + 0.3 * (far_known[:, :, 6] - came[:, :, 6])
    sure = cube.quantiles["trees"].copy()
    sure[3, 2, 4] = came[3, 2, 4]
    wide = came * np.linspace(0, 2, 23)
    planted = {
        "near": (near, "relative WIS against hub-baseline is 0.1"),
        "far": (far_known, "better 7 weeks ahead"),
        "sure": (sure, r"1 forecasts are sure of what came \(WIS 0\), the first for 0201 from .* horizon 5"),
        "wide": (wide, "50% intervals hold all of"),
    }
    for name, (quantiles, reason) in planted.items():
        table = cube.with_model(name, quantiles).frame()
        with pytest.raises(LeakageError, match=f"{name} is too good to be true: .*{reason}.*other alarms"):
            scores_are_plausible(table, model=name, baseline="hub-baseline")
