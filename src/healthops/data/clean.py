"""Clean the raw files of a scenario into tables.

Everything is read and checked before the first table is written; a fault in any file (see
:mod:`healthops.data.errors`) leaves the tables as they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from healthops.data import clean_boundaries, clean_cases, clean_climate, clean_places, clean_population
from healthops.data.errors import DataError
from healthops.data.ledger import Ledger
from healthops.data.raw_layout import RAW_PATHS

if TYPE_CHECKING:
    import pandas as pd

    from healthops.workspace import Workspace

#: How many of the newest weeks are called truncated, unless the scenario's ``data: truncated_weeks`` says otherwise.
TRUNCATED_WEEKS = 3


def clean_tables(raw: Path, *, options: Mapping[str, Any] | None = None) -> dict[str, pd.DataFrame]:
    """Read the raw files under `raw` and return the seven tables that they make, ``ledger`` among them.

    Parameters
    ----------
    raw : path
        Folder of the raw files, laid out as :mod:`healthops.data.raw_layout` says.
    options : mapping, optional
        The scenario's ``data:`` section; ``truncated_weeks`` is read here.

    Raises
    ------
    RawFileError
        If a file does not hold what it should.
    LedgerError
        If a row is unaccounted for.
    """
    weeks = (options or {}).get("truncated_weeks", TRUNCATED_WEEKS)
    if not isinstance(weeks, int) or isinstance(weeks, bool) or weeks < 0:
        raise DataError(f"config: data: truncated_weeks must be a whole number of weeks, not {weeks!r}")
    ledger = Ledger()
    places = clean_places.clean_places(raw, ledger)
    finder = clean_places.gazetteer(places)
    boundaries = clean_boundaries.clean_boundaries(raw, places["ubigeo"], ledger)
    _note_missing_outlines(places, boundaries, ledger)
    population = clean_population.clean_population(raw, places, finder, ledger)
    places["population"] = places["ubigeo"].map(clean_population.latest(population))
    cases = clean_cases.clean_cases(raw, finder, ledger, truncated_weeks=weeks)
    triangle = clean_cases.clean_triangle(raw, places["ubigeo"], ledger)
    climate = clean_climate.clean_climate(raw, places["ubigeo"], ledger)
    return {
        "places": places.drop(columns="macroregion"),
        "boundaries": boundaries,
        "population": population,
        "weekly_cases": cases,
        "reporting_triangle": triangle,
        "climate_weekly": climate,
        "ledger": ledger.frame(),
    }


def _note_missing_outlines(places: pd.DataFrame, boundaries: pd.DataFrame, ledger: Ledger) -> None:
    lacking = places.loc[~places["ubigeo"].isin(boundaries["ubigeo"]), "level"].value_counts()
    for level, rows in lacking.items():
        ledger.flag(RAW_PATHS[f"ubigeo_{level}"].name, "places", int(rows), "no outline on the map (2007 boundaries)")


def run(ws: Workspace) -> None:
    """Make the tables of the scenario from its raw files; each is made before the first is written."""
    for name, frame in clean_tables(ws.raw, options=ws.scenario.data).items():
        ws.write(name, frame)
        print(f"{name}: {len(frame):,} rows")
