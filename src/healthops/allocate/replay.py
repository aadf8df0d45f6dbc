"""A season played forward week by week: decide, send, see what came, carry the stock over.

The shipment that can be used in week t is decided ``lead_weeks`` before, with the newest forecast of that day, last
week's cases of that day, the stock of that day, and what is already on its way. What a week brings is its cases times
the need for each. Whatever is left of a resource that keeps stays in its district.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from healthops.allocate.need import Need, need_from_quantiles
from healthops.allocate.policies import POLICIES, Context, Policy
from healthops.allocate.resources import Resource
from healthops.allocate.season import WEEK, Season, SeasonError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Decision:
    """What is known when one shipment is decided, whichever policy decides it.

    Attributes
    ----------
    decided, arrives : datetime64[D]
        Saturday of the decision, and the one that ends the first week in which the shipment can be used.
    need : Need
        Forecast of the need over the weeks that it has to last.
    between : array of float, shape (lead_weeks - 1, P)
        Expected need of the weeks before it arrives.
    budget : float
        Units to share.
    last_week : array of float, shape (P,)
        Cases of the last week seen.
    """

    decided: np.datetime64
    arrives: np.datetime64
    need: Need
    between: np.ndarray
    budget: float
    last_week: np.ndarray


def decision(
    season: Season,
    resource: Resource,
    arrives: np.datetime64,
    *,
    cover_weeks: int | None = None,
    budget_weeks: int = 1,
) -> Decision:
    """Gather what is known when the shipment for the week `arrives` is decided.

    Parameters
    ----------
    season : Season
        Forecasts and cases.
    resource : Resource
        Says how long the way is and how long a shipment has to last.
    arrives : datetime64[D]
        First week in which the shipment can be used.
    cover_weeks : int, optional
        Stands in for the resource's own.
    budget_weeks : int
        The budget is the resource's share of the need expected over so many weeks from `arrives` on.
    """
    decided = arrives - resource.lead_weeks * WEEK
    cover = resource.cover_weeks if cover_weeks is None else cover_weeks
    ahead = season.forecast(decided, decided + WEEK, resource.lead_weeks - 1 + max(cover, budget_weeks))
    steps = [need_from_quantiles(ahead[:, h], per_case=resource.per_case).mean for h in range(ahead.shape[1])]
    start = resource.lead_weeks - 1
    return Decision(
        decided=decided,
        arrives=arrives,
        need=need_from_quantiles(ahead[:, start : start + cover], per_case=resource.per_case),
        between=np.array(steps[:start]).reshape(start, len(season.locations)),
        budget=resource.budget(float(np.sum(steps[start : start + budget_weeks]))),
        last_week=season.last_seen(decided),
    )


@dataclass(frozen=True)
class Run:
    """One resource under one policy over T weeks in P districts: arrays of shape (T, P), in its unit."""

    weeks: np.ndarray
    need: np.ndarray
    sent: np.ndarray
    stock_before: np.ndarray
    unmet: np.ndarray

    @property
    def stock_after(self) -> np.ndarray:
        """What is left at the end of each week (lost, where the resource does not keep)."""
        return self.stock_before + self.sent - (self.need - self.unmet)


def replay_weeks(season: Season, resources: Mapping[str, Resource], *, at_most: int = 52) -> np.ndarray:
    """Weeks that can be replayed: the newest unbroken run of complete weeks for which every resource has its forecasts.

    No decision rests on a forecast that is overdue: rules that see each new week would be compared with an old one.

    Raises
    ------
    SeasonError
        If there is none.
    """

    def ready(week: np.datetime64) -> bool:
        days = [(week - r.lead_weeks * WEEK, week + (r.cover_weeks - 1) * WEEK) for r in resources.values()]
        return all(season.is_fresh(d) and season.reaches(d, d + WEEK) and season.reaches(d, last) for d, last in days)

    good = [
        ready(w) and done and w - 8 * WEEK >= season.weeks[0]
        for w, done in zip(season.weeks, season.complete, strict=True)
    ]
    if not any(good):
        raise SeasonError(
            f"no complete week can be replayed: forecasts run from {season.origins[0]} to {season.origins[-1]}, "
            f"cases to {season.weeks[season.complete][-1]}"
        )
    last = len(good) - 1 - good[::-1].index(True)
    first = last
    while first > 0 and good[first - 1] and last - first + 1 < at_most:
        first -= 1
    return season.weeks[first : last + 1]


def opening_stock(season: Season, resource: Resource, first: np.datetime64, *, weeks: float) -> np.ndarray:
    """Stock before the first week: `weeks` weeks of the past year's mean need; none of what does not keep."""
    if not resource.keeps:
        return np.zeros(len(season.locations))
    return weeks * resource.per_case * season.weekly_mean(first - WEEK)


def play(
    season: Season,
    resource: Resource,
    decisions: list[Decision],
    policy: Policy,
    *,
    opening: np.ndarray,
    protected: np.ndarray,
    floor: float = 0.0,
) -> Run:
    """Play one policy through the weeks of `decisions`, which follow one another.

    Parameters
    ----------
    season : Season
        What came.
    resource : Resource
        What is sent.
    decisions : list of Decision
        One a week, in order.
    policy : callable
        From a :class:`~healthops.allocate.policies.Context` to units by district.
    opening, protected : array, shape (P,)
        Stock before the first week; districts that the floor is for.
    floor : float
        Expected coverage that the plan holds for them.
    """
    places = len(season.locations)
    after = np.zeros((len(decisions) + 1, places))
    after[0] = opening
    need, sent, unmet = (np.zeros((len(decisions), places)) for _ in range(3))
    for t, known in enumerate(decisions):
        context = Context(
            need=known.need,
            budget=known.budget,
            stock=_at_arrival(resource, known, after, sent, t),
            population=season.population,
            last_week=known.last_week,
            protected=protected,
            floor=floor,
            box=resource.box,
        )
        sent[t] = policy(context)
        need[t] = resource.per_case * season.came(known.arrives)
        unmet[t], after[t + 1] = _use(need[t], after[t] + sent[t], resource.keeps)
    return Run(np.array([d.arrives for d in decisions]), need, sent, after[:-1], unmet)


def oracle(resource: Resource, need: np.ndarray, budget: np.ndarray, *, opening: np.ndarray, weeks: np.ndarray) -> Run:
    """Play the season as one who knows it would: no policy with the same weekly budgets leaves less need unmet in all.

    Each week's budget goes to the earliest needs that are still open, of later weeks too where the resource keeps;
    ties are shared in proportion. Boxes are not kept to, which makes it a bound.

    Parameters
    ----------
    resource : Resource
        What is sent.
    need : array of float, shape (T, P)
        What will be needed.
    budget : array of float, shape (T,)
        Units that can be sent for each week.
    opening : array of float, shape (P,)
        Stock before the first week.
    weeks : array of datetime64[D], shape (T,)
        The weeks.
    """
    taken = np.minimum(np.cumsum(need, axis=0), opening)
    open_need = need - np.diff(taken, axis=0, prepend=np.zeros((1, need.shape[1])))
    sent = np.zeros_like(need)
    for t, supply in enumerate(budget):
        left = float(supply)
        for u in range(t, len(need) if resource.keeps else t + 1):
            total = open_need[u].sum()
            if total > 0:
                share = min(left / total, 1.0) * open_need[u]
                sent[t] += share
                open_need[u] -= share
                left = max(left - share.sum(), 0.0)
            if left <= 0:
                break
    after = np.zeros((len(need) + 1, need.shape[1]))
    after[0] = opening
    unmet = np.zeros_like(need)
    for t in range(len(need)):
        unmet[t], after[t + 1] = _use(need[t], after[t] + sent[t], resource.keeps)
    return Run(weeks, need, sent, after[:-1], unmet)


def replay(
    season: Season,
    resources: Mapping[str, Resource],
    *,
    weeks: np.ndarray,
    protected: np.ndarray,
    floor: float,
    opening_weeks: float = 1.0,
    policies: Mapping[str, Policy] = POLICIES,
) -> dict[tuple[str, str], Run]:
    """Play every policy and the oracle with every resource; keys are (policy, resource)."""
    runs = {}
    for name, resource in resources.items():
        decisions = [decision(season, resource, week) for week in weeks]
        opening = opening_stock(season, resource, weeks[0], weeks=opening_weeks)
        for label, policy in policies.items():
            runs[label, name] = play(
                season, resource, decisions, policy, opening=opening, protected=protected, floor=floor
            )
        need = np.array([resource.per_case * season.came(week) for week in weeks])
        budget = np.array([d.budget for d in decisions])
        runs["oracle", name] = oracle(resource, need, budget, opening=opening, weeks=weeks)
    return runs


def to_table(runs: Mapping[tuple[str, str], Run], locations: np.ndarray) -> pd.DataFrame:
    """Runs as rows of table ``replay_weeks``, rounded to a millionth of a unit."""
    import pandas as pd

    parts = []
    for (policy, resource), run in runs.items():
        t, p = run.need.shape
        columns = {n: np.round(getattr(run, n).ravel(), 6) + 0.0 for n in ("need", "sent", "stock_before", "unmet")}
        keys = {
            "policy": policy,
            "week_end": np.repeat(run.weeks.astype("datetime64[ns]"), p),
            "resource": resource,
            "location": np.tile(locations, t),
        }
        parts.append(pd.DataFrame({**keys, **columns}))
    return pd.concat(parts, ignore_index=True)


def _at_arrival(resource: Resource, known: Decision, after: np.ndarray, sent: np.ndarray, t: int) -> np.ndarray:
    """Stock expected at hand when the shipment of week t arrives, from what is known when it is decided."""
    if not resource.keeps:
        return np.zeros(after.shape[1])
    day = max(t - resource.lead_weeks + 1, 0)
    stock = after[day]
    # Shipments on their way arrive, and the weeks between use what the forecast expects.
    for week in range(day, t):
        expected = known.between[week - t + resource.lead_weeks - 1]
        stock = np.maximum(stock + sent[week] - expected, 0.0)
    return stock


def _use(need: np.ndarray, supply: np.ndarray, keeps: bool) -> tuple[np.ndarray, np.ndarray]:
    unmet = np.maximum(need - supply, 0.0)
    left = np.maximum(supply - need, 0.0)
    return unmet, left if keeps else np.zeros_like(left)
