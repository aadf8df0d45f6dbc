"""Independent checks of routes: they share no code with the solver, and compute with whole numbers and fractions.

:func:`check_solution` holds a benchmark's solution against its instance alone; :func:`check_plan` a plan with times,
skills, caps and breaks against its problem. Both name every fault that they find.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from healthops.schedule.routes import Route, RoutePlan, RouteProblem
    from healthops.schedule.vrp_instances import Instance


class PlanFault(AssertionError):
    """A plan does not do what it must; the message lists every fault."""


def exact_distance(a: Sequence[float], b: Sequence[float], scale: int, *, cut: bool) -> int:
    """Euclidean distance in 1/`scale`, cut off or to the nearest whole, without a rounding error.

    Examples
    --------
    >>> exact_distance((0, 0), (1, 1), 10, cut=True)
    14
    >>> exact_distance((0, 0), (1, 2.2), 1, cut=False)
    2
    """
    square = sum((Fraction(float(p)) - Fraction(float(q))) ** 2 for p, q in zip(a, b, strict=True)) * scale**2
    if cut:
        return isqrt(square.numerator // square.denominator)
    four = 4 * square
    return (isqrt(four.numerator // four.denominator) + 1) // 2


def check_solution(instance: Instance, routes: Sequence[Sequence[int]], cost: int) -> int:
    """Return the cost of a solution recomputed from the instance: distance, and prizes of customers left out.

    Parameters
    ----------
    instance : Instance
        As read from its file.
    routes : sequences of int
        Customers, from 1, in order.
    cost : int
        The cost that is stated, in units of ``1 / instance.scale``.

    Raises
    ------
    PlanFault
        A customer twice or not at all, load, window, number of vehicles, or another cost than stated.
    """
    faults, total, seen = [], 0, []
    if len(routes) > instance.vehicles:
        faults.append(f"{len(routes)} routes for {instance.vehicles} vehicles")
    for number, route in enumerate(routes, 1):
        wrong = [v for v in route if not 1 <= v < len(instance.demand)]
        if wrong or not route:
            faults.append(f"route {number}: empty" if not route else f"route {number}: no customer {wrong[0]}")
            continue
        seen += route
        length, late = _walk(instance, route)
        total += length
        faults += [f"route {number}: {said}" for said in late]
        load = sum(Fraction(float(instance.demand[v])) for v in route)
        if load > Fraction(float(instance.capacity)):
            faults.append(f"route {number}: load {float(load):g} over the capacity {instance.capacity:g}")
    faults += [f"customer {v}: visited {seen.count(v)} times" for v in sorted(set(seen)) if seen.count(v) > 1]
    missing = sorted(set(range(1, len(instance.demand))) - set(seen))
    if instance.required:
        faults += [f"customer {v}: not visited" for v in missing]
    total += sum(round(Fraction(float(instance.prizes[v])) * instance.scale) for v in missing)
    if total != cost:
        faults.append(f"cost: stated {cost}, recomputed {total}")
    if faults:
        raise PlanFault(f"{instance.name}: " + "; ".join(faults))
    return total


def _walk(instance: Instance, route: Sequence[int]) -> tuple[int, list[str]]:
    """Length of a route, and the customers (0: the depot) that it reaches too late."""
    scale, cut = instance.scale, instance.rounding == "tenths"
    now, at, length, late = Fraction(float(instance.opens[0])) * scale, 0, 0, []
    for v in [*route, 0]:
        if instance.weights is None:
            step = exact_distance(instance.coordinates[at], instance.coordinates[v], scale, cut=cut)
        else:
            exact = Fraction(float(instance.weights[at, v])) * scale
            step = exact.numerator // exact.denominator if cut else round(exact)
        length, now = length + step, now + step
        if now > Fraction(float(instance.closes[v])) * scale:
            late.append(f"reaches {v} at {float(now) / scale:g}, after {instance.closes[v]:g}")
        now = max(now, Fraction(float(instance.opens[v])) * scale) + Fraction(float(instance.service[v])) * scale
        at = v
    return length, late


def check_plan(problem: RouteProblem, plan: RoutePlan) -> None:
    """Hold a plan against its problem: times, windows, load, skills, caps, breaks, numbers of workers, cost.

    Raises
    ------
    PlanFault
        Lists every fault, by worker and visit.
    """
    faults, seen, distance = [], [], 0
    for number, route in enumerate(plan.routes):
        faults += [f"route {number} ({problem.workers[route.worker].name}): {said}" for said in _round(problem, route)]
        seen += route.visits
        distance += route.distance
    for kind, worker in enumerate(problem.workers):
        used = sum(route.worker == kind for route in plan.routes)
        if used > worker.number:
            faults.append(f"worker {worker.name}: {used} rounds for {worker.number}")
    faults += [f"visit {v}: made {seen.count(v)} times" for v in sorted(set(seen)) if seen.count(v) > 1]
    missing = sorted(set(range(len(problem.place))) - set(seen))
    if missing != sorted(plan.unvisited):
        faults.append("unvisited: not the visits that no route has")
    faults += [f"visit {v}: required and not made" for v in missing if problem.required[v]]
    if distance != plan.distance or sum(int(problem.prize[v]) for v in missing) != plan.lost:
        faults.append("cost: not the distances of the routes and the prizes of the unvisited")
    if faults:
        raise PlanFault("; ".join(faults))


def _round(problem: RouteProblem, route: Route) -> list[str]:
    """Faults of one worker's round."""
    who, faults, length = problem.workers[route.worker], [], 0
    free_at, at = route.leaves, who.start
    if route.leaves < who.opens or route.returns > who.closes:
        faults.append(f"out from {route.leaves} to {route.returns}, not within {who.opens} to {who.closes}")
    for k, (v, begin) in enumerate(zip(route.visits, route.begins, strict=True)):
        there = int(problem.place[v])
        length += int(problem.distance[at, there])
        if begin < free_at + int(problem.duration[at, there]):
            faults.append(f"visit {v} begins at {begin}, before anyone can be there")
        if not problem.opens[v] <= begin <= problem.closes[v]:
            faults.append(f"visit {v} begins at {begin}, outside {problem.opens[v]} to {problem.closes[v]}")
        if problem.skill[v] and who.skills is not None and problem.skill[v] not in who.skills:
            faults.append(f"visit {v} wants skill {problem.skill[v]}")
        free_at, at = begin + int(problem.service[v]), there
        if route.rest_after == k:
            faults += _rest(who.rest, route.rests, free_at)
            free_at = (route.rests or 0) + (who.rest.minutes if who.rest else 0)
    if route.returns < free_at + int(problem.duration[at, who.end]):
        faults.append(f"is back at {route.returns}, before the way allows")
    if length + int(problem.distance[at, who.end]) != route.distance:
        faults.append(f"distance {route.distance} is not that of its visits")
    if (
        who.rest is not None
        and route.rest_after is None
        and route.leaves < who.rest.opens < who.rest.closes < route.returns
    ):
        faults.append("no break")
    if who.capacity is not None and sum(int(problem.load[v]) for v in route.visits) > who.capacity:
        faults.append(f"load over {who.capacity}")
    if who.most_visits is not None and len(route.visits) > who.most_visits:
        faults.append(f"{len(route.visits)} visits, over {who.most_visits}")
    return faults


def _rest(rest: object, begins: int | None, free_at: int) -> list[str]:
    if rest is None or begins is None:
        return ["a break that the worker has not, or without a time"]
    wrong = begins < free_at or not rest.opens <= begins <= rest.closes
    return [f"break at {begins}, not from {max(free_at, rest.opens)} to {rest.closes}"] if wrong else []
