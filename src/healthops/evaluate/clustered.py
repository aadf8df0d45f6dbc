"""How sure is a share, or an area under the ROC curve, where rows come in clusters, such as the people of a home?

Rows of one cluster resemble each other, so that intervals which take every row for a new one are too narrow.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Estimate(NamedTuple):
    """A value with its 95 % interval; all NaN where there is nothing to estimate from."""

    value: float
    low: float
    high: float


_NONE = Estimate(np.nan, np.nan, np.nan)
_Z = 1.959963984540054


def auc(score: np.ndarray, event: np.ndarray, cluster: np.ndarray) -> Estimate:
    """Area under the ROC curve with an interval that allows for clusters [1]_; each row its own: DeLong's.

    Parameters
    ----------
    score : array of float, shape (n,)
        Without missing values; ties count half.
    event : array of 0 and 1, shape (n,)
    cluster : array, shape (n,)
        Equal for the rows of a cluster.

    Returns
    -------
    Estimate
        The interval is made on the scale of log odds; without one where the area is 0 or 1. All NaN where there is no
        event, or nothing else.

    .. [1] Obuchowski (1997), Nonparametric analysis of clustered ROC curve data, Biometrics 53(2): 567-578.
    """
    from scipy.stats import rankdata

    event = np.asarray(event).astype(bool)
    m, n = int(event.sum()), int((~event).sum())
    if not m or not n:
        return _NONE
    rank, within = rankdata(score), np.empty(len(event))
    within[event], within[~event] = rankdata(score[event]), rankdata(score[~event])
    # Share of the other side that each row beats: of an event, those below it; of another row, those above it.
    placed = np.where(event, (rank - within) / n, 1 - (rank - within) / m)
    area = float(placed[event].mean())
    _, at = np.unique(cluster, return_inverse=True)
    off = placed - area
    own = [np.bincount(at, np.where(side, off, 0)) for side in (event, ~event)]
    groups = [int((np.bincount(at, side) > 0).sum()) for side in (event, ~event)]
    if min(groups) < 2 or not 0 < area < 1:
        return Estimate(area, np.nan, np.nan)
    parts = [g / (g - 1) * float(x @ x) / k**2 for g, x, k in zip(groups, own, (m, n), strict=True)]
    total = len(own[0])
    variance = sum(parts) + 2 * total / (total - 1) * float(own[0] @ own[1]) / (m * n)
    centre, spread = np.log(area / (1 - area)), _Z * np.sqrt(max(variance, 0.0)) / (area * (1 - area))
    return Estimate(area, *(float(1 / (1 + np.exp(-x))) for x in (centre - spread, centre + spread)))


def share(event: np.ndarray, cluster: np.ndarray) -> Estimate:
    """Share of rows with an event, with Wilson's interval at the effective number of rows [1]_.

    Parameters
    ----------
    event : array of 0 and 1, shape (n,)
    cluster : array, shape (n,)
        Equal for the rows of a cluster: the variance of the share is that of a ratio of sums over clusters.

    .. [1] Dean, Pagano (2015), Evaluating confidence interval methods for binomial proportions in clustered surveys,
       J Surv Stat Methodol 3(4): 484-503.
    """
    event = np.asarray(event, float)
    n = len(event)
    if not n:
        return _NONE
    p = float(event.mean())
    _, at = np.unique(cluster, return_inverse=True)
    off = np.bincount(at, event - p)
    variance = len(off) / max(len(off) - 1, 1) * float(off @ off) / n**2
    # Without an event (or with nothing else) the rows tell of no variance: each counts as one.
    size = min(n, p * (1 - p) / variance) if variance > 0 else n
    middle = (p + _Z**2 / (2 * size)) / (1 + _Z**2 / size)
    half = _Z / (1 + _Z**2 / size) * np.sqrt(p * (1 - p) / size + _Z**2 / (4 * size**2))
    return Estimate(p, max(0.0, float(middle - half)), min(1.0, float(middle + half)))
