"""Sessions: who can hold them by hand, and the assignment of patients against all assignments."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from healthops.schedule.appointments import AppointmentError, NoOpenSlot, OfferRules
from healthops.schedule.sessions import open_sessions, penalties, share_out, still_open

MONDAY = pd.Timestamp("2018-04-02")
DAYS = pd.date_range(MONDAY, periods=2)
BEGINS = {"morning": 480, "afternoon": 840}


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    windows = [(who, DAYS[0], 420, 1320) for who in ("P1", "P3", "P4")]
    windows += [("P1", DAYS[1], 420, 1320), ("P2", DAYS[0], 420, 700), ("P2", DAYS[1], 420, 840)]
    return {
        "providers": pd.DataFrame({"provider": ["P1", "P2", "P3", "P4"], "clinic": ["hill", "hill", "hill", "port"]}),
        "provider_skills": pd.DataFrame({"provider": ["P1", "P2", "P3", "P4"],
                                         "service": ["general", "general", "prenatal", "general"]}),
        "provider_availability": pd.DataFrame(windows, columns=["provider", "date", "start_minute", "end_minute"]),
        "provider_requests": pd.DataFrame({"provider": ["P1"], "date": [DAYS[1]], "kind": ["day_off"]}),
    }  # fmt: skip


def opened(tables, **changes):
    given = {"clinic": "hill", "service": "general", "dates": DAYS, "begins": BEGINS, "slots": 12, "slot_min": 20}
    return open_sessions(tables, **(given | changes))


def test_sessions_are_held_by_those_who_can_within_their_windows(tables):
    slots = opened(tables)
    # P1 has leave on the second day; P2 goes at 11:40 on the first, at 14:00 on the second: sessions end at 12:00.
    assert list(dict.fromkeys(slots["session"])) == [
        "2018-04-02 morning P1", "2018-04-02 afternoon P1", "2018-04-03 morning P2",
    ]  # fmt: skip
    assert slots["slot"].is_unique and len(slots) == 36
    assert slots["start_minute"].iloc[[0, 11, 12]].tolist() == [480, 700, 840]


def test_what_cannot_be_held_is_named(tables):
    with pytest.raises(NoOpenSlot, match="none of 1 providers can hold a session"):
        opened(tables, clinic="port", slots=50)
    with pytest.raises(AppointmentError, match="0 slots"):
        opened(tables, slots=0)


def test_slots_are_taken_by_the_leads_on_record(tables):
    slots = pd.concat([opened(tables)] * 300, ignore_index=True)
    # Half of the leads are above 0 days, a quarter above 1.
    leads = np.array([0, 0, 1, 5])
    left = still_open(slots, leads, MONDAY, np.random.default_rng(3))
    share = left.groupby("date").size() / slots.groupby("date").size()
    assert share[DAYS[0]] == pytest.approx(0.5, abs=0.02) and share[DAYS[1]] == pytest.approx(0.75, abs=0.02)


def test_patients_are_shared_out_at_the_least_penalty_of_all_assignments():
    sessions = pd.DataFrame({"session": ["a", "b"], "provider": ["P1", "P2"], "start_minute": [480, 840]})
    requests = pd.DataFrame({
        "patient": list("uvwx"), "prefers": ["morning", "morning", "any", "morning"],
        "preferred_provider": [None, "P2", "P1", "P9"],
    })  # fmt: skip
    rules = OfferRules()
    cost = penalties(requests, sessions, rules)
    assert cost.tolist() == [[0, 3], [5, 3], [0, 5], [0, 3]]
    chosen = share_out(requests, sessions, 2, rules)
    assert np.bincount(chosen).tolist() == [2, 2]
    every = [sum(cost[i, s] for i, s in enumerate(p)) for p in product(range(2), repeat=4) if sum(p) == 2]
    assert cost[np.arange(4), chosen].sum() == min(every)
    with pytest.raises(NoOpenSlot, match="4 patients for 2 sessions of 1 places"):
        share_out(requests, sessions, 1)
