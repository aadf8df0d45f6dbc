"""What became different between two plans of a day, and how much each worker does in several days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from healthops.schedule.visits import VisitPlan

#: What can become of a visit, the greatest change first.
CHANGES = ("new", "given up", "other worker", "other time")


def plan_changes(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return the visits that differ between two plans of the same day.

    Parameters
    ----------
    before, after : DataFrame
        Visits of each plan (:meth:`healthops.schedule.visits.VisitPlan.visits`).

    Returns
    -------
    DataFrame
        household, tasks, change (of :data:`CHANGES`), worker_before, worker_after, begins_before, begins_after (minutes
        after midnight; missing where the visit is not made). Greatest change first.
    """
    import pandas as pd

    sides = [
        {frozenset(row.tasks): (row.household, row.worker, row.begins_min) for row in visits.itertuples()}
        for visits in (before, after)
    ]
    # A visit is known by its tasks: a home can have two visits a day, for different skills.
    rows = []
    for tasks in sorted({*sides[0], *sides[1]}, key=sorted):
        old, new = (side.get(tasks) for side in sides)
        if old == new:
            continue
        home = (old or new)[0]
        change = CHANGES[0] if old is None else CHANGES[1] if new is None else CHANGES[2 if old[1] != new[1] else 3]
        at = (None if side is None else side[2] for side in (old, new))
        who = (None if side is None else side[1] for side in (old, new))
        rows.append((home, tuple(sorted(tasks)), change, *who, *at))
    columns = ["household", "tasks", "change", "worker_before", "worker_after", "begins_before", "begins_after"]
    out = pd.DataFrame(rows, columns=columns).astype({"begins_before": "Int64", "begins_after": "Int64"})
    order = out["change"].map({change: k for k, change in enumerate(CHANGES)})
    return out.assign(order=order).sort_values(["order", "household"], ignore_index=True).drop(columns="order")


def workload(plans: Sequence[VisitPlan], workers: pd.DataFrame) -> pd.DataFrame:
    """Return what each worker does in the days of the plans; workers without a visit too.

    Parameters
    ----------
    plans : sequence of VisitPlan
        One a day.
    workers : DataFrame
        Table ``community_workers``.

    Returns
    -------
    DataFrame
        worker, days (at work), visits, tasks, walked_min, visit_min, work_min (walked and at visits), available_min
        (working hours less breaks, of those days). In the order of `workers`.
    """
    import pandas as pd

    made = pd.concat([plan.days() for plan in plans], ignore_index=True)
    sums = made.groupby("worker")[["visits", "walked_min", "visit_min"]].sum()
    stops = pd.concat([plan.visits()[["worker", "tasks"]] for plan in plans], ignore_index=True)
    tasks = stops["tasks"].map(len).groupby(stops["worker"]).sum()
    days = [pd.Timestamp(plan.on).weekday() for plan in plans]
    out = workers[["worker"]].reset_index(drop=True)
    out["days"] = [sum(week[day] == "1" for day in days) for week in workers["workdays"]]
    for column in sums:
        out[column] = out["worker"].map(sums[column]).fillna(0).astype("int64")
    out.insert(3, "tasks", out["worker"].map(tasks).fillna(0).astype("int64"))
    hours = (workers["ends_min"] - workers["starts_min"] - workers["break_min"]).to_numpy()
    return out.assign(
        work_min=out["walked_min"] + out["visit_min"], available_min=(out["days"] * hours).astype("int64")
    )
