"""Forecast a dengue season's peak week, peak and total as probabilities of bins, from the weeks seen so far.

A linear pool of three members: seasons drawn along the shapes of earlier ones, seasons drawn from a Gaussian process
(:mod:`healthops.forecast.season_paths`), and climatology, the kernel-smoothed past; and a share of all bins alike, so
that no bin ever has probability 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from healthops.evaluate.binned import SEASON_WEEKS, TARGETS, SeasonBins
from healthops.forecast.season_paths import AnalogueConfig, CoxConfig, SeasonHistory, analogue_paths, cox_paths


@dataclass(frozen=True)
class ClimatologyConfig:
    """Settings of :func:`climatology`."""

    least_cases: int = 50
    week_sd: float = 3.5
    other_weight: float = 1.0
    flat_share: float = 0.1
    size_bandwidth: float = 0.8


@dataclass(frozen=True)
class SeasonTargetConfig:
    """The frozen configuration; :data:`RECORD` says what each choice was made on."""

    analogue_share: float = 0.45
    cox_share: float = 0.45
    climatology_share: float = 0.1
    uniform_share: float = 0.02
    draws: int = 4000
    peak_week_sd: float = 1.0
    size_sd: float = 0.1
    analogues: AnalogueConfig = field(default_factory=AnalogueConfig)
    cox: CoxConfig = field(default_factory=CoxConfig)
    climatology: ClimatologyConfig = field(default_factory=ClimatologyConfig)

    def __post_init__(self) -> None:
        shares = self.analogue_share + self.cox_share + self.climatology_share
        if abs(shares - 1) > 1e-9:
            raise ValueError(f"the shares of the members sum to {shares:g}, not 1")
        if not 0 < self.uniform_share < 1:
            raise ValueError(f"uniform_share is {self.uniform_share}; it must lie between 0 and 1, or a bin may have 0")


def forecast_season(
    history: SeasonHistory,
    seen: np.ndarray,
    bins: SeasonBins,
    *,
    seed: int,
    config: SeasonTargetConfig | None = None,
) -> dict[str, np.ndarray]:
    """Forecast the three targets of a season after its first weeks.

    Parameters
    ----------
    history : SeasonHistory
        Seasons that had ended when this one began.
    seen : array, shape (w,)
        Cases of the first w weeks, 0 <= w <= 52.
    bins : SeasonBins
        Of the city.
    seed : int
        Fixes what is drawn.

    Returns
    -------
    dict of target to array of probabilities, shape (bins,), all above 0 and with sum 1

    Raises
    ------
    ValueError
        If `seen` has more than 52 weeks or a value that is no count, or no earlier season of the city has enough cases.
    """
    config = config or SeasonTargetConfig()
    seen = np.asarray(seen, float)
    if seen.ndim != 1 or len(seen) > SEASON_WEEKS or not (seen >= 0).all():
        raise ValueError(f"seen must be the counts of the first weeks, at most {SEASON_WEEKS}; got {seen}")
    rng = np.random.default_rng([seed, len(seen)])
    analogue = analogue_paths(history, seen, config.draws, rng, config.analogues)
    cox = cox_paths(history, seen, config.draws, rng, config.cox)
    pooled = (
        (config.analogue_share, path_probabilities(analogue, len(seen), bins, rng, config)),
        (config.cox_share, path_probabilities(cox, len(seen), bins, rng, config)),
        (config.climatology_share, climatology(history, seen, bins, config.climatology)),
    )
    forecast = {}
    for target in TARGETS:
        pool = sum(share * member[target] for share, member in pooled)
        mixed = (1 - config.uniform_share) * pool + config.uniform_share / len(pool)
        forecast[target] = mixed / mixed.sum()
    return forecast


def path_probabilities(
    paths: np.ndarray, weeks_seen: int, bins: SeasonBins, rng: np.random.Generator, config: SeasonTargetConfig
) -> dict[str, np.ndarray]:
    """Count drawn seasons, shape (n, 52), by bin of each target.

    A peak that weeks share counts for each in part. Peak weeks to come are smoothed over neighbouring weeks, sizes to
    come over the log scale; what was seen is certain and stays so.
    """
    peak = paths.max(1)
    at_peak = paths == peak[:, None]
    week = (at_peak / at_peak.sum(1, keepdims=True)).mean(0)
    week[weeks_seen:] = _spread(week[weeks_seen:], config.peak_week_sd)
    stretch = np.exp(rng.normal(0, config.size_sd, len(paths)))
    rest = paths[:, weeks_seen:]
    before = paths[:, :weeks_seen].max(1, initial=0)
    values = {
        "peak_incidence": np.maximum(before, np.round(rest.max(1, initial=0) * stretch)),
        "season_total": paths[:, :weeks_seen].sum(1) + np.round(rest.sum(1) * stretch),
    }
    shares = {
        target: np.bincount(bins.index(target, value), minlength=bins.count(target)) / len(paths)
        for target, value in values.items()
    }
    return {"peak_week": week, **shares}


def _spread(mass: np.ndarray, sd: float) -> np.ndarray:
    """Spread mass over neighbours by a Gaussian kernel that keeps it within the array."""
    at = np.arange(len(mass))
    kernel = np.exp(-0.5 * (np.subtract.outer(at, at) / sd) ** 2)
    return mass @ (kernel / kernel.sum(1, keepdims=True))


def climatology(
    history: SeasonHistory, seen: np.ndarray, bins: SeasonBins, config: ClimatologyConfig
) -> dict[str, np.ndarray]:
    """Forecast from the past seasons' targets alone, smoothed by kernels; what has been ruled out gets 0."""
    sizes = {
        "peak_incidence": _size_climatology(history.own.max(1), seen.max(initial=0), bins.peak_incidence, config),
        "season_total": _size_climatology(history.own.sum(1), seen.sum(), bins.season_total, config),
    }
    return {"peak_week": _week_climatology(history, seen, config), **sizes}


def _week_climatology(history: SeasonHistory, seen: np.ndarray, config: ClimatologyConfig) -> np.ndarray:
    weeks = np.arange(SEASON_WEEKS)
    density = np.zeros(SEASON_WEEKS)
    for rows, weight in ((history.own, 1.0), (history.other, config.other_weight)):
        rows = rows[rows.sum(1) >= config.least_cases]
        kernel = np.exp(-0.5 * (np.subtract.outer(rows.argmax(1), weeks) / config.week_sd) ** 2)
        density += weight * (kernel / kernel.sum(1, keepdims=True)).sum(0)
    density = (1 - config.flat_share) * density / density.sum() + config.flat_share / SEASON_WEEKS
    if len(seen):
        # The chance that the peak has passed belongs to the highest week seen.
        passed = density[: len(seen)].sum()
        density[: len(seen)] = 0
        density[int(np.argmax(seen))] += passed
    return density


def _size_climatology(past: np.ndarray, seen: float, edges: np.ndarray, config: ClimatologyConfig) -> np.ndarray:
    """Kernel density of log(1 + size), cut off below what was already seen."""
    from scipy.stats import norm

    logs = np.log1p(past)
    width = config.size_bandwidth * max(float(logs[past >= np.median(past) / 10].std()), 0.3)
    above = norm.sf((np.log1p(np.maximum(edges, seen)) - logs[:, None]) / width).mean(0)
    mass = above[:-1] - above[1:]
    # Where the past has next to nothing above what was seen, the bin of what was seen takes it.
    mass[np.searchsorted(edges, seen, side="right") - 1] += 1e-12
    return mass / mass.sum()
