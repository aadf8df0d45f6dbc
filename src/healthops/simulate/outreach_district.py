"""Homes, workers and walks of a district as arrays, and who goes out on which day of a season."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.community_rules import load_rules
from healthops.data.outreach_rules import load_outreach
from healthops.data.walking import walking_minutes
from healthops.simulate.outreach_season import OutreachError, going_on

if TYPE_CHECKING:
    import pandas as pd

    from healthops.data.community_rules import Rules

#: Minutes of a day.
MIDNIGHT = 24 * 60


@dataclass(frozen=True)
class Shift:
    """A worker's hours (minutes after midnight), break, most visits of a day, and skills."""

    starts: int
    ends: int
    rest: int
    most: int
    skills: frozenset[str]


@dataclass(frozen=True)
class District:
    """What every policy knows of the district from the start.

    Attributes
    ----------
    on : Timestamp
        The register's date; day 1 is the next.
    households, staff, hamlets : DataFrame
        Tables ``community_households``, ``community_workers``, ``community_hamlets``.
    homes, workers : list of str
        Study ids; their places in the lists are their numbers.
    hamlet : array of int, shape (H,)
        Row of `hamlets` of each home.
    opens, closes : array of int, shape (H,)
        Minutes after midnight within which a visit may begin.
    reachable : array of bool, shape (H,)
    worker_area : array of str, shape (W,)
        District of the base: one weather.
    shifts : list of Shift
    between : array of int, shape (H, H)
        Minutes on foot from home to home, rounded up.
    to_base : array of int, shape (W, H)
    home_of, members : dict
        Person: number of the home; number of the home: persons.
    risk : dict of str to float
        Predicted chance of a severe event, by person.
    pregnancy_of : dict of str to str
        Person: the pregnancy that goes on.
    """

    on: pd.Timestamp
    households: pd.DataFrame
    staff: pd.DataFrame
    hamlets: pd.DataFrame
    homes: list[str]
    workers: list[str]
    hamlet: np.ndarray
    opens: np.ndarray
    closes: np.ndarray
    reachable: np.ndarray
    worker_area: np.ndarray
    shifts: list[Shift]
    between: np.ndarray
    to_base: np.ndarray
    home_of: dict[str, int]
    members: dict[int, list[str]]
    risk: dict[str, float]
    pregnancy_of: dict[str, str]

    def home_risk(self, home: int) -> float:
        """Predicted chance that somebody of a home has a severe event."""
        return 1 - float(np.prod([1 - self.risk[p] for p in self.members.get(home, [])]))


def make_district(
    tables: dict[str, pd.DataFrame], risk: pd.DataFrame, *, on: pd.Timestamp, walking: Rules | None = None
) -> District:
    """Put the tables of a register together.

    Parameters
    ----------
    tables : dict of str to DataFrame
        ``households``, ``workers``, ``hamlets``, ``people``, ``pregnancies``: the tables ``community_...``.
    risk : DataFrame
        person, probability: table ``community_risk``.
    on : Timestamp
        The register's date.

    Raises
    ------
    OutreachError
        If somebody alive has no risk, or no home; if a home's hamlet or a worker's is not in the table of hamlets.
    """
    walking = walking or load_rules()
    homes = tables["households"].sort_values("household", ignore_index=True)
    staff = tables["workers"].sort_values("worker", ignore_index=True)
    hamlets = tables["hamlets"].sort_values("hamlet", ignore_index=True)
    for name, table in (("community_households", homes), ("community_workers", staff)):
        lost = ~table["hamlet"].isin(hamlets["hamlet"])
        if lost.any():
            raise OutreachError(f"{name}: {table.loc[lost].iloc[0, 0]} is in a hamlet that community_hamlets lacks")
    number = {home: k for k, home in enumerate(homes["household"])}
    people = tables["people"][tables["people"]["died_on"].isna()].sort_values("person")
    stray = people.loc[~people["household"].isin(number), "person"]
    if len(stray):
        raise OutreachError(f"community_people: {stray.iloc[0]} lives in no household of community_households")
    home_of = {person: number[home] for person, home in zip(people["person"], people["household"], strict=True)}
    chance = dict(zip(risk["person"], risk["probability"].astype(float), strict=True))
    lacking = [person for person in home_of if person not in chance]
    if lacking:
        raise OutreachError(f"community_risk: {lacking[0]} is alive and has no risk; run the notebook that predicts it")
    members: dict[int, list[str]] = {}
    for person, home in home_of.items():
        members.setdefault(home, []).append(person)
    going = going_on(tables["pregnancies"])
    going = going[going["person"].isin(home_of)].sort_values("registered_on", kind="stable")
    place = {name: k for k, name in enumerate(hamlets["hamlet"])}
    area = dict(zip(hamlets["hamlet"], hamlets["ubigeo"], strict=True))
    between, to_base = _walks(homes, staff, hamlets, walking)
    return District(
        on, homes, staff, hamlets, list(homes["household"]), list(staff["worker"]),
        homes["hamlet"].map(place).to_numpy(int), homes["visit_from_min"].fillna(0).to_numpy(int),
        homes["visit_to_min"].fillna(MIDNIGHT).to_numpy(int), homes["unreachable"].isna().to_numpy(),
        staff["hamlet"].map(area).to_numpy(), [_shift(row) for row in staff.to_dict("records")], between, to_base,
        home_of, members, {person: chance[person] for person in home_of},
        dict(zip(going["person"], going["pregnancy"], strict=True)),
    )  # fmt: skip


def duty(district: District, days: int, *, rules: Rules | None = None) -> np.ndarray:
    """Who goes out on which day: shape (W, days + 1), bool; known beforehand, and the same for every policy.

    A worker gives so many days of each week, of those on which the worker works; workers begin on different days.
    """
    import pandas as pd

    each = int((rules or load_outreach())("rounds", "outreach_days"))
    weekday = (district.on + pd.to_timedelta(np.arange(days + 1), unit="D")).day_of_week.to_numpy()
    out = np.zeros((len(district.workers), days + 1), bool)
    for w, pattern in enumerate(district.staff["workdays"]):
        work = [d for d in range(7) if pattern[d] == "1"]
        mine = {work[(w + j * len(work) // each) % len(work)] for j in range(min(each, len(work)))} if work else set()
        out[w] = np.isin(weekday, list(mine))
    out[:, 0] = False
    return out


def _shift(row: dict) -> Shift:
    skills = frozenset(name.removeprefix("skill_") for name in row if name.startswith("skill_") and row[name])
    return Shift(
        int(row["starts_min"]), int(row["ends_min"]), int(row["break_min"]), int(row["visits_per_day"]), skills
    )


def _walks(
    homes: pd.DataFrame, staff: pd.DataFrame, hamlets: pd.DataFrame, walking: Rules
) -> tuple[np.ndarray, np.ndarray]:
    """Minutes from home to home and from base to home, rounded up as plans of a day do."""
    factor = hamlets.set_index("hamlet")["terrain_factor"]
    spots = homes[["east_km", "north_km"]].to_numpy(float)
    slow = factor.loc[homes["hamlet"]].to_numpy(float)
    bases = staff[["east_km", "north_km"]].to_numpy(float)
    base_slow = factor.loc[staff["hamlet"]].to_numpy(float)
    between = walking_minutes(spots, slow, spots, slow, walking)
    to_base = walking_minutes(bases, base_slow, spots, slow, walking)
    return np.ceil(between - 1e-9).astype(np.int32), np.ceil(to_base - 1e-9).astype(np.int32)
