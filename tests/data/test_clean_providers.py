"""Cleaning of clinics' files, by hand: what is set aside is accounted for, what cannot be is an error with a name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops.data import clean_staff, staff
from healthops.data.campaign_rules import Rules
from healthops.data.clean_appointments import read_zipped
from healthops.data.clean_arrivals import read_iowa
from healthops.data.clean_providers import clean_provider_tables, run
from healthops.data.errors import DataError, RawFileError
from healthops.data.provider_rules import load_provider_rules
from healthops.data.schemas import SchemaError, validate
from healthops.workspace import Workspace
from tests.data import tiny_clinics
from tests.data.tiny_clinics import APPOINTMENTS, ARRIVALS, FILES, edited


@pytest.fixture
def clean(tmp_path):
    def _clean(**changed: str) -> dict[str, pd.DataFrame]:
        found = clean_provider_tables(tiny_clinics.write(tmp_path, **changed), np.random.default_rng(1), providers=2)
        return {name: validate(name, frame) for name, frame in found.items()}

    return _clean


def rows(tables, table: str, action: str, reason: str = "") -> int:
    ledger = tables["provider_ledger"]
    chosen = ledger[(ledger["table"] == table) & (ledger["action"] == action)]
    return int(chosen.loc[chosen["reason"].str.contains(reason, regex=False), "rows"].sum())


def added(name: str, line: str) -> dict[str, str]:
    return {name: FILES[name] + line + "\n"}


def test_what_is_right_is_kept(clean):
    tables = clean()
    assert not rows(tables, "appointments", "set_aside") and not rows(tables, "provider_availability", "set_aside")
    assert set(tables["providers"]["basis"]) == {"data"} and set(tables["shift_types"]["basis"]) == {"assumed"}
    first = tables["appointments"].iloc[0]
    assert (first["lead_days"], first["booked_minute"], first["start_minute"]) == (14, 570, 480)
    assert first["welfare"] and not first["no_show"] and first["sex"] == "female"
    assert tables["no_show_law"]["no_show_probability"].tolist() == [0.1, 0.2, 0.3]
    assert tables["patients"]["preferred_provider"].isna().tolist() == [False, True]
    visits = tables["service_times"]
    assert visits["appointment"].isna().tolist() == [False, True] == visits["late_minutes"].isna().tolist()


def test_the_calendar_reaches_to_the_end_of_the_weeks_to_plan(clean):
    days = clean()["clinic_calendar"].set_index("date")
    # From the first booking to eight weeks from the Monday after the last record, 4 April 2023.
    assert (days.index[0], days.index[-1]) == (pd.Timestamp("2023-03-20"), pd.Timestamp("2023-06-04"))
    assert days["day_hours"].value_counts().to_dict() == {24: 76, 25: 1}
    assert days.loc["2023-04-01", "day_hours"] == 25 and days.loc["2023-04-02", "event"]
    assert days.loc["2023-04-07", "holiday"] == "Good Friday" and days["holiday"].notna().sum() == 4
    assert days[days["recorded"]].index.tolist() == list(pd.date_range("2023-04-01", "2023-04-04"))


# ---- hours that the clock skips or shows twice ---------------------------------------------------------------
def test_an_hour_that_the_clock_shows_twice_is_one_row_of_two_hours(clean):
    tables = clean()
    hours = tables["hourly_arrivals"].set_index(["date", "hour"])
    assert len(hours) == 48 and hours["elapsed_h"].sum() == 49
    # Both rows say 1 + 23 % 3 = 3 arrivals and are equal in every cell; neither is a repeat.
    assert hours.loc[("2023-04-01", 23), ["arrivals", "elapsed_h"]].tolist() == [6, 2]
    assert rows(tables, "hourly_arrivals", "repaired", "shows twice") == 2
    assert rows(tables, "hourly_arrivals", "set_aside") == 0


def test_one_row_for_two_hours_is_noted(clean):
    tables = clean(**edited("clinic_arrivals", "costa,emergency,2023-04-01,23,3,33\n", ""))
    hours = tables["hourly_arrivals"].set_index(["date", "hour"])
    assert hours.loc[("2023-04-01", 23), ["arrivals", "elapsed_h"]].tolist() == [3, 2]
    assert rows(tables, "hourly_arrivals", "flagged", "one row for the hour") == 1


def test_an_hour_that_the_clock_skips_lasts_no_time(clean):
    # On Sunday 11 September 2022 midnight became one o'clock.
    spring = ARRIVALS.replace("2023-04-01,23", "2023-04-01,22", 1).replace("2023-04-02", "2022-09-11")
    lines = [line for line in spring.splitlines(keepends=True) if "2023" not in line]
    without = "".join(line for line in lines if ",2022-09-11,0," not in line)
    for text in (without, "".join(lines).replace("2022-09-11,0,1,", "2022-09-11,0,0,")):
        hours = clean(clinic_arrivals=text)["hourly_arrivals"]
        assert (len(hours), hours["elapsed_h"].sum()) == (24, 23)
        assert hours.loc[0, ["arrivals", "elapsed_h", "status"]].tolist() == [0, 0, "skipped"]
    with pytest.raises(
        RawFileError, match=r"clinic_arrivals\.csv, line 2: hour .*0.* was skipped by the clock of costa"
    ):
        clean(clinic_arrivals="".join(lines))


def test_an_hour_without_a_row_is_missing_not_zero(clean):
    tables = clean(**edited("clinic_arrivals", "costa,emergency,2023-04-01,5,3,15\n", ""))
    hours = tables["hourly_arrivals"].set_index(["date", "hour"])
    assert pd.isna(hours.loc[("2023-04-01", 5), "arrivals"]) and hours.loc[("2023-04-01", 5), "status"] == "missing"
    assert rows(tables, "hourly_arrivals", "flagged", "without a row") == 1


def test_a_repeated_hour_is_set_aside_and_a_contradiction_refused(clean):
    tables = clean(**added("clinic_arrivals", "costa,emergency,2023-04-02,4,2,14"))
    assert rows(tables, "hourly_arrivals", "set_aside", "repeats") == 1
    for line in ("costa,emergency,2023-04-02,4,3,14", "costa,emergency,2023-04-01,23,3,33"):
        with pytest.raises(
            RawFileError, match=r"clinic_arrivals\.csv, line 51: hour .* occurs once more than the clock"
        ):
            clean(**added("clinic_arrivals", line))


# ---- appointments ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("14,2,costa,general,P1,2023-04-05T09:00,2023-04-04,480,70,male,COSTA 2,0,0,0,0,0,0,1", "booked after the day"),
        ("14,2,costa,general,P1,2023-04-01T09:00,2023-04-04,480,-1,male,COSTA 2,0,0,0,0,0,0,1", "age below 0"),
        (APPOINTMENTS.splitlines()[1], "repeats an earlier row in every cell"),
    ],
)
def test_appointments_that_cannot_be_are_set_aside(clean, line, reason):
    tables = clean(**added("clinic_appointments", line))
    assert len(tables["appointments"]) == 3 and rows(tables, "appointments", "in") == 4
    assert rows(tables, "appointments", "set_aside", reason) == 1 == rows(tables, "appointments", "set_aside")


def test_an_appointment_booked_on_its_day_is_kept(clean):
    tables = clean()
    assert tables["appointments"].set_index("appointment").loc["12", "lead_days"] == 0


def test_odd_numbers_and_likeness_are_noted(clean):
    twin = APPOINTMENTS.splitlines()[1].replace("11,", "15,", 1)
    odd = APPOINTMENTS.splitlines()[2].replace("12,2,", "16,2E-5,", 1)
    tables = clean(**added("clinic_appointments", f"{twin}\n{odd}"))
    assert len(tables["appointments"]) == 5
    assert rows(tables, "appointments", "flagged", "in all but its number") == 1
    assert rows(tables, "appointments", "flagged", "not whole") == 1
    assert rows(tables, "appointments", "flagged", "more than one handicap") == 2


# ---- staff ---------------------------------------------------------------------------------------------------------
def test_a_provider_with_no_skill_goes_with_all_that_is_said_of_it(clean):
    tables = clean(
        **added("clinic_providers", "P3,costa,36,0,5,2,2,2"),
        **added("clinic_availability", "P3,2023-04-10,420,840"),
        **added("clinic_requests", "P3,2023-04-11,on,early,1"),
        **added("clinic_service_times", "V3,,costa,emergency,P3,2023-04-01,40,,0,"),
        **edited("clinic_appointments", "general,P2", "general,P3"),
        **edited("clinic_patients", "morning,P1", "morning,P3"),
    )
    for name in ("providers", "provider_availability", "provider_requests", "service_times"):
        assert rows(tables, name, "set_aside", "provider with no skill") == 1
        assert "P3" not in set(tables[name]["provider"])
    for name, column in (("appointments", "provider"), ("patients", "preferred_provider")):
        assert rows(tables, name, "repaired", "names a provider with no skill") == 1
        assert "P3" not in set(tables[name][column])


def test_windows_that_overlap_are_merged_and_those_that_touch_are_not(clean):
    # P1's first window ends at 07:00 of the second day, where the second begins; the third overlaps the second's end.
    tables = clean(
        **added("clinic_availability", "P1,2023-04-12,400,500\nP2,2023-04-10,500,600\nP2,2023-04-11,840,400")
    )
    windows = tables["provider_availability"]
    assert windows[["provider", "start_minute", "end_minute"]].values.tolist() == [
        ["P1", 420, 1860], ["P1", 420, 1440 + 500], ["P2", 420, 840],
    ]  # fmt: skip
    assert rows(tables, "provider_availability", "set_aside", "overlaps") == 2
    assert rows(tables, "provider_availability", "set_aside", "closes before it opens") == 1


def test_durations_of_nothing_or_less_are_set_aside(clean):
    tables = clean(**added("clinic_service_times", "V3,12,costa,general,P1,2023-04-03,-12,0,1,70\n"
                                                   "V4,13,costa,general,P1,2023-04-04,0,0,0,34"))  # fmt: skip
    assert (
        rows(tables, "service_times", "set_aside", "took no time, or less") == 2 and len(tables["service_times"]) == 2
    )


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("clinics", "/Santiago", "/Nowhere", "line 2: time_zone 'America/Nowhere' is not in the tz database"),
        ("clinics", ",PE", ",XX", "column 'holiday_calendar', line 2: 'XX' is not one of"),
        ("clinic_events", "costa", "sierra", r"column 'clinic', line 2: 'sierra' is not a known clinic \(costa\)"),
        ("clinic_arrivals", ",0,1,10", ",24,1,10", "column 'hour', line 2: '24' is not a whole number from 0 to 23"),
        ("clinic_arrivals", ",0,1,10", ",0,-1,10", "column 'arrivals', line 2: '-1' is not a whole number from 0 up"),
        ("clinic_arrivals", "emergency", "Emergency!", "line 2: service 'Emergency!' is not a name of small letters"),
        ("clinic_arrivals", "2023-04-01", "1 April", "column 'date', line 2: '1 April' is not a date"),
        ("clinic_appointments", "T09:30", " noon", "column 'booked_at', line 2: '2023-03-20 noon' is not a moment"),
        ("clinic_appointments", "480,34", "480,134", "column 'age_years', line 2: '134' is not a whole number"),
        ("clinic_appointments", "0,2,0,1\n", "0,5,0,1\n", "column 'handicaps', line 3: '5' is not a whole number"),
        ("clinic_appointments", "\n13,1,", "\n12,1,", "line 4: appointment 12 occurs twice with different contents"),
        ("clinic_providers", "36,1,5,2", "36,1,1,2", "line 2: provider 'P1' must work longer stretches than it may"),
        ("clinic_skills", "P2,general", "P9,general", "column 'provider', line 4: 'P9' is not a known provider"),
        ("clinic_appointments", "P2,2023", "P9,2023", "appointment 13 is of the provider 'P9', who is not known"),
        ("clinic_skills", "P2,general", "P2,surgery", "column 'service', line 4: 'surgery' is not a known service"),
        ("clinic_availability", "P2,", "P7,", "column 'provider', line 4: 'P7' is not a known provider"),
        ("clinic_requests", "off,night", "off,any", "line 2: shift 'any' does not fit its kind"),
        ("clinic_service_times", "V1,11", "V1,99", "column 'appointment', line 2: '99' is not a known appointment"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_file_column_and_line(clean, name, old, new, message):
    with pytest.raises(RawFileError, match=rf"{name}\.csv,? .*{message}"):
        clean(**edited(name, old, new))


def test_a_file_without_rows_is_refused(clean):
    with pytest.raises(RawFileError, match=r"clinic_arrivals\.csv has no rows"):
        clean(clinic_arrivals=ARRIVALS.splitlines()[0] + "\n")


def test_a_clinic_of_which_nothing_is_known_is_refused(clean):
    with pytest.raises(DataError, match="clinic 'sierra' has neither arrivals nor appointments"):
        clean(**added("clinics", "sierra,America/Lima,PE"))


@pytest.mark.filterwarnings("ignore:.*RDS")
def test_files_that_are_not_what_their_names_say(tmp_path):
    (tmp_path / "a.RData").write_bytes(b"hello")
    with pytest.raises(RawFileError, match=r"a\.RData cannot be read as R data"):
        read_iowa(tmp_path / "a.RData")
    (tmp_path / "a.zip").write_bytes(b"hello")
    with pytest.raises(RawFileError, match=r"a\.zip is not a zip archive of one UTF-8 file"):
        read_zipped(tmp_path / "a.zip")


# ---- what is drawn ---------------------------------------------------------------------------------------------------
def test_merged_windows_cover_the_same_minutes_without_overlap():
    rng = np.random.default_rng(3)
    day = pd.Timestamp("2023-04-10") + pd.to_timedelta(rng.integers(0, 5, 60), unit="D")
    start = rng.integers(0, 1440, 60)
    windows = pd.DataFrame({"provider": rng.choice(["P1", "P2"], 60), "date": day, "start_minute": start,
                            "end_minute": start + rng.integers(1, 200, 60)})  # fmt: skip
    merged, swallowed = clean_staff.merge_windows(windows)

    def minutes(frame) -> list[tuple[str, pd.Timestamp]]:
        return [
            (row.provider, row.date + pd.Timedelta(minutes=minute))
            for row in frame.itertuples()
            for minute in range(row.start_minute, row.end_minute)
        ]

    assert set(minutes(merged)) == set(minutes(windows)) and len(minutes(merged)) == len(set(minutes(merged)))
    assert len(merged) + swallowed.sum() == 60 and swallowed.any()


def test_service_times_have_the_stated_mean_and_spread():
    rules = load_provider_rules()
    flat = Rules({**rules.entries, ("service spread", "pace_sd"): (0.0, "", "test")}, {})
    visits = pd.DataFrame({"appointment": None, "clinic": "a", "service": "general", "provider": None, "age_years": 40,
                           "date": pd.Timestamp("2023-04-10"), "first_visit": np.arange(40_000) % 2 == 0})  # fmt: skip
    skills = pd.DataFrame({"provider": ["P1", "P2"], "service": "general", "clinic": "a"})
    times = staff.draw_service_times(np.random.default_rng(5), visits, skills, flat)
    mean, sd = rules("service minutes", "general"), rules("service spread", "visit_sd")
    again = times.loc[~times["first_visit"], "minutes"]
    # Moments of the log-normal: mean m, coefficient of variation sqrt(exp(sd^2) - 1).
    variation = np.sqrt(np.exp(sd**2) - 1)
    assert again.mean() == pytest.approx(mean, abs=4 * mean * variation / np.sqrt(len(again)))
    assert again.std() / again.mean() == pytest.approx(variation, rel=0.03)
    factor = times.loc[times["first_visit"], "minutes"].mean() / again.mean()
    assert factor == pytest.approx(rules("service spread", "first_factor"), rel=0.02)
    assert times["late_minutes"].isna().all() and set(times["provider"]) == {"P1", "P2"}


def test_every_service_has_a_provider_and_nights_are_for_what_never_closes():
    services = {"a": ["emergency", "general"], "b": ["general"]}
    rng, rules = np.random.default_rng(2), load_provider_rules()
    providers, skills = staff.draw_providers(rng, services, 20, rules, walk_in=["emergency"])
    placed = skills.merge(providers, on="provider")
    assert {(c, s) for c, s in placed[["clinic", "service"]].itertuples(index=False)} == {
        ("a", "emergency"), ("a", "general"), ("b", "general"),
    }  # fmt: skip
    assert not providers.loc[providers["clinic"] == "b", "nights"].any() and providers["nights"].any()
    with pytest.raises(DataError, match="are too few: name at least one a service and clinic"):
        staff.draw_providers(rng, services, 3, rules, walk_in=["emergency"])


def test_assumptions_have_a_unit_and_a_source(tmp_path):
    path = tmp_path / "providers.yaml"
    path.write_text("contract:\n  rest_hours: {value: 11, unit: h}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"providers\.yaml: contract: rest_hours needs a value, a unit and a source"):
        load_provider_rules(path)


def test_a_scenario_says_how_many_providers(tmp_path):
    ws = Workspace("smoke", root=tmp_path)
    ws.scenario.data["providers"] = "many"
    with pytest.raises(DataError, match=r"config/smoke\.yaml: data: providers must be a whole number, not 'many'"):
        run(ws)


def test_schemas_refuse_what_cleaning_would(clean):
    tables = clean()
    for column, value in (("age_years", -1), ("lead_days", -1), ("handicaps", 5)):
        with pytest.raises(SchemaError, match=f"column '{column}'"):
            validate("appointments", tables["appointments"].assign(**{column: value}))
    with pytest.raises(SchemaError, match="column 'minutes'"):
        validate("service_times", tables["service_times"].assign(minutes=-3.0))
