"""Summaries of the vaccine tables: what is data and what is assumed, supply, coverage by poverty, cold chain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

#: cm3 in a litre.
_LITRE = 1000.0


def balance(ledger: pd.DataFrame) -> pd.DataFrame:
    """Rows of each source and table by what became of them, indexed by table and source.

    Raises
    ------
    ValueError
        If rows in are not rows kept plus rows set aside.
    """
    wide = ledger.pivot_table(index=["table", "source"], columns="action", values="rows", aggfunc="sum", fill_value=0)
    wide = wide.reindex(columns=["in", "kept", "set_aside", "repaired", "flagged"], fill_value=0)
    off = wide[wide["in"] != wide["kept"] + wide["set_aside"]]
    if len(off):
        raise ValueError(f"the ledger does not balance for {off.index[0]}: clean the source again")
    return wide


def basis_of(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Rows of each table that come from a source and that are derived by assumption; all are data without a column."""
    import pandas as pd

    rows = []
    for name, frame in tables.items():
        assumed = int((frame["basis"] == "assumed").sum()) if "basis" in frame else 0
        rows.append((name, len(frame), len(frame) - assumed, assumed))
    return pd.DataFrame(rows, columns=["table", "rows", "from a source", "assumed"]).set_index("table")


def assumptions_used(assumptions: pd.DataFrame, products: pd.DataFrame) -> pd.DataFrame:
    """Assumed values of the rules and of the products that were shipped, without those of other products."""
    section = assumptions["section"]
    name = section.str.removeprefix("product ").str.partition(",")[0]
    return assumptions[~section.str.startswith("product ") | name.isin(products["product"])]


def supply_by_product(shipments: pd.DataFrame) -> pd.DataFrame:
    """Shipments and doses by product; a repeat of an earlier row is in `repeats`, and in the doses."""
    grouped = shipments.assign(
        undated=shipments["arrived"].isna(), repeat=shipments["repeat_of"].notna(),
        by_covax=shipments["doses"].where(shipments["covax"], 0),
    ).groupby("product")  # fmt: skip
    out = grouped.agg(
        shipments=("shipment", "size"), doses=("doses", "sum"), undated=("undated", "sum"), repeats=("repeat", "sum"),
        first=("arrived", "min"), last=("arrived", "max"), covax=("by_covax", "sum"),
    )  # fmt: skip
    return out.sort_values("doses", ascending=False)


def stock_by_week(lots: pd.DataFrame, uptake: pd.DataFrame, products: pd.DataFrame) -> pd.DataFrame:
    """Doses that arrived and were given so far, by week, and the volume of the difference.

    Returns
    -------
    DataFrame, indexed by week_end
        ``arrived``, ``given``, ``stock`` (doses), ``litres``: the stock at the mean volume of the doses that had
        arrived by then, because the files do not tell which product was given. Stock below 0 has no volume.
    """
    volume = lots.merge(products[["product", "vial_doses", "cm3_per_dose"]], on=["product", "vial_doses"], how="left")
    volume["cm3"] = volume["doses"] * volume["cm3_per_dose"]
    given = uptake.groupby("week_end")[["first_doses", "second_doses"]].sum().sum(axis=1)
    weeks = given.index.union(lots["arrival_week"].unique()).sort_values()
    came = volume.groupby("arrival_week")[["doses", "cm3"]].sum().reindex(weeks, fill_value=0).cumsum()
    out = came.rename(columns={"doses": "arrived"})[["arrived"]]
    out["given"] = given.reindex(weeks, fill_value=0.0).cumsum()
    out["stock"] = out["arrived"] - out["given"]
    mean = came["cm3"] / came["doses"].where(came["doses"] > 0)
    out["litres"] = out["stock"].clip(lower=0) * mean.fillna(0) / _LITRE
    out.index.name = "week_end"
    return out


def point_load(facilities: pd.DataFrame, uptake: pd.DataFrame, litres_per_dose: float) -> pd.DataFrame:
    """Volume of the doses that each district gave in its busiest week, over what its points can hold.

    Returns
    -------
    DataFrame, indexed by ubigeo
        ``litres`` (capacity), ``peak_doses``, ``load``: 1 where the busiest week's doses just fit.
    """
    points = facilities[facilities["kind"] == "vaccination_point"]
    capacity = points.groupby("ubigeo")["cold_chain_litres"].sum()
    weekly = uptake.groupby(["ubigeo", "week_end"])[["first_doses", "second_doses"]].sum().sum(axis=1)
    out = capacity.to_frame("litres").join(weekly.groupby("ubigeo").max().rename("peak_doses"))
    return out.assign(load=out["peak_doses"] * litres_per_dose / out["litres"].where(out["litres"] > 0))


def district_coverage(uptake: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """People and coverage of each district at the last week, all groups together, indexed by ubigeo.

    Returns
    -------
    DataFrame
        ``people``, ``first_pct``, ``full_pct``.
    """
    last = uptake[uptake["week_end"] == uptake["week_end"].max()]
    reached = last.groupby("ubigeo")[["first_total", "second_total"]].sum()
    out = people.groupby("ubigeo")["people"].sum().to_frame()
    share = 100 * reached.div(out["people"], axis=0)
    return out.join(share.rename(columns={"first_total": "first_pct", "second_total": "full_pct"}))


def by_poverty(coverage: pd.DataFrame, poverty: pd.Series, *, parts: int = 5) -> pd.DataFrame:
    """Coverage by equal parts of the people, from the least poor districts to the poorest.

    Parameters
    ----------
    coverage : DataFrame
        :func:`district_coverage`.
    poverty : Series
        Share of people in poverty, %, by ubigeo; districts without it are left out.

    Returns
    -------
    DataFrame, indexed by part from 1
        ``districts``, ``people``, ``poverty_pct``, ``first_pct``, ``full_pct`` (means over people) and the lowest and
        highest ``first_pct`` of a district.
    """
    known = coverage.assign(poverty_pct=poverty.reindex(coverage.index)).dropna(subset=["poverty_pct"])
    known = known.sort_values("poverty_pct", kind="stable")
    middle = (known["people"].cumsum() - known["people"] / 2) / known["people"].sum()
    known["part"] = np.minimum((middle * parts).astype(int), parts - 1) + 1
    weighted = known[["poverty_pct", "first_pct", "full_pct"]].mul(known["people"], axis=0)
    grouped = known.groupby("part")
    out = grouped["people"].agg(["size", "sum"]).set_axis(["districts", "people"], axis=1)
    for column in weighted:
        out[column] = weighted[column].groupby(known["part"]).sum() / out["people"]
    out["lowest"], out["highest"] = grouped["first_pct"].min(), grouped["first_pct"].max()
    return out


def region_coverage(doses: pd.DataFrame) -> pd.DataFrame:
    """Coverage with a first dose of each region whose people are known, %: week_end x name of the region."""
    known = doses[doses["kind"].isin(["state", "territory"]) & doses["people"].notna()]
    share = known.assign(pct=100 * known["first_total"] / known["people"])
    # A first dose is told of later than doses are: until then the count says nothing.
    share["pct"] = share["pct"].where((share["first_total"] > 0) | (share["doses_total"] == 0))
    share["name"] = share["name"].where(~share["name"].str.isupper(), share["name"].str.title())
    return share.pivot(index="week_end", columns="name", values="pct")
