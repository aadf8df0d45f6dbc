"""Figures of cover, rosters, sessions with appointments, and what a live change changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from healthops.report.axes import panels
from healthops.report.provider_figures import SHIFTS
from healthops.report.style import GRID, INK, MISSING, MUTED, PALETTE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, PINK, AMBER, SKY, GREY, BROWN = PALETTE
GROUPS = (SKY, AMBER, GREEN, PINK)


def service_levels(table: pd.DataFrame, staff_h: float, chosen: tuple[int, float]) -> Figure:
    """Hours of work a week against the chance of overload, a line for each window; the chosen level is a star.

    Parameters
    ----------
    table : DataFrame
        window_h, overload, hours_a_week.
    chosen : (int, float)
        Its window and overload.
    """
    fig, axes = panels(1, 3.6)
    ax = axes[0, 0]
    for (window, part), colour in zip(table.groupby("window_h"), PALETTE, strict=False):
        name = "each hour" if window == 1 else f"any {window} hours"
        ax.plot(100 * part["overload"], part["hours_a_week"], "o-", color=colour, label=f"work of {name}")
        if window == chosen[0]:
            mine = part[part["overload"] == chosen[1]]
            ax.plot(100 * mine["overload"], mine["hours_a_week"], "*", color=colour, markersize=18, label="taken")
    ax.axhline(staff_h, color=INK, linestyle="--", linewidth=1, label="hours of the contracts")
    ax.set(xlabel="accepted chance that the work exceeds what the staff can do, %", ylabel="hours of shifts a week")
    ax.set_ylim(0, 1.08 * max(staff_h, table["hours_a_week"].max()))
    ax.legend(loc="lower left", ncols=2)
    return fig


def cover_hours(hours: pd.DataFrame, shifts: pd.DataFrame, shift_types: pd.DataFrame) -> Figure:
    """A week: expected work and providers by hour (above), persons wanted of each shift (below).

    Parameters
    ----------
    hours : DataFrame
        :attr:`healthops.schedule.cover.CoverPlan.hours` of a week.
    shifts : DataFrame
        date, shift, required of the week.
    """
    fig, axes = panels(1, 5.2, rows=2, height_ratios=[1.7, 1])
    ax, bx = axes[:, 0]
    x = np.arange(len(hours)) / 24
    ax.fill_between(x, hours["work_h"], step="post", color=MISSING, label="expected work that comes in an hour")
    known = hours["providers"].cumsum().to_numpy() > 0
    ax.step(x[known], hours["providers"][known], where="post", color=BLUE, label="providers wanted")
    ax.set(ylabel="providers, or hours of work an hour")
    ax.set_ylim(0, 1.3 * max(hours["providers"].max(), hours["work_h"].max()))
    ax.legend(loc="upper left", ncols=2)
    dates = sorted(set(shifts["date"]))
    for k, shift in enumerate(shift_types["shift"]):
        wanted = shifts[shifts["shift"] == shift].set_index("date")["required"].reindex(dates)
        bars = bx.bar(np.arange(len(dates)) + 0.2 + 0.3 * k, wanted, 0.27, color=SHIFTS.get(shift, GREY), label=shift)
        bx.bar_label(bars, fontsize=8)
    bx.set(ylabel="persons wanted", ylim=(0, 1.35 * max(shifts["required"].max(), 1)))
    bx.legend(loc="upper left", ncols=3)
    for each in (ax, bx):
        each.set_xticks(np.arange(len(dates)), [f"{d:%a %d %b}" for d in dates], ha="left")
        each.set_xlim(0, len(dates))
    return fig


def _grid(ax: Axes, roster: pd.DataFrame, people: Sequence[str], dates: Sequence) -> None:
    from matplotlib.patches import Rectangle

    place, column = {who: k for k, who in enumerate(people)}, {d: k for k, d in enumerate(dates)}
    for k, date in enumerate(dates):
        if date.day_of_week >= 5:
            ax.axvspan(k, k + 1, color=GRID, zorder=0)
    for row in roster.itertuples():
        if row.provider in place and row.date in column:
            corner = (column[row.date] + 0.06, place[row.provider] + 0.1)
            ax.add_patch(Rectangle(corner, 0.88, 0.8, color=SHIFTS.get(row.shift, GREY), zorder=2))
    ax.set(xlim=(0, len(dates)), ylim=(len(people), 0))
    ax.set_yticks(np.arange(len(people)) + 0.5, list(people), fontsize=8)
    step = 1 if len(dates) <= 14 else 7
    ax.set_xticks(np.arange(0, len(dates), step), [f"{d:%a %d %b}" for d in dates[::step]], ha="left", fontsize=8)
    ax.grid(visible=False)


def roster(table: pd.DataFrame, wishes: pd.DataFrame, days_off: pd.DataFrame, missing: pd.DataFrame) -> Figure:
    """Providers x days, coloured by shift; wishes granted and not; persons missing below.

    Parameters
    ----------
    table : DataFrame
        provider, date, shift.
    wishes : DataFrame
        provider, date, granted.
    days_off : DataFrame
        provider, date: leave.
    missing : DataFrame
        date, shift, missing: all days of the roster.
    """
    people = sorted(set(table["provider"]) | set(wishes["provider"]))
    dates = sorted(set(missing["date"]))
    column, place = {d: k for k, d in enumerate(dates)}, {who: k for k, who in enumerate(people)}
    fig, axes = panels(1, 1.9 + 0.2 * len(people), rows=2, height_ratios=[max(len(people), 6), 3])
    ax, bx = axes[:, 0]
    _grid(ax, table, people, dates)
    for shift, colour in SHIFTS.items():
        ax.plot([], [], "s", color=colour, markersize=9, label=shift)
    leave = days_off[days_off["provider"].isin(people) & days_off["date"].isin(dates)]
    for part, mark, colour, size, name in (
        (wishes[wishes["granted"]], "o", INK, 4.5, "wish granted"),
        (wishes[~wishes["granted"]], "X", ORANGE, 4.5, "wish not granted"),
        (leave, "_", MUTED, 9, "leave"),
    ):
        x, y = [column[d] + 0.5 for d in part["date"]], [place[who] + 0.5 for who in part["provider"]]
        ax.plot(x, y, mark, color=colour, markersize=size, linestyle="none", label=name, zorder=3)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=6)
    low = np.zeros(len(dates))
    for shift, part in missing.groupby("shift", sort=False):
        short = part.set_index("date")["missing"].reindex(dates, fill_value=0).to_numpy(float)
        bx.bar(np.arange(len(dates)) + 0.5, short, 0.8, bottom=low, color=SHIFTS.get(shift, GREY))
        low += short
    bx.set(xlim=(0, len(dates)), ylim=(0, max(low.max() * 1.2, 1)), ylabel="persons\nmissing")
    bx.set_xticks(ax.get_xticks(), [label.get_text() for label in ax.get_xticklabels()], ha="left", fontsize=8)
    bx.yaxis.get_major_locator().set_params(integer=True)
    return fig


def fairness(table: pd.DataFrame, fair: Mapping[str, int], most_weekends: Mapping[str, int]) -> Figure:
    """Nights (left) and weekends (right) of each provider, with the fair share and the limit as ticks.

    Parameters
    ----------
    table : DataFrame
        :func:`healthops.report.provider_schedule_tables.by_provider`.
    fair, most_weekends : mapping
        Provider -> nights that are its share, weekends that it may work.
    """
    fig, axes = panels(2, 1.4 + 0.19 * len(table))
    rows = np.arange(len(table))
    for ax, name, limits, colour, words in (
        (axes[0, 0], "nights", fair, SHIFTS["night"], "fair share"),
        (axes[0, 1], "weekends", most_weekends, GREEN, "most of the contract"),
    ):
        ax.barh(rows, table[name], color=colour)
        known = [(k, limits[who]) for k, who in enumerate(table.index) if who in limits]
        if known:
            ax.plot([v for _, v in known], [k for k, _ in known], "|", color=ORANGE, markersize=9, markeredgewidth=2.2,
                    linestyle="none", label=words)  # fmt: skip
            ax.legend(loc="lower left", bbox_to_anchor=(0.25, 1.0))
        ax.set_yticks(rows, table.index, fontsize=8)
        ax.set(title=name, ylim=(len(table) - 0.4, -0.6), xlabel=f"{name} in the roster")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.grid(visible=False, axis="y")
    return fig


def change(before: pd.DataFrame, after: pd.DataFrame, lost: Sequence, people: Sequence[str], dates: Sequence) -> Figure:
    """The lines of some providers before and after a change; changed cells are framed, lost ones crossed.

    Parameters
    ----------
    before, after : DataFrame
        provider, date, shift.
    lost : sequence of (provider, date)
    """
    from matplotlib.patches import Rectangle

    fig, axes = panels(2, 1.5 + 0.3 * len(people), sharey=True)
    cells = [{(r.provider, r.date): r.shift for r in one.itertuples()} for one in (before, after)]
    for ax, table, title in ((axes[0, 0], before, "before"), (axes[0, 1], after, "after")):
        _grid(ax, table, people, dates)
        step = max(1, -(-len(dates) // 4))
        ax.set_xticks(np.arange(0, len(dates), step), [f"{d:%d %b}" for d in dates[::step]], ha="left", fontsize=8)
        ax.set_title(title)
        for i, who in enumerate(people):
            for k, date in enumerate(dates):
                if cells[0].get((who, date)) != cells[1].get((who, date)):
                    ax.add_patch(Rectangle((k, i), 1, 1, fill=False, edgecolor=ORANGE, linewidth=2, zorder=4))
                if (who, date) in set(lost):
                    ax.plot(k + 0.5, i + 0.5, "x", color=INK, markersize=8, markeredgewidth=2, zorder=5)
    for shift, colour in SHIFTS.items():
        axes[0, 1].plot([], [], "s", color=colour, markersize=9, label=shift)
    axes[0, 1].plot([], [], "x", color=INK, linestyle="none", label="absent")
    axes[0, 1].plot([], [], "s", markerfacecolor="none", markeredgecolor=ORANGE, linestyle="none", label="changed")
    axes[0, 1].legend(loc="upper right", bbox_to_anchor=(1.0, -0.16 if len(people) > 5 else -0.25), ncols=5)
    return fig


def sessions(plan: pd.DataFrame, frontier: pd.DataFrame) -> Figure:
    """Who is booked for which slot (left); cost against the bound on the ratio of waits (right).

    Parameters
    ----------
    plan : DataFrame
        session, slot (missing: not booked), group, no_show_probability; sessions in order.
    frontier : DataFrame
        bound (text), cost, ratio: in order.
    """
    from matplotlib.patches import Rectangle

    names = list(dict.fromkeys(plan["session"]))
    groups = sorted(set(plan["group"]))
    fig, axes = panels(2, 1.7 + 0.85 * len(names), width_ratios=[1.9, 1])
    ax, bx = axes[0]
    most = 1
    for i, name in enumerate(names):
        booked = plan[(plan["session"] == name) & plan["slot"].notna()]
        for slot, part in booked.groupby("slot"):
            most = max(most, int(slot) + 1)
            for k, row in enumerate(part.itertuples()):
                high = 0.8 / len(part)
                corner = (int(slot) + 0.05, i + 0.1 + k * high)
                colour = GROUPS[groups.index(row.group) % len(GROUPS)]
                ax.add_patch(Rectangle(corner, 0.9, 0.92 * high, color=colour))
                ax.text(int(slot) + 0.5, corner[1] + high / 2, f"{100 * row.no_show_probability:.0f}", ha="center",
                        va="center", fontsize=8)  # fmt: skip
    for group, colour in zip(groups, GROUPS, strict=False):
        ax.plot([], [], "s", color=colour, markersize=9, label=group)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2)
    ax.set(xlim=(0, most), ylim=(len(names), 0), xlabel="slot of the session; figures: chance of a no-show, %")
    ax.set_yticks(np.arange(len(names)) + 0.5, [name.split(" ", 1)[-1] for name in names], fontsize=8)
    ax.set_xticks(np.arange(most) + 0.5, np.arange(most) + 1)
    ax.grid(visible=False)
    bx.plot(frontier["ratio"], frontier["cost"], "o-", color=BLUE)
    # Bounds that lead to the same plans share a label.
    same = frontier.assign(at=frontier["ratio"].round(4), price=frontier["cost"].round(6)).groupby(["at", "price"])
    for (ratio, price), part in same:
        name = "\n".join(part["bound"])
        bx.annotate(name, (ratio, price), xytext=(5, 5), textcoords="offset points", fontsize=8)
    span = max(frontier["cost"].max() - frontier["cost"].min(), 0.02 * frontier["cost"].max())
    bx.set_ylim(frontier["cost"].min() - 0.6 * span, frontier["cost"].max() + 0.9 * span)
    bx.set(xlabel="ratio of waits of the worst session", ylabel="expected cost, slots")
    bx.margins(x=0.2)
    return fig
