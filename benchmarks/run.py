"""Measure speed: ``python -m benchmarks.run [NAME ...]`` prints CPU seconds (median of the runs) of each piece.

CPU seconds of this process and its children, not wall time, because machines are shared. Compare ratios of one run, not
figures of different days.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

import numpy as np


def cpu_seconds() -> float:
    """CPU seconds that this process and its finished children have used."""
    return sum(r.ru_utime + r.ru_stime for r in map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN)))


def score_forecasts() -> Callable[[], object]:
    """WIS of 100,000 forecasts of 23 quantiles."""
    from healthops.evaluate.scores import wis

    quantiles = np.sort(np.random.default_rng(1).gamma(2.0, 20.0, (100_000, 23)), axis=1)
    observed = np.random.default_rng(2).poisson(40.0, 100_000)
    return lambda: wis(quantiles, observed)


def score_forecasts_peer() -> Callable[[], object]:
    """The same by scoringrules, the peer."""
    import scoringrules

    from healthops.forecast.base import LEVELS

    quantiles = np.sort(np.random.default_rng(1).gamma(2.0, 20.0, (100_000, 23)), axis=1)
    observed = np.random.default_rng(2).poisson(40.0, 100_000).astype(float)
    return lambda: scoringrules.crps_quantile(observed, quantiles, LEVELS)


def _panel(places: int = 24, weeks: int = 520):
    from healthops.forecast.base import Panel

    rng = np.random.default_rng(3)
    season = np.exp(np.sin(np.arange(weeks) * 2 * np.pi / 52.18) * 1.5 + rng.normal(0, 1, (places, 1)))
    dates = np.datetime64("2012-01-07") + 7 * np.arange(weeks)
    codes = tuple(f"{i + 1:02d}" for i in range(places))
    return Panel(codes, dates, rng.poisson(season * 20).astype(float), np.full(places, 5e5))


def fit_xgboost() -> Callable[[], object]:
    """One fit of the boosted quantile trees on 24 places x 10 years."""
    from healthops.forecast.boosting import XGBoostQuantiles

    panel = _panel()
    return lambda: XGBoostQuantiles().fit(panel, seed=1)


def fit_keras() -> Callable[[], object]:
    """One fit of the LSTM in Keras on the same."""
    from healthops.forecast.lstm_keras import KerasLSTM

    panel = _panel()
    return lambda: KerasLSTM().fit(panel, seed=1)


def fit_torch() -> Callable[[], object]:
    """One fit of the LSTM in PyTorch on the same."""
    from healthops.forecast.lstm_torch import TorchLSTM

    panel = _panel()
    return lambda: TorchLSTM().fit(panel, seed=1)


def _need():
    from healthops.allocate.need import need_from_quantiles

    means = np.random.default_rng(4).gamma(0.5, 40.0, 2000)[:, None]
    return need_from_quantiles(means * np.linspace(0.2, 3.0, 23))


def plan_by_filling() -> Callable[[], object]:
    """One plan for 2,000 districts, by filling the steepest segments first."""
    from healthops.allocate.plan import plan

    need = _need()
    return lambda: plan(need, 0.5 * float(need.mean.sum()))


def plan_with_proof() -> Callable[[], object]:
    """The same with HiGHS proving the optimum."""
    from healthops.allocate.plan import plan

    need = _need()
    return lambda: plan(need, 0.5 * float(need.mean.sum()), certify=True)


def plan_campaign() -> Callable[[], object]:
    """A vaccine campaign of 240 made districts, 26 weeks: floor, then benefit."""
    from benchmarks.made_campaign import make_campaign
    from healthops.allocate.campaign_plan import plan_campaign as plan

    campaign = make_campaign(240)
    return lambda: plan(campaign, stages=("floor", "benefit"), tolerance=5e-5)


def play_epidemic() -> Callable[[], object]:
    """An epidemic of 25 places x 16 ages x 180 days x 10 draws with two doses: 0.72 million cells."""
    from benchmarks.epidemic import made_doses, made_epidemic, seeds
    from healthops.simulate.epidemic import advance, start

    model = made_epidemic(25, 16)
    doses = made_doses(model, 180, second=True)
    begin = start(model, draws=10, seed=1, infected=seeds(model))
    return lambda: advance(model, begin, len(doses), doses)


def nothing_to_do() -> Callable[[], object]:
    """``healthops run synthetic`` where everything is up to date (make it first: `make reproduce`)."""
    command = [sys.executable, "-m", "healthops.pipeline.cli", "run", "synthetic"]
    return lambda: subprocess.run(command, check=True, capture_output=True)


def make_tables() -> Callable[[], object]:
    """Simulate the synthetic country and clean it into tables."""
    folder = tempfile.mkdtemp()
    command = [sys.executable, "-m", "healthops.pipeline.step"]

    def run() -> None:
        for step in ("healthops.data.synthetic", "healthops.data.clean"):
            variables = {"HEALTHOPS_ROOT": folder, "PATH": "", "OMP_NUM_THREADS": "1"}
            subprocess.run([*command, step, "synthetic"], check=True, capture_output=True, env=variables)

    return run


BENCHMARKS = {
    make.__name__: make
    for make in (
        score_forecasts,
        score_forecasts_peer,
        fit_xgboost,
        fit_keras,
        fit_torch,
        plan_by_filling,
        plan_with_proof,
        plan_campaign,
        play_epidemic,
        make_tables,
        nothing_to_do,
    )
}


@contextmanager
def measured(into: list[tuple[float, float]]) -> Iterator[None]:
    """Append the CPU and wall seconds of the block to `into`."""
    cpu, wall = cpu_seconds(), time.perf_counter()
    yield
    into.append((cpu_seconds() - cpu, time.perf_counter() - wall))


def main(arguments: list[str] | None = None) -> None:
    """Run the named benchmarks, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--runs", type=int, default=3, help="counted runs after one that is not (default 3)")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"no benchmark is called {unknown}; there are {', '.join(BENCHMARKS)}")
    print(f"{Path(__file__).parent.name}, {options.runs} runs each: {'CPU s':>10} {'wall s':>8}")
    for name in options.names or BENCHMARKS:
        run = BENCHMARKS[name]()
        run()
        taken: list[tuple[float, float]] = []
        for _ in range(options.runs):
            with measured(taken):
                run()
        cpu, wall = (statistics.median(column) for column in zip(*taken, strict=True))
        print(f"{name:22s} {cpu:10.3f} {wall:8.3f}  {(BENCHMARKS[name].__doc__ or '').splitlines()[0]}", flush=True)


if __name__ == "__main__":
    main()
