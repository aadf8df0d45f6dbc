"""Appointments and no-shows: of primary care in Vitoria, or of the clinics of a country that records them."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

from healthops.data.clinic_files import Sieve, among, dates, flags, has_clinics, open_clinic_file, optional
from healthops.data.errors import RawFileError
from healthops.data.ledger import Ledger
from healthops.data.raw_files import need, number, one_of, parsed, whole
from healthops.data.raw_layout import RAW_PATHS

if TYPE_CHECKING:
    import pandas as pd

_TABLE = "appointments"
#: What the public file is of, by which clock it lives and whose holidays it keeps.
VITORIA = {"clinic": "vitoria", "time_zone": "America/Sao_Paulo", "holiday_calendar": "BR-ES"}
_COLUMNS = (
    "PatientId", "AppointmentID", "Gender", "ScheduledDay", "AppointmentDay", "Age", "Neighbourhood", "Scholarship",
    "Hipertension", "Diabetes", "Alcoholism", "Handcap", "SMS_received", "No-show",
)  # fmt: skip
_FLAGS = ("welfare", "hypertension", "diabetes", "alcoholism", "reminder", "no_show")


def clean_appointments(raw: Path, clinics: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Return table ``appointments``.

    Set aside are exact repeats, an age below 0, and appointments on a day before that of their booking. A booking at
    some time of the appointment's own day is none of the latter: the public file does not tell at what time an
    appointment was, and says midnight.

    Parameters
    ----------
    clinics : DataFrame
        Table ``clinics``.

    Raises
    ------
    RawFileError
        If a cell is not what it should be, or an appointment occurs twice with different contents.
    """
    rows, file = _from_clinics(raw, clinics, ledger) if has_clinics(raw) else _from_vitoria(raw, ledger)
    rows["lead_days"] = (rows["date"] - rows["booked_date"]).dt.days
    sieve = Sieve(rows, ledger, file, _TABLE)
    sieve.drop(rows.duplicated(), "repeats an earlier row in every cell")
    sieve.drop(sieve.frame["age_years"] < 0, "age below 0")
    sieve.drop(sieve.frame["lead_days"] < 0, "booked after the day of the appointment")
    left = sieve.frame
    sieve.note(
        ~left["patient"].str.fullmatch(r"\d+"), "patient's number is not whole, as a spreadsheet left it; kept as text"
    )
    alike = left.drop(columns="appointment").duplicated()
    sieve.note(alike, "equals an earlier one, to the minute, in all but its number; kept, as a person may have two")
    sieve.note(left["handicaps"] > 1, "more than one handicap: the column counts them")
    return sieve.keep("appointment")


def clean_no_show_law(raw: Path, appointments: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Return table ``no_show_law``: empty where nobody can tell."""
    import pandas as pd

    name = "no_show_law"
    if not has_clinics(raw):
        return pd.DataFrame({"appointment": pd.Series(dtype="str"), "no_show_probability": pd.Series(dtype="float64")})
    frame, file = open_clinic_file(raw, "clinic_no_show_law", name, ledger)
    column = "no_show_probability"
    rows = frame.assign(**{column: number(frame, column, file=file, low=0, high=1, missing=())})
    sieve = Sieve(rows, ledger, file, name)
    sieve.drop(~rows["appointment"].isin(appointments["appointment"]), "its appointment is not in the table")
    return sieve.keep("appointment")


def _from_clinics(raw: Path, clinics: pd.DataFrame, ledger: Ledger) -> tuple[pd.DataFrame, str]:
    frame, file = open_clinic_file(raw, "clinic_appointments", _TABLE, ledger)
    booked = _moments(frame, "booked_at", file)
    rows = frame.drop(columns="booked_at").assign(
        clinic=among(frame, "clinic", clinics["clinic"].tolist(), file),
        provider=optional(frame, "provider"),
        booked_date=booked.dt.normalize(),
        booked_minute=booked.dt.hour * 60 + booked.dt.minute,
        date=dates(frame, "date", file),
        start_minute=whole(frame, "start_minute", file=file, low=0, high=1440).astype("Int64"),
        age_years=whole(frame, "age_years", file=file, low=-150, high=120),
        sex=one_of(frame, "sex", ("female", "male"), file=file),
        handicaps=whole(frame, "handicaps", file=file, low=0, high=4),
        **{name: flags(frame, name, file) for name in _FLAGS},
    )
    return rows, file


def _from_vitoria(raw: Path, ledger: Ledger) -> tuple[pd.DataFrame, str]:
    import pandas as pd

    path = raw / RAW_PATHS["appointments"]
    frame, file = read_zipped(path), path.name
    ledger.enter(file, _TABLE, len(frame))
    booked = _moments(frame, "ScheduledDay", file)
    day = _moments(frame, "AppointmentDay", file)
    Sieve(frame, ledger, file, _TABLE).refuse(
        day != day.dt.normalize(), "AppointmentDay", "has a time of day, which the file never tells; fetch it again"
    )
    rows = pd.DataFrame({
        "appointment": frame["AppointmentID"], "patient": frame["PatientId"], "clinic": VITORIA["clinic"],
        # The file tells neither what kind of care it was, nor who gave it, nor at what time of the day.
        "service": "general", "provider": None,
        "booked_date": booked.dt.normalize(), "booked_minute": booked.dt.hour * 60 + booked.dt.minute,
        "date": day, "start_minute": pd.array([pd.NA] * len(frame), dtype="Int64"),
        "age_years": whole(frame, "Age", file=file, low=-150, high=120),
        "sex": flags(frame, "Gender", file, yes="F", no="M").map({True: "female", False: "male"}),
        "neighbourhood": frame["Neighbourhood"].str.strip(),
        "welfare": flags(frame, "Scholarship", file),
        "hypertension": flags(frame, "Hipertension", file),
        "diabetes": flags(frame, "Diabetes", file),
        "alcoholism": flags(frame, "Alcoholism", file),
        "handicaps": whole(frame, "Handcap", file=file, low=0, high=4),
        "reminder": flags(frame, "SMS_received", file),
        "no_show": flags(frame, "No-show", file, yes="Yes", no="No"),
    })  # fmt: skip
    same = (booked > day) & (booked.dt.normalize() == day)
    reason = "looks booked after the appointment, whose time of day is not told; booked on its day"
    ledger.flag(file, _TABLE, int(same.sum()), reason)
    return rows, file


def read_zipped(path: Path) -> pd.DataFrame:
    """Read the one CSV file of a zip archive as text, indexed by its lines from 0.

    Raises
    ------
    RawFileError
        If it is no archive, has other than one file, or lacks a column.
    """
    import pandas as pd

    try:
        with ZipFile(need(path)) as archive:
            (name,) = archive.namelist()
            text = archive.read(name).decode("utf-8")
    except (BadZipFile, ValueError) as error:
        raise RawFileError(f"{path.name} is not a zip archive of one UTF-8 file ({error}); fetch it again") from None
    frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    lacking = [column for column in _COLUMNS if column not in frame.columns]
    if lacking:
        raise RawFileError(f"{path.name} lacks the columns {lacking}; it has {list(frame.columns)}")
    return frame


def _moments(frame: pd.DataFrame, column: str, file: str) -> pd.Series:
    """Parse moments of the local clock; the Z behind those of the public file is not meant (bookings are 6 to 21 h)."""
    import pandas as pd

    def parse(text: str) -> pd.Timestamp:
        return pd.Timestamp(datetime.fromisoformat(text.removesuffix("Z")))

    found = parsed(frame, column, parse, file=file, wants="a moment such as 2016-04-29T18:38:08")
    return pd.to_datetime(found).astype("datetime64[ns]")
