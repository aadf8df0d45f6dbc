"""Reading raw files: text as it stands, and errors that name the file, the column and the line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from healthops.data.errors import RawFileError

if TYPE_CHECKING:
    import pandas as pd

_WHOLE = re.compile(r"\s*[+-]?\d+(\.0*)?\s*\Z")


def need(path: Path) -> Path:
    """Return `path` if the file is there."""
    if not path.is_file():
        raise RawFileError(
            f"{path.name} is not there ({path}): run the step that makes the raw files first "
            f"(`make reproduce` with this SCENARIO)"
        )
    return path


def read_csv(path: Path, columns: Iterable[str]) -> pd.DataFrame:
    """Read a CSV file as text, empty cells as ``""``; it must be UTF-8 and have `columns`.

    Raises
    ------
    RawFileError
        If the file is not there, is not UTF-8, is not a table or lacks a column.
    """
    import pandas as pd

    try:
        frame = pd.read_csv(need(path), dtype=str, keep_default_na=False, encoding="utf-8-sig", skipinitialspace=True)
    except UnicodeDecodeError as error:
        raise RawFileError(
            f"{path.name}: byte {error.object[error.start]:#04x} at position {error.start} is not UTF-8; "
            f"convert the file to UTF-8"
        ) from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, EOFError, OSError) as error:
        raise RawFileError(f"{path.name} cannot be read as CSV: {error}; fetch it again") from None
    lacking = [name for name in columns if name not in frame.columns]
    if lacking:
        raise RawFileError(f"{path.name} lacks the columns {lacking}; it has {list(frame.columns)}")
    return frame


def parsed(frame: pd.DataFrame, column: str, parse: Callable[[str], Any], *, file: str, wants: str) -> pd.Series:
    """Parse each distinct text of `column`; a text that `parse` refuses is an error that names its first line.

    Raises
    ------
    RawFileError
        Naming `file`, `column`, the line (the header is line 1), the text, and what is wanted.
    """
    import pandas as pd

    codes, texts = pd.factorize(frame[column])
    values = []
    for code, text in enumerate(texts):
        try:
            values.append(parse(text))
        except ValueError:
            line = int((codes == code).argmax()) + 2
            raise RawFileError(f"{file}, column {column!r}, line {line}: {text!r} is not {wants}") from None
    return pd.Series(values, dtype=None if values else "object").take(codes).set_axis(frame.index)


def whole(frame: pd.DataFrame, column: str, *, file: str, low: int, high: int | None = None) -> pd.Series:
    """Parse a column of whole numbers between `low` and `high`."""
    bounds = f"a whole number from {low}" + (f" to {high}" if high is not None else " up")

    def parse(text: str) -> int:
        if not _WHOLE.match(text):
            raise ValueError
        value = int(float(text))
        if value < low or (high is not None and value > high):
            raise ValueError
        return value

    return parsed(frame, column, parse, file=file, wants=bounds).astype("int64")


def number(
    frame: pd.DataFrame, column: str, *, file: str, low: float, high: float, missing: Iterable[str] = ("",)
) -> pd.Series:
    """Parse a column of numbers between `low` and `high`; texts in `missing` become NaN."""
    absent = frozenset(missing)

    def parse(text: str) -> float:
        text = text.strip()
        if text in absent:
            return float("nan")
        value = float(text)
        if not low <= value <= high:
            raise ValueError
        return value

    return parsed(frame, column, parse, file=file, wants=f"a number from {low:g} to {high:g}").astype("float64")


def one_of(frame: pd.DataFrame, column: str, choices: Iterable[str], *, file: str) -> pd.Series:
    """Check that a column holds nothing but `choices`."""
    allowed = tuple(choices)

    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError
        return text

    return parsed(frame, column, parse, file=file, wants=f"one of {list(allowed)}")
