from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_output

from healthops.report.page import ReportError
from healthops.report.render import SIZE_LIMIT, render
from tests.report.checks import faults, parse
from tests.report.conftest import CONTEXT, FAILURE, code, make_notebook


def test_a_report_has_no_fault(page: Path) -> None:
    assert faults(page) == []


def test_the_checks_find_what_is_wrong(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    broken = {
        "<h2 ": "<h5 ",
        ' scope="col"': "",
        'alt="A line': 'title="A line',
        'href="#limits"': 'href="#nowhere"',
        'src="data:image/png': 'src="https://example.org/',
        "a &lt; b": "see /home/someone/x",
        'id="figure-2"': 'id="figure-1"',
        '<section aria-labelledby="answer-heading" class="answer">': "<section>",
    }
    for old, new in broken.items():
        assert old in text, old
        out = tmp_path / "broken.html"
        out.write_text(text.replace(old, new), encoding="utf-8")
        assert faults(out), f"nobody noticed {old!r} -> {new!r}"


def test_the_title_the_answer_and_the_key_figures_come_first(page: Path) -> None:
    soup = parse(page)
    text = soup.body.get_text(" ")
    assert soup.h1.get_text() == "Where will it rise?"
    order = [
        "Synthetic data.",
        "Where will it rise?",
        "One sentence",
        "It rises in two places",
        "of 3",
        "Parameters",
        "Provenance",
        "Contents",
        "Question",
    ]
    places = [" ".join(text.split()).index(part) for part in order]
    assert places == sorted(places)
    assert "two" not in soup.find(id="body").get_text(), "the answer was copied, not moved"


def test_the_contents_list_the_headings(page: Path) -> None:
    links = [(a.get_text(), a["href"]) for a in parse(page).select("#contents a")]
    assert links == [
        ("Question", "#question"),
        ("Too deep", "#too-deep"),
        ("Result", "#result"),
        ("Places", "#places"),
        ("Places", "#places-2"),
        ("Limits", "#limits"),
        ("Data sources and licences", "#data-sources"),
    ]


def test_set_parameters_are_told_from_defaults(page: Path) -> None:
    rows = parse(page).select("table.parameters tbody tr")
    cells = [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in rows]
    assert cells == [["level", "'province'", "'department'", "scenario"], ["weeks", "8", "8", "default"]]
    assert ["is-set" in (row.get("class") or []) for row in rows] == [True, False]


def test_provenance_sources_and_neighbours_are_named(page: Path) -> None:
    soup = parse(page)
    text = soup.get_text(" ")
    for part in (
        "abc123def4567890",
        "not committed",
        "0f" * 32,
        "ab" * 32,
        "pandas 3.1.1",
        "MINSA",
        "Licence: none stated.",
    ):
        assert part in text
    hrefs = [a["href"] for a in soup.select("nav.siblings a")]
    assert hrefs[:3] == ["index.html", "21-features-outbreaks.html", "41-allocate-resources.html"]


def test_code_is_folded_and_what_the_runner_put_in_is_left_out(page: Path) -> None:
    soup = parse(page)
    folded = [cell.get_text() for cell in soup.select("details.code:not([open])")]
    assert len(folded) == 5 and not soup.select("details.code[open]")
    assert all("scenario = 'synthetic'" not in cell for cell in folded)


def test_messages_are_folded_and_texts_are_stable(page: Path) -> None:
    soup = parse(page)
    message = soup.select_one("details.messages pre").get_text()
    assert message == "src/healthops/x.py:3: UserWarning: odd at 0x...\n"
    assert "a < b" in [pre.get_text(strip=True) for pre in soup.select("pre.text")]


def test_formulas_are_pictures_and_prices_are_not(page: Path) -> None:
    soup = parse(page)
    assert [img["alt"] for img in soup.select("img.math")] == ["\\alpha + x^2"]
    assert "It costs $5 or $7." in soup.get_text()


def test_the_same_notebook_gives_the_same_bytes(page: Path, tmp_path: Path) -> None:
    again = make_notebook()
    for number, cell in enumerate(again.cells):
        cell["id"] = f"other-{number}"
        cell.metadata["execution"] = {"iopub.execute_input": f"2026-01-01T00:00:{number}"}
        if cell.cell_type == "code":
            cell["execution_count"] = number + 100
    out = tmp_path / "again.html"
    size = render(again, context=CONTEXT, out=out)
    assert out.read_bytes() == page.read_bytes()
    assert size == out.stat().st_size


def test_a_path_is_rendered_like_the_notebook_itself(page: Path, tmp_path: Path) -> None:
    nbformat.write(make_notebook(), tmp_path / "executed.ipynb")
    render(tmp_path / "executed.ipynb", context=CONTEXT, out=tmp_path / "x.html")
    assert (tmp_path / "x.html").read_bytes() == page.read_bytes()


def test_rendering_leaves_the_notebook_alone(notebook: nbformat.NotebookNode, tmp_path: Path) -> None:
    before = nbformat.writes(notebook)
    render(notebook, context=CONTEXT, out=tmp_path / "x.html")
    assert nbformat.writes(notebook) == before


def test_a_failure_is_shown_at_the_top_with_what_ran(failed_page: Path) -> None:
    soup = parse(failed_page)
    assert faults(failed_page, answered=False) == []
    alert = soup.select_one('[role="alert"]')
    assert "This notebook failed" in alert.get_text()
    assert "File pandas/frame.py:3" in alert.get_text() and "\x1b" not in alert.get_text()
    assert soup.find(id="figure-1") and soup.find(id="table-1"), "cells that ran are gone"
    assert "The notebook stopped here: KeyError: 'x'" in soup.find(id="body").get_text()
    assert [p.get_text() for p in soup.select(".not-run")] == ["This cell did not run."]
    assert not soup.select("section.answer"), "the answer of a cell that did not run"
    assert soup.find("meta", attrs={"name": "healthops:state"})["content"] == "failed"


def test_a_banner_is_loud_only_for_synthetic_data(page: Path, failed_page: Path) -> None:
    assert parse(page).select_one("header .banner-synthetic strong").get_text() == CONTEXT.banner
    assert not parse(failed_page).select(".banner-synthetic")


def test_texts_of_the_context_are_escaped(notebook: nbformat.NotebookNode, tmp_path: Path) -> None:
    out = tmp_path / "x.html"
    render(notebook, context=replace(CONTEXT, banner="<b>1</b> & 2", failure="<script>x</script>"), out=out)
    soup = parse(out)
    assert soup.select_one(".banner").get_text() == "<b>1</b> & 2"
    assert len(soup.find_all("script")) == 1 and faults(out) == []


@pytest.mark.parametrize(
    "html",
    [
        '<img src="https://example.org/x.png" alt="x">',
        '<img src="figures/x.png" alt="x">',
        '<link rel="stylesheet" href="https://example.org/x.css">',
        '<iframe src="https://example.org"></iframe>',
        "<style>@import 'https://example.org/x.css'</style>",
        '<p style="background: url(https://example.org/x.png)">x</p>',
    ],
)
def test_an_output_that_would_load_something_is_an_error(
    notebook: nbformat.NotebookNode, tmp_path: Path, html: str
) -> None:
    notebook.cells.append(code("x", [new_output("display_data", data={"text/html": html})]))
    with pytest.raises(ReportError, match="would load"):
        render(notebook, context=CONTEXT, out=tmp_path / "x.html")
    assert list(tmp_path.iterdir()) == []


def test_scripts_and_widgets_of_outputs_are_left_out(notebook: nbformat.NotebookNode, tmp_path: Path) -> None:
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "a bar"}
    loud = {"text/html": '<div tabindex="5">kept<script src="https://example.org/x.js"></script></div>'}
    outputs = [new_output("display_data", data=widget), new_output("display_data", data=loud)]
    notebook.cells.append(code("x", outputs))
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    render(notebook, context=CONTEXT, out=tmp_path / "x.html")
    soup = parse(tmp_path / "x.html")
    assert faults(tmp_path / "x.html") == []
    assert "a bar" in soup.get_text() and "kept" in soup.get_text() and "widget" not in str(soup.body)


def test_a_heavy_report_says_so(notebook: nbformat.NotebookNode, tmp_path: Path) -> None:
    notebook.cells.append(code("x", [new_output("stream", name="stdout", text="x" * SIZE_LIMIT)]))
    assert render(notebook, context=CONTEXT, out=tmp_path / "x.html") > SIZE_LIMIT
    assert "This report has 2.1 MB" in parse(tmp_path / "x.html").select_one(".notice").get_text()


def test_a_light_report_says_nothing(page: Path) -> None:
    assert page.stat().st_size < 150_000 and not parse(page).select(".notice")


def test_the_failure_text_is_kept_whole(failed_page: Path) -> None:
    shown = parse(failed_page).select_one('[role="alert"] pre').get_text()
    assert len(shown.splitlines()) == len(FAILURE.splitlines())


def test_how_streams_were_cut_into_pieces_does_not_matter(notebook: nbformat.NotebookNode, tmp_path: Path) -> None:
    def piece(name: str, text: str) -> nbformat.NotebookNode:
        return new_output("stream", name=name, text=text)

    shown = new_output("display_data", data={"text/html": "<p>x</p>"})
    one = [piece("stdout", "1 of 2\n"), piece("stderr", "odd\n"), piece("stdout", "2 of 2\n"), shown]
    other = [piece("stderr", "od"), piece("stderr", "d\n"), shown, piece("stdout", "1 of 2\n2 of 2\n")]
    for name, outputs in (("one", one), ("other", other)):
        made = make_notebook()
        made.cells.append(code("x", outputs))
        render(made, context=CONTEXT, out=tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    assert "1 of 2\n2 of 2\n" in [pre.get_text() for pre in parse(tmp_path / "one").select("pre.text")]
