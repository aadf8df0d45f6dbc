"""Features against brute force, and blind to the future."""

import numpy as np
import pytest

from healthops.forecast import design
from tests.forecast.made import made_panel


@pytest.fixture
def made():
    panel = made_panel()
    z = panel.cases**0.25
    return panel, z


def features(panel, z):
    return design.week_features(
        z, panel.weeks, panel.places, log_population=np.log(panel.population), typical=np.ones(len(z)),
        named=dict(panel.features),
    )  # fmt: skip


def column(found, name):
    return found.values[..., found.names.index(name)]


def test_trend_is_that_of_a_least_squares_fit(made):
    panel, z = made
    found = features(panel, z)
    for t in (30, 200):
        curve, slope, level = np.polyfit(np.arange(-7, 1), z[2, t - 7 : t + 1], 2)
        np.testing.assert_allclose(column(found, "trend8_level")[2, t], level - z[2, t], atol=1e-5)
        np.testing.assert_allclose(column(found, "trend8_slope")[2, t], slope, atol=1e-5)
        np.testing.assert_allclose(column(found, "trend8_curve")[2, t], curve, atol=1e-5)


def test_history_by_brute_force(made):
    panel, z = made
    found, t = features(panel, z), 180
    year = z[1, t - 51 : t + 1]
    np.testing.assert_allclose(column(found, "mean_13")[1, t], z[1, t - 12 : t + 1].mean() - z[1, t], atol=1e-5)
    np.testing.assert_allclose(column(found, "below_peak")[1, t], year.max() - z[1, t], atol=1e-5)
    assert column(found, "weeks_since_peak")[1, t] == 51 - int(np.argmax(year))
    np.testing.assert_allclose(column(found, "roughness")[1, t], np.diff(z[1, t - 8 : t + 1]).std(), atol=1e-5)
    np.testing.assert_allclose(column(found, "change_4")[1, t], z[1, t] - z[1, t - 4], atol=1e-5)


def test_same_week_of_past_years_by_brute_force(made):
    panel, z = made
    h, t = 5, 240
    found = design.horizon_features(z, panel.weeks, h)
    years = [z[0, t + h - 52 * k - 1 : t + h - 52 * k + 2].mean() for k in (1, 2, 3, 4)]
    np.testing.assert_allclose(column(found, "last_year")[0, t], years[0] - z[0, t], atol=1e-5)
    np.testing.assert_allclose(column(found, "usual")[0, t], np.mean(years) - z[0, t], atol=1e-5)


def test_neighbours_are_the_nearest_others():
    latitude, longitude = np.array([0.0, 1.0, 5.0, 6.5]), np.zeros(4)
    np.testing.assert_array_equal(
        design.neighbours(latitude, longitude, 1), [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]
    )


def test_region_holds_the_other_places_of_the_department():
    np.testing.assert_array_equal(design.same_region(("0101", "0102", "0201")), [[0, 1, 0], [1, 0, 0], [0, 0, 0]])


def test_nothing_later_is_seen(made):
    panel, z = made
    t = 150
    later = z.copy()
    later[:, t + 1 :] += 100
    np.testing.assert_array_equal(features(panel, z).values[:, : t + 1], features(panel, later).values[:, : t + 1])
    for h in (1, 8):
        one, other = (design.horizon_features(v, panel.weeks, h).values[:, : t + 1] for v in (z, later))
        np.testing.assert_array_equal(one, other)
