"""The four kinds of risk model that are compared, as pipelines that impute, encode and scale inside a fold.

Each takes a data frame of features, numbers with gaps and categories as text, and returns probabilities. Logistic
regression, the forest and scikit-learn's boosting fill a gap with the median of the fold's own training rows (the first
and the last are told that there was one); XGBoost sends gaps down the better branch [1]_.

.. [1] Chen & Guestrin (2016), XGBoost: a scalable tree boosting system, KDD: 785-794, section 3.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

#: Kinds of model, simplest first.
KINDS = ("logistic regression", "random forest", "gradient boosting", "XGBoost")
#: Kinds whose log odds are an exact sum of what each feature adds.
ADDITIVE = ("logistic regression", "XGBoost")


class RiskModelError(ValueError):
    """A risk model cannot be made or learnt; the message names the column, fold or setting, and the remedy."""


@dataclass(frozen=True)
class Candidate:
    """A model and the settings that a grid search tries.

    Attributes
    ----------
    pipeline : Pipeline
        Not fitted; its last step is named ``model``.
    grid : mapping of str to sequence
        Settings of that step, all combinations of which are tried.
    """

    pipeline: Pipeline
    grid: Mapping[str, Sequence[Any]]

    def settings(self) -> list[dict[str, Any]]:
        """Every combination, in a fixed order."""
        from sklearn.model_selection import ParameterGrid

        return [dict(each) for each in ParameterGrid({key: list(values) for key, values in self.grid.items()})]

    def with_settings(self, settings: Mapping[str, Any]) -> Pipeline:
        """Return a fresh pipeline with `settings`."""
        from sklearn.base import clone

        return clone(self.pipeline).set_params(**{f"model__{key}": value for key, value in settings.items()})


def candidates(X: pd.DataFrame, grids: Mapping[str, Mapping[str, Sequence[Any]]], *, seed: int) -> dict[str, Candidate]:
    """Return the candidates that `grids` names.

    Parameters
    ----------
    X : DataFrame
        Features; which are numbers and which categories is read from it, nothing else.
    grids : mapping of kind to mapping
        Kinds of :data:`KINDS`; settings as scikit-learn and XGBoost name them, each with its values.
    seed : int
        Of whatever is drawn.

    Raises
    ------
    RiskModelError
        If a kind is unknown, or no feature is given.
    """
    unknown = sorted(set(grids) - set(KINDS))
    if unknown or not grids:
        raise RiskModelError(f"kinds of model {unknown or 'none'}: give some of {list(KINDS)}")
    if X.shape[1] == 0:
        raise RiskModelError("no feature is given: name the columns to learn from")
    return {kind: Candidate(_pipeline(kind, X, seed), grids[kind]) for kind in KINDS if kind in grids}


def _pipeline(kind: str, X: pd.DataFrame, seed: int) -> Pipeline:
    from sklearn.pipeline import Pipeline

    return Pipeline([("encode", _encoder(kind, X)), ("model", _model(kind, seed))])


def _encoder(kind: str, X: pd.DataFrame) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = list(X.select_dtypes("number").columns)
    words = [name for name in X.columns if name not in numbers]
    fill: Any = "passthrough"
    if kind == "logistic regression":
        # A column that is missing throughout a fold stays, as zeros: every fold has the same columns.
        fill = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
        fill = make_pipeline(fill, StandardScaler())
    elif kind == "random forest":
        fill = SimpleImputer(strategy="median", keep_empty_features=True)
    elif kind == "gradient boosting":
        # It takes gaps, but fails where a column has nothing else in a fold.
        fill = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    parts = [("numbers", fill, numbers), ("words", one_hot, words)]
    return ColumnTransformer([part for part in parts if part[2]], verbose_feature_names_out=False)


def _model(kind: str, seed: int) -> Any:
    if kind == "logistic regression":
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(max_iter=2000)
    if kind == "random forest":
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(n_estimators=100, n_jobs=1, random_state=seed)
    if kind == "gradient boosting":
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(early_stopping=False, random_state=seed)
    from xgboost import XGBClassifier

    return XGBClassifier(tree_method="hist", n_jobs=1, random_state=seed)
