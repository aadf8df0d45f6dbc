"""Clocks that are put forward and back: how long an hour of the local clock lasts on a day."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from healthops.data.errors import DataError


def elapsed_hours(zone: str, days: np.ndarray) -> np.ndarray:
    """Hours that pass while the local clock shows each hour of each day.

    An hour that the clock skips in spring lasts 0 hours, one that it shows twice in autumn 2 hours, every other one 1.

    Parameters
    ----------
    zone : str
        Name of the time zone in the tz database, of whole hours from its standard time (all but Lord Howe).
    days : array of datetime64[D], shape (D,)
        Local dates, in ascending order, at least one.

    Returns
    -------
    array of int, shape (D, 24)

    Raises
    ------
    DataError
        If there is no such zone.

    Examples
    --------
    >>> days = np.array(["2016-03-12", "2016-03-13", "2016-11-06"], dtype="datetime64[D]")
    >>> elapsed_hours("America/Chicago", days)[:, :4]
    array([[1, 1, 1, 1], [1, 1, 0, 1], [1, 2, 1, 1]])
    """
    import pandas as pd

    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise DataError(f"time zone {zone!r} is not in the tz database; name one such as America/Lima") from None
    days = np.asarray(days, dtype="datetime64[D]")
    # Local midnight is within a day of that of UTC.
    first, last = days[0] - 2, days[-1] + 3
    moments = pd.date_range(pd.Timestamp(first + 1), pd.Timestamp(last - 1), freq="h", tz="UTC").tz_convert(zone)
    day = moments.tz_localize(None).to_numpy().astype("datetime64[D]")
    at = (day - first).astype(int)
    shown = np.bincount(at * 24 + moments.hour.to_numpy(), minlength=24 * ((last - first).astype(int) + 1))
    return shown.reshape(-1, 24)[(days - first).astype(int)]
