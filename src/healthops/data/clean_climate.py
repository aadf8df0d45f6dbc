"""Climate: daily files of stations to weekly means and sums."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from healthops.data.epiweek import epi_week, week_end
from healthops.data.errors import RawFileError
from healthops.data.ledger import Ledger
from healthops.data.raw_files import number, read_csv, whole
from healthops.data.raw_layout import RAW_PATHS

if TYPE_CHECKING:
    import pandas as pd

#: District of the one station that has no list of stations beside it: Iquitos airport, GHCN-Daily PE000084377.
IQUITOS = "160101"
#: How the daily files write that a value is missing (GHCN-Daily).
MISSING = ("", "-9999", "-9999.0")
#: A weekly value needs so many observed days of seven.
ENOUGH_DAYS = 4

_DATE = ["YYYY", "MM", "DD"]
_RANGES = {"TMAX": (-30, 60), "TMIN": (-40, 50), "TAVG": (-30, 50), "PRCP": (0, 2000)}
_COLUMNS = ["ubigeo", "week_end", "temp_c", "temp_min_c", "temp_max_c", "rain_mm", "days_observed"]


def clean_climate(raw: Path, known: Collection[str], ledger: Ledger) -> pd.DataFrame:
    """Return table ``climate_weekly`` for the stations whose district is in `known`; only observed weeks have a row."""
    import pandas as pd

    parts = [
        weekly_climate(read_station(path, ledger)).assign(ubigeo=code)
        for code, path in _stations(raw, frozenset(known), ledger)
    ]
    if not parts:
        return pd.DataFrame({c: pd.Series(dtype="float64") for c in _COLUMNS}).astype(
            {"ubigeo": "str", "week_end": "datetime64[ns]", "days_observed": "int64"}
        )
    return pd.concat(parts, ignore_index=True)


def _stations(raw: Path, known: Collection[str], ledger: Ledger) -> list[tuple[str, Path]]:
    listing, single = raw / RAW_PATHS["stations"], raw / RAW_PATHS["climate_station"]
    if not listing.is_file():
        return [(IQUITOS, single)] if single.is_file() and IQUITOS in known else []
    frame = read_csv(listing, ["ubigeo", "file"])
    ledger.enter(listing.name, "climate_weekly", len(frame))
    placed = frame["ubigeo"].isin(list(known))
    ledger.set_aside(listing.name, "climate_weekly", int((~placed).sum()), "code is not in the ubigeo tables")
    ledger.keep(listing.name, "climate_weekly", int(placed.sum()))
    return [(row.ubigeo, listing.parent / row.file) for row in frame[placed].itertuples()]


def read_station(path: Path, ledger: Ledger) -> pd.DataFrame:
    """Read a daily station file.

    The mean temperature of a day is the file's own (TAVG), else the mean of the day's highest and lowest, which is
    how the file's own is made.

    Returns
    -------
    DataFrame with columns day, temp_c, temp_min_c, temp_max_c (deg C), rain_mm (mm); NaN where missing
    """
    import pandas as pd

    frame = read_csv(path, [*_DATE, *_RANGES])
    ledger.enter(path.name, "climate_weekly", len(frame))
    parts = {c: whole(frame, c, file=path.name, low=1, high=h) for c, h in zip(_DATE, (2100, 12, 31), strict=True)}
    stamps = pd.DataFrame({"year": parts["YYYY"], "month": parts["MM"], "day": parts["DD"]})
    days = pd.to_datetime(stamps, errors="coerce")
    for what, bad in (("is not a day of the calendar", days.isna()), ("occurs twice", days.duplicated())):
        if bad.any():
            at = int(bad.to_numpy().argmax())
            raise RawFileError(f"{path.name}, columns {_DATE}, line {at + 2}: {'-'.join(frame.loc[at, _DATE])} {what}")
    values = {
        c: number(frame, c, file=path.name, low=low, high=high, missing=MISSING) for c, (low, high) in _RANGES.items()
    }
    between = (values["TMAX"] + values["TMIN"]) / 2
    station = pd.DataFrame(
        {
            "day": days,
            "temp_c": values["TAVG"].fillna(between),
            "temp_min_c": values["TMIN"],
            "temp_max_c": values["TMAX"],
            "rain_mm": values["PRCP"],
        }
    )
    _account(station, values["TAVG"], path.name, ledger)
    return station


def _account(station: pd.DataFrame, own_mean: pd.Series, file: str, ledger: Ledger) -> None:
    observed = station.drop(columns="day").notna().any(axis=1)
    ledger.set_aside(file, "climate_weekly", int((~observed).sum()), "a day without any value")
    ledger.keep(file, "climate_weekly", int(observed.sum()))
    filled = own_mean.isna() & station["temp_c"].notna()
    ledger.repair(file, "climate_weekly", int(filled.sum()), "mean temperature from the day's highest and lowest")
    ledger.flag(file, "climate_weekly", int((observed & station["temp_c"].isna()).sum()), "no mean temperature")
    ledger.flag(file, "climate_weekly", int((observed & station["rain_mm"].isna()).sum()), "no rain gauge reading")
    span = (station["day"].max() - station["day"].min()).days + 1
    calendar = f"{file} (days of its span)"
    ledger.enter(calendar, "climate_weekly", span)
    ledger.keep(calendar, "climate_weekly", len(station))
    ledger.set_aside(calendar, "climate_weekly", span - len(station), "absent from the file")


def weekly_climate(station: pd.DataFrame) -> pd.DataFrame:
    """Average daily values over epidemiological weeks; sum the rain, scaled up to seven days where days are missing.

    A value needs :data:`ENOUGH_DAYS` observed days, else it is missing; weeks without any observed day have no row.
    Where the daily means are too few but the extremes are not, the mean is halfway between the mean extremes.
    """
    values = ["temp_c", "temp_min_c", "temp_max_c", "rain_mm"]
    days = station.assign(
        week_end=week_end(*epi_week(station["day"].to_numpy())).astype("datetime64[ns]"),
        days_observed=station[values].notna().any(axis=1).astype("int64"),
    )
    groups = days.groupby("week_end")
    weekly = groups[values].mean().where(groups[values].count() >= ENOUGH_DAYS)
    weekly["temp_c"] = weekly["temp_c"].fillna((weekly["temp_min_c"] + weekly["temp_max_c"]) / 2)
    # Sums of decimals differ in their last digits between machines.
    weekly = weekly.assign(rain_mm=weekly["rain_mm"] * 7).round(3)
    weekly["days_observed"] = groups["days_observed"].sum()
    return weekly[weekly["days_observed"] > 0].reset_index()
