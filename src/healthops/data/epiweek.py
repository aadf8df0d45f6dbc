"""Epidemiological (MMWR) weeks: Sunday to Saturday; week 1 is the first with at least four days in the year.

The rule is that of the US CDC's "MMWR Week Fact Sheet", which Peru's surveillance follows; the weeks are therefore
not ISO weeks. Years have 52 weeks, some 53 (2014 and 2020 in the years of Peru's data).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

_SATURDAY = np.datetime64("2000-01-01", "D")
_WEEK = np.timedelta64(7, "D")


def week_end(year: ArrayLike, week: ArrayLike) -> np.ndarray:
    """Return the Saturday that ends epidemiological week `week` of `year`.

    Parameters
    ----------
    year, week : int or array_like of int, shapes that broadcast to (...)
        Epidemiological year, and week from 1 to :func:`weeks_in_year`.

    Returns
    -------
    array of datetime64[D], shape (...)

    Raises
    ------
    ValueError
        If a year has no such week.

    Examples
    --------
    >>> week_end(2023, 19)
    np.datetime64('2023-05-13')
    >>> week_end(2020, [1, 53])
    array(['2020-01-04', '2021-01-02'], dtype='datetime64[D]')
    """
    years, weeks = np.broadcast_arrays(np.asarray(year, dtype=np.int64), np.asarray(week, dtype=np.int64))
    wrong = (weeks < 1) | (weeks > weeks_in_year(years))
    if wrong.any():
        at = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
        raise ValueError(f"epidemiological year {years[at]} has no week {weeks[at]}: it has {weeks_in_year(years[at])}")
    return _first_week_end(years) + (weeks - 1) * _WEEK


def epi_week(date: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return the epidemiological year and week that hold `date`; the inverse of :func:`week_end` on Saturdays.

    Examples
    --------
    >>> year, week = epi_week("2021-01-02")
    >>> int(year), int(week)
    (2020, 53)
    """
    days = np.asarray(date, dtype="datetime64[D]")
    ends = days + (_SATURDAY - days).astype(np.int64) % 7 * np.timedelta64(1, "D")
    # The Wednesday of a week lies in the calendar year that holds at least four of its days.
    years = (ends - np.timedelta64(3, "D")).astype("datetime64[Y]").astype(np.int64) + 1970
    return years, (ends - _first_week_end(years)).astype(np.int64) // 7 + 1


def weeks_in_year(year: ArrayLike) -> np.ndarray:
    """Return 52 or 53, the number of epidemiological weeks of `year`.

    Examples
    --------
    >>> [int(y) for y in range(2010, 2024) if weeks_in_year(y) == 53]
    [2014, 2020]
    """
    years = np.asarray(year, dtype=np.int64)
    return (_first_week_end(years + 1) - _first_week_end(years)).astype(np.int64) // 7


def _first_week_end(years: np.ndarray) -> np.ndarray:
    """Saturday of week 1: the first Saturday on or after 4 January."""
    january_4 = (np.asarray(years) - 1970).astype("datetime64[Y]").astype("datetime64[D]") + np.timedelta64(3, "D")
    return january_4 + (_SATURDAY - january_4).astype(np.int64) % 7 * np.timedelta64(1, "D")
