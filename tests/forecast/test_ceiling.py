"""Ceilings: an exact fall gives them back, surveys and evidence are weighed, nothing after the date is seen."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import norm

from healthops.forecast import ceiling
from tests.forecast.made_demand import depleting


def test_an_exact_fall_gives_the_ceiling_that_made_it():
    made, top = depleting(share=0.1)
    found = ceiling.of_regions(made.pace[:, :25] / 100, made.coverage[:, :25] / 100)
    assert np.abs(100 * found.share[:, 1] - top).max() < 1.0
    assert (found.share[:, 0] <= top / 100).all() and (top / 100 <= found.share[:, 2]).all()


def test_noisy_falls_are_within_their_intervals_about_as_often_as_said():
    inside = []
    for seed in range(12):
        made, top = depleting(30, noise=0.15, share=0.12, seed=seed)
        share = ceiling.of_regions(made.pace[:, :20] / 100, made.coverage[:, :20] / 100).share
        inside.append(((share[:, 0] <= top / 100) & (top / 100 <= share[:, 2])).mean())
    assert 0.75 < np.mean(inside) < 0.99


def test_the_posterior_is_that_of_a_sum_over_the_candidates():
    """One place with a flat likelihood: its ceiling is the prior, cut off below what is reached."""
    grid = ceiling._candidates(np.array([0.3, 0.3]))
    flat = np.zeros(grid.shape)
    found = ceiling._pooled(flat, grid, np.array([0.3, 0.3]), survey=np.array([0.6, 0.6]))
    prior = norm.pdf((logit(np.clip(grid[0], 0.005, 0.995)) - logit(0.6)) / found.between)
    at = np.cumsum(prior / prior.sum())
    assert abs(np.interp(0.5, at, grid[0]) - found.share[0, 1]) < 0.02


def willing_groups(seed: int):
    """Demand of 60 districts of each of two groups whose weekly shares go up and down; who is willing, and a survey."""
    rng = np.random.default_rng(seed)
    people = rng.integers(2000, 20_000, 120).astype(float)
    group = np.repeat(["a", "b"], 60)
    survey = np.where(group == "a", 0.85, 0.7)
    willing = expit(logit(survey) + 0.4 * rng.standard_normal(120))
    reached, wanted, total = np.zeros(120), [], []
    for t in range(15):
        left = willing * people - reached
        came = np.minimum(rng.poisson(0.12 * np.exp(0.2 * np.sin(t)) * left), left)
        reached = reached + came
        wanted.append(came)
        total.append(reached)
    return (np.array(wanted).T, np.array(total).T, people, survey, group), willing


def test_recorded_demand_of_groups_finds_who_is_willing_without_being_told():
    held, gain = [], []
    for seed in range(10):
        given, willing = willing_groups(seed)
        found = ceiling.of_groups(*given)
        gain.append(np.abs(found.share[:, 1] - willing).mean() / np.abs(given[3] - willing).mean())
        held.append(((found.share[:, 0] <= willing) & (willing <= found.share[:, 2])).mean())
        assert found.between == pytest.approx(0.4, abs=0.1)
    assert np.mean(gain) < 0.45 and np.mean(held) > 0.75


def test_a_survey_alone_is_a_normal_on_the_log_odds_and_never_below_what_is_reached():
    found = ceiling.from_survey(np.array([0.1, 0.97]), np.array([0.8, 0.8]), between=0.5).share
    assert np.allclose(logit(found[0]), logit(0.8) + 0.5 * norm.ppf([0.05, 0.5, 0.95]))
    assert (found[1] == 0.97).all()
    with pytest.raises(ceiling.CeilingError, match="between must be above 0"):
        ceiling.from_survey(np.array([0.1]), np.array([0.8]), between=0.0)


def test_drift_widens_as_variances_add_and_keeps_the_median():
    before = ceiling.from_survey(np.array([0.0]), np.array([0.7]), between=0.3)
    after = ceiling.drifted(before, np.array([0.0]), 0.4)
    assert np.allclose(after.share, ceiling.from_survey(np.array([0.0]), np.array([0.7]), between=0.5).share)
    assert after.share[0, 1] == before.share[0, 1]


def test_a_campaign_that_never_changed_has_hardly_drifted():
    made, _ = depleting(share=0.1)
    calm = ceiling.drift_so_far(made.pace / 100, made.coverage / 100, step=4, ahead=8)
    moved = made.pace.copy()
    moved[:, 26:] += 2.0
    lifted = np.minimum(np.cumsum(moved, axis=1), 99)
    assert calm < 0.5 * ceiling.drift_so_far(moved / 100, lifted / 100, step=4, ahead=8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p, c: (p[:, 1:], c), "shapes"),
        (lambda p, c: (p, np.where(c == c.max(), -0.1, c)), "negative"),
        (lambda p, c: (p, np.where(np.arange(c.shape[1]) == c.shape[1] - 1, np.nan, c)), "not known in the last week"),
    ],
)
def test_bad_input_is_named(change, message):
    made, _ = depleting()
    with pytest.raises(ceiling.CeilingError, match=message):
        ceiling.of_regions(*change(made.pace / 100, made.coverage / 100))


def test_a_group_of_nobody_is_refused():
    with pytest.raises(ceiling.CeilingError, match="row 1 has nobody"):
        ceiling.of_groups(
            np.ones((2, 4)), np.ones((2, 4)), np.array([5.0, 0.0]), np.array([0.5, 0.5]), np.array(["a", "a"])
        )
