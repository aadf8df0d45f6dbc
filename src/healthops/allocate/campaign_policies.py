"""Whom campaigns of today serve first, as plans of the same campaign under the same constraints.

=====================  =============================================================================================
``pro-rata``           every place gets its share of the doses by inhabitants; what it has no takers for waits
``pro-rata, uptake``   the same, and what a place has no takers or no hands for goes to those that have
``oldest first``       the oldest group everywhere, as far as it comes, then the next
``most at risk first`` the people of highest risk everywhere, as far as they come, then the next
:func:`follow`         a plan that was made once, as far as it can still be kept
=====================  =============================================================================================

All give as early as they can, and begin no course whose second dose has no vaccine, hands and store: it is set aside
when the first is given. Second doses that fall due from before come before all else. What the plans differ by is so
whom they serve, not how well they keep house.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from healthops.allocate.campaign import Campaign, CampaignError
from healthops.allocate.campaign_past import rows_of
from healthops.allocate.campaign_plan import CampaignPlan, InfeasibleCampaign, plan_campaign

#: Halvings in the search for what the lots suffice for.
HALVINGS = 36
#: At most so many classes of risk are told apart.
RISK_CLASSES = 20
#: Less than this of a course is rounding.
LEAST = 1e-9
#: Share of stores, hands and lots that second doses from before may fill, so that a program has an inside.
INSIDE = 1 - 1e-4


def pro_rata(campaign: Campaign, *, weeks: int | None = None, must: bool = True) -> CampaignPlan:
    """Doses by inhabitants.

    Parameters
    ----------
    campaign : Campaign
    weeks : int, optional
        Courses that begin in the first so many weeks alone: nothing that is given later changes what a policy gives
        before, so who makes the plan again each week needs one week.
    must : bool
        Whether second doses that fall due and cannot be given are an error; else they wait.

    Raises
    ------
    InfeasibleCampaign
        If second doses that `must` be given cannot be.
    """
    return _by_tiers(campaign, [campaign.by_group("population")], pooled=False, weeks=weeks, must=must)


def pro_rata_by_uptake(campaign: Campaign, *, weeks: int | None = None, must: bool = True) -> CampaignPlan:
    """Doses by inhabitants, and what is left over by those of the places that can use it; as :func:`pro_rata`."""
    return _by_tiers(campaign, [campaign.by_group("population")], weeks=weeks, must=must)


def oldest_first(
    campaign: Campaign, groups: Sequence[str] | None = None, *, weeks: int | None = None, must: bool = True
) -> CampaignPlan:
    """Group by group, in the order of `groups`: that of the table of people by default, which must begin with the
    oldest; `weeks` and `must` as of :func:`pro_rata`.

    Raises
    ------
    CampaignError
        If `groups` are not those of the campaign.
    """
    order = list(campaign.groups if groups is None else groups)
    if sorted(order) != sorted(campaign.groups):
        raise CampaignError(f"oldest first: groups are {order}, the campaign has {campaign.groups}; name each once")
    people = campaign.by_group("population")
    return _by_tiers(campaign, [people * (np.array(campaign.groups) == name) for name in order], weeks=weeks, must=must)


def most_at_risk_first(campaign: Campaign, *, weeks: int | None = None, must: bool = True) -> CampaignPlan:
    """By ``risk``, the highest first; of more than ``RISK_CLASSES`` values, classes of as many willing people each;
    `weeks` and `must` as of :func:`pro_rata`.
    """
    people, risk = campaign.by_group("population"), campaign.by_group("risk")
    values = np.unique(risk)[::-1]
    if len(values) <= RISK_CLASSES:
        return _by_tiers(campaign, [people * (risk == value) for value in values], weeks=weeks, must=must)
    order = np.argsort(-risk, axis=None, kind="stable")
    ahead = np.cumsum(campaign.willing.ravel()[order]) / max(campaign.willing.sum(), LEAST)
    rank = np.empty(risk.size, int)
    rank[order] = np.minimum((ahead * RISK_CLASSES * (1 - 1e-12)).astype(int), RISK_CLASSES - 1)
    tiers = [people * (rank.reshape(risk.shape) == n) for n in range(RISK_CLASSES)]
    return _by_tiers(campaign, tiers, weeks=weeks, must=must)


#: The policies that people use, by name.
POLICIES: dict[str, Callable[..., CampaignPlan]] = {
    "pro-rata": pro_rata,
    "pro-rata, uptake": pro_rata_by_uptake,
    "oldest first": oldest_first,
    "most at risk first": most_at_risk_first,
}


def follow(campaign: Campaign, courses: np.ndarray, *, weeks: int | None = None, must: bool = True) -> CampaignPlan:
    """A plan made once, as far as the campaign as it is now lets it be kept; what cannot be is not made up for.

    Parameters
    ----------
    campaign : Campaign
    courses : array of float, shape (D, P, G, T)
        Courses of the plan by week of the first dose, from the campaign's week 0 on.
    weeks : int, optional
        Courses that begin in the first so many weeks alone.
    must : bool
        As of :func:`pro_rata`.
    """
    if np.shape(courses) != campaign.shape:
        raise ValueError(f"the plan has shape {np.shape(courses)}, the campaign {campaign.shape}")
    fill = _Fill(campaign)
    fill.second_doses_due(must=must)
    for week in range(campaign.weeks if weeks is None else min(weeks, campaign.weeks)):
        for i in range(campaign.shape[1]):
            want = courses[:, i, :, week]
            fill.begin(i, week, want, most=want)
    return fill.plan()


def plan_or_follow(campaign: Campaign, courses: np.ndarray, **options) -> tuple[CampaignPlan, str]:
    """The best plan, or where there is none the last one as far as it can be kept.

    Parameters
    ----------
    campaign : Campaign
    courses : array of float, shape (D, P, G, T)
        Courses of the last plan from the campaign's week 0 on.
    options
        As in :func:`.campaign_plan.plan_campaign`.

    Returns
    -------
    plan : CampaignPlan
    why : str
        Empty, or why the last plan is followed. In the last weeks stores hold just what is due, and rounding alone can
        be the reason.
    """
    try:
        return plan_campaign(campaign, **options), ""
    except InfeasibleCampaign as problem:
        return follow(campaign, courses), str(problem)


def forgive(campaign: Campaign) -> tuple[Campaign, pd.DataFrame]:
    """The campaign without the second doses due that no store, vaccinator or lot can serve any more.

    After stores were lost there may be none for people who had their first dose, and then no plan that gives them
    theirs.

    Returns
    -------
    campaign : Campaign
    missed : DataFrame
        ``district``, ``group``, ``product``, ``courses`` that stay without their second dose; those of less than
        two in ten thousand of what was due are left out.
    """
    if len(campaign.due) == 0:
        return campaign, campaign.due.drop(columns="week")
    fill = _Fill(campaign, inside=INSIDE)
    fill.second_doses_due(must=False)
    due = campaign.due
    at = rows_of(campaign.districts["district"], due["district"]), rows_of(campaign.products["product"], due["product"])
    by_week = np.zeros((*campaign.shape[:2], campaign.weeks))
    np.add.at(by_week, (*at, due["week"].to_numpy(int)), due["courses"].to_numpy(float))
    # Those that fell due first are given first; of the others none can be, whenever they fell due.
    before = np.cumsum(by_week, axis=2) - by_week
    served = np.clip(fill.second.sum(axis=2)[:, :, None] - before, 0.0, by_week)
    part = np.divide(served, by_week, out=np.ones_like(by_week), where=by_week > 0)[(*at, due["week"].to_numpy(int))]
    kept = campaign.due.assign(courses=campaign.due["courses"] * part)
    lost = campaign.due.assign(courses=campaign.due["courses"] * (1 - part))[part < 1 - 2 * (1 - INSIDE)]
    missed = lost.groupby(["district", "group", "product"], as_index=False)["courses"].sum()
    return replace(campaign, due=kept[kept["courses"] > LEAST].reset_index(drop=True)), missed


def _by_tiers(
    campaign: Campaign,
    tiers: list[np.ndarray],
    *,
    pooled: bool = True,
    weeks: int | None = None,
    must: bool = True,
) -> CampaignPlan:
    fill = _Fill(campaign)
    fill.second_doses_due(must=must)
    for week in range(campaign.weeks if weeks is None else min(weeks, campaign.weeks)):
        for weights in tiers:
            for i in range(campaign.shape[1]):
                fill.begin(i, week, weights, pooled=pooled)
    return fill.plan()


class _Fill:
    """Courses handed out one after the other, with what is left of stores, hands and lots.

    Lots are checked by what is asked of them in all, earliest expiry first, so that no order of handing out matters.
    """

    def __init__(self, c: Campaign, inside: float = 1.0):
        self.c = c
        d, p, g, t = c.shape
        self.factor, self.volume = (c.products[x].to_numpy(float) for x in ("wastage_factor", "litres_per_dose"))
        self.fetched = np.stack([c.fetched(int(e)) for e in c.districts["delivery_every"]])
        self.hands = np.repeat(c.districts["vaccinator_doses"].to_numpy(float)[:, None], t, axis=1) * inside
        self.through = np.repeat(c.regions["capacity_litres"].to_numpy(float)[:, None], t, axis=1) * inside
        self.room = c.room.copy()
        self.courses, self.second = np.zeros(c.shape), np.zeros((d, p, t))
        self.from_stock, self.asked = np.zeros((d, p, t)), np.zeros((p, t, t))
        self.place_stock(inside)
        self.lots = []
        doses = c.lots["doses"].to_numpy(float) * inside
        for product in c.products["product"]:
            mine = c.lots["product"] == product
            of = zip(c.lots["expires"][mine], c.lots["arrives"][mine], doses[mine], strict=True)
            self.lots.append(sorted(x for x in of if x[2] > 0))

    def place_stock(self, inside: float) -> None:
        c = self.c
        d, t = len(c.districts), c.weeks
        lots = c.lots.set_index("lot")
        self.stock = np.zeros((d, len(c.lots)))
        at = rows_of(c.districts["district"], c.stock["district"]), rows_of(c.lots["lot"], c.stock["lot"])
        np.add.at(self.stock, at, c.stock["doses"].to_numpy(float))
        self.stock_product = rows_of(c.products["product"], lots["product"])
        self.expires = lots["expires"].to_numpy(float)
        self.stock[:, self.expires < 0] = 0.0
        self.stock_weeks = min(c.stock_weeks, t)
        litres = self.stock @ self.volume[self.stock_product]
        kept = np.arange(t) < self.stock_weeks
        self.litres = c.districts["capacity_litres"].to_numpy(float)[:, None] * inside - litres[:, None] * kept
        self.stock *= inside

    # ---- what is left --------------------------------------------------------------------------------------------

    def at_hand(self, i: int, week: int) -> np.ndarray:
        """Doses of a product that districts can give from the stock of the start, wastage taken off; shape (D,)."""
        if week >= self.stock_weeks:
            return np.zeros(len(self.stock))
        usable = (self.stock_product == i) & (self.expires >= week)
        return self.stock[:, usable].sum(axis=1) / self.factor[i]

    def limit(self, i: int, given: list[int], fetched: list[int]) -> np.ndarray:
        """Courses that hands and districts' stores allow, shape (D,), with doses given and fetched for these weeks."""
        cap = np.full(len(self.hands), np.inf)
        for week in set(given):
            cap = np.minimum(cap, np.maximum(self.hands[:, week], 0.0) / given.count(week))
        held = np.zeros_like(self.litres)
        for week in fetched:
            leaves = self.fetched[:, week, None]
            weeks = np.arange(self.c.weeks)
            held += (leaves <= weeks) & (weeks <= week)
            cap = np.where(leaves[:, 0] >= 0, cap, 0.0)
        held *= self.volume[i] * self.factor[i]
        left = np.divide(np.maximum(self.litres, 0.0), held, out=np.full_like(held, np.inf), where=held > 0)
        return np.minimum(cap, left.min(axis=1))

    def by_region(self, i: int, fetched: list[int], amount: np.ndarray) -> np.ndarray:
        """`amount` (D,) cut where it does not go through the regional stores."""
        region = self.c.region_of
        use = np.zeros_like(self.through)
        for week in fetched:
            ok = self.fetched[:, week] >= 0
            np.add.at(use, (region[ok], self.fetched[ok, week]), amount[ok] * self.volume[i] * self.factor[i])
        part = np.divide(np.maximum(self.through, 0.0), use, out=np.ones_like(use), where=use > 0).clip(max=1.0)
        for week in fetched:
            amount = amount * np.where(self.fetched[:, week] >= 0, part[region, self.fetched[:, week]], 1.0)
        return amount

    def demand(self, i: int, fetched: list[int], amount: np.ndarray) -> np.ndarray:
        """Doses by week of leaving the national store and week of giving, shape (T, T)."""
        out = np.zeros(self.asked.shape[1:])
        for week in fetched:
            ok = self.fetched[:, week] >= 0
            np.add.at(out[:, week], self.fetched[ok, week], amount[ok] * self.factor[i])
        return out

    def lots_suffice(self, i: int, more: np.ndarray) -> bool:
        """Whether the lots serve what is asked of them and `more`, shape (T, T): earliest expiry first serves most."""
        asked = self.asked[i] + more
        expires, arrives, left = ([x[n] for x in self.lots[i]] for n in range(3))
        for leaves, given in np.argwhere(asked > 0):
            need = asked[leaves, given]
            slack = 1e-12 * need + 1e-9
            for n in range(len(left)):
                if left[n] > 0 and arrives[n] <= leaves and expires[n] >= given:
                    take = min(left[n], need)
                    left[n] -= take
                    need -= take
                    if need <= 0:
                        break
            if need > slack:
                return False
        return True

    # ---- handing out ---------------------------------------------------------------------------------------------

    def second_doses_due(self, *, must: bool) -> None:
        """Give the second doses due from before as early as can be; an error if they `must` all be given and cannot."""
        c = self.c
        due = np.zeros((len(c.districts), c.shape[1], c.weeks))
        at = rows_of(c.districts["district"], c.due["district"]), rows_of(c.products["product"], c.due["product"])
        np.add.at(due, (*at, c.due["week"].to_numpy(int)), c.due["courses"].to_numpy(float))
        for i in np.flatnonzero(due.sum(axis=(0, 2)) > 0):
            waiting = np.zeros(len(due))
            for week in range(c.weeks):
                waiting = waiting + due[:, i, week]
                # Stock at hand may be what there is for first doses until the next delivery: it comes last.
                for stock in (False, True):
                    done = self.one_dose(i, week, waiting, stock)
                    self.second[:, i, week] += done
                    waiting = np.maximum(waiting - done, 0.0)
            if must and (waiting > 1e-6 * np.maximum(1.0, due[:, i].sum(axis=1))).any():
                d = int(np.argmax(waiting))
                raise InfeasibleCampaign(
                    f"{waiting.sum():.6g} second doses of {c.products['product'].iloc[i]!r} that fall due cannot be "
                    f"given, {waiting[d]:.6g} of them in {c.districts['district'].iloc[d]!r}: forgive() leaves them out"
                )

    def one_dose(self, i: int, week: int, want: np.ndarray, stock: bool) -> np.ndarray:
        fetched = [] if stock else [week]
        cap = np.minimum(want, self.limit(i, [week], fetched))
        cap = np.minimum(cap, self.at_hand(i, week)) if stock else self.by_region(i, fetched, cap)
        part = self.largest(lambda s: s * cap, i, fetched, 1.0)
        self.take(i, [week], fetched, part * cap)
        return part * cap

    def begin(
        self,
        i: int,
        week: int,
        weights: np.ndarray,
        *,
        most: np.ndarray | None = None,
        pooled: bool = True,
    ) -> None:
        """Begin courses by `weights`, shape (D, G), as many as can be, or `most`, shape (D, G).

        Where it is not `pooled`, what is set aside for a place and not used there is not handed to others.
        """
        k = int(self.c.interval[i])
        if week + k >= self.c.weeks:
            return
        given = [week, week + k] if k else [week]
        room = self.room if most is None else np.minimum(self.room, most)
        for stock in (True, False):
            fetched = given[1:] if stock else given
            ends = room * (weights > 0)
            cap = self.limit(i, given, fetched)
            if stock:
                cap = np.minimum(cap, self.at_hand(i, week))
            if not (np.minimum(cap, ends.sum(axis=1)) > LEAST).any():
                continue
            cells = self.shares(i, weights, ends, cap, fetched, pooled or stock, most is not None)
            self.take(i, given, fetched, cells.sum(axis=1))
            self.courses[:, i, :, week] += cells
            self.room = np.maximum(self.room - cells, 0.0)
            room = np.maximum(room - cells, 0.0)

    def shares(self, i, weights, ends, cap, fetched, pooled: bool, exact: bool) -> np.ndarray:
        """Courses (D, G) in proportion to `weights`, at most `ends` (D, G) and `cap` (D,), as far as the lots go."""

        def cells(s: float) -> np.ndarray:
            cell = np.minimum(s * weights, ends)
            total = cell.sum(axis=1)
            allowed = self.by_region(i, fetched, np.minimum(total, cap))
            return cell * np.divide(allowed, total, out=np.zeros_like(total), where=total > 0)[:, None]

        full = 1.0 if exact else float(np.divide(ends, weights, out=np.zeros_like(ends), where=weights > 0).max())
        asks = (lambda s: cells(s).sum(axis=1)) if pooled else (lambda s: s * weights.sum(axis=1))
        return cells(self.largest(asks, i, fetched, full))

    def largest(self, amount: Callable[[float], np.ndarray], i: int, fetched: list[int], full: float) -> float:
        """The largest number up to `full` whose `amount` (D,) the lots serve."""
        if not fetched or self.lots_suffice(i, self.demand(i, fetched, amount(full))):
            return full
        low, high = 0.0, full
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if self.lots_suffice(i, self.demand(i, fetched, amount(middle))):
                low = middle
            else:
                high = middle
        return low

    def take(self, i: int, given: list[int], fetched: list[int], amount: np.ndarray) -> None:
        """Take courses (D,) off what is left; the doses of weeks not in `fetched` come from the stock at hand."""
        litres = amount * self.factor[i] * self.volume[i]
        weeks = np.arange(self.c.weeks)
        for week in given:
            self.hands[:, week] -= amount
            if week in fetched:
                leaves = self.fetched[:, week]
                self.litres -= litres[:, None] * ((leaves[:, None] <= weeks) & (weeks <= week))
                ok = leaves >= 0
                np.add.at(self.through, (self.c.region_of[ok], leaves[ok]), -litres[ok])
            else:
                self.draw(i, week, amount * self.factor[i])
                self.litres += litres[:, None] * ((weeks > week) & (weeks < self.stock_weeks))
        self.asked[i] += self.demand(i, fetched, amount)

    def draw(self, i: int, week: int, doses: np.ndarray) -> None:
        self.from_stock[:, i, week] += doses
        for lot in np.argsort(self.expires, kind="stable"):
            if self.stock_product[lot] == i and self.expires[lot] >= week:
                part = np.minimum(doses, self.stock[:, lot])
                self.stock[:, lot] -= part
                doses = doses - part

    def plan(self) -> CampaignPlan:
        plan = CampaignPlan(self.c, self.courses, self.second, self.from_stock)
        guarded = self.c.districts["protected"].to_numpy(bool)
        return replace(plan, floor=float(plan.coverage[guarded].min()) if guarded.any() else 0.0)
