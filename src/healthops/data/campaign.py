"""A campaign where only shipments, coverage and people are known: what else the plans need, by stated assumptions.

Peru's public files do not tell of lots, cold stores, sessions or willingness. Each function here derives one such table
from real ones by the rules of ``campaign.yaml``; what it returns has the columns of the synthetic country's tables and
says "assumed" in `basis`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from healthops.data.campaign_rules import Rules
from healthops.data.errors import DataError
from healthops.data.priority_groups import Group, band_shares, membership, single_years, within

if TYPE_CHECKING:
    import pandas as pd

_SATURDAY = np.datetime64("2000-01-01", "D")


def priority_population(ages: pd.DataFrame, groups: tuple[Group, ...]) -> pd.DataFrame:
    """Return table ``priority_population``: people of each group in each district.

    Parameters
    ----------
    ages : DataFrame
        Table ``population_age``; the single years of a department say how people spread within the bands of its
        districts.
    groups : tuple of Group

    Raises
    ------
    DataError
        If a district's department has no ages.
    """
    import pandas as pd

    levels = dict(list(ages.groupby("level")))
    guides = {code: single_years(rows) for code, rows in levels["department"].groupby("ubigeo")}
    parts = []
    for department, rows in levels["district"].groupby(levels["district"]["ubigeo"].str[:2]):
        if department not in guides:
            raise DataError(f"table 'population_age' has no ages of department {department}; add them to the census")
        bands = rows[["age_low", "age_high"]].drop_duplicates().sort_values("age_low")
        pairs = [(low, None if pd.isna(high) else int(high)) for low, high in bands.itertuples(index=False)]
        shares = band_shares(pairs, groups, people=guides[department])
        wide = rows.pivot(index="ubigeo", columns="age_low", values="population")[bands["age_low"]]
        if wide.isna().any(axis=None):
            raise DataError(f"table 'population_age': districts of department {department} have different age bands")
        people = pd.DataFrame(wide.to_numpy() @ shares.T, index=wide.index, columns=[g.name for g in groups])
        basis = rows.groupby("ubigeo")["basis"].first()
        parts.append(people.reset_index().melt("ubigeo", var_name="group", value_name="people").assign(
            basis=lambda t, basis=basis: t["ubigeo"].map(basis)
        ))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def group_coverage(coverage: pd.DataFrame, ages: pd.DataFrame, groups: tuple[Group, ...]) -> dict[str, pd.DataFrame]:
    """Share of each group with a first dose and with a full course, national, by week: week_end x group, 0 to 1.

    People of one age band are taken to be covered alike whatever their group, because the files do not tell them
    apart; those who are in no group (the youngest) got no dose, so that the band's doses went to the others.

    Parameters
    ----------
    coverage : DataFrame
        Table ``vaccine_coverage``.
    ages : DataFrame
        Table ``age_distribution``.
    """
    import pandas as pd

    people = single_years(ages)
    member = membership(groups) * people
    bands = coverage[["age_low", "age_high"]].drop_duplicates().sort_values("age_low")
    pairs = [(low, None if pd.isna(high) else int(high)) for low, high in bands.itertuples(index=False)]
    inside = within(pairs, people=people) > 0
    if (inside.sum(axis=0) != 1).any():
        age = int((inside.sum(axis=0) != 1).argmax())
        raise DataError(f"table 'vaccine_coverage': age {age} is in {int(inside[:, age].sum())} age groups, not in one")
    shared = member @ inside.T
    if (shared.sum(axis=0) <= 0).any():
        low = pairs[int((shared.sum(axis=0) <= 0).argmax())][0]
        raise DataError(f"table 'vaccine_coverage': nobody of the age group from {low} is in a priority group")
    # People of each age group who got a dose, for one per person of that age group, as a share of the priority group.
    shares = shared * (inside @ people) / shared.sum(axis=0) / shared.sum(axis=1, keepdims=True)
    found = {}
    for column, name in (("first_pct", "first"), ("full_pct", "full")):
        wide = coverage.pivot(index="week_end", columns="age_low", values=column)[bands["age_low"]] / 100
        found[name] = pd.DataFrame(wide.to_numpy() @ shares.T, index=wide.index, columns=[g.name for g in groups])
    return found


def willingness(population: pd.DataFrame, places: pd.DataFrame, covered: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Return table ``vaccine_willingness``: share of each group that will ever come, by district.

    Parameters
    ----------
    population : DataFrame
        Table ``priority_population``.
    places : DataFrame
        Table ``places``; poverty_pct moves the log-odds, a missing one counts as the mean.
    covered : DataFrame
        :func:`group_coverage` with a first dose: the nation is willing at least as far as it came.
    """
    poverty = population["ubigeo"].map(places.set_index("ubigeo")["poverty_pct"])
    out = population[["ubigeo", "group"]].copy()
    share = np.empty(len(out))
    slope = rules("willingness", "poverty_slope") / 10
    for group, rows in population.groupby("group").indices.items():
        people, poor = population["people"].to_numpy()[rows], poverty.to_numpy(float)[rows]
        known = ~np.isnan(poor)
        mean = np.average(poor[known], weights=people[known]) if known.any() and people[known].sum() > 0 else 0.0
        nation = max(rules("willingness", group), float(covered[group].max()))
        if nation >= 1:
            raise DataError(f"group {group}: coverage or willingness is {nation:.3f}; a share below 1 is needed")
        share[rows] = _centred(np.where(known, slope * (poor - mean), 0.0), people, nation)
    return out.assign(willing_share=np.round(share, 6), basis="assumed")


def _centred(effect: np.ndarray, people: np.ndarray, mean: float) -> np.ndarray:
    """Shares with the log-odds `effect` + c, c such that their mean over `people` is `mean`."""
    from scipy.optimize import brentq
    from scipy.special import expit

    if people.sum() == 0:
        return np.full(len(effect), mean)
    centre = brentq(lambda c: np.average(expit(effect + c), weights=people) - mean, -30, 30, xtol=1e-12)
    return expit(effect + centre)


def uptake(
    population: pd.DataFrame, willing: pd.DataFrame, covered: dict[str, pd.DataFrame], rules: Rules
) -> pd.DataFrame:
    """Return table ``vaccine_uptake``: doses given and wanted by district, group and week.

    The nation's weekly coverage is shared among districts in proportion to the people who are willing, so that the
    districts add up to the nation. Demand saturates: once a group is invited, a constant share of the willing who are
    not yet reached wants a first dose in a week, and at least those who got one did.

    Parameters
    ----------
    population, willing : DataFrame
        Tables ``priority_population`` and ``vaccine_willingness``.
    covered : dict
        :func:`group_coverage`.
    """
    import pandas as pd

    table = population.merge(willing[["ubigeo", "group", "willing_share"]], on=["ubigeo", "group"], validate="1:1")
    table["willing"] = table["people"] * table["willing_share"]
    weeks = covered["first"].index
    totals = table.groupby("group")[["people", "willing"]].sum()
    scale = (table["willing"] * (totals["people"] / totals["willing"]).reindex(table["group"]).to_numpy()).to_numpy()
    reached = {k: scale[:, None] * frame[table["group"]].to_numpy().T for k, frame in covered.items()}
    new = {k: np.diff(values, axis=1, prepend=0.0) for k, values in reached.items()}
    before = reached["first"] - new["first"]
    open_to = np.maximum(table["willing"].to_numpy()[:, None] - before, 0)
    invited = (covered["first"] >= rules("uptake", "invited_at"))[table["group"]].to_numpy().T
    demand = np.maximum(rules("uptake", "weekly_rate") * open_to * invited, new["first"])
    rows, columns = np.indices(demand.shape)
    return pd.DataFrame({
        "ubigeo": table["ubigeo"].to_numpy()[rows.ravel()], "group": table["group"].to_numpy()[rows.ravel()],
        "week_end": weeks.to_numpy()[columns.ravel()], "demand": np.round(demand.ravel(), 4),
        "first_doses": np.round(new["first"].ravel(), 4), "second_doses": np.round(new["full"].ravel(), 4),
        "basis": "assumed",
    })  # fmt: skip


def lots(shipments: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Return table ``vaccine_lots``: one lot a shipment, in whole vials of the product's first presentation.

    Raises
    ------
    DataError
        If a product is unknown, or an undated shipment has no dated neighbour.
    """
    import pandas as pd

    chosen = shipments if rules("lots", "count_repeats") else shipments[shipments["repeat_of"].isna()]
    first = [rules.presentations(product)[0] for product in chosen["product"]]
    vial = np.array([one["vial_doses"] for one in first], dtype="int64")
    left = [round(rules("lots", "shelf_life_left") * one["shelf_life_days"]) for one in first]
    arrived = _arrival(chosen)
    return pd.DataFrame({
        "lot": "L" + chosen["shipment"].str.removeprefix("S").to_numpy(),
        "shipment": chosen["shipment"].to_numpy(),
        "product": chosen["product"].to_numpy(),
        "vial_doses": vial,
        "doses": chosen["doses"].to_numpy() // vial * vial,
        "arrived": arrived,
        "expires": arrived + pd.to_timedelta(left, unit="D").to_numpy(),
        "basis": "assumed",
    })  # fmt: skip


def with_weeks(table: pd.DataFrame) -> pd.DataFrame:
    """Add to lots the week in which they arrive, and the last week in all of whose days they can be used."""
    day = {c: table[c].to_numpy().astype("datetime64[D]") for c in ("arrived", "expires")}
    ends = {c: d + (_SATURDAY - d).astype(int) % 7 for c, d in day.items()}
    last = np.where(ends["expires"] == day["expires"], ends["expires"], ends["expires"] - np.timedelta64(7, "D"))
    weeks = {"arrival_week": ends["arrived"], "expiry_week": last}
    return table.assign(**{name: week.astype("datetime64[ns]") for name, week in weeks.items()})


def _arrival(shipments: pd.DataFrame) -> np.ndarray:
    """Day of each arrival; undated ones evenly spaced between their dated neighbours."""
    import pandas as pd

    arrived = shipments["arrived"].copy()
    undated = shipments[arrived.isna()]
    lost = undated[undated[["arrived_from", "arrived_to"]].isna().all(axis=1)]
    if len(lost):
        raise DataError(
            f"table 'vaccine_shipments': shipment {lost['shipment'].iloc[0]} has no date and no dated neighbours; "
            f"give it a date, or sort the rows by date"
        )
    for _, rows in undated.groupby(["arrived_from", "arrived_to"], dropna=False):
        start, end = rows["arrived_from"].iloc[0], rows["arrived_to"].iloc[0]
        start, end = (end if pd.isna(start) else start), (start if pd.isna(end) else end)
        steps = np.arange(1, len(rows) + 1) / (len(rows) + 1)
        days = np.round(steps * (end - start).days).astype(int)
        arrived.loc[rows.index] = start + pd.to_timedelta(days, unit="D")
    return arrived.to_numpy().astype("datetime64[ns]")


def facilities(people: pd.Series, places: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Return table ``vaccine_facilities``: a national store, a store a department, and points in inhabited districts.

    Parameters
    ----------
    people : Series
        Inhabitants by district code; districts without any get no point.
    places : DataFrame
        Table ``places``, for coordinates.
    """
    import pandas as pd

    def rule(name: str) -> float:
        return rules("facilities", name)

    inhabited = people[people > 0].sort_index()
    count = np.ceil(inhabited / rule("people_per_point")).astype(int)
    code = np.repeat(inhabited.index.to_numpy(), count)
    served = np.repeat((inhabited / count).to_numpy(), count)
    number = np.concatenate([np.arange(1, n + 1) for n in count])
    small, middle = served <= rule("small_point_people"), served <= rule("middle_point_people")
    points = pd.DataFrame({
        "facility": [f"P{c}-{k}" for c, k in zip(code, number, strict=True)], "kind": "vaccination_point",
        "ubigeo": code, "parent": ["R" + c[:2] for c in code], "people_served": np.round(served, 1),
        "cold_chain_litres": np.select([small, middle], [rule("small_point_litres"), rule("middle_point_litres")],
                                       rule("large_point_litres")) * rule("point_free_share"),
        "vaccinators": np.ceil(served / rule("people_per_vaccinator")).astype("int64"),
    })  # fmt: skip
    department = inhabited.groupby(inhabited.index.str[:2]).sum()
    seat = inhabited.groupby(inhabited.index.str[:2]).apply(lambda s: min(s.index))
    regional = pd.DataFrame({
        "facility": "R" + department.index, "kind": "regional_store", "ubigeo": seat.to_numpy(), "parent": "N",
        "people_served": department.to_numpy(), "vaccinators": 0,
        "cold_chain_litres": np.round(rule("regional_litres") * department.to_numpy() / 1e4, 1),
    })  # fmt: skip
    national = pd.DataFrame([{
        "facility": "N", "kind": "national_store", "ubigeo": seat[department.idxmax()], "parent": None,
        "people_served": inhabited.sum(), "vaccinators": 0,
        "cold_chain_litres": round(rule("national_litres") * inhabited.sum() / 1e4, 1),
    }])  # fmt: skip
    out = pd.concat([national, regional, points], ignore_index=True)
    where = places.set_index("ubigeo")[["latitude", "longitude"]].reindex(out["ubigeo"])
    return out.assign(latitude=where["latitude"].to_numpy(), longitude=where["longitude"].to_numpy(), basis="assumed")


def sessions(doses: pd.DataFrame, points: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Return table ``vaccine_sessions``: how many sessions each point held in a week, and for how many people.

    Parameters
    ----------
    doses : DataFrame
        Table ``vaccine_uptake``; the doses of a district are shared among its points by the people they serve.
    points : DataFrame
        Table ``vaccine_facilities``.
    """
    weekly = doses.assign(given=doses["first_doses"] + doses["second_doses"])
    weekly = weekly.groupby(["ubigeo", "week_end"], as_index=False)["given"].sum()
    here = points[points["kind"] == "vaccination_point"].copy()
    here["share"] = here["people_served"] / here.groupby("ubigeo")["people_served"].transform("sum")
    table = here[["facility", "ubigeo", "share", "vaccinators"]].merge(weekly, on="ubigeo")
    table["people"] = np.round(table["given"] * table["share"], 4)
    table = table[table["people"] > 0]
    most = table["vaccinators"] * rules("sessions", "session_days")
    held = np.clip(np.ceil(table["people"] / rules("sessions", "people_per_session")), 1, most).astype("int64")
    return table.assign(sessions=held, basis="assumed")[["facility", "week_end", "sessions", "people", "basis"]]
