from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize

from healthops.allocate.policies import POLICIES, by_plan, by_population
from healthops.allocate.replay import decision, opening_stock, oracle, play, replay, replay_weeks, to_table
from healthops.allocate.resources import Resource, load_resources
from healthops.allocate.season import SeasonError
from healthops.data import schemas

from .conftest import make_season


def kits(**changes) -> Resource:
    plain = {"per_case": 1.0, "box": None, "lead_weeks": 1, "cover_weeks": 1, "budget_share": 1.0}
    return replace(load_resources()["test_kits"], **{**plain, **changes})


@pytest.fixture
def two_districts():
    """Districts of 1,000 and 3,000 people. The forecast is sure of 4 and 4 cases a week; 2, 8, 5 and 6, 0, 7 came."""
    cases = np.zeros((2, 16))
    cases[:, 10:13] = [[2, 8, 5], [6, 0, 7]]
    quantiles = np.full((3, 1, 2, 23), 4.0)
    return make_season(cases, quantiles, first_origin=9, population=np.array([1000.0, 3000.0]))


def test_three_weeks_by_hand(two_districts):
    season, resource = two_districts, kits()
    decisions = [decision(season, resource, week) for week in season.weeks[10:13]]
    assert [d.budget for d in decisions] == [8.0, 8.0, 8.0]
    common = {"opening": np.array([1.0, 0.0]), "protected": np.zeros(2, bool)}

    # By inhabitants, a quarter and three quarters of all there is (stock and the 8 that come), nothing taken back.
    run = play(season, resource, decisions, by_population, **common)
    # Week 1: 9 units, shares 2.25 and 6.75, so 1.25 and 6.75 are sent; needed 2 and 6: left .25 and .75.
    # Week 2: 9 units, 2.25 and 6.75 again: sent 2 and 6; needed 8 and 0: 5.75 unmet, left 0 and 6.75.
    # Week 3: 14.75 units, shares 3.6875 and 11.0625: sent 3.6875 and 4.3125; needed 5 and 7: 1.3125 unmet.
    assert run.sent == pytest.approx(np.array([[1.25, 6.75], [2, 6], [3.6875, 4.3125]]))
    assert run.stock_before == pytest.approx(np.array([[1, 0], [0.25, 0.75], [0, 6.75]]))
    assert run.unmet == pytest.approx(np.array([[0, 0], [5.75, 0], [1.3125, 0]]))
    assert run.stock_after[-1] == pytest.approx([0, 4.0625])

    # The plan believes in 4 and 4. Week 1: sends 3 and 4 (the eighth unit gains nothing); needed 2 and 6: 2 unmet.
    # Week 2: has 2 and 0, sends 2 and 4; needed 8 and 0: 4 unmet.
    # Week 3: has 0 and 4, sends 4 and 0; needed 5 and 7: 1 and 3 unmet.
    run = play(season, resource, decisions, by_plan, **common)
    assert run.sent == pytest.approx(np.array([[3, 4], [2, 4], [4, 0]]))
    assert run.unmet == pytest.approx(np.array([[0, 2], [4, 0], [1, 3]]))

    # 28 are needed, 25 were there, and week 1 had 1 + 8 for 8, week 2 (1 + 8) for 8, week 3 (1 + 8) for 12.
    best = oracle(resource, run.need, np.full(3, 8.0), opening=common["opening"], weeks=run.weeks)
    assert best.unmet.sum() == pytest.approx(3.0)


def test_without_stock_the_rest_is_lost(two_districts):
    season, resource = two_districts, kits(keeps=False)
    decisions = [decision(season, resource, week) for week in season.weeks[10:13]]
    run = play(season, resource, decisions, by_population, opening=np.zeros(2), protected=np.zeros(2, bool))
    assert run.sent == pytest.approx(np.array([[2.0, 6.0]] * 3))
    assert run.stock_before == pytest.approx(np.zeros((3, 2)))
    assert run.unmet == pytest.approx(np.array([[0, 0], [6, 0], [3, 1]]))


def test_stock_sent_used_and_left_balance(country):
    weeks = replay_weeks(country, load_resources())
    runs = replay(country, load_resources(), weeks=weeks, protected=np.arange(40) < 8, floor=0.4)
    assert len(runs) == 4 * (len(POLICIES) + 1)
    for (_, name), run in runs.items():
        used = run.need - run.unmet
        left = run.stock_before + run.sent - used
        assert (left > -1e-9).all() and (run.unmet >= 0).all() and (used >= 0).all()
        assert used[run.unmet > 1e-9] == pytest.approx((run.stock_before + run.sent)[run.unmet > 1e-9])
        if load_resources()[name].keeps:
            assert run.stock_before[1:] == pytest.approx(left[:-1])
        else:
            assert run.stock_before == pytest.approx(np.zeros_like(left))


def test_no_policy_beats_the_oracle_and_all_have_one_budget(country):
    resources = load_resources()
    weeks = replay_weeks(country, resources)
    runs = replay(country, resources, weeks=weeks, protected=np.arange(40) < 8, floor=0.4)
    for name, resource in resources.items():
        budget = np.array([decision(country, resource, week).budget for week in weeks])
        best = runs["oracle", name].unmet.sum()
        for label in (*POLICIES, "oracle"):
            assert best <= runs[label, name].unmet.sum() + 1e-6
            assert (runs[label, name].sent.sum(axis=1) <= budget + 1e-6).all()


def test_a_good_forecast_beats_the_rules(country):
    # The forecasts of this country are centred on the truth: a plan that ignored them or mixed up its weeks would show.
    resources = load_resources()
    weeks = replay_weeks(country, resources)
    runs = replay(country, resources, weeks=weeks, protected=np.zeros(40, bool), floor=0.0)
    for name in resources:
        unmet = {label: runs[label, name].unmet.sum() for label in POLICIES}
        assert unmet["plan"] < 0.9 * unmet["last_week"] < unmet["population"]


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_the_oracle_is_the_optimum_of_the_whole_season(keeps, seed):
    rng = np.random.default_rng(seed)
    weeks, places = 5, 3
    need, opening = rng.poisson(4.0, (weeks, places)).astype(float), rng.poisson(2.0, places) * float(keeps)
    budget = rng.uniform(2, 14, weeks)
    # Variables: sent[t, p], used[t, p], stock after[t, p]; maximise what is used.
    n = weeks * places
    balance, right = np.zeros((n, 3 * n)), np.zeros(n)
    for t in range(weeks):
        for p in range(places):
            i = t * places + p
            balance[i, [i, n + i, 2 * n + i]] = -1, 1, 1
            if t and keeps:
                balance[i, 2 * n + i - places] = -1
            right[i] = opening[p] if t == 0 else 0.0
    supply = np.zeros((weeks, 3 * n))
    for t in range(weeks):
        supply[t, t * places : (t + 1) * places] = 1
    cost = np.concatenate([np.zeros(n), -np.ones(n), np.zeros(n)])
    bounds = [(0, None)] * n + [(0, v) for v in need.ravel()] + [(0, None)] * n
    solved = optimize.linprog(cost, A_ub=supply, b_ub=budget, A_eq=balance, b_eq=right, bounds=bounds)
    best = oracle(kits(keeps=keeps), need, budget, opening=opening, weeks=np.arange(weeks))
    assert best.unmet.sum() == pytest.approx(need.sum() + solved.fun)
    assert (best.sent.sum(axis=1) <= budget + 1e-9).all()


def test_a_shipment_is_decided_on_what_was_known_its_lead_time_before(country):
    resource = kits(lead_weeks=3, cover_weeks=2)
    arrives = country.weeks[20]
    before = decision(country, resource, arrives)
    assert before.decided == country.weeks[17]
    assert (before.last_week == country.cases[:, 17]).all()
    assert before.between.shape == (2, 40)
    # Whatever comes after the day of the decision changes nothing in it.
    future = country.cases.copy()
    future[:, 18:] = 999.0
    later = np.flatnonzero(country.origins > before.decided)
    quantiles = country.quantiles.copy()
    quantiles[later] = 999.0
    changed = decision(replace(country, cases=future, quantiles=quantiles), resource, arrives)
    assert (changed.need.points == before.need.points).all() and changed.budget == before.budget
    assert (changed.last_week == before.last_week).all() and (changed.between == before.between).all()


def test_the_lead_time_counts_what_is_on_its_way(two_districts):
    # Sure forecasts of 4 and 4; a lead of 2 weeks; 10 units in each at the start.
    season = replace(two_districts, quantiles=np.full((3, 4, 2, 23), 4.0))
    resource = kits(lead_weeks=2)
    decisions = [decision(season, resource, week) for week in season.weeks[11:13]]
    run = play(season, resource, decisions, by_plan, opening=np.array([10.0, 10.0]), protected=np.zeros(2, bool))
    # Decided on the opening stock: nothing is needed for week 1; in week 2 the 10 less the expected 4 still cover 4.
    assert run.sent == pytest.approx(np.zeros((2, 2)))
    assert run.unmet == pytest.approx(np.array([[0, 0], [3, 0]]))


def test_sparse_origins_use_the_newest_forecast(country):
    sparse = replace(country, origins=country.origins[::2], quantiles=country.quantiles[::2])
    resource = kits()
    stale = decision(sparse, resource, country.origins[1] + np.timedelta64(7, "D"))
    same = country.forecast(country.origins[0], country.origins[1] + np.timedelta64(7, "D"), 1)
    assert stale.budget == pytest.approx(resource.budget(decision_total(same)))


def decision_total(quantiles: np.ndarray) -> float:
    from healthops.allocate.need import need_from_quantiles

    return need_from_quantiles(quantiles).mean.sum()


def test_weeks_that_are_truncated_or_not_forecast_are_left_out(country):
    resources = load_resources()
    weeks = replay_weeks(country, resources)
    leads = [r.lead_weeks for r in resources.values()]
    assert weeks[0] == country.origins[0] + max(leads) * np.timedelta64(7, "D")
    # The last decision is made on the day of the last forecast, although that forecast reaches weeks further.
    assert weeks[-1] == country.origins[-1] + min(leads) * np.timedelta64(7, "D")
    complete = country.complete.copy()
    complete[30:] = False
    assert replay_weeks(replace(country, complete=complete), resources)[-1] == country.weeks[29]
    assert len(replay_weeks(country, resources, at_most=6)) == 6
    with pytest.raises(SeasonError, match="no complete week"):
        replay_weeks(replace(country, complete=np.arange(40) < 5), resources)


def test_opening_stock_is_of_what_keeps_and_of_the_past(country):
    first = country.weeks[15]
    assert (opening_stock(country, load_resources()["bed_days"], first, weeks=2.0) == 0).all()
    kept = opening_stock(country, kits(per_case=2.0), first, weeks=2.0)
    assert kept == pytest.approx(2 * 2 * country.cases[:, :15].mean(axis=1))


def test_the_table_obeys_its_schema(country):
    resources = load_resources()
    weeks = replay_weeks(country, resources, at_most=3)
    runs = replay(country, resources, weeks=weeks, protected=np.arange(40) < 8, floor=0.4)
    table = schemas.validate("replay_weeks", to_table(runs, country.locations))
    assert len(table) == 6 * 4 * 3 * 40
    row = table.query("policy == 'plan' and resource == 'larvicide'").iloc[41]
    assert row["need"] == pytest.approx(runs["plan", "larvicide"].need[1, 1])
    assert row["location"] == country.locations[1] and row["week_end"] == weeks[1]
