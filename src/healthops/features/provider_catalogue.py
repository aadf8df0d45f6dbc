"""Every feature of arrivals and of appointments, described: a test holds this list and the tables to the same names.

What is known when decides what a model may use. Of arrivals, `horizon_days` is the farthest day after the origin
(the end of a local day) for which a feature is known; none means any day of the calendar, 0 only afterwards. Of
appointments, `known_at` says whether the booking suffices; what is fitted once is known to bookings from the day on
before which it was fitted, which `transformation` tells and :func:`fitted_until` reads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

#: How `transformation` tells the day before which a feature was fitted.
_FITTED = "fitted before {day}, known from that day on"


@dataclass(frozen=True)
class ProviderFeature:
    """One feature: the columns of table ``provider_feature_catalogue``."""

    table: str
    feature: str
    kind: str
    unit: str
    source: str
    transformation: str
    fold_safety: str
    known_at: str
    horizon_days: int | None
    why: str
    family: str


def _clock() -> list[ProviderFeature]:
    date, holiday = "hourly_arrivals.date", "clinic_calendar.holiday"

    def made(
        name: str, how: str, why: str, *, kind: str = "number", unit: str = "", source: str = date, family: str
    ) -> ProviderFeature:
        return ProviderFeature(
            "arrivals", name, kind, unit, source, how, "static", "calendar", None, why, family
        )  # fmt: skip

    week, season, free = "hour and weekday", "season", "holidays"
    by_day, by_hour = "weekdays differ, Mondays most", "the day's course is the strongest pattern"
    jump = "without a jump at midnight"
    return [
        made("hour", "of the local clock, from 0", by_hour, unit="h", source="hourly_arrivals.hour", family=week),
        made("weekday", "Monday 0 to Sunday 6", by_day, family=week),
        made("weekend", "Saturday or Sunday", "others are closed", kind="flag", family=week),
        made("month", "from 1", "season, coarsely", unit="month", family=season),
        made("year_sin", "sine of the day of the year", "season without a jump at New Year", family=season),
        made("year_cos", "cosine of the day of the year", "season without a jump at New Year", family=season),
        made("holiday", "public holiday", "others are closed", kind="flag", source=holiday, family=free),
        made("day_before_holiday", "the next day is one", "travel", kind="flag", source=holiday, family=free),
        made("day_after_holiday", "the day before was one", "what waited", kind="flag", source=holiday, family=free),
        made("event", "an event known before: a home game, a fair", "crowds", kind="flag",
             source="clinic_calendar.event", family=free),
        made("days_since_start", "days since the clinic's first record", "slow growth", unit="days", family="level"),
        made("hour_sin", "sine of the hour of the day", jump, source="hourly_arrivals.hour", family=week),
        made("hour_cos", "cosine of the hour of the day", jump, source="hourly_arrivals.hour", family=week),
    ]  # fmt: skip


def _pasts() -> list[ProviderFeature]:
    def made(name: str, horizon: int, how: str, why: str, *, family: str, unit: str = "patients/h") -> ProviderFeature:
        source = "hourly_arrivals.arrivals, hourly_arrivals.elapsed_h"
        return ProviderFeature(
            "arrivals", name, "number", unit, source, how, "past_only", "origin", horizon, why, family
        )

    lags, means, level = "same hour before", "mean of the hour", "level"
    lag, usual = "arrivals in the same hour, {} before, over its elapsed time", "the hour's own usual"
    window = "mean rate of the days known among {} to {} before"
    recent, planning = "what goes round these days", "the level that is known when the roster is made"
    return [
        made("lag_1_day", 1, lag.format("a day"), "yesterday", family=lags),
        made("lag_1_week", 7, lag.format("a week"), "the week-naive forecast", family=lags),
        made("lag_2_weeks", 14, lag.format("two weeks"), usual, family=lags),
        made("lag_4_weeks", 28, lag.format("four weeks"), "the naive forecast of a month ahead", family=lags),
        made("lag_8_weeks", 56, lag.format("eight weeks"), "the naive forecast of the weeks to plan", family=lags),
        made("lag_52_weeks", 364, lag.format("364 days"), "last year's weekday of the season", family=lags),
        made("mean_weeks_1_to_4", 7, "mean of the hour and weekday in the last four weeks", usual, family=means),
        made("mean_weeks_5_to_8", 35, "the same, 5 to 8 weeks before", "the same, for a month ahead", family=means),
        made("mean_weeks_9_to_12", 63, "the same, 9 to 12 weeks before", "the same, for two months", family=means),
        made("day_total_lag_1_day", 1, "all of the day before", recent, family=level, unit="patients"),
        made("day_total_lag_1_week", 7, "all of the day a week before", recent, family=level, unit="patients"),
        made("level_7_days", 1, window.format(1, 7), recent, family=level),
        made("level_28_days", 1, window.format(1, 28), recent, family=level),
        made("level_28_days_lag_1_week", 7, window.format(7, 34), planning, family=level),
        made("level_28_days_lag_4_weeks", 28, window.format(28, 55), planning, family=level),
        made("level_28_days_lag_8_weeks", 56, window.format(56, 83), planning, family=level),
        made("level_364_days_lag_8_weeks", 56, window.format(56, 419), "the level without the season", family=level),
    ]


def _weather() -> list[ProviderFeature]:
    def made(name: str, horizon: int, how: str, why: str, known: str = "origin") -> ProviderFeature:
        safe = "past_only" if horizon else "hindsight"
        return ProviderFeature(
            "arrivals", name, "number", "deg C", "hourly_arrivals.temp_c", how, safe, known, horizon, why, "weather"
        )

    return [
        made("temp_c", 0, "outdoors in that very hour", "heat and ice; to use it ahead takes a weather forecast, which "
             "no source holds", "afterwards"),
        made("temp_c_lag_1_day", 1, "in the same hour a day before", "weather lasts"),
        made("temp_c_mean_7_days", 1, "mean of the hour on the 7 days before", "weather lasts"),
        made("temp_c_year_before", 350, "mean of the hour 350 to 378 days before", "the season's usual"),
    ]  # fmt: skip


def _appointment(
    name: str,
    how: str,
    why: str,
    *,
    source: str,
    family: str,
    kind: str = "number",
    unit: str = "",
    safe: str = "static",
    known: str = "booking",
) -> ProviderFeature:
    columns = ", ".join(f"appointments.{column}" for column in source.split())
    return ProviderFeature("appointments", name, kind, unit, columns, how, safe, known, None, why, family)


def _of_the_booking() -> list[ProviderFeature]:
    lead, when = "lead", "time of booking and visit"
    rare = "free days lengthen a weekend"
    holiday = {"source": "date", "family": when, "kind": "flag"}
    return [
        _appointment("lead_days", "from the day of the booking to that of the visit", "plans change, people recover",
                     source="booked_date date", family=lead, unit="days"),
        _appointment("log_lead", "log(1 + days)", "the first days matter most", source="booked_date date", family=lead),
        _appointment("same_day", "booked for the same day", "who comes at once", source="booked_date date", family=lead,
                     kind="flag"),
        _appointment("booked_hour", "with minutes", "who books when", source="booked_minute", family=when, unit="h"),
        _appointment("booked_weekday", "Monday 0", "who books when", source="booked_date", family=when),
        _appointment("weekday", "Monday 0", "ends of the week are missed more", source="date", family=when),
        _appointment("start_hour", "with minutes", "the hour of day", source="start_minute", family=when, unit="h"),
        _appointment("reminder", "a text message was sent", "reminds; sent only for the longer leads, missed more",
                     source="reminder", family="reminder", kind="flag", known="reminder"),
        _appointment("day_before_holiday", "the next day is a public holiday", rare, **holiday),
        _appointment("day_after_holiday", "the day before is a public holiday", rare, **holiday),
    ]  # fmt: skip


def _of_the_person() -> list[ProviderFeature]:
    person, place = "person", "place"
    ill = "who comes regularly"

    def flag(name: str, how: str, why: str, source: str) -> ProviderFeature:
        return _appointment(name, how, why, source=source, family=person, kind="flag")

    return [
        _appointment("age_years", "completed", "the young miss more", source="age_years", family=person, unit="years"),
        flag("female", "as recorded", "attendance differs", "sex"),
        flag("welfare", "the household gets a welfare payment", "poverty keeps from coming", "welfare"),
        flag("hypertension", "on record", ill, "hypertension"),
        flag("diabetes", "on record", ill, "diabetes"),
        flag("alcoholism", "on record", "keeps from coming", "alcoholism"),
        _appointment("chronic", "how many of hypertension, diabetes, alcoholism", ill,
                     source="hypertension diabetes alcoholism", family=person),
        _appointment("handicaps", "how many", "the way is harder", source="handicaps", family=person),
        _appointment("neighbourhood_welfare_share", "share of the neighbourhood's patients who get welfare, of those "
                     "who had booked by then, drawn towards that of all as by 20 people", "poverty of the place",
                     source="neighbourhood welfare", family=place, safe="fitted"),
        _appointment("neighbourhood_no_show_rate", "of the neighbourhood's appointments on days before the booking, "
                     "drawn towards that of all as by 20 appointments", "distance, transport",
                     source="neighbourhood date no_show", family=place, safe="past_only"),
    ]  # fmt: skip


def _of_the_past() -> list[ProviderFeature]:
    def made(name: str, how: str, why: str, unit: str = "", source: str = "patient date no_show") -> ProviderFeature:
        return _appointment(name, how, why, source=source, family="history", unit=unit, safe="past_only")

    habit, booked = "habits last", "patient booked_date booked_minute"
    return [
        made("past_appointments", "on days strictly before that of the booking", "how much is known", "appointments"),
        made("past_no_shows", "of these, missed", habit, "appointments"),
        made("past_no_show_share", "the one by the other; missing without any", habit),
        made("past_no_show_rate", "drawn to that of everybody then, as by 2 appointments", "habit, as far as known"),
        made("last_no_show", "share missed on the last day with any", habit),
        made("days_since_last", "from that day to the booking", "a visit lately", "days"),
        made("days_since_last_no_show", "from the last missed one to the booking", "a miss lately", "days"),
        made("earlier_bookings", "made at a moment before this one", "how often it comes", "appointments", booked),
        made("open_bookings", "of these, not over on the day before the booking", "crowded plans", "appointments",
             f"{booked} date"),
        made("same_day_bookings", "of these, for the same day", "one trip for all", "appointments", f"{booked} date"),
        made("recent_no_show_rate", "of everybody, in the 28 days before the booking", "weather, strikes, season",
             "", "date no_show"),
    ]  # fmt: skip


#: Every feature, in the order of its table.
FEATURES: tuple[ProviderFeature, ...] = (
    *_clock(), *_pasts(), *_weather(), *_of_the_booking(), *_of_the_person(), *_of_the_past(),
)  # fmt: skip


def arrival_names(*, horizon_days: int | None = None) -> tuple[str, ...]:
    """Return the features of arrivals, in order; of a day so many days after the origin, only those known then.

    >>> "lag_1_week" in arrival_names(horizon_days=7), "lag_1_week" in arrival_names(horizon_days=8)
    (True, False)
    >>> "temp_c" in arrival_names(), "temp_c" in arrival_names(horizon_days=1)
    (True, False)
    """
    ours = [f for f in FEATURES if f.table == "arrivals"]
    if horizon_days is None:
        return tuple(f.feature for f in ours)
    return tuple(f.feature for f in ours if f.horizon_days is None or f.horizon_days >= horizon_days)


def appointment_names(*, known_at: Sequence[str] = ("booking", "reminder")) -> tuple[str, ...]:
    """Return the features of appointments, in order; by default those known on the day before the visit."""
    return tuple(f.feature for f in FEATURES if f.table == "appointments" and f.known_at in known_at)


def families(table: str) -> dict[str, tuple[str, ...]]:
    """Return the names of each family of features of a table, in order."""
    out: dict[str, tuple[str, ...]] = {}
    for f in FEATURES:
        if f.table == table:
            out[f.family] = (*out.get(f.family, ()), f.feature)
    return out


def provider_catalogue(*, places_until: str | pd.Timestamp) -> pd.DataFrame:
    """Return table ``provider_feature_catalogue``.

    Parameters
    ----------
    places_until : date
        As given to :func:`healthops.features.appointments.appointment_features`.
    """
    import pandas as pd

    frame = pd.DataFrame([asdict(f) for f in FEATURES])
    fitted = frame["fold_safety"] == "fitted"
    frame.loc[fitted, "transformation"] += "; " + _FITTED.format(day=pd.Timestamp(places_until).date())
    texts = [name for name in frame if name != "horizon_days"]
    frame = frame.astype({"horizon_days": "Int64"} | dict.fromkeys(texts, "str"))
    return frame.assign(unit=frame["unit"].where(frame["unit"] != ""))


def fitted_until(catalogue: pd.DataFrame) -> pd.Series:
    """Day before which each fitted feature was fitted, by feature, read from table ``provider_feature_catalogue``.

    Raises
    ------
    FeatureError
        If a fitted feature does not tell.

    >>> fitted_until(provider_catalogue(places_until="2022-12-05")).astype(str).to_dict()
    {'neighbourhood_welfare_share': '2022-12-05'}
    """
    import pandas as pd

    from healthops.features.grid import FeatureError

    rows = catalogue[catalogue["fold_safety"] == "fitted"].set_index("feature")["transformation"]
    day = rows.str.extract(re.escape(_FITTED).replace(re.escape("{day}"), r"(\d{4}-\d\d-\d\d)"), expand=False)
    if day.isna().any():
        raise FeatureError(
            f"table 'provider_feature_catalogue': {day.index[day.isna()][0]} is fitted and does not tell until when: "
            f"run notebook 24"
        )
    return pd.to_datetime(day)
