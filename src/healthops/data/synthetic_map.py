"""The map of the synthetic country: districts that tile it, provinces and departments that are unions of districts.

Centres are placed by Lloyd's algorithm, department by department, then province by province, then district by
district; the districts are their Voronoi cells. Every border between two cells is drawn once, as a line bent by
midpoint displacement, so that neighbours share it point for point and the outlines of unions are exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Degrees of longitude and latitude that the country lies in, roughly.
WEST, EAST, SOUTH, NORTH = -79.5, -69.5, -15.5, -1.5
_DEGREE_KM = 111.32
_DIGITS = 5


@dataclass(frozen=True)
class Map:
    """Districts on a map.

    Attributes
    ----------
    centre : array of float, shape (D, 2)
        Longitude and latitude of each district's centre, degrees.
    inland : array of float, shape (D,)
        How far from the coast: 0 at the western shore, 1 at the eastern border.
    department, province : array of int, shape (D,)
        Number of the department, and of the province within it.
    borders : dict of (int, int) to array of float, shape (n, 2)
        Line shared by two districts i < j, or by district i and the outside (-1, i).
    """

    centre: np.ndarray
    inland: np.ndarray
    department: np.ndarray
    province: np.ndarray
    borders: dict[tuple[int, int], list[np.ndarray]]

    def neighbours(self) -> np.ndarray:
        """Whether two districts share a border, shape (D, D)."""
        touch = np.zeros((len(self.centre),) * 2, dtype=bool)
        for i, j in self.borders:
            if i >= 0:
                touch[i, j] = touch[j, i] = True
        return touch

    def outline(self, members: np.ndarray) -> list[np.ndarray]:
        """Closed rings around the union of districts where `members` (bool, shape (D,)) is true, largest first."""
        lines = [
            line for (i, j), pieces in self.borders.items() if (i >= 0 and members[i]) != members[j] for line in pieces
        ]
        return sorted(_rings(lines), key=lambda ring: -abs(area_km2(ring)))


def draw_map(rng: np.random.Generator, *, departments: int, provinces: int = 3, districts: int = 3) -> Map:
    """Draw a country of `departments`, each of `provinces`, each of `districts`."""
    land = _land(rng, 240 * departments)
    centres, labels = [], []
    for d, part in enumerate(_divide(land, departments, rng)):
        for p, piece in enumerate(_divide(part, provinces, rng)):
            for cell in _divide(piece, districts, rng):
                centres.append(cell.mean(axis=0))
                labels.append((d, p))
    centre = np.round(np.array(centres), 4)
    department, province = np.array(labels).T
    return Map(centre, _inland(centre), department, province, _borders(centre, rng))


def area_km2(ring: np.ndarray) -> float:
    """Signed area of a closed ring of degrees, on the sinusoidal (equal-area) projection, km2.

    >>> square = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], float)
    >>> round(area_km2(square))
    12391
    """
    x = (ring[:, 0] - WEST) * np.cos(np.radians(ring[:, 1])) * _DEGREE_KM
    y = ring[:, 1] * _DEGREE_KM
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2)


# ---- the land -------------------------------------------------------------------------------------------------------
def _shores(latitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Longitude of the western shore and of the eastern border at a latitude."""
    down = (NORTH - latitude) / (NORTH - SOUTH)
    west = WEST + 4.6 * down**1.3 + 0.5 * np.sin(5 * down)
    east = west + 4.3 + 1.5 * np.sin(2.6 * down + 0.3)
    return west, east


def _inland(points: np.ndarray) -> np.ndarray:
    west, east = _shores(points[:, 1])
    return np.round(np.clip((points[:, 0] - west) / (east - west), 0, 1), 4)


def _land(rng: np.random.Generator, n: int) -> np.ndarray:
    points = rng.uniform([WEST - 1, SOUTH], [EAST + 2, NORTH], (8 * n, 2))
    west, east = _shores(points[:, 1])
    return np.round(points[(points[:, 0] > west) & (points[:, 0] < east)][:n], 5)


def _divide(points: np.ndarray, parts: int, rng: np.random.Generator, *, rounds: int = 12) -> list[np.ndarray]:
    """Divide points into compact parts of about the same size (Lloyd's algorithm)."""
    centres = points[rng.choice(len(points), parts, replace=False)]
    for _ in range(rounds):
        distance = ((points[:, None] - centres[None]) ** 2).sum(axis=-1)
        nearest = np.round(distance, 9).argmin(axis=1)
        centres = np.array(
            [points[nearest == k].mean(axis=0) if (nearest == k).any() else centres[k] for k in range(parts)]
        )
        centres = np.round(centres, 7)
    return [points[nearest == k] for k in range(parts)]


# ---- borders --------------------------------------------------------------------------------------------------------
def _borders(centre: np.ndarray, rng: np.random.Generator) -> dict[tuple[int, int], list[np.ndarray]]:
    """Voronoi edges between districts, and between districts and a ring of points around the country, bent."""
    from scipy.spatial import Voronoi

    around = _around(centre, rng)
    voronoi = Voronoi(np.vstack([centre, around]))
    vertices = np.round(voronoi.vertices, _DIGITS)
    edges = []
    for (i, j), (a, b) in zip(voronoi.ridge_points, voronoi.ridge_vertices, strict=True):
        low, high = sorted((int(i), int(j)))
        if low >= len(centre) or min(a, b) < 0 or (vertices[a] == vertices[b]).all():
            continue
        pair = (low, high) if high < len(centre) else (-1, low)
        ends = sorted((tuple(vertices[a]), tuple(vertices[b])))
        edges.append((pair, ends))
    borders: dict[tuple[int, int], list[np.ndarray]] = {}
    for pair, ends in sorted(edges):
        borders.setdefault(pair, []).append(_bend(np.array(ends), rng))
    return borders


def _around(centre: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Points outside the country, about as dense as the districts, so that shore and border follow the land."""
    step = np.sqrt((EAST - WEST) * (NORTH - SOUTH) * 0.55 / len(centre))
    lon, lat = np.meshgrid(np.arange(WEST - 4, EAST + 5, step), np.arange(SOUTH - 3, NORTH + 3, step))
    points = np.column_stack([lon.ravel(), lat.ravel()])
    points += rng.uniform(-0.2, 0.2, points.shape) * step
    west, east = _shores(np.clip(points[:, 1], SOUTH, NORTH))
    gap = 0.35 * step
    outside = (points[:, 0] < west - gap) | (points[:, 0] > east + gap)
    outside |= (points[:, 1] > NORTH + gap) | (points[:, 1] < SOUTH - gap)
    return np.round(points[outside], 4)


def _bend(ends: np.ndarray, rng: np.random.Generator, *, depth: int = 3, roughness: float = 0.11) -> np.ndarray:
    """Displace midpoints at random, `depth` times; the end points stay."""
    line = ends
    for _ in range(depth):
        step = np.diff(line, axis=0)
        middle = (line[:-1] + line[1:]) / 2
        aside = np.column_stack([-step[:, 1], step[:, 0]]) * rng.uniform(-roughness, roughness, (len(step), 1))
        bent = np.empty((2 * len(line) - 1, 2))
        bent[0::2], bent[1::2] = line, np.round(middle + aside, _DIGITS)
        line = bent
    return line


def _rings(lines: list[np.ndarray]) -> list[np.ndarray]:
    """Join lines end to end into closed rings."""
    at: dict[tuple[float, float], list[int]] = {}
    for k, line in enumerate(lines):
        for end in (line[0], line[-1]):
            at.setdefault(tuple(end), []).append(k)
    unused = dict.fromkeys(range(len(lines)))
    rings = []
    while unused:
        first = next(iter(unused))
        del unused[first]
        ring = lines[first]
        while tuple(ring[-1]) != tuple(ring[0]):
            here = tuple(ring[-1])
            k = next(k for k in at[here] if k in unused)
            del unused[k]
            following = lines[k] if tuple(lines[k][0]) == here else lines[k][::-1]
            ring = np.vstack([ring, following[1:]])
        rings.append(ring if area_km2(ring) > 0 else ring[::-1])
    return rings
