"""Trials are all on record, the best is marked; the ablation notices what matters."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from healthops.data.schemas import validate
from healthops.evaluate.scores import wis
from healthops.forecast.backtest import backtest
from healthops.forecast.baselines import HubBaseline, SeasonalQuantiles
from healthops.forecast.boosting import BoostingParameters, XGBoostQuantiles
from healthops.forecast.explain import AGAIN, ablation, permutation_importance
from healthops.forecast.tuning import Trial, run_trials
from tests.forecast.made import made_panel

SMALL = BoostingParameters(rounds=15, max_depth=3, learning_rate=0.3, rows=3000, min_child_weight=5.0)


@pytest.fixture(scope="module")
def made():
    panel = made_panel()
    return panel, panel.weeks[200:240:8]


def trials():
    return [
        Trial("hub", {"window": w}, partial(HubBaseline, window=w)) for w in (60, 150)
    ] + [Trial("season", {"half_width": 2}, SeasonalQuantiles)]  # fmt: skip


def test_every_trial_is_recorded_with_its_score_and_one_of_each_model_is_chosen(made):
    panel, origins = made
    table = validate("tuning_trials", run_trials(panel, trials(), origins, refit_weeks=99, seed=0, workers=1))
    assert table.groupby("model")["chosen"].sum().to_dict() == {"hub": 1, "season": 1}
    cube = backtest(panel, {"w": partial(HubBaseline, window=150)}, origins, refit_weeks=99, seed=0, workers=1)
    assert table["wis"].iloc[1] == pytest.approx(wis(cube.quantiles["w"], cube.observed).mean())
    hub = table[table["model"] == "hub"]
    best = (hub["wis"] * hub["wis_log1p"]).to_numpy().argmin()
    assert hub["chosen"].to_numpy().argmax() == best
    assert json.loads(hub["parameters"].iloc[best]) == {"window": (60, 150)[best]}


def test_tuning_does_not_see_what_comes_after_its_last_horizon(made):
    panel, origins = made
    later = panel.cases.copy()
    later[:, panel.weeks > origins[-1] + np.timedelta64(56, "D")] = 1e6
    one = run_trials(panel, trials(), origins, refit_weeks=99, seed=0, workers=1)
    other = run_trials(replace(panel, cases=later), trials(), origins, refit_weeks=99, seed=0, workers=1)
    assert one.equals(other)


def test_ablation_measures_the_change_against_the_whole(made):
    panel, origins = made
    table = ablation(panel, SMALL, origins, groups=("season", "table"), refit_weeks=99, seed=0, workers=1)
    assert table["without"].tolist() == ["nothing", AGAIN, "season", "table"]
    assert table["wis_change_pct"].iloc[0] == 0
    expected = 100 * (table["wis_log1p"].iloc[2] / table["wis_log1p"].iloc[0] - 1)
    assert table["wis_log1p_change_pct"].iloc[2] == pytest.approx(expected)
    assert table["wis_change_pct"].iloc[1] != 0


def test_shuffling_what_the_trees_listen_to_hurts_most(made):
    panel, origins = made
    model = XGBoostQuantiles(SMALL).fit(panel.until(origins[0]), seed=0)
    table = permutation_importance(model, panel, origins, seed=0).set_index("group")["wis_ratio"]
    gain = model.gain()
    assert table.max() > 1.02
    unheard = [g for g in table.index if g not in gain]
    assert all(table[g] == pytest.approx(1.0) for g in unheard)
    assert table.equals(permutation_importance(model, panel, origins, seed=0).set_index("group")["wis_ratio"])
