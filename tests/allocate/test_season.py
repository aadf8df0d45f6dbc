from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops.allocate.season import WEEK, Season, SeasonError
from healthops.data.schemas import QUANTILE_COLUMNS


@pytest.fixture
def tables():
    weeks = pd.date_range("2022-01-01", periods=20, freq="7D")
    places = pd.DataFrame(
        {"ubigeo": ["01", "010101", "010102"], "population": [30.0, 10.0, 20.0], "poverty_pct": [1.0, np.nan, 40.0]}
    )
    rows = [(u, w, 10 * i + t) for i, u in enumerate(["010101", "010102", "010103"]) for t, w in enumerate(weeks)]
    cases = pd.DataFrame(rows, columns=["ubigeo", "week_end", "cases"]).astype({"cases": "Int64"})
    cases["status"] = np.where(cases["week_end"] >= weeks[18], "truncated", "complete")
    forecasts = pd.DataFrame(
        [
            (weeks[o], h, weeks[o + h], u, *(100 * o + 10 * h + i + np.arange(23) / 100))
            for i, u in enumerate(["010102", "010101"])
            for o in (8, 9, 11)
            for h in (2, 1, 3)
        ],
        columns=["reference_date", "horizon", "target_end_date", "location", *QUANTILE_COLUMNS],
    )
    return places, cases, forecasts


def test_tables_are_aligned_whatever_their_order(tables):
    places, cases, forecasts = tables
    season = Season.from_tables(places, cases.sample(frac=1, random_state=1), forecasts.sample(frac=1, random_state=2))
    assert season.locations.tolist() == ["010101", "010102"]
    assert season.population.tolist() == [10.0, 20.0] and np.isnan(season.poverty[0])
    assert season.cases[1, 3] == 13.0
    assert season.quantiles.shape == (3, 3, 2, 23)
    assert season.quantiles[2, 1, 0, 5] == pytest.approx(1100 + 20 + 1 + 0.05)  # origin 11, horizon 2, 010101
    assert season.complete.tolist() == [True] * 18 + [False] * 2


def test_a_decision_sees_the_newest_forecast_of_its_day(tables):
    season = Season.from_tables(*tables)
    day = season.weeks[10]  # no forecast was made on it: the one of week 9 holds, one week old
    assert season.forecast(day, day + WEEK, 1)[0, 0, 0] == pytest.approx(900 + 20 + 1)
    assert season.reaches(day, season.weeks[12]) and not season.reaches(day, season.weeks[13])
    assert season.origin_for(season.weeks[7]) is None
    with pytest.raises(SeasonError, match=r"known on 2022-03-12 covers the weeks 2022-03-19 to 2022-04-02"):
        season.forecast(day, day + WEEK, 3)


def test_last_seen_reaches_back_over_gaps_but_not_for_ever(tables):
    places, cases, forecasts = tables
    gap = cases["ubigeo"].eq("010101") & cases["week_end"].isin(cases["week_end"].unique()[7:10])
    cases.loc[gap, "cases"] = pd.NA
    season = Season.from_tables(places, cases, forecasts)
    assert season.last_seen(season.weeks[9]).tolist() == [6.0, 19.0]
    assert season.came(season.weeks[9]).tolist() == [0.0, 19.0]
    cases.loc[cases["ubigeo"].eq("010101") & (cases["week_end"] <= season.weeks[9]), "cases"] = pd.NA
    assert Season.from_tables(places, cases, forecasts).last_seen(season.weeks[9]).tolist() == [0.0, 19.0]


def test_what_is_lacking_is_named(tables):
    places, cases, forecasts = tables
    with pytest.raises(SeasonError, match="17 rows.*need 18.*010101 has the fewest, 8"):
        Season.from_tables(places, cases, forecasts[:-1])
    with pytest.raises(SeasonError, match="no population"):
        Season.from_tables(places[places["ubigeo"] == "01"], cases, forecasts)
    with pytest.raises(SeasonError, match="nothing for.*010101"):
        Season.from_tables(places, cases[cases["ubigeo"] != "010101"], forecasts)
    with pytest.raises(SeasonError, match="no week 2030-01-05"):
        Season.from_tables(places, cases, forecasts).came(np.datetime64("2030-01-05"))


def test_an_unknown_population_is_as_small_as_the_smallest_known(tables):
    places, cases, forecasts = tables
    season = Season.from_tables(places[places["ubigeo"] != "010101"], cases, forecasts)
    assert season.population.tolist() == [20.0, 20.0]
