"""A campaign from tables: a tiny country by hand, the smoke country, and what does not fit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops.allocate.campaign import CampaignError
from healthops.allocate.campaign_check import check_plan
from healthops.allocate.campaign_plan import plan_campaign, plan_tables
from healthops.allocate.campaign_policies import pro_rata
from healthops.allocate.campaign_tables import TABLES, campaign_from_tables, expected_wastage, part_of
from healthops.allocate.wastage import binomial_sizes, open_vials
from healthops.data.schemas import TABLES as SCHEMAS

START = "2021-03-06"
WEEKS = pd.to_datetime(["2021-02-20", "2021-02-27", "2021-03-06"])


def frame(table: str, **columns) -> pd.DataFrame:
    """A table with these columns, the others of its schema empty."""
    out = pd.DataFrame(columns)
    return out.assign(**{c: None for c in SCHEMAS[table].columns if c not in out})


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    """Two districts, two groups; 30 + 60 first doses in the two weeks before the start, and 20 second ones."""
    codes, groups = ["010101", "010102"], ["adults", "older_and_health_workers"]
    pairs = [(c, g) for c in codes for g in groups]
    weekly = [(c, g, w) for c, g in pairs for w in WEEKS]
    first = {WEEKS[0]: 7.5, WEEKS[1]: 15.0, WEEKS[2]: 99.0}
    second = {WEEKS[0]: 0.0, WEEKS[1]: 5.0, WEEKS[2]: 99.0}
    return {
        "places": frame("places", ubigeo=["01", *codes], level=["department", "district", "district"],
                        population=[2000.0, 1000.0, 1000.0], poverty_pct=[20.0, 10.0, 40.0]),
        "priority_population": frame("priority_population", ubigeo=[c for c, _ in pairs], group=[g for _, g in pairs],
                                     people=[700.0, 300.0, 600.0, 400.0]),
        "vaccine_products": frame("vaccine_products", product=["a", "a", "b"], vial_doses=[10, 5, 1],
                                  box_doses=[100, 30, 50], cm3_per_dose=[2.0, 4.0, 8.0], course_doses=[2, 2, 1],
                                  interval_days=[21, 21, 0]),
        "vaccine_lots": frame("vaccine_lots", lot=["l1", "l2", "l3", "l4"], product=["a", "a", "b", "b"],
                              vial_doses=[10, 5, 1, 1], doses=[300.0, 100.0, 200.0, 70.0],
                              arrival_week=WEEKS[[0, 2, 2, 0]],
                              expiry_week=pd.to_datetime(["2021-05-01", "2021-05-01", "2021-06-26", "2021-02-27"])),
        "vaccine_facilities": frame("vaccine_facilities", facility=["N", "R01", "P1", "P2", "P3"],
                                    kind=["national_store", "regional_store", *["vaccination_point"] * 3],
                                    ubigeo=["010101", "010101", "010101", "010102", "010102"],
                                    parent=[None, "N", "R01", "R01", "R01"],
                                    cold_chain_litres=[900.0, 90.0, 5.0, 3.0, 4.0], vaccinators=[0, 0, 2, 1, 1]),
        "vaccine_sessions": frame("vaccine_sessions", facility=["P1", "P2", "P1"], week_end=WEEKS,
                                  sessions=[2, 4, 1], people=[10.0, 60.0, 999.0]),
        "vaccine_willingness": frame("vaccine_willingness", ubigeo=[c for c, _ in pairs], group=[g for _, g in pairs],
                                     willing_share=[0.8, 0.9, 0.7, 0.6]),
        "vaccine_uptake": frame("vaccine_uptake", ubigeo=[c for c, _, _ in weekly], group=[g for _, g, _ in weekly],
                                week_end=[w for *_, w in weekly], first_doses=[first[w] for *_, w in weekly],
                                second_doses=[second[w] for *_, w in weekly]),
    }  # fmt: skip


def test_a_tiny_country_by_hand(tables):
    made = campaign_from_tables(tables, start=START, weeks=10, efficacy={"a": (0.5, 0.9), "b": (0.7, 0.7)})
    c = made.campaign
    assert c.groups == ["older_and_health_workers", "adults"]
    assert made.week_ends[[0, -1]].astype(str).tolist() == ["2021-03-06", "2021-05-08"]
    assert c.by_group("population").tolist() == [[300, 700], [400, 600]]
    assert c.by_group("willingness").tolist() == [[0.9, 0.8], [0.6, 0.7]]
    assert (c.by_group("covered") == 22.5).all()
    assert c.districts[["capacity_litres", "vaccinator_doses", "vulnerable"]].to_numpy().tolist() == [
        [5.0, 600.0, False],
        [7.0, 600.0, True],
    ]
    assert c.regions.to_numpy().tolist() == [["R01", 90.0]] and c.national_litres == 900
    # 110 doses: lot 4 expires first; it serves 30 of the first week and 40 of the second, single doses without waste.
    product = c.products.set_index("product")
    assert product["interval_weeks"].to_dict() == {"a": 3, "b": 0}
    used = 40 * product.loc["a", "wastage_factor"]
    lots = c.lots.set_index("lot")
    assert lots["doses"].to_dict() == pytest.approx({"l1": 300 - used, "l2": 100.0, "l3": 200.0})
    assert lots[["arrives", "expires"]].to_numpy().tolist() == [[-2, 8], [0, 8], [0, 16]]
    # Means of 5 and 15 people; 300 of 400 doses to come are in vials of 10; a box of 300 is whole in both.
    rate = {v: expected_rate(v) for v in (10, 5)}
    assert product.loc["a", "wastage_factor"] == pytest.approx(0.75 * rate[10] + 0.25 * rate[5], rel=1e-9)
    assert product.loc["a", "litres_per_dose"] == pytest.approx(0.0025)
    assert product.loc["a", "box_doses"] == 300
    # 40 of the 80 first doses of the second week were of product a, a quarter in each cell: of those who wait for a
    # second dose (17.5 a cell) 15 had the first then, and 2.5 a week before, when all was of product b.
    assert c.due.groupby("week")["courses"].sum().to_dict() == pytest.approx({2.0: 4 * 15 * 0.5})
    assert made.unexplained == 0


def expected_rate(vial: int) -> float:
    people = {5.0: 10.0, 15.0: 60.0}
    opened = sum(n * open_vials(binomial_sizes(round(4 * m), 0.25), vial).factor for m, n in people.items())
    return opened / sum(people.values())


def test_presentations_apart(tables):
    c = campaign_from_tables(tables, start=START, weeks=10, apart=True).campaign
    assert list(c.products["product"]) == ["a (10)", "a (5)", "b (1)"]
    assert c.products["box_doses"].tolist() == [100, 30, 50]
    assert c.lots["product"].tolist() == ["a (10)", "a (5)", "b (1)"]


def test_wastage_by_district(tables):
    out = expected_wastage(
        tables["vaccine_sessions"].head(2), tables["vaccine_facilities"], tables["vaccine_products"]
    ).set_index(["ubigeo", "vial_doses"])
    # The table of Lee and others for binomial sessions: mean 5 and 15, vials of 5 and 10.
    assert out.loc[("010101", 5), "rate"] == pytest.approx(0.277, abs=5e-4)
    assert out.loc[("010101", 10), "rate"] == pytest.approx(0.50, abs=5e-3)
    assert out.loc[("010102", 5), "rate"] == pytest.approx(0.118, abs=5e-4)
    assert out.loc[("010102", 10), "rate"] == pytest.approx(0.238, abs=5e-4)
    assert (out.loc[(slice(None), 1), "rate"] == 0).all()


def without(tables, name, code):
    return tables | {name: tables[name][tables[name]["ubigeo"] != code]}


@pytest.mark.parametrize("name", ["places", "vaccine_facilities", "vaccine_willingness", "vaccine_uptake"])
def test_a_place_that_a_table_lacks_is_named(tables, name):
    with pytest.raises(CampaignError, match=f"district '010102' has people .* is not in {name}: add it to {name}"):
        campaign_from_tables(without(tables, name, "010102"), start=START)


@pytest.mark.parametrize("name", ["places", "vaccine_facilities", "vaccine_willingness", "vaccine_uptake"])
def test_a_place_that_only_a_table_has_is_named(tables, name):
    there = tables[name].iloc[[-1]].assign(ubigeo="999999", facility="P9")[list(tables[name].columns)]
    extra = tables | {name: pd.concat([tables[name].astype(object), there.astype(object)], ignore_index=True)}
    with pytest.raises(CampaignError, match=f"district '999999' is in {name} and has nobody in priority_population"):
        campaign_from_tables(extra, start=START)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t | {"vaccine_lots": t["vaccine_lots"].assign(vial_doses=7)}, "lot 'l1' has vials of 7 doses"),
        (lambda t: t | {"vaccine_willingness": t["vaccine_willingness"].iloc[1:]}, "group 'adults' of district"),
        (lambda t: t | {"vaccine_sessions": t["vaccine_sessions"].assign(facility="P9")}, "facility 'P9'"),
        (lambda t: t | {"vaccine_sessions": t["vaccine_sessions"].iloc[2:]}, "no session before .*give session_size"),
        (lambda t: t | {"places": t["places"].drop(columns="poverty_pct")}, "table places has no column poverty_pct"),
        (lambda t: {k: v for k, v in t.items() if k != "vaccine_lots"}, "table vaccine_lots is missing"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(tables, change, says):
    with pytest.raises(CampaignError, match=says):
        campaign_from_tables(change(tables), start=START)


def test_other_bad_input_is_named(tables):
    with pytest.raises(CampaignError, match="give the Saturday"):
        campaign_from_tables(tables, start="2021-03-07")
    with pytest.raises(CampaignError, match="efficacy has no product 'b'"):
        campaign_from_tables(tables, start=START, efficacy={"a": (0.5, 0.9)})
    with pytest.raises(CampaignError, match="risk has no .*'adults'"):
        campaign_from_tables(tables, start=START, risk=pd.Series({"older_and_health_workers": 1.0}))
    with pytest.raises(CampaignError, match="'x' is not in the campaign"):
        part_of(campaign_from_tables(tables, start=START).campaign, ["x"])


def test_the_smoke_country_can_be_planned(tmp_path):
    from healthops.data import clean, clean_vaccines, synthetic
    from healthops.workspace import Workspace

    synthetic.write_raw(Workspace("smoke"), tmp_path)
    first = clean.clean_tables(tmp_path)
    cleaned = clean_vaccines.clean_vaccine_tables(tmp_path, first["places"], first["population"])
    tables = {name: (first | cleaned)[name] for name in TABLES}
    whole = campaign_from_tables(tables, start="2021-04-03", weeks=16, efficacy=(0.5, 0.9)).campaign
    assert whole.shape == (54, 2, 4, 16)
    assert whole.people["population"].sum() == pytest.approx(cleaned["priority_population"]["people"].sum())
    c = part_of(whole, list(whole.districts["district"][:12]))
    assert c.lots["doses"].sum() == pytest.approx(whole.lots["doses"].sum() * c.willing.sum() / whole.willing.sum())
    plan = plan_campaign(c, stages=("floor", "benefit"), tolerance=1e-5)
    assert check_plan(c, plan_tables(plan), floor=plan.floor) == []
    rule = pro_rata(c)
    assert check_plan(c, plan_tables(rule), floor=rule.floor) == []
    assert np.isfinite(plan.benefit) and plan.floor >= rule.floor
