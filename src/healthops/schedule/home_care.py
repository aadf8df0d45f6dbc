"""Home care with skills and double visits (Mankowska, Meisel & Bierwirth 2014): instances, plans, their timetable.

Patients want one or two operations, each by a caregiver who is able to; the two of a patient by different caregivers,
at the same time (``simultaneous``) or the second within a span after the first (``sequential``). Nobody begins before
the window; who begins after it is late. Cost is a third of (distance + total tardiness + greatest tardiness).

Times and distances are whole thousandths of the file's unit, so that costs are exact.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from healthops.data.errors import RawFileError
from healthops.files import atomic_file

#: Whole numbers in one unit of the files.
SCALE = 1000


@dataclass(frozen=True)
class HomeCare:
    """An instance; place 0 is the office, place p + 1 patient p.

    Of operation o, (O,): ``patient``, ``service`` (index), ``minutes`` (thousandths), window ``opens``..``closes`` of
    its begin. ``pairs`` (K, 4): operations a and b, least and greatest ``begin[b] - begin[a]``. ``able`` (C, O).
    ``distance`` (P + 1, P + 1).
    """

    name: str
    patients: tuple[str, ...]
    services: tuple[str, ...]
    caregivers: tuple[str, ...]
    patient: np.ndarray
    service: np.ndarray
    minutes: np.ndarray
    opens: np.ndarray
    closes: np.ndarray
    pairs: np.ndarray
    able: np.ndarray
    distance: np.ndarray

    @cached_property
    def partner(self) -> np.ndarray:
        """The other operation of the same patient, -1 without, (O,)."""
        out = np.full(len(self.patient), -1)
        out[self.pairs[:, 0]], out[self.pairs[:, 1]] = self.pairs[:, 1], self.pairs[:, 0]
        return out


@dataclass(frozen=True)
class CarePlan:
    """Operations of each caregiver in order, their begins (O,), and what they cost in thousandths."""

    routes: tuple[tuple[int, ...], ...]
    begins: tuple[int, ...]
    distance: int
    total_tardiness: int
    greatest_tardiness: int

    @property
    def cost(self) -> float:
        """(distance + total tardiness + greatest tardiness) / 3, in the unit of the file."""
        return self.cost3 / (3 * SCALE)

    @property
    def cost3(self) -> int:
        """Three times the cost, in thousandths: a whole number."""
        return self.distance + self.total_tardiness + self.greatest_tardiness


def plan_of(instance: HomeCare, routes: Sequence[Sequence[int]]) -> CarePlan | None:
    """Time the routes: every operation as early as can be. None where they wait for one another in a circle.

    The rules are of the form ``begin[b] >= begin[a] + constant``; their least solution is earliest for all operations
    at once, so no other timetable of the same routes is less late.
    """
    begin = instance.opens.astype(np.int64).copy()
    for _ in range(2 * len(instance.pairs) + 2):
        before = begin.copy()
        for route in routes:
            free, at = 0, 0
            for op in route:
                begin[op] = max(begin[op], free + instance.distance[at, instance.patient[op] + 1])
                free, at = begin[op] + instance.minutes[op], instance.patient[op] + 1
        for a, b, least, most in instance.pairs:
            begin[b] = max(begin[b], begin[a] + least)
            begin[a] = max(begin[a], begin[b] - most)
        if (begin == before).all():
            break
    else:
        return None
    late = np.maximum(begin - instance.closes, 0)
    way = 0
    for route in routes:
        places = [0, *(int(instance.patient[op]) + 1 for op in route), 0]
        way += sum(int(instance.distance[a, b]) for a, b in zip(places, places[1:], strict=False))
    return CarePlan(
        tuple(tuple(int(op) for op in route) for route in routes), tuple(int(b) for b in begin), way, int(late.sum()),
        int(late.max(initial=0)),
    )  # fmt: skip


# ---- files --------------------------------------------------------------------------------------------------------


def find_instances(folder: Path) -> list[Path]:
    """JSON files in `folder` and below that hold patients and caregivers, by name."""
    found = [
        p for p in sorted(Path(folder).rglob("*.json")) if '"required_caregivers"' in p.read_text(encoding="utf-8")
    ]
    if not found:
        raise RawFileError(f"{folder}: no home care instance (*.json) in this folder; name one with --instances")
    return found


def read_home_care(path: Path) -> HomeCare:
    """Read an instance in the JSON of iolab-uniud/hhcrsp.

    Raises
    ------
    RawFileError
        Names the file, the key and what was expected there.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise RawFileError(f"{path}, line {error.lineno}: no JSON: {error.msg}") from error
    for key in ("patients", "services", "caregivers", "distances"):
        if not isinstance(content, dict) or not isinstance(content.get(key), list) or not content[key]:
            raise RawFileError(f"{path}: {key}: expected a list with something in it")
    services = {one["id"]: k for k, one in enumerate(_items(path, content, "services", ("id",)))}
    caregivers = _items(path, content, "caregivers", ("id", "abilities"))
    operations, pairs = _operations(path, content, services)
    able = np.zeros((len(caregivers), len(operations)), bool)
    for c, one in enumerate(caregivers):
        for skill in one["abilities"]:
            if skill not in services:
                raise RawFileError(f"{path}: caregivers[{c}].abilities: {skill!r} is not one of the services")
        able[c] = [operation[1] in {services[s] for s in one["abilities"]} for operation in operations]
    patients = [one["id"] for one in content["patients"]]
    table = np.array(operations, dtype=np.int64)
    for o in np.flatnonzero(~able.any(axis=0)):
        lacking = content["services"][table[o, 1]]["id"]
        raise RawFileError(f"{path}: patient {patients[table[o, 0]]}: no caregiver has the ability {lacking!r}")
    return HomeCare(
        path.stem, tuple(patients), tuple(services), tuple(one["id"] for one in caregivers), *table.T,
        np.array(pairs, dtype=np.int64).reshape(-1, 4), able, _distances(path, content),
    )  # fmt: skip


def _items(path: Path, content: dict, name: str, keys: Sequence[str]) -> list[dict[str, Any]]:
    for k, one in enumerate(content[name]):
        for key in keys:
            if not isinstance(one, dict) or key not in one:
                raise RawFileError(f"{path}: {name}[{k}]: no key {key!r}")
    names = [one["id"] for one in content[name]]
    if twice := sorted({n for n in names if names.count(n) > 1}):
        raise RawFileError(f"{path}: {name}: id {twice[0]!r} stands there twice")
    return content[name]


def _operations(path: Path, content: dict, services: dict[str, int]) -> tuple[list[tuple[int, ...]], list[tuple]]:
    """Rows patient, service, minutes, opens, closes; and the pairs."""
    rows, pairs = [], []
    for p, one in enumerate(_items(path, content, "patients", ("id", "time_window", "required_caregivers"))):
        where, wanted = f"patients[{p}]", one["required_caregivers"]
        window = [_whole(path, f"{where}.time_window", v) for v in one["time_window"]]
        if len(window) != 2 or window[0] > window[1]:
            raise RawFileError(f"{path}: {where}.time_window: expected two times, the earlier first")
        if not 1 <= len(wanted) <= 2:
            raise RawFileError(f"{path}: {where}.required_caregivers: one or two operations, not {len(wanted)}")
        for k, operation in enumerate(wanted):
            if operation.get("service") not in services:
                raise RawFileError(
                    f"{path}: {where}.required_caregivers[{k}].service: {operation.get('service')!r} is not a service"
                )
            minutes = _whole(path, f"{where}.required_caregivers[{k}].duration", operation.get("duration"))
            rows.append((p, services[operation["service"]], minutes, *window))
        if len(wanted) == 2:
            pairs.append((len(rows) - 2, len(rows) - 1, *_span(path, where, one.get("synchronization"))))
    return rows, pairs


def _span(path: Path, where: str, said: Any) -> tuple[int, int]:
    """Least and greatest time from the first operation's begin to the second's."""
    kind = said.get("type") if isinstance(said, dict) else None
    if kind == "simultaneous":
        return 0, 0
    if kind != "sequential" or len(said.get("distance", ())) != 2:
        raise RawFileError(
            f"{path}: {where}.synchronization: two operations want type 'simultaneous', or 'sequential' and a distance"
        )
    least, most = (_whole(path, f"{where}.synchronization.distance", v) for v in said["distance"])
    if not 0 <= least <= most:
        raise RawFileError(f"{path}: {where}.synchronization.distance: expected two times from 0, the shorter first")
    return least, most


def _distances(path: Path, content: dict) -> np.ndarray:
    size = len(content["patients"]) + 1
    rows = content["distances"]
    if len(rows) != size or any(len(row) != size for row in rows):
        raise RawFileError(f"{path}: distances: expected {size} rows of {size}: the office, then every patient")
    return np.array([[_whole(path, f"distances[{i}][{j}]", v) for j, v in enumerate(r)] for i, r in enumerate(rows)])


def _whole(path: Path, where: str, value: Any) -> int:
    """A number in thousandths."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value) or value < 0:
        raise RawFileError(f"{path}: {where}: expected a number from 0, not {value!r}")
    whole = round(value * SCALE)
    if abs(whole - value * SCALE) > 1e-6:
        raise RawFileError(f"{path}: {where}: {value!r} has more than three decimals; round it to thousandths")
    return whole


def write_plan(path: Path, instance: HomeCare, plan: CarePlan) -> None:
    """Write a plan in the JSON of iolab-uniud/hhcrsp; who has no visit has an empty list of locations."""
    routes = []
    for name, route in zip(instance.caregivers, plan.routes, strict=True):
        locations = [
            {
                "arrival_time": plan.begins[op] / SCALE,
                "departure_time": (plan.begins[op] + int(instance.minutes[op])) / SCALE,
                "patient": instance.patients[instance.patient[op]],
                "service": instance.services[instance.service[op]],
            }
            for op in route
        ]
        routes.append({"caregiver_id": name, "locations": locations})
    with atomic_file(path) as draft:
        draft.write_text(json.dumps({"routes": routes}, indent=1) + "\n", encoding="utf-8")
