"""Solvers of home care: simulated annealing for any size, and CP-SAT for a proof or a lower bound.

Annealing moves operations between the caregivers' rounds; each candidate is timed by the rules of
:func:`healthops.schedule.home_care.plan_of`, compiled. CP-SAT (OR-Tools) has a circuit a caregiver with the begins as
variables, starts from the annealed plan, and says how much better any plan could be.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from healthops.schedule.home_care import SCALE, CarePlan, HomeCare, plan_of

#: Steps of one annealing, and its first and last temperature as shares of the first plan's cost.
STEPS, HOT, COLD = 400_000, 0.03, 0.0001
#: Operations up to which CP-SAT gets most of the time: it then mostly ends with a proof.
SMALL = 20
#: Share of the time for annealing: below and from SMALL.
ANNEAL_SHARE = (0.1, 0.75)


class HomeCareError(ValueError):
    """No plan was found; the message says what to change."""


@dataclass(frozen=True)
class CareResult:
    """The best plan, a lower bound of its cost in the file's unit, whether that is proof, and CPU seconds."""

    plan: CarePlan
    bound: float
    proved: bool
    cpu_seconds: float


def solve(
    instance: HomeCare,
    *,
    seed: int = 0,
    cpu_seconds: float | None = None,
    anneals: int | None = None,
    work: float = 0.0,
) -> CareResult:
    """Plan an instance.

    Parameters
    ----------
    instance : HomeCare
        As read.
    seed : int
        Of the annealing.
    cpu_seconds, anneals : number
        Exactly one: a limit for all, or a number of annealings, the same plan on any machine.
    work : float
        After a number of annealings, CP-SAT's limit in its deterministic time (near a CPU second), so that plan and
        bound are the same on any machine too; 0 is without CP-SAT.

    Raises
    ------
    HomeCareError
        No plan was found, or neither or both limits were given.
    """
    if (cpu_seconds is None) == (anneals is None):
        raise HomeCareError("give cpu_seconds or anneals, and not both")
    anneal(instance, seed=seed, steps=1)  # compiles, once a process: that is not planning
    began = time.process_time()
    share = ANNEAL_SHARE[len(instance.patient) > SMALL]
    best, run = None, 0
    while True:
        found = anneal(instance, seed=seed + run)
        run += 1
        best = found if best is None or (found is not None and found.cost3 < best.cost3) else best
        used = _since(began)
        if run >= anneals if anneals is not None else used * (1 + 1 / run) > share * cpu_seconds:
            break
    if best is None:
        raise HomeCareError(
            f"{instance.name}: no plan in which nobody waits in a circle was found; give more seconds, or loosen the "
            "spans between double visits"
        )
    bound, proved = simple_bound(instance), False
    if cpu_seconds is not None or work > 0:
        left = {"work": work} if cpu_seconds is None else {"seconds": max(1.0, cpu_seconds - _since(began))}
        plan, lower, proved = prove(instance, best, **left)
        best, bound = plan if plan.cost3 < best.cost3 else best, max(bound, lower)
    return CareResult(best, min(bound, best.cost), proved, _since(began))


def _since(began: float) -> float:
    return time.process_time() - began


def simple_bound(instance: HomeCare) -> float:
    """A lower bound without a solver: each patient is reached once from somewhere and left once.

    Every visited place has an arc in; a double visit two. The cheapest arc into each operation, and that from the
    office, is at most the distance of any plan.
    """
    d = instance.distance.astype(float) + np.diag(np.full(len(instance.distance), np.inf))
    cheapest = d.min(axis=0)[instance.patient + 1].sum() + d.min(axis=0)[0]
    return float(cheapest) / (3 * SCALE)


# ---- annealing ------------------------------------------------------------------------------------------------------


def anneal(instance: HomeCare, *, seed: int, steps: int = STEPS) -> CarePlan | None:
    """One annealing from a random start; None where no plan without a circle was seen."""
    from healthops.schedule.home_care_moves import annealed

    rng = np.random.default_rng(seed)
    rounds, lengths = _start(instance, rng)
    first = instance.distance[0].sum() * 2
    given = (instance.patient, instance.minutes, instance.opens, instance.closes, instance.pairs, instance.partner)
    # One layout and type, so that all instances are searched by one compiled function.
    flat = [np.ascontiguousarray(part, np.int64) for part in given]
    best, best_lengths, cost = annealed(
        rounds, lengths, *flat, np.ascontiguousarray(instance.able), np.ascontiguousarray(instance.distance, np.int64),
        rng, steps, HOT * first, COLD * first,
    )  # fmt: skip
    if cost < 0:
        return None
    return plan_of(instance, [best[c, : best_lengths[c]] for c in range(len(best))])


def _start(instance: HomeCare, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Operations by the begin of their window, each to the able caregiver with the fewest, ties by chance."""
    caregivers, size = instance.able.shape
    rounds, lengths = np.zeros((caregivers, size), np.int64), np.zeros(caregivers, np.int64)
    of = np.full(size, -1)
    # The two of a patient stand together, so that no round waits for one that waits for it.
    for op in np.lexsort((np.arange(size), instance.opens)):
        able, other = instance.able[:, op].copy(), instance.partner[op]
        if other >= 0 and of[other] >= 0:
            able[of[other]] = False
        elif other >= 0 and instance.able[:, other].sum() == 1:
            # Who alone can do the second must not be taken for the first.
            able &= ~instance.able[:, other]
        if not able.any():
            who = instance.patients[instance.patient[op]]
            raise HomeCareError(f"patient {who}: the two operations have no two caregivers who are able to them")
        chosen = np.flatnonzero(able)
        c = chosen[np.lexsort((rng.random(len(chosen)), lengths[chosen]))[0]]
        rounds[c, lengths[c]], of[op] = op, c
        lengths[c] += 1
    return rounds, lengths


# ---- CP-SAT ---------------------------------------------------------------------------------------------------------


def prove(
    instance: HomeCare, start: CarePlan, *, seconds: float | None = None, work: float | None = None
) -> tuple[CarePlan, float, bool]:
    """Improve `start` by CP-SAT within `seconds`, or `work` of its deterministic time, and bound the cost of any plan.

    Returns
    -------
    plan, float, bool
        The best plan, a lower bound of the cost in the file's unit, and whether the plan is proved to be the best.
    """
    from healthops.schedule.or_tools import cp_model

    model = cp_model.CpModel()
    begin, arcs, cost = _model(model, instance, start)
    for op, variable in enumerate(begin):
        model.add_hint(variable, start.begins[op])
    used = {(c, a, b) for c, r in enumerate(start.routes) for a, b in zip((-1, *r), (*r, -1), strict=True) if r}
    for key, literal in arcs.items():
        model.add_hint(literal, key in used)
    model.add(cost <= start.cost3)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2
    if seconds is not None:
        solver.parameters.max_time_in_seconds = seconds
    if work is not None:
        solver.parameters.max_deterministic_time = work
    status = solver.solve(model)
    bound = max(0.0, solver.best_objective_bound) / (3 * SCALE)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return start, bound, False
    after = {(c, a): b for (c, a, b), literal in arcs.items() if solver.value(literal)}
    routes = []
    for c in range(len(instance.caregivers)):
        route, op = [], after.get((c, -1), -1)
        while op >= 0:
            route.append(op)
            op = after[c, op]
        routes.append(route)
    plan = plan_of(instance, routes)
    return plan if plan is not None else start, bound, status == cp_model.OPTIMAL


def _model(model: Any, instance: HomeCare, start: CarePlan) -> tuple[list, dict[tuple[int, int, int], Any], Any]:
    """Begins, arcs (caregiver, from, to; -1 is the office) and three times the cost in thousandths."""
    size, far = len(instance.patient), instance.distance
    place = instance.patient + 1
    # Nobody is later than the greatest tardiness of a plan within the known cost: its rest is at least the bound.
    slack = start.cost3 - int(simple_bound(instance) * 3 * SCALE)
    earliest, latest = np.maximum(instance.opens, far[0, place]), instance.closes + max(0, slack) // 2 + 1
    begin = [model.new_int_var(int(earliest[o]), int(latest[o]), "") for o in range(size)]
    arcs: dict[tuple[int, int, int], Any] = {}
    makes = {(int(c), int(o)): model.new_bool_var("") for c, o in np.argwhere(instance.able)}
    for c in range(len(instance.caregivers)):
        own = [o for o in range(size) if instance.able[c, o]]
        idle = model.new_bool_var("")
        circuit = [(0, 0, idle)]
        for o in own:
            circuit.append((o + 1, o + 1, ~makes[c, o]))
            model.add_implication(idle, ~makes[c, o])
            arcs[c, -1, o], arcs[c, o, -1] = model.new_bool_var(""), model.new_bool_var("")
            circuit += [(0, o + 1, arcs[c, -1, o]), (o + 1, 0, arcs[c, o, -1])]
            for other in own:
                if other == o or instance.partner[o] == other:
                    continue
                arcs[c, o, other] = model.new_bool_var("")
                circuit.append((o + 1, other + 1, arcs[c, o, other]))
                step = int(instance.minutes[o] + far[place[o], place[other]])
                model.add(begin[other] >= begin[o] + step).only_enforce_if(arcs[c, o, other])
        model.add_circuit(circuit)
    for o in range(size):
        model.add_exactly_one(makes[c, o] for c in range(len(instance.caregivers)) if instance.able[c, o])
    for a, b, least, most in instance.pairs.tolist():
        model.add_linear_constraint(begin[b] - begin[a], least, most)
        for c in range(len(instance.caregivers)):
            if instance.able[c, a] and instance.able[c, b]:
                model.add_at_most_one(makes[c, a], makes[c, b])
    late = [model.new_int_var(0, max(0, slack), "") for _ in range(size)]
    most = model.new_int_var(0, max(0, slack), "")
    for o in range(size):
        model.add(late[o] >= begin[o] - int(instance.closes[o]))
        model.add(most >= late[o])
    way = sum(int(far[0 if a < 0 else place[a], 0 if b < 0 else place[b]]) * x for (_, a, b), x in arcs.items())
    cost = way + sum(late) + most
    model.minimize(cost)
    return begin, arcs, cost
