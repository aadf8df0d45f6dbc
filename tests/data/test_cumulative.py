"""Cumulative counts that fall, against the min-max formula of isotonic regression."""

from __future__ import annotations

import numpy as np
import pytest

from healthops.data.cumulative import falls, never_falling


def min_max(values: np.ndarray) -> np.ndarray:
    """Isotonic regression by its closed form: the highest over starts of the lowest over ends of the means."""
    n = len(values)
    return np.array([
        max(min(values[j : k + 1].mean() for k in range(i, n)) for j in range(i + 1)) for i in range(n)
    ])  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_the_nearest_that_never_falls(seed):
    values = np.cumsum(np.random.default_rng(seed).normal(1, 2, 25))
    found = never_falling(values)
    np.testing.assert_allclose(found, min_max(values), atol=1e-9)
    assert not falls(found).any()
    np.testing.assert_array_equal(never_falling(found), found)


def test_only_the_run_around_a_fall_is_changed():
    values = np.array([1.0, 2, 3, 10, 8, 12, 20])
    assert never_falling(values).tolist() == [1, 2, 3, 9, 9, 12, 20]


def test_counts_that_do_not_fall_are_left_as_they_are():
    values = np.array([0.1, 0.1, 0.3])
    assert never_falling(values).tolist() == values.tolist()


def test_gaps_keep_the_count_before_and_nothing_comes_before_the_first():
    assert never_falling(np.array([np.nan, 3, np.nan, np.nan, 2, 5])).tolist() == [0, 2.5, 2.5, 2.5, 2.5, 5]
    assert never_falling(np.full(3, np.nan)).tolist() == [0, 0, 0]


def test_falls_are_counted_across_gaps():
    assert falls(np.array([5, np.nan, 4, 6, 6, 1])).tolist() == [False, False, True, False, False, True]
