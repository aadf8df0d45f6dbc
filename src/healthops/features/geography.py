"""What does not change over the weeks: where a place is, who lives there, and how."""

from __future__ import annotations

import numpy as np
import pandas as pd

from healthops.features.grid import FeatureError, require

#: Numbers taken over from table ``places``.
NUMBERS = ("latitude", "longitude", "altitude_m", "density_per_km2", "hdi", "poverty_pct")

#: Mean radius of the earth, km.
EARTH_KM = 6371.0088


def geography_features(codes: tuple[str, ...], places: pd.DataFrame, population: np.ndarray) -> pd.DataFrame:
    """Describe each place.

    Parameters
    ----------
    codes : tuple of str, length P
        Ubigeo codes of one level.
    places : DataFrame
        Table ``places``.
    population : array, shape (P,)
        Inhabitants.

    Returns
    -------
    DataFrame, P rows indexed by ubigeo
        The :data:`NUMBERS`, ``log_population``, ``region``, and the codes ``department``, ``province`` and
        ``district`` of the place; where the place is larger than these, of its most populous district. A number that
        the place lacks is the mean of its districts' by population.
    """
    require(places, ("ubigeo", "level", "region", "population", *NUMBERS), "places")
    known = places.set_index("ubigeo")
    unknown = [code for code in codes if code not in known.index]
    if unknown:
        raise FeatureError(f"table 'places' has no {unknown[0]!r}: add it, or drop it from the panel")
    districts = places[places["level"] == "district"].sort_values("ubigeo")
    out = known.loc[list(codes), list(NUMBERS)].astype(float)
    out["log_population"] = np.log(np.asarray(population, float))
    seats, regions = [], []
    for code in codes:
        inside = districts[districts["ubigeo"].str.startswith(code)]
        if len(inside):
            _complete(out, code, inside)
        seat = _most_populous(inside, code)
        seats.append(seat)
        regions.append(_first_text(known["region"].get(code), known["region"].get(seat)))
    out["region"] = pd.Series(regions, index=out.index, dtype="str")
    for name, length in (("department", 2), ("province", 4), ("district", 6)):
        out[name] = pd.Series([seat[:length] for seat in seats], index=out.index, dtype="str")
    return out


def distances_km(latitude: np.ndarray, longitude: np.ndarray, *, to: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return great-circle distances by the haversine formula.

    Parameters
    ----------
    latitude, longitude : array, shape (P,)
        In degrees.
    to : pair of arrays, shape (S,)
        Latitude and longitude of the other ends, in degrees.

    Returns
    -------
    array, shape (P, S)
        Kilometres; NaN where a coordinate is missing.

    >>> distances_km(np.array([0.0]), np.array([0.0]), to=(np.array([0.0]), np.array([180.0]))).round()
    array([[20015.]])
    """
    lat, lon = np.radians(latitude)[:, None], np.radians(longitude)[:, None]
    lat2, lon2 = np.radians(to[0])[None, :], np.radians(to[1])[None, :]
    half = np.sin((lat2 - lat) / 2) ** 2 + np.cos(lat) * np.cos(lat2) * np.sin((lon2 - lon) / 2) ** 2
    return 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1)))


def _complete(out: pd.DataFrame, code: str, inside: pd.DataFrame) -> None:
    for name in NUMBERS:
        if np.isnan(out.at[code, name]):
            rows = inside[inside[name].notna()]
            weights = rows["population"].fillna(0).to_numpy(float)
            if weights.sum() > 0:
                out.at[code, name] = np.average(rows[name].to_numpy(float), weights=weights)


def _most_populous(inside: pd.DataFrame, code: str) -> str:
    if inside.empty:
        return code
    return str(inside["ubigeo"].iloc[int(inside["population"].fillna(-1).to_numpy(float).argmax())])


def _first_text(*candidates: object) -> str | float:
    return next((c for c in candidates if isinstance(c, str)), np.nan)
