"""A small campaign whose law is known: each week the same share of those who are left comes, with noise."""

from __future__ import annotations

import numpy as np
import pandas as pd

from healthops.features.campaign_table import district_features, region_features
from healthops.forecast.demand import Campaign
from tests.features.made_campaign import campaign, region_doses


def depleting(
    places: int = 12, weeks: int = 40, *, share: float = 0.12, noise: float = 0.0, start: int = 3, seed: int = 0
) -> tuple[Campaign, np.ndarray]:
    """Return the campaign and the ceilings of its places, %; the pace is 0 before week `start`."""
    rng = np.random.default_rng(seed)
    top = rng.uniform(55, 90, places)
    pace, cover = np.zeros((places, weeks)), np.zeros((places, weeks))
    reached = np.zeros(places)
    for t in range(start, weeks):
        pace[:, t] = share * (top - reached) * np.exp(noise * rng.standard_normal(places))
        reached = np.minimum(reached + pace[:, t], top)
        cover[:, t] = reached
    phase = np.where(cover < 1, 0.0, np.where(np.arange(weeks) < start + 4, 1.0, 2.0))
    names = tuple(f"{k:02d}" for k in range(places))
    days = np.datetime64("2021-01-02", "D") + 7 * np.arange(weeks)
    ceiling = np.repeat(top[:, None], weeks, axis=1)
    growth = np.zeros((places, weeks))
    return Campaign(names, days, pace, cover, ceiling, phase, np.full(places, ""), {"growth": growth}), top


def region_table() -> pd.DataFrame:
    return region_features(region_doses())


def group_table(basis: str = "data") -> pd.DataFrame:
    return district_features(campaign(basis=basis))
