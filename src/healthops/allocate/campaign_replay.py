"""A campaign played forward week by week against an epidemic, with what goes wrong, under one way of deciding.

Each week: what is told of supply is written down, the doses of the week are decided, sent and given as far as stores,
shocks and people who come allow, the epidemic plays the week, and every dose is put to account. The epidemic is
whatever keeps :class:`Outbreak`; it takes and gives arrays and knows nothing of plans.

=========================  =========================================================================================
way of deciding            what it does each week
=========================  =========================================================================================
``plan``                   the plan made again: highest floor first, then what averts most deaths
``plan, deaths alone``     the plan made again without a floor
``first plan``             the plan of week 0, as far as it can still be kept
those of ``POLICIES``      what people do, made again
=========================  =========================================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd

from healthops.allocate.campaign import Campaign, CampaignError
from healthops.allocate.campaign_days import Bridge, daily_doses, given_in_districts
from healthops.allocate.campaign_past import rows_of
from healthops.allocate.campaign_plan import CampaignPlan, InfeasibleCampaign, plan_campaign, tables_of_first_week
from healthops.allocate.campaign_policies import POLICIES, follow, forgive
from healthops.allocate.campaign_shocks import Shocks
from healthops.allocate.campaign_week import FATES, Week, advance, could_give

#: Stages of the plans that are made again each week.
PLANS = {"plan": ("floor", "benefit"), "plan, deaths alone": ("benefit",)}
FIRST = "first plan"
#: Every way of deciding, ours first.
WAYS = (*PLANS, FIRST, *POLICIES)
#: What becomes of a dose of a lot over the whole replay: the fates of a week, never delivered, and left at the end.
ENDS = (*FATES, "cut", "left")
#: Relative gap at which a weekly plan is good enough.
TOLERANCE = 2e-3
#: Share of the highest floor that is held while deaths are averted: all of it would leave a program without an inside.
FLOOR_SHARE = 0.999
#: Less than this of a course in a plan's arrays is rounding of the solver.
LEAST = 1e-3
#: So small a share of a week's doses may have no lot, by the solver's rounding: it is not sent.
ROUNDING = 1e-4
SOLVED = ("courses", "second_due")
#: Doses that do not balance, as a share of a lot.
BALANCE = 1e-6
#: Less than this of a dose not taken is rounding to whole persons.
FEW = 0.5


class Outbreak(Protocol):
    """An epidemic of R places and A groups, as the replay needs it."""

    def week(self, doses: np.ndarray) -> np.ndarray:
        """Play a week with whole doses, shape (7, R, A, 2); return those given, mean of the draws, shape (R, A, 2)."""

    def danger(self, weeks: int) -> np.ndarray:
        """Forecast at the start of a week, from what was reported: chance that an unvaccinated person dies of an
        infection of week t or later, shape (R, A, weeks + 1).
        """

    def incidence(self) -> np.ndarray:
        """Infections reported of late, per person, shape (R,); equal for all where there are none."""


@dataclass(frozen=True)
class Played:
    """A replay.

    Attributes
    ----------
    way : str
    account : DataFrame
        By ``lot``: doses ``before``, and what became of them: ``ENDS``.
    weeks : DataFrame
        By ``week``: doses ``planned``, ``given_first`` and ``given_second``, and ``kept``, why the last plan was
        followed in place of a new one (empty if it was not).
    people : DataFrame
        ``district``, ``group``, ``population``, ``covered`` at the end, ``willing`` (persons who truly are).
    waiting : float
        Second doses that had fallen due before the end and were not given.
    """

    way: str
    account: pd.DataFrame
    weeks: pd.DataFrame
    people: pd.DataFrame
    waiting: float


def play(
    campaign: Campaign,
    bridge: Bridge,
    outbreak: Outbreak,
    way: str,
    shocks: Shocks | None = None,
    *,
    first: CampaignPlan | None = None,
    watch: Callable[[Week], None] | None = None,
) -> Played:
    """Play a campaign to its last week.

    Parameters
    ----------
    campaign : Campaign
        Of D districts, without a limit on the national store: lots that come late may meet there.
    bridge : Bridge
        From its districts and groups to the places and groups of `outbreak`.
    outbreak : Outbreak
        On the evening before week 0. It is changed.
    way : str
        One of ``WAYS``.
    shocks : Shocks, optional
        Nothing happens without them.
    first : CampaignPlan, optional
        The plan of week 0 if it was made before by :func:`first_plan`, for the ways that begin with one.
    watch : callable, optional
        Called with each week's :class:`.campaign_week.Week`.

    Raises
    ------
    CampaignError
        If the way is unknown, the national store has a limit, the bridge is of other districts, or willingness has
        another shape.
    RuntimeError
        If doses do not balance.
    """
    shocks = _checked(campaign, bridge, way, shocks or Shocks())
    books = _Ledger(campaign)
    decide = _decider(way, first)
    true = campaign.by_group("willingness") if shocks.willingness is None else shocks.willingness
    willing = np.maximum(true * campaign.by_group("population"), campaign.covered)
    rows = []
    for week in range(campaign.weeks):
        campaign, taken = shocks.told(campaign, week)
        happened = shocks.happened(campaign, week)
        plan, kept = decide(campaign, bridge, outbreak)
        tables = tables_of_first_week(plan, rounding=max(FEW, ROUNDING * float(plan.given[..., 0].sum())))
        # A campaign that ends with this week has none after it to keep books for: give it one.
        long = _lengthened(campaign) if campaign.weeks == 1 else campaign
        come, short = _who_come(long, tables.doses, willing)
        sent = replace(tables, doses=come)
        doses = could_give(long, sent, happened).assign(week=0)
        planned = daily_doses(bridge, doses, [0])
        given = outbreak.week(planned)
        if (planned.sum(axis=0) - given > FEW).any():
            happened = replace(happened, given=given_in_districts(bridge, doses, 0, given))
        gone = advance(long, sent, happened)
        books.enter(gone, taken)
        if watch is not None:
            watch(gone)
        by_number = gone.given.groupby("dose")["doses"].sum().reindex([1, 2], fill_value=0.0)
        rows.append((week, float(tables.doses["doses"].sum()), by_number[1], by_number[2], kept))
        campaign = _learned(gone.campaign, short)
    columns = ["week", "planned", "given_first", "given_second", "kept"]
    people = gone.campaign.people[["district", "group", "population", "covered"]]
    people = people.assign(willing=willing[_places(long, people)])
    due = gone.campaign.due
    waiting = float(due.loc[due["week"] <= 0, "courses"].sum())
    return Played(way, books.closed(gone), pd.DataFrame(rows, columns=columns), people, waiting)


def first_plan(campaign: Campaign, bridge: Bridge, outbreak: Outbreak, stages: tuple[str, ...]) -> CampaignPlan:
    """The plan of week 0, which is the same in every scenario: nothing has been seen yet."""
    return _planned(_forecast(campaign, bridge, outbreak), None, stages)[0]


# ---- deciding ----------------------------------------------------------------------------------------------------


def _decider(way: str, first: CampaignPlan | None):
    """Function (campaign, bridge, outbreak) -> plan, why the last plan was followed."""
    if way in POLICIES:
        return _policy(way)
    last, seconds = None, None

    def decide(campaign: Campaign, bridge: Bridge, outbreak: Outbreak) -> tuple[CampaignPlan, str]:
        nonlocal last, seconds
        stages, kept = PLANS[PLAN_OF.get(way, way)], ""
        if last is None and first is not None:
            plan = first
        elif last is None or way != FIRST:
            plan, kept = _planned(_forecast(campaign, bridge, outbreak), last, stages)
        else:
            timed = _held_back(campaign, seconds[..., 0])
            plan = follow(timed, last, weeks=_round(campaign), must=False)
        if way == FIRST:
            # The first plan stays what it was: what could not be kept is not made up for, and not taken off either.
            seconds = _after_first(plan) if last is None else seconds[..., 1:] - plan.second_due[..., :1]
            last = plan.courses[..., 1:] if last is None else last[..., 1:]
        else:
            last = plan.courses[..., 1:]
        return replace(plan, campaign=campaign), kept

    return decide


def _after_first(plan: CampaignPlan) -> np.ndarray:
    """Second doses that a plan gives by each week after its first, summed from that one on; shape (D, P, T - 1)."""
    return _second_doses(plan)[..., 1:].cumsum(axis=2)


def _second_doses(plan: CampaignPlan) -> np.ndarray:
    """Second doses by week, of courses of the plan and of before, shape (D, P, T)."""
    return plan.given - plan.courses.sum(axis=2)


def _held_back(campaign: Campaign, most: np.ndarray) -> Campaign:
    """The campaign with second doses beyond `most`, shape (D, P), due a week later: as the plan has them."""
    due = campaign.due
    if campaign.weeks == 1 or len(due) == 0:
        return campaign
    at = rows_of(campaign.districts["district"], due["district"]), rows_of(campaign.products["product"], due["product"])
    now = (due["week"] <= 0).to_numpy()
    asked = np.zeros(most.shape)
    np.add.at(asked, (at[0][now], at[1][now]), due["courses"].to_numpy(float)[now])
    # A product's second dose cannot wait beyond its interval in the tables: there it is given as soon as it can be.
    waits = (campaign.interval[at[1]] > 1) & now
    part = np.divide(np.maximum(most, 0.0), asked, out=np.ones_like(asked), where=asked > 0).clip(max=1.0)[at]
    part = np.where(waits, part, 1.0)
    later = due.assign(courses=due["courses"] * (1 - part), week=due["week"] + 1)[part < 1]
    keys = ["district", "group", "product", "week"]
    both = pd.concat([due.assign(courses=due["courses"] * part), later])
    return replace(campaign, due=both.groupby(keys, as_index=False, sort=False)["courses"].sum())


#: Stages of the first plan are those of this one.
PLAN_OF = {FIRST: "plan"}


def _policy(way: str):
    def decide(campaign: Campaign, bridge: Bridge, outbreak: Outbreak) -> tuple[CampaignPlan, str]:
        seen = campaign
        if way == "most at risk first":
            danger = outbreak.incidence()[bridge.region_of]
            order = rows_of(bridge.districts, campaign.people["district"])
            people = campaign.people.assign(risk=campaign.people["risk"] * danger[order])
            seen = replace(campaign, people=people)
        return replace(POLICIES[way](seen, weeks=_round(campaign), must=False), campaign=campaign), ""

    return decide


def _round(campaign: Campaign) -> int:
    """Weeks for which vaccine is fetched at once, at most: what is given in them must be decided now."""
    return int(campaign.districts["delivery_every"].max())


def _planned(campaign: Campaign, last: np.ndarray | None, stages: tuple[str, ...]) -> tuple[CampaignPlan, str]:
    try:
        # What can no more be given is left out of the plan, and waits.
        able = _lighter(forgive(campaign)[0])
        plan = plan_campaign(able, stages=stages, floor_share=FLOOR_SHARE, tolerance=TOLERANCE)
        kept = ""
    except InfeasibleCampaign as problem:
        courses = np.zeros(campaign.shape) if last is None else last
        plan, kept = follow(campaign, courses, weeks=_round(campaign), must=False), str(problem)
    clean = {name: np.where(getattr(plan, name) > LEAST, getattr(plan, name), 0.0) for name in SOLVED}
    return replace(plan, campaign=campaign, **clean), kept


def _forecast(campaign: Campaign, bridge: Bridge, outbreak: Outbreak) -> Campaign:
    """The campaign with risk and burden as forecast: what a course averts in deaths of the person who has it."""
    danger = outbreak.danger(campaign.weeks)[bridge.region_of]
    by_group = np.einsum("dga,dat->dgt", bridge.shares, danger)
    people = campaign.by_group("population")[:, :, None]
    now = by_group[:, :, 0]
    total = (people * by_group).sum(axis=1)
    burden = np.divide(total, total[:, :1], out=np.zeros_like(total), where=total[:, :1] > 0)
    risk = now[_places(campaign, campaign.people)]
    return replace(campaign, people=campaign.people.assign(risk=risk), burden=burden)


def _lighter(campaign: Campaign) -> Campaign:
    """The campaign with one region where no regional store can be too small: the same plans, a smaller program."""
    factor = campaign.products["wastage_factor"].to_numpy(float) * campaign.products["litres_per_dose"].to_numpy(float)
    every = campaign.districts["delivery_every"].to_numpy(float)
    most = campaign.districts["vaccinator_doses"].to_numpy(float) * every * factor.max()
    through = np.bincount(campaign.region_of, weights=most, minlength=len(campaign.regions))
    if (through > campaign.regions["capacity_litres"].to_numpy(float)).any():
        return campaign
    return replace(
        campaign,
        regions=pd.DataFrame({"region": ["all"], "capacity_litres": [float(through.sum()) + 1.0]}),
        districts=campaign.districts.assign(region="all"),
    )


# ---- a week ------------------------------------------------------------------------------------------------------


def _lengthened(campaign: Campaign) -> Campaign:
    burden = campaign.burden
    return replace(campaign, weeks=2, burden=None if burden is None else np.pad(burden, ((0, 0), (0, 1))))


def _who_come(campaign: Campaign, doses: pd.DataFrame, willing: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """Doses of the week for which somebody comes, and where fewer come than there are doses for, (D, G), bool."""
    d, g = rows_of(campaign.districts["district"], doses["district"]), rows_of(campaign.groups, doses["group"])
    first = (doses["dose"] == 1).to_numpy()
    want = np.zeros(willing.shape)
    np.add.at(want, (d[first], g[first]), doses["doses"].to_numpy(float)[first])
    room = np.maximum(willing - campaign.covered, 0.0)
    part = np.minimum(1.0, np.divide(room, want, out=np.ones_like(want), where=want > 0))
    come = doses.assign(doses=doses["doses"] * np.where(first, part[d, g], 1.0))
    return come, want > room + FEW


def _learned(campaign: Campaign, short: np.ndarray) -> Campaign:
    """The campaign with the willingness that was found where fewer came than there were doses for."""
    if not short.any():
        return campaign
    people = campaign.people
    at = _places(campaign, people)
    found = np.minimum(people["covered"] / people["population"].where(people["population"] > 0, 1.0), 1.0)
    return replace(campaign, people=people.assign(willingness=np.where(short[at], found, people["willingness"])))


def _places(campaign: Campaign, people: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """District and group of each row."""
    return rows_of(campaign.districts["district"], people["district"]), rows_of(campaign.groups, people["group"])


class _Ledger:
    """The account of every lot over the weeks."""

    def __init__(self, campaign: Campaign):
        stock = campaign.stock.groupby("lot")["doses"].sum()
        lots = campaign.lots.set_index("lot")["doses"]
        self.before = lots.add(stock, fill_value=0.0)
        self.ends = pd.DataFrame(0.0, index=self.before.index, columns=list(ENDS))

    def enter(self, week: Week, taken: dict[str, float]) -> None:
        account = week.account.set_index("lot")
        self.ends.loc[account.index, list(FATES)] += account[list(FATES)]
        for lot, doses in taken.items():
            self.ends.loc[lot, "cut"] += doses

    def closed(self, last: Week) -> pd.DataFrame:
        left = last.account.set_index("lot")[["national", "districts"]].sum(axis=1)
        self.ends["left"] = left.reindex(self.ends.index, fill_value=0.0)
        off = (self.ends.sum(axis=1) - self.before).abs()
        if (off > BALANCE * self.before.clip(lower=1.0)).any():
            raise RuntimeError(f"lot {off.idxmax()!r} does not balance: {off.max():g} doses came from or went nowhere")
        return self.ends.assign(before=self.before)[["before", *ENDS]].reset_index()


def _checked(campaign: Campaign, bridge: Bridge, way: str, shocks: Shocks) -> Shocks:
    if way not in WAYS:
        raise CampaignError(f"way of deciding {way!r} is unknown: give one of {', '.join(WAYS)}")
    if np.isfinite(campaign.national_litres):
        raise CampaignError("the national store has a limit: lots that come late may meet there; set it to infinity")
    if list(bridge.districts) != list(campaign.districts["district"]) or list(bridge.priority) != campaign.groups:
        raise CampaignError("the bridge is of other districts or groups: make it from this campaign")
    d, _, g, _ = campaign.shape
    if shocks.willingness is not None and shocks.willingness.shape != (d, g):
        raise CampaignError(f"willingness has shape {shocks.willingness.shape}: give {(d, g)}, districts and groups")
    return shocks
