"""What the tables of the proving grounds say, in sentences; every figure in them is computed from the tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from healthops.report.benchmark_tables import (
    BASELINE,
    ENSEMBLE,
    FUSION,
    HUB_BASELINE,
    ORGANISERS,
    OUR_TEAM,
    OURS,
    PEERS,
    SCORES,
    STATES,
    allocation_means,
    best_other,
    by_scope,
    dengue_ranking,
    has_teams,
    overall,
    peru_overall,
)

if TYPE_CHECKING:
    import pandas as pd


def listed(parts: Iterable[object]) -> str:
    """Join words as a list.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    *first, last = map(str, parts)
    return f"{', '.join(first)} and {last}" if first else last


def percent(share: float, digits: int = 1) -> str:
    """Write a share in percent.

    >>> percent(0.9271)
    '92.7\xa0%'
    """
    # A number and its sign stay on one line.
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


# ---- FluSight -------------------------------------------------------------------------------------------------


def standing(table: pd.DataFrame, season: str) -> str:
    """Where we stand among the teams of one season, in words; `table` as :func:`overall` gives it."""
    ours = table.loc[OURS]
    inside = f"{percent(ours['coverage_95'])} of what came lay in the 95 % intervals."
    if not has_teams(table):
        return (
            f"In {season} the relative WIS is **{ours['relative_wis']:.3f}**, where the hub baseline, the only other "
            f"model, has 1: the teams' scores were not there. {inside}"
        )
    best, best_log = (best_other(table, score) for score in SCORES)
    beside = f"{best} {table.loc[best, 'relative_wis']:.3f}"
    if best != ENSEMBLE:
        beside += f", the hub's ensemble {table.loc[ENSEMBLE, 'relative_wis']:.3f}"
    return (
        f"In {season} rank **{ours['rank']} of {len(table)}** by relative WIS (**{ours['relative_wis']:.3f}**; "
        f"{beside}) "
        f"and rank **{ours['rank_log1p']}** on the logarithmic scale ({ours['relative_wis_log1p']:.3f}; {best_log} "
        f"{table.loc[best_log, 'relative_wis_log1p']:.3f}); {inside}"
    )


def places_in_words(tables: Mapping[str, pd.DataFrame]) -> str:
    """Our rank in every season in one sentence; without the teams' scores, the relative WIS beside the hub baseline."""
    scores = listed(f"{table.loc[OURS, 'relative_wis']:.3f}" for table in tables.values())
    if not all(map(has_teams, tables.values())):
        return (
            f"On FluSight the fusion's WIS is {scores} of the hub baseline's in {listed(tables)}; the teams' scores "
            f"were not "
            "there, so that nothing can be said of its rank."
        )
    ranks = listed(f"**{table.loc[OURS, 'rank']} of {len(table)}** in {season}" for season, table in tables.items())
    return f"Among the models of FluSight the fusion takes rank {ranks} (relative WIS {scores})."


def dates_in_words(teams: pd.DataFrame) -> str:
    """On how many reference dates ours was better than the ensemble and than the baseline, by season."""
    rivals = {ENSEMBLE: "the ensemble", BASELINE: "the hub's baseline", HUB_BASELINE: "the hub baseline"}
    said = []
    for season in sorted(set(teams["season"])):
        wide = by_scope(teams, season, "reference_date")
        counts = []
        for model, name in rivals.items():
            if model in wide:
                both = wide[[OURS, model]].dropna()
                counts.append(f"than {name} on {int((both[OURS] < both[model]).sum())} of {len(both)} reference dates")
        said.append(f"In {season} it was better {listed(counts)}.")
    return " ".join(said)


def states_in_words(teams: pd.DataFrame) -> str:
    """In how many states ours was better than the ensemble, and where it was best and worst, by season."""
    said = []
    for season in sorted(set(teams["season"])):
        wide = by_scope(teams, season, "location")
        rival = ENSEMBLE if ENSEMBLE in wide else next(model for model in wide if model != OURS)
        ratio = (wide[OURS] / wide[rival]).dropna().sort_values()
        best, worst = (f"{STATES.get(code, code)} ({ratio[code]:.2f})" for code in (ratio.index[0], ratio.index[-1]))
        said.append(
            f"In {season} it was better than {rival} in {int((ratio < 1).sum())} of {len(ratio)} states and "
            f"territories, "
            f"furthest ahead in {best} and {'furthest behind' if ratio.iloc[-1] > 1 else 'least ahead'} in {worst}."
        )
    return " ".join(said)


def horizons_in_words(teams: pd.DataFrame) -> str:
    """Our rank at each horizon, by season."""
    said = []
    for season in sorted(set(teams["season"])):
        wide = by_scope(teams, season, "horizon")
        ranks = wide.rank(axis=1, method="min")[OURS].astype(int)
        count = wide.shape[1]
        said.append(f"In {season} it ranks {listed(ranks)} of {count} at {listed(ranks.index)} weeks.")
    return " ".join(said)


def coverage_in_words(teams: pd.DataFrame) -> str:
    """What our 50, 90 and 95 % intervals held, by season, and the ensemble's."""
    said = []
    for season in sorted(set(teams["season"])):
        table = overall(teams, season)

        def held(model: str, table: pd.DataFrame = table) -> str:
            return listed(percent(table.loc[model, f"coverage_{level}"]) for level in (50, 90, 95))

        beside = f" (the ensemble's {held(ENSEMBLE)})" if ENSEMBLE in table.index else ""
        said.append(f"In {season} the 50, 90 and 95 % intervals held {held(OURS)}{beside}.")
    return " ".join(said)


def fans_in_words(forecasts: pd.DataFrame, place: str) -> str:
    """How much of what came in one place lay within the 95 % intervals, and how often it was above the median."""
    said = []
    kept = forecasts[forecasts["location"] == place].dropna(subset="observed")
    name = "the US" if place == "US" else STATES.get(place, place)
    for season, rows in kept.groupby("season"):
        inside = rows["observed"].between(rows["q0.025"], rows["q0.975"]).mean()
        above = (rows["observed"] > rows["q0.500"]).mean()
        said.append(
            f"In {season} {percent(inside, 0)} of the {len(rows)} forecasts for {name} held what came in their 95 % "
            f"interval; {percent(above, 0)} of it lay above the median."
        )
    return " ".join(said)


def worth_in_words(allocation: pd.DataFrame) -> str:
    """Mean allocation score of each model, in admissions and in % of the need."""
    means = allocation_means(allocation)
    each = (
        f"{m} {r['allocation_score']:,.0f} admissions ({r['percent']:.1f} % of the need)" for m, r in means.iterrows()
    )
    dates = allocation["reference_date"].nunique()
    return f"Mean allocation score over {dates} reference date{'s' * (dates > 1)}, best first: {listed(each)}."


def cost_in_words(runs: pd.DataFrame) -> str:
    """CPU seconds of a reference date and minutes of a season."""
    said = []
    for season, spent in runs.groupby("season")["cpu_seconds"]:
        said.append(
            f"In {season} a reference date took {spent.mean():.0f} CPU seconds, at most {spent.max():.0f}, and the "
            f"season's "
            f"{len(spent)} took {spent.sum() / 60:.0f} CPU minutes."
        )
    return " ".join(said)


# ---- the Dengue Forecasting Project ---------------------------------------------------------------------------


def iquitos_in_words(scores: pd.DataFrame) -> str:
    """Our mean log score beside the best team's, with standard errors, and who gave probability 0 to what came."""
    table = dengue_ranking(scores)
    ours, rival = table.loc[OUR_TEAM], table.drop(index=[OUR_TEAM, ORGANISERS], errors="ignore").iloc[0]
    gap, others = ours["log_score"] - rival["log_score"], table.drop(index=OUR_TEAM)
    size = "less" if abs(gap) < ours["standard_error"] else "more"
    zeros = f"{ours['n_inf']:.0f} forecasts of ours" if ours["n_inf"] else "No forecast of ours"
    return (
        f"Ours has **{ours['log_score']:.3f}** (standard error {ours['standard_error']:.3f}), the best team, "
        f"{rival.name}, "
        f"{rival['log_score']:.3f} ({rival['standard_error']:.3f}): {abs(gap):.3f} "
        f"{'better' if gap > 0 else 'worse'}, {size} "
        f"than one standard error. {zeros} gave probability 0 to what came; of the {len(others)} others "
        f"{int((others['n_inf'] > 0).sum())} did so at least once."
    )


def targets_in_words(scores: pd.DataFrame, titles: Mapping[str, str]) -> str:
    """Our rank and score by target, with the best."""
    said = []
    for target, title in titles.items():
        table = dengue_ranking(scores, target)
        ours, best = table.loc[OUR_TEAM], table["log_score"].idxmax()
        name = {OUR_TEAM: "ours", ORGANISERS: "the organisers' baseline"}.get(best, f"team {best}")
        said.append(
            f"{title}: rank {ours['rank']:.0f} of {len(table)} ({ours['log_score']:.2f}, standard error "
            f"{ours['standard_error']:.2f}; the best is {name}, {table['log_score'].max():.2f})"
        )
    text = "; ".join(said)
    return f"{text[0].upper()}{text[1:]}."


def examples_in_words(forecasts: pd.DataFrame, seasons: Iterable[str], weeks: tuple[int, int] = (0, 24)) -> str:
    """The probability that our forecasts gave to what came, early and later in each season: mean of the targets."""
    said = []
    for season in seasons:
        came = forecasts[(forecasts["season"] == season) & forecasts["came"]]
        mean = came.groupby("forecast_week")["probability"].mean()
        first, later = (percent(mean[week], 0) for week in weeks)
        said.append(
            f"In {season} the bins that came had a mean probability of {first} at the start and {later} after "
            f"{weeks[1]} weeks."
        )
    return " ".join(said)


# ---- Peru -----------------------------------------------------------------------------------------------------


def peru_in_words(scores: pd.DataFrame, level: str, members: Iterable[str]) -> str:
    """Where the fusion stands in Peru against the baseline, its members and the peers, with intervals."""
    table = peru_overall(scores, level)
    mine, own = table.loc[FUSION], table.loc[list(members), "relative_wis"]
    peers = table.loc[list(PEERS), "relative_wis"]
    raw, log = (
        f"**{mine[f'relative_{s}']:.3f}** ({mine[f'relative_{s}_low']:.2f} to {mine[f'relative_{s}_high']:.2f})"
        for s in ("wis", "wis_log1p")
    )
    return (
        f"For {level}s the fusion's WIS is {raw} of the hub baseline's, and {log} after log(1 + cases), with 95 % "
        f"intervals. The best single member is {own.idxmin()} ({own.min():.3f}), the best of statsforecast's models "
        f"{peers.idxmin()} ({peers.min():.3f})."
    )


def peru_horizons_in_words(scores: pd.DataFrame, level: str) -> str:
    """The fusion's ratio to the hub baseline at the first and the last horizon; the range of its coverage."""
    rows = scores[(scores["level"] == level) & (scores["model"] == FUSION) & (scores["horizon"] != "all")]
    rows = rows.assign(horizon=rows["horizon"].astype(int)).sort_values("horizon")
    near, far = rows.iloc[0], rows.iloc[-1]
    return (
        f"{level.capitalize()}s: {near['relative_wis']:.2f} of the hub baseline's at {near['horizon']} week ahead, "
        f"{far['relative_wis']:.2f} at {far['horizon']} weeks."
    )


def peru_coverage_in_words(scores: pd.DataFrame, level: str) -> str:
    """The range over horizons of the fusion's coverage where cases came."""
    rows = scores[(scores["level"] == level) & (scores["model"] == FUSION) & (scores["horizon"] != "all")]
    held = []
    for nominal in (90, 95):
        share = rows[f"coverage_{nominal}_with_cases"]
        held.append(f"the {nominal} % intervals {100 * share.min():.1f} to {percent(share.max())}")
    return f"{level.capitalize()}s: {listed(held)} of what came, over the horizons."


def peru_weeks_in_words(weeks: pd.DataFrame, scores: pd.DataFrame, level: str) -> str:
    """At how many origins the fusion was better than the hub baseline and than the best peer."""
    peer = peru_overall(scores, level).loc[list(PEERS), "relative_wis"].idxmin()
    wide = weeks[weeks["level"] == level].pivot(index="reference_date", columns="model", values="wis")
    better = [f"{int((wide[FUSION] < wide[m]).sum())} than {m}" for m in (HUB_BASELINE, peer)]
    return f"{level.capitalize()}s: of {len(wide)} origins the fusion was better at {listed(better)}."


def peru_worth_in_words(scores: pd.DataFrame, level: str) -> str:
    """The fusion's allocation score beside the best of the others', and its cost beside the best peer's."""
    table = peru_overall(scores, level)
    others, peer = table.drop(index=FUSION), table.loc[list(PEERS), "relative_wis"].idxmin()
    best, mine = others["allocation_score"].idxmin(), table.loc[FUSION]
    cost, theirs = (1000 * table.loc[name, "cpu_seconds"] for name in (FUSION, peer))
    return (
        f"{level.capitalize()}s: the fusion's allocation score is {mine['allocation_score']:.1f} cases, the best of "
        f"the "
        f"others' {others['allocation_score'].min():.1f} ({best}), the hub baseline's "
        f"{table.loc[HUB_BASELINE, 'allocation_score']:.1f}. Its members together take {cost:.0f} CPU ms an origin "
        f"and place, "
        f"{peer} {theirs:.0f}."
    )
