"""The steps of notebook 93: complete tables, figures that are known by hand, results kept, plans that are refused."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from benchmarks import home_care, routes, visits
from healthops.cache import ContentCache
from healthops.data import schemas
from healthops.data.sources import load_sources
from healthops.pipeline.page import cited
from healthops.schedule import visits as planner
from healthops.schedule.home_care import read_home_care
from healthops.schedule.home_care_search import solve as solve_care
from healthops.schedule.routes import Route, RoutePlan
from healthops.workspace import Declaration
from tests.benchmarks.small_routing import CARE_BEST, ITERATIONS, ROUTES_BEST, care_files, route_files, tables
from tests.schedule.test_home_care import content, patient

NAMES = sorted(n for n in schemas.TABLES if n.startswith(("routes_bench", "home_care_bench", "visits_bench")))


@pytest.mark.parametrize("name", NAMES)
def test_every_table_obeys_its_schema_and_its_times_are_measured(name):
    assert len(schemas.validate(name, tables()[name]))
    timed = {c for c in schemas.table(name).columns if c.endswith("seconds")}
    assert timed == set(schemas.measured(name))


def test_small_instances_come_out_as_by_hand():
    runs = tables()["routes_benchmark_runs"].set_index(["instance", "iterations"])
    for name, family in (("c101", "c1"), ("r101", "r1"), ("rc101", "rc1"), ("P1", "prizes")):
        last = runs.loc[(name, ITERATIONS)]
        assert last["family"] == family and last["longest"] and not last["refused"]
        assert last["cost"] == pytest.approx(19.6 if name == "P1" else ROUTES_BEST)
        assert last["gap_percent"] == pytest.approx(0, abs=1e-9) and last["left_out"] == (name == "P1")
    assert sorted({n for _, n in runs.index}) == [ITERATIONS // part for part in routes.PARTS]
    plans = tables()["home_care_benchmark_plans"].set_index("instance")
    for name, best in CARE_BEST.items():
        assert plans.loc[name, "cost"] == pytest.approx(best) and plans.loc[name, "proved"]
        assert plans.loc[name, "bound"] == pytest.approx(best, abs=1e-3)
    assert plans["double_visits"].tolist() == [0, 1]


def test_kept_results_are_read_again_and_other_iterations_are_not(tmp_path):
    files, kept = route_files(tmp_path)[:2], ContentCache(tmp_path / "cache")
    first = routes.measure(files, 64, kept, {})
    pd.testing.assert_frame_equal(first, routes.measure(files, 64, kept, {}))
    assert len(list((tmp_path / "cache").iterdir())) == 2 * len(routes.PARTS)
    # A quarter, a sixteenth and the rest of 256 are 64, 16 and 4.
    routes.measure(files, 256, kept, {})
    assert len(list((tmp_path / "cache").iterdir())) == 2 * (len(routes.PARTS) + 1)
    assert first.loc[first["family"] == "c1", "best_known"].isna().all(), "no best known value was given"


def test_a_plan_that_is_wrong_is_refused_and_has_no_cost(tmp_path, monkeypatch, capsys):
    def wrong(problem, **given):
        return RoutePlan((Route(0, (0, 1), 0, (0, 0), 0, 10),), (2,), 10, 0, 1, 0.1)

    monkeypatch.setattr(routes, "solve", wrong)
    row = routes.measure(route_files(tmp_path)[1:2], 64, ContentCache(tmp_path / "cache"), {"c101": 1.0}).iloc[-1]
    assert row["refused"] and np.isnan(row["cost"]) and np.isnan(row["gap_percent"])
    assert "customer 3: not visited" in capsys.readouterr().err

    def fault(*given):
        raise home_care.PlanFault("p1 begins too early")

    monkeypatch.setattr(home_care, "check_files", fault)
    row = home_care.measure(care_files(tmp_path)[:1], 1, 0, ContentCache(tmp_path / "cache"), CARE_BEST).iloc[0]
    assert row["refused"] and np.isnan(row["cost"]) and np.isnan(row["gap_percent"])


def test_a_bound_within_deterministic_work_is_the_same_each_time_and_below_the_cost(tmp_path):
    sync = {"type": "simultaneous"}
    rng = np.random.default_rng(3)
    at = rng.uniform(0, 60, (6, 2))
    ways = np.round(np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1)), 3).tolist()
    patients = [
        patient(f"p{k}", (20 * k, 20 * k + 30), ["s1", "s2"] if k % 3 == 0 else ["s1"], sync if k % 3 == 0 else None)
        for k in range(5)
    ]
    (tmp_path / "one.json").write_text(json.dumps(content(patients, ways)))
    one = read_home_care(tmp_path / "one.json")
    without = solve_care(one, anneals=1)
    few, again = (solve_care(one, anneals=1, work=0.01) for _ in range(2))
    assert (few.plan, few.bound, few.proved) == (again.plan, again.bound, again.proved)
    much = solve_care(one, anneals=1, work=3)
    assert without.bound <= few.bound <= much.bound <= much.plan.cost + 1e-9 and much.proved


# ---- a day of visits ------------------------------------------------------------------------------------------


def test_days_are_accounted_for_and_pass_the_check():
    days, reasons = tables()["visits_benchmark_days"], tables()["visits_benchmark_reasons"]
    left = reasons.groupby(["workers", "tasks"])["number"].sum()
    for row in days.itertuples():
        assert row.tasks_done + left.get((row.workers, row.tasks), 0) == row.tasks
        assert 0 < row.visits <= row.wanted and not row.refused and not row.refused_after
    insertions = tables()["visits_benchmark_insertions"]
    assert (insertions["moved"] <= planner.MOST_MOVED).all()
    assert (insertions.groupby(["workers", "tasks"]).size() == 8).all()
    assert (insertions["outcome"] == "made").any()


@pytest.mark.parametrize(("workers", "tasks", "seed"), [(12, 50, 5), (20, 100, 2)])
def test_room_that_an_urgent_visit_leaves_is_used(workers, tasks, seed, monkeypatch):
    """Without it, the check finds visits that are left although a round has room for them."""
    assert visits.measure_day(workers, tasks, 30, seed).faults_after == ""
    monkeypatch.setattr(planner, "_use_room", lambda *given: None)
    assert "has room" in visits.measure_day(workers, tasks, 30, seed).faults_after


def test_an_urgent_task_that_would_move_too_many_says_so():
    found = visits.measure_day(20, 100, 30, 1)
    late = [v for v, why in found.plan.left.items() if why == "moves_too_many"]
    assert found.faults_after == "" and len(late) == 1 and found.urgent["outcome"].iloc[-1] != "day_full"
    scene, (v,) = found.plan.scene, late

    def fits(worker: int, order: list[int]) -> bool:
        return any(scene.round(worker, (*order[:k], v, *order[k:])) for k in range(len(order) + 1))

    rounds = {w: list(found.plan.rounds[w].visits) for w in scene.candidates[v]}
    # Where all that are not urgent give way there is room for it in some round; where three do, in none.
    assert any(fits(w, [u for u in order if scene.urgent[u]]) for w, order in rounds.items())
    for w, order in rounds.items():
        light = [u for u in order if not scene.urgent[u]]
        for number in range(planner.MOST_MOVED + 1):
            assert not any(fits(w, [u for u in order if u not in out]) for out in combinations(light, number))


# ---- the page's sources ---------------------------------------------------------------------------------------


def test_the_page_cites_the_instances_that_it_stands_on():
    declaration = Declaration.load_all()["93-benchmark-routes"]
    grounds = {source.ground for source in cited(load_sources().values(), declaration)}
    assert {"routes", "home_care"} <= grounds and not grounds & {"roster", "flusight", "vaccine"}
