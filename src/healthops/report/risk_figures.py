"""Figures of risk models: the leak, scores, calibration, conformal sets, decision curves, groups of people, reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from healthops.report.axes import panels
from healthops.report.style import GRID, INK, MUTED, PALETTE, colour
from healthops.report.tables import SMALLEST_COUNT

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN = PALETTE[:3]


def leak(scores: pd.DataFrame, measures: Mapping[str, str]) -> Figure:
    """Scores of the same models under a split of rows and a split of groups, a point a repeat.

    Parameters
    ----------
    scores : DataFrame
        Columns ``split`` (rows, groups), ``kind``, ``repeat``, ``score`` and ``value``.
    measures : mapping of score to axis label
    """
    kinds = list(dict.fromkeys(scores["kind"]))
    fig, axes = panels(len(measures), 0.5 * len(kinds) + 1.9, sharey=True)
    for ax, (measure, label) in zip(axes[0], measures.items(), strict=True):
        for k, kind in enumerate(kinds):
            own = scores[(scores["kind"] == kind) & (scores["score"] == measure)]
            ends = own.groupby("split")["value"].mean()
            ax.plot(ends[["rows", "groups"]], [k, k], color=GRID, lw=5, zorder=1)
            for split, tint, marker in (("rows", ORANGE, "X"), ("groups", BLUE, "o")):
                values = own.loc[own["split"] == split, "value"]
                name = {"rows": "rows shuffled: twins on both sides", "groups": "twins kept together"}[split]
                ax.scatter(values, [k] * len(values), color=tint, marker=marker, s=34, alpha=0.8,
                           label=name if k == 0 else None)  # fmt: skip
        ax.set_xlabel(label)
        ax.set_yticks(range(len(kinds)), kinds)
        ax.set_ylim(len(kinds) - 0.5, -0.5)
    fig.legend(*axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncol=2)
    return fig


def compared(scores: pd.DataFrame, measures: Mapping[str, str], *, bars: Mapping[str, Sequence[float]]) -> Figure:
    """Scores of each kind of model, a point a repeat and a line at their mean.

    Parameters
    ----------
    scores : DataFrame
        Rows of one split and outcome: ``kind``, ``score`` and ``value``.
    measures : mapping of score to axis label
    bars : mapping of score to one number (what was asked for) or two (the range within which it was)
    """
    kinds = list(dict.fromkeys(scores["kind"]))
    fig, axes = panels(len(measures), 0.42 * len(kinds) + 1.5, sharey=True)
    for ax, (measure, label) in zip(axes[0], measures.items(), strict=True):
        asked = bars.get(measure, ())
        if len(asked) == 2:
            ax.axvspan(*asked, color=GREEN, alpha=0.15, lw=0)
        elif asked:
            ax.axvline(asked[0], color=GREEN, lw=1.4)
        for k, kind in enumerate(kinds):
            values = scores.loc[(scores["kind"] == kind) & (scores["score"] == measure), "value"]
            ax.scatter(values, [k] * len(values), color=colour(kind), s=26, alpha=0.75)
            ax.plot([values.mean()] * 2, [k - 0.28, k + 0.28], color=colour(kind), lw=2)
        ax.set_xlabel(label)
        ax.set_yticks(range(len(kinds)), kinds)
        ax.set_ylim(len(kinds) - 0.5, -0.5)
        ax.locator_params(axis="x", nbins=5)
    return fig


def calibration(curves: Mapping[str, Mapping[str, pd.DataFrame]]) -> Figure:
    """Reliability diagrams, a panel an outcome.

    Parameters
    ----------
    curves : mapping of outcome to mapping of series to DataFrame
        Each of :func:`healthops.evaluate.calibration.reliability`; series such as before and after calibration. The
        intervals are drawn for the last.
    """
    fig, axes = panels(len(curves), 3.9)
    for ax, (outcome, series) in zip(axes[0], curves.items(), strict=True):
        top = max(float(np.nanmax(each[["said", "high"]].to_numpy())) for each in series.values())
        top = min(1.0, 1.05 * top)
        ax.plot([0, top], [0, top], color=MUTED, lw=1, label="right")
        for k, (name, bins) in enumerate(series.items()):
            last = k == len(series) - 1
            shown = bins[(bins["n"] * bins["came"] == 0) | (bins["n"] * bins["came"] > SMALLEST_COUNT - 0.5)]
            style = {"color": BLUE if last else PALETTE[4], "marker": "o" if last else "s"}
            ax.plot(shown["said"], shown["came"], label=name, lw=1.6 if last else 1, **style)
            if last:
                ax.vlines(shown["said"], shown["low"], shown["high"], color=BLUE, alpha=0.45, lw=1.4)
        ax.set(xlim=(0, top), ylim=(0, top), title=outcome, xlabel="probability that was said")
    axes[0][0].set_ylabel("share that came")
    fig.legend(*axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncol=3)
    return fig


def decisions(curves: Mapping[str, pd.DataFrame], *, unit: str = "net benefit per 100 people") -> Figure:
    """Net benefit of acting from a threshold on, a panel a set.

    Parameters
    ----------
    curves : mapping of title to DataFrame
        :func:`healthops.evaluate.decision_curve.decision_curve`.
    """
    fig, axes = panels(len(curves), 3.8)
    for ax, (title, curve) in zip(axes[0], curves.items(), strict=True):
        models = [p for p in dict.fromkeys(curve["policy"]) if p not in ("everybody", "nobody")]
        for policy in ("everybody", "nobody", *models):
            own = curve[curve["policy"] == policy]
            dashed = {"everybody": "--", "nobody": ":"}.get(policy, "-")
            ax.plot(100 * own["threshold"], 100 * own["net_benefit"], color=colour(policy), ls=dashed, label=policy)
        high = 100 * curve["net_benefit"].max()
        ax.set(ylim=(-0.25 * high, 1.1 * high), xlabel="acts from a probability of, %", title=title)
    axes[0][0].set_ylabel(unit)
    fig.legend(*axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncol=4)
    return fig


def confusion(counts: np.ndarray, names: Sequence[str]) -> Figure:
    """Share of rows of each level (rows) by the level that was said (columns).

    Parameters
    ----------
    counts : array of int, shape (K, K)
    names : sequence of str, length K
    """
    fig, axes = panels(1, 3.3)
    ax = axes[0][0]
    share = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ax.imshow(share, cmap="Blues", vmin=0, vmax=100)
    for i, j in np.ndindex(counts.shape):
        few = 0 < counts[i, j] < SMALLEST_COUNT
        text = f"<{SMALLEST_COUNT} rows" if few else f"{share[i, j]:.0f}%\n{counts[i, j]:,} rows"
        ax.text(j, i, text, ha="center", va="center", fontsize=9, color="white" if share[i, j] > 55 else INK)
    ax.set_xticks(range(len(names)), names)
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="level that was said", ylabel="level of the source")
    ax.grid(visible=False)
    return fig


def conformal(sets: Mapping[str, pd.DataFrame], *, nominal: float, within: float) -> Figure:
    """Coverage of conformal sets by outcome and repeat (left), and how many outcomes they hold (right).

    Parameters
    ----------
    sets : mapping of set to DataFrame
        Columns ``outcome``, ``score`` (coverage, single, empty) and ``value``.
    nominal, within : float
        Coverage that is stated, and the distance that was asked for.
    """
    rows = [(name, outcome) for name, table in sets.items() for outcome in dict.fromkeys(table["outcome"])]
    fig, axes = panels(2, 0.36 * len(rows) + 1.7, sharey=True)
    ax, bx = axes[0]
    ax.axvspan(100 * (nominal - within), 100 * (nominal + within), color=GREEN, alpha=0.15, lw=0)
    ax.axvline(100 * nominal, color=GREEN, lw=1.2)
    for k, (name, outcome) in enumerate(rows):
        own = sets[name][sets[name]["outcome"] == outcome]
        values = 100 * own.loc[own["score"] == "coverage", "value"]
        ax.scatter(values, [k] * len(values), color=BLUE, s=24, alpha=0.7)
        ax.plot([values.mean()] * 2, [k - 0.3, k + 0.3], color=BLUE, lw=2)
        mean = 100 * own.groupby("score")["value"].mean()
        left = 0.0
        several = 100 - mean["single"] - mean["empty"]
        parts = (("none", mean["empty"], MUTED), ("one", mean["single"], BLUE), ("several", several, PALETTE[4]))
        for label, share, tint in parts:
            bx.barh(k, share, left=left, color=tint, height=0.65, label=label if k == 0 else None)
            left += share
    ax.set_yticks(range(len(rows)), [f"{name}: {outcome}" for name, outcome in rows])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set(xlabel="sets that hold what came, %", title="coverage")
    bx.set(xlabel="share of sets, %", title="outcomes in a set", xlim=(0, 100))
    fig.legend(*bx.get_legend_handles_labels(), loc="outside lower center", ncol=3)
    return fig


def subgroups(table: pd.DataFrame, *, overall: float) -> Figure:
    """Share that came beside the mean probability (left), and AUC (right), by group.

    Parameters
    ----------
    table : DataFrame
        Table ``community_subgroups`` or ``maternal_subgroups``; groups that are too small are left out.
    overall : float
        AUC of all.
    """
    shown = table.dropna(subset=["auc"]).reset_index(drop=True)
    fig, axes = panels(2, 0.27 * len(shown) + 1.6, sharey=True, width_ratios=[1.4, 1])
    ax, bx = axes[0]
    at = np.arange(len(shown))
    ax.hlines(at, 100 * shown["low"], 100 * shown["high"], color=BLUE, alpha=0.45, lw=3, label="its 95% interval")
    ax.plot(100 * shown["share"], at, "o", color=BLUE, label="share that came")
    ax.plot(100 * shown["said"], at, "|", color=ORANGE, ms=13, mew=2.4, label="mean probability")
    bx.axvline(overall, color=MUTED, lw=1)
    bx.plot(shown["auc"], at, "o", color=INK)
    ax.set_yticks(at, [f"{a}: {g}" for a, g in zip(shown["attribute"], shown["group"], strict=True)], fontsize=8)
    ax.set_ylim(len(shown) - 0.5, -0.5)
    ax.set(xlabel="%", title="calibration", xlim=(0, None))
    bx.set(xlabel="AUC within the group (line: all)", title="ranking")
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncol=3)
    return fig


def true_risk(probability: np.ndarray, chance: np.ndarray) -> Figure:
    """Probabilities against the chance by which the simulator drew, as hexagons, with the mean of twentieths.

    Hexagons of fewer than five people are left out.
    """
    fig, axes = panels(1, 4.4)
    ax = axes[0][0]
    p, t = (np.clip(np.asarray(x, float), 1e-4, 1) for x in (probability, chance))
    ax.hexbin(p, t, xscale="log", yscale="log", gridsize=38, mincnt=SMALLEST_COUNT, cmap="Blues", bins="log")
    low, high = min(p.min(), t.min()), max(p.max(), t.max())
    ax.plot([low, high], [low, high], color=MUTED, lw=1, label="right")
    parts = [part for part in np.array_split(np.argsort(p, kind="stable"), 20) if len(part) >= SMALLEST_COUNT]
    ax.plot(
        [p[i].mean() for i in parts],
        [t[i].mean() for i in parts],
        color=ORANGE,
        marker="o",
        label="means of twentieths",
    )
    _percent(ax)
    ax.set(xlabel="probability that was said, %, log scale", ylabel="simulator's chance, %, log scale")
    ax.legend(loc="upper left")
    return fig


def reasons(effects: pd.DataFrame, bands: pd.Series) -> Figure:
    """Mean size of each theme's effect for all (left) and mean effect for the people of each band (right).

    Parameters
    ----------
    effects : DataFrame, shape (n, themes)
        Log odds.
    bands : Series, length n
        Bands of fewer than five people are left out.
    """
    order = effects.abs().mean().sort_values(ascending=False).index
    fig, axes = panels(2, 0.27 * len(order) + 1.5, sharey=True)
    ax, bx = axes[0]
    at = np.arange(len(order))
    ax.barh(at, effects[order].abs().mean(), color=BLUE)
    bx.axvline(0, color=MUTED, lw=1)
    for band, tint, marker in (("low", PALETTE[5], "v"), ("medium", PALETTE[4], "o"), ("high", ORANGE, "^")):
        own = effects.loc[(bands == band).to_numpy(), order]
        if len(own) >= SMALLEST_COUNT:
            bx.plot(own.mean(), at, marker, color=tint, label=f"{band} risk")
    ax.set_yticks(at, order, fontsize=8)
    ax.set_ylim(len(order) - 0.5, -0.5)
    ax.set(xlabel="mean size of the effect, log odds", title="what moves risks")
    bx.set(xlabel="mean effect, log odds (right: raises the risk)", title="by band")
    bx.legend(loc="lower right")
    return fig


def _percent(ax: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter

    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:g}"))
        axis.set_minor_formatter(NullFormatter())
