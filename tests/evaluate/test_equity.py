from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthops.evaluate.equity import concentration_index, gini, poorest, share_in, theil

GRID = (np.arange(20_000) + 0.5) / 20_000


def test_all_equal_is_zero():
    same = np.full(9, 3.0)
    assert gini(same) == pytest.approx(0) and theil(same) == pytest.approx(0)
    assert concentration_index(same, np.arange(9)) == pytest.approx(0)


def test_closed_forms():
    exponential, uniform = -np.log1p(-GRID), GRID
    assert gini(exponential) == pytest.approx(1 / 2, abs=1e-3)
    assert gini(uniform) == pytest.approx(1 / 3, abs=1e-3)
    assert gini(1 / (1 - GRID) ** (1 / 3)) == pytest.approx(1 / 5, abs=5e-3)  # Pareto with index 3: 1 / (2 * 3 - 1)
    assert theil(exponential) == pytest.approx(1 - np.euler_gamma, abs=2e-3)
    assert theil(np.exp(0.5 * np.sqrt(2) * _erfinv(2 * GRID - 1))) == pytest.approx(0.5**2 / 2, abs=1e-3)


def _erfinv(x):
    from scipy.special import erfinv

    return erfinv(x)


def test_one_has_all():
    one = np.array([0.0, 0.0, 0.0, 0.0, 7.0])
    assert gini(one) == pytest.approx(1 - 1 / 5)
    assert theil(one) == pytest.approx(np.log(5))
    assert concentration_index(one, np.array([1, 2, 3, 4, 5])) == pytest.approx(1 - 1 / 5)
    assert concentration_index(one, np.array([5, 4, 3, 2, 1])) == pytest.approx(-(1 - 1 / 5))


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_gini_is_the_mean_difference_and_weights_are_people(seed):
    rng = np.random.default_rng(seed)
    values, people = rng.exponential(size=6), rng.integers(1, 5, size=6)
    one_by_one = np.repeat(values, people)
    brute = np.abs(one_by_one[:, None] - one_by_one).mean() / (2 * one_by_one.mean())
    assert gini(values, weights=people) == pytest.approx(brute)
    assert theil(values, weights=people) == pytest.approx(theil(one_by_one))
    rank = rng.permutation(6).astype(float)
    assert concentration_index(values, rank, weights=people) == pytest.approx(
        concentration_index(one_by_one, np.repeat(rank, people))
    )


def test_concentration_by_its_own_order_is_gini():
    values = np.random.default_rng(0).exponential(size=50)
    assert concentration_index(values, values) == pytest.approx(gini(values))
    assert abs(concentration_index(values, np.arange(50.0))) <= gini(values)


def test_places_of_unknown_poverty_are_left_out():
    values, poverty = np.array([1.0, 2.0, 9.0]), np.array([10.0, 30.0, np.nan])
    assert concentration_index(values, poverty) == pytest.approx(concentration_index(values[:2], poverty[:2]))
    assert poorest(poverty, fraction=0.5).tolist() == [False, True, False]
    assert not poorest(np.full(3, np.nan)).any()


def test_equal_poverty_is_not_split():
    assert poorest(np.array([50.0, 50.0, 50.0, 10.0, 10.0]), fraction=0.2).tolist() == [True, True, True, False, False]


def test_share_in_a_group():
    assert share_in(np.array([1.0, 3.0]), np.array([False, True])) == 0.75
    assert share_in(np.zeros(2), np.array([False, True])) == 0.0


@pytest.mark.parametrize("values", [[1.0, -1.0], [1.0, np.nan]])
def test_illegal_values_are_named(values):
    with pytest.raises(ValueError, match="row 1"):
        gini(np.array(values))
