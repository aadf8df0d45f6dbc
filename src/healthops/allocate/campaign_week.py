"""A week of a campaign gone by: what really happened, an account of every dose, and the campaign that is left.

In a week the national store sends what the plan says, as far as the lots are there; districts give doses from their
stores, earliest expiry first; at its end what has expired goes. Each dose that was in a lot is then given, left in an
opened vial, recalled, spoilt, expired, miscounted, or still in the national or a district's store: the account has all
of them, lot by lot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from healthops.allocate.campaign import Campaign, CampaignError
from healthops.allocate.campaign_past import rows_of
from healthops.allocate.campaign_plan import CampaignPlan, PlanTables

#: Name of the national store where it fails.
NATIONAL = "national store"
#: Less than this of a dose is rounding.
DUST = 1e-6
#: Less than this of a lot in a district's store is in no vial that anyone can open: it is written off with the opened.
REST = 0.05
#: What can become of a dose, in the account.
FATES = ("given", "open_vials", "recalled", "spoilt", "expired", "miscounted")


@dataclass(frozen=True)
class Happened:
    """What a week brought; nothing but the plan by default.

    Attributes
    ----------
    given : DataFrame, optional
        ``district``, ``group``, ``product``, ``dose`` (1 or 2), ``doses`` that were given. By default those of the
        plan, second doses first where the store does not suffice.
    late : mapping of str to int
        Lots that come so many weeks later than the campaign has them.
    recalled : tuple of str
        Lots that nobody may give any more, from the beginning of the week.
    failed : tuple of str
        Cold stores whose vaccine is lost: districts, before they give; regions, what passes through in the week; or
        ``NATIONAL``, what is left there once the week's vaccine has gone.
    counted : DataFrame, optional
        ``district``, ``lot``, ``doses`` as counted at the end of the week; what is not listed is as the books have it.
    """

    given: pd.DataFrame | None = None
    late: Mapping[str, int] = field(default_factory=dict)
    recalled: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    counted: pd.DataFrame | None = None


@dataclass(frozen=True)
class Week:
    """A week gone by.

    Attributes
    ----------
    campaign : Campaign
        What is left to plan, its week 0 the next one.
    account : DataFrame
        By ``lot``: doses ``before`` the week (those still to arrive too), each of ``FATES``, and ``national`` and
        ``districts`` after it; they sum to ``before``.
    given : DataFrame
        ``district``, ``group``, ``product``, ``dose``, ``doses``.
    """

    campaign: Campaign
    account: pd.DataFrame
    given: pd.DataFrame


def advance(campaign: Campaign, tables: PlanTables, happened: Happened | None = None) -> Week:
    """Play week 0 of a plan and return what is left.

    Parameters
    ----------
    campaign : Campaign
        Of more than one week.
    tables : PlanTables
        A plan for it; only its week 0 is read.
    happened : Happened, optional
        What really happened.

    Raises
    ------
    CampaignError
        Naming a lot, store, district or group that the campaign does not know; more given than was in the store, than
        second doses were due or than people live there; a campaign that ends.
    """
    if campaign.weeks < 2:
        raise CampaignError("the campaign ends with this week: there is no next one to plan")
    books = _Books(campaign, happened or Happened())
    books.recall()
    books.send(tables.shipments)
    given = books.give(tables.doses)
    books.expire()
    books.count()
    return Week(books.next_campaign(given), books.account(), given)


def could_give(campaign: Campaign, tables: PlanTables, happened: Happened | None = None) -> pd.DataFrame:
    """Doses of week 0 of a plan that the stores could give, ``given`` of :class:`Week`; parameters as of `advance`."""
    books = _Books(campaign, replace(happened or Happened(), given=None))
    books.recall()
    books.send(tables.shipments)
    return books.give(tables.doses)


def rest_of(plan: CampaignPlan, expected: Campaign) -> CampaignPlan:
    """The weeks of a plan after its first, as a plan of `expected`.

    That is the campaign which :func:`advance` returns if nothing unforeseen happens: beside it
    :func:`.campaign_replan.replan` tells what is different from what was expected.
    """
    stock = np.zeros(expected.shape[:2])
    product = expected.stock["lot"].map(expected.lots.set_index("lot")["product"])
    at = (
        rows_of(expected.districts["district"], expected.stock["district"]),
        rows_of(expected.products["product"], product),
    )
    np.add.at(stock, at, expected.stock["doses"].to_numpy(float))
    early = (np.arange(expected.weeks) < expected.first_delivery[:, None])[:, None, :]
    # What a store held less than ``REST`` for was rounding.
    nothing = early & (stock == 0)[:, :, None]
    rest = replace(
        plan,
        campaign=expected,
        courses=np.where(nothing[:, :, None, :], 0.0, plan.courses[..., 1:]),
        second_due=_still_due(plan)[..., 1:],
        from_stock=plan.from_stock[..., 1:],
        stages=(),
        points={},
    )
    drawn = rest.given * expected.products["wastage_factor"].to_numpy(float)[:, None]
    return replace(rest, from_stock=np.where(early, drawn, rest.from_stock))


def _still_due(plan: CampaignPlan) -> np.ndarray:
    """Second doses of before week 1 by week in which they are given, shape (D, P, T)."""
    out = plan.second_due.copy()
    for i, k in enumerate(plan.campaign.interval):
        if 0 < k < plan.campaign.weeks:
            out[:, i, k] += plan.courses[:, i, :, 0].sum(axis=1)
    return out


class _Books:
    """The stores of a campaign in its week 0, lot by lot."""

    def __init__(self, c: Campaign, happened: Happened):
        self.c, self.happened = c, happened
        self.lots = c.lots["lot"].to_numpy(object)
        self.product = rows_of(c.products["product"], c.lots["product"])
        self.national = c.lots["doses"].to_numpy(float).copy()
        self.store = np.zeros((len(c.districts), len(self.lots)))
        at = rows_of(c.districts["district"], c.stock["district"]), rows_of(self.lots, c.stock["lot"])
        np.add.at(self.store, at, c.stock["doses"].to_numpy(float))
        self.before = self.national + self.store.sum(axis=0)
        self.fate = {name: np.zeros(len(self.lots)) for name in FATES}
        self.arrives = c.lots["arrives"].to_numpy(float) + self.lateness()
        self.expires = c.lots["expires"].to_numpy(float)
        known = {NATIONAL, *c.districts["district"], *c.regions["region"]}
        for name in happened.failed:
            if name not in known:
                raise CampaignError(f"store {name!r} failed, but it is no district, no region and not {NATIONAL!r}")

    def lateness(self) -> np.ndarray:
        late = np.zeros(len(self.lots))
        for lot, weeks in self.happened.late.items():
            row = self.row_of(lot, "late")
            if self.c.lots["arrives"].iloc[row] < 0 or weeks != int(weeks) or weeks < 0:
                raise CampaignError(f"lot {lot!r} is late by {weeks} weeks: give whole weeks to a lot still to arrive")
            late[row] = weeks
        return late

    def row_of(self, lot: str, what: str) -> int:
        found = np.flatnonzero(self.lots == lot)
        if len(found) == 0:
            raise CampaignError(f"lot {lot!r} is {what}, but it is not in lots: correct its name")
        return int(found[0])

    def lose(self, fate: str, lots: np.ndarray, doses: np.ndarray) -> None:
        np.add.at(self.fate[fate], lots, doses)

    def empty(self, fate: str, which: np.ndarray) -> None:
        """Empty the national store and the districts' of the lots `which`, shape (L,), bool."""
        self.fate[fate] += np.where(which, self.national + self.store.sum(axis=0), 0.0)
        self.national[which] = 0.0
        self.store[:, which] = 0.0

    def recall(self) -> None:
        rows = [self.row_of(lot, "recalled") for lot in self.happened.recalled]
        self.empty("recalled", np.isin(np.arange(len(self.lots)), rows))

    def send(self, shipments: pd.DataFrame) -> None:
        """Send the shipments of week 0, each lot as far as it goes, and lose what was in stores that failed."""
        now = shipments[shipments["week"] == 0]
        where = rows_of(self.c.districts["district"], now["district"])
        lot = rows_of(self.lots, now["lot"])
        doses = now["doses"].to_numpy(float)
        there = np.where(self.arrives <= 0, self.national, 0.0)
        planned = np.bincount(lot, weights=doses, minlength=len(self.lots))
        part = np.minimum(1.0, np.divide(there, planned, out=np.ones(len(planned)), where=planned > 0))
        doses = doses * part[lot]
        self.national = np.maximum(self.national - planned * part, 0.0)
        lost = np.isin(self.c.districts["region"].to_numpy(object)[where], self.happened.failed)
        self.lose("spoilt", lot[lost], doses[lost])
        np.add.at(self.store, (where[~lost], lot[~lost]), doses[~lost])
        broken = np.isin(self.c.districts["district"].to_numpy(object), self.happened.failed)
        self.fate["spoilt"] += self.store[broken].sum(axis=0)
        self.store[broken] = 0.0
        if NATIONAL in self.happened.failed:
            here = self.arrives <= 0
            self.fate["spoilt"] += np.where(here, self.national, 0.0)
            self.national[here] = 0.0

    def give(self, planned: pd.DataFrame) -> pd.DataFrame:
        """Give the doses of the week, shape (D, P, G, 2), out of the stores; return them as a table."""
        c = self.c
        told = self.happened.given
        rows = planned[planned["week"] == 0] if told is None else told
        given = np.zeros((*c.shape[:3], 2))
        at = [
            self.rows_in(rows, column, names)
            for column, names in (
                ("district", c.districts["district"]),
                ("product", c.products["product"]),
                ("group", c.groups),
            )
        ]
        number = rows["dose"].to_numpy(int) - 1
        if len(rows) and (not np.isin(number, (0, 1)).all() or not (rows["doses"].to_numpy(float) >= -DUST).all()):
            raise CampaignError("doses given: dose is 1 or 2, and doses at least 0; correct the rows")
        np.add.at(given, (*at, number), np.maximum(rows["doses"].to_numpy(float), 0.0))
        factor = c.products["wastage_factor"].to_numpy(float)
        usable = self.store * (self.expires >= 0)
        for i in range(len(factor)):
            mine = np.flatnonzero(self.product == i)
            can = usable[:, mine].sum(axis=1) / factor[i]
            given[:, i] = self.as_far_as(given[:, i], can, i, told is not None)
            self.draw(mine, given[:, i].sum(axis=(1, 2)), factor[i])
        return self.table(given)

    def rows_in(self, rows: pd.DataFrame, column: str, names) -> np.ndarray:
        found = rows_of(names, rows[column])
        if (found < 0).any():
            name = rows[column].iloc[int(np.argmax(found < 0))]
            raise CampaignError(f"doses given: {column} {name!r} is not in the campaign; correct its name")
        return found

    def as_far_as(self, doses: np.ndarray, can: np.ndarray, product: int, told: bool) -> np.ndarray:
        """Doses (D, G, 2) as far as the store has them, (D,); an error if they are `told` to have been given."""
        total = doses.sum(axis=(1, 2))
        if told and (total > can * (1 + 1e-9) + DUST).any():
            d = int(np.argmax(total - can))
            names = self.c.districts["district"].iloc[d], self.c.products["product"].iloc[product]
            raise CampaignError(
                f"district {names[0]!r} gave {total[d]:.6g} doses of {names[1]!r} and its store had {can[d]:.6g}, "
                f"wastage taken off; count its stock or correct the doses"
            )
        out = doses.copy()
        left = can.copy()
        for number in (1, 0):
            want = doses[:, :, number].sum(axis=1)
            part = np.minimum(1.0, np.divide(left, want, out=np.ones_like(want), where=want > 0))
            out[:, :, number] *= part[:, None]
            left = np.maximum(left - want * part, 0.0)
        return out

    def draw(self, mine: np.ndarray, doses: np.ndarray, factor: float) -> None:
        """Take doses (D,) out of the districts' stores, earliest expiry first, with what is left in opened vials."""
        want = doses * factor
        for lot in mine[np.argsort(self.expires[mine], kind="stable")]:
            if self.expires[lot] >= 0:
                take = np.minimum(want, self.store[:, lot])
                self.store[:, lot] -= take
                want = want - take
                self.fate["given"][lot] += take.sum() / factor
                self.fate["open_vials"][lot] += take.sum() - take.sum() / factor

    def table(self, given: np.ndarray) -> pd.DataFrame:
        c = self.c
        d, p, g, n = np.nonzero(given)
        return pd.DataFrame(
            {
                "district": c.districts["district"].to_numpy(object)[d],
                "group": np.array(c.groups, dtype=object)[g],
                "product": c.products["product"].to_numpy(object)[p],
                "dose": n + 1,
                "doses": given[d, p, g, n],
            }
        )

    def expire(self) -> None:
        """What nobody may give after this week, or comes too late to be given, has expired."""
        self.empty("expired", (self.expires <= 0) | (self.arrives > self.expires))
        dust = (self.store > 0) & (self.store < REST)
        self.fate["open_vials"] += np.where(dust, self.store, 0.0).sum(axis=0)
        self.store[dust] = 0.0

    def count(self) -> None:
        counted = self.happened.counted
        if counted is None:
            return
        where = self.rows_in(counted, "district", self.c.districts["district"])
        lot = np.array([self.row_of(name, "counted") for name in counted["lot"]], int)
        doses = counted["doses"].to_numpy(float)
        bad = ~(doses >= 0) | ((self.expires[lot] <= 0) & (doses > 0))
        if bad.any():
            row = counted.iloc[int(np.argmax(bad))]
            raise CampaignError(
                f"stock counted: {row['doses']} doses of lot {row['lot']!r} in district {row['district']!r}; "
                f"give at least 0, and none of a lot that has expired"
            )
        self.lose("miscounted", lot, self.store[where, lot] - doses)
        self.store[where, lot] = doses

    def account(self) -> pd.DataFrame:
        return pd.DataFrame(
            {"lot": self.lots, "before": self.before}
            | self.fate
            | {"national": self.national, "districts": self.store.sum(axis=0)}
        )

    # ---- the campaign that is left -------------------------------------------------------------------------------

    def next_campaign(self, given: pd.DataFrame) -> Campaign:
        c = self.c
        keep = (self.national > 0) | (self.store.sum(axis=0) > 0)
        keep[-1] |= not keep.any()
        lots = c.lots.assign(doses=self.national, arrives=self.arrives - 1, expires=self.expires - 1)
        # Of an expired lot that stands alone nothing is left: the table needs a row.
        lots = lots.assign(arrives=np.minimum(lots["arrives"], lots["expires"]))[keep]
        d, lot = np.nonzero(self.store)
        names = c.districts["district"].to_numpy(object)[d]
        stock = pd.DataFrame({"district": names, "lot": self.lots[lot], "doses": self.store[d, lot]})
        return replace(
            c,
            weeks=c.weeks - 1,
            clock=c.clock + 1,
            lots=lots,
            stock=stock,
            people=self.people_after(given),
            due=self.due_after(given),
            burden=None if c.burden is None else c.burden[:, 1:],
        )

    def people_after(self, given: pd.DataFrame) -> pd.DataFrame:
        begun = given[given["dose"] == 1].groupby(["district", "group"])["doses"].sum()
        keys = pd.MultiIndex.from_frame(self.c.people[["district", "group"]])
        covered = self.c.people["covered"] + begun.reindex(keys, fill_value=0.0).to_numpy(float)
        return self.c.people.assign(covered=covered)

    def due_after(self, given: pd.DataFrame) -> pd.DataFrame:
        """Second doses still due: those of before, the earliest served first, and those of the week's first doses."""
        c = self.c
        keys = ["district", "group", "product"]
        interval = dict(zip(c.products["product"], c.interval, strict=True))
        first = given[(given["dose"] == 1) & given["product"].isin([name for name, k in interval.items() if k])]
        weeks = np.array([interval[name] - 1 for name in first["product"]], float)
        new = first[keys].assign(week=weeks, courses=first["doses"])
        old = c.due.sort_values("week", kind="stable")
        served = given[given["dose"] == 2].groupby(keys)["doses"].sum()
        have = served.reindex(pd.MultiIndex.from_frame(old[keys]), fill_value=0.0).to_numpy(float)
        ends = old.groupby(keys)["courses"].cumsum().to_numpy(float)
        left = np.clip(ends - have, 0.0, old["courses"].to_numpy(float))
        total = old.groupby(keys)["courses"].sum().reindex(served.index, fill_value=0.0)
        if (over := served - total > DUST * np.maximum(1.0, total)).any():
            name = served.index[int(np.argmax(over))]
            raise CampaignError(
                f"doses given: {served[name]:.6g} second doses to {name}, but {total[name]:.6g} were due"
            )
        old = old.assign(courses=left, week=np.maximum(old["week"] - 1, 0))
        both = pd.concat([old, new]) if len(old) else new
        both = both.groupby([*keys, "week"], as_index=False, sort=False)["courses"].sum()
        return both[both["courses"] > DUST].reset_index(drop=True)
