from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.made_campaign import make_campaign
from healthops.allocate.campaign import CampaignError


def with_cell(campaign, table, row, column, value):
    frame = getattr(campaign, table).copy()
    frame[column] = frame[column].astype(object)
    frame.loc[row, column] = value
    return replace(campaign, **{table: frame})


@pytest.fixture(scope="module")
def small():
    return make_campaign(6, weeks=8, regions=2)


@pytest.mark.parametrize(
    ("table", "row", "column", "value", "says"),
    [
        ("lots", 2, "doses", -5.0, "table lots, row 2 .*doses is negative: -5"),
        ("lots", 1, "expires", 0, "row 1 .*expires in week 0.*before it arrives in 2"),
        ("lots", 0, "product", "other", "row 0 .*'other' is not in products"),
        ("districts", 3, "region", "r99", "row 3 .*'r99' is not in regions"),
        ("districts", 3, "delivery_every", 1.5, "whole weeks"),
        ("districts", 0, "vaccinator_doses", float("nan"), "vaccinator_doses is nan"),
        ("people", 5, "district", "d9999", "row 5 .*'d9999' is not in districts"),
        ("people", 7, "willingness", 1.2, "it is a share, at most 1"),
        ("people", 7, "covered", 1e9, "row 7 .*covered"),
        ("products", 0, "doses", 3, "1 or 2 doses"),
        ("products", 0, "interval_weeks", 0, "interval_weeks"),
        ("products", 1, "wastage_factor", 0.9, "wastage rate"),
    ],
)  # fmt: skip
def test_bad_rows_are_named(small, table, row, column, value, says):
    with pytest.raises(CampaignError, match=says):
        with_cell(small, table, row, column, value)


def test_a_district_without_population_is_named(small):
    people = small.people[small.people["district"] != "d0004"]
    with pytest.raises(CampaignError, match="row 4 .*'d0004'.*no population"):
        replace(small, people=people)


def test_supply_above_capacity_is_named(small):
    with pytest.raises(CampaignError, match="supply above capacity: .* fills .* litres.*split the lot"):
        replace(small, national_litres=1.0)


def test_a_missing_column_is_named(small):
    with pytest.raises(CampaignError, match="table regions has no column capacity_litres"):
        replace(small, regions=small.regions[["region"]])


def test_a_key_that_stands_twice_is_named(small):
    import pandas as pd

    with pytest.raises(CampaignError, match="stands there twice"):
        replace(small, lots=pd.concat([small.lots, small.lots.head(1)]))


def test_stock_of_an_unknown_lot_is_named(small):
    import pandas as pd

    with pytest.raises(CampaignError, match="table stock, row 0 .*'lot x' is not in lots"):
        replace(small, stock=pd.DataFrame({"district": ["d0000"], "lot": ["lot x"], "doses": [5.0]}))


def test_worth_by_hand():
    campaign = make_campaign(2, weeks=8, regions=1)
    ahead = 1 - np.arange(9) / 8
    campaign = replace(campaign, burden=np.tile(ahead, (2, 1)))
    risk = campaign.by_group("risk")[1, 2]
    # Two doses, 4 weeks apart: half from week 3 on (5/8 left), 0.9 from week 7 on (1/8 left).
    assert campaign.worth[1, 0, 2, 2] == pytest.approx(risk * (0.5 * 5 / 8 + 0.4 * 1 / 8))
    assert campaign.worth[1, 1, 2, 2] == pytest.approx(risk * 0.7 * 5 / 8)
