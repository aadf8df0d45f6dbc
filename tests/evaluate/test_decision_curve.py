"""Net benefit by hand, and groups of people that are too small to be told of."""

import numpy as np
import pandas as pd
import pytest

from healthops.evaluate.classification import score_probabilities
from healthops.evaluate.decision_curve import decision_curve, net_benefit
from healthops.evaluate.subgroups import by_subgroup

CAME = np.array([1, 1, 0, 0, 0])
SAID = np.array([0.8, 0.3, 0.6, 0.2, 0.1])


def test_net_benefit_by_hand():
    # From .25 on three are treated, two rightly: 2/5 - 1/5 * (1/3); from .5 on two, one rightly: 1/5 - 1/5 * 1.
    assert net_benefit(CAME, SAID, np.array([0.25, 0.5])) == pytest.approx([2 / 5 - 1 / 15, 0])


def test_treating_everybody_and_nobody():
    curve = decision_curve(CAME, {"model": SAID}, np.array([0.2, 0.4])).pivot(
        index="threshold", columns="policy", values="net_benefit"
    )
    assert (curve["nobody"] == 0).all()
    # Everybody: prevalence less the share of the others at the odds of the threshold; nothing where they are equal.
    assert curve["everybody"].to_numpy() == pytest.approx([2 / 5 - 3 / 5 / 4, 0])


def test_a_threshold_of_one_is_refused():
    with pytest.raises(ValueError, match="each must lie between"):
        net_benefit(CAME, SAID, np.array([1.0]))


def test_small_groups_are_not_told_of():
    rng = np.random.default_rng(0)
    groups = pd.Series(["a"] * 100 + ["b"] * 100)
    came = np.r_[np.arange(100) < 30, np.arange(100) < 4]
    found = by_subgroup(came, rng.random(200), groups)
    assert found.loc["a", "events"] == 30 and found.loc["a", "share"] == 0.3
    assert found.loc["b"].isna().all()


def test_scores_of_three_outcomes_by_hand():
    p = np.array([[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.3, 0.3, 0.4], [0.1, 0.6, 0.3]])
    found = score_probabilities(np.array([0, 1, 2, 2]), p)
    assert found["accuracy"] == 0.75
    # Each against the rest: low 3 of 3 pairs; mid beats two of three; high: .4 beats both, .3 beats one and ties one.
    assert found["auc_last"] == pytest.approx(3.5 / 4)
    assert found["auc_macro"] == pytest.approx((1 + 2 / 3 + 3.5 / 4) / 3)
    assert found["log_loss"] == pytest.approx(-np.log([0.7, 0.5, 0.4, 0.3]).mean())
    with pytest.raises(ValueError, match="must have come"):
        score_probabilities(np.array([0, 1, 1, 1]), p)
