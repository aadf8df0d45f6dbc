"""Health records added up by place and week: what the clinics saw in the days before."""

from __future__ import annotations

import numpy as np
import pandas as pd

from healthops.features.grid import Grid, require
from healthops.features.lexicon import KEYWORDS

#: Days of the window that the features call a month, and of the 28-day ones.
MONTH_DAYS, FOUR_WEEKS_DAYS = 30, 28

#: Signs between two treatments of one record.
BETWEEN_TREATMENTS = r"\s*(?:[;,+/]|\s[ye]\s)\s*"


def record_features(grid: Grid, records: pd.DataFrame) -> dict[str, np.ndarray]:
    """Count, for each place-week, the records of the days up to the week's Saturday.

    Parameters
    ----------
    grid : Grid
        Places and weeks; a record belongs to the place that its ubigeo begins with.
    records : DataFrame
        Table ``health_records``.

    Returns
    -------
    dict of str to array, shape (P, T)
        In the order of the catalogue. Shares are missing where there was no record.
    """
    from healthops.features.text import symptom_flags

    require(records, ("ubigeo", "date", "symptoms", "treatment"), "health_records")
    warned = symptom_flags(records["symptoms"])[:, KEYWORDS.index("warning_sign")]
    given = treatments_given(records["treatment"])
    seen = _window(grid, records, np.ones(len(records)), FOUR_WEEKS_DAYS)
    alarmed = _window(grid, records, warned, FOUR_WEEKS_DAYS)
    return {
        "fever_records_last_28_days": seen,
        "warning_sign_share_last_28_days": np.divide(alarmed, seen, out=np.full(seen.shape, np.nan), where=seen > 0),
        "sum_treatments_last_month": _window(grid, records, given, MONTH_DAYS),
    }


def treatments_given(treatment: pd.Series) -> np.ndarray:
    """Return how many treatments each record names, shape (n,).

    >>> treatments_given(pd.Series(["paracetamol; suero oral", None, "reposo"]))
    array([2., 0., 1.])
    """
    parts = treatment.str.strip().str.split(BETWEEN_TREATMENTS, regex=True)
    return parts.map(lambda some: len([p for p in some if p]) if isinstance(some, list) else 0).to_numpy(float)


def _window(grid: Grid, records: pd.DataFrame, values: np.ndarray, days: int) -> np.ndarray:
    """Sum `values` over the `days` days that end with each week, shape (P, T)."""
    width = len(grid.places[0])
    place = pd.Index(grid.places).get_indexer(records["ubigeo"].str[:width])
    first = grid.weeks[0] - np.timedelta64(days - 1, "D")
    day = (records["date"].to_numpy("datetime64[D]") - first).astype(int)
    length = int((grid.weeks[-1] - first).astype(int)) + 1
    inside = (place >= 0) & (day >= 0) & (day < length)
    daily = np.zeros((len(grid.places), length + 1))
    np.add.at(daily, (place[inside], day[inside] + 1), values[inside])
    total = daily.cumsum(axis=1)
    ends = (grid.weeks - first).astype(int) + 1
    return total[:, ends] - total[:, ends - days]
