"""Peers from statsforecast: what a practitioner gets from one line of a good library, on the raw counts.

Each series is forecast by itself and without a season.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from healthops.forecast.base import HORIZONS, LEVELS, Forecaster, Panel

if TYPE_CHECKING:
    from statsforecast.models import ARIMA

#: Central intervals whose bounds are the hub's 23 quantiles, in percent.
INTERVALS: tuple[float, ...] = (98, 95, 90, 80, 70, 60, 50, 40, 30, 20, 10)
#: Weeks below which a series is too short for these models; its forecast is then that of its own past values.
SHORTEST = 12


class StatsForecaster(Forecaster):
    """One model of statsforecast a place, fitted anew at every origin on all of the place's past.

    Gaps are filled as everywhere (:meth:`Panel.filled`); quantiles come from the library's own prediction intervals,
    cut at zero. A place whose past holds one value only is forecast to keep it, and a past of fewer than
    :data:`SHORTEST` weeks gives its own quantiles: neither holds what the library's models need.
    """

    def fit(self, panel: Panel, *, seed: int) -> Self:
        """Learn nothing: the library's models are fitted to the panel that is forecast."""
        return self

    def predict(self, panel: Panel, horizons: Sequence[int] = HORIZONS) -> np.ndarray:
        """Forecast from the last week of `panel`; shape (P, len(horizons), 23)."""
        at = np.array(horizons) - 1
        rows = zip(panel.places, panel.filled(), strict=True)
        return np.stack([self._one(place, y, int(max(horizons)))[at] for place, y in rows])

    def _one(self, place: str, y: np.ndarray, ahead: int) -> np.ndarray:
        if len(y) < SHORTEST or np.ptp(y) == 0:
            return np.repeat(np.quantile(y, LEVELS)[None], ahead, axis=0)
        quantiles = quantiles_from(self._forecast(place, y, ahead))
        if not np.isfinite(quantiles).all():
            raise ValueError(f"{self.name} gave no finite forecast for place {place} after {len(y)} weeks")
        return np.maximum(np.sort(quantiles, axis=-1), 0.0)

    @abstractmethod
    def _forecast(self, place: str, y: np.ndarray, ahead: int) -> dict[str, np.ndarray]:
        """Mean and bounds of :data:`INTERVALS` as statsforecast gives them, each of shape (ahead,)."""


class AutoETS(StatsForecaster):
    """Exponential smoothing in state space, its form chosen by AICc [1]_.

    .. [1] Hyndman, Koehler, Snyder, Grose (2002), Int. J. Forecasting 18(3): 439-454.
    """

    name = "auto-ets"

    def _forecast(self, place: str, y: np.ndarray, ahead: int) -> dict[str, np.ndarray]:
        from statsforecast.models import AutoETS as Model

        return Model(season_length=1).forecast(y=y, h=ahead, level=list(INTERVALS))


class AutoTheta(StatsForecaster):
    """The best of four Theta models [1]_.

    The library draws its intervals from 200 simulated paths with a fixed seed.

    .. [1] Fiorucci et al. (2016), Models for optimising the theta method, Int. J. Forecasting 32(4): 1151-1161.
    """

    name = "auto-theta"

    def _forecast(self, place: str, y: np.ndarray, ahead: int) -> dict[str, np.ndarray]:
        from statsforecast.models import AutoTheta as Model

        return Model(season_length=1).forecast(y=y, h=ahead, level=list(INTERVALS))


class AutoARIMA(StatsForecaster):
    """ARIMA without a season [1]_: orders chosen by AICc in :meth:`fit`, coefficients estimated at every origin.

    Choosing the orders anew at every origin as well takes ten times as long.

    .. [1] Hyndman, Khandakar (2008), Automatic time series forecasting, J. Stat. Softw. 27(3).
    """

    name = "auto-arima"

    def fit(self, panel: Panel, *, seed: int) -> Self:
        """Choose the orders of each place from its past; nothing is drawn."""
        self._orders: dict[str, tuple[tuple[int, int, int], bool, bool]] = {}
        for place, y in zip(panel.places, panel.filled(), strict=True):
            if len(y) >= SHORTEST and np.ptp(y) > 0:
                self._orders[place] = self._chosen(y)
        return self

    def orders(self) -> dict[str, tuple[int, int, int]]:
        """Chosen (p, d, q) by place; places without variation have none."""
        return {place: found[0] for place, found in self._orders.items()}

    def _chosen(self, y: np.ndarray) -> tuple[tuple[int, int, int], bool, bool]:
        from statsforecast.models import AutoARIMA as Model

        found: Any = Model(season_length=1).fit(y).model_
        p, q, *_, d, _ = found["arma"]
        return (p, d, q), "intercept" in found["coef"], "drift" in found["coef"]

    def _forecast(self, place: str, y: np.ndarray, ahead: int) -> dict[str, np.ndarray]:
        if place not in self._orders:  # it had no case when the others' orders were chosen
            self._orders[place] = self._chosen(y)
        model = self._model(*self._orders[place])
        try:
            return model.forecast(y=y, h=ahead, level=list(INTERVALS))
        except ValueError:
            # Coefficients of old orders may leave the stationary region on new data: choose anew, as at a fit.
            self._orders[place] = self._chosen(y)
            return self._model(*self._orders[place]).forecast(y=y, h=ahead, level=list(INTERVALS))

    @staticmethod
    def _model(order: tuple[int, int, int], mean: bool, drift: bool) -> ARIMA:
        from statsforecast.models import ARIMA

        return ARIMA(order=order, season_length=1, include_mean=mean, include_drift=drift)


def quantiles_from(found: dict[str, np.ndarray]) -> np.ndarray:
    """Put statsforecast's bounds in the order of the 23 levels; shape (ahead, 23).

    The middle is the mean, which people take for the forecast. The narrow intervals of models that draw theirs from 200
    paths (Theta) may miss it: they then reach up to it.
    """
    middle = found["mean"]
    low = [np.minimum(found[f"lo-{level}"], middle) for level in INTERVALS]
    high = [np.maximum(found[f"hi-{level}"], middle) for level in reversed(INTERVALS)]
    return np.stack([*low, middle, *high], axis=-1)
