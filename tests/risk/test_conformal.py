"""Conformal sets hold what they promise on exchangeable draws, for rare outcomes too."""

import numpy as np
import pytest

from healthops.risk.conformal import coverage, least_probabilities, sets


def draws(n, rng):
    """A rare outcome (one in ten) and a model that is wrong by far, which the promise does not mind."""
    y = (rng.random(n) < 0.1).astype(int)
    p = 1 / (1 + np.exp(-(2 * y + rng.normal(0, 1, n))))
    return y, np.column_stack([1 - p, p])


@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.3])
def test_each_outcome_is_held_as_often_as_stated(alpha):
    rng, inside = np.random.default_rng(2), []
    for _ in range(200):
        (y, p), (fresh, q) = draws(400, rng), draws(2000, rng)
        held = sets(q, least_probabilities(y, p, alpha=alpha))
        inside.append([held[fresh == k, k].mean() for k in (0, 1)])
    # Between 1 - alpha and 1 - alpha + 1/(n + 1): n is 360 without the outcome and 40 with it.
    mean = np.mean(inside, axis=0)
    assert mean[0] == pytest.approx(1 - alpha, abs=0.01)
    assert 1 - alpha - 0.01 < mean[1] < 1 - alpha + 1 / 41 + 0.01


def test_the_rank_is_that_of_the_law():
    p = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
    both, y = np.column_stack([1 - p, p]), np.ones(9, int)
    # 9 draws: each tenth is one rank; below the first nothing is left out.
    assert [least_probabilities(y, both, alpha=a)[1] for a in (0.05, 0.1, 0.3)] == pytest.approx([0.0, 0.1, 0.3])
    with pytest.raises(ValueError, match="alpha is 1"):
        least_probabilities(y, both, alpha=1.0)


def test_coverage_by_hand():
    held = np.array([[True, False], [True, True], [False, False], [True, False]])
    found = coverage(np.array([0, 1, 1, 1]), held, ["no", "yes"])
    assert found.loc["all", "coverage"] == 0.5 and found.loc["yes", "coverage"] == pytest.approx(1 / 3)
    assert found.loc["all", ["single", "empty", "size"]].tolist() == [0.5, 0.25, 1.0]
