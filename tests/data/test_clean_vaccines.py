"""Cleaning the vaccine files of a tiny country: every number checked by hand, every fault named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops.data import clean, clean_ages, clean_contacts, clean_vaccines
from healthops.data.clean_shipments import clean_shipments
from healthops.data.errors import DataError, RawFileError
from healthops.data.ledger import Ledger
from healthops.data.place_names import Gazetteer
from healthops.data.raw_layout import RAW_PATHS
from healthops.data.schemas import validate
from tests.data import tiny_vaccines as tiny


def cleaned(raw) -> dict[str, pd.DataFrame]:
    first = clean.clean_tables(raw)
    return clean_vaccines.clean_vaccine_tables(raw, first["places"], first["population"])


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    found = cleaned(tiny.write_raw(tmp_path_factory.mktemp("raw")))
    return {name: validate(name, frame) for name, frame in found.items()}


def _rows(tables, source: str, action: str, reason: str = "") -> int:
    ledger = tables["vaccine_ledger"]
    chosen = ledger[(ledger["source"] == source) & (ledger["action"] == action)]
    return int(chosen.loc[chosen["reason"].str.contains(reason, regex=False), "rows"].sum())


# ---- ages ----------------------------------------------------------------------------------------------------------
def test_ages_of_each_level(tables):
    ages = tables["population_age"]
    count = ages.groupby("ubigeo")["age_low"].count()
    # 99 single years, 7 bands of this sheet; the district without people has bands too.
    assert count.to_dict() == {"01": 99, "0101": 7, "010101": 7, "010102": 7, "02": 99, "0201": 7, "020101": 7,
                               "020102": 7}  # fmt: skip
    assert set(ages.loc[ages["level"] == "district", "basis"]) == {"assumed"}
    assert set(ages.loc[ages["level"] != "district", "basis"]) == {"data"}
    assert ages.groupby("level")["population"].sum().to_dict() == {
        "department": 1300,
        "district": 1300,
        "province": 1300,
    }
    puerto = ages[ages["ubigeo"] == "010101"].set_index("age_low")["population"]
    assert puerto.to_dict() == {0: 18, 1: 72, 5: 90, 10: 90, 15: 90, 20: 450, 65: 90}
    single = ages[ages["ubigeo"] == "01"].set_index("age_low")
    assert single.loc[[0, 1, 2, 20, 98], "population"].tolist() == [20, 80, 0, 500, 0]
    assert pd.isna(single.loc[98, "age_high"]) and single.loc[97, "age_high"] == 97


def test_every_line_of_the_census_is_accounted_for(tables):
    name = "census_data.xlsx"
    assert _rows(tables, name, "in") == len(tiny.CENSUS) == 340
    assert _rows(tables, name, "kept") == 2 * 99 + 2 * 7
    assert _rows(tables, name, "set_aside", "subtotal of single years") == 2 * 6
    assert _rows(tables, name, "set_aside", "ages of the country") == 105
    assert _rows(tables, name, "flagged", "no ages of the 4 districts") == 1


def test_a_province_with_the_rank_of_a_department_gets_both(tmp_path):
    census = [("PROV. CONSTITUCIONAL DEL COSTA RICA", 1000), *tiny.singles(tiny.COAST), ("DISTRITO PUERTO", 1000)]
    tiny.write_raw(tmp_path, census=census)
    names = {"01": ("COSTA RICA",), "0101": ("COSTA RICA", "COSTA RICA"),
             "010101": ("COSTA RICA", "COSTA RICA", "PUERTO")}  # fmt: skip
    districts, ledger = pd.DataFrame({"ubigeo": ["010101"], "population": [1000.0]}), Ledger()
    ages = clean_ages.clean_population_age(tmp_path, Gazetteer(names), districts, ledger)
    ledger.check()
    by_place = ages.groupby("ubigeo")["population"]
    assert by_place.count().to_dict() == {"01": 99, "0101": 7, "010101": 7}
    assert by_place.sum().to_dict() == {"01": 1000, "0101": 1000, "010101": 1000}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((("De 5 a 9 años", 100), ("De 5 a 9 años", 101)), "ages of COSTA RICA .*add up to 1001, its people are 1000"),
        ((("De 5 a 9 años", 100), ("De 6 a 9 años", 100)), "ages of COSTA RICA .*leave a gap or overlap"),
        ((("De 5 a 9 años", 100), ("De 5 a 9 años", "x")), r"column 'Total', line \d+: 'x' is not a number of people"),
        ((("19 años", 0), ("19 años", 1)), "the ages of PERU add up to 1301, its people are 1300"),
    ],
)
def test_a_fault_in_the_ages_is_named(tmp_path, change, message):
    census = list(tiny.CENSUS)
    census[census.index(change[0])] = change[1]
    with pytest.raises(RawFileError, match=f"census_data.xlsx.*{message}"):
        cleaned(tiny.write_raw(tmp_path, census=census))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (tiny.AGES.replace("\n7,10", ""), "ages must run 0, 1, 2"),
        (tiny.AGES.replace("84+", "84"), "ages must run 0, 1, 2"),
        (tiny.AGES.replace("\n7,", "\nseven,"), "column 'group_name', line 9: 'seven' is not an age such as 7"),
    ],
)
def test_a_fault_in_the_age_distribution_is_named(tmp_path, text, message):
    with pytest.raises(RawFileError, match=f"age_distribution.csv.*{message}"):
        cleaned(tiny.write_raw(tmp_path, age_distribution=text))


# ---- contacts ------------------------------------------------------------------------------------------------------
def test_contacts_and_how_far_they_are_from_reciprocal(tables):
    assert len(tables["contact_matrices"]) == 2 * 5 * 256
    one = tables["contact_reciprocity"].set_index(["edition", "setting"]).loc[("prem_2017", "home")]
    # Equal contacts of unequal ages: bands of 50 people, the last one of 250.
    assert one["mean_contacts"] == pytest.approx(16)
    assert one["imbalance"] == pytest.approx(15 * 200 / (15 * 300 + 105 * 100))
    assert one["worst_pair"] == pytest.approx(200 / 150)
    assert one["pairs_off"] == 15
    assert _rows(tables, "prem_2021/contacts_matrix_home.csv", "flagged", "not reciprocal") == 16


def test_reciprocal_contacts_are_said_to_be():
    people = np.arange(1.0, 17)
    mutual = np.add.outer(people, people)
    found = clean_contacts.reciprocity(mutual / people[:, None], people)
    assert found["imbalance"] == pytest.approx(0, abs=1e-12) and found["pairs_off"] == 0
    assert found["mean_contacts"] == pytest.approx(mutual.sum() / people.sum())


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "contacts_prem_2021_home",
            tiny.matrix(size=15),
            "line 1: 16 contacts per day, 0 or more, are needed; it has 15",
        ),
        ("contacts_prem_2021_home", tiny.matrix() + tiny.matrix()[:32], "16 x 16 ages is needed; it has 17 lines"),
        ("contacts_prem_2017_work", "a" + tiny.matrix()[1:], "line 1: not numbers only"),
        ("contacts_prem_2017_work", "-1" + tiny.matrix()[1:], "line 1: 16 contacts per day, 0 or more"),
        (
            "contacts_prem_2017_all",
            "5" + tiny.matrix(4.0)[1:],
            "line 1, column 1: 5 contacts, but the settings .* add up to 4",
        ),
    ],
)
def test_a_faulty_matrix_is_named(tmp_path, name, text, message):
    with pytest.raises(RawFileError, match=f"contacts_matrix_.*{message}"):
        cleaned(tiny.write_raw(tmp_path, **{name: text}))


# ---- shipments -----------------------------------------------------------------------------------------------------
def test_shipments_keep_every_row(tables):
    shipments = tables["vaccine_shipments"].set_index("shipment")
    assert shipments["doses"].tolist() == [1000, 1000, 605, 300, 605, 500]
    assert shipments["repeat_of"].fillna("").tolist() == ["", "S001", "", "", "S003", ""]
    assert shipments["arrived"].isna().tolist() == [False, False, True, True, True, False]
    undated = shipments.loc[["S003", "S004", "S005"]]
    assert set(undated["arrived_from"]) == {pd.Timestamp("2021-02-07")}
    assert set(undated["arrived_to"]) == {pd.Timestamp("2021-02-15")}
    assert shipments.loc["S004", ["manufacturer", "donor"]].tolist() == ["Oxford-AstraZeneca", "España"]
    assert shipments["covax"].tolist() == [False, False, True, False, True, False]
    name = "covid19_vaccine_arrivals_peru.csv"
    assert (_rows(tables, name, "in"), _rows(tables, name, "kept")) == (6, 6)
    assert _rows(tables, name, "flagged", "no date of arrival") == 3
    assert _rows(tables, name, "flagged", "with the same date") == 1
    assert _rows(tables, name, "flagged", "undated, so that it may be a second") == 1


def test_without_an_order_of_dates_nothing_is_said_of_undated_ones(tmp_path):
    text = tiny.ARRIVALS.replace("500,2021-02-15", "500,2021-02-01")
    shipments = clean_shipments(tiny.write_raw(tmp_path, vaccine_arrivals=text), Ledger())
    assert shipments.loc[2:4, ["arrived_from", "arrived_to"]].isna().all(axis=None)
    with pytest.raises(DataError, match="shipment S003 has no date and no dated neighbours; give it a date"):
        cleaned(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("1000,2021", "-5,2021"), "column 'cantidad', line 2: '-5' is not a whole number from 1"),
        (("2021-02-15", "15/02/2021"), "column 'fecha_de_llegada', line 7: '15/02/2021' is not a date"),
        (("2021-02-15", "2021-11-13"), "line 7: 2021-11-13 is after the file's last update"),
        (("FALSE", "maybe"), "column 'covax', line 2: 'maybe' is not one of"),
        (("AZD1222", "Sputnik"), "column 'vacuna', line 5: 'Sputnik' is not in campaign.yaml"),
        (("AZD1222", "NA"), "column 'vacuna', line 5: 'NA' is not the name of a vaccine"),
    ],
)
def test_a_faulty_shipment_is_named(tmp_path, change, message):
    text = tiny.ARRIVALS.replace(*change, 1)
    with pytest.raises(RawFileError, match=f"covid19_vaccine_arrivals_peru.csv.*{message}"):
        cleaned(tiny.write_raw(tmp_path, vaccine_arrivals=text))


# ---- coverage ------------------------------------------------------------------------------------------------------
def test_coverage_is_a_grid_that_never_falls(tables):
    coverage = tables["vaccine_coverage"]
    weeks = pd.to_datetime(["2021-02-13", "2021-02-20", "2021-02-27", "2021-03-06"])
    young, old = (coverage[coverage["age_low"] == low] for low in (0, 18))
    assert list(young["week_end"]) == list(old["week_end"]) == list(weeks)
    assert old["first_pct"].tolist() == [1, 5, 5, 20]
    assert old["first_status"].tolist() == ["reported", "corrected", "corrected", "reported"]
    assert old["full_pct"].tolist() == [0, 0, 1, 2]
    assert young["first_pct"].tolist() == [0, 0.5, 0.5, 0.7]
    assert young["first_status"].tolist() == ["carried", "reported", "carried", "reported"]
    name = "vacunas_covid_rangoedad_owid.csv"
    assert (_rows(tables, name, "in"), _rows(tables, name, "kept")) == (7, 7)
    assert _rows(tables, name, "repaired", "no people_fully_vaccinated") == 3
    assert _rows(tables, name, "repaired", "no people_vaccinated") == 1
    assert _rows(tables, name, "repaired", "people_vaccinated_per_hundred fell") == 1
    assert _rows(tables, name, "flagged", "without a row") == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("2021-02-14", "2021-02-15"), "column 'sunday', line 2: '2021-02-15' is not a Sunday"),
        (("2021-02-14,18", "2021-02-21,18"), "line 4: .*an age group and week occurs twice"),
        ((",20,", ",200,"), "line 8: '200' is not a number from 0 to 120"),
        (("2021-02-28,0,17", "2021-02-28,0,16"), "the group from age 0 has several upper ages"),
        (
            ("2021-02-21,0,17,0.5,NA\nX,", "2021-02-21,5,17,0.5,NA\nX,"),
            "age 5 is in 2 age groups, not in one",
        ),
    ],
)
def test_faulty_coverage_is_named(tmp_path, change, message):
    text = tiny.COVERAGE.replace(*change, 1)
    with pytest.raises(DataError, match=message):
        cleaned(tiny.write_raw(tmp_path, vaccine_coverage=text))


# ---- doses by region -----------------------------------------------------------------------------------------------
def test_region_doses_by_week(tables):
    doses = tables["vaccine_region_doses"]
    assert doses["region"].tolist() == ["01", "01"] and set(doses["kind"]) == {"state"}
    assert list(doses["week_end"]) == list(pd.to_datetime(["2021-01-02", "2021-01-09"]))
    assert doses["doses_total"].tolist() == [10, 70] and doses["doses"].tolist() == [10, 60]
    assert doses["falls"].tolist() == [0, 2]
    assert doses["people"].tolist() == [5000, 5000]
    assert [_rows(tables, "locations.csv", action) for action in ("in", "kept", "set_aside")] == [2, 1, 1]
    name = "time_series_covid19_vaccine_us.csv"
    assert [_rows(tables, name, action) for action in ("in", "kept", "set_aside")] == [9, 6, 3]
    assert _rows(tables, name, "set_aside", "repeats an earlier row") == 1
    assert _rows(tables, name, "set_aside", "after the last whole week") == 2
    assert _rows(tables, name, "flagged", "cumulative Doses_admin of a state") == 1
    # The two days of the fall.
    assert _rows(tables, name, "repaired") == 2


def test_regions_are_told_by_their_uid(tmp_path):
    lines = [(840, ""), (84000051, "Virginia"), (84070021, "Veterans"), (630, "Puerto Rico")]
    rows = "".join(f"2021-01-02,{uid},{name},US,1,1,0,0\n" for uid, name in lines)
    found = cleaned(tiny.write_raw(tmp_path, doses_by_state=tiny.STATES_HEADER + rows))["vaccine_region_doses"]
    kinds = dict(zip(found["region"], found["kind"], strict=True))
    assert kinds == {"US": "nation", "51": "state", "A21": "agency", "72": "territory"}
    bad = tiny.STATES_HEADER + "2021-01-02,99,Nowhere,US,1,1,0,0\n"
    with pytest.raises(RawFileError, match="column 'UID', line 2: '99' is not the UID of a state"):
        cleaned(tiny.write_raw(tmp_path, doses_by_state=bad))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("2021-01-02,84000001,Alabama,US,10,10", "2021-01-02,84000001,Alabama,US,11,10"),
         r"line 4: 2021-01-02 of Alabama occurs twice with different counts"),
        (("Alabama", "Alaska"), "region 01 has several names"),
        ((",60,60", ",-60,60"), "column 'Doses_admin', line 7: '-60' is not a whole number from 0"),
        (("2021-01-05", "5 January"), "column 'Date', line 5: '5 January' is not a date"),
    ],
)  # fmt: skip
def test_faulty_region_doses_are_named(tmp_path, change, message):
    text = tiny.STATES.replace(*change, 1)
    with pytest.raises(RawFileError, match=f"time_series_covid19_vaccine_us.csv.*{message}"):
        cleaned(tiny.write_raw(tmp_path, doses_by_state=text))


# ---- what is derived -----------------------------------------------------------------------------------------------
def test_priority_groups_of_a_district(tables):
    people = tables["priority_population"].set_index(["ubigeo", "group"])["people"]
    # Puerto's 15 to 19 are 15 by the department's single years, its 20 to 64 are 20, its 65 and older 65.
    assert people.loc["010101"].round(6).to_dict() == {
        "adults": 0.78 * 450, "adults_at_risk": 0.2 * 450, "children": 270, "older_and_health_workers": 90 + 0.02 * 450,
    }  # fmt: skip
    assert people.sum() == pytest.approx(1300 - 125)


def test_lots_of_the_shipments(tables):
    lots = tables["vaccine_lots"].set_index("lot")
    assert lots.index.tolist() == ["L001", "L003", "L004", "L006"]
    assert lots["doses"].tolist() == [1000, 600, 300, 500]
    # Two undated shipments between the 7th and the 15th; the third is a repeat.
    assert [str(day.date()) for day in lots["arrived"]] == ["2021-02-07", "2021-02-10", "2021-02-12", "2021-02-15"]
    one = lots.loc["L003"]
    assert (str(one["arrival_week"].date()), str(one["expires"].date())) == ("2021-02-13", "2021-06-25")
    assert str(one["expiry_week"].date()) == "2021-06-19"
    assert set(lots["basis"]) == {"assumed"}
    name = "covid19_vaccine_arrivals_peru.csv (lots)"
    assert [_rows(tables, name, a) for a in ("in", "kept", "set_aside", "repaired", "flagged")] == [6, 4, 2, 1, 2]


def test_facilities(tables):
    facilities = tables["vaccine_facilities"].set_index("facility")
    assert facilities["kind"].value_counts().to_dict() == {
        "vaccination_point": 3, "regional_store": 2, "national_store": 1,
    }  # fmt: skip
    assert facilities.loc["N", "ubigeo"] == "010101" and pd.isna(facilities.loc["N", "parent"])
    assert facilities.loc["P010102-1", "parent"] == "R01"
    assert facilities.loc[["R01", "R02"], "people_served"].tolist() == [1000, 300]


def test_products_and_assumptions(tables):
    assert set(tables["vaccine_products"]["product"]) == {"AZD1222", "BBIBP-CorV", "Tozinamerán"}
    stated = tables["vaccine_assumptions"]
    assert stated["source"].str.strip().ne("").all()
    assert stated["assumption"].any() and not stated["assumption"].all()


# ---- what somebody recorded ----------------------------------------------------------------------------------------
LOTS = (
    "lot,shipment,product,vial_doses,doses,arrived,expires\n"
    "A,S001,Tozinamerán,6,600,2021-02-07,2021-06-01\n"
    "A,S001,Tozinamerán,6,600,2021-02-07,2021-06-01\n"
    "B,S006,AZD1222,10,100,2021-02-15,2021-08-28\n"
)


def test_recorded_lots_go_before_derived_ones(tmp_path):
    tables = cleaned(tiny.write_raw(tmp_path, vaccine_lots=LOTS))
    lots = validate("vaccine_lots", tables["vaccine_lots"])
    assert lots["lot"].tolist() == ["A", "B"] and set(lots["basis"]) == {"data"}
    assert str(lots["expiry_week"].iloc[1].date()) == "2021-08-28"
    assert [_rows(tables, "vaccine_lots.csv", a) for a in ("in", "kept", "set_aside")] == [3, 2, 1]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("vaccine_lots", LOTS.replace("2021-08-28", "2021-02-01"), "line 4: lot 'B' expires before it arrives"),
        ("vaccine_lots", LOTS.replace("B,S006", "A,S006"), "line 4: {'lot': 'A'} occurs twice"),
        ("vaccine_lots", LOTS.replace("S006", "S060"), "line 4: 'S060' is not a known shipment"),
        ("vaccine_lots", LOTS.replace("10,100", "10,105"), "line 4: lot 'B' is not in whole vials"),
        ("vaccine_lots", LOTS.replace("10,100", "8,160"), "line 4: lot 'B' is in a vial that its product does not"),
        ("vaccine_lots", LOTS.replace("10,100", "10,-100"), "column 'doses', line 4: '-100' is not a whole number"),
        ("vaccine_facilities", "facility,kind,ubigeo,parent,people_served,cold_chain_litres,vaccinators\n"
         "P,vaccination_point,010101,R,10,5,1\n", "line 2: facility 'P' has no parent"),
        ("vaccine_facilities", "facility,kind,ubigeo,parent,people_served,cold_chain_litres,vaccinators\n"
         "N,national_store,990101,,10,5,1\n", "line 2: '990101' is not a known ubigeo"),
        ("vaccine_willingness", "ubigeo,group,willing_share\n010101,adults,1.5\n", "'1.5' is not a number from 0 to 1"),
        ("vaccine_willingness", "ubigeo,group,willing_share\n010101,pets,0.5\n", "'pets' is not one of"),
        ("vaccine_sessions", "facility,week_end,sessions,people\nP9,2021-02-13,1,5\n", "'P9' is not a known facility"),
        ("vaccine_uptake", "ubigeo,group,week_end,demand,first_doses,second_doses\n010101,adults,2021-02-14,1,1,1\n",
         "'2021-02-14' is not a Saturday"),
    ],
)  # fmt: skip
def test_a_faulty_record_is_named(tmp_path, name, text, message):
    with pytest.raises(RawFileError, match=f"{RAW_PATHS[name].name}.*{message}"):
        cleaned(tiny.write_raw(tmp_path, **{name: text}))
