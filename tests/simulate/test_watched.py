"""An epidemic that is reported and forecast: what is known, when, and how well; people who were vaccinated before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from healthops.simulate.contacts import ContactError, between_bands, near_mixing, transmission_for
from healthops.simulate.epidemic import Epidemic, EpidemicError, Vaccine, advance, start
from healthops.simulate.watched import Reports, Watched, spread_of_transmission

CONTACTS = np.array([[8.0, 3.0], [3.0, 4.0]])
VACCINE = Vaccine((0.5, 0.8), (0.7, 0.95))
PEOPLE = np.array([[300_000, 200_000], [250_000, 150_000]])
SEEDS = PEOPLE // 500
NOTHING = np.zeros((7, 2, 2, 2), int)


def model(r0: float = 1.6) -> Epidemic:
    return Epidemic(
        places=("north", "south"),
        groups=("young", "old"),
        population=PEOPLE,
        contacts=CONTACTS,
        transmission=transmission_for(r0, CONTACTS, infectious_days=4, population=PEOPLE),
        latent_days=2,
        infectious_days=4,
        fatality=np.array([0.01, 0.1]),
        vaccine=VACCINE,
    )


def watched(r0: float = 1.6, *, runs: int = 9, believed_r0: float = 1.6, sd: float = 0.3, **more) -> Watched:
    truth, believed = model(r0), model(believed_r0)
    believed = replace(believed, transmission=spread_of_transmission(float(believed.transmission), runs, sd))
    return Watched(
        truth,
        start(truth, draws=4, seed=1, infected=SEEDS),
        believed,
        start(believed, draws=runs, seed=2, infected=SEEDS),
        **more,
    )


def test_nothing_is_known_before_the_first_report_comes():
    seen = watched(reports=Reports(delay=2))
    assert seen.weights() == pytest.approx(np.full(9, 1 / 9))
    assert seen.incidence().tolist() == [1, 1] and seen.local().tolist() == [1, 1]
    for week in range(1, 5):
        seen.week(NOTHING)
        assert len(seen.known()[0]) == max(week - 2, 0)


@pytest.mark.parametrize("r0", [1.2, 2.2])
def test_reports_tell_the_level_of_transmission(r0):
    seen = watched(r0, reports=Reports(error=0.01))
    for _ in range(6):
        seen.week(NOTHING)
    levels = np.asarray(seen.believed.transmission)
    found = np.exp(seen.weights() @ np.log(levels))
    assert found == pytest.approx(float(model(r0).transmission), rel=0.08)
    prior = np.exp(np.log(levels).mean())
    assert abs(found - float(model(r0).transmission)) < abs(prior - float(model(r0).transmission)) / 2


def test_danger_is_what_comes_to_the_unvaccinated():
    """A forecast with the truth's model is the share of people who die of an infection of those weeks."""
    seen = watched(runs=1)
    danger = seen.danger(10)
    assert danger.shape == (2, 2, 11) and (np.diff(danger, axis=2) <= 0).all() and (danger[:, :, 10] == 0).all()
    truth = model()
    states = [start(truth, draws=4, seed=1, infected=SEEDS)]
    for _ in range(10):
        states.append(advance(truth, states[-1], 7).state)
    for week in (0, 3, 7):
        infected = (states[10].ever_infected - states[week].ever_infected).mean(axis=0)
        np.testing.assert_allclose(danger[:, :, week], infected / PEOPLE * truth.fatality, rtol=0.08)


def test_doses_reach_truth_and_runs_alike_and_the_same_seed_gives_the_same():
    doses = NOTHING.copy()
    doses[2, :, :, 0] = 5000
    once, again = watched(), watched()
    given = once.week(doses)
    assert (given[..., 0] == 5000).all() and (given[..., 1] == 0).all()
    again.week(doses)
    assert (once.state.susceptible == again.state.susceptible).all() and (once.seen[0] == again.seen[0]).all()
    assert (once.runs.susceptible[..., 0] < PEOPLE).all()
    less = watched()
    less.week(NOTHING)
    assert less.runs.susceptible[..., 0].sum() > once.runs.susceptible[..., 0].sum()
    assert once.outcome("deaths").shape == (1, 4, 2, 2)


def test_bad_watches_are_named():
    with pytest.raises(EpidemicError, match="share above 0"):
        Reports(share=0)
    other = replace(model(), places=("east", "west"))
    state = start(other, draws=1, seed=1, infected=SEEDS)
    with pytest.raises(EpidemicError, match="other places or groups"):
        Watched(model(), start(model(), draws=1, seed=1, infected=SEEDS), other, state)


# ---- people vaccinated before ------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["leaky", "all-or-nothing"])
def test_people_vaccinated_before_are_counted_and_protected(action):
    truth = replace(model(), vaccine=replace(VACCINE, action=action))
    had = np.stack([PEOPLE // 10, PEOPLE // 2], axis=-1)
    recovered = PEOPLE // 4
    state = start(truth, draws=3, seed=1, infected=SEEDS, recovered=recovered, vaccinated=had)
    assert (state.everyone[0] == PEOPLE).all()
    with_one = state.susceptible[..., 2] + state.immune[..., 0] + state.past[..., 1]
    with_two = state.susceptible[..., 4] + state.immune[..., 1] + state.past[..., 2]
    assert (with_one == had[..., 0]).all() and (with_two == had[..., 1]).all()
    # A quarter of those who are not infected had the infection, vaccinated or not.
    np.testing.assert_allclose(state.past[0, ..., 2] / had[..., 1], recovered / (PEOPLE - SEEDS), rtol=1e-3)
    if action == "all-or-nothing":
        np.testing.assert_allclose(state.immune[0, ..., 1] / (had[..., 1] * 0.7495), 0.8, rtol=1e-2)
    bare = start(truth, draws=3, seed=1, infected=SEEDS, recovered=recovered)
    ends = [advance(truth, s, 60) for s in (state, bare)]
    assert ends[0].infections.sum() < 0.6 * ends[1].infections.sum()
    assert (ends[0].state.everyone == PEOPLE).all()


def test_more_vaccinated_than_people_are_named():
    had = np.stack([PEOPLE, PEOPLE], axis=-1)
    with pytest.raises(EpidemicError, match="'north', group 'young' starts with 600000 vaccinated of 299400"):
        start(model(), draws=1, seed=1, infected=SEEDS, vaccinated=had)
    with pytest.raises(EpidemicError, match="vaccinated has shape"):
        start(model(), draws=1, seed=1, infected=SEEDS, vaccinated=PEOPLE)


# ---- contacts between other bands, and mixing of places ----------------------------------------------------------


def test_contacts_between_other_bands_keep_their_total():
    rng = np.random.default_rng(3)
    people = rng.uniform(50, 100, 12)
    old = np.repeat(np.eye(4), 3, axis=1)
    new = np.vstack(
        [np.repeat([1, 0, 0], 4), np.repeat([0, 0.3, 0], 4), np.repeat([0, 0.7, 0], 4), np.repeat([0, 0, 1], 4)]
    )
    contacts = rng.uniform(1, 5, (4, 4))
    got = between_bands(contacts, old, new, people)
    total = (old @ people)[:, None] * contacts
    assert ((new @ people)[:, None] * got).sum() == pytest.approx(total.sum())
    # Two halves of an age meet the same people, each of the other as often as its size says.
    assert got[1] == pytest.approx(got[2]) and got[0, 2] / got[0, 1] == pytest.approx(7 / 3)
    assert between_bands(contacts, old, old, people) == pytest.approx(contacts)
    with pytest.raises(ContactError, match="age 0 is not in one old band"):
        between_bands(contacts, np.where(np.arange(12) == 0, 0, old), new, people)


def test_places_mix_with_the_nearest_and_largest():
    lat, lon = np.array([0.0, 0.0, 0.0, 10.0]), np.array([0.0, 1.0, 2.0, 0.0])
    got = near_mixing(lat, lon, np.array([1e6, 1e6, 4e6, 1e6]), away=0.1, neighbours=2)
    assert got.sum(axis=1) == pytest.approx(1) and np.diag(got) == pytest.approx(0.9)
    # From the first the third is twice as far and four times as large as the second: both pull alike.
    assert got[0, 1:3] == pytest.approx(0.05, rel=1e-3) and got[0, 3] == 0
    assert near_mixing(lat[:1], lon[:1], np.ones(1), away=0.1).tolist() == [[1.0]]
    with pytest.raises(ContactError, match="place 1 has no coordinates|place 0 has no coordinates"):
        near_mixing(np.array([0, np.nan, 1]), lon[:3], np.ones(3), away=0.1)
    with pytest.raises(ContactError, match="away is 1"):
        near_mixing(lat, lon, np.ones(4), away=1.0)
