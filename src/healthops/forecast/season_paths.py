"""Two ways to draw the rest of a season of weekly counts, given its first weeks and earlier seasons.

:func:`analogue_paths` continues the season along the shapes of earlier seasons, of this city and of another;
:func:`cox_paths` continues it by a Gaussian process on the logarithm of the rate, around the city's mean season.
Both return whole seasons whose first weeks are the ones that were seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from healthops.evaluate.binned import SEASON_WEEKS


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
class AnalogueConfig:
    """Settings of :func:`analogue_paths`; where each one comes from stands in ``season_targets.RECORD``."""

    least_cases: int = 50
    smooth_weeks: float = 1.0
    flat_share: float = 0.1
    other_weight: float = 1.0
    widest_shift: int = 8
    shift_step: int = 2
    shift_sd: float = 4.0
    level_sd_prior: float = 1.0
    level_sd_seasons: float = 4.0
    level_sd_factor: float = 1.1
    level_df: float = 3.0
    levels: int = 25
    temper: float = 0.25
    forget: float = 0.95
    fit_dispersion: float = 4.0
    drift_sd: float = 0.25
    drift_memory: float = 0.9
    count_dispersion: float = 12.0


@dataclass(frozen=True)
class CoxConfig:
    """Settings of :func:`cox_paths`: variances on the log scale, lengths in weeks."""

    least_cases: int = 50
    smooth_weeks: float = 1.0
    shape_seasons: float = 10.0
    slow_variance: float = 0.35
    slow_weeks: float = 12.0
    rough_variance: float = 0.5
    rough_weeks: float = 10.0
    level_variance: float = 0.2
    level_weeks: float = 26.0
    dispersion: float = 12.0


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


def negative_binomial_loglik(seen: np.ndarray, mean: np.ndarray, dispersion: float) -> np.ndarray:
    """Log-likelihood of counts up to what does not depend on `mean`; shapes broadcast.

    Twice as likely at its own mean as anywhere that the likelihood has halved:

    >>> from scipy.stats import nbinom
    >>> means = np.array([2.0, 9.0])
    >>> ours = negative_binomial_loglik(np.array(5.0), means, 4.0)
    >>> theirs = nbinom.logpmf(5, 4.0, 4.0 / (4.0 + means))
    >>> bool(np.isclose(ours[0] - ours[1], theirs[0] - theirs[1]))
    True
    """
    return seen * np.log(mean) - (seen + dispersion) * np.log(mean + dispersion)


# ---- analogues ----------------------------------------------------------------------------------------------
def analogue_paths(
    history: SeasonHistory, seen: np.ndarray, draws: int, rng: np.random.Generator, config: AnalogueConfig
) -> np.ndarray:
    """Draw seasons that follow the shapes of earlier ones, at any size and shifted by some weeks.

    Each earlier season gives a shape (its share of cases a week); a shape, a shift and a season's size make a course.
    Courses are drawn by their prior and by how likely they make what was seen: a negative binomial likelihood, tempered
    and forgetting with age, because no season is a true copy of another. The rest is simulated with an autoregressive
    error of the log rate and negative binomial noise.

    Parameters
    ----------
    history : SeasonHistory
        Seasons of fewer than ``config.least_cases`` cases give no shape.
    seen : array, shape (w,)
        Cases of the season's first w weeks, 0 <= w <= 52.
    draws : int
        How many seasons to draw, n.

    Returns
    -------
    array, shape (n, 52)
    """
    shapes, prior = _shifted_shapes(history, config)
    centre, sd = _level_prior(history.own, config)
    grid = np.linspace(-2.6, 2.6, config.levels)
    heavy = -(config.level_df + 1) / 2 * np.log1p(grid**2 / config.level_df)
    weight = prior[:, None] + heavy
    if len(seen):
        age = np.arange(len(seen))[::-1]
        mean = np.exp(centre + sd * grid)[None, :, None] * shapes[:, None, : len(seen)]
        fit = negative_binomial_loglik(seen, mean, config.fit_dispersion)
        weight = weight + config.temper * fit @ config.forget**age
    chosen, level = np.unravel_index(_systematic(np.exp(weight - weight.max()).ravel(), draws, rng), weight.shape)
    # Within a step of the grid of sizes, any size is as likely.
    size = np.exp(centre + sd * (grid[level] + rng.uniform(-0.5, 0.5, draws) * (grid[1] - grid[0])))
    rate = size[:, None] * shapes[chosen, len(seen) :] * np.exp(_drift(draws, SEASON_WEEKS - len(seen), rng, config))
    return _complete(seen, counts(rate, config.count_dispersion, rng))


def _shifted_shapes(history: SeasonHistory, config: AnalogueConfig) -> tuple[np.ndarray, np.ndarray]:
    """Shapes (K, 52), each with sum 1 and never 0, and the logarithm of their prior weights (K,)."""
    own, other = (_with_cases(rows, config.least_cases) for rows in (history.own, history.other))
    if not len(own) + len(other):
        raise ValueError(f"no earlier season has {config.least_cases} cases or more: there is no shape to follow")
    rows = smooth(np.vstack([own, other]), config.smooth_weeks)
    rows = rows / rows.sum(1, keepdims=True) + config.flat_share / SEASON_WEEKS
    weight = np.log(np.r_[np.ones(len(own)), np.full(len(other), config.other_weight)])
    reach = config.widest_shift
    shifts = np.arange(-reach, reach + 1, config.shift_step)
    padded = np.pad(rows, ((0, 0), (reach, reach)), mode="edge")
    moved = np.stack([padded[:, reach - s : reach - s + SEASON_WEEKS] for s in shifts], axis=1)
    prior = weight[:, None] - 0.5 * (shifts / config.shift_sd) ** 2
    return (moved / moved.sum(-1, keepdims=True)).reshape(-1, SEASON_WEEKS), prior.ravel()


def _level_prior(own: np.ndarray, config: AnalogueConfig) -> tuple[float, float]:
    """Centre and scale of the logarithm of a season's size; few seasons are no proof that sizes vary little."""
    sizes = np.log(_with_cases(own, config.least_cases).sum(1))
    if not len(sizes):
        raise ValueError(f"no earlier season of this city has {config.least_cases} cases or more")
    squares = ((sizes - sizes.mean()) ** 2).sum() * len(sizes) / max(len(sizes) - 1, 1)
    variance = (squares + config.level_sd_seasons * config.level_sd_prior**2) / (len(sizes) + config.level_sd_seasons)
    return float(sizes.mean()), config.level_sd_factor * float(np.sqrt(variance))


def _with_cases(rows: np.ndarray, least: int) -> np.ndarray:
    return rows[rows.sum(1) >= least]


def _systematic(weight: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draw indices in proportion to `weight`, evenly spread (systematic resampling)."""
    edges = np.cumsum(weight)
    points = (rng.random() + np.arange(draws)) / draws * edges[-1]
    return np.searchsorted(edges, points).clip(0, len(weight) - 1)


def _drift(draws: int, weeks: int, rng: np.random.Generator, config: AnalogueConfig) -> np.ndarray:
    """Autoregressive errors of the log rate that start at 0, shape (draws, weeks)."""
    steps = rng.normal(0, config.drift_sd, (draws, weeks))
    for week in range(1, weeks):
        steps[:, week] += config.drift_memory * steps[:, week - 1]
    return steps


# ---- log-Gaussian Cox process ------------------------------------------------------------------------------
def cox_paths(
    history: SeasonHistory, seen: np.ndarray, draws: int, rng: np.random.Generator, config: CoxConfig
) -> np.ndarray:
    """Draw seasons from a Gaussian process on the log rate, given last season and the weeks seen.

    Its mean is the city's mean season on the log scale, the shape of which is shrunk to the other city's; its
    covariance is a sum of a smooth (squared exponential), a rough and a slow (exponential) part. Counts are negative
    binomial; the posterior of the log rate is Laplace's approximation [1]_.

    Parameters and return as :func:`analogue_paths`.

    .. [1] Rasmussen, Williams (2006), Gaussian Processes for Machine Learning, MIT Press, algorithm 3.1.
    """
    season = _mean_log_rate(history, config)
    mean = np.r_[season, season]
    data = np.r_[history.own[-1], seen]
    lag = np.abs(np.subtract.outer(np.arange(2 * SEASON_WEEKS), np.arange(2 * SEASON_WEEKS)))
    covariance = (
        config.slow_variance * np.exp(-0.5 * (lag / config.slow_weeks) ** 2)
        + config.rough_variance * np.exp(-lag / config.rough_weeks)
        + config.level_variance * np.exp(-lag / config.level_weeks)
    )
    centre, spread = laplace(data, mean, covariance, config.dispersion)
    if len(seen) == SEASON_WEEKS:
        return np.tile(np.asarray(seen, float), (draws, 1))
    factor = np.linalg.cholesky(spread + 1e-6 * np.eye(len(spread)))
    half = rng.normal(size=((draws + 1) // 2, len(centre)))
    log_rate = centre + np.vstack([half, -half])[:draws] @ factor.T
    return _complete(seen, counts(np.exp(log_rate.clip(-6, 9)), config.dispersion, rng))


def laplace(
    data: np.ndarray, mean: np.ndarray, covariance: np.ndarray, dispersion: float
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the log rate after the data, by Laplace's approximation.

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
    tuple of arrays, shapes (N - n,), (N - n, N - n)
    """
    from scipy.linalg import cho_solve, solve_triangular

    n = len(data)
    prior = covariance[:n, :n] + 1e-6 * np.eye(n)
    f = np.log(data + 1)
    for _ in range(50):
        rate = np.exp(f.clip(-6, 9))
        gradient = data - (data + dispersion) * rate / (dispersion + rate)
        root = np.sqrt(dispersion * rate * (data + dispersion) / (dispersion + rate) ** 2)
        factor = np.linalg.cholesky(np.eye(n) + root[:, None] * prior * root)
        b = root**2 * (f - mean[:n]) + gradient
        a = b - root * cho_solve((factor, True), root * (prior @ b))
        step = mean[:n] + prior @ a - f
        f = f + step.clip(-1.5, 1.5)  # a whole Newton step may overshoot where counts are 0
        if np.abs(step).max() < 1e-6:
            break
    across = covariance[n:, :n]
    v = solve_triangular(factor, root[:, None] * across.T, lower=True)
    return mean[n:] + across @ a, covariance[n:, n:] - v.T @ v


def _mean_log_rate(history: SeasonHistory, config: CoxConfig) -> np.ndarray:
    """The city's mean season on the log scale, its shape shrunk to the other city's; shape (52,)."""

    def curve(rows: np.ndarray) -> np.ndarray:
        return smooth(np.log(smooth(rows, 1.0) + 0.5), config.smooth_weeks).mean(0)

    own, other = (_with_cases(rows, config.least_cases) for rows in (history.own, history.other))
    if not len(own):
        raise ValueError(f"no earlier season of this city has {config.least_cases} cases or more")
    mean = curve(own)
    if not len(other):
        return mean
    foreign, share = curve(other), len(own) / (len(own) + config.shape_seasons)
    return mean.mean() + share * (mean - mean.mean()) + (1 - share) * (foreign - foreign.mean())


def _complete(seen: np.ndarray, rest: np.ndarray) -> np.ndarray:
    return np.hstack([np.broadcast_to(np.asarray(seen, float), (len(rest), len(seen))), rest])
