"""Chance that a patient does not come to an appointment, learnt from earlier days and mended by what came since.

Everything goes by time: models learn from appointments before a day, and the map that mends their probabilities on a
day learns from outcomes of the days before it. What mends well is chosen on days before the split as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

#: Kinds of model, simplest first.
KINDS = ("logistic", "boosting")
#: Probabilities are kept this far from 0 and 1, so that their log odds are finite.
LEAST = 1e-4
#: Types in a saved logistic model beyond those that the registry trusts: the curves of its splines, which only compute.
SPLINE_TYPES = ("scipy._lib.array_api_compat.numpy._aliases.asarray", "scipy.interpolate._bsplines.BSpline")


class NoShowError(ValueError):
    """Chances of a no-show cannot be learnt as asked; the message names the column, day or setting, and the remedy."""


@dataclass(frozen=True)
class BoostingSettings:
    """Settings of the boosted trees, as XGBoost names them."""

    rounds: int = 200
    max_depth: int = 4
    learning_rate: float = 0.04
    subsample: float = 0.7
    colsample: float = 0.5
    min_child_weight: float = 30.0


@dataclass(frozen=True)
class NoShowModel:
    """A fitted model.

    Attributes
    ----------
    kind : str
        Of :data:`KINDS`.
    names : tuple of str
        Features that it reads.
    learner : Pipeline or Booster
    """

    kind: str
    names: tuple[str, ...]
    learner: Any

    def probability(self, features: pd.DataFrame) -> np.ndarray:
        """Chance of each appointment's no-show, shape (n,)."""
        x = features[list(self.names)].to_numpy(float)
        if self.kind == "boosting":
            out = self.learner.inplace_predict(x).astype(float)
        else:
            out = self.learner.predict_proba(x)[:, 1]
        return np.clip(out, LEAST, 1 - LEAST)


def require_fitted_before(catalogue: pd.DataFrame, split: np.datetime64 | str) -> None:
    """Require that no feature of appointments was fitted on bookings from the split on, which are held out.

    Parameters
    ----------
    catalogue : DataFrame
        Table ``provider_feature_catalogue``.
    split : date
        Models learn from appointments before this day.

    Raises
    ------
    NoShowError
        If a feature was fitted on bookings of the split's day or later.
    """
    from healthops.features.provider_catalogue import fitted_until

    until = fitted_until(catalogue[catalogue["table"] == "appointments"])
    late = until[until.to_numpy("datetime64[D]") > np.datetime64(split, "D")]
    if len(late):
        raise NoShowError(
            f"the split is {split}, but {late.index[0]!r} was fitted on bookings before {late.iloc[0].date()}, of days "
            f"that are held out: split on that day or later, or set test_from of notebook 24 to {split}"
        )


def usable(features: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Those of `names` that say something in `features`: two values at least.

    Raises
    ------
    NoShowError
        If a column is lacking, or none is of use.
    """
    lacking = sorted(set(names) - set(features))
    if lacking:
        raise NoShowError(f"table 'appointment_features' lacks the columns {lacking}: run notebook 24")
    kept = [name for name in names if features[name].nunique() > 1]
    if not kept:
        raise NoShowError(f"none of the features {sorted(names)} varies: there is nothing to learn from")
    return kept


def fit(
    kind: str, features: pd.DataFrame, names: Sequence[str], *, seed: int, boosting: BoostingSettings | None = None
) -> NoShowModel:
    """Learn from appointments whose outcome is known.

    Parameters
    ----------
    kind : str
        ``logistic`` (age, lead and shares as splines, gaps filled and told of) or ``boosting`` (XGBoost).
    features : DataFrame
        Rows of table ``appointment_features``.
    names : sequence of str
        Features.

    Raises
    ------
    NoShowError
        If the kind is unknown, or nobody or everybody came.
    """
    if kind not in KINDS:
        raise NoShowError(f"kind of model {kind!r}: give one of {list(KINDS)}")
    y = features["no_show"].to_numpy(bool)
    if y.all() or not y.any():
        raise NoShowError(f"{y.sum()} of {len(y)} patients did not come: both outcomes are needed to learn from")
    kept = usable(features, names)
    x = features[kept].to_numpy(float)
    learner = _boosted(x, y, boosting or BoostingSettings(), seed) if kind == "boosting" else _logistic(x).fit(x, y)
    return NoShowModel(kind, tuple(kept), learner)


def _boosted(x: np.ndarray, y: np.ndarray, s: BoostingSettings, seed: int) -> object:
    import xgboost as xgb

    data = xgb.QuantileDMatrix(x, label=y, max_bin=64, nthread=1)
    settings = {
        "objective": "binary:logistic", "tree_method": "hist", "max_bin": 64, "max_depth": s.max_depth,
        "learning_rate": s.learning_rate, "subsample": s.subsample, "colsample_bytree": s.colsample,
        "min_child_weight": s.min_child_weight, "seed": seed % 2**31, "nthread": 1, "verbosity": 0,
    }  # fmt: skip
    return xgb.train(settings, data, s.rounds)


def _logistic(x: np.ndarray) -> Pipeline:
    """Splines where a column has many values; standardised numbers elsewhere."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import SplineTransformer, StandardScaler

    many = [k for k in range(x.shape[1]) if len(np.unique(x[~np.isnan(x[:, k]), k])) > 12]
    few = [k for k in range(x.shape[1]) if k not in many]
    gaps = [k for k in range(x.shape[1]) if np.isnan(x[:, k]).any()]
    parts = [
        ("curve", make_pipeline(SimpleImputer(strategy="median"), SplineTransformer(5, 3, knots="quantile")), many),
        ("line", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), few),
    ]
    if gaps:
        from sklearn.impute import MissingIndicator

        parts.append(("gap", MissingIndicator(features="all"), gaps))
    return make_pipeline(ColumnTransformer(parts), StandardScaler(), LogisticRegression(C=0.1, max_iter=300))


@dataclass(frozen=True)
class Mending:
    """A way to mend probabilities by outcomes of the days before.

    Attributes
    ----------
    kind : str
        ``none``; ``shift`` (of the log odds of all alike); ``logistic`` (shift and slope); ``groups`` (each group a
        shift and slope of its own, drawn towards those of all); ``isotonic`` (a rising step function).
    days : int
        Outcomes of so many days before count.
    daily : bool
        Anew every day; otherwise once, at the split.
    """

    kind: str
    days: int = 14
    daily: bool = True

    def __str__(self) -> str:
        """Words for a table."""
        return "none" if self.kind == "none" else f"{self.kind}, {self.days} days, {'daily' if self.daily else 'once'}"


def mend(
    probability: np.ndarray,
    came_not: np.ndarray,
    day: np.ndarray,
    groups: Sequence[np.ndarray],
    how: Mending,
    *,
    first: np.datetime64,
    ridge: float = 20.0,
) -> np.ndarray:
    """Mend the probabilities of days from `first` on, each day by outcomes of days strictly before it.

    Parameters
    ----------
    probability : array, shape (n,)
        What the model said; NaN where it learnt from the appointment itself, which then does not count.
    came_not : array of bool, shape (n,)
        No-shows. Those of a day are not seen by it, nor by earlier ones.
    day : array of datetime64[D], shape (n,)
        Of the appointment.
    groups : sequence of array, shape (n,)
        What each appointment belongs to, by attribute; of use to ``groups`` alone.
    ridge : float
        Strength by which ``groups`` draws the groups' own shifts and slopes to 0, in patients' worth of information.

    Returns
    -------
    array, shape (n,)
        As `probability` before `first`.

    Raises
    ------
    NoShowError
        If the kind is unknown, or no outcome is known before a day.
    """
    if how.kind not in ("none", "shift", "logistic", "groups", "isotonic"):
        raise NoShowError(
            f"there is no way {how.kind!r} to mend probabilities: none, shift, logistic, groups, isotonic"
        )
    out = np.array(probability, float)
    if how.kind == "none":
        return out
    member = np.column_stack([g == value for g in groups for value in sorted(set(g.tolist()))]).astype(float)
    told = ~np.isnan(probability)
    for today in np.unique(day[day >= first]):
        until = today if how.daily else first
        known = told & (day < until) & (day >= until - how.days)
        now = day == today
        if not known.any() or came_not[known].all() or not came_not[known].any():
            raise NoShowError(
                f"no outcome of both kinds is known in the {how.days} days before {until}: look back longer"
            )
        out[now] = _map(probability, came_not, member, known, now, how.kind, ridge)
    return np.where(told, np.clip(out, LEAST, 1 - LEAST), np.nan)


def _map(
    p: np.ndarray, y: np.ndarray, member: np.ndarray, known: np.ndarray, now: np.ndarray, kind: str, ridge: float
) -> np.ndarray:
    """Learn the map on `known` and apply it to `now`."""
    if kind == "isotonic":
        from sklearn.isotonic import IsotonicRegression

        return (
            IsotonicRegression(out_of_bounds="clip", y_min=LEAST, y_max=1 - LEAST)
            .fit(p[known], y[known])
            .predict(p[now])
        )
    log_odds = np.log(p / (1 - p))
    centre = log_odds[known].mean()
    one = np.ones((len(p), 1))
    z = (log_odds - centre)[:, None]
    # Columns and how strongly each is drawn to 0; the slope counts from 1.
    columns = {
        "shift": [(one, 0.0)],
        "logistic": [(one, 0.0), (z, 0.0)],
        "groups": [(one, 0.0), (z, ridge), (member, ridge), (member * z, ridge)],
    }[kind]
    design = np.hstack([c for c, _ in columns])
    draw = np.concatenate([np.full(c.shape[1], r) for c, r in columns])
    beta = offset_logistic(design[known], y[known].astype(float), log_odds[known], draw)
    return 1 / (1 + np.exp(-(log_odds[now] + design[now] @ beta)))


def offset_logistic(design: np.ndarray, y: np.ndarray, offset: np.ndarray, ridge: np.ndarray) -> np.ndarray:
    """Coefficients of a logistic regression with a fixed offset and a ridge, by Newton's method.

    Parameters
    ----------
    design : array, shape (n, k)
    y, offset : array, shape (n,)
    ridge : array, shape (k,)
        Penalty ``ridge / 2 * beta ** 2`` of each coefficient.

    Raises
    ------
    NoShowError
        If it does not converge.
    """
    beta = np.zeros(design.shape[1])
    for _ in range(60):
        q = 1 / (1 + np.exp(-np.clip(offset + design @ beta, -30, 30)))
        gradient = design.T @ (y - q) - ridge * beta
        curve = (design * (q * (1 - q))[:, None]).T @ design + np.diag(ridge + 1e-9)
        step = np.linalg.solve(curve, gradient)
        # Far from the optimum a full step overshoots.
        beta = beta + step * min(1.0, 2.0 / max(np.abs(step).max(), 1e-12))
        if np.abs(step).max() < 1e-8:
            return beta
    raise NoShowError("the map that mends probabilities did not converge: look back over more days")


def flat_rate(came_not: np.ndarray, day: np.ndarray, *, days: int, first: np.datetime64) -> np.ndarray:
    """Share of no-shows of the `days` days before each day from `first` on, the same for everybody; NaN before.

    Raises
    ------
    NoShowError
        If no outcome is known before a day.
    """
    out = np.full(len(day), np.nan)
    for today in np.unique(day[day >= first]):
        known = (day < today) & (day >= today - days)
        if not known.any():
            raise NoShowError(f"no outcome is known in the {days} days before {today}: look back longer")
        out[day == today] = came_not[known].mean()
    return out


def log_loss(came_not: np.ndarray, probability: np.ndarray) -> float:
    """Mean negative log likelihood."""
    p = np.clip(probability, LEAST, 1 - LEAST)
    return -float(np.mean(np.where(came_not, np.log(p), np.log1p(-p))))


def ranking(came_not: np.ndarray, probability: np.ndarray, lead: np.ndarray) -> Mapping[str, float]:
    """Area under the ROC curve, of all appointments and of those booked before their day; NaN where undefined."""
    from sklearn.metrics import roc_auc_score

    def area(at: np.ndarray) -> float:
        y = came_not[at]
        return float(roc_auc_score(y, probability[at])) if y.any() and not y.all() else float("nan")

    return {"auc": area(np.ones(len(lead), bool)), "auc_lead": area(lead > 0)}
