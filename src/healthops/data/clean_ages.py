"""Ages: the census of 2017 by age for departments and provinces, assumed for districts, and the UN's national estimate.

The census sheet counts single years for departments, bands of five years for provinces and no ages for districts; a
district is given the ages of its province, and says so in `basis`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from healthops.data.clean_population import CENSUS_YEAR, first_sheet, people_count
from healthops.data.errors import RawFileError
from healthops.data.ledger import Ledger
from healthops.data.place_names import Gazetteer, fold
from healthops.data.raw_files import number, parsed, read_csv
from healthops.data.raw_layout import RAW_PATHS

if TYPE_CHECKING:
    import pandas as pd

_LEVELS = {2: "department", 4: "province", 6: "district"}
_PREFIXES = {"DEPARTAMENTO": 2, "PROV CONSTITUCIONAL DEL": 2, "PROVINCIA": 4, "DISTRITO": 6}
_TABLE = "population_age"
#: Age labels, folded: (pattern, whether it is one of the single years). They come as "De 5 a 9 años", "7 años".
_BANDS = (
    (re.compile(r"MENORES DE 1 ANO"), lambda m: (0, 0)),
    (re.compile(r"DE (\d+) A (\d+) ANOS"), lambda m: (int(m[1]), int(m[2]))),
    (re.compile(r"DE (\d+) Y MAS ANOS"), lambda m: (int(m[1]), None)),
    (re.compile(r"(\d+) Y MAS ANOS"), lambda m: (int(m[1]), None)),
    (re.compile(r"(\d+) ANOS?"), lambda m: (int(m[1]), int(m[1]))),
)

Band = tuple[int, int | None]


@dataclass
class _Place:
    """One block of the sheet: a place and the counts of its ages, in the order of the lines."""

    names: tuple[str, ...]
    total: float
    line: int
    ages: list[tuple[Band, float]] = field(default_factory=list)

    def single(self) -> list[tuple[Band, float]]:
        """Single years: where there are any, the bands are subtotals of them."""
        years = [(b, n) for b, n in self.ages if b[0] == b[1] and b[0] > 0]
        if not years:
            return []
        last = max(b[0] for b, _ in years)
        return [(b, n) for b, n in self.ages if b[0] == b[1] or (b[1] is None and b[0] > last)]

    def bands(self) -> list[tuple[Band, float]]:
        """Bands: under 1, 1 to 4, then five years each."""
        years = {b for b, _ in self.single()} - {(0, 0)}
        return [(b, n) for b, n in self.ages if b not in years]


def clean_population_age(raw: Path, finder: Gazetteer, districts: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Return table ``population_age``.

    Parameters
    ----------
    raw : path
        Folder of the raw files.
    finder : Gazetteer
        Finds the codes of the places.
    districts : DataFrame
        Columns ubigeo and population: the census's count of each district.

    Raises
    ------
    RawFileError
        If the ages of a place do not add up to its people, or those of the departments to the country's.
    """
    import pandas as pd

    path = raw / RAW_PATHS["census"]
    rows: list[tuple[str, int, int | None, float]] = []
    country: _Place | None = None
    for place in _blocks(path, ledger):
        if place.names == ("",):
            country = place
            continue
        match = finder.find(*place.names)
        if match.code is None:
            ledger.set_aside(path.name, _TABLE, len(place.ages), f"{match.reason} ({' / '.join(place.names)})")
            continue
        rows.extend(_rows_of(place, match.code, finder, path.name, ledger))
    if not rows:
        raise RawFileError(f"{path.name}: no place has ages; the sheet must have lines such as 'De 5 a 9 años'")
    census = pd.DataFrame(rows, columns=["ubigeo", "age_low", "age_high", "population"]).assign(basis="data")
    if country is not None:
        _check_country(census, country, path.name)
    whole = pd.concat([census, _ages_of_districts(census, districts, path.name, ledger)], ignore_index=True)
    whole["level"] = whole["ubigeo"].str.len().map(_LEVELS)
    whole["age_high"] = whole["age_high"].astype("Int64")
    return whole.assign(year=CENSUS_YEAR)


def _blocks(path: Path, ledger: Ledger) -> list[_Place]:
    """The places of the sheet with their ages; ("",) is the country. All other lines are set aside."""
    rows = first_sheet(path)
    ledger.enter(path.name, _TABLE, len(rows))
    blocks: list[_Place] = []
    parents: tuple[str, ...] = ()
    for line, (label, total) in enumerate(rows, start=1):
        text = fold(label)
        prefix = next((p for p in _PREFIXES if text.startswith(p + " ") and label.isupper()), None)
        band = _band(text)
        if band is not None and blocks:
            blocks[-1].ages.append((band, people_count(total, path.name, line)))
            continue
        reason = "blank line" if not text else "heading or footnote"
        if prefix is not None:
            name = text.removeprefix(prefix).strip()
            parents = (*parents[: _PREFIXES[prefix] // 2 - 1], name)
            # One line for two places: a province with the rank of a department.
            names = (name, name) if prefix.startswith("PROV CONST") else parents
            blocks.append(_Place(names, people_count(total, path.name, line), line))
            reason = "total of a place, in table population"
        elif text == "PERU" or text.startswith("REGION "):
            blocks.append(_Place(("",) if text == "PERU" else (text,), people_count(total, path.name, line), line))
            reason = "total of the country or of a region, not a place"
        ledger.set_aside(path.name, _TABLE, 1, reason)
    for block in blocks:
        if block.names == ("",) or block.names[0].startswith("REGION "):
            ledger.set_aside(path.name, _TABLE, len(block.ages), "ages of the country or of a region, not a place")
    return [block for block in blocks if not block.names[0].startswith("REGION ")]


def _band(text: str) -> Band | None:
    for pattern, band in _BANDS:
        match = pattern.fullmatch(text)
        if match:
            return band(match)
    return None


def _rows_of(
    place: _Place, code: str, finder: Gazetteer, file: str, ledger: Ledger
) -> list[tuple[str, int, int | None, float]]:
    """Rows of a place: single years where the sheet has them, else bands; both for a province that is a department."""
    single, bands = place.single(), place.bands()
    for ages in filter(None, (single, bands)):
        _check_place(ages, place, file)
    both = len(place.names) == 2 and place.names[0] == place.names[1] and bool(single)
    chosen = [(finder.find(place.names[0]).code if both else code, single or bands)]
    if both:
        chosen.append((code, bands))
        # The line of those under 1 stands for both.
        ledger.keep(file, _TABLE, len(place.ages))
    else:
        ledger.keep(file, _TABLE, len(chosen[0][1]))
        ledger.set_aside(file, _TABLE, len(place.ages) - len(chosen[0][1]), "subtotal of single years of age")
    return [(str(c), low, high, n) for c, ages in chosen for (low, high), n in ages]


def _check_place(ages: list[tuple[Band, float]], place: _Place, file: str) -> None:
    name = " / ".join(place.names) or "PERU"
    ordered = sorted(ages, key=lambda a: a[0][0])
    bounds = [band for band, _ in ordered]
    joined = all(high is not None and low == high + 1 for (_, high), (low, _) in zip(bounds, bounds[1:], strict=False))
    if bounds[0][0] != 0 or bounds[-1][1] is not None or not joined:
        raise RawFileError(f"{file}, line {place.line}: the ages of {name} leave a gap or overlap: {bounds}")
    if sum(n for _, n in ages) != place.total:
        raise RawFileError(
            f"{file}, column 'Total', line {place.line}: the ages of {name} add up to {sum(n for _, n in ages):.0f}, "
            f"its people are {place.total:.0f}"
        )


def _check_country(census: pd.DataFrame, country: _Place, file: str) -> None:
    if not country.ages:
        return
    _check_place(country.single() or country.bands(), country, file)
    of_departments = census[census["ubigeo"].str.len() == 2].groupby("age_low")["population"].sum()
    wrong = [(band, n) for band, n in country.single() if of_departments.get(band[0], -1) != n]
    if wrong:
        (low, _), count = wrong[0]
        raise RawFileError(
            f"{file}, column 'Total': at age {low} the country has {count:.0f} people, "
            f"its departments {of_departments.get(low, 0):.0f}"
        )


def _ages_of_districts(census: pd.DataFrame, districts: pd.DataFrame, file: str, ledger: Ledger) -> pd.DataFrame:
    """Give each district the age shares of its province (of its department, where the province has no ages)."""
    import pandas as pd

    wide = census[census["ubigeo"].str.len() < 6].copy()
    wide["share"] = wide["population"] / wide.groupby("ubigeo")["population"].transform("sum")
    known = set(wide["ubigeo"])
    table = districts.assign(from_place=[c[:4] if c[:4] in known else c[:2] for c in districts["ubigeo"]])
    lost = sorted(set(table["from_place"]) - known)
    if lost:
        raise RawFileError(f"{file}: no ages of {lost[0]}, the province or department of a district")
    joined = table.merge(wide.drop(columns=["population", "basis"]), left_on="from_place", right_on="ubigeo",
                         suffixes=("", "_wide"))  # fmt: skip
    joined["population"] = joined["population"] * joined["share"]
    ledger.flag(file, _TABLE, 1, f"no ages of the {len(districts)} districts: those of the province are assumed")
    columns = ["ubigeo", "age_low", "age_high", "population"]
    return pd.DataFrame(joined[columns]).assign(basis="assumed")


def clean_age_distribution(raw: Path, ledger: Ledger) -> pd.DataFrame:
    """Return table ``age_distribution``: inhabitants of the country by single year of age, the last one open.

    Raises
    ------
    RawFileError
        If an age is missing, occurs twice, or is none.
    """
    import pandas as pd

    path = raw / RAW_PATHS["age_distribution"]
    frame = read_csv(path, ["group_name", "value"])
    ledger.enter(path.name, "age_distribution", len(frame))

    def parse(text: str) -> tuple[int, int | None]:
        match = re.fullmatch(r"(\d{1,3})(\+?)", text.strip())
        if match is None:
            raise ValueError
        return int(match[1]), None if match[2] else int(match[1])

    bands = parsed(frame, "group_name", parse, file=path.name, wants="an age such as 7, or 84+ for the last")
    low = [band[0] for band in bands]
    if low != list(range(len(low))) or not low or [b[1] is None for b in bands] != [False] * (len(low) - 1) + [True]:
        raise RawFileError(
            f"{path.name}, column 'group_name': ages must run 0, 1, 2 ... and end with an open one such as 84+; "
            f"they are {frame['group_name'].iloc[:3].tolist()} ... {frame['group_name'].iloc[-3:].tolist()}"
        )
    people = number(frame, "value", file=path.name, low=0, high=1e9, missing=())
    ledger.keep(path.name, "age_distribution", len(frame))
    high = pd.array([band[1] for band in bands], dtype="Int64")
    return pd.DataFrame({"age_low": low, "age_high": high, "population": people})
