"""A roster problem from the workspace's tables of one service of one clinic, and a roster as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from healthops.data.shift_instances import Cover, Employee, Request, Shift, ShiftInstance
from healthops.schedule.roster import FairShare, Roster, RosterError, RosterProblem

_DAY = 24 * 60


@dataclass(frozen=True)
class Terms:
    """What the tables do not say of a roster.

    Attributes
    ----------
    rest_minutes : int
        Least rest between two shifts, minutes (assumption ``contract, rest_hours``).
    least_share : float
        Share of the contract's hours that everybody works at least.
    under_weight, over_weight : int
        Cost of each person too few and too many on a shift.
    night_weight : int
        Cost of each night beyond the fair share: nights that are wanted, by contract hours of those who may work them.
    """

    rest_minutes: int
    least_share: float
    under_weight: int = 100
    over_weight: int = 1
    night_weight: int = 5


def roster_problem(
    tables: Mapping[str, pd.DataFrame], cover: pd.DataFrame, terms: Terms, *, clinic: str, service: str
) -> RosterProblem:
    """Problem of the providers of a clinic who can give a service.

    Parameters
    ----------
    tables : mapping
        Name -> table: ``providers``, ``provider_skills``, ``provider_availability``, ``provider_requests`` and
        ``shift_types``.
    cover : DataFrame
        date, shift, required: persons. Its days are the horizon, which begins on a Monday.
    terms : Terms
    clinic, service : str

    Raises
    ------
    RosterError
        Nobody with the skill; a horizon that does not begin on a Monday or has gaps; a shift that ``shift_types`` does
        not have; a wish to work any shift.

    Notes
    -----
    A shift that a provider's windows do not hold whole is unavailable. ``max_weekends`` counts of four weekends: of
    others, as many of them in proportion, rounded down.
    """
    first, days = _horizon(cover)
    shifts = _shifts(tables["shift_types"], terms)
    people = _people(tables, clinic, service)
    if not set(cover["shift"]) <= {shift.id for shift in shifts}:
        raise RosterError(f"cover wants shifts {sorted(set(cover['shift']))}; shift_types has {[s.id for s in shifts]}")
    wishes = tables["provider_requests"].assign(day=(tables["provider_requests"]["date"] - first).dt.days)
    wishes = wishes[wishes["provider"].isin(people["provider"]) & wishes["day"].between(0, days - 1)]
    off = (
        wishes[wishes["kind"] == "day_off"].groupby("provider")["day"].apply(lambda d: tuple(sorted(set(d)))).to_dict()
    )
    staff = tuple(_employee(row, shifts, days, terms, off.get(row.provider, ())) for row in people.itertuples())
    lines = tuple(
        Cover(int((date - first).days), shift, int(required), terms.under_weight, terms.over_weight)
        for date, shift, required in cover[["date", "shift", "required"]].itertuples(index=False)
    )
    instance = ShiftInstance(f"{clinic} {service}", days, shifts, staff, *_requests(wishes, shifts), lines)
    away = _unavailable(tables["provider_availability"], tables["shift_types"], people, first, days)
    return RosterProblem(instance, unavailable=away, fair_shares=_nights(instance, people, terms))


def roster_table(problem: RosterProblem, roster: Roster, first: pd.Timestamp) -> pd.DataFrame:
    """Shifts that are worked: provider, date, shift, absent; `first` is day 0."""
    rows = [
        (who, first + pd.Timedelta(days=day), roster.get(who, day), (who, day) in problem.absent)
        for who in problem.people
        for day in range(problem.instance.days)
        if roster.get(who, day) is not None
    ]
    return pd.DataFrame(rows, columns=["provider", "date", "shift", "absent"])


def _horizon(cover: pd.DataFrame) -> tuple[pd.Timestamp, int]:
    dates = pd.DatetimeIndex(sorted(set(cover["date"])))
    if len(dates) == 0 or dates[0].day_of_week != 0 or len(dates) != (dates[-1] - dates[0]).days + 1:
        when = f"from {dates[0].date()} to {dates[-1].date()} ({len(dates)} days)" if len(dates) else "none"
        raise RosterError(f"cover's days are {when}: they must be every day from a Monday on")
    return dates[0], len(dates)


def _shifts(types: pd.DataFrame, terms: Terms) -> tuple[Shift, ...]:
    rows = list(types.sort_values("start_minute")[["shift", "start_minute", "minutes"]].itertuples(index=False))
    return tuple(
        Shift(one.shift, int(one.minutes), tuple(
            other.shift for other in rows
            if other.start_minute + _DAY - one.start_minute - one.minutes < terms.rest_minutes))
        for one in rows
    )  # fmt: skip


def _people(tables: Mapping[str, pd.DataFrame], clinic: str, service: str) -> pd.DataFrame:
    skills, providers = tables["provider_skills"], tables["providers"]
    able = set(skills.loc[skills["service"] == service, "provider"])
    found = providers[(providers["clinic"] == clinic) & providers["provider"].isin(able)].sort_values("provider")
    if found.empty:
        here = set(providers.loc[providers["clinic"] == clinic, "provider"])
        has = sorted(set(skills.loc[skills["provider"].isin(here), "service"]))
        raise RosterError(f"no provider of clinic {clinic!r} can give {service!r}; skills of the clinic: {has}")
    return found


def _employee(row, shifts: tuple[Shift, ...], days: int, terms: Terms, off: tuple[int, ...]) -> Employee:
    minutes = row.contract_hours * 60 * days / 7
    most = {shift.id: days if row.nights or shift.id != "night" else 0 for shift in shifts}
    weekends = len(range(5, days - 1, 7))
    return Employee(
        row.provider, most, math.floor(minutes), math.ceil(terms.least_share * minutes), int(row.max_days_in_row),
        int(row.min_days_in_row), int(row.min_days_off), int(row.max_weekends) * weekends // 4, off,
    )  # fmt: skip


def _requests(wishes: pd.DataFrame, shifts: tuple[Shift, ...]) -> tuple[tuple[Request, ...], tuple[Request, ...]]:
    out: dict[str, list[Request]] = {"on": [], "off": []}
    for row in wishes[wishes["kind"] != "day_off"].sort_values(["provider", "day", "shift"]).itertuples():
        if row.kind == "on" and row.shift == "any":
            raise RosterError(
                f"provider_requests: {row.provider} wishes to work any shift on {row.date.date()}; name one"
            )
        named = [shift.id for shift in shifts] if row.shift == "any" else [row.shift]
        out[row.kind] += [Request(row.provider, int(row.day), shift, int(row.weight)) for shift in named]
    return tuple(out["on"]), tuple(out["off"])


def _unavailable(
    windows: pd.DataFrame, types: pd.DataFrame, people: pd.DataFrame, first: pd.Timestamp, days: int
) -> frozenset[tuple[str, int, str]]:
    """Shifts that no window of a provider holds whole; windows are in minutes from the first day's midnight."""
    mine = windows[windows["provider"].isin(people["provider"])]
    base = (mine["date"] - first).dt.days * _DAY
    open_ = mine.assign(low=base + mine["start_minute"], high=base + mine["end_minute"])
    held: set[tuple[str, int, str]] = set()
    for shift in types.itertuples():
        for day in range(days):
            begin = day * _DAY + shift.start_minute
            inside = open_[(open_["low"] <= begin) & (open_["high"] >= begin + shift.minutes)]
            held |= {(who, day, shift.shift) for who in inside["provider"]}
    every = ((who, day, shift) for who in people["provider"] for day in range(days) for shift in types["shift"])
    return frozenset(cell for cell in every if cell not in held)


def _nights(instance: ShiftInstance, people: pd.DataFrame, terms: Terms) -> tuple[FairShare, ...]:
    wanted = sum(c.required for c in instance.cover if c.shift == "night")
    able = people[people["nights"]]
    total = able["contract_hours"].sum()
    if not terms.night_weight or not wanted or not len(able):
        return ()
    return tuple(
        FairShare(row.provider, ("night",), math.ceil(wanted * row.contract_hours / total), terms.night_weight)
        for row in able.itertuples()
    )
