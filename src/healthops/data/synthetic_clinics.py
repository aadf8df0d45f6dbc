"""Clinics of the synthetic country: weather and arrivals without an appointment, hour by hour.

Arrivals are Poisson around a mean of known shape (hour, day of the week, season, holidays, fairs, weather) times a
log-normal shock of the day that dies out slowly and a gamma one of the hour: they vary more than a Poisson count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from healthops.data.clock import elapsed_hours
from healthops.data.holiday_calendar import public_holidays

#: The clock of an Andean country that is put forward and back each year; the holidays are those of Peru.
TIME_ZONE, HOLIDAYS = "America/Santiago", "PE"
#: Services that never close, and those with appointments.
WALK_IN, BOOKED = ("emergency", "paediatrics"), ("general", "prenatal")
#: Clinics: size beside the first, mean temperature and half of its yearly range, deg C.
CLINICS = {"north": (1.0, 21.0, 3.0), "centre": (1.25, 15.0, 5.0), "south": (0.7, 10.0, 7.0)}
#: Mean arrivals an hour of the first clinic.
_RATE = {"emergency": 2.1, "paediatrics": 1.0}
#: From Monday to Sunday.
_WEEK = {
    "emergency": (1.12, 1.03, 0.99, 0.98, 1.0, 0.97, 0.91),
    "paediatrics": (1.05, 0.97, 0.95, 0.95, 0.98, 1.02, 1.08),
}
#: Ratio on a holiday, and on the day after it.
_HOLIDAY = {"emergency": (0.9, 1.12), "paediatrics": (0.8, 1.18)}
_FAIR, _FAIRS_A_YEAR = 1.15, 10
#: Log-rate a degree: of heat above the clinic's own mean + 6, and of cold below its own mean.
_HEAT, _COLD = {"emergency": 0.02, "paediatrics": 0.01}, {"emergency": 0.004, "paediatrics": 0.018}
_GROWTH_A_YEAR, _DAY_SD, _DAY_MEMORY, _HOUR_SHAPE = 0.025, 0.08, 0.5, 25.0


@dataclass(frozen=True)
class Clinic:
    """What happened at a clinic, D days of 24 hours of its clock.

    Attributes
    ----------
    days : array of datetime64[D], shape (D,)
    elapsed : array of int, shape (D, 24)
        As of :func:`healthops.data.clock.elapsed_hours`.
    temp_c : array of float, shape (D, 24)
    holidays : array of bool, shape (D,)
    fairs : array of datetime64[D]
        Known before; some lie after the last day.
    rate : dict of array of float, shape (D, 24)
        Service -> expected arrivals of an hour that lasts one, given the shocks.
    """

    name: str
    size: float
    days: np.ndarray
    elapsed: np.ndarray
    temp_c: np.ndarray
    holidays: np.ndarray
    fairs: np.ndarray
    rate: Mapping[str, np.ndarray]


def open_clinic(rng: np.random.Generator, name: str, days: np.ndarray, *, ahead: int) -> Clinic:
    """Draw what happens at the clinic `name` of :data:`CLINICS` on `days`, and its fairs for so many days `ahead`."""
    size, warm, swing = CLINICS[name]
    temp = _weather(rng, days, warm, swing)
    free = holidays_of(days)
    known = np.arange(days[0], days[-1] + 1 + ahead)
    saturdays = known[_weekday(known) == 5]
    fairs = np.sort(rng.choice(saturdays, max(1, round(_FAIRS_A_YEAR * len(known) / 365)), replace=False))
    rate = {service: size * _rate(rng, service, days, temp, warm, free, fairs) for service in WALK_IN}
    return Clinic(name, size, days, elapsed_hours(TIME_ZONE, days), temp, free, fairs, rate)


def holidays_of(days: np.ndarray) -> np.ndarray:
    """Whether each of the days, in ascending order, is a holiday."""
    first, last = (date.fromisoformat(str(day)) for day in (days[0], days[-1]))
    return np.isin(days, np.array(list(public_holidays(HOLIDAYS, first, last)), dtype="datetime64[D]"))


def _weekday(days: np.ndarray) -> np.ndarray:
    """Monday is 0; 1970-01-01 was a Thursday."""
    return (days.astype(int) + 3) % 7


def _season(days: np.ndarray) -> np.ndarray:
    """1 in mid-January, the summer of the south, -1 in mid-July."""
    return np.cos(2 * np.pi * ((days - days.astype("datetime64[Y]")).astype(int) - 15) / 365.25)


def _weather(rng: np.random.Generator, days: np.ndarray, warm: float, swing: float) -> np.ndarray:
    mood = _remembering(rng.normal(0, 2.2, len(days)), 0.7)
    by_hour = 4.0 * np.cos(2 * np.pi * (np.arange(24) - 15) / 24)
    hourly = rng.normal(0, 0.5, (len(days), 24))
    return np.round((warm + swing * _season(days) + mood)[:, None] + by_hour + hourly, 1)


def _remembering(shocks: np.ndarray, memory: float) -> np.ndarray:
    """Autoregression of order one with the standard deviation of the shocks."""
    out = np.empty_like(shocks)
    last = 0.0
    for k, shock in enumerate(shocks):
        last = memory * last + np.sqrt(1 - memory**2) * shock
        out[k] = last
    return out


def _rate(
    rng: np.random.Generator, service: str, days: np.ndarray, temp: np.ndarray, warm: float, free: np.ndarray,
    fairs: np.ndarray,
) -> np.ndarray:  # fmt: skip
    hour = np.arange(24)
    evening = 0.9 if service == "emergency" else 1.4
    by_hour = 0.25 + np.exp(-(((hour - 11) / 3.5) ** 2)) + evening * np.exp(-(((hour - 18.5) / 3.5) ** 2))
    of_day = np.array(_WEEK[service])[_weekday(days)]
    on, after = _HOLIDAY[service]
    of_day = (
        of_day * np.where(free, on, np.where(np.roll(free, 1), after, 1.0)) * np.where(np.isin(days, fairs), _FAIR, 1)
    )
    winter = 0.05 if service == "emergency" else 0.18
    years = (days - days[0]).astype(int) / 365.25
    log = np.log(of_day) - winter * _season(days) + _GROWTH_A_YEAR * years
    log = log + _remembering(rng.normal(0, _DAY_SD, len(days)), _DAY_MEMORY)
    heat, cold = np.maximum(temp - warm - 6, 0), np.maximum(warm - temp, 0)
    mean = (
        _RATE[service] * by_hour / by_hour.mean() * np.exp(log[:, None] + _HEAT[service] * heat + _COLD[service] * cold)
    )
    return mean * rng.gamma(_HOUR_SHAPE, 1 / _HOUR_SHAPE, mean.shape)
