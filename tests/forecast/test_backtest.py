"""The backtest sees nothing that came after an origin, and gives the same with any number of workers."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

from healthops.data.schemas import validate
from healthops.forecast.analogues import AnalogueLearner
from healthops.forecast.backtest import backtest, known_weeks, refit_blocks, rolling_origins
from healthops.forecast.base import PanelError
from healthops.forecast.baselines import HubBaseline, RootBaseline, SeasonalQuantiles
from healthops.forecast.boosting import BoostingParameters, XGBoostQuantiles
from healthops.forecast.fusion import fuse
from healthops.forecast.peers import AutoARIMA, AutoETS, AutoTheta
from healthops.forecast.stepwise import Stepwise
from healthops.forecast.trees import TreesLearner
from tests.forecast.made import made_panel

SMALL = partial(XGBoostQuantiles, BoostingParameters(rounds=5, max_depth=2, rows=1000))
MAKERS = {"hub-baseline": HubBaseline, "seasonal-quantiles": SeasonalQuantiles, "xgboost": SMALL}
OTHERS = {
    "root-baseline": RootBaseline,
    "trees": partial(Stepwise, partial(TreesLearner, rounds=5, depth=2), name="trees", target="log1p"),
    "analogues": partial(Stepwise, partial(AnalogueLearner, neighbours=30), name="analogues", columns=["level"]),
    "auto-ets": AutoETS,
    "auto-theta": AutoTheta,
    "auto-arima": AutoARIMA,
}


@pytest.fixture(scope="module")
def made():
    panel = made_panel(missing=True)
    origins = rolling_origins(panel, "2016-01-01", "2016-10-31", every_weeks=4)
    return panel, origins, backtest(panel, MAKERS, origins, refit_weeks=20, seed=3, workers=1)


def test_planted_future_values_change_nothing(made):
    panel, origins, cube = made
    late = panel.weeks > origins[5]
    planted = panel.cases.copy()
    planted[:, late] = 1e6
    features = {name: np.where(late, -99.0, values) for name, values in panel.features.items()}
    other = backtest(
        replace(panel, cases=planted, features=features), MAKERS, origins[:6], refit_weeks=20, seed=3, workers=1
    )
    for model in MAKERS:
        np.testing.assert_array_equal(cube.quantiles[model][:6], other.quantiles[model])


@pytest.mark.parametrize("name", OTHERS)
def test_planted_future_values_change_nothing_of_the_others(name):
    panel = made_panel(places=2, missing=True)
    origins = panel.weeks[[-40, -30]]
    late = panel.weeks > origins[-1]
    planted = replace(
        panel,
        cases=np.where(late, 1e6, panel.cases),
        features={key: np.where(late, -99.0, values) for key, values in panel.features.items()},
    )
    maker = {name: OTHERS[name]}
    one, other, again = (
        backtest(p, maker, origins, refit_weeks=52, seed=3, workers=1).quantiles[name] for p in (panel, planted, panel)
    )
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(one, again)


def test_the_fusion_of_an_origin_ignores_what_came_after_it(made):
    _, origins, cube = made
    fused, record = fuse(cube, list(MAKERS))
    after = origins[:, None] + (7 * np.array(cube.horizons)).astype("timedelta64[D]") > origins[5]
    planted = np.where(after[:, None, :], 1e6, cube.observed)
    other, _ = fuse(replace(cube, observed=planted), list(MAKERS))
    np.testing.assert_array_equal(fused.quantiles["fusion"][:6], other.quantiles["fusion"][:6])
    assert (fused.quantiles["fusion"][6:] != other.quantiles["fusion"][6:]).any()
    assert len(record.weights) == len(origins) * 8 * 3


def test_two_workers_give_the_same_as_one(made):
    panel, origins, cube = made
    makers = {"xgboost": SMALL, "hub-baseline": HubBaseline}
    two = backtest(panel, makers, origins, refit_weeks=20, seed=3, workers=2)
    for model in makers:
        np.testing.assert_array_equal(two.quantiles[model], cube.quantiles[model])


def test_the_table_obeys_its_schema_and_tells_what_came(made):
    panel, origins, cube = made
    table = validate("backtest_forecasts", cube.frame())
    assert len(table) == 3 * len(origins) * 4 * 8
    row = table[(table["model"] == "xgboost") & (table["horizon"] == 3) & (table["location"] == "0201")].iloc[2]
    at = int(np.searchsorted(panel.weeks, origins[2])) + 3
    assert row["observed"] == panel.cases[2, at]
    assert row["target_end_date"] == pd.Timestamp(panel.weeks[at])
    assert row["q0.500"] == cube.quantiles["xgboost"][2, 2, 2, 11]


def test_the_hub_table_obeys_its_schema(made):
    cube = made[2]
    table = validate("forecasts", cube.hub("xgboost"))
    assert len(table) == cube.observed.size * 23
    first = table[table["output_type_id"] == 0.5].iloc[0]
    assert first["value"] == cube.quantiles["xgboost"][0, 0, 0, 11]


def test_weeks_beyond_the_panel_are_unknown_not_zero():
    panel = made_panel()
    cube = backtest(panel, {"h": HubBaseline}, panel.weeks[-3:], refit_weeks=52, seed=0, workers=1)
    assert np.isnan(cube.observed[2]).all()
    np.testing.assert_array_equal(cube.observed[0, :, :2], panel.cases[:, -2:])


def test_fits_begin_after_so_many_weeks():
    origins = np.datetime64("2016-01-02") + np.arange(0, 60, 4).astype("timedelta64[W]")
    blocks = refit_blocks(origins, 26)
    assert [len(b) for b in blocks] == [7, 7, 1]
    np.testing.assert_array_equal(np.concatenate(blocks), origins)


def test_truncated_weeks_are_cut():
    weeks = pd.date_range("2020-01-04", periods=4, freq="7D")
    table = pd.DataFrame(
        {"ubigeo": "01", "week_end": weeks, "status": ["complete", "missing", "truncated", "truncated"]}
    )
    assert known_weeks(table)["week_end"].tolist() == list(weeks[:2])
    assert len(known_weeks(table[:2])) == 2


def test_origins_outside_the_panel_are_refused():
    panel = made_panel()
    with pytest.raises(PanelError, match="no week lies from 2031"):
        rolling_origins(panel, "2031-01-01", "2032-01-01", every_weeks=4)
    with pytest.raises(PanelError, match="not a week of the panel"):
        backtest(panel, MAKERS, np.array(["2016-01-01"], "datetime64[D]"), refit_weeks=4, seed=0)


class Broken(HubBaseline):
    def predict(self, panel, horizons=(1,)):
        return np.full((len(panel.places), len(horizons), 23), np.nan)


def test_a_forecast_that_is_not_finite_is_refused():
    panel = made_panel()
    with pytest.raises(PanelError, match="broken gave a forecast that is not finite"):
        backtest(panel, {"broken": Broken}, panel.weeks[-2:], refit_weeks=4, seed=0, workers=1)


def test_gaps_hold_the_mean_of_the_last_four_observed_weeks():
    panel = made_panel()
    cases = panel.cases.copy()
    cases[0, :7] = [np.nan, 2.0, 4.0, 6.0, 8.0, np.nan, np.nan]
    assert replace(panel, cases=cases).filled()[0, :7].tolist() == [0.0, 2.0, 4.0, 6.0, 8.0, 5.0, 5.0]
