"""Appointments: ranked offers of open slots, who moves when a day changes, and what changed, in words.

An offer is ranked by its *penalty in days*: the days that the patient waits for it from the earliest day it can come,
and for each preference that it misses, the days that the patient would rather wait (``OfferRules``). The less time
there is, the less preferences count: for an urgent patient not at all. Ties go to the earlier time, then to the slot's
name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from healthops.schedule.overbooking import Plan, Session

if TYPE_CHECKING:
    import pandas as pd

#: Parts of the day that patients prefer; midday divides them.
PREFERS = ("morning", "afternoon", "any")
MIDDAY = 720
SLOT_COLUMNS = ("slot", "clinic", "provider", "date", "start_minute", "minutes")
OFFER_COLUMNS = (
    "rank", "slot", "clinic", "provider", "date", "start_minute", "minutes", "penalty_days", "wait_days", "fits_time",
    "fits_provider", "already_booked", "reason",
)  # fmt: skip


class AppointmentError(ValueError):
    """A request or a table from which nothing can be offered; names the row, patient or provider, and the remedy."""


class NoOpenSlot(AppointmentError):
    """There is no open slot, or none that the request allows."""


class NegativeDuration(AppointmentError):
    """A slot or a visit that takes no time, or less."""


class OverlappingSlots(AppointmentError):
    """A provider has two open slots at one time."""


class ProviderLacksSkill(AppointmentError):
    """A provider has open slots or is asked for, and cannot give the service."""


@dataclass(frozen=True)
class Urgency:
    """How soon somebody must be seen, and how much its preferences count beside days of waiting."""

    within_days: int | None
    preferences: float


@dataclass(frozen=True)
class OfferRules:
    """What a missed preference is worth in days of waiting, and what each urgency means: assumptions to replace.

    ``other_time``: the other half of the day. ``other_provider``: not the one preferred. ``shared``: each patient who
    is already booked for the slot (expected wait in the clinic, whatever the urgency).
    """

    other_time: float = 3.0
    other_provider: float = 5.0
    shared: float = 2.0
    urgency: Mapping[str, Urgency] = field(
        default_factory=lambda: {
            "urgent": Urgency(1, 0.0),
            "soon": Urgency(14, 0.5),
            "routine": Urgency(None, 1.0),
        }
    )


@dataclass(frozen=True)
class SlotRequest:
    """Who needs a slot.

    ``earliest``: first day on which it can come (a date, or ISO text); ``earliest_minute`` of that day;
    ``minutes``: least length of the slot; ``clinic``: None for any.
    """

    patient: str
    service: str
    earliest: str
    earliest_minute: int = 0
    minutes: int = 1
    clinic: str | None = None
    prefers: str = "any"
    preferred_provider: str | None = None
    urgency: str = "routine"

    def __post_init__(self) -> None:
        if self.minutes <= 0:
            raise NegativeDuration(f"patient {self.patient}: a visit of {self.minutes} min; give a positive duration")
        if self.prefers not in PREFERS:
            raise AppointmentError(
                f"patient {self.patient}: prefers {self.prefers!r}; known parts of the day: {', '.join(PREFERS)}"
            )
        if np.isnat(_day(self.earliest)):
            raise AppointmentError(f"patient {self.patient}: earliest day {self.earliest!r}; give an ISO date")


def _day(value: object) -> np.datetime64:
    try:
        return np.datetime64(value, "D")
    except ValueError:
        return np.datetime64("NaT")


class OpenSlots:
    """Open slots as arrays, checked once, asked often.

    Parameters
    ----------
    table : pandas.DataFrame
        A row for each slot: slot, clinic, provider, date, start_minute (of the day), minutes; optionally
        ``already_booked``, patients whom overbooking has put there before.
    skills : pandas.DataFrame
        Table ``provider_skills``: provider, service.

    Raises
    ------
    AppointmentError
        A column lacks, a slot stands twice or has no date; and as its kinds: no slot at all, a slot of no length or
        less, two slots of a provider at one time, a provider without a skill.
    """

    def __init__(self, table: pd.DataFrame, skills: pd.DataFrame) -> None:
        lacking = [name for name in SLOT_COLUMNS if name not in table]
        if lacking:
            raise AppointmentError(f"open slots lack the columns {', '.join(lacking)}; they have {', '.join(table)}")
        if table.empty:
            raise NoOpenSlot("there are no open slots: plan sessions first, or free some")
        self.slot = table["slot"].astype(str).to_numpy(object)
        self.clinic = table["clinic"].astype(str).to_numpy(object)
        self.provider = table["provider"].astype(str).to_numpy(object)
        self.date = table["date"].to_numpy().astype("datetime64[D]")
        self.start = table["start_minute"].to_numpy(np.int64)
        self.minutes = table["minutes"].to_numpy(float)
        booked = table["already_booked"].to_numpy(np.int64) if "already_booked" in table else 0
        self.booked = np.broadcast_to(booked, len(table)).copy()
        self.free = np.ones(len(table), bool)
        self._check()
        self._index(skills)

    def _check(self) -> None:
        bad = np.flatnonzero(~(self.minutes > 0))
        if len(bad):
            raise NegativeDuration(
                f"open slot {self.slot[bad[0]]}: {self.minutes[bad[0]]:g} min; give a positive length, or leave it out"
            )
        bad = np.flatnonzero(np.isnat(self.date) | (self.start < 0) | (self.start >= 1440))
        if len(bad):
            at = bad[0]
            raise AppointmentError(f"open slot {self.slot[at]}: {self.date[at]}, minute {self.start[at]}: no such time")
        names, times = np.unique(self.slot, return_counts=True)
        if times.max() > 1:
            raise AppointmentError(f"open slot {names[times.argmax()]} stands {times.max()} times: name each once")
        _, who = np.unique(self.provider, return_inverse=True)
        begin = self.date.astype(np.int64) * 1440 + self.start
        order = np.lexsort((begin, who))
        same = who[order][1:] == who[order][:-1]
        over = np.flatnonzero(same & (begin[order][1:] < begin[order][:-1] + self.minutes[order][:-1]))
        if len(over):
            first, second = order[over[0]], order[over[0] + 1]
            raise OverlappingSlots(
                f"provider {self.provider[first]}: slots {self.slot[first]} and {self.slot[second]} overlap on "
                f"{self.date[first]}; keep one"
            )

    def _index(self, skills: pd.DataFrame) -> None:
        """Numbers for names: comparing them is what an offer spends its time on."""
        self.providers, self.provider_of = np.unique(self.provider, return_inverse=True)
        self.clinics, self.clinic_of = np.unique(self.clinic, return_inverse=True)
        self.skills: dict[str, set[str]] = {}
        for provider, service in zip(skills["provider"].astype(str), skills["service"].astype(str), strict=True):
            self.skills.setdefault(provider, set()).add(service)
        without = [name for name in self.providers if name not in self.skills]
        if without:
            raise ProviderLacksSkill(
                f"provider {without[0]} has open slots and no skill: give it a row in provider_skills, or close them"
            )
        self.services = set().union(*(self.skills[name] for name in self.providers))

    def __len__(self) -> int:
        return int(self.free.sum())

    def take(self, slot: str) -> None:
        """Take a slot off the list.

        Raises
        ------
        NoOpenSlot
            If it is not open.
        """
        found = np.flatnonzero((self.slot == slot) & self.free)
        if not len(found):
            raise NoOpenSlot(f"slot {slot} is not open: offer another")
        self.free[found[0]] = False


def offer_slots(
    slots: OpenSlots, request: SlotRequest, *, most: int = 5, rules: OfferRules | None = None
) -> pd.DataFrame:
    """Rank open slots for a patient, best first.

    Returns
    -------
    pandas.DataFrame
        Up to `most` rows of ``OFFER_COLUMNS``; ``reason`` says what speaks for and against.

    Raises
    ------
    NoOpenSlot
        Saying how many slots each wish left.
    ProviderLacksSkill
        If nobody with open slots gives the service, or the preferred provider does not. One who gives it and has no
        open slot is a preference that no offer meets.
    AppointmentError
        If the urgency is not known.
    """
    import pandas as pd

    rules = rules or OfferRules()
    allowed, penalty, urgency = _penalties(slots, request, rules)
    if len(allowed) > most:
        # Only those that can be among the first are sorted.
        allowed = allowed[penalty <= np.partition(penalty, most - 1)[most - 1]]
        penalty = _penalty(slots, request, rules, urgency, allowed)
    order = np.lexsort((slots.slot[allowed].astype(str), slots.start[allowed], slots.date[allowed], penalty))[:most]
    rows = [_offer(slots, request, rank, int(allowed[i]), float(penalty[i]), rules) for rank, i in enumerate(order, 1)]
    return pd.DataFrame(rows, columns=list(OFFER_COLUMNS))


def _penalties(slots: OpenSlots, request: SlotRequest, rules: OfferRules) -> tuple[np.ndarray, np.ndarray, Urgency]:
    """Slots that a request allows, with the penalty of each."""
    if request.urgency not in rules.urgency:
        raise AppointmentError(
            f"patient {request.patient}: urgency {request.urgency!r}; known: {', '.join(rules.urgency)}"
        )
    if request.service not in slots.services:
        raise ProviderLacksSkill(
            f"patient {request.patient}: nobody with open slots has the skill {request.service}; they have "
            f"{', '.join(sorted(slots.services))}"
        )
    favourite = request.preferred_provider
    if favourite is not None and request.service not in slots.skills.get(favourite, set()):
        raise ProviderLacksSkill(
            f"patient {request.patient} prefers provider {favourite}, who has not the skill {request.service} in "
            f"provider_skills: ask without one"
        )
    urgency, day = rules.urgency[request.urgency], _day(request.earliest)
    skilled = np.array([request.service in slots.skills[name] for name in slots.providers])
    keep, left = slots.free.copy(), [f"{len(slots)} open"]

    def only(mask: np.ndarray, words: str) -> None:
        np.logical_and(keep, mask, out=keep)
        left.append(f"{int(keep.sum())} {words}")

    only(skilled[slots.provider_of], f"for {request.service}")
    if request.clinic is not None:
        only(slots.clinic == request.clinic, f"at {request.clinic}")
    only(slots.minutes >= request.minutes, f"of {request.minutes} min or more")
    late = (slots.date == day) & (slots.start < request.earliest_minute)
    only((slots.date >= day) & ~late, f"from {day}, minute {request.earliest_minute}, on")
    if urgency.within_days is not None:
        only(slots.date <= day + urgency.within_days, f"within {urgency.within_days} days ({request.urgency})")
    allowed = np.flatnonzero(keep)
    if not len(allowed):
        raise NoOpenSlot(
            f"patient {request.patient}: no slot to offer ({', '.join(left)}): loosen the last, or add one"
        )
    return allowed, _penalty(slots, request, rules, urgency, allowed), urgency


def _penalty(
    slots: OpenSlots, request: SlotRequest, rules: OfferRules, urgency: Urgency, rows: np.ndarray
) -> np.ndarray:
    days = (slots.date[rows] - _day(request.earliest)).astype(float)
    missed = np.zeros(len(rows))
    if request.prefers != "any":
        missed += rules.other_time * ((slots.start[rows] < MIDDAY) != (request.prefers == "morning"))
    if request.preferred_provider is not None:
        missed += rules.other_provider * (slots.provider[rows] != request.preferred_provider)
    return days + urgency.preferences * missed + rules.shared * slots.booked[rows]


def _offer(
    slots: OpenSlots, request: SlotRequest, rank: int, at: int, penalty: float, rules: OfferRules
) -> dict[str, object]:
    days = int((slots.date[at] - _day(request.earliest)).astype(int))
    fits_time = request.prefers == "any" or (slots.start[at] < MIDDAY) == (request.prefers == "morning")
    fits_provider = request.preferred_provider in (None, slots.provider[at])
    words = ["the earliest day" if days == 0 else "a day later" if days == 1 else f"{days} days later"]
    if request.prefers != "any":
        words.append(f"{'in' if fits_time else 'not in'} the {request.prefers}")
    if request.preferred_provider is not None:
        words.append(f"{'with' if fits_provider else 'not with'} {request.preferred_provider}")
    if slots.booked[at]:
        words.append(f"{slots.booked[at]} already booked for it")
    values = (
        rank, slots.slot[at], slots.clinic[at], slots.provider[at], slots.date[at].astype("datetime64[s]"),
        int(slots.start[at]), float(slots.minutes[at]), penalty, days, bool(fits_time), bool(fits_provider),
        int(slots.booked[at]), ", ".join(words),
    )  # fmt: skip
    return dict(zip(OFFER_COLUMNS, values, strict=True))


def rebook(slots: OpenSlots, requests: Sequence[SlotRequest], *, rules: OfferRules | None = None) -> pd.DataFrame:
    """Give patients whose provider is absent a new slot each: the least sum of penalties, each slot once.

    Only each patient's best slots are looked at, as many as there are patients: no better sum needs another.

    Returns
    -------
    pandas.DataFrame
        A row for each patient in the order given, ``patient`` before ``OFFER_COLUMNS``; the slots stay open until
        :meth:`OpenSlots.take` takes them.

    Raises
    ------
    NoOpenSlot
        If a patient has no slot to be offered, or all together too few.
    """
    import pandas as pd
    from scipy.optimize import linear_sum_assignment

    rules = rules or OfferRules()
    if not requests:
        return pd.DataFrame(columns=["patient", *OFFER_COLUMNS])
    offers = [offer_slots(slots, request, most=len(requests), rules=rules) for request in requests]
    names = sorted({name for offer in offers for name in offer["slot"]})
    place = {name: i for i, name in enumerate(names)}
    dear = 1e6
    cost = np.full((len(requests), max(len(names), len(requests))), dear)
    for row, offer in enumerate(offers):
        cost[row, [place[name] for name in offer["slot"]]] = offer["penalty_days"]
    rows, chosen = linear_sum_assignment(cost)
    short = [requests[row].patient for row, at in zip(rows, chosen, strict=True) if cost[row, at] >= dear]
    if short:
        raise NoOpenSlot(f"{len(short)} of {len(requests)} patients find no slot, {short[0]} first: free more slots")
    found = []
    for request, offer, at in zip(requests, offers, chosen, strict=True):
        found.append({"patient": request.patient} | offer[offer["slot"] == names[at]].iloc[0].to_dict())
    return pd.DataFrame(found)


def offer_freed_slot(
    slots: OpenSlots, slot: str, waiting: Mapping[SlotRequest, str], *, most: int = 5, rules: OfferRules | None = None
) -> pd.DataFrame:
    """Rank those who would gain from a slot that a cancellation freed.

    Parameters
    ----------
    waiting : mapping
        Request -> day of the appointment that the patient has (ISO text), far ahead for who has none.

    Returns
    -------
    pandas.DataFrame
        patient, urgency, gained_days (from the appointment to the freed slot), penalty_days, reason: the more urgent
        first, then who gains most days beyond the penalty of missed preferences. Empty where nobody may come.

    Raises
    ------
    NoOpenSlot
        If the slot is not open.
    """
    import pandas as pd

    rules = rules or OfferRules()
    at = np.flatnonzero((slots.slot == slot) & slots.free)
    if not len(at):
        raise NoOpenSlot(f"slot {slot} is not open: offer another")
    ranks, rows = {name: i for i, name in enumerate(rules.urgency)}, []
    for request, has in waiting.items():
        if request.service not in slots.skills[slots.provider[at[0]]]:
            continue
        try:
            allowed, penalty, _ = _penalties(slots, request, rules)
        except NoOpenSlot:
            continue
        hit = np.flatnonzero(allowed == at[0])
        gained = int((_day(has) - slots.date[at[0]]).astype(int))
        if len(hit) and gained > 0:
            offer = _offer(slots, request, 1, int(at[0]), float(penalty[hit[0]]), rules)
            missed = float(penalty[hit[0]]) - offer["wait_days"]
            rows.append((ranks[request.urgency], missed - gained, request.patient, request.urgency, gained,
                         float(penalty[hit[0]]), f"{gained} days sooner than {has}; {offer['reason']}"))  # fmt: skip
    rows.sort(key=lambda row: row[:3])
    columns = ["patient", "urgency", "gained_days", "penalty_days", "reason"]
    return pd.DataFrame([row[2:] for row in rows[:most]], columns=columns)


def plan_table(session: Session, plan: Plan, *, begin_minute: int, slot_min: float) -> pd.DataFrame:
    """Plan of a session as a table: a row for each patient who asked, those not booked with a missing slot.

    Columns: patient, group, no_show_probability, slot (from 0), start_minute of the day, together (booked for the
    slot), expected_wait_min (if it comes), in order of time and of asking.

    Raises
    ------
    NegativeDuration
        If a slot has no length.
    """
    import pandas as pd

    if not slot_min > 0:
        raise NegativeDuration(f"slots of {slot_min} min: give a positive length")
    held = [sum(other == slot for other in plan.slot_of) if slot is not None else 0 for slot in plan.slot_of]
    table = pd.DataFrame(
        {
            "patient": session.names,
            "group": list(session.groups) or ["all"] * len(session.names),
            "no_show_probability": np.asarray(session.no_show, float),
            "slot": pd.array(plan.slot_of, dtype="Int64"),
            "start_minute": pd.array(
                [None if s is None else round(begin_minute + s * slot_min) for s in plan.slot_of], dtype="Int64"
            ),
            "together": held,
            "expected_wait_min": [np.nan if w is None else w * slot_min for w in plan.patient_wait],
        }
    )
    return table.sort_values("slot", kind="stable", na_position="last", ignore_index=True)


def changes(before: pd.DataFrame, after: pd.DataFrame, *, what: Sequence[str] = ("provider", "date", "start_minute")):
    """Difference of two tables of appointments (column ``patient`` and those of `what`), readable.

    Returns
    -------
    pandas.DataFrame
        patient, kind (booked, cancelled, moved) and sentence; those who keep everything are not in it.
    """
    import pandas as pd

    def words(row: pd.Series) -> str:
        parts = []
        for name in what:
            value = row[name]
            if name == "start_minute":
                value = f"{int(value) // 60:02d}:{int(value) % 60:02d}"
            parts.append(str(value)[:10] if name == "date" else str(value))
        return " ".join(parts)

    old, new = (frame.set_index(frame["patient"].astype(str)) for frame in (before, after))
    rows = []
    for patient in sorted(set(old.index) | set(new.index)):
        if patient not in new.index:
            rows.append((patient, "cancelled", f"{patient}: {words(old.loc[patient])} is cancelled"))
        elif patient not in old.index:
            rows.append((patient, "booked", f"{patient}: booked {words(new.loc[patient])}"))
        elif words(old.loc[patient]) != words(new.loc[patient]):
            rows.append((patient, "moved", f"{patient}: {words(old.loc[patient])} -> {words(new.loc[patient])}"))
    return pd.DataFrame(rows, columns=["patient", "kind", "sentence"])
