"""An environment of its own for epydemix, which no other part of the project needs or installs.

``make(folder)`` makes it from the pins of ``epydemix.txt`` with uv, as the Makefile makes ``.venv``, and keeps it while
the pins stay the same. Where it cannot be made (no network), it says why.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from healthops.files import sha256

PINS = Path(__file__).with_name("epydemix.txt")
#: Seconds after which making it is given up.
PATIENCE = 240


@dataclass(frozen=True)
class Peer:
    """A Python that has epydemix, or why there is none.

    Attributes
    ----------
    python : str
        Path; empty where there is none.
    version : str
        Of epydemix, as pinned.
    why_not : str
        Empty where there is one.
    """

    python: str
    version: str
    why_not: str = ""


def pinned_version(pins: Path = PINS) -> str:
    """Version of epydemix in the pins.

    Raises
    ------
    ValueError
        If it is not pinned.
    """
    found = re.search(r"^epydemix==(\S+)", pins.read_text(encoding="utf-8"), re.M)
    if not found:
        raise ValueError(f"{pins.name} does not pin epydemix: add a line epydemix==VERSION")
    return found[1]


def make(folder: Path, *, pins: Path = PINS, uv: str | None = None) -> Peer:
    """Make the environment in `folder`, or find the one that was made there from the same pins."""
    version, ready = pinned_version(pins), folder / "ready"
    python = folder / "bin" / "python"
    if ready.is_file() and ready.read_text() == sha256(pins) and python.exists():
        return Peer(str(python), version)
    command = uv or shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if command is None:
        return Peer("", version, "uv, which makes its environment, is not installed")
    shutil.rmtree(folder, ignore_errors=True)
    for arguments in (
        ["venv", "--quiet", "--python", sys.executable, str(folder)],
        ["pip", "install", "--quiet", "--python", str(python), "-r", str(pins)],
    ):
        try:
            done = subprocess.run([command, *arguments], capture_output=True, text=True, timeout=PATIENCE)
        except (OSError, subprocess.TimeoutExpired) as problem:
            return Peer("", version, f"uv {arguments[0]}: {type(problem).__name__}")
        if done.returncode:
            return Peer("", version, f"uv {arguments[0]} failed: {_short(done.stderr)}")
    ready.write_text(sha256(pins))
    return Peer(str(python), version)


def _short(text: str, most: int = 160) -> str:
    """First line of a message that says something, without paths."""
    lines = [re.sub(r"\S*/\S+", "...", line).strip(" ×╰─▶│├") for line in text.splitlines()]
    return next((line for line in lines if line), "no message")[:most]
