"""Cumulative counts that fall: the nearest counts that never do."""

from __future__ import annotations

import numpy as np


def falls(total: np.ndarray) -> np.ndarray:
    """Where a cumulative count is below the one before it, shape (T,); what is missing is passed over.

    Examples
    --------
    >>> falls(np.array([1.0, 4.0, 3.0, np.nan, 2.0])).tolist()
    [False, False, True, False, True]
    """
    known = np.flatnonzero(~np.isnan(total))
    fell = np.zeros(len(total), dtype=bool)
    fell[known[1:]] = np.diff(total[known]) < 0
    return fell


def never_falling(total: np.ndarray) -> np.ndarray:
    """Return the non-decreasing counts nearest to `total`, shape (T,), in least squares; gaps take the value before.

    A fall is a correction of something counted before, and no source says of what. Isotonic regression (Barlow et
    al. 1972, Statistical Inference under Order Restrictions) spreads it over the shortest run around it that no
    longer falls, whether a count was too high before or too low after, and leaves all else alone. Before the first
    count there is nothing: 0.

    Examples
    --------
    >>> never_falling(np.array([np.nan, 1.0, 6.0, 4.0, np.nan, 9.0])).tolist()
    [0.0, 1.0, 5.0, 5.0, 5.0, 9.0]
    """
    from scipy.optimize import isotonic_regression

    known = ~np.isnan(total)
    if not known.any():
        return np.zeros(len(total))
    level = isotonic_regression(total[known]).x if falls(total).any() else total[known]
    # Position of the last known count at or before each time; -1: none yet.
    last = np.cumsum(known) - 1
    return np.where(last >= 0, level[np.maximum(last, 0)], 0.0)
