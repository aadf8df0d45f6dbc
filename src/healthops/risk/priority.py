"""How much a task is worth: what is urgent, how high its level, the person's risk, danger signs, days overdue.

The score is in minutes of walking, the currency in which a day of visits is planned: a task of score 90 is worth a walk
of an hour and a half. It is the sum of its parts (:func:`priority_parts`), so that anybody can see why a task comes
before another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

#: Columns that a table of tasks must have, with the least and the greatest value of each.
NEEDED = {"level": (1, 10), "risk": (0, 1), "danger_signs": (0, None), "days_overdue": (0, None)}
#: Parts of the score, in the order of the columns of :func:`priority_parts`.
PARTS = ("urgent", "by_level", "by_risk", "by_danger_signs", "by_overdue")


class PriorityError(ValueError):
    """Tasks that cannot be scored; names the task, the column and the remedy."""


@dataclass(frozen=True)
class PriorityWeights:
    """Minutes of walking that each part is worth; assumptions of this project, which a programme would replace.

    ``urgent_level``: tasks from this level are urgent and come before every other, by ``urgent``. ``level``: a level.
    ``risk``: a chance of 1 of a severe event within 90 days; a chance of .1 is worth a tenth of it. ``danger_sign``: a
    danger sign seen at the last visit, up to ``most_danger_signs``. ``overdue``: a day past the due date, up to
    ``most_overdue`` days. No sum of the other parts reaches ``urgent``.
    """

    urgent_level: int = 8
    urgent: int = 10_000
    level: int = 10
    risk: int = 200
    danger_sign: int = 20
    most_danger_signs: int = 3
    overdue: int = 1
    most_overdue: int = 30

    def __post_init__(self) -> None:
        others = 10 * self.level + self.risk + self.danger_sign * self.most_danger_signs
        others += self.overdue * self.most_overdue
        if others >= self.urgent:
            raise PriorityError(f"PriorityWeights: the other parts reach {others} minutes; raise urgent above them")


def priority_parts(tasks: pd.DataFrame, *, weights: PriorityWeights | None = None) -> pd.DataFrame:
    """Return what each part adds to a task's score, in minutes of walking.

    Parameters
    ----------
    tasks : DataFrame
        Columns ``task`` (id, for messages), ``level`` (1 to 10), ``risk`` (chance of a severe event within 90 days),
        ``danger_signs`` (seen at the last visit) and ``days_overdue`` (0 where not overdue); further columns are left
        alone. The days overdue are those of the day that is planned.
    weights : PriorityWeights, optional
        Assumptions.

    Returns
    -------
    DataFrame, columns :data:`PARTS` and ``score``
        Floats, in the order and with the index of `tasks`; ``score`` is the sum of the parts.

    Raises
    ------
    PriorityError
        If a column is missing, or a value is missing or out of bounds: nobody's risk is taken to be nought.

    Examples
    --------
    >>> import pandas as pd
    >>> one = pd.DataFrame({"task": ["T1"], "level": [5], "risk": [0.1], "danger_signs": [1], "days_overdue": [3]})
    >>> priority_parts(one).iloc[0].tolist()
    [0.0, 50.0, 20.0, 20.0, 3.0, 93.0]
    """
    import pandas as pd

    weights = weights or PriorityWeights()
    _check(tasks)
    urgent = (tasks["level"] >= weights.urgent_level).to_numpy()
    values = (
        urgent * weights.urgent,
        tasks["level"] * weights.level,
        tasks["risk"] * weights.risk,
        tasks["danger_signs"].clip(upper=weights.most_danger_signs) * weights.danger_sign,
        tasks["days_overdue"].clip(upper=weights.most_overdue) * weights.overdue,
    )
    parts = pd.DataFrame(
        {name: pd.Series(value, index=tasks.index).astype(float) for name, value in zip(PARTS, values, strict=True)},
        index=tasks.index,
    )
    return parts.assign(score=parts.sum(axis=1))


def priority_score(tasks: pd.DataFrame, *, weights: PriorityWeights | None = None) -> pd.Series:
    """Return each task's score in minutes of walking: the column ``score`` of :func:`priority_parts`.

    Give it to :func:`healthops.schedule.visits.plan_visits` as column ``value`` of the tasks. Arguments and errors are
    those of :func:`priority_parts`.
    """
    return priority_parts(tasks, weights=weights)["score"].rename("priority_score")


def _check(tasks: pd.DataFrame) -> None:
    for column in ("task", *NEEDED):
        if column not in tasks:
            raise PriorityError(f"tasks lack column {column!r}; they have {list(tasks.columns)}")
    for column, (low, high) in NEEDED.items():
        values = tasks[column]
        wrong = values.isna() | (values < low).fillna(True)
        if high is not None:
            wrong |= (values > high).fillna(True)
        if wrong.any():
            name, value = tasks.loc[wrong, ["task", column]].iloc[0]
            bounds = f"from {low} to {high}" if high is not None else f"at least {low}"
            raise PriorityError(f"task {name}: {column} is {value}; it must be {bounds}, and be given")
