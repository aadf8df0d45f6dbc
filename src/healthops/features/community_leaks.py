"""What a model of column 3 must not know: the register as it was, what later records would tell, and twins in folds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

#: Days after a landmark within which an event counts.
WINDOW = 90
#: Columns of a pregnancy that are written when its end becomes known.
_ENDING = ("ended_on", "outcome", "end_recorded_on", "baby")


def as_known_before(tables: Mapping[str, pd.DataFrame], day: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """Return the register as it was at the end of the day before `day`: no later row, and no ending known later.

    The landmark's own rows stay, for they say who was there and how old; what came of them does not.

    Parameters
    ----------
    tables : mapping
        The tables that :func:`healthops.features.community.community_features` reads.
    """
    out = {name: table.copy() for name, table in tables.items()}
    landmarks = out["community_landmarks"]
    landmarks = landmarks[landmarks["date"] <= day].copy()
    # The 90 days of the landmark before end on this day, which is not over yet.
    landmarks["event"] = landmarks["event"].mask(landmarks["date"] + np.timedelta64(WINDOW, "D") >= day)
    if "event_on" in landmarks:
        landmarks["event_on"] = landmarks["event_on"].mask(landmarks["event_on"] >= day)
    out["community_landmarks"] = landmarks
    for name in ("community_visits", "community_events"):
        out[name] = out[name][out[name]["date"] < day]
    if "died_on" in out["community_people"]:
        people = out["community_people"]
        people["died_on"] = people["died_on"].mask(people["died_on"] >= day)
    pregnancies = out["community_pregnancies"]
    pregnancies = pregnancies[pregnancies["registered_on"] < day].copy()
    later = ~(pregnancies["end_recorded_on"] < day)
    for column in _ENDING:
        pregnancies[column] = pregnancies[column].mask(later)
    if "muted_on" in pregnancies:
        pregnancies["muted_on"] = pregnancies["muted_on"].mask(pregnancies["muted_on"] >= day)
    out["community_pregnancies"] = pregnancies
    return out


def left_out(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return what the register would tell of a landmark's row if nobody looked at dates: to show, never to learn from.

    Parameters
    ----------
    rows : DataFrame
        ``person`` and ``date`` of landmarks.
    tables : mapping
        ``community_people`` with `died_on`, ``community_visits``, ``community_events``.

    Returns
    -------
    DataFrame, aligned with `rows`
        One column a leak, its name in words.
    """
    import pandas as pd

    visits, events = tables["community_visits"], tables["community_events"]
    died = tables["community_people"].set_index("person")["died_on"].reindex(rows["person"]).to_numpy()
    soon, with_sign = _after(rows, visits), _after(rows, visits[visits["danger_signs"].fillna(0) > 0])
    all_time = events.groupby("person").size().reindex(rows["person"]).fillna(0).to_numpy(float)
    referred = visits[visits["referral"]].groupby("person").size().reindex(rows["person"]).fillna(0).to_numpy(float)
    return pd.DataFrame({
        "the day of death stands in the register": (~pd.isna(died)).astype(float),
        "all severe events of the register, later ones too": all_time,
        "all referrals of the register, later ones too": referred,
        "visits in the 90 days from the landmark": soon,
        "visits with a danger sign in those days": with_sign,
    }, index=rows.index)  # fmt: skip


def _after(rows: pd.DataFrame, visits: pd.DataFrame) -> np.ndarray:
    """Number of visits on a landmark or in the :data:`WINDOW` days after it."""
    pairs = rows[["person", "date"]].reset_index(names="row").merge(
        visits[["person", "date"]], on="person", suffixes=("", "_visit")
    )  # fmt: skip
    ahead = (pairs["date_visit"] - pairs["date"]).dt.days
    return pairs[(ahead >= 0) & (ahead <= WINDOW)].groupby("row").size().reindex(rows.index).fillna(0).to_numpy(float)


def twins(group: np.ndarray, fold: np.ndarray) -> float:
    """Share of rows that share their `group` with a row of another fold: known to the model before it is tested.

    Parameters
    ----------
    group, fold : array, shape (n,)

    >>> twins(np.array(["a", "a", "b", "b"]), np.array([0, 1, 0, 0]))
    0.5
    """
    import pandas as pd

    pairs = pd.DataFrame({"group": np.asarray(group), "fold": np.asarray(fold)})
    return float((pairs.groupby("group")["fold"].transform("nunique") > 1).mean())
