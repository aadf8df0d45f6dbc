"""Follow-up tasks by hand, rule by rule."""

from __future__ import annotations

import csv
from datetime import date, timedelta

import pandas as pd
import pytest

from healthops.data.errors import DataError
from healthops.data.follow_up_rules import PATH, load_schedule
from healthops.risk.follow_up import COLUMNS, follow_up_tasks, open_tasks

LMP = pd.Timestamp("2023-01-01")


def days(n: int) -> pd.Timestamp:
    return LMP + pd.Timedelta(days=n)


def register(pregnancies=(), visits=(), died=None):
    """Tables of one or two mothers P1, P2 and a baby B1; dates are days after the LMP of the first pregnancy."""
    blank = {"lmp_on": pd.NaT, "outcome": None, "end_recorded_on": pd.NaT, "muted_on": pd.NaT, "baby": None}
    rows = [{"pregnancy": "G1", "person": "P1", "registered_on": days(50)} | blank | dict(p) for p in pregnancies]
    women = pd.DataFrame(rows, columns=["pregnancy", "person", "registered_on", *blank])
    empty = {"pregnancy": "G1", "referral": False, "follow_up_on": pd.NaT, "next_facility_visit_on": pd.NaT}
    rows = [{"visit": f"V{k}", "person": "P1"} | empty | dict(v) for k, v in enumerate(visits, 1)]
    seen = pd.DataFrame(rows, columns=["visit", "person", "date", "form", *empty]).astype({"referral": bool})
    people = pd.DataFrame({"person": ["P1", "P2", "B1"]})
    people["died_on"] = pd.to_datetime(people["person"].map(died or {}))
    for frame in (women, seen):
        for column in frame.columns[frame.columns.str.endswith("_on") | (frame.columns == "date")]:
            frame[column] = pd.to_datetime(frame[column])
    return women, seen, people


def tasks(on: int, pregnancies=({"lmp_on": LMP},), visits=(), died=None) -> pd.DataFrame:
    return follow_up_tasks(*register(pregnancies, visits, died), on=days(on))


def states(found: pd.DataFrame, rule: str) -> dict[int, str]:
    """State of each task of a rule by its due day."""
    chosen = found[found["rule"].str.startswith(rule)]
    return dict(zip((chosen["due_on"] - LMP).dt.days, chosen["state"], strict=True))


def test_windows_around_the_weeks_of_a_known_period():
    found = tasks(50)
    weeks = [12, 20, 26, 30, 34, 36, 38, 40]
    assert states(found, "antenatal_visit") == dict.fromkeys([7 * w for w in weeks], "waiting")
    by_due = found[found["rule"].str.startswith("antenatal")].sort_values("due_on")
    before = (by_due["due_on"] - by_due["opens_on"]).dt.days.tolist()
    after = (by_due["closes_on"] - by_due["due_on"]).dt.days.tolist()
    assert (before, after) == ([7] * 4 + [6] * 4, [14] * 4 + [7] * 4)
    assert set(found["rule"]) == {"antenatal_visit_early", "antenatal_visit_late", "delivery_check"}
    assert set(found["priority"]) == {"normal"} and list(found.columns) == list(COLUMNS)


@pytest.mark.parametrize(
    ("on", "state", "overdue"),
    [(76, "waiting", 0), (77, "open", 0), (84, "open", 0), (85, "overdue", 1), (98, "overdue", 14), (99, "missed", 0)],
)
def test_a_task_opens_is_due_gets_late_and_is_missed(on, state, overdue):
    first = tasks(on).iloc[0]
    assert (first["state"], first["days_overdue"]) == (state, overdue)
    assert pd.isna(first["state_on"]) or (first["state"], first["state_on"]) == ("missed", days(98))


@pytest.mark.parametrize(
    ("visit_on", "on", "state"),
    [(77, 80, "resolved"), (98, 98, "resolved"), (76, 80, "open"), (99, 99, "missed"), (85, 84, "open")],
)
def test_a_visit_resolves_in_the_window_alone_and_not_before_it_is_known(visit_on, on, state):
    visit = {"form": "pregnancy_home_visit", "date": days(visit_on)}
    assert states(tasks(on, visits=[visit]), "antenatal")[84] == state


def test_another_form_or_person_resolves_nothing():
    others = [
        {"form": "household_visit", "date": days(84)},
        {"form": "pregnancy_home_visit", "date": days(84), "person": "P2"},
    ]
    assert states(tasks(84, visits=others), "antenatal")[84] == "open"


def test_an_unknown_period_counts_from_registration_every_two_weeks():
    found = tasks(50, pregnancies=[{}])
    assert states(found, "antenatal") == {50 + 14 * k: "waiting" for k in range(1, 22)}
    assert set(found["rule"]) == {"antenatal_visit_unknown_lmp"}, "nobody knows when the child is due"
    # Windows of [-6, +7] days overlap by a day or not at all: one visit resolves at most two tasks.
    visit = {"form": "pregnancy_home_visit", "date": days(50 + 14)}
    assert states(tasks(64, [{}], [visit]), "antenatal")[64] == "resolved"
    assert tasks(50 + 14 * 21 + 8, [{}])["state"].eq("missed").all()


@pytest.mark.parametrize(
    "end",
    [
        {"outcome": "delivery", "end_recorded_on": days(80)},
        {"outcome": "miscarriage", "end_recorded_on": days(80)},
        {"outcome": "abortion", "end_recorded_on": days(80)},
        {"muted_on": days(80)},
    ],
)
@pytest.mark.parametrize("lmp", [LMP, pd.NaT])
def test_what_ends_a_pregnancy_cancels_its_visits_once_it_is_recorded(end, lmp):
    first = 84 if lmp is LMP else 78
    before, after = (states(tasks(on, [{"lmp_on": lmp, **end}]), "antenatal")[first] for on in (79, 80))
    assert (before, after) == ("open" if first == 84 else "overdue", "cancelled")


def test_a_death_and_a_newer_pregnancy_cancel():
    assert states(tasks(80, died={"P1": days(80)}), "antenatal")[84] == "cancelled"
    assert states(tasks(79, died={"P1": days(80)}), "antenatal")[84] == "open"
    again = [{"lmp_on": LMP}, {"pregnancy": "G2", "lmp_on": days(60), "registered_on": days(80)}]
    assert set(states(tasks(80, again).query("pregnancy == 'G1'"), "antenatal").values()) == {"cancelled"}
    assert set(states(tasks(80, again).query("pregnancy == 'G2'"), "antenatal").values()) == {"waiting"}


def test_a_visit_before_the_end_stays_resolved_and_a_missed_one_missed():
    visit = {"form": "pregnancy_home_visit", "date": days(84)}
    lost = [{"lmp_on": LMP, "outcome": "miscarriage", "end_recorded_on": days(170)}]
    assert states(tasks(200, lost, [visit]), "antenatal") == {
        84: "resolved", 140: "missed", 182: "cancelled", 210: "cancelled", 238: "cancelled", 252: "cancelled",
        266: "cancelled", 280: "cancelled",
    }  # fmt: skip


def test_the_delivery_check_runs_from_four_weeks_before_to_six_after_week_42():
    due = 42 * 7
    assert [states(tasks(on), "delivery")[due] for on in (due - 29, due - 28, due + 42, due + 43)] == [
        "waiting", "open", "overdue", "missed",
    ]  # fmt: skip
    born = {"form": "delivery", "date": days(275)}
    recorded = [{"lmp_on": LMP, "outcome": "delivery", "end_recorded_on": days(275)}]
    assert states(tasks(300, recorded, [born]), "delivery")[due] == "resolved"
    lost = [{"lmp_on": LMP, "outcome": "abortion", "end_recorded_on": days(100)}]
    assert states(tasks(300, lost), "delivery")[due] == "cancelled"


def test_a_reminder_is_due_on_the_day_of_the_facility_visit():
    source = {"form": "pregnancy_home_visit", "date": days(84), "next_facility_visit_on": days(100)}
    due = [states(tasks(on, visits=[source]), "facility")[100] for on in (96, 97, 101, 107, 108)]
    assert due == ["waiting", "open", "overdue", "overdue", "missed"]
    told = {"form": "pregnancy_facility_visit_reminder", "date": days(98)}
    assert states(tasks(99, visits=[source, told]), "facility")[100] == "resolved"
    # The end of the pregnancy does not cancel it: the published schedule names muting alone.
    ended = [{"lmp_on": LMP, "outcome": "delivery", "end_recorded_on": days(95)}]
    assert states(tasks(99, ended, [source]), "facility")[100] == "open"
    assert states(tasks(99, [{"lmp_on": LMP, "muted_on": days(95)}], [source]), "facility")[100] == "cancelled"


ANTENATAL = [
    "pregnancy",
    "pregnancy_home_visit",
    "pregnancy_facility_visit_reminder",
    "pregnancy_danger_sign_follow_up",
]


@pytest.mark.parametrize("form", ANTENATAL)
def test_a_referral_in_pregnancy_is_followed_up(form):
    source = {"form": form, "date": days(100), "referral": True, "follow_up_on": days(103)}
    assert states(tasks(100, visits=[source]), "antenatal_danger") == {103: "open"}
    follow = {"form": "pregnancy_danger_sign_follow_up", "date": days(102)}
    assert states(tasks(104, visits=[source, follow]), "antenatal_danger") == {103: "resolved"}
    assert states(tasks(104, visits=[source | {"referral": False}]), "antenatal_danger") == {}
    assert states(tasks(104, visits=[source | {"form": "household_visit"}]), "antenatal_danger") == {}
    assert states(tasks(104, visits=[source], died={"P1": days(104)}), "antenatal_danger") == {103: "cancelled"}


def test_a_follow_up_that_refers_again_starts_the_next_and_does_not_resolve_itself():
    follow = {"form": "pregnancy_danger_sign_follow_up", "date": days(100), "referral": True, "follow_up_on": days(102)}
    assert states(tasks(101, visits=[follow]), "antenatal_danger") == {102: "open"}


def test_after_birth_mother_and_baby_are_followed_up_each_on_its_own():
    born = [{"lmp_on": LMP, "outcome": "delivery", "end_recorded_on": days(281), "baby": "B1"}]
    mother = {"form": "delivery", "date": days(281), "referral": True, "follow_up_on": days(283)}
    baby = mother | {"person": "B1", "follow_up_on": days(284)}
    found = tasks(284, born, [mother, baby])
    assert states(found, "postnatal_danger_sign_mother") == {283: "overdue"}
    assert states(found, "postnatal_danger_sign_baby") == {284: "open"}
    by_rule = found.set_index("rule")
    assert by_rule.loc["postnatal_danger_sign_baby", ["priority", "level", "person"]].tolist() == ["high", 10, "B1"]
    assert by_rule.loc["postnatal_danger_sign_mother", ["priority", "level"]].tolist() == ["normal", 5]
    assert open_tasks(found)["rule"].tolist()[0] == "postnatal_danger_sign_baby"
    again = {"form": "pnc_danger_sign_follow_up_baby", "date": days(285), "person": "B1", "referral": True,
             "follow_up_on": days(287)}  # fmt: skip
    found = tasks(286, born, [mother, baby, again], died={"P1": days(286)})
    assert states(found, "postnatal_danger_sign_baby") == {284: "resolved", 287: "open"}
    assert states(found, "postnatal_danger_sign_mother") == {283: "cancelled"}


def test_a_danger_sign_at_a_household_visit_is_followed_up_whoever_has_it():
    source = {"form": "household_visit", "date": days(10), "person": "P2", "pregnancy": None, "referral": True,
              "follow_up_on": days(12)}  # fmt: skip
    found = tasks(13, visits=[source])
    assert states(found, "danger_sign") == {12: "overdue"}
    assert (found["level"].iloc[0], found["pregnancy"].isna().iloc[0]) == (7, True)
    follow = {"form": "danger_sign_follow_up", "date": days(13), "person": "P2", "pregnancy": None}
    assert states(tasks(13, visits=[source, follow]), "danger_sign") == {12: "resolved"}
    assert states(tasks(13, visits=[source], died={"P2": days(11)}), "danger_sign") == {12: "cancelled"}
    assert [rule.name for rule in load_schedule().rules if not rule.published] == ["danger_sign"]


def test_open_tasks_are_in_the_order_of_level_lateness_and_end():
    found = pd.DataFrame({
        "task": ["a", "b", "c", "d", "e"], "level": [5, 5, 10, 5, 5], "days_overdue": [0, 4, 0, 0, 9],
        "closes_on": [days(9), days(8), days(9), days(7), days(9)],
        "state": ["open", "overdue", "open", "open", "resolved"],
    })  # fmt: skip
    assert open_tasks(found)["task"].tolist() == ["c", "b", "d", "a"]


def test_an_empty_register_has_no_task():
    assert len(tasks(10, [{"lmp_on": LMP}])) == 0, "registered on day 50"
    assert list(tasks(10).columns) == list(COLUMNS)


@pytest.mark.mirror
def test_the_rules_are_the_published_schedule(mirror):
    with (mirror.parent / "reference" / "chw_followup_tasks.csv").open(encoding="utf-8", newline="") as file:
        theirs = {
            (row["due"], int(row["show_days_before"]), int(row["show_days_after"]), row["resolved_by_form"])
            for row in csv.DictReader(file)
        }
    said = {
        "registered": "registration + every 2 weeks to week 42",
        "next_facility_visit": "next facility visit date entered by CHW",
    }
    ours = set()
    for rule in load_schedule().rules:
        if not rule.published:
            continue
        rest = (rule.days_before, rule.days_after, rule.resolved_by)
        if rule.due_from == "lmp":
            ours |= {(f"LMP + {day // 7} weeks", *rest) for day in rule.due_days}
        elif rule.due_from == "follow_up":
            told = " (form says within 3 days)" if rule.name == "antenatal_danger_sign" else ""
            ours.add((f"referral follow-up date{told}", *rest))
        else:
            ours.add((said[rule.due_from], *rest))
    assert ours == theirs


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('version: "1.0"', "", "lacks version"),
        ("weeks: [12, 20, 26, 30]", "weeks: [12, x]", "antenatal_visit_early: due: weeks is 'x'"),
        ("window_days: [7, 14]", "window_days: [7]", "antenatal_visit_early: window_days is"),
        ("level: 10", "level: 11", "postnatal_danger_sign_baby: level is 11"),
        (
            "cancelled_by: [loss, muted, death]",
            "cancelled_by: [loss, bored]",
            "delivery_check: cancelled_by is 'bored'",
        ),
        ("    resolved_by: delivery\n", "", r"delivery_check lacks \['resolved_by'\]"),
        ("    person: baby\n", "    person: aunt\n", "postnatal_danger_sign_baby: person is 'aunt'"),
        ("started_by: antenatal", "started_by: prenatal", "antenatal_danger_sign: started_by 'prenatal'"),
        ("    referral: true\n", "    referral: often\n", "antenatal_danger_sign: referral is 'often'"),
        ("every_weeks: 2, until_weeks: 42", "every_weeks: 2", "antenatal_visit_unknown_lmp: due"),
        ("skill: newborn", "skill: surgery", "postnatal_danger_sign_baby: skill is 'surgery'"),
    ],
)
def test_a_faulty_schedule_is_an_error_that_names_rule_and_key(tmp_path, old, new, message):
    text = PATH.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "follow_up.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=message):
        load_schedule(path)


def test_an_unknown_rule_is_an_error_that_lists_the_known():
    assert load_schedule()["delivery_check"].due_days == (294,)
    with pytest.raises(DataError, match="has no rule 'tea'.*delivery_check"):
        load_schedule()["tea"]


def test_the_earliest_task_of_a_rule_agrees_with_a_plain_count():
    # An independent count with the standard library's dates.
    lmp = date(2023, 1, 1)
    found = tasks(50).sort_values("due_on").iloc[0]
    assert found["due_on"].date() == lmp + timedelta(weeks=12) and found["task"] == "antenatal_visit_early:G1:084"
