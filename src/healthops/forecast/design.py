"""What the boosted trees see of a place at the end of a week: one array of features, all of them from the past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from healthops.features.calendar import season_angle
from healthops.features.grid import lagged
from healthops.features.neighbours import nearest
from healthops.forecast.past_years import same_weeks, usual_course

LAGS = (1, 2, 3, 4, 6, 8, 12, 26, 52)
MEAN_WEEKS = (4, 8, 13, 26, 52)
TREND_WEEKS = ((4, 1), (6, 1), (8, 2), (12, 2))


@dataclass(frozen=True)
class Design:
    """Features by place, week and name.

    Attributes
    ----------
    values : array of float32, shape (P, T, F)
        NaN where the past is too short.
    names : tuple of str, length F
    groups : tuple of str, length F
        Which group each feature belongs to: what an ablation switches off.
    """

    values: np.ndarray
    names: tuple[str, ...]
    groups: tuple[str, ...]


def trailing(z: np.ndarray, weeks: int) -> np.ndarray:
    """View the last `weeks` values at each week, shape (P, T, weeks); NaN before the start."""
    padded = np.concatenate([np.full((len(z), weeks - 1), np.nan), z], axis=1)
    return sliding_window_view(padded, weeks, axis=1)


def trend_weights(weeks: int, degree: int) -> np.ndarray:
    """Weights that give level, slope (and curvature) at the last week of a least-squares polynomial.

    Returns
    -------
    array, shape (degree + 1, weeks)
        Applied to the last `weeks` values, oldest first; per week, per week squared.
    """
    powers = np.vander(np.arange(1 - weeks, 1, dtype=float), degree + 1, increasing=True)
    return np.linalg.pinv(powers)


def neighbours(latitude: np.ndarray, longitude: np.ndarray, count: int) -> np.ndarray:
    """Weights of the `count` nearest other places of each place, rows summing to 1; shape (P, P)."""
    near = nearest(latitude, longitude, k=count)
    weights = np.zeros((len(near), len(near)))
    np.put_along_axis(weights, near, 1.0 / max(near.shape[1], 1), axis=1)
    return weights


def same_region(places: Sequence[str]) -> np.ndarray:
    """Weights of the other places of the same department, rows summing to 1 or 0; shape (P, P)."""
    prefix = np.array([p[:2] for p in places])
    same = (prefix[:, None] == prefix[None]).astype(float)
    np.fill_diagonal(same, 0.0)
    return same / np.maximum(same.sum(axis=1, keepdims=True), 1.0)


def week_features(
    z: np.ndarray,
    weeks: np.ndarray,
    places: Sequence[str],
    *,
    log_population: np.ndarray,
    typical: np.ndarray,
    named: Mapping[str, np.ndarray] | None = None,
) -> Design:
    """Build the features that do not depend on the horizon.

    Parameters
    ----------
    z : array, shape (P, T)
        Transformed cases without gaps.
    weeks : array of datetime64, shape (T,)
    places : sequence of str, length P
    log_population, typical : array, shape (P,)
        Natural logarithm of the inhabitants; the place's own scale.
    named : mapping of str to array, shape (P, T)
        Further features; ``latitude`` and ``longitude`` also say who is near whom.
    """
    columns: list[tuple[str, str, np.ndarray]] = [("level", "recent", z)]
    columns += [(f"change_{k}", "recent", z - lagged(z, k)) for k in LAGS]
    for width, degree in TREND_WEEKS:
        fitted = trailing(z, width) @ trend_weights(width, degree).T
        columns.append((f"trend{width}_level", "trend", fitted[..., 0] - z))
        columns += [(f"trend{width}_{n}", "trend", fitted[..., i]) for i, n in ((1, "slope"), (2, "curve"))[:degree]]
    columns += [(f"mean_{k}", "history", trailing(z, k).mean(axis=-1) - z) for k in MEAN_WEEKS]
    columns.append(("roughness", "history", trailing(np.diff(z, axis=1, prepend=np.nan), 9)[..., 1:].std(axis=-1)))
    year = trailing(z, 52)
    columns.append(("below_peak", "history", year.max(axis=-1) - z))
    columns.append(("weeks_since_peak", "history", 51.0 - np.where(np.isnan(year), -np.inf, year).argmax(axis=-1)))
    angle = season_angle(weeks)
    columns += [("season_sin", "season", np.broadcast_to(np.sin(angle), z.shape))]
    columns += [("season_cos", "season", np.broadcast_to(np.cos(angle), z.shape))]
    columns += _around(z, places, named or {})
    columns.append(("log_population", "place", np.broadcast_to(log_population[:, None], z.shape)))
    columns.append(("typical", "place", np.broadcast_to(typical[:, None], z.shape)))
    columns += [(name, "table", values) for name, values in (named or {}).items()]
    names, groups, values = zip(*columns, strict=True)
    return Design(np.stack(values, axis=-1).astype(np.float32), names, groups)


def horizon_features(z: np.ndarray, weeks: np.ndarray, horizon: int) -> Design:
    """Build the features of the week that is forecast: its season, and what that week was like in past years."""
    usual = usual_course(z, horizon)
    angle = season_angle(weeks + np.timedelta64(7 * horizon, "D"))
    columns = [
        ("horizon", "horizon", np.full_like(z, horizon)),
        ("target_sin", "season", np.broadcast_to(np.sin(angle), z.shape)),
        ("target_cos", "season", np.broadcast_to(np.cos(angle), z.shape)),
        ("last_year", "season", same_weeks(z, horizon)[0] - z),
        ("usual", "season", usual - z),
        ("usual_rise", "season", usual - usual_course(z, 0)),
    ]
    names, groups, values = zip(*columns, strict=True)
    return Design(np.stack(values, axis=-1).astype(np.float32), names, groups)


def _around(z: np.ndarray, places: Sequence[str], named: Mapping[str, np.ndarray]) -> list[tuple[str, str, np.ndarray]]:
    weights = {"nation": np.full((len(places),) * 2, 1.0 / len(places)), "region": same_region(places)}
    if {"latitude", "longitude"} <= set(named):
        weights["near"] = neighbours(named["latitude"][:, -1], named["longitude"][:, -1], 5)
    columns = []
    for name, w in weights.items():
        level = w @ z
        columns.append((f"{name}_level", "around", level - z if name != "nation" else level))
        columns.append((f"{name}_change_1", "around", level - lagged(level, 1)))
        columns.append((f"{name}_change_4", "around", level - lagged(level, 4)))
    return columns
