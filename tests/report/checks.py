"""What every report must satisfy, checked on its HTML by an independent reading (BeautifulSoup)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from bs4 import BeautifulSoup
from matplotlib.figure import Figure

from healthops.report.page import LOADING
from healthops.workspace import REPOSITORY, Workspace

_PATH = re.compile(r"(?<![\w/.:-])/(?:home|root|tmp|usr|opt|work|var|Users)/\w")


def parse(page: Path) -> BeautifulSoup:
    """Read a page."""
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


def faults(page: Path, *, answered: bool = True) -> list[str]:
    """Return what is wrong with a report; nothing, one hopes."""
    soup = parse(page)
    found = [*_structure(soup), *_alternatives(soup), *_loads(soup), *_machine(soup), *_figures(soup)]
    if answered and not soup.select_one("section.answer .prose"):
        found.append("no answer at the top")
    if page.stat().st_size > 2_000_000:
        found.append(f"{page.stat().st_size} bytes, more than 2 MB")
    return found


def _structure(soup: BeautifulSoup) -> list[str]:
    found = []
    levels = [int(h.name[1]) for h in soup.find_all(re.compile("^h[1-6]$"))]
    if levels.count(1) != 1 or levels[0] != 1:
        found.append(f"headings do not start with the only h1: {levels}")
    found += [
        f"a heading skips from h{above} to h{below}"
        for above, below in zip(levels, levels[1:], strict=False)
        if below > above + 1
    ]
    ids = [tag["id"] for tag in soup.select("[id]")]
    found += sorted({f"id {name!r} occurs twice" for name in ids if ids.count(name) > 1})
    targets = [a["href"] for a in soup.select("a[href^='#']")]
    found += [f"link to {target} leads nowhere" for target in targets if target[1:] not in ids]
    found += [
        f"aria refers to {ref!r}" for t in soup.select("[aria-labelledby]") if (ref := t["aria-labelledby"]) not in ids
    ]
    found += [f"tabindex {t['tabindex']}" for t in soup.select("[tabindex]") if int(t["tabindex"]) > 0]
    if soup.html.get("lang") != "en":
        found.append("the page does not say its language")
    if not soup.title or not soup.title.get_text(strip=True):
        found.append("the page has no title")
    found += [f"no <{tag}>" for tag in ("header", "main", "footer") if not soup.find(tag)]
    if "skip" not in (soup.body.find("a").get("class") or []):
        found.append("the first link does not skip to the content")
    return found


def _alternatives(soup: BeautifulSoup) -> list[str]:
    found = [
        f"an image has no alternative text: {str(img)[:80]}"
        for img in soup.find_all("img")
        if not img.get("alt", "").strip() or img["alt"].startswith("No description has been provided")
    ]
    found += [f"a table heading has no scope: {th.get_text()}" for th in soup.find_all("th") if not th.get("scope")]
    found += [
        f"an empty table heading in {th.find_parent('table').get_text()[:40]}"
        for th in soup.find_all("th")
        if not th.get_text(strip=True)
    ]
    return found


def _loads(soup: BeautifulSoup) -> list[str]:
    found = []
    for tag in soup.find_all(True):
        for attribute in LOADING.get(tag.name, ()):
            if tag.get(attribute) and not tag[attribute].startswith(("data:", "#")):
                found.append(f"<{tag.name} {attribute}={tag[attribute][:60]!r}> loads something")
        if tag.name == "script" and "http" in tag.get_text():
            found.append("a script names an address")
        if tag.name == "style" and re.search(r"url\(|@import", tag.get_text()):
            found.append("a style sheet loads something")
        if tag.name != "a" and str(tag.get("href", "data:"))[:5] not in ("data:",):
            found.append(f"<{tag.name} href> loads something")
    return found


def _machine(soup: BeautifulSoup) -> list[str]:
    text = soup.get_text(" ")
    found = [f"an absolute path: {text[m.start() - 20 : m.end() + 40]!r}" for m in _PATH.finditer(text)]
    found += [f"an address in memory: {m.group()}" for m in re.finditer(r"\b0x[0-9a-f]{8,}", text)]
    return found + (["terminal colours"] if "\x1b" in text else [])


def _figures(soup: BeautifulSoup) -> list[str]:
    found = []
    for kind, selector in (("figure", "figure[id^=figure-]"), ("table", "div[id^=table-]")):
        numbers = sorted(int(tag["id"].rpartition("-")[2]) for tag in soup.select(selector))
        if numbers != list(range(1, len(numbers) + 1)):
            found.append(f"{kind}s are numbered {numbers}")
    found += [f"{f.get('id')} has no caption" for f in soup.find_all("figure") if not f.find("figcaption")]
    return found


def unreadable(soup: BeautifulSoup) -> list[str]:
    """Return what is written and not meant for readers, outside of code, which is taken out of the page."""
    for code in soup.select("details, pre"):
        code.decompose()
    text = soup.get_text(" ")
    return re.findall(r"\b(?:nan|NaN|None|inf|-0(?:\.0+)?|<Figure|<Axes|\{[a-z_]+(?::[^}]*)?\})(?=[\s,.;)%]|$)", text)


def run_alone(ws: Workspace, notebook: str) -> Path:
    """Run a notebook on the tables of a workspace through the pipeline's own jobs; return its page."""
    variables = os.environ | {"HEALTHOPS_ROOT": str(ws.root)}
    for module in ("notebook", "page"):
        command = [sys.executable, "-m", f"healthops.pipeline.{module}", ws.scenario.name, notebook]
        done = subprocess.run(command, env=variables, cwd=REPOSITORY, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return ws.report_path(notebook)


def texts(fig: Figure) -> str:
    """Return everything that is written in a figure."""
    fig.canvas.draw()
    return " ".join(t.get_text() for t in fig.findobj(lambda a: hasattr(a, "get_text")))
