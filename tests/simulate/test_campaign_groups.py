"""A model's groups of age and risk from tables: people, contacts and fatality are those of the nation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops.data.campaign_rules import load_rules
from healthops.data.disease import group_fatality, infection_fatality
from healthops.simulate.campaign_groups import before_the_campaign, epidemic_of, mean_vaccine, model_groups
from healthops.simulate.contacts import r0
from healthops.simulate.epidemic import EpidemicError

RULES = load_rules()
LOWS = np.arange(0, 80, 5)
AGES = pd.DataFrame({"age_low": range(90), "age_high": range(90), "population": np.linspace(900, 100, 90)})


@pytest.fixture(scope="module")
def groups():
    return model_groups(AGES)


@pytest.fixture(scope="module")
def matrices():
    rng = np.random.default_rng(1)
    low, other = (a.ravel() for a in np.meshgrid(LOWS, LOWS, indexing="ij"))
    return pd.DataFrame(
        {"edition": "prem_2021", "setting": "all", "age_low": low, "contact_age_low": other,
         "contacts_per_day": rng.uniform(0.2, 3, len(low))}
    )  # fmt: skip


def test_groups_hold_everybody_once(groups):
    assert groups.member.sum(axis=0) == pytest.approx(np.ones(100)) and len(groups.names) == 8
    assert groups.shares.sum(axis=1) == pytest.approx(1)
    people = groups.member @ groups.people
    inside = people - groups.outside * (people.sum() - AGES["population"][:5].sum())
    # Outside of all priority groups are the children of 0 to 4 alone.
    assert groups.outside[1:] == pytest.approx(0, abs=1e-9) and inside[0] == pytest.approx(0, abs=1e-6)


def test_fatality_is_that_of_the_ages_and_of_the_priority_groups(groups):
    fatality = groups.fatality(RULES)
    people = groups.member @ groups.people
    by_age = infection_fatality(np.arange(100) + 0.5, RULES)
    assert (fatality * people).sum() == pytest.approx((by_age * groups.people).sum())
    names = list(groups.names)
    ratio = fatality[names.index("40 to 59, at risk")] / fatality[names.index("40 to 59")]
    assert ratio == pytest.approx(RULES("disease", "fatality_at_risk"))
    of_groups = group_fatality(AGES, RULES)
    spread = pd.Series(groups.shares @ fatality, index=groups.priority)
    # Within a band the ages of a priority group may differ from the band's: health workers and adults do not.
    assert spread["adults_at_risk"] == pytest.approx(of_groups["adults_at_risk"], rel=1e-6)
    assert spread["adults"] == pytest.approx(of_groups["adults"], rel=1e-6)


def test_the_epidemic_has_the_r0_that_is_asked_for(groups, matrices):
    vaccine = mean_vaccine(RULES, pd.Series({"Andivac": 3.0, "Kantuvac": 1.0}))
    assert vaccine.against_infection[1] == pytest.approx((3 * 0.9 + 0.8) / 4)
    population = np.outer([2e5, 1e5], groups.shares.sum(axis=0) / 4)
    more = {"places": ("a", "b"), "population": population, "latitude": np.array([0.0, 1.0]),
            "longitude": np.zeros(2), "vaccine": vaccine, "away": 0.1}  # fmt: skip
    made = epidemic_of(groups, matrices, RULES, r0=3.0, **more)
    found = r0(made.contacts, transmission=float(made.transmission), infectious_days=made.infectious_days,
               population=made.population, mixing=made.mixing)  # fmt: skip
    assert found == pytest.approx(3.0 * (1 - RULES("disease", "distancing")))
    # Balanced: as many contacts one way as the other, in the nation.
    total = made.contacts * (groups.member @ groups.people)[:, None]
    assert total == pytest.approx(total.T)
    begin = before_the_campaign(made, RULES, infected=np.array([2.0, 0.0]))
    assert begin["infected"][1].sum() == 0
    assert begin["infected"][0].sum() == pytest.approx(20 * made.population[0].sum() / 1e4, abs=8)
    assert begin["recovered"].sum() == pytest.approx(0.25 * made.population.sum(), abs=16)


def test_what_is_missing_is_named(groups, matrices):
    with pytest.raises(EpidemicError, match="no setting 'all'"):
        groups.contacts(matrices.assign(setting="home"))
    with pytest.raises(EpidemicError, match="no product has doses"):
        mean_vaccine(RULES, pd.Series({"Andivac": 0.0}))
