"""Plain documents, such as the weights of a fusion."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from healthops.registry.folder import read, write
from healthops.registry.metadata import plain, to_json

if TYPE_CHECKING:
    from healthops.workspace import Workspace

FORMAT = "json"


def save_json(ws: Workspace, name: str, document: Any, metadata: Mapping[str, Any]) -> None:
    """Save a `document` of numbers, texts, lists and mappings (numpy arrays become lists) as ``model.json``."""
    files = {"model.json": to_json(plain(document))}
    write(ws, name, files, metadata, format=FORMAT, packages=("numpy",))


def load_json(ws: Workspace, name: str) -> Any:
    """Load what :func:`save_json` saved, after checking its sha256."""
    return json.loads(read(ws, name, format=FORMAT)["model.json"])
