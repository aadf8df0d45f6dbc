"""Follow-up tasks: who is owed which visit at a date, by the schedule of ``follow_up.yaml``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from healthops.data.follow_up_rules import Rule, Schedule, load_schedule

if TYPE_CHECKING:
    import pandas as pd

#: Columns of :func:`follow_up_tasks`, in this order.
COLUMNS = (
    "task", "rule", "version", "label", "person", "pregnancy", "started_by", "due_on", "opens_on", "closes_on", "state",
    "state_on", "days_overdue", "priority", "level", "minutes", "skill",
)  # fmt: skip
#: What a task can be; the first two want a visit.
STATES = ("open", "overdue", "waiting", "resolved", "cancelled", "missed")


def follow_up_tasks(
    pregnancies: pd.DataFrame,
    visits: pd.DataFrame,
    people: pd.DataFrame,
    *,
    on: str | pd.Timestamp,
    schedule: Schedule | None = None,
) -> pd.DataFrame:
    """Return every task that the records up to the end of day `on` have started, with its state on that day.

    Nothing dated later is looked at: a delivery recorded tomorrow does not cancel a task today.

    Parameters
    ----------
    pregnancies, visits, people : DataFrame
        Tables ``community_pregnancies``, ``community_visits`` and ``community_people``.
    on : date
        The day on which the tasks are asked for.
    schedule : Schedule, optional
        Rules; those of the package unless given.

    Returns
    -------
    DataFrame
        One row a task, columns :data:`COLUMNS`, in the order of `task`. `state` is ``waiting`` (its window has not
        begun), ``open``, ``overdue`` (past its due date, in its window), ``resolved``, ``cancelled`` or ``missed`` (its
        window ended without either); `state_on` is the day of the resolving record, of what cancelled it, or of the
        window's end; `days_overdue` counts from the due date where it is overdue and is 0 elsewhere.
    """
    import pandas as pd

    day = pd.Timestamp(on).normalize()
    schedule = schedule or load_schedule()
    known = pregnancies[pregnancies["registered_on"] <= day]
    seen = visits[visits["date"] <= day]
    ends = _cancellations(known, day)
    # A baby's tasks hang on the pregnancy that it was born of, but on its own death.
    deaths = people.loc[people["died_on"] <= day, ["person", "died_on"]].set_index("person")["died_on"]
    parts = []
    for rule in schedule.rules:
        tasks = _started(rule, known, seen)
        if len(tasks):
            tasks["version"] = schedule.version
            parts.append(_judged(rule, tasks, seen, ends, deaths, day))
    if not parts:
        return _empty()
    out = pd.concat(parts, ignore_index=True).sort_values("task", kind="stable", ignore_index=True)
    return out[list(COLUMNS)]


def open_tasks(tasks: pd.DataFrame) -> pd.DataFrame:
    """Tasks that want a visit: highest priority first, then the longest overdue, then the nearest end of the window."""
    wanted = tasks[tasks["state"].isin(STATES[:2])]
    order = ["level", "days_overdue", "closes_on", "task"]
    return wanted.sort_values(order, ascending=[False, False, True, True], kind="stable", ignore_index=True)


def _started(rule: Rule, pregnancies: pd.DataFrame, visits: pd.DataFrame) -> pd.DataFrame:
    """One row a task that `rule` starts: person, pregnancy, started_by, started_on, due_on, task."""
    import pandas as pd

    if rule.due_from in ("lmp", "registered"):
        has = pregnancies["lmp_on"].notna()
        wanted = pregnancies if rule.needs_lmp is None else pregnancies[has == rule.needs_lmp]
        start = pd.DataFrame({
            "person": wanted["person"], "pregnancy": wanted["pregnancy"], "started_by": wanted["pregnancy"],
            "started_on": wanted["registered_on"],
            "from": wanted["lmp_on" if rule.due_from == "lmp" else "registered_on"],
        })  # fmt: skip
    else:
        column = {"next_facility_visit": "next_facility_visit_on", "follow_up": "follow_up_on"}[rule.due_from]
        wanted = visits[visits["form"].isin(rule.started_by) & visits[column].notna()]
        if rule.referral:
            wanted = wanted[wanted["referral"]]
        if rule.person != "anyone":
            # A delivery is recorded for the mother and for the baby; each record is about its own person.
            wanted = wanted[wanted["pregnancy"].isin(pregnancies["pregnancy"])]
            mother = pregnancies.set_index("pregnancy")["person"].reindex(wanted["pregnancy"]).to_numpy()
            wanted = wanted[(wanted["person"] == mother) == (rule.person == "mother")]
        start = pd.DataFrame({
            "person": wanted["person"], "pregnancy": wanted["pregnancy"], "started_by": wanted["visit"],
            "started_on": wanted["date"], "from": wanted[column],
        })  # fmt: skip
    tasks = start.loc[start.index.repeat(len(rule.due_days))].reset_index(drop=True)
    after = np.tile(np.array(rule.due_days, dtype="int64"), len(start))
    tasks["due_on"] = tasks.pop("from") + pd.to_timedelta(after, unit="D")
    tasks["task"] = (
        rule.name + ":" + tasks["started_by"] + ":" + pd.Series(after, dtype="int64").astype(str).str.zfill(3)
    )
    return tasks


def _judged(
    rule: Rule, tasks: pd.DataFrame, visits: pd.DataFrame, ends: pd.DataFrame, deaths: pd.Series, day: pd.Timestamp
) -> pd.DataFrame:
    """Add window, state and what the rule says of every task."""
    import pandas as pd

    tasks["opens_on"] = tasks["due_on"] - pd.Timedelta(days=rule.days_before)
    tasks["closes_on"] = tasks["due_on"] + pd.Timedelta(days=rule.days_after)
    resolved = _resolved_on(rule, tasks, visits)
    cancelled = _cancelled_on(rule, tasks, ends, deaths)
    never = pd.Timestamp.max.normalize()
    by_visit = resolved.notna() & (resolved.fillna(never) <= cancelled.fillna(never))
    by_end = ~by_visit & cancelled.notna() & (cancelled <= tasks["closes_on"])
    state = np.select(
        [by_visit, by_end, tasks["closes_on"] < day, tasks["opens_on"] > day, tasks["due_on"] < day],
        ["resolved", "cancelled", "missed", "waiting", "overdue"],
        "open",
    )
    tasks["state"] = state
    tasks["state_on"] = resolved.where(by_visit, cancelled.where(by_end, tasks["closes_on"].where(state == "missed")))
    late = (day - tasks["due_on"]).dt.days
    tasks["days_overdue"] = late.where(state == "overdue", 0).astype("int64")
    return tasks.assign(
        rule=rule.name,
        label=rule.label,
        priority=rule.priority,
        level=rule.level,
        minutes=rule.minutes,
        skill=rule.skill,
    )


def _resolved_on(rule: Rule, tasks: pd.DataFrame, visits: pd.DataFrame) -> pd.Series:
    """First day in the window, after the record that started the task, with a record of the form that resolves it."""
    import pandas as pd

    forms = visits.loc[visits["form"] == rule.resolved_by, ["person", "date"]]
    pairs = tasks[["person", "started_on", "opens_on", "closes_on"]].reset_index().merge(forms, on="person")
    inside = pairs["date"].between(pairs["opens_on"], pairs["closes_on"]) & (pairs["date"] > pairs["started_on"])
    first = pairs[inside].groupby("index")["date"].min()
    return pd.to_datetime(first.reindex(tasks.index))


def _cancelled_on(rule: Rule, tasks: pd.DataFrame, ends: pd.DataFrame, deaths: pd.Series) -> pd.Series:
    """First day of anything that cancels the task; NaT where nothing has."""

    # Reindexed, for a map of nothing would turn dates into numbers.
    days = [
        (deaths.reindex(tasks["person"]) if reason == "death" else ends[reason].reindex(tasks["pregnancy"])).set_axis(
            tasks.index
        )
        for reason in rule.cancelled_by
    ]
    first = days[0]
    for other in days[1:]:
        first = first.where(other.isna() | (first <= other), other)
    return first


def _cancellations(pregnancies: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Days up to `day` on which each pregnancy's tasks were cancelled, one column a reason; NaT where they were not."""
    import pandas as pd

    table = pregnancies.set_index("pregnancy")
    told = table["end_recorded_on"].where(table["end_recorded_on"] <= day)
    born = table["outcome"] == "delivery"
    pairs = table.reset_index()[["pregnancy", "person", "registered_on"]]
    pairs = pairs.merge(pairs, on="person", suffixes=("", "_other"))
    newer = pairs[pairs["registered_on_other"] > pairs["registered_on"]]
    return pd.DataFrame({
        "delivery": told.where(born),
        "loss": told.where(table["outcome"].isin(["miscarriage", "abortion"])),
        "newer_pregnancy": newer.groupby("pregnancy")["registered_on_other"].min().reindex(table.index),
        "muted": table["muted_on"].where(table["muted_on"] <= day),
    })  # fmt: skip


def _empty() -> pd.DataFrame:
    import pandas as pd

    dates, whole = {"due_on", "opens_on", "closes_on", "state_on"}, {"days_overdue", "level", "minutes"}
    types = {c: "datetime64[ns]" if c in dates else "int64" if c in whole else "str" for c in COLUMNS}
    return pd.DataFrame({c: pd.Series(dtype=kind) for c, kind in types.items()})
