"""How outreach is done without a plan: by due date, by what is nearest, by risk alone, or with danger signs first.

Each worker goes to the homes that the worker is responsible for. A task that asks a skill that this worker lacks is
the nearest colleague's who has it. All open tasks of a home that the worker can do are done in one visit. The list is
walked from its top; a home that no longer fits into the day is passed over, and after :data:`PATIENCE` such in a row
the day is over. The break is taken after the first visit that ends when breaks begin.

==================  ===================================================================================================
policy              who comes first
==================  ===================================================================================================
``due-date order``  the home with the task that is due longest
``nearest first``   the home nearest to where the worker stands
``risk alone``      the home with the task of the highest predicted risk; reported signs count nothing
``signs first``     homes with the follow-up of a danger sign, whoever goes out that day, then by due date
==================  ===================================================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.community_rules import load_rules
from healthops.simulate.outreach import REST_FROM, REST_TO, Day, Stop, Walk, break_due
from healthops.simulate.outreach_book import Task

if TYPE_CHECKING:
    import pandas as pd

    from healthops.simulate.outreach_district import District

#: Homes in a row that do not fit before a worker stops looking.
PATIENCE = 5
#: Nearest colleagues who may take a task for its skill.
COLLEAGUES = 3


@dataclass
class Greedy:
    """A policy that takes homes in an order.

    ``key``: of a home's tasks, smallest first; None: the nearest home next. ``lend``: the follow-up of a danger sign is
    taken by the nearest colleague who goes out that day, where the worker responsible does not.
    """

    key: Callable[[list[Task]], tuple] | None
    lend: bool = False
    covers: dict[tuple[int, str], int] = field(default_factory=dict)

    def __call__(self, day: Day) -> list[Walk]:
        """Walks of a day."""
        mine: dict[int, dict[int, list[Task]]] = {w: {} for w in day.workers}
        for task in day.tasks:
            worker = self._cover(day.district, task.home, task.skill)
            if self.lend and task.sign and worker not in mine:
                worker = _lent(day, task)
            if worker in mine:
                mine[worker].setdefault(task.home, []).append(task)
        walks = [self._walk(day, worker, homes) for worker, homes in mine.items() if homes]
        return [walk for walk in walks if walk.stops]

    def _cover(self, district: District, home: int, skill: str) -> int:
        if (home, skill) not in self.covers:
            self.covers[home, skill] = who_covers(district, home, skill)
        return self.covers[home, skill]

    def _walk(self, day: Day, worker: int, homes: dict[int, list[Task]]) -> Walk:
        going = _Going(day.district, worker)
        if self.key is not None:
            refused = 0
            for home in sorted(homes, key=lambda h: (*self.key(homes[h]), h)):
                refused = 0 if going.add(home, homes[home]) else refused + 1
                if refused == PATIENCE:
                    break
            return going.walk()
        left = np.array(sorted(homes))
        while len(left):
            near = left[np.argsort(going.steps(left), kind="stable")]
            taken = next((home for home in near[:PATIENCE] if going.add(int(home), homes[int(home)])), None)
            if taken is None:
                break
            left = left[left != taken]
        return going.walk()


def who_covers(district: District, home: int, skill: str) -> int:
    """The worker responsible for a home, or the nearest colleague with the skill; -1 where none is near enough."""
    own = district.households["worker"].iloc[home]
    if own in district.workers and skill in district.shifts[district.workers.index(own)].skills:
        return district.workers.index(own)
    walks = district.to_base[:, home]
    others = [int(w) for w in np.argsort(walks, kind="stable") if district.workers[w] != own][:COLLEAGUES]
    limit = load_rules()("walking", "longest_walk_min")
    return next((w for w in others if skill in district.shifts[w].skills and walks[w] <= limit), -1)


def _lent(day: Day, task: Task) -> int:
    """The nearest worker who goes out and has the skill; -1 where there is none near enough."""
    walks, limit = day.district.to_base[:, task.home], load_rules()("walking", "longest_walk_min")
    able = [w for w in day.workers if task.skill in day.district.shifts[w].skills and walks[w] <= limit]
    return min(able, key=lambda w: (walks[w], w), default=-1)


POLICIES: dict[str, Callable[[], Greedy]] = {
    "due-date order": lambda: Greedy(lambda tasks: (min(t.due for t in tasks),)),
    "nearest first": lambda: Greedy(None),
    "risk alone": lambda: Greedy(lambda tasks: (-max(t.risk for t in tasks),)),
    "signs first": lambda: Greedy(lambda tasks: (not any(t.sign for t in tasks), min(t.due for t in tasks)), lend=True),
}


class _Going:
    """A worker's day as it is filled from its begin."""

    def __init__(self, district: District, worker: int) -> None:
        self.district, self.worker, self.shift = district, worker, district.shifts[worker]
        self.stops: list[Stop] = []
        self.now = self.leaves = self.shift.starts
        self.rest_after: int | None = None

    def steps(self, homes: np.ndarray) -> np.ndarray:
        """Minutes from where the worker stands to each home."""
        row = self.district.between[self.stops[-1].home] if self.stops else self.district.to_base[self.worker]
        return row[homes]

    def add(self, home: int, tasks: list[Task]) -> bool:
        """Go there next, if the visit, the way back and a break fit."""
        if len(self.stops) == self.shift.most:
            return False
        step, opens = int(self.steps(np.array([home]))[0]), int(self.district.opens[home])
        leaves = self.leaves if self.stops else max(self.shift.starts, opens - step)
        begin = max((self.now if self.stops else leaves) + step, opens)
        now = begin + sum(t.minutes for t in tasks)
        back = int(self.district.to_base[self.worker, home])
        rest_after = self.rest_after
        late = rest_after is None and break_due(self.shift, leaves, max(now + back, REST_TO + 1))
        if late and (now >= REST_FROM or now + back > REST_TO):
            now, rest_after = max(now, REST_FROM), len(self.stops)
            if now > REST_TO:
                return False
            now += self.shift.rest
        if begin > self.district.closes[home] or now + back > self.shift.ends:
            return False
        self.stops.append(Stop(home, tuple(t.name for t in tasks)))
        self.now, self.leaves, self.rest_after = now, leaves, rest_after
        return True

    def walk(self) -> Walk:
        """What came of it."""
        return Walk(self.worker, tuple(self.stops), self.rest_after)


def shortlist(tasks: pd.DataFrame, day: Day, *, times: float) -> pd.DataFrame:
    """Tasks worth planning a day for: those of danger signs and of persons, and for each worker who goes out the most
    valuable rounds, `times` as many as the worker can make visits. What is far down the list would not be reached.

    Parameters
    ----------
    tasks : DataFrame
        Of :meth:`healthops.simulate.outreach.Day.table`, with ``value``.
    """
    from healthops.simulate.outreach_book import ROUND

    district = day.district
    owner = tasks["household"].map(district.households.set_index("household")["worker"])
    most = {district.workers[w]: int(np.ceil(times * district.shifts[w].most)) for w in day.workers}
    rounds = tasks[(tasks["rule"] == ROUND) & owner.isin(most)].assign(owner=owner)
    ordered = rounds.sort_values(["value", "task"], ascending=[False, True])
    place = ordered.groupby("owner").cumcount()
    kept = ordered[place < ordered["owner"].map(most)].index
    return tasks.loc[sorted({*kept, *tasks.index[tasks["rule"] != ROUND]})]


def walks_of(made: pd.DataFrame, day: Day) -> list[Walk]:
    """Walks of a plan's table: worker, position, household, tasks, rest_min (missing: no break after the visit)."""
    number = {home: k for k, home in enumerate(day.district.homes)}
    workers = {name: k for k, name in enumerate(day.district.workers)}
    out = []
    for worker, part in made.groupby("worker", sort=True):
        rows = part.sort_values("position")
        stops = tuple(Stop(number[h], tuple(t)) for h, t in zip(rows["household"], rows["tasks"], strict=True))
        rests = np.flatnonzero(rows["rest_min"].notna())
        out.append(Walk(workers[worker], stops, int(rests[0]) if len(rests) else None))
    return out
