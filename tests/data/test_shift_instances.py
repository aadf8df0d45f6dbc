"""The reader of shift scheduling instances: a small one by hand, and all that the mirror has."""

from __future__ import annotations

import csv

import pytest

from healthops.data.errors import RawFileError
from healthops.data.raw_layout import RAW_PATHS, ROSTER_INSTANCES
from healthops.data.shift_instances import Cover, Employee, Request, Shift, read_shift_instance

SMALL = """# a comment
SECTION_HORIZON
# days
14

SECTION_SHIFTS
E,480,
N,600,E|N

SECTION_STAFF
A,E=14|N=0,4320,3360,5,2,2,1
B,E=7|N=3,2000,0,4,1,3,2

SECTION_DAYS_OFF
A,0,13

SECTION_SHIFT_ON_REQUESTS
A,2,E,2

SECTION_SHIFT_OFF_REQUESTS
B,12,N,3
B,13,N,1

SECTION_COVER
0,E,1,100,1
0,N,1,90,2
"""


@pytest.fixture
def write(tmp_path):
    def _write(text: str):
        path = tmp_path / "Small.txt"
        path.write_bytes(text.replace("\n", "\r\n").encode())
        return path

    return _write


def test_every_section_is_read(write):
    found = read_shift_instance(write(SMALL))
    assert (found.name, found.days, found.weekends) == ("Small", 14, ((5, 6), (12, 13)))
    assert found.shifts == (Shift("E", 480, ()), Shift("N", 600, ("E", "N")))
    assert found.staff == (
        Employee("A", {"E": 14, "N": 0}, 4320, 3360, 5, 2, 2, 1, (0, 13)),
        Employee("B", {"E": 7, "N": 3}, 2000, 0, 4, 1, 3, 2),
    )
    assert found.on_requests == (Request("A", 2, "E", 2),)
    assert found.off_requests == (Request("B", 12, "N", 3), Request("B", 13, "N", 1))
    assert found.cover == (Cover(0, "E", 1, 100, 1), Cover(0, "N", 1, 90, 2))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\n14\n", "\nmany\n", "SECTION_HORIZON, line 4: the horizon 'many' is not a whole number"),
        ("\n14\n", "\n", "SECTION_HORIZON, line 0: the horizon '' is not a whole number"),
        ("\n14\n", "\n14\n15\n", "SECTION_HORIZON, line 5: a second line"),
        ("N,600,E|N", "N,-600,E|N", "SECTION_SHIFTS, line 8: length is -600; it must be at least 1"),
        ("N,600,E|N", "N,600,E|L", "SECTION_SHIFTS, line 8: shift 'L' is not declared; there are E, N"),
        ("N,600,E|N", "E,600,E", "SECTION_SHIFTS, line 8: E comes twice"),
        ("A,E=14|N=0,4320", "A,E=14,4320", "SECTION_STAFF, line 11: says nothing of the shifts N"),
        ("A,E=14|N=0,4320", "A,E14|N=0,4320", "SECTION_STAFF, line 11: 'E14' is not <shift>=<how often"),
        ("3360,5,2,2,1", "5000,5,2,2,1", "SECTION_STAFF, line 11: a minimum is above its maximum"),
        ("3360,5,2,2,1", "3360,5,2,2", "SECTION_STAFF, line 11: 7 cells, 8 are wanted"),
        ("A,0,13", "A,0,14", "SECTION_DAYS_OFF, line 15: day is 14; it must be at least 0 and at most 13"),
        ("A,0,13", "C,0", "SECTION_DAYS_OFF, line 15: employee 'C' is not declared; there are A, B"),
        ("A,2,E,2", "A,2,E,2\nA,2,E,1", r"SECTION_SHIFT_ON_REQUESTS, line 19: \('A', 2, 'E'\) comes twice"),
        ("B,13,N,1", "B,13,N,-1", "SECTION_SHIFT_OFF_REQUESTS, line 22: weight is -1"),
        ("0,N,1,90,2", "0,N,1,90", "SECTION_COVER, line 26: 4 cells, 5 are wanted"),
        ("SECTION_COVER", "SECTION_COVERS", "line 24: section 'COVERS' is not one of HORIZON"),
        ("SECTION_COVER", "SECTION_STAFF", "line 24: section 'STAFF' comes twice"),
        ("# a comment\n", "hello\n", "line 1: 'hello' stands before the first section"),
        (SMALL[SMALL.index("SECTION_COVER") :], "", "lacks the sections COVER"),
    ],
)
def test_a_fault_is_named_by_file_section_and_line(write, old, new, message):
    assert old in SMALL
    with pytest.raises(RawFileError, match=rf"Small\.txt.*{message}"):
        read_shift_instance(write(SMALL.replace(old, new, 1)))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RawFileError, match=r"Instance9\.txt is not there"):
        read_shift_instance(tmp_path / "Instance9.txt")


#: Weeks, employees and shift types as Curtois and Qu (2014) state them.
SIZES = {
    1: (2, 8, 1), 2: (2, 14, 2), 3: (2, 20, 3), 4: (4, 10, 2), 5: (4, 16, 2), 6: (4, 18, 3),
    7: (4, 20, 3), 8: (4, 30, 4), 10: (4, 40, 5), 12: (4, 60, 10), 15: (6, 45, 6),
}  # fmt: skip


@pytest.mark.mirror
@pytest.mark.parametrize("number", SIZES)
def test_instances_have_the_published_sizes(mirror, number):
    found = read_shift_instance(mirror / RAW_PATHS[f"roster_instance_{number}"])
    weeks, staff, shifts = SIZES[number]
    assert (found.days, len(found.staff), len(found.shifts)) == (7 * weeks, staff, shifts)
    # Every shift of every day has a requirement, and nothing of the file is left out.
    assert len(found.cover) == found.days * shifts
    text = (mirror / RAW_PATHS[f"roster_instance_{number}"]).read_text()
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith(("#", "SECTION"))]
    off = sum(1 for employee in found.staff if employee.days_off)
    parts = (found.shifts, found.staff, found.on_requests, found.off_requests, found.cover)
    assert len(lines) == 1 + off + sum(map(len, parts))
    assert len(found.weekends) == weeks


@pytest.mark.mirror
def test_there_are_eleven_instances_with_a_best_known_value(mirror):
    with (mirror.parent / "reference" / "shift_scheduling_best_known.csv").open(encoding="utf-8") as file:
        known = {row["instance"] for row in csv.DictReader(file)}
    assert known == {f"Instance{number}" for number in ROSTER_INSTANCES} and set(ROSTER_INSTANCES) == set(SIZES)
