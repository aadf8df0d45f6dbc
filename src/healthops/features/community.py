"""Table ``community_features``: what a register told of each person before each landmark.

A landmark is a day; the event that is asked for comes after it. So a feature may use what is dated *before* the day,
and not what was written down on it. Columns of the register that hold an end (`died_on`, `ended_on`, `end_recorded_on`,
`baby`, `muted_on`) are looked at only where their own day, or the day on which they became known, lies before the
landmark. What the register holds without a day (lifestyle, chronic conditions, the home) is taken as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from healthops.features import community_catalogue as listed
from healthops.features.community_catalogue import AGES, CHRONIC, LOOK_BACK
from healthops.features.grid import FeatureError, require
from healthops.features.vital_signs import COMMUNITY_FLAGS, derived_pressures, flags

if TYPE_CHECKING:
    import pandas as pd

#: Columns that are read, by table.
READS: dict[str, tuple[str, ...]] = {
    "community_landmarks": ("person", "date", "age_years", "event"),
    "community_people": (
        "person", "household", "sex", "smoking", "alcohol", "activity", "fruit_veg_days", *CHRONIC, "basis",
    ),
    "community_visits": ("person", "date", *listed.VITALS, "danger_signs", "referral"),
    "community_events": ("person", "date", "kind"),
    "community_pregnancies": (
        "person", "registered_on", "lmp_on", "ended_on", "outcome", "end_recorded_on", "baby",
    ),
    "community_households": ("household", "hamlet", "walk_min", "unreachable", "water", "cooking_fuel", "toilet"),
    "community_hamlets": ("hamlet", "terrain_factor"),
}  # fmt: skip
#: What is beside the features: the key, what no fold may part, what is asked for, and what all rests on.
BESIDE = ("person", "date", "household", "event", "basis")
#: A pregnancy whose end is not on record counts as over after so many days from the last period, or else from its
#: registration (44 weeks; 39 weeks after a registration in the fifth week).
LONGEST_DAYS, LONGEST_UNKNOWN_DAYS = 308, 273
#: Days after a birth that count as such (WHO: the postnatal period).
AFTER_BIRTH_DAYS = 42
AGE_BANDS = {0: "0", 1: "1-4", 5: "5-14", 15: "15-49", 50: "50-64", 65: "65+"}
SOLID_FUELS, OPEN_WATER = ("wood", "dung"), ("open well", "river")


def community_features(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return table ``community_features``, one row for each person and landmark.

    Parameters
    ----------
    tables : mapping
        The tables of :data:`READS`. Rows that are dated on or after a landmark do not change its row.

    Returns
    -------
    DataFrame
        :data:`BESIDE` and the features of the catalogue; numbers as floats, words as text, missing as NaN.

    Raises
    ------
    FeatureError
        Naming the table and the column that is lacking, or the person or home that a table does not know.
    """
    import pandas as pd

    for name, columns in READS.items():
        if name not in tables:
            raise FeatureError(f"table {name!r} is lacking; community_features reads {list(READS)}")
        require(tables[name], columns, name)
    rows = tables["community_landmarks"].sort_values(["date", "person"], ignore_index=True)
    people = tables["community_people"].set_index("person")
    homes = tables["community_households"].set_index("household")
    _known(rows["person"], people.index, "community_landmarks", "person", "community_people")
    _known(people["household"], homes.index, "community_people", "household", "community_households")
    hamlets = tables["community_hamlets"].set_index("hamlet")
    _known(homes["hamlet"], hamlets.index, "community_households", "hamlet", "community_hamlets")
    homes = homes.assign(terrain_factor=hamlets["terrain_factor"].reindex(homes["hamlet"]).to_numpy())
    parts = [_landmark(day, here, people, homes, tables) for day, here in rows.groupby("date", sort=True)]
    out = pd.concat(parts, ignore_index=True)
    numbers, words = listed.names("community", "number"), listed.names("community", "category")
    out[list(numbers)] = out[list(numbers)].astype("float64").round(6)
    out[list(words)] = out[list(words)].astype("str")
    return out[[*BESIDE, *listed.names("community")]].sort_values(["person", "date"], ignore_index=True)


def _known(values: pd.Series, index: pd.Index, table: str, column: str, other: str) -> None:
    lost = ~values.isin(index)
    if lost.any():
        raise FeatureError(f"table {table!r}: {column} {values[lost].iloc[0]!r} is not in {other!r}; clean both again")


def _landmark(
    day: pd.Timestamp, rows: pd.DataFrame, people: pd.DataFrame, homes: pd.DataFrame, tables: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """Rows of one landmark."""
    import pandas as pd

    now = rows.set_index("person")
    persons, home = now.index, people["household"].reindex(now.index)
    age = now["age_years"].astype("float64")
    visits, events = (_before(tables[name], day) for name in ("community_visits", "community_events"))
    out = pd.DataFrame({"date": day, "household": home, "event": now["event"], "basis": now["basis"]}, index=persons)
    measured = _measured(visits, persons, day)
    found = [
        _who(age, people.reindex(persons), home),
        _lifestyle(age, people.reindex(persons)),
        measured,
        _history(visits, events, persons, day),
        _pregnancy(tables["community_pregnancies"], persons, day),
        _home(age, homes.reindex(home).set_index(persons)),
    ]
    out = pd.concat([out, *found], axis=1)
    out["events_at_home"] = _at_home(events, people["household"], home, out["events_before"])
    out["pregnant_high_pressure"] = np.where(out["pregnant"] == 1, out["high_pressure"], 0.0)
    return out.rename_axis("person").reset_index()


def _before(table: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Rows dated in the :data:`LOOK_BACK` days before `day`, which itself is not among them."""
    ago = (day - table["date"]).dt.days
    return table.assign(ago=ago)[(ago > 0) & (ago <= LOOK_BACK)]


def _who(age: pd.Series, people: pd.DataFrame, home: pd.Series) -> pd.DataFrame:
    import pandas as pd

    # A missing age is in no band, and no count of children or old people.
    sizes = pd.DataFrame({"home": home, "under": age < 5, "over": age >= 65}).groupby("home")
    starts = list(AGE_BANDS)
    band = pd.cut(age, [*starts, np.inf], right=False, labels=list(AGE_BANDS.values())).astype("object")
    return pd.DataFrame({
        "age_years": age, "age_band": band, "female": (people["sex"] == "female").astype(float),
        "household_size": home.map(home.value_counts()), "under_5_at_home": sizes["under"].transform("sum"),
        "over_65_at_home": sizes["over"].transform("sum"),
    })  # fmt: skip


def _lifestyle(age: pd.Series, people: pd.DataFrame) -> pd.DataFrame:
    """Habits; of whom was a child on the day, nothing that was asked later; and known conditions."""
    import pandas as pd

    words = {name: people[name].astype("object").mask(age < 15, "child") for name in ("smoking", "alcohol", "activity")}
    known = people[list(CHRONIC)].astype("float64")
    return pd.DataFrame({
        **words, "fruit_veg_days": people["fruit_veg_days"].astype("float64"), **known,
        "conditions": known.sum(axis=1, min_count=1),
    })  # fmt: skip


def _measured(visits: pd.DataFrame, persons: pd.Index, day: pd.Timestamp) -> pd.DataFrame:
    """Return the last vital signs, their age in days, what is derived of them, and the flags."""
    import pandas as pd

    out = pd.DataFrame(index=persons)
    for since, names in AGES.items():
        known = visits[visits[list(names)].notna().all(axis=1)]
        newest = known[known["ago"] == known.groupby("person")["ago"].transform("min")]
        last = newest.groupby("person")[[*names, "ago"]].mean().reindex(persons)
        out[list(names)], out[since] = last[list(names)], last["ago"]
    for name, values in derived_pressures(out["systolic_mmhg"], out["diastolic_mmhg"]).items():
        out[name] = values
    return pd.concat([out, flags(out, COMMUNITY_FLAGS)], axis=1)


def _history(visits: pd.DataFrame, events: pd.DataFrame, persons: pd.Index, day: pd.Timestamp) -> pd.DataFrame:
    import pandas as pd

    signs = visits[visits["danger_signs"].fillna(0) > 0]
    admitted = events[events["kind"] == "admission"]
    counts = {
        "visit_days": visits.groupby("person")["date"].nunique(),
        "danger_signs": signs.groupby("person")["danger_signs"].sum(),
        "referrals": visits.groupby("person")["referral"].sum(),
        "events_before": events.groupby("person").size(),
        "admissions_before": admitted.groupby("person").size(),
    }
    since = {"days_since_visit": visits, "days_since_danger_sign": signs, "days_since_event": events}
    return pd.DataFrame({
        **{name: count.reindex(persons).fillna(0).astype("float64") for name, count in counts.items()},
        **{name: table.groupby("person")["ago"].min().reindex(persons) for name, table in since.items()},
    })  # fmt: skip


def _at_home(events: pd.DataFrame, lives: pd.Series, home: pd.Series, own: pd.Series) -> pd.Series:
    """Count the events of the others of a home, of those who have died since too."""
    at = lives.reindex(events["person"]).value_counts()
    return home.map(at).fillna(0).astype("float64") - own


def _pregnancy(pregnancies: pd.DataFrame, persons: pd.Index, day: pd.Timestamp) -> pd.DataFrame:
    """Pregnancy and birth as far as they were on record before `day`."""
    import pandas as pd

    known = pregnancies[pregnancies["registered_on"] < day]
    told = known["end_recorded_on"] < day
    since_lmp, since_start = (day - known["lmp_on"]).dt.days, (day - known["registered_on"]).dt.days
    late = (since_lmp > LONGEST_DAYS) | (since_lmp.isna() & (since_start > LONGEST_UNKNOWN_DAYS))
    going = known[~told & ~late].assign(gestation=since_lmp / 7)
    # Of two that are open at once the newer counts; of two registered on one day, that of the later last period.
    going = going.sort_values(["registered_on", "lmp_on"], na_position="first", kind="stable")
    going = going.drop_duplicates("person", keep="last").set_index("person").reindex(persons)
    pregnant = going["registered_on"].notna()
    ended = known[told].assign(ago=(day - known["ended_on"]).dt.days)
    ended = ended[ended["ago"] <= LOOK_BACK]
    births = ended[ended["outcome"] == "delivery"]
    born = births.groupby("person")["ago"].min().reindex(persons)
    lost = ended.loc[ended["outcome"].isin(["miscarriage", "abortion"]), "person"]
    weeks = going["gestation"]
    stage = np.select(
        [pregnant & weeks.isna(), pregnant & (weeks < 14), pregnant & (weeks < 28), pregnant, born <= AFTER_BIRTH_DAYS],
        ["unknown", "first", "second", "third", "after birth"],
        "none",
    )
    return pd.DataFrame({
        "pregnant": pregnant.astype(float), "pregnancy_stage": pd.Series(stage, index=persons, dtype="object"),
        "gestation_weeks": weeks, "days_since_birth": born,
        "lost_pregnancy": persons.isin(lost).astype(float),
        "newborn_days": births.dropna(subset=["baby"]).groupby("baby")["ago"].min().reindex(persons),
    })  # fmt: skip


def _home(age: pd.Series, homes: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    child = (age < 5).where(age.notna()).astype("float64")
    return pd.DataFrame({
        "water": homes["water"], "cooking_fuel": homes["cooking_fuel"], "toilet": homes["toilet"],
        "child_solid_fuel": child * homes["cooking_fuel"].isin(SOLID_FUELS),
        "child_open_water": child * homes["water"].isin(OPEN_WATER),
        "walk_min": homes["walk_min"], "unreachable": homes["unreachable"].notna().astype(float),
        "terrain_factor": homes["terrain_factor"],
    })  # fmt: skip
