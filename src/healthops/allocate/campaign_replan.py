"""Make a campaign's plan again after a change of supply, stock, stores, staff or forecast.

Weeks that are over, and a freeze period, stay as they were; at most a share of the doses moves; and a table says what
changed and why. Starts from where the solver stood in the last plan.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from healthops.allocate.campaign import KEYS, Campaign
from healthops.allocate.campaign_past import rows_of
from healthops.allocate.campaign_plan import CampaignPlan, plan_campaign

#: A change below this many doses is not listed.
SMALL = 0.5


@dataclass(frozen=True)
class Replan:
    """A plan made again.

    Attributes
    ----------
    plan : CampaignPlan
    facts : DataFrame
        What is different in the tables: ``table``, ``key``, ``column``, ``before``, ``after``.
    changes : DataFrame
        ``district``, ``product``, ``week``, ``before``, ``after`` (doses given), ``why``.
    moved : float
        Doses of the last plan that are no longer given where and when they were planned, as a share of its doses.
    forced : float
        Part of it that lots and stock at hand no longer hold, or not yet.
    """

    plan: CampaignPlan
    facts: pd.DataFrame
    changes: pd.DataFrame
    moved: float
    forced: float


def replan(
    campaign: Campaign,
    last: CampaignPlan,
    *,
    frozen: int,
    moved_share: float = 0.1,
    stages: tuple[str, ...] = ("floor", "benefit"),
    tolerance: float = 1e-4,
    **options,
) -> Replan:
    """Plan again, near the last plan.

    Parameters
    ----------
    campaign : Campaign
        With the facts as they are now, on the same weeks, places, groups and products.
    last : CampaignPlan
    frozen : int
        First weeks whose doses stay as in `last`: those that are over and the freeze period.
    moved_share : float
        At most this share of the last plan's doses is taken from where and when it was, beyond those that lots and
        stock at hand no longer hold, or not yet.
    stages, tolerance, options
        As in :func:`.campaign_plan.plan_campaign`.

    Raises
    ------
    InfeasibleCampaign
        If the frozen weeks or the bound cannot be kept; the message says by how much.
    ValueError
        If the places, groups, products or weeks are others than in `last`.
    """
    _same_shape(campaign, last.campaign)
    doses = campaign.products["doses"].to_numpy(float)[:, None, None]
    planned = float((last.courses * doses).sum())
    lost = _lost(campaign, last.campaign)
    cap = moved_share * planned + lost
    plan = plan_campaign(
        campaign,
        stages=stages,
        last=last.courses,
        frozen=frozen,
        moved=cap,
        tolerance=tolerance,
        starts=last.points,
        **options,
    )
    moved = float((np.maximum(last.courses - plan.courses, 0) * doses).sum())
    facts = facts_changed(last.campaign, campaign)
    changes = changes_of(last, plan, facts)
    return Replan(plan, facts, changes, moved / max(planned, 1e-9), lost / max(planned, 1e-9))


def facts_changed(before: Campaign, after: Campaign) -> pd.DataFrame:
    """Cells of the tables that differ, and rows that came or went."""
    rows = []
    for table, keys in KEYS.items():
        a, b = getattr(before, table).set_index(keys), getattr(after, table).set_index(keys)
        for key in a.index.difference(b.index):
            rows.append((table, _key(key), "row", "there", "gone"))
        for key in b.index.difference(a.index):
            rows.append((table, _key(key), "row", "not there", "new"))
        both = a.index.intersection(b.index)
        for column in a.columns:
            x, y = a.loc[both, column], b.loc[both, column]
            for key in both[(x != y).to_numpy()]:
                rows.append((table, _key(key), column, x[key], y[key]))
    if before.national_litres != after.national_litres:
        rows.append(("national store", "", "capacity_litres", before.national_litres, after.national_litres))
    if not np.array_equal(_array(before.burden), _array(after.burden)):
        rows.append(("forecast", "", "burden", "last forecast", "new forecast"))
    return pd.DataFrame(rows, columns=["table", "key", "column", "before", "after"])


def changes_of(last: CampaignPlan, plan: CampaignPlan, facts: pd.DataFrame) -> pd.DataFrame:
    """Doses given by district, product and week that differ, the largest first, each with the fact that comes nearest.

    The reason is a change in the district itself; else in its region's store; else in the lots of the product; else any
    other change, for which these doses make room or fill in.
    """
    c = plan.campaign
    before, after = last.given, plan.given
    d, p, t = np.nonzero(np.abs(after - before) >= SMALL)
    frame = pd.DataFrame(
        {
            "district": c.districts["district"].to_numpy()[d],
            "product": c.products["product"].to_numpy()[p],
            "week": t,
            "before": before[d, p, t],
            "after": after[d, p, t],
        }
    )
    reasons = _reasons(c, facts)
    frame["why"] = [reasons(place, product) for place, product in zip(frame["district"], frame["product"], strict=True)]
    size = (frame["after"] - frame["before"]).abs()
    return frame.iloc[np.argsort(-size.to_numpy(), kind="stable")].reset_index(drop=True)


def _reasons(c: Campaign, facts: pd.DataFrame):
    """Function (district, product) -> reason."""
    product_of = dict(zip(c.lots["lot"], c.lots["product"], strict=True))
    region_of = dict(zip(c.districts["district"], c.districts["region"], strict=True))
    own, region, product, other = {}, {}, {}, []
    for f in facts.itertuples():
        text = f"{f.table} {f.key}: {f.column} {_show(f.before)} to {_show(f.after)}".replace("  ", " ")
        name = f.key.split(", ")[0]
        where = {"lots": (product, product_of.get(name)), "regions": (region, name)}.get(f.table)
        if f.table in ("districts", "people", "stock", "due"):
            where = (own, name)
        if where and where[1] is not None:
            where[0].setdefault(where[1], []).append(text)
        other.append(text)

    def why(place: str, kind: str) -> str:
        for known, prefix in (
            (own.get(place), ""),
            (region.get(region_of[place]), ""),
            (product.get(kind), ""),
            (other, "makes room or fills in for "),
        ):
            if known:
                more = f" and {len(known) - 1} more" if len(known) > 1 else ""
                return f"{prefix}{known[0]}{more}"
        return "an equally good plan"

    return why


def _lost(now: Campaign, then: Campaign) -> float:
    """Doses of all products that lots and stock at hand had by some week, and now have not by then."""
    lack = _by_week(then) - _by_week(now)
    return float(lack.max(axis=1, initial=0.0).sum())


def _by_week(c: Campaign) -> np.ndarray:
    """Doses of each product that have arrived by each week, stock at hand included, shape (P, T)."""
    out = np.zeros((len(c.products), c.weeks))
    product = dict(zip(c.lots["lot"], rows_of(c.products["product"], c.lots["product"]), strict=True))
    for lot, arrives, doses in c.lots[["lot", "arrives", "doses"]].itertuples(index=False):
        out[product[lot], int(max(arrives, 0)) :] += doses
    for lot, doses in c.stock[["lot", "doses"]].itertuples(index=False):
        out[product[lot]] += doses
    return out


def _same_shape(now: Campaign, then: Campaign) -> None:
    for what, a, b in (
        ("weeks", now.weeks, then.weeks),
        ("districts", list(now.districts["district"]), list(then.districts["district"])),
        ("groups", now.groups, then.groups),
        ("products", list(now.products["product"]), list(then.products["product"])),
    ):
        if a != b:
            raise ValueError(f"the {what} of the campaign are others than in the last plan: keep them, in their order")


def _key(key) -> str:
    return ", ".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _array(burden) -> np.ndarray:
    return np.zeros(0) if burden is None else burden


def _show(value) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
