"""A plan's doses by week, district and priority group as whole doses by day, region and group of an epidemic model.

An epidemic model takes arrays by day, place and group of age; it knows nothing of plans, nor a plan of it. What joins
them is here: which districts are one place, how people of a priority group spread over the model's groups, and on which
days of a week doses are given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from healthops.allocate.campaign import Campaign, CampaignError
from healthops.allocate.campaign_past import rows_of

#: Doses are given from Monday to Friday; a week begins on the Sunday after the Saturday before.
WORKDAYS = (0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0)


@dataclass(frozen=True)
class Bridge:
    """From a campaign's D districts and G groups to a model's R regions and A groups.

    Attributes
    ----------
    districts, priority : tuple of str
        Names of the campaign's D districts and G groups.
    regions, groups : tuple of str
        Names of the model's R places and A groups.
    region_of : array of int, shape (D,)
        Region of each district.
    shares : array of float, shape (D, G, A)
        Part of each priority group of a district that belongs to each group of the model; sums to 1 over A.
    """

    districts: tuple[str, ...]
    priority: tuple[str, ...]
    regions: tuple[str, ...]
    groups: tuple[str, ...]
    region_of: np.ndarray
    shares: np.ndarray

    def by_region(self, values: np.ndarray) -> np.ndarray:
        """Sum of `values`, shape (D, G), by region and group of the model, shape (R, A)."""
        out = np.zeros((len(self.regions), len(self.groups)))
        np.add.at(out, self.region_of, np.einsum("dg,dga->da", values, self.shares))
        return out


def make_bridge(
    campaign: Campaign,
    *,
    region_of: Mapping[str, str] | None = None,
    groups: Sequence[str] | None = None,
    shares: np.ndarray | None = None,
) -> Bridge:
    """Choose the places and groups of a model.

    Parameters
    ----------
    campaign : Campaign
    region_of : mapping of district to region, optional
        The campaign's regions by default, those of the regional stores.
    groups : sequence of str, optional
        Names of the model's groups; the priority groups themselves by default.
    shares : array of float, shape (G, A) or (D, G, A)
        Part of each priority group in each group of the model, as :func:`group_shares` gives it; with `groups` only.

    Raises
    ------
    CampaignError
        If a district has no region, or the shares have another shape, are negative or do not sum to 1.
    """
    names = tuple(campaign.districts["district"])
    home = dict(zip(names, campaign.districts["region"], strict=True)) if region_of is None else region_of
    lost = [name for name in names if name not in home]
    if lost:
        raise CampaignError(f"district {lost[0]!r} has no region: add it to region_of")
    regions = tuple(sorted({home[name] for name in names}))
    d, _, g, _ = campaign.shape
    priority = tuple(campaign.groups)
    if (groups is None) != (shares is None):
        raise CampaignError("groups and shares belong together: give both, or neither for the priority groups")
    groups = priority if groups is None else tuple(groups)
    shares = np.eye(g) if shares is None else np.asarray(shares, float)
    if shares.shape not in ((g, len(groups)), (d, g, len(groups))):
        raise CampaignError(f"shares have shape {shares.shape}; give {(g, len(groups))}, or one of those by district")
    shares = np.broadcast_to(shares, (d, g, len(groups)))
    if (shares < 0).any() or not np.allclose(shares.sum(axis=2), 1, atol=1e-9):
        row = np.argwhere((shares < 0).any(axis=2) | ~np.isclose(shares.sum(axis=2), 1, atol=1e-9))[0]
        raise CampaignError(
            f"shares of group {priority[row[1]]!r} in {names[row[0]]!r} are no parts of 1: correct them"
        )
    where = rows_of(list(regions), [home[name] for name in names])
    return Bridge(names, priority, regions, groups, where, shares)


def group_shares(ages: pd.DataFrame, bands: Sequence[tuple[int, float | None]]) -> tuple[list[str], np.ndarray]:
    """Part of each priority group of ``priority_groups.yaml`` that is in each age band.

    Parameters
    ----------
    ages : DataFrame
        Table ``age_distribution``: ``age_low``, ``age_high``, ``population``.
    bands : sequence of (lowest, highest)
        Completed years; a highest age of None: no upper end. Everybody in a priority group is in one of them.

    Returns
    -------
    names : list of str
        Priority groups, in the order of the rows: a campaign's groups may need another.
    shares : array of float, shape (G, A)

    Raises
    ------
    CampaignError
        If the bands leave out ages of a priority group, or have some twice.
    """
    from healthops.data.priority_groups import load_groups, membership, single_years, within

    people = single_years(ages)
    groups = load_groups()
    member = membership(groups) * people
    inside = within(list(bands), people=people) > 0
    by_band = member @ inside.T
    total = member.sum(axis=1)
    off = ~np.isclose(by_band.sum(axis=1), total, rtol=1e-9)
    if off.any():
        name = groups[int(np.argmax(off))].name
        raise CampaignError(f"the age bands have people of {name!r} twice or not at all: give each age once")
    return [group.name for group in groups], by_band / total[:, None]


def daily_doses(
    bridge: Bridge, doses: pd.DataFrame, weeks: Sequence[int], *, days: Sequence[float] = WORKDAYS
) -> np.ndarray:
    """Whole doses by day, region, group and number of the dose, as an epidemic model takes them.

    Parameters
    ----------
    bridge : Bridge
    doses : DataFrame
        ``district``, ``group``, ``week``, ``dose`` (1 or 2), ``doses``, of all products: table ``doses`` of a plan.
    weeks : sequence of int
        Which weeks, in their order.
    days : sequence of 7 float
        How the doses of a week spread over its days.

    Returns
    -------
    array of int, shape (7 weeks, R, A, 2)
        Within 1 of the plan on each day, for each group and in all days of a group, and within half a dose of it in
        each region: roundings are carried on from day to day and from group to group.
    """
    spread = np.asarray(days, float)
    if spread.shape != (7,) or (spread < 0).any() or not spread.sum() > 0:
        raise CampaignError(f"days are {tuple(days)}: give seven weights, at least 0 and not all 0")
    weekly = _by_week(bridge, doses, list(weeks))
    daily = (weekly[:, None] * (spread / spread.sum())[:, None, None, None]).reshape(-1, *weekly.shape[1:])
    r, a = len(bridge.regions), len(bridge.groups)
    queue = np.cumsum(daily.transpose(1, 3, 2, 0).reshape(r, 2, -1), axis=2)
    # A hair up: what is a half but for rounding is rounded alike on every machine.
    whole = np.diff(np.floor(queue + 0.5 + 1e-9), axis=2, prepend=0.0)
    return whole.reshape(r, 2, a, -1).transpose(3, 0, 2, 1).astype(np.int64)


def given_in_districts(bridge: Bridge, doses: pd.DataFrame, week: int, given: np.ndarray) -> pd.DataFrame:
    """Doses of a week of a plan as they were given in the model: ``given`` of :class:`.campaign_week.Happened`.

    Parameters
    ----------
    doses : DataFrame
        Table ``doses`` of the plan.
    given : array of float, shape (R, A, 2)
        First and second doses given in the week by region and group, at most those of the plan.

    Returns
    -------
    DataFrame
        The plan's rows of the week, each with the part of its region, group and number that was given, without the
        column ``week``.
    """
    now = doses[doses["week"] == week].reset_index(drop=True)
    planned = _by_week(bridge, now, [week])[0]
    part = np.divide(given, planned, out=np.zeros_like(planned), where=planned > 0).clip(0.0, 1.0)
    d, g = rows_of(list(bridge.districts), now["district"]), rows_of(list(bridge.priority), now["group"])
    share = (bridge.shares[d, g] * part[bridge.region_of[d], :, now["dose"].to_numpy(int) - 1]).sum(axis=1)
    return now.assign(doses=now["doses"] * share).drop(columns="week")


def _by_week(bridge: Bridge, doses: pd.DataFrame, weeks: list[int]) -> np.ndarray:
    """Doses by week, region, group and number, shape (W, R, A, 2)."""
    rows = doses[doses["week"].isin(weeks)]
    at = []
    for column, names in (("district", bridge.districts), ("group", bridge.priority)):
        found = rows_of(list(names), rows[column])
        if (found < 0).any():
            name = rows[column].iloc[int(np.argmax(found < 0))]
            raise CampaignError(f"doses: {column} {name!r} is not in the bridge: make it from the plan's campaign")
        at.append(found)
    week = rows_of(weeks, rows["week"])
    out = np.zeros((len(weeks), len(bridge.regions), 2, len(bridge.groups)))
    amount = bridge.shares[at[0], at[1]] * rows["doses"].to_numpy(float)[:, None]
    np.add.at(out, (week, bridge.region_of[at[0]], rows["dose"].to_numpy(int) - 1), amount)
    return out.transpose(0, 1, 3, 2)
