"""Results come in order and to the byte the same wherever the tasks ran; a lost worker changes nothing."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from healthops.forecast import cluster
from healthops.forecast.backtest import backtest, rolling_origins
from healthops.forecast.base import PanelError
from healthops.forecast.baselines import HubBaseline, SeasonalQuantiles
from healthops.forecast.cluster import ClusterError, run_tasks
from tests.forecast.made import made_panel

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def address():
    """Address of a cluster that someone else started: two workers of one thread."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50, memory_limit=0,
        scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
    ) as running:  # fmt: skip
        yield running.scheduler_address


def where(item: int) -> tuple[int, int]:
    time.sleep(0.3 if item == 0 else 0.02)  # the first is done last
    return item, os.getpid()


def fails(item: int) -> int:
    if item == 2:
        raise PanelError(f"no good: {item}")
    return item


def draw(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(50, 40)) @ np.ones(40)


def dies_once(folder: Path, item: int) -> float:
    if item == 1 and not (folder / "died").exists():
        (folder / "died").write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGKILL)
    return draw(item).sum()


def always_dies(item: int) -> int:
    if item == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def test_results_come_in_the_order_of_the_items_from_several_processes():
    found = list(run_tasks(where, range(12), workers=2))
    assert [item for item, _ in found] == list(range(12))
    pids = {pid for _, pid in found}
    assert len(pids) == 2 and os.getpid() not in pids


def test_one_worker_or_one_item_stays_in_this_process(monkeypatch):
    monkeypatch.setenv(cluster.SCHEDULER, "tcp://127.0.0.1:1")  # nobody answers there
    assert {pid for _, pid in run_tasks(where, [1, 2], workers=1)} == {os.getpid()}
    assert {pid for _, pid in run_tasks(where, [1], workers=4)} == {os.getpid()}
    assert list(run_tasks(where, [], workers=4)) == []


class Drawn(HubBaseline):
    """Learns by sums whose last digits depend on the order of the numbers, and by draws."""

    def fit(self, panel, *, seed):
        self.factor = 1 + np.random.default_rng(seed).normal(size=300) @ np.nanmean(panel.cases, axis=0)[-150:].repeat(
            2
        )
        return self

    def predict(self, panel, horizons=(1,)):
        return super().predict(panel, horizons) * abs(self.factor)


def test_a_backtest_is_the_same_to_the_byte_here_on_two_workers_and_on_another_cluster(address):
    panel = made_panel(missing=True)
    origins = rolling_origins(panel, "2016-01-01", "2016-10-31", every_weeks=4)
    makers = {"hub": HubBaseline, "seasonal": SeasonalQuantiles, "drawn": Drawn}
    run = partial(backtest, panel, makers, origins, refit_weeks=20, seed=3)
    here = run(workers=1)
    for other in (run(workers=2), run(workers=2, scheduler=address)):
        assert other.models == here.models
        for model in makers:
            assert other.quantiles[model].tobytes() == here.quantiles[model].tobytes(), model


def test_the_environment_names_another_cluster(address, monkeypatch):
    monkeypatch.setenv(cluster.SCHEDULER, address)
    found = list(run_tasks(where, range(6), workers=2))
    again = list(run_tasks(where, range(6), workers=2))
    assert [item for item, _ in found] == list(range(6))
    # Its workers outlive the run: the second met the same ones.
    assert {pid for _, pid in found} == {pid for _, pid in again}


def test_a_worker_killed_midway_changes_nothing(tmp_path):
    expected = [draw(item).sum() for item in range(8)]
    found = list(run_tasks(partial(dies_once, tmp_path), range(8), workers=2))
    assert (tmp_path / "died").exists()
    assert np.array(found).tobytes() == np.array(expected).tobytes()


def test_a_task_that_kills_every_worker_is_named(monkeypatch):
    monkeypatch.setitem(cluster._SETTINGS, "distributed.scheduler.allowed-failures", 1)
    with pytest.raises(ClusterError, match="spring of 1: the worker died each of the 2 times.*memory"):
        list(run_tasks(always_dies, [0, 1], workers=2, label=lambda item: f"spring of {item}"))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_task_keeps_its_type_and_names_the_task(workers):
    tasks = run_tasks(fails, [0, 2, 1], workers=workers, label=lambda item: f"spring of {item}")
    assert next(tasks) == 0
    with pytest.raises(PanelError, match="no good: 2") as caught:
        next(tasks)
    assert caught.value.__notes__ == ["in spring of 2"]


def test_a_cluster_that_cannot_serve_is_named(monkeypatch):
    from distributed import LocalCluster

    monkeypatch.setattr(cluster, "PATIENCE", 1)
    with pytest.raises(ClusterError, match="no Dask scheduler answers at 'tcp://127.0.0.1:1'"):
        list(run_tasks(where, [1, 2], workers=2, scheduler="tcp://127.0.0.1:1"))
    quiet = {"dashboard_address": None, "silence_logs": 50, "host": "127.0.0.1", "processes": False}
    quiet["scheduler_kwargs"] = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
    quiet |= {"protocol": "tcp://", "memory_limit": 0}
    with LocalCluster(n_workers=0, **quiet) as empty, pytest.raises(ClusterError, match="has no worker"):
        list(run_tasks(where, [1, 2], workers=2, scheduler=empty.scheduler_address))
    with LocalCluster(n_workers=1, threads_per_worker=2, **quiet) as wide:
        with pytest.raises(ClusterError, match="several threads"):
            list(run_tasks(where, [1, 2], workers=2, scheduler=wide.scheduler_address))


def threads(item: int) -> tuple[str, ...]:
    return tuple(os.environ.get(name, "") for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_WAIT_POLICY"))


def test_workers_have_one_thread_listen_on_this_machine_alone_and_leave_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    tasks = run_tasks(threads, range(4), workers=2)
    assert next(tasks) == ("1", "1", "PASSIVE")
    assert os.environ["OMP_NUM_THREADS"] == "7"
    mine = [os.getpid(), *(child.pid for child in multiprocessing.active_children())]
    assert len(mine) >= 3
    listening = {local for pid in mine for local in listens(pid)}
    assert listening == {"127.0.0.1"}
    list(tasks)
    assert list(tmp_path.iterdir()) == []


def listens(pid: int) -> list[str]:
    """Addresses on which a process listens, from the kernel's tables."""
    held = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            held.add(os.readlink(descriptor))
        except FileNotFoundError:
            continue
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            local, state, inode = (line.split()[i] for i in (1, 3, 9))
            if state == "0A" and f"socket:[{inode}]" in held:
                octets = bytes.fromhex(local.split(":")[0])[::-1]
                found.append(".".join(map(str, octets)))
    return found


PARENT = """
import os, sys, time
from pathlib import Path
from healthops.forecast.cluster import run_tasks
from tests.forecast.test_cluster import sleeps
from functools import partial

if __name__ == "__main__":
    list(run_tasks(partial(sleeps, sys.argv[1]), range(2), workers=2))
"""


def sleeps(folder: str, item: int) -> None:
    Path(folder, f"{item}.pid").write_text(str(os.getpid()))
    time.sleep(120)


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def until(true, *, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.1)
    return true()


def test_a_killed_parent_leaves_no_worker_behind(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    parent = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)], env={**os.environ, "PYTHONPATH": str(REPOSITORY)}
    )
    try:
        assert until(lambda: len([p for p in tmp_path.glob("*.pid") if p.read_text()]) == 2, seconds=60)
        workers = [int(p.read_text()) for p in tmp_path.glob("*.pid")]
        assert all(runs(pid) for pid in workers)
    finally:
        parent.kill()
        parent.wait()
    assert until(lambda: not any(runs(pid) for pid in workers), seconds=20)
