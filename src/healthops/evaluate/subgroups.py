"""Is a model as good, and its probabilities as right, for every group of people?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from healthops.evaluate.calibration import wilson

if TYPE_CHECKING:
    import pandas as pd

#: A group with fewer than this many outcomes of either kind is counted and not scored.
SMALLEST = 5


def by_subgroup(
    came: np.ndarray, probability: np.ndarray, groups: pd.Series, *, smallest: int = SMALLEST
) -> pd.DataFrame:
    """Score the probabilities of an outcome within each group.

    Where the outcome, or its absence, is seen in fewer than `smallest` people, every figure of the group is missing,
    the numbers of people and outcomes too: a share would tell of persons, and a score of so few says nothing.

    Parameters
    ----------
    came : array of bool, shape (n,)
    probability : array of float, shape (n,)
    groups : Series of text, length n
        In the order of its categories, else alphabetic; missing is left out.

    Returns
    -------
    DataFrame
        Index the group; columns ``n``, ``events``, ``share`` with ``low`` and ``high`` (Wilson's 95 %), ``said`` (mean
        probability), ``expected_ratio`` (events over those that were said) and ``auc``.

    Raises
    ------
    ValueError
        If lengths differ.
    """
    import pandas as pd
    from sklearn.metrics import roc_auc_score

    y, p = np.asarray(came, bool), np.asarray(probability, float)
    if not len(y) == len(p) == len(groups):
        raise ValueError(f"{len(y)} outcomes, {len(p)} probabilities and {len(groups)} groups: give one of each")
    rows = {}
    for name, at in groups.reset_index(drop=True).groupby(groups.to_numpy(), observed=True).groups.items():
        n, events = len(at), int(y[at].sum())
        if min(events, n - events) < smallest:
            rows[name] = {}
            continue
        low, high = wilson(np.array([events / n]), np.array([n]))
        rows[name] = {
            "n": n, "events": events, "share": events / n, "low": low[0], "high": high[0], "said": p[at].mean(),
            "expected_ratio": events / p[at].sum(), "auc": roc_auc_score(y[at], p[at]),
        }  # fmt: skip
    columns = ["n", "events", "share", "low", "high", "said", "expected_ratio", "auc"]
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    order = groups.cat.categories if isinstance(groups.dtype, pd.CategoricalDtype) else sorted(frame.index)
    return frame.reindex([name for name in order if name in frame.index]).rename_axis("group").astype("float64")
