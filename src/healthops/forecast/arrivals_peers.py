"""Peers of the network of arrivals: boosted trees on the same features, and exponential smoothing of day totals."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from healthops.forecast.arrivals import Arrivals, mean_of
from healthops.forecast.counts import fit_dispersion

if TYPE_CHECKING:
    import pandas as pd
    import xgboost as xgb

#: Half the width of a central interval of 95 %, in standard deviations.
_Z95 = 1.959964
#: Weeks from which exponential smoothing learns, and those from which the day is shared out to its hours.
ETS_WEEKS, SHARE_WEEKS = 52, 26


@dataclass(frozen=True)
class BoostedRateParameters:
    """Settings of :class:`BoostedRates`, as XGBoost names them."""

    rounds: int = 150
    max_depth: int = 5
    learning_rate: float = 0.06
    subsample: float = 0.7
    colsample: float = 0.4
    min_child_weight: float = 50.0

    def __post_init__(self) -> None:
        if min(self.rounds, self.max_depth) < 1:
            raise ValueError(f"rounds and max_depth must be at least 1: {self}")


class BoostedRates:
    """Rates of hours by boosted trees (XGBoost, Poisson loss); arguments as of ``RateNetwork``."""

    def __init__(self, parameters: BoostedRateParameters | None = None, *, known: np.ndarray) -> None:
        self.parameters, self.known = parameters or BoostedRateParameters(), np.asarray(known, bool)

    def fit(
        self, x: np.ndarray, service: np.ndarray, hour: np.ndarray, count: np.ndarray, elapsed: np.ndarray, *, seed: int
    ) -> Self:
        """Learn from hours; each service's dispersion is that of its counts around what was learnt."""
        import xgboost as xgb

        p = self.parameters
        services = int(service.max()) + 1
        self.level = np.array([
            max(count[service == s].sum() / elapsed[service == s].sum(), 1e-3) for s in range(services)
        ])  # fmt: skip
        data = xgb.QuantileDMatrix(self._inputs(x, service, hour), label=count, max_bin=64, nthread=1)
        data.set_base_margin(np.log(self.level[service] * elapsed))
        settings = {
            "objective": "count:poisson", "tree_method": "hist", "max_bin": 64, "max_depth": p.max_depth,
            "learning_rate": p.learning_rate, "subsample": p.subsample, "colsample_bytree": p.colsample,
            "min_child_weight": p.min_child_weight, "seed": seed % 2**31, "nthread": 1, "verbosity": 0,
        }  # fmt: skip
        self.booster: xgb.Booster = xgb.train(settings, data, p.rounds)
        mean = self.rate(x, service, hour) * elapsed
        self.dispersion = np.array([fit_dispersion(count[service == s], mean[service == s]) for s in range(services)])
        return self

    def rate(self, x: np.ndarray, service: np.ndarray, hour: np.ndarray) -> np.ndarray:
        """Patients per hour that passes, shape (n,)."""
        import xgboost as xgb

        data = xgb.DMatrix(self._inputs(x, service, hour), nthread=1)
        data.set_base_margin(np.log(self.level[service]))
        return self.booster.predict(data).astype(float)

    def describe(self) -> dict[str, object]:
        """Return the parameters as plain values."""
        return asdict(self.parameters)

    def _inputs(self, x: np.ndarray, service: np.ndarray, hour: np.ndarray) -> np.ndarray:
        return np.column_stack([x[:, self.known], service, hour % 24, hour // 24]).astype(np.float32)


def ets_rates(
    series: Sequence[Arrivals], rows: pd.DataFrame, *, refit_days: int = 182
) -> tuple[np.ndarray, np.ndarray]:
    """Exponential smoothing of day totals [1]_, shared out to hours as the last weeks were.

    The model is fitted anew at every origin, on the totals of the last :data:`ETS_WEEKS` weeks with a season of a week;
    its form is chosen by AICc at the first origin of each service and after every `refit_days` days. A day that lacks
    an hour is filled by the mean of the same weekday of the four weeks before. The shares are those of the same
    weekday in the last :data:`SHARE_WEEKS` weeks.

    Parameters
    ----------
    rows : DataFrame
        Of :func:`healthops.forecast.arrivals.targets`, whole days.

    Returns
    -------
    mean, dispersion : array, shape (n,)
        Of each hour. The dispersion is the model's variance of the day's total beyond that of a Poisson count, over
        its squared mean; that of an hour is the same, as the hours of a day are high together.

    .. [1] Hyndman, Koehler, Snyder, Grose (2002), Int. J. Forecasting 18(3): 439-454.
    """
    with warnings.catch_warnings():
        # Its progress bars miss a widget that nothing here shows.
        warnings.simplefilter("ignore")
        from statsforecast.models import AutoETS

    mean, spread = np.zeros(len(rows)), np.zeros(len(rows))
    frame, forms = rows.assign(row=np.arange(len(rows))), {}
    start = rows["reference_date"].min()
    for (s, origin), group in frame.groupby(["s", "reference_date"], sort=False):
        each = series[s]
        known = int((origin.to_datetime64().astype("datetime64[D]") - each.days[0]).astype(int)) + 1
        totals = _filled(each.totals[:known])[-7 * ETS_WEEKS :]
        ahead = int(group["horizon"].max())
        turn = s, (origin - start).days // refit_days
        if turn not in forms:
            error, trend, season, damped = AutoETS(season_length=7).fit(totals).model_["components"]
            forms[turn] = {"model": error + trend + season, "damped": damped == "D"}
        found = AutoETS(season_length=7, **forms[turn]).forecast(y=totals, h=ahead, level=[95])
        step = group["horizon"].to_numpy() - 1
        day = np.maximum(found["mean"], 0.01)
        sd = (found["hi-95"] - found["lo-95"]) / (2 * _Z95)
        share = _shares(each, known)[(group["at"].to_numpy() - known) % 7, group["hour"].to_numpy()]
        mean[group["row"]] = day[step] * share * group["elapsed_h"].to_numpy()
        spread[group["row"]] = (np.maximum(sd**2 - day, 0.0) / day**2)[step]
    return mean, spread


def _filled(totals: np.ndarray) -> np.ndarray:
    out = totals.copy()
    start = int(np.argmax(~np.isnan(out)))
    out = out[start:]
    for t in np.flatnonzero(np.isnan(out)):
        before = out[[t - 7 * k for k in (1, 2, 3, 4) if t - 7 * k >= 0]]
        out[t] = mean_of(before[None])[0] if len(before) and not np.isnan(before).all() else np.nanmean(out[:t])
    return out


def _shares(each: Arrivals, known: int) -> np.ndarray:
    """Share of an hour in its day by days after the origin (0: the next), shape (7, 24)."""
    weeks = min(SHARE_WEEKS, known // 7)
    recent = each.rate[known - 7 * weeks : known].reshape(weeks, 7, 24)
    # A weekday of half a year has few patients in an hour: one patient's worth of the usual day is added to each.
    usual = np.nansum(recent, axis=(0, 1)) / np.nansum(recent)
    total = np.nansum(recent, axis=0) + 24 * usual
    return total / total.sum(axis=1, keepdims=True)
