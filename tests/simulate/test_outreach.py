"""A replayed season of outreach: by hand, against the schedule's own judge and the check of plans, and its laws."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from healthops.data.errors import DataError
from healthops.data.outreach_rules import PATH, load_outreach
from healthops.risk.follow_up import follow_up_tasks
from healthops.risk.priority import priority_score
from healthops.schedule.visit_check import Tables, _Day
from healthops.schedule.visits import VisitRules, plan_visits
from healthops.simulate import outreach
from healthops.simulate.outreach import Day, Stop, Walk, check, play, time_walk
from healthops.simulate.outreach_book import FATES, ROUND
from healthops.simulate.outreach_district import duty, make_district
from healthops.simulate.outreach_outcomes import draw_row, hamlet_table, in_time, week_table
from healthops.simulate.outreach_policies import POLICIES, shortlist, walks_of
from healthops.simulate.outreach_season import (
    OutreachError,
    Season,
    draw_events,
    kind_shares,
    make_season,
    recorded_events,
)
from tests.simulate.made_outreach import ON, book_of, by_hand, changed, day, drawn, quiet, season_of

DAYS = 42


@pytest.fixture(scope="module")
def town():
    data, risk = drawn()
    return data, *season_of(data, risk, days=DAYS)


def plan(day: Day):
    """The plan's policy, as the notebook puts it together."""
    d, tasks = day.district, day.table()
    tasks["value"] = priority_score(tasks)
    staff = d.staff.iloc[list(day.workers)].reset_index(drop=True)
    made = plan_visits(shortlist(tasks, day, times=1.3), d.households, staff, d.hamlets, on=day.on,
                       rules=VisitRules(iterations=5))  # fmt: skip
    return walks_of(made.visits(), day)


def ways():
    return {**{name: make() for name, make in POLICIES.items()}, "plan": plan}


@pytest.fixture(scope="module")
def seasons(town):
    data, district, season = town
    out = duty(district, DAYS)
    return {name: play(policy, name, book_of(data, district), season, out) for name, policy in ways().items()}


# ---- by hand ----------------------------------------------------------------------------------------------------


def hand_season(district):
    # P3 has a sign from day 1 and P1 too, which nobody tells; P2 from day 3, and the family sends word that evening.
    return quiet(
        4, 3, 1, sign_person=np.array(["P3", "P1", "P2"], object), sign_home=np.array([2, 0, 1]),
        sign_day=np.array([1, 1, 3]), sign_told=np.array([0, 0, 3]), sign_gone=np.array([15, 15, 17]),
        sign_seen=np.ones((3, 5), bool), sign_again=np.array([9, 9, 9]),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("way", "first", "reached"),
    [
        # Home 3 alone: 47 + 15 + 47 = 109 of 120 minutes, and no other fits. Day 2: homes 2 and 1, 32 + 16 + 16.
        ("due-date order", [94, 64], [1, 2, 4]),
        # Homes 1 and 2: 16 + 15 + 16 + 15 + 32 = 94 of 120 minutes; home 3 would make it 140.
        ("nearest first", [64, 94], [2, 1, 4]),
        # Homes 2 and 1 by risk, then home 3.
        ("risk alone", [64, 94], [2, 1, 4]),
        ("signs first", [94, 64], [1, 2, 4]),
    ],
)
def test_a_season_computed_by_hand(way, first, reached):
    data, risk = by_hand()
    district = make_district(data, risk, on=ON)
    out = np.ones((1, 5), bool)
    played = play(POLICIES[way](), way, book_of(data, district), hand_season(district), out)
    # Day 3 has nothing to do; on day 4 home 2 alone is visited for its sign.
    assert played.days["walked_min"].tolist() == [*first, 0, 64]
    assert played.reached.tolist() == reached
    assert in_time(played, hand_season(district)).all()
    fates = Counter((t.rule, t.fate) for t in played.tasks)
    # Three rounds done and the next three to come; the word is a task done, and three signs found are looked at again.
    assert fates == {(ROUND, "done"): 3, (ROUND, "open"): 3, ("danger_sign", "done"): 1, ("danger_sign", "open"): 3}


def test_a_shut_door_and_a_lost_day_cost_what_they_cost():
    data, risk = by_hand()
    district = make_district(data, risk, on=ON)
    opened, lost = np.ones((3, 3), bool), np.zeros((1, 3), bool)
    opened[0, 1], lost[0, 2] = False, True
    season = quiet(2, 3, 1, opened=opened, lost=lost)
    played = play(POLICIES["nearest first"](), "nearest", book_of(data, district), season, np.ones((1, 3), bool))
    # Day 1: home 1 does not open (5 minutes), home 2 does (15); day 2 nobody goes.
    assert played.days[["stops", "admitted", "walked_min", "visit_min"]].to_numpy().tolist() == [
        [2, 1, 64, 20],
        [0] * 4,
    ]
    assert played.days["lost"].tolist() == [0, 1]


def test_unlimited_hours_do_everything_in_its_window():
    data, risk = drawn()
    data["workers"] = data["workers"].assign(
        starts_min=0, ends_min=10_000, visits_per_day=1000, break_min=0, workdays="1111111", skill_maternal=True
    )
    data["households"] = data["households"].assign(visit_from_min=pd.NA, visit_to_min=pd.NA, unreachable=None)
    for column in ("visit_from_min", "visit_to_min"):
        data["households"][column] = data["households"][column].astype("Int64")
    rules = changed(visits__not_admitted=0, visits__worker_lost=0, visits__weather_lost=0, signs__seen=1,
                    rounds__outreach_days=7)  # fmt: skip
    district, season = season_of(data, risk, days=DAYS, rules=rules)
    district = replace(district, closes=np.full(len(district.homes), 10_000))
    for name in POLICIES:
        book = book_of(data, district, rules)
        played = play(POLICIES[name](), name, book, season, duty(district, DAYS, rules=rules))
        assert not [t for t in played.tasks if t.fate == "missed"]
        assert sum(t.fate == "done" for t in played.tasks) > 100
        told = (season.sign_told > 0) & (season.sign_told + 1 <= np.minimum(season.sign_day + 3, DAYS))
        assert told.any() and in_time(played, season)[told].all()


# ---- laws -------------------------------------------------------------------------------------------------------


def test_every_task_is_open_done_missed_or_cancelled_and_none_is_lost(town, seasons):
    data, district, season = town
    owed = follow_up_tasks(data["pregnancies"], data["visits"], data["people"], on=ON)
    owed = owed[owed["state"].isin(["open", "overdue", "waiting"]) & (owed["closes_on"] > ON)]
    carried = set(owed["task"])
    assert len(carried) > 20
    for played in seasons.values():
        names = [t.name for t in played.tasks]
        assert len(set(names)) == len(names) and carried <= set(names)
        row = draw_row(played, season, draw=0, outreach_days=2)
        assert sum(row[f"{kind}_{fate}"] for kind in ("follow_ups", "rounds") for fate in FATES) == len(names)
        for task in played.tasks:
            if task.fate == "done":
                assert task.opens <= task.fate_day <= task.closes
            assert task.fate != "open" or task.closes > DAYS
        # Each reachable home has one round to come; its rounds never overlap in being done.
        rounds = [t for t in played.tasks if t.rule == ROUND and t.fate == "open"]
        assert sorted(t.home for t in rounds) == sorted(h for h in district.members if district.reachable[h])


def test_fates_are_those_of_the_schedules_own_judge(town, seasons):
    data, district, season = town
    for name, played in seasons.items():
        book = played.book
        pregnancies = data["pregnancies"].copy()
        for g, (kind, ended, told) in book.ends.items():
            here = pregnancies["pregnancy"] == g
            outcome = "delivery" if kind == "delivery" else "miscarriage"
            pregnancies.loc[here, ["ended_on", "end_recorded_on", "outcome"]] = [day(ended), day(told), outcome]
        people = data["people"].assign(
            died_on=data["people"]["person"].map({p: day(d) for p, d in season.died.items()})
        )
        people["died_on"] = pd.to_datetime(people["died_on"])
        visits = pd.concat([data["visits"], book.visits_table()], ignore_index=True)
        judged = follow_up_tasks(pregnancies, visits, people, on=day(DAYS)).set_index("task")
        ours = {t.name: t for t in played.tasks if t.rule != ROUND}
        fate = {"resolved": "done", "cancelled": "cancelled", "missed": "missed"}
        before = judged["state_on"] <= ON
        theirs = judged[~before & (judged["closes_on"] > ON) | judged.index.isin(ours)]
        # A window that ends on the last day is closed that evening here, and the next morning there.
        late = judged["closes_on"] == day(DAYS)
        assert set(theirs.index) == set(ours), name
        for task, row in theirs.iterrows():
            expected = fate.get(row["state"], "open")
            if late[task] and expected == "open":
                expected = "missed"
            assert ours[task].fate == expected, (name, task)
            if expected != "open" and not late[task]:
                assert day(ours[task].fate_day) == row["state_on"], (name, task)
            assert ours[task].level == row["level"] and ours[task].skill == row["skill"]
        assert {"done", "missed", "cancelled", "open"} <= {t.fate for t in ours.values()}


def test_every_policy_meets_the_same_season_and_cannot_see_it(town, seasons):
    data, district, season = town
    again = season_of(*drawn(), days=DAYS)[1]
    for field in fields(Season):
        np.testing.assert_equal(getattr(season, field.name), getattr(again, field.name))
    assert {f.name for f in fields(Day)} == {"number", "tasks", "workers", "district"}
    # Of two policies that stand at the same door on the same day, both are let in or neither.
    out = duty(district, DAYS)
    doors = {}
    for name in ("due-date order", "nearest first", "risk alone"):
        tried = Spy(POLICIES[name]())
        played = play(tried, name, book_of(data, district), season, out)
        admitted = sum(season.opened[h, d] and not season.lost[w, d] for d, w, h in tried.stops)
        assert admitted == played.days["admitted"].sum()
        doors[name] = {(d, h) for d, _, h in tried.stops}
    assert len(set.intersection(*doors.values())) > 20
    # What a policy decides does not hang on what has not happened: tomorrow's events change nothing today.
    spoilt = replace(season, sign_day=np.where(season.sign_day > 20, season.sign_day + 1, season.sign_day),
                     opened=np.concatenate([season.opened[:, :21], ~season.opened[:, 21:]], axis=1))  # fmt: skip
    walks = []
    for each in (season, spoilt):
        spy = Spy(POLICIES["signs first"]())
        play(spy, "spy", book_of(data, district), each, out)
        walks.append([s for s in spy.stops if s[0] <= 21])
    assert walks[0] == walks[1] and walks[0]


class Spy:
    """Writes down where another policy goes."""

    def __init__(self, policy):
        self.policy, self.stops = policy, []

    def __call__(self, day):
        walks = self.policy(day)
        self.stops += [(day.number, w.worker, s.home) for w in walks for s in w.stops]
        return walks


def test_same_seed_same_season_same_fates(town, seasons):
    data, district, season = town
    for name, policy in ways().items():
        again = play(policy, name, book_of(data, district), season, duty(district, DAYS))
        assert [(t.name, t.fate, t.fate_day) for t in again.tasks] == [
            (t.name, t.fate, t.fate_day) for t in seasons[name].tasks
        ]
        pd.testing.assert_frame_equal(again.days, seasons[name].days)
        assert (again.reached == seasons[name].reached).all()


def test_no_sign_is_reached_before_it_begins_or_after_it_is_gone(town, seasons):
    season = town[2]
    for played in seasons.values():
        met = played.reached > 0
        assert met.any()
        assert (season.sign_day[met] <= played.reached[met]).all() and (
            played.reached[met] < season.sign_gone[met]
        ).all()


# ---- the account ------------------------------------------------------------------------------------------------


def test_walks_pass_the_check_of_plans_of_a_day(town):
    """The recount from tables (positions, hours, breaks, caps, skills, windows) of the rounds of simple policies."""
    data, district, season = town
    book, out, rounds = book_of(data, district), duty(district, DAYS), 0
    for number in (1, 2, 3, 4):
        going = tuple(np.flatnonzero(out[:, number]).tolist())
        today = Day(number, tuple(book.open_on(number)), going, district)
        tasks = today.table()
        minutes = tasks.set_index("task")["minutes"]
        judge = _Day(
            Tables(tasks, data["households"], data["workers"], data["hamlets"], str(today.on)[:10], VisitRules())
        )
        for make in POLICIES.values():
            for walk in make()(today):
                timed = time_walk(district, walk, [int(minutes[list(s.tasks)].sum()) for s in walk.stops])
                part, urgent = [], tasks.set_index("task")["level"] >= VisitRules().urgent_level
                at = None
                for k, (stop, begin) in enumerate(zip(walk.stops, timed.begins, strict=True)):
                    step = district.between[at, stop.home] if k else district.to_base[walk.worker, stop.home]
                    ends = begin + int(minutes[list(stop.tasks)].sum())
                    rest = max(ends, outreach.REST_FROM) if k == walk.rest_after else pd.NA
                    part.append((k + 1, district.homes[stop.home], stop.tasks, bool(urgent[list(stop.tasks)].any()),
                                 True, begin, ends, int(step), rest))  # fmt: skip
                    at = stop.home
                columns = ["position", "household", "tasks", "urgent", "later", "begins_min", "ends_min", "walk_min"]
                made = pd.DataFrame(part, columns=[*columns, "rest_min"])
                assert judge.round_faults(district.workers[walk.worker], made) == []
                assert timed.walked == made["walk_min"].sum() + district.to_base[walk.worker, at]
                rounds += 1
    assert rounds > 15
    assert (outreach.REST_FROM, outreach.REST_TO) == (VisitRules().rest_from, VisitRules().rest_to)


@pytest.mark.parametrize(
    ("walk", "said"),
    [
        (lambda t: Walk(0, (Stop(2, (t[2],)), Stop(0, (t[0],)))), "back at 605, after 600"),
        (lambda t: Walk(0, (Stop(1, (t[0],)),)), "is not open there"),
        (lambda t: Walk(0, (Stop(0, (t[0],)), Stop(0, (t[0],)))), "is done twice"),
    ],
)
def test_a_walk_that_cannot_be_is_refused_by_name(walk, said):
    data, risk = by_hand()
    district = make_district(data, risk, on=ON)
    today = Day(1, tuple(book_of(data, district).open_on(1)), (0,), district)
    names = [t.name for t in sorted(today.tasks, key=lambda t: t.home)]
    with pytest.raises(OutreachError, match=f"mine, day 1, worker W1.*{said}"):
        check(today, [walk(names)], "mine")
    with pytest.raises(OutreachError, match="does not go out that day"):
        check(replace(today, workers=()), [Walk(0, (Stop(0, (names[0],)),))], "mine")


def test_lists_keep_what_is_asked_for_and_the_best_rounds(town):
    data, district, _ = town
    book = book_of(data, district)
    today = Day(2, tuple(book.open_on(2)), (0, 1), district)
    tasks = today.table()
    tasks["value"] = priority_score(tasks)
    kept = shortlist(tasks, today, times=0.5)
    assert set(tasks.loc[tasks["rule"] != ROUND, "task"]) <= set(kept["task"])
    owner = data["households"].set_index("household")["worker"]
    rounds = tasks[tasks["rule"] == ROUND].assign(owner=lambda t: t["household"].map(owner))
    for worker in ("W0", "W1"):
        mine = rounds[rounds["owner"] == worker]
        best = mine.sort_values(["value", "task"], ascending=[False, True])["task"].head(4)
        assert set(best) == set(mine["task"]) & set(kept["task"])
    assert not set(rounds.loc[~rounds["owner"].isin(["W0", "W1"]), "task"]) & set(kept["task"])


# ---- seasons and districts --------------------------------------------------------------------------------------


def test_drawn_seasons_have_the_chances_that_they_are_drawn_from():
    n = 20_000
    rng = np.random.default_rng(5)
    people = pd.DataFrame({
        "person": [f"P{k:05d}" for k in range(n)], "age_years": np.where(np.arange(n) % 2, 70, 30),
        "heart_disease": 0, "died_on": pd.NaT,
    })  # fmt: skip
    chance = people[["person"]].assign(chance=np.linspace(0.05, 0.35, n))
    shares = {False: np.array([0.7, 0.2, 0.1]), True: np.array([0.5, 0.3, 0.2])}
    none = by_hand()[0]["pregnancies"]
    events = draw_events(rng, people, chance, shares, none, on=ON, quarter=90, days=60)
    # Two thirds of the quarter: n * .2 * 60 / 90 events, give or take four standard deviations.
    assert abs(len(events) - n * 0.2 * 2 / 3) < 4 * np.sqrt(n * 0.2 * 2 / 3)
    assert events["day"].min() == 1 and events["day"].max() == 60
    old = events["person"].str[-1].astype(int) % 2 == 1
    for group, part in ((True, events[old]), (False, events[~old])):
        seen = part["kind"].value_counts(normalize=True).reindex(["danger_sign", "admission", "death"]).to_numpy()
        np.testing.assert_allclose(seen, shares[group], atol=0.04)


def test_recorded_events_and_kinds_are_those_of_the_tables():
    season = pd.DataFrame({"person": ["P1", "P2", "P3"], "date": [day(1), day(30), day(31)],
                           "kind": ["danger_sign", "death", "danger_sign"]})  # fmt: skip
    assert recorded_events(season, ON, 30).to_numpy().tolist() == [["P1", "danger_sign", 1], ["P2", "death", 30]]
    people = by_hand()[0]["people"]
    events = pd.DataFrame({"person": ["P1", "P1", "P3"], "kind": ["danger_sign", "admission", "death"]})
    shares = kind_shares(events, people)
    assert shares[False].tolist() == [0.5, 0.5, 0] and shares[True].tolist() == [0, 0, 1]
    with pytest.raises(OutreachError, match="no season can be drawn"):
        kind_shares(events.iloc[:0], people)


def test_each_worker_goes_out_on_so_many_days_of_the_own_workdays():
    data, risk = drawn()
    district = make_district(data, risk, on=ON)
    out = duty(district, 28, rules=changed(rounds__outreach_days=3))
    assert (out[:, 1:].reshape(4, 4, 7).sum(axis=2) == 3).all()
    assert not out[:, 6::7].any()  # day 6 after a Monday is a Sunday
    assert len({tuple(row) for row in out}) > 1 and not out[:, 0].any()


def test_tables_that_do_not_fit_together_are_refused_by_name():
    data, risk = by_hand()
    with pytest.raises(OutreachError, match="community_risk: P1 is alive and has no risk"):
        make_district(data, risk[1:], on=ON)
    with pytest.raises(OutreachError, match="community_people: P2 lives in no household"):
        make_district({**data, "households": data["households"].drop(index=1)}, risk, on=ON)
    with pytest.raises(OutreachError, match="community_workers: W1 is in a hamlet"):
        make_district({**data, "workers": data["workers"].assign(hamlet="C9")}, risk, on=ON)
    district = make_district(data, risk, on=ON)
    with pytest.raises(OutreachError, match="person P9 has no home"):
        events = pd.DataFrame({"person": ["P9"], "kind": ["death"], "day": [1]})
        make_season(np.random.default_rng(1), events, district, days=3)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("report_days_least: {value: 0", "report_days_least: {value: 5", "report_days_least is above report_days_most"),
        (
            'value: 0.12, unit: "share of visits", source: "153',
            'value: 0.12, unit: "share of visits", sauce: "153',
            "needs",
        ),
        ("knocking_min: {value: 5", "knocking_min: {value: -5", "is not a number from 0 up"),
    ],
)
def test_wrong_assumptions_are_named(tmp_path, old, new, said):
    text = PATH.read_text(encoding="utf-8")
    assert old in text
    wrong = tmp_path / "outreach.yaml"
    wrong.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(DataError, match=said):
        load_outreach(wrong)
    with pytest.raises(DataError, match=r"outreach\.yaml has no signs: colour"):
        load_outreach()("signs", "colour")


# ---- sums -------------------------------------------------------------------------------------------------------


def test_sums_by_week_and_hamlet_are_those_of_the_draws(town, seasons):
    season = town[2]
    both = [(p, season) for p in seasons.values()] * 2
    rows = pd.DataFrame([draw_row(p, season, draw=0, outreach_days=2) for p in seasons.values()]).set_index("policy")
    weeks, hamlets = week_table(both).groupby("policy").sum(), hamlet_table(both)
    for policy, row in rows.iterrows():
        assert weeks.loc[policy, "signs"] == 2 * row["signs"] and weeks.loc[policy, "reached"] == 2 * row["reached"]
        assert weeks.loc[policy, "done"] == 2 * (row["follow_ups_done"] + row["rounds_done"])
        assert weeks.loc[policy, "walked_h"] == pytest.approx(2 * row["walked_h"], abs=1e-3)
        part = hamlets[hamlets["policy"] == policy]
        assert part["missed"].sum() == 2 * (row["follow_ups_missed"] + row["rounds_missed"])
        assert part["share_done"].min() == pytest.approx(row["lowest_share"], abs=1e-6)
        x, w = part["share_done"].to_numpy(), part["people"].to_numpy(float)
        gaps = np.abs(x[:, None] - x[None, :]) * w[:, None] * w[None, :]
        # The Gini by its definition: half the mean gap between two persons, over the mean.
        assert gaps.sum() / w.sum() ** 2 / 2 / np.average(x, weights=w) == pytest.approx(row["gini"], abs=1e-5)
