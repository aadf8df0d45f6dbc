"""How long the walk from door to door takes: straight line, detour, terrain and speed of ``community.yaml``."""

from __future__ import annotations

import numpy as np

from healthops.data.community_rules import Rules

#: Terrain of a hamlet, from easy to hard.
TERRAINS = ("flat", "hilly", "mountain")
#: Length of a degree of latitude, km.
KM_PER_DEGREE = 111.32


def terrain_factor(terrain: str, rules: Rules) -> float:
    """Time a walk takes over the time on level ground."""
    return rules("walking", f"terrain_{terrain}")


def walking_minutes(
    start: np.ndarray, start_terrain: np.ndarray, end: np.ndarray, end_terrain: np.ndarray, rules: Rules
) -> np.ndarray:
    """Minutes on foot from every start to every end.

    Parameters
    ----------
    start, end : array of float, shapes (A, 2) and (B, 2)
        Kilometres east and north.
    start_terrain, end_terrain : array of float, shapes (A,) and (B,)
        Terrain factors; a walk has the mean of its two ends.
    rules : Rules
        Speed and detour.

    Returns
    -------
    array of float, shape (A, B)

    Examples
    --------
    >>> from healthops.data.community_rules import load_rules
    >>> here, there = np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]])
    >>> walking_minutes(here, np.ones(1), there, np.ones(1), load_rules())
    array([[78.]])
    """
    gap = np.asarray(start, float)[:, None, :] - np.asarray(end, float)[None, :, :]
    km = np.hypot(gap[..., 0], gap[..., 1]) * rules("walking", "detour")
    slow = (np.asarray(start_terrain, float)[:, None] + np.asarray(end_terrain, float)[None, :]) / 2
    return 60 * km / rules("walking", "speed_km_h") * slow


def on_plane(latitude: np.ndarray, longitude: np.ndarray, origin: tuple[float, float]) -> np.ndarray:
    """Kilometres east and north of `origin` (latitude, longitude), shape (N, 2); for places near one another."""
    north = (np.asarray(latitude, float) - origin[0]) * KM_PER_DEGREE
    east = (np.asarray(longitude, float) - origin[1]) * KM_PER_DEGREE * np.cos(np.radians(origin[0]))
    return np.column_stack([east, north])
