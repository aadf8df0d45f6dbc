import numpy as np
import pandas as pd
import pytest
from scipy import stats

from healthops.features.grid import FeatureError
from healthops.features.relevance import log_rate_ahead, relevance


def test_target_is_the_rate_of_the_later_week():
    weeks = pd.date_range("2014-01-04", periods=5, freq="7D")
    panel = pd.DataFrame({"ubigeo": "01", "week_end": weeks, "cases": [1, np.nan, 3, 4, 5.0], "population": 1e5})
    shuffled = panel.sample(frac=1, random_state=0)
    got = log_rate_ahead(shuffled, weeks=2).sort_index()
    assert np.allclose(got, np.log1p([3, 4, 5, np.nan, np.nan]), equal_nan=True)
    assert np.isnan(log_rate_ahead(panel, weeks=9)).all()
    with pytest.raises(FeatureError, match="at least one week"):
        log_rate_ahead(panel, weeks=0)


def test_scores_of_a_gaussian_pair_are_the_closed_forms():
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(2, 4000))
    rho = 0.8
    table = pd.DataFrame({"x": x, "square": x**2, "noise": noise, "flat": 1.0, "rare": np.where(x > 3, x, np.nan)})
    target = pd.Series(rho * x + np.sqrt(1 - rho**2) * rng.normal(size=4000))
    got = relevance(table, target, list(table), seed=1).set_index("feature")
    # Bivariate normal: Spearman = 6/pi asin(rho/2). Mutual information with the tenth of y: log 10 less the mean
    # entropy of the tenths given x, whose edges are normal quantiles.
    assert got.loc["x", "spearman"] == pytest.approx(6 / np.pi * np.arcsin(rho / 2), abs=0.02)
    at = stats.norm.ppf((np.arange(2000) + 0.5) / 2000)
    edges = stats.norm.ppf(np.arange(11) / 10)
    p = np.diff(stats.norm.cdf((edges - rho * at[:, None]) / np.sqrt(1 - rho**2)), axis=1)
    expected = np.log(10) - stats.entropy(p, axis=1).mean()
    assert got.loc["x", "mutual_information"] == pytest.approx(expected, abs=0.05)
    assert got.loc["noise", "mutual_information"] < 0.03 < got.loc["square", "mutual_information"]
    assert got.loc[["flat", "rare"], "spearman"].isna().all()


def test_a_rate_does_not_give_its_place_away():
    """Places that differ in population alone have equal rates on average: knowing the place says nothing."""
    rng = np.random.default_rng(0)
    people = np.repeat([70_001.0, 130_003.0, 190_007.0], 1500)
    target = pd.Series(np.log1p(rng.poisson(60 * people / 1e5) / people * 1e5))
    got = relevance(pd.DataFrame({"people": people}), target, ["people"], seed=1)
    assert got["mutual_information"].iloc[0] < 0.06
