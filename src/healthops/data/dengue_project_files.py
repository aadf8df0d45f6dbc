"""Files of the Dengue Forecasting Project 2015: weekly dengue of two cities by season, and the teams' scores.

Every season has exactly 52 weeks in these files, so that one week a year, around the turn of the year, is 8 or 9 days
long; a city's testing file repeats its training seasons. Column names are matched without regard to case and spaces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.errors import RawFileError
from healthops.data.raw_files import parsed, read_csv, whole

if TYPE_CHECKING:
    import pandas as pd

#: The project's cities, as the files name them.
CITIES: tuple[str, ...] = ("iquitos", "san_juan")
#: Weeks of every season.
SEASON_WEEKS = 52
#: Where the files lie in a folder of raw files; ``*`` is the commit.
REPOSITORY = "cdcepi/dengue-forecasting-project-2015"
TEAM_SCORES = "lrjohnson0/vbdcast/*/results/csvouts/dengue_forecast_scores.csv"

_COLUMNS = ("season", "season_week", "week_start_date", "total_cases")
_SEASON = re.compile(r"(\d{4})/(\d{4})\Z")
_TARGETS = {"peakweek": "peak_week", "peakinc": "peak_incidence", "seasoninc": "season_total"}
_CITY_NAMES = {"iquitos": "iquitos", "sanjuan": "san_juan"}


@dataclass(frozen=True)
class CitySeasons:
    """Seasons of one city, oldest first.

    Attributes
    ----------
    city : str
        ``iquitos`` or ``san_juan``.
    names : tuple of str, length S
        ``2009/2010`` and so on.
    starts : array of datetime64[D], shape (S, 52)
        First day of each week.
    cases : array of int, shape (S, 52)
        Laboratory-positive cases a week.
    """

    city: str
    names: tuple[str, ...]
    starts: np.ndarray
    cases: np.ndarray

    @property
    def ends(self) -> np.ndarray:
        """First day after each season, shape (S,): the last week starts seven days before it."""
        return self.starts[:, -1] + np.timedelta64(7, "D")

    def where(self, keep: np.ndarray) -> CitySeasons:
        """Return the seasons for which `keep`, shape (S,), is true."""
        names = tuple(name for name, kept in zip(self.names, keep, strict=True) if kept)
        return CitySeasons(self.city, names, self.starts[keep], self.cases[keep])


@dataclass(frozen=True)
class CityFiles:
    """What the files say of one city: seasons to learn from, seasons to be scored on, and what was odd.

    Attributes
    ----------
    training, testing : CitySeasons
        `testing` holds only the seasons that the training file does not have.
    notes : tuple of str
        Oddities that do not stop the reading, in words.
    """

    training: CitySeasons
    testing: CitySeasons
    notes: tuple[str, ...] = ()


def dengue_folder(folder: Path) -> Path:
    """Find the folder ``Dengue_data``: `folder` itself, in it, or at its place among raw files below `folder`.

    Raises
    ------
    RawFileError
        If it is not there, or if two commits of it are.
    """
    for path in (folder, folder / "Dengue_data"):
        if any(path.glob("*_training_data.csv")):
            return path
    found = sorted(folder.glob(f"{REPOSITORY}/*/Dengue_data"))
    if len(found) != 1:
        raise RawFileError(
            f"{folder} holds {len(found)} folders {REPOSITORY}/<commit>/Dengue_data, not one: name the folder of raw "
            f"files, the project's repository or its Dengue_data"
        )
    return found[0]


def read_seasons(path: Path, city: str) -> CitySeasons:
    """Read one file of weekly cases.

    Raises
    ------
    RawFileError
        If a column lacks, a count is negative or no whole number, a week is there twice, is lacking or is out of order;
        it names the file, the column, the season and the week or the line.
    """
    frame = _tidy_columns(read_csv(path, ()), path.name)
    weeks = whole(frame, "season_week", file=path.name, low=1, high=SEASON_WEEKS)
    table = frame[["season"]].assign(
        season=parsed(frame, "season", _season, file=path.name, wants="a season such as 2009/2010"),
        week=weeks,
        start=parsed(frame, "week_start_date", _date, file=path.name, wants="a date such as 2009-07-02"),
        cases=whole(frame, "total_cases", file=path.name, low=0),
    )
    twice = table.duplicated(["season", "week"])
    if twice.any():
        at = int(np.flatnonzero(twice)[0])
        row = table.iloc[at]
        raise RawFileError(
            f"{path.name}, line {at + 2}: week {row['week']} of season {row['season']} is there twice (column "
            f"'season_week'); keep one row"
        )
    return _as_seasons(table.sort_values(["season", "week"]), city, path.name)


def read_city(folder: Path, city: str) -> CityFiles:
    """Read the training and the testing file of `city` (see :func:`dengue_folder` for `folder`).

    Raises
    ------
    RawFileError
        As :func:`read_seasons`; also if a file is not there, or the testing file has no season of its own.
    """
    if city not in CITIES:
        raise RawFileError(f"no city is called {city!r}; the project has {', '.join(CITIES)}")
    home = dengue_folder(folder)
    training = read_training(folder, city)
    path = home / f"{city}_testing_data.csv"
    if not path.is_file():
        raise RawFileError(
            f"{path.name} is not there: the seasons to be scored on are in that file. Put it into {home}, beside "
            f"{city}_training_data.csv, from https://github.com/{REPOSITORY} (folder Dengue_data)"
        )
    both = read_seasons(path, city)
    notes = _differences(training, both, path.name)
    testing = both.where(np.array([name not in training.names for name in both.names]))
    if not testing.names:
        raise RawFileError(f"{path.name} has no season that {city}_training_data.csv does not have: nothing to score")
    if testing.starts[0, 0] <= training.starts[-1, -1]:
        raise RawFileError(
            f"{path.name}: season {testing.names[0]} starts on {testing.starts[0, 0]}, before the training seasons end "
            f"(last week {training.starts[-1, -1]}); column 'week_start_date'. Are the files of one city?"
        )
    return CityFiles(training, testing, notes)


def read_training(folder: Path, city: str) -> CitySeasons:
    """Read the training file of `city`."""
    return read_seasons(dengue_folder(folder) / f"{city}_training_data.csv", city)


def team_scores_file(folder: Path) -> Path | None:
    """Return the file of the teams' scores below a folder of raw files, or None."""
    found = sorted(folder.glob(TEAM_SCORES))
    return found[0] if found else None


def read_team_scores(path: Path) -> pd.DataFrame:
    """Read the log scores of the teams on the test seasons.

    Returns
    -------
    DataFrame
        team, city, target, season, forecast_week (0, 4, ... 48), log_score (-inf where a team had given probability 0;
        NaN where nothing is scored, as the peak week of 2011/2012 in Iquitos, which three weeks share).
    """
    columns = ("team", "metric.type", "forecast.week", "season", "metric", "location", "data.type", "prediction.target")
    frame = read_csv(path, columns)
    frame = frame[(frame["metric.type"] == "LS") & (frame["data.type"] == "test")].reset_index(drop=True)

    def named(column: str, names: dict[str, str]) -> pd.Series:
        return parsed(frame, column, lambda text: _named(text, names), file=path.name, wants=f"one of {list(names)}")

    table = frame[["team", "season"]].assign(
        city=named("location", _CITY_NAMES),
        target=named("prediction.target", _TARGETS),
        forecast_week=whole(frame, "forecast.week", file=path.name, low=0, high=SEASON_WEEKS),
        log_score=parsed(frame, "metric", _score, file=path.name, wants="a log score (a number up to 0, -Inf or NA)"),
    )
    key = ["team", "city", "target", "season", "forecast_week"]
    twice = table.duplicated(key)
    if twice.any():
        row = table[twice].iloc[0]
        raise RawFileError(f"{path.name} scores {dict(row[key])} twice (type LS, test); keep one row")
    return table[[*key, "log_score"]]


def _tidy_columns(frame: pd.DataFrame, file: str) -> pd.DataFrame:
    frame = frame.rename(columns=lambda name: re.sub(r"[\s.]+", "_", name.strip()).lower())
    lacking = [name for name in _COLUMNS if name not in frame.columns]
    if lacking:
        raise RawFileError(f"{file} lacks the columns {lacking}; it has {list(frame.columns)}")
    return frame


def _as_seasons(table: pd.DataFrame, city: str, file: str) -> CitySeasons:
    names = tuple(dict.fromkeys(table["season"]))
    for name, rows in table.groupby("season", sort=False):
        absent = sorted(set(range(1, SEASON_WEEKS + 1)) - set(rows["week"]))
        if absent:
            raise RawFileError(
                f"{file}: season {name} has {len(rows)} of {SEASON_WEEKS} weeks; it lacks season_week {absent[:5]}"
                f"{' and more' if len(absent) > 5 else ''}: add the rows (0 in total_cases if none came) or take the "
                f"season out"
            )
    starts = table["start"].to_numpy("datetime64[D]").reshape(-1, SEASON_WEEKS)
    steps = np.diff(starts.ravel()).astype(int)
    if (steps <= 0).any():
        at = int(np.argmax(steps <= 0)) + 1
        raise RawFileError(
            f"{file}, column 'week_start_date': week {at % SEASON_WEEKS + 1} of season {names[at // SEASON_WEEKS]} "
            f"({starts.ravel()[at]}) does not start after the week before it ({starts.ravel()[at - 1]})"
        )
    return CitySeasons(city, names, starts, table["cases"].to_numpy(np.int64).reshape(-1, SEASON_WEEKS))


def _differences(training: CitySeasons, both: CitySeasons, file: str) -> tuple[str, ...]:
    """Say where the testing file tells another past than the training file, which is the one that forecasters had."""
    notes = []
    for name, cases in zip(both.names, both.cases, strict=True):
        if name in training.names:
            weeks = int((training.cases[training.names.index(name)] != cases).sum())
            if weeks:
                notes.append(f"{file}: {weeks} weeks of season {name} differ from the training file, which is used")
    return tuple(notes)


def _season(text: str) -> str:
    match = _SEASON.match(text.strip())
    if not match or int(match[2]) != int(match[1]) + 1:
        raise ValueError
    return text.strip()


def _date(text: str) -> np.datetime64:
    text = text.strip()
    form = "%m/%d/%Y" if "/" in text else "%Y-%m-%d"
    return np.datetime64(datetime.strptime(text, form).date(), "D")


def _named(text: str, names: dict[str, str]) -> str:
    if text not in names:
        raise ValueError
    return names[text]


def _score(text: str) -> float:
    if text == "NA":
        return float("nan")
    value = float(text)
    if value > 0:
        raise ValueError
    return value
