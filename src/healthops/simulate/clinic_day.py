"""A provider's session with appointments, played many times: waits, minutes with nobody there, minutes after its end.

Patients are booked at times of the session; some do not come, some come early or late, visits take random minutes, and
others walk in. The session is Lindley's recursion (1952, Proceedings of the Cambridge Philosophical Society 48, 277):
the provider is free again when the visit before has ended, and the next one begins then or when the patient is there.
It is played for thousands of days at once, a patient at a time, in NumPy.

Every patient has random numbers of its own, by seed, name and day: two schedules with one seed meet the same patients,
who come or do not come, are as late and stay as long (common random numbers; Law 2015, Simulation Modeling and
Analysis, chapter 11), wherever they are booked and whoever else is.

Measures (Cayirli and Veral 2003, Production and Operations Management 12, 519): *direct wait*, from the appointment or
the arrival, whichever is later, until the visit begins; *idle time*, minutes in which nobody is being seen, from the
begin of the session to its end or that of the last visit; *overtime*, minutes of the last visit after the session's
end.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

#: Days that are drawn at once: a patient's random numbers of these fit into a processor's cache.
BLOCK = 4096
#: Days that are played at once where every visit looks for the first of those who are there: they fit in a nearer one.
PRIORITY_BLOCK = 1024
#: Who is called in next.
ORDERS = {
    "present": "of those who are there: urgent ones, then by time of appointment (of arrival without one)",
    "arrival": "whoever came first",
    "appointment": "strictly by time of appointment: the provider waits for who is late, not for who will not come",
}
#: Groups of those who have no appointment.
WALK_IN, URGENT = "walk-in", "urgent"


class ClinicDayError(ValueError):
    """A session that cannot be; the message names the patient or the parameter, and the remedy."""


@dataclass(frozen=True)
class LogNormal:
    """Minutes of a visit: log-normal with this mean; with a spread of 0 they are all as long.

    >>> LogNormal(20.0, 0.0).minutes(np.array([0.3, -1.0])).tolist()
    [20.0, 20.0]
    """

    mean_min: float
    sd_log: float = 0.42

    def __post_init__(self) -> None:
        if not (0 < self.mean_min < math.inf and 0 <= self.sd_log < math.inf):
            raise ClinicDayError(
                f"a visit of mean {self.mean_min} min and spread {self.sd_log}: give a positive mean and no negative "
                "spread; leave visits of negative duration out of service_times before you estimate them"
            )

    def minutes(self, z: np.ndarray) -> np.ndarray:
        """Minutes at standard normal numbers of any shape."""
        if self.sd_log == 0:
            return np.full_like(z, self.mean_min)
        out = z * self.sd_log
        out += math.log(self.mean_min) - self.sd_log**2 / 2
        return np.exp(out, out=out)


@dataclass(frozen=True)
class Sample:
    """Minutes of a visit: one of these, each as likely (of table ``service_times``).

    >>> Sample((10.0, 30.0)).minutes(np.array([-0.1, 0.1])).tolist()
    [10.0, 30.0]
    """

    values_min: tuple[float, ...]

    def __post_init__(self) -> None:
        values = np.asarray(self.values_min, float)
        bad = np.flatnonzero(~((values >= 0) & np.isfinite(values)))
        if len(values) == 0 or len(bad):
            what = f"value {bad[0]} is {values[bad[0]]} min" if len(bad) else "there is none"
            raise ClinicDayError(f"a sample of visits: {what}; keep visits of 0 minutes and more")

    @cached_property
    def _sorted(self) -> np.ndarray:
        return np.sort(np.asarray(self.values_min, float))

    @property
    def mean_min(self) -> float:
        """Mean of the sample in minutes."""
        return float(self._sorted.mean())

    def minutes(self, z: np.ndarray) -> np.ndarray:
        """Minutes at standard normal numbers of any shape: the sample's quantile, so that more is longer."""
        from scipy.special import ndtr

        rank = (ndtr(z) * len(self._sorted)).astype(np.int64)
        return self._sorted[np.minimum(rank, len(self._sorted) - 1)]


Service = LogNormal | Sample


@dataclass(frozen=True)
class Punctuality:
    """Minutes after the appointment at which a patient comes: normal; negative is early."""

    mean_min: float = 0.0
    sd_min: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean_min) and 0 <= self.sd_min < math.inf):
            raise ClinicDayError(f"punctuality of mean {self.mean_min} and sd {self.sd_min} min: no negative spread")

    @property
    def exact(self) -> bool:
        """Whether everybody comes on the minute."""
        return self.mean_min == 0 and self.sd_min == 0


@dataclass(frozen=True)
class WalkIns:
    """Patients who come without an appointment, at random through the session; some are urgent."""

    per_hour: float
    service: Service
    urgent_share: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.per_hour < math.inf:
            raise ClinicDayError(f"{self.per_hour} walk-ins an hour: give 0 or more")
        if not 0 <= self.urgent_share <= 1:
            raise ClinicDayError(f"a share of {self.urgent_share} urgent walk-ins: give 0 to 1")


@dataclass(frozen=True)
class ClinicDay:
    """A session of one provider and who is booked.

    Attributes
    ----------
    starts_min : sequence of float, shape (N,)
        Time of each patient's appointment, minutes from the begin of the session.
    no_show : sequence of float, shape (N,)
        Probability that each does not come.
    length_min : float
        Minutes until the session should end.
    service : Service, or a sequence of N
    groups : sequence of str, shape (N,), optional
        Group of each patient, by which waits are told apart; without it, all are ``"all"``.
    patients : sequence of str, shape (N,), optional
        Name of each patient, to which its random numbers belong; without it, its number in this sequence.
    punctuality : Punctuality
    walk_ins : WalkIns, optional
    order : str
        Key of ``ORDERS``. When nobody is early or late and nobody walks in, all three are the same.
    last_call_min : float, optional
        Nobody is called in after it: who is still waiting leaves, and counts as unseen.

    Raises
    ------
    ClinicDayError
        A probability outside 0 to 1, a time before the session, a session of no length, lists of several lengths, a
        patient twice, an unknown order, or one under which walk-ins (or urgent ones) have no place.
    """

    starts_min: Sequence[float]
    no_show: Sequence[float]
    length_min: float
    service: Service | Sequence[Service]
    groups: Sequence[str] = ()
    patients: Sequence[str] = ()
    punctuality: Punctuality = field(default_factory=Punctuality)
    walk_ins: WalkIns | None = None
    order: str = "present"
    last_call_min: float | None = None

    def __post_init__(self) -> None:
        n = len(self.starts_min)
        for name, given in (("no_show", self.no_show), ("groups", self.groups), ("patients", self.patients)):
            if len(given) != n and (given or name == "no_show"):
                raise ClinicDayError(f"{name} has {len(given)} entries for {n} appointments: give one for each")
        if not isinstance(self.service, Service) and len(self.service) != n:
            raise ClinicDayError(
                f"service has {len(self.service)} laws for {n} appointments: give one, or one for each"
            )
        if not 0 < self.length_min < math.inf:
            raise ClinicDayError(f"a session of {self.length_min} min: give a positive length")
        for who, start, chance in zip(self.names, self.starts_min, self.no_show, strict=True):
            if not 0 <= chance <= 1:
                raise ClinicDayError(f"patient {who}: a probability of {chance} not to come; give 0 to 1")
            if not 0 <= start < math.inf:
                raise ClinicDayError(f"patient {who}: booked at {start} min; give minutes from the session's begin")
        if len(set(self.names)) < n:
            twice = next(name for name in self.names if self.names.count(name) > 1)
            raise ClinicDayError(f"patient {twice} is booked twice in the session: book each once")
        if self.order not in ORDERS:
            raise ClinicDayError(f"order {self.order!r} is not known; known: {', '.join(ORDERS)}")
        if self.walk_ins and self.order == "appointment":
            raise ClinicDayError("walk-ins have no appointment to be called by: choose order present or arrival")
        if self.walk_ins and self.walk_ins.urgent_share and self.order != "present":
            raise ClinicDayError(f"urgent walk-ins do not go first under order {self.order}: choose order present")

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each patient."""
        return tuple(map(str, self.patients or range(len(self.starts_min))))

    @property
    def services(self) -> tuple[Service, ...]:
        """Law of each patient's visit."""
        return (self.service,) * len(self.starts_min) if isinstance(self.service, Service) else tuple(self.service)


@dataclass(frozen=True)
class Draws:
    """What chance does on D days to N booked patients and up to M who walk in, minutes from the session's begin.

    ``came`` (N, D) flags; ``service_min`` (N, D); ``arrival_min`` (N, D), or None where all are on the minute;
    ``walk_in_min`` (M, D) in order of arrival, infinite where no more come; ``walk_in_service_min`` (M, D);
    ``urgent`` (M, D) flags.
    """

    came: np.ndarray
    service_min: np.ndarray
    arrival_min: np.ndarray | None = None
    walk_in_min: np.ndarray | None = None
    walk_in_service_min: np.ndarray | None = None
    urgent: np.ndarray | None = None


@dataclass(frozen=True)
class Played:
    """What became of D days: N booked patients first, then up to M who walked in.

    ``wait_min`` (N + M, D) is 0 where ``seen`` (N + M, D) is False; ``came`` (N + M, D); ``idle_min`` and
    ``overtime_min`` (D,).
    """

    wait_min: np.ndarray
    seen: np.ndarray
    came: np.ndarray
    idle_min: np.ndarray
    overtime_min: np.ndarray


def draw(day: ClinicDay, days: int, *, seed: int, first_day: int = 0) -> Draws:
    """Draw `days` days from `first_day` on: a block of ``BLOCK`` days, or a part of one.

    Raises
    ------
    ClinicDayError
        If the days reach over the end of a block.
    """
    block, offset = divmod(first_day, BLOCK)
    if not (0 < days <= BLOCK - offset and first_day >= 0):
        raise ClinicDayError(f"{days} days from day {first_day} are not within a block of {BLOCK}: draw by blocks")
    part, shape = slice(offset, offset + days), (len(day.starts_min), days)
    came, service = np.empty(shape, bool), np.empty(shape)
    late = None if day.punctuality.exact else np.empty(shape)
    for i, (name, law) in enumerate(zip(day.names, day.services, strict=True)):
        rng = _stream(seed, f"patient {name}", block)
        np.greater_equal(rng.random(BLOCK)[part], day.no_show[i], out=came[i])
        service[i] = law.minutes(rng.standard_normal(BLOCK)[part])
        if late is not None:
            late[i] = rng.standard_normal(BLOCK)[part]
    if late is not None:
        late *= day.punctuality.sd_min
        late += day.punctuality.mean_min + np.asarray(day.starts_min, float)[:, None]
    return Draws(came, service, late, *(_walk_ins(day, seed, block, part) if day.walk_ins else ()))


def _stream(seed: int, name: str, block: int) -> np.random.Generator:
    """Random numbers of a name in a block of days, whatever else is drawn."""
    key = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")
    return np.random.Generator(np.random.SFC64([seed, key, block]))


def _walk_ins(day: ClinicDay, seed: int, block: int, part: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arrivals of a Poisson process until the session's end, their visits, and which are urgent."""
    from scipy.stats import poisson

    mean = day.walk_ins.per_hour * day.length_min / 60
    # More walk-ins than these have a probability below 1e-9; how many rows are drawn changes none of those above.
    most = int(poisson.isf(1e-9, mean)) + 1 if mean else 1
    gaps = _stream(seed, "walk-ins", block).standard_exponential((most, BLOCK))[:, part]
    at = np.cumsum(gaps, axis=0) / mean * day.length_min if mean else np.full(gaps.shape, np.inf)
    at[at >= day.length_min] = np.inf
    minutes = day.walk_ins.service.minutes(_stream(seed, "their visits", block).standard_normal((most, BLOCK))[:, part])
    return at, minutes, _stream(seed, "urgent", block).random((most, BLOCK))[:, part] < day.walk_ins.urgent_share


def play(day: ClinicDay, draws: Draws) -> Played:
    """Play the days that were drawn."""
    starts = np.asarray(day.starts_min, float)
    last = np.inf if day.last_call_min is None else day.last_call_min
    if draws.walk_in_min is None and (draws.arrival_min is None or day.order == "appointment"):
        wait, seen, free, busy = _in_order(starts, draws, last, day.length_min)
        came = draws.came
    else:
        came, service = draws.came, draws.service_min
        # By time of appointment; a hair later for who stands further down, so that no two are equal.
        key = starts[:, None] + 1e-9 * np.argsort(np.argsort(starts, kind="stable"), kind="stable")[:, None]
        due = starts[:, None]
        arrival = np.where(came, due if draws.arrival_min is None else draws.arrival_min, np.inf)
        if draws.walk_in_min is not None:
            walked, whole = draws.walk_in_min, came.shape
            due, key = (np.concatenate([np.broadcast_to(a, whole), walked]) for a in (due, key))
            key[len(starts) :] -= 1e6 * draws.urgent
            arrival, came = np.concatenate([arrival, walked]), np.concatenate([came, np.isfinite(walked)])
            service = np.concatenate([service, draws.walk_in_service_min])
        call, most = (_by_arrival, BLOCK) if day.order == "arrival" else (_by_priority, PRIORITY_BLOCK)
        parts = []
        for first in range(0, came.shape[1], most):
            part = slice(first, first + most)
            parts.append(call(*(a if a.shape[1] == 1 else a[:, part] for a in (arrival, service, due, key)), last))
        wait, seen, free, busy = (np.concatenate(part, axis=-1) for part in zip(*parts, strict=True))
    end = np.maximum(free, day.length_min)
    return Played(wait, seen, came, end - busy, end - day.length_min)


def _in_order(starts: np.ndarray, draws: Draws, last: float, end: float) -> tuple[np.ndarray, ...]:
    """Lindley's recursion in order of appointment; returns waits, seen, end of the last visit, minutes of visits.

    Where the last visit ends before `end`, of the session, some time up to it may stand for that.
    """
    n, days = draws.came.shape
    wait, seen = np.empty((n, days)), draws.came if np.isinf(last) else draws.came.copy()
    free, busy, start, visit = np.zeros(days), np.zeros(days), np.empty(days), np.empty(days)
    for i in np.argsort(starts, kind="stable"):
        # Who does not come takes no minutes, and must not keep the provider waiting.
        arrival = starts[i] if draws.arrival_min is None else np.where(draws.came[i], draws.arrival_min[i], -np.inf)
        np.maximum(free, arrival, out=start)
        if np.isfinite(last):
            seen[i] &= start <= last
        np.multiply(draws.service_min[i], seen[i], out=visit)
        np.subtract(start, starts[i] if draws.arrival_min is None else np.maximum(arrival, starts[i]), out=wait[i])
        if draws.arrival_min is not None:
            np.maximum(wait[i], 0, out=wait[i])
            wait[i][~seen[i]] = 0
        else:
            wait[i] *= seen[i]
        busy += visit
        if np.isinf(last) and starts[i] <= end:
            # Faster, and the same: a no-show moves this to its appointment at most, which is within the session, and
            # whoever comes next is due no earlier.
            np.add(start, visit, out=free)
        else:
            # Later than that it would be overtime without a visit.
            np.copyto(free, np.add(start, visit, out=visit), where=seen[i])
    return wait, seen, free, busy


def _by_arrival(arrival: np.ndarray, service: np.ndarray, due: np.ndarray, key: np.ndarray, last: float):
    """The same in order of arrival; of those who come at one moment, in order of `key`."""
    days = np.arange(arrival.shape[1])
    # A stable sort by arrival of patients in order of appointment keeps that order among those who come together.
    if key.shape[1] == 1:  # the same on all days
        rank = np.argsort(key[:, 0], kind="stable")
        turn = rank[np.argsort(arrival[rank], axis=0, kind="stable")]
    else:
        rank = np.argsort(key, axis=0, kind="stable")
        turn = np.argsort(np.take_along_axis(arrival, rank, 0), axis=0, kind="stable")
        turn = np.take_along_axis(rank, turn, 0)
    place = turn * arrival.shape[1] + days
    at, minutes, start = arrival.ravel().take(place), service.ravel().take(place), np.empty(arrival.size)
    free, busy = np.zeros(len(days)), np.zeros(len(days))
    for i in range(len(at)):
        begin = np.maximum(free, at[i])
        start[place[i]] = begin
        on = begin <= last if np.isfinite(last) else np.isfinite(begin)
        visit = minutes[i] * on
        busy += visit
        np.copyto(free, begin + visit, where=on)
    start = start.reshape(arrival.shape)
    seen = np.isfinite(start) & (start <= last)
    return _waits(start, np.maximum(arrival, due), seen), seen, free, busy


def _waits(start: np.ndarray, ready: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Minutes from being there and due until the visit, 0 for who is not seen; who came early may go in before."""
    wait = np.zeros(start.shape)
    np.subtract(start, ready, out=wait, where=seen)
    return np.maximum(wait, 0, out=wait)


def _by_priority(arrival: np.ndarray, service: np.ndarray, due: np.ndarray, key: np.ndarray, last: float):
    """The same by priority of those who are there: each visit, the least `key` of them, or else who comes first."""
    # A day's patients side by side, because each step looks for the best of them.
    left, key, minutes = np.array(arrival.T, order="C"), np.ascontiguousarray(key.T), service.T
    days = len(left)
    start, free, busy = np.full(left.shape, np.inf), np.zeros(days), np.zeros(days)
    row = np.arange(days)
    while len(row):
        waiting = left if len(row) == days else left[row]
        # Whoever is still to come ranks behind all who are there, by arrival.
        theirs = key if len(key) == 1 or len(row) == days else key[row]
        rank = np.where(waiting <= free[row, None], theirs, waiting + 1e7)
        best = rank.argmin(axis=1)
        begin = np.maximum(free[row], left[row, best])
        on = np.isfinite(begin) & (begin <= last)
        if not on.all():
            row, best, begin = row[on], best[on], begin[on]
        start[row, best], left[row, best] = begin, np.inf
        visit = minutes[row, best]
        free[row] = begin + visit
        busy[row] += visit
    start = start.T
    seen = np.isfinite(start)
    return _waits(start, np.maximum(arrival, due), seen), seen, free, busy


@dataclass(frozen=True)
class Outcome:
    """Days of a session.

    ``by_day`` has, for each of D days, arrays (D,): ``came``, ``seen`` (patients), ``wait_min`` (sum over those seen),
    ``idle_min``, ``overtime_min``, and for every group g ``seen g``, ``wait_min g``. ``wait_min`` (N,) is the mean
    wait of each booked patient on the days on which it was seen, NaN where it never was.
    """

    day: ClinicDay
    by_day: Mapping[str, np.ndarray]
    wait_min: np.ndarray

    @property
    def days(self) -> int:
        """Days that were played."""
        return len(self.by_day["idle_min"])

    @property
    def groups(self) -> tuple[str, ...]:
        """Groups in alphabetical order, those who walk in included."""
        return tuple(sorted(name[len("seen ") :] for name in self.by_day if name.startswith("seen ")))

    def mean(self, measure: str) -> tuple[float, float]:
        """Mean of a day, and its standard error, of an array of ``by_day``."""
        values = self.by_day[measure]
        return float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan

    def wait(self, group: str | None = None) -> tuple[float, float]:
        """Mean wait in minutes of a patient seen (of a group), and its standard error: a ratio of means of days."""
        end = "" if group is None else f" {group}"
        waits, seen = self.by_day[f"wait_min{end}"], self.by_day[f"seen{end}"]
        if not seen.sum():
            return math.nan, math.nan
        ratio = float(waits.sum() / seen.sum())
        error = np.std(waits - ratio * seen, ddof=1) / math.sqrt(len(waits)) / seen.mean() if len(waits) > 1 else np.nan
        return ratio, float(error)

    def cost(self, *, wait: float, idle: float, overtime: float) -> np.ndarray:
        """Weighted minutes of each day, shape (D,): the schedule cost."""
        return sum(
            weight * self.by_day[f"{name}_min"]
            for name, weight in (("wait", wait), ("idle", idle), ("overtime", overtime))
        )


def simulate(day: ClinicDay, days: int, *, seed: int) -> Outcome:
    """Draw and play `days` days of a session.

    Raises
    ------
    ClinicDayError
        If there is no day to play.
    """
    if days < 1:
        raise ClinicDayError(f"{days} days: play at least one")
    groups = np.array(list(day.groups) or ["all"] * len(day.starts_min), dtype=object)
    parts: list[dict[str, np.ndarray]] = []
    waited, seen = np.zeros(len(groups)), np.zeros(len(groups))
    for first, number in _blocks(days):
        draws = draw(day, number, seed=seed, first_day=first)
        played = play(day, draws)
        parts.append(_sums(played, groups, draws))
        waited += played.wait_min[: len(groups)].sum(axis=1)
        seen += played.seen[: len(groups)].sum(axis=1)
    by_day = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    with np.errstate(invalid="ignore"):
        return Outcome(day, by_day, waited / seen)


def _blocks(days: int) -> Iterator[tuple[int, int]]:
    return ((first, min(BLOCK, days - first)) for first in range(0, days, BLOCK))


def _sums(played: Played, groups: np.ndarray, draws: Draws) -> dict[str, np.ndarray]:
    """Sums over the patients of each day, for ``Outcome.by_day``."""
    n, found = len(groups), {}
    for group in dict.fromkeys(groups):
        rows = np.flatnonzero(groups == group)
        found[f"seen {group}"] = np.add.reduce(played.seen[rows], axis=0, dtype=np.int64)
        found[f"wait_min {group}"] = played.wait_min[rows].sum(axis=0)
    if draws.walk_in_min is not None:
        for group, which in ((WALK_IN, ~draws.urgent), (URGENT, draws.urgent)):
            found[f"seen {group}"] = (played.seen[n:] & which).sum(axis=0)
            found[f"wait_min {group}"] = (played.wait_min[n:] * which).sum(axis=0)
    for measure in ("seen", "wait_min"):
        parts = [values for name, values in found.items() if name.startswith(f"{measure} ")]
        found[measure] = sum(parts) if parts else np.zeros(len(played.idle_min))
    found["came"] = np.add.reduce(played.came, axis=0, dtype=np.int64)
    return found | {"idle_min": played.idle_min, "overtime_min": played.overtime_min}


def compare(schedules: Mapping[str, ClinicDay], days: int, *, seed: int, beside: str) -> pd.DataFrame:
    """Play several schedules on the same days, and tell each from the one named `beside`.

    Returns
    -------
    pandas.DataFrame
        A row for each schedule and measure (``wait_min`` a patient seen, ``idle_min``, ``overtime_min``, ``seen`` and
        ``unseen`` a day): ``mean``, ``error`` (standard error), and ``difference`` from `beside` with its
        ``difference_error``, over pairs of days.

    Raises
    ------
    ClinicDayError
        If `beside` is not among the schedules.
    """
    import pandas as pd

    if beside not in schedules:
        raise ClinicDayError(f"no schedule {beside!r} to compare with; there are {', '.join(schedules)}")
    outcomes = {name: _measures(simulate(day, days, seed=seed)) for name, day in schedules.items()}
    rows = []
    for name, measures in outcomes.items():
        for measure, (mean, influence) in measures.items():
            other, its = outcomes[beside][measure]
            errors = [float(np.std(x, ddof=1) / math.sqrt(days)) for x in (influence, influence - its)]
            rows.append((name, measure, mean, errors[0], mean - other, errors[1]))
    return pd.DataFrame(rows, columns=["schedule", "measure", "mean", "error", "difference", "difference_error"])


def _measures(outcome: Outcome) -> dict[str, tuple[float, np.ndarray]]:
    """Mean of each measure, and what each day adds to its error: for a ratio of means, the linearised residual."""
    by_day = outcome.by_day
    seen = by_day["seen"]
    wait = float(by_day["wait_min"].sum() / seen.sum()) if seen.sum() else math.nan
    found = {"wait_min": (wait, (by_day["wait_min"] - wait * seen) / max(seen.mean(), 1e-300))}
    plain = {name: by_day[name] for name in ("idle_min", "overtime_min", "seen")}
    plain["unseen"] = by_day["came"] - seen
    return found | {name: (float(values.mean()), values) for name, values in plain.items()}
