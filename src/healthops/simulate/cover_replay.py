"""Shifts beside the patients who came: hours of work that nobody was there for, and hours of providers without work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


class CoverReplayError(ValueError):
    """Hours that cannot be replayed; the message names the column and the remedy."""


def weekly_template(hours: pd.DataFrame) -> pd.DataFrame:
    """Mean arrivals in 60 minutes by day of the week (Monday 0) and hour: weekday, hour, mean, dispersion.

    The dispersion is that of a negative binomial: what the variance within an hour of the week has beyond chance.

    Parameters
    ----------
    hours : DataFrame
        date, hour, arrivals, elapsed_h; hours that the clock skips are left out, and one that it shows twice counts
        with half of its arrivals.
    """
    known = hours[hours["elapsed_h"] > 0]
    # Of a Poisson number over e hours the e-th part has the e-th part of its mean as variance.
    rates = known.assign(
        weekday=known["date"].dt.day_of_week,
        rate=known["arrivals"].astype(float) / known["elapsed_h"],
        part=1 / known["elapsed_h"],
    )
    sums = rates.groupby(["weekday", "hour"]).agg(mean=("rate", "mean"), var=("rate", "var"), part=("part", "mean"))
    extra = (sums["var"] - sums["mean"] * sums["part"]).clip(lower=0) / sums["mean"].pow(2).where(sums["mean"] > 0)
    return sums.assign(dispersion=extra.fillna(0.0)).reset_index()[["weekday", "hour", "mean", "dispersion"]]


def by_template(hours: pd.DataFrame, template: pd.DataFrame) -> pd.DataFrame:
    """Hours to come with the mean and dispersion that their hour of the week has in the template.

    Parameters
    ----------
    hours : DataFrame
        date, hour, elapsed_h: the mean of an hour that the clock skips is 0, of one that it shows twice double.
    template : DataFrame
        Of :func:`weekly_template`.

    Raises
    ------
    CoverReplayError
        If the template lacks an hour of the week.
    """
    usual = template.set_index(["weekday", "hour"])
    weekday = hours["date"].dt.day_of_week
    there = usual.reindex(zip(weekday, hours["hour"], strict=True))
    absent = there["mean"].isna().to_numpy()
    if absent.any():
        raise CoverReplayError(
            f"the template has no hour {hours['hour'][absent].iloc[0]} of weekday {weekday[absent].iloc[0]} (Monday 0)"
            "; make it from whole weeks"
        )
    return hours.assign(
        mean=there["mean"].to_numpy() * hours["elapsed_h"].to_numpy(), dispersion=there["dispersion"].to_numpy()
    )


def hourly_cover(
    providers: np.ndarray, arrivals: np.ndarray, elapsed_h: np.ndarray, visit_min: float
) -> dict[str, np.ndarray]:
    """Hours of work and of providers, hour by hour of the clock.

    Parameters
    ----------
    providers, arrivals, elapsed_h : array, shape (H,)
        Providers there (how many at once, on average), patients who came, and hours that passed, in hours of the clock
        one after the other: 1, or 2 where the clock shows the hour twice, or 0 where it skips it, and where nobody
        works and nobody can come.
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
        Lists of several lengths, negative or missing values, patients in an hour that the clock skips, a visit of no
        length.

    Examples
    --------
    >>> found = hourly_cover([1, 1, 2], [4, 0, 2], [1, 1, 2], 30.0)
    >>> {name: values.tolist() for name, values in found.items() if name != "work_h"}
    {'staff_h': [1.0, 1.0, 4.0], 'under_h': [1.0, 0.0, 0.0], 'over_h': [0.0, 1.0, 3.0], 'left_h': [1.0, 0.0, 0.0]}
    """
    there, came, passed = (np.asarray(values, float) for values in (providers, arrivals, elapsed_h))
    if not there.shape == came.shape == passed.shape or there.ndim != 1:
        raise CoverReplayError(
            f"providers of shape {there.shape}, arrivals of {came.shape}, elapsed_h of {passed.shape}: give the same "
            "hours"
        )
    if not visit_min > 0:
        raise CoverReplayError(f"visits of {visit_min} min: give a positive length")
    for name, values in (("providers", there), ("arrivals", came), ("elapsed_h", passed)):
        bad = np.flatnonzero(~(values >= 0))
        if len(bad):
            raise CoverReplayError(
                f"{name} of hour {bad[0]} are {values[bad[0]]}: give 0 or more, and leave out weeks with gaps"
            )
    lost = np.flatnonzero((passed == 0) & (came > 0))
    if len(lost):
        raise CoverReplayError(
            f"arrivals of hour {lost[0]} are {came[lost[0]]:g}, and its elapsed_h is 0: nobody can come in an hour "
            "that the clock skips; move them to the next hour, or mend elapsed_h"
        )
    work, staff = came * visit_min / 60, there * passed
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
