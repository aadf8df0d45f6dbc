"""How long visits take: a log-normal or a gamma law whose level depends on clinic, first visit and age, by service.

Both are usual for visits [1]_. Which of them a service gets is chosen by the likelihood of visits that came later than
those that it was fitted to.

.. [1] Cayirli, Veral (2003), Outpatient scheduling in health care: a review of literature, Production and Operations
   Management 12(4): 519-549, section 2.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

LAWS = ("log-normal", "gamma")
#: Fewest visits of a service from which a law is learnt.
LEAST_VISITS = 60
#: Age at which both age effects are 0, years.
_MIDDLE = 40.0
_COLUMNS = ("clinic", "service", "date", "minutes", "first_visit", "age_years")


class ServiceTimeError(ValueError):
    """Times of visits cannot be described; the message names the service, column or row, and the remedy."""


@dataclass(frozen=True)
class ServiceTimeLaw:
    """Law of one service.

    Attributes
    ----------
    law : str
        Of :data:`LAWS`.
    clinics : tuple of str
    effects : array, shape (len(clinics) + 4,)
        On the log of the level: of each clinic, of a first visit, of a decade above and one below 40 years, and of no
        known age.
    spread : float
        Standard deviation of the log (log-normal), coefficient of variation (gamma).
    """

    service: str
    law: str
    clinics: tuple[str, ...]
    effects: np.ndarray
    spread: float

    def level(self, visits: pd.DataFrame) -> np.ndarray:
        """Median (log-normal) or mean (gamma) of each visit, minutes, shape (n,)."""
        return np.exp(_design(visits, self.clinics, self.service) @ self.effects)

    def quantile(self, visits: pd.DataFrame, levels: Sequence[float]) -> np.ndarray:
        """Minutes that visits stay below with the probabilities `levels`, shape (n, len(levels))."""
        from scipy.stats import gamma, norm

        at = self.level(visits)[:, None]
        if self.law == "log-normal":
            return at * np.exp(self.spread * norm.ppf(levels))
        shape = 1 / self.spread**2
        return at / shape * gamma.ppf(levels, shape)

    def mean_and_sd(self, visits: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of each visit, minutes, shape (n,)."""
        at = self.level(visits)
        if self.law == "log-normal":
            mean = at * np.exp(self.spread**2 / 2)
            return mean, mean * np.sqrt(np.expm1(self.spread**2))
        return at, at * self.spread

    def rank(self, visits: pd.DataFrame) -> np.ndarray:
        """Probability that a visit is no longer than it was, shape (n,): uniform if the law is right."""
        from scipy.stats import gamma, norm

        ratio = visits["minutes"].to_numpy(float) / self.level(visits)
        if self.law == "log-normal":
            return norm.cdf(np.log(ratio) / self.spread)
        shape = 1 / self.spread**2
        return gamma.cdf(ratio * shape, shape)

    def log_likelihood(self, visits: pd.DataFrame) -> float:
        """Mean log density of the visits, minutes."""
        from scipy.stats import gamma, lognorm

        y, at = visits["minutes"].to_numpy(float), self.level(visits)
        if self.law == "log-normal":
            return float(lognorm.logpdf(y, self.spread, scale=at).mean())
        shape = 1 / self.spread**2
        return float(gamma.logpdf(y, shape, scale=at / shape).mean())


def fit_law(visits: pd.DataFrame, law: str) -> ServiceTimeLaw:
    """Fit a law to visits of one service by maximum likelihood.

    Parameters
    ----------
    visits : DataFrame
        Rows of table ``service_times``.

    Raises
    ------
    ServiceTimeError
        If the law is unknown, there are too few visits or of several services, a time is not above 0.
    """
    lacking = sorted(set(_COLUMNS) - set(visits))
    if lacking:
        raise ServiceTimeError(f"table 'service_times' lacks the columns {lacking}")
    services = sorted(visits["service"].unique())
    if law not in LAWS or len(services) != 1 or len(visits) < LEAST_VISITS:
        raise ServiceTimeError(
            f"{len(visits)} visits of {services} and the law {law!r}: give {LEAST_VISITS} or more of one service, "
            f"and a law of {list(LAWS)}"
        )
    y = visits["minutes"].to_numpy(float)
    if not (y > 0).all():
        raise ServiceTimeError(f"row {visits.index[np.argmax(~(y > 0))]} of {services[0]}: {y[~(y > 0)][0]} minutes")
    clinics = tuple(sorted(visits["clinic"].unique()))
    x = _design(visits, clinics, services[0])
    if law == "log-normal":
        effects, *_ = np.linalg.lstsq(x, np.log(y), rcond=None)
        return ServiceTimeLaw(services[0], law, clinics, effects, float(np.std(np.log(y) - x @ effects)))
    effects = _gamma_effects(x, y)
    return ServiceTimeLaw(services[0], law, clinics, effects, _gamma_spread(y / np.exp(x @ effects)))


def choose_laws(visits: pd.DataFrame, *, later_share: float = 0.3) -> tuple[dict[str, ServiceTimeLaw], pd.DataFrame]:
    """Fit both laws to the earlier visits of each service, keep what the later ones find likelier, fitted to all.

    Parameters
    ----------
    visits : DataFrame
        Table ``service_times``.
    later_share : float
        Share of the visits, the last ones by date, that judge.

    Returns
    -------
    laws, scores : dict of service to ServiceTimeLaw, DataFrame
        Scores of the later visits: service, law, visits, log_likelihood (per visit), ks (Kolmogorov and Smirnov's
        distance of the ranks from uniform ones), ks_critical (above which chance is the reason in fewer than 5 % of
        cases), inside_90 (share between the 5 and 95 % quantiles), chosen.
    """
    import pandas as pd
    from scipy.stats import kstest

    laws, rows = {}, []
    for service, mine in visits.groupby("service", sort=True):
        mine = mine.sort_values(["date", "visit"])
        cut = mine["date"].iloc[int((1 - later_share) * len(mine))]
        early, late = mine[mine["date"] < cut], mine[mine["date"] >= cut]
        late = late[late["clinic"].isin(early["clinic"].unique())]
        told = {law: fit_law(early, law) for law in LAWS}
        likely = {law: found.log_likelihood(late) for law, found in told.items()}
        best = max(LAWS, key=likely.__getitem__)
        for law, found in told.items():
            rank = found.rank(late)
            rows.append({
                "service": service, "law": law, "visits": len(late), "log_likelihood": likely[law],
                "ks": kstest(rank, "uniform").statistic, "ks_critical": 1.358 / np.sqrt(len(late)),
                "inside_90": float(np.mean((rank >= 0.05) & (rank <= 0.95))), "chosen": law == best,
            })  # fmt: skip
        laws[service] = fit_law(mine, best)
    return laws, pd.DataFrame(rows)


def law_table(
    laws: dict[str, ServiceTimeLaw], visits: pd.DataFrame, bands: Sequence[tuple[str, int, int]]
) -> pd.DataFrame:
    """Return table ``service_time_law``: each law at each clinic, for first and later visits, by age band.

    Parameters
    ----------
    bands : sequence of (name, low, high)
        Ages; the effect is taken at the mean age of the service's visits within the band. Visits without an age are
        ``any``. Combinations that no visit had are left out.
    """
    import pandas as pd

    age = visits["age_years"].to_numpy(float, na_value=np.nan)
    band = np.full(len(visits), "any", dtype=object)
    for name, low, high in bands:
        band[(age >= low) & (age <= high)] = name
    framed = visits.assign(age_band=band, age=age)
    middle = framed.groupby(["service", "age_band"])["age"].mean()
    cells = framed.groupby(["clinic", "service", "first_visit", "age_band"]).size().rename("visits").reset_index()
    cells["age_years"] = [middle[key] for key in zip(cells["service"], cells["age_band"], strict=True)]
    parts = []
    for service, rows in cells.groupby("service", sort=True):
        law = laws[service]
        mean, sd = law.mean_and_sd(rows)
        parts.append(
            rows.assign(law=law.law, level=law.level(rows), spread=law.spread, mean=mean, sd=sd).assign(**{
                f"p{round(100 * q):02d}": v for q, v in zip(QUANTILES, law.quantile(rows, QUANTILES).T, strict=True)
            })
        )  # fmt: skip
    out = pd.concat(parts, ignore_index=True).drop(columns="age_years")
    return out.sort_values(["clinic", "service", "first_visit", "age_band"], ignore_index=True)


#: Levels of the columns p05 to p95 of table ``service_time_law``.
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.9, 0.95)


def _design(visits: pd.DataFrame, clinics: Sequence[str], service: str) -> np.ndarray:
    """Clinics, first visit, decades above and below the middle age, no known age; shape (n, len(clinics) + 4)."""
    unknown = sorted(set(visits["clinic"]) - set(clinics))
    if unknown:
        raise ServiceTimeError(f"no visit of {service} at {unknown} was learnt from; it is known at {list(clinics)}")
    age = visits["age_years"].to_numpy(float, na_value=np.nan)
    lacking = np.isnan(age)
    decades = np.where(lacking, 0.0, (age - _MIDDLE) / 10)
    here = (visits["clinic"].to_numpy(dtype=object)[:, None] == np.array(clinics, dtype=object)).astype(float)
    first = visits["first_visit"].to_numpy(bool).astype(float)
    return np.column_stack([here, first, np.maximum(decades, 0), np.maximum(-decades, 0), lacking])


def _gamma_effects(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Effects on the log mean: gamma regression by Newton's method; columns without variation get 0 (least norm)."""
    effects, *_ = np.linalg.lstsq(x, np.log(y), rcond=None)
    for _ in range(50):
        ratio = y / np.exp(x @ effects)
        step, *_ = np.linalg.lstsq(x, ratio - 1, rcond=None)
        effects = effects + step
        if np.abs(step).max() < 1e-10:
            return effects
    raise ServiceTimeError("the gamma regression did not converge: look for times that are far too long or short")


def _gamma_spread(ratio: np.ndarray) -> float:
    """Coefficient of variation by maximum likelihood, of times over their means."""
    from scipy.optimize import brentq
    from scipy.special import digamma

    gap = float(np.mean(ratio - np.log(ratio) - 1))
    shape = brentq(lambda log_k: log_k - digamma(np.exp(log_k)) - gap, -5, 15)
    return float(np.exp(-shape / 2))
