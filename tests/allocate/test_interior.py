from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

from healthops.allocate.interior import Kind, Leaf, NotSolved, Program, restart, solve

D, M, N, K, L = 7, 3, 6, 2, 4


def random_program(seed: int, **changes) -> Program:
    """Seven places of two kinds in three leaves; a point inside is drawn first, so that there is a solution."""
    rng = np.random.default_rng(seed)
    slices = (slice(0, 4), slice(4, 7))
    kinds = tuple(
        Kind(s, np.c_[rng.uniform(0, 1, (M, N)), np.eye(M)], np.c_[rng.uniform(0, 1, (K, N)), np.zeros((K, M))])
        for s in slices
    )
    leaves = (
        Leaf(slice(0, 2), np.array([0, 2]), np.array([[1.0, 0.0], [0.5, 1.0]])),
        Leaf(slice(2, 4), np.array([1, 2]), np.array([[1.0, 1.0], [0.0, 1.0]])),
        Leaf(slice(4, 7), np.array([0, 1, 3]), rng.uniform(0, 1, (3, K))),
    )
    weight = rng.uniform(0.5, 2, D)
    inside = rng.uniform(0.2, 1, (D, N + M))
    upper = np.where(rng.random((D, N + M)) < 0.3, 1.5, np.inf)
    extra = np.concatenate([rng.normal(size=(D, 1, N)), np.zeros((D, 1, M))], axis=2)
    link = np.c_[np.eye(L), rng.uniform(0, 1, (L, 2))]
    v = rng.uniform(0.2, 1, L + 2)
    rhs = np.concatenate([inside[k.places] @ k.rows.T for k in kinds])
    shared = link @ v
    for leaf in leaves:
        kind = kinds[0] if leaf.places.stop <= 4 else kinds[1]
        shared[leaf.touched] += leaf.share @ kind.use @ (weight[leaf.places] @ inside[leaf.places])
    shared[3] += (extra[:, 0] * inside).sum()
    given = dict(
        kinds=kinds, leaves=leaves, cost=rng.normal(size=(D, N + M)) + 0.5, upper=upper, rhs=rhs, weight=weight,
        link=csr_matrix(link), link_cost=rng.uniform(0, 1, L + 2), link_rhs=shared, reach=np.full((D, N + M), 50.0),
        link_reach=np.full(L + 2, 50.0), extra=extra, extra_rows=np.array([3]),
    )  # fmt: skip
    return Program(**(given | changes))


def as_one_matrix(p: Program):
    """The program for SciPy: variables of all places, then the shared ones, then theta."""
    d, n = p.cost.shape
    m, v = p.rhs.shape[1], p.link.shape[1]
    theta = p.column is not None
    a = np.zeros((d * m + len(p.link_rhs), d * n + v + theta))
    for i in range(d):
        kind = next(k for k in p.kinds if k.places.start <= i < k.places.stop)
        leaf = next(j for j in p.leaves if j.places.start <= i < j.places.stop)
        a[i * m : (i + 1) * m, i * n : (i + 1) * n] = kind.rows
        a[d * m + leaf.touched, i * n : (i + 1) * n] += p.weight[i] * leaf.share @ kind.use
        a[d * m + p.extra_rows, i * n : (i + 1) * n] += p.extra[i]
        if theta:
            a[i * m : (i + 1) * m, -1] = p.column[i]
    a[d * m :, d * n : d * n + v] = p.link.toarray()
    cost = np.concatenate([p.cost.ravel(), p.link_cost, [p.column_cost] if theta else []])
    bounds = [(0, None if np.isinf(u) else u) for u in p.upper.ravel()] + [(0, None)] * (v + theta)
    return linprog(cost, A_eq=a, b_eq=np.concatenate([p.rhs.ravel(), p.link_rhs]), bounds=bounds)


@pytest.mark.parametrize("seed", range(12))
def test_agrees_with_highs(seed):
    program = random_program(seed)
    found, other = solve(program), as_one_matrix(program)
    assert found.value == pytest.approx(other.fun, rel=1e-6, abs=1e-6)
    assert found.bound <= other.fun + 1e-9 * (1 + abs(other.fun))
    assert found.residual < 1e-9
    assert (found.x >= 0).all() and (found.x <= program.upper).all() and (found.v >= 0).all()


@pytest.mark.parametrize("seed", range(4))
def test_a_variable_of_all_places_agrees_with_highs(seed):
    rng = np.random.default_rng(seed)
    program = random_program(
        seed, column=rng.uniform(0, 1, (D, M)), column_cost=-30.0, cost=np.abs(rng.normal(size=(D, N + M)))
    )
    assert solve(program).value == pytest.approx(as_one_matrix(program).fun, rel=1e-6, abs=1e-6)


def test_fixed_variables_stay_at_zero():
    program = random_program(1)
    upper = program.upper.copy()
    upper[2, 1] = upper[5, 0] = 0.0
    program = random_program(1, upper=upper)
    found, other = solve(program), as_one_matrix(program)
    assert other.status == 0
    assert found.x[2, 1] == found.x[5, 0] == 0.0
    assert found.value == pytest.approx(other.fun, rel=1e-6)


def test_rows_that_cannot_be_met_are_proved_so():
    program = random_program(3)
    impossible = program.rhs.copy()
    impossible[0] = -1.0
    with pytest.raises(NotSolved):
        solve(random_program(3, rhs=impossible))


def test_an_earlier_point_is_a_start():
    program = random_program(5)
    first = solve(program)
    near = random_program(5, link_rhs=program.link_rhs * 1.01)
    again = solve(near, start=restart(near, first.point))
    assert again.value == pytest.approx(as_one_matrix(near).fun, rel=1e-6, abs=1e-6)
