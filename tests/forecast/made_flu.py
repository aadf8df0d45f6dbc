"""A small made country with influenza: visits of many seasons, admissions of two, reports that grow as they come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from healthops.data.flusight_files import IliNet, Vintage
from healthops.forecast.bagged_trees import BaggedTreesParameters
from healthops.forecast.flu import FluConfig
from healthops.forecast.quantile_net import QuantileNetParameters

WEEK = np.timedelta64(7, "D")
STATES = ("01", "04", "06", "13", "48")
HHS = (4, 9, 9, 4, 6)
PLACES = (*STATES, "US")
PEOPLE = np.array([5e6, 7e6, 4e7, 1e7, 3e7, 9.2e7])
VISITS = np.arange(np.datetime64("2011-08-06"), np.datetime64("2024-06-01"), WEEK)
ADMITTED = np.arange(np.datetime64("2022-08-06"), np.datetime64("2024-06-01"), WEEK)
#: Share of the final number in the first report, the second, and so on.
REPORTED = np.array([0.8, 0.9, 0.95])

#: The fusion with learners that are as small as they can be.
QUICK = FluConfig(
    trees=BaggedTreesParameters(bags=1, rows=1500, rounds=4, leaves=4, rows_in_leaf=20),
    net=QuantileNetParameters(bags=1, units=8, epochs=2, batch=256),
)


def wave(weeks: np.ndarray, *, seed: int) -> np.ndarray:
    """A wave a winter, of another height and time each year; shape (T,), between 0 and about 1."""
    rng = np.random.default_rng(seed)
    out = np.zeros(len(weeks))
    for year in range(2010, 2025):
        peak = np.datetime64(f"{year + 1}-01-15") + np.timedelta64(int(rng.integers(-30, 40)), "D")
        out += rng.uniform(0.4, 1.0) * np.exp(-0.5 * ((weeks - peak).astype(int) / 30) ** 2)
    return out


def final_admissions() -> np.ndarray:
    """Whole numbers, shape (6, T); the nation is the sum of its states."""
    states = np.stack([np.round(PEOPLE[s] * 6e-5 * wave(ADMITTED, seed=s) + 2) for s in range(len(STATES))])
    return np.vstack([states, states.sum(axis=0)])


def made_vintage(reference: str, *, late: int = 0) -> Vintage:
    """What could be seen for a reference date; the newest reports are not complete."""
    date = np.datetime64(reference, "D")
    keep = date - (1 + late) * WEEK >= ADMITTED
    values = final_admissions()[:, keep]
    values[:, -len(REPORTED) :] = np.round(values[:, -len(REPORTED) :] * REPORTED[::-1])
    return Vintage(date, ADMITTED[keep], PLACES, values, PEOPLE)


def made_history(last: str, count: int = 6) -> list[Vintage]:
    """Vintages of `count` reference dates in a row, oldest first."""
    return [made_vintage(str(np.datetime64(last, "D") - k * WEEK)) for k in reversed(range(count))]


def made_ilinet() -> IliNet:
    """Visits of the nation, three regions and five states: a wave above a background."""
    kinds = ("national", *("hhs",) * 3, *("state",) * 5)
    places = ("US", "", "", "", *STATES)
    hhs = (0, 4, 6, 9, *HHS)
    percent = np.stack([1.0 + 0.1 * r + 4 * wave(VISITS, seed=20 + r) for r in range(len(kinds))])
    return IliNet(VISITS, tuple(f"region {r}" for r in range(len(kinds))), kinds, places, hhs, percent)


def without(vintage: Vintage, place: str) -> Vintage:
    """The vintage as if `place` had never reported."""
    keep = [p for p, name in enumerate(vintage.locations) if name != place]
    return replace(
        vintage,
        locations=tuple(vintage.locations[p] for p in keep),
        admissions=vintage.admissions[keep],
        population=vintage.population[keep],
    )
