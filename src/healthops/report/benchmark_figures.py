"""Figures of the proving grounds: forecasts beside those of real teams, of other models, and beside what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from healthops.report.axes import months, panels
from healthops.report.benchmark_tables import (
    BASELINE,
    ENSEMBLE,
    FUSION,
    HUB_BASELINE,
    ORGANISERS,
    OUR_TEAM,
    OURS,
    PEERS,
    STATES,
    best_other,
    by_scope,
    dengue_ranking,
    overall,
    peru_overall,
)
from healthops.report.style import GRID, INK, MUTED, PALETTE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Ours, the ensemble, the baseline, the best other team; everybody else.
BLUE, ORANGE, GREEN, PINK, AMBER = PALETTE[0], PALETTE[1], PALETTE[2], PALETTE[3], PALETTE[4]
OTHERS = "#b3b9c1"
COVERAGES = (50, 90, 95)
#: Legends that lie on lines.
_OPAQUE = {"frameon": True, "framealpha": 0.9, "edgecolor": "none"}


def _highlighted(table: pd.DataFrame) -> dict[str, str]:
    """The models of a table of teams that a figure names, with their colours."""
    best = best_other(table)
    colours = {OURS: BLUE, best: GREEN, ENSEMBLE: ORANGE, BASELINE: INK}
    return {model: colours[model] for model in (OURS, ENSEMBLE, best, BASELINE) if model in table.index}


# ---- FluSight -------------------------------------------------------------------------------------------------


def ranking(teams: pd.DataFrame, *, beyond: float = 1.4) -> Figure:
    """Relative WIS (dots) and relative log1p WIS (rings) of every team by rank, a panel a season.

    What is above `beyond` is drawn at the edge with its figure.
    """
    seasons = sorted(set(teams["season"]))
    tables = [overall(teams, season) for season in seasons]
    fig, axes = panels(len(seasons), 1.0 + 0.19 * max(map(len, tables)))
    for ax, season, table in zip(axes[0], seasons, tables, strict=True):
        colours = _highlighted(table)
        for y, (model, row) in enumerate(table.iterrows(), 1):
            colour, size = colours.get(model, MUTED), 34 if model in colours else 14
            raw, log = row["relative_wis"], row["relative_wis_log1p"]
            ax.plot([min(raw, beyond), min(log, beyond)], [y, y], color=GRID, lw=1, zorder=1)
            ax.scatter(min(raw, beyond), y, s=size, color=colour, marker="o" if raw <= beyond else ">", zorder=3)
            ax.scatter(min(log, beyond), y, s=size, facecolor="white", edgecolor=colour, lw=1, zorder=2)
            if raw > beyond:
                ax.annotate(f"{raw:.1f}", (beyond, y), (6, 0), textcoords="offset points", fontsize=7.5, va="center")
        ax.axvline(1, color=MUTED, lw=0.8, ls=":")
        ax.set_yticks(
            range(1, len(table) + 1), [f"{model}  {rank}" for model, rank in table["rank"].items()], fontsize=7.5
        )
        for label, model in zip(ax.get_yticklabels(), table.index, strict=True):
            label.set(color=colours.get(model, MUTED), weight="bold" if model in colours else "normal")
        low = min(table["relative_wis"].min(), table["relative_wis_log1p"].min())
        ax.set(title=season, ylim=(len(table) + 0.7, 0.3), xlim=(low - 0.04, beyond + 0.08), xlabel="relative score")
        ax.grid(axis="y", visible=False)
    fig.legend(handles=_ring_legend(), loc="outside lower center", ncols=2)
    return fig


def _ring_legend() -> list:
    from matplotlib.lines import Line2D

    dot = {"marker": "o", "ls": "", "markeredgecolor": MUTED, "markersize": 5}
    return [
        Line2D([], [], color=MUTED, label="relative WIS (by which teams are ranked)", **dot),
        Line2D([], [], markerfacecolor="white", label="relative WIS of log(1 + admissions)", **dot),
    ]


def _beside_teams(ax: Axes, wide: pd.DataFrame, x: Sequence, colours: Mapping[str, str]) -> None:
    """Draw every team as a thin grey line and the named ones in their colours."""
    rest = wide.drop(columns=list(colours), errors="ignore")
    for n, model in enumerate(rest):
        ax.plot(x, rest[model], color=OTHERS, lw=0.6, label="other teams" if n == 0 else None, zorder=1)
    for model, colour in reversed(colours.items()):
        if model in wide:
            ours = model == OURS
            ax.plot(x, wide[model], "o-", color=colour, lw=2.4 if ours else 1.4, ms=5 if ours else 3.5, label=model)


def by_horizon(teams: pd.DataFrame, *, most: float = 1.6) -> Figure:
    """Relative WIS by weeks ahead of every team, a panel a season; cut at `most`."""
    seasons = sorted(set(teams["season"]))
    fig, axes = panels(len(seasons), 3.8, sharey=True)
    for ax, season in zip(axes[0], seasons, strict=True):
        wide = by_scope(teams, season, "horizon")
        _beside_teams(ax, wide, [int(h) for h in wide.index], _highlighted(overall(teams, season)))
        ax.set(title=season, xlabel="weeks after the reference date", xticks=[int(h) for h in wide.index])
        ax.legend(fontsize=7.5, loc="upper left", ncols=2, **_OPAQUE)
    axes[0, 0].set(ylabel="relative WIS", ylim=(0, most))
    return fig


def by_date(teams: pd.DataFrame, *, most: float = 2.0) -> Figure:
    """Relative WIS by reference date: ours, the ensemble, the season's best other team; the others' middle half."""
    import pandas as pd

    seasons = sorted(set(teams["season"]))
    fig, axes = panels(1, 2.7 * len(seasons), rows=len(seasons))
    for ax, season in zip(axes[:, 0], seasons, strict=True):
        wide = by_scope(teams, season, "reference_date")
        wide.index = pd.to_datetime(wide.index)
        colours = {m: c for m, c in _highlighted(overall(teams, season)).items() if m != BASELINE}
        rest = wide.drop(columns=[*colours, BASELINE], errors="ignore")
        if rest.shape[1] > 3:
            low, high = rest.quantile(0.25, axis=1), rest.quantile(0.75, axis=1)
            ax.fill_between(
                wide.index, low, high.clip(upper=most), color=OTHERS, alpha=0.5, lw=0, label="middle half of the others"
            )
        _beside_teams(ax, wide[[m for m in colours if m in wide]], wide.index, colours)
        ax.axhline(1, color=MUTED, lw=0.8, ls=":")
        months(ax, fewest=5, most=9)
        ax.set(title=season, ylabel="relative WIS", ylim=(0, most))
        ax.legend(fontsize=7.5, ncols=4, loc="upper left", **_OPAQUE)
    axes[-1, 0].set_xlabel("reference date")
    return fig


def by_state(teams: pd.DataFrame) -> Figure:
    """Our WIS over the ensemble's in each state, sorted, a panel a season; without teams, relative WIS."""
    seasons = sorted(set(teams["season"]))
    fig, axes = panels(1, 2.8 * len(seasons), rows=len(seasons), sharey=True)
    for ax, season in zip(axes[:, 0], seasons, strict=True):
        wide = by_scope(teams, season, "location")
        rival = ENSEMBLE if ENSEMBLE in wide else next(m for m in wide if m != OURS)
        ratio = (wide[OURS] / wide[rival]).sort_values()
        colours = np.where(ratio <= 1, BLUE, ORANGE)
        x = np.arange(len(ratio))
        ax.vlines(x, 1, ratio, color=colours, lw=2)
        ax.scatter(x, ratio, color=colours, s=18, zorder=3)
        ax.axhline(1, color=INK, lw=0.9)
        ax.set_xticks(x, [STATES.get(code, code) for code in ratio.index], fontsize=7, rotation=90)
        ax.set(title=season, ylabel=f"relative WIS over\n{rival}'s", xlim=(-0.8, len(ratio) - 0.2))
        ax.grid(axis="x", visible=False)
    return fig


def coverage(teams: pd.DataFrame) -> Figure:
    """Share of what came within the 50, 90 and 95 % intervals: every team a dot, ours and the ensemble named."""
    seasons = sorted(set(teams["season"]))
    fig, axes = panels(len(seasons), 3.6, sharey=True)
    for ax, season in zip(axes[0], seasons, strict=True):
        table = overall(teams, season)
        colours = _highlighted(table)
        rest = table.drop(index=list(colours))
        for x, level in enumerate(COVERAGES):
            column = f"coverage_{level}"
            ax.plot(
                [x - 0.36, x + 0.36], [level / 100] * 2, color=INK, lw=1.2, label="what is promised" if x == 0 else None
            )
            spread = np.linspace(-0.24, 0.0, max(len(rest), 1))[: len(rest)]
            label = "other teams" if x == 0 else None
            ax.scatter(x + spread, np.sort(rest[column]), s=12, color=OTHERS, label=label)
            for k, (model, colour) in enumerate(colours.items()):
                at = x + 0.1 + 0.08 * k
                known = {OURS: "ours", ENSEMBLE: ENSEMBLE, BASELINE: BASELINE}
                label = known.get(model, "best other team") if x == 0 else None
                ax.scatter(at, table.loc[model, column], s=42, color=colour, zorder=3, label=label)
        ax.set_xticks(range(len(COVERAGES)), [f"{level} %" for level in COVERAGES])
        ax.set(title=f"{season} (best other: {best_other(table)})", xlabel="interval", ylim=(0, 1.02))
    axes[0, 0].set_ylabel("share of what came within it")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=6, fontsize=8)
    return fig


def fans(forecasts: pd.DataFrame, place: str, *, every: int, headroom: float = 2.0) -> Figure:
    """Forecasts of one place from every so many reference dates as fans beside what came, a panel a season.

    Raises
    ------
    ValueError
        If there is no forecast of the place.
    """

    kept = forecasts[forecasts["location"] == place]
    if kept.empty:
        raise ValueError(f"no forecast of {place!r}; there are {sorted(set(forecasts['location']))}")
    seasons = sorted(set(kept["season"]))
    fig, axes = panels(1, 2.8 * len(seasons), rows=len(seasons))
    for ax, season in zip(axes[:, 0], seasons, strict=True):
        rows = kept[kept["season"] == season]
        for n, date in enumerate(sorted(set(rows["reference_date"]))[::every]):
            fan = rows[rows["reference_date"] == date].sort_values("horizon")
            ends = fan["target_end_date"]
            for low, high, shade, said in (
                ("0.025", "0.975", 0.18, "95 %"),
                ("0.250", "0.750", 0.4, "50 %"),
            ):
                label = said if n == 0 else None
                ax.fill_between(ends, fan[f"q{low}"], fan[f"q{high}"], color=BLUE, alpha=shade, lw=0, label=label)
            ax.plot(ends, fan["q0.500"], "o-", color=BLUE, ms=3, lw=1.3, label="median" if n == 0 else None)
        came = rows.dropna(subset="observed").drop_duplicates("target_end_date").sort_values("target_end_date")
        ax.plot(came["target_end_date"], came["observed"], color=INK, lw=1.3, marker=".", ms=4, label="came")
        months(ax, fewest=5, most=9)
        ax.yaxis.set_major_formatter("{x:,.0f}")
        ax.set(
            title=f"{season}, {STATES.get(place, place)}",
            ylabel="admissions a week",
            ylim=(0, headroom * came["observed"].max()),
        )
    axes[-1, 0].set_xlabel("Saturday that ends the week")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)
    return fig


def shared_by(allocation: pd.DataFrame) -> Figure:
    """Allocation score by reference date and model, in % of what came."""
    fig, axes = panels(1, 2.6)
    ax = axes[0, 0]
    named = {OURS: BLUE, ENSEMBLE: ORANGE, BASELINE: INK}
    dates = sorted(set(allocation["reference_date"]))
    for k, (model, part) in enumerate(sorted(allocation.groupby("model"), key=lambda item: list(named).index(item[0]))):
        part = part.set_index("reference_date").reindex(dates)
        x = np.arange(len(dates)) + 0.22 * (k - 1)
        heights = 100 * part["allocation_score"] / part["needed"]
        for bar, height in zip(ax.bar(x, heights, width=0.2, color=named[model], label=model), heights, strict=True):
            ax.annotate(f"{height:.1f}", (bar.get_x() + 0.1, height), ha="center", va="bottom", fontsize=8)
    ax.set_xticks(range(len(dates)), [f"{date:%Y-%m-%d}" for date in dates])
    ax.set(xlabel="reference date", ylabel="need left unmet beyond\nthe oracle's (% of it)")
    ax.margins(y=0.25)
    ax.grid(axis="x", visible=False)
    ax.legend(ncols=3, loc="upper right", fontsize=8)
    return fig


def seconds(runs: pd.DataFrame, bound: float) -> Figure:
    """CPU seconds of each reference date, with the bound that was asked for."""
    fig, axes = panels(1, 2.5)
    ax = axes[0, 0]
    for (season, part), colour in zip(runs.groupby("season"), (BLUE, GREEN, PINK, AMBER), strict=False):
        part = part.sort_values("reference_date")
        ax.plot(np.arange(1, len(part) + 1), part["cpu_seconds"], "o-", ms=3.5, color=colour, label=season)
    ax.axhline(bound, color=INK, lw=1, ls="--", label=f"asked for: at most {bound:.0f}")
    ax.set(xlabel="reference date of the season, in order", ylabel="CPU seconds", ylim=(0, None))
    ax.legend(ncols=3, loc="lower left", fontsize=8)
    return fig


# ---- the Dengue Forecasting Project ---------------------------------------------------------------------------


def dengue_teams(scores: pd.DataFrame, *, bar: float, aim: float) -> Figure:
    """Mean log score of every team over the three targets with its standard error, and how often it gave 0."""
    table = dengue_ranking(scores)
    fig, axes = panels(1, 0.9 + 0.2 * len(table))
    ax = axes[0, 0]
    least = min(float((table["log_score"] - table["standard_error"]).min()), -4.0)
    right = max(float((table["log_score"] + table["standard_error"]).max()), aim) + 0.2
    for y, (team, row) in enumerate(table.iterrows(), 1):
        colour = {OUR_TEAM: BLUE, ORGANISERS: INK}.get(team, MUTED)
        size = 6 if team == OUR_TEAM else 4
        ax.errorbar(row["log_score"], y, xerr=row["standard_error"], fmt="o", color=colour, ms=size, lw=1.3)
        zeros = f",  {row['n_inf']:.0f} of {row['forecasts']:.0f} at probability 0" if row["n_inf"] else ""
        ax.annotate(f"{row['log_score']:.2f}{zeros}", (right, y), va="center", fontsize=8, color=colour)
    for value, style, said in ((bar, "--", "asked for"), (aim, ":", "aimed at")):
        ax.axvline(value, color=AMBER, lw=1.2, ls=style, label=f"{said}: {value:.2f}", zorder=0)
    names = {OUR_TEAM: "healthops (ours)", ORGANISERS: "organisers' baseline"}
    ax.set_yticks(range(1, len(table) + 1), [names.get(team, f"team {team}") for team in table.index], fontsize=8)
    ax.set(ylim=(len(table) + 0.7, 0.3), xlim=(least - 0.3, right + 3.2), xlabel="mean log score")
    ax.grid(axis="y", visible=False)
    ax.set_xticks(np.arange(np.ceil(least / 2) * 2, right, 2))
    ax.legend(loc="upper left", fontsize=8)
    return fig


#: Targets of the project, as a reader calls them.
TARGETS = {"peak_week": "peak week", "peak_incidence": "peak weekly cases", "season_total": "cases of the season"}


def dengue_seasons(scores: pd.DataFrame, *, lowest: float = -6.0) -> Figure:
    """Mean log score by target and season: every team a dot, ours and the best other team named; cut at `lowest`."""
    rival = next(team for team in dengue_ranking(scores).index if team not in (OUR_TEAM, ORGANISERS))
    seasons = sorted(set(scores["season"]) - {"all"})
    fig, axes = panels(len(TARGETS), 3.5, sharey=True)
    for ax, (target, title) in zip(axes[0], TARGETS.items(), strict=True):
        rows = scores[(scores["target"] == target) & (scores["season"] != "all")]
        for x, season in enumerate(seasons):
            here = rows[rows["season"] == season].set_index("team")["log_score"]
            if here.empty:
                ax.annotate("tied,\nnot scored", (x, lowest / 2), ha="center", va="center", fontsize=8, color=MUTED)
                continue
            rest = here.drop(index=[OUR_TEAM, rival]).clip(lower=lowest)
            ax.scatter(np.full(len(rest), x), rest, s=14, color=OTHERS, label="other teams" if x == 0 else None)
            for team, colour, shift in ((rival, GREEN, 0.14), (OUR_TEAM, BLUE, -0.14)):
                label = {OUR_TEAM: "ours", rival: f"team {rival}"}[team] if x == 0 else None
                ax.scatter(x + shift, max(here[team], lowest), s=42, color=colour, label=label, zorder=3)
        ax.set_xticks(range(len(seasons)), [f"{s[:4]}/{s[-2:]}" for s in seasons], fontsize=8)
        ax.set(title=title, ylim=(lowest - 0.25, 0.1), xlim=(-0.5, len(seasons) - 0.5))
    axes[0, 0].set_ylabel("mean log score")
    axes[0, 0].legend(fontsize=7.5, loc="upper right")
    return fig


def dengue_examples(forecasts: pd.DataFrame, seasons: Mapping[str, str]) -> Figure:
    """Probability of each bin at each forecast week (shade), and the bin that came (line), a row a season.

    Parameters
    ----------
    seasons : mapping
        Season to what the reader is told about it.
    """
    fig, axes = panels(len(TARGETS), 2.9 * len(seasons), rows=len(seasons))
    for row, (season, said) in zip(axes, seasons.items(), strict=True):
        for ax, target in zip(row, TARGETS, strict=True):
            task = forecasts[(forecasts["season"] == season) & (forecasts["target"] == target)]
            wide = task.pivot(index="forecast_week", columns="bin", values="probability")
            edges = task.drop_duplicates("bin").sort_values("bin")
            share = np.arange(wide.shape[1] + 1)
            steps = np.append(wide.index, wide.index[-1] + 4) - 2
            image = ax.pcolormesh(share, steps, wide.to_numpy(), cmap="Blues", vmin=0, vmax=0.6, rasterized=True)
            for came in sorted(set(task.loc[task["came"], "bin"])):
                ax.plot(
                    [came, came, came + 1, came + 1],
                    [steps[0], steps[-1], steps[-1], steps[0]],
                    color=ORANGE,
                    lw=1.6,
                    clip_on=False,
                )
            every = 8 if target == "peak_week" else 2
            ax.set_xticks(share[:-1][::every], [f"{low:,.0f}" for low in edges["lower"][::every]], fontsize=8)
            ax.set(ylim=(steps[0], steps[-1]))
            ax.grid(visible=False)
        row[0].set_ylabel(f"{season}, {said}\nweeks of the season seen")
    for ax, title in zip(axes[0], TARGETS.values(), strict=True):
        ax.set_title(title)
    for ax, target in zip(axes[-1], TARGETS, strict=True):
        ax.set_xlabel("week of the season" if target == "peak_week" else "cases, lower edge of the bin")
    fig.colorbar(image, ax=axes, shrink=0.5, pad=0.01, label="probability of the bin", extend="max")
    return fig


# ---- Peru -----------------------------------------------------------------------------------------------------


def _peru_colours(table: pd.DataFrame, members: Sequence[str]) -> dict[str, str]:
    groups = {FUSION: BLUE, **dict.fromkeys(members, GREEN), **dict.fromkeys(PEERS, ORANGE)}
    return {name: groups.get(name, MUTED) for name in table.index}


def peru_models(scores: pd.DataFrame, members: Sequence[str], bars: Mapping[str, Sequence[float]]) -> Figure:
    """Relative WIS of every model with its bootstrap interval, raw and log1p, a row of panels a level."""
    from matplotlib.lines import Line2D

    fig, axes = panels(2, 2.9 * len(bars), rows=len(bars), sharex="col")
    for row, (level, bounds) in zip(axes, bars.items(), strict=True):
        table = peru_overall(scores, level)
        colours = _peru_colours(table, members)
        for ax, score, bound in zip(row, ("relative_wis", "relative_wis_log1p"), bounds, strict=True):
            for y, (model, r) in enumerate(table.iterrows(), 1):
                ax.plot([r[f"{score}_low"], r[f"{score}_high"]], [y, y], color=colours[model], lw=1.6)
                ax.scatter(r[score], y, s=46 if model == FUSION else 22, color=colours[model], zorder=3)
            ax.axvline(bound, color=AMBER, lw=1.3, ls="--", zorder=0)
            ax.axvline(1, color=MUTED, lw=0.8, ls=":")
            said = "WIS" if score == "relative_wis" else "log1p WIS"
            ax.set(title=f"{level}s, {said}", ylim=(len(table) + 0.7, 0.3), yticks=range(1, len(table) + 1))
            ax.set_yticklabels(table.index if ax is row[0] else [], fontsize=8)
            ax.grid(axis="y", visible=False)
    for ax in axes[-1]:
        ax.set_xlabel("over the hub baseline's")
    kinds = {"fusion": BLUE, "its members": GREEN, "statsforecast": ORANGE, "others": MUTED}
    handles = [Line2D([], [], color=colour, marker="o", ms=5, label=kind) for kind, colour in kinds.items()]
    handles.append(Line2D([], [], color=AMBER, ls="--", label="asked of the fusion"))
    fig.legend(handles=handles, loc="outside lower center", ncols=5, fontsize=8)
    return fig


def peru_horizons(scores: pd.DataFrame, members: Sequence[str]) -> Figure:
    """Relative WIS by weeks ahead: the fusion with its interval, its members, the best peer; a panel a level."""
    levels = list(dict.fromkeys(scores["level"]))
    fig, axes = panels(len(levels), 3.8, sharey=True)
    for ax, level in zip(axes[0], levels, strict=True):
        table = peru_overall(scores, level)
        rows = scores[(scores["level"] == level) & (scores["horizon"] != "all")]
        rows = rows.assign(horizon=rows["horizon"].astype(int)).sort_values("horizon")
        wide = rows.pivot(index="horizon", columns="model", values="relative_wis")
        mine = rows[rows["model"] == FUSION]
        ax.fill_between(
            mine["horizon"], mine["relative_wis_low"], mine["relative_wis_high"], color=BLUE, alpha=0.15, lw=0
        )
        for n, name in enumerate(members):
            ax.plot(wide[name], color=GREEN, lw=1, alpha=0.8, label="members" if n == 0 else None)
        peer = table.loc[list(PEERS), "relative_wis"].idxmin()
        ax.plot(wide[peer], "s-", color=ORANGE, ms=3.5, label="best peer (in the title)")
        ax.plot(wide["root-baseline"], color=MUTED, ls="--", label="baseline on the fourth root")
        ax.plot(wide[FUSION], "o-", color=BLUE, lw=2.4, label="fusion, 95 % interval")
        ax.axhline(1, color=MUTED, lw=0.8, ls=":")
        ax.set(title=f"{level}s (best peer: {peer})", xlabel="weeks ahead", xticks=wide.index)
    axes[0, 0].set(ylabel="WIS over the hub baseline's", ylim=(0, None))
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)
    return fig


def peru_coverage(scores: pd.DataFrame, points: float) -> Figure:
    """Coverage of the fusion's intervals by weeks ahead where cases came, with the band that was asked for."""
    levels = list(dict.fromkeys(scores["level"]))
    fig, axes = panels(len(levels), 3.4, sharey=True)
    for ax, level in zip(axes[0], levels, strict=True):
        rows = scores[(scores["level"] == level) & (scores["model"] == FUSION) & (scores["horizon"] != "all")]
        rows = rows.assign(horizon=rows["horizon"].astype(int)).sort_values("horizon")
        for nominal, colour in zip((95, 90, 50), (PINK, BLUE, GREEN), strict=True):
            share = 100 * rows[f"coverage_{nominal}_with_cases"]
            ax.plot(rows["horizon"], share, "o-", color=colour, label=f"{nominal} % interval")
            ax.axhline(nominal, color=colour, lw=0.8, ls=":")
            if nominal > 50:
                ax.axhspan(nominal - points, nominal + points, color=colour, alpha=0.1, lw=0)
        ax.set(title=f"{level}s", xlabel="weeks ahead", xticks=rows["horizon"], ylim=(30, 100))
    axes[0, 0].set_ylabel("share of what came within it (%)")
    axes[0, 0].legend(fontsize=8, loc="center right")
    return fig


def peru_weeks(weeks: pd.DataFrame, scores: pd.DataFrame) -> Figure:
    """Mean WIS at each origin of the fusion, the hub baseline and the best peer, a panel a level; logarithmic."""
    levels = list(dict.fromkeys(weeks["level"]))
    fig, axes = panels(1, 2.5 * len(levels), rows=len(levels), sharex=True)
    for ax, level in zip(axes[:, 0], levels, strict=True):
        peer = peru_overall(scores, level).loc[list(PEERS), "relative_wis"].idxmin()
        wide = weeks[weeks["level"] == level].pivot(index="reference_date", columns="model", values="wis")
        for model, colour, width in ((HUB_BASELINE, MUTED, 1.2), (peer, ORANGE, 1.2), (FUSION, BLUE, 2.0)):
            ax.plot(wide[model], color=colour, lw=width, label=model)
        ax.set(title=f"{level}s", yscale="log", ylabel="mean WIS (cases)")
        ax.yaxis.set_major_formatter("{x:,g}")
        ax.set_ylim(top=4 * float(wide.max().max()))
        ax.legend(ncols=3, loc="upper left", fontsize=8)
    axes[-1, 0].set_xlabel("origin: last week seen")
    return fig
