"""Simple rules of arrivals by hand, clocks that are changed, and nothing seen beyond the origin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from healthops.forecast.arrivals import (
    ArrivalError,
    arrivals_of,
    four_week_spreads,
    known_features,
    last_weeks,
    mean_of,
    targets,
    weekly_origins,
    with_own_errors,
)
from tests.forecast import made_arrivals


def test_tables_become_series_and_gaps_are_refused():
    each = made_arrivals.series(60, ahead=5)
    frame = made_arrivals.table(each)
    (found,) = arrivals_of(frame.sample(frac=1, random_state=1), ["lag_7", "lag_28"])
    assert found.recorded == 60 and len(found.days) == 65 and found.clinic == "one"
    np.testing.assert_array_equal(found.count, each.count)
    np.testing.assert_array_equal(found.x, each.x)
    with pytest.raises(ArrivalError, match=r"one, emergency has 1536 rows for 64 days .* needs its 24 hours"):
        arrivals_of(frame[frame["date"] != frame["date"].iloc[24 * 9]])
    with pytest.raises(ArrivalError, match="lacks the columns"):
        arrivals_of(frame, ["lag_1"])


def test_what_is_known_ahead_is_read_from_the_catalogue():
    catalogue = pd.DataFrame({
        "table": ["arrivals"] * 4 + ["appointments"],
        "feature": ["hour_sin", "lag_1_day", "lag_8_weeks", "temp_c", "lead"],
        "known_at": ["calendar", "origin", "origin", "afterwards", "booking"],
        "horizon_days": pd.array([None, 1, 56, 0, None], dtype="Int64"),
    })  # fmt: skip
    assert known_features(catalogue, 7) == ["hour_sin", "lag_8_weeks"]
    assert known_features(catalogue, 1) == ["hour_sin", "lag_1_day", "lag_8_weeks"]
    assert known_features(catalogue, 57) == ["hour_sin"]


def test_every_held_out_day_is_forecast_once_a_week_ahead():
    each = made_arrivals.series(200, ahead=10)
    origins = weekly_origins([each], days=30)
    rows = targets([each], origins)
    assert origins[0] == each.days[169] and len(origins) == 5
    assert len(rows) == 30 * 24 and not rows.duplicated(["date", "hour"]).any()
    assert rows["date"].min() == pd.Timestamp(each.days[170]) and rows["date"].max() == pd.Timestamp(each.days[199])
    assert (rows["observed"].to_numpy() == each.count[170:200].ravel()).all()
    plan = targets([each], each.days[[199]], first=1, last=7)
    assert len(plan) == 7 * 24 and plan["observed"].isna().all()
    with pytest.raises(ArrivalError, match="hold out fewer"):
        weekly_origins([each], days=180)


def test_means_of_weeks_by_hand():
    each = made_arrivals.series(120)
    rows = targets([each], each.days[[90]], last=10)
    four = last_weeks([each], rows, 4)
    day = 93  # three days ahead: the last same weekday known is seven days before
    at = 24 * 2 + 15
    assert four[at].tolist() == [each.count[day - 7 * k, 15] for k in (1, 2, 3, 4)]
    day = 100  # ten days ahead: fourteen
    at = 24 * 9 + 15
    assert four[at].tolist() == [each.count[day - 7 * k, 15] for k in (2, 3, 4, 5)]
    mean, quantiles = with_own_errors([each], rows, 4)
    assert mean[at] == np.mean(four[at])
    # Errors of the same hour, two weeks ahead, on the days up to the origin.
    errors = [
        each.count[d, 15] - np.mean([each.count[d - 7 * k, 15] for k in (2, 3, 4, 5) if d >= 7 * k])
        for d in range(14, 91)
    ]
    assert quantiles[at, 11] == pytest.approx(max(mean[at] + np.quantile(errors, 0.5), 0))
    assert quantiles[at, -1] == pytest.approx(mean[at] + np.quantile(errors, 0.99))
    naive, _ = with_own_errors([each], rows, 1)
    assert naive[24 * 2 + 15] == each.count[86, 15]
    total, spread = with_own_errors([each], rows, 4, whole_days=True)
    assert total[2] == pytest.approx(four[48:72].mean(axis=1).sum()) and spread.shape == (10, 23)


def test_hours_that_nobody_counted_are_left_out_of_the_mean():
    each = made_arrivals.series(120)
    each.count[[84, 77], 6] = np.nan
    rows = targets([each], each.days[[90]], last=1)
    assert mean_of(last_weeks([each], rows, 4))[6] == np.mean([each.count[70, 6], each.count[63, 6]])
    naive, _ = with_own_errors([each], rows, 1)
    assert naive[6] == each.count[70, 6]
    each.count[:90, 6] = np.nan
    with pytest.raises(ArrivalError, match="nobody counted hour 6"):
        with_own_errors([each], rows, 1)


def test_a_skipped_hour_has_no_forecast_and_a_doubled_one_counts_twice():
    each = made_arrivals.series(120)
    elapsed = each.elapsed.copy()
    elapsed[91, 2], elapsed[92, 1], elapsed[85, 1] = 0, 2, 2
    changed = replace(each, elapsed=elapsed)
    changed.count[91, 2] = 0
    rows = targets([changed], each.days[[90]], last=2)
    mean, quantiles = with_own_errors([changed], rows, 4)
    assert mean[2] == 0 and (quantiles[2] == 0).all() and rows["elapsed_h"].iloc[2] == 0
    # A week before, the hour lasted two hours as well: its rate is half its count.
    rates = [changed.count[85, 1] / 2, *(changed.count[92 - 7 * k, 1] for k in (2, 3, 4))]
    assert mean[24 + 1] == pytest.approx(2 * np.mean(rates))
    for spread in four_week_spreads([changed], rows).values():
        assert (spread[2] == 0).all() and (np.diff(spread) >= 0).all()


def test_rules_see_nothing_after_the_origin():
    each = made_arrivals.series(200)
    rows = targets([each], each.days[[150]], last=28)
    other = each.count.copy()
    other[151:] = 99
    for weeks in (1, 4):
        for whole_days in (False, True):
            one = with_own_errors([each], rows, weeks, whole_days=whole_days)
            two = with_own_errors([replace(each, count=other)], rows, weeks, whole_days=whole_days)
            np.testing.assert_array_equal(one[1], two[1])


@pytest.mark.mirror
def test_the_published_error_of_the_mean_of_four_weeks(mirror):
    from healthops.data.clean_arrivals import IOWA, clean_arrivals
    from healthops.data.ledger import Ledger

    hours, _ = clean_arrivals(mirror, pd.DataFrame([IOWA]), Ledger())
    count = hours["arrivals"].to_numpy(float).reshape(-1, 24)
    elapsed = hours["elapsed_h"].to_numpy(float).reshape(-1, 24)
    days = hours["date"].to_numpy("datetime64[D]")[::24]
    each = made_arrivals.Arrivals("iowa", "emergency", days, count, elapsed, len(days), np.zeros((len(days), 24, 0)))
    rows = targets([each], weekly_origins([each], days=365))
    kept = (rows["elapsed_h"] > 0).to_numpy()
    mean, _ = with_own_errors([each], rows, 4)
    naive, _ = with_own_errors([each], rows, 1)
    assert np.abs(mean - rows["observed"])[kept].mean() == pytest.approx(2.269, abs=0.002)
    assert np.abs(naive - rows["observed"])[kept].mean() == pytest.approx(2.830, abs=0.002)
