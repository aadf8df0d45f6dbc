import math

import numpy as np
import pandas as pd
import pytest

from healthops.features import community_catalogue as listed
from healthops.features.community import BESIDE, community_features
from healthops.features.community_leaks import as_known_before, left_out, twins
from healthops.features.grid import FeatureError
from healthops.features.maternal import maternal_features
from healthops.features.vital_signs import COMMUNITY_FLAGS, MATERNAL_FLAGS, flags
from tests.features.made_community import LANDMARKS, ON, made_register


@pytest.fixture(scope="module")
def tables():
    return made_register()


@pytest.fixture(scope="module")
def made(tables):
    return community_features(tables)


# ---- no feature knows of the landmark's day, or of what comes after -----------------------------------------------


@pytest.mark.parametrize("day", LANDMARKS, ids=str)
def test_taking_away_all_that_is_dated_on_or_after_the_landmark_changes_nothing(tables, made, day):
    again = community_features(as_known_before(tables, day))
    names = [name for name in made if name != "event"]
    before, after = (frame.loc[frame["date"] == day, names].reset_index(drop=True) for frame in (made, again))
    assert len(before) > 50
    pd.testing.assert_frame_equal(before, after, check_exact=True)


@pytest.mark.parametrize("day", LANDMARKS[1:], ids=str)
def test_the_test_of_leaks_can_fail(tables, made, day):
    """One more day of the register, and features of every family that is dated change."""
    again = community_features(as_known_before(tables, day))
    late = community_features(_shifted(tables))
    before, moved = (f[f["date"] == day].reset_index(drop=True) for f in (again, late))
    past = [f for f in listed.FEATURES["community"] if f.fold_safety == "past_only"]
    seen = {f.family for f in past if not before[f.feature].equals(moved[f.feature])}
    assert {"clinical", "history", "pregnancy and birth"} <= seen


def _shifted(tables):
    """The register as it would be if the landmark's own day counted as before: everything a day earlier."""
    out = dict(tables)
    for name, columns in {
        "community_visits": ["date"],
        "community_events": ["date"],
        "community_pregnancies": ["registered_on", "end_recorded_on"],
    }.items():
        out[name] = tables[name].assign(**{c: tables[name][c] - pd.Timedelta(days=1) for c in columns})
    return out


def test_neither_outcome_nor_end_of_record_is_read(tables, made):
    spoilt = {name: table.copy() for name, table in tables.items()}
    spoilt["community_people"]["died_on"] = ON
    spoilt["community_landmarks"]["event_on"] = pd.NaT
    spoilt["community_landmarks"]["event"] = pd.Series(pd.NA, index=made.index, dtype="Int64")
    spoilt["community_pregnancies"]["muted_on"] = pd.NaT
    again = community_features(spoilt)
    features = list(listed.names("community"))
    pd.testing.assert_frame_equal(made[features], again[features], check_exact=True)


def test_an_older_past_than_the_look_back_says_nothing(tables, made):
    """The first landmark looks back as far as the last: no feature grows because the register grew."""
    short = dict(tables)
    cut = LANDMARKS[-1] - pd.Timedelta(days=listed.LOOK_BACK)
    for name in ("community_visits", "community_events"):
        short[name] = tables[name][tables[name]["date"] >= cut]
    again = community_features(short)
    last = made["date"] == ON
    pd.testing.assert_frame_equal(made[last], again[last], check_exact=True)


@pytest.mark.parametrize("day", LANDMARKS[::2], ids=str)
def test_the_register_as_it_was_holds_no_later_day(tables, day):
    known = as_known_before(tables, day)
    for name, table in known.items():
        for column in table.select_dtypes("datetime"):
            dates = table[column].dropna()
            if column == "lmp_on":
                continue
            assert (dates <= day if (name, column) == ("community_landmarks", "date") else dates < day).all(), column
    ended = known["community_pregnancies"]
    assert ended.loc[ended["end_recorded_on"].isna(), ["ended_on", "outcome", "baby"]].isna().all(axis=None)
    lost = {n: len(tables[n]) - len(known[n]) for n in ("community_visits", "community_events")}
    whole = {n: (tables[n]["date"] >= day).sum() for n in lost}
    assert lost == whole and min(whole.values()) > 0
    told = known["community_landmarks"]
    assert told.loc[told["date"] > day - pd.Timedelta(days=91), "event"].isna().all()


def test_what_is_left_out_is_counted_by_a_loop(tables):
    rows = tables["community_landmarks"][["person", "date"]].sample(40, random_state=2)
    found = left_out(rows, tables)
    died = tables["community_people"].set_index("person")["died_on"]
    for at, row in rows.iterrows():
        visits = [v for v in tables["community_visits"].itertuples() if v.person == row["person"]]
        soon = [v for v in visits if 0 <= (v.date - row["date"]).days <= 90]
        events = (tables["community_events"]["person"] == row["person"]).sum()
        expected = [pd.notna(died[row["person"]]), events, sum(v.referral for v in visits), len(soon)]
        assert found.loc[at].tolist() == [*expected, sum(v.danger_signs > 0 for v in soon)]
    assert (found.max() > 0).all()


def test_twins_of_random_folds_are_as_many_as_chance_says():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(20_000), 2)
    assert twins(group, rng.integers(0, 5, len(group))) == pytest.approx(0.8, abs=0.01)
    assert twins(group, group % 5) == 0


# ---- each feature is what a loop says -----------------------------------------------------------------------------


def by_hand(tables, person, day):
    """Features of one person and day by loops over records."""
    people = tables["community_people"].set_index("person")
    home = people.loc[person, "household"]
    visits = [v for v in tables["community_visits"].itertuples() if v.person == person]
    visits = [v for v in visits if v.date < day and (day - v.date).days <= 360]
    events = [e for e in tables["community_events"].itertuples() if e.date < day and (day - e.date).days <= 360]
    own = [e for e in events if e.person == person]
    signs = [v for v in visits if v.danger_signs > 0]
    here = tables["community_landmarks"]
    here = here[here["date"] == day]
    ages = here.loc[here["person"].map(people["household"]) == home, "age_years"]
    out = {
        "household_size": len(ages), "under_5_at_home": sum(ages < 5), "over_65_at_home": sum(ages >= 65),
        "visit_days": len({v.date for v in visits}), "days_since_visit": least((day - v.date).days for v in visits),
        "danger_signs": sum(v.danger_signs for v in signs), "referrals": sum(v.referral for v in visits),
        "days_since_danger_sign": least((day - v.date).days for v in signs),
        "events_before": len(own), "admissions_before": sum(e.kind == "admission" for e in own),
        "days_since_event": least((day - e.date).days for e in own),
        "events_at_home": sum(people.loc[e.person, "household"] == home and e.person != person for e in events),
    }  # fmt: skip
    for name in ("heart_rate_bpm", "systolic_mmhg", "muac_mm"):
        known = [v for v in visits if not math.isnan(getattr(v, name))]
        newest = max((v.date for v in known), default=None)
        values = [getattr(v, name) for v in known if v.date == newest]
        out[name] = np.mean(values) if values else math.nan
    return out | pregnancy_by_hand(tables, person, day)


def pregnancy_by_hand(tables, person, day):
    records = list(tables["community_pregnancies"].itertuples())
    told = [r for r in records if r.registered_on < day and r.end_recorded_on < day]
    told = [r for r in told if (day - r.ended_on).days <= 360]
    going = [r for r in records if r.person == person and r.registered_on < day and not r.end_recorded_on < day]
    going = [
        r
        for r in going
        if not ((day - r.lmp_on).days > 308 if pd.notna(r.lmp_on) else (day - r.registered_on).days > 273)
    ]
    newest = max(
        going,
        key=lambda r: (r.registered_on, r.lmp_on if pd.notna(r.lmp_on) else pd.Timestamp.min),
        default=None,
    )
    return {
        "pregnant": float(bool(going)),
        "gestation_weeks": (day - newest.lmp_on).days / 7 if newest and pd.notna(newest.lmp_on) else math.nan,
        "days_since_birth": least(
            (day - r.ended_on).days for r in told if r.person == person and r.outcome == "delivery"
        ),
        "lost_pregnancy": float(any(r.person == person and r.outcome == "miscarriage" for r in told)),
        "newborn_days": least((day - r.ended_on).days for r in told if r.baby == person),
    }


def least(values):
    return min(values, default=math.nan)


def test_features_are_what_a_loop_says(tables, made):
    rows = made.sample(60, random_state=1)
    pregnant = made[(made["pregnant"] == 1) | made["newborn_days"].notna()].head(30)
    seen = set()
    for row in pd.concat([rows, pregnant]).to_dict("records"):
        for name, value in by_hand(tables, row["person"], row["date"]).items():
            assert row[name] == pytest.approx(value, abs=2e-6, nan_ok=True), (row["person"], row["date"], name)
            if value == value and value:
                seen.add(name)
    assert len(seen) == 20, "each of them is something somewhere"


def test_stage_bands_and_children(made):
    weeks = made["gestation_weeks"]
    stage = np.select([weeks < 14, weeks < 28, weeks >= 28], ["first", "second", "third"], "unknown")
    going = made["pregnant"] == 1
    assert going.sum() > 20
    assert (made.loc[going, "pregnancy_stage"].to_numpy() == stage[going]).all()
    after = ~going & (made["days_since_birth"] <= 42)
    assert after.any() and (made.loc[after, "pregnancy_stage"] == "after birth").all()
    assert (made.loc[~going & ~after, "pregnancy_stage"] == "none").all()
    young = made["age_years"] < 15
    assert (made.loc[young, ["smoking", "alcohol", "activity"]] == "child").all(axis=None)
    assert not (made.loc[~young, ["smoking", "alcohol", "activity"]] == "child").any(axis=None)
    bands = made.groupby("age_band")["age_years"].agg(["min", "max"])
    for band, (low, high) in bands.iterrows():
        first, _, last = band.partition("-")
        assert low >= float(first.rstrip("+")) and high <= float(last or (first if "+" not in first else 200))


def test_flags_tell_within_from_unknown():
    measured = pd.DataFrame({
        "systolic_mmhg": [140, 139, np.nan, 120, np.nan], "diastolic_mmhg": [80, 89, 90, np.nan, 80],
        "temp_c": [37.4, 37.5, np.nan, 36, 36], "glucose_mmol_l": [11.1, 11, np.nan, 5, 5],
        "spo2_pct": [94, 93, 99, np.nan, 98], "muac_mm": [125, 124, 114, np.nan, 130],
    })  # fmt: skip
    found = flags(measured, COMMUNITY_FLAGS)
    nan = np.nan
    np.testing.assert_array_equal(found["high_pressure"], [1, 0, 1, nan, nan])
    np.testing.assert_array_equal(found["fever"], [0, 1, nan, 0, 0])
    np.testing.assert_array_equal(found["glucose_11_up"], [1, 0, nan, 0, 0])
    np.testing.assert_array_equal(found["low_oxygen"], [0, 1, 0, nan, 0])
    np.testing.assert_array_equal(found["thin_arm"], [0, 1, 1, nan, 0])
    np.testing.assert_array_equal(found["very_thin_arm"], [0, 0, 1, nan, 0])


# ---- the maternal set ----------------------------------------------------------------------------------------------


def risks(**changes):
    frame = pd.DataFrame({
        "row_id": ["M0001", "M0002", "M0003", "M0004"], "age_years": [25, 35, 17, 25],
        "systolic_mmhg": [120.0, 160, 85, 120], "diastolic_mmhg": [75.0, 110, 60, 75],
        "glucose_mmol_l": [6.9, 11.1, 7.0, 6.9], "temp_c": [36.67, 38.33, 37.78, 36.67],
        "heart_rate_bpm": [76.0, np.nan, 85, 76], "risk": ["low", "high", "mid", "mid"],
        "same_as": ["M0001", "M0002", "M0003", "M0001"], "copies": [2, 1, 1, 2],
    })  # fmt: skip
    return frame.assign(**changes)


def test_maternal_features_of_four_women():
    found = maternal_features(risks())
    assert found["pulse_pressure_mmhg"].tolist() == [45, 50, 25, 45]
    assert found["mean_pressure_mmhg"].tolist() == pytest.approx([90, 126.666667, 68.333333, 90])
    np.testing.assert_allclose(found["shock_index"], [76 / 120, np.nan, 1, 76 / 120], atol=1e-6)
    raised = {name: found[name].tolist()[:3] for name in (f.name for f in MATERNAL_FLAGS)}
    nan = pytest.approx(math.nan, nan_ok=True)
    assert raised == {
        "high_pressure": [0, 1, 0], "severe_pressure": [0, 1, 0], "low_pressure": [0, 0, 1],
        "abnormal_heart_rate": [0, nan, 0], "high_shock_index": [0, nan, 1], "fever": [0, 1, 0],
        "glucose_7_up": [0, 1, 1], "glucose_11_up": [0, 1, 0], "age_under_20": [0, 0, 1], "age_35_up": [0, 1, 0],
    }  # fmt: skip
    assert found["flags_raised"].tolist() == [0, 6, 4, 0]
    assert found["same_as"].tolist() == ["M0001", "M0002", "M0003", "M0001"]


def test_features_of_a_woman_depend_on_her_row_alone():
    whole = maternal_features(risks())
    for k in range(4):
        alone = maternal_features(risks().iloc[[k]])
        pd.testing.assert_frame_equal(alone, whole.iloc[[k]].reset_index(drop=True), check_exact=True)


def test_pressures_that_no_artery_has_make_nothing():
    found = maternal_features(risks(diastolic_mmhg=[75.0, 160, 60, 75]))
    assert found["pulse_pressure_mmhg"].isna().tolist() == [False, True, False, False]
    assert found["mean_pressure_mmhg"].isna().tolist() == [False, True, False, False]


# ---- the catalogue, and bad input -----------------------------------------------------------------------------------


def test_the_catalogue_names_just_the_columns(made):
    assert list(made.columns) == [*BESIDE, *listed.names("community")]
    assert list(maternal_features(risks()).columns) == ["row_id", "same_as", "risk", *listed.names("maternal")]
    table = listed.community_catalogue()
    assert not table.duplicated(["set", "feature"]).any()
    assert (table[["source", "transformation", "why", "family"]].map(len) > 2).all(axis=None)
    words = made[list(listed.names("community", "category"))]
    assert all(words[name].map(type).isin([str, float]).all() for name in words)


def test_the_catalogue_names_columns_that_exist():
    from healthops.data.schemas import table

    for source in listed.community_catalogue()["source"]:
        name, _, column = source.partition(".")
        assert column in table(name).columns, source


def test_what_no_model_may_know_is_no_source():
    text = " ".join(listed.community_catalogue()["source"])
    for name in ("community_true_risk", "community_season", "died_on", "event_on", "copies", "repeats_row", "event "):
        assert name not in text
    assert not {"copies", "repeats_row", "labels_disagree"} & set(listed.names("maternal"))


def test_bad_input_is_named(tables):
    with pytest.raises(FeatureError, match="table 'community_events' is lacking"):
        community_features({k: v for k, v in tables.items() if k != "community_events"})
    with pytest.raises(FeatureError, match=r"'community_visits' lacks the columns \['temp_c'\]"):
        community_features(tables | {"community_visits": tables["community_visits"].drop(columns="temp_c")})
    people = tables["community_people"]
    with pytest.raises(FeatureError, match="person 'P0000000000' is not in 'community_people'"):
        community_features(tables | {"community_people": people.iloc[1:]})
    with pytest.raises(FeatureError, match="household 'H99' is not in 'community_households'"):
        community_features(tables | {"community_people": people.assign(household="H99")})
    with pytest.raises(FeatureError, match="hamlet 'C2' is not in 'community_hamlets'"):
        community_features(tables | {"community_hamlets": tables["community_hamlets"].iloc[:1]})
    with pytest.raises(FeatureError, match=r"group same_as 'M0001' differ in a measurement"):
        maternal_features(risks(temp_c=[36.67, 38.33, 37.78, 39.0]))
    with pytest.raises(FeatureError, match=r"'maternal_risk' lacks the columns \['same_as'\]"):
        maternal_features(risks().drop(columns="same_as"))
