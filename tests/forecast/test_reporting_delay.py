"""The chain ladder against closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from healthops.data.flusight_files import Vintage
from healthops.forecast.reporting_delay import DelayParameters, corrected, growth
from tests.forecast.made_flu import REPORTED, WEEK, without

PLACES = ("01", "04", "06", "US")
FIRST = np.datetime64("2030-10-05")
#: Final numbers, large enough that shares of them need not be rounded.
FINAL = np.outer([1e4, 2e4, 3e4, 6e4], 1.2 ** np.arange(20))


def vintage(t: int, *, reported=REPORTED, final=FINAL) -> Vintage:
    """Weeks 0 to t, the newest of which are `reported` in part."""
    values = final[:, : t + 1].copy()
    count = min(len(reported), t + 1)
    values[:, t + 1 - count :] *= np.asarray(reported)[:count][::-1]
    weeks = FIRST + WEEK * np.arange(t + 1)
    return Vintage(weeks[-1] + WEEK, weeks, PLACES, values, np.full(4, 1e6))


def test_what_grows_by_the_same_share_everywhere_is_restored_exactly():
    history = [vintage(t) for t in range(8, 16)]
    np.testing.assert_allclose(corrected(history), FINAL[:, :16], rtol=1e-12)


def test_a_place_is_drawn_to_the_others_by_how_much_it_has_shown():
    history = []
    for t in range(8, 16):
        one = vintage(t, reported=[0.8])
        # The first place always reports all at once.
        history.append(replace(one, admissions=np.vstack([FINAL[:1, : t + 1], one.admissions[1:]])))
    p = DelayParameters(vintages=5, shrinkage=3.0, trim=0.0)
    found = np.log(growth(history, 0, p))
    # The mean over states is weighted by the root of what was reported.
    overall = np.average(np.log([1, 1.25, 1.25]), weights=np.sqrt([1e4, 0.8 * 2e4, 0.8 * 3e4]))
    np.testing.assert_allclose(found[:2], [3 * overall / 8, (5 * np.log(1.25) + 3 * overall) / 8], rtol=1e-9)


def test_reports_that_fall_are_left_as_they_are_and_factors_are_capped():
    falling = [vintage(t, reported=[1.2, 1.1]) for t in range(8, 16)]
    np.testing.assert_array_equal(corrected(falling), falling[-1].admissions)
    growing = [vintage(t, reported=[0.6]) for t in range(8, 16)]
    found = corrected(growing, DelayParameters(cap=1.5))
    np.testing.assert_allclose(found[:, -1], growing[-1].admissions[:, -1] * 1.5)


@pytest.mark.parametrize("history", [[vintage(9)], [vintage(5), vintage(9)]])
def test_without_two_vintages_in_a_row_nothing_is_corrected(history):
    np.testing.assert_array_equal(corrected(history), history[-1].admissions)


def test_the_first_file_after_a_pause_does_not_count_as_first_reports():
    # Vintages of weeks 3 and 4, a pause, then 12 and 13: at age 1, week 11 was not a first report in the file of 12.
    history = [vintage(3), vintage(4), vintage(12), vintage(13)]
    p = DelayParameters(vintages=5)
    assert growth(history, 1, p).tolist() == [1.0] * 4
    assert growth([vintage(11), *history[2:]], 1, p)[0] > 1


def test_a_place_that_an_earlier_vintage_lacks_hears_of_the_others():
    history = [without(vintage(t), "04") for t in range(8, 15)] + [vintage(15)]
    np.testing.assert_allclose(corrected(history), FINAL[:, :16], rtol=1e-12)


@pytest.mark.parametrize("wrong", [{"ages": 0}, {"vintages": 0}, {"shrinkage": 0}, {"trim": 0.5}, {"cap": 0.9}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match="cap >= 1, not DelayParameters"):
        DelayParameters(**wrong)
