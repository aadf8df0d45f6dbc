"""Forecasts of a season's peak week, peak and total as probabilities of bins, and their logarithmic score.

The targets, bins and rules are those of the Dengue Forecasting Project [1]_: the score is the natural logarithm of the
probability that was given to the bin that came; a peak that two weeks share has no score for its week.

.. [1] Johansson et al. (2019), An open challenge to advance probabilistic forecasting for dengue epidemics,
   PNAS 116(48): 24268-24274.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Weeks of a season in the project's files.
SEASON_WEEKS = 52
#: The three targets, in the order of every table.
TARGETS: tuple[str, ...] = ("peak_week", "peak_incidence", "season_total")
#: Scores below this one count as this one in a mean, as a forecast may have given probability 0 to what came.
WORST_SCORE = -10.0


class BinError(ValueError):
    """A season or a forecast does not fit the bins; the message says which and the remedy."""


@dataclass(frozen=True)
class SeasonBins:
    """Bins of the three targets of one city; each bin holds its lower edge and not its upper one.

    Attributes
    ----------
    peak_incidence, season_total : array, shapes (I + 1,), (S + 1,)
        Edges in cases: the first 0, the last infinite.
    """

    peak_incidence: np.ndarray
    season_total: np.ndarray

    @classmethod
    def regular(cls, *, peak_step: float, total_step: float, steps: int = 10) -> SeasonBins:
        """Return `steps` bins of equal width for the peak and for the total, and an open one above them.

        >>> SeasonBins.regular(peak_step=15, total_step=100).peak_incidence[[0, 1, -2, -1]]
        array([  0.,  15., 150.,  inf])
        """
        grid = np.append(np.arange(steps + 1.0), np.inf)
        return cls(peak_incidence=grid * peak_step, season_total=grid * total_step)

    def edges(self, target: str) -> np.ndarray:
        """Edges of the bins of `target`; week k is the bin from k to k + 1."""
        if target == "peak_week":
            return np.arange(1.0, SEASON_WEEKS + 2)
        if target not in TARGETS:
            raise BinError(f"no target is called {target!r}; the targets are {TARGETS}")
        return getattr(self, target)

    def count(self, target: str) -> int:
        """Return how many bins `target` has."""
        return len(self.edges(target)) - 1

    def index(self, target: str, value: np.ndarray) -> np.ndarray:
        """Bin of each value, counted from 0, same shape as `value`.

        >>> SeasonBins.regular(peak_step=15, total_step=100).index("peak_incidence", np.array([0, 14, 15, 149, 150]))
        array([ 0,  0,  1,  9, 10])
        """
        edges = self.edges(target)
        found = np.searchsorted(edges, np.asarray(value, float), side="right") - 1
        if np.any(found < 0) or np.any(found >= len(edges) - 1):
            raise BinError(f"{target} {value} lies outside {edges[0]:g}..{edges[-1]:g}")
        return found


#: Bins of the project's two cities.
CITY_BINS: dict[str, SeasonBins] = {
    "iquitos": SeasonBins.regular(peak_step=15, total_step=100),
    "san_juan": SeasonBins.regular(peak_step=50, total_step=1000),
}


def season_outcome(cases: np.ndarray) -> dict[str, float]:
    """Return what came, by target: the peak week (1..52, NaN if two weeks share the peak), the peak and the total.

    Parameters
    ----------
    cases : array, shape (52,)
        Cases a week of the whole season.

    >>> season_outcome(np.r_[np.zeros(20), 7.0, np.ones(31)])
    {'peak_week': 21.0, 'peak_incidence': 7.0, 'season_total': 38.0}
    """
    if cases.shape != (SEASON_WEEKS,):
        raise BinError(f"a season has shape ({SEASON_WEEKS},), not {cases.shape}")
    at = np.flatnonzero(cases == cases.max())
    week = float(at[0] + 1) if len(at) == 1 else float("nan")
    return {"peak_week": week, "peak_incidence": float(cases.max()), "season_total": float(cases.sum())}


def log_score(probabilities: np.ndarray, bin_index: int) -> float:
    """Natural logarithm of the probability of the bin that came; -inf if that was 0.

    Parameters
    ----------
    probabilities : array, shape (bins,)
        Not negative, with sum 1.
    bin_index : int
        The bin that came, from 0.

    >>> round(log_score(np.full(52, 1 / 52), 3), 3)
    -3.951
    """
    total = float(probabilities.sum())
    if abs(total - 1) > 1e-6 or (probabilities < 0).any():
        raise BinError(f"probabilities must not be negative and sum to 1; these sum to {total:g}: normalise them first")
    with np.errstate(divide="ignore"):
        return float(np.log(probabilities[bin_index]))
