"""Writing the synthetic campaign as the raw files of column 2, with the defects that the real files have.

What was planted, and how many of each, goes to ``planted.json``, so that a test can ask the cleaning to find just that.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from healthops.data import campaign
from healthops.data.campaign_rules import load_rules
from healthops.data.clean_campaign import COLUMNS
from healthops.data.clean_contacts import BANDS
from healthops.data.priority_groups import load_groups, membership
from healthops.data.raw_layout import CONTACT_EDITIONS, CONTACT_SETTINGS, RAW_PATHS
from healthops.data.synthetic_ages import count_ages
from healthops.data.synthetic_campaign import Campaign, vaccinate
from healthops.data.synthetic_regions import region_doses
from healthops.data.synthetic_write import write_csv, write_text

if TYPE_CHECKING:
    import pandas as pd

    from healthops.data.synthetic_places import Country
    from healthops.workspace import Workspace

_ARRIVALS = ("cantidad", "fecha_de_llegada", "vacuna", "farmaceutica", "covax", "last_update")
_COVERAGE = ("location", "sunday", "age_group_min", "age_group_max", "people_vaccinated_per_hundred",
             "people_fully_vaccinated_per_hundred")  # fmt: skip
_COVERAGE_AGES = ((0, 17), (18, 24), (25, 49), (50, 59), (60, 69), (70, 79), (80, None))
_STATES = ("Date", "UID", "Province_State", "Country_Region", "Doses_admin", "People_at_least_one_dose",
           "People_fully_vaccinated", "Total_additional_doses")  # fmt: skip
#: Spread of the log of what breaks the reciprocity of each edition's contacts.
_OFF = {"prem_2017": 0.25, "prem_2021": 0.15}
#: Age from which the estimate of the country's ages counts all together.
_TOP_AGE = 84


def write_vaccines(ws: Workspace, folder: Path, country: Country) -> dict[str, Any]:
    """Simulate the campaign of `country` and write its raw files under `folder`; return what was planted."""
    groups, rules = load_groups(), load_rules()
    districts = country.districts.sort_values("ubigeo", ignore_index=True)
    done = vaccinate(ws.rng("vaccine-supply"), ws.rng("vaccine-wishes"), districts, groups=groups, rules=rules)
    defects = ws.rng("vaccine-defects")
    order, planted = _write_arrivals(folder, defects, done)
    _write_lots(folder, done, order)
    planted |= _write_coverage(folder, defects, done, membership(groups))
    planted |= _write_regions(folder, ws.rng("vaccine-regions"), districts)
    _write_ages(folder, districts)
    _write_contacts(folder, ws.rng("vaccine-contacts"), districts)
    _write_wishes(folder, done, districts["ubigeo"], [g.name for g in groups])
    _write_points(folder, ws.rng("vaccine-points"), done, districts)
    return {f"vaccine_{name}": entry for name, entry in planted.items()}


def _write(folder: Path, name: str, rows: Iterable[Iterable[object]]) -> None:
    write_csv(folder / RAW_PATHS[name], COLUMNS[name], rows)


def _write_arrivals(folder: Path, rng: np.random.Generator, done: Campaign) -> tuple[list[int], dict[str, Any]]:
    """Write the shipments, a run of them undated, with one exact repeat among the dated and one among the undated.

    Returns the position of each shipment in the file, and what was planted.
    """
    size = len(done.shipments)
    undated = max(3, round(0.18 * size))
    first = int(rng.integers(size // 3, size - undated - 3))
    rows = []
    for k, one in enumerate(done.shipments.to_dict("records")):
        day = "NA" if first <= k < first + undated else str(one["arrived"])[:10]
        covax = "TRUE" if one["covax"] else "FALSE"
        rows.append([one["doses"], day, one["product"], one["manufacturer"], covax, str(done.week_ends[-1])])
    twice = {int(rng.integers(first)), first + undated - 1}
    lines, position = [], []
    for k, row in enumerate(rows):
        position.append(len(lines) + 1)
        lines += [row] * (2 if k in twice else 1)
    write_csv(folder / RAW_PATHS["vaccine_arrivals"], _ARRIVALS, lines)
    repeats = sum(tuple(row) in {tuple(r) for r in lines[:k]} for k, row in enumerate(lines))
    return position, {
        "undated_shipments": {"count": undated + 1, "unit": "rows, the repeat of one of them among them"},
        "repeated_shipments": {"count": repeats, "unit": "rows"},
    }


def _write_lots(folder: Path, done: Campaign, position: list[int]) -> None:
    rows = [
        [f"L{k:04d}", f"S{position[one['shipment']]:03d}", one["product"], one["vial_doses"], one["doses"],
         str(one["arrived"])[:10], str(one["expires"])[:10]]
        for k, one in enumerate(done.lots.to_dict("records"), 1)
    ]  # fmt: skip
    _write(folder, "vaccine_lots", rows)


def _write_coverage(folder: Path, rng: np.random.Generator, done: Campaign, member: np.ndarray) -> dict[str, Any]:
    """Write the nation's coverage by age group: nothing where no dose was given in a week, and three falls."""
    single = done.ages.sum(axis=0)
    member = member[:, : len(single)]
    given = {}
    for name, doses in (("first", done.first), ("full", done.second)):
        of_group = doses.sum(axis=0) / np.maximum(done.people.sum(axis=0), 1)[:, None]
        by_age = (member.T @ of_group) * single[:, None]
        given[name] = np.array([by_age[low : len(single) if high is None else high + 1].sum(axis=0)
                                for low, high in _COVERAGE_AGES])  # fmt: skip
    people = np.array([single[low : len(single) if high is None else high + 1].sum() for low, high in _COVERAGE_AGES])
    percent = {name: np.round(100 * doses.cumsum(axis=1) / people[:, None], 4) for name, doses in given.items()}
    blank = {name: doses == 0 for name, doses in given.items()}
    weeks = len(done.week_ends)
    fallen = 0
    for k in rng.choice(len(_COVERAGE_AGES), 3, replace=False):
        t = int(rng.integers(weeks // 2, weeks - 1))
        if not blank["first"][k, t - 1 : t + 1].any() and percent["first"][k, t - 1] > 1:
            percent["first"][k, t] = round(float(percent["first"][k, t - 1]) * 0.97, 4)
            fallen += 1
    rows, missing, absent = [], 0, 0
    for t, end in enumerate(done.week_ends):
        for k, (low, high) in enumerate(_COVERAGE_AGES):
            cells = ["NA" if blank[name][k, t] else f"{percent[name][k, t]:g}" for name in ("first", "full")]
            if cells == ["NA", "NA"]:
                absent += 1
                continue
            missing += cells.count("NA")
            rows.append(["Synthetic", str(end + 1), low, "" if high is None else high, *cells])
    write_csv(folder / RAW_PATHS["vaccine_coverage"], _COVERAGE, rows)
    return {
        "coverage_falls": {"count": fallen, "unit": "shares"},
        "coverage_missing": {"count": missing, "unit": "shares of rows that are there"},
        "coverage_absent": {"count": absent, "unit": "rows"},
    }


def _write_regions(folder: Path, rng: np.random.Generator, districts: pd.DataFrame) -> dict[str, Any]:
    rows, planted = region_doses(rng, districts)
    write_csv(folder / RAW_PATHS["doses_by_state"], _STATES, rows)
    department = districts.groupby(districts["ubigeo"].str[:2])
    names, people = department["departamento"].first(), department[2022].sum()
    places = [["US", "US", "Synthetic", int(people.sum())]]
    places += [[code, code, names[code], int(n)] for code, n in people.items()]
    headings = ["abbreviation", "location", "location_name", "population"]
    write_csv(folder / RAW_PATHS["flusight_locations"], headings, places)
    return planted


def _write_ages(folder: Path, districts: pd.DataFrame) -> None:
    """Write the country's people by single year of age in 2022."""
    single = count_ages(districts, 2022).sum(axis=0)
    rows: list[list[object]] = [[age, int(n)] for age, n in enumerate(single[:_TOP_AGE])]
    rows.append([f"{_TOP_AGE}+", int(single[_TOP_AGE:].sum())])
    write_csv(folder / RAW_PATHS["age_distribution"], ["group_name", "value"], rows)


def _write_contacts(folder: Path, rng: np.random.Generator, districts: pd.DataFrame) -> None:
    """Write the contact matrices: mutual contacts by age, each side of a pair then put off by a factor of its own."""
    single = count_ages(districts, 2022).sum(axis=0)
    people = np.array([single[low : len(single) if high is None else high + 1].sum() for low, high in BANDS])
    mutual = mutual_contacts(people)
    for edition in CONTACT_EDITIONS:
        found = {}
        for setting in CONTACT_SETTINGS[1:]:
            factor = rng.lognormal(0, _OFF[edition], (len(BANDS), len(BANDS)))
            found[setting] = np.round(mutual[setting] * factor, 6)
        found["all"] = np.sum(list(found.values()), axis=0)
        for setting, matrix in found.items():
            lines = [",".join(f"{value:.6f}" for value in row) for row in matrix]
            write_text(folder / RAW_PATHS[f"contacts_{edition}_{setting}"], "\n".join(lines) + "\n")


def mutual_contacts(people: np.ndarray) -> dict[str, np.ndarray]:
    """Contacts per day by setting that are reciprocal among `people`, shape (16,): age with age, shape (16, 16).

    At home people meet their generation, their parents and their children; at school their own age; at work other
    adults; elsewhere mostly those near in age.
    """
    age = np.array([low + 2.5 for low, _ in BANDS])
    gap = np.abs(age[:, None] - age[None, :])
    pupil, worker = ((age > 5) & (age < 20)).astype(float), ((age > 20) & (age < 65)).astype(float)
    affinity = {
        "home": np.exp(-((gap / 7) ** 2)) + 0.6 * np.exp(-(((gap - 28) / 8) ** 2)) + 0.03,
        "work": np.outer(worker, worker) * np.exp(-((gap / 25) ** 2)),
        "school": np.outer(pupil, pupil) * np.exp(-((gap / 5) ** 2)) + 0.02 * np.outer(pupil, worker)
        + 0.02 * np.outer(worker, pupil),
        "community": np.exp(-((gap / 18) ** 2)) + 0.1,
    }  # fmt: skip
    mean = {"home": 4.0, "work": 3.2, "school": 2.2, "community": 5.5}
    found = {}
    for setting, kernel in affinity.items():
        contacts = kernel * people[None, :] / people.sum()
        found[setting] = contacts * mean[setting] / (people @ contacts.sum(axis=1) / people.sum())
    return found


def _write_wishes(folder: Path, done: Campaign, codes: pd.Series, groups: list[str]) -> None:
    share = done.willing / np.maximum(done.people, 1)
    pairs = [(d, g) for d in range(len(codes)) for g in range(len(groups))]
    rows = ([codes[d], groups[g], f"{share[d, g]:.6f}"] for d, g in pairs)
    _write(folder, "vaccine_willingness", rows)
    weeks = [str(end) for end in done.week_ends]
    uptake = (
        [codes[d], groups[g], week, *(int(x[d, g, t]) for x in (done.demand, done.first, done.second))]
        for d, g in pairs
        for t, week in enumerate(weeks)
    )
    _write(folder, "vaccine_uptake", uptake)


def _write_points(folder: Path, rng: np.random.Generator, done: Campaign, districts: pd.DataFrame) -> None:
    """Write facilities, as the rules have them but unevenly equipped, and the sessions that they held."""
    import pandas as pd

    rules = load_rules()
    people = pd.Series(districts[2017].to_numpy(float), index=districts["ubigeo"])
    places = districts[["ubigeo", "latitude", "longitude"]]
    table = campaign.facilities(people, places, rules)
    point = (table["kind"] == "vaccination_point").to_numpy()
    luck = np.where(point, rng.choice([0.5, 1.0, 1.0, 1.5], len(table)), rng.uniform(0.8, 1.2, len(table)))
    table["cold_chain_litres"] = np.round(table["cold_chain_litres"] * luck, 1)
    table["vaccinators"] += np.where(point, rng.binomial(2, 0.25, len(table)), 0)
    table["parent"] = table["parent"].fillna("")
    _write(folder, "vaccine_facilities", table[list(COLUMNS["vaccine_facilities"])].itertuples(index=False))
    here = table[point].reset_index(drop=True)
    urban = districts.set_index("ubigeo")["urban"].reindex(here["ubigeo"]).to_numpy()
    usual = np.round((8 + 30 * urban) * rng.lognormal(0, 0.3, len(here)), 3)
    weekly = (done.first + done.second).sum(axis=1)
    rows = []
    of_district = {code: rows.index.to_numpy() for code, rows in here.groupby("ubigeo")}
    for d, code in enumerate(districts["ubigeo"]):
        at = of_district.get(code, np.array([], int))
        if not len(at):
            continue
        share = here["people_served"].to_numpy()[at]
        came = rng.multinomial(weekly[d], share / share.sum())
        most = 5 * here["vaccinators"].to_numpy()[at]
        held = np.clip(np.ceil(came / usual[at]), 1, most).astype(int)
        rows += [[here["facility"][k], str(done.week_ends[t]), int(held[t, j]), int(came[t, j])]
                 for j, k in enumerate(at) for t in range(len(done.week_ends)) if came[t, j]]  # fmt: skip
    _write(folder, "vaccine_sessions", rows)
