"""The priority score: its parts by hand, what comes before what, and tasks that cannot be scored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops.risk.priority import PARTS, PriorityError, PriorityWeights, priority_parts, priority_score


def tasks(**columns):
    given = {"level": [5], "risk": [0.1], "danger_signs": [0], "days_overdue": [0], **columns}
    size = max(len(v) for v in given.values())
    given = {name: v * size if len(v) == 1 else v for name, v in given.items()}
    return pd.DataFrame({"task": [f"T{k}" for k in range(size)], **given})


def test_the_score_is_the_sum_of_parts_by_hand():
    w = PriorityWeights(urgent=5000, level=7, risk=300, danger_sign=11, most_danger_signs=2, overdue=3, most_overdue=4)
    parts = priority_parts(tasks(level=[5, 9], risk=[0.25], danger_signs=[1, 5], days_overdue=[2, 40]), weights=w)
    assert parts[list(PARTS)].to_numpy().tolist() == [[0, 35, 75, 11, 6], [5000, 63, 75, 22, 12]]
    assert parts["score"].tolist() == [127, 5172]


@pytest.mark.parametrize("column", ["level", "risk", "danger_signs", "days_overdue"])
def test_more_of_anything_never_scores_less(column):
    values = {"level": list(range(1, 11)), "risk": list(np.linspace(0, 1, 10)), "danger_signs": list(range(10)),
              "days_overdue": list(range(0, 50, 5))}[column]  # fmt: skip
    score = priority_score(tasks(**{column: values}))
    assert (np.diff(score) >= 0).all() and score.iloc[-1] > score.iloc[0]


def test_urgent_comes_before_everything_else():
    least = tasks(level=[8], risk=[0.0])
    most = tasks(level=[7], risk=[1.0], danger_signs=[99], days_overdue=[999])
    assert priority_score(least).iloc[0] > priority_score(most).iloc[0]
    with pytest.raises(PriorityError, match="raise urgent"):
        PriorityWeights(urgent=300)


def test_the_index_of_the_tasks_is_kept():
    given = tasks(level=[5, 6]).set_index(pd.Index([7, 3]))
    assert priority_score(given).index.tolist() == [7, 3]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"risk": [0.1, None]}, "task T1: risk is nan; it must be from 0 to 1, and be given"),
        ({"risk": [1.2]}, "task T0: risk is 1.2"),
        ({"level": [5, 11]}, "task T1: level is 11; it must be from 1 to 10"),
        ({"danger_signs": [-1]}, "task T0: danger_signs is -1; it must be at least 0"),
        ({"days_overdue": pd.array([pd.NA], dtype="Int64")}, "task T0: days_overdue is <NA>"),
    ],
)
def test_what_cannot_be_scored_is_refused_by_name(columns, said):
    with pytest.raises(PriorityError, match=said):
        priority_score(tasks(**{k: list(v) if isinstance(v, list) else v for k, v in columns.items()}))


def test_a_missing_column_is_named():
    with pytest.raises(PriorityError, match="lack column 'risk'"):
        priority_score(tasks().drop(columns="risk"))
