"""Contact matrices by age as their publishers give them, and how far each is from reciprocal.

Contacts are mutual: the contacts that people of age i report with age j must be as many as those that people of age j
report with age i, n_i C_ij = n_j C_ji. Matrices that were projected for other ages than the country's break that. The
matrices are kept as they are; ``contact_reciprocity`` says how far off each is. Balancing is left to what uses them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.errors import RawFileError
from healthops.data.ledger import Ledger
from healthops.data.priority_groups import Band, single_years, within
from healthops.data.raw_files import need
from healthops.data.raw_layout import CONTACT_EDITIONS, CONTACT_SETTINGS, RAW_PATHS

if TYPE_CHECKING:
    import pandas as pd

#: The sixteen age bands of Prem et al. (2017, 2021): five years each, the last one open.
BANDS: tuple[Band, ...] = (*((low, low + 4) for low in range(0, 75, 5)), (75, None))
#: A pair of ages whose contacts differ by more than this share of their mean is counted as not reciprocal.
TOLERANCE = 0.05


def clean_contacts(raw: Path, ages: pd.DataFrame, ledger: Ledger) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return tables ``contact_matrices`` and ``contact_reciprocity``.

    Parameters
    ----------
    raw : path
        Folder of the raw files.
    ages : DataFrame
        Table ``age_distribution``, the ages that reciprocity is judged by.

    Raises
    ------
    RawFileError
        If a file is no matrix of 16 x 16 contacts per day, or the settings do not add up to "all".
    """
    import pandas as pd

    people = people_by_band(ages)
    long, judged = [], []
    for edition in CONTACT_EDITIONS:
        found = {}
        for setting in CONTACT_SETTINGS:
            path = raw / RAW_PATHS[f"contacts_{edition}_{setting}"]
            found[setting] = read_matrix(path)
            long.append(_long(found[setting]).assign(edition=edition, setting=setting))
            judged.append({"edition": edition, "setting": setting, **reciprocity(found[setting], people)})
            # The files of the two editions have one name.
            name = f"{edition}/{path.name}"
            ledger.enter(name, "contact_matrices", len(BANDS))
            ledger.keep(name, "contact_matrices", len(BANDS))
            off = int(_off(found[setting], people).any(axis=1).sum())
            ledger.flag(name, "contact_matrices", off, f"ages whose contacts are not reciprocal within {TOLERANCE:.0%}")
        _check_sum(found, edition)
    return pd.concat(long, ignore_index=True), pd.DataFrame(judged)


def read_matrix(path: Path) -> np.ndarray:
    """Read one matrix without headings: contacts per day of the row's age with the column's age, shape (16, 16).

    Raises
    ------
    RawFileError
        Naming the file, the line and what is wanted.
    """
    size = len(BANDS)
    lines = [line for line in need(path).read_text(encoding="utf-8").splitlines() if line.strip()]
    rows = []
    for number, line in enumerate(lines, start=1):
        cells = line.split(",")
        try:
            row = [float(cell) for cell in cells]
        except ValueError:
            raise RawFileError(
                f"{path.name}, line {number}: not numbers only; a matrix without headings is needed"
            ) from None
        if len(row) != size or not all(0 <= value < np.inf for value in row):
            raise RawFileError(
                f"{path.name}, line {number}: {size} contacts per day, 0 or more, are needed; it has {len(row)}"
            )
        rows.append(row)
    if len(rows) != size:
        raise RawFileError(f"{path.name}: a matrix of {size} x {size} ages is needed; it has {len(rows)} lines")
    return np.array(rows)


def people_by_band(ages: pd.DataFrame, bands: tuple[Band, ...] = BANDS) -> np.ndarray:
    """People of each of `bands`, shape (B,), from a table with the columns age_low, age_high and population."""
    single = single_years(ages)
    return np.array([single[row > 0].sum() for row in within(bands, people=np.maximum(single, 1e-9))])


def reciprocity(contacts: np.ndarray, people: np.ndarray) -> dict[str, float]:
    """How far `contacts`, shape (B, B), is from reciprocal among `people`, shape (B,).

    Returns
    -------
    dict
        mean_contacts: per day and person. imbalance: sum of |T_ij - T_ji| over the sum of T_ij + T_ji, over pairs of
        ages, T = n_i C_ij the contacts of all; 0 is reciprocal, 1 is one-sided. worst_pair: largest |T_ij - T_ji| over
        their mean, over pairs that meet at all. pairs_off: pairs for which that is above 5 %.
    """
    total = contacts * people[:, None]
    pair = np.triu_indices(len(people), 1)
    gap, both = np.abs(total - total.T)[pair], (total + total.T)[pair]
    relative = _relative(total)[pair]
    return {
        "mean_contacts": float(total.sum() / people.sum()),
        "imbalance": float(gap.sum() / both.sum()) if both.sum() > 0 else 0.0,
        "worst_pair": float(relative.max()),
        "pairs_off": int((relative > TOLERANCE).sum()),
    }


def _relative(total: np.ndarray) -> np.ndarray:
    mean = (total + total.T) / 2
    return np.divide(np.abs(total - total.T), mean, out=np.zeros_like(total), where=mean > 0)


def _off(contacts: np.ndarray, people: np.ndarray) -> np.ndarray:
    return _relative(contacts * people[:, None]) > TOLERANCE


def _long(contacts: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    low = np.array([band[0] for band in BANDS])
    high = pd.array([band[1] for band in BANDS], dtype="Int64")
    i, j = (k.ravel() for k in np.indices(contacts.shape))
    return pd.DataFrame({
        "age_low": low[i], "age_high": high[i], "contact_age_low": low[j], "contact_age_high": high[j],
        "contacts_per_day": contacts.ravel(),
    })  # fmt: skip


def _check_sum(found: dict[str, np.ndarray], edition: str) -> None:
    parts = sum(matrix for setting, matrix in found.items() if setting != "all")
    gap = np.abs(parts - found["all"])
    if gap.max() > 1e-6 * found["all"].max():
        i, j = np.unravel_index(int(gap.argmax()), gap.shape)
        raise RawFileError(
            f"{edition}/contacts_matrix_all.csv, line {i + 1}, column {j + 1}: {found['all'][i, j]:g} contacts, but "
            f"the settings {[s for s in found if s != 'all']} add up to {parts[i, j]:g}; fetch the matrices again"
        )
