"""One small network for all places and all steps ahead, on the features of the trees."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Self

import numpy as np

from healthops.forecast.base import HORIZONS, Panel
from healthops.forecast.design import horizon_features
from healthops.forecast.quantile_net import QuantileNet, QuantileNetParameters
from healthops.forecast.stepwise import Stepwise, last_weeks, pooled_scale

#: Features of the week that is forecast that differ by more than the season, which the network knows already.
AHEAD = ("last_year", "usual")


class PooledNet(Stepwise):
    """:class:`~healthops.forecast.quantile_net.QuantileNet` on panels: it learns the changes from the last value.

    Unlike :class:`Stepwise`, of which it takes the features and the scales, it learns all steps ahead at once, so that
    what one step teaches serves the others; and it is so cheap that it can be fitted anew often.

    Parameters
    ----------
    parameters : QuantileNetParameters, optional
        By default each network sees all years.
    target : {"root", "log1p"}
        Scale of the change.
    """

    def __init__(self, parameters: QuantileNetParameters | None = None, *, target: str = "root") -> None:
        settings = parameters or QuantileNetParameters(share=1.0)
        super().__init__(partial(QuantileNet, settings), name=f"net-{target}", target=target)

    def fit(self, panel: Panel, *, seed: int, horizons: Sequence[int] = HORIZONS) -> Self:
        """Learn from every week of `panel`.

        Raises
        ------
        ValueError
            If the panel is too short to hold a target of each horizon.
        """
        self.scale, self.horizons = pooled_scale(panel), tuple(horizons)
        z, level = self._levels(panel)
        came = np.pad(
            np.where(np.isnan(panel.cases), np.nan, level), ((0, 0), (0, max(horizons))), constant_values=np.nan
        )
        weeks = z.shape[1]
        change = np.stack([came[:, h : h + weeks] - level for h in horizons], axis=-1)
        first = min(self.WARM_UP, weeks // 2)
        known = ~np.isnan(change) & (np.arange(weeks) >= first)[:, None]
        for h, any_ in zip(horizons, known.any(axis=(0, 1)), strict=True):
            if not any_:
                raise ValueError(f"{self.name}: {weeks} weeks hold no week {h} weeks after the first {first}")
        p, t = np.nonzero(known.any(axis=-1))
        year = panel.weeks.astype("datetime64[Y]").astype(int)
        x = self._inputs(panel, z)[p, t]
        self.net = self.learner().fit(x, change[p, t], season=year[t], seed=seed)
        return self

    def predict(self, panel: Panel, horizons: Sequence[int] = HORIZONS) -> np.ndarray:
        """Forecast from the last week of `panel`; shape (P, len(horizons), 23)."""
        unknown = sorted(set(horizons) - set(self.horizons))
        if unknown:
            raise ValueError(f"{self.name} was fitted for the horizons {sorted(self.horizons)}, not {unknown}")
        recent = last_weeks(panel, 7 * 53)
        z, level = self._levels(recent)
        change = self.net.predict(self._inputs(recent, z)[:, -1])
        cases = self._cases(level[:, -1, None, None] + change)
        return np.maximum.accumulate(cases, axis=-1)[:, [self.horizons.index(h) for h in horizons]]

    def _inputs(self, panel: Panel, z: np.ndarray) -> np.ndarray:
        ahead = [horizon_features(z, panel.weeks, h) for h in self.horizons]
        chosen = [step.values[..., [step.names.index(name) for name in AHEAD]] for step in ahead]
        return np.concatenate([self._now(panel, z), *chosen], axis=-1)
