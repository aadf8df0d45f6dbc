"""The benchmarks of routing at their smallest: the tables of notebook 93, made by the functions of the steps."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path

import pandas as pd

from benchmarks import choices, home_care, routes, visits
from healthops.cache import ContentCache
from tests.schedule.test_home_care import TWO, content, patient
from tests.schedule.test_vrp_instances import SOLOMON, VRPLIB

#: Best distance of the small instance: 1 and 2 together, 3 alone, by hand (tests of the check).
ROUTES_BEST = 26.2
#: Best cost with one late patient, and with two caregivers at once, by hand (tests of home care).
CARE_BEST = {"Instanz_10_1": 26 / 3, "Instanz_25_1": 14.0}
ITERATIONS = 256


def route_files(folder: Path) -> list[Path]:
    """Three instances of Solomon's, one a family and all alike, and one with prizes and a known plan."""
    for name in ("c101", "r101", "rc101"):
        (folder / f"{name}.txt").write_text(SOLOMON)
    (folder / "P1.vrp").write_text(VRPLIB)
    # 1 and 3 are visited, 2 is not: 13.6 of way and a prize of 6.
    (folder / "P1.sol").write_text("Route #1: 1 3\nCost: 196\n")
    return [folder / name for name in ("P1.vrp", "c101.txt", "r101.txt", "rc101.txt")]


def care_files(folder: Path) -> list[Path]:
    """A patient who is reached late, and one who wants two at once; named as if they were of 10 and 25 patients."""
    simultaneous = patient("p1", (20, 30), ["s1", "s2"], {"type": "simultaneous"})
    made = {"Instanz_10_1": patient("p1", (0, 8), ["s1"]), "Instanz_25_1": simultaneous}
    for name, one in made.items():
        (folder / f"{name}.json").write_text(json.dumps(content([one], TWO)))
    return [folder / f"{name}.json" for name in made]


@cache
def tables() -> dict[str, pd.DataFrame]:
    """Every table by name."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kept = ContentCache(folder / "cache")
        known = dict.fromkeys(("c101", "r101", "rc101"), ROUTES_BEST)
        runs = routes.measure(route_files(folder), ITERATIONS, kept, known)
        plans = home_care.measure(care_files(folder), 1, 1.0, kept, CARE_BEST)
    days = visits.measure(((6, 40), (12, 50)), urgent=8)
    return {
        "routes_benchmark_runs": runs,
        "home_care_benchmark_plans": plans,
        **{f"visits_benchmark_{name}": frame for name, frame in days.items()},
        "benchmark_choices": choices.choices(),
    }
