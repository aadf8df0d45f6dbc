"""The benchmarks of allocation at their smallest: the tables of notebook 92, made by the functions of the steps."""

from __future__ import annotations

from functools import cache

import pandas as pd

from benchmarks import choices, epidemic, epidemic_checks, vaccine_program, vaccine_proofs, wastage
from benchmarks.epydemix_env import Peer
from benchmarks.made_campaign import make_campaign

NO_PEER = Peer("", "1.0", "no network")
SPEED = {"places": 2, "ages": 2, "days": 60, "draws": 4, "peer_draws": 1, "runs": 1}
#: The national cases of these tables are small too.
CASES = {"12 districts": 12, "national, seed 1": 24}


@cache
def tables() -> dict[str, pd.DataFrame]:
    """Every table by name."""
    made = [vaccine_program.measured_plan(case, make_campaign(n, weeks=14))[1] for case, n in CASES.items()]
    plans, steps = (pd.DataFrame([r for part in made for r in part[name]]) for name in ("plans", "steps"))
    replans, changes = vaccine_program.measure_replans(24)
    checks, days = epidemic_checks.all_checks((10, 100_000), draws=10, agent_draws=150)
    return {
        "campaign_benchmark_plans": plans,
        "campaign_benchmark_steps": steps,
        "campaign_benchmark_proofs": vaccine_proofs.proofs(10, 8, (1,)),
        "campaign_benchmark_replans": replans,
        "campaign_benchmark_changes": changes,
        "campaign_benchmark_frontier": vaccine_program.measure_frontier(12, 3),
        "campaign_benchmark_boxes": vaccine_program.measure_boxes(12),
        "epidemic_benchmark_speed": epidemic.measure_speed(NO_PEER, **SPEED),
        "epidemic_benchmark_pairs": epidemic.measure_common_random_numbers(3),
        "epidemic_benchmark_checks": checks,
        "epidemic_benchmark_days": days,
        "wastage_benchmark_rates": wastage.rates(),
        "wastage_benchmark_savings": wastage.savings(),
        "wastage_benchmark_vials": wastage.by_vial(),
        "benchmark_choices": choices.choices(),
    }
