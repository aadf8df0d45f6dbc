"""Places: departments, provinces and districts, their codes and attributes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.errors import RawFileError
from healthops.data.ledger import Ledger
from healthops.data.place_names import Gazetteer, without_accents
from healthops.data.raw_files import number, read_csv
from healthops.data.raw_layout import RAW_PATHS

if TYPE_CHECKING:
    import pandas as pd

#: Columns of the sources by column of the table: (column, lowest, highest possible value).
_NUMBERS = {
    "latitude": ("latitude", -90, 90),
    "longitude": ("longitude", -180, 180),
    "altitude_m": ("altitude", -100, 6000),
    "area_km2": ("superficie", 0, 1e7),
    "density_per_km2": ("pob_densidad_2020", 0, 1e6),
    "hdi": ("idh_2019", 0, 1),
    "poverty_pct": ("pct_pobreza_total", 0, 100),
}
#: The sources' ways to say that a number is not known: empty, and "S.I." (sin información).
_UNKNOWN = ("", "NA", "S.I.")
#: Provinces that drain to the Marañón although the crest, low and broken there, gives no sign of it.
_EAST = (("CAJAMARCA", "CUTERVO"), ("CAJAMARCA", "JAEN"), ("CAJAMARCA", "SAN IGNACIO"))
_NAMES = {2: ("departamento",), 4: ("departamento", "provincia"), 6: ("departamento", "provincia", "distrito")}
_FILES = {2: "ubigeo_department", 4: "ubigeo_province", 6: "ubigeo_district"}
_LEVELS = {2: "department", 4: "province", 6: "district"}


def clean_places(raw: Path, ledger: Ledger) -> pd.DataFrame:
    """Read the tables of ubigeo codes (INEI) and return table ``places`` with `population` still missing."""
    import pandas as pd

    levels = [_one_level(raw, digits, ledger) for digits in (2, 4, 6)]
    places = pd.concat(levels, ignore_index=True)
    places["region"] = natural_region(places)
    places["population"] = np.nan
    parents = places["ubigeo"].str[:-2]
    orphans = places.loc[(parents != "") & ~parents.isin(places["ubigeo"]), "ubigeo"]
    if len(orphans):
        raise RawFileError(f"place {orphans.iloc[0]} has no parent {orphans.iloc[0][:-2]} in the ubigeo tables")
    return places


def _one_level(raw: Path, digits: int, ledger: Ledger) -> pd.DataFrame:
    import pandas as pd

    path = raw / RAW_PATHS[_FILES[digits]]
    names = _NAMES[digits]
    wide = digits > 2
    needed = ["inei", *names, *(c for c, *_ in _NUMBERS.values()), *(["macroregion_inei"] if wide else [])]
    frame = read_csv(path, needed)
    ledger.enter(path.name, "places", len(frame))
    coded = ~frame["inei"].isin(_UNKNOWN)
    ledger.set_aside(path.name, "places", int((~coded).sum()), "no INEI code")
    frame = frame[coded].reset_index(drop=True)
    _check_codes(frame["inei"], digits, path.name)
    out = pd.DataFrame({"ubigeo": frame["inei"].str[:digits], "level": _LEVELS[digits]})
    clean_names = [frame[name].map(without_accents) for name in names]
    out["name"] = clean_names[-1]
    out["department"] = clean_names[0]
    out["province"] = clean_names[1] if wide else None
    out["macroregion"] = frame["macroregion_inei"] if wide else ""
    for column, (source, low, high) in _NUMBERS.items():
        out[column] = number(frame, source, file=path.name, low=low, high=high, missing=_UNKNOWN)
    ledger.keep(path.name, "places", len(out))
    nothing = out[list(_NUMBERS)].isna().all(axis=1)
    ledger.flag(path.name, "places", int(nothing.sum()), "no attributes (newer or superseded places)")
    ledger.flag(path.name, "places", int((out["area_km2"].isna() & ~nothing).sum()), "no area (S.I., not known)")
    return out


def _check_codes(codes: pd.Series, digits: int, file: str) -> None:
    wrong = ~codes.str.fullmatch(rf"\d{{{digits}}}0{{{6 - digits}}}")
    for what, bad in (("is not a code of this level", wrong), ("occurs twice", codes.duplicated())):
        if bad.any():
            at = int(bad.to_numpy().argmax())
            raise RawFileError(f"{file}, column 'inei', record {at + 1}: {codes.iloc[at]!r} {what}")


def natural_region(places: pd.DataFrame, *, nearest: int = 25) -> pd.Series:
    """Assign each place to costa (coast), sierra (highlands) or selva (jungle) by where its capital lies.

    Capitals at 1,500 m or above are sierra. Lower ones are costa where they lie west, selva where they lie east of the
    mean longitude of the `nearest` highland districts' capitals (2,500 m and above) closest in latitude; all of what
    the statistical office calls ORIENTE is selva, and so are three provinces beside a gap in the range. The sources
    have no such column; the rule uses theirs alone, so that it holds for any country between an ocean in the west and
    a range.
    """
    import pandas as pd

    known = places[["altitude_m", "latitude", "longitude"]].notna().all(axis=1)
    high = places[known & (places["altitude_m"] >= 2500) & (places["level"] == "district")]
    crest = _mean_of_nearest(high["latitude"], high["longitude"], places["latitude"], nearest)
    east = (places["longitude"] > crest) | (places["macroregion"] == "ORIENTE")
    east |= pd.MultiIndex.from_frame(places[["department", "province"]]).isin(_EAST)
    region = np.where(places["altitude_m"] >= 1500, "sierra", np.where(east, "selva", "costa"))
    return pd.Series(region, index=places.index, dtype="str").where(known)


def _mean_of_nearest(x: pd.Series, y: pd.Series, at: pd.Series, nearest: int) -> np.ndarray:
    """Mean of `y` over the `nearest` points of `x` to each value of `at`, infinite where there are no points."""
    if x.empty:
        return np.full(len(at), np.inf)
    order = np.argsort(np.abs(at.to_numpy()[:, None] - x.to_numpy()[None, :]), axis=1, kind="stable")
    return y.to_numpy()[order[:, :nearest]].mean(axis=1)


def gazetteer(places: pd.DataFrame) -> Gazetteer:
    """Return a finder of codes by name over `places`."""
    by_code: Mapping[str, str] = dict(zip(places["ubigeo"], places["name"], strict=True))
    return Gazetteer({c: tuple(by_code[c[:n]] for n in range(2, len(c) + 1, 2)) for c in by_code})
