"""What is advised to whom: the rule table of ``recommendations.yaml`` held against what is known of each person.

Logic has three values. A condition on what is missing is neither so nor not so; where a rule cannot be decided for
that, nothing is advised on it, and an entry ``measure_<name>`` says what to measure and which rules wait for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.recommendation_rules import (
    FLAGS,
    LEVELS,
    NUMBERS,
    VITALS,
    Advice,
    Condition,
    RuleTable,
    load_rule_table,
)

if TYPE_CHECKING:
    import pandas as pd

#: Columns of :func:`recommend`, in this order.
COLUMNS = ("person", "rule", "version", "kind", "level", "finding", "advice", "source", "found_on", "visit")


class RecommendationError(ValueError):
    """States that no rule can be held against; names the column and the remedy."""


def recommend(states: pd.DataFrame, *, on: str | pd.Timestamp, table: RuleTable | None = None) -> pd.DataFrame:
    """Return every recommendation, and every measurement that one waits for.

    Parameters
    ----------
    states : DataFrame
        Of :func:`healthops.risk.states.person_states`, on the same day.
    on : date
    table : RuleTable, optional
        Rules; those of the package unless given.

    Returns
    -------
    DataFrame
        Columns :data:`COLUMNS`, one row a person and rule, the gravest first in each person. `kind` is ``finding`` or
        ``missing``; a ``missing`` row has rule ``measure_<name>`` and names what is missing and what waits for it.
        `found_on` is the day of the last measurement that led to it, else `on`. `visit`: whether somebody is sent for
        it; else it is said at the next visit.

    Raises
    ------
    RecommendationError
        If `states` lack a column that a rule uses.
    """
    import pandas as pd

    table, day = table or load_rule_table(), pd.Timestamp(on).normalize()
    for column in sorted({c.column for rule in table.rules for c in (*rule.who, *rule.finding)}):
        needed = [column, f"{column}_days"] if column in VITALS else [column]
        for name in needed:
            if name not in states:
                raise RecommendationError(f"states lack column {name!r}, which rules use; make them by person_states")
    fired, waiting, parts = {}, {}, []
    for rule in table.rules:
        is_so, unknown = judge(rule, states)
        for other in rule.unless:
            is_so &= ~fired[other]
            unknown &= ~fired[other]
        fired[rule.name] = is_so
        parts.append(_findings(rule, states[is_so], day, table.version))
        for column, rows in _missing(rule, states, unknown).items():
            waiting.setdefault(table.measure_of(column).name, []).append((rule, column, rows))
    for measure in table.measures:
        if measure.name in waiting:
            parts.append(_to_measure(measure, waiting[measure.name], states, day, table.version))
    out = pd.concat(parts, ignore_index=True)
    grave = out["level"].map({level: -k for k, level in enumerate(LEVELS)})
    missing = out["kind"] == "missing"
    order = np.lexsort((np.arange(len(out)), grave, missing, out["person"]))
    return out.iloc[order].reset_index(drop=True)[list(COLUMNS)]


def judge(rule: Advice, states: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """For whom the rule is so, and for whom it cannot be decided; two arrays of bool, shape (persons,).

    Graver rules that stand in its place (`unless`) are not looked at here.
    """
    who = [_holds(c, rule, states) for c in rule.who]
    finding = [_holds(c, rule, states) for c in rule.finding]
    size = len(states)
    who_so = np.logical_and.reduce([so for so, _ in who], initial=True, dtype=bool) & np.ones(size, bool)
    who_not = np.zeros(size, bool)
    for so, unknown in who:
        who_not |= ~so & ~unknown
    found = np.ones(size, bool) if not finding else np.logical_or.reduce([so for so, _ in finding])
    found_not = np.zeros(size, bool) if not finding else np.logical_and.reduce([~so & ~u for so, u in finding])
    is_so = who_so & found
    return is_so, ~is_so & ~who_not & ~found_not


def _current(column: str, rule: Advice, states: pd.DataFrame) -> pd.Series:
    """A column as the rule sees it: measurements too old for it are missing."""
    values = states[column]
    if column in VITALS:
        values = values.where(states[f"{column}_days"] <= rule.valid_days)
    return values


def _holds(condition: Condition, rule: Advice, states: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Where the condition holds, and where that is not known."""
    values = _current(condition.column, rule, states)
    unknown = values.isna().to_numpy(bool)
    if condition.column in NUMBERS:
        x = values.to_numpy("float64", na_value=np.nan)
        so = np.ones(len(x), bool)
        if condition.low is not None:
            so &= x >= condition.low if condition.low_in else x > condition.low
        if condition.high is not None:
            so &= x <= condition.high if condition.high_in else x < condition.high
        return so & ~unknown, unknown
    if condition.column in FLAGS:
        flags = values.to_numpy("float64", na_value=np.nan)
        return (flags == float(condition.among[0])) & ~unknown, unknown
    return values.isin(condition.among).to_numpy(bool) & ~unknown, unknown


def _findings(rule: Advice, here: pd.DataFrame, day: pd.Timestamp, version: str) -> pd.DataFrame:
    """Rows of those for whom the rule is so, each with the values and the day that led to it."""
    import pandas as pd

    said, found = [rule.says] * len(here), [day] * len(here)
    led = [c for c in (*rule.finding, *rule.who) if c.column in VITALS]
    if led and len(here):
        so = {c.column: _holds(c, rule, here)[0] for c in led}
        ages = np.column_stack([np.where(so[c.column], here[f"{c.column}_days"], np.inf) for c in led]).min(axis=1)
        found = [day - pd.Timedelta(days=int(age)) for age in ages]
        values = {c.column: here[c.column].to_numpy() for c in led}
        said = [
            f"{rule.says}: " + ", ".join(_told(c.column, values[c.column][k]) for c in led if so[c.column][k])
            + f", {_ago(int(ages[k]))}"
            for k in range(len(here))
        ]  # fmt: skip
    return pd.DataFrame({
        "person": here["person"].to_numpy(), "rule": rule.name, "version": version, "kind": "finding",
        "level": rule.level, "finding": said, "advice": rule.advice, "source": rule.source,
        "found_on": pd.Series(found, dtype="datetime64[ns]"), "visit": rule.visit is not None,
    })  # fmt: skip


def _missing(rule: Advice, states: pd.DataFrame, undecided: np.ndarray) -> dict[str, np.ndarray]:
    """By column, those for whom the rule waits for it."""
    conditions = (*rule.who, *rule.finding)
    out = {c.column: undecided & _holds(c, rule, states)[1] for c in conditions}
    return {column: rows for column, rows in out.items() if rows.any()}


def _to_measure(measure, waits: Iterable, states: pd.DataFrame, day: pd.Timestamp, version: str) -> pd.DataFrame:
    """Rows of those for whom something waits for the measurement: what is missing, since when, and what waits."""
    import pandas as pd

    columns: dict[int, list[str]] = {}
    rules: dict[int, list[Advice]] = {}
    for rule, column, rows in waits:
        for k in np.flatnonzero(rows):
            columns.setdefault(k, [])
            rules.setdefault(k, [])
            if column not in columns[k]:
                columns[k].append(column)
            if rule not in rules[k]:
                rules[k].append(rule)
    at = sorted(columns)
    persons = states["person"].to_numpy()
    last = {c: states[f"{c}_days"].to_numpy() for c in measure.columns if c in VITALS}
    said = [f"not known: {', '.join(_lacking(c, k, last) for c in columns[k])}" for k in at]
    waiting = ["; ".join(dict.fromkeys(rule.label for rule in rules[k])) for k in at]
    return pd.DataFrame({
        "person": persons[at], "rule": f"measure_{measure.name}", "version": version, "kind": "missing",
        "level": LEVELS[0], "finding": said,
        "advice": [f"Measure or ask: {measure.says}. Nothing is advised until then on: {w}." for w in waiting],
        "source": [_sources(rules[k]) for k in at],
        "found_on": pd.Series([day] * len(at), dtype="datetime64[ns]"),
        "visit": [any(rule.visit_if_missing for rule in rules[k]) for k in at],
    })  # fmt: skip


def _sources(rules: list[Advice]) -> str:
    return "; ".join(dict.fromkeys(rule.source for rule in rules))


def _lacking(column: str, k: int, last: dict[str, np.ndarray]) -> str:
    if column not in VITALS:
        return column.replace("_", " ")
    label, age = VITALS[column][0], last[column][k]
    return f"{label} (never measured)" if np.isnan(age) else f"{label} (last measured {_ago(int(age))})"


def _told(column: str, value: float) -> str:
    label, unit = VITALS[column]
    if column == "danger_signs":
        return f"{value:.0f} danger sign{'s' if value > 1 else ''}"
    decimals = 1 if column in ("temp_c", "glucose_mmol_l") else 0
    return f"{label} {value:.{decimals}f} {unit}".strip()


def _ago(days: int) -> str:
    return "today" if days == 0 else "yesterday" if days == 1 else f"{days} days ago"
