"""Sessions to replay: groups of real appointments of one day, in the order in which they were booked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


class SessionError(ValueError):
    """Appointments of which no sessions can be made; the message names the remedy."""


def draw_sessions(asked: pd.DataFrame, *, asking: int, per_day: int, rng: np.random.Generator) -> pd.DataFrame:
    """Put appointments of a clinic's day together at random into sessions of `asking` patients.

    Who is with whom is drawn, because public appointments name neither provider nor time. Every day gives as many
    sessions, so that days are the clusters of an interval; days with fewer are left out.

    Parameters
    ----------
    asked : DataFrame
        A row for each appointment: appointment, clinic, date, booked_date, booked_minute; other columns are kept.
    asking : int
        Patients who ask for a slot of the session.
    per_day : int
        Sessions of each day, over all clinics.
    rng : numpy.random.Generator

    Returns
    -------
    DataFrame
        The rows chosen, with `session` from 0 and `turn` from 0, in order of asking.

    Raises
    ------
    SessionError
        Sessions of nobody, none of a day, an appointment twice, or no day with enough appointments.
    """
    import pandas as pd

    if asking < 1 or per_day < 1:
        raise SessionError(f"{per_day} sessions a day of {asking} patients: ask for at least one of one")
    twice = asked["appointment"].duplicated()
    if twice.any():
        raise SessionError(f"appointment {asked.loc[twice, 'appointment'].iloc[0]} stands twice: keep one row of each")
    order = asked.sort_values(["date", "clinic", "booked_date", "booked_minute", "appointment"], ignore_index=True)
    found: list[pd.DataFrame] = []
    for _, day in order.groupby("date", sort=True):
        chunks = []
        for _, pool in day.groupby("clinic", sort=True):
            mixed = rng.permutation(len(pool))[: len(pool) // asking * asking].reshape(-1, asking)
            # Positions ascend in order of booking.
            chunks += [pool.iloc[np.sort(chunk)] for chunk in mixed]
        if len(chunks) >= per_day:
            found += [chunks[k] for k in np.sort(rng.permutation(len(chunks))[:per_day])]
    if not found:
        raise SessionError(
            f"no day has {per_day} sessions of {asking} appointments of a clinic: ask for fewer or smaller ones"
        )
    return pd.concat(
        [part.assign(session=number, turn=np.arange(asking)) for number, part in enumerate(found)], ignore_index=True
    )
