"""Forecast the test seasons of the Dengue Forecasting Project and rank the forecasts among the teams'.

    python -m benchmarks.dengue_project --data DIR --city iquitos --out DIR [--teams dengue_forecast_scores.csv]

`--data` is the folder of raw files (``cdcepi/dengue-forecasting-project-2015/<commit>/Dengue_data`` below it), the
project's repository or its Dengue_data. In `--out` come the probabilities of every bin and which one came
(forecasts.csv), our score of every forecast (week_scores.csv) and the table of all teams (scores.csv).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from healthops.data.dengue_project_files import (
    CITIES,
    CityFiles,
    CitySeasons,
    read_city,
    read_team_scores,
    read_training,
    team_scores_file,
)
from healthops.data.errors import RawFileError
from healthops.evaluate.binned import CITY_BINS, TARGETS, WORST_SCORE, log_score, season_outcome
from healthops.forecast.season_paths import SeasonHistory
from healthops.forecast.season_targets import CITY_CONFIGS, SeasonTargetConfig, forecast_season

if TYPE_CHECKING:
    from healthops.workspace import Workspace

#: Our name in the table of teams.
TEAM = "healthops"
#: Weeks of the season after which a forecast is made; the organisers rank by those up to LAST_RANKED_WEEK.
FORECAST_WEEKS: tuple[int, ...] = tuple(range(0, 52, 4))
LAST_RANKED_WEEK = 24
SEED = 2015
TASK = ["team", "city", "target", "season", "forecast_week"]


def histories(files: CityFiles, other: CitySeasons) -> list[SeasonHistory]:
    """What was known at the start of each test season: the city's seasons before it, the other's that had ended."""
    known = []
    for number, start in enumerate(files.testing.starts[:, 0]):
        own = np.vstack([files.training.cases, files.testing.cases[:number]])
        known.append(SeasonHistory(own.astype(float), other.cases[other.ends <= start].astype(float)))
    return known


def make_forecasts(
    files: CityFiles, other: CitySeasons, *, seed: int = SEED, config: SeasonTargetConfig | None = None
) -> pd.DataFrame:
    """Forecast every test season after every forecast week, from the weeks seen by then only.

    Returns
    -------
    DataFrame
        city, season, forecast_week, target, bin (from 0), lower, upper (NaN: no upper edge), probability.
    """
    city, testing = files.testing.city, files.testing
    bins, rows = CITY_BINS[city], []
    config = config or CITY_CONFIGS[city]
    for name, cases, history in zip(testing.names, testing.cases, histories(files, other), strict=True):
        for week in FORECAST_WEEKS:
            forecast = forecast_season(history, cases[:week], bins, seed=seed + int(name[:4]), config=config)
            for target, probability in forecast.items():
                edges = bins.edges(target)
                task = pd.DataFrame({"bin": np.arange(len(probability)), "lower": edges[:-1], "upper": edges[1:]})
                rows.append(
                    task.assign(city=city, season=name, forecast_week=week, target=target, probability=probability)
                )
    table = pd.concat(rows, ignore_index=True)
    table["upper"] = table["upper"].where(np.isfinite(table["upper"]))
    return table[["city", "season", "forecast_week", "target", "bin", "lower", "upper", "probability"]]


def score_forecasts(forecasts: pd.DataFrame, testing: CitySeasons) -> pd.DataFrame:
    """Score a table of :func:`make_forecasts`: team, city, target, season, forecast_week, log_score (NaN: unscored)."""
    outcomes = {name: season_outcome(cases) for name, cases in zip(testing.names, testing.cases, strict=True)}
    rows = []
    for (city, season, week, target), task in forecasts.groupby(["city", "season", "forecast_week", "target"]):
        value = outcomes[season][target]
        score = float("nan")
        if not np.isnan(value):
            came = int(CITY_BINS[city].index(target, np.array(value)))
            score = log_score(task.sort_values("bin")["probability"].to_numpy(), came)
        rows.append((TEAM, city, target, season, week, score))
    return pd.DataFrame(rows, columns=[*TASK, "log_score"])


def mark_outcomes(forecasts: pd.DataFrame, testing: CitySeasons) -> pd.DataFrame:
    """Add ``came`` to a table of :func:`make_forecasts`: whether it is the bin that came; no bin where weeks tie."""
    came = pd.Series(False, index=forecasts.index)
    outcomes = {name: season_outcome(cases) for name, cases in zip(testing.names, testing.cases, strict=True)}
    for (season, target), task in forecasts.groupby(["season", "target"]):
        value = outcomes[season][target]
        if not np.isnan(value):
            came[task.index] = task["bin"] == int(CITY_BINS[testing.city].index(target, np.array(value)))
    return forecasts.assign(came=came)


def tied_peaks(testing: CitySeasons) -> list[str]:
    """Seasons whose peak week is not scored, as two weeks or more share the peak."""
    named = zip(testing.names, testing.cases, strict=True)
    return [name for name, cases in named if np.isnan(season_outcome(cases)["peak_week"])]


def team_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean log score of each team of one city over the ranked weeks, by target and season, and over all of them.

    Parameters
    ----------
    scores : DataFrame
        team, city, target, season, forecast_week, log_score, of every team.

    Returns
    -------
    DataFrame
        team, city, target and season (``all``: the mean of the targets' means; every season), forecasts (how many were
        scored), log_score (mean, none below -10), standard_error (over seasons, where season is ``all``), n_inf (how
        many forecasts had given probability 0 to what came), rank (1 the best, where season is ``all``).
    """
    ranked = scores[(scores["forecast_week"] <= LAST_RANKED_WEEK) & scores["log_score"].notna()]
    ranked = ranked.assign(infinite=np.isneginf(ranked["log_score"]), score=ranked["log_score"].clip(lower=WORST_SCORE))
    rows = []
    for (team, city), mine in ranked.groupby(["team", "city"]):
        for target, of_target in [*mine.groupby("target"), ("all", mine)]:
            for season, part in [*of_target.groupby("season"), ("all", of_target)]:
                error = season_error(of_target) if season == "all" else float("nan")
                mean = part.groupby("target")["score"].mean().mean()
                rows.append((team, city, target, season, len(part), mean, error, int(part["infinite"].sum())))
    columns = ["team", "city", "target", "season", "forecasts", "log_score", "standard_error", "n_inf"]
    table = pd.DataFrame(rows, columns=columns)
    whole = table["season"] == "all"
    ranks = table[whole].groupby(["city", "target"])["log_score"].rank(ascending=False, method="min")
    table["rank"] = ranks.reindex(table.index).astype("Int64")
    return table


def season_error(scored: pd.DataFrame) -> float:
    """Standard error of the mean of the targets' means, seasons being drawn independently (cluster-robust).

    Each season moves the mean by the sum over targets of its scores' distance from the target's mean, over the number
    of scores of this target and of targets; the variance is the sum of the squares of these moves, times S / (S - 1).
    """
    by_target = scored.groupby("target")["score"]
    distance = (scored["score"] - by_target.transform("mean")) / by_target.transform("size")
    moves = distance.groupby(scored["season"]).sum() / scored["target"].nunique()
    seasons = len(moves)
    return float(np.sqrt((moves**2).sum() * seasons / (seasons - 1))) if seasons > 1 else float("nan")


def evaluate(
    data: Path, city: str, teams: Path | None = None, *, seed: int = SEED
) -> tuple[CityFiles, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Forecast and score one city; return its files, the forecasts, our scores by week, and the table of teams."""
    files = read_city(data, city)
    other = read_training(data, next(name for name in CITIES if name != city))
    forecasts = make_forecasts(files, other, seed=seed)
    scores = score_forecasts(forecasts, files.testing)
    everyone = [scores]
    if teams is not None:
        theirs = read_team_scores(teams)
        theirs = theirs[(theirs["city"] == city) & theirs["season"].isin(files.testing.names)]
        everyone.append(theirs)
    forecasts = mark_outcomes(forecasts, files.testing)
    return files, forecasts, scores, team_table(pd.concat(everyone, ignore_index=True))


def run(ws: Workspace) -> None:
    """Step of the pipeline: Iquitos, from the scenario's raw files, into the tables ``dengue_project_*``."""
    teams = team_scores_file(ws.raw)
    if teams is None:
        raise RawFileError(f"the teams' scores (dengue_forecast_scores.csv) are not below {ws.raw}: fetch the sources")
    _, forecasts, _, table = evaluate(ws.raw, "iquitos", teams)
    ws.write("dengue_project_forecasts", forecasts)
    ws.write("dengue_project_scores", table)


def summary(files: CityFiles, table: pd.DataFrame) -> str:
    """Say in words what came out."""
    lines = list(files.notes)
    for season in tied_peaks(files.testing):
        lines.append(f"{season}: weeks share the peak, so that its peak week is not scored")
    whole = table[table["season"] == "all"]
    wide = whole.pivot(index="team", columns="target", values="log_score")[[*TARGETS, "all"]]
    overall = whole[whole["target"] == "all"].set_index("team")
    wide = wide.assign(standard_error=overall["standard_error"], n_inf=overall["n_inf"], rank=overall["rank"])
    lines.append(f"Mean log score, forecast weeks 0 to {LAST_RANKED_WEEK}, {len(files.testing.names)} seasons")
    lines.append(wide.sort_values("rank").round(3).to_string())
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of raw files, or the project's repository")
    parser.add_argument("--city", choices=CITIES, default="iquitos")
    parser.add_argument("--out", type=Path, required=True, help="folder for the three tables")
    parser.add_argument("--teams", type=Path, help="dengue_forecast_scores.csv; looked for below --data by default")
    parser.add_argument("--seed", type=int, default=SEED)
    chosen = parser.parse_args(arguments)
    teams = chosen.teams or team_scores_file(chosen.data)
    try:
        files, forecasts, scores, table = evaluate(chosen.data, chosen.city, teams, seed=chosen.seed)
    except RawFileError as error:
        parser.exit(1, f"{error}\n")
    chosen.out.mkdir(parents=True, exist_ok=True)
    for name, frame in (("forecasts", forecasts), ("week_scores", scores), ("scores", table)):
        frame.to_csv(chosen.out / f"{name}.csv", index=False)
    print(summary(files, table))
    if teams is None:
        print("Without the teams' scores: name dengue_forecast_scores.csv with --teams to rank among them")


if __name__ == "__main__":
    main()
