"""What the tables of the benchmarks of routing say, in sentences; every figure in them is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from healthops.report.benchmark_words import listed, percent
from healthops.report.routing_benchmark_tables import (
    CARE_TOLERANCE,
    FAMILIES,
    ROUTE_TOLERANCE,
    below_best,
    care_gaps,
    equals_best,
    longest,
    short,
)

if TYPE_CHECKING:
    import pandas as pd


def routes_in_words(runs: pd.DataFrame) -> str:
    """Mean gap and how many equal the best known, over all and by family; the worst one."""
    best = longest(runs)
    each = []
    for family, part in best.groupby("family", sort=True):
        equal = int(equals_best(part, ROUTE_TOLERANCE).sum())
        each.append(f"{FAMILIES[family]} {part['gap_percent'].mean():.3f} % ({equal} of {len(part)})")
    worst = best.loc[best["gap_percent"].idxmax()]
    equal = int(equals_best(best, ROUTE_TOLERANCE).sum())
    return (
        f"Over {len(best)} instances the mean gap is **{best['gap_percent'].mean():.3f} %**, and {equal} plans are as "
        f"short as the best known. Customers {listed(each)}. The largest gap is {worst['gap_percent']:.3f} % "
        f"({worst['instance']}). A search took {best['cpu_seconds'].min():.1f} to "
        f"{best['cpu_seconds'].max():.1f} CPU s."
    )


def effort_in_words(runs: pd.DataFrame) -> str:
    """Mean gap of Solomon's instances at each number of iterations."""
    table = runs[runs["family"] != "prizes"].groupby("iterations")[["gap_percent", "cpu_seconds"]].mean()
    said = [
        f"{row['gap_percent']:.3f} % after {row['cpu_seconds']:.1f} CPU s ({iterations:,} iterations)"
        for iterations, row in table.iterrows()
    ]
    return f"Mean gap: {listed(said)}."


def prizes_in_words(runs: pd.DataFrame) -> str:
    """What came of each instance with prizes, shortest and longest search."""
    said = []
    for name, part in runs[runs["family"] == "prizes"].groupby("instance", sort=True):
        first, last = part.loc[part["iterations"].idxmin()], part.loc[part["iterations"].idxmax()]
        said.append(
            f"{name} ({last['customers']:,} customers, {last['left_out']} of them left out and their prizes lost) is "
            f"**{last['gap_percent']:.3f} %** above the best known after {last['cpu_seconds']:.0f} CPU s, and was "
            f"{first['gap_percent']:.2f} % above it after {first['cpu_seconds']:.1f}"
        )
    return f"{'; '.join(said)}."


def care_in_words(plans: pd.DataFrame) -> str:
    """Costs beside the best known and bounds, by number of patients."""
    said = []
    for patients, part in plans.groupby("patients", sort=True):
        equal, below = equals_best(part, CARE_TOLERANCE), below_best(part, CARE_TOLERANCE)
        text = (
            f"{patients} patients: {int(equal.sum())} of {len(part)} cost at most the best known, mean gap "
            f"{care_gaps(part).mean():.3f} %, {int(part['proved'].sum())} proved to be the best there is"
        )
        if below.any():
            better = listed(f"{short(r.instance)} by {-r.gap_percent:.2f} %" for r in part[below].itertuples())
            text += f"; below the best known: **{better}**"
        rest = part[~part["proved"]]
        if len(rest):
            apart = 1 - rest["bound"] / rest["cost"]
            low, high = percent(apart.min(), 0), percent(apart.max(), 0)
            text += f"; where there is no proof the lower bound is {low} to {high} lower"
        said.append(text)
    return ". ".join(said) + "."


def days_in_words(days: pd.DataFrame) -> str:
    """What each district took, and how much of its work was done."""
    said = []
    for row in days.itertuples():
        said.append(
            f"{row.workers:,} workers ({row.at_work:,} at work) and {row.tasks:,} tasks in "
            f"{row.seconds:.1f} s: {row.visits:,} of {row.wanted:,} visits made, "
            f"{percent(row.tasks_done / row.tasks, 0)} of the tasks done"
        )
    return f"{'; '.join(said)}."


def insertions_in_words(insertions: pd.DataFrame) -> str:
    """How long an urgent task waits for its place, what it moves, and how many find one."""
    said = []
    for (workers, tasks), part in insertions.groupby(["workers", "tasks"], sort=True):
        made = part["outcome"] == "made"
        text = f"{int(made.sum())} of {len(part)} found a place among {tasks:,} tasks of {workers:,} workers"
        if not made.all():
            text += f" ({int((~made).sum())} were left with a reason)"
        said.append(text)
    return (
        f"The slowest urgent task took {1000 * insertions['seconds'].max():.0f} ms and none moved more than "
        f"{insertions['moved'].max()} other visits. {'; '.join(said)}."
    )
