"""Blocks of weeks: every week as often, neighbours together."""

from __future__ import annotations

import numpy as np
import pytest

from healthops.evaluate.bootstrap import circular_blocks


def tally(drawn: np.ndarray) -> np.ndarray:
    """Count how often each week is in each draw."""
    return np.stack([np.bincount(row, minlength=drawn.shape[1]) for row in drawn])


def test_blocks_run_on_and_every_week_is_drawn_as_often():
    weights = tally(circular_blocks(20, block=5, draws=4000, rng=np.random.default_rng(0)))
    assert (weights.sum(axis=1) == 20).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(20), abs=0.08)
    # Four blocks of five: neighbours are drawn together, so that their weights go together.
    near = np.corrcoef(weights[:, 3], weights[:, 4])[0, 1]
    far = np.corrcoef(weights[:, 3], weights[:, 12])[0, 1]
    # Chance of both less the product of the chances, over the variance: (1/5 - 1/16) / (3/16) and (0 - 1/16) / (3/16).
    assert near == pytest.approx(0.733, abs=0.05) and far == pytest.approx(-0.333, abs=0.05)


def test_a_block_longer_than_the_season_is_an_error():
    with pytest.raises(ValueError, match="30 weeks does not fit into 20"):
        circular_blocks(20, block=30, draws=1, rng=np.random.default_rng(0))
