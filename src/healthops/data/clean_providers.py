"""Clean the raw files of column 4, providers, into tables.

As in :mod:`healthops.data.clean`, everything is read and checked before the first table is written. A step of its own,
with a ledger of its own, so that what is wrong with the files of clinics does not stop the outbreak tables.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from healthops.data import staff
from healthops.data.campaign_rules import Rules, assumptions_table
from healthops.data.clean_appointments import VITORIA, clean_appointments, clean_no_show_law
from healthops.data.clean_arrivals import IOWA, clean_arrivals
from healthops.data.clean_staff import assume_staff, clean_staff
from healthops.data.clinic_files import Sieve, has_clinics, open_clinic_file
from healthops.data.clock import elapsed_hours
from healthops.data.errors import DataError
from healthops.data.holiday_calendar import CALENDARS, public_holidays
from healthops.data.ledger import Ledger
from healthops.data.provider_rules import load_provider_rules
from healthops.data.raw_files import one_of

if TYPE_CHECKING:
    import pandas as pd

    from healthops.workspace import Workspace


def clean_provider_tables(
    raw: Path, rng: np.random.Generator, *, providers: int, rules: Rules | None = None
) -> dict[str, pd.DataFrame]:
    """Read the raw files under `raw` and return the tables that they make, ``provider_ledger`` among them.

    Parameters
    ----------
    raw : path
        Folder of the raw files, laid out as :mod:`healthops.data.raw_layout` says.
    rng : Generator
        Draws staff and what else nobody recorded.
    providers : int
        How many to draw where nobody recorded them.
    rules : Rules, optional
        Assumptions, those of the package unless given.

    Raises
    ------
    RawFileError, DataError
        If a file does not hold what it should; the message names the file, the line and the remedy.
    LedgerError
        If a row is unaccounted for.
    """
    rules, ledger = rules or load_provider_rules(), Ledger()
    clinics = _clinics(raw, ledger)
    arrivals, events = clean_arrivals(raw, clinics, ledger)
    appointments = clean_appointments(raw, clinics, ledger)
    services = {*arrivals["service"], *appointments["service"]}
    if has_clinics(raw):
        tables = clean_staff(raw, clinics, appointments, services, ledger)
    else:
        tables = assume_staff(rng, arrivals, appointments, people=providers, rules=rules)
    return {
        "clinics": clinics,
        "hourly_arrivals": arrivals,
        "appointments": appointments,
        "clinic_calendar": _calendar(clinics, arrivals, appointments, events, rules),
        "no_show_law": clean_no_show_law(raw, appointments, ledger),
        # Staff that is on record says more of the appointments, which then replace those above.
        **tables,
        "shift_types": staff.shift_types(rules).assign(basis="assumed"),
        "provider_assumptions": assumptions_table(rules),
        "provider_ledger": ledger.frame(),
    }


def _clinics(raw: Path, ledger: Ledger) -> pd.DataFrame:
    import pandas as pd

    if not has_clinics(raw):
        return pd.DataFrame([IOWA, VITORIA])
    frame, file = open_clinic_file(raw, "clinics", "clinics", ledger)
    one_of(frame, "holiday_calendar", CALENDARS, file=file)
    sieve = Sieve(frame, ledger, file, "clinics")
    sieve.refuse(frame["time_zone"].map(_no_zone), "time_zone", "is not in the tz database; name one as America/Lima")
    return sieve.keep("clinic")


def _no_zone(name: str) -> bool:
    try:
        elapsed_hours(name, np.array(["2020-01-01"], dtype="datetime64[D]"))
    except DataError:
        return True
    return False


def _calendar(
    clinics: pd.DataFrame, arrivals: pd.DataFrame, appointments: pd.DataFrame, events: pd.DataFrame, rules: Rules
) -> pd.DataFrame:
    """Table ``clinic_calendar``, to the end of the weeks to plan."""
    import pandas as pd

    parts = []
    for clinic, zone, calendar in clinics[["clinic", "time_zone", "holiday_calendar"]].itertuples(index=False):
        ours = [frame[frame["clinic"] == clinic] for frame in (arrivals, appointments)]
        seen = pd.concat([ours[0]["date"], ours[1]["date"]])
        if seen.empty:
            raise DataError(
                f"clinic {clinic!r} has neither arrivals nor appointments; drop it from the list of clinics"
            )
        first = min(seen.min(), ours[1]["booked_date"].min()) if len(ours[1]) else seen.min()
        last = pd.Timestamp(staff.first_monday(seen.max().to_datetime64())) + timedelta(
            days=7 * int(rules("horizon", "weeks")) - 1
        )
        days = pd.date_range(first, last, freq="D").as_unit("ns")
        named = public_holidays(calendar, first.date(), last.date())
        hours = elapsed_hours(zone, days.to_numpy().astype("datetime64[D]"))
        parts.append(pd.DataFrame({
            "clinic": clinic, "date": days, "day_hours": hours.sum(axis=1),
            "holiday": pd.Series([named.get(day.date()) for day in days], dtype=object),
            "event": days.isin(events.loc[events["clinic"] == clinic, "date"]),
            "recorded": (days >= seen.min()) & (days <= seen.max()),
        }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def run(ws: Workspace) -> None:
    """Make the tables of column 4 from the scenario's raw files; each is made before the first is written."""
    people = ws.scenario.data.get("providers")
    if not isinstance(people, int) or isinstance(people, bool) or people < 1:
        raise DataError(f"config/{ws.scenario.name}.yaml: data: providers must be a whole number, not {people!r}")
    for name, frame in clean_provider_tables(ws.raw, ws.rng("staff"), providers=people).items():
        ws.write(name, frame)
        print(f"{name}: {len(frame):,} rows")
