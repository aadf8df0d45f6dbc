"""Summaries and figures of arrivals, appointments and staff: against figures worked out otherwise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from healthops.features import appointments as booked
from healthops.features.arrivals import arrival_features
from healthops.features.provider_catalogue import appointment_names, families, provider_catalogue
from healthops.features.relevance import relevance
from healthops.report import provider_figures as figures
from healthops.report import provider_tables as tables
from tests.features.made_visits import appointments, calendar, clinics, drawn, hours


@pytest.fixture(autouse=True)
def _closed():
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def came():
    rng = np.random.default_rng(8)
    counts = rng.poisson(5 + 3 * np.sin(np.arange(24) / 4), (420, 24)).astype(float)
    return pd.concat([hours(counts), hours(2 * counts, service="paediatrics")], ignore_index=True)


@pytest.fixture(scope="module")
def visits():
    return drawn(np.random.default_rng(6), 3000, 300)


def test_wilson_equals_scipy():
    from scipy.stats import binomtest

    for missed, size in ((0, 30), (3, 40), (25, 31)):
        low, high = tables.wilson(np.array([missed]), np.array([size]))
        expected = binomtest(missed, size).proportion_ci(method="wilson")
        assert (low[0], high[0]) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_auc_equals_scikit_learn(visits):
    from sklearn.metrics import roc_auc_score

    table = visits.assign(share=booked.whole_file_rate(visits), one=1.0, gap=np.where(visits.index % 3, 2.0, np.nan))
    table.loc[table.index % 3 == 1, "gap"] = table["age_years"]
    found = tables.auc_by_feature(table, ["share", "one", "gap"])
    assert found.loc["share", "auc"] == pytest.approx(roc_auc_score(table["no_show"], table["share"]))
    known = table["gap"].notna()
    assert found.loc["gap"].tolist() == pytest.approx(
        [known.sum(), roc_auc_score(table["no_show"][known], table["gap"][known])]
    )
    assert np.isnan(found.loc["one", "auc"])


def test_a_day_with_a_missing_hour_has_no_total_and_skipped_hours_no_mean(came):
    gap = came.copy()
    gap.loc[(gap["date"] == "2016-03-01") & (gap["hour"] == 4), "arrivals"] = pd.NA
    days = tables.daily(gap)
    assert days.loc["2016-03-01"].isna().all() and days.notna().sum().sum() == 2 * 419
    assert days["iowa, emergency"].sum() == gap.loc[
        (gap["service"] == "emergency") & (gap["date"] != "2016-03-01"), "arrivals"
    ].sum()  # fmt: skip
    means = tables.hourly_mean(came)
    sunday = came[(came["service"] == "emergency") & (came["hour"] == 2) & (came["date"].dt.day_of_week == 6)]
    there = sunday[sunday["elapsed_h"] > 0]
    assert len(there) < len(sunday)
    assert means.loc[(6, 2), "iowa, emergency"] == pytest.approx(there["arrivals"].mean())


def test_holidays_are_compared_with_ordinary_days_of_their_weekday(came):
    names = ("2016-05-30", "2016-07-04", "2016-09-05", "2016-11-24")
    days, known = tables.daily(came), calendar("iowa", "2016-01-30", "2017-05-01", names)
    days[:] = 100.0 + 10 * days.index.day_of_week.to_numpy()[:, None]
    for k, (day, factor) in enumerate(zip(names, (0.5, 0.6, 0.7, 0.6), strict=True)):
        days.loc[day] *= factor
        days.loc[pd.Timestamp(day) - pd.Timedelta(days=7)] *= (
            1 + 0.1 * k
        )  # an odd day nearby is averaged with three others
    effect = tables.holiday_effect(days, known)
    usual = np.array([100, 100, 100, 130]) * (1 + np.array([0, 0.1, 0.2, 0.3]) / 4)
    observed = np.array([50, 60, 70, 78])
    ratio = observed.sum() / usual.sum()
    spread = np.sqrt(((observed - ratio * usual) ** 2).sum() * 4 / 3) / usual.sum() * 3.182446
    assert effect.loc["Feast"].tolist() == pytest.approx([4, ratio, ratio - spread, ratio + spread])
    assert effect.loc["day after a holiday", "ratio"] == pytest.approx(1, abs=0.01)


def test_dispersion_of_poisson_numbers_is_one_and_of_doubled_ones_two(came):
    found = tables.dispersion(came)
    assert found["iowa, emergency"].mean() == pytest.approx(1, abs=0.06)
    assert found["iowa, paediatrics"].mean() == pytest.approx(2, abs=0.12)


def test_a_reminder_that_goes_to_long_leads_is_compared_at_equal_leads():
    """Made so that the reminded miss more as they stand and ten points less of equal leads, by construction."""
    rows = []
    for lead, told, size, missed in ((0, False, 1000, 50), (5, False, 100, 40), (5, True, 100, 30),
                                     (20, False, 50, 25), (20, True, 350, 140)):  # fmt: skip
        day = pd.Timestamp("2016-05-02") + pd.Timedelta(days=lead)
        rows += [("p", "2016-05-02", 1, day, k < missed, told) for k in range(size)]
    visits = appointments([row[:5] for row in rows], reminder=[row[5] for row in rows])
    effect = tables.reminder_effect(visits)
    assert effect["crude_with"] == pytest.approx(170 / 450) and effect["crude_without"] == pytest.approx(115 / 1150)
    assert effect["equal_without"] == pytest.approx((200 * 0.4 + 400 * 0.5) / 600)
    assert effect["equal_with"] == pytest.approx((200 * 0.3 + 400 * 0.4) / 600)
    alone = tables.reminder_effect(visits[visits["lead_days"] == 0])
    assert np.isnan(alone["equal_with"]) and np.isnan(alone["crude_with"])


def test_small_groups_are_left_out(visits):
    some = visits.assign(group=np.where(visits.index < 20, "few", "many"))
    assert tables.no_show_by(some, "group").index.tolist() == ["many"]
    found = tables.no_show_by(visits, "sex").loc["female"]
    assert found["rate"] == visits["no_show"].mean() and found["low"] < found["rate"] < found["high"]


def _staff() -> dict[str, pd.DataFrame]:
    days = pd.date_range("2023-06-05", periods=10)
    late = pd.date_range("2024-01-01", periods=10)
    windows = [("P1", d) for d in days] + [("P2", d) for d in days[::2]] + [("P3", d) for d in late]
    return {
        "providers": pd.DataFrame({"provider": ["P1", "P2", "P3"], "clinic": ["a", "a", "b"],
                                   "contract_hours": [36.0, 24.0, 36.0], "nights": [True, False, True]}),
        "provider_skills": pd.DataFrame({"provider": ["P1", "P1", "P2", "P3"], "service": ["x", "y", "x", "x"]}),
        "provider_availability": pd.DataFrame(windows, columns=["provider", "date"]),
        "provider_requests": pd.DataFrame({"provider": ["P1", "P2", "P2"], "kind": ["on", "off", "day_off"],
                                           "shift": ["early", "night", "any"], "date": days[0]}),
    }  # fmt: skip


def test_staff_of_each_clinic_by_its_own_weeks():
    found = tables.staff(_staff())
    assert found.loc["a"].tolist() == [2, 60.0, 1, 1, 1, 0.75, 1, 1, 1]
    # Clinic b plans half a year later: its days count by its own weeks.
    assert found.loc["b", "days available"] == 1.0 and found.loc["b", "wishes to work"] == 0


def test_every_figure_draws_what_it_is_given(came, visits):
    days = tables.daily(came)
    known = calendar("iowa", "2016-01-30", "2017-05-30", ("2016-05-30", "2016-07-04", "2016-09-05"))
    fig = figures.week(tables.hourly_mean(came))
    # The theme sets titles to the left.
    assert "iowa, paediatrics" in {fig.axes[0].get_title(loc) for loc in ("left", "center")}
    assert len(fig.axes[1].lines) == 2
    assert len(figures.over_time(days).axes[0].lines) == 2
    effect = tables.holiday_effect(days, known)
    labels = [text.get_text() for text in figures.holidays(effect).axes[0].get_yticklabels()]
    assert labels == [f"{name} ({n})" for name, n in zip(effect.index, effect["days"], strict=True)]
    figures.dispersion(tables.dispersion(came))
    figures.bookings(visits)
    fig = figures.leads(visits, tables.reminder_effect(visits))
    assert [t.get_text() for t in fig.axes[1].texts][
        0
    ] == f"{100 * visits.loc[~visits['reminder'], 'no_show'].mean():.1f}"
    fig = figures.groups(visits, {"sex": "sex", "welfare": "welfare"})
    assert [t.get_text() for t in fig.axes[1].get_yticklabels()] == ["sex: female", "welfare: no", "welfare: yes"]
    staff = _staff()
    fig = figures.availability(staff["providers"], staff["provider_availability"], staff["provider_requests"])
    np.testing.assert_allclose(fig.axes[0].lines[0].get_ydata(), [100, 50] * 5)
    times = pd.DataFrame({"service": ["x", "y"] * 50, "minutes": np.arange(100) + 1.0, "late_minutes": np.nan})
    figures.visits(times)


def test_figures_of_features_draw_what_is_known(came, visits):
    known = calendar("iowa", "2016-01-30", "2017-05-30")
    table = arrival_features(came, known, clinics())
    catalogue = provider_catalogue(places_until="2016-04-20")
    fig = figures.known_ahead(table, catalogue[catalogue["table"] == "arrivals"], [1, 7, 8, 56])
    names = [t.get_text() for t in fig.axes[0].get_yticklabels()]
    shown = np.asarray(fig.axes[0].images[0].get_array())
    assert shown[names.index("lag_1_week")].tolist() == [1, 1, 0, 0] and shown[names.index("temp_c")].sum() == 0
    made = booked.appointment_features(visits, calendar("costa", "2016-03-25", "2016-07-30"), places_until="2016-04-20")
    figures.history(made, test_from="2016-05-01")
    ours = list(appointment_names())
    scores = pd.DataFrame({"all": tables.auc_by_feature(made, ours)["auc"], "later": 0.5})
    figures.single_features(scores, families("appointments"))
    found = relevance(table[:3000], table["arrivals"][:3000].astype(float), ["hour", "weekday", "lag_1_day"], seed=1)
    fig = figures.relevance({"patients": (found, "spearman")}, families("arrivals"))
    assert [t.get_text() for t in fig.axes[0].get_yticklabels()][-1] == found.set_index("feature")[
        "spearman"
    ].abs().idxmax()
    fig = figures.leaks(
        pd.DataFrame({"alone": [np.nan, 0.96], "model": [0.7, 0.97], "leak": [False, True]}, index=["a", "b"])
    )
    assert sorted(t.get_text() for t in fig.axes[0].texts) == ["0.700 in a model", "0.960 alone", "0.970 in a model"]
