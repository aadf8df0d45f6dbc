"""Why no plan exists: the least relaxation of the constraints that lets one exist.

Every row gets a variable for what it is exceeded by, and their sum is made as small as can be (elastic programming;
Chinneck 2008, Feasibility and Infeasibility in Optimization, chapter 6).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import hstack, identity

from healthops.allocate import interior
from healthops.allocate.campaign_program import CampaignProgram
from healthops.allocate.campaign_simplex import SMALL_PROGRAM, solve_at_vertex
from healthops.allocate.interior import Kind, Program

#: Relaxations below this many doses in all are rounding.
NOTHING = 1e-3
#: Where several relaxations are as small, supply and capacity are named before people, and lots before pairs of weeks.
PREFER_OWN, PREFER_PAIR = 1.2, 1.5


def explain(program: CampaignProgram, lp: Program, *, most: int = 3) -> str:
    """Which constraints stand in the way and by how much; empty if a plan exists.

    Parameters
    ----------
    program : CampaignProgram
    lp : Program
        One of its stages.
    most : int
        How many rows to name of each kind of constraint.
    """
    litre = float(program.litres_per_dose.mean())
    worth = np.ones(lp.rhs.shape[1])
    worth[program.c.weeks : 2 * program.c.weeks] = 1 / litre
    worth[2 * program.c.weeks :] = PREFER_OWN
    rules = np.array([rule for rule, _ in program.link.names])
    prices = np.where(rules == "doses that no lot can be", PREFER_PAIR, 1.0)
    relaxed = elastic(lp, worth, prices)
    if lp.cost.size <= SMALL_PROGRAM:
        outcome = solve_at_vertex(relaxed)
    else:
        outcome = interior.solve(relaxed, tolerance=1e-5, feasibility=1e-8)
    n_main, m = lp.cost.shape[1] - lp.rhs.shape[1], lp.rhs.shape[1]
    missing = outcome.x[:, n_main : n_main + m] - outcome.x[:, n_main + m : n_main + 2 * m]
    missing = missing * program.people[:, None]
    n, rows = lp.link.shape[1], len(lp.link_rhs)
    shared = (outcome.v[n : n + rows] - outcome.v[n + rows :]) * program.unit
    if outcome.value * program.unit < max(NOTHING, 1e-6 * program.supply.sum()):
        return ""
    found: dict[str, list[tuple[float, str]]] = {}
    for rule, where, amount in [*_own_rows(program, missing), *_shared_rows(program, shared)]:
        found.setdefault(rule, []).append((abs(amount), where))
    largest = max(amount for items in found.values() for amount, _ in items)
    lines = []
    for rule, items in sorted(found.items(), key=lambda kv: -sum(a for a, _ in kv[1])):
        items = sorted((i for i in items if i[0] > 1e-3 * largest), reverse=True)
        if items:
            named = "; ".join(f"{where}: {amount:.4g}" for amount, where in items[:most])
            lines.append(f"{rule}, {sum(a for a, _ in items):.6g} in all ({named})")
    return "no plan meets all constraints; the least that would have to give way: " + " | ".join(lines)


def elastic(lp: Program, worth: np.ndarray, prices: np.ndarray) -> Program:
    """The program with a variable for each row's excess and lack, which cost `worth` (M,) and `prices` (L,) doses."""
    d, n = lp.cost.shape
    m, rows = lp.rhs.shape[1], len(lp.link_rhs)
    main = n - m
    give = np.concatenate([np.eye(m), -np.eye(m)], axis=1)

    def widen(a, middle):
        return np.concatenate([a[:, :main], middle, a[:, main:]], axis=1)

    kinds = tuple(Kind(k.places, widen(k.rows, give), widen(k.use, np.zeros((len(k.use), 2 * m)))) for k in lp.kinds)
    cost = lp.weight[:, None] * np.concatenate([worth, worth])
    reach = 10 * (1 + np.abs(lp.rhs).max()) * np.ones((d, 2 * m))
    eye = identity(rows, format="csr")
    most = 10 * (1 + np.abs(lp.link_rhs).max()) * np.ones(2 * rows)
    extra = lp.extra
    if extra is not None:
        extra = np.concatenate([extra[:, :, :main], np.zeros((d, extra.shape[1], 2 * m)), extra[:, :, main:]], axis=2)
    return replace(
        lp,
        kinds=kinds,
        cost=widen(np.zeros((d, n)), cost),
        upper=widen(lp.upper, np.full((d, 2 * m), np.inf)),
        reach=widen(lp.reach, reach),
        link=hstack([lp.link, eye, -eye]).tocsr(),
        link_cost=np.concatenate([np.zeros(lp.link.shape[1]), prices, prices]),
        link_reach=np.concatenate([lp.link_reach, most]),
        extra=extra,
        column_cost=0.0,
    )


def _own_rows(program: CampaignProgram, missing: np.ndarray):
    """(rule, where, amount) of each row of the districts, missing of shape (D, M)."""
    c, t = program.c, program.c.weeks
    names = c.districts["district"].to_numpy()[program.order]
    labels = [("vaccinators can give too few doses", f"week {w}") for w in range(t)]
    labels += [("litres that a district's store lacks", f"week {w}") for w in range(t)]
    labels += [("persons for the floor or beyond the willing", g) for g in c.groups]
    labels += [("past doses, stock or second doses due", "") for _ in range(missing.shape[1] - len(labels))]
    for d, row in zip(*np.nonzero(np.abs(missing) > 1e-6), strict=True):
        rule, where = labels[row]
        yield rule, f"{names[d]} {where}".strip(), missing[d, row]


def _shared_rows(program: CampaignProgram, missing: np.ndarray):
    labels = list(program.link.names)
    litre = float(program.litres_per_dose.mean())
    for row in np.flatnonzero(np.abs(missing) > 1e-6):
        # Litres count in doses of mean volume in the shared rows.
        yield (*labels[row], missing[row] * (litre if labels[row][0].startswith("litres") else 1.0))
