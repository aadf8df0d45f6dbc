"""Boosted quantile trees as a learner: rows in, quantiles out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from healthops.forecast.boosting import FITTED_LEVELS, to_all_levels

if TYPE_CHECKING:
    import xgboost as xgb


class TreesLearner:
    """XGBoost with one set of trees for all quantiles.

    Parameters
    ----------
    rounds, depth : int
        Trees and their depth.
    rate, subsample, colsample, least_weight : float
        Learning rate; shares of rows and columns that a tree sees; least weight of a leaf.
    bins : int
        Bins of a feature.
    """

    def __init__(
        self,
        *,
        rounds: int = 100,
        depth: int = 6,
        rate: float = 0.08,
        subsample: float = 0.7,
        colsample: float = 0.4,
        least_weight: float = 20.0,
        bins: int = 64,
    ) -> None:
        if min(rounds, depth, bins) < 1:
            raise ValueError(f"rounds, depth and bins must be at least 1: {rounds}, {depth}, {bins}")
        self.rounds, self.bins = rounds, bins
        self.settings = {
            "objective": "reg:quantileerror", "quantile_alpha": FITTED_LEVELS.tolist(),
            "multi_strategy": "multi_output_tree", "tree_method": "hist", "max_bin": bins, "max_depth": depth,
            "learning_rate": rate, "subsample": subsample, "colsample_bytree": colsample,
            "min_child_weight": least_weight, "nthread": 1, "verbosity": 0,
        }  # fmt: skip

    def fit(self, x: np.ndarray, y: np.ndarray, *, seed: int = 0) -> Self:
        """Learn from rows `x`, shape (N, F), NaN allowed, and `y`, shape (N,)."""
        import xgboost as xgb

        data = xgb.QuantileDMatrix(x, label=y, max_bin=self.bins, nthread=1)
        self.booster: xgb.Booster = xgb.train({**self.settings, "seed": seed}, data, self.rounds)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Quantiles at :data:`LEVELS` of rows `x`, shape (M, F); sorted; shape (M, 23)."""
        found = np.sort(self.booster.inplace_predict(np.ascontiguousarray(x)).astype(float), axis=-1)
        return to_all_levels(found, FITTED_LEVELS)
