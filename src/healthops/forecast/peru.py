"""The proving ground of Peru's departments and provinces: its panel, its models, and how they are run.

What is here decides the forecasts; scoring and the fusion's weights are in ``benchmarks/peru_dengue.py``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from healthops.features.panel import build_panel
from healthops.forecast.analogues import AnalogueLearner
from healthops.forecast.backtest import Block, Maker, known_weeks, refit_blocks
from healthops.forecast.base import Panel, PanelError
from healthops.forecast.baselines import HubBaseline, RootBaseline, SeasonalQuantiles
from healthops.forecast.lstm import LSTMParameters
from healthops.forecast.lstm_keras import KerasLSTM
from healthops.forecast.lstm_torch import TorchLSTM
from healthops.forecast.peers import AutoARIMA, AutoETS, AutoTheta
from healthops.forecast.pooled_net import PooledNet
from healthops.forecast.stepwise import Stepwise
from healthops.forecast.trees import TreesLearner

LEVEL_NAMES = ("department", "province")
FIRST_ORIGIN, LAST_ORIGIN, EVERY_WEEKS = "2017-01-07", "2022-12-31", 4
#: Weeks after which a model is fitted anew: often where that is cheap or gains much.
REFIT_WEEKS = {"trees-log1p": 36, "net-log1p": 24, "net-root": 24}
REFIT_OTHERS = 104
#: Places with so many cases up to this day are forecast: nothing of the years that are scored chooses them.
MIN_CASES, SELECTION_END = 500, "2016-12-31"

#: What nearness of two situations is judged by, and how much each counts.
SITUATION = {
    "level": 2.0, "change_1": 1.0, "change_2": 1.0, "change_4": 1.0, "change_8": 0.7, "trend6_slope": 1.0,
    "mean_4": 1.0, "mean_52": 1.0, "season_sin": 1.0, "season_cos": 1.0, "below_peak": 1.0, "usual_rise": 1.0,
    "usual": 0.7, "region_change_4": 0.7, "nation_change_4": 0.7, "roughness": 0.5,
}  # fmt: skip
#: Of both frameworks.
NETWORK = LSTMParameters(epochs=6, windows_per_epoch=10_000, members=2)


def models() -> dict[str, Maker]:
    """Makers of all models but the fusion; those that cost nothing come last, so that no worker waits at the end."""
    nearest = partial(AnalogueLearner, neighbours=300, importance=tuple(SITUATION.values()))
    return {
        "trees-log1p": partial(Stepwise, TreesLearner, name="trees-log1p", target="log1p"),
        "net-log1p": partial(PooledNet, target="log1p"),
        "net-root": PooledNet,
        "lstm-keras": partial(KerasLSTM, NETWORK),
        "lstm-torch": partial(TorchLSTM, NETWORK),
        "analogues": partial(Stepwise, nearest, name="analogues", columns=tuple(SITUATION)),
        "auto-theta": AutoTheta,
        "auto-arima": AutoARIMA,
        "auto-ets": AutoETS,
        "seasonal-quantiles": SeasonalQuantiles,
        "root-baseline": RootBaseline,
        "hub-baseline": HubBaseline,
    }


def joint_panel(
    weekly_cases: pd.DataFrame, places: pd.DataFrame, population: pd.DataFrame, *, selection_end: str | None
) -> Panel:
    """Departments and provinces with enough cases as one panel, with where they lie; truncated weeks are cut."""
    parts = []
    for level in LEVEL_NAMES:
        table = build_panel(
            weekly_cases, places, population, level=level, min_cases=MIN_CASES, selection_end=selection_end
        )
        parts.append(Panel.from_tables(known_weeks(table)))
    first, second = parts
    codes = first.places + second.places
    where = places.set_index("ubigeo").loc[list(codes), ["latitude", "longitude", "altitude_m"]]
    span = (len(codes), len(first.weeks))
    return Panel(
        codes,
        first.weeks,
        np.concatenate([first.cases, second.cases]),
        np.concatenate([first.population, second.population]),
        {name: np.broadcast_to(where[name].to_numpy(float)[:, None], span).copy() for name in where},
    )


def of_level(places: Sequence[str], level: str) -> np.ndarray:
    """Which places are of `level`: departments have codes of two digits, provinces of four; shape (P,)."""
    return np.array([len(place) == (2 if level == "department" else 4) for place in places])


def timed_block(block: Block) -> tuple[np.ndarray, float]:
    """Fit once and forecast each origin of the block, without rounding; with the CPU seconds that it took."""
    begun = time.process_time()
    model = block.maker().fit(block.panel.until(block.origins[0]), seed=block.seed)
    found = np.stack([model.predict(block.panel.until(origin), block.horizons) for origin in block.origins])
    if not np.isfinite(found).all():
        raise PanelError(f"{block.model} gave a forecast that is not finite, fitted at {block.origins[0]}")
    return found, time.process_time() - begun


def runs_of(origins: np.ndarray, model: str) -> list[np.ndarray]:
    """Origins that share a fit of `model`; a last run of one or two origins shares that of the run before."""
    runs = refit_blocks(origins, REFIT_WEEKS.get(model, REFIT_OTHERS))
    return [*runs[:-2], np.concatenate(runs[-2:])] if len(runs) > 1 and len(runs[-1]) < 3 else runs
