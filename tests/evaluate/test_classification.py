"""Scores of alerts by hand."""

import numpy as np
import pytest

from healthops.evaluate.classification import score_alerts

OUTBREAK = np.array([1, 1, 1, 0, 0, 0, 0, 0], bool)
CHANCE = np.array([0.9, 0.8, 0.1, 0.7, 0.4, 0.3, 0.2, 0.05])


def test_scores_by_hand():
    found = score_alerts(OUTBREAK, CHANCE >= 0.5, CHANCE)
    assert (found.tasks, found.outbreaks, found.alerts) == (8, 3, 3)
    assert found.accuracy == pytest.approx(6 / 8)
    assert found.precision == pytest.approx(2 / 3)
    assert found.recall == pytest.approx(2 / 3)
    assert found.f1 == pytest.approx(2 / 3)
    # Ranked: hit, hit, miss, miss, miss, miss, hit, miss; precision at the hits 1/1, 2/2, 3/7.
    assert found.pr_auc == pytest.approx((1 + 1 + 3 / 7) / 3)
    assert found.prevalence == pytest.approx(3 / 8)
    assert found.brier == pytest.approx(np.mean((CHANCE - OUTBREAK) ** 2))


def test_a_share_without_a_denominator_is_not_a_number():
    silent = score_alerts(OUTBREAK, np.zeros(8, bool), CHANCE)
    assert np.isnan(silent.precision) and silent.recall == 0
    calm = score_alerts(np.zeros(8, bool), np.zeros(8, bool), CHANCE)
    assert np.isnan(calm.recall) and np.isnan(calm.pr_auc) and calm.accuracy == 1


@pytest.mark.parametrize("n", [0, 3])
def test_unequal_lengths_are_refused(n):
    with pytest.raises(ValueError, match="give one of each"):
        score_alerts(OUTBREAK[:n], np.zeros(0, bool), CHANCE[:n])
