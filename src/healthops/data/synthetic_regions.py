"""Doses by region of the synthetic country, daily and cumulative over two years, in the layout of the US file.

First doses approach a willing share along a logistic curve, second ones follow, additional ones come in two waves. The
file then has what the real one has: a day that is there twice, and counts that were too high and are corrected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

FIRST_DAY, LAST_DAY = np.datetime64("2020-12-14", "D"), np.datetime64("2023-03-09", "D")
#: Share of the week's doses given on each day, Monday to Sunday.
_WEEKDAYS = np.array([0.16, 0.17, 0.17, 0.16, 0.15, 0.12, 0.07])
#: From this day on regions report on Thursdays alone.
_SPARSE = np.datetime64("2022-06-20", "D")


def region_doses(rng: np.random.Generator, districts: pd.DataFrame) -> tuple[list[list[object]], dict[str, Any]]:
    """Rows of the file in the order of the days, and what was planted.

    Parameters
    ----------
    districts : DataFrame
        Columns ubigeo, departamento, poverty_pct and the inhabitants of 2022 and 2017.
    """
    days = np.arange(FIRST_DAY, LAST_DAY + 1)
    departments = districts.groupby(districts["ubigeo"].str[:2])
    codes = list(departments.groups)
    names = departments["departamento"].first().tolist()
    people = departments[2022].sum().to_numpy(float)
    poverty = departments["poverty_pct"].mean().to_numpy()
    totals = np.array([_totals(rng, n, p, days) for n, p in zip(people, poverty, strict=True)])
    nation = totals.sum(axis=0)
    fallen = _plant_falls(rng, totals[:, 0])
    double = int(rng.integers(len(days) // 2, len(days) - 60))
    rows: list[list[object]] = []
    for t, day in enumerate(days):
        here: list[list[object]] = [[str(day), 840, "", "Synthetic", *(int(x) for x in nation[:, t])]]
        for k, code in enumerate(codes):
            here.append([str(day), 84000000 + int(code), names[k], "Synthetic", *(int(x) for x in totals[k, :, t])])
        rows += [row for row in here for _ in range(2 if t == double else 1)]
    return rows, {
        "region_repeats": {"count": len(codes) + 1, "unit": "rows of one day"},
        "region_falls": {"count": fallen, "unit": "cumulative doses that fell"},
    }


def _totals(rng: np.random.Generator, people: float, poverty: float, days: np.ndarray) -> np.ndarray:
    """Cumulative doses, people with a first dose, with a full course, and additional doses, shape (4, days)."""
    weeks = len(days) // 7 + 2
    t = np.arange(weeks)
    willing = 1 / (1 + np.exp(-(1.5 - 0.015 * (poverty - 30) + 0.25 * rng.standard_normal())))
    middle, pace = rng.uniform(17, 24), rng.uniform(4, 6)
    noise = rng.lognormal(0, 0.18, (3, weeks))
    curve = np.exp(-((np.maximum(t - middle, -60) / pace / 4) ** 2)) / (1 + np.exp(-(t - middle) / pace))
    first = _shares(curve * noise[0]) * willing * people
    full = 0.93 * np.concatenate([np.zeros(4), first[:-4]]) * noise[1]
    waves = np.exp(-(((t - 55) / 7) ** 2)) + 0.5 * np.exp(-(((t - 95) / 6) ** 2))
    extra = _shares(waves * noise[2]) * 0.55 * willing * people
    weekly = np.array([first, np.minimum(full, first.sum()), extra])
    monday = (days.astype("datetime64[D]").astype(int) + 3) % 7
    daily = np.repeat(weekly, 7, axis=1)[:, : len(days)] * _WEEKDAYS[monday]
    total = np.floor(np.round(np.cumsum(daily, axis=1), 4)).astype(np.int64)
    total = np.vstack([total.sum(axis=0), total])
    told = np.where((days < _SPARSE) | (monday == 3), np.arange(len(days)), 0)
    return total[:, np.maximum.accumulate(told)]


def _shares(values: np.ndarray) -> np.ndarray:
    return np.round(values / values.sum(), 9)


def _plant_falls(rng: np.random.Generator, doses: np.ndarray) -> int:
    """Make up to ten counts fall, one or two a region, in place; return how many.

    Either a run of days was counted too high and then corrected, or one day was too low.
    """
    planted = 0
    for k in range(min(len(doses), 10)):
        at = int(rng.integers(200, 500))
        size = int(max(0.02 * doses[k, at], 3 * np.diff(doses[k, at - 30 : at + 2]).max()) + 1)
        if k % 2:
            doses[k, at - 20 : at] += size
        elif doses[k, at] > size:
            doses[k, at] -= size
        else:
            continue
        planted += 1
    return planted
