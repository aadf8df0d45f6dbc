from __future__ import annotations

import base64
import io
import re
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from matplotlib import pyplot
from matplotlib.figure import Figure
from PIL import Image

from healthops import report
from healthops.report.figures import compact_svg


@pytest.fixture(autouse=True)
def _theme() -> None:
    report.theme()


def draw() -> Figure:
    fig, ax = pyplot.subplots(figsize=(6, 3))
    ax.plot([0, 1, 2], [1.23456, 3, 2], marker="o", label="$x^2$ & <y>")
    ax.fill_between([0, 1, 2], 0, [1, 2, 1], alpha=0.2, hatch="//")
    ax.legend()
    return fig


def image(shown: Any) -> Any:
    return BeautifulSoup(shown.rich, "html.parser").img


def svg(shown: Any) -> str:
    kind, _, text = image(shown)["src"].partition(",")
    assert kind == "data:image/svg+xml"
    return unquote(text)


def test_figures_are_numbered_captioned_and_described() -> None:
    first = report.figure(draw(), caption="Cases <5 & more.", alt='A "line".')
    second = report.figure(draw(), caption="Again.", alt="Again.", raster=True)
    soup = BeautifulSoup(first.rich + second.rich, "html.parser")
    assert [f["id"] for f in soup.find_all("figure")] == ["figure-1", "figure-2"]
    assert soup.figcaption.get_text() == "Figure 1. Cases <5 & more."
    assert soup.img["alt"] == 'A "line".'
    assert (soup.img["width"], soup.img["height"]) == ("576", "288")
    assert (first.number, second.number, str(second)) == (1, 2, "Figure 2. Again.")


def test_theme_counts_again_from_one() -> None:
    report.figure(draw(), caption="c", alt="a")
    report.theme()
    assert report.figure(draw(), caption="c", alt="a").number == 1


@pytest.mark.parametrize(
    "text", [{"caption": " ", "alt": "a"}, {"caption": "c", "alt": ""}, {"caption": "c", "alt": None}]
)
def test_caption_and_alternative_text_are_required(text: dict[str, Any]) -> None:
    fig = draw()
    with pytest.raises(ValueError, match="missing; say report.figure"):
        report.figure(fig, **text)
    pyplot.close(fig)


def test_a_figure_that_is_refused_takes_no_number() -> None:
    with pytest.raises(ValueError):
        report.figure(draw(), caption="c", alt="")
    assert report.figure(draw(), caption="c", alt="a").number == 1
    pyplot.close("all")


@pytest.mark.parametrize("raster", [False, True])
def test_the_same_drawing_gives_the_same_bytes(raster: bool) -> None:
    sources = {image(report.figure(draw(), caption="c", alt="a", raster=raster))["src"] for _ in range(2)}
    assert len(sources) == 1


def test_the_svg_is_sound_small_and_says_nothing_of_its_making() -> None:
    text = svg(report.figure(draw(), caption="c", alt="a"))
    root = ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "metadata" not in text and "matplotlib.org" not in text and "DOCTYPE" not in text
    addresses = set(re.findall(r"https?://[^\"'\s<]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_the_svg_draws_what_matplotlib_drew() -> None:
    fig = draw()
    buffer = io.StringIO()
    fig.savefig(buffer, format="svg")
    text = svg(report.figure(fig, caption="c", alt="a"))

    def numbers(source: str) -> list[float]:
        places = " ".join(re.findall(r'\bd="([^"]*)"', source))
        return [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", places)]

    before, after = numbers(buffer.getvalue()), numbers(text)
    assert len(before) == len(after) > 500
    assert max(abs(a - b) for a, b in zip(before, after, strict=True)) <= 0.0051
    assert len(text) < 0.8 * len(buffer.getvalue())


def test_scales_in_an_svg_are_not_rounded() -> None:
    assert compact_svg('<g transform="translate(1.23456 2) scale(0.015625)"/>') == (
        '<g transform="translate(1.23 2) scale(0.015625)"/>'
    )


def test_a_raster_figure_is_a_sharp_png_without_metadata() -> None:
    address = image(report.figure(draw(), caption="c", alt="a", raster=True))["src"]
    with Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))) as png:
        assert png.size == (960, 480)
        assert set(png.info) <= {"dpi"}


def test_figures_are_closed_and_axes_will_do() -> None:
    pyplot.close("all")
    report.figure(draw().axes[0], caption="c", alt="a")
    assert pyplot.get_fignums() == []
    with pytest.raises(TypeError, match="not list"):
        report.figure([1], caption="c", alt="a")


def test_it_shows_itself_once_wherever_it_stands_in_a_cell() -> None:
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    shell = InteractiveShell.instance()
    try:
        shell.user_ns["report"] = report
        for source in ("report.say('hello')", "report.say('hello'); 1", "display(report.say('hello'))"):
            with capture_output() as captured:
                shell.run_cell(source, store_history=False)
            assert [o.data for o in captured.outputs if "text/markdown" in o.data] == [
                {"text/markdown": "hello", "text/plain": "hello"}
            ]
    finally:
        InteractiveShell.clear_instance()
