"""Make the tables of column 3, community health workers: the set of maternal health risks, and a register.

The set of risks is public (or simulated, in a synthetic scenario) and lies under ``data/raw``. No public source offers
the register of a programme: in every scenario one is imagined (column `basis` says so) at places of the scenario,
written to a folder that is thrown away as soon as it has been cleaned, and cleaned as a real one would be. So names and
positions never lie beside the project's data.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from healthops.data import clean_maternal, clean_people, clean_register, clean_visits
from healthops.data.community_rules import Rules, assumptions_table, load_rules
from healthops.data.register_faults import Faults
from healthops.data.register_files import IMAGINED, SIMULATED, register_path

if TYPE_CHECKING:
    import pandas as pd

    from healthops.workspace import Workspace

#: Landmarks before the register's date, one a quarter: a year of outcomes to learn from.
ROUNDS = 4


def clean_register_tables(
    folder: Path,
    places: pd.DataFrame,
    *,
    on: pd.Timestamp,
    key: bytes,
    basis: str,
    rules: Rules,
    faults: Faults,
) -> dict[str, pd.DataFrame]:
    """Clean the register in `folder`; see :class:`healthops.data.clean_register.Register` for the arguments.

    Raises
    ------
    RawFileError, DataError
        If a file does not hold what it should; the message names the file, the line and the remedy.
    """
    register = clean_register.Register(folder, on=on, key=key, basis=basis, rules=rules, faults=faults)
    districts = set(places.loc[places["level"] == "district", "ubigeo"])
    tables, staff = clean_register.clean_places_of_work(register, districts)
    people, persons, born = clean_people.clean_people(register, tables["community_households"])
    events = clean_visits.clean_events(register, persons)
    window = int(rules("outcome", "window_days"))
    tables |= {
        "community_people": people,
        "community_pregnancies": clean_visits.clean_pregnancies(register, persons),
        "community_visits": clean_visits.clean_visits(register, persons, staff),
        "community_events": events,
        "community_landmarks": clean_visits.landmarks(people, born, events, on=on, window=window, rounds=ROUNDS),
    }
    if all(register_path(folder, name).is_file() for name in SIMULATED):
        tables["community_season"] = clean_visits.read_season(register, persons)
        tables["community_true_risk"] = clean_visits.read_true_risk(register, persons)
    return tables


def clean_community_tables(
    raw: Path, folder: Path, places: pd.DataFrame, *, on: pd.Timestamp, key: bytes, basis: str
) -> dict[str, pd.DataFrame]:
    """Return every table of the step: of the raw files under `raw` and of the register in `folder`.

    Raises
    ------
    RawFileError, DataError
        As :func:`clean_register_tables`.
    LedgerError
        If a row is unaccounted for.
    """
    rules, faults = load_rules(), Faults()
    tables = {"maternal_risk": clean_maternal.clean_maternal(raw, rules, faults)}
    tables |= clean_register_tables(folder, places, on=on, key=key, basis=basis, rules=rules, faults=faults)
    return tables | {
        "community_assumptions": assumptions_table(rules),
        "community_faults": faults.frame(),
        "community_ledger": faults.ledger.frame(),
    }


def run(ws: Workspace) -> None:
    """Imagine the register, clean it and the set of risks; each table is made before the first is written."""
    import pandas as pd

    from healthops.data.synthetic_register import REGISTER_DATE, write_register

    places, size = ws.read("places"), ws.scenario.data
    with TemporaryDirectory(prefix="register-") as folder:
        write_register(
            ws,
            Path(folder),
            places,
            households=int(size["community_households"]),
            workers=int(size["community_workers"]),
        )
        # Nobody real is in an imagined register, so its key need not be secret; a programme keeps one.
        tables = clean_community_tables(
            ws.raw, Path(folder), places, on=pd.Timestamp(REGISTER_DATE), key=f"imagined {ws.seed}".encode(),
            basis=IMAGINED,
        )  # fmt: skip
    for name, frame in tables.items():
        ws.write(name, frame)
        print(f"{name}: {len(frame):,} rows")
