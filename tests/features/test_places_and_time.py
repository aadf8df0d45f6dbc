"""Calendar, geography, neighbours and climate against hand-computed and published values."""

import numpy as np
import pandas as pd
import pytest

from healthops.features.calendar import calendar_features, season, weeks_from_usual_peak
from healthops.features.climate import climate_features, nearest_station
from healthops.features.geography import distances_km, geography_features
from healthops.features.grid import FeatureError, Grid
from healthops.features.neighbours import gravity_weights, nearest, neighbour_features

from .conftest import WEEKS


def test_calendar_of_a_week_and_of_a_day():
    dates = pd.Series(pd.to_datetime(["2021-01-02", "2020-07-01", "2014-12-30"]))
    table = calendar_features(dates)
    assert table["epi_week"].tolist() == [53, 27, 53]
    assert table["day_of_week"].tolist() == [5, 2, 1]
    assert table["season"].tolist() == ["summer", "winter", "summer"]
    # 1 July is day 183 of the leap year 2020: half a turn, less a little.
    assert table.loc[1, ["week_sin", "week_cos"]].tolist() == pytest.approx([0.0108, -0.9999], abs=1e-4)


def test_seasons_are_southern_and_whole_months():
    months = pd.Series(pd.date_range("2019-01-15", periods=12, freq="MS"))
    assert season(months).value_counts().to_dict() == dict.fromkeys(["summer", "autumn", "winter", "spring"], 3)


def test_distance_from_a_yearly_peak():
    weeks = pd.date_range("2010-01-02", periods=313, freq="7D")
    # All cases in the week that ends next to 1 April, the 91st day of the year.
    peak = np.abs(weeks.day_of_year - 91) <= 3
    got = weeks_from_usual_peak(np.where(peak, 100.0, 0.0)[None, :], weeks.to_numpy("datetime64[D]"))[0]
    assert np.isnan(got[:78]).all()
    after = (weeks.day_of_year - 91) / 7
    expected = np.where(after > 26, after - 365.25 / 7, after)
    far = np.abs(np.abs(expected) - 26) < 2
    assert np.allclose(got[78:][~far[78:]], expected[78:][~far[78:]], atol=0.6)


def test_the_present_wave_does_not_move_the_usual_peak():
    weeks = pd.date_range("2010-01-02", periods=209, freq="7D")
    cases = np.where(np.abs(weeks.day_of_year - 91) <= 3, 1.0, 0.0)[None, :]
    dates = weeks.to_numpy("datetime64[D]")
    wave = cases.copy()
    wave[0, 170:180] = 10_000
    assert np.array_equal(
        weeks_from_usual_peak(wave, dates)[0, :196], weeks_from_usual_peak(cases, dates)[0, :196], True
    )
    assert not np.array_equal(weeks_from_usual_peak(wave, dates), weeks_from_usual_peak(cases, dates), True)


def test_great_circle_distances_are_the_published_ones():
    # Lima to Iquitos, about 1,010 km; a quarter of a meridian is 10,007.5 km on the mean sphere.
    lima, iquitos = (-12.0464, -77.0428), (-3.7437, -73.2516)
    pairs = np.array([lima, (0.0, 0.0)]).T
    got = distances_km(*pairs, to=(np.array([iquitos[0], 90.0]), np.array([iquitos[1], 0.0])))
    assert got[0, 0] == pytest.approx(1013, abs=8)
    assert got[1, 1] == pytest.approx(10_007.5, abs=0.1)


def test_geography_falls_back_on_districts(places):
    table = geography_features(("0101", "0102"), places, np.array([3000.0, 1000.0]))
    # Districts 010101 and 010102 have 1,000 and 2,000 people, and indices .1 and .2.
    assert table.loc["0101", "hdi"] == pytest.approx((0.1 * 1000 + 0.2 * 2000) / 3000)
    assert table["district"].tolist() == ["010102", "010201"]
    assert table["province"].tolist() == ["0101", "0102"]
    assert table["department"].tolist() == ["01", "01"]
    assert table["region"].tolist() == ["selva", "selva"]
    assert table["log_population"].tolist() == pytest.approx(np.log([3000, 1000]).tolist())
    with pytest.raises(FeatureError, match="no '0909'"):
        geography_features(("0909",), places, np.array([1.0]))


def test_nearest_neighbours_on_a_line():
    longitude = np.array([0.0, 1.0, 3.0, 7.0])
    assert nearest(np.zeros(4), longitude, k=2).tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]
    assert nearest(np.zeros(4), longitude, k=9).shape == (4, 3)


def test_neighbour_features_by_hand():
    latitude, longitude = np.zeros(3), np.array([0.0, 1.0, 3.0])
    people = np.array([1e5, 2e5, 4e5])
    cases = np.array([[10.0, 1], [20, np.nan], [0, 8]])
    table = neighbour_features(cases, people, latitude, longitude, k=2)
    assert np.allclose(table["neighbour_lag_0"], [[10, 8], [5, 4.5], [15, 1]])
    assert np.allclose(table["neighbour_lag_1"], [[np.nan, 10], [np.nan, 5], [np.nan, 15]], equal_nan=True)
    assert np.allclose(table["neighbour_rate_lag_0"][0], [20 / 6, 2])
    assert np.allclose(table["elsewhere_rate_lag_0"][2], [10, 1])
    assert np.allclose(table["neighbour_share_with_cases"][:, 0], [0.5, 0.5, 1])
    km = 111.195
    pull = np.array([2 / km**2, 4 / (3 * km) ** 2])
    assert np.allclose(table["gravity_rate_lag_0"][0, 0], (pull * [10, 0]).sum() / pull.sum(), rtol=1e-4)


def test_a_country_of_one_place_has_no_neighbours():
    table = neighbour_features(np.ones((1, 6)), np.array([1e5]), np.zeros(1), np.zeros(1))
    assert all(np.isnan(values).all() for values in table.values())


def test_gravity_weights_sum_to_one_and_spare_the_place_itself():
    rng = np.random.default_rng(0)
    weights = gravity_weights(rng.uniform(-15, 0, 6), rng.uniform(-80, -70, 6), rng.uniform(1e4, 1e6, 6))
    assert np.allclose(weights.sum(axis=1), 1) and (np.diag(weights) == 0).all()


def test_climate_only_where_a_station_is_near_and_as_high(places, climate):
    match = nearest_station(("0101", "0102", "0201"), ("010201",), places)
    assert match["station"].notna().tolist() == [True, True, False]
    assert match["climate_station_km"].tolist()[:2] == pytest.approx([111.2, 0.0], abs=0.1)
    high = places.assign(altitude_m=places["altitude_m"].mask(places["ubigeo"] == "0101", 700.0))
    assert nearest_station(("0101",), ("010201",), high)["station"].isna().all()
    assert nearest_station(("0101",), (), places)["station"].isna().all()


def test_climate_lags_reach_back_before_the_panel(places, climate):
    grid = Grid(("0102", "0201"), WEEKS.to_numpy("datetime64[D]"))
    table = climate_features(grid, climate, places)
    series = climate.set_index("week_end")
    assert table["temp_c_lag_4"][0, 0] == series.loc[WEEKS[0] - pd.Timedelta(weeks=4), "temp_c"]
    window = series.loc[WEEKS[10] - pd.Timedelta(weeks=11) : WEEKS[10], "rain_mm"]
    assert table["rain_mm_last_84_days"][0, 10] == pytest.approx(window.sum())
    assert np.isnan(table["temp_c_lag_0"][1]).all()
