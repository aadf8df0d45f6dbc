"""Small tables of notebook 94: rosters and repairs made by hand, the others by the functions of the steps."""

from __future__ import annotations

from functools import cache

import pandas as pd

from benchmarks import choices, clinic_day, overbooking

#: Best known costs of the shift scheduling instances.
BEST = {1: 607, 2: 828, 3: 1001, 4: 1716, 5: 1143, 6: 1950, 7: 1056, 8: 1300, 10: 4631, 12: 4040, 15: 3829}
ABSENCES = ("one person, one day", "one person, one week", "three persons, one day")


def runs() -> pd.DataFrame:
    """Rosters as cheap as the best known, proved but for the large ones, which cost 1 % more; 15 was not run."""
    rows = []
    for number, best in BEST.items():
        if number == 15:
            continue
        small = number <= 7
        value = best if small else round(1.01 * best)
        rows.append(
            {"instance": f"Instance{number}", "days": 14 if number < 4 else 28, "staff": 8 + number, "shifts": 2,
             "rounds": 40, "nodes": 1000, "value": float(value), "lower_bound": float(best) * (1 if small else 0.98),
             "proved": small, "rules_broken": 0, "best_known": float(best),
             "above_best_percent": 100 * (value / best - 1), "cpu_seconds": 30.0 if small else 400.0}
        )  # fmt: skip
    return pd.DataFrame(rows)


def repairs() -> pd.DataFrame:
    """Five repairs a kind of absence; after a week of absence one of them leaves somebody missing."""
    rows = [
        {"staff": 50, "days": 28, "absence": absence, "number": number, "lost": 1 + 2 * kind,
         "changes": kind + number % 3, "missing": int(kind == 1 and number == 5), "fewest": True, "rules_broken": 0,
         "cpu_seconds": 0.25}
        for kind, absence in enumerate(ABSENCES)
        for number in range(1, 6)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def cases() -> pd.DataFrame:
    """What was asked is met in the case of 8 slots; with waiting twice as dear the bound costs 2 %."""
    rows = []
    for case, extra in (("16 slots", 0.002), ("8 slots", 0.008), ("8 slots, waiting twice as dear", 0.02)):
        costs = {"cheapest": 1.0, "bounded": 1 + extra, "flat rate": 1.25, "one a slot": 1.5, "Bailey-Welch": 1.3}
        for plan, cost in costs.items():
            looked_for = plan in ("cheapest", "bounded")
            rows.append(
                {"case": case, "plan": plan, "instances": 100, "cost": cost, "below_flat_rate": 1 - cost / 1.25,
                 "above_cheapest": cost - 1, "above_cheapest_most": 5 * (cost - 1), "within_one_percent": 0.8,
                 "high_over_low": {"cheapest": 1.28, "bounded": 1.01, "flat rate": 0.95}.get(plan, 1.1),
                 "ratio_most": 1.05 if plan == "bounded" else 3.0, "ratio_median": 1.4,
                 "proved": 1.0 if looked_for else None, "gap": 0.4 if looked_for and case == "16 slots" else 0.0}
            )  # fmt: skip
    return pd.DataFrame(rows).astype({"proved": float})


def plans() -> pd.DataFrame:
    """Two instances of every case and plan that cost as `cases` says; in the second nobody waits in the cheapest."""
    rows = []
    for row in cases().itertuples():
        for seed in (0, 1):
            wait = 0.0 if seed and row.plan == "cheapest" else 0.3
            rows.append(
                {"case": row.case, "instance": seed, "plan": row.plan, "booked": 10, "cost": row.cost,
                 "bound": 0.9 * row.cost, "proved": False, "wait": 2 * wait, "idle": 1.0, "overtime": 0.4,
                 "ratio": 1.0, "high_came": 3.0, "high_wait": wait, "low_came": 4.0, "low_wait": wait}
            )  # fmt: skip
    return pd.DataFrame(rows)


def offers(p95_ms: float = 6.0) -> pd.DataFrame:
    columns = ["open_slots", "requests", "median_ms", "p95_ms", "worst_ms"]
    return pd.DataFrame([(20_000, 300, 1.5, p95_ms, 11.0)], columns=columns)


def speed() -> pd.DataFrame:
    """Half of what was asked by the order of those present, four times as much on the minute."""
    found = {"on the minute": 2.0, "late, by appointment": 0.8, "late, by arrival": 0.6, "late, those present": 0.25}
    rows = [
        {"case": case, "patients": 24, "days": 4096, "cpu_s": 0.004096 / million, "million_days_a_cpu_s": million,
         "peer_days": 20, "peer_cpu_s": 0.01, "peer_million_days_a_cpu_s": 0.002, "ratio": million / 0.002}
        for case, million in found.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def proofs() -> pd.DataFrame:
    rows = [
        ("same days, largest difference", "on the minute", 3e-12, 0.0, None, True),
        ("wait_min a day, own days", "on the minute", 82.0, 80.0, 2.0, True),
        ("overtime_min a day, own days", "on the minute", 4.9, 5.0, 0.2, True),
        ("stationary wait, closed form", "D/M/1, load 0.5", 0.25, 0.255, 0.002, True),
    ]
    columns = ["check", "case", "found", "known", "error", "agrees"]
    return pd.DataFrame(rows, columns=columns).astype({"error": float})


@cache
def tables() -> dict[str, pd.DataFrame]:
    """Every table that notebook 94 reads, by name."""
    return {
        "rosters_benchmark_runs": runs(),
        "rosters_benchmark_repairs": repairs(),
        "overbooking_benchmark_plans": plans(),
        "overbooking_benchmark_cases": cases(),
        "overbooking_benchmark_checks": overbooking.checks([(1, 3), (2, 5)]),
        "overbooking_benchmark_offers": offers(),
        "clinic_day_benchmark_speed": speed(),
        "clinic_day_benchmark_checks": proofs(),
        "clinic_day_benchmark_pairs": clinic_day.measure_common_random_numbers(500),
        "benchmark_choices": choices.choices(),
    }
