"""Figures of what is known of clinics: arrivals, appointments and who misses them, staff, visits, features, leaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from healthops.report import provider_tables as tables
from healthops.report.axes import months, panels
from healthops.report.style import GRID, INK, MUTED, PALETTE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, PINK, AMBER, SKY, GREY, BROWN = PALETTE
SHIFTS = {"early": SKY, "late": AMBER, "night": BLUE}


# ---- arrivals ------------------------------------------------------------------------------------------------------


def week(means: pd.DataFrame) -> Figure:
    """Hour by weekday of the busiest series (left); the day's course of all, mean of the week (right).

    Parameters
    ----------
    means : DataFrame
        :func:`healthops.report.provider_tables.hourly_mean`.
    """
    busiest = means.mean().idxmax()
    fig, axes = panels(2, 3.9, width_ratios=[1.25, 1])
    ax, bx = axes[0]
    image = ax.imshow(means[busiest].unstack("hour"), aspect="auto", cmap="viridis", interpolation="none")
    ax.set_yticks(range(7), [name[:3] for name in tables.WEEKDAYS])
    ax.set_xticks(range(0, 24, 3))
    ax.set(xlabel="hour of the local clock", title=str(busiest))
    ax.grid(visible=False)
    fig.colorbar(image, ax=ax, label="patients an hour")
    course = means.groupby("hour").mean()
    for (name, line), colour in zip(course.items(), cycle(PALETTE), strict=False):
        bx.plot(course.index, line, "o-", markersize=3, color=colour, label=str(name))
    bx.set(xlabel="hour of the local clock", ylabel="patients an hour", title="mean of the week")
    bx.set(ylim=(0, 1.0 * course.to_numpy().max() * (1.1 + 0.09 * len(course.columns))))
    bx.set_xticks(range(0, 24, 3))
    bx.legend(loc="upper left", fontsize=8)
    return fig


def over_time(days: pd.DataFrame) -> Figure:
    """Mean of 28 days over the years (left), and the months of the year over the mean of each year (right)."""
    fig, axes = panels(2, 3.6, width_ratios=[1.5, 1])
    ax, bx = axes[0]
    smooth = days.rolling(28, min_periods=21).mean()
    for (name, line), colour in zip(smooth.items(), cycle(PALETTE), strict=False):
        ax.plot(smooth.index, line, color=colour, label=str(name))
    top = float(np.nanmax(smooth.to_numpy()))
    ax.set(ylabel="patients a day, mean of 28 days", title="level", ylim=(0, top * (1.15 + 0.09 * days.shape[1])))
    ax.legend(loc="upper left", fontsize=8)
    months(ax)
    for (_, line), colour in zip(days.items(), cycle(PALETTE), strict=False):
        ratio = line / line.groupby(line.index.year).transform("mean")
        # A year that is not whole has another mean.
        whole = line.groupby(line.index.year).transform("count") >= 360
        by_month = ratio[whole].groupby(ratio[whole].index.month).mean() if whole.any() else ratio.iloc[:0]
        bx.plot(by_month.index, by_month, "o-", color=colour)
    bx.axhline(1, color=MUTED, linewidth=0.8)
    bx.set_xticks(range(1, 13, 2), ("Jan", "Mar", "May", "Jul", "Sep", "Nov"))
    bx.set(ylabel="over the year's mean", title="months of whole years")
    return fig


def holidays(effect: pd.DataFrame) -> Figure:
    """Arrivals on special days over those of ordinary days of the same weekday, with 95 % intervals."""
    from matplotlib.ticker import FixedLocator, NullLocator

    fig, axes = panels(1, max(2.4, 1.0 + 0.24 * len(effect)))
    ax = axes[0, 0]
    at = np.arange(len(effect))
    general = effect.index.isin(["event", "day before a holiday", "day after a holiday"])
    for chosen, colour in ((~general, BLUE), (general, ORANGE)):
        some = effect[chosen]
        error = [some["ratio"] - some["low"], some["high"] - some["ratio"]]
        ax.errorbar(some["ratio"], at[chosen], xerr=error, fmt="o", color=colour, linewidth=1.4)
    ax.axvline(1, color=INK, linewidth=0.8)
    ax.set_yticks(at, [f"{name} ({n})" for name, n in zip(effect.index, effect["days"], strict=True)], fontsize=8)
    ax.set(xlabel="arrivals over those of ordinary days of the same weekday (1: as many)", xscale="log")
    low, high = (effect["low"].min(), effect["high"].max()) if len(effect) else (1, 1)
    ticks = [t for t in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.4, 1.6, 2, 3) if low <= t <= high]
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter("{x:g}")
    return fig


def dispersion(found: pd.DataFrame) -> Figure:
    """Variance over mean of the counts by hour, a line a series; 1: as by chance alone."""
    fig, axes = panels(1, 3.1)
    ax = axes[0, 0]
    for (name, line), colour in zip(found.items(), cycle(PALETTE), strict=False):
        ax.plot(found.index, line, "o-", markersize=3.5, color=colour, label=str(name))
    ax.axhline(1, color=INK, linewidth=1, linestyle="--", label="Poisson")
    top = float(np.nanmax([1.2, *np.ravel(found)]))
    ax.set(xlabel="hour of the local clock", ylabel="variance over mean", ylim=(0, 1.05 * top))
    ax.set_xticks(range(0, 24, 3))
    ax.legend(loc="lower right", fontsize=8, ncols=2)
    return fig


# ---- appointments --------------------------------------------------------------------------------------------------


def _rates(ax: Axes, found: pd.DataFrame, colour: str, label: str = "", *, at: Sequence[float] | None = None) -> None:
    x = range(len(found)) if at is None else at
    error = 100 * np.array([found["rate"] - found["low"], found["high"] - found["rate"]])
    ax.errorbar(x, 100 * found["rate"], yerr=error, fmt="o-", color=colour, label=label, capsize=2)


def leads(appointments: pd.DataFrame, effect: Mapping[str, float]) -> Figure:
    """No-shows by lead, with and without a reminder (left); the same without regard to the lead, and of equal leads."""
    rows = appointments.assign(band=tables.lead_band(appointments["lead_days"]))
    order = list(rows["band"].cat.categories)
    fig, axes = panels(2, 3.8, width_ratios=[1.5, 1], sharey=True)
    ax, bx = axes[0]
    for told, colour, label in ((False, GREY, "no reminder"), (True, BLUE, "reminder")):
        found = tables.no_show_by(rows[rows["reminder"] == told], "band")
        _rates(ax, found, colour, label, at=[order.index(name) for name in found.index])
    ax.set_xticks(range(len(order)), order)
    ax.set(xlabel="days from the booking to the appointment", ylabel="not shown, %", ylim=(0, None), title="by lead")
    ax.legend(loc="lower right")
    for k, kind in enumerate(("crude", "equal")):
        for told, colour, shift in (("without", GREY, -0.2), ("with", BLUE, 0.2)):
            value = 100 * effect[f"{kind}_{told}"]
            if np.isfinite(value):
                bx.bar(k + shift, value, width=0.38, color=colour)
                bx.text(k + shift, value, f"{value:.1f}", ha="center", va="bottom", fontsize=9)
    bx.set_xticks([0, 1], ["all\nappointments", "of equal\nleads"])
    bx.set(title="reminded or not", xlim=(-0.6, 1.6))
    bx.grid(axis="x", visible=False)
    return fig


def groups(appointments: pd.DataFrame, by: Mapping[str, str]) -> Figure:
    """No-show rates by age of five years (left) and by groups (right), with 95 % intervals.

    Parameters
    ----------
    by : mapping
        Column to its title: text or flags.
    """
    fig, axes = panels(2, 4.0, width_ratios=[1.15, 1])
    ax, bx = axes[0]
    ages = tables.no_show_by(appointments.assign(band=np.minimum(appointments["age_years"] // 5 * 5, 85)), "band")
    _rates(ax, ages, BLUE, at=(ages.index + 2.5).tolist())
    overall = 100 * appointments["no_show"].mean()
    ax.axhline(overall, color=MUTED, linewidth=0.8)
    ax.set(xlabel="age, years (the last: 85 and older)", ylabel="not shown, %", ylim=(0, None), title="by age")
    names, at = [], 0.0
    for (column, title), colour in zip(by.items(), cycle((ORANGE, GREEN, PINK, BROWN, BLUE, AMBER)), strict=False):
        found = tables.no_show_by(appointments, column)
        for name, row in found.iterrows():
            bx.errorbar(100 * row["rate"], at, color=colour, fmt="o", capsize=2,
                        xerr=[[100 * (row["rate"] - row["low"])], [100 * (row["high"] - row["rate"])]])  # fmt: skip
            word = {True: "yes", False: "no"}.get(name, str(name))
            names.append((at, f"{title}: {word}"))
            at += 1
        at += 0.6
    bx.set_yticks([y for y, _ in names], [name for _, name in names], fontsize=8)
    bx.invert_yaxis()
    bx.axvline(overall, color=MUTED, linewidth=0.8)
    bx.set(xlabel="not shown, %", title="by group")
    return fig


def bookings(appointments: pd.DataFrame) -> Figure:
    """Appointments by day or week (left), how long before they were booked (middle), how many a patient has (right)."""
    fig, axes = panels(3, 3.3)
    ax, bx, cx = axes[0]
    # A year of days is a hedge of bars, with too few patients each: weeks, from Monday.
    weekly = appointments["date"].nunique() > 60
    start = appointments["date"].dt.to_period("W").dt.start_time if weekly else appointments["date"]
    number = appointments.groupby(start).size()
    ax.bar(number.index, number, width=6.3 if weekly else 0.9, align="edge" if weekly else "center", color=BLUE)
    ax.set(ylabel="appointments", title="by week" if weekly else "by day")
    months(ax, most=5)
    band = tables.lead_band(appointments["lead_days"]).value_counts(normalize=True, sort=False)
    bx.bar(range(len(band)), 100 * band, color=BLUE)
    bx.set_xticks(range(len(band)), band.index, rotation=45, fontsize=8)
    bx.set(xlabel="lead, days", ylabel="appointments, %", title="by lead")
    times = np.minimum(appointments["patient"].value_counts(), 6)
    share = 100 * times.value_counts(normalize=True).reindex(range(1, 7), fill_value=0)
    cx.bar(share.index, share, color=BLUE)
    cx.set_xticks(range(1, 7), ["1", "2", "3", "4", "5", "6+"])
    cx.set(xlabel="appointments of a patient", ylabel="patients, %", title="by patient")
    return fig


# ---- staff and visits -----------------------------------------------------------------------------------------------


def availability(providers: pd.DataFrame, windows: pd.DataFrame, requests: pd.DataFrame) -> Figure:
    """Share of each clinic's providers who can work on each day to plan (left); wishes by shift (right)."""
    fig, axes = panels(2, 3.5, width_ratios=[1.7, 1])
    ax, bx = axes[0]
    home = providers.set_index("provider")["clinic"]
    for (clinic, people), colour in zip(home.groupby(home), cycle(PALETTE), strict=False):
        ours = windows[windows["provider"].isin(people.index)]
        day = (ours["date"] - ours["date"].min()).dt.days
        there = ours.groupby(day)["provider"].nunique()
        there = there.reindex(range(int(day.max()) + 1), fill_value=0)
        ax.plot(there.index + 1, 100 * there / len(people), color=colour, label=f"{clinic} ({len(people)})")
    ax.set(xlabel="day of the weeks to plan", ylabel="can work, % of providers", ylim=(0, 104), title="availability")
    ax.legend(loc="lower left", fontsize=8, ncols=2, title="clinic (providers)")
    kinds = requests[requests["kind"] != "day_off"].groupby(["kind", "shift"]).size().unstack(fill_value=0)
    kinds = kinds.reindex(index=["on", "off"], columns=list(SHIFTS), fill_value=0)
    bottom = np.zeros(2)
    for shift, colour in SHIFTS.items():
        bx.bar([0, 1], kinds[shift], bottom=bottom, color=colour, label=shift, width=0.6)
        bottom += kinds[shift].to_numpy()
    off = int((requests["kind"] == "day_off").sum())
    bx.bar([2], [off], color=GREY, width=0.6)
    bx.set_xticks([0, 1, 2], ["to work", "not to", "day off\n(granted)"])
    bx.set(ylabel="wishes", title="wishes, by shift", ylim=(0, 1.25 * max(off, *bottom, 1)))
    bx.legend(loc="upper center", ncols=3, fontsize=8)
    bx.grid(axis="x", visible=False)
    return fig


def visits(times: pd.DataFrame) -> Figure:
    """Minutes of visits by service (left), and of lateness of those with an appointment (right)."""
    fig, axes = panels(2, 3.5)
    ax, bx = axes[0]
    top = float(times["minutes"].quantile(0.995))
    edges = np.linspace(0, top, 41)
    for (service, rows), colour in zip(times.groupby("service"), PALETTE, strict=False):
        share, _ = np.histogram(rows["minutes"].clip(upper=top), edges)
        ax.stairs(100 * share / len(rows), edges, color=colour, linewidth=1.6,
                  label=f"{service}, mean {rows['minutes'].mean():.0f}")  # fmt: skip
    ax.set(xlabel="minutes with the provider (the last bar: and more)", ylabel="visits, %", title="visits")
    ax.legend(loc="upper right", fontsize=8)
    late = times["late_minutes"].dropna()
    if len(late):
        edges = np.arange(np.floor(late.quantile(0.002) / 5) * 5, late.quantile(0.998) + 5, 5)
        share, _ = np.histogram(late.clip(edges[0], edges[-1]), edges)
        bx.stairs(100 * share / len(late), edges, color=BLUE, fill=True, alpha=0.8)
    bx.axvline(0, color=INK, linewidth=0.9)
    bx.set(xlabel="minutes after the start (negative: before)", ylabel="patients, %", title="lateness")
    return fig


# ---- features --------------------------------------------------------------------------------------------------------


def known_ahead(table: pd.DataFrame, catalogue: pd.DataFrame, horizons: Sequence[int]) -> Figure:
    """Which features of arrivals are known so many days after the last record: share of the hours with a value.

    Parameters
    ----------
    table : DataFrame
        Table ``arrival_features``, with days yet to come.
    catalogue : DataFrame
        Rows of table ``provider_feature_catalogue`` of arrivals; those known at any time are drawn as one.
    """
    from matplotlib import pyplot

    dated = catalogue[catalogue["horizon_days"].notna()].sort_values(["horizon_days", "feature"], kind="stable")
    last = table.loc[table["recorded"]].groupby("clinic")["date"].max()
    ahead = (table["date"] - table["clinic"].map(last)).dt.days
    share = np.array([
        [table.loc[ahead == h, name].notna().mean() for h in horizons] for name in dated["feature"]
    ])  # fmt: skip
    fig, ax = pyplot.subplots(figsize=(9, 1.2 + 0.2 * len(dated)))
    image = ax.imshow(share, aspect="auto", cmap="Blues", vmin=0, vmax=1, interpolation="none")
    ax.set_yticks(range(len(dated)), dated["feature"], fontsize=8)
    ax.set_xticks(range(len(horizons)), [str(h) for h in horizons])
    ax.grid(visible=False)
    # The limit that the catalogue tells: a line between the last horizon within and the first beyond.
    for k, reach in enumerate(dated["horizon_days"]):
        edge = sum(h <= reach for h in horizons) - 0.5
        ax.plot([edge, edge], [k - 0.5, k + 0.5], color=ORANGE, linewidth=2.2)
    ax.set_xticks(np.arange(len(horizons) + 1) - 0.5, minor=True)
    ax.grid(which="minor", axis="x", color=GRID)
    ax.set_xlabel("days after the last record")
    fig.colorbar(image, ax=ax, label="share of hours with a value", shrink=0.7)
    return fig


def history(table: pd.DataFrame, *, test_from: str) -> Figure:
    """Share of appointments whose patient had an outcome before the booking, by week of the appointment and lead."""
    import pandas as pd

    fig, axes = panels(2, 3.4, width_ratios=[1.4, 1])
    ax, bx = axes[0]
    weekly = table["date"].dt.to_period("W").dt.start_time
    known = table["past_appointments"] > 0
    for some, colour, label in ((table["lead_days"] == 0, AMBER, "same day"), (table["lead_days"] > 0, BLUE, "later")):
        by_week = known[some].groupby(weekly[some]).agg(["mean", "size"])
        by_week = by_week[by_week["size"] >= tables.FEWEST]
        ax.plot(by_week.index, 100 * by_week["mean"], "o-", markersize=3.5, color=colour, label=label)
    ax.axvline(pd.Timestamp(test_from), color=ORANGE, linestyle="--", linewidth=1.2, label="held out from here")
    ax.set(ylabel="with a history, %", ylim=(0, 100), title="by week of the appointment")
    ax.legend(fontsize=8)
    months(ax)
    order = ["none", "none missed", "below half", "half or more"]
    past = table.assign(band=np.select([~known, table["past_no_show_share"] == 0, table["past_no_show_share"] < 0.5],
                                       order[:3], order[3]))  # fmt: skip
    for some, colour in ((table["lead_days"] == 0, AMBER), (table["lead_days"] > 0, BLUE)):
        found = tables.no_show_by(past[some], "band")
        found = found.reindex([name for name in order if name in found.index])
        _rates(bx, found, colour, at=[order.index(name) for name in found.index])
    bx.set_xticks(range(4), ["no\nhistory", "none\nmissed", "below\nhalf", "half or\nmore"], fontsize=8)
    bx.set(xlabel="missed of the earlier appointments", ylabel="not shown, %", ylim=(0, None), title="what it tells")
    return fig


def leaks(found: pd.DataFrame) -> Figure:
    """Areas under the ROC curve with what nobody could know (orange) and with the honest history (blue).

    Parameters
    ----------
    found : DataFrame
        Indexed by what is used; ``alone``, ``model`` (AUC; NaN: not reckoned), ``leak``.
    """
    fig, axes = panels(1, 1.2 + 0.42 * len(found))
    ax = axes[0, 0]
    at = np.arange(len(found))
    colours = [ORANGE if leak else BLUE for leak in found["leak"]]
    ax.barh(at - 0.19, found["alone"], height=0.36, color=colours, alpha=0.55)
    ax.barh(at + 0.19, found["model"], height=0.36, color=colours)
    for y, row in zip(at, found.itertuples(), strict=True):
        for shift, value, name in ((-0.19, row.alone, "alone"), (0.19, row.model, "in a model")):
            if np.isfinite(value):
                ax.text(value + 0.005, y + shift, f"{value:.3f} {name}", va="center", fontsize=8)
    ax.set_yticks(at, found.index)
    ax.invert_yaxis()
    ax.axvline(0.5, color=INK, linewidth=0.9)
    ax.set(xlabel="area under the ROC curve, held-out appointments (.5: no better than chance)", xlim=(0.4, 1.12))
    ax.set_xticks(np.arange(0.4, 1.01, 0.1))
    ax.grid(axis="y", visible=False)
    return fig


def single_features(scores: pd.DataFrame, families: Mapping[str, Sequence[str]], *, best: int = 18) -> Figure:
    """Area under the ROC curve of each feature by itself: all appointments (left), leads above zero (right)."""
    colours = dict(zip(families, cycle(PALETTE), strict=False))
    home = {name: family for family, names in families.items() for name in names}
    order = (scores["all"] - 0.5).abs().sort_values(ascending=False).dropna().index[:best][::-1]
    fig, axes = panels(2, 1.3 + 0.21 * len(order), sharey=True, sharex=True)
    for ax, column, title in ((axes[0, 0], "all", "all appointments"), (axes[0, 1], "later", "leads above zero")):
        ax.barh(order, scores.loc[order, column] - 0.5, left=0.5, color=[colours[home[name]] for name in order])
        ax.axvline(0.5, color=INK, linewidth=0.8)
        ax.set(xlabel="area under the ROC curve", title=title)
        ax.grid(axis="y", visible=False)
        ax.tick_params(axis="y", labelsize=8)
    there = [f for f in families if any(home[name] == f for name in order)]
    fig.legend([_patch(colours[f]) for f in there], there, loc="outside upper center", ncols=6, fontsize=8)
    return fig


def relevance(
    scores: Mapping[str, tuple[pd.DataFrame, str]], families: Mapping[str, Sequence[str]], *, best: int = 12
) -> Figure:
    """Single features that say most of each target, a panel a target.

    Parameters
    ----------
    scores : mapping
        Title of the panel to :func:`healthops.features.relevance.relevance` and the measure that is drawn.
    """
    labels = {"mutual_information": "mutual information, nats", "spearman": "rank correlation"}
    colours = dict(zip(families, cycle(PALETTE), strict=False))
    home = {name: family for family, names in families.items() for name in names}
    fig, axes = panels(len(scores), 1.4 + 0.22 * best)
    shown = set()
    for ax, (title, (table, measure)) in zip(axes[0], scores.items(), strict=True):
        top = table.dropna().sort_values(measure, key=abs, ascending=False, kind="stable").head(best).iloc[::-1]
        ax.barh(top["feature"], top[measure], color=[colours[home[name]] for name in top["feature"]])
        ax.axvline(0, color=INK, linewidth=0.8)
        ax.set(xlabel=labels[measure], title=title)
        ax.grid(axis="y", visible=False)
        ax.tick_params(axis="y", labelsize=8)
        shown |= {home[name] for name in top["feature"]}
    there = [f for f in families if f in shown]
    fig.legend([_patch(colours[f]) for f in there], there, loc="outside upper center", ncols=7, fontsize=8)
    return fig


def _patch(colour: object) -> object:
    from matplotlib.patches import Patch

    return Patch(color=colour)
