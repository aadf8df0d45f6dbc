"""Solving a roster: proof by the stretch-flow model, better rosters by freeing some lines or days at a time.

1. HiGHS on the whole model, for a share of the time: small instances end here.
2. Without a roster yet, CP-SAT finds the first one that keeps all hard rules.
3. Large neighbourhood search: the lines of some employees, or the days of a window, are free and the rest stands; each
   such program is solved by HiGHS, from the roster at hand. Neighbourhoods grow where they are exhausted and shrink
   where they are too hard. It comes first where the roster is far from the bound, and once more after deepening.
4. Deepening. In a roster of cost c or less no variable is above 0 whose reduced cost in the linear relaxation is more
   than c less its value (reduced-cost fixing). With c a little above the bound most stretches go; HiGHS then finds a
   roster of cost c or less, which proves it best, or that there is none, which raises the bound above c, and c grows.
5. HiGHS on the whole model again, from the best roster, for what is left.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace

import numpy as np

from healthops.schedule.roster import Roster, RosterProblem, RosterResult
from healthops.schedule.roster_check import assert_feasible, roster_cost
from healthops.schedule.roster_flow import Block, FlowModel, Solved, block, minimise
from healthops.schedule.roster_rules import InfeasibleRoster, first_roster

#: Shares of the CPU seconds by whose end the first run of the whole model, an early search, deepening and search stop.
FIRST, EARLY, DEEPER, SEARCH = 0.15, 0.5, 0.75, 0.95
#: An early search is for rosters that cost so many times the bound, and ends at so many times.
FAR, NEAR = 1.25, 1.01
#: How far above the bound deepening looks, as a share of the bound, and at the least.
STEP, LEAST_STEP = 0.001, 2
#: Nodes of branch and bound in one neighbourhood.
NODES = 200


@dataclass
class _Search:
    """The best roster so far, what is proved, and the sizes of neighbourhoods."""

    problem: RosterProblem
    deadline: float
    rng: np.random.Generator
    blocks: dict[str, Block]
    whole: FlowModel
    best: Roster | None = None
    value: int | None = None
    bound: int = 0
    relaxed: Solved | None = None
    relaxed_s: float = 0.0
    size: dict[str, float] = field(default_factory=dict)
    log: list[tuple[float, int]] = field(default_factory=list)

    def left(self) -> float:
        return self.deadline - time.process_time()

    def proved(self) -> bool:
        return self.value is not None and self.bound >= self.value

    def take(self, roster: Roster) -> bool:
        """Keep a roster if it is better; it is checked by rules that the models know nothing of."""
        value = roster_cost(self.problem, roster).total
        if self.value is not None and value >= self.value:
            return False
        assert_feasible(self.problem, roster)
        self.best, self.value = roster, value
        self.log.append((time.process_time(), value))
        return True

    def within(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Bounds of the whole model without the variables that no roster of cost `level` or less has above 0."""
        lower, upper = self.whole.bounds
        if self.relaxed is None:
            return lower, upper
        out = (self.relaxed.reduced > level - self.relaxed.value + 1e-6) & (lower == 0)
        return lower, np.where(out, 0.0, upper)

    def note(self, solved: Solved) -> None:
        """Keep what a run of the whole model found and proved."""
        if solved.done and solved.x is None:
            raise InfeasibleRoster(
                f"{self.problem.instance.name}: no roster keeps all hard rules; "
                f"healthops.schedule.roster_explain.explain names a smallest set that cannot hold together"
            )
        if solved.x is not None:
            self.take(self.whole.roster(solved.x))
        self.raise_bound(solved.bound)

    def raise_bound(self, bound: float) -> None:
        """Keep a proved bound; costs are whole numbers."""
        if math.isfinite(bound):
            self.bound = max(self.bound, math.ceil(bound - 1e-4))


def solve_roster(
    problem: RosterProblem,
    *,
    seconds: float = math.inf,
    rounds: int | None = None,
    nodes: int | None = None,
    start: Roster | None = None,
    seed: int = 1,
) -> RosterResult:
    """Find a roster of least cost, and a bound on how far from the least it can be.

    Parameters
    ----------
    seconds : float
        CPU seconds of this process. Without a limit it ends when the roster is proved to be optimal.
    rounds, nodes : int, optional
        Neighbourhoods of the search, and nodes of each run of the whole model. With both and without `seconds`, the
        same seed gives the same roster everywhere; use them where a page must come out the same.
    start : Roster, optional
        A feasible roster to begin with.

    Raises
    ------
    InfeasibleRoster
        If no roster keeps all hard rules.
    InvalidRoster
        If `start` breaks one.
    """
    begun = time.process_time()
    blocks = {one.id: block(problem, one) for one in problem.instance.staff}
    whole = FlowModel.build(problem, blocks)
    search = _Search(problem, begun + seconds, np.random.default_rng(seed), blocks, whole)
    if start is not None:
        search.take(start)
    search.note(minimise(whole, start=search.best, cpu_s=FIRST * seconds, nodes=nodes))
    if search.best is None:
        search.take(first_roster(problem, effort=0.0, seed=seed)[0])
    if search.value > FAR * search.bound:
        _improve(search, begun + EARLY * seconds, rounds, near=NEAR)
    if not search.proved():
        _deepen(search, begun + DEEPER * seconds, nodes)
    if not search.proved():
        _improve(search, begun + SEARCH * seconds, rounds)
    # HiGHS is not interrupted within its first relaxation: no run that would end in it.
    if not search.proved() and search.relaxed is not None and search.left() > 2 * search.relaxed_s:
        search.note(minimise(whole, start=search.best, cpu_s=search.left(), nodes=nodes))
    return RosterResult(search.best, search.value, search.bound, time.process_time() - begun)


def _deepen(search: _Search, until: float, nodes: int | None) -> None:
    """Solve the whole model without what a roster near the bound cannot have, and look further each time."""
    begun = time.process_time()
    relaxed = minimise(search.whole, relax=True, cpu_s=until - begun)
    if not relaxed.done:
        return
    search.relaxed, search.relaxed_s = relaxed, time.process_time() - begun
    search.raise_bound(relaxed.value)
    step = max(LEAST_STEP, math.ceil(STEP * search.bound))
    while not search.proved() and time.process_time() < until:
        level = search.bound + step
        if search.value is not None:
            level = min(level, search.value - 1)
        cpu_s = until - time.process_time()
        solved = minimise(search.whole, bounds=search.within(level), cpu_s=cpu_s, nodes=nodes)
        if solved.x is not None:
            search.take(search.whole.roster(solved.x))
        # What was left out costs more than the level: nothing is below both.
        search.raise_bound(min(level + 1, solved.bound))
        if not solved.done:
            return
        step *= 2


def _improve(search: _Search, until: float, rounds: int | None, *, near: float = 1.0) -> None:
    """Free neighbourhoods in turn until the time or the rounds are over, or the roster costs `near` x the bound."""
    people, days = len(search.blocks), search.problem.instance.days
    search.size = {"lines": min(5.0, people), "window": min(6.0, days)}
    limit = {"lines": people, "window": days}
    stale, done = 0, 0
    while search.value > near * search.bound and time.process_time() < until and (rounds is None or done < rounds):
        kind = "window" if done % 3 == 2 else "lines"
        size = int(search.size[kind])
        solved, model = _lines(search, size, until) if kind == "lines" else _window(search, size, until)
        better = solved.x is not None and search.take(model.roster(solved.x))
        stale = 0 if better else stale + 1
        if not better:
            change = 0.34 if solved.done else -0.5
            search.size[kind] = float(np.clip(search.size[kind] + change, min(3, limit[kind]), limit[kind]))
        done += 1
        if rounds is None and stale > 60 and math.isinf(until):
            break


def _lines(search: _Search, size: int, until: float) -> tuple[Solved, FlowModel]:
    """Free the lines of some employees: half of the time those who work near a day that is short of staff."""
    people = list(search.blocks)
    weight = np.ones(len(people))
    short = _short(search)
    if short and search.rng.random() < 0.5:
        day, shift = short[int(search.rng.integers(len(short)))]
        for k, who in enumerate(people):
            weight[k] += 3 * (shift in search.problem.open_shifts(who, day))
    chosen = search.rng.choice(len(people), min(size, len(people)), replace=False, p=weight / weight.sum())
    # The roster at hand costs its value, so that it keeps to these bounds too.
    upper = search.within(search.value)[1]
    free = {}
    for k in sorted(chosen):
        own, first = search.blocks[people[k]], search.whole.start[people[k]]
        free[people[k]] = replace(own, upper=upper[first : first + len(own.cost)])
    model = FlowModel.build(search.problem, free, search.best)
    return _run(search, model, None, until), model


def _window(search: _Search, size: int, until: float) -> tuple[Solved, FlowModel]:
    """Free the days of a window in all lines."""
    days = search.problem.instance.days
    first = int(search.rng.integers(-size // 2, days - size // 2))
    lower, upper = (bound.copy() for bound in search.within(search.value))
    for (who, day, shift), v in search.whole.cells.items():
        if not first <= day < first + size:
            lower[v] = upper[v] = float(search.best.get(who, day) == shift)
    return _run(search, search.whole, (lower, upper), until), search.whole


def _run(search: _Search, model: FlowModel, bounds, until: float) -> Solved:
    cpu_s = math.inf if math.isinf(until) else min(max(until - time.process_time(), 0.1), 20.0)
    return minimise(model, bounds=bounds, start=search.best, cpu_s=cpu_s, nodes=NODES)


def _short(search: _Search) -> list[tuple[int, str]]:
    """Days and shifts with fewer persons than wanted."""
    there: dict[tuple[int, str], int] = {}
    for (who, day), shift in search.best.assigned.items():
        if (who, day) not in search.problem.absent:
            there[day, shift] = there.get((day, shift), 0) + 1
    return [(c.day, c.shift) for c in search.problem.instance.cover if there.get((c.day, c.shift), 0) < c.required]
