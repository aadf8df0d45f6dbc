"""Priority groups, and the shares of age bands that belong to them.

Every source counts ages in bands of its own: the census in single years or bands of five, coverage in seven groups,
contacts in sixteen. :func:`band_shares` maps any bands on the groups of ``priority_groups.yaml`` through single years.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from healthops.data.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

PATH = Path(__file__).with_name("priority_groups.yaml")
#: Single years of age run from 0 to this one, which stands for itself and all above.
OLDEST = 99
#: From this age up an open band may be spread evenly where nothing else is known: so few live so long, and so near.
OLD = 80

#: An age band: lowest and highest age in completed years, both within; None or NaN: no upper end.
Band = tuple[float, float | None]


@dataclass(frozen=True)
class Part:
    """A share of the people from `from_age` to `to_age` (None: no upper end), and where the figures come from."""

    from_age: int
    to_age: int | None
    share: float
    source: str


@dataclass(frozen=True)
class Group:
    """One priority group; the parts add up."""

    name: str
    label: str
    parts: tuple[Part, ...]


@cache
def load_groups(path: Path = PATH) -> tuple[Group, ...]:
    """Read the groups, highest priority first.

    Raises
    ------
    DataError
        Naming the group and the key that cannot be used, or an age of which more than everybody belongs to groups.
    """
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    groups = tuple(Group(name, entry["label"], _parts(name, entry["parts"], path.name)) for name, entry in raw.items())
    total = membership(groups).sum(axis=0)
    if (total > 1 + 1e-9).any():
        age = int(total.argmax())
        raise DataError(
            f"{path.name}: {total[age]:g} of the people of age {age} belong to groups; lower the shares to at most 1"
        )
    return groups


def _parts(name: str, raw: Sequence[Mapping[str, Any]], file: str) -> tuple[Part, ...]:
    parts = tuple(Part(**part) for part in raw)
    for part in parts:
        if not 0 < part.share <= 1:
            raise DataError(f"{file}: group {name}: share {part.share} must be above 0 and at most 1")
        if not 0 <= part.from_age <= (OLDEST if part.to_age is None else part.to_age):
            raise DataError(f"{file}: group {name}: ages {part.from_age} to {part.to_age} are not a range from 0 up")
        if not part.source.strip():
            raise DataError(f"{file}: group {name}: state a source, or say that it is an assumption")
    return parts


def membership(groups: Sequence[Group]) -> np.ndarray:
    """Share of each single year of age that belongs to each group, shape (G, 100)."""
    ages = np.arange(OLDEST + 1)
    shares = np.zeros((len(groups), len(ages)))
    for row, group in zip(shares, groups, strict=True):
        for part in group.parts:
            row[(ages >= part.from_age) & (ages <= _top(part.to_age))] += part.share
    return shares


def band_shares(
    bands: Sequence[Band], groups: Sequence[Group] | None = None, *, people: np.ndarray | None = None
) -> np.ndarray:
    """Share of the people of each age band that belong to each group, shape (G, B).

    Parameters
    ----------
    bands : sequence of (lowest, highest)
        Ages in completed years, both ends within; a highest age of None or NaN: no upper end.
    groups : sequence of Group, optional
        Those of ``priority_groups.yaml`` unless given.
    people : array, shape (100,), optional
        People of each single year of age, the last one of 99 and older (see :func:`single_years`). Without them the
        ages within a band are taken to be equally many.

    Raises
    ------
    DataError
        If a band is no range of ages, or is open from below 80 and `people` are not given.

    Examples
    --------
    >>> adults = Group("adults", "", (Part(18, 59, 1.0, "assumption"),))
    >>> band_shares([(15, 19), (20, 24), (55, 64)], [adults]).round(3).tolist()
    [[0.4, 1.0, 0.5]]
    """
    groups = load_groups() if groups is None else groups
    weight = within(bands, people=people)
    return membership(groups) @ weight.T


def within(bands: Sequence[Band], *, people: np.ndarray | None = None) -> np.ndarray:
    """Distribution of each band's people over single years of age, shape (B, 100); rows sum to 1.

    A band without anybody is spread evenly.
    """
    ages = np.arange(OLDEST + 1)
    rows = []
    for low, high in bands:
        inside = (ages >= low) & (ages <= _top(high))
        if low < 0 or low != int(low) or low > OLDEST or not inside.any():
            raise DataError(f"ages {low} to {high} are not a band of completed years from 0 to {OLDEST}")
        if people is None and _is_open(high) and low < OLD:
            raise DataError(f"the band of {low} and older has no upper end: give the people by single year of age")
        weight = inside.astype(float) if people is None else np.where(inside, people, 0.0)
        rows.append((weight if weight.sum() > 0 else inside) / (weight.sum() if weight.sum() > 0 else inside.sum()))
    return np.array(rows).reshape(-1, len(ages))


def single_years(ages: pd.DataFrame, *, guide: np.ndarray | None = None) -> np.ndarray:
    """People by single year of age, shape (100,), from a table with the columns age_low, age_high and population.

    Parameters
    ----------
    ages : DataFrame
        Bands that do not overlap; age_high is missing where there is no upper end.
    guide : array, shape (100,), optional
        People of a larger place, which say how the people of a band are spread over its ages.
    """
    ordered = ages.sort_values("age_low")
    low = ordered["age_low"].to_numpy(float)
    high = ordered["age_high"].astype("float64").to_numpy()
    if (np.isnan(high[:-1]) | (high[:-1] >= low[1:])).any():
        raise DataError(f"age bands overlap: {list(zip(low.tolist(), high.tolist(), strict=True))}")
    return ordered["population"].to_numpy(float) @ within(list(zip(low, high, strict=True)), people=guide)


def _top(high: float | None) -> float:
    return OLDEST if _is_open(high) else float(high)  # type: ignore[arg-type]


def _is_open(high: float | None) -> bool:
    return high is None or bool(np.isnan(high))
