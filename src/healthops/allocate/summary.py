"""What a notebook shows of a plan or a replay, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from healthops.allocate.plan import Plan, plan
from healthops.allocate.policies import POLICIES, Context, Policy
from healthops.allocate.replay import Decision, Run
from healthops.allocate.resources import Resource
from healthops.evaluate import equity

if TYPE_CHECKING:
    import pandas as pd


def context_of(
    known: Decision,
    resource: Resource,
    *,
    stock: np.ndarray,
    population: np.ndarray,
    protected: np.ndarray,
    floor: float,
) -> Context:
    """What a policy is told at one decision, if `stock` is at hand that day and nothing is on its way."""
    left = np.asarray(stock, float)
    for expected in known.between:
        left = np.maximum(left - expected, 0.0)
    return Context(
        need=known.need,
        budget=known.budget,
        stock=left,
        population=population,
        last_week=known.last_week,
        protected=protected,
        floor=floor,
        box=resource.box,
    )


def certified(context: Context) -> Plan:
    """Plan with the optimum that HiGHS proves beside it."""
    c = context
    return plan(c.need, c.budget, stock=c.stock, box=c.box, protected=c.protected, floor=c.floor, certify=True)


def plan_table(
    contexts: Mapping[str, Context],
    locations: np.ndarray,
    reference_date: np.datetime64,
    *,
    policies: Mapping[str, Policy] = POLICIES,
) -> pd.DataFrame:
    """Every policy's allocation of every resource, as rows of table ``resource_plans``, rounded to a millionth."""
    import pandas as pd

    parts = []
    for resource, context in contexts.items():
        for name, policy in policies.items():
            sent = policy(context)
            values = {
                "expected_need": context.need.mean,
                "allocated": sent,
                "expected_unmet": context.need.unmet(context.stock + sent),
            }
            keys = {"policy": name, "reference_date": reference_date.astype("datetime64[ns]"), "resource": resource}
            rounded = {column: np.round(value, 6) + 0.0 for column, value in values.items()}
            parts.append(pd.DataFrame({**keys, "location": locations, **rounded}))
    return pd.concat(parts, ignore_index=True)


def budget_curve(
    context: Context, shares: Sequence[float], *, policies: Mapping[str, Policy] = POLICIES
) -> pd.DataFrame:
    """Expected unmet need, in % of the expected need, by budget (a share of it) and policy: one column a policy."""
    import pandas as pd

    need, box = context.need, context.box
    total = need.mean.sum()
    rows = []
    for share in shares:
        budget = share * total if box is None else box * np.floor(share * total / box + 1e-9)
        told = replace(context, budget=float(budget))
        left = {name: need.unmet(context.stock + policy(told)).sum() for name, policy in policies.items()}
        rows.append({name: 100 * value / max(total, 1e-12) for name, value in left.items()})
    return pd.DataFrame(rows, index=pd.Index(shares, name="budget_share"))


def floor_curve(context: Context, floors: Sequence[float]) -> pd.DataFrame:
    """What a floor costs: by floor, the floor held, and the expected coverage of the protected and of all, in %."""
    import pandas as pd

    c, rows = context, []
    mean = c.need.mean
    for floor in floors:
        found = plan(c.need, c.budget, stock=c.stock, box=c.box, protected=c.protected, floor=floor)
        rows.append(
            {
                "floor": 100 * floor,
                "held": 100 * found.floor,
                "protected": _coverage(found.unmet[c.protected], mean[c.protected]),
                "others": _coverage(found.unmet[~c.protected], mean[~c.protected]),
                "all": _coverage(found.unmet, mean),
                "unmet": found.unmet.sum(),
            }
        )
    return pd.DataFrame(rows)


def group_table(table: pd.DataFrame, groups: pd.Series, *, policy: str, against: str) -> pd.DataFrame:
    """Who gets more under `policy` than `against`: allocated units and share of the expected need by group of
    districts.

    Parameters
    ----------
    table : data frame
        Rows of ``resource_plans`` of one resource.
    groups : series
        Group of each district, indexed by its code.
    """
    import pandas as pd

    mine = table[table["policy"] == policy].set_index("location")
    theirs = table[table["policy"] == against].set_index("location")
    frame = pd.DataFrame(
        {
            "group": groups.reindex(mine.index),
            "districts": 1,
            "expected_need": mine["expected_need"],
            "allocated": mine["allocated"],
            "against": theirs["allocated"],
            "unmet": mine["expected_unmet"],
            "unmet_against": theirs["expected_unmet"],
        }
    )
    return frame.groupby("group", observed=True).sum()


def season_table(runs: Mapping[tuple[str, str], Run], resource: str) -> pd.DataFrame:
    """Need, units sent, unmet need and its share, one row a policy, least unmet first."""
    import pandas as pd

    rows = {}
    for (policy, name), run in runs.items():
        if name == resource:
            need, unmet = run.need.sum(), run.unmet.sum()
            rows[policy] = {
                "need": need,
                "sent": run.sent.sum(),
                "unmet": unmet,
                "unmet_pct": 100 * unmet / max(need, 1e-12),
            }
    return pd.DataFrame.from_dict(rows, orient="index").sort_values("unmet", kind="stable")


def equity_table(
    runs: Mapping[tuple[str, str], Run], resource: str, *, population: np.ndarray, poverty: np.ndarray
) -> pd.DataFrame:
    """How the unmet need of a season falls on people: Gini, Theil and concentration of its rate, and the poorest."""
    import pandas as pd

    poor = equity.poorest(poverty)
    rows = {}
    for (policy, name), run in runs.items():
        if name == resource:
            unmet, need = run.unmet.sum(axis=0), run.need.sum(axis=0)
            rate = 1e5 * unmet / population
            rows[policy] = {
                "gini": equity.gini(rate, weights=population),
                "theil": equity.theil(rate, weights=population),
                "concentration": equity.concentration_index(rate, poverty, weights=population),
                "poorest_share_pct": 100 * equity.share_in(unmet, poor),
                "poorest_unmet_pct": 100 * unmet[poor].sum() / max(need[poor].sum(), 1e-12),
                "others_unmet_pct": 100 * unmet[~poor].sum() / max(need[~poor].sum(), 1e-12),
            }
    return pd.DataFrame.from_dict(rows, orient="index")


def _coverage(unmet: np.ndarray, need: np.ndarray) -> float:
    return 100.0 if need.sum() <= 0 else float(100 * (1 - unmet.sum() / need.sum()))


def unmet_by_fifth(runs: Mapping[tuple[str, str], Run], resource: str, *, poverty: np.ndarray) -> pd.DataFrame:
    """Unmet need in % of the need by fifth of the districts, 1 the least and 5 the most poor; one column a policy.

    Districts of unknown poverty are left out.
    """
    import pandas as pd

    bounds = [equity.poorest(poverty, fraction=f) for f in (1.0, 0.8, 0.6, 0.4, 0.2)]
    inner = [*bounds[1:], np.zeros(len(poverty), bool)]
    columns = {}
    for (policy, name), run in runs.items():
        if name == resource:
            unmet, need = run.unmet.sum(axis=0), run.need.sum(axis=0)
            fifths = [here & ~poorer for here, poorer in zip(bounds, inner, strict=True)]
            columns[policy] = [100 * unmet[f].sum() / max(need[f].sum(), 1e-12) for f in fifths]
    return pd.DataFrame(columns, index=pd.RangeIndex(1, 6, name="poverty_fifth"))
