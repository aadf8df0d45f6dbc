"""Figures of risk models: what tells of few people is not drawn, and axes say what they are."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from healthops.report import risk_figures as figures


@pytest.fixture(autouse=True)
def _closed():
    yield
    pyplot.close("all")


def test_a_cell_of_few_people_is_not_told():
    fig = figures.confusion(np.array([[50, 3], [0, 40]]), ["low", "high"])
    texts = [t.get_text() for t in fig.axes[0].texts]
    assert texts[1] == "<5 rows" and texts[2].startswith("0%") and "3 rows" not in " ".join(texts)


def test_points_of_few_people_are_left_out():
    bins = pd.DataFrame({"said": [0.1, 0.2, 0.5], "came": [0.0, 0.04, 0.5], "low": 0.0, "high": 0.6, "n": [50, 50, 50]})
    fig = figures.calibration({"event": {"after": bins}})
    line = next(each for each in fig.axes[0].lines if each.get_label() == "after")
    assert list(line.get_xdata()) == [0.1, 0.5]  # 2 of 50 had the event
    assert fig.axes[0].get_xlabel() and fig.axes[0].get_ylabel()


def test_groups_without_figures_are_left_out():
    row = {
        "attribute": "age",
        "n": 50.0,
        "events": 9.0,
        "share": 0.18,
        "low": 0.1,
        "high": 0.3,
        "said": 0.2,
        "auc": 0.7,
    }
    table = pd.DataFrame([{**row, "group": "old"}, {**row, "group": "young", "auc": np.nan}])
    fig = figures.subgroups(table, overall=0.8)
    assert [t.get_text() for t in fig.axes[0].get_yticklabels()] == ["age: old"]


def test_true_risk_has_no_hexagon_of_few_people():
    p = np.r_[np.full(20, 0.02), 0.5]
    fig = figures.true_risk(p, p)
    counts = fig.axes[0].collections[0].get_array()
    assert len(counts) == 1 and counts.min() >= 5
