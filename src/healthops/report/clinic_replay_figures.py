"""Figures of replayed clinic days: costs and what they are made of, the price of waiting, groups, shifts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from healthops.report.axes import panels
from healthops.report.style import INK, MUTED, PALETTE, colour

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from healthops.evaluate.paired_ratios import Estimate

#: Parts of the cost, and their colours.
PARTS = {"wait": PALETTE[0], "idle": PALETTE[4], "overtime": PALETTE[1]}


def costs(parts: Mapping[str, Mapping[str, float]], totals: Mapping[str, Estimate], *, marked: str) -> Figure:
    """Cost of a session by rule, from its parts, with the interval of the total; the rule in force is marked."""
    fig, axes = panels(1, 1.3 + 0.42 * len(parts))
    ax = axes[0, 0]
    for y, (rule, of) in enumerate(parts.items()):
        begin = 0.0
        for name, fill in PARTS.items():
            ax.barh(y, of[name], left=begin, color=fill, height=0.62, label=name if y == 0 else None)
            begin += of[name]
        one = totals[rule]
        ax.plot([one.low, one.high], [y, y], color=INK, lw=1.6)
        ax.text(max(one.high, begin), y, f"  {one.value:.1f}", va="center", fontsize=9, color=INK)
    ax.set_yticks(range(len(parts)), [f"{rule} (in force)" if rule == marked else rule for rule in parts])
    ax.set_ylim(len(parts) - 0.5, -0.5)
    ax.set(xlabel="cost of a session, weighted minutes", xlim=(0, 1.12 * max(one.high for one in totals.values())))
    ax.grid(axis="y", visible=False)
    fig.legend(loc="outside upper center", ncols=len(PARTS))
    return fig


def _dots(ax: Axes, estimates: Mapping[str, Estimate], *, centre: float | None = None) -> None:
    for y, (rule, one) in enumerate(estimates.items()):
        ax.plot([one.low, one.high], [y, y], color=colour(rule), lw=2)
        ax.plot(one.value, y, "o", color=colour(rule), ms=6)
    if centre is not None:
        ax.axvline(centre, color=INK, lw=1)
    ax.grid(axis="y", visible=False)


def dots(panels_of: Mapping[str, Mapping[str, Estimate]], *, centre: float | None = None, rows: int = 1) -> Figure:
    """Dots with intervals by rule, a panel an outcome; the label of each is that of its axis."""
    columns = -(-len(panels_of) // rows)
    first = next(iter(panels_of.values()))
    fig, axes = panels(columns, rows * (0.9 + 0.3 * len(first)), rows=rows, sharey=True)
    for ax in axes.flat[len(panels_of) :]:
        ax.set_visible(False)
    for ax, (label, estimates) in zip(axes.flat, panels_of.items(), strict=False):
        _dots(ax, estimates, centre=centre)
        ax.set(xlabel=label)
        if centre is None:
            ax.set_xlim(left=0)
    axes[0, 0].set_yticks(range(len(first)), list(first))
    axes[0, 0].set_ylim(len(first) - 0.5, -0.5)
    return fig


def by_price(prices: Sequence[float], cost_of: Mapping[str, Sequence[float]], *, stated: float) -> Figure:
    """Cost above the least, by the price of a minute of wait; plans are those made for the stated price."""
    fig, axes = panels(1, 4.0)
    ax = axes[0, 0]
    least = np.min(list(cost_of.values()), axis=0)
    for rule, values in cost_of.items():
        style = "--" if "flat" in rule and "," in rule else "-"
        ax.plot(prices, 100 * (np.asarray(values) / least - 1), style, color=colour(rule), label=rule)
    ax.axvline(stated, color=MUTED, lw=1, ls=":")
    ax.text(stated, 1.0, " stated", transform=ax.get_xaxis_transform(), va="top", color=MUTED, fontsize=9)
    ax.set(xscale="log", xlabel="cost of a minute of one patient's wait, over that of a minute of idle time")
    ax.set(ylabel="cost above the cheapest rule, %", ylim=(-0.5, None))
    ax.set_xticks(list(prices), [f"{price:g}" for price in prices])
    ax.minorticks_off()
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return fig


def cover(sums: pd.DataFrame, savings: Mapping[str, Mapping[str, Estimate]], *, ours: str) -> Figure:
    """Hours lacking by hours of staff (left), and beside others with as many hours (right)."""
    fig, axes = panels(2, 3.9)
    ax, bx = axes[0]
    for rule in dict.fromkeys(sums["policy"]):
        rows = sums[sums["policy"] == rule].sort_values("staff_h")
        ax.plot(rows["staff_h"], rows["under_h"], "o-", color=colour(rule), label=rule, lw=1.2)
    ax.set(xlabel="hours of staff a week", ylabel="under-cover, hours a week", ylim=(0, None))
    others = list(next(iter(savings.values())))
    for k, rule in enumerate(others):
        for y, one in enumerate(of[rule] for of in savings.values()):
            at = y + 0.24 * (k - (len(others) - 1) / 2)
            bx.plot([one.low, one.high], [at, at], color=colour(rule), lw=2)
            bx.plot(one.value, at, "o", color=colour(rule), ms=6, label=f"beside {rule}" if y == 0 else None)
    bx.axvline(0, color=INK, lw=1)
    bx.set_yticks(range(len(savings)), list(savings))
    bx.set_ylim(len(savings) - 0.5, -0.5)
    bx.set(xlabel=f"under-cover of the {ours} above the other's, %")
    bx.grid(axis="y", visible=False)
    bx.locator_params(axis="x", nbins=6)
    ax.legend(loc="upper right")
    bx.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return fig
