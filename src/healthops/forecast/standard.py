"""Columns of features on one scale, for learners that measure distance or descend on a gradient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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
