"""Sets of outcomes that hold what comes with a stated chance, for each outcome of its own (Mondrian).

An outcome is in a person's set if its probability is not among the lowest `alpha` of those that people with this
outcome were given by models that had not seen them. If people are exchangeable, a set then misses each outcome in at
most `alpha` of those whom it befalls [1]_, [2]_: a promise by outcome, so that rare events are held as often as
common ones. A set may hold several outcomes (the model cannot tell) or none (the person is unlike those learnt from).

.. [1] Vovk, Gammerman & Shafer (2005), Algorithmic learning in a random world, section 4.5.
.. [2] Sadinle, Lei & Wasserman (2019), Least ambiguous set-valued classifiers with bounded error levels, JASA 114:
   223-234.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def least_probabilities(truth: np.ndarray, probability: np.ndarray, *, alpha: float) -> np.ndarray:
    """Return for each outcome the probability from which on it enters a set, shape (K,).

    Of n probabilities that people with the outcome were given it is the ``floor(alpha (n + 1))``-th lowest; where n is
    so small that there is none, 0: the outcome is in every set.

    Parameters
    ----------
    truth : array of int, shape (n,)
    probability : array of float, shape (n, K)
        Of models that had not seen the person.
    alpha : float
        Share of misses that is allowed, between 0 and 1.

    Raises
    ------
    ValueError
        If shapes differ or `alpha` is no share.

    >>> p = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
    >>> least_probabilities(np.ones(9, int), np.c_[1 - p, p], alpha=0.2).round(2).tolist()
    [0.0, 0.2]
    """
    y, p = np.asarray(truth, int), np.asarray(probability, float)
    if p.ndim != 2 or len(y) != len(p):
        raise ValueError(f"{len(y)} outcomes and probabilities of shape {p.shape}: give shape (n, K), n outcomes")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha:g}: give the share of misses that is allowed, between 0 and 1")
    least = np.zeros(p.shape[1])
    for k in range(p.shape[1]):
        own = np.sort(p[y == k, k])
        # A hair more, so that 0.1 * 10 counts as the 1 that it is.
        rank = int(np.floor(alpha * (len(own) + 1) + 1e-9))
        least[k] = own[rank - 1] if rank >= 1 else 0.0
    return least


def sets(probability: np.ndarray, least: np.ndarray) -> np.ndarray:
    """Return which outcomes are in each set, array of bool, shape (n, K)."""
    return np.asarray(probability, float) >= np.asarray(least, float)


def coverage(truth: np.ndarray, held: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """Return how often sets held what came, for all and by outcome.

    Parameters
    ----------
    truth : array of int, shape (n,)
    held : array of bool, shape (n, K)
    names : sequence of str, length K

    Returns
    -------
    DataFrame
        Index ``all`` and the names; columns ``n``, ``coverage``, ``size`` (mean), ``single`` and ``empty`` (shares of
        sets with one outcome and with none).
    """
    import pandas as pd

    y, held = np.asarray(truth, int), np.asarray(held, bool)
    inside, size = held[np.arange(len(y)), y], held.sum(axis=1)
    groups = {"all": np.ones(len(y), bool)} | {name: y == k for k, name in enumerate(names)}
    rows = {
        name: {
            "n": int(at.sum()), "coverage": inside[at].mean(), "size": size[at].mean(),
            "single": (size[at] == 1).mean(), "empty": (size[at] == 0).mean(),
        }
        for name, at in groups.items()
    }  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("outcome")
