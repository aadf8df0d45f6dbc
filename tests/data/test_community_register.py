"""A register by hand: what each fault becomes, and what no table may tell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops.data.community_rules import load_rules
from healthops.data.errors import RawFileError
from healthops.data.register_files import CHRONIC
from healthops.data.schemas import validate
from healthops.data.study_ids import masked, study_ids
from healthops.data.walking import on_plane, walking_minutes
from tests.data.tiny_register import KEY, ON, clean, edited, more


def person(number: int) -> str:
    return study_ids([f"P{number}"], "P", KEY)[f"P{number}"]


def faults_of(faults, fault: str) -> list[tuple[str, int, str]]:
    found = faults.frame().query("fault == @fault")
    return list(zip(found["source"], found["line"], found["action"], strict=True))


def test_a_sound_register_becomes_tables_without_a_fault(tmp_path):
    tables, faults = clean(tmp_path)
    assert len(faults.frame()) == 0
    tables = {name: validate(name, frame) for name, frame in tables.items()}
    assert {name.removeprefix("community_"): len(frame) for name, frame in tables.items()} == {
        "hamlets": 2, "workers": 2, "households": 3, "people": 4, "pregnancies": 2, "visits": 3, "events": 3,
        "landmarks": 19,
    }  # fmt: skip
    people = tables["community_people"].set_index("person")
    ages = people.loc[[person(k) for k in (1, 2, 3, 4)], ["age_years", "age_months"]]
    # Counted to 1 May 2023; the third told an age of 70 and no day of birth.
    assert ages["age_years"].tolist() == [32, 2, 70, 38]
    assert ages["age_months"].dropna().to_dict() == {person(2): 25}
    assert people.loc[person(3), list(CHRONIC)].tolist()[:1] == [1] and pd.isna(people.loc[person(3), "diabetes"])
    assert set(tables["community_people"]["basis"]) == {"register"}


def test_homes_are_moved_within_the_ring_and_walks_are_counted_by_hand(tmp_path):
    tables = clean(tmp_path)[0]
    homes = tables["community_households"].set_index("household")
    first = study_ids(["HH1"], "H", KEY)["HH1"]
    true = on_plane(np.array([-5.001]), np.array([-75.001]), (-5.0, -75.045))[0]
    moved = homes.loc[first, ["east_km", "north_km"]].to_numpy(float)
    assert 0.075 < np.hypot(*(moved - true)) < 0.205
    base = tables["community_workers"].set_index("hamlet").loc["C1", ["east_km", "north_km"]].to_numpy(float)
    # 5 km/h, a detour of 1.3, level ground.
    assert homes.loc[first, "walk_min"] == round(60 * np.hypot(*(moved - base)) * 1.3 / 5)
    assert homes.loc[first, ["visit_from_min", "visit_to_min"]].tolist() == [480, 720]
    assert homes["unreachable"].isna().all()


def test_the_ring_is_evenly_filled_and_fixed_by_the_key():
    ids = pd.Series([f"HH-{k}" for k in range(4000)])
    at = np.zeros((4000, 2))
    moved = masked(ids, at, b"a", least_m=80, most_m=200)
    radius = np.hypot(*moved.T) * 1000
    assert 74 < radius.min() and radius.max() < 207
    # As many points per area: half of them beyond the radius that halves the ring.
    assert np.mean(radius > np.sqrt((80**2 + 200**2) / 2)) == pytest.approx(0.5, abs=0.03)
    assert np.abs(moved.mean(axis=0)).max() < 0.006
    np.testing.assert_array_equal(moved, masked(ids, at, b"a", least_m=80, most_m=200))
    assert not np.array_equal(moved, masked(ids, at, b"b", least_m=80, most_m=200))


def test_study_ids_depend_on_the_key_alone(tmp_path):
    one, again, other = (clean(tmp_path / str(k), key)[0] for k, key in enumerate((b"a", b"a", b"b")))
    pd.testing.assert_frame_equal(one["community_people"], again["community_people"])
    assert not set(one["community_people"]["person"]) & set(other["community_people"]["person"])
    grown = clean(
        tmp_path / "more", b"a", **more("people", "P9,HH2,Zuri Mori,49999999,,male,2000-01-01,23,2020-01-05,,,,,,,,,")
    )[0]
    assert set(one["community_people"]["person"]) < set(grown["community_people"]["person"])


@pytest.mark.parametrize(
    ("row", "fault", "stays"),
    [
        ("P5,HH3,Ana  LÓPA,41111111,,female,1990-05-02,33,2023-01-01,,,,,,,,,", "two_households", "HH3"),
        ("P5,HH1,Otra Grafía,41111111,,female,1990-05-02,32,2022-01-01,,,,,,,,,", "same_number", "HH1"),
        ("P5,HH1,ANA LOPA,,,female,1990-05-02,32,2022-01-01,,,,,,,,,", "same_name", "HH1"),
    ],
)
def test_a_person_written_down_twice_is_one(tmp_path, row, fault, stays):
    visit = "V9,P5,,A1,2023-01-09,household_visit,130,80,,,,,,0,no,,"
    tables, faults = clean(tmp_path, **more("people", row), **more("visits", visit))
    people = tables["community_people"]
    line = 2 if fault == "two_households" else 6
    assert len(people) == 4 and faults_of(faults, fault) == [("people.csv", line, "set_aside")]
    kept = person(5 if fault == "two_households" else 1)
    home = people.set_index("person").loc[kept, "household"]
    assert home == study_ids([stays], "H", KEY)[stays]
    # Both rows' visits and events are of the one who stays, and so is the first registration.
    assert (tables["community_visits"]["person"] == kept).sum() == 2
    assert (tables["community_events"]["person"] == kept).sum() == 2
    assert people.set_index("person").loc[kept, "registered_on"] == pd.Timestamp("2020-01-05")


@pytest.mark.parametrize(
    "row",
    [
        "P5,HH1,Ana Lopa,49999999,,female,1990-05-02,32,2022-01-01,,,,,,,,,",  # other papers
        "P5,HH1,Ana Lopa,,,female,1991-05-02,31,2022-01-01,,,,,,,,,",  # another day of birth
        "P5,HH1,Ana Lopa,,,female,,32,2022-01-01,,,,,,,,,",  # no day of birth: nobody can tell
    ],
)
def test_people_who_only_share_a_name_are_two(tmp_path, row):
    tables, faults = clean(tmp_path, **more("people", row))
    assert len(tables["community_people"]) == 5 and len(faults.frame()) == 0


def test_an_impossible_age_is_missing_and_a_day_of_birth_corrects_it(tmp_path):
    tables, faults = clean(tmp_path, **edited("people", ",,70,", ",,-1,"))
    assert faults_of(faults, "impossible_age") == [("people.csv", 4, "repaired")]
    assert faults.frame()["value"].tolist() == ["-1"]
    assert pd.isna(tables["community_people"].set_index("person").loc[person(3), "age_years"])
    tables, faults = clean(tmp_path, **edited("people", "1990-05-02,32", "1990-05-02,-1"))
    assert len(faults.frame()) == 0
    tables, faults = clean(tmp_path, **edited("people", "1990-05-02,32", "2090-05-02,32"))
    assert faults_of(faults, "born_in_future") == [("people.csv", 2, "repaired")]
    assert tables["community_people"].set_index("person").loc[person(1), "age_years"] == 32


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        (",70,36.6", ",7,36.6", "heart_rate_bpm"),
        (",36.6,", ",97.9,", "temp_c"),
        ("120,80", "1200,80", "systolic_mmhg"),
        (",97,,", ",9,,", "spo2_pct"),
        ("9.9", "110", "glucose_mmol_l"),
        ("131", "13", "muac_mm"),
    ],
)
def test_an_impossible_measurement_is_missing_and_the_rest_stays(tmp_path, old, new, column):
    before = clean(tmp_path)[0]["community_visits"]
    tables, faults = clean(tmp_path, **edited("visits", old, new))
    (found,) = faults_of(faults, f"impossible_{column}")
    assert found[2] == "repaired"
    after = tables["community_visits"]
    assert after[column].isna().sum() == before[column].isna().sum() + 1
    pd.testing.assert_frame_equal(before.drop(columns=column), after.drop(columns=column))


def test_exchanged_pressures_are_put_right_unless_they_cannot_be(tmp_path):
    tables, faults = clean(tmp_path, **edited("visits", "151,92", "92,151"))
    assert faults_of(faults, "swapped_pressures") == [("visits.csv", 4, "repaired")]
    pressures = tables["community_visits"][["systolic_mmhg", "diastolic_mmhg"]].dropna().to_numpy().tolist()
    assert sorted(pressures) == [[120, 80], [151, 92]]
    # 20 over 151 is no upper and lower pressure either way.
    tables, faults = clean(tmp_path, **edited("visits", "151,92", "20,151"))
    assert faults_of(faults, "swapped_pressures") == []
    assert faults_of(faults, "impossible_systolic_mmhg") == [("visits.csv", 4, "repaired")]


def test_rows_that_cannot_be_are_set_aside_with_their_line(tmp_path):
    visits = [
        "V8,P1,,A1,2023-05-02,household_visit,,,,,,,,0,no,,",
        "V9,P7,,A1,2023-04-02,household_visit,,,,,,,,0,no,,",
        "V3,P4,,A2,2022-12-05,household_visit,151,92,88,37,9.9,,,0,no,,",
    ]
    tables, faults = clean(tmp_path, **more("visits", *visits), **more("events", "X9,P7,2023-01-01,death"))
    assert len(tables["community_visits"]) == 3 and len(tables["community_events"]) == 3
    assert faults_of(faults, "future_date") == [("visits.csv", 5, "set_aside")]
    assert faults_of(faults, "unknown_person") == [("events.csv", 5, "set_aside"), ("visits.csv", 6, "set_aside")]
    assert faults_of(faults, "repeated_row") == [("visits.csv", 7, "set_aside")]


def test_days_in_the_wrong_order_are_missing(tmp_path):
    tables, faults = clean(
        tmp_path, **edited("visits", "2022-11-07", "2021-11-07"), **edited("pregnancies", "2022-08-01", "2022-10-20")
    )
    assert faults_of(faults, "follow_up_before_visit") == [("visits.csv", 3, "repaired")]
    assert faults_of(faults, "lmp_after_registration") == [("pregnancies.csv", 2, "repaired")]
    assert tables["community_visits"]["follow_up_on"].isna().all()
    assert tables["community_pregnancies"]["lmp_on"].isna().all()


def test_a_worker_without_a_base_gives_the_homes_to_the_nearest(tmp_path):
    tables, faults = clean(tmp_path, **edited("workers", "922222222,C2", "922222222,"))
    assert faults_of(faults, "no_base") == [("workers.csv", 3, "set_aside")]
    assert faults_of(faults, "worker_set_aside") == [("households.csv", 4, "repaired")]
    assert tables["community_households"]["worker"].nunique() == 1
    assert tables["community_workers"]["households"].tolist() == [3]
    # 10 km away through mountains: (1 + 1.8) / 2 of 10 km x 1.3 at 5 km/h are more than three hours.
    assert tables["community_households"]["unreachable"].value_counts().to_dict() == {"too far": 1}


def test_hours_and_windows_that_contradict_themselves(tmp_path):
    tables, faults = clean(
        tmp_path,
        **edited("workers", "07:00,12:00", "12:00,07:00"),
        **edited("households", "08:00,12:00", "12:00,12:00"),
    )
    assert faults_of(faults, "contradictory_hours") == [("workers.csv", 3, "set_aside")]
    assert faults_of(faults, "contradictory_window") == [("households.csv", 2, "repaired")]
    assert tables["community_households"]["visit_from_min"].isna().all()


def test_homes_that_nobody_can_walk_to_are_told_and_stay(tmp_path):
    tables, faults = clean(tmp_path, **edited("households", "-5.003,-75.002,yes", "-5.4,-75.002,yes"))
    assert faults_of(faults, "too_far") == [("households.csv", 3, "flagged")]
    tables, faults = clean(tmp_path, **edited("households", "-75.002,yes", "-75.002,no"))
    assert faults_of(faults, "no_path") == [("households.csv", 3, "flagged")]
    assert tables["community_households"]["unreachable"].value_counts().to_dict() == {"no path": 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (edited("hamlets", "010101", "020202"), r"hamlets.csv, column 'ubigeo', line 2: '020202' is not a district"),
        (edited("households", "HH3,C2", "HH3,C9"), r"households.csv, column 'hamlet', line 4: 'C9' is not a hamlet"),
        (edited("households", "yes,A2", "yes,A9"), r"households.csv, column 'worker', line 4: 'A9' is not a worker"),
        (edited("households", "08:00", "8am"), r"households.csv, column 'visit_from', line 2: '8am' is not a time"),
        (edited("workers", "1111110", "111"), r"workers.csv, column 'workdays', line 3: '111' is not seven digits"),
        (edited("workers", "922222222,C2", "922222222,C7"), r"workers.csv, column 'base_hamlet', line 3: 'C7'"),
        (edited("people", "P3,HH2", "P3,HH9"), r"people.csv, line 4: household 'HH9' is not in households.csv"),
        (edited("people", "1985-01-01", "01/01/1985"), r"people.csv, column 'birth_date', line 5: '01/01/1985'"),
        (edited("people", "daily", "often"), r"people.csv, column 'smoking', line 4: 'often' is not one of"),
        (edited("visits", "household_visit", "tea"), r"visits.csv, column 'form', line 3: 'tea' is not one of"),
        (more("visits", "V3,P4,,A2,2022-12-06,household_visit,,,,,,,,0,no,,"), r"visits.csv, line 5: visit 'V3'"),
        ({"workers": ["A1,U,9,,general,1111100,08:00,14:00,30,8", "A2,V,8,,general,1111100,08:00,14:00,30,8"]},
         "workers.csv: no worker has a base"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_an_error_that_names_file_and_line(tmp_path, change, message):
    with pytest.raises(RawFileError, match=message):
        clean(tmp_path, **change)


def test_landmarks_by_hand(tmp_path):
    marks = clean(tmp_path)[0]["community_landmarks"].set_index(["person", "date"])
    days = [ON - pd.Timedelta(days=90 * k) for k in (4, 3, 2, 1, 0)]
    assert sorted({day for _, day in marks.index}) == days
    # 31 January is the landmark itself and belongs to the quarter before it; 1 February to the next.
    assert days[3] == pd.Timestamp("2023-01-31")
    assert marks.loc[person(1), "event"].tolist()[:4] == [0, 0, 1, 1]
    assert marks.loc[(person(1), days[2]), "event_on"] == days[3]
    assert marks.loc[person(4), "event"].tolist()[:4] == [1, 0, 0, 0]
    assert marks["event"].isna().sum() == 3 == marks.index.get_level_values("date").value_counts()[ON]
    # Dead since 1 March: no landmark after that day.
    assert len(marks.loc[person(3)]) == 4
    assert marks.loc[(person(2), days[0]), "age_years"] == 1 and marks.loc[(person(3), days[0]), "age_years"] == 69


def test_walks_between_many_homes_agree_with_a_loop():
    rules = load_rules()
    rng = np.random.default_rng(3)
    a, b = rng.uniform(0, 9, (4, 2)), rng.uniform(0, 9, (5, 2))
    slow_a, slow_b = rng.choice([1.0, 1.4, 1.8], 4), rng.choice([1.0, 1.4, 1.8], 5)
    found = walking_minutes(a, slow_a, b, slow_b, rules)
    for i in range(4):
        for j in range(5):
            km = ((a[i, 0] - b[j, 0]) ** 2 + (a[i, 1] - b[j, 1]) ** 2) ** 0.5 * rules("walking", "detour")
            hours = km / rules("walking", "speed_km_h") * (slow_a[i] + slow_b[j]) / 2
            assert found[i, j] == pytest.approx(60 * hours)
