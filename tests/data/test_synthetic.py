"""The synthetic country: its map, its epidemics, its reports, and whether cleaning finds what was planted."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healthops.data import synthetic
from healthops.data.epiweek import epi_week
from healthops.data.raw_layout import RAW_PATHS
from healthops.data.synthetic_epidemic import SEROTYPES, Transmission, gravity, infections, suitability
from healthops.data.synthetic_map import area_km2, draw_map
from healthops.data.synthetic_names import edits, misspell
from healthops.data.synthetic_surveillance import LONGEST_DELAY, report
from healthops.data.synthetic_write import write_sheet
from healthops.pipeline import step
from healthops.workspace import Workspace


@pytest.fixture(scope="module")
def ws(tmp_path_factory) -> Workspace:
    return Workspace("smoke", root=tmp_path_factory.mktemp("country"))


@pytest.fixture(scope="module")
def raw(ws) -> Path:
    synthetic.write_raw(ws, ws.raw)
    return ws.raw


@pytest.fixture(scope="module")
def history(ws) -> synthetic.History:
    return synthetic.simulate(ws)


@pytest.fixture(scope="module")
def planted(raw) -> dict:
    return json.loads((raw / "planted.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def line_list(raw) -> pd.DataFrame:
    return pd.read_csv(raw / RAW_PATHS["line_list"])


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


# ---- files ----------------------------------------------------------------------------------------------------------
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(ws, raw, tmp_path):
    synthetic.write_raw(ws, tmp_path / "again")
    first, again = hashes(raw), hashes(tmp_path / "again")
    assert first == again
    other = tmp_path / "config"
    other.mkdir()
    (other / "tiny.yaml").write_text(
        "title: t\nbanner: b\nseed: 7\nprepare: synthetic\n"
        "data: {departments: 6, years: 6, clinics: 1, clinic_years: 1, appointments: 300, providers: 8}"
    )
    synthetic.write_raw(Workspace("tiny", root=tmp_path, config=other), tmp_path / "other")
    different = hashes(tmp_path / "other")
    assert different.keys() == first.keys() or len(different) == len(first)
    assert different[str(RAW_PATHS["line_list"])] != first[str(RAW_PATHS["line_list"])]


def test_gzip_holds_no_time_stamp(raw):
    assert (raw / RAW_PATHS["line_list"]).read_bytes()[4:8] == b"\0\0\0\0"


@pytest.mark.mirror
@pytest.mark.parametrize(
    "name", ["line_list", "ubigeo_department", "ubigeo_province", "ubigeo_district", "province_population"]
)
def test_the_columns_are_those_of_the_real_files(raw, mirror, name):
    def header(folder: Path) -> list[str]:
        data = (folder / RAW_PATHS[name]).read_bytes()
        data = gzip.decompress(data) if RAW_PATHS[name].suffix == ".gz" else data
        return data.decode("utf-8-sig").splitlines()[0].split(",")

    assert header(raw) == header(mirror)


@pytest.mark.mirror
@pytest.mark.parametrize("level", ["department", "province", "district"])
def test_the_outlines_have_properties_of_the_real_ones(raw, mirror, level):
    mine, real = (json.loads((f / RAW_PATHS[f"boundaries_{level}"]).read_text(encoding="utf-8")) for f in (raw, mirror))
    assert set(mine["features"][0]["properties"]) <= set(real["features"][0]["properties"])


def test_a_workbook_can_be_read_back(tmp_path):
    rows = [["a & b", "Año"], [None, 7], [], ["<x>", 12]]
    write_sheet(tmp_path / "book.xlsx", "census_data", rows)
    back = pd.read_excel(tmp_path / "book.xlsx", sheet_name="census_data", header=None)
    assert back.astype(object).where(back.notna(), None).values.tolist() == [
        ["a & b", "Año"],
        [None, 7],
        [None, None],
        ["<x>", 12],
    ]


# ---- map ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("departments", "seed"), [(1, 0), (6, 1), (24, 2), (24, 3)])
def test_the_outlines_tile_the_country(departments, seed):
    chart = draw_map(np.random.default_rng(seed), departments=departments)
    size = 9 * departments
    assert len(chart.centre) == size

    def area(members):
        rings = chart.outline(members)
        assert all((ring[0] == ring[-1]).all() for ring in rings), "a ring is not closed"
        return sum(area_km2(ring) for ring in rings)

    cells = np.array([area(np.arange(size) == k) for k in range(size)])
    assert (cells > 0).all()
    assert area(np.ones(size, bool)) == pytest.approx(cells.sum(), rel=1e-9)
    for d in range(departments):
        assert area(chart.department == d) == pytest.approx(cells[chart.department == d].sum(), rel=1e-9)
        for p in range(3):
            members = (chart.department == d) & (chart.province == p)
            assert members.sum() == 3
            assert area(members) == pytest.approx(cells[members].sum(), rel=1e-9)


def test_neighbours_are_symmetric_and_share_points():
    chart = draw_map(np.random.default_rng(4), departments=4)
    touch = chart.neighbours()
    assert (touch == touch.T).all() and not touch.diagonal().any()
    points = [{tuple(p) for ring in chart.outline(np.arange(36) == k) for p in ring} for k in range(36)]
    shared = np.array([[len(a & b) > 1 for b in points] for a in points])
    np.fill_diagonal(shared, False)
    assert (shared == touch).all()


def test_area_of_a_cell_of_degrees_agrees_with_the_sphere():
    ring = np.array([[-75, -10], [-74, -10], [-74, -9], [-75, -9], [-75, -10]], float)
    radius = 111.32 * 180 / np.pi
    sphere = radius**2 * np.radians(1) * (np.sin(np.radians(-9)) - np.sin(np.radians(-10)))
    assert area_km2(ring) == pytest.approx(sphere, rel=2e-3)


def test_codes_names_and_sums_hold_together(raw, history):
    places = history.country.districts
    assert places["ubigeo"].is_unique and places["ubigeo"].str.fullmatch(r"\d{6}").all()
    assert not places.duplicated(["departamento", "provincia", "distrito"]).any()
    assert (places.groupby(places["ubigeo"].str[:4]).size() == 3).all()
    people = pd.read_csv(raw / RAW_PATHS["province_population"])
    for column, year in (("10/22/17", 2017), ("6/30/22", 2022)):
        sums = people.groupby("Status")[column].sum()
        assert sums["Region"] == sums["Province"] == places[year].sum()
    census = pd.read_excel(raw / RAW_PATHS["census"], header=None)
    label = census[0].astype(str)
    for kind in ("DEPARTAMENTO ", "PROVINCIA ", "DISTRITO "):
        assert census.loc[label.str.startswith(kind), 1].sum() == places[2017].sum()
    districts = pd.read_csv(raw / RAW_PATHS["ubigeo_district"])
    assert districts["superficie"].sum() == pytest.approx(places["area_km2"].sum())


def test_poverty_falls_with_human_development(history):
    places = history.country.districts
    assert np.corrcoef(places["hdi"], places["poverty_pct"])[0, 1] < -0.7


# ---- epidemics ------------------------------------------------------------------------------------------------------
def chain(weeks=600, size=6, *, rules=None, suited=None, seed=0, people=200_000):
    rng = np.random.default_rng(seed)
    distance = np.abs(np.subtract.outer(np.arange(size), np.arange(size))) * 50.0
    population = np.full(size, people)
    season = 0.62 + 0.28 * np.cos(2 * np.pi * np.arange(weeks) / 52)
    suited = np.tile(season, (size, 1)) if suited is None else suited
    return infections(
        rng, suited, population=population, receptive=np.ones(size), department=np.zeros(size, int), rules=rules,
        travel=gravity(population, distance, distance == 50),
    )  # fmt: skip


def test_nobody_is_infected_above_the_highest_mosquito(history):
    high = history.country.districts["altitude"].to_numpy() > 2300
    assert high.any()
    assert history.cases[high].sum() == 0
    assert history.cases[~high].sum() > 1000


def test_warm_and_wet_weeks_suit_the_mosquito_and_frost_does_not():
    rain = np.full((1, 30), 20.0)
    at = lambda temp, altitude=100: suitability(np.full((1, 30), float(temp)), rain, np.array([altitude]))[0, -1]  # noqa: E731
    assert at(17) == 0 and at(35) == 0
    assert 0 < at(20) < at(24) < at(28)
    assert at(28, 1500) == pytest.approx(at(28, 0) / 2, rel=1e-3)
    wet = rain.copy()
    wet[:, 15:] = 60
    assert suitability(np.full((1, 30), 27.0), wet, np.array([0]))[0, -1] > at(27)


def test_without_infectiousness_only_imports_remain():
    rules = Transmission(reproduction=0.0, imported=100.0, cross_weeks=1e9)
    new = chain(rules=rules)
    abroad = 0.25 * 3 + 3.0
    expected = 600 * 6 * 200_000 * 100e-6 * abroad
    # Susceptibles start at 0.45 to 0.95 of the people and are hardly used up.
    assert 0.4 * expected < new.sum() < 0.95 * expected
    assert chain(rules=Transmission(imported=0.0)).sum() == 0


def test_infections_peak_after_the_favourable_season():
    new = chain(weeks=1560, seed=3).sum(axis=(0, 2))[520:]
    profile = new.reshape(-1, 52).sum(axis=0)
    assert 3 <= profile.argmax() <= 26
    assert profile[:26].sum() > 2 * profile[26:].sum()


def test_a_large_epidemic_is_followed_by_a_small_year():
    large, after, usual = [], [], []
    for seed in range(5):
        yearly = chain(weeks=1560, size=1, seed=seed, people=500_000).sum(axis=(0, 2)).reshape(-1, 52).sum(axis=1)[10:]
        at = np.flatnonzero(yearly[:-1] >= np.quantile(yearly, 0.85))
        large.extend(yearly[at])
        after.extend(yearly[at + 1])
        usual.append(yearly.std() / yearly.mean())
    assert np.mean(after) < 0.6 * np.mean(large)
    assert np.mean(usual) > 0.6, "years hardly differ"


def test_a_person_is_infected_at_most_once_by_a_serotype_when_nobody_is_born():
    new = chain(rules=Transmission(births=0.0, cross_weeks=1.0, reproduction=6.0))
    assert new.shape == (6, 600, SEROTYPES)
    assert (new.sum(axis=1) <= 0.95 * 200_000 + 1).all()


def test_travellers_carry_the_epidemic_to_the_neighbour():
    suited = np.full((2, 200), 0.9)
    alone = Transmission(away=0.0, imported=0.0)
    moving = Transmission(away=0.05, imported=0.0)
    population = np.array([200_000, 200_000])
    travel = gravity(population, np.array([[0.0, 50], [50, 0]]), np.array([[False, True], [True, False]]))
    assert np.allclose(travel.sum(axis=1), 1)

    def second_place(rules):
        # The first place is seeded through imports in a warm-up of which the second is no part.
        seeded = np.concatenate([np.array([[0.9] * 60, [0.0] * 60]), suited], axis=1)
        rules = Transmission(away=rules.away, imported=40.0 if rules.away else 0.0)
        return infections(
            np.random.default_rng(1), seeded, population=population, receptive=np.ones(2), travel=travel,
            department=np.zeros(2, int), rules=rules,
        )[1].sum()  # fmt: skip

    assert second_place(alone) == 0 < second_place(moving)


def test_impossible_rules_are_refused():
    with pytest.raises(ValueError, match="clumping is -1"):
        Transmission(clumping=-1)


def test_the_country_has_quiet_and_epidemic_years_that_differ_by_department(history):
    department = history.country.map.department
    yearly = np.array([history.cases[department == d, -260:].reshape(-1, 5, 52).sum(axis=(0, 2)) for d in range(6)])
    loud = yearly[yearly.sum(axis=1) > 200]
    assert len(loud) >= 3
    assert (loud.std(axis=1) / loud.mean(axis=1)).mean() > 0.5
    assert len(set(loud.argmax(axis=1))) > 1
    month = history.week_ends.astype("datetime64[M]").astype(int) % 12 + 1
    share = history.cases[:, (month >= 2) & (month <= 6)].sum() / history.cases.sum()
    assert share > 0.6


# ---- reports --------------------------------------------------------------------------------------------------------
def test_cases_are_on_file_late_or_lost_and_nothing_else(history):
    reports = report(np.random.default_rng(5), history.cases, history.country.districts)
    planted = reports.planted
    onsets = history.cases.sum()
    assert onsets == len(reports.cases) + planted["not_yet_reported"]["count"] + planted["silent_weeks"]["cases_lost"]
    assert (reports.cases["week"] + reports.cases["delay"] < history.cases.shape[1]).all()
    assert reports.cases["delay"].between(0, LONGEST_DELAY).all()


def test_the_newest_weeks_are_the_least_complete():
    districts = pd.DataFrame({
        "ubigeo": ["010101", "010102"], "distrito": ["WARIMAYO", "QUILLAPAMPA"], "urban": [0.5, 0.5],
    })  # fmt: skip
    onsets = np.full((2, 200), 100)
    onsets[1] = 0
    reports = report(np.random.default_rng(0), onsets, districts)
    on_file = reports.cases.groupby("week").size().reindex(range(200), fill_value=0) / 100
    assert on_file.iloc[-1] < 0.65 and on_file.iloc[-1] < on_file.iloc[-3] < on_file.iloc[-20:-12].mean() <= 1
    silent = {week for code, week in reports.silent if code in ("01", "010101")}
    assert set(on_file.index[on_file == 0]) == silent and silent and max(silent) < 174
    newest = reports.cases["week"] >= 197
    confirmed = reports.cases.groupby(newest)["confirmed"].mean()
    assert confirmed[True] < confirmed[False] - 0.2


def test_the_triangle_sums_to_the_line_list(raw, line_list, planted):
    triangle = pd.read_csv(raw / RAW_PATHS["reporting_triangle"], dtype={"ubigeo": str})
    placed = line_list.dropna(subset="Distrito")
    assert triangle["cases"].sum() == len(placed) == planted["cases_on_file"]["count"] - planted["no_place"]["count"]
    by_week = placed.groupby(["Ano", "Semana"]).size()
    assert triangle.groupby(["epi_year", "epi_week"])["cases"].sum().tolist() == by_week.tolist()


def test_the_records_end_in_the_season(line_list, history):
    year, week = epi_week(history.week_ends[-1])
    assert (int(year), int(week)) == (synthetic.LAST_YEAR, synthetic.LAST_WEEK)
    assert set(line_list["Semana actualización"]) == {synthetic.LAST_WEEK}
    assert line_list["Ano"].nunique() == 6
    assert Counter(line_list["Sexo"]).keys() == {"Femenino", "Masculino"}


def test_misspelt_names_are_near_their_place_and_far_from_others(planted, history):
    places = history.country.districts
    assert planted["misspelt_places"]["detail"]
    for entry in planted["misspelt_places"]["detail"]:
        mates = places.loc[places["ubigeo"].str[:2] == entry["ubigeo"][:2], "distrito"].map(
            lambda n: n.replace("Ñ", "N")
        )
        distance = {name: edits(entry["written"], name) for name in mates}
        assert 0 < distance[entry["right"]] <= 2
        assert all(d > distance[entry["right"]] + 1 for name, d in distance.items() if name != entry["right"])


def test_misspelling_needs_something_to_confuse():
    assert misspell("RAYMONDI") == "RAIMONDI"
    assert misspell("OTRO") is None


# ---- end to end -----------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def tables(raw) -> dict[str, pd.DataFrame]:
    from healthops.data.clean import clean_tables

    return clean_tables(raw)


def test_cleaning_finds_what_was_planted(tables, planted):
    ledger = tables["ledger"]

    def rows(action: str, reason: str) -> int:
        hit = (ledger["source"] == RAW_PATHS["line_list"].name) & (ledger["action"] == action)
        return int(ledger.loc[hit & ledger["reason"].str.contains(reason), "rows"].sum())

    assert rows("in", "") == planted["cases_on_file"]["count"]
    assert rows("set_aside", "") == rows("set_aside", "no place") == planted["no_place"]["count"] > 0
    assert rows("repaired", "misspelt") == planted["misspelt_places"]["count"] > 0
    weekly = tables["weekly_cases"]
    assert (weekly["status"] == "missing").sum() == planted["silent_weeks"]["count"] > 0
    assert weekly.loc[weekly["status"] == "missing", "cases"].isna().all()
    absent = ledger["reason"].str.contains("absent") & ledger["table"].eq("climate_weekly")
    assert ledger.loc[absent, "rows"].sum() == pytest.approx(planted["station_gaps"]["count"], abs=6)


def test_cleaned_counts_are_those_that_were_simulated(tables, history, planted):
    weekly = tables["weekly_cases"].set_index(["ubigeo", "week_end"])["cases"].unstack().astype(float)
    truth = pd.DataFrame(history.cases, index=history.country.districts["ubigeo"], columns=weekly.columns)
    gap = truth.loc[weekly.index] - weekly
    assert (gap.fillna(0) >= 0).all(axis=None)
    old = gap.iloc[:, : -LONGEST_DELAY - 1]
    assert old.sum(axis=None) <= planted["no_place"]["count"]
    assert gap.sum(axis=None) == planted["no_place"]["count"] + planted["not_yet_reported"]["count"]


def test_a_scenario_that_is_not_synthetic_is_refused(capsys):
    assert step.main("healthops.data.synthetic", "public") == 1
    assert "does not say data.years" in capsys.readouterr().err


def test_the_command_replaces_all_or_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("HEALTHOPS_ROOT", str(tmp_path))

    def fail(*_):
        raise ValueError("the disk is full")

    target = tmp_path / "data" / "raw" / "smoke"
    target.mkdir(parents=True)
    (target / "old.txt").write_text("old")
    monkeypatch.setattr(synthetic, "write_places", fail)
    assert step.main("healthops.data.synthetic", "smoke") == 1
    assert [p.name for p in target.parent.iterdir()] == ["smoke"]
    assert (target / "old.txt").read_text() == "old"
