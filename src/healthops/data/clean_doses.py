"""Vaccination so far, as counts that never fall: coverage by age (Peru), and doses by region (the United States)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.cumulative import falls, never_falling
from healthops.data.errors import RawFileError
from healthops.data.ledger import Ledger
from healthops.data.raw_files import number, parsed, read_csv, whole
from healthops.data.raw_layout import RAW_PATHS

if TYPE_CHECKING:
    import pandas as pd

_DAY, _WEEK = np.timedelta64(1, "D"), np.timedelta64(7, "D")
_SATURDAY = np.datetime64("2000-01-01", "D")
_COVERAGE = {"first_pct": "people_vaccinated_per_hundred", "full_pct": "people_fully_vaccinated_per_hundred"}
#: Cumulative columns of the doses by region: in the table, in the file.
TOTALS = {
    "doses_total": "Doses_admin",
    "first_total": "People_at_least_one_dose",
    "full_total": "People_fully_vaccinated",
    "additional_total": "Total_additional_doses",
}
#: FIPS codes of the territories, by the UID that the file gives them (their ISO 3166 numbers).
_TERRITORIES = {16: "60", 316: "66", 580: "69", 630: "72", 850: "78"}


def clean_coverage(raw: Path, ledger: Ledger) -> pd.DataFrame:
    """Return table ``vaccine_coverage``: every age group and week, cumulative.

    The file is dated on the Sunday after the epidemiological week that it counts (its makers turn the number of the
    epidemiological week into the Sunday of the ISO week of that number); the table has the Saturday that ends the
    week. A share that is missing, or a row that is not there, is a week without a dose in that group: the share before
    it stands.

    Raises
    ------
    RawFileError
        If a date is no Sunday, a group and week occurs twice, or a share is no percentage.
    """
    import pandas as pd

    path = raw / RAW_PATHS["vaccine_coverage"]
    frame = read_csv(path, ["sunday", "age_group_min", "age_group_max", *_COVERAGE.values()])
    table = "vaccine_coverage"
    ledger.enter(path.name, table, len(frame))
    found = pd.DataFrame({
        "age_low": whole(frame, "age_group_min", file=path.name, low=0, high=120),
        "age_high": number(frame, "age_group_max", file=path.name, low=0, high=120),
        "week_end": _week_ends(frame, path.name),
        **{c: number(frame, s, file=path.name, low=0, high=120, missing=("", "NA")) for c, s in _COVERAGE.items()},
    })  # fmt: skip
    _once(found, ["age_low", "week_end"], path.name, "an age group and week")
    ledger.keep(path.name, table, len(found))
    ledger.repair(path.name, table, len(found), "dated on the Sunday after its week; given the Saturday that ends it")
    weeks = np.arange(found["week_end"].min(), found["week_end"].max() + _WEEK, _WEEK)
    groups = [_one_group(rows, weeks) for _, rows in found.groupby("age_low")]
    for column, source in _COVERAGE.items():
        ledger.repair(path.name, table, int(found[column].isna().sum()), f"no {source}: the share before it stands")
        fell = sum(
            int(falls(rows.sort_values("week_end")[column].to_numpy()).sum()) for _, rows in found.groupby("age_low")
        )
        ledger.repair(path.name, table, fell, f"{source} fell; spread over the shortest run that does not fall")
    out = pd.concat(groups, ignore_index=True)
    ledger.flag(path.name, table, len(out) - len(found), "weeks of an age group without a row, written out")
    more = int((out["full_pct"] > out["first_pct"] + 1e-9).sum())
    ledger.flag(path.name, table, more, "more people with a full course than with a first dose")
    out["age_high"] = out["age_high"].astype("Int64")
    return out


def _one_group(rows: pd.DataFrame, weeks: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    if rows["age_high"].nunique(dropna=False) > 1:
        raise RawFileError(f"coverage: the group from age {rows['age_low'].iloc[0]} has several upper ages; split it")
    grid = rows.set_index("week_end")[list(_COVERAGE)].reindex(pd.DatetimeIndex(weeks))
    out = pd.DataFrame({"age_low": rows["age_low"].iloc[0], "age_high": rows["age_high"].iloc[0], "week_end": weeks})
    for column in _COVERAGE:
        was = grid[column].to_numpy(float)
        out[column] = np.round(never_falling(was), 6)
        changed = ~np.isnan(was) & (np.abs(out[column] - was) > 1e-6)
        out[column.replace("pct", "status")] = np.select([np.isnan(was), changed], ["carried", "corrected"], "reported")
    return out


def _week_ends(frame: pd.DataFrame, file: str) -> pd.Series:
    import pandas as pd

    def parse(text: str) -> pd.Timestamp:
        day = date.fromisoformat(text)
        if day.weekday() != 6:
            raise ValueError
        return pd.Timestamp(day) - pd.Timedelta(days=1)

    found = parsed(frame, "sunday", parse, file=file, wants="a Sunday such as 2021-02-14")
    return pd.to_datetime(found).astype("datetime64[ns]")


def _once(found: pd.DataFrame, key: list[str], file: str, what: str) -> None:
    twice = found.duplicated(key)
    if twice.any():
        at = int(twice.to_numpy().argmax())
        raise RawFileError(f"{file}, line {at + 2}: {found.loc[at, key].to_dict()}: {what} occurs twice; keep one row")


def clean_region_doses(raw: Path, ledger: Ledger) -> pd.DataFrame:
    """Return table ``vaccine_region_doses``: doses a week by region, and the cumulative counts that they come from.

    A row that repeats an earlier one is set aside, a key with two different rows is an error. Cumulative counts that
    fall are replaced by the nearest that do not (:func:`healthops.data.cumulative.never_falling`), day by day, before
    the Saturdays are taken; `reported_total` is what the file says.

    Raises
    ------
    RawFileError
        If a count or date is none, a region is unknown or has two names, or a key has two different rows.
    """
    path = raw / RAW_PATHS["doses_by_state"]
    table = "vaccine_region_doses"
    frame = read_csv(path, ["Date", "UID", "Province_State", *TOTALS.values()])
    ledger.enter(path.name, table, len(frame))
    daily = _daily(frame, path.name)
    same = daily.duplicated()
    ledger.set_aside(path.name, table, int(same.sum()), "repeats an earlier row in every cell")
    # Line numbers stay those of the file.
    twice = daily[~same].duplicated(["region", "date"])
    if twice.any():
        at = int(twice[twice].index[0])
        raise RawFileError(
            f"{path.name}, line {at + 2}: {frame['Date'][at]} of {frame['Province_State'][at] or 'the nation'} occurs "
            f"twice with different counts; keep one row"
        )
    daily = daily[~same].sort_values(["region", "date"], ignore_index=True)
    newest = daily["date"].max()
    last_end = newest - (newest.to_datetime64().astype("datetime64[D]") - _SATURDAY).astype(int) % 7 * _DAY
    after = daily["date"] > last_end
    ledger.set_aside(path.name, table, int(after.sum()), "days after the last whole week")
    daily = daily[~after].reset_index(drop=True)
    ledger.keep(path.name, table, len(daily))
    _correct(daily, path.name, table, ledger)
    weekly = _weekly(daily)
    people = _people(raw, set(weekly["region"]), ledger)
    return weekly.assign(people=weekly["region"].map(people).astype("float64"))


def _people(raw: Path, regions: set[str], ledger: Ledger) -> Mapping[str, float]:
    """Inhabitants by region, where the list of the FluSight hub has them (territories but one, and agencies: no)."""
    path = raw / RAW_PATHS["flusight_locations"]
    frame = read_csv(path, ["location", "population"])
    count = number(frame, "population", file=path.name, low=1, high=1e10, missing=())
    here = frame["location"].isin(regions)
    ledger.enter(path.name, "vaccine_region_doses", len(frame))
    ledger.keep(path.name, "vaccine_region_doses", int(here.sum()))
    ledger.set_aside(path.name, "vaccine_region_doses", int((~here).sum()), "no doses of this region")
    return dict(zip(frame.loc[here, "location"], count[here], strict=True))


def _daily(frame: pd.DataFrame, file: str) -> pd.DataFrame:
    import pandas as pd

    def day(text: str) -> pd.Timestamp:
        return pd.Timestamp(date.fromisoformat(text))

    region = parsed(
        frame, "UID", _region, file=file, wants="the UID of a state, territory, federal agency or the nation"
    )
    out = pd.DataFrame({
        "region": region,
        "name": frame["Province_State"].where(region != "US", "Whole country"),
        "date": pd.to_datetime(parsed(frame, "Date", day, file=file, wants="a date such as 2021-02-07")),
        **{c: whole(frame, s, file=file, low=0).astype(float) for c, s in TOTALS.items()},
    })  # fmt: skip
    names = out.groupby("region")["name"].nunique()
    if (names > 1).any():
        code = names.index[names > 1][0]
        raise RawFileError(f"{file}: region {code} has several names: {out.loc[out.region == code, 'name'].unique()}")
    return out


def _region(text: str) -> str:
    """FIPS code of a state or territory, "US", or A and two digits for a federal agency."""
    uid = int(text)
    if uid == 840:
        return "US"
    if uid in _TERRITORIES:
        return _TERRITORIES[uid]
    if 84000000 < uid < 84000100:
        return f"{uid - 84000000:02d}"
    if 84070000 < uid < 84070100:
        return f"A{uid - 84070000:02d}"
    raise ValueError


def _correct(daily: pd.DataFrame, file: str, table: str, ledger: Ledger) -> None:
    """Add the counts of `daily` that never fall, and the number of falls of each day, in place."""
    daily["reported_total"] = daily["doses_total"]
    daily["falls"] = 0
    changed = np.zeros(len(daily), dtype=bool)
    whole_country = (daily["region"] == "US").to_numpy()
    for column, source in TOTALS.items():
        fell = np.zeros(len(daily), dtype=bool)
        for rows in daily.groupby("region").indices.values():
            was = daily[column].to_numpy()[rows]
            fell[rows] = falls(was)
            right = np.round(never_falling(was))
            changed[rows] |= right != was
            daily.loc[rows, column] = right
        daily["falls"] += fell
        for mask, where in ((~whole_country, "of a state, territory or agency"), (whole_country, "of the nation")):
            ledger.flag(file, table, int((fell & mask).sum()), f"cumulative {source} {where} fell from the day before")
    ledger.repair(file, table, int(changed.sum()), "cumulative counts replaced by the nearest that never fall")


def _weekly(daily: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    day = daily["date"].to_numpy().astype("datetime64[D]")
    daily = daily.assign(week_end=(day + (_SATURDAY - day).astype(int) % 7 * _DAY).astype("datetime64[ns]"))
    take: Mapping[str, str] = {c: "last" for c in ("name", *TOTALS, "reported_total")} | {"falls": "sum"}
    weekly = daily.groupby(["region", "week_end"], as_index=False).agg(take)
    # A region is on the grid from its first report on; a week without a report keeps the counts before it.
    grids = []
    for region, rows in weekly.groupby("region"):
        weeks = np.arange(rows["week_end"].min(), weekly["week_end"].max() + _WEEK, _WEEK)
        grid = rows.set_index("week_end").reindex(pd.DatetimeIndex(weeks, name="week_end"))
        grid["falls"] = grid["falls"].fillna(0)
        grid = grid.ffill()
        grid["doses"] = grid["doses_total"].diff().fillna(grid["doses_total"])
        grid["first_doses"] = grid["first_total"].diff().fillna(grid["first_total"])
        grids.append(grid.reset_index().assign(region=region))
    out = pd.concat(grids, ignore_index=True)
    out["falls"] = out["falls"].astype("int64")
    region = out["region"]
    is_kind = [region == "US", region.str.startswith("A"), region.isin(_TERRITORIES.values())]
    return out.assign(kind=np.select(is_kind, ["nation", "agency", "territory"], "state"))
