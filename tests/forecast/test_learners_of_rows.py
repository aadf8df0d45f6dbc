"""Learners of rows against other solvers and brute force; the forecaster that is made of them."""

from functools import partial

import numpy as np
import pytest

from healthops.forecast.analogues import AnalogueLearner, weighted_quantiles
from healthops.forecast.base import LEVELS
from healthops.forecast.standard import Standard
from healthops.forecast.stepwise import Stepwise, count_features
from healthops.forecast.trees import TreesLearner
from tests.forecast.made import made_panel

SMALL_TREES = partial(TreesLearner, rounds=5, depth=2)


def made_rows(count=800, *, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, 3))
    return x, 1 + x @ [0.5, -0.3, 0.0] + (0.5 + 0.2 * np.abs(x[:, 0])) * rng.normal(size=count)


def test_standard_columns_fill_gaps_and_leave_constants_out():
    x = np.array([[1.0, 7.0], [3.0, 7.0], [np.nan, 7.0]])
    np.testing.assert_allclose(Standard.fit(x)(x), [[-1, 0], [1, 0], [0, 0]])


def test_analogues_by_brute_force():
    x, y = made_rows(300)
    factor = np.array([2.0, 1.0, 0.5])
    new = made_rows(5, seed=1)[0]
    found = AnalogueLearner(neighbours=40, importance=factor).fit(x, y).predict(new)
    rows, asked = ((a - x.mean(axis=0)) / x.std(axis=0) * factor for a in (x, new))
    for m, row in enumerate(asked):
        distance = [float(np.sqrt(((row - other) ** 2).sum())) for other in rows]
        order = sorted(range(len(rows)), key=distance.__getitem__)
        weight = {n: 1 - (distance[n] / distance[order[40]]) ** 2 for n in order[:40]}
        ranked = sorted(weight, key=y.__getitem__)
        total, middles = 0.0, []
        for n in ranked:
            middles.append((total + weight[n] / 2) / sum(weight.values()))
            total += weight[n]
        np.testing.assert_allclose(found[m], np.interp(LEVELS, middles, y[ranked]), atol=1e-9)


def test_analogues_of_fewer_rows_than_neighbours_are_all_rows():
    x, y = made_rows(10)
    found = AnalogueLearner(neighbours=50).fit(x, y).predict(x[:2])
    assert (found[:, 0] >= y.min()).all() and (found[:, -1] <= y.max()).all() and (np.diff(found, axis=-1) >= 0).all()


def test_equal_weights_give_the_plain_quantiles_of_hazen():
    values = np.random.default_rng(0).normal(size=(3, 50))
    found = weighted_quantiles(values, np.ones((3, 50)))
    np.testing.assert_allclose(found, np.quantile(values, LEVELS, axis=1, method="hazen").T)


@pytest.mark.parametrize("learner", [SMALL_TREES, AnalogueLearner])
@pytest.mark.parametrize("target", ["root", "log1p"])
def test_stepwise_gives_quantiles_in_order_with_gaps_and_without_cases(learner, target):
    panel = made_panel(missing=True)
    panel.cases[0] = 0
    model = Stepwise(learner, name="step", target=target).fit(panel, seed=1, horizons=(1, 6))
    found = model.predict(panel, horizons=(6, 1))
    assert found.shape == (4, 2, 23) and (found >= 0).all() and (np.diff(found, axis=-1) >= 0).all()
    assert found[0, :, 11].max() < 1


def test_stepwise_forecasts_follow_the_level_of_each_place():
    panel = made_panel(seed=5)
    found = Stepwise(SMALL_TREES, name="step").fit(panel, seed=1, horizons=(1,)).predict(panel, horizons=(1,))
    near = found[:, 0, 11] / np.maximum(panel.cases[:, -1], 1)
    assert ((near > 0.3) & (near < 3)).all()


def test_a_panel_shorter_than_the_horizon_and_unknown_names_are_refused():
    panel = made_panel()
    with pytest.raises(ValueError, match="8 weeks hold no week 4 weeks after the first 4"):
        Stepwise(SMALL_TREES, name="step").fit(panel.until(panel.weeks[7]), seed=1)
    with pytest.raises(ValueError, match="no feature is called \\['moon'\\]"):
        Stepwise(SMALL_TREES, name="step", columns=["level", "moon"]).fit(panel, seed=1)
    with pytest.raises(ValueError, match="was fitted for the horizons \\[2\\], not \\[3\\]"):
        Stepwise(SMALL_TREES, name="step").fit(panel, seed=1, horizons=(2,)).predict(panel, horizons=(3,))


def test_count_features_by_brute_force():
    cases = made_panel().cases
    values, names = count_features(cases)
    t = 100
    found = dict(zip(names, values[2, t], strict=True))
    assert found["count_2"] == pytest.approx(np.log1p(cases[2, t - 2]))
    assert found["count_mean_4"] == pytest.approx(np.log1p(cases[2, t - 3 : t + 1].mean()), rel=1e-5)
    assert found["count_peak"] == pytest.approx(np.log1p(cases[2, t - 51 : t + 1].max()))
    assert np.isnan(values[:, :51, names.index("count_peak")]).all()
