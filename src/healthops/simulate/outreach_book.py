"""The register as a season goes on: records that are made, tasks that they start, and what becomes of every task.

Tasks follow the schedule of ``follow_up.yaml`` day by day, as :func:`healthops.risk.follow_up.follow_up_tasks` judges
them from whole tables (a test holds the one against the other). Beside them every home has a round, a visit to all who
live there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from healthops.data.follow_up_rules import Rule, Schedule, load_schedule
from healthops.data.outreach_rules import load_outreach
from healthops.simulate.outreach_season import OutreachError

if TYPE_CHECKING:
    import pandas as pd

    from healthops.data.community_rules import Rules
    from healthops.simulate.outreach_district import District

#: What becomes of a task; ``open`` also of one whose window has not begun.
FATES = ("open", "done", "missed", "cancelled")
ROUND = "home_round"
#: The skill that a round asks.
ROUND_SKILL = "general"


@dataclass(eq=False, slots=True)
class Task:
    """One task; days are counted from the register's date. ``sign``: it follows up a danger sign.

    ``risk`` is the predicted chance of its person, or for a round of anybody in the home; ``danger_signs`` those of the
    person's last record. ``hidden_until``: a worker has looked in vain and comes again from that day.
    """

    name: str
    rule: str
    person: str
    home: int
    pregnancy: str | None
    started: int
    due: int
    opens: int
    closes: int
    level: int
    minutes: int
    skill: str
    sign: bool
    risk: float
    danger_signs: int = 0
    hidden_until: int = 0
    fate: str = "open"
    fate_day: int = -1


@dataclass(frozen=True, slots=True)
class Record:
    """A filled form; `follow_up` and `facility` are days agreed, None without one; `worker` is None for word sent."""

    visit: str
    person: str
    day: int
    form: str
    pregnancy: str | None
    worker: str | None
    danger_signs: int
    follow_up: int | None
    facility: int | None


class Book:
    """The register from the evening of day 0 on.

    Parameters
    ----------
    district : District
    owed : DataFrame
        Tasks at the register's date (:func:`healthops.risk.follow_up.follow_up_tasks`); those that are open, overdue or
        waiting are carried on.
    visits : DataFrame
        Table ``community_visits``: when each home was last visited, and the danger signs of the last record.
    """

    def __init__(
        self,
        district: District,
        owed: pd.DataFrame,
        visits: pd.DataFrame,
        *,
        schedule: Schedule | None = None,
        rules: Rules | None = None,
    ) -> None:
        self.district, self.rules = district, rules or load_outreach()
        self.schedule = schedule or load_schedule()
        self.tasks: list[Task] = []
        self.active: dict[str, list[Task]] = {}
        self.round: dict[int, Task] = {}
        self.records: list[Record] = []
        self.ends: dict[str, tuple[str, int, int]] = {}
        self.written: set[str] = set()
        self.last_signs = self._last_signs(visits)
        for row in owed[owed["state"].isin(["open", "overdue", "waiting"])].to_dict("records"):
            self._carry_on(row)
        self._first_rounds(visits)

    # ---- the start --------------------------------------------------------------------------------------------------

    def _day(self, date: object) -> int:
        return (date - self.district.on).days

    def _last_signs(self, visits: pd.DataFrame) -> dict[str, int]:
        known = visits[visits["danger_signs"].notna()].sort_values(["date", "visit"])
        last = known.groupby("person")["danger_signs"].last()
        return {person: int(n) for person, n in last.items() if n > 0}

    def _carry_on(self, row: dict) -> None:
        if row["person"] not in self.district.home_of:
            return
        rule = self.schedule[row["rule"]]
        pregnancy = row["pregnancy"] if isinstance(row["pregnancy"], str) else None
        days = [self._day(row[c]) for c in ("due_on", "opens_on", "closes_on")]
        if days[2] < 1:
            return  # its window ends with the register's date: no day of the season could do it
        self._add(rule, row["task"], row["person"], pregnancy, 0, *days)

    def _first_rounds(self, visits: pd.DataFrame) -> None:
        """Each home's round goes on from its last visit, by whole intervals until one is still in its window."""
        homes = visits["person"].map(self.district.home_of)
        last = {int(home): self._day(date) for home, date in visits["date"].groupby(homes).max().items()}
        step, window = int(self.rules("rounds", "every_days")), int(self.rules("rounds", "window_days"))
        for home in self.district.members:
            if self.district.reachable[home]:
                since = last.get(home, home % step - step)
                behind = max(0, -(-(1 - window - since - step) // step))
                self._next_round(home, since + step * (1 + behind))

    # ---- tasks ------------------------------------------------------------------------------------------------------

    def open_on(self, day: int) -> list[Task]:
        """Tasks that want a visit on `day` and can have one, by name."""
        reach = self.district.reachable
        found = [
            t for part in self.active.values() for t in part
            if t.opens <= day <= t.closes and t.hidden_until <= day and reach[t.home]
        ]  # fmt: skip
        found += [t for t in self.round.values() if t.opens <= day <= t.closes]
        for task in found:
            task.danger_signs = self.last_signs.get(task.person, 0)
        return sorted(found, key=lambda t: t.name)

    def _add(
        self, rule: Rule, name: str, person: str, pregnancy: str | None, started: int, due: int, opens: int, closes: int
    ) -> None:
        task = Task(
            name, rule.name, person, self.district.home_of[person], pregnancy, started, due, opens, closes, rule.level,
            rule.minutes, rule.skill, rule.referral, self.district.risk[person],
        )  # fmt: skip
        self.tasks.append(task)
        self.active.setdefault(person, []).append(task)

    def _next_round(self, home: int, due: int) -> None:
        window = int(self.rules("rounds", "window_days"))
        who = max(self.district.members[home], key=lambda p: (self.district.risk[p], p))
        task = Task(
            f"{ROUND}:{self.district.homes[home]}:{due:+04d}", ROUND, who, home, None, 0, due, due - window,
            due + window, int(self.rules("rounds", "level")), int(self.rules("rounds", "minutes")), ROUND_SKILL, False,
            self.district.home_risk(home),
        )  # fmt: skip
        self.tasks.append(task)
        self.round[home] = task

    def _settle(self, task: Task, fate: str, day: int) -> None:
        task.fate, task.fate_day = fate, day
        if task.rule != ROUND:
            self.active[task.person].remove(task)

    def round_made(self, task: Task, day: int) -> None:
        """The people of a home were visited."""
        self._settle(task, "done", day)
        self._next_round(task.home, day + int(self.rules("rounds", "every_days")))

    def record(
        self, day: int, person: str, form: str, *, pregnancy: str | None = None, worker: str | None = None,
        signs: int = 0, follow_up: int | None = None, facility: int | None = None,
    ) -> None:  # fmt: skip
        """Write a form down: it resolves tasks of its person that it is for, and starts what the schedule says."""
        entry = Record(f"S{len(self.records):06d}", person, day, form, pregnancy, worker, signs, follow_up, facility)
        self.records.append(entry)
        self.last_signs[person] = signs
        for task in list(self.active.get(person, [])):
            resolves = self.schedule[task.rule].resolved_by == form
            if resolves and task.opens <= day <= task.closes and day > task.started:
                self._settle(task, "done", day)
        for rule in self.schedule.rules:
            if form in rule.started_by:
                self._start(rule, entry)

    def _start(self, rule: Rule, entry: Record) -> None:
        begin = {"follow_up": entry.follow_up, "next_facility_visit": entry.facility}.get(rule.due_from)
        if begin is None or (rule.referral and entry.follow_up is None):
            return
        mother = entry.pregnancy is not None and self.district.pregnancy_of.get(entry.person) == entry.pregnancy
        if (rule.person == "mother" and not mother) or (rule.person == "baby" and (mother or entry.pregnancy is None)):
            return
        for after in rule.due_days:
            due = begin + after
            name = f"{rule.name}:{entry.visit}:{after:03d}"
            self._add(
                rule, name, entry.person, entry.pregnancy, entry.day, due, due - rule.days_before, due + rule.days_after
            )

    def end(self, pregnancy: str, kind: str, ended: int, day: int) -> None:
        """A pregnancy's end becomes known on `day`."""
        if pregnancy in self.ends:
            raise OutreachError(f"pregnancy {pregnancy} ends twice, on day {self.ends[pregnancy][1]} and {ended}")
        self.ends[pregnancy] = (kind, ended, day)
        reason = "delivery" if kind == "delivery" else "loss"
        self._cancel([t for part in self.active.values() for t in part if t.pregnancy == pregnancy], reason, day)

    def die(self, person: str, day: int) -> None:
        """A person's death closes every task."""
        self._cancel(list(self.active.get(person, [])), "death", day)

    def _cancel(self, tasks: list[Task], reason: str, day: int) -> None:
        for task in tasks:
            if reason in self.schedule[task.rule].cancelled_by and day <= task.closes:
                self._settle(task, "cancelled", day)

    def evening(self, day: int) -> None:
        """Close the windows that end on `day`; a home whose round is missed has its next one."""
        for part in list(self.active.values()):
            for task in [t for t in part if t.closes <= day]:
                self._settle(task, "missed", task.closes)
        for task in [t for t in self.round.values() if t.closes <= day]:
            self._settle(task, "missed", task.closes)
            self._next_round(task.home, task.due + int(self.rules("rounds", "every_days")))

    # ---- as tables --------------------------------------------------------------------------------------------------

    def visits_table(self) -> pd.DataFrame:
        """Records as far as the schedule asks of table ``community_visits``."""
        import pandas as pd

        def date(day: int | None) -> object:
            return pd.NaT if day is None else self.district.on + pd.Timedelta(days=day)

        rows = [
            (r.visit, r.person, r.pregnancy, r.worker, date(r.day), r.form, r.danger_signs, r.follow_up is not None,
             date(r.follow_up), date(r.facility))
            for r in self.records
        ]  # fmt: skip
        columns = ["visit", "person", "pregnancy", "worker", "date", "form", "danger_signs", "referral"]
        table = pd.DataFrame(rows, columns=[*columns, "follow_up_on", "next_facility_visit_on"])
        dates = ["date", "follow_up_on", "next_facility_visit_on"]
        return table.astype(dict.fromkeys(dates, "datetime64[ns]"))
