"""What was asked of routes, home care and days of visits, beside what came: bars from the tables of the benchmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from healthops.report.benchmark_tables import Bar

if TYPE_CHECKING:
    import pandas as pd

#: Grounds of the bars, in the order of the report.
ROUTES, PRIZES, CARE, VISITS = "Routes", "Routes with prizes", "Home care", "Day of visits"
#: Best known costs of home care are given with three decimals, distances of routes with one.
CARE_TOLERANCE, ROUTE_TOLERANCE = 0.0005, 0.05
#: Families of Solomon's instances, and how a reader calls them.
FAMILIES = {"c1": "clustered (c1)", "r1": "at random (r1)", "rc1": "both (rc1)"}


def longest(runs: pd.DataFrame, *, prizes: bool = False) -> pd.DataFrame:
    """The longest search of each instance without prizes, or of those with."""
    return runs[runs["longest"] & ((runs["family"] == "prizes") == prizes)]


def equals_best(table: pd.DataFrame, tolerance: float) -> pd.Series:
    """Whether a cost is at most the best known; a plan without a cost is not."""
    return table["cost"] <= table["best_known"] + tolerance


def below_best(table: pd.DataFrame, tolerance: float) -> pd.Series:
    """Whether a cost is below the best known."""
    return table["cost"] < table["best_known"] - tolerance


def care_gaps(plans: pd.DataFrame) -> pd.Series:
    """Gap of each plan in percent; 0 where it is less than the published digits can tell."""
    near = (plans["cost"] - plans["best_known"]).abs() <= CARE_TOLERANCE
    return plans["gap_percent"].mask(near, 0.0)


def route_bars(runs: pd.DataFrame, *, gap: float, seconds: float) -> list[Bar]:
    """Mean gap, time and check of the instances that must be visited whole."""
    best, every = longest(runs), runs[runs["family"] != "prizes"]
    return [
        Bar(ROUTES, f"mean gap of {len(best)} instances at most {gap:g} %", best["gap_percent"].mean(skipna=False),
            high=gap),
        Bar(ROUTES, f"within {seconds:g} CPU s each", best["cpu_seconds"].max(), high=seconds, digits=1),
        Bar(ROUTES, "plans that the check refuses: none", every["refused"].sum(), high=0, digits=0),
    ]  # fmt: skip


def prize_bars(runs: pd.DataFrame, *, gap: float, seconds: float) -> list[Bar]:
    """Gap, time and check of the instances whose customers have prizes."""
    bars = []
    for row in longest(runs, prizes=True).itertuples():
        asked = f"{row.instance}, {row.customers:,} customers: gap at most {gap:g} %"
        bars += [
            Bar(PRIZES, asked, row.gap_percent, high=gap),
            Bar(PRIZES, f"within {seconds:g} CPU s", row.cpu_seconds, high=seconds, digits=1),
        ]
    refused = runs.loc[runs["family"] == "prizes", "refused"].sum()
    return [*bars, Bar(PRIZES, "plans that the check refuses: none", refused, high=0, digits=0)]


def care_bars(plans: pd.DataFrame, *, small: int, large: int, gap: float, seconds: float) -> list[Bar]:
    """Small instances equal the best known, large ones come near; bounds hold for what others have found."""
    few, many = plans[plans["patients"] == small], plans[plans["patients"] == large]
    equal = equals_best(few, CARE_TOLERANCE).sum()
    over = (plans["bound"] > plans["best_known"] + CARE_TOLERANCE).sum()
    return [
        Bar(CARE, f"{small} patients: at most the best known cost in {len(few)} of {len(few)}", equal, low=len(few),
            digits=0),
        Bar(CARE, f"{large} patients: mean gap at most {gap:g} %", care_gaps(many).mean(skipna=False), high=gap),
        Bar(CARE, f"within {seconds:g} CPU s each", plans["cpu_seconds"].max(), high=seconds, digits=1),
        Bar(CARE, "lower bounds above a published cost: none", over, high=0, digits=0),
        Bar(CARE, "plans that the check refuses: none", plans["refused"].sum(), high=0, digits=0),
    ]  # fmt: skip


def visit_bars(
    days: pd.DataFrame, insertions: pd.DataFrame, *, workers: int, tasks: int, seconds: float, urgent: float, moved: int
) -> list[Bar]:
    """Time of the district that was asked for, time and moves of urgent tasks, and the check before and after."""
    asked = days[(days["workers"] == workers) & (days["tasks"] == tasks)]
    refused = days["refused"].sum() + days["refused_after"].sum()
    return [
        Bar(VISITS, f"{workers:,} workers, {tasks:,} tasks: planned within {seconds:g} s", asked["seconds"].max(),
            high=seconds, digits=1),
        Bar(VISITS, f"an urgent task put in within {urgent:g} s", insertions["seconds"].max(), high=urgent),
        Bar(VISITS, f"it moves at most {moved} other visits", insertions["moved"].max(), high=moved, digits=0),
        Bar(VISITS, "plans that the check refuses, before and after: none", refused, high=0, digits=0),
    ]  # fmt: skip


# ---- tables for readers ---------------------------------------------------------------------------------------


def route_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Every instance with its longest search, those with prizes last."""
    import pandas as pd

    names = {
        "instance": "instance", "customers": "customers", "cost": "cost", "best_known": "best known",
        "gap_percent": "gap, %", "routes": "routes", "left_out": "left out", "cpu_seconds": "CPU s",
    }  # fmt: skip
    rows = pd.concat([longest(runs), longest(runs, prizes=True)])
    return rows[list(names)].rename(columns=names).reset_index(drop=True)


def effort(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean and largest gap and mean CPU seconds by family and number of iterations, fewest first."""
    by = runs.groupby(["family", "iterations"])
    table = by.agg(mean=("gap_percent", "mean"), largest=("gap_percent", "max"), seconds=("cpu_seconds", "mean"))
    return table.reset_index()


def care_table(plans: pd.DataFrame) -> pd.DataFrame:
    """Every home care instance, with its lower bound and whether that is proof."""
    table = plans.assign(gap_percent=care_gaps(plans), number=[number(name) for name in plans["instance"]])
    table = table.sort_values(["patients", "number"])
    shown = table[["patients", "double_visits", "cost", "best_known", "gap_percent", "bound"]].copy()
    shown.insert(0, "instance", [short(name) for name in table["instance"]])
    shown["proof"] = ["proved" if sure else "" for sure in table["proved"]]
    shown["seconds"] = table["cpu_seconds"]
    names = {
        "double_visits": "double visits", "best_known": "best known", "gap_percent": "gap, %", "bound": "lower bound",
        "seconds": "CPU s",
    }  # fmt: skip
    return shown.rename(columns=names).reset_index(drop=True)


def short(instance: str) -> str:
    """Size and number of a home care instance.

    >>> short("InstanzCPLEX_HCSRP_25_6")
    '25_6'
    """
    return "_".join(instance.split("_")[-2:])


def number(instance: str) -> int:
    """Number of a home care instance among those of its size, or 0 where its name has none.

    >>> number("InstanzCPLEX_HCSRP_25_6")
    6
    """
    last = instance.split("_")[-1]
    return int(last) if last.isdecimal() else 0


def reason_table(reasons: pd.DataFrame) -> pd.DataFrame:
    """Tasks that are left, by district and reason."""
    names = {"workers": "workers", "tasks": "tasks", "why": "why left", "number": "tasks left"}
    return reasons[list(names)].rename(columns=names).reset_index(drop=True)
