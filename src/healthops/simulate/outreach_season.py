"""What happens in a season of outreach, whoever visits whom: danger signs, deaths, ends of pregnancies, visits in vain.

A season is drawn once and handed to every policy, so that two policies differ by what they decide and by nothing else
(common random numbers): also whether anybody opens a certain door on a certain day, and whether a certain worker falls
ill that day, stands in the season before anybody decides to go there. Season 0 has the events that the register's
simulator drew; the others are drawn anew from the same chances.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.outreach_rules import load_outreach

if TYPE_CHECKING:
    import pandas as pd

    from healthops.data.community_rules import Rules
    from healthops.simulate.outreach_district import District

#: Kinds of events that a season has, as in ``community_season``.
SEVERE = ("danger_sign", "admission", "death")
ENDS = ("delivery", "pregnancy_loss")


class OutreachError(ValueError):
    """Tables or plans that cannot be replayed; names the table or policy, the row and the remedy."""


@dataclass(frozen=True)
class Season:
    """One season of D days, counted from 1 on the day after the register's date.

    Attributes
    ----------
    days : int
    sign_person, sign_home, sign_day : arrays, shape (S,)
        Study id; number of the home; day on which a danger sign begins.
    sign_told : array of int, shape (S,)
        Day on which the family sends word if nobody came before; 0: it never does.
    sign_gone : array of int, shape (S,)
        First day on which no visit finds it any more.
    sign_seen : array of bool, shape (S, D + 1)
        Whether a visit on that day finds a sign that was not told.
    sign_again : array of int, shape (S,)
        Days from the visit that found it to the day agreed to look again.
    died : dict of str to int
        Day of a person's death.
    ended : dict of str to (int, str, int)
        Pregnancy: day of its end, ``delivery`` or ``pregnancy_loss``, day on which the family tells of it.
    facility : dict of str to array of int, shape (D + 1,)
        Pregnancy: days from an antenatal visit to the day agreed at the health facility; 0: none is agreed.
    opened : array of bool, shape (H, D + 1)
        Whether somebody lets a worker in.
    lost : array of bool, shape (W, D + 1)
        Whether sickness or weather keeps a worker at home, unknown the evening before.
    """

    days: int
    sign_person: np.ndarray
    sign_home: np.ndarray
    sign_day: np.ndarray
    sign_told: np.ndarray
    sign_gone: np.ndarray
    sign_seen: np.ndarray
    sign_again: np.ndarray
    died: dict[str, int]
    ended: dict[str, tuple[int, str, int]]
    facility: dict[str, np.ndarray]
    opened: np.ndarray
    lost: np.ndarray


def recorded_events(season: pd.DataFrame, on: pd.Timestamp, days: int) -> pd.DataFrame:
    """Events of table ``community_season`` in the first `days`: person, kind, day."""
    day = (season["date"] - on).dt.days
    here = season.assign(day=day)[(day >= 1) & (day <= days)]
    return here.sort_values(["person", "day", "kind"], ignore_index=True)[["person", "kind", "day"]]


def kind_shares(events: pd.DataFrame, people: pd.DataFrame) -> dict[bool, np.ndarray]:
    """Shares of :data:`SEVERE` among the register's events, of the old or sick of heart (True) and of all others."""
    frail = _frail(people).set_axis(people["person"])
    of = events["person"].map(frail)
    known = events[of.notna()].assign(frail=of[of.notna()].astype(bool))
    out = {}
    for group in (False, True):
        part = known.loc[known["frail"] == group, "kind"]
        # Where a group has no event yet, all events tell.
        counts = (part if len(part) else known["kind"]).value_counts().reindex(SEVERE, fill_value=0).to_numpy(float)
        if counts.sum() == 0:
            raise OutreachError("community_events has no event of a person in community_people; no season can be drawn")
        out[group] = counts / counts.sum()
    return out


def draw_events(
    rng: np.random.Generator,
    people: pd.DataFrame,
    chance: pd.DataFrame,
    shares: dict[bool, np.ndarray],
    pregnancies: pd.DataFrame,
    *,
    on: pd.Timestamp,
    quarter: int,
    days: int,
    rules: Rules | None = None,
) -> pd.DataFrame:
    """Draw the severe events and ends of pregnancies of a season: person, kind, day, as :func:`recorded_events`.

    Parameters
    ----------
    people, pregnancies : DataFrame
        Tables ``community_people`` and ``community_pregnancies``.
    chance : DataFrame
        person, chance: of table ``community_true_risk`` at the register's date, within `quarter` days, each as
        likely.
    shares : dict
        Of :func:`kind_shares`.
    on : Timestamp
        The register's date.
    days : int
        Later events are left out.
    """
    import pandas as pd

    rules = rules or load_outreach()
    alive = people[people["died_on"].isna()].sort_values("person")
    known = alive.merge(chance[["person", "chance"]], on="person")
    hit = known[rng.random(len(known)) < known["chance"]]
    day = rng.integers(1, quarter + 1, len(hit))
    u, frail = rng.random(len(hit)), _frail(hit).to_numpy()
    edges = np.where(frail[:, None], np.cumsum(shares[True]), np.cumsum(shares[False]))
    kind = np.array(SEVERE, dtype=object)[np.minimum((u[:, None] >= edges).sum(axis=1), len(SEVERE) - 1)]
    severe = pd.DataFrame({"person": hit["person"].to_numpy(), "kind": kind, "day": day})
    events = pd.concat([severe, _draw_ends(rng, pregnancies, on, rules)], ignore_index=True)
    return events[events["day"] <= days].sort_values(["person", "day", "kind"], ignore_index=True)


def make_season(
    rng: np.random.Generator,
    events: pd.DataFrame,
    district: District,
    *,
    days: int,
    rules: Rules | None = None,
) -> Season:
    """Add to `events` (person, kind, day) who tells when, which doors open, and which workers fall out.

    Raises
    ------
    OutreachError
        If an event is of a person whose home is not in the district.
    """
    rules = rules or load_outreach()
    strangers = events.loc[~events["person"].isin(district.home_of), "person"]
    if len(strangers):
        raise OutreachError(f"events: person {strangers.iloc[0]} has no home in community_people; drop the event")
    opened = rng.random((len(district.homes), days + 1)) >= rules("visits", "not_admitted")
    sick = rng.random((len(district.workers), days + 1)) < rules("visits", "worker_lost")
    areas, area = np.unique(district.worker_area, return_inverse=True)
    storm = rng.random((len(areas), days + 1)) < rules("visits", "weather_lost")
    signs = events[events["kind"] == "danger_sign"]
    n, begin = len(signs), signs["day"].to_numpy(int)
    tells = rng.random(n) < rules("signs", "reported")
    wait = _between(rng, rules, "signs", "report_days", n)
    return Season(
        days, signs["person"].to_numpy(object),
        np.array([district.home_of[person] for person in signs["person"]], dtype=int), begin,
        np.where(tells, begin + wait, 0), begin + int(rules("signs", "lasts_days")),
        rng.random((n, days + 1)) < rules("signs", "seen"), _between(rng, rules, "signs", "look_again_days", n),
        dict(events.loc[events["kind"] == "death", ["person", "day"]].itertuples(index=False, name=None)),
        _ended(rng, events, district, rules), _facility(rng, district, days, rules), opened, sick | storm[area],
    )  # fmt: skip


def _frail(people: pd.DataFrame) -> pd.Series:
    """Aged 60 and more, or sick of heart: their events end worse."""
    old = (people["age_years"] >= 60).fillna(False).astype(bool)
    return old | (people["heart_disease"] == 1).fillna(False).astype(bool)


def _between(rng: np.random.Generator, rules: Rules, section: str, name: str, size: int) -> np.ndarray:
    low, high = int(rules(section, f"{name}_least")), int(rules(section, f"{name}_most"))
    return rng.integers(low, high + 1, size)


def going_on(pregnancies: pd.DataFrame) -> pd.DataFrame:
    """Pregnancies of whose end nothing is recorded, and whose family wants visits."""
    known = pregnancies[["ended_on", "end_recorded_on", "muted_on"]].notna().any(axis=1)
    return pregnancies[~known].sort_values("pregnancy")


def _draw_ends(rng: np.random.Generator, pregnancies: pd.DataFrame, on: pd.Timestamp, rules: Rules) -> pd.DataFrame:
    """Day and kind of the end of every pregnancy that goes on, by how far it has come."""
    import pandas as pd

    going = going_on(pregnancies)
    n = len(going)
    known = (on - going["lmp_on"]).dt.days.to_numpy(float)
    guess = (on - going["registered_on"]).dt.days.to_numpy() + _between(rng, rules, "pregnancies", "registered_day", n)
    along = np.where(np.isnan(known), guess, known)
    early = rules("pregnancies", "lost_before_day")
    lost = rng.random(n) < rules("pregnancies", "lost") * np.clip(1 - along / early, 0, 1)
    length = rng.normal(rules("pregnancies", "length_days"), rules("pregnancies", "length_sd_days"), n)
    # Whoever is past her day gives birth within the next week.
    birth = np.maximum(np.round(length - along), rng.integers(1, 8, n))
    loss = np.ceil(rng.random(n) * np.maximum(early - along, 1))
    # Far past any term it has ended before, and nobody has written it down.
    stale = along > rules("pregnancies", "length_days") + 4 * rules("pregnancies", "length_sd_days")
    kind = np.where(lost, "pregnancy_loss", "delivery").astype(object)
    day = np.where(lost, loss, birth).astype(int)
    return pd.DataFrame({"person": going["person"].to_numpy(), "kind": kind, "day": day})[~stale]


def _ended(rng: np.random.Generator, events: pd.DataFrame, district: District, rules: Rules) -> dict:
    """Ends by pregnancy, with the day on which they are told."""
    ends = events[events["kind"].isin(ENDS)]
    told = rng.integers(0, int(rules("pregnancies", "told_days_most")) + 1, len(ends))
    out = {}
    for (person, kind, day), wait in zip(ends.itertuples(index=False, name=None), told, strict=True):
        pregnancy = district.pregnancy_of.get(person)
        if pregnancy is not None:
            out[pregnancy] = (int(day), kind, int(day + wait))
    return out


def _facility(rng: np.random.Generator, district: District, days: int, rules: Rules) -> dict[str, np.ndarray]:
    out = {}
    for pregnancy in sorted(district.pregnancy_of.values()):
        agreed = rng.random(days + 1) < rules("pregnancies", "facility_agreed")
        out[pregnancy] = np.where(agreed, _between(rng, rules, "pregnancies", "facility_days", days + 1), 0)
    return out
