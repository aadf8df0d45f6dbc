"""The assumptions of ``providers.yaml``, which stand in for what no source tells of staff and visits."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from healthops.data.campaign_rules import Rules, read_entry

PATH = Path(__file__).with_name("providers.yaml")
SHIFTS = ("early", "late", "night")


@cache
def load_provider_rules(path: Path = PATH) -> Rules:
    """Read the assumptions: (section, name) -> value, unit, source.

    Raises
    ------
    DataError
        Naming the entry that lacks a value, a unit or a source, or that is negative.

    Examples
    --------
    >>> load_provider_rules()("contract", "rest_hours")
    11.0
    """
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Rules(
        {
            (section, name): read_entry(entry, path.name, section, name)
            for section, entries in raw.items()
            for name, entry in entries.items()
        },
        {},
    )
