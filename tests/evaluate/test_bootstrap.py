"""The block bootstrap against cases whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from healthops.evaluate.bootstrap import block_bootstrap, ratio_interval
from healthops.evaluate.scores import ScoreError


def test_a_constant_ratio_has_no_spread():
    weeks = np.random.default_rng(0).gamma(2, 1, 40)
    drawn = block_bootstrap(3 * weeks, weeks, block=5, draws=50, rng=np.random.default_rng(1))
    np.testing.assert_allclose(drawn, 3.0)


def test_a_block_as_long_as_the_series_only_turns_it_round():
    top, bottom = np.arange(1.0, 11), np.ones(10)
    drawn = block_bootstrap(top, bottom, block=10, draws=20, rng=np.random.default_rng(1))
    np.testing.assert_allclose(drawn, 5.5)


def test_spread_of_independent_weeks_is_that_of_the_mean():
    rng = np.random.default_rng(3)
    top = rng.normal(10, 1, 400)
    drawn = block_bootstrap(top, np.ones(400), block=1, draws=4000, rng=rng)
    assert drawn.std() == pytest.approx(top.std() / np.sqrt(400), rel=0.06)


def test_blocks_widen_the_interval_of_a_series_that_drifts():
    rng = np.random.default_rng(4)
    top = 50 + np.cumsum(rng.normal(size=200))
    narrow = block_bootstrap(top, np.ones(200), block=1, draws=800, rng=rng).std()
    wide = block_bootstrap(top, np.ones(200), block=25, draws=800, rng=rng).std()
    assert wide > 2 * narrow


def scored():
    rows = [(m, o, 1, "01", s * (1 + o % 3)) for m, s in (("good", 1.0), ("base", 2.0)) for o in range(30)]
    return pd.DataFrame(rows, columns=["model", "reference_date", "horizon", "location", "wis"])


def test_interval_holds_the_ratio_and_repeats_with_its_seed():
    one = ratio_interval(scored(), "good", "base", rng=np.random.default_rng(5))
    assert one == ratio_interval(scored(), "good", "base", rng=np.random.default_rng(5))
    assert one[0] == pytest.approx(0.5) and one[1] <= one[0] <= one[2]


def test_unequal_tasks_and_absent_models_are_refused():
    with pytest.raises(ScoreError, match="same tasks"):
        ratio_interval(scored().iloc[1:], "good", "base", rng=np.random.default_rng(5))
    with pytest.raises(ScoreError, match="must both be scored"):
        ratio_interval(scored(), "good", "other", rng=np.random.default_rng(5))
