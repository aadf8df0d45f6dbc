"""Offers of open slots: ranked as a plain sort ranks them, refused by name, and what changed in words."""

import itertools

import numpy as np
import pandas as pd
import pytest

from benchmarks import overbooking as bench
from healthops.data.schemas import validate
from healthops.schedule.appointments import (
    AppointmentError,
    NegativeDuration,
    NoOpenSlot,
    OfferRules,
    OpenSlots,
    OverlappingSlots,
    ProviderLacksSkill,
    SlotRequest,
    changes,
    offer_freed_slot,
    offer_slots,
    plan_table,
    rebook,
)
from healthops.schedule.overbooking import Session, overbook

SKILLS = pd.DataFrame({"provider": ["P1", "P2", "P3"], "service": ["general", "general", "prenatal"]})


def table(**changed):
    rows = pd.DataFrame(
        {
            "slot": ["A", "B", "C", "D", "E"],
            "clinic": ["north", "north", "south", "north", "north"],
            "provider": ["P1", "P1", "P2", "P1", "P3"],
            "date": pd.to_datetime(["2024-05-06", "2024-05-06", "2024-05-07", "2024-05-09", "2024-05-06"]),
            "start_minute": [540, 800, 540, 600, 540],
            "minutes": [20, 20, 20, 40, 20],
            "already_booked": [1, 0, 0, 0, 0],
        }
    )
    return rows.assign(**changed)


def ask(**changed):
    given = {"patient": "x", "service": "general", "earliest": "2024-05-06", "prefers": "morning"}
    return SlotRequest(**(given | changed))


def test_ranks_by_penalty_in_days_by_hand():
    # A: 0 days + 2 (one booked); B: 0 + 3 (afternoon); C: 1 day; D: 3 days.
    offers = offer_slots(OpenSlots(table(), SKILLS), ask())
    assert offers["slot"].tolist() == ["C", "A", "B", "D"]
    assert offers["penalty_days"].tolist() == [1, 2, 3, 3]
    assert offers["reason"].tolist()[:2] == [
        "a day later, in the morning",
        "the earliest day, in the morning, 1 already booked for it",
    ]
    with_p1 = offer_slots(OpenSlots(table(), SKILLS), ask(preferred_provider="P1"))
    assert with_p1["slot"].tolist() == ["A", "B", "D", "C"]  # C: 1 + 5
    assert with_p1["fits_provider"].tolist() == [True, True, True, False]


def test_an_urgent_patient_is_seen_first_and_preferences_wait():
    offers = offer_slots(OpenSlots(table(), SKILLS), ask(urgency="urgent", preferred_provider="P1"))
    assert offers["slot"].tolist() == ["B", "C", "A"]  # D is not within a day; A has one booked already
    soon = offer_slots(OpenSlots(table(), SKILLS), ask(urgency="soon"))
    assert soon["penalty_days"].tolist() == [1, 1.5, 2, 3]


def test_what_a_request_does_not_allow_is_not_offered():
    slots = OpenSlots(table(), SKILLS)
    assert offer_slots(slots, ask(clinic="south"))["slot"].tolist() == ["C"]
    assert offer_slots(slots, ask(minutes=30))["slot"].tolist() == ["D"]
    assert offer_slots(slots, ask(earliest_minute=600))["slot"].tolist() == ["C", "B", "D"]
    assert offer_slots(slots, ask(service="prenatal"))["slot"].tolist() == ["E"]
    slots.take("C")
    assert "C" not in offer_slots(slots, ask())["slot"].tolist()
    with pytest.raises(NoOpenSlot, match="slot C is not open"):
        slots.take("C")


def test_twenty_thousand_slots_are_ranked_as_a_plain_sort_ranks_them():
    slots, rules = bench.made_slots(), OfferRules()
    for i, (prefers, urgency) in enumerate(itertools.product(("morning", "afternoon", "any"), ("routine", "soon"))):
        provider = "P004" if i % 2 else None
        request = ask(earliest=f"2024-03-{10 + i}", prefers=prefers, urgency=urgency, preferred_provider=provider)
        offers, plain = offer_slots(slots, request, most=7, rules=rules), []
        for at in range(len(slots.slot)):
            days = int((slots.date[at] - np.datetime64(request.earliest)).astype(int))
            if days < 0 or "general" not in slots.skills[slots.provider[at]] or (urgency == "soon" and days > 14):
                continue
            missed = 3 * (prefers != "any" and (slots.start[at] < 720) != (prefers == "morning"))
            missed += 5 * (provider is not None and slots.provider[at] != provider)
            worth = days + missed * (0.5 if urgency == "soon" else 1) + 2 * slots.booked[at]
            plain.append((worth, slots.date[at], slots.start[at], slots.slot[at]))
        assert offers["slot"].tolist() == [row[3] for row in sorted(plain)[:7]]


def test_offers_are_timed_on_twenty_thousand_slots():
    timed = validate("overbooking_benchmark_offers", bench.measure_offers(20)).iloc[0]
    assert timed["open_slots"] == 20_000
    assert 0 < timed["median_ms"] <= timed["p95_ms"] <= timed["worst_ms"]


def test_patients_of_an_absent_provider_move_at_the_least_sum_of_penalties():
    slots = bench.made_slots(300, 6, seed=3)
    asks = [
        ask(patient=f"p{i}", earliest="2024-05-06", prefers=("morning", "afternoon")[i % 2], preferred_provider="P000")
        for i in range(4)
    ]
    moved = rebook(slots, asks)
    assert moved["slot"].is_unique and moved["patient"].tolist() == ["p0", "p1", "p2", "p3"]
    offers = [offer_slots(slots, request, most=8).set_index("slot")["penalty_days"] for request in asks]
    best = min(
        sum(offer[name] for offer, name in zip(offers, names, strict=True))
        for names in itertools.product(*[offer.index for offer in offers])
        if len(set(names)) == 4
    )
    assert moved["penalty_days"].sum() == pytest.approx(best)
    with pytest.raises(NoOpenSlot, match="1 of 2 patients find no slot"):
        rebook(OpenSlots(table(), SKILLS), [ask(patient=p, service="prenatal") for p in ("y", "z")])


def test_a_freed_slot_goes_to_who_gains_most():
    slots = OpenSlots(table(), SKILLS)
    waiting = {
        ask(patient="late"): "2024-06-20",
        ask(patient="soon", urgency="soon"): "2024-05-12",
        ask(patient="elsewhere", clinic="north"): "2024-06-20",
        ask(patient="afternoons", prefers="afternoon"): "2024-06-20",
        ask(patient="sooner already"): "2024-05-06",
    }
    ranked = offer_freed_slot(slots, "C", waiting)
    assert ranked["patient"].tolist() == ["soon", "late", "afternoons"]
    assert ranked["gained_days"].tolist() == [5, 44, 44]
    assert ranked["reason"][1] == "44 days sooner than 2024-06-20; a day later, in the morning"
    with pytest.raises(NoOpenSlot, match="slot Q is not open"):
        offer_freed_slot(slots, "Q", waiting)


def test_a_favourite_without_open_slots_is_a_preference_that_no_offer_meets():
    away = pd.concat([SKILLS, pd.DataFrame({"provider": ["P4"], "service": ["general"]})])
    slots = OpenSlots(table(), away)
    offers = offer_slots(slots, ask(preferred_provider="P4"))
    plain = offer_slots(slots, ask())
    assert offers["slot"].tolist() == plain["slot"].tolist() and not offers["fits_provider"].any()
    assert (offers["penalty_days"] - plain["penalty_days"]).unique().tolist() == [OfferRules().other_provider]
    assert offers["reason"][0] == "a day later, in the morning, not with P4"
    waiting = {
        ask(patient="prefers who is away", preferred_provider="P4"): "2024-06-20",
        ask(patient="another service", service="prenatal"): "2024-06-20",
        ask(patient="anybody"): "2024-06-20",
    }
    assert offer_freed_slot(slots, "C", waiting)["patient"].tolist() == ["anybody", "prefers who is away"]
    assert rebook(slots, [ask(patient="p", preferred_provider="P4")])["slot"].tolist() == ["C"]


def test_a_plan_as_a_table_and_its_changes_in_words():
    session = Session(3, [0.5, 0.1, 0.4, 0.2, 0.3], list("abaab"), list("vwxyz"))
    plan = overbook(session)
    made = plan_table(session, plan, begin_minute=480, slot_min=20)
    assert made["start_minute"].dropna().is_monotonic_increasing
    assert made["slot"].notna().sum() == plan.booked
    by_name = made.set_index("patient")
    for name, slot, wait in zip(session.names, plan.slot_of, plan.patient_wait, strict=True):
        if slot is not None:
            assert by_name.loc[name, "start_minute"] == 480 + 20 * slot
            assert by_name.loc[name, "together"] == plan.slot_of.count(slot)
            assert by_name.loc[name, "expected_wait_min"] == pytest.approx(20 * wait)
    with pytest.raises(NegativeDuration, match="slots of -5 min"):
        plan_table(session, plan, begin_minute=480, slot_min=-5)

    before = pd.DataFrame(
        {
            "patient": ["p", "q", "r"],
            "provider": "P1",
            "date": pd.Timestamp("2024-05-06"),
            "start_minute": [540, 560, 580],
        }
    )
    after = before.iloc[[0, 1]].assign(start_minute=[540, 605])
    after = pd.concat([after, before.iloc[[2]].assign(patient="s")])
    assert changes(before, after)["sentence"].tolist() == [
        "q: P1 2024-05-06 09:20 -> P1 2024-05-06 10:05",
        "r: P1 2024-05-06 09:40 is cancelled",
        "s: booked P1 2024-05-06 09:40",
    ]
    assert changes(before, before).empty


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: OpenSlots(table(minutes=[20, 20, -20, 40, 20]), SKILLS), NegativeDuration, "open slot C: -20 min"),
        (lambda: OpenSlots(table(minutes=[20, 0, 20, 40, 20]), SKILLS), NegativeDuration, "open slot B: 0 min"),
        (lambda: OpenSlots(table().iloc[:0], SKILLS), NoOpenSlot, "no open slots"),
        (lambda: OpenSlots(table().drop(columns="date"), SKILLS), AppointmentError, "lack the columns date"),
        (lambda: OpenSlots(table(slot=list("ABCDA")), SKILLS), AppointmentError, "open slot A stands 2 times"),
        (
            lambda: OpenSlots(table(start_minute=[540, 1500, 5, 6, 7]), SKILLS),
            AppointmentError,
            "open slot B: 2024-05-06",
        ),
        (
            lambda: OpenSlots(table(start_minute=[540, 550, 540, 600, 540]), SKILLS),
            OverlappingSlots,
            "provider P1: slots A and B overlap",
        ),
        (lambda: OpenSlots(table(), SKILLS.iloc[:2]), ProviderLacksSkill, "provider P3 has open slots and no skill"),
        (lambda: offer_slots(OpenSlots(table(), SKILLS), ask(service="x-ray")), ProviderLacksSkill, "the skill x-ray"),
        (
            lambda: offer_slots(OpenSlots(table(), SKILLS), ask(preferred_provider="P3")),
            ProviderLacksSkill,
            "prefers provider P3",
        ),
        (
            lambda: offer_slots(OpenSlots(table(), SKILLS), ask(earliest="2024-05-10")),
            NoOpenSlot,
            "5 open, 4 for general, 4 of 1 min or more, 0 from 2024-05-10",
        ),
        (
            lambda: offer_slots(OpenSlots(table(), SKILLS), ask(earliest="2024-05-01", urgency="urgent")),
            NoOpenSlot,
            r"0 within 1 days \(urgent\)",
        ),
        (lambda: offer_slots(OpenSlots(table(), SKILLS), ask(urgency="whenever")), AppointmentError, "'whenever'"),
        (lambda: ask(minutes=-10), NegativeDuration, "a visit of -10 min"),
        (lambda: ask(prefers="night"), AppointmentError, "prefers 'night'"),
        (lambda: ask(earliest="soon"), AppointmentError, "earliest day 'soon'"),
    ],
)
def test_bad_input_is_named(make, error, words):
    with pytest.raises(error, match=words):
        make()
