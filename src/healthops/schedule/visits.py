"""A day of visits by community health workers: who goes to which home, in which order, arriving when.

Tasks of a household are done in one visit by a worker with all the skills they ask. Visits are shared among the worker
who is responsible and the nearest others by a minimum-cost flow (value of what is left out, walk, and a load that
grows dearer with every visit, so that it is balanced); each worker's round is then planned by PyVRP
(:func:`healthops.schedule.routes.solve`); what is left is put where it still fits. Whoever is not visited has a reason
that :mod:`.visit_check` can verify.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from healthops.data.community_rules import load_rules
from healthops.data.walking import walking_minutes
from healthops.schedule.routes import Rest, RouteProblem, Worker, solve

if TYPE_CHECKING:
    import pandas as pd

#: Why somebody is not visited.
REASONS = {
    "unreachable": "nobody can walk there",
    "nobody_at_work": "neither the worker responsible nor one of the nearest others works that day",
    "no_skill": "of those who work near, nobody has the skill",
    "does_not_fit": "the home's window, the walk and the working day do not go together",
    "day_full": "every round that could take the visit is full",
    "moves_too_many": "it came when the plan was made, and would move more other visits than may be moved",
}


#: Visits that may be moved for an urgent one that comes in.
MOST_MOVED = 3


class VisitError(ValueError):
    """Tables from which no day can be planned; names the table, the row and the remedy."""


@dataclass(frozen=True)
class VisitRules:
    """Assumptions of a day of visits; a programme would replace them.

    ``helpers``: nearest other workers who may be sent to a home. ``rest_from``, ``rest_to`` (minutes after midnight):
    when a break may begin. ``urgent_level``: tasks from this level are urgent (``high`` in the follow-up schedule), and
    their visit begins within ``urgent_within`` minutes of the worker's day, or an hour after the home's window opens.
    ``urgent_value``: minutes of walking that an urgent task is worth; another is worth ``level_value`` a level and one
    for each day overdue, up to ``overdue_value``. ``balance``: minutes that the last visit up to a worker's cap costs
    more than the first. ``iterations``: of PyVRP, a round.
    """

    helpers: int = 3
    rest_from: int = 660
    rest_to: int = 840
    urgent_level: int = 8
    urgent_within: int = 240
    urgent_value: int = 10_000
    level_value: int = 10
    overdue_value: int = 30
    balance: int = 60
    iterations: int = 60


@dataclass(frozen=True)
class Round:
    """A worker's day: visits in order, begin of each, the break's place and begin, minutes walked."""

    visits: tuple[int, ...]
    leaves: int
    begins: tuple[int, ...]
    returns: int
    walked: int
    rest_after: int | None = None
    rests: int | None = None


@dataclass
class Scene:
    """The day's visits and workers as arrays; points are the homes, then the bases from the last.
    ``later``: urgent visits that could not begin within ``urgent_within`` and are made later that day."""

    households: list[str]
    tasks: list[tuple[str, ...]]
    skills: list[frozenset[str]]
    service: list[int]
    opens: list[int]
    closes: list[int]
    urgent: list[bool]
    value: list[int]
    candidates: list[tuple[int, ...]]
    workers: list[str]
    staff: list[Worker]
    points: np.ndarray
    terrain: np.ndarray
    rules: VisitRules
    walks: dict[tuple[int, int], int] = field(default_factory=dict)
    later: set[int] = field(default_factory=set)
    per_km: float = 0.0

    def base(self, worker: int) -> int:
        """Point of a worker's base: counted from the end, so that a home more does not move it."""
        return -1 - worker

    def walk(self, a: int, b: int) -> int:
        """Minutes on foot between two points, rounded up."""
        found = self.walks.get((a, b))
        if found is None:
            km = math.hypot(self.points[a, 0] - self.points[b, 0], self.points[a, 1] - self.points[b, 1])
            found = math.ceil(km * self.per_km * (self.terrain[a] + self.terrain[b]) / 2 - 1e-9)
            self.walks[a, b] = self.walks[b, a] = found
        return found

    def latest(self, worker: int, visit: int) -> int:
        """Last minute at which the worker may begin the visit."""
        if not self.urgent[visit] or visit in self.later:
            return self.closes[visit]
        begin = max(self.staff[worker].opens + self.rules.urgent_within, self.opens[visit] + 60)
        return min(self.closes[visit], begin)

    def round(self, worker: int, order: Sequence[int]) -> Round | None:
        """Time a round, with its break where that ends the day first; None where it does not fit."""
        who = self.staff[worker]
        if not order:
            return Round((), who.opens, (), who.opens, 0)
        if who.most_visits is not None and len(order) > who.most_visits:
            return None
        plain = self._timed(worker, order, None)
        if plain is None or who.rest is None:
            return plain
        if not (plain.leaves < who.rest.opens and plain.returns > who.rest.closes):
            return plain
        rested = [self._timed(worker, order, k) for k in range(len(order))]
        return min((r for r in rested if r is not None), key=lambda r: (r.returns, r.rests), default=None)

    def _timed(self, worker: int, order: Sequence[int], rest_after: int | None) -> Round | None:
        who, at = self.staff[worker], self.base(worker)
        leaves = max(who.opens, self.opens[order[0]] - self.walk(at, order[0]))
        now, walked, begins, rests = leaves, 0, [], None
        for k, v in enumerate(order):
            step = self.walk(at, v)
            now, walked, at = max(now + step, self.opens[v]), walked + step, v
            if now > self.latest(worker, v):
                return None
            begins.append(now)
            now += self.service[v]
            if k == rest_after:
                rests = max(now, who.rest.opens)
                if rests > who.rest.closes:
                    return None
                now = rests + who.rest.minutes
        step = self.walk(at, self.base(worker))
        if now + step > who.closes:
            return None
        return Round(tuple(order), leaves, tuple(begins), now + step, walked + step, rest_after, rests)


@dataclass
class VisitPlan:
    """A day planned: the scene, each worker's round, and the visits that nobody makes with the reason.

    ``left``: by visit, a key of :data:`REASONS`.
    """

    on: str
    scene: Scene
    rounds: list[Round]
    left: dict[int, str]
    cpu_seconds: float

    def visits(self) -> pd.DataFrame:
        """One row a visit: worker, position, household, tasks, urgent, later, begins_min, ends_min, walk_min, rest_min.

        `rest_min` is the begin of the break after the visit; missing without one. `later`: urgent, and not begun early.
        """
        import pandas as pd

        rows, s = [], self.scene
        for w, made in enumerate(self.rounds):
            at = s.base(w)
            for k, (v, begin) in enumerate(zip(made.visits, made.begins, strict=True)):
                rest = made.rests if k == made.rest_after else None
                row = (s.workers[w], k + 1, s.households[v], s.tasks[v], s.urgent[v], v in s.later)
                rows.append((*row, begin, begin + s.service[v], s.walk(at, v), rest))
                at = v
        what = ["worker", "position", "household", "tasks", "urgent", "later"]
        table = pd.DataFrame(rows, columns=[*what, "begins_min", "ends_min", "walk_min", "rest_min"])
        return table.astype({"rest_min": "Int64"})

    def days(self) -> pd.DataFrame:
        """One row a worker: visits, most_visits, leaves_min, returns_min, walked_min, visit_min."""
        import pandas as pd

        s = self.scene
        rows = [
            (s.workers[w], len(r.visits), s.staff[w].most_visits, r.leaves, r.returns, r.walked,
             sum(s.service[v] for v in r.visits))
            for w, r in enumerate(self.rounds)
        ]  # fmt: skip
        columns = ["worker", "visits", "most_visits", "leaves_min", "returns_min", "walked_min", "visit_min"]
        return pd.DataFrame(rows, columns=columns)

    def unvisited(self) -> pd.DataFrame:
        """One row a task that nobody does: task, household, urgent, reason, why."""
        import pandas as pd

        s = self.scene
        rows = [
            (task, s.households[v], s.urgent[v], reason, REASONS[reason])
            for v, reason in sorted(self.left.items()) for task in s.tasks[v]
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=["task", "household", "urgent", "reason", "why"])


def plan_visits(
    tasks: pd.DataFrame,
    households: pd.DataFrame,
    workers: pd.DataFrame,
    hamlets: pd.DataFrame,
    *,
    on: str | pd.Timestamp,
    rules: VisitRules | None = None,
    seed: int = 0,
) -> VisitPlan:
    """Plan the visits of day `on`.

    Parameters
    ----------
    tasks : DataFrame
        Tasks that want a visit (:func:`healthops.risk.follow_up.open_tasks`) with column `household`; `value`
        (minutes of walking that a task is worth) where the caller has one.
    households, workers, hamlets : DataFrame
        Tables ``community_households``, ``community_workers``, ``community_hamlets``.
    on : date
        Who does not work on that day of the week is not sent.
    rules : VisitRules, optional
        Assumptions.
    seed : int
        Of the searches. The same seed gives the same plan.

    Raises
    ------
    VisitError
        A task without a home, a worker without a base, a window that ends before it begins.
    """
    began = time.process_time()
    rules = rules or VisitRules()
    scene, left = make_scene(tasks, households, workers, hamlets, on=on, rules=rules)
    shared = _share(scene, [v for v in range(len(scene.households)) if v not in left])
    rounds = [_round(scene, w, mine, seed) for w, mine in enumerate(shared)]
    plan = VisitPlan(str(on)[:10], scene, rounds, left, 0.0)
    made = {v for r in rounds for v in r.visits}
    plan.left |= {v: "day_full" for v in range(len(scene.households)) if v not in made and v not in left}
    # Putting one visit somewhere may make room or need it elsewhere: until nothing changes, so that reasons hold.
    while any([_place(plan, v, MOST_MOVED) or _clear(plan, v) for v in _full(plan)]):
        pass
    plan.cpu_seconds = time.process_time() - began
    return plan


def plan_days(
    tasks: pd.DataFrame,
    households: pd.DataFrame,
    workers: pd.DataFrame,
    hamlets: pd.DataFrame,
    *,
    days: Sequence[str | pd.Timestamp],
    rules: VisitRules | None = None,
    seed: int = 0,
) -> list[VisitPlan]:
    """Plan several days one after another: what a day leaves, the next may do while its window lasts.

    Parameters are those of :func:`plan_visits`; `tasks` has ``opens_on``, ``closes_on`` and ``due_on``, by which the
    days overdue are counted anew each day. `days` in order.
    """
    import pandas as pd

    plans, done = [], set()
    for day in days:
        on = pd.Timestamp(day)
        here = tasks[(tasks["opens_on"] <= on) & (on <= tasks["closes_on"]) & ~tasks["task"].isin(done)]
        here = here.assign(days_overdue=(on - here["due_on"]).dt.days.clip(lower=0))
        plan = plan_visits(here, households, workers, hamlets, on=on, rules=rules, seed=seed)
        done |= {task for row in plan.visits()["tasks"] for task in row}
        plans.append(plan)
    return plans


def insert_task(
    plan: VisitPlan, task: pd.Series, home: pd.Series, terrain: float, *, most_moved: int = MOST_MOVED
) -> list[int]:
    """Put one new task into a plan, changing it; returns the visits that were moved or given up for it.

    Room that this leaves in a round goes to visits that were left, so that the reasons of the others hold.

    Parameters
    ----------
    plan : VisitPlan
        Changed in place. Where the task fits nowhere it is left, with its reason.
    task, home : Series
        A row of the tasks (task, household, level, days_overdue, minutes, skill) and of ``community_households``.
    terrain : float
        Terrain factor of the home's hamlet.
    most_moved : int
        Other visits that may change their worker, or be left, for an urgent task.
    """
    import pandas as pd

    v = _add(plan.scene, task, home, terrain)
    reason = "unreachable" if pd.notna(home["unreachable"]) else _barred(plan.scene, v)
    if reason:
        plan.left[v] = reason
        return []
    rounds = list(plan.rounds)
    before = {u: w for w, r in enumerate(rounds) for u in r.visits}
    if not _place(plan, v, most_moved):
        plan.left[v] = "day_full"
        if any(_cleared(plan.scene, w, v, plan.rounds[w].visits) for w in plan.scene.candidates[v]):
            plan.left[v] = "moves_too_many"
    _use_room(plan, rounds)
    after = {u: w for w, r in enumerate(plan.rounds) for u in r.visits}
    return sorted(u for u, w in before.items() if after.get(u) != w)


# ---- the scene ------------------------------------------------------------------------------------------------------


def make_scene(
    tasks: pd.DataFrame, households: pd.DataFrame, workers: pd.DataFrame, hamlets: pd.DataFrame, *, on: Any,
    rules: VisitRules,
) -> tuple[Scene, dict[int, str]]:  # fmt: skip
    """Visits and workers of a day, and the visits that are barred with their reasons."""
    import pandas as pd

    _check_tables(tasks, households, workers, hamlets)
    homes = households.set_index("household")
    factor = hamlets.set_index("hamlet")["terrain_factor"]
    working = workers[workers["workdays"].str[pd.Timestamp(on).weekday()] == "1"].reset_index(drop=True)
    staff = [_staff(row, rules) for _, row in working.iterrows()]
    pace = 60 * load_rules()("walking", "detour") / load_rules()("walking", "speed_km_h")
    empty: list[list] = [[] for _ in range(9)]
    scene = Scene(*empty, list(working["worker"]), staff, np.zeros((0, 2)), np.zeros(0), rules, per_km=pace)
    wanted = homes.loc[sorted(set(tasks["household"]))]
    near = _nearest(wanted, working, factor, rules)
    groups = dict(list(tasks.groupby("household", sort=True)))
    spots, terrains = [], []
    for k, (name, home) in enumerate(wanted.iterrows()):
        for part in _parts(groups[name], near[k], scene):
            _append(scene, name, part, home, near[k])
            spots.append((home["east_km"], home["north_km"]))
            terrains.append(factor[home["hamlet"]])
    scene.points = np.array([*spots, *working[["east_km", "north_km"]].to_numpy()[::-1]], float).reshape(-1, 2)
    scene.terrain = np.array([*terrains, *factor.reindex(working["hamlet"]).to_numpy()[::-1]], float)
    cut_off = homes["unreachable"].notna()
    left = {}
    for v, name in enumerate(scene.households):
        reason = "unreachable" if cut_off[name] else _barred(scene, v)
        if reason:
            left[v] = reason
    return scene, left


def _check_tables(tasks: pd.DataFrame, households: pd.DataFrame, workers: pd.DataFrame, hamlets: pd.DataFrame) -> None:
    def refuse(table: str, wrong: pd.Series, names: pd.Series, said: str) -> None:
        if wrong.any():
            raise VisitError(f"{table}: {names[wrong].iloc[0]}: {said}")

    refuse(
        "tasks", ~tasks["household"].isin(households["household"]), tasks["task"], "its household is not in households"
    )
    refuse("households", households["household"].duplicated(), households["household"], "stands there twice; keep one")
    closes, opens = households["visit_to_min"], households["visit_from_min"]
    wrong = (closes < opens).fillna(False).astype(bool)
    refuse("households", wrong, households["household"], "its window ends before it begins; correct visit_to_min")
    refuse(
        "workers", workers[["east_km", "north_km"]].isna().any(axis=1), workers["worker"], "has no base; give its place"
    )
    refuse(
        "workers", ~workers["hamlet"].isin(hamlets["hamlet"]), workers["worker"], "the hamlet of its base is unknown"
    )
    refuse("workers", workers["ends_min"] <= workers["starts_min"], workers["worker"], "its day ends before it begins")


def _staff(row: pd.Series, rules: VisitRules) -> Worker:
    skills = frozenset(c.removeprefix("skill_") for c in row.index if c.startswith("skill_") and row[c])
    through = row["starts_min"] < rules.rest_from and row["ends_min"] > rules.rest_to and row["break_min"] > 0
    rest = Rest(int(row["break_min"]), rules.rest_from, rules.rest_to) if through else None
    return Worker(
        row["worker"], 0, 0, int(row["starts_min"]), int(row["ends_min"]), most_visits=int(row["visits_per_day"]),
        skills=skills, rest=rest,
    )  # fmt: skip


def _nearest(homes: pd.DataFrame, working: pd.DataFrame, factor: pd.Series, rules: VisitRules) -> list[tuple[int, ...]]:
    """Who may be sent to each home: the worker responsible and the nearest others, all within the longest walk."""
    if not len(working):
        return [()] * len(homes)
    where, walking = ["east_km", "north_km"], load_rules()
    walks = walking_minutes(
        homes[where].to_numpy(), factor.loc[homes["hamlet"]].to_numpy(), working[where].to_numpy(),
        factor.loc[working["hamlet"]].to_numpy(), walking,
    )  # fmt: skip
    names = {name: k for k, name in enumerate(working["worker"])}
    out = []
    for row, responsible in zip(walks, homes["worker"], strict=True):
        own = names.get(responsible)
        others = [int(k) for k in np.argsort(row, kind="stable")[: rules.helpers + 1] if k != own]
        allowed = ([] if own is None else [own]) + others[: rules.helpers]
        out.append(tuple(k for k in allowed if row[k] <= walking("walking", "longest_walk_min")))
    return out


def _parts(tasks: pd.DataFrame, near: Iterable[int], scene: Scene) -> list[pd.DataFrame]:
    """All tasks of a home as one visit where somebody has all the skills, else one visit a skill."""
    skills = set(tasks["skill"])
    if len(skills) == 1 or any(skills <= scene.staff[w].skills for w in near):
        return [tasks]
    return [part for _, part in tasks.groupby("skill", sort=True)]


def _append(scene: Scene, name: str, part: pd.DataFrame, home: pd.Series, near: tuple[int, ...]) -> None:
    import pandas as pd

    rules = scene.rules
    # As arrays: a day has a part for every home, and a series for each would take most of the time.
    level = part["level"].to_numpy()
    urgent = bool((level >= rules.urgent_level).any())
    if "value" in part:
        worth = part["value"].to_numpy()
    else:
        worth = level * rules.level_value + np.minimum(part["days_overdue"].to_numpy(), rules.overdue_value)
        worth = np.where(level >= rules.urgent_level, rules.urgent_value + worth, worth)
    scene.households.append(name)
    scene.tasks.append(tuple(part["task"]))
    scene.skills.append(frozenset(part["skill"]))
    scene.service.append(int(part["minutes"].sum()))
    scene.opens.append(0 if pd.isna(home["visit_from_min"]) else int(home["visit_from_min"]))
    scene.closes.append(24 * 60 if pd.isna(home["visit_to_min"]) else int(home["visit_to_min"]))
    scene.urgent.append(urgent)
    scene.value.append(round(float(worth.sum())))
    scene.candidates.append(near)


def _add(scene: Scene, task: pd.Series, home: pd.Series, terrain: float) -> int:
    """One more visit, for a task that came in after the plan."""
    import pandas as pd

    v, spot = len(scene.households), np.array([[home["east_km"], home["north_km"]]], float)
    scene.points = np.concatenate([scene.points[:v], spot, scene.points[v:]])
    scene.terrain = np.concatenate([scene.terrain[:v], [terrain], scene.terrain[v:]])
    at = sorted((scene.walk(v, scene.base(w)), w) for w in range(len(scene.workers)))
    limit = load_rules()("walking", "longest_walk_min")
    own = [one for one in at if scene.workers[one[1]] == home["worker"]]
    others = [one for one in at if one not in own][: scene.rules.helpers]
    near = tuple(w for walk, w in own + others if walk <= limit)
    _append(scene, home.name if "household" not in home else home["household"], pd.DataFrame([task]), home, near)
    return v


def _barred(scene: Scene, v: int) -> str | None:
    """Why nobody could make the visit even on an empty day; None where somebody could."""
    if not scene.candidates[v]:
        return "nobody_at_work"
    able = [w for w in scene.candidates[v] if scene.skills[v] <= scene.staff[w].skills]
    if not able:
        return "no_skill"
    scene.candidates[v] = tuple(able)
    return None if any(scene.round(w, [v]) is not None for w in able) else "does_not_fit"


# ---- sharing, rounds, and what is left ------------------------------------------------------------------------------


def _share(scene: Scene, visits: list[int]) -> list[list[int]]:
    """Give each visit to one of its candidates, or to nobody: minimum-cost flow, by OR-Tools."""
    from healthops.schedule.or_tools import min_cost_flow

    flow, sink = min_cost_flow.SimpleMinCostFlow(), len(visits) + len(scene.workers)
    arcs = []
    for k, v in enumerate(visits):
        for w in scene.candidates[v]:
            arcs.append(
                (flow.add_arc_with_capacity_and_unit_cost(k, len(visits) + w, 1, scene.walk(v, scene.base(w))), v, w)
            )
        flow.add_arc_with_capacity_and_unit_cost(k, sink, 1, scene.value[v] + scene.rules.balance)
        flow.set_node_supply(k, 1)
    for w, who in enumerate(scene.staff):
        for n in range(who.most_visits or 0):
            dear = round(scene.rules.balance * n / who.most_visits)
            flow.add_arc_with_capacity_and_unit_cost(len(visits) + w, sink, 1, dear)
    flow.set_node_supply(sink, -len(visits))
    if visits and flow.solve() != flow.OPTIMAL:
        raise VisitError("sharing the visits failed; report this with the tables")
    out: list[list[int]] = [[] for _ in scene.workers]
    for arc, v, w in arcs:
        if flow.flow(arc):
            out[w].append(v)
    return out


def _round(scene: Scene, worker: int, visits: list[int], seed: int) -> Round:
    """Order a worker's visits by PyVRP; those that do not fit stay out."""
    who = scene.staff[worker]
    if not visits:
        return scene.round(worker, [])
    points = [scene.base(worker), *visits]
    walk = np.array([[scene.walk(a, b) for b in points] for a in points])
    size = len(visits)
    problem = RouteProblem(
        distance=walk, duration=walk, place=np.arange(1, size + 1),
        service=np.array([scene.service[v] for v in visits]),
        opens=np.array([scene.opens[v] for v in visits]),
        closes=np.array([scene.latest(worker, v) for v in visits]), load=np.ones(size, np.int64),
        prize=np.array([scene.value[v] for v in visits]), required=np.zeros(size, bool), skill=("",) * size,
        workers=(who,),
    )  # fmt: skip
    plan = solve(problem, seed=seed, iterations=scene.rules.iterations, starts=0)
    order = [visits[k] for k in plan.routes[0].visits] if plan.routes else []
    made = scene.round(worker, order)
    return made if made is not None else scene.round(worker, [])


def _place(plan: VisitPlan, v: int, most: int) -> bool:
    """Put a visit where it fits; an urgent one in the place of up to `most` others, or else later that day."""
    scene = plan.scene
    if _fit(plan, v):
        return True
    if not scene.urgent[v]:
        return False
    if _make_room(plan, v, most):
        return True
    scene.later.add(v)
    return _fit(plan, v) or _make_room(plan, v, most)


def _use_room(plan: VisitPlan, before: list[Round]) -> None:
    """Make visits that were left where rounds have changed since `before` and have room for them; none is moved."""
    known = list(before)
    while changed := {w for w, (old, new) in enumerate(zip(known, plan.rounds, strict=True)) if old is not new}:
        known = list(plan.rounds)
        late = [v for v, why in plan.left.items() if why == "moves_too_many"]
        for v in [*late, *_full(plan)]:
            if changed & set(plan.scene.candidates[v]) and not _fit(plan, v) and v in late:
                clear = any(_cleared(plan.scene, w, v, plan.rounds[w].visits) for w in plan.scene.candidates[v])
                plan.left[v] = "moves_too_many" if clear else "day_full"


def _full(plan: VisitPlan) -> list[int]:
    """Visits for which the day is full, those worth most first."""
    return sorted((v for v, why in plan.left.items() if why == "day_full"), key=lambda v: (-plan.scene.value[v], v))


def _clear(plan: VisitPlan, v: int) -> bool:
    """Give an urgent visit the place of all visits of a round that are not urgent; they go back in where they fit."""
    scene = plan.scene
    for w in scene.candidates[v]:
        order = plan.rounds[w].visits
        made = _cleared(scene, w, v, order)
        if made is not None:
            plan.rounds[w] = made
            plan.left.pop(v, None)
            for u in sorted((u for u in order if not scene.urgent[u]), key=lambda u: (-scene.value[u], u)):
                if not _fit(plan, u):
                    plan.left[u] = "day_full"
            return True
    return False


def _cleared(scene: Scene, worker: int, v: int, order: Sequence[int]) -> Round | None:
    """The round with an urgent visit in the place of all that are not; None where none are or it does not fit."""
    kept = [u for u in order if scene.urgent[u]]
    if not scene.urgent[v] or len(kept) == len(order):
        return None
    rounds = (scene.round(worker, (*kept[:k], v, *kept[k:])) for k in range(len(kept) + 1))
    return next((made for made in rounds if made), None)


def _fit(plan: VisitPlan, v: int) -> bool:
    """Put a visit where it costs the least walking and still fits; False where it fits nowhere."""
    scene, best = plan.scene, None
    for w in scene.candidates[v]:
        order = plan.rounds[w].visits
        for k in range(len(order) + 1):
            made = scene.round(w, (*order[:k], v, *order[k:]))
            if made is not None:
                cost = made.walked - plan.rounds[w].walked
                best = min(best or (cost, w, k), (cost, w, k))
    if best is None:
        return False
    _, w, k = best
    order = plan.rounds[w].visits
    plan.rounds[w] = scene.round(w, (*order[:k], v, *order[k:]))
    plan.left.pop(v, None)
    return True


def _make_room(plan: VisitPlan, v: int, most: int) -> bool:
    """Take up to `most` visits that are not urgent out of a round for an urgent one; what is taken out goes elsewhere.

    Fewest visits first, then those worth least.
    """
    scene = plan.scene
    for number in range(1, most + 1):
        best = None
        for w in scene.candidates[v]:
            order = plan.rounds[w].visits
            light = [u for u in order if not scene.urgent[u]]
            for out in combinations(light, number):
                lost = sum(scene.value[u] for u in out)
                if best is not None and lost >= best[0]:
                    continue
                kept = [u for u in order if u not in out]
                found = next((k for k in range(len(kept) + 1) if scene.round(w, (*kept[:k], v, *kept[k:]))), None)
                if found is not None:
                    best = (lost, w, out, (*kept[:found], v, *kept[found:]))
        if best is not None:
            _, w, out, order = best
            plan.rounds[w] = scene.round(w, order)
            plan.left.pop(v, None)
            for u in sorted(out, key=lambda u: -scene.value[u]):
                if not _fit(plan, u):
                    plan.left[u] = "day_full"
            return True
    return False
