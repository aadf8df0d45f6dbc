"""The fusion finds the better member, calibrates what is too narrow, and weighs alike without a past."""

import numpy as np
import pytest
from scipy.stats import norm

from healthops.evaluate.scores import covered, wis
from healthops.forecast.base import LEVELS
from healthops.forecast.cube import Cube
from healthops.forecast.fusion import FusionParameters, fuse, pool


def made_cube(origins=60, places=30, *, narrow=1.0, seed=0):
    """On the fourth-root scale truth is normal about a known mean; 'good' knows it, 'bad' is far off."""
    rng = np.random.default_rng(seed)
    mean = rng.uniform(3, 5, (origins, places, 2))
    observed = np.round(np.maximum(mean + 0.3 * rng.normal(size=mean.shape), 0) ** 4)
    good = (mean[..., None] + narrow * 0.3 * norm.ppf(LEVELS)) ** 4
    bad = np.maximum(mean[..., None] + 1.0 + 0.3 * norm.ppf(LEVELS), 0) ** 4
    weeks = np.datetime64("2015-01-03") + np.arange(0, 4 * origins, 4).astype("timedelta64[W]")
    return Cube(weeks, tuple(f"{p:02d}" for p in range(places)), (1, 2), {"good": good, "bad": bad}, observed)


def test_without_a_past_all_members_weigh_alike_and_nothing_is_stretched():
    cube = made_cube(origins=1)
    fused, record = fuse(cube, ["good", "bad"])
    np.testing.assert_allclose(record.weights["weight"], 0.5)
    np.testing.assert_allclose(record.spreads["spread"], 1.0)
    roots = [cube.quantiles[m] ** 0.25 for m in ("good", "bad")]
    np.testing.assert_array_equal(fused.quantiles["fusion"], np.round(np.mean(roots, axis=0) ** 4))


def test_the_better_member_is_found_and_weights_sum_to_one():
    _, record = fuse(made_cube(), ["good", "bad"])
    wide = record.weights.pivot_table(index=["reference_date", "horizon"], columns="model", values="weight")
    np.testing.assert_allclose(wide.sum(axis=1), 1.0)
    assert wide["good"].iloc[-1] > 0.95
    assert (np.diff(wide["good"].to_numpy()[::2])[:5] > 0).all()


def test_sharpness_of_zero_keeps_the_plain_average():
    _, record = fuse(made_cube(), ["good", "bad"], FusionParameters(sharpness=0.0))
    np.testing.assert_allclose(record.weights["weight"], 0.5)


def test_a_member_that_is_too_narrow_is_widened_by_what_it_lacks():
    cube = made_cube(narrow=0.7, places=60)
    fused, record = fuse(cube, ["good"])
    assert record.spreads["spread"].iloc[-1] == pytest.approx(1 / 0.7, abs=0.12)
    late = slice(30, None)
    share = {m: covered(fused.quantiles[m], cube.observed, 0.9)[late].mean() for m in ("good", "fusion")}
    assert share["good"] < 0.8 and share["fusion"] == pytest.approx(0.9, abs=0.03)
    assert (
        wis(fused.quantiles["fusion"], cube.observed)[late].mean()
        < wis(cube.quantiles["good"], cube.observed)[late].mean()
    )


def test_what_was_long_ago_is_forgotten():
    cube = made_cube()
    swapped = {m: cube.quantiles[m].copy() for m in ("good", "bad")}
    swapped["good"][30:], swapped["bad"][30:] = cube.quantiles["bad"][30:], cube.quantiles["good"][30:]
    swapped = Cube(cube.origins, cube.places, cube.horizons, swapped, cube.observed)
    _, short = fuse(swapped, ["good", "bad"], FusionParameters(memory_weeks=60))
    final = short.weights.groupby("model")["weight"].last()
    assert final["bad"] > 0.8


def test_quantiles_are_whole_and_in_order():
    fused = fuse(made_cube(), ["good", "bad"])[0].quantiles["fusion"]
    assert (fused == np.round(fused)).all() and (np.diff(fused, axis=-1) >= 0).all() and (fused >= 0).all()


def test_absent_members_and_nonsense_are_refused():
    with pytest.raises(ValueError, match="needs forecasts of \\['lstm'\\]"):
        fuse(made_cube(), ["good", "lstm"])
    with pytest.raises(ValueError, match="sharpness must be"):
        FusionParameters(sharpness=-1)


def test_a_pool_of_one_member_is_that_member():
    cube = made_cube(origins=3)
    found = pool(cube, {"good": 2.0})
    np.testing.assert_allclose(found[..., 1:-1], cube.quantiles["good"][..., 1:-1], rtol=0.06, atol=0.1)


def test_a_pool_has_the_quantiles_of_the_mixture_distribution():
    """Against the mixture of two normal distributions, whose quantiles are found by bisection of its distribution."""
    centres, share = np.array([100.0, 130.0]), np.array([0.75, 0.25])
    quantiles = {name: (c + 10 * norm.ppf(LEVELS))[None, None, None] for name, c in zip("ab", centres, strict=True)}
    cube = Cube(np.array(["2015-01-03"], "datetime64[D]"), ("01",), (1,), quantiles, np.zeros((1, 1, 1)))
    found = pool(cube, dict(zip("ab", share, strict=True)))[0, 0, 0]
    at = (share * norm.cdf((found[:, None] - centres) / 10)).sum(axis=1)
    inner = slice(2, -2)
    np.testing.assert_allclose(at[inner], LEVELS[inner], atol=0.03)


def test_a_pool_of_absent_members_or_without_weight_is_refused():
    with pytest.raises(ValueError, match="needs forecasts of \\['lstm'\\]"):
        pool(made_cube(origins=1), {"lstm": 1.0})
    with pytest.raises(ValueError, match="must be positive"):
        pool(made_cube(origins=1), {"good": 1.0, "bad": 0.0})
