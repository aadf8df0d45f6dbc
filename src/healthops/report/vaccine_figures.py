"""Figures of the vaccine campaign: people, contacts, supply, coverage, cold chain, features and clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from healthops.report.axes import months, panels, thousands
from healthops.report.maps import choropleth
from healthops.report.style import INK, MUTED, PALETTE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, PINK, AMBER, SKY, GREY = PALETTE[:7]
#: For more families than the palette has colours (Tol 2021, "muted").
MORE = ("#999933", "#332288", "#AA4499", "#117733", "#882255", "#44AA99")
#: Silence in a heat map.
SILENT = "#d62728"


# ---- people ---------------------------------------------------------------------------------------------------


def ages(national: pd.DataFrame, people: pd.DataFrame, labels: Mapping[str, str]) -> Figure:
    """People by age in bands of five years (left) and by priority group (right).

    Parameters
    ----------
    national, people : DataFrame
        Tables ``age_distribution`` and ``priority_population``.
    labels : mapping
        Name of a group to its label, in the order of priority.
    """
    import textwrap

    band = np.minimum(national["age_low"] // 5 * 5, 80)
    bars = national.groupby(band)["population"].sum()
    fig, axes = panels(2, 4.0, width_ratios=[1.1, 1])
    ax, bx = axes[0]
    ax.bar(bars.index + 2.5, bars, width=4.4, color=[ORANGE if low >= 60 else BLUE for low in bars.index])
    ax.set(xlabel="age, years (the last bar: 80 and older)", ylabel="people, thousands", title="by age")
    thousands(ax.yaxis, 1e3)
    total = people.groupby("group")["people"].sum().reindex(list(labels)).iloc[::-1]
    names = [textwrap.fill(labels[group], 24) for group in total.index]
    bx.barh(names, total, color=[ORANGE if group == list(labels)[0] else BLUE for group in total.index])
    bx.set(xlabel="people, thousands", title="by priority group")
    bx.grid(axis="y", visible=False)
    bx.locator_params(axis="x", nbins=5)
    thousands(bx.xaxis, 1e3)
    return fig


def maps(boundaries: pd.DataFrame, values: Mapping[str, pd.Series], *, level: str = "province") -> Figure:
    """One map a series; its name is the label of its colours."""
    fig, axes = panels(len(values), 5.6)
    for ax, (label, series) in zip(axes[0], values.items(), strict=True):
        choropleth(boundaries, series, ax=ax, level=level, label=label)
    return fig


def contacts(matrices: pd.DataFrame, reciprocity: pd.DataFrame) -> Figure:
    """Contacts a day of all settings by edition, with how far each is from reciprocal."""
    chosen = matrices[matrices["setting"] == "all"]
    editions = sorted(set(chosen["edition"]))
    off = reciprocity.set_index(["edition", "setting"])["imbalance"]
    top = chosen["contacts_per_day"].max()
    fig, axes = panels(len(editions), 4.1)
    for ax, edition in zip(axes[0], editions, strict=True):
        wide = chosen[chosen["edition"] == edition].pivot(
            index="age_low", columns="contact_age_low", values="contacts_per_day"
        )
        image = ax.imshow(np.sqrt(wide), origin="lower", cmap="viridis", vmin=0, vmax=np.sqrt(top))
        at = range(0, len(wide), 3)
        ax.set_xticks(at, wide.columns[::3])
        ax.set_yticks(at, wide.index[::3])
        ax.grid(visible=False)
        ax.set(xlabel="age of the contact, from, years", ylabel="age of the person, from, years")
        ax.set_title(f"{edition.replace('prem_', 'edition ')}: {off[edition, 'all']:.0%} out of balance")
    ticks = np.array([0, 0.5, 1, 2, 5, 10])
    ticks = ticks[ticks <= top]
    bar = fig.colorbar(image, ax=axes[0], ticks=np.sqrt(ticks), label="contacts a day", shrink=0.85)
    bar.ax.set_yticklabels([f"{tick:g}" for tick in ticks])
    return fig


# ---- supply and coverage --------------------------------------------------------------------------------------


def supply(shipments: pd.DataFrame, stock: pd.DataFrame) -> Figure:
    """Doses that arrived by product, dated shipments alone, and doses given (left); each shipment (right).

    Parameters
    ----------
    shipments : DataFrame
        Table ``vaccine_shipments``.
    stock : DataFrame
        :func:`healthops.report.vaccine_tables.stock_by_week`.
    """
    products = shipments.groupby("product")["doses"].sum().sort_values(ascending=False).index
    dated = shipments[shipments["arrived"].notna()]
    fig, axes = panels(2, 4.0, width_ratios=[1, 1])
    ax, bx = axes[0]
    days = np.sort(dated["arrived"].unique())
    layers = [
        dated[dated["product"] == p].groupby("arrived")["doses"].sum().reindex(days, fill_value=0).cumsum()
        for p in products
    ]
    ax.stackplot(days, layers, labels=products, colors=PALETTE[: len(products)], step="post", alpha=0.85)
    ax.plot(stock.index, stock["arrived"], color=INK, linestyle="--", label="with undated ones, where assumed")
    ax.plot(stock.index, stock["given"], color=INK, label="given")
    ax.set(ylabel="doses so far, millions", title="arrived and given", ylim=(0, None))
    ax.legend(loc="upper left")
    thousands(ax.yaxis, 1e6, 1)
    for p, colour in zip(products, PALETTE, strict=False):
        rows = dated[dated["product"] == p]
        bx.scatter(rows["arrived"], rows["doses"], s=20, color=colour, alpha=0.8, label=p)
        loose = shipments[shipments["arrived"].isna() & (shipments["product"] == p)]
        bx.hlines(loose["doses"], loose["arrived_from"], loose["arrived_to"], color=colour, linewidth=2.2)
    bx.set(ylabel="doses of the shipment", yscale="log", title="shipments")
    thousands(bx.yaxis)
    for each in (ax, bx):
        months(each)
    return fig


def coverage_by_age(coverage: pd.DataFrame) -> Figure:
    """First doses and full courses by age group; rings: weeks that were mended."""
    fig, axes = panels(2, 4.0, sharey=True)
    lows = sorted(set(coverage["age_low"]))
    shades = _shades(len(lows))
    for ax, column, title in ((axes[0, 0], "first", "with a first dose"), (axes[0, 1], "full", "with a full course")):
        for low, shade in zip(lows, shades, strict=True):
            rows = coverage[coverage["age_low"] == low].sort_values("week_end")
            open_end = rows["age_high"].isna().iloc[0]
            name = f"{low} and older" if open_end else f"{low}-{rows['age_high'].iloc[0]:.0f}"
            ax.plot(rows["week_end"], rows[f"{column}_pct"], color=shade, label=name)
            mended = rows[rows[f"{column}_status"] == "corrected"]
            ax.plot(mended["week_end"], mended[f"{column}_pct"], "o", markerfacecolor="none", color=SILENT, zorder=5)
        ax.set(title=title, ylim=(0, 100))
        months(ax)
    axes[0, 0].set_ylabel("share of the age group, %")
    axes[0, 0].legend(title="age, years", loc="upper left", fontsize=8)
    return fig


def coverage_by_poverty(coverage: pd.DataFrame, poverty: pd.Series, fifths: pd.DataFrame, *, assumed: bool) -> Figure:
    """Coverage of each district by its poverty, dots as large as its people, and the means of equal parts of people."""
    known = coverage.assign(poverty=poverty.reindex(coverage.index)).dropna(subset=["poverty"])
    fig, axes = panels(2, 4.0, width_ratios=[1.4, 1])
    ax, bx = axes[0]
    size = 4 + 120 * known["people"] / known["people"].max()
    ax.scatter(known["poverty"], known["first_pct"], s=size, alpha=0.35, color=BLUE, linewidths=0)
    ax.plot(fifths["poverty_pct"], fifths["first_pct"], "o-", color=INK, label="equal parts of the people")
    ax.set(xlabel="people in poverty, %", ylabel="with a first dose, %", title="districts")
    ax.legend(loc="lower left")
    at = np.arange(len(fifths))
    bx.bar(at - 0.2, fifths["first_pct"], width=0.38, color=BLUE, label="first dose")
    bx.bar(at + 0.2, fifths["full_pct"], width=0.38, color=SKY, label="full course")
    bx.set_xticks(at, ["least poor", *[""] * (len(fifths) - 2), "poorest"])
    bx.set(ylabel="share of the people, %", title="equal parts of the people", ylim=(0, 118))
    bx.legend(loc="upper left", ncols=2)
    if assumed:
        fig.suptitle("District coverage is derived by assumption, not observed", color=ORANGE, fontsize=11)
    return fig


def regions(coverage: pd.DataFrame, *, named: int = 2) -> Figure:
    """Coverage of every region (left) and its weekly gain (right); the highest and lowest are named."""
    last = coverage.iloc[-1].dropna().sort_values()
    chosen = [*last.index[:named], *last.index[-named:]]
    gain = coverage.diff()
    fig, axes = panels(2, 4.0)
    for ax, wide, label in (
        (axes[0, 0], coverage, "people with a first dose, % of inhabitants"),
        (axes[0, 1], gain.rolling(4, min_periods=2).mean(), "first doses a week, % (mean of four)"),
    ):
        ax.plot(wide.index, wide, color=MUTED, alpha=0.3, linewidth=0.8)
        for name, colour in zip(chosen, (ORANGE, AMBER, GREEN, BLUE), strict=False):
            ax.plot(wide.index, wide[name], color=colour, label=f"{name} ({last[name]:.0f} %)")
        ax.set(ylabel=label, ylim=(0, None))
        months(ax)
    axes[0, 0].legend(loc="lower right", title="coverage at the end", fontsize=8)
    return fig


# ---- cold chain -----------------------------------------------------------------------------------------------


def cold_chain(stock: pd.DataFrame, national_litres: float, load: pd.DataFrame) -> Figure:
    """Volume of the national stock beside the national store (left); the busiest week of the points (right)."""
    fig, axes = panels(2, 3.8)
    ax, bx = axes[0]
    ax.fill_between(stock.index, stock["litres"], step="pre", alpha=0.5, color=BLUE, label="stock")
    ax.axhline(national_litres, color=ORANGE, label="national store holds")
    ax.set(ylabel="litres", title="national stock", ylim=(0, 1.15 * max(national_litres, stock["litres"].max())))
    ax.legend(loc="upper left")
    thousands(ax.yaxis)
    months(ax)
    ordered = np.sort(load["load"].dropna())
    bx.plot(ordered, np.arange(1, len(ordered) + 1) / len(ordered), color=BLUE)
    bx.axvline(1, color=ORANGE, label="just fits")
    bx.set(
        xlabel="busiest week's doses over what the points hold", ylabel="share of districts", ylim=(0, 1.02),
        xscale="log", title="vaccination points",
    )  # fmt: skip
    bx.xaxis.set_major_formatter("{x:g}")
    bx.legend(loc="lower right")
    return fig


def sessions(held: pd.DataFrame, vials: Sequence[int]) -> Figure:
    """People at a session (weekly means of points), and the sizes of the vials."""
    mean = held["people"] / held["sessions"]
    fig, axes = panels(1, 3.2)
    ax = axes[0, 0]
    top = float(np.quantile(mean, 0.995))
    ax.hist(mean.clip(upper=top), bins=50, color=BLUE, alpha=0.8, weights=np.full(len(mean), 1 / len(mean)))
    for k, vial in enumerate(sorted(set(vials))):
        ax.axvline(vial, color=PALETTE[(k + 1) % len(PALETTE)], linestyle="--", label=f"vial of {vial}")
    ax.set(xlabel="people a session, mean of a point's week", ylabel="share of point-weeks", xlim=(0, None))
    ax.legend(loc="upper right")
    return fig


# ---- features -------------------------------------------------------------------------------------------------


def pace(table: pd.DataFrame, names: pd.Series) -> Figure:
    """First doses a week per 100 people in every region, the fastest at its best on top; red: silent weeks."""
    from matplotlib import pyplot
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    wide = table.pivot(index="region", columns="week_end", values="first_per_100_lag_0")
    wide = wide.loc[wide.quantile(0.95, axis=1).sort_values(ascending=False).index]
    fig, ax = pyplot.subplots(figsize=(9, max(2.6, 1.2 + 0.13 * len(wide))))
    ends = wide.columns.to_numpy("datetime64[D]").astype(float)[[0, -1]]
    image = ax.imshow(
        np.sqrt(np.ma.masked_invalid(wide)), aspect="auto", interpolation="none", cmap="viridis",
        extent=[ends[0] - 3.5, ends[1] + 3.5, len(wide) - 0.5, -0.5],
    )  # fmt: skip
    ax.set_facecolor(SILENT)
    locator = AutoDateLocator()
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    ax.set_yticks(range(len(wide)), names.reindex(wide.index), fontsize=7)
    ax.grid(visible=False)
    ticks = np.array([0, 0.1, 0.5, 1, 2, 4, 6])
    ticks = ticks[np.sqrt(ticks) <= image.get_clim()[1]]
    bar = fig.colorbar(image, ax=ax, ticks=np.sqrt(ticks), label="first doses a week per 100 people")
    bar.ax.set_yticklabels([f"{tick:g}" for tick in ticks])
    return fig


def relevance(scores: Mapping[str, pd.DataFrame], families: Mapping[str, Sequence[str]], *, best: int = 3) -> Figure:
    """Rank correlation and mutual information of the best features of each family, a row of panels a table."""
    colours = dict(zip(families, cycle([*PALETTE, *MORE]), strict=False))
    home = {name: family for family, names in families.items() for name in names}
    tables = {
        title: table.dropna().assign(family=lambda d: d["feature"].map(home)).groupby("family").head(best).iloc[::-1]
        for title, table in scores.items()
    }
    heights = [max(3, len(table)) for table in tables.values()]
    fig, axes = panels(2, 1.2 + 0.2 * sum(heights), rows=len(tables), height_ratios=heights, sharex="col")
    for row, (title, table) in zip(axes, tables.items(), strict=True):
        for ax, column in zip(row, ("mutual_information", "spearman"), strict=True):
            ax.barh(table["feature"], table[column], color=table["family"].map(colours))
            ax.axvline(0, color=INK, linewidth=0.8)
            ax.grid(axis="y", visible=False)
            ax.tick_params(axis="y", labelsize=8)
        row[0].set_title(title)
        row[1].set_yticklabels([])
    axes[-1, 0].set_xlabel("mutual information, nats")
    axes[-1, 1].set_xlabel("rank correlation")
    there = [f for f in colours if any((table["family"] == f).any() for table in tables.values())]
    handles = [_patch(colours[f]) for f in there]
    fig.legend(handles, there, loc="outside upper center", ncols=5, fontsize=8)
    return fig


def saturation(regions: pd.DataFrame, target: pd.Series, districts: pd.DataFrame, wanted: pd.Series) -> Figure:
    """Next weeks' first doses by coverage in regions (left), and demand by the share of the willing that is left."""
    fig, axes = panels(2, 3.8)
    for ax, x, y, names in (
        (axes[0, 0], regions["coverage_first_pct"], target, ("people with a first dose, %", "regions: first doses")),
        (axes[0, 1], districts["left_willing_pct"], wanted, ("willing and without a dose, %", "districts: wanted")),
    ):
        known = x.notna() & y.notna()
        bins = np.floor(x[known] / 5) * 5 + 2.5
        curve = y[known].groupby(bins).quantile([0.1, 0.5, 0.9]).unstack()
        curve = curve[y[known].groupby(bins).size() >= 10]
        # A line does not cross coverages that nobody had.
        curve = curve.reindex(np.arange(curve.index.min(), curve.index.max() + 1, 5))
        ax.fill_between(curve.index, curve[0.1], curve[0.9], color=BLUE, alpha=0.2, label="10 to 90 %")
        ax.plot(curve.index, curve[0.5], "o-", color=BLUE, label="median")
        ax.set(xlabel=names[0], ylabel="per 100 people and week", title=names[1], ylim=(0, None))
    axes[0, 0].legend(loc="upper right")
    return fig


# ---- clusters -------------------------------------------------------------------------------------------------


def cluster_choice(trials: pd.DataFrame, min_stability: float) -> Figure:
    """Silhouette (left) and stability (right) by number of clusters; a ring: chosen."""
    from matplotlib.ticker import MaxNLocator

    fig, axes = panels(2, 3.4)
    ax, bx = axes[0]
    ax.plot(trials["clusters"], trials["silhouette"], "o-", color=BLUE, label="districts")
    ax.plot(trials["clusters"], trials["silhouette_shuffled"], "s--", color=GREY, label="traits shuffled")
    bx.plot(trials["clusters"], trials["stability"], "o-", color=BLUE, label="mean")
    bx.plot(trials["clusters"], trials["stability_low"], ":", color=BLUE, label="lowest tenth")
    bx.axhline(min_stability, color=ORANGE, linewidth=1, label="asked")
    best = trials[trials["chosen"]]
    for axis, column in ((ax, "silhouette"), (bx, "stability")):
        axis.plot(best["clusters"], best[column], "o", markersize=13, markerfacecolor="none", color=INK)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set_xlabel("clusters")
    ax.set(ylabel="mean silhouette", ylim=(0, None))
    bx.set(ylabel="adjusted Rand index", ylim=(min(0, trials["stability_low"].min()), 1.02))
    ax.legend()
    bx.legend(loc="lower left")
    return fig


def clusters(boundaries: pd.DataFrame, found: pd.DataFrame, profile: pd.DataFrame, labels: Mapping[str, str]) -> Figure:
    """Map of the clusters (left) and their mean traits (right), in standard deviations of the districts.

    Parameters
    ----------
    found : DataFrame
        Table ``vaccine_clusters``.
    profile : DataFrame
        Mean of each standardised trait, traits x clusters.
    labels : mapping
        Trait to what a reader sees.
    """
    import matplotlib as mpl

    k = int(found["cluster"].max())
    fig, axes = panels(2, 5.4, width_ratios=[1, 1.25])
    ax, bx = axes[0]
    values = found.set_index("ubigeo")["cluster"].astype(float)
    choropleth(boundaries, values, ax=ax, level="district", label="cluster", low=1, high=k, colorbar=False)
    shades = mpl.colormaps["viridis_r"](np.linspace(0, 1, k))
    sizes = found["cluster"].value_counts()
    handles = [_patch(shade) for shade in shades]
    names = [f"{n}: {sizes.get(n, 0):,} districts" for n in range(1, k + 1)]
    ax.add_artist(ax.legend(handles, names, title="cluster", loc="lower left", bbox_to_anchor=(-0.02, 0.0), fontsize=8))
    reach = max(1.0, float(np.abs(profile.to_numpy()).max()))
    image = bx.imshow(profile, aspect="auto", cmap="PuOr_r", vmin=-reach, vmax=reach)
    bx.set_xticks(range(profile.shape[1]), profile.columns)
    bx.set_yticks(range(len(profile)), [labels[name] for name in profile.index], fontsize=8)
    bx.grid(visible=False)
    bx.set_xlabel("cluster")
    for (i, j), z in np.ndenumerate(profile.to_numpy()):
        bx.text(j, i, f"{z:+.1f}", ha="center", va="center", fontsize=8, color="white" if abs(z) > 0.7 * reach else INK)
    fig.colorbar(image, ax=bx, label="mean, standard deviations", shrink=0.8)
    return fig


def gaps(tables: Mapping[str, pd.DataFrame], families: Mapping[str, Sequence[str]]) -> Figure:
    """Share of cells that are missing, by family of features and quarter, a panel a table."""
    fig, axes = panels(len(tables), 3.6, width_ratios=[1.4] + [1] * (len(tables) - 1))
    for ax, (title, table) in zip(axes[0], tables.items(), strict=True):
        quarter = table["week_end"].dt.to_period("Q").astype(str)
        here = {f: [n for n in names if n in table] for f, names in families.items()}
        wide = np.array([
            table[names].isna().groupby(quarter).mean().mean(axis=1) for names in here.values() if names
        ])  # fmt: skip
        image = ax.imshow(wide, aspect="auto", cmap="Blues", vmin=0, vmax=1)
        ticks = sorted(set(quarter))
        ax.set_xticks(range(len(ticks)), ticks, rotation=60, fontsize=8)
        ax.set_yticks(range(len(wide)), [f for f, names in here.items() if names], fontsize=8)
        ax.grid(visible=False)
        ax.set_title(title)
    fig.colorbar(image, ax=axes[0], label="share missing", shrink=0.8)
    return fig


def _patch(colour: object) -> object:
    from matplotlib.patches import Patch

    return Patch(color=colour)


def _shades(number: int) -> np.ndarray:
    import matplotlib as mpl

    return mpl.colormaps["viridis"](np.linspace(0, 0.92, number))
