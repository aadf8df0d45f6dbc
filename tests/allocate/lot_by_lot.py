"""The campaign's program written a second time, with a variable for every lot in every district, for SciPy's HiGHS.

It shares nothing with `campaign_program` but the tables, and has stock variables where that has none.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix


class Rows:
    """Rows of a sparse program, one at a time."""

    def __init__(self):
        self.i, self.j, self.a, self.low, self.high = [], [], [], [], []

    def add(self, entries, low, high):
        for j, a in entries:
            self.i.append(len(self.low))
            self.j.append(j)
            self.a.append(a)
        self.low.append(low)
        self.high.append(high)


def solve_lot_by_lot(c, objective, *, floor=0.0, benefit=None, carry=False, method="highs"):
    """Optimal value of a stage: "floor", "benefit" or "waste". `carry` lets districts keep stock beyond a round."""
    names = {}

    def var(*key):
        return names.setdefault(key, len(names))

    rows = Rows()
    weeks = range(c.weeks)
    products = {p.product: p for p in c.products.itertuples()}
    lots = list(c.lots.itertuples())
    districts = list(c.districts.itertuples())
    people = {(p.district, p.group): p for p in c.people.itertuples()}
    product_of = dict(zip(c.lots["lot"], c.lots["product"], strict=True))
    expires = dict(zip(c.lots["lot"], c.lots["expires"], strict=True))
    stock = {
        n: dict(zip(f["lot"], f["doses"], strict=True)) for n, f in c.stock[c.stock["doses"] > 0].groupby("district")
    }
    due = c.due.groupby(["district", "group", "product", "week"])["courses"].sum()
    interval = {n: int(p.interval_weeks) if p.doses == 2 else 0 for n, p in products.items()}
    for d in districts:
        for t in weeks:
            rows.add(
                [(var("give", d.district, n, g, t), 1.0) for n in products for g in c.groups], 0, d.vaccinator_doses
            )
            litres = []
            for lot in lots:
                out = ("use", d.district, lot.lot, t)
                into = ("ship", d.district, lot.lot, t)
                keep = [("keep", d.district, lot.lot, t)]
                before = [("keep", d.district, lot.lot, t - 1)] if t else []
                if (t + c.clock) % d.delivery_every == 0 and t >= lot.arrives:
                    now = [*before, into]
                else:
                    now = before
                rows.add([(var(*k), 1.0) for k in now] + [(var(*k), -1.0) for k in [out, *keep]], 0, 0)
                litres += [(var(*k), products[lot.product].litres_per_dose) for k in now]
                last = (t + 1 + c.clock) % d.delivery_every == 0 or t == c.weeks - 1
                if t >= lot.expires or (last and not carry):
                    rows.add([(var(*keep[0]), 1.0)], 0, 0)
                if t > lot.expires:
                    rows.add([(var(*out), 1.0)], 0, 0)
            old = {lot: doses for lot, doses in stock.get(d.district, {}).items() if t < c.stock_weeks}
            held = 0.0
            for lot, doses in old.items():
                held += doses * products[product_of[lot]].litres_per_dose
                gone = [("old", d.district, lot, s) for s in range(t)]
                litres += [(var(*k), -products[product_of[lot]].litres_per_dose) for k in gone]
                rows.add([(var("old", d.district, lot, s), 1.0) for s in range(t + 1)], 0, doses)
                if t > expires[lot]:
                    rows.add([(var("old", d.district, lot, t), 1.0)], 0, 0)
            rows.add(litres, -np.inf, d.capacity_litres - held)
            for n, p in products.items():
                drawn = [(var("use", d.district, lot.lot, t), 1.0) for lot in lots if lot.product == n]
                drawn += [(var("old", d.district, lot, t), 1.0) for lot in old if product_of[lot] == n]
                given = [(var("give", d.district, n, g, t), -p.wastage_factor) for g in c.groups]
                rows.add(drawn + given, 0, 0)
        for g in c.groups:
            row = people[d.district, g]
            willing = row.population * row.willingness
            need = floor * willing - row.covered if d.protected else 0.0
            first = [(var("first", d.district, n, g, t), 1.0) for n in products for t in weeks]
            rows.add(first, min(max(need, 0.0), max(willing - row.covered, 0.0)), max(willing - row.covered, 0.0))
            if objective == "floor" and d.protected:
                rows.add([*first, (var("theta"), -willing)], -row.covered, np.inf)
            for n, k in interval.items():
                for t in weeks:
                    second = [(var("first", d.district, n, g, t - k), -1.0)] if k and t >= k else []
                    own = [(var("give", d.district, n, g, t), 1.0), (var("first", d.district, n, g, t), -1.0)]
                    if len(due):
                        own += [(var("due", d.district, n, g, t), -1.0)]
                        by_now = sum(due.get((d.district, g, n, s), 0.0) for s in range(t + 1))
                        given = [(var("due", d.district, n, g, s), 1.0) for s in range(t + 1)]
                        rows.add(given, by_now if t == c.weeks - 1 else 0, by_now)
                    rows.add(own + second, 0, 0)
                    if k and t + k >= c.weeks:
                        rows.add([(var("first", d.district, n, g, t), 1.0)], 0, 0)
    for lot in lots:
        sent = [
            (var("ship", d.district, lot.lot, t), 1.0)
            for d in districts
            for t in weeks
            if ("ship", d.district, lot.lot, t) in names
        ]
        rows.add([*sent, (var("left", lot.lot), 1.0)], lot.doses, lot.doses)
    for r in c.regions.itertuples():
        for t in weeks:
            through = [
                (names["ship", d.district, lot.lot, t], products[lot.product].litres_per_dose)
                for d in districts
                for lot in lots
                if d.region == r.region and ("ship", d.district, lot.lot, t) in names
            ]
            rows.add(through, 0, r.capacity_litres)
    if np.isfinite(c.national_litres):
        for t in weeks:
            held, gone = 0.0, []
            for lot in lots:
                if lot.arrives <= t <= lot.expires:
                    v = products[lot.product].litres_per_dose
                    held += lot.doses * v
                    gone += [(names[k], -v) for k in names if k[0] == "ship" and k[2] == lot.lot and k[3] < t]
            rows.add(gone, -np.inf, c.national_litres - held)
    worth = {
        (d.district, n, g, t): c.worth[i, j, h, t]
        for i, d in enumerate(districts)
        for j, n in enumerate(products)
        for h, g in enumerate(c.groups)
        for t in weeks
    }
    averted = [(var("first", *key), w) for key, w in worth.items()]
    if benefit is not None:
        rows.add(averted, benefit, np.inf)
    cost = np.zeros(len(names))
    if objective == "floor":
        cost[names["theta",]] = -1.0
    elif objective == "benefit":
        for j, w in averted:
            cost[j] -= w
    else:
        for lot in lots:
            cost[names["left", lot.lot]] = float(lot.expires < c.weeks - 1)
    return _solve(rows, cost, method)


def _solve(rows, cost, method):
    low, high = np.array(rows.low), np.array(rows.high)
    a = coo_matrix((rows.a, (rows.i, rows.j)), shape=(len(low), len(cost))).tocsr()
    same = low == high
    up, down = ~same & np.isfinite(high), ~same & np.isfinite(low)
    from scipy.sparse import vstack

    found = linprog(
        cost,
        A_ub=vstack([a[up], -a[down]]),
        b_ub=np.concatenate([high[up], -low[down]]),
        A_eq=a[same],
        b_eq=high[same],
        method=method,
        options={"primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9},
    )
    assert found.status == 0, found.message
    return abs(found.fun)
