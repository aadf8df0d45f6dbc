"""The reports that a run made: name their folder in HEALTHOPS_REPORTS, e.g. ``reports/smoke``."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from tests.browser import Browser
from tests.report.checks import faults, parse

VARIABLE = "HEALTHOPS_REPORTS"


def found() -> list[Path]:
    """Return the pages of the named folder."""
    folder = os.environ.get(VARIABLE)
    pages = sorted(Path(folder).glob("*.html")) if folder else []
    if folder and not pages:
        raise FileNotFoundError(f"{VARIABLE} names {folder}, which holds no report")
    return pages


PAGES = [pytest.param(page, id=page.stem) for page in found()] or [
    pytest.param(None, marks=pytest.mark.skip(reason=f"{VARIABLE} does not name a folder of reports"), id="none")
]


@pytest.mark.parametrize("page", PAGES)
def test_a_report_has_no_fault(page: Path) -> None:
    assert faults(page, answered=page.stem != "index") == []


@pytest.mark.parametrize("page", PAGES)
def test_no_notebook_failed(page: Path) -> None:
    alert = parse(page).select_one('[role="alert"], .failed')
    assert alert is None, alert.get_text()[:2000]


@pytest.mark.parametrize("page", PAGES)
def test_links_to_other_reports_lead_somewhere(page: Path) -> None:
    links = {a["href"] for a in parse(page).find_all("a", href=re.compile(r"^[\w-]+\.html"))}
    assert {link for link in links if not (page.parent / link.partition("#")[0]).is_file()} == set()


@pytest.mark.parametrize("page", PAGES)
def test_what_is_written_is_meant_for_readers(page: Path) -> None:
    soup: BeautifulSoup = parse(page)
    for code in soup.select("details, pre"):
        code.decompose()
    text = soup.get_text(" ")
    assert (
        re.findall(r"\b(?:nan|NaN|None|inf|-0(?:\.0+)?|<Figure|<Axes|\{[a-z_]+(?::[^}]*)?\})(?=[\s,.;)%]|$)", text)
        == []
    )


@pytest.mark.browser
@pytest.mark.parametrize("page", PAGES)
def test_a_browser_opens_it_without_a_word(browser: Browser, page: Path) -> None:
    probe = browser.open_page(page)
    assert probe.network_requests == [] and probe.console_errors == []
    assert probe.evaluate("[...document.images].filter(i => !i.naturalWidth).map(i => i.alt)") == []
    for width in (360, 1280):
        probe.emulate(width=width)
        assert probe.evaluate("document.documentElement.scrollWidth") <= width
