"""Which patients with fever will turn severe: a random forest on what a clinic knows at the visit.

*Severe* means hospitalised or died. The treatment is left out, because it follows from how ill the patient looks.
The forest learns from the earlier visits and is judged on the later ones; vocabularies, medians, categories and the
threshold are learnt from the earlier visits alone (the threshold from their out-of-bag probabilities).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from healthops.features.calendar import season

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

#: What the model is given, in order; the text and the place come as they stand in table ``health_records``.
INPUTS = ("symptoms", "diagnosis", "age_years", "sex", "season", "region")

#: Outcomes that count as severe.
SEVERE = ("hospitalised", "died")

#: Types in a saved model that skops does not trust by itself: pass them as ``trusted=`` to load a file whose hash is
#: known. The two of this project hold no state but numbers; a tree's node indices are not checked by scikit-learn.
TRUSTED_TYPES = (
    "healthops.features.text.SymptomDiagnosisInteraction",
    "healthops.features.text.SymptomKeywords",
    "numpy.dtype",
    "sklearn.tree._tree.Tree",
)


class OutcomeError(ValueError):
    """Health records cannot be learnt from; the message names the column or the count, and the remedy."""


@dataclass(frozen=True)
class OutcomeResult:
    """What the forest learnt and how it did on the later visits.

    Attributes
    ----------
    metrics : dict of str to float
        ``accuracy``, ``precision``, ``recall``, ``f1`` at the threshold; ``pr_auc``, ``roc_auc``, ``brier``; the bounds
        ``pr_auc_low`` and ``pr_auc_high`` (90 % bootstrap); the same scores of the baselines as ``prevalence_*`` and
        ``age_*``; ``threshold``, ``prevalence``, ``train_records``, ``test_records``.
    confusion : DataFrame
        Test records by what came (rows) and what was foretold (columns).
    importance : DataFrame
        ``feature``, ``kind`` (input: a column of the records; block: a feature of the catalogue), ``importance`` (loss
        of PR-AUC when it is shuffled among the test records) and its ``sd`` over shuffles.
    curve : DataFrame
        ``curve`` (precision_recall or reliability), ``x``, ``y`` and ``records``: recall and precision, or mean
        foretold probability and share of severe outcomes.
    model : Pipeline
        Fitted on the earlier visits; takes the columns of :func:`outcome_inputs`.
    split_date : Timestamp
        First day of the later visits.
    """

    metrics: dict[str, float]
    confusion: pd.DataFrame
    importance: pd.DataFrame
    curve: pd.DataFrame
    model: Pipeline
    split_date: pd.Timestamp


def outcome_inputs(records: pd.DataFrame) -> pd.DataFrame:
    """Return the columns :data:`INPUTS` of each record; nothing is learnt here.

    The region is the department, the first two digits of the ubigeo code; missing text is empty.
    """
    lacking = sorted({"date", "age_years", "sex", "ubigeo", "symptoms", "diagnosis"} - set(records.columns))
    if lacking:
        raise OutcomeError(f"table 'health_records' lacks the columns {lacking}")
    return pd.DataFrame(
        {
            "symptoms": records["symptoms"].fillna("").astype(object),
            "diagnosis": records["diagnosis"].fillna("").astype(object),
            "age_years": records["age_years"].to_numpy(float, na_value=np.nan),
            "sex": records["sex"].fillna("unknown").astype(object),
            "season": season(records["date"]).astype(object),
            "region": records["ubigeo"].str[:2].astype(object),
        },
        index=records.index,
    )


def outcome_pipeline(*, n_estimators: int, seed: int) -> Pipeline:
    """Return the unfitted pipeline: text, age, sex, season and region into a random forest."""
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder

    from healthops.features.text import SymptomDiagnosisInteraction, SymptomKeywords, diagnosis_ngrams

    one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=20, sparse_output=False)
    blocks = [
        ("symptom_keywords", SymptomKeywords(), "symptoms"),
        ("diagnosis_ngrams", diagnosis_ngrams(max_features=150), "diagnosis"),
        ("symptom_diagnosis_interaction", SymptomDiagnosisInteraction(), ["symptoms", "diagnosis"]),
        ("age", SimpleImputer(strategy="median", add_indicator=True), ["age_years"]),
        ("sex, season and region", one_hot, ["sex", "season", "region"]),
    ]
    forest = RandomForestClassifier(
        n_estimators, min_samples_leaf=5, max_features="sqrt", oob_score=True, n_jobs=1, random_state=seed
    )
    return Pipeline([("encode", ColumnTransformer(blocks, sparse_threshold=0.0)), ("forest", forest)])


def evaluate_outcomes(
    records: pd.DataFrame, *, seed: int, n_estimators: int = 300, test_share: float = 0.3
) -> OutcomeResult:
    """Learn from the earlier visits who turns severe, and judge it on the later ones beside honest baselines.

    Parameters
    ----------
    records : DataFrame
        Table ``health_records``.
    seed : int
        Fixes the forest, the bootstrap and the shuffles.
    n_estimators : int
        Trees of the forest.
    test_share : float
        Share of the records, the latest, that judge; no day is on both sides.

    Raises
    ------
    OutcomeError
        If either side lacks severe or mild outcomes.
    """
    ordered = records.sort_values(["date", "record_id"], ignore_index=True)
    X = outcome_inputs(ordered)
    y = ordered["outcome"].isin(SEVERE).to_numpy(int)
    split = ordered["date"].iloc[int(len(ordered) * (1 - test_share))]
    late = (ordered["date"] >= split).to_numpy()
    for side, rows in (("before", ~late), ("from", late)):
        if not 0 < y[rows].sum() < rows.sum():
            raise OutcomeError(
                f"of {rows.sum()} records {side} {split.date()}, {y[rows].sum()} are severe: both outcomes are needed; "
                f"give more records or another test_share"
            )
    model = outcome_pipeline(n_estimators=n_estimators, seed=seed).fit(X[~late], y[~late])
    threshold = best_threshold(y[~late], np.nan_to_num(model["forest"].oob_decision_function_[:, 1]))
    chance, truth = model.predict_proba(X[late])[:, 1], y[late]

    metrics = {**_scores(truth, chance, threshold), **_interval(truth, chance, seed=seed)}
    metrics |= _baselines(X, y, late)
    metrics |= {"threshold": threshold, "prevalence": float(truth.mean())}
    metrics |= {"train_records": float((~late).sum()), "test_records": float(late.sum())}
    return OutcomeResult(
        metrics=metrics,
        confusion=_confusion(truth, chance >= threshold),
        importance=_importance(model, X[late], truth, seed=seed),
        curve=pd.concat([_precision_recall(truth, chance), _reliability(truth, chance)], ignore_index=True),
        model=model,
        split_date=split,
    )


def best_threshold(truth: np.ndarray, chance: np.ndarray) -> float:
    """Return the probability from which on a record counts as severe so that F1 is greatest.

    >>> best_threshold(np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.4, 0.9]))
    0.4
    """
    from sklearn.metrics import precision_recall_curve

    precision, recall, thresholds = precision_recall_curve(truth, chance)
    # F1 = 2 p r / (p + r); the last point has no threshold.
    total = np.maximum(precision + recall, 1e-12)[:-1]
    return float(thresholds[np.argmax((precision * recall)[:-1] / total)])


def _scores(truth: np.ndarray, chance: np.ndarray, threshold: float, prefix: str = "") -> dict[str, float]:
    from sklearn import metrics as m

    called = chance >= threshold
    scores = {
        "accuracy": m.accuracy_score(truth, called),
        "precision": m.precision_score(truth, called, zero_division=0.0),
        "recall": m.recall_score(truth, called),
        "f1": m.f1_score(truth, called),
        "pr_auc": m.average_precision_score(truth, chance),
        "roc_auc": m.roc_auc_score(truth, chance),
        "brier": m.brier_score_loss(truth, chance),
    }
    return {f"{prefix}{name}": float(value) for name, value in scores.items()}


def _interval(truth: np.ndarray, chance: np.ndarray, *, seed: int, draws: int = 200) -> dict[str, float]:
    from sklearn.metrics import average_precision_score

    rng = np.random.default_rng(seed)
    severe, mild = np.flatnonzero(truth == 1), np.flatnonzero(truth == 0)
    values = []
    for _ in range(draws):
        # Drawn within each outcome, so that no draw is without one of them.
        rows = np.concatenate([rng.choice(severe, len(severe)), rng.choice(mild, len(mild))])
        values.append(average_precision_score(truth[rows], chance[rows]))
    low, high = np.quantile(values, [0.05, 0.95])
    return {"pr_auc_low": float(low), "pr_auc_high": float(high)}


def _baselines(X: pd.DataFrame, y: np.ndarray, late: np.ndarray) -> dict[str, float]:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import SplineTransformer, StandardScaler

    share = float(y[~late].mean())
    always = _scores(y[late], np.full(late.sum(), share), 0.5, "prevalence_")
    age = make_pipeline(SimpleImputer(strategy="median"), SplineTransformer(), StandardScaler(), LogisticRegression())
    age.fit(X.loc[~late, ["age_years"]], y[~late])
    early, later = (age.predict_proba(X.loc[rows, ["age_years"]])[:, 1] for rows in (~late, late))
    return always | _scores(y[late], later, best_threshold(y[~late], early), "age_")


def _confusion(truth: np.ndarray, called: np.ndarray) -> pd.DataFrame:
    names = {0: "mild", 1: "severe"}
    table = np.array([[np.sum((truth == t) & (called == c)) for c in names] for t in names])
    return pd.DataFrame(
        table, index=pd.Index(names.values(), name="what came"), columns=[f"foretold {n}" for n in names.values()]
    )


def _importance(model: Pipeline, X: pd.DataFrame, truth: np.ndarray, *, seed: int, repeats: int = 3) -> pd.DataFrame:
    from sklearn.metrics import average_precision_score

    rng = np.random.default_rng(seed)
    encode, forest = model["encode"], model["forest"]
    encoded = np.asarray(encode.transform(X), float)
    base = average_precision_score(truth, forest.predict_proba(encoded)[:, 1])

    def loss(matrix: np.ndarray) -> float:
        return base - average_precision_score(truth, forest.predict_proba(matrix)[:, 1])

    rows = []
    for column in X.columns:
        losses = []
        for _ in range(repeats):
            shuffled = X.assign(**{column: X[column].to_numpy()[rng.permutation(len(X))]})
            losses.append(loss(np.asarray(encode.transform(shuffled), float)))
        rows.append((column, "input", np.mean(losses), np.std(losses)))
    for block, at in encode.output_indices_.items():
        losses = []
        for _ in range(repeats if at.stop > at.start else 0):
            shuffled = encoded.copy()
            shuffled[:, at] = encoded[rng.permutation(len(X))][:, at]
            losses.append(loss(shuffled))
        if losses:
            rows.append((block, "block", np.mean(losses), np.std(losses)))
    frame = pd.DataFrame(rows, columns=["feature", "kind", "importance", "sd"])
    return frame.sort_values(["kind", "importance"], ascending=[False, False], ignore_index=True)


def _precision_recall(truth: np.ndarray, chance: np.ndarray, *, points: int = 200) -> pd.DataFrame:
    from sklearn.metrics import precision_recall_curve

    precision, recall, thresholds = precision_recall_curve(truth, chance)
    some = np.unique(np.linspace(0, len(thresholds) - 1, points).round().astype(int))
    records = [int((chance >= t).sum()) for t in thresholds[some]]
    return pd.DataFrame({"curve": "precision_recall", "x": recall[some], "y": precision[some], "records": records})


def _reliability(truth: np.ndarray, chance: np.ndarray, *, bins: int = 10) -> pd.DataFrame:
    group = np.argsort(np.argsort(chance, kind="stable"), kind="stable") * bins // len(chance)
    frame = pd.DataFrame({"x": chance, "y": truth, "group": group}).groupby("group")
    means = frame[["x", "y"]].mean().assign(curve="reliability", records=frame.size())
    return means[["curve", "x", "y", "records"]].reset_index(drop=True)
