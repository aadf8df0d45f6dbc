"""Forecasts of several models side by side: an array for computing, tables for keeping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.schemas import QUANTILE_COLUMNS, QUANTILE_LEVELS
from healthops.forecast.base import Panel

if TYPE_CHECKING:
    import pandas as pd

TARGET = "wk inc dengue case"


@dataclass(frozen=True)
class Cube:
    """Forecasts on a full grid of origins, places and horizons.

    Attributes
    ----------
    origins : array of datetime64[D], shape (O,)
        Last weeks seen, in order of time.
    places : tuple of str, length P
    horizons : tuple of int, length H
    quantiles : mapping of model to array, shape (O, P, H, 23)
    observed : array, shape (O, P, H)
        What came; NaN where it is not known.
    """

    origins: np.ndarray
    places: tuple[str, ...]
    horizons: tuple[int, ...]
    quantiles: Mapping[str, np.ndarray]
    observed: np.ndarray

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models."""
        return tuple(self.quantiles)

    def with_model(self, name: str, quantiles: np.ndarray) -> Cube:
        """Return a cube that holds one more model."""
        if quantiles.shape[:-1] != self.observed.shape:
            raise ValueError(f"model {name!r} has shape {quantiles.shape}, not {(*self.observed.shape, 23)}")
        return replace(self, quantiles={**self.quantiles, name: quantiles})

    def select(self, keep: np.ndarray) -> Cube:
        """Return the origins where `keep`, shape (O,), is true."""
        return replace(
            self,
            origins=self.origins[keep],
            quantiles={name: q[keep] for name, q in self.quantiles.items()},
            observed=self.observed[keep],
        )

    def frame(self, models: Sequence[str] | None = None) -> pd.DataFrame:
        """Return table ``backtest_forecasts`` of `models` (all by default)."""
        import pandas as pd

        parts = []
        for name in models or self.models:
            part = self._keys()
            part.insert(0, "model", name)
            flat = self.quantiles[name].reshape(-1, len(QUANTILE_COLUMNS))
            quantiles = pd.DataFrame(flat, columns=list(QUANTILE_COLUMNS))
            parts.append(pd.concat([part, quantiles], axis=1).assign(observed=self.observed.reshape(-1)))
        return pd.concat(parts, ignore_index=True)

    def hub(self, model: str) -> pd.DataFrame:
        """Return table ``forecasts``: one model in the columns of the forecast hubs."""
        keys, levels = self._keys(), len(QUANTILE_LEVELS)
        long = keys.loc[keys.index.repeat(levels)].reset_index(drop=True)
        return long.assign(
            target=TARGET,
            output_type="quantile",
            output_type_id=np.tile(QUANTILE_LEVELS, len(keys)),
            value=self.quantiles[model].reshape(-1),
        )

    def _keys(self) -> pd.DataFrame:
        import pandas as pd

        o, p, h = (a.reshape(-1) for a in np.indices(self.observed.shape))
        reference = self.origins.astype("datetime64[ns]")[o]
        ahead = np.array(self.horizons)[h]
        return pd.DataFrame(
            {
                "reference_date": reference,
                "horizon": ahead,
                "target_end_date": reference + (7 * ahead).astype("timedelta64[D]"),
                "location": np.array(self.places)[p],
            }
        )


def truth(panel: Panel, origins: np.ndarray, horizons: Sequence[int]) -> np.ndarray:
    """Cases that came at each horizon after each origin, NaN beyond the panel; shape (O, P, H)."""
    at = np.searchsorted(panel.weeks, origins)[:, None] + np.array(horizons)
    inside = at < len(panel.weeks)
    found = panel.cases[:, np.where(inside, at, 0)]
    return np.where(inside, found, np.nan).transpose(1, 0, 2)
