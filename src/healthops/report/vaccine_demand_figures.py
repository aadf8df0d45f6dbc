"""Figures of vaccine demand: forecasts, scores by horizon and phase, saturation, ceilings, risk of running short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from healthops.report.axes import months, panels
from healthops.report.style import INK, MUTED, PALETTE, colour

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN = PALETTE[:3]


def fans(
    weeks: np.ndarray,
    pace: Mapping[str, np.ndarray],
    forecasts: Mapping[str, Mapping[object, np.ndarray]],
    levels: Sequence[float],
    *,
    unit: str,
) -> Figure:
    """Pace of some places with forecasts from some origins: median, 50 and 90 % intervals.

    Parameters
    ----------
    weeks : array of datetime64, shape (T,)
    pace : mapping of name to array, shape (T,)
    forecasts : mapping of name to mapping of origin to array, shape (H, len(levels))
    levels : sequence of float
    unit : str
        Of the vertical axis.
    """
    at = {q: int(np.argmin(np.abs(np.asarray(levels) - q))) for q in (0.05, 0.25, 0.5, 0.75, 0.95)}
    rows = -(-len(pace) // 3)
    fig, axes = panels(min(3, len(pace)), 2.3 * rows + 0.3, rows=rows, sharex=True)
    _hide(axes, len(pace))
    for ax, (name, seen) in zip(axes.ravel(), pace.items(), strict=False):
        for k, (origin, q) in enumerate(forecasts[name].items()):
            days = np.datetime64(origin, "D") + 7 * np.arange(1, len(q) + 1)
            first = k == 0
            ax.fill_between(
                days, q[:, at[0.05]], q[:, at[0.95]], color=BLUE, alpha=0.2, lw=0, label="90%" if first else None
            )
            ax.fill_between(
                days, q[:, at[0.25]], q[:, at[0.75]], color=BLUE, alpha=0.35, lw=0, label="50%" if first else None
            )
            ax.plot(days, q[:, at[0.5]], color=BLUE, label="median" if first else None)
        ax.plot(weeks, seen, color=INK, lw=1.1, label="observed")
        ax.set_title(name, fontsize=9)
        ax.set_ylim(0, 1.15 * max(np.nanmax(seen), 1e-9))
        months(ax)
    for ax in axes[:, 0]:
        ax.set_ylabel(unit, fontsize=9)
    fig.legend(*axes.ravel()[0].get_legend_handles_labels(), loc="outside lower center", ncol=4)
    return fig


def relative(scores: pd.DataFrame, baseline: str) -> Figure:
    """Relative WIS by horizon (left) and by phase of the campaign at the origin (right).

    Parameters
    ----------
    scores : DataFrame
        Table ``vaccine_demand_scores`` of one level and part.
    """
    models = [m for m in scores["model"].unique() if m != baseline]
    fig, axes = panels(2, 4.6, sharey=True, width_ratios=[1.15, 1])
    ax, bx = axes[0]
    steps = scores[scores["by"] == "horizon"].assign(step=lambda d: d["value"].astype(int)).sort_values("step")
    phases = scores[scores["by"] == "phase"]
    order = [p for p in ("not begun", "rising", "falling", "tail") if p in set(phases["value"])]
    for k, model in enumerate(models):
        mine, here = steps[steps["model"] == model], phases[phases["model"] == model].set_index("value").reindex(order)
        style = {"color": _colour(model), "marker": "osD^vPX"[k % 7], "linestyle": "--" if "+" in model else "-"}
        ax.plot(mine["step"], mine["relative_wis"], label=model, **style)
        bx.plot(
            np.arange(len(order)) + 0.06 * (k - len(models) / 2), here["relative_wis"], **{**style, "linestyle": ""}
        )
    tasks = phases[phases["model"] == baseline].set_index("value")["tasks"].reindex(order)
    bx.set_xticks(range(len(order)), [f"{p}\n{n:,.0f} tasks" for p, n in tasks.items()])
    bx.set_xlim(-0.5, len(order) - 0.5)
    for each in (ax, bx):
        each.axhline(1, color=MUTED, lw=1)
        each.set_yscale("log")
    _plain_log(ax)
    ax.set(xlabel="weeks ahead", ylabel=f"WIS over that of {baseline}, log scale", title="by horizon")
    bx.set(xlabel="phase at the origin", title="by phase of the campaign")
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncol=4, fontsize=8)
    return fig


def over_forecast(table: pd.DataFrame, *, unit: str) -> Figure:
    """Mean forecast and mean of what came by how much of the final coverage was reached at the origin.

    Parameters
    ----------
    table : DataFrame
        Rows are ranges of the share reached, columns models and ``observed``; per 100 people and week.
    """
    fig, axes = panels(2, 4.4, width_ratios=[1, 1])
    ax, bx = axes[0]
    names = [f"{i.left:.0f} to {i.right:.0f}" for i in table.index]
    at = np.arange(len(table))
    for model in (c for c in table if c not in ("observed", "tasks")):
        style = {"color": _colour(model), "marker": "o", "linestyle": "--" if "+" in model else "-"}
        ax.plot(at, table[model], label=model, **style)
        bx.plot(at, table[model] / table["observed"].where(table["observed"] > 0), **style)
    ax.plot(at, table["observed"], color=INK, lw=2.4, label="observed")
    for each in axes[0]:
        each.set_xticks(at, names, rotation=30, ha="right", fontsize=8)
        each.set_xlabel("reached at the origin, % of the final coverage")
    ax.set(ylabel=unit, title="mean of the medians", ylim=(0, None))
    bx.axhline(1, color=MUTED, lw=1)
    bx.set_yscale("log")
    _plain_log(bx)
    bx.set(ylabel="forecast over observed, log scale", title="above 1: too many doses")
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncol=4, fontsize=8)
    return fig


def ceilings(estimates: Mapping[object, pd.DataFrame]) -> Figure:
    """Ceilings of regions against the coverage in the end, a panel a date.

    Parameters
    ----------
    estimates : mapping of origin to DataFrame
        Columns ``low``, ``median``, ``high``, ``truth`` and ``reached``, %.
    """
    fig, axes = panels(len(estimates), 3.5, sharex=True, sharey=True)
    low = min(float(e[["reached", "truth"]].min().min()) for e in estimates.values()) - 3
    for ax, (origin, e) in zip(axes[0], estimates.items(), strict=True):
        ax.plot([low, 101], [low, 101], color=MUTED, lw=1)
        inside = (e["low"] <= e["truth"]) & (e["truth"] <= e["high"])
        for mask, tint, label in ((inside, BLUE, "truth inside 90%"), (~inside, ORANGE, "outside")):
            part = e[mask]
            span = np.maximum(np.stack([part["median"] - part["low"], part["high"] - part["median"]]), 0)
            ax.errorbar(part["truth"], part["median"], yerr=span, fmt="o", ms=3, lw=0.6, color=tint, label=label)
        ax.plot(e["truth"], e["reached"], "x", ms=3.5, color=INK, label="reached then")
        ax.set_title(f"known by {np.datetime64(origin, 'D')}", fontsize=9)
        ax.set_xlabel("coverage in the end, %")
        ax.set(xlim=(low, 102), ylim=(max(low - 25, 0), 102))
    axes[0][0].set_ylabel("estimated ceiling, %")
    handles, labels = axes[0][0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncol=3, fontsize=8)
    return fig


def by_age(bands: Mapping[str, Mapping[str, np.ndarray]], levels: Sequence[float]) -> Figure:
    """Coverage of the nation by age with a forecast of eight weeks from the week in which the band was under way.

    Parameters
    ----------
    bands : mapping of label to mapping
        ``weeks`` and ``coverage`` (T,), ``days`` (H,) and ``path`` (H, len(levels)) of cumulated coverage, %, and
        ``ceiling`` (3,), %.
    """
    columns = min(3, len(bands))
    rows = -(-len(bands) // columns)
    at = {q: list(levels).index(q) for q in (0.05, 0.5, 0.95)}
    fig, axes = panels(columns, 2.3 * rows + 0.4, rows=rows, sharex=True, sharey=True)
    _hide(axes, len(bands))
    for ax, (label, b) in zip(axes.ravel(), bands.items(), strict=False):
        low, middle, high = b["ceiling"]
        ax.axhspan(low, high, color=PALETTE[6], alpha=0.15, lw=0, label="ceiling, 90%")
        ax.axhline(middle, color=PALETTE[6], lw=1)
        ax.fill_between(
            b["days"],
            b["path"][:, at[0.05]],
            b["path"][:, at[0.95]],
            color=BLUE,
            alpha=0.25,
            lw=0,
            label="forecast, 90%",
        )
        ax.plot(b["days"], b["path"][:, at[0.5]], color=BLUE, label="median")
        ax.plot(b["weeks"], b["coverage"], color=INK, label="came")
        ax.set_title(label, fontsize=9)
        ax.set_ylim(0, 100)
        months(ax)
    for ax in axes[:, 0]:
        ax.set_ylabel("first dose, %")
    fig.legend(*axes.ravel()[0].get_legend_handles_labels(), loc="outside lower center", ncol=4)
    return fig


def risk(judged: Mapping[str, pd.DataFrame]) -> Figure:
    """Are the chances of running short right (left), and do they rank better than a simple rule (a panel a level)?

    Parameters
    ----------
    judged : mapping of label to DataFrame
        :func:`healthops.forecast.stockout.rolling`, rows that are known.
    """
    from sklearn.metrics import precision_recall_curve

    fig, axes = panels(1 + len(judged), 3.9)
    ax = axes[0][0]
    ax.plot([0, 1], [0, 1], color=MUTED, lw=1)
    for tint, marker, (label, rows) in zip((BLUE, ORANGE), "os", judged.items(), strict=False):
        tenth = np.minimum((rows["chance"].to_numpy() * 10).astype(int), 9)
        groups = rows.groupby(tenth)
        enough = groups.size() >= 20
        means = groups[["chance", "short"]].mean()[enough]
        size = 15 + 150 * groups.size()[enough] / len(rows)
        ax.scatter(means["chance"], means["short"], s=size, color=tint, marker=marker, alpha=0.7, label=label)
    ax.set(xlabel="chance that was said", ylabel="share that ran short", title="reliability", xlim=(0, 1), ylim=(0, 1))
    ax.legend(loc="upper left", fontsize=8)
    for bx, (label, rows) in zip(axes[0][1:], judged.items(), strict=True):
        if not 0 < rows["short"].sum() < len(rows):
            bx.text(0.5, 0.5, "all or none ran short", ha="center", transform=bx.transAxes)
        else:
            rule = rows["rule"].fillna(rows["rule"].min()).fillna(0)
            for name, values, tint in (("classifier", rows["chance"], BLUE), ("simple rule", rule, PALETTE[4])):
                precision, recall, _ = precision_recall_curve(rows["short"], values)
                bx.plot(recall, precision, color=tint, label=name)
        bx.axhline(rows["short"].mean(), color=MUTED, lw=1, linestyle=":", label="base rate")
        bx.set(xlabel="recall", ylabel="precision", title=label, xlim=(0, 1), ylim=(0, 1.02))
        bx.legend(loc="upper right", fontsize=8)
    return fig


def _hide(axes: np.ndarray, used: int) -> None:
    """Hide the panels that are not used; those above them tell the dates."""
    for k in range(used, axes.size):
        axes.ravel()[k].set_visible(False)
        axes.ravel()[k - axes.shape[1]].tick_params(labelbottom=True)


def _colour(model: str) -> str:
    return PALETTE[3] if model.count("+") == 1 else PALETTE[7] if "+" in model else colour(model)


def _plain_log(ax: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    ax.yaxis.set_major_locator(LogLocator(base=10, subs=(1, 1.5, 2, 3, 5, 7), numticks=30))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
