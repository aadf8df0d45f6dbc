"""Who wants a visit, when, and how urgently: the follow-up schedule, recommendations and the round, in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from healthops.data.recommendation_rules import RuleTable, load_rule_table
from healthops.risk.priority import PriorityWeights, priority_score

if TYPE_CHECKING:
    import pandas as pd

#: Days for which a danger sign seen at the last visit counts, and for which a visit without a date of its own is open
#: after it was due.
RECENT, OPEN_AFTER = 30, 30
#: Columns of :func:`outreach_tasks`, in this order.
COLUMNS = (
    "task", "person", "household", "hamlet", "origin", "rule", "also", "level", "opens_on", "due_on", "closes_on",
    "risk", "danger_signs", "days_overdue", "priority_score", "minutes", "skill", "barred",
)  # fmt: skip
#: Where a task comes from.
ORIGINS = ("follow-up schedule", "finding", "high risk", "measurement", "round")


def outreach_tasks(
    recommendations: pd.DataFrame,
    follow_up: pd.DataFrame,
    states: pd.DataFrame,
    households: pd.DataFrame,
    pregnancies: pd.DataFrame,
    *,
    on: str | pd.Timestamp,
    until: str | pd.Timestamp,
    table: RuleTable | None = None,
    weights: PriorityWeights | None = None,
) -> pd.DataFrame:
    """Return the tasks whose window touches the days from `on` to `until`.

    What is wanted of one person with one skill is one task: that of the follow-up schedule where there is one, else the
    gravest recommendation; the rest stands in `also`. Its visit takes the longest of their minutes, and 5 more for each
    further one. Homes that nothing else asks for and nobody has seen for a quarter get the task of the round, in the
    name of the person at the highest risk.

    Parameters
    ----------
    recommendations : DataFrame
        Of :func:`healthops.risk.recommendations.recommend`.
    follow_up : DataFrame
        Of :func:`healthops.risk.follow_up.follow_up_tasks` on the same day.
    states : DataFrame
        Of :func:`healthops.risk.states.person_states` on the same day.
    households, pregnancies : DataFrame
        Tables ``community_households`` and ``community_pregnancies``.
    on, until : date
    table, weights : optional
        Rules and weights of the priority score.

    Returns
    -------
    DataFrame
        Columns :data:`COLUMNS`, the highest priority first. `days_overdue` and `priority_score` (minutes of walking
        that the task is worth) are those of day `on`. `barred`: why no visit is made, where the family wants none.
    """
    import pandas as pd

    table, day, last = table or load_rule_table(), pd.Timestamp(on).normalize(), pd.Timestamp(until).normalize()
    owed = _owed(follow_up, day, last)
    advised = _advised(recommendations, table, day)
    tasks = _joined(pd.concat([owed, advised], ignore_index=True))
    known = states.set_index("person")
    tasks = tasks[tasks["person"].isin(known.index)]
    tasks["household"] = known["household"].loc[tasks["person"]].to_numpy()
    tasks = pd.concat([tasks, _rounds(states, set(tasks["household"]), table, day)], ignore_index=True)
    here = known.loc[tasks["person"]]
    tasks["hamlet"] = households.set_index("household")["hamlet"].loc[tasks["household"]].to_numpy()
    tasks["risk"] = here["risk"].to_numpy()
    recent = (here["danger_signs_days"] <= RECENT).to_numpy()
    tasks["danger_signs"] = np.where(recent, here["danger_signs"], 0).astype("int64")
    tasks["days_overdue"] = (day - tasks["due_on"]).dt.days.clip(lower=0).astype("int64")
    tasks["barred"] = _barred(tasks, pregnancies, day)
    tasks["priority_score"] = priority_score(tasks, weights=weights)
    order = ["priority_score", "due_on", "task"]
    return tasks.sort_values(order, ascending=[False, True, True], ignore_index=True)[list(COLUMNS)]


def _owed(follow_up: pd.DataFrame, day: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """Tasks of the follow-up schedule that are open in these days."""
    wanted = follow_up["state"].isin(["open", "overdue", "waiting"])
    wanted &= (follow_up["opens_on"] <= last) & (follow_up["closes_on"] >= day)
    columns = ["task", "person", "rule", "level", "opens_on", "due_on", "closes_on", "minutes", "skill"]
    return follow_up.loc[wanted, columns].assign(origin=ORIGINS[0], rank=0)


def _advised(recommendations: pd.DataFrame, table: RuleTable, day: pd.Timestamp) -> pd.DataFrame:
    """A task for each recommendation that asks for a visit."""
    import pandas as pd

    asked = recommendations[recommendations["visit"]].reset_index(drop=True)
    visits = {rule.name: rule.visit for rule in table.rules}
    visits |= {f"measure_{measure.name}": measure.visit for measure in table.measures}
    lasts = {rule.name: rule.valid_days for rule in table.rules}
    of = [visits[rule] for rule in asked["rule"]]
    out = asked[["person", "rule"]].assign(
        level=[v.level for v in of], minutes=[v.minutes for v in of], skill=[v.skill for v in of],
        opens_on=asked["found_on"], due_on=asked["found_on"] + pd.to_timedelta([v.within_days for v in of], unit="D"),
    )  # fmt: skip
    after = out["due_on"] + pd.Timedelta(days=OPEN_AFTER)
    expires = [
        found + pd.Timedelta(days=lasts.get(rule) or 0)
        for found, rule in zip(asked["found_on"], asked["rule"], strict=True)
    ]
    out["closes_on"] = np.maximum(after, pd.Series(expires, index=out.index, dtype="datetime64[ns]"))
    risky = asked["rule"] == "high_risk"
    out["origin"] = np.select([asked["kind"] == "missing", risky], [ORIGINS[3], ORIGINS[2]], ORIGINS[1])
    out["rank"] = np.select([asked["kind"] == "missing", risky], [3, 2], 1)
    return out.assign(task="advised:" + asked["person"] + ":" + out["skill"])


def _joined(tasks: pd.DataFrame) -> pd.DataFrame:
    """One task a person and skill: the follow-up schedule's, else the gravest; the rest is done at the same visit."""
    # What the schedule shows at different times stays apart: a later visit is not made today.
    owed = tasks["rank"] == 0
    first = tasks.sort_values(["person", "skill", "rank", "level", "due_on", "rule", "task"], kind="stable",
                              ascending=[True, True, True, False, True, True, True])  # fmt: skip
    first["lead"] = first.groupby(["person", "skill"])["task"].transform("first")
    first["lead"] = first["lead"].where(~owed, first["task"])
    groups = first.groupby("lead", sort=True)
    out = groups.head(1).set_index("lead").drop(columns="rank")
    out["task"] = out.index
    out["also"] = groups["rule"].agg(lambda names: ", ".join(dict.fromkeys(names.iloc[1:])))
    out["level"], out["opens_on"], out["due_on"] = (
        groups["level"].max(),
        groups["opens_on"].min(),
        groups["due_on"].min(),
    )
    out["closes_on"] = groups["closes_on"].max()
    out["minutes"] = groups["minutes"].max() + 5 * (groups.size() - 1)
    return out.reset_index(drop=True)


def _rounds(states: pd.DataFrame, busy: set[str], table: RuleTable, day: pd.Timestamp) -> pd.DataFrame:
    """The round's task of every home that nothing else asks for and nobody has seen for so long."""
    import pandas as pd

    ago = states.groupby("household")["days_since_visit"].min()
    due = ago[(ago >= table.round_after_days) & ~ago.index.isin(busy)]
    first = states.sort_values(["household", "risk", "person"], ascending=[True, False, True]).drop_duplicates(
        "household"
    )
    person = first.set_index("household")["person"].loc[due.index]
    # Who was never visited is due today.
    since = due.where(np.isfinite(due), table.round_after_days).astype(int) - table.round_after_days
    due_on = day - pd.to_timedelta(since.to_numpy(), unit="D")
    visit = table.round_visit
    return pd.DataFrame({
        "task": [f"round:{home}" for home in due.index], "person": person.to_numpy(), "household": due.index,
        "origin": ORIGINS[4], "rule": "round", "also": "", "level": visit.level, "opens_on": due_on, "due_on": due_on,
        "closes_on": day + pd.Timedelta(days=table.round_after_days), "minutes": visit.minutes, "skill": visit.skill,
    })  # fmt: skip


def _barred(tasks: pd.DataFrame, pregnancies: pd.DataFrame, day: pd.Timestamp) -> pd.Series:
    """Visits about a pregnancy in which the family has refused them or moved away."""
    known = pregnancies[pregnancies["registered_on"] <= day].sort_values("registered_on", kind="stable")
    newest = known.drop_duplicates("person", keep="last").set_index("person")
    muted = newest[(newest["muted_on"] <= day) & newest["muted_reason"].isin(["refused", "migrated"])]
    barred = tasks["person"].isin(muted.index) & (tasks["skill"] == "maternal")
    return barred.map({True: "no_visits_wanted", False: None}).astype(object)
