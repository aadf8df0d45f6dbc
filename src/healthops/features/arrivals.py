"""Table ``arrival_features``: what is known of an hour before the patients come, and from how far ahead.

A forecast is made at the end of a local day, its origin; the next day has horizon 1. What looks back k days and no
fewer is known for horizons up to k, and the catalogue says which k. Pasts are rates per hour that really passed: an
hour that the clock skips has none, one that it shows twice counts as two. Rows go on to the end of ``clinic_calendar``,
so that what is yet to come has features too, as far as they are known.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from healthops.data.clock import elapsed_hours
from healthops.data.holiday_calendar import public_holidays
from healthops.features.calendar import season_angle
from healthops.features.grid import FeatureError, require
from healthops.features.provider_catalogue import arrival_names

#: Decimals that are kept.
DECIMALS = 6
KEY = ("clinic", "service", "date", "hour")
_DAY = np.timedelta64(1, "D")


def arrival_features(arrivals: pd.DataFrame, calendar: pd.DataFrame, clinics: pd.DataFrame) -> pd.DataFrame:
    """Return table ``arrival_features``.

    Parameters
    ----------
    arrivals, calendar, clinics : DataFrame
        Tables ``hourly_arrivals``, ``clinic_calendar`` and ``clinics``.

    Returns
    -------
    DataFrame
        Clinic, service, date, hour; arrivals (missing where nobody counted, or yet to come), ``elapsed_h``,
        ``recorded``, and the features of the catalogue in its order.

    Raises
    ------
    FeatureError
        If a service of a clinic lacks a day or an hour, or the calendar lacks a day.
    """
    require(arrivals, (*KEY, "arrivals", "temp_c"), "hourly_arrivals")
    require(calendar, ("clinic", "date", "holiday", "event"), "clinic_calendar")
    require(clinics, ("clinic", "time_zone", "holiday_calendar"), "clinics")
    parts = []
    for clinic, ours in arrivals.groupby("clinic", sort=True):
        (about,) = clinics[clinics["clinic"] == clinic].itertuples(index=False)
        known = calendar[calendar["clinic"] == clinic].set_index("date").sort_index()
        first, last = (_day(d) for d in (ours["date"].min(), ours["date"].max()))
        days = np.arange(first, _day(max(known.index.max(), ours["date"].max())) + 1)
        lacking = pd.DatetimeIndex(days.astype("datetime64[ns]")).difference(known.index)
        if len(lacking):
            raise FeatureError(f"table 'clinic_calendar' lacks {lacking[0].date()} of {clinic}: complete its days")
        elapsed = elapsed_hours(about.time_zone, days)
        day_columns = _calendar(days, known.loc[days.astype("datetime64[ns]")], about.holiday_calendar)
        for service, rows in ours.groupby("service", sort=True):
            recorded = (last - first).astype(int) + 1
            count, temperature = _cubes(rows, f"{clinic}, {service}", first, recorded, len(days))
            made = day_columns | _past(count, elapsed, recorded) | _weather(temperature, recorded)
            parts.append(_long(clinic, service, days, recorded, count, elapsed, made))
    return pd.concat(parts, ignore_index=True)


def _day(moment: pd.Timestamp) -> np.datetime64:
    return moment.to_datetime64().astype("datetime64[D]")


def _cubes(
    rows: pd.DataFrame, whose: str, first: np.datetime64, recorded: int, days: int
) -> tuple[np.ndarray, np.ndarray]:
    """Arrivals and temperature by day and hour, shape (D, 24); NaN where unknown or yet to come."""
    at = (rows["date"].to_numpy("datetime64[D]") - first).astype(int) * 24 + rows["hour"].to_numpy(int)
    if len(at) != recorded * 24 or len(np.unique(at)) != len(at):
        seen = np.bincount(at, minlength=recorded * 24)
        odd = int((seen != 1).argmax())
        raise FeatureError(
            f"table 'hourly_arrivals': {whose} has {seen[odd]} rows for {first + odd // 24}, hour {odd % 24}: one row "
            f"an hour, 24 a day, from the clinic's first day to its last"
        )
    out = []
    for column in ("arrivals", "temp_c"):
        cube = np.full(days * 24, np.nan)
        cube[at] = rows[column].to_numpy(float, na_value=np.nan)
        out.append(cube.reshape(days, 24))
    return out[0], out[1]


def _calendar(days: np.ndarray, known: pd.DataFrame, holidays: str) -> dict[str, np.ndarray]:
    """What stands in the calendar, shape (D, 1), or of the hour, shape (1, 24)."""
    hour = np.arange(24)
    weekday = (days.astype(int) + 3) % 7
    free = known["holiday"].notna().to_numpy()
    # The days before and after those of the table may be holidays too.
    edges = [
        bool(public_holidays(holidays, d.astype(object), d.astype(object))) for d in (days[0] - _DAY, days[-1] + _DAY)
    ]
    around = np.r_[edges[0], free, edges[1]]
    angle = season_angle(days)
    by_day = {
        "weekday": weekday,
        "weekend": weekday >= 5,
        "month": days.astype("datetime64[M]").astype(int) % 12 + 1,
        "year_sin": np.sin(angle),
        "year_cos": np.cos(angle),
        "holiday": free,
        "day_before_holiday": around[2:],
        "day_after_holiday": around[:-2],
        "event": known["event"].to_numpy(bool),
        "days_since_start": np.arange(len(days)),
    }
    by_hour = {"hour_sin": np.sin(2 * np.pi * hour / 24), "hour_cos": np.cos(2 * np.pi * hour / 24)}
    return {name: values[:, None] for name, values in by_day.items()} | {
        name: values[None, :] for name, values in by_hour.items()
    }


def _past(count: np.ndarray, elapsed: np.ndarray, recorded: int) -> dict[str, np.ndarray]:
    """Lags and means of earlier arrivals, shape (D, 24) or (D, 1)."""
    rate = np.divide(count, elapsed, out=np.full(count.shape, np.nan), where=elapsed > 0)
    # The whole day, unknown if one of its hours is; and its mean rate over the hours that are known.
    total = count.sum(axis=1, keepdims=True)
    known = np.where(np.isnan(count), 0, elapsed).sum(axis=1, keepdims=True)
    level = np.divide(np.nansum(count, axis=1, keepdims=True), known, out=np.full(total.shape, np.nan), where=known > 0)
    weeks = {n: lagged_days(rate, 7 * n) for n in range(1, 13)}
    return {
        "lag_1_day": lagged_days(rate, 1),
        "lag_1_week": weeks[1],
        "lag_2_weeks": weeks[2],
        "lag_4_weeks": weeks[4],
        "lag_8_weeks": weeks[8],
        "lag_52_weeks": lagged_days(rate, 364),
        "mean_weeks_1_to_4": _known_mean([weeks[n] for n in (1, 2, 3, 4)], 7, recorded),
        "mean_weeks_5_to_8": _known_mean([weeks[n] for n in (5, 6, 7, 8)], 35, recorded),
        "mean_weeks_9_to_12": _known_mean([weeks[n] for n in (9, 10, 11, 12)], 63, recorded),
        "day_total_lag_1_day": lagged_days(total, 1),
        "day_total_lag_1_week": lagged_days(total, 7),
        "level_7_days": mean_of_days(level, 1, 7, recorded),
        "level_28_days": mean_of_days(level, 1, 28, recorded),
        "level_28_days_lag_1_week": mean_of_days(level, 7, 34, recorded),
        "level_28_days_lag_4_weeks": mean_of_days(level, 28, 55, recorded),
        "level_28_days_lag_8_weeks": mean_of_days(level, 56, 83, recorded),
        "level_364_days_lag_8_weeks": mean_of_days(level, 56, 419, recorded),
    }


def _weather(temperature: np.ndarray, recorded: int) -> dict[str, np.ndarray]:
    return {
        "temp_c": temperature,
        "temp_c_lag_1_day": lagged_days(temperature, 1),
        "temp_c_mean_7_days": mean_of_days(temperature, 1, 7, recorded),
        "temp_c_year_before": mean_of_days(temperature, 350, 378, recorded),
    }


def lagged_days(values: np.ndarray, days: int) -> np.ndarray:
    """Shift an array of shape (D, H) by `days`, at least one, into the future; NaN before the first day."""
    if days < 1:
        raise FeatureError(f"a lag of {days} days would look at the day itself or beyond")
    out = np.full(values.shape, np.nan)
    out[days:] = values[:-days]
    return out


def mean_of_days(values: np.ndarray, nearest: int, farthest: int, recorded: int) -> np.ndarray:
    """Mean of what is known of the days from `farthest` to `nearest` before each day, by hour; shape (D, H).

    NaN where nothing is known, and where the nearest of these days comes after the first `recorded` ones: half a
    window would be another feature.
    """
    size = len(values)
    sums = np.vstack([np.zeros((1, values.shape[1])), np.nancumsum(values, axis=0)])
    seen = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(np.isfinite(values), axis=0)])
    day = np.arange(size)
    # Days from d - farthest to d - nearest, cut off at the first one.
    high, low = np.clip(day - nearest + 1, 0, None), np.clip(day - farthest, 0, None)
    number = seen[high] - seen[low]
    out = np.divide(sums[high] - sums[low], number, out=np.full(values.shape, np.nan), where=number > 0)
    out[day - nearest >= recorded] = np.nan
    return out


def _known_mean(parts: list[np.ndarray], nearest: int, recorded: int) -> np.ndarray:
    stack = np.stack(parts)
    number = np.isfinite(stack).sum(axis=0)
    out = np.divide(np.nansum(stack, axis=0), number, out=np.full(parts[0].shape, np.nan), where=number > 0)
    out[np.arange(len(out)) - nearest >= recorded] = np.nan
    return out


def _long(
    clinic: str,
    service: str,
    days: np.ndarray,
    recorded: int,
    count: np.ndarray,
    elapsed: np.ndarray,
    made: dict[str, np.ndarray],
) -> pd.DataFrame:
    shape = count.shape
    whole = pd.array(np.where(np.isnan(count), 0, count).ravel().astype(int), dtype="Int64")
    whole[np.isnan(count).ravel()] = pd.NA
    key = {
        "clinic": clinic,
        "service": service,
        "date": np.repeat(days.astype("datetime64[ns]"), 24),
        "hour": np.tile(np.arange(24), len(days)),
        "arrivals": whole,
        "elapsed_h": elapsed.ravel(),
        "recorded": np.repeat(np.arange(len(days)) < recorded, 24),
    }
    names = [name for name in arrival_names() if name != "hour"]
    if sorted(names) != sorted(made):
        raise FeatureError(f"catalogue and table of arrivals differ: {sorted(set(names) ^ set(made))}")
    filled = {name: np.broadcast_to(made[name], shape).ravel().astype(float).round(DECIMALS) for name in names}
    return pd.DataFrame(key | filled).astype({"clinic": "str", "service": "str"})
