from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.made_campaign import make_campaign
from healthops.allocate.campaign import CampaignError
from healthops.allocate.campaign_days import daily_doses, given_in_districts, group_shares, make_bridge
from healthops.allocate.campaign_plan import dose_table
from healthops.allocate.campaign_policies import pro_rata


@pytest.fixture(scope="module")
def campaign():
    return make_campaign(8, weeks=8, regions=2, seed=1)


@pytest.fixture(scope="module")
def doses(campaign):
    return dose_table(pro_rata(campaign))


SHARES = np.array([[0.5, 0.5, 0.0], [0.25, 0.25, 0.5], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])


def test_by_hand():
    """Two districts of a region, ten doses a day from Monday to Friday, halves of a group in each age group."""
    campaign = make_campaign(2, weeks=8, regions=1, groups=2)
    first, second = campaign.groups
    bridge = make_bridge(campaign, groups=["young", "old"], shares=np.array([[0.5, 0.5], [0.0, 1.0]]))
    rows = [("d0000", first, 3, 1, 30.0), ("d0001", first, 3, 1, 10.0), ("d0001", second, 3, 2, 10.0)]
    table = pd.DataFrame(rows, columns=["district", "group", "week", "dose", "doses"])
    got = daily_doses(bridge, table, [2, 3])
    assert got.shape == (14, 1, 2, 2) and got[:8].sum() == 0 and got[13].sum() == 0
    assert got[8:13, 0, :, 0].tolist() == [[4, 4]] * 5
    assert got[8:13, 0, :, 1].tolist() == [[0, 2]] * 5


@pytest.mark.parametrize("shares", [None, SHARES])
def test_whole_doses_stay_near_the_plan(campaign, doses, shares):
    groups = None if shares is None else ["young", "middle", "old"]
    bridge = make_bridge(campaign, groups=groups, shares=shares)
    got = daily_doses(bridge, doses, range(8))
    assert got.dtype == np.int64 and (got >= 0).all()
    region = doses["district"].map(dict(zip(campaign.districts["district"], campaign.districts["region"], strict=True)))
    for r, name in enumerate(bridge.regions):
        for dose in (1, 2):
            mine = doses[(region == name) & (doses["dose"] == dose)]
            assert abs(got[:, r, :, dose - 1].sum() - mine["doses"].sum()) <= 0.5 + 1e-6
            by_group = mine.groupby("group")["doses"].sum().reindex(campaign.groups, fill_value=0.0).to_numpy()
            by_group = by_group if shares is None else by_group @ shares
            assert np.abs(got[:, r, :, dose - 1].sum(axis=0) - by_group).max() <= 1 + 1e-6


def test_the_model_takes_them_and_gives_them_back(campaign, doses):
    from healthops.simulate import epidemic

    bridge = make_bridge(campaign)
    people = np.round(bridge.by_region(campaign.by_group("population"))).astype(int)
    assert people.sum() == campaign.people["population"].sum()
    model = epidemic.Epidemic(
        bridge.regions, bridge.groups, people, np.full((4, 4), 2.0), 0.02, 3.0, 5.0, np.full(4, 0.01)
    )
    state = epidemic.start(model, draws=3, seed=1, infected=np.full_like(people, 5))
    period = epidemic.advance(model, state, 7, daily_doses(bridge, doses, [0]))
    assert (period.unused == 0).all()
    back = given_in_districts(bridge, doses, 0, period.given[0])
    planned = doses[doses["week"] == 0]
    assert back["doses"].sum() == pytest.approx(planned["doses"].sum(), rel=1e-3)
    half = given_in_districts(bridge, doses, 0, period.given[0] / 2)
    assert half["doses"].sum() == pytest.approx(period.given[0].sum() / 2, rel=1e-3)


def test_shares_of_ages_add_up_to_the_groups():
    ages = pd.DataFrame({"age_low": [0, 5, 18, 60], "age_high": [4, 17, 59, 89], "population": [50.0, 130, 420, 100]})
    names, shares = group_shares(ages, [(0, 17), (18, 59), (60, None)])
    by_name = dict(zip(names, shares.round(6).tolist(), strict=True))
    # 2 % of 420 work in health, and 100 are 60 and older.
    assert by_name["older_and_health_workers"] == pytest.approx([0, 8.4 / 108.4, 100 / 108.4], abs=1e-6)
    assert by_name["children"] == [1, 0, 0] and by_name["adults"] == [0, 1, 0]
    with pytest.raises(CampaignError, match="'older_and_health_workers' twice or not at all"):
        group_shares(ages, [(0, 17), (18, 59)])


def test_what_does_not_fit_is_named(campaign, doses):
    with pytest.raises(CampaignError, match="'d0001' has no region"):
        make_bridge(campaign, region_of={"d0000": "x"})
    with pytest.raises(CampaignError, match=r"shares have shape \(2, 3\)"):
        make_bridge(campaign, groups=["a", "b", "c"], shares=np.ones((2, 3)))
    with pytest.raises(CampaignError, match="are no parts of 1"):
        make_bridge(campaign, groups=["a", "b", "c"], shares=SHARES * 2)
    bridge = make_bridge(campaign)
    with pytest.raises(CampaignError, match="seven weights"):
        daily_doses(bridge, doses, [0], days=[1, 1])
    with pytest.raises(CampaignError, match="district 'x' is not in the bridge"):
        daily_doses(bridge, doses.assign(district="x"), [0])
