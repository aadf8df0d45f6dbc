"""Tuning on early origins: a small grid, every trial on record."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from healthops.evaluate.scores import wis, wis_log1p
from healthops.forecast.backtest import Block, Maker, refit_blocks, run_blocks
from healthops.forecast.base import HORIZONS, Panel
from healthops.forecast.cube import truth


@dataclass(frozen=True)
class Trial:
    """One setting of one model: its name in the tables, what was set, and how to make it."""

    model: str
    parameters: Mapping[str, Any]
    maker: Maker


def run_trials(
    panel: Panel,
    trials: Sequence[Trial],
    origins: np.ndarray,
    *,
    refit_weeks: int,
    seed: int,
    horizons: Sequence[int] = HORIZONS,
    workers: int = 2,
) -> pd.DataFrame:
    """Backtest every trial over `origins` and mark the best one of each model.

    The best has the least product of raw and log1p WIS: neither the large places alone nor the many small ones decide.
    What came after the last origin's horizon is cut off before anything starts.

    Returns
    -------
    DataFrame
        Table ``tuning_trials``.
    """
    last = np.searchsorted(panel.weeks, origins[-1]) + max(horizons)
    panel = panel.until(panel.weeks[min(last, len(panel.weeks) - 1)])
    runs = refit_blocks(origins, refit_weeks)
    blocks = [
        Block(trial.model, trial.maker, panel.until(run[-1]), run, tuple(horizons), seed)
        for trial in trials
        for run in runs
    ]
    done = run_blocks(blocks, workers)
    came = truth(panel, origins, horizons)
    rows = []
    for i, trial in enumerate(trials):
        quantiles = np.concatenate(done[i * len(runs) : (i + 1) * len(runs)])
        rows.append(
            {
                "model": trial.model,
                "trial": sum(other.model == trial.model for other in trials[:i]),
                "parameters": json.dumps(dict(trial.parameters), sort_keys=True),
                "first_origin": pd.Timestamp(origins[0]),
                "last_origin": pd.Timestamp(origins[-1]),
                "wis": float(np.nanmean(wis(quantiles, came))),
                "wis_log1p": float(np.nanmean(wis_log1p(quantiles, came))),
            }
        )
    table = pd.DataFrame(rows)
    merit = table["wis"] * table["wis_log1p"]
    return table.assign(chosen=merit.groupby(table["model"]).transform("idxmin") == table.index)
