"""Vaccine shipments as they arrived: undated ones stay undated, and exact repeats are named, not dropped."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from healthops.data.errors import RawFileError
from healthops.data.ledger import Ledger
from healthops.data.raw_files import one_of, parsed, read_csv, whole
from healthops.data.raw_layout import RAW_PATHS

if TYPE_CHECKING:
    import pandas as pd

_TABLE = "vaccine_shipments"
_COLUMNS = ("cantidad", "fecha_de_llegada", "vacuna", "farmaceutica", "covax", "last_update")
_DONATION = re.compile(r"(.+?) \(Donación (.+)\)")


def clean_shipments(raw: Path, ledger: Ledger) -> pd.DataFrame:
    """Return table ``vaccine_shipments``, one row a row of the file.

    A shipment without a date keeps none. Where the dates of the file run upwards, it lies between its dated
    neighbours, `arrived_from` and `arrived_to`. A row that repeats an earlier one in every cell names it in
    `repeat_of`: two equal shipments of one day are unlikely, but without a date nobody can tell, so that both rows
    are kept and what uses them decides.

    Raises
    ------
    RawFileError
        If a cell is no whole number of doses, no date, no product, or an arrival is after the file's last update.
    """
    import pandas as pd

    path = raw / RAW_PATHS["vaccine_arrivals"]
    frame = read_csv(path, _COLUMNS)
    ledger.enter(path.name, _TABLE, len(frame))
    doses = whole(frame, "cantidad", file=path.name, low=1, high=100_000_000)
    arrived = _dates(frame, "fecha_de_llegada", path.name, missing=("", "NA"))
    updated = _dates(frame, "last_update", path.name, missing=())
    late = arrived > updated
    if late.any():
        at = int(late.to_numpy().argmax())
        raise RawFileError(
            f"{path.name}, column 'fecha_de_llegada', line {at + 2}: {frame['fecha_de_llegada'].iloc[at]} is after the "
            f"file's last update, {frame['last_update'].iloc[at]}; correct the date, or leave it empty"
        )
    product = parsed(frame, "vacuna", _named, file=path.name, wants="the name of a vaccine")
    maker = parsed(frame, "farmaceutica", _named, file=path.name, wants="the name of a manufacturer")
    covax = one_of(frame, "covax", ("TRUE", "FALSE"), file=path.name) == "TRUE"
    number = pd.Series([f"S{k:03d}" for k in range(1, len(frame) + 1)], index=frame.index)
    first = number.groupby([frame[c] for c in _COLUMNS], sort=False).transform("first")
    earliest, latest = _between(arrived)
    out = pd.DataFrame({
        "shipment": number, "product": product, "manufacturer": maker.str.replace(_DONATION, r"\1", regex=True),
        "donor": maker.str.extract(_DONATION)[1], "covax": covax, "doses": doses, "arrived": arrived,
        "arrived_from": earliest, "arrived_to": latest, "repeat_of": first.where(first != number),
    })  # fmt: skip
    ledger.keep(path.name, _TABLE, len(out))
    undated = out["arrived"].isna()
    ledger.flag(path.name, _TABLE, int(undated.sum()), "no date of arrival; kept undated, between its dated neighbours")
    for without, what in ((False, "with the same date"), (True, "undated, so that it may be a second shipment")):
        repeats = int((out["repeat_of"].notna() & (undated == without)).sum())
        ledger.flag(path.name, _TABLE, repeats, f"repeats an earlier row in every cell, {what}; kept and named")
    return out


def _named(text: str) -> str:
    if not text.strip() or text.strip() == "NA":
        raise ValueError
    return text.strip()


def _dates(frame: pd.DataFrame, column: str, file: str, missing: tuple[str, ...]) -> pd.Series:
    import pandas as pd

    def parse(text: str) -> pd.Timestamp:
        if text.strip() in missing:
            return pd.NaT
        return pd.Timestamp(date.fromisoformat(text.strip()))

    found = parsed(frame, column, parse, file=file, wants="a date such as 2021-02-07")
    return pd.to_datetime(found).astype("datetime64[ns]")


def _between(arrived: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Earliest and latest day of each arrival: its date, or those of its neighbours where dates run upwards."""
    if not arrived.dropna().is_monotonic_increasing:
        return arrived, arrived
    return arrived.ffill(), arrived.bfill()
