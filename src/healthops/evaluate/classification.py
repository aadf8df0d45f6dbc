"""How good are yes-or-no decisions and the probabilities behind them?"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np


@dataclass(frozen=True)
class AlertScores:
    """Scores of alerts against what came. A share whose denominator is empty is NaN, never silently 0."""

    tasks: int
    outbreaks: int
    alerts: int
    accuracy: float
    precision: float
    recall: float
    f1: float
    pr_auc: float
    prevalence: float
    brier: float

    def as_dict(self) -> dict[str, float]:
        """Return the scores by name."""
        return asdict(self)


def score_alerts(outbreak: np.ndarray, alert: np.ndarray, probability: np.ndarray) -> AlertScores:
    """Score alerts by accuracy, precision, recall, F1, area under the precision-recall curve and Brier score.

    Parameters
    ----------
    outbreak, alert : array of bool, shape (n,)
        What came, and what was said.
    probability : array of float, shape (n,)
        Forecast chance of an outbreak. The area under the precision-recall curve is its average precision; a
        forecast without skill has the prevalence of outbreaks.

    Raises
    ------
    ValueError
        If the three differ in length or are empty.
    """
    from sklearn.metrics import average_precision_score, precision_recall_fscore_support

    outbreak, alert = np.asarray(outbreak, bool), np.asarray(alert, bool)
    probability = np.asarray(probability, float)
    if not len(outbreak) or not len(outbreak) == len(alert) == len(probability):
        raise ValueError(
            f"outbreak, alert and probability have {len(outbreak)}, {len(alert)} and {len(probability)} values; "
            f"give one of each for at least one task"
        )
    precision, recall, f1, _ = precision_recall_fscore_support(outbreak, alert, average="binary", zero_division=np.nan)
    return AlertScores(
        tasks=len(outbreak),
        outbreaks=int(outbreak.sum()),
        alerts=int(alert.sum()),
        accuracy=float((outbreak == alert).mean()),
        precision=float(precision),
        recall=float(recall),
        f1=float(f1),
        pr_auc=float(average_precision_score(outbreak, probability)) if outbreak.any() else float("nan"),
        prevalence=float(outbreak.mean()),
        brier=float(np.mean((probability - outbreak) ** 2)),
    )


def score_probabilities(truth: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Score probabilities of two or more outcomes, the last of which is the one that matters.

    Parameters
    ----------
    truth : array of int, shape (n,)
        0 to K - 1, all of which came.
    probability : array of float, shape (n, K)

    Returns
    -------
    dict
        ``accuracy`` of the likeliest outcome; ``auc_macro``, the plain mean over outcomes of the area under the ROC
        curve of each against the rest, and ``auc_last``, that of the last (for two outcomes the same); ``pr_auc_last``;
        ``log_loss`` and ``brier`` (sum over outcomes, halved for two so that it is the usual one).

    Raises
    ------
    ValueError
        If shapes differ or an outcome never came.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    y, p = np.asarray(truth, int), np.asarray(probability, float)
    if p.ndim != 2 or len(y) != len(p) or set(y.tolist()) != set(range(p.shape[1])):
        raise ValueError(f"{len(y)} outcomes {sorted(set(y.tolist()))} and probabilities of shape {p.shape}: each of "
                         f"the outcomes 0 to K - 1 must have come")  # fmt: skip
    came = np.eye(p.shape[1])[y]
    auc = [roc_auc_score(came[:, k], p[:, k]) for k in range(p.shape[1])]
    return {
        "accuracy": float((p.argmax(axis=1) == y).mean()),
        "auc_macro": float(np.mean(auc)),
        "auc_last": float(auc[-1]),
        "pr_auc_last": float(average_precision_score(came[:, -1], p[:, -1])),
        "log_loss": -float(np.mean(np.log(np.maximum(p[np.arange(len(y)), y], 1e-6)))),
        "brier": float(np.mean(np.sum((p - came) ** 2, axis=1)) / (2 if p.shape[1] == 2 else 1)),
    }
