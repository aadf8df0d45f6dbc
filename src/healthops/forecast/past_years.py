"""The same week of past years: what trees and networks alike know of the season of a coming week."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from healthops.features.grid import lagged

#: Past years that are looked at.
YEARS_BACK = 6


def same_weeks(values: np.ndarray, ahead: int) -> np.ndarray:
    """Mean of the three weeks around the week `ahead` weeks later, in each past year, as known at each week.

    Parameters
    ----------
    values : array, shape (P, T)
        Transformed cases without gaps.
    ahead : int
        At most 51: the week around the one a year before is then over.

    Returns
    -------
    array, shape (YEARS_BACK, P, T)
        At row k - 1 and week t: around t + ahead - 52 k; NaN where the past does not reach so far.
    """
    smooth = np.full(values.shape, np.nan)
    if values.shape[1] >= 3:
        smooth[:, 2:] = sliding_window_view(values, 3, axis=1).mean(axis=-1)
    return np.stack([lagged(smooth, 52 * k - ahead - 1) for k in range(1, YEARS_BACK + 1)])


def usual_course(values: np.ndarray, ahead: int) -> np.ndarray:
    """Mean of :func:`same_weeks` over the years that are known, shape (P, T); NaN without a past year."""
    years = same_weeks(values, ahead)
    count = (~np.isnan(years)).sum(axis=0)
    return np.where(count > 0, np.nansum(years, axis=0) / np.maximum(count, 1), np.nan)
