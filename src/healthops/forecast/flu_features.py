"""Series of influenza on one scale, what is known of each at the end of a week, and the pool of rows to learn from.

Admissions to hospitals and visits to doctors for influenza-like illness (ILINet) are put on one scale and pooled: two
decades of visits tell what few seasons of admissions cannot [1]_. Visits have a background that is not influenza and
must be taken off first, or a rise of visits looks far flatter than the same rise of admissions.

.. [1] Ray, Wang, Wolfinger, Reich (2025), Flusion: Integrating multiple data sources for accurate influenza
   predictions, Epidemics 50: 100810.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from healthops.data.flusight_files import IliNet
from healthops.features.grid import lagged
from healthops.forecast.design import trailing, trend_weights

OFFSET = 0.01
#: Weeks since 1 August that count as the season when a place's scale is learnt.
SEASON_WEEKS = (8, 42)
#: Hospitals need not report then, and few did: neither truth nor history.
PAUSE = (np.datetime64("2024-05-04"), np.datetime64("2024-11-09"))
#: The pandemic of 2009, and the years of COVID-19 without influenza: not seasons to learn from.
UNUSUAL = (
    (np.datetime64("2008-08-01"), np.datetime64("2010-08-01")),
    (np.datetime64("2020-03-01"), np.datetime64("2022-08-01")),
)
#: Years whose summers say nothing of the background of visits.
_NO_SUMMER = (np.datetime64("2020-03-01"), np.datetime64("2021-08-01"))
#: Weeks before the end of the pause that are rebuilt, so that lags reach back.
_BRIDGED = 10
_TRENDS = ((3, 1), (4, 1), (4, 2), (6, 1), (6, 2), (8, 2), (12, 2))
_LAGS = (1, 2, 3, 4, 6, 8)


def season_of(weeks: np.ndarray) -> np.ndarray:
    """Year in which the season of each week began (seasons begin on 1 August); shape (T,).

    >>> season_of(np.array(["2024-07-27", "2024-08-03"], "datetime64[D]"))
    array([2023, 2024])
    """
    year = weeks.astype("datetime64[Y]").astype(int) + 1970
    return np.where(weeks.astype("datetime64[M]").astype(int) % 12 >= 7, year, year - 1)


def season_week(weeks: np.ndarray) -> np.ndarray:
    """Whole weeks since 1 August, shape (T,)."""
    return (_days_from(weeks, "08-01") // 7).astype(float)


def weeks_from_christmas(weeks: np.ndarray) -> np.ndarray:
    """Weeks since Christmas of the season, negative before it; shape (T,)."""
    return _days_from(weeks, "12-25") / 7


def _days_from(weeks: np.ndarray, day: str) -> np.ndarray:
    starts = np.array([f"{year}-{day}" for year in season_of(weeks)], "datetime64[D]")
    return (weeks.astype("datetime64[D]") - starts).astype(int)


def _within(weeks: np.ndarray, *spans: tuple[np.datetime64, np.datetime64]) -> np.ndarray:
    return np.any([(weeks >= first) & (weeks < end) for first, end in spans], axis=0)


@dataclass(frozen=True)
class Scaled:
    """Series on the scale on which all places look alike.

    Attributes
    ----------
    z : array, shape (S, T)
        Fourth root of value + 0.01, over the series' 95th percentile in season, less its mean in season.
    scale, centre : array, shape (S,)
    """

    z: np.ndarray
    scale: np.ndarray
    centre: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, weeks: np.ndarray, usable: np.ndarray) -> Scaled:
        """Learn scale and centre from the weeks of the season that are `usable`, shape (T,); shapes (S, T)."""
        root = (np.maximum(values, 0.0) + OFFSET) ** 0.25
        week = season_week(weeks)
        inside = usable & (week >= SEASON_WEEKS[0]) & (week <= SEASON_WEEKS[1])
        scale, centre = np.ones(len(values)), np.zeros(len(values))
        for s, row in enumerate(root):
            # A place without a report in any season looks like one without a case.
            seen = row[inside & ~np.isnan(row)]
            if len(seen):
                scale[s] = np.quantile(seen, 0.95)
                centre[s] = (seen / scale[s]).mean()
        return cls(root / scale[:, None] - centre[:, None], scale, centre)

    def backward(self, z: np.ndarray) -> np.ndarray:
        """Value of `z`, shape (S, ...); never negative."""
        shape = (-1,) + (1,) * (z.ndim - 1)
        root = np.maximum((z + self.centre.reshape(shape)) * self.scale.reshape(shape), 0.0)
        return np.maximum(root**4 - OFFSET, 0.0)


def excess_visits(percent: np.ndarray, weeks: np.ndarray, times: float, *, lowest: int = 6) -> np.ndarray:
    """Visits above the background: `percent`, shape (R, T), less `times` the mean of the lowest weeks before a season.

    The background of a season comes from February to mid-October before and at its start; where there are less than
    20 such weeks (the first year of a state), from the season itself.
    """
    out = percent.copy()
    seasons = season_of(weeks)
    for year in np.unique(seasons):
        inside = seasons == year
        start = np.datetime64(f"{year}-08-01")
        before = (weeks >= start - 182) & (weeks < start + 75) & ~_within(weeks, _NO_SUMMER)
        for r, row in enumerate(percent):
            seen = row[before & ~np.isnan(row)]
            seen = seen if len(seen) >= 20 else row[inside & ~np.isnan(row)]
            if len(seen):
                out[r, inside] = np.maximum(row[inside] - times * np.sort(seen)[:lowest].mean(), 0.0)
    return out


def week_features(z: np.ndarray, weeks: np.ndarray, around: tuple[np.ndarray, np.ndarray], known: np.ndarray):
    """What is known of each series at the end of each week.

    Parameters
    ----------
    z : array, shape (S, T)
        On the common scale; NaN before a series starts.
    around : pair of arrays, shape (S, T)
        The nation and the region of each series, on the same scale.
    known : array of bool, shape (T,)
        Weeks that count for what the season was like so far.

    Returns
    -------
    array of float32, shape (S, T, F), and tuple of str, length F
    """
    columns = [("level", z)]
    columns += [(f"change_{k}", z - lagged(z, k)) for k in _LAGS]
    columns.append(("bend", z - 2 * lagged(z, 1) + lagged(z, 2)))
    for width, degree in _TRENDS:
        fitted = trailing(z, width) @ trend_weights(width, degree).T
        columns.append((f"trend{width}_{degree}_level", fitted[..., 0] - z))
        columns += [(f"trend{width}_{degree}_{n}", fitted[..., i]) for i, n in ((1, "slope"), (2, "curve"))[:degree]]
    columns += [(f"mean_{k}", trailing(z, k).mean(axis=-1) - z) for k in (2, 4, 8)]
    change = z - lagged(z, 1)
    columns.append(("roughness", trailing(change, 6).std(axis=-1)))
    columns.append(("last_bend", np.abs(change - lagged(change, 1))))
    columns += season_so_far(z, weeks, known)
    for name, level in zip(("nation", "region"), around, strict=True):
        slope = (trailing(level, 4) @ trend_weights(4, 1).T)[..., 1]
        columns += [(name, level - z), (f"{name}_slope", slope)]
        columns += [(f"{name}_change_{k}", level - lagged(level, k)) for k in (1, 3)]
    columns.append(("nation_level", around[0]))
    columns.append(("season_week", np.broadcast_to(season_week(weeks), z.shape)))
    columns.append(("from_christmas", np.broadcast_to(weeks_from_christmas(weeks), z.shape)))
    names, values = zip(*columns, strict=True)
    return np.stack(values, axis=-1).astype(np.float32), names


def season_so_far(z: np.ndarray, weeks: np.ndarray, known: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """How far below its peak, above its low and from its mean the season is, and how long ago its peak was."""
    below, above, mean, since = (np.full(z.shape, np.nan) for _ in range(4))
    seasons = season_of(weeks)
    for year in np.unique(seasons):
        at = np.flatnonzero(seasons == year)
        counts = known[at] & ~np.isnan(z[:, at])
        high = np.maximum.accumulate(np.where(counts, z[:, at], -np.inf), axis=1)
        low = np.minimum.accumulate(np.where(counts, z[:, at], np.inf), axis=1)
        number = counts.cumsum(axis=1)
        peak = np.where(counts & (z[:, at] >= high), np.arange(len(at)), -1)
        some = number > 0
        total = np.where(counts, z[:, at], 0.0).cumsum(axis=1)
        below[:, at] = np.where(some, high - z[:, at], np.nan)
        above[:, at] = np.where(some, z[:, at] - low, np.nan)
        mean[:, at] = np.where(some, total / np.maximum(number, 1) - z[:, at], np.nan)
        since[:, at] = np.where(some, np.arange(len(at)) - np.maximum.accumulate(peak, axis=1), np.nan)
    return [("below_peak", below), ("above_low", above), ("season_mean", mean), ("since_peak", since)]


@dataclass(frozen=True)
class Rows:
    """Rows to learn from, N of them.

    Attributes
    ----------
    x : array of float32, shape (N, F)
    y : array of float32, shape (N, H)
        Change from the week to each of the next H weeks; NaN where it is not known.
    season : array of int, shape (N,)
    season_week : array of float, shape (N,)
    """

    x: np.ndarray
    y: np.ndarray
    season: np.ndarray
    season_week: np.ndarray

    def __add__(self, other: Rows) -> Rows:
        return Rows(*(np.concatenate([getattr(self, f), getattr(other, f)]) for f in self.__dataclass_fields__))

    def where(self, keep: np.ndarray) -> Rows:
        """Return the rows where `keep`, shape (N,), is true."""
        return Rows(*(getattr(self, f)[keep] for f in self.__dataclass_fields__))


def rows_of(x: np.ndarray, z: np.ndarray, seen: np.ndarray, weeks: np.ndarray, odd: np.ndarray, steps: int) -> Rows:
    """Make rows of all weeks that were `seen`, shape (S, T), and have no `odd` week, shape (T,), within `steps`."""
    y = np.full((*z.shape, steps), np.nan, np.float32)
    near_odd = odd.copy()
    for h in range(1, min(steps, z.shape[1] - 1) + 1):
        y[:, :-h, h - 1] = z[:, h:] - z[:, :-h]
        near_odd[:-h] |= odd[h:]
    s, t = np.nonzero(seen & ~near_odd & ~np.isnan(y[..., 0]))
    return Rows(x[s, t], y[s, t], season_of(weeks)[t], season_week(weeks)[t])


def ilinet_rows(ilinet: IliNet, steps: int, *, background: float) -> Rows:
    """Rows of all states, regions and the nation of `ilinet`, without unusual years."""
    few = (~np.isnan(ilinet.percent)).sum(axis=1) <= 200
    keep = [r for r in range(len(ilinet.regions)) if not few[r]]
    percent, weeks = ilinet.percent[keep], ilinet.weeks
    odd = _within(weeks, *UNUSUAL)
    z = Scaled.of(excess_visits(percent, weeks, background), weeks, ~odd).z
    kinds = [ilinet.kind[r] for r in keep]
    nation = np.broadcast_to(z[kinds.index("national")], z.shape)
    hhs = [ilinet.hhs[r] for r in keep]
    regions = {hhs[i]: z[i] for i, kind in enumerate(kinds) if kind == "hhs"}
    region = np.stack([regions.get(number, nation[0]) for number in hhs])
    x, _ = week_features(z, weeks, (nation, region), np.ones(len(weeks), bool))
    return rows_of(x, z, ~np.isnan(z), weeks, odd, steps)


@dataclass(frozen=True)
class Admissions:
    """Admissions of one vintage, ready to learn and to forecast from.

    Attributes
    ----------
    scaled : Scaled
        Of the rate per 100,000 inhabitants.
    population : array, shape (P,)
    weeks : array of datetime64[D], shape (T,)
    x : array of float32, shape (P, T, F)
    z, seen : array, shape (P, T)
        On the common scale without gaps; whether it was reported.
    odd : array of bool, shape (T,)
        Weeks that are neither truth nor history.
    """

    scaled: Scaled
    population: np.ndarray
    weeks: np.ndarray
    x: np.ndarray
    z: np.ndarray
    seen: np.ndarray
    odd: np.ndarray

    @classmethod
    def of(
        cls, admissions: np.ndarray, weeks: np.ndarray, places: tuple[str, ...], population: np.ndarray, hhs: list[str]
    ) -> Admissions:
        """Scale `admissions`, shape (P, T), fill gaps, and describe each week; `hhs` names the region of each place."""
        odd = _within(weeks, PAUSE)
        scaled = Scaled.of(admissions / population[:, None] * 1e5, weeks, ~odd)
        us = places.index("US")
        z = filled(bridged(scaled.z, odd, us))
        nation = np.broadcast_to(z[us], z.shape)
        region = np.empty_like(z)
        for p, place in enumerate(places):
            same = [q for q, name in enumerate(places) if hhs[q] == hhs[p] and name != "US"]
            region[p] = z[us] if place == "US" else np.average(z[same], axis=0, weights=population[same])
        x, _ = week_features(z, weeks, (nation, region), ~odd)
        return cls(scaled, population, weeks, x, z, ~np.isnan(scaled.z), odd)

    def rows(self, steps: int, *, warm_up: int = 8) -> Rows:
        """Rows to learn from: weeks that were reported, after the first `warm_up`."""
        late_enough = np.arange(len(self.weeks)) >= warm_up
        return rows_of(self.x, self.z, self.seen & late_enough & ~self.odd, self.weeks, self.odd, steps)

    def counts(self, change: np.ndarray) -> np.ndarray:
        """Admissions that a change from the last week means, shape (P, ...)."""
        shape = (-1,) + (1,) * (change.ndim - 1)
        rate = self.scaled.backward(self.z[:, -1].reshape(shape) + change)
        return rate * self.population.reshape(shape) / 1e5


def bridged(z: np.ndarray, odd: np.ndarray, us: int) -> np.ndarray:
    """Set `odd` weeks to NaN, and the last of them back from what followed by the nation's changes a year before."""
    out = z.copy()
    out[:, odd] = np.nan
    if odd.any():
        last = np.flatnonzero(odd)[-1]
        for t in range(last, max(last - _BRIDGED, 51), -1):
            if t + 1 < z.shape[1]:
                out[:, t] = out[:, t + 1] - (z[us, t - 51] - z[us, t - 52])
    return out


def filled(z: np.ndarray) -> np.ndarray:
    """Fill gaps inside by straight lines and after the last report by its value; NaN before the first."""
    out, t = z.copy(), np.arange(z.shape[1])
    for row in out:
        seen = ~np.isnan(row)
        if seen.any():
            first = t[seen][0]
            row[first:] = np.interp(t[first:], t[seen], row[seen])
    return out
