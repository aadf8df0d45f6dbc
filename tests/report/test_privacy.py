"""Nobody of the register of community health workers can be found in anything that a run makes.

The register that the run imagined, cleaned and threw away is written again from the same seed, into a folder of this
test. Every name, number, address and position in it is then looked for in every table, model and report of the run.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from healthops.data.register_files import IDENTIFYING, register_path
from healthops.data.synthetic_register import write_register
from healthops.workspace import Workspace

#: A word, or a number as it may stand in a text.
TOKEN = re.compile(r"-?\d+\.\d+|\w+")
#: Pictures are not text.
PICTURE = re.compile(rb"base64,[A-Za-z0-9+/=]+")
#: Who and where people are; a hamlet lies where its district's capital does, which any map tells.
TABLES = ("community_workers", "community_households", "community_people")
#: Days of birth are looked for as columns: as texts they are days like others.
NEEDLES = tuple(name for name in IDENTIFYING if name != "birth_date")


def words(text: str) -> tuple[str, ...]:
    return tuple(TOKEN.findall(text))


class Identifiers:
    """Every identifying cell of a register, as runs of words."""

    def __init__(self, folder: Path) -> None:
        self.kinds: dict[tuple[str, ...], str] = {}
        for table in TABLES:
            path = register_path(folder, table)
            for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
                for column in NEEDLES:
                    found = words(row.get(column) or "")
                    if found:
                        self.kinds[found] = f"{table}.{column}"
        self.lengths = sorted({len(one) for one in self.kinds})

    def within(self, text: str) -> list[str]:
        """What of the register stands in `text`, with its kind."""
        tokens = words(text)
        return sorted({
            f"{self.kinds[run]}: {' '.join(run)}"
            for length in self.lengths
            for run in zip(*(tokens[k:] for k in range(length)), strict=False)
            if run in self.kinds
        })  # fmt: skip


@pytest.fixture(scope="module")
def register(smoke: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The register of the run, as its step imagined it."""
    folder, size = tmp_path_factory.mktemp("register"), smoke.scenario.data
    write_register(
        smoke, folder, smoke.read("places"), households=int(size["community_households"]),
        workers=int(size["community_workers"]),
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def identifiers(register: Path) -> Identifiers:
    return Identifiers(register)


def outputs(root: Path) -> Iterator[tuple[str, str]]:
    """Every file that a run made, as text: tables cell by cell, everything else as it stands, without pictures."""
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        name = path.relative_to(root).as_posix()
        if path.suffix == ".parquet":
            frame = pq.read_table(path).to_pandas()
            texts = [frame[c].dropna().astype(str).unique() for c in frame.columns]
            yield name, "\n".join("\n".join(column) for column in texts)
        else:
            yield name, PICTURE.sub(b"", path.read_bytes()).decode("utf-8", errors="ignore")


def test_the_search_finds_what_is_planted(identifiers: Identifiers, register: Path) -> None:
    people = list(csv.DictReader(register_path(register, "community_people").read_text(encoding="utf-8").splitlines()))
    homes = list(
        csv.DictReader(register_path(register, "community_households").read_text(encoding="utf-8").splitlines())
    )
    assert len(identifiers.kinds) > 2 * len(people)
    for planted in (people[5]["name"], people[7]["national_id"], homes[3]["address"], homes[4]["latitude"]):
        assert identifiers.within(f"<td>{planted}</td>") and identifiers.within(f"visit {planted}, at nine")
    assert identifiers.within("nothing of anybody") == []


def test_nobody_of_the_register_is_in_any_output(smoke: Workspace, identifiers: Identifiers) -> None:
    seen = {name: identifiers.within(text) for name, text in outputs(smoke.root)}
    kinds = {Path(name).suffix for name in seen}
    assert {".parquet", ".html", ".ipynb", ".json"} <= kinds, kinds
    assert {name: found for name, found in seen.items() if found} == {}


def test_no_table_of_people_has_a_column_that_identifies(smoke: Workspace) -> None:
    named = {
        path.stem: sorted(set(pq.read_schema(path).names) & set(IDENTIFYING))
        for path in (smoke.root / "data" / "smoke").glob("*.parquet")
        if path.stem.startswith(("community", "outreach", "maternal"))
    }
    assert len(named) > 10 and {name: found for name, found in named.items() if found} == {}
