"""What does not change over a campaign: who lives in a district, how poor it is, and how far vaccination is.

Distances within a district are not known: the mean one is that of people spread evenly around points that each serve an
equal, round part of the district, two thirds of that part's radius.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from healthops.features.geography import distances_km
from healthops.features.grid import FeatureError, require

#: Numbers taken over from table ``places``.
NUMBERS = ("poverty_pct", "hdi", "altitude_m", "density_per_km2")
#: Ages of the shares: up to the first, from the second on.
YOUNG, OLD = 17, 60


def place_features(codes: tuple[str, ...], places: pd.DataFrame, ages: pd.DataFrame) -> pd.DataFrame:
    """Describe each district.

    Parameters
    ----------
    codes : tuple of str, length D
        Districts.
    places, ages : DataFrame
        Tables ``places`` and ``population_age``.

    Returns
    -------
    DataFrame, D rows indexed by ubigeo
        The :data:`NUMBERS`, ``natural_region``, ``department``, ``under_18_pct`` and ``over_60_pct``.
    """
    require(places, ("ubigeo", "region", *NUMBERS), "places")
    known = places.set_index("ubigeo")
    unknown = [code for code in codes if code not in known.index]
    if unknown:
        raise FeatureError(f"table 'places' has no {unknown[0]!r}: add it, or drop it from the campaign")
    out = known.loc[list(codes), list(NUMBERS)].astype(float)
    out["natural_region"] = known["region"].reindex(out.index)
    out["department"] = out.index.str[:2]
    shares = age_shares(ages)
    lacking = sorted(set(codes) - set(shares.index))
    if lacking:
        raise FeatureError(f"table 'population_age' has no ages of {lacking[0]!r}: add them to the census")
    return out.join(shares)


def age_shares(ages: pd.DataFrame) -> pd.DataFrame:
    """Return the shares of people under 18 and of 60 and older by place, %; bands are split evenly by year of age."""
    low = ages["age_low"].to_numpy(float)
    high = ages["age_high"].astype("float64").fillna(OLD + 40).to_numpy()
    years = high - low + 1
    young = np.clip(np.minimum(high, YOUNG) - low + 1, 0, years) / years
    old = np.clip(high - np.maximum(low, OLD) + 1, 0, years) / years
    people = ages["population"].to_numpy(float)
    parts = pd.DataFrame({"ubigeo": ages["ubigeo"], "all": people, "young": people * young, "old": people * old})
    total = parts.groupby("ubigeo")[["all", "young", "old"]].sum()
    return pd.DataFrame({
        "under_18_pct": 100 * total["young"] / total["all"], "over_60_pct": 100 * total["old"] / total["all"],
    })  # fmt: skip


def access_features(codes: tuple[str, ...], places: pd.DataFrame, facilities: pd.DataFrame) -> pd.DataFrame:
    """Describe how well each district is served.

    Parameters
    ----------
    codes : tuple of str, length D
    places, facilities : DataFrame
        Tables ``places`` and ``vaccine_facilities``.

    Returns
    -------
    DataFrame, D rows indexed by ubigeo
        ``km_to_point`` (mean, see the module), ``km_to_regional_store`` (great circle, capital to capital),
        ``people_per_point``, ``people_per_vaccinator``, ``cold_litres_per_1000``. NaN where the district has no point
        or a number that is needed is not known.
    """
    require(facilities, ("ubigeo", "kind", "parent", "people_served", "cold_chain_litres"), "vaccine_facilities")
    points = facilities[facilities["kind"] == "vaccination_point"]
    here = points.groupby("ubigeo").agg(
        points=("facility", "size"), people=("people_served", "sum"), vaccinators=("vaccinators", "sum"),
        litres=("cold_chain_litres", "sum"), store=("parent", "first"),
    ).reindex(list(codes))  # fmt: skip
    known = places.set_index("ubigeo").reindex(list(codes))
    stores = facilities.set_index("facility").reindex(here["store"])
    ends = (known["latitude"], known["longitude"], stores["latitude"], stores["longitude"])
    lat, lon, store_lat, store_lon = (column.to_numpy(float) for column in ends)
    away = [distances_km(lat[[i]], lon[[i]], to=(store_lat[[i]], store_lon[[i]]))[0, 0] for i in range(len(here))]
    area = known["area_km2"].to_numpy(float)
    return pd.DataFrame({
        "km_to_point": mean_distance_km(area, here["points"].to_numpy(float)),
        "km_to_regional_store": away,
        "people_per_point": (here["people"] / here["points"]).to_numpy(),
        "people_per_vaccinator": (here["people"] / here["vaccinators"].where(here["vaccinators"] > 0)).to_numpy(),
        "cold_litres_per_1000": (1000 * here["litres"] / here["people"]).to_numpy(),
    }, index=pd.Index(list(codes), name="ubigeo"))  # fmt: skip


def mean_distance_km(area_km2: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the mean distance to the centre of a disc that holds an equal part of the area, 2/3 of its radius.

    >>> mean_distance_km(np.array([np.pi * 9]), np.array([1.0])).round(6).tolist()
    [2.0]
    """
    return 2 / 3 * np.sqrt(area_km2 / (np.pi * points))
