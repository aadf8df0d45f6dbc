"""Allocation scores of a season: what each way to share leaves unmet beyond what an oracle must leave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from healthops.allocate.need import need_from_quantiles
from healthops.allocate.season import WEEK, Season
from healthops.evaluate.allocation import allocation_score, quantile_allocation

if TYPE_CHECKING:
    import pandas as pd


def regret_curve(season: Season, weeks: np.ndarray, *, horizon: int, shares: Sequence[float]) -> pd.DataFrame:
    """Mean allocation score over the weeks, in % of the need that came, by budget and rule; no stock, no boxes.

    Parameters
    ----------
    season : Season
        Forecasts and cases.
    weeks : array of datetime64[D], shape (T,)
        Weeks that are scored.
    horizon : int
        Weeks from the decision to the week.
    shares : sequence of float
        Budgets, as shares of the national need that the forecast expects.

    Returns
    -------
    data frame
        One row a share; columns ``forecast`` (the whole distribution), ``point_forecast`` (in proportion to its
        median), ``last_week`` and ``population``.
    """
    import pandas as pd

    decided = weeks - horizon * WEEK
    quantiles = np.array([season.forecast(d, w, 1)[:, 0] for d, w in zip(decided, weeks, strict=True)])
    expected = np.array([need_from_quantiles(q).mean.sum() for q in quantiles])
    came = np.array([season.came(w) for w in weeks])
    weights = {
        "point_forecast": quantiles[:, :, quantiles.shape[2] // 2],
        "last_week": np.array([season.last_seen(d) for d in decided]),
        "population": np.broadcast_to(season.population, came.shape),
    }
    fractions = {name: _fractions(w, season.population) for name, w in weights.items()}
    rows = []
    for share in shares:
        budget = share * expected
        sent = {"forecast": quantile_allocation(quantiles, budget)}
        sent |= {name: budget[:, None] * fraction for name, fraction in fractions.items()}
        score = {name: allocation_score(a, came, budget).sum() for name, a in sent.items()}
        rows.append({name: 100 * value / max(came.sum(), 1.0) for name, value in score.items()})
    return pd.DataFrame(rows, index=pd.Index(shares, name="budget_share"))


def _fractions(weights: np.ndarray, population: np.ndarray) -> np.ndarray:
    total = weights.sum(axis=1, keepdims=True)
    usual = population / population.sum()
    return np.where(total > 0, weights / np.where(total > 0, total, 1.0), usual)
