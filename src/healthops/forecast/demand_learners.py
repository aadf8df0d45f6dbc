"""Demand learnt from recorded weeks: boosted trees, and a sequence model in Keras.

Both forecast how far a coming week lies from the saturation curve (:func:`healthops.forecast.demand.saturation`), on
the scale of square roots, on which a dose weighs more where there are few. One campaign is little to learn from, and
its weeks are alike in all places: what they see is kept to a few numbers that do not tell the date. All of them are
shares of people, so that what is learnt of one set of places can be asked of another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from healthops.forecast.base import HORIZONS, LEVELS
from healthops.forecast.demand import Campaign, DemandError, DemandForecaster, four_weeks, last_known, saturation, state
from healthops.forecast.standard import Standard
from healthops.forecast.trees import TreesLearner

if TYPE_CHECKING:
    import keras

#: Channels of the sequence model, week by week of its window.
CHANNELS = ("root_pace", "root_pace_change", "coverage", "left", "root_pace_elsewhere")


@dataclass(frozen=True)
class DemandParameters:
    """Settings of the learners.

    Attributes
    ----------
    rows : int
        Most rows (place, week, horizon) that the trees are fitted to, the newest weeks among them.
    rounds, depth : int
        Trees and their depth.
    rate, least_weight : float
        Learning rate of the trees; least weight of a leaf (less where rows are few: a fortieth of them).
    window, units, epochs, batch : int
        Of the sequence model: weeks that it reads, width, passes over the windows, windows a step.
    learning_rate, dropout : float
        Of the sequence model.
    members : int
        Networks, whose quantiles are averaged.
    """

    rows: int = 40_000
    rounds: int = 30
    depth: int = 3
    rate: float = 0.1
    least_weight: float = 100.0
    window: int = 12
    units: int = 16
    epochs: int = 6
    batch: int = 128
    learning_rate: float = 4e-3
    dropout: float = 0.2
    members: int = 2

    def __post_init__(self) -> None:
        least = {"rows": 50, "rounds": 1, "depth": 1, "window": 2, "units": 1, "epochs": 1, "batch": 1, "members": 1}
        for name, low in least.items():
            if getattr(self, name) < low:
                raise DemandError(f"{name} must be at least {low}, not {getattr(self, name)}")

    def describe(self) -> dict[str, Any]:
        """Return the settings as plain values, for metadata."""
        return asdict(self)


class BoostedDemand(DemandForecaster):
    """XGBoost quantile trees (:class:`healthops.forecast.trees.TreesLearner`), one set for all places and horizons.

    Beside the features of the week they see how far ahead they are asked, and how far the mean of the last four weeks
    lies from the saturation curve there.
    """

    name = "boosting"

    def __init__(self, parameters: DemandParameters | None = None) -> None:
        self.parameters = parameters or DemandParameters()

    def fit(self, campaign: Campaign, *, seed: int) -> Self:
        """Learn from every week of `campaign` whose targets lie in it."""
        p = self.parameters
        x, base = _inputs(campaign, HORIZONS)
        y = _root(campaign.ahead(HORIZONS)) - base
        known = np.argwhere(np.isfinite(y))
        if len(known) < 50:
            raise DemandError(f"{len(known)} weeks with a target are too few to learn from: choose a later origin")
        if len(known) > p.rows:
            known = known[np.sort(np.random.default_rng(seed).choice(len(known), p.rows, replace=False))]
        place, week, step = known.T
        self.names = tuple(state(campaign))
        least = min(p.least_weight, len(known) / 40)
        learner = TreesLearner(rounds=p.rounds, depth=p.depth, rate=p.rate, colsample=0.6, least_weight=least)
        self.learner = learner.fit(x[place, week, step], y[place, week, step].astype(np.float32), seed=seed)
        return self

    def predict(self, campaign: Campaign, origins: np.ndarray, horizons: Sequence[int] = HORIZONS) -> np.ndarray:
        """Forecast; see :class:`~healthops.forecast.demand.DemandForecaster`."""
        _same_names(self, campaign)
        x, base = _inputs(campaign, horizons)
        asked = x[:, origins].transpose(1, 0, 2, 3)
        change = self.learner.predict(asked.reshape(-1, asked.shape[-1])).reshape(*asked.shape[:3], len(LEVELS))
        return _back(base[:, origins].transpose(1, 0, 2)[..., None] + change)

    def inputs(self) -> list[str]:
        """Names of the trees' inputs."""
        return [*self.names, "weeks_ahead", "month_less_curve"]


class KerasDemand(DemandForecaster):
    """An LSTM over the last weeks with the features of the newest one beside it; quantiles of all horizons at once."""

    name = "keras"

    def __init__(self, parameters: DemandParameters | None = None) -> None:
        self.parameters = parameters or DemandParameters()

    def fit(self, campaign: Campaign, *, seed: int) -> Self:
        """Learn from every week of `campaign` that has a target in it; the same seed gives the same networks."""
        from healthops.forecast import demand_keras

        windows, static, base = _windows(campaign, self.parameters.window)
        y = _root(campaign.ahead(HORIZONS)) - base
        usable = np.isfinite(y).any(axis=-1)
        if usable.sum() < 10:
            raise DemandError(
                f"{int(usable.sum())} weeks with a target are too few to learn from: choose a later origin"
            )
        self.names = tuple(state(campaign))
        self.standard = Standard.fit(static[usable])
        parts = windows[usable], self.standard(static[usable]).astype(np.float32), y[usable].astype(np.float32)
        seeds = np.random.SeedSequence(seed).generate_state(self.parameters.members)
        self.members = [demand_keras.train(*parts, self.parameters, seed=int(each)) for each in seeds]
        return self

    def predict(self, campaign: Campaign, origins: np.ndarray, horizons: Sequence[int] = HORIZONS) -> np.ndarray:
        """Forecast; see :class:`~healthops.forecast.demand.DemandForecaster`."""
        _same_names(self, campaign)
        windows, static, base = (a[:, origins] for a in _windows(campaign, self.parameters.window))
        inputs = [
            windows.reshape(-1, *windows.shape[2:]),
            self.standard(static.reshape(-1, static.shape[-1])).astype(np.float32),
        ]
        found = [np.asarray(net(inputs, training=False), float) for net in self.members]
        change = np.mean(found, axis=0).reshape(*base.shape, len(LEVELS))
        steps = [HORIZONS.index(h) for h in horizons]
        return _back(base[..., None] + change)[:, :, steps].transpose(1, 0, 2, 3)

    def inputs(self) -> list[str]:
        """Names of the network's inputs."""
        return [*CHANNELS, *self.names]

    def networks(self) -> dict[str, keras.Model]:
        """Networks by name: what the registry saves."""
        return {f"member-{k}": net for k, net in enumerate(self.members, 1)}


# ---- within -----------------------------------------------------------------------------------------------------


def _root(pace: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(pace, 0))


def _back(root: np.ndarray) -> np.ndarray:
    return np.maximum(np.maximum.accumulate(root, axis=-1), 0) ** 2


def _inputs(campaign: Campaign, horizons: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the trees, shape (P, T, H, F + 2), and the root of the saturation curve, (P, T, H)."""
    base = _root(saturation(campaign, horizons))
    week = np.stack([np.broadcast_to(v[..., None], base.shape) for v in state(campaign).values()], axis=-1)
    ahead = np.broadcast_to(np.asarray(horizons, float), base.shape)
    flat = _root(four_weeks(campaign, horizons)) - base
    return np.concatenate([week, np.stack([ahead, flat], axis=-1)], axis=-1).astype(np.float32), base


def _windows(campaign: Campaign, window: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sequences (P, T, window, C), the state of the newest week (P, T, F), the root of the curve (P, T, H)."""
    root, now = np.nan_to_num(_root(last_known(campaign.pace))), state(campaign)
    around = np.sqrt(np.maximum(np.exp(now["elsewhere_less_month"] + now["log_month"]), 0))
    shares = [np.nan_to_num(v) / 100 for v in (campaign.coverage, now["left"])]
    channels = np.stack([root, root, *shares, np.nan_to_num(around)], axis=-1)
    back = np.maximum(np.arange(root.shape[1])[:, None] + np.arange(1 - window, 1), 0)
    sequence = channels[:, back].astype(np.float32)
    sequence[..., 1] -= sequence[:, :, -1:, 1]
    return sequence, np.stack(list(now.values()), axis=-1), _root(saturation(campaign, HORIZONS))


def _same_names(learner: BoostedDemand | KerasDemand, campaign: Campaign) -> None:
    if not hasattr(learner, "names"):
        raise DemandError(f"{learner.name} has not learnt yet: call fit(campaign, seed=...) before predict")
    if tuple(state(campaign)) != learner.names:
        raise DemandError(f"{learner.name} learnt from the features {learner.names}, not {tuple(state(campaign))}")
