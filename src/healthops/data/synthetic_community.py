"""Imagine hamlets, homes, people and community health workers of one corner of the country; nobody of them ever lived.

The homes lie in the poorest province whose districts are known, and in its nearest neighbour; what the people own, eat
and suffer from depends on their district and age. Nothing here is wrong or missing: defects are planted when the files
of the register are written (:mod:`healthops.data.synthetic_register`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from healthops.data import register_files as files
from healthops.data.walking import KM_PER_DEGREE, TERRAINS

if TYPE_CHECKING:
    import pandas as pd

#: Workers for each district that the programme covers, and the most districts.
WORKERS_PER_DISTRICT, DISTRICTS = 6, 6
#: Hamlets for each worker, and how far a hamlet lies from its district's capital at most.
HAMLETS_PER_WORKER, FARTHEST_KM = 1.2, 6.0
#: Spread of the homes around the middle of a hamlet, km.
SPREAD_KM = 0.35
#: Share of the workers who have each skill beside the general one.
_SKILLED = {"maternal": 0.75, "newborn": 0.65, "chronic": 0.7}
_SYLLABLES = ("ka", "lo", "mi", "ru", "tes", "vel", "no", "bri", "sha", "qui", "den", "mor", "pa", "zu", "fel", "gra")


@dataclass(frozen=True)
class Community:
    """Who lives where, before anything happens.

    Attributes
    ----------
    hamlets, workers, households : DataFrame
        Columns of :data:`healthops.data.register_files.COLUMNS`; `households` has `poverty` (share) besides.
    people : DataFrame
        As the file, with `household_no` (row of `households`), and the latent state: `frailty` and what a faultless
        instrument would measure at rest (`systolic`, `diastolic`, `pulse`, `sugar`, `oxygen`, `arm`).
    on : Timestamp
        The register's date.
    """

    hamlets: pd.DataFrame
    workers: pd.DataFrame
    households: pd.DataFrame
    people: pd.DataFrame
    on: pd.Timestamp


def found(
    rng: np.random.Generator, places: pd.DataFrame, *, households: int, workers: int, on: pd.Timestamp
) -> Community:
    """Draw the community.

    Parameters
    ----------
    places : DataFrame
        Table of this name.
    households, workers : int
        How many; at least ten homes for each worker.

    Raises
    ------
    ValueError
        If there are too few homes for the workers, or no province has a district with all attributes known.
    """
    if workers < 3 or households < 10 * workers:
        raise ValueError(
            f"{households} households and {workers} workers: at least 3 workers and 10 homes each are needed"
        )
    number = min(DISTRICTS, max(1, workers // WORKERS_PER_DISTRICT))
    hamlets = _hamlets(rng, covered(places, number), round(HAMLETS_PER_WORKER * workers))
    staff, of_hamlet = _workers(rng, hamlets, workers)
    homes = _households(rng, hamlets, of_hamlet, households)
    people = _people(rng, homes, on)
    homes["head_name"] = people.drop_duplicates("household_no")["name"].to_numpy()
    return Community(hamlets.drop(columns=["poverty", "altitude_m"]), staff, homes, people, on)


def covered(places: pd.DataFrame, number: int) -> pd.DataFrame:
    """`number` districts of the programme: of the poorest province and its nearest neighbour, the nearest together."""
    wanted = ["latitude", "longitude", "altitude_m", "area_km2", "poverty_pct", "population"]
    districts = places[(places["level"] == "district") & places[wanted].notna().all(axis=1)]
    if districts.empty:
        raise ValueError(f"table 'places' has no district with {wanted}: households cannot be placed")
    by_province = districts.groupby(districts["ubigeo"].str[:4])
    middle = by_province[["latitude", "longitude", "poverty_pct"]].mean()
    several = middle[by_province.size() >= 2]
    middle = several if len(several) else middle
    poorest = middle["poverty_pct"].idxmax()
    gap = np.hypot(*(middle[["latitude", "longitude"]] - middle.loc[poorest, ["latitude", "longitude"]]).to_numpy().T)
    chosen = middle.index[np.argsort(gap, kind="stable")[:2]]
    inside = districts[districts["ubigeo"].str[:4].isin(chosen)]
    home = inside[inside["ubigeo"].str[:4] == poorest][["latitude", "longitude"]].mean()
    near = np.hypot(inside["latitude"] - home["latitude"], inside["longitude"] - home["longitude"])
    return inside.loc[near.sort_values(kind="stable").index[:number]].sort_values("ubigeo", ignore_index=True)


def _hamlets(rng: np.random.Generator, districts: pd.DataFrame, number: int) -> pd.DataFrame:
    """Hamlets around the capitals of the districts; the first of each district is the capital itself."""
    import pandas as pd

    at = np.sort(np.arange(number) % len(districts))
    first = np.concatenate([[True], at[1:] != at[:-1]])
    radius = np.sqrt(districts["area_km2"].to_numpy()[at] / np.pi)
    away = np.where(first, 0, np.minimum(rng.uniform(0.8, FARTHEST_KM, number), np.maximum(0.7 * radius, 1.0)))
    turn = rng.uniform(0, 2 * np.pi, number)
    latitude = districts["latitude"].to_numpy()[at] + away * np.sin(turn) / KM_PER_DEGREE
    stretch = KM_PER_DEGREE * np.cos(np.radians(latitude))
    longitude = districts["longitude"].to_numpy()[at] + away * np.cos(turn) / stretch
    height = districts["altitude_m"].to_numpy()[at]
    step = np.digitize(height, [500, 2500]) + rng.choice([-1, 0, 0, 0, 1], number)
    return pd.DataFrame({
        "hamlet": [f"C{k:03d}" for k in range(1, number + 1)],
        "name": [f"Caserio {_word(rng, 3).title()}" for _ in range(number)],
        "ubigeo": districts["ubigeo"].to_numpy()[at], "latitude": np.round(latitude, 5),
        "longitude": np.round(longitude, 5), "terrain": np.array(TERRAINS)[np.clip(step, 0, 2)],
        "poverty": districts["poverty_pct"].to_numpy()[at] / 100, "altitude_m": height,
    })  # fmt: skip


def _workers(rng: np.random.Generator, hamlets: pd.DataFrame, number: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Workers, one to a hamlet, and the worker (row) that serves each hamlet: the nearest."""
    import pandas as pd

    base = np.sort(rng.choice(len(hamlets), number, replace=False))
    at = hamlets[["latitude", "longitude"]].to_numpy()
    serves = np.hypot(*(at[:, None] - at[base][None]).transpose(2, 0, 1)).argmin(axis=1)
    starts, long = rng.choice([7 * 60, 8 * 60, 8 * 60, 9 * 60], number), rng.choice([5, 6, 6, 7, 8], number)
    able = rng.random((number, len(_SKILLED))) < list(_SKILLED.values())
    skills = ["|".join(["general", *np.array(list(_SKILLED))[row]]) for row in able]
    staff = pd.DataFrame({
        "worker": [f"ACS-{k:03d}" for k in range(1, number + 1)], "name": [_name(rng) for _ in range(number)],
        "phone": _digits(rng, number, 8, "9"), "base_hamlet": hamlets["hamlet"].to_numpy()[base], "skills": skills,
        "workdays": rng.choice(["1111100", "1111110", "1111100", "1110110"], number),
        "starts": [_clock(m) for m in starts], "ends": [_clock(m) for m in starts + 60 * long],
        "break_minutes": rng.choice([30, 30, 45, 60], number), "visits_per_day": rng.integers(8, 15, number),
    })  # fmt: skip
    return staff, serves


def _households(rng: np.random.Generator, hamlets: pd.DataFrame, serves: np.ndarray, number: int) -> pd.DataFrame:
    import pandas as pd

    share = rng.gamma(6, 1, len(hamlets))
    at = np.sort(rng.choice(len(hamlets), number, p=share / share.sum()))
    poverty = np.clip(hamlets["poverty"].to_numpy()[at] + rng.normal(0, 0.15, number), 0.02, 0.98)
    km = rng.normal(0, SPREAD_KM, (number, 2)) * np.where(rng.random(number) < 0.08, 2.5, 1.0)[:, None]
    latitude = hamlets["latitude"].to_numpy()[at] + km[:, 1] / KM_PER_DEGREE
    stretch = KM_PER_DEGREE * np.cos(np.radians(latitude))
    window = np.array([("", ""), ("07:00", "11:00"), ("12:00", "17:00"), ("08:00", "13:00")])[
        rng.choice(4, number, p=[0.7, 0.1, 0.1, 0.1])
    ]
    poor = rng.random((3, number)) < poverty
    return pd.DataFrame({
        "household": [f"HH-{k:05d}" for k in range(1, number + 1)], "hamlet": hamlets["hamlet"].to_numpy()[at],
        "head_name": "", "address": [f"Casa {int(k)} junto a {_word(rng, 3)}" for k in rng.integers(1, 400, number)],
        "latitude": np.round(latitude, 6),
        "longitude": np.round(hamlets["longitude"].to_numpy()[at] + km[:, 0] / stretch, 6), "path": "yes",
        "worker": [f"ACS-{k + 1:03d}" for k in serves[at]], "visit_from": window[:, 0], "visit_to": window[:, 1],
        "water": np.where(poor[0], rng.choice(files.WATER[1:], number), files.WATER[0]),
        "cooking_fuel": np.where(poor[1], rng.choice(files.FUEL[1:], number, p=[0.8, 0.2]), files.FUEL[0]),
        "toilet": np.where(poor[2], rng.choice(files.TOILET[1:], number, p=[0.75, 0.25]), files.TOILET[0]),
        "poverty": poverty,
    })  # fmt: skip


def _people(rng: np.random.Generator, homes: pd.DataFrame, on: pd.Timestamp) -> pd.DataFrame:
    """Families: a head, mostly a partner, children, now and then a grandparent."""
    import pandas as pd

    size = np.minimum(1 + rng.poisson(2.95, len(homes)), 11)
    home = np.repeat(np.arange(len(homes)), size)
    place = np.concatenate([np.arange(s) for s in size])
    n = len(home)
    head = np.clip(rng.normal(44, 15, len(homes)), 18, 88)[home]
    partner = (place == 1) & (rng.random(n) < 0.82)
    old = (place > 0) & ~partner & (rng.random(n) < 0.1) & (head < 65)
    child = rng.uniform(0.02, np.minimum(head - 16, 26) + 0.1)
    age = np.select([place == 0, partner, old], [head, np.clip(head + rng.normal(-2, 5, n), 17, 90), head + 25], child)
    head_female = (rng.random(len(homes)) < 0.35)[home]
    female = np.where(place == 0, head_female, np.where(partner, ~head_female, rng.random(n) < 0.5))
    born = on - pd.to_timedelta(np.round(age * 365.25).astype(int), unit="D")
    surname = np.array([f"{_word(rng, 2).title()} {_word(rng, 2).title()}" for _ in range(len(homes))], dtype=object)
    people = pd.DataFrame({
        "person": [f"PE-{k:06d}" for k in range(1, n + 1)], "household": homes["household"].to_numpy()[home],
        "name": [f"{_word(rng, 2).title()} {surname[h]}" for h in home], "national_id": _digits(rng, n, 7, "4"),
        "phone": np.where(age >= 16, _digits(rng, n, 8, "9"), ""), "sex": np.where(female, "female", "male"),
        "birth_date": born, "age_years": np.floor(age).astype(int),
        "registered_on": np.maximum(born, on - pd.to_timedelta(rng.integers(740, 1500, n), unit="D")),
        "died_on": pd.Series(pd.NaT, index=range(n), dtype="datetime64[ns]"), "household_no": home,
    })  # fmt: skip
    return with_state(rng, people, age, homes)


def with_state(rng: np.random.Generator, people: pd.DataFrame, age: np.ndarray, homes: pd.DataFrame) -> pd.DataFrame:
    """Add lifestyle, chronic conditions and the latent state of `people`, who are `age` years old."""
    n = len(people)
    adult, male = age >= 15, (people["sex"] == "male").to_numpy()
    house = homes.iloc[people["household_no"]].reset_index(drop=True)
    smoke = np.select([rng.random(n) < np.where(male, 0.14, 0.04), rng.random(n) < 0.09], ["daily", "former"], "never")
    people["smoking"] = np.where(adult, smoke, "")
    people["alcohol"] = np.where(adult, rng.choice(files.ALCOHOL, n, p=[0.62, 0.29, 0.09]), "")
    people["activity"] = np.where(adult, rng.choice(files.ACTIVITY, n, p=[0.25, 0.45, 0.30]), "")
    people["fruit_veg_days"] = rng.binomial(7, np.round(np.clip(0.65 - 0.35 * house["poverty"], 0.05, 0.95), 6))
    over = np.maximum(age - 20, 0)
    wood = (house["cooking_fuel"] != "gas").to_numpy()
    daily = (people["smoking"] == "daily").to_numpy()
    high = adult & _happens(rng, -3.4 + 0.062 * over + 0.4 * (people["activity"] == "low"))
    odds = {
        "diabetes": -4.1 + 0.05 * over + 0.5 * (people["activity"] == "low"),
        "chronic_lung": -3.8 + 0.025 * over + 1.0 * daily + 0.6 * wood,
        "heart_disease": -4.6 + 0.045 * over + 0.6 * high + 0.4 * daily,
    }
    people["hypertension"] = high
    for name, value in odds.items():
        people[name] = adult & _happens(rng, value)
    people["frailty"] = np.round(rng.normal(0, 0.35, n), 6)
    grown = np.clip(age, 0, 18)
    systolic = 88 + 1.5 * grown + 0.42 * over + 16 * high + rng.normal(0, 8, n)
    people["systolic"] = np.clip(systolic, 80, 185)
    people["diastolic"] = np.clip(0.58 * people["systolic"] + 8 + rng.normal(0, 4, n), 45, people["systolic"] - 25)
    people["pulse"] = 72 + 55 * np.exp(-age / 4.5) + 4 * people["chronic_lung"] + rng.normal(0, 6, n)
    people["sugar"] = np.clip(5.2 + 4.2 * people["diabetes"] + rng.gamma(2, 0.3, n) - 0.6, 3.8, 18)
    people["oxygen"] = np.clip(97 - 3.5 * people["chronic_lung"] + rng.normal(0, 0.8, n), 84, 99.5)
    people["arm"] = np.clip(148 - 16 * house["poverty"] + rng.normal(0, 9, n), 100, 190)
    return people


def _happens(rng: np.random.Generator, odds: np.ndarray | pd.Series) -> np.ndarray:
    """Draw from log odds; the chance is rounded, so that the last digit of a machine decides nothing."""
    return rng.random(len(odds)) < np.round(1 / (1 + np.exp(-np.asarray(odds, float))), 6)


def _word(rng: np.random.Generator, syllables: int) -> str:
    return "".join(_SYLLABLES[k] for k in rng.integers(0, len(_SYLLABLES), syllables))


def _name(rng: np.random.Generator) -> str:
    return f"{_word(rng, 2).title()} {_word(rng, 2).title()} {_word(rng, 2).title()}"


def _digits(rng: np.random.Generator, number: int, digits: int, start: str) -> np.ndarray:
    """Distinct numbers of so many digits after `start`, as text."""
    drawn = np.unique(rng.integers(10 ** (digits - 1), 10**digits, 2 * number + 10))
    return np.array([f"{start}{k}" for k in rng.permutation(drawn)[:number]], dtype=object)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
