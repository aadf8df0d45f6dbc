"""Rolling-origin backtests: a model learns at some origins, forecasts at all, and never sees what came after."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from healthops.forecast.base import HORIZONS, LEVELS, Forecaster, Panel, PanelError
from healthops.forecast.cluster import run_tasks
from healthops.forecast.cube import Cube, truth

if TYPE_CHECKING:
    import pandas as pd

#: Makes a fresh forecaster; must survive pickling (a class, or ``functools.partial`` of one).
Maker = Callable[[], Forecaster]


@dataclass(frozen=True)
class Block:
    """One fit of one model, and the origins that it forecasts: what a worker gets.

    ``panel`` ends at the last of ``origins``; the fit sees it up to the first of them.
    """

    model: str
    maker: Maker
    panel: Panel
    origins: np.ndarray
    horizons: tuple[int, ...]
    seed: int


def known_weeks(table: pd.DataFrame) -> pd.DataFrame:
    """Drop the truncated weeks at the end of table ``outbreak_panel``: they are neither truth nor origin."""
    truncated = table.loc[table["status"] == "truncated", "week_end"]
    return table[table["week_end"] < truncated.min()] if len(truncated) else table


def rolling_origins(panel: Panel, first: str, last: str, *, every_weeks: int) -> np.ndarray:
    """Return the weeks of `panel` from `first` to `last`, every so many weeks.

    Raises
    ------
    PanelError
        If no week of the panel lies between them.
    """
    weeks = panel.weeks[(panel.weeks >= np.datetime64(first, "D")) & (panel.weeks <= np.datetime64(last, "D"))]
    if not len(weeks):
        raise PanelError(
            f"no week lies from {first} to {last}: the panel runs from {panel.weeks[0]} to {panel.weeks[-1]}; "
            f"change the parameters of the notebook"
        )
    return weeks[::every_weeks]


def refit_blocks(origins: np.ndarray, refit_weeks: int) -> list[np.ndarray]:
    """Cut origins into runs that share one fit: a new one begins `refit_weeks` weeks after the last began."""
    blocks: list[list[np.datetime64]] = []
    for origin in origins:
        if not blocks or (origin - blocks[-1][0]).astype(int) >= 7 * refit_weeks:
            blocks.append([])
        blocks[-1].append(origin)
    return [np.array(b, dtype="datetime64[D]") for b in blocks]


def backtest(
    panel: Panel,
    makers: Mapping[str, Maker],
    origins: np.ndarray,
    *,
    refit_weeks: int,
    seed: int,
    horizons: Sequence[int] = HORIZONS,
    workers: int = 2,
    scheduler: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> Cube:
    """Forecast with every model at every origin, from what was known then.

    Forecasts are rounded to whole cases, as counts are. The result does not depend on the number of workers.

    Parameters
    ----------
    makers : mapping of name to callable
        Makes a fresh forecaster for each fit.
    origins : array of datetime64[D]
        Weeks of the panel, in order.
    refit_weeks : int
        A model is fitted anew when so many weeks have gone by since its last fit.
    workers : int
        Processes of a local cluster; with 1 everything runs in this one.
    scheduler : str, optional
        Address of another Dask cluster: see :func:`healthops.forecast.cluster.run_tasks`.
    progress : callable, optional
        Told what was done after each fit.
    """
    unknown = np.setdiff1d(origins, panel.weeks)
    if len(unknown):
        raise PanelError(f"origin {unknown[0]} is not a week of the panel, which ends on {panel.weeks[-1]}")
    runs = refit_blocks(origins, refit_weeks)
    blocks = [
        Block(name, maker, panel.until(run[-1]), run, tuple(horizons), seed)
        for name, maker in makers.items()
        for run in runs
    ]
    found: dict[str, list[np.ndarray]] = {name: [] for name in makers}
    for done, (block, quantiles) in enumerate(zip(blocks, _run(blocks, workers, scheduler), strict=True), start=1):
        found[block.model].append(quantiles)
        if progress:
            progress(f"{done} of {len(blocks)} fits: {block.model} at {block.origins[0]}")
    quantiles = {name: np.concatenate(parts) for name, parts in found.items()}
    return Cube(origins, panel.places, tuple(horizons), quantiles, truth(panel, origins, horizons))


def fit_and_forecast(block: Block) -> np.ndarray:
    """Fit once, forecast at each origin of the block; shape (origins, P, horizons, 23)."""
    model = block.maker().fit(block.panel.until(block.origins[0]), seed=block.seed)
    out = np.empty((len(block.origins), len(block.panel.places), len(block.horizons), len(LEVELS)))
    for i, origin in enumerate(block.origins):
        out[i] = model.predict(block.panel.until(origin), block.horizons)
    if not np.isfinite(out).all():
        raise PanelError(f"{block.model} gave a forecast that is not finite, fitted at {block.origins[0]}")
    return np.round(np.maximum(out, 0.0))


def run_blocks(blocks: Sequence[Block], workers: int, *, scheduler: str | None = None) -> list[np.ndarray]:
    """Run :func:`fit_and_forecast` on each block, in up to `workers` processes; results in the order of `blocks`."""
    return list(_run(blocks, workers, scheduler))


def _run(blocks: Sequence[Block], workers: int, scheduler: str | None) -> Iterator[np.ndarray]:
    return run_tasks(fit_and_forecast, blocks, workers=workers, scheduler=scheduler, label=_name)


def _name(block: Block) -> str:
    return f"{block.model} fitted at {block.origins[0]}"
