"""What a reader sees: theme, figures, tables, prose, maps; the HTML of a notebook and of the index.

A notebook writes ``from healthops import report`` and uses the names below; each is loaded when it is first used, so
that importing this room is light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from healthops.report.figures import figure
    from healthops.report.maps import choropleth
    from healthops.report.prose import answer, key_figures, say
    from healthops.report.style import colour, theme
    from healthops.report.tables import small_count, table

_HOME = {
    "answer": "prose",
    "choropleth": "maps",
    "colour": "style",
    "figure": "figures",
    "key_figures": "prose",
    "say": "prose",
    "small_count": "tables",
    "table": "tables",
    "theme": "style",
}

__all__ = [
    "answer",
    "choropleth",
    "colour",
    "figure",
    "key_figures",
    "say",
    "small_count",
    "table",
    "theme",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it offers {__all__}")
    found = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
