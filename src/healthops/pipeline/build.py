"""Run a graph with pytask: content hashes decide what runs, a journal remembers what is done."""

from __future__ import annotations

import hashlib
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import pytask

from healthops.pipeline import environment, provenance
from healthops.pipeline.graph import PAGE, Job, build_graph
from healthops.workspace import CONFIG_VARIABLE, ROOT_VARIABLE, Workspace

#: How many lines of a failed process are shown.
TAIL = 30


class JobError(RuntimeError):
    """A job ended with an error; the message holds the last lines it said."""


@dataclass
class ContentNode:
    """A file or folder that counts by its content; nothing is remembered by its time, so that tampering is noticed."""

    path: Path
    name: str
    attributes: dict[Any, Any] = field(default_factory=dict)

    @property
    def signature(self) -> str:
        """Identify the node by its path."""
        return hashlib.sha256(str(self.path).encode()).hexdigest()

    def state(self) -> str | None:
        """Return the hash of the content; None where there is nothing."""
        return provenance.hash_path(self.path)

    def load(self, is_product: bool = False) -> Path:
        """Return the path."""
        return self.path

    def save(self, value: Any) -> None:
        """Refuse: jobs write their products themselves."""
        raise NotImplementedError(f"{self.name} is written by its job")


@dataclass
class ValueNode:
    """What a job depends on besides files; pytask tells its own PythonNode apart by argument alone, not by name."""

    name: str
    value: str
    attributes: dict[Any, Any] = field(default_factory=dict)

    @property
    def signature(self) -> str:
        """Identify the node by its name."""
        return hashlib.sha256(self.name.encode()).hexdigest()

    def state(self) -> str:
        """Return the hash of the value."""
        return hashlib.sha256(self.value.encode()).hexdigest()

    def load(self, is_product: bool = False) -> str:
        """Return the value."""
        return self.value

    def save(self, value: Any) -> None:
        """Refuse: nothing writes a value."""
        raise NotImplementedError(self.name)


class JobTask(pytask.TaskWithoutPath):
    """A task whose code is a process: what the process uses is among its dependencies, so it has no state itself."""

    def state(self) -> str:
        """Return a constant."""
        return "job"


@dataclass(frozen=True)
class Outcome:
    """How a run ended, job by job."""

    done: list[str]
    unchanged: list[str]
    failed: list[str]
    skipped: list[str]
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not self.failed and not self.skipped

    @property
    def outdated(self) -> list[str]:
        """Notebooks whose figures, if there are any, are of an earlier run."""
        return list(dict.fromkeys(name.removesuffix(PAGE) for name in (*self.failed, *self.skipped)))


class Progress:
    """Print which job runs, how many are done and how long each took."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.started = time.monotonic()
        self._lock = Lock()

    def say(self, text: str) -> None:
        """Print one line with the time since the start."""
        elapsed = time.monotonic() - self.started
        with self._lock:
            print(f"{int(elapsed // 60):3d}:{int(elapsed % 60):02d}  {text}", flush=True)


def run(workspace: Workspace, *, workers: int = 2) -> Outcome:
    """Bring everything of the scenario up to date; what is, is left alone."""
    jobs = build_graph(workspace)
    progress = Progress(len(jobs))
    session = _session(workspace, jobs, progress, n_workers=workers, parallel_backend="threads", quiet=True)
    if not session.execution_reports and session.exit_code != 0:
        raise JobError("pytask could not start: " + _collection_errors(session))
    by_outcome: dict[str, list[str]] = {}
    for report in session.execution_reports:
        by_outcome.setdefault(report.outcome.name, []).append(report.task.name)
        if report.outcome.name == "FAIL":
            error = report.exc_info[1] if report.exc_info else "no message"
            progress.say(f"FAILED {report.task.name}\n{error}\n")
    return Outcome(
        done=by_outcome.get("SUCCESS", []),
        unchanged=by_outcome.get("SKIP_UNCHANGED", []),
        failed=by_outcome.get("FAIL", []),
        skipped=by_outcome.get("SKIP_PREVIOUS_FAILED", []) + by_outcome.get("SKIP", []),
        seconds=time.monotonic() - progress.started,
    )


def explain(workspace: Workspace) -> int:
    """Print what would run and why, and run nothing."""
    jobs = build_graph(workspace)
    session = _session(workspace, jobs, Progress(len(jobs)), explain=True, dry_run=True, quiet=False)
    return int(session.exit_code)


def _session(
    workspace: Workspace, jobs: list[Job], progress: Progress, *, quiet: bool, **options: Any
) -> pytask.Session:
    home = workspace.root / ".build" / workspace.scenario.name
    home.mkdir(parents=True, exist_ok=True)
    config = home / "pyproject.toml"
    if not config.is_file():
        config.write_text("# pytask keeps the memory of this scenario here.\n[tool.pytask.ini_options]\n")
    waited_for = jobs_waited_for(jobs)
    tasks = [_task(workspace, job, number, progress, waited_for) for number, job in enumerate(jobs, 1)]
    pytask.console.quiet = quiet
    return pytask.build(tasks=tasks, paths=home, config=config, verbose=1, capture="no", **options)


def _collection_errors(session: pytask.Session) -> str:
    reports = [*getattr(session, "collection_reports", []), getattr(session, "dag_report", None)]
    return "; ".join(str(r.exc_info[1]) for r in reports if r is not None and r.exc_info) or "unknown reason"


def jobs_waited_for(jobs: list[Job]) -> set[str]:
    """Names of the jobs whose products another one reads that is no page."""
    makers = {product: job.name for job in jobs for product in job.products}
    return {makers[file] for job in jobs if not job.name.endswith(PAGE) for file in job.files if file in makers}


def _task(workspace: Workspace, job: Job, number: int, progress: Progress, waited_for: set[str]) -> JobTask:
    def node(path: Path) -> ContentNode:
        inside = path.is_relative_to(workspace.root)
        base = workspace.root if inside else workspace.config.parent
        return ContentNode(path, path.relative_to(base).as_posix() if path.is_relative_to(base) else str(path))

    values = ValueNode(f"{job.name}: parameters and declaration", job.values)
    # Of what is ready, first what others wait for and pages last, so that no worker is left with a long chain.
    order = "try_first" if job.name in waited_for else "try_last" if job.name.endswith(PAGE) else None
    return JobTask(
        name=job.name,
        markers=[pytask.Mark(order, (), {})] if order else [],
        function=lambda **_: _run_job(workspace, job, number, progress),
        depends_on={"values": values, **{f"file{i}": node(p) for i, p in enumerate(dict.fromkeys(job.files))}},
        produces={f"product{i}": node(p) for i, p in enumerate(job.products)},
    )


def _run_job(workspace: Workspace, job: Job, number: int, progress: Progress) -> None:
    label = f"[{number:2d}/{progress.total}] {job.name}"
    began = time.monotonic()
    progress.say(f"{label} ...")
    log = workspace.root / ".build" / workspace.scenario.name / "logs" / f"{job.name.replace(' ', '-')}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    status, lines = _run_process(workspace, job, log, lambda text: progress.say(f"{label}: {text}"))
    if status != 0:
        tail = "\n".join(lines[-TAIL:])
        raise JobError(f"{tail}\n(exit status {status}; the whole output is in {log.relative_to(workspace.root)})")
    progress.say(f"{label}: done in {time.monotonic() - began:.0f} s")


def _run_process(workspace: Workspace, job: Job, log: Path, tell: Any) -> tuple[int, list[str]]:
    variables = {ROOT_VARIABLE: str(workspace.root), CONFIG_VARIABLE: str(workspace.config)}
    lines: list[str] = []
    told = time.monotonic()
    process = subprocess.Popen(
        job.command,
        cwd=workspace.config.parent,
        env=environment.pinned() | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    assert process.stdout is not None
    with process, log.open("w", encoding="utf-8") as file:
        for line in process.stdout:
            if line.startswith("@"):
                # A long notebook says where it is, but not for every cell.
                if time.monotonic() - told > 15:
                    told = time.monotonic()
                    tell(line[1:].strip())
                continue
            file.write(line)
            lines.append(line.rstrip("\n"))
    return process.returncode, lines
