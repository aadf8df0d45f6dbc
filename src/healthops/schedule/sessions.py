"""Sessions with appointments: where slots are open, and who is seen in which session, by what both sides prefer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from healthops.schedule.appointments import MIDDAY, AppointmentError, NoOpenSlot, OfferRules

if TYPE_CHECKING:
    import pandas as pd


def open_sessions(
    tables: Mapping[str, pd.DataFrame],
    *,
    clinic: str,
    service: str,
    dates: pd.DatetimeIndex,
    begins: Mapping[str, int],
    slots: int,
    slot_min: int,
) -> pd.DataFrame:
    """Slots of sessions that providers can hold: those of the clinic with the skill, whose windows hold them whole.

    Parameters
    ----------
    tables : mapping
        ``providers``, ``provider_skills``, ``provider_availability``, ``provider_requests`` (days off).
    dates : DatetimeIndex
        Days on which sessions are held.
    begins : mapping
        Half of the day -> minute of the day at which its session begins.
    slots, slot_min : int
        Slots of a session, and minutes of each.

    Returns
    -------
    DataFrame
        A row for each slot, in order: session, slot, clinic, provider, date, half, start_minute, minutes.

    Raises
    ------
    NoOpenSlot
        If nobody can hold a session.
    """
    import pandas as pd

    if slots < 1 or slot_min < 1:
        raise AppointmentError(f"sessions of {slots} slots of {slot_min} min: give at least 1 and 1")
    skills, providers = tables["provider_skills"], tables["providers"]
    able = set(skills.loc[skills["service"] == service, "provider"])
    mine = providers.loc[(providers["clinic"] == clinic) & providers["provider"].isin(able), "provider"]
    wishes = tables["provider_requests"]
    off = set(map(tuple, wishes.loc[wishes["kind"] == "day_off", ["provider", "date"]].itertuples(index=False)))
    windows = tables["provider_availability"]
    windows = windows[windows["provider"].isin(mine) & windows["date"].isin(dates)].sort_values(["date", "provider"])
    rows = []
    for row in windows.itertuples():
        for half, begin in begins.items():
            if (row.provider, row.date) in off or not row.start_minute <= begin <= row.end_minute - slots * slot_min:
                continue
            session = f"{row.date:%Y-%m-%d} {half} {row.provider}"
            rows += [(session, f"{session} {k + 1:02d}", clinic, row.provider, row.date, half, begin + k * slot_min,
                      slot_min) for k in range(slots)]  # fmt: skip
    if not rows:
        raise NoOpenSlot(f"{clinic} {service}: none of {len(mine)} providers can hold a session on {len(dates)} days")
    names = ["session", "slot", "clinic", "provider", "date", "half", "start_minute", "minutes"]
    return pd.DataFrame(rows, columns=names)


def still_open(slots: pd.DataFrame, lead_days: np.ndarray, today: pd.Timestamp, rng: np.random.Generator):
    """Slots that are still open `today`: each is taken with the share of appointments that are booked so long before.

    Parameters
    ----------
    slots : DataFrame
        :func:`open_sessions`.
    lead_days : array
        Leads of appointments on record: of a slot d days ahead the share of them above d has been booked by now.

    Returns
    -------
    DataFrame
    """
    leads = np.sort(np.asarray(lead_days, float))
    ahead = (slots["date"] - today).dt.days.to_numpy()
    taken = 1 - np.searchsorted(leads, ahead, side="right") / len(leads)
    return slots[rng.random(len(slots)) >= taken].reset_index(drop=True)


def share_out(requests: pd.DataFrame, sessions: pd.DataFrame, most: int, rules: OfferRules | None = None) -> np.ndarray:
    """Give each patient a session, missing the least preferences in all (Kuhn 1955, an assignment problem).

    Parameters
    ----------
    requests : DataFrame
        patient, prefers, preferred_provider (missing: any); preferences of providers who hold none of the sessions
        cannot be met and are not counted.
    sessions : DataFrame
        session, provider, start_minute: a row for each.
    most : int
        Patients who may ask for one session.

    Returns
    -------
    array of int, shape (patients,)
        Row of `sessions`.

    Raises
    ------
    NoOpenSlot
        More patients than places.
    """
    from scipy.optimize import linear_sum_assignment

    rules = rules or OfferRules()
    if len(requests) > most * len(sessions):
        raise NoOpenSlot(
            f"{len(requests)} patients for {len(sessions)} sessions of {most} places: add sessions, or let fewer ask"
        )
    cost = penalties(requests, sessions, rules)
    _, chosen = linear_sum_assignment(np.repeat(cost, most, axis=1))
    return chosen // most


def penalties(requests: pd.DataFrame, sessions: pd.DataFrame, rules: OfferRules) -> np.ndarray:
    """Days of waiting that the missed preferences are worth, shape (patients, sessions)."""
    wants = requests["prefers"].to_numpy(object)[:, None]
    early = (sessions["start_minute"].to_numpy() < MIDDAY)[None, :]
    other_time = (wants != "any") & ((wants == "morning") != early)
    whom = requests["preferred_provider"].where(requests["preferred_provider"].isin(sessions["provider"]), "any")
    whom = whom.to_numpy(object)[:, None]
    other_provider = (whom != "any") & (whom != sessions["provider"].to_numpy(object)[None, :])
    return rules.other_time * other_time + rules.other_provider * other_provider
