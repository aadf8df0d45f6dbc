"""Tables ``vaccine_region_features`` and ``vaccine_features``: every feature of the catalogue, in its order."""

from __future__ import annotations

import numpy as np
import pandas as pd

from healthops.features.campaign_catalogue import district_names, region_names
from healthops.features.campaign_context import incidence_features, supply_features
from healthops.features.campaign_doses import LAGS, dose_features, reported
from healthops.features.campaign_places import access_features, place_features
from healthops.features.grid import FeatureError, Grid, lagged, require, trailing_sum

#: Decimals that are kept.
DECIMALS = 6
#: Between the district and the group in the name of a place.
_JOIN = "/"


def region_features(doses: pd.DataFrame) -> pd.DataFrame:
    """Return table ``vaccine_region_features``: what is known of each region at the end of each week.

    Parameters
    ----------
    doses : DataFrame
        Table ``vaccine_region_doses``. States and territories whose inhabitants are known are kept: the nation is their
        sum, and what agencies gave is mostly counted by the states too.

    Returns
    -------
    DataFrame
        ``region``, ``week_end``, ``basis`` and the features.

    Raises
    ------
    FeatureError
        If no region is left.
    """
    require(doses, ("region", "kind", "week_end", "people", "first_doses", "first_total"), "vaccine_region_doses")
    kept = doses[doses["kind"].isin(["state", "territory"]) & doses["people"].notna()]
    if kept.empty:
        raise FeatureError("table 'vaccine_region_doses' has no state with its people: add them to column 'people'")
    kept = kept.assign(ubigeo=kept["region"])
    grid = Grid.of(kept, name="vaccine_region_doses")
    wide = {c: grid.wide(kept, c) for c in ("first_doses", "first_total", "full_total", "doses_total", "people")}
    untold = (wide["first_total"] == 0) & (wide["doses_total"] > 0)
    untold_full = (wide["full_total"] == 0) & (wide["doses_total"] > wide["first_total"])
    made = dose_features(
        reported(wide["first_doses"], wide["first_total"], wide["doses_total"]),
        np.where(untold, np.nan, wide["first_total"]),
        np.where(untold_full, np.nan, wide["full_total"]),
        wide["people"][:, 0],
        grid.weeks,
    )
    table = _long(grid, made, region_names()).rename(columns={"ubigeo": "region"})
    table.insert(2, "basis", "data")
    return table


def district_features(tables: dict[str, pd.DataFrame], *, model: str = "fusion") -> pd.DataFrame:
    """Return table ``vaccine_features``: what is known of each district's group at the end of each week.

    Parameters
    ----------
    tables : dict of str to DataFrame
        ``vaccine_uptake``, ``vaccine_willingness``, ``priority_population``, ``population_age``, ``places``,
        ``vaccine_facilities``, ``vaccine_lots``, ``weekly_cases`` and ``backtest_forecasts``.
    model : str
        Forecaster of incidence.

    Returns
    -------
    DataFrame
        ``ubigeo``, ``group``, ``week_end``, ``basis`` (that of the uptake) and the features.
    """
    uptake = tables["vaccine_uptake"]
    uptake = uptake.assign(place=uptake["ubigeo"] + _JOIN + uptake["group"])
    grid = Grid.of(uptake.assign(ubigeo=uptake["place"]), name="vaccine_uptake")
    keys = pd.DataFrame([place.split(_JOIN) for place in grid.places], columns=["ubigeo", "group"])
    people = _of_group(tables["priority_population"], keys, "people", "priority_population")
    willing = _of_group(tables["vaccine_willingness"], keys, "willing_share", "vaccine_willingness")
    named = uptake.assign(ubigeo=uptake["place"])
    wide = {c: grid.wide(named, c) for c in ("demand", "first_doses", "first_total", "second_total")}
    made = dose_features(
        wide["first_doses"], wide["first_total"], wide["second_total"], people, grid.weeks,
        among=keys["group"].to_numpy(),
    )  # fmt: skip
    made |= demand_features(wide["demand"], wide["first_doses"], wide["first_total"], people, willing)
    made |= _of_districts(tables, keys, people, grid.weeks, uptake, model)
    table = _long(grid, made, district_names())
    split = table["ubigeo"].str.split(_JOIN, expand=True)
    table["ubigeo"] = split[0]
    table.insert(1, "group", split[1])
    table.insert(3, "basis", _basis(grid, uptake))
    return table


def demand_features(
    wanted: np.ndarray, first: np.ndarray, first_total: np.ndarray, people: np.ndarray, willing: np.ndarray
) -> dict[str, np.ndarray]:
    """Describe each group's weeks by who wanted a first dose; arrays of shape (P, T), people and willing (P,)."""
    share = 100 / people[:, None]
    asked = trailing_sum(wanted, 4)
    unmet = 1 - np.divide(trailing_sum(first, 4), asked, out=np.full(asked.shape, np.nan), where=asked > 0.5)
    return {
        **{f"wanted_per_100_lag_{k}": lagged(wanted * share, k) for k in LAGS},
        "unmet_share_4_weeks": np.clip(unmet, 0, 1),
        "willing_share": willing[:, None],
        "left_willing_pct": np.maximum(100 * willing[:, None] - first_total * share, 0),
    }


def _basis(grid: Grid, uptake: pd.DataFrame) -> np.ndarray:
    by_place = uptake.groupby("place")["basis"].first()
    return np.repeat(by_place.reindex(list(grid.places)).to_numpy(object), len(grid.weeks))


def _of_districts(
    tables: dict[str, pd.DataFrame],
    keys: pd.DataFrame,
    people: np.ndarray,
    weeks: np.ndarray,
    uptake: pd.DataFrame,
    model: str,
) -> dict[str, np.ndarray]:
    codes = tuple(sorted(keys["ubigeo"].unique()))
    row = pd.Index(codes).get_indexer(keys["ubigeo"])
    static = place_features(codes, tables["places"], tables["population_age"])
    static = static.join(access_features(codes, tables["places"], tables["vaccine_facilities"]))
    ages = tables["population_age"].groupby("ubigeo")["population"].sum().reindex(list(codes)).to_numpy(float)
    made = {name: _cells(static[name])[row][:, None] for name in static}
    made["group_share_pct"] = (100 * people / ages[row])[:, None]
    sick = incidence_features(
        codes, weeks, tables["weekly_cases"], tables["places"], tables["backtest_forecasts"], model=model
    )
    made |= {name: values[row] for name, values in sick.items()}
    return made | supply_features(weeks, tables["vaccine_lots"], uptake, float(people.sum()))


def _of_group(table: pd.DataFrame, keys: pd.DataFrame, column: str, name: str) -> np.ndarray:
    known = table.set_index(["ubigeo", "group"])[column].reindex(pd.MultiIndex.from_frame(keys))
    if known.isna().any():
        place, group = known.index[known.isna()][0]
        raise FeatureError(f"table {name!r} has no {column} of group {group!r} in {place}: add the row")
    return known.to_numpy(float)


def _cells(column: pd.Series) -> np.ndarray:
    return column.to_numpy(float) if pd.api.types.is_numeric_dtype(column) else column.to_numpy(object)


def _long(grid: Grid, made: dict[str, np.ndarray], names: tuple[str, ...]) -> pd.DataFrame:
    unknown, lacking = sorted(set(made) - set(names)), sorted(set(names) - set(made))
    if unknown or lacking:
        raise FeatureError(
            f"healthops/features/campaign_catalogue.py lacks {unknown} and describes {lacking}, which is not made"
        )
    return grid.long({n: np.round(v, DECIMALS) if (v := made[n]).dtype.kind == "f" else v for n in names})
