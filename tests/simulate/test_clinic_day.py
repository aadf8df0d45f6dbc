"""The clinic day: by hand, by simpy, by closed forms, and the same chances under every schedule."""

import math
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import clinic_day as bench
from healthops.data.schemas import validate
from healthops.simulate.clinic_day import (
    BLOCK,
    ClinicDay,
    ClinicDayError,
    Draws,
    LogNormal,
    Punctuality,
    Sample,
    WalkIns,
    compare,
    draw,
    play,
    simulate,
)


def day(**changes):
    given = {"starts_min": [0, 0, 20, 40], "no_show": [0.0] * 4, "length_min": 60.0, "service": LogNormal(15.0, 0.0)}
    return ClinicDay(**(given | changes))


def drawn(came, service, arrival=None):
    turned = [np.array(x, float).T for x in (came, service)]
    return Draws(turned[0].astype(bool), turned[1], None if arrival is None else np.array(arrival, float).T)


def test_a_deterministic_day_is_as_by_hand():
    # All come: 0-15, 15-30 (waits 15), 30-45 (waits 10), 45-60 (waits 5). Nobody at 20: 0-15, 15-30, 40-55.
    # Visits of 30: 0-30, 30-60, 60-90, 90-120.
    played = play(day(), drawn([[1, 1, 1, 1], [1, 1, 0, 1], [1, 1, 1, 1]], [[15.0] * 4, [15.0] * 4, [30.0] * 4]))
    assert played.wait_min.T.tolist() == [[0, 15, 10, 5], [0, 15, 0, 0], [0, 30, 40, 50]]
    assert played.idle_min.tolist() == [0, 15, 0]
    assert played.overtime_min.tolist() == [0, 0, 60]


@pytest.mark.parametrize(
    ("order", "waits", "idle", "overtime"),
    [
        # Booked at 0, 0, 20, 40; there at 30, -5, 10, 40; visits of 15. The wait counts from the appointment on.
        ("appointment", [0, 45, 40, 35], 30, 30),  # 30-45, 45-60, 60-75, 75-90
        ("arrival", [0, 0, 0, 5], 0, 0),  # second 0-15, third 15-30, first 30-45, fourth 45-60
        ("present", [0, 0, 0, 5], 0, 0),
    ],
)
def test_orders_of_call_by_hand(order, waits, idle, overtime):
    played = play(day(order=order), drawn([[1, 1, 1, 1]], [[15.0] * 4], [[30, -5, 10, 40]]))
    assert played.wait_min[:, 0].tolist() == waits
    assert (played.idle_min[0], played.overtime_min[0]) == (idle, overtime)


def test_those_present_are_called_by_appointment_and_urgent_ones_first():
    # At 30 the first visit ends; there are the third (since 10, booked 20), the second (since 25, booked 0), and one
    # who walked in urgently at 29.
    here = day(starts_min=[0, 0, 20], no_show=[0.0] * 3, walk_ins=WalkIns(1, LogNormal(15.0, 0.0), 0.5))
    chances = Draws(
        np.ones((3, 1), bool), np.full((3, 1), 30.0), np.array([[0.0], [25.0], [10.0]]),
        np.array([[29.0]]), np.array([[10.0]]), np.array([[True]]),
    )  # fmt: skip
    played = play(here, chances)
    assert played.wait_min[:, 0].tolist() == [0, 15, 50, 1]  # 0-30, urgent 30-40, second 40-70, third 70-100
    assert (played.idle_min[0], played.overtime_min[0]) == (0, 40)
    by_arrival = play(replace(here, order="arrival", walk_ins=replace(here.walk_ins, urgent_share=0.0)), chances)
    assert by_arrival.wait_min[:, 0].tolist() == [0, 35, 10, 61]


@pytest.mark.parametrize("arrival", [None, [[0, 0, 20, 40]]])
def test_nobody_is_called_after_the_last_call(arrival):
    for order in ("present", "arrival", "appointment"):
        played = play(day(last_call_min=40, order=order), drawn([[1] * 4], [[30.0] * 4], arrival))
        assert played.seen[:, 0].tolist() == [True, True, False, False]
        assert (played.idle_min[0], played.overtime_min[0]) == (0, 0)
    outcome = simulate(day(last_call_min=40, service=LogNormal(30.0, 0.0)), 5, seed=1)
    assert outcome.by_day["seen"].tolist() == [2] * 5
    assert outcome.by_day["came"].tolist() == [4] * 5


@pytest.mark.parametrize("order", ["present", "arrival", "appointment"])
def test_a_no_show_booked_after_the_sessions_end_makes_no_overtime(order):
    here = day(
        starts_min=[0, 500], no_show=[0, 1], length_min=480.0, service=LogNormal(20.0, 0.0), order=order,
        patients=["sure", "gone"],
    )  # fmt: skip
    outcome = simulate(here, 5, seed=1)
    assert outcome.by_day["overtime_min"].tolist() == [0] * 5
    assert outcome.by_day["idle_min"].tolist() == [460] * 5
    # Where one of those who are booked so late comes, simpy tells what it makes.
    mixed = bench.made_day(starts_min=[30.0 * i for i in range(24)], no_show=[0.5] * 24, order=order)
    played = play(mixed, draw(mixed, 40, seed=3))
    peers = bench.peer_on_the_same_days(mixed, 40, 3)
    np.testing.assert_allclose(played.overtime_min, [peer.overtime_min for peer in peers], atol=1e-6)
    np.testing.assert_allclose(played.idle_min, [peer.idle_min for peer in peers], atol=1e-6)


def test_all_orders_are_one_where_everybody_is_on_the_minute():
    base = bench.made_day(starts_min=[20.0 * (i // 2) for i in range(24)][::-1])
    chances = draw(base, 500, seed=1)
    plain = play(base, chances)
    at_once = Draws(chances.came, chances.service_min, np.repeat(np.array(base.starts_min)[:, None], 500, 1))
    # At one moment the first in the list goes first, however the times are sorted.
    for order in ("present", "arrival", "appointment"):
        other = play(replace(base, order=order), at_once)
        np.testing.assert_allclose(other.wait_min, plain.wait_min, atol=1e-9)
        np.testing.assert_allclose(other.idle_min, plain.idle_min, atol=1e-9)
        np.testing.assert_allclose(other.overtime_min, plain.overtime_min, atol=1e-9)


def test_simpy_plays_the_same_days_and_its_own_ones_agree():
    checks = validate("clinic_day_benchmark_checks", bench.measure_checks(250))
    assert checks["agrees"].all(), checks[~checks["agrees"]].to_string()
    assert set(checks["check"]) >= {"same days, largest difference", "wait_min a day, own days"}


def test_a_shuffled_order_of_visits_would_not_agree_with_simpy():
    here = bench.cases()["late, those present"]
    peers = bench.peer_on_the_same_days(replace(here, order="arrival"), 50, 3)
    waits = play(here, draw(here, 50, seed=3)).wait_min
    assert max(np.abs(waits[:, d] - peer.wait_min).max() for d, peer in enumerate(peers)) > 1


def test_every_case_is_timed_beside_simpy():
    speed = validate("clinic_day_benchmark_speed", bench.measure_speed(blocks=1, peer_days=20, runs=1))
    assert speed["case"].tolist() == list(bench.cases())
    assert (speed["ratio"] > 1).all()


def test_a_patient_has_the_same_chances_wherever_it_is_booked():
    one = bench.made_day(patients=[f"p{i}" for i in range(24)], punctuality=Punctuality(-5, 10))
    other = replace(
        one, starts_min=[10.0, 0.0], no_show=[0.2, 0.2], groups=["a", "b"], patients=["p7", "p3"], length_min=30.0
    )
    first, second = draw(one, 100, seed=5), draw(other, 100, seed=5)
    np.testing.assert_array_equal(second.came, first.came[[7, 3]])
    np.testing.assert_array_equal(second.service_min, first.service_min[[7, 3]])
    late = first.arrival_min - np.array(one.starts_min)[:, None]
    np.testing.assert_allclose(second.arrival_min - np.array([[10.0], [0.0]]), late[[7, 3]])
    later = draw(one, 40, seed=5, first_day=60)
    np.testing.assert_array_equal(later.service_min, first.service_min[:, 60:])
    assert (draw(one, 100, seed=6).came != first.came).any()


def test_common_random_numbers_make_differences_certain():
    pairs = validate("clinic_day_benchmark_pairs", bench.measure_common_random_numbers(2000))
    assert (pairs["variance_ratio"] > 2).all()


def test_means_of_what_is_drawn_are_those_of_the_laws():
    here = bench.made_day(
        service=Sample((5.0, 10.0, 30.0)), punctuality=Punctuality(-8, 14), walk_ins=WalkIns(1.5, LogNormal(17.0), 0.3)
    )
    chances = draw(here, BLOCK, seed=2)
    n = chances.came.size
    assert abs(chances.came.mean() - 0.8) < 4 * math.sqrt(0.16 / n)
    assert abs(chances.service_min.mean() - 15) < 4 * np.std([5, 10, 30]) / math.sqrt(n)
    assert abs((chances.arrival_min - np.array(here.starts_min)[:, None]).mean() + 8) < 4 * 14 / math.sqrt(n)
    walked = np.isfinite(chances.walk_in_min).sum(axis=0)
    assert abs(walked.mean() - 12) < 4 * math.sqrt(12 / BLOCK)
    assert abs(walked.var() - 12) < 1.5
    assert abs(chances.urgent.mean() - 0.3) < 0.01
    assert abs(chances.walk_in_service_min.mean() - 17) < 0.1


def test_a_longer_session_meets_the_same_walk_ins_and_then_more():
    short = bench.made_day(walk_ins=WalkIns(1.5, LogNormal(17.0), 0.3))
    first, second = draw(short, 50, seed=2), draw(replace(short, length_min=700.0), 50, seed=2)
    here = np.isfinite(first.walk_in_min)
    rows = len(here)
    np.testing.assert_allclose(second.walk_in_min[:rows][here], first.walk_in_min[here])
    np.testing.assert_array_equal(second.walk_in_service_min[:rows], first.walk_in_service_min)
    np.testing.assert_array_equal(second.urgent[:rows], first.urgent)
    assert np.isfinite(second.walk_in_min).sum() > here.sum()
    nobody = simulate(replace(short, walk_ins=WalkIns(0.0, LogNormal(17.0))), 100, seed=2)
    plain = simulate(replace(short, walk_ins=None), 100, seed=2)
    np.testing.assert_allclose(nobody.by_day["wait_min"], plain.by_day["wait_min"])


def test_waits_by_group_and_patient_add_up():
    outcome = simulate(bench.made_day(starts_min=[40.0 * (i // 2) for i in range(24)]), 3 * BLOCK, seed=1)
    by_day = outcome.by_day
    np.testing.assert_array_equal(by_day["seen"], by_day["seen first"] + by_day["seen second"])
    np.testing.assert_allclose(by_day["wait_min"], by_day["wait_min first"] + by_day["wait_min second"])
    # The second of each pair waits for the first; patients of odd number are the second group.
    assert outcome.wait("second")[0] > 2 * outcome.wait("first")[0]
    assert np.nanmean(outcome.wait_min[1::2]) == pytest.approx(outcome.wait("second")[0], rel=0.02)
    assert outcome.cost(wait=1, idle=2, overtime=3) == pytest.approx(
        by_day["wait_min"] + 2 * by_day["idle_min"] + 3 * by_day["overtime_min"]
    )


def test_compare_tells_schedules_apart():
    table = compare({"a": bench.made_day(), "b": bench.made_day(length_min=500.0)}, 300, seed=1, beside="a")
    found = table.set_index(["schedule", "measure"])
    assert found.loc[("b", "wait_min"), "difference"] == 0  # the end of the session moves nobody's wait
    assert found.loc[("b", "idle_min"), "difference"] > 0
    assert found.loc[("a", "unseen"), "mean"] == 0
    assert found.loc[("a", "seen"), "mean"] == pytest.approx(24 * 0.8, abs=0.5)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: day(no_show=[0, 0, 1.2, 0]), "patient 2: a probability of 1.2"),
        (lambda: day(no_show=[0, 0, math.nan, 0]), "patient 2: a probability of nan"),
        (lambda: day(no_show=[0.1]), "no_show has 1 entries for 4"),
        (lambda: day(starts_min=[0, -5, 20, 40]), "patient 1: booked at -5 min"),
        (lambda: day(length_min=0), "a session of 0 min"),
        (lambda: day(patients=["x", "y", "x", "z"]), "patient x is booked twice"),
        (lambda: day(service=[LogNormal(10.0)]), "service has 1 laws for 4"),
        (lambda: day(order="alphabet"), "order 'alphabet' is not known"),
        (lambda: day(order="appointment", walk_ins=WalkIns(1, LogNormal(10.0))), "walk-ins have no appointment"),
        (lambda: day(order="arrival", walk_ins=WalkIns(1, LogNormal(10.0), 0.5)), "urgent walk-ins do not go first"),
        (lambda: LogNormal(-15.0), "negative duration"),
        (lambda: Sample((10.0, -1.0)), "value 1 is -1.0 min"),
        (lambda: Sample(()), "there is none"),
        (lambda: Punctuality(0, -1), "no negative spread"),
        (lambda: WalkIns(-1, LogNormal(10.0)), "-1 walk-ins an hour"),
        (lambda: WalkIns(1, LogNormal(10.0), 2), "a share of 2 urgent"),
        (lambda: draw(day(), BLOCK, seed=1, first_day=1), "draw by blocks"),
        (lambda: simulate(day(), 0, seed=1), "play at least one"),
        (lambda: compare({"a": day()}, 5, seed=1, beside="b"), "no schedule 'b'"),
    ],
)
def test_bad_input_is_named(make, words):
    with pytest.raises(ClinicDayError, match=words):
        make()
