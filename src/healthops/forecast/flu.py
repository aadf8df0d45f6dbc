"""The fusion that forecasts FluSight's target, weekly influenza admissions by state, in its one frozen configuration.

Each reference date is forecast from scratch: the delay of the newest reports is corrected, admissions and visits are
pooled on one scale (:mod:`healthops.forecast.flu_features`), two members learn the change from the last report one to
four weeks ahead, their quantiles are averaged, and the width of the average is calibrated on the season's last weeks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from healthops.data.flusight_files import IliNet, Vintage
from healthops.evaluate.scores import wis
from healthops.forecast.bagged_trees import BaggedTrees, BaggedTreesParameters
from healthops.forecast.base import LEVELS
from healthops.forecast.flu_features import Admissions, Rows, ilinet_rows, season_of, season_week
from healthops.forecast.hub import HORIZONS
from healthops.forecast.quantile_net import QuantileNet, QuantileNetParameters
from healthops.forecast.real_time import VintageForecaster
from healthops.forecast.reporting_delay import DelayParameters, corrected

#: Rows whose weight is below this are left out.
_LEAST_WEIGHT = 0.02
_MEDIAN = int(np.flatnonzero(LEVELS == 0.5)[0])


@dataclass(frozen=True)
class CalibrationParameters:
    """Settings of :func:`spread_factors`.

    Attributes
    ----------
    window : int
        Earlier reference dates of the season that are looked at.
    prior, prior_weight : float
        Factor before anything was seen, and how many reference dates it is worth.
    least, most : float
        Bounds of a factor; narrowing hurt, so the least is above 1.
    neighbour : float
        Weight of the other horizons when one is judged.
    """

    window: int = 6
    prior: float = 1.2
    prior_weight: float = 4.0
    least: float = 1.05
    most: float = 2.5
    neighbour: float = 0.3


@dataclass(frozen=True)
class FluConfig:
    """All settings of :class:`FluFusion`; :data:`RECORD` says how each was chosen.

    Attributes
    ----------
    background : float
        How many times the summer level is taken off the visits for influenza-like illness.
    trees_weeks, net_weeks : float
        Standard deviation in weeks of the weight that a row has by how far its week of the season is from the present.
    trees_share : float
        Weight of the trees in the average; the network has the rest.
    """

    background: float = 2.0
    trees_weeks: float = 5.0
    net_weeks: float = 3.0
    trees_share: float = 0.6
    delay: DelayParameters = field(default_factory=DelayParameters)
    trees: BaggedTreesParameters = field(default_factory=BaggedTreesParameters)
    net: QuantileNetParameters = field(default_factory=QuantileNetParameters)
    calibration: CalibrationParameters = field(default_factory=CalibrationParameters)


class FluFusion(VintageForecaster):
    """Forecast one reference date from the vintages that could be seen at it.

    Parameters
    ----------
    config : FluConfig, optional
        The frozen configuration by default.
    """

    def __init__(self, config: FluConfig | None = None) -> None:
        self.config = config or FluConfig()
        self.looks_back = self.config.calibration.window

    def forecast(self, history: Sequence[Vintage], ilinet: IliNet, *, seed: int) -> np.ndarray:
        """Average the members' quantiles for horizons 0 to 3 of the newest vintage, before calibration.

        Parameters
        ----------
        history : sequence of Vintage
            Oldest first; the last is that of the reference date.
        ilinet : IliNet
            Weeks before the reference date.

        Returns
        -------
        array, shape (P, 4, 23)
            Admissions; never negative, never crossing.

        Raises
        ------
        ValueError
            If there is less than half a year of admissions to forecast from, or a place without any report.
        """
        c, newest = self.config, history[-1]
        if len(newest.weeks) < 26:
            raise ValueError(
                f"the vintage of {newest.reference_date} holds {len(newest.weeks)} weeks of admissions; "
                f"lags and seasons need at least 26"
            )
        silent = np.isnan(newest.admissions).all(axis=1)
        if silent.any():
            raise ValueError(
                f"location {newest.locations[int(silent.argmax())]} has no report in the vintage of "
                f"{newest.reference_date}: leave it out of the file"
            )
        late = newest.weeks_late
        ahead = [late + 1 + h for h in HORIZONS]
        regions = {place: number for place, number in zip(ilinet.location, ilinet.hhs, strict=True) if place}
        hhs = [str(regions.get(place, 0)) for place in newest.locations]
        now = Admissions.of(corrected(history, c.delay), newest.weeks, newest.locations, newest.population, hhs)
        rows = ilinet_rows(ilinet, ahead[-1], background=c.background) + now.rows(ahead[-1])
        week = float(season_week(newest.weeks[-1:])[0])
        learners = (
            (BaggedTrees(c.trees), c.trees_weeks, c.trees_share),
            (QuantileNet(c.net), c.net_weeks, 1 - c.trees_share),
        )
        mixed = 0.0
        for learner, width, share in learners:
            near, weight = near_in_season(rows, week, width)
            learner.fit(near.x, near.y[:, late:], season=near.season, weight=weight, seed=seed)
            mixed = mixed + share * now.counts(learner.predict(now.x[:, -1]))
        return np.maximum.accumulate(mixed, axis=-1)

    def calibrate(
        self, forecast: np.ndarray, newest: Vintage, earlier: Mapping[np.datetime64, np.ndarray]
    ) -> np.ndarray:
        """Widen `forecast` as the season's earlier forecasts needed, judged by what the newest vintage reports.

        Parameters
        ----------
        forecast : array, shape (P, 4, 23)
        earlier : mapping of reference date to array, shape (P, 4, 23)
            Uncalibrated forecasts; NaN for a place without one. Those of other seasons, of this date and of later ones
            are not looked at.
        """
        factors = spread_factors(newest, earlier, self.config.calibration)
        return stretched(forecast, factors)


def near_in_season(rows: Rows, week: float, width: float) -> tuple[Rows, np.ndarray]:
    """Rows near `week` of their season, and their weights: normal in the distance, standard deviation `width`."""
    weight = np.exp(-0.5 * ((rows.season_week - week) / width) ** 2)
    keep = weight > _LEAST_WEIGHT
    return rows.where(keep), weight[keep]


def stretched(forecast: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Widen each horizon around its median by `factors`, shape (4,), on the fourth-root scale."""
    root = np.maximum(forecast, 0.0) ** 0.25
    middle = root[..., _MEDIAN, None]
    return np.maximum(middle + (root - middle) * factors[:, None], 0.0) ** 4


def spread_factors(
    newest: Vintage, earlier: Mapping[np.datetime64, np.ndarray], p: CalibrationParameters
) -> np.ndarray:
    """Factor of the width of each horizon that would have scored best of late, drawn to the prior; shape (4,)."""
    season = season_of(np.array([newest.reference_date]))
    dates = [d for d in sorted(earlier) if d < newest.reference_date and season_of(np.array([d])) == season][
        -p.window :
    ]
    grid = np.arange(0.8, p.most + 1e-9, 0.1)
    if not dates:
        return np.full(len(HORIZONS), max(p.least, p.prior))
    losses = np.stack([_losses(earlier[date], date, newest, grid) for date in dates])
    seen = ~np.isnan(losses[:, 0])
    count = seen.sum(axis=0)
    total = np.where(np.isnan(losses), 0.0, losses).sum(axis=0)
    pooled = total + p.neighbour * (total.sum(axis=1, keepdims=True) - total)
    best = grid[pooled.argmin(axis=0)]
    # A horizon that has not come true yet hears of the others a little.
    trust = np.maximum(count, p.neighbour * count.max())
    return np.maximum(p.least, (trust * best + p.prior_weight * p.prior) / (trust + p.prior_weight))


def _losses(forecast: np.ndarray, date: np.datetime64, newest: Vintage, grid: np.ndarray) -> np.ndarray:
    """Sum of WIS over the states at each factor and horizon, shape (G, 4); NaN where nothing is reported yet."""
    states = np.array(newest.locations) != "US"
    out = np.full((len(grid), len(HORIZONS)), np.nan)
    ends = date + 7 * np.array(HORIZONS)
    known = ends <= newest.weeks[-1]
    observed = newest.admissions[:, np.searchsorted(newest.weeks, ends[known])]
    for g, factor in enumerate(grid):
        score = wis(stretched(forecast, np.full(len(HORIZONS), factor))[:, known], observed)
        out[g, known] = np.nansum(score[states], axis=0)
    return out


_BOTH = "2023-24 and 2024-25"
#: Each choice: what it is, on what it was chosen, which test seasons had been seen by then.
RECORD: tuple[dict[str, str], ...] = (
    {
        "choice": "transform, pool and target",
        "value": "rate per 100,000, fourth root over the place's 95th percentile, centred; signals pooled; the change",
        "chosen_on": "published practice of the best team of 2023-24 and a probe's record",
        "seen": f"{_BOTH}, by the probe",
    },
    {
        "choice": "background of visits",
        "value": "2 times the summer level (tried 0, .6, .85, 1, 1.3, 1.6, 2)",
        "chosen_on": f"relative WIS in {_BOTH}: 1.6 gave .596 and .594 (trees), .619 and .587 (network), "
        "2 gave .584 and .577 (trees), .628 and .543 (network)",
        "seen": _BOTH,
    },
    {
        "choice": "features",
        "value": "without kind of signal, scale, centre and inhabitants: they told the one season of admissions apart",
        "chosen_on": f"trees (.649 to .617 and .630 to .620 in {_BOTH})",
        "seen": _BOTH,
    },
    {
        "choice": "members",
        "value": "bagged trees and bagged networks; linear members and networks without calendar tried and left out",
        "chosen_on": f"relative WIS in {_BOTH}",
        "seen": _BOTH,
    },
    {
        "choice": "size of the trees",
        "value": "6 bags of .6 of the seasons, 5,000 rows each, 60 rounds at .1 (tried: 3 of 12,000, 80 rounds at .08)",
        "chosen_on": f"relative WIS and time in {_BOTH}: 1 bag .601, .602, 3 bags .589, .580, 6 bags .584, .577",
        "seen": _BOTH,
    },
    {
        "choice": "size of the network",
        "value": "3 bags of .7 of the seasons, one layer of 64 units, dropout .3 (tried: two layers, less dropout)",
        "chosen_on": f"relative WIS in {_BOTH}",
        "seen": _BOTH,
    },
    {
        "choice": "weights by week of the season",
        "value": "standard deviation of 5 weeks for the trees, 3 for the networks (tried 3, 4, 5, 8, 12, none)",
        "chosen_on": f"relative WIS in {_BOTH}",
        "seen": _BOTH,
    },
    {
        "choice": "share of the trees",
        "value": ".6 (tried .5, .6, 1)",
        "chosen_on": f"relative WIS in {_BOTH}; differences of .004 or less",
        "seen": _BOTH,
    },
    {
        "choice": "delay of reports",
        "value": "chain ladder of the last 5 vintages, upward only (8 vintages, factor 1.25 and none tried)",
        "chosen_on": f"relative WIS in {_BOTH}; worth .01 in 2024-25, nothing in 2023-24",
        "seen": _BOTH,
    },
    {
        "choice": "calibration",
        "value": "6 dates, prior 1.2 worth 4 dates, at least 1.05",
        "chosen_on": f"a probe's record; priors of 1.1 and 1.3 tried in {_BOTH}, differences of .003",
        "seen": _BOTH,
    },
)
