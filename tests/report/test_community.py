"""Summaries of column 3's tables are what loops over them say, small counts are hidden, and every figure draws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops.data.follow_up_rules import load_schedule
from healthops.features import community_catalogue as listed
from healthops.features.community import community_features
from healthops.features.maternal import MEASURED
from healthops.report import community_figures as figures
from healthops.report import community_tables as tables
from healthops.report.style import colour
from tests.features.made_community import LANDMARKS, ON, made_register
from tests.report.checks import texts


@pytest.fixture(scope="module")
def made():
    return made_register(persons=160)


@pytest.fixture(scope="module")
def features(made):
    return community_features(made)


def risks() -> pd.DataFrame:
    """Nine rows of five vectors: one alone, one twice, one three times with two levels, two alone."""
    vector = [0, 1, 1, 2, 2, 2, 3, 4, 1]
    frame = pd.DataFrame({"row_id": [f"M{k:04d}" for k in range(9)], "risk": list("lhhllhlmh")})
    frame["risk"] = frame["risk"].map({"l": "low", "m": "mid", "h": "high"})
    first = {v: f"M{vector.index(v):04d}" for v in vector}
    frame["same_as"] = [first[v] for v in vector]
    frame["copies"] = [vector.count(v) for v in vector]
    frame["repeats_row"] = [False, False, True, False, True, False, False, False, True]
    for k, name in enumerate(MEASURED):
        frame[name] = [100.0 + k + v for v in vector]
    return frame


# ---- summaries ---------------------------------------------------------------------------------------------------


def test_copies_are_counted_by_kind():
    found = tables.copies(risks())
    assert found.loc["1"].tolist() == [3, 0, 0]
    assert found.loc["3"].tolist() == [2, 1, 3], "a row with another level is no repeat"
    assert found.to_numpy().sum() == 9


def test_sums_that_give_a_small_count_away_are_left_out():
    balance = pd.DataFrame({"in": [40, 100, 7], "kept": [38, 90, 7], "set_aside": [2, 10, 0]})
    assert tables.without_differences(balance)["in"].tolist()[1:] == [100, 7]
    assert np.isnan(tables.without_differences(balance)["in"][0])
    counts = pd.Series([0, 1, 4, 5])
    assert tables.suppressed(counts).tolist()[::3] == [0, 5] and tables.suppressed(counts).isna().sum() == 2


def test_the_pyramid_holds_the_living_of_known_age(made):
    people = made["community_people"].astype({"age_years": "Int64"})
    people.loc[0, "age_years"] = pd.NA
    found = tables.pyramid(people)
    here = people[people["died_on"].isna() & people["age_years"].notna()]
    assert found.to_numpy().sum() == len(here)
    assert found.loc[80, "male"] == ((here["age_years"] >= 80) & (here["sex"] == "male")).sum()
    assert found.loc[35, "female"] == (here["age_years"].between(35, 39) & (here["sex"] == "female")).sum()


def test_measured_shares_are_by_age_and_in_its_order(made):
    visits, people = made["community_visits"], made["community_people"]
    found = tables.measured_share(visits, people)
    assert list(found.columns) == list(tables.AGES.values())
    age = people.set_index("person")["age_years"]
    own = [v for v in visits.itertuples() if 15 <= age[v.person] < 50]
    expected = 100 * np.mean([not np.isnan(v.spo2_pct) for v in own])
    assert found.loc["oxygen saturation", "15-49"] == pytest.approx(expected)
    few = visits[visits["person"] == visits["person"].iloc[0]].head(4)
    assert tables.measured_share(few, people).isna().all(axis=None), "four visits tell of one person"


def test_tasks_are_counted_by_rule_and_small_shares_hidden():
    rules = load_schedule().rules
    name, other = rules[0].name, rules[1].name
    tasks = pd.DataFrame({
        "rule": [name] * 12 + [other] * 12,
        "state": ["resolved"] * 6 + ["missed"] * 6 + ["resolved"] * 9 + ["missed"] * 2 + ["open"],
    })  # fmt: skip
    found = tables.tasks_by_rule(tasks, rules)
    assert found.index.tolist() == [rule.label for rule in rules]
    assert found.iloc[0]["kept_pct"] == 50 and np.isnan(found.iloc[1]["kept_pct"]), "2 missed could be told from 82 %"
    assert found.iloc[1]["open"] == 1 and found.iloc[2].fillna(0).sum() == 0


def test_rates_are_shares_of_landmarks_and_small_ones_hidden(features):
    groups = tables.risk_groups(features)
    found = tables.event_rates(features, groups)
    known = features[features["event"].notna()]
    old = known[known["age_years"] >= 65]
    assert found.loc["aged 65 and older", "rate"] == pytest.approx(100 * old["event"].mean())
    assert found.loc["everybody", ["landmarks", "events"]].tolist() == [len(known), known["event"].sum()]
    never = known[known["days_since_visit"].isna()]
    assert found.loc["not visited in 360 days", "people"] == never["person"].nunique()
    rare = pd.Series(features.index.isin(known.index[known["event"] == 1][:3]), index=features.index)
    assert tables.event_rates(features, {"rare": rare}).loc["rare", ["rate", "low", "high"]].isna().all()


def test_what_could_be_told_by_subtraction_is_hidden_too(features):
    known = features["event"].notna()
    few = pd.Series(features.index.isin(features.index[known & (features["event"] == 1)][:3]), index=features.index)
    more = pd.Series(features.index.isin(features.index[known & ~few][:90]), index=features.index)
    parts = {"few": few, "more": more, "most": ~few & ~more}
    open_, safe = (tables.event_rates(features, parts, adding_up=names) for names in ((), list(parts)))
    assert open_.loc[["more", "most"], "rate"].notna().all()
    next_fewest = open_.loc[["more", "most"], "events"].idxmin()
    assert safe.loc[["few", next_fewest], "rate"].isna().all() and np.isnan(safe.loc[next_fewest, "events"])
    assert safe["rate"].notna().sum() == 2


def test_areas_put_first_what_is_surely_far_and_tell_missing():
    rng = np.random.default_rng(0)
    event = pd.Series(rng.integers(0, 2, 400))
    frame = pd.DataFrame({
        "good": event + rng.normal(0, 1, 400), "noise": rng.normal(0, 1, 400), "flat": 1.0,
        "rare": np.where(np.arange(400) < 12, 1.0 - event + rng.normal(0, 0.2, 400), np.nan),
        "gap": np.where(event == 1, np.nan, 1.0), "word": pd.Series(np.where(event == 1, "b", "a")),
    })  # fmt: skip
    names = {"one": ["good", "noise", "flat"], "two": ["rare", "gap", "word"]}
    found = tables.feature_areas(frame, event, pd.Series(np.arange(400)), names).set_index("feature")
    assert found.index[0] == "good" and found.loc["word", "auc"] == 1 and found.loc["flat", "auc"] == 0.5
    assert found.loc["gap", "auc_missing"] == 1 and found.loc["gap", "missing"] == pytest.approx(event.mean())
    assert found.index.get_loc("rare") > found.index.get_loc("good")


def test_gaps_of_one_origin_stand_once(features):
    names = list(listed.names("community"))
    found = tables.gaps_by_age(features, names)
    shown = [label.split(",")[0] for label in found.index]
    more = sum(int(label.split(",")[1].split()[0]) for label in found.index if "," in label)
    assert len(shown) + more == len(names)
    assert "systolic_mmhg" in shown and "pulse_pressure_mmhg" not in shown
    adults = features[features["age_years"].between(15, 49)]
    at = next(label for label in found.index if label.startswith("muac_mm"))
    assert found.loc[at, "15-49"] == pytest.approx(100 * adults["muac_mm"].isna().mean())


def test_rates_by_value_leave_out_small_bins():
    value = pd.Series(np.repeat([1.0, 5.0, 9.0], [100, 100, 20]))
    event = pd.Series(np.r_[np.ones(50), np.zeros(50), np.ones(3), np.zeros(97), np.ones(20)])
    found = tables.rate_by_value(value, event, pd.Series(np.arange(220)), [0, 4, 8, 12])
    assert found[["value", "rate"]].to_numpy().tolist() == [[1, 50]]


# ---- figures -----------------------------------------------------------------------------------------------------


def test_figures_of_the_maternal_set():
    labels = pd.DataFrame({"name": ["low", "several levels"], "groups": [10, 3]})
    fig = figures.copies(tables.copies(risks()), labels)
    assert "repeats an earlier row" in texts(fig) and "several levels" in texts(fig)
    fig = figures.measurements_by_level(risks(), MEASURED, {"systolic_mmhg": [140.0]})
    assert "blood sugar, mmol/l" in texts(fig) and len(fig.axes) == 6
    assert len({colour(f"risk {level}") for level in ("low", "mid", "high", "several")}) == 4


def hatched(fig) -> int:
    """Bars that stand for a hidden count."""
    return sum(bar.get_hatch() is not None for ax in fig.axes for bar in ax.patches)


def test_no_small_count_is_drawn(made):
    counts = pd.DataFrame({"female": [50, 3], "male": [4, 7]}, index=pd.Index([0, 5], name="age_low"))
    fig = figures.pyramid(counts)
    assert hatched(fig) == 2
    widths = {abs(bar.get_width()) for bar in fig.axes[0].patches if bar.get_hatch() is None}
    assert widths == {0, 50, 7}
    visits = made["community_visits"].assign(form="household_visit")
    visits.loc[visits.index[:2], "form"] = "delivery"
    fig = figures.records(visits, made["community_events"], LANDMARKS)
    heights = {bar.get_height() for ax in fig.axes for bar in ax.patches if bar.get_hatch() is None}
    assert not heights & {1, 2, 3, 4} and hatched(fig) > 0
    rules = load_schedule().rules
    tasks = pd.DataFrame({"rule": [rules[0].name] * 8, "state": ["open"] * 6 + ["overdue"] * 2})
    windows = pd.DataFrame(
        [(r.days_before, r.days_after, r.level) for r in rules],
        columns=["before", "after", "level"], index=[r.label for r in rules],
    )  # fmt: skip
    fig = figures.tasks(tables.tasks_by_rule(tasks, rules), windows)
    assert hatched(fig) == 1 and "1 to 4, not shown" in texts(fig) and "level 10" in texts(fig)


def test_figures_of_hamlets_and_caseloads(made):
    homes = made["community_households"].assign(worker="W001", visit_from_min=pd.NA)
    hamlets = pd.DataFrame({
        "hamlet": ["C1", "C2", "C3"], "ubigeo": ["010101", "010101", "010102"], "east_km": [0.0, 1, 30],
        "north_km": [0.0, 2, 40],
    })  # fmt: skip
    workers = pd.DataFrame({"worker": ["W001", "W002"], "hamlet": ["C1", "C1"]})
    living = made["community_people"][made["community_people"]["died_on"].isna()]
    three = living[living["household"] == living["household"].iloc[0]].head(3)
    spots = tables.hamlet_people(hamlets, homes, three)
    assert spots["people"].isna().sum() == 1 and (spots["people"].fillna(0) == 0).all(), "three people are not told"
    spots = tables.hamlet_people(hamlets, homes, living)
    assert spots["people"].sum() == len(living) and spots.loc[2, "people"] == 0
    assert "SOMEWHERE" in texts(figures.hamlets(spots, workers, {"010101": "SOMEWHERE"}))
    load = tables.caseload(workers, homes, living)
    assert load["people"].tolist() == [len(living), 0] and load["homes"].tolist() == [len(homes), 0]
    assert load.loc["W001", "unreachable"] == homes["unreachable"].notna().sum()
    assert "median" in texts(figures.caseloads(load, homes["walk_min"]))


def test_figures_of_events_and_features(made, features):
    rates = tables.event_rates(features, tables.risk_groups(features))
    drawn = [t.get_text() for t in figures.rates(rates).axes[0].get_yticklabels()]
    assert drawn == rates.dropna(subset=["rate"]).index[::-1].tolist()
    last = features[features["date"] == ON]
    assert "arm circumference" in texts(figures.shares({"measured": tables.newest_share(last)}))
    assert "muac_mm" in texts(figures.missing(tables.gaps_by_age(features, ["muac_mm", "walk_min"])))
    families = listed.families("community")
    scores = tables.feature_areas(features, features["event"], features["household"], families)
    assert len(scores) == len(listed.names("community"))
    fig = figures.areas({"events": scores}, best=6)
    assert len(fig.axes[0].get_yticklabels()) == 6
    rows = scores.head(2).rename(columns={"feature": "name"})
    assert "left out: known later" in texts(figures.leaks(rows, rows))
    curve = tables.rate_by_value(features["age_years"], features["event"], features["household"], [0, 20, 60, 100])
    fig = figures.shapes(
        {"age": curve, "none": curve.iloc[:0]}, {"age": 50, "none": 1}, ylabels={"age": "%", "none": "%"}
    )
    assert "too few" in texts(fig)
    seen = pd.DataFrame({"rows": [82.0, 99], "people": [np.nan, 0], "groups": [0.0, 0]}, index=["alike", "same home"])
    assert {"82", "99"} <= set(texts(figures.twins(seen)).split())
