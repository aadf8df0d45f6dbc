"""Summaries of a replayed campaign: who does best on what, and what re-planning was worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from healthops.evaluate.paired import Saving, paired_saving

if TYPE_CHECKING:
    import pandas as pd

#: Measures of ``campaign_replay``: column, label, how to write it, and whether more is better.
MEASURES = (
    ("deaths", "deaths", "{:,.0f}", False),
    ("infections", "infections, thousands", "{:,.1f}", False),
    ("doses_given", "doses given, thousands", "{:,.1f}", True),
    ("lowest_coverage", "lowest coverage of a place, %", "{:.1f}", True),
    ("gini", "Gini of coverage", "{:.4f}", False),
    ("concentration", "concentration by poverty", "{:+.4f}", True),
    ("open_vials", "left in opened vials, thousands", "{:,.1f}", False),
    ("spoilt", "spoilt or recalled, thousands", "{:,.1f}", False),
    ("expired", "expired, thousands", "{:,.1f}", False),
    ("left", "left in stores, thousands", "{:,.1f}", False),
    ("second_waiting", "second doses overdue", "{:,.0f}", False),
)
#: Outcomes nearer than this share of the larger are told apart by nobody.
ALIKE = 1e-3


def measures(table: pd.DataFrame) -> pd.DataFrame:
    """Means of each measure over all scenarios and draws, measures by policy.

    Parameters
    ----------
    table : DataFrame
        Table ``campaign_replay``.
    """
    known = table.assign(spoilt=table["spoilt"] + table["recalled"], lowest_coverage=100 * table["lowest_coverage"])
    order = list(dict.fromkeys(table["policy"]))
    mean = known.groupby("policy")[[column for column, *_ in MEASURES]].mean().loc[order]
    return mean.T


def written(mean: pd.DataFrame) -> pd.DataFrame:
    """The same as text, each row in its own format, with its label."""
    rows = {
        label: [form.format(value / (1e3 if label.endswith("thousands") else 1)) for value in mean.loc[column]]
        for column, label, form, _ in MEASURES
    }
    return mean.iloc[:0].reindex(list(rows)).astype(object).assign(
        **{policy: [row[k] for row in rows.values()] for k, policy in enumerate(mean.columns)}
    )  # fmt: skip


def better_on(mean: pd.DataFrame, ours: str, theirs: str) -> list[str]:
    """Labels of the measures on which the mean of `ours` is better than that of `theirs`, beyond rounding."""
    out = []
    for column, label, _, more in MEASURES:
        a, b = mean.loc[column, ours], mean.loc[column, theirs]
        if abs(a - b) > ALIKE * max(abs(a), abs(b)) and (a > b) == more:
            out.append(label.removesuffix(", %").removesuffix(", thousands"))
    return out


def savings(
    outcomes: Mapping[str, np.ndarray], ours: str, *, rng: np.random.Generator, draws: int, level: float = 0.95
) -> dict[str, Saving]:
    """What `ours` saves against each of the others, in % of theirs: outcomes of shape (scenarios, draws)."""
    return {
        way: paired_saving(outcomes[ours], values, rng=rng, draws=draws, level=level)
        for way, values in outcomes.items()
        if way != ours
    }


def by_scenario_saving(outcomes: Mapping[str, np.ndarray], ours: str, theirs: str) -> np.ndarray:
    """What `ours` saves against `theirs` in each scenario, in % of theirs; shape (S,)."""
    a, b = outcomes[ours].sum(axis=1), outcomes[theirs].sum(axis=1)
    return 100 * np.divide(b - a, b, out=np.zeros_like(b), where=b > 0)


def value_by_shock(saved: np.ndarray, shocks: list[str], kinds: tuple[str, ...]) -> pd.DataFrame:
    """Mean of what was saved in scenarios with and without each kind of shock, and how many there are.

    Parameters
    ----------
    saved : array of float, shape (S,)
    shocks : list of str
        Column ``shocks`` of each scenario.
    """
    import pandas as pd

    rows = []
    for kind in kinds:
        there = np.array([kind in text.split(", ") for text in shocks])
        mean = [saved[mask].mean() if mask.any() else np.nan for mask in (there, ~there)]
        rows.append((kind, int(there.sum()), *mean, mean[0] - mean[1]))
    return pd.DataFrame(rows, columns=["kind", "scenarios", "with", "without", "difference"])


def against_published(saving: Saving, low: float, high: float) -> str:
    """Where an interval of savings lies beside a published range, in words."""
    if saving.low > high:
        return "above"
    if saving.high < low:
        return "below"
    return "within" if saving.low >= low and saving.high <= high else "overlapping"
