"""Backtest of forecasts of arrivals from rolling origins, by hour and by day, and their scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

from healthops.data.schemas import QUANTILE_COLUMNS
from healthops.evaluate import scores
from healthops.evaluate.bootstrap import block_bootstrap
from healthops.forecast.arrivals import ArrivalError, Arrivals, targets
from healthops.forecast.counts import count_quantiles, fit_dispersion

if TYPE_CHECKING:
    import pandas as pd

#: Days ahead that are forecast with what is known 7, 28 and 56 days before.
LEADS: Mapping[int, tuple[int, int]] = {7: (1, 7), 28: (8, 28), 56: (29, 56)}
#: Days at the start of a record whose features look back beyond it.
WARM_UP = 84


class RateLearner(Protocol):
    """What learns rates: :class:`~healthops.forecast.arrivals_torch.RateNetwork`, for one."""

    known: np.ndarray
    dispersion: np.ndarray

    def fit(
        self, x: np.ndarray, service: np.ndarray, hour: np.ndarray, count: np.ndarray, elapsed: np.ndarray, *, seed: int
    ) -> Self:
        """Learn from hours."""

    def rate(self, x: np.ndarray, service: np.ndarray, hour: np.ndarray) -> np.ndarray:
        """Patients per hour that passes."""


@dataclass(frozen=True)
class Forecast:
    """What a model says of rows of hours: mean and quantiles, shapes (n,) and (n, 23).

    ``dispersion`` (n,) is that of the hour's negative binomial; NaN where the quantiles come otherwise.
    """

    mean: np.ndarray
    quantiles: np.ndarray
    dispersion: np.ndarray


def from_counts(mean: np.ndarray, dispersion: np.ndarray) -> Forecast:
    """Forecast of negative binomial counts."""
    return Forecast(mean, count_quantiles(mean, dispersion), dispersion)


def fit_until(learner: RateLearner, series: Sequence[Arrivals], origin: np.datetime64, *, seed: int) -> RateLearner:
    """Let `learner` learn from every hour on record up to the day `origin`; hours that nobody counted are left out.

    Raises
    ------
    ArrivalError
        If a service has no such hour.
    """
    parts = []
    for s, each in enumerate(series):
        end = min(int((origin - each.days[0]).astype(int)) + 1, each.recorded)
        day, hour = np.nonzero(~np.isnan(each.rate[:end]) & (np.arange(end) >= min(WARM_UP, end // 2))[:, None])
        if not len(day):
            raise ArrivalError(f"{each.clinic}, {each.service} has no hour on record by {origin}: begin later")
        week_hour = 24 * ((each.days[day].astype(int) + 3) % 7) + hour
        parts.append((
            each.x[day, hour], np.full(len(day), s), week_hour, each.count[day, hour], each.elapsed[day, hour]
        ))  # fmt: skip
    x, service, hour, count, elapsed = (np.concatenate(column) for column in zip(*parts, strict=True))
    return learner.fit(x, service, hour, count, elapsed, seed=seed)


def predict(learner: RateLearner, series: Sequence[Arrivals], rows: pd.DataFrame) -> Forecast:
    """Forecast `rows` of :func:`healthops.forecast.arrivals.targets`."""
    s, at, hour = (rows[c].to_numpy() for c in ("s", "at", "hour"))
    x = np.empty((len(rows), series[0].x.shape[2]))
    week_hour = np.empty(len(rows), int)
    for k, each in enumerate(series):
        mine = s == k
        x[mine] = each.x[at[mine], hour[mine]]
        week_hour[mine] = 24 * ((each.days[at[mine]].astype(int) + 3) % 7) + hour[mine]
    x[:, ~learner.known] = np.nan
    mean = learner.rate(x, s, week_hour) * rows["elapsed_h"].to_numpy()
    return from_counts(mean, learner.dispersion[s])


def rolling(
    make: Callable[[], RateLearner], series: Sequence[Arrivals], rows: pd.DataFrame, *, refit_days: int, seed: int
) -> tuple[Forecast, RateLearner]:
    """Forecast `rows`, learning anew at the first origin and after every `refit_days` days.

    Returns
    -------
    forecast, learner : Forecast, RateLearner
        The learner is the one of the last origins.
    """
    origin = rows["reference_date"].to_numpy("datetime64[D]")
    turn = (origin - origin.min()).astype(int) // refit_days
    mean, spread = np.empty(len(rows)), np.empty(len(rows))
    learner = make()
    for k in np.unique(turn):
        mine = np.flatnonzero(turn == k)
        learner = fit_until(make(), series, origin[mine].min(), seed=seed)
        part = predict(learner, series, rows.iloc[mine])
        mean[mine], spread[mine] = part.mean, part.dispersion
    return from_counts(mean, spread), learner


def day_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a day for rows of whole days; ``observed`` is the day's total, missing where an hour is."""
    days = rows.iloc[::24].reset_index(drop=True)
    for column in ("observed", "elapsed_h"):
        days[column] = rows[column].to_numpy().reshape(-1, 24).sum(axis=1)
    return days.assign(hour=0)


def day_dispersion(forecast: Forecast, rows: pd.DataFrame, services: int) -> np.ndarray:
    """Dispersion of day totals around the sums of the hours' means, by service, shape (services,).

    Hours of a day are high together, so that it is not that of the hours; it is learnt from forecasts of earlier days.
    """
    days, mean = day_rows(rows), forecast.mean.reshape(-1, 24).sum(axis=1)
    return np.array([
        fit_dispersion(days["observed"].to_numpy()[days["s"] == s], mean[days["s"] == s]) for s in range(services)
    ])  # fmt: skip


def day_totals(forecast: Forecast, rows: pd.DataFrame, dispersion: np.ndarray) -> Forecast:
    """Forecast of day totals from that of the hours, with the dispersion of each service."""
    mean = forecast.mean.reshape(-1, 24).sum(axis=1)
    return from_counts(mean, dispersion[day_rows(rows)["s"].to_numpy()])


def as_table(model: str, target: str, rows: pd.DataFrame, forecast: Forecast) -> pd.DataFrame:
    """Rows of table ``arrival_forecasts``."""
    import pandas as pd

    keep = ["reference_date", "horizon", "clinic", "service", "date", "hour", "elapsed_h", "observed"]
    head = rows[keep].reset_index(drop=True)
    head.insert(0, "target", target)
    head.insert(0, "model", model)
    numbers = pd.DataFrame(np.round(forecast.quantiles, 4), columns=list(QUANTILE_COLUMNS))
    head["mean"], head["dispersion"] = np.round(forecast.mean, 4), np.round(forecast.dispersion, 6)
    return pd.concat([head, numbers], axis=1).astype({"elapsed_h": int})


def score(table: pd.DataFrame) -> pd.DataFrame:
    """Score rows of table ``arrival_forecasts`` that have an observation and last longer than nothing.

    Returns
    -------
    DataFrame
        model, target, reference_date, horizon, clinic, service, date, hour, observed, mean, wis, mae (of the median),
        mae_mean, coverage_50, coverage_90, coverage_95.
    """
    rows = table[table["observed"].notna() & (table["elapsed_h"] > 0)]
    q, y = rows[list(QUANTILE_COLUMNS)].to_numpy(float), rows["observed"].to_numpy(float)
    keep = ["model", "target", "reference_date", "horizon", "clinic", "service", "date", "hour", "observed", "mean"]
    return (
        rows[keep]
        .reset_index(drop=True)
        .assign(
            wis=scores.wis(q, y),
            mae=scores.absolute_error(q, y),
            mae_mean=np.abs(rows["mean"].to_numpy(float) - y),
            **{f"coverage_{c}": scores.covered(q, y, c / 100) for c in (50, 90, 95)},
        )
    )


def summary(scored: pd.DataFrame, baseline: str, by: Sequence[str] = ()) -> pd.DataFrame:
    """Mean scores by model and `by`, with WIS over that of `baseline` on the same tasks.

    Raises
    ------
    ScoreError
        If models were scored on different tasks.
    """
    sizes = scored.groupby([*by, "model"], sort=True).size().rename("tasks").reset_index()
    wide = sizes.assign(all="") if not by else sizes
    if wide.groupby([*by] or ["all"])["tasks"].nunique().gt(1).any() or len(sizes) % sizes["model"].nunique():
        raise scores.ScoreError(f"models were not scored on the same tasks; their numbers are\n{sizes}")
    figures = ["wis", "mae", "mae_mean", "coverage_50", "coverage_90", "coverage_95", "observed", "mean"]
    means = scored.groupby([*by, "model"], sort=True)[figures].mean().reset_index()
    base = means[means["model"] == baseline]
    if base.empty:
        raise scores.ScoreError(f"the baseline {baseline!r} is not among the models {sorted(means['model'].unique())}")
    if by:
        below = means[list(by)].merge(base[[*by, "wis"]], on=list(by), how="left")["wis"].to_numpy()
    else:
        below = base["wis"].iloc[0]
    means["relative_wis"] = means["wis"] / below
    means["tasks"] = sizes["tasks"].to_numpy()
    return means


def ratio_by_week(
    scored: pd.DataFrame, model: str, baseline: str, *, score: str = "wis", draws: int, block: int, seed: int
) -> tuple[float, float, float]:
    """Ratio of mean scores of two models on the same tasks with its 95 % interval, over blocks of `block` origins."""
    weekly = (
        scored[scored["model"].isin([model, baseline])]
        .pivot_table(index="reference_date", columns="model", values=score, aggfunc="sum").sort_index()
    )  # fmt: skip
    top, bottom = weekly[model].to_numpy(), weekly[baseline].to_numpy()
    drawn = block_bootstrap(top, bottom, block=block, draws=draws, rng=np.random.default_rng(seed))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(top.sum() / bottom.sum()), float(low), float(high)


def expected_coverage(forecast: Forecast, rows: pd.DataFrame, coverage: float) -> float:
    """Share of counts that the central interval of nominal `coverage` holds if they scatter as was forecast.

    Bounds are whole numbers and belong to the interval, so that it is more than `coverage` where counts are small.
    """
    from scipy.stats import nbinom

    at = rows["elapsed_h"].to_numpy() > 0
    low, high = count_quantiles(
        forecast.mean[at], forecast.dispersion[at], [(1 - coverage) / 2, (1 + coverage) / 2]
    ).T  # fmt: skip
    size = 1 / np.maximum(forecast.dispersion[at], 1e-9)
    chance = size / (size + forecast.mean[at])
    return float(np.mean(nbinom.cdf(high, size, chance) - nbinom.cdf(low - 1, size, chance)))


def least_wis(mean: np.ndarray, *, draws: int, seed: int) -> float:
    """WIS that a forecaster would have who knew every rate: of Poisson counts that are drawn with the means (n,).

    Patients who come independently of one another scatter no less, so that no forecast can do better but by luck.
    """
    rng, quantiles = np.random.default_rng(seed), count_quantiles(mean)
    return float(np.mean([scores.wis(quantiles, rng.poisson(mean).astype(float)).mean() for _ in range(draws)]))


def plan_rows(series: Sequence[Arrivals]) -> dict[int, pd.DataFrame]:
    """Hours yet to come, by the lead of :data:`LEADS` whose features are known."""
    return {
        lead: targets(series, np.array([series[0].days[series[0].recorded - 1]]), first=first, last=last)
        for lead, (first, last) in LEADS.items()
    }
