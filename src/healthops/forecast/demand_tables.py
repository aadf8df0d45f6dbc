"""Tables ``vaccine_ceilings`` and ``vaccine_demand``: who will ever come, and who wants a dose in the coming weeks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.priority_groups import load_groups, membership
from healthops.features.grid import Grid
from healthops.forecast import ceiling
from healthops.forecast.base import HORIZONS
from healthops.forecast.demand import MEMORY, MOST_LEAVING, Campaign, DemandError, within_ceiling

if TYPE_CHECKING:
    import pandas as pd

#: Levels of table ``vaccine_demand``.
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
_KEY = ["ubigeo", "group"]


def ceilings(
    population: pd.DataFrame, survey: pd.DataFrame, uptake: pd.DataFrame, *, origin: object, between: float
) -> pd.DataFrame:
    """Return table ``vaccine_ceilings``, from what was known at the end of the week `origin`.

    Where demand was recorded, its fall and the survey are joined (:func:`healthops.forecast.ceiling.of_groups`); where
    it is assumed, the survey alone speaks, as uncertain as `between` says: nothing may be learnt from assumptions.

    Parameters
    ----------
    population, survey, uptake : DataFrame
        Tables ``priority_population``, ``vaccine_willingness`` and ``vaccine_uptake``.
    between : float
        Standard deviation of the log-odds of ceilings among places.

    Returns
    -------
    DataFrame
        One row a group of a district: ``people``, ``reached_share``, ``willing_low``, ``willing_share`` and
        ``willing_high`` (5, 50 and 95 %), ``basis``.
    """
    import pandas as pd

    seen = uptake[uptake["week_end"] <= pd.Timestamp(origin)]
    if seen.empty or seen["week_end"].max() != pd.Timestamp(origin):
        raise DemandError(
            f"table 'vaccine_uptake' has no week that ends on {origin}; it has {uptake['week_end'].min():%Y-%m-%d} to "
            f"{uptake['week_end'].max():%Y-%m-%d}"
        )
    out = population[[*_KEY, "people"]].merge(survey[[*_KEY, "willing_share"]], on=_KEY, how="left", validate="1:1")
    out = out.sort_values(_KEY, ignore_index=True)
    lacking = out["willing_share"].isna()
    if lacking.any():
        row = out[lacking].iloc[0]
        raise DemandError(f"table 'vaccine_willingness' has no group {row['group']!r} of {row['ubigeo']}: add the row")
    people = out["people"].to_numpy(float)
    grid = Grid.of(seen.assign(ubigeo=seen["ubigeo"] + "/" + seen["group"]), name="vaccine_uptake")
    row = pd.Index(grid.places).get_indexer(out["ubigeo"] + "/" + out["group"])
    if (row < 0).any():
        at = out.iloc[int(np.argmin(row))]
        raise DemandError(f"table 'vaccine_uptake' has no group {at['group']!r} of {at['ubigeo']}: add its weeks")
    named = seen.assign(ubigeo=seen["ubigeo"] + "/" + seen["group"])
    reached = grid.wide(named, "first_total")[row]
    share = np.divide(reached[:, -1], people, out=np.zeros(len(out)), where=people > 0).clip(0, 1)
    told = out["willing_share"].to_numpy(float)
    found = ceiling.from_survey(share, told, between=between).share
    recorded = bool((seen["basis"] == "data").all())
    if recorded:
        some = people > 0
        wanted = grid.wide(named, "demand")[row]
        kind = out["group"].to_numpy()
        found[some] = ceiling.of_groups(wanted[some], reached[some], people[some], told[some], kind[some]).share
    rounded = np.maximum(np.round(found, 6), np.ceil(share * 1e6)[:, None] / 1e6).clip(0, 1)
    made = {"willing_low": rounded[:, 0], "willing_share": rounded[:, 1], "willing_high": rounded[:, 2]}
    return out[[*_KEY, "people"]].assign(
        reached_share=np.round(share, 6), **made, basis="data" if recorded else "assumed"
    )


def weekly_shares(campaign: Campaign, *, begun_pct: float, weeks: int = MEMORY) -> np.ndarray:
    """Share of those who are left that comes in a week: what places did in the last `weeks` weeks of a campaign.

    Those who are left are counted by the ceilings of the last week.

    Parameters
    ----------
    campaign : Campaign
        Up to the origin.
    begun_pct : float
        Coverage from which a place counts, %.

    Returns
    -------
    array, shape (N,)
    """
    before = campaign.coverage[:, :-1]
    left = campaign.ceiling[:, -1:] - before
    used = (before >= begun_pct) & (left > 0) & np.isfinite(campaign.pace[:, 1:])
    used[:, : max(0, used.shape[1] - weeks)] = False
    if not used.any():
        raise DemandError(f"no place had reached {begun_pct:g} % by {campaign.weeks[-1]}: choose a later origin")
    return np.clip(campaign.pace[:, 1:][used] / left[used], 0, MOST_LEAVING)


def paths(
    left: np.ndarray, shares: np.ndarray, *, horizons: Sequence[int] = HORIZONS, levels: Sequence[float] = LEVELS
) -> np.ndarray:
    """Quantiles of who wants a first dose in each coming week if invited, never more together than are left.

    Those who are left melt as the median share of them comes each week; a week's share is as uncertain as shares were.

    Parameters
    ----------
    left : array, shape (P, Q)
        People who are left at each of `levels` of the ceiling, ascending.
    shares : array, shape (N,)
        :func:`weekly_shares`.

    Returns
    -------
    array, shape (P, H, Q)
    """
    rate, usual = np.quantile(shares, levels), float(np.median(shares))
    middle = left[:, list(levels).index(0.5)]
    melted = middle[:, None] * (1 - usual) ** (np.asarray(horizons) - 1)
    return within_ceiling(melted[:, :, None] * rate, left)


def left_at(table: pd.DataFrame, levels: Sequence[float] = LEVELS) -> np.ndarray:
    """People who are left at each level of the ceiling of table ``vaccine_ceilings``, shape (P, Q).

    Between and beyond the table's three levels the log-odds are interpolated on the normal scale.
    """
    from scipy.special import expit, logit, ndtri

    odds = logit(np.clip(table[["willing_low", "willing_share", "willing_high"]].to_numpy(float), 1e-6, 1 - 1e-6))
    z = np.array([np.interp(ndtri(levels), ndtri(ceiling.LEVELS), row) for row in odds])
    ceil = np.maximum(expit(z), 0)
    return (
        np.maximum(ceil - table["reached_share"].to_numpy(float)[:, None], 0) * table["people"].to_numpy(float)[:, None]
    )


def demand(table: pd.DataFrame, shares: np.ndarray, *, origin: object, begun_pct: float) -> pd.DataFrame:
    """Return table ``vaccine_demand``: who wants a first dose in each of the eight weeks after `origin`, if invited.

    Parameters
    ----------
    table : DataFrame
        Table ``vaccine_ceilings``.
    shares : array, shape (N,)
        :func:`weekly_shares`.
    begun_pct : float
        Coverage from which a group counts as invited by the origin, %.
    """
    import pandas as pd

    found = paths(left_at(table), shares)
    size = found.shape[1] * found.shape[2]
    ends = pd.Timestamp(origin) + pd.to_timedelta([7 * h for h in HORIZONS], unit="D")
    out = table[[*_KEY, "basis"]].loc[table.index.repeat(size)].reset_index(drop=True)
    places = len(table)
    return out.assign(
        origin=pd.Timestamp(origin),
        horizon=np.tile(np.repeat(HORIZONS, len(LEVELS)), places),
        week_end=np.tile(np.repeat(ends.to_numpy(), len(LEVELS)), places),
        level=np.tile(LEVELS, places * len(HORIZONS)),
        value=np.round(found.reshape(-1), 3),
        invited=np.repeat(100 * table["reached_share"].to_numpy(float) >= begun_pct, size),
    )[[*_KEY, "origin", "week_end", "horizon", "level", "value", "invited", "basis"]]


def group_labels() -> dict[str, str]:
    """Return the label of each priority group, highest priority first."""
    return {group.name: group.label for group in load_groups()}


def group_of_ages(low: int, high: int) -> str:
    """Return the priority group that most people of the ages `low` to `high` (both within) belong to.

    >>> group_of_ages(60, 69)
    'older_and_health_workers'
    """
    member = membership(load_groups())[:, low : high + 1].sum(axis=1)
    return load_groups()[int(member.argmax())].name
