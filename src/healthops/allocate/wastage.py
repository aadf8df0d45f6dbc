"""Wastage: doses left in vials that were opened, and vials that were never opened.

How many people come to a session is random. Full vials are opened as people come; for those who are left over another
vial is opened if they are at least ``threshold``, and what remains of it is thrown away when the session ends. From the
distribution of the session size everything expected is a finite sum, exact:

    wastage rate = expected doses thrown away / expected doses opened, over sessions of one kind
    wastage factor = 1 / (1 - wastage rate), doses to supply for one given

The rate is that of the doses of many sessions, which is what a stock card shows; the mean of the sessions' own rates is
another number (for 20 people who come with probability 1/4 and vials of 5: .277 against .266).

Binomial session sizes come from a catchment of known size, negative binomial ones from sessions that differ more than
chance (Yang et al. 2014, Vaccine 32, 6643-6648). Thresholds: Wedlock et al. 2019, Vaccine 37, 2356-2368; a vial size
for each site: Wedlock et al. 2019, Vaccine 37, 637-644; closed- and open-vial losses together: WHO 2019, Revising
global indicative wastage rates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

#: Probability of the largest session sizes of a distribution without end that are left out, and shared by the others.
TAIL = 1e-13
#: What a choice of vial sizes makes least.
AIMS = ("cost", "waste")


class WastageError(ValueError):
    """A session size, vial, rate or stock that makes no sense; the message names it and the remedy."""


# ---- session sizes ---------------------------------------------------------------------------------------------------


def binomial_sizes(people: int, probability: float) -> np.ndarray:
    """Probability of each session size where each of `people` comes with `probability`; shape (people + 1,).

    >>> binomial_sizes(2, 0.5).round(12).tolist()
    [0.25, 0.5, 0.25]
    """
    if people != int(people) or people < 0 or not 0 <= probability <= 1:
        raise WastageError(f"people {people}, probability {probability}: give a whole number and a share from 0 to 1")
    return stats.binom.pmf(np.arange(int(people) + 1), int(people), probability)


def negative_binomial_sizes(mean: float, dispersion: float) -> np.ndarray:
    """Probability of each session size, shape (largest + 1,), with variance mean + mean^2 / dispersion.

    Sizes beyond the largest, which have probability ``TAIL`` together, are left out and the others scaled to sum to 1.

    >>> sizes = negative_binomial_sizes(5.0, 2.0)
    >>> round(float(sizes @ np.arange(len(sizes))), 9)
    5.0
    """
    if not 0 < mean < np.inf or not 0 < dispersion < np.inf:
        raise WastageError(f"mean {mean}, dispersion {dispersion}: give finite numbers above 0")
    distribution = stats.nbinom(dispersion, dispersion / (dispersion + mean))
    sizes = distribution.pmf(np.arange(int(distribution.isf(TAIL)) + 1))
    return sizes / sizes.sum()


# ---- open vials ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Session:
    """What one session brings on average, in the long run.

    Attributes
    ----------
    came : float
        People who come for the first time.
    vaccinated : float
        People vaccinated, those who came back included.
    turned_away : float
        People told to come back, each time that they are told.
    opened, wasted : float
        Doses in opened vials, and those of them thrown away.
    """

    came: float
    vaccinated: float
    turned_away: float
    opened: float
    wasted: float

    @property
    def rate(self) -> float:
        """Wastage rate, 0 where nothing is opened."""
        return self.wasted / self.opened if self.opened > 0 else 0.0

    @property
    def factor(self) -> float:
        """Wastage factor: doses opened for each one given."""
        return wastage_factor(self.rate)

    @property
    def coverage(self) -> float:
        """Share of those who come that are vaccinated in the end; 1 where nobody comes."""
        return self.vaccinated / self.came if self.came > 0 else 1.0


def open_vials(sizes: np.ndarray, doses: int, *, threshold: int = 1, come_back: float = 0.0) -> Session:
    """Expected use and wastage of vials opened at sessions.

    Parameters
    ----------
    sizes : array of float, shape (largest + 1,)
        Probability that 0, 1, 2, ... people come for the first time.
    doses : int
        Doses in a vial, at least 1.
    threshold : int
        Least number of people for whom a vial is opened, from 1 (anyone) to `doses` (no dose is ever wasted).
    come_back : float
        Share of those turned away who come to the next session; the others are lost.

    Returns
    -------
    Session
        Expectations, exact: the number turned away is a Markov chain, of which the stationary distribution is solved.

    Raises
    ------
    WastageError
        Probabilities that are negative or do not sum to 1; a vial or threshold below 1; a threshold above the vial.

    Examples
    --------
    >>> round(open_vials(binomial_sizes(20, 0.25), 10).rate, 3)
    0.5
    >>> session = open_vials(binomial_sizes(20, 0.25), 10, threshold=5)
    >>> round(session.rate, 3), round(session.coverage, 3)
    (0.371, 0.736)
    """
    new = checked_sizes(sizes)
    _check_vial(doses, threshold)
    if not 0 <= come_back <= 1:
        raise WastageError(f"come_back is {come_back}: give a share from 0 to 1")
    if threshold == 1:
        people = np.arange(len(new))
        opened = -(-people // doses) * doses
        came = float(new @ people)
        return Session(came, came, 0.0, float(new @ opened), float(new @ (opened - people)))
    # row r: distribution of who is there after r were turned away
    there = np.zeros((threshold, len(new) + threshold - 1))
    for r in range(threshold):
        sum_of_both = np.convolve(stats.binom.pmf(np.arange(r + 1), r, come_back), new)
        there[r, : len(sum_of_both)] = sum_of_both
    people = np.arange(there.shape[1])
    away = np.where(people % doses < threshold, people % doses, 0)
    move = np.zeros((threshold, threshold))
    np.add.at(move.T, away, there.T)
    now = _stationary(move) @ there
    opened = -(-(people - away) // doses) * doses
    return Session(
        came=float(new @ np.arange(len(new))),
        vaccinated=float(now @ (people - away)),
        turned_away=float(now @ away),
        opened=float(now @ opened),
        wasted=float(now @ (opened - people + away)),
    )


def _stationary(move: np.ndarray) -> np.ndarray:
    """Long-run distribution, shape (n,), of the chain with transitions `move`, shape (n, n), that starts in state 0."""
    reached = np.linalg.matrix_power((move > 0) | np.eye(len(move), dtype=bool), len(move))[0] > 0
    inside = move[np.ix_(reached, reached)]
    balance = np.vstack([inside.T - np.eye(len(inside)), np.ones(len(inside))])
    found = np.zeros(len(move))
    found[reached] = np.linalg.lstsq(balance, np.append(np.zeros(len(inside)), 1.0), rcond=None)[0]
    return found


# ---- closed vials ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stock:
    """What becomes of the vials of a lot, on average; the three sum to its size.

    Attributes
    ----------
    used, spoilt, expired : float
        Vials opened at sessions, lost as the cold chain failed, and left when the lot expired.
    """

    used: float
    spoilt: float
    expired: float

    @property
    def rate(self) -> float:
        """Closed-vial wastage rate; 0 without stock."""
        total = self.used + self.spoilt + self.expired
        return (self.spoilt + self.expired) / total if total > 0 else 0.0


def closed_vials(
    vials: int, sizes: np.ndarray, doses: int, *, sessions: int, failure: float = 0.0, threshold: int = 1
) -> Stock:
    """Expected losses of a lot that a site keeps until it expires, exact.

    Before each session the cold chain fails with probability `failure`, and then all that is left spoils; at the
    session as many vials are opened as there are people for and vials left (:func:`open_vials`; those turned away do
    not come back). What is left after the last session before the expiry date has expired.

    Parameters
    ----------
    vials : int
        Unopened vials of the lot at the site.
    sizes : array of float, shape (largest + 1,)
        Probability of each session size.
    doses : int
        Doses in a vial.
    sessions : int
        Sessions before the lot expires.
    failure : float
        Probability that the cold chain fails between two sessions.
    threshold : int
        Least number of people for whom a vial is opened.

    Raises
    ------
    WastageError
        Negative stock or sessions, a probability outside 0 to 1, or what :func:`open_vials` refuses.

    Examples
    --------
    >>> closed_vials(3, np.array([0.0, 1.0]), 10, sessions=2)  # one vial a session, the third expires
    Stock(used=2.0, spoilt=0.0, expired=1.0)
    """
    chance = checked_sizes(sizes)
    _check_vial(doses, threshold)
    if vials != int(vials) or vials < 0:
        raise WastageError(f"stock is {vials} vials: give a whole number, at least 0")
    if sessions != int(sessions) or sessions < 0 or not 0 <= failure <= 1:
        raise WastageError(f"sessions {sessions}, failure {failure}: give a whole number and a share from 0 to 1")
    people = np.arange(len(chance))
    need = np.bincount(people // doses + (people % doses >= threshold), weights=chance)
    left = np.arange(vials + 1)
    after = np.maximum(left[:, None] - np.arange(len(need)), 0)
    held = np.zeros(vials + 1)  # probability of each number of vials left
    held[vials] = 1.0
    used = spoilt = 0.0
    for _ in range(sessions):
        spoilt += failure * float(held @ left)
        held *= 1 - failure
        held[0] += failure
        before = float(held @ left)
        held = np.bincount(after.ravel(), weights=(held[:, None] * need).ravel(), minlength=vials + 1)
        used += before - float(held @ left)
    return Stock(used, spoilt, float(held @ left))


def total_rate(open_rate: float, *closed_rates: float) -> float:
    """Wastage rate of open vials and of each step of the way before them together: 1 - (1 - open) (1 - closed) ... .

    >>> round(total_rate(0.25, 0.01, 0.02), 4)
    0.2724
    """
    rates = (open_rate, *closed_rates)
    if any(not 0 <= rate <= 1 for rate in rates):
        raise WastageError(f"wastage rates are {rates}: give shares from 0 to 1")
    return 1.0 - float(np.prod([1 - rate for rate in rates]))


def wastage_factor(rate: float) -> float:
    """Doses to supply for each one given, 1 / (1 - rate).

    >>> wastage_factor(0.5)
    2.0
    """
    if not 0 <= rate < 1:
        raise WastageError(
            f"wastage rate is {rate}: give a share of at least 0 and below 1, for some dose must be given"
        )
    return 1.0 / (1.0 - rate)


# ---- the vial size for each site -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Presentation:
    """A vial that can be bought.

    Attributes
    ----------
    doses : int
        Doses in a vial.
    price : float
        Price of a dose, in one currency.
    volume_cm3 : float
        Packed volume of a dose in the cold chain.
    """

    doses: int
    price: float
    volume_cm3: float = 0.0

    def __post_init__(self) -> None:
        _check_vial(self.doses, 1)
        if not 0 <= self.price < np.inf or not 0 <= self.volume_cm3 < np.inf:
            raise WastageError(
                f"presentation of {self.doses} doses: price {self.price}, volume {self.volume_cm3} cm3: "
                f"give finite numbers, at least 0"
            )


@dataclass(frozen=True)
class Choice:
    """Vial sizes by site, and what they bring in all sessions together.

    Attributes
    ----------
    doses : dict of str to int
        Doses in a vial at each site.
    vaccinated, opened, wasted : float
        People vaccinated, doses opened, doses thrown away.
    cost, volume_cm3 : float
        Price of the opened doses with the cold chain that they take, and their packed volume.
    """

    doses: dict[str, int]
    vaccinated: float
    opened: float
    wasted: float
    cost: float
    volume_cm3: float

    @property
    def rate(self) -> float:
        """Wastage rate of all sites."""
        return self.wasted / self.opened if self.opened > 0 else 0.0


def choose_vials(
    sites: Mapping[str, np.ndarray],
    presentations: Sequence[Presentation],
    *,
    sessions: Mapping[str, float] | None = None,
    aim: str = "cost",
    budget: float | None = None,
    cold_chain_price: float = 0.0,
) -> Choice:
    """Choose the vial size of each site by the sizes of its sessions.

    A vial is opened for anyone, so that every choice vaccinates the same people.

    Parameters
    ----------
    sites : mapping of str to array of float, shape (largest + 1,)
        Probability of each session size, by site.
    presentations : sequence of Presentation
        What can be bought.
    sessions : mapping of str to float, optional
        Sessions held at each site; 1 by default.
    aim : {'cost', 'waste'}
        Least cost, or least waste (of equal ones the cheaper).
    budget : float, optional
        With aim 'waste', most that all sites may cost. Sites change to the vial that saves most waste for the money, in
        that order, as far as the budget goes: least waste for what is spent, and at most one site's step from the best.
    cold_chain_price : float
        Price of a cm3 in the cold chain.

    Raises
    ------
    WastageError
        Sizes that are no distribution, a site without sessions, no presentation, an aim that is none, a budget below
        the least cost.
    """
    if aim not in AIMS:
        raise WastageError(f"aim is {aim!r}: it is one of {', '.join(AIMS)}")
    if not presentations:
        raise WastageError("no presentation to choose from: give at least one")
    held = _checked_sessions(sites, sessions)
    table = [
        [_bill(sizes, p, held[site], cold_chain_price, site) for p in presentations] for site, sizes in sites.items()
    ]
    cost, wasted = (np.array([[getattr(bill, name) for bill in row] for row in table]) for name in ("cost", "wasted"))
    chosen = np.array([min(range(len(row)), key=lambda j, row=row: (row[j].cost, row[j].wasted)) for row in table])
    if aim == "waste":
        least = float(cost[np.arange(len(cost)), chosen].sum())
        if budget is not None and budget < least * (1 - 1e-12):
            raise WastageError(
                f"budget is {budget:g}, but the cheapest vials cost {least:g}: raise it by {least - budget:g}"
            )
        chosen = _least_waste(cost, wasted, chosen, np.inf if budget is None else budget - least)
    return _added(sites, presentations, [row[j] for row, j in zip(table, chosen, strict=True)], chosen)


def one_vial_everywhere(
    sites: Mapping[str, np.ndarray],
    presentation: Presentation,
    *,
    sessions: Mapping[str, float] | None = None,
    cold_chain_price: float = 0.0,
) -> Choice:
    """Return what one vial size everywhere brings; parameters and errors as of :func:`choose_vials`."""
    return choose_vials(sites, [presentation], sessions=sessions, cold_chain_price=cold_chain_price)


def waste_saved(
    sites: Mapping[str, np.ndarray],
    presentations: Sequence[Presentation],
    everywhere: Presentation,
    *,
    sessions: Mapping[str, float] | None = None,
    cold_chain_price: float = 0.0,
) -> tuple[float, Choice, Choice]:
    """Compare a vial size for each site with one everywhere, at equal coverage and for no more money.

    Returns
    -------
    tuple of float, Choice, Choice
        Share of the doses thrown away that is saved; the choice by site; `everywhere` at all sites.
    """
    shared = {"sessions": sessions, "cold_chain_price": cold_chain_price}
    one = one_vial_everywhere(sites, everywhere, **shared)
    by_site = choose_vials(sites, [*presentations, everywhere], aim="waste", budget=one.cost, **shared)
    return (1.0 - by_site.wasted / one.wasted if one.wasted > 0 else 0.0), by_site, one


def _least_waste(cost: np.ndarray, wasted: np.ndarray, chosen: np.ndarray, money: float) -> np.ndarray:
    """Change choices, shape (sites,), by the steepest steps along each site's lower hull, while `money` lasts.

    ``cost`` and ``wasted`` have shape (sites, presentations).
    """
    steps = []
    for site, at in enumerate(chosen):
        while (saved := wasted[site, at] - wasted[site]).max() > 0:
            # the step that saves most for its money leads to the next corner of the hull; nothing is cheaper than `at`
            extra = np.maximum(cost[site] - cost[site, at], 0)
            worth = np.where(saved > 0, saved / np.maximum(extra, 1e-300), -np.inf)
            to = int(np.lexsort((saved, worth))[-1])
            steps.append((-worth[to], site, to, extra[to]))
            at = to
    chosen = chosen.copy()
    stopped: set[int] = set()
    for _, site, to, extra in sorted(steps):
        if site not in stopped and extra <= money:
            chosen[site], money = to, money - extra
        else:
            stopped.add(site)  # later corners of this site build on the one that it could not pay
    return chosen


def _bill(sizes: np.ndarray, vial: Presentation, held: float, cold_chain_price: float, site: str) -> Choice:
    try:
        session = open_vials(sizes, vial.doses)
    except WastageError as error:
        raise WastageError(f"site {site!r}: {error}") from error
    opened = held * session.opened
    cost = opened * (vial.price + vial.volume_cm3 * cold_chain_price)
    return Choice(
        {site: vial.doses}, held * session.vaccinated, opened, held * session.wasted, cost, opened * vial.volume_cm3
    )


def _added(sites, presentations: Sequence[Presentation], bills: Sequence[Choice], chosen: np.ndarray) -> Choice:
    names = ("vaccinated", "opened", "wasted", "cost", "volume_cm3")
    doses = {site: presentations[j].doses for site, j in zip(sites, chosen, strict=True)}
    return Choice(doses, *(float(sum(getattr(bill, name) for bill in bills)) for name in names))


def checked_sizes(sizes: np.ndarray) -> np.ndarray:
    """Return probabilities of session sizes as float, shape (largest + 1,), or raise :class:`WastageError`."""
    chance = np.asarray(sizes, float)
    if chance.ndim != 1 or len(chance) == 0:
        raise WastageError(
            f"session sizes have shape {chance.shape}: give one row, the probability of 0, 1, 2, ... people"
        )
    if (bad := ~(chance >= 0)).any():
        row = int(np.argmax(bad))
        raise WastageError(f"the probability that {row} people come is {chance[row]:g}: give numbers of at least 0")
    if not abs(chance.sum() - 1) < 1e-9:
        raise WastageError(f"probabilities of session sizes sum to {chance.sum():g}: divide them by their sum")
    return chance


def _check_vial(doses: int, threshold: int) -> None:
    if doses != int(doses) or doses < 1:
        raise WastageError(f"a vial has {doses} doses: give a whole number, at least 1")
    if threshold != int(threshold) or not 1 <= threshold <= doses:
        raise WastageError(
            f"threshold is {threshold} people for a vial of {doses}: give a whole number from 1 (open for anyone) "
            f"to {doses} (open full vials only)"
        )


def _checked_sessions(sites: Mapping[str, np.ndarray], sessions: Mapping[str, float] | None) -> Mapping[str, float]:
    if not sites:
        raise WastageError("no site: give at least one")
    if sessions is None:
        return dict.fromkeys(sites, 1.0)
    if missing := sorted(set(sites) - set(sessions)):
        raise WastageError(f"site {missing[0]!r} has no number of sessions: add it, or leave the site out")
    for site in sites:
        if not 0 <= sessions[site] < np.inf:
            raise WastageError(f"site {site!r} holds {sessions[site]} sessions: give a finite number, at least 0")
    return sessions
