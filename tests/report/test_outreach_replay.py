"""Summaries and figures of a replayed season of outreach."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops.evaluate.paired import Saving
from healthops.report import outreach_replay_figures as figures
from healthops.report import outreach_replay_tables as tables

WAYS = ["plan", "due-date order", "nearest first"]


@pytest.fixture(scope="module")
def replay() -> pd.DataFrame:
    rows = []
    for k, way in enumerate(WAYS):
        for draw in range(4):
            rows.append({
                "outreach_days": 2, "policy": way, "draw": draw, "signs": 100, "signs_told": 40,
                "reached": 50 - 10 * k + draw,
                "reached_told": 30 - 5 * k, "reached_ever": 80, "follow_ups_done": 60 + k * (-1) ** draw,
                "follow_ups_missed": 40 - k * (-1) ** draw, "follow_ups_cancelled": 5, "follow_ups_open": 5,
                "rounds_done": 300, "rounds_missed": 100, "rounds_cancelled": 0, "rounds_open": 9, "stops": 300,
                "admitted": 240, "walked_h": 80.0 - 20 * k, "visit_h": 70.0, "gini": 0.1 + 0.1 * k,
                "lowest_share": 0.3, "highest_share": 0.9,
            })  # fmt: skip
    return pd.DataFrame(rows)


def differences(known: pd.DataFrame, way: str) -> dict[str, Saving]:
    return {
        m: tables.gain(known, m, "plan", way, rng=np.random.default_rng(1), draws=200)
        for m in (tables.SIGNS, tables.TASKS, tables.HOURS, tables.GINI)
    }


def test_measures_are_shares_of_what_they_say(replay):
    one = tables.measures(replay).iloc[0]
    assert one[tables.SIGNS] == 50 and one[tables.TOLD] == 75
    assert one[tables.UNTOLD] == pytest.approx(100 * 20 / 60)
    assert one[tables.TASKS] == pytest.approx(100 * 61 / 100, abs=1) and one["rounds done in their window, %"] == 75
    assert one["minutes walked a visit made"] == 80 * 60 / 240
    assert tables.measures(replay.assign(signs_told=0, reached_told=0)).iloc[0][tables.TOLD] == 0


def test_verdicts_say_who_surely_does_better_on_what(replay):
    known = tables.measures(replay)
    gains = differences(known, "nearest first")
    # 20 signs and .2 of Gini for the plan; 40 hours for nearest first; tasks go up and down and even out.
    assert gains[tables.SIGNS] == Saving(20, 20, 20) and gains[tables.HOURS] == Saving(40, 40, 40)
    assert gains[tables.GINI].estimate == pytest.approx(-0.2)
    assert tables.verdicts(gains) == {
        "better": [tables.SIGNS, tables.GINI], "worse": [tables.HOURS], "unsure": [tables.TASKS]
    }  # fmt: skip
    written = tables.against({m: {"nearest first": g} for m, g in gains.items()}, ["nearest first"])["nearest first"]
    assert written[tables.SIGNS] == "+20.0 [20.0, 20.0]" and written[tables.HOURS] == "+40 [40, 40] *"
    assert written[tables.TASKS].endswith(" †") and not written[tables.GINI].endswith(("*", "†"))


def test_means_have_an_interval_that_holds_them(replay):
    known = tables.measures(replay)
    mean = tables.mean_of(known, tables.SIGNS, "plan", rng=np.random.default_rng(1), draws=500)
    assert mean.estimate == 51.5 and 50 <= mean.low < 51.5 < mean.high <= 53
    assert tables.written(known, WAYS).loc[tables.SIGNS].tolist() == ["51.5", "41.5", "31.5"]


def test_figures_show_what_they_are_given(replay):
    known = tables.measures(replay)
    means = {way: tables.mean_of(known, tables.SIGNS, way, rng=np.random.default_rng(1), draws=50) for way in WAYS}
    fig = figures.reached({"all": means})
    assert [bar.get_width() for bar in fig.axes[0].patches] == [51.5, 41.5, 31.5]
    gains = {way: differences(known, way)[tables.SIGNS] for way in WAYS[1:]}
    fig = figures.differences(
        {"signs": ("points", True, gains), "hours": ("h", False, gains), "more": ("x", True, gains)}
    )
    shown = [ax for ax in fig.axes if ax.get_visible()]
    assert [ax.get_title(loc="left") or ax.get_title() for ax in shown] == [
        "signs (right: plan better)", "hours (left: plan better)", "more (right: plan better)"
    ]  # fmt: skip
    weeks = pd.DataFrame({"policy": "plan", "week": [1, 2], "signs": [3, 9], "reached": [3, 4], "done": 8, "missed": 2})
    drawn = figures.weeks(weeks, ["plan"], smooth=1).axes[0].lines[0].get_ydata()
    assert np.isnan(drawn[0]) and drawn[1] == pytest.approx(100 * 4 / 9)  # three signs tell of persons
    hamlets = pd.DataFrame(
        {"policy": ["plan"] * 2, "hamlet": ["C1", "C2"], "people": [10, 30], "share_done": [0.2, np.nan]}
    )
    fig = figures.hamlets(hamlets, {"plan": Saving(0.1, 0.0, 0.2)})
    assert fig.axes[0].collections[0].get_offsets()[:, 0].tolist() == [20.0]
    fig = figures.hours({way: (np.array([1.0]), np.array([50.0])) for way in WAYS}, ("hours", "%"))
    assert [t.get_text() for t in fig.axes[0].get_legend().get_texts()] == WAYS
    by = {way: {2: 10.0, 4: 20.0} for way in WAYS}
    assert [line.get_ydata()[1] for line in figures.days_a_week(by, by).axes[0].lines] == [20.0] * 3
