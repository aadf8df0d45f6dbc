"""An interior-point method for many small linear programs of one shape that share a few resources.

    minimise    sum_d c_d x_d + c_v v + c_0 theta
    subject to  A_k x_d + a_d theta            = b_d      every place d of kind k: its own rows
                sum_d w_d E_j B_k x_d + q_d x_d + F v = h      shared rows; j is the leaf (kind and region) of d
                0 <= x_d <= u_d,   v >= 0,   theta >= 0

All places of a kind have one matrix ``A_k``, so the normal matrices of their own rows are formed and factorised
together, and only the Schur complement of the shared rows, a few hundred, is a dense matrix of the whole program. Its
size does not grow with the number of places: time and memory are linear in it (Castro 2000, SIAM J. Optimization 10,
852-877; Gondzio & Grothey 2007, Annals of Operations Research 152, 319-339). Steps are Mehrotra's predictor and
corrector (Mehrotra 1992, SIAM J. Optimization 2, 575-601), and one of Gondzio's centrality correctors (Gondzio 1996,
Computational Optimization and Applications 6, 137-156) with the same factors.

The bound is safe against rounding: it is the Lagrangian value of the multipliers found, where each reduced cost that is
negative is paid at the upper end of its variable (Neumaier & Shcherbina 2004, Mathematical Programming 99, 283-296).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.linalg.lapack import dtrtri
from scipy.sparse import csr_matrix

#: Added to the diagonal of what is factorised, as a share of its largest entry.
RIDGE = 1e-15
#: Weight of the squared length of a step beside the objective (Friedlander & Orban 2012, Mathematical Programming
#: Computation 4, 71-107): it bounds what is factorised, and vanishes with the steps.
PROXIMAL = 1e-7
#: A point with this relative gap and residual is kept to start from: nearer to the end it hugs its bounds too closely
#: (Gondzio 1998, Mathematical Programming 83, 125-143).
EARLY = 0.2
#: What starts from there is at least this far from its bounds.
START = 1e-3
#: Rounds of refinement of each direction.
REFINE = 12


class NotSolved(RuntimeError):
    """The method stopped before its tolerance; the message holds the residuals."""


class Stuck(NotSolved):
    """It ran out of iterations or of digits: neither solved nor shown to have no solution."""


@dataclass(frozen=True)
class Kind:
    """Places whose own rows have the same matrix.

    Attributes
    ----------
    places : slice
        Which of the D places, a contiguous run.
    rows : array of float, shape (M, N)
        Matrix ``A`` of their own rows, slacks included.
    use : array of float, shape (K, N)
        Matrix ``B``: what they take of K shared goods.
    """

    places: slice
    rows: np.ndarray
    use: np.ndarray


@dataclass(frozen=True)
class Leaf:
    """Places of one kind whose use falls on the same shared rows.

    Attributes
    ----------
    places : slice
        Which of the D places, a contiguous run.
    touched : array of int, shape (R,)
        The shared rows.
    share : array of float, shape (R, K)
        Matrix ``E``, restricted to these rows.
    """

    places: slice
    touched: np.ndarray
    share: np.ndarray


@dataclass(frozen=True)
class Program:
    """The program of the head of this module, for D places with N variables and M rows each and L shared rows.

    Attributes
    ----------
    kinds, leaves : tuple
        Every place is in one of each.
    cost, upper : array of float, shape (D, N)
        Upper ends may be infinite; 0 fixes a variable at 0.
    rhs : array of float, shape (D, M)
        ``b``.
    weight : array of float, shape (D,)
        ``w``: units of the shared goods in one unit of the place's variables.
    link, link_cost, link_rhs
        ``F``, sparse (L, V); ``c_v``, shape (V,); ``h``, shape (L,).
    extra, extra_rows : array of float, shape (D, Q, N), and of int, shape (Q,)
        ``q``: shared rows whose coefficients differ from place to place, and which they are.
    column, column_cost : array of float, shape (D, M), and float
        ``a`` and ``c_0``, or None where there is no theta.
    reach, link_reach : array of float, shape (D, N) and (V,)
        Upper ends that the rows imply, for the bound.
    """

    kinds: tuple[Kind, ...]
    leaves: tuple[Leaf, ...]
    cost: np.ndarray
    upper: np.ndarray
    rhs: np.ndarray
    weight: np.ndarray
    link: csr_matrix
    link_cost: np.ndarray
    link_rhs: np.ndarray
    reach: np.ndarray
    link_reach: np.ndarray
    extra: np.ndarray | None = None
    extra_rows: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    column: np.ndarray | None = None
    column_cost: float = 0.0

    @property
    def variables(self) -> int:
        """Variables that are not fixed, slacks included."""
        return int((self.upper > 0).sum()) + self.link.shape[1] + (self.column is not None)

    @property
    def constraints(self) -> int:
        """Rows: those of the places and the shared ones."""
        return self.rhs.size + len(self.link_rhs)


@dataclass(frozen=True)
class Outcome:
    """Where the method stopped.

    Attributes
    ----------
    x : array of float, shape (D, N)
    v : array of float, shape (V,)
    theta : float
    value, bound : float
        Objective, and what no solution can be below.
    iterations : int
    residual : float
        Largest violation of a row, as a share of 1 + its right-hand side.
    point : Point
        An early iterate, to start from in the next program of the same shape.
    y : array of float, shape (D, M)
        Multipliers of the places' own rows: what the objective grows by with their right-hand sides.
    lam : array of float, shape (L,)
        The same of the shared rows.
    """

    x: np.ndarray
    v: np.ndarray
    theta: float
    value: float
    bound: float
    iterations: int
    residual: float
    point: Point
    y: np.ndarray
    lam: np.ndarray


@dataclass
class Point:
    """Primal and dual variables: (x, gap to its upper end, z, w), (v, zv), (theta, zt), multipliers y and lam."""

    x: np.ndarray
    gap: np.ndarray
    z: np.ndarray
    w: np.ndarray
    v: np.ndarray
    zv: np.ndarray
    theta: float
    zt: float
    y: np.ndarray
    lam: np.ndarray

    def moved(self, step: Point, primal: float, dual: float) -> Point:
        """The point `primal` and `dual` times the `step` away."""
        return Point(
            self.x + primal * step.x,
            self.gap + primal * step.gap,
            self.z + dual * step.z,
            self.w + dual * step.w,
            self.v + primal * step.v,
            self.zv + dual * step.zv,
            self.theta + primal * step.theta,
            self.zt + dual * step.zt,
            self.y + dual * step.y,
            self.lam + dual * step.lam,
        )


def restart(program: Program, old: Point) -> Point:
    """The point of an earlier outcome of a program of the same shape, pushed inside the bounds of this one."""
    p = program
    is_open, capped = p.upper > 0, (p.upper > 0) & np.isfinite(p.upper)
    top = np.where(capped, p.upper, np.inf)
    x = np.where(is_open, np.clip(old.x, np.minimum(START, 0.25 * top), 0.9 * top), 0.0)
    z = np.where(is_open, np.maximum(old.z, START), 0.0)
    w = np.where(capped, np.maximum(old.w, START), 0.0)
    gap = np.where(capped, p.upper - x, 1.0)
    v, zv = np.maximum(old.v, START), np.maximum(old.zv, START)
    return Point(x, gap, z, w, v, zv, max(old.theta, START), max(old.zt, START), old.y, old.lam)


def solve(
    program: Program,
    *,
    tolerance: float = 1e-8,
    feasibility: float = 1e-9,
    size: float | None = None,
    most: int = 250,
    start: Point | None = None,
    watch=None,
) -> Outcome:
    """Solve to a relative gap of `tolerance` and relative residuals of `feasibility`.

    Parameters
    ----------
    size : float, optional
        What the gap is a share of; 1 + |value| by default.
    most : int
        Iterations after which it gives up.
    start : Point, optional
        Where to begin: of :func:`restart`.
    watch : callable, optional
        Called with (iteration, value, bound, primal residual, dual residual) at each iteration.

    Raises
    ------
    NotSolved
        If the rows cannot be met, or, a `Stuck`, the iterations do not suffice.
    """
    return _Method(program).run(tolerance, feasibility, size, most, start, watch)


class _Method:
    """Arrays that one run of the method needs again and again."""

    def __init__(self, program: Program):
        self.p = program
        self.open = program.upper > 0
        self.capped = self.open & np.isfinite(program.upper)
        self.maps = [_products(kind) for kind in program.kinds]
        self.goods = program.kinds[0].use.shape[0]
        self.q = len(program.extra_rows)
        self.order_leaves()
        self.has_theta = program.column is not None
        self.link_t = program.link.T.tocsr()
        self.count = int(self.open.sum() + self.capped.sum()) + program.link.shape[1] + self.has_theta
        self.scale_b = 1 + max(np.abs(program.rhs).max(initial=0), 0)
        self.scale_h = 1 + np.abs(program.link_rhs)
        self.scale_c = 1 + max(np.abs(program.cost).max(initial=0), np.abs(program.link_cost).max(initial=0))

    # ---- products with the matrices ------------------------------------------------------------------------------

    def rows(self, x: np.ndarray) -> np.ndarray:
        return np.concatenate([x[k.places] @ k.rows.T for k in self.p.kinds])

    def rows_t(self, y: np.ndarray) -> np.ndarray:
        return np.concatenate([y[k.places] @ k.rows for k in self.p.kinds])

    def shared(self, x: np.ndarray) -> np.ndarray:
        total = np.add.reduceat(x * self.p.weight[:, None], self.first, axis=0)
        out = self.spread @ np.concatenate([total[j] @ k.use.T for j, k in self.of_kind]).ravel()
        if self.q:
            out[self.p.extra_rows] += np.einsum("dqn,dn->q", self.p.extra, x)
        return out

    def shared_t(self, lam: np.ndarray) -> np.ndarray:
        price = (self.spread_t @ lam).reshape(len(self.first), self.goods)
        price = np.concatenate([price[j] @ k.use for j, k in self.of_kind])
        out = self.p.weight[:, None] * price[self.leaf]
        if self.q:
            out += np.einsum("dqn,q->dn", self.p.extra, lam[self.p.extra_rows])
        return out

    def order_leaves(self) -> None:
        """Leaves follow one another, kind by kind: where each begins, and the map from goods to shared rows."""
        p = self.p
        self.first = np.array([j.places.start for j in p.leaves])
        self.leaf = np.repeat(np.arange(len(p.leaves)), [j.places.stop - j.places.start for j in p.leaves])
        kind_of = np.searchsorted([k.places.start for k in p.kinds], self.first, side="right") - 1
        self.of_kind = [(kind_of == n, k) for n, k in enumerate(p.kinds)]
        self.leaf_kind = [p.kinds[n] for n in kind_of]
        parts = []
        for n, leaf in enumerate(p.leaves):
            row, good = np.nonzero(leaf.share)
            parts.append((leaf.touched[row], n * self.goods + good, leaf.share[row, good]))
        rows, columns, values = (np.concatenate(x) for x in zip(*parts, strict=True))
        shape = (len(p.link_rhs), len(p.leaves) * self.goods)
        self.spread = csr_matrix((values, (rows, columns)), shape=shape)
        self.spread_t = self.spread.T.tocsr()

    # ---- the method ----------------------------------------------------------------------------------------------

    def run(self, tolerance, feasibility, size, most, start, watch) -> Outcome:
        at = self.begin() if start is None else start
        ceiling, early = self.ceiling(), None
        for iteration in range(most + 1):
            res = self.residuals(at)
            value, bound, primal, dual = self.progress(at, res)
            if watch:
                watch(iteration, value, bound, primal, dual)
            if primal < feasibility and abs(value - bound) <= tolerance * (size or 1 + abs(value)):
                return Outcome(at.x, at.v, at.theta, value, bound, iteration, primal, early or at, at.y, at.lam)
            if early is None and primal < EARLY and abs(value - bound) < EARLY * (1 + abs(value)):
                early = at
            if bound > ceiling + 1e-6 * (1 + abs(ceiling)):
                raise NotSolved(
                    f"no solution: none can be below {bound:.6g}, and none that meets the rows above {ceiling:.6g}"
                )
            if iteration == most or not np.isfinite(value):
                break
            try:
                at = self.step(at, res)
            except np.linalg.LinAlgError:
                break
        raise Stuck(
            f"stopped after {iteration} iterations: rows violated by {primal:.2g} of their size, value {value:.8g}, "
            f"bound {bound:.8g}"
        )

    def ceiling(self) -> float:
        """What no solution can be above: a bound beyond it proves that the rows cannot be met."""
        p = self.p
        top = np.where(self.open, np.minimum(p.reach, p.upper), 0.0)
        most = float((np.maximum(p.cost, 0.0) * top).sum() + np.maximum(p.link_cost, 0.0) @ p.link_reach)
        return most + max(p.column_cost, 0.0)

    def residuals(self, at: Point):
        p = self.p
        own = p.rhs - self.rows(at.x)
        dual_theta = 0.0
        if self.has_theta:
            own -= p.column * at.theta
            dual_theta = p.column_cost - float((p.column * at.y).sum()) - at.zt
        shared = p.link_rhs - self.shared(at.x) - p.link @ at.v
        reduced = p.cost - self.rows_t(at.y) - self.shared_t(at.lam)
        reduced_link = p.link_cost - self.link_t @ at.lam
        dual = np.where(self.open, reduced - at.z + at.w, 0.0)
        return own, shared, dual, reduced_link - at.zv, dual_theta, reduced, reduced_link

    def progress(self, at: Point, res) -> tuple[float, float, float, float]:
        own, shared, dual, dual_link, dual_theta, reduced, reduced_link = res
        p = self.p
        value = float((p.cost * at.x).sum() + p.link_cost @ at.v) + p.column_cost * at.theta
        bound = float((p.rhs * at.y).sum() + p.link_rhs @ at.lam)
        bound += float((np.minimum(reduced, 0.0) * np.where(self.open, np.minimum(p.reach, p.upper), 0.0)).sum())
        bound += float(np.minimum(reduced_link, 0.0) @ p.link_reach)
        # theta is at most 1 in what this room builds: a coverage.
        bound += min(dual_theta + at.zt, 0.0) if self.has_theta else 0.0
        primal = self.size_of(own, shared)
        return value, bound, float(primal), float(max(np.abs(dual).max(), abs(dual_theta)) / self.scale_c)

    def size_of(self, own: np.ndarray, shared: np.ndarray) -> float:
        """Largest violation of a row, as a share of 1 + its right-hand side."""
        return float(max(np.abs(own).max() / self.scale_b, (np.abs(shared) / self.scale_h).max(initial=0.0)))

    def begin(self) -> Point:
        """A point well inside the bounds: all variables at one share of their reach, slacks at what that leaves."""
        p = self.p
        own = p.cost.shape[1] - p.rhs.shape[1]
        reach = np.where(self.open, np.minimum(p.upper, p.reach), 0.0)
        x = 0.5 * reach
        best = np.inf
        for share in 0.5 ** np.arange(1, 10):
            trial = share * reach
            trial[:, own:] = 0.5 * reach[:, own:]
            miss = np.abs(p.rhs - self.rows(trial)).sum()
            if miss < best:
                best, x = miss, trial
        x = np.where(self.open, np.maximum(x, 1e-3 * np.minimum(p.upper, 1e-3)), 0.0)
        many = (p.cost != 0).sum()
        size = float(np.abs(p.cost).sum() / many) if many else 1.0
        z, w = np.where(self.open, size, 0.0), np.where(self.capped, size, 0.0)
        v = np.maximum(p.link_reach / self.lots_spread(), 1e-6)
        theta, zt = 0.5, max(abs(p.column_cost) * 0.1, 1e-3)
        gap = np.where(self.capped, p.upper - x, 1.0)
        y, lam = np.zeros_like(p.rhs), np.zeros(len(p.link_rhs))
        return Point(x, gap, z, w, v, np.full(len(v), size), theta, zt, y, lam)

    def lots_spread(self) -> np.ndarray:
        """Number of shared variables that share the fullest row of each, shape (V,)."""
        entries = self.p.link.tocsc()
        per_row = np.diff(self.p.link.indptr)
        out = np.ones(entries.shape[1])
        np.maximum.at(out, np.repeat(np.arange(len(out)), np.diff(entries.indptr)), per_row[entries.indices])
        return out

    def step(self, at: Point, res) -> Point:
        factor = _Factor(self, at)
        mu = self.mean_product(at)
        zero = (0.0, 0.0, 0.0, 0.0)
        predict = factor.direction(res, self.targets(at, 0.0, zero))
        primal, dual = self.lengths(at, predict)
        ahead = at.moved(predict, primal, dual)
        later = self.mean_product(ahead)
        sigma = (later / mu) ** 3 if mu > 0 else 0.0
        second = (predict.x * predict.z, -predict.x * predict.w, predict.v * predict.zv, predict.theta * predict.zt)
        move = factor.direction(res, self.targets(at, sigma * mu, second))
        primal, dual = self.lengths(at, move)
        better, p2, d2 = self.correct(factor, at, res, move, primal, dual, sigma * mu, second)
        if min(p2, d2) >= min(primal, dual) + 0.1 * (1 - min(primal, dual)):
            move, primal, dual = better, p2, d2
        shrink = min(max(1 - mu, 0.995), 0.99995)
        return at.moved(move, shrink * primal, shrink * dual)

    def correct(self, factor, at, res, move, primal, dual, target, second):
        """Gondzio's corrector: aim a little further, and pull the products that would be far from the target back."""
        far_p, far_d = min(1.08 * primal + 0.08, 1.0), min(1.08 * dual + 0.08, 1.0)
        ahead = at.moved(move, far_p, far_d)

        def pull(product, where=True):
            low, high = 0.1 * target, 10 * target
            out = np.where(product < low, low - product, np.where(product > high, high - product, 0.0))
            return np.where(where, np.clip(out, -high, high), 0.0)

        fix = (
            second[0] - pull(ahead.x * ahead.z, self.open),
            second[1] - pull(ahead.gap * ahead.w, self.capped),
            second[2] - pull(ahead.v * ahead.zv),
            second[3] - float(pull(np.array(ahead.theta * ahead.zt))) if self.has_theta else 0.0,
        )
        better = factor.direction(res, self.targets(at, target, fix))
        return better, *self.lengths(at, better)

    def targets(self, at, target, second):
        """Right-hand sides of the complementarity rows: target - product - second-order term."""
        return (
            np.where(self.open, target - at.x * at.z - second[0], 0.0),
            np.where(self.capped, target - at.gap * at.w - second[1], 0.0),
            target - at.v * at.zv - second[2],
            target - at.theta * at.zt - second[3],
        )

    def mean_product(self, at: Point) -> float:
        total = float((at.x * at.z).sum() + (at.gap * at.w)[self.capped].sum() + at.v @ at.zv)
        return (total + (at.theta * at.zt if self.has_theta else 0.0)) / self.count

    def lengths(self, at: Point, step: Point) -> tuple[float, float]:
        primal = min(_longest(at.x, step.x), _longest(at.gap, step.gap), _longest(at.v, step.v))
        dual = min(_longest(at.z, step.z), _longest(at.w, step.w), _longest(at.zv, step.zv))
        if self.has_theta:
            primal = min(primal, _longest(np.array([at.theta]), np.array([step.theta])))
            dual = min(dual, _longest(np.array([at.zt]), np.array([step.zt])))
        return primal, dual


class _Factor:
    """The normal equations at a point, factorised: places first, then the Schur complement of the shared rows."""

    def __init__(self, method: _Method, at: Point):
        self.m, self.at, p = method, at, method.p
        gap = at.gap
        safe = np.where(method.open, at.x, 1.0)
        self.gap, self.safe = gap, safe
        self.theta = np.where(method.open, 1.0 / (at.z / safe + at.w / gap + PROXIMAL), 0.0)
        self.theta_link = 1.0 / (at.zv / at.v + PROXIMAL)
        d, m = p.rhs.shape
        self.width = method.goods + method.q + method.has_theta
        self.inverse = np.empty((d, m, m))
        self.side = np.empty((d, self.width, m))
        for kind, maps in zip(p.kinds, method.maps, strict=True):
            self.fill(kind, maps)
        self.side = self.side @ self.inverse.transpose(0, 2, 1)
        self.schur()

    def fill(self, kind: Kind, maps) -> None:
        """Normal matrices of the places, and their columns towards the shared rows and theta."""
        here, (own, cross) = kind.places, maps
        theta, m = self.theta[here], kind.rows.shape[0]
        weights = np.ascontiguousarray(theta.T)
        lower, side = np.zeros((len(theta), m * m)), np.zeros((len(theta), self.m.goods * m))
        lower[:, own[1]] = (own[0] @ weights).T
        side[:, cross[1]] = (cross[0] @ weights).T
        self.side[here, : self.m.goods] = side.reshape(len(theta), -1, m) * self.m.p.weight[here, None, None]
        if self.m.q:
            scaled = self.m.p.extra[here] * theta[:, None, :]
            self.side[here, self.m.goods : self.m.goods + self.m.q] = scaled @ kind.rows.T
        if self.m.has_theta:
            self.side[here, -1] = self.m.p.column[here]
        lower = lower.reshape(len(theta), m, m)
        diagonal = np.einsum("dmm->dm", lower)
        diagonal += RIDGE * diagonal + 1e-30
        self.inverse[here] = _inverse_factors(lower, diagonal)

    def inside(self, leaf: Leaf, kind: Kind) -> np.ndarray:
        """Part of the Schur complement from the places of a leaf, in its goods, the extra rows and theta."""
        p, goods, q, here = self.m.p, self.m.goods, self.m.q, leaf.places
        flat = self.side[here].transpose(1, 0, 2).reshape(self.width, -1)
        inner = -(flat @ flat.T)
        inner[:goods, :goods] += (kind.use * (p.weight[here] ** 2 @ self.theta[here])) @ kind.use.T
        if q:
            scaled = p.extra[here] * self.theta[here][:, None, :]
            cross = np.einsum("dqn,d->qn", scaled, p.weight[here]) @ kind.use.T
            inner[goods : goods + q, :goods] += cross
            inner[:goods, goods : goods + q] += cross.T
            inner[goods : goods + q, goods : goods + q] += np.einsum("dqn,drn->qr", scaled, p.extra[here])
        return inner

    def schur(self) -> None:
        p, goods = self.m.p, self.m.goods
        size = len(p.link_rhs) + self.m.has_theta
        s = np.zeros((size, size))
        s[: len(p.link_rhs), : len(p.link_rhs)] = (p.link.multiply(self.theta_link[None, :]) @ self.m.link_t).toarray()
        first = s.diagonal().copy()
        own = np.concatenate([p.extra_rows, [size - 1] if self.m.has_theta else []]).astype(int)
        for leaf, kind in zip(p.leaves, self.m.leaf_kind, strict=True):
            inner = self.inside(leaf, kind)
            s[np.ix_(leaf.touched, leaf.touched)] += leaf.share @ inner[:goods, :goods] @ leaf.share.T
            first[leaf.touched] += (leaf.share**2) @ np.maximum(np.diag(inner)[:goods], 0.0)
            if len(own):
                side = leaf.share @ inner[:goods, goods:]
                s[np.ix_(leaf.touched, own)] += side
                s[np.ix_(own, leaf.touched)] += side.T
                s[np.ix_(own, own)] += inner[goods:, goods:]
        n = len(p.link_rhs)
        self.border = s[:n, n].copy() if self.m.has_theta else None
        self.corner = s[n, n] - self.at.zt / self.at.theta if self.m.has_theta else None
        s = s[:n, :n]
        diagonal = np.einsum("ii->i", s)
        diagonal += RIDGE * first[:n] + 1e-30
        self.shared = cho_factor(s, lower=True, check_finite=False)
        if self.m.has_theta:
            self.lifted = cho_solve(self.shared, self.border)

    def direction(self, res, targets) -> Point:
        own, shared, dual, dual_link, dual_theta, _, _ = res
        rz, rw, rzv, rzt = targets
        at, m, p = self.at, self.m, self.m.p
        g = np.where(m.open, dual - rz / self.safe + rw / self.gap, 0.0)
        g_link = dual_link - rzv / at.v
        weighted = self.theta * g
        r1 = own + m.rows(weighted)
        r2 = shared + m.shared(weighted) + p.link @ (self.theta_link * g_link)
        g_theta = dual_theta - rzt / at.theta if m.has_theta else 0.0
        dy, dlam, dtheta = self.solve(r1, r2, g_theta)
        dx = self.theta * (m.rows_t(dy) + m.shared_t(dlam) - g)
        dv = self.theta_link * (m.link_t @ dlam - g_link)
        ey, elam, ex, ev, etheta = self.refine(own, shared, dx, dv, dtheta)
        dx, dv, dy, dlam, dtheta = dx + ex, dv + ev, dy + ey, dlam + elam, dtheta + etheta
        dz = np.where(m.open, (rz - at.z * dx) / self.safe, 0.0)
        dw = np.where(m.capped, (rw + at.w * dx) / self.gap, 0.0)
        dzv = (rzv - at.zv * dv) / at.v
        dzt = (rzt - at.zt * dtheta) / at.theta if m.has_theta else 0.0
        return Point(dx, np.where(m.capped, -dx, 0.0), dz, dw, dv, dzv, dtheta, dzt, dy, dlam)

    def refine(self, own, shared, dx, dv, dtheta):
        """What rounded factors leave missing in a direction: conjugate gradients with them as preconditioner."""
        m, p = self.m, self.m.p
        r1 = own - m.rows(dx) - (p.column * dtheta if m.has_theta else 0.0)
        r2 = shared - m.shared(dx) - p.link @ dv
        enough = max(1e-3 * m.size_of(own, shared), 1e-13)
        y, lam, x, v, theta = np.zeros_like(r1), np.zeros_like(r2), np.zeros_like(dx), np.zeros_like(dv), 0.0
        ahead, product = None, 0.0
        for _ in range(REFINE):
            if m.size_of(r1, r2) <= enough:
                break
            z1, z2, ztheta = self.solve(r1, r2, 0.0)
            new = float((r1 * z1).sum() + r2 @ z2)
            if not new > 0:
                break
            if ahead is None:
                ahead = (z1, z2, ztheta)
            else:
                ahead = tuple(z + new / product * a for z, a in zip((z1, z2, ztheta), ahead, strict=True))
            product = new
            ax = self.theta * (m.rows_t(ahead[0]) + m.shared_t(ahead[1]))
            av = self.theta_link * (m.link_t @ ahead[1])
            image1 = m.rows(ax) + (p.column * ahead[2] if m.has_theta else 0.0)
            image2 = m.shared(ax) + p.link @ av
            curve = float((ahead[0] * image1).sum() + ahead[1] @ image2)
            if not curve > 0:
                break
            length = product / curve
            y, lam, theta = y + length * ahead[0], lam + length * ahead[1], theta + length * ahead[2]
            x, v = x + length * ax, v + length * av
            r1, r2 = r1 - length * image1, r2 - length * image2
        return y, lam, x, v, theta

    def solve(self, r1, r2, g_theta) -> tuple[np.ndarray, np.ndarray, float]:
        m, p = self.m, self.m.p
        half = (self.inverse @ r1[:, :, None])[:, :, 0]
        carried = (self.side @ half[:, :, None])[:, :, 0]
        right = r2 - m.spread @ np.add.reduceat(carried[:, : m.goods], m.first, axis=0).ravel()
        right[p.extra_rows] -= carried[:, m.goods : m.goods + m.q].sum(axis=0)
        dlam, dtheta = cho_solve(self.shared, right), 0.0
        if m.has_theta:
            corner = self.corner - self.border @ self.lifted
            dtheta = float((g_theta - carried[:, -1].sum() - self.border @ dlam) / corner)
            dlam = dlam - self.lifted * dtheta
        back = np.empty((len(r1), self.width))
        back[:, : m.goods] = (m.spread_t @ dlam).reshape(-1, m.goods)[m.leaf]
        back[:, m.goods : m.goods + m.q] = dlam[p.extra_rows]
        if m.has_theta:
            back[:, -1] = dtheta
        half -= (back[:, None, :] @ self.side)[:, 0, :]
        return (half[:, None, :] @ self.inverse)[:, 0, :], dlam, dtheta


def _inverse_factors(matrices: np.ndarray, diagonal: np.ndarray) -> np.ndarray:
    """Inverses of the Cholesky factors of a stack of matrices; with a larger ridge where one is indefinite."""
    for _ in range(6):
        try:
            lower = np.linalg.cholesky(matrices)
            break
        except np.linalg.LinAlgError:
            diagonal *= 1 + 1e-12
    else:
        lower = np.linalg.cholesky(matrices)
    for one in lower:
        dtrtri(one.T, lower=0, overwrite_c=1)
    return lower


def _products(kind: Kind):
    """Maps from the N weights of a place to the entries of ``A W A'`` and ``B W A'`` that can differ from 0."""
    return _pairs(kind.rows, kind.rows), _pairs(kind.use, kind.rows)


def _pairs(left: np.ndarray, right: np.ndarray) -> tuple[csr_matrix, np.ndarray]:
    cells, columns, values = [], [], []
    for n in range(left.shape[1]):
        i, j = np.flatnonzero(left[:, n]), np.flatnonzero(right[:, n])
        cells.append((i[:, None] * right.shape[0] + j).ravel())
        values.append(np.outer(left[i, n], right[j, n]).ravel())
        columns.append(np.full(len(i) * len(j), n))
    where, row = np.unique(np.concatenate(cells), return_inverse=True)
    shape = (len(where), left.shape[1])
    return csr_matrix((np.concatenate(values), (row, np.concatenate(columns))), shape=shape), where


def _longest(value: np.ndarray, step: np.ndarray) -> float:
    """Longest step that keeps `value` at or above 0; 1 where it never falls that far."""
    falling = step < 0
    if not falling.any():
        return 1.0
    return min(1.0, float((-value[falling] / step[falling]).min()))
