"""Weekly dengue in the synthetic country: four serotypes in districts that exchange travellers.

A stochastic chain of weeks in the manner of the time-series SIR model (Finkenstädt & Grenfell 2000, J. R. Stat. Soc. C
49:187-205) with negative binomial infections, movement by a gravity law (Xia, Bjørnstad & Grenfell 2004, Am. Nat.
164:267-281), and four serotypes: infection gives life-long immunity to one and some years of protection from all
(Reich et al. 2013, J. R. Soc. Interface 10:20130414).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SEROTYPES = 4
#: Share of the infectiousness of a case after 1, 2, 3 and 4 weeks.
SERIAL_INTERVAL = np.array([0.15, 0.40, 0.30, 0.15])
#: No mosquito lives above this altitude, m.
HIGHEST_VECTOR_M = 2300.0


@dataclass(frozen=True)
class Transmission:
    """What drives the chain; rates per week.

    ``reproduction`` is the number that a case infects where and when all is favourable and all are susceptible;
    ``away`` the share of infections acquired elsewhere; ``imported`` infections from abroad per million inhabitants;
    ``cross_weeks`` the mean protection from all serotypes; ``births`` the turnover of people; ``clumping`` the
    dispersion of the negative binomial; ``mood`` the spread of what no climate explains (control, behaviour).
    """

    reproduction: float = 2.6
    away: float = 0.04
    imported: float = 0.6
    cross_weeks: float = 60.0
    births: float = 1 / (28 * 52)
    clumping: float = 30.0
    mood: float = 0.16

    def __post_init__(self) -> None:
        for name in ("reproduction", "away", "imported", "cross_weeks", "births", "clumping", "mood"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it cannot be negative")


def suitability(temp_c: np.ndarray, rain_mm: np.ndarray, altitude: np.ndarray) -> np.ndarray:
    """How well the climate of the last weeks serves the mosquito, 0 to about 1.3, shape (D, T).

    Temperature acts by a Brière curve from 17.5 to 34.5 deg C (form of Mordecai et al. 2017, PLoS Negl. Trop. Dis.
    11:e0005568) through its mean of weeks 1 to 4 back, rain through the mean of weeks 3 to 10 back.
    """
    warm = _mean_of_past(temp_c, 1, 4)
    wet = np.log1p(_mean_of_past(rain_mm, 3, 10))
    usual = wet.mean(axis=1, keepdims=True)
    vector = 1 / (1 + np.exp((altitude - 1500) / 160))
    vector = np.where(altitude > HIGHEST_VECTOR_M, 0.0, vector)
    return np.round(vector[:, None] * _briere(warm) / _briere(np.array(29.2)) * np.exp(0.28 * np.tanh(wet - usual)), 5)


def gravity(population: np.ndarray, distance_km: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    """Share of the journeys from each district (row) that go to each other district (column).

    Rows sum to 1, or to 0 where there is nowhere to go.
    """
    pull = population[None, :] ** 0.8 / (20 + distance_km) ** 2 * np.where(neighbours, 2.0, 1.0)
    np.fill_diagonal(pull, 0)
    return np.round(pull / np.maximum(pull.sum(axis=1, keepdims=True), 1e-12), 9)


def infections(
    rng: np.random.Generator,
    suited: np.ndarray,
    *,
    population: np.ndarray,
    receptive: np.ndarray,
    travel: np.ndarray,
    department: np.ndarray,
    rules: Transmission | None = None,
) -> np.ndarray:
    """Run the chain of weeks.

    Parameters
    ----------
    suited : array, shape (D, T)
        :func:`suitability`.
    population, receptive : arrays, shape (D,)
        Inhabitants; factor for housing and crowding.
    travel : array, shape (D, D)
        :func:`gravity`.
    department : array of int, shape (D,)

    Returns
    -------
    array of int, shape (D, T, 4)
        New infections by serotype.
    """
    rules = rules or Transmission()
    size, weeks = suited.shape
    people = population.astype(float)[:, None]
    susceptible = np.round(people * rng.uniform(0.45, 0.95, (size, SEROTYPES)))
    protected = np.zeros((size, 1))
    new = np.zeros((size, weeks, SEROTYPES), dtype=np.int64)
    mood = np.zeros(department.max() + 1)
    abroad = _foreign_serotypes(rng, weeks)
    for t in range(weeks):
        mood = np.round(0.93 * mood + rules.mood * np.sqrt(1 - 0.93**2) * rng.standard_normal(len(mood)), 9)
        number = rules.reproduction * suited[:, t] * receptive * np.exp(mood[department])
        source = sum(g * new[:, t - 1 - k] for k, g in enumerate(SERIAL_INTERVAL) if t - 1 - k >= 0)
        source = source + np.zeros((size, SEROTYPES))
        prevalence = source / people
        pressure = (1 - rules.away) * prevalence + rules.away * travel @ prevalence
        entering = rules.imported * 1e-6 * abroad[t] * (suited[:, t] > 0)[:, None]
        open_to = susceptible * np.maximum(1 - protected / people, 0)
        # Rounded, so that a last digit that differs between processors cannot change a draw.
        mean = np.round(number[:, None] * pressure * open_to + entering * open_to, 7)
        mean = np.round(mean * rng.standard_gamma(rules.clumping, mean.shape) / rules.clumping, 7)
        drawn = np.minimum(rng.poisson(mean), np.floor(0.5 * susceptible)).astype(np.int64)
        new[:, t] = drawn
        susceptible = np.round(susceptible - drawn + rules.births * (people - susceptible), 4)
        protected = np.round(protected * (1 - 1 / rules.cross_weeks) + drawn.sum(axis=1, keepdims=True), 4)
    return new


def _briere(temp_c: np.ndarray, low: float = 17.5, high: float = 34.5) -> np.ndarray:
    return temp_c * np.maximum(temp_c - low, 0) * np.sqrt(np.maximum(high - temp_c, 0))


def _foreign_serotypes(rng: np.random.Generator, weeks: int) -> np.ndarray:
    """How common each serotype is abroad, shape (T, 4): each has its years."""
    years = weeks // 52 + 2
    leading = np.cumsum(rng.random(years) < 0.4) + rng.integers(SEROTYPES)
    weight = np.full((years, SEROTYPES), 0.25)
    weight[np.arange(years), leading % SEROTYPES] = 3.0
    return weight[np.arange(weeks) // 52]


def _mean_of_past(values: np.ndarray, first: int, last: int) -> np.ndarray:
    """Mean of the weeks `first` to `last` back; the earliest week stands in for what lies before it."""
    padded = np.concatenate([np.repeat(values[:, :1], last, axis=1), values], axis=1)
    weeks = values.shape[1]
    return np.mean([padded[:, last - k : last - k + weeks] for k in range(first, last + 1)], axis=0)
