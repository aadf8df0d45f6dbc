"""The reports of a whole run: of scenario ``smoke``, run here, or of the folder that HEALTHOPS_REPORTS names."""

from __future__ import annotations

import csv
import json
import os
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from healthops.data.register_files import IDENTIFYING, register_path
from healthops.data.synthetic_register import write_register
from healthops.workspace import Declaration, Scenario, Workspace
from tests.browser import Browser
from tests.report.checks import faults, parse, unreadable
from tests.report.privacy import Identifiers, outputs

VARIABLE = "HEALTHOPS_REPORTS"

#: Whose reports are looked at: those of the folder's scenario.
SCENARIO = Scenario.load(Path(os.environ[VARIABLE]).name if VARIABLE in os.environ else "smoke")
NOTEBOOKS = [name for name, declaration in Declaration.load_all().items() if declaration.runs_in(SCENARIO)]
PAGES = [*NOTEBOOKS, "index"]


@pytest.fixture(scope="session")
def run(request: pytest.FixtureRequest) -> Workspace:
    """Workspace of the run."""
    named = os.environ.get(VARIABLE)
    if not named:
        return request.getfixturevalue("smoke")
    if not (Path(named) / "index.html").is_file():
        raise FileNotFoundError(f"{VARIABLE} names {named}, which holds no index.html")
    return Workspace(SCENARIO.name, root=Path(named).resolve().parents[1])


@pytest.fixture(scope="session")
def reports(run: Workspace) -> Path:
    """Folder of the reports."""
    return run.report_path("index").parent


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest, reports: Path) -> Path:
    """One report."""
    return reports / f"{request.param}.html"


def test_every_headline_figure_is_in_metrics(reports: Path) -> None:
    metrics = json.loads((reports / "metrics.json").read_text())
    assert {name.partition(".")[0] for name in metrics} == set(NOTEBOOKS)
    assert all(isinstance(value, (int, float)) for value in metrics.values())


def test_a_report_has_no_fault(page: Path) -> None:
    assert faults(page, answered=page.stem != "index") == []


def test_no_notebook_failed(page: Path) -> None:
    alert = parse(page).select_one('[role="alert"], .failed')
    assert alert is None, alert.get_text()[:2000]


def test_links_to_other_reports_lead_somewhere(page: Path) -> None:
    links = {a["href"] for a in parse(page).find_all("a", href=re.compile(r"^[\w-]+\.html"))}
    assert {link for link in links if not (page.parent / link.partition("#")[0]).is_file()} == set()


def test_what_is_written_is_meant_for_readers(page: Path) -> None:
    assert unreadable(parse(page)) == []


@pytest.mark.browser
def test_a_browser_opens_it_without_a_word(browser: Browser, page: Path) -> None:
    probe = browser.open_page(page)
    assert probe.network_requests == [] and probe.console_errors == []
    assert probe.evaluate("[...document.images].filter(i => !i.naturalWidth).map(i => i.alt)") == []
    for width in (360, 1280):
        probe.emulate(width=width)
        assert probe.evaluate("document.documentElement.scrollWidth") <= width


# ---- nobody of the register of community health workers can be found ------------------------------------------------


@pytest.fixture(scope="module")
def register(run: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The register that the run imagined, cleaned and threw away, written again from the same seed."""
    folder, size = tmp_path_factory.mktemp("register"), run.scenario.data
    write_register(
        run, folder, run.read("places"), households=int(size["community_households"]),
        workers=int(size["community_workers"]),
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def identifiers(register: Path) -> Identifiers:
    return Identifiers(register)


def test_the_search_finds_what_is_planted(identifiers: Identifiers, register: Path) -> None:
    people, homes = (
        list(csv.DictReader(register_path(register, f"community_{name}").read_text(encoding="utf-8").splitlines()))
        for name in ("people", "households")
    )
    assert len(identifiers.kinds) > 2 * len(people)
    at = f"{homes[4]['longitude']} {homes[4]['latitude']}"
    for planted in (people[5]["name"], people[7]["national_id"], homes[3]["address"], at):
        assert identifiers.within(f"<td>{planted}</td>") and identifiers.within(f"visit {planted}, at nine")
    assert identifiers.within("nothing of anybody") == []


def test_nobody_of_the_register_is_in_any_output(run: Workspace, identifiers: Identifiers) -> None:
    seen = {name: identifiers.within(text) for name, text in outputs(run)}
    kinds = {Path(name).suffix for name in seen}
    assert {".parquet", ".html", ".ipynb", ".json"} <= kinds, kinds
    assert {name: found for name, found in seen.items() if found} == {}


def test_no_table_of_people_has_a_column_that_identifies(run: Workspace) -> None:
    named = {
        path.stem: sorted(set(pq.read_schema(path).names) & set(IDENTIFYING))
        for path in (run.root / "data" / run.scenario.name).glob("*.parquet")
        if path.stem.startswith(("community", "outreach", "maternal")) and not path.stem.endswith("_assumptions")
    }
    assert len(named) > 10 and {name: found for name, found in named.items() if found} == {}
