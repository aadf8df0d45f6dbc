"""Tables of forecasts and cases as arrays on one grid of weeks and districts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.schemas import QUANTILE_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

WEEK = np.timedelta64(7, "D")


class SeasonError(ValueError):
    """The tables do not hold what a plan or a replay needs; the message names the date, the district and the remedy."""


@dataclass(frozen=True)
class Season:
    """What was forecast and what came, in P districts.

    Attributes
    ----------
    locations : array of str, shape (P,)
        District codes, sorted.
    origins : array of datetime64[D], shape (O,)
        Reference dates of the forecasts, sorted; not necessarily every week.
    quantiles : array of float, shape (O, H, P, 23)
        Forecast cases 1..H weeks after each origin.
    weeks : array of datetime64[D], shape (T,)
        Saturdays, seven days apart.
    cases : array of float, shape (P, T)
        Cases; NaN where no report came.
    complete : array of bool, shape (T,)
        Whether the week is fully reported everywhere (not truncated).
    population, poverty : array of float, shape (P,)
        Inhabitants, as few as the fewest known where unknown; poverty in %, NaN where unknown.
    """

    locations: np.ndarray
    origins: np.ndarray
    quantiles: np.ndarray
    weeks: np.ndarray
    cases: np.ndarray
    complete: np.ndarray
    population: np.ndarray
    poverty: np.ndarray

    @classmethod
    def from_tables(cls, places: pd.DataFrame, weekly_cases: pd.DataFrame, district_forecasts: pd.DataFrame) -> Season:
        """Align tables ``places``, ``weekly_cases`` and ``district_forecasts`` on the districts that are forecast.

        Raises
        ------
        SeasonError
            If a forecast is lacking for some district or horizon, a district has no cases, or none has inhabitants.
        """
        locations = np.array(sorted(district_forecasts["location"].unique()), dtype=object)
        origins, quantiles = _cube(district_forecasts, locations)
        attributes = places.drop_duplicates("ubigeo").set_index("ubigeo").reindex(locations)
        population = _filled_population(attributes["population"].to_numpy(float))
        own = weekly_cases[weekly_cases["ubigeo"].isin(locations)]
        wide = own.pivot(index="ubigeo", columns="week_end", values="cases").sort_index(axis=1).reindex(locations)
        empty = locations[wide.isna().all(axis=1).to_numpy()]
        if len(empty):
            raise SeasonError(f"weekly_cases has nothing for the districts {empty[:5].tolist()}")
        weeks = wide.columns.to_numpy().astype("datetime64[D]")
        cut = np.unique(own.loc[own["status"] == "truncated", "week_end"].to_numpy().astype("datetime64[D]"))
        return cls(
            locations=locations,
            origins=origins,
            quantiles=quantiles,
            weeks=weeks,
            cases=wide.to_numpy(float, na_value=np.nan),
            complete=~np.isin(weeks, cut),
            population=population,
            poverty=attributes["poverty_pct"].to_numpy(float),
        )

    @property
    def horizons(self) -> int:
        """Weeks ahead that are forecast."""
        return self.quantiles.shape[1]

    def origin_for(self, decided: np.datetime64) -> int | None:
        """Row of the newest forecast on the day of a decision; None where there is none yet."""
        row = int(np.searchsorted(self.origins, decided, side="right")) - 1
        return row if row >= 0 else None

    def reaches(self, decided: np.datetime64, until: np.datetime64) -> bool:
        """Whether the newest forecast on the day of a decision reaches the week `until`."""
        row = self.origin_for(decided)
        return row is not None and 1 <= (until - self.origins[row]) // WEEK <= self.horizons

    def is_fresh(self, decided: np.datetime64) -> bool:
        """Whether the newest forecast on the day of a decision is as new as forecasts come: none is overdue."""
        row = self.origin_for(decided)
        usual = np.diff(self.origins).max() if len(self.origins) > 1 else WEEK
        return row is not None and decided - self.origins[row] < usual

    def forecast(self, decided: np.datetime64, first: np.datetime64, weeks: int) -> np.ndarray:
        """Newest forecast on the day of a decision for `weeks` weeks from `first` on, shape (P, weeks, 23).

        Raises
        ------
        SeasonError
            If no forecast was there, or it does not reach that far.
        """
        last = first + (weeks - 1) * WEEK
        if not (self.reaches(decided, first) and self.reaches(decided, last)):
            raise SeasonError(f"no forecast known on {decided} covers the weeks {first} to {last}")
        row = self.origin_for(decided)
        ahead = int((first - self.origins[row]) // WEEK)
        return self.quantiles[row, ahead - 1 : ahead - 1 + weeks].transpose(1, 0, 2)

    def last_seen(self, decided: np.datetime64) -> np.ndarray:
        """Cases of the week that ended on the day of a decision; where missing, the newest of the three before."""
        t = self._column(decided)
        seen = np.zeros(len(self.locations))
        for column in range(max(t - 3, 0), t + 1):
            known = np.isfinite(self.cases[:, column])
            seen[known] = self.cases[known, column]
        return seen

    def came(self, week: np.datetime64) -> np.ndarray:
        """Cases of a week, shape (P,); none where no report came."""
        return np.nan_to_num(self.cases[:, self._column(week)])

    def weekly_mean(self, until: np.datetime64, *, weeks: int = 52) -> np.ndarray:
        """Mean weekly cases of the `weeks` weeks that end on `until`, shape (P,)."""
        t = self._column(until) + 1
        return np.nan_to_num(self.cases[:, max(t - weeks, 0) : t]).mean(axis=1)

    def _column(self, week: np.datetime64) -> int:
        t = int((np.datetime64(week, "D") - self.weeks[0]) // WEEK)
        if not 0 <= t < len(self.weeks) or self.weeks[t] != week:
            raise SeasonError(f"weekly_cases has no week {week}; it runs from {self.weeks[0]} to {self.weeks[-1]}")
        return t


def _filled_population(population: np.ndarray) -> np.ndarray:
    known = population > 0
    if not known.any():
        raise SeasonError("places has no population for any district that is forecast")
    return np.where(known, population, population[known].min())


def _cube(forecasts: pd.DataFrame, locations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    ordered = forecasts.sort_values(["reference_date", "horizon", "location"], ignore_index=True)
    origins = np.unique(ordered["reference_date"].to_numpy().astype("datetime64[D]"))
    horizons = np.unique(ordered["horizon"].to_numpy())
    shape = (len(origins), len(horizons), len(locations))
    if len(ordered) != np.prod(shape) or horizons.tolist() != list(range(1, len(horizons) + 1)):
        counts = ordered.groupby("location").size()
        raise SeasonError(
            f"district_forecasts has {len(ordered)} rows; {shape[0]} reference dates, horizons {horizons.tolist()} and "
            f"{shape[2]} districts need {np.prod(shape)} and every horizon from 1 on; "
            f"district {counts.idxmin()} has the fewest, {counts.min()}"
        )
    return origins, ordered[list(QUANTILE_COLUMNS)].to_numpy(float).reshape(*shape, -1)
