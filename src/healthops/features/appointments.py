"""Table ``appointment_features``: what is known of an appointment when it is booked, and what became of it.

The outcome of an earlier appointment counts only if its day lies strictly before that of the booking. Nobody knows
on the day itself who will still come, and the public file does not tell at what time an appointment was. A patient's
no-show rate over the whole file, the plain way to write this feature, contains the outcome that it is to foretell:
:func:`whole_file_rate` shows it as a leak beside the honest history, and no table has it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from healthops.features.grid import FeatureError, require
from healthops.features.provider_catalogue import appointment_names

DECIMALS = 6
#: Lower ends of the age bands, and their names.
_AGES = (0, 15, 30, 45, 60)
AGE_BANDS = ("0-14", "15-29", "30-44", "45-59", "60 and older")
#: Quarters of the patients by how many of their neighbourhood get welfare.
NEIGHBOURHOOD_GROUPS = ("least welfare", "less welfare", "more welfare", "most welfare")
#: Appointments that the usual rate counts for, beside a patient's own; and people, beside a neighbourhood's.
OWN_WEIGHT, PLACE_WEIGHT = 2.0, 20.0
#: What becomes columns of the table beside the features.
ABOUT = ("appointment", "clinic", "service", "booked_date", "date", "lead_days", "no_show")
GROUPS = ("age_band", "sex", "welfare", "neighbourhood_group")
_NEEDED = (*ABOUT, "patient", "booked_minute", "start_minute", "age_years", "sex", "neighbourhood", "welfare",
           "hypertension", "diabetes", "alcoholism", "handicaps", "reminder")  # fmt: skip
#: Number of days that a day's number may not reach, so that a group and a day make one number.
_DAYS = 1 << 20


def appointment_features(
    appointments: pd.DataFrame, calendar: pd.DataFrame, *, places_until: str | pd.Timestamp
) -> pd.DataFrame:
    """Return table ``appointment_features``, in the order of the appointments.

    Parameters
    ----------
    appointments, calendar : DataFrame
        Tables ``appointments`` and ``clinic_calendar``.
    places_until : date
        Neighbourhoods are described, and grouped, by who had booked before this day: both are known from then on.

    Raises
    ------
    FeatureError
        If an appointment was booked after its day, the calendar lacks a day, or nobody had booked by `places_until`.
    """
    require(appointments, _NEEDED, "appointments")
    require(calendar, ("clinic", "date", "holiday"), "clinic_calendar")
    rows = appointments.reset_index(drop=True)
    late = rows["date"] < rows["booked_date"]
    if late.any():
        bad = rows.loc[late, "appointment"].iloc[0]
        raise FeatureError(f"table 'appointments': {bad} was booked after its day: set it aside in the cleaning")
    share = neighbourhood_welfare(rows, until=places_until)
    group = neighbourhood_groups(rows, share, until=places_until)
    made = {
        **_booking(rows),
        **_around_holidays(rows, calendar),
        **_person(rows),
        "neighbourhood_welfare_share": rows["neighbourhood"].map(share).to_numpy(float),
        **history_features(rows),
    }
    names = [name for name in appointment_names() if name not in ABOUT + GROUPS]
    if sorted(names) != sorted(made):
        raise FeatureError(f"catalogue and table of appointments differ: {sorted(set(names) ^ set(made))}")
    groups = pd.DataFrame({
        "age_band": pd.cut(rows["age_years"], [*_AGES, np.inf], right=False, labels=AGE_BANDS).astype("str"),
        "sex": rows["sex"],
        "welfare": rows["welfare"],
        "neighbourhood_group": rows["neighbourhood"].map(group).astype("str"),
    })  # fmt: skip
    filled = pd.DataFrame({name: np.asarray(made[name], float).round(DECIMALS) for name in names})
    return pd.concat([rows[list(ABOUT)], groups, filled], axis=1)


# ---- of the booking, the person and the place ---------------------------------------------------------------------


def _booking(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    return {
        "log_lead": np.log1p(rows["lead_days"].to_numpy(float)),
        "same_day": (rows["lead_days"] == 0).to_numpy(),
        "booked_hour": rows["booked_minute"].to_numpy(float) / 60,
        "booked_weekday": rows["booked_date"].dt.day_of_week.to_numpy(),
        "weekday": rows["date"].dt.day_of_week.to_numpy(),
        "start_hour": rows["start_minute"].to_numpy(float, na_value=np.nan) / 60,
        "reminder": rows["reminder"].to_numpy(),
    }


def _around_holidays(rows: pd.DataFrame, calendar: pd.DataFrame) -> dict[str, np.ndarray]:
    """Whether the day before or after that of the appointment is a public holiday; NaN at the calendar's two ends."""
    days = calendar.sort_values(["clinic", "date"])
    free = days["holiday"].notna().astype(float)
    around = pd.DataFrame({
        "clinic": days["clinic"], "date": days["date"],
        "day_before_holiday": free.groupby(days["clinic"]).shift(-1),
        "day_after_holiday": free.groupby(days["clinic"]).shift(1), "inside": True,
    })  # fmt: skip
    found = rows[["clinic", "date"]].merge(around, on=["clinic", "date"], how="left")
    lacking = found["inside"].isna()
    if lacking.any():
        clinic, day = found.loc[lacking, ["clinic", "date"]].iloc[0]
        raise FeatureError(f"table 'clinic_calendar' lacks {day.date()} of {clinic}: complete its days")
    return {name: found[name].to_numpy(float) for name in ("day_before_holiday", "day_after_holiday")}


def _person(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    chronic = rows[["hypertension", "diabetes", "alcoholism"]]
    return {
        "age_years": rows["age_years"].to_numpy(),
        "female": (rows["sex"] == "female").to_numpy(),
        **{name: rows[name].to_numpy() for name in chronic},
        "chronic": chronic.sum(axis=1).to_numpy(),
        "handicaps": rows["handicaps"].to_numpy(),
    }


def neighbourhood_welfare(appointments: pd.DataFrame, *, until: str | pd.Timestamp) -> pd.Series:
    """Share of a neighbourhood's patients with a welfare payment, of those who had booked before `until`.

    It is drawn towards that of all patients as by :data:`PLACE_WEIGHT` more people, so that a neighbourhood of which
    nobody had come yet has the share of all.

    Returns
    -------
    Series
        By neighbourhood, all of the table.

    Raises
    ------
    FeatureError
        If nobody had booked by then.
    """
    early = appointments[appointments["booked_date"] < pd.Timestamp(until)].drop_duplicates("patient")
    if early.empty:
        raise FeatureError(f"no appointment was booked before {until}: describe neighbourhoods by a later day")
    by_place = early.groupby("neighbourhood")["welfare"].agg(["sum", "size"])
    names = sorted(appointments["neighbourhood"].unique())
    got, people = (by_place[c].reindex(names, fill_value=0) for c in ("sum", "size"))
    return (got + PLACE_WEIGHT * early["welfare"].mean()) / (people + PLACE_WEIGHT)


def neighbourhood_groups(appointments: pd.DataFrame, share: pd.Series, *, until: str | pd.Timestamp) -> pd.Series:
    """Sort neighbourhoods by their `share` of welfare into quarters with about equally many appointments.

    Appointments count that were booked before `until`.

    Returns
    -------
    Series
        Name of the group by neighbourhood.
    """
    order = share.sort_values(kind="stable").index
    early = appointments.loc[appointments["booked_date"] < pd.Timestamp(until), "neighbourhood"]
    size = early.value_counts().reindex(order, fill_value=0)
    # The quarter in which the middle of the neighbourhood's appointments lies.
    middle = (size.cumsum() - size / 2) / size.sum()
    at = np.minimum((4 * middle).astype(int), 3)
    return pd.Series(np.array(NEIGHBOURHOOD_GROUPS, dtype=object)[at], index=order)


# ---- what was known of the patient at the booking -------------------------------------------------------------------


@dataclass(frozen=True)
class _Past:
    """What groups (patients, places) had done on days strictly before a day, for one query a row."""

    count: np.ndarray
    missed: np.ndarray
    last_day: np.ndarray
    last_missed: np.ndarray


def _past(group: np.ndarray, day: np.ndarray, missed: np.ndarray, asked: np.ndarray) -> _Past:
    """Sum up the rows of each row's group whose `day` lies strictly before the day `asked`.

    Parameters
    ----------
    group, day, missed, asked : array, shape (n,)
        Codes from 0, days since 1970, outcomes, days since 1970.
    """
    key = group.astype(np.int64) * _DAYS + day
    order = np.argsort(key, kind="stable")
    key, total = key[order], np.r_[0, np.cumsum(missed[order].astype(np.int64))]
    low = np.searchsorted(key, group.astype(np.int64) * _DAYS)
    high = np.searchsorted(key, group.astype(np.int64) * _DAYS + asked)
    count, some = high - low, high > low
    last_key = key[np.maximum(high - 1, 0)]
    # Several on the last day count together: their order does not matter.
    start = np.searchsorted(key, last_key)
    share = (total[high] - total[start]) / np.maximum(high - start, 1)
    return _Past(
        count,
        total[high] - total[low],
        np.where(some, last_key % _DAYS, np.nan),
        np.where(some, share, np.nan),
    )


def history_features(appointments: pd.DataFrame) -> dict[str, np.ndarray]:
    """What was known of each patient, and of its neighbourhood, on the day of the booking.

    Outcomes count of days strictly before that of the booking, bookings of moments strictly before its own.

    Parameters
    ----------
    appointments : DataFrame
        With patient, neighbourhood, booked_date, booked_minute, date and no_show.

    Returns
    -------
    dict of str to array, shape (n,)
        In the order of the rows; NaN where there is no history.
    """
    rows = appointments
    missed = rows["no_show"].to_numpy(bool)
    day, booked = (rows[c].to_numpy("datetime64[D]").astype(np.int64) for c in ("date", "booked_date"))
    patient, place = (pd.factorize(rows[c], sort=True)[0] for c in ("patient", "neighbourhood"))
    own, near = _past(patient, day, missed, booked), _past(place, day, missed, booked)
    all_ = _past(np.zeros(len(rows), int), day, missed, booked)
    with np.errstate(invalid="ignore"):
        usual = all_.missed / np.where(all_.count > 0, all_.count, np.nan)
        share = own.missed / np.where(own.count > 0, own.count, np.nan)
    # Of the missed ones alone, for the day of the last.
    at = np.flatnonzero(missed)
    last_missed = _last_day(patient[at], day[at], patient, booked)
    return {
        "past_appointments": own.count,
        "past_no_shows": own.missed,
        "past_no_show_share": share,
        "past_no_show_rate": (own.missed + OWN_WEIGHT * usual) / (own.count + OWN_WEIGHT),
        "last_no_show": own.last_missed,
        "days_since_last": booked - own.last_day,
        "days_since_last_no_show": booked - last_missed,
        **_bookings(rows, patient, day, booked),
        "neighbourhood_no_show_rate": (near.missed + PLACE_WEIGHT * usual) / (near.count + PLACE_WEIGHT),
        "recent_no_show_rate": _recent(day, missed, booked),
    }


def _last_day(group: np.ndarray, day: np.ndarray, asked_group: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Last `day` of the group strictly before the one asked for; NaN where there is none."""
    key = np.sort(group.astype(np.int64) * _DAYS + day)
    if not len(key):
        return np.full(len(asked), np.nan)
    before = np.searchsorted(key, asked_group.astype(np.int64) * _DAYS + asked) - 1
    found = key[np.maximum(before, 0)]
    return np.where((before >= 0) & (found // _DAYS == asked_group), found % _DAYS, np.nan)


def _bookings(rows: pd.DataFrame, patient: np.ndarray, day: np.ndarray, booked: np.ndarray) -> dict[str, np.ndarray]:
    """Bookings of the patient made strictly before this one; those of one minute do not count for each other."""
    moment = booked * 1440 + rows["booked_minute"].to_numpy(np.int64)
    frame = pd.DataFrame({"patient": patient, "moment": moment, "day": day})
    earlier = frame.groupby("patient")["moment"].rank(method="min").to_numpy() - 1
    same_day = frame.groupby(["patient", "day"])["moment"].rank(method="min").to_numpy() - 1
    past = _past(patient, day, np.zeros(len(rows), bool), booked)
    return {
        "earlier_bookings": earlier,
        # Whatever had been booked before and was not over: all earlier bookings less the days past.
        "open_bookings": earlier - past.count,
        "same_day_bookings": same_day,
    }


def _recent(day: np.ndarray, missed: np.ndarray, booked: np.ndarray, days: int = 28) -> np.ndarray:
    """No-show rate of everybody on the `days` before the booking."""
    order = np.argsort(day, kind="stable")
    sorted_days, total = day[order], np.r_[0, np.cumsum(missed[order])]
    low, high = np.searchsorted(sorted_days, booked - days), np.searchsorted(sorted_days, booked)
    with np.errstate(invalid="ignore"):
        return (total[high] - total[low]) / np.where(high > low, high - low, np.nan)


# ---- leaks, to be shown and caught -----------------------------------------------------------------------------------


def whole_file_rate(appointments: pd.DataFrame) -> np.ndarray:
    """**A leak**: each patient's no-show rate over the whole file, its own outcome and later ones among them."""
    return appointments.groupby("patient")["no_show"].transform("mean").to_numpy(float)


def other_appointments_rate(appointments: pd.DataFrame) -> np.ndarray:
    """**A leak**: the patient's no-show rate on all other appointments of the file, later ones among them.

    Drawn towards the mean of all by :data:`OWN_WEIGHT`, as the honest rate is. That mean has every outcome in it, so
    that it is one number: without each row's own, it would tell that very outcome.
    """
    missed = appointments["no_show"].astype(float)
    of = missed.groupby(appointments["patient"])
    others, number = of.transform("sum") - missed, of.transform("size") - 1
    return ((others + OWN_WEIGHT * missed.mean()) / (number + OWN_WEIGHT)).to_numpy(float)


def rate_before_the_day(appointments: pd.DataFrame) -> np.ndarray:
    """**A leak at the booking**: as the honest rate, but with outcomes up to the day before the *appointment*."""
    day = appointments["date"].to_numpy("datetime64[D]").astype(np.int64)
    patient = pd.factorize(appointments["patient"], sort=True)[0]
    missed = appointments["no_show"].to_numpy(bool)
    own, everybody = _past(patient, day, missed, day), _past(np.zeros(len(day), int), day, missed, day)
    with np.errstate(invalid="ignore"):
        usual = everybody.missed / np.where(everybody.count > 0, everybody.count, np.nan)
    return (own.missed + OWN_WEIGHT * usual) / (own.count + OWN_WEIGHT)
