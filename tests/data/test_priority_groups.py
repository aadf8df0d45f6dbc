"""Shares of age bands that belong to priority groups, against people counted one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops.data.clean_contacts import BANDS as CONTACT_BANDS
from healthops.data.errors import DataError
from healthops.data.priority_groups import (
    OLDEST,
    Group,
    Part,
    band_shares,
    load_groups,
    membership,
    single_years,
    within,
)

COVERAGE_BANDS = ((0, 17), (18, 24), (25, 49), (50, 59), (60, 69), (70, 79), (80, None))
CENSUS_BANDS = ((0, 0), (1, 4), *((low, low + 4) for low in range(5, 65, 5)), (65, None))
PEOPLE = np.random.default_rng(4).integers(0, 500, OLDEST + 1)


def counted(bands) -> np.ndarray:
    """People of each band and group, counted age by age and part by part: shape (G, B)."""
    groups = load_groups()
    found = np.zeros((len(groups), len(bands)))
    for age, people in enumerate(PEOPLE):
        for b, (low, high) in enumerate(bands):
            if low <= age <= (OLDEST if high is None else high):
                for g, group in enumerate(groups):
                    for part in group.parts:
                        if part.from_age <= age <= (OLDEST if part.to_age is None else part.to_age):
                            found[g, b] += people * part.share
    return found


@pytest.mark.parametrize("bands", [COVERAGE_BANDS, CENSUS_BANDS, CONTACT_BANDS])
def test_every_banding_counts_the_same_people(bands):
    size = np.array([PEOPLE[low : OLDEST + 1 if high is None else high + 1].sum() for low, high in bands])
    assert size.sum() == PEOPLE.sum()
    by_group = band_shares(bands, people=PEOPLE) * size
    np.testing.assert_allclose(by_group, counted(bands), atol=1e-9)
    np.testing.assert_allclose(by_group.sum(axis=1), membership(load_groups()) @ PEOPLE, atol=1e-9)


def test_groups_hold_everybody_from_five_and_nobody_below():
    np.testing.assert_allclose(membership(load_groups()).sum(axis=0), [0] * 5 + [1] * 95)


def test_shares_of_even_bands_are_shares_of_their_length():
    children, adults = Group("c", "", (Part(5, 17, 1.0, "x"),)), Group("a", "", (Part(18, 59, 0.5, "x"),))
    shares = band_shares([(0, 9), (10, 19), (50, 69), (18, 18)], [children, adults])
    np.testing.assert_allclose(shares, [[0.5, 0.8, 0, 0], [0, 0.1, 0.25, 0.5]])


def test_people_within_a_band_move_its_share():
    old = Group("old", "", (Part(60, None, 1.0, "x"),))
    people = np.ones(OLDEST + 1)
    people[60:] = 0.25
    # 50 to 59: ten people; 60 to 99: ten.
    assert band_shares([(50, None)], [old], people=people)[0, 0] == pytest.approx(0.5)


def test_a_band_without_anybody_is_spread_evenly():
    assert within([(10, 13)], people=np.zeros(OLDEST + 1))[0, 10:14].tolist() == [0.25] * 4


def test_single_years_follow_the_guide_and_keep_the_sum():
    table = pd.DataFrame({"age_low": [5, 0], "age_high": pd.array([None, 4], dtype="Int64"), "population": [50, 10]})
    guide = np.zeros(OLDEST + 1)
    guide[[1, 2, 70]] = [1, 3, 2]
    ages = single_years(table, guide=guide)
    assert ages[[1, 2, 70]].tolist() == [2.5, 7.5, 50] and ages.sum() == 60


@pytest.mark.parametrize("band", [(-1, 4), (5, 4), (2.5, 4), (120, None)])
def test_what_is_no_band_is_refused(band):
    with pytest.raises(DataError, match="are not a band of completed years"):
        within([band])


def test_an_open_band_needs_people():
    with pytest.raises(DataError, match="65 and older has no upper end: give the people"):
        within([(65, None)])


def test_overlapping_bands_are_refused():
    table = pd.DataFrame({"age_low": [0, 4], "age_high": [4, 9], "population": [1, 1]})
    with pytest.raises(DataError, match="age bands overlap"):
        single_years(table)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("{from_age: 18, to_age: 59, share: 1.2, source: x}", "share 1.2 must be above 0 and at most 1"),
        ("{from_age: 18, to_age: 9, share: 1, source: x}", "ages 18 to 9 are not a range"),
        ("{from_age: 18, to_age: null, share: 0.5, source: ' '}", "state a source, or say that it is an assumption"),
    ],
)
def test_a_faulty_group_is_named(tmp_path, part, message):
    path = tmp_path / "groups.yaml"
    path.write_text(f"adults:\n  label: Adults\n  parts: [{part}]\n", encoding="utf-8")
    with pytest.raises(DataError, match=f"group adults: {message}"):
        load_groups(path)


def test_more_than_everybody_is_refused(tmp_path):
    path = tmp_path / "groups.yaml"
    part = "{label: x, parts: [{from_age: 18, to_age: 30, share: 0.6, source: assumption}]}"
    path.write_text(f"a: {part}\nb: {part}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"1.2 of the people of age 18 belong to groups"):
        load_groups(path)
