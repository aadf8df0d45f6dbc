"""Figures of notebook 34: forecasts of arrivals, chances of a no-show and whether they are right, service times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.schemas import QUANTILE_COLUMNS, QUANTILE_LEVELS
from healthops.report.axes import months, panels
from healthops.report.style import INK, MUTED, PALETTE, colour

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN = PALETTE[0], PALETTE[1], PALETTE[2]


def _band(ax: Axes, x: np.ndarray, rows: pd.DataFrame, *, step: str | None = None) -> None:
    """Fan of 50 and 90 %, median, and what came."""
    q = dict(zip(np.round(QUANTILE_LEVELS, 3), rows[list(QUANTILE_COLUMNS)].to_numpy(float).T, strict=True))
    ax.fill_between(x, q[0.05], q[0.95], color=BLUE, alpha=0.18, lw=0, step=step, label="90% interval")
    ax.fill_between(x, q[0.25], q[0.75], color=BLUE, alpha=0.32, lw=0, step=step, label="50% interval")
    ax.plot(x, rows["mean"], color=BLUE, lw=1.4, label="mean")
    ax.plot(x, rows["observed"], ".", color=INK, ms=4, label="came")


def arrivals(hours: Mapping[str, pd.DataFrame], days: Mapping[str, pd.DataFrame]) -> Figure:
    """Hours of some days (left) and totals of some weeks (right) as forecast and as they came, a row a service.

    Parameters
    ----------
    hours, days : mapping of title to DataFrame
        Rows of table ``arrival_forecasts`` in order of time.
    """
    fig, axes = panels(2, 2.5 * len(hours) + 0.5, rows=len(hours), width_ratios=[1.25, 1])
    for (ax, bx), (title, rows), day in zip(axes, hours.items(), days.values(), strict=True):
        when = rows["date"].to_numpy("datetime64[h]") + rows["hour"].to_numpy().astype("timedelta64[h]")
        _band(ax, when, rows, step="mid")
        _band(bx, day["date"].to_numpy(), day)
        ax.set(title=f"{title}: hours", ylabel="patients an hour", ylim=(0, None))
        bx.set(title="day totals", ylabel="patients a day", ylim=(0, None))
        for each in (ax, bx):
            months(each)
    fig.legend(*axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncol=4)
    return fig


def relative(scores: pd.DataFrame, spreads: pd.DataFrame, *, bar: float, least: float) -> Figure:
    """WIS over that of the mean of four weeks by model (left); the chosen one's over four spreads of it (right).

    Parameters
    ----------
    scores : DataFrame
        Index the model; relative_wis, relative_wis_low, relative_wis_high.
    spreads : DataFrame
        Index the spread; ratio, low, high.
    bar : float
        What was asked for.
    least : float
        What a forecaster would have who knew every rate, if rates were those that the chosen model forecasts, over the
        mean of four weeks with its own errors.
    """
    fig, axes = panels(2, 3.4, sharex=False)
    ax, bx = axes[0]
    order = scores.sort_values("relative_wis", ascending=False)
    _dots(ax, order, ("relative_wis", "relative_wis_low", "relative_wis_high"), [colour(m) for m in order.index])
    _dots(bx, spreads.iloc[::-1], ("ratio", "low", "high"), [BLUE] * len(spreads))
    ax.axvline(1, color=MUTED, lw=1)
    ax.axvline(least, color=ORANGE, lw=1.3, linestyle="--", label=f"least possible at the rates forecast: {least:.2f}")
    bx.axvline(bar, color=GREEN, lw=1.3, linestyle="--", label=f"asked for: {bar:.2f}")
    ax.set(xlabel="WIS over that of the mean of four weeks", title="by model")
    bx.set(xlabel="WIS of the chosen model over it", title="by what quantiles that mean gets")
    for each in (ax, bx):
        each.legend(loc="upper center", bbox_to_anchor=(0.5, -0.24), fontsize=9)
    return fig


def _dots(ax: Axes, rows: pd.DataFrame, columns: tuple[str, str, str], tints: Sequence[str]) -> None:
    value, low, high = (rows[c].to_numpy(float) for c in columns)
    for y, (v, a, b, tint) in enumerate(zip(value, low, high, tints, strict=True)):
        if np.isfinite(a):
            ax.plot([a, b], [y, y], color=tint, lw=2.2)
        ax.plot(v, y, "o", color=tint)
        ax.annotate(f"{v:.2f}", (v, y), xytext=(0, 6), textcoords="offset points", ha="center", fontsize=8)
    ax.set_yticks(range(len(rows)), [str(name) for name in rows.index])
    ax.set_ylim(-0.6, len(rows) - 0.3)
    ax.grid(False, axis="y")


def by_distance(steps: pd.DataFrame, hours: pd.DataFrame, models: Sequence[str]) -> Figure:
    """Mean absolute error by days ahead (left) and by hour of the day (right).

    Parameters
    ----------
    steps, hours : DataFrame
        Columns value (day ahead, hour), model, mae.
    """
    fig, axes = panels(2, 3.5)
    for ax, rows in zip(axes[0], (steps, hours), strict=True):
        for model, marker in zip(models, "osD^v", strict=False):
            mine = rows[rows["model"] == model].assign(value=lambda d: d["value"].astype(int)).sort_values("value")
            ax.plot(mine["value"], mine["mae"], color=colour(model), label=model, marker=marker, ms=3, lw=1.3)
        ax.set_ylim(0, None)
    axes[0][0].set(xlabel="days ahead", ylabel="mean absolute error, patients an hour", title="by days ahead")
    axes[0][1].set(xlabel="hour of the local clock", title="by hour of the day, a week ahead")
    fig.legend(*axes[0][1].get_legend_handles_labels(), loc="outside lower center", ncol=4)
    return fig


def chances(curves: Mapping[str, pd.DataFrame], daily: pd.DataFrame) -> Figure:
    """Is what was said what came? By tenths of the chance (left) and day by day (right).

    Parameters
    ----------
    curves : mapping of name to DataFrame
        :func:`healthops.evaluate.calibration.reliability`.
    daily : DataFrame
        Index the date or the Monday of the week; ``came`` and further columns, shares.
    """
    fig, axes = panels(2, 3.8)
    ax, bx = axes[0]
    top = 1.08 * max(float(c[["said", "high"]].max().max()) for c in curves.values())
    ax.plot([0, top], [0, top], color=MUTED, lw=1)
    for (name, rows), tint, marker in zip(curves.items(), (BLUE, ORANGE), "os", strict=False):
        span = np.maximum(np.stack([rows["came"] - rows["low"], rows["high"] - rows["came"]]), 0)
        ax.errorbar(rows["said"], rows["came"], yerr=span, fmt=marker, color=tint, lw=0.9, label=name)
    ax.set(xlabel="chance that was said", ylabel="share of no-shows", title="by tenths", xlim=(0, top), ylim=(0, top))
    ax.legend(loc="upper left")
    tints = {"came": INK, "model": BLUE, "raw": ORANGE, "flat": PALETTE[6]}
    styles = {"came": "-", "model": "-", "raw": "--", "flat": ":"}
    for name in daily:
        bx.plot(daily.index, daily[name], color=tints[name], linestyle=styles[name], label=name, marker=".")
    bx.set(ylabel="share of no-shows", title="over time", ylim=(0, None))
    months(bx)
    bx.legend(loc="lower left", ncol=4)
    return fig


def subgroups(
    table: pd.DataFrame, labels: Sequence[str], slope: tuple[float, float], ratio: tuple[float, float]
) -> Figure:
    """Mean calibration (left) and slope (right) of everybody and of each subgroup with 95 % intervals and the bands.

    Parameters
    ----------
    table : DataFrame
        Rows of table ``no_show_calibration``.
    labels : sequence of str
        One a row.
    """
    fig, axes = panels(2, 0.3 * len(table) + 1.3, sharey=True)
    y = np.arange(len(table))[::-1]
    for ax, stem, column, band, title in (
        (axes[0][0], "ratio", "expected_ratio", ratio, "no-shows over expected"),
        (axes[0][1], "slope", "slope", slope, "calibration slope"),
    ):
        value = table[column].to_numpy(float)
        ax.axvspan(*band, color=GREEN, alpha=0.15, lw=0, label="band")
        ax.axvline(1, color=MUTED, lw=1)
        inside = (value >= band[0]) & (value <= band[1])
        for mask, tint, marker, label in (
            (inside, BLUE, "o", "inside"),
            (~inside & ~np.isnan(value), ORANGE, "X", "outside"),
        ):
            low, high = (table[f"{stem}_{end}"].to_numpy(float)[mask] for end in ("low", "high"))
            ax.hlines(y[mask], low, high, color=tint, lw=1.6)
            ax.plot(value[mask], y[mask], marker, color=tint, label=label, linestyle="")
        ax.set(title=title, xlabel="estimate and 95% interval")
        ax.grid(False, axis="y")
        # One tiny group must not squeeze the others.
        near = value[np.isfinite(value)]
        ax.set_xlim(
            max(0.0, min(0.8, *(near - 0.15)) if len(near) else 0.8),
            min(2.0, max(1.2, *(near + 0.15)) if len(near) else 1.2),
        )
    if "true_ratio" in table and table["true_ratio"].notna().any():
        axes[0][0].plot(
            table["true_ratio"], y, "|", color=INK, ms=9, mew=1.6, label="simulator's chances over expected"
        )
    axes[0][0].set_yticks(y, list(labels))
    fig.legend(*_all_labels(axes[0]), loc="outside lower center", ncol=4)
    return fig


def _all_labels(axes: Sequence[Axes]) -> tuple[list[object], list[str]]:
    found = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return list(found.values()), list(found)


def quantile_plots(ratios: Mapping[str, np.ndarray], spreads: Mapping[str, Mapping[str, float]]) -> Figure:
    """Times over their level against the quantiles of both laws, a panel a service.

    Parameters
    ----------
    ratios : mapping of service to mapping of law to array
        Sorted times over the level that the law gives each visit.
    spreads : mapping of service to mapping of law to float
        Spread of each law.
    """
    from scipy.stats import gamma, lognorm

    fig, axes = panels(min(4, len(ratios)), 3.3, rows=-(-len(ratios) // 4))
    levels = np.r_[np.linspace(0.005, 0.995, 67), 0.999]
    for ax, (service, found) in zip(axes.ravel(), ratios.items(), strict=False):
        top = 0.0
        for (law, values), tint, marker in zip(found.items(), (BLUE, ORANGE), "ox", strict=True):
            spread = spreads[service][law]
            theory = lognorm.ppf(levels, spread) if law == "log-normal" else gamma.ppf(levels, spread**-2) * spread**2
            seen = np.quantile(values, levels)
            ax.plot(theory, seen, marker, color=tint, ms=3, label=law)
            top = max(top, theory.max(), seen.max())
        ax.plot([0, top], [0, top], color=MUTED, lw=1)
        ax.set(title=service.replace("_", " "), xlabel="quantile of the law")
    for ax in axes.ravel()[len(ratios) :]:
        ax.set_visible(False)
    for row in axes:
        row[0].set_ylabel("quantile of the times\n(over their level)")
    fig.legend(*axes.ravel()[0].get_legend_handles_labels(), loc="outside lower center", ncol=2)
    return fig
