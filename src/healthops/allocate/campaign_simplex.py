"""The program of :mod:`.interior` solved by HiGHS's dual simplex method: for small campaigns, planned many times.

An interior-point method needs an inside. A campaign in the middle of its way may have none: stores hold just what falls
due. The simplex method needs none and ends at a vertex. It takes longer than the interior method where there are many
places, and less where there are few (Huangfu & Hall 2018, Mathematical Programming Computation 10, 119-142).
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csc_matrix

from healthops.allocate.interior import NotSolved, Outcome, Point, Program

#: Coefficients below this are rounding.
SMALL = 1e-14
#: Programs of at most so many variables (60 districts, 26 weeks, 3 products, 4 groups) are solved faster here.
SMALL_PROGRAM = 25_000


def solve_at_vertex(program: Program, **_options) -> Outcome:
    """Solve a program by the dual simplex method; the options of :func:`.interior.solve` mean nothing to it.

    Raises
    ------
    NotSolved
        If no point meets the rows.
    """
    import highspy

    matrix, live = _matrix(program)
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    shared = program.link.shape[1]
    ends = np.concatenate([program.upper[live], np.full(shared + (program.column is not None), np.inf)])
    cost = [program.cost[live], program.link_cost, [program.column_cost] if program.column is not None else []]
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = np.concatenate(cost), np.zeros(len(ends)), ends
    lp.row_lower_ = lp.row_upper_ = np.concatenate([program.rhs.ravel(), program.link_rhs])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    solver = highspy.Highs()
    for option, value in (("output_flag", False), ("threads", 1), ("solver", "simplex")):
        solver.setOptionValue(option, value)
    solver.passModel(lp)
    solver.run()
    status = solver.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        raise NotSolved(f"HiGHS ended with {solver.modelStatusToString(status)!r} on {lp.num_col_} columns")
    return _outcome(program, live, matrix, lp, solver)


def _outcome(program: Program, live: np.ndarray, matrix: csc_matrix, lp, solver) -> Outcome:
    solution, info = solver.getSolution(), solver.getInfo()
    value = np.maximum(np.array(solution.col_value), 0.0)
    y, lam = np.split(np.array(solution.row_dual), [program.rhs.size])
    x = np.zeros(program.cost.shape)
    n = int(live.sum())
    x[live] = value[:n]
    v = value[n : n + program.link.shape[1]]
    theta = float(value[-1]) if program.column is not None else 0.0
    rhs = np.asarray(lp.row_lower_)
    residual = float((np.abs(matrix @ value - rhs) / (1 + np.abs(rhs))).max(initial=0.0))
    none = np.zeros_like(x)
    gap = np.where(np.isfinite(program.upper), program.upper - x, 1.0)
    point = Point(
        x, gap, none, none, v, np.zeros_like(v), theta, 0.0, np.zeros_like(program.rhs), np.zeros_like(program.link_rhs)
    )
    found = float(info.objective_function_value)
    return Outcome(
        x, v, theta, found, found, int(info.simplex_iteration_count), residual, point, y.reshape(program.rhs.shape), lam
    )


def _matrix(program: Program) -> tuple[csc_matrix, np.ndarray]:
    """All rows, those of the places first, by the variables that are not fixed; and which of the places' are not."""
    d, m = program.rhs.shape
    live = program.upper > 0
    number = np.full(live.shape, -1)
    number[live] = np.arange(int(live.sum()))
    entries: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def add(row: np.ndarray, place: int, column: np.ndarray, value: np.ndarray) -> None:
        there = live[place, column]
        entries.append((row[there], number[place, column[there]], value[there]))

    for kind in program.kinds:
        row, column = np.nonzero(kind.rows)
        for place in range(kind.places.start, kind.places.stop):
            add(place * m + row, place, column, kind.rows[row, column])
        for leaf in program.leaves:
            if kind.places.start <= leaf.places.start < kind.places.stop:
                use = leaf.share @ kind.use
                row, column = np.nonzero(np.abs(use) > SMALL)
                for place in range(leaf.places.start, leaf.places.stop):
                    value = program.weight[place] * use[row, column]
                    add(d * m + leaf.touched[row], place, column, value)
    if program.extra is not None:
        for q, row in enumerate(program.extra_rows):
            for place in range(d):
                column = np.flatnonzero(program.extra[place, q])
                add(np.full(len(column), d * m + row), place, column, program.extra[place, q, column])
    link, n = program.link.tocoo(), int(live.sum())
    entries.append((d * m + link.row, n + link.col, link.data))
    columns = n + program.link.shape[1]
    if program.column is not None:
        place, row = np.nonzero(program.column)
        entries.append((place * m + row, np.full(len(row), columns), program.column[place, row]))
        columns += 1
    row, column, value = (np.concatenate([entry[k] for entry in entries]) for k in range(3))
    return csc_matrix((value, (row, column)), shape=(d * m + len(program.link_rhs), columns)), live
