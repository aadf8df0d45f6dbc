"""A small network that gives the rate of arrivals of an hour, and how much counts scatter around it.

The count of an hour is negative binomial [1]_: its mean is the rate times the hours that pass, its variance
``mean + dispersion * mean ** 2``, with a dispersion for each service. All services learn together. Steps on batches
hardly move a dispersion near 0, so that in the end it is set by maximum likelihood around what was learnt.

.. [1] Salinas, Flunkert, Gasthaus, Januschowski (2020), DeepAR, Int. J. Forecasting 36(3): 1181-1191, use the same
   likelihood; this network has no memory of its own, as its features hold the past.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from healthops.forecast.counts import fit_dispersion

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class NetworkParameters:
    """Settings of :class:`RateNetwork`.

    Attributes
    ----------
    units, epochs, batch : int
        Width of the first hidden layer (the second has half); passes over the hours; hours a step.
    learning_rate, dropout, weight_decay : float
    members : int
        Networks from different starts; the mean of their rates is taken.
    """

    units: int = 32
    epochs: int = 8
    batch: int = 512
    learning_rate: float = 0.008
    dropout: float = 0.1
    weight_decay: float = 1e-4
    members: int = 1

    def __post_init__(self) -> None:
        if min(self.units, self.epochs, self.batch, self.members) < 1:
            raise ValueError(f"units, epochs, batch and members must be at least 1: {self}")


def rate_module(features: int, services: int, units: int, dropout: float) -> torch.nn.Module:
    """Fresh module from features, number of the service and hour of the week to log rate; of :class:`RateNetwork`.

    Buffers ``centre``, ``spread`` and ``known`` (1 or 0) put features on one scale and hide those that are not known
    at the lead; ``log_dispersion`` holds a value for each service, of the likelihood while learning.
    """
    import torch
    from torch import nn

    class RateModule(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for name in ("centre", "spread", "known"):
                self.register_buffer(name, torch.ones(features))
            self.hour, self.weekday, self.service = nn.Embedding(24, 8), nn.Embedding(7, 4), nn.Embedding(services, 4)
            self.layers = nn.Sequential(
                nn.Linear(features + 16, units), nn.SiLU(), nn.Dropout(dropout),
                nn.Linear(units, max(units // 2, 2)), nn.SiLU(), nn.Linear(max(units // 2, 2), 1),
            )  # fmt: skip
            self.level = nn.Parameter(torch.zeros(services))
            self.log_dispersion = nn.Parameter(torch.full((services,), -4.0))

        def forward(self, x: torch.Tensor, service: torch.Tensor, hour: torch.Tensor) -> torch.Tensor:
            z = torch.nan_to_num((x - self.centre) / self.spread).clamp(-6, 6) * self.known
            z = torch.cat([z, self.hour(hour % 24), self.weekday(hour // 24), self.service(service)], dim=1)
            return self.layers(z)[:, 0] + self.level[service]

    return RateModule()


class RateNetwork:
    """Rates of hours from features; see the module.

    Parameters
    ----------
    parameters : NetworkParameters, optional
    known : array of bool, shape (F,)
        Features that the network may see.
    """

    def __init__(self, parameters: NetworkParameters | None = None, *, known: np.ndarray) -> None:
        self.parameters, self.known = parameters or NetworkParameters(), np.asarray(known, bool)

    def fit(
        self, x: np.ndarray, service: np.ndarray, hour: np.ndarray, count: np.ndarray, elapsed: np.ndarray, *, seed: int
    ) -> Self:
        """Learn from hours.

        Parameters
        ----------
        x : array, shape (n, F)
            Features, NaN where unknown.
        service, hour : array of int, shape (n,)
            Number of the service; hour of the week, 0 to 167 from Monday at midnight.
        count, elapsed : array, shape (n,)
            Patients, known; hours that passed, above 0.
        """
        import torch

        torch.set_num_threads(1)
        p, services = self.parameters, int(service.max()) + 1
        self.architecture: dict[str, Any] = {
            "features": x.shape[1], "services": services, "units": p.units, "dropout": p.dropout,
        }  # fmt: skip
        seen = np.where(np.isnan(x).all(axis=0), 0.0, x)
        centre, spread = np.nanmean(seen, axis=0), np.nanstd(seen, axis=0)
        rate = [count[service == s].sum() / elapsed[service == s].sum() for s in range(services)]
        data = tuple(
            torch.from_numpy(np.ascontiguousarray(a))
            for a in (x.astype(np.float32), service.astype(np.int64), hour.astype(np.int64),
                      count.astype(np.float32), np.log(elapsed).astype(np.float32))
        )  # fmt: skip
        self.modules = []
        for member in range(p.members):
            torch.manual_seed((seed * 100 + member) % 2**31)
            module = rate_module(**self.architecture)
            with torch.no_grad():
                module.centre.copy_(torch.from_numpy(centre))
                module.spread.copy_(torch.from_numpy(np.where(spread > 1e-6, spread, 1.0)))
                module.known.copy_(torch.from_numpy(self.known.astype(float)))
                module.level.copy_(torch.log(torch.tensor(rate).clamp(min=1e-3)))
            self.modules.append(self._train(module, data, seed=(seed * 100 + member) % 2**31))
        mean = self.rate(x, service, hour) * elapsed
        self.dispersion = np.array([fit_dispersion(count[service == s], mean[service == s]) for s in range(services)])
        return self

    def rate(self, x: np.ndarray, service: np.ndarray, hour: np.ndarray) -> np.ndarray:
        """Patients per hour that passes, shape (n,); arguments as of :meth:`fit`."""
        import torch

        inputs = (
            torch.from_numpy(x.astype(np.float32)),
            *(torch.from_numpy(a.astype(np.int64)) for a in (service, hour)),
        )
        with torch.no_grad():
            return np.mean([module(*inputs).exp().numpy().astype(float) for module in self.modules], axis=0)

    def describe(self) -> dict[str, object]:
        """Return the parameters as plain values."""
        return asdict(self.parameters)

    def _train(self, module: torch.nn.Module, data: Sequence[torch.Tensor], *, seed: int) -> torch.nn.Module:
        import torch

        p, draws = self.parameters, torch.Generator().manual_seed(seed)
        rows = len(data[0])
        size = min(p.batch, rows)
        batches = rows // size
        optimiser = torch.optim.AdamW(module.parameters(), lr=p.learning_rate, weight_decay=p.weight_decay)
        pace = torch.optim.lr_scheduler.OneCycleLR(optimiser, p.learning_rate, total_steps=batches * p.epochs)
        module.train()
        for _ in range(p.epochs):
            order = torch.randperm(rows, generator=draws)
            for at in order[: batches * size].split(size):
                x, service, hour, count, log_elapsed = (each[at] for each in data)
                mean = (module(x, service, hour) + log_elapsed).exp()
                loss = -_log_likelihood(count, mean, module.log_dispersion[service]).mean()
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                pace.step()
        return module.eval()


def _log_likelihood(count: torch.Tensor, mean: torch.Tensor, log_dispersion: torch.Tensor) -> torch.Tensor:
    """Of the negative binomial, up to what depends on the count alone."""
    import torch

    size = torch.exp(-log_dispersion.clamp(min=-9.0))
    whole = torch.log(size + mean)
    return (
        torch.lgamma(count + size)
        - torch.lgamma(size)
        + size * (torch.log(size) - whole)
        + count * (mean.log() - whole)
    )
