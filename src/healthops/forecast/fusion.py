"""Fusion: members' quantiles averaged with weights that their past forecasts earned, then calibrated on the past.

At each origin only tasks whose target week had ended by then are looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from healthops.evaluate.scores import wis, wis_log1p
from healthops.forecast.analogues import weighted_quantiles
from healthops.forecast.base import LEVELS
from healthops.forecast.cube import Cube

#: Spread factors that calibration chooses from.
SPREADS = np.round(np.arange(0.70, 1.61, 0.05), 2)
_MEDIAN = int(np.flatnonzero(LEVELS == 0.5)[0])


@dataclass(frozen=True)
class FusionParameters:
    """Settings of :func:`fuse`.

    Attributes
    ----------
    sharpness : float
        Weights go with score ** -sharpness: 0 weighs all alike, large follows the best.
    prior_origins : float
        How many origins of past scores the equal start is worth.
    memory_weeks : int
        Past origins older than this are forgotten.
    """

    sharpness: float = 12.0
    prior_origins: float = 6.0
    memory_weeks: int = 156

    def __post_init__(self) -> None:
        if self.sharpness < 0 or self.prior_origins <= 0 or self.memory_weeks < 1:
            raise ValueError(f"sharpness must be >= 0, prior_origins > 0 and memory_weeks >= 1: {self}")


@dataclass(frozen=True)
class FusionRecord:
    """What the fusion listened to.

    Attributes
    ----------
    weights : DataFrame
        reference_date, horizon, model, weight (summing to 1 over models).
    spreads : DataFrame
        reference_date, horizon, spread: factor of the forecast's width on the fourth-root scale.
    """

    weights: pd.DataFrame
    spreads: pd.DataFrame


def fuse(
    cube: Cube, members: Sequence[str], parameters: FusionParameters | None = None, *, name: str = "fusion"
) -> tuple[Cube, FusionRecord]:
    """Add the fusion of `members` to `cube`, origin by origin, each from the scores known by then.

    Parameters
    ----------
    members : sequence of str
        Models of the cube that are averaged.

    Returns
    -------
    Cube, FusionRecord
        The cube with the fusion, rounded to whole cases; its weights and spread factors at each origin.
    """
    p = parameters or FusionParameters()
    absent = sorted(set(members) - set(cube.models))
    if absent:
        raise ValueError(f"the fusion needs forecasts of {absent}; the backtest has {list(cube.models)}")
    roots = np.stack([_root(cube.quantiles[m]) for m in members])
    scores = _scores(cube, members)
    origins, horizons = cube.origins.astype("datetime64[D]"), np.array(cube.horizons)
    mixed = np.empty(roots.shape[1:])
    weights = np.empty((len(origins), len(horizons), len(members)))
    spreads = np.empty((len(origins), len(horizons)))
    losses = np.full((len(SPREADS), len(origins), len(horizons)), np.nan)
    for o, origin in enumerate(origins):
        age = (origin - origins).astype(int) / 7
        usable = (age[:, None] >= horizons) & (age[:, None] <= p.memory_weeks)
        weights[o] = _weights(scores, usable, p)
        mixed[o] = np.einsum("mphq,hm->phq", roots[:, o], weights[o])
        spreads[o] = _spread(losses, usable, p)
        losses[:, o] = _spread_losses(mixed[o], cube.observed[o])
    stretched = _stretch(mixed, spreads[:, None, :])
    dates = origins.astype("datetime64[ns]")
    return cube.with_model(name, np.round(stretched**4)), FusionRecord(
        _long(weights, dates, horizons, members), _long(spreads[..., None], dates, horizons, None)
    )


def pool(cube: Cube, weights: Mapping[str, float]) -> np.ndarray:
    """Pool the members' probabilities with weights that were fixed beforehand; nothing is learnt from the cube.

    Probabilities are averaged (a linear pool), not quantiles: where the members disagree, the pool is wider than
    each [1]_. A quantile stands for the probability that is nearer to its level than to any other.

    Parameters
    ----------
    weights : mapping of model to float
        Positive; divided by their sum.

    Returns
    -------
    array, shape (O, P, H, 23)
        Quantiles, not rounded.

    Raises
    ------
    ValueError
        If a member was not forecast, or a weight is not positive.

    .. [1] Howerton et al. (2023), Context-dependent representation of within- and between-model uncertainty,
       J. R. Soc. Interface 20: 20220659.
    """
    absent = sorted(set(weights) - set(cube.models))
    if absent:
        raise ValueError(f"the fusion needs forecasts of {absent}; the backtest has {list(cube.models)}")
    if not weights or min(weights.values()) <= 0:
        raise ValueError(f"weights must be positive: {dict(weights)}")
    shares = np.diff(np.concatenate([[0.0], (LEVELS[1:] + LEVELS[:-1]) / 2, [1.0]]))
    points = np.concatenate([cube.quantiles[m] for m in weights], axis=-1)
    share = np.concatenate([weight * shares for weight in weights.values()])
    flat = np.maximum(points.reshape(-1, len(share)), 0.0)
    pooled = weighted_quantiles(flat, np.broadcast_to(share, flat.shape))
    return pooled.reshape(*points.shape[:-1], len(LEVELS))


def _root(cases: np.ndarray) -> np.ndarray:
    return np.maximum(cases, 0.0) ** 0.25


def _stretch(roots: np.ndarray, spread: np.ndarray) -> np.ndarray:
    middle = roots[..., _MEDIAN, None]
    return np.maximum(middle + (roots - middle) * spread[..., None], 0.0)


def _scores(cube: Cube, members: Sequence[str]) -> np.ndarray:
    """Mean raw and log WIS of each member at each origin and horizon, shape (2, M, O, H); NaN where nothing came."""
    out = []
    for score in (wis, wis_log1p):
        rows = np.stack([score(cube.quantiles[m], cube.observed) for m in members])
        known = ~np.isnan(rows)
        count = known.sum(axis=2)
        out.append(np.where(count > 0, np.where(known, rows, 0.0).sum(axis=2) / np.maximum(count, 1), np.nan))
    return np.stack(out)


def _weights(scores: np.ndarray, usable: np.ndarray, p: FusionParameters) -> np.ndarray:
    """Weights by horizon, shape (H, M), from the usable past scores, shape (2, M, O, H)."""
    members = scores.shape[1]
    log_score = np.zeros((usable.shape[1], members))
    seen = usable & ~np.isnan(scores).any(axis=(0, 1))
    for h in range(usable.shape[1]):
        # A horizon is judged by itself and its neighbours: fewer origins would say little.
        near = slice(max(0, h - 1), h + 2)
        past = scores[:, :, :, near][:, :, seen[:, near]]
        if past.shape[-1]:
            means = np.log(np.maximum(past.mean(axis=-1), 1e-9)).mean(axis=0)
            trust = seen[:, h].sum() / (seen[:, h].sum() + p.prior_origins)
            log_score[h] = trust * (means - means.min())
    raw = np.exp(-p.sharpness * log_score)
    return raw / raw.sum(axis=1, keepdims=True)


def _spread_losses(mixed: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Sum of log WIS over places at each spread factor, shape (S, H); NaN where nothing came."""
    out = np.empty((len(SPREADS), mixed.shape[1]))
    for s, spread in enumerate(SPREADS):
        quantiles = np.round(_stretch(mixed, np.full(mixed.shape[:-1], spread)) ** 4)
        score = wis_log1p(quantiles, observed)
        out[s] = np.where(np.isnan(score).all(axis=0), np.nan, np.nansum(score, axis=0))
    return out


def _spread(losses: np.ndarray, usable: np.ndarray, p: FusionParameters) -> np.ndarray:
    """Best past spread factor of each horizon, drawn towards 1 while the past is short; shape (H,)."""
    out = np.ones(usable.shape[1])
    for h in range(usable.shape[1]):
        seen = usable[:, h] & ~np.isnan(losses[0, :, h])
        if seen.any():
            best = SPREADS[losses[:, seen, h].sum(axis=1).argmin()]
            trust = seen.sum() / (seen.sum() + p.prior_origins)
            out[h] = 1 + trust * (best - 1)
    return out


def _long(values: np.ndarray, dates: np.ndarray, horizons: np.ndarray, members: Sequence[str] | None) -> pd.DataFrame:
    o, h, m = (a.reshape(-1) for a in np.indices(values.shape))
    frame = pd.DataFrame({"reference_date": dates[o], "horizon": horizons[h]})
    if members is None:
        return frame.assign(spread=values.reshape(-1))
    return frame.assign(model=np.array(members)[m], weight=values.reshape(-1))
