"""Appointments of the synthetic country, and who comes to them: a known law, so that models can be judged by it.

The log-odds of a no-show are a sum of what stands in the table and of what came of the patient's earlier appointments
whose day lay **strictly before** that of the booking: nothing that a model could not know when the reminder is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.synthetic_clinics import BOOKED, CLINICS, holidays_of

if TYPE_CHECKING:
    import pandas as pd

#: Appointments a patient and year, on average; most appointments of a provider's day, and when it counts as full.
_VISITS, _SESSION, _FULL = 4.4, 20, 22
_SLOT_MIN, _MORNING, _AFTERNOON, _HALF = 20, 480, 780, 12
_SAME_DAY, _LEAD_SHAPE, _LEAD_SCALE, _LONGEST = 0.34, 1.1, 12.0, 150
_REMINDED, _REMINDER_LEAD = 0.65, 3
_NEIGHBOURHOODS = 6


@dataclass(frozen=True)
class Law:
    """Log-odds of a no-show.

    `history` is of the patient's share of earlier no-shows, drawn towards `typical` as by `weight` appointments, less
    `typical`.
    """

    intercept: float = -2.0
    same_day: float = -1.3
    lead: float = 0.42  # of log(1 + days)
    reminder: float = -0.45
    welfare: float = 0.35
    young: float = 0.45  # from 15 to 29 years
    old: float = -0.4  # from 60 years
    ends_of_week: float = 0.12  # Monday and Friday
    history: float = 3.5
    typical: float = 0.2
    weight: float = 2.0

    def past(self, missed: int, known: int) -> float:
        """Share of earlier no-shows, drawn towards the typical one."""
        return (missed + self.weight * self.typical) / (known + self.weight)


LAW = Law()


def draw_people(rng: np.random.Generator, clinics: list[str], appointments: int) -> pd.DataFrame:
    """Draw the patients: who they are, where they live, how often they come."""
    import pandas as pd

    size = max(60, round(appointments / _VISITS))
    share = np.array([CLINICS[c][0] for c in clinics])
    home = rng.choice(len(clinics), size, p=share / share.sum())
    child = rng.random(size) < 0.25
    age = np.floor(np.where(child, 15 * rng.random(size), 15 + 75 * rng.beta(1.4, 1.8, size))).astype(int)
    female = rng.random(size) < 0.62
    area = rng.integers(0, _NEIGHBOURHOODS, size)
    # Of each clinic's neighbourhoods, the last are the poorest.
    poor = 0.03 + 0.06 * area
    older = np.clip((age - 30) / 50, 0, 1)
    return pd.DataFrame({
        "patient": [str(100_000 + k) for k in range(size)],
        "clinic": np.array(clinics, dtype=object)[home],
        "age_years": age,
        "sex": np.where(female, "female", "male"),
        "neighbourhood": [f"{clinics[c].upper()} {a + 1}" for c, a in zip(home, area, strict=True)],
        "area": area,
        "welfare": rng.random(size) < poor,
        "hypertension": rng.random(size) < 0.02 + 0.5 * older,
        "diabetes": rng.random(size) < 0.01 + 0.2 * older,
        "alcoholism": (rng.random(size) < 0.04) & (age >= 18),
        "handicaps": np.minimum(rng.poisson(0.02, size) + (rng.random(size) < 0.002), 4),
        "pregnant": female & (age >= 16) & (age <= 42) & (rng.random(size) < 0.4),
        "often": rng.gamma(0.9, 1.0, size) + 0.15,
    })  # fmt: skip


def draw_appointments(
    rng: np.random.Generator,
    people: pd.DataFrame,
    patients: pd.DataFrame,
    skills: pd.DataFrame,
    days: np.ndarray,
    appointments: int,
    law: Law = LAW,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw the appointments of `days`.

    Parameters
    ----------
    people : DataFrame
        Of :func:`draw_people`.
    patients : DataFrame
        Table ``patients``: what they prefer.
    skills : DataFrame
        Columns provider, service and clinic.
    days : array of datetime64[D]
        Clinics are open from Monday to Friday, but on holidays.
    appointments : int
        How many, less those that would be the second of a patient on one day.

    Returns
    -------
    appointments, law : DataFrame
        Tables ``appointments`` and ``no_show_law``; the former with `booked_at`, minutes since 1970.
    """
    everyday = np.arange(days[0] - _LONGEST - 14, days[-1] + 1)
    is_open = ((everyday.astype(int) + 3) % 7 < 5) & ~holidays_of(everyday)
    frame = _ask(rng, people, everyday[is_open & (everyday >= days[0])], appointments)
    frame = frame.merge(patients[["patient", "prefers", "preferred_provider"]], on="patient", how="left")
    _book(rng, frame, everyday, is_open)
    _place(rng, frame, skills)
    earliest = np.where(frame["lead_days"] == 0, frame["start_minute"] - 10, 1080)
    frame["booked_minute"] = np.floor(420 + rng.random(len(frame)) * np.maximum(earliest - 420, 1)).astype(int)
    frame["booked_at"] = frame["booked"] * 1440 + frame["booked_minute"]
    frame = frame.sort_values(["booked_at", "day", "patient"], kind="stable", ignore_index=True)
    frame["appointment"] = [str(5_000_001 + k) for k in range(len(frame))]
    frame["reminder"] = (frame["lead_days"] >= _REMINDER_LEAD) & (rng.random(len(frame)) < _REMINDED)
    chance = _attend(rng, frame, law)
    return frame, frame[["appointment"]].assign(no_show_probability=chance)


def _ask(rng: np.random.Generator, people: pd.DataFrame, days: np.ndarray, size: int) -> pd.DataFrame:
    """Who gets an appointment on which of the open days."""
    busy = np.array([1.15, 1.05, 1.0, 0.98, 0.9])[(days.astype(int) + 3) % 7] * rng.lognormal(0, 0.06, len(days))
    weight = people["often"].to_numpy()
    who = rng.choice(len(people), size, p=weight / weight.sum())
    day = days[rng.choice(len(days), size, p=busy / busy.sum())]
    frame = people.iloc[who].reset_index(drop=True)
    frame["day"] = day.astype(int)
    frame["service"] = np.where(frame["pregnant"], BOOKED[1], BOOKED[0])
    # Nobody has two appointments on a day.
    frame = frame.drop_duplicates(["patient", "day"])
    return frame.sort_values(["day", "clinic", "patient"], ignore_index=True)


def _book(rng: np.random.Generator, frame: pd.DataFrame, everyday: np.ndarray, is_open: np.ndarray) -> None:
    """Add the day of the booking, an open one, and the lead."""
    size = len(frame)
    wish = 1 + np.floor(rng.gamma(_LEAD_SHAPE, _LEAD_SCALE, size)).astype(int)
    lead = np.where(rng.random(size) < _SAME_DAY, 0, np.minimum(wish, _LONGEST))
    before = np.maximum.accumulate(np.where(is_open, np.arange(len(everyday)), 0))
    at = before[frame["day"].to_numpy() - lead - int(everyday[0].astype(int))]
    frame["booked"] = everyday[at].astype(int)
    frame["lead_days"] = frame["day"] - frame["booked"]


def _place(rng: np.random.Generator, frame: pd.DataFrame, skills: pd.DataFrame) -> None:
    """Add provider and start: with whom and when the patient prefers, as far as that provider is there and is free."""
    luck = rng.random(len(frame))
    provider = np.empty(len(frame), dtype=object)
    start = np.zeros(len(frame), dtype=int)
    able = {key: group.to_list() for key, group in skills.groupby(["clinic", "service"])["provider"]}
    wish = frame["prefers"].map({"morning": 0.0, "any": 0.35, "afternoon": 0.7}).to_numpy() + 0.5 * luck
    for (_, clinic), day in frame.groupby(["day", "clinic"], sort=True):
        there: set[str] = set()
        for service in reversed(BOOKED):
            rows = day.index[day["service"] == service]
            if len(rows):
                names = [p for p in able[clinic, service] if p not in there] or able[clinic, service]
                on_duty = [names[k] for k in rng.permutation(len(names))[: -(-len(rows) // _SESSION)]]
                provider[rows] = _share_out(frame["preferred_provider"].loc[rows], on_duty)
                there.update(on_duty)
        taken = provider[day.index]
        for name in sorted(there):
            rows = day.index[taken == name]
            start[rows[np.argsort(wish[rows], kind="stable")]] = _slots(rng, len(rows))
    frame["provider"], frame["start_minute"] = provider, start


def _share_out(preferred: pd.Series, on_duty: list[str]) -> list[str]:
    """Who sees each patient: the one that it prefers, if there and not nearly full, else whoever has the fewest."""
    load, out = dict.fromkeys(on_duty, 0), []
    for wanted in preferred:
        name = wanted if load.get(wanted, _FULL) < _FULL else min(on_duty, key=load.__getitem__)
        load[name] += 1
        out.append(name)
    return out


def _slots(rng: np.random.Generator, size: int) -> np.ndarray:
    """Starts of `size` appointments of a provider on a day, in ascending order, minutes: some of the slots, or all."""
    slots = np.sort(rng.choice(2 * _HALF, size, replace=False)) if size <= 2 * _HALF else np.arange(size)
    times = np.where(slots < _HALF, _MORNING + _SLOT_MIN * slots, _AFTERNOON + _SLOT_MIN * (slots - _HALF))
    return np.minimum(times, 1430)


def _attend(rng: np.random.Generator, frame: pd.DataFrame, law: Law) -> np.ndarray:
    """Add who does not come, day by day, and return the probabilities."""
    area = rng.normal(0, 0.15, _NEIGHBOURHOODS) + 0.1 * np.arange(_NEIGHBOURHOODS)
    age, lead = frame["age_years"].to_numpy(), frame["lead_days"].to_numpy()
    weekday = (frame["day"].to_numpy() + 3) % 7
    score = (
        law.intercept + law.same_day * (lead == 0) + law.lead * np.log1p(lead) + law.reminder * frame["reminder"]
        + law.welfare * frame["welfare"] + law.young * ((age >= 15) & (age < 30)) + law.old * (age >= 60)
        + law.ends_of_week * ((weekday == 0) | (weekday == 4)) + (area - area.mean())[frame["area"].to_numpy()]
    ).to_numpy()  # fmt: skip
    luck = rng.random(len(frame))
    chance, missed = np.zeros(len(frame)), np.zeros(len(frame), dtype=bool)
    past: Mapping[str, list[tuple[int, bool]]] = {name: [] for name in frame["patient"].unique()}
    patient, booked, day = frame["patient"].to_numpy(), frame["booked"].to_numpy(), frame["day"].to_numpy()
    for k in np.lexsort((np.arange(len(frame)), day)):
        known = [out for when, out in past[patient[k]] if when < booked[k]]
        log_odds = score[k] + law.history * (law.past(sum(known), len(known)) - law.typical)
        chance[k] = round(float(1 / (1 + np.exp(-log_odds))), 6)
        missed[k] = luck[k] < chance[k]
        past[patient[k]].append((day[k], bool(missed[k])))
    frame["no_show"] = missed
    return chance
