"""Keras models in the ``.keras`` format, repacked so that the same model is the same bytes."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from healthops.registry.errors import UntrustedError
from healthops.registry.folder import by_stem, one_or_all, read, write
from healthops.registry.stable import stable_keras, unpack

if TYPE_CHECKING:
    from healthops.workspace import Workspace

FORMAT = "keras"
SUFFIX = ".keras"
#: Classes of Keras itself that hold or fetch code.
_CODE = ("Lambda", "__lambda__", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer")


def save_keras(ws: Workspace, name: str, model: Any, metadata: Mapping[str, Any]) -> None:
    """Save a Keras model, or a mapping of names to models, made of Keras's own layers only.

    Raises
    ------
    UntrustedError
        If the model has a Lambda or a class from outside Keras, which :func:`load_keras` would refuse.
    """
    files = {}
    for stem, each in by_stem(model).items():
        content = _archive(each)
        _vouch(name, content)
        files[f"{stem}{SUFFIX}"] = content
    write(ws, name, files, metadata, format=FORMAT, packages=("keras", "numpy", "tensorflow"))


def load_keras(ws: Workspace, name: str) -> Any:
    """Load what :func:`save_keras` saved, not compiled: a model, or a dict of them.

    Raises
    ------
    UntrustedError
        If the archive asks for a Lambda or for a class from outside Keras.
    """
    from keras.saving import load_model

    models = {}
    for file, content in read(ws, name, format=FORMAT).items():
        _vouch(name, content)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / file
            path.write_bytes(content)
            models[file.removesuffix(SUFFIX)] = load_model(path, compile=False, safe_mode=True)
    return one_or_all(models)


def _archive(model: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{SUFFIX}"
        model.save(path)
        return stable_keras(path.read_bytes())


def _vouch(name: str, archive: bytes) -> None:
    """Refuse an archive that would make anything but Keras's own, code-free objects."""
    for module, kind in _objects(json.loads(unpack(archive)["config.json"])):
        foreign = module is not None and module != "keras" and not module.startswith("keras.")
        if foreign or kind in _CODE:
            raise UntrustedError(
                f"model {name!r} holds {module}.{kind}: only Keras's own layers are loaded, and none that carries code"
            )


def _objects(node: Any) -> Iterator[tuple[str | None, str]]:
    if isinstance(node, dict):
        if "class_name" in node:
            yield node.get("module"), str(node["class_name"])
        for entry in node.values():
            yield from _objects(entry)
    elif isinstance(node, list):
        for entry in node:
            yield from _objects(entry)
