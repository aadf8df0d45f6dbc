"""Figures and tables of outreach on made plans: what is drawn is what the plan says, and small counts are hidden."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from healthops.data.recommendation_rules import load_rule_table
from healthops.data.synthetic_district import make_district
from healthops.report import outreach_figures as figures
from healthops.report import outreach_tables as tables
from healthops.schedule.visit_changes import workload
from healthops.schedule.visits import plan_days

DAYS = ["2023-05-01", "2023-05-02"]


@pytest.fixture(scope="module")
def week():
    d = make_district(np.random.default_rng(8), workers=4, tasks=60, on=DAYS[0])
    return d, plan_days(d.tasks, d.households, d.workers, d.hamlets, days=DAYS)


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def texts(fig):
    return {text.get_text() for ax in fig.axes for text in ax.texts}


def test_small_counts_are_hatched_all_at_one_length_and_not_told():
    counts = pd.DataFrame({"label": list("abc"), "level": ["referral", "advice", "not known"], "people": [2, 4, 250]})
    fig = figures.recommendations(counts)
    assert texts(fig) == {"<5", "250"}
    first, second, third = fig.axes[0].patches
    assert first.get_width() == second.get_width() and third.get_width() == 250 and first.get_hatch()


def test_the_timetable_draws_each_visit_and_break_where_it_is(week):
    d, plans = week
    visits = plans[0].visits()
    crew = d.workers[d.workers["workdays"].str[0] == "1"]
    fig = figures.timetable(visits, crew, d.workers.set_index("worker")["break_min"].to_dict())
    bars = [(round(60 * p.get_x()), round(60 * p.get_width())) for p in fig.axes[0].patches]
    rests = visits.dropna(subset="rest_min")
    assert len(bars) == len(crew) + len(visits) + len(rests)
    for one in visits.itertuples():
        assert (one.begins_min, one.ends_min - one.begins_min) in bars


def test_the_round_on_the_map_is_in_kilometres_from_the_base_and_in_order(week):
    d, plans = week
    visits = plans[0].visits()
    who = visits["worker"].iloc[0]
    stops = visits[visits["worker"] == who].join(
        d.households.set_index("household")[["east_km", "north_km"]], on="household"
    )
    base = d.workers.set_index("worker").loc[who, ["east_km", "north_km"]].astype(float)
    fig = figures.route(stops, (base["east_km"], base["north_km"]), d.households.head(3), title=who)
    table = {figures.clock(m) for m in stops["begins_min"]}
    assert table <= texts(fig)
    offsets = np.vstack([c.get_offsets() for c in fig.axes[0].collections])
    wanted = stops[["east_km", "north_km"]].to_numpy() - base.to_numpy()
    assert all(np.isclose(offsets, spot).all(axis=1).any() for spot in wanted)


def test_workload_figure_and_table_say_the_sums(week):
    d, plans = week
    load = workload(plans, d.workers)
    loads = {"own homes only": load, "shared, balanced": load}
    fig = figures.workload(loads, before="own homes only", after="shared, balanced")
    assert f"{load['tasks'].sum():,.0f}" in texts(fig)
    summary = tables.workload_summary(loads, dict.fromkeys(loads, 0.25))
    assert summary.loc["own homes only", "tasks done"] == load["tasks"].sum()
    assert summary.loc["own homes only", "most hours"] == load["work_min"].max() / 60


def test_days_hamlets_and_insertion_are_drawn(week):
    _, plans = week
    done = pd.DataFrame({"finding": [3, 2], "round": [1, 4]}, index=pd.to_datetime(DAYS))
    fig = figures.days(done, pd.Series([9, 3], index=done.index))
    assert sum(p.get_height() for p in fig.axes[0].patches) == 10 and texts(fig) == {"9", "3"}
    hamlets = pd.DataFrame({"hamlet": list("ABC"), "tasks": [10, 4, 20], "done": [8, 1, 20], "walk_min": [3, 9, 60]})
    assert texts(figures.hamlets(hamlets)) == {"<5 left", "all done"}  # B has too few tasks to be shown
    visits = plans[0].visits()
    who = visits["worker"].iloc[0]
    fig = figures.insertion(visits, visits, [who], visits["tasks"].iloc[0][0], [])
    assert len(fig.axes[0].patches) == 2 * (visits["worker"] == who).sum()


def test_unvisited_by_reason_hides_the_mean_of_few():
    unvisited = pd.DataFrame({
        "task": [f"T{k}" for k in range(7)], "household": ["H1"] * 5 + ["H2", "H3"], "urgent": [True] + [False] * 6,
        "why": ["full"] * 5 + ["far"] * 2,
    })  # fmt: skip
    tasks = pd.DataFrame({"task": unvisited["task"], "risk": [0.1, 0.2, 0.3, 0.4, 0.5, 0.9, 0.9]})
    out = tables.unvisited_by_reason(unvisited, tasks)
    assert out.loc["full"].tolist()[:3] == [5, 1, 1] and np.isclose(out.loc["full"].iloc[3], 30)
    assert np.isnan(out.loc["far"].iloc[3]) and out.index.tolist() == ["full", "far"]


def test_changes_are_told_in_words():
    changes = pd.DataFrame({
        "household": ["H1", "H2"], "change": ["new", "given up"], "worker_before": [None, "W1"],
        "worker_after": ["W2", None],
        "begins_before": pd.array([None, 545], dtype="Int64"), "begins_after": pd.array([600, None], dtype="Int64"),
    })  # fmt: skip
    out = tables.changes_in_words(changes)
    assert out["before"].tolist() == ["not visited", "W1 at 9:05"] and out["after"].tolist() == [
        "W2 at 10:00",
        "not visited",
    ]


def test_the_sample_tells_reasons_and_the_gravest_recommendation_by_study_id():
    states = pd.DataFrame({"person": ["P1", "P2"], "risk": [0.5, 0.1], "risk_band": ["high", "low"]})
    advised = pd.DataFrame({
        "person": "P1", "rule": ["r1", "measure_x"], "kind": ["finding", "missing"],
        "level": ["urgent referral", "advice"], "finding": ["f1", "not known: x"], "advice": ["a1", "m"],
    })  # fmt: skip
    reasons = pd.DataFrame({"person": ["P1"], "rank": [1], "label": ["age"], "value": ["70"], "effect": [0.84]})
    out = tables.people_sample(advised, states, reasons, each=1).set_index("person")
    assert out.loc["P1"].tolist() == [
        "50 % (high)",
        "age: 70 (+0.8)",
        "urgent referral: f1. a1 [r1] not known: x [measure_x]",
    ]
    assert out.loc["P2", "recommendation"] == "none"
    counts = tables.rule_counts(advised.assign(rule=["child_thin", "measure_arm"]), load_rule_table()).set_index("rule")
    assert counts.loc[["child_thin", "measure_arm", "sugar_low"], "people"].tolist() == [1, 1, 0]
    assert counts["level"].iloc[0] == "urgent referral" and counts["level"].iloc[-1] == tables.NOT_KNOWN
