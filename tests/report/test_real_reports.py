"""The reports of a whole run: of scenario ``smoke``, run here, or of the folder that HEALTHOPS_REPORTS names."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from healthops.workspace import Declaration, Scenario
from tests.browser import Browser
from tests.report.checks import faults, parse, unreadable

VARIABLE = "HEALTHOPS_REPORTS"

#: Whose reports are looked at: those of the folder's scenario.
SCENARIO = Scenario.load(Path(os.environ[VARIABLE]).name if VARIABLE in os.environ else "smoke")
NOTEBOOKS = [name for name, declaration in Declaration.load_all().items() if declaration.runs_in(SCENARIO)]
PAGES = [*NOTEBOOKS, "index"]


@pytest.fixture(scope="session")
def reports(request: pytest.FixtureRequest) -> Path:
    """Folder of the reports."""
    named = os.environ.get(VARIABLE)
    if named and not (Path(named) / "index.html").is_file():
        raise FileNotFoundError(f"{VARIABLE} names {named}, which holds no index.html")
    return Path(named) if named else request.getfixturevalue("smoke").report_path("index").parent


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
