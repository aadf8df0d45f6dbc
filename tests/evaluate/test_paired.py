"""Paired savings with draws in clusters."""

from __future__ import annotations

import numpy as np
import pytest

from healthops.evaluate.paired import paired_saving, share_best


def test_scenarios_not_draws_decide_the_width():
    """The variance of the mean over scenarios that differ is that of the scenarios' means, however many draws."""
    rng = np.random.default_rng(1)
    effect = rng.normal(1, 2, 40)
    widths = []
    for draws in (5, 200):
        theirs = rng.normal(100, 1, (40, draws))
        ours = theirs - effect[:, None]
        got = paired_saving(ours, theirs, rng=np.random.default_rng(2), relative=False)
        assert got.estimate == pytest.approx(effect.mean())
        widths.append(got.high - got.low)
        assert widths[-1] == pytest.approx(2 * 1.96 * effect.std() / np.sqrt(40), rel=0.1)
    assert widths[0] == pytest.approx(widths[1], rel=0.1)


def test_a_share_is_of_all_that_the_other_has():
    theirs = np.array([[10.0, 10.0], [90.0, 90.0]])
    got = paired_saving(theirs - [[5, 5], [0, 0]], theirs, rng=np.random.default_rng(1))
    assert got.estimate == 5.0 and got.low == 0 and got.sure == 0
    assert paired_saving(theirs * 1.1, theirs, rng=np.random.default_rng(1)).sure == -1
    assert paired_saving(theirs * 0.9, theirs, rng=np.random.default_rng(1)).sure == 1
    none = paired_saving(theirs * 0, theirs * 0, rng=np.random.default_rng(1))
    assert (none.estimate, none.low, none.high) == (0, 0, 0)


def test_shares_of_best_add_up():
    shares = share_best(np.random.default_rng(1).integers(0, 3, (4, 5, 6)))
    assert shares.sum() == pytest.approx(1) and (shares > 0).all()


@pytest.mark.parametrize("shape", [(2, 3), (3,)])
def test_outcomes_that_are_not_paired_are_refused(shape):
    with pytest.raises(ValueError, match="scenarios, draws"):
        paired_saving(np.ones(shape), np.ones((3, 2)), rng=np.random.default_rng(1))
