"""Overbooking: whom to book for a session, in which slot, and how many more than there are slots.

A session has K slots, each as long as a visit; some patients do not come. The model is that of LaGanga and Lawrence
(2012, "Appointment overbooking in health care clinics to improve patient service and clinic performance", Production
and Operations Management 21, 874) and of Zacharias and Pinedo (2014, "Appointment scheduling with no-shows and
overbooking", the same 23, 788): a visit takes a slot, who comes is on the minute, whoever is not seen in a slot waits
for the next, and the session goes on until all are seen. The cost is the weighted sum of the expected wait of all
patients, the provider's idle time and overtime, in slots. It is computed exactly.

Because who is likelier not to come does least harm beside another patient, the cheapest plan books those two to a slot,
and those of them who come wait longer: Samorani et al. (2022, "Overbooked and overlooked: machine learning and racial
bias in medical appointment scheduling", Manufacturing & Service Operations Management 24, 2825) found about 30 % longer
for the group with more no-shows. `most_ratio` bounds it: the longest expected wait of a group's patient who comes, over
the shortest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

import numpy as np

#: Up to so many patients the best plan is looked for by branch and bound, and proved to be it.
EXACT_PATIENTS = 14


class OverbookingError(ValueError):
    """A session that cannot be booked; the message names the patient or the parameter, and the remedy."""


@dataclass(frozen=True)
class Weights:
    """Cost of a slot's length of one patient's wait, of the provider's idle time, and of overtime."""

    wait: float = 0.2
    idle: float = 1.0
    overtime: float = 1.5

    def __post_init__(self) -> None:
        for name in ("wait", "idle", "overtime"):
            if not 0 <= getattr(self, name) < math.inf:
                raise OverbookingError(f"weight of {name} {getattr(self, name)}: give 0 or more")

    @property
    def array(self) -> np.ndarray:
        """Wait, idle, overtime."""
        return np.array([self.wait, self.idle, self.overtime], float)


@dataclass(frozen=True)
class Session:
    """Slots of one provider, and who asks for them, in the order in which they asked.

    Attributes
    ----------
    slots : int
        Number of slots, each as long as a visit.
    no_show : sequence of float, shape (N,)
        Probability that each patient does not come: calibrated, or a flat rate.
    groups : sequence of str, shape (N,), optional
        Whose waits are compared.
    patients : sequence of str, shape (N,), optional
        Names.
    weights : Weights
    most_per_slot : int
        Patients who may be booked for one slot.

    Raises
    ------
    OverbookingError
        No slots, a probability outside 0 to 1, lists of several lengths, a patient twice.
    """

    slots: int
    no_show: Sequence[float]
    groups: Sequence[str] = ()
    patients: Sequence[str] = ()
    weights: Weights = field(default_factory=Weights)
    most_per_slot: int = 3

    def __post_init__(self) -> None:
        if self.slots < 1:
            raise OverbookingError(f"a session of {self.slots} slots: give at least one")
        if self.most_per_slot < 1:
            raise OverbookingError(f"at most {self.most_per_slot} patients for a slot: allow at least one")
        for name in ("groups", "patients"):
            given = getattr(self, name)
            if len(given) not in (0, len(self.no_show)):
                raise OverbookingError(f"{name} has {len(given)} entries for {len(self.no_show)} patients")
        for name, chance in zip(self.names, self.no_show, strict=True):
            if not 0 <= chance <= 1:
                raise OverbookingError(f"patient {name}: a probability of {chance} not to come; give 0 to 1")
        if len(set(self.names)) < len(self.names):
            twice = next(name for name in self.names if self.names.count(name) > 1)
            raise OverbookingError(f"patient {twice} asks twice: list each once")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Name of each patient: its number where none was given."""
        return tuple(map(str, self.patients if len(self.patients) else range(len(self.no_show))))

    @cached_property
    def show(self) -> np.ndarray:
        """Probability that each patient comes, shape (N,)."""
        return 1.0 - np.asarray(self.no_show, float)

    @cached_property
    def group_names(self) -> tuple[str, ...]:
        """Groups in alphabetical order."""
        return tuple(sorted(set(self.groups))) or ("all",)

    @cached_property
    def group_of(self) -> np.ndarray:
        """Position of each patient's group in `group_names`, shape (N,)."""
        place = {name: i for i, name in enumerate(self.group_names)}
        return np.array([place[name] for name in self.groups] or [0] * len(self.no_show), np.int64)


@dataclass(frozen=True)
class Plan:
    """Slots of a session's patients, and what they are expected to cost.

    Attributes
    ----------
    slot_of : tuple of int or None, shape (N,)
        Slot from 0; None for who is not booked.
    cost : float
    wait, idle, overtime : float
        Expected, in slots: of all patients together, of the provider, of the provider.
    patient_wait : tuple of float or None, shape (N,)
        Expected slots that each booked patient waits if it comes.
    group_wait : dict
        Group -> expected slots that one of its patients who comes waits; groups with nobody booked are not in it.
    bound : float or None
        No plan that was allowed costs less; None where none is known, as of a plan that was given, not looked for.
    proved : bool
        Whether no plan that was allowed is cheaper by more than rounding.
    """

    slot_of: tuple[int | None, ...]
    cost: float
    wait: float
    idle: float
    overtime: float
    patient_wait: tuple[float | None, ...]
    group_wait: dict[str, float]
    bound: float | None = None
    proved: bool = False

    @property
    def booked(self) -> int:
        """Patients who are booked."""
        return sum(slot is not None for slot in self.slot_of)

    @property
    def ratio(self) -> float:
        """Longest wait of a group over the shortest; 1 where nobody waits."""
        waits = self.group_wait.values()
        if max(waits, default=0) <= 1e-12:
            return 1.0
        return max(waits) / min(waits) if min(waits) > 0 else math.inf

    @property
    def gap(self) -> float | None:
        """Share of the cost by which it may be above the best plan."""
        if self.bound is None:
            return None
        return max(1 - self.bound / self.cost, 0.0) if self.cost > 0 else 0.0


def price(session: Session, slot_of: Sequence[int | None]) -> Plan:
    """Exact expectation of a plan.

    Raises
    ------
    OverbookingError
        A slot that the session does not have, more patients in one than it may hold, or too few entries.
    """
    from healthops.schedule.overbooking_moves import expected

    if len(slot_of) != len(session.names):
        raise OverbookingError(f"a plan of {len(slot_of)} entries for {len(session.names)} patients: give one for each")
    slots = np.array([-1 if slot is None else slot for slot in slot_of], np.int64)
    for name, slot in zip(session.names, slots, strict=True):
        if not -1 <= slot < session.slots:
            raise OverbookingError(f"patient {name}: slot {slot} of a session of 0 to {session.slots - 1}")
    held = np.bincount(slots[slots >= 0], minlength=session.slots)
    if held.max() > session.most_per_slot:
        raise OverbookingError(f"slot {held.argmax()} holds {held.max()} patients of at most {session.most_per_slot}")
    waits = np.zeros(len(slots))
    overtime = float(expected(slots, session.show, session.slots, waits))
    booked = slots >= 0
    come = session.show * booked
    idle = session.slots + overtime - float(come.sum())
    wait = float(come @ waits)
    by_group = {}
    for number, name in enumerate(session.group_names):
        its = come * (session.group_of == number)
        if its.sum() > 0:
            by_group[name] = float(its @ waits / its.sum())
    weights = session.weights
    cost = weights.wait * wait + weights.idle * idle + weights.overtime * overtime
    plan = tuple(int(slot) if slot >= 0 else None for slot in slots)
    patient = tuple(float(w) if b else None for w, b in zip(waits, booked, strict=True))
    return Plan(plan, cost, wait, idle, overtime, patient, by_group)


def overbook(
    session: Session,
    *,
    most_ratio: float | None = None,
    book: int | None = None,
    free_choice: bool = False,
    seed: int = 1,
    kicks: int = 60,
    nodes: int = 3_000_000,
) -> Plan:
    """Look for the plan of least expected cost.

    Who asked first is booked first; how many are booked, and for which slots, is free. With ``free_choice`` anybody may
    be left out: that is cheaper, and shuts out those who are likelier not to come.

    Parameters
    ----------
    session : Session
    most_ratio : float, optional
        Bound of the longest expected wait of a group over the shortest, 1 or more.
    book : int, optional
        How many are booked, instead of the best number.
    seed, kicks : int
        Of the iterated local search: random changes for each number of patients.
    nodes : int
        Sets of patients that branch and bound may try for each number of patients (up to ``EXACT_PATIENTS``); 0: none.

    Returns
    -------
    Plan
        With a lower bound (but with ``free_choice`` of more than ``EXACT_PATIENTS``); proved best where branch and
        bound ended.

    Raises
    ------
    OverbookingError
        A ratio below 1, more to book than ask or have room, or no plan within the ratio (it can be that none is, where
        ``book`` exceeds the slots: else one patient to a slot is such a plan).
    """
    n, room = len(session.names), session.slots * session.most_per_slot
    most = math.inf if most_ratio is None else float(most_ratio)
    if not most >= 1:
        raise OverbookingError(f"a ratio of waits of at most {most_ratio}: give 1 or more")
    if book is not None and not 0 <= book <= min(n, room):
        raise OverbookingError(f"book {book} of {n} patients into {room} places: give 0 to {min(n, room)}")
    if free_choice and book is not None:
        raise OverbookingError("free_choice chooses how many are booked: leave out book")
    if n == 0:
        plan = price(session, ())
        return _found(plan, plan.cost, True)
    search = _Search(session, most, seed, kicks, nodes)
    return search.any_of_them() if free_choice else search.first_come(book)


@lru_cache(maxsize=1)
def _tables(show: tuple[float, ...], slots: int, weights: Weights, most_per_slot: int, leave_out: bool):
    """Sets of patients and bounds of cost to go; kept, because a plan with a bound on waits needs the same again."""
    from healthops.schedule.overbooking_moves import bounds, subsets

    sets = subsets(np.array(show))
    return sets, bounds(np.array(show), slots, weights.array, most_per_slot, leave_out, *sets)


def _found(plan: Plan, bound: float, proved: bool) -> Plan:
    return replace(plan, bound=min(bound, plan.cost), proved=proved)


class _Search:
    """Local search for each number of patients, then proofs for those numbers that could be better."""

    def __init__(self, session: Session, most: float, seed: int, kicks: int, nodes: int) -> None:
        self.session, self.most, self.seed, self.kicks, self.nodes = session, most, seed, kicks, nodes
        self.weights = session.weights.array
        self.idle = session.weights.idle * session.slots

    def first_come(self, book: int | None) -> Plan:
        """Best plan of the first `book` patients, or of the best number of them."""
        n, slots = len(self.session.names), self.session.slots
        # One more into an empty slot costs no wait and saves idle time: fewer than the slots are never best.
        numbers = [book] if book is not None else range(min(n, slots), min(n, slots * self.session.most_per_slot) + 1)
        best, limits = None, {}
        for number in numbers:
            limits[number] = self.pooled(number)
            if best is None or limits[number] < best.cost:
                plan = self.local(number, leave_out=False)
                if plan.ratio <= self.most + 1e-9 and (best is None or plan.cost < best.cost):
                    best = plan
        hopeful = [number for number, limit in limits.items() if best is None or limit < best.cost - 1e-9]
        proved = not hopeful
        if self.nodes and hopeful and max(hopeful) <= EXACT_PATIENTS:
            best, limits, proved = self.proofs(best, limits, hopeful)
        if best is None:
            how = "is" if proved else "was found"
            raise OverbookingError(
                f"no plan of {book} patients {how} within a ratio of waits of {self.most:g}: book fewer, or allow more"
            )
        return _found(best, best.cost if proved else min(limits.values()), proved)

    def any_of_them(self) -> Plan:
        """Best plan of any of the patients."""
        n = len(self.session.names)
        best = self.local(n, leave_out=True)
        if best.ratio > self.most + 1e-9:
            best = self.first_come(None)
        if n > EXACT_PATIENTS or not self.nodes:
            return best
        best, limits, proved = self.proofs(best, {n: -math.inf}, [n], leave_out=True)
        return _found(best, best.cost if proved else min(limits.values()), proved)

    def pooled(self, number: int) -> float:
        """Bound from below: as if all came at the beginning, and waiting cost nothing."""
        coming, show = np.ones(1), self.session.show
        for q in show[:number]:
            coming = np.append(coming * (1 - q), 0.0) + np.append(0.0, coming * q)
        over = np.maximum(np.arange(number + 1) - self.session.slots, 0) @ coming
        return float(self.idle + (self.weights[1] + self.weights[2]) * over - self.weights[1] * show[:number].sum())

    def local(self, number: int, *, leave_out: bool) -> Plan:
        """Plan of the first `number` patients by local search from one spread evenly in their order."""
        from healthops.schedule.overbooking_moves import search

        s = self.session
        begin = np.arange(number) * s.slots // max(number, s.slots)
        if leave_out:
            begin = np.where(np.arange(number) < s.slots, np.arange(number), -1)
        if number == 0:
            return price(s, [None] * len(s.names))
        slots = search(
            begin, s.show[:number], s.group_of[:number], len(s.group_names), s.slots, self.weights, self.most,
            s.most_per_slot, leave_out, np.random.default_rng([self.seed, number]).random((self.kicks, 7)),
        )  # fmt: skip
        return self.of(slots)

    def of(self, slots: np.ndarray) -> Plan:
        """Plan of an array of slots for the first patients; the others are not booked."""
        rest = len(self.session.names) - len(slots)
        return price(self.session, [None if slot < 0 else int(slot) for slot in slots] + [None] * rest)

    def proofs(
        self, best: Plan | None, limits: dict[int, float], hopeful: list[int], leave_out: bool = False
    ) -> tuple[Plan | None, dict[int, float], bool]:
        """Branch and bound for each number of patients; bounds by number, and whether all were decided."""
        from healthops.schedule.overbooking_moves import prove

        s, most = self.session, min(len(self.session.names), EXACT_PATIENTS)
        show, group = s.show[:most], s.group_of[:most]
        sets, table = _tables(tuple(show), s.slots, s.weights, s.most_per_slot, leave_out)
        limits, decided = dict(limits), True
        # The likeliest number first: its plan spares the others' search.
        for number in sorted(hopeful, key=lambda k: (float(table[0, 0, (1 << k) - 1]), k)):
            booked = (1 << number) - 1
            limits[number] = max(limits[number], self.idle + float(table[0, 0, booked]))
            if best is not None and limits[number] >= best.cost - 1e-9:
                continue
            slots, most_cost = np.full(most, -1), math.inf if best is None else best.cost - self.idle
            cost, ended = prove(
                booked, leave_out, show, group, len(s.group_names), s.slots, self.weights, self.most + 1e-12,
                s.most_per_slot, *sets, table, slots, most_cost, self.nodes,
            )  # fmt: skip
            if cost < most_cost:
                best = self.of(slots)
            if ended and best is not None:
                limits[number] = best.cost
            decided &= ended
        return best, limits, decided


def flat_rate(session: Session, rate: float | None = None) -> Plan:
    """Plan of a clinic that knows no patient: numbers and slots as if all had one rate, patients in their order.

    Parameters
    ----------
    session : Session
        The plan is priced with its own probabilities; its bound is not given.
    rate : float, optional
        Rate of no-shows; without it, the mean of the session's.
    """
    mean = float(np.mean(session.no_show)) if rate is None and len(session.no_show) else (rate or 0.0)
    alike = Session(
        session.slots, [mean] * len(session.names), weights=session.weights, most_per_slot=session.most_per_slot
    )
    # Among patients who are all alike a proof is dear, one set being as good as another, and moves find the best.
    slots = sorted(slot for slot in overbook(alike, nodes=0, kicks=20).slot_of if slot is not None)
    return price(session, [*slots, *[None] * (len(session.names) - len(slots))])


def one_per_slot(session: Session) -> Plan:
    """Plan of the first patients, one to a slot."""
    return price(session, [i if i < session.slots else None for i in range(len(session.names))])


def bailey_welch(session: Session, extra: int = 1) -> Plan:
    """Plan of ``1 + extra`` patients at the beginning, then one to a slot (Bailey and Welch 1952, Lancet 259, 1105).

    As many are booked as there are slots and ``extra`` more: their rule against idle time, with overbooking.

    Raises
    ------
    OverbookingError
        If the first slot does not hold so many.
    """
    count = min(len(session.names), session.slots + extra)
    return price(session, [max(i - extra, 0) if i < count else None for i in range(len(session.names))])
