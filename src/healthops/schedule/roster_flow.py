"""The stretch-flow model of a roster: for each employee a path through stretches of work and days off.

The line of an employee is a path from day 0 to the end of the horizon. A node is a day before which it has rested long
enough (work may start), or has just worked (rest must start); an arc is a whole stretch of work, the shortest rest, or
one more day off. Lengths of stretches hold by which arcs there are, and weekends are sums of arcs, so that the linear
program is close to the whole-number one; what is left are the shifts of the days worked, totals, and cover. Compare
Curtois and Qu (2014), whose branch and price has such paths as columns.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np

from healthops.data.shift_instances import Employee
from healthops.schedule.roster import Roster, RosterError, RosterProblem


@dataclass(frozen=True)
class Block:
    """Variables and own rows of one employee; the first `len(day)` variables say which shift a day has.

    Attributes
    ----------
    day, shift : array of int, shape (cells,)
        Of the cell's variables; `shift` is a place in the problem's shifts.
    cost : array, shape (variables,)
    upper : array, shape (variables,)
    constant : int
        Weight of all requests for a shift: each variable that grants one takes it back.
    row, column, entry : arrays, shape (nonzeros,)
    low, high : arrays, shape (rows,)
    """

    day: np.ndarray
    shift: np.ndarray
    cost: np.ndarray
    upper: np.ndarray
    constant: int
    row: np.ndarray
    column: np.ndarray
    entry: np.ndarray
    low: np.ndarray
    high: np.ndarray


class _Writer:
    """Collects rows of a block."""

    def __init__(self) -> None:
        self.row: list[int] = []
        self.column: list[int] = []
        self.entry: list[float] = []
        self.low: list[float] = []
        self.high: list[float] = []

    def add(self, terms: Iterable[tuple[int, float]], low: float, high: float) -> None:
        for column, entry in terms:
            self.row.append(len(self.low))
            self.column.append(column)
            self.entry.append(entry)
        self.low.append(low)
        self.high.append(high)


def block(problem: RosterProblem, one: Employee) -> Block:
    """Build the block of an employee."""
    days = problem.instance.days
    number = {shift: k for k, shift in enumerate(problem.shift_ids)}
    cells = [(day, number[shift]) for day in range(days) for shift in problem.open_shifts(one.id, day)]
    can = np.zeros(days, dtype=bool)
    for day, _ in cells:
        can[day] = True
    work, rest = _work_arcs(one, can), _rest_arcs(one, days)
    at = {cell: k for k, cell in enumerate(cells)}
    n = len(cells)
    shares = [share for share in problem.fair_shares if share.employee == one.id]
    out = _Writer()
    _balance(out, days, n, work, rest)
    _links(out, days, n, at, work)
    _successions(out, problem, n, at, work)
    _limits(out, problem, one, n, at, work)
    beyond = n + len(work) + len(rest)
    for k, share in enumerate(shares):
        counted = {number[shift] for shift in share.shifts}
        terms = [(v, 1.0) for (_, shift), v in at.items() if shift in counted]
        out.add([*terms, (beyond + k, -1.0)], -np.inf, share.most)
    cost = np.zeros(beyond + len(shares))
    constant = _requests(problem, one.id, number, at, cost)
    cost[beyond:] = [share.weight for share in shares]
    upper = np.ones(len(cost))
    upper[beyond:] = days
    day, shift = (np.array(x, dtype=int) for x in (zip(*cells, strict=True) if cells else ((), ())))
    return Block(day, shift, cost, upper, constant, np.array(out.row, dtype=int), np.array(out.column, dtype=int),
                 np.array(out.entry), np.array(out.low), np.array(out.high))  # fmt: skip


def _work_arcs(one: Employee, can: np.ndarray) -> list[tuple[int, int]]:
    """Stretches of work (first day, day after the last) that an employee may have."""
    days, out = len(can), []
    for first in range(days):
        for end in range(first + 1, min(first + one.max_consecutive_shifts, days) + 1):
            if not can[end - 1]:
                break
            if end - first >= one.min_consecutive_shifts or first == 0 or end == days:
                out.append((first, end))
    return out


def _rest_arcs(one: Employee, days: int) -> list[tuple[bool, int, int]]:
    """Rests: (after work, day, day after). After work comes the shortest rest, or what is left; then single days."""
    least = max(one.min_consecutive_days_off, 1)
    after = [(True, day, min(day + least, days)) for day in range(1, days)]
    return after + [(False, day, day + 1) for day in range(days)]


def _balance(out: _Writer, days: int, n: int, work: list, rest: list) -> None:
    """What comes into a node leaves it; one unit starts rested on day 0. The end of the horizon needs no row."""
    rested: list[list[tuple[int, float]]] = [[] for _ in range(days)]
    worked: list[list[tuple[int, float]]] = [[] for _ in range(days)]
    for k, (first, end) in enumerate(work):
        rested[first].append((n + k, 1.0))
        if end < days:
            worked[end].append((n + k, -1.0))
    for k, (after, day, end) in enumerate(rest):
        (worked if after else rested)[day].append((n + len(work) + k, 1.0))
        if end < days:
            rested[end].append((n + len(work) + k, -1.0))
    for day in range(days):
        out.add(rested[day], float(day == 0), float(day == 0))
        if day:
            out.add(worked[day], 0.0, 0.0)


def _links(out: _Writer, days: int, n: int, at: Mapping, work: list) -> None:
    """A day has as many shifts (0 or 1) as stretches of work that cover it."""
    terms: list[list[tuple[int, float]]] = [[] for _ in range(days)]
    for (day, _), v in at.items():
        terms[day].append((v, 1.0))
    for k, (first, end) in enumerate(work):
        for day in range(first, end):
            terms[day].append((n + k, -1.0))
    for row in terms:
        if row:
            out.add(row, 0.0, 0.0)


def _successions(out: _Writer, problem: RosterProblem, n: int, at: Mapping, work: list) -> None:
    """Shifts that cannot follow others: a set F on the next day and all shifts that F cannot follow, at most one.

    At most one, and none where neither of the two days is worked: the right side is the stretches that cover either.
    """
    number = {shift: k for k, shift in enumerate(problem.shift_ids)}
    forbidden = {number[s.id]: frozenset(number[x] for x in s.cannot_be_followed_by) for s in problem.instance.shifts}
    sets = {f for f in forbidden.values() if f}
    # Closed under intersection, so that each pair of sets that exclude one another has its row.
    while True:
        more = {a & b for a in sets for b in sets if a & b} - sets
        if not more:
            break
        sets |= more
    for day in range(problem.instance.days - 1):
        either = [(n + k, -1.0) for k, (first, end) in enumerate(work) if first <= day + 1 and end > day]
        for late in sorted(sets, key=sorted):
            before = [(at[day, s], 1.0) for s, f in forbidden.items() if late <= f and (day, s) in at]
            after = [(at[day + 1, s], 1.0) for s in sorted(late) if (day + 1, s) in at]
            if before and after:
                out.add([*before, *after, *either], -np.inf, 0.0)


def _limits(out: _Writer, problem: RosterProblem, one: Employee, n: int, at: Mapping, work: list) -> None:
    """Minutes, shifts of a type, and weekends of the horizon."""
    minutes = [shift.minutes for shift in problem.instance.shifts]
    used = sorted({minutes[shift] for _, shift in at})
    if used:
        # In units of the greatest common divisor, rounded inwards: the tightest bounds that whole shifts can meet.
        unit = reduce(math.gcd, used)
        low, high = -(-one.min_minutes // unit), one.max_minutes // unit
        out.add([(v, minutes[shift] / unit) for (_, shift), v in at.items()], low, high)
    elif one.min_minutes > 0:
        out.add([], 1.0, 1.0)
    for k, shift in enumerate(problem.shift_ids):
        cells = [v for (_, s), v in at.items() if s == k]
        if len(cells) > one.max_shifts[shift]:
            out.add([(v, 1.0) for v in cells], -np.inf, one.max_shifts[shift])
    weekends = problem.instance.weekends
    if len(weekends) > one.max_weekends:
        touch = [sum(first <= sunday and end > saturday for saturday, sunday in weekends) for first, end in work]
        out.add([(n + k, float(t)) for k, t in enumerate(touch) if t], -np.inf, one.max_weekends)


def _requests(problem: RosterProblem, who: str, number: Mapping, at: Mapping, cost: np.ndarray) -> int:
    constant = 0
    for request in problem.instance.on_requests:
        if request.employee == who:
            constant += request.weight
            if (request.day, number[request.shift]) in at:
                cost[at[request.day, number[request.shift]]] -= request.weight
    for request in problem.instance.off_requests:
        if request.employee == who and (request.day, number[request.shift]) in at:
            cost[at[request.day, number[request.shift]]] += request.weight
    return constant


@dataclass
class FlowModel:
    """Blocks of some employees and the cover that they share, as one program.

    Attributes
    ----------
    problem : RosterProblem
    blocks : dict
        Employee -> its block: those whose lines are free.
    given : Roster
        Cells of the other employees, whose lines stand.
    """

    problem: RosterProblem
    blocks: dict[str, Block]
    given: Roster

    @classmethod
    def build(cls, problem: RosterProblem, blocks: Mapping[str, Block] | None = None, given: Roster | None = None):
        """Model of all employees, or of those whose `blocks` are given beside a roster of the others."""
        if blocks is None:
            blocks = {one.id: block(problem, one) for one in problem.instance.staff}
        return cls(problem, dict(blocks), given or Roster({}))

    @cached_property
    def start(self) -> dict[str, int]:
        """Employee -> its first variable."""
        sizes = [len(b.cost) for b in self.blocks.values()]
        return dict(zip(self.blocks, np.concatenate([[0], np.cumsum(sizes)])[:-1].astype(int), strict=True))

    @cached_property
    def cells(self) -> dict[tuple[str, int, str], int]:
        """(employee, day, shift) -> its variable."""
        names = self.problem.shift_ids
        return {
            (who, int(day), names[shift]): self.start[who] + k
            for who, b in self.blocks.items()
            for k, (day, shift) in enumerate(zip(b.day, b.shift, strict=True))
        }

    @cached_property
    def first_cover(self) -> int:
        """First variable of cover: for each line of cover, persons too few, then persons too many."""
        return sum(len(b.cost) for b in self.blocks.values())

    @cached_property
    def wanted(self) -> np.ndarray:
        """Persons wanted of each line of cover, less those of employees whose lines stand."""
        there: dict[tuple[int, str], int] = {}
        for (who, day), shift in self.given.assigned.items():
            if who not in self.blocks and (who, day) not in self.problem.absent:
                there[day, shift] = there.get((day, shift), 0) + 1
        return np.array([c.required - there.get((c.day, c.shift), 0) for c in self.problem.instance.cover], dtype=float)

    @cached_property
    def costs(self) -> np.ndarray:
        """Cost of each variable."""
        cover = self.problem.instance.cover
        parts = [b.cost for b in self.blocks.values()]
        return np.concatenate([*parts, [c.under_weight for c in cover], [c.over_weight for c in cover]]).astype(float)

    @cached_property
    def constant(self) -> float:
        """What is added to the cost of the variables of the free employees."""
        return float(sum(b.constant for b in self.blocks.values()))

    @cached_property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and most of each variable; pins are fixed here.

        Raises
        ------
        RosterError
            A pin that a day off, a skill or availability excludes.
        """
        cover = self.problem.instance.cover
        upper = np.concatenate([*(b.upper for b in self.blocks.values()), np.full(2 * len(cover), np.inf)])
        lower = np.zeros(len(upper))
        lower[self.first_cover : self.first_cover + len(cover)] = 0
        for (who, day), shift in self.problem.pinned.items():
            if who not in self.blocks:
                continue
            for other in self.problem.open_shifts(who, day):
                upper[self.cells[who, day, other]] = 0
            if shift is not None:
                if (who, day, shift) not in self.cells:
                    raise RosterError(
                        f"{who} is pinned to {shift} on day {day}, which a day off, a skill or availability excludes: "
                        f"take back the pin or the rule"
                    )
                v = self.cells[who, day, shift]
                lower[v] = upper[v] = 1
        return lower, upper

    @cached_property
    def rows(self) -> tuple:
        """Matrix of the rows (CSR), their least and most: own rows of each employee, then cover."""
        from scipy.sparse import csr_matrix

        row, column, entry, low, high, done = [], [], [], [], [], 0
        for who, b in self.blocks.items():
            row.append(b.row + done)
            column.append(b.column + self.start[who])
            entry.append(b.entry)
            low.append(b.low)
            high.append(b.high)
            done += len(b.low)
        place = {(c.day, c.shift): k for k, c in enumerate(self.problem.instance.cover)}
        many = len(place)
        inside = [(place[day, s], v) for (who, day, s), v in self.cells.items()
                  if (day, s) in place and (who, day) not in self.problem.absent]  # fmt: skip
        over = np.arange(many)
        row += [np.array([k for k, _ in inside], dtype=int) + done, over + done, over + done]
        column += [np.array([v for _, v in inside], dtype=int), self.first_cover + over, self.first_cover + many + over]
        entry += [np.ones(len(inside)), np.ones(many), -np.ones(many)]
        shape = (done + many, len(self.costs))
        matrix = csr_matrix((np.concatenate(entry), (np.concatenate(row), np.concatenate(column))), shape=shape)
        return matrix, np.concatenate([*low, self.wanted]), np.concatenate([*high, self.wanted])

    def whole(self) -> np.ndarray:
        """Whether a variable must be whole: those of cells, which settle all others."""
        out = np.zeros(len(self.costs), dtype=bool)
        out[list(self.cells.values())] = True
        return out

    def roster(self, x: np.ndarray) -> Roster:
        """Roster of a solution, with the lines that stand."""
        found = {cell: shift for cell, shift in self.given.assigned.items() if cell[0] not in self.blocks}
        for (who, day, shift), v in self.cells.items():
            if x[v] > 0.5:
                found[who, day] = shift
        return Roster(found)

    def hint(self, roster: Roster) -> tuple[np.ndarray, np.ndarray]:
        """Variables of cells and their values in a roster."""
        index = np.array(list(self.cells.values()), dtype=int)
        value = np.array([float(roster.get(who, day) == shift) for who, day, shift in self.cells])
        return index, value


@dataclass(frozen=True)
class Solved:
    """What HiGHS found.

    Attributes
    ----------
    x : array or None
    value, bound : float
        Of the minimised sum; `bound` is proved. ``inf`` where there is no solution.
    done : bool
        Optimal, or proved to have no solution (then `x` is None).
    reduced : array or None
        Reduced costs, of a linear relaxation.
    """

    x: np.ndarray | None
    value: float
    bound: float
    done: bool
    reduced: np.ndarray | None = None


def minimise(
    model: FlowModel,
    *,
    costs: np.ndarray | None = None,
    constant: float | None = None,
    bounds: tuple[np.ndarray, np.ndarray] | None = None,
    extra: tuple | None = None,
    start: Roster | None = None,
    cpu_s: float = math.inf,
    nodes: int | None = None,
    relax: bool = False,
    slack: float = 1 - 1e-4,
) -> Solved:
    """Solve a model by HiGHS on one thread.

    Parameters
    ----------
    costs, constant, bounds : optional
        Instead of the model's.
    extra : (CSR matrix, array, array), optional
        Rows beside those of the model, their least and most.
    start : Roster, optional
        A roster to start from.
    cpu_s : float
        CPU seconds of this process after which the best so far is returned.
    nodes : int, optional
        Nodes of branch and bound after which it is: unlike a time, the same everywhere.
    relax : bool
        Solve the linear relaxation only.
    slack : float
        A solution is optimal when the bound is nearer than this: costs are whole numbers.
    """
    import highspy

    costs = model.costs if costs is None else costs
    lower, upper = bounds or model.bounds
    solver = highspy.Highs()
    for option, value in {"output_flag": False, "threads": 1, "mip_rel_gap": 0.0, "mip_abs_gap": slack}.items():
        solver.setOptionValue(option, value)
    if nodes is not None:
        solver.setOptionValue("mip_max_nodes", nodes)
    solver.passModel(
        _program(model, costs, model.constant if constant is None else constant, lower, upper, extra, relax)
    )
    if start is not None:
        index, value = model.hint(start)
        solver.setSolution(len(index), index.astype(np.int32), value)
    if cpu_s < math.inf:
        _stop_after(solver, time.process_time() + cpu_s)
    solver.run()
    return _outcome(highspy, solver, relax)


def _program(model: FlowModel, costs, constant, lower, upper, extra, relax):
    import highspy
    from scipy.sparse import vstack

    matrix, low, high = model.rows
    if extra is not None:
        matrix = vstack([matrix, extra[0]], format="csr")
        low, high = np.concatenate([low, extra[1]]), np.concatenate([high, extra[2]])
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(costs), len(low)
    lp.col_cost_, lp.col_lower_, lp.col_upper_, lp.offset_ = costs, lower, upper, constant
    lp.row_lower_, lp.row_upper_ = low, high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    if not relax:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(whole)] for whole in model.whole()]
    return lp


def _stop_after(solver, deadline: float) -> None:
    """Interrupt when the process has used its CPU seconds: HiGHS's own limit is of the wall clock."""

    def look(event) -> None:
        if time.process_time() > deadline:
            event.interrupt()

    solver.HandleUserInterrupt = True
    for callback in (solver.cbMipInterrupt, solver.cbSimplexInterrupt, solver.cbIpmInterrupt):
        callback.subscribe(look)


def _outcome(highspy, solver, relax: bool) -> Solved:
    status, info = solver.getModelStatus(), solver.getInfo()
    # No cost is below 0 without end: what presolve cannot tell from unbounded has no solution.
    if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        return Solved(None, math.inf, math.inf, True)
    found = info.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible)
    optimal = status == highspy.HighsModelStatus.kOptimal
    value = float(info.objective_function_value) if found else math.inf
    if relax and not optimal:
        return Solved(None, math.inf, -math.inf, False)
    if relax:
        solution = solver.getSolution()
        return Solved(np.array(solution.col_value), value, value, True, np.array(solution.col_dual))
    return Solved(
        np.array(solver.getSolution().col_value) if found else None, value, float(info.mip_dual_bound), optimal
    )
