"""Routes with time windows, prizes, skills, caps and breaks: one adapter to PyVRP (Wouda, Lan & Kool 2024).

A :class:`RouteProblem` says what there is to visit and who can; :func:`solve` returns a :class:`RoutePlan`. PyVRP's
iterated local search runs several times, each from its own random start, and the best routes of all runs are put
together by set partitioning (:mod:`.route_pool`), which gets out of the optima that a single run is caught in.

What PyVRP has no word for is said in its terms:

* skill: a worker type without it finds the visit infinitely far away;
* cap on visits: a second load, of one a visit;
* break: each visit has a twin with the break after it; a group lets one of the two be visited, a third load lets a
  route have one break, and a prize above all others makes it take one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from healthops.schedule.route_pool import RoutePool

#: Runs from different random starts, before the last, which starts from their best put together.
STARTS = 3
#: Share of the time that putting routes together may take, each time.
POOL_SHARE = 0.06
#: A candidate this much above the best still gives its routes to the pool.
POOL_SLACK = 1.02
#: Every so many candidates one is looked at: reading routes out of PyVRP takes time.
POOL_EVERY = 4


class RouteError(ValueError):
    """A problem that no plan can fit; the message names the visit or worker and the remedy."""


@dataclass(frozen=True)
class Rest:
    """A break of so many minutes after a visit, begun between `opens` and `closes`."""

    minutes: int
    opens: int
    closes: int


@dataclass(frozen=True)
class Worker:
    """`number` alike workers (vehicles): from location `start` to location `end`, out between `opens` and `closes`.

    ``skills`` None is any. ``rest`` is due to a worker who is out when it may begin and when it may begin last.
    """

    name: str
    start: int
    end: int
    opens: int
    closes: int
    number: int = 1
    capacity: int | None = None
    most_visits: int | None = None
    skills: frozenset[str] | None = None
    rest: Rest | None = None


@dataclass(frozen=True)
class RouteProblem:
    """What there is to visit, in whole numbers of one unit of time and one of cost.

    ``distance``, ``duration`` (L, L): between locations. Of visit v: ``place`` (its location), ``service``, window
    ``opens``..``closes`` in which service begins, ``load``, ``prize`` lost without it, ``required``, ``skill`` ("" is
    none). All (V,).
    """

    distance: np.ndarray
    duration: np.ndarray
    place: np.ndarray
    service: np.ndarray
    opens: np.ndarray
    closes: np.ndarray
    load: np.ndarray
    prize: np.ndarray
    required: np.ndarray
    skill: tuple[str, ...]
    workers: tuple[Worker, ...]

    def __post_init__(self) -> None:
        size = len(self.place)
        for name in ("service", "opens", "closes", "load", "prize", "required", "skill"):
            if len(getattr(self, name)) != size:
                raise RouteError(f"{name}: {len(getattr(self, name))} values for {size} visits; give one a visit")
        if not self.workers:
            raise RouteError("workers: nobody to make a visit; give at least one Worker")
        for k in np.flatnonzero(np.asarray(self.opens) > np.asarray(self.closes)):
            raise RouteError(f"visit {k}: its window ends ({self.closes[k]}) before it begins ({self.opens[k]})")
        for worker in self.workers:
            if worker.opens > worker.closes:
                raise RouteError(
                    f"worker {worker.name}: the day ends ({worker.closes}) before it begins ({worker.opens})"
                )


@dataclass(frozen=True)
class Route:
    """A worker type's round: visits in order with begin of service, and the place in the order after which to rest."""

    worker: int
    visits: tuple[int, ...]
    leaves: int
    begins: tuple[int, ...]
    returns: int
    distance: int
    rest_after: int | None = None
    rests: int | None = None


@dataclass(frozen=True)
class RoutePlan:
    """Routes, who is left out, and what it cost: distance and prizes lost."""

    routes: tuple[Route, ...]
    unvisited: tuple[int, ...]
    distance: int
    lost: int
    iterations: int
    cpu_seconds: float

    @property
    def cost(self) -> int:
        """Distance and prizes lost, the objective."""
        return self.distance + self.lost


def solve(
    problem: RouteProblem,
    *,
    seed: int = 0,
    iterations: int | None = None,
    cpu_seconds: float | None = None,
    starts: int = STARTS,
) -> RoutePlan:
    """Plan routes of least distance and lost prizes.

    Parameters
    ----------
    problem : RouteProblem
        What there is to visit.
    seed : int
        Of PyVRP's random numbers.
    iterations, cpu_seconds : number
        When to stop; exactly one of them. With `iterations` the same seed gives the same plan on any machine.
    starts : int
        Random starts before the last run; 0 is a single run.

    Raises
    ------
    RouteError
        No feasible plan was found, or neither or both limits were given.
    """
    if (iterations is None) == (cpu_seconds is None):
        raise RouteError("give iterations or cpu_seconds, and not both")
    began = time.process_time()
    if not len(problem.place):
        return _plan(problem, [], 0, began)
    model = _Model(problem)
    pool = RoutePool(model.members, model.numbers, model.worth, model.required)
    best, spent, runs = None, 0, starts + 1
    for run in range(runs):
        last = run == runs - 1
        if iterations is not None:
            stop = _AfterIterations(iterations * (run + 1) // runs - iterations * run // runs)
        else:
            share = (began + cpu_seconds - time.process_time()) / (runs - run)
            stop = _AfterSeconds(share - (0 if starts == 0 else POOL_SHARE * cpu_seconds))
        found, count = model.search(stop, seed=seed + run, first=best if last else None, pool=pool)
        spent += count
        best = found if best is None or model.value(found) < model.value(best) else best
        if starts and (run or last):
            limit = None if cpu_seconds is None else max(0.2, POOL_SHARE * cpu_seconds)
            joined = pool.combine(None if not best.is_feasible() else model.keys(best), seconds=limit)
            if joined is not None:
                other = model.solution(joined)
                if other.is_feasible() and model.value(other) < model.value(best):
                    best = other
    if not best.is_feasible():
        raise RouteError(
            "no plan visits every required visit in its window; make some optional (a prize), or add workers or time"
        )
    return _plan(problem, model.rounds(best), spent, began)


class _AfterIterations:
    """PyVRP's criterion to stop, by iterations."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, best_cost: int) -> bool:
        self.left -= 1
        return self.left < 0


class _AfterSeconds:
    """PyVRP's criterion to stop, by CPU seconds of this process: a busy machine does not change what a limit buys."""

    def __init__(self, seconds: float) -> None:
        self.until = time.process_time() + seconds

    def __call__(self, best_cost: int) -> bool:
        return time.process_time() >= self.until


def _collector(model: _Model, pool: RoutePool) -> object:
    """What PyVRP calls while it searches: routes of good feasible candidates go to the pool."""
    from pyvrp.IteratedLocalSearch import IteratedLocalSearchCallbacks

    class Collector(IteratedLocalSearchCallbacks):
        seen = 0

        def on_iteration(self, current, candidate, best, cost_evaluator):
            self.seen += 1
            if self.seen % POOL_EVERY == 0 and candidate.is_feasible():
                bar = cost_evaluator.cost(best)
                if cost_evaluator.cost(candidate) <= bar + (POOL_SLACK - 1) * abs(bar):
                    model.give(candidate, pool)

        def on_best(self, best):
            if best.is_feasible():
                model.give(best, pool)

    return Collector()


class _Model:
    """A problem in PyVRP's terms, and back.

    Clients 0..V-1 are the visits; after them come their twins, one block a distinct window of breaks. Locations are
    the problem's, then one copy a block, from which the way takes the break longer.
    """

    def __init__(self, problem: RouteProblem) -> None:
        import pyvrp

        self.pyvrp, self.problem = pyvrp, problem
        self.visits, places = len(problem.place), len(problem.distance)
        rests = [w.rest for w in problem.workers if w.rest is not None]
        self.windows = sorted({(r.opens, r.closes) for r in rests})
        # More than all that could be lost on the way or by a visit: a round without its break is never worth it.
        self.bonus = int(problem.prize.max(initial=0) + 2 * problem.distance.max(initial=0) + 1) if rests else 0
        self.members = self.visits
        self.required = np.asarray(problem.required, bool)
        self.worth = np.asarray(problem.prize, np.int64)
        self.numbers = [w.number for w in problem.workers]
        clients, groups = self._clients(places)
        profiles = self._profiles(places)
        depots = sorted({at for w in problem.workers for at in (w.start, w.end)})
        self.data = pyvrp.ProblemData(
            [pyvrp.Location(0, 0) for _ in range(places * (1 + len(self.windows)))],
            clients,
            [pyvrp.Depot(at) for at in depots],
            [self._vehicle(w, depots, profiles[1][k]) for k, w in enumerate(problem.workers)],
            [part[0] for part in profiles[0]],
            [part[1] for part in profiles[0]],
            groups,
        )

    def _clients(self, places: int) -> tuple[list, list]:
        p, twins = self.problem, []
        for block, (opens, closes) in enumerate(self.windows, 1):
            early = np.maximum(p.opens, opens - p.service)
            late = np.minimum(p.closes, closes - p.service)
            twins += [(block, v, int(early[v]), int(late[v])) for v in range(self.visits) if early[v] <= late[v]]
        self.twin_of = {self.visits + k: (v, block) for k, (block, v, _, _) in enumerate(twins)}
        members: dict[int, list[int]] = {}
        for client, (visit, _) in self.twin_of.items():
            members.setdefault(visit, [visit]).append(client)
        group_of = {visit: k for k, visit in enumerate(sorted(members))}

        def client(v: int, block: int, early: int, late: int) -> object:
            group = group_of.get(v)
            loads = [int(p.load[v]), 1, int(block > 0)]
            return self.pyvrp.Client(
                int(p.place[v]) + block * places, loads, [], int(p.service[v]), early, late,
                0, int(p.prize[v]) + self.bonus * (block > 0), bool(p.required[v]) and group is None, group,
            )  # fmt: skip

        plain = [client(v, 0, int(p.opens[v]), int(p.closes[v])) for v in range(self.visits)]
        groups = [self.pyvrp.ClientGroup(members[v], bool(p.required[v])) for v in sorted(members)]
        return plain + [client(v, block, early, late) for block, v, early, late in twins], groups

    def _profiles(self, places: int) -> tuple[list[tuple[np.ndarray, np.ndarray]], list[int]]:
        """Distances and durations of each kind of worker, and the kind of each."""
        from pyvrp.constants import MAX_VALUE

        p, blocks = self.problem, 1 + len(self.windows)
        kinds: dict[tuple, int] = {}
        of = [kinds.setdefault((w.skills, w.rest), len(kinds)) for w in p.workers]
        out = []
        for skills, rest in kinds:
            distance, duration = (np.tile(m, (blocks, blocks)).astype(np.int64) for m in (p.distance, p.duration))
            own = 0 if rest is None else 1 + self.windows.index((rest.opens, rest.closes))
            for block in range(1, blocks):
                here = slice(block * places, (block + 1) * places)
                if block == own:
                    duration[here, :] += rest.minutes
                else:
                    distance[here, :] = distance[:, here] = duration[here, :] = duration[:, here] = MAX_VALUE
            if skills is not None:
                self._forbid(distance, duration, skills, places, MAX_VALUE)
            np.fill_diagonal(distance, 0)
            np.fill_diagonal(duration, 0)
            out.append((distance, duration))
        return out, of

    def _forbid(self, distance: np.ndarray, duration: np.ndarray, skills: frozenset, places: int, far: int) -> None:
        """Put what a worker without the skill may not do infinitely far away."""
        p = self.problem
        lacking = {int(at) for at, skill in zip(p.place, p.skill, strict=True) if skill and skill not in skills}
        able = {int(at) for at, skill in zip(p.place, p.skill, strict=True) if not skill or skill in skills}
        if lacking & (able | {end for w in p.workers for end in (w.start, w.end)}):
            raise RouteError("visits that want different skills must have locations of their own, apart from the bases")
        for block in range(1 + len(self.windows)):
            at = [place + block * places for place in sorted(lacking)]
            distance[at, :] = distance[:, at] = duration[at, :] = duration[:, at] = far

    def _vehicle(self, worker: Worker, depots: list[int], profile: int) -> object:
        free = 1 << 40
        capacity = free if worker.capacity is None else worker.capacity
        most = free if worker.most_visits is None else worker.most_visits
        return self.pyvrp.VehicleType(
            worker.number, [capacity, most, 1], depots.index(worker.start), depots.index(worker.end),
            tw_early=worker.opens, tw_late=worker.closes, profile=profile, name=worker.name,
        )  # fmt: skip

    def search(self, stop: object, *, seed: int, first: object, pool: RoutePool) -> tuple[object, int]:
        """Run PyVRP's search; the routes of its good candidates go to `pool`."""
        from pyvrp.IteratedLocalSearch import IteratedLocalSearchParams
        from pyvrp.solve import SolveParams

        params = SolveParams(ils=IteratedLocalSearchParams(callbacks=_collector(self, pool)))
        result = self.pyvrp.solve(
            self.data, stop, seed=seed, collect_stats=False, params=params, initial_solution=first
        )  # fmt: skip
        if result.best.is_feasible():
            self.give(result.best, pool)
        return result.best, result.num_iterations

    def give(self, solution: object, pool: RoutePool) -> None:
        """Put the routes of a feasible solution into the pool."""
        for route in solution.routes():
            key = self._key(route)
            pool.add(key, [self._visit(c) for c in key[1]], self._cost(route))

    def _cost(self, route: object) -> int:
        return route.distance_cost() - self.bonus * any(a.idx >= self.visits for a in route if a.is_client())

    def _visit(self, client: int) -> int:
        return client if client < self.visits else self.twin_of[client][0]

    @staticmethod
    def _key(route: object) -> tuple[int, tuple[int, ...]]:
        return route.vehicle_type(), tuple(a.idx for a in route if a.is_client())

    def keys(self, solution: object) -> list[tuple[int, tuple[int, ...]]]:
        """Worker type and clients of each route."""
        return [self._key(route) for route in solution.routes()]

    def solution(self, keys: Sequence[tuple[int, tuple[int, ...]]]) -> object:
        """PyVRP's solution of such routes."""
        routes = [self.pyvrp.Route(self.data, list(clients), kind) for kind, clients in keys]
        return self.pyvrp.Solution(self.data, routes)

    def value(self, solution: object) -> float:
        """Cost of a solution in our terms; infinite where it is not feasible."""
        if not solution.is_feasible():
            return np.inf
        seen = [self._visit(c) for _, clients in self.keys(solution) for c in clients]
        return sum(self._cost(r) for r in solution.routes()) + int(self.worth.sum() - self.worth[seen].sum())

    def rounds(self, solution: object) -> list[Route]:
        """Routes of a solution with their timetable."""
        out = []
        for kind, clients in sorted(self.keys(solution)):
            rest = next((k for k, c in enumerate(clients) if c >= self.visits), None)
            out.append(timetable(self.problem, kind, [self._visit(c) for c in clients], rest))
        return out


def timetable(problem: RouteProblem, worker: int, visits: Sequence[int], rest_after: int | None = None) -> Route:
    """Begin every visit as early as can be, and leave the base as late as that allows."""
    who, p = problem.workers[worker], problem
    first = p.place[visits[0]]
    leaves = max(who.opens, int(p.opens[visits[0]]) - int(p.duration[who.start, first]))
    if rest_after == 0 and who.rest is not None:
        leaves = max(leaves, who.rest.opens - int(p.service[visits[0]]) - int(p.duration[who.start, first]))
    now, at, way, begins, rests = leaves, who.start, 0, [], None
    for k, v in enumerate(visits):
        now = max(now + int(p.duration[at, p.place[v]]), int(p.opens[v]))
        if k == rest_after and who.rest is not None:
            now = max(now, who.rest.opens - int(p.service[v]))
        way += int(p.distance[at, p.place[v]])
        begins.append(now)
        now, at = now + int(p.service[v]), p.place[v]
        if k == rest_after and who.rest is not None:
            rests, now = now, now + who.rest.minutes
    return Route(
        worker, tuple(int(v) for v in visits), leaves, tuple(begins), now + int(p.duration[at, who.end]),
        way + int(p.distance[at, who.end]), rest_after if rests is not None else None, rests,
    )  # fmt: skip


def without_break(problem: RouteProblem, route: Route) -> bool:
    """Whether a break is due on the round and not in it."""
    rest = problem.workers[route.worker].rest
    return rest is not None and route.rests is None and route.leaves < rest.opens and route.returns > rest.closes


def _plan(problem: RouteProblem, rounds: list[Route], iterations: int, began: float) -> RoutePlan:
    kept = []
    for route in rounds:
        # A round that cannot hold its break anywhere is cut until it is back before the break is due.
        while without_break(problem, route) and len(route.visits) > 1:
            if problem.required[route.visits[-1]]:
                raise RouteError(
                    f"visit {route.visits[-1]} is required and leaves its worker no break; make it optional"
                )
            route = timetable(problem, route.worker, route.visits[:-1])
        if not without_break(problem, route):
            kept.append(route)
    seen = {v for route in kept for v in route.visits}
    unvisited = tuple(v for v in range(len(problem.place)) if v not in seen)
    lost = int(sum(int(problem.prize[v]) for v in unvisited))
    return RoutePlan(
        tuple(kept), unvisited, sum(r.distance for r in kept), lost, iterations, time.process_time() - began
    )
