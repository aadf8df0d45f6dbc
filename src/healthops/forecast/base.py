"""What every forecaster takes and gives: a :class:`Panel` in, an array of quantiles out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from healthops.data.schemas import QUANTILE_LEVELS
from healthops.features.panel import fill

if TYPE_CHECKING:
    import pandas as pd

#: Quantile levels as an array, shape (23,).
LEVELS = np.array(QUANTILE_LEVELS)
#: Weeks ahead that the project forecasts.
HORIZONS: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8)


class PanelError(ValueError):
    """A panel is no complete weekly grid of counts; the message names the place, the week and the remedy."""


@dataclass(frozen=True)
class Panel:
    """Weekly counts of several places, on one complete grid of weeks.

    Attributes
    ----------
    places : tuple of str, length P
        Place codes.
    weeks : array of datetime64[D], shape (T,)
        Saturdays, seven days apart.
    cases : array of float, shape (P, T)
        Cases, whole numbers; NaN where no report came.
    population : array of float, shape (P,)
        Inhabitants.
    features : mapping of str to array of float, shape (P, T)
        What was known of a place at the end of each week, besides its cases.
    """

    places: tuple[str, ...]
    weeks: np.ndarray
    cases: np.ndarray
    population: np.ndarray
    features: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = (len(self.places), len(self.weeks))
        if self.cases.shape != shape:
            raise PanelError(f"cases has shape {self.cases.shape}; {shape[0]} places and {shape[1]} weeks need {shape}")
        if self.population.shape != shape[:1]:
            raise PanelError(f"population has shape {self.population.shape}, not {shape[:1]}")
        for name, values in self.features.items():
            if values.shape != shape:
                raise PanelError(f"feature {name!r} has shape {values.shape}, not {shape}")
        steps = np.diff(self.weeks.astype("datetime64[D]")).astype(int)
        if (steps != 7).any():
            at = int(np.argmax(steps != 7))
            raise PanelError(
                f"weeks {self.weeks[at]} and {self.weeks[at + 1]} are {steps[at]} days apart, not 7: "
                f"complete the weekly grid first"
            )
        twice = [place for place, count in Counter(self.places).items() if count > 1]
        if twice:
            raise PanelError(
                f"place {twice[0]} is in the panel {self.places.count(twice[0])} times: keep one row of it"
            )
        empty = np.flatnonzero(~(np.isfinite(self.population) & (self.population > 0)))
        if len(empty):
            raise PanelError(
                f"{self.places[empty[0]]} has {self.population[empty[0]]} inhabitants: rates need more than none"
            )
        for wrong, rule in (
            (self.cases < 0, "counts cannot be negative"),
            (np.isinf(self.cases) | (self.cases != np.round(self.cases)), "counts are whole numbers; a gap is NaN"),
        ):
            found = np.argwhere(wrong & ~np.isnan(self.cases))
            if len(found):
                p, t = found[0]
                raise PanelError(
                    f"{self.places[p]} has {self.cases[p, t]} cases in the week to {self.weeks[t]}: {rule}"
                )

    @classmethod
    def from_tables(
        cls,
        panel: pd.DataFrame,
        features: pd.DataFrame | None = None,
        *,
        names: Sequence[str] = (),
        cases: str = "cases",
    ) -> Panel:
        """Build a panel from tables ``outbreak_panel`` and, for the columns `names`, ``outbreak_features``.

        A week that one place lacks and another has is a gap of the first (NaN); forecasters fill it by :meth:`filled`.

        Raises
        ------
        PanelError
            If a place and week stand in a table twice, a week is lacking in all places, or a count is negative or not
            a whole number.
        """
        _require_once(panel, "outbreak_panel")
        counts = panel.pivot(index="ubigeo", columns="week_end", values=cases).sort_index().sort_index(axis=1)
        population = panel.groupby("ubigeo")["population"].first().reindex(counts.index)
        arrays = {}
        for name in names:
            if features is None or name not in features:
                raise PanelError(f"no feature {name!r} in the table of features")
            _require_once(features, "outbreak_features")
            wide = features.pivot(index="ubigeo", columns="week_end", values=name)
            arrays[name] = wide.reindex(index=counts.index, columns=counts.columns).to_numpy(float)
        return cls(
            places=tuple(counts.index),
            weeks=counts.columns.to_numpy().astype("datetime64[D]"),
            cases=counts.to_numpy(float),
            population=population.to_numpy(float),
            features=arrays,
        )

    def until(self, week: np.datetime64 | str) -> Panel:
        """Return what was known at the end of `week`: nothing later can be seen."""
        keep = int(np.searchsorted(self.weeks, np.datetime64(week, "D"), side="right"))
        if keep == 0:
            raise PanelError(f"the panel starts on {self.weeks[0]}, after {week}")
        return replace(
            self,
            weeks=self.weeks[:keep],
            cases=self.cases[:, :keep],
            features={name: values[:, :keep] for name, values in self.features.items()},
        )

    def filled(self) -> np.ndarray:
        """Cases with gaps filled by the mean of the last four observed weeks (0 before the first), shape (P, T)."""
        return fill(self.cases)


def _require_once(table: pd.DataFrame, name: str) -> None:
    again = table.duplicated(["ubigeo", "week_end"])
    if again.any():
        row = table[again].iloc[0]
        raise PanelError(
            f"table {name!r} has {row['ubigeo']} in the week to {row['week_end']:%Y-%m-%d} more than once "
            f"({again.sum()} rows too many): keep one row a place and week"
        )


class Forecaster(ABC):
    """Learn from a panel, then give 23 quantiles for each place and horizon from the panel's last week on."""

    #: Name in tables, figures and prose.
    name: str

    @abstractmethod
    def fit(self, panel: Panel, *, seed: int) -> Self:
        """Learn from every week of `panel`; `seed` fixes whatever is drawn."""

    @abstractmethod
    def predict(self, panel: Panel, horizons: Sequence[int] = HORIZONS) -> np.ndarray:
        """Forecast from the last week of `panel` (which may be later than the last week that was learnt from).

        Returns
        -------
        array, shape (P, len(horizons), 23)
            Quantiles of the cases at :data:`LEVELS`: never negative, never crossing.
        """


@dataclass(frozen=True)
class PlaceScale:
    """Put counts of places of any size on one scale: fourth root of the rate, divided by the place's high season.

    z = ((cases / population * 100 000 + 0.01) ** 1/4) / scale - centre, with scale the 95th percentile and centre the
    mean of the place's past; the field's usual transform for pooled count models.
    """

    population: np.ndarray
    scale: np.ndarray
    centre: np.ndarray

    OFFSET = 0.01

    @classmethod
    def fit(cls, cases: np.ndarray, population: np.ndarray) -> PlaceScale:
        """Learn scale and centre from `cases`, shape (P, T), NaN allowed; nothing later than them is seen.

        A place that never reported has the scale of one that never had a case, as :meth:`Panel.filled` has it.
        """
        cases = np.where(np.isnan(cases).all(axis=1, keepdims=True), 0.0, cases)
        root = (cases / population[:, None] * 1e5 + cls.OFFSET) ** 0.25
        # A place that never had a case has the root of the offset everywhere: its scale is that, never zero.
        scale = np.nanquantile(root, 0.95, axis=1)
        return cls(population, scale, np.nanmean(root / scale[:, None], axis=1))

    def forward(self, cases: np.ndarray) -> np.ndarray:
        """Transform counts, shape (P, ...)."""
        p, s, c = self._shaped(cases.ndim)
        return (cases / p * 1e5 + self.OFFSET) ** 0.25 / s - c

    def backward(self, z: np.ndarray) -> np.ndarray:
        """Undo :meth:`forward`; never negative."""
        p, s, c = self._shaped(z.ndim)
        root = np.maximum((z + c) * s, 0.0)
        return np.maximum(root**4 - self.OFFSET, 0.0) * p / 1e5

    def _shaped(self, ndim: int) -> tuple[np.ndarray, ...]:
        shape = (-1,) + (1,) * (ndim - 1)
        return tuple(a.reshape(shape) for a in (self.population, self.scale, self.centre))
