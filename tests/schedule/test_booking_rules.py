"""Rules of booking: by hand, never dearer than what they improve on, within their bound, blind to outcomes."""

import numpy as np
import pytest

from healthops.schedule.booking_rules import RULES, SIMPLE, book, same_plans, to_expected
from healthops.schedule.overbooking import OverbookingError, Session, price


@pytest.fixture(scope="module")
def booked():
    rng = np.random.default_rng(3)
    found = []
    for _ in range(4):
        chances = rng.beta(1.5, 3.5, 9)
        session = Session(6, [0.0] * 9, ["x" if u < 0.5 else "y" for u in rng.random(9)])
        found.append((session, chances, book(session, 0.3, chances, most_ratio=1.05)))
    return found


def test_a_flat_rate_books_until_a_patient_is_expected_for_each_slot():
    for slots, rate, count in ((4, 0.0, 4), (4, 0.2, 5), (6, 0.3, 8), (6, 0.95, 9)):
        plan = to_expected(Session(slots, [0.1] * 9), rate)
        assert plan.booked == count
        assert [s for s in plan.slot_of if s is not None] == sorted(s for s in plan.slot_of if s is not None)
    with pytest.raises(OverbookingError, match="flat rate"):
        to_expected(Session(4, [0.1] * 9), 1.0)


def test_every_rule_books_who_asked_first_and_plans_are_cheapest_as_they_believe(booked):
    for session, chances, plans in booked:
        assert tuple(plans) == RULES
        for plan in plans.values():
            taken = [slot is not None for slot in plan.slot_of]
            assert taken == sorted(taken, reverse=True)
        assert all(plans["cheapest, flat"].cost <= plans[rule].cost + 1e-9 for rule in SIMPLE)
        told = Session(session.slots, chances, session.groups)
        believed = [price(told, plans[rule].slot_of).cost for rule in (*SIMPLE, "cheapest, flat")]
        assert plans["cheapest, model"].cost <= min(believed) + 1e-9


def test_bounds_hold(booked):
    for _, _, plans in booked:
        assert plans["bounded, flat"].ratio <= 1.05 + 1e-9
        assert plans["bounded, model"].ratio <= 1.05 + 1e-9
    # Somewhere the bound matters, or this says nothing.
    assert max(plans["cheapest, model"].ratio for _, _, plans in booked) > 1.05


def test_same_plans_counts_sessions(booked):
    plans = [plan for _, _, plan in booked]
    assert same_plans(plans, "one a slot", "one a slot") == 1
    assert same_plans(plans, "one a slot", "flat rate") == 0
