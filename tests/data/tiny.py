"""A country of two departments in the formats of the public files, small enough to check by hand."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path

from healthops.data.raw_layout import RAW_PATHS

_ATTRIBUTES = "superficie,pob_densidad_2020,altitude,latitude,longitude,idh_2019,pct_pobreza_total"
DEPARTMENTS = (
    f"inei,departamento,{_ATTRIBUTES}\n"
    "010000,COSTA RICA,200,10,15,-5,-80,0.5,30\n"
    "020000,MONTE,100,3,3000,-5,-78,0.4,60\n"
)
PROVINCES = (
    f"inei,departamento,provincia,macroregion_inei,{_ATTRIBUTES}\n"
    "010100,COSTA RICA,PUERTO,NORTE,200,10,15,-5,-80,0.5,30\n"
    "020100,MONTE,ALTURA,ORIENTE,100,3,3000,-5,-78,0.4,60\n"
)
DISTRICTS = (
    f"inei,departamento,provincia,distrito,macroregion_inei,{_ATTRIBUTES}\n"
    "010101,COSTA RICA,PUERTO,PUERTO,NORTE,100,10,15,-5,-80,0.5,30\n"
    "010102,COSTA RICA,PUERTO,SAN CLEMENTE,NORTE,S.I.,S.I.,15,-5.1,-80,0.5,30\n"
    "020101,MONTE,ALTURA,ALTURA,ORIENTE,50,3,3000,-5,-78,0.4,60\n"
    "020102,MONTE,ALTURA,VALLE ÑAÑO,ORIENTE,50,3,400,-5,-77,0.4,60\n"
    "020103,MONTE,ALTURA,NUEVO,ORIENTE,,,,,,,\n"
    ",MONTE,ALTURA,SIN CODIGO,ORIENTE,,,,,,,\n"
)
PROVINCE_POPULATION = (
    "Name,Status,7/11/93,10/22/17,6/30/22\n"
    "Costa Rica,Region,600,1100,1300\nPuerto,Province,600,1100,1300\n"
    "Monte (? x),Region,200,330,400\nAltura,Province,200,330,400\n"
)
CENSUS = [
    ("CUADRO Nº 1: POBLACIÓN", "Total"),
    ("Departamento, provincia, distrito y\nedades simples", None),
    ("PERÚ", 1300),
    ("Menores de 1 año", 20),
    (None, None),
    ("DEPARTAMENTO COSTA RICA", 1000),
    ("PROVINCIA PUERTO", 1000),
    ("De 10 a 14 años", 50),
    ("DISTRITO PUERTO", 900),
    ("DISTRITO SAN CLEMENTE", 100),
    ("DEPARTAMENTO MONTE", 300),
    ("PROVINCIA ALTURA", 300),
    ("DISTRITO ALTURA", 300),
    ("DISTRITO VALLE ÑAÑO", "-"),
]
STATION = (
    "YYYY,MM,DD,TMAX,TMIN,TAVG,TDTR,PRCP\n"
    "2020,12,27,   30.0,   20.0,   26.0,   10.0,    1.0\n"
    "2020,12,28,   30.0,   20.0,-9999.0,-9999.0,    2.0\n"
    "2020,12,29,-9999.0,   22.0,-9999.0,-9999.0,    3.0\n"
    "2020,12,30,   32.0,   22.0,   27.0,   10.0,    4.0\n"
    "2021,01,02,   32.0,   22.0,   28.0,   10.0,-9999.0\n"
    "2021,01,03,-9999.0,-9999.0,-9999.0,-9999.0,-9999.0\n"
    "2021,01,12,   31.0,-9999.0,-9999.0,-9999.0,-9999.0\n"
)
HEADER = "Departamnento,Provincia,Distrito,Ano,Semana actualización,Eventos o daños,Semana,Sexo,Tipo de diagnóstico,DIS"


def line(place: str, year: int, week: int, sex: str = "Femenino", kind: str = "Confirmados", count: object = 1) -> str:
    """One row of the line list; `place` is ``department/province/district``."""
    return ",".join([*place.split("/"), str(year), "19", "Dengue", str(week), sex, kind, str(count)])


PUERTO = "COSTA RICA/PUERTO/PUERTO"
LINES = (
    line(PUERTO, 2020, 51),
    line(PUERTO, 2020, 53, sex="Masculino", kind="Probables"),
    line(PUERTO, 2020, 53),
    line("COSTA RICA/PUERTO/SAN CLEMNTE", 2021, 2),
    line("COSTA RICA/PUERTO/ANOTHER PLACE", 2020, 51),
    line("//", 2020, 52),
)


def write_raw(raw: Path, *, lines: Iterable[str] = LINES, header: str = HEADER, **contents: str | bytes) -> Path:
    """Write the raw files; `contents` replaces (or adds) a file by its logical name."""
    files: dict[str, str | bytes] = {
        "ubigeo_department": DEPARTMENTS,
        "ubigeo_province": PROVINCES,
        "ubigeo_district": DISTRICTS,
        "province_population": PROVINCE_POPULATION,
        "boundaries_department": outlines("FIRST_IDDP", ["01", "02"]),
        "boundaries_province": outlines("FIRST_IDPR", ["0101", "0201", "0201"]),
        "boundaries_district": outlines("IDDIST", ["010101", "010102", "020101", "990101"], null="020102"),
        "line_list": "\n".join([header, *lines]) + "\n",
        **contents,
    }
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        path = raw / RAW_PATHS[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    if "census" not in contents:
        write_census(raw / RAW_PATHS["census"])
    return raw


def write_census(path: Path, rows: Iterable[tuple[object, object]] = CENSUS) -> None:
    """Write an Excel workbook whose first sheet holds `rows`, with a second sheet that nobody reads."""
    import openpyxl

    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.create_sheet("POB2").append(("DEPARTAMENTO COSTA RICA", 5))
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)


def outlines(code: str, codes: list[str], *, null: str = "") -> str:
    """Return a GeoJSON collection of squares with a hole, one a code, and one feature without geometry."""
    outer = [[0, 0], [0, 3.1234567], [3, 3], [0, 0]]
    inner = [[1, 1], [1, 2], [2, 2], [1, 1]]
    features = [
        {"properties": {code: c}, "geometry": {"type": "Polygon", "coordinates": [outer, inner]}} for c in codes
    ]
    if null:
        features.append({"properties": {code: null}, "geometry": None})
    return json.dumps({"type": "FeatureCollection", "features": features})
