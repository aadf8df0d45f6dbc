"""A campaign from the workspace's tables: people, lots, stores, vaccinators, willingness, and what was given before.

Places are districts, regions the regional stores that supply them, week 0 the one that ends on the Saturday ``start``;
groups stand in the order of ``priority_groups.yaml``, the oldest first. Everything before week 0 is history: who has
begun a course, which lots are used up, whose second dose falls due. The files do not tell which product a dose was;
lots at hand are taken to have been used earliest expiry first, week by week.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from healthops.allocate.campaign import Campaign, CampaignError
from healthops.allocate.wastage import binomial_sizes, negative_binomial_sizes, open_vials
from healthops.data.priority_groups import load_groups

if TYPE_CHECKING:
    from healthops.workspace import Workspace

#: The tables that are read.
TABLES = (
    "places",
    "priority_population",
    "vaccine_products",
    "vaccine_lots",
    "vaccine_facilities",
    "vaccine_sessions",
    "vaccine_willingness",
    "vaccine_uptake",
)
#: Session sizes are told apart to a quarter of a person.
STEP = 0.25
#: A binomial session draws on so many times the people who come on average.
CATCHMENT = 4
WEEK = np.timedelta64(7, "D")


@dataclass(frozen=True)
class TabledCampaign:
    """A campaign and what it was made from.

    Attributes
    ----------
    campaign : Campaign
    week_ends : array of datetime64, shape (T,)
        Saturday of each week.
    wastage : DataFrame
        :func:`expected_wastage` of the sessions before the start.
    unexplained : float
        Doses given before the start, wastage included, that no lot at hand can have been.
    """

    campaign: Campaign
    week_ends: np.ndarray
    wastage: pd.DataFrame
    unexplained: float


def campaign_from_tables(
    tables: Mapping[str, pd.DataFrame],
    *,
    start,
    weeks: int = 26,
    risk: pd.Series | None = None,
    efficacy: Mapping[str, tuple[float, float]] | tuple[float, float] = (1.0, 1.0),
    delivery_every: int | Mapping[str, int] = 1,
    doses_per_vaccinator: float = 300.0,
    vulnerable_share: float = 0.25,
    dispersion: float | None = None,
    session_size: float | None = None,
    apart: bool = False,
    national_store: bool = True,
    burden: np.ndarray | None = None,
) -> TabledCampaign:
    """Put a campaign together.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Those of ``TABLES``, as the workspace reads them.
    start : date
        Saturday on which week 0 ends.
    weeks : int
        T.
    risk : Series, optional
        Worth of a protected person by group, or by (ubigeo, group); 1 for all by default.
    efficacy : pair of float, or mapping of product to pair
        Share of the risk that is averted after the first dose and after the course.
    delivery_every : int or mapping of ubigeo to int
        Weeks between deliveries.
    doses_per_vaccinator : float
        Doses that one gives in a week; an assumption: 60 a day on 5 days, as in ``campaign.yaml``.
    vulnerable_share : float
        The poorest districts where this share of the people lives are ``vulnerable``. Those of unknown poverty are not.
    dispersion : float, optional
        Of negative binomial session sizes; binomial ones with four times the people who come by default.
    session_size : float, optional
        People who come to a session on average, needed where no session was held before the start.
    apart : bool
        Whether the presentations of a product are products of their own, named "product (n)" by the doses in a vial.
        Else a product has the mean volume and wastage of its presentations, weighted by the doses of the lots to come,
        and a box that is whole boxes of each.
    national_store : bool
        Whether the capacity of the national store is a limit.
    burden : array of float, shape (D, T + 1), optional
        As in :class:`Campaign`; districts in the order of their codes.

    Raises
    ------
    CampaignError
        If a table or column is missing, a place or product stands in one table and not in another, `start` is no
        Saturday, or no session tells how many people come.
    """
    tables = _checked_tables(tables)
    start = np.datetime64(start, "D")
    if (start - np.datetime64("2000-01-01", "D")).astype(int) % 7:
        raise CampaignError(f"start is {start}: give the Saturday on which week 0 ends")
    people = tables["priority_population"]
    codes = np.array(sorted(set(people.loc[people["people"] > 0, "ubigeo"])), dtype=object)
    _same_places(tables, set(codes))
    wastage = _wastage_before(tables, start, dispersion, session_size)
    products = _products(tables, wastage, start, weeks, efficacy, apart)
    lots, drawn, unexplained = _lots(tables, products, start, weeks, apart)
    districts, regions, national = _stores(tables, codes, doses_per_vaccinator)
    every = {} if np.isscalar(delivery_every) else delivery_every
    districts["delivery_every"] = [every.get(code, delivery_every if not every else 1) for code in codes]
    districts["vulnerable"] = _vulnerable(tables, codes, vulnerable_share)
    persons = _persons(tables, codes, start, risk)
    campaign = Campaign(
        weeks=weeks,
        products=products,
        lots=lots,
        regions=regions,
        districts=districts,
        people=persons,
        national_litres=national if national_store else np.inf,
        burden=burden,
        due=_due(tables, products, drawn, codes, start),
    )
    return TabledCampaign(campaign, start + np.arange(weeks) * WEEK, wastage, unexplained)


def read_tables(workspace: Workspace, *, willing: str = "vaccine_willingness") -> dict[str, pd.DataFrame]:
    """Read ``TABLES``; who is willing comes from table `willing`, for instance the ``vaccine_ceilings`` of a model."""
    return {name: workspace.read(willing if name == "vaccine_willingness" else name) for name in TABLES}


def part_of(campaign: Campaign, districts: Iterable[str]) -> Campaign:
    """Some districts of a campaign, with their share of the lots and stores by willing people.

    Raises
    ------
    CampaignError
        If a district is not in the campaign.
    """
    chosen = list(dict.fromkeys(districts))
    unknown = sorted(set(chosen) - set(campaign.districts["district"]))
    if unknown or not chosen:
        raise CampaignError(f"district {unknown[0] if unknown else None!r} is not in the campaign: give some that are")
    here = campaign.districts["district"].isin(chosen).to_numpy()
    willing = campaign.willing.sum(axis=1)
    of_region = np.bincount(campaign.region_of, weights=willing, minlength=len(campaign.regions))
    mine = np.bincount(campaign.region_of, weights=willing * here, minlength=len(campaign.regions))
    share = np.divide(mine, of_region, out=np.zeros_like(mine), where=of_region > 0)
    part = float(mine.sum() / of_region.sum())

    def only(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["district"].isin(chosen)].reset_index(drop=True)

    regions = campaign.regions.assign(capacity_litres=campaign.regions["capacity_litres"] * share)
    return replace(
        campaign,
        lots=campaign.lots.assign(doses=campaign.lots["doses"] * part),
        regions=regions[mine > 0].reset_index(drop=True),
        districts=only(campaign.districts),
        people=only(campaign.people),
        stock=only(campaign.stock),
        due=only(campaign.due),
        national_litres=campaign.national_litres * part,
        burden=None if campaign.burden is None else campaign.burden[here],
    )


def merged(campaign: Campaign, into: Mapping[str, str]) -> Campaign:
    """The campaign with districts put together into larger places, for plans that need not tell them apart.

    People, stores, hands, stock and second doses due add up; a place is protected or vulnerable if all its districts
    are, its risk is the mean by people and its burden the mean by willing people. Within a place doses are taken to
    reach every district in proportion: a plan promises its worst place what its worst district need not have.

    Parameters
    ----------
    campaign : Campaign
    into : mapping of district to place
        Districts of a place have one regional store and one rhythm of deliveries.

    Raises
    ------
    CampaignError
        If a district has no place, or a place has several regional stores or rhythms.
    """
    names = campaign.districts["district"]
    lost = [name for name in names if name not in into]
    if lost:
        raise CampaignError(f"district {lost[0]!r} has no place: add it to `into`")
    place = names.map(into)
    by_place = campaign.districts.groupby(place.to_numpy(), sort=True)
    for column in ("region", "delivery_every"):
        if ((several := by_place[column].nunique()) > 1).any():
            raise CampaignError(f"place {several.idxmax()!r} has districts with different {column}: split it")
    districts = by_place.agg(
        region=("region", "first"), capacity_litres=("capacity_litres", "sum"),
        vaccinator_doses=("vaccinator_doses", "sum"), delivery_every=("delivery_every", "first"),
        protected=("protected", "all"), vulnerable=("vulnerable", "all"),
    ).rename_axis("district").reset_index()  # fmt: skip
    weight = campaign.willing.sum(axis=1)
    member = (place.to_numpy()[None, :] == districts["district"].to_numpy()[:, None]) * np.maximum(weight, 1e-9)
    return replace(
        campaign,
        districts=districts,
        people=_merged_people(campaign, into),
        stock=_added(campaign.stock, into, ["district", "lot"], "doses"),
        due=_added(campaign.due, into, ["district", "group", "product", "week"], "courses"),
        burden=None if campaign.burden is None else member @ campaign.burden / member.sum(axis=1, keepdims=True),
    )


def waiting_for_second(campaign: Campaign) -> np.ndarray:
    """People who have begun a course before week 0 and whose second dose falls due, shape (D, G)."""
    out = np.zeros(campaign.covered.shape)
    at = (
        pd.Index(campaign.districts["district"]).get_indexer(campaign.due["district"]),
        pd.Index(campaign.groups).get_indexer(campaign.due["group"]),
    )
    np.add.at(out, at, campaign.due["courses"].to_numpy(float))
    return np.minimum(out, campaign.covered)


def _merged_people(campaign: Campaign, into: Mapping[str, str]) -> pd.DataFrame:
    people = campaign.people
    parts = people.assign(
        district=people["district"].map(into),
        willing=people["population"] * people["willingness"],
        worth=people["population"] * people["risk"],
    )
    keys = ["group", "district"]
    sums = parts.groupby(keys, sort=False)[["population", "willing", "covered", "worth"]].sum()
    index = pd.MultiIndex.from_product([campaign.groups, sorted(set(parts["district"]))], names=keys)
    sums = sums.reindex(index)
    total = sums["population"].where(sums["population"] > 0, 1.0)
    return pd.DataFrame(
        {
            "population": sums["population"],
            "willingness": (sums["willing"] / total).clip(upper=1.0),
            "covered": np.minimum(sums["covered"], sums["population"]),
            "risk": sums["worth"] / total,
        }
    ).reset_index()[["district", "group", "population", "willingness", "covered", "risk"]]


def _added(frame: pd.DataFrame, into: Mapping[str, str], keys: list[str], column: str) -> pd.DataFrame:
    return frame.assign(district=frame["district"].map(into)).groupby(keys, as_index=False, sort=False)[column].sum()


def expected_wastage(
    sessions: pd.DataFrame, facilities: pd.DataFrame, products: pd.DataFrame, *, dispersion: float | None = None
) -> pd.DataFrame:
    """Expected open-vial wastage of each presentation in each district, if all its sessions used it.

    Parameters
    ----------
    sessions, facilities, products : DataFrame
        Tables ``vaccine_sessions``, ``vaccine_facilities`` and ``vaccine_products``.
    dispersion : float, optional
        As in :func:`campaign_from_tables`.

    Returns
    -------
    DataFrame
        ``ubigeo``, ``product``, ``vial_doses``, ``people``, ``opened`` (doses), ``rate`` (doses thrown away as a share
        of those opened), ``factor`` (doses opened for each one given).
    """
    where = facilities.set_index("facility")["ubigeo"]
    lost = sorted(set(sessions["facility"]) - set(where.index))
    if lost:
        raise CampaignError(f"facility {lost[0]!r} of vaccine_sessions is not in vaccine_facilities; add it there")
    held = sessions[sessions["people"] > 0]
    mean = np.maximum(np.round(held["people"] / held["sessions"] / STEP), 1) * STEP
    by_place = held.assign(ubigeo=held["facility"].map(where), mean=mean).groupby(["ubigeo", "mean"])["people"].sum()
    by_place = by_place.reset_index()
    sizes = {m: _sizes(m, dispersion) for m in by_place["mean"].unique()}
    parts = []
    for product, vial in products[["product", "vial_doses"]].itertuples(index=False):
        factor = {m: open_vials(chance, int(vial)).factor for m, chance in sizes.items()}
        one = by_place.assign(opened=by_place["people"] * by_place["mean"].map(factor))
        one = one.groupby("ubigeo", as_index=False)[["people", "opened"]].sum()
        parts.append(one.assign(product=product, vial_doses=int(vial)))
    out = pd.concat(parts, ignore_index=True)
    out = out.assign(rate=1 - out["people"] / out["opened"], factor=out["opened"] / out["people"])
    return out[["ubigeo", "product", "vial_doses", "people", "opened", "rate", "factor"]]


def _sizes(mean: float, dispersion: float | None) -> np.ndarray:
    if dispersion is None:
        return binomial_sizes(round(CATCHMENT * mean), 1 / CATCHMENT)
    return negative_binomial_sizes(mean, dispersion)


# ---- what must fit -----------------------------------------------------------------------------------------------


def _checked_tables(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    from healthops.data.schemas import TABLES as SCHEMAS

    for name in TABLES:
        if name not in tables:
            raise CampaignError(f"table {name} is missing: read it from the workspace")
        lacking = sorted(set(SCHEMAS[name].columns) - set(tables[name].columns))
        if lacking:
            raise CampaignError(f"table {name} has no column {lacking[0]}: make it again with the pipeline")
    places = tables["places"]
    return {name: tables[name] for name in TABLES} | {"places": places[places["level"] == "district"]}


def _same_places(tables: Mapping[str, pd.DataFrame], codes: set[str]) -> None:
    """Every district with people is in all tables, and no table has another with people, points or doses."""
    places, facilities = tables["places"], tables["vaccine_facilities"]
    points = facilities[facilities["kind"] == "vaccination_point"]
    wanted = {
        "places": (places["ubigeo"], places.loc[places["population"] > 0, "ubigeo"]),
        "vaccine_facilities": (points["ubigeo"], points["ubigeo"]),
        "vaccine_willingness": (tables["vaccine_willingness"]["ubigeo"],) * 2,
        "vaccine_uptake": (tables["vaccine_uptake"]["ubigeo"],) * 2,
    }
    for name, (there, must) in wanted.items():
        for code in sorted(codes - set(there)):
            raise CampaignError(
                f"district {code!r} has people in priority_population and is not in {name}: add it to {name}, or take "
                f"it out of priority_population"
            )
        for code in sorted(set(must) - codes):
            raise CampaignError(
                f"district {code!r} is in {name} and has nobody in priority_population: add its people there, or take "
                f"it out of {name}"
            )
    people, willing = (
        set(tables[n][["ubigeo", "group"]].itertuples(index=False, name=None))
        for n in ("priority_population", "vaccine_willingness")
    )
    for code, group in sorted(pair for pair in people - willing if pair[0] in codes):
        raise CampaignError(f"group {group!r} of district {code!r} is not in vaccine_willingness: add it there")
    known = set(tables["vaccine_products"][["product", "vial_doses"]].itertuples(index=False, name=None))
    for lot in tables["vaccine_lots"].itertuples():
        if (lot.product, lot.vial_doses) not in known:
            raise CampaignError(
                f"lot {lot.lot!r} has vials of {lot.vial_doses} doses of {lot.product!r}, which vaccine_products does "
                f"not know: add the presentation there"
            )


# ---- one table each ----------------------------------------------------------------------------------------------


def _wastage_before(tables, start, dispersion, session_size) -> pd.DataFrame:
    facilities, sessions = tables["vaccine_facilities"], tables["vaccine_sessions"]
    sessions = sessions[(sessions["week_end"] < start) & (sessions["people"] > 0)]
    if session_size is not None:
        points = facilities[facilities["kind"] == "vaccination_point"]
        sessions = pd.DataFrame({"facility": points["facility"], "sessions": 1, "people": float(session_size)})
    elif len(sessions) == 0:
        raise CampaignError(f"vaccine_sessions has no session before {start}: give session_size, people at a session")
    return expected_wastage(sessions, facilities, tables["vaccine_products"], dispersion=dispersion)


def _names(frame: pd.DataFrame, apart: bool) -> pd.Series:
    return frame["product"] + " (" + frame["vial_doses"].astype(str) + ")" if apart else frame["product"]


def _products(tables, wastage, start, weeks, efficacy, apart) -> pd.DataFrame:
    lots = tables["vaccine_lots"]
    last = start + (weeks - 1) * WEEK
    coming = lots[(lots["arrival_week"] <= last) & (lots["expiry_week"] >= start)]
    share = coming.groupby(["product", "vial_doses"])["doses"].sum()
    total = wastage.groupby(["product", "vial_doses"])[["people", "opened"]].sum()
    rows = []
    for name, frame in tables["vaccine_products"].groupby(_names(tables["vaccine_products"], apart), sort=False):
        keys = pd.MultiIndex.from_frame(frame[["product", "vial_doses"]])
        weight = share.reindex(keys, fill_value=0).to_numpy(float)
        if weight.sum() <= 0:
            continue
        first = frame.iloc[0]
        pair = efficacy.get(first["product"]) if isinstance(efficacy, Mapping) else efficacy
        if pair is None:
            raise CampaignError(f"efficacy has no product {first['product']!r}: give its first dose's and its course's")
        factor = (total.loc[keys, "opened"] / total.loc[keys, "people"]).to_numpy(float)
        rows.append(
            {
                "product": name,
                "doses": int(first["course_doses"]),
                "interval_weeks": int(np.ceil(first["interval_days"] / 7)),
                "litres_per_dose": float(np.average(frame["cm3_per_dose"], weights=weight)) / 1000,
                "box_doses": int(np.lcm.reduce(frame["box_doses"].to_numpy(int)[weight > 0])),
                "wastage_factor": float(np.average(factor, weights=weight)),
                "efficacy_first": pair[0],
                "efficacy_full": pair[1],
            }
        )
    if not rows:
        raise CampaignError(f"vaccine_lots has no lot for the weeks from {start} to {last}: choose another start")
    return pd.DataFrame(rows)


def _lots(tables, products, start, weeks, apart) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """Lots that are left, what was drawn of each product in each week before (week_end x product), and the doses that
    no lot can have been.
    """
    lots = tables["vaccine_lots"].sort_values(["expiry_week", "lot"]).reset_index(drop=True)
    lots = lots.assign(name=_names(lots, apart))
    factor = lots["name"].map(products.set_index("product")["wastage_factor"]).fillna(1.0).to_numpy(float)
    left = lots["doses"].to_numpy(float).copy()
    arrives, expires = (lots[c].to_numpy().astype("datetime64[D]") for c in ("arrival_week", "expiry_week"))
    uptake = tables["vaccine_uptake"]
    before = uptake[uptake["week_end"] < start].groupby("week_end")[["first_doses", "second_doses"]].sum().sum(axis=1)
    drawn, short = {}, 0.0
    for week, given in before.items():
        day, need, used = np.datetime64(week, "D"), float(given), np.zeros(len(lots))
        for n in np.flatnonzero((arrives <= day) & (day <= expires) & (left > 0)):
            used[n] = min(left[n], need * factor[n])
            left[n] -= used[n]
            need -= used[n] / factor[n]
            if need <= 0:
                break
        short += max(need, 0.0)
        drawn[week] = pd.Series(used / factor).groupby(lots["name"]).sum()
    out = pd.DataFrame(
        {
            "lot": lots["lot"],
            "product": lots["name"],
            "doses": left,
            "arrives": ((arrives - start) / WEEK).astype(int),
            "expires": ((expires - start) / WEEK).astype(int),
        }
    )
    keep = (left > 0) & (out["arrives"] < weeks) & (out["expires"] >= 0) & out["product"].isin(products["product"])
    frame = pd.DataFrame(drawn).T if drawn else pd.DataFrame(columns=products["product"], dtype=float)
    return out[keep].sort_values(["arrives", "lot"]).reset_index(drop=True), frame, short


def _stores(tables, codes, doses_per_vaccinator) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    facilities = tables["vaccine_facilities"]
    kinds = {kind: facilities[facilities["kind"] == kind] for kind in ("national_store", "regional_store")}
    points = facilities[facilities["kind"] == "vaccination_point"]
    stray = sorted(set(points["parent"].dropna()) - set(kinds["regional_store"]["facility"]))
    if stray or points["parent"].isna().any():
        name = stray[0] if stray else None
        raise CampaignError(f"store {name!r} supplies points and is no regional_store of vaccine_facilities: add it")
    by_place = points.groupby("ubigeo")
    if (by_place["parent"].nunique() > 1).any():
        code = by_place["parent"].nunique().idxmax()
        raise CampaignError(f"points of district {code!r} have several regional stores in vaccine_facilities: give one")
    if len(kinds["national_store"]) != 1:
        raise CampaignError(f"vaccine_facilities has {len(kinds['national_store'])} national stores: give one")
    districts = pd.DataFrame(
        {
            "district": codes,
            "region": by_place["parent"].first().reindex(codes).to_numpy(),
            "capacity_litres": by_place["cold_chain_litres"].sum().reindex(codes).to_numpy(),
            "vaccinator_doses": by_place["vaccinators"].sum().reindex(codes).to_numpy(float) * doses_per_vaccinator,
        }
    )
    regions = kinds["regional_store"]
    regions = regions[regions["facility"].isin(districts["region"])].sort_values("facility")
    regions = pd.DataFrame({"region": regions["facility"], "capacity_litres": regions["cold_chain_litres"]})
    return districts, regions, float(kinds["national_store"]["cold_chain_litres"].iloc[0])


def _vulnerable(tables, codes, share: float) -> np.ndarray:
    poverty = tables["places"].set_index("ubigeo")["poverty_pct"].reindex(codes).to_numpy(float)
    people = tables["priority_population"].groupby("ubigeo")["people"].sum().reindex(codes).to_numpy(float)
    order = np.argsort(-np.nan_to_num(poverty, nan=-1.0), kind="stable")
    # A district belongs to the poorest as long as those before it hold less than the share.
    ahead = np.cumsum(people[order]) - people[order]
    out = np.zeros(len(codes), bool)
    out[order] = ahead < share * people.sum()
    return out & ~np.isnan(poverty)


def _persons(tables, codes, start, risk: pd.Series | None) -> pd.DataFrame:
    keys = ["ubigeo", "group"]
    people = tables["priority_population"]
    people = people[people["ubigeo"].isin(codes)]
    # Highest priority first, as the file of the groups has them.
    first = {group.name: n for n, group in enumerate(load_groups())}
    order = people["group"].map(first).fillna(len(first)).to_numpy()
    people = people.iloc[np.lexsort((people["ubigeo"], people["group"], order))]
    index = pd.MultiIndex.from_frame(people[keys])
    willing = tables["vaccine_willingness"].set_index(keys)["willing_share"].reindex(index).to_numpy(float)
    uptake = tables["vaccine_uptake"]
    uptake = uptake[uptake["week_end"] < start]
    covered = uptake.groupby(keys)["first_doses"].sum().reindex(index, fill_value=0.0).to_numpy(float)
    if risk is None:
        worth = np.ones(len(people))
    else:
        worth = risk.reindex(index if risk.index.nlevels == 2 else people["group"]).to_numpy(float)
    if np.isnan(worth).any():
        raise CampaignError(f"risk has no {tuple(index[int(np.argmax(np.isnan(worth)))])}: give every group's")
    persons = people["people"].to_numpy(float)
    return pd.DataFrame(
        {
            "district": people["ubigeo"].to_numpy(object),
            "group": people["group"].to_numpy(object),
            "population": persons,
            "willingness": willing,
            "covered": np.minimum(covered, persons),
            "risk": worth,
        }
    )


def _due(tables, products, drawn, codes, start) -> pd.DataFrame:
    """Second doses due: the last to have their first wait for it, and fall due one interval later, or at once."""
    uptake = tables["vaccine_uptake"]
    uptake = uptake[(uptake["week_end"] < start) & uptake["ubigeo"].isin(codes)]
    two = products[products["doses"] == 2]
    columns = ["district", "group", "product", "week", "courses"]
    if len(uptake) == 0 or len(two) == 0:
        return pd.DataFrame(columns=columns).astype({"week": float, "courses": float})
    keys = ["ubigeo", "group"]
    first = uptake.pivot(index=keys, columns="week_end", values="first_doses").fillna(0.0)
    waiting = (first.sum(axis=1) - uptake.groupby(keys)["second_doses"].sum().reindex(first.index)).clip(lower=0)
    later = first.to_numpy()[:, ::-1].cumsum(axis=1)[:, ::-1] - first.to_numpy()
    cohort = np.clip(waiting.to_numpy()[:, None] - later, 0.0, first.to_numpy())
    ago = ((start - first.columns.to_numpy().astype("datetime64[D]")) / WEEK).astype(int)
    # Of a product of one dose nobody waits for a second.
    share = drawn.div(drawn.sum(axis=1).where(lambda total: total > 0), axis=0)
    share = share.reindex(index=first.columns, columns=two["product"]).fillna(0.0)
    parts = []
    for product, k in zip(two["product"], two["interval_weeks"], strict=True):
        courses = cohort * share[product].to_numpy(float)
        row, col = np.nonzero(courses > 1e-6)
        index = first.index[row]
        values = (index.get_level_values(0), index.get_level_values(1), product, np.maximum(k - ago[col], 0))
        parts.append(pd.DataFrame(dict(zip(columns, (*values, courses[row, col]), strict=True))))
    due = pd.concat(parts, ignore_index=True)
    return due.groupby(columns[:-1], as_index=False)["courses"].sum()
