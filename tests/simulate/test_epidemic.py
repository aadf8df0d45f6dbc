"""The epidemic against its deterministic limit, the final-size equation and a simulation person by person."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from scipy.optimize import brentq

from benchmarks.agents import DEAD, SUSCEPTIBLE, Agents
from benchmarks.agents import IMMUNE as IMMUNE_AGENT
from healthops.simulate.contacts import ContactError, transmission_for
from healthops.simulate.epidemic import Epidemic, EpidemicError, State, Vaccine, advance, deterministic, run, start

CONTACTS = np.array([[8.0, 3.0], [3.0, 4.0]])
MIXING = np.array([[0.9, 0.1], [0.2, 0.8]])
VACCINE = Vaccine((0.5, 0.8), (0.7, 0.95), days_to_protection=(6, 3))
COUNTS = [f.name for f in fields(State) if f.name not in ("day", "seed", "first_draw")]


def two_places(scale: int = 1, *, r0: float = 2.0, **changes) -> Epidemic:
    people = np.array([[30, 20], [25, 15]]) * scale
    model = Epidemic(
        places=("north", "south"),
        groups=("young", "old"),
        population=people,
        contacts=CONTACTS,
        transmission=transmission_for(r0, CONTACTS, infectious_days=4, population=people, mixing=MIXING),
        latent_days=2,
        infectious_days=4,
        fatality=np.array([0.05, 0.3]),
        mixing=MIXING,
        vaccine=VACCINE,
    )
    return replace(model, **changes)


def campaign(scale: int = 1, days: int = 60) -> np.ndarray:
    doses = np.zeros((days, 2, 2, 2), int)
    doses[3:30, :, :, 0] = scale
    doses[12:40, :, :, 1] = scale
    return doses


SEEDS = np.array([[2, 0], [1, 0]])


def play(model: Epidemic, *, scale: int = 1, draws: int = 3, seed: int = 1, days: int = 60, **more):
    begin = start(model, draws=draws, seed=seed, infected=SEEDS * scale, **more)
    return begin, advance(model, begin, days, campaign(scale, days))


@pytest.mark.parametrize("action", ["leaky", "all-or-nothing"])
@pytest.mark.parametrize("screened", [False, True])
def test_nobody_is_lost_or_made_and_no_count_is_negative(action: str, screened: bool):
    vaccine = replace(VACCINE, action=action, screened=screened)
    for scale in (1, 1000):
        begin, period = play(two_places(scale, vaccine=vaccine), scale=scale, draws=20)
        end = period.state
        assert (end.everyone == begin.everyone).all() and (end.everyone[0] == two_places(scale).population).all()
        assert min(getattr(end, name).min() for name in COUNTS) >= 0
        assert (end.past.sum(axis=-1) == end.exposed[..., 0] + end.infectious[..., 0] + end.recovered).all()
        assert (period.infections == end.ever_infected - begin.ever_infected).all()
        assert (period.deaths == end.dead).all() and end.dead.sum() > 0
        assert (period.given + period.unused == campaign(scale).sum(axis=0)).all()


@pytest.mark.parametrize("action", ["leaky", "all-or-nothing"])
@pytest.mark.parametrize("screened", [False, True])
def test_large_populations_follow_the_deterministic_limit(action: str, screened: bool):
    scale = 1_000_000
    model = two_places(scale, vaccine=replace(VACCINE, action=action, screened=screened))
    season = 1 + 0.3 * np.cos(np.arange(60) / 9)
    model = replace(model, season=season)
    _, period = play(model, scale=scale, draws=4)
    limit = deterministic(model, 60, infected=SEEDS * scale, doses=campaign(scale))
    np.testing.assert_allclose(period.infections.mean(axis=0), limit.infections.sum(axis=0), rtol=2e-3)
    np.testing.assert_allclose(period.deaths.mean(axis=0), limit.deaths.sum(axis=0), rtol=3e-3)
    np.testing.assert_allclose(period.given.mean(axis=0), limit.given.sum(axis=0), rtol=2e-3)


def one_group(people: int, r0: float = 2.0) -> Epidemic:
    return Epidemic(("all",), ("all",), np.array([[people]]), np.array([[5.0]]), r0 / 20, 3, 4, np.array([0.0]))


def test_final_size_of_one_group_is_the_analytic_value():
    people, ill, r0 = 1_000_000, 500, 2.0
    model = one_group(people, r0)
    # who escapes has escaped the pressure of everyone who was ever infected: s = (1 - i) exp(-R0 (1 - s))
    escape = brentq(lambda s: s - (1 - ill / people) * np.exp(-r0 * (1 - s)), 0, 0.9)
    limit = deterministic(model, 900, infected=np.array([[ill]]))
    assert ill + limit.infections.sum() == pytest.approx(people * (1 - escape), rel=1e-7)
    begin = start(model, draws=200, seed=4, infected=np.array([[ill]]))
    sizes = advance(model, begin, 400).state.ever_infected[:, 0, 0]
    error = sizes.std() / np.sqrt(len(sizes))
    assert error < 1e-3 * people
    assert abs(sizes.mean() - people * (1 - escape)) < 4 * error


def test_small_outbreaks_die_out_as_often_as_their_branching_process():
    """With geometric infectious days, the chance that one case leads to none: fixed point of its offspring."""
    people, r0, mean_days = 200_000, 1.5, 4.0
    model = one_group(people, r0)

    def offspring(q: float) -> float:  # generating function of Poisson infections on each of the geometric days
        daily = np.exp(r0 / mean_days * (q - 1))
        return daily / mean_days / (1 - (1 - 1 / mean_days) * daily)

    extinct = brentq(lambda q: q - offspring(q), 0, 0.99)
    begin = start(model, draws=4000, seed=5, infected=np.array([[1]]))
    died_out = (advance(model, begin, 150).state.ever_infected[:, 0, 0] < 200).mean()
    assert died_out == pytest.approx(extinct, abs=4 * np.sqrt(0.25 / 4000))


@pytest.mark.parametrize(("action", "screened"), [("leaky", False), ("all-or-nothing", False), ("leaky", True)])
def test_attack_rates_equal_a_simulation_person_by_person(action: str, screened: bool):
    model = two_places(vaccine=replace(VACCINE, action=action, screened=screened))
    doses = campaign()
    agents = Agents(model, SEEDS, draws=1500, seed=6)
    for day in doses:
        agents.day(day.reshape(-1, 2))
    never = np.isin(agents.status, (SUSCEPTIBLE, IMMUNE_AGENT))
    _, period = play(model, draws=6000, seed=7)
    ours = [period.state.ever_infected, period.deaths, period.given[..., 0], period.given[..., 1]]
    theirs = [agents.count(w) for w in (~never, agents.status == DEAD, agents.doses >= 1, agents.doses == 2)]
    for mine, other in zip(ours, theirs, strict=True):
        mine = mine.reshape(6000, -1).astype(float)
        error = np.sqrt(mine.var(axis=0) / 6000 + other.var(axis=0) / 1500)
        assert (np.abs(mine.mean(axis=0) - other.mean(axis=0)) <= 4 * error + 1e-9).all()
    spread = ours[0].sum(axis=(1, 2)).std() / theirs[0].sum(axis=1).std()
    assert spread == pytest.approx(1, abs=0.1)


def assert_same(one: State, other: State) -> None:
    for name in COUNTS:
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name


def test_same_seed_same_bytes_and_another_seed_others():
    model = two_places(50)
    assert_same(play(model, scale=50)[1].state, play(model, scale=50)[1].state)
    other = play(model, scale=50, seed=2)[1].state
    assert (other.recovered != play(model, scale=50)[1].state.recovered).any()


def test_cutting_the_days_or_the_draws_changes_nothing():
    model, doses = two_places(50), campaign(50)
    begin, whole = play(model, scale=50, draws=6)
    weeks = list(run(model, begin, 60, lambda state, days: doses[state.day : state.day + days], every=7))
    assert_same(weeks[-1].state, whole.state)
    assert weeks[-1].state.day == 60 and len(weeks) == 9
    for name in ("infections", "deaths", "given", "unused"):
        assert (sum(getattr(week, name) for week in weeks) == getattr(whole, name)).all()
    _, part = play(model, scale=50, draws=2, first_draw=3)
    for name in COUNTS:
        assert (getattr(part.state, name) == getattr(whole.state, name)[3:5]).all()
    begin_again, _ = play(model, scale=50, draws=6)
    assert_same(begin, begin_again)  # the state that was played from is left as it was


def test_doses_by_draw_are_those_of_the_draw():
    model, doses = two_places(50), campaign(50)
    begin = start(model, draws=2, seed=1, infected=SEEDS * 50)
    both = advance(model, begin, 60, np.stack([doses, 0 * doses]))
    assert (both.deaths[0] == advance(model, begin, 60, doses).deaths[0]).all()
    assert (both.deaths[1] == advance(model, begin, 60).deaths[1]).all()


def test_common_random_numbers_make_differences_between_policies_precise():
    scale = 2000
    model = two_places(scale, r0=1.6)
    begin = start(model, draws=300, seed=8, infected=SEEDS * 10)
    plans = campaign(scale // 40, 90), np.roll(campaign(scale // 40, 90), 2, axis=0)  # the same, two days later
    deaths = [advance(model, begin, 90, plan).deaths.sum(axis=(1, 2)) for plan in plans]
    assert deaths[0].mean() < deaths[1].mean()
    assert np.corrcoef(deaths)[0, 1] > 0.95
    assert (np.var(deaths[0]) + np.var(deaths[1])) / np.var(deaths[0] - deaths[1]) > 20


def test_doses_without_takers_come_back_unused_and_nobody_has_a_second_first():
    model = two_places(10)
    begin = start(model, draws=5, seed=1, infected=SEEDS)
    doses = np.zeros((3, 2, 2, 2), int)
    doses[0, ..., 1] = 40
    doses[1:, ..., 0] = 10**6
    period = advance(model, begin, 3, doses)
    alive_and_not_doomed = begin.can_have[..., 0]
    assert (period.given[..., 1] == 0).all() and (period.unused[..., 1] == 40).all()
    assert (period.given[..., 0] <= alive_and_not_doomed).all() and period.given[..., 0].sum() > 0
    assert (period.unused[..., 0] == 2 * 10**6 - period.given[..., 0]).all()
    assert (period.state.can_have[..., 0] == 0).all()


def test_a_perfect_vaccine_given_to_all_in_time_stops_the_epidemic():
    perfect = Vaccine((1.0, 1.0), (1.0, 1.0), days_to_protection=(1, 1))
    doses = np.zeros((60, 2, 2, 2), int)
    doses[0, ..., 0] = 10**6
    for action in ("leaky", "all-or-nothing"):
        model = two_places(1000, vaccine=replace(perfect, action=action), latent_days=5)
        begin = start(model, draws=3, seed=1, infected=SEEDS)
        assert advance(model, begin, 60, doses).infections.sum() == 0
        assert advance(model, begin, 60).infections.sum() > 0


@pytest.mark.parametrize("action", ["leaky", "all-or-nothing"])
def test_where_all_have_a_dose_that_does_nothing_all_fall_ill_as_without(action: str):
    vaccine = Vaccine((0.0, 0.0), (0.0, 0.0), days_to_protection=(1, 1), action=action)
    model = two_places(100_000, vaccine=vaccine)
    doses = np.zeros((60, 2, 2, 2), int)
    doses[0, ..., 0] = 10**8
    begin = start(model, draws=4, seed=1, infected=SEEDS * 20_000)
    with_dose = advance(model, begin, 60, doses).infections.mean(axis=0)
    np.testing.assert_allclose(with_dose, advance(model, begin, 60).infections.mean(axis=0), rtol=0.01)


def test_transmission_by_draw_and_season():
    model = two_places(1000)
    low_high = replace(model, transmission=np.array([0.0, 1.0]) * model.transmission)
    begin = start(low_high, draws=2, seed=1, infected=SEEDS)
    infections = advance(low_high, begin, 40).infections
    assert infections[0].sum() == 0
    assert (infections[1] == advance(model, begin, 40).infections[1]).all()
    closed = replace(model, season=np.zeros(40))
    assert advance(closed, begin, 40).infections.sum() == 0


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"contacts": np.ones((3, 3))}, ContactError, r"contacts have shape \(3, 3\), but there are 2 groups"),
        ({"contacts": -CONTACTS}, ContactError, r"'young' \(row 0\) with group 'young' .* are -8"),
        ({"mixing": np.ones((2, 2))}, ContactError, r"mixing of place 'north' \(row 0\).*sums to 2"),
        ({"population": np.array([[0, 0], [5, 5]])}, EpidemicError, "place 'north' has no people: leave it out"),
        ({"population": np.array([[5, 5], [5, -1]])}, EpidemicError, "place 'south', group 'old' is -1"),
        ({"population": np.array([[5, 5], [5, 1.5]])}, EpidemicError, "place 'south', group 'old' is 1.5"),
        ({"population": np.array([[5, 5]])}, EpidemicError, r"shape \(1, 2\), but there are 2 places and 2 groups"),
        ({"transmission": 1.2}, EpidemicError, "transmission is 1.2: give a number from 0 to 1"),
        ({"transmission": np.array([0.1, np.nan])}, EpidemicError, "transmission at row 1 is nan"),
        ({"fatality": np.array([0.1, 1.1])}, EpidemicError, "fatality of group 'old' is 1.1"),
        ({"fatality": np.array([0.1])}, EpidemicError, r"fatality has shape \(1,\)"),
        ({"latent_days": 0.5}, EpidemicError, "latent_days is 0.5"),
        ({"season": np.array([1.0, -1.0])}, EpidemicError, "season at row 1 is -1"),
    ],
)
def test_bad_models_are_refused_by_name(changes: dict, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        two_places(**changes)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"against_infection": (0.8, 0.5)}, "against_infection is .*first dose <= second dose"),
        ({"against_death": (0.5, 1.2)}, "against_death"),
        ({"against_death": (0.7, 0.75)}, "dose 2 has efficacy 0.75 against death and 0.8 against infection"),
        ({"days_to_protection": (0, 7)}, "days_to_protection"),
        ({"action": "leeky"}, "action is 'leeky': it is one of leaky, all-or-nothing"),
    ],
)
def test_bad_vaccines_are_refused(values: dict, message: str):
    with pytest.raises(EpidemicError, match=message):
        replace(VACCINE, **values)


def negative_dose() -> np.ndarray:
    doses = campaign()
    doses[2, 1, 0, 1] = -3
    return doses


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            lambda m, s: advance(m, s, 60, negative_dose()),
            "doses of day 2, place 'south', group 'young', dose 2 are -3",
        ),
        (lambda m, s: advance(m, s, 60, campaign() * 0.3), "day 3, place 'north', group 'young', dose 1 are 0.3"),
        (lambda m, s: advance(m, s, 50, campaign()), r"doses have shape \(60, 2, 2, 2\): give \(50, 2, 2, 2\)"),
        (lambda m, s: advance(m, s, 0), "days is 0"),
        (lambda m, s: advance(replace(m, season=np.ones(9)), s, 10), "season has 9 days, but day 9 is played"),
        (
            lambda m, s: advance(replace(m, transmission=np.full(2, 0.1)), s, 10),
            r"transmission has shape \(2,\), but draws 0 to 2",
        ),
        (lambda m, s: start(m, draws=0, seed=1, infected=SEEDS), "draws 0"),
        (lambda m, s: start(m, draws=1, seed=1, infected=SEEDS * 20), "'north', group 'young' starts with 40 infected"),
        (lambda m, s: deterministic(replace(m, transmission=np.full(2, 0.1)), 5, infected=SEEDS), "differs by draw"),
        (lambda m, s: list(run(m, s, 10, every=0)), "every is 0"),
    ],
)
def test_bad_plans_are_refused_by_name(wrong, message: str):
    model = two_places()
    with pytest.raises(EpidemicError, match=message):
        wrong(model, start(model, draws=3, seed=1, infected=SEEDS))
