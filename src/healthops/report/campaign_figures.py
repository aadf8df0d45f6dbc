"""Figures of a vaccine campaign's plan: supply, shipments, coverage, what is scarce, fairness, vials, re-planning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from healthops.report.axes import months, panels, thousands
from healthops.report.style import INK, MUTED, PALETTE, colour

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, PINK, AMBER, SKY, GREY = PALETTE[:7]
LOST = "#d62728"


def _unit(largest: float) -> tuple[float, str]:
    return (1e6, "millions") if largest >= 2e6 else (1e3, "thousands") if largest >= 2e3 else (1.0, "doses")


# ---- what comes in -----------------------------------------------------------------------------------------------


def supply(lots: pd.DataFrame, week_ends: np.ndarray, left: pd.DataFrame, labels: Mapping[str, str]) -> Figure:
    """Doses by week of arrival and product (left), and people who are left to vaccinate by group (right).

    Parameters
    ----------
    lots : DataFrame
        Of the campaign; what is there in week 0 counts in week 0.
    week_ends : array of datetime64, shape (T,)
    left : DataFrame, indexed by group
        ``covered``, ``room``, ``unwilling`` (people).
    labels : mapping
        Group to what a reader sees.
    """
    import textwrap

    weeks = np.arange(len(week_ends))
    by_week = lots.assign(week=lots["arrives"].clip(lower=0)).pivot_table(
        index="week", columns="product", values="doses", aggfunc="sum", fill_value=0.0
    )
    by_week = by_week.reindex(weeks, fill_value=0.0)
    fig, axes = panels(2, 3.8, width_ratios=[1.3, 1])
    ax, bx = axes[0]
    unit, word = _unit(by_week.sum(axis=1).max())
    below = np.zeros(len(weeks))
    for product, shade in zip(by_week, PALETTE, strict=False):
        ax.bar(week_ends, by_week[product] / unit, bottom=below / unit, width=6, color=shade, label=product)
        below = below + by_week[product].to_numpy()
    ax.set(ylabel=f"doses, {word}", title="doses by week of arrival")
    ax.legend(loc="upper left")
    months(ax)
    names = [textwrap.fill(labels.get(group, group), 20) for group in left.index][::-1]
    start = np.zeros(len(left))
    for column, shade, label in (
        ("covered", GREY, "begun before"),
        ("room", BLUE, "willing, not begun"),
        ("unwilling", "#d5d9de", "not willing"),
    ):
        values = left[column].to_numpy()[::-1] / 1e3
        bx.barh(names, values, left=start, color=shade, label=label)
        start = start + values
    bx.set(xlabel="people, thousands", title="people", ylim=(-0.6, len(left) + 0.4))
    bx.locator_params(axis="x", nbins=5)
    bx.grid(axis="y", visible=False)
    bx.legend(loc="upper right", fontsize=8, ncols=3, columnspacing=0.8, handlelength=1.2)
    thousands(bx.xaxis)
    return fig


def lots(table: pd.DataFrame, weeks: int) -> Figure:
    """Each lot from arrival to expiry (thin) and while its doses are given (thick), by product, earliest expiry on top;
    a red end: doses that expire.
    """
    products = sorted(set(table["product"]))
    counts = [int((table["product"] == p).sum()) for p in products]
    fig, axes = panels(len(products), 1.4 + 0.075 * max(counts), sharex=True)
    for ax, product, shade in zip(axes[0], products, PALETTE, strict=False):
        rows = table[table["product"] == product].reset_index(drop=True)
        start, end = rows["arrives"].clip(lower=-0.5), rows["expires"].clip(upper=weeks - 0.5)
        ax.hlines(rows.index, start, end, color=MUTED, linewidth=0.8)
        used = rows[rows["first_used"].notna()]
        ax.hlines(used.index, used["first_used"] - 0.45, used["last_used"] + 0.45, color=shade, linewidth=3.2)
        gone = rows[rows["expired"] > 0]
        ax.plot(gone["expires"], gone.index, "o", color=LOST)
        ax.set(title=product, xlabel="week of the plan", ylim=(len(rows) - 0.5, -0.5), xlim=(-1, weeks))
        ax.set_yticks([])
        ax.grid(axis="y", visible=False)
    axes[0, 0].set_ylabel("lots, earliest expiry on top")
    return fig


# ---- the plan ----------------------------------------------------------------------------------------------------


def shipments(flows: pd.DataFrame, week_ends: np.ndarray, names: pd.Series) -> Figure:
    """Doses that leave the national store by week and product (left), and by week and region (right).

    Parameters
    ----------
    flows : DataFrame
        ``product``, ``region``, ``week``, ``doses``.
    names : Series
        Name of each region.
    """
    weeks = range(len(week_ends))
    wide = flows.pivot_table(index="week", columns="product", values="doses", aggfunc="sum", fill_value=0.0)
    wide = wide.reindex(weeks, fill_value=0.0)
    regions = flows.pivot_table(index="region", columns="week", values="doses", aggfunc="sum", fill_value=0.0)
    regions = regions.reindex(columns=weeks, fill_value=0.0)
    regions = regions.loc[regions.sum(axis=1).sort_values(ascending=False).index]
    fig, axes = panels(2, max(3.6, 1.2 + 0.13 * len(regions)), width_ratios=[1, 1.25])
    ax, bx = axes[0]
    unit, word = _unit(wide.sum(axis=1).max())
    ax.stackplot(week_ends, (wide / unit).T.to_numpy(), labels=list(wide), colors=PALETTE, step="mid", alpha=0.85)
    ax.set(ylabel=f"doses a week, {word}", title="by product")
    ax.legend(loc="upper left", fontsize=8)
    months(ax)
    image = bx.imshow(np.sqrt(regions), aspect="auto", interpolation="none", cmap="viridis")
    bx.set_yticks(range(len(regions)), names.reindex(regions.index), fontsize=7)
    bx.set(xlabel="week of the plan", title="by region")
    bx.grid(visible=False)
    top = float(regions.to_numpy().max())
    step = 10 ** np.floor(np.log10(max(top, 1.0)))
    ticks = np.array([0, 0.1, 0.5, 1, 2, 5, 10]) * step
    ticks = ticks[ticks <= top]
    bar = fig.colorbar(image, ax=bx, ticks=np.sqrt(ticks), label="doses a week")
    bar.ax.set_yticklabels([f"{tick:,.0f}" for tick in ticks])
    return fig


def coverage(curves: Mapping[str, pd.DataFrame], week_ends: np.ndarray, labels: Mapping[str, str]) -> Figure:
    """Coverage of each group over time, a panel a plan; curves of :func:`.campaign_summary.coverage_by_week`."""
    fig, axes = panels(len(curves), 3.5, sharey=True)
    for ax, (name, curve) in zip(axes[0], curves.items(), strict=True):
        for group, shade in zip(curve, PALETTE, strict=False):
            ax.plot(week_ends, 100 * curve[group], color=shade, label=labels.get(group, group))
        ax.set(title=name, ylim=(0, 103))
        months(ax)
    axes[0, 0].set_ylabel("willing people who have begun, %")
    handles, names = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, names, loc="outside upper center", ncols=2, fontsize=9)
    return fig


def scarce(table: pd.DataFrame, use: Mapping[str, np.ndarray], week_ends: np.ndarray, full: float) -> Figure:
    """Benefit that one percent more of each resource adds (left), and the places that use theirs up by week (right).

    Parameters
    ----------
    table : DataFrame
        :func:`.campaign_summary.scarcity`.
    use : mapping of str to array, shape (places, T) or (lots, 1)
        :func:`.campaign_summary.utilisation`.
    full : float
        From this share on a resource is used up.
    """
    fig, axes = panels(2, 3.3)
    ax, bx = axes[0]
    ordered = table.sort_values("gain_pct")
    shades = dict(zip(table.index, PALETTE, strict=False))
    ax.barh(ordered.index, ordered["gain_pct"], color=[shades[name] for name in ordered.index])
    ax.set(xlabel="benefit that 1 % more of it adds, %")
    ax.grid(axis="y", visible=False)
    for name, share in use.items():
        if share.shape[1] == len(week_ends):
            bx.plot(week_ends, 100 * (share >= full).mean(axis=0), color=shades[name], label=name)
    bx.set(ylabel="places that use all of theirs, %", ylim=(-2, 102))
    bx.legend(loc="best")
    months(bx)
    return fig


# ---- fairness ----------------------------------------------------------------------------------------------------


def frontier(frames: Mapping[str, pd.DataFrame], policies: Mapping[str, pd.DataFrame]) -> Figure:
    """Benefit against the floor with the policies (above, a panel a frontier), prices and inequality (below).

    Parameters
    ----------
    frames : mapping of str to DataFrame
        Two equity frontiers by what they assume.
    policies : mapping of str to DataFrame, indexed by policy
        ``floor``, ``benefit`` of the policies under the same assumptions.
    """
    fig, axes = panels(2, 7.0, rows=2)
    markers = ("s", "D", "^", "v", "P", "X")
    for ax, (label, frame), style, shade in zip(axes[0], frames.items(), ("o-", "s--"), (BLUE, ORANGE), strict=True):
        best = frame["benefit"].max()
        ax.plot(100 * frame["floor"], 100 * frame["benefit"] / best, style, color=shade, label="best plans")
        for (name, row), marker in zip(policies[label].iterrows(), markers, strict=False):
            ax.plot(
                100 * row["floor"], 100 * row["benefit"] / best, marker, color=colour(name), label=name, markersize=7,
                markerfacecolor="none", markeredgewidth=1.8, linestyle="none",
            )  # fmt: skip
        ax.set(xlabel="floor: lowest coverage, %", ylabel="benefit, % of the most", title=label, ylim=(0, 105))
        axes[1, 0].plot(100 * frame["floor"], 100 * frame["price_of_fairness"], style, color=shade, label=label)
        axes[1, 1].plot(100 * frame["floor"], frame["gini"], style, color=shade, label=label)
    axes[0, 0].legend(loc="lower left", fontsize=8)
    axes[1, 0].set(xlabel="floor: lowest coverage, %", ylabel="benefit given up, %", title="price of fairness")
    axes[1, 1].set(xlabel="floor: lowest coverage, %", ylabel="Gini index of coverage", title="inequality of districts")
    axes[1, 0].set_ylim(bottom=min(0, axes[1, 0].get_ylim()[0]))
    axes[1, 1].set_ylim(bottom=0)
    axes[1, 0].legend(loc="best", fontsize=8)
    return fig


def policies(table: pd.DataFrame) -> Figure:
    """Benefit, floor and Gini index of each policy.

    Parameters
    ----------
    table : DataFrame, indexed by policy
        :func:`.campaign_summary.policy_table`.
    """
    rows = table.iloc[::-1]
    fig, axes = panels(3, 1.2 + 0.36 * len(rows), sharey=True)
    best = rows["benefit"].max()
    for ax, values, label in (
        (axes[0, 0], 100 * rows["benefit"] / best, "benefit, % of the most"),
        (axes[0, 1], 100 * rows["floor"], "floor: lowest coverage, %"),
        (axes[0, 2], rows["gini"], "Gini index of coverage"),
    ):
        ax.barh(rows.index, values, color=[colour(name) for name in rows.index], height=0.66)
        for y, value in enumerate(values):
            ax.text(value, y, f" {value:.3f}" if label.startswith("Gini") else f" {value:.1f}", va="center", fontsize=8)
        ax.set(xlabel=label, xlim=(0, 1.22 * max(float(values.max()), 1e-9)))
        ax.grid(axis="y", visible=False)
    return fig


# ---- vials -------------------------------------------------------------------------------------------------------


def vials(rates: pd.DataFrame, people: np.ndarray, savings: pd.DataFrame, aim: float) -> Figure:
    """Wastage rate by session size for each vial with the sessions held (left); doses saved (right), and the aim.

    Parameters
    ----------
    rates : DataFrame
        Rate by mean session size (index) and doses in a vial (columns).
    people : array
        Mean session size of each point.
    savings : DataFrame
        :func:`.vial_sizes.savings`.
    aim : float
        Share of the waste that is to be saved.
    """
    fig, axes = panels(2, 3.9)
    ax, bx = axes[0]
    back = ax.twinx()
    back.hist(people, bins=30, color="#e4e7eb", weights=np.full(len(people), 100 / len(people)))
    back.set_ylabel("points, %", color=MUTED)
    back.grid(visible=False)
    ax.set_zorder(back.get_zorder() + 1)
    ax.patch.set_visible(False)
    for size, shade in zip(rates, PALETTE, strict=False):
        ax.plot(rates.index, 100 * rates[size], color=shade, label=f"{size} doses")
    ax.set(xlabel="people at a session, mean", ylabel="doses thrown away, %", ylim=(0, None), title="by vial")
    ax.legend(loc="upper right", fontsize=8)
    same = savings[savings["variant"] == "same cost"]
    at = np.arange(len(same))
    bx.bar(at, 100 * same["saved"], color=[GREEN if saved >= aim else AMBER for saved in same["saved"]], width=0.6)
    bx.axhline(100 * aim, color=ORANGE, linestyle="--", label=f"aim: {aim:.0%}")
    for x, saved in zip(at, same["saved"], strict=True):
        bx.text(x, 100 * saved, f"{saved:.0%}", ha="center", va="bottom", fontsize=8)
    bx.set_xticks(at, same["everywhere"].astype(str))
    bx.set(
        xlabel="doses in the vial used everywhere else", ylabel="open-vial waste saved, %", ylim=(0, 108),
        title="a vial for each point, at no more cost",
    )  # fmt: skip
    bx.legend(loc="upper left")
    return fig


def openings(opening: Mapping[int, pd.DataFrame], closed: pd.DataFrame) -> Figure:
    """Waste against people vaccinated by opening threshold (left), and losses by the stock that a point keeps (right).

    Parameters
    ----------
    opening : mapping of int to DataFrame
        :func:`.vial_sizes.thresholds` by doses in a vial.
    closed : DataFrame
        :func:`.vial_sizes.closed_losses`.
    """
    fig, axes = panels(2, 3.7)
    ax, bx = axes[0]
    for (doses, frame), shade in zip(opening.items(), PALETTE, strict=False):
        ax.plot(100 * frame["rate"], 100 * frame["coverage"], "o-", color=shade, label=f"{doses} doses", markersize=3.5)
        for threshold in {1, doses // 2, doses}:
            row = frame.loc[threshold]
            ax.annotate(
                str(threshold), (100 * row["rate"], 100 * row["coverage"]), xytext=(4, -9), textcoords="offset points",
                fontsize=8, color=shade,
            )  # fmt: skip
    ax.set(
        xlabel="doses thrown away, %", ylabel="vaccinated in the end, % of those who come", title="opening threshold"
    )
    ax.legend(loc="lower right", title="vial")
    at = np.arange(len(closed))
    unopened = 1 - closed["open"]
    below = np.zeros(len(closed))
    used = 1 - closed["expired"] - closed["spoilt"]
    for values, shade, label in (
        (closed["open"] * used, AMBER, "left in opened vials"),
        (closed["spoilt"], PINK, "cold chain failed"),
        (closed["expired"], LOST, "expired unopened"),
    ):
        bx.bar(at, 100 * values, bottom=100 * below, color=shade, label=label, width=0.6)
        below = below + values.to_numpy()
    bx.set_xticks(at, [f"{int(n)}" for n in closed.index])
    bx.set(xlabel="stock at a point, weeks of need", ylabel="share of the doses, %", title="losses of a point")
    bx.set_ylim(0, 105 * max(float(below.max()), float(1 - unopened.min())))
    bx.legend(loc="upper left", fontsize=8)
    return fig


# ---- planned again -----------------------------------------------------------------------------------------------


def replanned(given: Mapping[str, np.ndarray], frozen: int) -> Figure:
    """Doses given so far by week of each plan, less those of the first one.

    Parameters
    ----------
    given : mapping of str to array, shape (T,)
        Doses by week; the first is the last plan.
    frozen : int
        Weeks that stay.
    """
    names = list(given)
    base = given[names[0]].cumsum()
    fig, axes = panels(2, 3.4, width_ratios=[1, 1.1])
    ax, bx = axes[0]
    unit, word = _unit(base[-1])
    styles = dict(zip(names, (("-", INK), ("-", BLUE), ("--", ORANGE)), strict=False))
    for name, (line, shade) in styles.items():
        ax.plot(given[name].cumsum() / unit, line, color=shade, label=name)
        if name != names[0]:
            bx.plot((given[name].cumsum() - base) / unit, line, color=shade, label=name)
    bx.axhline(0, color=INK, linewidth=0.8)
    for axis in (ax, bx):
        axis.axvspan(-0.5, frozen - 0.5, color="#e4e7eb", zorder=0)
        axis.set_xlabel("week of the plan (grey: over or frozen)")
    ax.set(ylabel=f"doses so far, {word}", title="doses given")
    bx.set(ylabel=f"doses, {word}", title="less the last plan's")
    ax.legend(loc="upper left", fontsize=8)
    return fig


def boxes(table: pd.DataFrame) -> Figure:
    """Benefit and floor by the part of a box that a regional depot sends on.

    Parameters
    ----------
    table : DataFrame, indexed by parts of a box
        ``benefit_pct``, ``floor_pct``: percent of those of the plan without boxes.
    """
    fig, axes = panels(1, 2.6)
    ax = axes[0, 0]
    at = np.arange(len(table))
    ax.bar(at - 0.18, table["benefit_pct"], width=0.34, color=BLUE, label="benefit")
    ax.bar(at + 0.18, table["floor_pct"], width=0.34, color=GREEN, label="floor")
    for x, (benefit, floor) in zip(at, table[["benefit_pct", "floor_pct"]].itertuples(index=False), strict=True):
        ax.text(x - 0.18, benefit, f"{benefit:.0f}", ha="center", va="bottom", fontsize=8)
        ax.text(x + 0.18, floor, f"{floor:.0f}", ha="center", va="bottom", fontsize=8)
    ax.set_xticks(at, ["whole boxes" if n == 1 else f"1/{n} of a box" for n in table.index])
    ax.set(ylabel="% of the plan without boxes", ylim=(0, 118))
    ax.grid(axis="x", visible=False)
    ax.legend(loc="upper left", ncols=2)
    return fig
