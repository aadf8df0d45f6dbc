"""The folder of a model: its files and ``metadata.json``, written together and checked together."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from healthops.registry.errors import MetadataError, RegistryError, TamperedError
from healthops.registry.metadata import GIVEN, check, check_given, environment, plain, to_json

if TYPE_CHECKING:
    from healthops.workspace import Workspace

METADATA = "metadata.json"
#: File stem of a model that is alone in its folder.
ALONE = "model"
_STEM = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")


def write(
    ws: Workspace,
    name: str,
    files: Mapping[str, bytes],
    metadata: Mapping[str, Any],
    *,
    format: str,
    packages: Iterable[str],
) -> None:
    """Write `files` and the completed metadata as model `name`, all or nothing.

    Raises
    ------
    MetadataError
        If a key is missing, unknown or of the wrong kind; nothing is written then.
    """
    check_given(name, metadata)
    hashes = {file: hashlib.sha256(content).hexdigest() for file, content in sorted(files.items())}
    whole = {
        **{key: plain(metadata[key]) for key in GIVEN},
        "name": name,
        "version": metadata.get("version") or _content_version(hashes),
        "format": format,
        "environment": environment(*packages),
        "files": hashes,
    }
    check(name, whole)
    described = to_json(whole)
    with ws.new_model(name) as folder:
        for file, content in sorted(files.items()):
            (folder / file).write_bytes(content)
        (folder / METADATA).write_bytes(described)


def _content_version(hashes: Mapping[str, str]) -> str:
    listing = "".join(f"{digest}  {file}\n" for file, digest in hashes.items())
    return f"sha256-{hashlib.sha256(listing.encode()).hexdigest()[:16]}"


def load_metadata(ws: Workspace, name: str) -> dict[str, Any]:
    """Read the metadata of model `name`, checked.

    Raises
    ------
    MetadataError
        If ``metadata.json`` is missing, no JSON, or lacks something.
    """
    path = ws.model(name) / METADATA
    if not path.is_file():
        raise MetadataError(f"model {name!r} has no {METADATA}; save it again")
    try:
        metadata = json.loads(path.read_bytes())
    except ValueError as error:
        raise MetadataError(f"model {name!r}: {METADATA} is no JSON ({error}); save the model again") from None
    check(name, metadata)
    return metadata


def read(ws: Workspace, name: str, *, format: str) -> dict[str, bytes]:
    """Read every file of model `name`, each held to the sha256 in the metadata.

    Raises
    ------
    RegistryError
        If the model was saved in another format than `format`.
    TamperedError
        Naming the file that is missing, that the metadata does not list, or whose bytes are not the saved ones.
    """
    metadata = load_metadata(ws, name)
    if metadata["format"] != format:
        raise RegistryError(f"model {name!r} is of format {metadata['format']!r}, not {format!r}: use its own loader")
    folder = ws.model(name)
    there = {path.name for path in folder.iterdir()} - {METADATA}
    for file in sorted(there - set(metadata["files"])):
        raise TamperedError(f"model {name!r}: file {file!r} is not in its metadata; remove it, or save the model again")
    return {file: _verified(folder / file, digest) for file, digest in metadata["files"].items()}


def _verified(path: Path, digest: str) -> bytes:
    name = path.parent.name
    if not path.is_file():
        raise TamperedError(f"model {name!r}: file {path.name!r} is missing; make the model again")
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise TamperedError(
            f"model {name!r}: file {path.name!r} has sha256 {found}, but {digest} was saved; make the model again"
        )
    return content


def by_stem(model: Any) -> dict[str, Any]:
    """One model or a mapping of names to models, as a mapping of file stems to models."""
    if not isinstance(model, Mapping):
        return {ALONE: model}
    if not model:
        raise RegistryError("an empty mapping holds no model to save")
    for stem in model:
        if not isinstance(stem, str) or not _STEM.match(stem) or stem == ALONE:
            raise RegistryError(
                f"{stem!r} cannot name one of several models: use letters, digits, '-', '_', not 'model'"
            )
    return dict(model)


def one_or_all(models: dict[str, Any]) -> Any:
    """Undo :func:`by_stem`."""
    return models[ALONE] if set(models) == {ALONE} else models
