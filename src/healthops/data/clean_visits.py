"""Clean what was written down over time in a register: pregnancies, visits with their measurements, severe events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from healthops.data import register_files as files
from healthops.data.clean_register import Register, days
from healthops.data.follow_up_rules import FORMS
from healthops.data.raw_files import number, one_of
from healthops.data.register_files import VITALS, register_path

if TYPE_CHECKING:
    import pandas as pd


def clean_pregnancies(register: Register, persons: dict[str, str]) -> pd.DataFrame:
    """Return table ``community_pregnancies``; a last period after the registration becomes unknown."""
    import pandas as pd

    name = "community_pregnancies"
    frame, file = register.open(name)
    ids = register.ids(frame["pregnancy"], "G")
    frame = _of_known(register, name, register.once(name, frame, file, ids), persons, ids)
    start, lmp = days(frame, "registered_on", file), days(frame, "lmp_on", file)
    late = lmp > start
    reason = "last period after the registration: unknown"
    register.repair(name, "lmp_after_registration", reason, frame, late, ids, "lmp_on", tell=True)
    outcome, muted = (
        one_of(frame, column, ("", *choices), file=file).replace("", None)
        for column, choices in (("outcome", files.OUTCOMES), ("muted_reason", files.MUTED))
    )
    out = pd.DataFrame({
        "pregnancy": ids.loc[frame.index], "person": frame["person"].map(persons), "registered_on": start,
        "lmp_on": lmp.mask(late), "ended_on": days(frame, "ended_on", file), "outcome": outcome,
        "end_recorded_on": days(frame, "end_recorded_on", file), "baby": frame["baby"].map(persons),
        "muted_on": days(frame, "muted_on", file), "muted_reason": muted,
    })  # fmt: skip
    return register.keep(name, out)


def clean_visits(register: Register, persons: dict[str, str], staff: dict[str, str]) -> pd.DataFrame:
    """Return table ``community_visits``.

    Set aside: repeats, unknown people, days after the register's. Put right: upper and lower blood pressure exchanged.
    Set to missing: what nobody alive has (``vitals`` of ``community.yaml``), a follow-up before its visit.
    """
    import pandas as pd

    name = "community_visits"
    frame, file = register.open(name)
    ids = register.ids(frame["visit"], "V")
    frame = _of_known(register, name, register.once(name, frame, file, ids), persons, ids)
    frame = _not_later(register, name, frame, file, ids)
    day, again = days(frame, "date", file), days(frame, "follow_up_on", file)
    early = again < day
    reason = "follow-up before the visit: missing"
    register.repair(name, "follow_up_before_visit", reason, frame, early, ids, "follow_up_on", tell=True)
    pregnant = frame["pregnancy"]
    out = pd.DataFrame({
        "visit": ids.loc[frame.index], "person": frame["person"].map(persons), "pregnancy": register.ids(pregnant, "G"),
        "worker": frame["worker"].map(staff), "date": day, "form": one_of(frame, "form", FORMS, file=file),
        **_vitals(register, frame, file, ids),
        "danger_signs": number(frame, "danger_signs", file=file, low=0, high=20).astype("Int64"),
        "referral": one_of(frame, "referral", ("yes", "no"), file=file) == "yes", "follow_up_on": again.mask(early),
        "next_facility_visit_on": days(frame, "next_facility_visit_on", file),
    })  # fmt: skip
    return register.keep(name, out)


def clean_events(register: Register, persons: dict[str, str]) -> pd.DataFrame:
    """Return table ``community_events``: severe events up to the register's date."""
    name = "community_events"
    frame, file = register.open(name)
    ids = register.ids(frame["event"], "E")
    frame = _of_known(register, name, register.once(name, frame, file, ids), persons, ids)
    frame = _not_later(register, name, frame, file, ids)
    return register.keep(name, _events(register, frame, file, ids, persons, files.EVENT_KINDS))


def read_season(register: Register, persons: dict[str, str]) -> pd.DataFrame:
    """Return table ``community_season``: what a simulator lets happen after the register's date."""
    name = "community_season"
    frame, file = register.open(name)
    ids = register.ids(frame["event"], "E")
    return register.keep(name, _events(register, frame, file, ids, persons, files.SEASON_KINDS))


def read_true_risk(register: Register, persons: dict[str, str]) -> pd.DataFrame:
    """Return table ``community_true_risk``: the chance by which a simulator drew each landmark's outcome."""
    import pandas as pd

    name = "community_true_risk"
    frame, file = register.open(name)
    chance = number(frame, "chance", file=file, low=0, high=1, missing=())
    out = pd.DataFrame({"person": frame["person"].map(persons), "date": days(frame, "date", file), "chance": chance})
    return register.keep(name, out)


def landmarks(
    people: pd.DataFrame, born: pd.Series, events: pd.DataFrame, *, on: pd.Timestamp, window: int, rounds: int
) -> pd.DataFrame:
    """Return table ``community_landmarks``: who was followed from which day on, and whether a severe event came.

    Parameters
    ----------
    people, events : DataFrame
        The cleaned tables.
    born : Series
        Day of birth by person, where it is known.
    on : Timestamp
        The register's date, the last landmark: its outcome is not known yet, and missing.
    window : int
        Days of the outcome, and between landmarks.
    rounds : int
        Landmarks before `on`.
    """
    import pandas as pd

    parts = []
    birth = born.reindex(people["person"]).set_axis(people.index)
    for k in range(rounds, -1, -1):
        day = on - pd.Timedelta(days=k * window)
        here = (people["registered_on"] < day) & ~(people["died_on"] <= day) & ~(birth >= day)
        counted = np.floor((day - birth).dt.days / 365.25)
        guess = (people["age_years"].astype("Float64") - k * window / 365.25).clip(lower=0)
        age = counted.where(birth.notna(), np.floor(guess.astype("float64")))
        inside = events[(events["date"] > day) & (events["date"] <= day + pd.Timedelta(days=window))]
        first = inside.groupby("person")["date"].min().reindex(people["person"]).set_axis(people.index)
        part = pd.DataFrame({"person": people["person"], "date": day, "age_years": age.astype("Int64")})
        part["event"] = first.notna().astype("Int64") if k else pd.Series(pd.NA, index=part.index, dtype="Int64")
        part["event_on"] = pd.to_datetime(first)
        parts.append(part[here])
    return pd.concat(parts, ignore_index=True).assign(basis=people["basis"].iloc[0] if len(people) else "")


def _of_known(
    register: Register, name: str, frame: pd.DataFrame, persons: dict[str, str], ids: pd.Series
) -> pd.DataFrame:
    unknown = ~frame["person"].isin(list(persons))
    register.set_aside(name, "unknown_person", "of a person who is not in the register", frame, unknown, ids)
    return frame[~unknown]


def _not_later(register: Register, name: str, frame: pd.DataFrame, file: str, ids: pd.Series) -> pd.DataFrame:
    late = days(frame, "date", file) > register.on
    register.set_aside(name, "future_date", "dated after the register", frame, late, ids)
    return frame[~late]


def _vitals(register: Register, frame: pd.DataFrame, file: str, ids: pd.Series) -> dict[str, pd.Series]:
    """Measurements as they can be; what is missing is counted in the ledger."""
    name = "community_visits"
    values = {column: number(frame, column, file=file, low=-10_000, high=10_000) for column in VITALS}
    upper, lower = values["systolic_mmhg"], values["diastolic_mmhg"]
    bounds = {column: register.rules.vital(column) for column in VITALS}
    swapped = (
        (lower > upper) & lower.between(*bounds["systolic_mmhg"]) & upper.between(*bounds["diastolic_mmhg"])
    )  # fmt: skip
    reason = "lower blood pressure above the upper: exchanged"
    register.repair(name, "swapped_pressures", reason, frame, swapped, ids, "systolic_mmhg", tell=True)
    values["systolic_mmhg"], values["diastolic_mmhg"] = upper.where(~swapped, lower), lower.where(~swapped, upper)
    source = register_path(register.folder, name).name
    for column, value in values.items():
        # Too many to list one by one; a measurement that is missing is missing in the table too.
        register.faults.ledger.flag(source, name, int(value.isna().sum()), f"{column} not measured")
        low, high = bounds[column]
        wrong = value.notna() & ~value.between(low, high)
        reason = f"{column} outside {low:g} to {high:g}: set to missing"
        register.repair(name, f"impossible_{column}", reason, frame, wrong, ids, column, tell=True)
        values[column] = value.mask(wrong)
    return values


def _events(
    register: Register, frame: pd.DataFrame, file: str, ids: pd.Series, persons: dict[str, str], kinds: tuple[str, ...]
) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({
        "event": ids.loc[frame.index], "person": frame["person"].map(persons), "date": days(frame, "date", file),
        "kind": one_of(frame, "kind", kinds, file=file),
    })  # fmt: skip
