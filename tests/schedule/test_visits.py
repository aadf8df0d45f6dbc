"""A day of visits: the plan against its independent check, the check against planted faults, urgent tasks put in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from healthops.data.synthetic_district import make_district
from healthops.schedule.route_check import PlanFault
from healthops.schedule.visit_changes import CHANGES, plan_changes, workload
from healthops.schedule.visit_check import Tables, check_visits
from healthops.schedule.visits import REASONS, VisitError, VisitRules, insert_task, plan_days, plan_visits

MONDAY, SUNDAY = "2023-05-01", "2023-05-07"


@pytest.fixture(scope="module")
def district():
    return make_district(np.random.default_rng(3), workers=8, tasks=160, on=MONDAY)


def planned(d, on=MONDAY, **changes):
    given = {"tasks": d.tasks, "households": d.households, "workers": d.workers, "hamlets": d.hamlets, **changes}
    plan = plan_visits(**given, on=on)
    return plan, Tables(**given, on=on, rules=plan.scene.rules)


@pytest.fixture(scope="module")
def day(district):
    return planned(district)


def test_the_plan_passes_the_independent_check_and_says_something_of_every_task(district, day):
    plan, tables = day
    made, left = plan.visits(), plan.unvisited()
    check_visits(made, left, tables)
    assert sum(len(t) for t in made["tasks"]) + len(left) == len(district.tasks)
    assert len(made) > 30 and set(left["reason"]) <= set(REASONS)
    assert len(made["rest_min"].dropna()) >= 3


def test_tasks_of_a_household_are_done_in_one_visit_where_somebody_has_the_skills(district, day):
    made = day[0].visits()
    assert (made["tasks"].map(len) > 1).any()
    skill = district.tasks.set_index("task")["skill"]
    able = district.workers.set_index("worker")
    for _, part in made[made["household"].duplicated(keep=False)].groupby("household"):
        wanted = {skill[t] for tasks in part["tasks"] for t in tasks}
        assert not any(all(able.loc[w, f"skill_{s}"] for s in wanted) for w in part["worker"])


def test_same_tables_same_plan(district, day):
    again = planned(district)[0]
    pd.testing.assert_frame_equal(again.visits(), day[0].visits())
    pd.testing.assert_frame_equal(again.unvisited(), day[0].unvisited())


def test_days_one_after_another_do_each_task_once_in_its_window(district):
    days = [MONDAY, "2023-05-02", "2023-05-03"]
    plans = plan_days(district.tasks, district.households, district.workers, district.hamlets, days=days)
    window = district.tasks.set_index("task")[["opens_on", "closes_on"]]
    done = [(task, pd.Timestamp(plan.on)) for plan in plans for row in plan.visits()["tasks"] for task in row]
    assert [plan.on for plan in plans] == days and len({task for task, _ in done}) == len(done)
    assert all(window.loc[t, "opens_on"] <= on <= window.loc[t, "closes_on"] for t, on in done)
    assert len(done) > sum(len(row) for row in plans[0].visits()["tasks"])


def test_the_flow_balances_what_all_could_do():
    """One hamlet, four alike workers, eight homes of the first worker: two visits each."""
    d = make_district(np.random.default_rng(5), workers=4, tasks=12, on=MONDAY)
    workers = d.workers.assign(
        hamlet="C001", east_km=0.0, north_km=0.0, starts_min=480, ends_min=960, break_min=0, visits_per_day=8,
        skill_maternal=True, skill_newborn=True, workdays="1111111",
    )  # fmt: skip
    homes = d.households.head(8).assign(
        hamlet="C001", east_km=0.1 * np.arange(8), north_km=0.0, worker="W001", visit_from_min=pd.NA, visit_to_min=pd.NA
    )
    tasks = d.tasks.head(8).assign(household=homes["household"].to_numpy(), level=5, days_overdue=0, skill="maternal")
    plan, tables = planned(d, tasks=tasks, households=homes, workers=workers)
    check_visits(plan.visits(), plan.unvisited(), tables)
    assert plan.days()["visits"].tolist() == [2, 2, 2, 2]


def test_urgent_tasks_are_done_before_others(district):
    """With a fifth of the caps, no urgent visit is left to a worker who makes one that is not (checked), or few are."""
    workers = district.workers.assign(visits_per_day=2)
    plan, tables = planned(district, workers=workers)
    check_visits(plan.visits(), plan.unvisited(), tables)
    urgent = district.tasks["level"] >= plan.scene.rules.urgent_level
    share_made = plan.visits()["urgent"].mean()
    assert share_made > 3 * urgent.mean()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: {"households": d.households.assign(unreachable="no path")}, "unreachable"),
        (lambda d: {"workers": d.workers.assign(workdays="0000000")}, "nobody_at_work"),
        (
            lambda d: {"workers": d.workers.assign(skill_maternal=False, skill_newborn=False, skill_general=False)},
            "no_skill",
        ),
        (lambda d: {"households": d.households.assign(visit_from_min=1200, visit_to_min=1230)}, "does_not_fit"),
    ],
)
def test_each_reason_is_given_where_it_holds_and_checked(district, change, reason):
    plan, tables = planned(district, **change(district))
    assert not len(plan.visits()) and set(plan.unvisited()["reason"]) == {reason}
    check_visits(plan.visits(), plan.unvisited(), tables)
    wrong = plan.unvisited().assign(reason="day_full")
    with pytest.raises(PlanFault, match=f"not visited as day_full, but {reason}"):
        check_visits(plan.visits(), wrong, tables)


def test_who_does_not_work_that_day_is_not_sent(district):
    plan, tables = planned(district, on=SUNDAY)
    assert set(district.workers["workdays"]) <= {"1111100", "1111110"} and not len(plan.visits())
    check_visits(plan.visits(), plan.unvisited(), tables)


def first(made, column, value):
    out = made.copy()
    at = out.index[out["position"] == 2][0]
    out[column] = [value(v) if k == at else v for k, v in out[column].items()]
    return out


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("begins_min", lambda v: v - 200, "begun at"),
        ("ends_min", lambda v: v + 1, "minutes for"),
        ("walk_min", lambda v: v + 1, "begun at"),
        ("worker", lambda v: "W008" if v != "W008" else "W007", "begun at|visits|wants|leave|back"),
        ("tasks", lambda v: (), "not in the plan"),
        ("urgent", lambda v: not v, "urgent"),
        ("rest_min", lambda v: 300, "break at 300|breaks"),
    ],
)
def test_planted_faults_are_found(day, column, value, said):
    plan, tables = day
    with pytest.raises(PlanFault, match=said):
        check_visits(first(plan.visits(), column, value), plan.unvisited(), tables)


def test_faults_against_other_tables_are_found(day):
    plan, tables = day
    made, left = plan.visits(), plan.unvisited()
    for workers, said in [
        (tables.workers.assign(visits_per_day=1), "visits, over 1"),
        (tables.workers.assign(ends_min=tables.workers["starts_min"] + 60), "back at"),
        (tables.workers.assign(skill_maternal=False), "wants maternal"),
        (tables.workers.assign(workdays="0111111"), "does not work that day"),
        (tables.workers.assign(visits_per_day=99, ends_min=1400), "has room"),
    ]:
        with pytest.raises(PlanFault, match=said):
            check_visits(made, left, replace(tables, workers=workers))
    missing = left[left["reason"] == "day_full"].iloc[1:]
    with pytest.raises(PlanFault, match="not in the plan"):
        check_visits(made, missing, tables)


def test_urgent_tasks_are_put_in_within_a_second_moving_at_most_three_others():
    d = make_district(np.random.default_rng(4), workers=8, tasks=120, on=MONDAY)
    plan, _ = planned(d)
    factor = d.hamlets.set_index("hamlet")["terrain_factor"]
    rows, moved, placed = [], [], 0
    for k, (_, home) in enumerate(d.households.iloc[::12].iterrows()):
        task = d.tasks.iloc[0].copy()
        task[["task", "household", "level", "skill", "minutes"]] = [f"new{k}", home["household"], 10, "general", 20]
        before = {v: w for w, r in enumerate(plan.rounds) for v in r.visits}
        said = insert_task(plan, task, home, factor[home["hamlet"]])
        after = {v: w for w, r in enumerate(plan.rounds) for v in r.visits}
        assert said == [v for v in sorted(before) if after.get(v) != before[v]]
        rows.append(task)
        moved.append(len(said))
        placed += len(plan.scene.households) - 1 in after
    assert max(moved) <= 3 and sum(moved) > 0 and placed >= 10
    tasks = pd.concat([d.tasks, pd.DataFrame(rows)], ignore_index=True)
    made = plan.visits()
    tables = Tables(tasks, d.households, d.workers, d.hamlets, MONDAY, plan.scene.rules)
    # Windows, walks, caps, breaks still hold; an insertion need not have moved all that could be moved.
    try:
        check_visits(made, plan.unvisited(), tables)
    except PlanFault as fault:
        assert all("not visited as" in one for one in str(fault).split("; "))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: {"tasks": d.tasks.assign(household="H0")}, "tasks: T00001: its household is not in households"),
        (lambda d: {"households": pd.concat([d.households, d.households.head(1)])}, "stands there twice"),
        (lambda d: {"households": d.households.assign(visit_from_min=700, visit_to_min=600)}, "window ends before"),
        (lambda d: {"workers": d.workers.assign(east_km=np.nan)}, "workers: W001: has no base"),
        (lambda d: {"workers": d.workers.assign(hamlet="X")}, "hamlet of its base is unknown"),
        (lambda d: {"workers": d.workers.assign(ends_min=0)}, "its day ends before it begins"),
    ],
)
def test_bad_tables_are_refused_by_name(district, change, said):
    with pytest.raises(VisitError, match=said):
        planned(district, **change(district))


def test_rules_are_assumptions_that_a_programme_can_replace(district):
    """Without helpers, every visit is made by the worker responsible for the home."""
    plan = plan_visits(
        district.tasks, district.households, district.workers, district.hamlets, on=MONDAY, rules=VisitRules(helpers=0)
    )
    own = district.households.set_index("household")["worker"]
    made = plan.visits()
    assert len(made) and (made["worker"] == own.loc[made["household"]].to_numpy()).all()


def new_task(district, home, name="new"):
    task = district.tasks.iloc[0].copy()
    task[["task", "household", "level", "skill", "minutes"]] = [name, home["household"], 10, "general", 20]
    return task


def test_after_an_insertion_every_reason_holds_again_and_room_that_came_free_is_used():
    d = make_district(np.random.default_rng(6), workers=6, tasks=140, on=MONDAY)
    factor, filled = d.hamlets.set_index("hamlet")["terrain_factor"], 0
    for k in range(0, 60, 10):
        plan, tables = planned(d)
        home = d.households.iloc[k]
        task = new_task(d, home)
        before = {v for r in plan.rounds for v in r.visits}
        insert_task(plan, task, home, factor[home["hamlet"]])
        filled += len({v for r in plan.rounds for v in r.visits} - before - {len(plan.scene.households) - 1})
        tasks = pd.concat([d.tasks, task.to_frame().T.astype(d.tasks.dtypes)], ignore_index=True)
        check_visits(plan.visits(), plan.unvisited(), replace(tables, tasks=tasks))
    assert filled > 0


def test_an_urgent_task_at_an_unreachable_home_is_left_with_that_reason(district):
    plan, _ = planned(district)
    home = district.households.iloc[0].copy()
    home["unreachable"] = "no path"
    assert insert_task(plan, new_task(district, home), home, 1.0) == []
    assert plan.unvisited().set_index("task").loc["new", "reason"] == "unreachable"


def test_the_worker_responsible_may_be_sent_for_an_urgent_task_however_many_are_nearer(district):
    plan, _ = planned(district)
    home = district.households.iloc[0].copy()
    farthest = max(range(len(plan.scene.workers)), key=lambda w: np.hypot(
        *(plan.scene.points[plan.scene.base(w)] - home[["east_km", "north_km"]].to_numpy(float))))  # fmt: skip
    home["worker"] = plan.scene.workers[farthest]
    insert_task(plan, new_task(district, home), home, 0.1)  # so easy a terrain that all are near enough
    near = plan.scene.candidates[-1]
    assert farthest in near and len(near) <= plan.scene.rules.helpers + 1


def visits(rows):
    return pd.DataFrame(rows, columns=["worker", "household", "tasks", "begins_min"])


def test_changes_between_two_plans_by_hand():
    before = visits([("W1", "H1", ("a", "b"), 500), ("W1", "H2", ("c",), 540), ("W2", "H3", ("d",), 600),
                     ("W2", "H4", ("e",), 640), ("W2", "H4", ("f",), 700)])  # fmt: skip
    after = visits([("W1", "H1", ("b", "a"), 500), ("W2", "H2", ("c",), 545), ("W2", "H3", ("d",), 630),
                    ("W2", "H4", ("f",), 700), ("W1", "H9", ("new",), 550)])  # fmt: skip
    changes = plan_changes(before, after)
    assert changes["change"].tolist() == list(CHANGES)
    assert changes["household"].tolist() == ["H9", "H4", "H2", "H3"]
    assert changes.loc[2, ["worker_before", "worker_after", "begins_before", "begins_after"]].tolist() == [
        "W1", "W2", 540, 545,
    ]  # fmt: skip
    assert plan_changes(before, before).empty


def test_the_workload_sums_visits_and_walks_of_all_days(district):
    days = [MONDAY, "2023-05-06", SUNDAY]
    plans = plan_days(district.tasks, district.households, district.workers, district.hamlets, days=days)
    load = workload(plans, district.workers).set_index("worker")
    rows = pd.concat([plan.visits() for plan in plans])
    assert load["visits"].sum() == len(rows) and load["tasks"].sum() == rows["tasks"].map(len).sum()
    assert load["visit_min"].sum() == (rows["ends_min"] - rows["begins_min"]).sum()
    assert (load["walked_min"] >= rows.groupby("worker")["walk_min"].sum().reindex(load.index).fillna(0)).all()
    six = district.workers.set_index("worker")["workdays"] == "1111110"
    assert (load["days"] == six.map({True: 2, False: 1})).all() and list(load.index) == list(district.workers["worker"])
