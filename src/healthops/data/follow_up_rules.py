"""The follow-up schedule of ``follow_up.yaml``: which task is due when, and what resolves or cancels it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from healthops.data.errors import DataError
from healthops.data.rule_values import one_of, whole

PATH = Path(__file__).with_name("follow_up.yaml")
#: Forms that a visit may be recorded on; the first two are of no pregnancy.
FORMS = (
    "household_visit", "danger_sign_follow_up", "pregnancy", "pregnancy_home_visit",
    "pregnancy_facility_visit_reminder", "pregnancy_danger_sign_follow_up", "delivery",
    "pnc_danger_sign_follow_up_mother", "pnc_danger_sign_follow_up_baby",
)  # fmt: skip
#: What a task may be counted from, and the reasons for which it may be cancelled.
STARTS = ("lmp", "registered", "next_facility_visit", "follow_up")
CANCELLATIONS = ("delivery", "newer_pregnancy", "loss", "muted", "death")
SKILLS = ("general", "maternal", "newborn", "chronic")
_NEEDED = {"label", "person", "started_by", "due", "window_days", "level", "resolved_by", "cancelled_by", "minutes",
           "skill"}  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """One rule of the schedule.

    Attributes
    ----------
    name, label : str
    person : str
        ``mother`` or ``baby`` of a pregnancy, or ``anyone``: whom the starting record is about.
    started_by : tuple of str
        Forms that start it.
    referral : bool
        Whether only a record with a referral starts it.
    needs_lmp : bool or None
        True: only where the last menstrual period is known; False: only where it is not.
    due_from : str
        One of :data:`STARTS`.
    due_days : tuple of int
        Days after that date; one task each.
    days_before, days_after : int
        Days around the due date in which the task is shown.
    level : int
        Priority from 1 to 10, 5 is normal.
    resolved_by : str
        Form that resolves it.
    cancelled_by : tuple of str
        Of :data:`CANCELLATIONS`.
    minutes : int
        What the visit takes.
    skill : str
        Of :data:`SKILLS`.
    published : bool
        Whether it is of the published schedule; else it is this project's.
    """

    name: str
    label: str
    person: str
    started_by: tuple[str, ...]
    referral: bool
    needs_lmp: bool | None
    due_from: str
    due_days: tuple[int, ...]
    days_before: int
    days_after: int
    level: int
    resolved_by: str
    cancelled_by: tuple[str, ...]
    minutes: int
    skill: str
    published: bool

    @property
    def priority(self) -> str:
        """``high`` from level 8 up, else ``normal``."""
        return "high" if self.level >= 8 else "normal"


@dataclass(frozen=True)
class Schedule:
    """All rules, with the version under which they were written down."""

    version: str
    source: str
    rules: tuple[Rule, ...]

    def __getitem__(self, name: str) -> Rule:
        """Rule called `name`; an unknown one is a :class:`DataError` that lists the known ones."""
        for rule in self.rules:
            if rule.name == name:
                return rule
        raise DataError(f"{PATH.name} has no rule {name!r}; it has {[rule.name for rule in self.rules]}")


@cache
def load_schedule(path: Path = PATH) -> Schedule:
    """Read the follow-up schedule.

    Raises
    ------
    DataError
        Naming the file, the rule and the key that lacks, is unknown, or holds what cannot be.
    """
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    for key in ("version", "source", "rules"):
        if not isinstance(raw, Mapping) or not raw.get(key):
            raise DataError(f"{path.name} lacks {key}; say it")
    groups = raw.get("forms") or {}
    for name, forms in groups.items():
        _among(forms, FORMS, f"{path.name}: forms: {name}")
    rules = tuple(_rule(name, entry, groups, f"{path.name}: rule {name}") for name, entry in raw["rules"].items())
    return Schedule(str(raw["version"]), str(raw["source"]), rules)


def _rule(name: str, entry: Any, groups: Mapping[str, Sequence[str]], where: str) -> Rule:
    known = _NEEDED | {"referral", "needs_lmp", "published"}
    if not isinstance(entry, Mapping) or not _NEEDED <= set(entry) <= known:
        given = set(entry) if isinstance(entry, Mapping) else set()
        raise DataError(f"{where} lacks {sorted(_NEEDED - given)} and has unknown keys {sorted(given - known)}")
    started = groups.get(entry["started_by"]) if isinstance(entry["started_by"], str) else entry["started_by"]
    if not started:
        raise DataError(f"{where}: started_by {entry['started_by']!r} is no list and no group of {list(groups)}")
    start, days = _due(entry["due"], f"{where}: due")
    before, after = _window(entry["window_days"], f"{where}: window_days")
    return Rule(
        name=name,
        label=str(entry["label"]),
        person=one_of(entry["person"], ("mother", "baby", "anyone"), f"{where}: person"),
        started_by=_among(started, FORMS, f"{where}: started_by"),
        referral=_flag(entry.get("referral", False), f"{where}: referral"),
        needs_lmp=None if "needs_lmp" not in entry else _flag(entry["needs_lmp"], f"{where}: needs_lmp"),
        due_from=start,
        due_days=days,
        days_before=before,
        days_after=after,
        level=whole(entry["level"], f"{where}: level", 1, 10),
        resolved_by=one_of(entry["resolved_by"], FORMS, f"{where}: resolved_by"),
        cancelled_by=_among(entry["cancelled_by"], CANCELLATIONS, f"{where}: cancelled_by"),
        minutes=whole(entry["minutes"], f"{where}: minutes", 1, 480),
        skill=one_of(entry["skill"], SKILLS, f"{where}: skill"),
        published=_flag(entry.get("published", True), f"{where}: published"),
    )


def _due(due: Any, where: str) -> tuple[str, tuple[int, ...]]:
    """What a task counts from, and its days."""
    if not isinstance(due, Mapping) or "from" not in due:
        raise DataError(f"{where} needs `from` and one of days, weeks, every_weeks")
    start = one_of(due["from"], STARTS, f"{where}: from")
    ways = {"days", "weeks", "every_weeks"} & set(due)
    unknown = set(due) - {"from", "days", "weeks", "every_weeks", "until_weeks"}
    if len(ways) != 1 or unknown or ("every_weeks" in due) != ("until_weeks" in due):
        raise DataError(f"{where}: {dict(due)} needs one of days, weeks, or every_weeks with until_weeks, and no more")
    if "every_weeks" in due:
        step = whole(due["every_weeks"], f"{where}: every_weeks", 1, 52)
        last = whole(due["until_weeks"], f"{where}: until_weeks", step, 104)
        return start, tuple(7 * week for week in range(step, last + 1, step))
    (way,) = ways
    if not isinstance(due[way], list) or not due[way]:
        raise DataError(f"{where}: {way} is {due[way]!r}; give a list of whole numbers")
    factor = 7 if way == "weeks" else 1
    return start, tuple(factor * whole(number, f"{where}: {way}", 0, 400) for number in due[way])


def _window(window: Any, where: str) -> tuple[int, int]:
    if not isinstance(window, list) or len(window) != 2:
        raise DataError(f"{where} is {window!r}; give the days before and the days after the due date")
    return whole(window[0], where, 0, 365), whole(window[1], where, 0, 365)


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise DataError(f"{where} is {value!r}; it must be true or false")
    return value


def _among(values: Any, choices: Sequence[str], where: str) -> tuple[str, ...]:
    if not isinstance(values, list) or not values:
        raise DataError(f"{where} is {values!r}; give a list of {list(choices)}")
    return tuple(one_of(value, choices, where) for value in values)
