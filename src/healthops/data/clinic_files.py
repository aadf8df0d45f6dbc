"""What a country records of its clinics: the columns of the CSV files, and how they are read."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.errors import RawFileError
from healthops.data.ledger import Ledger
from healthops.data.raw_files import one_of, parsed, read_csv
from healthops.data.raw_layout import RAW_PATHS

if TYPE_CHECKING:
    import pandas as pd

#: Columns of the files, by logical name.
COLUMNS: dict[str, tuple[str, ...]] = {
    "clinics": ("clinic", "time_zone", "holiday_calendar"),
    "clinic_events": ("clinic", "date"),
    "clinic_arrivals": ("clinic", "service", "date", "hour", "arrivals", "temp_c"),
    "clinic_appointments": (
        "appointment", "patient", "clinic", "service", "provider", "booked_at", "date", "start_minute", "age_years",
        "sex", "neighbourhood", "welfare", "hypertension", "diabetes", "alcoholism", "handicaps", "reminder", "no_show",
    ),
    "clinic_no_show_law": ("appointment", "no_show_probability"),
    "clinic_providers": (
        "provider", "clinic", "contract_hours", "nights", "max_days_in_row", "min_days_in_row", "min_days_off",
        "max_weekends",
    ),
    "clinic_skills": ("provider", "service"),
    "clinic_availability": ("provider", "date", "start_minute", "end_minute"),
    "clinic_requests": ("provider", "date", "kind", "shift", "weight"),
    "clinic_patients": ("patient", "clinic", "prefers", "preferred_provider"),
    "clinic_service_times": (
        "visit", "appointment", "clinic", "service", "provider", "date", "minutes", "late_minutes", "first_visit",
        "age_years",
    ),
}  # fmt: skip


def has_clinics(raw: Path) -> bool:
    """Whether the country under `raw` records its clinics."""
    return (raw / RAW_PATHS["clinics"]).is_file()


def open_clinic_file(raw: Path, name: str, table: str, ledger: Ledger) -> tuple[pd.DataFrame, str]:
    """Read a file of :data:`COLUMNS` as text, indexed by its lines from 0, and enter its rows for `table`.

    Raises
    ------
    RawFileError
        If it is not there, cannot be read, lacks a column or has no rows.
    """
    path = raw / RAW_PATHS[name]
    frame = read_csv(path, COLUMNS[name])[list(COLUMNS[name])]
    ledger.enter(path.name, table, len(frame))
    if frame.empty:
        raise RawFileError(f"{path.name} has no rows; write it again")
    return frame, path.name


def dates(frame: pd.DataFrame, column: str, file: str) -> pd.Series:
    """Parse a column of ISO dates."""
    import pandas as pd

    def parse(text: str) -> pd.Timestamp:
        return pd.Timestamp(date.fromisoformat(text))

    found = parsed(frame, column, parse, file=file, wants="a date such as 2023-05-31")
    return pd.to_datetime(found).astype("datetime64[ns]")


def flags(frame: pd.DataFrame, column: str, file: str, *, yes: str = "1", no: str = "0") -> pd.Series:
    """Parse a column of two words."""
    return one_of(frame, column, (yes, no), file=file) == yes


def optional(frame: pd.DataFrame, column: str) -> pd.Series:
    """Text, missing where the cell is empty."""
    return frame[column].where(frame[column] != "", None)


def among(frame: pd.DataFrame, column: str, choices: Collection[str], file: str) -> pd.Series:
    """Check that a column names nothing but `choices`; the error names the line and some of them."""
    allowed = set(choices)

    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError
        return text

    some = ", ".join(sorted(allowed)[:4]) + (" ..." if len(allowed) > 4 else "")
    return parsed(frame, column, parse, file=file, wants=f"a known {column} ({some}); add it there or drop the row")


class Sieve:
    """Sets rows of one file aside, with a reason in the ledger, and hands back those that are left.

    Parameters
    ----------
    frame : DataFrame
        Its parsed rows, indexed by the lines of the file from 0.
    """

    def __init__(self, frame: pd.DataFrame, ledger: Ledger, file: str, table: str) -> None:
        self.frame, self.ledger, self.file, self.table = frame, ledger, file, table

    def drop(self, wrong: pd.Series | np.ndarray, reason: str) -> None:
        """Set the rows aside for which `wrong` holds: a mask like the frame, or a series that has its rows."""
        import pandas as pd

        mask = wrong.reindex(self.frame.index) if isinstance(wrong, pd.Series) else wrong
        mask = np.asarray(mask, dtype=bool)
        self.ledger.set_aside(self.file, self.table, int(mask.sum()), reason)
        self.frame = self.frame[~mask]

    def note(self, which: pd.Series | np.ndarray, reason: str) -> None:
        """Note something about kept rows."""
        self.ledger.flag(self.file, self.table, int(np.asarray(which, dtype=bool).sum()), reason)

    def refuse(self, wrong: pd.Series | np.ndarray, column: str, why: str) -> None:
        """Raise an error that names the first row for which `wrong` holds."""
        mask = np.asarray(wrong, dtype=bool)
        if mask.any():
            at = self.frame.index[mask][0]
            raise RawFileError(f"{self.file}, line {int(at) + 2}: {column} {self.frame.loc[at, column]!r} {why}")

    def keep(self, *key: str) -> pd.DataFrame:
        """Return the rows that are left; two of one key are an error."""
        twice = self.frame.duplicated(list(key)).to_numpy()
        if twice.any():
            at = self.frame.index[twice][0]
            named = ", ".join(f"{name} {self.frame.loc[at, name]}" for name in key)
            raise RawFileError(
                f"{self.file}, line {int(at) + 2}: {named} occurs twice with different contents; keep one row"
            )
        self.ledger.keep(self.file, self.table, len(self.frame))
        return self.frame.reset_index(drop=True)
