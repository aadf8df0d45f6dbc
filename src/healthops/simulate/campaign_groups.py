"""An epidemic model of a country's regions and ages from the workspace's tables.

Groups of the model are age bands; those of 18 to 59 come twice, with and without a condition that raises the risk, so
that a dose for adults at risk protects adults at risk. Both have the contacts of their age.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.disease import AT_RISK, infection_fatality
from healthops.data.priority_groups import load_groups, membership, single_years, within
from healthops.simulate.contacts import between_bands, near_mixing, reciprocal, transmission_for
from healthops.simulate.epidemic import Epidemic, EpidemicError, Vaccine

if TYPE_CHECKING:
    import pandas as pd

    from healthops.data.campaign_rules import Rules

#: Age bands of the model: completed years, both ends within; None: no upper end.
BANDS = ((0, 4), (5, 17), (18, 39), (40, 59), (60, 74), (75, None))
#: Contact matrix that is used: all settings of the newest edition.
SETTING = "all"


@dataclass(frozen=True)
class ModelGroups:
    """The groups of the model.

    Attributes
    ----------
    names : tuple of str
        Of the A groups.
    member : array of float, shape (A, 100)
        Share of the people of each single year of age who are in each group; columns sum to 1.
    people : array of float, shape (100,)
        The nation's, by single year of age.
    priority : tuple of str
        Names of the G priority groups.
    shares : array of float, shape (G, A)
        Part of each priority group that is in each group of the model; rows sum to 1.
    outside : array of float, shape (A,)
        People of each group who are in no priority group, for each person in one.
    """

    names: tuple[str, ...]
    member: np.ndarray
    people: np.ndarray
    priority: tuple[str, ...]
    shares: np.ndarray
    outside: np.ndarray

    def fatality(self, rules: Rules) -> np.ndarray:
        """Share of the infections of each group that kill, shape (A,); each age keeps its mean."""
        at_risk = np.array([name.endswith("at risk") for name in self.names])
        times = np.where(at_risk, rules("disease", "fatality_at_risk"), 1.0)
        by_age = infection_fatality(np.arange(len(self.people)) + 0.5, rules) / (times @ self.member)
        weight = self.member * self.people
        return np.minimum(times * (weight @ by_age) / weight.sum(axis=1), 1.0)

    def contacts(self, matrices: pd.DataFrame) -> np.ndarray:
        """Contacts a day between the groups, balanced; shape (A, A).

        Raises
        ------
        EpidemicError
            If table ``contact_matrices`` has no setting ``all``.
        """
        chosen = matrices[matrices["setting"] == SETTING]
        if len(chosen) == 0:
            raise EpidemicError(f"contact_matrices has no setting {SETTING!r}: add its rows")
        chosen = chosen[chosen["edition"] == max(chosen["edition"])]
        wide = chosen.pivot(index="age_low", columns="contact_age_low", values="contacts_per_day")
        lows = wide.index.to_numpy(int)
        bands = [(int(low), int(high)) for low, high in zip(lows, [*(lows[1:] - 1), 99], strict=True)]
        old = (within(bands) > 0).astype(float)
        new = between_bands(wide.to_numpy(float), old, self.member, self.people)
        return reciprocal(new, self.member @ self.people, groups=self.names)


def model_groups(ages: pd.DataFrame) -> ModelGroups:
    """Choose the groups of the model.

    Parameters
    ----------
    ages : DataFrame
        Table ``age_distribution``.
    """
    people = single_years(ages)
    groups = load_groups()
    belongs = membership(groups)
    priority = tuple(group.name for group in groups)
    risk = belongs[priority.index(AT_RISK)]
    names, rows, of_risk = [], [], []
    for low, high in BANDS:
        years = np.arange(len(people))
        inside = (years >= low) & (years <= (np.inf if high is None else high))
        name = f"{low} and older" if high is None else f"{low} to {high}"
        for mark, part in (("", 1 - risk), (", at risk", risk)):
            if (inside * part * people).sum() > 0:
                names.append(name + mark)
                rows.append(inside * part)
                of_risk.append(bool(mark))
    member = np.array(rows)
    inside = np.array([
        [(belongs[g] * people * (row > 0)).sum() if mark == (name == AT_RISK) else 0.0
         for row, mark in zip(member, of_risk, strict=True)]
        for g, name in enumerate(priority)
    ])  # fmt: skip
    outside = np.maximum(member @ people - inside.sum(axis=0), 0.0) / inside.sum()
    shares = inside / inside.sum(axis=1, keepdims=True)
    return ModelGroups(tuple(names), member, people, priority, shares, outside)


def mean_vaccine(rules: Rules, doses: pd.Series, **more: object) -> Vaccine:
    """One vaccine for the products of a campaign: their efficacies, weighted by doses.

    Parameters
    ----------
    rules : Rules
    doses : Series
        Doses of each product, by its name.
    more
        As of :class:`.epidemic.Vaccine`.
    """
    from healthops.data.disease import product_efficacy

    if not doses.sum() > 0:
        raise EpidemicError("no product has doses: give at least one")
    pair = {
        what: tuple(np.average([product_efficacy(rules, p, what) for p in doses.index], axis=0, weights=doses))
        for what in ("infection", "death")
    }
    return Vaccine(pair["infection"], pair["death"], **more)


def epidemic_of(
    groups: ModelGroups,
    matrices: pd.DataFrame,
    rules: Rules,
    *,
    places: tuple[str, ...],
    population: np.ndarray,
    latitude: np.ndarray,
    longitude: np.ndarray,
    vaccine: Vaccine,
    away: float,
    r0: float | None = None,
    season: np.ndarray | None = None,
) -> Epidemic:
    """Put the model together.

    Parameters
    ----------
    groups : ModelGroups
        A of them.
    matrices : DataFrame
        Table ``contact_matrices``.
    population : array of float, shape (R, A)
        People of the priority groups by place and group of the model; those who are in none are added.
    latitude, longitude : array of float, shape (R,)
        Degrees.
    away : float
        Share of the day that people spend in the nearest other places.
    r0 : float, optional
        Basic reproduction number without distancing; that of the rules by default. Contacts that people avoid are off
        the transmission, as ``distancing`` of the rules says.
    season : array of float, shape (days,), optional
        Factor on transmission by day.
    """
    people = np.asarray(population, float)
    people = np.round(people + people.sum(axis=1, keepdims=True) * groups.outside).astype(np.int64)
    contacts = groups.contacts(matrices)
    mixing = near_mixing(latitude, longitude, people.sum(axis=1), away=away)
    days = rules("disease", "infectious_days")
    wanted = (rules("disease", "r0") if r0 is None else r0) * (1 - rules("disease", "distancing"))
    return Epidemic(
        places=places,
        groups=groups.names,
        population=people,
        contacts=contacts,
        transmission=transmission_for(wanted, contacts, infectious_days=days, population=people, mixing=mixing),
        latent_days=rules("disease", "latent_days"),
        infectious_days=days,
        fatality=groups.fatality(rules),
        mixing=mixing,
        season=season,
        vaccine=vaccine,
    )


def before_the_campaign(
    epidemic: Epidemic, rules: Rules, *, infected: np.ndarray | float = 1.0
) -> dict[str, np.ndarray]:
    """Infected and recovered people on the evening before, shape (R, A) each, for :func:`.epidemic.start`.

    Parameters
    ----------
    infected : array of float, shape (R,), or float
        Factor on ``infected_per_10000`` of the rules, by place.
    """
    factor = np.broadcast_to(np.asarray(infected, float), (len(epidemic.places),))[:, None]
    ill = np.round(epidemic.population * rules("disease", "infected_per_10000") / 1e4 * factor).astype(np.int64)
    immune = np.round(epidemic.population * rules("disease", "recovered_share")).astype(np.int64)
    ill = np.minimum(ill, epidemic.population)
    return {"infected": ill, "recovered": np.minimum(immune, epidemic.population - ill)}
