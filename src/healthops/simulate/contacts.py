"""Who meets whom: reciprocal contact matrices, mixing of places, and R0 by the next-generation matrix.

``contacts[a, b]`` is the mean number of persons of group b whom one person of group a meets in a day. ``mixing[r, k]``
is the share of the day that a resident of place r spends in place k; every row sums to 1. Who is in place k meets who
is there, wherever they live: with ``present[k, b] = sum_r mixing[r, k] population[r, b]``, one person of group a and
place r meets each person of group b and place s ``sum_k mixing[r, k] contacts[a, b] mixing[s, k] / present[k, b]``
times a day.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: Up to this many groups and places together, R0 comes from all eigenvalues; above, from Arnoldi's iteration.
DENSE_GROUPS = 400


class ContactError(ValueError):
    """Contacts, mixing or population do not fit; the message names the row and the remedy."""


def reciprocal(contacts: np.ndarray, population: np.ndarray, *, groups: Sequence[str] | None = None) -> np.ndarray:
    """Balance a contact matrix: as many contacts of group a with group b as of b with a.

    Surveys and projections (Prem et al. 2021) do not fulfil this for another population than their own. The two
    counts are replaced by their mean, which keeps the total number of contacts (Wallinga, Teunis & Kretzschmar 2006,
    Am. J. Epidemiol. 164, 936-944; Arregui et al. 2018, PLoS Comput. Biol. 14, e1006638).

    Parameters
    ----------
    contacts : array of float, shape (A, A)
        Contacts of one person of the row's group with persons of the column's group, a day.
    population : array of float, shape (A,)
        Persons by group.
    groups : sequence of str, optional
        Names of the groups, for messages.

    Returns
    -------
    array of float, shape (A, A)
        ``(contacts[a, b] population[a] + contacts[b, a] population[b]) / (2 population[a])``.

    Raises
    ------
    ContactError
        A matrix that is not square, of the wrong size, negative or not finite; a group without people.

    Examples
    --------
    >>> reciprocal(np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([100.0, 300.0]))
    array([[2.        , 2.        ],
           [0.66666667, 3.        ]])
    """
    people = np.asarray(population, float)
    matrix = checked_contacts(contacts, len(people), groups=groups)
    if (bad := ~(people > 0) | ~np.isfinite(people)).any():
        where = _named(int(np.argmax(bad)), groups, "group")
        raise ContactError(
            f"{where} has population {people[bad][0]:g}: merge it with its neighbour, row and column too"
        )
    total = matrix * people[:, None]
    return (total + total.T) / 2 / people[:, None]


def between_bands(contacts: np.ndarray, old: np.ndarray, new: np.ndarray, people: np.ndarray) -> np.ndarray:
    """Contacts between age bands, from those between other age bands.

    People of one age are taken to have the contacts of their band, and to be met as often as others of it.

    Parameters
    ----------
    contacts : array of float, shape (A, A)
        Contacts of one person of the row's band with persons of the column's band, a day.
    old, new : array of float, shape (A, Y) and (B, Y)
        Share of the people of each of Y single years of age who are in each old band, each in one, and in each new one:
        new bands may overlap, as groups of one age with and without a risk.
    people : array of float, shape (Y,)
        Persons by single year of age.

    Returns
    -------
    array of float, shape (B, B)

    Raises
    ------
    ContactError
        If an age with people is in no old band, or a new band has nobody.

    Examples
    --------
    >>> one_band = np.array([[1.0, 1.0]])
    >>> between_bands(np.array([[6.0]]), one_band, np.eye(2), np.array([200.0, 100.0]))
    array([[4., 2.],
           [4., 2.]])
    """
    matrix = checked_contacts(contacts, len(old))
    if (bad := (people > 0) & ~np.isclose(np.sum(old, axis=0), 1)).any():
        raise ContactError(f"age {int(np.argmax(bad))} is not in one old band: give bands that hold each age once")
    inside = np.asarray(new, float) * people
    total = inside.sum(axis=1)
    if (bad := ~(total > 0)).any():
        raise ContactError(f"new band {int(np.argmax(bad))} has nobody: leave it out or widen it")
    # Persons by old and new band: who meets, and of those whom an old band is met, who.
    both = inside @ np.asarray(old, float).T
    of_old = np.asarray(old, float) @ people
    met = np.divide(both, of_old, out=np.zeros_like(both), where=of_old > 0)
    return (both / total[:, None]) @ matrix @ met.T


def near_mixing(
    latitude: np.ndarray, longitude: np.ndarray, people: np.ndarray, *, away: float, neighbours: int = 4
) -> np.ndarray:
    """Mixing of places that lie near one another: `away` of the day in the nearest ones, more in large and near ones.

    A gravity model, cut off: the time in a place grows with its people and falls with the square of the distance.

    Parameters
    ----------
    latitude, longitude : array of float, shape (R,)
        Degrees.
    people : array of float, shape (R,)
        Persons.
    away : float
        Share of the day spent in other places, from 0 to below 1.
    neighbours : int
        How many of them, at most.

    Returns
    -------
    array of float, shape (R, R)
        Rows sum to 1.
    """
    if not 0 <= away < 1:
        raise ContactError(f"away is {away:g}: give the share of the day spent in other places, below 1")
    size, reach = len(people), min(neighbours, len(people) - 1)
    if reach < 1:
        return np.eye(size)
    phi, lam = np.radians(latitude), np.radians(longitude)
    half = np.sin((phi[:, None] - phi) / 2) ** 2 + np.cos(phi[:, None]) * np.cos(phi) * (
        np.sin((lam[:, None] - lam) / 2) ** 2
    )
    if np.isnan(half).any():
        raise ContactError(f"place {int(np.argmax(np.isnan(half).any(axis=1)))} has no coordinates: give them")
    distance = 2 * 6371.0 * np.arcsin(np.sqrt(half))
    np.fill_diagonal(distance, np.inf)
    near = np.argsort(distance, axis=1, kind="stable")[:, :reach]
    rows = np.arange(size)[:, None]
    # Two places at one point are as near as a town is wide.
    pull = np.asarray(people, float)[near] / np.maximum(distance[rows, near], 10.0) ** 2
    out = np.eye(size) * (1 - away)
    out[rows, near] = away * pull / pull.sum(axis=1, keepdims=True)
    return out


def asymmetry(contacts: np.ndarray, population: np.ndarray) -> float:
    """Return how far contacts, shape (A, A), are from reciprocal: share of all contacts that only one side reports.

    >>> round(asymmetry(np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([100.0, 300.0])), 4)  # 300 against 100, of 1500
    0.1333
    """
    people = np.asarray(population, float)
    total = checked_contacts(contacts, len(people)) * people[:, None]
    return float(np.abs(total - total.T).sum() / 2 / total.sum())


def r0(
    contacts: np.ndarray,
    *,
    transmission: float,
    infectious_days: float,
    population: np.ndarray | None = None,
    mixing: np.ndarray | None = None,
) -> float:
    """Basic reproduction number: the largest eigenvalue of the next-generation matrix.

    Entry (i, j) of that matrix is the number of infections in group i that one infectious person of group j causes
    while everyone else is susceptible (Diekmann, Heesterbeek & Roberts 2010, J. R. Soc. Interface 7, 873-885).

    Parameters
    ----------
    contacts : array of float, shape (A, A)
        Contacts a day.
    transmission : float
        Probability that a contact with an infectious person infects.
    infectious_days : float
        Mean days for which a person infects.
    population : array of float, shape (R, A), optional
        Persons by place and group. Without it: one place, for which they do not matter.
    mixing : array of float, shape (R, R), optional
        Shares of the day by place; without it everyone stays at home.

    Raises
    ------
    ContactError
        Contacts or mixing of the wrong size, negative or not finite; a row of mixing that does not sum to 1.

    Examples
    --------
    >>> round(r0(np.full((2, 2), 5.0), transmission=0.05, infectious_days=4.0), 12)  # 10 contacts x 0.05 x 4 days
    2.0
    """
    matrix = checked_contacts(contacts, len(contacts))
    scale = transmission * infectious_days
    if population is None:
        return scale * float(np.abs(np.linalg.eigvals(matrix)).max())
    people = np.atleast_2d(np.asarray(population, float))
    share = checked_mixing(mixing, len(people))
    meet = 1 / np.where((present := share.T @ people) > 0, present, np.inf)

    def next_generation(infectious: np.ndarray) -> np.ndarray:
        there = share.T @ infectious.reshape(people.shape) * meet
        return (people * (share @ there @ matrix.T)).ravel()

    return scale * _largest_eigenvalue(next_generation, people.size)


def transmission_for(
    wanted: float,
    contacts: np.ndarray,
    *,
    infectious_days: float,
    population: np.ndarray | None = None,
    mixing: np.ndarray | None = None,
) -> float:
    """Return the probability of transmission a contact that gives R0 = `wanted`; same parameters as :func:`r0`.

    >>> round(transmission_for(2.0, np.full((2, 2), 5.0), infectious_days=4.0), 12)
    0.05
    """
    one = r0(contacts, transmission=1.0, infectious_days=infectious_days, population=population, mixing=mixing)
    if not one > 0:
        raise ContactError("nobody meets anybody: every contact is 0, so no transmission gives an R0")
    return wanted / one


def checked_contacts(contacts: np.ndarray, size: int, *, groups: Sequence[str] | None = None) -> np.ndarray:
    """Return contacts as float, shape (size, size), or raise :class:`ContactError` naming the row."""
    matrix = np.asarray(contacts, float)
    if matrix.shape != (size, size):
        raise ContactError(
            f"contacts have shape {matrix.shape}, but there are {size} groups: "
            f"give one row and one column for each group, or merge the groups of the population to fit"
        )
    if (bad := ~(matrix >= 0) | ~np.isfinite(matrix)).any():
        row, column = (int(i) for i in np.argwhere(bad)[0])
        raise ContactError(
            f"contacts of {_named(row, groups, 'group')} with {_named(column, groups, 'group')} are "
            f"{matrix[row, column]:g}: contacts a day must be finite and at least 0"
        )
    return matrix


def checked_mixing(mixing: np.ndarray | None, size: int, *, places: Sequence[str] | None = None) -> np.ndarray:
    """Return mixing as float, shape (size, size), the identity for None, or raise :class:`ContactError`."""
    share = np.eye(size) if mixing is None else np.asarray(mixing, float)
    if share.shape != (size, size):
        raise ContactError(f"mixing has shape {share.shape}, but there are {size} places: give one row for each place")
    bad = (~(share >= 0)).any(axis=1) | ~(np.abs(share.sum(axis=1) - 1) < 1e-9)
    if bad.any():
        row = int(np.argmax(bad))
        raise ContactError(
            f"mixing of {_named(row, places, 'place')} has lowest entry {share[row].min():g} and sums to "
            f"{share[row].sum():g}: shares of a day are at least 0 and sum to 1; divide the row by its sum"
        )
    return share


def _named(index: int, names: Sequence[str] | None, kind: str) -> str:
    return f"{kind} {index}" if names is None else f"{kind} {names[index]!r} (row {index})"


def _largest_eigenvalue(product, size: int) -> float:
    """Largest modulus of the eigenvalues of a nonnegative linear map, given as a function of a vector."""
    if size <= DENSE_GROUPS:
        matrix = np.column_stack([product(column) for column in np.eye(size)])
        return float(np.abs(np.linalg.eigvals(matrix)).max())
    from scipy.sparse.linalg import LinearOperator, eigs

    operator = LinearOperator((size, size), matvec=product, dtype=float)
    # a fixed start: ARPACK's own is random, and the last digits would differ from run to run
    return float(np.abs(eigs(operator, k=1, which="LM", v0=np.ones(size), return_eigenvectors=False))[0])
