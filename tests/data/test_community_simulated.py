"""The cleaner finds what was planted in the imagined register, the tables tell of nobody, the risk is as it says."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from healthops.data import clean_community, synthetic_course, synthetic_district, synthetic_register
from healthops.data.register_files import IDENTIFYING, register_path
from healthops.data.schemas import TABLES, validate
from healthops.data.synthetic_community import covered, found
from healthops.data.synthetic_maternal import DISTINCT, ROWS, write_maternal
from healthops.workspace import Workspace

ON = pd.Timestamp(synthetic_register.REGISTER_DATE)
SIZE = {"households": 260, "workers": 12}


def places() -> pd.DataFrame:
    """Two provinces of three districts, the second the poorer, and one district of which little is known."""
    codes = ["010101", "010102", "010103", "020101", "020102", "020103", "030101"]
    return pd.DataFrame({
        "ubigeo": codes, "level": "district", "latitude": [-5, -5.1, -5.2, -6, -6.1, -6.2, -9.0],
        "longitude": -75.0, "altitude_m": [100, 900, 3000, 100, 1200, 3200, np.nan], "area_km2": 900.0,
        "poverty_pct": [20.0, 30, 25, 50, 55, 60, 90], "population": 1e4,
    })  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    raw, folder = tmp_path_factory.mktemp("raw"), tmp_path_factory.mktemp("register")
    ws = Workspace("smoke")
    maternal = write_maternal(raw, ws.rng("maternal"))
    lines = synthetic_register.write_register(ws, folder, places(), **SIZE)
    tables = clean_community.clean_community_tables(raw, folder, places(), on=ON, key=b"k", basis="imagined")
    return folder, lines, {name: validate(name, frame) for name, frame in tables.items()}, maternal


def test_the_tables_are_those_that_the_step_declares(made):
    import yaml

    from healthops.workspace import REPOSITORY

    steps = yaml.safe_load((REPOSITORY / "config/graph.yaml").read_text(encoding="utf-8"))["steps"]
    for scenario in ("synthetic", "public"):
        (step,) = [one for one in steps[scenario] if one["run"] == "healthops.data.clean_community"]
        assert set(step["writes"]) == set(made[2]) <= set(TABLES)
    assert all(len(frame) for frame in made[2].values())
    register = [name for name, frame in made[2].items() if "basis" in frame]
    assert len(register) == 10 and all(set(made[2][name]["basis"]) == {"imagined"} for name in register)


def test_every_planted_fault_is_found_in_its_line_and_no_other(made):
    _, planted, tables, _ = made
    found = tables["community_faults"].query("table != 'maternal_risk' and fault != 'worker_set_aside'")
    theirs = {(t, f): lines for t, kinds in planted.items() for f, lines in kinds.items()}
    ours = {key: rows["line"].tolist() for key, rows in found.groupby(["table", "fault"])}
    assert ours == theirs
    assert len(theirs) == 17 and all(theirs.values())


def test_the_ledger_counts_what_the_faults_list(made):
    tables = made[2]
    listed = tables["community_faults"].groupby(["source", "table", "action", "reason"]).size()
    ledger = tables["community_ledger"].set_index(["source", "table", "action", "reason"])["rows"]
    notes = ledger[~ledger.index.get_level_values("action").isin(["in", "kept"])]
    unlisted = notes.drop(listed.index)
    assert (notes.loc[listed.index] == listed).all()
    assert all(reason.endswith("not measured") for reason in unlisted.index.get_level_values("reason"))
    visits, faults = tables["community_visits"], tables["community_faults"]["fault"]
    for reason, rows in unlisted.groupby(level="reason").sum().items():
        column = reason.removesuffix(" not measured")
        impossible = (faults[tables["community_faults"]["table"] == "community_visits"] == f"impossible_{column}").sum()
        assert visits[column].isna().sum() == rows + impossible and rows > 0


def test_no_table_tells_who_or_where_somebody_is(made):
    """Every name, number and position of the raw register is looked for in every cell of every table."""
    folder, _, tables, _ = made
    secret, spots = set(), set()
    for name in ("workers", "households", "people"):
        raw = pd.read_csv(register_path(folder, name), dtype=str, keep_default_na=False)
        for column in set(IDENTIFYING) & set(raw):
            (spots if column in ("latitude", "longitude") else secret).update(raw[column])
        secret |= set(raw.iloc[:, 0])
    secret.discard("")
    # Positions as written, in degrees; a short one may be some number of kilometres too.
    spots = {spot for spot in spots if len(spot) > 6}
    assert len(secret) > 3000 and len(spots) > 400
    for name, table in tables.items():
        assert not {"name", *IDENTIFYING} & set(table.columns) or name == "community_assumptions"
        for column in table.columns:
            values = table[column]
            if column == "date" or column.endswith("_on"):
                # A birthday may be some visit's day; what would tell is a column of the days of birth themselves.
                assert "birth" not in column and "born" not in column
                continue
            texts = set(values.dropna().astype(str))
            assert not texts & (secret | spots), f"{name}.{column}"
            if not pd.api.types.is_numeric_dtype(values):
                everything = "\n".join(texts).lower()
                leaked = [word for word in secret if len(word) > 6 and "-" not in word and word.lower() in everything]
                assert not leaked, f"{name}.{column} holds {leaked[:3]}"


def test_positions_are_moved_by_more_than_a_house(made):
    from healthops.data.study_ids import study_ids
    from healthops.data.walking import on_plane

    folder, _, tables, _ = made
    raw = pd.read_csv(register_path(folder, "households"))
    hamlets = pd.read_csv(register_path(folder, "hamlets"))
    true = on_plane(raw["latitude"], raw["longitude"], (hamlets["latitude"].mean(), hamlets["longitude"].mean()))
    ids = study_ids(raw["household"], "H", b"k")
    told = tables["community_households"].set_index("household").loc[raw["household"].map(ids), ["east_km", "north_km"]]
    moved = np.hypot(*(told.to_numpy() - true).T) * 1000
    assert 74 < moved.min() and moved.max() < 207


def test_the_same_seed_gives_the_same_files(made, tmp_path):
    folder = made[0]
    again = synthetic_register.write_register(Workspace("smoke"), tmp_path, places(), **SIZE)
    assert again == made[1]
    files = sorted(path.name for path in folder.iterdir())
    assert len(files) == 9 and all((folder / f).read_bytes() == (tmp_path / f).read_bytes() for f in files)


def test_the_poorest_province_is_covered_and_what_is_unknown_is_not():
    assert covered(places(), 3)["ubigeo"].tolist() == ["020101", "020102", "020103"]
    assert set(covered(places(), 6)["ubigeo"].str[:2]) == {"01", "02"}
    with pytest.raises(ValueError, match="no district with"):
        covered(places().assign(area_km2=np.nan), 2)
    with pytest.raises(ValueError, match="at least 3 workers and 10 homes each"):
        found(np.random.default_rng(1), places(), households=20, workers=3, on=ON)


def test_outcomes_come_as_often_as_the_true_chance_says(made):
    tables = made[2]
    marks = tables["community_landmarks"].merge(tables["community_true_risk"], on=["person", "date"])
    assert len(marks) == len(tables["community_landmarks"]) == len(tables["community_true_risk"])
    known = marks[marks["event"].notna()]
    events, chance = known["event"].astype(int), known["chance"]
    spread = math.sqrt((chance * (1 - chance)).sum())
    assert abs(events.sum() - chance.sum()) < 3 * spread
    # The riskiest fifth too, and it is much riskier.
    top = chance >= chance.quantile(0.8)
    part = chance[top]
    assert abs(events[top].sum() - part.sum()) < 3 * math.sqrt((part * (1 - part)).sum())
    assert events[top].mean() > 2.5 * events[~top].mean()


def test_the_log_odds_by_hand():
    """One woman with everything, and a child, summed from the published effects."""
    e = synthetic_course.EFFECTS
    blank = {
        "systolic": 120, "sugar": 5.0, "oxygen": 97, "arm": 150, "smoking": "never", "alcohol": "none",
        "activity": "high", "fruit_veg_days": 4, "chronic_lung": False, "heart_disease": False, "solid_fuel": False,
        "open_water": False, "event_before": False, "pregnant": False, "after_birth": False, "frailty": 0.1,
    }  # fmt: skip
    woman = blank | {
        "age": 60, "systolic": 150, "sugar": 9, "oxygen": 93, "smoking": "daily", "alcohol": "heavy", "activity": "low",
        "pregnant": True, "heart_disease": True, "chronic_lung": True, "event_before": True, "solid_fuel": True,
    }  # fmt: skip
    child = blank | {"age": 2.0, "arm": 120, "solid_fuel": True, "open_water": True, "smoking": "", "frailty": 0}
    infant = blank | {"age": 0.2, "arm": 100}
    found = synthetic_course.log_odds(pd.DataFrame([woman, child, infant, blank | {"age": 30}]))
    by_hand = [
        e["intercept"] + 10 * e["per_year_above_50"] + e["pregnant"] + 20 * e["per_mmhg_above_130"]
        + e["pregnant_with_pressure"] + 2 * e["per_mmol_above_7"] + 2 * e["per_pct_oxygen_below_95"]
        + e["daily_smoking"] + e["heavy_drinking"] + e["low_activity"] + e["chronic_lung"] + e["heart_disease"]
        + e["event_before"] + 4 * e["per_day_of_fruit"] + 0.1,
        e["intercept"] + e["toddler"] + e["thin_child"] + e["solid_fuel_child"] + e["open_water_child"]
        + 4 * e["per_day_of_fruit"],
        e["intercept"] + e["infant"] + 4 * e["per_day_of_fruit"] + 0.1,
        e["intercept"] + 4 * e["per_day_of_fruit"] + 0.1,
    ]  # fmt: skip
    np.testing.assert_allclose(found, by_hand, rtol=1e-12)


def test_history_ends_at_the_register_and_the_season_begins_after_it(made):
    tables = made[2]
    assert tables["community_visits"]["date"].max() <= ON and tables["community_events"]["date"].max() <= ON
    season = tables["community_season"]
    assert season["date"].between(ON + pd.Timedelta(days=1), ON + pd.Timedelta(days=90)).all() and len(season) > 5
    ended = tables["community_pregnancies"]["end_recorded_on"].dropna()
    assert (ended <= ON).all()
    people = tables["community_people"].set_index("person")
    visits = tables["community_visits"].join(people[["died_on", "registered_on"]], on="person")
    assert not (visits["date"] >= visits["died_on"]).any()


def test_follow_up_tasks_come_of_the_register_in_every_state(made):
    from healthops.risk.follow_up import STATES, follow_up_tasks

    tables = made[2]
    tasks = follow_up_tasks(
        tables["community_pregnancies"], tables["community_visits"], tables["community_people"], on=ON
    )
    assert set(tasks["state"]) == set(STATES) and tasks["task"].is_unique
    assert set(tasks["person"]) <= set(tables["community_people"]["person"])


def test_a_large_district_is_made_for_tests_of_speed():
    district = synthetic_district.make_district(np.random.default_rng(1), workers=40, tasks=2000)
    for name in ("hamlets", "workers", "households"):
        validate(f"community_{name}", getattr(district, name))
    tasks = district.tasks
    assert len(tasks) == 2000 and len(district.workers) == 40 and tasks["task"].is_unique
    assert tasks["household"].isin(district.households.query("unreachable.isna()")["household"]).all()
    day = pd.Timestamp("2023-05-01")
    assert ((tasks["opens_on"] <= day) & (day <= tasks["closes_on"])).all()
    assert ((day - tasks["due_on"]).dt.days.clip(lower=0) == tasks["days_overdue"]).all()
    assert district.households["walk_min"].median() < 90


def test_the_simulated_set_of_risks_has_the_planted_defects(made):
    table, planted = made[2]["maternal_risk"], made[3]
    assert len(table) == ROWS and table["same_as"].nunique() == DISTINCT
    assert table["repeats_row"].sum() == planted["maternal_repeats"]["count"]
    assert table.loc[table["labels_disagree"], "same_as"].nunique() == planted["maternal_disagreeing"]["count"]
    assert table["heart_rate_bpm"].isna().sum() == planted["maternal_impossible"]["count"] > 0
    assert set(table["risk"]) == {"low", "mid", "high"}
