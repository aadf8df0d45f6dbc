"""The rule table of ``recommendations.yaml``: what is advised to whom on which finding, with version and sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from healthops.data.errors import DataError
from healthops.data.follow_up_rules import SKILLS
from healthops.data.rule_values import one_of, whole

PATH = Path(__file__).with_name("recommendations.yaml")
#: Levels of a recommendation, from the least to the gravest.
LEVELS = ("advice", "referral", "urgent referral")
#: Measurements: label and unit. They grow old, so that a rule says for how many days one counts.
VITALS = {
    "systolic_mmhg": ("upper blood pressure", "mmHg"),
    "diastolic_mmhg": ("lower blood pressure", "mmHg"),
    "heart_rate_bpm": ("heart rate", "/min"),
    "temp_c": ("temperature", "deg C"),
    "glucose_mmol_l": ("blood sugar", "mmol/l"),
    "spo2_pct": ("oxygen saturation", "%"),
    "muac_mm": ("upper arm", "mm"),
    "danger_signs": ("danger signs", ""),
}
#: Other numbers, flags, and texts with what they may be.
NUMBERS = (*VITALS, "age_years", "age_months", "days_since_visit")
FLAGS = ("pregnant", "maternal", "hypertension", "diabetes", "chronic_lung", "heart_disease")
TEXTS = {
    "smoking": ("never", "former", "daily"),
    "alcohol": ("none", "some", "heavy"),
    "activity": ("low", "moderate", "high"),
    "water": ("piped", "protected well", "open well", "river"),
    "cooking_fuel": ("gas", "wood", "dung"),
    "risk_band": ("low", "medium", "high"),
}
COLUMNS = (*NUMBERS, *FLAGS, *TEXTS)
#: What is known of everybody; any other column a rule uses belongs to a measure, so that it can be asked for.
ALWAYS_KNOWN = ("days_since_visit", "pregnant", "maternal", "water", "cooking_fuel", "risk_band")
_BOUNDS = ("at_least", "above", "at_most", "below")
_NEEDED = {"label", "level", "says", "advice", "source"}
_KNOWN = _NEEDED | {"who", "finding", "valid_days", "unless", "visit", "if_missing"}


@dataclass(frozen=True)
class Condition:
    """Bounds of one column: `low` and `high` with whether they belong to it, or the values that it may have."""

    column: str
    low: float | None = None
    high: float | None = None
    low_in: bool = True
    high_in: bool = True
    among: tuple[str | bool, ...] | None = None


@dataclass(frozen=True)
class Visit:
    """A visit that is asked for: days from the finding, level from 1 to 10, minutes, skill."""

    within_days: int
    level: int
    minutes: int
    skill: str


@dataclass(frozen=True)
class Advice:
    """One rule.

    Attributes
    ----------
    name, label : str
    who : tuple of Condition
        All hold.
    finding : tuple of Condition
        One of them holds; none: everybody of `who`.
    valid_days : int or None
        Days for which a measurement counts.
    unless : tuple of str
        Graver rules in whose place it does not fire.
    level : str
        Of :data:`LEVELS`.
    says, advice, source : str
        The finding and the advice in words, and where the threshold was published.
    visit : Visit or None
        The visit that it asks for.
    visit_if_missing : bool
        Whether somebody goes to measure what is missing.
    """

    name: str
    label: str
    who: tuple[Condition, ...]
    finding: tuple[Condition, ...]
    valid_days: int | None
    unless: tuple[str, ...]
    level: str
    says: str
    advice: str
    source: str
    visit: Visit | None
    visit_if_missing: bool

    @property
    def published(self) -> bool:
        """Whether its threshold is published; else it is this project's assumption."""
        return not self.source.startswith("assumption")


@dataclass(frozen=True)
class Measure:
    """A measurement or question, with the columns that it fills and the visit made for it."""

    name: str
    columns: tuple[str, ...]
    says: str
    visit: Visit


@dataclass(frozen=True)
class RuleTable:
    """All rules, graver ones before those that they stand above, with the version under which they were written."""

    version: str
    source: str
    rules: tuple[Advice, ...]
    measures: tuple[Measure, ...]
    round_after_days: int
    round_visit: Visit

    def __getitem__(self, name: str) -> Advice:
        """Rule called `name`; an unknown one is a :class:`DataError` that lists the known ones."""
        for rule in self.rules:
            if rule.name == name:
                return rule
        raise DataError(f"{PATH.name} has no rule {name!r}; it has {[rule.name for rule in self.rules]}")

    def measure_of(self, column: str) -> Measure:
        """The measurement that fills `column`."""
        for measure in self.measures:
            if column in measure.columns:
                return measure
        raise DataError(f"{PATH.name}: measures name no column {column!r}; add it to one")


class _OnceLoader(yaml.SafeLoader):
    """YAML in which no key may stand twice: the second would silently take the first one's place."""


def _once(loader: _OnceLoader, node: yaml.MappingNode) -> dict:
    keys = [loader.construct_object(key) for key, _ in node.value]
    twice = sorted({str(key) for key in keys if keys.count(key) > 1})
    if twice:
        raise DataError(f"line {node.start_mark.line + 1}: {twice[0]} stands there twice; keep one")
    return loader.construct_mapping(node, deep=True)


_OnceLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _once)


@cache
def load_rule_table(path: Path = PATH) -> RuleTable:
    """Read the rule table.

    Raises
    ------
    DataError
        Naming the file, the rule and the key that lacks, is unknown, stands there twice, holds what cannot be, or
        contradicts another.
    """
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_OnceLoader)
    except DataError as error:
        raise DataError(f"{path.name}, {error}") from None
    keys = ("version", "source", "measures", "rules", "round")
    for key in keys:
        if not isinstance(raw, Mapping) or not raw.get(key):
            raise DataError(f"{path.name} lacks {key}; say it")
    if unknown := sorted(set(raw) - set(keys)):
        raise DataError(f"{path.name} has the unknown key {unknown[0]}; it may have {list(keys)}")
    measures = tuple(_measure(n, entry, f"{path.name}: measure {n}") for n, entry in raw["measures"].items())
    rules = tuple(_rule(n, entry, f"{path.name}: rule {n}") for n, entry in raw["rules"].items())
    again = dict(raw["round"])
    days = whole(again.pop("after_days", None), f"{path.name}: round: after_days", 1, 365)
    again.pop("source", None)
    table = RuleTable(
        str(raw["version"]), str(raw["source"]), rules, measures, days, _visit(again, f"{path.name}: round")
    )
    _consistent(table, path.name)
    return table


def _rule(name: str, entry: Any, where: str) -> Advice:
    if not isinstance(entry, Mapping) or not _NEEDED <= set(entry) <= _KNOWN:
        given = set(entry) if isinstance(entry, Mapping) else set()
        raise DataError(f"{where} lacks {sorted(_NEEDED - given)} and has unknown keys {sorted(given - _KNOWN)}")
    for key in ("label", "says", "advice", "source"):
        if not isinstance(entry[key], str) or not entry[key].strip():
            raise DataError(f"{where}: {key} is {entry[key]!r}; say it in words")
    who, finding = (_conditions(entry.get(key, {}), f"{where}: {key}") for key in ("who", "finding"))
    if not who and not finding:
        raise DataError(f"{where} has neither who nor finding; say whom it is about")
    measured = [c.column for c in (*finding, *who) if c.column in VITALS]
    if measured and "valid_days" not in entry:
        raise DataError(f"{where} lacks valid_days; say for how many days {measured[0]} counts")
    missing = entry.get("if_missing")
    if missing not in (None, "visit"):
        raise DataError(f"{where}: if_missing is {missing!r}; it must be visit, or not there")
    return Advice(
        name=name, label=entry["label"], who=who, finding=finding,
        valid_days=whole(entry["valid_days"], f"{where}: valid_days", 1, 3650) if "valid_days" in entry else None,
        unless=tuple(entry.get("unless", ())), level=one_of(entry["level"], LEVELS, f"{where}: level"),
        says=entry["says"], advice=entry["advice"], source=entry["source"],
        visit=_visit(entry["visit"], f"{where}: visit") if "visit" in entry else None,
        visit_if_missing=missing == "visit",
    )  # fmt: skip


def _conditions(raw: Any, where: str) -> tuple[Condition, ...]:
    if not isinstance(raw, Mapping):
        raise DataError(f"{where} is {raw!r}; give columns with their bounds")
    return tuple(_condition(column, bounds, f"{where}: {column}") for column, bounds in raw.items())


def _condition(column: str, bounds: Any, where: str) -> Condition:
    if column not in COLUMNS:
        raise DataError(f"{where} is no column that a rule may use; those are {list(COLUMNS)}")
    if not isinstance(bounds, Mapping) or not bounds:
        raise DataError(f"{where}: {bounds!r} has no bounds; give one of {[*_BOUNDS, 'is']}")
    if column not in NUMBERS:
        return Condition(column, among=_values(column, bounds, where))
    if unknown := sorted(set(bounds) - set(_BOUNDS)):
        raise DataError(f"{where}: {unknown[0]} is no bound of a number; give one of {list(_BOUNDS)}")
    for key, value in bounds.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise DataError(f"{where}: {key} is {value!r}; it must be a number")
    if {"at_least", "above"} <= set(bounds) or {"at_most", "below"} <= set(bounds):
        raise DataError(f"{where}: {dict(bounds)} bounds the same side twice; keep one")
    low, high = bounds.get("at_least", bounds.get("above")), bounds.get("at_most", bounds.get("below"))
    low_in, high_in = "above" not in bounds, "below" not in bounds
    if low is not None and high is not None and (low > high or (low == high and not (low_in and high_in))):
        raise DataError(f"{where}: {dict(bounds)} contradict one another: nothing is so")
    return Condition(column, low, high, low_in, high_in)


def _values(column: str, bounds: Mapping, where: str) -> tuple[str | bool, ...]:
    if set(bounds) != {"is"}:
        raise DataError(f"{where}: {sorted(bounds)} are no bounds of it; give `is`")
    if column in FLAGS:
        if not isinstance(bounds["is"], bool):
            raise DataError(f"{where}: is {bounds['is']!r}; it must be true or false")
        return (bounds["is"],)
    if not isinstance(bounds["is"], list) or not bounds["is"]:
        raise DataError(f"{where}: is {bounds['is']!r}; give a list of {list(TEXTS[column])}")
    return tuple(one_of(value, TEXTS[column], where) for value in bounds["is"])


def _measure(name: str, entry: Any, where: str) -> Measure:
    needed = {"columns", "says", "visit"}
    if not isinstance(entry, Mapping) or set(entry) != needed:
        raise DataError(f"{where} must have {sorted(needed)} and no more")
    for column in entry["columns"]:
        one_of(column, COLUMNS, f"{where}: columns")
    return Measure(name, tuple(entry["columns"]), str(entry["says"]), _visit(entry["visit"], f"{where}: visit"))


def _visit(entry: Any, where: str) -> Visit:
    allowed = {"within_days", "level", "minutes", "skill"}
    given = {"within_days": 0, **entry} if isinstance(entry, Mapping) else {}
    if set(given) != allowed:
        raise DataError(f"{where} is {entry!r}; it must have {sorted(allowed)} and no more")
    return Visit(
        whole(given["within_days"], f"{where}: within_days", 0, 365), whole(given["level"], f"{where}: level", 1, 10),
        whole(given["minutes"], f"{where}: minutes", 1, 480), one_of(given["skill"], SKILLS, f"{where}: skill"),
    )  # fmt: skip


def _consistent(table: RuleTable, file: str) -> None:
    """What no rule shows by itself: names that are used, order, and rules that contradict one another."""
    names = [rule.name for rule in table.rules]
    of_finding: dict[tuple, Advice] = {}
    for at, rule in enumerate(table.rules):
        for other in rule.unless:
            if other not in names:
                raise DataError(f"{file}: rule {rule.name}: unless: {other!r} is no rule; it has {names}")
            lesser = LEVELS.index(table[other].level) < LEVELS.index(rule.level)
            if names.index(other) >= at or lesser:
                raise DataError(f"{file}: rule {rule.name}: unless: {other} must stand above it and be as grave")
        twin = of_finding.setdefault((frozenset(rule.who), frozenset(rule.finding)), rule)
        if twin is not rule:
            raise DataError(f"{file}: rule {rule.name} contradicts {twin.name}: the same finding; keep one")
        for one in (*rule.finding, *rule.who):
            if one.column not in ALWAYS_KNOWN:
                table.measure_of(one.column)
        if rule.visit_if_missing and not rule.finding:
            raise DataError(f"{file}: rule {rule.name}: if_missing: it has no finding that could be missing")
    columns = [column for measure in table.measures for column in measure.columns]
    for column in columns:
        if columns.count(column) > 1:
            raise DataError(f"{file}: measures: {column} stands under two; keep one")
