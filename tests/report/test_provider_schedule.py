"""Summaries of rosters and sessions by hand, and figures that show what they are given."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from healthops.report import provider_schedule_figures as figures
from healthops.report import provider_schedule_tables as tables
from healthops.schedule.overbooking import Session, one_per_slot, price

MONDAY = pd.Timestamp("2018-04-02")
SHIFTS = pd.DataFrame(
    {"shift": ["early", "late", "night"], "start_minute": [420, 840, 1260], "minutes": [480, 480, 600]}
)


@pytest.fixture(autouse=True)
def _closed():
    yield
    pyplot.close("all")


def day(k: int) -> pd.Timestamp:
    return MONDAY + pd.Timedelta(days=k)


@pytest.fixture
def roster() -> pd.DataFrame:
    rows = [("P1", day(4), "night"), ("P1", day(5), "night"), ("P1", day(6), "late"), ("P1", day(12), "early"),
            ("P2", day(0), "early"), ("P2", day(13), "late")]  # fmt: skip
    return pd.DataFrame(rows, columns=["provider", "date", "shift"])


PROVIDERS = pd.DataFrame({"provider": ["P1", "P2", "P3"], "contract_hours": [36.0] * 3, "nights": [True, False, True]})


def test_shifts_nights_weekends_and_hours_are_counted(roster):
    found = tables.by_provider(roster, SHIFTS, PROVIDERS)
    # A Saturday and a Sunday of one week are one weekend.
    assert found.loc["P1", ["shifts", "nights", "weekends", "hours"]].tolist() == [4, 2, 2, 36.0]
    assert found.loc["P2", ["shifts", "nights", "weekends"]].tolist() == [2, 0, 1]
    assert found.loc["P3", "shifts"] == 0 and found["nights"].dtype == int


def test_wishes_are_granted_where_the_roster_does_so(roster):
    wishes = pd.DataFrame(
        [("P1", day(4), "on", "night", 1), ("P1", day(5), "on", "late", 1), ("P1", day(6), "off", "late", 1),
         ("P1", day(7), "off", "any", 1), ("P2", day(0), "off", "late", 1), ("P2", day(1), "day_off", "any", 0)],
        columns=["provider", "date", "kind", "shift", "weight"])  # fmt: skip
    assert tables.wishes_granted(wishes, roster)["granted"].tolist() == [True, False, False, True, True]


def test_missing_cover_counts_persons_too_few_and_not_too_many(roster):
    cover = pd.DataFrame({"date": [day(4), day(0), day(1)], "shift": ["night", "early", "late"], "required": [3, 0, 1]})
    assert tables.missing_cover(cover, roster)["missing"].tolist() == [2, 0, 1]


def test_plans_are_summed_over_sessions():
    sessions = [Session(2, [0.5, 0.0, 0.2], ["a", "b", "a"]), Session(2, [0.1, 0.3], ["a", "b"])]
    plans = [price(sessions[0], [0, 0, 1]), one_per_slot(sessions[1])]
    found = tables.plans_compared({"mine": (sessions, plans)}, 20.0).loc["mine"]
    assert found["booked"] == 5 and found["cost"] == pytest.approx(plans[0].cost + plans[1].cost)
    coming = 0.5 + 1.0 + 0.8 + 0.9 + 0.7
    assert found["wait"] == pytest.approx(20 * (plans[0].wait + plans[1].wait) / coming)
    assert found["worst_ratio"] == max(plans[0].ratio, plans[1].ratio)


def test_the_roster_is_drawn_cell_by_cell(roster):
    dates = [day(k) for k in range(14)]
    missing = pd.DataFrame({"date": dates, "shift": "night", "missing": [2] + [0] * 13})
    wishes = pd.DataFrame({"provider": ["P1"], "date": [day(4)], "granted": [True]})
    leave = pd.DataFrame({"provider": ["P2"], "date": [day(1)]})
    ax, bx = figures.roster(roster, wishes, leave, missing).axes
    cells = [p for p in ax.patches if p.get_width() == pytest.approx(0.88)]
    assert len(cells) == len(roster) and [t.get_text() for t in ax.get_yticklabels()] == ["P1", "P2"]
    assert bx.patches[0].get_height() == 2


def test_a_change_frames_what_differs(roster):
    after = roster.assign(shift=["night", "late", "late", "early", "early", "late"])
    dates = [day(k) for k in range(14)]
    fig = figures.change(roster, after, [("P1", day(5))], ["P1", "P2"], dates)
    for ax in fig.axes:
        frames = [p for p in ax.patches if p.get_linewidth() == 2]
        assert [p.get_xy() for p in frames] == [(5, 0)]


def test_cover_levels_fairness_and_sessions_are_drawn(roster):
    levels = pd.DataFrame({"window_h": [1, 1, 8, 8], "overload": [0.1, 0.2] * 2, "hours_a_week": [90.0, 80, 70, 60]})
    ax = figures.service_levels(levels, 75.0, (8, 0.1)).axes[0]
    star = next(line for line in ax.lines if line.get_marker() == "*")
    assert star.get_xydata().tolist() == [[10.0, 70.0]]
    hours = pd.DataFrame({"work_h": np.ones(24), "providers": [0.0] * 7 + [2.0] * 17, "overload": 0.1})
    shifts = pd.DataFrame({"date": day(0), "shift": SHIFTS["shift"], "required": [2, 3, 1]})
    assert [p.get_height() for p in figures.cover_hours(hours, shifts, SHIFTS).axes[1].patches] == [2, 3, 1]
    people = tables.by_provider(roster, SHIFTS, PROVIDERS)
    left = figures.fairness(people, {"P1": 3}, {"P1": 2, "P2": 2, "P3": 2}).axes[0]
    assert [p.get_width() for p in left.patches] == [2, 0, 0]
    plan = pd.DataFrame({"session": "2018-04-02 morning P1", "slot": pd.array([0, 0, 1, None], dtype="Int64"),
                         "group": list("abab"), "no_show_probability": [0.4, 0.3, 0.1, 0.2]})  # fmt: skip
    curve = pd.DataFrame({"bound": ["≤ 1.05", "no bound"], "cost": [2.0, 2.0], "ratio": [1.0, 1.0]})
    ax, bx = figures.sessions(plan, curve).axes
    assert sorted(t.get_text() for t in ax.texts) == ["10", "30", "40"]
    assert [t.get_text() for t in bx.texts] == ["≤ 1.05\nno bound"]
