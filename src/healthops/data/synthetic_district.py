"""A large district for tests of speed: workers, homes and tasks drawn straight as tables, without a register."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.community_rules import load_rules
from healthops.data.follow_up_rules import load_schedule
from healthops.data.register_files import IMAGINED
from healthops.data.study_ids import DIGITS
from healthops.data.walking import TERRAINS, terrain_factor, walking_minutes

if TYPE_CHECKING:
    import pandas as pd

#: Homes a worker, hamlets a worker, and the side of a worker's share of the district, km.
HOMES, HAMLETS, SIDE_KM = 38, 1.2, 3.0


@dataclass(frozen=True)
class District:
    """Tables ``community_hamlets``, ``community_workers`` and ``community_households``, and tasks.

    ``tasks`` has the columns of :func:`healthops.risk.follow_up.open_tasks` that a plan of visits needs (task, rule,
    person, due_on, opens_on, closes_on, state, days_overdue, priority, level, minutes, skill) and `household`.
    """

    hamlets: pd.DataFrame
    workers: pd.DataFrame
    households: pd.DataFrame
    tasks: pd.DataFrame


def make_district(
    rng: np.random.Generator, *, workers: int = 200, tasks: int = 10_000, on: str = "2023-05-01"
) -> District:
    """Draw a district with so many workers and so many tasks that want a visit on day `on`."""
    hamlets = _hamlets(rng, workers)
    staff, homes = _staff(rng, hamlets, workers), _homes(rng, hamlets, HOMES * workers)
    homes = _assign(homes, staff, hamlets)
    staff["households"] = staff["worker"].map(homes["worker"].value_counts()).fillna(0).astype("int64")
    return District(hamlets, staff, homes, _tasks(rng, homes, tasks, on))


def _hamlets(rng: np.random.Generator, workers: int) -> pd.DataFrame:
    import pandas as pd

    number = round(HAMLETS * workers)
    side = SIDE_KM * np.sqrt(workers)
    at = np.round(rng.uniform(-side / 2, side / 2, (number, 2)), 2)
    # Flat in the west, mountains in the east.
    step = np.clip(np.floor(3 * (at[:, 0] / side + 0.5) + rng.normal(0, 0.3, number)).astype(int), 0, 2)
    factor = np.array([terrain_factor(t, load_rules()) for t in TERRAINS])
    return pd.DataFrame({
        "hamlet": [f"C{k:03d}" for k in range(1, number + 1)], "ubigeo": "010101", "terrain": np.array(TERRAINS)[step],
        "terrain_factor": factor[step], "east_km": at[:, 0], "north_km": at[:, 1], "basis": IMAGINED,
    })  # fmt: skip


def _staff(rng: np.random.Generator, hamlets: pd.DataFrame, workers: int) -> pd.DataFrame:
    import pandas as pd

    base = np.sort(rng.choice(len(hamlets), workers, replace=False))
    starts = 60 * rng.integers(7, 10, workers)
    return pd.DataFrame({
        "worker": [f"W{k:03d}" for k in range(1, workers + 1)], "hamlet": hamlets["hamlet"].to_numpy()[base],
        "east_km": hamlets["east_km"].to_numpy()[base], "north_km": hamlets["north_km"].to_numpy()[base],
        "starts_min": starts, "ends_min": starts + 60 * rng.integers(5, 9, workers),
        "break_min": rng.choice([30, 45, 60], workers), "visits_per_day": rng.integers(8, 15, workers),
        "workdays": rng.choice(["1111100", "1111110"], workers), "skill_general": True,
        **{f"skill_{name}": rng.random(workers) < 0.75 for name in ("maternal", "newborn", "chronic")}, "households": 0,
        "basis": IMAGINED,
    })  # fmt: skip


def _homes(rng: np.random.Generator, hamlets: pd.DataFrame, number: int) -> pd.DataFrame:
    import pandas as pd

    at = rng.integers(0, len(hamlets), number)
    spot = hamlets[["east_km", "north_km"]].to_numpy()[at] + rng.normal(0, 0.4, (number, 2))
    opens = np.array([None, 420, 720, 480], dtype=object)
    closes = np.array([None, 660, 1020, 780], dtype=object)
    window = rng.choice(4, number, p=[0.7, 0.1, 0.1, 0.1])
    return pd.DataFrame({
        "household": _ids(rng, "H", number), "hamlet": hamlets["hamlet"].to_numpy()[at],
        "east_km": np.round(spot[:, 0], 2), "north_km": np.round(spot[:, 1], 2),
        "visit_from_min": pd.array(opens[window], dtype="Int64"),
        "visit_to_min": pd.array(closes[window], dtype="Int64"),
        "water": "piped", "cooking_fuel": "gas", "toilet": "latrine", "basis": IMAGINED,
    })  # fmt: skip


def _assign(homes: pd.DataFrame, staff: pd.DataFrame, hamlets: pd.DataFrame) -> pd.DataFrame:
    """Give each home to the worker with the shortest walk."""
    rules, factor = load_rules(), hamlets.set_index("hamlet")["terrain_factor"]
    where = ["east_km", "north_km"]
    walks = walking_minutes(
        staff[where].to_numpy(), factor.loc[staff["hamlet"]].to_numpy(), homes[where].to_numpy(),
        factor.loc[homes["hamlet"]].to_numpy(), rules,
    )  # fmt: skip
    nearest = walks.argmin(axis=0)
    walk = np.round(walks[nearest, np.arange(len(homes))])
    far = walk > rules("walking", "longest_walk_min")
    return homes.assign(
        worker=staff["worker"].to_numpy()[nearest], walk_min=walk, unreachable=np.where(far, "too far", None)
    )


def _tasks(rng: np.random.Generator, homes: pd.DataFrame, number: int, on: str) -> pd.DataFrame:
    """Tasks at homes that can be reached, of the rules of the schedule, all of them open or overdue on the day."""
    import pandas as pd

    day, rules = pd.Timestamp(on), load_schedule().rules
    rule = [rules[k] for k in rng.integers(0, len(rules), number)]
    at = rng.choice(np.flatnonzero(homes["unreachable"].isna()), number)
    # The due date lies so that the day is in the window.
    after = np.array([rng.integers(-one.days_after, one.days_before + 1) for one in rule])
    due = day + pd.to_timedelta(after, unit="D")
    return pd.DataFrame({
        "task": [f"T{k:05d}" for k in range(1, number + 1)], "rule": [one.name for one in rule],
        "person": _ids(rng, "P", number), "household": homes["household"].to_numpy()[at], "due_on": due,
        "opens_on": due - pd.to_timedelta([one.days_before for one in rule], unit="D"),
        "closes_on": due + pd.to_timedelta([one.days_after for one in rule], unit="D"),
        "state": np.where(after < 0, "overdue", "open"), "days_overdue": np.maximum(-after, 0),
        "priority": [one.priority for one in rule], "level": [one.level for one in rule],
        "minutes": [one.minutes for one in rule], "skill": [one.skill for one in rule],
    })  # fmt: skip


def _ids(rng: np.random.Generator, prefix: str, number: int) -> list[str]:
    """Distinct study ids."""
    drawn = np.unique(rng.integers(0, 16**DIGITS, 2 * number))
    return [f"{prefix}{k:0{DIGITS}x}" for k in rng.permutation(drawn)[:number]]
