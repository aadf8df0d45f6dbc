"""Plan home care instances with double visits, check every plan, and compare with the best known.

    python benchmarks/home_care.py --instances DIR --seconds 60 --out DIR [--best BEST.csv] [--only NAME ...]

`--instances` is any folder of instances in the JSON of iolab-uniud/hhcrsp; `--seconds` are CPU seconds an instance. In
`--out` come one ``sol-<instance>.json`` each and ``home_care.csv``: cost = (distance + total tardiness + greatest
tardiness) / 3, its parts, a lower bound, whether it is proof, best known and gap. `--best` has columns instance, cost.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from healthops.data.errors import DataError, RawFileError
from healthops.files import atomic_file
from healthops.schedule.home_care import find_instances, read_home_care, write_plan
from healthops.schedule.home_care_check import check_files
from healthops.schedule.home_care_search import HomeCareError, solve

#: Best known costs are given with three decimals.
TOLERANCE = 0.0005
#: What was asked for: patients, and the mean gap in percent to the best known.
BARS = {10: 0.0, 25: 5.0}


def best_known(path: Path | None) -> dict[str, float]:
    """Best known cost by instance."""
    if path is None:
        return {}
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


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=Path, required=True, metavar="DIR", help="folder of instances")
    parser.add_argument("--seconds", type=float, default=60, help="CPU seconds an instance (default 60)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="gets plans and table")
    parser.add_argument("--best", type=Path, metavar="BEST.csv", help="best known values: instance, cost")
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
