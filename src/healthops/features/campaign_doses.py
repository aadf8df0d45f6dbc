"""What a vaccination campaign has done in a place so far: coverage, pace, saturation, phase. Rows hold what is known at
the end of their week.

The same features describe the regions of ``vaccine_region_doses`` and the districts' groups of ``vaccine_uptake``, in
shares of people, so that a model which learns from one can be asked about the other. A place is a region, or a group of
a district.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from healthops.features.calendar import season_angle
from healthops.features.grid import FeatureError, lagged, trailing_mean

#: Weeks before the newest one whose first doses are features.
LAGS = (0, 1, 2, 3)
#: Added to weekly first doses per 100 people before a logarithm.
_FLOOR = 0.01
#: Coverage from which the campaign has begun in a place, %.
BEGUN_PCT = 1.0
#: Share of the highest pace so far below which a campaign is in its tail.
TAIL = 0.1
#: Weekly first doses, on average of the last four known weeks, from which a week without any is silence.
SILENT_FROM = 10.0

PHASES = ("not begun", "rising", "falling", "tail")


def reported(first: np.ndarray, first_total: np.ndarray, doses_total: np.ndarray) -> np.ndarray:
    """Tell weeks without a report from weeks without a dose, and spread what a report catches up with.

    A week is silent where no first dose is counted although doses are and no first dose ever was, or although the last
    four known weeks averaged :data:`SILENT_FROM` or more. The first count after silence is that of all weeks since the
    last report: it becomes their mean. Only the past of a week decides on it.

    Parameters
    ----------
    first, first_total, doses_total : array, shape (P, T)
        First doses of the week, first doses and doses of any kind so far.

    Returns
    -------
    array, shape (P, T)
        First doses a week; NaN where silent.
    """
    out = np.full(first.shape, np.nan)
    for place in range(first.shape[0]):
        known: list[float] = []
        waiting = 0
        for t in range(first.shape[1]):
            untold = first_total[place, t] == 0 and doses_total[place, t] > 0
            recent = np.mean(known[-4:]) if known else 0.0
            if untold or (first[place, t] == 0 and recent >= SILENT_FROM):
                waiting += 1
                continue
            out[place, t] = first[place, t] / (1 + waiting)
            known.append(out[place, t])
            waiting = 0
    return out


def dose_features(
    first: np.ndarray,
    first_total: np.ndarray,
    full_total: np.ndarray,
    people: np.ndarray,
    weeks: np.ndarray,
    *,
    among: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Describe each place-week by the campaign so far, there and elsewhere.

    Parameters
    ----------
    first, first_total, full_total : array, shape (P, T)
        People with a first dose in the week, so far, and with a full course so far; NaN where not told.
    people : array, shape (P,)
        Inhabitants, or people of the group.
    weeks : array of datetime64, shape (T,)
    among : array, shape (P,), optional
        Places of one value are each other's "elsewhere" (the districts of one priority group); all by default.

    Returns
    -------
    dict of str to array, shape (P, T)
        In the order of the catalogue.

    Raises
    ------
    FeatureError
        If a place has nobody.
    """
    if not (people > 0).all():
        raise FeatureError(f"row {int(np.argmin(people > 0))} has {people.min():g} people: drop it or give it people")
    share = 100 / people[:, None]
    pace, coverage = first * share, first_total * share
    month = trailing_mean(pace, 4)
    growth = np.log((month + _FLOOR) / (lagged(month, 4) + _FLOOR)) / 4
    best = np.fmax.accumulate(month, axis=1)
    of_peak = np.divide(month, best, out=np.full(month.shape, np.nan), where=best > 0)
    around, pace_around = elsewhere(first_total, people, among), elsewhere(first, people, among)
    begun = coverage >= BEGUN_PCT
    angle = season_angle(weeks)
    return {
        "coverage_first_pct": coverage,
        "coverage_full_pct": full_total * share,
        "between_doses_pct": coverage - full_total * share,
        **{f"first_per_100_lag_{k}": lagged(pace, k) for k in LAGS},
        "first_per_100_mean_4_weeks": month,
        "first_per_100_mean_8_weeks": trailing_mean(pace, 8),
        "first_growth_4_weeks": growth,
        "share_of_peak_pace": of_peak,
        "weeks_since_peak_pace": _since_peak(month),
        "projected_coverage_pct": projected(coverage, month, growth),
        "weeks_since_start": np.cumsum(begun, axis=1).astype(float),
        "phase": phase(begun, growth, of_peak),
        "elsewhere_coverage_pct": around,
        "elsewhere_first_per_100": pace_around,
        "ahead_of_elsewhere_pct": coverage - around,
        "week_sin": np.sin(angle)[None, :],
        "week_cos": np.cos(angle)[None, :],
        "log_people": np.log(people)[:, None],
    }


def projected(coverage: np.ndarray, pace: np.ndarray, growth: np.ndarray) -> np.ndarray:
    """Return where coverage would end if the pace went on falling as in the last four weeks, %; shape as `coverage`.

    The sum of a geometric series, at most 100; NaN where the pace is not falling.
    """
    ratio = np.exp(growth)
    falling = ratio < 1
    rest = np.divide(pace * ratio, 1 - ratio, out=np.full(pace.shape, np.nan), where=falling)
    return np.fmax(np.minimum(coverage + rest, 100.0), np.where(falling, coverage, np.nan))


def phase(begun: np.ndarray, growth: np.ndarray, of_peak: np.ndarray) -> np.ndarray:
    """Return the phase of the campaign as its number in :data:`PHASES`; shape (P, T).

    Not begun: coverage below 1 %. Tail: the month's pace is below a tenth of the highest so far. Between them, rising
    or falling by the growth of the last four weeks (rising where it is not known yet).
    """
    moving = np.where(growth < 0, 2.0, 1.0)
    return np.where(begun, np.where(of_peak < TAIL, 3.0, moving), 0.0)


def elsewhere(values: np.ndarray, people: np.ndarray, among: np.ndarray | None = None) -> np.ndarray:
    """Return the sum of `values` over the other places per 100 of their people; shape (P, T).

    Places whose value is not told are left out with their people; NaN where no other place has told.
    """
    told = np.isfinite(values)
    group = np.zeros(len(values), dtype=int) if among is None else np.unique(among, return_inverse=True)[1]
    total, below = (np.zeros((group.max() + 1, values.shape[1])) for _ in range(2))
    np.add.at(total, group, np.where(told, values, 0.0))
    np.add.at(below, group, told * people[:, None])
    others = total[group] - np.where(told, values, 0.0)
    inhabitants = below[group] - told * people[:, None]
    return np.divide(100 * others, inhabitants, out=np.full(values.shape, np.nan), where=inhabitants > 1e-6)


def ahead(table: pd.DataFrame, column: str, *, weeks: int, key: tuple[str, ...]) -> pd.Series:
    """Return `column` of `weeks` weeks later for each row of a table of features, aligned with its index.

    A *target*, not a feature: it is the future of its row. NaN where that week is missing or beyond the table.

    Parameters
    ----------
    table : DataFrame
        ``vaccine_region_features`` or ``vaccine_features``.
    column : str
        ``first_per_100_lag_0`` or ``wanted_per_100_lag_0``.
    key : tuple of str
        Columns that name a place: ``("region",)`` or ``("ubigeo", "group")``.
    """
    if weeks < 1:
        raise FeatureError(f"a target lies at least one week ahead, not {weeks}")
    later = table[[*key, "week_end", column]].copy()
    later["week_end"] = later["week_end"] - pd.Timedelta(weeks=weeks)
    joined = table[[*key, "week_end"]].merge(later, on=[*key, "week_end"], how="left", validate="1:1")
    return pd.Series(joined[column].to_numpy(float), index=table.index, name=f"{column}_ahead_{weeks}")


def _since_peak(month: np.ndarray) -> np.ndarray:
    """Weeks since the highest four-week pace so far, the newest of ties; NaN before the first dose."""
    best = np.fmax.accumulate(month, axis=1)
    at = np.arange(month.shape[1], dtype=float)
    last = np.maximum.accumulate(np.where((month >= best) & (month > 0), at, -np.inf), axis=1)
    return np.where(np.isfinite(last), at - last, np.nan)
