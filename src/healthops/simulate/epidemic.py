"""An epidemic with a two-dose campaign, by age and place: a binomial chain of one day a step.

Susceptible, exposed, infectious, recovered, vaccinated, dead (SEIRV), in whole persons of every draw, place and group.
A day goes by in this order:

1. **Doses.** Those that the plan gives to a place and group go to who can have them, in proportion to where they are
   (rounded at random): a first dose to those without one, a second to those with one, whether or not they were infected
   before (nobody asks; ``Vaccine.screened`` keeps doses for the never infected). Those who will die of their infection
   get none. Doses beyond the people who can have them are not given and come back as unused.
2. **Infection.** Of n susceptibles, Binomial(n, 1 - exp(-hazard)) are infected, where the hazard is
   ``transmission x season x contacts with the infectious at the day's start / people there``
   (:mod:`healthops.simulate.contacts` says who meets whom), times 1 - efficacy where a leaky vaccine protects. Each
   infection is then fatal or not, by the infection-fatality of the group and the vaccine's further efficacy.
3. **Protection.** The wait after a dose ends with probability 1 / ``days_to_protection``.
4. **Progress.** Latent and infectious days end with probability 1 / their mean, so that a person infects for
   ``infectious_days`` on average, whole days, and R0 is exact. Who dies, dies as the infectious days end.

Infection leaves immunity for as long as the model runs. Nobody is born, ages or moves house.
Chain-binomial models: Bailey 1975, The Mathematical Theory of Infectious Diseases; leaky and all-or-nothing vaccines:
Halloran, Longini & Struchiner 2010, Design and Analysis of Vaccine Studies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np

from healthops.simulate.contacts import checked_contacts, checked_mixing

#: What a vaccine does: lower the hazard of everyone who has it, or make a share immune and do nothing for the others.
ACTIONS = ("leaky", "all-or-nothing")
#: Most persons of one group in one place; counts are 32-bit.
MOST_PEOPLE = 2**31 - 1


class EpidemicError(ValueError):
    """A parameter, population or plan that makes no sense; the message names the place, group or row and the remedy."""


@dataclass(frozen=True)
class Vaccine:
    """Two doses of one vaccine.

    Attributes
    ----------
    against_infection : tuple of 2 float
        Efficacy against infection after the first and after the second dose, 0 to 1.
    against_death : tuple of 2 float
        Efficacy against death, as a trial reports it: through fewer infections and milder ones together. So it is at
        least the efficacy against infection.
    days_to_protection : tuple of 2 float
        Mean days until each dose works, at least 1; they are geometric. A second dose ends the wait for the first.
    action : str
        ``leaky`` or ``all-or-nothing``.
    screened : bool
        Whether the ever infected are kept from having doses.
    """

    against_infection: tuple[float, float]
    against_death: tuple[float, float]
    days_to_protection: tuple[float, float] = (14.0, 7.0)
    action: str = "leaky"
    screened: bool = False

    def __post_init__(self) -> None:
        for name in ("against_infection", "against_death"):
            one, two = getattr(self, name)
            if not 0 <= one <= two <= 1:
                raise EpidemicError(f"vaccine: {name} is {(one, two)}: give 0 <= first dose <= second dose <= 1")
        for dose, (less, more) in enumerate(zip(self.against_infection, self.against_death, strict=True), start=1):
            if more < less:
                raise EpidemicError(
                    f"vaccine: dose {dose} has efficacy {more} against death and {less} against infection: "
                    f"the infections that it prevents kill nobody, so against_death is at least against_infection"
                )
        if not min(self.days_to_protection) >= 1:
            raise EpidemicError(f"vaccine: days_to_protection is {self.days_to_protection}: each is at least 1 day")
        if self.action not in ACTIONS:
            raise EpidemicError(f"vaccine: action is {self.action!r}: it is one of {', '.join(ACTIONS)}")

    @property
    def leaky(self) -> bool:
        """Whether it lowers everyone's hazard."""
        return self.action == "leaky"

    @property
    def hazard(self) -> np.ndarray:
        """Hazard of infection where 0, 1 and 2 doses work, shape (3,), as a share of that of the unvaccinated."""
        one, two = self.against_infection if self.leaky else (0.0, 0.0)
        return np.array([1.0, 1.0 - one, 1.0 - two])

    @property
    def take(self) -> np.ndarray:
        """Probability that a dose makes immune who is not yet immune, shape (2,)."""
        one, two = (0.0, 0.0) if self.leaky else self.against_infection
        return np.array([one, (two - one) / (1.0 - one) if one < 1 else 0.0])

    @property
    def fatality(self) -> np.ndarray:
        """Fatality of an infection where 0, 1 and 2 doses work, shape (3,), as a share of that of the unvaccinated."""
        one, two = (
            (1.0 - death) / (1.0 - infection) if infection < 1 else 0.0
            for infection, death in zip(self.against_infection, self.against_death, strict=True)
        )
        return np.array([1.0, one, two])


@dataclass(frozen=True)
class Epidemic:
    """Who lives where, whom they meet, and what the infection and the vaccine do.

    Attributes
    ----------
    places, groups : tuple of str
        Names of the R places and A groups (of age, or of age and priority), for messages.
    population : array of int, shape (R, A)
        Persons; every place has some.
    contacts : array of float, shape (A, A)
        Persons of the column's group whom one of the row's group meets in a day.
    transmission : float or array of float, shape (D,)
        Probability that a contact with an infectious person infects, for all draws or for each.
    latent_days, infectious_days : float
        Mean days, at least 1.
    fatality : array of float, shape (A,)
        Share of the infections of the unvaccinated that kill.
    mixing : array of float, shape (R, R), optional
        Share of the day that a resident of the row's place spends in the column's; without it everyone stays at home.
    season : array of float, shape (days,), optional
        Factor on transmission by day from the start; without it 1 on every day.
    vaccine : Vaccine, optional
        Without it doses can be given and do nothing.

    Raises
    ------
    EpidemicError, ContactError
        A shape that does not fit, a place without people, a share or efficacy outside 0 to 1, days below 1.
    """

    places: tuple[str, ...]
    groups: tuple[str, ...]
    population: np.ndarray
    contacts: np.ndarray
    transmission: float | np.ndarray
    latent_days: float
    infectious_days: float
    fatality: np.ndarray
    mixing: np.ndarray | None = None
    season: np.ndarray | None = None
    vaccine: Vaccine = Vaccine((0.0, 0.0), (0.0, 0.0))

    def __post_init__(self) -> None:
        people = self.checked_people("population", self.population)
        if (empty := people.sum(axis=1) == 0).any():
            raise EpidemicError(f"place {self.places[int(np.argmax(empty))]!r} has no people: leave it out")
        keep = {
            "population": people,
            "contacts": checked_contacts(self.contacts, len(self.groups), groups=self.groups),
            "mixing": checked_mixing(self.mixing, len(self.places), places=self.places),
            "transmission": _checked("transmission", self.transmission, high=1.0),
            "fatality": self._checked_fatality(),
        }
        if self.season is not None:
            keep["season"] = _checked("season", self.season)
        for name, value in keep.items():
            object.__setattr__(self, name, value)
        for name in ("latent_days", "infectious_days"):
            if not 1 <= getattr(self, name) < np.inf:
                raise EpidemicError(f"{name} is {getattr(self, name)}: a step is a day, so give a mean of at least 1")

    def checked_people(self, name: str, counts: np.ndarray) -> np.ndarray:
        """Return `counts` of people, shape (R, A), as int64, or raise :class:`EpidemicError` naming the place."""
        raw = np.asarray(counts)
        if raw.shape != (len(self.places), len(self.groups)):
            raise EpidemicError(
                f"{name} has shape {raw.shape}, but there are {len(self.places)} places and {len(self.groups)} groups: "
                f"give one row for each place and one column for each group"
            )
        bad = ~((raw >= 0) & (raw <= MOST_PEOPLE)) | (raw != np.floor(raw))
        if bad.any():
            r, a = (int(i) for i in np.argwhere(bad)[0])
            raise EpidemicError(
                f"{name} of place {self.places[r]!r}, group {self.groups[a]!r} is {raw[r, a]}: "
                f"give a whole number from 0 to {MOST_PEOPLE}"
            )
        return raw.astype(np.int64)

    def _checked_fatality(self) -> np.ndarray:
        values = np.asarray(self.fatality, float)
        if values.shape != (len(self.groups),):
            raise EpidemicError(
                f"fatality has shape {values.shape}: give one share for each of {len(self.groups)} groups"
            )
        return _checked("fatality", values, high=1.0, names=self.groups)

    @cached_property
    def per_present(self) -> np.ndarray:
        """One over the persons of each group present in each place, shape (R, A); 0 where there are none."""
        present = self.mixing.T @ self.population
        return np.divide(1.0, present, out=np.zeros_like(present), where=present > 0)

    @cached_property
    def _sparse_mixing(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows, columns = np.nonzero(self.mixing)
        starts = np.searchsorted(rows, np.arange(len(self.places) + 1))
        return starts, np.ascontiguousarray(columns), self.mixing[rows, columns]

    @property
    def fatality_by_doses(self) -> np.ndarray:
        """Share of infections that kill, by place and group and doses that work, shape (R * A, 3)."""
        one_place = self.fatality[:, None] * self.vaccine.fatality
        return np.ascontiguousarray(np.tile(one_place, (len(self.places), 1)))

    def season_of(self, first_day: int, days: int) -> np.ndarray:
        """Factor on transmission for `days` days from `first_day`, shape (days,)."""
        if self.season is None:
            return np.ones(days)
        if first_day + days > len(self.season):
            raise EpidemicError(
                f"season has {len(self.season)} days, but day {first_day + days - 1} is played: give a longer season"
            )
        return np.ascontiguousarray(self.season[first_day : first_day + days])


@dataclass(frozen=True)
class State:
    """Whole persons of D draws on the evening of a day.

    Attributes
    ----------
    day : int
        Days played.
    seed, first_draw : int
        Which common random numbers: draw d of this state is draw ``first_draw + d`` of the seed.
    susceptible : array of int32, shape (D, R, A, 5)
        Without a dose; had the first, not yet working; first dose works; had the second, only the first works; both.
    immune : array of int32, shape (D, R, A, 2)
        Made immune by an all-or-nothing vaccine: with one dose, with two.
    exposed, infectious : array of int32, shape (D, R, A, 2)
        Those who will recover, those who will die.
    recovered, dead : array of int32, shape (D, R, A)
        Persons.
    past : array of int32, shape (D, R, A, 3)
        Of the exposed and infectious who will recover and the recovered together: with 0, 1 and 2 doses.
    """

    day: int
    seed: int
    first_draw: int
    susceptible: np.ndarray
    immune: np.ndarray
    exposed: np.ndarray
    infectious: np.ndarray
    recovered: np.ndarray
    dead: np.ndarray
    past: np.ndarray

    @property
    def everyone(self) -> np.ndarray:
        """Persons, the dead too, shape (D, R, A): the population, always."""
        held = (self.susceptible, self.immune, self.exposed, self.infectious)
        return sum(x.sum(axis=-1) for x in held) + self.recovered + self.dead

    @property
    def ever_infected(self) -> np.ndarray:
        """Persons infected so far, shape (D, R, A)."""
        return self.exposed.sum(axis=-1) + self.infectious.sum(axis=-1) + self.recovered + self.dead

    @property
    def can_have(self) -> np.ndarray:
        """Persons who could have a first and a second dose if nobody asks for past infections, shape (D, R, A, 2)."""
        first = self.susceptible[..., 0] + self.past[..., 0]
        second = self.susceptible[..., 1:3].sum(axis=-1) + self.immune[..., 0] + self.past[..., 1]
        return np.stack([first, second], axis=-1)


@dataclass(frozen=True)
class Period:
    """What some days brought.

    Attributes
    ----------
    state : State
        On the last evening.
    infections, deaths : array of int32, shape (D, R, A)
        Persons, over the days.
    given, unused : array of int64, shape (D, R, A, 2)
        First and second doses given, and doses of the plan for which there was nobody.
    """

    state: State
    infections: np.ndarray
    deaths: np.ndarray
    given: np.ndarray
    unused: np.ndarray


def start(
    epidemic: Epidemic,
    *,
    draws: int,
    seed: int,
    infected: np.ndarray,
    recovered: np.ndarray | None = None,
    vaccinated: np.ndarray | None = None,
    first_draw: int = 0,
) -> State:
    """Return the evening before day 0.

    Parameters
    ----------
    epidemic : Epidemic
        Of R places and A groups.
    draws, seed : int
        How many draws, at least 1, and which common random numbers (seed from 0 to 2^63 - 1).
    infected, recovered : array of int, shape (R, A)
        Persons whose latent days begin, and persons who are immune from an earlier infection (none by default).
    vaccinated : array of int, shape (R, A, 2), optional
        Persons with one dose and with two, all of which work already: among the recovered and the others alike.
    first_draw : int
        Number of the first draw: draws 0 to 99 and 100 to 199 made apart are those made together.

    Raises
    ------
    EpidemicError
        More infected and recovered than people, more vaccinated than can have had a dose; counts that are negative or
        not whole; draws below 1.
    """
    if draws < 1 or not 0 <= seed < 2**63 or first_draw < 0:
        raise EpidemicError(f"draws {draws}, seed {seed}, first_draw {first_draw}: give draws >= 1, the others >= 0")
    ill = epidemic.checked_people("infected", infected)
    immune = np.zeros_like(ill) if recovered is None else epidemic.checked_people("recovered", recovered)
    if (over := ill + immune > epidemic.population).any():
        r, a = (int(i) for i in np.argwhere(over)[0])
        raise EpidemicError(
            f"place {epidemic.places[r]!r}, group {epidemic.groups[a]!r} starts with {ill[r, a]} infected and "
            f"{immune[r, a]} recovered of {epidemic.population[r, a]} people: lower them"
        )
    shape = (draws, *ill.shape)
    fatal = np.zeros((draws, ill.size), np.int32)
    from healthops.simulate import chain

    chain.seed_outcomes(ill.ravel(), np.tile(epidemic.fatality, len(ill)), seed, first_draw, fatal)
    fatal = fatal.reshape(shape)
    state = State(
        day=0,
        seed=seed,
        first_draw=first_draw,
        recovered=np.broadcast_to(immune, shape).astype(np.int32),
        dead=np.zeros(shape, np.int32),
        **{name: np.zeros((*shape, n), np.int32) for name, n in
           {"susceptible": 5, "immune": 2, "exposed": 2, "infectious": 2, "past": 3}.items()},
    )  # fmt: skip
    state.susceptible[..., 0] = epidemic.population - ill - immune
    state.exposed[..., 0], state.exposed[..., 1] = ill - fatal, fatal
    state.past[..., 0] = ill - fatal + immune
    if vaccinated is not None:
        _vaccinate(epidemic, state, vaccinated, immune)
    return state


def _vaccinate(epidemic: Epidemic, state: State, vaccinated: np.ndarray, immune: np.ndarray) -> None:
    """Move persons to where one and two doses work, in place; all draws alike."""
    if np.shape(vaccinated) != (*epidemic.population.shape, 2):
        shape = (*epidemic.population.shape, 2)
        raise EpidemicError(f"vaccinated has shape {np.shape(vaccinated)}: give {shape} (place, group, doses had)")
    one, two = (epidemic.checked_people("vaccinated", np.asarray(vaccinated)[..., n]) for n in (0, 1))
    others = state.susceptible[0, ..., 0].astype(np.int64)
    if (over := one + two > others + immune).any():
        r, a = (int(i) for i in np.argwhere(over)[0])
        raise EpidemicError(
            f"place {epidemic.places[r]!r}, group {epidemic.groups[a]!r} starts with {one[r, a] + two[r, a]} "
            f"vaccinated of {others[r, a] + immune[r, a]} people who are not infected: lower them"
        )
    pool = np.maximum(others + immune, 1)
    take = 1.0
    for doses, people in ((1, one), (2, two)):
        # Rounded down, so that both together are never more than there are; the rest comes from the others.
        ill = people * immune // pool
        well = people - ill
        short = np.maximum(well - state.susceptible[0, ..., 0], 0)
        ill, well = ill + short, well - short
        take *= 1.0 - epidemic.vaccine.take[doses - 1]
        immune_now = np.round((1.0 - take) * well).astype(np.int64)
        state.susceptible[..., 0] -= well.astype(np.int32)
        state.susceptible[..., 2 * doses] += (well - immune_now).astype(np.int32)
        state.immune[..., doses - 1] += immune_now.astype(np.int32)
        state.past[..., 0] -= ill.astype(np.int32)
        state.past[..., doses] += ill.astype(np.int32)


def advance(epidemic: Epidemic, state: State, days: int, doses: np.ndarray | None = None) -> Period:
    """Play `days` days forward from `state`, which is left as it is.

    Parameters
    ----------
    epidemic : Epidemic
        Of R places and A groups.
    state : State
        Of D draws.
    days : int
        At least 1.
    doses : array of int, shape (days, R, A, 2) or (D, days, R, A, 2), optional
        First and second doses by day, place and group, for all draws or for each. None without it.

    Returns
    -------
    Period
        Counts over the days and the state at their end. The same seed and plan give the same bytes, however the days
        are cut into periods and the draws into parts.

    Raises
    ------
    EpidemicError
        Doses of another shape, negative or not whole; a season that ends too early; transmission for other draws.
    """
    from healthops.simulate import chain

    draws, cells = len(state.dead), epidemic.population.size
    plan = _checked_doses(epidemic, doses, days, draws)
    end = replace(state, day=state.day + days, **{f: getattr(state, f).copy() for f in _COUNTS})
    given = np.zeros((draws, cells, 2), np.int64)
    infections = np.zeros((draws, cells), np.int32)
    flat = {name: _by_cell(getattr(end, name)) for name in _COUNTS}
    vaccine = epidemic.vaccine
    chain.play(
        *flat.values(), given, infections,
        plan.reshape(len(plan), days, cells, 2), state.seed, state.first_draw, state.day,
        _by_draw(epidemic, state), epidemic.season_of(state.day, days),
        np.ascontiguousarray(epidemic.contacts.T), epidemic.per_present, *epidemic._sparse_mixing,
        vaccine.hazard, epidemic.fatality_by_doses, vaccine.take,
        1.0 / np.array([epidemic.latent_days, epidemic.infectious_days, *vaccine.days_to_protection]),
        int(not vaccine.screened),
    )  # fmt: skip
    shape = state.dead.shape
    given = given.reshape(*shape, 2)
    return Period(end, infections.reshape(shape), end.dead - state.dead, given, plan.sum(axis=1) - given)


#: The arrays of a state, in the order in which the chain takes them.
_COUNTS = tuple(f.name for f in fields(State) if f.name not in ("day", "seed", "first_draw"))


def run(
    epidemic: Epidemic,
    state: State,
    days: int,
    plan: Callable[[State, int], np.ndarray | None] | None = None,
    *,
    every: int = 7,
) -> Iterator[Period]:
    """Play `days` days in periods of `every` days, the last perhaps shorter, with a plan made anew for each.

    ``plan(state, days)`` sees the state on the evening before a period of so many days and returns its doses as
    :func:`advance` takes them.
    """
    if days < 1 or every < 1:
        raise EpidemicError(f"days is {days} and every is {every}: both are at least 1")
    for first in range(0, days, every):
        length = min(every, days - first)
        period = advance(epidemic, state, length, None if plan is None else plan(state, length))
        state = period.state
        yield period


@dataclass(frozen=True)
class Course:
    """The deterministic limit, day by day, in persons (not whole).

    Attributes
    ----------
    infections, deaths : array of float, shape (days, R, A)
        Persons a day.
    given : array of float, shape (days, R, A, 2)
        First and second doses given a day.
    """

    infections: np.ndarray
    deaths: np.ndarray
    given: np.ndarray


def deterministic(
    epidemic: Epidemic,
    days: int,
    *,
    infected: np.ndarray,
    recovered: np.ndarray | None = None,
    doses: np.ndarray | None = None,
) -> Course:
    """Play the same days with every binomial draw replaced by its mean: the limit of large populations.

    The difference equations of the model, written apart from the compiled chain. Parameters as of :func:`start` and
    :func:`advance`, with doses of shape (days, R, A, 2) and one transmission for all.
    """
    plan = _checked_doses(epidemic, doses, days, 1)[0]
    if np.ndim(epidemic.transmission):
        raise EpidemicError("transmission differs by draw: the deterministic limit takes one number")
    ill = epidemic.checked_people("infected", infected).astype(float)
    before = np.zeros_like(ill) if recovered is None else epidemic.checked_people("recovered", recovered).astype(float)
    fatal = ill * epidemic.fatality
    flow = _Flow(epidemic, ill, before, fatal)
    season = epidemic.season_of(0, days)
    daily = [flow.day(first_second, season[t]) for t, first_second in enumerate(plan)]
    return Course(*(np.array(column) for column in zip(*daily, strict=True)))


class _Flow:
    """The state of the deterministic limit; arrays by place and group, shape (R, A), with states in front."""

    def __init__(self, epidemic: Epidemic, ill: np.ndarray, before: np.ndarray, fatal: np.ndarray) -> None:
        zero = np.zeros_like(ill)
        self.epidemic = epidemic
        self.susceptible = [epidemic.population - ill - before, zero, zero, zero, zero]
        self.immune = [zero, zero]
        self.exposed, self.infectious = np.array([ill - fatal, fatal]), np.array([zero, zero])
        self.past = [ill - fatal + before, zero, zero]

    def day(self, doses: np.ndarray, season: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Play a day; return infections, deaths and doses given."""
        model, infectious = self.epidemic, self.infectious.sum(axis=0)
        second = self._second(doses[..., 1])
        first = self._first(doses[..., 0])
        there = model.mixing.T @ infectious * model.per_present
        hazard = model.transmission * season * (model.mixing @ (there @ model.contacts.T))
        new, fatal = self._infect(hazard)
        self._protect()
        started, ended = self.exposed / model.latent_days, self.infectious / model.infectious_days
        self.exposed = self.exposed - started + np.array([new - fatal, fatal])
        self.infectious = self.infectious + started - ended
        return new, ended[1], np.stack([first, second], axis=-1)

    def _second(self, doses: np.ndarray) -> np.ndarray:
        s, v, past = self.susceptible, self.immune, self.past
        asked = 0.0 if self.epidemic.vaccine.screened else past[1]
        share = _share_of(doses, pool := s[1] + s[2] + v[0] + asked)
        waiting, working, took, ill = share * s[1], share * s[2], share * v[0], share * asked
        at_once = waiting * self.epidemic.vaccine.take[0]
        self.susceptible = [s[0], s[1] - waiting, s[2] - working, s[3] + waiting + working - at_once, s[4]]
        self.immune = [v[0] - took, v[1] + took + at_once]
        self.past = [past[0], past[1] - ill, past[2] + ill]
        return share * pool

    def _first(self, doses: np.ndarray) -> np.ndarray:
        s, past = self.susceptible, self.past
        asked = 0.0 if self.epidemic.vaccine.screened else past[0]
        share = _share_of(doses, pool := s[0] + asked)
        self.susceptible = [s[0] * (1 - share), s[1] + share * s[0], *s[2:]]
        self.past = [past[0] - share * asked, past[1] + share * asked, past[2]]
        return share * pool

    def _infect(self, hazard: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        vaccine, doses_that_work = self.epidemic.vaccine, (0, 0, 1, 1, 2)
        new, fatal = [], []
        for susceptible, work in zip(self.susceptible, doses_that_work, strict=True):
            new.append(susceptible * -np.expm1(-hazard * vaccine.hazard[work]))
            fatal.append(new[-1] * self.epidemic.fatality * vaccine.fatality[work])
        self.susceptible = [s - x for s, x in zip(self.susceptible, new, strict=True)]
        lives = [x - f for x, f in zip(new, fatal, strict=True)]
        self.past = [self.past[0] + lives[0], self.past[1] + lives[1] + lives[2], self.past[2] + lives[3] + lives[4]]
        return sum(new), sum(fatal)

    def _protect(self) -> None:
        s, v, vaccine = self.susceptible, self.immune, self.epidemic.vaccine
        one, two = s[1] / vaccine.days_to_protection[0], s[3] / vaccine.days_to_protection[1]
        took = one * vaccine.take[0], two * vaccine.take[1]
        self.susceptible = [s[0], s[1] - one, s[2] + one - took[0], s[3] - two, s[4] + two - took[1]]
        self.immune = [v[0] + took[0], v[1] + took[1]]


def _share_of(doses: np.ndarray, pool: np.ndarray) -> np.ndarray:
    """Share of a pool that the doses are for, at most 1; 0 where the pool is empty."""
    return np.minimum(np.divide(doses, pool, out=np.zeros_like(pool), where=pool > 0), 1.0)


def _checked(
    name: str, values: float | np.ndarray, *, high: float = np.inf, names: tuple[str, ...] | None = None
) -> np.ndarray:
    """Return finite values from 0 to `high`, or raise naming the first that is not."""
    array = np.asarray(values, float)
    bad = ~((array >= 0) & (array <= high) & np.isfinite(array))
    if bad.any():
        first = int(np.argmax(bad))
        where = "" if array.ndim == 0 else f" of group {names[first]!r}" if names else f" at row {first}"
        raise EpidemicError(f"{name}{where} is {array.flat[first]:g}: give a number from 0 to {high:g}")
    return array


def _checked_doses(epidemic: Epidemic, doses: np.ndarray | None, days: int, draws: int) -> np.ndarray:
    """Return doses as int64, shape (1 or D, days, R, A, 2)."""
    if days < 1:
        raise EpidemicError(f"days is {days}: play at least 1")
    shape = (days, *epidemic.population.shape, 2)
    if doses is None:
        return np.zeros((1, *shape), np.int64)
    raw = np.asarray(doses)
    if raw.shape not in (shape, (draws, *shape)):
        raise EpidemicError(
            f"doses have shape {raw.shape}: give {shape} (day, place, group, dose), or {draws} of those"
        )
    if (bad := ~(raw >= 0) | (raw != np.floor(raw))).any():
        where = np.argwhere(bad)[0][-4:]
        day, place, group, dose = (int(i) for i in where)
        raise EpidemicError(
            f"doses of day {day}, place {epidemic.places[place]!r}, group {epidemic.groups[group]!r}, dose {dose + 1} "
            f"are {raw[bad][0]}: give whole doses, at least 0"
        )
    return np.ascontiguousarray(raw.reshape(-1, *shape), np.int64)


def _by_draw(epidemic: Epidemic, state: State) -> np.ndarray:
    """Transmission of each draw, shape (D,)."""
    draws = len(state.dead)
    value = np.asarray(epidemic.transmission)
    if value.ndim == 0:
        return np.full(draws, float(value))
    mine = value[state.first_draw : state.first_draw + draws]
    if value.ndim != 1 or len(mine) != draws:
        raise EpidemicError(
            f"transmission has shape {value.shape}, but draws {state.first_draw} to {state.first_draw + draws - 1} are "
            f"played: give one number, or one for each draw"
        )
    return np.ascontiguousarray(mine)


def _by_cell(counts: np.ndarray) -> np.ndarray:
    """View counts of shape (D, R, A) or (D, R, A, n) with places and groups as one axis."""
    return counts.reshape(counts.shape[0], -1, *counts.shape[3:])
