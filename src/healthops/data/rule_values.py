"""Values of the written rule tables: each is what its key asks for, or an error that names file, rule and key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from healthops.data.errors import DataError


def whole(value: Any, where: str, low: int, high: int) -> int:
    """Return a whole number from `low` to `high`; `where` names file, rule and key in the error."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise DataError(f"{where} is {value!r}; it must be a whole number from {low} to {high}")
    return value


def one_of(value: Any, choices: Sequence[str], where: str) -> str:
    """Return one of `choices`; `where` names file, rule and key in the error."""
    if value not in choices:
        raise DataError(f"{where} is {value!r}; it must be one of {list(choices)}")
    return str(value)
