"""Prose with computed numbers: sentences, the answer, the key figures."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from inspect import cleandoc

from healthops.report.display import Shown, required


def say(markdown: str) -> Shown:
    """Show prose, in markdown; numbers enter through an f-string.

    >>> str(say(f"The median is {3.14159:.2f} cases."))
    'The median is 3.14 cases.'
    """
    text = _prose(markdown, "say(...)")
    return Shown("text/markdown", text, text).show()


def answer(markdown: str) -> Shown:
    """Show the answer of the notebook in one to three sentences of markdown.

    Call it in the cell that is tagged ``answer``: the report shows that cell's output first.
    """
    text = _prose(markdown, "answer(...)")
    return Shown("text/markdown", text, text).show()


def key_figures(figures: Iterable[tuple[str, str, str] | tuple[str, str]]) -> Shown:
    """Show the few figures that a reader should remember.

    Parameters
    ----------
    figures : iterable of (label, value, note)
        `label` says what it is, `value` is the number as text with its unit, `note` (may be left out) what to compare
        it with.

    Raises
    ------
    ValueError
        If there is none, or a label or value is empty.
    """
    rows = [_key_figure(*row) for row in figures]
    if not rows:
        raise ValueError("key_figures() got no figure; give it [(label, value, note), ...]")
    html = '<dl class="key-figures">' + "".join(html for html, _ in rows) + "</dl>"
    return Shown("text/html", html, "\n".join(plain for _, plain in rows)).show()


def _key_figure(label: str, value: str, note: str = "") -> tuple[str, str]:
    remedy = "give each key figure as (label, value as text, note)"
    label = required(label, what="the label of a key figure", remedy=remedy)
    value = required(value, what=f"the value of key figure {label!r}", remedy=remedy)
    extra = f'<dd class="key-note">{escape(note)}</dd>' if note else ""
    html = f'<div><dt>{escape(label)}</dt><dd class="key-value">{escape(value)}</dd>{extra}</div>'
    return html, f"{label}: {value}" + (f" ({note})" if note else "")


def _prose(markdown: str, call: str) -> str:
    if not isinstance(markdown, str) or not markdown.strip():
        raise ValueError(f"report.{call} got no text")
    return cleandoc(markdown)


def interval(low: float, high: float) -> str:
    """Write an interval of a ratio; in words where there is none, as of a baseline against itself.

    >>> interval(0.5, 0.75), interval(float("nan"), float("nan"))
    ('0.50 to 0.75', 'no interval: it is the baseline')
    """
    return f"{low:.2f} to {high:.2f}" if low == low else "no interval: it is the baseline"
