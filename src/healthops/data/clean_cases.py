"""Cases: from a line list to a complete weekly grid of districts, with zeros written out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.epiweek import epi_week, week_end, weeks_in_year
from healthops.data.errors import RawFileError
from healthops.data.ledger import Ledger
from healthops.data.place_names import Gazetteer
from healthops.data.raw_files import one_of, read_csv, whole
from healthops.data.raw_layout import RAW_PATHS

if TYPE_CHECKING:
    import pandas as pd

#: Columns of the line list; "Departamnento" is spelt so in the source.
PLACE = ["Departamnento", "Provincia", "Distrito"]
YEAR, WEEK, SEX, KIND, COUNT = "Ano", "Semana", "Sexo", "Tipo de diagnóstico", "DIS"
#: Columns that say the same in every row of the public file: the week of the extract, and the disease.
CONSTANTS = ["Semana actualización", "Eventos o daños"]
_YEARS = (1990, 2100)


def clean_cases(raw: Path, finder: Gazetteer, ledger: Ledger, *, truncated_weeks: int) -> pd.DataFrame:
    """Return table ``weekly_cases``: every district that ever reported, every week from the first to the last.

    Parameters
    ----------
    raw : path
        Folder of the raw files.
    finder : Gazetteer
        Finds the codes of places.
    ledger : Ledger
        Where the fate of every row is recorded.
    truncated_weeks : int
        How many of the newest weeks are called ``truncated``. Diagnoses of the newest weeks are still on their way:
        in the extract of week 19 of 2023 the share of probable cases is level at 49-51 % from week 13 to 17 and jumps
        to 66 and 74 % in the last two; one week more is taken for reports that are late altogether.
    """
    cases = read_line_list(raw / RAW_PATHS["line_list"], finder, ledger)
    grid = weekly_grid(cases)
    name = RAW_PATHS["line_list"].name
    _mark_silence(grid, raw, ledger)
    newest = np.sort(grid["week_end"].unique())[-truncated_weeks:] if truncated_weeks else []
    late = grid["week_end"].isin(newest)
    grid.loc[late & (grid["status"] == "complete"), "status"] = "truncated"
    rows = int(cases.loc[cases["week_end"].isin(newest), "rows"].sum())
    ledger.flag(name, "weekly_cases", rows, f"in the newest {truncated_weeks} weeks, still being reported")
    ledger.keep(f"{name} (cases)", "weekly_cases", int(grid["cases"].sum()))
    return grid


def read_line_list(path: Path, finder: Gazetteer, ledger: Ledger) -> pd.DataFrame:
    """Read the line list and count its rows and cases by district, week, sex and kind of diagnosis.

    Returns
    -------
    DataFrame with columns ubigeo, week_end, sex, kind, rows, cases

    Raises
    ------
    RawFileError
        Naming file, column and line of a year, week, sex, diagnosis or count that cannot be.
    """
    import pandas as pd

    name = path.name
    frame = read_csv(path, [*PLACE, YEAR, WEEK, SEX, KIND, COUNT])
    ledger.enter(name, "weekly_cases", len(frame))
    weeks = _week_ends(frame, YEAR, WEEK, name)
    clean = pd.DataFrame(
        {
            "week_end": weeks,
            "sex": one_of(frame, SEX, ["Femenino", "Masculino", ""], file=name),
            "kind": one_of(frame, KIND, ["Confirmados", "Probables"], file=name),
            "cases": whole(frame, COUNT, file=name, low=0),
        }
    )
    ledger.enter(f"{name} (cases)", "weekly_cases", int(clean["cases"].sum()))
    clean["ubigeo"] = _codes(frame, finder, clean["cases"], name, ledger)
    kept = clean[clean["ubigeo"].notna()]
    if kept.empty:
        raise RawFileError(f"{name}, columns {PLACE}: no row names a place of the ubigeo tables; check the three files")
    ledger.keep(name, "weekly_cases", len(kept))
    for column in (c for c in [*CONSTANTS, COUNT] if c in frame and frame[c].nunique() == 1):
        ledger.flag(name, "weekly_cases", len(kept), f"column {column!r} is constant ({frame[column].iloc[0]})")
    groups = kept.groupby(["ubigeo", "week_end", "sex", "kind"], sort=True, observed=True)["cases"]
    return groups.agg(rows="size", cases="sum").reset_index()


def _week_ends(frame: pd.DataFrame, year: str, week: str, file: str) -> np.ndarray:
    years = whole(frame, year, file=file, low=_YEARS[0], high=_YEARS[1]).to_numpy()
    weeks = whole(frame, week, file=file, low=1, high=53).to_numpy()
    beyond = weeks > weeks_in_year(years)
    if beyond.any():
        at = int(beyond.argmax())
        raise RawFileError(
            f"{file}, column {week!r}, line {at + 2}: epidemiological year {years[at]} has no week {weeks[at]}"
        )
    return week_end(years, weeks).astype("datetime64[ns]")


def _codes(frame: pd.DataFrame, finder: Gazetteer, cases: pd.Series, file: str, ledger: Ledger) -> pd.Series:
    """Find the district code of each row, None where there is none; record what was repaired and set aside."""
    import pandas as pd

    groups = frame.groupby(PLACE, sort=True)
    numbers = groups.ngroup().to_numpy()
    names = list(groups.size().index)
    matches = [finder.find(*triple) for triple in names]
    rows = np.bincount(numbers, minlength=len(names))
    counts = np.bincount(numbers, weights=cases, minlength=len(names)).astype(int)
    for match, n, c in zip(matches, rows, counts, strict=True):
        if match.code is None:
            ledger.set_aside(file, "weekly_cases", n, match.reason)
            ledger.set_aside(f"{file} (cases)", "weekly_cases", c, match.reason)
        elif match.repaired:
            ledger.repair(file, "weekly_cases", n, match.reason)
    return pd.Series([match.code for match in matches], dtype="object").take(numbers).set_axis(frame.index)


def weekly_grid(cases: pd.DataFrame) -> pd.DataFrame:
    """Lay counted cases on the complete grid of their districts and of all weeks between their first and last."""
    import pandas as pd

    first, last = cases["week_end"].min(), cases["week_end"].max()
    weeks = pd.date_range(first, last, freq="7D").as_unit("ns")
    index = pd.MultiIndex.from_product([sorted(cases["ubigeo"].unique()), weeks], names=["ubigeo", "week_end"])

    def count(rows: pd.Series) -> pd.Series:
        sums = cases[rows].groupby(["ubigeo", "week_end"])["cases"].sum()
        return sums.reindex(index, fill_value=0).astype("Int64")

    counts = {
        "confirmed": count(cases["kind"] == "Confirmados"),
        "probable": count(cases["kind"] == "Probables"),
        "female": count(cases["sex"] == "Femenino"),
    }
    grid = pd.DataFrame(counts).reset_index()
    grid["cases"] = grid["confirmed"] + grid["probable"]
    grid["epi_year"], grid["epi_week"] = epi_week(grid["week_end"].to_numpy())
    grid["status"] = "complete"
    return grid


def _mark_silence(grid: pd.DataFrame, raw: Path, ledger: Ledger) -> None:
    """Turn zeros into missing counts where a file says that a place sent no report in a week."""
    import pandas as pd

    path = raw / RAW_PATHS["silent_weeks"]
    if not path.is_file():
        return
    frame = read_csv(path, ["ubigeo", "epi_year", "epi_week"])
    ledger.enter(path.name, "weekly_cases", len(frame))
    ends = _week_ends(frame, "epi_year", "epi_week", path.name)
    silent = np.zeros(len(grid), dtype=bool)
    at_week = {week: rows.to_numpy() for week, rows in grid.groupby("week_end").groups.items()}
    codes = grid["ubigeo"].to_numpy(dtype=str)
    for code, week in zip(frame["ubigeo"], pd.DatetimeIndex(ends), strict=True):
        rows = at_week.get(week, np.array([], dtype=int))
        inside = rows[np.char.startswith(codes[rows], code)] if len(rows) else rows
        if not len(inside):
            ledger.set_aside(path.name, "weekly_cases", 1, "outside the grid: another week, or a place never heard of")
            continue
        ledger.keep(path.name, "weekly_cases", 1)
        silent[inside] = True
        if (grid["cases"].to_numpy()[inside] > 0).any():
            ledger.flag(path.name, "weekly_cases", 1, "some district has cases all the same; its count is kept")
    silent &= (grid["cases"] == 0).to_numpy()
    grid.loc[silent, ["cases", "confirmed", "probable", "female"]] = pd.NA
    grid.loc[silent, "status"] = "missing"


def clean_triangle(raw: Path, known: pd.Series, ledger: Ledger) -> pd.DataFrame:
    """Return table ``reporting_triangle``: empty where no source tells when cases were first reported."""
    import pandas as pd

    columns = ["ubigeo", "week_end", "delay_weeks", "cases"]
    path = raw / RAW_PATHS["reporting_triangle"]
    if not path.is_file():
        types = {"ubigeo": "str", "week_end": "datetime64[ns]", "delay_weeks": "int64", "cases": "int64"}
        return pd.DataFrame({c: pd.Series(dtype=types[c]) for c in columns})
    frame = read_csv(path, ["ubigeo", "epi_year", "epi_week", "delay_weeks", "cases"])
    ledger.enter(path.name, "reporting_triangle", len(frame))
    out = pd.DataFrame(
        {
            "ubigeo": frame["ubigeo"],
            "week_end": _week_ends(frame, "epi_year", "epi_week", path.name),
            "delay_weeks": whole(frame, "delay_weeks", file=path.name, low=0, high=60),
            "cases": whole(frame, "cases", file=path.name, low=0),
        }
    )
    unknown = ~out["ubigeo"].isin(known)
    ledger.set_aside(path.name, "reporting_triangle", int(unknown.sum()), "code is not in the ubigeo tables")
    ledger.keep(path.name, "reporting_triangle", int((~unknown).sum()))
    return out[~unknown]
