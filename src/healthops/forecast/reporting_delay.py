"""How much the newest reports of a weekly count will still grow, learnt from how earlier ones did (chain ladder)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from healthops.data.flusight_files import Vintage

_WEEK = np.timedelta64(7, "D")
#: Growth of a report from one vintage to the next that is believed, as a logarithm.
_BELIEVED = (-0.5, 0.7)


@dataclass(frozen=True)
class DelayParameters:
    """Settings of :func:`corrected`.

    Attributes
    ----------
    ages : int
        Newest weeks that are corrected.
    vintages : int
        Pairs of consecutive vintages that are looked at.
    shrinkage : float
        How many of its own reports the growth over all places is worth to a place.
    trim : float
        Share of the weight that is left out at either end of the growth over all places.
    cap : float
        Largest factor.
    """

    ages: int = 4
    vintages: int = 5
    shrinkage: float = 6.0
    trim: float = 0.2
    cap: float = 1.35

    def __post_init__(self) -> None:
        if self.ages < 1 or self.vintages < 1 or self.shrinkage <= 0 or not 0 <= self.trim < 0.5 or self.cap < 1:
            raise ValueError(f"ages, vintages >= 1, shrinkage > 0, 0 <= trim < 0.5, cap >= 1, not {self}")


def corrected(history: Sequence[Vintage], parameters: DelayParameters | None = None) -> np.ndarray:
    """Admissions of the newest vintage, its last weeks raised by how much earlier reports of the same age grew.

    Only upward: what fell before did not say what would fall (a correction both ways scored worse).

    Parameters
    ----------
    history : sequence of Vintage
        Oldest first. A place that an earlier one lacks is corrected by what the others tell.

    Returns
    -------
    array, shape (P, T)
    """
    p = parameters or DelayParameters()
    newest = history[-1]
    history = [_for_places(vintage, newest) for vintage in history]
    out = newest.admissions.copy()
    steps = np.stack([growth(history, age, p) for age in range(p.ages)], axis=1)
    factors = np.clip(np.cumprod(steps[:, ::-1], axis=1)[:, ::-1], 1.0, p.cap)
    ages = min(p.ages, out.shape[1])
    out[:, out.shape[1] - ages :] *= factors[:, :ages][:, ::-1]
    return out


def growth(history: Sequence[Vintage], age: int, p: DelayParameters) -> np.ndarray:
    """Factor by which reports `age` weeks old grow until the next vintage; shape (P,).

    A trimmed mean over states and vintages, weighted by the root of the count, towards which each place is shrunk.
    """
    pairs = [pair for j in range(max(1, len(history) - p.vintages), len(history)) if (pair := _pair(history, j, age))]
    if not pairs:
        return np.ones(len(history[-1].locations))
    before, after = (np.stack(side) for side in zip(*pairs, strict=True))
    seen = (before > 0) & (after > 0)
    rate = np.clip(np.log(np.where(seen, after, 1.0) / np.where(seen, before, 1.0)), *_BELIEVED)
    states = seen & (np.array(history[-1].locations) != "US")
    overall = trimmed_mean(rate[states], np.sqrt(before[states]), p.trim)
    count = seen.sum(axis=0)
    return np.exp((np.where(seen, rate, 0.0).sum(axis=0) + p.shrinkage * overall) / (count + p.shrinkage))


def _pair(history: Sequence[Vintage], j: int, age: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Reports `age` weeks old in the vintage before `j`, and what `j` says of the same week; None if not comparable."""
    before, after = history[j - 1], history[j]
    # The week must have been reported as new within the same run of vintages: after a pause of reporting the first
    # file does not hold first reports.
    first = j - 1 - max(age, 1)
    gapless = first >= 0 and before.reference_date - history[first].reference_date <= (max(age, 1) + 1) * _WEEK
    if after.weeks[-1] != before.weeks[-1] + _WEEK or not gapless or len(before.weeks) <= age:
        return None
    at = np.searchsorted(after.weeks, before.weeks[-1 - age])
    return before.admissions[:, -1 - age], after.admissions[:, at]


def _for_places(vintage: Vintage, newest: Vintage) -> Vintage:
    """`vintage` with the places of the newest, in its order; NaN for one that it lacks."""
    if vintage.locations == newest.locations:
        return vintage
    admissions = np.full((len(newest.locations), len(vintage.weeks)), np.nan)
    for p, place in enumerate(newest.locations):
        if place in vintage.locations:
            admissions[p] = vintage.admissions[vintage.locations.index(place)]
    return replace(vintage, locations=newest.locations, admissions=admissions, population=newest.population)


def trimmed_mean(values: np.ndarray, weights: np.ndarray, trim: float) -> float:
    """Weighted mean without the `trim` share of the weight at either end; 0 where nothing is left.

    >>> trimmed_mean(np.array([0.0, 1.0, 2.0, 50.0]), np.ones(4), 0.25)
    1.5
    """
    if not len(values):
        return 0.0
    order = np.argsort(values, kind="stable")
    v, w = values[order], weights[order]
    share = np.cumsum(w) / w.sum()
    keep = (share > trim) & (share - w / w.sum() < 1 - trim)
    return float(np.average(v[keep], weights=w[keep])) if keep.any() and w[keep].sum() > 0 else 0.0
