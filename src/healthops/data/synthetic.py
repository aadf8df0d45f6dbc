"""Simulate the synthetic country and write its raw files.

The files have the names, formats and columns of the public sources of Peru (:mod:`healthops.data.raw_layout`), so that
the same cleaning makes the same tables of them. ``planted.json`` beside them says which defects were planted, and how
many of each.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.epiweek import week_end
from healthops.data.synthetic_climate import Climate, weather
from healthops.data.synthetic_epidemic import gravity, infections, suitability
from healthops.data.synthetic_files import write_boundaries, write_places, write_reports, write_stations
from healthops.data.synthetic_map import draw_map
from healthops.data.synthetic_maternal import write_maternal
from healthops.data.synthetic_places import Country, settle
from healthops.data.synthetic_providers import write_providers
from healthops.data.synthetic_surveillance import report
from healthops.data.synthetic_vaccines import write_vaccines
from healthops.data.synthetic_write import write_json
from healthops.files import atomic_folder

if TYPE_CHECKING:
    from healthops.workspace import Workspace

#: The records end with this epidemiological week, in the season of dengue, as those of Peru do.
LAST_YEAR, LAST_WEEK = 2023, 22
#: Years that are simulated before the first on record, so that immunity forgets how it was drawn.
WARM_UP_YEARS = 15


@dataclass(frozen=True)
class History:
    """What happened, whether it was reported or not.

    Attributes
    ----------
    week_ends : array of datetime64[D], shape (T,)
    climate : Climate
        Of the same weeks.
    infections : array of int, shape (D, T, 4)
        By serotype.
    cases : array of int, shape (D, T)
        Infections that a clinic sees and will report in the end, by week of onset.
    """

    country: Country
    week_ends: np.ndarray
    climate: Climate
    infections: np.ndarray
    cases: np.ndarray


def simulate(ws: Workspace) -> History:
    """Draw the country of the scenario and its epidemics; ``data.departments`` and ``data.years`` set its size."""
    years, departments = _size(ws)
    country = settle(ws.rng("places"), draw_map(ws.rng("map"), departments=departments))
    places, chart = country.districts, country.map
    last = week_end(LAST_YEAR, LAST_WEEK)
    first = week_end(LAST_YEAR - years + 1, 1)
    weeks = int((last - first).astype(int)) // 7 + 1
    all_ends = last - 7 * np.arange(weeks + 52 * WARM_UP_YEARS)[::-1]
    latitude, altitude = places["latitude"].to_numpy(), places["altitude"].to_numpy()
    climate = weather(
        ws.rng("climate"),
        all_ends,
        latitude=latitude,
        altitude=altitude,
        inland=chart.inland,
        department=chart.department,
    )
    people = places[2017].to_numpy()
    luck = ws.rng("receptive")
    receptive = np.round((0.6 + 0.5 * places["urban"].to_numpy()) * luck.lognormal(0, 0.12, len(places)), 4)
    new = infections(
        ws.rng("infections"),
        suitability(climate.temp_c, climate.rain_mm, altitude),
        population=people,
        receptive=receptive,
        travel=gravity(people, country.distance_km(), chart.neighbours()),
        department=chart.department,
    )[:, -weeks:]
    seen = np.round(luck.uniform(0.03, 0.06, len(places)), 4)
    cases = ws.rng("clinics").binomial(new.sum(axis=2), seen[:, None])
    kept = Climate(climate.temp_c[:, -weeks:], climate.rain_mm[:, -weeks:], climate.ocean[-weeks:])
    return History(country, all_ends[-weeks:], kept, new, cases)


def _size(ws: Workspace) -> tuple[int, int]:
    """Years and departments of the scenario."""
    try:
        years, departments = int(ws.scenario.data["years"]), int(ws.scenario.data["departments"])
    except KeyError as error:
        raise ValueError(
            f"config/{ws.scenario.name}.yaml does not say data.{error.args[0]}: "
            f"only a synthetic scenario can be simulated"
        ) from None
    if years < 2 or departments < 1:
        raise ValueError(f"years is {years} and departments {departments}: at least 2 and 1 are needed")
    return years, departments


def write_raw(ws: Workspace, folder: Path) -> None:
    """Simulate the scenario and write its raw files under `folder`."""
    history = simulate(ws)
    country, week_ends, climate = history.country, history.week_ends, history.climate
    reports = report(ws.rng("reports"), history.cases, country.districts)
    write_places(folder, country)
    write_boundaries(folder, country)
    write_reports(folder, reports, country.districts, week_ends)
    gaps = write_stations(folder, ws.rng("stations"), country, climate.temp_c, climate.rain_mm, week_ends)
    vaccines = write_vaccines(ws, folder, country)
    maternal = write_maternal(folder, ws.rng("maternal"))
    providers = write_providers(ws, folder, week_ends[-1])
    planted = reports.planted | {"station_gaps": gaps} | vaccines | maternal | providers
    write_json(folder / "planted.json", planted, indent=1)


def run(ws: Workspace) -> None:
    """Write the raw files of the workspace's scenario, all of them or none."""
    with atomic_folder(ws.raw) as draft:
        write_raw(ws, draft)
    print(f"raw files of the synthetic country, seed {ws.seed}")
