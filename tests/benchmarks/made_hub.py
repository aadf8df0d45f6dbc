"""A small made hub: three states and the nation, two seasons of vintages that grow as reports come late, and ILINet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from healthops.data import flusight_files as files
from healthops.data.flusight_files import IliNet, Vintage
from healthops.evaluate import teams
from healthops.forecast import hub
from healthops.forecast.base import LEVELS
from healthops.forecast.real_time import VintageForecaster

PLACES = ("01", "06", "48", "US")
PEOPLE = (5e6, 4e7, 3e7, 3.3e8)
SEASONS = {
    "2029-30": ("2029-11-24", "2029-12-01", "2029-12-08"),
    "2030-31": ("2030-11-23", "2030-11-30", "2030-12-07", "2030-12-14"),
}
WEEK = np.timedelta64(7, "D")
FIRST, LAST = np.datetime64("2029-09-01"), np.datetime64("2031-02-01")


@dataclass(frozen=True)
class LastValue(VintageForecaster):
    """Stands in for the fusion: the last report, and a spread that grows with the horizon."""

    config: float = 0.2

    def forecast(self, history: Sequence[Vintage], ilinet: IliNet, *, seed: int) -> np.ndarray:
        newest = history[-1]
        last = np.nan_to_num(newest.admissions[:, -1])
        # Depends on everything that was seen and on the seed, so that a leak would show.
        nudge = 1e-3 * len(history) + 1e-4 * np.nansum(ilinet.percent) + 1e-5 * (seed % 7)
        spread = self.config * np.sqrt(np.arange(1, 5)) + nudge
        return last[:, None, None] * np.exp(spread[None, :, None] * (LEVELS - 0.5) * 4)


@dataclass(frozen=True)
class Calibrated(LastValue):
    """Looks back on two reference dates: depends on their forecasts and on what has come."""

    looks_back: int = 2

    def calibrate(
        self, forecast: np.ndarray, newest: Vintage, earlier: Mapping[np.datetime64, np.ndarray]
    ) -> np.ndarray:
        assert all(date < newest.reference_date for date in earlier) and len(earlier) <= 2
        return forecast * (1 + len(earlier)) + sum(np.nansum(q) for q in earlier.values()) * 1e-3


@dataclass(frozen=True)
class Spy(LastValue):
    """Notes what it saw; for runs within one process."""

    seen: list[tuple[Sequence[Vintage], IliNet]] = field(default_factory=list)

    def forecast(self, history: Sequence[Vintage], ilinet: IliNet, *, seed: int) -> np.ndarray:
        self.seen.append((history, ilinet))
        return LastValue.forecast(self, history, ilinet, seed=seed)


def truth() -> tuple[np.ndarray, np.ndarray]:
    """Weeks, shape (T,), and final admissions, shape (4, T)."""
    weeks = np.arange(FIRST, LAST + WEEK, WEEK)
    season = 1 + np.cos((weeks - np.datetime64("2030-01-05")).astype(int) / 365.25 * 2 * np.pi)
    states = np.round(np.array([[40.0], [300.0], [200.0]]) * season**2 + [[3.0], [9.0], [7.0]])
    return weeks, np.vstack([states, states.sum(axis=0)])


def commit_of(date: str) -> str:
    """A made commit, 40 hexadecimal digits."""
    return (date.replace("-", "") + "0abc" * 8)[:40]


def write_admissions(path: Path, last: np.datetime64, *, first_report: float = 0.8) -> None:
    """Write a file of admissions whose newest week is not complete yet."""
    weeks, values = truth()
    rows = []
    for t in np.flatnonzero(weeks <= last):
        share = first_report if weeks[t] == last else 1.0
        for p, place in enumerate(PLACES):
            rows.append((weeks[t], place, place, int(np.round(share * values[p, t])), 0.1))
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows, columns=["date", "location", "location_name", "value", "weekly_rate"]).to_csv(path, index=False)


def write_hub(root: Path) -> Path:
    """Write the mirror below `root`; return the index of its vintages."""
    home = root / files.HUB
    rows = []
    for dates in SEASONS.values():
        for date in dates:
            reference = np.datetime64(date)
            # For the last date of all nothing new was published.
            last = reference - (2 * WEEK if date == "2030-12-14" else WEEK)
            write_admissions(home / commit_of(date)[:12] / files.ADMISSIONS_PATH, last)
            made = reference - np.timedelta64(3, "D")
            rows.append((date, commit_of(date), f"{made}T18:00+00:00", str(last)))
    columns = ["reference_date", "commit", "committed_at_utc", "last_week_reported"]
    pd.DataFrame(rows, columns=columns).to_csv(root / "index.csv", index=False)
    write_admissions(home / "ffffffffffff" / files.ADMISSIONS_PATH, LAST, first_report=1.0)
    places = home / "aaaaaaaaaaaa" / files.LOCATIONS_PATH
    places.parent.mkdir(parents=True)
    pd.DataFrame({"location": PLACES, "population": PEOPLE}).to_csv(places, index=False)
    _write_ilinet(root / files.ILINET_REPOSITORY / files.ILINET_COMMIT)
    return root / "index.csv"


def _write_ilinet(folder: Path) -> None:
    weeks = np.arange(np.datetime64("2030-10-27"), np.datetime64("2031-01-01"), WEEK)
    regions = {"national": ["National"], "hhs": ["Region 4", "Region 9"], "state": ["Alabama", "California"]}
    for kind, names in regions.items():
        rows = [(name, w, 1.5 + i, 2.5 + i, 100) for name in names for i, w in enumerate(weeks)]
        path = folder / files.ILINET_PATHS[kind]
        path.parent.mkdir(parents=True, exist_ok=True)
        columns = ["region", "week_start", "weighted_ili", "unweighted_ili", "total_patients"]
        pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
    path = folder / files.FIPS_PATH
    path.parent.mkdir(parents=True)
    path.write_text("location,location_name,hhs_region\nUS,United States,NA\n01,Alabama,4\n06,California,9\n")


def naive(date: str, spread: float, bias: float = 1.0) -> np.ndarray:
    """Quantiles around the truth that was known a week before `date`, shape (4, 4, 23)."""
    weeks, values = truth()
    last = values[:, np.searchsorted(weeks, np.datetime64(date) - WEEK)]
    return np.round(bias * last[:, None, None] * np.exp(spread * (LEVELS - 0.5)) * np.ones((1, 4, 1)), 1)


def write_team_scores(path: Path) -> pd.DataFrame:
    """Write a table of team scores for both seasons: the baseline, the ensemble and a team."""
    weeks, values = truth()
    index = pd.MultiIndex.from_product([PLACES, weeks.astype("datetime64[ns]")], names=["location", "target_end_date"])
    observed = pd.Series(values.reshape(-1), index, name="observation")
    parts = []
    for season, dates in SEASONS.items():
        for model, (spread, bias) in {
            teams.BASELINE: (4.0, 0.8), teams.ENSEMBLE: (2.0, 1.0), "made-team": (1.0, 1.1),
        }.items():  # fmt: skip
            table = pd.concat([hub.wide_frame(d, PLACES, naive(d, spread, bias)) for d in dates])
            parts.append(teams.score_forecasts(table, observed, model=model, season=season))
    table = pd.concat(parts, ignore_index=True)
    table.to_parquet(path)
    return table


def write_model_files(root: Path, dates: Sequence[str]) -> None:
    """Write hub files of the baseline and the ensemble, as a commit of the hub holds them."""
    for model, (spread, bias) in {teams.BASELINE: (4.0, 0.8), teams.ENSEMBLE: (2.0, 1.0)}.items():
        for date in dates:
            folder = root / files.HUB / "aaaaaaaaaaaa" / "model-output" / model
            hub.write_hub_file(folder, date, PLACES, naive(date, spread, bias), model=model)
