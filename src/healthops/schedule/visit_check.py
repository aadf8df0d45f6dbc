"""An independent check of a day of visits, from tables alone: times, walks, skills, caps, breaks, and every reason.

It shares no code with :mod:`.visits`. A reason is not believed: who is said to find the day full is tried at every
place of every round that could take the visit. What came when the plan was made may wait although visits that are not
urgent stand in its way (``moves_too_many``); that they do is verified, not how many may be moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from healthops.data.community_rules import load_rules
from healthops.data.walking import walking_minutes
from healthops.schedule.route_check import PlanFault

if TYPE_CHECKING:
    from healthops.schedule.visits import VisitRules


@dataclass(frozen=True)
class Tables:
    """What a plan was made from; `tasks` has column `household`. ``on`` is the day."""

    tasks: pd.DataFrame
    households: pd.DataFrame
    workers: pd.DataFrame
    hamlets: pd.DataFrame
    on: str
    rules: VisitRules


def check_visits(made: pd.DataFrame, unvisited: pd.DataFrame, tables: Tables) -> None:
    """Hold a plan's tables (of :class:`healthops.schedule.visits.VisitPlan`) against what it was made from.

    Raises
    ------
    PlanFault
        Lists every fault, by worker, household and task.
    """
    day = _Day(tables)
    said = [task for row in made["tasks"] for task in row] + list(unvisited["task"])
    faults = [f"task {t}: stands {said.count(t)} times in the plan" for t in sorted(set(said)) if said.count(t) > 1]
    faults += [f"task {t}: not in the plan" for t in sorted(set(tables.tasks["task"]) - set(said))]
    for worker, part in made.groupby("worker", sort=True):
        faults += [f"worker {worker}: {fault}" for fault in day.round_faults(worker, part.sort_values("position"))]
    faults += day.reason_faults(made, unvisited)
    if faults:
        raise PlanFault("; ".join(faults))


class _Day:
    """Tables by key, and walks from the tables' positions."""

    def __init__(self, tables: Tables) -> None:
        self.rules, self.tasks = tables.rules, tables.tasks.set_index("task")
        self.homes, self.workers = tables.households.set_index("household"), tables.workers.set_index("worker")
        self.factor = tables.hamlets.set_index("hamlet")["terrain_factor"]
        weekday = np.datetime64(tables.on, "D").astype("datetime64[D]").item().weekday()
        self.working = {name for name, row in self.workers.iterrows() if row["workdays"][weekday] == "1"}
        self.known: dict[tuple[str, str], int] = {}
        self.rows = self.workers.to_dict("index")
        self.places = {
            name: (np.array([row["east_km"], row["north_km"]], float), float(self.factor[row["hamlet"]]))
            for table in (self.workers, self.homes) for name, row in table.to_dict("index").items()
        }  # fmt: skip
        self.windows = {
            name: (0 if pd.isna(opens) else int(opens), 1440 if pd.isna(closes) else int(closes))
            for name, opens, closes in zip(
                self.homes.index, self.homes["visit_from_min"], self.homes["visit_to_min"], strict=True
            )
        }

    def walk(self, a: str, b: str) -> int:
        """Minutes on foot, rounded up."""
        if (a, b) not in self.known:
            (p, f), (q, g) = self.places[a], self.places[b]
            minutes = walking_minutes(p[None], np.array([f]), q[None], np.array([g]), load_rules())[0, 0]
            self.known[a, b] = int(np.ceil(minutes - 1e-9))
        return self.known[a, b]

    def skills(self, worker: str) -> set[str]:
        """What a worker can do."""
        row = self.rows[worker]
        return {c.removeprefix("skill_") for c in row if c.startswith("skill_") and row[c]}

    def last_begin(self, worker: str, home: str, urgent: bool) -> int:
        """Last minute at which a visit may begin; an urgent one early in the day."""
        opens, closes = self.windows[home]
        early = max(int(self.rows[worker]["starts_min"]) + self.rules.urgent_within, opens + 60)
        return min(closes, early) if urgent else closes

    def break_due(self, worker: str, leaves: int, returns: int) -> bool:
        """Whether somebody out from `leaves` to `returns` must have had a break."""
        row, rules = self.rows[worker], self.rules
        entitled = row["break_min"] > 0 and row["starts_min"] < rules.rest_from and row["ends_min"] > rules.rest_to
        return bool(entitled and leaves < rules.rest_from and returns > rules.rest_to)

    def round_faults(self, worker: str, part: pd.DataFrame) -> list[str]:
        """Faults of one worker's day, visit by visit."""
        if worker not in self.working:
            return ["does not work that day"]
        row, faults = self.rows[worker], []
        first = part.iloc[0]
        leaves = int(first["begins_min"]) - self.walk(worker, first["household"])
        if leaves < row["starts_min"]:
            faults.append(f"would leave at {leaves}, before {row['starts_min']}")
        free, at, rests = leaves, worker, []
        for visit in part.itertuples():
            home = visit.household
            faults += self._visit_faults(worker, visit)
            if visit.walk_min != self.walk(at, home) or visit.begins_min < free + self.walk(at, home):
                faults.append(f"{home}: begun at {visit.begins_min}, from {at} at {free} on {visit.walk_min} minutes")
            free, at = int(visit.ends_min), home
            if not pd.isna(visit.rest_min):
                rests.append(int(visit.rest_min))
                if not max(free, self.rules.rest_from) <= rests[-1] <= self.rules.rest_to:
                    faults.append(f"break at {rests[-1]}, not from {max(free, self.rules.rest_from)} on")
                free = rests[-1] + int(row["break_min"])
        returns = free + self.walk(at, worker)
        if returns > row["ends_min"]:
            faults.append(f"back at {returns}, after {row['ends_min']}")
        if len(rests) > 1 or (not rests and self.break_due(worker, leaves, returns)):
            faults.append(f"{len(rests)} breaks")
        if len(part) > row["visits_per_day"]:
            faults.append(f"{len(part)} visits, over {row['visits_per_day']}")
        return faults

    def _visit_faults(self, worker: str, visit: object) -> list[str]:
        home, faults = visit.household, []
        mine = self.tasks.loc[list(visit.tasks)]
        if (mine["household"] != home).any():
            faults.append(f"{home}: a task of another home")
        if isinstance(self.homes.loc[home, "unreachable"], str):
            faults.append(f"{home}: nobody can walk there")
        if lacking := set(mine["skill"]) - self.skills(worker):
            faults.append(f"{home}: wants {', '.join(sorted(lacking))}")
        if visit.ends_min - visit.begins_min != mine["minutes"].sum():
            faults.append(f"{home}: {visit.ends_min - visit.begins_min} minutes for {mine['minutes'].sum()}")
        urgent = bool((mine["level"] >= self.rules.urgent_level).any())
        opens, last = self.windows[home][0], self.last_begin(worker, home, urgent and not visit.later)
        if not opens <= visit.begins_min <= last:
            faults.append(f"{home}: begun at {visit.begins_min}, not from {opens} to {last}")
        if urgent != visit.urgent:
            faults.append(f"{home}: said to be {'' if visit.urgent else 'not '}urgent")
        return faults

    # ---- reasons ----------------------------------------------------------------------------------------------------

    def near(self, home: str) -> list[str]:
        """The worker responsible and the nearest others who work that day, within the longest walk."""
        own = self.homes.loc[home, "worker"]
        here, factor = self.places[home]
        names = sorted(self.working)
        places = [self.places[name] for name in names]
        walks = walking_minutes(
            here[None], np.array([factor]), np.array([p for p, _ in places]).reshape(-1, 2),
            np.array([f for _, f in places]), load_rules(),
        )[0]  # fmt: skip
        far = dict(zip(names, walks, strict=True))
        others = sorted((n for n in names if n != own), key=lambda n: far[n])[: self.rules.helpers]
        limit = load_rules()("walking", "longest_walk_min")
        return [n for n in ([own] if own in far else []) + others if far[n] <= limit]

    def reason_faults(self, made: pd.DataFrame, unvisited: pd.DataFrame) -> list[str]:
        """Reasons that are not so."""
        rounds = {w: list(part.sort_values("position").itertuples()) for w, part in made.groupby("worker")}
        faults = []
        for (home, reason), part in unvisited.groupby(["household", "reason"], sort=True):
            wanted = self.tasks.loc[list(part["task"])]
            parts = [wanted] if self._together(home, wanted) else [p for _, p in wanted.groupby("skill")]
            found = {self._reason(home, one, rounds) for one in parts}
            if found != {reason}:
                faults.append(f"household {home}: not visited as {reason}, but {', '.join(sorted(map(str, found)))}")
        return faults

    def _together(self, home: str, wanted: pd.DataFrame) -> bool:
        skills = set(wanted["skill"])
        return len(skills) == 1 or any(skills <= self.skills(w) for w in self.near(home))

    def _reason(self, home: str, wanted: pd.DataFrame, rounds: dict[str, list]) -> str:
        cut_off = self.homes.loc[home, "unreachable"]
        if isinstance(cut_off, str):
            return "unreachable"
        near = self.near(home)
        if not near:
            return "nobody_at_work"
        able = [w for w in near if set(wanted["skill"]) <= self.skills(w)]
        if not able:
            return "no_skill"
        stop = (home, int(wanted["minutes"].sum()))
        urgent = bool((wanted["level"] >= self.rules.urgent_level).any())
        if not any(self.could(w, [(*stop, self.last_begin(w, home, urgent))]) for w in able):
            return "does_not_fit"
        for w in able:
            known = [
                (v.household, int(v.ends_min - v.begins_min), self.last_begin(w, v.household, v.urgent and not v.later))
                for v in rounds.get(w, [])
            ]
            late = (*stop, self.windows[home][1])
            if any(self.could(w, [*known[:k], late, *known[k:]]) for k in range(len(known) + 1)):
                return f"nothing: {w} has room"
            # Who goes first is the urgent: nobody who could take it makes a visit that is not, unless it came too late
            # to move so many.
            first = [stop for stop, v in zip(known, rounds.get(w, []), strict=True) if v.urgent]
            if urgent and len(first) < len(known):
                if any(self.could(w, [*first[:k], late, *first[k:]]) for k in range(len(first) + 1)):
                    return "moves_too_many"
        return "day_full"

    def could(self, worker: str, stops: list[tuple[str, int, int]]) -> bool:
        """Whether a worker can make these visits (home, minutes, last begin) in this order, with a break if due."""
        row = self.rows[worker]
        if len(stops) > row["visits_per_day"]:
            return False
        return any(self._walked(worker, row, stops, rest) for rest in [None, *range(len(stops))])

    def _walked(self, worker: str, row: dict, stops: list[tuple[str, int, int]], rest: int | None) -> bool:
        leaves = max(int(row["starts_min"]), self.windows[stops[0][0]][0] - self.walk(worker, stops[0][0]))
        now, at = leaves, worker
        for k, (home, minutes, last) in enumerate(stops):
            now = max(now + self.walk(at, home), self.windows[home][0])
            if now > last:
                return False
            now, at = now + minutes, home
            if k == rest:
                now = max(now, self.rules.rest_from)
                if now > self.rules.rest_to:
                    return False
                now += int(row["break_min"])
        returns = now + self.walk(at, worker)
        return returns <= row["ends_min"] and (rest is not None or not self.break_due(worker, leaves, returns))
