"""Climate where there is any: the nearest station that is near enough and lies about as high."""

from __future__ import annotations

import numpy as np
import pandas as pd

from healthops.features.geography import distances_km
from healthops.features.grid import Grid, lagged, trailing_mean

#: A station farther away than this says nothing about a place, km.
FARTHEST_KM = 150.0

#: Nor does one that lies higher or lower by more than this, m (about 3 deg C at the usual lapse rate).
ALTITUDE_M = 500.0

#: Weeks before the newest known one whose climate is a feature.
LAGS = (0, 4, 8)


def nearest_station(
    codes: tuple[str, ...],
    stations: tuple[str, ...],
    places: pd.DataFrame,
    *,
    farthest_km: float = FARTHEST_KM,
    altitude_m: float = ALTITUDE_M,
) -> pd.DataFrame:
    """Match each place to the nearest station within `farthest_km` and `altitude_m`.

    Returns
    -------
    DataFrame, one row a place, indexed by ubigeo
        ``station`` (missing where none qualifies) and ``climate_station_km``.
    """
    known = places.set_index("ubigeo")[["latitude", "longitude", "altitude_m"]].astype(float)
    here, there = known.reindex(list(codes)), known.reindex(list(stations))
    away = distances_km(
        here["latitude"].to_numpy(),
        here["longitude"].to_numpy(),
        to=(there["latitude"].to_numpy(), there["longitude"].to_numpy()),
    )
    climb = np.abs(here["altitude_m"].to_numpy()[:, None] - there["altitude_m"].to_numpy()[None, :])
    away = np.where((away <= farthest_km) & (climb <= altitude_m), away, np.inf)
    best = away.argmin(axis=1) if len(stations) else np.zeros(len(codes), int)
    km = away[np.arange(len(codes)), best] if len(stations) else np.full(len(codes), np.inf)
    found = np.isfinite(km)
    station = [stations[b] if ok else np.nan for b, ok in zip(best, found, strict=True)]
    return pd.DataFrame(
        {"station": pd.Series(station, dtype="str").to_numpy(), "climate_station_km": np.where(found, km, np.nan)},
        index=pd.Index(codes, name="ubigeo"),
    )


def climate_features(grid: Grid, climate: pd.DataFrame, places: pd.DataFrame) -> dict[str, np.ndarray]:
    """Describe each place-week by the climate up to that week at the place's station.

    Parameters
    ----------
    grid : Grid
        Places and weeks of the panel.
    climate, places : DataFrame
        Tables ``climate_weekly`` and ``places``. Weeks before the panel's first still count in its first windows.

    Returns
    -------
    dict of str to array, shape (P, T) or (P, 1)
        In the order of the catalogue; NaN where a place has no station or the station did not observe.
    """
    match = nearest_station(grid.places, tuple(sorted(climate["ubigeo"].unique())), places)
    weeks = _with_run_up(grid.weeks)
    at = Grid(tuple(match["station"].dropna().unique()), weeks)
    rows = pd.Index(at.places).get_indexer(match["station"])
    out: dict[str, np.ndarray] = {}
    for column in ("temp_c", "rain_mm"):
        values = np.vstack([at.wide(climate, column), np.full((1, len(weeks)), np.nan)])[rows]
        out |= {f"{column}_lag_{k}": lagged(values, k) for k in LAGS}
        if column == "temp_c":
            out["temp_c_average_last_28_days"] = trailing_mean(values, 4)
        else:
            out["rain_mm_last_28_days"] = trailing_mean(values, 4) * 4
            out["rain_mm_last_84_days"] = trailing_mean(values, 12) * 12
    out = {name: values[:, -len(grid.weeks) :] for name, values in out.items()}
    out["climate_station_km"] = match["climate_station_km"].to_numpy()[:, None]
    return out


def _with_run_up(weeks: np.ndarray, *, run_up: int = 12) -> np.ndarray:
    return weeks[0] + np.arange(-run_up, len(weeks)) * np.timedelta64(7, "D")
