"""Bring forecasts down to districts: each place's cases are shared out as its districts had them of late.

The share of a district is uncertain. It is drawn from a Dirichlet distribution whose weights are its recent cases
and, as a prior, its inhabitants; the place's cases, drawn from its quantiles, fall on the districts as a
multinomial. What a district gets is then beta-binomial given the place's cases.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from healthops.data.schemas import QUANTILE_COLUMNS
from healthops.forecast.base import LEVELS
from healthops.forecast.cube import Cube


class DownscaleError(ValueError):
    """A place cannot be brought down to its districts; the message names it."""


def draw_from_quantiles(quantiles: np.ndarray, uniform: np.ndarray, *, levels: np.ndarray = LEVELS) -> np.ndarray:
    """Draw by the inverse of the distribution function, straight between quantiles, flat beyond the outermost.

    Parameters
    ----------
    quantiles : array, shape (..., m)
    uniform : array, shape (n,)
        Between 0 and 1; the same for all forecasts, so that the draws of one forecast never depend on another.

    Returns
    -------
    array, shape (..., n)
    """
    right = np.clip(np.searchsorted(levels, uniform), 1, len(levels) - 1)
    share = np.clip((uniform - levels[right - 1]) / (levels[right] - levels[right - 1]), 0.0, 1.0)
    return quantiles[..., right - 1] + share * (quantiles[..., right] - quantiles[..., right - 1])


def share_weights(recent: np.ndarray, population: np.ndarray, *, prior_cases: float) -> np.ndarray:
    """Dirichlet weights of the districts of one place: recent cases, and `prior_cases` spread by population.

    Parameters
    ----------
    recent, population : array, shape (D,)
        Recent cases; inhabitants (missing: as few as the fewest known).
    """
    people = np.where(population > 0, population, np.nan)
    least = np.nanmin(people) if np.isfinite(people).any() else 1.0
    people = np.where(np.isnan(people), least, people)
    return np.nan_to_num(recent) + prior_cases * people / people.sum()


def district_quantiles(
    place: np.ndarray, weights: np.ndarray, *, draws: int, concentration: float, rng: np.random.Generator
) -> np.ndarray:
    """Quantiles of the districts of one place from its own.

    Parameters
    ----------
    place : array, shape (H, 23)
        Quantiles of the place's cases by horizon.
    weights : array, shape (D,)
        Dirichlet weights of its districts; they are scaled down to sum to at most `concentration`, because shares
        drift by more than their counts say.

    Returns
    -------
    array, shape (D, H, 23)
        Whole cases.
    """
    total = weights.sum()
    alpha = weights * min(1.0, concentration / total)
    uniform = rng.permutation((np.arange(draws) + 0.5) / draws)
    cases = np.round(draw_from_quantiles(place, uniform)).astype(np.int64)
    shares = rng.dirichlet(alpha, size=draws)
    fallen = rng.multinomial(cases, shares[None], size=cases.shape)
    return np.quantile(fallen, LEVELS, axis=1, method="inverted_cdf").transpose(2, 1, 0).astype(float)


def to_districts(
    cube: Cube,
    model: str,
    weekly_cases: pd.DataFrame,
    places: pd.DataFrame,
    *,
    seed: int,
    draws: int = 400,
    half_life_weeks: float = 2.0,
    prior_cases: float = 2.0,
    concentration: float = 50.0,
) -> pd.DataFrame:
    """Make table ``district_forecasts`` from the forecasts of `model` at each origin of `cube`.

    Parameters
    ----------
    weekly_cases, places : DataFrame
        Tables of these names; only cases up to each origin, and no truncated week, are looked at.
    seed : int
        Each origin and place draws with a generator of its own, so that neither order nor selection matters.
    draws : int
        Samples per forecast.
    half_life_weeks : float
        A case so many weeks older counts half in the shares. With `prior_cases` and `concentration` it was chosen by
        the WIS of districts at origins up to 2018; shares of the past year, half-lives of 1 to 26 weeks were tried.
    prior_cases : float
        How many cases the shares by population are worth.
    concentration : float
        Most cases that the shares of a place may be worth: how far they drift.

    Raises
    ------
    DownscaleError
        If a place of the forecasts has no district.
    """
    known = weekly_cases[weekly_cases["status"] != "truncated"]
    wide = known.pivot(index="ubigeo", columns="week_end", values="cases").sort_index().sort_index(axis=1)
    weeks, counts = wide.columns.to_numpy().astype("datetime64[D]"), wide.to_numpy(float, na_value=np.nan)
    people = places.set_index("ubigeo")["population"].reindex(wide.index).to_numpy(float)
    codes = wide.index.to_numpy(str)
    inside = {place: _districts(codes, place) for place in cube.places}
    parts = []
    for o, origin in enumerate(cube.origins):
        end = int(np.searchsorted(weeks, origin, side="right"))
        recent = np.nan_to_num(counts[:, :end]) @ 0.5 ** (np.arange(end)[::-1] / half_life_weeks)
        for p, place in enumerate(cube.places):
            own = inside[place]
            rng = np.random.default_rng([seed, int(origin.astype("datetime64[D]").astype(int)), int(place)])
            weights = share_weights(recent[own], people[own], prior_cases=prior_cases)
            quantiles = district_quantiles(
                cube.quantiles[model][o, p], weights, draws=draws, concentration=concentration, rng=rng
            )
            parts.append(_rows(origin, cube.horizons, codes[own], quantiles))
    return pd.concat(parts, ignore_index=True)


def _districts(codes: np.ndarray, place: str) -> np.ndarray:
    own = np.flatnonzero(np.char.startswith(codes, place))
    if not len(own):
        raise DownscaleError(f"no district of place {place!r} is in table 'weekly_cases'; its code must begin with it")
    return own


def _rows(origin: np.datetime64, horizons: Sequence[int], codes: np.ndarray, quantiles: np.ndarray) -> pd.DataFrame:
    reference = origin.astype("datetime64[ns]")
    ahead = np.tile(np.array(horizons), len(codes))
    frame = pd.DataFrame(quantiles.reshape(-1, len(QUANTILE_COLUMNS)), columns=list(QUANTILE_COLUMNS))
    frame.insert(0, "location", np.repeat(codes, len(horizons)))
    frame.insert(0, "target_end_date", reference + (7 * ahead).astype("timedelta64[D]"))
    frame.insert(0, "horizon", ahead)
    frame.insert(0, "reference_date", reference)
    return frame
