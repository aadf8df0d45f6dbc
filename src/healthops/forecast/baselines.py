"""Forecasts that cost nothing: what every other model must beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

import numpy as np

from healthops.features.calendar import YEAR_DAYS
from healthops.forecast.base import HORIZONS, LEVELS, Forecaster, Panel, PlaceScale


class HubBaseline(Forecaster):
    """The last value, with the spread of past differences made symmetric, as the forecast hubs do it [1]_.

    For horizon h the spread is that of the h-week differences of the place's own past, d and -d together, so that it
    grows with the horizon as the series itself did. The median is the last value; nothing falls below zero.

    Parameters
    ----------
    window : int, optional
        Weeks of past from which differences are taken; all of it by default.

    .. [1] Cramer et al. (2022), PNAS 119(15): e2113561119, "COVIDhub-baseline".
    """

    name = "hub-baseline"

    def __init__(self, *, window: int | None = None) -> None:
        self.window = window

    def fit(self, panel: Panel, *, seed: int) -> Self:
        """Learn nothing: differences come from the panel that is forecast."""
        return self

    def predict(self, panel: Panel, horizons: Sequence[int] = HORIZONS) -> np.ndarray:
        """Forecast from the last week of `panel`; shape (P, len(horizons), 23)."""
        cases = panel.cases if self.window is None else panel.cases[:, -self.window :]
        return by_differences(cases, panel.filled()[:, -1], horizons)


class RootBaseline(Forecaster):
    """The hub baseline on the fourth-root scale, where the spread grows with the level.

    The median is the last value still; differences are taken between fourth roots and put back.
    """

    name = "root-baseline"

    def fit(self, panel: Panel, *, seed: int) -> Self:
        """Learn nothing: differences come from the panel that is forecast."""
        return self

    def predict(self, panel: Panel, horizons: Sequence[int] = HORIZONS) -> np.ndarray:
        """Forecast from the last week of `panel`; shape (P, len(horizons), 23)."""
        # The rate's offset keeps the step from none to one case of the size that it has in the rate's root.
        scale = replace(PlaceScale.fit(panel.cases, panel.population), scale=np.ones(len(panel.places)))
        last = scale.forward(panel.filled()[:, -1:])[:, 0]
        return scale.backward(by_differences(scale.forward(panel.cases), last, horizons, least=-np.inf))


def by_differences(past: np.ndarray, last: np.ndarray, horizons: Sequence[int], *, least: float = 0.0) -> np.ndarray:
    """Quantiles of `last`, shape (P,), plus the h-week differences of `past`, (P, T), and their opposites.

    Returns
    -------
    array, shape (P, len(horizons), 23)
        At least `least`.
    """
    out = np.empty((len(past), len(horizons), len(LEVELS)))
    for j, h in enumerate(horizons):
        for p, row in enumerate(past[:, h:] - past[:, :-h]):
            seen = row[~np.isnan(row)]
            both = np.concatenate([seen, -seen]) if len(seen) else np.zeros(1)
            out[p, j] = last[p] + np.quantile(both, LEVELS)
    return np.maximum(out, least)


class SeasonalQuantiles(Forecaster):
    """Quantiles of the same weeks of past years, whatever happens now.

    Parameters
    ----------
    half_width : int
        Weeks before and after the target week that count as the same season.
    """

    name = "seasonal-quantiles"

    def __init__(self, *, half_width: int = 2) -> None:
        self.half_width = half_width

    def fit(self, panel: Panel, *, seed: int) -> Self:
        """Learn nothing: the past comes with the panel that is forecast."""
        return self

    def predict(self, panel: Panel, horizons: Sequence[int] = HORIZONS) -> np.ndarray:
        """Forecast from the last week of `panel`; shape (P, len(horizons), 23)."""
        out = np.empty((len(panel.places), len(horizons), len(LEVELS)))
        last = panel.weeks[-1].astype("datetime64[D]")
        for j, h in enumerate(horizons):
            ago = (last + np.timedelta64(7 * h, "D") - panel.weeks).astype(float)
            years = np.round(ago / YEAR_DAYS)
            # The weeks just before the target week are near it as well, but they are the present, not a past year.
            near = (years >= 1) & (np.abs(ago - years * YEAR_DAYS) <= 7 * self.half_width + 3.5)
            # A past that holds no such week yet: all of it.
            rows = panel.cases[:, near] if near.any() else panel.cases
            for p, row in enumerate(rows):
                seen = row[~np.isnan(row)]
                out[p, j] = np.quantile(seen, LEVELS) if len(seen) else 0.0
        return out
