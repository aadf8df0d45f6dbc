"""Forecasts of past reference dates from what could be seen at each: one independent task a date, kept by content.

For each reference date a forecaster gets the vintage that the index names for it, all vintages before (how their first
reports grew tells how much the newest will), and the weeks of ILINet before that date. Nothing else is sent to the
process that forecasts, so that nothing later can be seen. What it gave is then calibrated, in a second pass that costs
little, by how its forecasts of the season's earlier reference dates have come true in the vintage of the date.
"""

from __future__ import annotations

import importlib.metadata
import inspect
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from healthops.cache import ContentCache
from healthops.data.flusight_files import IliNet, Vintage
from healthops.data.schemas import QUANTILE_LEVELS
from healthops.forecast.cluster import run_tasks
from healthops.forecast.hub import HORIZONS, hub_values

#: Libraries whose version may change a forecast.
_LIBRARIES = ("numpy", "scipy", "pandas", "scikit-learn", "lightgbm", "xgboost-cpu", "torch")


class VintageForecaster(ABC):
    """Forecasts the places of the newest vintage; survives pickling.

    Attributes
    ----------
    config : object
        Its text says all that the forecasts depend on.
    looks_back : int
        How many of the season's earlier reference dates :meth:`calibrate` wants to know the forecasts of.
    """

    config: Any
    looks_back: int = 0

    @abstractmethod
    def forecast(self, history: Sequence[Vintage], ilinet: IliNet, *, seed: int) -> np.ndarray:
        """Quantiles for horizons 0 to 3 weeks from the reference date of ``history[-1]``, shape (P, 4, 23)."""

    def calibrate(
        self, forecast: np.ndarray, newest: Vintage, earlier: Mapping[np.datetime64, np.ndarray]
    ) -> np.ndarray:
        """Correct `forecast`, shape (P, 4, 23), by how `earlier` ones have come true in `newest`; as it is by default.

        Parameters
        ----------
        earlier : mapping of reference date to array, shape (P, 4, 23)
            Earlier forecasts as :meth:`forecast` gave them, for the places of `newest`; NaN for a place without one.
        """
        return forecast


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
        Admissions.
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
    """Forecast one reference date, without calibration or rounding, and measure the CPU seconds of it.

    Raises
    ------
    ValueError
        If the forecaster gives another shape than (P, 4, 23), or quantiles that are missing, negative or crossing.
    """
    newest = seen.history[-1]
    start = time.process_time()
    quantiles = seen.forecaster.forecast(seen.history, seen.ilinet, seed=seen.seed)
    spent = time.process_time() - start
    require_quantiles(quantiles, newest, seen.forecaster)
    return RealTimeForecast(seen.reference_date, newest.locations, quantiles, spent)


def calibrated(
    forecasts: Sequence[RealTimeForecast], newest: Sequence[Vintage], forecaster: VintageForecaster
) -> list[RealTimeForecast]:
    """Calibrate each of a season's forecasts by those before it, and round them as a hub file holds them.

    Parameters
    ----------
    forecasts : sequence of RealTimeForecast
        Of one season, by date, as :func:`forecast_seen` gave them.
    newest : sequence of Vintage
        The vintage of each.
    """
    out = []
    for k, (made, vintage) in enumerate(zip(forecasts, newest, strict=True)):
        if made.reference_date != vintage.reference_date:
            raise ValueError(f"forecast for {made.reference_date}, but vintage of {vintage.reference_date}")
        before = forecasts[max(0, k - forecaster.looks_back) : k]
        earlier = {past.reference_date: _for_places(past, made.locations) for past in before}
        quantiles = forecaster.calibrate(made.quantiles, vintage, earlier)
        require_quantiles(quantiles, vintage, forecaster)
        out.append(replace(made, quantiles=hub_values(quantiles)))
    return out


def _for_places(forecast: RealTimeForecast, places: tuple[str, ...]) -> np.ndarray:
    out = np.full((len(places), *forecast.quantiles.shape[1:]), np.nan)
    for p, place in enumerate(places):
        if place in forecast.locations:
            out[p] = forecast.quantiles[forecast.locations.index(place)]
    return out


def require_quantiles(quantiles: np.ndarray, newest: Vintage, forecaster: VintageForecaster) -> None:
    """Raise ValueError unless `quantiles` have shape (P, 4, 23) and are finite, never negative and never crossing."""
    shape = (len(newest.locations), len(HORIZONS), len(QUANTILE_LEVELS))
    name = f"{type(forecaster).__name__}, reference date {newest.reference_date}"
    if np.shape(quantiles) != shape:
        raise ValueError(f"{name}: shape {np.shape(quantiles)}, not {shape}")
    bad = ~np.isfinite(quantiles).all(axis=2) | (quantiles < 0).any(axis=2) | (np.diff(quantiles, axis=2) < 0).any(2)
    if bad.any():
        p, h = np.argwhere(bad)[0]
        raise ValueError(
            f"{name}: the quantiles of location {newest.locations[p]}, horizon {h}, are missing, negative or crossing"
        )


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

    The forecasts are not calibrated nor rounded: see :func:`calibrated`.

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
