"""The assumptions of ``community.yaml``: walking, privacy, possible measurements, the outcome's window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from healthops.data.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

PATH = Path(__file__).with_name("community.yaml")


@dataclass(frozen=True)
class Rules:
    """Assumptions by (section, name): value, unit, source.

    >>> load_rules()("walking", "speed_km_h")
    5.0
    >>> load_rules().vital("heart_rate_bpm")
    (30.0, 220.0)
    """

    entries: Mapping[tuple[str, str], tuple[float, str, str]]
    file: str = PATH.name

    def __call__(self, section: str, name: str) -> float:
        """Value of an assumption; an unknown one is a :class:`DataError`."""
        try:
            return self.entries[section, name][0]
        except KeyError:
            raise DataError(f"{self.file} has no {section}: {name}; add it with a value, a unit and a source") from None

    def vital(self, name: str) -> tuple[float, float]:
        """Lowest and highest possible value of a measurement."""
        return self("vitals", f"{name}_low"), self("vitals", f"{name}_high")


@cache
def load_rules(path: Path = PATH) -> Rules:
    """Read the assumptions.

    Raises
    ------
    DataError
        Naming the entry that lacks a value, a unit or a source, is negative, or has its bounds the wrong way round.
    """
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    entries = {
        (section, name): _entry(entry, f"{path.name}: {section}: {name}")
        for section, content in raw.items()
        for name, entry in content.items()
    }
    for (section, name), (low, *_) in entries.items():
        high = entries.get((section, name.removesuffix("_low") + "_high")) if name.endswith("_low") else None
        if high and low >= high[0]:
            raise DataError(f"{path.name}: {section}: {name} is {low:g}, not below {high[0]:g}; exchange the bounds")
    for (section, name), (least, *_) in entries.items():
        other = name.replace("least", "most")
        if other != name and (section, other) in entries and least > entries[section, other][0]:
            raise DataError(f"{path.name}: {section}: {name} is above {other}; exchange them")
    return Rules(entries, path.name)


def _entry(entry: Any, where: str) -> tuple[float, str, str]:
    if not isinstance(entry, Mapping) or set(entry) != {"value", "unit", "source"} or not str(entry["source"]).strip():
        raise DataError(f"{where} needs a value, a unit and a source (or the word assumption)")
    if isinstance(entry["value"], bool) or not isinstance(entry["value"], (int, float)) or entry["value"] < 0:
        raise DataError(f"{where}: value {entry['value']!r} is not a number from 0 up")
    return float(entry["value"]), str(entry["unit"]), str(entry["source"])


def assumptions_table(rules: Rules) -> pd.DataFrame:
    """Return table ``community_assumptions``: every value with its unit and source."""
    import pandas as pd

    rows = [(section, name, *found) for (section, name), found in rules.entries.items()]
    table = pd.DataFrame(rows, columns=["section", "name", "value", "unit", "source"])
    return table.assign(assumption=table["source"].str.lower().str.startswith("assumption"))
