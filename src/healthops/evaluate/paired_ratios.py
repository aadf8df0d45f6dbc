"""Ratios of sums and their differences between ways of deciding, with intervals over days and sessions within them.

Sessions of a day share its weather and its season: days are drawn anew, and sessions within each (Davison and Hinkley
1997, Bootstrap Methods and their Application, section 3.8). All ways are played on the same sessions, so that one draw
of sessions serves all of them, and a difference has the interval of pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Estimate:
    """A value, and the ends of its interval."""

    value: float
    low: float
    high: float

    @property
    def sure(self) -> int:
        """1 where the whole interval is above 0, -1 where it is below, else 0."""
        return int(self.low > 0) - int(self.high < 0)


def resample(days: int, sessions: int, *, draws: int, rng: np.random.Generator) -> np.ndarray:
    """How often each session of each day is in each draw of the bootstrap, shape (draws, days, sessions).

    Raises
    ------
    ValueError
        If nothing is to be drawn.

    Examples
    --------
    >>> resample(3, 2, draws=4, rng=np.random.default_rng(1)).sum(axis=(1, 2)).tolist()
    [6, 6, 6, 6]
    """
    if min(days, sessions, draws) < 1:
        raise ValueError(f"{draws} draws of {days} days of {sessions} sessions: give at least one of each")
    day = rng.integers(days, size=(draws, days, 1))
    session = rng.integers(sessions, size=(draws, days, sessions))
    cell = (np.arange(draws)[:, None, None] * days + day) * sessions + session
    return np.bincount(cell.ravel(), minlength=draws * days * sessions).reshape(draws, days, sessions)


def ratio(above: np.ndarray, below: np.ndarray, counts: np.ndarray, *, level: float = 0.95) -> Estimate:
    """Sum of `above` over sum of `below`, both of shape (days, sessions)."""
    return _estimate(*_ratios(above, below, counts), level)


def difference(
    ours: tuple[np.ndarray, np.ndarray],
    theirs: tuple[np.ndarray, np.ndarray],
    counts: np.ndarray,
    *,
    relative: bool = False,
    level: float = 0.95,
) -> Estimate:
    """Our ratio less theirs, or in % of theirs; each is a pair of arrays (above, below) of shape (days, sessions)."""
    (a, a_drawn), (b, b_drawn) = _ratios(*ours, counts), _ratios(*theirs, counts)
    if relative:
        return _estimate(100 * (_over(a, b) - 1), 100 * (_over(a_drawn, b_drawn) - 1), level)
    return _estimate(a - b, a_drawn - b_drawn, level)


def quotient(
    ours: tuple[np.ndarray, np.ndarray],
    theirs: tuple[np.ndarray, np.ndarray],
    counts: np.ndarray,
    *,
    level: float = 0.95,
) -> Estimate:
    """Our ratio over theirs, as the wait of a group over that of another."""
    (a, a_drawn), (b, b_drawn) = _ratios(*ours, counts), _ratios(*theirs, counts)
    return _estimate(_over(a, b), _over(a_drawn, b_drawn), level)


def at_equal_hours(
    ours: tuple[np.ndarray, np.ndarray],
    theirs: tuple[np.ndarray, np.ndarray],
    counts: np.ndarray,
    *,
    level: float = 0.95,
) -> Estimate:
    """What our way lacks more than theirs, in % of theirs, with as many hours of staff.

    Each way is a pair (hours of staff, hours lacking) of shape (levels, weeks): the same way at several levels of
    generosity. Between its levels the logarithm of what a way lacks is interpolated. Each level of either way that the
    other's reach is compared with what the other lacks there, and the mean is taken of the logarithms of the ratios: a
    chord lies on one side of a curve, and what that does to one way it does to the other.

    Parameters
    ----------
    counts : array of int, shape (draws, weeks)
        How often each week is in each draw of the bootstrap.

    Returns
    -------
    Estimate
        NaN where no level of either lies between the other's, or nothing lacks.
    """

    def more(weights: np.ndarray) -> float:
        sums = [[values @ weights for values in way] for way in (ours, theirs)]
        if min(lack.min() for _, lack in sums) <= 0:
            return np.nan
        found = []
        for sign, (staff, lack), (its, other) in ((1, *sums), (-1, *sums[::-1])):
            between = (staff >= its.min()) & (staff <= its.max())
            order = np.argsort(its)
            with_as_many = np.interp(staff[between], its[order], np.log(other[order]))
            found += list(sign * (np.log(lack[between]) - with_as_many))
        return float(100 * np.expm1(np.mean(found))) if found else np.nan

    value = more(np.ones(counts.shape[1]))
    return _estimate(value, np.array([more(weights) for weights in counts]), level)


def _ratios(above: np.ndarray, below: np.ndarray, counts: np.ndarray) -> tuple[float, np.ndarray]:
    above, below = np.asarray(above, float), np.asarray(below, float)
    if not above.shape == below.shape == counts.shape[1:]:
        raise ValueError(f"sums of shapes {above.shape} and {below.shape}, drawn {counts.shape[1:]}: pair them")
    sums = [np.tensordot(counts, values, axes=([1, 2], [0, 1])) for values in (above, below)]
    return _over(above.sum(), below.sum()), _over(*sums)


def _over(a, b):
    return np.divide(a, b, out=np.full_like(np.asarray(a, float), np.nan), where=np.asarray(b) != 0)


def _estimate(value, drawn: np.ndarray, level: float) -> Estimate:
    known = drawn[np.isfinite(drawn)]
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2]) if len(known) else (np.nan, np.nan)
    return Estimate(float(value), float(low), float(high))
