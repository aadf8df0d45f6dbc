"""Scores against scoringrules, hand-computed values and brute force."""

import numpy as np
import pandas as pd
import pytest
import scoringrules

from healthops.data.schemas import QUANTILE_COLUMNS, QUANTILE_LEVELS
from healthops.evaluate import scores

LEVELS = np.array(QUANTILE_LEVELS)


@pytest.fixture
def forecasts():
    rng = np.random.default_rng(1)
    quantiles = np.sort(rng.gamma(2.0, 20.0, size=(50, 23)), axis=1)
    return quantiles, rng.poisson(40, size=50).astype(float)


def table(model, tasks, spread, observed=10.0):
    rows = [
        {
            "model": model, "reference_date": pd.Timestamp("2020-01-04") + pd.Timedelta(weeks=t), "horizon": 1,
            "target_end_date": pd.Timestamp("2020-01-11"), "location": "01", "observed": observed,
            **dict(zip(QUANTILE_COLUMNS, np.maximum(10 + spread * (LEVELS - 0.5), 0), strict=True)),
        }
        for t in tasks
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_wis_equals_the_quantile_crps_of_scoringrules(forecasts):
    q, y = forecasts
    np.testing.assert_allclose(scores.wis(q, y), scoringrules.crps_quantile(y, q, LEVELS), rtol=1e-12)


def test_wis_is_the_weighted_sum_of_interval_scores(forecasts):
    q, y = forecasts
    # Bracher et al. (2021), equation 1: weights 1/2 for the median, alpha/2 for the interval 1 - alpha.
    total = 0.5 * np.abs(y - q[:, 11])
    for k in range(11):
        alpha, low, high = 2 * LEVELS[k], q[:, k], q[:, 22 - k]
        interval = (high - low) + 2 / alpha * np.maximum(low - y, 0) + 2 / alpha * np.maximum(y - high, 0)
        total += alpha / 2 * interval
    np.testing.assert_allclose(scores.wis(q, y), total / 11.5, rtol=1e-12)


def test_pinball_by_hand():
    loss = scores.pinball(np.array([2.0, 8.0]), np.array(5.0), [0.1, 0.9])
    np.testing.assert_allclose(loss, [0.1 * 3, 0.1 * 3])


def test_log_score_is_that_of_transformed_values(forecasts):
    q, y = forecasts
    expected = scoringrules.crps_quantile(np.log(1 + y), np.log(1 + q), LEVELS)
    np.testing.assert_allclose(scores.wis_log1p(q, y), expected, rtol=1e-12)


def test_coverage_counts_the_bounds_and_ignores_what_is_unknown():
    q = np.tile(np.arange(23.0), (4, 1))
    # The 50 % interval runs from level .25 (index 6) to .75 (index 16).
    inside = scores.covered(q, np.array([6.0, 16.0, 16.5, np.nan]), 0.5)
    np.testing.assert_array_equal(inside, [1, 1, 0, np.nan])


def test_coverage_of_the_true_distribution_is_nominal():
    rng = np.random.default_rng(2)
    q = np.tile(np.quantile(rng.normal(size=400_000), LEVELS), (40_000, 1))
    y = rng.normal(size=40_000)
    for level in (0.5, 0.9, 0.95):
        assert scores.covered(q, y, level).mean() == pytest.approx(level, abs=0.01)


def test_missing_level_is_named():
    with pytest.raises(scores.ScoreError, match=r"level 0.35"):
        scores.covered(np.zeros((1, 3)), np.zeros(1), 0.3, levels=[0.25, 0.5, 0.75])


def test_wrong_number_of_quantiles_is_refused():
    with pytest.raises(scores.ScoreError, match="22 quantiles stand against 23"):
        scores.wis(np.zeros((3, 22)), np.zeros(3))


def test_relative_wis_by_brute_force_on_unequal_tasks():
    scored = pd.DataFrame(
        [(m, o, 1, "01", s) for m, row in {"a": (1, 2, 3), "b": (2, 4, None), "c": (None, 1, 6)}.items()
         for o, s in enumerate(row) if s is not None],
        columns=["model", "reference_date", "horizon", "location", "wis"],
    )  # fmt: skip
    ab, ac, bc = 3 / 6, (2 + 3) / (1 + 6), 4 / 1
    theta = {"a": (ab * ac) ** (1 / 3), "b": (bc / ab) ** (1 / 3), "c": (1 / ac / bc) ** (1 / 3)}
    relative = scores.relative_wis(scored, baseline="b")
    for model in "abc":
        assert relative[model] == pytest.approx(theta[model] / theta["b"])


def test_relative_wis_of_two_models_on_equal_tasks_is_their_ratio():
    scored = scores.score_rows(pd.concat([table("a", range(4), 10), table("b", range(4), 20)]))
    relative = scores.relative_wis(scored, baseline="b")
    assert relative["a"] == pytest.approx(0.5) and relative["b"] == 1


def test_relative_wis_names_an_absent_baseline_and_disjoint_models():
    scored = scores.score_rows(pd.concat([table("a", (0, 1), 10), table("b", (2, 3), 20)]))
    with pytest.raises(scores.ScoreError, match="'z' is not among"):
        scores.relative_wis(scored, baseline="z")
    with pytest.raises(scores.ScoreError, match="share no task"):
        scores.relative_wis(scored, baseline="a")


def test_unequal_tasks_are_never_averaged():
    scored = scores.score_rows(pd.concat([table("a", range(4), 10), table("b", range(3), 20)]))
    with pytest.raises(scores.ScoreError, match="1 only in the first, 0 only in the second"):
        scores.mean_scores(scored)
    assert scores.mean_scores(scores.shared_tasks(scored))["tasks"].tolist() == [3, 3]


def test_what_was_not_observed_is_not_scored():
    both = pd.concat([table("a", range(4), 10), table("a", (4,), 10, observed=np.nan)])
    scored = scores.mean_scores(scores.score_rows(both))
    assert scored["tasks"].tolist() == [4]
    assert scored["wis"].iloc[0] == pytest.approx(float(scores.wis(10 + 10 * (LEVELS - 0.5), np.array(10.0))))
