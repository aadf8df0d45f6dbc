"""Every known defect of the public vaccine files is met, and the figures that their publishers state come out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops.data import clean_places, clean_population, clean_vaccines
from healthops.data.ledger import Ledger
from healthops.data.schemas import validate

pytestmark = pytest.mark.mirror

ARRIVALS, STATES = "covid19_vaccine_arrivals_peru.csv", "time_series_covid19_vaccine_us.csv"
COVERAGE = "vacunas_covid_rangoedad_owid.csv"


@pytest.fixture(scope="module")
def tables(mirror):
    places = clean_places.clean_places(mirror, Ledger())
    population = clean_population.clean_population(mirror, places, clean_places.gazetteer(places), Ledger())
    found = clean_vaccines.clean_vaccine_tables(mirror, places, population)
    return {name: validate(name, frame) for name, frame in found.items()}


def _rows(tables, source: str, action: str, reason: str = "") -> int:
    ledger = tables["vaccine_ledger"]
    chosen = ledger[(ledger["source"] == source) & (ledger["action"] == action)]
    return int(chosen.loc[chosen["reason"].str.contains(reason, regex=False), "rows"].sum())


def test_ages_add_up_to_the_census(tables):
    ages = tables["population_age"]
    assert ages.groupby("level")["population"].sum().round(3).to_dict() == {
        "department": 29_381_884, "district": 29_381_884, "province": 29_381_884,
    }  # fmt: skip
    assert ages.groupby("level")["ubigeo"].nunique().to_dict() == {"department": 25, "province": 196, "district": 1874}
    departments = ages[ages["level"] == "department"]
    # Table POB2 of the same census: 456,360 under 1, 2,459,071 of 65 and older.
    assert departments.loc[departments["age_low"] == 0, "population"].sum() == 456_360
    assert departments.loc[departments["age_low"] >= 65, "population"].sum() == 2_459_071
    assert set(ages.loc[ages["level"] == "district", "basis"]) == {"assumed"}


def test_priority_groups_are_the_census_from_five_up(tables):
    people = tables["priority_population"].groupby("group")["people"].sum()
    # 5 and older by the census's own table POB8: 26,887,584; 18 and older by POB6: 20,177,555.
    assert people.sum() == pytest.approx(26_887_584, abs=1)
    assert people["children"] == pytest.approx(26_887_584 - 20_177_555, abs=1)
    assert len(tables["priority_population"]) == 4 * 1874


def test_contact_matrices_are_not_reciprocal(tables):
    assert len(tables["contact_matrices"]) == 2 * 5 * 16 * 16
    off = tables["contact_reciprocity"].set_index(["edition", "setting"])
    assert off.loc[("prem_2017", "all"), "imbalance"] == pytest.approx(0.1439, abs=1e-4)
    assert off.loc[("prem_2021", "all"), "imbalance"] == pytest.approx(0.1013, abs=1e-4)
    assert off.loc[("prem_2021", "all"), "pairs_off"] == 100
    assert off["mean_contacts"].between(2, 17).all()


def test_shipments(tables):
    shipments = tables["vaccine_shipments"]
    assert (len(shipments), shipments["doses"].sum()) == (83, 53_331_543)
    assert shipments["arrived"].isna().sum() == _rows(tables, ARRIVALS, "flagged", "no date of arrival") == 15
    repeat = shipments[shipments["repeat_of"].notna()]
    # The one exact repeat is undated, so that nobody can tell it from a second shipment of the same size.
    assert repeat[["shipment", "repeat_of", "doses"]].to_numpy().tolist() == [["S057", "S052", 748_800]]
    assert repeat["arrived"].isna().all()
    undated = shipments[shipments["arrived"].isna()]
    assert set(undated["arrived_from"]) == {pd.Timestamp("2021-08-29")}
    assert set(undated["arrived_to"]) == {pd.Timestamp("2021-10-03")}
    lots = tables["vaccine_lots"]
    assert len(lots) == 82
    vials = lots["doses"] // lots["vial_doses"]
    assert (vials * lots["vial_doses"] == lots["doses"]).all()
    assert 53_331_543 - 748_800 - lots["doses"].sum() < 82 * 10
    assert (lots["expiry_week"] > lots["arrival_week"]).all()


def test_the_stated_box_sizes_fit_the_shipments(tables):
    boxes = tables["vaccine_products"].set_index("product")["box_doses"]
    shipments = tables["vaccine_shipments"]
    whole = (shipments["doses"] % shipments["product"].map(boxes) == 0).groupby(shipments["product"]).mean()
    assert whole["BBIBP-CorV"] == 1 and whole["Tozinamerán"] > 0.7 and whole["AZD1222"] > 0.9


def test_coverage(tables):
    coverage = tables["vaccine_coverage"]
    assert coverage["age_low"].nunique() == 7 and len(coverage) == 7 * 41
    assert (_rows(tables, COVERAGE, "in"), _rows(tables, COVERAGE, "flagged", "without a row")) == (286, 1)
    assert _rows(tables, COVERAGE, "repaired", "no people_vaccinated_per_hundred") == 1
    assert _rows(tables, COVERAGE, "repaired", "no people_fully_vaccinated_per_hundred") == 15
    assert _rows(tables, COVERAGE, "repaired", "fell") == 0
    for column in ("first_pct", "full_pct"):
        assert (coverage.sort_values("week_end").groupby("age_low")[column].diff().dropna() >= 0).all()


def test_the_weeks_of_coverage_are_epidemiological_ones(tables):
    old = tables["vaccine_coverage"].query("age_low == 80").set_index("week_end")["first_pct"]
    # People of 80 and older were invited from Monday 8 March 2021 on: the week that ends on the 13th.
    assert old["2021-03-06"] < 0.05 and old["2021-03-13"] > 1.9


def test_region_doses(tables):
    assert [_rows(tables, STATES, action) for action in ("in", "kept", "set_aside")] == [50_595, 50_224, 371]
    assert _rows(tables, STATES, "set_aside", "repeats an earlier row") == 61
    assert _rows(tables, STATES, "flagged", "cumulative Doses_admin of a state") == 100
    assert _rows(tables, STATES, "flagged", "cumulative Doses_admin of the nation") == 2
    doses = tables["vaccine_region_doses"]
    assert doses.groupby("kind")["region"].nunique().to_dict() == {
        "agency": 5, "nation": 1, "state": 51, "territory": 5,
    }  # fmt: skip
    assert (doses["doses"] >= 0).all()
    end = doses[doses["week_end"] == doses["week_end"].max()].set_index("region")
    # What the file says of the nation on 4 March 2023.
    assert end.loc["US", "doses_total"] == end.loc["US", "reported_total"] == 672_076_105
    # States and territories make up the nation; what federal agencies gave is mostly counted by the states too.
    parts = end.groupby("kind")["doses_total"].sum() / 672_076_105
    assert parts["state"] + parts["territory"] == pytest.approx(1, abs=0.01) and parts["agency"] > 0.04
    assert end["people"].isna().sum() == 5 + 4 and end.loc["01", "people"] == 5_157_699
    sums = doses.groupby("region")["doses"].sum()
    np.testing.assert_allclose(sums, end["doses_total"].reindex(sums.index))


def test_a_campaign_in_every_inhabited_district(tables):
    facilities, uptake = tables["vaccine_facilities"], tables["vaccine_uptake"]
    points = facilities[facilities["kind"] == "vaccination_point"]
    assert points["ubigeo"].nunique() == 1874 and (facilities["kind"] == "regional_store").sum() == 25
    assert uptake["ubigeo"].nunique() == 1874 and len(uptake) == 1874 * 4 * 41
    sessions = tables["vaccine_sessions"]
    assert sessions["people"].sum() == pytest.approx(uptake[["first_doses", "second_doses"]].sum().sum(), rel=1e-4)
    for name in ("vaccine_lots", "vaccine_facilities", "vaccine_sessions", "vaccine_willingness", "vaccine_uptake"):
        assert set(tables[name]["basis"]) == {"assumed"}
