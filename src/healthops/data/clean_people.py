"""Clean the people of a register: one row a person, whichever homes and ids they were written down under."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from healthops.data import register_files as files
from healthops.data.clean_register import Register, days
from healthops.data.errors import RawFileError
from healthops.data.raw_files import number, one_of
from healthops.data.synthetic_names import plain

if TYPE_CHECKING:
    import pandas as pd

NAME = "community_people"


def clean_people(register: Register, households: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str], pd.Series]:
    """Return table ``community_people``, the study id of every person on file, and the days of birth.

    A person who was written down twice keeps the row and the study id of one of them, and every id on file of the
    other leads there: in one home the earlier row, of two homes the one of the later registration (people move).

    Returns
    -------
    people : DataFrame
    ids : dict
        Study id by the register's id.
    born : Series
        Day of birth by study id, for ages at other days; it is in no table.

    Raises
    ------
    RawFileError
        Naming the file, the column and the line: an unknown household, a word that is not among the choices.
    """
    import pandas as pd

    frame, file = register.open(NAME)
    own = register.ids(frame["person"], "P")
    frame = register.once(NAME, frame, file, own)
    home = register.ids(frame["household"], "H")
    lost = ~home.isin(households["household"])
    if lost.any():
        at = int(lost[lost].index[0])
        raise RawFileError(f"{file}, line {at + 2}: household {frame.loc[at, 'household']!r} is not in households.csv")
    born, age = _ages(register, frame, file, own)
    since = days(frame, "registered_on", file)
    keeper = _same_person(frame, born, since)
    _note_doubles(register, frame, home, keeper, own)
    out = pd.DataFrame({
        "person": own, "household": home, "sex": one_of(frame, "sex", ("female", "male"), file=file), "age_years": age,
        "age_months": _months(born, register.on),
        "registered_on": since.groupby(keeper).transform("min"), "died_on": days(frame, "died_on", file),
        "smoking": _choice(frame, "smoking", files.SMOKING, file),
        "alcohol": _choice(frame, "alcohol", files.ALCOHOL, file),
        "activity": _choice(frame, "activity", files.ACTIVITY, file),
        "fruit_veg_days": number(frame, "fruit_veg_days", file=file, low=0, high=7).astype("Int64"),
        **{c: _yes(frame, c, file) for c in files.CHRONIC},
    })  # fmt: skip
    is_kept = keeper == keeper.index
    ids = dict(zip(frame["person"], own.loc[keeper], strict=True))
    return register.keep(NAME, out[is_kept]), ids, born[is_kept].set_axis(own[is_kept])


def _ages(register: Register, frame: pd.DataFrame, file: str, ids: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Days of birth, and ages at the register's date: counted where the day is known, else as written."""
    born = days(frame, "birth_date", file)
    future = born > register.on
    register.repair(NAME, "born_in_future", "born after the register's date: day of birth missing", frame, future, ids)
    born = born.mask(future)
    told = number(frame, "age_years", file=file, low=-1000, high=1000)
    low, high = register.rules.vital("age_years")
    wrong = born.isna() & told.notna() & ~told.between(low, high)
    reason = f"age outside {low:g} to {high:g} and no day of birth: age missing"
    register.repair(NAME, "impossible_age", reason, frame, wrong, ids, "age_years", tell=True)
    counted = np.floor((register.on - born).dt.days / 365.25)
    return born, counted.where(born.notna(), told.mask(wrong)).astype("Int64")


def _months(born: pd.Series, on: pd.Timestamp) -> pd.Series:
    """Completed months of children under 5, of whom the day of birth is known."""
    months = np.floor((on - born).dt.days / 30.4375)
    return months.where(months < 60).astype("Int64")


def _same_person(frame: pd.DataFrame, born: pd.Series, since: pd.Series) -> pd.Series:
    """Index of the row that stays for each row's person.

    Two rows are one person if they have the same number of papers, or the same name, sex and day of birth while the
    papers of no two of them differ.
    """
    import pandas as pd

    label = pd.Series(np.arange(len(frame)), index=frame.index)
    papers = frame["national_id"].where(frame["national_id"] != "")
    name = frame["name"].map(lambda text: " ".join(plain(text).split()))
    key = pd.Series(list(zip(name, frame["sex"], born, strict=True)), index=frame.index).where(
        born.notna() & (name != "")
    )
    several = papers.groupby(key).transform("nunique") > 1
    key = key.mask(several)
    for _ in range(2):
        for group in (papers, key):
            least = label.groupby(group).transform("min")
            label = label.where(group.isna(), least).astype(int)
    homes = frame["household"].groupby(label).transform("nunique")
    # In one home the earliest row stays; of several homes the latest.
    days_since = since.rank(method="first")
    best = days_since.where(homes == 1, -days_since).groupby(label).transform("idxmin")
    return best


def _note_doubles(register: Register, frame: pd.DataFrame, home: pd.Series, keeper: pd.Series, ids: pd.Series) -> None:
    gone = keeper != keeper.index
    moved = gone & (home != home.loc[keeper].to_numpy())
    papers = frame["national_id"]
    paper = gone & ~moved & (papers != "") & (papers == papers.loc[keeper].to_numpy())
    name = gone & ~moved & ~paper
    why = {
        "two_households": (moved, "in two households: the later registration stays"),
        "same_number": (paper, "same papers as another row of the home: the earlier stays"),
        "same_name": (name, "same name, sex and day of birth as another row of the home: the earlier stays"),
    }
    for fault, (mask, reason) in why.items():
        register.set_aside(NAME, fault, reason, frame, mask, ids)


def _choice(frame: pd.DataFrame, column: str, choices: tuple[str, ...], file: str) -> pd.Series:
    """A column of words of which some may not be filled in."""
    found = one_of(frame, column, ("", *choices), file=file)
    return found.where(found != "", None)


def _yes(frame: pd.DataFrame, column: str, file: str) -> pd.Series:
    """1 for yes, 0 for no, missing where nothing stands."""
    answers = {"yes": 1.0, "no": 0.0, "": float("nan")}
    return one_of(frame, column, tuple(answers), file=file).map(answers).astype("Int64")
