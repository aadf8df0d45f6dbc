"""A roster problem from tables: each rule where the table says it, by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from healthops.schedule.roster import RosterError
from healthops.schedule.roster_check import check_roster
from healthops.schedule.roster_search import solve_roster
from healthops.schedule.roster_tables import Terms, roster_problem, roster_table

MONDAY = pd.Timestamp("2018-04-02")
TERMS = Terms(rest_minutes=11 * 60, least_share=0.5)


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    names = ["P1", "P2", "P3", "P4"]
    providers = pd.DataFrame({
        "provider": names, "clinic": ["hill"] * 3 + ["port"], "contract_hours": [36.0, 36.0, 24.0, 36.0],
        "nights": [True, True, False, True], "max_days_in_row": 5, "min_days_in_row": 1, "min_days_off": 1,
        "max_weekends": 2,
    })  # fmt: skip
    skills = pd.DataFrame({"provider": names, "service": ["emergency"] * 4})
    windows = [(who, MONDAY + pd.Timedelta(days=d), 420, 420 + 1440) for who in names for d in range(28)]
    # P2 can come from midday only on day 1, and not at all on day 2: its night before must not run into it.
    windows = [w for w in windows if w[:2] not in {("P2", MONDAY + pd.Timedelta(days=d)) for d in (1, 2)}]
    windows.append(("P2", MONDAY + pd.Timedelta(days=1), 840, 1440))
    return {
        "providers": providers,
        "provider_skills": skills,
        "provider_availability": pd.DataFrame(windows, columns=["provider", "date", "start_minute", "end_minute"]),
        "provider_requests": pd.DataFrame(
            [("P1", MONDAY, "day_off", "any", 0), ("P1", MONDAY + pd.Timedelta(days=3), "on", "late", 2),
             ("P3", MONDAY + pd.Timedelta(days=4), "off", "early", 3), ("P4", MONDAY, "off", "early", 3),
             ("P3", MONDAY + pd.Timedelta(days=99), "off", "early", 3)],
            columns=["provider", "date", "kind", "shift", "weight"]),
        "shift_types": pd.DataFrame({"shift": ["early", "late", "night"], "start_minute": [420, 840, 1260],
                                     "minutes": [480, 480, 600]}),
    }  # fmt: skip


def cover(days: int = 28) -> pd.DataFrame:
    rows = [(MONDAY + pd.Timedelta(days=d), s, 1) for d in range(days) for s in ("early", "night")]
    return pd.DataFrame(rows, columns=["date", "shift", "required"])


def test_rules_come_from_the_tables(tables):
    problem = roster_problem(tables, cover(), TERMS, clinic="hill", service="emergency")
    instance = problem.instance
    assert problem.people == ("P1", "P2", "P3") and instance.days == 28
    # Early ends 15:00, late 22:00, night 07:00 on the next day: 16, 9 and 0 hours before the next early.
    assert {s.id: s.cannot_be_followed_by for s in instance.shifts} == {
        "early": (), "late": ("early",), "night": ("early", "late"),
    }  # fmt: skip
    first, _, third = instance.staff
    assert (first.max_minutes, first.min_minutes, first.days_off, first.max_weekends) == (36 * 240, 18 * 240, (0,), 2)
    assert third.max_shifts == {"early": 28, "late": 28, "night": 0}
    assert [(r.employee, r.day, r.shift, r.weight) for r in instance.on_requests] == [("P1", 3, "late", 2)]
    assert [(r.employee, r.day, r.shift, r.weight) for r in instance.off_requests] == [("P3", 4, "early", 3)]
    away = {(d, s) for who, d, s in problem.unavailable if who == "P2"}
    assert away == {(1, "early"), (1, "night"), (2, "early"), (2, "late"), (2, "night")}
    assert {(s.employee, s.most) for s in problem.fair_shares} == {("P1", 14), ("P2", 14)}


def test_a_roster_from_tables_keeps_them(tables):
    problem = roster_problem(tables, cover(14), TERMS, clinic="hill", service="emergency")
    found = solve_roster(problem, rounds=2, nodes=20)
    assert check_roster(problem, found.roster) == []
    table = roster_table(problem, found.roster, MONDAY)
    assert len(table) == len(found.roster.assigned) and not table["absent"].any()
    assert not table.duplicated(["provider", "date"]).any()


def test_what_cannot_be_is_named(tables):
    with pytest.raises(RosterError, match=r"can give 'surgery'.*\['emergency'\]"):
        roster_problem(tables, cover(), TERMS, clinic="hill", service="surgery")
    with pytest.raises(RosterError, match="every day from a Monday on"):
        roster_problem(tables, cover().iloc[2:], TERMS, clinic="hill", service="emergency")
    with pytest.raises(RosterError, match="shift_types has"):
        roster_problem(tables, cover().replace("night", "noon"), TERMS, clinic="hill", service="emergency")
    wish = pd.DataFrame([("P1", MONDAY, "on", "any", 1)], columns=["provider", "date", "kind", "shift", "weight"])
    with pytest.raises(RosterError, match="P1 wishes to work any shift on 2018-04-02"):
        roster_problem(tables | {"provider_requests": wish}, cover(), TERMS, clinic="hill", service="emergency")
