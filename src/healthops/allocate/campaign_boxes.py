"""A campaign's plan in whole boxes.

The linear program is solved with a little supply and storage kept back, then every district orders, round by round, the
whole boxes that it needs on top of what is left in its store. Where boxes, a regional store or the district's own store
do not suffice, first doses of that round are put off in proportion to the week after, with their second doses, and so
are second doses due from before; in a week with more doses than hands first doses are put off too. Those that no week
is left for are cut, and so are courses whose second dose finds no vaccine or hands. What is lost is the benefit of the
weeks, the courses cut and the supply kept back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from healthops.allocate.campaign import Campaign
from healthops.allocate.campaign_plan import CampaignPlan, PlanTables, dose_table, plan_campaign

#: Rounding of numbers of boxes and doses.
TIE = 1e-9
#: A need of less than this share of a box opens none.
SLIVER = 0.05
#: Cut beyond what second doses lack, in doses, so that the next pass has none to cut again.
CRUMB = 1e-3


@dataclass(frozen=True)
class BoxedPlan:
    """A plan in whole boxes.

    Attributes
    ----------
    plan : CampaignPlan
        Courses after rounding; its floor is the lowest coverage that is left.
    tables : PlanTables
        Shipments are whole boxes.
    relaxed : CampaignPlan
        The plan of the linear program with all supply, without boxes: no boxed plan averts more.
    """

    plan: CampaignPlan
    tables: PlanTables
    relaxed: CampaignPlan

    @property
    def loss(self) -> float:
        """Benefit that boxes cost at most, as a share of that without boxes."""
        return 1 - self.plan.benefit / self.relaxed.benefit if self.relaxed.benefit > 0 else 0.0


def plan_in_boxes(campaign: Campaign, *, kept_back: float = 0.5, **options) -> BoxedPlan:
    """Plan a campaign in whole boxes.

    Parameters
    ----------
    campaign : Campaign
        Without stock at hand in the districts.
    kept_back : float
        Boxes of each product for each district that the linear program leaves out of the supply: about half a box is
        open in each district at the end.
    options
        As in :func:`.campaign_plan.plan_campaign`.

    Raises
    ------
    ValueError
        If there is stock at hand: its boxes are open already.
    """
    if (campaign.stock["doses"] > 0).any():
        raise ValueError("stock at hand in districts is not in whole boxes: plan without it, or use plan_campaign")
    relaxed = plan_campaign(campaign, **options)
    plan = plan_campaign(tighten(campaign, kept_back), **options)
    rounded, tables = round_to_boxes(replace(plan, campaign=campaign))
    return BoxedPlan(rounded, tables, relaxed)


def tighten(c: Campaign, boxes: float) -> Campaign:
    """The campaign with `boxes` of each product for each district kept out of supply and stores, a third at most."""
    product = c.products.set_index("product")
    held = (product["box_doses"] * len(c.districts) * boxes).to_dict()
    doses = c.lots["doses"].to_numpy(float).copy()
    for n in np.argsort(c.lots["arrives"].to_numpy(), kind="stable"):
        # Boxes are opened when a district is first served: the first lots pay for them.
        name = c.lots["product"].iloc[n]
        take = min(doses[n] / 3, held[name])
        doses[n] = np.floor(doses[n] - take)
        held[name] -= take
    lots = c.lots.assign(doses=doses)
    litres = float((product["box_doses"] * product["litres_per_dose"]).sum())
    rounds = (1 / c.districts["delivery_every"]).groupby(c.districts["region"]).sum()
    room = c.regions["capacity_litres"] - (c.regions["region"].map(rounds).fillna(0.0) * boxes * litres)
    regions = c.regions.assign(capacity_litres=np.maximum(room, c.regions["capacity_litres"] * 2 / 3))
    own = c.districts["capacity_litres"]
    districts = c.districts.assign(capacity_litres=np.maximum(own - litres, own * 2 / 3))
    return replace(c, lots=lots, regions=regions, districts=districts)


def round_to_boxes(plan: CampaignPlan, *, passes: int = 20) -> tuple[CampaignPlan, PlanTables]:
    """Whole boxes for a plan; courses that they cannot serve in time are put off or cut.

    A second dose can run short of vaccine or hands after its first was given: then the courses that it belongs to are
    cut, and the deliveries are played again, at most `passes` times.

    Raises
    ------
    RuntimeError
        If second doses still run short: the message names where.
    """
    courses = plan.courses.copy()
    for _ in range(passes):
        play = _Play(replace(plan, courses=courses))
        play.run()
        courses = play.courses
        lack = np.maximum(play.short, play.crowded)
        if not lack.any():
            break
        _cut_for_seconds(plan.campaign, courses, lack)
    else:
        d, i, week = np.unravel_index(int(np.argmax(lack)), lack.shape)
        where = (
            f"{plan.campaign.districts['district'].iloc[d]!r}, product {plan.campaign.products['product'].iloc[i]!r}"
        )
        raise RuntimeError(
            f"second doses still ran short after {passes} passes: {lack.sum():.6g} doses, most in district {where}, "
            f"week {week}: a box may be larger than its stores"
        )
    done = replace(plan, courses=even_out(plan, courses), second_due=play.due)
    guarded = plan.campaign.districts["protected"].to_numpy(bool)
    lowest = float(done.coverage[guarded].min()) if guarded.any() else 0.0
    done = replace(done, floor=min(plan.floor, lowest))
    return done, play.tables(done)


def even_out(plan: CampaignPlan, courses: np.ndarray) -> np.ndarray:
    """Hand courses of a district from groups above their floor to those that cuts left below it, latest weeks first.

    Who gets a dose changes neither stocks nor work, so every other constraint holds as before. Where the courses of a
    district do not suffice for the floor of all its groups, they get the same share of it.
    """
    c = plan.campaign
    out = courses.copy()
    guarded = c.districts["protected"].to_numpy(bool)[:, None]
    need = np.where(guarded, np.clip(plan.floor * c.willing - c.covered, 0.0, c.room), 0.0)
    begun = out.sum(axis=(1, 3))
    total = need.sum(axis=1)
    scale = np.minimum(1.0, np.divide(begun.sum(axis=1), total, out=np.ones(len(total)), where=total > 0))
    need = need * scale[:, None]
    for d in np.flatnonzero((begun < need - 1e-9).any(axis=1)):
        lack, spare = np.maximum(need[d] - begun[d], 0.0), np.maximum(begun[d] - need[d], 0.0)
        for week in reversed(range(c.weeks)):
            for i in range(out.shape[1]):
                cell = out[d, i, :, week]
                give = np.minimum(cell, spare)
                moved = min(give.sum(), lack.sum())
                if moved > 0:
                    take, get = give * (moved / give.sum()), lack * (moved / lack.sum())
                    out[d, i, :, week] = np.maximum(cell - take, 0.0) + get
                    spare, lack = spare - take, np.maximum(lack - get, 0.0)
    return out


def _cut_for_seconds(c: Campaign, courses: np.ndarray, short: np.ndarray) -> None:
    """Cut the courses whose second doses ran short by `short`, shape (D, P, T)."""
    for i, k in enumerate(c.interval):
        if k:
            ends = max(c.weeks - k, 0)
            begun = courses[:, i].sum(axis=1)[:, :ends]
            lack = short[:, i, k:]
            keep = np.clip(1 - (1.001 * lack + CRUMB) / np.maximum(begun, 1e-12), 0.0, 1.0)
            courses[:, i, :, :ends] *= np.where(lack > TIE, keep, 1.0)[:, None, :]


class _Play:
    """Deliveries in boxes, week by week, for given courses."""

    def __init__(self, plan: CampaignPlan):
        self.c, self.plan, self.courses, self.due = plan.campaign, plan, plan.courses.copy(), plan.second_due.copy()
        c = self.c
        d, p, g, t = c.shape
        self.product = pd.Index(c.products["product"]).get_indexer(c.lots["product"])
        self.box, self.volume, self.factor = (
            c.products[x].to_numpy(float) for x in ("box_doses", "litres_per_dose", "wastage_factor")
        )
        self.arrives, self.expires = (c.lots[x].to_numpy(float) for x in ("arrives", "expires"))
        self.by_expiry = np.argsort(self.expires, kind="stable")
        self.left = np.floor(c.lots["doses"].to_numpy(float) / self.box[self.product] + TIE)
        self.store = np.zeros((d, len(c.lots)))
        #: Second doses without vaccine, and without hands.
        self.short, self.crowded = np.zeros((d, p, t)), np.zeros((d, p, t))
        self.every = c.districts["delivery_every"].to_numpy(int)
        self.sent, self.drawn = [], []
        #: Persons who should have begun a course by now, and those who have, by district.
        self.wanted, self.begun = np.zeros(d), np.zeros(d)

    def run(self) -> None:
        for week in range(self.c.weeks):
            self.store[:, self.expires < week] = 0.0
            here = np.flatnonzero((week + self.c.clock) % self.every == 0)
            through = self.c.regions["capacity_litres"].to_numpy(float).copy()
            for i in range(len(self.box)):
                self.order(week, i, here, through)
            self.make_room(week)
            for i in range(len(self.box)):
                self.give(week, i)

    def make_room(self, week: int) -> None:
        """Put off first doses of a week, then second doses due, where doses that waited are more than hands."""
        hands = self.c.districts["vaccinator_doses"].to_numpy(float)
        products = range(len(self.box))
        first = self.courses[..., week].sum(axis=(1, 2))
        over = first + sum(self.seconds(i, week) for i in products) - hands
        over = np.where(over > TIE * (1 + hands), over, 0.0)
        cut = np.minimum(over, first)
        for i in products:
            self.wait(i, week, np.divide(cut, first, out=np.zeros_like(first), where=first > 0))
        over = over - cut
        for i in products:
            over = over - self.put_off(i, week, np.minimum(over, self.due[:, i, week]))
        # What is left is second doses of courses begun here: too many were begun. Those due from before come last, for
        # there is no course to cut for them.
        for seconds in (self.own, self.from_before):
            for i in products:
                lack = np.minimum(over, seconds(i, week))
                self.crowded[:, i, week] += lack
                over = over - lack

    def wait(self, i: int, week: int, part: np.ndarray) -> None:
        """Put off a `part`, shape (D,), of a week's first doses to the next; out of time, they are cut."""
        later = self.courses[:, i, :, week] * part[:, None]
        self.courses[:, i, :, week] -= later
        if week + 1 + int(self.c.interval[i]) < self.c.weeks:
            self.courses[:, i, :, week + 1] += later

    def put_off(self, i: int, week: int, doses: np.ndarray) -> np.ndarray:
        """Give second doses due, shape (D,), a week later; returns those that can be."""
        if week + 1 == self.c.weeks:
            return np.zeros_like(doses)
        self.due[:, i, week] -= doses
        self.due[:, i, week + 1] += doses
        return doses

    def needed(self, i: int, week: int) -> np.ndarray:
        """Doses drawn of a product in a week, shape (D,)."""
        first = self.courses[:, i, :, week].sum(axis=1)
        return self.factor[i] * (first + self.seconds(i, week))

    def own(self, i: int, week: int) -> np.ndarray:
        """Second doses of courses begun in the plan, shape (D,)."""
        k = int(self.c.interval[i])
        return self.courses[:, i, :, week - k].sum(axis=1) if k and week >= k else np.zeros(len(self.courses))

    def from_before(self, i: int, week: int) -> np.ndarray:
        """Second doses of courses begun before the plan, shape (D,)."""
        return self.due[:, i, week]

    def seconds(self, i: int, week: int) -> np.ndarray:
        return self.own(i, week) + self.from_before(i, week)

    def order(self, week: int, i: int, here: np.ndarray, through: np.ndarray) -> None:
        """Send whole boxes for the round that begins, those that will be emptied most first."""
        ends = np.minimum(week + self.every[here], self.c.weeks)
        need, must = np.zeros(len(here)), np.zeros(len(here))
        for given in range(week, int(ends.max(initial=week))):
            need += np.where(given < ends, self.needed(i, given)[here], 0.0)
            must += np.where(given < ends, self.factor[i] * self.seconds(i, given)[here], 0.0)
        mine = self.product == i
        usable = mine & (self.expires >= week)
        # Stock that expires within the round is counted only where it lasts to its end.
        lasting = self.store[np.ix_(here, usable)] * (self.expires[usable] >= ends[:, None] - 1)
        lasting = lasting.sum(axis=1)
        want = np.ceil((need - lasting) / self.box[i] - SLIVER)
        # A second dose is worth a box of its own.
        want = np.maximum(want, np.ceil((must - lasting) / self.box[i] - TIE)).clip(min=0)
        room = self.c.districts["capacity_litres"].to_numpy(float)[here] - self.store[here] @ self.volume[self.product]
        want = np.minimum(want, np.floor(np.maximum(room, 0) / (self.box[i] * self.volume[i]) + TIE))
        filled = np.divide(need, want * self.box[i], out=np.zeros_like(need), where=want > 0)
        litres = self.box[i] * self.volume[i]
        # Second doses come first, then those who have been left behind, then those whose boxes will be emptied most.
        behind = np.round(
            1 - np.divide(self.begun, self.wanted, out=np.ones(len(self.begun)), where=self.wanted > 0), 2
        )
        for n in np.lexsort((-filled, -behind[here], must <= lasting + TIE)):
            place = here[n]
            region = self.c.region_of[place]
            boxes = min(want[n], np.floor(through[region] / litres + TIE))
            boxes -= self.send(week, i, place, boxes, ends[n] - 1)
            through[region] -= boxes * litres

    def send(self, week: int, i: int, place: int, boxes: float, until: float) -> float:
        """Send boxes of the lots that expire first among those that last; return how many are missing."""
        for lot in self.by_expiry:
            if boxes <= 0:
                break
            if self.product[lot] != i or self.arrives[lot] > week or self.expires[lot] < until or self.left[lot] <= 0:
                continue
            take = min(boxes, self.left[lot])
            self.left[lot] -= take
            boxes -= take
            self.store[place, lot] += take * self.box[i]
            self.sent.append((lot, place, week, take * self.box[i]))
        return boxes

    def give(self, week: int, i: int) -> None:
        """Give a week's doses, cut the first doses that the store cannot serve, and take them out of it."""
        mine = np.flatnonzero(self.product == i)
        ahead = self.store[:, mine].sum(axis=1)
        second = self.factor[i] * self.seconds(i, week)
        first = self.factor[i] * self.courses[:, i, :, week].sum(axis=1)
        lack = np.maximum(second - ahead, 0.0) / self.factor[i]
        late = self.put_off(i, week, np.minimum(lack, self.due[:, i, week]))
        second = second - late * self.factor[i]
        self.short[:, i, week] = lack - late
        self.short[self.short[:, i, week] < 1e-7, i, week] = 0.0
        can = np.maximum(ahead - second, 0.0)
        keep = np.divide(np.minimum(first, can), first, out=np.ones_like(first), where=first > 0)
        self.wait(i, week, 1 - keep)
        self.wanted += self.factor[i] * self.plan.courses[:, i, :, week].sum(axis=1)
        self.begun += first * keep
        want = np.minimum(first * keep + second, ahead)
        for lot in self.by_expiry:
            if self.product[lot] == i and self.expires[lot] >= week:
                take = np.minimum(want, self.store[:, lot])
                self.store[:, lot] -= take
                want = want - take
                places = np.flatnonzero(take > 0)
                self.drawn.append((lot, places, week, take[places]))

    def tables(self, plan: CampaignPlan) -> PlanTables:
        c = self.c
        lots, names = c.lots["lot"].to_numpy(), c.districts["district"].to_numpy()
        regions = c.districts["region"].to_numpy()
        sent = pd.DataFrame(self.sent, columns=["lot", "place", "week", "doses"]).astype({"lot": int, "place": int})
        shipments = pd.DataFrame(
            {
                "lot": lots[sent["lot"]],
                "region": regions[sent["place"]],
                "district": names[sent["place"]],
                "week": sent["week"].astype(int),
                "doses": sent["doses"].astype(float),
            }
        )
        size = [len(x[1]) for x in self.drawn]
        where = np.concatenate([x[1] for x in self.drawn]).astype(int)
        draws = pd.DataFrame(
            {
                "district": names[where],
                "lot": lots[np.repeat([x[0] for x in self.drawn], size)],
                "week": np.repeat([x[2] for x in self.drawn], size),
                "doses": np.concatenate([x[3] for x in self.drawn]),
            }
        )
        return PlanTables(dose_table(plan), shipments, draws)
