"""What else was known in a week of the campaign: disease in the place, and supply in the country."""

from __future__ import annotations

import numpy as np
import pandas as pd

from healthops.features.grid import FeatureError, Grid, require, trailing_sum

#: Weeks that incidence is added up over, behind and ahead.
WEEKS = 4
#: A forecast that is older than this is not used, weeks: it must still reach WEEKS ahead.
MAX_AGE = 4


def incidence_features(
    codes: tuple[str, ...],
    weeks: np.ndarray,
    cases: pd.DataFrame,
    places: pd.DataFrame,
    forecasts: pd.DataFrame,
    *,
    model: str = "fusion",
) -> dict[str, np.ndarray]:
    """Describe each district-week by the cases of the last weeks and by the forecast of the next ones.

    The forecast is that of the larger place that holds the district, of the newest origin at or before the week: the
    sum of its medians for the four weeks after it. Where there is no origin of the last four weeks, the cases of the
    last four weeks stand for the next, and ``incidence_is_forecast`` is 0.

    Parameters
    ----------
    codes : tuple of str, length D
        Districts.
    weeks : array of datetime64[D], shape (T,)
    cases, places, forecasts : DataFrame
        Tables ``weekly_cases``, ``places`` and ``backtest_forecasts``.
    model : str
        Forecaster whose forecasts are used.

    Returns
    -------
    dict of str to array, shape (D, T)
        ``cases_per_100k_4_weeks``, ``incidence_ahead_per_100k``, ``incidence_is_forecast``. A district that never
        reported a case has 0; weeks before the first report of the country are NaN.
    """
    require(forecasts, ("model", "reference_date", "horizon", "location", "q0.500"), "backtest_forecasts")
    if len(forecasts) and not (forecasts["model"] == model).any():
        raise FeatureError(
            f"table 'backtest_forecasts' has no model {model!r}; it has {sorted(forecasts['model'].unique())}"
        )
    people = places.set_index("ubigeo")["population"].reindex(list(codes)).to_numpy(float)
    behind = _last_weeks(codes, weeks, cases) / people[:, None] * 1e5
    ahead = _forecast(codes, weeks, places, forecasts[forecasts["model"] == model])
    told = np.isfinite(ahead)
    return {
        "cases_per_100k_4_weeks": behind,
        "incidence_ahead_per_100k": np.where(told, ahead, behind),
        "incidence_is_forecast": told.astype(float),
    }


def supply_features(
    weeks: np.ndarray, lots: pd.DataFrame, uptake: pd.DataFrame, people: float
) -> dict[str, np.ndarray]:
    """Describe each week by the vaccine that came to the country and what is left of it.

    Parameters
    ----------
    weeks : array of datetime64[D], shape (T,)
    lots, uptake : DataFrame
        Tables ``vaccine_lots`` and ``vaccine_uptake``.
    people : float
        People of all groups.

    Returns
    -------
    dict of str to array, shape (1, T)
        ``arrived_per_100_4_weeks`` and ``stock_per_100``, doses per 100 people. Stock is what came less what was given;
        it may be negative where days of arrival are assumed.
    """
    came = lots.groupby("arrival_week")["doses"].sum()
    came = came.reindex(pd.DatetimeIndex(weeks), fill_value=0).to_numpy(float)
    early = lots.loc[lots["arrival_week"] < pd.Timestamp(weeks[0]), "doses"].sum()
    given = uptake.groupby("week_end")[["first_doses", "second_doses"]].sum().sum(axis=1)
    given = given.reindex(pd.DatetimeIndex(weeks), fill_value=0.0).to_numpy(float)
    scale = 100 / people
    return {
        "arrived_per_100_4_weeks": trailing_sum(came[None, :], WEEKS) * scale,
        "stock_per_100": (early + np.cumsum(came - given))[None, :] * scale,
    }


def _last_weeks(codes: tuple[str, ...], weeks: np.ndarray, cases: pd.DataFrame) -> np.ndarray:
    grid = Grid.of(cases, name="weekly_cases")
    counted = trailing_sum(grid.wide(cases, "cases"), WEEKS)
    row, column = pd.Index(grid.places).get_indexer(list(codes)), pd.Index(grid.weeks).get_indexer(weeks)
    out = np.where(row[:, None] >= 0, counted[np.ix_(row, column)], 0.0)
    return np.where(column[None, :] >= 0, out, np.nan)


def _forecast(codes: tuple[str, ...], weeks: np.ndarray, places: pd.DataFrame, forecasts: pd.DataFrame) -> np.ndarray:
    """Median cases per 100,000 over the next weeks as the newest origin had them, shape (D, T)."""
    out = np.full((len(codes), len(weeks)), np.nan)
    if forecasts.empty:
        return out
    origins = np.unique(forecasts["reference_date"].to_numpy("datetime64[D]"))
    wide = forecasts.pivot_table(index="location", columns=["reference_date", "horizon"], values="q0.500")
    people = places.set_index("ubigeo")["population"].reindex(wide.index).to_numpy(float)
    rows = np.full(len(codes), -1)
    for length in (2, 4, 6):
        found = pd.Index(wide.index).get_indexer([code[:length] for code in codes])
        rows = np.where(found >= 0, found, rows)
    for t, week in enumerate(weeks):
        last = np.searchsorted(origins, week, side="right") - 1
        age = int((week - origins[last]).astype(int) // 7) if last >= 0 else MAX_AGE + 1
        columns = [(pd.Timestamp(origins[last]), age + h) for h in range(1, WEEKS + 1)]
        if age > MAX_AGE or not all(column in wide.columns for column in columns):
            continue
        rate = wide[columns].to_numpy(float).sum(axis=1) / people * 1e5
        out[:, t] = np.where(rows >= 0, rate[rows], np.nan)
    return out
