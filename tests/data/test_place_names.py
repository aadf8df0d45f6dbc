"""Names to codes: exact, alias, clearly closest; otherwise set aside, never guessed."""

from __future__ import annotations

import pytest

from healthops.data.place_names import Gazetteer, closest, fold

PLACES = {
    "01": ("ICA",),
    "0101": ("ICA", "NAZCA"),
    "010101": ("ICA", "NAZCA", "NAZCA"),
    "010102": ("ICA", "NAZCA", "VISTA ALEGRE"),
    "0102": ("ICA", "PISCO"),
    "010201": ("ICA", "PISCO", "SAN CLEMENTE"),
    "010202": ("ICA", "PISCO", "PARACAS"),
    "010203": ("ICA", "PISCO", "YANACA"),
    "010204": ("ICA", "PISCO", "YANAMA"),
    "02": ("LORETO",),
    "0201": ("LORETO", "MAYNAS"),
    "020101": ("LORETO", "MAYNAS", "IQUITOS"),
}


@pytest.fixture(scope="module")
def finder() -> Gazetteer:
    return Gazetteer(PLACES)


@pytest.mark.parametrize(
    ("names", "code", "repaired"),
    [
        # exact, whatever the accents, case, hyphens and spaces
        (("Ica", " písco", "SAN-CLEMENTE "), "010201", False),
        (("LORETO",), "02", False),
        # written aliases of a province and of a district below it
        (("ICA", "NASCA", "VISTA ALEGRE"), "010102", True),
        (("ICA", "NASCA", "NASCA"), "010101", True),
        # one letter too few, replaced, swapped with its neighbour, two wrong letters in a long name
        (("ICA", "PISCO", "PARACS"), "010202", True),
        (("ICA", "PISCO", "PARAKAS"), "010202", True),
        (("LORETO", "MAYNAS", "IQUIOTS"), "020101", True),
        (("ICA", "PISCO", "SAM CLEMENT"), "010201", True),
        # a province may be misspelt when the district is right
        (("LORETO", "MAINAS", "IQUITOS"), "020101", True),
    ],
)
def test_found(finder, names, code, repaired):
    match = finder.find(*names)
    assert (match.code, match.repaired) == (code, repaired)
    assert bool(match.reason) == repaired


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (("", "", ""), "no place given"),
        (("ICA", "PISCO", ""), "no district given"),
        # two wrong letters in a short name
        (("ICA", "PISCO", "BARAKAS"), "unknown"),
        # as far from YANACA as from YANAMA, and clearly nearer to one but not by enough
        (("ICA", "PISCO", "YANATA"), "ambiguous"),
        (("ICA", "PISCO", "YANACAM"), "ambiguous"),
        # right name, but of another province: only the same province counts
        (("ICA", "PISCO", "IQUITOS"), "unknown"),
        # misspelt at two levels
        (("LORETO", "MAINAS", "IQITOS"), "more than one level"),
    ],
)
def test_set_aside(finder, names, reason):
    match = finder.find(*names)
    assert match.code is None
    assert reason in match.reason


def _edits(a: str, b: str) -> int:
    """Optimal string alignment distance, written out."""
    d = [[max(i, j) if min(i, j) == 0 else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            d[i][j] = min(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]))
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                d[i][j] = min(d[i][j], d[i - 2][j - 2] + 1)
    return d[-1][-1]


def test_closest_keeps_its_threshold_by_brute_force():
    known = ["PARACAS", "YANACA", "YANAMA", "SAN CLEMENTE", "SAN ANDRES", "HUMAY"]
    for name in known:
        for at in range(len(name)):
            for wrong in (name[:at] + name[at + 1 :], name[:at] + "X" + name[at:], name[:at] + "XY" + name[at + 1 :]):
                distances = sorted((_edits(wrong, other), other) for other in known)
                allowed = 1 if len(wrong) < 8 else 2
                clear = distances[0][0] <= allowed and distances[1][0] >= distances[0][0] + 2
                assert closest(wrong, known)[0] == (distances[0][1] if clear else None), wrong


def test_two_places_of_one_name_in_a_parent_are_an_error():
    with pytest.raises(ValueError, match="two places"):
        Gazetteer({"01": ("ICA",), "02": ("Icá",)})


def test_fold_keeps_nothing_but_letters_digits_and_single_spaces():
    assert fold("\tAncón  –  (Ñaña) 1°") == "ANCON NANA 1"
