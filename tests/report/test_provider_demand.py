"""Every figure of patients' demand draws from small tables and says what stands in them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from healthops.data.schemas import QUANTILE_COLUMNS
from healthops.evaluate.calibration import reliability
from healthops.report import provider_demand_figures as figures
from tests.report.checks import texts


def test_fans_show_hours_days_and_what_came():
    quantiles = pd.DataFrame(np.tile(np.arange(23.0), (48, 1)), columns=list(QUANTILE_COLUMNS))
    when = pd.date_range("2022-01-03", periods=2).repeat(24)
    rows = quantiles.assign(date=when, hour=np.tile(np.arange(24), 2), mean=11.0, observed=12.0)
    fig = figures.arrivals({"One": rows}, {"One": rows.iloc[::24]})
    said = texts(fig)
    assert "One: hours" in said and "patients an hour" in said and "90% interval" in said
    lines = {line.get_label(): line for line in fig.axes[0].lines}
    assert (lines["came"].get_ydata() == 12).all() and len(lines["mean"].get_xdata()) == 48


def test_ratios_stand_at_their_model_and_the_bar_at_its_value():
    scores = pd.DataFrame(
        {"relative_wis": [0.9, 1.0], "relative_wis_low": [0.85, np.nan], "relative_wis_high": [0.95, np.nan]},
        index=["network", "four-week mean"],
    )
    spreads = pd.DataFrame(
        {"ratio": [0.8, 0.9], "low": [0.7, 0.8], "high": [0.9, 1.0]}, index=["four counts", "own errors"]
    )
    fig = figures.relative(scores, spreads, bar=0.85, least=0.87)
    said = texts(fig)
    assert (
        "0.90" in said
        and "asked for: 0.85" in said
        and "least possible at the rates forecast: 0.87" in said
        and "four counts" in said
    )
    asked = [line for line in fig.axes[1].lines if str(line.get_label()).startswith("asked")]
    assert list(asked[0].get_xdata()) == [0.85, 0.85]


def test_errors_by_distance_are_in_order():
    steps = pd.DataFrame({"value": ["10", "2", "1"], "model": "network", "mae": [3.0, 2.0, 1.0]})
    fig = figures.by_distance(steps, steps, ["network"])
    assert list(fig.axes[0].lines[0].get_xdata()) == [1, 2, 10] and list(fig.axes[0].lines[0].get_ydata()) == [1, 2, 3]
    assert "days ahead" in texts(fig)


def test_chances_and_subgroups_show_what_lies_outside():
    rng = np.random.default_rng(1)
    p = rng.uniform(0.05, 0.5, 2000)
    curve = reliability(rng.random(2000) < p, p)
    daily = pd.DataFrame({"came": [0.2, 0.3], "model": [0.25, 0.2]}, index=pd.to_datetime(["2022-01-01", "2022-01-02"]))
    said = texts(figures.chances({"boosting": curve}, daily))
    assert "boosting" in said and "share of no-shows" in said
    table = pd.DataFrame({
        "expected_ratio": [1.0, 0.9], "ratio_low": [0.97, 0.85], "ratio_high": [1.03, 0.95],
        "slope": [1.0, np.nan], "slope_low": [0.9, np.nan], "slope_high": [1.1, np.nan], "true_ratio": [1.0, np.nan],
    })  # fmt: skip
    fig = figures.subgroups(table, ["everybody", "sex: male"], (0.9, 1.1), (0.95, 1.05))
    assert "sex: male" in texts(fig)
    marks = {line.get_label(): line for line in fig.axes[0].lines}
    assert list(marks["outside"].get_xdata()) == [0.9] and list(marks["inside"].get_xdata()) == [1.0]


def test_quantile_plots_lie_on_the_line_of_the_right_law():
    ratio = np.sort(np.random.default_rng(2).lognormal(0, 0.4, 200_000))
    fig = figures.quantile_plots(
        {"general": {"log-normal": ratio, "gamma": ratio}}, {"general": {"log-normal": 0.4, "gamma": 0.42}}
    )
    lines = {line.get_label(): line for line in fig.axes[0].lines}
    right, wrong = (np.abs(lines[k].get_xdata() - lines[k].get_ydata()).max() for k in ("log-normal", "gamma"))
    assert right < 0.06 < wrong
