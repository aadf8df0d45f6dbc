"""Is it worth acting on a probability? Net benefit beside treating everybody and nobody.

Whoever acts from a probability of `t` on counts one person helped as worth ``(1 - t) / t`` persons bothered in vain:
net benefit is the share of true positives less the share of false positives times ``t / (1 - t)`` [1]_.

.. [1] Vickers & Elkin (2006), Decision curve analysis: a novel method for evaluating prediction models,
   Medical Decision Making 26: 565-574.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


def net_benefit(came: np.ndarray, probability: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Return the net benefit at each threshold, per person, shape (T,).

    Parameters
    ----------
    came : array of bool, shape (n,)
    probability : array of float, shape (n,)
    thresholds : array of float, shape (T,)
        Between 0 and 1, both excluded.

    Raises
    ------
    ValueError
        If lengths differ, nobody is there, or a threshold is not between 0 and 1.

    >>> net_benefit(np.array([1, 1, 0, 0]), np.array([0.9, 0.3, 0.6, 0.1]), np.array([0.5, 0.2])).round(4).tolist()
    [0.0, 0.4375]
    """
    y, p, t = np.asarray(came, bool), np.asarray(probability, float), np.asarray(thresholds, float)
    if len(y) != len(p) or not len(y):
        raise ValueError(f"{len(y)} outcomes and {len(p)} probabilities: give one of each, at least one")
    if not ((t > 0) & (t < 1)).all():
        raise ValueError(f"thresholds from {t.min():g} to {t.max():g}: each must lie between 0 and 1")
    act = p[None, :] >= t[:, None]
    return (act & y).mean(axis=1) - (act & ~y).mean(axis=1) * t / (1 - t)


def decision_curve(came: np.ndarray, probabilities: Mapping[str, np.ndarray], thresholds: np.ndarray) -> pd.DataFrame:
    """Return the net benefit of each model, of treating all and of treating none.

    Returns
    -------
    DataFrame
        Columns ``policy``, ``threshold`` and ``net_benefit`` (per person).
    """
    import pandas as pd

    y = np.asarray(came, bool)
    every = {**probabilities, "everybody": np.ones(len(y)), "nobody": np.zeros(len(y))}
    parts = [
        pd.DataFrame({"policy": name, "threshold": thresholds, "net_benefit": net_benefit(y, p, thresholds)})
        for name, p in every.items()
    ]
    return pd.concat(parts, ignore_index=True)
