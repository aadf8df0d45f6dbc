"""How evenly something falls on people, and whether it falls on the poor.

Places are weighted by their inhabitants, so that a rate counts once for every person who lives with it.
"""

from __future__ import annotations

import numpy as np


def gini(values: np.ndarray, *, weights: np.ndarray | None = None) -> float:
    """Gini index: 0 where all have the same, towards 1 where one has all.

    Parameters
    ----------
    values : array of float, shape (P,)
        What each place has for each person, never negative.
    weights : array of float, shape (P,), optional
        Persons.

    Returns
    -------
    float
        Half the mean absolute difference between two persons, as a share of the mean; 0 where nobody has anything.

    Examples
    --------
    >>> gini(np.array([0.0, 0.0, 0.0, 1.0]))
    0.75
    """
    return _concentration(*_checked(values, weights), order_by=None)


def theil(values: np.ndarray, *, weights: np.ndarray | None = None) -> float:
    """Theil's T: mean of (x / mean) log(x / mean); 0 where all have the same, log P where one of P has all.

    Same parameters as :func:`gini`.

    Examples
    --------
    >>> round(theil(np.array([0.0, 0.0, 0.0, 1.0])), 6)  # log 4
    1.386294
    """
    x, w = _checked(values, weights)
    mean = _mean(x, w)
    if mean == 0:
        return 0.0
    ratio = x / mean
    # Never negative but for rounding.
    return max(_mean(ratio * np.log(np.where(ratio > 0, ratio, 1.0)), w), 0.0)


def concentration_index(values: np.ndarray, rank_by: np.ndarray, *, weights: np.ndarray | None = None) -> float:
    """Concentration index along a ranking: negative where `values` sit with those who rank low.

    Twice the covariance of the value and the fractional rank, over the mean (Kakwani, Wagstaff & van Doorslaer 1997,
    J. Econometrics 77, 87-103). Ranked by poverty, it is positive where the poor have more of it.

    Parameters
    ----------
    values : array of float, shape (P,)
        What each place has for each person, never negative.
    rank_by : array of float, shape (P,)
        Order of the places; those with a missing value are left out, equal ones share their rank.
    weights : array of float, shape (P,), optional
        Persons.

    Returns
    -------
    float
        Between -1 and 1; 0 where nobody has anything.
    """
    key = np.asarray(rank_by, float)
    known = np.isfinite(key)
    x, w = _checked(values, weights)
    return _concentration(x[known], w[known], order_by=key[known])


def poorest(poverty: np.ndarray, *, fraction: float = 0.2) -> np.ndarray:
    """Mark the places with the highest poverty, `fraction` of those whose poverty is known; shape (P,), bool.

    >>> poorest(np.array([10.0, 50.0, np.nan, 20.0, 30.0, 40.0])).tolist()
    [False, True, False, False, False, False]
    """
    if not 0 < fraction <= 1:
        raise ValueError(f"fraction must be above 0 and at most 1, not {fraction!r}")
    key = np.asarray(poverty, float)
    known = np.sort(key[np.isfinite(key)])
    if len(known) == 0:
        return np.zeros(len(key), bool)
    count = max(1, round(fraction * len(known)))
    return np.nan_to_num(key, nan=-np.inf) >= known[-count]


def share_in(values: np.ndarray, group: np.ndarray) -> float:
    """Share of the total of `values`, shape (P,), that falls in `group`, shape (P,), bool; 0 where the total is 0."""
    total = float(np.sum(values))
    return float(np.sum(np.asarray(values)[np.asarray(group, bool)])) / total if total > 0 else 0.0


def _checked(values: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    x = np.asarray(values, float)
    w = np.ones(len(x)) if weights is None else np.asarray(weights, float)
    if x.shape != w.shape or x.ndim != 1:
        raise ValueError(f"values of shape {x.shape} and weights of shape {w.shape} must be two rows of one length")
    if not np.isfinite(x).all() or (x < 0).any():
        raise ValueError(
            f"values must be finite and at least 0; row {int(np.argmax(~(x >= 0) | ~np.isfinite(x)))} is not"
        )
    if not np.isfinite(w).all() or (w < 0).any() or w.sum() <= 0:
        raise ValueError("weights must be finite, at least 0 and not all 0")
    return x, w


def _mean(x: np.ndarray, w: np.ndarray) -> float:
    return float((x * w).sum()) / float(w.sum())


def _concentration(x: np.ndarray, w: np.ndarray, *, order_by: np.ndarray | None) -> float:
    if len(x) == 0 or (mean := _mean(x, w)) == 0:
        return 0.0
    key = x if order_by is None else order_by
    _, group = np.unique(key, return_inverse=True)
    weight = np.bincount(group, weights=w)
    middle = (np.cumsum(weight) - weight / 2) / w.sum()
    rank = middle[group]
    return 2 * _mean((x - mean) * (rank - 0.5), w) / mean
