"""Demand: rules against closed forms and loops, no future, no more people than are left, and what bad input says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from healthops.evaluate.scores import wis
from healthops.forecast import demand, demand_backtest, demand_tables
from healthops.forecast.base import HORIZONS, LEVELS
from healthops.forecast.demand import DemandError
from healthops.forecast.demand_learners import BoostedDemand, DemandParameters, KerasDemand
from tests.features.made_campaign import campaign
from tests.forecast.made_demand import depleting, group_table, region_table

SMALL = DemandParameters(rounds=8, rows=2000, epochs=2, units=4, window=6, members=1, batch=32)


def every_forecaster():
    return [*demand.baselines().values(), BoostedDemand(SMALL), KerasDemand(SMALL)]


@pytest.fixture(scope="module")
def made():
    return depleting(noise=0.2, seed=1)[0]


# ---- rules -----------------------------------------------------------------------------------------------------


def test_saturation_is_a_geometric_series_that_ends_at_the_ceiling():
    left, share = np.array([40.0, 3.0]), np.array([0.1, 0.5])
    path = demand.depleted(left, share, range(1, 200))
    loop, rest = [], left.copy()
    for _ in range(199):
        loop.append(share * rest)
        rest = rest - loop[-1]
    assert np.allclose(path, np.array(loop).T)
    assert np.allclose(path.sum(axis=1), left, atol=1e-6)


def test_where_the_law_is_exact_the_saturation_curve_is_nearly_exact():
    exact, _ = depleting(share=0.1)
    at = 20
    said = demand.saturation(exact, HORIZONS)[:, at]
    came = exact.ahead()[:, at]
    assert np.abs(said / came - 1).max() < 0.02
    carried = demand.four_weeks(exact, HORIZONS)[:, at]
    assert (carried > 1.5 * came)[:, -1].all()


def test_demand_falls_to_nothing_as_coverage_nears_the_ceiling(made):
    rate = []
    for gap in (30.0, 10.0, 1.0, 0.1, 0.0):
        near = replace(made, ceiling=made.coverage + gap)
        rate.append(demand.saturation(near, HORIZONS)[:, -5].sum(axis=-1).max())
        assert rate[-1] <= gap + 1e-9
    assert rate == sorted(rate, reverse=True) and rate[-1] == 0


def test_damped_trend_is_the_sum_of_a_fading_growth():
    pace = 2.0 * np.exp(0.1 * np.arange(20))[None, :]
    one = depleting(1, 20)[0]
    one = replace(one, pace=pace, weeks=one.weeks[:20])
    said = demand.damped_trend(one, (1, 3))[0, -1]
    mean = pace[0, -4:].mean()
    growth = np.log((mean + demand.FLOOR) / (pace[0, -8:-4].mean() + demand.FLOOR)) / 4
    assert np.allclose(said, [mean * np.exp(growth * 0.8), mean * np.exp(growth * (0.8 + 0.64 + 0.512))])


def test_quantiles_of_a_rule_are_those_of_its_own_past_errors(made):
    rule = demand.RuleForecaster("four-week mean", demand.four_weeks, memory=10)
    t, h = 30, 3
    found = rule.predict(made, np.array([t]), (h,))[0, :, 0]
    errors = []
    for s in range(t - h - 9, t - h + 1):
        for p in range(len(made.places)):
            said = made.pace[p, s - 3 : s + 1].mean()
            errors.append(np.log((made.pace[p, s + h] + demand.FLOOR) / (said + demand.FLOOR)))
    spread = np.quantile(errors, LEVELS)
    now = made.pace[:, t - 3 : t + 1].mean(axis=1)
    assert np.allclose(
        found, np.maximum((now[:, None] + demand.FLOOR) * np.exp(spread - np.median(errors)) - demand.FLOOR, 0)
    )


def test_silent_weeks_are_skipped_not_taken_for_zero(made):
    pace = made.pace.copy()
    pace[2, 25:30] = np.nan
    silent = replace(made, pace=pace)
    assert demand.last_known(pace)[2, 29] == pace[2, 24]
    assert demand.month(silent)[2, 29] == pace[2, 24]
    assert demand.month(silent)[2, 27] == pytest.approx(pace[2, 24])


# ---- every forecaster ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", every_forecaster(), ids=lambda m: m.name)
def test_forecasts_have_their_shape_do_not_cross_and_know_no_future(model, made):
    origin = made.weeks[28]
    known = made.until(origin)
    found = model.fit(known, seed=5).predict(known, np.array([20, 28]))
    assert found.shape == (2, len(made.places), 8, 23)
    assert np.isfinite(found).all() and (found >= 0).all() and (np.diff(found, axis=-1) >= 0).all()
    for absurd in (1e3, 0.0):
        late = np.arange(len(made.weeks)) > 28
        planted = replace(
            made,
            **{k: np.where(late, absurd, getattr(made, k)) for k in ("pace", "coverage", "ceiling", "phase")},
            features={n: np.where(late, absurd, v) for n, v in made.features.items()},
        )
        assert (model.predict(planted, np.array([20, 28])) == found).all()
        again = type(model)(SMALL).fit(planted.until(origin), seed=5) if hasattr(model, "parameters") else model
        assert (again.predict(planted, np.array([28])) == found[1:]).all()


def test_what_is_learnt_beats_last_week_where_the_law_holds():
    made = depleting(30, noise=0.1, seed=2)[0]
    at = np.array([24, 27])
    came = made.ahead()[:, at].transpose(1, 0, 2)
    base = wis(demand.LastWeek().predict(made, at), came).mean()
    learnt = BoostedDemand(DemandParameters(rounds=20)).fit(made.until(made.weeks[23]), seed=0)
    assert wis(learnt.predict(made, at), came).mean() < 0.6 * base


def test_a_learner_that_has_not_learnt_or_sees_other_features_says_so(made):
    with pytest.raises(DemandError, match="has not learnt yet"):
        BoostedDemand(SMALL).predict(made, np.array([20]))
    learner = BoostedDemand(SMALL).fit(made, seed=0)
    with pytest.raises(DemandError, match="learnt from the features"):
        learner.predict(replace(made, features={}), np.array([20]))
    with pytest.raises(DemandError, match="too few to learn from"):
        BoostedDemand(SMALL).fit(made.until(made.weeks[2]), seed=0)
    with pytest.raises(DemandError, match="rounds must be at least 1"):
        DemandParameters(rounds=0)


# ---- from tables -----------------------------------------------------------------------------------------------


def test_campaigns_hold_what_the_tables_hold():
    table = region_table()
    regions = demand.of_regions(table)
    row = table[(table["region"] == "02") & (table["week_end"] == "2021-03-13")].iloc[0]
    p, t = regions.places.index("02"), regions.at(["2021-03-13"])[0]
    assert regions.pace[p, t] == row["first_per_100_lag_0"] and regions.coverage[p, t] == row["coverage_first_pct"]
    told = np.isfinite(regions.coverage)
    assert (regions.ceiling[told] >= regions.coverage[told]).all()
    groups = demand.of_groups(group_table())
    assert len(groups.places) == 12 and set(groups.kind) == {"adults", "older_and_health_workers"}
    assert np.allclose(groups.ceiling.std(axis=1), 0, atol=1e-4)


def test_ceilings_of_regions_do_not_know_later_weeks():
    table = region_table()
    day = pd.Timestamp("2021-05-15")
    whole, short = demand.of_regions(table), demand.of_regions(table[table["week_end"] <= day])
    assert np.array_equal(whole.until("2021-05-15").ceiling, short.ceiling, equal_nan=True)


def test_assumed_rows_negative_doses_and_missing_columns_are_refused():
    with pytest.raises(DemandError, match=r"rows are assumed.*010101/adults.*basis 'data' alone"):
        demand.of_groups(group_table("assumed"))
    table = region_table()
    with pytest.raises(DemandError, match="lacks the columns.*share_of_peak_pace"):
        demand.of_regions(table.drop(columns="share_of_peak_pace"))
    wrong = table.assign(first_per_100_lag_0=table["first_per_100_lag_0"].where(table.index != 30, -1.0))
    with pytest.raises(DemandError, match="cannot be negative"):
        demand.of_regions(wrong)


def test_a_day_that_is_no_week_is_named(made):
    with pytest.raises(DemandError, match="2021-01-05 is no week"):
        made.at(["2021-01-05"])
    with pytest.raises(DemandError, match="after 2020-01-01"):
        made.until("2020-01-01")
    with pytest.raises(DemandError, match="no week from 2030-01-05"):
        demand_backtest.origins_between(made, "2030-01-05", "2031-01-04", every=2)


# ---- backtest ---------------------------------------------------------------------------------------------------


def test_the_backtest_asks_each_origin_with_what_was_learnt_before_it(made):
    learnt_until = []

    class Noted(demand.LastWeek):
        name = "noted"

        def fit(self, campaign, *, seed):
            learnt_until.append(campaign.weeks[-1])
            return self

    origins = made.weeks[[20, 22, 24, 26, 28]]
    found = demand_backtest.backtest({"noted": Noted, "last week": demand.LastWeek}, made, origins, refit=2, seed=0)
    assert learnt_until == [origins[0], origins[2], origins[4]]
    single = np.concatenate([demand.LastWeek().predict(made.until(o), made.until(o).at([o])) for o in origins])
    assert (found["last week"] == single).all()


def test_scores_and_summaries_are_those_of_a_loop(made):
    origins = made.weeks[[24, 30, 36]]
    found = demand_backtest.backtest(
        {k: partial_of(k) for k in ("last week", "saturation")}, made, origins, refit=3, seed=0
    )
    mixed = found | demand_backtest.mixtures(found, ["last week", "saturation"])
    assert np.allclose(mixed["last week + saturation"], (found["last week"] + found["saturation"]) / 2)
    rows = demand_backtest.scored(mixed, made, origins)
    # Weeks beyond the last one are no tasks: 8 + 8 + 3 horizons.
    assert rows.groupby("model").size().eq(19 * len(made.places)).all()
    table = demand_backtest.summary(rows, "last week", "horizon").set_index(["horizon", "model"])
    mine = rows[(rows["horizon"] == 3)].groupby("model")["wis"].mean()
    assert table.loc[(3, "saturation"), "relative_wis"] == pytest.approx(mine["saturation"] / mine["last week"])
    whole = demand_backtest.summary(rows, "last week").set_index("model")
    assert whole.loc["last week", "relative_wis"] == 1
    spread = demand_backtest.intervals(rows, "last week", block=1, draws=200, seed=0).set_index("model")
    assert (
        spread.loc["saturation", "low"] <= whole.loc["saturation", "relative_wis"] <= spread.loc["saturation", "high"]
    )


def test_stretching_makes_too_narrow_intervals_hold_and_uses_past_misses_alone(made):
    origins = made.weeks[8:38:2]
    at = made.at(origins)
    centre = demand.saturation(made, HORIZONS)[:, at].transpose(1, 0, 2)
    narrow = centre[..., None] * np.exp(0.02 * np.linspace(-2, 2, len(LEVELS)))
    wide = demand_backtest.stretched(narrow, made, origins)
    assert (wide[0] == pytest.approx(narrow[0])) and (np.diff(wide, axis=-1) >= -1e-12).all()
    held = {
        k: demand_backtest.scored({"m": v}, made, origins[6:])["coverage_90"].mean()
        for k, v in (("n", narrow[6:]), ("w", wide[6:]))
    }
    assert held["n"] < 0.5 and held["w"] > held["n"] + 0.25
    late = np.arange(len(made.weeks)) > at[9]
    planted = replace(made, pace=np.where(late, 99.0, made.pace))
    assert (demand_backtest.stretched(narrow, planted, origins)[:10] == wide[:10]).all()


def partial_of(name):
    return lambda: demand.baselines()[name]


# ---- tables for the plan ------------------------------------------------------------------------------------------


def test_no_level_has_more_people_than_are_left_and_levels_do_not_cross():
    rng = np.random.default_rng(0)
    values = np.sort(rng.gamma(2.0, 50.0, (200, 8, 5)), axis=-1)
    left = np.sort(rng.gamma(1.0, 400.0, (200, 5)), axis=-1)
    left[:10] = 0
    found = demand.within_ceiling(values, left)
    assert (found.sum(axis=1) <= left + 1e-9).all() and (np.diff(found, axis=-1) >= -1e-12).all()
    assert (found <= values + 1e-12).all() and (found[:10] == 0).all()
    roomy = demand.within_ceiling(values, left + values.sum(axis=1).max())
    assert (roomy == values).all()
    with pytest.raises(DemandError, match="left has shape"):
        demand.within_ceiling(values, left[:, :3])


def test_weekly_shares_are_those_of_the_law():
    made, _ = depleting(share=0.15)
    shares = demand_tables.weekly_shares(made, begun_pct=5.0)
    assert np.allclose(shares, 0.15)
    with pytest.raises(DemandError, match="no place had reached 5 %"):
        demand_tables.weekly_shares(made.until(made.weeks[2]), begun_pct=5.0)


def plan_tables(origin="2021-06-05", basis="data"):
    made = campaign(basis=basis)
    keys = made["priority_population"], made["vaccine_willingness"], made["vaccine_uptake"]
    return keys, demand_tables.ceilings(*keys, origin=origin, between=0.4)


@pytest.mark.parametrize("basis", ["data", "assumed"])
def test_ceilings_have_a_row_a_group_and_hold_what_is_reached(basis):
    (population, survey, uptake), table = plan_tables(basis=basis)
    assert len(table) == len(population) and set(table["basis"]) == {basis}
    last = uptake[uptake["week_end"] == "2021-06-05"].merge(table, on=["ubigeo", "group"])
    assert np.allclose(last["reached_share"], last["first_total"] / last["people"], atol=1e-5)
    assert (table["willing_share"] >= table["reached_share"] - 1e-6).all()
    assert (table["willing_low"] <= table["willing_share"]).all() and (
        table["willing_share"] <= table["willing_high"]
    ).all()
    changed = uptake.assign(demand=uptake["demand"].where(uptake["week_end"] <= "2021-06-05", 9e9))
    again = demand_tables.ceilings(population, survey, changed, origin="2021-06-05", between=0.4)
    pd.testing.assert_frame_equal(again, table)
    if basis == "assumed":
        wild = uptake.assign(demand=9e6)
        pd.testing.assert_frame_equal(
            demand_tables.ceilings(population, survey, wild, origin="2021-06-05", between=0.4), table
        )


def test_the_plans_demand_falls_adds_up_to_at_most_those_left_and_says_who_was_invited():
    _, table = plan_tables()
    found = demand_tables.demand(table, np.full(50, 0.2), origin="2021-06-05", begun_pct=5.0)
    assert len(found) == len(table) * 8 * 5 and not found.duplicated(["ubigeo", "group", "week_end", "level"]).any()
    left = demand_tables.left_at(table)
    sums = found.groupby(["ubigeo", "group", "level"], sort=True)["value"].sum().unstack()
    order = table.set_index(["ubigeo", "group"]).index
    assert (sums.reindex(order).to_numpy() <= left + 0.01).all()
    one = found[(found["level"] == 0.5) & (found["ubigeo"] == "010101") & (found["group"] == "adults")]
    middle = (table["willing_share"] - table["reached_share"]) * table["people"]
    expected = middle.iloc[0] * 0.2 * 0.8 ** np.arange(8)
    assert np.allclose(one["value"], expected, atol=0.01)
    assert (found["week_end"] - found["origin"]).dt.days.eq(7 * found["horizon"]).all()
    full = table.assign(
        reached_share=table["willing_high"], willing_low=table["willing_high"], willing_share=table["willing_high"]
    )
    assert demand_tables.demand(full, np.full(50, 0.2), origin="2021-06-05", begun_pct=5.0)["value"].max() < 1e-3


def test_bad_tables_for_the_plan_are_named():
    (population, survey, uptake), _ = plan_tables()
    with pytest.raises(DemandError, match="no week that ends on 2021-06-06"):
        demand_tables.ceilings(population, survey, uptake, origin="2021-06-06", between=0.4)
    with pytest.raises(DemandError, match="'vaccine_willingness' has no group 'adults' of 010101"):
        demand_tables.ceilings(population, survey.iloc[1:], uptake, origin="2021-06-05", between=0.4)
    with pytest.raises(DemandError, match="'vaccine_uptake' has no group 'adults' of 010101"):
        there = uptake[(uptake["ubigeo"] != "010101") | (uptake["group"] != "adults")]
        demand_tables.ceilings(population, survey, there, origin="2021-06-05", between=0.4)
