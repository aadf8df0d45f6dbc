"""Small models of every format, the same in any process."""

from __future__ import annotations

import numpy as np

from healthops import registry
from healthops.workspace import Workspace

FORMATS = ("json", "keras", "sklearn", "sklearn-text", "torch", "xgboost")
GIVEN = {
    "parameters": {"depth": 2},
    "training_span": {"first_week": "2010-01-09", "last_week": "2018-12-29"},
    "features": ["a", "b", "c", "d"],
    "metrics": {"wis": 3.25},
    "input_hashes": {"outbreak_panel": "0" * 64},
}


def grid():
    """Inputs (60, 4) and a target (60,)."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(60, 4))
    return x, (x[:, 0] + rng.normal(size=60) > 0).astype(float)


def sklearn_model():
    """A forest (its nodes have padding) behind a calibration."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.ensemble import RandomForestClassifier

    return CalibratedClassifierCV(RandomForestClassifier(4, random_state=0), cv=2).fit(*grid())


def text_model():
    """A vectorizer whose stop words are a set: their order hangs on the hash seed, its id on the process."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(ngram_range=(1, 2), stop_words=["el", "la", "un", "una"])
    words.fit(["fiebre alta", "dolor de la cabeza", "el dolor"])
    words.extra_words_ = {"dengue", "zika", "malaria", "fiebre", "tos"}
    return words


def torch_model():
    """A dense layer with fixed weights."""
    import torch

    torch.manual_seed(3)
    return torch.nn.Linear(4, 2)


def keras_model():
    """An LSTM and a dense layer that share one initializer and one name-giving counter."""
    import keras

    keras.utils.set_random_seed(3)
    start = keras.initializers.GlorotUniform(seed=1)
    layers = [
        keras.Input((3, 4), name="sequence"),
        keras.layers.LSTM(5, kernel_initializer=start, name="lstm"),
        keras.layers.Dense(2, kernel_initializer=start, name="head"),
    ]
    return keras.Sequential(layers, name="small")


def make_all(ws: Workspace) -> None:
    """Save one model of every format into `ws`; the xgboost one twice in two names."""
    import xgboost

    x, y = grid()
    boosters = {
        name: xgboost.train({"max_depth": 2, "nthread": 1}, xgboost.DMatrix(x, y), rounds)
        for name, rounds in (("h1", 5), ("h2", 6))
    }
    registry.save_xgboost(ws, "xgboost", boosters, GIVEN)
    registry.save_sklearn(ws, "sklearn", sklearn_model(), GIVEN)
    registry.save_sklearn(ws, "sklearn-text", text_model(), GIVEN)
    registry.save_torch(ws, "torch", torch_model(), {"in_features": 4, "out_features": 2}, GIVEN)
    registry.save_keras(ws, "keras", keras_model(), GIVEN)
    registry.save_json(ws, "json", {"weights": y}, GIVEN)
