"""Plan a day of a large imagined district, check it, and put urgent tasks into the plan.

    python -m benchmarks.visits [--workers 200] [--tasks 10000] [--urgent 50] [--seed 1]

prints CPU seconds of the plan, whether the independent check passes, what was made and left with the reasons, and for
urgent tasks that come in one after another the longest time and the most other visits that one of them moved. Then the
changed plan goes through the check again. As a step of the pipeline (``run``) it does so for several districts.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from healthops.data.synthetic_district import District, make_district
from healthops.schedule.route_check import PlanFault
from healthops.schedule.visit_check import Tables, check_visits
from healthops.schedule.visits import REASONS, VisitPlan, insert_task, plan_visits

if TYPE_CHECKING:
    from healthops.workspace import Workspace

#: A Monday.
DAY = "2023-05-01"
#: What was asked for: seconds of a plan, seconds of an insertion, and other visits that it moves.
BARS = (120, 1.0, 3)
#: Districts of the step, workers and tasks: growing at one load, and the largest on a day that is not full.
CASES = ((50, 2_500), (100, 5_000), (200, 1_000), (200, 10_000))
URGENT, SEED = 50, 1

RECORD = (
    {
        "choice": "district",
        "value": "homes 38 a worker in 1.2 hamlets of 9 square km each, mountains in the east, tasks of the follow-up "
        "schedule drawn among the homes",
        "chosen_on": "assumption; the number of workers and of tasks was asked for",
        "seen": "times and reasons of this district",
    },
    {
        "choice": "a day that is not full",
        "value": "1,000 tasks for 200 workers, beside the 10,000 asked for",
        "chosen_on": "an urgent task finds room on it: with 10,000 tasks most rounds are full of urgent ones",
        "seen": "how many urgent tasks found a place on both days",
    },
)


@dataclass
class Measured:
    """A district's day: the plan, what it took, and what urgent tasks did to it.

    ``faults``, ``faults_after``: what the independent check says of the plan before and after the urgent tasks; empty
    when it finds nothing. ``urgent``: one row an urgent task: number, outcome, moved, seconds.
    """

    plan: VisitPlan
    seconds: float
    made: pd.DataFrame
    left: pd.DataFrame
    faults: str
    urgent: pd.DataFrame = field(default_factory=pd.DataFrame)
    faults_after: str = ""


def measure_day(workers: int, tasks: int, urgent: int, seed: int) -> Measured:
    """Plan a drawn district, check it, put urgent tasks in one after another, and check it again."""
    rng = np.random.default_rng(seed)
    district = make_district(rng, workers=workers, tasks=tasks, on=DAY)
    tables = (district.tasks, district.households, district.workers, district.hamlets)
    began = time.perf_counter()
    plan = plan_visits(*tables, on=DAY, seed=seed)
    seconds = time.perf_counter() - began
    found = Measured(plan, seconds, plan.visits(), plan.unvisited(), "")
    found.faults = _faults(plan, tables)
    found.urgent, added = insert_many(plan, district, urgent, rng)
    found.faults_after = _faults(plan, (pd.concat([district.tasks, added], ignore_index=True), *tables[1:]))
    return found


def _faults(plan: VisitPlan, tables: tuple[pd.DataFrame, ...]) -> str:
    """What the independent check says; empty when it finds nothing."""
    try:
        check_visits(plan.visits(), plan.unvisited(), Tables(*tables, DAY, plan.scene.rules))
    except PlanFault as fault:
        return str(fault)
    return ""


def insert_many(
    plan: VisitPlan, district: District, number: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put `number` urgent tasks in, each at a home that wants nothing else; returns what came of each, and tasks."""
    factor = district.hamlets.set_index("hamlet")["terrain_factor"]
    like = district.tasks[district.tasks["level"] >= plan.scene.rules.urgent_level].iloc[0]
    free = np.flatnonzero(~district.households["household"].isin(district.tasks["household"]))
    rows, added = [], []
    for k, at in enumerate(rng.choice(free, number, replace=False)):
        home, task = district.households.iloc[at], like.copy()
        task["task"], task["household"] = f"U{k:05d}", home["household"]
        began = time.perf_counter()
        moved = insert_task(plan, task, home, factor[home["hamlet"]])
        seconds = time.perf_counter() - began
        # The newest visit stands last.
        outcome = plan.left.get(len(plan.scene.households) - 1, "made")
        rows.append({"number": k + 1, "outcome": outcome, "moved": len(moved), "seconds": seconds})
        added.append(task)
    return pd.DataFrame(rows), pd.DataFrame(added)


# ---- step and command ---------------------------------------------------------------------------------------------


def measure(cases: tuple[tuple[int, int], ...] = CASES, urgent: int = URGENT) -> dict[str, pd.DataFrame]:
    """Tables ``visits_benchmark_*`` by the end of their names."""
    days: list[dict[str, Any]] = []
    reasons, inserted = [], []
    for workers, tasks in cases:
        found = measure_day(workers, tasks, urgent, SEED)
        case = {"workers": workers, "tasks": tasks}
        done = found.made["tasks"].map(len).sum()
        days.append({
            **case, "at_work": len(found.plan.scene.workers), "wanted": len(found.made) + _left_visits(found),
            "visits": len(found.made), "urgent_visits": int(found.made["urgent"].sum()), "tasks_done": int(done),
            "refused": bool(found.faults), "refused_after": bool(found.faults_after), "seconds": found.seconds,
            "cpu_seconds": found.plan.cpu_seconds,
        })  # fmt: skip
        for reason, number in found.left["reason"].value_counts().sort_index().items():
            reasons.append({**case, "reason": reason, "why": REASONS[reason], "number": int(number)})
        inserted.append(found.urgent.assign(**case))
    columns = ["workers", "tasks", "reason", "why", "number"]
    return {
        "days": pd.DataFrame(days), "reasons": pd.DataFrame(reasons, columns=columns),
        "insertions": pd.concat(inserted, ignore_index=True),
    }  # fmt: skip


def _left_visits(found: Measured) -> int:
    """Visits that nobody made when the day was planned: those put in later are not among them."""
    return len(found.plan.scene.households) - len(found.urgent) - len(found.made)


def run(ws: Workspace) -> None:
    """Write the tables ``visits_benchmark_*``."""
    for name, frame in measure().items():
        ws.write(f"visits_benchmark_{name}", frame)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("workers", 200), ("tasks", 10_000), ("urgent", URGENT), ("seed", SEED)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args(arguments)
    found = measure_day(options.workers, options.tasks, options.urgent, options.seed)
    wanted = len(found.made) + _left_visits(found)
    print(
        f"{options.workers} workers, {options.tasks} tasks in {wanted} visits: {len(found.made)} made in "
        f"{found.plan.cpu_seconds:.1f} CPU s, {found.seconds:.1f} s (asked for: {BARS[0]} s)"
    )
    print("tasks left by reason: " + str(found.left["reason"].value_counts().to_dict()))
    seconds, moved = found.urgent["seconds"].max(), found.urgent["moved"].max()
    print(
        f"{options.urgent} urgent tasks put in: at most {seconds:.3f} s (asked for: {BARS[1]:g}) and {moved} other "
        f"visits moved (asked for: {BARS[2]}); what came of them: {found.urgent['outcome'].value_counts().to_dict()}"
    )
    for when, said in (("before", found.faults), ("after", found.faults_after)):
        print(f"the independent check {when} the urgent tasks: {said or 'no fault'}")
    over = found.seconds > BARS[0] or seconds > BARS[1] or moved > BARS[2]
    return int(over or bool(found.faults or found.faults_after))


if __name__ == "__main__":
    raise SystemExit(main())
