"""Which files of ``src/`` and ``benchmarks/`` a room or module really uses, found by reading its imports."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
#: The packages whose files are followed, by name: ours, and the benchmarks at the root of the repository.
HOMES = {"healthops": PACKAGE, "benchmarks": PACKAGE.parents[1] / "benchmarks"}

#: What only the rendering of a page uses: a change there renders pages again and runs no notebook.
PAGE_ONLY = tuple(
    PACKAGE / "report" / name
    for name in ("template", "context.py", "grid.yaml", "headlines.yaml", "index.py", "page.py", "render.py", "tidy.py")
)


def room_files(room: str) -> list[Path]:
    """Return every file of room `room`, code and data.

    Raises
    ------
    ValueError
        If there is no such room; the known ones are named.
    """
    folder = PACKAGE / room
    if not (folder / "__init__.py").is_file():
        rooms = sorted(p.parent.name for p in PACKAGE.glob("*/__init__.py"))
        raise ValueError(f"config/graph.yaml names a room {room!r}; src/healthops/ has {rooms}")
    return sorted(
        p
        for p in folder.rglob("*")
        if p.is_file() and "__pycache__" not in p.parts and not any(p.is_relative_to(out) for out in PAGE_ONLY)
    )


def used_files(start: Iterable[Path]) -> list[Path]:
    """Return `start` and every file of :data:`HOMES` that these import, directly or not, sorted."""
    found: set[Path] = set()
    waiting = list(start)
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        if path.suffix == ".py":
            waiting.extend(imported_files(path, path.stat().st_mtime_ns))
    return sorted(found)


def module_files(module: str) -> list[Path]:
    """Return the file of dotted `module` and the packages above it."""
    name, *parts = module.split(".")
    home = HOMES[name]
    files = [home / "__init__.py"]
    for depth in range(1, len(parts) + 1):
        base = home.joinpath(*parts[:depth])
        for candidate in (base / "__init__.py", base.with_suffix(".py")):
            if candidate.is_file():
                files.append(candidate)
    return files


@cache
def imported_files(path: Path, _modified: int) -> tuple[Path, ...]:
    """Return the files of :data:`HOMES` that the code in `path` imports."""
    return tuple(file for name in imported_modules(path.read_text(encoding="utf-8")) for file in module_files(name))


def imported_modules(code: str) -> list[str]:
    """Return the dotted names below those of :data:`HOMES` that `code` imports, sorted."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return sorted(name for name in names if name.split(".")[0] in HOMES)
