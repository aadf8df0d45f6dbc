"""Every figure of the campaign's plan draws what it is given, from small tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops.report import campaign_figures as figures
from tests.report.checks import texts

WEEKS = np.datetime64("2021-05-22") + 7 * np.arange(6)
LABELS = {"old": "People of 60 and older", "young": "Others"}


def test_supply_stacks_all_doses():
    lots = pd.DataFrame({"product": ["A", "B", "A"], "arrives": [-3, 0, 2], "doses": [4000.0, 1000.0, 500.0]})
    left = pd.DataFrame({"covered": [5.0, 1.0], "room": [3.0, 9.0], "unwilling": [1.0, 2.0]}, index=["old", "young"])
    fig = figures.supply(lots, WEEKS, left, LABELS)
    tops = [bar.get_y() + bar.get_height() for bar in fig.axes[0].patches]
    assert max(tops) == pytest.approx(5.0)
    assert "thousands" in texts(fig) and "People of 60" in texts(fig)


def test_lots_show_when_they_are_used_and_what_expires():
    table = pd.DataFrame({
        "product": ["A", "A", "B"], "arrives": [-2, 1, 0], "expires": [3, 9, 4], "first_used": [0, 2, np.nan],
        "last_used": [2, 4, np.nan], "expired": [7.0, 0.0, 0.0],
    })  # fmt: skip
    fig = figures.lots(table, 6)
    assert len(fig.axes) == 2
    (dots,) = [line for line in fig.axes[0].lines if len(line.get_xdata())]
    assert dots.get_xdata().tolist() == [3]


def test_shipments_and_coverage():
    flows = pd.DataFrame(
        {"product": ["A", "B", "A"], "region": ["r", "s", "s"], "week": [0, 0, 4], "doses": [9.0, 1, 50]}
    )
    fig = figures.shipments(flows, WEEKS, pd.Series({"r": "North", "s": "South"}))
    assert [t.get_text() for t in fig.axes[1].get_yticklabels()] == ["South", "North"]
    curve = pd.DataFrame({"old": np.linspace(0.5, 1, 6), "young": np.linspace(0, 0.4, 6)})
    fig = figures.coverage({"plan": curve, "pro-rata": curve}, WEEKS, LABELS)
    assert fig.axes[0].lines[0].get_ydata()[-1] == 100


def test_scarce_counts_places_that_use_all():
    use = {"vaccinators": np.array([[1.0, 0.2], [1.0, 1.0]]), "lots": np.ones((3, 1))}
    table = pd.DataFrame({"gain_pct": [0.4, 0.1]}, index=["vaccinators", "lots"])
    fig = figures.scarce(table, use, WEEKS[:2], 0.999)
    assert fig.axes[1].lines[0].get_ydata().tolist() == [100, 50]


def test_frontier_is_a_share_of_the_most_benefit():
    frame = pd.DataFrame(
        {"floor": [0, 0.5, 0.9], "benefit": [8.0, 7, 4], "price_of_fairness": [0, 1 / 8, 0.5], "gini": [0.2, 0.1, 0.0]}
    )
    rules = pd.DataFrame({"floor": [0.3], "benefit": [6.0]}, index=["pro-rata"])
    fig = figures.frontier({"all": frame, "half": frame}, {"all": rules, "half": rules})
    line, dot = fig.axes[0].lines[:2]
    assert line.get_ydata().tolist() == [100, 87.5, 50]
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (30, 75)
    assert fig.axes[2].lines[0].get_ydata().tolist() == [0, 12.5, 50]


def test_policies_name_every_row():
    table = pd.DataFrame({"floor": [0.9, 0.4], "benefit": [8.0, 10], "gini": [0.0, 0.1]}, index=["plan by stages", "x"])
    shown = texts(figures.policies(table))
    assert "plan by stages" in shown and "80.0" in shown and "0.100" in shown


def test_vials_mark_what_meets_the_aim():
    savings = pd.DataFrame({"everywhere": [5, 10], "variant": "same cost", "saved": [0.1, 0.4]})
    rates = pd.DataFrame({5: [0.3, 0.1], 10: [0.5, 0.2]}, index=[5.0, 20.0])
    fig = figures.vials(rates, np.array([4.0, 20.0, 22.0]), savings, 0.3)
    low, high = (bar.get_facecolor() for bar in fig.axes[1].patches)
    assert low != high and "aim: 30%" in texts(fig)


def test_openings_stack_all_losses():
    opening = {
        10: pd.DataFrame({"rate": np.linspace(0.5, 0, 10), "coverage": np.linspace(1, 0.6, 10)}, index=range(1, 11))
    }
    closed = pd.DataFrame({"expired": [0.0, 0.2], "spoilt": [0.0, 0.1], "open": [0.5, 0.5]}, index=[1, 8])
    closed["total"] = 1 - (1 - closed["open"]) * (1 - closed["expired"] - closed["spoilt"])
    fig = figures.openings(opening, closed)
    tops = np.array([bar.get_y() + bar.get_height() for bar in fig.axes[1].patches]).reshape(3, 2).max(axis=0)
    np.testing.assert_allclose(tops, 100 * closed["total"])


def test_replanned_and_boxes():
    given = {"last": np.array([1.0, 2, 3]), "again": np.array([1.0, 0, 4]), "followed": np.array([1.0, 0, 3])}
    fig = figures.replanned(given, 1)
    assert fig.axes[1].lines[0].get_ydata().tolist() == [0, -2, -1]
    fig = figures.boxes(pd.DataFrame({"benefit_pct": [60.0, 99], "floor_pct": [70.0, 100]}, index=[1, 10]))
    assert "whole boxes" in texts(fig) and "1/10 of a box" in texts(fig)
