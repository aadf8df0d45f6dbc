"""Nested cross-validation: models are chosen, mended and judged on different people.

The inner folds choose the settings of each kind of model and the kind itself by log loss, and their out-of-fold
probabilities fit the calibration and the conformal sets; the outer folds only judge [1]_. Folds are made of groups
(identical measurements, one home), so that nobody who resembles a person of the test by being the same one is learnt
from; :func:`healthops.evaluate.leakage.folds_keep_apart` looks after it in every fold, outer and inner.

.. [1] Varma & Simon (2006), Bias in error estimation when using cross-validation for model selection,
   BMC Bioinformatics 7: 91.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from healthops.evaluate.calibration import LEAST, Recalibration, calibration, recalibrate
from healthops.evaluate.classification import score_probabilities
from healthops.evaluate.leakage import folds_keep_apart
from healthops.risk.classifiers import Candidate, RiskModelError
from healthops.risk.conformal import coverage, least_probabilities, sets

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

#: Name under which the kind that the inner folds chose is judged.
CHOSEN = "chosen inside"


@dataclass(frozen=True)
class Fitted:
    """A model of one kind with the settings, calibration and sets that inner folds gave it.

    Attributes
    ----------
    settings : dict
        The best of the grid.
    model : Pipeline
        Fitted on all rows that it was given.
    inner_loss : float
        Mean log loss of the out-of-fold probabilities of the inner folds, before calibration.
    recalibration : Recalibration
        Fitted on those probabilities.
    least : array of float, shape (K,)
        Calibrated probability from which an outcome is in a conformal set.
    out_of_fold : array of float, shape (n, K)
        Calibrated probabilities of the rows, each by a model that did not see the row's group.
    trials : tuple of (dict, float)
        Every setting with its loss.
    """

    settings: dict[str, Any]
    model: Pipeline
    inner_loss: float
    recalibration: Recalibration
    least: np.ndarray
    out_of_fold: np.ndarray
    trials: tuple[tuple[dict[str, Any], float], ...]

    def raw(self, X: pd.DataFrame) -> np.ndarray:
        """Probabilities as the model gives them, shape (n, K)."""
        return np.asarray(self.model.predict_proba(X), float)

    def probability(self, X: pd.DataFrame) -> np.ndarray:
        """Calibrated probabilities, shape (n, K)."""
        return self.recalibration.apply(self.raw(X))

    def sets(self, X: pd.DataFrame) -> np.ndarray:
        """Outcomes of each conformal set, array of bool, shape (n, K)."""
        return sets(self.probability(X), self.least)


@dataclass(frozen=True)
class Nested:
    """What models said of rows that they had not seen.

    Attributes
    ----------
    probability, raw, held : dict of kind to array, shape (R, n, K)
        Calibrated and raw probabilities, and conformal sets, of R repeats; the kinds and :data:`CHOSEN`.
    fold : array of int, shape (R, n)
        Outer fold in which a row was judged.
    choices : DataFrame
        ``repeat``, ``fold``, ``kind``, ``settings`` (text), ``inner_loss`` and ``chosen``.
    """

    probability: dict[str, np.ndarray]
    raw: dict[str, np.ndarray]
    held: dict[str, np.ndarray]
    fold: np.ndarray
    choices: pd.DataFrame


def grouped_folds(y: np.ndarray, groups: np.ndarray, folds: int, *, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return training and test rows of stratified folds of whole groups.

    Raises
    ------
    RiskModelError
        If there are fewer groups than folds, or an outcome is in fewer groups than folds.
    healthops.evaluate.leakage.LeakageError
        If a group is on both sides.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    y, groups = np.asarray(y), np.asarray(groups)
    for outcome in np.unique(y):
        own = len(np.unique(groups[y == outcome]))
        if own < folds:
            raise RiskModelError(f"outcome {outcome} is in {own} groups: {folds} folds need one each; ask for fewer")
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    out = list(splitter.split(np.zeros((len(y), 1)), y, groups))
    folds_keep_apart(out, groups)
    return out


def fit_kinds(
    makers: Mapping[str, Candidate], X: pd.DataFrame, y: np.ndarray, groups: np.ndarray, *,
    folds: int, alpha: float, seed: int,
) -> dict[str, Fitted]:  # fmt: skip
    """Search the grid of each kind on grouped folds, calibrate the best, and fit it on all rows.

    Parameters
    ----------
    makers : mapping of kind to Candidate
    X : DataFrame, shape (n, F)
    y : array of int, shape (n,)
        Outcomes, 0 to K - 1.
    groups : array, shape (n,)
    folds : int
    alpha : float
        Share of misses that conformal sets may have, by outcome.
    seed : int
        Of the folds.
    """
    splits = grouped_folds(y, groups, folds, seed=seed)
    return {kind: _fit_kind(maker, X, np.asarray(y), splits, alpha) for kind, maker in makers.items()}


def best_kind(fitted: Mapping[str, Fitted], among: Sequence[str] | None = None) -> str:
    """Return the kind with the lowest inner loss, of those that may be chosen."""
    return min(among or list(fitted), key=lambda kind: fitted[kind].inner_loss)


def nested_cross_validation(
    makers: Mapping[str, Candidate], X: pd.DataFrame, y: np.ndarray, groups: np.ndarray, *,
    outer: int, inner: int, seeds: Sequence[int], alpha: float, among: Sequence[str] | None = None,
) -> Nested:  # fmt: skip
    """Judge every kind, and the choice between them, on rows of groups that nothing was learnt from.

    Parameters
    ----------
    makers, X, y, groups, alpha
        As :func:`fit_kinds` takes them.
    outer, inner : int
        Numbers of folds.
    seeds : sequence of int, length R
        Of the folds, one a repeat.
    among : sequence of str, optional
        Kinds that may be chosen; all, unless it is given.
    """
    import pandas as pd

    y, classes = np.asarray(y), len(np.unique(y))
    shape = (len(seeds), len(y), classes)
    raw, probability, held = ({k: np.full(shape, np.nan) for k in (*makers, CHOSEN)} for _ in range(3))
    fold, choices = np.full(shape[:2], -1), []
    for r, seed in enumerate(seeds):
        for k, (train, test) in enumerate(grouped_folds(y, groups, outer, seed=seed)):
            own = groups[train]
            fitted = fit_kinds(makers, X.iloc[train], y[train], own, folds=inner, alpha=alpha, seed=seed)
            best = best_kind(fitted, among)
            fold[r, test] = k
            for kind, each in fitted.items():
                raw[kind][r, test] = each.raw(X.iloc[test])
                probability[kind][r, test] = each.recalibration.apply(raw[kind][r, test])
                held[kind][r, test] = sets(probability[kind][r, test], each.least)
                choices.append({"repeat": r, "fold": k, "kind": kind, "settings": words(each.settings),
                                "inner_loss": each.inner_loss, "chosen": kind == best})  # fmt: skip
            for what in (raw, probability, held):
                what[CHOSEN][r, test] = what[best][r, test]
    return Nested(probability, raw, {k: v.astype(bool) for k, v in held.items()}, fold, pd.DataFrame(choices))


def scored(judged: Nested, y: np.ndarray, outcomes: Sequence[str]) -> pd.DataFrame:
    """Score every kind in every repeat.

    Parameters
    ----------
    judged : Nested
    y : array of int, shape (n,)
    outcomes : sequence of str, length K
        Their names; the last is the one that matters.

    Returns
    -------
    DataFrame
        ``kind``, ``repeat``, ``outcome`` (all, or one), ``score`` and ``value``: those of
        :func:`healthops.evaluate.classification.score_probabilities` on calibrated probabilities; ``slope``,
        ``intercept`` and ``in_the_large`` of :func:`healthops.evaluate.calibration.calibration`, ``raw_slope`` before
        calibration, slopes of single outcomes against the rest; ``coverage``, ``size``, ``single`` and ``empty`` of
        the conformal sets.
    """
    import pandas as pd

    parts = []
    for kind in judged.probability:
        for r in range(len(judged.fold)):
            p, raw = judged.probability[kind][r], judged.raw[kind][r]
            values = {("all", name): value for name, value in (score_probabilities(y, p) | calibration(y, p)).items()}
            values["all", "raw_slope"] = calibration(y, raw)["slope"]
            for k, name in enumerate(outcomes):
                values[name, "slope"] = calibration(y == k, np.column_stack([1 - p[:, k], p[:, k]]))["slope"]
            for name, row in coverage(y, judged.held[kind][r], outcomes).drop(columns="n").iterrows():
                values |= {(str(name), str(score)): float(value) for score, value in row.items()}
            parts += [
                {"kind": kind, "repeat": r, "outcome": outcome, "score": score, "value": value}
                for (outcome, score), value in values.items()
            ]
    return pd.DataFrame(parts)


def words(settings: Mapping[str, Any]) -> str:
    """Write settings in a fixed order.

    >>> words({"C": 0.1, "a": 2})
    'C 0.1, a 2'
    """
    return ", ".join(f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
                     for name, value in sorted(settings.items()))  # fmt: skip


def out_of_fold(
    maker: Candidate,
    settings: Mapping[str, Any],
    X: pd.DataFrame,
    y: np.ndarray,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
) -> np.ndarray:
    """Return probabilities of every row by a model that was fitted without the row's fold, shape (n, K).

    Raises
    ------
    RiskModelError
        If the training rows of a fold lack an outcome.
    """
    y = np.asarray(y)
    out = np.full((len(y), len(np.unique(y))), np.nan)
    for train, test in folds:
        model = maker.with_settings(settings).fit(X.iloc[train], y[train])
        if len(model.classes_) != out.shape[1]:
            raise RiskModelError(
                f"a fold's training rows have the outcomes {model.classes_.tolist()} of 0 to {out.shape[1] - 1}: "
                f"ask for fewer folds"
            )
        out[test] = model.predict_proba(X.iloc[test])
    return out


def _fit_kind(
    maker: Candidate, X: pd.DataFrame, y: np.ndarray, splits: list[tuple[np.ndarray, np.ndarray]], alpha: float
) -> Fitted:
    trials, best = [], None
    for settings in maker.settings():
        inner = out_of_fold(maker, settings, X, y, splits)
        loss = -float(np.mean(np.log(np.maximum(inner[np.arange(len(y)), y], LEAST))))
        trials.append((settings, loss))
        if best is None or loss < best[1]:
            best = (settings, loss, inner)
    settings, loss, inner = best
    mend = recalibrate(y, inner)
    mended = mend.apply(inner)
    model = maker.with_settings(settings).fit(X, y)
    return Fitted(settings, model, loss, mend, least_probabilities(y, mended, alpha=alpha), mended, tuple(trials))
