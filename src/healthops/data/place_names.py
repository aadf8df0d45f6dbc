"""Names of places to codes: exactly, by a written table of aliases, or by the one name that is clearly closest.

A name is never guessed. A misspelt name is accepted only inside a parent that is certain, only at one level
(department, province or district), and only when its edit distance to one known name is small and to every other
name clearly larger; otherwise the row is set aside.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

#: Provinces that sources spell otherwise than the table of ubigeo codes: (department, name) -> name there.
PROVINCE_ALIASES: dict[tuple[str, str], str] = {
    # 1103. Line list and census write Nasca, the code table and the map (IDPROV 1103) Nazca; same five districts.
    ("ICA", "NASCA"): "NAZCA",
    # 0202. The table of provincial populations writes Raimondi; the only Antonio of Ancash.
    ("ANCASH", "ANTONIO RAIMONDI"): "ANTONIO RAYMONDI",
    # 1501. The census calls it "Provincia de Lima", apart from "Región Lima", the rest of the department.
    ("LIMA", "DE LIMA"): "LIMA",
}

#: Districts that sources spell otherwise: (department, province, name) -> name in the table of ubigeo codes.
DISTRICT_ALIASES: dict[tuple[str, str, str], str] = {
    # 080907. Line list, census and map (which has the code) write Kimbiri, the code table Quimbiri.
    ("CUSCO", "LA CONVENCION", "KIMBIRI"): "QUIMBIRI",
    # 100602. Line list and census write Alomia, as the composer; code table and map Alomias (capital Pumahuasi).
    ("HUANUCO", "LEONCIO PRADO", "DANIEL ALOMIA ROBLES"): "DANIEL ALOMIAS ROBLES",
    # 250201. The line list writes Raimondi; census, code table and map Raymondi (capital Atalaya).
    ("UCAYALI", "ATALAYA", "RAIMONDI"): "RAYMONDI",
    # 110301. The capital district of the province of Nazca; see the province.
    ("ICA", "NAZCA", "NASCA"): "NAZCA",
    # In the census only: each is the one district of its province whose name has no exact counterpart on either side.
    ("ANCASH", "HUARAZ", "PAMPAS GRANDE"): "PAMPAS",  # 020109
    ("APURIMAC", "AYMARAES", "IHUAYLLO"): "HUAYLLO",  # 030407
    ("CAJAMARCA", "CONTUMAZA", "SANTA CRUZ DE TOLED"): "SANTA CRUZ DE TOLEDO",  # 060506, cut short; so on the map
    ("HUANUCO", "HUANUCO", "QUISQUI KICHKI"): "QUISQUI",  # 100106
    ("JUNIN", "CHUPACA", "SAN JUAN DE ISCOS"): "SAN JUAN DE YSCOS",  # 120906
    ("LIMA", "HUAROCHIRI", "SAN PEDRO DE LARAOS"): "LARAOS",  # 150712
    ("LIMA", "YAUYOS", "ALLAUCA"): "AYAUCA",  # 151003
    ("TACNA", "TARATA", "HEROES ALBARRACIN"): "HEROES ALBARRACIN CHUCATAMANI",  # 230402; the map has the short name
}


@dataclass(frozen=True)
class Match:
    """What became of one name.

    Attributes
    ----------
    code : str or None
        Code of the place, None where it was not found.
    repaired : bool
        Whether a name had to be repaired.
    reason : str
        How it was repaired, or why it was not found.
    names : tuple of str
        Folded names of the place that was found, from its department down.
    """

    code: str | None
    repaired: bool = False
    reason: str = ""
    names: tuple[str, ...] = ()


def fold(name: str) -> str:
    """Reduce a name to capital letters A to Z, digits and single spaces, without accents, for comparison.

    Examples
    --------
    >>> fold("  Chiliquín "), fold("ANCO-HUALLO"), fold("NEPEÑA")
    ('CHILIQUIN', 'ANCO HUALLO', 'NEPENA')
    """
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^A-Z0-9]+", " ", bare.upper()).strip()


def without_accents(name: str) -> str:
    """Return `name` in capital letters without accents; Ñ stays, since it is a letter of its own.

    Examples
    --------
    >>> without_accents("Unión Asháninka"), without_accents("Nepeña")
    ('UNION ASHANINKA', 'NEPEÑA')
    """
    parts = unicodedata.normalize("NFC", name).upper().strip().split("Ñ")
    return "Ñ".join(unicodedata.normalize("NFKD", part).encode("ascii", "ignore").decode("ascii") for part in parts)


def closest(name: str, known: Iterable[str]) -> tuple[str | None, str]:
    """Return the known name that `name` clearly means, or None, and why.

    The distance counts insertions, deletions, replaced letters and swapped neighbours (optimal string alignment). It
    may be 1 for names of less than 8 letters and 2 for longer ones, and every other name must be at least 2 further.

    Examples
    --------
    >>> closest("CALERIA", ["CALLERIA", "CAMPOVERDE"])
    ('CALLERIA', 'misspelt: the closest name')
    >>> closest("YANACX", ["YANACA", "YANAMA"])
    (None, 'ambiguous: two names are about as close')
    """
    from rapidfuzz.distance import OSA

    ranked = sorted((OSA.distance(name, other), other) for other in known)
    allowed = 1 if len(name) < 8 else 2
    if not ranked or ranked[0][0] > allowed:
        return None, "unknown: no name is close"
    if len(ranked) > 1 and ranked[1][0] < ranked[0][0] + 2:
        return None, "ambiguous: two names are about as close"
    return ranked[0][1], "misspelt: the closest name"


class Gazetteer:
    """Finds the code of a department, province or district by name.

    Parameters
    ----------
    places : mapping of str to tuple of str
        For each code of 2, 4 or 6 digits its names: (department,), (department, province) or all three.
    """

    def __init__(self, places: Mapping[str, tuple[str, ...]]) -> None:
        self._children: dict[str, dict[str, str]] = {}
        for code, names in sorted(places.items()):
            siblings = self._children.setdefault(code[:-2], {})
            name = fold(names[-1])
            if name in siblings:
                raise ValueError(f"two places of the same parent are called {name}: {siblings[name]} and {code}")
            siblings[name] = code

    def find(self, *names: str) -> Match:
        """Find the place of (department,), (department, province) or (department, province, district)."""
        levels = ("department", "province", "district")
        code, path, repairs = "", [], []
        for level, raw in zip(levels, names, strict=False):
            name = fold(raw)
            if not name:
                return Match(None, reason=f"no {level} given" if path else "no place given")
            siblings = self._children.get(code, {})
            alias = self._alias(*path, name)
            if alias is not None and name not in siblings and alias in siblings:
                repairs.append(f"{level} {name} is {alias} (table of aliases)")
                name = alias
            elif name not in siblings:
                known, why = closest(name, siblings)
                if known is None:
                    return Match(None, reason=f"{level} {why}")
                if any("misspelt" in repair for repair in repairs):
                    return Match(None, reason="misspelt at more than one level")
                repairs.append(f"{level} {why} in its parent")
                name = known
            path.append(name)
            code = siblings[name]
        return Match(code, bool(repairs), "; ".join(repairs), tuple(path))

    @staticmethod
    def _alias(*path: str) -> str | None:
        if len(path) == 2:
            return PROVINCE_ALIASES.get((path[0], path[1]))
        return DISTRICT_ALIASES.get((path[0], path[1], path[2])) if len(path) == 3 else None
