"""A roster made good after an absence: few persons missing, and provably the fewest assignments changed for it."""

from __future__ import annotations

import math
import time
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from healthops.schedule.roster import Cell, Roster, RosterError, RosterProblem
from healthops.schedule.roster_check import assert_feasible, day_name, roster_cost
from healthops.schedule.roster_flow import FlowModel, Solved, minimise


@dataclass(frozen=True)
class Repair:
    """A repaired roster.

    Attributes
    ----------
    problem : RosterProblem
        With the absence: the cells that are gone give no cover and stay as they were rostered (they are credited), and
        days before the first that may change are pinned.
    before, after : Roster
    changes : int
        Cells of the roster that differ.
    missing : int
        Weighted persons missing against what the roster before gave, as far as it was wanted, by the weights of cover.
    proved : bool
        No roster is better by the measure of :func:`repair`: none with as few persons missing changes fewer cells.
    cost_before, cost_after : int
        Cost of both with the absence.
    cpu_s : float
    """

    problem: RosterProblem
    before: Roster
    after: Roster
    changes: int
    missing: int
    proved: bool
    cost_before: int
    cost_after: int
    cpu_s: float

    def table(self) -> pd.DataFrame:
        """Cells that changed: employee, day, before, after ("-" without a shift), in words."""
        rows = [
            {"employee": who, "day": day, "before": self.before.get(who, day) or "-",
             "after": self.after.get(who, day) or "-", "words": _words(self, who, day)}
            for who in self.problem.people
            for day in range(self.problem.instance.days)
            if self.before.get(who, day) != self.after.get(who, day)
        ]  # fmt: skip
        frame = pd.DataFrame(rows, columns=["employee", "day", "before", "after", "words"])
        return frame.sort_values(["day", "employee"], ignore_index=True)


def repair(
    problem: RosterProblem,
    roster: Roster,
    absent: Collection[Cell],
    *,
    first_day: int | None = None,
    worth: int | None = 10,
    cpu_s: float = math.inf,
) -> Repair:
    """Fill what an absence leaves open, changing as few assignments as can be.

    Minimised is `worth` x persons missing + cells that change, where persons miss against the smaller of what cover
    wants and what the roster gave before, each weighed by its line of cover, the heaviest as 1. The cost of requests is
    not looked at. Every hard rule holds for everybody; lost shifts are credited to the absent, who may work on other
    days.

    Parameters
    ----------
    problem : RosterProblem
    roster : Roster
        Feasible for `problem`.
    absent : collection of (employee, day)
        Cells that are lost; those without a shift are ignored.
    first_day : int, optional
        First day that may change; by default the first day of the absence.
    worth : int, optional
        Changes that one more person present may cost at the most. None: any number, so that persons missing come first
        and changes second, which is slow to prove where everybody works as much as they may.
    cpu_s : float
        CPU seconds after which the best so far is returned, with `proved` false.

    Raises
    ------
    RosterError
        If no shift is lost, or an absence lies before the first day that may change.
    InvalidRoster
        If the roster breaks a hard rule.
    """
    begun = time.process_time()
    assert_feasible(problem, roster)
    lost = {cell for cell in absent if cell in roster.assigned}
    if not lost:
        raise RosterError("the absence takes no shift from the roster: there is nothing to repair")
    first = min(day for _, day in lost) if first_day is None else first_day
    if min(day for _, day in lost) < first:
        raise RosterError(
            f"an absence lies before {day_name(first)}, the first day that may change: name an earlier one"
        )
    held = {(who, day): roster.get(who, day) for who in problem.people for day in range(first)}
    held |= {cell: roster.assigned[cell] for cell in lost}
    now = problem.change(absent=problem.absent | lost, pinned={**problem.pinned, **held})
    solved, model = _least(now, _targets(problem, roster, now), roster, worth, cpu_s)
    after = model.roster(solved.x) if solved.x is not None else roster
    assert_feasible(now, after)
    missing, changes = _missing(model.problem, after), len(_differ(now, roster, after))
    return Repair(now, roster, after, changes, missing, solved.done, roster_cost(now, roster).total,
                  roster_cost(now, after).total, time.process_time() - begun)  # fmt: skip


def _targets(problem: RosterProblem, roster: Roster, now: RosterProblem) -> RosterProblem:
    """The problem whose cover wants what the roster gave before, no more than was wanted, and does not mind more."""
    there: dict[tuple[int, str], int] = {}
    for (who, day), shift in roster.assigned.items():
        if (who, day) not in problem.absent:
            there[day, shift] = there.get((day, shift), 0) + 1
    cover = tuple(
        replace(c, required=min(c.required, there.get((c.day, c.shift), 0)), over_weight=0)
        for c in problem.instance.cover
    )
    return now.change(instance=replace(now.instance, cover=cover))


def _least(
    now: RosterProblem, target: RosterProblem, roster: Roster, worth: int | None, cpu_s: float
) -> tuple[Solved, FlowModel]:
    """Minimise what missing persons are worth + changed cells."""
    model = FlowModel.build(target)
    free = [(who, day) for who in now.people for day in range(now.instance.days) if (who, day) not in now.pinned]
    heaviest = max((c.under_weight for c in target.instance.cover), default=1) or 1
    if worth is None:
        prices = [(len(free) + 1) * c.under_weight for c in target.instance.cover]
    else:
        prices = [round(worth * c.under_weight / heaviest) for c in target.instance.cover]
    costs, constant = np.zeros(len(model.costs)), 0
    for (who, day, shift), v in model.cells.items():
        if (who, day) not in now.pinned:
            costs[v] = -1.0 if roster.get(who, day) == shift else float(roster.get(who, day) is None)
    constant = sum(roster.get(*cell) is not None for cell in free)
    cover = target.instance.cover
    costs[model.first_cover : model.first_cover + len(cover)] = prices
    return minimise(model, costs=costs, constant=float(constant), start=roster, cpu_s=cpu_s), model


def _missing(target: RosterProblem, roster: Roster) -> int:
    return roster_cost(target, roster).under


def _differ(problem: RosterProblem, one: Roster, other: Roster) -> list[Cell]:
    days = range(problem.instance.days)
    return [(who, day) for who in problem.people for day in days if one.get(who, day) != other.get(who, day)]


def _words(repair: Repair, who: str, day: int) -> str:
    """What a change means to whom it concerns, and for whom it steps in."""
    before, after = repair.before.get(who, day), repair.after.get(who, day)
    if after is None:
        return f"{who} is off on {day_name(day)} instead of working {before}"
    gone = [other for (other, d) in sorted(repair.problem.absent) if d == day and repair.before.get(other, d) == after]
    reason = f", for {gone[0]}, who is absent" if gone else ""
    instead = f"instead of {before}" if before else "instead of being off"
    return f"{who} works {after} on {day_name(day)} {instead}{reason}"
