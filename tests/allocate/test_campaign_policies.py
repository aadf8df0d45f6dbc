"""The policies that people use obey the same constraints, serve whom they say, and keep what a store still holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.made_campaign import cut_supply, make_campaign
from healthops.allocate.campaign import Campaign, CampaignError
from healthops.allocate.campaign_check import check_plan
from healthops.allocate.campaign_plan import InfeasibleCampaign, plan_campaign, plan_tables
from healthops.allocate.campaign_policies import (
    POLICIES,
    follow,
    forgive,
    most_at_risk_first,
    oldest_first,
    plan_or_follow,
    pro_rata,
    pro_rata_by_uptake,
)
from healthops.allocate.campaign_week import Happened, advance, rest_of


def plain(supply: float, population, willingness=1.0, hands=100.0, risk=(1.0, 2.0)) -> Campaign:
    """Two districts, two groups, one product of one dose, two weeks."""
    return Campaign(
        weeks=2,
        products=pd.DataFrame({"product": ["a"], "doses": [1], "interval_weeks": [0], "litres_per_dose": [0.001]}),
        lots=pd.DataFrame({"lot": ["l"], "product": "a", "doses": [supply], "arrives": [0], "expires": [9]}),
        regions=pd.DataFrame({"region": ["r"], "capacity_litres": [10.0]}),
        districts=pd.DataFrame(
            {"district": ["x", "y"], "region": "r", "capacity_litres": 10.0, "vaccinator_doses": hands}
        ),
        people=pd.DataFrame(
            {
                "district": ["x", "x", "y", "y"],
                "group": ["old", "young"] * 2,
                "population": population,
                "willingness": willingness,
                "risk": [*risk, *risk],
            }
        ),
    )


def test_shares_by_hand():
    # 60 doses for 30 + 30 and 20 + 40 people: half of everyone.
    plan = pro_rata(plain(60.0, [30.0, 30.0, 20.0, 40.0]))
    assert plan.courses.sum(axis=(1, 3)) == pytest.approx(np.array([[15, 15], [10, 20]]), rel=1e-6)
    # The young of x do not come beyond 6: what they leave waits in one policy, and serves others in the next.
    willing = [1.0, 0.2, 1.0, 1.0]
    waits = pro_rata(plain(60.0, [30.0, 30.0, 20.0, 40.0], willing, hands=[21.0, 100.0]))
    assert waits.courses[..., 0].sum(axis=1) == pytest.approx(np.array([[15, 6], [10, 20]]), rel=1e-6)
    pooled = pro_rata_by_uptake(plain(60.0, [30.0, 30.0, 20.0, 40.0], willing))
    # s (30 + 20 + 40) + 6 = 60 gives s = 0.6.
    assert pooled.courses[..., 0].sum(axis=1) == pytest.approx(np.array([[18, 6], [12, 24]]), rel=1e-6)


def test_who_is_first_by_hand():
    campaign = plain(60.0, [30.0, 30.0, 20.0, 40.0])
    assert oldest_first(campaign).courses.sum(axis=(1, 3)) == pytest.approx(
        np.array([[30, 30 / 7], [20, 40 / 7]]), rel=1e-6
    )
    # The young have twice the risk: 60 of their 70.
    assert most_at_risk_first(campaign).courses.sum(axis=(1, 3)) == pytest.approx(
        np.array([[0, 30 * 6 / 7], [0, 40 * 6 / 7]]), rel=1e-6, abs=1e-6
    )
    turned = oldest_first(campaign, ["young", "old"])
    assert turned.courses == pytest.approx(most_at_risk_first(campaign).courses, abs=1e-6)
    with pytest.raises(CampaignError, match="name each once"):
        oldest_first(campaign, ["old"])


@pytest.fixture(scope="module", params=[0, 3, 4])
def campaign(request):
    return make_campaign(24, weeks=14, regions=3, seed=request.param)


@pytest.fixture(scope="module")
def best(campaign):
    return plan_campaign(campaign, stages=("floor", "benefit"), tolerance=1e-5)


@pytest.mark.parametrize("name", POLICIES)
def test_policies_obey_every_constraint_and_beat_no_bound(campaign, best, name):
    plan = POLICIES[name](campaign)
    assert check_plan(campaign, plan_tables(plan), floor=plan.floor) == []
    assert 0 < plan.given.sum()
    # A policy that reaches the floor cannot avert more than the best plan's bound; none has a higher floor.
    assert plan.floor <= best.stages[0].bound * (1 + 1e-6)
    free = plan_campaign(campaign, stages=("benefit",), tolerance=1e-5)
    assert plan.benefit <= free.stages[0].bound * (1 + 1e-6)


@pytest.mark.parametrize("name", POLICIES)
def test_policies_obey_them_in_the_middle_of_a_round(campaign, best, name):
    now = advance(campaign, plan_tables(best), Happened(failed=("d0002",))).campaign
    now, _ = forgive(now)
    plan = POLICIES[name](now)
    assert check_plan(now, plan_tables(plan), floor=plan.floor) == []


def test_a_plan_that_nothing_stands_in_the_way_of_is_kept(campaign, best):
    assert follow(campaign, best.courses).courses == pytest.approx(best.courses, abs=1e-6)
    now = advance(campaign, plan_tables(best)).campaign
    kept = follow(now, rest_of(best, now).courses)
    # In the middle of a round second doses find their place in the stores before what else is there has been used.
    assert 0.97 * best.given[..., 1:].sum() <= kept.given.sum() <= best.given[..., 1:].sum() * (1 + 1e-6)


def test_a_plan_that_lots_fail_is_kept_as_far_as_it_goes(campaign, best):
    poor = cut_supply(campaign, weeks=(2, 6), share=0.5)
    kept = follow(poor, best.courses)
    assert check_plan(poor, plan_tables(kept)) == []
    assert (kept.courses <= best.courses + 1e-9).all() and kept.given.sum() < best.given.sum()
    with pytest.raises(ValueError, match="the plan has shape"):
        follow(poor, best.courses[..., 1:])


def test_second_doses_without_a_dose_are_forgiven_and_told(campaign, best):
    now = advance(campaign, plan_tables(best)).campaign
    assert len(now.due) > 0
    broke = replace(now, lots=now.lots.assign(doses=0.0), stock=now.stock.head(0))
    with pytest.raises(InfeasibleCampaign, match="second doses of 'two-dose' that fall due cannot be given"):
        pro_rata(broke)
    forgiven, missed = forgive(broke)
    assert len(forgiven.due) == 0
    assert missed["courses"].sum() == pytest.approx(now.due["courses"].sum(), rel=1e-9)
    same, none = forgive(now)
    assert len(none) == 0 and same.due["courses"].sum() == pytest.approx(now.due["courses"].sum(), rel=1e-9)


def test_a_floor_that_cannot_be_leaves_the_last_plan(campaign, best):
    plan, why = plan_or_follow(campaign, best.courses, stages=("benefit",), floor=0.999)
    assert "no plan meets all constraints" in why
    assert plan.courses == pytest.approx(best.courses, abs=1e-6)
    assert plan_or_follow(campaign, best.courses, stages=("floor",))[1] == ""
