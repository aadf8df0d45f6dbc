"""Study ids and masked positions: what a table may tell of a person or a home.

Both come from a keyed hash (HMAC-SHA-256) of the register's own id: the same every time the register is cleaned with
the same key, and of no use to who has not the key.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

#: Hexadecimal digits of a study id: of a million ids two agree with a chance of less than one half.
DIGITS = 10


def _digest(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def study_ids(ids: Iterable[str], prefix: str, key: bytes) -> dict[str, str]:
    """Study id of each id of the register.

    Raises
    ------
    DataError
        If two ids get the same study id; another key helps.

    Examples
    --------
    >>> study_ids(["00417"], "P", b"secret")
    {'00417': 'P7a008677b9'}
    """
    found = {one: prefix + _digest(key, f"{prefix}/{one}").hex()[:DIGITS] for one in ids}
    if len(set(found.values())) < len(found):
        raise DataError(f"two ids of kind {prefix!r} get the same study id; clean the register with another key")
    return found


def masked(ids: pd.Series, at: np.ndarray, key: bytes, *, least_m: float, most_m: float) -> np.ndarray:
    """Positions moved by `least_m` to `most_m` metres in a direction fixed by the id, shape (N, 2), km, to 10 m.

    Donut geographical masking: every point of the ring is as likely as every other.
    """
    digests = [_digest(key, f"position/{one}") for one in ids]
    # Two independent fractions of 6 bytes each.
    turn, far = (np.array([int.from_bytes(d[a : a + 6], "big") for d in digests], dtype=float) / 2**48 for a in (0, 6))
    radius = np.sqrt(least_m**2 + far * (most_m**2 - least_m**2)) / 1000
    angle = 2 * np.pi * turn
    return np.round(at + np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), 2)
