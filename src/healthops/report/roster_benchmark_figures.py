"""Figures of the benchmarks of rosters, repairs, overbooking and the clinic day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from healthops.report.axes import panels
from healthops.report.roster_benchmark_tables import BOUNDED, CHEAPEST, FLAT, errors_apart, numbered
from healthops.report.style import GRID, INK, PALETTE

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, PINK, AMBER, SKY, GREY = PALETTE[:7]
COLOURS = {CHEAPEST: ORANGE, BOUNDED: BLUE}
LABELS = {CHEAPEST: "cheapest", BOUNDED: "cheapest with the groups' waits bounded"}
#: Below this many percent a difference from the best known is drawn in proportion, above on a logarithmic scale.
LINEAR = 1.0
#: Standard errors within which a comparison agrees.
STANDARD_ERRORS = 3


def _asked(ax: Axes, value: float, label: str | None = None) -> None:
    ax.axvline(value, color=INK, lw=1, ls="--", zorder=1, label=label)


def _rows(ax: Axes, names: list[str]) -> None:
    """Name the rows of a panel, the first on top, without lines across."""
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)


def _percent_axis(ax: Axes, low: float, high: float) -> None:
    """A scale of percent on which small differences can be seen beside large ones."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    ax.set_xscale("symlog", linthresh=LINEAR, linscale=0.8)
    ax.xaxis.set_major_locator(FixedLocator([-100, -10, -1, 0, 1, 10, 100, 1000]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.set_xlim(1.3 * low, 1.3 * high)


# ---- rosters --------------------------------------------------------------------------------------------------


def rosters(runs: pd.DataFrame, *, seconds: float, seconds_longer: float, short: Collection[int]) -> Figure:
    """Cost and lower bound of every instance beside the best known cost, and the CPU seconds of its search.

    `short` are the numbers of the instances that were allowed `seconds`; the others were allowed `seconds_longer`.
    """
    table = numbered(runs)
    y = np.arange(len(table))
    cost, bound = (100 * (table[c] / table["best_known"] - 1) for c in ("value", "lower_bound"))
    fig, axes = panels(2, 0.32 * len(table) + 1.6, width_ratios=[1.4, 1])
    ax, bx = axes[0]
    ax.hlines(y, bound, cost, color=GRID, lw=6, zorder=1, label="the best there is lies between")
    ax.scatter(bound, y, marker="|", s=110, color=ORANGE, zorder=3, label="lower bound")
    sure = table["proved"].to_numpy(bool)
    ax.scatter(cost[sure], y[sure], color=GREEN, s=34, zorder=2, label="cost, proved the best there is")
    ax.scatter(cost[~sure], y[~sure], color=BLUE, s=34, zorder=2, label="cost, not proved")
    _asked(ax, 0, "best known")
    _percent_axis(ax, min(bound.min(), -LINEAR), max(cost.max(), LINEAR))
    ax.set_xlabel("% above the best known cost")
    _rows(
        ax,
        [f"{n}: {s} people, {d} days" for n, s, d in zip(table["number"], table["staff"], table["days"], strict=True)],
    )
    ax.set_ylabel("instance")
    limits = [seconds if n in set(short) else seconds_longer for n in table["number"]]
    bx.hlines(y, table["cpu_seconds"].min() / 4, table["cpu_seconds"], color=GRID, lw=6, zorder=1)
    bx.scatter(table["cpu_seconds"], y, color=INK, s=26, zorder=3, label="CPU seconds (right)")
    bx.scatter(limits, y, marker="|", s=110, color=PINK, zorder=2, label="allowed (right)")
    bx.set(
        xscale="log", xlabel="CPU seconds", xlim=(table["cpu_seconds"].clip(lower=0.01).min() / 2, 1.5 * max(limits))
    )
    bx.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    _rows(bx, [""] * len(table))
    handles = [ax.get_legend_handles_labels(), bx.get_legend_handles_labels()]
    fig.legend(
        *(sum(parts, []) for parts in zip(*handles, strict=True)), loc="outside lower center", ncols=4, fontsize=8
    )
    return fig


def repairs(table: pd.DataFrame, *, seconds: float) -> Figure:
    """How many assignments each repair changes, a circle as large as the number of repairs, and their CPU seconds."""
    names = list(dict.fromkeys(table["absence"]))
    fig, axes = panels(2, 0.75 * len(names) + 1.5, width_ratios=[1.6, 1])
    ax, bx = axes[0]
    for at, name in enumerate(names):
        part = table[table["absence"] == name]
        for short, colour in ((False, BLUE), (True, ORANGE)):
            counts = part.loc[(part["missing"] > 0) == short, "changes"].value_counts()
            # Both kinds side by side where there are both.
            aside = 0.0 if (part["missing"] > 0).all() or not (part["missing"] > 0).any() else (0.2 if short else -0.2)
            ax.scatter(counts.index, np.full(len(counts), at + aside), s=80 + 600 * counts / len(part), color=colour)
            for changes, count in counts.items():
                ax.annotate(f"{count}", (changes, at + aside), ha="center", va="center", fontsize=8, color="white")
        spread = np.linspace(-0.22, 0.22, len(part)) if len(part) > 1 else np.zeros(1)
        bx.scatter(part["cpu_seconds"], at + spread, s=12, color=BLUE, alpha=0.75)
    for colour, label in ((BLUE, "repairs after which nobody is missing"), (ORANGE, "after which somebody is")):
        ax.scatter([], [], s=60, color=colour, label=label)
    _asked(bx, seconds, f"asked at most: {seconds:g} s")
    ax.set(xlabel="other assignments that change", xlim=(-0.7, table["changes"].max() + 0.7))
    ax.xaxis.get_major_locator().set_params(integer=True)
    bx.set(xlabel="CPU seconds of a repair", xlim=(0, 1.1 * max(seconds, table["cpu_seconds"].max())))
    _rows(ax, [name.replace(", ", ",\n") for name in names])
    _rows(bx, [""] * len(names))
    handles = [ax.get_legend_handles_labels(), bx.get_legend_handles_labels()]
    fig.legend(
        *(sum(parts, []) for parts in zip(*handles, strict=True)), loc="outside lower center", ncols=3, fontsize=8
    )
    return fig


# ---- overbooking ----------------------------------------------------------------------------------------------


def savings(plans: pd.DataFrame, cases: pd.DataFrame, *, saved: float) -> Figure:
    """What each instance's plan saves beside the flat rate's, a row a case, and the same over all instances."""
    cost = plans.pivot(index=["case", "instance"], columns="plan", values="cost")
    names = list(dict.fromkeys(cases["case"]))
    fig, axes = panels(1, 0.85 * len(names) + 1.4)
    ax = axes[0, 0]
    for at, case in enumerate(names):
        its = cost.loc[case]
        for plan, up in ((CHEAPEST, -0.18), (BOUNDED, 0.18)):
            each = 100 * (1 - its[plan] / its[FLAT])
            ax.scatter(each, np.full(len(each), at + up), s=16, color=COLOURS[plan], alpha=0.35, lw=0)
            row = cases[(cases["case"] == case) & (cases["plan"] == plan)].iloc[0]
            ax.scatter(100 * row["below_flat_rate"], at + up, marker="D", s=46, color=COLOURS[plan], edgecolor=INK,
                       lw=0.8, zorder=3, label=LABELS[plan] if at == 0 else None)  # fmt: skip
    ax.axvline(0, color=GRID, lw=2, zorder=0)
    _asked(ax, saved, f"asked at least over all instances: {saved:g} %")
    numbers = cases.groupby("case")["instances"].max()
    _rows(ax, [f"{case.replace(', ', ',' + chr(10))}\n({numbers[case]} instances)" for case in names])
    ax.set(xlabel="cost below that of a flat rate, % (dots: instances; diamonds: over all instances)")
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8)
    return fig


def waits(plans: pd.DataFrame, *, case: str, ratio: float, extra: float) -> Figure:
    """Waits of both groups in each instance, without and with the bound, and what the bound costs there."""
    part = plans[plans["case"] == case]
    fig, axes = panels(2, 4.2, width_ratios=[1, 1.1])
    ax, bx = axes[0]
    top = 0.0
    for plan in (CHEAPEST, BOUNDED):
        its = part[part["plan"] == plan]
        low, high = its["low_wait"] / its["low_came"], its["high_wait"] / its["high_came"]
        ax.scatter(low, high, s=20, color=COLOURS[plan], alpha=0.7, lw=0, label=LABELS[plan], zorder=3)
        top = max(top, low.max(), high.max())
    top = 1.06 * top if top > 0 else 1.0
    ax.fill_between(
        [0, top], [0, top / ratio], [0, top * ratio], color=GRID, zorder=0, label=f"ratio at most {ratio:g}"
    )
    ax.set(xlim=(0, top), ylim=(0, top), xlabel="wait, group with fewer no-shows, slots",
           ylabel="wait, group with more no-shows, slots", aspect="equal")  # fmt: skip
    cost = part.pivot(index="instance", columns="plan", values="cost")
    more = np.sort((100 * (cost[BOUNDED] / cost[CHEAPEST] - 1)).clip(lower=0).to_numpy())
    bx.step(more, 100 * np.arange(1, len(more) + 1) / len(more), where="post", color=BLUE)
    total = 100 * (cost[BOUNDED].sum() / cost[CHEAPEST].sum() - 1)
    bx.axvline(total, color=BLUE, lw=1, ls=":", label=f"over all instances: {total:.2f} %")
    _asked(bx, extra, f"asked at most over all: {extra:g} %")
    bx.set(xlabel="cost of the bound, % of the cheapest plan's", ylabel="% of instances that cost at most so much",
           ylim=(0, 103), xlim=(-0.02 * max(more.max(), extra), None))  # fmt: skip
    bx.legend(fontsize=8, loc="lower right")
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8)
    return fig


# ---- the clinic day -------------------------------------------------------------------------------------------


def speed(table: pd.DataFrame, *, timed: Collection[str], million: float) -> Figure:
    """Days that a CPU second plays, by case, beside simpy's, on a logarithmic scale; `timed` was asked for."""
    fig, axes = panels(1, 0.42 * len(table) + 1.3)
    ax = axes[0, 0]
    y = np.arange(len(table))
    ours, peer = (1e6 * table[c] for c in ("million_days_a_cpu_s", "peer_million_days_a_cpu_s"))
    ax.hlines(y, peer, ours, color=GRID, lw=5, zorder=1)
    ax.scatter(peer, y, color=GREY, s=36, zorder=3, label="simpy, event by event")
    asked = table["case"].isin(list(timed)).to_numpy()
    ax.scatter(ours[asked], y[asked], color=BLUE, s=36, zorder=3, label="here, asked for")
    ax.scatter(ours[~asked], y[~asked], color=SKY, s=36, zorder=3, label="here, beyond what was asked")
    for at, value, times in zip(y, ours, table["ratio"], strict=True):
        ax.annotate(f"{value / 1e6:.2f} million, {times:,.0f} times", (value, at), (8, 0), textcoords="offset points",
                    va="center", fontsize=8,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5})  # fmt: skip
    _asked(ax, 1e6 * million, f"asked at least: {million:g} million")
    _rows(ax, list(table["case"]))
    ax.set(
        xscale="log",
        xlabel="clinic days that a CPU second plays",
        xlim=(0.6 * peer.min(), 12 * max(ours.max(), 1e6 * million)),
    )
    ax.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)
    return fig


def agreement(checks: pd.DataFrame) -> Figure:
    """How many standard errors each mean lies from simpy's or from the closed form."""
    means = checks.assign(apart=errors_apart(checks)).dropna(subset="apart")
    kinds = {
        "wait_min a day, own days": ("wait beside simpy", BLUE), "idle_min a day, own days": ("idle time", GREEN),
        "overtime_min a day, own days": ("overtime", AMBER),
        "stationary wait, closed form": ("wait in the long run beside the closed form", PINK),
    }  # fmt: skip
    names = list(dict.fromkeys(means["case"]))
    fig, axes = panels(1, 0.3 * len(names) + 1.4)
    ax = axes[0, 0]
    ax.axvspan(-STANDARD_ERRORS, STANDARD_ERRORS, color=GRID, alpha=0.5, zorder=0, label="agrees")
    for edge in (-STANDARD_ERRORS, 0, STANDARD_ERRORS):
        ax.axvline(edge, color=INK, lw=1, ls="--" if edge else "-", zorder=1)
    for kind, (label, colour) in kinds.items():
        part = means[means["check"] == kind]
        ax.scatter(
            part["apart"], [names.index(case) for case in part["case"]], s=34, color=colour, label=label, zorder=3
        )
    _rows(ax, names)
    far = max(STANDARD_ERRORS + 0.6, 1.1 * means["apart"].abs().max())
    ax.set(xlabel="standard errors from what is known", xlim=(-far, far))
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=8)
    return fig
