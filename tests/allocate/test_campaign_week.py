"""Weeks that go by: every dose accounted for, rounds that go on, plans that still hold."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from benchmarks.lot_by_lot import solve_lot_by_lot
from benchmarks.made_campaign import make_campaign
from healthops.allocate.campaign import CampaignError
from healthops.allocate.campaign_check import check_plan
from healthops.allocate.campaign_plan import plan_campaign, plan_tables
from healthops.allocate.campaign_policies import forgive, plan_or_follow
from healthops.allocate.campaign_program import HOLD
from healthops.allocate.campaign_replan import replan
from healthops.allocate.campaign_week import FATES, NATIONAL, Happened, advance, rest_of

STAGES = ("floor", "benefit")


@pytest.fixture(scope="module")
def campaign():
    return make_campaign(10, weeks=12, regions=2, seed=1)


@pytest.fixture(scope="module")
def plan(campaign):
    return plan_campaign(campaign, stages=STAGES, tolerance=1e-8)


@pytest.fixture(scope="module")
def tables(plan):
    return plan_tables(plan)


@pytest.fixture(scope="module")
def week(campaign, tables):
    return advance(campaign, tables)


def balanced(account):
    after = account[[*FATES, "national", "districts"]]
    assert (after[["given", "open_vials", "recalled", "spoilt", "expired", "national", "districts"]] >= 0).all(
        axis=None
    )
    return after.sum(axis=1).to_numpy() == pytest.approx(account["before"].to_numpy(), rel=1e-12, abs=1e-9)


def test_a_week_as_planned_gives_what_the_plan_says(campaign, tables, week):
    planned = tables.doses[tables.doses["week"] == 0]
    assert week.given["doses"].sum() == pytest.approx(planned["doses"].sum(), rel=1e-9)
    assert balanced(week.account)
    # Given and left in opened vials are what the plan draws; in the districts stays what it fetched and did not draw.
    drawn = tables.draws.loc[tables.draws["week"] == 0, "doses"].sum()
    sent = tables.shipments.loc[tables.shipments["week"] == 0, "doses"].sum()
    assert week.account[["given", "open_vials"]].to_numpy().sum() == pytest.approx(drawn, rel=1e-6)
    assert week.account["districts"].sum() == pytest.approx(sent - drawn, rel=1e-6)
    assert week.campaign.people["covered"].sum() - campaign.people["covered"].sum() == pytest.approx(
        planned.loc[planned["dose"] == 1, "doses"].sum(), rel=1e-9
    )


def test_the_rest_of_a_plan_holds_in_the_next_week(plan, week):
    now = week.campaign
    assert (now.weeks, now.clock) == (11, 1)
    assert (now.first_delivery > 0).any() and len(now.stock) and len(now.due)
    rest = rest_of(plan, now)
    assert check_plan(now, plan_tables(rest), floor=plan.floor) == []
    assert rest.given == pytest.approx(plan.given[..., 1:], abs=1e-4)


def test_the_middle_of_a_round_agrees_with_the_program_lot_by_lot(week):
    """Stock at hand, second doses due and deliveries that go on where they were, in another formulation."""
    for now in (week.campaign, replace(week.campaign, due=week.campaign.due.head(0))):
        again = plan_campaign(now, stages=STAGES, tolerance=1e-8)
        assert check_plan(now, plan_tables(again), floor=again.floor) == []
        assert again.stages[0].value == pytest.approx(solve_lot_by_lot(now, "floor"), rel=1e-6)
    # Without second doses due, whose own benefit the other formulation does not count.
    held = again.stages[0].value * (1 - HOLD)
    assert again.stages[1].value == pytest.approx(solve_lot_by_lot(now, "benefit", floor=held), rel=1e-6)


def test_nothing_changes_if_nothing_happens(plan, week):
    again = replan(week.campaign, rest_of(plan, week.campaign), frozen=0, moved_share=0.1)
    assert len(again.facts) == 0
    assert again.plan.stages[0].value == pytest.approx(plan.stages[0].value, rel=1e-4)


def test_a_campaign_played_to_its_end_conserves_every_dose(campaign):
    """Late, recalled, spoilt, miscounted: stock + given + wasted + lost = what arrived, and nobody gets more."""
    now, total = campaign, campaign.lots["doses"].sum()
    fates = pd.Series(0.0, index=list(FATES))
    first, second, last = 0.0, 0.0, None
    while now.weeks > 1:
        # At the end a store holds just what is due, and rounding would leave no solution.
        now, missed = forgive(now)
        assert now.weeks < 11 or len(missed) == 0
        plan, why = plan_or_follow(now, last, stages=STAGES, tolerance=1e-5)
        assert not why or now.weeks <= 3, (now.weeks, why)
        tables = plan_tables(plan)
        assert check_plan(now, tables) == [], (now.weeks, why)
        happened = Happened()
        if now.clock == 1:
            happened = Happened(
                late={now.lots.loc[now.lots["arrives"] == 1, "lot"].iloc[0]: 2}, failed=("d0003", "r01")
            )
        if now.clock == 2:
            here = now.stock.iloc[[0]].assign(doses=now.stock["doses"].iloc[0] / 2)
            later = now.lots.loc[now.lots["arrives"] > 0, "lot"].iloc[-1]
            happened = Happened(recalled=(later,), counted=here.assign(lot=now.lots["lot"].iloc[-1]))
        done = advance(now, tables, happened)
        assert balanced(done.account)
        fates += done.account[list(FATES)].sum()
        by_dose = done.given.groupby("dose")["doses"].sum()
        first, second = first + by_dose.get(1, 0.0), second + by_dose.get(2, 0.0)
        after = done.campaign.lots["doses"].sum() + done.campaign.stock["doses"].sum()
        assert fates.sum() + after == pytest.approx(total, rel=1e-12)
        now, last = done.campaign, rest_of(plan, done.campaign).courses
    assert (fates[["given", "open_vials", "recalled", "spoilt"]] > 0).all() and fates["miscounted"] < 0
    assert first + second == pytest.approx(fates["given"], rel=1e-9)
    assert first == pytest.approx((now.people["covered"] - campaign.people["covered"]).sum(), rel=1e-9)
    assert second <= first


def test_a_lot_that_is_late_or_recalled_is_not_sent(campaign, tables):
    sent = tables.shipments[tables.shipments["week"] == 0].groupby("lot")["doses"].sum()
    lot = sent.idxmax()
    late = advance(campaign, tables, Happened(late={lot: 3}))
    assert late.campaign.lots.set_index("lot").loc[lot, ["arrives", "doses"]].tolist() == [
        2.0,
        campaign.lots.set_index("lot").loc[lot, "doses"],
    ]
    gone = advance(campaign, tables, Happened(recalled=(lot,))).account.set_index("lot")
    assert gone.loc[lot, "recalled"] == gone.loc[lot, "before"] and gone.loc[lot, "given"] == 0


def test_a_store_that_fails_loses_its_vaccine_and_nothing_else(campaign, tables, week):
    district = tables.shipments.loc[tables.shipments["week"] == 0].groupby("district")["doses"].sum().idxmax()
    sent = tables.shipments[(tables.shipments["week"] == 0) & (tables.shipments["district"] == district)]["doses"].sum()
    done = advance(campaign, tables, Happened(failed=(district,)))
    assert done.account["spoilt"].sum() == pytest.approx(sent, rel=1e-12)
    assert district not in set(done.given["district"]) and district not in set(done.campaign.stock["district"])
    others = week.given[week.given["district"] != district]["doses"].sum()
    assert done.given["doses"].sum() == pytest.approx(others, rel=1e-12)
    left = advance(campaign, tables, Happened(failed=(NATIONAL,)))
    assert (left.campaign.lots["arrives"] >= 0).any() and (left.account["national"] > 0).sum() < len(campaign.lots)


@pytest.mark.parametrize(
    ("happened", "says"),
    [
        (Happened(recalled=("x",)), "lot 'x' is recalled, but it is not in lots"),
        (Happened(late={"two-dose-00": 1.5}), "give whole weeks"),
        (Happened(failed=("moon",)), "store 'moon' failed"),
        (
            Happened(
                given=pd.DataFrame(
                    {"district": ["d0000"], "group": ["g0"], "product": ["two-dose"], "dose": [1], "doses": [1e9]}
                )
            ),
            "district 'd0000' gave 1e.09 doses of 'two-dose' and its store had",
        ),
        (
            Happened(
                given=pd.DataFrame(
                    {"district": ["d9"], "group": ["g0"], "product": ["two-dose"], "dose": [1], "doses": [1.0]}
                )
            ),
            "district 'd9' is not in the campaign",
        ),
        (
            Happened(
                given=pd.DataFrame(
                    {"district": ["d0000"], "group": ["g0"], "product": ["two-dose"], "dose": [2], "doses": [1.0]}
                )
            ),
            "second doses to .* but 0 were due",
        ),
        (
            Happened(counted=pd.DataFrame({"district": ["d0000"], "lot": ["two-dose-00"], "doses": [-1.0]})),
            "stock counted: -1",
        ),
    ],
)  # fmt: skip
def test_what_cannot_have_happened_is_refused(campaign, tables, happened, says):
    with pytest.raises(CampaignError, match=says):
        advance(campaign, tables, happened)


def test_a_clock_that_the_stock_cannot_wait_for_is_refused(campaign):
    with pytest.raises(CampaignError, match="next delivery comes in week 3; .*stock_weeks"):
        replace(campaign, clock=1, stock_weeks=2)


def test_a_late_lot_is_told_and_the_plan_made_again_around_it(campaign, plan, tables, week):
    lot = campaign.lots.loc[campaign.lots["arrives"] == 2, "lot"].iloc[0]
    late = advance(campaign, tables, Happened(late={lot: 2})).campaign
    again = replan(late, rest_of(plan, week.campaign), frozen=0, moved_share=0.05)
    assert again.facts[["table", "key", "column", "before", "after"]].to_numpy().tolist() == [
        ["lots", lot, "arrives", 1.0, 3.0]
    ]
    doses = campaign.lots.set_index("lot").loc[lot, "doses"]
    assert again.forced == pytest.approx(doses / (plan.courses[..., 1:].sum(axis=(0, 2, 3)) @ [2.0, 1.0]), rel=1e-6)
    assert again.moved <= again.forced + 0.05 + 1e-4
    assert check_plan(late, plan_tables(again.plan), floor=again.plan.floor) == []
