"""Small registers for tests of a season of outreach: one by hand, one drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from healthops.data.outreach_rules import load_outreach
from healthops.risk.follow_up import follow_up_tasks
from healthops.simulate.outreach_book import Book
from healthops.simulate.outreach_district import make_district
from healthops.simulate.outreach_season import Season, draw_events, make_season

ON = pd.Timestamp("2023-05-01")
VISITS = ["visit", "person", "pregnancy", "worker", "date", "form", "danger_signs", "referral", "follow_up_on",
          "next_facility_visit_on"]  # fmt: skip
DATES = {"date": "datetime64[ns]", "follow_up_on": "datetime64[ns]", "next_facility_visit_on": "datetime64[ns]"}


def day(number: float) -> pd.Timestamp:
    """Date of a day counted from the register's date."""
    return ON + pd.Timedelta(days=int(number))


def changed(**values: float):
    """The assumptions with others for some: section__name=value."""
    rules = load_outreach()
    new = {tuple(key.split("__")): (value, "", "of a test") for key, value in values.items()}
    assert set(new) <= set(rules.entries)
    return replace(rules, entries={**rules.entries, **new})


def tables(homes: pd.DataFrame, workers: pd.DataFrame, hamlets: pd.DataFrame, people: pd.DataFrame,
           pregnancies: pd.DataFrame, visits: pd.DataFrame) -> dict[str, pd.DataFrame]:  # fmt: skip
    """Named as the replay wants them."""
    return {"households": homes, "workers": workers, "hamlets": hamlets, "people": people, "pregnancies": pregnancies,
            "visits": visits}  # fmt: skip


def by_hand(*, ends: int = 600) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Three homes 1, 2 and 3 km east of the base of the one worker, on flat ground; tables and risk.

    A km takes 60 * 1.3 / 5 = 15.6 minutes, so the walks are 16, 32 and 47, and between neighbours 16.
    """
    homes = pd.DataFrame({
        "household": ["H1", "H2", "H3"], "hamlet": "C1", "worker": "W1", "east_km": [1.0, 2.0, 3.0], "north_km": 0.0,
        "walk_min": [16.0, 32.0, 47.0], "unreachable": pd.Series([None] * 3, dtype=object),
        "visit_from_min": pd.array([pd.NA] * 3, dtype="Int64"), "visit_to_min": pd.array([pd.NA] * 3, dtype="Int64"),
    })  # fmt: skip
    workers = pd.DataFrame({
        "worker": ["W1"], "hamlet": "C1", "east_km": 0.0, "north_km": 0.0, "starts_min": 480, "ends_min": ends,
        "break_min": 0, "visits_per_day": 10, "workdays": "1111111", "skill_general": True, "skill_maternal": True,
        "skill_newborn": True, "skill_chronic": True,
    })  # fmt: skip
    hamlets = pd.DataFrame({"hamlet": ["C1"], "ubigeo": "010101", "terrain": "flat", "terrain_factor": 1.0})
    people = pd.DataFrame({
        "person": ["P1", "P2", "P3"], "household": ["H1", "H2", "H3"], "age_years": [30, 40, 70],
        "heart_disease": pd.array([0, 0, 0], dtype="Int64"), "died_on": pd.Series([pd.NaT] * 3, dtype="datetime64[ns]"),
    })  # fmt: skip
    # Rounds follow 14 days after the last visit: due on days 2, 1 and 0.
    rows = [
        (f"V{k}", f"P{k}", None, "W1", day(-11 - k), "household_visit", 0, False, pd.NaT, pd.NaT) for k in (1, 2, 3)
    ]
    visits = pd.DataFrame(rows, columns=VISITS).astype(DATES)
    risk = pd.DataFrame({"person": ["P1", "P2", "P3"], "probability": [0.1, 0.3, 0.02]})
    return tables(homes, workers, hamlets, people, no_pregnancies(), visits), risk


def no_pregnancies() -> pd.DataFrame:
    """An empty table of pregnancies."""
    dates = ["registered_on", "lmp_on", "ended_on", "end_recorded_on", "muted_on"]
    text = ["pregnancy", "person", "outcome", "baby"]
    return pd.DataFrame({**{c: pd.Series(dtype=object) for c in text},
                         **{c: pd.Series(dtype="datetime64[ns]") for c in dates}})  # fmt: skip


def quiet(days: int, homes: int, workers: int, **given: object) -> Season:
    """A season in which nothing happens and every door opens, but for what is given."""
    empty = np.zeros(0, int)
    none = Season(
        days, np.array([], object), empty, empty, empty, empty, np.ones((0, days + 1), bool), empty, {}, {}, {},
        np.ones((homes, days + 1), bool), np.zeros((workers, days + 1), bool),
    )  # fmt: skip
    return replace(none, **given)


def drawn(seed: int = 1, *, homes: int = 45, workers: int = 4, pregnant: int = 14):
    """A register of two hamlets with pregnancies of all lengths; tables and risk."""
    rng = np.random.default_rng(seed)
    hamlets = pd.DataFrame({"hamlet": ["C1", "C2"], "ubigeo": ["010101", "010102"], "terrain": ["flat", "hilly"],
                            "terrain_factor": [1.0, 1.4]})  # fmt: skip
    at = rng.integers(0, 2, homes)
    middle = np.array([[0.0, 0.0], [4.0, 1.0]])[at]
    window = rng.random(homes) < 0.2
    house = pd.DataFrame({
        "household": [f"H{k:02d}" for k in range(homes)], "hamlet": np.array(["C1", "C2"])[at],
        "worker": [f"W{k}" for k in rng.integers(0, workers, homes)],
        "east_km": middle[:, 0] + rng.normal(0, 0.5, homes),
        "north_km": middle[:, 1] + rng.normal(0, 0.5, homes), "walk_min": 10.0,
        "unreachable": pd.Series([None] * (homes - 1) + ["no path"], dtype=object),
        "visit_from_min": pd.array(np.where(window, 720, None), dtype="Int64"),
        "visit_to_min": pd.array(np.where(window, 1020, None), dtype="Int64"),
    })  # fmt: skip
    staff = pd.DataFrame({
        "worker": [f"W{k}" for k in range(workers)], "hamlet": [("C1", "C2")[k % 2] for k in range(workers)],
        "east_km": [0.0, 4.0] * (workers // 2), "north_km": [0.0, 1.0] * (workers // 2), "starts_min": 480,
        "ends_min": 900, "break_min": 30, "visits_per_day": 8, "workdays": "1111110", "skill_general": True,
        "skill_maternal": [k != 1 for k in range(workers)], "skill_newborn": True, "skill_chronic": True,
    })  # fmt: skip
    size = 3 * homes
    people = pd.DataFrame({
        "person": [f"P{k:03d}" for k in range(size)],
        "household": house["household"].to_numpy()[np.arange(size) % homes],
        "age_years": rng.integers(0, 90, size), "heart_disease": pd.array(rng.integers(0, 2, size), dtype="Int64"),
        "died_on": pd.Series([pd.NaT] * size, dtype="datetime64[ns]"),
    })  # fmt: skip
    along = rng.integers(50, 285, pregnant)
    pregnancies = pd.DataFrame({
        "pregnancy": [f"G{k}" for k in range(pregnant)], "person": [f"P{k:03d}" for k in range(pregnant)],
        "registered_on": [day(-a + 40) for a in along],
        "lmp_on": [day(-a) if k % 4 else pd.NaT for k, a in enumerate(along)], "ended_on": pd.NaT, "outcome": None,
        "end_recorded_on": pd.NaT, "baby": None, "muted_on": [day(-9) if k == 5 else pd.NaT for k in range(pregnant)],
    }).astype(no_pregnancies().dtypes.to_dict())  # fmt: skip
    rows = []
    for k in range(size):
        ago, ill = int(rng.integers(1, 30)), bool(rng.random() < 0.08)
        rows.append((f"V{k:03d}", f"P{k:03d}", None, "W0", day(-ago), "household_visit", int(ill), ill,
                     day(-ago + 2) if ill else pd.NaT, pd.NaT))  # fmt: skip
    for k in range(pregnant):
        start = pregnancies["registered_on"][k]
        rows.append((f"R{k:03d}", f"P{k:03d}", f"G{k}", "W0", start, "pregnancy", 0, False, pd.NaT, pd.NaT))
    visits = pd.DataFrame(rows, columns=VISITS).astype(DATES)
    risk = pd.DataFrame({"person": people["person"], "probability": np.round(rng.beta(1, 9, size), 4)})
    return tables(house, staff, hamlets, people, pregnancies, visits), risk


def season_of(data: dict, risk: pd.DataFrame, *, days: int, seed: int = 3, rules=None, sick: float = 0.35):
    """District and a season with many events for :func:`drawn`."""
    rules = rules or load_outreach()
    district = make_district(data, risk, on=ON)
    rng = np.random.default_rng(seed)
    chance = risk.assign(chance=sick)
    shares = {False: np.array([0.8, 0.15, 0.05]), True: np.array([0.7, 0.2, 0.1])}
    events = draw_events(
        rng, data["people"], chance, shares, data["pregnancies"], on=ON, quarter=days, days=days, rules=rules
    )
    return district, make_season(rng, events, district, days=days, rules=rules)


def book_of(data: dict, district, rules=None) -> Book:
    """The register at its date."""
    owed = follow_up_tasks(data["pregnancies"], data["visits"], data["people"], on=ON)
    return Book(district, owed, data["visits"], rules=rules or load_outreach())
