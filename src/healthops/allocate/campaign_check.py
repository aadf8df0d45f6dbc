"""An independent check of a campaign's plan: every constraint is computed anew from the tables, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from healthops.allocate.campaign import Campaign

#: A violation below this share of max(1, limit) is rounding.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Violation:
    """A constraint that does not hold: which, where, and by how many doses, persons or litres."""

    rule: str
    where: str
    excess: float
    limit: float

    @property
    def share(self) -> float:
        """Excess as a share of max(1, limit)."""
        return self.excess / max(1.0, abs(self.limit))

    def __str__(self) -> str:
        return f"{self.rule}: {self.where} by {self.excess:.6g} (limit {self.limit:.6g})"


class InvalidPlan(ValueError):
    """A plan violates a constraint; the message names the worst."""


def check_plan(
    campaign: Campaign,
    tables,
    *,
    floor: float = 0.0,
    reserve: float | None = None,
    whole_boxes: bool = False,
) -> list[Violation]:
    """Violations of a plan's tables, the worst first; none if it holds.

    Parameters
    ----------
    campaign : Campaign
    tables : PlanTables
        ``doses``, ``shipments`` and ``draws`` of :mod:`.campaign_plan`.
    floor : float
        Coverage of the willing people that the plan promises every protected district's group.
    reserve : float, optional
        Share of the vulnerability reserve that it promises.
    whole_boxes : bool
        Shipments must be whole boxes.
    """
    audit = _Audit(campaign, tables)
    audit.names()
    if not audit.found:
        audit.people(floor)
        audit.second_doses()
        audit.vaccinators()
        audit.lots()
        audit.district_stock()
        audit.stores()
        if reserve is not None:
            audit.reserve(reserve)
        if whole_boxes:
            audit.boxes()
    return sorted(audit.found, key=lambda v: -v.share)


def assert_valid(campaign: Campaign, tables, **promises) -> None:
    """Raise :class:`InvalidPlan` if :func:`check_plan` finds a violation; call it before a plan is written."""
    found = check_plan(campaign, tables, **promises)
    if found:
        raise InvalidPlan(f"the plan violates {len(found)} constraints; the worst: " + "; ".join(map(str, found[:3])))


class _Audit:
    def __init__(self, c: Campaign, tables):
        self.c, self.found = c, []
        self.doses, self.shipments, self.draws = tables.doses, tables.shipments, tables.draws
        self.lot = c.lots.set_index("lot")
        self.product = c.products.set_index("product")

    def most(self, rule: str, value: pd.Series, limit) -> None:
        """Note where `value` is above `limit`."""
        limit = pd.Series(limit, index=value.index) if np.isscalar(limit) else limit.reindex(value.index)
        if limit.isna().any():
            raise KeyError(f"{rule}: no limit for {limit.index[limit.isna()][0]}")
        excess = value - limit
        for key in excess.index[excess > TOLERANCE * np.maximum(1.0, limit.abs())]:
            self.found.append(Violation(rule, str(key), float(excess[key]), float(limit[key])))

    def names(self) -> None:
        c = self.c
        known = {
            "district": set(c.districts["district"]),
            "lot": set(c.lots["lot"]),
            "product": set(c.products["product"]),
            "group": set(c.people["group"]),
            "region": set(c.regions["region"]),
        }
        for table in ("doses", "shipments", "draws"):
            frame = getattr(self, table)
            for column in known.keys() & set(frame.columns):
                for name in sorted(set(frame[column]) - known[column]):
                    self.found.append(Violation(f"{table} knows no such {column}", name, 1.0, 0.0))
            bad = frame[(frame["doses"] < -TOLERANCE) | ~np.isfinite(frame["doses"].astype(float))]
            bad_week = frame[(frame["week"] < 0) | (frame["week"] >= c.weeks)]
            for row in [*bad.itertuples(), *bad_week.itertuples()]:
                self.found.append(Violation(f"{table}: doses below 0 or a week outside", str(row), 1.0, 0.0))

    def people(self, floor: float) -> None:
        people = self.c.people.set_index(["district", "group"])
        begun = self.doses[self.doses["dose"] == 1].groupby(["district", "group"])["doses"].sum()
        begun = begun.reindex(people.index, fill_value=0.0)
        willing = people["population"] * people["willingness"]
        self.most("more persons than are willing", begun, (willing - people["covered"]).clip(lower=0))
        guarded = set(self.c.districts.loc[self.c.districts["protected"].astype(bool), "district"])
        mine = people.index.get_level_values("district").isin(guarded)
        need = (floor * willing - people["covered"]).clip(lower=0)
        self.most("coverage below the floor", need[mine], begun[mine])

    def second_doses(self) -> None:
        """Each first dose has its second one interval later; those of before come no earlier than due, and all."""
        c = self.c
        for product, row in self.product[self.product["doses"] == 2].iterrows():
            k = int(row["interval_weeks"])
            mine = self.doses[self.doses["product"] == product]
            wide = mine.pivot_table(
                index=["district", "group"], columns=["dose", "week"], values="doses", aggfunc="sum", fill_value=0.0
            )
            due = c.due[c.due["product"] == product]
            index = wide.index.union(pd.MultiIndex.from_frame(due[["district", "group"]]).unique())
            columns = pd.MultiIndex.from_product([[1, 2], range(c.weeks)])
            wide = wide.reindex(index=index, columns=columns, fill_value=0.0).fillna(0.0)
            first, second = wide[1].to_numpy(), wide[2].to_numpy()
            extra = second.copy()
            ends = max(c.weeks - k, 0)
            extra[:, k:] -= first[:, :ends]
            name = [f"{d}, {g}, {product}" for d, g in index]
            self.most("first doses too late for their second", pd.Series(first[:, ends:].sum(axis=1), name), 0.0)
            for week in range(c.weeks):
                labels = [f"{n}, week {week}" for n in name]
                self.most("second doses missing", pd.Series(-extra[:, week], labels), 0.0)
            falls = due.pivot_table(
                index=["district", "group"], columns="week", values="courses", aggfunc="sum", fill_value=0.0
            )
            falls = falls.reindex(index=index, columns=range(c.weeks), fill_value=0.0).fillna(0.0).to_numpy()
            early = (np.cumsum(extra, axis=1) - np.cumsum(falls, axis=1)).max(axis=1)
            self.most("second doses before they are due", pd.Series(early, name), 0.0)
            missing = falls.sum(axis=1) - extra.sum(axis=1)
            self.most("second doses due and never given", pd.Series(missing, name), 0.0)
        single = self.product.index[self.product["doses"] == 1]
        wrong = self.doses[self.doses["product"].isin(single) & (self.doses["dose"] != 1)]
        self.most("a second dose of a product of one", wrong.groupby("product")["doses"].sum(), 0.0)

    def vaccinators(self) -> None:
        given = self.doses.groupby(["district", "week"])["doses"].sum()
        can = self.c.districts.set_index("district")["vaccinator_doses"]
        limit = pd.Series(can.loc[given.index.get_level_values(0)].to_numpy(), index=given.index)
        self.most("more doses than vaccinators can give", given, limit)

    def lots(self) -> None:
        sent = self.shipments.groupby("lot")["doses"].sum()
        self.most("more of a lot than there is", sent, self.lot["doses"])
        early = self.shipments[self.shipments["week"] < self.shipments["lot"].map(self.lot["arrives"])]
        self.most("a lot leaves before it arrives", early.groupby(["lot", "week"])["doses"].sum(), 0.0)
        late = self.draws[self.draws["week"] > self.draws["lot"].map(self.lot["expires"])]
        self.most("a lot is given after it expires", late.groupby(["district", "lot", "week"])["doses"].sum(), 0.0)
        every = self.shipments["district"].map(self.c.districts.set_index("district")["delivery_every"]).to_numpy(float)
        off = self.shipments[(self.shipments["week"].to_numpy(float) + self.c.clock) % every > 0]
        self.most("a delivery outside the round", off.groupby(["district", "week"])["doses"].sum(), 0.0)
        home = self.shipments["district"].map(self.c.districts.set_index("district")["region"])
        astray = self.shipments[home.to_numpy() != self.shipments["region"].to_numpy()]
        self.most("a delivery through another region", astray.groupby("district")["doses"].sum(), 0.0)

    def district_stock(self) -> None:
        """Draws match the doses given, come from what is there, and the store holds what is there."""
        c = self.c
        factor = self.product["wastage_factor"]
        need = self.doses.groupby(["district", "product", "week"])["doses"].sum()
        need = need * factor.loc[need.index.get_level_values("product")].to_numpy()
        drawn = self.draws.assign(product=self.draws["lot"].map(self.lot["product"]))
        drawn = drawn.groupby(["district", "product", "week"])["doses"].sum()
        both = pd.concat([need.rename("need"), drawn.rename("drawn")], axis=1).fillna(0.0)
        self.most("doses given that nobody took from the store", both["need"], both["drawn"])
        self.most("doses taken from the store that nobody was given", both["drawn"], both["need"])
        old = self.split_old()
        into = pd.concat([self.shipments[["district", "lot", "week", "doses"]].assign(old=False), old["in"]])
        out = old["out"]
        keys = ["district", "lot", "old"]
        rows = pd.concat([into[keys], out[keys]]).drop_duplicates()
        index = pd.MultiIndex.from_frame(rows)
        came, went = (
            f.pivot_table(index=keys, columns="week", values="doses", aggfunc="sum", fill_value=0.0)
            .reindex(index=index, columns=range(c.weeks), fill_value=0.0)
            .fillna(0.0)
            .to_numpy()
            .cumsum(axis=1)
            for f in (into, out)
        )
        before = came - np.concatenate([np.zeros((len(went), 1)), went[:, :-1]], axis=1)
        name = pd.Index([f"{d}, {lot}" for d, lot, _ in index])
        self.most("more drawn than is in the store", pd.Series((went - came).max(axis=1, initial=0.0), name), 0.0)
        lots = index.get_level_values("lot")
        weeks = np.arange(c.weeks)
        good = weeks <= self.lot["expires"].loc[lots].to_numpy(float)[:, None]
        kept = good | index.get_level_values("old").to_numpy(bool)[:, None]
        kept &= ~index.get_level_values("old").to_numpy(bool)[:, None] | (weeks < c.stock_weeks)
        volume = self.product["litres_per_dose"].loc[self.lot["product"].loc[lots]].to_numpy(float)
        litres = pd.DataFrame(before * kept * volume[:, None], index=index.get_level_values("district"))
        peak = litres.groupby(level=0).sum().max(axis=1)
        self.most("litres in a district's store", peak, c.districts.set_index("district")["capacity_litres"])

    def split_old(self) -> dict[str, pd.DataFrame]:
        """Stock at hand at the start, and draws split into those from it and those from deliveries.

        A draw of a lot of which there is stock at hand comes from it as long as it lasts.
        """
        c = self.c
        good = c.stock["lot"].map(self.lot["expires"]) >= 0
        stock = c.stock[good & (c.stock["doses"] > 0)]
        into = stock.assign(week=0, old=True)[["district", "lot", "week", "doses", "old"]]
        out = self.draws.sort_values("week").copy()
        have = stock.set_index(["district", "lot"])["doses"]
        key = pd.MultiIndex.from_frame(out[["district", "lot"]])
        have = have.reindex(key).fillna(0.0).to_numpy(float)
        have = np.where(out["week"] < c.stock_weeks, have, 0.0)
        total = out.groupby(["district", "lot"])["doses"].cumsum().to_numpy(float)
        from_old = np.clip(np.minimum(total, have) - (total - out["doses"].to_numpy(float)), 0.0, None)
        a = out.assign(doses=from_old, old=True)
        b = out.assign(doses=out["doses"].to_numpy(float) - from_old, old=False)
        both = pd.concat([a, b])
        return {"in": into, "out": both[both["doses"] > 0]}

    def stores(self) -> None:
        """Litres through the regional stores and in the national one, by week."""
        c = self.c
        volume = self.product["litres_per_dose"].loc[self.lot.loc[self.shipments["lot"], "product"]].to_numpy(float)
        litres = (self.shipments["doses"] * volume).groupby([self.shipments["region"], self.shipments["week"]]).sum()
        capacity = c.regions.set_index("region")["capacity_litres"]
        limit = pd.Series(capacity.loc[litres.index.get_level_values(0)].to_numpy(), index=litres.index)
        self.most("litres through a regional store", litres, limit)
        if not np.isfinite(c.national_litres):
            return
        weeks = np.arange(c.weeks)
        left = self.shipments.pivot_table(index="lot", columns="week", values="doses", aggfunc="sum", fill_value=0.0)
        left = left.reindex(index=self.lot.index, columns=weeks, fill_value=0.0).fillna(0.0).to_numpy().cumsum(axis=1)
        before = np.concatenate([np.zeros((len(left), 1)), left[:, :-1]], axis=1)
        there = (self.lot["arrives"].to_numpy(float)[:, None] <= weeks) & (
            weeks <= self.lot["expires"].to_numpy(float)[:, None]
        )
        volume = self.product["litres_per_dose"].loc[self.lot["product"]].to_numpy(float)[:, None]
        held = (np.where(there, self.lot["doses"].to_numpy(float)[:, None] - before, 0.0) * volume).sum(axis=0)
        self.most("litres in the national store", pd.Series(held, [f"week {w}" for w in weeks]), c.national_litres)

    def reserve(self, share: float) -> None:
        people = self.c.people
        vulnerable = set(self.c.districts.loc[self.c.districts["vulnerable"].astype(bool), "district"])
        willing = people["population"] * people["willingness"]
        part = willing[people["district"].isin(vulnerable)].sum() / willing.sum()
        product = self.product["doses"].loc[self.doses["product"]].to_numpy(float)
        # A course counts with all its doses, in the place where it begins.
        course = self.doses["doses"] * product * (self.doses["dose"] == 1)
        mine = course[self.doses["district"].isin(vulnerable)].sum()
        wanted = (share + (1 - share) * part) * course.sum()
        self.most(
            "doses to the vulnerable districts below the reserve",
            pd.Series([wanted], ["all"]),
            pd.Series([mine], ["all"]),
        )

    def boxes(self) -> None:
        box = self.product["box_doses"].loc[self.lot.loc[self.shipments["lot"], "product"]].to_numpy(float)
        keys = [self.shipments["district"], self.shipments["lot"].map(self.lot["product"]), self.shipments["week"]]
        boxes = (self.shipments["doses"] / box).groupby(keys).sum()
        self.most("boxes opened on the way", (boxes - boxes.round()).abs(), 0.0)
