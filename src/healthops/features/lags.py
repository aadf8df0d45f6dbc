"""A place's own past: lags, windows, growth, and how long ago its last peak was.

A row ``(ubigeo, week_end)`` holds what is known at the *end* of that week. So ``lag_0`` is the week's own cases, the
newest number known, and ``lag_3`` those of the week that ended 21 days before. Weeks without a report are missing in
the lags; windows average the weeks that did report.
"""

from __future__ import annotations

import numpy as np

from healthops.features.grid import lagged, trailing_mean, trailing_sum

#: Weeks before the newest known one whose cases are features; 51 is the season's forecast week a year before.
LAGS = (0, 1, 2, 3, 4, 5, 6, 7, 51)

#: Days of the windows whose daily mean is a feature.
WINDOWS = (7, 28, 84)

#: A year, in weeks: how far back the last peak is looked for.
YEAR = 52


def lag_features(cases: np.ndarray, population: np.ndarray) -> dict[str, np.ndarray]:
    """Describe each place-week by the place's own past.

    Parameters
    ----------
    cases : array, shape (P, T)
        Weekly cases; NaN where no report came.
    population : array, shape (P,)
        Inhabitants.

    Returns
    -------
    dict of str to array, shape (P, T)
        In the order of the catalogue.
    """
    out = {f"lag_{k}": lagged(cases, k) for k in LAGS}
    out |= {f"average_cases_last_{days}_days": trailing_mean(cases, days // 7) / 7 for days in WINDOWS}
    out["rate_last_28_days"] = trailing_mean(cases, 4) * 4 / population[:, None] * 1e5
    out["cases_last_52_weeks"] = _whole(trailing_sum(cases, YEAR), YEAR)
    out["growth_4_weeks"] = growth(cases, 4)
    out["weeks_since_peak"] = weeks_since_peak(cases)
    out["weeks_since_case"] = weeks_since_case(cases)
    out["share_of_past_peak"] = share_of_past_peak(cases)
    out["weeks_unreported_last_28_days"] = trailing_sum(np.isnan(cases).astype(float), 4)
    return out


def growth(cases: np.ndarray, weeks: int) -> np.ndarray:
    """Return the weekly growth rate between the last `weeks` weeks and the `weeks` before them, shape (P, T).

    Logarithm of the ratio of the two means, each plus half a case so that zeros count, over the weeks between.
    """
    now = trailing_mean(cases, weeks)
    return np.log((now + 0.5) / (lagged(now, weeks) + 0.5)) / weeks


def weeks_since_peak(cases: np.ndarray, *, window: int = YEAR) -> np.ndarray:
    """Return how many weeks ago the highest of the last `window` weeks was (the newest of ties), shape (P, T).

    NaN before `window` weeks have passed and where the window holds no case.
    """
    filled = np.where(np.isnan(cases), -1.0, cases)
    out = np.full(cases.shape, np.nan)
    if cases.shape[1] < window:
        return out
    view = np.lib.stride_tricks.sliding_window_view(filled[:, ::-1], window, axis=1)[:, ::-1]
    since = view.argmax(axis=-1).astype(float)
    out[:, window - 1 :] = np.where(view.max(axis=-1) > 0, since, np.nan)
    return out


def weeks_since_case(cases: np.ndarray) -> np.ndarray:
    """Return how many weeks ago the last case was, 0 in a week with cases; NaN before the first, shape (P, T)."""
    at = np.arange(cases.shape[1], dtype=float)
    last = np.maximum.accumulate(np.where(np.nan_to_num(cases) > 0, at, -np.inf), axis=1)
    return np.where(np.isfinite(last), at - last, np.nan)


def share_of_past_peak(cases: np.ndarray) -> np.ndarray:
    """Return the week's cases over the highest week so far (1: a new record); NaN before the first case."""
    top = np.fmax.accumulate(cases, axis=1)
    return np.divide(cases, top, out=np.full(cases.shape, np.nan), where=top > 0)


def _whole(values: np.ndarray, weeks: int) -> np.ndarray:
    out = values.copy()
    out[:, : weeks - 1] = np.nan
    return out
