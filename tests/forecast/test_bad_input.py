"""What is wrong with a panel is named; what a panel may lack (reports, cases, years) every forecaster bears."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from healthops.forecast.base import Panel, PanelError
from tests.forecast.made import made_panel
from tests.forecast.makers import forecasters, make

EVERY = list(forecasters())


def table(**changes) -> pd.DataFrame:
    """Rows of two places and five weeks."""
    weeks = pd.date_range("2020-01-04", periods=5, freq="7D")
    rows = pd.DataFrame([(u, w) for u in ("01", "02") for w in weeks], columns=["ubigeo", "week_end"])
    return rows.assign(cases=np.arange(10.0), population=1000).assign(**changes)


def sound(found: np.ndarray, panel: Panel, horizons: int = 8) -> None:
    assert found.shape == (len(panel.places), horizons, 23)
    assert np.isfinite(found).all() and (found >= 0).all() and (np.diff(found, axis=-1) >= 0).all()


def forecast(name: str, panel: Panel) -> np.ndarray:
    return make(name).fit(panel, seed=1).predict(panel)


def test_every_forecaster_is_found():
    assert {"HubBaseline", "SeasonalQuantiles", "XGBoostQuantiles", "KerasLSTM", "TorchLSTM"} <= set(EVERY)
    assert not {"Forecaster", "LSTMForecaster"} & set(EVERY)


# ---- what is refused ------------------------------------------------------------------------------------------------
def test_a_place_and_week_that_stand_twice_are_named():
    rows = pd.concat([table(), table()[6:8]])
    with pytest.raises(PanelError, match=r"'outbreak_panel' has 02 in the week to 2020-01-11 more than once \(2 rows"):
        Panel.from_tables(rows)
    with pytest.raises(PanelError, match="'outbreak_features' has 02 in the week to 2020-01-11"):
        Panel.from_tables(table(), rows.rename(columns={"cases": "x"}), names=["x"])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (-1.0, "02 has -1.0 cases in the week to 2020-01-18: counts cannot be negative"),
        (2.5, "02 has 2.5 cases in the week to 2020-01-18: counts are whole numbers"),
        (np.inf, "02 has inf cases in the week to 2020-01-18: counts are whole numbers"),
    ],
)
def test_what_is_no_count_is_named(wrong, message):
    cases = np.arange(10.0)
    cases[7] = wrong
    with pytest.raises(PanelError, match=message):
        Panel.from_tables(table(cases=cases))


def test_a_week_that_all_places_lack_is_named_and_one_that_one_place_lacks_is_a_gap():
    rows = table()
    with pytest.raises(PanelError, match="weeks 2020-01-11 and 2020-01-25 are 14 days apart"):
        Panel.from_tables(rows[rows["week_end"] != "2020-01-18"])
    panel = Panel.from_tables(rows.drop(index=7))
    np.testing.assert_array_equal(panel.cases[1], [5, 6, np.nan, 8, 9])
    assert panel.filled()[1, 2] == 5.5


def test_places_that_stand_twice_and_places_without_inhabitants_are_named():
    panel = made_panel(places=3)
    with pytest.raises(PanelError, match="place 0101 is in the panel 2 times"):
        replace(panel, places=("0101", "0101", "0102"))
    with pytest.raises(PanelError, match="0102 has 0.0 inhabitants"):
        Panel.from_tables(table(population=[1000] * 5 + [0] * 5, ubigeo=["0101"] * 5 + ["0102"] * 5))
    with pytest.raises(PanelError, match="0201 has nan inhabitants"):
        replace(panel, population=np.array([1.0, 2.0, np.nan]))


# ---- what every forecaster bears ------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", EVERY)
def test_gaps_inside_and_at_the_end_are_borne(name):
    panel = made_panel(weeks=180)
    cases = panel.cases.copy()
    cases[1, 60] = np.nan
    cases[2, 90:100] = np.nan
    cases[3, -3:] = np.nan
    sound(forecast(name, replace(panel, cases=cases)), panel)


@pytest.mark.parametrize("name", EVERY)
def test_a_place_without_any_case_is_forecast_to_have_next_to_none(name):
    panel = made_panel(weeks=180)
    cases = panel.cases.copy()
    cases[2] = 0
    found = forecast(name, replace(panel, cases=cases))
    sound(found, panel)
    others = np.delete(found, 2, axis=0)
    assert (found[2, :, 11] < 1).all(), found[2, :, 11]
    assert (found[2, :, -1] < others[:, :, -1].min(axis=0)).all(), found[2, :, -1]


@pytest.mark.parametrize("name", EVERY)
def test_a_place_that_never_reported_is_borne(name):
    panel = made_panel(weeks=180)
    cases = panel.cases.copy()
    cases[2] = np.nan
    sound(forecast(name, replace(panel, cases=cases)), panel)


@pytest.mark.parametrize("weeks", [60, 20])
@pytest.mark.parametrize("name", EVERY)
def test_a_past_shorter_than_the_lags_is_borne(name, weeks):
    panel = made_panel(weeks=weeks)
    sound(forecast(name, panel), panel)


@pytest.mark.parametrize("name", EVERY)
def test_a_past_that_holds_no_target_is_borne_or_the_weeks_are_named(name):
    panel = made_panel(weeks=6)
    try:
        found = forecast(name, panel)
    except ValueError as error:
        assert "6 weeks" in str(error)
    else:
        sound(found, panel)
