"""Figures of the benchmarks of routing: gaps by instance and by effort, home care and its bounds, days of visits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from healthops.report.axes import panels
from healthops.report.routing_benchmark_tables import FAMILIES, effort, number, short
from healthops.report.style import GRID, INK, MUTED, PALETTE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, PINK, AMBER, SKY, GREY = PALETTE[:7]
COLOURS = {"c1": GREEN, "r1": BLUE, "rc1": ORANGE, "prizes": PINK}
#: Below this many percent a gap is drawn in proportion, above on a logarithmic scale.
LINEAR = 0.05


def _gap_axis(ax: Axes) -> None:
    """A scale on which no gap at all can be drawn beside large ones."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    ax.set_yscale("symlog", linthresh=LINEAR, linscale=0.6)
    ax.yaxis.set_major_locator(FixedLocator([0, 0.05, 0.1, 0.5, 1, 5, 10, 50]))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))


def gaps(runs: pd.DataFrame, *, asked: float) -> Figure:
    """Gap of every instance without prizes, a column each, one dot a search: the darker, the longer."""
    kept = runs[runs["family"] != "prizes"].sort_values(["family", "instance"])
    names = list(dict.fromkeys(kept["instance"]))
    steps = {part: k for k, part in enumerate(sorted(set(kept["iterations"])))}
    fig, axes = panels(1, 4.2)
    ax = axes[0, 0]
    for iterations, part in kept.groupby("iterations", sort=True):
        last = steps[iterations] == len(steps) - 1
        ax.scatter(
            [names.index(name) for name in part["instance"]], part["gap_percent"],
            color=[COLOURS[f] for f in part["family"]] if last else MUTED, s=34 if last else 16,
            alpha=1.0 if last else 0.25 + 0.2 * steps[iterations], zorder=3 if last else 2,
            label=f"{iterations:,} iterations, {part['cpu_seconds'].mean():.1f} CPU s on the mean", clip_on=False,
        )  # fmt: skip
    ax.axhline(asked, color=INK, lw=1, ls="--", zorder=1, label=f"asked of the mean: {asked:g} %")
    for family in FAMILIES:
        own = [names.index(name) for name in set(kept.loc[kept["family"] == family, "instance"])]
        if own:
            ax.axvline(max(own) + 0.5, color=GRID, lw=1)
            ax.text(np.mean(own), 1.01, FAMILIES[family], transform=ax.get_xaxis_transform(), ha="center", va="bottom",
                    fontsize=9, color=COLOURS[family])  # fmt: skip
    _gap_axis(ax)
    ax.set_xticks(range(len(names)), names, rotation=90)
    ax.set(ylabel="gap to the best known, %", xlim=(-0.6, len(names) - 0.4), ylim=(-0.004, None))
    ax.grid(axis="x", visible=False)
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8)
    return fig


def gap_by_effort(runs: pd.DataFrame, *, asked: float, prizes: float) -> Figure:
    """Gap against CPU seconds: every instance thin, the mean of a family thick; those with prizes apart."""
    from matplotlib.ticker import LogLocator, NullLocator

    fig, axes = panels(2, 3.9, width_ratios=[1.5, 1], sharey=True)
    table = effort(runs)
    for family, part in table.groupby("family", sort=True):
        ax = axes[0, int(family == "prizes")]
        for _, one in runs[runs["family"] == family].groupby("instance", sort=True):
            one = one.sort_values("iterations")
            ax.plot(one["cpu_seconds"], one["gap_percent"], color=COLOURS[family], lw=0.7, alpha=0.35)
        label = FAMILIES.get(family, "with prizes")
        ax.plot(part["seconds"], part["mean"], "o-", color=COLOURS[family], lw=2.2, label=label)
    for ax, limit, title in ((axes[0, 0], asked, "every customer visited"), (axes[0, 1], prizes, "with prizes")):
        ax.axhline(limit, color=INK, lw=1, ls="--", zorder=1, label=f"asked: {limit:g} %")
        _gap_axis(ax)
        ax.set(xscale="log", xlabel="CPU seconds", title=title, ylim=(-0.004, None))
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
        ax.legend(fontsize=8, loc="upper right")
    axes[0, 0].set_ylabel("gap to the best known, %")
    return fig


def care(plans: pd.DataFrame) -> Figure:
    """Cost and lower bound of every home care instance, in percent of the best known cost; a panel a size."""
    sizes = sorted(set(plans["patients"]))
    fig, axes = panels(len(sizes), 3.9)
    for ax, patients in zip(axes[0], sizes, strict=True):
        part = plans[plans["patients"] == patients].dropna(subset=["cost", "best_known"])
        part = part.assign(order=[number(name) for name in part["instance"]]).sort_values("order")
        y = np.arange(len(part))
        cost, bound = (100 * part[c] / part["best_known"] for c in ("cost", "bound"))
        ax.hlines(y, bound, cost, color=GRID, lw=5, zorder=1, label="the best there is lies between")
        ax.scatter(bound, y, marker="|", s=90, color=ORANGE, zorder=2, label="lower bound")
        ax.scatter(cost, y, color=BLUE, s=30, zorder=3, label="cost of the plan")
        ax.axvline(100, color=INK, lw=1, ls="--", zorder=1, label="best known")
        ax.set_yticks(y, [short(name) for name in part["instance"]])
        ax.set(xlabel="% of the best known cost", title=f"{patients} patients", xlim=(min(90, bound.min() - 3), 103))
        ax.invert_yaxis()
        ax.grid(axis="y", visible=False)
    fig.legend(*axes[0, -1].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)
    return fig


def _limit(ax: Axes, value: float, label: str, y: float) -> None:
    """A vertical line of what was asked, with its words to the left."""
    ax.axvline(value, color=INK, lw=1, ls="--", zorder=1)
    ax.annotate(label, (value, y), (-5, 0), textcoords="offset points", ha="right", va="center", fontsize=8)


def _district(row: object) -> str:
    return f"{row.workers:,} workers,\n{row.tasks:,} tasks"


def days(table: pd.DataFrame, reasons: pd.DataFrame, *, seconds: float) -> Figure:
    """Seconds of each district's plan, and what became of its tasks."""
    fig, axes = panels(2, 3.8, width_ratios=[1, 1.3])
    ax, bx = axes[0]
    names = [_district(row) for row in table.itertuples()]
    y = np.arange(len(names))
    ax.barh(y, table["seconds"], color=BLUE, height=0.55)
    for at, value in zip(y, table["seconds"], strict=True):
        ax.annotate(f"{value:.1f}", (value, at), (4, 0), textcoords="offset points", va="center", fontsize=8)
    _limit(ax, seconds, f"asked at most: {seconds:g}", len(names) / 2 - 0.5)
    ax.set_yticks(y, names)
    ax.set(xlabel="seconds from tables to plan", xlim=(0, 1.15 * max(seconds, table["seconds"].max())))
    start = np.zeros(len(table))
    shares = {"done": table["tasks_done"].to_numpy() / table["tasks"].to_numpy()}
    by = reasons.set_index(["workers", "tasks", "reason"])["number"]
    said = dict(zip(reasons["reason"], reasons["why"], strict=True))
    for reason in sorted(said, key=lambda name: -by.xs(name, level="reason").sum()):
        left = [by.get((row.workers, row.tasks, reason), 0) / row.tasks for row in table.itertuples()]
        shares[f"left: {said[reason]}"] = np.array(left)
    for (label, part), colour in zip(shares.items(), (BLUE, GREY, ORANGE, AMBER, PINK, SKY), strict=False):
        bx.barh(y, 100 * part, left=100 * start, color=colour, height=0.55, label=label)
        start = start + part
    bx.set_yticks(y, [])
    bx.set(xlabel="% of the tasks", xlim=(0, 100))
    for panel in (ax, bx):
        panel.invert_yaxis()
        panel.grid(axis="y", visible=False)
    fig.legend(*bx.get_legend_handles_labels(), loc="outside lower center", ncols=1, fontsize=8)
    return fig


def insertions(table: pd.DataFrame, *, seconds: float, moved: int) -> Figure:
    """Time of every urgent task, and how many by the other visits that they moved."""
    fig, axes = panels(2, 3.6, width_ratios=[1, 1.3])
    ax, bx = axes[0]
    groups = list(table.groupby(["workers", "tasks"], sort=True))
    names = [f"{workers:,} workers,\n{tasks:,} tasks" for (workers, tasks), _ in groups]
    for at, (_, part) in enumerate(groups):
        spread = np.linspace(-0.28, 0.28, len(part))
        ax.scatter(1000 * part["seconds"], at + spread, s=9, color=BLUE, alpha=0.7)
        begin = 0
        for others, shade in zip(range(moved + 1), (GREEN, SKY, BLUE, PINK), strict=False):
            count = int(((part["outcome"] == "made") & (part["moved"] == others)).sum())
            bx.barh(at, count, left=begin, color=shade, height=0.55, label=f"made, {others} moved" if at == 0 else None)
            begin += count
        bx.barh(
            at, len(part) - begin, left=begin, color=GREY, height=0.55, label="left, with a reason" if at == 0 else None
        )
    _limit(ax, 1000 * seconds, f"asked at most:\n{1000 * seconds:,.0f}", len(groups) / 2 - 0.5)
    ax.set_yticks(range(len(groups)), names)
    ax.set(xscale="log", xlabel="milliseconds for an urgent task")
    ax.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    bx.set_yticks(range(len(groups)), [])
    bx.set(xlabel="urgent tasks")
    for panel in (ax, bx):
        panel.invert_yaxis()
        panel.grid(axis="y", visible=False)
    fig.legend(*bx.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8)
    return fig
