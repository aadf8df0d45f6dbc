"""Readers of routing instances: Solomon's text format, the same as JSON, and VRPLIB with time windows and prizes.

Numbers are kept as they stand in the file; :meth:`Instance.problem` makes the whole numbers that solvers want.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from healthops.data.errors import RawFileError
from healthops.files import atomic_file
from healthops.schedule.routes import RouteProblem, Worker

#: How instance files end.
SUFFIXES = (".txt", ".vrp", ".json")
_SOLOMON_COLUMNS = ("id", "x", "y", "demand", "earliest", "latest", "cost")
_SOLOMON_SHOWN = ("number", "x", "y", "demand", "ready time", "due date", "service time")


@dataclass(frozen=True)
class Instance:
    """A routing instance; row 0 is the depot.

    ``coordinates`` (N, 2); ``demand``, ``opens``, ``closes``, ``service``, ``prizes`` (N,), in the units of the file;
    ``weights`` (N, N) where the file gives distances itself; ``required`` is False where a prize may be left.
    Solutions state their cost in 1 / ``stated`` of a unit: tenths for VRPLIB with windows or prizes.
    """

    name: str
    vehicles: int
    capacity: float
    coordinates: np.ndarray
    demand: np.ndarray
    opens: np.ndarray
    closes: np.ndarray
    service: np.ndarray
    prizes: np.ndarray
    required: bool = True
    timed: bool = True
    weights: np.ndarray | None = field(default=None, repr=False)
    stated: int = 1

    @property
    def rounding(self) -> str:
        """How distances are rounded by convention: with time windows or prizes cut off after one decimal (``tenths``,
        Kohl et al. 1999), without to the ``nearest`` whole (TSPLIB).
        """
        return "tenths" if self.timed or not self.required else "nearest"

    @property
    def scale(self) -> int:
        """Units of cost of :meth:`problem` in one unit of the file."""
        return 10 if self.rounding == "tenths" else 1

    def problem(self) -> RouteProblem:
        """The instance in whole numbers: everything times :attr:`scale`, distances cut off or rounded."""
        if self.weights is not None:
            raw = self.weights
        else:
            gap = self.coordinates[:, None, :] - self.coordinates[None, :, :]
            raw = np.sqrt((gap**2).sum(axis=-1))
        distance = (np.floor(self.scale * raw) if self.rounding == "tenths" else np.rint(raw)).astype(np.int64)
        windows = [np.rint(self.scale * part).astype(np.int64) for part in (self.opens, self.closes, self.service)]
        depot = Worker(
            name="vehicle", number=self.vehicles, start=0, end=0, opens=int(windows[0][0]), closes=int(windows[1][0]),
            capacity=int(self.capacity), rest=None,
        )  # fmt: skip
        stops = len(self.demand) - 1
        return RouteProblem(
            distance=distance, duration=distance, place=np.arange(1, stops + 1), service=windows[2][1:],
            opens=windows[0][1:], closes=windows[1][1:], load=np.rint(self.demand[1:]).astype(np.int64),
            prize=np.rint(self.scale * self.prizes[1:]).astype(np.int64), required=np.full(stops, self.required),
            skill=("",) * stops, workers=(depot,),
        )  # fmt: skip


def find_instances(folder: Path) -> list[Path]:
    """Files in `folder` and below that end like an instance, by name; JSON only where it holds customers."""
    found = [p for p in sorted(Path(folder).rglob("*")) if p.suffix.lower() in SUFFIXES and p.is_file()]
    # A folder may hold other text and JSON too: a licence, solutions.
    words = {".json": '"customers"', ".txt": "CUSTOMER"}
    found = [p for p in found if words.get(p.suffix.lower(), "") in p.read_text(encoding="utf-8", errors="replace")]
    if not found:
        raise RawFileError(f"{folder}: no instance (*{', *'.join(SUFFIXES)}) in this folder; name one with --instances")
    return sorted(found, key=lambda p: (p.stem.lower(), str(p)))


def read_instance(path: Path) -> Instance:
    """Read an instance in any of the formats.

    Raises
    ------
    RawFileError
        Names the file, the line or key, and what was expected there.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RawFileError(f"{path}: cannot be read as text: {error}") from error
    if path.suffix.lower() == ".json":
        return _checked(_read_json(path, text), path)
    if re.search(r"(?im)^\s*[A-Z_]+_SECTION\s*$", text):
        return _checked(_read_vrplib(path, text), path)
    return _checked(_read_solomon(path, text), path)


# ---- Solomon's format -------------------------------------------------------------------------------------------


def _read_solomon(path: Path, text: str) -> Instance:
    lines = [(k, line.split()) for k, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) < 2:
        raise RawFileError(f"{path}: too short for Solomon's format: name, VEHICLE, CUSTOMER and one line a customer")
    rows = [(k, words) for k, words in lines[1:] if not words[0][0].isalpha()]
    if not rows or len(rows[0][1]) != 2:
        at = rows[0][0] if rows else lines[-1][0]
        raise RawFileError(f"{path}, line {at}: expected two numbers, of vehicles and of their capacity")
    vehicles, capacity = _numbers(path, rows[0], 2, ("number of vehicles", "capacity"))
    table = np.array([_numbers(path, row, 7, _SOLOMON_SHOWN) for row in rows[1:]])
    if not len(table):
        raise RawFileError(f"{path}: no customer after line {rows[0][0]}")
    for (line, _), number, expected in zip(rows[1:], table[:, 0], range(len(table)), strict=True):
        if number != expected:
            raise RawFileError(
                f"{path}, line {line}: customer {number:g} where {expected} was expected (0 is the depot)"
            )
    return _from_table("".join(lines[0][1]).lower(), vehicles, capacity, table)


def _read_json(path: Path, text: str) -> Instance:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise RawFileError(f"{path}, line {error.lineno}: no JSON: {error.msg}") from error
    for key in ("instance", "vehicle-nr", "capacity", "customers"):
        if not isinstance(content, dict) or key not in content:
            raise RawFileError(f"{path}: no key {key!r}; an instance has instance, vehicle-nr, capacity and customers")
    table = []
    for k, row in enumerate(content["customers"]):
        for key in _SOLOMON_COLUMNS:
            if not isinstance(row, dict) or isinstance(row.get(key), bool) or not isinstance(row.get(key), int | float):
                raise RawFileError(f"{path}: customers[{k}]: {key} must be a number")
        if row["id"] != k:
            raise RawFileError(f"{path}: customers[{k}]: id {row['id']} where {k} was expected (0 is the depot)")
        table.append([float(row[key]) for key in _SOLOMON_COLUMNS])
    for key in ("vehicle-nr", "capacity"):
        if not isinstance(content[key], int | float):
            raise RawFileError(f"{path}: {key} must be a number, not {content[key]!r}")
    return _from_table(str(content["instance"]).lower(), content["vehicle-nr"], content["capacity"], np.array(table))


def _from_table(name: str, vehicles: float, capacity: float, table: np.ndarray) -> Instance:
    return Instance(
        name=name, vehicles=int(vehicles), capacity=capacity, coordinates=table[:, 1:3], demand=table[:, 3],
        opens=table[:, 4], closes=table[:, 5], service=table[:, 6], prizes=np.zeros(len(table)),
    )  # fmt: skip


# ---- VRPLIB -----------------------------------------------------------------------------------------------------

#: Sections that are understood, with the numbers of a line after the node's.
_SECTIONS = {
    "NODE_COORD_SECTION": 2, "DEMAND_SECTION": 1, "TIME_WINDOW_SECTION": 2, "PRIZE_SECTION": 1,
    "SERVICE_TIME_SECTION": 1,
}  # fmt: skip
#: What is said above the sections and changes nothing.
_REMARKS = ("NAME", "TYPE", "COMMENT", "EDGE_WEIGHT_TYPE", "EDGE_WEIGHT_FORMAT", "NODE_COORD_TYPE", "DISPLAY_DATA_TYPE")
_NUMBERS = ("DIMENSION", "VEHICLES", "CAPACITY", "SERVICE_TIME")


def _read_vrplib(path: Path, text: str) -> Instance:
    heads, sections = _split_vrplib(path, text)
    for key in ("DIMENSION", "CAPACITY", "EDGE_WEIGHT_TYPE"):
        if key not in heads:
            raise RawFileError(f"{path}: no line {key!r} above the sections")
    given = {
        key: _numbers(path, (line, [said]), 1, (key,))[0] for key, (line, said) in heads.items() if key in _NUMBERS
    }
    size = int(given["DIMENSION"])
    read = {
        name: _node_rows(path, name, sections[name], size, width)
        for name, width in _SECTIONS.items()
        if name in sections
    }
    _depot(path, sections)
    kind = heads["EDGE_WEIGHT_TYPE"]
    weights = _weights(path, heads, sections, size) if kind[1] == "EXPLICIT" else None
    if weights is None and (kind[1] != "EUC_2D" or "NODE_COORD_SECTION" not in read):
        raise RawFileError(f"{path}, line {kind[0]}: distances must be EUC_2D with a NODE_COORD_SECTION, or EXPLICIT")
    service = np.full(size, given.get("SERVICE_TIME", 0.0))
    service[0] = 0
    windows = read.get("TIME_WINDOW_SECTION")
    if windows is None:
        windows = np.column_stack([np.zeros(size), np.full(size, 1e9)])
    return Instance(
        name=heads["NAME"][1] if "NAME" in heads else path.stem,
        vehicles=int(given.get("VEHICLES", size - 1)),
        capacity=given["CAPACITY"],
        coordinates=read.get("NODE_COORD_SECTION", np.zeros((size, 2))),
        demand=read.get("DEMAND_SECTION", np.zeros((size, 1)))[:, 0],
        opens=windows[:, 0],
        closes=windows[:, 1],
        service=read["SERVICE_TIME_SECTION"][:, 0] if "SERVICE_TIME_SECTION" in read else service,
        prizes=read.get("PRIZE_SECTION", np.zeros((size, 1)))[:, 0],
        required="PRIZE_SECTION" not in read,
        timed="TIME_WINDOW_SECTION" in read,
        weights=weights,
        stated=10 if {"PRIZE_SECTION", "TIME_WINDOW_SECTION"} & set(read) else 1,
    )


def _split_vrplib(path: Path, text: str) -> tuple[dict[str, tuple[int, str]], dict[str, list[tuple[int, list[str]]]]]:
    """Lines above the sections by key, and the lines of every section."""
    heads: dict[str, tuple[int, str]] = {}
    sections: dict[str, list[tuple[int, list[str]]]] = {}
    here: list[tuple[int, list[str]]] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        said = line.strip()
        if not said:
            continue
        if said == "EOF":
            break
        if re.fullmatch(r"[A-Z_]+_SECTION", said):
            if said not in {*_SECTIONS, "DEPOT_SECTION", "EDGE_WEIGHT_SECTION"}:
                raise RawFileError(f"{path}, line {number}: section {said} is not understood")
            here = sections.setdefault(said, [])
        elif ":" in said and said[0].isalpha():
            key, value = (part.strip() for part in said.split(":", 1))
            if key not in {*_REMARKS, *_NUMBERS}:
                raise RawFileError(f"{path}, line {number}: {key} is not understood")
            heads[key] = (number, value)
        elif here is None:
            raise RawFileError(f"{path}, line {number}: expected KEY : VALUE or the name of a section, not {said!r}")
        else:
            here.append((number, said.split()))
    return heads, sections


def _node_rows(path: Path, name: str, rows: Sequence[tuple[int, list[str]]], size: int, width: int) -> np.ndarray:
    """Numbers of a section, shape (size, width), in the order of the nodes."""
    out = np.full((size, width), np.nan)
    for row in rows:
        node, *values = _numbers(path, row, width + 1, ("node", *(f"value {k + 1}" for k in range(width))))
        if node != int(node) or not 1 <= node <= size:
            raise RawFileError(f"{path}, line {row[0]}: {name}: node {node:g} is not one of 1 to {size}")
        out[int(node) - 1] = values
    if np.isnan(out).any():
        raise RawFileError(f"{path}: {name}: nothing on node {1 + int(np.isnan(out).any(axis=1).argmax())}")
    return out


def _depot(path: Path, sections: dict[str, list[tuple[int, list[str]]]]) -> None:
    for line, words in sections.get("DEPOT_SECTION", []):
        if words[0] not in ("1", "-1"):
            raise RawFileError(f"{path}, line {line}: the only depot must be node 1, not {words[0]}")


def _weights(path: Path, heads: dict, sections: dict, size: int) -> np.ndarray:
    """Distances of a file that gives them: a full matrix, or its part below the diagonal row by row."""
    line, form = heads.get("EDGE_WEIGHT_FORMAT", heads["EDGE_WEIGHT_TYPE"])
    flat: list[float] = []
    for at, words in sections.get("EDGE_WEIGHT_SECTION", []):
        flat += _numbers(path, (at, words), len(words), ("distance",) * len(words))
    wanted = {"FULL_MATRIX": size * size, "LOWER_ROW": size * (size - 1) // 2}
    if form not in wanted:
        raise RawFileError(f"{path}, line {line}: EDGE_WEIGHT_FORMAT must be {' or '.join(wanted)}, not {form!r}")
    if len(flat) != wanted[form]:
        raise RawFileError(f"{path}: EDGE_WEIGHT_SECTION: {len(flat)} numbers where {form} wants {wanted[form]}")
    if form == "FULL_MATRIX":
        return np.array(flat).reshape(size, size)
    out = np.zeros((size, size))
    out[np.tril_indices(size, -1)] = flat
    return out + out.T


# ---- what all formats share ----------------------------------------------------------------------------------------


def _numbers(path: Path, row: tuple[int, list[str]], width: int, names: Sequence[str]) -> list[float]:
    line, words = row
    if len(words) != width:
        raise RawFileError(f"{path}, line {line}: {len(words)} numbers where {width} were expected: {', '.join(names)}")
    out = []
    for word, name in zip(words, names, strict=True):
        try:
            out.append(float(word))
        except ValueError:
            raise RawFileError(f"{path}, line {line}: {name} must be a number, not {word!r}") from None
    return out


def _checked(instance: Instance, path: Path) -> Instance:
    """Refuse what no plan could mean."""

    one = instance
    faults = (
        (one.closes < one.opens, "its window ends before it begins", one.closes),
        (one.demand > one.capacity, f"its demand is over the capacity {one.capacity:g}", one.demand),
        (one.demand < 0, "its demand is below 0", one.demand),
        (one.service < 0, "its service time is below 0", one.service),
        (one.prizes < 0, "its prize is below 0", one.prizes),
    )
    for wrong, said, values in faults:
        if wrong.any():
            at = int(wrong.argmax())
            raise RawFileError(f"{path}: customer {at}: {said} ({values[at]:g})")
    if one.vehicles < 1 or len(one.demand) < 2:
        raise RawFileError(f"{path}: {one.vehicles} vehicles and {len(one.demand) - 1} customers: at least one of each")
    return one


# ---- solutions ------------------------------------------------------------------------------------------------


def write_solution(path: Path, routes: Sequence[Sequence[int]], cost: float) -> None:
    """Write `routes` (customers from 1) in VRPLIB's format for solutions."""
    lines = [f"Route #{k}: {' '.join(str(v) for v in route)}" for k, route in enumerate(routes, 1)]
    said = f"Cost: {int(cost)}" if cost == int(cost) else f"Cost: {cost!r}"
    with atomic_file(path) as draft:
        draft.write_text("\n".join([*lines, said, ""]))


def read_solution(path: Path) -> tuple[list[list[int]], float]:
    """Routes (customers from 1) and the cost that a file in VRPLIB's format for solutions states."""
    routes, cost = [], None
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        route, said = re.fullmatch(r"Route #\d+:((?: +\d+)*) *", line), re.fullmatch(r"Cost:? +([-\d.]+) *", line)
        if route:
            routes.append([int(word) for word in route[1].split()])
        elif said:
            cost = float(said[1])
        elif line.strip():
            raise RawFileError(f"{path}, line {number}: expected 'Route #k: ...' or 'Cost: ...', not {line!r}")
    if cost is None:
        raise RawFileError(f"{path}: no line 'Cost: ...'")
    return routes, cost
