from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.lot_by_lot import solve_lot_by_lot
from benchmarks.made_campaign import cut_supply, make_campaign
from benchmarks.vaccine_proofs import tiny
from healthops.allocate.campaign import Campaign
from healthops.allocate.campaign_boxes import plan_in_boxes, round_to_boxes
from healthops.allocate.campaign_check import InvalidPlan, assert_valid, check_plan
from healthops.allocate.campaign_plan import (
    CampaignPlan,
    InfeasibleCampaign,
    PlanTables,
    equity_frontier,
    plan_campaign,
    plan_tables,
)
from healthops.allocate.campaign_program import HOLD, Reserve
from healthops.allocate.campaign_replan import replan


@pytest.fixture(autouse=True, params=["interior", "vertex"])
def solver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small programs go to the simplex method: each test is held to by both."""
    if request.param == "interior":
        monkeypatch.setattr("healthops.allocate.campaign_plan.SMALL_PROGRAM", 0)
        monkeypatch.setattr("healthops.allocate.campaign_elastic.SMALL_PROGRAM", 0)


@pytest.fixture(scope="module")
def campaign() -> Campaign:
    return make_campaign(24, weeks=14, regions=3, seed=4)


@pytest.fixture(scope="module")
def plan(campaign):
    return plan_campaign(campaign, stages=("floor", "benefit"), tolerance=1e-8)


@pytest.fixture(scope="module")
def tables(plan):
    return plan_tables(plan)


# ---- optimality: another formulation, brute force ----------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_the_program_lot_by_lot(seed):
    campaign = make_campaign(12, weeks=12, regions=3, seed=seed, supply=1.1 if seed == 2 else 0.6)
    found = plan_campaign(campaign, tolerance=1e-8)
    floor, benefit, waste = (s.value for s in found.stages)
    assert floor == pytest.approx(solve_lot_by_lot(campaign, "floor"), rel=1e-6)
    assert benefit == pytest.approx(solve_lot_by_lot(campaign, "benefit", floor=floor * (1 - HOLD)), rel=1e-6)
    least = solve_lot_by_lot(campaign, "waste", floor=floor * (1 - HOLD), benefit=benefit * (1 - HOLD))
    assert waste == pytest.approx(least, abs=1e-6 * campaign.lots["doses"].sum())
    assert not check_plan(campaign, plan_tables(found), floor=found.floor)


def test_sixty_districts_agree_with_the_program_lot_by_lot():
    campaign = make_campaign(60, weeks=10, seed=2)
    found = plan_campaign(campaign, stages=("floor", "benefit"), tolerance=1e-8)
    floor, benefit = (s.value for s in found.stages)
    assert floor == pytest.approx(solve_lot_by_lot(campaign, "floor"), rel=1e-6)
    assert benefit == pytest.approx(solve_lot_by_lot(campaign, "benefit", floor=floor * (1 - HOLD)), rel=1e-6)


def test_national_capacity_agrees_with_the_program_lot_by_lot():
    free = make_campaign(6, weeks=8, regions=2)
    litres = free.lots["doses"] * free.lots["product"].map({"two-dose": 0.003, "one-dose": 0.008})
    campaign = replace(free, national_litres=1.8 * litres.groupby(free.lots["arrives"]).sum().max())
    found = plan_campaign(campaign, stages=("benefit",), tolerance=1e-8)
    assert found.stages[0].value == pytest.approx(solve_lot_by_lot(campaign, "benefit"), rel=1e-6)
    assert not check_plan(campaign, plan_tables(found))


@pytest.mark.parametrize(("supply", "risk"), [(5.0, (1.0, 2.0)), (3.0, (2.0, 1.0)), (12.0, (1.0, 1.0))])
def test_whole_doses_by_brute_force(supply, risk):
    """Every way to give whole doses, by hand: data are whole and the program is a flow, so its optimum is whole."""
    campaign = tiny(supply, risk=risk)
    best_floor = best = -1.0
    for doses in itertools.product(range(4), repeat=6):
        a = np.array(doses).reshape(2, 3)
        weeks, each = a.sum(axis=0), a.sum(axis=1)
        can = (a[0] <= 3).all() and (a[1] <= 2).all() and each[0] <= 6 and each[1] <= 5
        # Lot 0 for weeks 0 and 1, lot 1 for weeks 1 and 2.
        stock = weeks[0] <= supply and weeks[2] <= 2 and weeks.sum() <= supply + 2 and weeks[:2].sum() <= supply + 2
        if can and stock:
            best = max(best, float((a * campaign.worth[:, 0, 0]).sum()))
            best_floor = max(best_floor, min(each[0] / 6, each[1] / 5))
    free = plan_campaign(campaign, stages=("benefit",), tolerance=1e-9)
    assert free.stages[0].value == pytest.approx(best, rel=1e-6)
    # Doses can be split for the floor, so whole ones reach no more.
    assert plan_campaign(campaign, stages=("floor",)).stages[0].value >= best_floor - 1e-6


def test_the_floor_of_a_scarce_supply_is_its_share():
    """With room everywhere, all get the same share: doses over people."""
    found = plan_campaign(tiny(3.0, vaccinators=(9.0, 9.0)), stages=("floor",), tolerance=1e-9)
    assert found.stages[0].value == pytest.approx(5 / 11, rel=1e-6)


def test_bounds_hold_and_gaps_are_certified(plan):
    for stage in plan.stages:
        assert stage.value <= stage.bound * (1 + 1e-9)
        assert stage.gap <= 1e-6
        assert stage.residual <= 1e-9


def test_waste_is_what_must_expire():
    campaign = tiny(12.0, vaccinators=(1.0, 1.0))
    found = plan_campaign(campaign, tolerance=1e-9)
    # Four doses can be given in weeks 0 and 1, all from the lot that expires; eight of twelve do.
    assert found.stages[2].value == pytest.approx(8.0, abs=1e-3)


def test_frontier_gives_up_benefit_for_the_floor(campaign):
    frame, _ = equity_frontier(campaign, points=9)
    assert len(frame) == 9
    assert frame["benefit"].is_monotonic_decreasing
    assert frame["price_of_fairness"].iloc[0] == 0
    assert 0 < frame["price_of_fairness"].iloc[-1] < 1
    assert (frame["gap"] <= 1e-5).all()


def test_reserve_is_kept_and_costs_benefit(campaign, plan):
    reserve = Reserve(0.3)
    held = plan_campaign(campaign, stages=("benefit",), reserve=reserve)
    assert not check_plan(campaign, plan_tables(held), reserve=0.3)
    free = plan_campaign(campaign, stages=("benefit",))
    assert held.benefit < free.benefit
    assert any("reserve" in v.rule for v in check_plan(campaign, plan_tables(free), reserve=0.3))


# ---- the checker finds what is broken ----------------------------------------------------------------------------


def test_a_plan_passes(campaign, plan, tables):
    assert check_plan(campaign, tables, floor=plan.floor) == []


def changed(tables, name, change):
    frame = getattr(tables, name).copy()
    change(frame)
    return PlanTables(**(vars(tables) | {name: frame}))


def scale(column, by):
    def change(frame):
        frame[column] = frame[column] * by

    return change


def first_row(column, value):
    def change(frame):
        frame.iloc[frame["doses"].argmax(), frame.columns.get_loc(column)] = value

    return change


def second_is_first(frame):
    frame.loc[frame["doses"].where(frame["dose"] == 2).idxmax(), "dose"] = 1


@pytest.mark.parametrize(
    ("name", "change", "rule"),
    [
        ("doses", scale("doses", 1.001), "doses given that nobody took"),
        ("doses", scale("doses", 0.999), "coverage below the floor"),
        ("doses", second_is_first, "second doses missing"),
        ("doses", first_row("week", 13), "vaccinators|second"),
        ("shipments", scale("doses", 1.001), "more of a lot than there is"),
        ("shipments", scale("doses", 0.999), "more drawn than is in the store"),
        ("shipments", first_row("region", "r00"), "another region|regional store"),
        ("shipments", first_row("lot", "none"), "no such lot"),
        ("draws", first_row("week", 13), "after it expires|nobody"),
        ("draws", first_row("doses", -1.0), "below 0"),
    ],
)
def test_a_broken_table_is_found(campaign, plan, tables, name, change, rule):
    import re

    found = check_plan(campaign, changed(tables, name, change), floor=plan.floor)
    assert any(re.search(rule, v.rule) for v in found), [str(v) for v in found[:5]]


@pytest.mark.parametrize(
    ("table", "column", "rule"),
    [
        ("districts", "vaccinator_doses", "vaccinators"),
        ("districts", "capacity_litres", "litres in a district's store"),
        ("regions", "capacity_litres", "litres through a regional store"),
        ("people", "willingness", "willing"),
    ],
)
def test_a_limit_that_shrinks_is_noticed(campaign, tables, table, column, rule):
    frame = getattr(campaign, table).copy()
    frame[column] = frame[column] * 0.5
    assert any(rule in v.rule for v in check_plan(replace(campaign, **{table: frame}), tables))


def test_a_lot_that_expires_early_is_noticed(campaign, tables):
    lots = campaign.lots.copy()
    lots["expires"] = lots["arrives"]
    assert any("after it expires" in v.rule for v in check_plan(replace(campaign, lots=lots), tables))


def test_an_invalid_plan_is_never_passed_on(campaign, plan, tables):
    with pytest.raises(InvalidPlan, match="violates .* constraints; the worst: "):
        assert_valid(campaign, changed(tables, "shipments", scale("doses", 1.1)), floor=plan.floor)


# ---- what cannot be done -----------------------------------------------------------------------------------------


def test_a_floor_that_supply_cannot_pay_says_what_is_missing():
    # 11 people, 5 doses: a floor of one lacks 6.
    with pytest.raises(InfeasibleCampaign, match=r"doses that a lot lacks, (6|6\.00\d*|5\.99\d*) in all"):
        plan_campaign(tiny(3.0, vaccinators=(9.0, 9.0)), stages=("benefit",), floor=1.0)


def test_a_national_store_that_fills_up_says_so():
    campaign = replace(tiny(9.0, vaccinators=(1.0, 1.0)), national_litres=0.0095)
    # Two doses leave in week 0; seven stay, and two come: 9 ml fit. Without vaccinators 11 would be there.
    assert plan_campaign(campaign, stages=("benefit",)).given[:, :, 0].sum() == pytest.approx(2.0, abs=1e-5)
    idle = campaign.districts.assign(vaccinator_doses=0.5)
    with pytest.raises(InfeasibleCampaign, match="litres that the national store lacks|vaccinators can give too few"):
        plan_campaign(replace(campaign, districts=idle), stages=("benefit",))


def test_frozen_weeks_without_their_lot_say_so(campaign, plan):
    lots = campaign.lots.copy()
    lots.loc[lots["arrives"] == 0, "doses"] = 0.0
    with pytest.raises(InfeasibleCampaign, match="doses that no lot can be.*leaving in week 0"):
        replan(replace(campaign, lots=lots), plan, frozen=3)


def test_a_floor_for_nobody_is_refused():
    campaign = tiny()
    with pytest.raises(ValueError, match="nobody to protect"):
        plan_campaign(replace(campaign, districts=campaign.districts.assign(protected=False)))


def test_a_district_that_is_not_protected_does_not_hold_the_floor_down():
    campaign = tiny(9.0, vaccinators=(3.0, 0.0))
    assert plan_campaign(campaign, stages=("floor",)).stages[0].value == pytest.approx(0.0, abs=1e-5)
    districts = campaign.districts.assign(protected=[True, False])
    found = plan_campaign(replace(campaign, districts=districts), stages=("floor",))
    assert found.stages[0].value == pytest.approx(1.0, rel=1e-5)


# ---- the past ----------------------------------------------------------------------------------------------------


def test_stock_at_hand_is_used_while_it_is_good():
    campaign = tiny(0.0)
    lots = campaign.lots.assign(doses=0.0)
    stock = pd.DataFrame({"district": ["x", "y"], "lot": ["l0", "l1"], "doses": [8.0, 3.0]})
    found = plan_campaign(replace(campaign, lots=lots, stock=stock), stages=("benefit",), tolerance=1e-9)
    # x gives 3 doses in each of weeks 0 and 1, after which its lot expires; y gives 2 and 1.
    assert found.courses.sum(axis=(1, 2, 3)) == pytest.approx([6.0, 3.0], abs=1e-4)
    assert found.courses[0, 0, 0] == pytest.approx([3.0, 3.0, 0.0], abs=1e-4)
    assert not check_plan(found.campaign, plan_tables(found))


def test_second_doses_that_fall_due_are_all_given():
    campaign = make_campaign(6, weeks=10, regions=2, seed=3)
    due = pd.DataFrame({"district": ["d0000", "d0000", "d0003"], "group": ["g0", "g1", "g2"], "product": "two-dose"})
    due = due.assign(week=[0, 2, 3], courses=[20.0, 10.0, 5.0])
    found = plan_campaign(replace(campaign, due=due), stages=("floor", "benefit"), tolerance=1e-8)
    assert found.second_due.sum(axis=(1, 2)) == pytest.approx([30, 0, 0, 5, 0, 0], abs=1e-4)
    tables = plan_tables(found)
    assert not check_plan(found.campaign, tables, floor=found.floor)
    late = replace(campaign, due=due.assign(week=3))
    assert any("before they are due" in v.rule for v in check_plan(late, tables))


# ---- again -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def again(campaign, plan):
    return replan(cut_supply(campaign, weeks=(4, 8)), plan, frozen=3, moved_share=0.05)


def test_replan_keeps_frozen_weeks_and_the_bound(campaign, plan, again):
    assert again.plan.courses[..., :3] == pytest.approx(plan.courses[..., :3], abs=1e-9)
    assert again.moved <= again.forced + 0.05 + 1e-4
    assert not check_plan(again.plan.campaign, plan_tables(again.plan), floor=again.plan.floor)


def test_replan_lists_what_changed_and_why(plan, again):
    cut = again.facts
    assert set(cut["table"]) == {"lots"} and set(cut["column"]) == {"doses"}
    assert (cut["after"].astype(float) < cut["before"].astype(float)).all()
    assert again.changes["why"].str.contains("lots .*: doses .* to ").all()
    listed = (again.changes["after"] - again.changes["before"]).sum()
    assert listed == pytest.approx(again.plan.given.sum() - plan.given.sum(), abs=0.5 * plan.given.size)
    assert again.changes["week"].min() >= 3


def test_replan_from_nothing_is_as_good(campaign, plan, again):
    cold = replan(
        cut_supply(campaign, weeks=(4, 8)), replace(plan, points={}), frozen=3, moved_share=0.05, tolerance=1e-6
    )
    assert again.plan.stages[0].value == pytest.approx(cold.plan.stages[0].value, rel=2e-4)
    assert again.plan.stages[1].value == pytest.approx(cold.plan.stages[1].value, rel=5e-4)


def test_a_wider_bound_is_never_worse(campaign, plan, again):
    free = replan(cut_supply(campaign, weeks=(4, 8)), plan, frozen=3, moved_share=1.0)
    assert free.plan.stages[0].value >= again.plan.stages[0].value - 1e-4


def test_least_change_of_an_unchanged_campaign_is_none(campaign, plan):
    still = plan_campaign(campaign, stages=("change",), floor=plan.floor, last=plan.courses)
    assert still.stages[0].value <= 1e-4 * campaign.lots["doses"].sum()


def test_replan_refuses_another_country(plan):
    with pytest.raises(ValueError, match="the districts of the campaign are others"):
        replan(make_campaign(23, weeks=14, regions=3), plan, frozen=1)


# ---- boxes -------------------------------------------------------------------------------------------------------


def test_boxes_are_whole_and_the_loss_is_told(campaign):
    boxed = plan_in_boxes(campaign, stages=("floor", "benefit"), tolerance=1e-5)
    assert not check_plan(campaign, boxed.tables, floor=boxed.plan.floor, whole_boxes=True)
    assert 0 <= boxed.loss < 0.15
    assert boxed.plan.benefit <= boxed.relaxed.stages[1].bound * (1 + 1e-4)
    assert check_plan(campaign, plan_tables(boxed.relaxed), whole_boxes=True)


def test_courses_make_room_for_second_doses_of_before_that_fall_into_the_last_week():
    """Ten second doses of courses begun in week 2 and six put off from before meet in week 5, with hands for twelve."""
    kinds = {"product": ["a", "b"], "doses": 2, "interval_weeks": 3, "litres_per_dose": 0.001, "box_doses": 5}
    due = {"district": ["x"], "group": "g", "product": "a", "week": 2, "courses": 6.0}
    campaign = Campaign(
        weeks=6,
        products=pd.DataFrame(kinds),
        lots=pd.DataFrame({"lot": ["l0", "l1"], "product": ["a", "b"], "doses": 50.0, "arrives": 0, "expires": 9}),
        regions=pd.DataFrame({"region": ["r"], "capacity_litres": [10.0]}),
        districts=pd.DataFrame({"district": ["x"], "region": "r", "capacity_litres": 10.0, "vaccinator_doses": [12.0]}),
        people=pd.DataFrame(
            {"district": ["x"], "group": "g", "population": [40.0], "willingness": 1.0, "covered": 6.0, "risk": 1.0}
        ),
        due=pd.DataFrame(due),
    )
    courses, seconds = np.zeros((1, 2, 1, 6)), np.zeros((1, 2, 6))
    courses[0, 1, 0, 2], seconds[0, 0, 5] = 10.0, 6.0
    plan, tables = round_to_boxes(CampaignPlan(campaign, courses, seconds, np.zeros_like(seconds)))
    assert plan.courses.sum() == pytest.approx(6.0, abs=0.01) and plan.second_due.sum() == 6.0
    assert not check_plan(campaign, tables, floor=plan.floor, whole_boxes=True)


# ---- prices, and a way out where the method is stuck ---------------------------------------------------------------


def test_prices_are_what_one_more_unit_is_worth():
    """Against the benefit of the campaign with a little more of one resource, the floor held."""
    campaign = make_campaign(10, weeks=10, regions=2, seed=3)
    options = {"stages": ("benefit",), "floor": 0.2, "tolerance": 1e-9}
    plan = plan_campaign(campaign, **options)
    prices = plan.prices

    def gained(table: str, column: str, row: int, step: float) -> float:
        frame = getattr(campaign, table).copy()
        frame.loc[row, column] += step
        more = plan_campaign(replace(campaign, **{table: frame}), **options)
        return (more.stages[0].value - plan.stages[0].value) / step

    lot, store = int(np.argmax(prices.lots)), int(np.argmax(prices.regions.sum(axis=1)))
    hands = int(np.argmax(prices.vaccinators.sum(axis=1)))
    fridge = int(np.argmax(prices.stores.sum(axis=1)))
    assert prices.lots[lot] > 0 and prices.vaccinators[hands].sum() > 0
    assert gained("lots", "doses", lot, 1.0) == pytest.approx(prices.lots[lot], rel=2e-2)
    assert gained("regions", "capacity_litres", store, 0.01) == pytest.approx(prices.regions[store].sum(), rel=2e-2)
    assert gained("districts", "vaccinator_doses", hands, 0.1) == pytest.approx(
        prices.vaccinators[hands].sum(), rel=2e-2
    )
    assert gained("districts", "capacity_litres", fridge, 0.001) == pytest.approx(prices.stores[fridge].sum(), rel=2e-2)
    idle = int(np.argmin(prices.lots))
    assert gained("lots", "doses", idle, 1.0) == pytest.approx(prices.lots[idle], abs=1e-4 * prices.lots.max())


def test_a_stage_that_is_stuck_begins_again_below_the_floor(campaign, plan, monkeypatch):
    monkeypatch.setattr("healthops.allocate.campaign_plan.PATIENCE", 5)
    again = plan_campaign(campaign, stages=("floor", "benefit"), tolerance=1e-8)
    assert again.stages[1].value == pytest.approx(plan.stages[1].value, rel=1e-6)
    assert not check_plan(campaign, plan_tables(again), floor=again.floor)


def test_what_is_averted_is_what_the_stage_made_largest():
    """Second doses of before week 0 count too: a benefit without them says less than the stage."""
    campaign = make_campaign(12, weeks=10, regions=2)
    due = pd.DataFrame({"district": ["d0000", "d0003"], "group": "g1", "product": "two-dose", "week": [0, 2]})
    campaign = replace(campaign, due=due.assign(courses=[40.0, 60.0]))
    plan = plan_campaign(campaign, stages=("benefit",), tolerance=1e-9)
    assert plan.averted == pytest.approx(plan.stages[0].value, rel=1e-7)
    assert plan.averted > plan.benefit * (1 + 1e-6)


def test_frontier_at_chosen_levels(campaign):
    frame, _ = equity_frontier(campaign, levels=[0, 0.5, 1], tolerance=1e-6)
    every, _ = equity_frontier(campaign, points=3, tolerance=1e-6)
    np.testing.assert_allclose(frame["benefit"], every["benefit"], rtol=1e-5)
    with pytest.raises(ValueError, match="rise from 0 to at most 1"):
        equity_frontier(campaign, levels=[0, 0.5, 0.5])
