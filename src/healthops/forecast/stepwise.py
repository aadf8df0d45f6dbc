"""One pooled model for each step ahead: any learner of rows becomes a forecaster of panels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol, Self

import numpy as np

from healthops.features.grid import lagged
from healthops.forecast.base import HORIZONS, LEVELS, Forecaster, Panel, PlaceScale
from healthops.forecast.design import horizon_features, trailing, week_features

#: Weeks that count features reach back, beside the week itself.
COUNT_LAGS = (1, 2, 3)
COUNT_MEANS = (4, 8, 26, 52)
#: Scales on which the change from the last value is learnt.
TARGETS = ("root", "log1p")


class RowLearner(Protocol):
    """Learns from rows and gives the 23 quantiles of new rows."""

    def fit(self, x: np.ndarray, y: np.ndarray, *, seed: int) -> Any:
        """Learn from rows `x`, shape (N, F), NaN allowed, and `y`, shape (N,)."""

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Quantiles of rows `x`, shape (M, F); shape (M, 23)."""


class Stepwise(Forecaster):
    """One learner for each step ahead, pooled over places; it learns the change from the last value.

    Features are those of :mod:`healthops.forecast.design` on each place's own scale, and the counts themselves: what
    0, 1 or 2 cases mean does not scale with the inhabitants.

    Parameters
    ----------
    learner : callable
        Makes a fresh learner of rows.
    name : str
        Name in tables and figures.
    target : {"root", "log1p"}
        Scale of the change: fourth root of the rate over the place's high season, or log(1 + cases).
    columns : sequence of str, optional
        Features that the learner sees; all by default.
    """

    WARM_UP = 52

    def __init__(
        self,
        learner: Callable[[], RowLearner],
        *,
        name: str,
        target: str = "root",
        columns: Sequence[str] | None = None,
    ) -> None:
        if target not in TARGETS:
            raise ValueError(f"target must be one of {TARGETS}, not {target!r}")
        self.learner, self.name, self.target, self.columns = learner, name, target, columns

    def fit(self, panel: Panel, *, seed: int, horizons: Sequence[int] = HORIZONS) -> Self:
        """Learn from every week of `panel`, one model a horizon.

        Raises
        ------
        ValueError
            If the panel is too short to hold one target, or a named column is not among the features.
        """
        self.scale = pooled_scale(panel)
        z, level = self._levels(panel)
        now = self._now(panel, z)
        first = min(self.WARM_UP, z.shape[1] // 2)
        self.models: dict[int, RowLearner] = {}
        for h in horizons:
            known = ~np.isnan(panel.cases[:, h:]) & (np.arange(max(z.shape[1] - h, 0)) >= first)
            p, t = np.nonzero(known)
            if not len(p):
                raise ValueError(f"{self.name}: {z.shape[1]} weeks hold no week {h} weeks after the first {first}")
            x = self._rows(now, z, panel.weeks, h)[p, t]
            y = (level[p, t + h] - level[p, t]).astype(np.float32)
            self.models[h] = self.learner().fit(x, y, seed=seed + h)
        return self

    def predict(self, panel: Panel, horizons: Sequence[int] = HORIZONS) -> np.ndarray:
        """Forecast from the last week of `panel`; shape (P, len(horizons), 23)."""
        unknown = sorted(set(horizons) - set(self.models))
        if unknown:
            raise ValueError(f"{self.name} was fitted for the horizons {sorted(self.models)}, not {unknown}")
        recent = last_weeks(panel, 7 * 53)
        z, level = self._levels(recent)
        now = self._now(recent, z)[:, -1:]
        out = np.empty((len(panel.places), len(horizons), len(LEVELS)))
        for j, h in enumerate(horizons):
            step = horizon_features(z, recent.weeks, h).values[:, -1:]
            change = self.models[h].predict(self._chosen(np.concatenate([now, step], axis=-1))[:, 0])
            out[:, j] = self._cases(level[:, -1, None] + change)
        return np.maximum.accumulate(out, axis=-1)

    # ---- within ---------------------------------------------------------------------------------------------
    def _levels(self, panel: Panel) -> tuple[np.ndarray, np.ndarray]:
        cases = panel.filled()
        z = self.scale.forward(cases)
        return z, (z if self.target == "root" else np.log1p(cases))

    def _cases(self, level: np.ndarray) -> np.ndarray:
        return self.scale.backward(level) if self.target == "root" else np.expm1(np.maximum(level, 0.0))

    def _now(self, panel: Panel, z: np.ndarray) -> np.ndarray:
        week = week_features(
            z, panel.weeks, panel.places,
            log_population=np.log(panel.population), typical=self.scale.scale, named=panel.features,
        )  # fmt: skip
        counts, names = count_features(panel.filled())
        step = horizon_features(z[:, :1], panel.weeks[:1], 1)
        self.names = (*week.names, *names, *step.names)
        return np.concatenate([week.values, counts], axis=-1)

    def _rows(self, now: np.ndarray, z: np.ndarray, weeks: np.ndarray, h: int) -> np.ndarray:
        return self._chosen(np.concatenate([now, horizon_features(z, weeks, h).values], axis=-1))

    def _chosen(self, x: np.ndarray) -> np.ndarray:
        if self.columns is None:
            return x
        unknown = sorted(set(self.columns) - set(self.names))
        if unknown:
            raise ValueError(f"{self.name}: no feature is called {unknown}; there are {list(self.names)}")
        return x[..., [self.names.index(name) for name in self.columns]]


def count_features(cases: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Log(1 + cases) of the last weeks, of means and of the highest week of a year; shape (P, T, 9), and names."""
    log = np.log1p(cases)
    columns = {"count": log}
    columns |= {f"count_{k}": lagged(log, k) for k in COUNT_LAGS}
    columns |= {f"count_mean_{w}": np.log1p(trailing(cases, w).mean(axis=-1)) for w in COUNT_MEANS}
    columns["count_peak"] = np.log1p(trailing(cases, 52).max(axis=-1))
    return np.stack(list(columns.values()), axis=-1).astype(np.float32), tuple(columns)


def pooled_scale(panel: Panel) -> PlaceScale:
    """Learn each place's scale from the weeks of `panel`, with a floor."""
    scale = PlaceScale.fit(panel.cases, panel.population)
    # A place that hardly ever had a case must not turn its first one into an enormous value.
    return replace(scale, scale=np.maximum(scale.scale, 0.5 * np.median(scale.scale)))


def last_weeks(panel: Panel, weeks: int) -> Panel:
    """Return the last `weeks` weeks of `panel`, or all where it is shorter."""
    keep = slice(max(0, len(panel.weeks) - weeks), None)
    features = {name: values[:, keep] for name, values in panel.features.items()}
    return replace(panel, weeks=panel.weeks[keep], cases=panel.cases[:, keep], features=features)
