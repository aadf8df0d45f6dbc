"""Rosters so small that every one of them can be listed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from healthops.data.shift_instances import Cover, Employee, Request, Shift, ShiftInstance
from healthops.schedule.roster import Roster, RosterProblem
from healthops.schedule.roster_check import check_roster, roster_cost

SHIFTS = (Shift("E", 480, ()), Shift("N", 600, ("E",)))


def employee(name: str, **values) -> Employee:
    given = {"max_shifts": {"E": 8, "N": 8}, "max_minutes": 9999, "min_minutes": 0, "max_consecutive_shifts": 4,
             "min_consecutive_shifts": 1, "min_consecutive_days_off": 1, "max_weekends": 2, "days_off": ()}  # fmt: skip
    return Employee(name, **(given | values))


def draw(seed: int, people: int = 3, days: int = 8) -> RosterProblem:
    """A problem whose limits bind: 8 days hold a weekend and stretches of every length."""
    rng = np.random.default_rng(seed)
    staff = tuple(
        employee(
            name,
            max_shifts={"E": int(rng.integers(2, 6)), "N": int(rng.integers(0, 4))},
            max_minutes=int(rng.integers(5, 7)) * 480,
            min_minutes=int(rng.integers(1, 4)) * 480,
            max_consecutive_shifts=int(rng.integers(2, 5)),
            min_consecutive_shifts=int(rng.integers(1, 3)),
            min_consecutive_days_off=int(rng.integers(1, 4)),
            max_weekends=int(rng.integers(0, 2)),
            days_off=(int(rng.integers(days)),),
        )
        for name in "ABC"[:people]
    )

    def wishes(many: int) -> tuple[Request, ...]:
        cells = {("ABC"[int(rng.integers(people))], int(rng.integers(days))) for _ in range(many)}
        return tuple(
            Request(who, day, "EN"[int(rng.integers(2))], int(rng.integers(1, 4))) for who, day in sorted(cells)
        )

    cover = tuple(Cover(d, s, int(rng.integers(0, 3)), 10, 2) for d in range(days) for s in "EN" if rng.random() < 0.8)
    return RosterProblem(ShiftInstance(f"tiny{seed}", days, SHIFTS, staff, wishes(5), wishes(3), cover))


@dataclass
class Every:
    """Every feasible roster of a problem, by the lines of each employee.

    Attributes
    ----------
    lines : list of list
        For each employee its feasible lines: a shift or None for each day.
    """

    problem: RosterProblem
    lines: list[list[tuple]]

    @classmethod
    def of(cls, problem: RosterProblem) -> Every:
        days = problem.instance.days
        lines = []
        for who in problem.people:
            mine = []
            for line in product((None, *problem.shift_ids), repeat=days):
                roster = Roster({(who, day): shift for day, shift in enumerate(line) if shift})
                if not [v for v in check_roster(problem, roster) if v.employee == who]:
                    mine.append(line)
            lines.append(mine)
        return cls(problem, lines)

    def best(self, key) -> tuple:
        """Least key(roster) over all rosters."""
        return min((key(self.roster(chosen)) for chosen in product(*self.lines)), default=None)

    def roster(self, chosen) -> Roster:
        return Roster({(who, day): shift for who, line in zip(self.problem.people, chosen, strict=True)
                       for day, shift in enumerate(line) if shift})  # fmt: skip

    def least_cost(self) -> int | None:
        """Least cost, as an array over all combinations of lines: cover from counts, requests line by line."""
        if not all(self.lines):
            return None
        cover = self.problem.instance.cover
        total, own = np.zeros((1, len(cover)), dtype=int), np.zeros(1, dtype=int)
        for who, lines in zip(self.problem.people, self.lines, strict=True):
            works = np.array([[line[c.day] == c.shift for c in cover] for line in lines], dtype=int)
            wish = np.array([self._wish(who, line) for line in lines])
            total = (total[:, None, :] + works[None]).reshape(-1, len(cover))
            own = (own[:, None] + wish[None]).ravel()
        wanted, under, over = (np.array([getattr(c, name) for c in cover])
                               for name in ("required", "under_weight", "over_weight"))  # fmt: skip
        short = np.maximum(wanted - total, 0) @ under + np.maximum(total - wanted, 0) @ over
        return int((short + own).min())

    def _wish(self, who: str, line: tuple) -> int:
        on = sum(r.weight for r in self.problem.instance.on_requests if r.employee == who and line[r.day] != r.shift)
        off = sum(r.weight for r in self.problem.instance.off_requests if r.employee == who and line[r.day] == r.shift)
        return on + off


__all__ = ["SHIFTS", "Every", "draw", "employee", "roster_cost"]
