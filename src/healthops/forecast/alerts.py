"""Weekly outbreak alerts: will a place leave its endemic channel?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from healthops.features.calendar import YEAR_WEEKS
from healthops.forecast.base import LEVELS, Panel
from healthops.forecast.cube import Cube


@dataclass(frozen=True)
class Channel:
    """The endemic channel: the upper bound of what is usual in a week of the year [1]_.

    Attributes
    ----------
    quantile : float
        Upper bound as a quantile of the same weeks of past years.
    half_width : int
        Weeks before and after that count as the same.
    skip_highest : int
        Years with the most cases that are left out as epidemic ones (as long as three remain).
    years : int
        Past years looked at.
    least_cases : float
        An outbreak has more cases than this, however quiet the past was.

    .. [1] Bortman (1999), Elaboración de corredores o canales endémicos mediante planillas de cálculo,
       Revista Panamericana de Salud Pública 5(1): 1-8.
    """

    quantile: float = 0.75
    half_width: int = 2
    skip_highest: int = 1
    years: int = 7
    least_cases: float = 4.0

    def threshold(self, panel: Panel, horizons: tuple[int, ...]) -> np.ndarray:
        """Upper bound for the weeks after the last week of `panel`, from its past alone; shape (P, H)."""
        places, last = panel.cases.shape[0], panel.cases.shape[1] - 1
        out = np.empty((places, len(horizons)))
        around = np.arange(-self.half_width, self.half_width + 1)
        for j, h in enumerate(horizons):
            # One row a past year: the weeks around the target week of that year.
            back = [np.round(YEAR_WEEKS * k).astype(int) for k in range(1, self.years + 1)]
            at = np.array([last + h - b + around for b in back])
            at = at[(at >= 0).all(axis=1) & (at <= last).all(axis=1)]
            if not len(at):
                out[:, j] = self.least_cases
                continue
            usual = self._without_epidemics(panel.cases[:, at])
            known = ~np.isnan(usual)
            filled = np.where(known.any(axis=1, keepdims=True), usual, 0.0)
            out[:, j] = np.nanquantile(filled, self.quantile, axis=1)
        return np.maximum(out, self.least_cases)

    def _without_epidemics(self, cases: np.ndarray) -> np.ndarray:
        """Drop the highest years of each place; from shape (P, years, weeks) to (P, values)."""
        known = ~np.isnan(cases)
        total = np.where(known, cases, 0.0).sum(axis=-1) / np.maximum(known.sum(axis=-1), 1)
        drop = max(0, min(self.skip_highest, cases.shape[1] - 3))
        keep = np.sort(np.argsort(total, axis=1, kind="stable")[:, : cases.shape[1] - drop], axis=1)
        return np.take_along_axis(cases, keep[..., None], axis=1).reshape(len(cases), -1)


def exceedance(quantiles: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    """Chance that a forecast exceeds `threshold`, straight between its quantiles.

    Parameters
    ----------
    quantiles : array, shape (..., 23)
    threshold : array, shape (...)

    Returns
    -------
    array, shape (...)
        Beyond the outermost quantiles half of the level that is left.
    """
    below = (quantiles <= threshold[..., None]).sum(axis=-1)
    low, high = np.clip(below - 1, 0, len(LEVELS) - 1), np.clip(below, 0, len(LEVELS) - 1)
    q0 = np.take_along_axis(quantiles, low[..., None], axis=-1)[..., 0]
    q1 = np.take_along_axis(quantiles, high[..., None], axis=-1)[..., 0]
    gap = np.where(q1 > q0, q1 - q0, 1.0)
    cdf = LEVELS[low] + (LEVELS[high] - LEVELS[low]) * np.where(q1 > q0, (threshold - q0) / gap, 0.0)
    cdf = np.where(below == 0, LEVELS[0] / 2, cdf)
    cdf = np.where(below == len(LEVELS), (1 + LEVELS[-1]) / 2, cdf)
    return np.clip(1.0 - cdf, 0.0, 1.0)


def outbreak_alerts(
    panel: Panel, cube: Cube, model: str, *, channel: Channel | None = None, chance: float = 0.5
) -> pd.DataFrame:
    """Say for each forecast of `model` whether it rises above the endemic channel, and what came.

    Parameters
    ----------
    panel : Panel
        The whole series; the channel of each origin is learnt from `panel.until(origin)`.
    chance : float
        An alert is raised when the forecast chance of exceeding the channel is at least this.

    Returns
    -------
    DataFrame
        Table ``outbreak_alerts``: the tasks whose outcome is known.
    """
    channel = channel or Channel()
    threshold = np.stack([channel.threshold(panel.until(o), cube.horizons) for o in cube.origins])
    probability = exceedance(cube.quantiles[model], threshold)
    keys = cube.frame([model])[["model", "reference_date", "horizon", "target_end_date", "location", "observed"]]
    table = keys.assign(
        threshold=threshold.reshape(-1),
        probability=probability.reshape(-1),
        alert=(probability >= chance).reshape(-1),
        outbreak=(cube.observed > threshold).reshape(-1),
    )
    return table[table["observed"].notna()].drop(columns="observed").reset_index(drop=True)


def persistence_alerts(panel: Panel, cube: Cube, *, channel: Channel | None = None) -> pd.DataFrame:
    """The alert that needs no model: the last week was above the channel, so the next ones will be."""
    channel = channel or Channel()
    filled = panel.filled()
    at = np.searchsorted(panel.weeks, cube.origins)
    last = np.repeat(filled[:, at].T[:, :, None, None], len(LEVELS), axis=-1)
    quantiles = np.repeat(last, len(cube.horizons), axis=2)
    return outbreak_alerts(panel, cube.with_model("last week", quantiles), "last week", channel=channel)
