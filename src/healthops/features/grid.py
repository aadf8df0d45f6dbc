"""Places by weeks as one array: the shape in which every feature over time is computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from healthops.data.schemas import LEVELS

#: Days between two columns of a grid.
WEEK = np.timedelta64(7, "D")


class FeatureError(ValueError):
    """A table cannot be turned into features; the message names the column, the place or the week, and the remedy."""


def digits(level: str) -> int:
    """Return how many digits a ubigeo code has at `level`: 2, 4 or 6."""
    if level not in LEVELS:
        raise FeatureError(f"no level is called {level!r}; known are {', '.join(LEVELS)}")
    return 2 * (LEVELS.index(level) + 1)


def require(frame: pd.DataFrame, columns: tuple[str, ...], name: str) -> None:
    """Raise a :class:`FeatureError` that lists the `columns` that table `name` lacks."""
    lacking = sorted(set(columns) - set(frame.columns))
    if lacking:
        raise FeatureError(f"table {name!r} lacks the columns {lacking}; it has {sorted(map(str, frame.columns))}")


@dataclass(frozen=True)
class Grid:
    """The axes that all features of one panel share.

    Attributes
    ----------
    places : tuple of str, length P
        Place codes in ascending order.
    weeks : array of datetime64[D], shape (T,)
        Saturdays, seven days apart.
    """

    places: tuple[str, ...]
    weeks: np.ndarray

    @classmethod
    def of(cls, frame: pd.DataFrame, *, name: str = "outbreak_panel") -> Grid:
        """Read the axes off a long table with columns ``ubigeo`` and ``week_end``."""
        require(frame, ("ubigeo", "week_end"), name)
        weeks = np.unique(frame["week_end"].to_numpy("datetime64[D]"))
        gaps = np.flatnonzero(np.diff(weeks) != WEEK)
        if len(gaps):
            before, after = weeks[gaps[0]], weeks[gaps[0] + 1]
            raise FeatureError(
                f"table {name!r}: weeks {before} and {after} are {(after - before).astype(int)} days apart, not 7: "
                f"complete the weekly grid first"
            )
        grid = cls(tuple(sorted(frame["ubigeo"].unique())), weeks)
        if len(frame) != grid.size:
            counts = frame["ubigeo"].value_counts()
            odd = counts[counts != len(weeks)].sort_index()
            place = odd.index[0] if len(odd) else frame["ubigeo"].iloc[0]
            raise FeatureError(
                f"table {name!r}: {place} has {counts[place]} rows for {len(weeks)} weeks: one row a place and week"
            )
        return grid

    @property
    def size(self) -> int:
        """Number of place-weeks."""
        return len(self.places) * len(self.weeks)

    def wide(self, frame: pd.DataFrame, column: str) -> np.ndarray:
        """Return `column` of a long table as an array, shape (P, T); NaN where the table has no row."""
        place = pd.Index(self.places).get_indexer(frame["ubigeo"])
        week = pd.Index(self.weeks).get_indexer(frame["week_end"].to_numpy("datetime64[D]"))
        inside = (place >= 0) & (week >= 0)
        out = np.full((len(self.places), len(self.weeks)), np.nan)
        out[place[inside], week[inside]] = frame[column].to_numpy(float, na_value=np.nan)[inside]
        return out

    def long(self, columns: Mapping[str, np.ndarray]) -> pd.DataFrame:
        """Return arrays of shape (P, T), (P, 1) or (1, T) as a long table, one row a place and week."""
        shape = (len(self.places), len(self.weeks))
        data = {
            "ubigeo": np.repeat(np.array(self.places, dtype=object), shape[1]),
            "week_end": np.tile(self.weeks.astype("datetime64[ns]"), shape[0]),
        }
        data.update({name: np.broadcast_to(values, shape).ravel() for name, values in columns.items()})
        frame = pd.DataFrame(data)
        texts = [c for c in frame if frame[c].dtype == object]
        return frame.astype(dict.fromkeys(texts, "str"))


def lagged(values: np.ndarray, weeks: int) -> np.ndarray:
    """Shift an array of shape (P, T) by `weeks` into the future; what was before the first week is NaN."""
    if weeks < 0:
        raise FeatureError(f"a lag of {weeks} weeks would look into the future")
    out = np.full(values.shape, np.nan)
    out[:, weeks:] = values[:, : max(values.shape[1] - weeks, 0)]
    return out


def trailing_sum(values: np.ndarray, weeks: int) -> np.ndarray:
    """Sum the present and the ``weeks - 1`` weeks before it, missing ones counted as nothing; shape (P, T)."""
    total = np.nancumsum(values, axis=1)
    out = total.copy()
    out[:, weeks:] -= total[:, :-weeks]
    return out


def trailing_mean(values: np.ndarray, weeks: int) -> np.ndarray:
    """Average the observed ones among the last `weeks` weeks; NaN where none was observed; shape (P, T)."""
    seen = trailing_sum(np.isfinite(values).astype(float), weeks)
    # The difference of running sums leaves dust of 1e-12; features are rounded far above it.
    return np.divide(trailing_sum(values, weeks), seen, out=np.full(values.shape, np.nan), where=seen > 0)
