"""An epidemic as a ministry sees it: reports that come late, and a forecast from them.

The truth is played in many draws. What is reported is their mean, some weeks late and with errors. The forecast comes
from runs of the model at other levels of transmission, all begun from what was believed before the first week and given
the same doses; each counts by how well it fits the reports so far (importance weights, as of a particle filter without
resampling: Gordon, Salmond & Smith 1993, IEE Proc. F 140, 107-113). It never sees the truth's parameters or state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from healthops.simulate.epidemic import Epidemic, EpidemicError, Period, State, advance

#: Reports that the weights look back on, weeks.
MEMORY = 6
#: Standard deviation, on the log scale, of a week's report about a run's infections.
ERROR = 0.25
#: Weeks of reports that tell how a place differs from the run, and what incidence of late is.
LATELY = 3
#: A place's reports raise or lower its forecast by at most this factor.
MOST_LOCAL = 3.0


@dataclass(frozen=True)
class Reports:
    """How infections are reported.

    Attributes
    ----------
    delay : int
        Weeks until the infections of a week are known.
    share : float
        Part of the infections that is reported: known to the ministry.
    error : float
        Standard deviation of the log of a place's report.
    """

    delay: int = 1
    share: float = 0.3
    error: float = 0.15

    def __post_init__(self) -> None:
        if self.delay < 0 or self.delay != int(self.delay) or not 0 < self.share <= 1 or self.error < 0:
            raise EpidemicError(f"reports: {self}: give whole weeks, a share above 0 and at most 1, and an error")


class Watched:
    """A truth that is played, and runs that forecast it.

    Parameters
    ----------
    truth, believed : Epidemic
        The world, and the model that forecasts, with one transmission for each of its draws; same places and groups.
    state, believed_state : State
        On the evening before week 0.
    reports : Reports
    seed : int
        Of the errors of the reports.
    """

    def __init__(
        self,
        truth: Epidemic,
        state: State,
        believed: Epidemic,
        believed_state: State,
        *,
        reports: Reports | None = None,
        seed: int = 0,
    ) -> None:
        if (truth.places, truth.groups) != (believed.places, believed.groups):
            raise EpidemicError("the model that forecasts has other places or groups: make both from the same")
        self.truth, self.state = truth, state
        self.believed, self.runs = believed, believed_state
        self.reports = reports or Reports()
        self.errors = np.random.default_rng(seed)
        self.periods: list[Period] = []
        self.seen: list[np.ndarray] = []
        self.simulated: list[np.ndarray] = []

    def week(self, doses: np.ndarray) -> np.ndarray:
        """Play a week with these whole doses, shape (7, R, A, 2); return those given, mean of the draws."""
        period = advance(self.truth, self.state, 7, doses)
        self.state = period.state
        # The states of all weeks would fill the memory.
        self.periods.append(replace(period, state=None))
        reported = self.reports.share * period.infections.mean(axis=0).sum(axis=1)
        self.seen.append(reported * np.exp(self.errors.normal(0, self.reports.error, len(reported))))
        ran = advance(self.believed, self.runs, 7, doses)
        self.runs = ran.state
        self.simulated.append(self.reports.share * ran.infections.sum(axis=2))
        return period.given.mean(axis=0)

    def known(self) -> tuple[np.ndarray, np.ndarray]:
        """Reports so far, shape (W, R), and those of each run, shape (W, M, R)."""
        weeks = max(len(self.seen) - self.reports.delay, 0)
        empty = np.zeros((0, len(self.truth.places)))
        return (
            np.array(self.seen[:weeks]) if weeks else empty,
            np.array(self.simulated[:weeks]) if weeks else empty[:, None].repeat(len(self.runs.dead), axis=1),
        )

    def weights(self) -> np.ndarray:
        """Weight of each run, shape (M,): alike before the first report."""
        seen, simulated = self.known()
        off = np.log(seen[-MEMORY:].sum(axis=1) + 1)[:, None] - np.log(simulated[-MEMORY:].sum(axis=2) + 1)
        fit = -0.5 * (off**2).sum(axis=0) / ERROR**2
        weight = np.exp(fit - fit.max())
        return weight / weight.sum()

    def local(self) -> np.ndarray:
        """Reports of each place beside those of the weighted runs, in the same ratio for the nation; shape (R,)."""
        seen, simulated = self.known()
        if len(seen) == 0:
            return np.ones(len(self.truth.places))
        there = seen[-LATELY:].sum(axis=0) + 1
        run = np.einsum("wmr,m->r", simulated[-LATELY:], self.weights()) + 1
        return np.clip(there / run * run.sum() / there.sum(), 1 / MOST_LOCAL, MOST_LOCAL)

    def incidence(self) -> np.ndarray:
        """Infections reported of late, per person, shape (R,); 1 everywhere before the first report."""
        seen, _ = self.known()
        if len(seen) == 0:
            return np.ones(len(self.truth.places))
        return (seen[-LATELY:].sum(axis=0) + 1) / self.truth.population.sum(axis=1)

    def danger(self, weeks: int) -> np.ndarray:
        """Chance that an unvaccinated person dies of an infection of week t or later, shape (R, A, weeks + 1).

        As forecast now if no more doses were given: what a dose averts is what would come without it.
        """
        weight, state = self.weights(), self.runs
        unvaccinated = state.susceptible[..., 0] / np.maximum(state.susceptible[..., 0] + state.past[..., 0], 1)
        hazard = []
        for _ in range(weeks):
            open_to = np.maximum(state.susceptible @ self._open, 1.0)
            period = advance(self.believed, state, 7)
            hazard.append(period.infections / open_to)
            state = period.state
        ahead = np.cumsum(np.array(hazard)[::-1], axis=0)[::-1] * self.local()[:, None]
        ahead = np.concatenate([ahead, np.zeros((1, *ahead.shape[1:]))])
        # Who is infected from week t on was not before.
        infected = np.exp(ahead - ahead[0]) - np.exp(-ahead[0])
        mean = np.einsum("tmra,m->rat", infected * unvaccinated, weight)
        return mean * self.believed.fatality[:, None]

    @property
    def _open(self) -> np.ndarray:
        """Hazard of the five kinds of susceptibles, as a share of that of the unvaccinated."""
        return self.believed.vaccine.hazard[[0, 0, 1, 1, 2]]

    # ---- what came -----------------------------------------------------------------------------------------------

    def outcome(self, name: str) -> np.ndarray:
        """``infections``, ``deaths`` or ``given`` by week, draw, place and group, as in :class:`.epidemic.Period`."""
        return np.array([getattr(period, name) for period in self.periods])


def spread_of_transmission(transmission: float, runs: int, sd: float) -> np.ndarray:
    """Levels of transmission at equal steps of a lognormal distribution's probability, shape (runs,).

    >>> spread_of_transmission(0.1, 3, 0.5).round(3).tolist()
    [0.062, 0.1, 0.162]
    """
    from scipy.stats import norm

    return transmission * np.exp(sd * norm.ppf((np.arange(runs) + 0.5) / runs))
