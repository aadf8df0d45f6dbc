"""The tables that a notebook shows and writes of a campaign's plans.

``plan`` is a :class:`.campaign_plan.CampaignPlan`, ``tables`` are its :class:`.campaign_plan.PlanTables`; coverage is
the share of the people who accept a vaccine that have begun a course.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from healthops.allocate.campaign import Campaign
from healthops.allocate.campaign_boxes import round_to_boxes
from healthops.allocate.campaign_check import assert_valid
from healthops.allocate.campaign_plan import CampaignPlan, PlanTables, plan_campaign, plan_tables
from healthops.allocate.campaign_program import Reserve
from healthops.allocate.campaign_tables import part_of
from healthops.evaluate import equity

#: A resource is used up from this share of what there is.
FULL = 0.999
#: Less than this many doses is rounding.
LEAST = 1e-6


# ---- plans, checked ----------------------------------------------------------------------------------------------


def best_plans(
    campaign: Campaign, *, floor_share: float = 1.0, reserve: Reserve | None = None, tolerance: float = 1e-5
) -> tuple[CampaignPlan, CampaignPlan]:
    """The plan by stages (floor, benefit, waste), and the plan of most benefit, which has no floor.

    Raises
    ------
    InfeasibleCampaign
        If no plan meets the constraints: the message names those that stand in the way, and by how much.
    """
    shared = {"reserve": reserve, "tolerance": tolerance}
    free = plan_campaign(campaign, stages=("benefit",), **shared)
    stages = ("floor", "benefit", "waste")
    # The most benefit without a floor is a good place to begin from, and costs no more than beginning anywhere.
    return plan_campaign(campaign, stages=stages, floor_share=floor_share, starts=free.points, **shared), free


def checked_tables(plan: CampaignPlan, *, reserve: Reserve | None = None) -> PlanTables:
    """Tables of a plan that the independent checker has passed.

    Raises
    ------
    InvalidPlan
        If a constraint is violated by more than one part in a million.
    """
    tables = plan_tables(plan)
    assert_valid(plan.campaign, tables, floor=plan.floor, reserve=reserve and reserve.share)
    return tables


def every_nth(campaign: Campaign, most: int) -> Campaign:
    """At most `most` districts, evenly spread over the list of districts, with their share of lots and stores."""
    names = campaign.districts["district"].to_numpy()
    if most < 1:
        raise ValueError(f"most is {most}; give at least 1 district")
    if most >= len(names):
        return campaign
    return part_of(campaign, names[np.linspace(0, len(names) - 1, most).astype(int)])


def scarce(campaign: Campaign, share: float) -> Campaign:
    """The campaign with `share` of the doses of each lot that has not arrived by week 0."""
    if not 0 < share <= 1:
        raise ValueError(f"share is {share!r}; give a share of the doses above 0, at most 1")
    lots = campaign.lots
    doses = np.where(lots["arrives"] > 0, share, 1.0) * lots["doses"]
    return replace(campaign, lots=lots.assign(doses=doses))


def disturbed(campaign: Campaign, *, week: int, late: int, cut: float) -> tuple[Campaign, str, str]:
    """The campaign where, of the two largest lots that arrive after `week`, the first comes `late` weeks later and of
    the second a share `cut` is lost.

    Returns
    -------
    campaign : Campaign
    late_lot, cut_lot : str

    Raises
    ------
    ValueError
        If fewer than two lots arrive after `week`.
    """
    lots = campaign.lots.copy()
    coming = lots[(lots["arrives"] > week) & (lots["arrives"] + late < lots["expires"])]
    if len(coming) < 2:
        raise ValueError(f"{len(coming)} lots arrive after week {week}: choose an earlier week")
    first, second = coming.sort_values("doses", ascending=False, kind="stable").index[:2]
    lots["doses"] = lots["doses"].astype(float)
    lots.loc[first, "arrives"] += late
    lots.loc[second, "doses"] *= 1 - cut
    return replace(campaign, lots=lots), str(lots.loc[first, "lot"]), str(lots.loc[second, "lot"])


def boxed(plan: CampaignPlan, parts: int = 1) -> tuple[CampaignPlan, PlanTables]:
    """The plan in whole boxes, or in so many parts of a box where depots break them, passed by the checker.

    The tables' shipments are whole boxes (or parts).
    """
    c = plan.campaign
    smaller = replace(c, products=c.products.assign(box_doses=c.products["box_doses"] / parts))
    rounded, tables = round_to_boxes(replace(plan, campaign=smaller))
    assert_valid(smaller, tables, floor=rounded.floor, whole_boxes=True)
    return replace(rounded, campaign=c), tables


# ---- who gets what -----------------------------------------------------------------------------------------------


def coverage_by_week(plan: CampaignPlan) -> pd.DataFrame:
    """Share of the willing people of each group that have begun a course by each week; week x group."""
    c = plan.campaign
    begun = c.covered.sum(axis=0)[:, None] + plan.courses.sum(axis=(0, 1)).cumsum(axis=1)
    willing = c.willing.sum(axis=0)[:, None]
    share = np.divide(begun, willing, out=np.ones_like(begun), where=willing > 0)
    return pd.DataFrame(share.T, columns=c.groups, index=pd.RangeIndex(c.weeks, name="week"))


def district_coverage(plan: CampaignPlan, week: int | None = None) -> pd.Series:
    """Share of the willing people of each district that have begun a course by the end of `week` (the last one)."""
    c = plan.campaign
    end = c.weeks if week is None else week + 1
    begun = c.covered.sum(axis=1) + plan.courses[..., :end].sum(axis=(1, 2, 3))
    willing = c.willing.sum(axis=1)
    share = np.divide(begun, willing, out=np.ones_like(begun), where=willing > 0)
    return pd.Series(share, index=pd.Index(c.districts["district"], name="ubigeo"))


def equity_of(plan: CampaignPlan, poverty: pd.Series, week: int | None = None) -> dict[str, float]:
    """Gini and Theil index of the coverage of districts, and its concentration index by poverty, weighted by willing
    people; the last is positive where the poor are covered more. `poverty` by ubigeo.
    """
    covered = district_coverage(plan, week)
    weights = plan.campaign.willing.sum(axis=1)
    values = covered.to_numpy()
    return {
        "gini": equity.gini(values, weights=weights),
        "theil": equity.theil(values, weights=weights),
        "concentration": equity.concentration_index(values, poverty.reindex(covered.index), weights=weights),
    }


def wasted(plan: CampaignPlan) -> dict[str, float]:
    """Doses that expire unused before the last week, that are left in opened vials, and that are left at the end."""
    c = plan.campaign
    sent = plan_tables(plan).shipments.groupby("lot")["doses"].sum()
    left = (c.lots["doses"] - c.lots["lot"].map(sent).fillna(0.0)).clip(lower=0).to_numpy(float)
    spoils = c.lots["expires"].to_numpy(float) < c.weeks - 1
    factor = c.products["wastage_factor"].to_numpy(float)[:, None]
    given = plan.given.sum(axis=0)
    return {
        "expired": float(left[spoils].sum()),
        "open_vials": float((given * (factor - 1)).sum()),
        "left": float(left[~spoils].sum()),
    }


def policy_table(plans: Mapping[str, CampaignPlan], poverty: pd.Series, *, against: str) -> pd.DataFrame:
    """What each plan of one campaign reaches; index: policy.

    Parameters
    ----------
    plans : mapping of str to CampaignPlan
    poverty : Series
        Share of people in poverty by ubigeo.
    against : str
        The plan that gains are told against.

    Returns
    -------
    DataFrame
        ``floor`` (lowest coverage of a protected district's group), ``benefit``, ``gain_pct`` (benefit against that of
        `against`), ``courses``, ``early_courses`` (begun in the first half of the weeks), ``expired``,
        ``open_vials``, ``left`` (doses), ``gini``, ``theil``, ``concentration``.
    """
    rows = {}
    for name, plan in plans.items():
        c = plan.campaign
        guarded = c.districts["protected"].to_numpy(bool)
        lowest = plan.coverage[guarded & (c.willing > 0).any(axis=1)]
        early = plan.courses[..., : c.weeks // 2].sum()
        rows[name] = {"floor": min(1.0, float(lowest.min())), "benefit": plan.averted, "courses": plan.courses.sum()}
        rows[name] |= {"early_courses": float(early)} | wasted(plan) | equity_of(plan, poverty)
    out = pd.DataFrame(rows).T.rename_axis("policy")
    out.insert(2, "gain_pct", 100 * (out["benefit"] / out.loc[against, "benefit"] - 1))
    return out


def frontier_table(
    frame: pd.DataFrame, plans: list[CampaignPlan], poverty: pd.Series, **labels: object
) -> pd.DataFrame:
    """The equity frontier with the equity indices of each of its plans, as table ``vaccine_frontier`` has it.

    Parameters
    ----------
    frame, plans
        Of :func:`.campaign_plan.equity_frontier`.
    labels
        Columns that are the same in all rows.
    """
    indices = pd.DataFrame([equity_of(plan, poverty) for plan in plans])
    out = pd.concat([frame.reset_index(drop=True), indices], axis=1).assign(point=np.arange(len(frame)), **labels)
    # Rounding of the solver.
    return out.assign(price_of_fairness=out["price_of_fairness"].clip(lower=0.0))


# ---- what is scarce ----------------------------------------------------------------------------------------------


def utilisation(plan: CampaignPlan) -> dict[str, np.ndarray]:
    """Use of each resource as a share of what there is, in each place and week.

    Returns
    -------
    dict
        ``vaccinators`` and ``district stores`` of shape (D, T), ``regional stores`` of shape (R, T), ``lots`` of shape
        (L, 1).
    """
    c = plan.campaign
    d, _, _, t = c.shape
    litres = plan.fetched * c.products["litres_per_dose"].to_numpy(float)[:, None]
    litres = litres.sum(axis=1)
    held, through = np.zeros((d, t)), np.zeros((len(c.regions), t))
    fetched = np.stack([c.fetched(int(e)) for e in c.districts["delivery_every"]])
    for given in range(t):
        there = (fetched[:, given, None] <= np.arange(t)) & (np.arange(t) <= given)
        held += there * litres[:, given, None]
        ok = fetched[:, given] >= 0
        np.add.at(through, (c.region_of[ok], fetched[ok, given]), litres[ok, given])
    sent = plan_tables(plan).shipments.groupby("lot")["doses"].sum()
    return {
        "vaccinators": plan.given.sum(axis=1) / c.districts["vaccinator_doses"].to_numpy(float)[:, None],
        "district stores": held / c.districts["capacity_litres"].to_numpy(float)[:, None],
        "regional stores": through / c.regions["capacity_litres"].to_numpy(float)[:, None],
        "lots": (c.lots["lot"].map(sent).fillna(0.0) / c.lots["doses"]).to_numpy(float)[:, None],
    }


def scarcity(plan: CampaignPlan) -> pd.DataFrame:
    """How often each resource is used up, and what more of it would be worth.

    Returns
    -------
    DataFrame, indexed by resource
        ``places``, ``full_share`` (of place-weeks that are used up), ``places_ever_full`` (share), ``median_use``,
        ``gain_pct`` (percent of the benefit that one percent more of it everywhere would add, by its shadow prices).

    Raises
    ------
    ValueError
        If the plan had no stage ``benefit``, which sets the prices.
    """
    if plan.prices is None:
        raise ValueError("the plan has no prices: make it with a stage 'benefit'")
    c, prices = plan.campaign, plan.prices
    hands, stores = (c.districts[n].to_numpy(float)[:, None] for n in ("vaccinator_doses", "capacity_litres"))
    worth = {
        "vaccinators": (prices.vaccinators * hands).sum(),
        "district stores": (prices.stores * stores).sum(),
        "regional stores": (prices.regions * c.regions["capacity_litres"].to_numpy(float)[:, None]).sum(),
        "lots": prices.lots @ c.lots["doses"].to_numpy(float),
    }
    rows = {}
    for name, use in utilisation(plan).items():
        full = use >= FULL
        rows[name] = {
            "places": len(use),
            "full_share": full.mean(),
            "places_ever_full": full.any(axis=1).mean(),
            "median_use": np.median(use),
            "gain_pct": float(worth[name]) / plan.averted,
        }
    return pd.DataFrame(rows).T.rename_axis("resource")


# ---- lots and shipments ------------------------------------------------------------------------------------------


def lot_table(campaign: Campaign, tables: PlanTables) -> pd.DataFrame:
    """What becomes of each lot, indexed by lot, in order of expiry.

    Returns
    -------
    DataFrame
        ``product``, ``arrives``, ``expires`` (weeks), ``doses``, ``sent``, ``first_used`` and ``last_used`` (weeks in
        which doses are given; missing if none), ``expired`` (left in the national store when it expires before the last
        week), ``left`` (there after the last week).
    """
    out = campaign.lots.set_index("lot")
    sent = tables.shipments.groupby("lot")["doses"].sum()
    used = tables.draws[tables.draws["doses"] > LEAST].groupby("lot")["week"]
    out = out.assign(sent=sent.reindex(out.index).fillna(0.0), first_used=used.min(), last_used=used.max())
    rest = (out["doses"] - out["sent"]).clip(lower=0).where(lambda x: x > LEAST * out["doses"], 0.0)
    spoils = out["expires"] < campaign.weeks - 1
    return out.assign(expired=rest.where(spoils, 0.0), left=rest.where(~spoils, 0.0)).sort_values(
        ["expires", "arrives"]
    )


def out_of_order(campaign: Campaign, tables: PlanTables) -> float:
    """Share of the doses sent that left while a lot of the product that expires earlier was there and good that week.

    A plan may do so where the earlier lot would have expired before the doses are given.
    """
    lots = campaign.lots.set_index("lot")
    sent = tables.shipments.groupby(["lot", "week"])["doses"].sum().unstack(fill_value=0.0)
    sent = sent.reindex(index=lots.index, columns=range(campaign.weeks), fill_value=0.0).fillna(0.0)
    left = lots["doses"].to_numpy(float)[:, None] - sent.to_numpy().cumsum(axis=1)
    weeks = np.arange(campaign.weeks)
    arrives, expires = (lots[n].to_numpy(float)[:, None] for n in ("arrives", "expires"))
    waiting = (left > 1e-6 * lots["doses"].to_numpy(float)[:, None]) & (arrives <= weeks) & (weeks <= expires)
    wrong = 0.0
    for n, (product, expiry) in enumerate(zip(lots["product"], lots["expires"], strict=True)):
        before = ((lots["product"] == product) & (lots["expires"] < expiry)).to_numpy()
        wrong += float(sent.iloc[n].to_numpy() @ waiting[before].any(axis=0)) if before.any() else 0.0
    return wrong / max(float(sent.to_numpy().sum()), LEAST)


def shipments_by_region(campaign: Campaign, tables: PlanTables) -> pd.DataFrame:
    """Doses by product, region and week: ``product``, ``region``, ``week``, ``doses``."""
    product = tables.shipments["lot"].map(campaign.lots.set_index("lot")["product"])
    return (
        tables.shipments.assign(product=product).groupby(["product", "region", "week"], as_index=False)["doses"].sum()
    )


def doses_out(tables: PlanTables, week_ends: np.ndarray) -> pd.DataFrame:
    """Table ``vaccine_plan_doses``; less than a millionth of a dose is left out."""
    frame = tables.doses[tables.doses["doses"] > LEAST].rename(columns={"district": "ubigeo"})
    week = pd.to_datetime(np.asarray(week_ends)[frame["week"].to_numpy(int)])
    return frame.assign(week_end=week).drop(columns="week").reset_index(drop=True)


def shipments_out(campaign: Campaign, tables: PlanTables, week_ends: np.ndarray) -> pd.DataFrame:
    """Table ``vaccine_plan_shipments``: what leaves the national store for each district, by its regional store."""
    box = campaign.lots.set_index("lot")["product"].map(campaign.products.set_index("product")["box_doses"])
    frame = tables.shipments[tables.shipments["doses"] > LEAST].rename(columns={"district": "ubigeo"})
    week = pd.to_datetime(np.asarray(week_ends)[frame["week"].to_numpy(int)])
    product = frame["lot"].map(campaign.lots.set_index("lot")["product"])
    out = frame.assign(week_end=week, product=product, boxes=frame["doses"] / frame["lot"].map(box).to_numpy(float))
    return out.drop(columns="week").rename(columns={"region": "store"}).reset_index(drop=True)
