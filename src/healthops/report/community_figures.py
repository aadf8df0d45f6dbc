"""Figures of column 3, data and features: the maternal set, people, hamlets, caseloads, measurements, tasks, events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from healthops.features import community_catalogue as listed
from healthops.report.axes import months, panels, thousands
from healthops.report.community_tables import labels_of
from healthops.report.style import INK, MISSING, MUTED, PALETTE, colour
from healthops.report.tables import SMALLEST_COUNT

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, PINK, AMBER, SKY, GREY, BROWN = PALETTE
LEVELS = ("low", "mid", "high")


# ---- the maternal set -----------------------------------------------------------------------------------------


def copies(alike: pd.DataFrame, labels: pd.DataFrame) -> Figure:
    """Rows by how many have the same measurements (left), distinct measurements by their labels (right).

    Parameters
    ----------
    alike : DataFrame
        :func:`healthops.report.community_tables.copies`.
    labels : DataFrame
        ``name`` and ``groups``: distinct measurements whose rows all bear one level, or several.
    """
    fig, axes = panels(2, 3.6, width_ratios=[1.5, 1])
    ax, bx = axes[0]
    below = np.zeros(len(alike))
    kinds = {
        "first": ("first of its kind", BLUE), "other_label": ("same measurements, other level", AMBER),
        "repeats": ("repeats an earlier row", ORANGE),
    }  # fmt: skip
    for column, (label, shade) in kinds.items():
        ax.bar(alike.index, alike[column], bottom=below, color=shade, label=label, width=0.75)
        below += alike[column].to_numpy()
    ax.set(xlabel="rows with the same measurements", ylabel="rows", title="how many are alike")
    ax.legend(loc="upper right")
    ax.set_ylim(0, 1.3 * below.max())
    bx.barh(labels["name"], labels["groups"], color=[colour("risk " + n.split()[0]) for n in labels["name"]])
    for at, n in enumerate(labels["groups"]):
        bx.text(n, at, f" {n}", va="center", fontsize=9)
    bx.invert_yaxis()
    bx.grid(axis="y", visible=False)
    bx.set(xlabel="distinct measurements", title="and how they are labelled", xlim=(0, 1.18 * labels["groups"].max()))
    for axis in (ax.yaxis, bx.xaxis):
        thousands(axis)
    return fig


def measurements_by_level(
    risks: pd.DataFrame, measures: Sequence[str], thresholds: Mapping[str, Sequence[float]]
) -> Figure:
    """Each measurement by risk level: median, quartiles, 5 to 95 %, distinct measurements; dashed: thresholds."""
    rows = -(-len(measures) // 3)
    fig, axes = panels(3, 2.85 * rows, rows=rows)
    for ax, name, label in zip(axes.flat, measures, labels_of(measures), strict=False):
        data = [risks.loc[risks["risk"] == level, name].dropna().to_numpy() for level in LEVELS]
        drawn = ax.boxplot(
            data, whis=(5, 95), showfliers=False, widths=0.55, patch_artist=True, medianprops={"color": INK},
        )  # fmt: skip
        for box, level in zip(drawn["boxes"], LEVELS, strict=True):
            box.set(facecolor=colour("risk " + level), alpha=0.75, edgecolor=INK, linewidth=0.8)
        for cut in thresholds.get(name, ()):
            ax.axhline(cut, color=INK, linestyle="--", linewidth=1)
        ax.set_xticks(range(1, 4), LEVELS)
        ax.set_title(label, fontsize=10)
        ax.grid(axis="x", visible=False)
    for ax in axes.flat[len(measures) :]:
        ax.set_axis_off()
    fig.supxlabel("risk level that the source gives", fontsize=10)
    return fig


# ---- people, hamlets, workers ---------------------------------------------------------------------------------


def pyramid(counts: pd.DataFrame) -> Figure:
    """People by five years of age, women left and men right; hatched: 1 to 4, not shown."""
    fig, axes = panels(1, 4.4)
    ax = axes[0, 0]
    few = False
    for sex, side in (("female", -1), ("male", 1)):
        n, small = _few(counts[sex])
        ax.barh(counts.index + 2.5, np.where(small, 0, side * n), height=4.4, color=colour(sex), label=sex)
        ax.barh(counts.index[small] + 2.5, side * (SMALLEST_COUNT - 1), height=4.4, **_hidden(MUTED))
        few |= small.any()
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.set_yticks(
        counts.index[::2], [f"{low} to {low + 4}" if low < 80 else "80 and older" for low in counts.index[::2]]
    )
    ax.xaxis.set_major_formatter(lambda x, _: f"{abs(x):,.0f}")
    top = 1.08 * counts.to_numpy().max()
    ax.set(xlabel="people in the register", ylabel="age, years", xlim=(-top, top))
    ax.legend(handles=_handles(ax, few), loc="upper right")
    return fig


def hamlets(table: pd.DataFrame, workers: pd.DataFrame, names: Mapping[str, str]) -> Figure:
    """Hamlets by district, size by people and colour by the walk from the worker's base; triangles: bases.

    Parameters
    ----------
    table : DataFrame
        :func:`healthops.report.community_tables.hamlet_people`.
    workers : DataFrame
        Table ``community_workers``: a base lies in the middle of its hamlet.
    names : mapping
        Name of a district by its code.
    """
    from matplotlib import colors

    codes = sorted(table["ubigeo"].unique())
    across = 3
    rows = -(-len(codes) // across)
    fig, axes = panels(across, 3.1 * rows + 0.4, rows=rows)
    home = table.groupby("ubigeo")[["east_km", "north_km"]].transform(lambda x: (x.min() + x.max()) / 2)
    east, north = (table[c] - home[c] for c in ("east_km", "north_km"))
    reach = 1.12 * max(east.abs().max(), north.abs().max(), 1.0)
    bases = table["hamlet"].map(workers.groupby("hamlet").size()).fillna(0)
    walk = table["walk_min"].dropna()
    norm = colors.Normalize(0, max(10.0, float(walk.quantile(0.95)) if len(walk) else 10.0))
    size = 40 + 220 * table["people"] / max(table["people"].max(), 1)
    for ax, code in zip(axes.flat, codes, strict=False):
        here = table["ubigeo"] == code
        shown = here & table["people"].notna() & table["walk_min"].notna()
        hidden = here & ~shown
        dots = ax.scatter(
            east[shown], north[shown], s=size[shown], c=table.loc[shown, "walk_min"], cmap="viridis", norm=norm,
            edgecolor="white", linewidth=0.6, alpha=0.9,
        )  # fmt: skip
        ax.scatter(east[hidden], north[hidden], s=28, facecolor="none", edgecolor=MUTED, label="fewer than 5 people")
        based = here & (bases > 0)
        ax.scatter(east[based], north[based], s=18, marker="^", color=ORANGE, edgecolor="white", linewidth=0.6)
        ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
        ax.set_title(names.get(code, code), fontsize=10)
    for ax in axes.flat[len(codes) :]:
        ax.set_axis_off()
    fig.colorbar(dots, ax=axes, label="median walk from the worker's base, min", shrink=0.7, extend="max")
    fig.supxlabel("km east of the middle of the district's hamlets", fontsize=10)
    fig.supylabel("km north", fontsize=10)
    return fig


def caseloads(load: pd.DataFrame, walks: pd.Series) -> Figure:
    """People of each worker (left) and the walk from the worker's base to each home that can be reached (right)."""
    from matplotlib.ticker import MaxNLocator

    fig, axes = panels(2, 3.6)
    ax, bx = axes[0]
    n = load["people"].to_numpy(float)
    ax.bar(np.arange(1, len(n) + 1), n, color=BLUE, width=0.8)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    middle = float(np.median(n))
    ax.axhline(middle, color=ORANGE, linestyle="--", label=f"median: {middle:,.0f}")
    ax.set(xlabel="workers, by caseload", ylabel="people", title="people of each worker")
    ax.legend(loc="upper right")
    top = float(np.quantile(walks, 0.98)) if len(walks) else 1.0
    step = 5 if top > 30 else 1
    ends = np.arange(0, np.ceil(top / step) * step + step, step)
    homes, _ = np.histogram(np.minimum(walks, ends[-1] - step / 2), bins=ends)
    small = (homes > 0) & (homes < SMALLEST_COUNT)
    wide = {"width": 0.94 * step, "align": "edge"}
    bx.bar(ends[:-1], np.where(small, 0, homes), color=GREEN, **wide)
    if small.any():
        bx.bar(ends[:-1][small], SMALLEST_COUNT - 1, label="1 to 4, not shown", **wide, **_hidden(GREEN))
    bx.axvline(float(np.median(walks)), color=ORANGE, linestyle="--", label=f"median: {np.median(walks):.0f} min")
    bx.set(xlabel="walk, one way, min (the last bar: and longer)", ylabel="homes", title="the way to each home")
    bx.legend(loc="upper right")
    return fig


# ---- what is written down -------------------------------------------------------------------------------------


def records(visits: pd.DataFrame, events: pd.DataFrame, landmarks: Sequence[pd.Timestamp]) -> Figure:
    """Visits by quarter and kind of form (left), severe events by kind (right); dotted: landmarks; hatched: 1 to 4."""
    import pandas as pd

    fig, axes = panels(2, 3.7)
    kind = np.select(
        [visits["form"] == "household_visit", visits["form"].str.contains("danger_sign")],
        ["household visit", "follow-up of a danger sign"],
        "pregnancy and birth",
    )
    parts = ((axes[0, 0], visits["date"], pd.Series(kind, index=visits.index), "visits"),
             (axes[0, 1], events["date"], events["kind"].str.replace("_", " "), "severe events"))  # fmt: skip
    for ax, date, names, title in parts:
        wide = pd.crosstab(date.dt.to_period("Q").dt.to_timestamp(), names)
        wide = wide[wide.sum().sort_values(ascending=False).index]
        below, few = np.zeros(len(wide)), False
        for name, shade in zip(wide, (BLUE, ORANGE, GREEN), strict=False):
            n, small = _few(wide[name])
            at, width = wide.index + pd.Timedelta(days=45), 84
            ax.bar(at, np.where(small, 0, n), bottom=below, width=width, color=shade, label=name)
            ax.bar(at[small], SMALLEST_COUNT - 1, bottom=below[small], width=width, **_hidden(shade))
            below += np.where(small, SMALLEST_COUNT - 1, n)
            few |= small.any()
        for day in landmarks:
            ax.axvline(day, color=INK, linestyle=":", linewidth=1)
        ax.set(ylabel="a quarter", title=title, ylim=(0, 1.45 * below.max()))
        ax.legend(handles=_handles(ax, few), loc="upper left", fontsize=8)
        thousands(ax.yaxis)
        months(ax)
    return fig


def _few(counts: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Counts as numbers, and which of them are 1 to 4."""
    n = counts.to_numpy(float)
    return n, (n > 0) & (n < SMALLEST_COUNT)


def _hidden(shade: str) -> dict[str, object]:
    """Look of a bar that stands for 1 to 4, as long as 4."""
    return {"color": "white", "edgecolor": shade, "hatch": "////"}


def _handles(ax: Axes, few: bool) -> list[Any]:
    """Handles of a legend, with one for hidden counts where there are some."""
    from matplotlib.patches import Patch

    hidden = Patch(facecolor="white", edgecolor=MUTED, hatch="////", label="1 to 4, not shown")
    return [*ax.get_legend_handles_labels()[0], *([hidden] if few else [])]


def shares(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Heat maps of shares, %, one a title: a row a thing, a column an age group; grey: too few to tell."""
    fig, axes = panels(len(tables), 1.2 + 0.36 * max(len(t) for t in tables.values()))
    for k, (ax, (title, table)) in enumerate(zip(axes[0], tables.items(), strict=True)):
        heat(ax, table, low=0, high=100)
        ax.set_title(f"{title}, %")
        ax.set_xlabel("age, years")
        if k:
            ax.set_yticklabels([])
    return fig


def heat(ax: Axes, table: pd.DataFrame, *, low: float, high: float) -> None:
    """Draw a table as coloured cells with their numbers; what is missing is grey and has none."""
    from matplotlib import colormaps

    shown = colormaps["Blues"].with_extremes(bad=MISSING)
    values = np.ma.masked_invalid(table.to_numpy(float))
    ax.imshow(values, aspect="auto", cmap=shown, vmin=low, vmax=high, interpolation="none")
    for (i, j), value in np.ndenumerate(table.to_numpy(float)):
        if value == value:
            dark = (value - low) / (high - low) > 0.6
            ax.text(j, i, f"{value:.0f}", ha="center", va="center", fontsize=8, color="white" if dark else INK)
    ax.set_xticks(range(table.shape[1]), [str(c).replace(" and older", "+") for c in table.columns], fontsize=8)
    ax.set_yticks(range(table.shape[0]), table.index, fontsize=8)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


# ---- tasks and events -----------------------------------------------------------------------------------------


def tasks(counts: pd.DataFrame, windows: pd.DataFrame) -> Figure:
    """Tasks that want a visit by rule (left; hatched: 1 to 4), and the days around the due date (right).

    Parameters
    ----------
    counts : DataFrame
        :func:`healthops.report.community_tables.tasks_by_rule`.
    windows : DataFrame, same index
        ``before``, ``after``: days; ``level``: priority.
    """
    from matplotlib.ticker import MaxNLocator

    fig, axes = panels(2, 1.6 + 0.36 * len(counts), sharey=True, width_ratios=[1.15, 1])
    ax, bx = axes[0]
    at = np.arange(len(counts))
    left, few = np.zeros(len(counts)), False
    for state, shade in (("open", BLUE), ("overdue", ORANGE)):
        n, small = _few(counts[state])
        ax.barh(at, np.where(small, 0, n), left=left, color=shade, label=state, height=0.7)
        ax.barh(at[small], SMALLEST_COUNT - 1, left=left[small], height=0.7, **_hidden(shade))
        few |= small.any()
        left += np.where(small, SMALLEST_COUNT - 1, n)
    ax.set_yticks(at, [_wrapped(name) for name in counts.index], fontsize=8)
    ax.invert_yaxis()
    ax.set(xlabel="tasks", title="tasks that want a visit", xlim=(0, max(1.05 * left.max(), 5)))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    fig.legend(handles=_handles(ax, few), loc="outside upper left", ncols=3)
    bx.barh(at, windows["before"] + windows["after"], left=-windows["before"], color=SKY, height=0.5)
    bx.axvline(0, color=INK, linewidth=1)
    for k, level in enumerate(windows["level"]):
        bx.text(windows["after"].iloc[k] + 1, k, f"level {level}", va="center", fontsize=8, color=MUTED)
    bx.set(xlabel="days from the due date", title="window of a visit", xlim=(-32, 62))
    for each in (ax, bx):
        each.grid(axis="y", visible=False)
    return fig


def _wrapped(text: str, width: int = 34) -> str:
    import textwrap

    return textwrap.fill(text, width)


def rates(table: pd.DataFrame) -> Figure:
    """Severe events within 90 days per 100 people by group, with 95 % intervals; dashed: everybody.

    Parameters
    ----------
    table : DataFrame
        :func:`healthops.report.community_tables.event_rates`, everybody first; groups without a rate are not drawn.
    """
    shown = table.dropna(subset=["rate"]).iloc[::-1]
    fig, axes = panels(1, 1.1 + 0.27 * len(shown))
    ax = axes[0, 0]
    at = np.arange(len(shown))
    centre = float(table["rate"].iloc[0])
    ax.hlines(at, shown["low"], shown["high"], color=MUTED, linewidth=1.6)
    ax.scatter(shown["rate"], at, color=[INK if n == "everybody" else BLUE for n in shown.index], zorder=3, s=30)
    ax.axvline(centre, color=INK, linestyle="--", linewidth=1)
    ax.set_yticks(at, shown.index, fontsize=9)
    ax.grid(axis="y", visible=False)
    ax.set(xlabel="with a severe event within 90 days, % of people at a landmark", xlim=(0, None))
    return fig


# ---- features -------------------------------------------------------------------------------------------------


def missing(table: pd.DataFrame) -> Figure:
    """Share of missing cells by feature (rows) and age group (columns), %."""
    fig, axes = panels(1, 1.2 + 0.24 * len(table))
    heat(axes[0, 0], table, low=0, high=100)
    axes[0, 0].set_xlabel("age on the day of the landmark, years")
    return fig


def areas(scores: Mapping[str, pd.DataFrame], *, best: int = 18) -> Figure:
    """Area under the ROC curve of the first features of each table, with 95 % intervals, coloured by family.

    Parameters
    ----------
    scores : mapping
        Title to :func:`healthops.report.community_tables.feature_areas`.
    """
    shown = {title: table.dropna(subset=["auc"]).head(best).iloc[::-1] for title, table in scores.items()}
    fig, axes = panels(len(shown), 1.4 + 0.23 * max(len(t) for t in shown.values()))
    families = list(dict.fromkeys(f for of in ("community", "maternal") for f in listed.families(of)))
    shades = dict(zip(families, [*PALETTE, INK], strict=True))
    for ax, (title, table) in zip(axes[0], shown.items(), strict=True):
        at = np.arange(len(table))
        ax.hlines(at, table["low"], table["high"], color=table["family"].map(shades), linewidth=2)
        ax.scatter(table["auc"], at, color=table["family"].map(shades), zorder=3, s=26)
        ax.axvline(0.5, color=INK, linewidth=1)
        ax.set_yticks(at, table["feature"], fontsize=8)
        ax.grid(axis="y", visible=False)
        ax.set(title=title, xlabel="area under the ROC curve")
    present = [f for f in families if any((table["family"] == f).any() for table in shown.values())]
    from matplotlib.patches import Patch

    fig.legend(
        [Patch(facecolor=shades[f]) for f in present], present, loc="outside upper center", ncols=5, fontsize=8
    )  # fmt: skip
    return fig


def shapes(curves: Mapping[str, pd.DataFrame], base: Mapping[str, float], *, ylabels: Mapping[str, str]) -> Figure:
    """Share with an event by value of a feature, with 95 % intervals; dashed: of all rows.

    Parameters
    ----------
    curves : mapping
        Title of a panel to :func:`healthops.report.community_tables.rate_by_value`; titles are x-labels too.
    base, ylabels : mapping
        Share of all rows, %, and label of the axis, by panel.
    """
    rows = -(-len(curves) // 3)
    fig, axes = panels(3, 2.7 * rows, rows=rows)
    for ax, (title, curve) in zip(axes.flat, curves.items(), strict=False):
        ax.fill_between(curve["value"], curve["low"], curve["high"], color=BLUE, alpha=0.2, linewidth=0)
        ax.plot(curve["value"], curve["rate"], "o-", color=BLUE)
        ax.axhline(base[title], color=INK, linestyle="--", linewidth=1)
        ax.set(xlabel=title, ylabel=ylabels[title], ylim=(0, None))
        if curve.empty:
            ax.text(0.5, 0.5, "too few", transform=ax.transAxes, ha="center", color=MUTED)
    for ax in axes.flat[len(curves) :]:
        ax.set_axis_off()
    return fig


def leaks(admitted: pd.DataFrame, forbidden: pd.DataFrame) -> Figure:
    """Areas of the best admitted features and of what is left out, ``name``, ``auc``, ``low``, ``high`` each."""
    import pandas as pd

    both = pd.concat([admitted.assign(kind="feature"), forbidden.assign(kind="left out")]).iloc[::-1]
    fig, axes = panels(1, 1.1 + 0.28 * len(both))
    ax = axes[0, 0]
    at = np.arange(len(both))
    shade = both["kind"].map({"feature": BLUE, "left out": ORANGE})
    ax.hlines(at, both["low"], both["high"], color=shade, linewidth=2)
    ax.scatter(both["auc"], at, color=shade, zorder=3, s=30)
    ax.axvline(0.5, color=INK, linewidth=1)
    ax.set_yticks(at, [_wrapped(name, 46) for name in both["name"]], fontsize=9)
    ax.grid(axis="y", visible=False)
    for name, of in (("known before the landmark", BLUE), ("left out: known later", ORANGE)):
        ax.scatter([], [], color=of, label=name)
    ax.legend(loc="lower right")
    ax.set(xlabel="area under the ROC curve for a severe event within 90 days")
    return fig


def twins(table: pd.DataFrame) -> Figure:
    """Share of test rows with a twin in training, %: a group of bars a set, a bar a way to make folds."""
    fig, axes = panels(1, 2.9)
    ax = axes[0, 0]
    width = 0.8 / table.shape[1]
    for k, (name, shade) in enumerate(zip(table, (ORANGE, AMBER, BLUE), strict=False)):
        at = np.arange(len(table)) + (k - (table.shape[1] - 1) / 2) * width
        ax.bar(at, table[name], width=0.92 * width, color=shade, label=name)
        for x, value in zip(at, table[name], strict=True):
            if value == value:
                ax.text(x, value + 1.5, f"{value:.0f}", ha="center", fontsize=9)
    ax.set_xticks(range(len(table)), [_wrapped(name, 30) for name in table.index])
    ax.grid(axis="x", visible=False)
    ax.set(ylabel="of the test rows, %", ylim=(0, 112), title="rows whose twin the model has seen")
    fig.legend(loc="outside upper right", title="folds by", ncols=3)
    return fig
