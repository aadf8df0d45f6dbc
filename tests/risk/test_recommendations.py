"""The rule table and its engine: every rule fires and does not, bounds hold where they are written, missing says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from healthops.data.errors import DataError
from healthops.data.recommendation_rules import (
    ALWAYS_KNOWN,
    COLUMNS,
    FLAGS,
    LEVELS,
    NUMBERS,
    PATH,
    TEXTS,
    VITALS,
    load_rule_table,
)
from healthops.risk.recommendations import RecommendationError, judge, recommend

ON = "2023-05-01"
TABLE = load_rule_table()
RAW = yaml.safe_load(PATH.read_text(encoding="utf-8"))
#: Steps by which a value just misses a bound: that of the instrument, or one whole.
STEP = {"temp_c": 0.1, "glucose_mmol_l": 0.1}


def person(**known):
    """A healthy adult, seen three days ago and measured whole; what is given is changed."""
    given = {
        "person": "P0000000001", "household": "H0000000001", "sex": "female", "age_years": 30.0, "age_months": 360.0,
        "pregnant": False, "maternal": False, "hypertension": 0.0, "diabetes": 0.0, "chronic_lung": 0.0,
        "heart_disease": 0.0, "smoking": "never", "alcohol": "none", "activity": "high", "water": "piped",
        "cooking_fuel": "gas", "risk": 0.02, "risk_band": "low", "days_since_visit": 3.0, "systolic_mmhg": 118.0,
        "diastolic_mmhg": 76.0, "heart_rate_bpm": 72.0, "temp_c": 36.6, "glucose_mmol_l": 5.1, "spo2_pct": 97.0,
        "muac_mm": 150.0, "danger_signs": 0.0, **{f"{name}_days": 3.0 for name in VITALS},
    } | known  # fmt: skip
    return pd.DataFrame([given])


def rules_of(**known):
    out = recommend(person(**known), on=ON)
    return {kind: list(out.loc[out["kind"] == kind, "rule"]) for kind in ("finding", "missing")}


def meets(column, bounds):
    """The value nearest to the bound that meets it, read from the file without the engine."""
    step = STEP.get(column, 1.0)
    if "is" in bounds:
        return bounds["is"] if isinstance(bounds["is"], bool) else bounds["is"][0]
    if "at_least" in bounds or "above" in bounds:
        return bounds["at_least"] if "at_least" in bounds else round(bounds["above"] + step, 1)
    return bounds["at_most"] if "at_most" in bounds else round(bounds["below"] - step, 1)


def misses(column, bounds):
    """The value nearest to the bound that does not meet it."""
    step = STEP.get(column, 1.0)
    if "is" in bounds:
        if column in FLAGS:
            return not bounds["is"]
        return next(value for value in TEXTS[column] if value not in bounds["is"])
    if "at_least" in bounds or "above" in bounds:
        return bounds["above"] if "above" in bounds else round(bounds["at_least"] - step, 1)
    return bounds["below"] if "below" in bounds else round(bounds["at_most"] + step, 1)


def met(rule):
    """Somebody of whom `who` holds, with an age in years and months that agree."""
    known = {c: meets(c, bounds) for c, bounds in RAW["rules"][rule].get("who", {}).items()}
    if "age_months" in known:
        known["age_years"] = known["age_months"] // 12
    elif "age_years" in known:
        known["age_months"] = 12 * known["age_years"]
    return known


@pytest.mark.parametrize("rule", RAW["rules"])
def test_every_rule_fires_at_each_of_its_bounds_and_not_a_step_before(rule):
    base = met(rule)
    for column, bounds in RAW["rules"][rule].get("finding", {"": {}}).items():
        at = {column: meets(column, bounds)} if column else {}
        fires, _ = judge(TABLE[rule], person(**base, **at))
        assert fires[0], f"{rule} does not fire on {base | at}"
        if column:
            near, unknown = judge(TABLE[rule], person(**base, **{column: misses(column, bounds)}))
            assert not near[0] and not unknown[0]


@pytest.mark.parametrize("rule", RAW["rules"])
def test_no_rule_fires_for_whom_it_is_not_meant(rule):
    finding = {c: meets(c, bounds) for c, bounds in RAW["rules"][rule].get("finding", {}).items()}
    for column, bounds in RAW["rules"][rule].get("who", {}).items():
        fires, unknown = judge(TABLE[rule], person(**(met(rule) | finding | {column: misses(column, bounds)})))
        assert not fires[0] and not unknown[0], f"{rule} fires though {column} is {misses(column, bounds)}"


@pytest.mark.parametrize(
    "rule", [name for name, entry in RAW["rules"].items() if set(entry.get("finding", {})) & set(VITALS)]
)
def test_a_measurement_counts_on_its_last_day_and_then_is_missing_and_said_to_be(rule):
    column, bounds = next((c, b) for c, b in RAW["rules"][rule]["finding"].items() if c in VITALS)
    known = met(rule) | {column: meets(column, bounds)}
    if "days_since_visit" in known:
        known["days_since_visit"] = 0
    last = RAW["rules"][rule]["valid_days"]
    assert rule in rules_of(**known, **{f"{column}_days": last})["finding"]
    stale = recommend(person(**known, **{f"{column}_days": last + 1}), on=ON)
    fires, unknown = judge(TABLE[rule], person(**known, **{f"{column}_days": last + 1}))
    assert not fires[0] and unknown[0] and rule not in set(stale["rule"])
    measure = stale[stale["rule"] == f"measure_{TABLE.measure_of(column).name}"]
    assert len(measure) == 1 and TABLE[rule].label in measure["advice"].iloc[0]
    assert VITALS[column][0] in measure["finding"].iloc[0] and str(last + 1) in measure["finding"].iloc[0]


def test_a_healthy_adult_gets_nothing_and_nothing_to_measure():
    assert rules_of() == {"finding": [], "missing": []}


def test_never_measured_is_said_and_a_known_bad_half_still_counts():
    nothing = {"systolic_mmhg": np.nan, "systolic_mmhg_days": np.nan, "diastolic_mmhg": np.nan,
               "diastolic_mmhg_days": np.nan}  # fmt: skip
    out = recommend(person(maternal=True, pregnant=True, **nothing), on=ON)
    assert out["rule"].tolist() == ["measure_blood_pressure"] and out["visit"].all()
    assert out["finding"].iloc[0] == (
        "not known: upper blood pressure (never measured), lower blood pressure (never measured)"
    )
    half = rules_of(maternal=True, pregnant=True, systolic_mmhg=np.nan, systolic_mmhg_days=np.nan, diastolic_mmhg=112.0)
    assert half == {"finding": ["maternal_pressure_severe"], "missing": []}
    mild = rules_of(maternal=True, pregnant=True, systolic_mmhg=np.nan, systolic_mmhg_days=np.nan, diastolic_mmhg=95.0)
    assert mild == {"finding": ["maternal_pressure"], "missing": ["measure_blood_pressure"]}


def test_an_unknown_age_is_asked_for_and_no_rule_of_an_age_fires():
    out = rules_of(age_years=np.nan, age_months=np.nan, systolic_mmhg=190.0, smoking="daily")
    assert out["finding"] == [] and "measure_age" in out["missing"]


@pytest.mark.parametrize(
    ("known", "rule"),
    [
        ({"maternal": True, "systolic_mmhg": 160.0}, "maternal_pressure_severe"),
        ({"maternal": True, "systolic_mmhg": 159.0}, "maternal_pressure"),
        ({"age_years": 1.0, "age_months": 20.0, "muac_mm": 114.0}, "child_thin_severe"),
        ({"age_years": 1.0, "age_months": 20.0, "muac_mm": 115.0}, "child_thin"),
        ({"systolic_mmhg": 180.0, "danger_signs": 1.0}, "pressure_crisis"),
        ({"systolic_mmhg": 180.0}, "pressure_severe"),
        ({"systolic_mmhg": 179.0}, "pressure_new"),
    ],
)
def test_the_graver_rule_stands_in_place_of_the_lesser(known, rule):
    family = {"maternal_pressure_severe", "maternal_pressure", "child_thin_severe", "child_thin", "pressure_crisis",
              "pressure_severe", "pressure_new"}  # fmt: skip
    assert [name for name in rules_of(**known)["finding"] if name in family] == [rule]


def test_each_row_names_finding_with_value_and_day_rule_version_and_source():
    out = recommend(person(pregnant=True, maternal=True, systolic_mmhg=165.0, systolic_mmhg_days=12.0), on=ON)
    row = out.iloc[0]
    assert (row["rule"], row["level"], row["version"]) == ("maternal_pressure_severe", "urgent referral", TABLE.version)
    assert row["finding"].endswith("upper blood pressure 165 mmHg, 12 days ago")
    assert row["found_on"] == pd.Timestamp("2023-04-19") and "NICE NG133" in row["source"]


def test_the_gravest_comes_first_in_each_person():
    two = pd.concat([person(smoking="daily", systolic_mmhg=185.0, danger_signs=1.0),
                     person(person="P0000000002", smoking="daily", spo2_pct=np.nan, spo2_pct_days=np.nan)])  # fmt: skip
    out = recommend(two.reset_index(drop=True), on=ON)
    rank = out["level"].map(LEVELS.index)
    for _, part in out[out["kind"] == "finding"].groupby("person"):
        assert (np.diff(rank[part.index]) <= 0).all()
    assert out["person"].is_monotonic_increasing and out["kind"].iloc[-1] == "missing"


def test_a_table_of_states_without_a_column_is_refused_by_name():
    with pytest.raises(RecommendationError, match="states lack column 'muac_mm_days'"):
        recommend(person().drop(columns="muac_mm_days"), on=ON)


def test_every_column_that_rules_use_can_be_asked_for_and_every_source_is_named():
    used = {c.column for rule in TABLE.rules for c in (*rule.who, *rule.finding)}
    for column in used - set(ALWAYS_KNOWN):
        assert TABLE.measure_of(column)
    assert used <= set(COLUMNS) and set(VITALS) <= set(NUMBERS)
    assert sum(rule.published for rule in TABLE.rules) >= 20
    # A referral that is urgent sends somebody, within two days, at a level that the plan counts as urgent.
    for rule in TABLE.rules:
        if rule.level == "urgent referral":
            assert rule.visit and rule.visit.level >= 8 and rule.visit.within_days <= 2


def written(folder: Path, change) -> Path:
    raw = yaml.safe_load(PATH.read_text(encoding="utf-8"))
    change(raw)
    path = folder / "rules.yaml"
    path.write_text(yaml.safe_dump(raw, sort_keys=False), encoding="utf-8")
    return path


def in_rule(name, key, value):
    def change(raw):
        raw["rules"][name][key] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda raw: raw.pop("version"), "rules.yaml lacks version"),
        (lambda raw: raw.update(extra=1), "rules.yaml has the unknown key extra"),
        (lambda raw: raw["rules"]["child_thin"].pop("source"), r"rule child_thin lacks \['source'\]"),
        (in_rule("child_thin", "leve", 1), r"rule child_thin .* unknown keys \['leve'\]"),
        (in_rule("child_thin", "level", "panic"), "rule child_thin: level is 'panic'"),
        (in_rule("child_thin", "finding", {"arm_mm": {"below": 1}}), "rule child_thin: finding: arm_mm is no column"),
        (in_rule("child_thin", "finding", {"muac_mm": {"under": 1}}), "finding: muac_mm: under is no bound"),
        (in_rule("child_thin", "finding", {"muac_mm": {"below": "x"}}), "finding: muac_mm: below is 'x'"),
        (in_rule("child_thin", "finding", {"muac_mm": {"at_least": 130, "below": 125}}), "muac_mm: .*contradict"),
        (in_rule("child_thin", "finding", {"muac_mm": {"above": 125, "at_most": 125}}), "muac_mm: .*contradict"),
        (in_rule("child_thin", "finding", {"muac_mm": {"below": 1, "at_most": 2}}), "bounds the same side twice"),
        (in_rule("daily_smoking", "finding", {"smoking": {"is": ["often"]}}), "finding: smoking is 'often'"),
        (in_rule("maternal_fever", "who", {"maternal": {"is": "yes"}}), "who: maternal: is 'yes'; it must be true"),
        (lambda raw: raw["rules"]["child_thin"].pop("valid_days"), "rule child_thin lacks valid_days"),
        (in_rule("child_thin", "unless", ["child_fat"]), "rule child_thin: unless: 'child_fat' is no rule"),
        (in_rule("child_thin_severe", "unless", ["child_thin"]), "child_thin_severe: unless: child_thin must stand"),
        (in_rule("child_thin", "visit", {"level": 11, "minutes": 5, "skill": "general"}), "visit: level is 11"),
        (in_rule("child_thin", "visit", {"level": 5, "minutes": 5, "skill": "magic"}), "visit: skill is 'magic'"),
        (in_rule("child_thin", "if_missing", "call"), "if_missing is 'call'"),
        (in_rule("high_risk", "if_missing", "visit"), "high_risk: if_missing: it has no finding"),
        (
            lambda raw: raw["rules"].update(copy={**raw["rules"]["child_thin_severe"], "level": "advice"}),
            "rule copy contradicts child_thin_severe: the same finding",
        ),
        (lambda raw: raw["measures"].pop("arm"), "measures name no column 'muac_mm'"),
        (lambda raw: raw["measures"]["age"]["columns"].append("muac_mm"), "muac_mm stands under two"),
    ],
)  # fmt: skip
def test_a_bad_rule_table_is_refused_with_file_rule_and_key(tmp_path, change, said):
    with pytest.raises(DataError, match=said):
        load_rule_table(written(tmp_path, change))


def test_a_rule_written_twice_is_refused_with_its_line(tmp_path):
    path = tmp_path / "rules.yaml"
    text = PATH.read_text(encoding="utf-8")
    path.write_text(text.replace("  child_thin:\n", "  child_thin_severe:\n"), encoding="utf-8")
    with pytest.raises(DataError, match=r"rules.yaml, line \d+: child_thin_severe stands there twice"):
        load_rule_table(path)
    with pytest.raises(DataError, match="has no rule 'x'"):
        TABLE["x"]
