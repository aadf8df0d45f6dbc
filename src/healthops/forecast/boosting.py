"""Gradient-boosted quantile trees, pooled over places and horizons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from healthops.forecast.base import HORIZONS, LEVELS, Forecaster, Panel, PlaceScale
from healthops.forecast.design import Design, horizon_features, week_features

if TYPE_CHECKING:
    import pandas as pd
    import xgboost as xgb

#: Columns of table ``outbreak_features`` that the trees may see, where the scenario has them.
TABLE_FEATURES: tuple[str, ...] = (
    "latitude", "longitude", "altitude_m", "density_per_km2", "hdi", "poverty_pct",
    "neighbour_lag_1", "neighbour_average_28_days", "temp_c_lag_4", "rain_mm_lag_4",
)  # fmt: skip


def usable_features(table: pd.DataFrame, names: Sequence[str] = TABLE_FEATURES) -> tuple[list[str], dict[str, str]]:
    """Say which of `names` the table of features can give, and why the others are skipped.

    Returns
    -------
    list of str, dict of str to str
        Names that are there and known somewhere; for each other name the reason.
    """
    skipped = {name: "not in the table" for name in names if name not in table}
    skipped |= {name: "missing everywhere" for name in names if name in table and table[name].isna().all()}
    return [name for name in names if name not in skipped], skipped


#: Levels that are fitted; the rest of the 23 are interpolated on the normal scale.
FITTED_LEVELS = np.array([0.01, 0.025, 0.10, 0.25, 0.40, 0.50, 0.60, 0.75, 0.90, 0.975, 0.99])


@dataclass(frozen=True)
class BoostingParameters:
    """Settings of :class:`XGBoostQuantiles`.

    Attributes
    ----------
    rounds, max_depth : int
        Trees and their depth.
    learning_rate, subsample, colsample, min_child_weight, reg_lambda : float
        As in XGBoost.
    rows : int
        Training rows drawn from all places, weeks and horizons.
    place_scale : bool
        Learn on each place's own scale (else on the fourth root of the rate alone).
    drop : tuple of str
        Groups of features left out: recent, trend, history, season, around, place, table.
    """

    rounds: int = 120
    max_depth: int = 6
    learning_rate: float = 0.08
    subsample: float = 0.7
    colsample: float = 0.4
    min_child_weight: float = 20.0
    reg_lambda: float = 1.0
    rows: int = 48_000
    max_bin: int = 64
    place_scale: bool = False
    drop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if min(self.rounds, self.max_depth, self.rows) < 1:
            raise ValueError(f"rounds, max_depth and rows must be at least 1: {self}")


class XGBoostQuantiles(Forecaster):
    """One booster for all places and horizons; it forecasts the change from the last value on the fourth-root scale.

    All quantiles come from the same trees (``multi_strategy="multi_output_tree"``), so that they seldom cross; what
    still does is sorted.

    Parameters
    ----------
    parameters : BoostingParameters, optional
    threads : int
        Threads of one fit; the result does not depend on it.
    """

    name = "xgboost"
    WARM_UP = 52

    def __init__(self, parameters: BoostingParameters | None = None, *, threads: int = 1) -> None:
        self.parameters = parameters or BoostingParameters()
        self.threads = threads

    def fit(self, panel: Panel, *, seed: int, horizons: Sequence[int] = HORIZONS) -> Self:
        """Learn from every week of `panel`; rows are drawn with `seed`."""
        import xgboost as xgb

        self.scale = self._scale(panel)
        rng = np.random.default_rng(seed)
        x, y = self._training_rows(panel, rng, horizons)
        data = xgb.QuantileDMatrix(x, label=y, max_bin=self.parameters.max_bin, nthread=self.threads)
        self.booster: xgb.Booster = xgb.train(self._settings(seed), data, self.parameters.rounds)
        return self

    def predict(
        self,
        panel: Panel,
        horizons: Sequence[int] = HORIZONS,
        *,
        change: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> np.ndarray:
        """Forecast from the last week of `panel`; shape (P, len(horizons), 23).

        `change` may alter the trees' input of each horizon, shape (P, F): for importance by permutation.
        """
        z = self.scale.forward(panel.filled())
        recent = slice(max(0, z.shape[1] - 7 * 53), None)
        z, weeks = z[:, recent], panel.weeks[recent]
        now = self._week_features(panel, z, weeks, recent).values[:, -1]
        out = np.empty((len(panel.places), len(horizons), len(LEVELS)))
        for j, h in enumerate(horizons):
            step = horizon_features(z, weeks, h).values[:, -1]
            x = np.concatenate([now, step], axis=-1)[:, self.kept]
            x = x if change is None else change(x)
            steps = np.sort(self.booster.inplace_predict(x).astype(float), axis=-1)
            out[:, j] = self.scale.backward(z[:, -1, None] + to_all_levels(steps, FITTED_LEVELS))
        return out

    def gain(self) -> dict[str, float]:
        """Share of the trees' total gain by group of features (sums to 1)."""
        total = self.booster.get_score(importance_type="total_gain")
        by_group: dict[str, float] = {}
        for key, gain in total.items():
            group = self.feature_groups[int(key[1:])]
            by_group[group] = by_group.get(group, 0.0) + float(np.sum(gain))
        whole = sum(by_group.values()) or 1.0
        return {group: by_group[group] / whole for group in sorted(by_group)}

    def describe(self) -> dict[str, object]:
        """Return the parameters as plain values, for metadata and records of trials."""
        return asdict(self.parameters)

    # ---- within ---------------------------------------------------------------------------------------------
    def _scale(self, panel: Panel) -> PlaceScale:
        scale = PlaceScale.fit(panel.cases, panel.population)
        if self.parameters.place_scale:
            # A place that hardly ever had a case must not turn its first one into an enormous value.
            return replace(scale, scale=np.maximum(scale.scale, 0.5 * np.median(scale.scale)))
        return replace(scale, scale=np.ones_like(scale.scale), centre=np.zeros_like(scale.centre))

    def _week_features(self, panel: Panel, z: np.ndarray, weeks: np.ndarray, span: slice) -> Design:
        return week_features(
            z, weeks, panel.places,
            log_population=np.log(panel.population),
            typical=self.scale.scale,
            named={name: values[:, span] for name, values in panel.features.items()},
        )  # fmt: skip

    def _training_rows(
        self, panel: Panel, rng: np.random.Generator, horizons: Sequence[int]
    ) -> tuple[np.ndarray, np.ndarray]:
        z = self.scale.forward(panel.filled())
        now = self._week_features(panel, z, panel.weeks, slice(None))
        first = min(self.WARM_UP, z.shape[1] // 2)
        inputs, targets = [], []
        for h in horizons:
            step = horizon_features(z, panel.weeks, h)
            known = ~np.isnan(panel.cases[:, h:]) & (np.arange(z.shape[1] - h) >= first)
            at = np.argwhere(known)
            share = -(-self.parameters.rows // len(horizons))
            if len(at) > share:
                at = at[np.sort(rng.choice(len(at), share, replace=False))]
            p, t = at.T
            inputs.append(np.concatenate([now.values[p, t], step.values[p, t]], axis=-1))
            targets.append((z[p, t + h] - z[p, t]).astype(np.float32))
        groups = (*now.groups, *step.groups)
        self.kept = np.flatnonzero([g not in self.parameters.drop for g in groups])
        self.feature_names = tuple(np.array((*now.names, *step.names))[self.kept].tolist())
        self.feature_groups = tuple(np.array(groups)[self.kept].tolist())
        return np.concatenate(inputs)[:, self.kept], np.concatenate(targets)

    def _settings(self, seed: int) -> dict[str, object]:
        p = self.parameters
        return {
            "objective": "reg:quantileerror", "quantile_alpha": FITTED_LEVELS.tolist(),
            "multi_strategy": "multi_output_tree", "tree_method": "hist", "max_bin": p.max_bin,
            "max_depth": p.max_depth, "learning_rate": p.learning_rate, "subsample": p.subsample,
            "colsample_bytree": p.colsample, "min_child_weight": p.min_child_weight, "reg_lambda": p.reg_lambda,
            "seed": seed, "nthread": self.threads, "verbosity": 0,
        }  # fmt: skip


def to_all_levels(values: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    """Interpolate quantiles at levels `fitted`, shape (..., m), to the 23 levels, straight between normal scores."""
    from scipy.special import ndtri

    grid, want = ndtri(fitted), ndtri(LEVELS)
    right = np.clip(np.searchsorted(grid, want, side="left"), 1, len(grid) - 1)
    share = (want - grid[right - 1]) / (grid[right] - grid[right - 1])
    return values[..., right - 1] + share * (values[..., right] - values[..., right - 1])
