from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from healthops.allocate import summary
from healthops.allocate.bootstrap import Interval
from healthops.allocate.policies import POLICIES
from healthops.allocate.regret import regret_curve
from healthops.allocate.replay import decision, replay, replay_weeks
from healthops.allocate.resources import load_resources
from healthops.data import schemas


@pytest.fixture
def contexts(country):
    found = {}
    for name, resource in load_resources().items():
        known = decision(country, resource, country.weeks[22], cover_weeks=2, budget_weeks=2)
        found[name] = summary.context_of(
            known,
            resource,
            stock=np.full(40, 3.0 if resource.keeps else 0.0),
            population=country.population,
            protected=np.arange(40) >= 32,
            floor=0.5,
        )
    return found


def test_stock_is_what_the_weeks_before_the_arrival_leave(country, contexts):
    known = decision(country, load_resources()["larvicide"], country.weeks[22], cover_weeks=2, budget_weeks=2)
    left = np.maximum(np.maximum(3.0 - known.between[0], 0) - known.between[1], 0)
    assert contexts["larvicide"].stock == pytest.approx(left)


def test_plans_obey_their_schema_and_add_up(country, contexts):
    table = summary.plan_table(contexts, country.locations, country.weeks[21])
    checked = schemas.validate("resource_plans", table)
    assert len(checked) == len(POLICIES) * 4 * 40
    sums = checked.groupby(["resource", "policy"])[["expected_need", "allocated", "expected_unmet"]].sum()
    for name, context in contexts.items():
        assert sums.loc[(name, "last_week"), "allocated"] == pytest.approx(context.budget)
        assert sums.loc[name]["expected_need"].to_numpy() == pytest.approx(np.full(5, context.need.mean.sum()))
        assert sums.loc[name]["expected_unmet"].idxmin() in ("plan_no_floor", "plan")


def test_certified_plan_has_no_gap(contexts):
    for context in contexts.values():
        assert abs(summary.certified(context).gap) < 1e-7


def test_budget_curve_falls_from_everything_to_nothing(contexts):
    context = replace(contexts["bed_days"], stock=np.zeros(40))
    curve = summary.budget_curve(context, [0.0, 0.5, 1.0, 2.0, 20.0])
    assert curve.iloc[0].to_numpy() == pytest.approx(np.full(5, 100.0))
    assert (curve.diff().iloc[1:] <= 1e-9).all().all()
    assert curve.loc[20.0, "plan_no_floor"] == pytest.approx(0.0)
    assert (curve["plan_no_floor"] <= curve.min(axis=1) + 1e-9).all()


def test_floor_curve_moves_coverage_to_the_protected(contexts):
    curve = summary.floor_curve(contexts["bed_days"], [0.0, 0.5, 0.8])
    assert curve["held"].tolist() == pytest.approx([0.0, 50.0, 80.0])
    protected, everyone = curve["protected"].to_numpy(), curve["all"].to_numpy()
    assert (np.diff(protected) >= -1e-9).all() and (np.diff(everyone) <= 1e-9).all()
    assert protected[0] < 75 and protected[2] == pytest.approx(80.0) and everyone[2] < everyone[0]


def test_groups_add_up(country, contexts):
    table = summary.plan_table({"bed_days": contexts["bed_days"]}, country.locations, country.weeks[21])
    groups = pd.Series(np.where(np.arange(40) < 10, "a", "b"), index=country.locations)
    grouped = summary.group_table(table, groups, policy="plan", against="population")
    assert grouped["districts"].tolist() == [10, 30]
    assert grouped["against"].sum() == pytest.approx(contexts["bed_days"].budget)
    first = country.locations[:10]
    mine = table[(table["policy"] == "plan") & table["location"].isin(first)]["allocated"].sum()
    assert grouped.loc["a", "allocated"] == pytest.approx(mine)


def test_season_tables(country):
    resources = load_resources()
    weeks = replay_weeks(country, resources)
    runs = replay(country, resources, weeks=weeks, protected=np.arange(40) >= 32, floor=0.8)
    table = summary.season_table(runs, "bed_days")
    assert table.index[0] == "oracle" and table["need"].nunique() == 1
    assert table.loc["plan", "unmet_pct"] == pytest.approx(100 * table.loc["plan", "unmet"] / table.loc["plan", "need"])
    fair = summary.equity_table(runs, "bed_days", population=country.population, poverty=country.poverty)
    assert fair.loc["plan", "poorest_unmet_pct"] < fair.loc["plan_no_floor", "poorest_unmet_pct"]
    shares = summary.unmet_by_fifth(runs, "bed_days", poverty=country.poverty)
    assert shares.shape == (5, 6)
    assert shares.loc[5, "plan"] == pytest.approx(fair.loc["plan", "poorest_unmet_pct"])


def test_regret_is_zero_for_a_perfect_forecast_and_at_no_budget(country):
    weeks = country.weeks[14:24]
    perfect = np.zeros_like(country.quantiles)
    for o in range(len(country.origins)):
        for h in range(country.horizons):
            perfect[o, h] = country.cases[:, 9 + o + h + 1, None]
    curve = regret_curve(replace(country, quantiles=perfect), weeks, horizon=2, shares=[0.0, 0.6, 1.2])
    assert curve["forecast"].to_numpy() == pytest.approx(np.zeros(3), abs=1e-9)
    assert curve.loc[0.0].to_numpy() == pytest.approx(np.zeros(4))
    assert (curve.loc[1.2, ["last_week", "population"]] > 1).all()


def test_regret_by_hand(country):
    # One district has everything and the other nothing; half the inhabitants live in each.
    cases = np.zeros((2, 40))
    cases[0, 20] = 10.0
    small = replace(
        country,
        locations=country.locations[:2],
        cases=cases,
        population=np.full(2, 100.0),
        poverty=np.full(2, 20.0),
        quantiles=np.full((len(country.origins), 5, 2, 23), 5.0),
    )
    curve = regret_curve(small, country.weeks[[20]], horizon=1, shares=[1.0])
    # The forecast is sure of 5 and 5, so that every rule sends 5 to each: 5 of 10 are unmet, an oracle leaves none.
    assert curve.loc[1.0].to_numpy() == pytest.approx(np.full(4, 50.0))


@pytest.mark.parametrize(
    "interval, said",
    [
        (Interval(3.0, 1.0, 5.0), "a left 3.0 % less need unmet than b (95 % interval 1.0 to 5.0 %)"),
        (Interval(-3.0, -5.0, -1.0), "a left 3.0 % more need unmet than b (95 % interval 1.0 to 5.0 %)"),
        (Interval(0.5, -1.0, 2.0), "chance alone could explain"),
    ],
)
def test_verdicts_do_not_claim_what_chance_could_explain(interval, said):
    assert said in interval.in_words("a", "b")
