"""What was asked of rosters, overbooking and the clinic day, beside what came: bars from their tables."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from healthops.report.benchmark_tables import Bar

if TYPE_CHECKING:
    import pandas as pd

#: Grounds of the bars, in the order of the report.
ROSTERS, REPAIRS, OVERBOOKING, OFFERS, CLINIC_DAY = (
    "Rosters", "Repaired rosters", "Overbooking", "Slot offers", "Clinic day",
)  # fmt: skip
#: Plans of the overbooking benchmark: the cheapest, and the cheapest within a ratio of the groups' waits.
CHEAPEST, BOUNDED, FLAT = "cheapest", "bounded", "flat rate"
#: All of them, in the order of a table.
PLANS = (CHEAPEST, BOUNDED, FLAT, "Bailey-Welch", "one a slot")
#: A ratio that was bounded may exceed the bound by rounding.
ROUNDING = 1e-9
#: Largest difference from simpy on the same days, in minutes, that the benchmark takes as none.
SAME_DAYS = "same days, largest difference"
#: Measures of a clinic day, as a reader calls them.
MEASURES = {"wait_min": "wait", "idle_min": "idle time", "overtime_min": "overtime"}


def number(instance: str) -> int:
    """Number of a shift scheduling instance, or 0 where its name has none.

    >>> number("Instance12")
    12
    """
    digits = "".join(letter for letter in instance if letter.isdecimal())
    return int(digits) if digits else 0


def named(numbers: Collection[int]) -> str:
    """Numbers of instances in words.

    >>> named([1, 2, 3]), named([7]), named([10, 12])
    ('1 to 3', '7', '10 and 12')
    """
    ordered = sorted(numbers)
    if len(ordered) > 2 and ordered == list(range(ordered[0], ordered[-1] + 1)):
        return f"{ordered[0]} to {ordered[-1]}"
    *first, last = map(str, ordered)
    return f"{', '.join(first)} and {last}" if first else last


def numbered(runs: pd.DataFrame) -> pd.DataFrame:
    """Instances in the order of their numbers, with the column `number`."""
    return runs.assign(number=[number(name) for name in runs["instance"]]).sort_values("number")


def among(runs: pd.DataFrame, numbers: Collection[int]) -> pd.DataFrame:
    """Rows of the instances with these numbers, in their order."""
    table = numbered(runs)
    return table[table["number"].isin(list(numbers))]


def not_run(runs: pd.DataFrame, asked: Collection[int]) -> list[int]:
    """Instances that were asked for and are not in the table."""
    return sorted(set(asked) - set(among(runs, asked)["number"]))


def equals_best(runs: pd.DataFrame) -> pd.Series:
    """Whether a roster costs at most the best known; one that breaks a rule has no cost and does not."""
    return runs["value"] <= runs["best_known"]


def _within(runs: pd.DataFrame, seconds: float) -> list[Bar]:
    if runs.empty:
        return []
    asked = (
        f"instance{'s' * (len(runs) > 1)} {named(runs['number'])}: within {seconds:g} CPU s{' each' * (len(runs) > 1)}"
    )
    return [Bar(ROSTERS, asked, runs["cpu_seconds"].max(), high=seconds, digits=1)]


def roster_bars(
    runs: pd.DataFrame,
    *,
    equal: Collection[int],
    proved: Collection[int],
    large: Collection[int],
    near: Collection[int],
    percent: float,
    seconds: float,
    longer: Collection[int],
    seconds_longer: float,
) -> list[Bar]:
    """Cost, proof, time and check of the shift scheduling instances that are in the table.

    `equal` must cost the best known within `seconds`, those of them in `longer` within `seconds_longer`; `proved` must
    be proved; `large` must keep the rules within `seconds_longer`, and `near` cost at most `percent` % more than the
    best known.
    """
    same, sure, big, close = (among(runs, part) for part in (equal, proved, large, near))
    bars = []
    if len(same):
        bars.append(Bar(ROSTERS, f"instances {named(same['number'])}: at most the best known cost in {len(same)} of "
                        f"{len(same)}", equals_best(same).sum(), low=len(same), digits=0))  # fmt: skip
    if len(sure):
        bars.append(Bar(ROSTERS, f"of these {named(sure['number'])}: proved to be the best there is, {len(sure)} of "
                        f"{len(sure)}", sure["proved"].sum(), low=len(sure), digits=0))  # fmt: skip
    bars += _within(same[~same["number"].isin(list(longer))], seconds)
    bars += _within(same[same["number"].isin(list(longer))], seconds_longer)
    if len(big):
        kept = (big["value"].notna() & (big["rules_broken"] == 0)).sum()
        bars.append(Bar(ROSTERS, f"instance{'s' * (len(big) > 1)} {named(big['number'])}: a roster that keeps all hard "
                        f"rules, {len(big)} of {len(big)}", kept, low=len(big), digits=0))  # fmt: skip
        bars += _within(big, seconds_longer)
    if len(close):
        bars.append(Bar(ROSTERS, f"of these {named(close['number'])}: at most {percent:g} % above the best known",
                        close["above_best_percent"].max(skipna=False), high=percent, digits=2))  # fmt: skip
    over = (runs["lower_bound"] > runs["best_known"]).sum()
    return [
        *bars,
        Bar(ROSTERS, "lower bounds above a published cost: none", over, high=0, digits=0),
        Bar(ROSTERS, "rosters that the check refuses: none", (runs["rules_broken"] > 0).sum(), high=0, digits=0),
    ]


def repair_bars(repairs: pd.DataFrame, *, staff: int, days: int, seconds: float) -> list[Bar]:
    """Time, proof and check of repaired rosters of the size that was asked for."""
    asked = repairs[(repairs["staff"] == staff) & (repairs["days"] == days)]
    # Without a repair of that size, nothing is proved.
    proved = asked["fewest"].sum() if len(asked) else float("nan")
    return [
        Bar(REPAIRS, f"{staff} people, {days} days: each within {seconds:g} CPU s", asked["cpu_seconds"].max(),
            high=seconds, digits=2),
        Bar(REPAIRS, f"proved: none with as few persons missing changes fewer, {len(asked)} of {len(asked)}", proved,
            low=len(asked), digits=0),
        Bar(REPAIRS, "repaired rosters that the check refuses: none", (repairs["rules_broken"] > 0).sum(), high=0,
            digits=0),
    ]  # fmt: skip


def in_order(table: pd.DataFrame, first: Collection[str]) -> pd.DataFrame:
    """Rows of cases with those named first on top, the others by name; within a case the plans that were looked for."""
    cases = [*first, *sorted(set(table["case"]) - set(first))]
    keys = table.assign(at=[cases.index(case) for case in table["case"]])
    if "plan" in table:
        keys["of"] = [PLANS.index(plan) for plan in table["plan"]]
    return table.loc[keys.sort_values([name for name in ("at", "of") if name in keys], kind="stable").index]


def plan_row(cases: pd.DataFrame, case: str, plan: str) -> pd.Series:
    """Sums of one plan over the instances of a case."""
    return cases[(cases["case"] == case) & (cases["plan"] == plan)].iloc[0]


def overbooking_bars(
    cases: pd.DataFrame,
    checks: pd.DataFrame,
    *,
    case: str,
    instances: int,
    patients: int,
    saved: float,
    ratio: float,
    extra: float,
) -> list[Bar]:
    """Overbooking beside exhaustive search and a flat rate, and what the bound on the ratio of waits costs.

    `case` is the one that was asked for; of the others, and of single instances, it is an aim that the bound costs at
    most `extra` %.
    """
    few = checks[checks["patients"] <= patients]
    cheapest, bounded = (plan_row(cases, case, plan) for plan in (CHEAPEST, BOUNDED))
    bars = [
        Bar(OVERBOOKING, f"up to {patients} patients: the cost of exhaustive search in {len(few)} of {len(few)}",
            few["agrees"].sum() if len(few) else float("nan"), low=len(few), digits=0),
        Bar(OVERBOOKING, f"{case}: seeded instances, at least {instances:,}", bounded["instances"], low=instances,
            digits=0),
        Bar(OVERBOOKING, f"cheapest plan: at least {saved:g} % below the cost of a flat rate",
            100 * cheapest["below_flat_rate"], low=saved, digits=1),
        Bar(OVERBOOKING, f"bounded plan: at least {saved:g} % below the cost of a flat rate",
            100 * bounded["below_flat_rate"], low=saved, digits=1),
        Bar(OVERBOOKING, f"bounded plan: ratio of the groups' waits at most {ratio:g} in every instance",
            bounded["ratio_most"], high=ratio + ROUNDING),
        Bar(OVERBOOKING, f"bounded plan: over all instances at most {extra:g} % above the cheapest",
            100 * bounded["above_cheapest"], high=extra, digits=2),
        Bar(OVERBOOKING, f"bounded plan: in every single instance at most {extra:g} % above the cheapest",
            100 * bounded["above_cheapest_most"], high=extra, digits=2, aim=True),
    ]  # fmt: skip
    others = cases[(cases["plan"] == BOUNDED) & (cases["case"] != case)]
    return bars + [
        Bar(OVERBOOKING, f"{row.case}: at most {extra:g} % above the cheapest over all {row.instances} instances",
            100 * row.above_cheapest, high=extra, digits=2, aim=True)
        for row in others.itertuples()
    ]  # fmt: skip


def offer_bars(offers: pd.DataFrame, *, slots: int, milliseconds: float) -> list[Bar]:
    """Time until ranked offers are there, with as many open slots as were asked for."""
    asked = offers[offers["open_slots"] >= slots]
    return [
        Bar(OFFERS, f"{slots:,} open slots: within {milliseconds:g} ms at the 95th percentile", asked["p95_ms"].max(),
            high=milliseconds, digits=1)
    ]  # fmt: skip


def clinic_day_bars(
    speed: pd.DataFrame, checks: pd.DataFrame, *, timed: Collection[str], patients: int, million: float
) -> list[Bar]:
    """Days that a CPU second plays, and whether simpy and the closed forms agree; other cases than `timed` are aims."""
    bars = []
    for aim in (False, True):
        part = speed[(speed["patients"] == patients) & (~speed["case"].isin(list(timed)) == aim)]
        bars += [
            Bar(CLINIC_DAY, f"{row.case}: at least {million:g} million days of {patients} patients a CPU second",
                row.million_days_a_cpu_s, low=million, digits=2, aim=aim)
            for row in part.itertuples()
        ]  # fmt: skip
    agree = checks["agrees"].sum()
    asked = f"simpy and closed forms agree within 3 standard errors in {len(checks)} of {len(checks)} comparisons"
    return [*bars, Bar(CLINIC_DAY, asked, agree, low=len(checks), digits=0)]


def case_speed(speed: pd.DataFrame, case: str) -> float:
    """Million days that a CPU second plays; missing where the case was not timed."""
    return float(speed.loc[speed["case"] == case, "million_days_a_cpu_s"].max())


# ---- tables for readers ---------------------------------------------------------------------------------------


def roster_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Every instance with its roster, in the order of their numbers."""
    shown = numbered(runs)
    shown["proof"] = ["proved" if sure else "" for sure in shown["proved"]]
    names = {
        "number": "instance", "days": "days", "staff": "people", "shifts": "kinds of shift", "value": "cost",
        "best_known": "best known", "above_best_percent": "above, %", "lower_bound": "lower bound", "proof": "proof",
        "rounds": "rounds", "nodes": "nodes", "cpu_seconds": "CPU s",
    }  # fmt: skip
    return shown[list(names)].rename(columns=names).reset_index(drop=True)


def repair_table(repairs: pd.DataFrame) -> pd.DataFrame:
    """Means and extremes of the repairs, by kind of absence."""
    by = repairs.groupby(["staff", "days", "absence"], sort=False)
    table = by.agg(
        repairs=("number", "size"), lost=("lost", "mean"), mean=("changes", "mean"), most=("changes", "max"),
        missing=("missing", "mean"), proved=("fewest", "sum"), seconds=("cpu_seconds", "max"),
    ).reset_index()  # fmt: skip
    names = {
        "staff": "people", "lost": "shifts lost, mean", "mean": "changes, mean", "most": "changes, most",
        "missing": "missing, mean", "seconds": "CPU s, most",
    }  # fmt: skip
    return table.rename(columns=names)


def case_table(cases: pd.DataFrame) -> pd.DataFrame:
    """Every case and plan: cost, what is saved and what more it costs, ratio of the groups' waits."""
    shown = cases.assign(**{
        name: 100 * cases[name] for name in ("below_flat_rate", "above_cheapest", "gap")
    })  # fmt: skip
    # Plans that people use are given, not looked for: there is no bound to them.
    shown["gap"] = shown["gap"].where(shown["plan"].isin([CHEAPEST, BOUNDED]))
    names = {
        "case": "case", "plan": "plan", "cost": "cost", "below_flat_rate": "saved, %",
        "above_cheapest": "above cheapest, %", "high_over_low": "waits, over all", "ratio_most": "ratio, largest",
        "gap": "open gap, %",
    }  # fmt: skip
    return shown[list(names)].rename(columns=names).reset_index(drop=True)


def check_table(checks: pd.DataFrame) -> pd.DataFrame:
    """Small sessions beside exhaustive search."""
    shown = checks.assign(agrees=["yes" if same else "NO" for same in checks["agrees"]])
    return shown[["plan", "slots", "patients", "cost", "exhaustive", "agrees"]].reset_index(drop=True)


def speed_table(speed: pd.DataFrame) -> pd.DataFrame:
    """Every case, ours and simpy's."""
    shown = speed.assign(peer=1e6 * speed["peer_million_days_a_cpu_s"], ours=1e6 * speed["million_days_a_cpu_s"])
    names = {
        "case": "case", "days": "days played", "ours": "days a CPU s", "peer_days": "days played by simpy",
        "peer": "days a CPU s of simpy", "ratio": "times as fast",
    }  # fmt: skip
    return shown[list(names)].rename(columns=names).reset_index(drop=True)


def errors_apart(checks: pd.DataFrame) -> pd.Series:
    """How many standard errors each figure lies from what is known; missing on the same days, which have no error."""
    return (checks["found"] - checks["known"]) / checks["error"]


def pair_table(pairs: pd.DataFrame) -> pd.DataFrame:
    """What common random numbers are worth, by schedule and measure."""
    order = [list(MEASURES).index(measure) for measure in pairs["measure"]]
    shown = pairs.assign(measure=pairs["measure"].map(MEASURES), order=order).sort_values(["schedule", "order"])
    names = {
        "schedule": "schedule", "measure": "measure", "days": "days", "mean": "mean, min",
        "difference": "difference, min", "variance_ratio": "variance, two seeds over one",
    }  # fmt: skip
    return shown[list(names)].rename(columns=names).reset_index(drop=True)
