"""Tables of features as matrices for models: every statistic is learnt when the encoder is fitted, never before.

Put the encoder first in a pipeline and let the cross-validation fit the pipeline: each fold then learns its quantiles,
medians, categories, scales and components from its own training rows alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data


class Winsoriser(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Pull outliers in to the quantiles of the rows that it is fitted on; missing values stay missing.

    Parameters
    ----------
    lower, upper : float
        Quantile levels that become the least and the greatest value of each column.
    """

    def __init__(self, lower: float = 0.005, upper: float = 0.995) -> None:
        self.lower = lower
        self.upper = upper

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the quantiles of each column, shape (n, f); a column without any value keeps what it gets."""
        if not 0 <= self.lower < self.upper <= 1:
            raise ValueError(f"quantile levels must rise from 0 to 1, not {self.lower} to {self.upper}")
        values = validate_data(self, X, dtype=float, ensure_all_finite="allow-nan")
        self.low_ = np.full(values.shape[1], -np.inf)
        self.high_ = np.full(values.shape[1], np.inf)
        some = ~np.isnan(values).all(axis=0)
        if some.any():
            self.low_[some], self.high_[some] = np.nanquantile(values[:, some], [self.lower, self.upper], axis=0)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the columns within the quantiles, shape (n, f)."""
        check_is_fitted(self)
        values = validate_data(self, X, reset=False, dtype=float, ensure_all_finite="allow-nan")
        return np.clip(values, self.low_, self.high_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def table_encoder(
    *,
    numbers: Sequence[str] = (),
    nominal: Sequence[str] = (),
    ordinal: Sequence[str] = (),
    scale: bool = True,
    components: int | float | None = None,
    winsorise: tuple[float, float] | None = (0.005, 0.995),
    min_category: int = 20,
    seed: int = 0,
) -> ColumnTransformer:
    """Return an unfitted encoder of a table of features.

    Parameters
    ----------
    numbers : columns of numbers
        Outliers are pulled in, gaps filled with the median (and flagged in columns of their own), then scaled.
    nominal : columns of text
        One column of 0 and 1 a category; rare ones together, unknown ones all zero.
    ordinal : columns of text or codes
        Their rank in alphabetical order; unknown and missing ones -1. For trees, where there are many categories.
    scale : bool
        Mean 0 and variance 1 for the numbers; always so before `components`.
    components : int or float, optional
        Replace the numbers by so many principal components, or by enough for this share of their variance.
    winsorise : pair of float, optional
        Quantile levels of :class:`Winsoriser`; ``None`` leaves outliers alone.
    min_category : int
        Rows that a category needs for a column of its own.
    """
    steps: list[tuple[str, Any]] = []
    if winsorise is not None:
        steps.append(("outliers", Winsoriser(*winsorise)))
    steps.append(("gaps", SimpleImputer(strategy="median", keep_empty_features=True)))
    if scale or components is not None:
        steps.append(("scale", StandardScaler()))
    if components is not None:
        steps.append(("components", PCA(components, svd_solver="full", random_state=seed)))
    one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=min_category, sparse_output=False)
    ranks = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1)
    blocks = [
        ("number", Pipeline(steps), list(numbers)),
        ("missing", MissingIndicator(features="missing-only", error_on_new=False), list(numbers)),
        ("nominal", one_hot, list(nominal)),
        ("ordinal", ranks, list(ordinal)),
    ]
    return ColumnTransformer([b for b in blocks if b[2]], verbose_feature_names_out=True)
