"""A vaccine campaign's plan, stage by stage, and its tables.

The stages are lexicographic: each holds what those before it have reached (to one part in a hundred thousand), and none
is weighed against another.

1. ``floor``: the lowest coverage of willing people among the protected districts' groups, as high as it can be;
2. ``benefit``: what the campaign averts;
3. ``waste``: doses that expire unused before the last week is over, as few as can be;
4. ``change``: doses that are given elsewhere or at another time than in the last plan, as few as can be.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from healthops.allocate import interior
from healthops.allocate.campaign import Campaign
from healthops.allocate.campaign_elastic import explain
from healthops.allocate.campaign_prices import Prices, shadow_prices
from healthops.allocate.campaign_program import HOLD, CampaignProgram, Held, Reserve
from healthops.allocate.campaign_simplex import SMALL_PROGRAM, solve_at_vertex

#: Courses below this many persons are rounding of the solver.
DUST = 1e-8
#: So is less than this of a dose where there is no lot for it.
ROUNDING = 1e-6
#: A stage that holds a floor and is not solved after so many iterations begins again from the stage without it.
PATIENCE = 110


@dataclass(frozen=True)
class Stage:
    """What a stage found and what is proved of it.

    Attributes
    ----------
    name : str
    value : float
        Coverage, persons' worth averted, doses wasted, or doses moved.
    bound : float
        No plan can do better than this, the stages before it held.
    gap : float
        ``|value - bound|`` as a share of the value; of all doses for waste and change.
    variables, rows, iterations : int
    seconds : float
        CPU seconds.
    residual : float
        Largest violation of a row of the program, as a share of 1 + its right-hand side.
    """

    name: str
    value: float
    bound: float
    gap: float
    variables: int
    rows: int
    iterations: int
    seconds: float
    residual: float


@dataclass(frozen=True)
class CampaignPlan:
    """Courses, and what follows from them.

    Attributes
    ----------
    campaign : Campaign
    courses : array of float, shape (D, P, G, T)
        Persons who begin a course, by week of the first dose.
    second_due : array of float, shape (D, P, T)
        Second doses of before week 0, by week in which they are given.
    from_stock : array of float, shape (D, P, T)
        Doses drawn from the stock at hand at the start.
    stages : tuple of Stage
    floor : float
        Coverage that every protected district's group has, at least, or all its willing people.
    points : dict
        Where the solver stopped, by stage: a start for the next plan of the same shape.
    prices : Prices or None
        What the benefit stage would pay for more of each resource.
    """

    campaign: Campaign
    courses: np.ndarray
    second_due: np.ndarray
    from_stock: np.ndarray
    stages: tuple[Stage, ...] = ()
    floor: float = 0.0
    points: dict[str, interior.Point] = field(default_factory=dict, repr=False)
    prices: Prices | None = field(default=None, repr=False)

    @property
    def benefit(self) -> float:
        """What the courses avert, in the unit of ``risk``."""
        return float((self.courses * self.campaign.worth).sum())

    @property
    def averted(self) -> float:
        """The benefit and what second doses of before week 0 add, at the mean risk of their district: what the stage
        ``benefit`` makes as large as can be.
        """
        return self.benefit + float((self.second_due * self.campaign.worth_of_due).sum())

    @property
    def coverage(self) -> np.ndarray:
        """Share of the willing people who have begun a course at the end, (D, G); 1 where nobody is willing."""
        c = self.campaign
        have = c.covered + self.courses.sum(axis=(1, 3))
        return np.divide(have, c.willing, out=np.ones_like(have), where=c.willing > 0)

    @property
    def given(self) -> np.ndarray:
        """Doses given by week, first and second, shape (D, P, T)."""
        first = self.courses.sum(axis=2)
        out = first + self.second_due
        for i, k in enumerate(self.campaign.interval):
            if k:
                out[:, i, k:] += first[:, i, :-k]
        return out

    @property
    def fetched(self) -> np.ndarray:
        """Doses that are fetched, by week in which they are given, shape (D, P, T)."""
        factor = self.campaign.products["wastage_factor"].to_numpy(float)[:, None]
        return np.maximum(self.given * factor - self.from_stock, 0.0)


class InfeasibleCampaign(ValueError):
    """No plan meets all constraints; the message says which ones stand in the way, and by how much."""


def plan_campaign(
    campaign: Campaign,
    *,
    stages: tuple[str, ...] = ("floor", "benefit", "waste"),
    floor: float | None = None,
    floor_share: float = 1.0,
    reserve: Reserve | None = None,
    last: np.ndarray | None = None,
    frozen: int = 0,
    moved: float | None = None,
    supply: np.ndarray | None = None,
    tolerance: float = 1e-6,
    starts: dict[str, interior.Point] | None = None,
    watch=None,
    solver: Callable[..., interior.Outcome] | None = None,
) -> CampaignPlan:
    """Plan a campaign by lexicographic stages.

    Parameters
    ----------
    campaign : Campaign
    stages : tuple of str
        Some of ``floor``, ``benefit``, ``waste``, ``change``, in the order of their importance.
    floor : float, optional
        Coverage to hold where there is no stage ``floor``.
    floor_share : float
        Share of the highest floor that the later stages hold, between 0 and 1: 1 is strict priority.
    reserve : Reserve, optional
        Vulnerability reserve.
    last, frozen, moved
        Last plan's courses (D, P, G, T), number of first weeks to keep as they are there, and at most so many of its
        doses taken from where they were: see :func:`.campaign_replan.replan`.
    supply : array of float, shape (L,), optional
        Doses of each lot that may be used; all by default.
    tolerance : float
        Relative gap at which a stage ends.
    starts : dict, optional
        ``points`` of an earlier plan of the same shape.
    solver : callable
        :func:`.interior.solve` or :func:`.campaign_simplex.solve_at_vertex`; by default the latter for small programs.

    Raises
    ------
    InfeasibleCampaign
        If no plan meets the constraints.
    ValueError
        If a stage is unknown, ``change`` is asked for without a last plan, or ``floor`` with nobody to protect.
    """
    if not 0 <= floor_share <= 1:
        raise ValueError(f"floor_share is between 0 and 1, not {floor_share!r}")
    if "change" in stages and last is None:
        raise ValueError("stage 'change' compares with a last plan: give `last`")
    guarded = campaign.districts["protected"].to_numpy(bool)
    if "floor" in stages and not (campaign.willing[guarded] > 0).any():
        raise ValueError("stage 'floor' has nobody to protect: mark districts with willing people as `protected`")
    options = {"reserve": reserve, "last": last, "frozen": frozen, "supply": supply}
    program = CampaignProgram(campaign, split=moved is not None, **options)
    held, done, points, outcome, prices = Held(floor=floor or 0.0, moved=moved), [], {}, None, None
    for name in stages:
        if name in ("change", "moved") and not program.split:
            program = CampaignProgram(campaign, split=True, **options)
        stage = _no_waste(program, outcome, tolerance) if name == "waste" and outcome is not None else None
        if stage is None:
            stage, outcome = _run(program, name, held, tolerance, (starts or {}).get(name), watch, solver)
            points[name] = outcome.point
        done.append(stage)
        if name == "floor":
            held = replace(held, floor=floor_share * stage.value)
        elif name == "benefit":
            held = replace(held, benefit=stage.value)
            prices = shadow_prices(program, outcome)
        elif name == "waste":
            held = replace(held, waste=stage.value)
    return replace(read_plan(program, outcome, tuple(done), held.floor * (1 - HOLD), points), prices=prices)


def read_plan(program: CampaignProgram, outcome, stages, floor: float, points) -> CampaignPlan:
    """The plan of a solution of `program`."""
    courses = program.courses(outcome.x)
    plan = CampaignPlan(
        campaign=program.c,
        courses=np.where(courses > DUST, courses, 0.0),
        second_due=program.second_due(outcome.x),
        from_stock=program.from_stock(outcome.x),
        stages=stages,
        floor=floor,
        points=points,
    )
    # Rounding of the solver: before the first delivery all doses come from the stock at hand.
    c = program.c
    early = (np.arange(c.weeks) < c.first_delivery[:, None])[:, None, :]
    drawn = plan.given * c.products["wastage_factor"].to_numpy(float)[:, None]
    return replace(plan, from_stock=np.where(early, drawn, plan.from_stock))


def _run(program: CampaignProgram, name: str, held: Held, tolerance: float, start, watch, solver):
    """A stage, and where the solver stopped."""
    began = time.process_time()
    lp = program.stage(name, held)
    # Waste and change can be 0: their gap is a share of all doses.
    doses = float(program.supply.sum())
    counts = name in ("waste", "change", "moved")
    # Only the value of a floor is used further, and later stages hold a little less.
    strict = {"feasibility": 1e-7 if name == "floor" else 1e-9, "size": doses / program.unit if counts else None}
    begin = start and program.start_from(lp, start)
    try:
        options = {"tolerance": tolerance, "watch": watch, **strict}
        if solver is None:
            outcome = program.whole(_solve(program, lp, name, held, begin, **options))
        else:
            outcome = program.whole(solver(lp, start=begin, **options))
    except interior.NotSolved as problem:
        raise InfeasibleCampaign(f"stage {name}: {explain(program, lp) or problem}") from problem
    unit = {"floor": -1.0 / len(lp.rhs), "benefit": -program.benefit_unit}.get(name, program.unit)
    fixed = program.benefit_of_base if name == "benefit" else 0.0
    value, bound = float(outcome.value * unit + fixed), float(outcome.bound * unit + fixed)
    bound = max(bound, 0.0) if counts else bound
    gap = abs(value - bound) / (doses if counts else max(abs(value), 1e-9))
    numbers = (lp.variables, lp.constraints, outcome.iterations, time.process_time() - began, outcome.residual)
    return Stage(name, value, bound, float(gap), *numbers), outcome


def _solve(program: CampaignProgram, lp, name: str, held: Held, begin, **options) -> interior.Outcome:
    """Solve a stage: a small program by the simplex method, which is faster there and needs no inside. Where the
    interior-point method is stuck it begins again: from nothing if it began at an earlier plan, and below a high
    floor, where it may find no way up, from where the stage without a floor stood.
    """
    if lp.cost.size <= SMALL_PROGRAM:
        return solve_at_vertex(lp)
    if begin is not None:
        try:
            return interior.solve(lp, start=begin, most=PATIENCE, **options)
        except interior.Stuck:
            pass
    return _from_nothing(program, lp, name, held, **options)


def _from_nothing(program: CampaignProgram, lp, name: str, held: Held, **options) -> interior.Outcome:
    if name == "floor" or held.floor <= 0:
        return interior.solve(lp, **options)
    try:
        return interior.solve(lp, most=PATIENCE, **options)
    except interior.Stuck:
        easier = program.whole(interior.solve(program.stage(name, replace(held, floor=0.0)), **options))
        again = program.stage(name, held)
        return interior.solve(again, start=program.start_from(again, easier.point), **options)


def _no_waste(program: CampaignProgram, outcome, tolerance: float) -> Stage | None:
    """The stage of waste, where the plan of the stage before wastes nothing: there is nothing to solve."""
    link = program.link
    waste = float(outcome.v[link.left][link.spoils].sum() * program.unit)
    doses = float(program.supply.sum())
    return (
        Stage("waste", waste, 0.0, waste / doses, 0, 0, 0, 0.0, outcome.residual)
        if waste <= tolerance * doses
        else None
    )


def equity_frontier(
    campaign: Campaign,
    *,
    points: int = 11,
    levels: Sequence[float] | None = None,
    reserve: Reserve | None = None,
    tolerance: float = 1e-6,
) -> tuple[pd.DataFrame, list[CampaignPlan]]:
    """Benefit against the floor, from none to the highest; each plan starts from where the one before stood.

    Parameters
    ----------
    points : int
        Number of floors, evenly from 0 to the highest.
    levels : sequence of float, optional
        The floors as shares of the highest, rising from 0, instead.

    Returns
    -------
    frame : DataFrame
        ``floor`` (coverage), ``benefit``, ``bound``, ``price_of_fairness`` (benefit given up, as a share of that
        without a floor: Bertsimas, Farias & Trichakis 2011, Operations Research 59, 17-31), ``gap``.
    plans : list of CampaignPlan

    Raises
    ------
    ValueError
        If `levels` do not rise from 0 to at most 1.
    """
    shares = np.linspace(0, 1, points) if levels is None else np.asarray(levels, float)
    if len(shares) < 2 or shares[0] != 0 or (np.diff(shares) <= 0).any() or shares[-1] > 1:
        raise ValueError(f"levels are {list(shares)}: give shares of the highest floor that rise from 0 to at most 1")
    shared = {"reserve": reserve, "tolerance": tolerance}
    best = plan_campaign(campaign, stages=("floor",), **shared).floor
    plans: list[CampaignPlan] = []
    for level in shares * best:
        starts = plans[-1].points if plans else None
        plans.append(plan_campaign(campaign, stages=("benefit",), floor=level, starts=starts, **shared))
    free = plans[0].stages[0].value
    rows = [
        (p.floor, p.stages[0].value, p.stages[0].bound, 1 - p.stages[0].value / free if free else 0.0, p.stages[0].gap)
        for p in plans
    ]
    return pd.DataFrame(rows, columns=["floor", "benefit", "bound", "price_of_fairness", "gap"]), plans


# ---- tables ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PlanTables:
    """A plan as tables, as far as a storekeeper and an auditor need it.

    Attributes
    ----------
    doses : DataFrame
        ``district``, ``group``, ``product``, ``week``, ``dose`` (1 or 2), ``doses`` given.
    shipments : DataFrame
        ``lot``, ``region``, ``district``, ``week``, ``doses`` that leave the national store and reach the district.
    draws : DataFrame
        ``district``, ``lot``, ``week``, ``doses`` taken out of the district's store, wastage included.
    """

    doses: pd.DataFrame
    shipments: pd.DataFrame
    draws: pd.DataFrame


def plan_tables(plan: CampaignPlan) -> PlanTables:
    """Tables of a plan, with lots handed out earliest expiry first."""
    shipments, draws = hand_out_lots(plan)
    return PlanTables(dose_table(plan), shipments, draws)


def tables_of_first_week(plan: CampaignPlan, *, rounding: float = ROUNDING) -> PlanTables:
    """Week 0 of :func:`plan_tables`, in less time: the doses and shipments, without the draws.

    Less than `rounding` of a dose may have no lot: it is not sent.
    """
    shipments, _ = hand_out_lots(plan, weeks=1, rounding=rounding)
    courses, second = plan.courses.copy(), plan.second_due.copy()
    courses[..., 1:] = 0.0
    second[..., 1:] = 0.0
    doses = dose_table(replace(plan, courses=courses, second_due=second))
    return PlanTables(doses[doses["week"] == 0].reset_index(drop=True), shipments, shipments.iloc[:0])


def dose_table(plan: CampaignPlan) -> pd.DataFrame:
    """Doses given, by district, group, product, week and number of the dose."""
    c = plan.campaign
    second = np.zeros_like(plan.courses)
    for i, k in enumerate(c.interval):
        if k:
            second[:, i, :, k:] = plan.courses[:, i, :, :-k]
    second += split_due(plan)
    parts = []
    for number, amount in ((1, plan.courses), (2, second)):
        d, p, g, t = np.nonzero(amount)
        parts.append(
            pd.DataFrame(
                {
                    "district": c.districts["district"].to_numpy()[d],
                    "group": np.array(c.groups, dtype=object)[g],
                    "product": c.products["product"].to_numpy()[p],
                    "week": t,
                    "dose": number,
                    "doses": amount[d, p, g, t],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def split_due(plan: CampaignPlan) -> np.ndarray:
    """Second doses of before week 0 by group, shape (D, P, G, T): those that fell due first are given first."""
    c = plan.campaign
    d, p, g, t = c.shape
    out = np.zeros((d, p, g, t))
    if len(c.due) == 0:
        return out
    due = np.zeros((d, p, g, t))
    rows = [
        pd.Index(names).get_indexer(c.due[col])
        for names, col in (
            (c.districts["district"], "district"),
            (c.products["product"], "product"),
            (c.groups, "group"),
        )
    ]
    np.add.at(due, (*rows, c.due["week"].to_numpy(int)), c.due["courses"].to_numpy(float))
    by_week = due.sum(axis=2)
    ends, given = np.cumsum(by_week, axis=2), np.cumsum(plan.second_due, axis=2)
    for week in range(t):
        # Of what fell due in `week`, the part that is given in each later week: overlap of two queues.
        low, high = (ends[:, :, week] - by_week[:, :, week])[..., None], ends[:, :, week][..., None]
        before = np.concatenate([np.zeros((d, p, 1)), given[:, :, :-1]], axis=2)
        part = np.clip(np.minimum(high, given) - np.maximum(low, before), 0.0, None)
        share = np.divide(
            due[..., week], by_week[:, :, None, week], out=np.zeros((d, p, g)), where=by_week[:, :, None, week] > 0
        )
        out += share[..., None] * part[:, :, None, :]
    return out


def hand_out_lots(
    plan: CampaignPlan, *, weeks: int | None = None, rounding: float = ROUNDING
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Shipments and draws by lot, earliest expiry first; those that leave in the first `weeks` alone where it is given.

    What leaves in one week to be given in one week is alike, so it takes the lot that expires first among those that
    have arrived and are good long enough, week of leaving by week of leaving. No other order serves more or wastes
    less: a lot that is exchanged for one that lasts longer can serve what leaves later.
    """
    c = plan.campaign
    fetched = plan.fetched
    every = c.districts["delivery_every"].to_numpy(int)
    weeks_of = np.stack([c.fetched(int(e)) for e in every])
    left = c.lots["doses"].to_numpy(float).copy()
    rows = []
    for leaves in range(c.weeks if weeks is None else weeks):
        for given in range(leaves, c.weeks):
            here = np.flatnonzero(weeks_of[:, given] == leaves)
            for i, product in enumerate(c.products["product"]):
                amount = fetched[here, i, given]
                total = amount.sum()
                if total <= 0:
                    continue
                for lot, doses in _take(c.lots, left, product, leaves, given, total, rounding):
                    rows.append((lot, here, leaves, given, amount * (doses / total)))
    shipments, draws = _lot_tables(c, rows)
    if weeks is not None:
        return shipments, draws
    return shipments, pd.concat([draws, _stock_draws(plan)], ignore_index=True)


def _take(lots: pd.DataFrame, left: np.ndarray, product, leaves: int, given: int, total: float, rounding: float):
    """Take `total` doses from the lots, earliest expiry first; what rounding leaves over goes to the last of them."""
    good = (lots["product"] == product) & (lots["arrives"] <= leaves) & (lots["expires"] >= given)
    order = [n for n in lots["expires"].to_numpy().argsort(kind="stable") if good.iloc[n]]
    taken = []
    for lot in order:
        doses = min(left[lot], total - sum(x for _, x in taken))
        if doses > 0:
            left[lot] -= doses
            taken.append((lot, doses))
    short = total - sum(x for _, x in taken)
    if short > 0:
        # Rounding of the solver: the largest lot that will do has that much more or less.
        size = lots["doses"].to_numpy(float)
        largest = max(order, key=lambda n: size[n], default=None)
        if short <= rounding and (largest is None or rounding > ROUNDING):
            return taken
        if largest is None or short > 1e-7 * max(size[largest], 1.0):
            raise InfeasibleCampaign(f"{short:.6g} doses of {product!r} that leave in week {leaves} have no lot")
        taken.append((largest, short))
    return taken


def _lot_tables(c: Campaign, rows: list[tuple]) -> tuple[pd.DataFrame, pd.DataFrame]:
    if not rows:
        empty = pd.DataFrame({"lot": [], "region": [], "district": [], "week": [], "doses": []})
        return empty, empty[["district", "lot", "week", "doses"]]
    lots, names, regions = (
        c.lots["lot"].to_numpy(),
        c.districts["district"].to_numpy(),
        c.districts["region"].to_numpy(),
    )
    size = [len(r[1]) for r in rows]
    where = np.concatenate([r[1] for r in rows])
    frame = pd.DataFrame(
        {
            "lot": lots[np.repeat([r[0] for r in rows], size)],
            "region": regions[where],
            "district": names[where],
            "leaves": np.repeat([r[2] for r in rows], size),
            "week": np.repeat([r[3] for r in rows], size),
            "doses": np.concatenate([r[4] for r in rows]),
        }
    )
    frame = frame[frame["doses"] > 0]
    draws = frame.groupby(["district", "lot", "week"], as_index=False, sort=False)["doses"].sum()
    shipments = frame.drop(columns="week").rename(columns={"leaves": "week"})
    keys = ["lot", "region", "district", "week"]
    return shipments.groupby(keys, as_index=False, sort=False)["doses"].sum(), draws


def _stock_draws(plan: CampaignPlan) -> pd.DataFrame:
    """Draws from the stock at hand, earliest expiry first in each district."""
    c = plan.campaign
    rows = []
    lots = c.lots.set_index("lot")
    for (district, product), stock in c.stock.assign(
        product=c.stock["lot"].map(lots["product"]), expires=c.stock["lot"].map(lots["expires"])
    ).groupby(["district", "product"]):
        d = int(np.flatnonzero(c.districts["district"] == district)[0])
        i = int(np.flatnonzero(c.products["product"] == product)[0])
        left = stock.sort_values("expires")[["lot", "doses", "expires"]].to_numpy(object)
        for week in np.flatnonzero(plan.from_stock[d, i] > 0):
            want = plan.from_stock[d, i, week]
            for row in left:
                take = min(row[1], want) if row[2] >= week else 0.0
                if take > 0:
                    row[1] -= take
                    want -= take
                    rows.append((district, row[0], int(week), take))
    return pd.DataFrame(rows, columns=["district", "lot", "week", "doses"]).astype({"week": int, "doses": float})
