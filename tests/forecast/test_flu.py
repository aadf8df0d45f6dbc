"""The flu fusion: what it may see, how it is calibrated, and what it makes of odd vintages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from healthops.evaluate.leakage import LeakageError
from healthops.evaluate.scores import covered
from healthops.forecast.base import LEVELS
from healthops.forecast.flu import (
    RECORD,
    CalibrationParameters,
    FluConfig,
    FluFusion,
    near_in_season,
    spread_factors,
    stretched,
)
from healthops.forecast.flu_features import ilinet_rows
from healthops.forecast.real_time import RealTimeForecast, calibrated, forecast_seen, seen_at
from tests.forecast.made_flu import PLACES, QUICK, WEEK, final_admissions, made_history, made_ilinet, made_vintage

DATE = "2024-01-06"
FUSION = FluFusion(QUICK)


def forecast(history=None, ilinet=None, seed=1):
    history = history or made_history(DATE, 4)
    seen = seen_at(history[-1].reference_date, history, ilinet or made_ilinet(), FUSION, seed=seed)
    return forecast_seen(seen).quantiles


@pytest.fixture(scope="module")
def usual():
    return forecast()


def test_a_forecast_has_its_shape_spreads_with_the_horizon_and_is_near_the_last_report(usual):
    assert usual.shape == (len(PLACES), 4, 23)
    width = np.diff(usual[..., [2, 20]], axis=-1)[..., 0]
    assert (width[:, 3] > width[:, 0]).all()
    last = made_vintage(DATE).admissions[:, -1]
    assert (np.abs(np.log(usual[:, 0, 11] / last)) < 1).all()


def test_the_same_seed_gives_the_same_bytes(usual):
    assert forecast().tobytes() == usual.tobytes() != forecast(seed=2).tobytes()


def test_what_was_published_later_changes_nothing(usual):
    history = made_history(DATE, 4)
    later = [made_vintage(str(np.datetime64(DATE) + k * WEEK)) for k in (1, 2)]
    assert forecast([*history, *later][:4]).tobytes() == usual.tobytes()
    ilinet = made_ilinet()
    absurd = replace(ilinet, percent=np.where(ilinet.weeks >= np.datetime64(DATE), 99.0, ilinet.percent))
    seen = seen_at(np.datetime64(DATE), [*later, *history], absurd, FUSION, seed=1)
    assert forecast_seen(seen).quantiles.tobytes() == usual.tobytes()


def test_final_numbers_in_place_of_the_vintage_change_the_forecast(usual):
    history = made_history(DATE, 4)
    final = final_admissions()[:, : history[-1].admissions.shape[1]]
    leaked = forecast([*history[:-1], replace(history[-1], admissions=final)])
    assert not np.array_equal(leaked, usual), "so that the alarm for vintages guards a result"
    assert issubclass(LeakageError, ValueError)


# ---- odd vintages ------------------------------------------------------------------------------------------------


def test_too_short_a_history_is_refused():
    short = made_vintage("2022-11-05")
    with pytest.raises(ValueError, match="vintage of 2022-11-05 holds 13 weeks of admissions; .* at least 26"):
        forecast([short])


def test_a_late_vintage_is_forecast_further_ahead(usual):
    history = [*made_history("2023-12-30", 3), made_vintage(DATE, late=1)]
    assert history[-1].weeks_late == 1
    late = forecast(history)
    assert late.shape == usual.shape and np.isfinite(late).all()
    # One step more from the last report: wider, at every place.
    width = [np.log((q[:, 0, 20] + 1) / (q[:, 0, 2] + 1)).mean() for q in (late, usual)]
    assert width[0] > width[1]


@pytest.mark.parametrize("fault", ["zeros", "never", "gap", "silent at the end"])
def test_a_place_that_reports_little_is_forecast_all_the_same(fault):
    history = made_history(DATE, 3)
    changed = []
    for vintage in history:
        values = vintage.admissions.copy()
        rows = {"zeros": np.s_[:], "never": np.s_[:], "gap": np.s_[20:30], "silent at the end": np.s_[-3:]}[fault]
        values[1, rows] = 0.0 if fault == "zeros" else np.nan
        changed.append(replace(vintage, admissions=values))
    if fault == "never":
        with pytest.raises(ValueError, match="location 04 has no report in the vintage of 2024-01-06"):
            forecast(changed)
        return
    found = forecast(changed)
    assert np.isfinite(found).all()
    if fault == "zeros":
        assert found[1, :, 11].max() < 5 < found[0, :, 11].min()


# ---- weights and calibration -----------------------------------------------------------------------------------


def test_rows_weigh_by_their_distance_in_the_season():
    rows = ilinet_rows(made_ilinet(), 4, background=1.6)
    near, weight = near_in_season(rows, 22.0, 3.0)
    assert weight.min() > 0.02 and weight.max() == 1
    np.testing.assert_allclose(weight, np.exp(-0.5 * ((near.season_week - 22) / 3) ** 2))
    assert np.abs(near.season_week - 22).max() <= 3 * np.sqrt(-2 * np.log(0.02))


def made_forecasts(width: float, dates=10) -> list[RealTimeForecast]:
    """Medians off by a normal error of .2 on the fourth-root scale, with intervals for one of `width` times .2."""
    from scipy.stats import norm

    rng, final = np.random.default_rng(3), final_admissions()
    weeks = np.arange(np.datetime64("2022-08-06"), np.datetime64("2024-06-01"), WEEK)
    out = []
    for k in range(dates):
        date = np.datetime64("2023-12-02") + k * WEEK
        at = np.searchsorted(weeks, date + 7 * np.arange(4))
        root = final[:, at] ** 0.25 + 0.2 * rng.normal(size=(len(PLACES), 4))
        quantiles = np.maximum(root[..., None] + width * 0.2 * norm.ppf(LEVELS), 0) ** 4
        out.append(RealTimeForecast(date, PLACES, quantiles, 0.0))
    return out


def earlier(forecasts):
    return {f.reference_date: f.quantiles for f in forecasts}


def test_without_earlier_dates_the_factor_is_the_prior():
    p = CalibrationParameters(prior=1.3)
    assert spread_factors(made_vintage(DATE), {}, p).tolist() == [1.3] * 4
    last_season = {np.datetime64("2023-02-04"): made_forecasts(1)[0].quantiles}
    assert spread_factors(made_vintage(DATE), last_season, p).tolist() == [1.3] * 4


def test_too_narrow_forecasts_are_widened_towards_the_best_factor():
    newest = made_vintage("2024-05-25")
    p = CalibrationParameters(window=10, prior_weight=1e-9, neighbour=0.0)
    narrow = spread_factors(newest, earlier(made_forecasts(0.5)), p)
    assert 1.4 <= narrow.min() and narrow.max() <= 2.5
    assert narrow.mean() == pytest.approx(2, abs=0.25)
    assert spread_factors(newest, earlier(made_forecasts(3.0)), p).tolist() == [p.least] * 4
    # The prior counts as so many dates.
    half = spread_factors(newest, earlier(made_forecasts(0.5)), replace(p, prior_weight=10.0, prior=1.0))
    np.testing.assert_allclose(half, (narrow + 1) / 2)


def test_only_what_had_come_is_looked_at():
    forecasts = made_forecasts(0.5)
    newest = made_vintage(str(forecasts[6].reference_date))
    p = CalibrationParameters()
    usual = spread_factors(newest, earlier(forecasts[:6]), p)
    spoilt = [replace(f, quantiles=f.quantiles * 9) for f in forecasts[6:]]
    np.testing.assert_array_equal(spread_factors(newest, earlier([*forecasts[:6], *spoilt]), p), usual)
    # The newest earlier date has one week to show: what it says of the others is not known.
    last = forecasts[5].quantiles.copy()
    last[:, 1:] *= 9
    again = {**earlier(forecasts[:5]), forecasts[5].reference_date: last}
    np.testing.assert_array_equal(spread_factors(newest, again, p), usual)


def test_calibration_restores_the_coverage_of_a_season():
    forecasts = made_forecasts(0.5)
    vintages = [made_vintage(str(f.reference_date)) for f in forecasts]
    fusion = FluFusion(replace(QUICK, calibration=CalibrationParameters(prior_weight=1.0)))
    found = calibrated(forecasts, vintages, fusion)
    weeks = np.arange(np.datetime64("2022-08-06"), np.datetime64("2024-06-01"), WEEK)
    inside = []
    for before, after in zip(forecasts, found, strict=True):
        observed = final_admissions()[:, np.searchsorted(weeks, before.reference_date + 7 * np.arange(4))]
        inside.append([covered(f.quantiles, observed, 0.9) for f in (before, after)])
    narrow, right = np.mean(inside[4:], axis=(0, 2, 3))
    assert narrow < 0.7 and 0.82 < right < 0.97
    assert all(np.array_equal(f.quantiles, np.round(f.quantiles, 1)) for f in found)
    # The last forecast of the season hardly knows whether there are forecasts before the window.
    short = calibrated(forecasts[3:], vintages[3:], fusion)
    np.testing.assert_array_equal(short[-1].quantiles, found[-1].quantiles)
    with pytest.raises(ValueError, match="forecast for 2023-12-02, but vintage of 2023-12-09"):
        calibrated(forecasts[:1], vintages[1:2], fusion)


def test_stretching_leaves_the_median_and_stays_above_zero(usual):
    wide = stretched(usual, np.array([1.0, 1.5, 2.0, 9.0]))
    np.testing.assert_allclose(wide[..., 11], usual[..., 11])
    np.testing.assert_allclose(wide[:, 0], usual[:, 0])
    assert (wide >= 0).all() and (np.diff(wide, axis=-1) >= 0).all()


def test_the_record_names_each_setting_and_what_had_been_seen():
    assert all(set(row) == {"choice", "value", "chosen_on", "seen"} and all(row.values()) for row in RECORD)
    c = FluConfig()
    values = " | ".join(row["value"] for row in RECORD)
    for figure in (c.background, c.trees_weeks, c.net_weeks, c.delay.vintages, c.calibration.prior):
        assert f"{figure:g}" in values
