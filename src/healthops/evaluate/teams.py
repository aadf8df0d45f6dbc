"""Forecasts beside those of real teams: which tasks count, relative WIS, calibration, by horizon and by place.

The table of team scores has one row a model and task (reference date, place, horizon), as every team submitted it in
real time. The rules of the comparison are those of the FluSight reports of the US CDC: states only, horizons 0 to 3
weeks, models that did at least three quarters of the baseline's tasks, relative WIS by pairwise comparison.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.schemas import QUANTILE_COLUMNS
from healthops.evaluate.scores import TASK, ScoreError, absolute_error, covered, wis, wis_log1p

if TYPE_CHECKING:
    import pandas as pd

BASELINE = "FluSight-baseline"
ENSEMBLE = "FluSight-ensemble"
#: Share of the baseline's tasks that a model must have done to be compared.
MINIMUM_SHARE = 0.75
#: Not states: the nation, and the Virgin Islands.
NOT_STATES = ("US", "78")
HORIZONS = (0, 1, 2, 3)

#: Columns of the table of team scores.
COLUMNS = (
    "season", "model", "reference_date", "location", "horizon", "target_end_date", "observation",
    "wis", "wis_log1p", "ae_median", "inside_50", "inside_90", "inside_95",
)  # fmt: skip
#: Mean scores of a comparison, and the columns of task scores that they average.
_MEANS = {
    "wis": "wis",
    "wis_log1p": "wis_log1p",
    "mae": "ae_median",
    "coverage_50": "inside_50",
    "coverage_90": "inside_90",
    "coverage_95": "inside_95",
}


@dataclass(frozen=True)
class Window:
    """Reference dates that count in a season, bounds included, and the last target that does."""

    first: str
    last: str
    last_target: str | None = None


#: The windows of the published comparisons; a season that is not named here counts whole.
WINDOWS: Mapping[str, Window] = {
    "2023-24": Window("2023-10-14", "2024-05-04", "2024-04-30"),
    "2024-25": Window("2024-11-16", "2025-05-31"),
}


def read_team_scores(path: Path) -> pd.DataFrame:
    """Read the table of team scores (parquet): text as text, dates as dates, scores as float64.

    Raises
    ------
    ScoreError
        If the file is not there, lacks a column, holds a missing score, or scores a task of one model twice.
    """
    import pandas as pd

    if not path.is_file():
        raise ScoreError(f"the table of team scores is not there: {path}; name the parquet file, or leave it out")
    frame = pd.read_parquet(path)
    lacking = [name for name in COLUMNS if name not in frame]
    if lacking:
        raise ScoreError(f"{path.name} lacks the columns {lacking}; it has {list(frame.columns)}")
    scores = frame[list(COLUMNS)].astype({"season": str, "model": str, "location": str, "horizon": "int64"})
    for name in ("reference_date", "target_end_date"):
        scores[name] = pd.to_datetime(scores[name].astype(str)).astype("datetime64[ns]")
    numbers = ["observation", "wis", "wis_log1p", "ae_median"]
    scores[numbers] = scores[numbers].astype("float64")
    missing = scores[numbers].isna().any(axis=1)
    if missing.any():
        raise ScoreError(f"{path.name}, row {int(missing.to_numpy().argmax())}: a score is missing; drop the row")
    _require_once(scores, path.name)
    return scores


def _require_once(scores: pd.DataFrame, where: str) -> None:
    twice = scores.duplicated(["model", *TASK])
    if twice.any():
        row = scores[twice].iloc[0]
        raise ScoreError(
            f"{where}: {row['model']!r} is scored twice for reference date {row['reference_date']:%Y-%m-%d}, "
            f"location {row['location']}, horizon {row['horizon']}; keep one row"
        )


def season_tasks(
    scores: pd.DataFrame, season: str, *, windows: Mapping[str, Window] = WINDOWS, states_only: bool = True
) -> pd.DataFrame:
    """Keep the rows of one season that count: states, horizons 0 to 3, the window of the season.

    Raises
    ------
    ScoreError
        If the table has no such season.
    """
    import pandas as pd

    kept = scores[scores["season"] == season]
    if not len(kept):
        raise ScoreError(f"no score of season {season!r}; the table has {sorted(set(scores['season']))}")
    kept = kept[kept["horizon"].isin(HORIZONS)]
    if states_only:
        kept = kept[~kept["location"].isin(NOT_STATES)]
    window = windows.get(season)
    if window is not None:
        kept = kept[kept["reference_date"].between(pd.Timestamp(window.first), pd.Timestamp(window.last))]
        if window.last_target:
            kept = kept[kept["target_end_date"] <= pd.Timestamp(window.last_target)]
    return kept


def truth_of(scores: pd.DataFrame) -> pd.Series:
    """Observation of each place and target week that the table scored, indexed by both.

    Raises
    ------
    ScoreError
        If two rows disagree about one of them.
    """
    keys = ["location", "target_end_date"]
    seen = scores[[*keys, "observation"]].drop_duplicates()
    twice = seen.duplicated(keys, keep=False)
    if twice.any():
        rows = seen[twice].sort_values(keys).iloc[:2]
        raise ScoreError(
            f"location {rows.iloc[0, 0]} was scored against {rows.iloc[0, 2]:g} and {rows.iloc[1, 2]:g} for the week "
            f"to {rows.iloc[0, 1]:%Y-%m-%d}; score every model against the same truth"
        )
    return seen.set_index(keys)["observation"]


def score_forecasts(forecasts: pd.DataFrame, truth: pd.Series, *, model: str, season: str) -> pd.DataFrame:
    """Score quantile forecasts against `truth`; tasks whose truth is not known are left out.

    Parameters
    ----------
    forecasts : DataFrame
        reference_date, location, horizon, target_end_date and the 23 quantile columns of
        :data:`healthops.data.schemas.QUANTILE_COLUMNS`.
    truth : Series
        As :func:`truth_of` gives it.

    Returns
    -------
    DataFrame
        The columns of the table of team scores.
    """
    keys = forecasts.set_index(["location", "target_end_date"]).index
    observed = truth.reindex(keys).to_numpy(float)
    known = np.isfinite(observed)
    q, y = forecasts.loc[known, list(QUANTILE_COLUMNS)].to_numpy(float), observed[known]
    kept = forecasts.loc[known, [*TASK, "target_end_date"]].reset_index(drop=True)
    scored = kept.assign(
        season=season,
        model=model,
        observation=y,
        wis=wis(q, y),
        wis_log1p=wis_log1p(q, y),
        ae_median=absolute_error(q, y),
        inside_50=covered(q, y, 0.5).astype(bool),
        inside_90=covered(q, y, 0.9).astype(bool),
        inside_95=covered(q, y, 0.95).astype(bool),
    )[list(COLUMNS)]
    _require_once(scored, f"forecasts of {model}")
    return scored


def add_model(scores: pd.DataFrame, ours: pd.DataFrame) -> pd.DataFrame:
    """Put our task scores (see :func:`score_forecasts`) beside those of the teams.

    Raises
    ------
    ScoreError
        If a model of that name is there already, or was scored against another truth.
    """
    import pandas as pd

    taken = sorted(set(ours["model"]) & set(scores["model"]))
    if taken:
        raise ScoreError(f"the table of team scores has a model {taken[0]!r} already; give ours another name")
    both = pd.concat([scores, ours[list(COLUMNS)]], ignore_index=True)
    truth_of(both)
    return both


def compare(
    tasks: pd.DataFrame,
    *,
    by: str | None = None,
    baseline: str = BASELINE,
    minimum_share: float = MINIMUM_SHARE,
) -> pd.DataFrame:
    """Compare the models that did enough of the baseline's tasks.

    Parameters
    ----------
    tasks : DataFrame
        Rows that count, as :func:`season_tasks` gives them.
    by : str, optional
        ``horizon``, ``location`` or another column: compare within each of its values, the same models.
    minimum_share : float
        Share of the baseline's tasks, over all of `tasks`, that a model must have done.

    Returns
    -------
    DataFrame
        `by` (if given), rank (by relative WIS, 1 is best), model, tasks, share, wis, relative_wis, wis_log1p,
        relative_wis_log1p, mae, coverage_50, coverage_90, coverage_95; in order of `by` and rank. Means are over the
        model's own tasks; relative WIS is over shared ones.
    """
    import pandas as pd

    share = shares(tasks, baseline)
    chosen = sorted(share.index[share >= minimum_share])
    kept = tasks[tasks["model"].isin(chosen)]
    if by is None:
        return _compare_scope(kept, baseline)
    parts = []
    for value, scope in kept.groupby(by, sort=True, observed=True):
        part = _compare_scope(scope, baseline)
        part.insert(0, by, value)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def shares(tasks: pd.DataFrame, baseline: str = BASELINE) -> pd.Series:
    """Share of the baseline's tasks that each model did, by model."""
    import pandas as pd

    done = tasks[tasks["model"] == baseline]
    if not len(done):
        raise ScoreError(f"the baseline {baseline!r} is not among the models {sorted(set(tasks['model']))}")
    keys = list(TASK)
    known = pd.MultiIndex.from_frame(tasks[keys]).isin(pd.MultiIndex.from_frame(done[keys]))
    return tasks["model"][known].value_counts().div(len(done)).rename("share")


def _compare_scope(tasks: pd.DataFrame, baseline: str) -> pd.DataFrame:
    import pandas as pd

    grouped = tasks.groupby("model", sort=True)
    table = grouped[list(_MEANS.values())].mean().set_axis(list(_MEANS), axis=1)
    table.insert(0, "tasks", grouped.size())
    table.insert(1, "share", shares(tasks, baseline).reindex(table.index).fillna(0.0))
    for score in ("wis", "wis_log1p"):
        values, models = task_matrix(tasks, score)
        relative = pairwise_relative(values, models.index(baseline))
        table.insert(
            table.columns.get_loc(score) + 1, f"relative_{score}", pd.Series(relative, models).reindex(table.index)
        )
    table = table.sort_values("relative_wis", kind="stable").reset_index()
    table.insert(0, "rank", table["relative_wis"].rank(method="min").astype("Int64"))
    return table


def task_matrix(tasks: pd.DataFrame, score: str) -> tuple[np.ndarray, list[str]]:
    """One score as an array of tasks by models, shape (N, M), NaN where a model did not do a task; and the models."""
    import pandas as pd

    task = tasks.groupby(list(TASK), sort=False, observed=True).ngroup().to_numpy()
    model, models = pd.factorize(tasks["model"], sort=True)
    values = np.full((task.max() + 1, len(models)), np.nan)
    values[task, model] = tasks[score].to_numpy(float)
    return values, list(models)


def pairwise_relative(values: np.ndarray, baseline: int) -> np.ndarray:
    """Relative score of each model: geometric mean of pairwise ratios on shared tasks, scaled to the baseline.

    The same as :func:`healthops.evaluate.scores.relative_wis`, by two matrix products instead of a loop over pairs. A
    pair without a shared task, or with a mean score of zero, gives no ratio and is left out of both means; a model that
    has none with the baseline gets NaN.

    Parameters
    ----------
    values : array of float, shape (N, M)
        Scores of N tasks by M models, NaN where a task was not done.
    baseline : int
        Column of the model that gets 1.

    Returns
    -------
    array of float, shape (M,)

    >>> pairwise_relative(np.array([[1.0, 2.0], [3.0, 6.0], [np.nan, 5.0]]), 1)
    array([0.5, 1. ])
    """
    done = np.isfinite(values)
    # Sum of the scores of model i over the tasks that model j did too.
    sums = np.where(done, values, 0.0).T @ done.astype(float)
    usable = (sums > 0) & (sums.T > 0)
    log_ratio = np.log(np.divide(sums, sums.T, out=np.ones_like(sums), where=usable))
    pairs = usable.sum(axis=1)
    theta = np.divide(log_ratio.sum(axis=1), pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)
    theta[~usable[:, baseline]] = np.nan
    return np.exp(theta - theta[baseline])
