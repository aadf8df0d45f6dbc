"""Maps of values by place, drawn from the table ``boundaries``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from healthops.report.style import INK, MISSING, MUTED

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.path import Path

Scale = Literal["sequential", "log", "diverging"]

ZERO = "#f7f4ea"


def choropleth(
    boundaries: pd.DataFrame,
    values: pd.Series,
    *,
    ax: Axes | None = None,
    label: str,
    scale: Scale = "sequential",
    level: str = "department",
    low: float | None = None,
    high: float | None = None,
    centre: float = 0.0,
    colorbar: bool = True,
) -> Axes:
    """Draw a map that is coloured by a value of each place.

    Parameters
    ----------
    boundaries : pandas.DataFrame
        Table ``boundaries``: ubigeo, level, ring, point, longitude and latitude in degrees.
    values : pandas.Series
        By ubigeo. Places without a value are hatched, and the legend says so.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure without it.
    label : str
        What the colours mean, with the unit.
    scale : {"sequential", "log", "diverging"}
        ``log`` shows zeros in a colour of their own; ``diverging`` is symmetric about `centre`.
    level : {"department", "province", "district"}
        Which outlines to fill; departments are outlined above finer levels.
    low, high : float, optional
        Ends of the colours; by default those of the values.

    Raises
    ------
    ValueError
        If there are no outlines of the level, or no value belongs to one of them.
    """
    from matplotlib import pyplot
    from matplotlib.collections import PathCollection

    outlines = boundaries[boundaries["level"] == level]
    if outlines.empty:
        raise ValueError(f"boundaries has no outlines of level {level!r}; it has {sorted(set(boundaries['level']))}")
    paths = _paths(outlines)
    given = values.dropna().astype(float)
    drawn = [place for place in paths if place in given.index]
    if not drawn:
        raise ValueError(f"no value belongs to a {level}; values are indexed by {list(values.index[:3])}")

    ax = pyplot.subplots(figsize=(6.0, 6.6))[1] if ax is None else ax
    edge = {"edgecolor": "white", "linewidth": 0.5 if level == "department" else 0.2}
    blank = [place for place in paths if place not in given.index]
    zero = [place for place in drawn if scale == "log" and given[place] <= 0]
    coloured = [place for place in drawn if place not in set(zero)]
    _fill(ax, [paths[p] for p in blank], facecolor=MISSING, edgecolor="#ffffff", hatch="////", linewidth=0.4)
    _fill(ax, [paths[p] for p in zero], facecolor=ZERO, edgecolor=MISSING, linewidth=edge["linewidth"])
    cmap, norm = _colours(given[coloured].to_numpy(), scale, low, high, centre)
    filled = PathCollection([paths[p] for p in coloured], cmap=cmap, norm=norm, **edge)
    filled.set_array(given[coloured].to_numpy())
    ax.add_collection(filled)
    if level != "department":
        _outline(ax, boundaries[boundaries["level"] == "department"])
    _frame(ax, outlines)
    if colorbar:
        bar = ax.figure.colorbar(filled, ax=ax, shrink=0.6, pad=0.02, label=label)
        bar.outline.set_visible(False)
    _legend(ax, blank=bool(blank), zero=bool(zero))
    return ax


def _paths(outlines: pd.DataFrame) -> dict[str, Path]:
    """Join the rings of each place to one path."""
    from matplotlib.path import Path

    ordered = outlines.sort_values(["ubigeo", "ring", "point"])
    rings: dict[str, list[Path]] = {}
    for (place, _), ring in ordered.groupby(["ubigeo", "ring"], sort=True):
        if len(ring) >= 3:
            points = ring[["longitude", "latitude"]].to_numpy(float)
            rings.setdefault(str(place), []).append(Path(_closed(points), closed=True))
    return {place: Path.make_compound_path(*parts) for place, parts in rings.items()}


def _closed(points: np.ndarray) -> np.ndarray:
    import numpy as np

    return points if (points[0] == points[-1]).all() else np.vstack([points, points[:1]])


def _fill(ax: Axes, paths: list[Path], **look: Any) -> None:
    from matplotlib.collections import PathCollection

    if paths:
        ax.add_collection(PathCollection(paths, **look))


def _outline(ax: Axes, outlines: pd.DataFrame) -> None:
    from matplotlib.collections import PathCollection

    if not outlines.empty:
        ax.add_collection(
            PathCollection(list(_paths(outlines).values()), facecolor="none", edgecolor=MUTED, linewidth=0.5)
        )


def _colours(shown: np.ndarray, scale: Scale, low: float | None, high: float | None, centre: float) -> tuple[Any, Any]:
    import matplotlib as mpl
    from matplotlib import colors

    least = float(shown.min()) if shown.size else 0.0
    most = float(shown.max()) if shown.size else 1.0
    if scale == "diverging":
        reach = max(abs(least - centre), abs(most - centre), 1e-12)
        bottom = low if low is not None else centre - reach
        top = high if high is not None else centre + reach
        return mpl.colormaps["PuOr_r"], colors.TwoSlopeNorm(centre, bottom, top)
    bottom, top = low if low is not None else least, high if high is not None else most
    cmap = mpl.colormaps["viridis_r"]
    if scale == "log":
        bottom = bottom if bottom > 0 else (float(shown[shown > 0].min()) if (shown > 0).any() else 1.0)
        return cmap, colors.LogNorm(bottom, max(top, bottom * 1.01))
    if scale == "sequential":
        return cmap, colors.Normalize(bottom, top if top > bottom else bottom + 1.0)
    raise ValueError(f"scale must be sequential, log or diverging, not {scale!r}")


def _frame(ax: Axes, outlines: pd.DataFrame) -> None:
    """Show the whole map with the right shape: at its middle latitude, a degree is as long both ways."""
    import numpy as np

    west, east = outlines["longitude"].min(), outlines["longitude"].max()
    south, north = outlines["latitude"].min(), outlines["latitude"].max()
    margin = 0.02 * max(east - west, north - south)
    ax.set_xlim(west - margin, east + margin)
    ax.set_ylim(south - margin, north + margin)
    ax.set_aspect(1 / max(0.1, float(np.cos(np.radians((south + north) / 2)))))
    ax.set_axis_off()


def _legend(ax: Axes, *, blank: bool, zero: bool) -> None:
    from matplotlib.patches import Patch

    entries = [Patch(facecolor=ZERO, edgecolor=MUTED, linewidth=0.5, label="0")] if zero else []
    if blank:
        entries.append(Patch(facecolor=MISSING, edgecolor="white", hatch="////", label="no data"))
    if entries:
        below = {"loc": "upper left", "bbox_to_anchor": (0.0, 0.0), "borderaxespad": 0.2, "ncols": 2}
        ax.legend(handles=entries, fontsize=9, labelcolor=INK, handleheight=1.1, **below)
