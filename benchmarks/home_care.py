"""Plan home care instances with double visits, check every plan, and compare with the best known.

    python benchmarks/home_care.py --instances DIR --seconds 60 --out DIR [--best BEST.csv] [--only NAME ...]

`--instances` is any folder of instances in the JSON of iolab-uniud/hhcrsp; `--seconds` are CPU seconds an instance. In
`--out` come one ``sol-<instance>.json`` each and ``home_care.csv``: cost = (distance + total tardiness + greatest
tardiness) / 3, its parts, a lower bound, whether it is proof, best known and gap. `--best` has columns instance, cost;
without it the costs of the solutions that iolab-uniud/hhcrsp publishes are known
(:mod:`healthops.data.benchmark_instances`).

As a step of the pipeline (``run``) it plans the fetched instances by so many annealings as the scenario says, and has
CP-SAT bound the cost in so much of its deterministic time: the same plans and bounds on any machine.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import sys
import tempfile
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
from healthops.schedule import home_care_search
from healthops.schedule.home_care import find_instances, plan_of, read_home_care, write_plan
from healthops.schedule.home_care_check import check_files
from healthops.schedule.home_care_search import HomeCareError, solve
from healthops.schedule.route_check import PlanFault

if TYPE_CHECKING:
    from healthops.workspace import Workspace

#: Best known costs are given with three decimals.
TOLERANCE = 0.0005
#: What was asked for: patients, and the mean gap in percent to the best known.
BARS = {10: 0.0, 25: 5.0}
SEED = 1
#: Libraries whose version may change a plan or a bound.
LIBRARIES = ("ortools", "numpy", "numba")

RECORD = (
    {
        "choice": "moves of the annealing",
        "value": "one operation or two (of a double visit both) to other places, or two exchanged",
        "chosen_on": "costs of these instances; none was held back",
        "seen": "their best known costs",
    },
    {
        "choice": "annealing, then CP-SAT",
        "value": f"{home_care_search.STEPS:,} steps an annealing; CP-SAT starts from the best plan and bounds the cost",
        "chosen_on": "proofs with 10 patients; with 25 the bounds of CP-SAT stay far away",
        "seen": "costs, bounds and proofs of all instances",
    },
)


def best_known(path: Path | None) -> dict[str, float]:
    """Best known cost by instance: of a table, or the published ones."""
    if path is None:
        return benchmark_instances.published("home_care")
    table = pd.read_csv(path)
    for column in ("instance", "cost"):
        if column not in table:
            raise RawFileError(f"{path}: no column {column!r}; a table of best known values has instance and cost")
    return dict(zip(table["instance"].str.removesuffix(".json"), table["cost"].astype(float), strict=True))


def solve_instance(path: Path, out: Path, seconds: float, seed: int, known: dict[str, float]) -> dict[str, object]:
    """Plan one file, check the plan that was written, and return its row of the table."""
    instance = read_home_care(path)
    result = solve(instance, seed=seed, cpu_seconds=seconds)
    target = out / f"sol-{path.stem}.json"
    write_plan(target, instance, result.plan)
    parts = {name: float(value) for name, value in check_files(path, target).items()}
    best = known.get(path.stem)
    return {
        "instance": path.stem, "patients": len(instance.patients), **parts, "bound": result.bound,
        "proved": result.proved, "best_known": best,
        "gap_percent": None if best is None else 100 * (parts["cost"] / best - 1), "cpu_seconds": result.cpu_seconds,
    }  # fmt: skip


def run_folder(
    folder: Path, out: Path, *, seconds: float, seed: int = 1, best: Path | None = None, only: Sequence[str] = (),
    say: Callable[[str], None] = print,
) -> pd.DataFrame:  # fmt: skip
    """Plan every instance of `folder`; the table is written anew after each."""
    paths, known, rows = find_instances(folder), best_known(best), []
    if unknown := set(only) - {p.stem for p in paths}:
        raise RawFileError(f"{folder}: no instance named {', '.join(sorted(unknown))}; leave out --only to plan all")
    for path in paths:
        if only and path.stem not in only:
            continue
        row = solve_instance(path, out, seconds, seed, known)
        rows.append(row)
        table = pd.DataFrame(rows)
        with atomic_file(out / "home_care.csv") as draft:
            table.to_csv(draft, index=False, float_format="%.10g")
        gap = "no best known" if row["best_known"] is None else f"gap {row['gap_percent']:.3f} %"
        bound = "proved" if row["proved"] else f"at least {row['bound']:.3f}"
        say(f"{row['instance']}: {row['cost']:.3f} ({bound}), {gap}, {row['cpu_seconds']:.1f} CPU s")
    return table


def summary(table: pd.DataFrame) -> str:
    """Gaps by size beside the bars."""
    lines = []
    for patients, part in table.dropna(subset="best_known").groupby("patients"):
        above = part["cost"] - part["best_known"].astype(float)
        mean = part["gap_percent"].astype(float).mean()
        bar = f", asked for: {BARS[patients]:g} %" if patients in BARS else ""
        lines.append(
            f"{patients} patients: {int((above <= TOLERANCE).sum())} of {len(part)} at most the best known, "
            f"{int((above < -TOLERANCE).sum())} below it; mean gap {mean:.3f} %{bar}; "
            f"proved {int(part['proved'].sum())}"
        )
    return "\n".join(lines) or "no best known value for any of these instances: name a table with --best"


# ---- step of the pipeline -----------------------------------------------------------------------------------------


def planned(path: Path, anneals: int, work: float, cache: ContentCache) -> dict[str, np.ndarray]:
    """Rounds (``operations`` and ``lengths``), ``bound``, ``proved`` and ``cpu_seconds``, kept by what they hang on."""
    code = used_files([Path(home_care_search.__file__)])
    key = {
        "what": "home care", "instance": sha256(path), "anneals": anneals, "work": work, "seed": SEED,
        "source": source_hash([file for file in code if file.suffix == ".py"]),
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }  # fmt: skip

    def make() -> dict[str, np.ndarray]:
        result = solve(read_home_care(path), seed=SEED, anneals=anneals, work=work)
        routes = result.plan.routes
        return {
            "operations": np.array([op for route in routes for op in route], np.int64),
            "lengths": np.array([len(route) for route in routes], np.int64), "bound": np.array(result.bound),
            "proved": np.array(result.proved), "cpu_seconds": np.array(result.cpu_seconds),
        }  # fmt: skip

    return cache.get_or_make(key, make)


def row(path: Path, anneals: int, work: float, known: dict[str, float], cache: ContentCache) -> dict[str, Any]:
    """Row of ``home_care_benchmark_plans``; a plan that the independent check refuses has no cost."""
    instance, kept = read_home_care(path), planned(path, anneals, work, cache)
    routes = [part.tolist() for part in np.split(kept["operations"], np.cumsum(kept["lengths"])[:-1])]
    plan = plan_of(instance, routes)
    parts, refused = dict.fromkeys(("distance", "total_tardiness", "greatest_tardiness", "cost"), float("nan")), False
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder, "plan.json")
        write_plan(written, instance, plan)
        try:
            parts = {name: float(value) for name, value in check_files(path, written).items()}
        except PlanFault as fault:
            refused = True
            print(f"the check refuses a plan: {fault}", file=sys.stderr)
    best = known.get(path.stem, float("nan"))
    doubles = sum(len(one["required_caregivers"]) == 2 for one in json.loads(path.read_text())["patients"])
    return {
        "instance": path.stem, "patients": len(instance.patients), "caregivers": len(instance.caregivers),
        "double_visits": doubles, "anneals": anneals, **parts, "bound": float(kept["bound"]),
        "proved": bool(kept["proved"]), "best_known": best, "gap_percent": 100 * (parts["cost"] / best - 1),
        "refused": refused, "cpu_seconds": float(kept["cpu_seconds"]),
    }  # fmt: skip


def measure(
    paths: Sequence[Path], anneals: int, work: float, cache: ContentCache, known: dict[str, float] | None = None
) -> pd.DataFrame:
    """Table ``home_care_benchmark_plans`` of these instances."""
    known = benchmark_instances.published("home_care") if known is None else known
    rows = [row(path, anneals, work, known, cache) for path in paths]
    return pd.DataFrame(rows).sort_values(["patients", "instance"], ignore_index=True)


def run(ws: Workspace) -> None:
    """Write the table ``home_care_benchmark_plans`` of the fetched instances."""
    cache, size = ContentCache(ws.root / ".build" / "cache" / "home_care"), ws.scenario.data
    paths = benchmark_instances.instance_files(ws.raw, "home_care")
    ws.write(
        "home_care_benchmark_plans", measure(paths, int(size["care_anneals"]), float(size["care_proof_work"]), cache)
    )


# ---- command ------------------------------------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=Path, required=True, metavar="DIR", help="folder of instances")
    parser.add_argument("--seconds", type=float, default=60, help="CPU seconds an instance (default 60)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="gets plans and table")
    parser.add_argument(
        "--best",
        type=Path,
        metavar="BEST.csv",
        help="best known values: instance, cost; without it, the published ones",
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
    except (DataError, HomeCareError) as error:
        print(error, file=sys.stderr)
        return 1
    print(summary(table))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
