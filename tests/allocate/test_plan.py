from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthops.allocate import lp
from healthops.allocate.need import LEVELS, WEIGHTS, Need, need_from_quantiles
from healthops.allocate.plan import FloorError, best_floor, floor_cost, plan
from healthops.allocate.segments import fill, segments


def gamma_needs(places: int, seed: int) -> Need:
    rng = np.random.default_rng(seed)
    steps = rng.gamma(0.7, rng.lognormal(0, 1.5, places)[:, None], size=(places, 23))
    return need_from_quantiles(np.cumsum(steps, axis=1))


def two_point(high: list[float], chance: float = 0.5) -> Need:
    points = np.column_stack([np.zeros(len(high)), high])
    return Need(points, np.array([1 - chance, chance]), points[:, 0])


# ---- optimality: a second solver, brute force, calculus ------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0, 1.6), box=st.sampled_from([None, 1.0, 7.0]))
def test_filling_is_as_good_as_the_linear_program(seed, share, box):
    need = gamma_needs(12, seed)
    stock = np.random.default_rng(seed).exponential(2.0, 12)
    budget = share * need.mean.sum()
    budget = budget if box is None else box * np.floor(budget / box)
    parts = segments(need, start=stock, box=box)
    filled, solved = fill(parts, budget), lp.least_unmet(parts, budget)
    assert filled.sum() <= budget + 1e-6
    before = need.unmet(stock).sum()
    assert need.unmet(stock + filled).sum() == pytest.approx(before - solved.value, abs=1e-6 * before)
    assert need.unmet(stock + solved.sent).sum() == pytest.approx(before - solved.value, abs=1e-6 * before)


@pytest.mark.parametrize("floor", [0.0, 0.3])
@pytest.mark.parametrize("seed", range(4))
def test_boxes_match_brute_force(seed, floor):
    need, box, boxes = gamma_needs(4, seed), 5.0, 6
    protected = np.array([True, True, False, False])
    found = plan(need, box * boxes, box=box, floor=floor, protected=protected)
    guarded = protected & (need.mean >= box / 2)
    totals = []
    for n in itertools.product(range(boxes + 1), repeat=4):
        sent = box * np.array(n)
        unmet = need.unmet(sent)
        held = (unmet[guarded] <= (1 - found.floor) * need.mean[guarded] * (1 + 1e-6)).all()
        if sum(n) <= boxes and held:
            totals.append(unmet.sum())
    assert found.unmet.sum() == pytest.approx(min(totals), abs=1e-9)
    assert (found.sent % box == 0).all()


def test_no_small_shift_between_districts_helps():
    need = gamma_needs(8, 5)
    budget = 0.7 * need.mean.sum()
    best = plan(need, budget)
    rng = np.random.default_rng(0)
    for _ in range(300):
        i, j = rng.choice(8, 2, replace=False)
        step = min(rng.exponential(budget / 50), best.sent[i])
        moved = best.sent.copy()
        moved[i] -= step
        moved[j] += step
        assert need.unmet(moved).sum() >= best.unmet.sum() - 1e-9


def test_linear_program_certifies_the_plan_and_prices_the_budget():
    need = gamma_needs(30, 2)
    protected = np.arange(30) < 6
    budget = 0.8 * need.mean.sum()
    found = plan(need, budget, floor=0.4, protected=protected, certify=True)
    assert abs(found.gap) < 1e-9
    more = plan(need, budget + 0.01, floor=0.4, protected=protected)
    assert (found.unmet.sum() - more.unmet.sum()) / 0.01 == pytest.approx(found.price, abs=1e-6)


def test_equal_districts_get_equal_shares():
    need = need_from_quantiles(np.tile(np.linspace(0, 40, 23), (5, 1)))
    assert plan(need, 60.0).sent == pytest.approx(np.full(5, 12.0))


def test_what_gains_nothing_is_not_sent():
    need = gamma_needs(6, 1)
    found = plan(need, 1e6)
    assert found.sent == pytest.approx(need.points[:, -1])
    assert found.unmet.sum() == pytest.approx(0.0)


def test_stock_is_used_first():
    need = two_point([10.0, 10.0])
    found = plan(need, 10.0, stock=np.array([10.0, 0.0]))
    assert found.sent.tolist() == [0.0, 10.0]


def test_uncertain_need_is_not_served_by_its_mean():
    # Both expect 5. The first surely; the second 50 with chance 0.1: its units are needed one time in ten.
    need = Need(np.array([[5.0, 5.0], [0.0, 50.0]]), np.array([0.9, 0.1]), np.array([5.0, 0.0]))
    assert need.mean.tolist() == [5.0, 5.0]
    assert plan(need, 5.0).sent.tolist() == [5.0, 0.0]


# ---- the floor -------------------------------------------------------------------------------------------------------


def test_floor_by_hand():
    # Coverage is (units / high) in both; half of 10 and half of 40 take 25 units, the third district gets what is left.
    need = two_point([10.0, 40.0, 30.0])
    protected = np.array([True, True, False])
    found = plan(need, 40.0, protected=protected, floor=0.5)
    assert floor_cost(need, 0.5, stock=np.zeros(3), protected=protected).tolist() == [5.0, 20.0, 0.0]
    assert found.floor == 0.5
    assert (found.sent >= [5.0, 20.0, 0.0]).all() and found.sent.sum() == pytest.approx(40.0)


@pytest.mark.parametrize("seed", range(5))
def test_highest_floor_by_bisection_and_by_linear_program(seed):
    need = gamma_needs(15, seed)
    protected = np.arange(15) % 3 == 0
    stock = np.random.default_rng(seed).exponential(1.0, 15)
    budget = 0.3 * need.mean[protected].sum()
    by_lp = lp.highest_floor(need, budget, stock=stock, protected=protected)
    assert best_floor(need, budget, stock=stock, protected=protected) == pytest.approx(by_lp, abs=1e-6)
    assert 0 < by_lp < 1


def test_a_floor_too_high_is_lowered_to_the_best_that_can_be_paid():
    need = gamma_needs(10, 3)
    budget = 0.2 * need.mean.sum()
    found = plan(need, budget, floor=0.9)
    coverage = 1 - found.unmet / need.mean
    assert 0 < found.floor < 0.9
    assert coverage.min() == pytest.approx(found.floor, abs=1e-6)
    assert found.sent.sum() == pytest.approx(budget)


def test_strict_floor_says_by_how_much_it_is_out_of_reach():
    need = two_point([10.0, 40.0])
    with pytest.raises(
        FloorError, match=r"takes 40 units, 20 more than the budget of 20; the budget pays a floor of 0.4"
    ):
        plan(need, 20.0, floor=0.8, strict=True)


def test_the_floor_costs_and_never_helps_the_total():
    need = gamma_needs(25, 9)
    protected = np.arange(25) < 5
    budget = 0.5 * need.mean.sum()
    totals = [plan(need, budget, floor=f, protected=protected).unmet.sum() for f in (0, 0.2, 0.4, 0.6, 0.8)]
    assert (np.diff(totals) >= -1e-9).all() and totals[-1] > totals[0]


def test_with_boxes_a_district_that_hardly_needs_one_is_left_to_call():
    need = Need(np.array([[0.0, 2.0], [0.0, 100.0]]), np.array([0.5, 0.5]), np.zeros(2))
    assert plan(need, 10.0, box=10.0, floor=0.1).sent.tolist() == [0.0, 10.0]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"budget": -1.0}, "budget"),
        ({"budget": np.nan}, "budget"),
        ({"budget": 1.0, "stock": np.array([0.0, -2.0])}, "stock.*row 1"),
        ({"budget": 1.0, "floor": 1.2}, "floor"),
    ],
)
def test_illegal_input_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        plan(two_point([1.0, 2.0]), **arguments)


def test_nobody_needs_anything():
    nothing = need_from_quantiles(np.zeros((3, len(LEVELS))))
    found = plan(nothing, 10.0, floor=0.5, certify=True)
    assert found.sent.tolist() == [0.0, 0.0, 0.0] and found.floor == 0.5
    assert lp.highest_floor(nothing, 1.0, stock=np.zeros(3), protected=np.ones(3, bool)) == 1.0
    assert len(WEIGHTS) == nothing.points.shape[1]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000))
def test_unmet_need_never_rises_with_the_budget(seed):
    need = gamma_needs(6, seed)
    totals = [plan(need, b, box=4.0, floor=0.3).unmet.sum() for b in np.arange(0, 80, 4.0)]
    assert plan(need, 40.0).unmet.sum() <= totals[10] + 1e-9  # boxes and a floor only cost
    assert totals[-1] <= totals[0]
