"""Figures of the benchmarks of allocation: time and gap of plans, the epidemic beside what is known, wastage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from healthops.report.allocation_benchmark_tables import TABLES_CASE, in_order
from healthops.report.axes import panels
from healthops.report.style import GRID, INK, MUTED, PALETTE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, PINK, AMBER, SKY, GREY = PALETTE[:7]
#: Names of changes and of where a plan began.
BEGINS = {
    ("start", "warm"): ("at the start, from the last plan", BLUE),
    ("stock at hand", "warm"): ("with stock at hand, from the last plan", GREEN),
    ("start", "cold"): ("at the start, from nothing", GREY),
}


def _asked(ax: Axes, value: float, label: str, *, vertical: bool = False) -> None:
    line = ax.axvline if vertical else ax.axhline
    line(value, color=INK, lw=1, ls="--", label=label, zorder=1)


# ---- plans ----------------------------------------------------------------------------------------------------


def growth(plans: pd.DataFrame, *, seconds: float, gigabytes: float) -> Figure:
    """CPU seconds and memory of each plan against the variables of its program."""
    table = plans.sort_values("variables").groupby("case").last().sort_values("variables")
    made = table[table.index != TABLES_CASE]
    fig, axes = panels(2, 3.8)
    for ax, column, asked, label in zip(
        axes[0], ("plan_cpu_s", "memory_gb"), (seconds, gigabytes), ("CPU seconds", "GiB of memory"), strict=True
    ):
        per = (made[column] / made["variables"]).iloc[-1] if column == "plan_cpu_s" else np.nan
        top = table["variables"].max()
        if per == per:
            ax.plot([0, top / 1e3], [0, per * top], color=GRID, lw=1.5, label="in proportion", zorder=1)
        ax.scatter(made["variables"] / 1e3, made[column], color=BLUE, s=34, zorder=3, label="made countries")
        if TABLES_CASE in table.index:
            one = table.loc[TABLES_CASE]
            ax.scatter(one["variables"] / 1e3, one[column], color=ORANGE, marker="D", s=34, zorder=3,
                       label=f"country of the tables ({one['products']} products)")  # fmt: skip
        _asked(ax, asked, "asked at most")
        ax.set(xlabel="variables of the program, thousands", ylabel=label, xlim=(0, None), ylim=(0, None))
    axes[0, 0].legend(fontsize=8, loc="upper left")
    return fig


def convergence(steps: pd.DataFrame, *, gap: float) -> Figure:
    """Relative gap by iteration, a panel a stage, a line a case."""
    steps = in_order(steps)
    stages = list(dict.fromkeys(steps["stage"]))
    fig, axes = panels(len(stages), 4.0, sharey=True)
    for ax, stage in zip(axes[0], stages, strict=True):
        for (case, part), colour in zip(
            steps[steps["stage"] == stage].groupby("case", sort=False), PALETTE, strict=False
        ):
            wide = case.startswith("national")
            ax.plot(part["iteration"], part["gap"].clip(1e-9, 1e3), color=colour, lw=1.9 if wide else 1.1, label=case)
        _asked(ax, gap, "asked at most")
        ax.set(yscale="log", xlabel="iteration", title=f"stage {stage}", xlim=(0, None))
    axes[0, 0].set_ylabel("gap between plan and bound,\nas a share of the plan")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)
    return fig


def replans(table: pd.DataFrame, *, seconds: float) -> Figure:
    """CPU seconds of each plan made again, and the doses that it moved beside those that it might move."""
    fig, axes = panels(2, 3.8, width_ratios=[1.2, 1])
    ax, bx = axes[0]
    rows = table.sort_values(["change", "at", "begin"], ascending=[True, True, False]).reset_index(drop=True)
    names = [change for change in dict.fromkeys(rows["change"])]
    y = [names.index(row.change) + 0.26 * (list(BEGINS).index((row.at, row.begin)) - 1) for row in rows.itertuples()]
    shown = set()
    for at, row in zip(y, rows.itertuples(), strict=True):
        label, colour = BEGINS[row.at, row.begin]
        ax.barh(at, row.cpu_s, height=0.22, color=colour, label=None if label in shown else label)
        ax.annotate(f"{row.cpu_s:.1f}", (row.cpu_s, at), (4, 0), textcoords="offset points", va="center", fontsize=8)
        shown.add(label)
        if row.begin == "warm":
            bx.plot([0, 100 * row.allowed], [at, at], color=GRID, lw=7, solid_capstyle="butt", zorder=1)
            bx.plot([0, 100 * row.forced], [at, at], color=MUTED, lw=7, alpha=0.5, solid_capstyle="butt", zorder=2)
            bx.scatter(100 * row.moved, at, color=colour, s=34, zorder=3)
    _asked(ax, seconds, "asked at most", vertical=True)
    ax.set_yticks(range(len(names)), [f"change of\n{name}" for name in names])
    ax.set(xlabel="CPU seconds", xlim=(0, 1.18 * max(seconds, rows["cpu_s"].max())))
    bx.set_yticks(range(len(names)), [])
    bx.set(
        xlabel="doses moved (dot), % of the last plan's;\ngrey: allowed, dark: forced",
        ylim=ax.get_ylim(),
        xlim=(0, None),
    )
    for panel in (ax, bx):
        panel.grid(axis="y", visible=False)
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8)
    return fig


def frontier(table: pd.DataFrame) -> Figure:
    """Benefit against the floor, with the price of fairness at each point."""
    fig, axes = panels(1, 3.8)
    ax = axes[0, 0]
    free = table["benefit"].iloc[0]
    ax.plot(100 * table["floor"], 100 * table["benefit"] / free, "o-", color=BLUE)
    for n, row in enumerate(table.itertuples()):
        last = n == len(table) - 1
        ax.annotate(f"-{100 * row.price_of_fairness:.1f} %" if n else "no floor",
                    (100 * row.floor, 100 * row.benefit / free), (-6, -4) if last else (0, 8),
                    textcoords="offset points", fontsize=8, ha="right" if last else "center")  # fmt: skip
    ax.set(xlabel="lowest coverage held, % of the willing", ylabel="benefit, % of that without a floor", ylim=(0, 112))
    return fig


# ---- the epidemic ---------------------------------------------------------------------------------------------


def days(table: pd.DataFrame, *, most: int = 3) -> Figure:
    """Infections by day: mean and 5 to 95 % of the draws beside the deterministic limit, small to large countries."""
    sizes = sorted(set(table["people"]))
    chosen = [sizes[int(i)] for i in np.linspace(0, len(sizes) - 1, min(most, len(sizes))).round()]
    fig, axes = panels(len(chosen), 3.4, sharey=True)
    for ax, people in zip(axes[0], chosen, strict=True):
        part = table[table["people"] == people]
        ax.fill_between(
            part["day"], part["low"], part["high"], color=SKY, alpha=0.45, lw=0, label="5 to 95 % of the draws"
        )
        ax.plot(part["day"], part["mean"], color=BLUE, lw=2.4, label="mean of the draws")
        ax.plot(part["day"], part["limit"], color=INK, lw=1, ls="--", label="deterministic limit")
        ax.set(title=f"{people:,} people", xlabel="day", ylim=(0, None))
    axes[0, 0].set_ylabel("infections a day\nfor 1,000 people")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8)
    return fig


def known_values(checks: pd.DataFrame, *, share: float) -> Figure:
    """Distance from the limit by size; final size by R0 on the analytic curve; groups beside persons one by one."""
    fig, axes = panels(3, 3.9, width_ratios=[1, 0.9, 1.25])
    ax, bx, cx = axes[0]
    rows = checks[checks["check"] == "deterministic limit"].sort_values("x")
    ax.plot(rows["x"], rows["difference"].clip(lower=1e-8), "o", color=BLUE, label="difference")
    ax.plot(rows["x"], rows["error"], color=MUTED, lw=1.2, label="standard error")
    _asked(ax, share, "asked at most")
    ax.set(xscale="log", yscale="log", xlabel="people", ylabel="share of the limit", title="from the limit")
    ax.legend(fontsize=7.5, loc="lower left")
    final = checks[checks["check"] == "final size"].sort_values("x")
    attacked = np.linspace(0.3, 0.97, 200)
    bx.plot(-np.log(1 - attacked) / attacked, 100 * attacked, color=INK, lw=1, ls="--", label="analytic")
    bx.plot(final["x"], 100 * final["found"], "o", color=BLUE, label="simulated")
    bx.set(xlabel="R0", ylabel="ever infected, %", title="final size", ylim=(0, 100))
    bx.legend(fontsize=7.5, loc="lower right")
    single = checks[checks["check"] == "person by person"].reset_index(drop=True)
    away = 100 * (single["found"] / single["known"] - 1)
    cx.axvline(0, color=INK, lw=1)
    cx.errorbar(away, single.index, xerr=200 * single["error"], fmt="o", color=BLUE, ecolor=SKY, elinewidth=2)
    cx.set_yticks(
        single.index, [case.replace("all-or-nothing", "all or none") for case in single["case"]], fontsize=7.5
    )
    cx.set(xlabel="from person by person, %\n(bars: 2 standard errors)", title="groups")
    cx.invert_yaxis()
    cx.grid(axis="y", visible=False)
    return fig


def speed(table: pd.DataFrame, *, million_cells: float) -> Figure:
    """Million cells a CPU second by case, ours and the peer's where it was measured, on a logarithmic scale."""
    fig, axes = panels(1, 0.9 + 0.62 * len(table))
    ax = axes[0, 0]
    for y, row in enumerate(table.itertuples()):
        ax.barh(y - 0.19, row.million_cells_a_cpu_s, height=0.34, color=BLUE, label="ours" if y == 0 else None)
        _end(ax, row.million_cells_a_cpu_s, y - 0.19, f"{row.million_cells_a_cpu_s:.1f}")
        if row.ratio == row.ratio:
            theirs = row.peer_million_cells_a_cpu_s
            ax.barh(y + 0.19, theirs, height=0.34, color=ORANGE, label="epydemix" if y == 0 else None)
            _end(ax, theirs, y + 0.19, f"{theirs:.3f}: ours is {row.ratio:.0f} times as fast")
        else:
            said = "epydemix: not measured" if row.peer.startswith("not measured") else f"epydemix {row.peer}"
            ax.annotate(said, (0.011, y + 0.19), va="center", fontsize=8, color=MUTED)
    _asked(ax, million_cells, "asked at least", vertical=True)
    ax.set_yticks(range(len(table)), table["case"])
    ax.set(xscale="log", xlim=(0.01, 40), xlabel="million cells a CPU second (logarithmic scale)")
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8)
    return fig


def _end(ax: Axes, x: float, y: float, text: str) -> None:
    ax.annotate(text, (x, y), (4, 0), textcoords="offset points", va="center", fontsize=8)


# ---- wastage --------------------------------------------------------------------------------------------------


def wastage(rates: pd.DataFrame, savings: pd.DataFrame, *, saved: float) -> Figure:
    """Rates beside the published ones; doses thrown away with one vial everywhere and with one for each site."""
    fig, axes = panels(2, 3.8)
    ax, bx = axes[0]
    for (mean, part), colour in zip(rates.groupby("mean"), (BLUE, GREEN, ORANGE), strict=False):
        ax.plot(part["vial_doses"], 100 * part["rate"], color=colour, label=f"{mean} people a session", lw=1.4)
        ax.scatter(part["vial_doses"], 100 * part["published"], facecolor="white", edgecolor=colour, s=44, zorder=3)
    ax.scatter([], [], facecolor="white", edgecolor=MUTED, s=44, label="published")
    ax.set(
        xlabel="doses in a vial", ylabel="open-vial wastage, %", ylim=(0, None), xticks=sorted(set(rates["vial_doses"]))
    )
    ax.legend(fontsize=8)
    one = savings.iloc[0]
    names = [f"one of {one['everywhere']}\neverywhere", *(f"by site, of\n{offered}" for offered in savings["offered"])]
    wasted = np.array([one["wasted_everywhere"], *savings["wasted_by_site"]]) / 1000
    bx.bar(names, wasted, color=[GREY, *[BLUE] * len(savings)], width=0.6)
    for x, (value, share) in enumerate(zip(wasted, [0.0, *savings["saved"]], strict=True)):
        text = f"{value:.1f}" + (f"\n-{100 * share:.0f} %" if x else "")
        bx.annotate(text, (x, 0), (0, 8), textcoords="offset points", ha="center", fontsize=9, color="white")
    _asked(bx, (1 - saved) * wasted[0], f"aimed at: {100 * saved:.0f} % less")
    bx.set(ylabel="doses thrown away in a year, thousands", ylim=(0, 1.2 * wasted[0]), title="doses of the vials")
    bx.legend(fontsize=8, loc="upper right")
    bx.grid(axis="x", visible=False)
    return fig
