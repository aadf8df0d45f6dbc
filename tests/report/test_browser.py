"""Reports in a real browser: nothing loaded, nothing complained about, everything reachable by keyboard."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from healthops.report import index
from healthops.workspace import Scenario
from tests.browser import Browser, PageProbe

pytestmark = pytest.mark.browser


def test_nothing_is_loaded_and_nothing_goes_wrong(browser: Browser, page: Path) -> None:
    probe = browser.open_page(page)
    assert probe.network_requests == [] and probe.console_errors == []
    assert probe.requests[0] == page.as_uri()
    broken = "[...document.images].filter(i => !i.complete || !i.naturalWidth).map(i => i.alt)"
    assert probe.evaluate(broken) == []
    assert probe.evaluate("document.images.length") == 3


def test_the_probe_sees_requests_and_errors(browser: Browser, tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text("<script>console.error('oops'); fetch('http://127.0.0.1:9/x'); nothing()</script>", encoding="utf-8")
    probe = browser.open_page(bad)
    assert probe.network_requests == ["http://127.0.0.1:9/x"]
    assert "oops" in str(probe.console_errors) and "nothing is not defined" in str(probe.console_errors)


def test_what_slips_past_the_checks_is_refused_by_the_page_itself(browser: Browser, page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    slipped = tmp_path / "slipped.html"
    slipped.write_text(text.replace("<p>One", '<img src="http://127.0.0.1:9/x.png" alt="x"><p>One'), encoding="utf-8")
    probe = browser.open_page(slipped)
    assert "Content Security Policy" in str(probe.console_errors)


def walk(probe: PageProbe, steps: int) -> list[dict]:
    """Press Tab `steps` times and return what had the focus."""
    stops = []
    for _ in range(steps):
        probe.press("Tab")
        stops.append(probe.focused())
    return stops


def test_everything_is_reached_by_keyboard_in_reading_order(browser: Browser, page: Path) -> None:
    probe = browser.open_page(page)
    stops = walk(probe, 20)
    assert stops[0]["href"] == "#content" and "Skip" in stops[0]["text"]
    assert all(stop["outline"] >= 2 for stop in stops), "a focus cannot be seen"
    texts = [stop["text"] for stop in stops]
    wanted = [
        "All reports",
        "Parameters 1 set by the scenario, 1 at their default",
        "Question",
        "Limits",
        "Show all code",
    ]
    places = [texts.index(text) for text in wanted]
    assert places == sorted(places)
    assert any(stop["tag"] == "summary" and "Code" in stop["text"] for stop in stops)


def test_the_skip_link_is_seen_only_with_the_focus_and_leads_to_the_content(browser: Browser, page: Path) -> None:
    probe = browser.open_page(page)
    left = "document.querySelector('.skip').getBoundingClientRect().left"
    assert probe.evaluate(left) < -100
    probe.press("Tab")
    assert probe.evaluate(left) >= 0
    probe.press("Enter")
    assert probe.evaluate("location.hash") == "#content" and probe.focused()["id"] == "content"


def test_the_button_opens_and_closes_all_code(browser: Browser, page: Path) -> None:
    probe = browser.open_page(page)
    state = """({open: [...document.querySelectorAll('details.code')].map(d => d.open),
                 expanded: document.getElementById('toggle-code').getAttribute('aria-expanded'),
                 text: document.getElementById('toggle-code').textContent})"""
    assert probe.evaluate(state) == {"open": [False] * 5, "expanded": "false", "text": "Show all code"}
    probe.evaluate("document.getElementById('toggle-code').focus()")
    probe.press("Enter")
    assert probe.evaluate(state) == {"open": [True] * 5, "expanded": "true", "text": "Hide all code"}
    probe.evaluate("document.querySelector('details.code').open = false")
    browser.drain(0.1)
    assert probe.evaluate(state)["expanded"] == "false", "not all are open any more"
    probe.press("Enter")
    probe.press("Enter")
    assert probe.evaluate(state)["open"] == [False] * 5


def test_one_cell_unfolds_without_scripts(browser: Browser, page: Path) -> None:
    probe = browser.open_page(page, scripts=False)
    assert probe.evaluate("getComputedStyle(document.getElementById('toggle-code')).display") == "none"
    probe.evaluate("document.querySelector('details.code > summary').focus()")
    probe.press("Enter")
    assert probe.evaluate("[...document.querySelectorAll('details.code')].map(d => d.open)") == [True] + [False] * 4


def test_a_link_of_the_contents_leads_to_its_heading(browser: Browser, page: Path) -> None:
    probe = browser.open_page(page, height=300)
    probe.evaluate("document.querySelector('#contents a[href=\"#limits\"]').focus()")
    probe.press("Enter")
    browser.drain(0.1)
    assert 0 <= probe.evaluate("document.getElementById('limits').getBoundingClientRect().top") < 300


@pytest.mark.parametrize("width", [360, 768, 1024, 1280, 1920])
def test_no_width_scrolls_sideways(browser: Browser, page: Path, failed_page: Path, width: int) -> None:
    for report in (page, failed_page):
        probe = browser.open_page(report, width=width)
        probe.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        assert probe.evaluate("document.documentElement.scrollWidth") <= width


def test_lines_of_prose_are_of_a_readable_length(browser: Browser, page: Path) -> None:
    probe = browser.open_page(page, width=1920)
    widths = probe.evaluate("[...document.querySelectorAll('.prose p')].map(p => p.getBoundingClientRect().width / 16)")
    assert widths and max(widths) <= 46


CONTRAST = """(() => {
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const light = c => parse(c).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    const p = parse(c); if (p.length < 4 || p[3] === 1) return c; } return 'rgb(255, 255, 255)'; };
  const faults = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || ['SCRIPT', 'STYLE'].includes(e.tagName)) continue;
    const a = light(getComputedStyle(e).color), b = light(ground(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faults.push([walker.currentNode.data.trim().slice(0, 40), Math.round(100 * ratio) / 100]);
  }
  return faults;
})()"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_has_enough_contrast(
    browser: Browser, page: Path, failed_page: Path, tmp_path: Path, dark: bool
) -> None:
    (tmp_path / "11-explore-outbreaks.html").write_bytes(page.read_bytes())
    out = tmp_path / "index.html"
    index.render_index(
        {"11-explore-outbreaks": "x"},
        scenario=Scenario.load("smoke"),
        metrics={},
        out=out,
        outdated=["11-explore-outbreaks"],
    )
    for report in (page, failed_page, out):
        probe = browser.open_page(report, dark=dark)
        probe.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        assert json.dumps(probe.evaluate(CONTRAST)) == "[]"


def test_figures_stay_on_a_light_card_in_the_dark(browser: Browser, page: Path) -> None:
    probe = browser.open_page(page, dark=True)
    assert probe.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    cards = "[...document.querySelectorAll('figure img')].map(i => getComputedStyle(i).backgroundColor)"
    assert set(probe.evaluate(cards)) == {"rgb(255, 255, 255)"}


def test_paper_shows_the_parameters_and_no_code(browser: Browser, page: Path) -> None:
    probe = browser.open_page(page, media="print")
    shown = "[...document.querySelectorAll('{}')].map(e => e.getBoundingClientRect().height > 0)"
    assert set(probe.evaluate(shown.format("details.code, .toggle, .siblings, #contents"))) == {False}
    assert set(probe.evaluate(shown.format("table.parameters, figure img, .answer"))) == {True}


def test_the_index_in_a_browser(browser: Browser, tmp_path: Path) -> None:
    out = tmp_path / "index.html"
    index.render_index({"11-explore-outbreaks": "x"}, scenario=Scenario.load("synthetic"), metrics={}, out=out)
    for width in (360, 1280):
        probe = browser.open_page(out, width=width)
        assert probe.network_requests == [] and probe.console_errors == []
        assert probe.evaluate("document.documentElement.scrollWidth") <= width
