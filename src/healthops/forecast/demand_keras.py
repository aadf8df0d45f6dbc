"""The sequence model of vaccine demand: its network and its training in Keras on TensorFlow."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from healthops.forecast.base import LEVELS
from healthops.forecast.lstm import stacking

if TYPE_CHECKING:
    from healthops.forecast.demand_learners import DemandParameters


def network(*, window: int, channels: int, features: int, horizons: int, units: int, dropout: float) -> keras.Model:
    """LSTM over the window, then a dense layer that also sees the features; quantiles that cannot cross.

    Returns
    -------
    keras.Model
        From (sequence (N, window, channels), static (N, features)) to quantiles of the change, (N, horizons, 23).
    """
    sequence = keras.Input((window, channels), name="sequence")
    static = keras.Input((features,), name="static")
    state = layers.LSTM(units, name="lstm")(sequence)
    seen = layers.Dropout(dropout, name="dropout")(layers.Concatenate(name="seen")([state, static]))
    hidden = layers.Dense(units, activation="relu", name="hidden")(seen)
    small = {"kernel_initializer": keras.initializers.VarianceScaling(0.1)}
    median = layers.Reshape((horizons, 1), name="median_by_horizon")(
        layers.Dense(horizons, name="median", **small)(hidden)
    )
    narrow = keras.initializers.Constant(-3.0)
    steps = layers.Dense(
        horizons * (len(LEVELS) - 1), activation="softplus", bias_initializer=narrow, name="steps", **small
    )
    between = layers.Reshape((horizons, len(LEVELS) - 1), name="steps_by_horizon")(steps(hidden))
    stack = layers.Dense(len(LEVELS), use_bias=False, trainable=False, name="stack")
    quantiles = stack(layers.Concatenate(name="median_and_steps")([median, between]))
    stack.set_weights([stacking()])
    return keras.Model([sequence, static], quantiles, name="demand")


def train(
    sequence: np.ndarray, static: np.ndarray, target: np.ndarray, settings: DemandParameters, *, seed: int
) -> keras.Model:
    """Fit one network by the pinball loss over the targets that are known; the same seed gives the same weights."""
    # TensorFlow takes these before its first operation only; later, op determinism alone must do.
    with suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(seed % 2**32)
    rng = np.random.default_rng(seed)
    batch = min(settings.batch, len(target))
    net = network(
        window=sequence.shape[1], channels=sequence.shape[2], features=static.shape[1], horizons=target.shape[1],
        units=settings.units, dropout=settings.dropout,
    )  # fmt: skip
    whole = len(target) // batch
    falling = keras.optimizers.schedules.CosineDecay(settings.learning_rate, settings.epochs * whole, alpha=0.05)
    optimizer = keras.optimizers.Adam(falling, global_clipnorm=1.0)
    optimizer.build(net.trainable_variables)

    @tf.function
    def learn(seq: tf.Tensor, stat: tf.Tensor, want: tf.Tensor, known: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            loss = masked_pinball(net([seq, stat], training=True), want, known)
        optimizer.apply(tape.gradient(loss, net.trainable_variables))

    told = np.isfinite(target).astype(np.float32)
    wanted = np.nan_to_num(target)
    for _ in range(settings.epochs):
        order = rng.permutation(len(target))[: whole * batch]
        for rows in order.reshape(whole, batch):
            learn(*(tf.constant(part[rows]) for part in (sequence, static, wanted, told)))
    return net


def masked_pinball(quantiles: tf.Tensor, target: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
    """Mean pinball loss of quantiles (N, H, 23) for the targets (N, H) whose `known` is 1."""
    levels = tf.constant(LEVELS, dtype=quantiles.dtype)
    error = target[..., None] - quantiles
    loss = tf.reduce_mean(tf.maximum(levels * error, (levels - 1.0) * error), axis=-1)
    return tf.reduce_sum(loss * known) / tf.maximum(tf.reduce_sum(known), 1.0)
