"""Rosters beside the best known ones: the shift scheduling instances of Curtois and Qu (2014).

    python benchmarks/rosters.py --instances DIR --seconds 600 --out DIR [--best CSV] [--only Instance1 ...] [--seed 1]

Reads every instance of a folder (and of folders in it), makes a roster within so many CPU seconds each, checks it by
:mod:`healthops.schedule.roster_check`, which recomputes its cost from the instance alone, and writes

* ``<instance>.csv``: the roster (employee, day from 0, shift);
* ``rosters.csv``: value, lower bound, gap, CPU seconds, and, with ``--best``, the best known value and the excess
  over it.

A row is written as soon as its instance is done; a run that was stopped keeps what it had. Without ``--best`` the
published costs are known (:mod:`healthops.data.benchmark_instances`).

As a step of the pipeline (``run``) it makes rosters of some of the fetched instances, by so many neighbourhoods and
nodes instead of seconds: the same rosters on any machine. It also repairs a roster of a drawn hospital after absences.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from healthops.cache import ContentCache, source_hash
from healthops.data import benchmark_instances
from healthops.data.shift_instances import Cover, Employee, Shift, ShiftInstance, read_shift_instance
from healthops.files import atomic_file, sha256
from healthops.pipeline.closure import used_files
from healthops.schedule import roster_repair, roster_search
from healthops.schedule.roster import Cell, Roster, RosterProblem, RosterResult, write_roster
from healthops.schedule.roster_check import check_roster, roster_cost

if TYPE_CHECKING:
    from healthops.workspace import Workspace

SEED = 1
#: Libraries whose version may change a roster or a bound.
LIBRARIES = ("highspy", "ortools", "numpy", "scipy")
#: Instances of the step: 12 takes as long as most of these together, 8 and 15 do not end: the command runs them.
INSTANCES = tuple(f"Instance{number}" for number in (1, 2, 3, 4, 5, 6, 7, 10))
#: Draws of each absence, and how many changes one more person present may cost.
REPAIRS, WORTH = 6, 10
#: Cost of a person missing in the drawn hospital, and of one too many.
MISSING, TOO_MANY = 100, 1

RECORD = (
    {
        "choice": "stretch-flow model in HiGHS, deepening, neighbourhoods",
        "value": "a variable for each stretch of work of each employee; reduced-cost fixing near the bound; CP-SAT "
        "only where no first roster is found. Column generation was not needed",
        "chosen_on": "costs, bounds and seconds of these instances; none was held back",
        "seen": "their best known costs",
    },
    {
        "choice": "shares of the seconds",
        "value": f"first run of the whole model {roster_search.FIRST:.0%}, early search until "
        f"{roster_search.EARLY:.0%}, deepening until {roster_search.DEEPER:.0%}, search until "
        f"{roster_search.SEARCH:.0%}; {roster_search.NODES} nodes in a neighbourhood",
        "chosen_on": "instances 7, 8 and 12",
        "seen": "costs of all instances",
    },
    {
        "choice": "hospital whose rosters are repaired",
        "value": "50 employees, 28 days, three shifts, more persons wanted than there can be; drawn. The roster "
        "that is repaired is one of least cost, or near it",
        "chosen_on": "assumption: a hospital of the size that was asked for",
        "seen": "seconds and changes",
    },
)


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
    """Instance -> best known value: of a CSV with the columns `instance` and `best_known`, or the published ones."""
    if path is None:
        return {name: int(value) for name, value in benchmark_instances.published("rosters").items()}
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


def run_folder(
    paths: Iterable[Path], *, seconds: float, out: Path, best: dict[str, int], seed: int = 1
) -> pd.DataFrame:
    """Solve instances one after the other; rosters and the table are written as they come."""
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    for path in paths:
        instance = read_shift_instance(path)
        problem = RosterProblem(instance)
        result = roster_search.solve_roster(problem, seconds=seconds, seed=seed)
        write_roster(result.roster, problem, out / f"{instance.name}.csv")
        rows.append(row(instance, result, best.get(instance.name)))
        with atomic_file(out / "rosters.csv") as draft:
            pd.DataFrame(rows).to_csv(draft, index=False)
        print(", ".join(f"{name} {value}" for name, value in rows[-1].items()), flush=True)
    return pd.DataFrame(rows)


# ---- step of the pipeline -----------------------------------------------------------------------------------------


def rostered(path: Path, rounds: int, nodes: int, cache: ContentCache) -> dict[str, np.ndarray]:
    """``employee``, ``day``, ``shift`` of what is assigned, ``bound``, ``cpu_seconds``; kept by what they hang on."""
    code = used_files([Path(roster_search.__file__)])
    key = {
        "what": "roster", "instance": sha256(path), "rounds": rounds, "nodes": nodes, "seed": SEED,
        "source": source_hash([file for file in code if file.suffix == ".py"]),
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }  # fmt: skip

    def make() -> dict[str, np.ndarray]:
        problem = RosterProblem(read_shift_instance(path))
        result = roster_search.solve_roster(problem, rounds=rounds, nodes=nodes, seed=SEED)
        cells = sorted(result.roster.assigned.items())
        return {
            "employee": np.array([who for (who, _), _ in cells]), "day": np.array([day for (_, day), _ in cells]),
            "shift": np.array([shift for _, shift in cells]), "bound": np.array(result.bound),
            "cpu_seconds": np.array(result.cpu_s),
        }  # fmt: skip

    return cache.get_or_make(key, make)


def measured_row(path: Path, rounds: int, nodes: int, cache: ContentCache) -> dict[str, Any]:
    """Row of ``rosters_benchmark_runs``."""
    instance, kept = read_shift_instance(path), rostered(path, rounds, nodes, cache)
    cells = zip(kept["employee"].tolist(), kept["day"].tolist(), kept["shift"].tolist(), strict=True)
    roster = Roster({(who, day): shift for who, day, shift in cells})
    value = roster_cost(RosterProblem(instance), roster).total
    result = RosterResult(roster, value, int(kept["bound"]), float(kept["cpu_seconds"]))
    line = row(instance, result, best_known(None).get(instance.name))
    return {
        **{name: line[name] for name in ("instance", "days", "staff", "shifts")}, "rounds": rounds, "nodes": nodes,
        "value": line["value"], "lower_bound": line["lower_bound"],
        "proved": line["proved_optimal"] and not line["rules_broken"],
        "rules_broken": line["rules_broken"], "best_known": line["best_known"],
        "above_best_percent": None if line["above_best"] is None else 100 * line["above_best"],
        "cpu_seconds": float(kept["cpu_seconds"]),
    }  # fmt: skip


def measure(paths: Sequence[Path], rounds: int, nodes: int, cache: ContentCache) -> pd.DataFrame:
    """Table ``rosters_benchmark_runs`` of these instances."""
    rows = pd.DataFrame([measured_row(path, rounds, nodes, cache) for path in paths])
    return rows.astype({"value": float, "best_known": float, "above_best_percent": float})


def made_hospital(seed: int = 1) -> RosterProblem:
    """50 employees, 28 days, three shifts, a few more persons wanted than there can be; nobody in it works anywhere."""
    rng = np.random.default_rng(seed)
    shifts = (Shift("E", 480, ()), Shift("L", 480, ("E",)), Shift("N", 600, ("E", "L")))
    staff = tuple(
        Employee(f"P{k:03d}", {"E": 28, "L": 28, "N": 8 * int(rng.random() < 0.8)}, 8640, 7000, 5, 2, 2, 2,
                 tuple(sorted(rng.choice(28, 2, replace=False).tolist())))
        for k in range(50)
    )  # fmt: skip
    wanted = {"E": 12, "L": 10, "N": 7}
    cover = tuple(
        Cover(d, s, n + int(rng.integers(-1, 2)), MISSING, TOO_MANY) for d in range(28) for s, n in wanted.items()
    )
    return RosterProblem(ShiftInstance("hospital", 28, shifts, staff, (), (), cover))


def absences(problem: RosterProblem, roster: Roster, seed: int = SEED) -> Iterator[tuple[str, int, set[Cell]]]:
    """Kind, number and lost cells of drawn absences; each loses at least one shift."""
    rng, days = np.random.default_rng(seed), problem.instance.days
    for kind, people, length in (("one person, one day", 1, 1), ("one person, one week", 1, 7),
                                 ("three persons, one day", 3, 1)):  # fmt: skip
        for number in range(1, REPAIRS + 1):
            lost: set[Cell] = set()
            while len({who for who, _ in lost}) < people:
                first = int(rng.integers(7, days - length))
                ill = rng.choice(list(problem.people), people, replace=False).tolist()
                away = {(who, day) for who in ill for day in range(first, first + length)}
                lost = {cell for cell in away if roster.get(*cell) is not None}
            yield kind, number, lost


def measure_repairs(problem: RosterProblem, before: Roster) -> pd.DataFrame:
    """Table ``rosters_benchmark_repairs``: a roster of the problem, repaired after each of the absences."""
    rows = []
    for kind, number, lost in absences(problem, before):
        found = roster_repair.repair(problem, before, lost, worth=WORTH)
        rows.append(
            {
                "absence": kind, "number": number, "staff": len(problem.people), "days": problem.instance.days,
                "lost": len(lost), "changes": found.changes, "missing": found.missing // MISSING,
                "fewest": found.proved, "rules_broken": len(check_roster(found.problem, found.after)),
                "cpu_seconds": found.cpu_s,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def run(ws: Workspace) -> None:
    """Write the tables ``rosters_benchmark_*``."""
    cache, size = ContentCache(ws.root / ".build" / "cache" / "rosters"), ws.scenario.data
    paths = benchmark_instances.instance_files(ws.raw, "rosters")
    chosen = [path for path in paths if path.stem in INSTANCES]
    rounds, nodes = int(size["roster_rounds"]), int(size["roster_nodes"])
    ws.write("rosters_benchmark_runs", measure(chosen, rounds, nodes, cache))
    # Repairs of a roster that has no slack are harder than of the first that keeps the rules.
    hospital = made_hospital()
    before = roster_search.solve_roster(hospital, rounds=rounds, nodes=nodes, seed=SEED)
    ws.write("rosters_benchmark_repairs", measure_repairs(hospital, before.roster))


# ---- command ------------------------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=Path, required=True, help="folder of Instance*.txt")
    parser.add_argument("--seconds", type=float, default=600, help="CPU seconds for each instance")
    parser.add_argument("--out", type=Path, required=True, help="folder for rosters and the table")
    parser.add_argument("--best", type=Path, help="CSV: instance, best_known; without it, the published ones")
    parser.add_argument("--only", nargs="*", default=[], help="names of instances, such as Instance1")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    paths = instances(given.instances, given.only)
    run_folder(paths, seconds=given.seconds, out=given.out, best=best_known(given.best), seed=given.seed)


if __name__ == "__main__":
    main()
