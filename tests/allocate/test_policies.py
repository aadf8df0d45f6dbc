from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthops.allocate.need import need_from_quantiles
from healthops.allocate.policies import (
    LABELS,
    POLICIES,
    Context,
    by_last_week,
    by_point_forecast,
    by_population,
    top_up,
)


@pytest.fixture
def context() -> Context:
    rng = np.random.default_rng(4)
    need = need_from_quantiles(np.cumsum(rng.gamma(0.8, 3.0, size=(6, 23)), axis=1))
    return Context(
        need=need,
        budget=120.0,
        stock=np.zeros(6),
        population=np.array([10.0, 20, 30, 40, 50, 50]),
        last_week=np.array([0.0, 6, 0, 3, 0, 1]),
        protected=np.array([True, False, False, False, False, True]),
        floor=0.3,
    )


def test_without_stock_the_rules_are_plain_shares(context):
    assert by_population(context) == pytest.approx(120 * context.population / 200)
    assert by_last_week(context) == pytest.approx(120 * context.last_week / 10)
    assert by_point_forecast(context) == pytest.approx(120 * context.need.median / context.need.median.sum())


def test_without_cases_last_week_falls_back_on_inhabitants(context):
    quiet = replace(context, last_week=np.zeros(6))
    assert by_last_week(quiet) == pytest.approx(by_population(quiet))


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("box", [None, 10.0, 25.0])
def test_every_policy_keeps_to_the_budget_and_the_boxes(context, name, box):
    sent = POLICIES[name](replace(context, box=box))
    assert (sent >= 0).all() and sent.sum() <= 120.0 + 1e-9
    if name not in ("plan", "plan_no_floor"):
        assert sent.sum() == pytest.approx(120.0 if box != 25.0 else 100.0)
    if box:
        assert sent % box == pytest.approx(np.zeros(6))


def test_the_plan_expects_less_unmet_need_than_any_rule(context):
    left = {name: context.need.unmet(policy(context)).sum() for name, policy in POLICIES.items()}
    assert left["plan_no_floor"] <= left["plan"] + 1e-9
    assert all(left["plan"] < left[name] for name in ("population", "last_week", "point_forecast"))


def test_every_policy_has_a_label():
    assert set(POLICIES) | {"oracle"} == set(LABELS)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_top_up_evens_out_what_each_has_in_proportion(seed):
    rng = np.random.default_rng(seed)
    weights, stock = rng.exponential(size=9) * (rng.random(9) < 0.7), rng.exponential(3.0, 9)
    weights[0] = 1.0
    sent = top_up(weights, stock, 10.0)
    assert sent.sum() == pytest.approx(10.0)
    level = (stock + sent)[weights > 0] / weights[weights > 0]
    served = sent[weights > 0] > 1e-12
    assert level[served] == pytest.approx(level[served][0])  # those served end level,
    assert (level[~served] >= level[served][0] - 1e-9).all()  # those not served have more already
    assert (sent[weights == 0] == 0).all()


def test_largest_remainders_by_hand():
    # Shares 4.2, 3.4, 2.4 boxes of 10: nine whole boxes, the last to the largest remainder of .4, the first of the two.
    assert top_up(np.array([42.0, 34.0, 24.0]), np.zeros(3), 100.0, box=10.0).tolist() == [40.0, 40.0, 20.0]
