"""Bins hold their lower edge; the log score is that of the bin that came; a shared peak has no week."""

from __future__ import annotations

import numpy as np
import pytest

from healthops.evaluate.binned import CITY_BINS, TARGETS, BinError, SeasonBins, log_score, season_outcome


@pytest.mark.parametrize(
    ("city", "target", "value", "bin_index"),
    [
        ("iquitos", "peak_incidence", 0, 0),
        ("iquitos", "peak_incidence", 14, 0),
        ("iquitos", "peak_incidence", 15, 1),
        ("iquitos", "peak_incidence", 149, 9),
        ("iquitos", "peak_incidence", 150, 10),
        ("iquitos", "season_total", 99, 0),
        ("iquitos", "season_total", 1000, 10),
        ("iquitos", "season_total", 123456, 10),
        ("san_juan", "peak_incidence", 49, 0),
        ("san_juan", "peak_incidence", 500, 10),
        ("san_juan", "season_total", 999, 0),
        ("san_juan", "season_total", 1000, 1),
        ("san_juan", "season_total", 10000, 10),
        ("iquitos", "peak_week", 1, 0),
        ("iquitos", "peak_week", 52, 51),
    ],
)
def test_a_value_falls_into_the_bin_that_the_project_says(city, target, value, bin_index):
    assert CITY_BINS[city].index(target, np.array(value)) == bin_index


def test_there_are_52_weeks_and_eleven_bins_of_size():
    assert [CITY_BINS[city].count(t) for city in CITY_BINS for t in TARGETS] == [52, 11, 11] * 2


@pytest.mark.parametrize(("target", "value"), [("peak_week", 0), ("peak_week", 53), ("season_total", -1)])
def test_what_fits_no_bin_is_refused(target, value):
    with pytest.raises(BinError, match=target):
        SeasonBins.regular(peak_step=1, total_step=1).index(target, np.array(value))


def test_a_shared_peak_has_no_week():
    cases = np.zeros(52)
    cases[[3, 9]] = 4
    outcome = season_outcome(cases)
    assert np.isnan(outcome["peak_week"]) and outcome["peak_incidence"] == 4 and outcome["season_total"] == 8


def test_probability_zero_scores_minus_infinity_and_no_distribution_is_refused():
    assert log_score(np.array([0.25, 0.75]), 1) == pytest.approx(np.log(0.75))
    assert log_score(np.array([1.0, 0.0]), 1) == -np.inf
    with pytest.raises(BinError, match="sum to 1"):
        log_score(np.array([0.5, 0.6]), 0)
    with pytest.raises(BinError):
        log_score(np.array([1.5, -0.5]), 0)
