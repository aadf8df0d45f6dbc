"""A small neural network that gives all quantiles of all steps ahead at once, bagged over whole seasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from healthops.forecast.bagged_trees import draw_seasons
from healthops.forecast.boosting import to_all_levels
from healthops.forecast.standard import Standard

if TYPE_CHECKING:
    import torch

#: Levels that are fitted; the others are interpolated on the normal scale.
FITTED = np.array([0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99])


@dataclass(frozen=True)
class QuantileNetParameters:
    """Settings of :class:`QuantileNet`.

    Attributes
    ----------
    bags : int
        Networks; the quantiles of all are averaged.
    share : float
        Share of the seasons that a network sees.
    units, epochs, batch : int
        Width of the hidden layer; passes over the rows; rows a step.
    learning_rate, dropout, weight_decay : float
    noise : float
        Standard deviation of what is added to the standardised features while learning: reports are noisy.
    """

    bags: int = 3
    share: float = 0.7
    units: int = 64
    epochs: int = 20
    batch: int = 512
    learning_rate: float = 0.004
    dropout: float = 0.3
    weight_decay: float = 1e-4
    noise: float = 0.1


class QuantileNet:
    """One hidden layer in PyTorch, pinball loss summed over levels and steps; rows in, quantiles out."""

    def __init__(self, parameters: QuantileNetParameters | None = None) -> None:
        self.parameters = parameters or QuantileNetParameters()

    def fit(
        self, x: np.ndarray, y: np.ndarray, *, season: np.ndarray, weight: np.ndarray | None = None, seed: int
    ) -> Self:
        """Learn from rows; arguments as :meth:`healthops.forecast.bagged_trees.BaggedTrees.fit`."""
        import torch

        torch.set_num_threads(1)
        p, rng = self.parameters, np.random.default_rng(seed)
        self.steps = y.shape[1]
        self.standard, self.unit = Standard.fit(x), float(np.nanstd(y))
        inputs, targets = self.standard(x).astype(np.float32), (y / self.unit).astype(np.float32)
        weights = np.ones(len(y), np.float32) if weight is None else weight.astype(np.float32)
        self.networks = []
        for bag in range(p.bags):
            rows = draw_seasons(season, p.share, rng)
            drawn = (torch.from_numpy(a[rows]) for a in (inputs, targets, weights))
            self.networks.append(self._train(*drawn, seed=seed * 1000 + bag))
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Quantiles at the 23 levels of rows `x`, shape (M, F); shape (M, H, 23)."""
        import torch

        inputs = torch.from_numpy(self.standard(x).astype(np.float32))
        with torch.no_grad():
            found = [net(inputs).numpy().astype(float).reshape(len(x), self.steps, -1) for net in self.networks]
        return to_all_levels(np.sort(found, axis=-1).mean(axis=0) * self.unit, FITTED)

    def _train(self, x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor, *, seed: int) -> torch.nn.Module:
        import torch

        p = self.parameters
        torch.manual_seed(seed % 2**31)
        draws = torch.Generator().manual_seed(seed % 2**31)
        levels = torch.tensor(FITTED, dtype=torch.float32)
        net = self._network(x.shape[1], y)
        batches = max(1, len(x) // p.batch)
        optimiser = torch.optim.AdamW(net.parameters(), lr=p.learning_rate, weight_decay=p.weight_decay)
        pace = torch.optim.lr_scheduler.OneCycleLR(optimiser, p.learning_rate, total_steps=batches * p.epochs)
        known = ~torch.isnan(y)
        y = torch.nan_to_num(y)
        net.train()
        for _ in range(p.epochs):
            order = torch.randperm(len(x), generator=draws)
            for rows in order[: batches * p.batch].split(p.batch):
                blurred = x[rows] + p.noise * torch.randn(x[rows].shape, generator=draws)
                error = y[rows, :, None] - net(blurred).view(len(rows), self.steps, -1)
                loss = torch.maximum(levels * error, (levels - 1) * error).mean(dim=-1) * known[rows]
                loss = (loss.mean(dim=1) * weight[rows]).mean()
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                pace.step()
        return net.eval()

    def _network(self, features: int, y: torch.Tensor) -> torch.nn.Module:
        """Fresh network whose output is near the quantiles of all rows."""
        import torch

        out = torch.nn.Linear(self.parameters.units, self.steps * len(FITTED))
        with torch.no_grad():
            out.weight.mul_(0.1)
            quantiles = np.nanquantile(y.numpy(), FITTED, axis=0).T
            out.bias.copy_(torch.from_numpy(quantiles.reshape(-1)))
        hidden = torch.nn.Linear(features, self.parameters.units)
        return torch.nn.Sequential(hidden, torch.nn.SiLU(), torch.nn.Dropout(self.parameters.dropout), out)
