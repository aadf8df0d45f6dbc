"""Things that show themselves in a notebook, once, wherever in a cell they are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Literal

Kind = Literal["figure", "table"]

_COUNTERS = {"figure": count(1), "table": count(1)}


def next_number(kind: Kind) -> int:
    """Return the next number of `kind` in this kernel, from 1."""
    return next(_COUNTERS[kind])


def reset_numbers() -> None:
    """Count figures and tables from 1 again."""
    for kind in _COUNTERS:
        _COUNTERS[kind] = count(1)


@dataclass(frozen=True)
class Shown:
    """Something for the reader, in one rich format and in plain text.

    Attributes
    ----------
    mime : {"text/html", "text/markdown"}
        Format of `rich`.
    rich, plain : str
        What a page shows, and what a terminal shows.
    number : int or None
        Number of the figure or table, for use in prose.
    """

    mime: str
    rich: str = field(repr=False)
    plain: str
    number: int | None = None

    @property
    def bundle(self) -> dict[str, str]:
        """The formats by their MIME type."""
        return {self.mime: self.rich, "text/plain": self.plain}

    def show(self) -> Shown:
        """Show it if a notebook is there to show it in; return it."""
        from IPython import get_ipython
        from IPython.display import display

        if get_ipython() is not None:
            display(self.bundle, raw=True)
        return self

    def _ipython_display_(self) -> None:
        """Nothing more to do: it was shown when it was made, also where it is a cell's last expression."""

    def _repr_html_(self) -> str | None:
        return self.rich if self.mime == "text/html" else None

    def _repr_markdown_(self) -> str | None:
        return self.rich if self.mime == "text/markdown" else None

    def __str__(self) -> str:
        return self.plain


def required(value: str, *, what: str, remedy: str) -> str:
    """Return `value` without outer blanks, or raise ``ValueError`` if nothing is left of it."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{what} is missing; {remedy}")
    return " ".join(value.split())
