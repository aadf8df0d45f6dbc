"""Cells (place x age x day x draw) of the epidemic that one CPU second plays, beside epydemix in the same run.

    python -m benchmarks.epidemic [--peer | --peer-python PYTHON] [--places 25] [--ages 16] [--days 180] [--draws 50]

`--peer` makes an environment with epydemix (``.build/epydemix``, from the pins of ``epydemix.txt``); `--peer-python`
names a Python that has it; without them only ours is measured. Both run on one thread; CPU seconds of the simulation
alone are counted, the best of the runs, because other work on the machine slows some. The second half measures what
common random numbers are worth: the variance of the difference in deaths of two plans, with two seeds and with one. As
a step of the pipeline (``run``) it writes these, and what proves the model (``epidemic_checks``), into tables.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks import epidemic_checks, epidemic_peer, epydemix_env
from healthops.simulate.contacts import reciprocal, transmission_for
from healthops.simulate.epidemic import ACTIONS, Epidemic, Period, Vaccine, advance, start

if TYPE_CHECKING:
    from healthops.workspace import Workspace

LATENT_DAYS, INFECTIOUS_DAYS, R0, FATALITY, EFFICACY = 3.0, 5.0, 1.8, 0.01, 0.6
TWO_DOSES = Vaccine((0.5, 0.8), (0.7, 0.95))
#: As the peer has it: one dose, at work the next day, milder infections not among its effects.
ONE_DOSE = Vaccine((EFFICACY, EFFICACY), (EFFICACY, EFFICACY), days_to_protection=(1, 1))


#: Sizes of the step: those of a country by region and age, half a year.
SIZES = {"places": 25, "ages": 16, "days": 180, "draws": 40, "peer_draws": 2, "runs": 5}
RECORD = (
    {
        "choice": "cells that are never at rest",
        "value": "first doses to every place and age on every day from day 20, second ones from day 50",
        "chosen_on": "the dearest case: a day without doses in a cell costs less",
        "seen": "speed of all cases",
    },
    {
        "choice": "what was made faster",
        "value": "a series for the probability of a small hazard, logarithms kept, tables for the takes of a vaccine",
        "chosen_on": "speed of these four cases, of which those with two doses were too slow before",
        "seen": "speed of all cases; tests of the draws unchanged",
    },
)


class PeerError(RuntimeError):
    """The peer could not be run."""


def made_epidemic(places: int, ages: int) -> Epidemic:
    """A made country: places of 0.1 to 1 million, residents who spend a tenth of the day anywhere."""
    rng = np.random.default_rng(1)
    people = rng.integers(100_000 // ages, 1_000_000 // ages, (places, ages))
    contacts = reciprocal(rng.gamma(2.0, 0.5, (ages, ages)), people.sum(axis=0))
    mixing = 0.9 * np.eye(places) + 0.1 / places
    transmission = transmission_for(R0, contacts, infectious_days=INFECTIOUS_DAYS, population=people, mixing=mixing)
    return Epidemic(
        places=tuple(f"place {i}" for i in range(places)),
        groups=tuple(f"age {i}" for i in range(ages)),
        population=people,
        contacts=contacts,
        transmission=transmission,
        latent_days=LATENT_DAYS,
        infectious_days=INFECTIOUS_DAYS,
        fatality=np.full(ages, FATALITY),
        mixing=mixing,
        vaccine=TWO_DOSES,
    )


def made_doses(model: Epidemic, days: int, *, second: bool, share: float = 0.005) -> np.ndarray:
    """First doses from day 20, second ones from day 50, to `share` of every cell a day: no cell is ever at rest."""
    doses = np.zeros((days, *model.population.shape, 2), int)
    doses[20:, ..., 0] = model.population * share
    doses[50:, ..., 1] = model.population * share * second
    return doses


def seeds(model: Epidemic) -> np.ndarray:
    """Infected of the start: one person in a thousand."""
    return model.population // 1000


def timed(model: Epidemic, doses: np.ndarray, draws: int, runs: int) -> tuple[float, Period]:
    """Return the least CPU seconds of `runs` runs, and what they brought."""
    begin = start(model, draws=draws, seed=1, infected=seeds(model))
    advance(model, begin, 1)  # compile, or load what was compiled
    used = []
    for _ in range(runs):
        before = time.process_time()
        period = advance(model, begin, len(doses), doses)
        used.append(time.process_time() - before)
    return min(used), period


def meetings(model: Epidemic) -> np.ndarray:
    """Persons of each place and age whom one of another meets in a day, shape (R * A, R * A): mixing written out."""
    rate = np.einsum("rk,ab,sk,kb->rasb", model.mixing, model.contacts, model.mixing, model.per_present, optimize=True)
    return (rate * model.population).reshape(model.population.size, -1)


def peer(python: str, model: Epidemic, doses: np.ndarray, draws: int) -> tuple[float, np.ndarray]:
    """Return CPU seconds and persons ever infected of epydemix on the same model.

    Raises
    ------
    PeerError
        If this Python cannot run it; the message is the last line of what it said.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.npz")
        np.savez(
            path,
            people=model.population.ravel().astype(float),
            contacts=meetings(model),
            infected=seeds(model).ravel().astype(float),
            doses=doses[..., 0].reshape(len(doses), -1).astype(float),
            transmission=model.transmission,
            latent_days=LATENT_DAYS,
            infectious_days=INFECTIOUS_DAYS,
            fatality=FATALITY,
            efficacy=EFFICACY,
        )
        command = [python, epidemic_peer.__file__, str(path), str(draws)]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise PeerError(f"epydemix could not run: {last[:200]}")
    answer = json.loads(done.stdout.splitlines()[-1])
    return answer["cpu_s"], np.array(answer["infected"])


def cases_of(model: Epidemic, days: int) -> dict[str, tuple[Epidemic, np.ndarray, bool]]:
    """Model, doses and whether the peer has the like, by case."""
    one_dose = replace(model, vaccine=ONE_DOSE)
    one, two = (made_doses(model, days, second=second) for second in (False, True))
    all_or_nothing = replace(model, vaccine=replace(TWO_DOSES, action=ACTIONS[1]))
    return {
        "no vaccine": (one_dose, one * 0, True),
        "one dose": (one_dose, one, True),
        "two doses, leaky": (model, two, False),
        "two doses, all or nothing": (all_or_nothing, two, False),
    }


def measure_speed(
    peer_python: epydemix_env.Peer, *, places: int, ages: int, days: int, draws: int, peer_draws: int, runs: int
) -> pd.DataFrame:
    """Table ``epidemic_benchmark_speed``: every case, ours and the peer's.

    ``peer`` says what became of the peer: its version, that it has no such vaccine, or why it was not measured.
    """
    model = made_epidemic(places, ages)
    cells, people = model.population.size * days, model.population.sum()
    rows = []
    for name, (case, doses, has_peer) in cases_of(model, days).items():
        used, period = timed(case, doses, draws, runs)
        row = {"case": name, "cells": cells * draws, "cpu_s": used, "million_cells_a_cpu_s": cells * draws / used / 1e6}
        row["attacked"] = float(period.state.ever_infected.sum(axis=(1, 2)).mean() / people)
        row["people_lost"] = int(np.abs(period.state.everyone - model.population).sum())
        theirs = _peers_part(peer_python, case, doses, peer_draws) if has_peer else {"peer": "has no such vaccine"}
        if "peer_cpu_s" in theirs:
            theirs["peer_attacked"] /= people
            theirs["peer_million_cells_a_cpu_s"] = cells * peer_draws / theirs["peer_cpu_s"] / 1e6
            theirs["ratio"] = row["million_cells_a_cpu_s"] / theirs["peer_million_cells_a_cpu_s"]
        rows.append(row | theirs)
    missing = ["peer_cpu_s", "peer_attacked", "peer_million_cells_a_cpu_s", "ratio"]
    return pd.DataFrame(rows).reindex(columns=[*rows[0] | dict.fromkeys(missing)]).astype(dict.fromkeys(missing, float))


def _peers_part(peer_python: epydemix_env.Peer, case: Epidemic, doses: np.ndarray, draws: int) -> dict:
    if peer_python.why_not:
        return {"peer": f"not measured: {peer_python.why_not}"}
    try:
        used, infected = peer(peer_python.python, case, doses, draws)
    except PeerError as problem:
        return {"peer": f"not measured: {problem}"}
    return {"peer": f"epydemix {peer_python.version}", "peer_cpu_s": used, "peer_attacked": float(infected.mean())}


def measure_common_random_numbers(draws: int) -> pd.DataFrame:
    """Table ``epidemic_benchmark_pairs``: variance of a difference in deaths, two seeds over one."""
    model, days = made_epidemic(10, 8), 150
    few = np.zeros_like(model.population)
    few[0] = 10
    model = replace(model, fatality=np.geomspace(1e-5, 0.05, 8))
    base = made_doses(model, days, second=True, share=0.004)
    old_first = np.zeros_like(base)
    old_first[..., 4:, :] = 2 * base[..., 4:, :]
    plans = {
        "5 % more doses": made_doses(model, days, second=True, share=0.0042),
        "a week later": np.concatenate([base[:1].repeat(7, axis=0) * 0, base[:-7]]),
        "the older half first": old_first,
        "no doses": base * 0,
    }

    def deaths(plan: np.ndarray, seed: int) -> np.ndarray:
        begin = start(model, draws=draws, seed=seed, infected=few)
        return advance(model, begin, days, plan).deaths.sum(axis=(1, 2)).astype(float)

    first, rows = deaths(base, 1), []
    for name, plan in plans.items():
        same, other = deaths(plan, 1), deaths(plan, 2)
        ratio = float(np.var(first - other) / np.var(first - same))
        rows.append((name, draws, float(first.mean()), float((first - same).mean()), ratio))
    return pd.DataFrame(rows, columns=["plan", "draws", "deaths", "difference", "variance_ratio"])


def run(ws: Workspace) -> None:
    """Write the tables ``epidemic_benchmark_*``."""
    peer_python = epydemix_env.make(ws.root / ".build" / "epydemix")
    checks, days = epidemic_checks.all_checks()
    found = {
        "speed": measure_speed(peer_python, **SIZES),
        "pairs": measure_common_random_numbers(SIZES["draws"]),
        "checks": checks,
        "days": days,
    }
    for name, frame in found.items():
        ws.write(f"epidemic_benchmark_{name}", frame)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", action="store_true", help="make an environment with epydemix and measure it too")
    parser.add_argument("--peer-python", help="a Python that has epydemix")
    for name, value in SIZES.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=value)
    options = vars(parser.parse_args(arguments))
    wanted, named = options.pop("peer"), options.pop("peer_python")
    peer_python = epydemix_env.Peer("", "", "nobody asked for it (--peer)")
    if named:
        peer_python = epydemix_env.Peer(named, epydemix_env.pinned_version())
    elif wanted:
        peer_python = epydemix_env.make(Path(".build") / "epydemix")
    pd.set_option("display.width", 200, "display.max_columns", 20)
    print(measure_speed(peer_python, **options).T.to_string(header=False))
    print(measure_common_random_numbers(options["draws"]).to_string(index=False))


if __name__ == "__main__":
    sys.exit(main())
