from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.vaccine_program import make_campaign
from healthops.allocate import campaign_summary as summary
from healthops.allocate.campaign_check import InvalidPlan, check_plan
from healthops.allocate.campaign_plan import InfeasibleCampaign, plan_tables
from healthops.allocate.campaign_policies import POLICIES
from healthops.data import schemas
from healthops.evaluate import equity


@pytest.fixture(scope="module")
def campaign():
    made = make_campaign(16, weeks=12, regions=2, seed=5)
    codes = {name: f"{10101 + n:06d}" for n, name in enumerate(made.districts["district"])}
    return replace(
        made,
        districts=made.districts.assign(district=made.districts["district"].map(codes)),
        people=made.people.assign(district=made.people["district"].map(codes)),
    )


@pytest.fixture(scope="module")
def plans(campaign):
    plan, free = summary.best_plans(campaign)
    return {"plan": plan, "free": free} | {name: policy(campaign) for name, policy in POLICIES.items()}


@pytest.fixture(scope="module")
def poverty(campaign):
    return pd.Series(np.linspace(10, 70, 16), index=campaign.districts["district"])


WEEK_ENDS = np.datetime64("2021-05-22") + 7 * np.arange(12)


# ---- the claims of the notebook, on a small campaign ----------------------------------------------------------------


def test_no_policy_beats_the_plan_at_what_it_puts_first(plans, poverty):
    """The floor of the plan, and the benefit of the plan without a floor, are the highest: each was made largest."""
    table = summary.policy_table(plans, poverty, against="pro-rata")
    assert (table["floor"] <= table.loc["plan", "floor"] + 1e-5).all()
    assert (table["benefit"] <= table.loc["free", "benefit"] * (1 + 1e-4)).all()
    assert table.loc["free", "floor"] < table.loc["plan", "floor"]
    assert table.loc["pro-rata", "gain_pct"] == 0
    schemas.validate("vaccine_policies", table.reset_index())


def test_what_is_wasted_is_what_is_not_given(plans):
    """Every dose of a lot is given, thrown away with a vial, expired or left."""
    for plan in plans.values():
        lost = summary.wasted(plan)
        total = plan.given.sum() + sum(lost.values())
        assert total == pytest.approx(plan.campaign.lots["doses"].sum(), rel=1e-6)


def test_no_plan_says_in_words_what_stands_in_the_way(campaign):
    few = replace(campaign, districts=campaign.districts.assign(vaccinator_doses=0.5))
    late = pd.DataFrame(
        {
            "district": campaign.districts["district"][:1],
            "group": "g1",
            "product": "two-dose",
            "week": 0,
            "courses": 90.0,
        }
    )
    with pytest.raises(InfeasibleCampaign, match=r"vaccinators can give too few doses, [\d.]+ in all \(010101 week"):
        summary.best_plans(replace(few, due=late))


def test_a_broken_plan_is_not_passed_on(plans):
    plan = plans["plan"]
    with pytest.raises(InvalidPlan, match="coverage below the floor"):
        summary.checked_tables(replace(plan, floor=1.5 * plan.floor))


# ---- tables ------------------------------------------------------------------------------------------------------


def test_coverage_ends_at_that_of_the_plan(plans):
    plan = plans["plan"]
    c = plan.campaign
    last = summary.coverage_by_week(plan).iloc[-1].to_numpy()
    np.testing.assert_allclose(last, (plan.coverage * c.willing).sum(axis=0) / c.willing.sum(axis=0))
    places = summary.district_coverage(plan).to_numpy()
    np.testing.assert_allclose(places, (plan.coverage * c.willing).sum(axis=1) / c.willing.sum(axis=1))
    assert (summary.district_coverage(plan, 3) <= places + 1e-12).all()


def test_equity_is_zero_where_all_are_covered_alike(plans, poverty):
    plan = plans["plan"]
    c = plan.campaign
    even = np.zeros(c.shape)
    even[:, 0, :, 0] = 0.5 * c.willing - c.covered
    for value in summary.equity_of(replace(plan, courses=even), poverty).values():
        assert value == pytest.approx(0, abs=1e-12)
    covered = summary.district_coverage(plan).to_numpy()
    found = summary.equity_of(plan, poverty)
    assert found["gini"] == pytest.approx(equity.gini(covered, weights=c.willing.sum(axis=1)))


def test_use_is_full_where_the_checker_finds_no_slack(plans):
    """With a little less of a resource than is used, the checker objects; with just as much it does not."""
    plan = plans["plan"]
    tables = plan_tables(plan)
    names = {"vaccinators": ("districts", "vaccinator_doses"), "district stores": ("districts", "capacity_litres")}
    names["regional stores"] = ("regions", "capacity_litres")
    use = summary.utilisation(plan)
    for resource, (table, column) in names.items():
        peak = use[resource].max(axis=1)
        frame = getattr(plan.campaign, table)
        just = replace(plan.campaign, **{table: frame.assign(**{column: frame[column] * peak * (1 + 1e-9)})})
        less = replace(plan.campaign, **{table: frame.assign(**{column: frame[column] * peak * 0.99})})
        assert not check_plan(just, tables), resource
        assert check_plan(less, tables), resource


def test_scarcity_names_what_binds(plans):
    table = summary.scarcity(plans["free"])
    assert (table["gain_pct"] >= 0).all() and table.loc["lots", "gain_pct"] > 0
    idle = table["places_ever_full"] == 0
    assert (table.loc[idle, "gain_pct"] < 1e-3).all()
    with pytest.raises(ValueError, match="no prices"):
        summary.scarcity(plans["pro-rata"])


def test_lots_add_up_and_leave_in_order(campaign, plans):
    tables = summary.checked_tables(plans["plan"])
    table = summary.lot_table(campaign, tables)
    np.testing.assert_allclose(table[["sent", "expired", "left"]].sum(axis=1), table["doses"], rtol=1e-5)
    assert (table["last_used"].dropna() <= table["expires"][table["last_used"].notna()]).all()
    # A plan may pass over a lot that expires too soon; shipments the other way round are out of order.
    late = tables.shipments["lot"].map(campaign.lots.set_index("lot")["expires"])
    turned = replace(tables, shipments=tables.shipments[late > late.min()])
    assert summary.out_of_order(campaign, turned) >= summary.out_of_order(campaign, tables)


def test_order_is_counted_by_hand():
    campaign = make_campaign(2, weeks=6, regions=1)
    lots = pd.DataFrame(
        {"lot": ["soon", "late"], "product": "one-dose", "doses": 10.0, "arrives": 0, "expires": [3, 9]}
    )
    campaign = replace(campaign, lots=lots)
    sent = pd.DataFrame({"lot": ["late", "soon", "late"], "week": [1, 1, 2], "doses": [4.0, 10.0, 6.0]})
    tables = summary.PlanTables(sent, sent, sent)
    assert summary.out_of_order(campaign, tables) == 0
    wrong = summary.PlanTables(sent, sent.assign(week=[1, 2, 2]), sent)
    assert summary.out_of_order(campaign, wrong) == pytest.approx(4 / 20)


def test_boxes_are_whole_and_parts_lose_less(plans, campaign):
    whole, tables = summary.boxed(plans["plan"])
    parts, _ = summary.boxed(plans["plan"], 10)
    assert whole.averted <= plans["plan"].averted * (1 + 1e-9)
    assert parts.averted > whole.averted
    out = summary.shipments_out(campaign, tables, WEEK_ENDS)
    np.testing.assert_allclose(out["boxes"], out["boxes"].round(), atol=1e-6)
    schemas.validate("vaccine_plan_shipments", out)
    doses = schemas.validate("vaccine_plan_doses", summary.doses_out(tables, WEEK_ENDS))
    assert doses["doses"].sum() == pytest.approx(whole.given.sum(), rel=1e-6)


def test_frontier_table_has_its_schema(campaign, poverty):
    frame, found = summary_frontier(campaign)
    table = summary.frontier_table(frame, found, poverty, supply=1.0, districts=16)
    schemas.validate("vaccine_frontier", table)
    assert (np.diff(table["price_of_fairness"]) > -1e-5).all()


def summary_frontier(campaign):
    from healthops.allocate.campaign_plan import equity_frontier

    return equity_frontier(campaign, levels=[0, 0.6, 1], tolerance=1e-6)


# ---- parts, scarcity, disturbance --------------------------------------------------------------------------------


def test_parts_and_scarcity(campaign):
    part = summary.every_nth(campaign, 4)
    assert list(part.districts["district"]) == ["010101", "010106", "010111", "010116"]
    assert summary.every_nth(campaign, 99) is campaign
    short = summary.scarce(campaign, 0.5)
    later = campaign.lots["arrives"] > 0
    assert short.lots.loc[later, "doses"].sum() == pytest.approx(0.5 * campaign.lots.loc[later, "doses"].sum())
    assert (short.lots.loc[~later, "doses"] == campaign.lots.loc[~later, "doses"]).all()
    with pytest.raises(ValueError, match="above 0, at most 1"):
        summary.scarce(campaign, 0.0)
    with pytest.raises(ValueError, match="at least 1 district"):
        summary.every_nth(campaign, 0)


def test_the_two_largest_lots_are_disturbed(campaign):
    now, late, cut = summary.disturbed(campaign, week=2, late=2, cut=0.5)
    before, after = campaign.lots.set_index("lot"), now.lots.set_index("lot")
    assert after.loc[late, "arrives"] == before.loc[late, "arrives"] + 2
    assert after.loc[cut, "doses"] == 0.5 * before.loc[cut, "doses"]
    assert before.loc[late, "doses"] >= before.loc[cut, "doses"] > 0
    assert (after.drop([late, cut]) == before.drop([late, cut])).all(axis=None)
    with pytest.raises(ValueError, match="choose an earlier week"):
        summary.disturbed(campaign, week=11, late=2, cut=0.5)
