"""Take from texts what differs between runs and machines: colours of terminals, absolute paths, addresses in memory."""

from __future__ import annotations

import re

_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07")
_KERNEL_FILE = re.compile(r"(?<![\w/])/\S*?/ipykernel_\d+/\d+\.py")
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")
_PATH = re.compile(r"(?<![\w/.:~-])(?:file://)?((?:/[\w.@+~-]+){2,}/?)")
# The part of a path that means the same on every machine starts after one of these.
_KNOWN = re.compile(
    r"/site-packages/|/lib/python3\.\d+/(?!site-packages)|/(?=(?:src|notebooks|data|models|reports|config|tests)/)"
)
#: Folders at the root of a file system. A text such as "/km2" or "a/b/c" is not a path.
_ROOTS = frozenset(
    "home root tmp usr opt work workspace var srv mnt media data builds github private Users Volumes".split()
)


def plain(text: str) -> str:
    """Strip terminal colours, and make paths relative.

    >>> plain("\\x1b[31m/home/ana/healthops/src/healthops/workspace.py:12\\x1b[0m")
    'src/healthops/workspace.py:12'
    """
    return relative_paths(_ANSI.sub("", text))


def relative_paths(text: str) -> str:
    """Cut absolute paths down to what means the same everywhere; hide addresses in memory.

    >>> relative_paths("/opt/env/lib/python3.11/site-packages/pandas/core/frame.py")
    'pandas/core/frame.py'
    >>> relative_paths("<function at 0x7f00aa11bb22>, /tmp/ipykernel_123/456.py:3, cases/km2/year")
    '<function at 0x...>, cell:3, cases/km2/year'
    """
    text = _KERNEL_FILE.sub("cell", text)
    text = _ADDRESS.sub("0x...", text)
    return _PATH.sub(_cut, text)


def _cut(found: re.Match[str]) -> str:
    path = found.group(1)
    if path.split("/")[1] not in _ROOTS:
        return found.group()
    known = list(_KNOWN.finditer(path))
    if known:
        library = [k for k in known if "python3" in k.group() or "site-packages" in k.group()]
        return path[(library or known)[-1 if library else 0].end() :]
    return path.rstrip("/").rpartition("/")[2]
