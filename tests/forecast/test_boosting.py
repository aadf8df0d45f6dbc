"""The boosted trees: sound quantiles, skill on a known process, no look at the future."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from healthops.evaluate.scores import wis
from healthops.forecast.base import LEVELS
from healthops.forecast.baselines import HubBaseline
from healthops.forecast.boosting import (
    FITTED_LEVELS,
    BoostingParameters,
    XGBoostQuantiles,
    to_all_levels,
    usable_features,
)
from tests.forecast.made import made_panel

SMALL = BoostingParameters(rounds=25, max_depth=3, learning_rate=0.2, rows=4000, min_child_weight=5.0)


@pytest.fixture(scope="module")
def fitted():
    panel = made_panel(missing=True)
    return XGBoostQuantiles(SMALL).fit(panel.until(panel.weeks[220]), seed=1), panel


def test_quantiles_are_sound(fitted):
    model, panel = fitted
    found = model.predict(panel)
    assert found.shape == (4, 8, 23)
    assert np.isfinite(found).all() and (found >= 0).all() and (np.diff(found, axis=-1) >= 0).all()


def test_it_knows_the_season_better_than_the_last_value(fitted):
    model, panel = fitted
    ours, theirs = [], []
    for t in range(221, 252, 2):
        seen = panel.until(panel.weeks[t])
        came = panel.cases[:, t + 4 : t + 9]
        ours.append(wis(model.predict(seen, (4, 5, 6, 7, 8)), came).mean())
        theirs.append(wis(HubBaseline().predict(seen, (4, 5, 6, 7, 8)), came).mean())
    assert np.mean(ours) < 0.8 * np.mean(theirs)


def test_the_same_seed_gives_the_same_forecast_with_any_number_of_threads(fitted):
    model, panel = fitted
    again = XGBoostQuantiles(SMALL, threads=2).fit(panel.until(panel.weeks[220]), seed=1)
    np.testing.assert_array_equal(model.predict(panel), again.predict(panel))
    other = XGBoostQuantiles(SMALL).fit(panel.until(panel.weeks[220]), seed=2)
    assert (model.predict(panel) != other.predict(panel)).any()


def test_a_group_that_is_dropped_leaves_no_trace(fitted):
    model, panel = fitted
    less = XGBoostQuantiles(replace(SMALL, drop=("season", "around"))).fit(panel, seed=1)
    assert {"season", "around"} <= set(model.feature_groups)
    assert not {"season", "around"} & set(less.feature_groups)
    assert less.predict(panel).shape == (4, 8, 23)


def test_gain_is_shared_out_whole(fitted):
    gain = fitted[0].gain()
    assert sum(gain.values()) == pytest.approx(1.0) and min(gain.values()) >= 0


def test_a_forecast_does_not_depend_on_how_much_old_past_is_shown(fitted):
    model, panel = fitted
    # Seven years and more are cut; below that nothing changes when the panel is the same.
    np.testing.assert_array_equal(model.predict(panel, (3,)), model.predict(panel, (1, 3))[:, 1:])


def test_interpolated_levels_of_a_normal_distribution_are_exact():
    np.testing.assert_allclose(to_all_levels(3 + 2 * norm.ppf(FITTED_LEVELS), FITTED_LEVELS), 3 + 2 * norm.ppf(LEVELS))


def test_features_that_are_absent_or_empty_are_skipped_by_name():
    table = pd.DataFrame({"hdi": [0.5, None], "temp_c_lag_4": [None, None]})
    names, skipped = usable_features(table, ("hdi", "temp_c_lag_4", "altitude_m"))
    assert names == ["hdi"]
    assert skipped == {"altitude_m": "not in the table", "temp_c_lag_4": "missing everywhere"}


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        BoostingParameters(rounds=0)
