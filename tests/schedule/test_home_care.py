"""Home care: closed forms, brute force, a linear program for the timetable, planted faults."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from itertools import permutations, product

import numpy as np
import pytest
from scipy.optimize import linprog

from healthops.data.errors import RawFileError
from healthops.schedule.home_care import find_instances, plan_of, read_home_care, write_plan
from healthops.schedule.home_care_check import check_care, check_files
from healthops.schedule.home_care_search import HomeCareError, anneal, prove, simple_bound, solve
from healthops.schedule.route_check import PlanFault


def patient(name, window, services, sync=None, minutes=3.0):
    one = {
        "id": name,
        "time_window": list(window),
        "required_caregivers": [{"service": s, "duration": minutes} for s in services],
    }
    return one if sync is None else {**one, "synchronization": sync}


def content(patients, distances, caregivers=(("c1", ["s1", "s2"]), ("c2", ["s1", "s2"]))):
    return {
        "patients": patients,
        "services": [{"id": "s1"}, {"id": "s2"}],
        "caregivers": [{"id": name, "abilities": able} for name, able in caregivers],
        "distances": distances,
    }


def read(folder, what):
    path = folder / "one.json"
    path.write_text(json.dumps(what))
    return read_home_care(path)


TWO = [[0, 10.5], [10.5, 0]]


def test_one_late_patient_by_hand(tmp_path):
    """There and back 21; due at 8 and begun at 10.5, so 2.5 late, which is total and greatest: (21 + 5) / 3."""
    one = read(tmp_path, content([patient("p1", (0, 8), ["s1"])], TWO))
    result = solve(one, cpu_seconds=1)
    assert result.plan.cost == pytest.approx(26 / 3) and result.proved and result.bound == pytest.approx(26 / 3)


def test_a_simultaneous_visit_by_hand(tmp_path):
    """Both go there: 42 on the way, begun together at 20, when the window opens."""
    one = read(tmp_path, content([patient("p1", (20, 30), ["s1", "s2"], {"type": "simultaneous"})], TWO))
    plan = solve(one, anneals=1).plan
    assert plan.cost == pytest.approx(14) and plan.begins == (20_000, 20_000)


def test_a_sequential_visit_by_hand(tmp_path):
    """The second begins 15 to 18 after the first, at 25.5: 13.5 after its window, twice counted."""
    sync = {"type": "sequential", "distance": [15, 18]}
    one = read(tmp_path, content([patient("p1", (0, 12), ["s1", "s2"], sync)], TWO))
    result = solve(one, cpu_seconds=1)
    assert result.plan.cost == pytest.approx((42 + 13.5 + 13.5) / 3) and result.proved
    # A window that opens late for a second visit holds back the first where the span is short.
    far = content(
        [patient("p1", (0, 90), ["s1", "s2"], sync), patient("p2", (60, 90), ["s2"])], np.full((3, 3), 5.0).tolist()
    )
    plan = plan_of(read(tmp_path, far), [[0], [2, 1]])
    assert plan.begins == (50_000, 68_000, 60_000)


def test_rounds_that_wait_for_one_another_are_no_plan(tmp_path):
    patients = [patient(n, (0, 50), ["s1", "s2"], {"type": "simultaneous"}) for n in ("p1", "p2")]
    one = read(tmp_path, content(patients, np.full((3, 3), 5.0).tolist()))
    assert plan_of(one, [[0, 2], [3, 1]]) is None
    assert plan_of(one, [[0, 2], [1, 3]]) is not None


def test_a_double_visit_wants_two_caregivers(tmp_path):
    one = content([patient("p1", (0, 9), ["s1", "s2"], {"type": "simultaneous"})], TWO, (("c1", ["s1", "s2"]),))
    with pytest.raises(HomeCareError, match="patient p1: the two operations have no two caregivers"):
        solve(read(tmp_path, one), anneals=1)


def random_content(seed, patients=4):
    rng = np.random.default_rng(seed)
    at = rng.integers(0, 60, (patients + 1, 2))
    distances = np.round(np.hypot(*(at[:, None] - at[None]).T), 3).tolist()
    out = []
    for k in range(patients):
        early = int(rng.integers(0, 150))
        sync = [None, None, {"type": "simultaneous"}, {"type": "sequential", "distance": [10, 25]}][k % 4]
        services = ["s1", "s2"] if sync else [("s1", "s2")[int(rng.integers(2))]]
        out.append(patient(f"p{k}", (early, early + 40), services, sync, minutes=8.0))
    return content(out, distances, (("c1", ["s1"]), ("c2", ["s1", "s2"])))


@pytest.mark.parametrize("seed", range(3))
def test_both_solvers_find_what_brute_force_finds(tmp_path, seed):
    one = read(tmp_path, random_content(seed))
    size, costs = len(one.patient), []
    for shared in product(range(2), repeat=size):
        if all(one.able[c, o] for o, c in enumerate(shared)) and all(shared[a] != shared[b] for a, b, *_ in one.pairs):
            parts = [[o for o in range(size) if shared[o] == c] for c in range(2)]
            for routes in product(permutations(parts[0]), permutations(parts[1])):
                plan = plan_of(one, routes)
                costs += [] if plan is None else [plan.cost3]
    found = anneal(one, seed=1, steps=20_000)
    assert found.cost3 == min(costs)
    worst = plan_of(one, found.routes)
    plan, bound, proved = prove(one, worst, seconds=20)
    assert proved and plan.cost3 == min(costs) and bound == pytest.approx(min(costs) / 3000)
    assert simple_bound(one) <= min(costs) / 3000


@pytest.mark.parametrize("seed", range(3))
def test_timetable_is_the_least_late_by_a_linear_program(tmp_path, seed):
    one = read(tmp_path, random_content(seed, 8))
    plan = anneal(one, seed=2, steps=2_000)
    size = len(one.patient)
    # Variables: begins, tardiness, greatest tardiness; rules as begin[a] - begin[b] <= constant.
    rows, right = [], []

    def rule(first, second, gap):
        row = np.zeros(2 * size + 1)
        row[first], row[second] = 1, -1
        rows.append(row)
        right.append(-gap)

    for a, b, least, most in one.pairs:
        rule(a, b, least)
        rule(b, a, -most)
    bounds = [(float(o), None) for o in one.opens]
    for route in plan.routes:
        for o in route[:1]:
            bounds[o] = (max(bounds[o][0], one.distance[0, one.patient[o] + 1]), None)
        for a, b in zip(route, route[1:], strict=False):
            rule(a, b, one.minutes[a] + one.distance[one.patient[a] + 1, one.patient[b] + 1])
    for o in range(size):
        row = np.zeros(2 * size + 1)
        row[o], row[size + o] = 1, -1
        rows.append(row)
        right.append(one.closes[o])
        rule(size + o, 2 * size, 0)
    target = np.concatenate([np.zeros(size), np.ones(size + 1)])
    found = linprog(target, np.array(rows), np.array(right), bounds=bounds + [(0, None)] * (size + 1))
    assert found.fun == pytest.approx(plan.total_tardiness + plan.greatest_tardiness)


def test_same_seed_same_plan(tmp_path):
    one = read(tmp_path, random_content(1, 8))
    assert solve(one, seed=3, anneals=1).plan == solve(one, seed=3, anneals=1).plan
    with pytest.raises(HomeCareError, match="not both"):
        solve(one)


# ---- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c["patients"][0].update(time_window=[9, 3]), r"patients\[0\]\.time_window: expected two times"),
        (lambda c: c["patients"][0]["required_caregivers"][0].update(service="s9"), r"'s9' is not a service"),
        (lambda c: c["patients"][0]["required_caregivers"][0].update(duration="long"), r"duration: expected a number"),
        (
            lambda c: c["patients"][0].pop("synchronization"),
            r"patients\[0\]\.synchronization: two operations want type",
        ),
        (lambda c: c["caregivers"][0].update(abilities=["s7"]), r"caregivers\[0\]\.abilities: 's7' is not one"),
        (lambda c: [one.update(abilities=["s1"]) for one in c["caregivers"]], r"patient p1: no caregiver has .*'s2'"),
        (lambda c: c["distances"].pop(), r"distances: expected 2 rows of 2"),
        (lambda c: c["distances"][0].__setitem__(1, 1.23456), r"distances\[0\]\[1\]: 1\.23456 has more than three"),
        (lambda c: c["caregivers"][0].update(id="c2"), r"caregivers: id 'c2' stands there twice"),
        (lambda c: c.pop("services"), r"services: expected a list"),
    ],
)
def test_errors_name_file_and_key(tmp_path, change, said):
    what = content([patient("p1", (0, 12), ["s1", "s2"], {"type": "simultaneous"})], [list(row) for row in TWO])
    change(what)
    with pytest.raises(RawFileError, match=rf"one\.json.*{said}"):
        read(tmp_path, what)


def test_a_folder_without_instances_is_an_error(tmp_path):
    with pytest.raises(RawFileError, match="no home care instance"):
        find_instances(tmp_path)


# ---- the check ------------------------------------------------------------------------------------------------------


def exact(what):
    return json.loads(json.dumps(what), parse_float=Decimal, parse_int=Decimal)


@pytest.fixture
def planned(tmp_path):
    what = random_content(2, 8)
    one = read(tmp_path, what)
    plan = anneal(one, seed=2, steps=20_000)
    write_plan(tmp_path / "plan.json", one, plan)
    return what, json.loads((tmp_path / "plan.json").read_text()), plan, tmp_path


def test_the_check_finds_the_cost_that_the_plan_says(planned):
    what, _, plan, folder = planned
    parts = check_files(folder / "one.json", folder / "plan.json")
    assert float(parts["cost"]) == pytest.approx(plan.cost) and float(parts["distance"]) * 1000 == plan.distance
    assert len(what["patients"]) == 8


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: r[1]["locations"].pop(), "does not get"),
        (lambda r: r[1]["locations"].append(dict(r[1]["locations"][0])), "twice"),
        (lambda r: r[1]["locations"][-1].update(arrival_time=0.0), "before|can be there at"),
        (lambda r: r[1]["locations"][-1].update(arrival_time=9999.0), "after the first|can be there"),
        (lambda r: r[1].update(caregiver_id="c9"), "no caregiver c9"),
        (lambda r: r[0]["locations"].append(r[1]["locations"].pop()), "is not able to|can be there|has both"),
        (lambda r: r[1].pop("locations"), "does not get"),
    ],
)
def test_planted_faults_are_found(planned, change, said):
    what, solution, _, _ = planned
    change(solution["routes"])
    if said.startswith("after"):
        solution["routes"][1]["locations"][0]["arrival_time"] = 9999.0
    with pytest.raises(PlanFault, match=said):
        check_care(exact(what), exact(solution))


@pytest.mark.mirror
def test_published_solutions_cost_what_is_published(mirror):
    with (mirror.parent / "reference" / "home_care_best_known.csv").open() as file:
        known = {row["instance"]: float(row["cost"]) for row in csv.DictReader(file)}
    (folder,) = mirror.glob("iolab-uniud/hhcrsp/*")
    for name, cost in known.items():
        (solution,) = (folder / "solutions" / "mankowska").glob(f"sol-{name.removesuffix('.json')}-*.json")
        parts = check_files(folder / "instances" / "mankowska" / name, solution)
        assert float(parts["cost"]) == pytest.approx(cost, abs=6e-4)
    assert len(known) == 20


@pytest.mark.mirror
def test_a_published_instance_is_solved_to_its_best_known_value_with_proof(mirror):
    (path,) = mirror.glob("iolab-uniud/hhcrsp/*/instances/mankowska/InstanzCPLEX_HCSRP_10_4.json")
    result = solve(read_home_care(path), seed=1, cpu_seconds=4)
    assert result.plan.cost == pytest.approx(186.897, abs=6e-4) and result.proved
