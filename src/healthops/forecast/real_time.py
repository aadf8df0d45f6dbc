"""Forecasts of past reference dates from what could be seen at each: one independent task a date, kept by content.

For each reference date a forecaster gets the vintage that the index names for it, all vintages before (how their first
reports grew tells how much the newest will), and the weeks of ILINet before that date. Nothing else is sent to the
process that forecasts, so that nothing later can be seen.
"""

from __future__ import annotations

import importlib.metadata
import inspect
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from healthops.cache import ContentCache
from healthops.data.flusight_files import IliNet, Vintage
from healthops.data.schemas import QUANTILE_LEVELS
from healthops.forecast.cluster import run_tasks
from healthops.forecast.hub import HORIZONS, hub_values

#: Libraries whose version may change a forecast.
_LIBRARIES = ("numpy", "scipy", "pandas", "scikit-learn", "lightgbm", "xgboost-cpu")


class VintageForecaster(Protocol):
    """Forecasts the places of the newest vintage; survives pickling, and has a ``config`` whose text says all of it."""

    config: Any

    def forecast(self, history: Sequence[Vintage], ilinet: IliNet, *, seed: int) -> np.ndarray:
        """Quantiles for horizons 0 to 3 weeks from the reference date of ``history[-1]``, shape (P, 4, 23)."""


@dataclass(frozen=True)
class Seen:
    """What could be seen for one reference date, and who forecasts from it: what a worker gets.

    Attributes
    ----------
    history : tuple of Vintage
        Oldest first; the last is the one of the reference date.
    ilinet : IliNet
        Weeks that ended before the reference date.
    """

    forecaster: VintageForecaster
    history: tuple[Vintage, ...]
    ilinet: IliNet
    seed: int

    @property
    def reference_date(self) -> np.datetime64:
        """The date that is forecast for."""
        return self.history[-1].reference_date


@dataclass(frozen=True)
class RealTimeForecast:
    """Forecast of one reference date.

    Attributes
    ----------
    reference_date : datetime64[D]
    locations : tuple of str, length P
    quantiles : array of float, shape (P, 4, 23)
        Admissions, rounded as a hub file holds them.
    cpu_seconds : float
        CPU seconds of the process for this date when it was computed.
    """

    reference_date: np.datetime64
    locations: tuple[str, ...]
    quantiles: np.ndarray
    cpu_seconds: float


def seen_at(
    reference_date: np.datetime64,
    vintages: Sequence[Vintage],
    ilinet: IliNet,
    forecaster: VintageForecaster,
    *,
    seed: int,
) -> Seen:
    """Cut `vintages` and `ilinet` to what could be seen for `reference_date`."""
    history = tuple(sorted((v for v in vintages if v.reference_date <= reference_date), key=lambda v: v.reference_date))
    if not history or history[-1].reference_date != reference_date:
        raise ValueError(f"there is no vintage for reference date {reference_date}; the index must name one")
    return Seen(forecaster, history, ilinet.before(reference_date), seed)


def forecast_seen(seen: Seen) -> RealTimeForecast:
    """Forecast one reference date, and measure the CPU seconds of it.

    Raises
    ------
    ValueError
        If the forecaster gives another shape than (P, 4, 23), or quantiles that are missing, negative or crossing.
    """
    newest = seen.history[-1]
    start = time.process_time()
    quantiles = seen.forecaster.forecast(seen.history, seen.ilinet, seed=seen.seed)
    spent = time.process_time() - start
    shape = (len(newest.locations), len(HORIZONS), len(QUANTILE_LEVELS))
    name = type(seen.forecaster).__name__
    if np.shape(quantiles) != shape:
        raise ValueError(f"{name}, reference date {seen.reference_date}: shape {np.shape(quantiles)}, not {shape}")
    bad = ~np.isfinite(quantiles).all(axis=2) | (quantiles < 0).any(axis=2) | (np.diff(quantiles, axis=2) < 0).any(2)
    if bad.any():
        p, h = np.argwhere(bad)[0]
        raise ValueError(
            f"{name}, reference date {seen.reference_date}: the quantiles of location {newest.locations[p]}, horizon "
            f"{h}, are missing, negative or crossing"
        )
    return RealTimeForecast(seen.reference_date, newest.locations, hub_values(quantiles), spent)


def forecast_dates(
    tasks: Sequence[Seen],
    keys: Sequence[dict[str, Any]],
    cache: ContentCache,
    *,
    workers: int = 2,
    scheduler: str | None = None,
    progress: Callable[[RealTimeForecast, bool], None] | None = None,
) -> list[RealTimeForecast]:
    """Forecast each of `tasks`, or take the result that `cache` holds; the order and number of workers change nothing.

    Parameters
    ----------
    keys : sequence of dict, one a task
        What each result depends on, for :class:`healthops.cache.ContentCache`.
    workers, scheduler : int, str
        As :func:`healthops.forecast.cluster.run_tasks` takes them.
    progress : callable, optional
        Told each result as it comes, and whether it was kept before.
    """
    kept = [cache.path(key).is_file() for key in keys]
    made = run_tasks(
        forecast_seen,
        [task for task, there in zip(tasks, kept, strict=True) if not there],
        workers=workers,
        scheduler=scheduler,
        label=lambda task: f"reference date {task.reference_date}",
    )
    results = []
    for task, key, there in zip(tasks, keys, kept, strict=True):
        # A kept file that proves damaged is made anew here.
        arrays = cache.get_or_make(
            key, lambda task=task, there=there: _arrays(forecast_seen(task) if there else next(made))
        )
        result = RealTimeForecast(
            task.reference_date, tuple(arrays["locations"].tolist()), arrays["quantiles"], float(arrays["cpu_seconds"])
        )
        results.append(result)
        if progress:
            progress(result, there)
    return results


def _arrays(result: RealTimeForecast) -> dict[str, np.ndarray]:
    return {
        "locations": np.array(result.locations),
        "quantiles": result.quantiles,
        "cpu_seconds": np.array(result.cpu_seconds),
    }


def library_versions() -> dict[str, str]:
    """Versions of the libraries that may change a forecast, of those that are installed."""
    versions = {}
    for name in _LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def source_file(forecaster: VintageForecaster) -> Path:
    """File that defines the class of `forecaster`."""
    return Path(inspect.getfile(type(forecaster)))
