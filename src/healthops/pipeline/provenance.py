"""Where a result came from: the commit, whether the tree was dirty, the lock, the hashes of the inputs."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from healthops.files import sha256
from healthops.workspace import REPOSITORY


def hash_folder(path: Path) -> str:
    """Return a sha256 over the names and contents of every file below a folder."""
    digest = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        digest.update(f"{file.relative_to(path).as_posix()}\0{sha256(file)}\n".encode())
    return digest.hexdigest()


def hash_path(path: Path) -> str | None:
    """Return the hash of a file or folder by its content; None where there is none."""
    if path.is_dir():
        return hash_folder(path)
    return sha256(path) if path.is_file() else None


def commit() -> tuple[str, bool]:
    """Return the commit of the source and whether the tree had changes since; ("unknown", True) without git."""
    try:
        head = _git("rev-parse", "HEAD")
        return head, bool(_git("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.CalledProcessError):
        return "unknown", True


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return done.stdout.strip()
