"""The allocation as linear programs, solved by HiGHS: the certificate beside the filling of :mod:`.segments`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from healthops.allocate.need import Need
from healthops.allocate.segments import Segments, segments


class SolverError(RuntimeError):
    """HiGHS did not prove an optimum; the message holds its status."""


@dataclass(frozen=True)
class Solution:
    """What HiGHS proved.

    Attributes
    ----------
    sent : array of float, shape (P,)
        Units by district: one of possibly many optima.
    value : float
        Optimal value of the objective.
    price : float
        Worth of one more unit of the budget (its dual value).
    """

    sent: np.ndarray
    value: float
    price: float


def least_unmet(parts: Segments, budget: float) -> Solution:
    """Fill segments for the largest gain within `budget`.

    maximise sum_s gain_s x_s   subject to   sum_s x_s <= budget,   0 <= x_s <= length_s

    Segments of boxes need no integrality: with one row of ones and a budget of whole boxes, every vertex is whole.
    ``value`` is the expected unmet need that is saved.
    """
    n = len(parts.gain)
    if n == 0 or budget <= 0:
        return Solution(np.zeros(parts.districts), 0.0, 0.0)
    x, value, duals = _solve(
        cost=-parts.gain,
        upper=parts.length,
        start=np.array([0, n]),
        index=np.arange(n),
        entry=np.ones(n),
        row_lower=np.array([-np.inf]),
        row_upper=np.array([budget]),
    )
    return Solution(np.bincount(parts.district, weights=x, minlength=parts.districts), -value, -float(duals[0]))


def highest_floor(need: Need, budget: float, *, stock: np.ndarray, protected: np.ndarray) -> float:
    """Highest expected coverage that all `protected` districts can have together, for a divisible resource.

    maximise t   subject to   coverage_i >= t for every protected i,   sum_s x_s <= budget,   0 <= x_s <= length_s

    Returns
    -------
    float
        Between 0 and 1; 1 where no district is protected or none of them expects any need.
    """
    mean = need.mean
    rows = np.flatnonzero(protected & (mean > 0))
    if len(rows) == 0:
        return 1.0
    own = Need(need.points[rows], need.weights, need.median[rows])
    parts = segments(own, start=stock[rows])
    n, k = len(parts.gain), len(rows)
    ends = np.searchsorted(parts.district, np.arange(k + 1))
    # Row i: sum of gains - mean_i t >= -(what the stock covers already); last row: the budget. Column n is t.
    index = np.concatenate([np.append(np.arange(ends[i], ends[i + 1]), n) for i in range(k)] + [np.arange(n)])
    entry = np.concatenate(
        [np.append(parts.gain[ends[i] : ends[i + 1]], -mean[rows[i]]) for i in range(k)] + [np.ones(n)]
    )
    lengths = np.append(np.diff(ends) + 1, n)
    covered = mean[rows] - own.unmet(stock[rows])
    _, value, _ = _solve(
        cost=np.append(np.zeros(n), -1.0),
        upper=np.append(parts.length, 1.0),
        start=np.concatenate([[0], np.cumsum(lengths)]),
        index=index,
        entry=entry,
        row_lower=np.append(-covered, -np.inf),
        row_upper=np.append(np.full(k, np.inf), max(budget, 0.0)),
    )
    return min(max(-value, 0.0), 1.0)


def _solve(
    *,
    cost: np.ndarray,
    upper: np.ndarray,
    start: np.ndarray,
    index: np.ndarray,
    entry: np.ndarray,
    row_lower: np.ndarray,
    row_upper: np.ndarray,
) -> tuple[np.ndarray, float, np.ndarray]:
    """Minimise cost x with 0 <= x <= upper and rows given row by row; return x, the value and the duals of the rows."""
    import highspy

    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(cost), len(row_lower)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, np.zeros(len(cost)), upper
    lp.row_lower_, lp.row_upper_ = row_lower, row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = start, index, entry
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.passModel(lp)
    solver.run()
    status = solver.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        raise SolverError(f"HiGHS ended with {solver.modelStatusToString(status)!r} on {lp.num_col_} columns")
    solution = solver.getSolution()
    return np.array(solution.col_value), float(solver.getInfo().objective_function_value), np.array(solution.row_dual)
