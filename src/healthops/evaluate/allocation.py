"""Allocation score: what a forecast is worth to those who share a limited supply by it.

A forecast recommends the allocation that it expects to leave the least need unmet. Its score is the need that this
allocation does leave, less the need that an oracle with the same supply would leave (Gerding, Reich, Rogers & Ray
2025, "Evaluating infectious disease forecasts with allocation scoring rules", J. R. Stat. Soc. A; arXiv 2312.16201).
The score is proper and never negative. It is zero without any supply, where nothing is left to decide, and with plenty
(unless a forecast is sure that less will do), and between them it rises with the budget and falls again, so that scores
of different budgets do not compare. What never rises with the budget is the need left unmet.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from healthops.data.schemas import QUANTILE_LEVELS

LEVELS = np.array(QUANTILE_LEVELS)
#: The exponential tail gains this many scales between the two highest levels.
_TAIL_STEP = np.log((1 - LEVELS[-2]) / (1 - LEVELS[-1]))


def tails(quantiles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How quantile functions go on beyond the outermost levels.

    Parameters
    ----------
    quantiles : array of float, shape (..., 23)
        Quantiles at the levels of the hubs.

    Returns
    -------
    lowest, scale : array of float, shape (...)
        Value at level 0, by the slope of the first stretch, never negative; scale of the exponential tail through the
        two highest quantiles, which is also how far its mean lies above the highest.
    """
    q = quantiles
    lowest = np.maximum(q[..., 0] - (q[..., 1] - q[..., 0]) * LEVELS[0] / (LEVELS[1] - LEVELS[0]), 0.0)
    return lowest, (q[..., -1] - q[..., -2]) / _TAIL_STEP


def quantile_allocation(quantiles: np.ndarray, budget: np.ndarray | float) -> np.ndarray:
    """Allocation that forecasts given by quantiles recommend, in closed form.

    The best allocation leaves every place the same chance to need more (places that get nothing apart), so that it
    takes one quantile level for all. The quantile functions are straight between the levels, go on
    with the slope of the first stretch below them, and with an exponential tail through the two highest above them.

    Parameters
    ----------
    quantiles : array of float, shape (..., P, 23)
        Quantiles of the needs of P places at the levels of the hubs, never negative and never falling.
    budget : array of float, shape (...)
        Supply to share.

    Returns
    -------
    array of float, shape (..., P)
        What each place gets. It sums to the budget, unless the forecast is sure that less will do.

    Examples
    --------
    >>> sure = np.repeat([[30.0], [10.0]], 23, axis=1)
    >>> quantile_allocation(sure, 20.0)
    array([15.,  5.])
    """
    q = np.asarray(quantiles, float)
    if q.shape[-1:] != LEVELS.shape:
        raise ValueError(f"quantiles have shape {q.shape}; the last axis must be the {len(LEVELS)} levels")
    amount = np.asarray(budget, float)
    if (amount < 0).any():
        raise ValueError(f"budget must be at least 0, not {amount.min()}")
    lowest, scale = tails(q)
    # From nothing to the needs that are sure, level by level to the highest, and one scale up the tail.
    knots = np.concatenate([_column(np.zeros_like(lowest)), _column(lowest), q, _column(q[..., -1] + scale)], axis=-1)
    # The last knot that the budget pays for everywhere; beyond the highest level the tails grow by their scales.
    k = (knots[..., :-1].sum(axis=-2) <= amount[..., None]).sum(axis=-1) - 1
    low, high = (_knot(knots, k + up) for up in (0, 1))
    step = high - low
    left, size = amount - low.sum(axis=-1), step.sum(axis=-1)
    share = np.divide(left, size, out=np.zeros_like(left), where=size > 0)
    return low + share[..., None] * step


def _column(values: np.ndarray) -> np.ndarray:
    return values[..., None]


def _knot(knots: np.ndarray, k: np.ndarray) -> np.ndarray:
    return np.take_along_axis(knots, np.broadcast_to(k[..., None, None], (*knots.shape[:-1], 1)), axis=-1)[..., 0]


def bayes_allocation(
    quantile_function: Callable[[float], np.ndarray], budget: float, *, tolerance: float = 1e-12
) -> np.ndarray:
    """Allocation that a forecast given by its quantile function recommends, by bisection of the common level.

    Parameters
    ----------
    quantile_function : callable
        From a level in (0, 1) to the needs of P places, shape (P,): continuous, not negative.
    budget : float
        Supply to share.

    Examples
    --------
    Exponential forecasts share in proportion to their scales:

    >>> scales = np.array([1.0, 2.0, 5.0])
    >>> bayes_allocation(lambda level: -scales * np.log1p(-level), 16.0).round(6)
    array([ 2.,  4., 10.])
    """
    low, high = 0.0, 1.0 - tolerance
    if quantile_function(high).sum() <= budget:
        return quantile_function(high)
    while high - low > tolerance:
        middle = (low + high) / 2
        low, high = (middle, high) if quantile_function(middle).sum() <= budget else (low, middle)
    lower = quantile_function(low) if low > 0 else np.zeros_like(quantile_function(high))
    step = quantile_function(high) - lower
    return lower + step * ((budget - lower.sum()) / step.sum() if step.sum() > 0 else 0.0)


def unmet_need(allocation: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Need left unmet over all places, shapes (..., P) to (...).

    >>> unmet_need(np.array([3.0, 4.0]), np.array([5.0, 1.0]))
    np.float64(2.0)
    """
    return np.maximum(np.asarray(observed, float) - np.asarray(allocation, float), 0.0).sum(axis=-1)


def oracle_unmet(observed: np.ndarray, budget: np.ndarray | float) -> np.ndarray:
    """Need that the best allocation leaves when the needs are known, shapes (..., P) and (...) to (...)."""
    return np.maximum(np.asarray(observed, float).sum(axis=-1) - np.asarray(budget, float), 0.0)


def allocation_score(allocation: np.ndarray, observed: np.ndarray, budget: np.ndarray | float) -> np.ndarray:
    """Unmet need of an allocation less the oracle's: 0 is best.

    Parameters
    ----------
    allocation, observed : array of float, shape (..., P)
        What was sent and what was needed, in the same unit.
    budget : array of float, shape (...)
        Supply that could be shared.

    Raises
    ------
    ValueError
        If an allocation spends more than its budget.
    """
    spent, supply = np.asarray(allocation, float).sum(axis=-1), np.asarray(budget, float)
    over = spent - supply
    if (over > 1e-6 * np.maximum(supply, 1.0)).any():
        raise ValueError(f"an allocation spends {over.max():.6g} more than its budget")
    return np.maximum(unmet_need(allocation, observed) - oracle_unmet(observed, supply), 0.0)
