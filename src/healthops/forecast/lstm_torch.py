"""The LSTM forecaster in PyTorch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

from healthops.forecast.base import HORIZONS, LEVELS
from healthops.forecast.lstm import RECENT, LSTMForecaster, batches, stacking
from healthops.forecast.sequences import CHANNELS, STATIC, Sequences, Windows


class QuantileLSTM(nn.Module):
    """LSTM over the window, then dense layers that also see the newest weeks and the static inputs directly.

    Parameters
    ----------
    channels, static : int
        Inputs a week, and inputs of the whole window.
    units : int
        Width of the LSTM layer and of the hidden dense layer.
    recent : int
        Weeks at the end of the window that the dense layers see.
    horizons : int
        Horizons given at once.
    """

    def __init__(self, *, channels: int, static: int, units: int, recent: int, horizons: int) -> None:
        super().__init__()
        self.recent, self.horizons = recent, horizons
        direct = static + recent * channels
        self.lstm = nn.LSTM(channels, units, batch_first=True)
        self.hidden = nn.Linear(units + direct, units)
        self.median = nn.Linear(units + direct, horizons)
        self.steps = nn.Linear(units + direct, horizons * (len(LEVELS) - 1))
        self.register_buffer("stack", torch.from_numpy(stacking()), persistent=False)
        with torch.no_grad():  # start near the last value with a narrow spread
            for head, bias in ((self.median, 0.0), (self.steps, -3.0)):
                head.weight.mul_(0.3)
                head.bias.fill_(bias)

    def forward(self, sequence: torch.Tensor, static: torch.Tensor) -> torch.Tensor:
        """Quantiles of the change, shape (N, H, 23), from sequence (N, window, C) and static (N, S)."""
        states, _ = self.lstm(sequence)
        direct = [static, sequence[:, -self.recent :].flatten(1)]
        hidden = torch.relu(self.hidden(torch.cat([states[:, -1], *direct], dim=1)))
        seen = torch.cat([hidden, *direct], dim=1)
        steps = nn.functional.softplus(self.steps(seen)).view(len(seen), self.horizons, -1)
        return torch.cat([self.median(seen)[..., None], steps], dim=-1) @ self.stack


class TorchLSTM(LSTMForecaster):
    """:class:`~healthops.forecast.lstm.LSTMForecaster`, its network and training in PyTorch."""

    name = "lstm-torch"

    def architecture(self) -> dict[str, Any]:
        """Keyword arguments of :class:`QuantileLSTM`, for the registry."""
        return {
            "channels": len(CHANNELS),
            "static": len(STATIC) + len(HORIZONS),
            "units": self._parameters.units,
            "recent": RECENT,
            "horizons": len(HORIZONS),
        }

    def _train(self, sequences: Sequences, seed: int) -> QuantileLSTM:
        settings = self._parameters
        with _reproducible(seed):
            network = QuantileLSTM(**self.architecture())
            optimizer = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
            falling = torch.optim.lr_scheduler.CosineAnnealingLR(
                optimizer, settings.steps, eta_min=settings.learning_rate / 10
            )
            for batch in batches(sequences, settings, np.random.default_rng(seed)):
                sequence, static, target = map(torch.from_numpy, batch)
                optimizer.zero_grad()
                pinball(network(sequence, static), target).backward()
                nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
                optimizer.step()
                falling.step()
        return network.eval()

    def _quantiles(self, network: QuantileLSTM, windows: Windows) -> np.ndarray:
        with _reproducible(0), torch.inference_mode():
            return network(torch.from_numpy(windows.sequence), torch.from_numpy(windows.static)).numpy()


def pinball(quantiles: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Mean pinball loss of quantiles (N, H, 23) for targets (N, H)."""
    levels = torch.tensor(LEVELS, dtype=quantiles.dtype)
    error = target[..., None] - quantiles
    return torch.maximum(levels * error, (levels - 1) * error).mean()


@contextmanager
def _reproducible(seed: int) -> Iterator[None]:
    """One thread, deterministic algorithms and a seed; what was set before comes back afterwards."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(True)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(strict)
