"""Are probabilities of two or more outcomes right? Slope, intercept and reliability, and the map that mends them.

The framework is that of Cox [1]_, for several outcomes that of van Hoorde et al. [2]_: outcomes are regressed on the
logarithms of the probabilities, ``P(k) ~ exp(intercept_k + slope * log p_k)``. A slope below 1 says that probabilities
are too extreme, above 1 too timid; right ones have slope 1 and intercepts 0. For two outcomes this is the usual
calibration slope, and as a correction it is Platt's scaling.

.. [1] Cox (1958), Two further applications of a model for binary regression, Biometrika 45: 562-565.
.. [2] Van Hoorde et al. (2014), Assessing calibration of multinomial risk prediction models,
   Statistics in Medicine 33: 2585-2596.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

#: Probabilities are kept this far from 0, so that their logarithm is finite.
LEAST = 1e-6


class CalibrationError(ValueError):
    """Probabilities and outcomes do not fit together; the message says which, and the remedy."""


@dataclass(frozen=True)
class Recalibration:
    """A map from probabilities to probabilities.

    Attributes
    ----------
    intercepts : array of float, shape (K,)
        One an outcome, in log odds against the first, whose own is 0.
    slope : float
        Factor on the log probabilities.
    """

    intercepts: np.ndarray
    slope: float

    def apply(self, probability: np.ndarray) -> np.ndarray:
        """Return mended probabilities, shape (n, K).

        >>> half = Recalibration(np.zeros(2), 0.5)
        >>> half.apply(np.array([[0.1, 0.9]])).round(3).tolist()  # odds of 9 become 3
        [[0.25, 0.75]]
        """
        from scipy.special import softmax

        logs = np.log(np.clip(np.asarray(probability, float), LEAST, 1))
        return softmax(self.intercepts + self.slope * logs, axis=1)


def recalibrate(truth: np.ndarray, probability: np.ndarray) -> Recalibration:
    """Fit the map by maximum likelihood.

    Parameters
    ----------
    truth : array of int, shape (n,)
        The outcome that came, 0 to K - 1; each must have come.
    probability : array of float, shape (n, K)

    Raises
    ------
    CalibrationError
        If shapes differ, a value is no probability, or an outcome never came.
    """
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    y, p = _checked(truth, probability)
    logs, came = np.log(np.clip(p, LEAST, 1)), np.eye(p.shape[1])[y]

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        log_q = log_softmax(np.r_[0, x[:-1]] + x[-1] * logs, axis=1)
        off = np.exp(log_q) - came
        gradient = np.r_[off[:, 1:].sum(axis=0), np.sum(off * logs)]
        return -float(np.sum(came * log_q)) / len(y), gradient / len(y)

    start = np.r_[np.zeros(p.shape[1] - 1), 1.0]
    found = minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-8})
    return Recalibration(np.r_[0, found.x[:-1]], float(found.x[-1]))


def calibration(truth: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Return ``slope``, ``intercept`` and the greatest gap between a mean probability and its share, ``in_the_large``.

    The intercept is that of the last outcome where the slope is held at 1 (calibration in the large); for two outcomes
    0.1 says that true odds are 1.1 times those that were said.

    Parameters
    ----------
    truth : array of int, shape (n,)
    probability : array of float, shape (n, K)
    """
    from scipy.optimize import brentq
    from scipy.special import expit, logit

    y, p = _checked(truth, probability)
    last = logit(np.clip(p[:, -1], LEAST, 1 - LEAST))
    share = np.mean(y == p.shape[1] - 1)
    intercept = brentq(lambda a: float(np.mean(expit(a + last)) - share), -30, 30)
    gap = np.abs(p.mean(axis=0) - np.bincount(y, minlength=p.shape[1]) / len(y)).max()
    return {"slope": recalibrate(y, p).slope, "intercept": float(intercept), "in_the_large": float(gap)}


def reliability(came: np.ndarray, probability: np.ndarray, *, bins: int = 10) -> pd.DataFrame:
    """Return mean probability and share that came in bins of equal size, lowest first.

    Equal probabilities share a bin, so that there may be fewer bins.

    Parameters
    ----------
    came : array of bool, shape (n,)
    probability : array of float, shape (n,)

    Returns
    -------
    DataFrame
        Columns ``said``, ``came``, ``low`` and ``high`` (Wilson's 95 % interval of the share) and ``n``.
    """
    import pandas as pd
    from scipy.stats import rankdata

    p, y = np.asarray(probability, float), np.asarray(came, float)
    if len(p) != len(y) or not len(p):
        raise CalibrationError(f"{len(y)} outcomes and {len(p)} probabilities: give one of each, at least one")
    at = np.minimum((rankdata(p, method="min") - 1) * bins // len(p), bins - 1)
    frame = pd.DataFrame({"said": p, "came": y, "n": 1}).groupby(at)
    out = frame.agg({"said": "mean", "came": "mean", "n": "sum"}).reset_index(drop=True)
    out["low"], out["high"] = wilson(out["came"].to_numpy(), out["n"].to_numpy())
    return out[["said", "came", "low", "high", "n"]]


def wilson(share: np.ndarray, n: np.ndarray, *, z: float = 1.959964) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of Wilson's (1927) interval of a share of `n`, for a normal quantile `z`."""
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return centre - half, centre + half


def _checked(truth: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    y, p = np.asarray(truth), np.asarray(probability, float)
    if p.ndim != 2 or len(y) != len(p) or not len(y):
        raise CalibrationError(f"{len(y)} outcomes and probabilities of shape {p.shape}: give shape (n, K), n outcomes")
    y = y.astype(int)
    if not ((p >= 0) & (p <= 1)).all() or np.abs(p.sum(axis=1) - 1).max() > 1e-4:
        row = int(np.argmax(~((p >= 0) & (p <= 1)).all(axis=1) | ~(np.abs(p.sum(axis=1) - 1) <= 1e-4)))
        raise CalibrationError(f"row {row} has the probabilities {p[row].tolist()}: they must lie in 0..1 and sum to 1")
    never = sorted(set(range(p.shape[1])) - set(y.tolist()))
    if never or y.min() < 0 or y.max() >= p.shape[1]:
        raise CalibrationError(f"outcomes {never} of 0 to {p.shape[1] - 1} never came, or others did: give more rows")
    return y, p
