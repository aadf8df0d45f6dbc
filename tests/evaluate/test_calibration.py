"""Calibration against laws that are known: a slope that was planted, probabilities that are right, another library."""

import numpy as np
import pytest
from scipy.special import expit, softmax

from healthops.evaluate.calibration import CalibrationError, calibration, recalibrate, reliability, wilson


def drawn(slope, intercept, *, n=60_000, seed=1):
    """Outcomes whose true log odds are intercept + slope * those that are said."""
    rng = np.random.default_rng(seed)
    said = rng.normal(-1, 1.2, n)
    y = (rng.random(n) < expit(intercept + slope * said)).astype(int)
    return y, np.column_stack([1 - expit(said), expit(said)])


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.5, 0.3), (1.8, -0.4)])
def test_a_planted_slope_is_found(slope, intercept):
    y, p = drawn(slope, intercept)
    found = recalibrate(y, p)
    assert found.slope == pytest.approx(slope, abs=0.04)
    assert found.intercepts == pytest.approx([0, intercept], abs=0.04)
    after = calibration(y, found.apply(p))
    assert after["slope"] == pytest.approx(1, abs=1e-4)
    assert after["intercept"] == pytest.approx(0, abs=1e-4) and after["in_the_large"] < 1e-6


def test_two_outcomes_agree_with_logistic_regression():
    from sklearn.linear_model import LogisticRegression

    y, p = drawn(0.7, 0.2, n=2000)
    peer = LogisticRegression(C=1e10, tol=1e-8).fit(np.log(p[:, 1:] / p[:, :1]), y)
    found = recalibrate(y, p)
    assert found.slope == pytest.approx(peer.coef_[0, 0], abs=1e-3)
    assert found.intercepts[1] == pytest.approx(peer.intercept_[0], abs=1e-3)


def test_the_slope_of_three_outcomes_is_found():
    rng = np.random.default_rng(3)
    logs = rng.normal(0, 1, (60_000, 3))
    p, true = softmax(logs, axis=1), softmax(np.array([0, 0.4, -0.3]) + 0.6 * logs, axis=1)
    y = (rng.random((len(p), 1)) > true.cumsum(axis=1)).sum(axis=1)
    found = recalibrate(y, p)
    assert found.slope == pytest.approx(0.6, abs=0.02) and found.intercepts == pytest.approx([0, 0.4, -0.3], abs=0.03)


def test_probabilities_that_are_right_are_on_the_diagonal():
    y, p = drawn(1.0, 0.0)
    bins = reliability(y, p[:, 1])
    assert bins["n"].sum() == len(y) and len(bins) == 10
    assert ((bins["low"] < bins["said"]) & (bins["said"] < bins["high"])).mean() >= 0.8
    assert len(reliability(y[:50], np.full(50, 0.3))) == 1


def test_wilsons_interval_is_the_published_one():
    # Newcombe (1998), Statistics in Medicine 17: 857-872, table I: 81 of 263.
    low, high = wilson(np.array([81 / 263]), np.array([263]))
    assert (round(float(low[0]), 4), round(float(high[0]), 4)) == (0.2553, 0.3662)


@pytest.mark.parametrize(
    ("y", "p", "said"),
    [
        ([0, 1], [[0.5, 0.5]], "give shape"),
        ([0, 1], [[0.5, 0.6], [0.5, 0.5]], "row 0 has the probabilities"),
        ([0, 0], [[0.5, 0.5], [0.4, 0.6]], r"outcomes \[1\] of 0 to 1 never came"),
    ],
)
def test_bad_probabilities_are_named(y, p, said):
    with pytest.raises(CalibrationError, match=said):
        recalibrate(np.array(y), np.array(p))
