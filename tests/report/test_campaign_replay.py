"""Tables and figures of a replayed campaign."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from healthops.evaluate.paired import Saving
from healthops.report import campaign_replay_figures as figures
from healthops.report import campaign_replay_tables as tables

WAYS = ("plan", "plan, deaths alone", "first plan", "pro-rata", "oldest first")
SAVINGS = {way: Saving(n - 1.0, n - 2.0, n + 1.0) for n, way in enumerate(WAYS[1:])}


@pytest.fixture(scope="module")
def replayed() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    rows = []
    for scenario in range(4):
        for n, way in enumerate(WAYS):
            for draw in range(3):
                rows.append({"policy": way, "scenario": scenario, "draw": draw, "shocks": "late, cut"})
                rows[-1] |= {column: rng.uniform(1, 2) for column, *_ in tables.MEASURES}
                rows[-1] |= {"deaths": 100.0 + n, "infections": 1000.0 - n, "recalled": 1.0, "lowest_coverage": 0.5}
    return pd.DataFrame(rows)


def test_means_and_who_is_better(replayed):
    mean = tables.measures(replayed)
    assert list(mean.columns) == list(WAYS) and mean.loc["deaths", "pro-rata"] == 103
    assert mean.loc["lowest_coverage"].tolist() == [50.0] * 5
    text = tables.written(mean)
    assert text.loc["deaths"].tolist() == ["100", "101", "102", "103", "104"] and text.shape == (11, 5)
    better = tables.better_on(mean, "pro-rata", "plan")
    assert "infections" in better and "deaths" not in better and "lowest coverage of a place" not in better
    spoilt = replayed.groupby("policy")[["spoilt", "recalled"]].mean().sum(axis=1)
    assert mean.loc["spoilt"].to_dict() == pytest.approx(spoilt.to_dict())


def test_savings_by_scenario_and_by_shock():
    outcomes = {"plan": np.array([[9.0, 9.0], [5.0, 5.0]]), "pro-rata": np.array([[10.0, 10.0], [4.0, 4.0]])}
    assert tables.by_scenario_saving(outcomes, "plan", "pro-rata").tolist() == [10.0, -25.0]
    found = tables.savings(outcomes, "plan", rng=np.random.default_rng(1), draws=50)
    assert list(found) == ["pro-rata"] and found["pro-rata"].estimate == 0
    value = tables.value_by_shock(np.array([1.0, 3.0]), ["none", "late, cut"], ("late", "store")).set_index("kind")
    assert value.loc["late", ["with", "without", "difference"]].tolist() == [3, 1, 2]
    assert value.loc["store", "scenarios"] == 0 and np.isnan(value.loc["store", "with"])


@pytest.mark.parametrize(
    ("low", "high", "said"), [(1, 2, "below"), (26, 30, "above"), (11, 20, "within"), (5, 20, "overlapping")]
)
def test_beside_a_published_range(low, high, said):
    assert tables.against_published(Saving((low + high) / 2, low, high), 10, 25) == said


def test_figures(replayed):
    weeks = pd.DataFrame(
        {"policy": np.repeat(WAYS, 6), "week_end": np.tile(pd.date_range("2021-05-22", periods=6, freq="7D"), 5)}
    )
    weeks = weeks.assign(deaths_so_far=np.arange(30.0), deaths_so_far_low=0.0, deaths_so_far_high=40.0,
                         first_doses=1e4, second_doses=1e3)  # fmt: skip
    shares = {"deaths": dict.fromkeys(WAYS, 0.2), "infections": dict.fromkeys(WAYS, 0.2)}
    saved = np.array([1.0, -1.0, 2.0, 0.5])
    made = [
        figures.forest({"deaths": SAVINGS, "infections": SAVINGS}, published=[(10, 25, "published")]),
        figures.best_shares(shares),
        figures.deaths(weeks, banded=("plan", "pro-rata"), base="pro-rata"),
        figures.doses(weeks),
        figures.shocks(saved, ["none", "late", "store", "late, store"], other="under the first plan"),
        figures.regions({"north": SAVINGS["pro-rata"], "south": SAVINGS["oldest first"]}, other="pro-rata"),
        figures.transmission(np.array([3.0, 2.0, 2.5, 2.2]), {"pro-rata": saved}, np.full(4, 0.1)),
    ]
    for fig in made:
        fig.canvas.draw()
        assert all(ax.get_xlabel() or ax.get_ylabel() or ax.get_title(loc="left") + ax.get_title() for ax in fig.axes)
        plt.close(fig)
    dots = [line for line in figures.regions({"north": SAVINGS["pro-rata"]}, other="pro-rata").axes[0].lines]
    assert [line.get_xdata()[0] for line in dots if line.get_marker() == "o"] == [SAVINGS["pro-rata"].estimate]
    plt.close("all")
