"""Boosted quantile trees, bagged over whole seasons: rows in, quantiles of several steps ahead out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from healthops.forecast.boosting import to_all_levels

#: Levels that are fitted; the others are interpolated on the normal scale.
FITTED = np.array([0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975])


@dataclass(frozen=True)
class BaggedTreesParameters:
    """Settings of :class:`BaggedTrees`, as in LightGBM where not said otherwise.

    Attributes
    ----------
    bags : int
        Bags; the quantiles of all are averaged.
    share : float
        Share of the seasons that a bag sees.
    rows : int
        Most rows of a bag.
    """

    bags: int = 6
    share: float = 0.6
    rows: int = 5_000
    rounds: int = 60
    leaves: int = 15
    learning_rate: float = 0.1
    rows_in_leaf: int = 40
    feature_share: float = 0.5
    row_share: float = 0.5
    bins: int = 63


class BaggedTrees:
    """LightGBM's quantile regression, one model a level, step and bag; a bag sees some of the seasons, whole.

    Seasons, not rows, are drawn, because the rows of one season repeat one another [1]_.

    .. [1] Ray, Wang, Wolfinger, Reich (2025), Flusion: Integrating multiple data sources for accurate influenza
       predictions, Epidemics 50: 100810.
    """

    def __init__(self, parameters: BaggedTreesParameters | None = None) -> None:
        self.parameters = parameters or BaggedTreesParameters()

    def fit(
        self, x: np.ndarray, y: np.ndarray, *, season: np.ndarray, weight: np.ndarray | None = None, seed: int
    ) -> Self:
        """Learn from rows.

        Parameters
        ----------
        x : array of float32, shape (N, F)
            NaN allowed.
        y : array, shape (N, H)
            What came at each step; NaN where it is not known.
        season : array, shape (N,)
        weight : array, shape (N,), optional
        """
        rng, p = np.random.default_rng(seed), self.parameters
        self.bags = []
        for bag in range(p.bags):
            rows = draw_seasons(season, p.share, rng)
            if len(rows) > p.rows:
                rows = np.sort(rng.choice(rows, p.rows, replace=False))
            weights = None if weight is None else weight[rows]
            self.bags.append([self._levels(x[rows], step, weights, seed * 100 + bag) for step in y[rows].T])
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Quantiles at the 23 levels of rows `x`, shape (M, F); shape (M, H, 23)."""
        found = [
            [np.sort(np.stack([m.predict(x, num_threads=1) for m in levels], axis=-1), axis=-1) for levels in steps]
            for steps in self.bags
        ]
        return to_all_levels(np.mean(found, axis=0).transpose(1, 0, 2), FITTED)

    def _levels(self, x: np.ndarray, y: np.ndarray, weight: np.ndarray | None, seed: int) -> list:
        import lightgbm

        p = self.parameters
        known = ~np.isnan(y)
        data = lightgbm.Dataset(
            x[known], label=y[known], weight=None if weight is None else weight[known],
            params={"max_bin": p.bins, "verbosity": -1, "num_threads": 1},
        ).construct()  # fmt: skip
        settings = {
            "objective": "quantile", "num_leaves": p.leaves, "learning_rate": p.learning_rate,
            "min_data_in_leaf": p.rows_in_leaf, "feature_fraction": p.feature_share, "bagging_fraction": p.row_share,
            "bagging_freq": 1, "max_bin": p.bins, "num_threads": 1, "verbosity": -1, "seed": seed % 2**31,
            "deterministic": True, "force_col_wise": True,
        }  # fmt: skip
        return [lightgbm.train({**settings, "alpha": float(level)}, data, p.rounds) for level in FITTED]


def draw_seasons(season: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Rows of a random `share` of the seasons, at least one; positions in order.

    >>> draw_seasons(np.array([1, 1, 2, 3]), 0.3, np.random.default_rng(0)).tolist()
    [3]
    """
    there = np.unique(season)
    count = max(1, round(share * len(there)))
    return np.flatnonzero(np.isin(season, rng.choice(there, count, replace=False)))
