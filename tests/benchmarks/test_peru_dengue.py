"""The benchmark on Peru: same tasks for all, scores by brute force, results kept by content."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import peru_dengue as benchmark
from healthops.cache import ContentCache
from healthops.data.schemas import validate
from healthops.forecast import peru
from healthops.forecast.base import LEVELS, PanelError
from healthops.forecast.baselines import HubBaseline, RootBaseline, SeasonalQuantiles
from healthops.forecast.cube import Cube
from healthops.forecast.fusion import pool
from healthops.forecast.rolling_calibration import adjusted, rolling_factors
from healthops.workspace import Workspace
from tests.forecast.made import made_panel

CHEAP = {"hub-baseline": HubBaseline, "root-baseline": RootBaseline, "seasonal-quantiles": SeasonalQuantiles}


@pytest.fixture
def cheap(monkeypatch):
    monkeypatch.setattr(benchmark, "WEIGHTS", {"root-baseline": 3.0, "hub-baseline": 1.0})
    panel = made_panel(places=5, weeks=300)
    codes = ("01", "02", "0101", "0102", "0201")
    return replace(panel, places=codes, cases=np.where(np.arange(5)[:, None] == 3, panel.cases // 20, panel.cases))


def run(panel, folder, makers=CHEAP, said=None):
    origins = panel.weeks[200:280:4]
    say = (said if said is not None else []).append
    return origins, benchmark.forecast(panel, origins, makers, ContentCache(folder), workers=1, say=say)


def tables(panel, folder, level):
    origins, runs = run(panel, folder)
    cube = benchmark.scored_cube(panel, origins, runs, level)
    costs = dict.fromkeys(cube.models, 0.1)
    return cube, benchmark.score_table(cube, level, costs), benchmark.week_table(cube, level)


def test_scores_by_brute_force(cheap, tmp_path):
    cube, table, weeks = tables(cheap, tmp_path, "province")
    assert cube.places == ("0101", "0102", "0201")
    validate("peru_benchmark_scores", table)
    validate("peru_benchmark_weeks", weeks)

    def loss(model, h):
        at = cube.horizons.index(h)
        parts = []
        for o, p in np.ndindex(*cube.observed.shape[:2]):
            y = cube.observed[o, p, at]
            q = cube.quantiles[model][o, p, at]
            parts += [2 * (y - v) * t if y >= v else 2 * (v - y) * (1 - t) for v, t in zip(q, LEVELS, strict=True)]
        return np.mean(parts)

    row = table[(table["model"] == "root-baseline") & (table["horizon"] == "3")].iloc[0]
    assert row["wis"] == pytest.approx(loss("root-baseline", 3))
    assert row["relative_wis"] == pytest.approx(loss("root-baseline", 3) / loss("hub-baseline", 3))
    assert row["relative_wis_low"] <= row["relative_wis"] <= row["relative_wis_high"]
    assert row["tasks"] == 20 * 3
    base = table[table["model"] == "hub-baseline"]
    assert (base[["relative_wis", "relative_wis_low", "relative_wis_log1p_high"]] == 1).all().all()
    y, q = cube.observed[:, :, 2], cube.quantiles["fusion"][:, :, 2]
    came = y > 0
    wanted = ((q[..., 2] <= y) & (y <= q[..., 20]))[came].mean()
    fusion = table[(table["model"] == "fusion") & (table["horizon"] == "3")].iloc[0]
    assert came.mean() < 1 and fusion["coverage_90_with_cases"] == pytest.approx(wanted)


def test_every_model_is_scored_on_the_same_whole_numbers(cheap, tmp_path):
    for level in benchmark.LEVEL_NAMES:
        cube, table, _ = tables(cheap, tmp_path, level)
        assert table.groupby("horizon")["tasks"].nunique().eq(1).all()
        for quantiles in cube.quantiles.values():
            np.testing.assert_array_equal(quantiles, np.round(quantiles))


def test_the_fusion_is_mixed_before_anything_is_rounded(cheap, tmp_path):
    origins, runs = run(cheap, tmp_path)
    cube = benchmark.scored_cube(cheap, origins, runs, "department")
    exact = Cube(
        origins, cube.places, cube.horizons, {name: r.quantiles[:, :2] for name, r in runs.items()}, cube.observed
    )

    def fused(members):
        pooled = pool(members, benchmark.WEIGHTS)
        return adjusted(pooled, *rolling_factors(pooled, cube.observed, origins, cube.horizons))

    np.testing.assert_array_equal(cube.quantiles["fusion"], fused(exact))
    assert (cube.quantiles["fusion"] != fused(cube)).any()


def test_a_forecast_that_knows_what_comes_allocates_perfectly(cheap, tmp_path):
    cube, _, _ = tables(cheap, tmp_path, "province")
    known = np.repeat(np.nan_to_num(cube.observed)[..., None], 23, axis=-1)
    cube = cube.with_model("oracle", known)
    assert benchmark.allocation(cube, "oracle") == pytest.approx(0, abs=1e-9)
    assert benchmark.allocation(cube, "hub-baseline") > 0


def test_what_was_run_is_read_again_and_other_content_is_run_anew(cheap, tmp_path):
    _, first = run(cheap, tmp_path)
    said = []
    _, second = run(cheap, tmp_path, said=said)
    assert not said
    for name in CHEAP:
        np.testing.assert_array_equal(first[name].quantiles, second[name].quantiles)
    changed = cheap.cases.copy()
    changed[0, 3] += 1
    run(replace(cheap, cases=changed), tmp_path, said=said)
    assert len(said) == len(CHEAP)


def test_models_are_fitted_anew_each_at_its_pace_and_a_last_run_of_one_origin_shares_the_fit_before():
    weeks = np.datetime64("2017-01-07") + np.arange(0, 4 * 27, 4).astype("timedelta64[W]")
    assert [len(run) for run in benchmark.runs_of(weeks, "auto-ets")] == [27]
    assert [len(run) for run in benchmark.runs_of(weeks, "net-root")] == [6, 6, 6, 6, 3]
    assert [len(run) for run in benchmark.runs_of(weeks[:1], "net-root")] == [1]
    assert set(peru.REFIT_WEEKS) <= set(benchmark.models())


class Broken(HubBaseline):
    def predict(self, panel, horizons=(1,)):
        return np.full((len(panel.places), len(horizons), 23), np.inf)


def test_a_forecast_that_is_not_finite_is_refused(cheap, tmp_path):
    with pytest.raises(PanelError, match="broken gave a forecast that is not finite"):
        run(cheap, tmp_path, {"broken": Broken})


def test_every_choice_is_on_record_and_its_weights_are_those_in_use():
    assert {"choice", "value", "chosen_on", "seen"} == set().union(*benchmark.RECORD)
    assert all(isinstance(text, str) and text for row in benchmark.RECORD for text in row.values())
    assert set(benchmark.WEIGHTS) <= set(benchmark.models())
    told = next(row["value"] for row in benchmark.RECORD if row["choice"] == "weights of the members")
    for name, weight in benchmark.WEIGHTS.items():
        assert f"{name} {weight:g}" in told


@pytest.fixture(scope="module")
def public(mirror):
    """Tables weekly_cases, places and population of the mirror."""
    return benchmark.tables_from_mirror(mirror)


@pytest.mark.mirror
def test_the_places_are_those_with_500_cases_before_2017(public):
    weekly, places, population = public
    panel = benchmark.joint_panel(weekly, places, population, selection_end=benchmark.SELECTION_END)
    early = weekly[weekly["week_end"] <= benchmark.SELECTION_END]
    for level, digits, count in (("department", 2, 16), ("province", 4, 38)):
        cases = early.groupby(early["ubigeo"].str[:digits])["cases"].sum()
        chosen = np.array(panel.places)[benchmark.of_level(panel.places, level)]
        assert len(chosen) == count and set(chosen) == set(cases.index[cases >= 500])
    whole = benchmark.joint_panel(weekly, places, population, selection_end=None)
    assert [int(benchmark.of_level(whole.places, level).sum()) for level in benchmark.LEVEL_NAMES] == [19, 66]


@pytest.mark.mirror
@pytest.mark.slow
def test_the_step_of_the_pipeline_writes_its_tables_and_keeps_what_it_ran(public, monkeypatch, tmp_path):
    monkeypatch.setattr(benchmark, "models", lambda: {"root-baseline": RootBaseline, "hub-baseline": HubBaseline})
    monkeypatch.setattr(benchmark, "WEIGHTS", {"root-baseline": 1.0})
    monkeypatch.setattr(benchmark, "FIRST_ORIGIN", "2022-09-01")
    monkeypatch.setattr(benchmark, "DRAWS", 20)
    ws = Workspace("public", root=tmp_path)
    for name, table in zip(("weekly_cases", "places", "population"), public, strict=True):
        ws.write(name, table)
    benchmark.run(ws)
    scores, weeks = ws.read("peru_benchmark_scores"), ws.read("peru_benchmark_weeks")
    assert set(scores["model"]) == set(weeks["model"]) == {"root-baseline", "hub-baseline", "fusion"}
    assert scores.groupby("level")["places"].first().to_dict() == {"department": 16, "province": 38}
    assert (weeks["reference_date"] >= "2022-09-01").all()
    assert len(list((tmp_path / ".build/cache/peru_dengue").glob("*.npz"))) == 2
