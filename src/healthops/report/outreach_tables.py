"""Tables of planned outreach: rules with their counts, a sample of people, what is left, what an urgent task did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from healthops.data.recommendation_rules import LEVELS, RuleTable
from healthops.report.outreach_figures import clock

if TYPE_CHECKING:
    import pandas as pd

#: Level of a row that says what has to be measured.
NOT_KNOWN = "not known"


def rule_counts(recommendations: pd.DataFrame, table: RuleTable) -> pd.DataFrame:
    """People by rule, the gravest level first: rule, label, level (:data:`NOT_KNOWN` for what is missing), people.

    Rules that nobody meets stand there with 0.
    """
    import pandas as pd

    people = recommendations["rule"].value_counts()
    rows = [(rule.name, rule.label, rule.level, int(people.get(rule.name, 0))) for rule in table.rules]
    rows += [
        (f"measure_{one.name}", f"measure or ask: {one.says}", NOT_KNOWN, int(people.get(f"measure_{one.name}", 0)))
        for one in table.measures
    ]
    out = pd.DataFrame(rows, columns=["rule", "label", "level", "people"])
    grave = [*reversed(LEVELS), NOT_KNOWN]
    order = out["level"].map(grave.index)
    return out.assign(order=order).sort_values(
        ["order", "people"], ascending=[True, False], kind="stable", ignore_index=True
    ).drop(columns="order")  # fmt: skip


def people_sample(
    recommendations: pd.DataFrame, states: pd.DataFrame, reasons: pd.DataFrame, *, each: int = 3
) -> pd.DataFrame:
    """Return some people by study id: those at the highest risk of each gravest level, and of those with none.

    Parameters
    ----------
    recommendations, states : DataFrame
        Of :func:`healthops.risk.recommendations.recommend` and :func:`healthops.risk.states.person_states`.
    reasons : DataFrame
        Table ``community_risk_reasons``.
    each : int
        People a level.

    Returns
    -------
    DataFrame
        person, risk (as text, %), why (the reasons with their effects in log odds), recommendation (level, finding and
        rule; the gravest, and what is not known).
    """
    import pandas as pd

    found = recommendations[recommendations["kind"] == "finding"].drop_duplicates("person").set_index("person")
    level = states["person"].map(found["level"])
    people = states.assign(gravest=level.fillna(NOT_KNOWN))
    picked = [
        people[people["gravest"] == name].sort_values(["risk", "person"], ascending=[False, True]).head(each)
        for name in [*reversed(LEVELS), NOT_KNOWN]
    ]
    chosen = pd.concat(picked, ignore_index=True)
    rows = [
        (one.person, f"{100 * one.risk:.0f} % ({one.risk_band})", _why(one.person, reasons),
         _advised(one.person, recommendations))
        for one in chosen.itertuples()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["person", "risk within 90 days", "why", "recommendation"])


def _why(person: str, reasons: pd.DataFrame) -> str:
    mine = reasons[reasons["person"] == person].sort_values("rank")
    return "; ".join(f"{one.label}: {one.value} ({one.effect:+.1f})" for one in mine.itertuples())


def _advised(person: str, recommendations: pd.DataFrame) -> str:
    mine = recommendations[recommendations["person"] == person]
    found = mine[mine["kind"] == "finding"].head(2)
    said = [f"{one.level}: {one.finding}. {one.advice} [{one.rule}]" for one in found.itertuples()]
    lacking = mine[mine["kind"] == "missing"].head(2)
    said += [f"{one.finding} [{one.rule}]" for one in lacking.itertuples()]
    return " ".join(said) or "none"


def rule_table(table: RuleTable) -> pd.DataFrame:
    """The rules as they are written: rule, level, finding in words, whether a threshold is published, source."""
    import pandas as pd

    rows = [(rule.name, rule.level, rule.says, rule.source) for rule in table.rules]
    return pd.DataFrame(rows, columns=["rule", "level", "finding", "source"])


def unvisited_by_reason(unvisited: pd.DataFrame, tasks: pd.DataFrame) -> pd.DataFrame:
    """Tasks and homes that nobody visits by reason, the most first: reason, tasks, of them urgent, homes."""
    import pandas as pd

    grouped = unvisited.groupby("why", sort=True)
    out = pd.DataFrame({
        "tasks": grouped.size(), "of them urgent": grouped["urgent"].sum(),
        "homes": grouped["household"].nunique(),
    })  # fmt: skip
    risk = unvisited["task"].map(tasks.set_index("task")["risk"])
    out["mean risk of the people, %"] = 100 * risk.groupby(unvisited["why"]).mean()
    # A mean over few people tells of them.
    out["mean risk of the people, %"] = out["mean risk of the people, %"].where(out["tasks"] >= 5)
    return out.sort_values("tasks", ascending=False, kind="stable").rename_axis("why nobody comes")


def changes_in_words(changes: pd.DataFrame) -> pd.DataFrame:
    """Changes between two plans in words: household, what, before, after."""
    import pandas as pd

    def side(worker: object, begins: object) -> str:
        return "not visited" if pd.isna(begins) else f"{worker} at {clock(int(begins))}"

    return pd.DataFrame({
        "household": changes["household"], "change": changes["change"],
        "before": [side(w, b) for w, b in zip(changes["worker_before"], changes["begins_before"], strict=True)],
        "after": [side(w, b) for w, b in zip(changes["worker_after"], changes["begins_after"], strict=True)],
    })  # fmt: skip


def workload_summary(loads: dict[str, pd.DataFrame], gini: dict[str, float]) -> pd.DataFrame:
    """Ways of sharing side by side: tasks done, hours walked, least, median and most hours of a worker, Gini index."""
    import pandas as pd

    rows = {
        name: {
            "tasks done": int(load["tasks"].sum()), "hours walked": load["walked_min"].sum() / 60,
            "least hours": load["work_min"].min() / 60, "median hours": load["work_min"].median() / 60,
            "most hours": load["work_min"].max() / 60, "Gini index of hours": gini[name],
        }
        for name, load in loads.items()
    }  # fmt: skip
    return pd.DataFrame(rows).T.rename_axis("sharing")


def names(values: Sequence[str]) -> str:
    """Join names for a sentence.

    >>> names(["W1", "W2", "W3"])
    'W1, W2 and W3'
    """
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} and {values[-1]}" if values else "nobody"
