"""Draws by inversion against SciPy's binomial distribution."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from healthops.simulate import chain


@pytest.mark.parametrize(
    ("n", "p"), [(1, 0.5), (7, 0.9), (40, 0.2), (10**6, 3e-6), (10**9, 9e-9), (12, 0.8), (19, 0.5)]
)
def test_small_means_are_the_exact_quantile(n: int, p: float):
    for u in np.random.default_rng(1).random(2000):
        assert chain.binomial(n, p, u) == stats.binom.ppf(u, n, p)


@pytest.mark.parametrize(("n", "p"), [(10**7, 1.01e-6), (40, 0.26), (21, 0.5), (500, 0.9), (10**6, 0.3)])
def test_large_means_are_within_the_stated_distance(n: int, p: float):
    levels = (np.arange(20_000) + 0.5) / 20_000
    drawn = np.array([chain.binomial(n, p, u) for u in levels])
    assert (np.diff(drawn) >= 0).all()  # more luck, more successes: what common random numbers rest on
    k, count = np.unique(drawn, return_counts=True)
    assert np.abs(np.cumsum(count) / len(levels) - stats.binom.cdf(k, n, p)).max() < 3e-4 + 1 / len(levels)


@pytest.mark.parametrize("hazard", [1e-5, 1e-3, 0.1, 0.9])
@pytest.mark.parametrize("n", [3, 50, 4000])
def test_infections_are_the_same_draw(n: int, hazard: float):
    for u in np.random.default_rng(2).random(300):
        assert chain.rarely(n, chain.probability(hazard), -hazard, u) == chain.binomial(n, -np.expm1(-hazard), u)


def test_probabilities_of_small_hazards_have_ten_figures():
    hazards = np.geomspace(1e-12, 5.0, 400)
    found = np.array([chain.probability(h) for h in hazards])
    np.testing.assert_allclose(found, -np.expm1(-hazards), rtol=4e-11)


def test_tables_are_the_same_draw():
    p = np.array([1 / 3, 0.2, 1 / 14, 1.0])
    tables = chain.leaving_tables(p)
    for which in range(4):
        for n in (0, 1, 5, 63, 64, 300):
            for u in np.random.default_rng(n).random(50):
                drawn = chain.leaving(n, which, p, tables, u)
                # above, the two agree as far as the expansion does
                assert drawn == (stats.binom.ppf(u, n, p[which]) if n < chain.TABLE else chain.binomial(n, p[which], u))


def test_normal_quantile_has_seven_figures():
    levels = np.concatenate([np.random.default_rng(3).random(500), [1e-16, 1e-12, 1e-5, 0.075, 0.925, 1 - 1e-9]])
    found = np.array([chain.normal_quantile(u) for u in levels])
    np.testing.assert_allclose(found, stats.norm.ppf(levels), rtol=1e-6, atol=1e-7)


def test_uniforms_are_uniform_and_unrelated_between_events_days_draws_and_seeds():
    def row(seed: int, draw: int, day: int) -> list[float]:
        key = np.uint64(chain.day_key(seed, draw, day))
        return [chain.uniform(key, event) for event in range(4000)]

    rows = np.array([row(1, 0, 0), row(1, 0, 1), row(1, 1, 0), row(2, 0, 0)])
    assert min(stats.kstest(r, "uniform").pvalue for r in rows) > 1e-3
    shifted = np.concatenate([rows, np.roll(rows, 1, axis=1)])
    assert np.abs(np.corrcoef(shifted) - np.eye(8)).max() < 4.5 / np.sqrt(4000)
    assert rows.min() > 0 and rows.max() < 1


@pytest.mark.parametrize(("total", "part", "whole"), [(3, 5, 9), (9, 5, 9), (4, 0, 9), (1, 1, 2), (0, 3, 9)])
def test_shares_can_always_be_given_and_are_right_on_average(total: int, part: int, whole: int):
    levels = (np.arange(10_000) + 0.5) / 10_000
    given = np.array([chain.share(total, part, whole, u) for u in levels])
    assert given.min() >= max(0, total - (whole - part)) and given.max() <= min(total, part)
    assert given.mean() == pytest.approx(total * part / whole, abs=1e-3)
