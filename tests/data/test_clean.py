"""Cleaning a tiny country: every number checked by hand, every fault named."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest

from healthops.data import clean
from healthops.data.errors import DataError, RawFileError
from healthops.data.raw_layout import RAW_PATHS
from healthops.data.schemas import validate
from healthops.pipeline import step
from healthops.workspace import Workspace
from tests.data import tiny


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    raw = tiny.write_raw(tmp_path_factory.mktemp("raw"))
    return clean.clean_tables(raw, options={"truncated_weeks": 1})


def _rows(tables, source: str, action: str, reason: str = "") -> int:
    ledger = tables["ledger"]
    chosen = ledger[(ledger["source"] == source) & (ledger["action"] == action) & ledger["reason"].str.contains(reason)]
    return int(chosen["rows"].sum())


def test_every_table_obeys_its_schema(tables):
    for name, frame in tables.items():
        validate(name, frame)


def test_weekly_grid_is_complete_with_true_zeros_and_week_53(tables):
    cases = tables["weekly_cases"].set_index(["ubigeo", "week_end"]).sort_index()
    weeks = pd.to_datetime(["2020-12-19", "2020-12-26", "2021-01-02", "2021-01-09", "2021-01-16"])
    assert list(cases.index) == [(place, week) for place in ("010101", "010102") for week in weeks]
    puerto = cases.loc["010101"]
    assert puerto["cases"].tolist() == [1, 0, 2, 0, 0]
    assert puerto["confirmed"].tolist() == [1, 0, 1, 0, 0]
    assert puerto["probable"].tolist() == [0, 0, 1, 0, 0]
    assert puerto["female"].tolist() == [1, 0, 1, 0, 0]
    assert list(zip(puerto["epi_year"], puerto["epi_week"], strict=True)) == [
        (2020, 51), (2020, 52), (2020, 53), (2021, 1), (2021, 2),
    ]  # fmt: skip
    assert cases.loc["010102", "cases"].tolist() == [0, 0, 0, 0, 1]
    assert puerto["status"].tolist() == ["complete"] * 4 + ["truncated"]


def test_line_list_ledger(tables):
    name = "compressed_data.csv.gz"
    assert _rows(tables, name, "in") == 6
    assert _rows(tables, name, "kept") == 4
    assert _rows(tables, name, "set_aside", "no place given") == 1
    assert _rows(tables, name, "set_aside", "district unknown") == 1
    assert _rows(tables, name, "repaired", "misspelt") == 1
    assert _rows(tables, name, "flagged", "newest 1 weeks") == 1
    assert _rows(tables, name, "flagged", "'Eventos o daños' is constant") == 4
    assert _rows(tables, f"{name} (cases)", "in") == 6
    assert _rows(tables, f"{name} (cases)", "kept") == tables["weekly_cases"]["cases"].sum() == 4


def test_a_row_may_stand_for_several_cases(tmp_path):
    lines = [tiny.line(tiny.PUERTO, 2020, 51, count=7), tiny.line("//", 2020, 51, count=5)]
    tables = clean.clean_tables(tiny.write_raw(tmp_path, lines=lines))
    name = "compressed_data.csv.gz (cases)"
    assert [_rows(tables, name, action) for action in ("in", "kept", "set_aside")] == [12, 7, 5]
    assert tables["weekly_cases"]["cases"].tolist() == [7]


def test_silent_weeks_are_missing_not_zero(tmp_path):
    silent = "ubigeo,epi_year,epi_week\n010102,2020,52\n01,2020,53\n020101,2020,52\n0101,2022,1\n"
    tables = clean.clean_tables(tiny.write_raw(tmp_path, silent_weeks=silent), options={"truncated_weeks": 4})
    cases = validate("weekly_cases", tables["weekly_cases"]).set_index(["ubigeo", "epi_week"])
    missing = cases[cases["status"] == "missing"]
    # Puerto reported cases in week 53, so that it cannot have been silent; missing goes before truncated.
    assert sorted(missing.index) == [("010102", 52), ("010102", 53)]
    assert missing[["cases", "confirmed", "probable", "female"]].isna().all(axis=None)
    assert cases["cases"].sum() == 4
    name = "silent_weeks.csv"
    assert [_rows(tables, name, action) for action in ("in", "kept", "set_aside", "flagged")] == [4, 2, 2, 1]


def test_places(tables):
    places = tables["places"].set_index("ubigeo")
    assert places["level"].value_counts().to_dict() == {"department": 2, "province": 2, "district": 5}
    valley = places.loc["020102"]
    assert (valley["name"], valley["department"], valley["province"]) == ("VALLE ÑAÑO", "MONTE", "ALTURA")
    assert pd.isna(places.loc["01", "province"])
    # 400 m, east of the one highland capital; 15 m, west of it; 3,000 m; no altitude
    assert places.loc[["020102", "010101", "020101"], "region"].tolist() == ["selva", "costa", "sierra"]
    assert pd.isna(places.loc["020103", "region"])
    # the estimate of 2022 for departments and provinces, the census for districts
    assert places.loc[["01", "0101", "010101", "020102"], "population"].tolist() == [1300, 1300, 900, 0]
    assert np.isnan(places.loc["020103", "population"])
    assert np.isnan(places.loc["010102", "area_km2"])
    name = "ubigeo_distrito.csv"
    assert [_rows(tables, name, action) for action in ("in", "kept", "set_aside")] == [6, 5, 1]
    assert _rows(tables, name, "flagged", "no attributes") == 1
    assert _rows(tables, name, "flagged", "no area") == 1
    assert _rows(tables, name, "flagged", "no outline") == 2


def test_boundaries(tables):
    boundaries = tables["boundaries"]
    rings = boundaries.groupby("ubigeo")["ring"].nunique()
    # an outer ring and a hole each; the province that comes in two features has them twice
    assert rings.to_dict() == {"01": 2, "02": 2, "0101": 2, "0201": 4, "010101": 2, "010102": 2, "020101": 2}
    first = boundaries[(boundaries["ubigeo"] == "010101") & (boundaries["ring"] == 0)]
    assert first["latitude"].tolist() == [0, 3.12346, 3, 0]
    name = "peru_distrital_simple.geojson"
    assert [_rows(tables, name, action) for action in ("in", "kept", "set_aside")] == [5, 3, 2]
    assert _rows(tables, "peru_provincial_simple.geojson", "repaired", "second outline") == 1


def test_population(tables):
    population = tables["population"].set_index(["ubigeo", "year"])["population"]
    assert population.loc[[("01", 1993), ("01", 2017), ("01", 2022)]].tolist() == [600, 1000, 1300]
    assert population.loc[[("010102", 2017), ("020102", 2017)]].tolist() == [100, 0]
    assert _rows(tables, "census_data.xlsx", "in") == len(tiny.CENSUS)
    assert _rows(tables, "census_data.xlsx", "kept") == 8
    assert _rows(tables, "province_pop.csv", "flagged", "2017 is left out") == 4


def test_climate_of_listed_stations(tmp_path):
    raw = tiny.write_raw(tmp_path, stations="ubigeo,file\n010101,puerto.csv\n990101,x.csv\n")
    (raw / RAW_PATHS["stations"].parent / "puerto.csv").write_text(tiny.STATION)
    tables = clean.clean_tables(raw)
    weekly = validate("climate_weekly", tables["climate_weekly"]).set_index("week_end")
    # the week of 3 January has one day without any value, so no row
    assert list(weekly.index) == [pd.Timestamp("2021-01-02"), pd.Timestamp("2021-01-16")]
    full = weekly.iloc[0]
    assert full["days_observed"] == 5
    assert full["temp_c"] == pytest.approx((26 + 25 + 27 + 28) / 4)
    assert full["temp_max_c"] == pytest.approx(31)
    assert full["temp_min_c"] == pytest.approx((20 + 20 + 22 + 22 + 22) / 5)
    assert full["rain_mm"] == pytest.approx((1 + 2 + 3 + 4) / 4 * 7)
    # one day of seven is not enough for a value
    assert weekly.iloc[1][["temp_c", "temp_max_c", "rain_mm"]].isna().all()
    assert _rows(tables, "puerto.csv", "set_aside", "without any value") == 1
    assert _rows(tables, "puerto.csv", "repaired", "highest and lowest") == 1
    assert _rows(tables, "puerto.csv (days of its span)", "set_aside", "absent") == 10


def test_without_station_or_triangle_the_tables_are_empty_but_valid(tables):
    assert len(tables["climate_weekly"]) == len(tables["reporting_triangle"]) == 0
    assert tables["reporting_triangle"]["week_end"].dtype == "datetime64[ns]"


def test_reporting_triangle(tmp_path):
    triangle = "ubigeo,epi_year,epi_week,delay_weeks,cases\n01,2020,53,0,4\n01,2020,53,2,1\n99,2020,53,0,1\n"
    tables = clean.clean_tables(tiny.write_raw(tmp_path, reporting_triangle=triangle))
    rows = validate("reporting_triangle", tables["reporting_triangle"])
    assert rows[["ubigeo", "delay_weeks", "cases"]].to_numpy().tolist() == [["01", 0, 4], ["01", 2, 1]]
    assert (rows["week_end"] == "2021-01-02").all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"header": tiny.HEADER.replace("Semana,", "Week,")}, r"compressed_data.csv.gz lacks the columns \['Semana'\]"),
        ({"lines": [*tiny.LINES, tiny.line(tiny.PUERTO, 2021, 53)]}, r"'Semana', line 8: .*2021 has no week 53"),
        ({"lines": [*tiny.LINES, tiny.line(tiny.PUERTO, 2021, 0)]}, r"'Semana', line 8: '0'"),
        ({"lines": [tiny.line(tiny.PUERTO, 2021, "w3")]}, r"'Semana', line 2: 'w3' is not a whole number from 1 to 53"),
        ({"lines": [tiny.line(tiny.PUERTO, "20l1", 3)]}, r"'Ano', line 2: '20l1'"),
        ({"lines": [tiny.LINES[0], tiny.line(tiny.PUERTO, 2021, 3, count=-2)]}, r"'DIS', line 3: '-2'"),
        ({"lines": [tiny.line(tiny.PUERTO, 2021, 3, count=1.5)]}, r"'DIS', line 2: '1.5'"),
        ({"lines": [tiny.line(tiny.PUERTO, 2021, 3, kind="Quizás")]}, r"'Tipo de diagnóstico', line 2: 'Quizás'"),
        ({"lines": [tiny.line("//", 2021, 3)]}, r"no row names a place"),
        ({"line_list": tiny.HEADER.encode("latin-1") + b"\n"}, r"byte 0xf3 at position \d+ is not UTF-8"),
        ({"line_list": ""}, r"compressed_data.csv.gz cannot be read"),
        ({"ubigeo_district": tiny.DISTRICTS.replace("15,-5.1", "high,-5.1")}, r"'altitude', line 3: 'high'"),
        ({"ubigeo_district": tiny.DISTRICTS.replace("010102", "010101")}, r"'inei', record 2: '010101' occurs twice"),
        ({"ubigeo_district": tiny.DISTRICTS.replace("010102", "030102")}, r"030102 has no parent 0301"),
        ({"boundaries_district": "{"}, r"peru_distrital_simple.geojson, line 1: not JSON"),
        ({"boundaries_district": "[]"}, r"not a GeoJSON FeatureCollection"),
        ({"boundaries_district": tiny.outlines("IDDIST", ["1"])}, r"feature 1, property 'IDDIST': '1'"),
        ({"province_population": tiny.PROVINCE_POPULATION.replace("1300", "many", 1)}, r"'6/30/22', line 2: 'many'"),
        ({"province_population": tiny.PROVINCE_POPULATION.replace("7/11/93", "1993")}, r"column '1993' is not a date"),
        ({"province_population": tiny.PROVINCE_POPULATION.replace("Region,", "Zone,", 1)}, r"'Status', line 2: 'Zone'"),
        ({"census": b"not a workbook"}, r"census_data.xlsx cannot be read as an Excel workbook"),
    ],
)
def test_bad_input_names_file_column_and_line(tmp_path, change, message):
    with pytest.raises(RawFileError, match=message):
        clean.clean_tables(tiny.write_raw(tmp_path, **change))


@pytest.mark.parametrize(
    ("at", "row", "message"),
    [
        (8, ("DISTRITO PUERTO", 901), r"levels do not add up.*'district': 1301"),
        (10, ("DEPARTAMENTO MONTE", 299), r"levels do not add up.*'department': 1299"),
        (8, ("DISTRITO PUERTO", "900 x"), r"'Total', line 9: '900 x' is not a number of people"),
        (9, ("DISTRITO PUERTO", 100), r"place 010101 occurs twice"),
    ],
)
def test_census_that_cannot_be(tmp_path, at, row, message):
    raw = tiny.write_raw(tmp_path)
    rows = [row if i == at else old for i, old in enumerate(tiny.CENSUS)]
    tiny.write_census(raw / RAW_PATHS["census"], rows)
    with pytest.raises(RawFileError, match=message):
        clean.clean_tables(raw)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("2021,01,12", "2021,02,30"), r"line 8: 2021-02-30 is not a day"),
        (("2021,01,12", "2021,01,03"), r"line 8: 2021-01-03 occurs twice"),
        (("   31.0", "  131.0"), r"'TMAX', line 8: '131.0' is not a number from -30 to 60"),
    ],
)
def test_station_that_cannot_be(tmp_path, change, message):
    raw = tiny.write_raw(tmp_path, stations="ubigeo,file\n010101,puerto.csv\n")
    (raw / RAW_PATHS["stations"].parent / "puerto.csv").write_text(tiny.STATION.replace(*change))
    with pytest.raises(RawFileError, match=message):
        clean.clean_tables(raw)


def test_missing_file_says_which_step_makes_it(tmp_path):
    raw = tiny.write_raw(tmp_path)
    (raw / RAW_PATHS["census"]).unlink()
    with pytest.raises(RawFileError, match=r"census_data.xlsx is not there.*make reproduce"):
        clean.clean_tables(raw)


@pytest.mark.parametrize("weeks", [-1, "3", True, 1.5])
def test_bad_option(tmp_path, weeks):
    with pytest.raises(DataError, match="truncated_weeks"):
        clean.clean_tables(tmp_path, options={"truncated_weeks": weeks})


def test_main_writes_the_same_bytes_again_and_a_fault_leaves_them(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HEALTHOPS_ROOT", str(tmp_path))
    ws = Workspace("smoke")
    tiny.write_raw(ws.raw)

    def hashes() -> dict[str, str]:
        folder = ws.table_path("ledger").parent
        return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}

    assert step.main("healthops.data.clean", "smoke") == 0
    before = hashes()
    assert len(before) == 7
    assert step.main("healthops.data.clean", "smoke") == 0
    assert hashes() == before
    tiny.write_raw(ws.raw, lines=[tiny.line(tiny.PUERTO, 2021, 60)])
    capsys.readouterr()
    assert step.main("healthops.data.clean", "smoke") == 1
    assert "'Semana', line 2: '60'" in capsys.readouterr().err
    assert hashes() == before
