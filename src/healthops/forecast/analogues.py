"""Analogues: what followed the past situations that were most like the present one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from healthops.forecast.base import LEVELS
from healthops.forecast.standard import Standard


class AnalogueLearner:
    """Quantiles of what followed the nearest rows, weighted by how near they are [1]_.

    Distance is Euclidean on standardised columns; the weight falls to zero at the first row that is left out
    (Epanechnikov kernel).

    Parameters
    ----------
    neighbours : int
        Rows that count.
    importance : sequence of float, optional
        Factor of each standardised column; 1 by default.

    .. [1] Viboud et al. (2003), Prediction of the spread of influenza epidemics by the method of analogues,
       American Journal of Epidemiology 158(10): 996-1006.
    """

    def __init__(self, *, neighbours: int = 200, importance: Sequence[float] | None = None) -> None:
        if neighbours < 1:
            raise ValueError(f"neighbours must be at least 1, not {neighbours}")
        self.neighbours, self.importance = neighbours, importance

    def fit(self, x: np.ndarray, y: np.ndarray, *, seed: int = 0) -> Self:
        """Keep rows `x`, shape (N, F), NaN allowed, and what followed, `y`, shape (N,); nothing is drawn."""
        from scipy.spatial import cKDTree

        self.standard = Standard.fit(x)
        self.y = np.asarray(y, float)
        self.tree = cKDTree(self._place(x))
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Quantiles at :data:`LEVELS` of rows `x`, shape (M, F); sorted; shape (M, 23)."""
        count = min(self.neighbours, len(self.y))
        distance, at = self.tree.query(self._place(x), k=min(count + 1, len(self.y)))
        distance, at = distance.reshape(len(x), -1), at.reshape(len(x), -1)
        # The first row left out marks the edge; where all rows count, the farthest stands a little inside it.
        edge = np.maximum(distance[:, -1:] * (1.0 if distance.shape[1] > count else 1.001), 1e-12)
        near = np.maximum(1 - (distance[:, :count] / edge) ** 2, 1e-6)
        return weighted_quantiles(self.y[at[:, :count]], near)

    def _place(self, x: np.ndarray) -> np.ndarray:
        standard = self.standard(x)
        return standard if self.importance is None else standard * np.asarray(self.importance)


def weighted_quantiles(values: np.ndarray, weights: np.ndarray, levels: np.ndarray = LEVELS) -> np.ndarray:
    """Quantiles of weighted samples, straight between the middles of the samples' shares; shape (M, len(levels)).

    Parameters
    ----------
    values, weights : array, shape (M, K)
        Weights are not negative, with a positive sum in each row.

    >>> weighted_quantiles(np.array([[3.0, 1.0]]), np.array([[1.0, 1.0]]), np.array([0.25, 0.5, 0.75]))
    array([[1., 2., 3.]])
    """
    order = np.argsort(values, axis=-1, kind="stable")
    v, w = np.take_along_axis(values, order, -1), np.take_along_axis(weights, order, -1)
    total = np.cumsum(w, axis=-1)
    middle = (total - w / 2) / total[:, -1:]
    return np.stack([np.interp(levels, m, row) for m, row in zip(middle, v, strict=True)])
