"""Population: the census of 2017 for every level, and counts and estimates of other years for provinces."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.errors import RawFileError
from healthops.data.ledger import Ledger
from healthops.data.place_names import Gazetteer, Match, fold
from healthops.data.raw_files import need, number, one_of, read_csv
from healthops.data.raw_layout import RAW_PATHS

if TYPE_CHECKING:
    import pandas as pd

CENSUS_YEAR = 2017
_LEVELS = {2: "department", 4: "province", 6: "district"}
#: How the census begins the line of a place: folded prefix -> number of digits of its code.
_PREFIXES = {"DEPARTAMENTO": 2, "PROV CONSTITUCIONAL DEL": 2, "PROVINCIA": 4, "DISTRITO": 6}
#: A district whose census count and density x area of 2020 differ by more than this factor is flagged.
_CROSS_CHECK = 1.5


def clean_population(raw: Path, places: pd.DataFrame, finder: Gazetteer, ledger: Ledger) -> pd.DataFrame:
    """Return table ``population``: the census of 2017 at all levels, other years for departments and provinces."""
    import pandas as pd

    census = read_census(raw / RAW_PATHS["census"], finder, ledger)
    _cross_check(census, places, RAW_PATHS["census"].name, ledger)
    others = read_province_population(raw / RAW_PATHS["province_population"], finder, ledger)
    both = pd.concat([census, others], ignore_index=True)
    both["level"] = both["ubigeo"].str.len().map(_LEVELS)
    return both


def latest(population: pd.DataFrame) -> pd.Series:
    """Return the newest figure of each place, indexed by ubigeo."""
    return population.sort_values(["ubigeo", "year"]).groupby("ubigeo")["population"].last()


def read_census(path: Path, finder: Gazetteer, ledger: Ledger) -> pd.DataFrame:
    """Read the first sheet of the census: a line for each place, each followed by lines for its ages.

    Raises
    ------
    RawFileError
        If a count is not a number, or the departments, provinces or districts do not add up to the country.
    """
    import pandas as pd

    rows = first_sheet(path)
    ledger.enter(path.name, "population", len(rows))
    found: list[tuple[str, float]] = []
    parents: tuple[str, ...] = ()
    country = None
    for line, (label, total) in enumerate(rows, start=1):
        text = fold(label)
        prefix = next((p for p in _PREFIXES if text.startswith(p + " ") and label.isupper()), None)
        if prefix is None:
            country = people_count(total, path.name, line) if text == "PERU" else country
            ledger.set_aside(path.name, "population", 1, _not_a_place(text))
            continue
        names = (*parents[: _PREFIXES[prefix] // 2 - 1], text.removeprefix(prefix).strip())
        match = finder.find(*names)
        if match.code is None:
            ledger.set_aside(path.name, "population", 1, f"{match.reason} ({' / '.join(names)})")
            continue
        parents = match.names
        found.append((match.code, people_count(total, path.name, line)))
        ledger.keep(path.name, "population", 1)
        ledger.repair(path.name, "population", int(match.repaired), match.reason)
        if prefix.startswith("PROV CONST"):
            # One line for two places: a province with the rank of a department.
            parents = (parents[0], parents[0])
            found.append((finder.find(*parents).code or "", found[-1][1]))
            ledger.flag(path.name, "population", 1, "one line for a department and its only province")
    census = pd.DataFrame(found, columns=["ubigeo", "population"]).assign(year=CENSUS_YEAR)
    _check_sums(census, country, path.name)
    return census


def first_sheet(path: Path) -> list[tuple[str, object]]:
    """Read the first two columns of the first sheet: labels as text, and counts as they stand."""
    import openpyxl

    try:
        book = openpyxl.load_workbook(need(path), read_only=True, data_only=True)
    except Exception as error:  # openpyxl lets zip, key and XML errors through
        raise RawFileError(f"{path.name} cannot be read as an Excel workbook: {error}; fetch it again") from None
    try:
        sheet = book.worksheets[0]
        rows = sheet.iter_rows(max_col=2, values_only=True)
        return [("" if label is None else str(label), total) for label, total in rows]
    finally:
        book.close()


def _not_a_place(text: str) -> str:
    if not text:
        return "blank line"
    if re.search(r"\bANOS?\b", text) and not text.startswith(("CUADRO", "DEPARTAMENTO")):
        return "age group of a place"
    if text == "PERU" or text.startswith("REGION "):
        return "total of the country or of a region, not a place"
    return "heading or footnote"


def people_count(value: object, file: str, line: int) -> float:
    """Read a number of people; the census writes "-" for none."""
    if value == "-":
        return 0.0
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0 or value != int(value):
        raise RawFileError(f"{file}, column 'Total', line {line}: {value!r} is not a number of people")
    return float(value)


def _check_sums(census: pd.DataFrame, country: float | None, file: str) -> None:
    twice = census["ubigeo"][census["ubigeo"].duplicated()]
    if len(twice):
        raise RawFileError(f"{file}: place {twice.iloc[0]} occurs twice")
    sums = census.groupby(census["ubigeo"].str.len())["population"].sum()
    totals = {_LEVELS[n]: int(value) for n, value in sums.items()}
    if country is not None:
        totals["country"] = int(country)
    if len(set(totals.values())) != 1 or len(sums) != len(_LEVELS):
        raise RawFileError(f"{file}, column 'Total': the levels do not add up to the same number of people: {totals}")


def _cross_check(census: pd.DataFrame, places: pd.DataFrame, file: str, ledger: Ledger) -> None:
    """Note the districts whose count is far from density x area of 2020, an independent figure."""
    estimate = (places["density_per_km2"] * places["area_km2"]).set_axis(places["ubigeo"])
    counted = census.loc[census["ubigeo"].str.len() == 6].set_index("ubigeo")["population"]
    ratio = counted.clip(lower=1) / estimate.reindex(counted.index)
    far = int((np.abs(np.log(ratio.dropna())) > np.log(_CROSS_CHECK)).sum())
    ledger.flag(file, "population", far, f"differs from density x area (2020) by more than a factor of {_CROSS_CHECK}")


def read_province_population(path: Path, finder: Gazetteer, ledger: Ledger) -> pd.DataFrame:
    """Read provincial populations: a row for a region, then its provinces; a column a date.

    The column of the census year is left out: it holds totals corrected for people whom the census missed, while
    the other census years and the census itself are counts.
    """
    import pandas as pd

    frame = read_csv(path, ["Name", "Status"])
    years = _years(frame, path.name)
    one_of(frame, "Status", ["Region", "Province", "Region-level Province"], file=path.name)
    counts = {c: number(frame, c, file=path.name, low=0, high=1e9, missing=()) for c in years}
    ledger.enter(path.name, "population", len(frame))
    department, codes = "", []
    for name, status in zip(frame["Name"], frame["Status"], strict=True):
        bare = name.split("(")[0]
        is_region = status == "Region" or "(Provincia Con" in name
        department = bare if is_region else department
        match = finder.find(department) if is_region else finder.find(department, bare)
        codes.append(match.code)
        _account(ledger, path.name, name, status, match)
    kept = [code is not None for code in codes]
    places = [code for code in codes if code is not None]
    parts = [
        pd.DataFrame({"ubigeo": places, "year": year, "population": counts[column].to_numpy()[kept]})
        for column, year in years.items()
        if year != CENSUS_YEAR
    ]
    if CENSUS_YEAR in years.values():
        reason = (
            f"the figure of {CENSUS_YEAR} is left out: it is corrected for omission; the census's own count is kept"
        )
        ledger.flag(path.name, "population", len(places), reason)
    return pd.concat(parts, ignore_index=True)


def _account(ledger: Ledger, file: str, name: str, status: str, match: Match) -> None:
    if match.code is None:
        ledger.set_aside(file, "population", 1, f"{match.reason} ({name})")
        return
    ledger.keep(file, "population", 1)
    ledger.repair(file, "population", int(match.repaired), f"{match.reason} ({name})")
    if status == "Region-level Province":
        ledger.flag(file, "population", 1, "a region-level row among the provinces, kept as the province that it is")
    elif len(match.code) == 2 and status == "Province":
        ledger.repair(file, "population", 1, "a province with the rank of a region, kept as the department that it is")


def _years(frame: pd.DataFrame, file: str) -> dict[str, int]:
    years = {}
    for column in frame.columns[2:]:
        try:
            years[column] = datetime.strptime(column, "%m/%d/%y").year
        except ValueError:
            raise RawFileError(f"{file}: column {column!r} is not a date like 10/22/17") from None
    if not years:
        raise RawFileError(f"{file} lacks columns of dates, such as 10/22/17")
    return years
