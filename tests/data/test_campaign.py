"""What is derived by assumption: it adds up to what it was derived from, and the rules can be read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops.data import campaign
from healthops.data.campaign_rules import PATH, load_rules
from healthops.data.errors import DataError
from healthops.data.priority_groups import load_groups

GROUPS, RULES = load_groups(), load_rules()
NAMES = [group.name for group in GROUPS]
WEEKS = pd.date_range("2021-02-13", periods=12, freq="7D")
BANDS = ((0, 17), (18, 24), (25, 49), (50, 59), (60, 69), (70, 79), (80, None))


@pytest.fixture
def ages():
    people = np.r_[np.linspace(500, 100, 84).round(), 900.0]
    high = pd.array([*range(84), None], dtype="Int64")
    return pd.DataFrame({"age_low": range(85), "age_high": high, "population": people})


@pytest.fixture
def coverage():
    growth = 1 - np.exp(-np.arange(12) / 5)
    rows = [(low, high, week, 10 * (k + 2) * g, 9 * (k + 2) * g * g)
            for k, (low, high) in enumerate(BANDS) for week, g in zip(WEEKS, growth, strict=True)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["age_low", "age_high", "week_end", "first_pct", "full_pct"])
    return table.astype({"age_high": "Int64"})


@pytest.fixture
def population():
    rng = np.random.default_rng(2)
    codes = [f"0101{k:02d}" for k in range(1, 13)]
    rows = [
        (code, name, float(people))
        for code in codes
        for name, people in zip(NAMES, rng.integers(20, 9000, 4), strict=True)
    ]
    return pd.DataFrame(rows, columns=["ubigeo", "group", "people"])


@pytest.fixture
def places(population):
    codes = population["ubigeo"].unique()
    poverty = np.linspace(5, 60, len(codes))
    poverty[3] = np.nan
    return pd.DataFrame({"ubigeo": codes, "poverty_pct": poverty, "latitude": 0.0, "longitude": -70.0})


def test_the_groups_doses_are_the_age_groups_doses(coverage, ages):
    people = ages["population"].to_numpy()
    covered = campaign.group_coverage(coverage, ages, GROUPS)
    last = coverage[coverage["week_end"] == WEEKS[-1]].set_index("age_low")["first_pct"] / 100
    by_band = {low: people[low : None if high is None else high + 1].sum() for low, high in BANDS}
    given = sum(last[low] * by_band[low] for low in by_band)
    adults, old = people[18:60].sum(), people[60:].sum()
    of_group = {"older_and_health_workers": old + 0.02 * adults, "adults_at_risk": 0.2 * adults,
                "adults": 0.78 * adults, "children": people[5:18].sum()}  # fmt: skip
    end = covered["first"].iloc[-1]
    assert sum(end[name] * n for name, n in of_group.items()) == pytest.approx(given)
    # Nobody under 5 was vaccinated, so that the doses of the youngest age group went to those of 5 to 17.
    assert end["children"] == pytest.approx(last[0] * by_band[0] / of_group["children"])
    assert end["adults"] == pytest.approx(end["adults_at_risk"])
    assert end["older_and_health_workers"] > end["adults"]


def test_coverage_that_leaves_an_age_out_is_refused(coverage, ages):
    with pytest.raises(DataError, match="age 18 is in 0 age groups, not in one"):
        campaign.group_coverage(coverage[coverage["age_low"] != 18], ages, GROUPS)


def test_willingness_has_the_nations_mean_and_falls_with_poverty(population, places, coverage, ages):
    covered = campaign.group_coverage(coverage, ages, GROUPS)["first"]
    table = campaign.willingness(population, places, covered, RULES).merge(population)
    for name, rows in table.groupby("group"):
        mean = np.average(rows["willing_share"], weights=rows["people"])
        assert mean == pytest.approx(max(RULES("willingness", name), covered[name].max()), abs=1e-5)
        known = rows.merge(places).dropna().sort_values("poverty_pct")["willing_share"]
        assert (np.diff(known) < 0).all()
        odds = np.log(known / (1 - known))
        # 5 points of poverty between neighbours, -0.15 for every 10.
        assert np.diff(odds)[5:] == pytest.approx(-0.075, abs=1e-4)


def test_uptake_adds_up_to_the_nation_and_saturates(population, places, coverage, ages):
    covered = campaign.group_coverage(coverage, ages, GROUPS)
    willing = campaign.willingness(population, places, covered["first"], RULES)
    table = campaign.uptake(population, willing, covered, RULES)
    people = population.groupby("group")["people"].sum()
    for doses, share in (("first_doses", "first"), ("second_doses", "full")):
        sums = table.groupby(["group", "week_end"])[doses].sum().groupby("group").cumsum().unstack("group")
        np.testing.assert_allclose(sums[NAMES], covered[share][NAMES] * people[NAMES], rtol=1e-5, atol=0.05)
    wide = table.merge(population).merge(willing[["ubigeo", "group", "willing_share"]])
    wide = wide.sort_values(["ubigeo", "group", "week_end"], ignore_index=True)
    reached = wide.groupby(["ubigeo", "group"])["first_doses"].cumsum()
    limit = wide["people"] * wide["willing_share"]
    assert (reached <= limit + 0.01).all()
    assert (wide["demand"] >= wide["first_doses"] - 1e-9).all()
    late = wide[wide["week_end"] == WEEKS[-1]]
    expected = RULES("uptake", "weekly_rate") * (limit - (reached - wide["first_doses"]))[late.index]
    np.testing.assert_allclose(late["demand"], np.maximum(expected, late["first_doses"]), atol=0.01)


def test_points_serve_everybody_once(places):
    people = pd.Series([100.0, 20_000, 20_001, 0], index=["010101", "010102", "020101", "020102"])
    table = campaign.facilities(people, places, RULES)
    points = table[table["kind"] == "vaccination_point"]
    assert points.groupby("ubigeo")["facility"].count().to_dict() == {"010101": 1, "010102": 1, "020101": 2}
    assert points["people_served"].sum() == pytest.approx(people.sum(), abs=0.2)
    assert points["vaccinators"].tolist() == [1, 5, 3, 3]
    assert points["cold_chain_litres"].tolist() == pytest.approx([0.2 * 30, 0.2 * 120, 0.2 * 60, 0.2 * 60])
    assert set(table["parent"].dropna()) <= set(table["facility"])
    # Without coordinates of a place a facility has none.
    assert table.set_index("facility").loc["P020101-1", ["latitude", "longitude"]].isna().all()


def test_sessions_hold_the_doses_given():
    points = pd.DataFrame({
        "facility": ["A", "B", "N"], "ubigeo": ["010101"] * 3, "people_served": [300.0, 100, 400],
        "kind": ["vaccination_point"] * 2 + ["national_store"], "vaccinators": [1, 1, 0],
    })  # fmt: skip
    doses = pd.DataFrame({"ubigeo": "010101", "week_end": WEEKS[:3], "first_doses": [40.0, 0, 4000],
                          "second_doses": [40.0, 0, 0]})  # fmt: skip
    table = campaign.sessions(doses, points, RULES)
    found = {
        (f, w): (n, p) for f, w, n, p in table[["facility", "week_end", "sessions", "people"]].itertuples(index=False)
    }
    # 60 and 20 people in sessions of 30; a week without doses has none; at most five a week for one vaccinator.
    assert found == {
        ("A", WEEKS[0]): (2, 60),
        ("B", WEEKS[0]): (1, 20),
        ("A", WEEKS[2]): (5, 3000),
        ("B", WEEKS[2]): (5, 1000),
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("weekly_rate: {value: 0.12, unit: share per week,", "weekly_rate: {value: 0.12,"),
         "uptake: weekly_rate needs a value, a unit and a source"),
        (("weekly_rate: {value: 0.12", "weekly_rate: {value: -1"), "uptake: weekly_rate is -1; it cannot be negative"),
    ],
)  # fmt: skip
def test_a_rule_without_unit_or_source_is_refused(tmp_path, change, message):
    text = PATH.read_text(encoding="utf-8")
    assert change[0] in text
    path = tmp_path / "campaign.yaml"
    path.write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(DataError, match=f"campaign.yaml: {message}"):
        load_rules(path)


def test_every_group_has_a_willingness():
    assert {name for section, name in RULES.entries if section == "willingness"} == {*NAMES, "poverty_slope"}
