"""Staff, patients' preferences and service times: read where somebody recorded them, drawn where nobody did."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from healthops.data import staff
from healthops.data.campaign_rules import Rules
from healthops.data.clinic_files import Sieve, among, dates, flags, open_clinic_file, optional
from healthops.data.errors import RawFileError
from healthops.data.ledger import Ledger
from healthops.data.raw_files import number, one_of, whole
from healthops.data.raw_layout import RAW_PATHS

if TYPE_CHECKING:
    import pandas as pd

_SHIFTS = ("early", "late", "night", "any")


def assume_staff(
    rng: np.random.Generator, arrivals: pd.DataFrame, appointments: pd.DataFrame, *, people: int, rules: Rules
) -> dict[str, pd.DataFrame]:
    """Draw the tables of staff by stated assumptions.

    Parameters
    ----------
    arrivals, appointments : DataFrame
        Tables ``hourly_arrivals`` and ``appointments``: they say which services a clinic has, and when its records end.
    people : int
        Providers of all clinics together.
    """
    import pandas as pd

    seen = pd.concat([arrivals[["clinic", "service", "date"]], appointments[["clinic", "service", "date"]]])
    services = {c: sorted(g["service"].unique()) for c, g in seen.groupby("clinic")}
    last = {c: day.to_datetime64() for c, day in seen.groupby("clinic")["date"].max().items()}
    providers, skills = staff.draw_providers(rng, services, people, rules, walk_in=set(arrivals["service"]))
    placed = skills.merge(providers[["provider", "clinic"]], on="provider")
    by_last = appointments.sort_values(["patient", "date"]).drop_duplicates("patient", keep="last")
    able = placed[placed["service"].isin(appointments["service"])].drop_duplicates("provider")
    tables = {
        "providers": providers,
        "provider_skills": skills,
        "provider_availability": staff.draw_availability(rng, providers, last, rules),
        "provider_requests": staff.draw_requests(rng, providers, last, rules),
        "patients": staff.draw_patients(rng, by_last[["patient", "clinic"]], able, rules),
        "service_times": staff.draw_service_times(rng, _visits(rng, arrivals, appointments, rules), placed, rules),
    }
    return {name: frame.assign(basis="assumed") for name, frame in tables.items()}


def _visits(rng: np.random.Generator, arrivals: pd.DataFrame, appointments: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Visits whose times are drawn: so many appointments that were kept, and so many arrivals, of all clinics."""
    import pandas as pd

    size = int(rules("service spread", "sample"))
    attended = kept_appointments(appointments)
    chosen = np.sort(rng.choice(len(attended), min(size, len(attended)), replace=False))
    return pd.concat([attended.iloc[chosen], draw_arrivals(rng, arrivals, size)], ignore_index=True)


def kept_appointments(appointments: pd.DataFrame) -> pd.DataFrame:
    """Appointments to which the patient came: columns of :func:`healthops.data.staff.draw_service_times`."""
    order = appointments.sort_values(["patient", "date", "booked_date", "appointment"])
    came = order[~order["no_show"]]
    first = ~came.duplicated("patient")
    columns = ["appointment", "clinic", "service", "provider", "date", "age_years"]
    return came[columns].assign(first_visit=first).sort_values(["date", "appointment"], ignore_index=True)


def draw_arrivals(rng: np.random.Generator, arrivals: pd.DataFrame, size: int) -> pd.DataFrame:
    """Draw `size` of all arrivals, with the columns of :func:`kept_appointments`; nothing is known of the person."""
    import pandas as pd

    some = arrivals[arrivals["arrivals"].fillna(0) > 0]
    weight = some["arrivals"].to_numpy(dtype=float)
    rows = np.sort(rng.choice(len(some), size, p=weight / weight.sum()))
    out = some.iloc[rows][["clinic", "service", "date"]].reset_index(drop=True)
    age = pd.array([pd.NA] * size, dtype="Int64")
    return out.assign(appointment=None, provider=None, age_years=age, first_visit=False)


def clean_staff(
    raw: Path, clinics: pd.DataFrame, appointments: pd.DataFrame, services: set[str], ledger: Ledger
) -> dict[str, pd.DataFrame]:
    """Read the tables of staff, and ``appointments`` again, whose providers they know.

    Set aside are providers without a skill and what is said of them, windows that close before they open, windows that
    overlap an earlier one of the same provider (which is widened), visits that took no time or less, and exact repeats.
    Where an appointment or a wish names a provider without a skill, it names none.

    Parameters
    ----------
    clinics, appointments : DataFrame
        The tables of these names.
    services : set of str
        Those that the clinics offer.

    Raises
    ------
    RawFileError
        If a row names what is unknown, a cell is not what it should be, or a key occurs twice with different contents.
    """
    read = _Reader(raw, ledger, set(clinics["clinic"]), services)
    skills = read.skills()
    providers = read.providers(set(skills["provider"]))
    skills = read.known_skills(skills, providers)
    tables = {
        "providers": providers,
        "provider_skills": skills,
        "provider_availability": read.availability(providers),
        "provider_requests": read.requests(providers),
        "patients": read.patients(appointments, providers),
        "service_times": read.service_times(appointments, providers),
    }
    named = read.appointments(appointments, providers)
    return {"appointments": named} | {name: frame.assign(basis="data") for name, frame in tables.items()}


class _Reader:
    """Reads the files of staff; each method returns a table without its `basis`."""

    def __init__(self, raw: Path, ledger: Ledger, clinics: set[str], services: set[str]) -> None:
        self.raw, self.ledger, self.clinics, self.services = raw, ledger, clinics, services
        self.everyone: set[str] = set()

    def _open(self, name: str, table: str) -> tuple[pd.DataFrame, str]:
        return open_clinic_file(self.raw, name, table, self.ledger)

    def _sieve(self, rows: pd.DataFrame, frame: pd.DataFrame, file: str, table: str) -> Sieve:
        sieve = Sieve(rows, self.ledger, file, table)
        sieve.drop(frame.duplicated(), "repeats an earlier row in every cell")
        return sieve

    def skills(self) -> pd.DataFrame:
        """Skills as they stand; checked by :meth:`known_skills` when the providers are known."""
        frame, self.skills_file = self._open("clinic_skills", "provider_skills")
        among(frame, "service", self.services, self.skills_file)
        return frame

    def providers(self, skilled: set[str]) -> pd.DataFrame:
        """Providers with at least one skill."""
        frame, file = self._open("clinic_providers", "providers")
        limits = {"max_days_in_row": (1, 14), "min_days_in_row": (1, 7), "min_days_off": (1, 7), "max_weekends": (0, 4)}
        rows = frame.assign(
            clinic=among(frame, "clinic", self.clinics, file),
            contract_hours=number(frame, "contract_hours", file=file, low=1, high=60, missing=()),
            nights=flags(frame, "nights", file),
            **{name: whole(frame, name, file=file, low=low, high=high) for name, (low, high) in limits.items()},
        )
        self.everyone = set(rows["provider"])
        sieve = self._sieve(rows, frame, file, "providers")
        sieve.refuse(
            sieve.frame["min_days_in_row"] > sieve.frame["max_days_in_row"], "provider",
            "must work longer stretches than it may; correct min_days_in_row or max_days_in_row",
        )  # fmt: skip
        sieve.drop(~sieve.frame["provider"].isin(skilled), "a provider with no skill: nothing can be asked of it")
        return sieve.keep("provider")

    def known_skills(self, frame: pd.DataFrame, providers: pd.DataFrame) -> pd.DataFrame:
        """Skills of providers that are there."""
        among(frame, "provider", set(providers["provider"]), self.skills_file)
        return self._sieve(frame, frame, self.skills_file, "provider_skills").keep("provider", "service")

    def availability(self, providers: pd.DataFrame) -> pd.DataFrame:
        """Windows that open before they close and do not overlap."""
        table = "provider_availability"
        frame, file = self._open("clinic_availability", table)
        among(frame, "provider", self.everyone, file)
        rows = frame.assign(
            date=dates(frame, "date", file),
            start_minute=whole(frame, "start_minute", file=file, low=0, high=1440),
            end_minute=whole(frame, "end_minute", file=file, low=0, high=2880),
        )
        sieve = self._sieve(rows, frame, file, table)
        sieve.drop(~sieve.frame["provider"].isin(providers["provider"]), "of a provider with no skill")
        sieve.drop(sieve.frame["end_minute"] <= sieve.frame["start_minute"], "closes before it opens, or as it opens")
        merged, swallowed = merge_windows(sieve.frame)
        sieve.drop(swallowed, "overlaps an earlier window of the same provider; the earlier one was widened")
        sieve.frame = merged
        return sieve.keep("provider", "date", "start_minute")

    def requests(self, providers: pd.DataFrame) -> pd.DataFrame:
        """Wishes and days off."""
        frame, file = self._open("clinic_requests", "provider_requests")
        among(frame, "provider", self.everyone, file)
        rows = frame.assign(
            date=dates(frame, "date", file),
            kind=one_of(frame, "kind", ("on", "off", "day_off"), file=file),
            shift=one_of(frame, "shift", _SHIFTS, file=file),
            weight=whole(frame, "weight", file=file, low=0, high=10),
        )
        sieve = self._sieve(rows, frame, file, "provider_requests")
        left = sieve.frame
        sieve.refuse((left["kind"] == "day_off") != (left["shift"] == "any"), "shift",
                     "does not fit its kind: a day off is of any shift, a wish of one")  # fmt: skip
        sieve.drop(~left["provider"].isin(providers["provider"]), "of a provider with no skill")
        return sieve.keep("provider", "date", "kind", "shift")

    def appointments(self, appointments: pd.DataFrame, providers: pd.DataFrame) -> pd.DataFrame:
        """Appointments, checked for their providers."""
        table, file = "appointments", RAW_PATHS["clinic_appointments"].name
        stranger = appointments["provider"].notna() & ~appointments["provider"].isin(self.everyone)
        if stranger.any():
            name, number = appointments.loc[stranger, ["provider", "appointment"]].iloc[0]
            raise RawFileError(
                f"{file}, column 'provider': appointment {number} is of the provider {name!r}, who is not known; add "
                f"it to {RAW_PATHS['clinic_providers'].name} or leave the cell empty"
            )
        return self._skilled(appointments, "provider", providers, file, table)

    def _skilled(
        self, frame: pd.DataFrame, column: str, providers: pd.DataFrame, file: str, table: str
    ) -> pd.DataFrame:
        """Leave out a provider without a skill."""
        idle = frame[column].notna() & ~frame[column].isin(providers["provider"])
        self.ledger.repair(file, table, int(idle.sum()), "names a provider with no skill; names none")
        return frame.assign(**{column: frame[column].where(~idle, None)})

    def patients(self, appointments: pd.DataFrame, providers: pd.DataFrame) -> pd.DataFrame:
        """What patients with an appointment prefer."""
        frame, file = self._open("clinic_patients", "patients")
        among(frame, "clinic", self.clinics, file)
        among(frame, "preferred_provider", self.everyone | {""}, file)
        rows = frame.assign(
            prefers=one_of(frame, "prefers", ("morning", "afternoon", "any"), file=file),
            preferred_provider=optional(frame, "preferred_provider"),
        )
        sieve = self._sieve(rows, frame, file, "patients")
        sieve.drop(~sieve.frame["patient"].isin(appointments["patient"]), "has no appointment")
        return self._skilled(sieve.keep("patient"), "preferred_provider", providers, file, "patients")

    def service_times(self, appointments: pd.DataFrame, providers: pd.DataFrame) -> pd.DataFrame:
        """Visits that took some time."""
        frame, file = self._open("clinic_service_times", "service_times")
        among(frame, "clinic", self.clinics, file)
        among(frame, "service", self.services, file)
        among(frame, "provider", self.everyone, file)
        among(frame, "appointment", {*appointments["appointment"], ""}, file)
        rows = frame.assign(
            appointment=optional(frame, "appointment"),
            date=dates(frame, "date", file),
            minutes=number(frame, "minutes", file=file, low=-600, high=600, missing=()),
            late_minutes=number(frame, "late_minutes", file=file, low=-180, high=180),
            first_visit=flags(frame, "first_visit", file),
            age_years=number(frame, "age_years", file=file, low=0, high=120).astype("Int64"),
        )
        sieve = self._sieve(rows, frame, file, "service_times")
        sieve.drop(~sieve.frame["provider"].isin(providers["provider"]), "of a provider with no skill")
        sieve.drop(sieve.frame["minutes"] <= 0, "took no time, or less")
        return sieve.keep("visit")


def merge_windows(windows: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Merge the windows of a provider that overlap; those that only touch stay two.

    Parameters
    ----------
    windows : DataFrame
        Columns provider, date, start_minute, end_minute (above 1,440: on the next day), each window of positive length.

    Returns
    -------
    merged : DataFrame
        The first window of each run of overlapping ones, widened to the end of the run.
    swallowed : Series of bool
        Of the index of `windows`: the others.
    """
    import pandas as pd

    day = windows["date"].to_numpy().astype("datetime64[D]").astype(int) * 1440
    order = windows.assign(_from=day + windows["start_minute"], _to=day + windows["end_minute"])
    order = order.sort_values(["provider", "_from", "_to"], kind="stable")
    reach = order.groupby("provider")["_to"].cummax()
    before = reach.groupby(order["provider"]).shift()
    opens = before.isna() | (order["_from"] >= before)
    run = opens.cumsum()
    merged = order[opens].copy()
    merged["end_minute"] += order.groupby(run)["_to"].max().to_numpy() - merged["_to"].to_numpy()
    return merged.drop(columns=["_from", "_to"]), pd.Series(~opens, index=order.index).reindex(windows.index)
