"""Writing the synthetic country as the raw files that the public sources would give: same places, names and columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from healthops.data.epiweek import epi_week
from healthops.data.raw_layout import RAW_PATHS
from healthops.data.synthetic_ages import age_lines, count_ages
from healthops.data.synthetic_names import plain
from healthops.data.synthetic_places import CENSUS_YEARS, DENSITY_YEAR, Country
from healthops.data.synthetic_surveillance import Reports
from healthops.data.synthetic_write import write_csv, write_json, write_sheet, write_text

if TYPE_CHECKING:
    import pandas as pd

_LINE_LIST = ["Departamnento", "Provincia", "Distrito", "Ano", "Semana actualización", "Eventos o daños", "Semana",
              "Sexo", "Tipo de diagnóstico", "DIS"]  # fmt: skip
_MEANS = {
    "altitude": 0,
    "latitude": 4,
    "longitude": 4,
    "food_insecurity": 4,
    "hdi": 4,
    "poverty_pct": 2,
    "extreme_pct": 2,
}


def write_places(folder: Path, country: Country) -> None:
    """Write the three tables of places, the population of the provinces and the census."""
    table = country.districts.sort_values("ubigeo", ignore_index=True)
    table["region"] = table["departamento"]
    table["macroregion_inei"] = _macroregion(table)
    for level, digits in (("district", 6), ("province", 4), ("department", 2)):
        rows = [_place_row(level, group) for _, group in table.groupby(table["ubigeo"].str[:digits])]
        write_csv(folder / RAW_PATHS[f"ubigeo_{level}"], list(rows[0]), [list(r.values()) for r in rows])
    people: list[list[object]] = []
    for _, department in table.groupby(table["ubigeo"].str[:2]):
        people.append(_people_row("departamento", "Region", department))
        for _, province in department.groupby(department["ubigeo"].str[:4]):
            people.append(_people_row("provincia", "Province", province))
    write_csv(folder / RAW_PATHS["province_population"], ["Name", "Status", *CENSUS_YEARS], people)
    write_sheet(folder / RAW_PATHS["census"], "census_data", _census_rows(table))


def _place_row(level: str, group: pd.DataFrame) -> dict[str, object]:
    """Row of a table of places; of a province or department, the capital's place and the people-weighted means."""
    first, people = group.iloc[0], group[DENSITY_YEAR]
    code = f"{first['ubigeo'][: {'department': 2, 'province': 4, 'district': 6}[level]]:0<6}"
    row: dict[str, object] = {"inei": code, "reniec": code, "departamento": plain(first["departamento"])}
    if level != "department":
        row["provincia"] = plain(first["provincia"])
    if level == "district":
        row["distrito"] = plain(first["distrito"])
    if level != "department":
        row |= {"region": plain(first["region"]), "macroregion_inei": first["macroregion_inei"]}
        row["macroregion_minsa"] = f"MACROREGION {first['macroregion_inei']}"
    area = round(float(group["area_km2"].sum()), 2)
    iso = plain(first["departamento"]).replace(" ", "")[:3]
    row |= {"iso_3166_2": f"XX-{iso}", "fips": code[:2], "capital": first["capital"], "superficie": area}
    row["pob_densidad_2020"] = round(float(people.sum()) / area, 6)
    row |= {name: _of_capital_or_mean(group, name, digits) for name, digits in _MEANS.items()}
    names = {"food_insecurity": "indice_vulnerabilidad_alimentaria", "hdi": "idh_2019"}
    names |= {"poverty_pct": "pct_pobreza_total", "extreme_pct": "pct_pobreza_extrema"}
    row = {names.get(key, key): value for key, value in row.items()}
    if level != "district":
        at = list(row).index("indice_vulnerabilidad_alimentaria")
        density = round(float(np.clip(0.35 + 0.5 * np.average(group["urban"], weights=people), 0, 1)), 4)
        row = dict([*list(row.items())[:at], ("indice_densidad_estado", density), *list(row.items())[at:]])
    return row


def _of_capital_or_mean(group: pd.DataFrame, name: str, digits: int) -> float | int:
    if name in ("altitude", "latitude", "longitude"):
        return group.iloc[0][name].item() if hasattr(group.iloc[0][name], "item") else group.iloc[0][name]
    return round(float(np.average(group[name], weights=group[DENSITY_YEAR])), digits)


def _people_row(column: str, status: str, group: pd.DataFrame) -> list[object]:
    return [group[column].iloc[0].title(), status, *(int(group[year].sum()) for year in CENSUS_YEARS.values())]


def _macroregion(table: pd.DataFrame) -> np.ndarray:
    """North, centre, south by latitude; east where a department's capital lies low and far from the sea."""
    of_capital = table.groupby(table["ubigeo"].str[:2])[["altitude", "latitude", "longitude"]].transform("first")
    east = (of_capital["altitude"] < 1000) & (of_capital["longitude"] > table["longitude"].quantile(0.6))
    third = np.select([of_capital["latitude"] > -6.5, of_capital["latitude"] > -11], ["NORTE", "CENTRO"], "SUR")
    return np.where(east, "ORIENTE", third)


def _census_rows(table: pd.DataFrame) -> list[list[object]]:
    """Census of 2017 by age, sex and area, in the order and with the headings of the real sheet."""
    ages = count_ages(table, 2017)

    def counted(label: str, people: pd.Series, urban: pd.Series) -> list[object]:
        city = (people * urban).round().astype(int)
        counts: list[object] = [label]
        for part in (people, city, people - city):
            men = (part * 0.492).round().astype(int)
            counts += [int(part.sum()), int(men.sum()), int((part - men).sum())]
        # The census writes a dash for nobody.
        return [value if value else "-" for value in counts]

    def row(label: str, group: pd.DataFrame) -> list[object]:
        return counted(label, group[2017], group["urban"])

    def by_age(group: pd.DataFrame, *, single: bool) -> list[list[object]]:
        lines = age_lines(ages[table.index.get_indexer(group.index)], single=single)
        return [counted(label, group[2017] * 0 + people, group["urban"]) for label, people in lines]

    rows: list[list[object]] = [
        [
            "CUADRO Nº 1: POBLACIÓN CENSADA, POR ÁREA URBANA Y RURAL; Y SEXO, SEGÚN DEPARTAMENTO, PROVINCIA, DISTRITO "
            "Y EDADES SIMPLES"
        ],
        [
            "Departamento, provincia, distrito",
            "Total",
            "Población",
            None,
            "Total",
            "Urbana",
            None,
            "Total",
            "Rural",
            None,
        ],
        [None, None, "Hombres", "Mujeres", None, "Hombres", "Mujeres", None, "Hombres", "Mujeres"],
        [],
        row("PERÚ", table),
        [],
        *by_age(table, single=True),
        [],
    ]
    for _, department in table.groupby(table["ubigeo"].str[:2]):
        rows += [row("DEPARTAMENTO " + department["departamento"].iloc[0], department), []]
        rows += [*by_age(department, single=True), []]
        for _, province in department.groupby(department["ubigeo"].str[:4]):
            rows += [row("PROVINCIA " + province["provincia"].iloc[0], province), []]
            rows += [*by_age(province, single=False), []]
            for k in range(len(province)):
                rows += [row("DISTRITO " + province["distrito"].iloc[k], province.iloc[k : k + 1]), []]
    return rows


def write_boundaries(folder: Path, country: Country) -> None:
    """Write the outlines of districts, provinces and departments."""
    table = country.districts
    for level, digits in (("district", 6), ("province", 4), ("department", 2)):
        codes = table["ubigeo"].str[:digits]
        features = []
        for k, code in enumerate(sorted(codes.unique()), 1):
            members = (codes == code).to_numpy()
            rings = [[np.round(ring, 5).tolist()] for ring in country.map.outline(members)]
            shape = {"type": "Polygon", "coordinates": rings[0]}
            if len(rings) > 1:
                shape = {"type": "MultiPolygon", "coordinates": rings}
            properties = _properties(level, code, k, table[members])
            features.append({"type": "Feature", "properties": properties, "geometry": shape})
        crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
        write_json(
            folder / RAW_PATHS[f"boundaries_{level}"], {"type": "FeatureCollection", "crs": crs, "features": features}
        )


def _properties(level: str, code: str, number: int, group: pd.DataFrame) -> dict[str, object]:
    first = group.iloc[0]
    department, province, district = (plain(first[c]) for c in ("departamento", "provincia", "distrito"))
    hectares = round(float(group["area_km2"].sum()) * 100, 2)
    if level == "department":
        return {"NOMBDEP": department, "COUNT": len(group), "FIRST_IDDP": code, "HECTARES": hectares}
    if level == "province":
        names = {"FIRST_IDPR": code, "NOMBPROV": province, "FIRST_NOMB": department}
        return {"COUNT": len(group), **names, "MIN_SHAPE_": hectares, "ha": hectares}
    names = {"NOMBDIST": district, "NOMBPROV": province, "NOMBDEP": department, "NOM_CAP": plain(first["capital"])}
    return {"OBJECTID": number, "IDDIST": code, "IDDPTO": code[:2], "IDPROV": code[:4], **names, "AREA_MINAM": hectares}


def write_reports(folder: Path, reports: Reports, districts: pd.DataFrame, week_ends: np.ndarray) -> None:
    """Write the line list, the silent weeks, the reporting triangle and what was planted."""
    years, weeks = epi_week(week_ends)
    cases = reports.cases.sort_values(["week", "district", "delay"], kind="stable", ignore_index=True)
    placed = cases["district"].to_numpy() >= 0
    where = cases["district"].to_numpy()
    columns = {}
    for heading, column in (("Departamnento", "departamento"), ("Provincia", "provincia")):
        columns[heading] = np.where(placed, districts[column].map(plain).to_numpy(dtype=object)[where], "")
    columns["Distrito"] = cases["written"].to_numpy()
    columns["Ano"], columns["Semana"] = years[cases["week"]], weeks[cases["week"]]
    columns["Semana actualización"] = np.full(len(cases), weeks[-1])
    columns["Eventos o daños"] = np.full(len(cases), "Dengue")
    columns["Sexo"] = np.where(cases["female"], "Femenino", "Masculino")
    columns["Tipo de diagnóstico"] = np.where(cases["confirmed"], "Confirmados", "Probables")
    columns["DIS"] = np.ones(len(cases), dtype=int)
    write_csv(folder / RAW_PATHS["line_list"], _LINE_LIST, zip(*(columns[c].tolist() for c in _LINE_LIST), strict=True))

    silent = [[code, int(years[t]), int(weeks[t])] for code, t in reports.silent]
    write_csv(folder / RAW_PATHS["silent_weeks"], ["ubigeo", "epi_year", "epi_week"], silent)
    codes = districts["ubigeo"].to_numpy()
    sums = cases[placed].groupby(["district", "week", "delay"]).size()
    triangle = sorted([codes[d], int(years[t]), int(weeks[t]), int(k), int(n)] for (d, t, k), n in sums.items())
    headings = ["ubigeo", "epi_year", "epi_week", "delay_weeks", "cases"]
    write_csv(folder / RAW_PATHS["reporting_triangle"], headings, triangle)


def write_stations(folder: Path, rng: np.random.Generator, country: Country, temp: np.ndarray, rain: np.ndarray,
                   week_ends: np.ndarray) -> dict[str, Any]:  # fmt: skip
    """Write one daily station a department, at its capital; return the gaps that were planted.

    Days are drawn around the weekly means; some days are absent, some values are -9999, as in the real file.
    """
    table = country.districts
    home = folder / RAW_PATHS["stations"].parent
    listed, absent, blank = [], 0, 0
    days = (week_ends[:, None] - np.arange(6, -1, -1)).ravel()
    year, month = days.astype("datetime64[Y]"), days.astype("datetime64[M]")
    dates = np.column_stack([year.astype(int) + 1970, month.astype(int) % 12 + 1, (days - month).astype(int) + 1])
    for k in table.index[table["ubigeo"].str[2:] == "0101"].sort_values():
        code = table["ubigeo"][k]
        listed.append([code, f"stations/{code}.csv"])
        values = _daily(rng, temp[k], rain[k])
        kept = rng.random(len(days)) >= 0.02
        lost = rng.random(values.shape) < np.array([0.02, 0.02, 0.35, 0.02])
        values[lost] = -9999.0
        absent, blank = absent + int((~kept).sum()), blank + int(lost[kept].sum())
        rows = ("{:d},{:02d},{:02d},{:7.1f},{:7.1f},{:7.1f},{:7.1f},{:7.1f}\n".format(*d, *v[:3], -9999.0, v[3])
                for d, v in zip(dates[kept].tolist(), values[kept].tolist(), strict=True))  # fmt: skip
        write_text(home / f"stations/{code}.csv", "YYYY,MM,DD,TMAX,TMIN,TAVG,TDTR,PRCP\n" + "".join(rows))
    write_csv(folder / RAW_PATHS["stations"], ["ubigeo", "file"], sorted(listed))
    return {"count": absent, "unit": "station-days absent", "values_missing": blank}


def _daily(rng: np.random.Generator, temp: np.ndarray, rain: np.ndarray) -> np.ndarray:
    """Highest, lowest and mean temperature and rain of each day, shape (7 T, 4), from weekly values of shape (T,)."""
    mean = np.repeat(temp, 7) + rng.normal(0, 0.9, 7 * len(temp))
    spread = rng.uniform(3.5, 6.5, len(mean))
    share = rng.random((len(rain), 7)) ** 3
    wet = (share / share.sum(axis=1, keepdims=True) * rain[:, None]).ravel()
    return np.round(np.column_stack([mean + spread, mean - spread, mean, wet]), 1)
