"""The same content as the same bytes: archives without times, random names or addresses of memory.

``.keras`` and ``.skops`` files are zip archives. Written twice they differ, though the model is the same: the entries
carry the time, Keras notes the date and Python's ``id()`` of shared objects, skops names arrays after ``id()``
and bytes after a random number, and the padding inside the nodes of trees is whatever memory held.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

EPOCH = (1980, 1, 1, 0, 0, 0)


def pack(entries: Mapping[str, bytes]) -> bytes:
    """Zip `entries` in the order of their names, without times, uncompressed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(entries):
            info = zipfile.ZipInfo(name, date_time=EPOCH)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, entries[name])
    return buffer.getvalue()


def unpack(archive: bytes) -> dict[str, bytes]:
    """Entries of a zip archive, folders left out."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist() if not name.endswith("/")}


def stable_keras(archive: bytes) -> bytes:
    """Repack a ``.keras`` archive: no date, shared objects numbered in the order of their appearance."""
    entries = unpack(archive)
    metadata = json.loads(entries["metadata.json"])
    metadata["date_saved"] = "1980-01-01@00:00:00"
    config = json.loads(entries["config.json"])
    _renumber(config, "shared_object_id", {})
    entries["metadata.json"] = json.dumps(metadata).encode()
    entries["config.json"] = json.dumps(config).encode()
    return pack(entries)


def stable_skops(archive: bytes) -> bytes:
    """Repack a ``.skops`` archive: objects and files numbered in the order of their appearance, padding zeroed."""
    entries = unpack(archive)
    schema = json.loads(entries.pop("schema.json"))
    _order_sets(schema)
    _renumber(schema, "__id__", {})
    names: dict[str, str] = {}
    _rename_files(schema, names)
    renamed = {names[old]: _without_padding(content) for old, content in entries.items() if old in names}
    return pack({**renamed, "schema.json": json.dumps(schema, indent=1).encode()})


def _renumber(node: Any, key: str, numbers: dict[int, int]) -> None:
    """Replace each number under `key` by the order in which it first appears; the same stays the same."""
    if isinstance(node, dict):
        if isinstance(node.get(key), int):
            node[key] = numbers.setdefault(node[key], len(numbers) + 1)
        for entry in node.values():
            _renumber(entry, key, numbers)
    elif isinstance(node, list):
        for entry in node:
            _renumber(entry, key, numbers)


def _order_sets(node: Any) -> None:
    """Put the members of sets in an order that does not depend on the hash seed; forget ids kept as values."""
    if isinstance(node, list):
        for entry in node:
            _order_sets(entry)
    elif isinstance(node, dict):
        if "_stop_words_id" in node:  # the id() of a vectorizer's stop words, kept only to warn once
            node["_stop_words_id"] = {**node["_stop_words_id"], "content": "0"}
        for entry in node.values():
            _order_sets(entry)
        if node.get("__loader__") == "SetNode":
            node["content"].sort(key=_without_ids)


def _without_ids(node: Any) -> str:
    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: strip(v) for k, v in value.items() if k != "__id__"}
        return [strip(v) for v in value] if isinstance(value, list) else value

    return json.dumps(strip(node), sort_keys=True)


def _rename_files(node: Any, names: dict[str, str]) -> None:
    if isinstance(node, dict):
        old = node.get("file")
        if isinstance(old, str) and "__loader__" in node:
            suffix = old.rsplit(".", 1)[-1]
            node["file"] = names.setdefault(old, f"{len(names):06d}.{suffix}")
        for entry in node.values():
            _rename_files(entry, names)
    elif isinstance(node, list):
        for entry in node:
            _rename_files(entry, names)


def _without_padding(content: bytes) -> bytes:
    """Zero the bytes between the fields of a structured array in npy format; anything else is left alone."""
    import numpy as np

    if not content.startswith(b"\x93NUMPY"):
        return content
    array = np.load(io.BytesIO(content), allow_pickle=False)
    if array.dtype.names is None:
        return content
    clean = np.zeros(array.shape, array.dtype)
    for name in array.dtype.names:
        clean[name] = array[name]
    buffer = io.BytesIO()
    np.save(buffer, clean, allow_pickle=False)
    return buffer.getvalue()
