"""What happens around a place: its nearest neighbours, the pull of larger places, and the rest of the country.

Neighbours and weights come from coordinates and population alone, which do not change; their cases are those known
at the end of the week.
"""

from __future__ import annotations

import numpy as np

from healthops.features.geography import distances_km
from healthops.features.grid import FeatureError, lagged, trailing_mean

#: How many places count as neighbours.
NEAREST = 5

#: Distances below this count as this, km, so that twin cities do not drown the rest.
NEAR_KM = 20.0


def nearest(latitude: np.ndarray, longitude: np.ndarray, *, k: int = NEAREST) -> np.ndarray:
    """Return the rows of the `k` nearest places by great-circle distance, nearest first, shape (P, min(k, P - 1)).

    Ties go to the place that comes first; a place without coordinates counts as the farthest.
    """
    if k < 1:
        raise FeatureError(f"a place needs at least one neighbour, not {k}")
    away = np.nan_to_num(distances_km(latitude, longitude, to=(latitude, longitude)), nan=np.inf)
    np.fill_diagonal(away, np.inf)
    order = np.argsort(away, axis=1, kind="stable")
    others = order[order != np.arange(len(away))[:, None]].reshape(len(away), -1)
    return others[:, :k]


def gravity_weights(latitude: np.ndarray, longitude: np.ndarray, population: np.ndarray) -> np.ndarray:
    """Return how strongly each place pulls on each other one: population over distance squared, rows summing to 1.

    The gravity model of movement (Zipf 1946), shape (P, P); zero on the diagonal and towards unplaced places.
    """
    away = np.maximum(distances_km(latitude, longitude, to=(latitude, longitude)), NEAR_KM)
    pull = np.nan_to_num(population[None, :] / away**2)
    np.fill_diagonal(pull, 0.0)
    total = pull.sum(axis=1, keepdims=True)
    return np.divide(pull, total, out=np.zeros_like(pull), where=total > 0)


def neighbour_features(
    cases: np.ndarray, population: np.ndarray, latitude: np.ndarray, longitude: np.ndarray, *, k: int = NEAREST
) -> dict[str, np.ndarray]:
    """Describe each place-week by what its surroundings reported.

    Parameters
    ----------
    cases : array, shape (P, T)
        Weekly cases; NaN where no report came (left out of every sum, with its inhabitants).
    population, latitude, longitude : array, shape (P,)

    Returns
    -------
    dict of str to array, shape (P, T)
        In the order of the catalogue.
    """
    month = trailing_mean(cases, 4)
    near = nearest(latitude, longitude, k=k)
    members = np.zeros((len(cases), len(cases)))
    np.put_along_axis(members, near, 1.0, axis=1)
    pull = gravity_weights(latitude, longitude, population)
    rate, month_rate = (values / population[:, None] * 1e5 for values in (cases, month))
    month_now, month_before = _weighted(pull, month_rate), _weighted(pull, lagged(month_rate, 4))
    return {
        "neighbour_lag_0": _weighted(members, cases),
        "neighbour_lag_1": lagged(_weighted(members, cases), 1),
        "neighbour_average_28_days": _weighted(members, month) / 7,
        "neighbour_rate_lag_0": _weighted(members * population[None, :], rate),
        "neighbour_share_with_cases": _weighted(members, np.where(np.isnan(cases), np.nan, cases > 0)),
        "gravity_rate_lag_0": _weighted(pull, rate),
        "gravity_rate_28_days": month_now,
        "gravity_growth_4_weeks": np.log((month_now + 0.05) / (month_before + 0.05)) / 4,
        "elsewhere_rate_lag_0": _weighted((1 - np.eye(len(cases))) * population[None, :], rate),
    }


def _weighted(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    seen = np.isfinite(values)
    below = weights @ seen.astype(float)
    above = weights @ np.where(seen, values, 0.0)
    return np.divide(above, below, out=np.full(values.shape, np.nan), where=below > 1e-12)
