"""What can be wrong with data on its way in.

Tree of exceptions::

    DataError (RuntimeError)
    ├── FetchError              a source could not be fetched; nothing was replaced and nothing partial is left
    │   ├── WrongHashError      the bytes are not the ones that the list of sources promises
    │   ├── MissingSourceError  the mirror or the server does not have the file
    │   ├── NetworkError        the server could not be reached
    │   └── DiskError           the disk is full, or the folder cannot be written
    ├── RawFileError            a raw file does not hold what it should; names the file, the column and the line
    └── LedgerError             rows in are not rows kept plus rows set aside
"""

from __future__ import annotations


class DataError(RuntimeError):
    """Something is wrong with data on its way in."""


class FetchError(DataError):
    """A source could not be fetched."""


class WrongHashError(FetchError):
    """The bytes are not the ones that the list of sources promises."""


class MissingSourceError(FetchError):
    """The mirror or the server does not have the file."""


class NetworkError(FetchError):
    """The server could not be reached."""


class DiskError(FetchError):
    """The disk is full, or the folder cannot be written."""


class RawFileError(DataError):
    """A raw file does not hold what it should; the message names the file, the column and the line."""


class LedgerError(DataError):
    """Rows in are not rows kept plus rows set aside."""
