"""Where in the year a date lies: month, season, epidemiological week, distance from the usual peak."""

from __future__ import annotations

import numpy as np
import pandas as pd

from healthops.data.epiweek import epi_week
from healthops.features.grid import lagged

#: Months of each season of the southern hemisphere (meteorological: whole months).
SEASONS = {12: "summer", 1: "summer", 2: "summer", 3: "autumn", 4: "autumn", 5: "autumn"} | {
    6: "winter", 7: "winter", 8: "winter", 9: "spring", 10: "spring", 11: "spring",
}  # fmt: skip

#: Days and weeks of a mean year.
YEAR_DAYS = 365.25
YEAR_WEEKS = YEAR_DAYS / 7

#: Weeks before the present whose cases do not yet count for the usual peak: they may belong to the present wave.
HALF_YEAR = 26


def season(dates: pd.Series) -> pd.Series:
    """Return the season of the southern hemisphere as text.

    >>> season(pd.Series(pd.to_datetime(["2020-01-04", "2020-07-04"]))).tolist()
    ['summer', 'winter']
    """
    return dates.dt.month.map(SEASONS).astype("str")


def season_angle(days: np.ndarray) -> np.ndarray:
    """Return the angle of the year of each day in radians, shape (T,): 0 on 1 January, a full turn a year later."""
    day = days.astype("datetime64[D]")
    return 2 * np.pi * ((day - day.astype("datetime64[Y]")).astype(float) / YEAR_DAYS)


def calendar_features(dates: pd.Series) -> pd.DataFrame:
    """Describe each date; a week is described by its last day, so its ``day_of_week`` is always Saturday (5).

    Parameters
    ----------
    dates : Series of datetime, length n

    Returns
    -------
    DataFrame, n rows
        ``year``, ``month``, ``season``, ``day_of_week`` (Monday = 0), ``epi_week``, ``week_sin``, ``week_cos``.
    """
    angle = season_angle(dates.to_numpy())
    return pd.DataFrame(
        {
            "year": dates.dt.year.astype("int64"),
            "month": dates.dt.month.astype("int64"),
            "season": season(dates),
            "day_of_week": dates.dt.day_of_week.astype("int64"),
            "epi_week": epi_week(dates.to_numpy())[1],
            "week_sin": np.sin(angle).round(6),
            "week_cos": np.cos(angle).round(6),
        },
        index=dates.index,
    )


def weeks_from_usual_peak(cases: np.ndarray, weeks: np.ndarray) -> np.ndarray:
    """Return how many weeks the present lies after (+) or before (-) the time of year when cases usually peak.

    The usual peak is the circular mean of the dates of all cases up to half a year before the present week: it moves
    as years pass and never knows of the next ones, and the present wave does not pull it towards itself.

    Parameters
    ----------
    cases : array, shape (P, T)
        NaN where no report came.
    weeks : array of datetime64[D], shape (T,)

    Returns
    -------
    array, shape (P, T)
        Between -26.1 and 26.1 weeks; NaN before a first year lies half a year back and before the first case then.
    """
    angle = season_angle(weeks)
    north = lagged(np.nancumsum(cases * np.cos(angle), axis=1), HALF_YEAR)
    east = lagged(np.nancumsum(cases * np.sin(angle), axis=1), HALF_YEAR)
    known = (np.hypot(north, east) > 0) & (np.arange(len(weeks)) >= 52 + HALF_YEAR)
    distance = (angle - np.arctan2(east, north) + np.pi) % (2 * np.pi) - np.pi
    return np.where(known, distance / (2 * np.pi) * YEAR_WEEKS, np.nan)
