"""What a report says about the run that made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol


class Parameter(Protocol):
    """One parameter of a notebook; anything with these four attributes will do."""

    name: str
    value: Any
    default: Any

    @property
    def is_set(self) -> bool:
        """Whether the scenario set it."""


class ParameterRow(NamedTuple):
    """The plainest :class:`Parameter`."""

    name: str
    value: Any
    default: Any
    is_set: bool


class Neighbour(NamedTuple):
    """Another report of the scenario, in the same folder."""

    name: str
    title: str


@dataclass(frozen=True)
class SourceNote:
    """A source of data, as the footer names it."""

    name: str
    licence: str
    citation: str
    publisher: str = ""
    address: str = ""


@dataclass(frozen=True)
class Provenance:
    """What the numbers of a report came from.

    Attributes
    ----------
    commit : str
        Of the source code; empty where it is unknown.
    dirty : bool
        Whether files differed from that commit.
    inputs : mapping
        Table or model to its sha256.
    lock_hash : str
        sha256 of the lock file of the environment.
    seed : int
        Root of every random number.
    packages : mapping
        Package to version.
    """

    commit: str = ""
    dirty: bool = False
    inputs: Mapping[str, str] = field(default_factory=dict)
    lock_hash: str = ""
    seed: int | None = None
    packages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RenderContext:
    """Everything on a report's page that its notebook does not hold.

    Attributes
    ----------
    scenario, scenario_title, banner : str
        As its YAML file says.
    synthetic : bool
        The banner is loud where data was simulated.
    notebook, title : str
        File name without suffix, and title; the notebook's own first heading wins.
    previous, next : Neighbour or None
        In the order of the graph.
    failure : str or None
        Traceback of a notebook that failed.
    stage, system : str
        Where it stands in the grid, in words.
    """

    scenario: str
    scenario_title: str
    banner: str
    synthetic: bool
    notebook: str
    title: str
    parameters: Sequence[Parameter] = ()
    provenance: Provenance = field(default_factory=Provenance)
    sources: Sequence[SourceNote] = ()
    previous: Neighbour | tuple[str, str] | None = None
    next: Neighbour | tuple[str, str] | None = None
    failure: str | None = None
    stage: str = ""
    system: str = ""
