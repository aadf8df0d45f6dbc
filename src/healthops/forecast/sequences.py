"""Windows of a panel for sequence models: the past year of a place, what else is known of it, and what came next.

Each window ends in one week of one place and looks back from there with the scale of that moment: the scale of a place
(its 95th percentile and mean, :class:`~healthops.forecast.base.PlaceScale`) is learnt from the weeks up to the window's
end alone, and in the first two years from these two years. So training meets first outbreaks as they will be met in
forecasting, and no window that forecasts sees anything of its future.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from healthops.features.calendar import season_angle
from healthops.forecast.base import HORIZONS, Panel, PlaceScale
from healthops.forecast.past_years import usual_course

#: Channels of a window, week by week.
CHANNELS = ("level", "change_to_last", "nation", "season_sin", "season_cos")
#: What is known of the place at the end of the window, before the usual course of the coming weeks.
STATIC = ("log_population", "log_scale", "centre", "zero_share")
#: Weeks after which the scales of the training windows are learnt again.
RESCALE_WEEKS = 13
#: Weeks of the past that the first scales are learnt from.
FIRST_SCALE_WEEKS = 104


@dataclass(frozen=True)
class Windows:
    """Windows ready for a network, N of them.

    Attributes
    ----------
    sequence : array of float32, shape (N, window, len(CHANNELS))
    static : array of float32, shape (N, len(STATIC) + H)
        The last H columns: how far the usual level of each coming week lies above the last value.
    last : array of float, shape (N,)
        Last value, on the scale.
    scale : PlaceScale
        Scale of each window, its arrays of shape (N,).
    """

    sequence: np.ndarray
    static: np.ndarray
    last: np.ndarray
    scale: PlaceScale


class Sequences:
    """Windows of one panel.

    Parameters
    ----------
    panel : Panel
        Gaps are filled as :meth:`Panel.filled` does.
    window : int
        Weeks of a window; where the panel starts later, its first value is repeated.
    horizons : sequence of int
        Weeks ahead that are forecast.
    """

    def __init__(self, panel: Panel, *, window: int, horizons: Sequence[int] = HORIZONS) -> None:
        self.window, self.horizons = window, np.asarray(horizons)
        self.population = panel.population
        self.cases = panel.filled()
        self.root = (self.cases / self.population[:, None] * 1e5 + PlaceScale.OFFSET) ** 0.25
        self.weeks = panel.weeks.astype("datetime64[D]")
        self._learn_scales()
        level = self.root / self.scale - self.centre
        self.nation = level.mean(axis=0)
        self.angle = season_angle(self.weeks)
        self.usual = np.stack([usual_course(self.root, int(h)) for h in self.horizons], axis=-1)

    @property
    def shape(self) -> tuple[int, int]:
        """Places and weeks."""
        return self.cases.shape

    def at(self, place: np.ndarray, week: np.ndarray) -> Windows:
        """Windows of the places with the indices `place` that end in the weeks with the indices `week`, both (N,)."""
        scale, centre = self.scale[place, week], self.centre[place, week]
        back = np.maximum(week[:, None] + np.arange(1 - self.window, 1), 0)
        z = self.root[place[:, None], back] / scale[:, None] - centre[:, None]
        last = z[:, -1]
        angle = self.angle[back]
        sequence = np.stack(
            [z, z - last[:, None], self.nation[back], np.sin(angle), np.cos(angle)], axis=-1, dtype=np.float32
        )
        usual = self.usual[place, week] / scale[:, None] - centre[:, None] - last[:, None]
        known = [
            np.log(self.population[place]) / 4 - 3,
            np.log(scale),
            centre,
            (self.cases[place[:, None], back] == 0).mean(axis=1),
        ]
        static = np.column_stack([*known, np.nan_to_num(usual, nan=0.0)]).astype(np.float32)
        return Windows(sequence, static, last, PlaceScale(self.population[place], scale, centre))

    def targets(self, place: np.ndarray, week: np.ndarray) -> np.ndarray:
        """Change from the last value to each horizon, on the scale of the window's end, shape (N, H)."""
        ahead = week[:, None] + self.horizons
        if ahead.max(initial=0) >= self.shape[1]:
            raise IndexError(f"week {int(week.max())} has no target {self.horizons.max()} weeks later in the panel")
        change = self.root[place[:, None], ahead] - self.root[place, week][:, None]
        return (change / self.scale[place, week][:, None]).astype(np.float32)

    def latest(self) -> Windows:
        """Windows of all places that end in the panel's last week, on the scale of today."""
        places, weeks = self.shape
        return self.at(np.arange(places), np.full(places, weeks - 1))

    def draw(self, count: int, rng: np.random.Generator, *, half_life_years: float) -> tuple[np.ndarray, np.ndarray]:
        """Draw places and weeks of `count` windows that have targets, newer weeks more often; two arrays (N,)."""
        places, weeks = self.shape
        first, stop = min(self.window, weeks // 3), weeks - int(self.horizons.max())
        if stop <= first:
            raise ValueError(f"{weeks} weeks are too few to learn from: horizon {self.horizons.max()} leaves no window")
        ends = np.arange(first, stop)
        weight = 0.5 ** ((stop - ends) / (52.18 * half_life_years))
        week = rng.choice(ends, size=count, p=weight / weight.sum())
        return rng.integers(places, size=count), week

    def _learn_scales(self) -> None:
        """Scale and centre of each place as known at each week, (P, T); refreshed every quarter and at the end."""
        places, weeks = self.shape
        self.scale, self.centre = np.empty((places, weeks)), np.empty((places, weeks))
        first = min(FIRST_SCALE_WEEKS, weeks)
        stops = [*range(first, weeks, RESCALE_WEEKS), weeks]
        start = 0
        for stop, after in zip(stops, [*stops[1:], weeks + 1], strict=True):
            known = floored_scale(self.cases[:, :stop], self.population)
            # The last refresh serves the last week alone: the one that forecasts start from.
            until = min(after - 1, weeks)
            self.scale[:, start:until] = known.scale[:, None]
            self.centre[:, start:until] = known.centre[:, None]
            start = until


def floored_scale(cases: np.ndarray, population: np.ndarray) -> PlaceScale:
    """Scale of each place, but never below that of one case a week: a first case is no explosion."""
    known = PlaceScale.fit(cases, population)
    scale = np.maximum(known.scale, (1e5 / population + PlaceScale.OFFSET) ** 0.25)
    return PlaceScale(population, scale, (known.centre * known.scale) / scale)
