"""Each alarm passes what is sound, and rings for the fault that is planted."""

from __future__ import annotations

import numpy as np
import pytest

from healthops.evaluate.leakage import (
    Known,
    LeakageError,
    is_of_its_vintage,
    split_keeps_apart,
    split_respects_time,
    target_not_in_features,
)

WEEKS = np.arange("2024-10-05", "2025-02-01", 7, dtype="datetime64[D]")
PLACES = ("01", "02", "US")


@pytest.fixture
def final():
    rng = np.random.default_rng(4)
    values = rng.poisson(200.0, (3, len(WEEKS))).astype(float)
    values[0, 2] = np.nan
    return Known(PLACES, WEEKS, values)


def vintage_of(final: Known, date: str) -> Known:
    """As published for `date`: up to the week before, the last two weeks reported in part."""
    keep = final.weeks < np.datetime64(date)
    values = final.values[:, keep].copy()
    values[:, -2:] = np.round(values[:, -2:] * [0.97, 0.91])
    return Known(final.places, final.weeks[keep], values)


def test_what_was_published_passes_whole_or_in_part(final):
    vintage = vintage_of(final, "2024-12-14")
    is_of_its_vintage(vintage, vintage, date="2024-12-14")
    part = Known(("US", "01"), vintage.weeks[1:], vintage.values[[2, 0], 1:])
    is_of_its_vintage(part, vintage, date="2024-12-14")


def test_planted_the_final_file_in_place_of_the_vintage(final):
    vintage = vintage_of(final, "2024-12-14")
    with pytest.raises(LeakageError, match="the week to 2024-12-14 was given for 2024-12-14, when it was not over"):
        is_of_its_vintage(final, vintage, date="2024-12-14")
    cut = Known(PLACES, vintage.weeks, final.values[:, : len(vintage.weeks)])
    with pytest.raises(LeakageError, match=r"US has .* in the week to 2024-12-07, where .* \(6 numbers differ\)"):
        is_of_its_vintage(cut, vintage, date="2024-12-14")


def test_planted_a_later_vintage_and_one_number_of_it(final):
    then, later = vintage_of(final, "2024-12-14"), vintage_of(final, "2024-12-28")
    early = Known(PLACES, then.weeks[:-1], then.values[:, :-1])  # the report of that day was late
    given = Known(PLACES, then.weeks, later.values[:, : len(then.weeks)])
    with pytest.raises(LeakageError, match="week 2024-12-07 was given for 2024-12-14 and is not in its vintage"):
        is_of_its_vintage(given, early, date="2024-12-14")
    filled = then.values.copy()
    filled[0, 2] = 180.0
    with pytest.raises(LeakageError, match=r"01 has 180 in the week to 2024-10-19, .* has nan \(1 numbers differ\)"):
        is_of_its_vintage(Known(PLACES, then.weeks, filled), then, date="2024-12-14")
    with pytest.raises(LeakageError, match="place 78 was given"):
        is_of_its_vintage(Known(("01", "02", "78"), then.weeks, then.values), then, date="2024-12-14")


def test_folds_in_the_order_of_time_pass_and_planted_shuffled_ones_do_not():
    from sklearn.model_selection import KFold, TimeSeriesSplit

    days = np.repeat(WEEKS, 5)
    for n, (train, test) in enumerate(TimeSeriesSplit(4, test_size=15).split(days)):
        split_respects_time(days[train], days[test], fold=f"fold {n}")
    for n, (train, test) in enumerate(KFold(4, shuffle=True, random_state=0).split(days)):
        with pytest.raises(LeakageError, match=f"fold {n} learns from .* split by time, without shuffling"):
            split_respects_time(days[train], days[test], fold=f"fold {n}")


def test_planted_targets_that_were_not_known_at_the_origin():
    # Rows are cut by the date of their features, as it is often done: their targets come eight weeks later.
    features_at, origin = WEEKS[:6], WEEKS[8:]
    split_respects_time(features_at + np.timedelta64(14, "D"), origin)
    with pytest.raises(LeakageError, match="the split learns from 2025-01-04, 35 days after"):
        split_respects_time(features_at + np.timedelta64(56, "D"), origin)
    with pytest.raises(LeakageError, match="3 days after"):
        split_respects_time(WEEKS[:1], WEEKS[:1] + np.timedelta64(4, "D"), gap_days=7)
    with pytest.raises(ValueError, match="neither may be empty"):
        split_respects_time(WEEKS[:0], WEEKS)


def test_planted_patients_and_copies_on_both_sides():
    patients = np.array(["a", "a", "b", "b", "c", "c"])
    split_keeps_apart(patients[:4], patients[4:], what="patient")
    with pytest.raises(LeakageError, match="patient b is on both sides of fold 2, as are 1 of the 3 rows of the test"):
        split_keeps_apart(patients[:3], patients[3:], what="patient", fold="fold 2")
    rows = np.random.default_rng(0).normal(size=(40, 3))
    rows[7, 1] = np.nan
    split_keeps_apart(rows[:30], rows[30:])
    with pytest.raises(LeakageError, match="row .*None.* 1 of the 11 rows"):
        split_keeps_apart(rows[:30], np.vstack([rows[30:], rows[7]]))


@pytest.fixture
def rows():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 3))
    x[rng.random(400) < 0.1, 1] = np.nan
    return x, x[:, 0] + rng.normal(size=400)


NAMES = ("level", "rain", "noise")


def test_honest_features_pass(rows):
    x, y = rows
    target_not_in_features(x, NAMES, y)
    target_not_in_features(x, NAMES, (y > 0).astype(float))
    target_not_in_features(np.column_stack([x, np.ones(400)]), (*NAMES, "constant"), y)


@pytest.mark.parametrize(
    "plant",
    [
        lambda y, rng: y,
        lambda y, rng: -3 * y + 2,
        lambda y, rng: np.exp(y),
        lambda y, rng: y + rng.normal(0, 0.1 * y.std(), len(y)),
        lambda y, rng: np.where(rng.random(len(y)) < 0.5, np.nan, y),
    ],
    ids=["itself", "turned", "transformed", "with noise", "half of it"],
)
@pytest.mark.parametrize("two", [False, True])
def test_planted_the_target_among_the_features(rows, plant, two):
    x, y = rows
    target = (y > 0.5).astype(float) if two else y
    planted = plant(y, np.random.default_rng(2))
    with pytest.raises(LeakageError, match=f"feature 'rain' tells the target: .*{'AUC' if two else 'rank'}"):
        target_not_in_features(np.column_stack([x[:, 0], planted, x[:, 2]]), NAMES, target)


def test_planted_a_feature_that_is_recorded_only_where_the_target_is(rows):
    x, y = rows
    sick = (y > 1).astype(float)
    x[:, 2] = np.where(sick == 1, x[:, 2], np.nan)
    with pytest.raises(LeakageError, match="feature 'noise' being missing or not tells the target"):
        target_not_in_features(x, NAMES, sick)


def test_the_measures_agree_with_scipy_and_sklearn(rows):
    from scipy.stats import spearmanr
    from sklearn.metrics import roc_auc_score

    x, y = rows
    rho = abs(spearmanr(x[:, 0], y).statistic)
    target_not_in_features(x[:, :1], ["a"], y, ceiling=rho + 1e-9)
    with pytest.raises(LeakageError, match=f"{rho:.3f}"):
        target_not_in_features(x[:, :1], ["a"], y, ceiling=rho - 1e-9)
    sick = (y > 0).astype(float)
    gini = 2 * roc_auc_score(sick, x[:, 0]) - 1
    target_not_in_features(x[:, :1], ["a"], sick, ceiling=gini + 1e-9)
    with pytest.raises(LeakageError, match=f"{gini:.3f}"):
        target_not_in_features(x[:, :1], ["a"], sick, ceiling=gini - 1e-9)
