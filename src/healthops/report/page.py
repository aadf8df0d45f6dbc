"""Finish the HTML of a report: headings and contents, the answer first, tables with scope, nothing from outside."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from healthops.report.tidy import relative_paths

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

#: Attributes through which a page would load something.
LOADING = {
    "img": ("src", "srcset"),
    "source": ("src", "srcset"),
    "script": ("src",),
    "link": ("href",),
    "iframe": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "video": ("src", "poster"),
    "audio": ("src",),
    "track": ("src",),
    "image": ("href", "xlink:href"),
    "use": ("href", "xlink:href"),
    "input": ("src",),
}


class ReportError(ValueError):
    """A notebook shows something that a report must not hold; the message says what and what to do instead."""


def finish(html: str) -> str:
    """Return the page as readers get it."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(html, "html.parser")
    body = soup.find(id="body")
    _strip(body)
    _hoist_answer(soup)
    _headings(soup, body)
    _contents(soup, body)
    for table in soup.find_all("table"):
        _scope(soup, table)
    _relative(body)
    check_self_contained(soup)
    return "<!DOCTYPE html>\n" + str(soup).removeprefix("<!DOCTYPE html>").strip() + "\n"


def check_self_contained(soup: BeautifulSoup) -> None:
    """Raise :class:`ReportError` where the page would load anything from outside itself."""
    for tag in soup.find_all(list(LOADING)):
        for attribute in LOADING[tag.name]:
            address = str(tag.get(attribute, "")).strip()
            if address and not address.startswith(("data:", "#")):
                raise ReportError(
                    f"the report would load {address!r} through <{tag.name} {attribute}=...>; "
                    "embed it with report.figure(...), or link to it in the text"
                )
    for style in [*(s.get_text() for s in soup.find_all("style")), *(t["style"] for t in soup.select("[style]"))]:
        for address in re.findall(r"""(?:url\(\s*|@import\s+)["']?([^"')\s;]+)""", str(style)):
            if not address.startswith(("data:", "#")):
                raise ReportError(f"the report would load {address!r} from a style sheet; leave it out")


def _strip(body: Tag) -> None:
    """Remove scripts that outputs bring with them, and tab stops that would come out of order."""
    for script in body.find_all("script"):
        script.decompose()
    for tag in body.select("[tabindex]"):
        if str(tag["tabindex"]).strip() not in ("0", "-1"):
            tag["tabindex"] = "0"


def _hoist_answer(soup: BeautifulSoup) -> None:
    place, found = soup.find(id="answer-place"), soup.select("#body .cell-answer")
    for tag in found:
        place.append(tag.extract())
    if found:
        place["class"] = ["answer"]
        place["aria-labelledby"] = "answer-heading"
        heading = soup.new_tag("h2", id="answer-heading")
        heading.string = "Answer"
        place.insert(0, heading)
        place.attrs.pop("id")
    else:
        place.decompose()


def _headings(soup: BeautifulSoup, body: Tag) -> None:
    """Make the headings of the body start at h2 and never skip a level; give each an id of its own."""
    taken = {str(tag["id"]) for tag in soup.select("[id]")}
    level = 1
    for heading in body.find_all(["h1", "h2", "h3", "h4", "h5", "h6"]):
        level = max(2, min(int(heading.name[1]), level + 1))
        heading.name = f"h{level}"
        heading["id"] = _unique(slug(heading.get_text()), taken)


def slug(text: str) -> str:
    """Turn a heading into an id.

    >>> slug("¿Where, and how much?")
    'where-and-how-much'
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-") or "section"


def _unique(wanted: str, taken: set[str]) -> str:
    name, n = wanted, 1
    while name in taken:
        n += 1
        name = f"{wanted}-{n}"
    taken.add(name)
    return name


def _contents(soup: BeautifulSoup, body: Tag) -> None:
    """Fill the table of contents from the headings of the second and third level."""
    outer = soup.select_one("#contents ol")
    inner = None
    entries = [*body.find_all(["h2", "h3"]), *soup.select("footer h2[id]")]
    for heading in entries:
        item = soup.new_tag("li")
        link = soup.new_tag("a", href=f"#{heading['id']}")
        link.string = " ".join(heading.get_text().split())
        item.append(link)
        if heading.name == "h2":
            outer.append(item)
            inner = None
        else:
            parent = outer.find_all("li", recursive=False)
            if inner is None and parent:
                inner = soup.new_tag("ol")
                parent[-1].append(inner)
            (outer if inner is None else inner).append(item)
    if not entries:
        soup.find(id="contents").decompose()


def _scope(soup: BeautifulSoup, table: Tag) -> None:
    """Give every heading of a table its scope, and a table of pandas or markdown room to scroll."""
    for head in table.find_all("th"):
        if not head.get_text(strip=True):
            head.name = "td"
            head.attrs.pop("scope", None)
        elif not head.get("scope"):
            head["scope"] = "col" if head.find_parent("thead") else "row"
    table.attrs.pop("border", None)
    if not table.find_parent(class_="table-scroll"):
        table.wrap(soup.new_tag("div", attrs={"class": "table-scroll", "tabindex": "0"}))


def _relative(body: Tag) -> None:
    """Cut down the absolute paths of the outputs' texts."""
    from bs4.element import NavigableString

    for text in list(body.find_all(string=lambda s: s is not None and "/" in s or "0x" in s)):
        cut = relative_paths(str(text))
        if cut != text and type(text) is NavigableString:
            text.replace_with(cut)
