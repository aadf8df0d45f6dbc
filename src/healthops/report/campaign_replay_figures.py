"""Figures of a replayed campaign: differences with intervals, deaths over time, doses, shocks, regions, R0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from healthops.report.axes import months, panels
from healthops.report.style import INK, MISSING, MUTED, colour

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from healthops.evaluate.paired import Saving

#: What the kinds of shock are called.
SHOCKS = {"late": "lots late", "recall": "lots recalled", "store": "cold stores lost", "cut": "deliveries cut"}


def forest(
    savings_of: Mapping[str, Mapping[str, Saving]], *, published: Sequence[tuple[float, float, str]] = ()
) -> Figure:
    """What a plan saves against each policy, a panel an outcome; published ranges are shaded in the first.

    Parameters
    ----------
    savings_of : mapping of str to mapping of str to Saving
        Label of the outcome, policy, saving in %.
    published : sequence of (low, high, label)
        In %.
    """
    fig, axes = panels(len(savings_of), 3.6, sharey=True)
    for ax, (label, savings) in zip(axes[0], savings_of.items(), strict=True):
        for y, (policy, s) in enumerate(savings.items()):
            ax.plot([s.low, s.high], [y, y], color=colour(policy), lw=2)
            ax.plot(s.estimate, y, "o", color=colour(policy), ms=6)
        ax.axvline(0, color=INK, lw=1)
        ax.set_yticks(range(len(savings)), [f"against {policy}" for policy in savings])
        ax.set_ylim(len(savings) - 0.5, -0.5)
        ax.set(xlabel=f"fewer {label} under the plan, %")
        ax.grid(axis="y", visible=False)
    first = axes[0, 0]
    for k, (low, high, label) in enumerate(published):
        first.axvspan(low, high, color=colour("seasonal") if k % 2 else "#cfe3f1", zorder=0, label=label)
    if published:
        first.legend(loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=len(published))
    return fig


def best_shares(shares: Mapping[str, Mapping[str, float]]) -> Figure:
    """Share of the draws in which each policy is best, a panel an outcome."""
    fig, axes = panels(len(shares), 3.3, sharey=True, sharex=True)
    for ax, (label, share) in zip(axes[0], shares.items(), strict=True):
        ax.barh(list(share), [100 * x for x in share.values()], color=[colour(policy) for policy in share])
        for y, value in enumerate(share.values()):
            ax.text(100 * value + 1, y, f"{100 * value:.0f}", va="center", fontsize=9, color=MUTED)
        ax.set(xlabel="draws, %", title=f"fewest {label}", xlim=(0, 105))
        ax.grid(axis="y", visible=False)
    axes[0, 0].invert_yaxis()
    return fig


def deaths(weeks: pd.DataFrame, *, banded: Sequence[str], base: str) -> Figure:
    """Deaths so far with the middle 90 % of the draws (left), and averted so far against `base` (right)."""
    fig, axes = panels(2, 3.9)
    ax, bx = axes[0]
    wide = weeks.pivot(index="week_end", columns="policy", values="deaths_so_far")
    for policy in dict.fromkeys(weeks["policy"]):
        rows = weeks[weeks["policy"] == policy]
        if policy in banded:
            low, high = rows["deaths_so_far_low"], rows["deaths_so_far_high"]
            ax.fill_between(rows["week_end"], low, high, color=colour(policy), alpha=0.15, lw=0)
            ax.plot(rows["week_end"], rows["deaths_so_far"], color=colour(policy), label=policy)
        if policy != base:
            dashed = "--" if policy == "plan, deaths alone" else "-"
            bx.plot(wide.index, wide[base] - wide[policy], dashed, color=colour(policy), label=policy)
    bx.axhline(0, color=colour(base), lw=1.2, label=base)
    ax.set(ylabel="deaths so far", ylim=(0, None), title="deaths")
    bx.set(ylabel=f"deaths averted so far against {base}", title="averted, mean")
    ax.legend(loc="upper left")
    fig.legend(*bx.get_legend_handles_labels(), loc="outside upper center", ncols=4)
    for each in (ax, bx):
        months(each)
    return fig


def doses(weeks: pd.DataFrame) -> Figure:
    """First (left) and second doses (right) given by week, mean of the scenarios."""
    fig, axes = panels(2, 3.7, sharey=True)
    for ax, column, title in ((axes[0, 0], "first_doses", "first doses"), (axes[0, 1], "second_doses", "second doses")):
        for policy in dict.fromkeys(weeks["policy"]):
            rows = weeks[weeks["policy"] == policy]
            dashed = "--" if policy == "plan, deaths alone" else "-"
            ax.plot(rows["week_end"], rows[column].cumsum() / 1e3, dashed, color=colour(policy), label=policy)
        ax.set(title=title)
        months(ax)
    axes[0, 0].set(ylabel="given so far, thousands", ylim=(0, None))
    axes[0, 0].legend(loc="upper left")
    return fig


def shocks(saved: np.ndarray, scenario_shocks: Sequence[str], *, other: str) -> Figure:
    """What re-planning saved in each scenario, with and without each kind of shock; bars are means."""
    fig, axes = panels(1, 3.6)
    ax = axes[0, 0]
    for k, kind in enumerate(SHOCKS):
        there = np.array([kind in text.split(", ") for text in scenario_shocks])
        for mask, shift, mark in ((there, -0.17, "plan"), (~there, 0.17, "pro-rata")):
            values = saved[mask]
            if len(values) == 0:
                continue
            spread = np.linspace(-0.08, 0.08, len(values)) if len(values) > 1 else np.zeros(1)
            ax.plot(k + shift + spread, values, "o", color=colour(mark), alpha=0.55)
            ax.hlines(values.mean(), k + shift - 0.14, k + shift + 0.14, color=colour(mark), lw=3)
    for name, mark in (("with it", "plan"), ("without it", "pro-rata")):
        ax.plot([], [], color=colour(mark), lw=3, label=name)
    ax.axhline(0, color=INK, lw=1)
    ax.set_xticks(range(len(SHOCKS)), list(SHOCKS.values()))
    ax.set(ylabel=f"fewer deaths than {other}, %")
    ax.grid(axis="x", visible=False)
    ax.legend(title="scenarios", loc="center left", bbox_to_anchor=(1.0, 0.5))
    return fig


def regions(savings: Mapping[str, Saving], *, other: str) -> Figure:
    """Deaths that the plan saves against another policy in each region, sorted, with intervals."""
    order = sorted(savings, key=lambda name: savings[name].estimate)
    fig, axes = panels(1, 1.4 + 0.21 * len(order))
    ax = axes[0, 0]
    for y, name in enumerate(order):
        s = savings[name]
        mark = colour("plan") if s.sure > 0 else colour("oldest first") if s.sure < 0 else MISSING
        ax.plot([s.low, s.high], [y, y], color=mark, lw=1.6)
        ax.plot(s.estimate, y, "o", color=mark)
    ax.axvline(0, color=INK, lw=1)
    ax.set_yticks(range(len(order)), [name.title() for name in order])
    ax.set(xlabel=f"fewer deaths under the plan than under {other}, %", ylim=(-0.7, len(order) - 0.3))
    ax.grid(axis="y", visible=False)
    return fig


def transmission(r0: np.ndarray, saved: Mapping[str, np.ndarray], infected: np.ndarray) -> Figure:
    """What the plan saved in each scenario by its R0, against some policies; right: infected people by R0."""
    fig, axes = panels(2, 3.6, width_ratios=[1.5, 1])
    ax, bx = axes[0]
    order = np.argsort(r0)
    for policy, values in saved.items():
        ax.plot(r0[order], values[order], "o-", color=colour(policy), label=f"against {policy}", lw=1)
    ax.axhline(0, color=INK, lw=1)
    ax.set(xlabel="R0 of the scenario, without distancing", ylabel="fewer deaths under the plan, %")
    ax.legend(loc="best")
    bx.plot(r0[order], 100 * infected[order], "o", color=INK)
    bx.set(xlabel="R0 of the scenario", ylabel="infected in the campaign, % of people", ylim=(0, None))
    return fig
