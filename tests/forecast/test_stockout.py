"""Stockout risk: what counts as running short is counted by loops, chances use the past alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops.forecast import stockout
from healthops.forecast.demand import DemandError
from tests.forecast.made_demand import depleting, group_table


@pytest.fixture(scope="module")
def made():
    return depleting(20, 60, noise=0.5, share=0.06, seed=4)[0]


def test_a_region_runs_short_if_more_come_than_last_month_and_the_reserve(made):
    risks = stockout.of_regions(made, weeks=2, reserve=0.1)
    for at in (5, 100, 300):
        row = risks.rows.iloc[at]
        p, t = made.places.index(row["place"]), made.at([row["week_end"]])[0]
        hand = 1.1 * made.pace[p, t - 3 : t + 1].mean()
        assert row["short"] == float(made.pace[p, t + 1 : t + 3].mean() > hand)
    assert risks.rows.loc[risks.rows["week_end"] == pd.Timestamp(made.weeks[-1]), "short"].isna().all()


def test_a_district_runs_short_if_too_many_of_the_coming_demand_get_none():
    table = group_table()
    risks = stockout.of_districts(table, weeks=3, unmet_share=0.25)
    people = np.exp(table["log_people"]) / 100
    table = table.assign(wanted=table["wanted_per_100_lag_0"] * people, given=table["first_per_100_lag_0"] * people)
    for at in (3, 40, 90):
        row = risks.rows.iloc[at]
        later = table[(table["ubigeo"] == row["place"]) & (table["week_end"] > row["week_end"])
                      & (table["week_end"] <= row["week_end"] + pd.Timedelta(weeks=3))]  # fmt: skip
        assert row["short"] == float(1 - later["given"].sum() / later["wanted"].sum() >= 0.25)
    with pytest.raises(DemandError, match="assumed rows"):
        stockout.of_districts(group_table("assumed"), weeks=3, unmet_share=0.25)


def test_chances_do_not_know_later_weeks_and_rank_what_can_be_ranked(made):
    risks = stockout.of_regions(made, weeks=2, reserve=0.1)
    first, last = made.weeks[35], made.weeks[50]
    judged = stockout.rolling(risks, first, last, weeks=2, every=8, seed=0)
    assert judged["week_end"].min() > pd.Timestamp(first) and judged["week_end"].max() <= pd.Timestamp(last)
    block = judged[judged["week_end"] <= pd.Timestamp(first) + pd.Timedelta(weeks=8)]
    rows = risks.rows.assign(
        short=risks.rows["short"].where(risks.rows["week_end"] <= pd.Timestamp(first) - pd.Timedelta(weeks=2), 1.0)
    )
    planted = stockout.Risks(rows, risks.x, risks.names, risks.about)
    again = stockout.rolling(planted, first, first + np.timedelta64(56, "D"), weeks=2, every=8, seed=0)
    assert np.array_equal(again["chance"], block["chance"])
    # In this campaign one noisy high week is followed by lower ones: that much can be known.
    assert stockout.score(judged)["roc_auc"] > 0.6


def test_scores_are_those_of_a_count():
    judged = pd.DataFrame({
        "short": [1.0, 0.0, 1.0, 0.0, np.nan], "chance": [0.9, 0.1, 0.4, 0.6, 0.5],
        "rule": [4.0, 3.0, 2.0, np.nan, 0.0], "base": 0.5,
    })  # fmt: skip
    found = stockout.score(judged)
    assert found["tasks"] == 4 and found["base_rate"] == 0.5
    assert found["roc_auc"] == 0.75 and found["rule_roc_auc"] == pytest.approx(0.625)
    assert found["brier"] == pytest.approx((0.01 + 0.01 + 0.36 + 0.36) / 4) and found["brier_base"] == 0.25
    assert found["pr_auc"] == pytest.approx((1 + 2 / 3) / 2)
    with pytest.raises(DemandError, match="no place-week to score"):
        stockout.score(judged.iloc[4:])


def test_nothing_to_tell_apart_is_said(made):
    risks = stockout.of_regions(made, weeks=2, reserve=0.1)
    never = stockout.Risks(risks.rows.assign(short=0.0), risks.x, risks.names, risks.about)
    with pytest.raises(DemandError, match="too little to tell apart"):
        stockout.fit(never, made.weeks[-1], weeks=2, seed=0)
    with pytest.raises(DemandError, match="no place-week lies between"):
        stockout.rolling(risks, "2030-01-05", "2030-03-02", weeks=2, every=4, seed=0)
