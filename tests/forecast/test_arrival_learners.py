"""Learners of arrivals find a known law, see nothing beyond the origin, and say the same twice."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

from healthops.evaluate.scores import ScoreError
from healthops.forecast import arrival_backtest as backtest
from healthops.forecast.arrivals import ArrivalError, targets, weekly_origins, with_own_errors
from healthops.forecast.arrivals_peers import BoostedRateParameters, BoostedRates, ets_rates
from healthops.forecast.arrivals_torch import NetworkParameters, RateNetwork
from tests.forecast import made_arrivals

KNOWN = np.array([True, False])
MAKERS = {
    "network": partial(RateNetwork, NetworkParameters(units=16, epochs=8, batch=256), known=KNOWN),
    "boosting": partial(
        BoostedRates, BoostedRateParameters(rounds=60, max_depth=4, learning_rate=0.2, colsample=0.9), known=KNOWN
    ),
}


@pytest.fixture(scope="module")
def two():
    return [made_arrivals.series(300, ahead=20), made_arrivals.series(300, ahead=20, seed=2, level=0.4, name="two")]


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_the_law_is_found_and_the_forecast_is_repeated(two, kind):
    rows = targets(two, weekly_origins(two, days=56))
    found, _ = backtest.rolling(MAKERS[kind], two, rows, refit_days=999, seed=3)
    level = np.where(rows["s"] == 0, 1.0, 0.4)
    truth = level * made_arrivals.SHAPE[rows["hour"]] * np.where(rows["date"].dt.day_of_week == 0, 1.5, 1.0)
    rule, _ = with_own_errors(two, rows, 4)
    assert np.abs(found.mean - truth).mean() < 0.6 * np.abs(rule - truth).mean()
    assert (np.diff(found.quantiles) >= 0).all() and (found.dispersion < 0.05).all()
    again, _ = backtest.rolling(MAKERS[kind], two, rows, refit_days=999, seed=3)
    np.testing.assert_array_equal(found.quantiles, again.quantiles)
    other, _ = backtest.rolling(MAKERS[kind], two, rows, refit_days=999, seed=4)
    assert not np.array_equal(found.mean, other.mean)


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_nothing_after_the_origin_and_nothing_hidden_is_seen(two, kind):
    origin = two[0].days[250]
    rows = targets(two, np.array([origin]))
    told = backtest.predict(backtest.fit_until(MAKERS[kind](), two, origin, seed=1), two, rows)
    changed = []
    for each in two:
        count, x = each.count.copy(), each.x.copy()
        count[251:] = 50
        x[251 + 7 :, :, 0] = 50  # a lag of seven days sees the change a week later
        x[..., 1] = -3  # the network is not to see this one
        changed.append(replace(each, count=count, x=x))
    other = backtest.predict(backtest.fit_until(MAKERS[kind](), changed, origin, seed=1), changed, rows)
    np.testing.assert_array_equal(told.quantiles, other.quantiles)


def test_smoothing_sees_nothing_after_the_origin_and_finds_the_course(two):
    origin = two[0].days[[250]]
    rows = targets(two, origin)
    mean, spread = ets_rates(two, rows)
    changed = [replace(each, count=np.where(np.arange(320)[:, None] > 250, 70.0, each.count)) for each in two]
    np.testing.assert_array_equal(ets_rates(changed, rows)[0], mean)
    level = np.where(rows["s"] == 0, 1.0, 0.4)
    truth = level * made_arrivals.SHAPE[rows["hour"]] * np.where(rows["date"].dt.day_of_week == 0, 1.5, 1.0)
    assert np.abs(mean - truth).mean() < 0.12 * truth.mean() and (spread >= 0).all()


def test_clocks_that_are_changed(two):
    elapsed = two[0].elapsed.copy()
    elapsed[251, 2], elapsed[252, 1] = 0, 2
    changed = [replace(two[0], elapsed=elapsed), two[1]]
    rows = targets(changed, two[0].days[[250]])
    learner = backtest.fit_until(MAKERS["boosting"](), changed, two[0].days[250], seed=1)
    told = backtest.predict(learner, changed, rows)
    plain = backtest.predict(learner, two, rows.assign(elapsed_h=1.0))
    assert told.mean[2] == 0 and told.mean[24 + 1] == pytest.approx(2 * plain.mean[24 + 1])
    table = backtest.score(backtest.as_table("boosting", "hour", rows, told))
    assert len(table) == 2 * 7 * 24 - 1


def test_day_totals_are_sums_with_a_scatter_of_their_own(two):
    rows = targets(two, weekly_origins(two, days=56))
    mean = np.full(len(rows), 2.0)
    hours = backtest.from_counts(mean, np.zeros(len(rows)))
    days = backtest.day_rows(rows)
    assert days["observed"].iloc[0] == rows["observed"].iloc[:24].sum() and len(days) == 2 * 56
    whole = backtest.day_totals(hours, rows, np.array([0.0, 0.1]))
    assert (whole.mean == 48).all()
    assert whole.quantiles[days["s"] == 1][0, -1] > whole.quantiles[days["s"] == 0][0, -1]
    gap = rows.assign(observed=np.where(np.arange(len(rows)) == 5, np.nan, rows["observed"]))
    assert np.isnan(backtest.day_rows(gap)["observed"].iloc[0])


def test_scores_compare_the_same_tasks_alone(two):
    rows = targets(two, weekly_origins(two, days=56))
    mean, quantiles = with_own_errors(two, rows, 4)
    none = np.full(len(rows), np.nan)
    four = backtest.as_table("four", "hour", rows, backtest.Forecast(mean, quantiles, none))
    sure = backtest.as_table("sure", "hour", rows, backtest.Forecast(mean, np.repeat(mean[:, None], 23, 1), none))
    scored = backtest.score(pd.concat([four, sure]))
    table = backtest.summary(scored, "four").set_index("model")
    # A forecast without spread has the absolute error as its WIS.
    assert table.loc["sure", "wis"] == pytest.approx(np.abs(np.round(mean, 4) - rows["observed"]).mean())
    assert table.loc["sure", "relative_wis"] == pytest.approx(table.loc["sure", "wis"] / table.loc["four", "wis"])
    ratio, low, high = backtest.ratio_by_week(scored, "sure", "four", draws=200, block=1, seed=1)
    assert low < ratio < high and ratio == pytest.approx(table.loc["sure", "relative_wis"])
    with pytest.raises(ScoreError, match="not scored on the same tasks"):
        backtest.summary(scored.iloc[:-1], "four")
    with pytest.raises(ScoreError, match="is not among the models"):
        backtest.summary(scored, "five")


def test_the_least_possible_score_is_that_of_the_truth():
    rng = np.random.default_rng(5)
    mean = rng.uniform(1, 9, 4000)
    least = backtest.least_wis(mean, draws=5, seed=1)
    came = rng.poisson(mean).astype(float)
    from healthops.evaluate.scores import wis
    from healthops.forecast.counts import count_quantiles

    assert wis(count_quantiles(mean), came).mean() == pytest.approx(least, rel=0.04)
    assert wis(count_quantiles(mean * rng.uniform(0.6, 1.4, 4000)), came).mean() > least


def test_a_service_without_a_record_is_refused(two):
    empty = replace(two[1], count=np.full_like(two[1].count, np.nan))
    with pytest.raises(ArrivalError, match="two, emergency has no hour on record"):
        backtest.fit_until(MAKERS["boosting"](), [two[0], empty], two[0].days[250], seed=1)


def test_a_saved_network_says_the_same(two, tmp_path):
    from healthops.forecast.arrivals_torch import rate_module

    learner = backtest.fit_until(MAKERS["network"](), two, two[0].days[250], seed=1)
    fresh = rate_module(**learner.architecture)
    fresh.load_state_dict(learner.modules[0].state_dict(), strict=True)
    x, s, hour = two[0].x[200], np.zeros(24, int), np.arange(24)
    before = learner.rate(x, s, hour)
    learner.modules = [fresh.eval()]
    np.testing.assert_array_equal(learner.rate(x, s, hour), before)
