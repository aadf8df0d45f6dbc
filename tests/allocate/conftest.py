"""A tiny country whose every number is known."""

from __future__ import annotations

import numpy as np
import pytest

from healthops.allocate.season import WEEK, Season
from healthops.data.schemas import QUANTILE_LEVELS

LEVELS = np.array(QUANTILE_LEVELS)


def make_season(
    cases: np.ndarray, quantiles: np.ndarray, *, first_origin: int, population: np.ndarray | None = None
) -> Season:
    """Season of P districts over T weeks; forecasts of shape (O, H, P, 23) start after week `first_origin`."""
    places, length = cases.shape
    weeks = np.datetime64("2020-01-04") + np.arange(length) * WEEK
    origins = weeks[first_origin : first_origin + len(quantiles)]
    return Season(
        locations=np.array([f"{10101 + i:06d}" for i in range(places)], dtype=object),
        origins=origins,
        quantiles=quantiles,
        weeks=weeks,
        cases=cases.astype(float),
        complete=np.ones(length, bool),
        population=np.full(places, 1000.0) if population is None else population,
        poverty=np.linspace(10.0, 60.0, places),
    )


@pytest.fixture
def country() -> Season:
    """Forty districts, thirty weeks, an epidemic that moves; lognormal forecasts around what came."""
    rng = np.random.default_rng(7)
    weeks, places, horizons = 40, 40, 5
    peak = rng.uniform(10, 35, places)
    size = rng.lognormal(2.0, 1.2, places)
    rate = size[:, None] * np.exp(-0.5 * ((np.arange(weeks) - peak[:, None]) / 5) ** 2)
    cases = rng.poisson(rate).astype(float)
    from scipy.stats import norm

    spread = np.exp(0.6 * norm.ppf(LEVELS))
    origins = range(9, weeks - horizons)
    quantiles = np.array([[np.outer(rate[:, o + h], spread) for h in range(1, horizons + 1)] for o in origins])
    return make_season(cases, quantiles, first_origin=9, population=rng.lognormal(9, 1, places))
