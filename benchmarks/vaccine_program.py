"""Plan a national vaccine campaign: ``python -m benchmarks.vaccine_program`` prints size, time, memory and certified gap.

A seeded country: 1,874 districts in 25 regions, 26 weeks, 2 products, 4 groups, unless other sizes are asked for.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

from healthops.allocate.campaign import Campaign


def make_campaign(
    districts: int = 1874, *, regions: int | None = None, weeks: int = 26, groups: int = 4, supply: float = 0.6, seed: int = 1
) -> Campaign:
    """A seeded campaign with two products, weekly lots, and stores and vaccinators that are short in some places.

    Parameters
    ----------
    supply : float
        Doses of all lots, as a share of what all willing people would take.
    """
    rng = np.random.default_rng(seed)
    regions = regions or max(2, min(25, districts // 60))
    place = [f"d{i:04d}" for i in range(districts)]
    region = rng.permutation(np.arange(districts) % regions)
    size = rng.lognormal(8.5, 1.1, districts) + 200
    shares = rng.dirichlet(np.array([6.0, 12.0, 5.0, 2.0, 3.0][:groups]) * 8, districts)
    willing = np.clip(rng.normal(0.75, 0.1, (districts, groups)), 0.3, 0.98)
    risk = np.array([0.02, 0.1, 0.6, 3.0, 1.0])[:groups] * rng.lognormal(0, 0.3, (districts, 1)) / 100
    people = pd.DataFrame(
        {
            "district": np.repeat(place, groups),
            "group": np.tile([f"g{j}" for j in range(groups)], districts),
            "population": np.round(size[:, None] * shares).ravel(),
            "willingness": willing.ravel(),
            "risk": risk.ravel(),
        }
    )
    people["covered"] = np.round(people["population"] * people["willingness"] * rng.uniform(0, 0.1, len(people)))
    products = pd.DataFrame(
        {
            "product": ["two-dose", "one-dose"],
            "doses": [2, 1],
            "interval_weeks": [min(4, weeks - 1), 0],
            "litres_per_dose": [0.003, 0.008],
            "box_doses": [60, 50],
            "efficacy_first": [0.5, 0.7],
            "efficacy_full": [0.9, 0.7],
            "wastage_factor": [1.05, 1.1],
        }
    )
    wanted = float((people["population"] * people["willingness"]).sum())
    vaccinators = np.ceil(size * rng.uniform(0.05, 0.12, districts)) + 5
    every = rng.choice([1, 2, 4], districts, p=[0.5, 0.3, 0.2])
    litres = vaccinators * every * 0.0045 * rng.uniform(0.8, 2.0, districts)
    stores = np.bincount(region, weights=vaccinators * every * 0.0035, minlength=regions) * rng.uniform(0.6, 1.2, regions)
    return Campaign(
        weeks=weeks,
        products=products,
        lots=_lots(rng, weeks, wanted * supply),
        regions=pd.DataFrame({"region": [f"r{r:02d}" for r in range(regions)], "capacity_litres": stores + 1.0}),
        districts=pd.DataFrame(
            {
                "district": place,
                "region": [f"r{r:02d}" for r in region],
                "capacity_litres": litres,
                "vaccinator_doses": vaccinators,
                "delivery_every": every,
                "vulnerable": rng.random(districts) < 0.2,
            }
        ),
        people=people,
        burden=_burden(rng, districts, weeks),
    )


def _lots(rng: np.random.Generator, weeks: int, people: float) -> pd.DataFrame:
    """Lots that serve `people` in all; a third of the two-dose ones last six weeks."""
    rows = []
    for product, share, doses, every in (("two-dose", 0.7, 2, 2), ("one-dose", 0.3, 1, 3)):
        arrivals = np.arange(0, weeks - 2, every)
        sizes = rng.dirichlet(np.full(len(arrivals), 4.0)) * people * share * doses
        for n, (week, amount) in enumerate(zip(arrivals, sizes, strict=True)):
            life = int(rng.integers(3, 8)) if n % 3 == 1 else int(rng.integers(12, 40))
            rows.append((f"{product}-{n:02d}", product, float(np.ceil(amount)), int(week), int(week + life)))
    return pd.DataFrame(rows, columns=["lot", "product", "doses", "arrives", "expires"])


def _burden(rng: np.random.Generator, districts: int, weeks: int) -> np.ndarray:
    """Share of each district's risk that is still to come at the start of each week: an epidemic wave, shape (D, T + 1)."""
    peak = rng.uniform(0.3, 1.1, (districts, 1)) * weeks
    wave = np.exp(-0.5 * ((np.arange(weeks) - peak) / (0.2 * weeks)) ** 2) + 0.05
    ahead = np.cumsum(wave[:, ::-1], axis=1)[:, ::-1] / wave.sum(axis=1, keepdims=True)
    return np.concatenate([ahead, np.zeros((districts, 1))], axis=1)
