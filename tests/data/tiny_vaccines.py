"""The vaccine files of the tiny country of :mod:`tests.data.tiny`, small enough to check by hand."""

from __future__ import annotations

from pathlib import Path

from healthops.data.raw_layout import CONTACT_EDITIONS, CONTACT_SETTINGS, RAW_PATHS
from tests.data import tiny

#: Ages of Costa Rica: 1,000 people, of whom Puerto (province) the same; Monte: 300.
COAST = {"Menores de 1 año": 20, "De 1 a 4 años": 80, "De 5 a 9 años": 100, "De 10 a 14 años": 100,
         "De 15 a 19 años": 100, "De 20 a 64 años": 500, "De 65 y más años": 100}  # fmt: skip
HILL = {"Menores de 1 año": 5, "De 1 a 4 años": 20, "De 5 a 9 años": 25, "De 10 a 14 años": 25,
        "De 15 a 19 años": 50, "De 20 a 64 años": 125, "De 65 y más años": 50}  # fmt: skip
_BOUNDS = {"De 1 a 4 años": (1, 4), "De 5 a 9 años": (5, 9), "De 10 a 14 años": (10, 14), "De 15 a 19 años": (15, 19),
           "De 20 a 64 años": (20, 64), "De 65 y más años": (65, 98)}  # fmt: skip


def singles(bands: dict[str, int]) -> list[tuple[str, int]]:
    """Bands, each followed by its single years: all of the band's people in its first year."""
    lines: list[tuple[str, int]] = []
    for label, people in bands.items():
        lines.append((label, people))
        if label in _BOUNDS:
            low, high = _BOUNDS[label]
            for age in range(low, high + 1):
                name = "98 y más años" if age == 98 else "1 año" if age == 1 else f"{age} años"
                lines.append((name, people if age == low else 0))
    return lines


def _both() -> dict[str, int]:
    return {label: COAST[label] + HILL[label] for label in COAST}


CENSUS: list[tuple[object, object]] = [
    ("CUADRO Nº 1: POBLACIÓN", "Total"),
    ("PERÚ", 1300),
    *singles(_both()),
    (None, None),
    ("DEPARTAMENTO COSTA RICA", 1000),
    *singles(COAST),
    ("PROVINCIA PUERTO", 1000),
    *COAST.items(),
    ("DISTRITO PUERTO", 900),
    ("DISTRITO SAN CLEMENTE", 100),
    ("DEPARTAMENTO MONTE", 300),
    *singles(HILL),
    ("PROVINCIA ALTURA", 300),
    *HILL.items(),
    ("DISTRITO ALTURA", 300),
    ("DISTRITO VALLE ÑAÑO", "-"),
]
AGES = "group_name,value\n" + "".join(f"{age},10\n" for age in range(84)) + "84+,160\n"
ARRIVALS = (
    "cantidad,fecha_de_llegada,vacuna,farmaceutica,covax,last_update\n"
    "1000,2021-02-07,BBIBP-CorV,Sinopharm,FALSE,2021-11-12\n"
    "1000,2021-02-07,BBIBP-CorV,Sinopharm,FALSE,2021-11-12\n"
    "605,NA,Tozinamerán,Pfizer-BioNTech,TRUE,2021-11-12\n"
    "300,,AZD1222,Oxford-AstraZeneca (Donación España),FALSE,2021-11-12\n"
    "605,NA,Tozinamerán,Pfizer-BioNTech,TRUE,2021-11-12\n"
    "500,2021-02-15,BBIBP-CorV,Sinopharm,FALSE,2021-11-12\n"
)
COVERAGE = (
    "location,sunday,age_group_min,age_group_max,people_vaccinated_per_hundred,people_fully_vaccinated_per_hundred\n"
    "X,2021-02-14,18,,1,NA\n"
    "X,2021-02-21,0,17,0.5,NA\n"
    "X,2021-02-21,18,,6,0\n"
    "X,2021-02-28,0,17,NA,NA\n"
    "X,2021-02-28,18,,4,1\n"
    "X,2021-03-07,0,17,0.7,0.1\n"
    "X,2021-03-07,18,,20,2\n"
)
STATES_HEADER = (
    "Date,UID,Province_State,Country_Region,Doses_admin,People_at_least_one_dose,People_fully_vaccinated,"
    "Total_additional_doses\n"
)
#: Alabama from Friday 2021-01-01 to Tuesday 2021-01-12: a day twice, a fall, and days after the last whole week.
STATES = STATES_HEADER + "".join(
    f"2021-01-{day:02d},84000001,Alabama,US,{doses},{doses},0,0\n"
    for day, doses in [(1, 5), (2, 10), (2, 10), (5, 40), (6, 20), (8, 60), (9, 70), (11, 75), (12, 80)]
)

REGIONS = "abbreviation,location,location_name,population\nAL,01,Alabama,5000\nAK,02,Alaska,700\n"


def matrix(value: float = 1.0, size: int = 16) -> str:
    """A matrix of equal contacts."""
    return "\n".join(",".join([f"{value:g}"] * size) for _ in range(size)) + "\n"


def write_raw(raw: Path, *, census: list[tuple[object, object]] | None = None, **contents: str) -> Path:
    """Write the raw files of the tiny country and its vaccines; `contents` replaces a file by its logical name."""
    tiny.write_raw(raw)
    tiny.write_census(raw / RAW_PATHS["census"], CENSUS if census is None else census)
    files = {"age_distribution": AGES, "vaccine_arrivals": ARRIVALS, "vaccine_coverage": COVERAGE,
             "doses_by_state": STATES, "flusight_locations": REGIONS}  # fmt: skip
    for edition in CONTACT_EDITIONS:
        for setting in CONTACT_SETTINGS:
            files[f"contacts_{edition}_{setting}"] = matrix(4.0 if setting == "all" else 1.0)
    for name, content in (files | contents).items():
        path = raw / RAW_PATHS[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return raw
