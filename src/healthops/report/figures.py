"""Numbered figures with a caption and a text alternative, embedded as bytes that are always the same."""

from __future__ import annotations

import base64
import io
import re
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from healthops.report.display import Shown, next_number, required

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Resolution of raster figures, in dots per inch: 9 inches give 1440 pixels, sharp at 900 CSS pixels.
RASTER_DPI = 160

_REMEDY = "say report.figure(fig, caption=..., alt=...): the caption tells what it shows, alt what a reader sees in it"


def figure(fig: Any, *, caption: str, alt: str, raster: bool = False) -> Shown:
    """Show a figure, numbered, with its caption; close it.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        Or anything with a ``figure``: axes, a seaborn grid.
    caption : str
        One or two sentences: what is shown, in which unit, with which uncertainty.
    alt : str
        What the figure tells, for a reader who does not see it.
    raster : bool
        PNG instead of SVG: for maps with many points and for dense plots.

    Returns
    -------
    Shown
        Its ``number`` may be used in prose. It has already been shown.

    Raises
    ------
    ValueError
        If the caption or the alternative text is missing.
    """
    caption = required(caption, what="the figure's caption", remedy=_REMEDY)
    alt = required(alt, what="the figure's alternative text (alt)", remedy=_REMEDY)
    drawn = _as_figure(fig)
    width, height = (round(96 * inches) for inches in drawn.get_size_inches())
    address = _png_address(drawn) if raster else _svg_address(drawn)
    _close(drawn)
    number = next_number("figure")
    html = (
        f'<figure id="figure-{number}" class="report-figure">'
        f'<div class="figure-scroll"><img src="{address}" alt="{escape(alt)}" width="{width}" height="{height}" '
        'style="max-width:100%;height:auto;background:white"></div>'
        f"<figcaption><strong>Figure {number}.</strong> {escape(caption)}</figcaption></figure>"
    )
    return Shown("text/html", html, f"Figure {number}. {caption}", number).show()


def _as_figure(fig: Any) -> Figure:
    from matplotlib.figure import Figure

    drawn = fig if isinstance(fig, Figure) else getattr(fig, "figure", None)
    if not isinstance(drawn, Figure):
        raise TypeError(f"a matplotlib figure, axes or seaborn grid is needed, not {type(fig).__name__}")
    return drawn


def _close(fig: Figure) -> None:
    from matplotlib import pyplot

    pyplot.close(fig)


def _svg_address(fig: Figure) -> str:
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "healthops", "svg.fonttype": "path"}):
        fig.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    # Inside an image address only these few signs need escapes; base64 would be a quarter longer.
    return "data:image/svg+xml," + quote(compact_svg(buffer.getvalue()), safe=" !$'()*+,-./:;=?@_~[]|{}^`")


def _png_address(fig: Figure) -> str:
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=RASTER_DPI, metadata={"Software": None}, pil_kwargs={"optimize": True})
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


_PROLOGUE = re.compile(r"<\?xml[^>]*\?>|<!DOCTYPE[^>]*>|<!--.*?-->|<metadata>.*?</metadata>", re.DOTALL)
_PLACES = re.compile(r'\b(?:d|x|y|x1|y1|x2|y2|cx|cy|points)="[^"]*"|translate\([^)]*\)')
_DECIMALS = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")


def compact_svg(svg: str) -> str:
    """Strip an SVG of prologue and metadata and round its coordinates to a hundredth of a point.

    >>> compact_svg('<?xml version="1.0"?><path d="M 1.23456 -0.0001 L 3 4.5"/>')
    '<path d="M 1.23 0 L 3 4.5"/>'
    """
    svg = _PROLOGUE.sub("", svg)
    svg = _PLACES.sub(lambda places: _DECIMALS.sub(_rounded, " ".join(places.group().split())), svg)
    return re.sub(r">\s+<", "><", svg).strip()


def _rounded(number: re.Match[str]) -> str:
    text = f"{float(number.group()):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
