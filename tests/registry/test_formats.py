"""Every format gives back a model that predicts the same, and makes nothing that nobody vouched for."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from healthops import registry
from healthops.workspace import REPOSITORY, Workspace

from .make_models import FORMATS, grid, keras_model, make_all, sklearn_model, torch_model


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Workspace in which every format was saved by this process."""
    ws = Workspace("smoke", root=tmp_path_factory.mktemp("saved"))
    make_all(ws)
    return ws


def test_saving_again_and_in_another_process_gives_the_same_bytes(saved, tmp_path):
    """The other process has another hash seed, other addresses of memory, another time and another folder."""
    program = f"from tests.registry.make_models import *; make_all(Workspace('smoke', root={str(tmp_path)!r}))"
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([sys.executable, "-c", program], check=True, cwd=REPOSITORY, env=environment)
    there = Workspace("smoke", root=tmp_path)
    for name in FORMATS:
        files = sorted(path.name for path in saved.model(name).iterdir())
        assert files == sorted(path.name for path in there.model(name).iterdir())
        for file in files:
            assert (saved.model(name) / file).read_bytes() == (there.model(name) / file).read_bytes(), (name, file)


def test_xgboost_comes_back(saved):
    import xgboost

    x, y = grid()
    booster = xgboost.train({"max_depth": 2, "nthread": 1}, xgboost.DMatrix(x, y), 5)
    loaded = registry.load_xgboost(saved, "xgboost")
    assert sorted(loaded) == ["h1", "h2"]
    np.testing.assert_array_equal(loaded["h1"].predict(xgboost.DMatrix(x)), booster.predict(xgboost.DMatrix(x)))


def test_sklearn_comes_back(saved):
    x, _ = grid()
    loaded = registry.load_sklearn(saved, "sklearn")
    np.testing.assert_array_equal(loaded.predict_proba(x), sklearn_model().predict_proba(x))


def test_torch_comes_back_and_must_fit_the_module(saved):
    import torch

    from healthops.registry import RegistryError

    x = torch.from_numpy(grid()[0]).float()
    loaded = registry.load_torch(saved, "torch", torch.nn.Linear)
    np.testing.assert_array_equal(loaded(x).detach(), torch_model()(x).detach())
    with pytest.raises(RegistryError, match="does not fit"):
        registry.load_torch(saved, "torch", lambda in_features, out_features: torch.nn.Linear(out_features, 7))


def test_keras_comes_back(saved):
    sequence = np.repeat(grid()[0].astype("float32")[:, None, :], 3, axis=1)
    loaded = registry.load_keras(saved, "keras")
    np.testing.assert_array_equal(np.asarray(loaded(sequence)), np.asarray(keras_model()(sequence)))


def test_keras_with_code_is_refused_on_saving_and_on_loading(saved, given, monkeypatch):
    import keras

    from healthops.registry import _keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x + 1)])
    with pytest.raises(registry.UntrustedError, match="Lambda"):
        registry.save_keras(saved, "lambda", model, given)
    with monkeypatch.context() as patched:
        patched.setattr(_keras, "_vouch", lambda *_: None)
        registry.save_keras(saved, "lambda", model, given)
    with pytest.raises(registry.UntrustedError, match="Lambda"):
        registry.load_keras(saved, "lambda")


def test_keras_with_a_foreign_class_is_refused(saved):
    from healthops.registry._keras import _vouch
    from healthops.registry.stable import pack

    config = {"class_name": "Sequential", "module": "keras", "config": [{"class_name": "system", "module": "os"}]}
    with pytest.raises(registry.UntrustedError, match="os.system"):
        _vouch("evil", pack({"config.json": json.dumps(config).encode()}))


def test_sklearn_with_an_unknown_type_is_refused_until_vouched_for(saved, given):
    from sklearn.preprocessing import FunctionTransformer

    model = FunctionTransformer(np.loadtxt)
    with pytest.raises(registry.UntrustedError, match="loadtxt"):
        registry.save_sklearn(saved, "reader", model, given)
    registry.save_sklearn(saved, "reader", model, given, trusted=["numpy.loadtxt"])
    with pytest.raises(registry.UntrustedError, match="loadtxt"):
        registry.load_sklearn(saved, "reader")
    assert registry.load_sklearn(saved, "reader", trusted=["numpy.loadtxt"]).func is np.loadtxt


def test_archives_carry_no_time_and_no_address(saved):
    for name, file in [("keras", "model.keras"), ("sklearn", "model.skops")]:
        with zipfile.ZipFile(io.BytesIO((saved.model(name) / file).read_bytes())) as archive:
            assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            assert archive.namelist() == sorted(archive.namelist())
