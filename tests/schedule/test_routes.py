"""The adapter to PyVRP against brute force, and the check of plans against planted faults."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest

from healthops.schedule.route_check import PlanFault, check_plan
from healthops.schedule.route_pool import RoutePool
from healthops.schedule.routes import Rest, RouteError, RouteProblem, Worker, solve, timetable


def made(seed, visits=5, *, rest=None, skills=False, required=False):
    """A small problem: two bases, windows, prizes; places on a grid so that ties are rare."""
    rng = np.random.default_rng(seed)
    at = rng.integers(0, 40, (visits + 2, 2))
    distance = np.abs(at[:, None] - at[None]).sum(axis=-1)
    opens = rng.integers(0, 150, visits)
    names = ("newborn", "maternal")
    able = [frozenset({"maternal"}), frozenset(names)] if skills else [None, None]
    return RouteProblem(
        distance=distance, duration=distance, place=np.arange(2, visits + 2), service=rng.integers(5, 20, visits),
        opens=opens, closes=opens + rng.integers(30, 120, visits), load=rng.integers(1, 4, visits),
        prize=rng.integers(20, 120, visits), required=np.full(visits, required),
        skill=tuple(names[k] for k in rng.integers(0, 2, visits)) if skills else ("",) * visits,
        workers=tuple(
            Worker(f"w{k}", k, k, 0, 320, capacity=7, most_visits=3, skills=able[k], rest=rest) for k in range(2)
        ),
    )  # fmt: skip


def cheapest(problem):
    """Least cost over all ways to share, order and rest; worked out visit by visit."""
    size, best = len(problem.place), np.inf
    rounds = {}
    for k, worker in enumerate(problem.workers):
        for subset in product((False, True), repeat=size):
            chosen = [v for v in range(size) if subset[v]]
            rounds[k, subset] = min((way_of(problem, worker, order) for order in permutations(chosen)), default=0)
    for shared in product(range(-1, len(problem.workers)), repeat=size):
        cost = sum(int(problem.prize[v]) for v in range(size) if shared[v] < 0)
        if any(problem.required[v] for v in range(size) if shared[v] < 0):
            continue
        cost += sum(rounds[k, tuple(s == k for s in shared)] for k in range(len(problem.workers)))
        best = min(best, cost)
    return best


def way_of(problem, worker, order):
    """Distance of a round, infinite where it breaks a rule; a break stands after some visit."""
    if not order:
        return 0
    p = problem
    if len(order) > worker.most_visits or sum(p.load[v] for v in order) > worker.capacity:
        return np.inf
    if worker.skills is not None and any(p.skill[v] not in worker.skills for v in order):
        return np.inf
    stops = [worker.start, *(int(p.place[v]) for v in order), worker.end]
    way = sum(int(p.distance[a, b]) for a, b in zip(stops, stops[1:], strict=False))
    for after in range(len(order)) if worker.rest else [None]:
        now, at, good = worker.opens, worker.start, True
        for k, v in enumerate(order):
            now = max(now + p.duration[at, p.place[v]], p.opens[v])
            if k == after:
                now = max(now, worker.rest.opens - p.service[v])
            good &= now <= p.closes[v]
            now, at = now + p.service[v], p.place[v]
            if k == after:
                good &= now <= worker.rest.closes
                now += worker.rest.minutes
        if good and now + p.duration[at, worker.end] <= worker.closes:
            return way
    return np.inf


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["plain", "skills", "rest"])
def test_small_problems_cost_what_brute_force_finds(seed, kind):
    rest = Rest(40, 120, 200) if kind == "rest" else None
    problem = made(seed, rest=rest, skills=kind == "skills")
    plan = solve(problem, seed=1, iterations=400)
    check_plan(problem, plan)
    if kind != "rest":
        assert plan.cost == cheapest(problem)
    else:
        # Brute force rests in every round; a round that needs no break, being short, can only be better.
        assert all(route.rests is not None for route in plan.routes) and plan.cost == cheapest(problem)


def test_required_visits_are_made_at_any_price():
    problem = replace(made(3, required=True), prize=np.zeros(5, np.int64))
    assert solve(problem, seed=1, iterations=400).unvisited == ()
    with pytest.raises(RouteError, match="make some optional"):
        solve(replace(problem, workers=problem.workers[:1]), seed=1, iterations=200)


def test_the_urgent_visit_is_made_first_to_last():
    """A visit with a prize above all others is made even where it costs the others."""
    problem = made(5)
    for urgent in range(5):
        prizes = problem.prize.copy()
        prizes[urgent] = 10_000
        assert urgent not in solve(replace(problem, prize=prizes), seed=1, iterations=200).unvisited


def test_same_seed_same_plan_by_iterations():
    problem = made(7, 12, rest=Rest(30, 100, 220))
    one, other = (solve(problem, seed=4, iterations=300) for _ in range(2))
    assert replace(one, cpu_seconds=0) == replace(other, cpu_seconds=0) and one.iterations == 300


def test_nobody_to_visit_is_an_empty_plan():
    problem = made(0, 2)
    empty = replace(problem, **{
        name: getattr(problem, name)[:0]
        for name in ("place", "service", "opens", "closes", "load", "prize", "required", "skill")
    })  # fmt: skip
    assert solve(empty, iterations=5).routes == ()


def test_contradictory_problems_are_refused():
    problem = made(0)
    with pytest.raises(RouteError, match="visit 2: its window ends"):
        replace(problem, closes=np.where(np.arange(5) == 2, -1, problem.closes))
    with pytest.raises(RouteError, match="nobody to make a visit"):
        replace(problem, workers=())
    with pytest.raises(RouteError, match="the day ends"):
        replace(problem, workers=(replace(problem.workers[0], closes=-5),))
    with pytest.raises(RouteError, match="prize: 4 values for 5 visits"):
        replace(problem, prize=problem.prize[:4])
    with pytest.raises(RouteError, match="not both"):
        solve(problem)


def test_timetable_by_hand():
    """Base at 0, homes at 10 and 30 on a line; the first opens at 50: leave at 40."""
    line = np.array([0, 10, 30])
    distance = np.abs(line[:, None] - line[None])
    problem = RouteProblem(
        distance, distance, np.array([1, 2]), np.array([5, 5]), np.array([50, 0]), np.array([60, 200]), np.ones(2, int),
        np.ones(2, int), np.zeros(2, bool), ("", ""), (Worker("w", 0, 0, 0, 300, rest=Rest(20, 54, 90)),),
    )  # fmt: skip
    route = timetable(problem, 0, [0, 1])
    assert (route.leaves, route.begins, route.returns, route.distance) == (40, (50, 75), 110, 60)
    rested = timetable(problem, 0, [0, 1], rest_after=0)
    assert (rested.rests, rested.begins, rested.returns) == (55, (50, 95), 130)


# ---- the check ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def planned():
    problem = made(2, rest=Rest(40, 120, 200), skills=True)
    plan = solve(problem, seed=1, iterations=300)
    assert max(len(route.visits) for route in plan.routes) >= 2
    return problem, plan


def faulty(plan, **changes):
    at = max(range(len(plan.routes)), key=lambda k: len(plan.routes[k].visits))
    routes = list(plan.routes)
    routes[at] = replace(routes[at], **{name: change(getattr(routes[at], name)) for name, change in changes.items()})
    return replace(plan, routes=tuple(routes))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"begins": lambda b: (b[0] - 60, *b[1:])}, "before anyone can be there|outside"),
        ({"begins": lambda b: (*b[:-1], b[-1] + 500)}, "outside"),
        ({"returns": lambda r: r - 1}, "before the way allows"),
        ({"returns": lambda r: 999}, "not within"),
        ({"distance": lambda d: d - 1}, "is not that of its visits"),
        ({"visits": lambda v: (v[0], *v[:-1])}, "made 2 times"),
        ({"rests": lambda r: 5}, "break at 5"),
        ({"worker": lambda w: 0}, "wants skill|rounds for 1|before anyone|distance"),
    ],
)
def test_planted_faults_of_a_plan_are_found(planned, changes, said):
    problem, plan = planned
    check_plan(problem, plan)
    with pytest.raises(PlanFault, match=said):
        check_plan(problem, faulty(plan, **changes))


def test_faults_against_the_problem_are_found(planned):
    problem, plan = planned
    busy = max(plan.routes, key=lambda route: len(route.visits))
    capped = tuple(replace(w, most_visits=1, capacity=0) for w in problem.workers)
    with pytest.raises(PlanFault, match=r"load over 0.*visits, over 1"):
        check_plan(replace(problem, workers=capped), plan)
    with pytest.raises(PlanFault, match="required and not made"):
        check_plan(replace(problem, required=np.ones(5, bool)), replace(plan, routes=(busy,)))
    unskilled = tuple(replace(w, skills=frozenset()) for w in problem.workers)
    with pytest.raises(PlanFault, match="wants skill"):
        check_plan(replace(problem, workers=unskilled), plan)
    longer = tuple(replace(w, rest=Rest(90, 120, 200)) for w in problem.workers)
    with pytest.raises(PlanFault, match="before"):
        check_plan(replace(problem, workers=longer), plan)


def test_a_round_through_the_break_without_one_is_found():
    problem = made(2)
    plan = solve(problem, seed=1, iterations=200)
    due = tuple(replace(w, rest=Rest(5, 100, 110)) for w in problem.workers)
    assert any(route.leaves < 100 and route.returns > 110 for route in plan.routes)
    with pytest.raises(PlanFault, match="no break"):
        check_plan(replace(problem, workers=due), plan)


# ---- the pool -------------------------------------------------------------------------------------------------------


def test_the_pool_puts_the_best_routes_together():
    pool = RoutePool(4, [2], np.zeros(4), np.ones(4, bool))
    for clients, cost in (((0, 1), 10), ((2, 3), 40), ((0, 2), 20), ((1, 3), 15), ((0, 1, 2, 3), 36), ((1, 0), 12)):
        pool.add((0, clients), clients, cost)
    assert len(pool) == 5  # (1, 0) is longer than (0, 1)
    assert sorted(pool.combine(None)) == [(0, (0, 2)), (0, (1, 3))]
    prized = RoutePool(4, [1], np.array([1, 1, 30, 30]), np.zeros(4, bool))
    for clients, cost in (((0, 1), 10), ((2, 3), 40)):
        prized.add((0, clients), clients, cost)
    assert prized.combine([(0, (0, 1))]) == [(0, (2, 3))]
