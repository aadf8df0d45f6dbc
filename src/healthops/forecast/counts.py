"""Quantiles of counts: Poisson where the variance equals the mean, negative binomial where it is larger."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from healthops.data.schemas import QUANTILE_LEVELS

#: Means above this one are left to scipy: below, probabilities from 0 on do not underflow.
_LARGE = 300.0


def count_quantiles(
    mean: np.ndarray, dispersion: np.ndarray | float = 0.0, levels: Sequence[float] = QUANTILE_LEVELS
) -> np.ndarray:
    """Quantiles of counts with variance ``mean + dispersion * mean ** 2``.

    Parameters
    ----------
    mean : array, shape (n,)
        At least 0; where it is 0, so is every quantile.
    dispersion : array, shape (n,), or float
        At least 0; at 0 the counts are Poisson.
    levels : sequence of float, length m
        Between 0 and 1.

    Returns
    -------
    array, shape (n, m)
        Whole numbers: the smallest count that is reached with at least the level's probability.

    >>> count_quantiles(np.array([0.0, 2.5]), levels=[0.05, 0.5, 0.95]).tolist()
    [[0.0, 0.0, 0.0], [0.0, 2.0, 5.0]]
    """
    mean = np.asarray(mean, float)
    if mean.ndim != 1 or not np.isfinite(mean).all() or (mean < 0).any():
        raise ValueError(f"means of counts must be finite and at least 0, in one row, not {mean}")
    spread = np.broadcast_to(np.asarray(dispersion, float), mean.shape)
    if not np.isfinite(spread).all() or (spread < 0).any():
        raise ValueError(f"dispersions must be finite and at least 0, not {spread}")
    tau = np.asarray(levels, float)
    large = mean > _LARGE
    out = np.zeros((len(mean), len(tau)))
    out[~large] = _small(mean[~large], spread[~large], tau)
    if large.any():
        from scipy.stats import nbinom

        size = 1 / np.maximum(spread[large], 1e-9)[:, None]
        out[large] = nbinom.ppf(tau, size, size / (size + mean[large][:, None]))
    return out


def _small(mean: np.ndarray, spread: np.ndarray, tau: np.ndarray) -> np.ndarray:
    """Add up probabilities from 0 on, all rows at once, until every level is reached."""
    over = np.where(spread * mean > 1e-8, spread, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_none = np.where(over > 0, -np.log1p(over * mean) / over, -mean)
    p, cumulated = np.exp(log_none), np.zeros_like(mean)
    out = np.zeros((len(mean), len(tau)))
    count = 0
    while True:
        cumulated = cumulated + p
        below = cumulated[:, None] < tau - 1e-12
        out += below
        if not below.any():
            return out
        p = p * (count * over + 1) * mean / (1 + over * mean) / (count + 1)
        count += 1


def fit_dispersion(observed: np.ndarray, mean: np.ndarray, *, most: float = 2.0) -> float:
    """Dispersion of the negative binomial by maximum likelihood; 0 where counts vary no more than Poisson ones.

    Parameters
    ----------
    observed, mean : array, shape (n,)
        Counts and the means that were forecast, above 0; NaN in `observed` is left out.
    most : float
        Largest dispersion that is tried.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import gammaln

    known = ~np.isnan(observed) & (mean > 0)
    y, m = observed[known], mean[known]
    if not len(y):
        raise ValueError("no count is known where a mean was forecast: a dispersion needs at least one")

    def loss(log_a: float) -> float:
        size = np.exp(-log_a)
        return -float(
            np.mean(gammaln(y + size) - gammaln(size) + size * np.log(size / (size + m)) + y * np.log(m / (size + m)))
        )

    low = np.log(1e-6)
    found = minimize_scalar(loss, bounds=(low, np.log(most)), method="bounded", options={"xatol": 1e-3})
    # Poisson counts drive the dispersion to its lower bound.
    return float(np.exp(found.x)) if found.x > low + 1 else 0.0
