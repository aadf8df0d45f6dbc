"""Take from texts what differs between runs and machines: colours of terminals, absolute paths, addresses in memory."""

from __future__ import annotations

import re

_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07")
_KERNEL_FILE = re.compile(r"(?<![\w/])/\S*?/ipykernel_\d+/\d+\.py")
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")
_PATH = re.compile(r"(?<![\w/.:~-])(?:file://)?((?:/[\w.@+~-]+){2,}/?)")
# How absl, glog and TensorFlow begin a line of their logs: level, moment, thread.
_STAMP = re.compile(
    r"(?P<glog>[IWEF])\d{4} \d\d:\d\d:[\d.]+\s+\d+ |\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: (?P<level>[IWEF]) "
)
_PREAMBLE = "WARNING: All log messages before absl::InitializeLog()"
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


def quiet(text: str) -> str:
    """Reduce what programs write while they work to what stays: no stamped log lines of level "info", no stamps, and of
    a line that was overwritten (a progress bar) only its end.

    >>> quiet("I0000 00:00:1795214248.476340 29757 port.cc:153] on\\nW0000 00:00:1795214249.1 7 port.cc:9] slow\\n")
    'W port.cc:9] slow\\n'
    >>> quiet("10 %\\r50 %\\rdone\\n")
    'done\\n'
    """
    kept = []
    for line in plain(text).split("\n"):
        line = line.rstrip("\r").rpartition("\r")[2]
        stamp = _STAMP.match(line)
        if stamp and (stamp["glog"] or stamp["level"]) == "I" or line.startswith(_PREAMBLE):
            continue
        kept.append(_STAMP.sub(lambda m: f"{m['glog'] or m['level']} ", line) if stamp else line)
    return "\n".join(kept)


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
