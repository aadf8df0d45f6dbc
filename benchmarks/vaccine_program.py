"""Plan a national vaccine campaign: ``python -m benchmarks.vaccine_program`` prints size, time, memory and gap.

A seeded country: 1,874 districts in 25 regions, 26 weeks, 2 products, 4 groups, unless other sizes are asked for.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from resource import RUSAGE_SELF, getrusage

import numpy as np
import pandas as pd

from healthops.allocate.campaign import Campaign
from healthops.allocate.campaign_boxes import plan_in_boxes
from healthops.allocate.campaign_check import check_plan
from healthops.allocate.campaign_plan import CampaignPlan, equity_frontier, plan_campaign, plan_tables
from healthops.allocate.campaign_replan import replan


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


def memory_gb() -> float:
    """Largest resident memory of this process so far."""
    return getrusage(RUSAGE_SELF).ru_maxrss / 2**20


def measure_plan(campaign: Campaign, stages: tuple[str, ...], tolerance: float) -> tuple[CampaignPlan, pd.DataFrame]:
    """A plan, and a row of figures for each stage."""
    plan = plan_campaign(campaign, stages=stages, tolerance=tolerance)
    return plan, pd.DataFrame([vars(s) for s in plan.stages])


def measure_replan(districts: int, seed: int) -> pd.DataFrame:
    """CPU seconds of a plan made again after a cut of supply, from the last plan and from nothing."""
    campaign = make_campaign(districts, seed=seed)
    last = plan_campaign(campaign, stages=("floor", "benefit"), tolerance=1e-5)
    rows = []
    for name, start in (("warm", last), ("cold", replace(last, points={}))):
        began = time.process_time()
        again = replan(cut_supply(campaign), start, frozen=4)
        seconds = time.process_time() - began
        steps = sum(s.iterations for s in again.plan.stages)
        gap = max(s.gap for s in again.plan.stages)
        rows.append((name, seconds, steps, gap, again.moved, again.forced, len(again.changes)))
    return pd.DataFrame(rows, columns=["start", "cpu_s", "iterations", "gap", "moved", "forced", "changes"])


def print_boxes(campaign: Campaign) -> None:
    boxed = plan_in_boxes(campaign, stages=("floor", "benefit"), tolerance=1e-5)
    found = check_plan(campaign, boxed.tables, floor=boxed.plan.floor, whole_boxes=True)
    print(
        f"benefit {boxed.relaxed.benefit:.6g} without boxes, {boxed.plan.benefit:.6g} in boxes: loss {boxed.loss:.2%}"
    )
    print(f"floor {boxed.relaxed.floor:.4f} without boxes, {boxed.plan.floor:.4f} in boxes; {len(found)} violations")


def main(arguments: list[str] | None = None) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--districts", type=int, default=1874)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stages", nargs="+", default=["floor", "benefit"])
    parser.add_argument("--tolerance", type=float, default=1e-5, help="relative gap at which a stage ends")
    parser.add_argument("--frontier", type=int, default=0, metavar="POINTS", help="equity frontier instead")
    parser.add_argument("--boxes", action="store_true", help="whole boxes instead, and what they cost")
    parser.add_argument("--replan", type=int, default=0, metavar="DISTRICTS", help="measure re-planning instead")
    args = parser.parse_args(arguments)
    pd.set_option("display.width", 200, "display.max_columns", 20)
    if args.replan:
        print(measure_replan(args.replan, args.seed).to_string(index=False))
        return
    if args.frontier:
        frame, _ = equity_frontier(make_campaign(args.districts, seed=args.seed), points=args.frontier, tolerance=1e-5)
        print(frame.to_string(index=False))
        return
    if args.boxes:
        print_boxes(make_campaign(args.districts, seed=args.seed))
        return
    began, wall = time.process_time(), time.perf_counter()
    campaign = make_campaign(args.districts, seed=args.seed)
    plan, figures = measure_plan(campaign, tuple(args.stages), args.tolerance)
    print(figures.to_string(index=False))
    print(f"plan: {time.process_time() - began:.1f} CPU s, {time.perf_counter() - wall:.1f} s, {memory_gb():.2f} GB")
    tables = plan_tables(plan)
    found = check_plan(campaign, tables, floor=plan.floor)
    print(f"tables: {len(tables.shipments)} shipments; independent check: {len(found)} violations")
    print(f"in all: {time.process_time() - began:.1f} CPU s, {memory_gb():.2f} GB")
    for violation in found[:5]:
        print(violation)


if __name__ == "__main__":
    main()
