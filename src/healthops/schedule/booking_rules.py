"""Rules by which clinics book a session, beside the plans that an optimiser makes of what is believed of no-shows.

=================  ====================================================================================================
one a slot         the first patients who ask, one to a slot
Bailey-Welch       two at the beginning, then one to a slot (Bailey and Welch 1952, Lancet 259, 1105)
flat rate          so many that as many are expected as there are slots, if all have one rate of no-shows, spread evenly
                   (slots / (1 - rate), rounded down; LaGanga and Lawrence 2007, Decision Sciences 38, 251)
cheapest, flat     the plan of least expected cost, if all have one rate
bounded, flat      the same, with a bound on the ratio of expected waits between groups
cheapest, model    the plan of least expected cost by each patient's chance
bounded, model     the same, with the bound
=================  ====================================================================================================

No rule sees who comes: they are given chances that were said before the day, and the order of asking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from healthops.schedule.overbooking import (
    OverbookingError,
    Plan,
    Session,
    bailey_welch,
    flat_rate,
    one_per_slot,
    overbook,
    price,
)

#: Rules that clinics use.
SIMPLE = ("one a slot", "Bailey-Welch", "flat rate")
#: Plans of an optimiser, by what they believe.
PLANNED = ("cheapest, flat", "bounded, flat", "cheapest, model", "bounded, model")
RULES = (*SIMPLE, *PLANNED)


def to_expected(session: Session, rate: float) -> Plan:
    """Plan that books until as many are expected as there are slots, in order of asking, spread evenly.

    Raises
    ------
    OverbookingError
        A rate outside 0 to below 1.

    Examples
    --------
    >>> to_expected(Session(4, [0.2] * 6), 0.2).slot_of
    (0, 0, 1, 2, 3, None)
    """
    if not 0 <= rate < 1:
        raise OverbookingError(f"a flat rate of no-shows of {rate}: give 0 to below 1")
    n, slots = len(session.names), session.slots
    # A hair more: 4 / (1 - 0.2) is 5, and not 4.999...
    count = min(int(slots / (1 - rate) + 1e-9), n, slots * session.most_per_slot)
    if count <= slots:
        return one_per_slot(session)
    return price(session, [i * slots // count if i < count else None for i in range(n)])


def book(
    session: Session, rate: float, chances: Sequence[float], *, most_ratio: float, kicks: int = 15, seed: int = 1
) -> dict[str, Plan]:
    """Book a session by every rule.

    Parameters
    ----------
    session : Session
        Slots, groups and weights; its own probabilities are not looked at.
    rate : float
        Flat rate of no-shows.
    chances : sequence of float, shape (N,)
        The model's chance of each patient not to come.
    most_ratio : float
        Bound of the longest expected wait of a group over the shortest.
    kicks, seed : int
        Of the search; no proof is looked for.

    Returns
    -------
    dict
        Rule -> plan, in the order of ``RULES``; each is priced as its rule believes (the simple ones by the flat rate).
    """
    alike = replace(session, no_show=[float(rate)] * len(session.names))
    told = replace(session, no_show=[float(chance) for chance in chances])
    cheapest_flat = _in_turn(alike, flat_rate(alike, float(rate)))
    cheapest = overbook(told, nodes=0, kicks=kicks, seed=seed)
    plans = (one_per_slot(alike), bailey_welch(alike), to_expected(alike, float(rate)), cheapest_flat)
    plans += (_bounded(alike, cheapest_flat, most_ratio, kicks, seed), cheapest)
    plans += (_bounded(told, cheapest, most_ratio, kicks, seed),)
    return dict(zip(RULES, plans, strict=True))


def _bounded(session: Session, cheapest: Plan, most_ratio: float, kicks: int, seed: int) -> Plan:
    """The cheapest plan where it keeps the bound, else one that is looked for."""
    if cheapest.ratio <= most_ratio:
        return cheapest
    return overbook(session, most_ratio=most_ratio, nodes=0, kicks=kicks, seed=seed)


def _in_turn(session: Session, plan: Plan) -> Plan:
    """The same slots, filled in order of asking: among patients who are all alike that costs nothing."""
    slots = sorted(slot for slot in plan.slot_of if slot is not None)
    return price(session, [*slots, *[None] * (len(plan.slot_of) - len(slots))])


def same_plans(plans: Sequence[dict[str, Plan]], one: str, other: str) -> float:
    """Share of sessions that two rules book alike."""
    return float(np.mean([plan[one].slot_of == plan[other].slot_of for plan in plans])) if plans else np.nan
