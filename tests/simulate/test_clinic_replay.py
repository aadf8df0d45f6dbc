"""Replayed sessions against one worked out by hand, common random numbers, and patients who must all be somewhere."""

import numpy as np
import pandas as pd
import pytest

from healthops.data.schemas import validate
from healthops.simulate.clinic_day import ClinicDay, ClinicDayError, LogNormal, Punctuality, simulate
from healthops.simulate.clinic_replay import (
    Patients,
    Room,
    draw_patients,
    group_table,
    patient_rows,
    replay,
    service_laws,
    session_rows,
)

ON_TIME = Punctuality()
LATE = Punctuality(-8.0, 14.0)


def patients(n, no_show=None, service=None):
    chance = np.linspace(0.05, 0.6, n) if no_show is None else no_show
    return Patients([f"a{i}" for i in range(n)], list(chance), service or [LogNormal(20.0)] * n)


def test_a_session_that_was_worked_out_by_hand():
    """Two at 0, nobody comes at 20, one at 40; visits of 30, 20 and 25 min; the session ends at 60."""
    who = patients(5, [0, 0, 1, 0, 0], [LogNormal(m, 0.0) for m in (30.0, 20.0, 9.0, 25.0, 9.0)])
    room = Room(3, 20.0, ON_TIME)
    played = replay([0, 0, 1, 2, None], who, draw_patients(who, room, draws=3, seed=1), room)
    # In at 0, 30 (waited 30) and 50 (booked at 40, waited 10); the last ends at 75 = 30 + 20 + 25: never idle.
    known = {"asked": 5, "booked": 4, "no_show": 1, "seen": 3, "unseen": 0, "wait_min": 40, "idle_min": 0}
    for name, value in (known | {"overtime_min": 15}).items():
        assert np.allclose(played.by_draw[name], value), name
    assert played.seen.tolist() == [1, 1, 0, 1, 0]
    assert played.wait_min.tolist() == [0, 30, 0, 10, 0]


def test_who_is_still_waiting_after_the_last_call_is_unseen_and_costs_no_overtime():
    who = patients(3, [0, 0, 0], [LogNormal(m, 0.0) for m in (50.0, 30.0, 10.0)])
    room = Room(2, 20.0, ON_TIME, last_call_min=15.0)
    played = replay([0, 1, 1], who, draw_patients(who, room, draws=1, seed=1), room)
    # In at 0 and 50; the third would be called in at 80, later than 40 + 15.
    found = {name: float(values[0]) for name, values in played.by_draw.items()}
    assert found == {
        "asked": 3, "booked": 3, "no_show": 0, "seen": 2, "unseen": 1, "wait_min": 30, "idle_min": 0,
        "overtime_min": 40,
    }  # fmt: skip


def test_every_rule_meets_the_same_patients_and_nobody_gets_lost():
    who, room = patients(6), Room(4, 20.0, LATE, 10.0)
    drawn = draw_patients(who, room, draws=400, seed=7)
    few, many = (replay(slots, who, drawn, room) for slots in ([0, 1, 2, None, None, 3], [0, 0, 1, 1, 2, 3]))
    for played in (few, many):
        by = played.by_draw
        assert (by["booked"] == by["no_show"] + by["seen"] + by["unseen"]).all()
        assert (by["seen"] + by["unseen"] + by["no_show"] <= by["asked"]).all()
    both = [0, 1, 2, 5]
    # Who comes is of the patient, not of the booking: no-shows of those whom both book differ only by the other two.
    extra = (~drawn.came[[3, 4]]).sum(axis=0)
    assert np.array_equal(many.by_draw["no_show"] - few.by_draw["no_show"], extra)
    assert np.array_equal(few.by_draw["no_show"], (~drawn.came[both]).sum(axis=0))
    again = replay([0, 1, 2, None, None, 3], who, draw_patients(who, room, draws=400, seed=7), room)
    assert all(np.array_equal(few.by_draw[name], again.by_draw[name]) for name in few.by_draw)


def test_common_draws_are_those_that_the_simulator_makes_of_the_booked_alone():
    who, room = patients(5), Room(3, 20.0, LATE)
    slots = [2, None, 0, 1, 0]
    booked = [i for i, slot in enumerate(slots) if slot is not None]
    day = ClinicDay(
        [20.0 * slots[i] for i in booked], [who.no_show[i] for i in booked], 60.0, LogNormal(20.0),
        patients=[who.names[i] for i in booked], punctuality=LATE,
    )  # fmt: skip
    known = simulate(day, 300, seed=5).by_day
    found = replay(slots, who, draw_patients(who, room, draws=300, seed=5), room).by_draw
    for name in ("seen", "wait_min", "idle_min", "overtime_min"):
        assert np.allclose(found[name], known[name]), name


def test_an_outcome_on_record_is_the_same_in_every_draw():
    who, room = patients(4, [1.0, 0.0, 0.0, 1.0]), Room(4, 20.0, LATE)
    drawn = draw_patients(who, room, draws=50, seed=1)
    assert (drawn.came == np.array([[False], [True], [True], [False]])).all()


@pytest.mark.parametrize(
    ("slots", "words"), [([0, 1], "give one for each"), ([0, 1, 4], "patient a2: slot 4 of 3"), ([0, -1, 1], "slot -1")]
)
def test_a_plan_that_does_not_fit_is_refused(slots, words):
    who, room = patients(3), Room(3, 20.0, ON_TIME)
    with pytest.raises(ClinicDayError, match=words):
        replay(slots, who, draw_patients(who, room, draws=2, seed=1), room)


def test_tables_of_a_replay_keep_their_schemas_and_groups_add_up():
    who, room = patients(4), Room(3, 20.0, LATE, 30.0)
    drawn = draw_patients(who, room, draws=6, seed=1)
    played = {"one": replay([0, 1, 2, None], who, drawn, room), "other": replay([0, 0, 1, 2], who, drawn, room)}
    rows = validate("clinic_replay", session_rows(played, session=0, clinic="north", date=pd.Timestamp("2023-01-02")))
    assert len(rows) == 12
    people = pd.DataFrame({"appointment": who.names, "sex": ["female", "male", "male", "female"], "area": "x"})
    groups = validate("clinic_replay_groups", group_table(patient_rows(played, who, session=0), people))
    total = groups.groupby(["policy", "attribute"])[["asked", "seen", "wait_min"]].sum()
    mean = rows.groupby("policy")[["asked", "seen", "wait_min"]].mean()
    for (rule, _), sums in total.iterrows():
        assert np.allclose(sums, mean.loc[rule])


def test_laws_of_visits_have_the_mean_and_deviation_of_the_table():
    key = {"clinic": "north", "service": "general", "first_visit": False, "age_band": "15-29"}
    laws = pd.DataFrame([key | {"mean": 20.0, "sd": 9.0}])
    [law] = service_laws(pd.DataFrame([key]), laws)
    minutes = law.minutes(np.random.default_rng(1).standard_normal(200_000))
    assert minutes.mean() == pytest.approx(20.0, abs=0.1)
    assert minutes.std() == pytest.approx(9.0, abs=0.1)
    with pytest.raises(ClinicDayError, match="no row for north general, first_visit True"):
        service_laws(pd.DataFrame([key | {"first_visit": True}]), laws)
