"""Shifts beside the patients who came: hours of work that nobody was there for, and hours of providers without work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


class CoverReplayError(ValueError):
    """Hours that cannot be replayed; the message names the column and the remedy."""


def weekly_template(hours: pd.DataFrame) -> pd.DataFrame:
    """Mean arrivals by day of the week (Monday 0) and hour: columns weekday, hour, mean, dispersion.

    The dispersion is that of a negative binomial: what the variance within an hour of the week has beyond the mean.

    Parameters
    ----------
    hours : DataFrame
        date, hour, arrivals, elapsed_h; hours that the clock skips are left out.
    """
    known = hours[hours["elapsed_h"] > 0].assign(weekday=hours["date"].dt.day_of_week)
    sums = known.groupby(["weekday", "hour"])["arrivals"].agg(["mean", "var"]).reset_index()
    extra = (sums["var"] - sums["mean"]).clip(lower=0) / sums["mean"].pow(2).where(sums["mean"] > 0)
    return sums.assign(dispersion=extra.fillna(0.0))[["weekday", "hour", "mean", "dispersion"]]


def hourly_cover(providers: np.ndarray, arrivals: np.ndarray, visit_min: float) -> dict[str, np.ndarray]:
    """Hours of work and of providers, hour by hour.

    Parameters
    ----------
    providers, arrivals : array, shape (H,)
        Providers there, and patients who came, in hours one after the other.
    visit_min : float
        Mean minutes of a visit: a patient is so much work.

    Returns
    -------
    dict
        ``work_h``, ``staff_h``; ``under_h``: work beyond the providers of the hour, ``over_h``: providers beyond the
        work; ``left_h``: work left at the hour's end, where what is not done waits for the next hour (Lindley 1952).

    Raises
    ------
    CoverReplayError
        Lists of several lengths, negative or missing values, a visit of no length.

    Examples
    --------
    >>> {name: values.tolist() for name, values in hourly_cover([1, 1, 2], [4, 0, 2], 30.0).items() if name != "work_h"}
    {'staff_h': [1.0, 1.0, 2.0], 'under_h': [1.0, 0.0, 0.0], 'over_h': [0.0, 1.0, 1.0], 'left_h': [1.0, 0.0, 0.0]}
    """
    staff, came = np.asarray(providers, float), np.asarray(arrivals, float)
    if staff.shape != came.shape or staff.ndim != 1:
        raise CoverReplayError(f"providers of shape {staff.shape}, arrivals of {came.shape}: give the same hours")
    if not visit_min > 0:
        raise CoverReplayError(f"visits of {visit_min} min: give a positive length")
    for name, values in (("providers", staff), ("arrivals", came)):
        bad = np.flatnonzero(~(values >= 0))
        if len(bad):
            raise CoverReplayError(f"{name} of hour {bad[0]} are {values[bad[0]]}: leave out weeks with gaps")
    work = came * visit_min / 60
    left, after = 0.0, np.empty(len(work))
    for hour, more in enumerate(work - staff):
        left = max(left + more, 0.0)
        after[hour] = left
    under, over = np.maximum(work - staff, 0), np.maximum(staff - work, 0)
    return {"work_h": work, "staff_h": staff, "under_h": under, "over_h": over, "left_h": after}


def week_rows(dates: pd.Series, hours: dict[str, np.ndarray], first: pd.Timestamp) -> pd.DataFrame:
    """Sums of :func:`hourly_cover` by week of seven days from `first` on; of `left_h` the mean."""
    import pandas as pd

    days = (pd.DatetimeIndex(dates) - first).days
    frame = pd.DataFrame(hours).assign(week=first + pd.to_timedelta(days // 7 * 7, unit="D"))
    how = {name: "mean" if name == "left_h" else "sum" for name in hours}
    return frame.groupby("week", as_index=False).agg(how)
