"""Forecasts of season targets: whole distributions, nothing seen beyond the week, and cases with a known answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import nbinom, norm, poisson

from healthops.data.dengue_project_files import read_training
from healthops.evaluate.binned import CITY_BINS, TARGETS, SeasonBins
from healthops.forecast.season_paths import (
    FITTED,
    CoxConfig,
    SeasonHistory,
    cox_paths,
    evidence,
    fit_cox,
    laplace,
    mean_log_rate,
)
from healthops.forecast.season_targets import (
    CITY_CONFIGS,
    SeasonTargetConfig,
    climatology,
    forecast_season,
    path_probabilities,
)

BINS = CITY_BINS["iquitos"]
FAST = SeasonTargetConfig(draws=500)
#: A process without any doubt about its rate: what remains is Poisson noise.
CERTAIN = CoxConfig(smooth_variance=1e-9, rough_variance=1e-9, slow_variance=1e-9, dispersion=1e7)


def _season(rng: np.random.Generator, size: float, peak: int = 27) -> np.ndarray:
    shape = np.exp(-0.5 * ((np.arange(52) - peak) / 6) ** 2) + 0.03
    return rng.poisson(size * shape / shape.sum()).astype(float)


@pytest.fixture(scope="module")
def history() -> SeasonHistory:
    rng = np.random.default_rng(5)
    own = np.array([_season(rng, size) for size in (300, 500, 150, 700, 420, 260)])
    return SeasonHistory(own, np.array([_season(rng, size, 25) for size in (1200, 3000, 900, 1800)]))


@pytest.fixture(scope="module")
def course() -> np.ndarray:
    return _season(np.random.default_rng(6), 450, 29)


@pytest.mark.parametrize("week", [0, 1, 24, 48, 51, 52])
@pytest.mark.parametrize("city", sorted(CITY_CONFIGS))
def test_every_bin_has_probability_and_they_sum_to_one(history, course, week, city):
    config = replace(CITY_CONFIGS[city], draws=500)
    forecast = forecast_season(history, course[:week], CITY_BINS[city], seed=1, config=config)
    assert tuple(forecast) == TARGETS
    for target, probability in forecast.items():
        assert probability.shape == (CITY_BINS[city].count(target),)
        assert probability.sum() == pytest.approx(1, abs=1e-12)
        floor = config.uniform_share / len(probability)
        assert (probability >= floor * (1 - 1e-9)).all() and np.isfinite(np.log(probability)).all()


@pytest.mark.parametrize("size", [0, 40, 100_000])
def test_seasons_unlike_any_before_still_get_finite_scores(history, size):
    seen = np.full(24, size / 24)
    for probability in forecast_season(history, seen.round(), BINS, seed=1, config=FAST).values():
        assert np.isfinite(np.log(probability)).all() and probability.sum() == pytest.approx(1)


def test_same_seed_same_numbers_and_another_seed_others(history, course):
    first, again, other = (forecast_season(history, course[:8], BINS, seed=s, config=FAST) for s in (1, 1, 2))
    for target in TARGETS:
        np.testing.assert_array_equal(first[target], again[target])
    assert any((first[t] != other[t]).any() for t in TARGETS)


def test_once_the_season_is_over_the_outcome_has_all_but_the_uniform_share(history, course):
    forecast = forecast_season(history, course, BINS, seed=1, config=FAST)
    came = {"peak_week": course.argmax() + 1, "peak_incidence": course.max(), "season_total": course.sum()}
    for target, value in came.items():
        probability = forecast[target][BINS.index(target, np.array(value))]
        u = FAST.uniform_share
        drawn = FAST.cox_share * (1 - u)
        assert probability >= drawn
    assert forecast["peak_week"][course.argmax()] == pytest.approx((1 - u) + u / 52)


def test_a_peak_long_past_is_nearly_certain(history, course):
    forecast = forecast_season(history, course[:46], BINS, seed=1, config=FAST)
    assert forecast["peak_week"][course.argmax()] > 0.9
    assert forecast["peak_incidence"][BINS.index("peak_incidence", np.array(course.max()))] > 0.75
    assert (
        forecast["season_total"][: BINS.index("season_total", np.array(course[:46].sum()))].sum() < FAST.uniform_share
    )


def test_a_later_start_moves_the_peak_later(history):
    rng = np.random.default_rng(3)
    early, late = _season(rng, 450, 22), _season(rng, 450, 34)
    means = [
        forecast_season(history, s[:20], BINS, seed=1, config=FAST)["peak_week"] @ np.arange(1, 53)
        for s in (early, late)
    ]
    assert means[1] > means[0] + 2


@pytest.mark.parametrize("bad", [np.zeros(53), np.array([1.0, -1.0]), np.array([np.nan]), np.zeros((2, 2))])
def test_what_is_no_start_of_a_season_is_refused(history, bad):
    with pytest.raises(ValueError, match="counts of the first weeks"):
        forecast_season(history, bad, BINS, seed=1, config=FAST)


def test_a_city_without_a_season_to_learn_from_is_refused(history):
    empty = SeasonHistory(np.zeros((2, 52)), history.other)
    with pytest.raises(ValueError, match="no earlier season of this city has 50 cases"):
        forecast_season(empty, np.zeros(4), BINS, seed=1, config=FAST)


@pytest.mark.parametrize("wrong", [{"cox_share": 1.2}, {"uniform_share": 0.0}])
def test_a_configuration_that_could_give_probability_zero_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SeasonTargetConfig(**wrong)


# ---- known answers -----------------------------------------------------------------------------------------
def test_without_doubt_about_the_rate_totals_and_peaks_are_those_of_poisson_weeks(history):
    seen, draws = history.own[0][:10], 20_000
    rate = np.exp(mean_log_rate(history, CERTAIN))[10:]
    config = SeasonTargetConfig(cox=CERTAIN, draws=draws, size_sd=1e-12, peak_week_sd=1e-9)
    rng = np.random.default_rng(1)
    paths = cox_paths(history, seen, draws, rng, CERTAIN)
    got = path_probabilities(paths, 10, BINS, rng, config)
    totals = np.diff(np.r_[poisson.cdf(BINS.season_total - 1 - seen.sum(), rate.sum())])
    # The highest of independent weeks is below x if every week is.
    highest = poisson.cdf(BINS.peak_incidence[:, None] - 1, rate).prod(1) * (BINS.peak_incidence > seen.max())
    np.testing.assert_allclose(got["season_total"], totals, atol=0.012)
    np.testing.assert_allclose(got["peak_incidence"], np.diff(highest), atol=0.012)


def test_probabilities_of_paths_are_counted_as_by_hand():
    rng = np.random.default_rng(2)
    paths = rng.poisson(3, (50, 52)).astype(float)
    paths[:, :5] = [1, 9, 0, 0, 0]
    bins = SeasonBins.regular(peak_step=2, total_step=20)
    got = path_probabilities(paths, 5, bins, rng, SeasonTargetConfig(size_sd=1e-12, peak_week_sd=1e-9))
    week, peak, total = np.zeros(52), np.zeros(11), np.zeros(11)
    for path in paths:
        tied = [i for i in range(52) if path[i] == max(path)]
        for i in tied:
            week[i] += 1 / len(tied) / 50
        peak[min(int(max(path) // 2), 10)] += 1 / 50
        total[min(int(sum(path) // 20), 10)] += 1 / 50
    for target, wanted in zip(TARGETS, (week, peak, total), strict=True):
        np.testing.assert_allclose(got[target], wanted, atol=1e-12)


def test_laplace_comes_near_to_numerical_integration():
    mean, covariance = np.array([1.0, 1.3]), np.array([[0.8, 0.5], [0.5, 0.9]])
    centre, spread, evidence_ = laplace(np.array([12.0]), mean, covariance, 10.0)
    f = np.linspace(-6, 9, 20_001)
    joint = norm.pdf(f, 1.0, np.sqrt(0.8)) * nbinom.pmf(12, 10.0, 10 / (10 + np.exp(f)))
    mass = joint.sum() * (f[1] - f[0])
    first = (joint * f).sum() / joint.sum()
    second = (joint * (f - first) ** 2).sum() / joint.sum()
    slope = 0.5 / 0.8
    assert evidence_ == pytest.approx(np.log(mass), abs=0.02)
    assert centre[0] == pytest.approx(1.3 + slope * (first - 1.0), abs=0.05)
    assert spread[0, 0] == pytest.approx(0.9 - slope**2 * 0.8 + slope**2 * second, rel=0.05)


def test_climatology_rules_out_what_cannot_come_any_more(history):
    seen = np.zeros(30)
    seen[12] = 47.0
    past = climatology(history, seen, BINS, SeasonTargetConfig().climatology)
    assert past["peak_week"][:30].nonzero()[0].tolist() == [12]
    assert past["peak_incidence"][:3].sum() == 0 and past["peak_incidence"][3] > 0
    for probability in past.values():
        assert probability.sum() == pytest.approx(1)


def test_the_fit_finds_seasons_more_likely_than_its_start(history):
    start = CoxConfig()
    fitted = fit_cox(history.own, history.other, start)
    assert evidence(history.own, history.other, fitted) > evidence(history.own, history.other, start) + 1
    with pytest.raises(ValueError, match="2 are needed"):
        evidence(history.own[:2], history.other, start)


@pytest.mark.mirror
@pytest.mark.slow
@pytest.mark.parametrize(("city", "other"), [("iquitos", "san_juan"), ("san_juan", "iquitos")])
def test_the_frozen_process_is_the_fit_to_the_training_seasons(mirror, city, other):
    own, foreign = (read_training(mirror, name).cases.astype(float) for name in (city, other))
    fitted, frozen = fit_cox(own, foreign), CITY_CONFIGS[city].cox
    assert evidence(own, foreign, frozen) == pytest.approx(evidence(own, foreign, fitted), abs=0.1)
    for name in FITTED:
        assert getattr(frozen, name) == pytest.approx(getattr(fitted, name), rel=0.05)
