"""Clinic days that a CPU second plays, beside simpy, and what proves the simulator.

    python -m benchmarks.clinic_day [--blocks 10] [--peer-days 2000] [--runs 5]

One thread, CPU seconds of drawing, playing and adding up; the best of the runs, because other work on the machine slows
some. simpy plays the same kind of day event by event, twice: the very days that were drawn here, patient by patient,
and days that Python's own random numbers draw, whose means must agree within three standard errors. Stationary waits of
M/M/1 and D/M/1 are the closed forms. As a step of the pipeline (``run``) it writes these into tables.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from healthops.simulate.clinic_day import (
    BLOCK,
    ClinicDay,
    Draws,
    LogNormal,
    Punctuality,
    WalkIns,
    compare,
    draw,
    play,
    simulate,
)

if TYPE_CHECKING:
    from healthops.workspace import Workspace

PATIENTS, SLOT_MIN, NO_SHOW = 24, 20.0, 0.2
SIZES = {"blocks": 10, "peer_days": 2000, "runs": 5}
RECORD = (
    {
        "choice": "the day that is timed",
        "value": f"{PATIENTS} patients, one every {SLOT_MIN:g} min, {NO_SHOW:.0%} do not come, log-normal visits of "
        "18 min; alone, and with lateness, other orders of call and walk-ins",
        "chosen_on": "assumption: a full day of one provider",
        "seen": "speed of all cases",
    },
    {
        "choice": "days drawn at once",
        "value": f"{BLOCK}",
        "chosen_on": "speed: the random numbers of a patient stay in a processor's cache",
        "seen": "speed of the first case",
    },
)


def made_day(**changes: object) -> ClinicDay:
    """The day that is timed."""
    day = ClinicDay(
        starts_min=[SLOT_MIN * i for i in range(PATIENTS)],
        no_show=[NO_SHOW] * PATIENTS,
        length_min=SLOT_MIN * PATIENTS,
        service=LogNormal(18.0, 0.42),
        groups=["first", "second"] * (PATIENTS // 2),
    )
    return replace(day, **changes)


def cases() -> dict[str, ClinicDay]:
    """Days by case."""
    late = Punctuality(-8.0, 14.0)
    return {
        "on the minute": made_day(),
        "late, by appointment": made_day(punctuality=late, order="appointment"),
        "late, by arrival": made_day(punctuality=late, order="arrival"),
        "late, those present": made_day(punctuality=late),
        "late, with walk-ins": made_day(punctuality=late, walk_ins=WalkIns(0.3, LogNormal(17.0), 0.3)),
    }


def timed(work, runs: int) -> float:
    """Return the least CPU seconds of `runs` runs, after one that is not counted."""
    work()
    used = []
    for _ in range(runs):
        before = time.process_time()
        work()
        used.append(time.process_time() - before)
    return min(used)


@dataclass(frozen=True)
class PeerDay:
    """A day that simpy played: waits and who was seen by patient, idle time, overtime."""

    wait_min: np.ndarray
    seen: np.ndarray
    idle_min: float
    overtime_min: float


def simpy_day(
    day: ClinicDay,
    arrival: Sequence[float],
    due: Sequence[float],
    service: Sequence[float],
    urgent: Sequence[bool],
) -> PeerDay:
    """Play one day event by event; an arrival at infinity is a patient who does not come."""
    import simpy

    env = simpy.Environment(initial_time=-1e4)
    provider = simpy.PriorityResource(env)
    wait, seen, ends = np.zeros(len(arrival)), np.zeros(len(arrival), bool), [0.0]
    called = {}

    def closed_before_the_session():
        with provider.request(priority=-1e9) as turn:
            yield turn
            yield env.timeout(0.0 - env.now)

    def patient(i: int, before: list[int]):
        # Strictly by appointment, nobody asks for the provider before those in front have been seen.
        yield env.timeout(arrival[i] - env.now)
        for j in before:
            yield called[j]
        rank = {"arrival": 0.0, "appointment": 0.0, "present": due[i] - 1e6 * urgent[i]}[day.order]
        with provider.request(priority=rank) as turn:
            yield turn
            called[i].succeed()
            seen[i], wait[i] = True, max(env.now - max(arrival[i], due[i]), 0.0)
            yield env.timeout(service[i])
            ends.append(env.now)

    env.process(closed_before_the_session())
    coming = [i for i in np.argsort(due, kind="stable") if math.isfinite(arrival[i])]
    for position, i in enumerate(coming):
        called[i] = env.event()
        env.process(patient(i, coming[:position] if day.order == "appointment" else []))
    env.run()
    end = max(*ends, day.length_min) if len(ends) > 1 else day.length_min
    return PeerDay(wait, seen, end - float(np.sum(np.asarray(service)[seen])), end - day.length_min)


def peer_on_the_same_days(day: ClinicDay, days: int, seed: int) -> list[PeerDay]:
    """Play what :func:`healthops.simulate.clinic_day.draw` drew."""
    draws = draw(day, days, seed=seed)
    starts = np.asarray(day.starts_min, float)
    booked = np.broadcast_to(starts[:, None], draws.came.shape)
    arrival = np.where(draws.came, booked if draws.arrival_min is None else draws.arrival_min, np.inf)
    due, service, urgent = booked, draws.service_min, np.zeros(booked.shape, bool)
    if draws.walk_in_min is not None:
        arrival, due = np.concatenate([arrival, draws.walk_in_min]), np.concatenate([due, draws.walk_in_min])
        service = np.concatenate([service, draws.walk_in_service_min])
        urgent = np.concatenate([urgent, draws.urgent])
    return [simpy_day(day, arrival[:, d], due[:, d], service[:, d], urgent[:, d]) for d in range(days)]


def peer_on_its_own_days(day: ClinicDay, days: int, seed: int) -> list[PeerDay]:
    """Play days that are drawn by Python's random numbers from the laws of the day (all log-normal)."""
    rng, found = random.Random(seed), []

    def minutes(law: LogNormal) -> float:
        return rng.lognormvariate(math.log(law.mean_min) - law.sd_log**2 / 2, law.sd_log)

    for _ in range(days):
        due = [float(start) for start in day.starts_min]
        late = [rng.gauss(day.punctuality.mean_min, day.punctuality.sd_min) for _ in due]
        arrival = [
            math.inf if rng.random() < p else start + x for start, x, p in zip(due, late, day.no_show, strict=True)
        ]
        service, urgent = [minutes(law) for law in day.services], [False] * len(due)
        at = 0.0
        while day.walk_ins and day.walk_ins.per_hour:
            at += rng.expovariate(day.walk_ins.per_hour / 60)
            if at >= day.length_min:
                break
            arrival.append(at)
            due.append(at)
            service.append(minutes(day.walk_ins.service))
            urgent.append(rng.random() < day.walk_ins.urgent_share)
        found.append(simpy_day(day, arrival, due, service, urgent))
    return found


def measure_speed(*, blocks: int, peer_days: int, runs: int) -> pd.DataFrame:
    """Table ``clinic_day_benchmark_speed``: every case, ours and simpy's."""
    rows = []
    for name, day in cases().items():
        few = blocks if "walk-ins" not in name else max(blocks // 5, 1)
        ours = timed(lambda day=day, few=few: simulate(day, few * BLOCK, seed=1), runs)
        theirs = timed(lambda day=day: peer_on_its_own_days(day, peer_days, 1), 1)
        speeds = few * BLOCK / ours / 1e6, peer_days / theirs / 1e6
        rows.append((name, PATIENTS, few * BLOCK, ours, speeds[0], peer_days, theirs, speeds[1], speeds[0] / speeds[1]))
    return pd.DataFrame(
        rows,
        columns=[
            "case", "patients", "days", "cpu_s", "million_days_a_cpu_s", "peer_days", "peer_cpu_s",
            "peer_million_days_a_cpu_s", "ratio",
        ],
    )  # fmt: skip


def peer_checks(days: int) -> list[tuple]:
    """Ours beside simpy: on the same days patient by patient, and on its own days in the mean."""
    rows = []
    for number, (name, day) in enumerate(cases().items()):
        played = play(day, draw(day, days, seed=3))
        same = peer_on_the_same_days(day, days, 3)
        worst = max(
            float(np.abs(played.wait_min[:, d] - peer.wait_min).max())
            + abs(played.idle_min[d] - peer.idle_min)
            + abs(played.overtime_min[d] - peer.overtime_min)
            for d, peer in enumerate(same)
        )
        rows.append(("same days, largest difference", name, worst, 0.0, None))
        ours, own = simulate(day, 5 * BLOCK, seed=4), peer_on_its_own_days(day, days, 100 + number)
        theirs = {
            "wait_min": np.array([peer.wait_min.sum() for peer in own]),
            "idle_min": np.array([peer.idle_min for peer in own]),
            "overtime_min": np.array([peer.overtime_min for peer in own]),
        }
        for measure, values in theirs.items():
            mean, error = ours.mean(measure)
            both = math.hypot(error, float(values.std(ddof=1)) / math.sqrt(days))
            rows.append((f"{measure} a day, own days", name, mean, float(values.mean()), both))
    return rows


def closed_forms(patients: int = 3000, days: int = 400, skip: int = 300) -> list[tuple]:
    """Mean waits of M/M/1 and D/M/1 in the long run, beside their closed forms; visits take 1 minute on average."""
    rng, rows = np.random.default_rng(6), []
    for load in (0.5, 0.8):
        gap = 1 / load
        decay = 0.5  # root of x = exp(-gap (1 - x)), Kleinrock (1975), Queueing Systems 1, section 6.4
        for _ in range(200):
            decay = math.exp(-gap * (1 - decay))
        for name, known in (("M/M/1", load / (1 - load)), ("D/M/1", decay / (1 - decay))):
            gaps = rng.exponential(gap, (patients, days)) if name == "M/M/1" else np.full((patients, days), gap)
            day = ClinicDay([0.0] * patients, [0.0] * patients, 1.0, LogNormal(1.0), order="appointment")
            chance = Draws(np.ones((patients, days), bool), rng.exponential(1, (patients, days)), gaps.cumsum(axis=0))
            means = play(day, chance).wait_min[skip:].mean(axis=0)
            error = float(means.std(ddof=1) / math.sqrt(days))
            rows.append(("stationary wait, closed form", f"{name}, load {load:g}", float(means.mean()), known, error))
    return rows


def measure_checks(days: int) -> pd.DataFrame:
    """Table ``clinic_day_benchmark_checks``: found, known, standard error, and whether they agree.

    Agreement is three standard errors; on the same days, a millionth of a minute.
    """
    rows = peer_checks(days) + closed_forms(days=min(days, 400))
    frame = pd.DataFrame(rows, columns=["check", "case", "found", "known", "error"]).astype({"error": float})
    frame["agrees"] = (frame["found"] - frame["known"]).abs() <= (3 * frame["error"]).fillna(1e-6)
    return frame


def measure_common_random_numbers(days: int = 2 * BLOCK) -> pd.DataFrame:
    """Table ``clinic_day_benchmark_pairs``: variance of a difference between schedules, two seeds over one."""
    twos = [2 * SLOT_MIN * (i // 2) for i in range(PATIENTS)]
    early = [SLOT_MIN * max(i - 1, 0) for i in range(PATIENTS)]
    schedules = {"one a slot": made_day(), "two at once": made_day(starts_min=twos)}
    schedules["two at the begin, then one a slot"] = made_day(starts_min=early)
    found = compare(schedules, days, seed=1, beside="one a slot").set_index(["schedule", "measure"])
    rows = []
    for name in list(schedules)[1:]:
        for measure in ("wait_min", "idle_min", "overtime_min"):
            this, base = found.loc[(name, measure)], found.loc[("one a slot", measure)]
            apart = this["error"] ** 2 + base["error"] ** 2
            rows.append((name, measure, days, this["mean"], this["difference"], apart / this["difference_error"] ** 2))
    return pd.DataFrame(rows, columns=["schedule", "measure", "days", "mean", "difference", "variance_ratio"])


def run(ws: Workspace) -> None:
    """Write the tables ``clinic_day_benchmark_*``."""
    ws.write("clinic_day_benchmark_speed", measure_speed(**SIZES))
    ws.write("clinic_day_benchmark_checks", measure_checks(SIZES["peer_days"]))
    ws.write("clinic_day_benchmark_pairs", measure_common_random_numbers())


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in SIZES.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=value)
    options = vars(parser.parse_args(arguments))
    pd.set_option("display.width", 200, "display.max_columns", 20)
    for frame in (measure_speed(**options), measure_checks(options["peer_days"]), measure_common_random_numbers()):
        print(frame.to_string(index=False))


if __name__ == "__main__":
    sys.exit(main())
