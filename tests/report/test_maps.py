from __future__ import annotations

import math

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import colors, pyplot
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection

from healthops import report
from healthops.report import maps
from tests.report.conftest import square


@pytest.fixture(autouse=True)
def _clean() -> object:
    report.theme()
    yield
    pyplot.close("all")


BOUNDARIES = pd.concat([square("01", -77), square("02", -76), square("03", -75)])


def drawn(ax: Axes) -> dict[str, PathCollection]:
    """Return the collections by what they are for."""
    found = {}
    for collection in ax.collections:
        collection.update_scalarmappable()
        face = collection.get_facecolor()
        kind = "coloured" if collection.get_array() is not None else "hatched" if collection.get_hatch() else "plain"
        found[kind if len(face) else "outline"] = collection
    return found


def west(collection: PathCollection) -> list[float]:
    return sorted(path.vertices[:, 0].min() for path in collection.get_paths())


def test_each_place_has_the_colour_of_its_value() -> None:
    ax = report.choropleth(BOUNDARIES, pd.Series({"03": 30.0, "01": 10.0, "02": 20.0}), label="cases")
    filled = drawn(ax)["coloured"]
    by_place = dict(zip((p.vertices[:, 0].min() for p in filled.get_paths()), filled.get_facecolor(), strict=True))
    cmap = mpl.colormaps["viridis_r"]
    for place, share in ((-77, 0.0), (-76, 0.5), (-75, 1.0)):
        assert np.allclose(by_place[place], cmap(share))
    assert ax.figure.axes[-1].get_ylabel() == "cases"


def test_places_without_a_value_are_hatched_and_in_the_legend() -> None:
    ax = report.choropleth(BOUNDARIES, pd.Series({"01": 1.0, "02": np.nan, "99": 4.0}), label="x")
    assert west(drawn(ax)["hatched"]) == [-76, -75]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["no data"]


def test_a_whole_map_needs_no_legend() -> None:
    assert report.choropleth(BOUNDARIES, pd.Series({"01": 1, "02": 2, "03": 3}), label="x").get_legend() is None


def test_a_log_scale_shows_zeros_apart() -> None:
    ax = report.choropleth(BOUNDARIES, pd.Series({"01": 0.0, "02": 1.0, "03": 100.0}), label="x", scale="log")
    parts = drawn(ax)
    assert west(parts["plain"]) == [-77] and west(parts["coloured"]) == [-76, -75]
    assert isinstance(parts["coloured"].norm, colors.LogNorm)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["0"]


def test_a_diverging_scale_is_symmetric_about_its_centre() -> None:
    values = pd.Series({"01": 0.5, "02": 1.0, "03": 3.0})
    norm = drawn(report.choropleth(BOUNDARIES, values, label="x", scale="diverging", centre=1))["coloured"].norm
    assert (norm.vmin, norm.vcenter, norm.vmax) == (-1, 1, 3)


@pytest.mark.parametrize("scale", ["sequential", "log", "diverging"])
def test_equal_values_can_be_drawn(scale: str) -> None:
    ax = report.choropleth(BOUNDARIES, pd.Series({"01": 2.0, "02": 2.0}), label="x", scale=scale)
    report.figure(ax, caption="c", alt="a")


@pytest.mark.parametrize("scale", ["sequential", "log", "diverging"])
def test_zeros_alone_can_be_drawn(scale: str) -> None:
    ax = report.choropleth(BOUNDARIES, pd.Series({"01": 0.0, "02": 0.0}), label="x", scale=scale)
    report.figure(ax, caption="c", alt="a")


def test_a_degree_is_as_long_both_ways() -> None:
    ax = report.choropleth(BOUNDARIES, pd.Series({"01": 1.0}), label="x")
    assert ax.get_aspect() == pytest.approx(1 / math.cos(math.radians(9.5)))


def test_rings_of_a_place_are_one_shape_in_order() -> None:
    island = square("01", -70).assign(ring=1)
    shuffled = pd.concat([BOUNDARIES, island]).sample(frac=1, random_state=1)
    paths = maps._paths(shuffled)
    assert list(paths) == ["01", "02", "03"]
    areas = [abs(_area(p)) for p in paths["01"].to_polygons()]
    assert areas == pytest.approx([1.0, 1.0])


def _area(points: np.ndarray) -> float:
    x, y = points[:, 0], points[:, 1]
    return float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2


def test_departments_are_outlined_above_districts() -> None:
    districts = pd.concat([BOUNDARIES, square("010101", -77, "district")])
    ax = report.choropleth(districts, pd.Series({"010101": 2.0}), label="x", level="district")
    assert west(drawn(ax)["outline"]) == [-77, -76, -75]


def test_errors_say_what_is_there() -> None:
    with pytest.raises(ValueError, match=r"no outlines of level 'province'; it has \['department'\]"):
        report.choropleth(BOUNDARIES, pd.Series({"01": 1.0}), label="x", level="province")
    with pytest.raises(ValueError, match=r"no value belongs to a department; values are indexed by \['1501'\]"):
        report.choropleth(BOUNDARIES, pd.Series({"1501": 1.0}), label="x")
    with pytest.raises(ValueError, match="sequential, log or diverging"):
        report.choropleth(BOUNDARIES, pd.Series({"01": 1.0}), label="x", scale="linear")
