"""What do the models listen to? Ablation, permutation importance, and the fusion's weights over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from healthops.evaluate.scores import wis, wis_log1p
from healthops.forecast.backtest import Block, refit_blocks, run_blocks
from healthops.forecast.base import HORIZONS, Panel
from healthops.forecast.boosting import BoostingParameters, XGBoostQuantiles
from healthops.forecast.cube import truth

#: Groups of features, in words.
GROUPS = {
    "recent": "level and recent changes",
    "trend": "local trend and curvature",
    "history": "past year: means, peak, roughness",
    "season": "season and past years' same week",
    "around": "nation, region and neighbours",
    "place": "size of the place",
    "table": "geography, poverty, climate, neighbours' cases",
    "horizon": "horizon",
}

#: Row of the ablation that is the whole model once more, with other training rows.
AGAIN = "nothing, drawn again"


def ablation(
    panel: Panel,
    parameters: BoostingParameters,
    origins: np.ndarray,
    *,
    groups: Sequence[str],
    refit_weeks: int,
    seed: int,
    horizons: Sequence[int] = HORIZONS,
    workers: int = 2,
) -> pd.DataFrame:
    """Fit the trees without each group of features in turn, and once more whole with other training rows.

    Returns
    -------
    DataFrame
        without, wis, wis_log1p, and their change in percent against the whole (first row). The second row, another
        draw of the same model, says how large a change is chance.
    """
    runs = refit_blocks(origins, refit_weeks)
    drops = {"nothing": (), AGAIN: (), **{g: (g,) for g in groups}}
    blocks = [
        Block(
            name, _Maker(replace(parameters, drop=drop)), panel.until(run[-1]), run, tuple(horizons),
            seed + 1 if name == AGAIN else seed,
        )
        for name, drop in drops.items()
        for run in runs
    ]  # fmt: skip
    done = run_blocks(blocks, workers)
    came = truth(panel, origins, horizons)
    rows = []
    for i, name in enumerate(drops):
        q = np.concatenate(done[i * len(runs) : (i + 1) * len(runs)])
        rows.append(
            {
                "without": name,
                "wis": float(np.nanmean(wis(q, came))),
                "wis_log1p": float(np.nanmean(wis_log1p(q, came))),
            }
        )
    table = pd.DataFrame(rows)
    for score in ("wis", "wis_log1p"):
        table[f"{score}_change_pct"] = 100 * (table[score] / table[score].iloc[0] - 1)
    return table


class _Maker:
    """Makes boosters of given parameters; survives pickling."""

    def __init__(self, parameters: BoostingParameters) -> None:
        self.parameters = parameters

    def __call__(self) -> XGBoostQuantiles:
        return XGBoostQuantiles(self.parameters)


def permutation_importance(
    model: XGBoostQuantiles, panel: Panel, origins: np.ndarray, *, seed: int, horizons: Sequence[int] = HORIZONS
) -> pd.DataFrame:
    """Shuffle each group of a fitted model's features among places and see how much worse its forecasts become.

    Returns
    -------
    DataFrame
        group, wis_ratio: log1p WIS with the group shuffled over log1p WIS as it is; 1 means that the group is not
        listened to.
    """
    came = truth(panel, origins, horizons)
    groups = [g for g in GROUPS if g in model.feature_groups and g != "horizon"]
    before = _log_score(model, panel, origins, horizons, came, None)
    rows = []
    for n, group in enumerate(groups):
        columns = np.flatnonzero(np.array(model.feature_groups) == group)
        shuffle = _Shuffle(columns, np.random.default_rng([seed, n]))
        rows.append({"group": group, "wis_ratio": _log_score(model, panel, origins, horizons, came, shuffle) / before})
    return pd.DataFrame(rows)


class _Shuffle:
    """Shuffles some columns of an array among its rows."""

    def __init__(self, columns: np.ndarray, rng: np.random.Generator) -> None:
        self.columns, self.rng = columns, rng

    def __call__(self, x: np.ndarray) -> np.ndarray:
        out = x.copy()
        out[:, self.columns] = x[self.rng.permutation(len(x))][:, self.columns]
        return out


def _log_score(
    model: XGBoostQuantiles,
    panel: Panel,
    origins: np.ndarray,
    horizons: Sequence[int],
    came: np.ndarray,
    change: Callable[[np.ndarray], np.ndarray] | None,
) -> float:
    scores = [
        wis_log1p(np.round(model.predict(panel.until(o), horizons, change=change)), came[i])
        for i, o in enumerate(origins)
    ]
    return float(np.nanmean(scores))


def weights_over_time(weights: pd.DataFrame) -> pd.DataFrame:
    """Mean weight of each member over horizons, by origin: rows are origins, columns members."""
    return weights.pivot_table(index="reference_date", columns="model", values="weight", aggfunc="mean")
