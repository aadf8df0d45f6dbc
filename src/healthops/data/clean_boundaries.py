"""Boundaries: outlines of departments, provinces and districts as rings of points."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from healthops.data.errors import RawFileError
from healthops.data.ledger import Ledger
from healthops.data.raw_files import need
from healthops.data.raw_layout import RAW_PATHS

if TYPE_CHECKING:
    import pandas as pd

#: Property that holds the code, by level; names in these files are misspelt here and there, codes are not.
_CODES = {"department": "FIRST_IDDP", "province": "FIRST_IDPR", "district": "IDDIST"}
_DIGITS = {"department": 2, "province": 4, "district": 6}


def clean_boundaries(raw: Path, known: Collection[str], ledger: Ledger) -> pd.DataFrame:
    """Read the GeoJSON files and return table ``boundaries`` for the places in `known`.

    Outlines that share a code (a province in two features) become rings of one place.
    """
    import pandas as pd

    known = frozenset(known)
    rings: list[tuple[str, str, int, np.ndarray]] = []
    for level in _CODES:
        path = raw / RAW_PATHS[f"boundaries_{level}"]
        features = _features(path)
        ledger.enter(path.name, "boundaries", len(features))
        drawn: Counter[str] = Counter()
        for at, feature in enumerate(features, start=1):
            code = _code(feature, level, path.name, at)
            aside = _why_not(feature, code, known)
            if aside:
                ledger.set_aside(path.name, "boundaries", 1, aside)
                continue
            if code in drawn:
                ledger.repair(path.name, "boundaries", 1, "a second outline of the same code, joined to the first")
            for points in _rings(feature["geometry"], path.name, at):
                rings.append((code, level, drawn[code], points))
                drawn[code] += 1
            ledger.keep(path.name, "boundaries", 1)
    codes, levels, numbers, outlines = zip(*rings, strict=True)
    lengths = [len(points) for points in outlines]
    # 5 decimals are one metre, far finer than the simplified outlines.
    longitude, latitude = np.round(np.concatenate(outlines), 5).T
    return pd.DataFrame(
        {
            "ubigeo": np.repeat(codes, lengths),
            "level": np.repeat(levels, lengths),
            "ring": np.repeat(numbers, lengths),
            "point": np.concatenate([np.arange(n) for n in lengths]),
            "longitude": longitude,
            "latitude": latitude,
        }
    )


def _features(path: Path) -> list[dict[str, Any]]:
    try:
        content = json.loads(need(path).read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise RawFileError(f"{path.name} is not UTF-8 at byte {error.start}; convert the file to UTF-8") from None
    except json.JSONDecodeError as error:
        raise RawFileError(f"{path.name}, line {error.lineno}: not JSON: {error.msg}; fetch it again") from None
    if not isinstance(content, dict) or not isinstance(content.get("features"), list):
        raise RawFileError(f"{path.name} is not a GeoJSON FeatureCollection: it has no list of features")
    return content["features"]


def _code(feature: dict[str, Any], level: str, file: str, at: int) -> str:
    name = _CODES[level]
    code = str((feature.get("properties") or {}).get(name) or "")
    digits = _DIGITS[level]
    if len(code) != digits or not code.isdigit():
        raise RawFileError(f"{file}, feature {at}, property {name!r}: {code!r} is not a code of {digits} digits")
    return code


def _why_not(feature: dict[str, Any], code: str, known: Collection[str]) -> str:
    if not feature.get("geometry"):
        return "no outline (geometry is null)"
    return "" if code in known else "code is not in the ubigeo tables"


def _rings(geometry: dict[str, Any], file: str, at: int) -> Iterator[np.ndarray]:
    if geometry["type"] not in ("Polygon", "MultiPolygon"):
        raise RawFileError(f"{file}, feature {at}: geometry {geometry['type']!r} is not a Polygon or MultiPolygon")
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    for polygon in polygons:
        for ring in polygon:
            yield np.array([point[:2] for point in ring], dtype=float)
