"""Calibration while time goes on: level and width of a forecast are set by how the last year's forecasts did.

At each origin only tasks whose target week had ended by then are looked at, for each step ahead with its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from healthops.evaluate.scores import wis_log1p
from healthops.forecast.base import LEVELS

#: Factors of the level and of the width that are tried.
LEVEL_FACTORS = np.exp(np.round(np.arange(-0.2, 0.41, 0.04), 2))
WIDTH_FACTORS = np.round(np.arange(0.70, 1.31, 0.05), 2)
_MEDIAN, _LOW, _HIGH = (int(np.argmin(np.abs(LEVELS - level))) for level in (0.5, 0.05, 0.95))
#: Coverage that the interval between the last two should have.
_COVERAGE = 0.9


@dataclass(frozen=True)
class RollingParameters:
    """Settings of :func:`rolling_factors`.

    Attributes
    ----------
    window : int
        Past origins that are looked at, counted from the last whose target is known.
    prior : float
        How many origins the start, both factors 1, is worth.
    neighbours : int
        Steps ahead on either side that are judged together.
    """

    window: int = 13
    prior: float = 6.0
    neighbours: int = 1

    def __post_init__(self) -> None:
        if self.window < 1 or self.prior < 0 or self.neighbours < 0:
            raise ValueError(f"window must be at least 1, prior and neighbours not negative: {self}")


def rolling_factors(
    quantiles: np.ndarray,
    observed: np.ndarray,
    origins: np.ndarray,
    horizons: Sequence[int],
    parameters: RollingParameters | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Choose the factors of level and width at each origin and step ahead from the past origins.

    The level's is the one with the least WIS of log(1 + cases); the width's then the one with which the 90 % interval
    covered nearest to 90 % of the tasks where cases came. Both are drawn towards 1 while the past is short.

    Parameters
    ----------
    quantiles : array, shape (O, P, H, 23)
        Forecasts of cases, not rounded and not calibrated.
    observed : array, shape (O, P, H)
        What came; NaN where it is not known.
    origins : array of datetime64[D], shape (O,)
        In order.
    horizons : sequence of int, length H
        Weeks ahead.

    Returns
    -------
    level, width : array, shape (O, H)
    """
    p = parameters or RollingParameters()
    losses, covers, came = _history(quantiles, observed)
    level, width = np.ones((2, len(origins), len(horizons)))
    for o, origin in enumerate(origins):
        age = (origin - origins).astype("timedelta64[D]").astype(int) / 7
        known = [np.flatnonzero(age >= h)[-p.window :] for h in horizons]
        for h in range(len(horizons)):
            near = range(max(0, h - p.neighbours), min(len(horizons), h + p.neighbours + 1))
            if not len(known[h]):
                continue
            trust = len(known[h]) / (len(known[h]) + p.prior)
            best = sum(losses[:, known[g], g].sum(axis=1) for g in near).argmin()
            level[o, h] = LEVEL_FACTORS[best] ** trust
            at = int(np.abs(np.log(LEVEL_FACTORS / level[o, h])).argmin())
            inside, all_ = (sum(a[..., known[g], g].sum(axis=-1) for g in near) for a in (covers[at], came))
            if all_ > 0:
                width[o, h] = 1 + trust * (WIDTH_FACTORS[np.abs(inside / all_ - _COVERAGE).argmin()] - 1)
    return level, width


def adjusted(quantiles: np.ndarray, level: np.ndarray | float, width: np.ndarray | float) -> np.ndarray:
    """Multiply `quantiles`, shape (O, P, H, 23), by `level` and widen them by `width` about the median.

    The width is that on the fourth-root scale. Factors have shape (O, H), or are one number; the result is whole.
    """
    level, width = (np.asarray(a)[:, None, :, None] if np.ndim(a) else a for a in (level, width))
    return _whole(quantiles * level, quantiles[..., _MEDIAN, None] * level, width)


def _whole(cases: np.ndarray, median: np.ndarray, width: np.ndarray | float) -> np.ndarray:
    roots, middle = np.maximum(cases, 0.0) ** 0.25, np.maximum(median, 0.0) ** 0.25
    return np.round(np.maximum(middle + (roots - middle) * width, 0.0) ** 4)


def _history(quantiles: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sums over places of the log WIS (L, O, H), of tasks covered (L, W, O, H), and of tasks where cases came (O, H).

    L and W are the factors of level and width; only tasks where cases came are counted as covered.
    """
    came = observed > 0
    losses = np.empty((len(LEVEL_FACTORS), len(observed), observed.shape[2]))
    covers = np.empty((len(LEVEL_FACTORS), len(WIDTH_FACTORS), *losses.shape[1:]))
    ends, median = quantiles[..., [_LOW, _HIGH]], quantiles[..., _MEDIAN, None]
    for i, level in enumerate(LEVEL_FACTORS):
        losses[i] = np.nansum(wis_log1p(adjusted(quantiles, level, 1.0), observed), axis=1)
        for j, width in enumerate(WIDTH_FACTORS):
            low, high = np.moveaxis(_whole(ends * level, median * level, width), -1, 0)
            covers[i, j] = (came & (low <= observed) & (observed <= high)).sum(axis=1)
    return losses, covers, came.sum(axis=1)
