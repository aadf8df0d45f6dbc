"""The history of a patient at the booking: against counting row by row, and never an outcome that nobody knew."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops.data.schemas import validate
from healthops.evaluate.leakage import LeakageError, unchanged_by_unknown_outcomes
from healthops.features import appointments as made
from healthops.features.grid import FeatureError
from healthops.features.provider_catalogue import appointment_names, fitted_until, provider_catalogue

from .made_visits import appointments, calendar, drawn

COLUMNS = {"outcome": "no_show", "made": "booked_date", "happens": "date"}


@pytest.fixture
def visits():
    return drawn(np.random.default_rng(5))


def history(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(made.history_features(rows))


def test_history_equals_counting_row_by_row(visits):
    table, rows = history(visits), list(visits.itertuples())
    for k, row in enumerate(rows):
        known = [r for r in rows if r.date < row.booked_date]
        own = [r for r in known if r.patient == row.patient]
        usual = np.mean([r.no_show for r in known]) if known else np.nan
        missed = [r for r in own if r.no_show]
        moment = (row.booked_date, row.booked_minute)
        booked = [r for r in rows if r.patient == row.patient and (r.booked_date, r.booked_minute) < moment]
        last = max((r.date for r in own), default=None)
        month = [r.no_show for r in known if r.date >= row.booked_date - pd.Timedelta(days=28)]
        near = [r.no_show for r in known if r.neighbourhood == row.neighbourhood]
        expected = {
            "past_appointments": len(own),
            "past_no_shows": len(missed),
            "past_no_show_share": len(missed) / len(own) if own else np.nan,
            "past_no_show_rate": (len(missed) + 2 * usual) / (len(own) + 2),
            "last_no_show": np.mean([r.no_show for r in own if r.date == last]) if own else np.nan,
            "days_since_last": (row.booked_date - last).days if own else np.nan,
            "days_since_last_no_show": (row.booked_date - max(r.date for r in missed)).days if missed else np.nan,
            "earlier_bookings": len(booked),
            "open_bookings": sum(r.date >= row.booked_date for r in booked),
            "same_day_bookings": sum(r.date == row.date for r in booked),
            "neighbourhood_no_show_rate": (sum(near) + 20 * usual) / (len(near) + 20),
            "recent_no_show_rate": np.mean(month) if month else np.nan,
        }
        assert list(table.columns) == list(expected)
        np.testing.assert_allclose(table.loc[k].to_numpy(), list(expected.values()), rtol=1e-12, err_msg=str(row))


def test_an_outcome_of_the_day_of_the_booking_is_not_known():
    rows = appointments([
        ("a", "2016-05-02", 480, "2016-05-04", True),
        ("a", "2016-05-04", 900, "2016-05-06", False),  # the day of the first: who came is not known yet
        ("a", "2016-05-05", 480, "2016-05-05", False),
    ])  # fmt: skip
    table = history(rows)
    assert table["past_appointments"].tolist() == [0, 0, 1] and table["past_no_shows"].tolist() == [0, 0, 1]
    assert table["open_bookings"].tolist() == [0, 1, 1] and table["days_since_last"].tolist()[2] == 1


def test_history_does_not_know_outcomes_that_came_later(visits):
    every = np.unique(visits["booked_date"].to_numpy("datetime64[D]"))
    unchanged_by_unknown_outcomes(history, visits, moments=every, **COLUMNS)


@pytest.mark.parametrize(
    "leak",
    [made.whole_file_rate, made.other_appointments_rate, made.rate_before_the_day],
    ids=lambda leak: leak.__name__,
)
def test_the_alarm_catches_rates_that_know_the_future(visits, leak):
    with pytest.raises(LeakageError, match="'rate' of .* rows made until .* strictly before"):
        unchanged_by_unknown_outcomes(lambda rows: pd.DataFrame({"rate": leak(rows)}), visits, **COLUMNS)


def test_the_alarm_says_where_it_could_not_ring(visits):
    with pytest.raises(ValueError, match="no outcome to change"):
        unchanged_by_unknown_outcomes(history, visits, moments=["2030-01-01"], **COLUMNS)


def test_catalogue_and_table_have_the_same_names(visits):
    days = calendar("costa", "2016-03-25", "2016-06-30")
    table = validate("appointment_features", made.appointment_features(visits, days, places_until="2016-05-01"))
    about = [name for name in (*made.ABOUT, *made.GROUPS) if name not in appointment_names()]
    assert set(table.columns) == {*about, *appointment_names()} and table["appointment"].is_unique
    listed = validate("provider_feature_catalogue", provider_catalogue(places_until="2016-05-01"))
    sources = listed.loc[listed["table"] == "appointments", "source"].str.split(", ").explode()
    assert set(sources.str.removeprefix("appointments.")) <= set(visits.columns)


def test_the_whole_table_keeps_the_rule_from_the_day_on_that_describes_places(visits):
    """Places are described by bookings before a day: they are known from that day on, all else at any moment."""
    days = calendar("costa", "2016-03-25", "2016-06-30")

    def build(rows: pd.DataFrame, *but: str) -> pd.DataFrame:
        table = made.appointment_features(rows, days, places_until="2016-04-20")
        group = table["neighbourhood_group"].map(made.NEIGHBOURHOOD_GROUPS.index)
        return table[list(appointment_names())].assign(neighbourhood_group=group).drop(columns=list(but))

    unchanged_by_unknown_outcomes(build, visits, moments=["2016-04-20", "2016-05-01"], **COLUMNS)
    places = ["neighbourhood_welfare_share", "neighbourhood_group"]
    for name in places:
        others = [other for other in places if other != name]
        with pytest.raises(LeakageError, match=f"'{name}' of .* rows made until 2016-04-08"):
            unchanged_by_unknown_outcomes(lambda r, o=others: build(r, *o), visits, moments=["2016-04-08"], **COLUMNS)
    unchanged_by_unknown_outcomes(lambda r: build(r, *places), visits, moments=["2016-04-08"], **COLUMNS)


def test_the_catalogue_tells_from_when_on_places_are_known():
    listed = provider_catalogue(places_until="2016-04-20").set_index("feature")
    assert listed.index[listed["fold_safety"] == "fitted"].tolist() == ["neighbourhood_welfare_share"]
    assert (
        "fitted before 2016-04-20, known from that day on"
        in listed.loc["neighbourhood_welfare_share", "transformation"]
    )
    assert fitted_until(listed.reset_index()).to_dict() == {"neighbourhood_welfare_share": pd.Timestamp("2016-04-20")}
    silent = listed.reset_index().replace({"transformation": {r"; fitted before.*": ""}}, regex=True)
    with pytest.raises(FeatureError, match="neighbourhood_welfare_share is fitted and does not tell until when"):
        fitted_until(silent)


def test_neighbourhoods_are_described_by_people_who_had_booked():
    rows = appointments(
        [("a", "2016-05-02", 1, "2016-05-04", True), ("a", "2016-05-03", 1, "2016-05-04", True),
         ("b", "2016-05-03", 1, "2016-05-04", True), ("c", "2016-05-20", 1, "2016-05-24", True)],
        welfare=[True, True, False, True], neighbourhood=["A", "A", "B", "C"],
    )  # fmt: skip
    share = made.neighbourhood_welfare(rows, until="2016-05-10")
    # One person of A with welfare, one of B without; of all, one of two. Nobody of C had booked.
    assert share.to_dict() == pytest.approx({"A": 11 / 21, "B": 10 / 21, "C": 0.5})
    with pytest.raises(FeatureError, match="no appointment was booked before 2016-05-01"):
        made.neighbourhood_welfare(rows, until="2016-05-01")


def test_groups_of_neighbourhoods_are_about_quarters(visits):
    many = drawn(np.random.default_rng(2), 4000, 900).assign(
        neighbourhood=lambda d: "N" + (d["patient"].str[1:].astype(int) % 40).astype(str)
    )
    share = made.neighbourhood_welfare(many, until="2016-05-30")
    group = many["neighbourhood"].map(made.neighbourhood_groups(many, share, until="2016-05-30"))
    sizes = group.value_counts(normalize=True)
    assert set(sizes.index) == set(made.NEIGHBOURHOOD_GROUPS) and sizes.between(0.2, 0.3).all()
    means = many["neighbourhood"].map(share).groupby(group).mean()[list(made.NEIGHBOURHOOD_GROUPS)]
    assert means.is_monotonic_increasing


def test_bad_input_is_named(visits):
    days = calendar("costa", "2016-03-25", "2016-06-30")
    late = visits.assign(booked_date=visits["date"] + pd.Timedelta(days=1))
    with pytest.raises(FeatureError, match="0 was booked after its day"):
        made.appointment_features(late, days, places_until="2016-05-01")
    with pytest.raises(FeatureError, match=r"'clinic_calendar' lacks 2016-.* of costa"):
        made.appointment_features(visits, days[days["date"] > "2016-05-01"], places_until="2016-05-01")
    with pytest.raises(FeatureError, match=r"lacks the columns \['patient'\]"):
        made.appointment_features(visits.drop(columns="patient"), days, places_until="2016-05-01")


@pytest.mark.mirror
def test_the_leak_of_the_public_file_is_caught_and_the_history_passes(mirror):
    from sklearn.metrics import roc_auc_score

    from healthops.data.clean_appointments import VITORIA, clean_appointments
    from healthops.data.ledger import Ledger

    rows = clean_appointments(mirror, pd.DataFrame([VITORIA]), Ledger())
    leak = made.whole_file_rate(rows)
    assert roc_auc_score(rows["no_show"], leak) > 0.95
    table = history(rows)
    some = table["past_no_show_rate"].notna()
    assert roc_auc_score(rows["no_show"][some], table["past_no_show_rate"][some]) < 0.6
    moments = ["2016-05-25"]
    unchanged_by_unknown_outcomes(history, rows, moments=moments, **COLUMNS)
    with pytest.raises(LeakageError, match="whole_file"):
        unchanged_by_unknown_outcomes(
            lambda r: pd.DataFrame({"whole_file": made.whole_file_rate(r)}), rows, moments=moments, **COLUMNS
        )
