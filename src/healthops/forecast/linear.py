"""Linear quantile regression, all levels at once, by accelerated descent on a smoothed pinball loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import ndtr

from healthops.forecast.base import LEVELS


@dataclass(frozen=True)
class Standard:
    """Columns on one scale: centred, divided by their standard deviation, cut at `limit`, gaps set to the mean."""

    mean: np.ndarray
    deviation: np.ndarray
    limit: float = 5.0

    @classmethod
    def fit(cls, x: np.ndarray) -> Standard:
        """Learn mean and deviation of each column of `x`, shape (N, F), NaN allowed; a constant column becomes 0."""
        known = ~np.isnan(x)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, x, 0.0).sum(axis=0) / count
        deviation = np.sqrt((np.where(known, x - mean, 0.0) ** 2).sum(axis=0) / count)
        return cls(mean, np.where(deviation > 1e-9, deviation, np.inf))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Transform `x`, shape (M, F)."""
        return np.clip(np.nan_to_num((x - self.mean) / self.deviation), -self.limit, self.limit)


class LinearLearner:
    """Quantiles of a number as linear functions of features.

    The pinball loss is smoothed by a normal kernel, which makes it convex and twice differentiable [1]_, and all levels
    descend together (Nesterov's acceleration, the inverse of X'X as preconditioner).

    Parameters
    ----------
    bandwidth : float
        Width of the kernel, in units of the residuals' interquartile range about least squares.
    ridge : float
        Penalty on the squared coefficients of standardised columns, beside a mean loss.
    steps : int
        Steps of descent.

    .. [1] He, Pan, Tan, Zhou (2023), Smoothed quantile regression with large-scale inference, J. Econometrics 232(2).
    """

    def __init__(self, *, bandwidth: float = 0.15, ridge: float = 1e-3, steps: int = 150) -> None:
        if not (bandwidth > 0 and ridge >= 0 and steps >= 1):
            raise ValueError(f"bandwidth > 0, ridge >= 0 and steps >= 1, not {bandwidth}, {ridge} and {steps}")
        self.bandwidth, self.ridge, self.steps = bandwidth, ridge, steps

    def fit(
        self,
        x: np.ndarray,
        y: np.ndarray,
        *,
        weight: np.ndarray | None = None,
        season: np.ndarray | None = None,
        seed: int = 0,
    ) -> Self:
        """Learn from rows `x`, shape (N, F), NaN allowed, and `y`, shape (N,); `season` and `seed` change nothing."""
        self.standard = Standard.fit(x)
        rows = self._rows(x)
        share = np.full(len(y), 1.0 / len(y)) if weight is None else weight / weight.sum()
        penalty = np.full(rows.shape[1], self.ridge)
        penalty[0] = 0.0
        weighted = rows * share[:, None]
        gram = weighted.T @ rows + np.diag(penalty + 1e-9)
        mean = np.linalg.solve(gram, weighted.T @ y)
        residual = y - rows @ mean
        start = np.quantile(residual, LEVELS)
        width = self.bandwidth * max(float(np.subtract(*np.quantile(residual, [0.75, 0.25]))), 1e-6)
        # The kernel's top bounds the curvature of the smoothed loss: no step can overshoot.
        steepest = 1.0 / (np.sqrt(2 * np.pi) * width)
        bounded = np.linalg.inv(steepest * (gram - np.diag(penalty)) + np.diag(penalty + 1e-9))
        now = np.repeat(mean[:, None], len(LEVELS), axis=1)
        now[0] += start
        ahead, pace = now, 1.0
        for _ in range(self.steps):
            below = ndtr((rows @ ahead - y[:, None]) / width) - LEVELS
            slope = weighted.T @ below + penalty[:, None] * ahead
            new = ahead - bounded @ slope
            faster = (1 + np.sqrt(1 + 4 * pace**2)) / 2
            ahead, now, pace = new + (pace - 1) / faster * (new - now), new, faster
        self.coefficients = now
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Quantiles at :data:`LEVELS` of rows `x`, shape (M, F); sorted; shape (M, 23)."""
        return np.sort(self._rows(x) @ self.coefficients, axis=-1)

    def _rows(self, x: np.ndarray) -> np.ndarray:
        standard = self.standard(x)
        return np.concatenate([np.ones((len(standard), 1)), standard], axis=1)
