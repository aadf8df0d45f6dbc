from __future__ import annotations

import itertools
import re
import subprocess
import sys

import matplotlib as mpl
import pytest

from healthops import report
from healthops.report.render import TEMPLATE
from healthops.report.style import NAMED, PALETTE

# Brettel, Vienot & Mollon simulations as the linear matrices of Vienot et al. 1999 (protan, deutan) on linear RGB.
_PROTAN = ((0.11238, 0.88762, 0.0), (0.11238, 0.88762, 0.0), (0.00401, -0.00401, 1.0))
_DEUTAN = ((0.29275, 0.70725, 0.0), (0.29275, 0.70725, 0.0), (-0.02234, 0.02234, 1.0))
_WHOLE = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def linear(colour: str) -> tuple[float, ...]:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return tuple(p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)


def contrast(one: str, two: str) -> float:
    """Contrast ratio of WCAG 2.2."""
    light = [sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear(c), strict=True)) for c in (one, two)]
    return (max(light) + 0.05) / (min(light) + 0.05)


def lab(colour: str, vision: tuple) -> tuple[float, float, float]:
    rgb = [max(0.0, sum(a * b for a, b in zip(row, linear(colour), strict=True))) for row in vision]
    matrix = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    white = (0.95047, 1.0, 1.08883)
    xyz = [sum(a * b for a, b in zip(row, rgb, strict=True)) / w for row, w in zip(matrix, white, strict=True)]
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("vision", [_WHOLE, _PROTAN, _DEUTAN], ids=["whole", "protan", "deutan"])
def test_the_first_colours_can_be_told_apart(vision: tuple) -> None:
    for one, two in itertools.combinations(PALETTE[:6], 2):
        distance = sum((a - b) ** 2 for a, b in zip(lab(one, vision), lab(two, vision), strict=True)) ** 0.5
        assert distance > 12, f"{one} and {two} are {distance:.1f} apart"


def test_every_colour_is_visible_on_white() -> None:
    assert {c for c in (*PALETTE, *NAMED.values()) if contrast(c, "#ffffff") < 2.0} == set()


def test_a_name_keeps_its_colour_in_every_process() -> None:
    script = "from healthops import report; print(report.colour('some new model'))"
    environment = {"PYTHONHASHSEED": "99", "PATH": ""}
    other = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == report.colour("some new model")


def test_models_that_are_compared_differ() -> None:
    models = ["hub-baseline", "seasonal-quantiles", "xgboost", "lstm-keras", "lstm-torch", "fusion", "observed"]
    assert len({report.colour(name) for name in models}) == len(models)
    policies = ["population", "last_week", "point_forecast", "plan", "plan_no_floor", "oracle"]
    assert len({report.colour(name) for name in policies}) == len(policies)
    assert report.colour("by last week's cases") == report.colour("last_week")


def test_importing_the_room_is_light() -> None:
    script = "import sys, healthops.report; print(sorted({'matplotlib', 'pandas', 'nbconvert'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout.strip() == "[]"


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'figur'"):
        report.figur  # noqa: B018


def test_theme_forgets_what_was_set_before() -> None:
    mpl.rcParams["lines.linewidth"] = 17
    mpl.rcParams["image.origin"] = "lower"
    report.theme()
    assert (mpl.rcParams["lines.linewidth"], mpl.rcParams["image.origin"]) == (1.6, "upper")


@pytest.mark.parametrize("style", ["light", "dark"])
def test_texts_have_the_contrast_of_wcag_aa(style: str) -> None:
    css = (TEMPLATE / "style.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\n\s*\}", css, flags=re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", blocks[0 if style == "light" else 1]))
    pairs = [(text, ground) for text in ("ink", "quiet", "link", "accent") for ground in ("ground", "raised")]
    pairs += [(f"code-{part}", "raised") for part in ("word", "text", "note", "number")]
    pairs += [("warn-ink", "warn-ground"), ("fail-ink", "fail-ground"), ("fail-ink", "ground")]
    assert [pair for pair in pairs if contrast(colours[pair[0]], colours[pair[1]]) < 4.5] == []
    assert contrast(colours["focus"], colours["ground"]) >= 3
