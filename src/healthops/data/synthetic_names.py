"""Invented place names that sound Spanish and Quechua, and the ways in which clerks misspell them."""

from __future__ import annotations

import numpy as np

_FIRST = (
    "RUMI", "QUILLA", "HUAYRA", "SACHA", "PUCA", "CUSI", "INTI", "YANA", "SUMAQ", "ÑAWI", "WARI", "CHUQUI", "TITI",
    "ANCO", "LLAMA", "CHILI", "MULLU", "SAYWA", "CANTU", "TARU", "AYMU", "QUINU", "VICU", "OLLU", "ZAMA", "PISQU",
)  # fmt: skip
_SECOND = (
    "PAMPA", "MAYO", "COCHA", "MARCA", "BAMBA", "YACU", "TAMBO", "LLACTA", "ORCO", "HUASI", "PATA", "CHACA", "RUNI",
    "QUIRA", "NAZA", "VILCA",
)  # fmt: skip
_SPANISH_FIRST = ("PUERTO", "VILLA", "NUEVO", "ALTO", "VALLE", "CERRO", "MONTE")
_SPANISH_SECOND = ("GARZA", "CIRUELO", "LUCERO", "CARRIZO", "ZORZAL", "TOTORA", "HIGUERA", "CAÑAVERAL", "SOLANO",
                   "ESPINO", "MANGLE", "ROCÍO", "ALGARROBO", "NARANJO")  # fmt: skip

#: Real places of Peru that the syllables could form; they are never used.
_REAL = ("RUMIPAMPA", "PUCAPAMPA", "YANACOCHA", "YANAMAYO", "CUSIPATA", "LLAMACHACA", "INTIHUASI", "VILLA SOLANO")
#: What clerks write for what they hear; tried in this order.
_CONFUSED = (("QU", "K"), ("HU", "GU"), ("LL", "Y"), ("Z", "S"), ("S", "Z"), ("V", "B"), ("B", "V"), ("Y", "I"),
             ("M", "N"), ("C", "K"))  # fmt: skip


def invent(rng: np.random.Generator, n: int) -> list[str]:
    """Draw `n` distinct names in capital letters, in Peruvian spelling (with Ñ, accents as official papers have them).

    >>> names = invent(np.random.default_rng(1), 240)
    >>> len(set(map(plain, names)))
    240
    """
    quechua = [a + b for a in _FIRST for b in _SECOND if a + b not in _REAL]
    spanish = [f"{a} {b}" for a in _SPANISH_FIRST for b in _SPANISH_SECOND if f"{a} {b}" not in _REAL]
    if n > len(quechua):
        raise ValueError(f"{n} names are wanted, {len(quechua)} can be formed: ask for fewer departments")
    few = n // 5
    pool = [quechua[k] for k in rng.permutation(len(quechua))[: n - few]]
    pool += [spanish[k] for k in rng.permutation(len(spanish))[:few]]
    return [pool[k] for k in rng.permutation(n)]


def plain(name: str) -> str:
    """Capital letters without accents, as in the tables of places.

    >>> plain("Villa Rocío de la Caña")
    'VILLA ROCIO DE LA CANA'
    """
    return name.upper().translate(str.maketrans("ÁÉÍÓÚÜÑ", "AEIOUUN"))


def misspell(name: str) -> str | None:
    """Spell `name` as it is heard: one confusion, two for a long name; None where nothing can be confused.

    >>> misspell("QUILLAPAMPA")
    'KILLAPAMPA'
    """
    wrong = name
    for right, heard in _CONFUSED:
        if right in wrong:
            wrong = wrong.replace(right, heard, 1)
            break
    return None if wrong == name else wrong


def edits(a: str, b: str) -> int:
    """Levenshtein distance.

    >>> edits("NASCA", "NAZCA"), edits("KIMBIRI", "QUIMBIRI")
    (1, 2)
    """
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]
