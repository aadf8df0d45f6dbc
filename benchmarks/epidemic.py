"""Cells (place x age x day x draw) of the epidemic that one CPU second plays, beside epydemix in the same run.

    python benchmarks/epidemic.py [--peer-python PYTHON] [--places 25] [--ages 16] [--days 180] [--draws 50]

`--peer-python` is a Python that has epydemix (``uv venv FOLDER && uv pip install -p FOLDER/bin/python epydemix``);
without it only ours is measured. Both run on one thread; CPU seconds of the simulation alone are counted, the best of
the runs, because other work on the machine slows some. The second half measures what common random numbers are worth:
the variance of the difference in deaths of two plans, with two seeds and with one.
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

import numpy as np

from healthops.simulate.contacts import reciprocal, transmission_for
from healthops.simulate.epidemic import ACTIONS, Epidemic, Period, Vaccine, advance, start

LATENT_DAYS, INFECTIOUS_DAYS, R0, FATALITY, EFFICACY = 3.0, 5.0, 1.8, 0.01, 0.6
TWO_DOSES = Vaccine((0.5, 0.8), (0.7, 0.95))
#: As the peer has it: one dose, at work the next day, milder infections not among its effects.
ONE_DOSE = Vaccine((EFFICACY, EFFICACY), (EFFICACY, EFFICACY), days_to_protection=(1, 1))


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
    """Return CPU seconds and persons ever infected of epydemix on the same model."""
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
        command = [python, str(Path(__file__).with_name("epidemic_peer.py")), str(path), str(draws)]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{python} could not run epydemix: {done.stderr[-500:]}")
    answer = json.loads(done.stdout.splitlines()[-1])
    return answer["cpu_s"], np.array(answer["infected"])


def report_speed(options: argparse.Namespace) -> None:
    model = made_epidemic(options.places, options.ages)
    one_dose = replace(model, vaccine=ONE_DOSE)
    cells = model.population.size * options.days
    plans = {name: made_doses(model, options.days, second=name == "two") for name in ("one", "two")}
    nothing = plans["one"] * 0
    cases = {
        "no vaccine": (one_dose, nothing, True),
        "one dose, to every cell every day": (one_dose, plans["one"], True),
        "two doses, leaky": (model, plans["two"], False),
        "two doses, all or nothing": (
            replace(model, vaccine=replace(TWO_DOSES, action=ACTIONS[1])),
            plans["two"],
            False,
        ),
    }
    people = model.population.sum()
    print(f"{options.places} places x {options.ages} ages x {options.days} days x {options.draws} draws")
    for name, (case, doses, has_peer) in cases.items():
        used, period = timed(case, doses, options.draws, options.runs)
        ours = cells * options.draws / used
        attacked = period.state.ever_infected.sum(axis=(1, 2)).mean() / people
        print(f"{name:35s} {ours / 1e6:8.2f} M cells a CPU s, {attacked:.4f} infected", flush=True)
        if has_peer and options.peer_python:
            used, infected = peer(options.peer_python, case, doses, options.peer_draws)
            theirs = cells * options.peer_draws / used
            print(
                f"{'  epydemix':35s} {theirs / 1e6:8.4f} M cells a CPU s, {infected.mean() / people:.4f} infected; "
                f"ratio {ours / theirs:.0f}",
                flush=True,
            )


def report_common_random_numbers(draws: int) -> None:
    model, days = made_epidemic(10, 8), 150
    few = np.zeros_like(model.population)
    few[0] = 10
    fatality = np.geomspace(1e-5, 0.05, 8)
    model = replace(model, fatality=fatality)
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

    first = deaths(base, 1)
    print(f"variance of a difference in deaths, two seeds over one seed, {draws} draws, {first.mean():.0f} deaths")
    for name, plan in plans.items():
        same, other = deaths(plan, 1), deaths(plan, 2)
        ratio = np.var(first - other) / np.var(first - same)
        print(f"{name:35s} {ratio:8.1f} times, difference {(first - same).mean():.0f}", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", help="a Python that has epydemix")
    parser.add_argument("--places", type=int, default=25)
    parser.add_argument("--ages", type=int, default=16)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--draws", type=int, default=50)
    parser.add_argument("--peer-draws", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3, help="the best of so many counts")
    options = parser.parse_args(arguments)
    report_speed(options)
    report_common_random_numbers(options.draws)


if __name__ == "__main__":
    sys.exit(main())
