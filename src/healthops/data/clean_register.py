"""Clean a register of community health workers: study ids in, names and positions out, every fault written down.

What a table may tell: a person or home is a study id (:mod:`healthops.data.study_ids`); a home has its hamlet, the walk
from its worker's base, and a position in kilometres that was moved by 80 to 200 m; a day of birth becomes an age. What
a row tells that cannot be is set to missing, put right where only one reading is possible, or set aside with the row,
and :class:`~healthops.data.register_faults.Faults` holds the line.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from healthops.data import register_files as files
from healthops.data.community_rules import Rules
from healthops.data.errors import RawFileError
from healthops.data.follow_up_rules import SKILLS
from healthops.data.raw_files import number, one_of, parsed, read_csv, whole
from healthops.data.register_faults import Faults
from healthops.data.register_files import COLUMNS, register_path
from healthops.data.study_ids import masked, study_ids
from healthops.data.walking import TERRAINS, on_plane, terrain_factor, walking_minutes

if TYPE_CHECKING:
    import pandas as pd


class Register:
    """The files of one register, read once, with the study ids of all that they name.

    Parameters
    ----------
    folder : path
        Holds the files of :data:`healthops.data.register_files.COLUMNS`.
    on : Timestamp
        Day of the export; what is dated later cannot be.
    key : bytes
        Key of the study ids and of the moved positions; without it nobody finds back.
    basis : str
        ``imagined`` or ``register``.
    """

    def __init__(self, folder: Path, *, on: pd.Timestamp, key: bytes, basis: str, rules: Rules, faults: Faults) -> None:
        self.folder, self.on, self.key, self.basis = folder, on, key, basis
        self.rules, self.faults = rules, faults

    def open(self, name: str) -> tuple[pd.DataFrame, str]:
        """Rows of a file as text, the first line's at index 0, and the file's name; each row counts as come in."""
        path = register_path(self.folder, name)
        frame = read_csv(path, COLUMNS[name])[list(COLUMNS[name])]
        self.faults.enter(path.name, name, len(frame))
        return frame, path.name

    def repair(
        self, name: str, fault: str, reason: str, frame: pd.DataFrame, mask: pd.Series, ids: pd.Series,
        column: str = "", *, tell: bool = False,
    ) -> None:  # fmt: skip
        """Note that the rows of `mask` were put right; `tell` what stood in `column` if it tells of nobody."""
        self._note(name, "repaired", fault, reason, frame, mask, ids, column, tell)

    def set_aside(
        self, name: str, fault: str, reason: str, frame: pd.DataFrame, mask: pd.Series, ids: pd.Series
    ) -> None:
        """Note that the rows of `mask` are in no table."""
        self._note(name, "set_aside", fault, reason, frame, mask, ids, "", False)

    def flag(self, name: str, fault: str, reason: str, frame: pd.DataFrame, mask: pd.Series, ids: pd.Series) -> None:
        """Note something about the rows of `mask`, which stay as they are."""
        self._note(name, "flagged", fault, reason, frame, mask, ids, "", False)

    def _note(
        self, name: str, action: str, fault: str, reason: str, frame: pd.DataFrame, mask: pd.Series, ids: pd.Series,
        column: str, tell: bool,
    ) -> None:  # fmt: skip
        rows = frame.index[np.asarray(mask, bool)]
        self.faults.note(
            register_path(self.folder, name).name, name, action, fault, reason, lines=rows + 2,
            records=ids.loc[rows].astype(str), column=column, values=frame.loc[rows, column] if tell else None,
        )  # fmt: skip

    def keep(self, name: str, frame: pd.DataFrame) -> pd.DataFrame:
        """Count the rows that stay and say what they rest on."""
        self.faults.keep(register_path(self.folder, name).name, name, len(frame))
        return frame.reset_index(drop=True).assign(basis=self.basis)

    def ids(self, texts: pd.Series, prefix: str) -> pd.Series:
        """Study ids of a column of the register's ids; nothing where nothing stands."""
        found = study_ids(sorted(set(texts) - {""}), prefix, self.key)
        return texts.map(found).where(texts != "", None)

    def once(self, name: str, frame: pd.DataFrame, file: str, ids: pd.Series) -> pd.DataFrame:
        """Set exact repeats aside; two different rows of one key are an error."""
        same = frame.duplicated()
        self.set_aside(name, "repeated_row", "repeats an earlier row in every cell", frame, same, ids)
        kept, key = frame[~same], COLUMNS[name][0]
        twice = kept.duplicated(key)
        if twice.any():
            at = int(twice[twice].index[0])
            raise RawFileError(f"{file}, line {at + 2}: {key} {kept.loc[at, key]!r} occurs twice; keep one row")
        return kept


def clean_places_of_work(register: Register, districts: set[str]) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """Return tables ``community_hamlets``, ``community_workers`` and ``community_households``, and the workers' ids.

    Parameters
    ----------
    districts : set of str
        Codes that a hamlet may have.

    Raises
    ------
    RawFileError
        Naming the file, the column and the line: an unknown district, hamlet or worker, a clock time that is none,
        a number out of all bounds; or that no worker has a base.
    """
    hamlets, origin = _hamlets(register, districts)
    workers, staff = _workers(register, hamlets)
    households = _households(register, hamlets, origin, workers, staff)
    size = households.groupby("worker")["household"].size()
    workers["households"] = workers["worker"].map(size).fillna(0).astype("int64")
    tables = {"community_hamlets": hamlets, "community_workers": workers, "community_households": households}
    return tables, staff


def _hamlets(register: Register, districts: set[str]) -> tuple[pd.DataFrame, tuple[float, float]]:
    """Table of the hamlets, and the origin of all kilometres: their middle."""
    import pandas as pd

    name = "community_hamlets"
    frame, file = register.open(name)
    frame = register.once(name, frame, file, frame["hamlet"])
    latitude, longitude = _position(frame, file)
    origin = (float(latitude.mean()), float(longitude.mean()))
    plane = np.round(on_plane(latitude, longitude, origin), 2)
    terrain = one_of(frame, "terrain", TERRAINS, file=file)
    out = pd.DataFrame({
        "hamlet": frame["hamlet"], "ubigeo": _known(frame, "ubigeo", districts, file, "a district of table places"),
        "terrain": terrain, "terrain_factor": terrain.map({t: terrain_factor(t, register.rules) for t in TERRAINS}),
        "east_km": plane[:, 0], "north_km": plane[:, 1],
    })  # fmt: skip
    return register.keep(name, out), origin


def _workers(register: Register, hamlets: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Table of the workers who can be sent, and the study id of each worker on file."""
    import pandas as pd

    name = "community_workers"
    frame, file = register.open(name)
    staff = staff_ids(register, frame["worker"])
    ids = frame["worker"].map(staff)
    frame = register.once(name, frame, file, ids)
    base = _known(frame, "base_hamlet", {*hamlets["hamlet"], ""}, file, "a hamlet of the register")
    starts, ends = _minutes(frame, "starts", file), _minutes(frame, "ends", file)
    homeless, contrary = base == "", starts >= ends
    register.set_aside(name, "no_base", "no base: nobody knows where a day would begin", frame, homeless, ids)
    wrong = contrary & ~homeless
    register.set_aside(name, "contradictory_hours", "the hours end before they begin", frame, wrong, ids)
    skills = frame["skills"].str.split("|")
    out = pd.DataFrame({
        "worker": ids, "hamlet": base, "starts_min": starts, "ends_min": ends,
        "break_min": whole(frame, "break_minutes", file=file, low=0, high=240),
        "visits_per_day": whole(frame, "visits_per_day", file=file, low=1, high=60),
        "workdays": parsed(frame, "workdays", _workdays, file=file, wants="seven digits 0 or 1, Monday first"),
        **{f"skill_{s}": skills.map(lambda have, s=s: s in have) for s in SKILLS},
    })[~homeless & ~contrary]  # fmt: skip
    if out.empty:
        raise RawFileError(f"{file}: no worker has a base and hours; a plan needs at least one")
    where = hamlets.set_index("hamlet")[["east_km", "north_km"]].loc[out["hamlet"]].to_numpy()
    return register.keep(name, out.assign(east_km=where[:, 0], north_km=where[:, 1])), staff


def staff_ids(register: Register, workers: Iterable[str]) -> dict[str, str]:
    """Study id of each worker on file: few and known to one another, so numbers, in the order of the keyed hash."""
    order = study_ids(set(workers), "W", register.key)
    return {worker: f"W{k:03d}" for k, worker in enumerate(sorted(order, key=order.__getitem__), 1)}


def _households(
    register: Register, hamlets: pd.DataFrame, origin: tuple[float, float], workers: pd.DataFrame, staff: dict[str, str]
) -> pd.DataFrame:
    """Table of the homes: moved position, worker, walk, window, and whether they can be reached on foot."""
    import pandas as pd

    name = "community_households"
    frame, file = register.open(name)
    ids = register.ids(frame["household"], "H")
    frame = register.once(name, frame, file, ids)
    hamlet = _known(frame, "hamlet", set(hamlets["hamlet"]), file, "a hamlet of the register")
    worker = _known(frame, "worker", set(staff), file, "a worker of the register").map(staff)
    rules = register.rules
    plane = masked(
        frame["household"], on_plane(*_position(frame, file), origin), register.key,
        least_m=rules("privacy", "moved_at_least_m"), most_m=rules("privacy", "moved_at_most_m"),
    )  # fmt: skip
    factor = hamlets.set_index("hamlet")["terrain_factor"]
    base = workers[["east_km", "north_km"]].to_numpy()
    walks = walking_minutes(
        base, factor.loc[workers["hamlet"]].to_numpy(), plane, factor.loc[hamlet].to_numpy(), rules
    )  # fmt: skip
    row = worker.map({w: k for k, w in enumerate(workers["worker"])})
    orphan = row.isna()
    register.repair(name, "worker_set_aside", "its worker was set aside: given to the nearest base", frame, orphan, ids)
    row = row.where(~orphan, pd.Series(walks.argmin(axis=0), index=frame.index)).astype(int).to_numpy()
    walk = np.round(walks[row, np.arange(len(frame))])
    path = one_of(frame, "path", ("yes", "no"), file=file) == "no"
    far = ~path & (walk > rules("walking", "longest_walk_min"))
    register.flag(name, "no_path", "no path leads there: cannot be visited on foot", frame, path, ids)
    register.flag(name, "too_far", "beyond the longest walk: cannot be visited on foot", frame, far, ids)
    starts, ends = _minutes(frame, "visit_from", file), _minutes(frame, "visit_to", file)
    wrong = starts.notna() & ends.notna() & (starts >= ends).fillna(False)
    reason = "the hours for visits end before they begin: any hour"
    register.repair(name, "contradictory_window", reason, frame, wrong, ids)
    out = pd.DataFrame({
        "household": ids, "hamlet": hamlet, "worker": workers["worker"].to_numpy()[row],
        "east_km": plane[:, 0], "north_km": plane[:, 1], "walk_min": walk,
        "unreachable": np.select([path, far], ["no path", "too far"], ""),
        "visit_from_min": starts.mask(wrong), "visit_to_min": ends.mask(wrong),
        "water": one_of(frame, "water", files.WATER, file=file),
        "cooking_fuel": one_of(frame, "cooking_fuel", files.FUEL, file=file),
        "toilet": one_of(frame, "toilet", files.TOILET, file=file),
    }, index=frame.index)  # fmt: skip
    out["unreachable"] = out["unreachable"].where(out["unreachable"] != "", None)
    return register.keep(name, out)


def _position(frame: pd.DataFrame, file: str) -> tuple[np.ndarray, np.ndarray]:
    latitude = number(frame, "latitude", file=file, low=-90, high=90, missing=())
    longitude = number(frame, "longitude", file=file, low=-180, high=180, missing=())
    return latitude.to_numpy(), longitude.to_numpy()


def _known(frame: pd.DataFrame, column: str, allowed: set[str], file: str, what: str) -> pd.Series:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError
        return text

    return parsed(frame, column, parse, file=file, wants=f"{what}; add it there or correct the row")


def _workdays(text: str) -> str:
    if len(text) != 7 or set(text) - {"0", "1"}:
        raise ValueError
    return text


def _minutes(frame: pd.DataFrame, column: str, file: str) -> pd.Series:
    """Minutes after midnight of clock times such as 07:30; missing where nothing stands."""

    def parse(text: str) -> float:
        if not text:
            return float("nan")
        hour, minute = text.split(":")
        if not (len(hour) == len(minute) == 2 and 0 <= int(hour) < 24 and 0 <= int(minute) < 60):
            raise ValueError
        return 60 * int(hour) + int(minute)

    return parsed(frame, column, parse, file=file, wants="a time of day such as 07:30").astype("Int64")


def days(frame: pd.DataFrame, column: str, file: str) -> pd.Series:
    """Days of a column of ISO dates; missing where nothing stands."""
    import pandas as pd

    def parse(text: str) -> pd.Timestamp:
        return pd.Timestamp(date.fromisoformat(text)) if text else pd.NaT

    read = parsed(frame, column, parse, file=file, wants="a date such as 2023-02-13, or nothing")
    return pd.to_datetime(read).astype("datetime64[ns]")
