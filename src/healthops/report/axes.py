"""Small things that figures of several notebooks share: panels, ticks of numbers and of months."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def panels(columns: int, height: float, *, rows: int = 1, **more: object) -> tuple[Figure, np.ndarray]:
    """Return a figure as wide as a page, `height` inches high, and its axes, shape (rows, columns)."""
    from matplotlib import pyplot

    return pyplot.subplots(rows, columns, figsize=(9, height), squeeze=False, **more)


def thousands(axis: object, unit: float = 1.0, decimals: int = 0) -> None:
    """Write the ticks of an axis in `unit`, with separators."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x / unit:,.{decimals}f}"))


def months(ax: Axes, *, fewest: int = 3, most: int = 7) -> None:
    """Write the x-axis as months, with `fewest` to `most` ticks."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=fewest, maxticks=most)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
