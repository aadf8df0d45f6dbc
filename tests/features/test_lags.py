import numpy as np
import pytest

from healthops.features.grid import FeatureError, lagged
from healthops.features.lags import LAGS, growth, lag_features, share_of_past_peak, weeks_since_case, weeks_since_peak


def brute_weeks_since_peak(row: np.ndarray, t: int) -> float:
    window = row[t - 51 : t + 1]
    if t < 51 or not np.nansum(window) > 0:
        return np.nan
    top = np.nanmax(window)
    return float(next(k for k in range(52) if row[t - k] == top))


def test_names_mean_what_they_say_by_hand():
    cases = np.array([np.arange(60.0)])
    table = lag_features(cases, np.array([1e5]))
    at = {name: values[0, 55] for name, values in table.items()}
    assert [at[f"lag_{k}"] for k in LAGS] == [55, 54, 53, 52, 51, 50, 49, 48, 4]
    assert at["average_cases_last_7_days"] == pytest.approx(55 / 7)
    assert at["average_cases_last_28_days"] == pytest.approx((52 + 53 + 54 + 55) / 28)
    assert at["average_cases_last_84_days"] == pytest.approx(sum(range(44, 56)) / 84)
    assert at["rate_last_28_days"] == pytest.approx(52 + 53 + 54 + 55)
    assert at["cases_last_52_weeks"] == sum(range(4, 56))
    assert at["growth_4_weeks"] == pytest.approx(np.log(54 / 50) / 4)
    assert (at["weeks_since_peak"], at["weeks_since_case"], at["share_of_past_peak"]) == (0, 0, 1)


def test_gaps_are_missing_in_lags_and_left_out_of_windows():
    cases = np.array([[7.0, np.nan, 14.0, 21.0, 0.0]])
    table = lag_features(cases, np.array([1e5]))
    assert np.array_equal(table["lag_1"][0], [np.nan, 7, np.nan, 14, 21], equal_nan=True)
    assert np.allclose(table["average_cases_last_28_days"][0], [1, 1, 1.5, 2, 35 / 3 / 7])
    assert table["weeks_unreported_last_28_days"][0].tolist() == [0, 1, 1, 1, 1]
    assert weeks_since_case(cases)[0].tolist() == [0, 1, 0, 0, 1]


def test_weeks_since_peak_is_that_of_brute_force():
    rng = np.random.default_rng(0)
    cases = np.where(rng.random((3, 130)) < 0.1, np.nan, rng.poisson(1.0, (3, 130)).astype(float))
    cases[2, 20:100] = 0
    expected = [[brute_weeks_since_peak(row, t) for t in range(130)] for row in cases]
    assert np.array_equal(weeks_since_peak(cases), expected, equal_nan=True)


def test_growth_of_an_exponential_is_its_rate():
    cases = np.exp(0.1 * np.arange(100.0))[None, :] * 1e6
    assert np.allclose(growth(cases, 4)[0, 20:], 0.1, atol=1e-6)


def test_record_weeks_have_share_one():
    assert np.allclose(
        share_of_past_peak(np.array([[0, 2, 1, np.nan, 4, 1.0]])), [[np.nan, 1, 0.5, np.nan, 1, 0.25]], equal_nan=True
    )


def test_a_negative_lag_is_refused():
    with pytest.raises(FeatureError, match="future"):
        lagged(np.zeros((1, 3)), -1)
