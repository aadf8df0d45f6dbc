"""Right chances are fit for overbooking; wrong ones are not, for anybody and for any group."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from healthops.risk.overbooking_fit import chances_to_overbook, fit_for_overbooking, refused_by_chance


def made(size: int = 60_000, seed: int = 2) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    chance = expit(rng.normal(-1.4, 1.0, size))
    groups = pd.DataFrame({"sex": rng.choice(["female", "male"], size), "area": rng.choice(["a", "b", "c"], size)})
    return rng.random(size) < chance, chance, groups


def test_right_chances_are_accepted():
    came_not, chance, groups = made()
    verdict = fit_for_overbooking(came_not, chance, groups)
    assert verdict.accepted and not verdict.reasons
    table = verdict.groups
    assert table[["attribute", "group"]].agg(" ".join, axis=1).tolist() == [
        "all all", "sex female", "sex male", "area a", "area b", "area c",
    ]  # fmt: skip
    male = (groups["sex"] == "male").to_numpy()
    row = table[table["group"] == "male"].iloc[0]
    assert row["n"] == male.sum() and row["events"] == came_not[male].sum()
    assert row["expected_ratio"] == pytest.approx(came_not[male].sum() / chance[male].sum())


def test_the_slope_is_that_of_a_logistic_regression_on_the_log_odds():
    came_not, chance, groups = made(8000)
    said = expit(1.7 * logit(chance) + 0.3)
    row = fit_for_overbooking(came_not, said, groups).groups.iloc[0]
    x = logit(said)[:, None]
    plain = LogisticRegression(C=np.inf, tol=1e-10).fit(x, came_not)
    assert row["slope"] == pytest.approx(plain.coef_[0, 0], abs=1e-4)
    q = plain.predict_proba(x)[:, 1]
    design = np.column_stack([np.ones(len(x)), x])
    error = np.sqrt(np.linalg.inv((design * (q * (1 - q))[:, None]).T @ design)[1, 1])
    assert (row["slope_high"] - row["slope_low"]) / (2 * 1.959964) == pytest.approx(error, rel=1e-3)


def test_a_slope_of_41_hundredths_is_refused():
    came_not, chance, groups = made()
    # Far too extreme, and right on average: only the slope tells.
    tilted = logit(chance) / 0.41
    said = expit(tilted + brentq(lambda s: expit(tilted + s).mean() - came_not.mean(), -9, 9))
    verdict = fit_for_overbooking(came_not, said, groups)
    row = verdict.groups.iloc[0]
    assert not verdict.accepted and not verdict.groups["accepted"].any()
    assert row["slope"] == pytest.approx(0.41, abs=0.01) and 0.99 < row["expected_ratio"] < 1.01
    assert not row["by_chance"] and verdict.reasons[0].startswith("all all: slope 0.4")


def test_one_wrong_group_refuses_the_model():
    came_not, chance, groups = made()
    said = np.where(groups["area"] == "c", expit(logit(chance) + 0.1), expit(logit(chance) - 0.05))
    verdict = fit_for_overbooking(came_not, said, groups)
    table = verdict.groups.set_index("group")
    assert table.loc["all", "accepted"] and not table.loc["c", "accepted"] and not verdict.accepted
    assert "no-shows over expected" in table.loc["c", "reason"] and verdict.reasons[0].startswith("area c")


def test_a_refusal_makes_the_flat_rate_be_used():
    came_not, chance, groups = made()
    flat = np.full(len(chance), came_not.mean())
    used, rate = chances_to_overbook(fit_for_overbooking(came_not, chance, groups), chance, flat)
    assert rate == "model" and (used == chance).all()
    # Right for everybody together, wrong for one group: nobody is overbooked by it, of that group or another.
    wrong = np.where(groups["area"] == "c", expit(logit(chance) + 0.1), expit(logit(chance) - 0.05))
    used, rate = chances_to_overbook(fit_for_overbooking(came_not, wrong, groups), wrong, flat)
    assert rate == "flat" and (used == came_not.mean()).all()
    with pytest.raises(ValueError, match="60000 chances of the model and 9 flat rates"):
        chances_to_overbook(fit_for_overbooking(came_not, chance, groups), chance, flat[:9])


def test_groups_that_are_small_or_alike_prove_nothing():
    came_not, chance, groups = made()
    few = groups.assign(sex=np.where(np.arange(len(groups)) < 40, "other", groups["sex"]))
    row = fit_for_overbooking(came_not, chance, few).groups.set_index("group").loc["other"]
    assert not row["accepted"] and "fewer than 30" in row["reason"] and np.isnan(row["slope"])
    flat = fit_for_overbooking(came_not, np.full(len(chance), came_not.mean()), groups)
    assert not flat.accepted and "has no slope" in flat.groups["reason"].iloc[0]


def test_chance_may_refuse_and_the_table_says_so():
    came_not, chance, groups = made(3000, seed=8)
    narrow = fit_for_overbooking(came_not, chance, groups, ratio=(0.9999, 1.0001)).groups.iloc[0]
    assert not narrow["accepted"] and narrow["by_chance"]


def test_how_often_chance_refuses_is_what_redrawing_says():
    _, chance, groups = made(1500, seed=3)
    rng = np.random.default_rng(1)
    redrawn = [
        not fit_for_overbooking(rng.random(len(chance)) < chance, chance, groups, least=1).accepted for _ in range(60)
    ]
    assert refused_by_chance(chance, groups, draws=2000, seed=1) == pytest.approx(np.mean(redrawn), abs=0.1)
    everybody = pd.DataFrame({"all": ["x"] * len(chance)})
    assert refused_by_chance(chance, everybody, slope=(0, 9), ratio=(0, 9), draws=50, seed=1) == 0


@pytest.mark.parametrize("said", [[0.0, 0.5], [0.5, 1.0], [np.nan, 0.5]])
def test_what_is_no_chance_is_refused(said):
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        fit_for_overbooking(np.array([True, False]), np.array(said), pd.DataFrame({"a": ["x", "y"]}))
    with pytest.raises(ValueError, match="give one of each"):
        fit_for_overbooking(np.array([True]), np.array(said), pd.DataFrame({"a": ["x", "y"]}))
