"""Differences between ways of deciding that were played on the same draws, of scenarios that have many draws each.

Draws of one scenario share its supply, its shocks and its transmission: they are a cluster, and a thousand of them in
ten scenarios say no more of another scenario than ten do. So intervals draw scenarios anew, and draws within each
(Davison & Hinkley 1997, Bootstrap Methods and their Application, section 3.8).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Saving:
    """What one way saves beside another, and the ends of its interval."""

    estimate: float
    low: float
    high: float

    @property
    def sure(self) -> int:
        """1 where the whole interval is above 0, -1 where it is below, else 0."""
        return int(self.low > 0) - int(self.high < 0)


def paired_saving(
    ours: np.ndarray,
    theirs: np.ndarray,
    *,
    rng: np.random.Generator,
    relative: bool = True,
    draws: int = 2000,
    level: float = 0.95,
) -> Saving:
    """What `ours` has less than `theirs`, in % of theirs or in its unit.

    Parameters
    ----------
    ours, theirs : array of float, shape (S, E)
        The same outcome of E draws of each of S scenarios under both.
    rng : numpy.random.Generator
    relative : bool
        Whether in % of all of `theirs`; else the mean difference.
    draws : int
        Of the bootstrap.
    level : float
        Chance of the interval, by its percentiles.

    Raises
    ------
    ValueError
        If the shapes differ, or nothing is there.

    Examples
    --------
    >>> paired_saving(np.full((3, 4), 9.0), np.full((3, 4), 10.0), rng=np.random.default_rng(1))
    Saving(estimate=10.0, low=10.0, high=10.0)
    """
    a, b = np.asarray(ours, float), np.asarray(theirs, float)
    if a.shape != b.shape or a.ndim != 2 or a.size == 0:
        raise ValueError(f"outcomes have shapes {a.shape} and {b.shape}: give both as (scenarios, draws), paired")
    s, e = a.shape
    saved, base = np.zeros(draws), np.zeros(draws)
    for scenario in rng.integers(s, size=(s, draws)):
        times = rng.multinomial(e, np.full(e, 1 / e), size=draws)
        saved += ((b - a)[scenario] * times).sum(axis=1)
        base += (b[scenario] * times).sum(axis=1)
    if relative:
        total, ends = _percent((b - a).sum(), b.sum()), _percent(saved, base)
    else:
        total, ends = (b - a).mean(), saved / (s * e)
    low, high = np.quantile(ends, [(1 - level) / 2, (1 + level) / 2])
    return Saving(float(total), float(low), float(high))


def share_best(outcomes: np.ndarray) -> np.ndarray:
    """Share of the draws in which each way has the least; where several have, each gets its part.

    Parameters
    ----------
    outcomes : array of float, shape (ways, ...)

    Returns
    -------
    array of float, shape (ways,)

    Examples
    --------
    >>> share_best(np.array([[1.0, 2.0], [1.0, 3.0]])).tolist()
    [0.75, 0.25]
    """
    flat = np.asarray(outcomes, float).reshape(len(outcomes), -1)
    best = flat == flat.min(axis=0)
    return (best / best.sum(axis=0)).mean(axis=1)


def _percent(saved, base):
    return 100 * np.divide(saved, base, out=np.zeros_like(np.asarray(saved, float)), where=np.asarray(base) > 0)
