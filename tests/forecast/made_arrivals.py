"""Small made-up arrivals whose law is known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from healthops.forecast.arrivals import Arrivals

FIRST = np.datetime64("2021-01-04")  # a Monday
SHAPE = 2 + 6 * np.exp(-(((np.arange(24) - 14) / 4) ** 2))


def series(days: int = 300, *, ahead: int = 0, seed: int = 1, level: float = 1.0, name: str = "one") -> Arrivals:
    """Poisson counts with a course of the day and busier Mondays; the features are two lags, of 7 and of 28 days."""
    rng = np.random.default_rng(seed)
    weekday = np.arange(days + ahead) % 7
    rate = level * SHAPE * np.where(weekday == 0, 1.5, 1.0)[:, None]
    count = rng.poisson(rate).astype(float)
    count[days:] = np.nan
    lags = [np.vstack([np.full((k, 24), np.nan), count])[: days + ahead] for k in (7, 28)]
    return Arrivals(
        name, "emergency", FIRST + np.arange(days + ahead), count, np.ones_like(count), days, np.stack(lags, axis=-1)
    )


def table(each: Arrivals) -> pd.DataFrame:
    """As table ``arrival_features``, with its two lags."""
    days = len(each.days)
    return pd.DataFrame({
        "clinic": each.clinic, "service": each.service,
        "date": np.repeat(each.days, 24).astype("datetime64[ns]"), "hour": np.tile(np.arange(24), days),
        "arrivals": pd.array(each.count.ravel(), dtype="Int64"),
        "elapsed_h": each.elapsed.ravel().astype(int),
        "recorded": np.repeat(np.arange(days) < each.recorded, 24),
        "lag_7": each.x[..., 0].ravel(), "lag_28": each.x[..., 1].ravel(),
    })  # fmt: skip
