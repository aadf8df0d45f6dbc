"""Plan a day of a large imagined district, check it, and put urgent tasks into the plan.

    python -m benchmarks.visits [--workers 200] [--tasks 10000] [--urgent 50] [--seed 1]

prints CPU seconds of the plan, whether the independent check passes, what was made and left with the reasons, and for
urgent tasks that come in one after another the longest time and the most other visits that one of them moved.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from healthops.data.synthetic_district import make_district
from healthops.schedule.visit_check import Tables, check_visits
from healthops.schedule.visits import insert_task, plan_visits

#: A Monday.
DAY = "2023-05-01"
#: What was asked for: seconds of a plan, seconds of an insertion, and other visits that it moves.
BARS = (120, 1.0, 3)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("workers", 200), ("tasks", 10_000), ("urgent", 50), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(options.seed)
    district = make_district(rng, workers=options.workers, tasks=options.tasks, on=DAY)
    tables = (district.tasks, district.households, district.workers, district.hamlets)
    began = time.perf_counter()
    plan = plan_visits(*tables, on=DAY, seed=options.seed)
    wall = time.perf_counter() - began
    made, left = plan.visits(), plan.unvisited()
    print(
        f"{options.workers} workers, {options.tasks} tasks in {len(plan.scene.households)} visits: {len(made)} made in "
        f"{plan.cpu_seconds:.1f} CPU s, {wall:.1f} s (asked for: {BARS[0]} s)"
    )
    check_visits(made, left, Tables(*tables, DAY, plan.scene.rules))
    print("the independent check found no fault; tasks left by reason: " + str(left["reason"].value_counts().to_dict()))
    seconds, moved = insert_many(plan, district, options.urgent, rng)
    done = sum(v not in plan.left for v in _newest(plan, options.urgent))
    print(
        f"{options.urgent} urgent tasks put in: at most {max(seconds):.3f} s (asked for: {BARS[1]:g}) and {max(moved)} "
        f"other visits moved (asked for: {BARS[2]}); {done} made"
    )
    return int(wall > BARS[0] or max(seconds) > BARS[1] or max(moved) > BARS[2])


def _newest(plan, number: int) -> range:
    size = len(plan.scene.households)
    return range(size - number, size)


def insert_many(plan, district, number: int, rng: np.random.Generator) -> tuple[list[float], list[int]]:
    """Seconds and visits moved of each of `number` urgent tasks at homes drawn by chance."""
    factor = district.hamlets.set_index("hamlet")["terrain_factor"]
    urgent = district.tasks[district.tasks["level"] >= plan.scene.rules.urgent_level].iloc[0]
    seconds, moved = [], []
    for k, at in enumerate(rng.choice(len(district.households), number, replace=False)):
        home, task = district.households.iloc[at], urgent.copy()
        task["task"], task["household"] = f"U{k:05d}", home["household"]
        began = time.perf_counter()
        moved.append(len(insert_task(plan, task, home, factor[home["hamlet"]])))
        seconds.append(time.perf_counter() - began)
    return seconds, moved


if __name__ == "__main__":
    raise SystemExit(main())
