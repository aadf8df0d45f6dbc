"""Lots, facilities, sessions, willingness and uptake: read where somebody recorded them, derived where nobody did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from healthops.data import campaign
from healthops.data.campaign_rules import Rules
from healthops.data.errors import RawFileError
from healthops.data.ledger import Ledger
from healthops.data.priority_groups import Group
from healthops.data.raw_files import number, one_of, parsed, read_csv, whole
from healthops.data.raw_layout import RAW_PATHS

if TYPE_CHECKING:
    import pandas as pd

#: Columns of the optional raw files, by logical name; the first `key` of them make a row unique.
COLUMNS: dict[str, tuple[str, ...]] = {
    "vaccine_lots": ("lot", "shipment", "product", "vial_doses", "doses", "arrived", "expires"),
    "vaccine_facilities": ("facility", "kind", "ubigeo", "parent", "people_served", "cold_chain_litres", "vaccinators"),
    "vaccine_sessions": ("facility", "week_end", "sessions", "people"),
    "vaccine_willingness": ("ubigeo", "group", "willing_share"),
    "vaccine_uptake": ("ubigeo", "group", "week_end", "demand", "first_doses", "second_doses"),
}
_KEYS = {
    "vaccine_lots": ("lot",),
    "vaccine_facilities": ("facility",),
    "vaccine_sessions": ("facility", "week_end"),
    "vaccine_willingness": ("ubigeo", "group"),
    "vaccine_uptake": ("ubigeo", "group", "week_end"),
}
KINDS = ("national_store", "regional_store", "vaccination_point")


def clean_campaign(
    raw: Path,
    known: dict[str, pd.DataFrame],
    people: pd.Series,
    *,
    groups: tuple[Group, ...],
    rules: Rules,
    ledger: Ledger,
) -> dict[str, pd.DataFrame]:
    """Return the tables of :data:`COLUMNS`.

    Parameters
    ----------
    raw : path
        Folder of the raw files.
    known : dict
        Tables places, age_distribution, priority_population, vaccine_shipments and vaccine_coverage.
    people : Series
        Inhabitants by district code.
    groups, rules, ledger
        Priority groups, assumptions, and where every row is accounted for.

    Raises
    ------
    RawFileError
        If a recorded row names what is unknown, expires before it arrives, or occurs twice with different contents.
    """
    population, places = known["priority_population"], known["places"]
    read = _Reader(raw, ledger, set(population["ubigeo"]), tuple(g.name for g in groups), rules)
    covered = campaign.group_coverage(known["vaccine_coverage"], known["age_distribution"], groups)
    lots = read.lots(set(known["vaccine_shipments"]["shipment"]))
    if lots is None:
        lots = campaign.lots(known["vaccine_shipments"], rules)
        _note_lots(known["vaccine_shipments"], lots, ledger)
    facilities = read.facilities(places)
    facilities = campaign.facilities(people, places, rules) if facilities is None else facilities
    willing = read.willingness()
    willing = campaign.willingness(population, places, covered["first"], rules) if willing is None else willing
    uptake = read.uptake()
    uptake = campaign.uptake(population, willing, covered, rules) if uptake is None else uptake
    sessions = read.sessions(set(facilities["facility"]))
    sessions = campaign.sessions(uptake, facilities, rules) if sessions is None else sessions
    return {
        "vaccine_lots": campaign.with_weeks(lots),
        "vaccine_facilities": facilities,
        "vaccine_willingness": willing,
        "vaccine_uptake": _reached(uptake),
        "vaccine_sessions": sessions,
    }


def _note_lots(shipments: pd.DataFrame, lots: pd.DataFrame, ledger: Ledger) -> None:
    source = f"{RAW_PATHS['vaccine_arrivals'].name} (lots)"
    ledger.enter(source, "vaccine_lots", len(shipments))
    ledger.keep(source, "vaccine_lots", len(lots))
    ledger.set_aside(
        source, "vaccine_lots", len(shipments) - len(lots), "repeats another shipment; assumed not to exist"
    )
    origin = lots[["shipment", "doses"]].merge(shipments[["shipment", "doses", "arrived"]], on="shipment")
    undated = int(origin["arrived"].isna().sum())
    ledger.flag(source, "vaccine_lots", undated, "day of arrival assumed, between dated neighbours")
    part = int((origin["doses_x"] != origin["doses_y"]).sum())
    ledger.repair(source, "vaccine_lots", part, "rounded down to whole vials")


def _reached(uptake: pd.DataFrame) -> pd.DataFrame:
    """Add the people reached so far with a first and with a second dose."""
    out = uptake.sort_values(["ubigeo", "group", "week_end"], ignore_index=True)
    sums = out.groupby(["ubigeo", "group"])[["first_doses", "second_doses"]].cumsum()
    return out.assign(first_total=np.round(sums["first_doses"], 4), second_total=np.round(sums["second_doses"], 4))


class _Reader:
    """Reads the optional files; each method returns None where there is no file."""

    def __init__(self, raw: Path, ledger: Ledger, districts: set[str], groups: tuple[str, ...], rules: Rules) -> None:
        self.raw, self.ledger, self.rules = raw, ledger, rules
        self.districts, self.groups = districts, groups

    def lots(self, shipments: set[str]) -> pd.DataFrame | None:
        """Lots; each of a known product, presentation and shipment."""
        frame, file = self._open("vaccine_lots")
        if frame is None:
            return None
        out = frame.assign(
            product=self._among(frame, "product", tuple(self.rules.products), file),
            shipment=self._among(frame, "shipment", tuple(sorted(shipments)), file),
            vial_doses=whole(frame, "vial_doses", file=file, low=1, high=1000),
            doses=whole(frame, "doses", file=file, low=1),
            arrived=_dates(frame, "arrived", file),
            expires=_dates(frame, "expires", file),
        )
        _refuse(out["expires"] < out["arrived"], out, file, "lot", "expires before it arrives; correct the dates")
        sizes = {p: {int(one["vial_doses"]) for one in self.rules.presentations(p)} for p in out["product"].unique()}
        known = np.array([v in sizes[p] for p, v in zip(out["product"], out["vial_doses"], strict=True)], dtype=bool)
        _refuse(~known, out, file, "lot", f"is in a vial that its product does not come in; vials are {sizes}")
        _refuse(out["doses"] % out["vial_doses"] != 0, out, file, "lot", "is not in whole vials")
        return self._keep(out, "vaccine_lots", file)

    def facilities(self, places: pd.DataFrame) -> pd.DataFrame | None:
        """Facilities; each has a parent that is there, save the national store."""
        frame, file = self._open("vaccine_facilities")
        if frame is None:
            return None
        out = frame.assign(
            kind=one_of(frame, "kind", KINDS, file=file),
            ubigeo=self._among(frame, "ubigeo", tuple(sorted(self.districts)), file),
            parent=frame["parent"].where(frame["parent"] != "", None),
            people_served=number(frame, "people_served", file=file, low=0, high=1e9, missing=()),
            cold_chain_litres=number(frame, "cold_chain_litres", file=file, low=0, high=1e9, missing=()),
            vaccinators=whole(frame, "vaccinators", file=file, low=0),
        )
        orphan = ~out["parent"].isin(out["facility"]) & (out["kind"] != "national_store")
        _refuse(orphan, out, file, "facility", "has no parent among the facilities; name the store that supplies it")
        where = places.set_index("ubigeo")[["latitude", "longitude"]].reindex(out["ubigeo"])
        out = out.assign(latitude=where["latitude"].to_numpy(), longitude=where["longitude"].to_numpy())
        return self._keep(out, "vaccine_facilities", file)

    def sessions(self, facilities: set[str]) -> pd.DataFrame | None:
        """Sessions of known facilities."""
        frame, file = self._open("vaccine_sessions")
        if frame is None:
            return None
        out = frame.assign(
            facility=self._among(frame, "facility", tuple(sorted(facilities)), file),
            week_end=_dates(frame, "week_end", file, saturday=True),
            sessions=whole(frame, "sessions", file=file, low=1),
            people=number(frame, "people", file=file, low=0, high=1e9, missing=()),
        )
        return self._keep(out, "vaccine_sessions", file)

    def willingness(self) -> pd.DataFrame | None:
        """Willingness of known districts and groups."""
        frame, file = self._open("vaccine_willingness")
        if frame is None:
            return None
        out = self._of_groups(frame, file).assign(
            willing_share=number(frame, "willing_share", file=file, low=0, high=1, missing=())
        )
        return self._keep(out, "vaccine_willingness", file)

    def uptake(self) -> pd.DataFrame | None:
        """Uptake of known districts and groups."""
        frame, file = self._open("vaccine_uptake")
        if frame is None:
            return None
        counts = {c: number(frame, c, file=file, low=0, high=1e9, missing=()) for c in COLUMNS["vaccine_uptake"][3:]}
        out = self._of_groups(frame, file).assign(week_end=_dates(frame, "week_end", file, saturday=True), **counts)
        return self._keep(out, "vaccine_uptake", file)

    def _of_groups(self, frame: pd.DataFrame, file: str) -> pd.DataFrame:
        return frame.assign(
            ubigeo=self._among(frame, "ubigeo", tuple(sorted(self.districts)), file),
            group=one_of(frame, "group", self.groups, file=file),
        )

    def _open(self, name: str) -> tuple[pd.DataFrame | None, str]:
        path = self.raw / RAW_PATHS[name]
        if not path.is_file():
            return None, path.name
        frame = read_csv(path, COLUMNS[name])[list(COLUMNS[name])]
        self.ledger.enter(path.name, name, len(frame))
        return frame, path.name

    def _among(self, frame: pd.DataFrame, column: str, choices: tuple[str, ...], file: str) -> pd.Series:
        allowed = set(choices)

        def parse(text: str) -> str:
            if text not in allowed:
                raise ValueError
            return text

        some = ", ".join(choices[:4]) + (" ..." if len(choices) > 4 else "")
        return parsed(frame, column, parse, file=file, wants=f"a known {column} ({some}); add it there or drop the row")

    def _keep(self, frame: pd.DataFrame, name: str, file: str) -> pd.DataFrame:
        """Set exact repeats aside; a key with two different rows is an error."""
        same = frame.duplicated()
        self.ledger.set_aside(file, name, int(same.sum()), "repeats an earlier row in every cell")
        kept = frame[~same]
        key = list(_KEYS[name])
        twice = kept.duplicated(key)
        if twice.any():
            at = int(twice[twice].index[0])
            raise RawFileError(f"{file}, line {at + 2}: {kept.loc[at, key].to_dict()} occurs twice; keep one row")
        self.ledger.keep(file, name, len(kept))
        return kept.reset_index(drop=True).assign(basis="data")


def _refuse(wrong: pd.Series | np.ndarray, frame: pd.DataFrame, file: str, column: str, why: str) -> None:
    mask = np.asarray(wrong, dtype=bool)
    if mask.any():
        at = int(mask.argmax())
        raise RawFileError(f"{file}, line {at + 2}: {column} {frame[column].iloc[at]!r} {why}")


def _dates(frame: pd.DataFrame, column: str, file: str, *, saturday: bool = False) -> pd.Series:
    import pandas as pd

    def parse(text: str) -> pd.Timestamp:
        day = date.fromisoformat(text)
        if saturday and day.weekday() != 5:
            raise ValueError
        return pd.Timestamp(day)

    wants = "a Saturday such as 2021-02-13" if saturday else "a date such as 2021-02-13"
    read: Callable[[str], pd.Timestamp] = parse
    return pd.to_datetime(parsed(frame, column, read, file=file, wants=wants)).astype("datetime64[ns]")
