"""Expected unmet need as a line of segments, and their exact filling.

E[(N - a)+] falls with what is sent, a, and ever more slowly. Cut a into segments and each has one gain per unit; over
all districts the best use of a budget is to fill the segments in the order of their gain. For divisible goods the
segments end at the points of the distribution, for boxes each box is one; for both the filling is exact (Fox 1966,
Management Science 13, 210-216). Within a district the gains never rise, so no segment is filled before an
earlier one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from healthops.allocate.need import Need

#: Gains closer than this are the same; they are shared, so that the last digit of a sum decides nothing.
TIE = 1e-9


@dataclass(frozen=True)
class Segments:
    """Segments of all districts, district by district, each district's in order.

    Attributes
    ----------
    district : array of int, shape (S,)
        Row of the district.
    length : array of float, shape (S,)
        Units that the segment takes.
    gain : array of float, shape (S,)
        Unmet need that one unit of it saves, between 0 and 1.
    districts : int
        Number of districts.
    divisible : bool
        Whether a part of a segment can be filled.
    """

    district: np.ndarray
    length: np.ndarray
    gain: np.ndarray
    districts: int
    divisible: bool


def segments(need: Need, *, start: np.ndarray, box: float | None = None) -> Segments:
    """Cut the supply beyond `start`, shape (P,), into segments that gain something.

    Parameters
    ----------
    need : Need
        Needs of P districts.
    start : array of float, shape (P,)
        What each district has already: its stock and its floor.
    box : float, optional
        Smallest quantity that can be sent.
    """
    return _boxes(need, start, box) if box else _stretches(need, start)


def _stretches(need: Need, start: np.ndarray) -> Segments:
    places, points = need.points.shape
    edges = np.concatenate([np.zeros((places, 1)), need.points], axis=1)
    length = np.diff(np.maximum(edges, start[:, None]), axis=1).ravel()
    beyond = 1 - np.concatenate([[0.0], np.cumsum(need.weights)[:-1]])
    keep = length > 0
    district = np.repeat(np.arange(places), points)
    return Segments(district[keep], length[keep], np.tile(beyond, places)[keep], places, divisible=True)


def _boxes(need: Need, start: np.ndarray, box: float) -> Segments:
    count = np.ceil(np.maximum(need.points[:, -1] - start, 0) / box - TIE).astype(int)
    district = np.repeat(np.arange(len(count)), count)
    number = np.arange(len(district)) - np.repeat(np.cumsum(count) - count, count)
    low = start[district] + box * number
    points = need.points[district]
    # The gain of a box is the mean over it of the chance that its units are needed.
    used = np.clip(points - low[:, None], 0, box) @ need.weights / box
    return Segments(district, np.full(len(district), float(box)), used, len(count), divisible=False)


def fill(parts: Segments, budget: float) -> np.ndarray:
    """Fill the segments in the order of their gain until the budget is spent; return units by district, shape (P,).

    Divisible segments of equal gain at the margin are filled to the same share of their length; of equal boxes the
    district that comes first is served first. What would gain nothing is not sent.
    """
    useful = parts.gain > TIE
    district, length = parts.district[useful], parts.length[useful]
    rank = np.round(parts.gain[useful] / TIE)
    order = np.argsort(-rank, kind="stable")
    if parts.divisible:
        taken = _share_at_margin(rank[order], length[order], budget)
    else:
        taken = np.where(np.cumsum(length[order]) <= budget * (1 + TIE) + TIE, length[order], 0.0)
    return np.bincount(district[order], weights=taken, minlength=parts.districts)


def _share_at_margin(rank: np.ndarray, length: np.ndarray, budget: float) -> np.ndarray:
    # `rank` falls; every run of equal ranks is one level, filled by the same share.
    starts = np.flatnonzero(np.concatenate([[True], np.diff(rank) != 0])) if len(rank) else np.zeros(0, int)
    size = np.add.reduceat(length, starts) if len(starts) else np.zeros(0)
    left = budget - (np.cumsum(size) - size)
    share = np.clip(np.divide(left, size, out=np.zeros_like(size), where=size > 0), 0, 1)
    return length * np.repeat(share, np.diff(np.append(starts, len(rank))))
