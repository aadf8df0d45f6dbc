"""What happens to the imagined people: pregnancies, and severe events drawn from a risk function that is known.

Time goes in quarters of 90 days. At the first day of each (a landmark) every living person has a chance of a severe
event within the quarter, :func:`log_odds` of the state on that day; so a model that is asked for it has a truth to be
judged by. The last quarter begins on the register's date: it is the season that a plan is replayed on, and no register
knows of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.synthetic_community import Community, with_state

if TYPE_CHECKING:
    import pandas as pd

#: Days of a quarter; quarters before the register's date, and how many of them are told as landmarks.
QUARTER, QUARTERS, TOLD = 90, 8, 4
#: Quarters for which an event counts as one before.
YEAR = 4
#: Pregnancies a year of a woman aged 15 to 44 who is not pregnant; share lost; share with dangerous blood pressure.
PREGNANCIES_A_YEAR, LOST, PREECLAMPSIA = 0.14, 0.09, 0.07
#: Share that knows the last menstrual period; share whose family wants no visits any more.
KNOWS_LMP, MUTED = 0.78, 0.03
#: What dangerous blood pressure adds from day 150 of a pregnancy to 14 days after it, mmHg.
PRESSURE_ADDED = {"systolic": 34, "diastolic": 20}
#: Log odds of a severe event in a quarter: an intercept, and what each finding adds. Assumed; the directions and rough
#: sizes are those of the literature, the values serve to be found again.
EFFECTS = {
    "intercept": -4.0,
    "infant": 1.6,  # under 1 year
    "toddler": 0.7,  # 1 to 4 years
    "per_year_above_50": 0.055,
    "pregnant": 1.0,
    "after_birth": 0.8,  # to 42 days
    "per_mmhg_above_130": 0.028,
    "pregnant_with_pressure": 1.2,  # systolic of 140 and above
    "per_mmol_above_7": 0.11,
    "per_pct_oxygen_below_95": 0.14,
    "thin_child": 1.1,  # arm below 125 mm, 6 to 59 months
    "daily_smoking": 0.5,
    "heavy_drinking": 0.35,
    "low_activity": 0.2,
    "per_day_of_fruit": -0.05,
    "chronic_lung": 0.45,
    "heart_disease": 1.0,
    "solid_fuel_child": 0.3,
    "open_water_child": 0.35,
    "event_before": 0.9,  # in the 360 days before
}


@dataclass(frozen=True)
class Course:
    """What happened.

    Attributes
    ----------
    people : DataFrame
        Of the community, with the children born since and the dead.
    pregnancies : DataFrame
        As the file, with `mother` and `baby_no` (rows of `people`, -1: none), `true_end` and `pressure`.
    events, season : DataFrame
        As the files, `event` missing; up to the register's date, and after it.
    chance : DataFrame
        person, date, chance: of the landmarks that are told and of the register's date.
    odds : array of float, shape (N, QUARTERS + 1)
        Log odds of every person in every quarter; NaN before birth and after death.
    """

    people: pd.DataFrame
    pregnancies: pd.DataFrame
    events: pd.DataFrame
    season: pd.DataFrame
    chance: pd.DataFrame
    odds: np.ndarray


def live(rng: np.random.Generator, community: Community) -> Course:
    """Let two years and a season pass."""
    import pandas as pd

    pregnancies = _pregnancies(rng, community)
    people, pregnancies = _births(rng, community, pregnancies)
    landmarks = community.on + pd.to_timedelta(QUARTER * (np.arange(QUARTERS + 1) - QUARTERS), unit="D")
    odds = np.full((len(people), QUARTERS + 1), np.nan)
    died = np.full(len(people), np.datetime64("NaT", "D"))
    recent = np.zeros(len(people), dtype=int)
    mothers, happened = pregnancies["mother"].unique(), []
    for k, day in enumerate(landmarks):
        here = (people["birth_date"] < day).to_numpy() & np.isnat(died)
        state = state_on(people, community.households, pregnancies, day, before=recent > 0)
        odds[:, k] = np.where(here, log_odds(state), np.nan)
        chance = np.round(1 / (1 + np.exp(-odds[:, k])), 6)
        hit = np.flatnonzero(rng.random(len(people)) < np.nan_to_num(chance))
        when = (day + pd.to_timedelta(rng.integers(1, QUARTER + 1, len(hit)), unit="D")).to_numpy()
        kind = _kinds(rng, state.iloc[hit], np.isin(hit, mothers))
        died[hit[kind == "death"]] = when[kind == "death"].astype("datetime64[D]")
        recent = np.maximum(recent - 1, 0)
        recent[hit] = YEAR
        happened.append(pd.DataFrame({"person": people["person"].to_numpy()[hit], "date": when, "kind": kind}))
    events = pd.concat(happened, ignore_index=True).sort_values(["date", "person"], ignore_index=True)
    past = events["date"] <= community.on
    people["died_on"] = pd.Series(died).astype("datetime64[ns]").where(lambda d: d <= community.on)
    season = pd.concat([events[~past], _season_births(pregnancies, community.on)], ignore_index=True)
    return Course(
        people, pregnancies, events[past].reset_index(drop=True),
        season.sort_values(["date", "person"], ignore_index=True), _told(people, landmarks, odds), odds,
    )  # fmt: skip


def state_on(
    people: pd.DataFrame, homes: pd.DataFrame, pregnancies: pd.DataFrame, day: pd.Timestamp, *, before: np.ndarray
) -> pd.DataFrame:
    """State of every person on `day`: what :func:`log_odds` asks for."""
    import pandas as pd

    state = people.copy()
    state["age"] = (day - people["birth_date"]).dt.days / 365.25
    house = homes.iloc[people["household_no"]].reset_index(drop=True)
    state["solid_fuel"], state["open_water"] = (
        house["cooking_fuel"] != "gas",
        house["water"].isin(["open well", "river"]),
    )
    since = (day - pregnancies["lmp_true"]).dt.days.to_numpy()
    ended = (day - pregnancies["true_end"]).dt.days.to_numpy()
    born = (pregnancies["true_outcome"] == "delivery").to_numpy()
    pregnant, after = np.zeros(len(people), bool), np.zeros(len(people), bool)
    mother = pregnancies["mother"].to_numpy()
    pregnant[mother[(since >= 35) & (ended < 0)]] = True
    after[mother[born & (ended >= 0) & (ended <= 42)]] = True
    pressed = mother[pregnancies["pressure"].to_numpy() & (since >= 150) & (ended <= 14)]
    for name, more in PRESSURE_ADDED.items():
        value = state[name].to_numpy(float).copy()
        value[pressed] += more
        state[name] = value
    return state.assign(pregnant=pregnant, after_birth=after, event_before=pd.Series(before).to_numpy())


def log_odds(state: pd.DataFrame) -> np.ndarray:
    """Log odds of a severe event within :data:`QUARTER` days; frailty, which nobody measures, is part of it."""
    child = (state["age"] < 5).to_numpy()
    arm = (state["arm"] < 125) & (state["age"] >= 0.5) & child
    found = {
        "intercept": 1,
        "infant": state["age"] < 1,
        "toddler": (state["age"] >= 1) & child,
        "per_year_above_50": np.maximum(state["age"] - 50, 0),
        "pregnant": state["pregnant"],
        "after_birth": state["after_birth"],
        "per_mmhg_above_130": np.maximum(state["systolic"] - 130, 0),
        "pregnant_with_pressure": state["pregnant"] & (state["systolic"] >= 140),
        "per_mmol_above_7": np.maximum(state["sugar"] - 7, 0),
        "per_pct_oxygen_below_95": np.maximum(95 - state["oxygen"], 0),
        "thin_child": arm,
        "daily_smoking": state["smoking"] == "daily",
        "heavy_drinking": state["alcohol"] == "heavy",
        "low_activity": state["activity"] == "low",
        "per_day_of_fruit": state["fruit_veg_days"],
        "chronic_lung": state["chronic_lung"],
        "heart_disease": state["heart_disease"],
        "solid_fuel_child": child & state["solid_fuel"],
        "open_water_child": child & state["open_water"],
        "event_before": state["event_before"],
    }
    return sum(EFFECTS[name] * np.asarray(value, float) for name, value in found.items()) + state["frailty"].to_numpy()


def _kinds(rng: np.random.Generator, state: pd.DataFrame, mother: np.ndarray) -> np.ndarray:
    """Danger signs at home mostly; admissions, more often of the old and the chronically ill; few deaths.

    Mothers live on: their pregnancies were drawn before.
    """
    old = (state["age"] >= 60).to_numpy() | state["heart_disease"].to_numpy(bool)
    u = rng.random(len(state))
    return np.select(
        [u < np.where(old, 0.06, 0.008), u < np.where(old, 0.45, 0.25)], ["death", "admission"], "danger_sign"
    )


def _pregnancies(rng: np.random.Generator, community: Community) -> pd.DataFrame:
    """Pregnancies of the last two years and more, as they truly went and as far as the register knows."""
    import pandas as pd

    people, on = community.people, community.on
    women = np.flatnonzero((people["sex"] == "female") & ((on - people["birth_date"]).dt.days / 365.25).between(15, 46))
    age = ((on - people["birth_date"]).dt.days / 365.25).to_numpy()
    span, rows = QUARTER * QUARTERS + 300, []
    for mother in women:
        day = span - rng.exponential(365.25 / PREGNANCIES_A_YEAR)
        while day > 20:
            loss = rng.random() < LOST
            length = int(rng.integers(50, 110)) if loss else int(np.clip(round(rng.normal(278, 11)), 245, 300))
            if 15 <= age[mother] - day / 365.25 < 45:
                rows.append((mother, int(day), length, loss))
            day -= length + 120 + rng.exponential(365.25 / PREGNANCIES_A_YEAR)
    table = pd.DataFrame(rows, columns=["mother", "ago", "length", "loss"])
    n = len(table)

    def back(days: np.ndarray | pd.Series) -> pd.Series:
        return pd.Series(on - pd.to_timedelta(np.asarray(days), unit="D"))

    table["lmp_true"], table["true_end"] = back(table["ago"]), back(table["ago"] - table["length"])
    lost = np.where(rng.random(n) < 0.8, "miscarriage", "abortion")
    table["true_outcome"] = np.where(table["loss"], lost, "delivery")
    table["pressure"] = rng.random(n) < PREECLAMPSIA
    wait = rng.integers(35, 150, n)
    table["registered_on"] = back(table["ago"] - wait)
    recorded = back(table["ago"] - table["length"] - rng.integers(0, 7, n))
    table["lmp_on"] = table["lmp_true"].where(rng.random(n) < KNOWS_LMP)
    quit_day = back(table["ago"] - wait - rng.integers(20, 100, n))
    table["muted_on"] = quit_day.where((rng.random(n) < MUTED) & (quit_day < table["true_end"]) & (quit_day <= on))
    table["muted_reason"] = np.where(table["muted_on"].notna(), rng.choice(["refused", "migrated", "cleared"], n), "")
    known = recorded <= on
    table["ended_on"], table["end_recorded_on"] = table["true_end"].where(known), recorded.where(known)
    table["outcome"] = np.where(known, table["true_outcome"], "")
    # What ended before it was registered, or is not registered yet, is in no register.
    table["told"] = (table["registered_on"] < table["true_end"]) & (table["registered_on"] <= on)
    table["person"] = people["person"].to_numpy()[table["mother"]]
    table["pregnancy"] = [f"EM-{k:05d}" for k in range(1, n + 1)]
    return table


def _births(
    rng: np.random.Generator, community: Community, pregnancies: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Add the children of the recorded deliveries to the people."""
    import pandas as pd

    people = community.people
    born = np.flatnonzero(pregnancies["told"] & (pregnancies["outcome"] == "delivery"))
    mothers = people.iloc[pregnancies["mother"].to_numpy()[born]].reset_index(drop=True)
    n, first = len(born), len(people) + 1
    birth = pregnancies["true_end"].to_numpy()[born]
    age = ((community.on - pd.Series(birth)).dt.days / 365.25).to_numpy()
    babies = pd.DataFrame({
        "person": [f"PE-{first + k:06d}" for k in range(n)], "household": mothers["household"],
        "name": ["Bebe " + name for name in mothers["name"]],
        "national_id": [str(90000000 + int(k)) for k in rng.permutation(9999999)[:n]] if n else [], "phone": "",
        "sex": rng.choice(["female", "male"], n), "birth_date": birth, "age_years": np.floor(age).astype(int),
        "registered_on": pregnancies["end_recorded_on"].to_numpy()[born],
        "died_on": pd.Series(pd.NaT, index=range(n), dtype="datetime64[ns]"), "household_no": mothers["household_no"],
    })  # fmt: skip
    babies = with_state(rng, babies, age, community.households)
    number = np.full(len(pregnancies), -1)
    number[born] = len(people) + np.arange(n)
    everybody = pd.concat([people, babies], ignore_index=True)
    name = np.where(number >= 0, everybody["person"].to_numpy()[number], "")
    return everybody, pregnancies.assign(baby_no=number, baby=name)


def _season_births(pregnancies: pd.DataFrame, on: pd.Timestamp) -> pd.DataFrame:
    """Registered pregnancies that end within the season: a replay must know when a visit comes too late."""
    import pandas as pd

    after = (pregnancies["true_end"] - on).dt.days
    rows = pregnancies[pregnancies["told"] & (after > 0) & (after <= QUARTER)]
    kind = rows["true_outcome"].where(rows["true_outcome"] == "delivery", "pregnancy_loss")
    return pd.DataFrame({"person": rows["person"], "date": rows["true_end"], "kind": kind})


def _told(people: pd.DataFrame, landmarks: pd.DatetimeIndex, odds: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    parts = []
    for k in range(QUARTERS - TOLD, QUARTERS + 1):
        there = np.flatnonzero(~np.isnan(odds[:, k]) & (people["registered_on"] < landmarks[k]).to_numpy())
        chance = np.round(1 / (1 + np.exp(-odds[there, k])), 4)
        parts.append(
            pd.DataFrame({"person": people["person"].to_numpy()[there], "date": landmarks[k], "chance": chance})
        )
    return pd.concat(parts, ignore_index=True)
