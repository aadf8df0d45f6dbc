"""What the tables of the proving grounds say, in rows and words: rankings, what was asked beside what came.

Every sentence is computed from the tables, so that it stays true when they change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

#: Names in the tables ``flusight_*``: our forecaster, the hub's ensemble of all teams and its baseline.
OURS, ENSEMBLE, BASELINE = "healthops-fusion", "FluSight-ensemble", "FluSight-baseline"
#: Our name and the organisers' baseline in ``dengue_project_scores``.
OUR_TEAM, ORGANISERS = "healthops", "baseline"
#: Names in ``peru_benchmark_scores``: the fusion, its baseline, the peers from statsforecast.
FUSION, HUB_BASELINE = "fusion", "hub-baseline"
PEERS = ("auto-ets", "auto-theta", "auto-arima")

#: Two-letter codes of the states by FIPS code (ANSI INCITS 38), as the figures name them.
STATES = dict(
    pair.split(":")
    for pair in (
        "01:AL 02:AK 04:AZ 05:AR 06:CA 08:CO 09:CT 10:DE 11:DC 12:FL 13:GA 15:HI 16:ID 17:IL 18:IN 19:IA 20:KS 21:KY "
        "22:LA 23:ME 24:MD 25:MA 26:MI 27:MN 28:MS 29:MO 30:MT 31:NE 32:NV 33:NH 34:NJ 35:NM 36:NY 37:NC 38:ND 39:OH "
        "40:OK 41:OR 42:PA 44:RI 45:SC 46:SD 47:TN 48:TX 49:UT 50:VT 51:VA 53:WA 54:WV 55:WI 56:WY 72:PR 78:VI"
    ).split()
)


#: Scores of a comparison with teams, as a reader calls them.
SCORES = {"relative_wis": "relative WIS", "relative_wis_log1p": "relative log1p WIS"}


@dataclass(frozen=True)
class Bar:
    """One thing that was asked for, and what came.

    Attributes
    ----------
    ground : str
        Proving ground.
    asked : str
        In words, with the bound.
    came : float
        The figure.
    low, high : float
        It is met if `came` lies between them, both included, except where `strict`.
    strict : bool
        Whether the bounds themselves do not count.
    aim : bool
        Whether it was hoped for beyond what was asked.
    digits : int
        Decimals that are shown; the verdict is on the figure as it is.
    kind : str
        ``f``, or ``e`` to show it in powers of ten.
    """

    ground: str
    asked: str
    came: float
    low: float = -np.inf
    high: float = np.inf
    strict: bool = False
    aim: bool = False
    digits: int = 3
    kind: str = "f"

    @property
    def shown(self) -> str:
        """The figure as a reader sees it."""
        return f"{self.came:.{self.digits}{self.kind}}"

    @property
    def met(self) -> bool:
        """Whether it is met; a figure that is missing meets nothing."""
        if self.strict:
            return bool(self.low < self.came < self.high)
        return bool(self.low <= self.came <= self.high)


def bar_table(bars: Iterable[Bar]) -> pd.DataFrame:
    """Bars as a table for readers: proving ground, kind, what was asked, what came, whether it is met."""
    import pandas as pd

    rows = [(bar.ground, "aim" if bar.aim else "bar", bar.asked, bar.shown, "yes" if bar.met else "NO") for bar in bars]
    return pd.DataFrame(rows, columns=["proving ground", "kind", "asked for", "came", "met"])


def count_met(bars: Sequence[Bar], ground: str | None = None, *, aim: bool = False) -> tuple[int, int]:
    """How many bars (or aims) are met, and how many there are."""
    kept = [bar for bar in bars if bar.aim is aim and ground in (None, bar.ground)]
    return sum(bar.met for bar in kept), len(kept)


def missed(bars: Sequence[Bar], *, aim: bool = False) -> str:
    """Name what is not met with its figure, or say that nothing is missed."""
    said = [f"{bar.ground}: {bar.asked} ({bar.shown})" for bar in bars if not bar.met and bar.aim is aim]
    return "; ".join(said) if said else "none"


# ---- FluSight -------------------------------------------------------------------------------------------------


def overall(teams: pd.DataFrame, season: str) -> pd.DataFrame:
    """All teams of one season over all tasks, by rank, with ``rank_log1p``; index is the model."""
    table = teams[(teams["season"] == season) & (teams["scope"] == "overall")].set_index("model").sort_values("rank")
    if OURS not in table.index:
        raise ValueError(f"flusight_teams holds no row of {OURS} over all tasks of {season}; run benchmark-flusight")
    return table.assign(rank_log1p=table["relative_wis_log1p"].rank(method="min").astype("Int64"))


def has_teams(table: pd.DataFrame) -> bool:
    """Whether a table by model holds the real teams; without their scores there is only a baseline beside ours."""
    return BASELINE in table.index


def best_other(table: pd.DataFrame, score: str = "relative_wis") -> str:
    """The best team that is not ours, of a table by model."""
    return str(table.drop(index=OURS)[score].idxmin())


def by_scope(teams: pd.DataFrame, season: str, scope: str, score: str = "relative_wis") -> pd.DataFrame:
    """One score of a season by group (rows) and model (columns).

    Raises
    ------
    ValueError
        If the table does not compare the teams by `scope`.
    """
    kept = teams[(teams["season"] == season) & (teams["scope"] == scope)]
    if kept.empty:
        known = sorted(set(teams["scope"]))
        raise ValueError(f"flusight_teams does not compare season {season} by {scope!r}; it has {known}")
    return kept.pivot(index="within", columns="model", values=score)


def flusight_bars(
    teams: pd.DataFrame, runs: pd.DataFrame, *, aims: Mapping[str, float], coverage: Sequence[float], seconds: float,
    season_minutes: float, cores: int,
) -> list[Bar]:  # fmt: skip
    """What was asked on FluSight: first of all teams by both scores, coverage, cost; and the aims by season."""
    bars = []
    for season in sorted(set(teams["season"])):
        table = overall(teams, season)
        ground, ours = f"FluSight {season}", table.loc[OURS]
        for score, said in SCORES.items():
            if not has_teams(table):
                break
            best = best_other(table, score)
            bound = float(table.loc[best, score])
            bars.append(
                Bar(ground, f"{said} below the best team's, {bound:.3f} ({best})", ours[score], high=bound, strict=True)
            )
            if score == "relative_wis" and season in aims:
                asked = f"relative WIS at most {aims[season]:.3f}"
                bars.append(Bar(ground, asked, ours[score], high=aims[season], aim=True))
        low, high = coverage
        inside = f"coverage of the 95 % interval in {low:.2f} to {high:.2f}"
        bars.append(Bar(ground, inside, ours["coverage_95"], low, high))
        spent = runs.loc[runs["season"] == season, "cpu_seconds"]
        bars.append(Bar(ground, f"each reference date within {seconds:.0f} CPU s", spent.max(), high=seconds, digits=1))
        whole = spent.sum() / 60 / cores
        asked = f"the season within {season_minutes:.0f} minutes of {cores} cores"
        bars.append(Bar(ground, asked, whole, high=season_minutes, digits=1))
    return bars


def allocation_means(allocation: pd.DataFrame) -> pd.DataFrame:
    """Mean allocation score over the reference dates by model, in admissions and in % of what came; best first."""
    sums = allocation.groupby("model")[["allocation_score", "unmet", "oracle_unmet", "needed"]].sum()
    means = allocation.groupby("model")[["allocation_score"]].mean()
    return means.assign(percent=100 * sums["allocation_score"] / sums["needed"]).sort_values("allocation_score")


# ---- the Dengue Forecasting Project ---------------------------------------------------------------------------


def dengue_ranking(scores: pd.DataFrame, target: str = "all") -> pd.DataFrame:
    """Every team over all seasons by rank: log_score, standard_error, n_inf, forecasts; index is the team."""
    whole = scores[(scores["season"] == "all") & (scores["target"] == target)]
    return whole.set_index("team").sort_values("rank")[["rank", "log_score", "standard_error", "n_inf", "forecasts"]]


def dengue_bars(scores: pd.DataFrame, *, bar: float, aim: float) -> list[Bar]:
    """What was asked on the Dengue Forecasting Project: the mean of the targets, no probability of 0."""
    ours, ground = dengue_ranking(scores).loc[OUR_TEAM], "Dengue project"
    return [
        Bar(ground, f"mean log score of the three targets at least {bar:.2f}", ours["log_score"], low=bar),
        Bar(ground, f"mean log score of the three targets at least {aim:.2f}", ours["log_score"], low=aim, aim=True),
        Bar(ground, "no forecast of probability 0 to what came", ours["n_inf"], high=0, digits=0),
    ]


def best_and_worst_season(scores: pd.DataFrame) -> tuple[str, str]:
    """The seasons of our highest and lowest mean score over the targets, among those of which all were scored."""
    ours = scores[(scores["team"] == OUR_TEAM) & (scores["season"] != "all")]
    complete = ours[ours["target"] != "all"].groupby("season")["target"].nunique()
    means = ours[(ours["target"] == "all")].set_index("season")["log_score"]
    means = means[complete.index[complete == complete.max()]]
    return str(means.idxmax()), str(means.idxmin())


# ---- Peru -----------------------------------------------------------------------------------------------------


def peru_overall(scores: pd.DataFrame, level: str) -> pd.DataFrame:
    """Every model of a level over all horizons, best first; index is the model."""
    kept = scores[(scores["level"] == level) & (scores["horizon"] == "all")]
    return kept.set_index("model").sort_values("relative_wis")


def members(settings: pd.DataFrame) -> list[str]:
    """The members of the fusion, by its weights in the table ``benchmark_settings``.

    Raises
    ------
    ValueError
        If the table holds no weight.
    """
    names = settings.loc[settings["ground"] == "peru", "setting"]
    found = [name.removeprefix("WEIGHTS.") for name in names if name.startswith("WEIGHTS.")]
    if not found:
        raise ValueError("benchmark_settings holds no WEIGHTS of the fusion for Peru; run benchmark-choices")
    return found


def peru_bars(
    scores: pd.DataFrame,
    members: Sequence[str],
    *,
    bars: Mapping[str, Sequence[float]],
    peer: float,
    member_aim: float,
    coverage_points: float,
) -> list[Bar]:
    """What was asked in Peru, for each level: against the baseline, the best peer and the best member; coverage."""
    found = []
    for level, bounds in bars.items():
        table, ground = peru_overall(scores, level), f"Peru, {level}s"
        mine = table.loc[FUSION]
        for score, bound, said in zip(("wis", "wis_log1p"), bounds, ("WIS", "log1p WIS"), strict=True):
            ratio = f"relative_{score}"
            found.append(Bar(ground, f"{said} at most {bound:.2f} of the hub baseline's", mine[ratio], high=bound))
            rival = table.loc[list(PEERS), ratio]
            asked = f"{said} at most {peer:.2f} of the best peer's ({rival.idxmin()})"
            found.append(Bar(ground, asked, mine[ratio] / rival.min(), high=peer))
            own = table.loc[list(members), ratio]
            against = mine[ratio] / own.min()
            found.append(Bar(ground, f"{said} at most that of the best member ({own.idxmin()})", against, high=1.0))
            asked = f"{said} at most {member_aim:.2f} of the best member's"
            found.append(Bar(ground, asked, against, high=member_aim, aim=True))
        for lstm in (name for name in table.index if name.startswith("lstm")):
            asked = f"{lstm} better than the hub baseline"
            found.append(Bar(ground, asked, table.loc[lstm, "relative_wis"], high=1.0, strict=True))
        by_horizon = scores[(scores["level"] == level) & (scores["model"] == FUSION) & (scores["horizon"] != "all")]
        for nominal in (90, 95):
            away = (100 * by_horizon[f"coverage_{nominal}_with_cases"] - nominal).abs()
            asked = f"{nominal} % coverage where cases came at most {coverage_points:.0f} points off at each horizon"
            found.append(Bar(ground, asked, away.max(), high=coverage_points, digits=1))
    return found


def setting_lines(settings: pd.DataFrame) -> pd.DataFrame:
    """Settings of the frozen forecasters, one line a part: proving ground, part, its settings."""
    parts = settings["setting"].str.rpartition(".")
    text = parts[2] + " " + settings["value"]
    lines = text.groupby([settings["ground"], parts[0]], sort=False).agg(", ".join)
    return lines.rename_axis(["proving ground", "part"]).rename("settings").reset_index()
