"""The command on a small made hub: what it writes, what it may see, what it keeps, and what it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import flusight
from healthops.cache import ContentCache
from healthops.data import flusight_files as files
from healthops.data import schemas
from healthops.data.schemas import QUANTILE_COLUMNS
from healthops.evaluate import teams
from healthops.evaluate.leakage import Known, LeakageError, is_of_its_vintage
from healthops.evaluate.scores import wis
from healthops.forecast import hub
from healthops.forecast.base import LEVELS
from healthops.forecast.real_time import VintageForecaster
from healthops.workspace import Workspace
from tests.benchmarks import made_hub
from tests.benchmarks.made_hub import SEASONS, Calibrated, LastValue, Spy

SEASON = "2030-31"
DATES = SEASONS[SEASON]


@pytest.fixture
def data(tmp_path) -> Path:
    made_hub.write_hub(tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def command(data, tmp_path):
    """Run the command with a stand-in; return its exit status and the folder of its output."""

    def run(*more: str, forecaster=None, season: str = SEASON, out: str = "out") -> tuple[int, Path]:
        folder = tmp_path / out
        arguments = ["--vintages", data / "index.csv", "--data", data, "--season", season, "--out", folder]
        arguments += ["--cache", tmp_path / "cache", "--workers", "1", *more]
        return flusight.main([str(a) for a in arguments], forecaster or LastValue()), folder

    return run


def _bytes(folder: Path, pattern: str = "*-healthops-fusion.csv") -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob(pattern))}


def test_the_command_writes_hub_files_scores_and_tables_of_teams(command, tmp_path, capsys):
    made_hub.write_team_scores(tmp_path / "teams.parquet")
    status, out = command("--teams", str(tmp_path / "teams.parquet"))
    assert status == 0
    assert list(_bytes(out)) == [f"{date}-healthops-fusion.csv" for date in DATES]
    written = pd.concat([hub.read_hub_file(path) for path in sorted(out.glob("*-healthops-fusion.csv"))])
    assert len(written) == len(DATES) * 4 * 4
    scores = pd.read_csv(out / "scores.csv", dtype={"location": str}, parse_dates=["reference_date", "target_end_date"])
    weeks, values = made_hub.truth()
    keys = ["reference_date", "location", "horizon"]
    both = scores.set_index(keys).join(written.set_index(keys)[list(QUANTILE_COLUMNS)])
    place = np.searchsorted(made_hub.PLACES, both.index.get_level_values("location").to_numpy(str))
    week = np.searchsorted(weeks, both["target_end_date"].to_numpy().astype("datetime64[D]"))
    np.testing.assert_array_equal(both["observation"], values[place, week])
    np.testing.assert_allclose(
        both["wis"], wis(both[list(QUANTILE_COLUMNS)].to_numpy(), values[place, week]), rtol=1e-5
    )
    table = pd.read_csv(out / "teams.csv").set_index("model")
    assert sorted(table.index) == ["FluSight-baseline", "FluSight-ensemble", "healthops-fusion", "made-team"]
    states = scores[scores["location"] != "US"]
    assert table.loc["healthops-fusion", "share"] == 1.0 and table.loc["healthops-fusion", "tasks"] == len(states)
    assert table.loc["healthops-fusion", "wis"] == pytest.approx(states["wis"].mean(), rel=1e-4)
    assert table.loc["FluSight-baseline", "relative_wis"] == 1.0
    by_horizon = pd.read_csv(out / "teams_by_horizon.csv")
    assert sorted(by_horizon["horizon"].unique()) == [0, 1, 2, 3] and len(by_horizon) == 16
    by_location = pd.read_csv(out / "teams_by_location.csv", dtype={"location": str})
    assert sorted(by_location["location"].unique()) == ["01", "06", "48"] and len(by_location) == 12
    runs = pd.read_csv(out / "runs.csv")
    assert runs["reference_date"].tolist() == list(DATES) and runs["weeks_late"].tolist() == [0, 0, 0, 1]
    said = capsys.readouterr().out
    assert "note: reference date 2030-12-14: the last report is of 2030-11-30, 1 week(s) older than usual" in said
    assert "healthops-fusion: rank" in said and "CPU seconds a reference date: mean" in said
    assert "no allocation score" in said and not (out / "allocation.csv").exists()


def test_nothing_later_is_seen(command):
    spy = Spy()
    assert command(forecaster=spy)[0] == 0
    assert len(spy.seen) == len(DATES)
    for date, (history, ilinet) in zip(DATES, spy.seen, strict=True):
        dates = [str(vintage.reference_date) for vintage in history]
        # Vintages of the season before are seen too, oldest first.
        assert dates == [d for season in SEASONS.values() for d in season if d <= date]
        assert all(vintage.weeks[-1] <= vintage.reference_date - 7 for vintage in history)
        assert ilinet.weeks[-1] < np.datetime64(date) <= ilinet.weeks[-1] + 7


def test_what_is_seen_is_what_had_been_published(command, data):
    spy = Spy()
    assert command(forecaster=spy)[0] == 0

    def published(date: str) -> Known:
        table = pd.read_csv(
            data / files.HUB / made_hub.commit_of(date)[:12] / files.ADMISSIONS_PATH, dtype={"location": str}
        ).pivot(index="location", columns="date", values="value")
        return Known(table.index.tolist(), table.columns.to_numpy("datetime64[D]"), table.to_numpy(float))

    newest = [history[-1] for history, _ in spy.seen]
    for date, vintage in zip(DATES, newest, strict=True):
        is_of_its_vintage(Known(vintage.locations, vintage.weeks, vintage.admissions), published(date), date=date)
    # The alarm rings for the numbers of a week later.
    late = Known(newest[1].locations, newest[0].weeks, newest[1].admissions[:, :-1])
    with pytest.raises(LeakageError, match=f"where the vintage of {DATES[0]} has"):
        is_of_its_vintage(late, published(DATES[0]), date=DATES[0])


def test_dates_by_themselves_are_calibrated_as_within_their_season(command):
    _, whole = command(forecaster=Calibrated())
    _, alone = command("--dates", DATES[3], forecaster=Calibrated(), out="alone")
    assert _bytes(alone) == {f"{DATES[3]}-healthops-fusion.csv": _bytes(whole)[f"{DATES[3]}-healthops-fusion.csv"]}
    assert _bytes(command(out="uncalibrated")[1]) != _bytes(whole)


def test_what_comes_later_changes_nothing(command, data):
    _, out = command()
    before = _bytes(out)
    # The third file is corrected, and with it everything that was published after.
    path = data / files.HUB / made_hub.commit_of(DATES[2])[:12] / files.ADMISSIONS_PATH
    table = pd.read_csv(path, dtype={"location": str})
    table["value"] *= 3
    table.to_csv(path, index=False)
    _, again = command(out="again")
    after = _bytes(again)
    changed = [name[:10] for name in before if before[name] != after[name]]
    assert changed == [DATES[2]]


def test_results_are_kept_by_content(command, data, tmp_path, capsys):
    first, second, third = Spy(), Spy(), Spy()
    _, out = command(forecaster=first)
    _, again = command(forecaster=second, out="again")
    assert (len(first.seen), len(second.seen)) == (4, 0)
    assert _bytes(out) == _bytes(again) and _bytes(out, "*.csv") == _bytes(again, "*.csv")
    assert capsys.readouterr().out.count("(kept)") == 4
    # A file that dates from the second on have seen is changed.
    path = data / files.HUB / made_hub.commit_of(DATES[1])[:12] / files.ADMISSIONS_PATH
    path.write_text(path.read_text() + "\n")
    command(forecaster=third)
    assert [str(history[-1].reference_date) for history, _ in third.seen] == list(DATES[1:])
    other = Spy(config=0.3)
    command(forecaster=other)
    assert len(other.seen) == 4


def test_a_damaged_kept_result_is_made_anew(command, tmp_path):
    first, second = Spy(), Spy()
    _, out = command(forecaster=first)
    damaged = sorted((tmp_path / "cache").glob("*.npz"))[:2]
    for path in damaged:
        path.write_bytes(path.read_bytes()[:50])
    _, again = command(out="again", forecaster=second)
    assert _bytes(out) == _bytes(again) and len(second.seen) == len(damaged) == 2


@pytest.mark.slow
def test_workers_change_nothing(command, tmp_path):
    _, one = command()
    _, two = command("--workers", "2", "--cache", str(tmp_path / "other-cache"), out="two")
    assert _bytes(one) == _bytes(two)


def test_some_dates_of_a_season(command, tmp_path, capsys):
    made_hub.write_team_scores(tmp_path / "teams.parquet")
    status, out = command("--teams", str(tmp_path / "teams.parquet"), "--dates", DATES[1], DATES[2])
    assert status == 0 and list(_bytes(out)) == [f"{date}-healthops-fusion.csv" for date in DATES[1:3]]
    assert pd.read_csv(out / "teams.csv")["tasks"].tolist() == [24] * 4
    status, _ = command("--dates", "2030-11-16")
    assert status == 1
    assert "index.csv has no reference date '2030-11-16' in season 2030-31" in capsys.readouterr().err


def test_without_teams_the_newest_admissions_are_the_truth(command, capsys):
    status, out = command()
    assert status == 0
    assert "of commit ffffffffffff" in capsys.readouterr().out
    assert sorted(pd.read_csv(out / "teams.csv")["model"]) == ["healthops-fusion", "hub-baseline"]
    scores = pd.read_csv(out / "scores.csv", dtype={"location": str})
    weeks, values = made_hub.truth()
    row = scores.query("location == '06' and horizon == 3").iloc[0]
    assert row["observation"] == values[1, np.searchsorted(weeks, np.datetime64(row["target_end_date"]))]


def test_a_hub_folder_without_ilinet_needs_it_named(command, data, tmp_path, capsys):
    status, _ = command("--data", str(data / files.HUB))
    assert status == 1 and "the ILINet files are not below" in capsys.readouterr().err
    status, out = command("--data", str(data / files.HUB), "--ilinet", str(data))
    assert status == 0 and len(_bytes(out)) == 4


def test_faults_are_one_line(command, data, tmp_path, capsys):
    assert command(season="2031-32")[0] == 1
    assert "index.csv has no season '2031-32'; it has 2029-30, 2030-31" in capsys.readouterr().err
    table = made_hub.write_team_scores(tmp_path / "teams.parquet")
    table[table["season"] == "2029-30"].to_parquet(tmp_path / "other.parquet")
    assert command("--teams", str(tmp_path / "other.parquet"))[0] == 1
    assert "other.parquet has no score of season '2030-31'" in capsys.readouterr().err
    (data / files.HUB / made_hub.commit_of(DATES[0])[:12] / files.ADMISSIONS_PATH).unlink()
    assert command()[0] == 1
    error = capsys.readouterr().err
    assert f"of commit {made_hub.commit_of(DATES[0])} is not there" in error and error.count("\n") == 1
    with pytest.raises(SystemExit):
        command("--workers", "0")


@dataclass(frozen=True)
class Wrong(VintageForecaster):
    """Gives what no forecast may be."""

    config: str

    def forecast(self, history, ilinet, *, seed):
        quantiles = np.tile(LEVELS, (4, 4, 1))
        if self.config == "shape":
            return quantiles[:, :3]
        quantiles[2, 1, 7] = {"nan": np.nan, "negative": -1.0, "crossing": 9.0}[self.config]
        return quantiles


@pytest.mark.parametrize("fault", ["shape", "nan", "negative", "crossing"])
def test_a_forecast_that_is_none_is_refused(command, tmp_path, fault):
    message = r"shape \(4, 3, 23\), not \(4, 4, 23\)" if fault == "shape" else "location 48, horizon 1, are missing"
    with pytest.raises(ValueError, match=f"Wrong, reference date 2030-11-23.*{message}"):
        command(forecaster=Wrong(fault))
    assert not list((tmp_path / "out").glob("*")) and not list((tmp_path / "cache").glob("*"))


def test_allocation_stands_beside_the_hubs_models(command, data, tmp_path, capsys):
    made_hub.write_model_files(data, DATES[:2])
    made_hub.write_team_scores(tmp_path / "teams.parquet")
    _, out = command("--teams", str(tmp_path / "teams.parquet"))
    table = pd.read_csv(out / "allocation.csv")
    assert table["reference_date"].unique().tolist() == list(DATES[:2]) and len(table) == 6
    weeks, values = made_hub.truth()
    need = values[:3, np.searchsorted(weeks, np.datetime64(DATES[0]) + 21)]
    first = table[table["reference_date"] == DATES[0]]
    np.testing.assert_allclose(first["needed"], need.sum())
    np.testing.assert_allclose(first["budget"], 0.8 * need.sum())
    np.testing.assert_allclose(first["oracle_unmet"], 0.2 * need.sum())
    # Forecasts that differ between places by a factor alone share in proportion to it.
    last = made_hub.naive(DATES[0], 2.0)[:3, 3, 11]
    sent = 0.8 * need.sum() * last / last.sum()
    unmet = np.maximum(need - sent, 0).sum()
    ensemble = first[first["model"] == "FluSight-ensemble"].iloc[0]
    assert ensemble["unmet"] == pytest.approx(unmet, rel=2e-3)
    assert "allocation score, mean over 2 dates" in capsys.readouterr().out


def test_the_step_of_the_pipeline_writes_its_tables(data, tmp_path, monkeypatch):
    ws = Workspace("public", root=tmp_path / "root")
    ws.raw.parent.mkdir(parents=True)
    data.rename(ws.raw)
    (ws.raw / "reference").mkdir()
    made_hub.write_team_scores(ws.raw / "reference" / "flusight_team_scores.parquet")
    made_hub.write_model_files(ws.raw, DATES[:1])
    monkeypatch.setattr(flusight.sources, "VINTAGES", ws.raw / "index.csv")
    monkeypatch.setattr(flusight, "SEASONS", tuple(SEASONS))
    flusight.run(ws, LastValue(), workers=1)
    table = ws.read("flusight_teams")
    groups = {season: 1 + 4 + 3 + len(dates) for season, dates in SEASONS.items()}
    assert table.groupby("season").size().to_dict() == {season: 4 * count for season, count in groups.items()}
    dates = {date for season in SEASONS.values() for date in season}
    assert set(table["within"]) == {"all", "0", "1", "2", "3", "01", "06", "48"} | dates
    forecasts = ws.read("flusight_forecasts")
    assert len(forecasts) == 7 * 16 and forecasts["observed"].notna().all()
    assert ws.read("flusight_runs")["weeks_late"].sum() == 1
    assert len(ws.read("flusight_allocation")) == 3
    assert schemas.table("flusight_teams").key == ("season", "scope", "within", "model")
    # Without the teams' scores, ours and the baseline.
    (ws.raw / "reference" / "flusight_team_scores.parquet").unlink()
    flusight.run(ws, LastValue(), workers=1)
    assert set(ws.read("flusight_teams")["model"]) == {"healthops-fusion", "hub-baseline"}


# ---- the real hub ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Copycat(VintageForecaster):
    """Hands in the ensemble's own files as ours."""

    config: str

    def forecast(self, history, ilinet, *, seed):
        date = history[-1].reference_date
        return hub.cube_of(
            hub.read_hub_file(Path(self.config) / f"{date}-FluSight-ensemble.csv"), history[-1].locations
        )


@pytest.mark.mirror
def test_a_copy_of_the_ensemble_scores_as_the_ensemble(mirror, tmp_path):
    home = mirror / "cdcepi/FluSight-forecast-hub/92469693f911/model-output/FluSight-ensemble"
    dates = ("2025-01-04", "2025-01-11", "2025-01-18")
    result = flusight.run_season(
        mirror.parent / "reference" / "flusight_vintages.csv",
        mirror,
        "2024-25",
        cache=ContentCache(tmp_path),
        team_file=mirror.parent / "reference" / "flusight_team_scores.parquet",
        dates=dates,
        workers=1,
        forecaster=Copycat(str(home)),
    )
    table = result.tables["teams"].set_index("model")
    ours, theirs = table.loc["healthops-fusion"].drop("rank"), table.loc[teams.ENSEMBLE].drop("rank")
    np.testing.assert_allclose(ours.astype(float), theirs.astype(float), rtol=1e-6)
    shared = result.tables["allocation"].pivot(index="reference_date", columns="model", values="allocation_score")
    np.testing.assert_allclose(shared["healthops-fusion"], shared[teams.ENSEMBLE])
    # Known to be far apart: the baseline knows nothing of the season.
    assert (shared[teams.BASELINE] != shared[teams.ENSEMBLE]).all() and len(shared) == 3
