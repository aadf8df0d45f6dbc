"""Forecasts in the format of the FluSight hub: one CSV a reference date and model, one row a quantile.

The format is that of https://github.com/cdcepi/FluSight-forecast-hub (`model-output/README.md`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.errors import RawFileError
from healthops.data.raw_files import number, parsed, read_csv, whole
from healthops.data.schemas import QUANTILE_COLUMNS, QUANTILE_LEVELS
from healthops.files import atomic_file

if TYPE_CHECKING:
    import pandas as pd

MODEL = "healthops-fusion"
TARGET = "wk inc flu hosp"
#: Weeks from the reference date to the end of the forecast week.
HORIZONS = (0, 1, 2, 3)
COLUMNS = (
    "reference_date", "target", "horizon", "target_end_date", "location", "output_type", "output_type_id", "value",
)  # fmt: skip
_LEVEL_TEXTS = tuple(f"{level:g}" for level in QUANTILE_LEVELS)
_KEYS = ["reference_date", "location", "horizon"]
_NEUTRAL = {
    "horizon": "0", "value": "0", "output_type_id": "0.5", "reference_date": "2000-01-01",
    "target_end_date": "2000-01-01",
}  # fmt: skip
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


def hub_path(folder: Path, reference_date: np.datetime64 | str, model: str = MODEL) -> Path:
    """Path of one file in `folder`.

    >>> hub_path(Path("out"), "2025-01-04").name
    '2025-01-04-healthops-fusion.csv'
    """
    return folder / f"{np.datetime64(reference_date, 'D')}-{model}.csv"


def hub_values(quantiles: np.ndarray) -> np.ndarray:
    """Quantiles as a hub file holds them: rounded to one decimal."""
    return np.round(quantiles, 1)


def write_hub_file(
    folder: Path,
    reference_date: np.datetime64 | str,
    locations: Sequence[str],
    quantiles: np.ndarray,
    *,
    model: str = MODEL,
) -> Path:
    """Write the forecasts of one reference date, whole or not at all; rows by place, horizon and level.

    Parameters
    ----------
    folder : Path
        Gets the file ``YYYY-MM-DD-<model>.csv``.
    reference_date : date
        A Saturday.
    locations : sequence of str, length P
        FIPS codes and ``US``.
    quantiles : array, shape (P, 4, 23)
        Admissions in the week at the levels of the hub, for horizons 0 to 3; rounded to one decimal.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        Naming the first place and horizon whose quantiles are missing, negative or crossing.
    """
    date = np.datetime64(reference_date, "D")
    _check(quantiles, locations, date)
    values = hub_values(quantiles)
    target = hub_path(folder, date, model)
    with atomic_file(target) as draft, draft.open("w", encoding="utf-8", newline="\n") as file:
        file.write(",".join(COLUMNS) + "\n")
        for p in np.argsort(np.array(locations)):
            for h in HORIZONS:
                start = f"{date},{TARGET},{h},{date + np.timedelta64(7 * h, 'D')},{locations[p]},quantile"
                for level, value in zip(_LEVEL_TEXTS, values[p, h], strict=True):
                    file.write(f"{start},{level},{_text(value)}\n")
    return target


def _text(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _check(quantiles: np.ndarray, locations: Sequence[str], date: np.datetime64) -> None:
    shape = (len(locations), len(HORIZONS), len(QUANTILE_LEVELS))
    if quantiles.shape != shape:
        raise ValueError(f"quantiles of reference date {date} have shape {quantiles.shape}, not {shape}")
    if len(set(locations)) != len(locations):
        raise ValueError(f"locations of reference date {date} hold one place twice")
    bad = {
        "missing or infinite": ~np.isfinite(quantiles).all(axis=2),
        "negative": (quantiles < 0).any(axis=2),
        "crossing": (np.diff(quantiles, axis=2) < 0).any(axis=2),
    }
    for fault, where in bad.items():
        if where.any():
            p, h = np.argwhere(where)[0]
            raise ValueError(f"reference date {date}, location {locations[p]}, horizon {h}: quantiles are {fault}")


def read_hub_file(path: Path) -> pd.DataFrame:
    """Read the weekly admissions of a hub file: horizons 0 to 3, quantiles; other targets and horizons are left out.

    Returns
    -------
    DataFrame
        One row a place and horizon, in that order: reference_date, location, horizon, target_end_date, and the 23
        quantile columns of :data:`healthops.data.schemas.QUANTILE_COLUMNS`.

    Raises
    ------
    RawFileError
        Naming file, column and line or the place and horizon: a date that is none or does not fit the horizon, a level
        that is unknown, lacking or there twice, a value that is negative or falls with the level.
    """
    file = path.name
    rows = read_csv(path, COLUMNS)
    ours = (rows["target"] == TARGET) & (rows["output_type"] == "quantile")
    if not ours.any():
        raise RawFileError(f"{file} has no quantile of target {TARGET!r}; is it a file of a FluSight model?")
    # What other targets hold is not ours to judge; the rows stay until all is parsed, so that lines keep their numbers.
    rows.loc[~ours, list(_NEUTRAL)] = list(_NEUTRAL.values())
    rows = rows.assign(
        horizon=whole(rows, "horizon", file=file, low=-1, high=20),
        value=number(rows, "value", file=file, low=0, high=1e9, missing=()),
        column=parsed(rows, "output_type_id", _quantile_column, file=file, wants="one of the 23 levels of the hub"),
        reference_date=_dates(rows, "reference_date", file),
        target_end_date=_dates(rows, "target_end_date", file),
    )[ours]
    rows = rows[rows["horizon"].isin(HORIZONS)]
    _check_dates(rows, file)
    twice = rows.duplicated([*_KEYS, "column"])
    if twice.any():
        line = int(rows.index[twice][0]) + 2
        raise RawFileError(f"{file}, line {line}: location, horizon and level stand twice; keep one row")
    wide = rows.pivot(index=[*_KEYS, "target_end_date"], columns="column", values="value")
    wide = wide.reindex(columns=list(QUANTILE_COLUMNS)).sort_index().rename_axis(columns=None).reset_index()
    _check_quantiles(wide, file)
    return wide.astype({"horizon": "int64"})


def _quantile_column(text: str) -> str:
    near = np.flatnonzero(np.isclose(QUANTILE_LEVELS, float(text), atol=1e-9))
    if not len(near):
        raise ValueError
    return QUANTILE_COLUMNS[near[0]]


def _dates(rows: pd.DataFrame, column: str, file: str) -> pd.Series:
    import pandas as pd

    def parse(text: str) -> pd.Timestamp:
        if not _DATE.match(text):
            raise ValueError
        return pd.Timestamp(text)

    return parsed(rows, column, parse, file=file, wants="a date written YYYY-MM-DD").astype("datetime64[ns]")


def _check_dates(rows: pd.DataFrame, file: str) -> None:
    import pandas as pd

    wrong = rows["target_end_date"] != rows["reference_date"] + pd.to_timedelta(7 * rows["horizon"], unit="D")
    if wrong.any():
        row = rows[wrong].iloc[0]
        raise RawFileError(
            f"{file}, line {int(row.name) + 2}: target_end_date {row['target_end_date']:%Y-%m-%d} is not "
            f"{row['horizon']} weeks after reference date {row['reference_date']:%Y-%m-%d}; correct one of them"
        )
    named = file[:10]
    if _DATE.match(named) and (rows["reference_date"] != pd.Timestamp(named)).any():
        raise RawFileError(f"{file} holds another reference_date than its name says; rename it or correct the column")


def _check_quantiles(wide: pd.DataFrame, file: str) -> None:
    q = wide[list(QUANTILE_COLUMNS)].to_numpy(float)
    lacks, falls = np.isnan(q), np.diff(q, axis=1) < 0
    for cells, fault in ((lacks, "has no quantile at level {:g}"), (falls, "falls after level {:g}")):
        if cells.any():
            i, k = np.argwhere(cells)[0]
            row = wide.iloc[i]
            raise RawFileError(
                f"{file}: location {row['location']}, horizon {row['horizon']} "
                + fault.format(QUANTILE_LEVELS[k])
                + "; a forecast needs 23 quantiles that do not fall"
            )


def cube_of(forecasts: pd.DataFrame, locations: Sequence[str]) -> np.ndarray:
    """Quantiles of one reference date as an array, shape (P, 4, 23); NaN where a place or horizon is lacking."""
    if forecasts["reference_date"].nunique() > 1:
        raise ValueError("forecasts hold several reference dates; choose one first")
    cube = np.full((len(locations), len(HORIZONS), len(QUANTILE_LEVELS)), np.nan)
    at = {code: i for i, code in enumerate(locations)}
    kept = forecasts[forecasts["location"].isin(at)]
    p = kept["location"].map(at).to_numpy(int)
    cube[p, kept["horizon"].to_numpy(int)] = kept[list(QUANTILE_COLUMNS)].to_numpy(float)
    return cube


def wide_frame(reference_date: np.datetime64 | str, locations: Sequence[str], quantiles: np.ndarray) -> pd.DataFrame:
    """Forecasts of one reference date as the table that :func:`read_hub_file` gives, from shape (P, 4, 23)."""
    import pandas as pd

    p, h = (a.reshape(-1) for a in np.indices(quantiles.shape[:2]))
    date = pd.Timestamp(np.datetime64(reference_date, "D"))
    keys = pd.DataFrame({"reference_date": date, "location": np.array(locations)[p], "horizon": h})
    keys["target_end_date"] = date + pd.to_timedelta(7 * keys["horizon"], unit="D")
    keys = keys.astype({"reference_date": "datetime64[ns]", "target_end_date": "datetime64[ns]", "horizon": "int64"})
    values = pd.DataFrame(quantiles.reshape(len(keys), -1), columns=list(QUANTILE_COLUMNS))
    table = pd.concat([keys, values], axis=1)
    return table.sort_values(["location", "horizon"], ignore_index=True)
