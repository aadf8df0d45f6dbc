"""A small maker of every forecaster of the project, found in the source, so that none goes unchecked."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

from healthops.forecast import base
from healthops.forecast.base import Forecaster

FOLDER = Path(base.__file__).parent


def forecasters() -> dict[str, str]:
    """Module of each class that derives from Forecaster and lacks nothing, by its name; read without importing any."""
    classes = {
        node.name: (path.stem, node)
        for path in sorted(FOLDER.glob("*.py"))
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef)
    }
    family, found = {"Forecaster"}, 0
    while len(family) > found:
        found = len(family)
        family |= {
            name for name, (_, node) in classes.items() if {b.id for b in node.bases if hasattr(b, "id")} & family
        }
    whole = {name for name in family if "abstractmethod" not in ast.dump(classes[name][1])}
    return {name: classes[name][0] for name in sorted(whole)}


def make(name: str) -> Forecaster:
    """A fresh forecaster of class `name`: small where a class is named below, else as it comes."""
    module = importlib.import_module(f"healthops.forecast.{forecasters()[name]}")
    return getattr(module, name)(**_small(name))


def _small(name: str) -> dict[str, object]:
    if name == "XGBoostQuantiles":
        from healthops.forecast.boosting import BoostingParameters

        return {"parameters": BoostingParameters(rounds=10, max_depth=3, rows=2000)}
    if name.endswith("LSTM"):
        from healthops.forecast.lstm import LSTMParameters

        return {"parameters": LSTMParameters(window=12, units=6, epochs=2, batch=32, windows_per_epoch=256, members=1)}
    if name == "Stepwise":
        from healthops.forecast.trees import TreesLearner

        return {"learner": TreesLearner, "name": "trees"}
    return {}
