"""Ratios and their differences: exact where all is known, as wide as theory says, and covering the truth."""

import numpy as np
import pytest

from healthops.evaluate.paired_ratios import at_equal_hours, difference, quotient, ratio, resample


@pytest.fixture
def counts():
    return resample(40, 3, draws=600, rng=np.random.default_rng(1))


def test_every_draw_has_as_many_sessions_and_whole_days_come_again(counts):
    assert (counts.sum(axis=(1, 2)) == 120).all()
    assert (counts.sum(axis=2) % 3 == 0).all()


def test_what_is_the_same_everywhere_has_no_width(counts):
    ones = np.ones((40, 3))
    for one in (ratio(2 * ones, ones, counts), quotient((4 * ones, ones), (2 * ones, ones), counts)):
        assert (one.value, one.low, one.high, one.sure) == (2.0, 2.0, 2.0, 1)
    less = difference((9 * ones, ones), (10 * ones, ones), counts, relative=True)
    assert np.allclose((less.value, less.low, less.high), -10)
    assert less.sure == -1


def test_a_pair_has_a_narrower_interval_than_its_parts(counts):
    rng = np.random.default_rng(2)
    shared, ones = rng.normal(50, 10, (40, 3)), np.ones((40, 3))
    alone = ratio(shared, ones, counts)
    pair = difference((shared + rng.normal(1, 0.5, (40, 3)), ones), (shared, ones), counts)
    assert pair.high - pair.low < 0.2 * (alone.high - alone.low)
    assert pair.sure == 1


def test_days_are_the_clusters():
    """Sessions of a day are alike: the error of the mean is that of its days."""
    rng = np.random.default_rng(3)
    day = np.repeat(rng.normal(0, 1, (200, 1)), 4, axis=1)
    one = ratio(day + 5, np.ones_like(day), resample(200, 4, draws=2000, rng=rng))
    assert one.high - one.low == pytest.approx(2 * 1.96 * day[:, 0].std() / np.sqrt(200), rel=0.1)


def test_shapes_that_do_not_pair_are_refused(counts):
    with pytest.raises(ValueError, match="pair them"):
        ratio(np.ones((3, 40)), np.ones((3, 40)), counts)
    with pytest.raises(ValueError, match="at least one"):
        resample(0, 3, draws=5, rng=np.random.default_rng(1))


def test_two_ways_on_one_curve_do_not_differ_and_a_tenth_less_is_a_tenth_less():
    weeks = np.ones((1, 12))
    ours, theirs = np.array([[100.0], [140.0], [180.0]]), np.array([[110.0], [150.0], [190.0]])
    lack = lambda staff: 1000 * np.exp(-staff / 40)  # noqa: E731
    counts = resample(12, 1, draws=50, rng=np.random.default_rng(1))[:, :, 0]
    same = at_equal_hours((ours * weeks, lack(ours) * weeks), (theirs * weeks, lack(theirs) * weeks), counts)
    assert same.value == pytest.approx(0, abs=1e-9)
    less = at_equal_hours((ours * weeks, 0.9 * lack(ours) * weeks), (theirs * weeks, lack(theirs) * weeks), counts)
    assert (less.value, less.low, less.high) == pytest.approx((-10, -10, -10))
    apart = at_equal_hours((ours * weeks, lack(ours) * weeks), (theirs * weeks + 500, lack(theirs) * weeks), counts)
    assert np.isnan(apart.value)
