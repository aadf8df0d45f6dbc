"""Numbers of replayed clinic days: means of sessions by day, waits of groups, shifts beside arrivals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from healthops.evaluate.paired_ratios import Estimate, at_equal_hours, quotient, resample
from healthops.report.provider_tables import FEWEST

if TYPE_CHECKING:
    import pandas as pd

#: What a session's draws are summed up by.
SUMS = ("booked", "no_show", "seen", "unseen", "wait_min", "idle_min", "overtime_min")


def by_day(replayed: pd.DataFrame) -> dict[str, dict[str, np.ndarray]]:
    """Means of the draws of each session: rule -> measure -> array of shape (days, sessions of a day).

    Raises
    ------
    ValueError
        If days have unlike numbers of sessions.
    """
    dates = replayed.drop_duplicates("session").sort_values("session")["date"]
    sizes = dates.value_counts()
    if sizes.nunique() != 1:
        raise ValueError("clinic_replay has days of unlike numbers of sessions: draw as many of each day")
    means = replayed.groupby(["policy", "session"], sort=True)[list(SUMS)].mean()
    shape = (len(sizes), int(sizes.iloc[0]))
    return {
        rule: {name: means.loc[rule, name].to_numpy(float).reshape(shape) for name in SUMS}
        for rule in dict.fromkeys(replayed["policy"])
    }


def cost(of: Mapping[str, np.ndarray], weights: Mapping[str, float]) -> np.ndarray:
    """Weighted minutes of each session: the schedule cost."""
    return sum(weight * of[f"{name}_min"] for name, weight in weights.items())


def measures(sessions: Mapping[str, Mapping[str, np.ndarray]], weights: Mapping[str, float]) -> pd.DataFrame:
    """What a session brings by rule: patients and minutes, means of sessions and draws."""
    import pandas as pd

    rows = {}
    for rule, of in sessions.items():
        mean = {name: float(values.mean()) for name, values in of.items()}
        rows[rule] = {
            "booked": mean["booked"], "do not come": mean["no_show"], "seen": mean["seen"],
            "sent home unseen": mean["unseen"], "wait, min a patient": mean["wait_min"] / max(mean["seen"], 1e-12),
            "idle, min": mean["idle_min"], "overtime, min": mean["overtime_min"],
            "cost": float(cost(of, weights).mean()),
        }  # fmt: skip
    return pd.DataFrame(rows).T.rename_axis("rule")


def group_ratios(
    groups: pd.DataFrame,
    shape: tuple[int, int],
    contrasts: Mapping[str, tuple[str, str, str]],
    counts: np.ndarray,
    *,
    fewest: int = FEWEST,
) -> dict[str, dict[str, Estimate]]:
    """Mean wait of a group's patients over that of another: contrast -> rule -> ratio.

    Parameters
    ----------
    groups : DataFrame
        Table ``clinic_replay_groups``.
    shape : (days, sessions of a day)
    contrasts : mapping
        Label -> attribute, group, other group.
    counts : array
        Of :func:`healthops.evaluate.paired_ratios.resample`.
    fewest : int
        A contrast with a group of which fewer asked is left out: its wait says little, and may point at a person.
    """
    found: dict[str, dict[str, Estimate]] = {}
    number = shape[0] * shape[1]
    for label, (attribute, one, other) in contrasts.items():
        rows = groups[groups["attribute"] == attribute]
        first = rows[rows["policy"] == rows["policy"].iloc[0]] if len(rows) else rows
        asked = first.groupby("group")["asked"].sum()
        if min(asked.get(one, 0), asked.get(other, 0)) < fewest:
            continue
        found[label] = {}
        for rule in dict.fromkeys(rows["policy"]):
            its = rows[rows["policy"] == rule].set_index("session")

            def sums(name: str, column: str, its: pd.DataFrame = its) -> np.ndarray:
                values = its.loc[its["group"] == name, column]
                return values.reindex(range(number), fill_value=0.0).to_numpy().reshape(shape)

            pair = [(sums(name, "wait_min"), sums(name, "seen")) for name in (one, other)]
            found[label][rule] = quotient(pair[0], pair[1], counts)
    return found


def cover_sums(weeks: pd.DataFrame) -> pd.DataFrame:
    """Hours a week by rule and overload, means of the weeks, all services together."""
    names = ["work_h", "staff_h", "under_h", "over_h", "left_h"]
    total = weeks.groupby(["policy", "overload", "week"])[names].sum()
    return total.groupby(["policy", "overload"]).mean().reset_index()


def cover_savings(
    weeks: pd.DataFrame, ours: str, others: Sequence[str], *, rng: np.random.Generator, draws: int
) -> dict[str, dict[str, Estimate]]:
    """Under-cover of our shifts beside those of others with as many hours of staff, in %: service -> rule.

    A service with the others together comes first, under "all".
    """
    whole = weeks.assign(place=weeks["clinic"] + " " + weeks["service"])
    places = sorted(set(whole["place"]))
    counts = resample(whole["week"].nunique(), 1, draws=draws, rng=rng)[:, :, 0]
    found: dict[str, dict[str, Estimate]] = {}
    for label in ["all", *places] if len(places) > 1 else places:
        rows = whole if label == "all" else whole[whole["place"] == label]

        def of(rule: str, rows: pd.DataFrame = rows) -> tuple[np.ndarray, np.ndarray]:
            mine = rows[rows["policy"] == rule]
            return tuple(
                mine.pivot_table(index="overload", columns="week", values=name, aggfunc="sum").to_numpy()
                for name in ("staff_h", "under_h")
            )

        found[label] = {rule: at_equal_hours(of(ours), of(rule), counts) for rule in others}
    return found
