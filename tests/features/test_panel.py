import numpy as np
import pandas as pd
import pytest

from healthops.data.schemas import validate
from healthops.features.grid import FeatureError, Grid, trailing_mean, trailing_sum
from healthops.features.panel import build_panel, fill, inhabitants


@pytest.mark.parametrize(("level", "width"), [("department", 2), ("province", 4), ("district", 6)])
def test_counts_are_those_of_a_group_by(weekly_cases, places, population, level, width):
    weekly_cases["cases"] = weekly_cases["cases"].fillna(0)
    weekly_cases["status"] = "complete"
    panel = validate("outbreak_panel", build_panel(weekly_cases, places, population, level=level, min_cases=0))
    expected = weekly_cases.groupby([weekly_cases["ubigeo"].str[:width], "week_end"])["cases"].sum()
    got = panel.set_index(["ubigeo", "week_end"])["cases"]
    assert len(got) == len(expected)
    assert (got.to_numpy() == expected.to_numpy(float)).all()


def test_silence_of_a_material_district_makes_the_week_missing(weekly_cases, places, population):
    cases = weekly_cases.copy()
    cases["status"] = "complete"
    cases["cases"] = cases["ubigeo"].map({"010101": 97, "010102": 3}).fillna(50).astype("Int64")
    weeks = sorted(cases["week_end"].unique())
    for district, week in (("010101", weeks[5]), ("010102", weeks[8])):
        at = (cases["ubigeo"] == district) & (cases["week_end"] == week)
        cases.loc[at, "cases"], cases.loc[at, "status"] = pd.NA, "missing"
    panel = build_panel(cases, places, population, level="province", min_cases=1).query("ubigeo == '0101'")
    panel = panel.set_index("week_end")
    assert panel.loc[weeks[5], "status"] == "missing" and np.isnan(panel.loc[weeks[5], "cases"])
    assert panel.loc[weeks[5], "cases_filled"] == 100
    assert panel.loc[weeks[8], "status"] == "complete" and panel.loc[weeks[8], "cases"] == 97
    strict = build_panel(cases, places, population, level="province", min_cases=1, material_share=0.0)
    assert (strict.query("ubigeo == '0101'")["status"] == "missing").sum() == 2


def test_truncated_is_carried_over(weekly_cases, places, population):
    panel = build_panel(weekly_cases, places, population, level="department", min_cases=0, material_share=1.0)
    last = panel["week_end"] >= panel["week_end"].max() - pd.Timedelta(days=7)
    assert (panel.loc[last, "status"] == "truncated").all()
    assert (panel.loc[~last, "status"] == "complete").all()


def test_choice_of_places_does_not_see_the_test_years(weekly_cases, places, population):
    end = pd.Timestamp("2015-01-03")
    late = weekly_cases["week_end"] > end
    weekly_cases["cases"] = weekly_cases["cases"].fillna(0)
    weekly_cases["status"] = "complete"
    weekly_cases.loc[weekly_cases["ubigeo"].str.startswith("0202") & ~late, "cases"] = 0
    options = {"level": "province", "min_cases": 1, "selection_end": end}
    before = build_panel(weekly_cases, places, population, **options)
    assert "0202" not in set(before["ubigeo"])
    weekly_cases.loc[late, "cases"] = weekly_cases.loc[late, "cases"] * 1000 + 7
    after = build_panel(weekly_cases, places, population, **options)
    seen = before["week_end"] <= end
    pd.testing.assert_frame_equal(before[seen], after[seen])
    whole = build_panel(weekly_cases, places, population, level="province", min_cases=1)
    assert "0202" in set(whole["ubigeo"])


def test_population_is_the_last_census_known_at_the_choice(population):
    assert inhabitants(("0102",), population, year=2015).tolist() == [2000.0]
    assert inhabitants(("0102",), population, year=2020).tolist() == [18000.0]
    districts = population[population["level"] == "district"]
    assert inhabitants(("0101",), districts, year=2015).tolist() == [3000.0]
    with pytest.raises(FeatureError, match="no inhabitants of '99'"):
        inhabitants(("99",), population, year=2015)


def test_errors_name_the_place_and_the_remedy(weekly_cases, places, population):
    with pytest.raises(FeatureError, match="no province has 999999 cases"):
        build_panel(weekly_cases, places, population, level="province", min_cases=999_999)
    with pytest.raises(FeatureError, match="14 days apart"):
        hole = weekly_cases[weekly_cases["week_end"] != weekly_cases["week_end"].iloc[9]]
        build_panel(hole, places, population, level="province", min_cases=0)
    with pytest.raises(FeatureError, match="010101 has 119 rows for 120 weeks"):
        build_panel(weekly_cases.drop(index=3), places, population, level="province", min_cases=0)
    with pytest.raises(FeatureError, match="no level is called 'county'"):
        build_panel(weekly_cases, places, population, level="county", min_cases=0)
    with pytest.raises(FeatureError, match="no province '0202'"):
        build_panel(weekly_cases, places[places["ubigeo"] != "0202"], population, level="province", min_cases=0)


def test_fill_takes_the_last_four_observed_weeks():
    cases = np.array([[np.nan, 1, 2, np.nan, 3, 4, 9, np.nan, np.nan, 5], [np.nan] * 10])
    filled = fill(cases)
    assert filled[0].tolist() == [0, 1, 2, 1.5, 3, 4, 9, 4.5, 4.5, 5]
    assert filled[1].tolist() == [0] * 10


def test_trailing_windows_match_pandas():
    rng = np.random.default_rng(4)
    values = np.where(rng.random((3, 50)) < 0.3, np.nan, rng.poisson(5, (3, 50)).astype(float))
    frame = pd.DataFrame(values.T)
    assert np.allclose(trailing_mean(values, 4), frame.rolling(4, min_periods=1).mean().T, equal_nan=True)
    assert np.allclose(trailing_sum(values, 7), frame.fillna(0).rolling(7, min_periods=1).sum().T)


def test_long_and_wide_are_inverse(weekly_cases):
    grid = Grid.of(weekly_cases)
    wide = grid.wide(weekly_cases, "cases")
    assert np.array_equal(grid.wide(grid.long({"cases": wide}), "cases"), wide, equal_nan=True)
