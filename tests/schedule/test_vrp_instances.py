"""Readers of routing instances, against VRPLIB's own reader and against planted errors."""

from __future__ import annotations

import json

import numpy as np
import pytest
import vrplib

from healthops.data.errors import RawFileError
from healthops.schedule.route_check import PlanFault, check_solution, exact_distance
from healthops.schedule.vrp_instances import find_instances, read_instance, read_solution, write_solution

SOLOMON = """T1

VEHICLE
NUMBER     CAPACITY
  2         50

CUSTOMER
CUST NO.  XCOORD.   YCOORD.    DEMAND   READY TIME  DUE DATE   SERVICE   TIME

    0      0         0          0          0       100          0
    1      3         4         20         10        40          5
    2      0         7         20          0        50          5
    3      5         1         30          5        60          5
"""
VRPLIB = """NAME : P1
TYPE : PCVRPTW
DIMENSION : 4
VEHICLES : 2
CAPACITY : 50
SERVICE_TIME : 5
EDGE_WEIGHT_TYPE : EUC_2D
NODE_COORD_SECTION
1 0 0
2 3 4
3 0 7
4 5 1
DEMAND_SECTION
1 0
2 20
3 20
4 30
TIME_WINDOW_SECTION
1 0 100
2 10 40
3 0 50
4 5 60
PRIZE_SECTION
1 0
2 11
3 6
4 30
DEPOT_SECTION
1
-1
EOF
"""


def written(folder, name, text):
    path = folder / name
    path.write_text(text)
    return path


def as_json(text=SOLOMON):
    rows = [line.split() for line in text.splitlines() if line.split() and line.split()[0].isdigit()][1:]
    keys = ("id", "x", "y", "demand", "earliest", "latest", "cost")
    customers = [dict(zip(keys, map(int, row), strict=True)) for row in rows]
    return {"instance": "T1", "vehicle-nr": 2, "capacity": 50, "customers": customers}


def test_solomon_and_its_json_are_one_instance_and_vrplib_reads_the_same(tmp_path):
    text = read_instance(written(tmp_path, "t1.txt", SOLOMON))
    other = read_instance(written(tmp_path, "t1.json", json.dumps(as_json())))
    theirs = vrplib.read_instance(str(tmp_path / "t1.txt"), instance_format="solomon")
    for one in (text, other):
        assert (one.vehicles, one.capacity) == (theirs["vehicles"], theirs["capacity"]) == (2, 50)
        assert (one.coordinates == theirs["node_coord"]).all() and (one.demand == theirs["demand"]).all()
        assert (np.column_stack([one.opens, one.closes]) == theirs["time_window"]).all()
        assert (one.service == theirs["service_time"]).all() and one.required
    assert (text.problem().distance == np.floor(10 * theirs["edge_weight"])).all()


def test_vrplib_with_prizes_is_read_as_vrplib_reads_it(tmp_path):
    one = read_instance(written(tmp_path, "p1.vrp", VRPLIB))
    theirs = vrplib.read_instance(str(tmp_path / "p1.vrp"))
    assert (one.prizes == theirs["prize"]).all() and not one.required
    assert (one.coordinates == theirs["node_coord"]).all() and one.service.tolist() == [0, 5, 5, 5]
    # From (3, 4) to (0, 7): sqrt(18) = 4.2426, in tenths cut off.
    assert one.problem().distance[1, 2] == 42 and one.problem().prize.tolist() == [110, 60, 300]


def test_without_time_windows_distances_go_to_the_nearest_whole(tmp_path):
    head, rest = VRPLIB.split("TIME_WINDOW_SECTION")
    plain = head.replace("SERVICE_TIME : 5\n", "") + "DEPOT_SECTION\n1\n-1\nEOF\n"
    assert read_instance(written(tmp_path, "c.vrp", plain)).problem().distance[1, 3] == 4  # sqrt(13) = 3.61


def test_explicit_distances_row_by_row_and_as_a_square(tmp_path):
    head = "NAME : E\nTYPE : CVRP\nDIMENSION : 3\nCAPACITY : 9\nEDGE_WEIGHT_TYPE : EXPLICIT\nEDGE_WEIGHT_FORMAT : "
    tail = "DEMAND_SECTION\n1 0\n2 1\n3 1\nEOF\n"
    square = written(tmp_path, "s.vrp", head + "FULL_MATRIX\nEDGE_WEIGHT_SECTION\n0 4 5\n4 0 6\n5 6 0\n" + tail)
    rows = written(tmp_path, "r.vrp", head + "LOWER_ROW\nEDGE_WEIGHT_SECTION\n4\n5 6\n" + tail)
    wanted = [[0, 4, 5], [4, 0, 6], [5, 6, 0]]
    assert (
        read_instance(square).problem().distance.tolist() == wanted == read_instance(rows).problem().distance.tolist()
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("20         10        40", "twenty     10        40", r"line 11: demand must be a number, not 'twenty'"),
        ("10        40          5", "10        40", r"line 11: 6 numbers where 7 were expected"),
        ("    2      0", "    4      0", r"line 12: customer 4 where 2 was expected"),
        ("10        40", "50        40", r"customer 1: its window ends before it begins"),
        (
            "3      5         1         30",
            "3      5         1         90",
            r"customer 3: its demand is over the capacity",
        ),
        ("  2         50", "  2", r"line 5: expected two numbers, of vehicles and of their capacity"),
    ],
)
def test_errors_of_solomon_files_name_file_and_line(tmp_path, old, new, said):
    path = written(tmp_path, "bad.txt", SOLOMON.replace(old, new))
    with pytest.raises(RawFileError, match=rf"bad\.txt.*{said}"):
        read_instance(path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("3 6\n4 30\nDEPOT", "3 6\nDEPOT", r"PRIZE_SECTION: nothing on node 4"),
        ("4 5 60", "5 5 60", r"line 22: TIME_WINDOW_SECTION: node 5 is not one of 1 to 4"),
        ("PRIZE_SECTION", "SKILL_SECTION", r"line 23: section SKILL_SECTION is not understood"),
        ("EUC_2D", "GEO", r"line 7: distances must be EUC_2D"),
        ("CAPACITY : 50\n", "", r"no line 'CAPACITY'"),
        ("VEHICLES : 2", "LORRIES : 2", r"line 4: LORRIES is not understood"),
        ("DEPOT_SECTION\n1\n", "DEPOT_SECTION\n2\n", r"line 29: the only depot must be node 1"),
    ],
)
def test_errors_of_vrplib_files_name_file_and_line(tmp_path, old, new, said):
    path = written(tmp_path, "bad.vrp", VRPLIB.replace(old, new))
    with pytest.raises(RawFileError, match=rf"bad\.vrp.*{said}"):
        read_instance(path)


def test_errors_of_json_name_file_and_key(tmp_path):
    content = as_json()
    content["customers"][2]["latest"] = "noon"
    with pytest.raises(RawFileError, match=r"bad\.json: customers\[2\]: latest must be a number"):
        read_instance(written(tmp_path, "bad.json", json.dumps(content)))
    del content["capacity"]
    with pytest.raises(RawFileError, match=r"bad\.json: no key 'capacity'"):
        read_instance(written(tmp_path, "bad.json", json.dumps(content)))
    with pytest.raises(RawFileError, match=r"bad\.json, line 1: no JSON"):
        read_instance(written(tmp_path, "bad.json", "{"))


def test_a_folder_without_instances_is_an_error(tmp_path):
    written(tmp_path, "other.json", '{"solution": []}')
    written(tmp_path, "licence.txt", "Do as you please.")
    with pytest.raises(RawFileError, match="no instance"):
        find_instances(tmp_path)


def test_solutions_survive_the_way_through_their_file(tmp_path):
    write_solution(tmp_path / "t.sol", [[2, 1], [3]], 312)
    assert read_solution(tmp_path / "t.sol") == ([[2, 1], [3]], 312)
    assert vrplib.read_solution(str(tmp_path / "t.sol")) == {"routes": [[2, 1], [3]], "cost": 312}
    write_solution(tmp_path / "t.sol", [[2, 1], [3]], 1234567.8)
    assert read_solution(tmp_path / "t.sol")[1] == 1234567.8
    with pytest.raises(RawFileError, match=r"t\.sol, line 1"):
        read_solution(written(tmp_path, "t.sol", "Way 1: 2 3\n"))


# ---- the check of solutions ---------------------------------------------------------------------------------------


def test_distances_are_exact_where_floats_are_not():
    assert exact_distance((0, 0), (3, 4), 10, cut=True) == 50
    # 0.1 + 0.2 is a little above 0.3 as floats; the float 0.3 is a little below.
    assert exact_distance((0, 0), (0.3, 0), 10, cut=True) == 2
    big = (10**8 + 1, 0)
    assert exact_distance((0, 0), big, 10, cut=True) == 10**9 + 10


def test_cost_by_hand(tmp_path):
    instance = read_instance(written(tmp_path, "t1.txt", SOLOMON))
    # 0-1: 5.0; 1-2: 4.2; 2-0: 7.0; 0-3-0: 2 x 5.0 (sqrt 26 = 5.099)
    assert check_solution(instance, [[1, 2], [3]], 50 + 42 + 70 + 2 * 50) == 262
    prizes = read_instance(written(tmp_path, "p1.vrp", VRPLIB))
    assert check_solution(prizes, [[1]], 100 + 60 + 300) == 460


@pytest.mark.parametrize(
    ("routes", "cost", "said"),
    [
        ([[1, 2], [3]], 263, "stated 263, recomputed 262"),
        ([[1, 2]], 162, "customer 3: not visited"),
        ([[1, 2], [3, 1]], 0, "customer 1: visited 2 times"),
        ([[1, 2, 3]], 0, "load 70 over the capacity 50"),
        ([[1], [2], [3]], 0, "3 routes for 2 vehicles"),
        ([[1, 2], [4]], 0, "no customer 4"),
        ([[1, 2], [3], []], 0, "route 3: empty"),
    ],
)
def test_planted_faults_of_a_solution_are_found(tmp_path, routes, cost, said):
    instance = read_instance(written(tmp_path, "t1.txt", SOLOMON))
    with pytest.raises(PlanFault, match=said):
        check_solution(instance, routes, cost)


def test_a_window_missed_is_found(tmp_path):
    tight = read_instance(
        written(
            tmp_path, "t1.txt", SOLOMON.replace("0       50 ", "0       15 ").replace("50          5", "15          5")
        )
    )
    with pytest.raises(PlanFault, match="reaches 2 at 19.2, after 15"):
        check_solution(tight, [[1, 2], [3]], 262)


@pytest.mark.mirror
def test_published_solution_of_the_prize_collecting_instance_costs_what_it_says(mirror):
    (path,) = mirror.glob("PyVRP/Instances/*/PCVRPTW/C1_10_2.vrp")
    routes, cost = read_solution(path.with_suffix(".sol"))
    assert check_solution(read_instance(path), routes, round(cost)) == 248409


@pytest.mark.mirror
def test_all_solomon_instances_of_the_mirror_are_read(mirror):
    paths = find_instances(mirror / "CervEdin")
    assert len(paths) == 29
    for path in paths:
        instance = read_instance(path)
        assert len(instance.demand) == 101 and instance.capacity == 200 and instance.vehicles == 25
