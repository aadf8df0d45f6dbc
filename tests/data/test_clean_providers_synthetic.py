"""The cleaner finds what the simulator planted in the clinics' files; the simulator's own record is the judge."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops.data.clean_providers import clean_provider_tables
from healthops.data.epiweek import week_end
from healthops.data.errors import DataError
from healthops.data.holiday_calendar import public_holidays
from healthops.data.raw_layout import CLINIC_FILES, RAW_PATHS
from healthops.data.schemas import TABLES, validate
from healthops.data.synthetic_appointments import LAW, Law
from healthops.data.synthetic_providers import write_providers
from healthops.workspace import Workspace

END = week_end(2023, 22)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clinics")
    planted = write_providers(Workspace("smoke"), folder, END)
    tables = clean_provider_tables(folder, np.random.default_rng(1), providers=1)
    counts = {name.removeprefix("provider_"): entry["count"] for name, entry in planted.items()}
    return counts, {name: validate(name, frame) for name, frame in tables.items()}, folder


def _rows(made, table: str, action: str, reason: str = "") -> int:
    ledger = made[1]["provider_ledger"]
    chosen = ledger[(ledger["table"] == table) & (ledger["action"] == action)]
    return int(chosen.loc[chosen["reason"].str.contains(reason, regex=False), "rows"].sum())


def test_the_tables_are_those_that_public_data_make(made):
    assert set(made[1]) <= set(TABLES) and all(len(frame) for frame in made[1].values())


@pytest.mark.parametrize(
    ("name", "table", "action", "reason"),
    [
        ("hours_twice", "hourly_arrivals", "repaired", "shows twice"),
        ("hours_silent", "hourly_arrivals", "flagged", "without a row"),
        ("arrivals_repeated", "hourly_arrivals", "set_aside", "repeats an earlier row"),
        ("booked_after", "appointments", "set_aside", "booked after the day"),
        ("ages_negative", "appointments", "set_aside", "age below 0"),
        ("appointments_repeated", "appointments", "set_aside", "repeats an earlier row"),
        ("patients_odd", "appointments", "flagged", "not whole"),
        ("patients_without", "patients", "set_aside", "has no appointment"),
        ("unskilled", "providers", "set_aside", "no skill"),
        ("windows_of_unskilled", "provider_availability", "set_aside", "no skill"),
        ("windows_overlapping", "provider_availability", "set_aside", "overlaps"),
        ("windows_negative", "provider_availability", "set_aside", "closes before it opens"),
        ("requests_repeated", "provider_requests", "set_aside", "repeats an earlier row"),
        ("durations_negative", "service_times", "set_aside", "took no time"),
        ("visits_repeated", "service_times", "set_aside", "repeats an earlier row"),
    ],
)
def test_what_was_planted_is_found(made, name, table, action, reason):
    assert _rows(made, table, action, reason) == made[0][name] > 0


def test_nothing_else_is_set_aside(made):
    aside = {"arrivals_repeated", "booked_after", "ages_negative", "appointments_repeated", "patients_without",
             "unskilled", "windows_of_unskilled", "windows_overlapping", "windows_negative", "requests_repeated",
             "durations_negative", "visits_repeated"}  # fmt: skip
    ledger = made[1]["provider_ledger"]
    assert ledger.loc[ledger["action"] == "set_aside", "rows"].sum() == sum(made[0][name] for name in aside)


def test_skipped_hours_are_in_the_table(made):
    hours = made[1]["hourly_arrivals"]
    assert (hours["status"] == "skipped").sum() == made[0]["hours_skipped"] > 0
    assert (hours.groupby(["clinic", "service", "date"])["hour"].size() == 24).all()
    # A year of 365 or 366 days has as many hours, whatever the clock does, if it is put forward and back once.
    whole = hours[hours["date"].between("2022-01-01", "2022-12-31")]
    assert set(whole.groupby(["clinic", "service"])["elapsed_h"].sum()) == {365 * 24}


def test_arrivals_depend_on_hour_day_weather_and_fairs(made):
    hours = made[1]["hourly_arrivals"].query("status == 'complete' and service == 'emergency'")
    by_hour = hours.groupby("hour")["arrivals"].mean()
    assert by_hour[[10, 11, 12]].min() > 3 * by_hour[[1, 2, 3]].max()
    by_day = hours.groupby(hours["date"].dt.day_of_week)["arrivals"].mean()
    assert by_day.idxmax() == 0 and by_day.idxmin() == 6
    # More than Poisson: the variance within an hour of a clinic is above its mean.
    within = hours["arrivals"].astype(float).groupby([hours["clinic"], hours["hour"]]).agg(["mean", "var"]).sum()
    assert within["var"] > 1.05 * within["mean"]
    cold = made[1]["hourly_arrivals"].query("status == 'complete' and service == 'paediatrics'")
    months = cold.groupby(cold["date"].dt.month)["arrivals"].mean()
    assert months[[6, 7, 8]].mean() > 1.15 * months[[12, 1, 2]].mean()


def test_no_shows_follow_the_law_and_it_is_calibrated(made):
    frame = made[1]["appointments"].merge(made[1]["no_show_law"], on="appointment", validate="one_to_one")
    assert len(frame) == len(made[1]["appointments"])
    for _, group in [("all", frame), *frame.groupby("sex"), *frame.groupby("welfare"), *frame.groupby("reminder")]:
        chance = group["no_show_probability"]
        sd = np.sqrt((chance * (1 - chance)).sum())
        assert abs(group["no_show"].sum() - chance.sum()) < 4 * sd
    assert frame["no_show_probability"].std() > 0.05


def test_history_strictly_before_the_booking_moves_the_law_and_later_history_does_not(made):
    """Rebuild the log-odds from the table: after what else the law reads, only the history known at booking is left."""
    frame = made[1]["appointments"].merge(made[1]["no_show_law"], on="appointment")
    # Patients whose number was spoilt have lost theirs.
    frame = frame[frame["patient"].str.fullmatch(r"\d+")]
    pairs = frame.merge(frame[["patient", "date", "no_show", "appointment"]], on="patient", suffixes=("", "_other"))
    known = (
        pairs[pairs["date_other"] < pairs["booked_date"]].groupby("appointment")["no_show_other"].agg(["sum", "size"])
    )
    frame = frame.join(known, on="appointment").fillna({"sum": 0, "size": 0})
    past = (frame["sum"] + LAW.weight * LAW.typical) / (frame["size"] + LAW.weight)
    weekday = frame["date"].dt.day_of_week
    rest = (
        np.log(frame["no_show_probability"] / (1 - frame["no_show_probability"])) - LAW.intercept
        - LAW.same_day * (frame["lead_days"] == 0) - LAW.lead * np.log1p(frame["lead_days"])
        - LAW.reminder * frame["reminder"] - LAW.welfare * frame["welfare"]
        - LAW.young * frame["age_years"].between(15, 29) - LAW.old * (frame["age_years"] >= 60)
        - LAW.ends_of_week * weekday.isin([0, 4]) - LAW.history * (past - LAW.typical)
    )  # fmt: skip
    # What is left is the neighbourhood's own, the same for all six of its number.
    spread = rest.groupby(frame["neighbourhood"].str.split().str[-1]).agg(["min", "max"])
    assert (spread["max"] - spread["min"]).max() < 2e-3 and len(spread) == 6 and rest.std() > 0.05
    assert frame["size"].gt(0).any()


def test_a_law_draws_shares_towards_the_typical():
    law = Law(typical=0.2, weight=2.0)
    assert law.past(0, 0) == 0.2 and law.past(3, 3) == pytest.approx(3.4 / 5)


def test_clinics_keep_their_rules(made):
    frame = made[1]["appointments"]
    free = set(pd.to_datetime(list(public_holidays("PE", frame["booked_date"].min().date(), END.astype(object)))))
    for column in ("date", "booked_date"):
        assert (frame[column].dt.day_of_week < 5).all() and not frame[column].isin(free).any()
    assert not frame.loc[frame["lead_days"] < 3, "reminder"].any() and frame["reminder"].any()
    same = frame[frame["lead_days"] == 0]
    assert (same["booked_minute"] < same["start_minute"]).all() and 0.2 < len(same) / len(frame) < 0.5
    assert not frame.duplicated(["provider", "date", "start_minute"]).any()
    able = set(made[1]["provider_skills"][["provider", "service"]].itertuples(index=False, name=None))
    assert set(frame[["provider", "service"]].itertuples(index=False, name=None)) <= able


def test_patients_come_when_they_prefer(made):
    frame = made[1]["appointments"].merge(made[1]["patients"], on="patient")
    start = frame.groupby("prefers")["start_minute"].mean()
    assert start["morning"] + 60 < start["any"] < start["afternoon"] - 60
    wished = frame[frame["preferred_provider"].notna()]
    assert (wished["provider"] == wished["preferred_provider"]).mean() > 0.25


def test_visits_are_of_appointments_that_were_kept(made):
    visits = made[1]["service_times"].dropna(subset="appointment").merge(
        made[1]["appointments"], on="appointment", suffixes=("", "_booked")
    )  # fmt: skip
    came = (~made[1]["appointments"]["no_show"]).sum()
    assert len(visits) == came and not visits["no_show"].any()
    assert (visits["provider"] == visits["provider_booked"]).all() and (visits["date"] == visits["date_booked"]).all()


def test_the_same_seed_gives_the_same_bytes(made, tmp_path):
    write_providers(Workspace("smoke"), tmp_path, END)
    for name in CLINIC_FILES:
        assert (tmp_path / RAW_PATHS[name]).read_bytes() == (made[2] / RAW_PATHS[name]).read_bytes(), name


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("appointments", 0, "data: appointments must be a whole number above 0, not 0"),
        ("clinics", 9, "data: clinics is 9; there are 3"),
        ("providers", None, "data: providers must be a whole number above 0, not None"),
        ("providers", 5, "5 providers for the services .* are too few"),
    ],
)
def test_a_scenario_that_cannot_be_is_refused(tmp_path, option, value, message):
    ws = Workspace("smoke")
    ws.scenario.data[option] = value
    with pytest.raises(DataError, match=message):
        write_providers(ws, tmp_path, END)
