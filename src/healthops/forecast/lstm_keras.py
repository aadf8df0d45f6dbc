"""The LSTM forecaster in Keras on TensorFlow."""

from __future__ import annotations

import os
import random
from contextlib import suppress

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from healthops.forecast.base import HORIZONS, LEVELS
from healthops.forecast.lstm import RECENT, LSTMForecaster, LSTMParameters, batches, stacking
from healthops.forecast.sequences import CHANNELS, STATIC, Sequences, Windows


def quantile_lstm(*, window: int, units: int, seed: int) -> keras.Model:
    """LSTM over the window, then dense layers that also see the newest weeks and the static inputs directly.

    Made of Keras's own layers only, each with a name of its own, so that the saved model loads without any code and
    does not depend on what the process built before.

    Returns
    -------
    keras.Model
        From (sequence (N, window, C), static (N, S)) to quantiles of the change, (N, H, 23).
    """
    # A seed that Keras is not given it draws from Python's global random numbers, and so do other threads of a worker.
    draws = random.Random(seed)
    kernel, recurrent, dropout, dense, heads = (draws.randint(1, 10**9) for _ in range(5))
    glorot, orthogonal = keras.initializers.GlorotUniform, keras.initializers.Orthogonal
    sequence = keras.Input((window, len(CHANNELS)), name="sequence")
    static = keras.Input((len(STATIC) + len(HORIZONS),), name="static")
    state = layers.LSTM(
        units,
        kernel_initializer=glorot(kernel),
        recurrent_initializer=orthogonal(seed=recurrent),
        seed=dropout,
        name="lstm",
    )(sequence)
    newest = layers.Flatten(name="newest")(layers.Cropping1D((window - RECENT, 0), name="crop")(sequence))
    hidden = layers.Dense(units, activation="relu", kernel_initializer=glorot(dense), name="hidden")(
        layers.Concatenate(name="state_and_inputs")([state, static, newest])
    )
    seen = layers.Concatenate(name="hidden_and_inputs")([hidden, static, newest])
    small = {"kernel_initializer": keras.initializers.VarianceScaling(0.1, seed=heads)}
    median = layers.Dense(len(HORIZONS), name="median", **small)(seen)
    narrow = keras.initializers.Constant(-3.0)
    steps = layers.Dense(
        len(HORIZONS) * (len(LEVELS) - 1), activation="softplus", bias_initializer=narrow, name="steps", **small
    )(seen)
    parts = [
        layers.Reshape((len(HORIZONS), 1), name="median_by_horizon")(median),
        layers.Reshape((len(HORIZONS), len(LEVELS) - 1), name="steps_by_horizon")(steps),
    ]
    stack = layers.Dense(len(LEVELS), use_bias=False, trainable=False, kernel_initializer="zeros", name="stack")
    quantiles = stack(layers.Concatenate(name="median_and_steps")(parts))
    stack.set_weights([stacking()])
    return keras.Model([sequence, static], quantiles, name="quantile_lstm")


class KerasLSTM(LSTMForecaster):
    """:class:`~healthops.forecast.lstm.LSTMForecaster`, its network and training in Keras on TensorFlow."""

    name = "lstm-keras"

    def __init__(self, parameters: LSTMParameters | None = None) -> None:
        super().__init__(parameters)
        # TensorFlow takes these before its first operation only; later, op determinism alone must do.
        with suppress(RuntimeError):
            tf.config.threading.set_intra_op_parallelism_threads(1)
            tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.config.experimental.enable_op_determinism()

    def _train(self, sequences: Sequences, seed: int) -> keras.Model:
        settings = self._parameters
        network = quantile_lstm(window=settings.window, units=settings.units, seed=seed % 2**32)
        falling = keras.optimizers.schedules.CosineDecay(settings.learning_rate, settings.steps, alpha=0.1)
        optimizer = keras.optimizers.Adam(falling, global_clipnorm=settings.clip)
        optimizer.build(network.trainable_variables)

        @tf.function
        def learn(sequence: tf.Tensor, static: tf.Tensor, target: tf.Tensor) -> None:
            with tf.GradientTape() as tape:
                loss = pinball(network([sequence, static], training=True), target)
            optimizer.apply(tape.gradient(loss, network.trainable_variables))

        for batch in batches(sequences, settings, np.random.default_rng(seed)):
            learn(*map(tf.constant, batch))
        return network

    def _quantiles(self, network: keras.Model, windows: Windows) -> np.ndarray:
        return np.asarray(network([windows.sequence, windows.static], training=False))


def pinball(quantiles: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Mean pinball loss of quantiles (N, H, 23) for targets (N, H)."""
    levels = tf.constant(LEVELS, dtype=quantiles.dtype)
    error = target[..., None] - quantiles
    return tf.reduce_mean(tf.maximum(levels * error, (levels - 1.0) * error))
