"""Plan a national vaccine campaign: ``python -m benchmarks.vaccine_program`` prints size, time, memory and gap.

A seeded country: 1,874 districts in 25 regions, 26 weeks, 2 products, 4 groups, unless other sizes are asked for. As a
step of the pipeline (``run``) it plans that country with two seeds, smaller ones, and the country of the tables; makes
plans again after a change; proves small ones by other means; and writes what it found and what it took.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.made_campaign import bring_forward, cut_supply, lose_stock, make_campaign, with_stock
from benchmarks.vaccine_proofs import proofs
from healthops.allocate import interior
from healthops.allocate.campaign import Campaign
from healthops.allocate.campaign_boxes import plan_in_boxes
from healthops.allocate.campaign_check import check_plan
from healthops.allocate.campaign_plan import CampaignPlan, equity_frontier, plan_campaign, plan_tables
from healthops.allocate.campaign_replan import Replan, replan
from healthops.allocate.campaign_tables import campaign_from_tables, read_tables
from healthops.data.campaign_rules import load_rules
from healthops.data.disease import group_fatality, product_efficacy

if TYPE_CHECKING:
    from healthops.workspace import Workspace

STAGES = ("floor", "benefit")
#: Relative gap at which a stage of a measured plan ends: half of what is asked.
TOLERANCE = 5e-5
#: What the step plans: districts and seed by name; the tables' country comes on top.
CASES = {
    "60 districts": (60, 1),
    "240 districts": (240, 1),
    "600 districts": (600, 1),
    "national, seed 1": (1874, 1),
    "national, seed 2": (1874, 2),
}
#: The country of the tables: its first week, in which three products were at hand.
TABLES_CASE, TABLES_START = "national, tables", "2021-05-22"
#: Districts of the plans made again, of the frontier and of the plan in boxes; points of the frontier.
MIDDLE, POINTS = 240, 9
#: Weeks that a plan made again keeps, and the share of its doses that may move beyond those that it must.
FROZEN, MOVED_SHARE = 4, 0.1
#: After a loss of stock: the first week is over; the later ones were to use what is lost.
FROZEN_STOCK = 1
#: How many changes are listed for each plan made again.
LISTED = 5

RECORD = (
    {
        "choice": "made country",
        "value": "districts of lognormal size in 25 regions, weekly lots for 60 % of the willing, a third of the "
        "two-dose ones short-lived, stores and vaccinators short in some places",
        "chosen_on": "assumption",
        "seen": "times and gaps of seeds 1 and 2",
    },
    {
        "choice": "gap at which a stage ends",
        "value": f"{TOLERANCE:g}, where 1e-4 was asked for; before, 1e-5",
        "chosen_on": "time of the country of the tables",
        "seen": "times and gaps of both seeds and of the tables with 1e-5",
    },
    {
        "choice": "plans made again",
        "value": f"{FROZEN} weeks frozen ({FROZEN_STOCK} after a loss of stock), {100 * MOVED_SHARE:.0f} % of the "
        "doses may move beyond those that they must",
        "chosen_on": "a freeze of 4 weeks after a loss of stock was refused: one lot lacked the lost doses",
        "seen": "times of seed 1",
    },
    {
        "choice": "state of the country when plans are made again",
        "value": "the start, with stock at hand and without; not the week after, when second doses fall due too",
        "chosen_on": "one trial a week after the start: 7 to 10 CPU s from the last plan, and from nothing no "
        "solution in 250 iterations after two of three changes",
        "seen": "times of seed 1",
    },
)


# ---- plans -------------------------------------------------------------------------------------------------------


def memory_gb() -> float:
    """Largest resident memory of this process so far.

    Linux counts the parent's into ``ru_maxrss`` of a process that it has just started, so its own file is read there.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) / 2**20
    return getrusage(RUSAGE_SELF).ru_maxrss / 2**20


class Trace:
    """Every iteration of every stage: number of the stage, iteration, relative gap, residuals."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, float, float, float]] = []

    def __call__(self, iteration: int, value: float, bound: float, primal: float, dual: float) -> None:
        """Keep an iteration; one that does not count on begins a stage."""
        stage = self.rows[-1][0] if self.rows else 0
        if self.rows and iteration <= self.rows[-1][1]:
            stage += 1
        gap = min(abs(value - bound) / max(abs(value), 1e-9), 1e6)
        self.rows.append((stage, iteration, gap, primal, dual))


def measured_plan(case: str, campaign: Campaign, stages=STAGES, tolerance=TOLERANCE) -> tuple[CampaignPlan, dict]:
    """Plan a campaign and check the plan's tables; return the plan, and the rows of the two tables of figures."""
    trace, began = Trace(), time.process_time()
    plan = plan_campaign(campaign, stages=stages, tolerance=tolerance, watch=trace, solver=interior.solve)
    planned = time.process_time() - began
    tables = plan_tables(plan)
    found = check_plan(campaign, tables, floor=plan.floor)
    d, p, g, t = campaign.shape
    size = {"case": case, "districts": d, "weeks": t, "products": p, "groups": g}
    after = {
        "violations": len(found),
        "shipments": len(tables.shipments),
        "plan_cpu_s": planned,
        "all_cpu_s": time.process_time() - began,
        "memory_gb": memory_gb(),
    }
    rows = [size | {"stage_cpu_s" if k == "seconds" else k: v for k, v in vars(s).items()} | after for s in plan.stages]
    for row in rows:
        row["stage"] = row.pop("name")
    steps = [
        {"case": case, "stage": stages[n], "iteration": i, "gap": gap, "primal": primal, "dual": dual}
        for n, i, gap, primal, dual in trace.rows
    ]
    return plan, {"plans": rows, "steps": steps}


def _measured_made(case: str, districts: int, seed: int) -> dict:
    return measured_plan(case, make_campaign(districts, seed=seed))[1]


def _measured_tables(case: str, tables: dict[str, pd.DataFrame], ages: pd.DataFrame) -> dict:
    return measured_plan(case, campaign_of_tables(tables, ages))[1]


def campaign_of_tables(tables: dict[str, pd.DataFrame], ages: pd.DataFrame) -> Campaign:
    """The campaign of the workspace's tables; worth of a protected person is the fatality of the group."""
    rules = load_rules()
    efficacy = {p: product_efficacy(rules, p, "death") for p in tables["vaccine_products"]["product"].unique()}
    made = campaign_from_tables(tables, start=TABLES_START, risk=group_fatality(ages, rules), efficacy=efficacy)
    return made.campaign


def in_own_process(function: Callable[..., dict], *arguments: object) -> dict:
    """Call a function in a process of its own, so that its peak memory is its own."""
    from healthops.pipeline import environment

    context = get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=environment.die_with_parent) as pool:
        return pool.submit(function, *arguments).result()


def measure_plans(
    cases: dict[str, tuple[int, int]], tables: dict[str, pd.DataFrame] | None = None, ages: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables ``campaign_benchmark_plans`` and ``campaign_benchmark_steps``."""
    found = [in_own_process(_measured_made, case, *size) for case, size in cases.items()]
    if tables is not None:
        found.append(in_own_process(_measured_tables, TABLES_CASE, tables, ages))
    plans, steps = (pd.DataFrame([row for part in found for row in part[name]]) for name in ("plans", "steps"))
    return plans, steps


# ---- plans made again --------------------------------------------------------------------------------------------


def changes_of(campaign: Campaign) -> dict[str, tuple[Campaign, int]]:
    """What changes, with the weeks that stay frozen, by name; stock only where there is some."""
    changed = {"supply": (cut_supply(campaign), FROZEN), "forecast": (bring_forward(campaign), FROZEN)}
    if len(campaign.stock):
        changed["stock"] = (lose_stock(campaign), FROZEN_STOCK)
    return changed


def measure_replans(districts: int, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables ``campaign_benchmark_replans`` and ``campaign_benchmark_changes``.

    Each change is planned from the last plan (warm); that of supply, at the campaign's start, from nothing too (cold).
    """
    fresh = make_campaign(districts, seed=seed)
    rows, changes = [], []
    for at, campaign in (("start", fresh), ("stock at hand", with_stock(fresh))):
        last = plan_campaign(campaign, stages=STAGES, tolerance=TOLERANCE)
        for change, (now, frozen) in changes_of(campaign).items():
            begins = {"warm": last}
            if at == "start" and change == "supply":
                begins["cold"] = replace(last, points={})
            for begin, start in begins.items():
                began = time.process_time()
                again = replan(now, start, frozen=frozen, moved_share=MOVED_SHARE)
                seconds = time.process_time() - began
                names = {"at": at, "change": change, "begin": begin, "districts": districts}
                rows.append(names | _replanned(now, last, again, frozen) | {"cpu_s": seconds})
            listed = again.changes.head(LISTED).reset_index(drop=True)
            changes.append(listed.assign(at=at, change=change, number=np.arange(1, len(listed) + 1)))
    return pd.DataFrame(rows), pd.concat(changes, ignore_index=True)


def _replanned(now: Campaign, last: CampaignPlan, again: Replan, frozen: int) -> dict:
    """Figures of a plan made again."""
    held = float(np.abs(again.plan.courses[..., :frozen] - last.courses[..., :frozen]).max())
    stages = again.plan.stages
    return {
        "frozen_weeks": frozen,
        "moved_in_frozen": held,
        "moved": again.moved,
        "forced": again.forced,
        "allowed": again.forced + MOVED_SHARE,
        "iterations": sum(s.iterations for s in stages),
        "gap": max(s.gap for s in stages),
        "floor": stages[0].value,
        "benefit": stages[1].value,
        "facts": len(again.facts),
        "changes": len(again.changes),
        "reasons": int((again.changes["why"] != "").sum()),
        "violations": len(check_plan(now, plan_tables(again.plan), floor=again.plan.floor)),
    }


# ---- fairness, boxes ---------------------------------------------------------------------------------------------


def measure_frontier(districts: int, points: int, seed: int = 1) -> pd.DataFrame:
    """Table ``campaign_benchmark_frontier``."""
    began = time.process_time()
    frame, plans = equity_frontier(make_campaign(districts, seed=seed), points=points, tolerance=TOLERANCE)
    stage_s = [plan.stages[0].seconds for plan in plans]
    numbers = np.arange(1, len(frame) + 1)
    return frame.assign(point=numbers, districts=districts, cpu_s=stage_s, all_cpu_s=time.process_time() - began)


def measure_boxes(districts: int, seed: int = 1) -> pd.DataFrame:
    """Table ``campaign_benchmark_boxes``: floor and benefit of a plan without boxes and in whole boxes."""
    campaign, began = make_campaign(districts, seed=seed), time.process_time()
    boxed = plan_in_boxes(campaign, stages=STAGES, tolerance=TOLERANCE)
    seconds = time.process_time() - began
    found = check_plan(campaign, boxed.tables, floor=boxed.plan.floor, whole_boxes=True)
    rows = [
        ("floor", boxed.relaxed.floor, boxed.plan.floor),
        ("benefit", boxed.relaxed.benefit, boxed.plan.benefit),
    ]
    frame = pd.DataFrame(rows, columns=["quantity", "without", "in_boxes"])
    return frame.assign(
        lost=1 - frame["in_boxes"] / frame["without"], districts=districts, violations=len(found), cpu_s=seconds
    )


# ---- step and command --------------------------------------------------------------------------------------------


def run(ws: Workspace) -> None:
    """Write the tables ``campaign_benchmark_*``."""
    plans, steps = measure_plans(CASES, read_tables(ws), ws.read("age_distribution"))
    replans, changes = measure_replans(MIDDLE)
    found = {
        "plans": plans,
        "steps": steps,
        "replans": replans,
        "changes": changes,
        "frontier": measure_frontier(MIDDLE, POINTS),
        "boxes": measure_boxes(MIDDLE),
        "proofs": proofs(),
    }
    for name, frame in found.items():
        ws.write(f"campaign_benchmark_{name}", frame)


def main(arguments: list[str] | None = None) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--districts", type=int, default=1874)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stages", nargs="+", default=list(STAGES))
    parser.add_argument("--tolerance", type=float, default=TOLERANCE, help="relative gap at which a stage ends")
    parser.add_argument("--frontier", type=int, default=0, metavar="POINTS", help="equity frontier instead")
    parser.add_argument("--boxes", action="store_true", help="whole boxes instead, and what they cost")
    parser.add_argument("--replan", type=int, default=0, metavar="DISTRICTS", help="measure re-planning instead")
    parser.add_argument("--proofs", action="store_true", help="small plans proved by other means instead")
    args = parser.parse_args(arguments)
    pd.set_option("display.width", 200, "display.max_columns", 30, "display.max_colwidth", 120)
    if args.replan:
        for frame in measure_replans(args.replan, args.seed):
            print(frame.to_string(index=False))
    elif args.frontier:
        print(measure_frontier(args.districts, args.frontier, args.seed).to_string(index=False))
    elif args.boxes:
        print(measure_boxes(args.districts, args.seed).to_string(index=False))
    elif args.proofs:
        print(proofs().to_string(index=False))
    else:
        campaign = make_campaign(args.districts, seed=args.seed)
        _, found = measured_plan("made", campaign, tuple(args.stages), args.tolerance)
        print(pd.DataFrame(found["plans"]).T.to_string(header=False))


if __name__ == "__main__":
    main()
