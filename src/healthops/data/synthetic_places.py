"""The places of the synthetic country: names, codes, people, altitude and living conditions of every district."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.synthetic_map import Map, area_km2
from healthops.data.synthetic_names import invent, plain

if TYPE_CHECKING:
    import pandas as pd

#: Years for which the population is known, as the headings of the raw file have them.
CENSUS_YEARS = {"7/11/93": 1993, "10/21/07": 2007, "10/22/17": 2017, "6/30/22": 2022}
#: Year of the density in the raw tables of places.
DENSITY_YEAR = 2020


@dataclass(frozen=True)
class Country:
    """Places and map; row k of `districts` is district k of the map.

    ``districts`` has the columns ubigeo, departamento, provincia, distrito, capital, altitude (m), latitude,
    longitude (degrees), area_km2, urban (share), growth (per year), hdi (0 to 1), poverty_pct, extreme_pct,
    food_insecurity (0 to 1) and one column of inhabitants for each year of :data:`CENSUS_YEARS` and 2020.
    """

    districts: pd.DataFrame
    map: Map

    def distance_km(self) -> np.ndarray:
        """Distance between the capitals of two districts, shape (D, D)."""
        latitude = self.districts["latitude"].to_numpy()
        y = latitude * 111.32
        x = self.districts["longitude"].to_numpy() * 111.32 * np.cos(np.radians(latitude.mean()))
        return np.round(np.hypot(x[:, None] - x[None], y[:, None] - y[None]), 3)


def settle(rng: np.random.Generator, country_map: Map) -> Country:
    """Give every district of a map a name, a code and inhabitants."""
    import pandas as pd

    size = len(country_map.centre)
    altitude = _altitude(rng, country_map)
    urban = np.round(np.clip(rng.beta(1.1, 1.9, size) + 0.15 * (country_map.inland < 0.2), 0.03, 0.97), 3)
    frame = pd.DataFrame({"department_no": country_map.department, "province_no": country_map.province})
    capital = _capitals(rng, frame)
    urban = np.where(capital, np.round(0.6 + 0.38 * urban, 3), urban)
    lone = np.arange(size)
    frame["area_km2"] = [round(abs(sum(area_km2(r) for r in country_map.outline(lone == k))), 2) for k in lone]
    frame["longitude"], frame["latitude"] = country_map.centre.T
    frame["altitude"], frame["urban"] = altitude, urban
    frame["growth"] = np.round(-0.008 + 0.03 * urban + 0.008 * (country_map.inland > 0.7), 4)
    people = rng.lognormal(9.3, 0.6, size) * np.exp(1.7 * urban) * np.where(capital, 1.6, 1.0)
    for year in (*CENSUS_YEARS.values(), DENSITY_YEAR):
        frame[year] = np.round(people * (1 + frame["growth"]) ** (year - 2017)).astype(int)
    _living_conditions(rng, frame)
    _name_and_number(rng, frame, capital)
    return Country(frame, country_map)


def _altitude(rng: np.random.Generator, country_map: Map) -> np.ndarray:
    """Altitude of the capitals, m: a coastal plain, two ranges with valleys between them, then the jungle."""
    x = country_map.inland
    profile = np.interp(
        x, [0, 0.1, 0.22, 0.32, 0.42, 0.52, 0.64, 0.76, 1.0], [15, 120, 1700, 3500, 2700, 3600, 900, 260, 130]
    )
    valley = np.where(rng.random(len(x)) < 0.25, rng.uniform(0.25, 0.6, len(x)), rng.uniform(0.85, 1.1, len(x)))
    return np.round(np.clip(profile * valley * rng.lognormal(0, 0.12, len(x)), 5, 4600)).astype(int)


def _capitals(rng: np.random.Generator, frame: pd.DataFrame) -> np.ndarray:
    """One district of each province, drawn at random, is its capital."""
    draw = frame.assign(u=rng.random(len(frame)))
    best = draw.groupby(["department_no", "province_no"])["u"].transform("max")
    return (draw["u"] == best).to_numpy()


def _living_conditions(rng: np.random.Generator, frame: pd.DataFrame) -> None:
    noise = rng.normal(0, 1, (3, len(frame)))
    height = frame["altitude"] / 4000
    score = 0.30 + 0.34 * frame["urban"] - 0.07 * height + 0.05 * noise[0]
    frame["hdi"] = np.round(np.clip(score, 0.09, 0.85), 4)
    frame["poverty_pct"] = np.round(np.clip(78 - 92 * frame["hdi"] + 6 * noise[1], 0.5, 82), 2)
    frame["extreme_pct"] = np.round(frame["poverty_pct"] ** 2 / 220, 2)
    frame["food_insecurity"] = np.round(np.clip(0.9 - 0.95 * frame["hdi"] + 0.05 * noise[2], 0.05, 0.85), 4)


def _name_and_number(rng: np.random.Generator, frame: pd.DataFrame, capital: np.ndarray) -> None:
    """Name the places; number departments by name, provinces and districts with the capital first."""
    departments = frame["department_no"].nunique()
    provinces = len(frame[["department_no", "province_no"]].drop_duplicates())
    names = invent(rng, departments + provinces + len(frame))
    department_names = sorted(names[:departments], key=plain)
    province_names = iter(names[departments : departments + provinces])
    district_names = iter(names[departments + provinces :])
    for column in ("ubigeo", "departamento", "provincia", "distrito"):
        frame[column] = ""
    for d, rows in frame.groupby("department_no"):
        by_size = frame.loc[rows.index].groupby("province_no")[2017].sum().sort_values(ascending=False, kind="stable")
        for p, province in enumerate(by_size.index, 1):
            name = next(province_names)
            inside = rows.index[rows["province_no"] == province]
            for k, row in enumerate(sorted(inside, key=lambda i: (not capital[i], i)), 1):
                frame.loc[row, ["ubigeo", "departamento", "provincia", "distrito"]] = [
                    f"{d + 1:02d}{p:02d}{k:02d}", department_names[d], name, name if k == 1 else next(district_names),
                ]  # fmt: skip
    frame["capital"] = frame["distrito"].str.title()
