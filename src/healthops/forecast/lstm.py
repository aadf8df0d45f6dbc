"""What the LSTM forecasters share, whichever framework trains them: settings, draws of windows, and the way back."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from healthops.forecast.base import HORIZONS, LEVELS, Forecaster, Panel
from healthops.forecast.sequences import CHANNELS, STATIC, Sequences, Windows

#: Weeks at the end of a window that the head also sees directly.
RECENT = 8
MEDIAN = len(LEVELS) // 2


@dataclass(frozen=True)
class LSTMParameters:
    """Settings of the LSTM forecasters, the same for either framework.

    Attributes
    ----------
    window : int
        Weeks of the past that the network reads, at least 8.
    units : int
        Width of the LSTM layer and of the dense layer behind it.
    epochs, batch, windows_per_epoch : int
        Passes, windows in a step, and windows drawn anew for each pass.
    learning_rate : float
        Of Adam at the start; it falls to a tenth along half a cosine.
    clip : float
        Largest norm of a gradient.
    half_life_years : float
        A window this many years older is drawn half as often.
    members : int
        Networks with seeds of their own; their quantiles are joined by the median.
    """

    window: int = 52
    units: int = 32
    epochs: int = 8
    batch: int = 128
    windows_per_epoch: int = 10_000
    learning_rate: float = 8e-3
    clip: float = 1.0
    half_life_years: float = 3.0
    members: int = 3

    def __post_init__(self) -> None:
        for name in ("window", "units", "epochs", "batch", "windows_per_epoch", "members"):
            value, least = getattr(self, name), RECENT if name == "window" else 1
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"{name} must be a whole number of at least {least}, not {value!r}")
        for name in ("learning_rate", "clip", "half_life_years"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)!r}")
        if self.windows_per_epoch < self.batch:
            raise ValueError(f"windows_per_epoch={self.windows_per_epoch} does not fill one batch of {self.batch}")

    @property
    def steps(self) -> int:
        """Steps of the optimizer in one fit."""
        return self.epochs * (self.windows_per_epoch // self.batch)


class LSTMForecaster(Forecaster):
    """One LSTM for all places: it reads the past year and gives the quantiles of all horizons at once.

    The network forecasts the change from the last value on the scale of the place. It gives the median and, through
    softplus, the steps between neighbouring quantiles, so that quantiles cannot cross; it learns by the pinball loss
    over the 23 levels, which is half the weighted interval score on that scale.

    Parameters
    ----------
    parameters : LSTMParameters, optional
    """

    def __init__(self, parameters: LSTMParameters | None = None) -> None:
        self._parameters = parameters or LSTMParameters()
        #: Trained networks, one a member.
        self.members: list[Any] = []

    def fit(self, panel: Panel, *, seed: int) -> Self:
        """Learn from every week of `panel`; the same seed gives the same network, bit for bit."""
        sequences = Sequences(panel, window=self._parameters.window)
        seeds = np.random.SeedSequence(seed).generate_state(self._parameters.members)
        self.members = [self._train(sequences, int(each)) for each in seeds]
        return self

    def predict(self, panel: Panel, horizons: Sequence[int] = HORIZONS) -> np.ndarray:
        """Forecast from the last week of `panel`; shape (P, len(horizons), 23).

        Raises
        ------
        RuntimeError
            If nothing was learnt yet.
        ValueError
            If a horizon is not among those that the network gives.
        """
        if not self.members:
            raise RuntimeError(f"{self.name} has not learnt yet: call fit(panel, seed=...) before predict")
        unknown = sorted(set(horizons) - set(HORIZONS))
        if unknown:
            raise ValueError(f"{self.name} gives the horizons {HORIZONS}, not {unknown}")
        windows = Sequences(panel, window=self._parameters.window).latest()
        change = np.median([self._quantiles(each, windows) for each in self.members], axis=0)
        # Rounding of 32-bit sums may cross neighbours by a last digit.
        z = np.maximum.accumulate(change.astype(float) + windows.last[:, None, None], axis=-1)
        return windows.scale.backward(z)[:, [HORIZONS.index(h) for h in horizons]]

    def parameters(self) -> dict[str, Any]:
        """Settings, as plain values for the metadata of the saved model."""
        return asdict(self._parameters)

    def features(self) -> list[str]:
        """Names of the network's inputs."""
        return [*CHANNELS, *STATIC, *(f"usual_change_{h}" for h in HORIZONS)]

    def networks(self) -> dict[str, Any]:
        """Trained networks by name (``member-1``, ...): what the registry saves."""
        return {f"member-{number}": network for number, network in enumerate(self.members, 1)}

    @abstractmethod
    def _train(self, sequences: Sequences, seed: int) -> Any:
        """Train one network."""

    @abstractmethod
    def _quantiles(self, network: Any, windows: Windows) -> np.ndarray:
        """Change from the last value at each horizon and level, shape (N, H, 23)."""


def batches(
    sequences: Sequences, parameters: LSTMParameters, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Draw the batches of all epochs: sequence (B, window, C), static (B, S) and target (B, H), all float32."""
    whole = parameters.windows_per_epoch // parameters.batch * parameters.batch
    for _ in range(parameters.epochs):
        place, week = sequences.draw(whole, rng, half_life_years=parameters.half_life_years)
        for start in range(0, whole, parameters.batch):
            p, t = place[start : start + parameters.batch], week[start : start + parameters.batch]
            windows = sequences.at(p, t)
            yield windows.sequence, windows.static, sequences.targets(p, t)


def stacking() -> np.ndarray:
    """Matrix that makes 23 quantiles of the median and 22 steps, shape (23, 23): (median, steps) @ matrix.

    Steps 1 to 11 lead from the lowest quantile up to the median, steps 12 to 22 from it to the highest.
    """
    matrix = np.zeros((len(LEVELS), len(LEVELS)), dtype=np.float32)
    matrix[0] = 1.0
    for step in range(1, len(LEVELS)):
        if step <= MEDIAN:  # below the median: every quantile under this step lies lower by it
            matrix[step, :step] = -1.0
        else:
            matrix[step, step:] = 1.0
    return matrix
