"""Spanish clinic notes as features: symptom keywords, diagnosis n-grams and how the two go together."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfVectorizer

from healthops.features.lexicon import (
    DIAGNOSES,
    DIAGNOSIS_WORDS,
    KEYWORDS,
    LEXICON,
    SEVERE_SIGNS,
    SYMPTOM_WORDS,
    WARNING_SIGNS,
    said,
)


def _found(notes: Any, words: dict[str, tuple[tuple[str, ...], ...]]) -> np.ndarray:
    phrases = [tuple(f" {' '.join(p)} " for p in some) for some in words.values()]
    texts = [said(note) if isinstance(note, str) else " " for note in _flat(notes)]
    return np.array([[any(p in text for p in some) for some in phrases] for text in texts], float).reshape(
        -1, len(words)
    )


def _flat(notes: Any) -> list[Any]:
    return np.asarray(notes, dtype=object).ravel().tolist()


def symptom_flags(notes: Any) -> np.ndarray:
    """Return one row a note, one column of 0 or 1 a name in :data:`KEYWORDS`, shape (n, len(KEYWORDS))."""
    flags = _found(notes, SYMPTOM_WORDS)
    names = list(LEXICON)
    signs = [flags[:, [names.index(s) for s in some]].max(axis=1, initial=0) for some in (WARNING_SIGNS, SEVERE_SIGNS)]
    return np.column_stack([flags, *signs])


class SymptomKeywords(TransformerMixin, BaseEstimator):
    """Flags for what the symptoms of a record mention; nothing is learnt, so no fold can leak into another."""

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn nothing."""
        self.n_features_in_ = 1
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the flags of each note, shape (n, len(KEYWORDS))."""
        return symptom_flags(X)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names in :data:`KEYWORDS`."""
        return np.array(KEYWORDS, dtype=object)


class SymptomDiagnosisInteraction(TransformerMixin, BaseEstimator):
    """Pairs of a symptom and a diagnosis in one record, for the pairs that the training fold knows well enough.

    Parameters
    ----------
    min_records : int
        Records of the training fold that must hold a pair.
    """

    def __init__(self, min_records: int = 20) -> None:
        self.min_records = min_records

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn which pairs are frequent; `X` has the columns symptoms and diagnosis, shape (n, 2)."""
        self.pairs_ = np.flatnonzero(self._all(X).sum(axis=0) >= self.min_records)
        self.n_features_in_ = 2
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return a flag for each pair that was learnt, shape (n, pairs)."""
        return self._all(X)[:, self.pairs_]

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return names such as ``bleeding * dengue``."""
        names = [f"{s} * {d}" for s in KEYWORDS for d in DIAGNOSES]
        return np.array(names, dtype=object)[self.pairs_]

    @staticmethod
    def _all(X: Any) -> np.ndarray:
        values = np.asarray(X, dtype=object).reshape(-1, 2)
        symptoms, diagnoses = symptom_flags(values[:, 0]), _found(values[:, 1], DIAGNOSIS_WORDS)
        return (symptoms[:, :, None] * diagnoses[:, None, :]).reshape(len(values), -1)


def diagnosis_ngrams(*, min_records: int = 5, max_features: int = 300) -> TfidfVectorizer:
    """Return a vectoriser of the diagnosis into runs of 3 to 5 letters within words, which spelling errors leave alone.

    Its vocabulary and weights are learnt from the records that it is fitted on: fit it inside the training fold.
    """
    return TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=(3, 5),
        strip_accents="unicode",
        min_df=min_records,
        max_features=max_features,
        sublinear_tf=True,
    )
