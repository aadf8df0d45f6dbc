"""How sure is a ratio of scores? A bootstrap over blocks of weeks, because neighbouring weeks err together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from healthops.evaluate.scores import ScoreError, require_same_tasks

if TYPE_CHECKING:
    import pandas as pd


def circular_blocks(count: int, *, block: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draw `count` weeks as blocks of consecutive weeks, the last cut where it goes beyond [1]_.

    Parameters
    ----------
    count : int
        Weeks in a row; after the last comes the first again.
    block : int
        Weeks in a block, at least 1 and at most `count`.

    Returns
    -------
    array of int, shape (draws, count)
        Positions of the drawn weeks.

    .. [1] Politis, Romano (1992), A circular block-resampling procedure for stationary data.
    """
    if not 1 <= block <= count:
        raise ValueError(f"a block of {block} weeks does not fit into {count} weeks")
    starts = rng.integers(0, count, size=(draws, -(-count // block)))
    return ((starts[..., None] + np.arange(block)) % count).reshape(draws, -1)[:, :count]


def block_bootstrap(
    numerator: np.ndarray, denominator: np.ndarray, *, block: int, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw ratios of sums over resampled blocks of consecutive weeks (see :func:`circular_blocks`).

    Parameters
    ----------
    numerator, denominator : array, shape (T,)
        Sums of scores by week, in order of time.
    block : int
        Weeks (origins) in a block.
    draws : int
        Bootstrap draws.

    Returns
    -------
    array, shape (draws,)
    """
    chosen = circular_blocks(len(numerator), block=max(1, min(block, len(numerator))), draws=draws, rng=rng)
    return numerator[chosen].sum(axis=1) / denominator[chosen].sum(axis=1)


def ratio_interval(
    scored: pd.DataFrame,
    model: str,
    baseline: str,
    *,
    score: str = "wis",
    block: int = 6,
    draws: int = 1000,
    coverage: float = 0.95,
    rng: np.random.Generator,
) -> tuple[float, float, float]:
    """Ratio of the mean scores of two models with its bootstrap interval, over blocks of `block` origins.

    Returns
    -------
    tuple
        ratio, lower bound, upper bound.
    """
    pair = scored[scored["model"].isin([model, baseline])]
    if pair["model"].nunique() < 2:
        raise ScoreError(f"{model!r} and {baseline!r} must both be scored; there are {sorted(set(scored['model']))}")
    require_same_tasks(pair)
    weekly = pair.pivot_table(index="reference_date", columns="model", values=score, aggfunc="sum").sort_index()
    top, bottom = weekly[model].to_numpy(), weekly[baseline].to_numpy()
    drawn = block_bootstrap(top, bottom, block=block, draws=draws, rng=rng)
    tail = (1 - coverage) / 2
    low, high = np.quantile(drawn[np.isfinite(drawn)], [tail, 1 - tail])
    return float(top.sum() / bottom.sum()), float(low), float(high)
