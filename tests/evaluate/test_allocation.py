from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from healthops.evaluate.allocation import (
    LEVELS,
    allocation_score,
    bayes_allocation,
    oracle_unmet,
    quantile_allocation,
    unmet_need,
)


def quantiles(places: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.cumsum(rng.gamma(0.7, rng.lognormal(0, 1, places)[:, None], size=(places, 23)), axis=1)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0, 2))
def test_a_perfect_forecast_scores_zero(seed, share):
    came = np.random.default_rng(seed).poisson(5.0, 8).astype(float)
    budget = share * came.sum()
    allocation = quantile_allocation(np.repeat(came[:, None], 23, axis=1), budget)
    assert allocation_score(allocation, came, budget) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("share", [0.1, 0.7, 2.0, 5.0])
def test_exponential_forecasts_share_in_proportion_to_their_scales(share):
    scales = np.array([1.0, 3.0, 6.0])
    expected = share * scales
    by_law = bayes_allocation(lambda level: -scales * np.log1p(-level), expected.sum())
    assert by_law == pytest.approx(expected, rel=1e-6)
    from_quantiles = quantile_allocation(stats.expon(scale=scales[:, None]).ppf(LEVELS), expected.sum())
    assert from_quantiles == pytest.approx(expected, rel=1e-9)


def test_bayes_allocation_minimises_expected_unmet_need():
    laws = [stats.gamma(2, scale=3), stats.lognorm(0.9, scale=5), stats.norm(12, 2)]
    budget = 20.0
    drawn = [law.ppf((np.arange(5000) + 0.5) / 5000) for law in laws]

    def expected(allocation):
        return sum(np.maximum(d - a, 0.0).mean() for d, a in zip(drawn, allocation, strict=True))

    ours = bayes_allocation(lambda level: np.maximum([law.ppf(level) for law in laws], 0.0), budget)
    found = optimize.minimize(
        lambda ab: expected([ab[0], ab[1], budget - ab.sum()]), ours[:2] + [1.0, -1.0], method="Nelder-Mead"
    )
    assert ours.sum() == pytest.approx(budget)
    assert expected(ours) <= found.fun + 1e-4
    assert ours[:2] == pytest.approx(found.x, abs=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_closed_form_agrees_with_bisection(seed):
    q = quantiles(7, seed)
    levels = np.concatenate([[0.0], LEVELS])
    lowest = np.maximum(q[:, 0] - (q[:, 1] - q[:, 0]) * 0.01 / 0.015, 0.0)
    knots = np.concatenate([lowest[:, None], q], axis=1)
    scale = (q[:, -1] - q[:, -2]) / np.log(2.5)

    def quantile_function(level):
        inside = np.array([np.interp(level, levels, row) for row in knots])
        return inside if level <= 0.99 else q[:, -1] + scale * np.log(0.01 / (1 - level))

    for budget in (1.0, 0.5 * q[:, 11].sum(), q[:, 11].sum(), 1.3 * q[:, -1].sum()):
        assert quantile_allocation(q, budget) == pytest.approx(
            bayes_allocation(quantile_function, budget), rel=1e-5, abs=1e-8
        )


def test_many_tasks_at_once_are_the_tasks_one_by_one():
    q = np.stack([quantiles(4, s) for s in range(6)])
    budgets = np.linspace(1, 60, 6)
    together = quantile_allocation(q, budgets)
    assert together == pytest.approx(np.array([quantile_allocation(a, b) for a, b in zip(q, budgets, strict=True)]))


def test_score_by_hand():
    # 10 units sent 8 / 2 where 4 / 6 were needed: 4 are unmet, and an oracle leaves none; with 7 units it leaves 3.
    assert allocation_score(np.array([8.0, 2.0]), np.array([4.0, 6.0]), 10.0) == 4.0
    assert oracle_unmet(np.array([4.0, 6.0]), 7.0) == 3.0
    assert allocation_score(np.array([5.0, 2.0]), np.array([4.0, 6.0]), 7.0) == 1.0


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_unmet_need_never_rises_with_the_budget_and_the_score_is_zero_at_both_ends(seed):
    q = quantiles(6, seed)
    came = q[np.arange(6), np.random.default_rng(seed).integers(23, size=6)]
    budgets = np.linspace(0, 2 * q[:, -1].sum(), 40)
    allocations = quantile_allocation(np.broadcast_to(q, (40, 6, 23)), budgets)
    unmet = unmet_need(allocations, came)
    score = allocation_score(allocations, came, budgets)
    assert (np.diff(unmet) <= 1e-9).all()
    # Once the oracle leaves nothing, the score is the unmet need and falls with it.
    plenty = budgets >= came.sum()
    assert (np.diff(score[plenty]) <= 1e-9).all()
    assert score[0] == 0.0 and score[-1] == pytest.approx(0.0)


def test_the_score_itself_rises_with_the_budget_and_falls_again():
    # By hand: exponential forecasts of scales 3 and 1 share 3 to 1, and 2 and 6 were needed.
    q = stats.expon(scale=np.array([[3.0], [1.0]])).ppf(LEVELS)
    came, budgets = np.array([2.0, 6.0]), np.array([0.0, 2.0, 4.0, 8.0, 16.0, 24.0])
    allocations = quantile_allocation(np.broadcast_to(q, (6, 2, 23)), budgets)
    assert allocations == pytest.approx(np.array([[0, 0], [1.5, 0.5], [3, 1], [6, 2], [12, 4], [18, 6]]))
    assert unmet_need(allocations, came) == pytest.approx([8, 6, 5, 4, 2, 0])
    assert allocation_score(allocations, came, budgets) == pytest.approx([0, 0, 1, 4, 2, 0])


def test_a_forecast_that_is_sure_of_too_little_leaves_need_unmet_whatever_the_budget():
    sure = np.repeat([[6.0], [2.0]], 23, axis=1)
    assert allocation_score(quantile_allocation(sure, 100.0), np.array([2.0, 6.0]), 100.0) == 4.0


@pytest.mark.parametrize("share", [0.3, 0.8, 1.3])
def test_the_score_is_proper(share):
    """Needs are drawn from gamma laws; who forecasts those laws scores less than who forecasts others, beyond chance.

    All forecasts meet the same draws, so that the differences' standard error is small.
    """
    rng = np.random.default_rng(11)
    shape, scale = np.array([0.8, 2.0, 5.0, 1.2]), np.array([6.0, 4.0, 1.0, 9.0])
    came = rng.gamma(shape, scale, size=(40_000, 4))
    budget = share * (shape * scale).sum()

    def scores(law_shape, law_scale):
        q = stats.gamma(law_shape[:, None], scale=law_scale[:, None]).ppf(LEVELS)
        return allocation_score(quantile_allocation(q, budget), came, budget)

    truth = scores(shape, scale)
    rivals = {
        "wider": scores(shape / 3, scale * 3),
        "narrower": scores(shape * 3, scale / 3),
        "biased": scores(shape, scale * np.array([3.0, 1.0, 1.0, 0.5])),
        "swapped": scores(shape[::-1], scale[::-1]),
        "all alike": scores(np.full(4, 1.5), np.full(4, 5.0)),
    }
    rivals |= {f"drawn {n}": scores(shape, scale * rng.lognormal(0, 0.5, 4)) for n in range(5)}
    for name, rival in rivals.items():
        worse = rival - truth
        error = worse.std(ddof=1) / np.sqrt(len(worse))
        assert worse.mean() > 3 * error > 0, (name, worse.mean(), error)


def test_a_common_factor_of_the_needs_costs_nothing():
    # Exponential forecasts share by their scales alone: only who needs more matters, not how much all need.
    scales = np.array([1.0, 3.0, 6.0])
    came = np.random.default_rng(3).exponential(scales, (100, 3))
    once, thrice = (quantile_allocation(stats.expon(scale=k * scales[:, None]).ppf(LEVELS), 9.0) for k in (1, 3))
    assert allocation_score(thrice, came, 9.0) == pytest.approx(allocation_score(once, came, 9.0))


def test_spending_more_than_the_budget_is_an_error():
    with pytest.raises(ValueError, match="2 more than its budget"):
        allocation_score(np.array([8.0, 4.0]), np.array([4.0, 6.0]), 10.0)
    with pytest.raises(ValueError, match="budget must be"):
        quantile_allocation(quantiles(2, 0), -1.0)
    with pytest.raises(ValueError, match="23 levels"):
        quantile_allocation(np.ones((2, 5)), 1.0)
