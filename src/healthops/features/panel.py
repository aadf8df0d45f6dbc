"""From the district's weekly counts to one complete series a place, at the level of the forecasts.

A place-week counts as *missing* when the districts that did not report hold more than `material_share` of the
place's cases (over the weeks up to `selection_end`); below it, the sum of those that did report stands. A district of
a place without any case weighs as much as its neighbours in that place.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from healthops.features.grid import FeatureError, Grid, digits, require

#: A place-week is missing when districts with more than this share of the place's cases did not report.
MATERIAL_SHARE = 0.05


def build_panel(
    weekly_cases: pd.DataFrame,
    places: pd.DataFrame,
    population: pd.DataFrame,
    *,
    level: str,
    min_cases: int,
    selection_end: str | pd.Timestamp | None = None,
    material_share: float = MATERIAL_SHARE,
) -> pd.DataFrame:
    """Aggregate ``weekly_cases`` to `level` and keep the places that have enough cases to forecast.

    Parameters
    ----------
    weekly_cases, places, population : DataFrame
        Tables of these names.
    level : {"department", "province", "district"}
        Districts with the same first 2, 4 or 6 digits are added up.
    min_cases : int
        Least cases of a place up to `selection_end`.
    selection_end : date, optional
        Last day that the choice of places, the shares of the districts and the population may use, so that none of
        them sees the years of the test; the whole span unless given.
    material_share : float
        See the module's docstring; 0 makes a place-week missing as soon as any district is.

    Returns
    -------
    DataFrame
        Table ``outbreak_panel``.

    Raises
    ------
    FeatureError
        If the grid has holes, a code is unknown, no place has `min_cases` cases or a place has no population.
    """
    require(weekly_cases, ("ubigeo", "week_end", "epi_year", "epi_week", "cases", "status"), "weekly_cases")
    grid = Grid.of(weekly_cases, name="weekly_cases")
    end = pd.Timestamp(selection_end) if selection_end is not None else pd.Timestamp(grid.weeks[-1])
    chosen_from = grid.weeks <= end.to_datetime64()
    if not chosen_from.any():
        raise FeatureError(f"selection_end {end.date()} lies before the first week {grid.weeks[0]}")

    cases = grid.wide(weekly_cases, "cases")
    absent = np.isnan(cases) | _has(weekly_cases, grid, "missing")
    codes, group = np.unique([code[: digits(level)] for code in grid.places], return_inverse=True)
    total = _add(np.where(absent, 0.0, cases), group)
    early = np.where(absent, 0.0, cases)[:, chosen_from].sum(axis=1)

    missing = _add(absent * _shares(early, group)[:, None], group) > material_share + 1e-12
    truncated = _add(_has(weekly_cases, grid, "truncated").astype(float), group) > 0
    keep = np.bincount(group, weights=early) >= min_cases
    if not keep.any():
        raise FeatureError(f"no {level} has {min_cases} cases up to {end.date()}: lower min_cases")
    kept = tuple(str(code) for code in codes[keep])
    unknown = sorted(set(kept) - set(places["ubigeo"]))
    if unknown:
        raise FeatureError(f"table 'places' has no {level} {unknown[0]!r}, which has cases: add it, or mend the code")

    counts = np.where(missing, np.nan, total)[keep]
    week = weekly_cases.drop_duplicates("week_end").sort_values("week_end")
    return Grid(kept, grid.weeks).long(
        {
            "epi_year": week["epi_year"].to_numpy(int)[None, :],
            "epi_week": week["epi_week"].to_numpy(int)[None, :],
            "cases": counts,
            "cases_filled": fill(counts),
            "status": np.where(missing, "missing", np.where(truncated, "truncated", "complete")).astype(object)[keep],
            "population": inhabitants(kept, population, year=end.year)[:, None],
        }
    )


def fill(cases: np.ndarray, *, weeks: int = 4) -> np.ndarray:
    """Fill gaps with the mean of the last four observed weeks before them, 0 before the first; shape (P, T).

    >>> fill(np.array([[np.nan, 2.0, 4.0, np.nan, np.nan, 9.0]]))
    array([[0., 2., 4., 3., 3., 9.]])
    """
    out = cases.copy()
    for row in out:
        gaps, seen = np.flatnonzero(np.isnan(row)), np.flatnonzero(~np.isnan(row))
        if not len(gaps):
            continue
        means = pd.Series(row[seen]).rolling(weeks, min_periods=1).mean().to_numpy()
        last = np.searchsorted(seen, gaps) - 1
        row[gaps] = np.where(last >= 0, means[last] if len(seen) else 0.0, 0.0)
    return out


def inhabitants(codes: tuple[str, ...], population: pd.DataFrame, *, year: int) -> np.ndarray:
    """Return the inhabitants of each place by the last census or estimate not later than `year`, shape (P,).

    One number a place, so that rates do not jump where a census does. Where a place has none of that age, its
    districts' are added up, then its earliest later one is taken.
    """
    found = _latest(population, codes, year)
    for n, code in enumerate(codes):
        if np.isnan(found[n]):
            inside = population[population["ubigeo"].str.startswith(code) & (population["ubigeo"].str.len() == 6)]
            parts = tuple(sorted(inside["ubigeo"].unique()))
            found[n] = np.nansum(_latest(inside, parts, year, later=True)) if parts else np.nan
    lacking = [code for code, number in zip(codes, found, strict=True) if not number > 0]
    if lacking:
        raise FeatureError(f"table 'population' has no inhabitants of {lacking[0]!r} nor of its districts; add them")
    return found


def _latest(population: pd.DataFrame, codes: tuple[str, ...], year: int, *, later: bool = False) -> np.ndarray:
    rows = population.sort_values("year")
    known = rows[rows["year"] <= year].groupby("ubigeo")["population"].last().reindex(codes)
    if later:
        known = known.fillna(rows.groupby("ubigeo")["population"].first().reindex(codes))
    return known.to_numpy(float).copy()


def _has(weekly_cases: pd.DataFrame, grid: Grid, status: str) -> np.ndarray:
    marked = weekly_cases[["ubigeo", "week_end"]].assign(hit=(weekly_cases["status"] == status).astype(float))
    return grid.wide(marked, "hit") > 0


def _add(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    out = np.zeros((group.max() + 1, values.shape[1]))
    np.add.at(out, group, values)
    return out


def _shares(early: np.ndarray, group: np.ndarray) -> np.ndarray:
    total = np.bincount(group, weights=early)[group]
    equal = 1.0 / np.bincount(group)[group]
    return np.divide(early, total, out=equal, where=total > 0)
