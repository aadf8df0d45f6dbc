"""Cover: how many providers each shift needs, from a forecast of arrivals, how long visits take, and a service level.

The work that comes in an hour is a random number of visits of random length: a compound sum, whose distribution follows
from the generating function of the counts and the Fourier transform of the lengths (Klugman, Panjer and Willmot 2019,
*Loss Models*, section 9.6). Staff are enough where the chance that the work of a window of hours exceeds what they can
do in it is at most the *overload* that is accepted: short windows let hardly anybody wait, longer ones let work wait
within them. This staffs each period by itself, as "SIPP" does (Green, Kolesar and Whitt 2007, "Coping with time-varying
demand when setting staffing requirements for a service system", Production and Operations Management 16, 13), and the
hours are then covered by whole shifts at the fewest hours of work (Dantzig 1954, "A comment on Edie's traffic delays at
toll booths", Operations Research 2, 339).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

_HOUR, _DAY = 60, 24 * 60
#: Standard deviations above the mean up to which work is laid out.
_TAIL = 14.0


class CoverError(ValueError):
    """A forecast, law or level from which no cover follows; the message names the row or value, and the remedy."""


@dataclass(frozen=True)
class ServiceLevel:
    """What is asked for: the chance that the work of `window_h` hours exceeds capacity is at most `overload`.

    ``least`` providers are on every shift, whatever the forecast: a service that never closes has somebody there.
    """

    overload: float
    window_h: int = 1
    least: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.overload < 1:
            raise CoverError(f"an overload of {self.overload}: give a chance between 0 and 1")
        if self.window_h < 1 or self.least < 0:
            raise CoverError(f"windows of {self.window_h} h, {self.least} providers at least: give 1 and 0 or more")


def visit_minutes(law: pd.DataFrame, *, longest: int = 600) -> np.ndarray:
    """Probability that a visit takes 0, 1, 2, ... minutes, from rows of table ``service_time_law``, by their visits.

    Raises
    ------
    CoverError
        No row, no visits, or a law that is not known.
    """
    from scipy import stats

    if law.empty or not law["visits"].sum() > 0:
        raise CoverError("service_time_law has no visits of the service: fit it first (notebook 34)")
    edges = np.arange(longest + 1) + 0.5
    mixed = np.zeros(longest + 1)
    for row in law.itertuples():
        if row.law == "log-normal":
            below = stats.lognorm.cdf(edges, row.spread, scale=row.level)
        elif row.law == "gamma":
            below = stats.gamma.cdf(edges, 1 / row.spread**2, scale=row.level * row.spread**2)
        else:
            raise CoverError(f"service_time_law: law {row.law!r} of {row.service}; known are log-normal and gamma")
        mixed += row.visits * np.diff(below, prepend=0.0)
    return mixed / mixed.sum()


def work_distribution(mean: np.ndarray, dispersion: np.ndarray, visit: np.ndarray) -> np.ndarray:
    """Chance that at most 0, 1, 2, ... minutes of work come.

    Parameters
    ----------
    mean, dispersion : array, shape (n,)
        Of the visits' number: variance ``mean + dispersion * mean ** 2`` (negative binomial; Poisson at 0).
    visit : array
        :func:`visit_minutes`.

    Returns
    -------
    array, shape (n, minutes)
    """
    mean, dispersion = np.asarray(mean, float), np.asarray(dispersion, float)
    if not (
        np.isfinite(mean).all() and np.isfinite(dispersion).all() and (mean >= 0).all() and (dispersion >= 0).all()
    ):
        raise CoverError("means and dispersions of visits must be finite and 0 or more: drop hours without a forecast")
    minutes = np.arange(len(visit))
    first, second = visit @ minutes, visit @ minutes**2
    spread = np.sqrt(mean * second + dispersion * (mean * first) ** 2)
    long = 1 << int(np.ceil(np.log2(max((mean * first + _TAIL * spread).max(initial=0.0), len(visit)) + 1)))
    less = mean[:, None] * (1 - np.fft.rfft(visit, long))
    over = dispersion[:, None]
    # Generating functions of the negative binomial and of the Poisson distribution.
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(over > 1e-9, -np.log1p(over * less) / np.maximum(over, 1e-9), -less)
    return np.clip(np.cumsum(np.fft.irfft(np.exp(logs), long, axis=1), axis=1), 0.0, 1.0)


def windows(hours: pd.DataFrame, window_h: int, day_dispersion: float = 0.0) -> pd.DataFrame:
    """Visits of each window of hours: columns mean, dispersion, and `last`, the position of its last hour.

    Parameters
    ----------
    hours : DataFrame
        Hours one after the other: mean, dispersion.
    day_dispersion : float
        Dispersion of whole days: what the hours of a day have in common. Of a window it is that, or what the hours'
        own dispersions give, whichever is larger.
    """
    import pandas as pd

    mean, own = hours["mean"].to_numpy(float), hours["dispersion"].to_numpy(float) * hours["mean"].to_numpy(float) ** 2
    ones = np.ones(window_h)
    total, extra = np.convolve(mean, ones, "valid"), np.convolve(own, ones, "valid")
    share = np.divide(extra, total**2, out=np.zeros_like(total), where=total > 0)
    dispersion = share if window_h == 1 else np.maximum(share, day_dispersion)
    return pd.DataFrame({"mean": total, "dispersion": dispersion, "last": np.arange(window_h - 1, len(hours))})


def forecast_hours(forecasts: pd.DataFrame, *, clinic: str, service: str) -> tuple[pd.DataFrame, float]:
    """Return the hours yet to come of a service, and the dispersion of its days.

    Parameters
    ----------
    forecasts : DataFrame
        Table ``arrival_forecasts``; of the latest origin the rows without an observation are the plan.

    Returns
    -------
    hours : DataFrame
        date, hour, elapsed_h, mean, dispersion and the quantiles, in order of time.
    day_dispersion : float
        Median over the days.

    Raises
    ------
    CoverError
        No such forecast, two for one hour, hours missing, or no dispersion.
    """
    mine = forecasts[(forecasts["clinic"] == clinic) & (forecasts["service"] == service)]
    plan = mine[mine["observed"].isna() & (mine["reference_date"] == mine["reference_date"].max())]
    where = f"arrival_forecasts of {clinic} {service}"
    hours = plan[plan["target"] == "hour"].sort_values(["date", "hour"], ignore_index=True)
    if hours.empty:
        raise CoverError(f"{where}: nothing is forecast without an observation; make a plan first (notebook 34)")
    if hours.duplicated(["date", "hour"]).any():
        raise CoverError(f"{where}: {hours['model'].unique().tolist()} forecast the same hours; keep one model")
    days = (hours["date"].iloc[-1] - hours["date"].iloc[0]).days + 1
    if len(hours) != 24 * days:
        raise CoverError(f"{where}: {len(hours)} hours in {days} days; every day must have 24 rows")
    if hours["dispersion"].isna().any():
        raise CoverError(
            f"{where}: no dispersion in {int(hours['dispersion'].isna().sum())} hours; take a model that has"
        )
    of_days = plan.loc[plan["target"] == "day", "dispersion"].dropna()
    return hours, float(of_days.median()) if len(of_days) else 0.0


@dataclass(frozen=True)
class CoverPlan:
    """Providers for each shift, and what follows for each hour.

    Attributes
    ----------
    shifts : DataFrame
        date, shift, required.
    hours : DataFrame
        date, hour, mean, work_h (hours of work that are expected), providers (how many at once: of an hour that the
        clock shows twice twice as many hours of staff), overload (chance that the work of the window that ends with the
        hour exceeds capacity; missing where the window begins before the first shift).
    """

    shifts: pd.DataFrame
    hours: pd.DataFrame


def cover_shifts(
    hours: pd.DataFrame,
    shift_types: pd.DataFrame,
    visit: np.ndarray,
    level: ServiceLevel,
    *,
    day_dispersion: float = 0.0,
) -> CoverPlan:
    """Cover forecast hours by whole shifts at the fewest hours of work that keep the service level.

    Parameters
    ----------
    hours : DataFrame
        :func:`forecast_hours`: whole days; shifts begin on each of them. A night that ends after the last has no
        windows beyond midnight, and before the first shift there is an earlier roster.
    shift_types : DataFrame
        Table ``shift_types``.
    visit : array
        :func:`visit_minutes`.

    Raises
    ------
    CoverError
        If shifts leave an hour of the day without anybody, or HiGHS finds no proved optimum.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    minutes = _minutes_given(hours, shift_types)
    first = int(shift_types["start_minute"].min()) // _HOUR
    # In an hour that the clock skips nobody can be there.
    gaps = np.flatnonzero((minutes.max(axis=1) <= 0) & (hours["elapsed_h"].to_numpy() > 0))
    if (gaps >= first).any():
        row = hours.iloc[gaps[gaps >= first][0]]
        raise CoverError(f"shift_types: nobody is there on {row['date'].date()} at {row['hour']}:00; add a shift")
    parts = windows(hours, level.window_h, day_dispersion)
    parts = parts[parts["last"] >= first + level.window_h - 1]
    below = work_distribution(parts["mean"], parts["dispersion"], visit)
    need = (below >= 1 - level.overload).argmax(axis=1)
    sums = _window_sums(minutes, level.window_h)[parts["last"] - level.window_h + 1]
    cost = np.tile(shift_types["minutes"].to_numpy(float), len(hours) // 24)
    found = milp(
        cost, constraints=LinearConstraint(sums, need), integrality=np.ones(len(cost)),
        bounds=Bounds(level.least, np.inf), options={"mip_rel_gap": 0.0},
    )  # fmt: skip
    if found.status != 0:
        raise CoverError(f"HiGHS found no cover: {found.message}")
    people = np.round(found.x).astype(int)
    return _plan(hours, shift_types, people, minutes, sums, parts["last"].to_numpy(), below, visit)


def _minutes_given(hours: pd.DataFrame, shift_types: pd.DataFrame) -> np.ndarray:
    """Minutes of each hour that a shift of each day fills, shape (hours, days x shifts); 0 where the clock skips it."""
    days, out = len(hours) // 24, []
    begin = np.arange(len(hours)) * _HOUR
    for day in range(days):
        for row in shift_types.itertuples():
            start = day * _DAY + row.start_minute
            inside = np.minimum(begin + _HOUR, start + row.minutes) - np.maximum(begin, start)
            out.append(np.maximum(inside, 0))
    return np.array(out).T * hours["elapsed_h"].to_numpy(float)[:, None]


def _window_sums(minutes: np.ndarray, window_h: int) -> np.ndarray:
    total = np.vstack([np.zeros(minutes.shape[1]), np.cumsum(minutes, axis=0)])
    return total[window_h:] - total[:-window_h]


def _plan(hours, shift_types, people, minutes, sums, last, below, visit) -> CoverPlan:
    import pandas as pd

    dates, names = hours["date"].drop_duplicates(), shift_types["shift"].tolist()
    shifts = pd.DataFrame({
        "date": np.repeat(dates.to_numpy(), len(names)), "shift": names * len(dates), "required": people,
    })  # fmt: skip
    capacity = np.minimum((sums @ people).astype(int), below.shape[1] - 1)
    overload = np.full(len(hours), np.nan)
    overload[last] = 1 - np.take_along_axis(below, capacity[:, None], axis=1)[:, 0]
    mean = hours["mean"].to_numpy(float)
    table = hours[["date", "hour"]].assign(
        mean=mean, work_h=mean * (visit @ np.arange(len(visit))) / _HOUR,
        providers=minutes @ people / _HOUR / np.maximum(hours["elapsed_h"].to_numpy(float), 1), overload=overload,
    )  # fmt: skip
    return CoverPlan(shifts, table)


def backlog(
    hours: pd.DataFrame,
    providers: np.ndarray,
    visit: np.ndarray,
    *,
    day_dispersion: float,
    rng: np.random.Generator,
    draws: int = 200,
    first: int = 0,
) -> np.ndarray:
    """Minutes for which work that is left over keeps the providers of an hour busy, shape (draws, hours).

    The other half of the story: what is not done in an hour is left to the next (Lindley 1952), and whoever comes then
    waits. Days have a factor in common (gamma); hours before `first` bring no work.

    Parameters
    ----------
    providers : array, shape (hours,)
        :attr:`CoverPlan.hours`.
    """
    days = len(hours) // 24
    shape = 1 / day_dispersion if day_dispersion > 1e-9 else None
    common = np.ones((draws, days)) if shape is None else rng.gamma(shape, 1 / shape, (draws, days))
    mean = hours["mean"].to_numpy(float)
    count = rng.poisson(mean * np.repeat(common, 24, axis=1))
    lengths = np.searchsorted(np.cumsum(visit), rng.random(int(count.sum()))).clip(0, len(visit) - 1)
    ends = np.cumsum(count.ravel())
    total = np.concatenate([[0.0], np.cumsum(lengths)])
    work = (total[ends] - total[ends - count.ravel()]).reshape(count.shape)
    capacity = np.asarray(providers, float) * _HOUR * hours["elapsed_h"].to_numpy(float)
    left, out = np.zeros(draws), np.zeros(count.shape)
    for hour in range(first, len(hours)):
        left = np.maximum(left + work[:, hour] - capacity[hour], 0.0)
        out[:, hour] = left / max(providers[hour], 1.0)
    return out


def level_that_fits(
    hours: pd.DataFrame,
    shift_types: pd.DataFrame,
    visit: np.ndarray,
    levels: Sequence[ServiceLevel],
    staff_h: float,
    *,
    day_dispersion: float = 0.0,
) -> tuple[ServiceLevel, pd.DataFrame, dict[ServiceLevel, CoverPlan]]:
    """Return the strictest of some levels whose shifts take no more than `staff_h` hours a week; else the loosest.

    Returns
    -------
    level : ServiceLevel
    table : DataFrame
        overload, hours_a_week, fits; in the order of `levels`.
    plans : dict
        Level -> its cover.
    """
    import pandas as pd

    lengths = dict(zip(shift_types["shift"], shift_types["minutes"], strict=True))
    plans, rows = {}, []
    for level in levels:
        plan = plans[level] = cover_shifts(hours, shift_types, visit, level, day_dispersion=day_dispersion)
        total = float((plan.shifts["required"] * plan.shifts["shift"].map(lengths)).sum()) / _HOUR
        a_week = 7 * total / (len(hours) // 24)
        rows.append({"overload": level.overload, "hours_a_week": a_week, "fits": a_week <= staff_h})
    table = pd.DataFrame(rows)
    strict_first = sorted(range(len(levels)), key=lambda k: levels[k].overload)
    chosen = next((k for k in strict_first if table["fits"][k]), strict_first[-1])
    return levels[chosen], table, plans
