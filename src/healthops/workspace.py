"""Where is table X of this scenario, and is it sound?

:class:`Workspace` is the only code that knows paths. A notebook opens one with its own name and may then read and
write exactly what ``config/graph.yaml`` declares for it:

    >>> ws = Workspace("synthetic", notebook="11-explore-outbreaks")    # doctest: +SKIP
    >>> cases = ws.read("weekly_cases")                                 # doctest: +SKIP

Tree of exceptions::

    WorkspaceError (RuntimeError)
    ├── ScenarioError        a scenario file is missing or says something that no one understands
    ├── UndeclaredError      a read or write that the notebook did not declare
    └── MissingTableError    a table or model that is not there yet
"""

from __future__ import annotations

import json
import math
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from healthops.data import schemas
from healthops.files import atomic_file, atomic_folder

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

#: Set by the runner: the folder that everything is read from and written to, instead of the repository.
ROOT_VARIABLE = "HEALTHOPS_ROOT"
#: Set by the runner: the folder of scenarios and of the graph, instead of the repository's ``config/``.
CONFIG_VARIABLE = "HEALTHOPS_CONFIG"
#: Set by the runner: writes are staged here and published together when the whole notebook has succeeded.
STAGING_VARIABLE = "HEALTHOPS_STAGING"

REPOSITORY = Path(__file__).resolve().parents[2]


class WorkspaceError(RuntimeError):
    """Something is wrong with the workspace."""


class ScenarioError(WorkspaceError):
    """A scenario file is missing or says something that no one understands."""


class UndeclaredError(WorkspaceError):
    """A notebook reads or writes what ``config/graph.yaml`` does not declare for it."""


class MissingTableError(WorkspaceError):
    """A table or model is not there yet."""


@dataclass(frozen=True)
class Scenario:
    """What ``config/<name>.yaml`` says: where the data comes from, how large, and the notebooks' parameters.

    Attributes
    ----------
    name, title, banner : str
        How reports call it; `banner` says what kind of data the reader sees.
    seed : int
        Root of every random number.
    prepare : str
        Which steps of ``config/graph.yaml`` make the first tables.
    data : dict
        Options of these steps.
    parameters : dict
        For each notebook, the parameters that differ from the notebook's own defaults.
    """

    name: str
    title: str
    banner: str
    seed: int
    prepare: str
    data: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def load(cls, name: str, *, config: Path | None = None) -> Scenario:
        """Read scenario `name`; ``extends: other`` starts from another one, whose ``data:`` options null takes back."""
        raw = _read_scenario(name, config or REPOSITORY / "config", seen=())
        known = set(cls.__dataclass_fields__) - {"name"}
        unknown = sorted(set(raw) - known)
        if unknown:
            raise ScenarioError(f"config/{name}.yaml has unknown keys {unknown}; known are {sorted(known)}")
        lacking = sorted({"title", "banner", "seed", "prepare"} - set(raw))
        if lacking:
            raise ScenarioError(f"config/{name}.yaml lacks the keys {lacking}")
        if not isinstance(raw["seed"], int):
            raise ScenarioError(f"config/{name}.yaml: seed must be a whole number, not {raw['seed']!r}")
        return cls(name=name, **raw)


def _read_scenario(name: str, config: Path, seen: tuple[str, ...]) -> dict[str, Any]:
    path = config / f"{name}.yaml"
    if not path.is_file() or name in ("graph",):
        known = sorted(p.stem for p in config.glob("*.yaml") if p.stem not in ("graph",))
        raise ScenarioError(f"no scenario is called {name!r}; config/ has {known}")
    if name in seen:
        raise ScenarioError(f"scenarios extend each other in a circle: {' -> '.join((*seen, name))}")
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise ScenarioError(f"config/{name}.yaml is not YAML: {error}") from None
    base = raw.pop("extends", None)
    if base is None:
        return raw
    merged = _merge(_read_scenario(base, config, (*seen, name)), raw)
    if merged.get("data"):
        # A scenario with fewer steps than its base has takes back their options.
        merged["data"] = {option: value for option, value in merged["data"].items() if value is not None}
    return merged


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


@dataclass(frozen=True)
class Declaration:
    """What one notebook reads, writes and uses, as ``config/graph.yaml`` declares it.

    A notebook that names kinds of data under ``only`` is run in the scenarios alone whose `prepare` is one of them.
    """

    notebook: str
    title: str
    rooms: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    reads_models: tuple[str, ...] = ()
    only: tuple[str, ...] = ()

    @classmethod
    def load_all(cls, *, config: Path | None = None) -> dict[str, Declaration]:
        """Read every notebook's declaration, in the order of the file."""
        raw = yaml.safe_load(((config or REPOSITORY / "config") / "graph.yaml").read_text(encoding="utf-8"))
        known = set(cls.__dataclass_fields__) - {"notebook"}
        declared = {}
        for notebook, entry in raw["notebooks"].items():
            unknown = sorted(set(entry) - known)
            if unknown:
                raise WorkspaceError(f"config/graph.yaml: {notebook} has unknown keys {unknown}; known {sorted(known)}")
            lists = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}
            declared[notebook] = cls(notebook=notebook, **lists)
        return declared

    def runs_in(self, scenario: Scenario) -> bool:
        """Whether the notebook belongs to `scenario`."""
        return not self.only or scenario.prepare in self.only


class Workspace:
    """The tables, models and metrics of one scenario.

    Parameters
    ----------
    scenario : str
        Name of a file in ``config/``.
    notebook : str, optional
        Name of the notebook that asks; its reads and writes are then held to its declaration. Without one (in the
        data steps, in tests, at a prompt) every table may be read and written.
    root : path, optional
        Holds ``data/``, ``models/`` and ``reports/``; the repository unless ``HEALTHOPS_ROOT`` says otherwise.
    """

    def __init__(
        self,
        scenario: str,
        *,
        notebook: str | None = None,
        root: str | Path | None = None,
        config: str | Path | None = None,
    ) -> None:
        self.root = Path(root or os.environ.get(ROOT_VARIABLE) or REPOSITORY).resolve()
        self.config = Path(config or os.environ.get(CONFIG_VARIABLE) or REPOSITORY / "config").resolve()
        self.scenario = Scenario.load(scenario, config=self.config)
        self.notebook = notebook
        self.declaration: Declaration | None = None
        if notebook is not None:
            declared = Declaration.load_all(config=self.config)
            if notebook not in declared:
                raise UndeclaredError(f"config/graph.yaml does not declare a notebook {notebook!r}; add it there")
            self.declaration = declared[notebook]
            if not self.declaration.runs_in(self.scenario):
                raise ScenarioError(
                    f"config/graph.yaml declares {notebook} for data of kind {list(self.declaration.only)} only; "
                    f"scenario {scenario!r} prepares {self.scenario.prepare!r}"
                )
        staging = os.environ.get(STAGING_VARIABLE)
        self._staging = Path(staging) if staging and notebook else None

    def declarations(self) -> dict[str, Declaration]:
        """Declarations of the notebooks that belong to this scenario, in the order of ``config/graph.yaml``."""
        every = Declaration.load_all(config=self.config)
        return {name: entry for name, entry in every.items() if entry.runs_in(self.scenario)}

    # ---- where things are ---------------------------------------------------------------------------
    @property
    def raw(self) -> Path:
        """Folder of the raw, read-only files of this scenario."""
        return self.root / "data" / "raw" / self.scenario.name

    def table_path(self, name: str) -> Path:
        """Path of table `name`, whether it is there or not."""
        schemas.table(name)
        return self.root / "data" / self.scenario.name / f"{name}.parquet"

    def model_path(self, name: str) -> Path:
        """Folder of model `name`, whether it is there or not."""
        return self.root / "models" / self.scenario.name / name

    def metrics_path(self, notebook: str) -> Path:
        """File of the headline figures of `notebook`."""
        return self.root / "reports" / self.scenario.name / "metrics" / f"{notebook}.json"

    def report_path(self, notebook: str) -> Path:
        """HTML report of `notebook` (or ``index``)."""
        return self.root / "reports" / self.scenario.name / f"{notebook}.html"

    # ---- tables ------------------------------------------------------------------------------------------
    def read(self, name: str, columns: list[str] | None = None) -> pd.DataFrame:
        """Read table `name`, checked against its schema (or just `columns` of it, typed as they were written).

        Raises
        ------
        UndeclaredError
            If the notebook does not declare that it reads `name`.
        MissingTableError
            If the table was not made yet.
        SchemaError
            If the table breaks its schema.
        """
        import pandas as pd

        frame = pd.read_parquet(self.table_file(name), columns=columns)
        return frame if columns else schemas.validate(name, frame)

    def table_file(self, name: str) -> Path:
        """File that a read of table `name` opens: the one that this notebook has just written, else the published one.

        Raises
        ------
        UndeclaredError
            If the notebook does not declare that it reads `name`.
        MissingTableError
            If the table was not made yet.
        """
        if self.declaration and name not in (*self.declaration.reads, *self.declaration.writes):
            raise UndeclaredError(self._undeclared("reads", "table", name))
        path = self._where(self.table_path(name))
        if not path.is_file():
            raise MissingTableError(
                f"table {name!r} of scenario {self.scenario.name!r} is not there; "
                f"`make reproduce SCENARIO={self.scenario.name}` makes it"
            )
        return path

    def write(self, name: str, frame: pd.DataFrame) -> None:
        """Check `frame` against the schema of table `name`, sort it by its key and write it atomically.

        Raises
        ------
        UndeclaredError
            If the notebook does not declare that it writes `name`.
        SchemaError
            If the table breaks its schema; nothing is written then.
        """
        if self.declaration and name not in self.declaration.writes:
            raise UndeclaredError(self._undeclared("writes", "table", name))
        checked = schemas.validate(name, frame).sort_values(list(schemas.table(name).key), ignore_index=True)
        with atomic_file(self._target(self.table_path(name))) as path:
            checked.to_parquet(path, index=False, compression="zstd")

    # ---- models ------------------------------------------------------------------------------------------
    @contextmanager
    def new_model(self, name: str) -> Iterator[Path]:
        """Give an empty folder for model `name`; it replaces the old model when the block ends without an error."""
        if self.declaration and name not in self.declaration.models:
            raise UndeclaredError(self._undeclared("models", "model", name))
        with atomic_folder(self._target(self.model_path(name))) as draft:
            yield draft

    def model(self, name: str) -> Path:
        """Folder of a model that is there."""
        if self.declaration and name not in (*self.declaration.models, *self.declaration.reads_models):
            raise UndeclaredError(self._undeclared("reads_models", "model", name))
        path = self._where(self.model_path(name))
        if not path.is_dir():
            raise MissingTableError(f"model {name!r} of scenario {self.scenario.name!r} is not there")
        return path

    # ---- figures of merit ------------------------------------------------------------------------------
    def metric(self, name: str, value: float) -> float:
        """Record a headline figure, ``<notebook>.<name>`` in ``metrics.json``; return it for use in prose."""
        if self.notebook is None:
            raise WorkspaceError("a metric belongs to a notebook: open the workspace with notebook=...")
        if isinstance(value, bool) or not isinstance(value, (int, float)) and not hasattr(value, "__float__"):
            raise WorkspaceError(f"metric {name!r} must be a number, not {value!r}")
        number = float(value)
        if not math.isfinite(number):
            raise WorkspaceError(f"metric {name!r} must be finite, not {number}")
        self._metrics[name] = int(number) if number.is_integer() and abs(number) < 1e15 else number
        with atomic_file(self._target(self.metrics_path(self.notebook))) as path:
            path.write_text(json.dumps(self._metrics, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        return number

    @cached_property
    def _metrics(self) -> dict[str, float]:
        return {}

    # ---- chance ----------------------------------------------------------------------------------------------
    @property
    def seed(self) -> int:
        """Root seed of the scenario."""
        return self.scenario.seed

    def rng(self, purpose: str) -> np.random.Generator:
        """Return a random generator of its own for `purpose`: the same in every run, independent of the others."""
        import numpy as np

        return np.random.default_rng([self.seed, zlib.crc32(purpose.encode())])

    # ---- within ----------------------------------------------------------------------------------------------
    def _target(self, path: Path) -> Path:
        return self._staging / path.relative_to(self.root) if self._staging else path

    def _where(self, path: Path) -> Path:
        staged = self._target(path)
        return staged if staged.exists() else path

    def _undeclared(self, key: str, thing: str, name: str) -> str:
        assert self.declaration is not None
        verb = "write" if key in ("writes", "models") else "read"
        allowed = getattr(self.declaration, key)
        return (
            f"{self.notebook} may not {verb} {thing} {name!r}: config/graph.yaml declares {key} {sorted(allowed)}; "
            f"add it there if it belongs"
        )
