"""Reading the shift scheduling instances of Curtois and Qu (2014), text format of schedulingbenchmarks.org.

A file has seven sections. Lines that begin with ``#`` are comments; commas separate cells, ``|`` lists within a cell::

    SECTION_HORIZON             14                          days; the first is a Monday
    SECTION_SHIFTS              D,480,E|L                   id, minutes, shifts that cannot follow it on the next day
    SECTION_STAFF               A,D=14,4320,3360,5,2,2,1    see Employee
    SECTION_DAYS_OFF            A,0,7                       id, days (from 0) on which it must not work
    SECTION_SHIFT_ON_REQUESTS   A,2,D,2                     id, day, shift, weight if it is not worked
    SECTION_SHIFT_OFF_REQUESTS  C,12,D,1                    id, day, shift, weight if it is worked
    SECTION_COVER               0,D,5,100,1                 day, shift, persons wanted, weight for each under and over
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

from healthops.data.errors import RawFileError
from healthops.data.raw_files import need

_SECTIONS = ("HORIZON", "SHIFTS", "STAFF", "DAYS_OFF", "SHIFT_ON_REQUESTS", "SHIFT_OFF_REQUESTS", "COVER")
_T = TypeVar("_T")


@dataclass(frozen=True)
class Shift:
    """A shift: its length, and the shifts that cannot be worked on the day after it."""

    id: str
    minutes: int
    cannot_be_followed_by: tuple[str, ...]


@dataclass(frozen=True)
class Employee:
    """A member of staff and the hard limits of the whole horizon.

    Attributes
    ----------
    max_shifts : dict
        Shift id -> how often it may be worked.
    max_minutes, min_minutes : int
        Of all shifts together.
    max_consecutive_shifts, min_consecutive_shifts, min_consecutive_days_off : int
        Length of stretches of work and of rest, days. Nothing is known of the days around the horizon, so that the
        minima do not bind stretches that touch one of its ends.
    max_weekends : int
        Weekends on which Saturday, Sunday or both are worked.
    days_off : tuple of int
        Days, from 0, on which it must not work.
    """

    id: str
    max_shifts: dict[str, int]
    max_minutes: int
    min_minutes: int
    max_consecutive_shifts: int
    min_consecutive_shifts: int
    min_consecutive_days_off: int
    max_weekends: int
    days_off: tuple[int, ...] = ()


@dataclass(frozen=True)
class Request:
    """A wish of an employee to work a shift on a day (or not to), and what it costs not to grant it."""

    employee: str
    day: int
    shift: str
    weight: int


@dataclass(frozen=True)
class Cover:
    """Persons wanted on a shift of a day, and what each one too few and too many costs."""

    day: int
    shift: str
    required: int
    under_weight: int
    over_weight: int


@dataclass(frozen=True)
class ShiftInstance:
    """An instance, its sections in the order of the file.

    Attributes
    ----------
    name : str
        Name of the file without its ending.
    days : int
        Length of the horizon; day 0 is a Monday.
    shifts, staff : tuple of Shift, of Employee
    on_requests, off_requests : tuple of Request
    cover : tuple of Cover
        A day and shift that is not named has no requirement and no weight.
    """

    name: str
    days: int
    shifts: tuple[Shift, ...]
    staff: tuple[Employee, ...]
    on_requests: tuple[Request, ...]
    off_requests: tuple[Request, ...]
    cover: tuple[Cover, ...]

    @property
    def weekends(self) -> tuple[tuple[int, int], ...]:
        """Saturday and Sunday of each weekend that lies in the horizon."""
        return tuple((day, day + 1) for day in range(5, self.days - 1, 7))


@dataclass(frozen=True)
class _Line:
    """A line of a section, with what an error names."""

    file: str
    section: str
    number: int
    cells: tuple[str, ...]

    def fail(self, why: str) -> NoReturn:
        raise RawFileError(f"{self.file}, SECTION_{self.section}, line {self.number}: {why}")

    def width(self, cells: int, *, more: bool = False) -> None:
        """Refuse a line with other than `cells` cells (fewer, where `more` are allowed)."""
        if len(self.cells) < cells or (len(self.cells) > cells and not more):
            self.fail(f"{len(self.cells)} cells, {cells}{' or more' if more else ''} are wanted")

    def whole(self, text: str, what: str, *, low: int = 0, high: int | None = None) -> int:
        """A whole number within bounds."""
        try:
            value = int(text)
        except ValueError:
            self.fail(f"{what} {text!r} is not a whole number")
        if value < low or (high is not None and value > high):
            self.fail(
                f"{what} is {value}; it must be at least {low}" + (f" and at most {high}" if high is not None else "")
            )
        return value

    def known(self, text: str, names: set[str], what: str) -> str:
        """An id that a section before declares."""
        if text not in names:
            self.fail(f"{what} {text!r} is not declared; there are {', '.join(sorted(names))}")
        return text


def read_shift_instance(path: str | Path) -> ShiftInstance:
    """Read an instance.

    Raises
    ------
    RawFileError
        Naming the file, the section and the line: a section that lacks or comes twice, a cell too few, what is no whole
        number, a day beyond the horizon, a shift or employee that is not declared or comes twice, bounds that cross.
    """
    path = Path(path)
    lines = _sections(need(path))
    (first, *rest) = lines["HORIZON"] or [_Line(path.name, "HORIZON", 0, ("",))]
    if rest:
        rest[0].fail("a second line; the horizon is one number")
    first.width(1)
    days = first.whole(first.cells[0], "the horizon", low=1)
    shifts = _each(lines["SHIFTS"], _shift, lambda shift: shift.id)
    names = {shift.id for shift in shifts}
    for line, shift in zip(lines["SHIFTS"], shifts, strict=True):
        for other in shift.cannot_be_followed_by:
            line.known(other, names, "shift")
    off: dict[str, tuple[int, ...]] = {}
    staff = _each(lines["STAFF"], lambda line: _employee(line, names), lambda employee: employee.id)
    people = {employee.id for employee in staff}
    for line in lines["DAYS_OFF"]:
        line.width(2, more=True)
        who = line.known(line.cells[0], people, "employee")
        if who in off:
            line.fail(f"{who} comes twice")
        off[who] = tuple(line.whole(cell, "day", high=days - 1) for cell in line.cells[1:])

    def request(line: _Line) -> Request:
        line.width(4)
        who, day, shift, weight = line.cells
        return Request(line.known(who, people, "employee"), line.whole(day, "day", high=days - 1),
                       line.known(shift, names, "shift"), line.whole(weight, "weight"))  # fmt: skip

    def cover(line: _Line) -> Cover:
        line.width(5)
        day, shift, *numbers = line.cells
        what = ("requirement", "weight for under", "weight for over")
        return Cover(line.whole(day, "day", high=days - 1), line.known(shift, names, "shift"),
                     *(line.whole(number, name) for number, name in zip(numbers, what, strict=True)))  # fmt: skip

    def asked(one: Request) -> tuple[str, int, str]:
        return one.employee, one.day, one.shift

    return ShiftInstance(
        path.stem, days, shifts,
        tuple(Employee(**(vars(employee) | {"days_off": off.get(employee.id, ())})) for employee in staff),
        _each(lines["SHIFT_ON_REQUESTS"], request, asked),
        _each(lines["SHIFT_OFF_REQUESTS"], request, asked),
        _each(lines["COVER"], cover, lambda one: (one.day, one.shift)),
    )  # fmt: skip


def _sections(path: Path) -> dict[str, list[_Line]]:
    """Lines of each section, without comments and blank lines."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise RawFileError(f"{path.name}: byte at position {error.start} is not UTF-8; fetch the file again") from None
    found: dict[str, list[_Line]] = {}
    section = None
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("SECTION_"):
            section = line.removeprefix("SECTION_")
            if section not in _SECTIONS or section in found:
                why = "comes twice" if section in found else f"is not one of {', '.join(_SECTIONS)}"
                raise RawFileError(f"{path.name}, line {number}: section {section!r} {why}")
            found[section] = []
        elif section is None:
            raise RawFileError(f"{path.name}, line {number}: {line!r} stands before the first section")
        else:
            found[section].append(_Line(path.name, section, number, tuple(cell.strip() for cell in line.split(","))))
    lacking = [name for name in _SECTIONS if name not in found]
    if lacking:
        raise RawFileError(f"{path.name} lacks the sections {', '.join(lacking)}; fetch the file again")
    return found


def _each(lines: list[_Line], read: Callable[[_Line], _T], key: Callable[[_T], object]) -> tuple[_T, ...]:
    """Read each line; a key that comes twice is an error."""
    out: dict[object, _T] = {}
    for line in lines:
        one = read(line)
        if key(one) in out:
            line.fail(f"{key(one)} comes twice")
        out[key(one)] = one
    return tuple(out.values())


def _shift(line: _Line) -> Shift:
    line.width(3)
    name, minutes, after = line.cells
    if not name:
        line.fail("a shift without an id")
    return Shift(name, line.whole(minutes, "length", low=1), tuple(filter(None, after.split("|"))))


def _employee(line: _Line, shifts: set[str]) -> Employee:
    line.width(8)
    name, most, *numbers = line.cells
    what = ("most minutes", "fewest minutes", "most shifts in a row", "fewest shifts in a row",
            "fewest days off in a row", "most weekends")  # fmt: skip
    limits = [line.whole(number, one) for number, one in zip(numbers, what, strict=True)]
    if limits[1] > limits[0] or limits[3] > limits[2]:
        line.fail("a minimum is above its maximum")
    return Employee(name, dict(_most(line, most, shifts)), *limits)


def _most(line: _Line, text: str, shifts: set[str]) -> Iterator[tuple[str, int]]:
    seen = set()
    for part in text.split("|"):
        name, sign, number = part.partition("=")
        if not sign:
            line.fail(f"{part!r} is not <shift>=<how often at most>")
        seen.add(line.known(name, shifts, "shift"))
        yield name, line.whole(number, f"most shifts {name}")
    if seen != shifts:
        line.fail(f"says nothing of the shifts {', '.join(sorted(shifts - seen))}")
