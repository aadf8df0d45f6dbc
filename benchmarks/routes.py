"""Solve routing instances with time windows or prizes, check every solution, and compare with the best known.

    python benchmarks/routes.py --instances DIR --seconds 30 --out DIR [--best BEST.csv] [--only r104 rc102]

`--instances` is any folder of instances in Solomon's format (text or JSON) or VRPLIB's; `--seconds` are CPU seconds an
instance. In `--out` come one ``<instance>.sol`` each (VRPLIB's format for solutions) and ``routes.csv``: cost, best
known, gap, routes, customers left out, CPU seconds. Distances of instances with time windows are cut off after one
decimal, as the routing community does. Costs are in the unit of the instance; only the ``.sol`` of a VRPLIB instance
with windows or prizes states tenths, as PyVRP/Instances does. `--best` has columns instance and distance; a ``.sol``
beside an instance is taken for best known where `--best` does not have it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from healthops.data.errors import DataError, RawFileError
from healthops.files import atomic_file
from healthops.schedule import vrp_instances
from healthops.schedule.route_check import check_solution
from healthops.schedule.routes import RouteError, solve

#: What was asked for, in percent: mean gap of instances without prizes, and gap of those with.
BARS = {"required": 0.1, "prizes": 2.0}


def best_known(path: Path | None) -> dict[str, float]:
    """Best known cost by instance, lower case."""
    if path is None:
        return {}
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


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=Path, required=True, metavar="DIR", help="folder of instances")
    parser.add_argument("--seconds", type=float, default=30, help="CPU seconds an instance (default 30)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="gets solutions and table")
    parser.add_argument("--best", type=Path, metavar="BEST.csv", help="best known values: instance, distance")
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
