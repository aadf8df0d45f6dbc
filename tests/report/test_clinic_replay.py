"""Tables and figures of replayed clinic days, of a made replay."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from healthops.evaluate.paired_ratios import Estimate, resample
from healthops.report import clinic_replay_figures as figures
from healthops.report import clinic_replay_tables as tables


def made_replay(days=4, per_day=2, draws=3):
    rows = [
        (rule, day * per_day + k, draw, pd.Timestamp("2023-01-02") + pd.Timedelta(days=day), 4, 1, 3, 0,
         10.0 * day + k, 5.0 + shift, 2.0)
        for rule, shift in (("one a slot", 3), ("flat rate", 0))
        for day in range(days)
        for k in range(per_day)
        for draw in range(draws)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["policy", "session", "draw", "date", *tables.SUMS])


def made_groups(sessions=8, few=2):
    rows = []
    for rule, longer in (("one a slot", 1.0), ("flat rate", 2.0)):
        for session in range(sessions):
            rows += [
                (rule, session, "sex", "female", 10, 8.0, 8.0 * longer),
                (rule, session, "sex", "male", 10, 5.0, 5.0),
            ]
            if session < few:
                rows += [(rule, session, "welfare", "yes", 1, 1.0, 9.0), (rule, session, "welfare", "no", 19, 9.0, 9.0)]
    return pd.DataFrame(rows, columns=["policy", "session", "attribute", "group", "asked", "seen", "wait_min"])


def test_sessions_stand_by_day_and_cost_is_the_weighted_sum():
    by_rule = tables.by_day(made_replay())
    assert by_rule["one a slot"]["wait_min"].tolist() == [[0, 1], [10, 11], [20, 21], [30, 31]]
    cost = tables.cost(by_rule["flat rate"], {"wait": 0.2, "idle": 1.0, "overtime": 1.5})
    assert cost[1].tolist() == pytest.approx([0.2 * 10 + 5 + 3, 0.2 * 11 + 5 + 3])
    shown = tables.measures(by_rule, {"wait": 0.2, "idle": 1.0, "overtime": 1.5})
    assert shown.loc["one a slot", "cost"] - shown.loc["flat rate", "cost"] == pytest.approx(3)
    assert np.allclose(shown["booked"], shown["do not come"] + shown["seen"] + shown["sent home unseen"])
    with pytest.raises(ValueError, match="unlike numbers"):
        tables.by_day(made_replay().query("session != 3"))


def test_groups_of_few_patients_are_not_shown():
    contrasts = {"women / men": ("sex", "female", "male"), "welfare / none": ("welfare", "yes", "no")}
    counts = resample(4, 2, draws=50, rng=np.random.default_rng(1))
    found = tables.group_ratios(made_groups(), (4, 2), contrasts, counts)
    assert list(found) == ["women / men"]
    assert found["women / men"]["one a slot"].value == pytest.approx(1.0)
    assert found["women / men"]["flat rate"].value == pytest.approx(2.0)


def made_weeks():
    rows = [
        (rule, "north", "emergency", level, pd.Timestamp("2023-01-02") + pd.Timedelta(weeks=week), 60.0,
         100 - 100 * level, more * 50 * level, 30.0, 0.1)
        for rule, more in (("forecast", 0.8), ("last year", 1.0))
        for level in (0.1, 0.2, 0.3)
        for week in range(5)
    ]  # fmt: skip
    return pd.DataFrame(
        rows,
        columns=["policy", "clinic", "service", "overload", "week", "work_h", "staff_h", "under_h", "over_h", "left_h"],
    )


def test_a_single_service_is_not_said_twice_and_a_fifth_less_is_a_fifth_less():
    saved = tables.cover_savings(made_weeks(), "forecast", ["last year"], rng=np.random.default_rng(1), draws=20)
    assert list(saved) == ["north emergency"]
    assert saved["north emergency"]["last year"].value == pytest.approx(-20)
    two = pd.concat([made_weeks(), made_weeks().assign(clinic="south")])
    assert list(tables.cover_savings(two, "forecast", ["last year"], rng=np.random.default_rng(1), draws=20)) == [
        "all", "north emergency", "south emergency",
    ]  # fmt: skip
    assert tables.cover_sums(two)["staff_h"].max() == pytest.approx(180)


def test_figures_have_axes_with_names_and_what_they_show():
    one = {"one a slot": Estimate(90.0, 88.0, 92.0), "flat rate": Estimate(80.0, 78.0, 82.0)}
    parts = {rule: {"wait": 10.0, "idle": value.value - 30, "overtime": 20.0} for rule, value in one.items()}
    saved = tables.cover_savings(made_weeks(), "forecast", ["last year"], rng=np.random.default_rng(1), draws=20)
    made = [
        figures.costs(parts, one, marked="flat rate"),
        figures.dots({"a": one, "b": one, "c": one}, centre=0, rows=2),
        figures.by_price([0.1, 0.2], {"one a slot": [3, 4], "flat rate": [2, 5]}, stated=0.2),
        figures.cover(tables.cover_sums(made_weeks()), saved, ours="forecast"),
    ]
    for fig in made:
        for ax in fig.axes:
            assert ax.get_xlabel() or not ax.get_visible()
    assert [label.get_text() for label in made[0].axes[0].get_yticklabels()] == ["one a slot", "flat rate (in force)"]
    bars = sum(patch.get_width() for patch in made[0].axes[0].patches if patch.get_y() < 0.5)
    assert bars == pytest.approx(90)
    lines = {line.get_label(): line.get_ydata() for line in made[2].axes[0].lines}
    assert lines["one a slot"] == pytest.approx([50, 0])
    pyplot.close("all")
