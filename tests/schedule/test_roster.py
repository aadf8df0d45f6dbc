"""Rosters: models against all rosters of small problems and one another, the checker against planted faults."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from healthops.data.shift_instances import Cover, Request, ShiftInstance, read_shift_instance
from healthops.schedule.roster import FairShare, Roster, RosterError, RosterProblem, read_roster, write_roster
from healthops.schedule.roster_check import InvalidRoster, assert_feasible, check_roster, roster_cost
from healthops.schedule.roster_flow import FlowModel, block, minimise
from healthops.schedule.roster_rules import InfeasibleRoster, first_roster
from healthops.schedule.roster_search import _improve, _lines, _Search, _window, solve_roster
from tests.schedule.tiny_roster import SHIFTS, Every, draw, employee


def line(who: str, text: str) -> dict:
    return {(who, day): shift for day, shift in enumerate(text) if shift != "-"}


def one(text_days: int = 14, **values) -> RosterProblem:
    return RosterProblem(ShiftInstance("one", text_days, SHIFTS, (employee("A", **values),), (), (), ()))


# ---- the checker --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "text", "values"),
    [
        ("shift count", "EE--EE--------", {"max_shifts": {"E": 3, "N": 8}}),
        ("most minutes", "EEN-----------", {"max_minutes": 1559}),
        ("fewest minutes", "EEN-----------", {"min_minutes": 1561}),
        ("most shifts in a row", "-EEEEE--------", {"max_consecutive_shifts": 4}),
        ("most shifts in a row", "EEEEE---------", {"max_consecutive_shifts": 4}),
        ("fewest shifts in a row", "-E------------", {"min_consecutive_shifts": 2}),
        ("fewest days off in a row", "E-E-----------", {"min_consecutive_days_off": 2}),
        ("weekends", "-----E------E-", {"max_weekends": 1}),
        ("day off", "E-------------", {"days_off": (0,)}),
        ("succession", "NE------------", {}),
    ],
)
def test_checker_finds_the_planted_violation_and_no_other(rule, text, values):
    found = check_roster(one(**values), Roster(line("A", text)))
    assert [v.rule for v in found] == [rule]
    assert "A" in found[0].words
    with pytest.raises(InvalidRoster, match="1 hard rules"):
        assert_feasible(one(**values), Roster(line("A", text)))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("E-------------", {"min_consecutive_shifts": 3}),
        ("------------EE", {"min_consecutive_shifts": 3, "max_weekends": 1}),
        ("-EE----------E", {"min_consecutive_shifts": 2, "min_consecutive_days_off": 3}),
        ("-----EE-------", {"max_weekends": 1}),
        ("EEN-----------", {"max_minutes": 1560, "min_minutes": 1560}),
        ("EN--NN--E-----", {}),
    ],
)
def test_checker_lets_pass_what_just_keeps_the_rules(text, values):
    assert check_roster(one(**values), Roster(line("A", text))) == []


def test_checker_finds_unknown_unavailable_and_pinned_cells():
    problem = one()
    assert [v.rule for v in check_roster(problem, Roster({("Z", 0): "E", ("A", 99): "E", ("A", 1): "Q"}))] == [
        "unknown"
    ] * 3
    away = problem.change(unavailable=frozenset({("A", 3, "N")}), pinned={("A", 0): "E", ("A", 1): None})
    found = check_roster(away, Roster(line("A", "NN-N----------")))
    assert [(v.rule, v.day) for v in found] == [("pinned", 0), ("pinned", 1), ("unavailable", 3)]
    with pytest.raises(RosterError, match=r"day 77.*days 0 to 13"):
        problem.change(absent=frozenset({("A", 77)}))


def test_cost_by_hand():
    cover = (Cover(0, "E", 2, 100, 1), Cover(1, "E", 0, 100, 7), Cover(2, "N", 1, 90, 1))
    asks, avoids = (
        (Request("A", 4, "E", 3), Request("B", 0, "E", 5)),
        (Request("A", 1, "E", 4), Request("A", 2, "E", 9)),
    )
    staff = (employee("A"), employee("B"))
    problem = RosterProblem(
        ShiftInstance("hand", 7, SHIFTS, staff, asks, avoids, cover), fair_shares=(FairShare("B", ("N",), 1, 6),)
    )
    roster = Roster(line("A", "EE-----") | line("B", "--NNN--"))
    found = roster_cost(problem, roster)
    assert (found.under, found.over, found.on_requests, found.off_requests, found.unfair) == (100, 7, 8, 4, 12)
    # One who is absent gives no cover; what it asked for and its nights count as they were rostered.
    found = roster_cost(problem.change(absent=frozenset({("B", 2), ("A", 1)})), roster)
    assert (found.under, found.over, found.on_requests, found.off_requests, found.unfair) == (190, 0, 8, 4, 12)


def test_a_roster_comes_back_from_its_file(tmp_path):
    problem, path = one(), tmp_path / "roster.csv"
    roster = Roster(line("A", "EN--NN--E-----"))
    write_roster(roster, problem, path)
    assert read_roster(path) == roster
    path.write_text(path.read_text() + "A,0,N\n")
    with pytest.raises(RosterError, match=r"roster.csv, line 7: A has two shifts on day 0"):
        read_roster(path)


# ---- the models ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(10))
def test_both_models_find_the_least_cost_of_all_rosters(seed):
    problem = draw(seed, people=2, days=8)
    least = Every.of(problem).least_cost()
    found = solve_roster(problem)
    assert check_roster(problem, found.roster) == []
    assert (found.value, found.bound, found.optimal) == (least, least, True)
    roster, bound = first_roster(problem)
    assert check_roster(problem, roster) == []
    assert (roster_cost(problem, roster).total, bound) == (least, least)


def test_both_models_prove_that_there_is_no_roster():
    """Five shifts in a week without its weekend and without its Monday."""
    problem = one(7, days_off=(0,), max_weekends=0, min_minutes=5 * 480, max_shifts={"E": 7, "N": 0})
    assert Every.of(problem).lines == [[]]
    with pytest.raises(InfeasibleRoster, match="explain"):
        solve_roster(problem)
    with pytest.raises(InfeasibleRoster, match="explain"):
        first_roster(problem)
    assert solve_roster(one(7, days_off=(0,), max_weekends=0, min_minutes=4 * 480)).optimal


def test_relaxation_is_a_bound_and_stretches_alone_need_no_branching():
    """Without totals, weekends and successions, one employee's lines are paths: the relaxation is whole."""
    staff = employee("A", min_consecutive_shifts=2, min_consecutive_days_off=3, max_consecutive_shifts=3)
    rng = np.random.default_rng(3)
    asks = tuple(Request("A", day, "E", int(rng.integers(1, 9))) for day in range(0, 14, 2))
    avoids = tuple(Request("A", day, "E", int(rng.integers(1, 9))) for day in range(1, 14, 2))
    problem = RosterProblem(
        ShiftInstance("path", 14, SHIFTS[:1], (replace(staff, max_shifts={"E": 14}),), asks, avoids, ())
    )
    model = FlowModel.build(problem)
    relaxed, whole = minimise(model, relax=True), minimise(model)
    assert relaxed.value == pytest.approx(whole.value) and whole.done
    assert check_roster(problem, model.roster(whole.x)) == []


def test_unavailable_pinned_and_fair_shares_hold_in_the_plan():
    plain = draw(1, people=2, days=8)
    best = solve_roster(plain).roster
    (who, day), shift = sorted(best.assigned.items())[0]
    away = plain.change(unavailable=frozenset({(who, day, shift)}))
    found = solve_roster(away)
    assert found.roster.get(who, day) != shift
    assert found.value == Every.of(away).least_cost()
    shares = tuple(FairShare(name, ("E", "N"), 2, 50) for name in plain.people)
    fair = solve_roster(plain.change(fair_shares=shares))
    assert roster_cost(plain.change(fair_shares=shares), fair.roster).total == fair.value
    assert fair.value == first_fair(plain, shares)
    with pytest.raises(RosterError, match="excludes"):
        solve_roster(away.change(pinned={(who, day): shift}))


def first_fair(plain: RosterProblem, shares) -> int:
    roster, bound = first_roster(plain.change(fair_shares=shares))
    assert roster_cost(plain.change(fair_shares=shares), roster).total == bound
    return bound


def test_same_seed_same_roster_and_search_alone_never_makes_it_worse():
    problem = draw(4, people=3, days=8)
    start, _ = first_roster(problem, effort=0.0)
    found = [solve_roster(problem, rounds=3, nodes=1, start=start, seed=5) for _ in range(2)]
    assert found[0].roster == found[1].roster
    assert found[0].bound <= found[0].value <= roster_cost(problem, start).total


@pytest.mark.parametrize("kind", ["lines", "window"])
def test_neighbourhoods_alone_reach_the_least_cost(kind):
    """From a roster made for no cover; the lines of two of three, or four days, are free at a time."""
    problem = draw(4, people=3, days=8)
    start = first_roster(problem.change(instance=replace(problem.instance, cover=())))[0]
    blocks = {employee.id: block(problem, employee) for employee in problem.instance.staff}
    search = _Search(problem, math.inf, np.random.default_rng(2), blocks, FlowModel.build(problem, blocks))
    search.take(start)
    for _ in range(12):
        solved, model = _lines(search, 2, math.inf) if kind == "lines" else _window(search, 4, math.inf)
        search.take(model.roster(solved.x))
    assert [value for _, value in search.log] == sorted((value for _, value in search.log), reverse=True)
    least, first = Every.of(problem).least_cost(), roster_cost(problem, start).total
    assert least <= search.value < first
    # The whole search, which may free all, ends at the least.
    _improve(search, math.inf, 3)
    assert search.value == least


@pytest.mark.mirror
@pytest.mark.parametrize(("number", "best"), [(1, 607), (3, 1001)])
def test_published_instances_are_proved_at_the_best_known_value(mirror, number, best):
    (path,) = mirror.glob(f"wssuite/NurseScheduler/*/datasets/nrp/Instance{number}.txt")
    problem = RosterProblem(read_shift_instance(path))
    found = solve_roster(problem, seconds=60)
    assert (found.value, found.bound) == (best, best)
    assert check_roster(problem, found.roster) == []
