"""Calibration by the past: brute force on a small case, nothing seen beyond the origin, and biases that it mends."""

import numpy as np
import pytest
from scipy.stats import norm

from healthops.evaluate.scores import wis_log1p
from healthops.forecast.base import LEVELS
from healthops.forecast.rolling_calibration import (
    LEVEL_FACTORS,
    WIDTH_FACTORS,
    RollingParameters,
    adjusted,
    rolling_factors,
)

HORIZONS = (1, 4, 8)


def made(origins=30, places=12, *, bias=1.0, wide=1.0, seed=0):
    """Forecasts that are right, but for a factor of their level and width on the fourth-root scale."""
    rng = np.random.default_rng(seed)
    centre = rng.uniform(2.5, 4, (origins, places, len(HORIZONS)))
    observed = np.round(np.maximum(centre + 0.3 * rng.normal(size=centre.shape), 0) ** 4)
    quantiles = np.maximum(centre[..., None] + wide * 0.3 * norm.ppf(LEVELS), 0) ** 4 * bias
    return quantiles, observed, np.datetime64("2017-01-07") + 28 * np.arange(origins)


@pytest.mark.parametrize(("bias", "wide"), [(0.85, 1.0), (1.0, 1.25), (1.1, 0.85)])
def test_a_steady_fault_of_level_and_width_is_mended(bias, wide):
    quantiles, observed, origins = made(bias=bias, wide=wide)
    level, width = rolling_factors(quantiles, observed, origins, HORIZONS, RollingParameters(prior=0.0))
    assert (level[:2] == 1).sum() >= 3 and (width[0] == 1).all()
    np.testing.assert_allclose(level[15:].mean(), 1 / bias, rtol=0.05)
    np.testing.assert_allclose(width[15:].mean(), 1 / wide, rtol=0.06)


def test_factors_by_brute_force():
    quantiles, observed, origins = made(8, 5, bias=0.8, wide=1.2)
    observed[2, 3, 1] = np.nan
    observed[1, 2] = 0
    p = RollingParameters(window=3, prior=2.0, neighbours=1)
    level, width = rolling_factors(quantiles, observed, origins, HORIZONS, p)
    # Origin 6 is 4 weeks after origin 5, whose targets 1 and 4 weeks ahead are then known, but not that 8 weeks ahead.
    pasts = {0: [3, 4, 5], 1: [3, 4, 5], 2: [2, 3, 4]}
    near = {0: (0, 1), 1: (0, 1, 2), 2: (1, 2)}
    for h in range(3):
        tasks = [(o, g) for g in near[h] for o in pasts[g]]

        def loss(factor, tasks=tasks):
            found = adjusted(quantiles, factor, 1.0)
            return sum(np.nansum(wis_log1p(found[o, :, g], observed[o, :, g])) for o, g in tasks)

        wanted = min(LEVEL_FACTORS, key=loss) ** (3 / 5)
        assert level[6, h] == pytest.approx(wanted)
        nearest = min(LEVEL_FACTORS, key=lambda factor, wanted=wanted: abs(np.log(factor / wanted)))

        def miss(factor, tasks=tasks, nearest=nearest):
            found = adjusted(quantiles, nearest, factor)
            inside = [
                found[o, p, g, 2] <= observed[o, p, g] <= found[o, p, g, 20]
                for o, g in tasks for p in range(5) if observed[o, p, g] > 0
            ]  # fmt: skip
            return abs(np.mean(inside) - 0.9)

        assert width[6, h] == pytest.approx(1 + (3 / 5) * (min(WIDTH_FACTORS, key=miss) - 1))


def test_what_comes_after_an_origin_changes_nothing_at_it():
    quantiles, observed, origins = made(12)
    before = rolling_factors(quantiles, observed, origins, HORIZONS)
    changed = observed.copy()
    for j, h in enumerate(HORIZONS):
        unknown = origins + 7 * h > origins[9]
        changed[unknown, :, j] = 100 * changed[unknown, :, j] + 7
    after = rolling_factors(quantiles, changed, origins, HORIZONS)
    for first, second in zip(before, after, strict=True):
        np.testing.assert_array_equal(first[:10], second[:10])
        assert (first[10:] != second[10:]).any()


def test_adjusted_multiplies_then_widens_about_the_median():
    quantiles = np.linspace(10, 90, 23).reshape(1, 1, 1, 23)
    np.testing.assert_array_equal(adjusted(quantiles, 1.0, 1.0), np.round(quantiles))
    found = adjusted(quantiles, np.array([[2.0]]), np.array([[1.5]]))[0, 0, 0]
    root = (2 * quantiles[0, 0, 0]) ** 0.25
    np.testing.assert_array_equal(found, np.round((root[11] + 1.5 * (root - root[11])) ** 4))


def test_settings_out_of_range_are_refused():
    with pytest.raises(ValueError, match="window must be at least 1"):
        RollingParameters(window=0)
