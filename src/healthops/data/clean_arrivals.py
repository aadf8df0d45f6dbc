"""Arrivals by hour: from an emergency department of Iowa, or from the clinics of a country that records them.

An hour of the local clock lasts an hour but twice a year: what a clock skips lasts 0 hours, what it shows twice 2.
Both are in the table, with `elapsed_h`, so that it has 24 rows a day.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.clinic_files import Sieve, among, dates, has_clinics, open_clinic_file
from healthops.data.clock import elapsed_hours
from healthops.data.errors import RawFileError
from healthops.data.ledger import Ledger
from healthops.data.raw_files import need, number, whole
from healthops.data.raw_layout import RAW_PATHS

if TYPE_CHECKING:
    import pandas as pd

_TABLE = "hourly_arrivals"
#: The department of the public file, by which clock it lives and whose holidays it keeps.
IOWA = {"clinic": "iowa", "time_zone": "America/Chicago", "holiday_calendar": "US-IA"}
_COLUMNS = ("Year", "Quarter", "Month", "Day", "Hour", "Arrivals", "Date", "Weekday", "temp", "game_day")
_SERVICE_NAME = re.compile(r"[a-z_]+")


def clean_arrivals(raw: Path, clinics: pd.DataFrame, ledger: Ledger) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return table ``hourly_arrivals``, and the days of events: columns clinic and date.

    Parameters
    ----------
    clinics : DataFrame
        Table ``clinics``.

    Raises
    ------
    RawFileError
        If a cell is not what it should be, an hour occurs twice with different counts while the clock runs on, or
        somebody came in an hour that the clock skipped.
    """
    if has_clinics(raw):
        rows, file = _from_clinics(raw, clinics, ledger)
        events = _events(raw, clinics, ledger)
    else:
        rows, file, events = _from_iowa(raw, ledger)
    zones = clinics.set_index("clinic")["time_zone"].to_dict()
    return _grid(rows, zones, file, ledger), events


def _from_clinics(raw: Path, clinics: pd.DataFrame, ledger: Ledger) -> tuple[pd.DataFrame, str]:
    import pandas as pd

    frame, file = open_clinic_file(raw, "clinic_arrivals", _TABLE, ledger)
    rows = pd.DataFrame({
        "clinic": among(frame, "clinic", clinics["clinic"].tolist(), file),
        "service": frame["service"],
        "date": dates(frame, "date", file),
        "hour": whole(frame, "hour", file=file, low=0, high=23),
        "arrivals": whole(frame, "arrivals", file=file, low=0),
        "temp_c": number(frame, "temp_c", file=file, low=-60, high=60),
    })  # fmt: skip
    nameless = ~rows["service"].str.fullmatch(_SERVICE_NAME)
    Sieve(rows, ledger, file, _TABLE).refuse(nameless, "service", "is not a name of small letters; write it so")
    return rows, file


def _events(raw: Path, clinics: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    frame, file = open_clinic_file(raw, "clinic_events", "clinic_calendar", ledger)
    rows = frame.assign(
        clinic=among(frame, "clinic", clinics["clinic"].tolist(), file), date=dates(frame, "date", file)
    )
    return Sieve(rows, ledger, file, "clinic_calendar").keep("clinic", "date")


def read_iowa(path: Path) -> pd.DataFrame:
    """Read the R data file of the emergency department, as it stands.

    ``Quarter`` is that of the fiscal year, which begins in July; a row is an hour of the local clock, 24 of them a day.

    Raises
    ------
    RawFileError
        If it is no R data file, or has no table ``uihc_ed_arrivals`` with the columns that are read.
    """
    import pandas as pd
    import rdata

    # A day is a number, days since 1970: R's class is told by name only.
    classes = rdata.conversion.DEFAULT_CLASS_MAP | {"Date": lambda values, _: values}
    try:
        found = rdata.conversion.convert(rdata.parser.parse_file(need(path)), constructor_dict=classes)
    except (ValueError, NotImplementedError, EOFError, OSError) as error:
        raise RawFileError(f"{path.name} cannot be read as R data: {error}; fetch it again") from None
    frame = found.get("uihc_ed_arrivals")
    if not isinstance(frame, pd.DataFrame) or not set(_COLUMNS) <= set(frame.columns):
        raise RawFileError(
            f"{path.name} has no table uihc_ed_arrivals with the columns {list(_COLUMNS)}; fetch it again"
        )
    days = pd.to_datetime(frame["Date"].to_numpy(), unit="D", origin="unix").astype("datetime64[ns]")
    return frame.reset_index(drop=True).assign(Date=days)


def _from_iowa(raw: Path, ledger: Ledger) -> tuple[pd.DataFrame, str, pd.DataFrame]:
    import pandas as pd

    path = raw / RAW_PATHS["hourly_arrivals"]
    frame = read_iowa(path)
    ledger.enter(path.name, _TABLE, len(frame))
    day, hours = frame["Date"], frame["Hour"]
    fiscal = "Q" + ((day.dt.month - 7) % 12 // 3 + 1).astype(str)
    checks = {
        "Date": day == pd.to_datetime(frame[["Year", "Month", "Day"]].astype(int)),
        "Weekday": frame["Weekday"].astype(str) == day.dt.strftime("%a"),
        "Quarter": frame["Quarter"].astype(str) == fiscal,
        "Hour": (hours == hours.round()) & hours.between(0, 23),
        "Arrivals": (frame["Arrivals"] == frame["Arrivals"].round()) & (frame["Arrivals"] >= 0),
    }
    for column, right in checks.items():
        if not right.all():
            at = int(right.to_numpy().argmin())
            raise RawFileError(
                f"{path.name}, column {column!r}, row {at + 1}: {frame[column].iloc[at]} does not fit its row "
                f"({day.iloc[at].date()}); fetch the file again"
            )
    ledger.flag(path.name, _TABLE, len(frame), "Quarter is that of the fiscal year from July; not in the table")
    rows = pd.DataFrame({
        "clinic": IOWA["clinic"], "service": "emergency", "date": day, "hour": hours.astype("int64"),
        "arrivals": frame["Arrivals"].astype("int64"), "temp_c": ((frame["temp"] - 32) / 1.8).round(2),
    })  # fmt: skip
    games = day[frame["game_day"] == 1].drop_duplicates()
    return rows, path.name, pd.DataFrame({"clinic": IOWA["clinic"], "date": games}).reset_index(drop=True)


def _grid(rows: pd.DataFrame, zones: Mapping[str, str], file: str, ledger: Ledger) -> pd.DataFrame:
    """Every hour of every day from the first to the last of each clinic, with what the rows say of it."""
    import pandas as pd

    key = ["clinic", "service", "date", "hour"]
    parts = []
    for clinic, group in rows.groupby("clinic", sort=True):
        first, last = (d.to_datetime64().astype("datetime64[D]") for d in (group["date"].min(), group["date"].max()))
        days = np.arange(first, last + 1)
        hours = elapsed_hours(zones[clinic], days)
        names = sorted(group["service"].unique())
        shape = [[clinic], names, days.astype("datetime64[ns]"), range(24)]
        grid = pd.MultiIndex.from_product(shape, names=key).to_frame(index=False)
        parts.append(grid.assign(elapsed_h=np.tile(hours.ravel(), len(names))))
    grid = pd.concat(parts, ignore_index=True)
    rows = rows.reset_index(names="line").merge(grid, on=key, how="left")
    kept = _sift(rows.set_index("line"), key, file, ledger)
    # One temperature an hour, whatever the service; the mean of both where the clock shows it twice.
    sums = kept.groupby(key, as_index=False).agg(arrivals=("arrivals", "sum"), temp_c=("temp_c", "mean"))
    out = grid.merge(sums, on=key, how="left")
    out["status"] = np.select([out["elapsed_h"] == 0, out["arrivals"].isna()], ["skipped", "missing"], "complete")
    out["arrivals"] = out["arrivals"].astype("Int64").mask(out["elapsed_h"] == 0, 0)
    absent = int((out["status"] == "missing").sum())
    ledger.flag(file, _TABLE, absent, "hours without a row, in the table as missing")
    return out


def _sift(rows: pd.DataFrame, key: list[str], file: str, ledger: Ledger) -> pd.DataFrame:
    """Set aside what is not to be counted, and note how the clock was changed."""
    sieve = Sieve(rows, ledger, file, _TABLE)
    skipped = rows["elapsed_h"] == 0
    came = skipped & (rows["arrivals"] > 0)
    where = rows.loc[came, "clinic"].iloc[0] if came.any() else ""
    sieve.refuse(came, "hour", f"of that day was skipped by the clock of {where}, but has arrivals; correct the clock")
    repeats = rows.duplicated() & (rows["elapsed_h"] < 2)
    sieve.drop(repeats, "repeats an earlier row in every cell")
    left = sieve.frame
    place = left.groupby(key).cumcount()
    sieve.refuse(place >= left["elapsed_h"].clip(lower=1), "hour",
                 "occurs once more than the clock showed it that day; keep one row")  # fmt: skip
    sieve.note(left["elapsed_h"] == 0, "hour that the clock skips when it is put forward; nobody can come in it")
    twice = left["elapsed_h"] == 2
    told = left.groupby(key)["arrivals"].transform("size")
    sieve.note(twice & (told == 1), "one row for the hour that the clock shows twice when it is put back")
    ledger.repair(
        file, _TABLE, int((twice & (told == 2)).sum()), "two rows for the hour that the clock shows twice; added up"
    )
    ledger.keep(file, _TABLE, len(left))
    return left
