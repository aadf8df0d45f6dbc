"""Downscaling against closed forms."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, norm

from healthops.data.schemas import validate
from healthops.forecast.base import LEVELS
from healthops.forecast.cube import Cube
from healthops.forecast.downscale import (
    DownscaleError,
    district_quantiles,
    draw_from_quantiles,
    share_weights,
    to_districts,
)

SURE = np.full((1, 23), 200.0)


def test_draws_give_the_quantiles_back():
    quantiles = 50 + 10 * norm.ppf(LEVELS)
    drawn = draw_from_quantiles(quantiles, (np.arange(40_000) + 0.5) / 40_000)
    np.testing.assert_allclose(np.quantile(drawn, LEVELS), quantiles, atol=0.05)


def test_a_single_district_gets_what_its_place_gets():
    place = np.round(np.linspace(0, 90, 23))[None]
    found = district_quantiles(place, np.array([12.0]), draws=4000, concentration=200, rng=np.random.default_rng(0))
    np.testing.assert_allclose(found[0], place, atol=1)


def test_with_sure_shares_a_district_is_binomial():
    found = district_quantiles(
        SURE, np.array([3e7, 7e7]), draws=20_000, concentration=1e9, rng=np.random.default_rng(1)
    )
    np.testing.assert_allclose(found[0, 0], binom.ppf(LEVELS, 200, 0.3), atol=1)


def test_unsure_shares_make_it_beta_binomial():
    from scipy.stats import betabinom

    found = district_quantiles(
        SURE, np.array([6.0, 14.0]), draws=20_000, concentration=200, rng=np.random.default_rng(2)
    )
    np.testing.assert_allclose(found[0, 0], betabinom.ppf(LEVELS, 200, 6, 14), atol=3)


def test_concentration_bounds_how_sure_the_shares_are():
    sure, unsure = (
        district_quantiles(SURE, np.array([3e4, 7e4]), draws=4000, concentration=c, rng=np.random.default_rng(3))
        for c in (1e6, 20)
    )
    width = [q[0, 0, 21] - q[0, 0, 1] for q in (sure, unsure)]
    assert width[1] > 2.5 * width[0]


def test_shares_by_hand():
    weights = share_weights(np.array([8.0, 0.0, np.nan]), np.array([3000.0, 1000.0, np.nan]), prior_cases=10)
    np.testing.assert_allclose(weights, [8 + 10 * 3 / 5, 10 * 1 / 5, 10 * 1 / 5])


def tables(cases_later=0):
    weeks = pd.date_range("2019-01-05", periods=80, freq="7D")
    rows = [
        (u, w, (9 if u == "010101" else 1) + (cases_later if n > 70 else 0), "truncated" if n > 77 else "complete")
        for u in ("010101", "010102", "020101")
        for n, w in enumerate(weeks)
    ]
    weekly = pd.DataFrame(rows, columns=["ubigeo", "week_end", "cases", "status"]).astype({"cases": "Int64"})
    places = pd.DataFrame({"ubigeo": ["010101", "010102", "020101"], "population": [10_000.0, 10_000.0, 5_000.0]})
    origins = weeks.to_numpy().astype("datetime64[D]")[[60, 70]]
    quantiles = np.tile(np.round(100 + 10 * norm.ppf(LEVELS)), (2, 2, 3, 1))
    return weekly, places, Cube(origins, ("01", "02"), (1, 2, 3), {"f": quantiles}, np.zeros((2, 2, 3)))


def test_the_table_obeys_its_schema_and_the_means_add_up():
    weekly, places, cube = tables()
    found = validate("district_forecasts", to_districts(cube, "f", weekly, places, seed=5, draws=2000))
    assert len(found) == 2 * 3 * 3
    one = found[(found["reference_date"] == found["reference_date"].min()) & (found["horizon"] == 2)]
    median = one.set_index("location")["q0.500"]
    # Weeks of 9 and 1 cases, each counting half as much as two weeks later, and 2 prior cases shared evenly.
    weeks = 1 / (1 - 0.5**0.5)
    assert median["010101"] == pytest.approx(100 * (9 * weeks + 1) / (10 * weeks + 2), abs=2)
    assert median["010101"] + median["010102"] == pytest.approx(100, abs=2)
    assert median["020101"] == pytest.approx(100, abs=1)


def test_neither_the_future_nor_other_origins_matter():
    weekly, places, cube = tables()
    whole = to_districts(cube, "f", weekly, places, seed=5)
    later = to_districts(cube, "f", tables(cases_later=500)[0], places, seed=5)
    pd.testing.assert_frame_equal(whole, later)
    alone = to_districts(cube.select(np.array([False, True])), "f", weekly, places, seed=5)
    pd.testing.assert_frame_equal(
        whole[whole["reference_date"] == whole["reference_date"].max()].reset_index(drop=True), alone
    )


def test_a_place_without_districts_is_named():
    weekly, places, cube = tables()
    with pytest.raises(DownscaleError, match="place '02'"):
        to_districts(cube, "f", weekly[weekly["ubigeo"] != "020101"], places, seed=5)
