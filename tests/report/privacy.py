"""Looking for the people of a register of community health workers in everything that a run made."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from healthops.data.register_files import IDENTIFYING, register_path
from healthops.workspace import Workspace

#: A word, or a number as it may stand in a text.
TOKEN = re.compile(r"-?\d+\.\d+|\w+")
#: Pictures are not text.
PICTURE = re.compile(rb"base64,[A-Za-z0-9+/=]+")
#: Who and where people are; a hamlet lies where its district's capital does, which any map tells.
TABLES = ("community_workers", "community_households", "community_people")
#: Where somebody lives: one of the two alone may be a corner of a district.
POSITION = ("latitude", "longitude")
#: Days of birth are looked for as columns: as texts they are days like others.
NEEDLES = tuple(name for name in IDENTIFYING if name not in ("birth_date", *POSITION))


def words(text: str) -> tuple[str, ...]:
    return tuple(TOKEN.findall(text))


class Identifiers:
    """Every identifying cell of a register, as runs of words, and the position of every home."""

    def __init__(self, folder: Path) -> None:
        self.kinds: dict[tuple[str, ...], str] = {}
        self.positions: set[tuple[str, str]] = set()
        for table in TABLES:
            path = register_path(folder, table)
            for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
                for column in NEEDLES:
                    found = words(row.get(column) or "")
                    if found:
                        self.kinds[found] = f"{table}.{column}"
                if row.get(POSITION[0]):
                    self.positions.add((row[POSITION[0]], row[POSITION[1]]))
        self.lengths = sorted({len(one) for one in self.kinds})

    def within(self, text: str) -> list[str]:
        """What of the register stands in `text`, with its kind."""
        tokens = words(text)
        seen = set(tokens)
        at = [f"position: {north} {east}" for north, east in sorted(self.positions) if {north, east} <= seen]
        return at + sorted({
            f"{self.kinds[run]}: {' '.join(run)}"
            for length in self.lengths
            for run in zip(*(tokens[k:] for k in range(length)), strict=False)
            if run in self.kinds
        })  # fmt: skip


def outputs(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """Every file that a run made, as text: tables cell by cell, everything else as it stands, without pictures.

    Sources that were fetched are left out; what a simulator wrote in their place is not.
    """
    parts = [
        "data",
        "models",
        "reports",
        ".build",
        *(["data/raw"] if workspace.scenario.prepare == "synthetic" else []),
    ]
    folders = [workspace.root / part / workspace.scenario.name for part in parts]
    for path in sorted(p for folder in folders for p in folder.rglob("*") if p.is_file()):
        if path.suffix == ".parquet":
            frame = pq.read_table(path).to_pandas()
            text = "\n".join("\n".join(frame[c].dropna().astype(str).unique()) for c in frame.columns)
        else:
            text = PICTURE.sub(b"", path.read_bytes()).decode("utf-8", errors="ignore")
        yield path.relative_to(workspace.root).as_posix(), text
