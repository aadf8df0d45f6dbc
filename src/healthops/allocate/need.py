"""The distribution of a need, from the quantiles of a forecast.

A forecast gives 23 quantiles for each of several weeks. Two choices turn them into the distribution of the need over
these weeks together:

* **Between the quantiles** the quantile function is a straight line; below the lowest it goes on with the slope of the
  first stretch, not below zero; above the highest it goes on as an exponential tail through the two highest
  quantiles. Each of the 24 stretches is then represented by its mean, so that the mean of the whole is kept and the
  expected unmet need becomes piecewise linear in what is sent: a linear program.
* **Between weeks** the quantiles are added level by level, which is right when a district that is above its forecast
  in one week is as far above it in the others (comonotone weeks). Among all ways in which the weeks may hang together
  this is the most spread out, so the expected unmet need is never understated (Dhaene et al. 2002, Insurance:
  Mathematics and Economics 31, 3-33). Errors of epidemic forecasts do run on from week to week, so the bound is not
  far off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from healthops.evaluate.allocation import LEVELS, tails

#: Chance of each of the 24 stretches between, below and above the levels.
WEIGHTS = np.diff(LEVELS, prepend=0.0, append=1.0)


@dataclass(frozen=True)
class Need:
    """The need of each of P districts as M points with their chances.

    Attributes
    ----------
    points : array of float, shape (P, M)
        Possible needs, never falling along a row, in the unit of the resource.
    weights : array of float, shape (M,)
        Their chances, which sum to 1; the same in every district.
    median : array of float, shape (P,)
        The point forecast.
    """

    points: np.ndarray
    weights: np.ndarray
    median: np.ndarray

    def __post_init__(self) -> None:
        if self.points.ndim != 2 or self.points.shape[1:] != self.weights.shape:
            raise ValueError(f"points of shape {self.points.shape} do not fit {self.weights.shape} weights")
        if not np.isfinite(self.points).all() or (self.points < 0).any() or (np.diff(self.points, axis=1) < 0).any():
            row = int(
                np.argmin(
                    np.isfinite(self.points).all(1) & (self.points >= 0).all(1) & (np.diff(self.points) >= 0).all(1)
                )
            )
            raise ValueError(f"the points of row {row} are not finite, not negative and rising: {self.points[row]}")

    @property
    def mean(self) -> np.ndarray:
        """Expected need, shape (P,)."""
        return self.points @ self.weights

    def unmet(self, supply: np.ndarray) -> np.ndarray:
        """Expected unmet need E[(N - a)+] where `supply` a, shape (P,), is at hand; shape (P,)."""
        return np.maximum(self.points - np.asarray(supply)[:, None], 0.0) @ self.weights

    @property
    def unmet_at_points(self) -> np.ndarray:
        """Expected unmet need where the supply is each of the points, shape (P, M)."""
        step = np.diff(self.points, axis=1)
        beyond = 1 - np.cumsum(self.weights)[:-1]
        tail = np.cumsum((step * beyond)[:, ::-1], axis=1)[:, ::-1]
        return np.concatenate([tail, np.zeros((len(step), 1))], axis=1)

    def supply_for(self, unmet: np.ndarray) -> np.ndarray:
        """Least supply that leaves at most `unmet`, shape (P,), in expectation: the inverse of :meth:`unmet`."""
        points = np.concatenate([np.zeros((len(self.points), 1)), self.points], axis=1)
        left = np.concatenate([self.mean[:, None], self.unmet_at_points], axis=1)
        target = np.maximum(np.asarray(unmet, float), 0.0)
        j = np.clip((left > target[:, None]).sum(axis=1), 1, self.points.shape[1])
        rows = np.arange(len(points))
        high, low = left[rows, j - 1], left[rows, j]
        share = np.divide(high - target, high - low, out=np.zeros_like(high), where=high > low)
        return points[rows, j - 1] + np.clip(share, 0, 1) * (points[rows, j] - points[rows, j - 1])


def need_from_quantiles(quantiles: np.ndarray, *, per_case: float = 1.0) -> Need:
    """Turn quantiles of the cases into the need of a resource over the weeks together.

    Parameters
    ----------
    quantiles : array of float, shape (P, H, 23) or (P, 23)
        Quantiles of the weekly cases at ``QUANTILE_LEVELS``, for H weeks.
    per_case : float
        Need for each case, in the unit of the resource.

    Returns
    -------
    Need
        With 24 points a district.
    """
    q = np.asarray(quantiles, float)
    q = q.sum(axis=1) if q.ndim == 3 else q
    if q.shape[1:] != LEVELS.shape:
        raise ValueError(f"quantiles have shape {np.shape(quantiles)}; the last axis must be the {len(LEVELS)} levels")
    q = per_case * q
    between = (q[:, 1:] + q[:, :-1]) / 2
    lowest, scale = tails(q)
    points = np.column_stack([(lowest + q[:, 0]) / 2, between, q[:, -1] + scale])
    return Need(points, WEIGHTS, median=q[:, len(LEVELS) // 2])
