"""The set of maternal health risks: its known defects, and bad files."""

from __future__ import annotations

import pytest

from healthops.data.clean_maternal import clean_maternal
from healthops.data.community_rules import PATH, load_rules
from healthops.data.errors import DataError, RawFileError
from healthops.data.raw_layout import RAW_PATHS
from healthops.data.register_faults import Faults
from healthops.data.schemas import validate

HEAD = "\ufeffAge,SystolicBP,DiastolicBP,BS,BodyTemp,HeartRate,RiskLevel"
ROWS = (
    "25,130,80,15,98,86,high risk",
    "25,130,80,15,98,86,high risk",
    "25,130,80,15,98,86,mid risk",
    "16,120,75,7.9,98.6,7,low risk",
    "55,120,75,7.9,98.6,70,low risk",
)


def clean(folder, *rows: str, head: str = HEAD):
    path = folder / RAW_PATHS["maternal_risk"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    faults = Faults()
    return validate("maternal_risk", clean_maternal(folder, load_rules(), faults)), faults


def test_repeats_stay_and_share_a_group(tmp_path):
    table, faults = clean(tmp_path, *ROWS)
    assert table["same_as"].tolist() == ["M0001", "M0001", "M0001", "M0004", "M0005"]
    assert table["copies"].tolist() == [3, 3, 3, 1, 1]
    assert table["repeats_row"].tolist() == [False, True, False, False, False]
    assert table["labels_disagree"].tolist() == [True, True, True, False, False]
    lines = faults.frame().groupby("fault")["line"].apply(list).to_dict()
    assert lines == {
        "repeated_row": [3], "labels_disagree": [2, 3, 4], "impossible_heart_rate_bpm": [5], "unusual_age": [6],
    }  # fmt: skip


def test_a_heart_rate_of_seven_is_missing_and_the_row_stays(tmp_path):
    table, _ = clean(tmp_path, *ROWS)
    assert table["heart_rate_bpm"].isna().tolist() == [False, False, False, True, False]
    assert table.loc[3, ["age_years", "systolic_mmhg", "temp_c"]].tolist() == [16, 120, 37.0]
    assert table["risk"].tolist() == ["high", "high", "mid", "low", "low"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((ROWS[0].replace("25,", "-1,", 1),), "column 'Age', line 2: '-1' is not a whole number from 0"),
        ((ROWS[0], ROWS[0].replace("high", "some")), "column 'RiskLevel', line 3: 'some risk' is not one of"),
        ((ROWS[0].replace(",98,", ",,"),), "column 'BodyTemp', line 2: '' is not a number"),
        ((), "has no row"),
    ],
)
def test_what_is_no_measurement_is_an_error(tmp_path, rows, message):
    with pytest.raises(RawFileError, match=message):
        clean(tmp_path, *rows)


def test_a_file_without_a_column_is_an_error(tmp_path):
    with pytest.raises(RawFileError, match=r"data.csv lacks the columns \['RiskLevel'\]"):
        clean(tmp_path, *ROWS, head=HEAD.replace("RiskLevel", "Level"))


@pytest.mark.mirror
def test_the_public_set_has_the_defects_that_are_known(mirror):
    faults = Faults()
    table = validate("maternal_risk", clean_maternal(mirror, load_rules(), faults))
    assert len(table) == 1014 and table["repeats_row"].sum() == 562
    assert table["same_as"].nunique() == 416
    assert table.loc[table["labels_disagree"], "same_as"].nunique() == 35
    assert table["heart_rate_bpm"].isna().sum() == 2
    assert table["risk"].value_counts().to_dict() == {"low": 406, "mid": 336, "high": 272}
    assert (table["age_years"].min(), table["age_years"].max()) == (10, 70)
    ledger = faults.ledger.frame().set_index(["action", "reason"])["rows"]
    assert ledger["in"].tolist() == ledger["kept"].tolist() == [1014]
    # What is read with other means: equal rows by the text of the file.
    text = (mirror / RAW_PATHS["maternal_risk"]).read_text(encoding="utf-8-sig").split()
    assert text[0].startswith("Age,") and table["copies"].max() >= 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("speed_km_h: {value: 5,", "speed_km_h: {value: fast,", "walking: speed_km_h: value 'fast'"),
        ("speed_km_h: {value: 5, unit: km/h,", "speed_km_h: {value: 5,", "walking: speed_km_h needs a value, a unit"),
        ("moved_at_least_m: {value: 80", "moved_at_least_m: {value: 280", "moved_at_least_m is above moved_at_most_m"),
        (
            "heart_rate_bpm_low: {value: 30",
            "heart_rate_bpm_low: {value: 300",
            "heart_rate_bpm_low is 300, not below 220",
        ),
    ],
)
def test_a_faulty_assumption_is_an_error_that_names_it(tmp_path, old, new, message):
    text = PATH.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "community.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=message):
        load_rules(path)


def test_an_unknown_assumption_is_an_error():
    with pytest.raises(DataError, match="has no walking: wings"):
        load_rules()("walking", "wings")
