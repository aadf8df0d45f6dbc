import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as m

from healthops.risk.outcomes import (
    INPUTS,
    TRUSTED_TYPES,
    OutcomeError,
    best_threshold,
    evaluate_outcomes,
    outcome_inputs,
)


def clinic(n: int = 900, *, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    severe = rng.random(n) < 0.15
    shown = severe & (rng.random(n) < 0.7)
    return pd.DataFrame(
        {
            "record_id": [f"r{i:05d}" for i in range(n)],
            "date": rng.choice(pd.date_range("2015-01-01", "2018-12-31"), n),
            "age_years": pd.array(np.where(rng.random(n) < 0.05, None, rng.integers(0, 90, n)), dtype="Int64"),
            "sex": rng.choice(np.array(["female", "male", None], dtype=object), n),
            "ubigeo": rng.choice(["010101", "020101"], n),
            "symptoms": np.where(shown, "fiebre, sangrado de encías", "fiebre y cefalea, niega sangrado"),
            "diagnosis": rng.choice(np.array(["dengue", "sindrome febril", None], dtype=object), n),
            "treatment": "paracetamol",
            "outcome": np.where(severe, rng.choice(["hospitalised", "died"], n), "recovered"),
        }
    )


@pytest.fixture(scope="module")
def result():
    return evaluate_outcomes(clinic(), seed=1, n_estimators=40)


def test_the_forest_finds_the_sign_that_was_planted(result):
    assert result.metrics["pr_auc"] > result.metrics["prevalence"] + 0.3
    assert result.metrics["pr_auc"] > result.metrics["age_pr_auc"] + 0.3
    inputs = result.importance.query("kind == 'input'")
    assert inputs["feature"].iloc[0] == "symptoms" and set(inputs["feature"]) == set(INPUTS)
    assert result.metrics["pr_auc_low"] < result.metrics["pr_auc"] < result.metrics["pr_auc_high"]


def test_noise_is_not_mistaken_for_skill():
    records = clinic(seed=3)
    records["outcome"] = np.random.default_rng(4).permutation(records["outcome"].to_numpy())
    metrics = evaluate_outcomes(records, seed=1, n_estimators=40).metrics
    assert metrics["roc_auc"] == pytest.approx(0.5, abs=0.12)


def test_metrics_are_those_of_the_confusion(result):
    (tn, fp), (fn, tp) = result.confusion.to_numpy()
    assert result.metrics["accuracy"] == pytest.approx((tn + tp) / (tn + fp + fn + tp))
    assert result.metrics["precision"] == pytest.approx(tp / (tp + fp))
    assert result.metrics["recall"] == pytest.approx(tp / (tp + fn))
    assert result.metrics["f1"] == pytest.approx(2 * tp / (2 * tp + fp + fn))
    assert tn + fp + fn + tp == result.metrics["test_records"]


def test_the_later_visits_do_not_touch_what_is_learnt(result):
    records = clinic()
    late = records["date"] >= result.split_date
    changed = records.copy()
    changed.loc[late, "symptoms"] = "zzzz"
    changed.loc[late, "diagnosis"] = "qqqq"
    again = evaluate_outcomes(changed, seed=1, n_estimators=40)
    X = outcome_inputs(records)
    assert np.array_equal(result.model.predict_proba(X), again.model.predict_proba(X))
    assert result.metrics["threshold"] == again.metrics["threshold"]


def test_best_threshold_is_that_of_brute_force():
    rng = np.random.default_rng(0)
    truth, chance = rng.integers(0, 2, 60), rng.random(60).round(2)
    best = max(m.f1_score(truth, chance >= t) for t in chance)
    assert m.f1_score(truth, chance >= best_threshold(truth, chance)) == pytest.approx(best)


def test_treatment_and_outcome_are_not_inputs():
    records = clinic(60)
    other = records.assign(treatment="cirugia", outcome="died")
    pd.testing.assert_frame_equal(outcome_inputs(records), outcome_inputs(other))


def test_curve_ends_at_the_prevalence_and_bins_hold_every_record(result):
    bins = result.curve.query("curve == 'reliability'")
    assert bins["records"].sum() == result.metrics["test_records"]
    assert np.average(bins["y"], weights=bins["records"]) == pytest.approx(result.metrics["prevalence"])
    first = result.curve.query("curve == 'precision_recall'").iloc[0]
    assert (first["x"], first["y"]) == pytest.approx((1.0, result.metrics["prevalence"]))


def test_model_survives_saving_without_running_code(result):
    sio = pytest.importorskip("skops.io")
    saved = sio.dumps(result.model)
    assert set(sio.get_untrusted_types(data=saved)) <= set(TRUSTED_TYPES)
    X = outcome_inputs(clinic(50, seed=9))
    loaded = sio.loads(saved, trusted=list(TRUSTED_TYPES))
    assert np.array_equal(loaded.predict_proba(X), result.model.predict_proba(X))


def test_records_without_severe_outcomes_are_refused():
    with pytest.raises(OutcomeError, match="0 are severe"):
        evaluate_outcomes(clinic(100).assign(outcome="recovered"), seed=1, n_estimators=5)
    with pytest.raises(OutcomeError, match="lacks the columns \\['diagnosis'\\]"):
        outcome_inputs(clinic(10).drop(columns="diagnosis"))
