"""Least expected unmet need under a budget, with a floor for the worst-off.

Two stages, in this order of importance (lexicographic):

1. the lowest expected coverage among the protected districts is made as high as the budget allows, up to ``floor``;
2. with that floor held, the expected unmet need of all districts together is made as small as possible.

Expected coverage is the share of the expected need that is met, 1 - E[(N - a)+] / E[N].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from healthops.allocate import lp
from healthops.allocate.need import Need
from healthops.allocate.segments import TIE, fill, segments


class FloorError(ValueError):
    """The floor costs more than the budget; the message says by how much, and which floor could be held."""


@dataclass(frozen=True)
class Plan:
    """What is sent where, and what that leaves.

    Attributes
    ----------
    sent : array of float, shape (P,)
        Units by district.
    unmet : array of float, shape (P,)
        Expected unmet need by district.
    floor : float
        Expected coverage that every protected district has, at least (0 where there is no floor).
    bound : float or None
        Least total expected unmet need that any allocation with this floor can leave, as HiGHS proved it.
    price : float or None
        Expected unmet need that one more unit of the budget would save.
    """

    sent: np.ndarray
    unmet: np.ndarray
    floor: float
    bound: float | None = None
    price: float | None = None

    @property
    def gap(self) -> float | None:
        """Certified gap: how far the plan is above the bound, as a share of it."""
        return None if self.bound is None else (self.unmet.sum() - self.bound) / max(self.bound, 1.0)


def plan(
    need: Need,
    budget: float,
    *,
    stock: np.ndarray | None = None,
    box: float | None = None,
    protected: np.ndarray | None = None,
    floor: float = 0.0,
    strict: bool = False,
    certify: bool = False,
) -> Plan:
    """Share `budget` among districts for the least expected unmet need.

    Parameters
    ----------
    need : Need
        Needs of P districts over the weeks that the shipment has to last.
    budget : float
        Units that can be sent in all.
    stock : array of float, shape (P,), optional
        Units that each district will have when the shipment arrives.
    box : float, optional
        Smallest quantity that can be sent; None where any quantity can.
    protected : array of bool, shape (P,), optional
        Districts that the floor is for; all of them by default. With boxes, a district whose expected need is below
        half a box is served on call instead, and the floor leaves it out.
    floor : float
        Expected coverage to hold for them, between 0 and 1.
    strict : bool
        Raise instead of lowering a floor that the budget cannot pay.
    certify : bool
        Let HiGHS prove the optimum as well.

    Raises
    ------
    FloorError
        If `strict`, and the floor costs more than `budget`.
    ValueError
        If `budget` or `stock` is negative, or `floor` is not between 0 and 1.
    """
    have = np.zeros(len(need.points)) if stock is None else np.asarray(stock, float)
    _check(budget, have, floor)
    guarded = _guarded(need, box, protected)
    level, least = _hold_floor(need, budget, have, box, guarded, floor, strict)
    parts = segments(need, start=have + least, box=box)
    left = max(budget - least.sum(), 0.0)
    sent = least + fill(parts, left)
    unmet = need.unmet(have + sent)
    if not certify:
        return Plan(sent, unmet, level)
    proof = lp.least_unmet(parts, _whole(left, box))
    return Plan(sent, unmet, level, bound=need.unmet(have + least).sum() - proof.value, price=proof.price)


def floor_cost(
    need: Need, floor: float, *, stock: np.ndarray, protected: np.ndarray, box: float | None = None
) -> np.ndarray:
    """Least units that give every protected district an expected coverage of `floor`, shape (P,)."""
    target = need.supply_for((1 - floor) * need.mean)
    short = np.where(protected, np.maximum(target - stock, 0.0), 0.0)
    return short if box is None else box * np.ceil(short / box - TIE)


def best_floor(
    need: Need, budget: float, *, stock: np.ndarray, protected: np.ndarray, box: float | None = None
) -> float:
    """Highest expected coverage that all protected districts can have together, by bisection of its cost."""

    def pays(level: float) -> bool:
        cost = floor_cost(need, level, stock=stock, protected=protected, box=box).sum()
        return bool(cost <= budget * (1 + TIE) + TIE)

    if pays(1.0):
        return 1.0
    low, high = 0.0, 1.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if pays(middle) else (low, middle)
    return low


def _hold_floor(
    need: Need,
    budget: float,
    have: np.ndarray,
    box: float | None,
    guarded: np.ndarray,
    floor: float,
    strict: bool,
) -> tuple[float, np.ndarray]:
    least = floor_cost(need, floor, stock=have, protected=guarded, box=box)
    over = least.sum() - budget
    if over <= budget * TIE + TIE:
        return floor, least
    level = best_floor(need, budget, stock=have, protected=guarded, box=box)
    if strict:
        raise FloorError(
            f"a floor of {floor:.3g} for {int(guarded.sum())} districts takes {least.sum():.6g} units, "
            f"{over:.6g} more than the budget of {budget:.6g}; the budget pays a floor of {level:.3g}"
        )
    return level, floor_cost(need, level, stock=have, protected=guarded, box=box)


def _guarded(need: Need, box: float | None, protected: np.ndarray | None) -> np.ndarray:
    everyone = np.ones(len(need.points), bool) if protected is None else np.asarray(protected, bool)
    return everyone & (need.mean >= box / 2) if box else everyone & (need.mean > 0)


def _whole(amount: float, box: float | None) -> float:
    return amount if box is None else box * np.floor(amount / box + TIE)


def _check(budget: float, stock: np.ndarray, floor: float) -> None:
    if not np.isfinite(budget) or budget < 0:
        raise ValueError(f"budget must be at least 0, not {budget!r}")
    if (stock < 0).any() or not np.isfinite(stock).all():
        raise ValueError(f"stock must be at least 0; row {int(np.argmax(~(stock >= 0)))} has {stock.min()!r}")
    if not 0 <= floor <= 1:
        raise ValueError(f"floor is an expected coverage between 0 and 1, not {floor!r}")
