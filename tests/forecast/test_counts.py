"""Quantiles of counts against scipy, and the dispersion that counts were drawn with."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nbinom, poisson

from healthops.data.schemas import QUANTILE_LEVELS
from healthops.forecast.counts import count_quantiles, fit_dispersion


def test_quantiles_are_those_of_scipy():
    mean = np.array([0.02, 0.7, 3.0, 18.0, 120.0, 299.0, 301.0, 900.0])
    levels = np.array(QUANTILE_LEVELS)
    assert (count_quantiles(mean) == poisson.ppf(levels, mean[:, None])).all()
    for spread in (0.003, 0.05, 1.0):
        size = 1 / spread
        expected = nbinom.ppf(levels, size, size / (size + mean[:, None]))
        assert (count_quantiles(mean, spread) == expected).all()


def test_quantiles_never_cross_and_grow_with_the_dispersion():
    mean = np.random.default_rng(1).gamma(1.0, 5.0, 500)
    narrow, wide = count_quantiles(mean, 0.0), count_quantiles(mean, 0.5)
    assert (np.diff(narrow) >= 0).all() and (np.diff(wide) >= 0).all()
    assert wide[:, -1].sum() > narrow[:, -1].sum() and (count_quantiles(np.zeros(3), 0.5) == 0).all()


@pytest.mark.parametrize(("mean", "spread"), [([-1.0], 0.0), ([np.nan], 0.0), ([1.0], -0.1), ([[1.0]], 0.0)])
def test_what_is_no_mean_or_dispersion_is_refused(mean, spread):
    with pytest.raises(ValueError, match="must be finite"):
        count_quantiles(np.array(mean), spread)


def test_the_dispersion_is_found_again():
    rng = np.random.default_rng(4)
    mean = rng.uniform(2, 12, 40_000)
    drawn = rng.poisson(mean * rng.gamma(1 / 0.08, 0.08, len(mean))).astype(float)
    assert fit_dispersion(drawn, mean) == pytest.approx(0.08, abs=0.008)
    assert fit_dispersion(rng.poisson(mean).astype(float), mean) < 0.003
    drawn[::7] = np.nan
    assert fit_dispersion(drawn, mean) == pytest.approx(0.08, abs=0.01)
    with pytest.raises(ValueError, match="at least one"):
        fit_dispersion(np.array([np.nan]), np.array([1.0]))
