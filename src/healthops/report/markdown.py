"""Markdown to HTML, with formulas as pictures so that no page needs a script from elsewhere."""

from __future__ import annotations

import io
import re
from functools import cache
from html import escape
from typing import Any
from urllib.parse import quote

from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from healthops.report.figures import compact_svg

_POINTS = 10.0

#: Commands that TeX knows and mathtext does not, in mathtext's words.
_MATHTEXT = {
    "le": r"\leq",
    "ge": r"\geq",
    "gets": r"\leftarrow",
    "land": r"\wedge",
    "lor": r"\vee",
    "lnot": r"\neg",
    "iff": r"\;\Leftrightarrow\;",
    "implies": r"\;\Rightarrow\;",
    "lvert": "|",
    "rvert": "|",
    "lVert": r"\Vert ",
    "rVert": r"\Vert ",
    "tfrac": r"\frac",
    "dfrac": r"\frac",
    "argmin": r"\mathrm{argmin}",
    "argmax": r"\mathrm{argmax}",
    "limits": "",
    "nolimits": "",
    "displaystyle": "",
    **{size + side: "" for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r", "m")},
}


def to_html(source: str) -> str:
    """Convert markdown as JupyterLab does: tables, ``$formulas$``, HTML.

    >>> to_html("It costs $5 or $7, *not* more.")
    '<p>It costs $5 or $7, <em>not</em> more.</p>\\n'
    """
    return MarkdownWithMath(renderer=_Renderer(escape=False, exclude_anchor_links=True)).render(source)


class _Renderer(IPythonRenderer):
    def block_math(self, body: str) -> str:
        return f'<p class="formula">{_formula(body.strip())}</p>'

    def inline_math(self, body: str) -> str:
        if body != body.strip():  # two prices rather than a formula
            return f"${escape(body, quote=False)}$"
        return _formula(body)

    def latex_environment(self, name: str, body: str) -> str:
        return self.block_math(body)

    def block_mermaidjs(self, code: str) -> str:
        return f"<pre><code>{escape(code)}</code></pre>"

    def block_code(self, code: str, info: str | None = None, **attrs: Any) -> str:
        return super().block_code(code, info)


@cache
def _formula(tex: str) -> str:
    """Draw a formula with matplotlib's mathtext; one that it cannot draw is shown as it is written."""
    import matplotlib as mpl
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import math_to_image

    known = re.sub(r"\\([a-zA-Z]+)", lambda command: _MATHTEXT.get(command[1], command[0]), " ".join(tex.split()))
    buffer = io.BytesIO()
    look = {"svg.hashsalt": "healthops", "svg.fonttype": "path", "mathtext.fontset": "cm", "savefig.facecolor": "none"}
    try:
        with mpl.rc_context(look):
            depth = math_to_image(f"${known}$", buffer, prop=FontProperties(size=_POINTS), dpi=72, format="svg")
    except ValueError:
        return f"<code>{escape(tex)}</code>"
    svg = compact_svg(buffer.getvalue().decode("utf-8"))
    width, height = (float(svg.partition(f'{side}="')[2].partition("pt")[0]) for side in ("width", "height"))
    em = 1.1 / _POINTS
    style = f"width:{width * em:.2f}em;height:{height * em:.2f}em;vertical-align:{-depth * em:.2f}em"
    address = quote(svg, safe=" !$'()*+,-./:;=?@_~")
    return f'<img class="math" src="data:image/svg+xml,{address}" alt="{escape(tex)}" style="{style}">'
