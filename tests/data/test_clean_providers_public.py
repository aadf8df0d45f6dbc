"""Every known defect of the public arrivals and appointments is met, and what the files say comes out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops.data.clean_arrivals import read_iowa
from healthops.data.clean_providers import clean_provider_tables
from healthops.data.raw_layout import RAW_PATHS
from healthops.data.schemas import validate

pytestmark = pytest.mark.mirror

APPOINTMENTS, ARRIVALS = "KaggleV2-May-2016.csv.zip", "uihc_ed_arrivals.RData"


@pytest.fixture(scope="module")
def tables(mirror):
    found = clean_provider_tables(mirror, np.random.default_rng(1), providers=50)
    return {name: validate(name, frame) for name, frame in found.items()}


@pytest.fixture(scope="module")
def iowa(mirror):
    return read_iowa(mirror / RAW_PATHS["hourly_arrivals"])


def _rows(tables, source: str, action: str, reason: str = "") -> int:
    ledger = tables["provider_ledger"]
    chosen = ledger[(ledger["source"] == source) & (ledger["action"] == action)]
    return int(chosen.loc[chosen["reason"].str.contains(reason, regex=False), "rows"].sum())


# ---- arrivals ----------------------------------------------------------------------------------------------------
def test_arrivals_are_those_of_the_file(tables, iowa):
    hours = tables["hourly_arrivals"]
    assert len(hours) == len(iowa) == 41_640 and hours["arrivals"].tolist() == iowa["Arrivals"].astype(int).tolist()
    assert (hours["date"].min(), hours["date"].max()) == (pd.Timestamp("2013-07-01"), pd.Timestamp("2018-03-31"))
    # 57 degrees Fahrenheit are 13.89 Celsius.
    assert hours["arrivals"].mean() == pytest.approx(6.6275, abs=1e-4)
    assert hours["temp_c"].iloc[0] == 13.89 and hours["temp_c"].between(-29, 29).all()


def test_the_clock_of_iowa_was_put_forward_and_back(tables):
    hours = tables["hourly_arrivals"]
    skipped, twice = hours[hours["elapsed_h"] == 0], hours[hours["elapsed_h"] == 2]
    # The second Sunday of March and the first of November, by the Energy Policy Act of 2005.
    assert skipped["date"].dt.strftime("%Y-%m-%d").tolist() == [
        "2014-03-09", "2015-03-08", "2016-03-13", "2017-03-12", "2018-03-11",
    ]  # fmt: skip
    assert twice["date"].dt.strftime("%Y-%m-%d").tolist() == [
        "2013-11-03", "2014-11-02", "2015-11-01", "2016-11-06", "2017-11-05",
    ]  # fmt: skip
    assert set(skipped["hour"]) == {2} and set(twice["hour"]) == {1}
    assert skipped["arrivals"].sum() == 0 and set(skipped["status"]) == {"skipped"}
    # Both hours are in the one row: about twice what comes from one to two o'clock.
    usual = hours[(hours["hour"] == 1) & (hours["elapsed_h"] == 1)]["arrivals"].mean()
    assert 1.5 < twice["arrivals"].mean() / usual < 3
    assert _rows(tables, ARRIVALS, "flagged", "skips") == _rows(tables, ARRIVALS, "flagged", "one row") == 5


def test_quarter_is_fiscal(tables, iowa):
    assert set(iowa.loc[iowa["Month"] == 7, "Quarter"].astype(str)) == {"Q1"}
    assert set(iowa.loc[iowa["Month"] == 3, "Quarter"].astype(str)) == {"Q3"}
    assert _rows(tables, ARRIVALS, "flagged", "fiscal") == 41_640


def test_holidays_and_games_are_those_that_the_file_marks(tables, iowa):
    calendar = tables["clinic_calendar"].query("clinic == 'iowa'").set_index("date")
    marks = {"xmas": "Christmas Day", "nyd": "New Year's Day", "thx": "Thanksgiving Day", "ind": "Independence Day"}
    for column, name in marks.items():
        theirs = sorted(set(iowa.loc[iowa[column] == 1, "Date"]))
        ours = calendar.index[calendar["recorded"] & (calendar["holiday"] == name)]
        assert theirs == ours.to_list() and len(theirs) == 5
    assert calendar["event"].sum() == 35
    assert calendar["day_hours"].value_counts().to_dict() == {24: len(calendar) - 10, 23: 5, 25: 5}
    assert (~calendar["recorded"]).sum() == 57 and calendar.index[-1] == pd.Timestamp("2018-05-27")


# ---- appointments ------------------------------------------------------------------------------------------------
def test_appointments_that_cannot_be_are_set_aside(tables):
    assert [_rows(tables, APPOINTMENTS, action) for action in ("in", "kept", "set_aside")] == [110_527, 110_521, 6]
    assert _rows(tables, APPOINTMENTS, "set_aside", "age below 0") == 1
    assert _rows(tables, APPOINTMENTS, "set_aside", "booked after the day") == 5
    # 38,568 look booked after the appointment; five of them are.
    assert _rows(tables, APPOINTMENTS, "flagged", "looks booked after") == 38_568 - 5
    assert _rows(tables, APPOINTMENTS, "flagged", "not whole") == 5


def test_appointments_are_those_of_the_file(tables):
    frame = tables["appointments"]
    # The file says Yes 22,319 times and has 62,299 numbers of patients; of the six rows set aside, five say Yes.
    assert frame["no_show"].sum() == 22_319 - 5 and frame["patient"].nunique() in range(62_299 - 6, 62_300)
    assert frame["date"].nunique() == 27 and frame["neighbourhood"].nunique() == 81
    assert frame["handicaps"].value_counts().to_dict().keys() == {0, 1, 2, 3, 4}
    assert not frame.loc[frame["lead_days"] < 3, "reminder"].any() and frame["reminder"].any()
    assert frame["provider"].isna().all() and frame["start_minute"].isna().all()
    assert frame["booked_minute"].between(6 * 60, 22 * 60).all()
    assert frame.groupby("patient")["sex"].nunique().max() == 1


def test_no_appointment_is_on_a_holiday_of_its_place(tables):
    calendar = tables["clinic_calendar"].query("clinic == 'vitoria'").set_index("date")
    assert calendar.loc["2016-05-26", "holiday"] == "Corpus Christi"
    assert calendar.loc[tables["appointments"]["date"].unique(), "holiday"].isna().all()
    # Brazil put the clock back on 21 February 2016, at midnight: 23 o'clock of the 20th came twice.
    assert calendar.index[calendar["day_hours"] == 25].tolist() == [pd.Timestamp("2016-02-20")]


# ---- what nobody publishes -----------------------------------------------------------------------------------------
def test_staff_is_assumed_and_says_so(tables):
    for name in ("providers", "provider_skills", "provider_availability", "provider_requests", "patients",
                 "service_times", "shift_types"):  # fmt: skip
        assert set(tables[name]["basis"]) == {"assumed"}, name
    assert len(tables["no_show_law"]) == 0 and len(tables["providers"]) == 50
    assert set(tables["patients"]["patient"]) == set(tables["appointments"]["patient"])
    visits = tables["service_times"]
    assert visits["clinic"].value_counts().to_dict() == {"iowa": 12_000, "vitoria": 12_000}
    came = tables["appointments"].query("not no_show")
    assert set(visits["appointment"].dropna()) <= set(came["appointment"])
    monday = tables["provider_availability"].groupby(
        tables["provider_availability"]["provider"].map(tables["providers"].set_index("provider")["clinic"])
    )["date"].agg(["min", "max"])  # fmt: skip
    assert monday.loc["iowa"].tolist() == [pd.Timestamp("2018-04-02"), pd.Timestamp("2018-05-27")]
    assert tables["provider_assumptions"]["source"].str.len().gt(9).all()
