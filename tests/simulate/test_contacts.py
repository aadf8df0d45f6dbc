"""Contacts, mixing and R0 against direct sums and the definition of the next-generation matrix."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from healthops.simulate import contacts
from healthops.simulate.contacts import ContactError, asymmetry, r0, reciprocal, transmission_for

CONTACTS = np.array([[8.0, 3.0, 1.0], [2.5, 6.0, 1.5], [1.0, 2.0, 2.0]])
PEOPLE = np.array([[900, 1400, 300], [200, 500, 250]])
MIXING = np.array([[0.9, 0.1], [0.3, 0.7]])


def test_reciprocal_counts_every_contact_from_both_sides_and_keeps_their_number():
    people = PEOPLE.sum(axis=0)
    total = reciprocal(CONTACTS, people) * people[:, None]
    np.testing.assert_allclose(total, total.T, rtol=1e-14)
    assert total.sum() == pytest.approx((CONTACTS * people[:, None]).sum(), rel=1e-14)
    np.testing.assert_allclose(reciprocal(total / people[:, None], people) * people[:, None], total, rtol=1e-14)


def test_prem_2021_of_peru_is_not_reciprocal_until_balanced(mirror: Path):
    folder = next(mirror.glob("epistorm/epydemix-data/*/data/Peru"))
    matrix = np.loadtxt(folder / "contact_matrices" / "prem_2021" / "contacts_matrix_all.csv", delimiter=",")
    ages = np.loadtxt(folder / "demographic" / "age_distribution.csv", delimiter=",", skiprows=1, usecols=1)
    people = np.add.reduceat(ages, np.arange(0, 80, 5))  # 5-year groups, 75 and over together
    assert matrix.shape == (16, 16)
    assert asymmetry(matrix, people) > 0.05
    assert asymmetry(reciprocal(matrix, people), people) < 1e-12


def next_generation(population: np.ndarray, mixing: np.ndarray) -> np.ndarray:
    """Person by person: infections of (r, a) by one of (s, b), with transmission 0.05 for 4 days."""
    places, groups = population.shape
    matrix = np.zeros((places, groups, places, groups))
    for r, a, s, b in np.ndindex(matrix.shape):
        for k in range(places):
            present = sum(mixing[q, k] * population[q, b] for q in range(places))
            matrix[r, a, s, b] += population[r, a] * mixing[r, k] * CONTACTS[a, b] * mixing[s, k] / present
    return 0.05 * 4 * matrix.reshape(places * groups, -1)


@pytest.mark.parametrize("dense", [400, 0])
def test_r0_is_the_largest_eigenvalue_of_the_next_generation_matrix(dense: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(contacts, "DENSE_GROUPS", dense)
    expected = np.abs(np.linalg.eigvals(next_generation(PEOPLE, MIXING))).max()
    found = r0(CONTACTS, transmission=0.05, infectious_days=4, population=PEOPLE, mixing=MIXING)
    assert found == pytest.approx(expected, rel=1e-10)


def test_r0_of_one_place_does_not_depend_on_its_people():
    alone = r0(CONTACTS, transmission=0.05, infectious_days=4)
    assert alone == pytest.approx(r0(CONTACTS, transmission=0.05, infectious_days=4, population=PEOPLE[:1]), rel=1e-12)


def test_transmission_gives_the_wanted_r0():
    shape = {"population": PEOPLE, "mixing": MIXING}
    transmission = transmission_for(1.7, CONTACTS, infectious_days=5, **shape)
    assert r0(CONTACTS, transmission=transmission, infectious_days=5, **shape) == pytest.approx(1.7, rel=1e-12)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: reciprocal(CONTACTS[:2], PEOPLE[0]), r"shape \(2, 3\), but there are 3 groups.*merge the groups"),
        (lambda: reciprocal(CONTACTS, PEOPLE[0][:2]), r"shape \(3, 3\), but there are 2 groups"),
        (lambda: reciprocal(CONTACTS - 2, PEOPLE[0]), r"group 0 with group 2 are -1"),
        (
            lambda: reciprocal(CONTACTS * np.nan, PEOPLE[0], groups=("young", "old", "oldest")),
            r"'young' \(row 0\) with group 'young'.*nan.*finite",
        ),
        (lambda: reciprocal(CONTACTS, np.array([5, 0, 5])), r"group 1 has population 0: merge it"),
        (
            lambda: r0(CONTACTS, transmission=1, infectious_days=1, population=PEOPLE, mixing=MIXING[:1]),
            r"mixing has shape \(1, 2\), but there are 2 places",
        ),
        (
            lambda: r0(CONTACTS, transmission=1, infectious_days=1, population=PEOPLE, mixing=MIXING * [[1], [2]]),
            r"mixing of place 1 .* sums to 2: .*divide the row",
        ),
        (lambda: transmission_for(2, np.zeros((2, 2)), infectious_days=3), "nobody meets anybody"),
    ],
)
def test_bad_input_names_the_row_and_the_remedy(wrong, message: str):
    with pytest.raises(ContactError, match=message):
        wrong()
