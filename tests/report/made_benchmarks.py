"""Small made tables of the proving grounds, as the steps of scenario ``public`` write them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from healthops.data.schemas import QUANTILE_COLUMNS, QUANTILE_LEVELS
from healthops.evaluate import teams
from healthops.workspace import Workspace

SEASONS = {"2023-24": "2023-11-04", "2024-25": "2024-11-23"}
PLACES = ("06", "36", "48", "US")
#: How large each model's scores are, over the baseline's.
FACTORS = {
    "healthops-fusion": 0.55, "FluSight-ensemble": 0.75, "FluSight-baseline": 1.0, "alpha": 0.6, "beta": 0.9,
    "gamma": 1.9,
}  # fmt: skip
DENGUE_TARGETS = {"peak_week": 52, "peak_incidence": 11, "season_total": 11}
DENGUE_SEASONS = ("2009/2010", "2010/2011", "2011/2012", "2012/2013")
#: Mean log score of each team in every season.
DENGUE_TEAMS = {"healthops": -2.5, "A": -2.7, "B": -6.5, "baseline": -3.0}
#: WIS over the hub baseline's, and on the logarithmic scale.
PERU_MODELS = {
    "fusion": (0.66, 0.78), "trees-root": (0.69, 0.8), "lstm-torch": (0.7, 0.82), "hub-baseline": (1.0, 1.0),
    "root-baseline": (0.85, 0.92), "seasonal-quantiles": (1.4, 1.9),
    "auto-ets": (1.05, 1.2), "auto-theta": (1.02, 1.25), "auto-arima": (1.1, 1.3),
}  # fmt: skip


def dates(season: str) -> pd.DatetimeIndex:
    return pd.date_range(SEASONS[season], periods=5, freq="7D")


def team_scores(season: str, factors: dict[str, float] | None = None) -> pd.DataFrame:
    """Scores of every task: those of the baseline times a factor, the same on every task."""
    rng = np.random.default_rng(int(season[:4]))
    names = ["reference_date", "location", "horizon"]
    tasks = pd.MultiIndex.from_product([dates(season), PLACES[:3], range(4)], names=names).to_frame(index=False)
    base = rng.gamma(4, 10, len(tasks))
    parts = []
    for model, factor in (factors or FACTORS).items():
        wis = base * factor
        inside = {f"inside_{c}": rng.random(len(tasks)) < c / 100 for c in (50, 90, 95)}
        parts.append(tasks.assign(model=model, wis=wis, wis_log1p=wis / 100, ae_median=1.4 * wis, **inside))
    return pd.concat(parts, ignore_index=True)


def flusight_teams(factors: dict[str, float] | None = None, baseline: str = teams.BASELINE) -> pd.DataFrame:
    parts = []
    for season in SEASONS:
        scores = team_scores(season, factors)
        for scope, by in (("overall", None), *((name, name) for name in ("horizon", "location", "reference_date"))):
            table = teams.compare(scores, by=by, baseline=baseline)
            within = table[by].astype(str) if by else "all"
            table = table.drop(columns=[by] if by else []).assign(season=season, scope=scope, within=within)
            parts.append(table)
    return pd.concat(parts, ignore_index=True)


def flusight_forecasts() -> pd.DataFrame:
    """Quantiles from 0 to 200 in order of their levels; 100 came at even horizons and 199 at odd ones."""
    rows = []
    for season in SEASONS:
        for date in dates(season):
            for place in PLACES:
                for horizon in range(4):
                    row = {"season": season, "reference_date": date, "location": place, "horizon": horizon}
                    row |= {name: 200 * level for name, level in zip(QUANTILE_COLUMNS, QUANTILE_LEVELS, strict=True)}
                    end = date + pd.Timedelta(weeks=horizon)
                    rows.append(row | {"target_end_date": end, "observed": 99.0 if horizon % 2 == 0 else 199.0})
    return pd.DataFrame(rows)


def flusight_runs() -> pd.DataFrame:
    runs = {season: pd.DataFrame({"reference_date": dates(season), "cpu_seconds": 12.0}) for season in SEASONS}
    return pd.concat([part.assign(season=season, weeks_late=0) for season, part in runs.items()], ignore_index=True)


def flusight_allocation() -> pd.DataFrame:
    rows = []
    for date in pd.to_datetime(["2025-01-04", "2025-01-11"]):
        for model, score in (("healthops-fusion", 50.0), ("FluSight-ensemble", 80.0), ("FluSight-baseline", 100.0)):
            row = {"season": "2024-25", "reference_date": date, "model": model, "unmet": 200.0 + score}
            rows.append(row | {"allocation_score": score})
    return pd.DataFrame(rows).assign(horizon=3, places=3, needed=1000.0, budget=800.0, oracle_unmet=200.0)


def dengue_forecasts() -> pd.DataFrame:
    """Bin 3 comes; its probability grows from 0.1 to 0.5 over the season. The peak week of 2011/2012 is tied."""
    rows = []
    for season in DENGUE_SEASONS:
        for target, bins in DENGUE_TARGETS.items():
            for week in range(0, 52, 4):
                share = 0.1 + 0.4 * week / 48
                mass = np.full(bins, (1 - share) / (bins - 1))
                mass[3] = share
                lower = np.arange(bins, dtype=float) * (1 if target == "peak_week" else 15)
                task = pd.DataFrame({"bin": np.arange(bins), "lower": lower, "upper": lower + 15, "probability": mass})
                tied = target == "peak_week" and season == "2011/2012"
                task["came"] = (task["bin"] == 3) & (not tied)
                rows.append(task.assign(city="iquitos", season=season, target=target, forecast_week=week))
    return pd.concat(rows, ignore_index=True)


def dengue_scores() -> pd.DataFrame:
    rows = []
    for team, score in DENGUE_TEAMS.items():
        for target in (*DENGUE_TARGETS, "all"):
            for number, season in enumerate((*DENGUE_SEASONS, "all")):
                if target == "peak_week" and season == "2011/2012":
                    continue
                whole = season == "all"
                rows.append(
                    {"team": team, "city": "iquitos", "target": target, "season": season, "forecasts": 28,
                     "log_score": score - 0.1 * (number if not whole else 0),
                     "standard_error": 0.2 if whole else np.nan, "n_inf": 9 if team == "B" else 0}
                )  # fmt: skip
    table = pd.DataFrame(rows)
    whole = table[table["season"] == "all"]
    ranks = whole.groupby("target")["log_score"].rank(ascending=False, method="min")
    return table.assign(rank=ranks.reindex(table.index).astype("Int64"))


def peru_scores() -> pd.DataFrame:
    rows = []
    for level in ("department", "province"):
        for model, ratios in PERU_MODELS.items():
            for horizon in ("all", *map(str, range(1, 9))):
                row = {
                    "level": level,
                    "model": model,
                    "horizon": horizon,
                    "places": 3,
                    "tasks": 100,
                    "cpu_seconds": 0.02,
                }
                for score, ratio in zip(("wis", "wis_log1p"), ratios, strict=True):
                    row |= {score: 10 * ratio, f"relative_{score}": ratio}
                    row |= {f"relative_{score}_low": 0.9 * ratio, f"relative_{score}_high": 1.1 * ratio}
                for level_of in (50, 90, 95):
                    row |= dict.fromkeys((f"coverage_{level_of}", f"coverage_{level_of}_with_cases"), level_of / 100)
                rows.append(row | {"allocation_score": 90 * ratios[0] if horizon in ("all", "4") else np.nan})
    table = pd.DataFrame(rows)
    table.loc[(table["model"] == "fusion") & (table["horizon"] == "8"), "coverage_90_with_cases"] = 0.86
    return table


def peru_weeks() -> pd.DataFrame:
    """The fusion is better than the baseline but for the last of ten origins."""
    rows = []
    for level in ("department", "province"):
        for model, (raw, log) in PERU_MODELS.items():
            for k, date in enumerate(pd.date_range("2017-01-07", periods=10, freq="28D")):
                worse = 3.0 if model == "fusion" and k == 9 else 1.0
                row = {"level": level, "model": model, "reference_date": date}
                rows.append(row | {"wis": 10 * raw * worse, "wis_log1p": log})
    return pd.DataFrame(rows)


def choices() -> pd.DataFrame:
    row = {"choice": "members", "value": "two", "chosen_on": "the training seasons", "seen": "no test season"}
    return pd.DataFrame([row | {"ground": ground, "number": 1} for ground in ("flusight", "dengue_project", "peru")])


def settings() -> pd.DataFrame:
    names = {"iquitos.cox.length": "8.8", "iquitos.cox.shape": "3", "iquitos.draws": "4000"}
    weights = {"WEIGHTS.lstm-torch": "0.4", "WEIGHTS.trees-root": "0.6"}
    grounds = {"dengue_project": names, "peru": weights}
    return pd.DataFrame(
        [{"ground": g, "setting": k, "value": v} for g, part in grounds.items() for k, v in part.items()]
    )


def write_all(ws: Workspace) -> None:
    """Write every table that notebook 91 reads."""
    for name, frame in {
        "flusight_teams": flusight_teams(),
        "flusight_forecasts": flusight_forecasts(),
        "flusight_runs": flusight_runs(),
        "flusight_allocation": flusight_allocation(),
        "dengue_project_forecasts": dengue_forecasts(),
        "dengue_project_scores": dengue_scores(),
        "peru_benchmark_scores": peru_scores(),
        "peru_benchmark_weeks": peru_weeks(),
        "benchmark_choices": choices(),
        "benchmark_settings": settings(),
    }.items():
        ws.write(name, frame)
