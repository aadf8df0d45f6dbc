"""Weekly climate of the synthetic country: season, altitude, and anomalies that last for seasons and years."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Fall of temperature with height, deg C per m.
LAPSE = 0.0058
#: No week brings more rain, mm.
HEAVIEST_RAIN_MM = 450.0


@dataclass(frozen=True)
class Climate:
    """Weekly means by district.

    Attributes
    ----------
    temp_c : array of float, shape (D, T)
    rain_mm : array of float, shape (D, T)
        Rain over the week.
    ocean : array of float, shape (T,)
        Index of the warm and cold phases of the ocean, mean 0 and standard deviation 1.
    """

    temp_c: np.ndarray
    rain_mm: np.ndarray
    ocean: np.ndarray


def weather(
    rng: np.random.Generator,
    week_ends: np.ndarray,
    *,
    latitude: np.ndarray,
    altitude: np.ndarray,
    inland: np.ndarray,
    department: np.ndarray,
) -> Climate:
    """Draw the climate of every district and week.

    Parameters
    ----------
    week_ends : array of datetime64[D], shape (T,)
    latitude, altitude, inland, department : arrays, shape (D,)
        Degrees; metres; 0 at the coast to 1 at the eastern border; number of the department.
    """
    weeks = len(week_ends)
    day = (week_ends - week_ends.astype("datetime64[Y]").astype("datetime64[D]")).astype(int)
    ocean = _oscillation(rng, weeks)
    coast = np.clip(1 - inland / 0.25, 0, 1)
    south = np.maximum(np.abs(latitude) - 2, 0)

    # The cold current of the coast cools it and widens its seasons; warm phases of the ocean undo that.
    base = 27.2 - LAPSE * altitude - 0.12 * south - 2.6 * coast
    swing = 0.5 + 0.11 * south + 1.6 * coast
    season = np.cos(2 * np.pi * (day - 28) / 365.25)
    local = _department_anomalies(rng, department, weeks, memory=0.88, spread=0.55)
    answer = 0.45 + 1.0 * coast
    temp = base[:, None] + swing[:, None] * season + answer[:, None] * ocean + local
    warming = 0.02 * np.arange(weeks) / 52
    temp = np.round(temp + warming, 2)

    wet = np.cos(2 * np.pi * (day - 22) / 365.25)
    mean = np.log(2.0 + 45 * np.clip(inland - 0.15, 0, 0.6) / 0.6)
    local = _department_anomalies(rng, department, weeks, memory=0.75, spread=0.35)
    reply = np.where(coast > 0, 0.8 * coast, -0.15)
    log_rain = mean[:, None] + (0.8 + 0.4 * coast)[:, None] * wet + reply[:, None] * ocean + local
    shape = 1.6
    rain = np.exp(log_rain) * rng.standard_gamma(shape, temp.shape) / shape
    return Climate(temp, np.round(np.minimum(rain, HEAVIEST_RAIN_MM), 1), np.round(ocean, 3))


def _oscillation(rng: np.random.Generator, weeks: int) -> np.ndarray:
    """Second-order autoregression with a period of about four years; it forgets the start over 500 weeks."""
    lead, damping = 500, 0.994
    turn = 2 * damping * np.cos(2 * np.pi / 210)
    shock = rng.standard_normal(lead + weeks)
    x = np.zeros(lead + weeks)
    for t in range(2, lead + weeks):
        x[t] = turn * x[t - 1] - damping**2 * x[t - 2] + shock[t]
    x = x[lead:]
    return np.round((x - x.mean()) / x.std(), 6)


def _department_anomalies(
    rng: np.random.Generator, department: np.ndarray, weeks: int, *, memory: float, spread: float
) -> np.ndarray:
    """First-order autoregression of each department, shape (D, T)."""
    shock = rng.standard_normal((department.max() + 1, weeks))
    x = np.zeros_like(shock)
    for t in range(1, weeks):
        x[:, t] = memory * x[:, t - 1] + np.sqrt(1 - memory**2) * shock[:, t]
    return np.round(spread * x[department], 6)
