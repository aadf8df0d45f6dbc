"""Proper scores of quantile forecasts, and comparisons of models over the tasks that all of them did.

A forecast is an array whose last axis holds its quantiles; a task is one origin, horizon and place.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.schemas import QUANTILE_COLUMNS, QUANTILE_LEVELS

if TYPE_CHECKING:
    import pandas as pd

#: Columns that together name a task.
TASK = ("reference_date", "horizon", "location")


class ScoreError(ValueError):
    """Forecasts cannot be scored or compared as they are; the message names what differs and the remedy."""


def pinball(quantiles: np.ndarray, observed: np.ndarray, levels: Sequence[float] = QUANTILE_LEVELS) -> np.ndarray:
    """Pinball (quantile) loss of each quantile.

    Parameters
    ----------
    quantiles : array, shape (..., m)
        Quantiles at `levels`, in that order.
    observed : array, shape (...)
        What came; NaN gives NaN.
    levels : sequence of float, length m
        Between 0 and 1.

    Returns
    -------
    array, shape (..., m)

    >>> pinball(np.array([2.0]), np.array(5.0), [0.9]).round(2)
    array([2.7])
    """
    tau = np.asarray(levels, float)
    if quantiles.shape[-1] != len(tau):
        raise ScoreError(f"{quantiles.shape[-1]} quantiles stand against {len(tau)} levels; the last axis must match")
    error = np.asarray(observed, float)[..., None] - quantiles
    return np.maximum(tau * error, (tau - 1) * error)


def wis(quantiles: np.ndarray, observed: np.ndarray, levels: Sequence[float] = QUANTILE_LEVELS) -> np.ndarray:
    """Weighted interval score: the mean over `levels` of twice the pinball loss [1]_, shape (...).

    For levels that are symmetric about a median it equals the weighted sum of interval scores.

    .. [1] Bracher, Ray, Gneiting, Reich (2021), Evaluating epidemic forecasts in an interval format,
       PLOS Computational Biology 17(2): e1008618.

    >>> float(wis(np.array([1.0, 2.0, 3.0]), np.array(2.0), [0.25, 0.5, 0.75]).round(4))
    0.3333
    """
    return 2 * pinball(quantiles, observed, levels).mean(axis=-1)


def wis_log1p(quantiles: np.ndarray, observed: np.ndarray, levels: Sequence[float] = QUANTILE_LEVELS) -> np.ndarray:
    """WIS after log(1 + x) of forecast and observation, which weighs relative errors [1]_; shape (...).

    .. [1] Bosse et al. (2023), Scoring epidemiological forecasts on transformed scales,
       PLOS Computational Biology 19(8): e1011393.
    """
    return wis(np.log1p(quantiles), np.log1p(np.asarray(observed, float)), levels)


def covered(
    quantiles: np.ndarray, observed: np.ndarray, coverage: float, levels: Sequence[float] = QUANTILE_LEVELS
) -> np.ndarray:
    """Whether each observation lies within the central interval of nominal `coverage`, bounds included.

    Returns
    -------
    array of float, shape (...)
        1 or 0; NaN where nothing was observed.
    """
    low, high = (_column(levels, (1 - coverage) / 2), _column(levels, (1 + coverage) / 2))
    seen = np.asarray(observed, float)
    inside = (quantiles[..., low] <= seen) & (seen <= quantiles[..., high])
    return np.where(np.isnan(seen), np.nan, inside)


def absolute_error(
    quantiles: np.ndarray, observed: np.ndarray, levels: Sequence[float] = QUANTILE_LEVELS
) -> np.ndarray:
    """Absolute error of the median, shape (...)."""
    return np.abs(quantiles[..., _column(levels, 0.5)] - np.asarray(observed, float))


def score_rows(forecasts: pd.DataFrame) -> pd.DataFrame:
    """Score each row of table ``backtest_forecasts`` that has an observation.

    Returns
    -------
    DataFrame
        model, reference_date, horizon, location, wis, wis_log1p, mae, coverage_50, coverage_90, coverage_95.
    """
    rows = forecasts[forecasts["observed"].notna()]
    q, y = rows[list(QUANTILE_COLUMNS)].to_numpy(float), rows["observed"].to_numpy(float)
    scored = rows[["model", *TASK]].reset_index(drop=True)
    return scored.assign(
        wis=wis(q, y),
        wis_log1p=wis_log1p(q, y),
        mae=absolute_error(q, y),
        coverage_50=covered(q, y, 0.5),
        coverage_90=covered(q, y, 0.9),
        coverage_95=covered(q, y, 0.95),
    )


def require_same_tasks(scored: pd.DataFrame) -> None:
    """Raise :class:`ScoreError` unless every model was scored on exactly the same tasks."""
    tasks = {model: set(rows[list(TASK)].itertuples(index=False, name=None)) for model, rows in scored.groupby("model")}
    for (one, mine), (other, theirs) in combinations(tasks.items(), 2):
        if mine != theirs:
            raise ScoreError(
                f"{one!r} and {other!r} were not scored on the same tasks: {len(mine - theirs)} only in the first, "
                f"{len(theirs - mine)} only in the second; keep the shared ones with shared_tasks()"
            )


def shared_tasks(scored: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of the tasks that every model did."""
    count = scored.groupby(list(TASK))["model"].transform("nunique")
    return scored[count == scored["model"].nunique()].reset_index(drop=True)


def mean_scores(scored: pd.DataFrame, by: Sequence[str] = ("model",)) -> pd.DataFrame:
    """Average each score over the tasks, by `by`; models that did different tasks are refused."""
    require_same_tasks(scored)
    grouped = scored.groupby(list(by), sort=True)
    means = grouped[["wis", "wis_log1p", "mae", "coverage_50", "coverage_90", "coverage_95"]].mean()
    means.insert(0, "tasks", grouped.size())
    return means.reset_index()


def relative_wis(scored: pd.DataFrame, *, baseline: str, score: str = "wis") -> pd.Series:
    """Relative WIS of each model: pairwise ratios on shared tasks, their geometric mean, scaled to the baseline [1]_.

    Each ratio of mean scores uses only the tasks that both models did, so models may miss some.

    Parameters
    ----------
    scored : DataFrame
        model, reference_date, horizon, location and `score`.
    baseline : str
        Model that gets 1.
    score : str
        Column to compare.

    Raises
    ------
    ScoreError
        If `baseline` is not among the models, or two models share no task.

    .. [1] Cramer et al. (2022), Evaluation of individual and ensemble probabilistic forecasts of COVID-19
       mortality in the United States, PNAS 119(15): e2113561119.
    """
    wide = scored.pivot(index=list(TASK), columns="model", values=score)
    if baseline not in wide:
        raise ScoreError(f"the baseline {baseline!r} is not among the scored models {sorted(wide)}")
    values, models = wide.to_numpy(float), list(wide)
    log_ratio = np.zeros((len(models), len(models)))
    for i, j in combinations(range(len(models)), 2):
        both = ~np.isnan(values[:, i]) & ~np.isnan(values[:, j])
        if not both.any():
            raise ScoreError(f"{models[i]!r} and {models[j]!r} share no task, so that no ratio says which is better")
        ratio = np.log(values[both, i].mean() / values[both, j].mean())
        log_ratio[i, j], log_ratio[j, i] = ratio, -ratio
    theta = log_ratio.mean(axis=1)
    relative = np.exp(theta - theta[models.index(baseline)])
    return wide.columns.to_series().map(dict(zip(models, relative, strict=True))).rename(f"relative_{score}")


def _column(levels: Sequence[float], level: float) -> int:
    found = np.flatnonzero(np.isclose(levels, level))
    if not len(found):
        raise ScoreError(f"there is no quantile at level {level:g}; the levels are {list(levels)}")
    return int(found[0])
