"""A register of 24 homes drawn by dice, dense in dates: many things happen on a landmark itself, and many after it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from healthops.features.community_catalogue import CHRONIC, VITALS

ON = pd.Timestamp("2023-05-01")
LANDMARKS = [ON - pd.Timedelta(days=90 * k) for k in (4, 3, 2, 1, 0)]
#: What a measurement is drawn between.
_SPAN = {"systolic_mmhg": (85, 175), "diastolic_mmhg": (50, 84), "heart_rate_bpm": (50, 140), "temp_c": (35, 40),
         "glucose_mmol_l": (4, 14), "spo2_pct": (88, 100), "muac_mm": (105, 160)}  # fmt: skip


def made_register(seed: int = 3, persons: int = 90) -> dict[str, pd.DataFrame]:
    """Draw the tables that `community_features` reads."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"P{k:010x}" for k in range(persons)])
    homes = np.array([f"H{k:010x}" for k in range(24)])
    people = pd.DataFrame({
        "person": ids, "household": rng.choice(homes, persons), "sex": rng.choice(["female", "male"], persons),
        "age_years": rng.integers(0, 90, persons), "registered_on": ON - pd.Timedelta(days=2000),
        "smoking": rng.choice(["never", "daily", None], persons),
        "alcohol": rng.choice(["none", "heavy", None], persons), "activity": rng.choice(["low", "high"], persons),
        "fruit_veg_days": rng.integers(0, 8, persons),
        **{name: rng.choice([0.0, 1.0, np.nan], persons) for name in CHRONIC}, "basis": "imagined",
    })  # fmt: skip
    people["died_on"] = pd.Series(pd.NaT, index=people.index, dtype="datetime64[ns]")
    dying = rng.choice(persons, 12, replace=False)
    people.loc[dying, "died_on"] = days(rng, 12, 380)
    rows = [
        {"person": p.person, "date": day, "age_years": max(p.age_years - round((ON - day).days / 365.25), 0)}
        for p in people.itertuples()
        for day in LANDMARKS
        if not p.died_on <= day
    ]
    landmarks = pd.DataFrame(rows).astype({"age_years": "Int64"}).assign(basis="imagined")
    landmarks["event"] = pd.Series(rng.integers(0, 2, len(landmarks)), dtype="Int64").mask(landmarks["date"] == ON)
    landmarks["event_on"] = landmarks["date"] + pd.to_timedelta(rng.integers(1, 91, len(landmarks)), unit="D")
    return {
        "community_landmarks": landmarks, "community_people": people, "community_visits": _visits(rng, ids),
        "community_events": pd.DataFrame({
            "person": rng.choice(ids, 200), "date": days(rng, 200, 800),
            "kind": rng.choice(["danger_sign", "admission", "death"], 200),
        }),
        "community_pregnancies": _pregnancies(rng, ids),
        "community_households": pd.DataFrame({
            "household": homes, "hamlet": rng.choice(["C1", "C2"], 24), "walk_min": rng.integers(0, 90, 24),
            "unreachable": rng.choice(["too far", None], 24), "water": rng.choice(["piped", "river"], 24),
            "cooking_fuel": rng.choice(["gas", "wood"], 24), "toilet": rng.choice(["latrine", "none"], 24),
        }),
        "community_hamlets": pd.DataFrame({"hamlet": ["C1", "C2"], "terrain_factor": [1.0, 1.4]}),
    }  # fmt: skip


def days(rng: np.random.Generator, n: int, back: int) -> pd.Series:
    """Days up to `back` days before and 60 after the last landmark, a fifth of them landmarks."""
    some = ON - pd.to_timedelta(rng.integers(-60, back, n), unit="D")
    return pd.Series(np.where(rng.random(n) < 0.2, rng.choice(np.array(LANDMARKS), n), some)).astype("datetime64[ns]")


def _visits(rng: np.random.Generator, ids: np.ndarray) -> pd.DataFrame:
    n = 1200
    drawn = {name: np.where(rng.random(n) < 0.6, rng.uniform(*_SPAN[name], n).round(1), np.nan) for name in VITALS}
    drawn["diastolic_mmhg"] = np.where(np.isnan(drawn["systolic_mmhg"]), np.nan, rng.uniform(50, 84, n).round(1))
    signs = np.where(rng.random(n) < 0.3, rng.integers(1, 4, n), 0)
    return pd.DataFrame({
        "person": rng.choice(ids, n), "date": days(rng, n, 800), **drawn,
        "danger_signs": pd.array(signs, dtype="Int64"), "referral": rng.random(n) < 0.2,
    })  # fmt: skip


def _pregnancies(rng: np.random.Generator, ids: np.ndarray) -> pd.DataFrame:
    n = 70
    start = days(rng, n, 800)
    lmp = (start - pd.to_timedelta(rng.integers(30, 150, n), unit="D")).where(rng.random(n) < 0.8)
    end = start + pd.to_timedelta(rng.integers(5, 240, n), unit="D")
    end = end.mask(rng.random(n) < 0.15)
    told = end + pd.to_timedelta(rng.integers(0, 12, n), unit="D")
    told = told.where(rng.random(n) < 0.8, pd.Series(rng.choice(np.array(LANDMARKS), n)).where(end.notna()))
    told = told.where(told >= end)
    outcome = pd.Series(rng.choice(["delivery", "delivery", "miscarriage"], n), dtype=object).where(told.notna())
    baby = pd.Series(rng.choice(ids, n), dtype=object).where(outcome == "delivery")
    return pd.DataFrame({
        "person": rng.choice(ids, n), "registered_on": start, "lmp_on": lmp, "ended_on": end.where(told.notna()),
        "outcome": outcome, "end_recorded_on": told, "baby": baby, "muted_on": days(rng, n, 800),
    })  # fmt: skip
