"""Fatality by age against published values, and of groups against a sum over people."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops.data.campaign_rules import assumptions_table, load_rules, rules_from_table
from healthops.data.disease import group_fatality, infection_fatality, product_efficacy
from healthops.data.priority_groups import load_groups, membership

RULES = load_rules()


def test_infection_fatality_is_as_published() -> None:
    """The abstract of Levin et al. (2020) gives these, in %, rounded."""
    published = {25: 0.01, 55: 0.4, 65: 1.4, 75: 4.6, 85: 15.0}
    found = 100 * infection_fatality(np.array(list(published)), RULES)
    np.testing.assert_allclose(found, list(published.values()), rtol=0.2)
    assert infection_fatality(np.array([120]), RULES) <= 1


def test_group_fatality_is_the_mean_over_its_people() -> None:
    ages = pd.DataFrame(
        {"age_low": [0, 20, 60, 80], "age_high": [19, 59, 79, np.nan], "population": [400.0, 800.0, 90.0, 10.0]}
    )
    found = group_fatality(ages, RULES)
    assert found["adults_at_risk"] > 1.9 * found["adults"]
    assert found["children"] < found["adults"] < found["older_and_health_workers"]
    # Deaths if everyone were infected are those of the ages, however the groups share them.
    from healthops.data.priority_groups import single_years

    people = single_years(ages)
    member = membership(load_groups())
    everyone = infection_fatality(np.arange(len(people)) + 0.5, RULES)
    in_full_groups = np.isclose(member.sum(axis=0), 1)
    deaths = (found.to_numpy() * (member * people).sum(axis=1)).sum()
    assert deaths == pytest.approx((everyone * people)[in_full_groups].sum(), rel=1e-9)


def test_rules_come_back_from_their_table() -> None:
    again = rules_from_table(assumptions_table(RULES))
    assert again("disease", "r0") == RULES("disease", "r0")
    assert product_efficacy(again, "Tozinamerán", "death") == product_efficacy(RULES, "Tozinamerán", "death")


def test_every_product_protects_more_against_death_and_after_the_course() -> None:
    for product in RULES.products:
        infection, death = (product_efficacy(RULES, product, what) for what in ("infection", "death"))
        assert 0 < infection[0] <= infection[1] <= death[1] <= 1
        assert infection[0] <= death[0] <= death[1]
