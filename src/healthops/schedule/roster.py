"""Rosters: who works which shift on which day.

The hard rules and weights are those of Curtois and Qu (2014), "Computational results on new staff scheduling benchmark
instances", as :mod:`healthops.data.shift_instances` reads them. A clinic adds times at which somebody cannot work,
shares of unpopular shifts, cells that are pinned, and absences.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from healthops.data.shift_instances import ShiftInstance
from healthops.files import atomic_file

#: A cell of a roster: employee, and day from 0.
Cell = tuple[str, int]


class RosterError(ValueError):
    """A roster or a problem that cannot be: the message names the employee, day or shift, and the remedy."""


@dataclass(frozen=True)
class FairShare:
    """How many of some shifts an employee may have without cost: the fairness of nights.

    Attributes
    ----------
    employee : str
    shifts : tuple of str
        Shifts that count.
    most : int
        Shifts of the horizon that are its fair share.
    weight : int
        Cost of each one beyond.
    """

    employee: str
    shifts: tuple[str, ...]
    most: int
    weight: int


@dataclass(frozen=True)
class RosterProblem:
    """What a roster has to meet.

    Attributes
    ----------
    instance : ShiftInstance
        Shifts, staff with their hard rules, requests and cover.
    unavailable : frozenset of (employee, day, shift)
        Shifts that an employee cannot work on a day, as hard as a day off.
    fair_shares : tuple of FairShare
    pinned : mapping
        (employee, day) -> the shift that it must be, or None for a day without one.
    absent : frozenset of (employee, day)
        Cells that count for the rules of the employee as they are rostered (sick leave is credited), but give no cover.

    Raises
    ------
    RosterError
        Naming a cell outside the instance.

    Notes
    -----
    Cost of a roster = cover (for each day and shift: persons too few x its weight + persons too many x its weight)
    + weights of requests that are not granted + what exceeds a fair share x its weight.
    """

    instance: ShiftInstance
    unavailable: frozenset[tuple[str, int, str]] = frozenset()
    fair_shares: tuple[FairShare, ...] = ()
    pinned: Mapping[Cell, str | None] = field(default_factory=dict)
    absent: frozenset[Cell] = frozenset()

    def __post_init__(self) -> None:
        people = {one.id for one in self.instance.staff}
        shifts = {one.id for one in self.instance.shifts}
        cells = [(*key, None) for key in self.absent] + [(*key, shift) for key, shift in self.pinned.items()]
        for who, day, shift in [*self.unavailable, *cells]:
            if who not in people or not 0 <= day < self.instance.days or (shift is not None and shift not in shifts):
                raise RosterError(
                    f"{self.instance.name}: cell ({who}, day {day}, {shift}) is not in the instance; "
                    f"there are {len(people)} employees, days 0 to {self.instance.days - 1} and shifts {sorted(shifts)}"
                )
        for share in self.fair_shares:
            if share.employee not in people or not set(share.shifts) <= shifts or share.most < 0 or share.weight < 0:
                raise RosterError(f"{self.instance.name}: {share} names nobody of the staff, no shift, or is below 0")

    @property
    def people(self) -> tuple[str, ...]:
        """Employees in the order of the instance."""
        return tuple(one.id for one in self.instance.staff)

    @property
    def shift_ids(self) -> tuple[str, ...]:
        """Shifts in the order of the instance."""
        return tuple(one.id for one in self.instance.shifts)

    @cached_property
    def _open(self) -> dict[Cell, tuple[str, ...]]:
        out = {}
        for one in self.instance.staff:
            able = [shift for shift in self.shift_ids if one.max_shifts[shift] > 0]
            off = set(one.days_off)
            for day in range(self.instance.days):
                out[one.id, day] = (
                    () if day in off else tuple(s for s in able if (one.id, day, s) not in self.unavailable)
                )
        return out

    def open_shifts(self, employee: str, day: int) -> tuple[str, ...]:
        """Shifts that an employee may work on a day, other rules aside; pins are not looked at."""
        return self._open[employee, day]

    def change(self, **values) -> RosterProblem:
        """Return the problem with some attributes changed."""
        return replace(self, **values)


@dataclass(frozen=True)
class Roster:
    """A roster: (employee, day) -> shift; a cell that is not named is a day without a shift."""

    assigned: Mapping[Cell, str]

    def get(self, employee: str, day: int) -> str | None:
        """Shift of a cell, or None."""
        return self.assigned.get((employee, day))

    def grid(self, problem: RosterProblem) -> list[list[str | None]]:
        """Return shifts as rows of employees and columns of days, in the order of the problem."""
        return [[self.get(who, day) for day in range(problem.instance.days)] for who in problem.people]


@dataclass(frozen=True)
class RosterResult:
    """What a solver found.

    Attributes
    ----------
    roster : Roster or None
        None if no roster was found.
    value : int or None
        Its cost, by :func:`.roster_check.roster_cost`.
    bound : int
        No roster costs less: proved.
    cpu_s : float
        CPU seconds spent.
    """

    roster: Roster | None
    value: int | None
    bound: int
    cpu_s: float

    @property
    def optimal(self) -> bool:
        """Whether the value is proved to be the least."""
        return self.value is not None and self.bound >= self.value

    @property
    def gap(self) -> float | None:
        """(value - bound) / value; 0 where both are 0, None without a roster."""
        if self.value is None:
            return None
        return (self.value - self.bound) / self.value if self.value else 0.0


def write_roster(roster: Roster, problem: RosterProblem, path: Path) -> None:
    """Write a roster as CSV: employee, day (from 0), shift; one row for each shift that is worked."""
    rows = [
        f"{who},{day},{roster.get(who, day)}"
        for who in problem.people
        for day in range(problem.instance.days)
        if roster.get(who, day) is not None
    ]
    with atomic_file(path) as draft:
        draft.write_text("\n".join(["employee,day,shift", *rows]) + "\n", encoding="utf-8")


def read_roster(path: str | Path) -> Roster:
    """Read what :func:`write_roster` wrote.

    Raises
    ------
    RosterError
        Naming the file and line: other columns, a day that is no whole number, two shifts of one employee on one day.
    """
    path, out = Path(path), {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        if next(rows, None) != ["employee", "day", "shift"]:
            raise RosterError(f"{path.name}: the first line must be employee,day,shift")
        for number, row in enumerate(rows, 2):
            if len(row) != 3 or not row[1].isdigit():
                raise RosterError(f"{path.name}, line {number}: {row} is not employee, day (from 0), shift")
            who, day, shift = row[0], int(row[1]), row[2]
            if (who, day) in out:
                raise RosterError(f"{path.name}, line {number}: {who} has two shifts on day {day}; keep one")
            out[who, day] = shift
    return Roster(out)
