"""Bagged learners of rows: trees and networks that give the quantiles of several steps at once."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from healthops.evaluate.scores import pinball
from healthops.forecast.bagged_trees import BaggedTrees, BaggedTreesParameters, draw_seasons
from healthops.forecast.base import LEVELS
from healthops.forecast.quantile_net import QuantileNet, QuantileNetParameters

SMALL = {
    "trees": BaggedTrees(
        BaggedTreesParameters(bags=2, rounds=60, learning_rate=0.2, rows_in_leaf=30, feature_share=1.0)
    ),
    "net": QuantileNet(QuantileNetParameters(bags=2, units=16, epochs=20, batch=128, dropout=0.0)),
}
ROWS = 4000


def made_rows(*, seed: int = 0):
    """Two steps: the mean goes with the first feature, the spread doubles at the second step."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(ROWS, 3)).astype(np.float32)
    y = x[:, :1] * [1.0, 2.0] + rng.normal(size=(ROWS, 2)) * [0.5, 1.0]
    return x, y.astype(np.float32), rng.integers(0, 8, ROWS)


@pytest.mark.parametrize("name", SMALL)
def test_known_quantiles_are_found_at_every_step(name):
    x, y, season = made_rows()
    y[:50, 1] = np.nan
    learner = SMALL[name].fit(x, y, season=season, seed=1)
    new, came, _ = made_rows(seed=9)
    found = learner.predict(new)
    assert found.shape == (ROWS, 2, 23) and (np.diff(found, axis=-1) >= 0).all()
    best = new[:, :1, None] * np.array([[[1.0], [2.0]]]) + np.array([[0.5], [1.0]]) * norm.ppf(LEVELS)
    loss, least = (pinball(q, came, LEVELS).mean(axis=(0, 2)) for q in (found, best))
    assert (loss < 1.1 * least).all()
    np.testing.assert_allclose((came[..., None] < found).mean(axis=0), np.tile(LEVELS, (2, 1)), atol=0.06)


@pytest.mark.parametrize("name", SMALL)
def test_the_same_seed_gives_the_same_bytes_and_weights_count(name):
    x, y, season = made_rows()
    learner = SMALL[name]
    weight = np.where(x[:, 1] > 0, 1.0, 1e-3)
    # Where the second feature is low all rows say ten more, but hardly count.
    y[x[:, 1] <= 0] += 10
    first, again, other = (
        learner.fit(x, y, season=season, weight=weight, seed=s).predict(x[:9]).tobytes() for s in (4, 4, 5)
    )
    assert first == again != other
    middle = learner.fit(x, y, season=season, weight=weight, seed=4).predict(np.array([[1, 1.0, 0]], np.float32))
    assert middle[0, 0, 11] == pytest.approx(1, abs=0.6)


def test_bags_hold_whole_seasons():
    season = np.repeat([2001, 2002, 2003, 2004], 5)
    rows = draw_seasons(season, 0.5, np.random.default_rng(0))
    assert len(rows) == 10
    drawn = set(season[rows])
    assert len(drawn) == 2 and set(np.flatnonzero(np.isin(season, list(drawn)))) == set(rows)
    different = {tuple(draw_seasons(season, 0.5, np.random.default_rng(s))) for s in range(20)}
    assert len(different) > 2
