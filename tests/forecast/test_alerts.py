"""Endemic channel and chances by hand and by brute force."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from healthops.data.schemas import validate
from healthops.forecast.alerts import Channel, exceedance, outbreak_alerts, persistence_alerts
from healthops.forecast.backtest import backtest
from healthops.forecast.base import LEVELS
from healthops.forecast.baselines import HubBaseline
from tests.forecast.made import made_panel


def test_the_channel_by_brute_force():
    panel = made_panel(weeks=400)
    found = Channel(skip_highest=1, years=6, least_cases=0).threshold(panel, (3,))
    last = panel.cases.shape[1] - 1
    years = []
    for k in range(1, 7):
        middle = last + 3 - round(365.25 / 7 * k)
        years.append(panel.cases[0, middle - 2 : middle + 3])
    quiet = sorted(years, key=np.sum)[:-1]
    assert found[0, 0] == pytest.approx(np.quantile(np.concatenate(quiet), 0.75))


def test_an_epidemic_year_does_not_raise_the_channel():
    panel = made_panel(weeks=400)
    shouted = panel.cases.copy()
    middle = panel.cases.shape[1] - 1 + 1 - round(365.25 / 7 * 2)
    shouted[:, middle - 2 : middle + 3] += 1e4
    quiet = Channel().threshold(panel, (1,))
    assert (Channel().threshold(replace(panel, cases=shouted), (1,)) < quiet + 200).all()
    assert Channel(skip_highest=0, quantile=0.9).threshold(replace(panel, cases=shouted), (1,)).min() > 1e3


def test_a_place_that_was_always_quiet_has_the_least_threshold():
    panel = made_panel()
    quiet = replace(panel, cases=np.zeros_like(panel.cases))
    np.testing.assert_array_equal(Channel(least_cases=4).threshold(quiet, (1, 8)), 4.0)


def test_chance_of_a_normal_forecast():
    quantiles = np.tile(100 + 10 * norm.ppf(LEVELS), (5, 1))
    threshold = np.array([80.0, 95.0, 100.0, 107.0, 118.0])
    np.testing.assert_allclose(exceedance(quantiles, threshold), norm.sf(threshold, 100, 10), atol=0.006)


def test_chance_beyond_the_outermost_quantiles_and_of_ties():
    quantiles = np.tile(np.linspace(10, 20, 23), (2, 1))
    np.testing.assert_allclose(exceedance(quantiles, np.array([5.0, 30.0])), [0.995, 0.005])
    # All mass on zero: a threshold of zero is not exceeded.
    assert exceedance(np.zeros((1, 23)), np.zeros(1))[0] == pytest.approx(0.005)


@pytest.fixture(scope="module")
def made():
    panel = made_panel(weeks=400, missing=True)
    return panel, backtest(panel, {"h": HubBaseline}, panel.weeks[300:395:12], refit_weeks=999, seed=0, workers=1)


def test_alerts_say_what_came(made):
    panel, cube = made
    table = validate("outbreak_alerts", outbreak_alerts(panel, cube, "h"))
    row = table.iloc[37]
    at = int(np.searchsorted(panel.weeks, row["target_end_date"].to_datetime64()))
    assert row["outbreak"] == (panel.cases[panel.places.index(row["location"]), at] > row["threshold"])
    assert (table["alert"] == (table["probability"] >= 0.5)).all()
    assert 0 < table["outbreak"].mean() < 1


def test_the_channel_does_not_know_the_future(made):
    panel, cube = made
    later = panel.cases.copy()
    later[:, 301:] = 1e6
    one, other = (outbreak_alerts(replace(panel, cases=c), cube, "h") for c in (panel.cases, later))
    first = one["reference_date"] == one["reference_date"].min()
    np.testing.assert_array_equal(one.loc[first, "threshold"], other.loc[first, "threshold"])


def test_persistence_raises_an_alert_where_the_last_week_was_above(made):
    panel, cube = made
    table = persistence_alerts(panel, cube)
    row = table[table["horizon"] == 2].iloc[5]
    at = int(np.searchsorted(panel.weeks, row["reference_date"].to_datetime64()))
    assert row["alert"] == (panel.cases[panel.places.index(row["location"]), at] > row["threshold"])
