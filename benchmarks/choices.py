"""Write down how what stands on the proving grounds came to be: records of choices, settings of the forecasters.

Step of the pipeline for the notebooks of column 9; the records themselves stand beside the settings that they explain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmarks import (
    clinic_day,
    epidemic,
    home_care,
    overbooking,
    peru_dengue,
    rosters,
    routes,
    vaccine_program,
    visits,
    wastage,
)
from healthops.forecast import flu, peru, season_targets

if TYPE_CHECKING:
    from healthops.workspace import Workspace

COLUMNS = ("choice", "value", "chosen_on", "seen")


def choices() -> pd.DataFrame:
    """Table ``benchmark_choices``: every choice of the records, in their order."""
    # The record of the season targets says in one text what was chosen and its value.
    targets = [dict(zip(("choice", "chosen_on", "seen"), entry, strict=True)) for entry in season_targets.RECORD]
    records = {
        "flusight": flu.RECORD,
        "dengue_project": targets,
        "peru": peru_dengue.RECORD,
        "campaign": vaccine_program.RECORD,
        "epidemic": epidemic.RECORD,
        "wastage": wastage.RECORD,
        "routes": routes.RECORD,
        "home_care": home_care.RECORD,
        "visits": visits.RECORD,
        "rosters": rosters.RECORD,
        "clinic_day": clinic_day.RECORD,
        "overbooking": overbooking.RECORD,
    }
    rows = [
        {"ground": ground, "number": number, "value": "", **entry}
        for ground, record in records.items()
        for number, entry in enumerate(record, 1)
    ]
    return pd.DataFrame(rows)[["ground", "number", *COLUMNS]]


def settings() -> pd.DataFrame:
    """Table ``benchmark_settings``: every setting of the frozen configurations."""
    configurations: dict[str, Mapping[str, Any]] = {
        "flusight": {"FluFusion": flu.FluFusion().config},
        "dengue_project": dict(season_targets.CITY_CONFIGS),
        "peru": {
            **constants(peru_dengue),
            **constants(peru),
            "models": {name: described(maker) for name, maker in peru.models().items()},
        },
    }
    rows = [(ground, *pair) for ground, parts in configurations.items() for pair in flat(parts)]
    return pd.DataFrame(rows, columns=["ground", "setting", "value"])


def constants(module: ModuleType) -> dict[str, Any]:
    """Constants of a module that hold settings: its mappings and dataclasses in capitals."""
    found = {name: value for name, value in vars(module).items() if name.isupper() and not name.startswith("_")}
    return {name: value for name, value in found.items() if isinstance(value, Mapping) or is_dataclass(value)}


def flat(parts: object, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Settings of nested mappings and dataclasses as (dotted name, value as text).

    >>> list(flat({"trees": {"depth": 4, "rates": (0.1, 0.2)}}))
    [('trees.depth', '4'), ('trees.rates', '(0.1, 0.2)')]
    """
    if is_dataclass(parts) and not isinstance(parts, type):
        parts = {field.name: getattr(parts, field.name) for field in fields(parts)}
    if not isinstance(parts, Mapping):
        yield prefix, str(parts)
        return
    for name, part in parts.items():
        yield from flat(part, f"{prefix}.{name}" if prefix else str(name))


def described(maker: object) -> str:
    """Write a maker of models as the call that it stands for.

    >>> from functools import partial
    >>> described(partial(dict, partial(list), depth=4))
    'dict(list(), depth=4)'
    """
    if isinstance(maker, partial):
        given = [described(part) for part in maker.args]
        given += [f"{name}={described(part)}" for name, part in maker.keywords.items()]
        return f"{described(maker.func)}({', '.join(given)})"
    return maker.__name__ if isinstance(maker, type) else repr(maker)


def run(ws: Workspace) -> None:
    """Write the tables ``benchmark_choices`` and ``benchmark_settings``."""
    ws.write("benchmark_choices", choices())
    ws.write("benchmark_settings", settings())
