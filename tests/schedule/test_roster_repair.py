"""Repaired rosters against all rosters of small problems; conflicts against what was planted."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from benchmarks.rosters import made_hospital
from healthops.data.shift_instances import Cover, Request, ShiftInstance
from healthops.schedule.roster import Roster, RosterError, RosterProblem
from healthops.schedule.roster_check import check_roster, roster_cost
from healthops.schedule.roster_explain import explain
from healthops.schedule.roster_repair import repair
from healthops.schedule.roster_rules import first_roster
from healthops.schedule.roster_search import solve_roster
from tests.schedule.tiny_roster import SHIFTS, Every, draw, employee


def fewest(problem: RosterProblem, before: Roster, lost: set, worth: int | None = None) -> tuple[int, int] | int:
    """Least (weighted persons missing, changed cells) over all rosters that keep the lost cells and the days before."""
    first = min(day for _, day in lost)
    there: dict = {}
    for (_, day), shift in before.assigned.items():
        there[day, shift] = there.get((day, shift), 0) + 1
    every = Every.of(problem)
    lines = [
        [x for x in mine if all(x[d] == before.get(who, d) for d in range(problem.instance.days)
                                if d < first or (who, d) in lost)]
        for who, mine in zip(problem.people, every.lines, strict=True)
    ]  # fmt: skip
    found = []
    for chosen in product(*lines):
        after = every.roster(chosen)
        missing = 0
        for c in problem.instance.cover:
            now = sum(after.get(w, c.day) == c.shift and (w, c.day) not in lost for w in problem.people)
            missing += c.under_weight * max(min(c.required, there.get((c.day, c.shift), 0)) - now, 0)
        changed = sum(after.get(w, d) != before.get(w, d) for w in problem.people for d in range(problem.instance.days))
        found.append((missing, changed))
    return min(found) if worth is None else min(worth * missing // 10 + changed for missing, changed in found)


@pytest.mark.parametrize("seed", [1, 4, 5, 7, 8, 9])
def test_repair_misses_and_changes_the_fewest_of_all_rosters(seed):
    problem = draw(seed, people=2, days=8)
    before = solve_roster(problem).roster
    cells = sorted(before.assigned)
    lost = {cell for cell in cells if cell[0] == cells[-1][0] and cell[1] >= 3} or {cells[-1]}
    found = repair(problem, before, lost, worth=None)
    assert found.proved
    assert (found.missing, found.changes) == fewest(problem, before, lost)
    # Every person is worth 10 of weight in these problems: `worth` 1 is a change each.
    frugal = repair(problem, before, lost, worth=1)
    assert frugal.proved
    assert frugal.missing // 10 + frugal.changes == fewest(problem, before, lost, worth=1)
    assert check_roster(found.problem, found.after) == []
    assert all(found.after.assigned[cell] == before.assigned[cell] for cell in lost)
    table = found.table()
    assert len(table) == found.changes
    for row in table.itertuples():
        assert (before.get(row.employee, row.day) or "-", found.after.get(row.employee, row.day) or "-") == (
            row.before,
            row.after,
        )
        assert row.employee in row.words and f"day {row.day} " in row.words


def test_a_repair_says_for_whom_somebody_steps_in():
    staff = (employee("A"), employee("B"))
    problem = RosterProblem(ShiftInstance("two", 7, SHIFTS, staff, (), (), (Cover(2, "E", 1, 100, 1),)))
    found = repair(problem, Roster({("A", 2): "E"}), {("A", 2)})
    assert (found.changes, found.missing, found.proved) == (1, 0, True)
    assert list(found.table()["words"]) == [
        "B works E on day 2 (Wed of week 1) instead of being off, for A, who is absent"
    ]
    assert (found.cost_before, found.cost_after) == (100, 0)
    # Nobody else can: the shift stays open, and nothing changes in vain.
    alone = problem.change(unavailable=frozenset({("B", 2, "E")}))
    found = repair(alone, Roster({("A", 2): "E"}), {("A", 2)})
    assert (found.changes, found.missing, found.proved) == (0, 100, True)


def test_repair_refuses_what_is_no_absence():
    problem = RosterProblem(ShiftInstance("two", 7, SHIFTS, (employee("A"), employee("B")), (), (), ()))
    roster = Roster({("A", 2): "E"})
    with pytest.raises(RosterError, match="nothing to repair"):
        repair(problem, roster, {("A", 3)})
    with pytest.raises(RosterError, match="first day that may change"):
        repair(problem, roster, {("A", 2)}, first_day=3)


@pytest.mark.slow
def test_fifty_providers_are_repaired_with_proof_within_two_cpu_seconds():
    problem = made_hospital()
    before, _ = first_roster(problem, effort=0.0)
    who = next(w for w in problem.people if sum(before.get(w, d) is not None for d in range(10, 14)) >= 3)
    found = repair(problem, before, {(who, day) for day in range(10, 14)})
    assert found.proved and found.changes > 0
    assert check_roster(found.problem, found.after) == []
    assert roster_cost(found.problem, found.after).under <= roster_cost(found.problem, before).under
    assert found.cpu_s < 2


# ---- why there is none --------------------------------------------------------------------------------


def lines(problem: RosterProblem) -> int:
    return len(Every.of(problem).lines[0])


def test_own_rules_in_conflict_are_the_planted_ones():
    """Six shifts of 8 hours in 8 days, no Saturday or Sunday, and day 0 off: five days are left."""
    one = employee("A", max_shifts={"E": 8, "N": 0}, min_minutes=6 * 480, max_weekends=0, days_off=(0,),
                   max_consecutive_shifts=8, min_consecutive_days_off=2)  # fmt: skip
    problem = RosterProblem(ShiftInstance("planted", 8, SHIFTS, (one,), (), (), ()))
    assert lines(problem) == 0
    found = explain(problem)
    assert found.smallest
    assert {rule.kind for rule in found.rules} == {"day off", "fewest minutes", "weekends", "shift count"}
    for change in ({"min_minutes": 0}, {"max_weekends": 1}, {"days_off": ()}, {"max_shifts": {"E": 8, "N": 8}}):
        assert lines(problem.change(instance=replace(problem.instance, staff=(replace(one, **change),)))) > 0
    loose = replace(one, min_consecutive_days_off=1, max_consecutive_shifts=8, max_minutes=99999)
    assert lines(problem.change(instance=replace(problem.instance, staff=(loose,)))) == 0
    assert "4 rules or requests cannot hold together" in str(found) and "A works at least 2880 minutes" in str(found)


def test_cover_and_requests_in_conflict():
    staff = (employee("A", days_off=(2,)), employee("B"), employee("C"))
    avoids = (Request("B", 2, "E", 1), Request("C", 5, "E", 1))
    problem = RosterProblem(ShiftInstance("cover", 7, SHIFTS, staff, (), avoids, ()))
    assert explain(problem, requests=True) is None
    assert explain(problem, least={(2, "E"): 2}) is None
    found = explain(problem, least={(2, "E"): 2, (5, "E"): 2}, requests=True)
    assert found.smallest
    assert [(rule.kind, rule.employee, rule.day) for rule in found.rules] == [
        ("day off", "A", 2), ("cover", None, 2), ("off request", "B", 2),
    ]  # fmt: skip


def test_of_two_conflicts_the_smaller_is_named():
    """A cannot work three days; pins that exclude one another are two rules only."""
    one = employee("A", days_off=(0, 1), max_shifts={"E": 7, "N": 0})
    pins = {("A", 3): "N"}
    problem = RosterProblem(
        ShiftInstance("two", 7, SHIFTS, (replace(one, min_minutes=6 * 480),), (), (), ()), pinned=pins
    )
    found = explain(problem)
    assert found.smallest and {rule.kind for rule in found.rules} == {"shift count", "pinned"}
    assert explain(problem, rounds=0).smallest is False
