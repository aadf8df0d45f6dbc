from __future__ import annotations

import numpy as np
import pytest

from healthops.allocate.bootstrap import saved


def test_a_constant_saving_has_no_spread():
    rng = np.random.default_rng(1)
    baseline = rng.exponential(size=(30, 8))
    found = saved(0.75 * baseline, baseline, groups=np.arange(8) // 2, rng=rng)
    assert (found.estimate, found.low, found.high) == pytest.approx((25.0, 25.0, 25.0))


def test_no_difference_is_covered_about_as_often_as_promised():
    # Independent rows and blocks of one week: the interval must hold zero in about 90 of 100 seasons.
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(200):
        a, b = rng.gamma(4.0, size=(2, 60, 40))
        found = saved(a, b, groups=np.arange(40), rng=rng, block=1, draws=300, level=0.9)
        covered += found.low <= 0 <= found.high
    assert 170 <= covered <= 200


def test_blocks_widen_the_interval_where_weeks_hang_together():
    rng = np.random.default_rng(3)
    shared = np.repeat(rng.normal(size=(10, 1)), 6, axis=0)
    baseline = np.full((60, 5), 10.0)
    ours = baseline + shared
    single = saved(ours, baseline, rng=np.random.default_rng(0), block=1)
    block = saved(ours, baseline, rng=np.random.default_rng(0), block=6)
    assert block.high - block.low > 1.5 * (single.high - single.low)


def test_nothing_unmet_anywhere_saves_nothing():
    zero = np.zeros((10, 3))
    found = saved(zero, zero, groups=np.array(["a", "a", "b"]), rng=np.random.default_rng(0))
    assert (found.estimate, found.low, found.high) == (0.0, 0.0, 0.0)


def test_without_groups_a_transfer_between_districts_is_no_uncertainty():
    # Each week ten units move from one district to the other: nothing is saved, and the total is sure of it.
    baseline = np.tile([20.0, 30.0], (24, 1))
    ours = baseline + [10.0, -10.0]
    found = saved(ours, baseline, rng=np.random.default_rng(0))
    assert (found.low, found.high) == pytest.approx((0.0, 0.0))
    drawn = saved(ours, baseline, rng=np.random.default_rng(0), groups=np.arange(2))
    assert drawn.low < -30 and drawn.high > 30
