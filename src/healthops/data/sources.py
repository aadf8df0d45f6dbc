"""The sources: address, hash, licence and citation of every public file, from ``sources.yaml``.

The weekly vintages of the FluSight admissions are many files of one kind: ``flusight_vintages.csv`` lists their
commits, sizes and hashes, and each becomes a :class:`Source` like ``flusight_truth``.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields, replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

import yaml

from healthops.data.errors import DataError

#: GitHub serves a file of a commit under this address.
GITHUB_RAW = "https://raw.githubusercontent.com"

_LIST = Path(__file__).with_name("sources.yaml")
#: Index of the vintages of the FluSight admissions (:func:`healthops.data.flusight_files.read_vintage_index`), with the
#: size and hash of each file.
VINTAGES = Path(__file__).with_name("flusight_vintages.csv")
#: The source that the vintages are like in all but commit, size and hash.
_LIKE = "flusight_truth"


@dataclass(frozen=True)
class Source:
    """One public file.

    Attributes
    ----------
    name : str
        Logical name, as in :data:`healthops.data.raw_layout.RAW_PATHS`.
    repository, commit, path : str
        Where it is on GitHub; together its address, and its place under ``ws.raw``.
    bytes : int
        Size.
    sha256 : str
        Hash of its bytes, 64 hexadecimal digits.
    licence : str
        As the publisher states it, or that none is stated.
    publisher, citation, about : str
        Who made it, how to cite it, what it holds.
    ground : str
        What alone uses it: a proving ground (``flusight``, ``dengue_project``, ``routes``, ``home_care``, ``roster``),
        the vaccine tables (``vaccine``), the set of maternal health risks (``maternal``), the arrivals by hour
        (``hourly``) or the appointments (``appointment``); empty for what the outbreak tables are made from. A page
        cites it if it reads a table whose name begins so.
    """

    name: str
    repository: str
    commit: str
    path: str
    bytes: int
    sha256: str
    licence: str
    publisher: str
    citation: str
    about: str
    ground: str = ""

    def __post_init__(self) -> None:
        if self.repository.count("/") != 1:
            raise DataError(f"source {self.name}: repository {self.repository!r} is not <owner>/<name>")
        if len(self.sha256) != 64 or set(self.sha256) - set("0123456789abcdef"):
            raise DataError(f"source {self.name}: sha256 {self.sha256!r} is not 64 hexadecimal digits")
        if not self.licence or not self.citation:
            raise DataError(f"source {self.name} states no licence or citation; say 'none stated' if there is none")

    @property
    def relative(self) -> PurePosixPath:
        """Place of the file under ``ws.raw`` and in a mirror."""
        return PurePosixPath(self.repository, self.commit, self.path)

    def address(self, base: str = GITHUB_RAW) -> str:
        """Public address of the file.

        Examples
        --------
        >>> load_sources()["ubigeo_province"].address()
        'https://raw.githubusercontent.com/jmcastagnetto/ubigeo-peru-aumentado/a783fa66effb/ubigeo_provincia.csv'
        """
        return f"{base}/{quote(str(self.relative))}"


def load_sources(path: Path = _LIST, vintages: Path = VINTAGES) -> dict[str, Source]:
    """Read the list of sources; a key that lacks or that no one knows is an error that names it."""
    raw: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    known = {field.name for field in fields(Source)} - {"name"}
    wanted = known - {"ground"}
    sources = {}
    for name, entry in raw.items():
        if not wanted <= set(entry) <= known:
            lacks, unknown = sorted(wanted - set(entry)), sorted(set(entry) - known)
            raise DataError(f"{path.name}: source {name} lacks {lacks} and has unknown keys {unknown}")
        sources[name] = Source(name=name, **entry)
    if _LIKE in sources:
        sources |= {source.name: source for source in _vintages(vintages, sources[_LIKE])}
    return sources


def _vintages(path: Path, like: Source) -> list[Source]:
    """One source for each file of the index; two reference dates may share one."""
    found: dict[str, Source] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            commit = row["commit"][:12]
            # The first reference date names the file.
            found.setdefault(
                commit,
                replace(
                    like,
                    name=f"flusight_vintage_{row['reference_date'].replace('-', '_')}",
                    commit=commit,
                    bytes=int(row["bytes"]),
                    sha256=row["sha256"],
                    about=f"The same admissions as a team could see them for reference date {row['reference_date']}.",
                ),
            )
    return list(found.values())
