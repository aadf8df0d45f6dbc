"""The command on made-up files, on San Juan with seasons held back, and on the public files beside the teams."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks import dengue_project as command
from healthops.data.dengue_project_files import read_city, read_team_scores, read_training, team_scores_file
from healthops.data.errors import RawFileError
from healthops.data.schemas import validate
from healthops.evaluate.binned import CITY_BINS
from healthops.forecast.season_targets import CITY_CONFIGS
from healthops.workspace import Workspace
from tests.data import made_dengue_project as made

FAST = {city: replace(config, draws=200) for city, config in CITY_CONFIGS.items()}


@pytest.fixture
def fast(monkeypatch):
    monkeypatch.setattr(command, "CITY_CONFIGS", FAST)


def _scores(rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[*command.TASK, "log_score"])


# ---- nothing of the future --------------------------------------------------------------------------------
def test_forecasts_do_not_change_with_what_comes_later(tmp_path, fast):
    made.write(tmp_path)
    files, other = read_city(tmp_path, "iquitos"), read_training(tmp_path, "san_juan")
    before = command.make_forecasts(files, other)
    absurd = files.testing.cases.copy()
    absurd[0, 20:] = 10_000_000
    absurd[1] = 7_000_000
    changed = replace(files, testing=replace(files.testing, cases=absurd))
    after = command.make_forecasts(changed, other)
    first = files.testing.names[0]
    same = (before["season"] == first) & (before["forecast_week"] <= 20)
    np.testing.assert_array_equal(before[same]["probability"], after[same]["probability"])
    later = (before["season"] == first) & (before["forecast_week"] == 24)
    assert (before[later]["probability"].to_numpy() != after[later]["probability"].to_numpy()).any()


def test_only_seasons_that_had_ended_are_known(tmp_path):
    made.write(tmp_path)
    files, other = read_city(tmp_path, "iquitos"), read_training(tmp_path, "san_juan")
    known = command.histories(files, other)
    assert [len(h.own) for h in known] == [6, 7]
    # Iquitos' first test season starts on 2007-07-01; San Juan's season 2006/2007 ended before it.
    assert [len(h.other) for h in known] == [8, 8]
    turned = command.histories(replace(files, testing=replace(files.testing, starts=files.testing.starts - 300)), other)
    assert [len(h.other) for h in turned] == [7, 8]


# ---- the command ------------------------------------------------------------------------------------------
def test_the_command_writes_three_tables_that_agree(tmp_path, fast, capsys):
    made.write(tmp_path / "raw", test_city="san_juan", tests=3)
    command.main(["--data", str(tmp_path / "raw"), "--city", "san_juan", "--out", str(tmp_path / "out")])
    said = capsys.readouterr().out
    assert "3 seasons" in said and "--teams" in said
    forecasts = pd.read_csv(tmp_path / "out/forecasts.csv")
    assert len(forecasts) == 3 * 13 * (52 + 11 + 11)
    sums = forecasts.groupby(["season", "forecast_week", "target"])["probability"].sum()
    np.testing.assert_allclose(sums, 1)
    scores = pd.read_csv(tmp_path / "out/week_scores.csv")
    testing = read_city(tmp_path / "raw", "san_juan").testing
    # Score one forecast by hand.
    row = scores[(scores["target"] == "season_total") & (scores["forecast_week"] == 12)].iloc[1]
    task = forecasts[(forecasts["season"] == row["season"]) & (forecasts["forecast_week"] == 12)]
    task = task[task["target"] == "season_total"]
    total = testing.cases[testing.names.index(row["season"])].sum()
    came = task[(task["lower"] <= total) & ~(task["upper"] <= total)]
    assert len(came) == 1 and row["log_score"] == pytest.approx(np.log(came["probability"].iloc[0]))
    table = pd.read_csv(tmp_path / "out/scores.csv").astype({"rank": "Int64"})
    assert len(validate("dengue_project_scores", table)) == 4 * 4
    assert len(validate("dengue_project_forecasts", forecasts)) == len(forecasts)
    # The bin that came is the one that was scored.
    marked = forecasts[forecasts["came"]].set_index(["target", "season", "forecast_week"])["probability"]
    scored = scores.dropna(subset="log_score").set_index(["target", "season", "forecast_week"])["log_score"]
    pd.testing.assert_series_equal(np.log(marked).sort_index(), scored.sort_index(), check_names=False)


def test_a_lacking_test_file_ends_the_command_with_one_line(tmp_path, capsys):
    made.write(tmp_path)
    with pytest.raises(SystemExit) as stop:
        command.main(["--data", str(tmp_path), "--city", "san_juan", "--out", str(tmp_path / "out")])
    assert stop.value.code == 1
    assert "san_juan_testing_data.csv is not there" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_shared_peak_is_reported_and_not_scored(tmp_path, fast, capsys):
    home = made.write(tmp_path)
    path = home / "iquitos_testing_data.csv"
    table = pd.read_csv(path)
    table.loc[[len(table) - 20, len(table) - 30], "total_cases"] = 500
    table.to_csv(path, index=False)
    command.main(["--data", str(tmp_path), "--out", str(tmp_path / "out")])
    assert "2008/2009: weeks share the peak" in capsys.readouterr().out
    scores = pd.read_csv(tmp_path / "out/week_scores.csv")
    peak = scores[(scores["season"] == "2008/2009") & (scores["target"] == "peak_week")]
    assert len(peak) == 13 and peak["log_score"].isna().all()
    assert scores.drop(index=peak.index)["log_score"].notna().all()


# ---- the table of teams -----------------------------------------------------------------------------------
def test_the_table_counts_infinities_caps_scores_and_ranks_by_weeks_up_to_24():
    rows = []
    for season in ("a", "b"):
        for week, (x, y) in {0: (-1.0, -2.0), 24: (-np.inf, -2.0), 28: (-100.0, -0.1)}.items():
            rows += [("X", "iquitos", "peak_incidence", season, week, x)]
            rows += [("Y", "iquitos", "peak_incidence", season, week, y)]
    table = command.team_table(_scores(rows)).set_index(["team", "target", "season"])
    best, worst = table.loc[("Y", "all", "all")], table.loc[("X", "all", "all")]
    assert (worst["log_score"], worst["n_inf"], worst["rank"], worst["forecasts"]) == (-5.5, 2, 2, 4)
    assert (best["log_score"], best["n_inf"], best["rank"]) == (-2.0, 0, 1)
    assert table.loc[("X", "all", "a"), "log_score"] == -5.5 and pd.isna(table.loc[("X", "all", "a"), "rank"])


def test_targets_weigh_alike_however_many_seasons_were_scored():
    rows = [("X", "iquitos", "peak_week", "a", 0, -4.0), ("X", "iquitos", "peak_week", "b", 0, np.nan)]
    rows += [("X", "iquitos", "season_total", s, 0, v) for s, v in (("a", -1.0), ("b", -3.0))]
    table = command.team_table(_scores(rows)).set_index(["target", "season"])
    assert table.loc[("all", "all"), "log_score"] == -3.0 and table.loc[("all", "all"), "forecasts"] == 3


def test_the_standard_error_is_that_of_a_mean_of_seasons_where_all_are_scored():
    rng = np.random.default_rng(1)
    rows = [
        ("X", "iquitos", target, season, week, -rng.gamma(2.0))
        for target in ("peak_week", "peak_incidence", "season_total")
        for season in "abcd"
        for week in range(0, 28, 4)
    ]
    scores = _scores(rows).assign(score=lambda f: f["log_score"])
    by_season = scores.groupby("season")["score"].mean()
    assert command.season_error(scores) == pytest.approx(by_season.std(ddof=1) / 2)
    assert np.isnan(command.season_error(scores[scores["season"] == "a"]))


# ---- the public files -------------------------------------------------------------------------------------
@pytest.mark.mirror
def test_the_teams_means_are_the_published_ones(mirror):
    table = command.team_table(read_team_scores(team_scores_file(mirror)).query("city == 'iquitos'"))
    whole = table[(table["season"] == "all") & (table["target"] == "all")].set_index("team")
    assert whole.loc["G", "log_score"] == pytest.approx(-2.68, abs=0.01)
    assert whole.loc["C", "log_score"] == pytest.approx(-2.64, abs=0.01)
    assert whole["rank"].idxmin() == "C" and len(whole) == 17
    peak_week = table[(table["target"] == "peak_week") & (table["team"] == "C")]
    assert "2011/2012" not in set(peak_week["season"])


@pytest.mark.mirror
@pytest.mark.slow
def test_iquitos_beats_every_team_with_no_probability_zero(mirror):
    files, forecasts, scores, table = command.evaluate(mirror, "iquitos", team_scores_file(mirror))
    assert command.tied_peaks(files.testing) == ["2011/2012"]
    ours = table[(table["team"] == command.TEAM) & (table["season"] == "all")].set_index("target").loc["all"]
    assert ours["log_score"] >= -2.55 and ours["n_inf"] == 0 and ours["rank"] == 1
    assert 0.1 < ours["standard_error"] < 0.5
    assert np.isfinite(scores["log_score"].dropna()).all() and len(scores) == 4 * 13 * 3
    validate("dengue_project_forecasts", forecasts)
    validate("dengue_project_scores", table)


@pytest.mark.mirror
def test_the_step_of_the_pipeline_writes_its_tables(mirror, fast, tmp_path):
    ws = Workspace("public", root=tmp_path)
    ws.raw.parent.mkdir(parents=True)
    ws.raw.symlink_to(mirror)
    command.run(ws)
    assert set(ws.read("dengue_project_scores")["team"]) == {command.TEAM, "baseline", *"ABCDEFGHIJKLMNOP"}
    assert len(ws.read("dengue_project_forecasts")) == 4 * 13 * (52 + 11 + 11)


def test_the_step_of_the_pipeline_asks_for_the_teams_file(tmp_path):
    ws = Workspace("public", root=tmp_path)
    made.write(ws.raw)
    with pytest.raises(RawFileError, match=r"dengue_forecast_scores\.csv"):
        command.run(ws)


@pytest.mark.mirror
@pytest.mark.slow
def test_san_juan_runs_on_seasons_held_back_from_training(mirror, tmp_path):
    """The last four training seasons stand in for the testing file, which is not in the mirror."""
    source = next(mirror.glob("cdcepi/dengue-forecasting-project-2015/*/Dengue_data"))
    home = tmp_path / "Dengue_data"
    home.mkdir()
    (home / "iquitos_training_data.csv").write_bytes((source / "iquitos_training_data.csv").read_bytes())
    whole = pd.read_csv(source / "san_juan_training_data.csv")
    whole.iloc[: -4 * 52].to_csv(home / "san_juan_training_data.csv", index=False)
    whole.to_csv(home / "san_juan_testing_data.csv", index=False)
    command.main(["--data", str(home), "--city", "san_juan", "--out", str(tmp_path / "out")])
    table = pd.read_csv(tmp_path / "out/scores.csv").set_index(["target", "season"])
    names = ["2005/2006", "2006/2007", "2007/2008", "2008/2009"]
    assert table.loc[("all", "all"), "n_inf"] == 0 and table.loc[("season_total", "all"), "forecasts"] == 4 * 7
    assert [name for name in names if ("season_total", name) in table.index] == names
    bins = CITY_BINS["san_juan"]
    uniform = -np.mean([np.log(bins.count(t)) for t in ("peak_week", "peak_incidence", "season_total")])
    assert table.loc[("all", "all"), "log_score"] > uniform + 0.5
