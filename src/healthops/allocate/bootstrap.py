"""Intervals for paired differences between policies, by blocks of weeks and, where asked for, of places.

Weeks that follow one another are alike, so that single weeks must not be drawn on their own: each draw takes circular
blocks of weeks (Politis & Romano 1992), the same for both policies. Districts are the whole country, not a sample of
it, and they share one supply, so that a gain in one is paid for by another: drawing some of them tears that apart.
Draw them (by groups) only where policies do not share a supply between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from healthops.evaluate.bootstrap import circular_blocks


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of its interval."""

    estimate: float
    low: float
    high: float

    def in_words(self, ours: str, theirs: str) -> str:
        """Say whether `ours` left less unmet than `theirs`, or that it cannot be told.

        >>> Interval(3.0, 1.0, 5.0).in_words("the plan", "sharing by population")
        'the plan left 3.0 % less need unmet than sharing by population (95 % interval 1.0 to 5.0 %)'
        """
        if self.low > 0:
            said = f"{ours} left {self.estimate:.1f} % less need unmet than {theirs}"
        elif self.high < 0:
            said = f"{ours} left {-self.estimate:.1f} % more need unmet than {theirs}"
        else:
            more = "less" if self.estimate >= 0 else "more"
            return (
                f"{ours} left {abs(self.estimate):.1f} % {more} need unmet than {theirs}, which chance alone could "
                f"explain (95 % interval of the saving {self.low:.1f} to {self.high:.1f} %)"
            )
        ends = sorted((abs(self.low), abs(self.high)))
        return f"{said} (95 % interval {ends[0]:.1f} to {ends[1]:.1f} %)"


def saved(
    unmet: np.ndarray,
    baseline: np.ndarray,
    *,
    rng: np.random.Generator,
    groups: np.ndarray | None = None,
    block: int = 6,
    draws: int = 2000,
    level: float = 0.95,
) -> Interval:
    """Unmet need that a policy saves against a baseline, in % of the baseline's, with its interval.

    Parameters
    ----------
    unmet, baseline : array of float, shape (T, P)
        Unmet need of both in the same T weeks and P districts.
    rng : numpy.random.Generator
        Where the draws come from.
    groups : array, shape (P,), optional
        Draw these groups of districts whole, as well as the weeks; without it all districts are in every draw.
    block : int
        Weeks in a block; shorter where there are fewer weeks.
    draws : int
        Number of draws.
    level : float
        Chance of the interval, by its percentiles.
    """
    labels = np.zeros(unmet.shape[1], int) if groups is None else np.asarray(groups).astype(str)
    names, member = np.unique(labels, return_inverse=True)
    indicator = np.eye(len(names))[member]
    ours, theirs = unmet @ indicator, baseline @ indicator
    drawn = circular_blocks(len(unmet), block=min(block, len(unmet)), draws=draws, rng=rng)
    weeks = _tally(drawn, len(unmet))
    places = _tally(rng.integers(len(names), size=(draws, len(names))), len(names))
    a = ((weeks @ ours) * places).sum(axis=1)
    b = ((weeks @ theirs) * places).sum(axis=1)
    ratios = _percent(a, b)
    low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(_percent(ours.sum(), theirs.sum())), float(low), float(high))


def _percent(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    theirs = np.asarray(theirs, float)
    return 100 * np.divide(theirs - ours, theirs, out=np.zeros_like(theirs), where=theirs > 0)


def _tally(drawn: np.ndarray, count: int) -> np.ndarray:
    out = np.zeros((len(drawn), count))
    np.add.at(out, (np.arange(len(drawn))[:, None], drawn), 1.0)
    return out
