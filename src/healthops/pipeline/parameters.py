"""The parameters of a notebook: what its tagged cell declares, and what a scenario may set."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from healthops.pipeline.closure import imported_modules
from healthops.workspace import Declaration, Scenario


class ParameterError(ValueError):
    """A scenario sets a parameter that the notebook does not have, or one of another type."""


@dataclass(frozen=True)
class Parameter:
    """One parameter as a report shows it."""

    name: str
    value: Any
    default: Any

    @property
    def is_set(self) -> bool:
        """Whether the scenario set it."""
        return self.value != self.default


def declared(notebook: Path) -> dict[str, Any]:
    """Return the parameters of a notebook and their defaults, read from its cell tagged ``parameters``.

    Raises
    ------
    ParameterError
        If there is not exactly one such cell, or it holds anything but ``name = literal``.
    """
    cells = [c for c in nbformat.read(notebook, as_version=4).cells if "parameters" in c.metadata.get("tags", [])]
    if len(cells) != 1:
        raise ParameterError(f"{notebook.name} has {len(cells)} cells tagged 'parameters'; it needs exactly one")
    defaults = {}
    for node in ast.parse(cells[0].source).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        try:
            defaults[target.id] = ast.literal_eval(node.value)  # type: ignore[union-attr]
        except (AttributeError, ValueError):
            raise ParameterError(
                f"{notebook.name}, cell 'parameters', line {node.lineno}: only `name = literal` may stand here"
            ) from None
    return defaults


def resolve(notebook: Path, scenario: Scenario) -> list[Parameter]:
    """Return the parameters with which `scenario` runs `notebook`, checked.

    Raises
    ------
    ParameterError
        Naming the notebook, the parameter and what is allowed.
    """
    name = notebook.stem
    defaults = declared(notebook)
    given: Mapping[str, Any] = {"scenario": scenario.name, **scenario.parameters.get(name, {})}
    for key, value in given.items():
        if key not in defaults:
            raise ParameterError(
                f"config/{scenario.name}.yaml sets {name}: {key}, which the notebook does not have; "
                f"it has {sorted(defaults)}"
            )
        if not _fits(value, defaults[key]):
            raise ParameterError(
                f"config/{scenario.name}.yaml sets {name}: {key} = {value!r} ({type(value).__name__}); "
                f"the notebook's default is {defaults[key]!r} ({type(defaults[key]).__name__})"
            )
    return [Parameter(key, given.get(key, default), default) for key, default in defaults.items()]


def _fits(value: Any, default: Any) -> bool:
    if default is None or value is None:
        return True
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, float):
        return isinstance(value, (int, float))
    if isinstance(default, list) and isinstance(value, list) and default:
        return all(_fits(item, default[0]) for item in value)
    return isinstance(value, type(default))


def check_rooms(notebook: Path, declaration: Declaration) -> None:
    """Raise :class:`ParameterError` if a notebook imports a room that ``config/graph.yaml`` does not declare for it."""
    for index, cell in enumerate(nbformat.read(notebook, as_version=4).cells):
        if cell.cell_type != "code":
            continue
        code = "\n".join(line for line in cell.source.splitlines() if not line.lstrip().startswith(("%", "!")))
        for module in imported_modules(code):
            parts = module.split(".")
            if parts[0] != "healthops":
                raise ParameterError(
                    f"{notebook.name}, cell {index + 1} imports {module}: a notebook reads the tables "
                    f"that steps of {parts[0]}/ write, and imports rooms of healthops only"
                )
            if len(parts) > 1 and parts[1] not in (*declaration.rooms, "workspace", "__version__"):
                raise ParameterError(
                    f"{notebook.name}, cell {index + 1} imports {module}: config/graph.yaml declares the rooms "
                    f"{sorted(declaration.rooms)}; add {parts[1]!r} there if it belongs"
                )
