"""Where instances of routing, home care and rosters lie among the fetched files, and the best known value of each.

``best_known_plans.csv`` holds published facts, one a row (benchmark, instance, best_known):

``solomon``
    Least total distance known of Solomon's c1, r1 and rc1 (100 customers), vehicles free, distances cut off after one
    decimal as Kohl et al. (1999) do; as CVRPLIB (vrp.galgos.inf.puc-rio.br) and SINTEF's page of the problem
    (sintef.no/projectweb/top/vrptw) keep them.
``home_care``
    Cost of the best solutions that iolab-uniud/hhcrsp (GitHub) keeps for the instances of Mankowska, Meisel & Bierwirth
    (2014) with 10 and 25 patients, recomputed: (distance + total tardiness + greatest tardiness) / 3.
``rosters``
    Least cost known of the shift scheduling instances of Curtois & Qu (2014), as schedulingbenchmarks.org lists them.

The best known solution of the prize-collecting instance lies beside it (PyVRP/Instances).
"""

from __future__ import annotations

import csv
from pathlib import Path

from healthops.data.errors import RawFileError
from healthops.data.sources import load_sources

BEST_KNOWN = Path(__file__).with_name("best_known_plans.csv")
#: What begins the logical names of a benchmark's instances in ``sources.yaml``.
INSTANCES = {
    "solomon": "solomon_",
    "prizes": "prize_collecting_",
    "home_care": "home_care_",
    "rosters": "roster_instance_",
}
#: Ends the name of a file that is a solution and no instance.
SOLUTION = "_best"


def published(benchmark: str) -> dict[str, float]:
    """Best known value by instance, in the unit of the instances; empty for a benchmark without any.

    >>> published("solomon")["r104"]
    971.5
    """
    with BEST_KNOWN.open(encoding="utf-8", newline="") as file:
        return {
            row["instance"]: float(row["best_known"]) for row in csv.DictReader(file) if row["benchmark"] == benchmark
        }


def instance_files(raw: Path, benchmark: str) -> list[Path]:
    """Fetched instances of a benchmark of :data:`INSTANCES` under `raw`, by name and number.

    Raises
    ------
    RawFileError
        If one is not there; it names the file and the remedy.
    """
    found = []
    by_number = sorted(load_sources().items(), key=lambda item: [len(item[0]), item[0]])
    for name, source in by_number:
        if name.startswith(INSTANCES[benchmark]) and not name.endswith(SOLUTION):
            path = raw / source.relative
            if not path.is_file():
                raise RawFileError(f"{path}: not there; fetch the sources first (make data SCENARIO=public)")
            found.append(path)
    return found
