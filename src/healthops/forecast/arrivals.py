"""Patients who come without an appointment, by hour: what is forecast, from which origin, and simple rules.

A forecast is made at the end of a local day, its origin; the next day has horizon 1. Rates are patients per hour that
really passes: an hour that the clock skips has none, one that it shows twice counts as two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.schemas import QUANTILE_LEVELS
from healthops.forecast.counts import count_quantiles

if TYPE_CHECKING:
    import pandas as pd

_DAY = np.timedelta64(1, "D")
#: Days of past errors from which the spread of a rule is taken.
ERROR_DAYS = 364


class ArrivalError(ValueError):
    """Arrivals cannot be forecast as they are given; the message says what is lacking, where, and the remedy."""


@dataclass(frozen=True)
class Arrivals:
    """Hours of a service of a clinic, D days of 24.

    Attributes
    ----------
    days : array of datetime64[D], shape (D,)
        Without a gap; the last ones may be yet to come.
    count : array of float, shape (D, 24)
        Patients; NaN where nobody counted or yet to come.
    elapsed : array of float, shape (D, 24)
        Hours: 0 where the clock skips the hour, 2 where it shows it twice, else 1.
    recorded : int
        Days on record, which come first.
    x : array of float, shape (D, 24, F)
        Features; NaN where unknown.
    """

    clinic: str
    service: str
    days: np.ndarray
    count: np.ndarray
    elapsed: np.ndarray
    recorded: int
    x: np.ndarray

    @property
    def rate(self) -> np.ndarray:
        """Patients per hour that passes, shape (D, 24); NaN where unknown or no time passes."""
        return np.divide(self.count, self.elapsed, out=np.full_like(self.count, np.nan), where=self.elapsed > 0)

    @property
    def totals(self) -> np.ndarray:
        """Patients of the day, shape (D,); NaN where an hour is unknown that passed."""
        return np.where(self.elapsed > 0, self.count, 0.0).sum(axis=1)


def arrivals_of(features: pd.DataFrame, names: Sequence[str] = ()) -> tuple[Arrivals, ...]:
    """Read table ``arrival_features``: one for each service of each clinic.

    Parameters
    ----------
    names : sequence of str
        Columns to take as features.

    Raises
    ------
    ArrivalError
        If a column is lacking, or a day does not have 24 rows.
    """
    needed = ["clinic", "service", "date", "hour", "arrivals", "elapsed_h", "recorded", *names]
    lacking = sorted(set(needed) - set(features.columns))
    if lacking:
        raise ArrivalError(f"table 'arrival_features' lacks the columns {lacking}: run notebook 24")
    out = []
    for (clinic, service), rows in features.groupby(["clinic", "service"], sort=True):
        rows = rows.sort_values(["date", "hour"])
        days = np.unique(rows["date"].to_numpy("datetime64[D]"))
        gap = len(days) != (days[-1] - days[0]).astype(int) + 1
        if gap or len(rows) != 24 * len(days) or (rows["hour"].to_numpy().reshape(-1, 24) != np.arange(24)).any():
            raise ArrivalError(
                f"table 'arrival_features': {clinic}, {service} has {len(rows)} rows for {len(days)} days between "
                f"{days[0]} and {days[-1]}: every day needs its 24 hours"
            )
        recorded = rows["recorded"].to_numpy(bool).reshape(-1, 24).any(axis=1)
        if (recorded[1:] & ~recorded[:-1]).any():
            raise ArrivalError(f"table 'arrival_features': {clinic}, {service} has days on record after days to come")
        out.append(
            Arrivals(
                str(clinic),
                str(service),
                days,
                rows["arrivals"].to_numpy(float, na_value=np.nan).reshape(-1, 24),
                rows["elapsed_h"].to_numpy(float).reshape(-1, 24),
                int(recorded.sum()),
                rows[list(names)].to_numpy(float).reshape(len(days), 24, len(names)),
            )  # fmt: skip
        )
    return tuple(out)


def known_features(catalogue: pd.DataFrame, ahead: int) -> list[str]:
    """Features of hours that are known `ahead` days before, by table ``provider_feature_catalogue``."""
    rows = catalogue[catalogue["table"] == "arrivals"]
    past = (rows["known_at"] == "origin") & (rows["horizon_days"].fillna(0) >= ahead)
    return rows.loc[(rows["known_at"] == "calendar") | past, "feature"].tolist()


def weekly_origins(series: Sequence[Arrivals], *, days: int, every: int = 7, until: int = 0) -> np.ndarray:
    """Origins, `every` so many days, from which the last `days` days on record (less the last `until`) are forecast.

    Returns
    -------
    array of datetime64[D]
        The first is the day before those days.

    Raises
    ------
    ArrivalError
        If services end on different days, or are too short.
    """
    ends = {s.days[s.recorded - 1] for s in series}
    if len(ends) != 1:
        raise ArrivalError(f"the records of the services end on {sorted(ends)}: give services with one last day")
    (last,) = ends
    shortest = min(series, key=lambda s: s.recorded)
    if shortest.recorded < days + until + 8 * 7:
        raise ArrivalError(
            f"{shortest.clinic}, {shortest.service} has {shortest.recorded} days on record: {days} days that end "
            f"{until} days before the last, and eight weeks before them, do not fit; hold out fewer"
        )
    return np.arange(last - days - until, last - until, every)


def targets(series: Sequence[Arrivals], origins: np.ndarray, *, first: int = 1, last: int = 7) -> pd.DataFrame:
    """Hours to forecast from each origin, `first` to `last` days ahead: those of near origins overlap.

    Days after the last on record are kept only if no day after the origin is on record: then they are a plan.

    Returns
    -------
    DataFrame
        s (number of the service), clinic, service, reference_date, horizon, date, at (number of the day), hour,
        elapsed_h, observed.
    """
    import pandas as pd

    parts = []
    for s, each in enumerate(series):
        start = (origins - each.days[0]).astype(int)
        at = (start[:, None] + np.arange(first, last + 1)).ravel()
        origin = np.repeat(origins, last - first + 1)
        end = np.where(np.repeat(start, last - first + 1) + 1 >= each.recorded, len(each.days), each.recorded)
        keep = at < end
        at, origin = at[keep], origin[keep]
        parts.append(pd.DataFrame({
            "s": s, "clinic": each.clinic, "service": each.service,
            "reference_date": np.repeat(origin, 24).astype("datetime64[ns]"),
            "horizon": np.repeat((each.days[at] - origin).astype(int), 24),
            "date": np.repeat(each.days[at], 24).astype("datetime64[ns]"),
            "at": np.repeat(at, 24), "hour": np.tile(np.arange(24), len(at)),
            "elapsed_h": each.elapsed[at].ravel(),
            "observed": np.where(each.elapsed[at] > 0, each.count[at], 0.0).ravel(),
        }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def last_weeks(series: Sequence[Arrivals], rows: pd.DataFrame, weeks: int) -> np.ndarray:
    """Counts in the same hour and weekday of the last `weeks` weeks that were known at the origin.

    Parameters
    ----------
    rows : DataFrame
        Of :func:`targets`.

    Returns
    -------
    array, shape (n, weeks)
        Patients in as much time as the hour will last; the latest first; NaN where unknown.
    """
    out = np.full((len(rows), weeks), np.nan)
    s, at, hour = (rows[c].to_numpy() for c in ("s", "at", "hour"))
    back = -(-rows["horizon"].to_numpy() // 7)
    for k, each in enumerate(series):
        mine, rate = np.flatnonzero(s == k), each.rate
        for j in range(weeks):
            day = at[mine] - 7 * (back[mine] + j)
            value = rate[np.maximum(day, 0), hour[mine]]
            out[mine, j] = np.where(day >= 0, value, np.nan)
    return out * rows["elapsed_h"].to_numpy()[:, None]


def mean_of(values: np.ndarray) -> np.ndarray:
    """Mean of what is known in each row, shape (n,); 0 where nothing is."""
    known = ~np.isnan(values)
    return np.where(known, values, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)


def with_own_errors(
    series: Sequence[Arrivals], rows: pd.DataFrame, weeks: int, *, whole_days: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the last `weeks` weeks, with the quantiles of its own errors in the year before the origin.

    One week is the week-naive rule. The errors are those of the same hour (of the whole day, with `whole_days`), at
    the same distance in weeks, on days that were known at the origin.

    Parameters
    ----------
    rows : DataFrame
        Of :func:`targets`, whole days; with `whole_days` one row a day comes back for its 24 rows.

    Returns
    -------
    mean, quantiles : array, shapes (n,) and (n, 23)
    """
    centre = _rule(series, rows, weeks)
    if whole_days:
        centre = centre.reshape(-1, 24).sum(axis=1)
        rows = rows.iloc[::24]
    quantiles = np.empty((len(rows), len(QUANTILE_LEVELS)))
    frame = rows.assign(row=np.arange(len(rows)), back=-(-rows["horizon"] // 7))
    history = {}
    for (s, back, origin), group in frame.groupby(["s", "back", "reference_date"], sort=False):
        each = series[s]
        if (s, back) not in history:
            past = each.totals[:, None] if whole_days else each.rate
            history[s, back] = _errors(past, weeks, back)
        known = int((origin.to_datetime64().astype("datetime64[D]") - each.days[0]).astype(int)) + 1
        recent = history[s, back][max(0, known - ERROR_DAYS) : known]
        if np.isnan(recent).all(axis=0).any():
            raise ArrivalError(f"{each.clinic}, {each.service}: no error of the rule is known by {origin.date()}")
        spread = np.nanquantile(recent, QUANTILE_LEVELS, axis=0).T
        hour = np.zeros(len(group), int) if whole_days else group["hour"].to_numpy()
        lasts = 1.0 if whole_days else group["elapsed_h"].to_numpy()[:, None]
        quantiles[group["row"]] = centre[group["row"]][:, None] + lasts * spread[hour]
    return centre, np.maximum(quantiles, 0.0)


def _rule(series: Sequence[Arrivals], rows: pd.DataFrame, weeks: int) -> np.ndarray:
    """Mean of the last `weeks` weeks; where nobody counted in any of them, the latest count of eight weeks."""
    values = last_weeks(series, rows, weeks)
    none = np.flatnonzero(np.isnan(values).all(axis=1))
    centre = mean_of(values)
    if len(none):
        older = last_weeks(series, rows.iloc[none], 8)
        known = ~np.isnan(older)
        lost = ~known.any(axis=1) & (rows["elapsed_h"].to_numpy()[none] > 0)
        if lost.any():
            row = rows.iloc[none[np.argmax(lost)]]
            raise ArrivalError(
                f"{row['clinic']}, {row['service']}: nobody counted hour {row['hour']} on the weekday of "
                f"{row['date'].date()} in the eight weeks before; begin later, or mend table 'hourly_arrivals'"
            )
        centre[none] = np.nan_to_num(older[np.arange(len(none)), known.argmax(axis=1)])
    return centre


def _errors(past: np.ndarray, weeks: int, back: int) -> np.ndarray:
    """What came less the rule, day by day, shape as `past`; NaN in the first weeks."""
    total, known = np.zeros_like(past), np.zeros_like(past)
    for j in range(weeks):
        lag = 7 * (back + j)
        moved = np.full_like(past, np.nan)
        moved[lag:] = past[:-lag] if lag < len(past) else np.nan
        total += np.nan_to_num(moved)
        known += ~np.isnan(moved)
    rule = np.divide(total, known, out=np.full_like(total, np.nan), where=known > 0)
    return past - rule


def four_week_spreads(series: Sequence[Arrivals], rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Quantiles that one may give the mean of the last four weeks, each of shape (n, 23).

    ``own errors``: of its errors in the year before; ``Poisson``: of a Poisson count with that mean; ``mean and SD``:
    normal, with the standard deviation of the four counts, as in a spreadsheet; ``four counts``: of the four counts
    themselves.
    """
    from scipy.special import ndtri

    four = last_weeks(series, rows, 4)
    mean = mean_of(four)
    known = ~np.isnan(four)
    gap = np.where(known, four - mean[:, None], 0.0)
    deviation = np.sqrt((gap**2).sum(axis=1) / np.maximum(known.sum(axis=1) - 1, 1))
    counts = np.where(known, four, mean[:, None])
    return {
        "own errors": with_own_errors(series, rows, 4)[1],
        "Poisson": count_quantiles(mean),
        "mean and SD": np.maximum(mean[:, None] + deviation[:, None] * ndtri(QUANTILE_LEVELS), 0.0),
        "four counts": np.quantile(counts, QUANTILE_LEVELS, axis=1).T,
    }
