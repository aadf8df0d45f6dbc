"""States of people and the tasks of outreach, by hand on a handful of people."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops.risk.outreach import COLUMNS, outreach_tasks
from healthops.risk.priority import priority_score
from healthops.risk.recommendations import recommend
from healthops.risk.states import StateError, person_states

ON = pd.Timestamp("2023-05-01")
CONDITIONS = ("hypertension", "diabetes", "chronic_lung", "heart_disease")


def days(*numbers):
    return pd.to_datetime([None if n is None else ON + pd.Timedelta(days=n) for n in numbers])


@pytest.fixture
def tables():
    """A mother (P1), a man with a danger sign (P2), a toddler (P3), all of H1; an old woman alone (P4); a dead man."""
    persons = ["P1", "P2", "P3", "P4", "P5"]
    people = pd.DataFrame({
        "person": persons, "household": ["H1", "H1", "H1", "H2", "H2"],
        "sex": "female",
        "age_years": pd.array([25, 40, 1, 70, 66], dtype="Int64"),
        "age_months": pd.array([None, None, 20, None, None], dtype="Int64"),
        "died_on": days(None, None, None, None, -9),
        **{name: pd.array([0] * 5, dtype="Int64") for name in CONDITIONS},
        "smoking": "never", "alcohol": "none", "activity": "high",
    })  # fmt: skip
    homes = pd.DataFrame({"household": ["H1", "H2"], "hamlet": ["C1", "C2"], "water": "piped", "cooking_fuel": "gas"})
    pregnancies = pd.DataFrame({
        "pregnancy": ["G1"], "person": ["P1"], "registered_on": days(-100), "lmp_on": days(-150),
        "ended_on": days(None),
        "outcome": [None], "end_recorded_on": days(None), "muted_on": days(None), "muted_reason": [None],
    })  # fmt: skip
    rows = [("V1", "P1", -40, 170, 80, 0), ("V2", "P1", -5, 165, 80, 0), ("V3", "P2", -6, 120, 80, 1),
            ("V4", "P2", -6, 120, 80, 2), ("V5", "P3", -6, np.nan, np.nan, 0), ("V6", "P4", -200, 120, 70, 1),
            ("V7", "P2", 1, 200, 120, 3)]  # fmt: skip
    visits = pd.DataFrame(rows, columns=["visit", "person", "date", "systolic_mmhg", "diastolic_mmhg", "danger_signs"])
    visits["date"] = ON + pd.to_timedelta(visits["date"], unit="D")
    visits = visits.assign(heart_rate_bpm=70.0, temp_c=36.5, glucose_mmol_l=5.0, spo2_pct=97.0, muac_mm=140.0)
    risk = pd.DataFrame({
        "person": persons[:4], "probability": [0.1, 0.3, 0.02, 0.05], "band": ["medium", "high", "low", "medium"],
    })  # fmt: skip
    return {"people": people, "households": homes, "pregnancies": pregnancies, "visits": visits, "risk": risk}


def states_of(tables, **changes):
    return person_states(**(tables | changes), on=ON)


def test_states_are_of_the_living_and_of_what_was_known_that_day(tables):
    s = states_of(tables).set_index("person")
    assert list(s.index) == ["P1", "P2", "P3", "P4"]
    assert s["pregnant"].tolist() == [True, False, False, False]
    assert s.loc["P1", ["systolic_mmhg", "systolic_mmhg_days"]].tolist() == [165, 5]
    # The visit of tomorrow is not known; two of one day count with the more danger signs.
    assert s.loc["P2", ["systolic_mmhg", "danger_signs", "danger_signs_days"]].tolist() == [120, 2, 6]
    assert s["age_months"].tolist() == [300, 480, 20, 840] and s.loc["P4", "days_since_visit"] == 200


@pytest.mark.parametrize(
    ("change", "pregnant", "maternal"),
    [
        ({"lmp_on": days(-302)}, False, False),
        ({"lmp_on": days(-301)}, True, True),
        ({"lmp_on": days(None), "registered_on": days(-281)}, False, False),
        ({"ended_on": days(-42), "end_recorded_on": days(-40), "outcome": ["delivery"]}, False, True),
        ({"ended_on": days(-43), "end_recorded_on": days(-40), "outcome": ["delivery"]}, False, False),
        ({"ended_on": days(-3), "end_recorded_on": days(1), "outcome": ["delivery"]}, True, True),
        ({"ended_on": days(-9), "end_recorded_on": days(-8), "outcome": ["miscarriage"]}, False, False),
        ({"registered_on": days(1)}, False, False),
    ],
)
def test_pregnant_and_after_birth(tables, change, pregnant, maternal):
    s = states_of(tables, pregnancies=tables["pregnancies"].assign(**change)).set_index("person")
    assert (s.loc["P1", "pregnant"], s.loc["P1", "maternal"]) == (pregnant, maternal)


def test_people_without_a_risk_or_a_home_are_named(tables):
    with pytest.raises(StateError, match="person P3: risk is missing"):
        states_of(tables, risk=tables["risk"].drop(2))
    with pytest.raises(StateError, match="person P4: household is in no row"):
        states_of(tables, households=tables["households"].head(1))


def follow_up(*rows):
    columns = ["task", "person", "rule", "level", "opens_on", "due_on", "closes_on", "minutes", "skill", "state"]
    return pd.DataFrame([(*row[:4], *days(*row[4:7]), *row[7:]) for row in rows], columns=columns)


OWED = ("danger_sign:V4:000", "P2", "danger_sign", 7, -7, -4, 3, 20, "general", "overdue")


def tasks_of(tables, *owed, **changes):
    tables = tables | changes
    states = states_of(tables)
    return outreach_tasks(recommend(states, on=ON), follow_up(*(owed or [OWED])), states, tables["households"],
                          tables["pregnancies"], on=ON, until=ON + pd.Timedelta(days=4)).set_index("task")  # fmt: skip


def test_tasks_by_hand(tables):
    t = tasks_of(tables)
    mother = t.loc["advised:P1:maternal"]
    assert (mother["rule"], mother["level"], mother["minutes"], mother["origin"]) == (
        "maternal_pressure_severe", 10, 30, "finding",
    )  # fmt: skip
    # Found 5 days ago, due within a day of it, and open until the measurement is too old or 30 days past due.
    assert mother[["opens_on", "due_on", "closes_on"]].tolist() == list(days(-5, -4, 26))
    assert mother["days_overdue"] == 4 and t.index[0] == "advised:P1:maternal"
    # The man's danger sign is already in the schedule: one task, with both, five minutes longer.
    man = t.loc["danger_sign:V4:000"]
    assert (man["also"], man["level"], man["minutes"], man["danger_signs"]) == ("danger_sign", 7, 25, 2)
    assert "advised:P2:general" not in t.index
    # The old woman was last seen 200 days ago, with a sign too old to count.
    assert t.loc[t["household"] == "H2", "danger_signs"].eq(0).all()
    assert list(t.reset_index().columns) == list(COLUMNS) and t["barred"].isna().all()
    assert t["priority_score"].is_monotonic_decreasing
    again = priority_score(t.reset_index())
    assert np.allclose(again, t["priority_score"])


def test_the_round_comes_where_nothing_else_does_and_goes_to_the_one_at_the_highest_risk(tables):
    seen = tables["visits"].assign(
        date=tables["visits"]["date"].mask(tables["visits"]["person"] == "P4", ON - pd.Timedelta(days=90))
    )
    t = tasks_of(tables, visits=seen[seen["person"] == "P4"], pregnancies=tables["pregnancies"].head(0))
    assert t.loc["round:H2", ["person", "due_on", "days_overdue", "level"]].tolist() == ["P4", ON, 0, 3]
    sooner = seen.assign(date=seen["date"] + pd.Timedelta(days=1))
    assert "round:H2" not in tasks_of(tables, visits=sooner, pregnancies=tables["pregnancies"].head(0)).index


def test_windows_that_touch_the_days_are_in_and_others_are_not(tables):
    late = ("x:1", "P3", "x", 5, 5, 6, 9, 10, "general", "waiting")
    soon = ("x:2", "P3", "x", 5, 4, 6, 9, 10, "newborn", "waiting")
    over = ("x:3", "P3", "x", 5, -9, -6, -1, 10, "general", "missed")
    t = tasks_of(tables, OWED, late, soon, over)
    assert "x:2" in t.index and not {"x:1", "x:3"} & set(t.index)


def test_who_refuses_visits_is_barred_from_those_about_the_pregnancy_alone(tables):
    for reason, barred in (("refused", True), ("migrated", True), ("cleared", False)):
        muted = tables["pregnancies"].assign(muted_on=days(-1), muted_reason=reason)
        t = tasks_of(tables, pregnancies=muted)
        assert (t.loc["advised:P1:maternal", "barred"] == "no_visits_wanted") == barred
        assert pd.isna(t.loc["danger_sign:V4:000", "barred"])
