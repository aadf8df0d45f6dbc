"""Demand for first doses, week by week: the series that forecasts start from, and the rules that a model must beat.

All numbers are weekly first doses (given in a region, wanted in a district's group) per 100 people of the place. A
forecaster is asked for several origins at once; at each it uses weeks up to the origin alone, and what it has learnt.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from healthops.features.grid import Grid, lagged, trailing_mean
from healthops.forecast import ceiling
from healthops.forecast.base import HORIZONS, LEVELS
from healthops.forecast.baselines import by_differences

if TYPE_CHECKING:
    import pandas as pd

#: Features of the tables that the learners see, beside what a campaign says by itself (:func:`state`).
REGION_FEATURES = ("first_growth_4_weeks", "share_of_peak_pace")
GROUP_FEATURES = (*REGION_FEATURES, "unmet_share_4_weeks")
#: Added to doses per 100 people before a logarithm: a place of a thousand people that sees nobody for a month or two.
FLOOR = 0.02
#: Weeks of past errors that a rule's quantiles are made of.
MEMORY = 26
#: How much of a trend is left a week later (Gardner & McKenzie 1985), and the strongest trend that is believed.
DAMPING, STEEPEST = 0.8, 0.35
#: Largest share of those who are left that comes in a week.
MOST_LEAVING = 0.6


class DemandError(ValueError):
    """A table is no campaign to learn from or to forecast; the message names the column, the row and the remedy."""


@dataclass(frozen=True)
class Campaign:
    """The course of a campaign in several places, on one grid of weeks.

    Attributes
    ----------
    places : tuple of str, length P
        Regions, or districts and groups as ``ubigeo/group``.
    weeks : array of datetime64[D], shape (T,)
    pace : array, shape (P, T)
        What is forecast, per 100 people; NaN where not told.
    coverage : array, shape (P, T)
        People with a first dose at the end of the week, %.
    ceiling : array, shape (P, T)
        People who will ever come as known in that week, %.
    phase : array, shape (P, T)
        Number in :data:`healthops.features.campaign_doses.PHASES`.
    kind : array of text, shape (P,)
        Places of one kind (a priority group) are each other's "elsewhere".
    features : mapping of str to array, shape (P, T)
    """

    places: tuple[str, ...]
    weeks: np.ndarray
    pace: np.ndarray
    coverage: np.ndarray
    ceiling: np.ndarray
    phase: np.ndarray
    kind: np.ndarray
    features: Mapping[str, np.ndarray]

    def until(self, week: np.datetime64 | str) -> Campaign:
        """Return what was known at the end of `week`."""
        keep = int(np.searchsorted(self.weeks, np.datetime64(week, "D"), side="right"))
        if keep == 0:
            raise DemandError(f"the campaign starts on {self.weeks[0]}, after {week}: choose a later origin")
        arrays = {k: getattr(self, k)[:, :keep] for k in ("pace", "coverage", "ceiling", "phase")}
        features = {name: values[:, :keep] for name, values in self.features.items()}
        return replace(self, weeks=self.weeks[:keep], features=features, **arrays)

    def at(self, origins: Sequence[object]) -> np.ndarray:
        """Return the columns of the weeks `origins`."""
        wanted = np.asarray(origins, "datetime64[D]")
        found = np.searchsorted(self.weeks, wanted)
        absent = wanted[(found >= len(self.weeks)) | (self.weeks[np.minimum(found, len(self.weeks) - 1)] != wanted)]
        if len(absent):
            raise DemandError(
                f"{absent[0]} is no week of the campaign, {self.weeks[0]} to {self.weeks[-1]} on Saturdays"
            )
        return found

    def ahead(self, horizons: Sequence[int] = HORIZONS) -> np.ndarray:
        """Pace of the coming weeks, shape (P, T, H); NaN beyond the last week. A target, never an input."""
        out = np.full((*self.pace.shape, len(horizons)), np.nan)
        for j, h in enumerate(horizons):
            out[:, :-h, j] = self.pace[:, h:]
        return out


def of_regions(table: pd.DataFrame, names: Sequence[str] = REGION_FEATURES) -> Campaign:
    """Return the campaign of the regions; its ceilings are those of the fall so far, week by week.

    Parameters
    ----------
    table : DataFrame
        ``vaccine_region_features``.
    names : sequence of str
        Features to keep.
    """
    made = _campaign(table.assign(ubigeo=table["region"]), "vaccine_region_features", "first_per_100_lag_0", names)
    top = np.full(made.pace.shape, np.nan)
    for t in range(made.pace.shape[1]):
        told = np.isfinite(made.coverage[:, t])
        if told.sum() >= 2:
            found = ceiling.of_regions(made.pace[told, : t + 1] / 100, made.coverage[told, : t + 1] / 100)
            top[told, t] = 100 * found.share[:, 1]
    return replace(made, ceiling=np.fmax(top, made.coverage))


def of_groups(table: pd.DataFrame, names: Sequence[str] = GROUP_FEATURES) -> Campaign:
    """Return the campaign of the districts' groups; its ceilings are the willing of the survey.

    Parameters
    ----------
    table : DataFrame
        ``vaccine_features``.
    names : sequence of str
        Features to keep.
    """
    place = table["ubigeo"] + "/" + table["group"]
    made = _campaign(table.assign(ubigeo=place), "vaccine_features", "wanted_per_100_lag_0", names)
    kind = np.array([name.partition("/")[2] for name in made.places])
    return replace(made, ceiling=made.coverage + made.ceiling, kind=kind)


def _campaign(table: pd.DataFrame, name: str, target: str, names: Sequence[str]) -> Campaign:
    """Campaign of a table of features; `ceiling` holds those who are left, where the table tells them."""
    needed = ("ubigeo", "week_end", "basis", target, "coverage_first_pct", "phase", *names)
    lacking = sorted(set(needed) - set(table))
    if lacking:
        raise DemandError(f"table {name!r} lacks the columns {lacking}: make it again with notebook 22")
    assumed = table["basis"] != "data"
    if assumed.any():
        row = table[assumed].iloc[0]
        raise DemandError(
            f"table {name!r}: {int(assumed.sum())} rows are assumed, such as {row['ubigeo']} in the week to "
            f"{row['week_end']:%Y-%m-%d}; a model would learn the assumption: give rows of basis 'data' alone"
        )
    grid = Grid.of(table, name=name)
    pace = grid.wide(table, target)
    if (pace < 0).any():
        p, t = np.argwhere(pace < 0)[0]
        raise DemandError(
            f"table {name!r}: {target} of {grid.places[p]} in the week to {grid.weeks[t]} is {pace[p, t]:g}; "
            f"doses cannot be negative: clean vaccine_region_doses or vaccine_uptake again"
        )
    left = grid.wide(table, "left_willing_pct") if "left_willing_pct" in table else np.full(pace.shape, np.nan)
    wide = {n: grid.wide(table, n) for n in dict.fromkeys(names)}
    cover, phase = grid.wide(table, "coverage_first_pct"), grid.wide(table, "phase")
    return Campaign(grid.places, grid.weeks, pace, cover, left, phase, np.full(len(grid.places), ""), wide)


def state(campaign: Campaign) -> dict[str, np.ndarray]:
    """Describe each week of a campaign for a learner; arrays of shape (P, T), only of the week and before it.

    The pace is told by its logarithm and against that of the month; places without a dose elsewhere have no reference.
    """
    mean = month(campaign)
    around = np.empty(mean.shape)
    for kind in np.unique(campaign.kind):
        mine = campaign.kind == kind
        told = np.isfinite(mean[mine])
        around[mine] = np.where(told, mean[mine], 0).sum(axis=0) / np.maximum(told.sum(axis=0), 1)
    log, level = np.log(mean + FLOOR), np.log(around + FLOOR)
    return {
        "log_month": log,
        "left": np.maximum(campaign.ceiling - campaign.coverage, 0),
        "newest_less_month": np.log(campaign.pace + FLOOR) - log,
        "week_before_less_month": np.log(lagged(campaign.pace, 1) + FLOOR) - log,
        "elsewhere_less_month": level - log,
        "elsewhere_growth": level - lagged(level, 4),
        **campaign.features,
    }


# ---- rules: one number a week ahead, from what the last weeks were -----------------------------------------------

Rule = Callable[[Campaign, Sequence[int]], np.ndarray]


def last_known(pace: np.ndarray) -> np.ndarray:
    """Newest pace that was told up to each week, shape (P, T); NaN before the first."""
    at = np.where(np.isfinite(pace), np.arange(pace.shape[1]), 0)
    return np.take_along_axis(pace, np.maximum.accumulate(at, axis=1), axis=1)


def month(campaign: Campaign) -> np.ndarray:
    """Mean pace of the last four weeks, or the newest one where none of them was told; shape (P, T)."""
    mean = trailing_mean(campaign.pace, 4)
    return np.where(np.isfinite(mean), mean, last_known(campaign.pace))


def four_weeks(campaign: Campaign, horizons: Sequence[int]) -> np.ndarray:
    """The mean of the last four weeks goes on; shape (P, T, H)."""
    return np.repeat(month(campaign)[..., None], len(horizons), axis=-1)


def damped_trend(campaign: Campaign, horizons: Sequence[int]) -> np.ndarray:
    """The month's pace goes on growing or falling as it did, each week less so; shape (P, T, H)."""
    mean = month(campaign)
    growth = np.log((mean + FLOOR) / (lagged(mean, 4) + FLOOR)) / 4
    growth = np.clip(np.nan_to_num(growth), -STEEPEST, STEEPEST)
    steps = np.array([sum(DAMPING**k for k in range(1, h + 1)) for h in horizons])
    return mean[..., None] * np.exp(growth[..., None] * steps)


def saturation(campaign: Campaign, horizons: Sequence[int]) -> np.ndarray:
    """The same share of those who are left goes on coming each week, so that ever fewer do; shape (P, T, H)."""
    mean = month(campaign)
    left = np.maximum(campaign.ceiling - campaign.coverage, 0)
    # Before each of the last four weeks one, two, three and four weeks' doses more were left to give: 2.5 on average.
    before = left + 2.5 * mean
    share = np.divide(mean, before, out=np.zeros(mean.shape), where=before > 0)
    return depleted(left, np.minimum(share, MOST_LEAVING), horizons)


def depleted(left: np.ndarray, share: np.ndarray, horizons: Sequence[int]) -> np.ndarray:
    """Who comes `h` weeks ahead where the `share` of those who are still `left` comes every week: shape (..., H).

    A geometric series, whose sum over all weeks is `left`.

    >>> depleted(np.array(80.0), np.array(0.5), (1, 2, 3)).tolist()
    [40.0, 20.0, 10.0]
    """
    h = np.asarray(horizons)
    return (left * share)[..., None] * (1 - share)[..., None] ** (h - 1)


# ---- forecasters ------------------------------------------------------------------------------------------------


class DemandForecaster(ABC):
    """Learn from a campaign, then give 23 quantiles of each place, origin and horizon."""

    #: Name in tables, figures and prose.
    name: str

    def fit(self, campaign: Campaign, *, seed: int) -> Self:
        """Learn from every week of `campaign`; rules learn nothing."""
        return self

    @abstractmethod
    def predict(self, campaign: Campaign, origins: np.ndarray, horizons: Sequence[int] = HORIZONS) -> np.ndarray:
        """Forecast from each of the weeks with the numbers `origins`; what comes after an origin is not looked at.

        Returns
        -------
        array, shape (O, P, H, 23)
            Quantiles at :data:`LEVELS`, per 100 people, never negative, never crossing; NaN where a place has told
            nothing yet.
        """


class LastWeek(DemandForecaster):
    """Last week goes on: :class:`healthops.forecast.baselines.HubBaseline` on the pace."""

    name = "last week"

    def predict(self, campaign: Campaign, origins: np.ndarray, horizons: Sequence[int] = HORIZONS) -> np.ndarray:
        """Forecast; see :class:`DemandForecaster`."""
        last = last_known(campaign.pace)
        return np.stack([by_differences(campaign.pace[:, : t + 1], last[:, t], horizons) for t in origins])


class RuleForecaster(DemandForecaster):
    """A rule for the median, and the quantiles of its own past errors, all places together, as ratios.

    Parameters
    ----------
    name : str
    rule : callable
        One of the rules of this module.
    by_phase : bool
        Use the errors alone that were made in the phase of the campaign that the place is in, their median too: what
        places did from such a phase on.
    memory : int
        Weeks of origins whose errors count.
    """

    def __init__(self, name: str, rule: Rule, *, by_phase: bool = False, memory: int = MEMORY) -> None:
        self.name, self.rule, self.by_phase, self.memory = name, rule, by_phase, memory

    def predict(self, campaign: Campaign, origins: np.ndarray, horizons: Sequence[int] = HORIZONS) -> np.ndarray:
        """Forecast; see :class:`DemandForecaster`."""
        points = self.rule(campaign, horizons)
        error = np.log((campaign.ahead(horizons) + FLOOR) / (points + FLOOR))
        out = np.empty((len(origins), len(campaign.places), len(horizons), len(LEVELS)))
        for k, t in enumerate(origins):
            kinds = campaign.phase[:, t] if self.by_phase else np.zeros(len(campaign.places))
            for j, h in enumerate(horizons):
                seen = slice(max(0, t - h + 1 - self.memory), max(0, t - h + 1))
                for kind in np.unique(kinds):
                    mine = kinds == kind
                    past = error[:, seen, j]
                    chosen = past[campaign.phase[:, seen] == kind] if self.by_phase else past.ravel()
                    spread = _spread(chosen, past.ravel(), centred=not self.by_phase)
                    out[k, mine, j] = (points[mine, t, j, None] + FLOOR) * np.exp(spread) - FLOOR
        return np.maximum(out, 0)


def _spread(chosen: np.ndarray, every: np.ndarray, *, centred: bool) -> np.ndarray:
    """Quantiles of past log errors, shape (23,): of `chosen`, or of `every` one where those are under 50; 0 if none."""
    seen = chosen[np.isfinite(chosen)]
    if len(seen) < 50:
        seen = every[np.isfinite(every)]
    if not len(seen):
        return np.zeros(len(LEVELS))
    found = np.quantile(seen, LEVELS)
    return found - found[len(LEVELS) // 2] if centred else found


def baselines() -> dict[str, DemandForecaster]:
    """Return every rule by its name; the first is the one that relative WIS is relative to."""
    rules = [
        LastWeek(),
        RuleForecaster("four-week mean", four_weeks),
        RuleForecaster("damped trend", damped_trend),
        RuleForecaster("saturation", saturation),
        RuleForecaster("campaign phase", four_weeks, by_phase=True),
    ]
    return {rule.name: rule for rule in rules}


def mean_of(forecasts: Sequence[np.ndarray]) -> np.ndarray:
    """Average quantiles of several models level by level (Vincent); never crossing where none of them crosses."""
    return np.mean(forecasts, axis=0)


# ---- from rates to people, never more than there are --------------------------------------------------------------


def within_ceiling(values: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Cut quantiles of weekly demand so that at each level the weeks together are at most those who are left.

    Where a level's weeks would be more, all of them shrink by one factor; a lower level is then never above a higher.

    Parameters
    ----------
    values : array, shape (P, H, Q)
        Quantiles, ascending along the last axis.
    left : array, shape (P, Q)
        People who are left under the quantile of the ceiling at the same level, ascending.

    Returns
    -------
    array, shape (P, H, Q)
    """
    if (left < 0).any() or left.shape != (values.shape[0], values.shape[2]):
        raise DemandError(
            f"left has shape {left.shape} and minimum {left.min():g}: one number of at least 0 a place and level"
        )
    out = np.empty_like(values)
    above = np.inf
    for q in reversed(range(values.shape[2])):
        total = values[:, :, q].sum(axis=1)
        factor = np.minimum(1, np.divide(left[:, q], total, out=np.ones(len(left)), where=total > 0))
        out[:, :, q] = above = np.minimum(values[:, :, q] * factor[:, None], above)
    return out
