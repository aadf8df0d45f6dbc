"""Features of arrivals: against plain loops over the hours; unchanged by the future; how far ahead they reach."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops.data.schemas import validate
from healthops.features.arrivals import arrival_features
from healthops.features.grid import FeatureError
from healthops.features.provider_catalogue import FEATURES, arrival_names, families, provider_catalogue

from .made_visits import calendar, clinics, hours

FIRST, DAYS = "2016-02-01", 460
LAST = "2017-07-30"  # of the calendar, weeks after the last record


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(3)
    found = rng.poisson(3 + 2 * np.sin(np.arange(24) / 4), (DAYS, 24)).astype(float)
    found[100, 7], found[101] = np.nan, np.nan
    return found


@pytest.fixture(scope="module")
def days():
    return calendar("iowa", FIRST, LAST, ("2016-07-04", "2017-07-04"))


@pytest.fixture(scope="module")
def table(counts, days):
    return arrival_features(hours(counts), days, clinics())


def test_catalogue_and_table_have_the_same_names(table):
    validate("arrival_features", table)
    listed = validate("provider_feature_catalogue", provider_catalogue(places_until="2017-01-01"))
    names = listed.loc[listed["table"] == "arrivals", "feature"].tolist()
    assert names == list(arrival_names())
    assert sorted(names) == sorted(n for members in families("arrivals").values() for n in members)
    assert set(table.columns) == {"clinic", "service", "date", "arrivals", "elapsed_h", "recorded", *names}
    assert len(table) == 24 * len(pd.date_range(FIRST, LAST)) and table["recorded"].sum() == 24 * DAYS


def _rate(counts: np.ndarray, elapsed: np.ndarray, day: int, hour: int) -> float:
    if not 0 <= day < len(counts) or elapsed[day, hour] == 0:
        return np.nan
    return counts[day, hour] / elapsed[day, hour]


def test_lags_and_means_equal_plain_loops(table, counts):
    size = table["date"].nunique()
    elapsed = table["elapsed_h"].to_numpy().reshape(size, 24)
    own = np.where(elapsed[:DAYS] == 0, 0, counts)
    get = {name: table[name].to_numpy().reshape(size, 24) for name in arrival_names()}
    rng = np.random.default_rng(1)
    # Days after the clock was put forward (13 March, hour 2) and back (6 November, hour 1), and after gaps.
    cases = [(41 + 7, 2), (279 + 7, 1), (107, 7), (108, 3), (DAYS, 5), (DAYS + 3, 5)]
    cases += [(int(d), int(h)) for d, h in zip(rng.integers(1, DAYS, 200), rng.integers(0, 24, 200), strict=True)]
    for d, h in cases:
        for name, lag in (("lag_1_day", 1), ("lag_1_week", 7), ("lag_4_weeks", 28), ("lag_52_weeks", 364)):
            np.testing.assert_allclose(get[name][d, h], _rate(own, elapsed, d - lag, h), atol=1e-6)
        for name, weeks in (("mean_weeks_1_to_4", (1, 2, 3, 4)), ("mean_weeks_5_to_8", (5, 6, 7, 8))):
            past = [_rate(own, elapsed, d - 7 * w, h) for w in weeks]
            known = [x for x in past if x == x] if d - 7 * weeks[0] < DAYS else []
            np.testing.assert_allclose(get[name][d, h], np.mean(known) if known else np.nan, atol=1e-6)
        level = [
            np.nansum(own[k]) / elapsed[k][~np.isnan(own[k])].sum()
            for k in range(max(d - 34, 0), d - 6)
            if k < DAYS and not np.isnan(own[k]).all()
        ]
        expected = np.mean(level) if level and d - 7 < DAYS else np.nan
        np.testing.assert_allclose(get["level_28_days_lag_1_week"][d, h], expected, atol=1e-6)
        total = own[d - 1].sum() if d - 1 < DAYS else np.nan
        np.testing.assert_allclose(get["day_total_lag_1_day"][d, h], total, atol=1e-6)


def test_an_hour_that_the_clock_skips_has_no_rate_and_one_shown_twice_counts_as_two(counts, days):
    even = np.full((DAYS, 24), 4.0)
    even[279, 1] = 8  # 6 November 2016, when the clock showed one o'clock twice
    table = arrival_features(hours(even), days, clinics()).set_index(["date", "hour"])
    assert (
        np.isnan(table.loc[("2016-03-20", 2), "lag_1_week"]) and table.loc[("2016-03-20", 2), "mean_weeks_1_to_4"] == 4
    )
    assert table.loc[("2016-11-13", 1), "lag_1_week"] == 4 and table.loc[("2016-11-07", 1), "lag_1_day"] == 4
    assert table.loc[("2016-11-13", 1), "level_28_days_lag_1_week"] == 4


@pytest.mark.parametrize("origin", [170, 420])
def test_what_the_catalogue_calls_known_does_not_change_when_the_future_is_taken_away(counts, days, table, origin):
    """Features of a day h days after the origin whose reach is at least h; beyond it they must be missing or differ."""
    short = arrival_features(hours(counts[:origin]), days, clinics())
    assert short["date"].equals(table["date"])
    ahead = np.repeat(np.arange(table["date"].nunique()) - origin + 1, 24)
    later = arrival_features(hours(np.vstack([counts[:origin], counts[origin:] * 50 + 7])), days, clinics())
    for feature in FEATURES:
        if feature.table != "arrivals":
            continue
        reach = ahead <= (10**6 if feature.horizon_days is None else feature.horizon_days)
        for other in (short, later):
            pd.testing.assert_series_equal(table.loc[reach, feature.feature], other.loc[reach, feature.feature])
        if feature.horizon_days is not None:
            # The reach is not understated either: the next day is no more known.
            beyond = ahead == feature.horizon_days + 1
            assert beyond.any() or origin > 170
            assert not beyond.any() or short.loc[beyond, feature.feature].isna().any(), feature.feature


def test_calendar_features(table):
    day = table[table["hour"] == 0].set_index("date")
    july = day.loc["2016-07-03":"2016-07-05"]
    assert july["holiday"].tolist() == [0, 1, 0]
    assert july["day_before_holiday"].tolist() == [1, 0, 0] and july["day_after_holiday"].tolist() == [0, 0, 1]
    assert day.loc["2016-02-01", "weekday"] == 0 and day.loc["2016-02-06", "weekend"] == 1
    assert day.loc["2016-02-01", "month"] == 2 and day["days_since_start"].iloc[[0, -1]].tolist() == [0, len(day) - 1]
    np.testing.assert_allclose(table["hour_sin"] ** 2 + table["hour_cos"] ** 2, 1, atol=1e-5)


def test_holidays_just_outside_the_calendar_count(counts):
    days = calendar("iowa", "2016-07-05", "2016-12-24")
    table = arrival_features(hours(counts[:100], first="2016-07-05"), days, clinics()).set_index(["date", "hour"])
    # Independence Day before the first day; Christmas after the last.
    assert table.loc[("2016-07-05", 0), "day_after_holiday"] == 1
    assert (
        table.loc[("2016-12-24", 0), "day_before_holiday"] == 1
        and table.loc[("2016-12-23", 0), "day_before_holiday"] == 0
    )


def test_bad_input_is_named(counts, days):
    rows = hours(counts)
    with pytest.raises(FeatureError, match=r"iowa, emergency has 0 rows for 2016-02-01, hour 5"):
        arrival_features(rows.drop(index=5), days, clinics())
    with pytest.raises(FeatureError, match=r"has 2 rows for 2016-02-01, hour 3"):
        arrival_features(pd.concat([rows, rows.iloc[[3]]]), days, clinics())
    with pytest.raises(FeatureError, match=r"lacks 2016-03-01 of iowa"):
        arrival_features(rows, days[days["date"] != "2016-03-01"], clinics())
