"""Comparison of teams: published figures from the real table, brute force on a small made one."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from healthops.data.schemas import QUANTILE_COLUMNS, QUANTILE_LEVELS
from healthops.evaluate import scores, teams
from healthops.evaluate.scores import ScoreError
from healthops.forecast.hub import read_hub_file

BASELINE = teams.BASELINE


def made_scores(seed: int = 1) -> pd.DataFrame:
    """Four models, three places and the nation, two horizons, five dates; model C did a part, D too little."""
    rng = np.random.default_rng(seed)
    rows = []
    for date in pd.date_range("2030-11-02", periods=5, freq="7D"):
        for place in ("01", "06", "48", "US"):
            for horizon in (0, 1):
                for model, skip in ((BASELINE, 0.0), ("A", 0.0), ("C", 0.15), ("D", 0.5)):
                    if rng.random() < skip:
                        continue
                    wis = rng.gamma(2.0, 10.0)
                    rows.append(
                        {
                            "season": "2030-31", "model": model, "reference_date": date, "location": place,
                            "horizon": horizon, "target_end_date": date + pd.Timedelta(weeks=horizon),
                            "observation": 100.0, "wis": wis, "wis_log1p": wis / 100, "ae_median": 1.3 * wis,
                            "inside_50": rng.random() < 0.5, "inside_90": rng.random() < 0.9, "inside_95": True,
                        }
                    )  # fmt: skip
    return pd.DataFrame(rows)[list(teams.COLUMNS)]


def brute_relative(tasks: pd.DataFrame, models: list[str], score: str) -> dict[str, float]:
    """Relative score by dictionaries and a loop over pairs."""
    by = {
        m: {
            (r.reference_date, r.location, r.horizon): getattr(r, score)
            for r in tasks[tasks["model"] == m].itertuples()
        }
        for m in models
    }
    ratios = {(m, m): 1.0 for m in models}
    for one, other in combinations(models, 2):
        shared = sorted(set(by[one]) & set(by[other]))
        ratio = np.mean([by[one][t] for t in shared]) / np.mean([by[other][t] for t in shared])
        ratios[one, other], ratios[other, one] = ratio, 1 / ratio
    geometric = {m: np.exp(np.mean([np.log(ratios[m, o]) for o in models])) for m in models}
    return {m: geometric[m] / geometric[BASELINE] for m in models}


def test_comparison_equals_brute_force():
    tasks = teams.season_tasks(made_scores(), "2030-31")
    assert set(tasks["location"]) == {"01", "06", "48"}
    table = teams.compare(tasks).set_index("model")
    share = {m: (tasks["model"] == m).sum() / 30 for m in "ABCD"}
    chosen = sorted(["A", "C", BASELINE])
    assert share["C"] >= 0.75 > share["D"], "the made table must have a model on either side of the bar"
    assert sorted(table.index) == chosen
    for score in ("wis", "wis_log1p"):
        expected = brute_relative(tasks, chosen, score)
        assert table[f"relative_{score}"].to_dict() == pytest.approx(expected, rel=1e-12)
    rows = tasks[tasks["model"] == "C"]
    assert table.loc["C", ["tasks", "share"]].tolist() == [len(rows), len(rows) / 30]
    assert table.loc["C", "mae"] == pytest.approx(rows["ae_median"].mean())
    assert table.loc["C", "coverage_50"] == pytest.approx(rows["inside_50"].mean())
    assert table.loc[BASELINE, "relative_wis"] == 1.0
    assert table["rank"].tolist() == [1, 2, 3] and table["relative_wis"].is_monotonic_increasing


@pytest.mark.parametrize("by", ["horizon", "location"])
def test_within_each_horizon_and_place_the_same_models_are_compared(by):
    tasks = teams.season_tasks(made_scores(), "2030-31")
    table = teams.compare(tasks, by=by)
    assert table.columns[0] == by
    for value, part in table.groupby(by):
        scope = tasks[tasks[by] == value]
        expected = brute_relative(scope, sorted(["A", "C", BASELINE]), "wis")
        assert dict(zip(part["model"], part["relative_wis"], strict=True)) == pytest.approx(expected)
        assert sorted(part["rank"]) == [1, 2, 3]


def test_matrix_form_equals_the_loop_over_pairs():
    tasks = made_scores(4)
    values, models = teams.task_matrix(tasks, "wis")
    mine = dict(zip(models, teams.pairwise_relative(values, models.index(BASELINE)), strict=True))
    assert mine == pytest.approx(scores.relative_wis(tasks, baseline=BASELINE).to_dict())


def test_pairs_without_a_shared_task_are_left_out():
    nan = np.nan
    values = np.array([[1.0, 2.0, nan, nan], [3.0, 6.0, nan, nan], [2.0, nan, 5.0, nan], [nan, nan, nan, 1.0]])
    relative = teams.pairwise_relative(values, 1)
    # Models 1 and 2 share no task; model 3 shares none with anybody.
    log = np.log(np.array([[1, 0.5, 0.4], [2, 1, 1], [2.5, 1, 1]]))
    theta = [log[0].mean(), log[1, :2].mean()]
    assert relative[0] == pytest.approx(np.exp(theta[0] - theta[1])) and relative[1] == 1
    assert np.isnan(relative[2]) and np.isnan(relative[3])


def test_the_window_of_a_season_counts_and_an_unknown_one_counts_whole():
    table = made_scores()
    windows = {"2030-31": teams.Window("2030-11-09", "2030-11-23", "2030-11-25")}
    kept = teams.season_tasks(table, "2030-31", windows=windows, states_only=False)
    assert kept["reference_date"].dt.strftime("%m-%d").unique().tolist() == ["11-09", "11-16", "11-23"]
    assert kept["target_end_date"].max() == pd.Timestamp("2030-11-23") and "US" in set(kept["location"])
    assert teams.season_tasks(table, "2030-31")["reference_date"].nunique() == 5
    with pytest.raises(ScoreError, match=r"no score of season '2031-32'; the table has \['2030-31'\]"):
        teams.season_tasks(table, "2031-32")


def made_forecasts(center: float) -> pd.DataFrame:
    tasks = made_scores().query("model == 'FluSight-baseline'")
    frame = tasks[["reference_date", "location", "horizon", "target_end_date"]].reset_index(drop=True)
    for name, level in zip(QUANTILE_COLUMNS, QUANTILE_LEVELS, strict=True):
        frame[name] = center + 40 * (level - 0.5)
    return frame


def test_our_forecasts_stand_among_the_teams():
    table = made_scores()
    truth = teams.truth_of(table)
    forecasts = made_forecasts(110.0)
    unknown = forecasts.iloc[:1].assign(target_end_date=pd.Timestamp("2031-06-07"))
    ours = teams.score_forecasts(pd.concat([forecasts, unknown]), truth, model="ours", season="2030-31")
    assert len(ours) == 40
    levels = np.array(QUANTILE_LEVELS)
    error = 100.0 - (110.0 + 40 * (levels - 0.5))
    expected = np.mean([2 * max(t * e, (t - 1) * e) for t, e in zip(levels, error, strict=True)])
    np.testing.assert_allclose(ours["wis"], expected)
    np.testing.assert_allclose(ours["ae_median"], 10.0)
    # 100 lies exactly on the lower bound of the 50 % interval, which counts.
    assert ours["inside_50"].all() and ours["inside_95"].all()
    both = teams.add_model(table, ours)
    result = teams.compare(teams.season_tasks(both, "2030-31")).set_index("model")
    assert result.loc["ours", "share"] == 1.0 and len(result) == 4


def test_a_name_that_is_taken_or_another_truth_is_refused():
    table = made_scores()
    ours = teams.score_forecasts(made_forecasts(90.0), teams.truth_of(table), model="A", season="2030-31")
    with pytest.raises(ScoreError, match="has a model 'A' already"):
        teams.add_model(table, ours)
    with pytest.raises(ScoreError, match=r"location 01 was scored against .* for the week to 2030-11-02"):
        teams.add_model(table, ours.assign(model="ours", observation=101.0))


def test_the_baseline_must_be_there():
    tasks = made_scores().query("model != 'FluSight-baseline'")
    with pytest.raises(ScoreError, match=r"the baseline 'FluSight-baseline' is not among the models \['A', 'C', 'D'\]"):
        teams.compare(tasks)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda t: t.drop(columns="wis"), r"scores.parquet lacks the columns \['wis'\]"),
        (lambda t: pd.concat([t, t.iloc[[5]]]), "scored twice for reference date 2030-11-02, location"),
        (lambda t: t.assign(wis=t["wis"].where(t.index != 3)), "row 3: a score is missing"),
    ],
)
def test_a_faulty_table_is_refused(tmp_path, damage, message):
    path = tmp_path / "scores.parquet"
    damage(made_scores()).to_parquet(path)
    with pytest.raises(ScoreError, match=message):
        teams.read_team_scores(path)


def test_a_table_is_read_as_it_was_written(tmp_path):
    table = made_scores()
    path = tmp_path / "scores.parquet"
    stored = table.assign(reference_date=table["reference_date"].dt.strftime("%Y-%m-%d"))
    stored.astype({"model": "category", "reference_date": "category", "wis": "float32"}).to_parquet(path)
    read = teams.read_team_scores(path)
    pd.testing.assert_frame_equal(read, table.astype({"wis": "float32"}).astype({"wis": "float64"}), check_dtype=False)
    with pytest.raises(ScoreError, match="is not there"):
        teams.read_team_scores(tmp_path / "nothing.parquet")


# ---- the real table ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def published(mirror) -> pd.DataFrame:
    return teams.read_team_scores(mirror.parent / "reference" / "flusight_team_scores.parquet")


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("season", "model", "relative"),
    [
        ("2023-24", "UMass-flusion", 0.609),
        ("2023-24", "FluSight-ensemble", 0.748),
        ("2024-25", "PSI-PROF", 0.637),
        ("2024-25", "FluSight-lop_norm", 0.638),
        ("2024-25", "UMass-flusion", 0.674),
        ("2024-25", "FluSight-ensemble", 0.686),
    ],
)
def test_relative_wis_is_as_published(published, season, model, relative):
    table = teams.compare(teams.season_tasks(published, season)).set_index("model")
    assert table.loc[model, "relative_wis"] == pytest.approx(relative, abs=0.003)


@pytest.mark.mirror
@pytest.mark.parametrize("model", ["FluSight-ensemble", "FluSight-baseline"])
def test_our_scorer_gives_the_tables_scores_of_the_hubs_files(published, mirror, model):
    truth = teams.truth_of(published)
    folder = mirror / "cdcepi/FluSight-forecast-hub/92469693f911/model-output" / model
    keys = ["reference_date", "location", "horizon"]
    for path in sorted(folder.glob("2025-01-*.csv")):
        mine = teams.score_forecasts(read_hub_file(path), truth, model=model, season="2024-25").set_index(keys)
        theirs = published[(published["model"] == model)].set_index(keys).loc[mine.index]
        assert len(mine) == 53 * 4
        for name in ("wis", "wis_log1p", "ae_median"):
            # The table keeps float32.
            np.testing.assert_allclose(mine[name], theirs[name], rtol=1.2e-7)
        for name in ("inside_50", "inside_90", "inside_95"):
            assert (mine[name] == theirs[name]).all()
