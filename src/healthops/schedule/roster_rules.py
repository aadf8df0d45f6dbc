"""The rules of a roster as clauses for CP-SAT: a first feasible roster, and which rules cannot hold together.

Written from the rules themselves and not from the network of :mod:`.roster_flow`, so that the one can test the other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from healthops.data.shift_instances import Employee
from healthops.schedule.roster import Roster, RosterError, RosterProblem
from healthops.schedule.roster_check import day_name


@dataclass(frozen=True)
class Rule:
    """A rule or request of an instance, as a reader knows it.

    Attributes
    ----------
    kind : str
        As in :class:`.roster_check.RosterViolation`, or "cover", "on request", "off request".
    employee : str or None
    day : int or None
    words : str
    """

    kind: str
    employee: str | None
    day: int | None
    words: str

    def __str__(self) -> str:
        return self.words


class RuleModel:
    """A CP-SAT model in which every rule can be switched.

    Parameters
    ----------
    problem : RosterProblem
    switched : bool
        Whether rules hold only where their literal (`literals`) does; else they always hold.
    people : collection of str, optional
        Employees that are modelled; by default all.

    Attributes
    ----------
    literals : dict
        Rule -> its literal, in the order in which rules were added.
    """

    def __init__(self, problem: RosterProblem, *, switched: bool, people: Collection[str] | None = None) -> None:
        from healthops.schedule.or_tools import cp_model

        self.problem, self.switched = problem, switched
        self.model = cp_model.CpModel()
        self.literals: dict[Rule, object] = {}
        self.cell: dict[tuple[str, int, str], object] = {}
        self.works: dict[tuple[str, int], object] = {}
        self.people = tuple(who for who in problem.people if people is None or who in people)
        for one in problem.instance.staff:
            if one.id in self.people:
                self._employee(one)

    def _clause(self, rule: Rule, literals: Iterable) -> None:
        """At least one of the literals, where the rule holds."""
        self.model.add_bool_or([*literals, *self._unless(rule)])

    def _limit(self, rule: Rule, bounded) -> None:
        """A linear bound, where the rule holds."""
        constraint = self.model.add(bounded)
        if self.switched:
            constraint.only_enforce_if(self._literal(rule))

    def _literal(self, rule: Rule):
        if rule not in self.literals:
            self.literals[rule] = self.model.new_bool_var(rule.words)
        return self.literals[rule]

    def _unless(self, rule: Rule) -> list:
        return [self._literal(rule).negated()] if self.switched else []

    def _employee(self, one: Employee) -> None:
        days = self.problem.instance.days
        for day in range(days):
            own = [self.model.new_bool_var(f"{one.id} {day} {shift}") for shift in self.problem.shift_ids]
            self.cell |= {(one.id, day, s): v for s, v in zip(self.problem.shift_ids, own, strict=True)}
            works = self.works[one.id, day] = self.model.new_bool_var(f"{one.id} {day}")
            self.model.add_exactly_one([*own, works.negated()])
        self._cells(one)
        self._totals(one)
        self._stretches(one)

    def _cells(self, one: Employee) -> None:
        for day in one.days_off:
            rule = Rule("day off", one.id, day, f"{one.id} has {day_name(day)} off")
            self._clause(rule, [self.works[one.id, day].negated()])
        for who, day, shift in sorted(self.problem.unavailable):
            if who == one.id:
                rule = Rule("unavailable", who, day, f"{who} cannot work {shift} on {day_name(day)}")
                self._clause(rule, [self.cell[who, day, shift].negated()])
        for (who, day), shift in self.problem.pinned.items():
            if who == one.id:
                rule = Rule("pinned", who, day, f"{who} is pinned to {shift or 'no shift'} on {day_name(day)}")
                chosen = self.works[who, day].negated() if shift is None else self.cell[who, day, shift]
                self._clause(rule, [chosen])
        for shift in self.problem.instance.shifts:
            if shift.cannot_be_followed_by:
                after = ", ".join(shift.cannot_be_followed_by)
                rule = Rule("succession", one.id, None, f"{one.id} does not work {after} on the day after {shift.id}")
                for day in range(self.problem.instance.days - 1):
                    for other in shift.cannot_be_followed_by:
                        pair = (self.cell[one.id, day, shift.id], self.cell[one.id, day + 1, other])
                        self._clause(rule, [v.negated() for v in pair])

    def _totals(self, one: Employee) -> None:
        instance = self.problem.instance
        mine = {s: [self.cell[one.id, day, s] for day in range(instance.days)] for s in self.problem.shift_ids}
        for shift, most in one.max_shifts.items():
            if most < instance.days:
                rule = Rule("shift count", one.id, None, f"{one.id} works at most {most} {shift}")
                self._limit(rule, sum(mine[shift]) <= most)
        minutes = sum(shift.minutes * sum(mine[shift.id]) for shift in instance.shifts)
        rule = Rule("most minutes", one.id, None, f"{one.id} works at most {one.max_minutes} minutes")
        self._limit(rule, minutes <= one.max_minutes)
        if one.min_minutes:
            rule = Rule("fewest minutes", one.id, None, f"{one.id} works at least {one.min_minutes} minutes")
            self._limit(rule, minutes >= one.min_minutes)
        if len(instance.weekends) > one.max_weekends:
            rule = Rule("weekends", one.id, None, f"{one.id} works on at most {one.max_weekends} weekends")
            worked = []
            for pair in instance.weekends:
                touched = self.model.new_bool_var(f"{one.id} weekend {pair[0]}")
                for day in pair:
                    self.model.add_implication(self.works[one.id, day], touched)
                worked.append(touched)
            self._limit(rule, sum(worked) <= one.max_weekends)

    def _stretches(self, one: Employee) -> None:
        days = self.problem.instance.days
        works = [self.works[one.id, day] for day in range(days)]
        most, least, rest = one.max_consecutive_shifts, one.min_consecutive_shifts, one.min_consecutive_days_off
        rule = Rule("most shifts in a row", one.id, None, f"{one.id} works at most {most} days in a row")
        for first in range(days - most):
            self._clause(rule, [v.negated() for v in works[first : first + most + 1]])
        rule = Rule("fewest shifts in a row", one.id, None, f"{one.id} works at least {least} days in a row")
        self._no_short(rule, works, least)
        rule = Rule("fewest days off in a row", one.id, None, f"{one.id} is off at least {rest} days in a row")
        self._no_short(rule, [v.negated() for v in works], rest)

    def _no_short(self, rule: Rule, line: list, least: int) -> None:
        """No stretch of fewer than `least` that begins and ends within the horizon."""
        for long in range(1, least):
            for first in range(1, len(line) - long):
                inside = [v.negated() for v in line[first : first + long]]
                self._clause(rule, [line[first - 1], *inside, line[first + long]])

    def demand(self, least: Mapping[tuple[int, str], int]) -> None:
        """Make cover hard: at least so many persons present on a day and shift."""
        for (day, shift), persons in least.items():
            if persons > 0:
                there = [self.cell[who, day, shift] for who in self.people
                         if (who, day) not in self.problem.absent]  # fmt: skip
                rule = Rule("cover", None, day, f"{shift} on {day_name(day)} has at least {persons}")
                self._limit(rule, sum(there) >= persons)

    def grant(self) -> None:
        """Make every request hard."""
        for r in (r for r in self.problem.instance.on_requests if r.employee in self.people):
            rule = Rule("on request", r.employee, r.day, f"{r.employee} asks for {r.shift} on {day_name(r.day)}")
            self._clause(rule, [self.cell[r.employee, r.day, r.shift]])
        for r in (r for r in self.problem.instance.off_requests if r.employee in self.people):
            rule = Rule("off request", r.employee, r.day, f"{r.employee} asks not for {r.shift} on {day_name(r.day)}")
            self._clause(rule, [self.cell[r.employee, r.day, r.shift].negated()])

    def roster(self, value: Callable) -> Roster:
        """Roster of a solution."""
        return Roster({(who, day): shift for (who, day, shift), v in self.cell.items() if value(v)})

    def cost(self):
        """Cost of a roster as an expression, with its variables for cover and shares."""
        instance, terms, constant = self.problem.instance, [], 0
        for c in instance.cover:
            there = sum(self.cell[who, c.day, c.shift] for who in self.people
                        if (who, c.day) not in self.problem.absent)  # fmt: skip
            under = self.model.new_int_var(0, c.required, "")
            over = self.model.new_int_var(0, len(instance.staff), "")
            self.model.add(there + under - over == c.required)
            terms += [c.under_weight * under, c.over_weight * over]
        for r in instance.on_requests:
            constant += r.weight
            terms.append(-r.weight * self.cell[r.employee, r.day, r.shift])
        terms += [r.weight * self.cell[r.employee, r.day, r.shift] for r in instance.off_requests]
        for share in self.problem.fair_shares:
            beyond = self.model.new_int_var(0, instance.days, "")
            mine = [self.cell[share.employee, day, s] for day in range(instance.days) for s in share.shifts]
            self.model.add(sum(mine) - beyond <= share.most)
            terms.append(share.weight * beyond)
        return sum(terms) + constant


class InfeasibleRoster(RosterError):
    """No roster keeps all hard rules; :func:`.roster_explain.explain` says which cannot hold together."""


def first_roster(problem: RosterProblem, *, effort: float = 5.0, seed: int = 1) -> tuple[Roster, int]:
    """Find a feasible roster, as cheap as some effort allows.

    Parameters
    ----------
    effort : float
        Deterministic time of CP-SAT for cost, about seconds; a first roster is looked for without a limit.

    Returns
    -------
    roster : Roster
    bound : int
        Proved lower bound of the cost.

    Raises
    ------
    InfeasibleRoster
        If there is none.
    """
    from healthops.schedule.or_tools import cp_model

    rules = RuleModel(problem, switched=False)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers, solver.parameters.random_seed = 1, seed
    status = solver.solve(rules.model)
    if status == cp_model.INFEASIBLE:
        raise InfeasibleRoster(
            f"{problem.instance.name}: no roster keeps all hard rules; healthops.schedule.roster_explain.explain "
            f"names a smallest set that cannot hold together"
        )
    found = rules.roster(solver.boolean_value)
    for (who, day, shift), v in rules.cell.items():
        rules.model.add_hint(v, found.get(who, day) == shift)
    rules.model.minimize(rules.cost())
    solver.parameters.max_deterministic_time = effort
    if solver.solve(rules.model) in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        found = rules.roster(solver.boolean_value)
    return found, max(0, round(solver.best_objective_bound))
