"""Public files of the FluSight hub (US influenza admissions as known at the time) and of ILINet.

The Centers for Disease Control and Prevention publish a season's admissions again every week, corrected. A *vintage* is
the file that a team could see when it had to submit for one reference date (a Saturday); the index of vintages names
the commit of `cdcepi/FluSight-forecast-hub` that holds it. A vintage ends at most one week before its reference date.

What is known to be odd, and is kept as it is: until November 2024 hospitals need not report from May on, so that the
admissions of May to 2 November 2024 are far too low; some weeks of some states are ``NA`` there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.errors import RawFileError
from healthops.data.raw_files import need, number, parsed, read_csv

if TYPE_CHECKING:
    import pandas as pd

#: Repository of the hub, its file of admissions and its list of places.
HUB = "cdcepi/FluSight-forecast-hub"
ADMISSIONS_PATH = "target-data/target-hospital-admissions.csv"
LOCATIONS_PATH = "auxiliary-data/locations.csv"
#: Commit whose list of places is used where it is there.
LOCATIONS_COMMIT = "92469693f911"
#: Repository, commit and folders of the ILINet files.
ILINET_REPOSITORY, ILINET_COMMIT = "reichlab/flusion", "ab82656e4724"
ILINET_PATHS = {
    "national": "data-raw/influenza-ilinet/ilinet.csv",
    "hhs": "data-raw/influenza-ilinet/ilinet_hhs.csv",
    "state": "data-raw/influenza-ilinet/ilinet_state.csv",
}
FIPS_PATH = "data-raw/fips-mappings/fips_mappings.csv"

#: Territories that have a code but are not forecast by the hub; their rows are set aside with a note.
TERRITORIES = frozenset({"60", "66", "69", "74", "78"})

_WEEK = np.timedelta64(7, "D")
_SATURDAY = np.datetime64("2000-01-01", "D")
_COMMIT = re.compile(r"[0-9a-f]{40}\Z")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_INDEX_COLUMNS = ("reference_date", "commit", "committed_at_utc", "last_week_reported")


@dataclass(frozen=True)
class VintageEntry:
    """One row of the index of vintages.

    Attributes
    ----------
    reference_date : datetime64[D]
        Saturday that the forecast is named after (its horizon 0).
    commit : str
        Commit of the hub, 40 hexadecimal digits, whose files could be seen.
    committed_at : str
        When it was made, ISO 8601, UTC.
    last_week : datetime64[D]
        Saturday of the last week with a report in it.
    """

    reference_date: np.datetime64
    commit: str
    committed_at: str
    last_week: np.datetime64

    @property
    def season(self) -> str:
        """Season of the reference date: ``2024-25`` from July 2024 to June 2025."""
        return season_of(self.reference_date)

    @property
    def weeks_late(self) -> int:
        """Weeks that are lacking: 0 where the week before the reference date was reported, 1 where it was not, ..."""
        return int((self.reference_date - _WEEK - self.last_week) / _WEEK)


@dataclass(frozen=True)
class Vintage:
    """Weekly influenza admissions of all places as they were known for one reference date.

    Attributes
    ----------
    reference_date : datetime64[D]
        Saturday that the forecast is named after.
    weeks : array of datetime64[D], shape (T,)
        Saturdays, seven days apart; the last is that of the last report, usually one week before the reference date.
    locations : tuple of str, length P
        FIPS codes in order, ``"US"`` last.
    admissions : array of float, shape (P, T)
        Admissions in the week; NaN where none were reported.
    population : array of float, shape (P,)
        Inhabitants.
    notes : tuple of str
        What a reader should know of this file: a report that is late, rows that were set aside.
    """

    reference_date: np.datetime64
    weeks: np.ndarray
    locations: tuple[str, ...]
    admissions: np.ndarray
    population: np.ndarray
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape = (len(self.locations), len(self.weeks))
        if self.admissions.shape != shape or self.population.shape != shape[:1]:
            raise ValueError(
                f"admissions has shape {self.admissions.shape} and population {self.population.shape}; "
                f"{shape[0]} places and {shape[1]} weeks need {shape} and {shape[:1]}"
            )
        if len(self.weeks) and self.weeks[-1] > self.reference_date - _WEEK:
            raise ValueError(f"the week {self.weeks[-1]} was not over for reference date {self.reference_date}")

    @property
    def weeks_late(self) -> int:
        """Weeks that are lacking between the last report and the week before the reference date."""
        return int((self.reference_date - _WEEK - self.weeks[-1]) / _WEEK)


@dataclass(frozen=True)
class IliNet:
    """Weekly share of visits to outpatient doctors that were for influenza-like illness.

    Attributes
    ----------
    weeks : array of datetime64[D], shape (T,)
        Saturdays, seven days apart.
    regions : tuple of str, length R
        Names as published: states first, then regions of Health and Human Services, then the nation.
    kind : tuple of str, length R
        ``state``, ``hhs`` or ``national``.
    location : tuple of str, length R
        FIPS code of a state or territory, ``US`` of the nation; ``""`` of an HHS region and of New York City, which
        reports apart from its state.
    hhs : tuple of int, length R
        Number of the HHS region that it is or lies in; 0 for the nation and where it is not known.
    percent : array of float, shape (R, T)
        Percent of visits: weighted by population for nation and regions, unweighted for states; NaN where no visits
        were reported.
    """

    weeks: np.ndarray
    regions: tuple[str, ...]
    kind: tuple[str, ...]
    location: tuple[str, ...]
    hhs: tuple[int, ...]
    percent: np.ndarray

    def __post_init__(self) -> None:
        shape = (len(self.regions), len(self.weeks))
        if self.percent.shape != shape or not len(self.kind) == len(self.location) == len(self.hhs) == shape[0]:
            raise ValueError(f"percent has shape {self.percent.shape}; {shape[0]} regions and {shape[1]} weeks differ")

    def before(self, date: np.datetime64 | str) -> IliNet:
        """Return the weeks that ended before `date`: nothing on it or later can be seen."""
        keep = int(np.searchsorted(self.weeks, np.datetime64(date, "D"), side="left"))
        return replace(self, weeks=self.weeks[:keep], percent=self.percent[:, :keep])


# ---- the index of vintages ---------------------------------------------------------------------------------


def season_of(date: np.datetime64 | str) -> str:
    """Season of a date, cut in July.

    >>> season_of("2024-06-30"), season_of("2024-07-01")
    ('2023-24', '2024-25')
    """
    months = int(np.datetime64(date, "M").astype(int)) - 6
    year = 1970 + months // 12
    return f"{year}-{(year + 1) % 100:02d}"


def read_vintage_index(path: Path, season: str | None = None) -> tuple[VintageEntry, ...]:
    """Read the index of vintages, in order of reference date.

    Parameters
    ----------
    path : Path
        CSV with ``reference_date, commit, committed_at_utc, last_week_reported``; other columns are left alone.
    season : str, optional
        Keep one season, such as ``2024-25``.

    Raises
    ------
    RawFileError
        Naming file, line, column and remedy: a date that is not a Saturday or stands twice, a commit that is not 40
        hexadecimal digits, a file made after its reference date or that holds weeks which were not over, a season
        that is not in the index.
    """
    frame = read_csv(path, _INDEX_COLUMNS)
    file = path.name
    dates = _saturdays(frame, "reference_date", file)
    last = _saturdays(frame, "last_week_reported", file)
    commits = parsed(frame, "commit", _commit, file=file, wants="a commit of 40 hexadecimal digits")
    entries = []
    rows = zip(dates, commits, frame["committed_at_utc"], last, strict=True)
    for line, row in enumerate(rows, start=2):
        entry = VintageEntry(*row)
        _check_entry(entry, f"{file}, line {line}")
        entries.append(entry)
    entries.sort(key=lambda entry: entry.reference_date)
    for one, other in zip(entries, entries[1:], strict=False):
        if one.reference_date == other.reference_date:
            raise RawFileError(
                f"{file}, column 'reference_date': {one.reference_date} stands twice, with commits {one.commit[:12]} "
                f"and {other.commit[:12]}; keep the one that could be seen"
            )
    return tuple(entries) if season is None else _of_season(entries, season, file)


def _check_entry(entry: VintageEntry, where: str) -> None:
    try:
        made = np.datetime64(entry.committed_at.split("+")[0].rstrip("Z"), "D")
    except ValueError:
        made = np.datetime64("NaT")
    if np.isnat(made):
        raise RawFileError(
            f"{where}, column 'committed_at_utc': {entry.committed_at!r} is not a time such as 2024-11-20T18:30+00:00"
        )
    if made > entry.reference_date:
        raise RawFileError(
            f"{where}: commit {entry.commit[:12]} was made on {made}, after its reference date "
            f"{entry.reference_date}; name the commit that a team could see when it had to submit"
        )
    if entry.weeks_late < 0:
        raise RawFileError(
            f"{where}, column 'last_week_reported': the week to {entry.last_week} was not over a week before "
            f"reference date {entry.reference_date}; correct the date"
        )


def _of_season(entries: Sequence[VintageEntry], season: str, file: str) -> tuple[VintageEntry, ...]:
    found = tuple(entry for entry in entries if entry.season == season)
    if not found:
        present = sorted({entry.season for entry in entries})
        raise RawFileError(f"{file} has no season {season!r}; it has {', '.join(present) or 'no row at all'}")
    return found


def _commit(text: str) -> str:
    if not _COMMIT.match(text):
        raise ValueError
    return text


def _saturdays(frame: pd.DataFrame, column: str, file: str) -> np.ndarray:
    """Parse a column of Saturdays; shape (N,), datetime64[D]."""

    def parse(text: str) -> np.datetime64:
        # numpy takes "2024-11" too, and would make a day of it.
        if not _DATE.match(text):
            raise ValueError
        date = np.datetime64(text, "D")
        if (date - _SATURDAY).astype(int) % 7:
            raise ValueError
        return date

    values = parsed(frame, column, parse, file=file, wants="a Saturday written YYYY-MM-DD")
    return values.to_numpy().astype("datetime64[D]")


# ---- finding files -----------------------------------------------------------------------------------------


def hub_folder(data: Path) -> Path:
    """Folder of the hub's commits: ``data/cdcepi/FluSight-forecast-hub`` in a mirror, else `data` itself."""
    if not data.is_dir():
        raise RawFileError(f"{data} is not a folder; name the folder that holds copies of {HUB}")
    inside = data / HUB
    return inside if inside.is_dir() else data


def find_in_commit(data: Path, commit: str, path: str) -> Path:
    """Find the file `path` of `commit` below `data`, whose folders are named by the commit or its first 7 digits up.

    Raises
    ------
    RawFileError
        If it is not there; the message says where it was looked for.
    """
    folder = hub_folder(data)
    names = (p.name for p in sorted(folder.iterdir(), reverse=True) if len(p.name) >= 7 and commit.startswith(p.name))
    for name in names:
        if (folder / name / path).is_file():
            return folder / name / path
    raise RawFileError(
        f"{path} of commit {commit} is not there: looked in {folder}/{commit[:12]}/ and {folder}/{commit}/; "
        f"fetch it from https://raw.githubusercontent.com/{HUB}/{commit}/{path}"
    )


def find_locations(data: Path) -> Path:
    """Find the hub's list of places: of :data:`LOCATIONS_COMMIT`, else of the last commit by name that has it."""
    folder = hub_folder(data)
    first = [p for p in folder.iterdir() if p.name.startswith(LOCATIONS_COMMIT)]
    others = sorted((p for p in folder.iterdir() if p.is_dir() and p not in first), reverse=True)
    for home in (*first, *others, folder):
        if (home / LOCATIONS_PATH).is_file():
            return home / LOCATIONS_PATH
    raise RawFileError(
        f"{LOCATIONS_PATH} is in no commit below {folder}; fetch it from "
        f"https://raw.githubusercontent.com/{HUB}/{LOCATIONS_COMMIT}/{LOCATIONS_PATH}"
    )


def read_populations(path: Path) -> dict[str, float]:
    """Read inhabitants by FIPS code, and ``US``, from the hub's list of places."""
    frame = read_csv(path, ("location", "population"))
    people = number(frame, "population", file=path.name, low=1, high=1e10)
    repeated = frame["location"][frame["location"].duplicated()]
    if len(repeated):
        raise RawFileError(f"{path.name}: location {repeated.iloc[0]!r} stands twice; keep one row for each place")
    lacking = frame["location"][people.isna()]
    if len(lacking):
        raise RawFileError(f"{path.name}: location {lacking.iloc[0]!r} has no population; fill it in")
    return dict(zip(frame["location"], people, strict=True))


# ---- admissions ----------------------------------------------------------------------------------------------


def read_vintage(entry: VintageEntry, data: Path, population: Mapping[str, float]) -> Vintage:
    """Read what could be seen for one reference date.

    Weeks after the last one that the index names, or that were not over a week before the reference date, are set aside
    with a note: nothing of them is seen. A file that ends earlier than the index says is taken as it is, with a note,
    and :attr:`Vintage.weeks_late` says how old its last report is.

    Parameters
    ----------
    entry : VintageEntry
        Row of the index.
    data : Path
        Mirror of public data, or the folder of the hub's commits.
    population : mapping of str to float
        Inhabitants by FIPS code, as :func:`read_populations` gives them.

    Raises
    ------
    RawFileError
        If the file is not there, is not sound (see :func:`read_admissions`), or holds no week that could be seen.
    """
    path = find_in_commit(data, entry.commit, ADMISSIONS_PATH)
    name = f"{path.name} of {entry.commit[:12]}"
    weeks, locations, admissions, notes = read_admissions(path, population, name=name)
    # The index says what could be seen: never later than that, nor later than a week before the reference date.
    keep = weeks <= min(entry.last_week, entry.reference_date - _WEEK)
    if not keep.all():
        notes = (*notes, f"{name}: weeks after {entry.last_week} set aside ({int((~keep).sum())})")
    reported = np.flatnonzero(keep & np.isfinite(admissions).any(axis=0))
    if not len(reported):
        raise RawFileError(
            f"{name} starts on {weeks[0]}, after the last week for {entry.reference_date}; check the index"
        )
    keep = np.arange(len(weeks)) <= reported[-1]
    last = weeks[reported[-1]]
    if last != entry.last_week:
        notes = (*notes, f"{name}: the last week reported is {last}, though the index says {entry.last_week}")
    late = int((entry.reference_date - _WEEK - last) / _WEEK)
    if late:
        notes = (
            *notes,
            f"reference date {entry.reference_date}: the last report is of {last}, {late} week(s) older than usual",
        )
    people = np.array([population[code] for code in locations])
    return Vintage(entry.reference_date, weeks[keep], locations, admissions[:, keep], people, notes)


def read_admissions(
    path: Path, population: Mapping[str, float], *, name: str | None = None
) -> tuple[np.ndarray, tuple[str, ...], np.ndarray, tuple[str, ...]]:
    """Read a file of admissions onto a complete weekly grid, up to the last week that anyone reported.

    Rows that say the same twice are read once; territories that the hub does not forecast are set aside with a note.

    Parameters
    ----------
    path : Path
        CSV with ``date``, ``location``, ``value``; an unnamed index column is left alone.
    population : mapping of str to float
        The places that are known.
    name : str, optional
        How messages call the file.

    Returns
    -------
    weeks : array of datetime64[D], shape (T,)
    locations : tuple of str, length P
    admissions : array of float, shape (P, T)
        NaN where nothing was reported.
    notes : tuple of str

    Raises
    ------
    RawFileError
        Naming the file, place and week: a value that is negative or not whole, two values for one week, a place
        without a population, a week that does not end on a Saturday.
    """
    name = name or path.name
    frame = read_csv(path, ("date", "location", "value"))
    weeks = _saturdays(frame, "date", name)
    known, notes = _known_places(frame, population, name)
    frame, weeks = frame[known], weeks[known]
    values = _counts(frame, name)
    if not np.isfinite(values).any():
        raise RawFileError(f"{name} holds no value; fetch it again")
    locations = tuple(sorted(set(frame["location"])))
    end = weeks[np.isfinite(values)].max()
    grid = np.arange(weeks.min(), end + _WEEK, _WEEK)
    p = np.searchsorted(locations, frame["location"].to_numpy(str))
    t = ((weeks - grid[0]) / _WEEK).astype(int)
    inside = t < len(grid)
    admissions = _fill(p[inside], t[inside], values[inside], locations, grid, name)
    return grid, locations, admissions, notes


def _known_places(
    frame: pd.DataFrame, population: Mapping[str, float], name: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Which rows are of places that the hub forecasts, shape (N,), and a note of those that are not."""
    unknown = ~frame["location"].isin(list(population))
    aside = unknown & frame["location"].isin(sorted(TERRITORIES))
    strange = frame["location"][unknown & ~aside]
    if len(strange):
        raise RawFileError(
            f"{name}, column 'location', line {strange.index[0] + 2}: {strange.iloc[0]!r} is not in locations.csv; "
            f"correct the code (two digits, or US), or add the place with its population"
        )
    if not aside.any():
        return ~aside.to_numpy(), ()
    codes = ", ".join(sorted(set(frame["location"][aside])))
    return ~aside.to_numpy(), (f"{name}: {int(aside.sum())} rows of territories ({codes}) set aside",)


def _counts(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Parse the column of admissions; NaN where nothing was reported."""
    text = frame["value"].str.strip()
    absent = text.isin(["", "NA", "NaN"])
    values = np.full(len(frame), np.nan)
    try:
        values[~absent] = text[~absent].astype(float)
    except ValueError:
        # Slow, but it names the line.
        number(frame, "value", file=name, low=0, high=np.inf, missing=("", "NA", "NaN"))
        raise
    wrong = ~absent.to_numpy() & ~((values >= 0) & (values == np.round(values)) & np.isfinite(values))
    if wrong.any():
        row = frame.iloc[int(np.argmax(wrong))]
        raise RawFileError(
            f"{name}, column 'value', line {row.name + 2}: location {row['location']} has {row['value']} admissions in "
            f"the week to {row['date']}, which is not a whole number from 0 up; correct it, or leave it empty"
        )
    return values


def _fill(
    p: np.ndarray, t: np.ndarray, values: np.ndarray, locations: Sequence[str], weeks: np.ndarray, name: str
) -> np.ndarray:
    """Put values on the grid, shape (P, T); a place and week with two different values is an error."""
    cells = np.full((len(locations), len(weeks)), np.nan)
    cells[p, t] = values
    differs = (cells[p, t] != values) & ~(np.isnan(cells[p, t]) & np.isnan(values))
    if differs.any():
        at = int(np.argmax(differs))
        raise RawFileError(
            f"{name}: location {locations[p[at]]} has two values for the week to {weeks[t[at]]}, {values[at]:g} and "
            f"{cells[p[at], t[at]]:g}; keep the one that was published"
        )
    return cells


# ---- ILINet ----------------------------------------------------------------------------------------------------

#: Weighted by population where it is published; states are published unweighted only.
_ILI_COLUMN = {"state": "unweighted_ili", "hhs": "weighted_ili", "national": "weighted_ili"}


def ilinet_folder(data: Path) -> Path:
    """Folder of the ILINet repository's commit: in a mirror, or `data` itself where it holds ``data-raw/``."""
    for folder in (data / ILINET_REPOSITORY / ILINET_COMMIT, data):
        if (folder / "data-raw").is_dir():
            return folder
    raise RawFileError(
        f"the ILINet files are not below {data}: looked in {ILINET_REPOSITORY}/{ILINET_COMMIT}/data-raw and data-raw; "
        f"fetch them from https://github.com/{ILINET_REPOSITORY}"
    )


def read_ilinet(data: Path) -> IliNet:
    """Read the three ILINet files (states, HHS regions, nation) of a mirror onto one complete weekly grid.

    Published weeks start on a Sunday; they are stored by the Saturday that ends them. A week without a single visit
    reported is published as 0 percent; it is NaN here.

    Raises
    ------
    RawFileError
        If a file is not there or not sound; names file, column and line.
    """
    folder = ilinet_folder(data)
    codes = _read_fips(folder / FIPS_PATH)
    tables = {kind: _read_ili(folder / ILINET_PATHS[kind], kind) for kind in ("state", "hhs", "national")}
    first = min(table["week"].min() for table in tables.values())
    last = max(table["week"].max() for table in tables.values())
    weeks = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + _WEEK, _WEEK)
    regions, kinds, places, hhs, rows = [], [], [], [], []
    for kind, table in tables.items():
        wide = table.pivot(index="region", columns="week", values="percent")
        wide = wide.reindex(columns=weeks.astype("datetime64[ns]"))
        for region, series in zip(wide.index, wide.to_numpy(float), strict=True):
            code, number_ = _place(region, kind, codes)
            regions.append(region)
            kinds.append(kind)
            places.append(code)
            hhs.append(number_)
            rows.append(series)
    return IliNet(weeks, tuple(regions), tuple(kinds), tuple(places), tuple(hhs), np.array(rows))


def _place(region: str, kind: str, codes: Mapping[str, tuple[str, int]]) -> tuple[str, int]:
    """FIPS code and HHS region of a region of ILINet."""
    if kind == "national":
        return "US", 0
    if kind == "hhs":
        return "", int(region.removeprefix("Region "))
    if region == "New York City":
        return "", 2
    return codes.get(region.removeprefix("Commonwealth of the "), ("", 0))


def _read_fips(path: Path) -> dict[str, tuple[str, int]]:
    """FIPS code and HHS region by name of the state."""
    frame = read_csv(need(path), ("location", "location_name", "hhs_region"))
    return {
        row.location_name: (row.location, 0 if row.hhs_region == "NA" else int(row.hhs_region))
        for row in frame.itertuples(index=False)
    }


def _read_ili(path: Path, kind: str) -> pd.DataFrame:
    """Read one ILINet file: columns region, week (Saturday), percent."""
    import pandas as pd

    column = _ILI_COLUMN[kind]
    frame = read_csv(path, ("region", "week_start", column, "total_patients"))

    def saturday(text: str) -> np.datetime64:
        if not _DATE.match(text):
            raise ValueError
        end = np.datetime64(text, "D") + np.timedelta64(6, "D")
        if (end - _SATURDAY).astype(int) % 7:
            raise ValueError
        return end

    weeks = parsed(frame, "week_start", saturday, file=path.name, wants="a Sunday written YYYY-MM-DD")
    percent = number(frame, column, file=path.name, low=0, high=100, missing=("", "NA"))
    visits = number(frame, "total_patients", file=path.name, low=0, high=1e9, missing=("", "NA"))
    table = pd.DataFrame(
        {"region": frame["region"], "week": weeks.astype("datetime64[ns]"), "percent": percent.where(visits != 0)}
    )
    twice = table.duplicated(["region", "week"])
    if twice.any():
        row = table[twice].iloc[0]
        raise RawFileError(
            f"{path.name}: region {row['region']!r} has two rows for the week to {row['week']:%Y-%m-%d}; keep one"
        )
    return table
