"""Reasons add up to the log odds; linear ones are coefficients, those of trees are enumerated."""

from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from healthops.risk import classifiers, nested, reasons
from healthops.risk.classifiers import RiskModelError

THEMES = (
    reasons.Theme("heat", ("temp", "fever"), "{temp:.1f} deg C", "not measured"),
    reasons.Theme("water", ("water",), "{water}"),
    reasons.Theme("age", ("age",), "{age:.0f} years"),
)


@pytest.fixture(scope="module")
def made():
    rng = np.random.default_rng(7)
    n = 400
    X = pd.DataFrame(
        {"temp": rng.normal(37, 1, n), "water": rng.choice(["piped", "river"], n), "age": rng.uniform(0, 90, n)}
    )
    X["fever"] = (X["temp"] > 38).astype(float)
    chance = 1 / (1 + np.exp(-(-2 + X["fever"] * 2 + (X["water"] == "river") + X["age"] / 40)))
    X.loc[:9, "temp"] = np.nan
    y = (rng.random(n) < chance).astype(int).to_numpy()
    grids = {"logistic regression": {"C": [1.0]}, "random forest": {"n_estimators": [5]},
             "XGBoost": {"n_estimators": [20], "max_depth": [2]}}  # fmt: skip
    makers = classifiers.candidates(X, grids, seed=0)
    return X.rename_axis("person"), nested.fit_kinds(makers, X, y, np.arange(n), folds=3, alpha=0.1, seed=0)


@pytest.mark.parametrize("kind", classifiers.ADDITIVE)
def test_parts_add_up_to_the_calibrated_log_odds(made, kind):
    X, fitted = made
    effect, base = reasons.effects(fitted[kind], X, X)
    assert list(effect.columns) == list(X.columns)
    np.testing.assert_allclose(base + effect.sum(axis=1), logit(fitted[kind].probability(X)[:, 1]), atol=1e-4)


def test_a_linear_part_is_what_changing_the_feature_changes(made):
    X, fitted = made
    effect, _ = reasons.effects(fitted["logistic regression"], X, X)
    older = X.assign(age=X["age"] + 10)
    moved, _ = reasons.effects(fitted["logistic regression"], older, X)
    change = logit(fitted["logistic regression"].probability(older)[:, 1]) - logit(
        fitted["logistic regression"].probability(X)[:, 1]
    )
    np.testing.assert_allclose(moved["age"] - effect["age"], change, atol=1e-9)
    assert abs(effect.mean()).max() < 1e-9


def test_parts_of_trees_are_shapley_values():
    """By enumeration over subsets on one tree, with the rows that went each way as weights."""
    rng = np.random.default_rng(1)
    X = pd.DataFrame(rng.integers(0, 2, (300, 3)).astype(float), columns=["a", "b", "c"])
    y = (rng.random(300) < np.where((X["a"] == 1) & (X["b"] == 1), 0.9, 0.2)).astype(int)
    grid = {"XGBoost": {"n_estimators": [1], "max_depth": [3], "reg_lambda": [0.0], "min_child_weight": [0.0]}}
    makers = classifiers.candidates(X, grid, seed=0)
    fitted = nested.fit_kinds(makers, X, y, np.arange(300), folds=3, alpha=0.1, seed=0)["XGBoost"]
    effect, _ = reasons.effects(fitted, X, X)
    tree = fitted.model["model"].get_booster().trees_to_dataframe().set_index("ID")
    row = X.iloc[0]

    def value(node, known):
        at = tree.loc[node]
        if at["Feature"] == "Leaf":
            return at["Gain"]
        # The encoder hands columns on in the order of X, under XGBoost's names f0, f1, f2.
        name = X.columns[int(at["Feature"][1:])]
        if name in known:
            return value(at["Yes"] if row[name] < at["Split"] else at["No"], known)
        yes, no = tree.loc[at["Yes"], "Cover"], tree.loc[at["No"], "Cover"]
        return (yes * value(at["Yes"], known) + no * value(at["No"], known)) / (yes + no)

    for name in X:
        others = [f for f in X if f != name]
        total = 0.0
        for size in range(3):
            for known in combinations(others, size):
                weight = factorial(size) * factorial(2 - size) / factorial(3)
                total += weight * (value("0-0", {*known, name}) - value("0-0", set(known)))
        assert effect.loc[0, name] == pytest.approx(fitted.recalibration.slope * total, abs=1e-4)


def test_a_model_without_exact_parts_is_refused(made):
    X, fitted = made
    with pytest.raises(RiskModelError, match="no exact parts"):
        reasons.effects(fitted["random forest"], X, X)


def test_the_strongest_themes_come_first_in_words(made):
    X, fitted = made
    effect, _ = reasons.effects(fitted["logistic regression"], X, X)
    found = reasons.strongest(X, effect, themes=THEMES, reasons=2)
    assert (found.groupby("person")["rank"].agg(list).map(tuple) == (1, 2)).all()
    by_theme = reasons.theme_effects(effect, THEMES)
    np.testing.assert_allclose(by_theme.sum(axis=1), effect.sum(axis=1))
    first = found[found["rank"] == 1].set_index("person")
    np.testing.assert_allclose(first["effect"].abs(), by_theme.abs().max(axis=1))
    assert set(found.loc[(found["label"] == "heat") & (found["person"] < 10), "value"]) <= {"not measured"}
    with pytest.raises(RiskModelError, match=r"\['age'\] are in no theme"):
        reasons.theme_effects(effect, THEMES[:2])


def test_every_feature_of_the_register_speaks_of_one_theme():
    from healthops.features.community_catalogue import names

    told = [name for theme in reasons.THEMES for name in theme.features]
    assert sorted(told) == sorted(names("community"))
