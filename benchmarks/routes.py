"""Solve routing instances with time windows or prizes, check every solution, and compare with the best known.

    python benchmarks/routes.py --instances DIR --seconds 30 --out DIR [--best BEST.csv] [--only r104 rc102]

`--instances` is any folder of instances in Solomon's format (text or JSON) or VRPLIB's; `--seconds` are CPU seconds an
instance. In `--out` come one ``<instance>.sol`` each (VRPLIB's format for solutions) and ``routes.csv``: cost, best
known, gap, routes, customers left out, CPU seconds. Distances of instances with time windows are cut off after one
decimal, as the routing community does. Costs are in the unit of the instance; only the ``.sol`` of a VRPLIB instance
with windows or prizes states tenths, as PyVRP/Instances does. `--best` has columns instance and distance; without it
the published values of Solomon's c1, r1 and rc1 are known (:mod:`healthops.data.benchmark_instances`). A ``.sol``
beside an instance is taken for best known where these do not have it.

As a step of the pipeline (``run``) it solves the fetched instances with so many iterations as the scenario says, a
quarter of them, a sixteenth and a sixty-fourth: the same plans on any machine, and what more effort brings.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from healthops.cache import ContentCache, source_hash
from healthops.data import benchmark_instances
from healthops.data.errors import DataError, RawFileError
from healthops.files import atomic_file, sha256
from healthops.pipeline.closure import used_files
from healthops.schedule import routes as solver
from healthops.schedule import vrp_instances
from healthops.schedule.route_check import PlanFault, check_solution
from healthops.schedule.routes import RouteError, solve

if TYPE_CHECKING:
    from healthops.workspace import Workspace

#: What was asked for, in percent: mean gap of instances without prizes, and gap of those with.
BARS = {"required": 0.1, "prizes": 2.0}
#: Shares of the iterations that the step spends on each instance, one search each, as divisors.
PARTS = (64, 16, 4, 1)
SEED = 1
#: Libraries whose version may change a plan.
LIBRARIES = ("pyvrp", "highspy", "numpy")

RECORD = (
    {
        "choice": "searches of an instance",
        "value": f"{solver.STARTS} random starts and one from their best routes put together by set partitioning",
        "chosen_on": "gaps of these instances in 30 CPU seconds, beside one long search; none was held back",
        "seen": "their best known values",
    },
    {
        "choice": "end of a search in the report",
        "value": "iterations, not seconds",
        "chosen_on": "the same plan on any machine; how many, on what the whole benchmark may take",
        "seen": "gaps and CPU seconds at several numbers of iterations",
    },
)


def best_known(path: Path | None) -> dict[str, float]:
    """Best known cost by instance, lower case: of a table, or the published ones."""
    if path is None:
        return benchmark_instances.published("solomon")
    table = pd.read_csv(path)
    for column in ("instance", "distance"):
        if column not in table:
            raise RawFileError(f"{path}: no column {column!r}; a table of best known values has instance and distance")
    return dict(zip(table["instance"].str.lower(), table["distance"].astype(float), strict=True))


def checked(instance: vrp_instances.Instance, path: Path) -> tuple[list[list[int]], float]:
    """Routes of a solution's file, and its cost in the instance's unit, recomputed."""
    routes, stated = vrp_instances.read_solution(path)
    return routes, check_solution(instance, routes, round(stated * instance.scale / instance.stated)) / instance.scale


def solve_instance(path: Path, out: Path, seconds: float, seed: int, known: dict[str, float]) -> dict[str, object]:
    """Solve one file, check the solution that was written, and return its row of the table."""
    instance = vrp_instances.read_instance(path)
    plan = solve(instance.problem(), seed=seed, cpu_seconds=seconds)
    # The plan counts visits from 0; customers are counted from 1.
    target = out / f"{path.stem}.sol"
    told = plan.cost * instance.stated / instance.scale
    vrp_instances.write_solution(target, [[v + 1 for v in route.visits] for route in plan.routes], told)
    routes, cost = checked(instance, target)
    best = known.get(path.stem.lower(), known.get(instance.name.lower()))
    if best is None and path.with_suffix(".sol").is_file():
        best = checked(instance, path.with_suffix(".sol"))[1]
    return {
        "instance": path.stem, "cost": cost, "best_known": best,
        "gap_percent": None if best is None else 100 * (cost / best - 1), "routes": len(routes),
        "left_out": len(plan.unvisited), "kind": "required" if instance.required else "prizes",
        "cpu_seconds": plan.cpu_seconds,
    }  # fmt: skip


def run_folder(
    folder: Path, out: Path, *, seconds: float, seed: int = 1, best: Path | None = None, only: Sequence[str] = (),
    say: Callable[[str], None] = print,
) -> pd.DataFrame:  # fmt: skip
    """Solve every instance of `folder`; the table is written anew after each."""
    paths, known, rows = vrp_instances.find_instances(folder), best_known(best), []
    wanted = {name.lower() for name in only}
    if unknown := wanted - {p.stem.lower() for p in paths}:
        raise RawFileError(f"{folder}: no instance named {', '.join(sorted(unknown))}; leave out --only to solve all")
    for path in paths:
        if wanted and path.stem.lower() not in wanted:
            continue
        row = solve_instance(path, out, seconds, seed, known)
        rows.append(row)
        table = pd.DataFrame(rows)
        with atomic_file(out / "routes.csv") as draft:
            table.to_csv(draft, index=False, float_format="%.10g")
        gap = "no best known" if row["best_known"] is None else f"gap {row['gap_percent']:.3f} %"
        say(f"{row['instance']}: {row['cost']:g}, {row['routes']} routes, {gap}, {row['cpu_seconds']:.1f} CPU s")
    return table


def summary(table: pd.DataFrame) -> str:
    """Mean gaps beside the bars."""
    lines = []
    for kind, part in table.dropna(subset="best_known").groupby("kind"):
        mean, bar = part["gap_percent"].astype(float).mean(), BARS[kind]
        said = "at most" if mean <= bar else "over"
        lines.append(f"{kind}: mean gap {mean:.3f} % over {len(part)} instances, {said} the {bar:g} % asked for")
    return "\n".join(lines) or "no best known value for any of these instances: name a table with --best"


# ---- step of the pipeline -----------------------------------------------------------------------------------------


def family(name: str) -> str:
    """Family of an instance: the letters and first digit of Solomon's names, ``prizes`` for others.

    >>> family("rc104"), family("C1_10_2")
    ('rc1', 'prizes')
    """
    letters = name.rstrip("0123456789")
    return f"{letters}{name[len(letters)]}" if letters in ("c", "r", "rc") else "prizes"


def searched(path: Path, iterations: int, cache: ContentCache) -> tuple[list[list[int]], int, float]:
    """Routes (customers from 1), stated cost in units of the problem, and CPU seconds, kept by what they hang on."""
    # What the cache depends on: the solver and all that it imports, and the reader.
    code = used_files([Path(solver.__file__), Path(vrp_instances.__file__)])
    key = {
        "what": "routes", "instance": sha256(path), "iterations": iterations, "seed": SEED,
        "source": source_hash([file for file in code if file.suffix == ".py"]),
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }  # fmt: skip

    def make() -> dict[str, np.ndarray]:
        plan = solve(vrp_instances.read_instance(path).problem(), seed=SEED, iterations=iterations)
        visits = [np.array(route.visits, np.int64) + 1 for route in plan.routes]
        return {
            "visits": np.concatenate([np.zeros(0, np.int64), *visits]), "lengths": np.array([len(v) for v in visits]),
            "cost": np.array(plan.cost), "cpu_seconds": np.array(plan.cpu_seconds),
        }  # fmt: skip

    kept = cache.get_or_make(key, make)
    ends = np.cumsum(kept["lengths"], dtype=np.int64)
    found = [part.tolist() for part in np.split(kept["visits"], ends[:-1])] if len(ends) else []
    return found, int(kept["cost"]), float(kept["cpu_seconds"])


def row(path: Path, iterations: int, part: int, known: dict[str, float], cache: ContentCache) -> dict[str, Any]:
    """Row of ``routes_benchmark_runs``; a plan that the independent check refuses has no cost."""
    instance = vrp_instances.read_instance(path)
    found, stated, seconds = searched(path, max(1, iterations // part), cache)
    cost, refused = float("nan"), False
    try:
        cost = check_solution(instance, found, stated) / instance.scale
    except PlanFault as fault:
        refused = True
        print(f"the check refuses a plan: {fault}", file=sys.stderr)
    best = known.get(path.stem.lower(), float("nan"))
    if path.with_suffix(".sol").is_file():
        best = checked(instance, path.with_suffix(".sol"))[1]
    return {
        "instance": path.stem, "family": family(path.stem), "customers": len(instance.demand) - 1,
        "iterations": max(1, iterations // part), "longest": part == PARTS[-1], "cost": cost, "best_known": best,
        "gap_percent": 100 * (cost / best - 1), "routes": len(found),
        "left_out": len(instance.demand) - 1 - sum(map(len, found)), "refused": refused, "cpu_seconds": seconds,
    }  # fmt: skip


def measure(
    paths: Sequence[Path], iterations: int, cache: ContentCache, known: dict[str, float] | None = None
) -> pd.DataFrame:
    """Table ``routes_benchmark_runs`` of these instances, every part of `iterations`."""
    known = benchmark_instances.published("solomon") if known is None else known
    return pd.DataFrame([row(path, iterations, part, known, cache) for path in paths for part in PARTS])


def run(ws: Workspace) -> None:
    """Write the table ``routes_benchmark_runs`` of the fetched instances."""
    cache, size = ContentCache(ws.root / ".build" / "cache" / "routes"), ws.scenario.data
    tables = [
        measure(benchmark_instances.instance_files(ws.raw, "solomon"), int(size["route_iterations"]), cache),
        measure(benchmark_instances.instance_files(ws.raw, "prizes"), int(size["prize_iterations"]), cache),
    ]
    ws.write("routes_benchmark_runs", pd.concat(tables, ignore_index=True))


# ---- command ------------------------------------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=Path, required=True, metavar="DIR", help="folder of instances")
    parser.add_argument("--seconds", type=float, default=30, help="CPU seconds an instance (default 30)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="gets solutions and table")
    parser.add_argument(
        "--best",
        type=Path,
        metavar="BEST.csv",
        help="best known values: instance, distance; without it, the published ones",
    )
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="only these instances")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    if options.seconds <= 0:
        parser.error(f"--seconds must be above 0, not {options.seconds:g}")
    try:
        table = run_folder(
            options.instances, options.out, seconds=options.seconds, seed=options.seed, best=options.best,
            only=options.only, say=lambda line: print(line, flush=True),
        )  # fmt: skip
    except (DataError, RouteError) as error:
        print(error, file=sys.stderr)
        return 1
    print(summary(table))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
