"""What a feature says about the weeks to come, one feature at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from healthops.features.grid import FeatureError, Grid


def log_rate_ahead(panel: pd.DataFrame, *, weeks: int) -> pd.Series:
    """Return log(1 + cases per 100,000) of `weeks` weeks later for each row of the panel, aligned with its index.

    A *target*, not a feature: it is the future of its row. NaN where that week is missing or beyond the panel.
    """
    if weeks < 1:
        raise FeatureError(f"a target lies at least one week ahead, not {weeks}")
    grid = Grid.of(panel)
    rate = np.log1p(grid.wide(panel, "cases") / grid.wide(panel, "population") * 1e5)
    ahead = np.full(rate.shape, np.nan)
    ahead[:, : max(rate.shape[1] - weeks, 0)] = rate[:, weeks:]
    places, at = pd.Index(grid.places), pd.Index(grid.weeks)
    rows = places.get_indexer(panel["ubigeo"]), at.get_indexer(panel["week_end"].to_numpy("datetime64[D]"))
    return pd.Series(ahead[rows], index=panel.index, name=f"log_rate_ahead_{weeks}")


def relevance(
    table: pd.DataFrame, target: pd.Series, names: Sequence[str], *, seed: int, max_rows: int = 4000, classes: int = 10
) -> pd.DataFrame:
    """Score each feature by rank correlation and mutual information with the target, where both are known.

    Mutual information also sees what rises and falls again. It is that of the feature and the target's quantile class
    (Ross 2014, doi:10.1371/journal.pone.0087357, by scikit-learn): the target itself will not do, because a rate is a
    whole number over the place's population, so that its last digits give the place away.

    Parameters
    ----------
    table : DataFrame
        With the columns `names`; text columns are ranked by their order.
    target : Series
        Aligned with `table`.
    max_rows : int
        Mutual information is estimated on so many rows, drawn at random.
    classes : int
        Quantile classes of the target; equal values share a class, so there are fewer where zeros abound.

    Returns
    -------
    DataFrame
        ``feature``, ``rows``, ``spearman`` (in -1..1) and ``mutual_information`` (nats), best first. Features with
        fewer than 50 known rows or one value have no scores and come last.
    """
    from sklearn.feature_selection import mutual_info_classif

    rng = np.random.default_rng(seed)
    group = pd.qcut(target, classes, labels=False, duplicates="drop")
    out = []
    for name in names:
        x = table[name] if pd.api.types.is_numeric_dtype(table[name]) else table[name].rank(method="dense")
        known = x.notna() & target.notna()
        x, y, g = x[known].to_numpy(float), target[known].to_numpy(float), group[known].to_numpy(int)
        if len(x) < 50 or np.ptp(x) == 0:
            out.append((name, len(x), np.nan, np.nan))
            continue
        some = np.sort(rng.choice(len(x), min(len(x), max_rows), replace=False))
        shared = mutual_info_classif(x[some, None], g[some], random_state=seed)[0]
        out.append((name, len(x), pd.Series(x).corr(pd.Series(y), method="spearman"), shared))
    scores = pd.DataFrame(out, columns=["feature", "rows", "spearman", "mutual_information"])
    return scores.sort_values("mutual_information", ascending=False, ignore_index=True)
