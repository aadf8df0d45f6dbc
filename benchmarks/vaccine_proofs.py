"""Small campaigns whose answer is known by other means: another program and solver, every plan by hand, what lacks.

``proofs`` plans each and puts its value beside the one that was found without it.
"""

from __future__ import annotations

import itertools
import re

import numpy as np
import pandas as pd

from benchmarks.lot_by_lot import solve_lot_by_lot
from benchmarks.made_campaign import make_campaign
from healthops.allocate import interior
from healthops.allocate.campaign import Campaign
from healthops.allocate.campaign_plan import InfeasibleCampaign, plan_campaign
from healthops.allocate.campaign_program import HOLD

#: Districts and weeks of the comparison with the program lot by lot, and seeds.
SECOND_FORMULATION = {"districts": 60, "weeks": 10}
SEEDS = (1, 2, 3)
#: Relative gap at which a stage ends here: well below the agreement that is asked for.
TOLERANCE = 1e-9
#: Supplies, risks and floors of the campaigns by hand.
BY_HAND = ((5.0, (1.0, 2.0)), (3.0, (2.0, 1.0)), (12.0, (1.0, 1.0)))
FLOORS = (0.6, 0.8, 1.0)


def tiny(supply: float = 5.0, vaccinators=(3.0, 2.0), risk=(1.0, 2.0)) -> Campaign:
    """Two districts of 6 and 5 people, one product of one dose, three weeks; stores that hold everything.

    One lot of `supply` doses for weeks 0 and 1, one of two doses from week 1 on.
    """
    return Campaign(
        weeks=3,
        products=pd.DataFrame({"product": ["a"], "doses": [1], "interval_weeks": [0], "litres_per_dose": [0.001]}),
        lots=pd.DataFrame(
            {"lot": ["l0", "l1"], "product": "a", "doses": [supply, 2.0], "arrives": [0, 1], "expires": [1, 9]}
        ),
        regions=pd.DataFrame({"region": ["r"], "capacity_litres": [10.0]}),
        districts=pd.DataFrame(
            {"district": ["x", "y"], "region": "r", "capacity_litres": 10.0, "vaccinator_doses": vaccinators}
        ),
        people=pd.DataFrame(
            {"district": ["x", "y"], "group": "g", "population": [6.0, 5.0], "willingness": 1.0, "risk": risk}
        ),
    )


def best_by_hand(campaign: Campaign, supply: float) -> float:
    """The most that any way to give whole doses averts in a :func:`tiny` campaign: all of them are tried.

    Its data are whole and its program is a flow, so that no plan with parts of doses averts more.
    """
    best = 0.0
    for doses in itertools.product(range(4), repeat=6):
        given = np.array(doses).reshape(2, 3)
        weeks, each = given.sum(axis=0), given.sum(axis=1)
        people = (given[0] <= 3).all() and (given[1] <= 2).all() and each[0] <= 6 and each[1] <= 5
        # The first lot for weeks 0 and 1, the second for weeks 1 and 2.
        if people and weeks[0] <= supply and weeks[2] <= 2 and weeks.sum() <= supply + 2:
            best = max(best, float((given * campaign.worth[:, 0, 0]).sum()))
    return best


def second_formulation(districts: int, weeks: int, seeds: tuple[int, ...]) -> list[dict]:
    """Floor and benefit beside those of the program lot by lot, solved by HiGHS."""
    rows = []
    for seed in seeds:
        campaign = make_campaign(districts, weeks=weeks, seed=seed)
        plan = plan_campaign(campaign, stages=("floor", "benefit"), tolerance=TOLERANCE, solver=interior.solve)
        floor, benefit = (stage.value for stage in plan.stages)
        held = {"floor": 0.0, "benefit": floor * (1 - HOLD)}
        for name, value in (("floor", floor), ("benefit", benefit)):
            other = solve_lot_by_lot(campaign, name, floor=held[name])
            rows.append(_row("second formulation", f"{districts} districts, seed {seed}, {name}", value, other))
    return rows


def by_hand() -> list[dict]:
    """Benefit beside the best of all plans in whole doses."""
    rows = []
    for supply, risk in BY_HAND:
        campaign = tiny(supply, risk=risk)
        plan = plan_campaign(campaign, stages=("benefit",), tolerance=TOLERANCE, solver=interior.solve)
        case = f"{supply + 2:g} doses, risks {risk[0]:g} and {risk[1]:g}"
        rows.append(_row("every plan by hand", case, plan.stages[0].value, best_by_hand(campaign, supply)))
    return rows


def what_lacks() -> list[dict]:
    """Doses that a message says to lack for a floor, beside those that do: people times the floor, less the doses."""
    rows = []
    for floor in FLOORS:
        campaign = tiny(3.0, vaccinators=(9.0, 9.0))
        message = ""
        try:
            plan_campaign(campaign, stages=("benefit",), floor=floor)
        except InfeasibleCampaign as problem:
            message = str(problem)
        said = re.search(r"doses that a lot lacks, ([\d.e+]+) in all", message)
        case = f"floor {floor:.0%} for 11 people, 5 doses"
        rows.append(_row("what lacks", case, float(said[1]) if said else np.nan, 11 * floor - 5, message))
    return rows


def _row(proof: str, case: str, found: float, known: float, message: str = "") -> dict:
    away = abs(found - known) / max(abs(known), 1e-9)
    return {"proof": proof, "case": case, "found": found, "known": known, "difference": away, "message": message}


def proofs(districts: int = SECOND_FORMULATION["districts"], weeks: int = SECOND_FORMULATION["weeks"], seeds=SEEDS):
    """Table ``campaign_benchmark_proofs``."""
    return pd.DataFrame([*second_formulation(districts, weeks, seeds), *by_hand(), *what_lacks()])
