"""Many tasks on a Dask cluster: on a local one that is made for the run, or on any other by its address.

Tasks are told apart by their place in the list alone, so that the results do not depend on how many workers there are,
which of them did what, nor on whether one was lost on the way: a task that a lost worker held is done again by another.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from distributed import Client

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Environment variable that names the cluster by its address (``tcp://host:8786``).
SCHEDULER = "HEALTHOPS_SCHEDULER"
#: A task is tried again so many times after the loss of the worker that held it.
ALLOWED_FAILURES = 3
#: Seconds to wait for the scheduler of another cluster, and for its first worker.
PATIENCE = 30

#: One thread a worker; idle threads sleep.
_THREADS = {
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE",
    "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3",
}  # fmt: skip
#: Dask's own settings for a local cluster; workers get the environment before they import anything.
_SETTINGS = {
    "distributed.scheduler.allowed-failures": ALLOWED_FAILURES,
    "distributed.worker.multiprocessing-method": "spawn",
    "distributed.nanny.pre-spawn-environ": _THREADS,
}


class ClusterError(RuntimeError):
    """A cluster cannot be used or gave a task up; the message names the cluster or the task, and the remedy."""


def run_tasks(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    workers: int,
    scheduler: str | None = None,
    label: Callable[[Item], str] | None = None,
) -> Iterator[Result]:
    """Apply `function` to each of `items`; results come in the order of the items, the same however they were run.

    With one worker, or one item, everything runs in this process. Else the tasks go to a local cluster of `workers`
    processes of one thread each, reachable from this machine alone and gone with this process; or, where `scheduler`
    or the environment variable ``HEALTHOPS_SCHEDULER`` names one, to another cluster with as many workers as it has
    (start them with ``dask worker ADDRESS --nthreads 1`` in the environment of this project).

    Parameters
    ----------
    function : callable
        Importable on a worker by its name, or a ``functools.partial`` of such; must depend on nothing but the item.
    items : sequence
        What each task gets; sent to a worker, so small enough for that (some MB).
    workers : int
        Processes of the local cluster.
    scheduler : str, optional
        Address of another cluster's scheduler.
    label : callable, optional
        Names an item in messages; its number by default.

    Raises
    ------
    ClusterError
        If the named cluster does not answer, has no worker or workers of several threads; or if workers died again and
        again (four times) over the same task, as they do when the memory runs out.
    Exception
        What `function` raised, with a note that names the task.

    Examples
    --------
    >>> list(run_tasks(abs, [-3, 1, -2], workers=1))
    [3, 1, 2]
    """
    names = [label(item) if label else f"task {number} of {len(items)}" for number, item in enumerate(items, 1)]
    if workers < 2 or len(items) < 2:
        for item, name in zip(items, names, strict=True):
            with _naming(name):
                yield function(item)
        return
    address = scheduler or os.environ.get(SCHEDULER)
    with _other(address) if address else _local(min(workers, len(items))) as client:
        yield from _results(client, [_Call(function, item) for item in items], names)


@dataclass(frozen=True)
class _Call:
    """A task whose content Dask does not look into."""

    function: Callable[[Any], Any]
    item: Any


def _do(call: _Call) -> Any:
    return call.function(call.item)


def _results(client: Client, calls: Sequence[_Call], names: Sequence[str]) -> Iterator[Any]:
    import dask
    from dask.base import tokenize
    from distributed import CancelledError, KilledWorker

    # Tasks of one run share a name that no other run has: two runs on one cluster must not take each other's results.
    run = f"healthops-{tokenize(os.urandom(16))}"
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TiB"}):
        futures = deque(client.map(_do, calls, key=[(run, i) for i in range(len(calls))], pure=False))
    for name in names:
        try:
            with _naming(name):
                result = futures.popleft().result()
        except KilledWorker as error:
            raise ClusterError(
                f"{name}: the worker died each of the {error.allowed_failures + 1} times that it was tried. Most often "
                f"the memory does not suffice: take fewer workers, or workers=1, which shows the cause"
            ) from error
        except CancelledError as error:
            raise ClusterError(f"{name}: the cluster went away before it was done; run it again") from error
        yield result


@contextmanager
def _naming(name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        error.add_note(f"in {name}")
        raise


@contextmanager
def _local(workers: int) -> Iterator[Client]:
    """A cluster of this machine: not reachable from others, without dashboard, quiet, and leaving no file behind."""
    import dask
    from distributed import Client, LocalCluster

    with tempfile.TemporaryDirectory(prefix="healthops-dask-") as folder:
        # Dask lets a variable that this process has win over its settings.
        with dask.config.set({**_SETTINGS, "temporary-directory": folder}), _environment(_THREADS):
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address=None,
                # Without a number the page of counters would take port 8787, and warn where that is taken.
                scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                silence_logs=logging.CRITICAL,
                # Neither spilling nor pausing by memory: what is done must not depend on the machine.
                memory_limit=0,
                local_directory=folder,
            )
        with cluster, Client(cluster, set_as_default=False) as client:
            yield client


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _other(address: str) -> Iterator[Client]:
    from distributed import Client

    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"no Dask scheduler answers at {address!r}: start one with `dask scheduler`, or mend the address "
            f"(parameter scheduler, or environment variable {SCHEDULER})"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError as error:
            raise ClusterError(
                f"the cluster at {address!r} has no worker: start some with `dask worker {address} --nthreads 1`"
            ) from error
        # Seeds of some libraries belong to a process: two tasks at once in one would draw from each other's.
        wide = [worker for worker, threads in client.nthreads().items() if threads != 1]
        if wide:
            raise ClusterError(
                f"worker {wide[0]} of the cluster at {address!r} has several threads: results would depend on chance; "
                f"start it with `dask worker {address} --nthreads 1 --nworkers N`"
            )
        yield client
