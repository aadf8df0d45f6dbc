"""Draw the rest of a season of weekly counts, given its first weeks and earlier seasons: a log-Gaussian Cox process.

The logarithm of the rate is a Gaussian process around the city's mean season; counts are negative binomial. The
process's variances and lengths are those that make earlier seasons likeliest (:func:`fit_cox`), whatever is forecast.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from healthops.evaluate.binned import SEASON_WEEKS

#: Bounds of the log rate: from two cases in a thousand weeks to eight thousand a week.
_LOG_RATES = (-6.0, 9.0)
_JITTER = 1e-6


@dataclass(frozen=True)
class SeasonHistory:
    """What was known before a season began.

    Attributes
    ----------
    own : array of float, shape (S, 52)
        Cases a week of the city's earlier seasons, oldest first, the last one right before the season to forecast.
    other : array of float, shape (S', 52)
        Seasons of another city that had ended by then; may hold none.
    """

    own: np.ndarray
    other: np.ndarray


@dataclass(frozen=True)
class CoxConfig:
    """Settings of :func:`cox_paths`: variances on the log scale, lengths in weeks.

    Seasons of fewer than `least_cases` cases say nothing of the mean season. The mean season's shape counts the other
    city's as if it were `shape_seasons` seasons of this one.
    """

    least_cases: int = 50
    smooth_weeks: float = 1.0
    shape_seasons: float = 3.0
    smooth_variance: float = 0.25
    smooth_length: float = 12.0
    rough_variance: float = 0.3
    rough_length: float = 10.0
    slow_variance: float = 0.1
    slow_length: float = 26.0
    dispersion: float = 12.0


#: Settings that :func:`fit_cox` chooses; the others are set by hand.
FITTED = ("smooth_variance", "smooth_length", "rough_variance", "rough_length", "slow_variance", "dispersion")


def smooth(rows: np.ndarray, sd: float) -> np.ndarray:
    """Smooth each row by a Gaussian kernel of `sd` weeks, its ends repeated; same shape as `rows`, (S, 52)."""
    reach = 6
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sd) ** 2)
    padded = np.pad(rows, ((0, 0), (reach, reach)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=1)
    return windows @ (kernel / kernel.sum())


def counts(rate: np.ndarray, dispersion: float, rng: np.random.Generator) -> np.ndarray:
    """Draw negative binomial counts of mean `rate` and variance rate + rate**2 / dispersion, same shape."""
    return rng.poisson(rate * rng.gamma(dispersion, 1 / dispersion, rate.shape)).astype(float)


def cox_paths(
    history: SeasonHistory, seen: np.ndarray, draws: int, rng: np.random.Generator, config: CoxConfig
) -> np.ndarray:
    """Draw seasons from a Gaussian process on the log rate, given last season and the weeks seen.

    Its mean is the city's mean season on the log scale, its shape shrunk to the other city's; its covariance is a sum
    of a smooth (squared exponential), a rough and a slow (both exponential) part. Counts are negative binomial; the
    posterior of the log rate is Laplace's approximation [1]_.

    Parameters
    ----------
    history : SeasonHistory
        At least one season of the city.
    seen : array, shape (w,)
        Cases of the season's first w weeks, 0 <= w <= 52.
    draws : int
        How many seasons to draw, n.

    Returns
    -------
    array, shape (n, 52)
        The first w weeks are those seen.

    Raises
    ------
    ValueError
        If no earlier season of the city has ``config.least_cases`` cases.

    .. [1] Rasmussen, Williams (2006), Gaussian Processes for Machine Learning, MIT Press, algorithms 3.1 and 3.2.
    """
    seen = np.asarray(seen, float)
    if len(seen) == SEASON_WEEKS:
        return np.tile(seen, (draws, 1))
    mean = np.tile(mean_log_rate(history, config), 2)
    data = np.r_[history.own[-1], seen]
    centre, spread, _ = laplace(data, mean, covariance(2 * SEASON_WEEKS, config), config.dispersion)
    factor = np.linalg.cholesky(spread + _JITTER * np.eye(len(spread)))
    half = rng.normal(size=((draws + 1) // 2, len(centre)))
    log_rate = centre + np.vstack([half, -half])[:draws] @ factor.T
    rest = counts(np.exp(log_rate.clip(*_LOG_RATES)), config.dispersion, rng)
    return np.hstack([np.broadcast_to(seen, (draws, len(seen))), rest])


def covariance(weeks: int, config: CoxConfig) -> np.ndarray:
    """Covariance of the log rate between `weeks` consecutive weeks, shape (weeks, weeks)."""
    lag = np.abs(np.subtract.outer(np.arange(weeks), np.arange(weeks)))
    return (
        config.smooth_variance * np.exp(-0.5 * (lag / config.smooth_length) ** 2)
        + config.rough_variance * np.exp(-lag / config.rough_length)
        + config.slow_variance * np.exp(-lag / config.slow_length)
    )


def laplace(
    data: np.ndarray, mean: np.ndarray, covariance: np.ndarray, dispersion: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """Mean and covariance of the log rate after the data, and their log marginal likelihood, by Laplace's method.

    Parameters
    ----------
    data : array, shape (n,)
        Counts at the first n of the N points.
    mean, covariance : array, shapes (N,), (N, N)
        Of the log rate before the data.
    dispersion : float
        Of the negative binomial counts.

    Returns
    -------
    tuple of arrays, shapes (N - n,), (N - n, N - n), and a number
    """
    from scipy.linalg import cho_solve, solve_triangular
    from scipy.stats import nbinom

    n = len(data)
    prior = covariance[:n, :n] + _JITTER * np.eye(n)
    f = np.log(data + 1)
    for _ in range(50):
        rate = np.exp(f.clip(*_LOG_RATES))
        gradient = data - (data + dispersion) * rate / (dispersion + rate)
        root = np.sqrt(dispersion * rate * (data + dispersion) / (dispersion + rate) ** 2)
        factor = np.linalg.cholesky(np.eye(n) + root[:, None] * prior * root)
        b = root**2 * (f - mean[:n]) + gradient
        a = b - root * cho_solve((factor, True), root * (prior @ b))
        step = mean[:n] + prior @ a - f
        f = f + step.clip(-1.5, 1.5)  # a whole Newton step may overshoot where counts are 0
        if np.abs(step).max() < 1e-6:
            break
    rate = np.exp(f.clip(*_LOG_RATES))
    fit = nbinom.logpmf(data, dispersion, dispersion / (dispersion + rate)).sum()
    evidence = fit - 0.5 * (f - mean[:n]) @ a - np.log(np.diag(factor)).sum()
    across = covariance[n:, :n]
    v = solve_triangular(factor, root[:, None] * across.T, lower=True)
    return mean[n:] + across @ a, covariance[n:, n:] - v.T @ v, float(evidence)


def evidence(own: np.ndarray, other: np.ndarray, config: CoxConfig) -> float:
    """Mean log marginal likelihood of two consecutive seasons, around the mean season of the seasons but the second.

    Parameters
    ----------
    own, other : array, shapes (S, 52), (S', 52)
        As in :class:`SeasonHistory`; pairs in which a season has fewer than ``config.least_cases`` cases are left out.
    """
    enough = own.sum(1) >= config.least_cases
    pairs = [i for i in range(1, len(own)) if enough[i] and enough[i - 1]]
    if len(pairs) < 2:
        raise ValueError(
            f"{len(pairs)} pairs of consecutive seasons have {config.least_cases} cases each; 2 are needed"
        )
    between = covariance(2 * SEASON_WEEKS, config)
    values = []
    for i in pairs:
        mean = np.tile(mean_log_rate(SeasonHistory(np.delete(own, i, axis=0), other), config), 2)
        values.append(laplace(own[i - 1 : i + 1].ravel(), mean, between, config.dispersion)[2])
    return float(np.mean(values))


def fit_cox(own: np.ndarray, other: np.ndarray, start: CoxConfig | None = None) -> CoxConfig:
    """Choose the settings :data:`FITTED` that make a city's seasons likeliest (type II maximum likelihood).

    A weak penalty on the distance of their logarithms from `start` keeps those in place that the data say nothing of.
    The targets of the forecasts play no part.
    """
    from scipy.optimize import minimize

    start = start or CoxConfig()
    origin = np.log([getattr(start, name) for name in FITTED])

    def at(logs: np.ndarray) -> CoxConfig:
        return replace(start, **dict(zip(FITTED, np.exp(logs.clip(-6, 6)).tolist(), strict=True)))

    def loss(logs: np.ndarray) -> float:
        return -evidence(own, other, at(logs)) + 0.01 * float(((logs - origin) ** 2).sum())

    found = minimize(loss, origin, method="Nelder-Mead", options={"maxfev": 400, "xatol": 0.01, "fatol": 0.001})
    return at(found.x)


def mean_log_rate(history: SeasonHistory, config: CoxConfig) -> np.ndarray:
    """The city's mean season on the log scale, its shape shrunk to the other city's; shape (52,)."""

    def curve(rows: np.ndarray) -> np.ndarray:
        return smooth(np.log(smooth(rows, 1.0) + 0.5), config.smooth_weeks).mean(0)

    own, other = (rows[rows.sum(1) >= config.least_cases] for rows in (history.own, history.other))
    if not len(own):
        raise ValueError(f"no earlier season of this city has {config.least_cases} cases or more")
    mean = curve(own)
    if not len(other):
        return mean
    foreign, share = curve(other), len(own) / (len(own) + config.shape_seasons)
    return mean.mean() + share * (mean - mean.mean()) + (1 - share) * (foreign - foreign.mean())
