"""An independent check of a roster: its cost and every hard rule, computed anew from the instance and nothing else.

Nothing here is shared with the models that make rosters: rules are read off each employee's line of days, one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from healthops.data.shift_instances import Employee, ShiftInstance
from healthops.schedule.roster import Roster, RosterProblem

_WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class RosterViolation:
    """A hard rule that a roster breaks.

    Attributes
    ----------
    rule : str
        "unknown", "shift count", "most minutes", "fewest minutes", "most shifts in a row", "fewest shifts in a row",
        "fewest days off in a row", "weekends", "day off", "unavailable", "succession" or "pinned".
    employee : str
    day : int or None
        First day that it concerns; None for rules of the whole horizon.
    words : str
        A sentence with the figures.
    """

    rule: str
    employee: str
    day: int | None
    words: str

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True)
class RosterCost:
    """Cost of a roster by kind; `total` is what instances are compared by."""

    under: int
    over: int
    on_requests: int
    off_requests: int
    unfair: int = 0

    @property
    def total(self) -> int:
        """Sum of the kinds."""
        return self.under + self.over + self.on_requests + self.off_requests + self.unfair


class InvalidRoster(ValueError):
    """A roster breaks hard rules; the message names the first."""


def _problem(problem: RosterProblem | ShiftInstance) -> RosterProblem:
    return problem if isinstance(problem, RosterProblem) else RosterProblem(problem)


def day_name(day: int) -> str:
    """Day in words; day 0 is a Monday.

    >>> day_name(12)
    'day 12 (Sat of week 2)'
    """
    return f"day {day} ({_WEEK[day % 7]} of week {day // 7 + 1})"


def roster_cost(problem: RosterProblem | ShiftInstance, roster: Roster) -> RosterCost:
    """Cost of a roster by kind, from the instance alone."""
    problem = _problem(problem)
    count: dict[tuple[int, str], int] = {}
    for (who, day), shift in roster.assigned.items():
        if (who, day) not in problem.absent:
            count[day, shift] = count.get((day, shift), 0) + 1
    under = over = 0
    for cover in problem.instance.cover:
        there = count.get((cover.day, cover.shift), 0)
        under += cover.under_weight * max(cover.required - there, 0)
        over += cover.over_weight * max(there - cover.required, 0)
    on = sum(r.weight for r in problem.instance.on_requests if roster.get(r.employee, r.day) != r.shift)
    off = sum(r.weight for r in problem.instance.off_requests if roster.get(r.employee, r.day) == r.shift)
    unfair = 0
    for share in problem.fair_shares:
        has = sum(1 for (who, _), shift in roster.assigned.items() if who == share.employee and shift in share.shifts)
        unfair += share.weight * max(has - share.most, 0)
    return RosterCost(under, over, on, off, unfair)


def check_roster(problem: RosterProblem | ShiftInstance, roster: Roster) -> list[RosterViolation]:
    """Hard rules that a roster breaks, employee by employee; none if it is feasible."""
    problem = _problem(problem)
    instance = problem.instance
    people, shifts = set(problem.people), set(problem.shift_ids)
    unknown = [
        RosterViolation(
            "unknown", who, day, f"the roster names {who}, {shift} on day {day}, which the instance has not"
        )
        for (who, day), shift in sorted(roster.assigned.items())
        if who not in people or shift not in shifts or not 0 <= day < instance.days
    ]
    if unknown:
        return unknown
    return [found for one in instance.staff for found in _employee(problem, one, roster)]


def assert_feasible(problem: RosterProblem | ShiftInstance, roster: Roster) -> None:
    """Raise :class:`InvalidRoster` if :func:`check_roster` finds a violation; call it before a roster is written."""
    found = check_roster(problem, roster)
    if found:
        raise InvalidRoster(f"the roster breaks {len(found)} hard rules; first: " + "; ".join(map(str, found[:3])))


def _employee(problem: RosterProblem, one: Employee, roster: Roster) -> Iterator[RosterViolation]:
    line = [roster.get(one.id, day) for day in range(problem.instance.days)]
    yield from _totals(problem.instance, one, line)
    yield from _stretches(one, line)
    yield from _weekends(problem.instance, one, line)
    yield from _days(problem, one, line)


def _totals(instance: ShiftInstance, one: Employee, line: list[str | None]) -> Iterator[RosterViolation]:
    for shift, most in one.max_shifts.items():
        if line.count(shift) > most:
            words = f"{one.id} works {line.count(shift)} {shift}, {most} at most"
            yield RosterViolation("shift count", one.id, None, words)
    length = {shift.id: shift.minutes for shift in instance.shifts}
    minutes = sum(length[shift] for shift in line if shift is not None)
    if minutes > one.max_minutes:
        words = f"{one.id} works {minutes} minutes, {one.max_minutes} at most"
        yield RosterViolation("most minutes", one.id, None, words)
    if minutes < one.min_minutes:
        words = f"{one.id} works {minutes} minutes, {one.min_minutes} at least"
        yield RosterViolation("fewest minutes", one.id, None, words)


def _stretches(one: Employee, line: list[str | None]) -> Iterator[RosterViolation]:
    """Lengths of work and of rest; minima do not bind a stretch that touches an end of the horizon."""
    for works, days in groupby(range(len(line)), key=lambda day: line[day] is not None):
        days = list(days)
        first, long, inside = days[0], len(days), days[0] > 0 and days[-1] < len(line) - 1
        start = f"{one.id} {'works' if works else 'is off'} {long} days in a row from {day_name(first)}"
        if works and long > one.max_consecutive_shifts:
            words = f"{start}, {one.max_consecutive_shifts} at most"
            yield RosterViolation("most shifts in a row", one.id, first, words)
        if works and inside and long < one.min_consecutive_shifts:
            words = f"{start}, {one.min_consecutive_shifts} at least"
            yield RosterViolation("fewest shifts in a row", one.id, first, words)
        if not works and inside and long < one.min_consecutive_days_off:
            words = f"{start}, {one.min_consecutive_days_off} at least"
            yield RosterViolation("fewest days off in a row", one.id, first, words)


def _weekends(instance: ShiftInstance, one: Employee, line: list[str | None]) -> Iterator[RosterViolation]:
    worked = [pair for pair in instance.weekends if any(line[day] is not None for day in pair)]
    if len(worked) > one.max_weekends:
        words = f"{one.id} works on {len(worked)} weekends, {one.max_weekends} at most"
        yield RosterViolation("weekends", one.id, None, words)


def _days(problem: RosterProblem, one: Employee, line: list[str | None]) -> Iterator[RosterViolation]:
    """What holds of single days and of two that follow one another."""
    cannot = {shift.id: shift.cannot_be_followed_by for shift in problem.instance.shifts}
    for day, shift in enumerate(line):
        where = f"{one.id} works {shift} on {day_name(day)}"
        if shift is not None and day in one.days_off:
            yield RosterViolation("day off", one.id, day, f"{where}, a day off")
        if (one.id, day, shift) in problem.unavailable:
            yield RosterViolation("unavailable", one.id, day, f"{where}, when it cannot")
        after = line[day + 1] if day + 1 < len(line) else None
        if shift is not None and after in cannot[shift]:
            words = f"{where} and {after} on the next, which cannot follow it"
            yield RosterViolation("succession", one.id, day, words)
        if (one.id, day) in problem.pinned and problem.pinned[one.id, day] != shift:
            wanted = problem.pinned[one.id, day] or "no shift"
            words = f"{one.id} has {shift or 'no shift'} on {day_name(day)}, where {wanted} is pinned"
            yield RosterViolation("pinned", one.id, day, words)
