"""Results of heavy runs, kept by the content that they were made from: nothing stale can be read.

The key of a result is everything that it depends on: the hashes of the input files, the configuration, the seed, and
the source of the modules that compute it. A key that differs in anything is another file; nothing is ever replaced by
something else. Arrays are kept in numpy's ``npz`` format and read without pickle, which could run code.
"""

from __future__ import annotations

import hashlib
import json
import logging
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from healthops.files import atomic_file, sha256

_LOG = logging.getLogger(__name__)
#: Array of the file that holds the key, so that a file says what it is.
_KEY = "__key__"


class CacheError(ValueError):
    """A key or a result cannot be kept; the message names the part and the remedy."""


class ContentCache:
    """A folder of results, one ``npz`` file each, named by the hash of their keys.

    Parameters
    ----------
    folder : Path
        Made when the first result is written. Its files may be deleted at any time: they are made anew.

    Examples
    --------
    >>> import tempfile
    >>> cache = ContentCache(Path(tempfile.mkdtemp()))
    >>> cache.get_or_make({"seed": 1}, lambda: {"draws": np.arange(3)})["draws"]
    array([0, 1, 2])
    >>> cache.get_or_make({"seed": 1}, lambda: 1 / 0)["draws"]
    array([0, 1, 2])
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def path(self, key_parts: Mapping[str, Any]) -> Path:
        """File that holds, or would hold, the result of `key_parts`."""
        return self.folder / f"{hashlib.sha256(canonical(key_parts).encode()).hexdigest()}.npz"

    def get_or_make(
        self, key_parts: Mapping[str, Any], make: Callable[[], dict[str, np.ndarray]]
    ) -> dict[str, np.ndarray]:
        """Return the result of `key_parts`: the kept one, else what `make` returns, which is kept.

        A damaged file is made anew, with a warning in the log. Several processes may ask for one result at once; each
        writes it whole.

        Parameters
        ----------
        key_parts : mapping of str to JSON values
            Everything that the result depends on.
        make : callable
            Computes arrays of numbers, text or dates by name.

        Raises
        ------
        CacheError
            If a part of the key is not plain JSON, or a result is not an array that can be kept without pickle.
        """
        path, key = self.path(key_parts), canonical(key_parts)
        if path.is_file():
            try:
                return _read(path, key)
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
                _LOG.warning("%s is damaged (%s): its result is made anew", path, error)
        arrays = {name: np.asarray(value) for name, value in make().items()}
        for name, value in arrays.items():
            if value.dtype.hasobject or name == _KEY:
                raise CacheError(f"array {name!r} of type {value.dtype} cannot be kept; use numbers, text or dates")
        with atomic_file(path) as draft, draft.open("wb") as file:
            np.savez_compressed(file, **arrays, **{_KEY: np.array(key)})
        return arrays


def canonical(key_parts: Mapping[str, Any]) -> str:
    """Canonical JSON of a key: the same text for the same content, whatever the order of its parts.

    >>> canonical({"b": [1, 2.5], "a": None})
    '{"a":null,"b":[1,2.5]}'
    """
    _require_text_keys(key_parts, "key_parts")
    try:
        return json.dumps(key_parts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CacheError(f"a part of the key is not plain JSON ({error}); give text, numbers, lists or None") from None


def source_hash(modules: Iterable[ModuleType | Path]) -> str:
    """SHA-256 over the source of `modules` (or files), whatever their order; 64 hexadecimal digits.

    What the modules import is not in it: name everything whose change would change the result
    (:func:`healthops.pipeline.closure.used_files` finds it).
    """
    return hashlib.sha256("".join(sorted(_source(module) for module in modules)).encode()).hexdigest()


def _source(module: ModuleType | Path) -> str:
    if isinstance(module, ModuleType):
        if not getattr(module, "__file__", None):
            raise CacheError(f"module {module.__name__} has no source file; name modules of Python source only")
        module = Path(module.__file__)
    # Not the whole path: the same source in another checkout is the same.
    return f"{module.parent.name}/{module.name} {sha256(module)}\n"


def _require_text_keys(value: Any, where: str) -> None:
    # JSON would make text of the number 1, and two keys of one.
    if isinstance(value, Mapping):
        for name, part in value.items():
            if not isinstance(name, str):
                raise CacheError(f"{where} has the key {name!r}, which is not text")
            _require_text_keys(part, f"{where}[{name!r}]")
    elif isinstance(value, (list, tuple)):
        for i, part in enumerate(value):
            _require_text_keys(part, f"{where}[{i}]")


def _read(path: Path, key: str) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as kept:
        if str(kept[_KEY]) != key:
            raise ValueError("it holds the result of another key")
        return {name: kept[name] for name in kept.files if name != _KEY}
