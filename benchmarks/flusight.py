"""Forecast the reference dates of a FluSight season from what could be seen at each, and compare with the teams.

    python benchmarks/flusight.py --vintages INDEX.csv --data DIR --season 2024-25 --out DIR [--teams SCORES.parquet]

`--vintages` names the commit of the hub that a team could see for each reference date; `--data` is a mirror of public
data (``cdcepi/FluSight-forecast-hub/<commit>/...``, ``reichlab/flusion/<commit>/...``) or the folder of the hub's
commits. In `--out` come one hub file a reference date, our score of every task (scores.csv), the CPU seconds of every
date (runs.csv), the table of all teams with ours in it (teams.csv, teams_by_horizon.csv, teams_by_location.csv), and
where `--data` holds hub files of other models, what each forecast was worth to those who share by it (allocation.csv).
Without `--teams` the truth is the newest file of admissions in `--data`, and the only other model is the hub baseline.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from healthops.cache import ContentCache, source_hash
from healthops.data import flusight_files as files
from healthops.data import sources
from healthops.data.errors import DataError, RawFileError
from healthops.data.flusight_files import IliNet, Vintage, VintageEntry
from healthops.evaluate import teams
from healthops.evaluate.allocation import allocation_score, oracle_unmet, quantile_allocation, unmet_need
from healthops.evaluate.scores import ScoreError
from healthops.files import atomic_file, sha256
from healthops.forecast import hub
from healthops.forecast.base import Panel
from healthops.forecast.baselines import HubBaseline
from healthops.forecast.cluster import ClusterError
from healthops.forecast.real_time import (
    RealTimeForecast,
    VintageForecaster,
    calibrated,
    forecast_dates,
    library_versions,
    seen_at,
    source_file,
)
from healthops.pipeline.closure import used_files

if TYPE_CHECKING:
    from healthops.workspace import Workspace

SEED = 2023
#: Seasons of the pipeline's run.
SEASONS = ("2023-24", "2024-25")
#: The hub's models whose files stand beside ours in the allocation score.
HUB_MODELS = (teams.BASELINE, teams.ENSEMBLE)
#: Share of what came that can be shared out, and weeks ahead that it is shared.
BUDGET_SHARE, BUDGET_HORIZON = 0.8, 3
#: Where results are kept unless told otherwise.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "healthops" / "flusight"

Frames = dict[str, pd.DataFrame]


def our_forecaster() -> VintageForecaster:
    """The fusion in its one frozen configuration."""
    from healthops.forecast.flu import FluFusion

    return FluFusion()


# ---- what could be seen ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Inputs:
    """All that was read: vintages of every season of the index, ILINet, and the hash of every file.

    ``hashes`` has one part a vintage, in order; ``fixed`` those of the files that every reference date sees.
    """

    entries: tuple[VintageEntry, ...]
    vintages: tuple[Vintage, ...]
    ilinet: IliNet
    population: dict[str, float]
    hashes: tuple[str, ...]
    fixed: tuple[str, ...]


def read_inputs(index: Path, data: Path, ilinet: Path, last: np.datetime64) -> Inputs:
    """Read the index and every vintage that it names up to reference date `last`."""
    entries = tuple(entry for entry in files.read_vintage_index(index) if entry.reference_date <= last)
    places = files.find_locations(data)
    population = files.read_populations(places)
    folder = files.ilinet_folder(ilinet)
    fixed = [places, *(folder / path for path in (*files.ILINET_PATHS.values(), files.FIPS_PATH))]
    return Inputs(
        entries,
        tuple(files.read_vintage(entry, data, population) for entry in entries),
        files.read_ilinet(ilinet),
        population,
        tuple(sha256(files.find_in_commit(data, entry.commit, files.ADMISSIONS_PATH)) for entry in entries),
        tuple(sha256(path) for path in fixed),
    )


def season_dates(index: Path, season: str, dates: Sequence[str] = ()) -> list[np.datetime64]:
    """Reference dates of `season` in the index, or those of them that `dates` names."""
    known = [entry.reference_date for entry in files.read_vintage_index(index, season)]
    strange = [date for date in dates if date not in map(str, known)]
    if strange:
        raise RawFileError(
            f"{index.name} has no reference date {strange[0]!r} in season {season}; it has {known[0]} to {known[-1]}"
        )
    return [date for date in known if not dates or str(date) in dates]


def key_of(inputs: Inputs, date: np.datetime64, forecaster: VintageForecaster, seed: int) -> dict[str, Any]:
    """Everything that the forecast of `date` depends on."""
    seen = [
        [str(entry.reference_date), digest]
        for entry, digest in zip(inputs.entries, inputs.hashes, strict=True)
        if entry.reference_date <= date
    ]
    # The forecaster and all that it imports, and the readers of its input.
    code = used_files([source_file(forecaster), Path(files.__file__)])
    return {
        "what": "flusight",
        "reference_date": str(date),
        "vintages": seen,
        "fixed": list(inputs.fixed),
        "forecaster": type(forecaster).__name__,
        "configuration": repr(forecaster.config),
        "seed": seed,
        "source": source_hash([path for path in code if path.suffix == ".py"]),
        "libraries": library_versions(),
    }


def forecast_season(
    inputs: Inputs,
    season: Sequence[np.datetime64],
    dates: Sequence[np.datetime64],
    forecaster: VintageForecaster,
    cache: ContentCache,
    *,
    workers: int,
    say: Callable[[str], None],
) -> list[RealTimeForecast]:
    """Forecast each of `dates`; say what an analyst should know of the vintage, and what it cost.

    Calibration looks back on reference dates of `season` before: they are forecast too.
    """
    wanted = [k for k, date in enumerate(season) if date in dates]
    needed = sorted({j for k in wanted for j in range(max(0, k - forecaster.looks_back), k + 1)})
    tasks = [seen_at(season[j], inputs.vintages, inputs.ilinet, forecaster, seed=SEED) for j in needed]
    newest = [task.history[-1] for task in tasks]
    notes = {vintage.reference_date: vintage.notes for vintage in newest}

    def told(result: RealTimeForecast, kept: bool) -> None:
        for note in notes[result.reference_date]:
            say(f"  note: {note}")
        say(f"  {result.reference_date}: {result.cpu_seconds:6.1f} CPU s{' (kept)' if kept else ''}")

    keys = [key_of(inputs, task.reference_date, forecaster, SEED) for task in tasks]
    made = forecast_dates(tasks, keys, cache, workers=workers, progress=told)
    return [result for result in calibrated(made, newest, forecaster) if result.reference_date in dates]


# ---- truth and scores -----------------------------------------------------------------------------------------


def wide(results: Sequence[RealTimeForecast]) -> pd.DataFrame:
    """All forecasts as one table, a row a task."""
    return pd.concat([hub.wide_frame(r.reference_date, r.locations, r.quantiles) for r in results], ignore_index=True)


def newest_truth(data: Path, population: dict[str, float]) -> tuple[pd.Series, str]:
    """Admissions of the file in `data` that goes furthest, by location and week; and its name."""
    candidates = [*files.hub_folder(data).glob(f"*/{files.ADMISSIONS_PATH}")]
    if not candidates:
        raise RawFileError(f"no {files.ADMISSIONS_PATH} is below {files.hub_folder(data)}; name the folder with --data")
    best, name = None, ""
    for path in sorted(candidates):
        weeks, locations, values, _ = files.read_admissions(path, population)
        if best is None or weeks[-1] >= best[0][-1]:
            best, name = (weeks, locations, values), path.parts[-3]
    weeks, locations, values = best
    index = pd.MultiIndex.from_product(
        [locations, weeks.astype("datetime64[ns]")], names=["location", "target_end_date"]
    )
    return pd.Series(values.reshape(-1), index, name="observation").dropna(), name


def baseline_forecasts(inputs: Inputs, dates: Sequence[np.datetime64]) -> pd.DataFrame:
    """Forecasts of the hub baseline from the same vintages: the last value and the spread of past differences."""
    parts = []
    for vintage in inputs.vintages:
        if vintage.reference_date in dates:
            panel = Panel(vintage.locations, vintage.weeks, vintage.admissions, vintage.population)
            steps = [h + 1 + vintage.weeks_late for h in hub.HORIZONS]
            quantiles = HubBaseline().predict(panel, steps)
            parts.append(hub.wide_frame(vintage.reference_date, vintage.locations, hub.hub_values(quantiles)))
    return pd.concat(parts, ignore_index=True)


def scored_with_others(
    forecasts: pd.DataFrame, season: str, inputs: Inputs, data: Path, team_file: Path | None, say: Callable[[str], None]
) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Score ours; return our scores, all scores of the reference dates that we did, and the name of the baseline."""
    dates = pd.DatetimeIndex(sorted(set(forecasts["reference_date"])))
    if team_file is not None:
        table = teams.read_team_scores(team_file)
        table = table[table["season"] == season]
        if not len(table):
            raise ScoreError(f"{team_file.name} has no score of season {season!r}; leave out --teams")
        ours = teams.score_forecasts(forecasts, teams.truth_of(table), model=hub.MODEL, season=season)
        return ours, teams.add_model(table, ours), teams.BASELINE
    truth, commit = newest_truth(data, inputs.population)
    say(f"truth: the newest admissions in {data}, of commit {commit}; no team scores, so the hub baseline alone beside")
    ours = teams.score_forecasts(forecasts, truth, model=hub.MODEL, season=season)
    if not len(ours):
        raise ScoreError(
            f"the newest admissions (commit {commit}) hold no target week of {dates[0]:%Y-%m-%d} and later"
        )
    base = baseline_forecasts(inputs, dates.to_numpy().astype("datetime64[D]"))
    theirs = teams.score_forecasts(base, truth, model=HubBaseline.name, season=season)
    return ours, teams.add_model(theirs, ours), HubBaseline.name


def compared(scores: pd.DataFrame, season: str, baseline: str, dates: Sequence[str] = ()) -> Frames:
    """Tables of teams: over all tasks that count, by horizon, by location, by reference date."""
    tasks = teams.season_tasks(scores, season)
    if dates:
        tasks = tasks[tasks["reference_date"].isin(pd.DatetimeIndex(dates))]
    return {
        "teams": teams.compare(tasks, baseline=baseline),
        "teams_by_horizon": teams.compare(tasks, by="horizon", baseline=baseline),
        "teams_by_location": teams.compare(tasks, by="location", baseline=baseline),
        "teams_by_reference_date": teams.compare(
            _with_baseline(tasks, baseline), by="reference_date", baseline=baseline
        ),
    }


def _with_baseline(tasks: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Tasks of the reference dates that the baseline did: on the others nothing can be relative to it."""
    done = tasks.loc[tasks["model"] == baseline, "reference_date"]
    return tasks[tasks["reference_date"].isin(done)]


# ---- what a forecast is worth to those who share by it --------------------------------------------------------------


def hub_files(data: Path, date: np.datetime64) -> Iterator[tuple[str, Path]]:
    """Files of the hub's own models for one reference date, where `data` holds them."""
    for model in HUB_MODELS:
        found = sorted(files.hub_folder(data).glob(f"*/model-output/{model}/{date}-{model}.csv"))
        if found:
            yield model, found[-1]


def allocation(data: Path, forecasts: pd.DataFrame, truth: pd.Series) -> pd.DataFrame:
    """Allocation score of ours beside the hub's models, on the reference dates of which `data` holds their files.

    The states share a budget of :data:`BUDGET_SHARE` of what came in the week :data:`BUDGET_HORIZON` weeks ahead.

    Returns
    -------
    DataFrame
        model, reference_date, horizon, places, needed, budget, unmet, oracle_unmet, allocation_score (admissions).
    """
    rows = []
    for date, ours in forecasts.groupby("reference_date"):
        others = list(hub_files(data, date.to_datetime64().astype("datetime64[D]")))
        if not others:
            continue
        end = date + pd.Timedelta(weeks=BUDGET_HORIZON)
        observed = truth[truth.index.get_level_values("target_end_date") == end].droplevel("target_end_date")
        places = sorted(set(observed.index) & set(ours["location"]) - set(teams.NOT_STATES))
        tables = {hub.MODEL: ours, **{model: hub.read_hub_file(path) for model, path in others}}
        cubes = {model: hub.cube_of(table, places)[:, BUDGET_HORIZON] for model, table in tables.items()}
        everywhere = np.all([np.isfinite(q).all(axis=1) for q in cubes.values()], axis=0)
        if not everywhere.any():
            continue
        need = observed.reindex(places).to_numpy(float)[everywhere]
        budget = BUDGET_SHARE * need.sum()
        for model, quantiles in cubes.items():
            sent = quantile_allocation(quantiles[everywhere], budget)
            rows.append(
                {
                    "model": model,
                    "reference_date": date,
                    "horizon": BUDGET_HORIZON,
                    "places": len(need),
                    "needed": need.sum(),
                    "budget": budget,
                    "unmet": float(unmet_need(sent, need)),
                    "oracle_unmet": float(oracle_unmet(need, budget)),
                    "allocation_score": float(allocation_score(sent, need, budget)),
                }
            )
    return pd.DataFrame(rows)


# ---- one season, whole --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SeasonResult:
    """What a season's run gives: forecasts, what they cost, and the tables by name."""

    season: str
    results: list[RealTimeForecast]
    tables: Frames


def run_season(
    index: Path,
    data: Path,
    season: str,
    *,
    cache: ContentCache,
    ilinet: Path | None = None,
    team_file: Path | None = None,
    dates: Sequence[str] = (),
    workers: int = 2,
    forecaster: VintageForecaster | None = None,
    say: Callable[[str], None] = print,
) -> SeasonResult:
    """Forecast a season, score it, and compare; see the module's docstring."""
    chosen = season_dates(index, season, dates)
    inputs = read_inputs(index, data, ilinet or data, chosen[-1])
    say(f"season {season}: {len(chosen)} reference dates, {workers} workers")
    results = forecast_season(
        inputs, season_dates(index, season), chosen, forecaster or our_forecaster(), cache, workers=workers, say=say
    )
    forecasts = wide(results)
    ours, scores, baseline = scored_with_others(forecasts, season, inputs, data, team_file, say)
    truth = teams.truth_of(scores)
    late = {vintage.reference_date: vintage.weeks_late for vintage in inputs.vintages}
    observed = truth.reindex(pd.MultiIndex.from_frame(forecasts[["location", "target_end_date"]])).to_numpy()
    tables = {
        "forecasts": forecasts.assign(observed=observed),
        "scores": ours,
        "runs": pd.DataFrame(
            {
                "reference_date": [pd.Timestamp(r.reference_date) for r in results],
                "weeks_late": [late[r.reference_date] for r in results],
                "cpu_seconds": [r.cpu_seconds for r in results],
            }
        ),
        **compared(scores, season, baseline, dates),
    }
    shared = allocation(data, forecasts, truth)
    return SeasonResult(season, results, {**tables, "allocation": shared} if len(shared) else tables)


def write_season(result: SeasonResult, out: Path) -> None:
    """Write hub files and tables, each whole or not at all."""
    for r in result.results:
        hub.write_hub_file(out, r.reference_date, r.locations, r.quantiles)
    for name, table in result.tables.items():
        if name != "forecasts":
            with atomic_file(out / f"{name}.csv") as draft:
                table.to_csv(draft, index=False, date_format="%Y-%m-%d", float_format="%.6g")


def summary(result: SeasonResult) -> str:
    """The table that the command prints: the first five, ours, the hub's own models; and what it cost."""
    table = result.tables["teams"]
    named = table["model"].isin([hub.MODEL, HubBaseline.name, *HUB_MODELS])
    columns = ["rank", "model", "share", "wis", "relative_wis", "wis_log1p", "relative_wis_log1p", "mae"]
    short = table[(table["rank"] <= 5) | named][[*columns, "coverage_50", "coverage_90", "coverage_95"]]
    log_rank = table["relative_wis_log1p"].rank(method="min").set_axis(table["model"])
    spent = result.tables["runs"]["cpu_seconds"]
    lines = [short.to_string(index=False, float_format=lambda v: f"{v:.3f}")]
    if hub.MODEL in log_rank:
        lines.append(f"{hub.MODEL}: rank {log_rank[hub.MODEL]:.0f} of {len(table)} by log1p WIS")
    else:
        lines.append(f"{hub.MODEL} did less than {teams.MINIMUM_SHARE:.0%} of the baseline's tasks and is not ranked")
    if "allocation" in result.tables:
        means = result.tables["allocation"].groupby("model")["allocation_score"].mean().sort_values()
        said = ", ".join(f"{model} {value:.1f}" for model, value in means.items())
        lines.append(
            f"allocation score, mean over {result.tables['allocation']['reference_date'].nunique()} dates: {said}"
        )
    else:
        lines.append("no file of the hub's models for these dates in --data: no allocation score")
    lines.append(
        f"CPU seconds a reference date: mean {spent.mean():.1f}, most {spent.max():.1f}; all {spent.sum():.0f}"
    )
    return "\n".join(lines)


# ---- command and step of the pipeline ------------------------------------------------------------------------------


def main(arguments: list[str] | None = None, forecaster: VintageForecaster | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vintages", type=Path, required=True, metavar="INDEX.csv", help="index of vintages")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="mirror, or folder of the hub's commits"
    )
    parser.add_argument("--season", required=True, help="for example 2024-25")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="gets the hub files and the tables")
    parser.add_argument("--teams", type=Path, metavar="SCORES.parquet", help="scores of the teams")
    parser.add_argument("--ilinet", type=Path, metavar="DIR", help="where the ILINet files are (default: --data)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (default 2)")
    parser.add_argument("--dates", nargs="+", default=(), metavar="D", help="only these reference dates")
    parser.add_argument("--cache", type=Path, default=CACHE, metavar="DIR", help="keeps forecasts by content")
    options = parser.parse_args(arguments)
    if options.workers < 1:
        parser.error(f"--workers must be at least 1, not {options.workers}")
    try:
        result = run_season(
            options.vintages,
            options.data,
            options.season,
            cache=ContentCache(options.cache),
            ilinet=options.ilinet,
            team_file=options.teams,
            dates=options.dates,
            workers=options.workers,
            forecaster=forecaster,
            say=lambda line: print(line, flush=True),
        )
    except (DataError, ScoreError, ClusterError) as error:
        print(error, file=sys.stderr)
        return 1
    write_season(result, options.out)
    print(summary(result))
    return 0


def run(ws: Workspace, forecaster: VintageForecaster | None = None, workers: int = 2) -> None:
    """Step of scenario ``public``: forecast both seasons from the fetched files and write the tables of notebook 91."""
    reference = ws.raw / "reference" / "flusight_team_scores.parquet"
    cache = ContentCache(ws.root / ".build" / "cache" / "flusight")
    parts: dict[str, list[pd.DataFrame]] = {"teams": [], "forecasts": [], "allocation": [], "runs": []}
    for season in SEASONS:
        result = run_season(
            sources.VINTAGES,
            ws.raw,
            season,
            cache=cache,
            team_file=reference if reference.is_file() else None,
            workers=workers,
            forecaster=forecaster,
        )
        for name in ("forecasts", "runs", "allocation"):
            if name in result.tables:
                parts[name].append(result.tables[name].assign(season=season))
        parts["teams"].append(scopes(result))
    for name, tables in parts.items():
        ws.write(f"flusight_{name}", pd.concat(tables, ignore_index=True))


def scopes(result: SeasonResult) -> pd.DataFrame:
    """The tables of teams as one, table ``flusight_teams``."""
    parts = []
    for scope in ("overall", "horizon", "location", "reference_date"):
        table = result.tables["teams" if scope == "overall" else f"teams_by_{scope}"]
        within = table[scope].astype(str) if scope in table else "all"
        parts.append(
            table.drop(columns=scope, errors="ignore").assign(scope=scope, within=within, season=result.season)
        )
    return pd.concat(parts, ignore_index=True)


if __name__ == "__main__":
    raise SystemExit(main())
