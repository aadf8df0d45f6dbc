"""A small panel of made-up counts for the tests of this room."""

import numpy as np

from healthops.forecast.base import Panel


def made_panel(places: int = 4, weeks: int = 260, *, seed: int = 0, missing: bool = False) -> Panel:
    """Seasonal negative-binomial counts of `places` places whose codes are 0101, 0102, 0201, ..."""
    rng = np.random.default_rng(seed)
    t = np.arange(weeks)
    level = rng.uniform(5, 60, places)[:, None] * np.exp(
        1.2 * np.sin(2 * np.pi * t / 52.18) + rng.normal(0, 0.2, weeks)
    )
    cases = rng.negative_binomial(5, 5 / (5 + level)).astype(float)
    if missing:
        cases[1, 100:103] = np.nan
    codes = tuple(f"{1 + p // 2:02d}{1 + p % 2:02d}" for p in range(places))
    start = np.datetime64("2012-01-07", "D")
    rep = np.repeat(np.arange(places, dtype=float)[:, None], weeks, axis=1)
    return Panel(
        codes, start + 7 * t.astype("timedelta64[D]"), cases, rng.uniform(5e4, 5e5, places),
        {"latitude": -5 - rep, "longitude": -75 - rep},
    )  # fmt: skip
