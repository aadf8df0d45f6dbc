"""Chances of a no-show: maps that mend them see only the days before, and find what was moved."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from healthops.risk import no_show

DAY = np.datetime64("2022-03-01")


@pytest.fixture(scope="module")
def clinic():
    rng = np.random.default_rng(6)
    size = 40_000
    day = DAY + np.sort(rng.integers(0, 60, size))
    group = rng.choice(["a", "b"], size)
    score = rng.normal(-1.3, 1.0, size)
    came_not = rng.random(size) < expit(score)
    return day, group, expit(score), came_not


@pytest.mark.parametrize("kind", ["shift", "logistic", "groups", "isotonic"])
@pytest.mark.parametrize("daily", [True, False])
def test_what_mends_a_day_came_before_it(clinic, kind, daily):
    day, group, chance, came_not = clinic
    how = no_show.Mending(kind, 14, daily)
    first, today = DAY + 40, DAY + 50
    later = came_not.copy()
    later[day >= (today if daily else first)] ^= True
    one = no_show.mend(chance, came_not, day, [group], how, first=first)
    two = no_show.mend(chance, later, day, [group], how, first=first)
    seen = day <= today if daily else day >= first
    np.testing.assert_array_equal(one[seen], two[seen])
    assert (one[day < first] == chance[day < first]).all()
    if daily:
        assert not np.array_equal(one[day > today], two[day > today])


def test_a_shift_and_a_slope_are_found_again(clinic):
    day, group, chance, came_not = clinic
    first = DAY + 40
    after = day >= first
    wrong = expit(1.6 * logit(chance) + 0.8)
    mended = no_show.mend(wrong, came_not, day, [group], no_show.Mending("logistic", 40), first=first)
    assert np.abs(mended - chance)[after].mean() < 0.01 < np.abs(wrong - chance)[after].mean()
    # Groups that are wrong in opposite ways: one map for all cannot mend them.
    apart = expit(logit(chance) + np.where(group == "a", 0.7, -0.7))
    alone = no_show.mend(apart, came_not, day, [group], no_show.Mending("logistic", 40), first=first)
    together = no_show.mend(apart, came_not, day, [group], no_show.Mending("groups", 40), first=first)
    assert np.abs(together - chance)[after].mean() < 0.3 * np.abs(alone - chance)[after].mean()
    step = no_show.mend(wrong, came_not, day, [group], no_show.Mending("isotonic", 40), first=first)
    assert np.abs(step - chance)[after].mean() < 0.02
    same = no_show.mend(wrong, came_not, day, [group], no_show.Mending("none"), first=first)
    assert (same == wrong).all()


def test_a_shift_makes_the_expected_number_that_of_the_days_before(clinic):
    day, group, chance, came_not = clinic
    first = DAY + 40
    wrong = np.full(len(chance), 0.4)
    mended = no_show.mend(wrong, came_not, day, [group], no_show.Mending("shift", 10), first=first)
    before = (day < DAY + 45) & (day >= DAY + 35)
    assert np.allclose(mended[day == DAY + 45], came_not[before].mean())
    flat = no_show.flat_rate(came_not, day, days=10, first=first)
    assert np.allclose(flat[day == DAY + 45], came_not[before].mean()) and np.isnan(flat[day < first]).all()


def test_appointments_that_were_learnt_from_do_not_count(clinic):
    day, group, chance, came_not = clinic
    told = np.where(day < DAY + 30, np.nan, chance)
    odd = came_not.copy()
    odd[day < DAY + 30] = True
    how, first = no_show.Mending("logistic", 40), DAY + 40
    one, two = (no_show.mend(told, y, day, [group], how, first=first) for y in (came_not, odd))
    np.testing.assert_array_equal(one, two)
    with pytest.raises(no_show.NoShowError, match="no outcome of both kinds is known in the 5 days"):
        no_show.mend(told, came_not, day, [group], no_show.Mending("shift", 5, daily=False), first=DAY + 30)
    with pytest.raises(no_show.NoShowError, match="there is no way 'spline'"):
        no_show.mend(told, came_not, day, [group], no_show.Mending("spline"), first=first)
    with pytest.raises(no_show.NoShowError, match="no outcome is known"):
        no_show.flat_rate(came_not, day, days=5, first=DAY)


def test_the_offset_regression_is_that_of_scikit_learn():
    rng = np.random.default_rng(3)
    x = np.column_stack([np.ones(3000), rng.normal(size=(3000, 2))])
    y = (rng.random(3000) < expit(x @ [-0.4, 0.8, -0.2])).astype(float)
    plain = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10).fit(x, y)
    found = no_show.offset_logistic(x, y, np.zeros(3000), np.zeros(3))
    np.testing.assert_allclose(found, plain.coef_[0], atol=1e-4)
    moved = no_show.offset_logistic(x, y, x @ np.array([0.5, 0.5, 0.0]), np.zeros(3))
    np.testing.assert_allclose(moved + [0.5, 0.5, 0.0], found, atol=1e-6)
    ridge = LogisticRegression(C=1 / 40.0, fit_intercept=False, tol=1e-10).fit(x, y)
    np.testing.assert_allclose(
        no_show.offset_logistic(x, y, np.zeros(3000), np.full(3, 40.0)), ridge.coef_[0], atol=1e-3
    )


@pytest.fixture(scope="module")
def visits():
    rng = np.random.default_rng(9)
    size = 6000
    frame = pd.DataFrame({
        "age_years": rng.integers(0, 90, size).astype(float), "lead": rng.integers(0, 40, size).astype(float),
        "past": np.where(rng.random(size) < 0.5, rng.random(size), np.nan), "same": 1.0, "none": np.nan,
    })  # fmt: skip
    score = -2 + 0.9 * (frame["age_years"] < 30) + 0.04 * frame["lead"] + 1.5 * frame["past"].fillna(0.2)
    return frame.assign(no_show=rng.random(size) < expit(score)), expit(score.to_numpy())


@pytest.mark.parametrize("kind", no_show.KINDS)
def test_models_find_a_law_with_gaps_and_repeat_themselves(visits, kind):
    frame, truth = visits
    names = ["age_years", "lead", "past", "same", "none"]
    model = no_show.fit(kind, frame, names, seed=1)
    assert model.names == ("age_years", "lead", "past")
    said = model.probability(frame)
    assert np.corrcoef(said, truth)[0, 1] > 0.85
    np.testing.assert_array_equal(said, no_show.fit(kind, frame, names, seed=1).probability(frame))


def test_what_cannot_be_learnt_is_refused(visits):
    frame, _ = visits
    with pytest.raises(no_show.NoShowError, match="lacks the columns"):
        no_show.fit("boosting", frame, ["shoe_size"], seed=1)
    with pytest.raises(no_show.NoShowError, match="none of the features"):
        no_show.fit("boosting", frame, ["same", "none"], seed=1)
    with pytest.raises(no_show.NoShowError, match="both outcomes are needed"):
        no_show.fit("boosting", frame.assign(no_show=False), ["lead"], seed=1)
    with pytest.raises(no_show.NoShowError, match="kind of model"):
        no_show.fit("oracle", frame, ["lead"], seed=1)


def test_ranking_and_loss_by_hand():
    y, p, lead = np.array([True, False, True, False]), np.array([0.8, 0.3, 0.4, 0.6]), np.array([0, 0, 3, 3])
    assert no_show.ranking(y, p, lead) == {"auc": 0.75, "auc_lead": 0.0}
    assert np.isnan(no_show.ranking(y, p, np.zeros(4))["auc_lead"])
    assert no_show.log_loss(y, p) == pytest.approx(-np.mean(np.log([0.8, 0.7, 0.4, 0.4])))


def test_the_future_of_a_patient_is_nowhere_in_its_chance():
    """Turn every outcome from a day on: no feature of an appointment booked up to that day moves, nor its chance."""
    from healthops.features.appointments import appointment_features
    from tests.features.made_visits import calendar, drawn

    raw = drawn(np.random.default_rng(2), size=1200, patients=150)
    turn = pd.Timestamp("2016-05-01")
    turned = raw.assign(no_show=raw["no_show"] ^ (raw["date"] >= turn))
    known = calendar("costa", "2016-03-01", "2016-09-30")
    one, two = (appointment_features(f, known, places_until="2016-04-15") for f in (raw, turned))
    names = [c for c in one.select_dtypes("number") if c != "lead_days"]
    early = one["booked_date"] <= turn
    pd.testing.assert_frame_equal(one.loc[early, names], two.loc[early, names])
    learnt = (one["date"] < turn).to_numpy()
    chances = [no_show.fit("boosting", f[learnt], names, seed=1).probability(f[early]) for f in (one, two)]
    np.testing.assert_array_equal(*chances)


def test_a_split_before_features_were_fitted_is_refused():
    from healthops.features.provider_catalogue import provider_catalogue

    catalogue = provider_catalogue(places_until="2022-12-05")
    for split in ("2022-12-05", np.datetime64("2023-03-01")):
        no_show.require_fitted_before(catalogue, split)
    with pytest.raises(
        no_show.NoShowError, match="'neighbourhood_welfare_share' was fitted on bookings before 2022-12-05"
    ):
        no_show.require_fitted_before(catalogue, "2022-12-04")
