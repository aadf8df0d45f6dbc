"""Figures of planned outreach: recommendations, the days, a round on the map, the timetable, the workload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from healthops.report.axes import panels
from healthops.report.style import INK, MISSING, MUTED, colour
from healthops.report.tables import SMALLEST_COUNT, small_count

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


#: Greys and the light blue of timetables.
BREAK, HOURS, OTHER = "#aab1b9", "#eef1f4", "#9ecae1"


def clock(minutes: float) -> str:
    """Write minutes after midnight as a time of day.

    >>> clock(545)
    '9:05'
    """
    return f"{int(minutes) // 60}:{int(minutes) % 60:02d}"


def recommendations(counts: pd.DataFrame) -> Figure:
    """People by rule, coloured by level; counts from 1 to 4 are drawn hatched, all at the same length.

    Parameters
    ----------
    counts : DataFrame
        label, level (``urgent referral``, ``referral``, ``advice``, ``not known``), people; in the order of drawing.
    """
    from matplotlib.patches import Patch

    fig, axes = panels(1, 1.2 + 0.24 * len(counts))
    ax = axes[0, 0]
    small = (counts["people"] > 0) & (counts["people"] < SMALLEST_COUNT)
    shown = counts["people"].where(~small, SMALLEST_COUNT - 1)
    for y, (level, people, few) in enumerate(zip(counts["level"], shown, small, strict=True)):
        mark = colour(level)
        look = {"facecolor": "white", "edgecolor": mark, "hatch": "////"} if few else {"color": mark}
        ax.barh(y, people, height=0.7, **look)
        text = f"<{SMALLEST_COUNT}" if few else f"{people:,.0f}"
        ax.annotate(text, (people, y), (4, 0), textcoords="offset points", va="center", fontsize=9, color=MUTED)
    ax.set_yticks(range(len(counts)), counts["label"])
    ax.set(xlabel="people (logarithmic)", ylim=(len(counts) - 0.4, -0.6))
    ax.set_xscale("log")
    ax.set_xlim(1, max(10.0, 2.0 * float(shown.max())))
    ax.grid(axis="y", visible=False)
    levels = list(dict.fromkeys(counts["level"]))
    handles = [Patch(color=colour(level), label=level) for level in levels]
    fig.legend(handles=handles, loc="outside upper center", ncols=len(levels))
    return fig


def days(done: pd.DataFrame, left: pd.Series) -> Figure:
    """Tasks done on each day by where they come from (bars), and tasks open at its end (line).

    Parameters
    ----------
    done : DataFrame, indexed by day, a column an origin
    left : Series, indexed by day
    """
    fig, axes = panels(2, 3.4, width_ratios=[1.6, 1])
    ax, bx = axes[0]
    x = np.arange(len(done))
    names = [f"{day.day_name()[:3]} {day:%m-%d}" for day in done.index]
    below = np.zeros(len(done))
    for origin in done:
        ax.bar(x, done[origin], bottom=below, width=0.62, color=colour(origin), label=origin)
        below += done[origin].to_numpy()
    ax.set_xticks(x, names)
    ax.set(ylabel="tasks", title="done")
    ax.grid(axis="x", visible=False)
    bx.plot(x, left.to_numpy(), "o-", color=INK)
    for at, value in zip(x, left, strict=True):
        bx.annotate(f"{value:,}", (at, value), (6, 5), textcoords="offset points", fontsize=9)
    bx.set_xticks(x, [day.day_name()[:3] for day in done.index])
    bx.set(
        title="still open in the evening",
        ylabel="tasks",
        ylim=(0, 1.15 * max(1, left.max())),
        xlim=(-0.4, len(x) - 0.6),
    )
    fig.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=len(done.columns))
    return fig


def route(stops: pd.DataFrame, base: tuple[float, float], others: pd.DataFrame, *, title: str) -> Figure:
    """One worker's day on the map, in kilometres from the base; the table beside it is the timetable of the round.

    Parameters
    ----------
    stops : DataFrame
        In order: east_km, north_km (moved positions), begins_min, walk_min, urgent.
    base : (float, float)
        East and north of the worker's base, km.
    others : DataFrame
        Homes nearby that want a visit and get none from this worker that day: east_km, north_km.
    """
    fig, axes = panels(2, 4.6, width_ratios=[1.7, 1])
    ax, bx = axes[0]
    at = stops[["east_km", "north_km"]].to_numpy(float) - np.array(base)
    path = np.vstack([[0, 0], at, [0, 0]])
    for start, end in zip(path[:-1], path[1:], strict=True):
        ax.annotate(
            "", end, start, arrowprops={"arrowstyle": "-|>", "color": MUTED, "lw": 1, "shrinkA": 6, "shrinkB": 7}
        )
    if len(others):
        near = others[["east_km", "north_km"]].to_numpy(float) - np.array(base)
        ax.scatter(*near.T, s=14, color=MISSING, zorder=1, label="another home that wants a visit")
    for urgent, name in ((False, "visit"), (True, "urgent")):
        here = (stops["urgent"] == urgent).to_numpy()
        if here.any():
            ax.scatter(*at[here].T, s=150, color=colour(name), zorder=3, label=f"{name} visit" if urgent else name)
    ax.scatter([0], [0], marker="s", s=70, color=INK, zorder=4, label="base")
    _numbers(ax, at)
    reach = 1.15 * max(0.3, float(np.abs(path).max()))
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), xlabel="east of the base, km", ylabel="north of the base, km")
    ax.set_aspect("equal")
    ax.set_title(title)
    _round_table(bx, stops)
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return fig


def _numbers(ax: Axes, at: np.ndarray) -> None:
    """Number the stops; homes at one spot share a label."""
    spots: dict[tuple[float, float], list[str]] = {}
    for k, spot in enumerate(map(tuple, at), 1):
        spots.setdefault(spot, []).append(str(k))
    for spot, names in spots.items():
        ax.annotate(",".join(names), spot, ha="center", va="center", color="white", fontsize=8, zorder=5, weight="bold")


def _round_table(ax: Axes, stops: pd.DataFrame) -> None:
    """The round in words: number, begin, minutes walked to it, minutes there."""
    ax.set_axis_off()
    size = len(stops) + 1
    step = min(0.075, 0.95 / size)
    heads = ("stop", "arrives", "walks, min", "stays, min")
    for x, head in zip((0.05, 0.3, 0.6, 0.95), heads, strict=True):
        ax.text(x, 1, head, ha="right", va="top", fontsize=9, weight="bold", transform=ax.transAxes)
    rows = zip(stops["begins_min"], stops["walk_min"], stops["ends_min"], stops["urgent"], strict=True)
    for k, (begins, walk, ends, urgent) in enumerate(rows, 1):
        words = (str(k), clock(begins), f"{walk}", f"{ends - begins}")
        for x, word in zip((0.05, 0.3, 0.6, 0.95), words, strict=True):
            mark = colour("urgent") if urgent else INK
            ax.text(x, 1 - k * step, word, ha="right", va="top", fontsize=9, color=mark, transform=ax.transAxes)


def _visit_bar(ax: Axes, visit: Any, y: float, height: float, mark: str) -> None:
    """Draw the minutes of a visit at `y`, in hours of the day."""
    begins, ends = visit.begins_min / 60, visit.ends_min / 60
    ax.barh(y, ends - begins, left=begins, height=height, color=mark, edgecolor="white", linewidth=0.6)


def timetable(visits: pd.DataFrame, workers: pd.DataFrame, break_min: Mapping[str, int]) -> Figure:
    """The day of every worker at work: hours (light), visits, urgent visits, breaks; white is walking and waiting.

    Parameters
    ----------
    visits : DataFrame
        Of :meth:`healthops.schedule.visits.VisitPlan.visits`.
    workers : DataFrame
        Of those at work: worker, starts_min, ends_min; drawn from the top in this order.
    break_min : mapping of str to int
        Length of each worker's break.
    """
    fig, axes = panels(1, 1.3 + 0.19 * len(workers))
    ax = axes[0, 0]
    row = {worker: y for y, worker in enumerate(workers["worker"])}
    for one in workers.itertuples():
        ax.barh(
            row[one.worker], (one.ends_min - one.starts_min) / 60, left=one.starts_min / 60, height=0.8, color=HOURS
        )
    for one in visits.astype({"rest_min": "float64"}).itertuples():
        y, mark = row[one.worker], colour("urgent" if one.urgent else "visit")
        _visit_bar(ax, one, y, 0.62, mark)
        if not np.isnan(one.rest_min):
            ax.barh(y, break_min[one.worker] / 60, left=one.rest_min / 60, height=0.62, color=BREAK)
    ax.set_yticks(range(len(row)), list(row), fontsize=8)
    ax.set(xlabel="hour of the day", ylim=(len(row) - 0.4, -0.6))
    ax.set_xticks(range(int(workers["starts_min"].min()) // 60, -(-int(workers["ends_min"].max()) // 60) + 1))
    ax.grid(axis="y", visible=False)
    marks = {
        "visit": colour("visit"),
        "urgent visit": colour("urgent"),
        "break": BREAK,
        "walking, waiting or free": HOURS,
    }
    _legend(fig, marks)
    return fig


def workload(loads: Mapping[str, pd.DataFrame], *, before: str, after: str) -> Figure:
    """Hours of work of each worker under each way of sharing (left, sorted by the first), and what all bring and cost.

    Parameters
    ----------
    loads : mapping of str to DataFrame
        Way of sharing, table of :func:`healthops.schedule.visit_changes.workload`.
    before, after : str
        The two ways that are drawn for each worker.
    """
    fig, axes = panels(3, 3.9, width_ratios=[2.1, 1, 1])
    ax, bx, cx = axes[0]
    old, new = (loads[name].set_index("worker")["work_min"] / 60 for name in (before, after))
    order = old.sort_values(kind="stable").index
    x = np.arange(len(order))
    ax.vlines(x, np.minimum(old[order], new[order]), np.maximum(old[order], new[order]), color=MISSING, lw=2, zorder=1)
    ax.plot(x, old[order], "o", color=colour(before), label=before)
    ax.plot(x, new[order], "o", color=colour(after), label=after)
    ax.set(
        xlabel="workers, by their hours with own homes only",
        ylabel="hours of walks and visits",
        ylim=(0, None),
        xticks=[],
    )
    fig.legend(*ax.get_legend_handles_labels(), loc="outside upper left", ncols=2)
    names = list(loads)
    for each, column, unit, label in ((bx, "tasks", 1, "tasks done"), (cx, "walked_min", 60, "hours walked")):
        values = [loads[name][column].sum() / unit for name in names]
        each.bar(range(len(names)), values, width=0.62, color=[colour(name) for name in names])
        for at, value in enumerate(values):
            each.annotate(f"{value:,.0f}", (at, value), (0, 3), textcoords="offset points", ha="center", fontsize=9)
        each.set_xticks(range(len(names)), [name.replace(" ", "\n") for name in names], fontsize=8)
        each.set_title(label)
        each.grid(axis="x", visible=False)
    return fig


def insertion(
    before: pd.DataFrame, after: pd.DataFrame, workers: Sequence[str], new: str, gone: Sequence[str]
) -> Figure:
    """The rounds of some workers before and after an urgent task was put in.

    Parameters
    ----------
    before, after : DataFrame
        Visits of the two plans.
    workers : sequence of str
        Whose rounds changed.
    new : str
        The task that came in.
    gone : sequence of str
        Tasks of visits that changed their worker or were given up.
    """
    fig, axes = panels(1, 1.5 + 0.62 * len(workers))
    ax = axes[0, 0]
    ticks, names = [], []
    for k, worker in enumerate(workers):
        for shift, name, visits in ((-0.2, "before", before), (0.2, "after", after)):
            y = k + shift
            ticks.append(y)
            names.append(f"{worker}, {name}")
            for one in visits[visits["worker"] == worker].itertuples():
                mark = OTHER
                if new in one.tasks:
                    mark = colour("urgent")
                elif set(gone) & set(one.tasks):
                    mark = colour("own homes only")
                elif one.urgent:
                    mark = colour("visit")
                _visit_bar(ax, one, y, 0.3, mark)
    ax.set_yticks(ticks, names)
    ax.set(xlabel="hour of the day", ylim=(len(workers) - 0.5, -0.5))
    ax.grid(axis="y", visible=False)
    _legend(fig, {
        "the urgent task that came in": colour("urgent"), "moved or given up": colour("own homes only"),
        "other urgent visit": colour("visit"), "other visit": OTHER,
    })  # fmt: skip
    return fig


def _legend(fig: Figure, marks: Mapping[str, str]) -> None:
    """A legend of colours above the figure."""
    from matplotlib.patches import Patch

    handles = [Patch(color=mark, label=name) for name, mark in marks.items()]
    fig.legend(handles=handles, loc="outside upper center", ncols=len(handles))


def hamlets(reached: pd.DataFrame) -> Figure:
    """Share of the tasks done by hamlet: the least (left), and against the walk to its homes (right).

    Parameters
    ----------
    reached : DataFrame
        hamlet, tasks, done, walk_min (median over its homes, from the base of the worker responsible). Hamlets with 1
        to 4 tasks are left out.
    """
    fig, axes = panels(2, 3.9)
    ax, bx = axes[0]
    some = reached[reached["tasks"] >= SMALLEST_COUNT]
    share = 100 * some["done"] / some["tasks"]
    order = share.sort_values(kind="stable").index[:15]
    ax.barh(range(len(order)), share[order], color=colour("visit"), height=0.7)
    for y, at in enumerate(order):
        left = int(some.loc[at, "tasks"] - some.loc[at, "done"])
        words = "all done" if left == 0 else f"{small_count(left)} left"
        ax.annotate(words, (share[at], y), (4, 0), textcoords="offset points", va="center", fontsize=8, color=MUTED)
    ax.set_yticks(range(len(order)), some.loc[order, "hamlet"])
    ax.set(xlabel="tasks done, %", xlim=(0, 118), ylim=(len(order) - 0.4, -0.6), title="hamlets with the least done")
    ax.set_xticks(range(0, 101, 20))
    ax.grid(axis="y", visible=False)
    bx.scatter(some["walk_min"], share, s=10 + some["tasks"], color=colour("visit"), alpha=0.6, linewidth=0)
    bx.set(
        xlabel="median walk to its homes, min one way",
        ylabel="tasks done, %",
        ylim=(0, 105),
        title="and the walk there",
    )
    bx.set_xlim(left=-3)
    return fig
