"""Visits to the imagined people: rounds from home to home, the antenatal schedule, and follow-ups of danger signs.

What is measured is the state of the day with an instrument's noise; danger signs are likelier where the chance of an
event is high, but nothing at a visit knows whether one will come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from healthops.data.synthetic_community import Community
from healthops.data.synthetic_course import PRESSURE_ADDED, QUARTER, QUARTERS, Course

if TYPE_CHECKING:
    import pandas as pd

#: Rounds to a home in the two years; share of its people met at one.
ROUNDS, MET = 5.0, 0.72
#: Share of the due antenatal visits that take place; of follow-ups.
KEPT, KEPT_BLIND, FOLLOWED = 0.72, 0.35, 0.66
#: Share of the visits at which each is measured.
_MEASURED = {"systolic": 0.85, "pulse": 0.8, "temp": 0.9, "sugar": 0.35, "oxygen": 0.5, "arm": 0.7}


def visit(rng: np.random.Generator, community: Community, course: Course) -> pd.DataFrame:
    """Draw the visits up to the day before the register's date, as the file has them."""
    import pandas as pd

    rows = pd.concat([_rounds(rng, community, course), _antenatal(rng, community, course)], ignore_index=True)
    rows = _signs(rng, rows, community, course)
    rows = pd.concat([rows, _follow_ups(rng, rows, community, course)], ignore_index=True)
    rows = rows[(rows["date"] <= community.on) & ~_after_death(rows, course)]
    rows = rows.sort_values(["date", "person_no", "form"], kind="stable", ignore_index=True)
    rows["visit"] = [f"VI-{k:06d}" for k in range(1, len(rows) + 1)]
    rows["person"] = course.people["person"].to_numpy()[rows["person_no"]]
    home = course.people["household_no"].to_numpy()[rows["person_no"]]
    rows["worker"] = community.households["worker"].to_numpy()[home]
    return _measure(rng, rows, course)


def _weekday(date: Any) -> Any:
    """Shift Sundays to Mondays."""
    import pandas as pd

    date = pd.DatetimeIndex(date)
    return date + pd.to_timedelta((date.day_of_week == 6).astype(int), unit="D")


def _rounds(rng: np.random.Generator, community: Community, course: Course) -> pd.DataFrame:
    """Household visits: the people of a home on one day."""
    import pandas as pd

    homes = len(community.households)
    zeal = dict(zip(community.workers["worker"], rng.uniform(0.6, 1.4, len(community.workers)), strict=True))
    often = rng.poisson(ROUNDS * community.households["worker"].map(zeal).to_numpy())
    home = np.repeat(np.arange(homes), often)
    ago = rng.integers(1, QUARTER * QUARTERS + 1, len(home))
    members = pd.DataFrame({"home": course.people["household_no"], "person_no": np.arange(len(course.people))})
    rows = pd.DataFrame({"home": home, "ago": ago}).drop_duplicates().merge(members, on="home")
    rows = rows[rng.random(len(rows)) < MET]
    rows["date"] = _weekday(community.on - pd.to_timedelta(rows["ago"], unit="D"))
    known = course.people["registered_on"].to_numpy()[rows["person_no"]] <= rows["date"]
    rows = rows[known & (rows["date"] < community.on)]
    return rows.assign(form="household_visit", pregnancy="")[["person_no", "date", "form", "pregnancy"]]


def _antenatal(rng: np.random.Generator, community: Community, course: Course) -> pd.DataFrame:
    """Registration, home visits of the schedule as far as they were kept, reminders, delivery of mother and baby."""
    import pandas as pd

    day, rows = pd.Timedelta(days=1), []
    told = course.pregnancies[course.pregnancies["told"]]
    for one in told.to_dict("records"):
        start, last = one["registered_on"], min(one["true_end"], community.on)
        if pd.notna(one["muted_on"]):
            last = min(last, one["muted_on"])
        rows.append((one["mother"], start, "pregnancy", one["pregnancy"]))
        if pd.notna(one["lmp_on"]):
            due = [one["lmp_on"] + 7 * w * day for w in (12, 20, 26, 30, 34, 36, 38, 40)]
        else:
            due = [start + 14 * k * day for k in range(1, 22)]
        kept = KEPT if pd.notna(one["lmp_on"]) else KEPT_BLIND
        for date in due:
            happens, shift = rng.random() < kept, int(rng.integers(-5, 6))
            date = date + shift * day
            if happens and start < date < last:
                rows.append((one["mother"], date, "pregnancy_home_visit", one["pregnancy"]))
        if one["outcome"] == "delivery":
            rows.append((one["mother"], one["end_recorded_on"], "delivery", one["pregnancy"]))
            rows.append((one["baby_no"], one["end_recorded_on"], "delivery", one["pregnancy"]))
    table = pd.DataFrame(rows, columns=["person_no", "date", "form", "pregnancy"])
    table["date"] = pd.to_datetime(table["date"]).astype("datetime64[ns]")
    return table


def _signs(rng: np.random.Generator, rows: pd.DataFrame, community: Community, course: Course) -> pd.DataFrame:
    """Add danger signs, referrals, the day to look again, and the day agreed for the health facility."""
    import pandas as pd

    n = len(rows)
    quarter = QUARTERS - np.ceil((community.on - rows["date"]).dt.days.to_numpy() / QUARTER).astype(int)
    odds = np.nan_to_num(course.odds[rows["person_no"], np.clip(quarter, 0, QUARTERS)], nan=-3.5)
    after = (rows["form"] == "delivery").to_numpy()
    sick = rng.random(n) < np.round(1 / (1 + np.exp(-(-0.4 + 0.8 * odds + 0.9 * after))), 6)
    rows = rows.assign(danger_signs=np.where(sick, 1 + rng.binomial(2, 0.25, n), 0))
    rows["referral"] = sick & (rng.random(n) < 0.9)
    again = rows["date"] + pd.to_timedelta(rng.integers(1, 4, n), unit="D")
    rows["follow_up_on"] = again.where(rows["referral"])
    facility = rows["date"] + pd.to_timedelta(rng.integers(7, 31, n), unit="D")
    wanted = rows["form"].isin(["pregnancy", "pregnancy_home_visit"]) & (rng.random(n) < 0.6)
    return rows.assign(next_facility_visit_on=facility.where(wanted))


def _follow_ups(rng: np.random.Generator, rows: pd.DataFrame, community: Community, course: Course) -> pd.DataFrame:
    """Follow-ups of referrals and reminders, as far as they took place; all has got better by then."""
    import pandas as pd

    referred = rows[rows["referral"] & (rng.random(len(rows)) < FOLLOWED)]
    late = rng.integers(-1, 6, len(referred))
    date = np.maximum(
        referred["follow_up_on"] + pd.to_timedelta(late, unit="D"), referred["date"] + pd.Timedelta(days=1)
    )
    baby = referred["person_no"].isin(course.pregnancies["baby_no"])
    form = np.select(
        [
            referred["form"] == "household_visit",
            (referred["form"] == "delivery") & baby,
            referred["form"] == "delivery",
        ],
        ["danger_sign_follow_up", "pnc_danger_sign_follow_up_baby", "pnc_danger_sign_follow_up_mother"],
        "pregnancy_danger_sign_follow_up",
    )
    seen = referred[["person_no", "pregnancy"]].assign(date=date, form=form)
    agreed = rows[rows["next_facility_visit_on"].notna() & (rng.random(len(rows)) < 0.6)]
    shift = pd.to_timedelta(rng.integers(-2, 6, len(agreed)), unit="D")
    told = agreed[["person_no", "pregnancy"]].assign(
        date=agreed["next_facility_visit_on"] + shift, form="pregnancy_facility_visit_reminder"
    )
    out = pd.concat([seen, told], ignore_index=True)
    out = out[out["date"] < community.on]
    empty = pd.Series(pd.NaT, index=out.index, dtype="datetime64[ns]")
    return out.assign(danger_signs=0, referral=False, follow_up_on=empty, next_facility_visit_on=empty)


def _after_death(rows: pd.DataFrame, course: Course) -> np.ndarray:
    died = course.people["died_on"].to_numpy()[rows["person_no"]]
    return ~np.isnat(died) & (rows["date"].to_numpy() >= died)


def _measure(rng: np.random.Generator, rows: pd.DataFrame, course: Course) -> pd.DataFrame:
    """Add the measurements of each visit: the state of the day, noise, and a liking for round numbers."""
    n = len(rows)
    of = course.people.iloc[rows["person_no"]].reset_index(drop=True)
    age = ((rows["date"] - of["birth_date"]).dt.days / 365.25).to_numpy()
    more = {name: np.zeros(n) for name in PRESSURE_ADDED}
    for one in course.pregnancies[course.pregnancies["pressure"]].to_dict("records"):
        days = (rows["date"] - one["lmp_true"]).dt.days
        there = (rows["person_no"] == one["mother"]) & (days >= 150) & ((rows["date"] - one["true_end"]).dt.days <= 14)
        for name, added in PRESSURE_ADDED.items():
            more[name] += added * there.to_numpy()
    has = {name: rng.random(n) < share for name, share in _MEASURED.items()}
    round_number = rng.random(n) < 0.35
    systolic = of["systolic"] + more["systolic"] + rng.normal(0, 6, n)
    diastolic = np.minimum(of["diastolic"] + more["diastolic"] + rng.normal(0, 4, n), systolic - 18)
    pressure = [np.where(round_number, 10 * np.round(p / 10), np.round(p)) for p in (systolic, diastolic)]
    pressure[1] = np.minimum(pressure[1], pressure[0] - 10)
    pulse = np.clip(np.round(of["pulse"] + rng.normal(0, 5, n)), 45, 190)
    fever = (rows["danger_signs"] > 0) & (rng.random(n) < 0.45)
    temp = np.round(36.7 + rng.normal(0, 0.25, n) + np.where(fever, rng.uniform(1.0, 2.8, n), 0), 1)
    sugar = np.round(np.clip(of["sugar"] + rng.normal(0, 0.5, n), 3, 22), 1)
    oxygen = np.clip(np.round(of["oxygen"] + rng.normal(0, 0.7, n)), 78, 100)
    arm = np.clip(np.round(of["arm"] + rng.normal(0, 3, n)), 95, 200)
    adult, small = age >= 15, (age >= 0.5) & (age < 5)
    rows["systolic_mmhg"] = np.where(has["systolic"] & adult, pressure[0], np.nan)
    rows["diastolic_mmhg"] = np.where(has["systolic"] & adult, pressure[1], np.nan)
    rows["heart_rate_bpm"] = np.where(has["pulse"], pulse, np.nan)
    rows["temp_c"] = np.where(has["temp"], temp, np.nan)
    rows["glucose_mmol_l"] = np.where(has["sugar"] & adult, sugar, np.nan)
    rows["spo2_pct"] = np.where(has["oxygen"], oxygen, np.nan)
    rows["muac_mm"] = np.where(has["arm"] & small, arm, np.nan)
    return rows
