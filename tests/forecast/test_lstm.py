"""Both LSTMs: what they give, that they learn, and that a seed fixes them."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys

import numpy as np
import pytest

from healthops.evaluate.scores import pinball, wis
from healthops.forecast.base import LEVELS, Panel
from healthops.forecast.baselines import HubBaseline
from healthops.forecast.lstm import LSTMParameters, stacking
from healthops.workspace import REPOSITORY

TINY = LSTMParameters(window=12, units=6, epochs=1, batch=32, windows_per_epoch=128, members=2)


def seasonal_panel(years=6, places=6):
    """Poisson counts around a yearly wave whose height differs by place."""
    rng = np.random.default_rng(11)
    weeks = np.datetime64("2010-01-09") + 7 * np.arange(52 * years)
    wave = np.exp(1.5 * np.sin(2 * np.pi * np.arange(52 * years) / 52))
    height = np.linspace(5, 60, places)
    cases = rng.poisson(height[:, None] * wave).astype(float)
    return Panel(tuple(f"{p:02d}" for p in range(1, places + 1)), weeks, cases, height * 4000.0)


def make(kind, parameters=TINY):
    if kind == "torch":
        from healthops.forecast.lstm_torch import TorchLSTM

        return TorchLSTM(parameters)
    from healthops.forecast.lstm_keras import KerasLSTM

    return KerasLSTM(parameters)


@pytest.fixture(scope="module", params=["keras", "torch"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def fitted(kind):
    return make(kind).fit(seasonal_panel(), seed=3)


def test_quantiles_have_their_shape_and_never_cross_or_fall_below_zero(fitted):
    forecast = fitted.predict(seasonal_panel())
    assert forecast.shape == (6, 8, 23)
    assert np.isfinite(forecast).all() and (forecast >= 0).all()
    assert (np.diff(forecast, axis=-1) >= 0).all()
    assert (forecast[..., -1] > forecast[..., 0]).all()


def test_horizons_are_picked_by_number(fitted):
    panel = seasonal_panel()
    np.testing.assert_array_equal(fitted.predict(panel, [8, 2]), fitted.predict(panel)[:, [7, 1]])
    with pytest.raises(ValueError, match=r"\[9\]"):
        fitted.predict(panel, [1, 9])


def test_places_may_come_in_any_order(fitted):
    """Only the mean over places joins them, so an order changes no more than the last digits of sums."""
    panel, order = seasonal_panel(), [3, 0, 5, 1, 4, 2]
    turned = Panel(tuple(panel.places[p] for p in order), panel.weeks, panel.cases[order], panel.population[order])
    np.testing.assert_allclose(fitted.predict(turned), fitted.predict(panel)[order], rtol=1e-4, atol=1e-4)


def test_what_comes_after_the_panel_does_not_matter(fitted):
    panel = seasonal_panel()
    week = panel.weeks[250]
    future = panel.cases.copy()
    future[:, 251:] = 999.0
    other = Panel(panel.places, panel.weeks, future, panel.population)
    np.testing.assert_array_equal(fitted.predict(panel.until(week)), fitted.predict(other.until(week)))
    assert np.abs(fitted.predict(panel) - fitted.predict(panel.until(week))).max() > 0


def test_a_past_shorter_than_the_window_and_gaps_still_give_a_forecast(fitted):
    panel = seasonal_panel().until("2010-02-20")
    panel.cases[2, 3:] = np.nan
    assert np.isfinite(fitted.predict(panel)).all()


def test_the_seed_decides(kind, fitted):
    panel = seasonal_panel()
    np.testing.assert_array_equal(make(kind).fit(panel, seed=3).predict(panel), fitted.predict(panel))
    assert np.abs(make(kind).fit(panel, seed=4).predict(panel) - fitted.predict(panel)).max() > 0


def test_it_learns_a_season_that_the_last_value_cannot_tell(kind):
    panel = seasonal_panel()
    settings = LSTMParameters(window=16, units=12, epochs=5, batch=64, windows_per_epoch=1024, members=1)
    model = make(kind, settings).fit(panel.until(panel.weeks[259]), seed=1)
    ratio = np.mean([_wis(model, panel, t) for t in range(259, 304, 4)]) / np.mean(
        [_wis(HubBaseline(), panel, t) for t in range(259, 304, 4)]
    )
    assert ratio < 0.7


def _wis(model, panel, t):
    return wis(model.predict(panel.until(panel.weeks[t])), panel.cases[:, t + 1 : t + 9]).mean()


def digest(kind):
    """Sha256 of a forecast by a freshly trained network."""
    panel = seasonal_panel()
    return hashlib.sha256(make(kind).fit(panel, seed=3).predict(panel).tobytes()).hexdigest()


def test_another_process_gives_the_same_forecast_bit_for_bit():
    program = "from tests.forecast.test_lstm import digest; print(digest('torch'), digest('keras'))"
    environment = {**os.environ, "PYTHONHASHSEED": "99", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, cwd=REPOSITORY, env=environment, capture_output=True, text=True
    )
    assert done.stdout.split() == [digest("torch"), digest("keras")]


def test_forecasting_before_learning_is_an_error(kind):
    with pytest.raises(RuntimeError, match="has not learnt yet"):
        make(kind).predict(seasonal_panel())


def test_the_stack_adds_steps_on_both_sides_of_the_median():
    rng = np.random.default_rng(0)
    median, steps = 2.0, rng.random(22)
    expected = np.concatenate([median - np.cumsum(steps[:11][::-1])[::-1], [median], median + np.cumsum(steps[11:])])
    np.testing.assert_allclose(np.concatenate([[median], steps]) @ stacking(), expected, rtol=1e-6)


def test_both_frameworks_compute_the_same_network_from_the_same_weights():
    """Torch and Keras order the gates alike; Keras has one bias where torch has two."""
    import torch

    keras_model = make("keras").fit(seasonal_panel(), seed=5).members[0]
    weights = {w.path: np.asarray(w) for w in keras_model.weights}
    forecaster = make("torch")
    from healthops.forecast.lstm_torch import QuantileLSTM

    module = QuantileLSTM(**forecaster.architecture())
    state = {
        "lstm.weight_ih_l0": weights["lstm/lstm_cell/kernel"].T,
        "lstm.weight_hh_l0": weights["lstm/lstm_cell/recurrent_kernel"].T,
        "lstm.bias_ih_l0": weights["lstm/lstm_cell/bias"],
        "lstm.bias_hh_l0": np.zeros_like(weights["lstm/lstm_cell/bias"]),
    }
    for layer in ("hidden", "median", "steps"):
        state[f"{layer}.weight"], state[f"{layer}.bias"] = weights[f"{layer}/kernel"].T, weights[f"{layer}/bias"]
    module.load_state_dict({k: torch.tensor(v.copy()) for k, v in state.items()})
    rng = np.random.default_rng(2)
    sequence, static = rng.normal(size=(7, 12, 5)).astype("float32"), rng.normal(size=(7, 12)).astype("float32")
    there = module(torch.from_numpy(sequence), torch.from_numpy(static)).detach().numpy()
    np.testing.assert_allclose(there, np.asarray(keras_model([sequence, static])), rtol=1e-4, atol=1e-5)


def test_the_loss_is_the_mean_pinball_loss():
    import torch

    from healthops.forecast import lstm_keras, lstm_torch

    rng = np.random.default_rng(4)
    quantiles = np.sort(rng.normal(size=(5, 8, 23)), axis=-1).astype("float32")
    target = rng.normal(size=(5, 8)).astype("float32")
    expected = pinball(quantiles, target, LEVELS).mean()
    assert float(lstm_torch.pinball(torch.from_numpy(quantiles), torch.from_numpy(target))) == pytest.approx(expected)
    assert float(lstm_keras.pinball(quantiles, target)) == pytest.approx(expected)


def test_the_saved_network_gives_the_same_forecast(kind, fitted, tmp_path):
    from healthops import registry
    from healthops.workspace import Workspace

    ws, panel = Workspace("smoke", root=tmp_path), seasonal_panel()
    metadata = registry.describe(
        ws,
        parameters=fitted.parameters(),
        training_span=(panel.weeks[0], panel.weeks[-1]),
        features=fitted.features(),
        metrics={},
    )
    named = fitted.networks()
    assert list(named) == ["member-1", "member-2"]
    again = make(kind)
    if kind == "torch":
        from healthops.forecast.lstm_torch import QuantileLSTM

        registry.save_torch(ws, "lstm", named, fitted.architecture(), metadata)
        again.members = list(registry.load_torch(ws, "lstm", QuantileLSTM).values())
    else:
        registry.save_keras(ws, "lstm", named, metadata)
        again.members = list(registry.load_keras(ws, "lstm").values())
    np.testing.assert_array_equal(again.predict(panel), fitted.predict(panel))


@pytest.mark.parametrize(
    "wrong",
    [
        {"window": 7},  # shorter than the weeks that the head sees directly
        {"units": 0},
        {"epochs": 1.5},
        {"members": True},
        {"learning_rate": 0.0},
        {"half_life_years": -1.0},
        {"batch": 512, "windows_per_epoch": 256},  # not one batch
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        LSTMParameters(**wrong)


def test_the_network_does_not_listen_to_the_numbers_that_others_draw():
    """Other threads of a Dask worker draw from Python's global random numbers while the network is built."""
    from healthops.forecast.lstm_keras import quantile_lstm

    networks = []
    for state in (1, 2):
        random.seed(state)
        networks.append(quantile_lstm(window=20, units=3, seed=7).get_weights())
        assert random.random() == random.Random(state).random()
    assert all(np.array_equal(a, b) for a, b in zip(*networks, strict=True))
