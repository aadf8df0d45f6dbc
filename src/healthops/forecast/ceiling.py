"""How many will ever come: the ceiling of coverage, from the way in which demand falls as people are reached.

Who removes a share r of those who are left each week sees the weekly number fall in a straight line against the number
removed so far; the line meets zero at all there were. Fisheries have estimated stocks so since Leslie & Davis (1939),
An attempt to determine the absolute number of rats on a given area, Journal of Animal Ecology 8: 94-113. Here the
removed are the vaccinated, and those there were are the willing. What the fall does not tell of a place, the other
places (or a survey) do: an empirical-Bayes prior on the log-odds of its ceiling.

A ceiling is of those whom the campaign speaks to today. A new age group, a mandate or a wave of disease moves it, and
no fall of the past tells of that; :func:`drifted` widens the interval by how far the places' ceilings moved before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, ndtri

#: Weeks whose fall is read.
WINDOW = 12
#: Levels of a :class:`Ceiling`.
LEVELS = (0.05, 0.5, 0.95)
#: Candidates for a ceiling between what is reached and everybody; shares next to 0 and 1.
_GRID, _EDGE = 60, 0.005
#: Least and most standard deviation of the log-odds between places.
_BETWEEN = (0.05, 1.5)


class CeilingError(ValueError):
    """A ceiling cannot be estimated from what was given; the message says what and the remedy."""


@dataclass(frozen=True)
class Ceiling:
    """Posterior of the share of each place that will ever come.

    Attributes
    ----------
    share : array, shape (P, 3)
        Quantiles at :data:`LEVELS`, 0 to 1, at least what is reached.
    centre, between : float
        Mean and standard deviation of the log-odds among places: the prior.
    """

    share: np.ndarray
    centre: np.ndarray
    between: float


def of_regions(pace: np.ndarray, coverage: np.ndarray, *, window: int = WINDOW) -> Ceiling:
    """Ceilings of places that share no survey, from the fall of their pace in the last `window` weeks.

    The prior's mean is that of the places where the fall is steep enough to tell.

    Parameters
    ----------
    pace : array, shape (P, T)
        People who came in the week, share of all; NaN where not told.
    coverage : array, shape (P, T)
        Share reached at the end of the week.
    """
    _require(pace, coverage)
    now = coverage[:, -1]
    grid = _candidates(now)
    before = np.concatenate([np.full((len(coverage), 1), np.nan), coverage[:, :-1]], axis=1)
    loglik = _fall(pace[:, -window:], before[:, -window:], grid)
    return _pooled(loglik, grid, now, survey=None)


def of_groups(
    wanted: np.ndarray, reached: np.ndarray, people: np.ndarray, survey: np.ndarray, group: np.ndarray
) -> Ceiling:
    """Ceilings of districts' groups, from recorded demand and a survey of willingness.

    In a week, the same share of those who are willing and not reached wants a dose in every district of a group
    (Poisson); the share of each week is the one under which the group's demand adds up. So the fall tells how districts
    differ, and the survey at which level they are: if its errors are independent with the spread that is found, the
    level of n districts is off by that spread over the root of n, which the intervals hold as well.

    Parameters
    ----------
    wanted, reached : array, shape (P, T)
        People who wanted a first dose in the week; people with one at its end.
    people : array, shape (P,)
    survey : array, shape (P,)
        Share that says it will come.
    group : array, shape (P,)
    """
    if not (people > 0).all():
        raise CeilingError(f"row {int(np.argmin(people > 0))} has nobody: leave groups without people out")
    _require(wanted / people[:, None], reached / people[:, None])
    now = np.clip(reached[:, -1] / people, 0, 1)
    grid = _candidates(now)
    before = np.concatenate([np.zeros((len(people), 1)), reached[:, :-1]], axis=1)
    kind = np.unique(group, return_inverse=True)[1]
    share = np.maximum(survey, now + _EDGE)
    for _ in range(8):
        left = np.maximum(share[:, None] * people[:, None] - before, 0.5)
        rate = np.stack([np.bincount(kind, w) for w in wanted.T], 1) / np.stack(
            [np.bincount(kind, x) for x in left.T], 1
        )
        loglik = np.zeros(grid.shape)
        for t in range(wanted.shape[1]):
            mean = rate[kind, t, None] * np.maximum(grid * people[:, None] - before[:, t, None], 0.5)
            loglik += wanted[:, t, None] * np.log(np.maximum(mean, 1e-12)) - mean
        found = _pooled(loglik, grid, now, survey=survey)
        share = found.share[:, 1]
    return drifted(found, now, found.between / np.sqrt(np.bincount(kind)[kind]))


def from_survey(reached: np.ndarray, survey: np.ndarray, *, between: float) -> Ceiling:
    """Ceilings where nobody recorded demand: the survey, as uncertain as places differ; at least what is reached.

    Parameters
    ----------
    reached, survey : array, shape (P,)
        Shares.
    between : float
        Standard deviation of the log-odds of a ceiling about what the survey says.
    """
    if not between > 0:
        raise CeilingError(f"between must be above 0, not {between:g}: it is the standard deviation of a log-odds")
    centre = logit(np.clip(survey, _EDGE, 1 - _EDGE))
    share = expit(centre[:, None] + between * ndtri(LEVELS))
    return Ceiling(np.maximum(share, np.clip(reached, 0, 1)[:, None]), centre, between)


def drifted(ceiling: Ceiling, reached: np.ndarray, drift: float | np.ndarray) -> Ceiling:
    """Widen the interval of a ceiling by a standard deviation `drift` of its log-odds, of all places or of each, (P,).

    Variances add; the median stays.
    """
    odds = logit(np.clip(ceiling.share, _EDGE, 1 - _EDGE))
    added = np.broadcast_to(drift, len(odds))[:, None] * np.abs(ndtri(LEVELS))
    reach = odds[:, [1]] + np.sign(odds - odds[:, [1]]) * np.hypot(odds - odds[:, [1]], added)
    share = np.clip(expit(reach), np.clip(reached, 0, 1)[:, None], None)
    share[:, 1] = ceiling.share[:, 1]
    return Ceiling(np.maximum.accumulate(share, axis=1), ceiling.centre, ceiling.between)


def drift_so_far(pace: np.ndarray, coverage: np.ndarray, *, step: int, ahead: int, window: int = WINDOW) -> float:
    """How far ceilings moved so far, scaled to `ahead` weeks: the root mean square change of their log-odds.

    Ceilings are estimated every `step` weeks up to the newest; their changes add up like a random walk.
    """
    weeks = np.arange(pace.shape[1], window, -step)[::-1]
    if len(weeks) < 2:
        return 0.0
    told = [t for t in weeks if np.isfinite(coverage[:, t - 1]).all()]
    middle = [of_regions(pace[:, :t], coverage[:, :t], window=window).share[:, 1] for t in told]
    odds = logit(np.clip(middle, _EDGE, 1 - _EDGE))
    return float(np.sqrt(np.nanmean(np.diff(odds, axis=0) ** 2) * ahead / step)) if len(odds) > 1 else 0.0


# ---- within -----------------------------------------------------------------------------------------------------


def _require(pace: np.ndarray, coverage: np.ndarray) -> None:
    if pace.shape != coverage.shape or pace.ndim != 2:
        raise CeilingError(
            f"pace and coverage have shapes {pace.shape} and {coverage.shape}: give both by place and week"
        )
    if (coverage < 0).any() or not np.isfinite(coverage[:, -1]).all():
        place = int(np.argmax((coverage < 0).any(axis=1) | ~np.isfinite(coverage[:, -1])))
        raise CeilingError(f"row {place}: coverage is negative, or not known in the last week; leave the place out")


def _candidates(now: np.ndarray) -> np.ndarray:
    """Possible ceilings of each place, from just above what is reached to (nearly) everybody; shape (P, G)."""
    top = np.maximum(1.0, now + 10 * _EDGE)
    return now[:, None] + (top - now)[:, None] * np.linspace(0.5 / _GRID, 1 - 0.5 / _GRID, _GRID)


def _fall(pace: np.ndarray, before: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Log-likelihood of each candidate, shape (P, G): log pace = log r + log(ceiling - before) + noise, r profiled."""
    known = np.isfinite(pace) & np.isfinite(before) & (pace > 0)
    left = np.log(np.maximum(grid[:, :, None] - before[:, None, :], 1e-4))
    gap = np.where(known, np.log(np.maximum(pace, 1e-6)), np.nan)[:, None, :] - left
    count = known.sum(axis=1)[:, None]
    mean = np.nansum(gap, axis=-1) / np.maximum(count, 1)
    squares = np.nansum((gap - mean[..., None]) ** 2, axis=-1)
    # The profile of a normal error; a few weeks of smooth numbers must not claim to know the ceiling to a hair.
    return np.where(count >= 4, -0.5 * count * np.log(squares + 0.02 * np.maximum(count, 1)), 0.0)


def _pooled(loglik: np.ndarray, grid: np.ndarray, now: np.ndarray, *, survey: np.ndarray | None) -> Ceiling:
    """Posterior under a normal prior of the log-odds; its mean (or the survey) and spread are those of all places."""
    odds = logit(np.clip(grid, _EDGE, 1 - _EDGE))
    alone = _normalised(loglik)
    mean = (alone * odds).sum(axis=1)
    told = 1 / np.maximum((alone * (odds - mean[:, None]) ** 2).sum(axis=1), 1e-4)
    centre = (
        np.full(len(grid), np.average(mean, weights=told))
        if survey is None
        else logit(np.clip(survey, _EDGE, 1 - _EDGE))
    )
    between = 0.5
    for _ in range(12):
        posterior = _normalised(loglik - 0.5 * ((odds - centre[:, None]) / between) ** 2)
        mean = (posterior * odds).sum(axis=1)
        spread = (posterior * (odds - mean[:, None]) ** 2).sum(axis=1)
        if survey is None:
            centre = np.full(len(grid), mean.mean())
        between = float(np.clip(np.sqrt(np.mean((mean - centre) ** 2 + spread)), *_BETWEEN))
    at = np.cumsum(posterior, axis=1)
    half = (grid[:, 1] - grid[:, 0]) / 2
    share = np.stack([
        [np.interp(level, np.concatenate([[0], at[p]]), np.concatenate([[grid[p, 0] - half[p]], grid[p] + half[p]]))
         for level in LEVELS] for p in range(len(grid))
    ])  # fmt: skip
    return Ceiling(np.maximum(share, np.minimum(now, 1.0)[:, None]), centre, between)


def _normalised(logs: np.ndarray) -> np.ndarray:
    weight = np.exp(logs - logs.max(axis=1, keepdims=True))
    return weight / weight.sum(axis=1, keepdims=True)
