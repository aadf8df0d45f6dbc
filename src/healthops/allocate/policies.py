"""The plan and what people do today, with one signature: ``policy(context) -> units by district``.

The rules of today share a budget in proportion to something: inhabitants, last week's cases, or a point forecast. All
of them look at the stock first, as a good storekeeper would: they bring each district up to its share and send
nothing to one that has more than that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from healthops.allocate.need import Need
from healthops.allocate.plan import plan


@dataclass(frozen=True)
class Context:
    """What is known of P districts when a shipment is decided.

    Attributes
    ----------
    need : Need
        Forecast of the need over the weeks that the shipment has to last.
    budget : float
        Units to share.
    stock : array of float, shape (P,)
        Units at hand when the shipment arrives.
    population, last_week : array of float, shape (P,)
        Inhabitants, and cases of the last week that was seen.
    protected : array of bool, shape (P,)
        Districts that the floor is for.
    floor : float
        Expected coverage to hold for them where the budget pays it.
    box : float or None
        Smallest quantity that can be sent.
    """

    need: Need
    budget: float
    stock: np.ndarray
    population: np.ndarray
    last_week: np.ndarray
    protected: np.ndarray
    floor: float = 0.0
    box: float | None = None


Policy = Callable[[Context], np.ndarray]


def by_population(context: Context) -> np.ndarray:
    """Share in proportion to the inhabitants."""
    return _share(context, context.population)


def by_last_week(context: Context) -> np.ndarray:
    """Share in proportion to last week's cases; by inhabitants where there was none anywhere."""
    return _share(context, context.last_week)


def by_point_forecast(context: Context) -> np.ndarray:
    """Share in proportion to the median of the forecast; by inhabitants where it is zero everywhere."""
    return _share(context, context.need.median)


def by_plan(context: Context) -> np.ndarray:
    """Minimise the expected unmet need, with the floor for the worst-off."""
    c = context
    return plan(c.need, c.budget, stock=c.stock, box=c.box, protected=c.protected, floor=c.floor).sent


def by_plan_without_floor(context: Context) -> np.ndarray:
    """Minimise the expected unmet need, whoever it falls on."""
    c = context
    return plan(c.need, c.budget, stock=c.stock, box=c.box).sent


#: Policies by their names in tables.
POLICIES: dict[str, Policy] = {
    "population": by_population,
    "last_week": by_last_week,
    "point_forecast": by_point_forecast,
    "plan": by_plan,
    "plan_no_floor": by_plan_without_floor,
}
#: Their names in figures and prose.
LABELS: dict[str, str] = {
    "population": "by population",
    "last_week": "by last week's cases",
    "point_forecast": "by the point forecast",
    "plan": "plan",
    "plan_no_floor": "plan without floor",
    "oracle": "oracle",
}


def top_up(weights: np.ndarray, stock: np.ndarray, budget: float, *, box: float | None = None) -> np.ndarray:
    """Bring every district as near as `budget` goes to a share of all units in proportion to `weights`.

    Sends max(k w - stock, 0) with the one k that spends the budget; boxes are rounded by largest remainders.

    Parameters
    ----------
    weights, stock : array of float, shape (P,)
        At least one weight above 0; districts of weight 0 get nothing.

    Examples
    --------
    >>> top_up(np.array([1.0, 1.0, 2.0]), np.array([0.0, 5.0, 0.0]), 9.0)
    array([3., 0., 6.])
    """
    some = weights > 0
    sent = np.zeros(len(weights))
    if budget <= 0 or not some.any():
        return sent
    w, s = weights[some], stock[some]
    order = np.argsort(s / w, kind="stable")
    # With the first n districts of this order served, k = (budget + their stock) / their weight; n is the most that
    # all gain.
    k = (budget + np.cumsum(s[order])) / np.cumsum(w[order])
    served = int(np.flatnonzero(k * w[order] - s[order] >= 0)[-1])
    sent[some] = np.maximum(k[served] * w - s, 0.0)
    return sent if box is None else _whole_boxes(sent, budget, box)


def _share(context: Context, weights: np.ndarray) -> np.ndarray:
    known = np.nan_to_num(np.asarray(weights, float))
    if not (known > 0).any():
        known = np.nan_to_num(context.population)
    return top_up(known, context.stock, context.budget, box=context.box)


def _whole_boxes(amount: np.ndarray, budget: float, box: float) -> np.ndarray:
    boxes = np.floor(amount / box + 1e-9)
    left = int(np.floor(budget / box + 1e-9) - boxes.sum())
    # Remainders are rounded before they are compared: the last digit of a division must not move a box.
    remainder = np.where(amount > 0, np.round(amount / box - boxes, 9), -1.0)
    boxes[np.argsort(-remainder, kind="stable")[: max(left, 0)]] += 1
    return boxes * box
