"""A seeded country for a vaccine campaign, and what can become different in it between two plans."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from healthops.allocate.campaign import Campaign


def make_campaign(
    districts: int = 1874,
    *,
    regions: int | None = None,
    weeks: int = 26,
    groups: int = 4,
    supply: float = 0.6,
    seed: int = 1,
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
    litres = 1.5 + vaccinators * every * 0.0045 * rng.uniform(0.6, 1.5, districts)
    stores = np.bincount(region, weights=vaccinators * every * 0.0035, minlength=regions) * rng.uniform(
        0.6, 1.2, regions
    )
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
    """Share of each district's risk that is still to come at the start of each week: a wave, shape (D, T + 1)."""
    peak = rng.uniform(0.3, 1.1, (districts, 1)) * weeks
    wave = np.exp(-0.5 * ((np.arange(weeks) - peak) / (0.2 * weeks)) ** 2) + 0.05
    ahead = np.cumsum(wave[:, ::-1], axis=1)[:, ::-1] / wave.sum(axis=1, keepdims=True)
    return np.concatenate([ahead, np.zeros((districts, 1))], axis=1)


def cut_supply(campaign: Campaign, *, weeks: tuple[int, int] = (8, 12), share: float = 0.3) -> Campaign:
    """The campaign with `share` of the lots that arrive in these weeks lost."""
    lots = campaign.lots.copy()
    lots.loc[lots["arrives"].between(*weeks), "doses"] *= 1 - share
    return replace(campaign, lots=lots)


def with_stock(campaign: Campaign, *, weeks: float = 1.0) -> Campaign:
    """The campaign with vaccine at hand in every district: what its vaccinators give in so many weeks, if it fits.

    It is of the first lot of each product, on top of what the national store has of it.
    """
    first = campaign.lots.sort_values("arrives", kind="stable").groupby("product", sort=False)["lot"].first()
    litres = campaign.products.set_index("product")["litres_per_dose"]
    fits = 0.5 * campaign.districts["capacity_litres"].to_numpy(float) / float(litres[first.index].sum())
    doses = np.minimum(weeks / len(first) * campaign.districts["vaccinator_doses"].to_numpy(float), fits)
    parts = [pd.DataFrame({"district": campaign.districts["district"], "lot": lot, "doses": doses}) for lot in first]
    return replace(campaign, stock=pd.concat(parts, ignore_index=True))


def lose_stock(campaign: Campaign, *, every: int = 10, share: float = 0.5) -> Campaign:
    """The campaign with `share` of the vaccine at hand in every so many-th district lost."""
    broken = set(campaign.districts["district"][::every])
    kept = np.where(campaign.stock["district"].isin(broken), 1 - share, 1.0)
    return replace(campaign, stock=campaign.stock.assign(doses=campaign.stock["doses"] * kept))


def bring_forward(campaign: Campaign, *, weeks: int = 3, every: int = 3) -> Campaign:
    """The campaign with another forecast: in every so many-th region the wave comes so many weeks earlier."""
    ahead = campaign.burden.copy()
    here = campaign.region_of % every == 0
    earlier = np.concatenate([ahead[:, weeks:], np.zeros((len(ahead), weeks))], axis=1)
    ahead[here] = np.divide(earlier, ahead[:, [weeks]], out=np.zeros_like(ahead), where=ahead[:, [weeks]] > 0)[here]
    return replace(campaign, burden=ahead)
