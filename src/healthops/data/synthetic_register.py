"""Writing the imagined community as the files of a register, with the defects that real registers have.

Which line of which file has which defect is returned, so that a test can ask the cleaning to find just these.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from healthops.data.register_files import COLUMNS, register_path
from healthops.data.synthetic_community import Community, found
from healthops.data.synthetic_course import Course, live
from healthops.data.synthetic_visits import visit
from healthops.data.synthetic_write import write_csv

if TYPE_CHECKING:
    import pandas as pd

    from healthops.workspace import Workspace

#: Day on which the register was exported: plans are made for the days after it.
REGISTER_DATE = "2023-05-01"
#: Share of the rows that get each defect, at least two rows of each; and of the fields that nobody filled in.
_SHARE, _AT_LEAST, _BLANK = 0.002, 2, {"birth_date": 0.06, "smoking": 0.05, "alcohol": 0.08, "diabetes": 0.04}


def write_register(
    ws: Workspace, folder: Path, places: pd.DataFrame, *, households: int, workers: int
) -> dict[str, dict[str, list[int]]]:
    """Imagine a community and write its register under `folder`.

    Returns
    -------
    dict
        By logical name of the file and name of the fault: the lines (the header is line 1) that have it.
    """
    import pandas as pd

    on = pd.Timestamp(REGISTER_DATE)
    community = found(ws.rng("community"), places, households=households, workers=workers, on=on)
    course = live(ws.rng("community-course"), community)
    seen = visit(ws.rng("community-visits"), community, course)
    tables = _tables(community, course, seen)
    marks = plant(ws.rng("community-defects"), tables, on)
    lines: dict[str, dict[str, list[int]]] = {}
    for name, frame in tables.items():
        write_csv(register_path(folder, name), COLUMNS[name], _texts(frame, COLUMNS[name]))
        for fault, index in marks.get(name, {}).items():
            lines.setdefault(name, {})[fault] = sorted(frame.index.get_indexer(index) + 2)
    return lines


def _tables(community: Community, course: Course, seen: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Every file's rows, numbered."""
    pregnancies = course.pregnancies[course.pregnancies["told"]].reset_index(drop=True)
    events = course.events.assign(event=[f"EV-{k:05d}" for k in range(1, len(course.events) + 1)])
    season = course.season.assign(event=[f"ES-{k:05d}" for k in range(1, len(course.season) + 1)])
    return {
        "community_hamlets": community.hamlets.copy(),
        "community_workers": community.workers.copy(),
        "community_households": community.households.copy(),
        "community_people": course.people.copy(),
        "community_pregnancies": pregnancies,
        "community_visits": seen.copy(),
        "community_events": events,
        "community_season": season,
        "community_true_risk": course.chance.copy(),
    }


def plant(
    rng: np.random.Generator, tables: dict[str, pd.DataFrame], on: pd.Timestamp
) -> dict[str, dict[str, list[Any]]]:
    """Spoil `tables`, in place; return the index of the rows with each fault, by file."""
    return {
        "community_workers": _spoil_workers(rng, tables),
        "community_households": _spoil_households(rng, tables),
        "community_people": _spoil_people(rng, tables, on),
        "community_pregnancies": _spoil_pregnancies(rng, tables),
        "community_visits": _spoil_visits(rng, tables, on),
    }


def _number(rows: int) -> int:
    return max(_AT_LEAST, round(_SHARE * rows))


def _pick(rng: np.random.Generator, frame: pd.DataFrame, among: np.ndarray | None, *kinds: str) -> dict[str, list[Any]]:
    """Different rows for each kind of fault."""
    rows = frame.index.to_numpy() if among is None else frame.index.to_numpy()[np.asarray(among, bool)]
    each = _number(len(frame))
    if len(rows) < each * len(kinds):
        raise ValueError(f"{len(rows)} rows are too few for {each} each of {kinds}: ask for more households")
    chosen = rng.permutation(rows)[: each * len(kinds)]
    return {kind: sorted(chosen[k * each : (k + 1) * each].tolist()) for k, kind in enumerate(kinds)}


def _spoil_workers(rng: np.random.Generator, tables: dict[str, pd.DataFrame]) -> dict[str, list[Any]]:
    """One worker's base is not on record, another one's hours end before they begin; another base is near either."""
    workers = tables["community_workers"]
    at = (
        tables["community_hamlets"]
        .set_index("hamlet")[["latitude", "longitude"]]
        .loc[workers["base_hamlet"]]
        .to_numpy()
    )
    gap = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1))
    np.fill_diagonal(gap, np.inf)
    first = int(gap.min(axis=1).argmin())
    gap[:, first] = np.inf
    gap[[first, int(gap[first].argmin())]] = np.inf
    second = int(gap.min(axis=1).argmin())
    workers.loc[first, "base_hamlet"] = ""
    workers.loc[second, ["starts", "ends"]] = workers.loc[second, ["ends", "starts"]].to_numpy()
    return {"no_base": [first], "contradictory_hours": [second]}


def _spoil_households(rng: np.random.Generator, tables: dict[str, pd.DataFrame]) -> dict[str, list[Any]]:
    homes = tables["community_households"]
    marks = _pick(rng, homes, None, "contradictory_window", "no_path", "too_far")
    homes.loc[marks["contradictory_window"], ["visit_from", "visit_to"]] = ["15:00", "09:00"]
    homes.loc[marks["no_path"], "path"] = "no"
    homes.loc[marks["too_far"], "latitude"] += 0.4
    return marks


def _spoil_people(rng: np.random.Generator, tables: dict[str, pd.DataFrame], on: pd.Timestamp) -> dict[str, list[Any]]:
    import pandas as pd

    people, visits = tables["community_people"], tables["community_visits"]
    adult = (
        (people["age_years"] >= 18)
        & people["died_on"].isna()
        & ~people["person"].isin(tables["community_pregnancies"]["person"])
    )
    marks = _pick(rng, people, adult, "same_number", "same_name", "two_households", "impossible_age")
    people.loc[marks["impossible_age"], "birth_date"] = pd.NaT
    people.loc[marks["impossible_age"], "age_years"] = -1
    # What is not filled in makes nobody a double: those who get one keep their day of birth.
    kept = sum((marks[kind] for kind in ("same_number", "same_name", "two_households", "impossible_age")), [])
    for column, share in _BLANK.items():
        lost = (rng.random(len(people)) < share) & ~people.index.isin(kept)
        blank = pd.NaT if column == "birth_date" else ""
        people[column] = people[column].astype("object" if column != "birth_date" else people[column].dtype)
        people.loc[lost, column] = blank
    for column in ("person", "national_id"):
        people[column] = people[column].astype(object)
    doubles, number = [], len(people)
    found: dict[str, list[Any]] = {}
    for kind in ("same_number", "same_name", "two_households"):
        copies = people.loc[marks[kind]].copy()
        copies["person"] = [f"PE-{number + len(doubles) * 1000 + k + 1:06d}" for k in range(len(copies))]
        copies["registered_on"] = on - pd.to_timedelta(rng.integers(30, 300, len(copies)), unit="D")
        if kind == "same_name":
            people.loc[marks[kind], "national_id"] = ""
            copies["national_id"] = ""
            copies["name"] = copies["name"].str.upper()
        if kind == "two_households":
            others = tables["community_households"]["household"].to_numpy()
            copies["household"] = [_other(rng, others, home) for home in copies["household"]]
        # Some of the visits were written down under the double.
        for was, now in zip(people.loc[marks[kind], "person"], copies["person"], strict=True):
            mine = visits.index[visits["person"] == was]
            visits.loc[mine[len(mine) // 2 :], "person"] = now
        copies.index = [f"{kind}-{k}" for k in range(len(copies))]
        # Of two households the later one is true, of two rows in one household the earlier one.
        found[kind] = marks[kind] if kind == "two_households" else copies.index.tolist()
        doubles.append(copies)
    tables["community_people"] = pd.concat([people, *doubles])
    return found | {"impossible_age": marks["impossible_age"]}


def _other(rng: np.random.Generator, homes: np.ndarray, not_this: str) -> str:
    return str(rng.choice(homes[homes != not_this]))


def _spoil_pregnancies(rng: np.random.Generator, tables: dict[str, pd.DataFrame]) -> dict[str, list[Any]]:
    import pandas as pd

    pregnancies = tables["community_pregnancies"]
    marks = _pick(rng, pregnancies, pregnancies["lmp_on"].notna(), "lmp_after_registration")
    rows = marks["lmp_after_registration"]
    pregnancies.loc[rows, "lmp_on"] = pregnancies.loc[rows, "registered_on"] + pd.Timedelta(days=20)
    return marks


def _spoil_visits(rng: np.random.Generator, tables: dict[str, pd.DataFrame], on: pd.Timestamp) -> dict[str, list[Any]]:
    import pandas as pd

    visits = tables["community_visits"]
    homely = visits["form"] == "household_visit"
    measured = visits[["systolic_mmhg", "heart_rate_bpm", "temp_c"]].notna().all(axis=1)
    marks = _pick(
        rng, visits, homely & measured, "impossible_heart_rate_bpm", "impossible_temp_c", "swapped_pressures",
        "future_date", "unknown_person",
    )  # fmt: skip
    referred = visits["referral"].to_numpy(bool) & ~visits.index.isin(sum(marks.values(), []))
    marks |= _pick(rng, visits[referred], None, "follow_up_before_visit")
    visits.loc[marks["impossible_heart_rate_bpm"], "heart_rate_bpm"] = 7
    # Fahrenheit where Celsius is asked for.
    hot = visits.loc[marks["impossible_temp_c"], "temp_c"]
    visits.loc[marks["impossible_temp_c"], "temp_c"] = (hot * 1.8 + 32).round(1)
    pair = ["systolic_mmhg", "diastolic_mmhg"]
    visits.loc[marks["swapped_pressures"], pair] = visits.loc[marks["swapped_pressures"], pair[::-1]].to_numpy()
    visits.loc[marks["future_date"], "date"] = on + pd.Timedelta(days=365)
    visits.loc[marks["future_date"], ["follow_up_on", "next_facility_visit_on"]] = pd.NaT
    visits["person"] = visits["person"].astype(object)
    visits.loc[marks["unknown_person"], "person"] = [f"XX-{k:04d}" for k in range(len(marks["unknown_person"]))]
    late = marks["follow_up_before_visit"]
    visits.loc[late, "follow_up_on"] = visits.loc[late, "date"] - pd.Timedelta(days=363)
    # A phone that sends twice: the same row again, at the end of the file.
    calm = ~visits.index.isin(sum(marks.values(), []))
    twice = _pick(rng, visits, calm & homely.to_numpy(), "repeated_row")["repeated_row"]
    copies = visits.loc[twice].copy()
    copies.index = [f"twice-{k}" for k in range(len(copies))]
    tables["community_visits"] = pd.concat([visits, copies])
    return marks | {"repeated_row": copies.index.tolist()}


def _texts(frame: pd.DataFrame, columns: tuple[str, ...]) -> list[list[str]]:
    """Cells as text: days as ISO dates, yes and no, whole numbers without a point, nothing where nothing is known."""
    return [list(row) for row in zip(*(map(_text, frame[column]) for column in columns), strict=True)]


def _text(value: Any) -> str:
    import pandas as pd

    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return f"{value:.10g}" if isinstance(value, float) else str(value)
