"""A booked session played against what its patients do: who came, who was seen, waits, idle time and overtime.

Each patient's random numbers belong to its appointment (:mod:`healthops.simulate.clinic_day`): under every rule of
booking it comes or not, is as late and stays as long in the same draw, if it is booked at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from healthops.simulate.clinic_day import BLOCK, ClinicDay, ClinicDayError, Draws, LogNormal, Punctuality, draw, play

if TYPE_CHECKING:
    import pandas as pd

#: What a draw of a session counts.
MEASURES = ("asked", "booked", "no_show", "seen", "unseen", "wait_min", "idle_min", "overtime_min")


@dataclass(frozen=True)
class Room:
    """Slots of a session: their number and minutes, who is on time, and until when somebody is called in."""

    slots: int
    slot_min: float
    punctuality: Punctuality
    last_call_min: float | None = None

    @property
    def length_min(self) -> float:
        """Minutes until the session should end."""
        return self.slots * self.slot_min


@dataclass(frozen=True)
class Patients:
    """Who asks for a slot of a session, in order of asking: what is true of each, which no rule of booking sees.

    ``no_show``: the chance that it does not come, or 1 and 0 where the outcome is on record.
    """

    names: Sequence[str]
    no_show: Sequence[float]
    service: Sequence[LogNormal]


@dataclass(frozen=True)
class Replayed:
    """``by_draw``: measure of ``MEASURES`` -> (D,); ``seen`` and ``wait_min``: (N,), means of each who asked."""

    by_draw: Mapping[str, np.ndarray]
    seen: np.ndarray
    wait_min: np.ndarray


def draw_patients(patients: Patients, room: Room, *, draws: int, seed: int) -> Draws:
    """What chance does to each patient who asks, whether it is booked or not; arrivals count from its appointment.

    Drawn once for a session, and taken for every rule of booking: common random numbers.

    Raises
    ------
    ClinicDayError
        Lists of several lengths, a patient twice, a chance outside 0 to 1, more draws than a block of them.
    """
    if not 0 < draws <= BLOCK:
        raise ClinicDayError(f"{draws} draws: give 1 to {BLOCK}")
    return draw(_day(patients, room, [0.0] * len(patients.names)), draws, seed=seed)


def _day(patients: Patients, room: Room, starts: Sequence[float], which: Sequence[int] | None = None) -> ClinicDay:
    n = len(patients.names)
    if not len(patients.no_show) == len(patients.service) == n:
        raise ClinicDayError(
            f"{n} patients, {len(patients.no_show)} chances, {len(patients.service)} visits: give one for each"
        )
    which = range(n) if which is None else which
    return ClinicDay(
        starts_min=list(starts),
        no_show=[float(patients.no_show[i]) for i in which],
        length_min=room.length_min,
        service=[patients.service[i] for i in which],
        patients=[str(patients.names[i]) for i in which],
        punctuality=room.punctuality,
        last_call_min=None if room.last_call_min is None else room.length_min + room.last_call_min,
    )


def replay(slot_of: Sequence[int | None], patients: Patients, drawn: Draws, room: Room) -> Replayed:
    """Play a session as it is booked, in every draw.

    Parameters
    ----------
    slot_of : sequence of int or None, shape (N,)
        Slot from 0 of each who asked; None for who is not booked.
    drawn : Draws
        Of :func:`draw_patients`.

    Raises
    ------
    ClinicDayError
        Lists of several lengths, or a slot that the room does not have.
    """
    n, draws = drawn.came.shape
    if not len(slot_of) == len(patients.names) == n:
        raise ClinicDayError(f"{len(slot_of)} slots for {len(patients.names)} patients of {n} drawn: give one for each")
    booked = [i for i in range(n) if slot_of[i] is not None]
    wrong = [i for i in booked if not 0 <= slot_of[i] < room.slots]
    if wrong:
        raise ClinicDayError(f"patient {patients.names[wrong[0]]}: slot {slot_of[wrong[0]]} of {room.slots}, from 0")
    starts = np.array([slot_of[i] * room.slot_min for i in booked], float)
    arrival = None if drawn.arrival_min is None else drawn.arrival_min[booked] + starts[:, None]
    day = _day(patients, room, starts, booked)
    played = play(day, Draws(drawn.came[booked], drawn.service_min[booked], arrival))
    came, seen = played.came.sum(axis=0), played.seen.sum(axis=0)
    by_draw = {
        "asked": np.full(draws, n), "booked": np.full(draws, len(booked)), "no_show": len(booked) - came, "seen": seen,
        "unseen": came - seen, "wait_min": played.wait_min.sum(axis=0), "idle_min": played.idle_min,
        "overtime_min": played.overtime_min,
    }  # fmt: skip
    each = {"seen": np.zeros(n), "wait_min": np.zeros(n)}
    for name, values in (("seen", played.seen), ("wait_min", played.wait_min)):
        each[name][booked] = values.mean(axis=1)
    return Replayed(by_draw, each["seen"], each["wait_min"])


def session_rows(played: Mapping[str, Replayed], *, session: int, clinic: str, date: object) -> pd.DataFrame:
    """Rows of table ``clinic_replay`` of one session, by rule of booking."""
    import pandas as pd

    parts = [
        pd.DataFrame({"policy": rule, "session": session, "draw": np.arange(len(one.by_draw["seen"])), **one.by_draw})
        for rule, one in played.items()
    ]
    return pd.concat(parts, ignore_index=True).assign(clinic=clinic, date=date)


def patient_rows(played: Mapping[str, Replayed], patients: Patients, *, session: int) -> pd.DataFrame:
    """Policy, session, appointment, seen and wait_min (means of the draws) of each who asked."""
    import pandas as pd

    parts = [
        pd.DataFrame({"policy": rule, "appointment": list(patients.names), "seen": one.seen, "wait_min": one.wait_min})
        for rule, one in played.items()
    ]
    return pd.concat(parts, ignore_index=True).assign(session=session)


def group_table(each: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Table ``clinic_replay_groups``: sums over a session's patients by rule, attribute and group.

    Parameters
    ----------
    each : DataFrame
        :func:`patient_rows` of all sessions.
    people : DataFrame
        `appointment`, and a column for each attribute.
    """
    import pandas as pd

    whole = each.merge(people, on="appointment", how="left", validate="many_to_one").assign(asked=1)
    parts = []
    for attribute in people.columns.drop("appointment"):
        key = ["policy", "session", attribute]
        sums = whole.groupby(key, as_index=False, sort=False)[["asked", "seen", "wait_min"]].sum()
        parts.append(sums.rename(columns={attribute: "group"}).assign(attribute=attribute))
    return pd.concat(parts, ignore_index=True)


def service_laws(rows: pd.DataFrame, laws: pd.DataFrame) -> list[LogNormal]:
    """Law of each patient's visit, of table ``service_time_law``; laws of other shape by their mean and deviation.

    Parameters
    ----------
    rows : DataFrame
        clinic, service, first_visit and age_band of each patient.

    Raises
    ------
    ClinicDayError
        If the table has no law for a patient.
    """
    key = ["clinic", "service", "first_visit", "age_band"]
    found = rows[key].merge(laws[[*key, "mean", "sd"]], on=key, how="left", validate="many_to_one")
    if found["mean"].isna().any():
        row = found[found["mean"].isna()].iloc[0]
        raise ClinicDayError(
            f"service_time_law has no row for {row['clinic']} {row['service']}, first_visit {row['first_visit']}, "
            f"{row['age_band']}: fit it in notebook 34"
        )
    spread = np.sqrt(np.log1p((found["sd"] / found["mean"]) ** 2))
    return [LogNormal(float(mean), float(sd)) for mean, sd in zip(found["mean"], spread, strict=True)]
