"""Rosters beside the best known ones: the shift scheduling instances of Curtois and Qu (2014).

    python benchmarks/rosters.py --instances DIR --seconds 600 --out DIR [--best CSV] [--only Instance1 ...] [--seed 1]

Reads every instance of a folder (and of folders in it), makes a roster within so many CPU seconds each, checks it by
:mod:`healthops.schedule.roster_check`, which recomputes its cost from the instance alone, and writes

* ``<instance>.csv``: the roster (employee, day from 0, shift);
* ``rosters.csv``: value, lower bound, gap, CPU seconds, and, with ``--best``, the best known value and the excess
  over it.

A row is written as soon as its instance is done; a run that was stopped keeps what it had.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from healthops.data.shift_instances import ShiftInstance, read_shift_instance
from healthops.files import atomic_file
from healthops.schedule.roster import RosterProblem, RosterResult, write_roster
from healthops.schedule.roster_check import check_roster, roster_cost
from healthops.schedule.roster_search import solve_roster


def instances(folder: Path, only: Iterable[str] = ()) -> list[Path]:
    """Instances of a folder in the order of their numbers.

    Raises
    ------
    SystemExit
        If there is none, or one that is named is not there.
    """
    found = {path.stem: path for path in sorted(folder.rglob("Instance*.txt"))}
    lacking = sorted(set(only) - set(found))
    if not found or lacking:
        raise SystemExit(
            f"{folder} has no {', '.join(lacking) or 'Instance*.txt'}; it has {', '.join(found) or 'none'}"
        )
    chosen = [path for name, path in found.items() if not only or name in set(only)]
    return sorted(chosen, key=lambda path: [int(x) for x in re.findall(r"\d+", path.stem)])


def best_known(path: Path | None) -> dict[str, int]:
    """Instance -> best known value, from the columns `instance` and `best_known` of a CSV."""
    if path is None:
        return {}
    table = pd.read_csv(path)
    if not {"instance", "best_known"} <= set(table):
        raise SystemExit(f"{path} lacks the columns instance and best_known; it has {', '.join(table)}")
    return {str(name): int(value) for name, value in zip(table["instance"], table["best_known"], strict=True)}


def row(instance: ShiftInstance, result: RosterResult, best: int | None) -> dict:
    """Line of the table; the value is the checker's, and a roster that breaks a rule has none."""
    problem = RosterProblem(instance)
    broken = len(check_roster(problem, result.roster))
    value = None if broken else roster_cost(problem, result.roster).total
    return {
        "instance": instance.name, "days": instance.days, "staff": len(instance.staff), "shifts": len(instance.shifts),
        "value": value, "lower_bound": result.bound, "gap": result.gap, "proved_optimal": result.optimal,
        "rules_broken": broken, "best_known": best,
        "above_best": None if best is None or value is None else value / best - 1, "cpu_s": round(result.cpu_s, 1),
    }  # fmt: skip


def run(paths: Iterable[Path], *, seconds: float, out: Path, best: dict[str, int], seed: int = 1) -> pd.DataFrame:
    """Solve instances one after the other; rosters and the table are written as they come."""
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    for path in paths:
        instance = read_shift_instance(path)
        problem = RosterProblem(instance)
        result = solve_roster(problem, seconds=seconds, seed=seed)
        write_roster(result.roster, problem, out / f"{instance.name}.csv")
        rows.append(row(instance, result, best.get(instance.name)))
        with atomic_file(out / "rosters.csv") as draft:
            pd.DataFrame(rows).to_csv(draft, index=False)
        print(", ".join(f"{name} {value}" for name, value in rows[-1].items()), flush=True)
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=Path, required=True, help="folder of Instance*.txt")
    parser.add_argument("--seconds", type=float, default=600, help="CPU seconds for each instance")
    parser.add_argument("--out", type=Path, required=True, help="folder for rosters and the table")
    parser.add_argument("--best", type=Path, help="CSV with columns instance, best_known")
    parser.add_argument("--only", nargs="*", default=[], help="names of instances, such as Instance1")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    paths = instances(given.instances, given.only)
    run(paths, seconds=given.seconds, out=given.out, best=best_known(given.best), seed=given.seed)


if __name__ == "__main__":
    main()
