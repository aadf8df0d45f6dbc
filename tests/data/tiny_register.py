"""A register of two hamlets, small enough to check by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from healthops.data.clean_community import clean_register_tables
from healthops.data.community_rules import load_rules
from healthops.data.register_faults import Faults
from healthops.data.register_files import COLUMNS, register_path

ON = pd.Timestamp("2023-05-01")
KEY = b"tiny"
PLACES = pd.DataFrame({"ubigeo": ["010101", "01"], "level": ["district", "department"]})

ROWS = {
    "community_hamlets": ["C1,Arriba,010101,-5.0,-75.0,flat", "C2,Abajo,010101,-5.0,-75.09,mountain"],
    "community_workers": [
        "A1,Una Obrera,911111111,C1,general|maternal,1111100,08:00,14:00,30,8",
        "A2,Un Obrero,922222222,C2,general|chronic,1111110,07:00,12:00,45,10",
    ],
    "community_households": [
        "HH1,C1,Ana Lopa,Casa 1 junto a Rulo,-5.001,-75.001,yes,A1,08:00,12:00,piped,gas,sewer",
        "HH2,C1,Beta Mori,Casa 2 junto a Rulo,-5.003,-75.002,yes,A1,,,river,wood,none",
        "HH3,C2,Caro Tesvel,Casa 3 junto a Mira,-5.002,-75.091,yes,A2,,,open well,dung,latrine",
    ],
    "community_people": [
        "P1,HH1,Ana Lopa,41111111,955555551,female,1990-05-02,32,2020-01-05,,never,none,low,3,no,no,no,no",
        "P2,HH1,Hijo Lopa,41111112,,male,2021-03-31,2,2021-04-02,,,,,5,no,no,no,no",
        "P3,HH2,Beta Mori,41111113,955555553,male,,70,2020-01-05,2023-03-01,daily,heavy,high,0,yes,,no,yes",
        "P4,HH3,Caro Tesvel,41111114,955555554,female,1985-01-01,38,2020-02-01,,former,some,moderate,,no,yes,no,no",
    ],
    "community_pregnancies": [
        "E1,P1,2022-10-01,2022-08-01,,,,,,",
        "E2,P4,2022-01-10,,2022-06-01,miscarriage,2022-06-03,,,",
    ],
    "community_visits": [
        "V1,P1,E1,A1,2022-10-01,pregnancy,120,80,70,36.6,,97,,0,no,,2022-10-20",
        "V2,P2,,A1,2022-11-05,household_visit,,,110,36.9,,,131,1,yes,2022-11-07,",
        "V3,P4,,A2,2022-12-05,household_visit,151,92,88,37,9.9,,,0,no,,",
    ],
    "community_events": ["X1,P1,2023-01-31,danger_sign", "X2,P1,2023-02-01,admission", "X3,P4,2022-05-10,admission"],
}


def write(folder: Path, **changes: list[str]) -> Path:
    """Write the register; `changes` replaces a file's rows by the part of its name after ``community_``."""
    for name, rows in ROWS.items():
        rows = changes.get(name.removeprefix("community_"), rows)
        register_path(folder, name).parent.mkdir(parents=True, exist_ok=True)
        register_path(folder, name).write_text("\n".join([",".join(COLUMNS[name]), *rows]) + "\n", encoding="utf-8")
    return folder


def clean(folder: Path, key: bytes = KEY, **changes: list[str]) -> tuple[dict[str, pd.DataFrame], Faults]:
    """Write and clean the register; the ledger balances."""
    faults = Faults()
    tables = clean_register_tables(
        write(folder, **changes), PLACES, on=ON, key=key, basis="register", rules=load_rules(), faults=faults
    )
    faults.ledger.check()
    return tables, faults


def more(name: str, *rows: str) -> dict[str, list[str]]:
    """Change that adds rows to a file."""
    return {name: [*ROWS[f"community_{name}"], *rows]}


def edited(name: str, old: str, new: str) -> dict[str, list[str]]:
    """Change that replaces a text in a file; it must be there."""
    rows = ROWS[f"community_{name}"]
    assert any(old in row for row in rows), old
    return {name: [row.replace(old, new, 1) for row in rows]}
