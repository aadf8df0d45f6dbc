"""Figures of a replayed season of outreach: signs reached, paired differences, hours, hamlets, weeks, days a week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from healthops.report.axes import panels
from healthops.report.style import INK, MUTED, colour

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from healthops.evaluate.paired import Saving

#: Marks by policy, beside the colours.
MARKS = ("o", "s", "^", "D", "v", "P")


def reached(means_of: Mapping[str, Mapping[str, Saving]]) -> Figure:
    """Share of danger signs reached in time by policy with intervals, a panel a kind of sign, in %."""
    fig, axes = panels(len(means_of), 3.1, sharey=True, sharex=True)
    for ax, (label, means) in zip(axes[0], means_of.items(), strict=True):
        for y, (policy, m) in enumerate(means.items()):
            ax.barh(y, m.estimate, color=colour(policy), height=0.62)
            ax.plot([m.low, m.high], [y, y], color=INK, lw=1.6)
            ax.text(max(m.high, m.estimate) + 1.5, y, f"{m.estimate:.0f}", va="center", fontsize=9, color=MUTED)
        ax.set_yticks(range(len(means)), list(means))
        ax.set(title=label, xlabel="reached within 3 days, %", xlim=(0, 100))
        ax.grid(axis="y", visible=False)
    axes[0, 0].invert_yaxis()
    return fig


def differences(gains_of: Mapping[str, tuple[str, bool, Mapping[str, Saving]]]) -> Figure:
    """What the plan has more than each other policy on the same draws: a panel a measure.

    Parameters
    ----------
    gains_of : mapping of str to (str, bool, mapping)
        Title; label of the axis, whether more is better, difference by policy.
    """
    fig, axes = panels(2, 4.8, rows=-(-len(gains_of) // 2), sharey=True)
    for ax, (title, (label, more, gains)) in zip(axes.flat, gains_of.items(), strict=False):
        for y, (policy, g) in enumerate(gains.items()):
            ax.plot([g.low, g.high], [y, y], color=colour(policy), lw=2)
            ax.plot(g.estimate, y, "o", color=colour(policy), ms=6)
        ax.axvline(0, color=INK, lw=1)
        ax.set_yticks(range(len(gains)), [f"against {policy}" for policy in gains])
        ax.set_ylim(len(gains) - 0.5, -0.5)
        ax.set(title=f"{title} ({'right' if more else 'left'}: plan better)", xlabel=label)
        ax.grid(axis="y", visible=False)
    for ax in list(axes.flat)[len(gains_of) :]:
        ax.set_visible(False)
    return fig


def hours(points: Mapping[str, tuple[np.ndarray, np.ndarray]], labels: tuple[str, str]) -> Figure:
    """A measure of what was done against hours walked: a point a draw, policies by colour and mark."""
    fig, axes = panels(1, 3.9)
    ax = axes[0, 0]
    for mark, (policy, (walked, done)) in zip(MARKS, points.items(), strict=False):
        ax.plot(walked, done, mark, color=colour(policy), ms=6, alpha=0.8, label=policy)
    ax.set(xlabel=labels[0], ylabel=labels[1], xlim=(0, None), ylim=(0, 102))
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return fig


def hamlets(table: pd.DataFrame, ginis: Mapping[str, Saving]) -> Figure:
    """Share of tasks done in each hamlet, a dot a hamlet as large as its people (left); the Gini with its interval."""
    fig, axes = panels(2, 3.4, width_ratios=[2, 1], sharey=True)
    ax, bx = axes[0]
    for y, (policy, g) in enumerate(ginis.items()):
        rows = table[(table["policy"] == policy) & table["share_done"].notna()].sort_values("hamlet")
        nudge = 0.28 * np.sin(2.4 * np.arange(len(rows)))
        size = 160 * rows["people"] / max(table["people"].max(), 1)
        ax.scatter(100 * rows["share_done"], y + nudge, s=size + 4, color=colour(policy), alpha=0.55, lw=0)
        bx.plot([g.low, g.high], [y, y], color=colour(policy), lw=2)
        bx.plot(g.estimate, y, "o", color=colour(policy), ms=6)
    ax.set_yticks(range(len(ginis)), list(ginis))
    ax.set_ylim(len(ginis) - 0.5, -0.5)
    ax.set(xlabel="tasks of a hamlet done in their window, %", xlim=(-2, 102), title="hamlets")
    bx.set(xlabel="Gini (0: all hamlets alike)", xlim=(0, None), title="inequality")
    for each in (ax, bx):
        each.grid(axis="y", visible=False)
    return fig


def weeks(table: pd.DataFrame, policies: Sequence[str], *, smooth: int = 3) -> Figure:
    """By week, `smooth` weeks together: signs reached in time (left), and tasks done, of those that ended (right)."""
    from matplotlib.ticker import MaxNLocator

    fig, axes = panels(2, 3.7, sharex=True)
    ax, bx = axes[0]
    for policy in policies:
        rows = table[table["policy"] == policy].sort_values("week")
        rolled = rows[["signs", "reached", "done", "missed"]].rolling(smooth, min_periods=1).sum()
        for panel, part, whole in (
            (ax, rolled["reached"], rolled["signs"]),
            (bx, rolled["done"], rolled["done"] + rolled["missed"]),
        ):
            # A share of fewer than five would tell of persons.
            panel.plot(rows["week"], 100 * part / whole.where(whole >= 5), color=colour(policy), label=policy)
    ax.set(
        xlabel="week in which the sign begins", ylabel="reached within 3 days, %", ylim=(0, 100), title="danger signs"
    )
    bx.set(xlabel="week in which the task ends", ylabel="done in their window, %", ylim=(0, 100), title="all tasks")
    for each in (ax, bx):
        each.xaxis.set_major_locator(MaxNLocator(integer=True))
    fig.legend(*bx.get_legend_handles_labels(), loc="outside upper center", ncols=len(policies))
    return fig


def days_a_week(shares: Mapping[str, Mapping[int, float]], done: Mapping[str, Mapping[int, float]]) -> Figure:
    """The same measures where workers go out on more days a week: signs reached (left), rounds done (right)."""
    fig, axes = panels(2, 3.4, sharex=True)
    for ax, values, label in (
        (axes[0, 0], shares, "signs reached within 3 days, %"),
        (axes[0, 1], done, "rounds done in their window, %"),
    ):
        for mark, (policy, by_days) in zip(MARKS, values.items(), strict=False):
            days = sorted(by_days)
            ax.plot(days, [by_days[d] for d in days], mark + "-", color=colour(policy), ms=6, label=policy)
            ax.set_xticks(days)
        ax.set(xlabel="days a week on which each worker goes out", ylabel=label, ylim=(0, 100))
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=len(shares))
    return fig
