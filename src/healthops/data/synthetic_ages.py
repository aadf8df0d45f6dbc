"""Ages in the synthetic country: one pyramid a province, younger in the countryside, and the census sheet's lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

#: Single years of the census: 0 to 97, and 98 and older.
OLDEST = 98
#: The census's bands: under 1, 1 to 4, five years each, 65 and older.
BANDS = ((0, 0), (1, 4), *((low, low + 4) for low in range(5, 65, 5)), (65, None))


def count_ages(districts: pd.DataFrame, year: int) -> np.ndarray:
    """People of each district and single year of age, shape (D, 99), whole numbers that add up to its inhabitants.

    The pyramid is that of a population that grows at a steady rate (Lotka's stable population), faster where a
    province is rural; the districts of a province have the same, as the cleaning assumes.
    """
    province = districts["ubigeo"].str[:4]
    urban = districts["urban"].groupby(province).transform("mean").to_numpy()
    growth = np.round(0.021 - 0.010 * urban, 4)
    age = np.arange(OLDEST + 1)
    alive = np.exp(-((age / 84) ** 5))
    pyramid = np.round(np.exp(-growth[:, None] * age) * alive, 9)
    share = pyramid / pyramid.sum(axis=1, keepdims=True)
    return np.array([_whole(s, int(n)) for s, n in zip(share, districts[year], strict=True)])


def _whole(share: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers near `share` x `total` that add up to it: largest remainders."""
    exact = np.round(share * total, 6)
    count = np.floor(exact).astype(int)
    rest = total - count.sum()
    count[np.argsort(count - exact, kind="stable")[:rest]] += 1
    return count


def age_lines(ages: np.ndarray, *, single: bool) -> list[tuple[str, np.ndarray]]:
    """Labels of the census and the people of each district that they count, shape (D,), in the sheet's order.

    Parameters
    ----------
    ages : array of int, shape (D, 99)
    single : bool
        Single years beside the bands, as the sheet has for the country and the departments.
    """
    lines: list[tuple[str, np.ndarray]] = []
    for low, high in BANDS:
        inside = ages[:, low : OLDEST + 1 if high is None else high + 1]
        lines.append((_label(low, high), inside.sum(axis=1)))
        if single and (low, high) != (0, 0):
            for k in range(inside.shape[1]):
                last = high is None and low + k == OLDEST
                lines.append((f"{OLDEST} y más años" if last else _years(low + k), inside[:, k]))
    return lines


def _label(low: int, high: int | None) -> str:
    if (low, high) == (0, 0):
        return "Menores de 1 año"
    return f"De {low} y más años" if high is None else f"De {low} a {high} años"


def _years(age: int) -> str:
    return "1 año" if age == 1 else f"{age} años"
