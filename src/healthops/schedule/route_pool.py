"""The best routes of many searches, put together anew: set partitioning over a pool of routes, by HiGHS.

Rochat & Taillard (1995) and Subramanian, Uchoa & Ochi (2013) do so for routing: a search is caught where exchanging two
or three visits gains nothing, but the routes that it has seen on its way often make a better plan together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from scipy import sparse

#: A worker type, and its clients in order.
Key = tuple[int, tuple[int, ...]]
#: Most routes of one program.
MOST_ROUTES = 30_000
#: Nodes of branch and bound without a limit in seconds: the same on every machine.
MOST_NODES = 200


class RoutePool:
    """Routes by worker type and set of visits, each in the shortest order seen."""

    def __init__(self, visits: int, numbers: Sequence[int], prizes: np.ndarray, required: np.ndarray) -> None:
        self.visits, self.numbers = visits, list(numbers)
        self.prizes, self.required = np.asarray(prizes, float), np.asarray(required, bool)
        self.routes: dict[tuple[int, frozenset[int]], tuple[int, Key]] = {}

    def __len__(self) -> int:
        return len(self.routes)

    def add(self, key: Key, visits: Iterable[int], cost: int) -> None:
        """Keep a route if it is new, or shorter than the one with the same visits; the newest stand last."""
        name = (key[0], frozenset(visits))
        old = self.routes.get(name)
        if old is None or cost < old[0]:
            self.routes.pop(name, None)
            self.routes[name] = (cost, key)
        if len(self.routes) > 4 * MOST_ROUTES:
            # Long searches see more routes than memory should hold; the oldest are the worst.
            self.routes = dict(list(self.routes.items())[-2 * MOST_ROUTES :])

    def combine(self, best: Sequence[Key] | None, *, seconds: float | None = None) -> list[Key] | None:
        """Return the cheapest plan of routes of the pool, or None if none was found.

        Parameters
        ----------
        best : keys, optional
            A plan that is known; HiGHS starts from it.
        seconds : float, optional
            Limit on HiGHS; without it its search tree is limited, and the result does not depend on the machine.
        """
        import highspy

        chosen = list(self.routes.items())[-MOST_ROUTES:]
        if not chosen:
            return None
        solver = highspy.Highs()
        for option, value in {"output_flag": False, "threads": 1, "mip_rel_gap": 0.0}.items():
            solver.setOptionValue(option, value)
        if seconds is None:
            solver.setOptionValue("mip_max_nodes", MOST_NODES)
        else:
            solver.setOptionValue("time_limit", float(seconds))
        solver.passModel(self._program(chosen))
        if best is not None:
            self._start(solver, chosen, best)
        solver.run()
        values = np.array(solver.getSolution().col_value)
        if solver.getInfo().primal_solution_status != int(highspy.SolutionStatus.kSolutionStatusFeasible):
            return None
        return [key for (_, (_, key)), value in zip(chosen, values, strict=False) if value > 0.5]

    def _program(self, chosen: list) -> object:
        """Columns: routes; rows: each visit once (at most once without a duty to), each type's number."""
        import highspy

        rows, columns, costs = [], [], []
        for k, ((kind, visits), (cost, _)) in enumerate(chosen):
            members = sorted(visits)
            rows += [*members, self.visits + kind]
            columns += [k] * (len(members) + 1)
            costs.append(cost - self.prizes[members].sum())
        size = self.visits + len(self.numbers)
        matrix = sparse.csc_matrix((np.ones(len(rows)), (rows, columns)), shape=(size, len(chosen)))
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(chosen), size
        lp.col_cost_ = np.array(costs, float)
        lp.col_lower_, lp.col_upper_ = np.zeros(len(chosen)), np.ones(len(chosen))
        lp.row_lower_ = np.concatenate([self.required.astype(float), np.zeros(len(self.numbers))])
        lp.row_upper_ = np.concatenate([np.ones(self.visits), np.array(self.numbers, float)])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
        lp.integrality_ = [highspy.HighsVarType.kInteger] * len(chosen)
        return lp

    def _start(self, solver: object, chosen: list, best: Sequence[Key]) -> None:
        import highspy

        wanted = {(kind, tuple(clients)) for kind, clients in best}
        start = highspy.HighsSolution()
        start.col_value = [float(key in wanted) for _, (_, key) in chosen]
        if sum(start.col_value) == len(wanted):
            solver.setSolution(start)
