"""XGBoost boosters, in universal binary JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from healthops.registry.folder import by_stem, one_or_all, read, write

if TYPE_CHECKING:
    from healthops.workspace import Workspace

FORMAT = "xgboost-ubj"
SUFFIX = ".ubj"


def save_xgboost(ws: Workspace, name: str, booster: Any, metadata: Mapping[str, Any]) -> None:
    """Save a Booster, a scikit-learn style XGBoost model, or a mapping of names to such."""
    files = {}
    for stem, model in by_stem(booster).items():
        core = model.get_booster() if hasattr(model, "get_booster") else model
        files[f"{stem}{SUFFIX}"] = bytes(core.save_raw(raw_format="ubj"))
    write(ws, name, files, metadata, format=FORMAT, packages=("numpy", "xgboost"))


def load_xgboost(ws: Workspace, name: str) -> Any:
    """Load what :func:`save_xgboost` saved: a Booster, or a dict of them."""
    import xgboost

    files = read(ws, name, format=FORMAT)
    return one_or_all(
        {file.removesuffix(SUFFIX): xgboost.Booster(model_file=bytearray(content)) for file, content in files.items()}
    )
