"""Planted clusters are found and called stable; none are invented with confidence where there are none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops import registry
from healthops.features import campaign_clusters as clusters
from healthops.features.grid import FeatureError
from healthops.workspace import Workspace
from tests.features.made_campaign import DISTRICTS, WEEKS, campaign

COLUMNS = [*clusters.BEHAVIOUR, *clusters.CIRCUMSTANCES]


def planted(kinds: int, *, each: int = 40, apart: float = 6.0, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    kind = np.repeat(np.arange(kinds), each)
    centre = apart * np.linalg.qr(rng.standard_normal((len(COLUMNS), kinds)))[0].T
    table = pd.DataFrame(centre[kind] + rng.standard_normal((len(kind), len(COLUMNS))), columns=COLUMNS)
    return table.set_axis([f"{k:06d}" for k in range(len(table))]), kind


def test_planted_clusters_are_found_and_stable():
    from sklearn.metrics import adjusted_rand_score

    table, kind = planted(3)
    trials = clusters.choose(table, range(2, 7), seed=1, draws=6)
    assert trials.loc[trials["chosen"], "clusters"].tolist() == [3]
    best = trials[trials["chosen"]].iloc[0]
    assert best["stability"] > 0.95 and best["silhouette"] > best["silhouette_shuffled"] + 0.2
    found = clusters.assign(table, clusters.clusterer(3, seed=1).fit(table), seed=1, draws=4)
    assert adjusted_rand_score(kind, found["cluster"]) > 0.95
    assert found["stability"].mean() > 0.95 and sorted(set(found["cluster"])) == [1, 2, 3]
    assert table["reached_pct"].groupby(found["cluster"].to_numpy()).mean().is_monotonic_increasing
    assert trials["smallest"].iloc[1] == np.bincount(found["cluster"])[1:].min()


def test_noise_is_not_stable():
    table, _ = planted(1, each=90)
    trials = clusters.choose(table, range(2, 6), seed=1, draws=6, min_stability=0.8)
    assert (trials["stability"] < 0.8).all()
    assert trials["chosen"].sum() == 1 and trials.loc[trials["chosen"], "stability"].item() == trials["stability"].max()


def test_the_most_stable_is_not_taken_where_others_are_stable_enough():
    table, _ = planted(4, each=30, apart=8.0)
    trials = clusters.choose(table, range(2, 6), seed=1, draws=6, min_stability=0.5)
    stable = trials[trials["stability"] >= 0.5]
    assert trials.loc[trials["chosen"], "silhouette"].item() == stable["silhouette"].max()


@pytest.mark.parametrize("ks", [[1, 2], [2, 60], []])
def test_impossible_numbers_are_refused(ks):
    with pytest.raises(FeatureError, match="try numbers from 2 to 59"):
        clusters.choose(planted(3)[0], ks, seed=1)


def test_traits_are_counted_up_to_the_date():
    tables, until = campaign(), WEEKS[15]
    found = clusters.traits(tables, until=until, first_group="older_and_health_workers")
    assert list(found.columns) == COLUMNS and sorted(found.index) == sorted(DISTRICTS)
    uptake = tables["vaccine_uptake"]
    seen = uptake[(uptake["week_end"] <= until) & (uptake["ubigeo"] == "010201")]
    people = tables["priority_population"][tables["priority_population"]["ubigeo"] == "010201"].set_index("group")[
        "people"
    ]
    assert found.loc["010201", "reached_pct"] == pytest.approx(100 * seen["first_doses"].sum() / people.sum())
    old = seen[seen["group"] == "older_and_health_workers"]["first_doses"].sum()
    assert found.loc["010201", "reached_first_group_pct"] == pytest.approx(
        100 * old / people["older_and_health_workers"]
    )
    share = seen["second_doses"].sum() / seen["first_doses"].sum()
    assert found.loc["010201", "full_of_first_share"] == pytest.approx(share)
    weekly = seen.groupby("week_end")["first_doses"].sum().to_numpy()
    whole, part = divmod(found.loc["010201", "weeks_to_half"], 1)
    assert weekly[: int(whole)].sum() + part * weekly[int(whole)] == pytest.approx(weekly.sum() / 2)
    uptake.loc[uptake["week_end"] > until, ["demand", "first_doses", "second_doses"]] = 1e6
    pd.testing.assert_frame_equal(clusters.traits(tables, until=until, first_group="older_and_health_workers"), found)


def test_bad_dates_and_groups_are_named():
    with pytest.raises(FeatureError, match="no week up to 2020-01-01; it begins 2021-02-13"):
        clusters.traits(campaign(), until="2020-01-01", first_group="adults")
    with pytest.raises(FeatureError, match="no group 'nurses'"):
        clusters.traits(campaign(), until=WEEKS[9], first_group="nurses")


def test_explained_is_the_square_of_the_correlation():
    x = np.arange(20.0)
    table = pd.DataFrame({"x": x, "line": 3 - 2 * x, "none": np.tile([1.0, -1.0, -1.0, 1.0], 5), "flat": 1.0})
    found = clusters.explained_by(table, "x", ["line", "none", "flat"])
    assert found["line"] == pytest.approx(1) and found["none"] == pytest.approx(0, abs=1e-12) and found["flat"] == 0


def test_the_model_is_saved_without_code_and_gives_the_same_clusters(tmp_path):
    table, _ = planted(3)
    model = clusters.clusterer(3, seed=2).fit(table)
    ws = Workspace("smoke", root=tmp_path)
    told = registry.describe(
        ws, parameters={"k": 3}, training_span=(WEEKS[0], WEEKS[9]), features=COLUMNS, metrics={"silhouette": 0.5}
    )
    registry.save_sklearn(ws, "c", model, told, trusted=clusters.TRUSTED_TYPES)
    again = registry.load_sklearn(ws, "c", trusted=clusters.TRUSTED_TYPES)
    np.testing.assert_array_equal(again.predict(table), model.predict(table))
