"""Every figure of vaccine demand draws from small tables and says what stands in them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from healthops.report import vaccine_demand_figures as figures
from tests.report.checks import texts

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
WEEKS = np.datetime64("2021-01-02", "D") + 7 * np.arange(30)


def test_fans_show_each_place_its_observations_and_medians():
    pace = {name: np.linspace(4, 1, 30) for name in ("One", "Two", "Three", "Four")}
    fan = np.linspace(1, 2, 8)[:, None] * np.linspace(0.5, 1.5, 5)
    fig = figures.fans(WEEKS, pace, {n: {WEEKS[9]: fan, WEEKS[19]: fan} for n in pace}, LEVELS, unit="per 100")
    said = texts(fig)
    assert all(name in said for name in pace) and "per 100" in said and "observed" in said
    shown = [ax for ax in fig.axes if ax.get_visible()]
    assert len(shown) == 4
    medians = [line for line in shown[0].lines if len(line.get_xdata()) == 8]
    assert len(medians) == 2 and np.allclose(medians[0].get_ydata(), fan[:, 2])


def test_relative_wis_stands_at_its_horizon_and_phase():
    rows = []
    for model, value in (("last week", 1.0), ("saturation", 0.5), ("saturation + boosting", 0.7)):
        rows += [("horizon", str(h), model, value, 10) for h in range(1, 9)]
        rows += [("phase", phase, model, value, 40) for phase in ("rising", "tail")]
    scores = pd.DataFrame(rows, columns=["by", "value", "model", "relative_wis", "tasks"])
    fig = figures.relative(scores, "last week")
    said = texts(fig)
    assert "rising" in said and "40 tasks" in said and "falling" not in said
    lines = {line.get_label(): line for line in fig.axes[0].lines}
    assert np.allclose(lines["saturation"].get_ydata(), 0.5) and list(lines["saturation"].get_xdata()) == list(
        range(1, 9)
    )


def test_over_forecast_draws_the_ratio_to_what_came():
    table = pd.DataFrame(
        {"last week": [2.0, 1.0], "saturation": [1.0, 0.5], "observed": [1.0, 0.25]},
        index=pd.IntervalIndex.from_tuples([(80, 90), (90, 100)]),
    )
    fig = figures.over_forecast(table, unit="per 100 a week")
    ratios = {tuple(np.round(line.get_ydata(), 6)) for line in fig.axes[1].lines if len(line.get_ydata()) == 2}
    assert {(2.0, 4.0), (1.0, 2.0)} <= ratios
    assert "90 to 100" in texts(fig)


def test_ceilings_tell_those_inside_from_those_outside():
    table = pd.DataFrame({
        "low": [50.0, 60.0], "median": [60.0, 65.0], "high": [70.0, 70.0], "truth": [65.0, 90.0],
        "reached": [40.0, 50.0],
    })  # fmt: skip
    fig = figures.ceilings({"2021-05-15": table, "2021-08-28": table})
    said = texts(fig)
    assert "known by 2021-05-15" in said and "outside" in said and "truth inside 90%" in said


def test_ages_show_coverage_path_and_ceiling():
    path = 30 + np.cumsum(np.ones((8, 5)), axis=0) * np.array([0.5, 0.8, 1, 1.2, 1.5])
    band = {"weeks": WEEKS, "coverage": np.linspace(0, 60, 30), "days": WEEKS[10:18], "path": path}
    fig = figures.by_age({"18 to 24 years": {**band, "ceiling": np.array([70.0, 80.0, 90.0])}}, LEVELS)
    assert "18 to 24 years" in texts(fig) and fig.axes[0].get_ylim() == (0, 100)


def test_risk_draws_reliability_and_says_where_nothing_can_be_ranked():
    rng = np.random.default_rng(0)
    chance = rng.uniform(size=400)
    rows = pd.DataFrame(
        {"chance": chance, "short": (rng.uniform(size=400) < chance) * 1.0, "rule": rng.uniform(size=400)}
    )
    fig = figures.risk({"regions": rows, "districts": rows.assign(short=0.0)})
    said = texts(fig)
    assert "reliability" in said and "all or none ran short" in said
    points = fig.axes[0].collections[0].get_offsets()
    assert np.abs(points[:, 0] - points[:, 1]).max() < 0.2
