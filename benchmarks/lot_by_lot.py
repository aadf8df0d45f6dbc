"""The campaign's program written a second time, with a variable for every lot in every district, for SciPy's HiGHS.

It shares nothing with `campaign_program` but the tables, and has stock variables where that has none: another
formulation and another solver (simplex), to agree with on small cases.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix, vstack

from healthops.allocate.campaign import Campaign

#: The stages that it can solve.
STAGES = ("floor", "benefit", "waste")


def solve_lot_by_lot(
    campaign: Campaign,
    objective: str,
    *,
    floor: float = 0.0,
    benefit: float | None = None,
    carry: bool = False,
    method: str = "highs-ds",
) -> float:
    """Return the optimal value of a stage.

    Parameters
    ----------
    campaign : Campaign
    objective : {'floor', 'benefit', 'waste'}
    floor, benefit : float
        What the stages before have reached, and this one holds.
    carry : bool
        Let districts keep stock beyond a round.
    method : str
        As in :func:`scipy.optimize.linprog`: the dual simplex method by default.

    Raises
    ------
    ValueError
        If the stage is unknown or HiGHS proves no optimum.
    """
    if objective not in STAGES:
        raise ValueError(f"objective is {objective!r}: it is one of {', '.join(STAGES)}")
    program = _LotByLot(campaign, floor, carry)
    program.build(with_theta=objective == "floor")
    averted = program.averted()
    if benefit is not None:
        program.add(averted, benefit, np.inf)
    cost = np.zeros(len(program.names))
    if objective == "floor":
        cost[program.names["theta",]] = -1.0
    elif objective == "benefit":
        for j, worth in averted:
            cost[j] -= worth
    else:
        for lot in program.lots:
            cost[program.names["left", lot.lot]] = float(lot.expires < campaign.weeks - 1)
    return program.solve(cost, method)


class _LotByLot:
    """Rows of the program, one at a time; variables are known by name."""

    def __init__(self, c: Campaign, floor: float, carry: bool) -> None:
        self.c, self.floor, self.carry = c, floor, carry
        self.names: dict[tuple, int] = {}
        self.i, self.j, self.a = [], [], []
        self.low, self.high = [], []
        self.weeks = range(c.weeks)
        self.products = {p.product: p for p in c.products.itertuples()}
        self.lots = list(c.lots.itertuples())
        self.districts = list(c.districts.itertuples())
        self.people = {(p.district, p.group): p for p in c.people.itertuples()}
        self.lot = {lot.lot: lot for lot in self.lots}
        stock = c.stock[c.stock["doses"] > 0]
        self.stock = {n: dict(zip(f["lot"], f["doses"], strict=True)) for n, f in stock.groupby("district")}
        self.due = c.due.groupby(["district", "group", "product", "week"])["courses"].sum()
        self.interval = {n: int(p.interval_weeks) if p.doses == 2 else 0 for n, p in self.products.items()}

    def var(self, *key) -> int:
        return self.names.setdefault(key, len(self.names))

    def add(self, entries, low: float, high: float) -> None:
        for j, a in entries:
            self.i.append(len(self.low))
            self.j.append(j)
            self.a.append(a)
        self.low.append(low)
        self.high.append(high)

    def build(self, *, with_theta: bool) -> None:
        for d in self.districts:
            for t in self.weeks:
                self.one_week(d, t)
            for g in self.c.groups:
                self.one_group(d, g, with_theta)
        for lot in self.lots:
            sent = [(j, 1.0) for key, j in list(self.names.items()) if key[0] == "ship" and key[2] == lot.lot]
            self.add([*sent, (self.var("left", lot.lot), 1.0)], lot.doses, lot.doses)
        self.regional_stores()
        if np.isfinite(self.c.national_litres):
            self.national_store()

    def one_week(self, d, t: int) -> None:
        """Vaccinators, what comes, goes and stays of every lot, litres in the store, doses given out of it."""
        give = [(self.var("give", d.district, n, g, t), 1.0) for n in self.products for g in self.c.groups]
        self.add(give, 0, d.vaccinator_doses)
        litres = [entry for lot in self.lots for entry in self.balance(d, lot, t)]
        old, held, gone = self.old_stock(d, t)
        self.add(litres + gone, -np.inf, d.capacity_litres - held)
        for n, p in self.products.items():
            drawn = [(self.var("use", d.district, lot.lot, t), 1.0) for lot in self.lots if lot.product == n]
            drawn += [(self.var("old", d.district, lot, t), 1.0) for lot in old if self.lot[lot].product == n]
            given = [(self.var("give", d.district, n, g, t), -p.wastage_factor) for g in self.c.groups]
            self.add(drawn + given, 0, 0)

    def balance(self, d, lot, t: int) -> list[tuple[int, float]]:
        """Stock of one lot in one week; return the litres that it takes, as entries of a row."""
        out, keep = ("use", d.district, lot.lot, t), ("keep", d.district, lot.lot, t)
        now = [("keep", d.district, lot.lot, t - 1)] if t else []
        if (t + self.c.clock) % d.delivery_every == 0 and t >= lot.arrives:
            now = [*now, ("ship", d.district, lot.lot, t)]
        self.add([(self.var(*k), 1.0) for k in now] + [(self.var(*k), -1.0) for k in (out, keep)], 0, 0)
        last = (t + 1 + self.c.clock) % d.delivery_every == 0 or t == self.c.weeks - 1
        if t >= lot.expires or (last and not self.carry):
            self.add([(self.var(*keep), 1.0)], 0, 0)
        if t > lot.expires:
            self.add([(self.var(*out), 1.0)], 0, 0)
        return [(self.var(*k), self.products[lot.product].litres_per_dose) for k in now]

    def old_stock(self, d, t: int) -> tuple[dict[str, float], float, list[tuple[int, float]]]:
        """Stock at hand at the start: what there was by lot, its litres, and entries for what is gone of them."""
        old = self.stock.get(d.district, {}) if t < self.c.stock_weeks else {}
        held, gone = 0.0, []
        for lot, doses in old.items():
            litre = self.products[self.lot[lot].product].litres_per_dose
            held += doses * litre
            gone += [(self.var("old", d.district, lot, s), -litre) for s in range(t)]
            self.add([(self.var("old", d.district, lot, s), 1.0) for s in range(t + 1)], 0, doses)
            if t > self.lot[lot].expires:
                self.add([(self.var("old", d.district, lot, t), 1.0)], 0, 0)
        return old, held, gone

    def one_group(self, d, g: str, with_theta: bool) -> None:
        """Willing people, the floor, and second doses one interval after the first."""
        row = self.people[d.district, g]
        willing = row.population * row.willingness
        room = max(willing - row.covered, 0.0)
        need = max(self.floor * willing - row.covered, 0.0) if d.protected else 0.0
        first = [(self.var("first", d.district, n, g, t), 1.0) for n in self.products for t in self.weeks]
        self.add(first, min(need, room), room)
        if with_theta and d.protected:
            self.add([*first, (self.var("theta"), -willing)], -row.covered, np.inf)
        for n, k in self.interval.items():
            for t in self.weeks:
                second = [(self.var("first", d.district, n, g, t - k), -1.0)] if k and t >= k else []
                own = [(self.var("give", d.district, n, g, t), 1.0), (self.var("first", d.district, n, g, t), -1.0)]
                if len(self.due):
                    own += [(self.var("due", d.district, n, g, t), -1.0)]
                    by_now = sum(self.due.get((d.district, g, n, s), 0.0) for s in range(t + 1))
                    given = [(self.var("due", d.district, n, g, s), 1.0) for s in range(t + 1)]
                    self.add(given, by_now if t == self.c.weeks - 1 else 0, by_now)
                self.add(own + second, 0, 0)
                if k and t + k >= self.c.weeks:
                    self.add([(self.var("first", d.district, n, g, t), 1.0)], 0, 0)

    def regional_stores(self) -> None:
        """Litres through each regional store in each week."""
        region = {d.district: d.region for d in self.districts}
        through: dict[tuple[str, int], list] = {(r, t): [] for r in self.c.regions["region"] for t in self.weeks}
        for key, j in self.names.items():
            if key[0] == "ship":
                litre = self.products[self.lot[key[2]].product].litres_per_dose
                through[region[key[1]], key[3]].append((j, litre))
        for r in self.c.regions.itertuples():
            for t in self.weeks:
                self.add(through[r.region, t], 0, r.capacity_litres)

    def national_store(self) -> None:
        """Litres in the national store: what has arrived and is good, less what has gone before the week."""
        ships = [(key, j) for key, j in self.names.items() if key[0] == "ship"]
        for t in self.weeks:
            held, gone = 0.0, []
            for lot in self.lots:
                if lot.arrives <= t <= lot.expires:
                    litre = self.products[lot.product].litres_per_dose
                    held += lot.doses * litre
                    gone += [(j, -litre) for key, j in ships if key[2] == lot.lot and key[3] < t]
            self.add(gone, -np.inf, self.c.national_litres - held)

    def averted(self) -> list[tuple[int, float]]:
        """Entries of what the first doses avert."""
        return [
            (self.var("first", d.district, n, g, t), self.c.worth[i, j, h, t])
            for i, d in enumerate(self.districts)
            for j, n in enumerate(self.products)
            for h, g in enumerate(self.c.groups)
            for t in self.weeks
        ]

    def solve(self, cost: np.ndarray, method: str) -> float:
        low, high = np.array(self.low), np.array(self.high)
        a = coo_matrix((self.a, (self.i, self.j)), shape=(len(low), len(cost))).tocsr()
        same = low == high
        up, down = ~same & np.isfinite(high), ~same & np.isfinite(low)
        found = linprog(
            cost,
            A_ub=vstack([a[up], -a[down]]),
            b_ub=np.concatenate([high[up], -low[down]]),
            A_eq=a[same],
            b_eq=high[same],
            method=method,
            options={"primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9},
        )
        if found.status != 0:
            raise ValueError(f"HiGHS proves no optimum of the program lot by lot: {found.message}")
        return abs(found.fun)
