"""Table ``outbreak_features``: every feature of every place-week, in the order of the catalogue."""

from __future__ import annotations

import numpy as np
import pandas as pd

from healthops.features.calendar import calendar_features, weeks_from_usual_peak
from healthops.features.catalogue import table_names
from healthops.features.climate import climate_features
from healthops.features.geography import geography_features
from healthops.features.grid import FeatureError, Grid, require
from healthops.features.lags import lag_features
from healthops.features.neighbours import NEAREST, neighbour_features
from healthops.features.records import record_features

#: Decimals that are kept: far below any unit's meaning, far above the dust of running sums.
DECIMALS = 6


def build_features(
    panel: pd.DataFrame,
    places: pd.DataFrame,
    climate: pd.DataFrame,
    records: pd.DataFrame,
    *,
    neighbours: int = NEAREST,
) -> pd.DataFrame:
    """Compute every feature of the catalogue for every place-week of the panel.

    Parameters
    ----------
    panel, places, climate, records : DataFrame
        Tables ``outbreak_panel``, ``places``, ``climate_weekly`` and ``health_records``.
    neighbours : int
        How many of the nearest places count as neighbours.

    Returns
    -------
    DataFrame
        Table ``outbreak_features``: a row holds what is known at the end of its week.
    """
    require(panel, ("ubigeo", "week_end", "cases", "population"), "outbreak_panel")
    grid = Grid.of(panel)
    cases = grid.wide(panel, "cases")
    population = grid.wide(panel, "population")[:, 0]
    geography = geography_features(grid.places, places, population)
    calendar = calendar_features(pd.Series(grid.weeks.astype("datetime64[ns]")))
    where = geography["latitude"].to_numpy(), geography["longitude"].to_numpy()

    columns = {name: _cells(calendar[name])[None, :] for name in calendar}
    columns["weeks_from_usual_peak"] = weeks_from_usual_peak(cases, grid.weeks)
    columns |= {name: _cells(geography[name])[:, None] for name in geography}
    columns |= lag_features(cases, population)
    columns |= neighbour_features(cases, population, *where, k=neighbours)
    columns |= climate_features(grid, climate, places)
    columns |= record_features(grid, records)
    _same_names(tuple(columns))
    return grid.long({name: _rounded(columns[name]) for name in table_names()})


def _cells(column: pd.Series) -> np.ndarray:
    return column.to_numpy(object) if column.dtype == "str" else column.to_numpy()


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.round(values, DECIMALS) if values.dtype.kind == "f" else values


def _same_names(made: tuple[str, ...]) -> None:
    unknown, lacking = sorted(set(made) - set(table_names())), sorted(set(table_names()) - set(made))
    if unknown or lacking:
        raise FeatureError(
            f"healthops/features/catalogue.py lacks {unknown} and describes {lacking}, which is not made"
        )
