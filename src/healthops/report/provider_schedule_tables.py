"""Summaries of rosters and sessions for readers: who works how much, what was granted, what is missing, changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

WEEKEND = (5, 6)


def by_provider(roster: pd.DataFrame, shift_types: pd.DataFrame, providers: pd.DataFrame) -> pd.DataFrame:
    """Shifts, nights, weekends touched and hours of each provider, with the hours of its contract a week.

    Parameters
    ----------
    roster : DataFrame
        provider, date, shift; every provider of `providers` gets a row.
    """
    minutes = roster["shift"].map(shift_types.set_index("shift")["minutes"])
    # The Saturday of the week tells weekends apart.
    saturday = roster["date"] - (roster["date"].dt.day_of_week - 5) * _day()
    weekend = saturday.where(roster["date"].dt.day_of_week.isin(WEEKEND))
    parts = roster.assign(night=roster["shift"] == "night", hours=minutes / 60, weekend=weekend).groupby("provider")
    found = parts.agg(shifts=("shift", "size"), nights=("night", "sum"), weekends=("weekend", "nunique"),
                      hours=("hours", "sum"))  # fmt: skip
    out = providers.set_index("provider")[["contract_hours", "nights"]].rename(columns={"nights": "may_nights"})
    return out.join(found).fillna({"shifts": 0, "nights": 0, "weekends": 0, "hours": 0.0}).astype(
        {"shifts": int, "nights": int, "weekends": int}
    )  # fmt: skip


def _day():
    import pandas as pd

    return pd.Timedelta(days=1)


def wishes_granted(requests: pd.DataFrame, roster: pd.DataFrame) -> pd.DataFrame:
    """Wishes (rows of ``provider_requests`` that are no days off) with whether the roster grants them."""
    has = {(row.provider, row.date): row.shift for row in roster.itertuples()}
    wishes = requests[requests["kind"] != "day_off"].copy()
    worked = [has.get((row.provider, row.date)) for row in wishes.itertuples()]
    wishes["granted"] = [
        (shift == row.shift) if row.kind == "on" else (shift is None if row.shift == "any" else shift != row.shift)
        for row, shift in zip(wishes.itertuples(), worked, strict=True)
    ]
    return wishes


def missing_cover(cover: pd.DataFrame, roster: pd.DataFrame) -> pd.DataFrame:
    """Cover with those who work: date, shift, required, rostered, missing."""
    there = roster.groupby(["date", "shift"]).size().rename("rostered")
    out = cover.join(there, on=["date", "shift"]).fillna({"rostered": 0}).astype({"rostered": int})
    return out.assign(missing=(out["required"] - out["rostered"]).clip(lower=0))


def plans_compared(plans: Mapping[str, Sequence], slot_min: float) -> pd.DataFrame:
    """Totals of each way to plan: ``booked``, ``cost`` (weighted slots), ``idle`` and ``overtime`` (minutes).

    ``wait`` is the mean in minutes of a patient who comes. ``worst_ratio``, which the report shows, is the largest of
    the sessions' ratios of the longest wait of a group to the shortest, which bounds are on; ``ratio`` is that of the
    groups' mean waits over all sessions, and missing where a group never waits.

    Parameters
    ----------
    plans : mapping
        Way -> (sessions, plans), as many of each (:class:`healthops.schedule.overbooking.Session` and ``Plan``).
    """
    import pandas as pd

    rows = []
    for way, (sessions, found) in plans.items():
        came, waited = {}, {}
        for session, plan in zip(sessions, found, strict=True):
            groups = session.groups or ["all"] * len(session.names)
            for group, show, wait in zip(groups, session.show, plan.patient_wait, strict=True):
                if wait is not None:
                    came[group] = came.get(group, 0.0) + show
                    waited[group] = waited.get(group, 0.0) + show * wait
        waits = [waited[g] / came[g] for g in came if came[g] > 0]
        ratio = max(waits) / min(waits) if waits and min(waits) > 0 else float("nan")
        rows.append({
            "plan": way, "booked": sum(p.booked for p in found), "cost": sum(p.cost for p in found),
            "wait": slot_min * sum(waited.values()) / max(sum(came.values()), 1e-9),
            "idle": slot_min * sum(p.idle for p in found), "overtime": slot_min * sum(p.overtime for p in found),
            "ratio": ratio, "worst_ratio": max(p.ratio for p in found), "proved": all(p.proved for p in found),
        })  # fmt: skip
    return pd.DataFrame(rows).set_index("plan")
