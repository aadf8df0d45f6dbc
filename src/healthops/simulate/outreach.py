"""A season of outreach played day by day: what a policy decides in the evening, workers walk the next day.

A policy sees the tasks that records up to the evening before have started, and nothing of what the season holds
(:class:`Day`). Its rounds are not believed: every one is walked here against hours, breaks, caps, skills and windows,
with one account of walking for all. A danger sign becomes known when the family sends word, or when a worker visits the
home for whatever reason and sees it; it is reached when a worker stands before the person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from healthops.simulate.outreach_book import ROUND, Book, Task
from healthops.simulate.outreach_season import OutreachError, Season

if TYPE_CHECKING:
    import pandas as pd

    from healthops.simulate.outreach_district import District

#: Minutes after midnight between which a break begins, as in plans of a day.
REST_FROM, REST_TO = 660, 840
#: Days within which a danger sign should be reached.
IN_TIME = 3


@dataclass(frozen=True)
class Stop:
    """A home (its number) and the names of the tasks that are done there."""

    home: int
    tasks: tuple[str, ...]


@dataclass(frozen=True)
class Walk:
    """A worker (its number), stops in order, and after which of them there is a break."""

    worker: int
    stops: tuple[Stop, ...]
    rest_after: int | None = None


@dataclass(frozen=True)
class Day:
    """What is known on the evening before day `number`: open tasks, and who will go out."""

    number: int
    tasks: tuple[Task, ...]
    workers: tuple[int, ...]
    district: District

    @property
    def on(self) -> pd.Timestamp:
        """The date."""
        import pandas as pd

        return self.district.on + pd.Timedelta(days=self.number)

    def table(self) -> pd.DataFrame:
        """Tasks as plans of a day and the priority read them, one row each, in the order of `tasks`."""
        import pandas as pd

        rows = [
            (t.name, t.rule, t.person, self.district.homes[t.home], t.level, t.minutes, t.skill, t.risk, t.danger_signs,
             max(0, self.number - t.due))
            for t in self.tasks
        ]  # fmt: skip
        columns = ["task", "rule", "person", "household", "level", "minutes", "skill", "risk", "danger_signs"]
        return pd.DataFrame(rows, columns=[*columns, "days_overdue"])


class Policy(Protocol):
    """A way of deciding who goes where."""

    def __call__(self, day: Day) -> Sequence[Walk]:
        """Walks of a day, at most one a worker; tasks that are in none wait."""


@dataclass(frozen=True)
class Timed:
    """A walk timed: begins of the visits, minutes walked and spent, when the worker leaves and is back."""

    begins: tuple[int, ...]
    leaves: int
    returns: int
    walked: int


@dataclass(frozen=True)
class Played:
    """A season under one policy.

    Attributes
    ----------
    policy : str
    tasks : list of Task
        Every task with its fate.
    reached : array of int, shape (S,)
        Day on which each danger sign was reached; 0: never.
    days : DataFrame
        day, workers, lost, stops, admitted, walked_min, visit_min, open_tasks.
    book : Book
    """

    policy: str
    tasks: list[Task]
    reached: np.ndarray
    days: pd.DataFrame
    book: Book


def play(policy: Policy, name: str, book: Book, season: Season, duty: np.ndarray) -> Played:
    """Play a season.

    Parameters
    ----------
    policy : Policy
    name : str
        For messages and tables.
    book : Book
        As it stands at the register's date; changed in place, so every policy has its own.
    season : Season
        The same for every policy.
    duty : array of bool, shape (W, days + 1)
        Who goes out on which day (:func:`healthops.simulate.outreach_district.duty`).

    Raises
    ------
    OutreachError
        If the policy plans what cannot be: names policy, day, worker, and what is wrong.
    """
    import pandas as pd

    district, reached, rows = book.district, np.zeros(len(season.sign_day), int), []
    at_home: dict[int, list[int]] = {}
    for k, home in enumerate(season.sign_home):
        at_home.setdefault(int(home), []).append(k)
    for number in range(1, season.days + 1):
        tasks = tuple(book.open_on(number))
        day = Day(number, tasks, tuple(int(w) for w in np.flatnonzero(duty[:, number])), district)
        walks = policy(day) if tasks and day.workers else []
        timed = check(day, walks, name)
        total = np.zeros(4, int)
        for walk, known in zip(walks, timed, strict=True):
            if not season.lost[walk.worker, number]:
                total += _go(book, season, at_home, reached, walk, known, day)
        _evening(book, season, reached, number)
        lost = sum(bool(season.lost[w, number]) for w in day.workers)
        rows.append((number, len(day.workers), lost, *total.tolist(), len(tasks)))
    columns = ["day", "workers", "lost", "stops", "admitted", "walked_min", "visit_min", "open_tasks"]
    return Played(name, book.tasks, reached, pd.DataFrame(rows, columns=columns), book)


# ---- the account ----------------------------------------------------------------------------------------------------


def check(day: Day, walks: Sequence[Walk], policy: str) -> list[Timed]:
    """Time every walk, and refuse what cannot be walked."""
    tasks = {t.name: t for t in day.tasks}
    seen: set[object] = set()

    def refuse(worker: int, said: str) -> None:
        raise OutreachError(f"{policy}, day {day.number}, worker {day.district.workers[worker]}: {said}")

    out = []
    for walk in walks:
        if walk.worker not in day.workers or walk.worker in seen:
            refuse(walk.worker, "does not go out that day, or goes out twice")
        seen.add(walk.worker)
        skills = day.district.shifts[walk.worker].skills
        for stop in walk.stops:
            for name in stop.tasks:
                task = tasks.get(name)
                if task is None or task.home != stop.home or name in seen or task.skill not in skills:
                    refuse(walk.worker, f"task {name} is not open there, is done twice, or asks another skill")
                seen.add(name)
        minutes = [sum(tasks[name].minutes for name in stop.tasks) for stop in walk.stops]
        timed = time_walk(day.district, walk, minutes)
        if isinstance(timed, str):
            refuse(walk.worker, timed)
        out.append(timed)
    return out


def time_walk(district: District, walk: Walk, minutes: Sequence[int]) -> Timed | str:
    """Time a walk of visits that take `minutes`; a text says why it cannot be."""
    shift, base = district.shifts[walk.worker], district.to_base[walk.worker]
    if not walk.stops:
        return Timed((), shift.starts, shift.starts, 0)
    if len(walk.stops) > shift.most:
        return f"{len(walk.stops)} visits, over {shift.most}"
    homes = [stop.home for stop in walk.stops]
    step = int(base[homes[0]])
    leaves = max(shift.starts, int(district.opens[homes[0]]) - step)
    now, walked, begins = leaves, 0, []
    for k, home in enumerate(homes):
        if k:
            step = int(district.between[homes[k - 1], home])
        begin = max(now + step, int(district.opens[home]))
        if begin > district.closes[home]:
            return f"{district.homes[home]}: begun at {begin}, after {district.closes[home]}"
        begins.append(begin)
        now, walked = begin + minutes[k], walked + step
        if k == walk.rest_after:
            now = max(now, REST_FROM)
            if now > REST_TO:
                return f"break at {now}, after {REST_TO}"
            now += shift.rest
    returns, walked = now + int(base[homes[-1]]), walked + int(base[homes[-1]])
    if returns > shift.ends:
        return f"back at {returns}, after {shift.ends}"
    if walk.rest_after is None and break_due(shift, leaves, returns):
        return f"no break from {leaves} to {returns}"
    return Timed(tuple(begins), leaves, returns, walked)


def break_due(shift: object, leaves: int, returns: int) -> bool:
    """Whether a worker out from `leaves` to `returns` must have a break: as in plans of a day."""
    entitled = shift.rest > 0 and shift.starts < REST_FROM and shift.ends > REST_TO
    return bool(entitled and leaves < REST_FROM and returns > REST_TO)


# ---- a day ----------------------------------------------------------------------------------------------------------


def _go(
    book: Book, season: Season, at_home: dict[int, list[int]], reached: np.ndarray, walk: Walk, timed: Timed, day: Day
) -> np.ndarray:
    """Make a worker's visits; returns stops, admitted, minutes walked, minutes at doors."""
    tasks = {t.name: t for t in day.tasks}
    knock, admitted, spent = int(book.rules("visits", "knocking_min")), 0, 0
    for stop in walk.stops:
        if not season.opened[stop.home, day.number]:
            spent += knock
            continue
        admitted += 1
        mine = [tasks[name] for name in stop.tasks]
        spent += sum(t.minutes for t in mine)
        _visit(book, season, at_home.get(stop.home, []), reached, mine, walk.worker, day.number)
    return np.array([len(walk.stops), admitted, timed.walked, spent])


def _visit(
    book: Book, season: Season, signs: list[int], reached: np.ndarray, tasks: list[Task], worker: int, day: int
) -> None:
    """One visit: what is found, what is written down, and what that starts."""
    name, home = book.district.workers[worker], tasks[0].home
    asked = {t.person for t in tasks if t.sign}
    found = {}
    for k in signs:
        there = season.sign_day[k] <= day < season.sign_gone[k] and not reached[k]
        told = 0 < season.sign_told[k] < day or season.sign_person[k] in asked
        if there and (told or season.sign_seen[k, day]):
            reached[k] = day
            found[season.sign_person[k]] = k

    def write(person: str, form: str, pregnancy: str | None, facility: int | None = None) -> None:
        k = found.pop(person, None)
        again = None if k is None else day + int(season.sign_again[k])
        book.record(
            day, person, form, pregnancy=pregnancy, worker=name, signs=int(k is not None), follow_up=again,
            facility=facility,
        )  # fmt: skip

    _ask_for_births(book, season, home, tasks, write, day)
    for task in tasks:
        if task.fate != "open":
            continue
        if task.rule == ROUND:
            book.round_made(task, day)
        elif task.rule == "delivery_check":
            _check_delivery(book, season, task, write, day)
        else:
            form, facility = book.schedule[task.rule].resolved_by, None
            if form == "pregnancy_home_visit" and task.pregnancy in season.facility:
                facility = day + int(season.facility[task.pregnancy][day]) or None
                facility = None if facility == day else facility
            write(task.person, form, task.pregnancy, facility)
    for person in sorted(found):
        write(person, "household_visit", None)


def _ask_for_births(book: Book, season: Season, home: int, tasks: list[Task], write: object, day: int) -> None:
    """At any visit a worker hears of pregnancies of the home that have ended, and writes a delivery down."""
    checked = {t.pregnancy for t in tasks if t.rule == "delivery_check"}
    for person in book.district.members[home]:
        pregnancy = book.district.pregnancy_of.get(person)
        ended = season.ended.get(pregnancy) if pregnancy else None
        if ended is None or ended[0] > day:
            continue
        if pregnancy not in book.ends:
            book.end(pregnancy, ended[1], ended[0], day)
        if ended[1] == "delivery" and pregnancy not in book.written and pregnancy not in checked:
            book.written.add(pregnancy)
            write(person, "delivery", pregnancy)


def _check_delivery(book: Book, season: Season, task: Task, write: object, day: int) -> None:
    """Write the birth down, or come again: a child that is past every term has been born unseen."""
    if task.pregnancy in book.ends or (task.pregnancy not in season.ended and day >= task.due):
        if task.pregnancy not in book.ends:
            book.end(task.pregnancy, "delivery", day, day)
        book.written.add(task.pregnancy)
        write(task.person, "delivery", task.pregnancy)
    if task.fate == "open":
        task.hidden_until = day + int(book.rules("visits", "look_again_days"))


def _evening(book: Book, season: Season, reached: np.ndarray, day: int) -> None:
    """Word that families send, deaths, and windows that end."""
    for k in np.flatnonzero((season.sign_told == day) & (reached == 0)):
        # Who sends word asks for a visit the next day; the form is that of a referral at a household visit.
        book.record(day, str(season.sign_person[k]), "household_visit", signs=1, follow_up=day + 1)
    for pregnancy, (ended, kind, told) in season.ended.items():
        if told == day and pregnancy not in book.ends:
            book.end(pregnancy, kind, ended, day)
    for person, died in season.died.items():
        if died == day:
            book.die(person, day)
    book.evening(day)
