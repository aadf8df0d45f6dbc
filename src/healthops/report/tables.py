"""Numbered tables with a caption, header scope and suppressed small counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from healthops.report.display import Shown, next_number, required

if TYPE_CHECKING:
    import pandas as pd

#: Counts above zero and below this could point at a person in a small place.
SMALLEST_COUNT = 5

NOTHING = "–"

#: Texts of up to this many characters stay on one line.
SHORT = 22


def small_count(count: float) -> str:
    """Write a count for a reader: from 1 to 4 only as ``<5``.

    >>> [small_count(n) for n in (0, 1, 4, 5, 1234)]
    ['0', '<5', '<5', '5', '1,234']
    """
    if count != count:
        return NOTHING
    return f"<{SMALLEST_COUNT}" if 0 < count < SMALLEST_COUNT else f"{count:,.0f}"


def table(
    frame: pd.DataFrame,
    *,
    caption: str,
    formats: Mapping[str, str | Callable[[Any], str]] | None = None,
    suppress: Sequence[str] = (),
    max_rows: int = 30,
) -> Shown:
    """Show a data frame as a numbered table with its caption.

    An index that has a name or is not just 0, 1, 2, ... becomes the row headings, otherwise the first column does.

    Parameters
    ----------
    frame : pandas.DataFrame
    caption : str
        What a row is, in which unit.
    formats : mapping, optional
        For a column, a format such as ``"{:.2f}"`` or a function from a value to text.
    suppress : sequence of str
        Columns that hold counts of people: 1 to 4 are shown as ``<5``. A column computed from them (a rate, a share)
        can give them away; leave it out or name it here too.
    max_rows : int
        Rows beyond this are left out, and a note says how many.

    Raises
    ------
    ValueError
        If the caption is missing, or `formats` or `suppress` name a column that is not there.
    """
    caption = required(caption, what="the table's caption", remedy="say report.table(df, caption=...)")
    formats = dict(formats or {})
    suppress = (suppress,) if isinstance(suppress, str) else tuple(suppress)
    flat, headings = _flatten(frame)
    unknown = sorted({*formats, *suppress} - set(flat.columns))
    if unknown:
        raise ValueError(f"the table has no column {unknown}; it has {list(flat.columns)}")

    shown = flat.head(max_rows)
    texts = {name: _texts(flat[name], shown[name], formats.get(name), name in suppress) for name in flat.columns}
    number = next_number("table")
    notes = _notes(len(flat) - len(shown), len(flat), any(f"<{SMALLEST_COUNT}" in texts[name] for name in suppress))
    html = _html(texts, headings, {n for n in flat.columns if _is_number(flat[n])}, number, caption, notes)
    return Shown("text/html", html, f"Table {number}. {caption}\n{shown.shape[0]} rows", number).show()


def _flatten(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the frame with text column names and the row headings as its first columns, and their number."""
    import pandas as pd

    plain = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    levels = frame.index.nlevels
    flat = frame.copy()
    flat.columns = [_name(column) for column in frame.columns]
    if not plain:
        names = [str(name) if name is not None else "" for name in frame.index.names]
        index = frame.index.to_frame(index=False)
        index.columns = names
        flat = pd.concat([index, flat.reset_index(drop=True)], axis=1)
    if not flat.columns.is_unique:
        twice = sorted(flat.columns[flat.columns.duplicated()])
        raise ValueError(f"the table has columns of the same name: {twice}; rename them")
    return flat, 1 if plain else levels


def _name(column: Any) -> str:
    return ", ".join(str(part) for part in column if str(part)) if isinstance(column, tuple) else str(column)


def _is_number(column: pd.Series) -> bool:
    from pandas.api import types

    return types.is_numeric_dtype(column) and not types.is_bool_dtype(column)


def _texts(whole: pd.Series, shown: pd.Series, form: str | Callable[[Any], str] | None, suppressed: bool) -> list[str]:
    import pandas as pd

    write = form if callable(form) else form.format if form else _default_format(whole)
    texts = []
    for value in shown:
        if _is_missing(value, pd):
            texts.append(NOTHING)
        elif suppressed and 0 < float(value) < SMALLEST_COUNT:
            texts.append(f"<{SMALLEST_COUNT}")
        else:
            texts.append(write(value))
    return texts


def _is_missing(value: Any, pd: Any) -> bool:
    missing = pd.isna(value)
    return bool(missing) if isinstance(missing, bool) or getattr(missing, "ndim", 1) == 0 else False


def _default_format(column: pd.Series) -> Callable[[Any], str]:
    """Choose how to write a column: thousands separated, and about three significant digits of its largest value."""
    from pandas.api import types

    if types.is_datetime64_any_dtype(column):
        return lambda value: value.date().isoformat()
    if types.is_bool_dtype(column):
        return lambda value: "yes" if value else "no"
    if not types.is_numeric_dtype(column):
        return str
    if "year" in str(column.name).lower():
        return "{:.0f}".format
    largest = column.abs().max()
    whole = types.is_integer_dtype(column) or (column.dropna() % 1 == 0).all()
    if whole or not (largest == largest) or math.isinf(largest):
        return "{:,.0f}".format
    return f"{{:,.{min(4, max(0, 2 - math.floor(math.log10(largest))))}f}}".format


def _notes(left_out: int, rows: int, suppressed: bool) -> list[str]:
    notes = []
    if left_out:
        notes.append(f"{left_out:,} more rows of {rows:,} are not shown.")
    if suppressed:
        notes.append(f"<{SMALLEST_COUNT}: counts from 1 to {SMALLEST_COUNT - 1} are not shown, to protect people.")
    return notes


def _html(
    texts: dict[str, list[str]], headings: int, numeric: set[str], number: int, caption: str, notes: list[str]
) -> str:
    names = list(texts)
    right = [' class="number"' if name in numeric else "" for name in names]
    head = "".join(
        f'<th scope="col"{mark}>{_breakable(name)}</th>' if name else f"<td{mark}></td>"
        for name, mark in zip(names, right, strict=True)
    )
    body = []
    for row in zip(*texts.values(), strict=True):
        cells = []
        for position, (text, mark) in enumerate(zip(row, right, strict=True)):
            tag, scope = ("th", ' scope="row"') if position < headings else ("td", "")
            mark = mark or (' class="short"' if len(text) <= SHORT else "")
            cells.append(f"<{tag}{scope}{mark}>{_breakable(text)}</{tag}>")
        body.append(f"<tr>{''.join(cells)}</tr>")
    below = "".join(f'<p class="table-note">{escape(note)}</p>' for note in notes)
    label = f"table-{number}-caption"
    return (
        f'<div id="table-{number}" class="report-table">'
        f'<div class="table-scroll" role="region" aria-labelledby="{label}" tabindex="0"><table>'
        f'<caption id="{label}"><strong>Table {number}.</strong> {escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>{below}</div>"
    )


def _breakable(text: str) -> str:
    """Escape `text` and let long snake_case names break after an underscore."""
    return escape(text).replace("_", "_<wbr>")
