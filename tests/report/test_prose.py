from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from healthops import report
from healthops.report.markdown import to_html


def test_key_figures_are_a_list_of_terms() -> None:
    shown = report.key_figures([("unmet need <", "12 %", "of all"), ("weeks", "8")])
    soup = BeautifulSoup(shown.rich, "html.parser")
    assert [dt.get_text() for dt in soup.find_all("dt")] == ["unmet need <", "weeks"]
    assert [dd.get_text() for dd in soup.find_all("dd")] == ["12 %", "of all", "8"]
    assert shown.plain == "unmet need <: 12 % (of all)\nweeks: 8"


@pytest.mark.parametrize("rows", [[], [("", "1", "")], [("a", " ", "")]])
def test_empty_key_figures_are_refused(rows: list) -> None:
    with pytest.raises(ValueError, match="key figure|no figure"):
        report.key_figures(rows)


def test_a_value_that_is_not_text_is_refused() -> None:
    with pytest.raises(ValueError, match="value of key figure 'a' is missing"):
        report.key_figures([("a", 3, "")])  # type: ignore[list-item]


@pytest.mark.parametrize("call", ["say", "answer"])
def test_prose_without_text_is_refused(call: str) -> None:
    with pytest.raises(ValueError, match=f"report.{call}"):
        getattr(report, call)("  ")


def test_indented_prose_is_not_code() -> None:
    text = report.say(
        """
        One sentence
        goes on.

        * a point
        """
    ).rich
    assert to_html(text) == "<p>One sentence\ngoes on.</p>\n<ul>\n<li>a point</li>\n</ul>\n"


@pytest.mark.parametrize("source", ["$x$", "$$\\frac{a}{b}$$", "a $\\alpha_k$ b"])
def test_formulas_need_no_script(source: str) -> None:
    image = BeautifulSoup(to_html(source), "html.parser").img
    assert image["src"].startswith("data:image/svg+xml,") and image["alt"] in source


def test_a_formula_that_cannot_be_drawn_is_shown_as_written() -> None:
    assert "<code>\\undefinedcommand{x}</code>" in to_html("$\\undefinedcommand{x}$")


def test_a_formula_sits_on_the_line() -> None:
    image = BeautifulSoup(to_html("$y$ $x$"), "html.parser").find_all("img")
    depths = [float(i["style"].rpartition("vertical-align:")[2].removesuffix("em")) for i in image]
    assert depths[1] == pytest.approx(-0.11, abs=0.02), "x stands on the line; the picture has a margin of one point"
    assert depths[0] < depths[1] - 0.1, "y reaches below the line"


def test_mermaid_stays_text() -> None:
    assert to_html("```mermaid\ngraph <b>\n```") == "<pre><code>graph &lt;b&gt;\n</code></pre>"


@pytest.mark.parametrize(
    "tex",
    [
        r"\min_a \; \sum_i \mathrm{E}\,(N_i - a_i)^+ \quad \text{subject to} \quad \sum_i a_i \le B",
        r"a \ge b \iff \lnot c \implies \lVert x \rVert",
        r"\bigl( \tfrac{1}{2} \bigr) \argmin_x",
    ],
)
def test_what_tex_writes_otherwise_than_mathtext_is_drawn_too(tex: str) -> None:
    assert BeautifulSoup(to_html(f"${tex}$"), "html.parser").img["alt"] == tex
