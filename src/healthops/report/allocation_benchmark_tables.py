"""What was asked of allocation, wastage and the epidemic, beside what came: bars from the tables of the benchmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from healthops.report.benchmark_tables import Bar

if TYPE_CHECKING:
    import pandas as pd

#: Grounds of the bars, in the order of the report.
PROOF, NATIONAL, REPLAN, FAIRNESS = "Proof", "National plan", "Plan made again", "Fairness and boxes"
SIMULATOR, WASTAGE = "Simulator", "Wastage"
#: The case of the tables' country.
TABLES_CASE = "national, tables"


def in_order(plans: pd.DataFrame) -> pd.DataFrame:
    """Rows of plans or of their steps by size of the country and stage, the floor first."""
    size = plans["case"].str.extract(r"^(\d+) ", expand=False).astype(float)
    return (
        plans.assign(size=size.fillna(size.max() + 1), later=plans["stage"] != "floor")
        .sort_values(["size", "case", "later", *(["iteration"] if "iteration" in plans else [])], kind="stable")
        .drop(columns=["size", "later"])
        .reset_index(drop=True)
    )


def proof_bars(proofs: pd.DataFrame, *, agree: float, lack_share: float) -> list[Bar]:
    """Agreement with the second formulation and with every plan by hand; what an impossible input is told."""
    limits = {"second formulation": agree, "every plan by hand": agree, "what lacks": lack_share}
    said = {
        "second formulation": "{n} stages of 60 districts agree with a second formulation and solver to {limit:g}",
        "every plan by hand": "{n} small plans equal the best of all plans by hand to {limit:g}",
        "what lacks": "{n} impossible floors are told how many doses of which lots lack, to {limit:g}",
    }
    bars = []
    for proof, limit in limits.items():
        kept = proofs[proofs["proof"] == proof]
        asked = said[proof].format(n=len(kept), limit=limit)
        bars.append(Bar(PROOF, asked, kept["difference"].max(skipna=False), high=limit, digits=1, kind="e"))
    return bars


def national(plans: pd.DataFrame) -> pd.DataFrame:
    """One row a national case, its stages put together: the made countries first."""
    kept = plans[plans["case"].str.startswith("national")]
    by_case = kept.groupby("case", sort=False)
    table = by_case.agg(
        products=("products", "first"), variables=("variables", "max"), rows=("rows", "max"),
        iterations=("iterations", "sum"), gap=("gap", "max"), residual=("residual", "max"),
        violations=("violations", "first"), plan_cpu_s=("plan_cpu_s", "first"), all_cpu_s=("all_cpu_s", "first"),
        memory_gb=("memory_gb", "first"),
    )  # fmt: skip
    return table.sort_values("products", kind="stable")


def national_bars(plans: pd.DataFrame, *, gap: float, seconds: float, gigabytes: float, products: int) -> list[Bar]:
    """Gap, time, memory and violations of the national plans; more products than were asked for are an aim."""
    bars = []
    for case, row in national(plans).iterrows():
        aim = {"aim": bool(row["products"] > products)}
        name = f"{case.removeprefix('national, ')}, {row['products']:.0f} products"
        bars += [
            Bar(NATIONAL, f"{name}: gap certified at most {gap:g}", row["gap"], high=gap, digits=1, kind="e", **aim),
            Bar(NATIONAL, f"{name}: within {seconds:.0f} CPU s", row["all_cpu_s"], high=seconds, digits=0, **aim),
            Bar(NATIONAL, f"{name}: within {gigabytes:g} GiB", row["memory_gb"], high=gigabytes, digits=2, **aim),
            Bar(NATIONAL, f"{name}: no violation in the check", row["violations"], high=0, digits=0, **aim),
        ]
    return bars


def replan_bars(replans: pd.DataFrame, *, seconds: float, still: float) -> list[Bar]:
    """Time of each plan made again from the last one; what holds for all of them."""
    warm = replans[replans["begin"] == "warm"]
    bars = []
    for row in warm.itertuples():
        where = f"change of {row.change}{' with stock at hand' if row.at != 'start' and row.change != 'stock' else ''}"
        asked = f"{where}, {row.districts} districts: within {seconds:.0f} CPU s"
        bars.append(Bar(REPLAN, asked, row.cpu_s, high=seconds, digits=1))
    over = max((replans["moved"] - replans["allowed"]).max(), 0.0)
    bars += [
        Bar(REPLAN, f"share of doses moved beyond the bound at most {still:g}", over, high=still, digits=1, kind="e"),
        Bar(REPLAN, f"courses moved in frozen weeks at most {still:g}", replans["moved_in_frozen"].max(), high=still,
            digits=1, kind="e"),
        Bar(REPLAN, "changes of doses without a reason: none", (replans["changes"] - replans["reasons"]).max(), high=0,
            digits=0),
        Bar(REPLAN, "no violation in the check", replans["violations"].max(), high=0, digits=0),
    ]  # fmt: skip
    return bars


def fairness_bars(frontier: pd.DataFrame, boxes: pd.DataFrame, *, points: int, gap: float) -> list[Bar]:
    """Points and gaps of the frontier, whole boxes."""
    asked = f"frontier of {frontier['districts'].iloc[0]} districts has at least {points} points"
    return [
        Bar(FAIRNESS, asked, len(frontier), low=points, digits=0),
        Bar(FAIRNESS, f"gap at each point at most {gap:g}", frontier["gap"].max(), high=gap, digits=1, kind="e"),
        Bar(FAIRNESS, "no violation in whole boxes", boxes["violations"].max(), high=0, digits=0),
    ]


def simulator_bars(
    speed: pd.DataFrame, checks: pd.DataFrame, *, million_cells: float, share: float, errors: float
) -> list[Bar]:
    """Speed of every case, mass, bytes, the deterministic limit, the final size, persons one by one."""
    bars = [
        Bar(
            SIMULATOR, f"{row.case}: at least {million_cells:g} M cells a CPU s", row.million_cells_a_cpu_s,
            low=million_cells, digits=1,
        )
        for row in speed.itertuples()
    ]  # fmt: skip
    of = {name: part for name, part in checks.groupby("check")}
    lost = of["people lost or made"]["found"].max() + speed["people_lost"].max()
    limit = of["deterministic limit"].sort_values("x").iloc[-1]
    final, single = of["final size"], of["person by person"]
    bars += [
        Bar(SIMULATOR, "people lost or made: none", lost, high=0, digits=0),
        Bar(SIMULATOR, "arrays with other bytes for the same seed: none", of["arrays with other bytes"]["found"].max(),
            high=0, digits=0),
        Bar(SIMULATOR, f"mean infections of {limit['case']} within {share:g} of the deterministic limit",
            limit["difference"], high=share, digits=1, kind="e"),
        Bar(SIMULATOR, f"final size within {share:g} of the analytic value", final["difference"].max(), high=share,
            digits=1, kind="e"),
        Bar(SIMULATOR, f"attack rates of groups within {errors:g} standard errors of a simulation person by person",
            (single["difference"] / single["error"]).max(), high=errors, digits=1),
    ]  # fmt: skip
    return bars


def wastage_bars(rates: pd.DataFrame, savings: pd.DataFrame, *, saved: float) -> list[Bar]:
    """Published rates; the aim of less waste at equal coverage and cost."""
    bars = [Bar(WASTAGE, f"published rates that agree: {len(rates)}", rates["agrees"].sum(), low=len(rates), digits=0)]
    for row in savings.itertuples():
        asked = f"vials of {row.offered} doses by site save at least {saved:.0%} of one of {row.everywhere} everywhere"
        bars.append(Bar(WASTAGE, asked.replace("%", " %"), row.saved, low=saved, aim=True, digits=2))
    return bars


def pairs_table(pairs: pd.DataFrame) -> pd.DataFrame:
    """What common random numbers are worth, for readers."""
    names = {"plan": "change of the plan", "difference": "deaths saved", "variance_ratio": "variance, times less"}
    return pairs[list(names)].rename(columns=names)


def speed_table(speed: pd.DataFrame) -> pd.DataFrame:
    """Speed and attack rates of every case, for readers; the peer's where it was measured."""
    names = {"case": "case", "million_cells_a_cpu_s": "M cells a CPU s", "attacked": "infected"}
    table = speed[list(names)].rename(columns=names)
    for column, name, form in (
        ("peer_million_cells_a_cpu_s", "epydemix, M cells a CPU s", "{:.3f}"),
        ("peer_attacked", "epydemix, infected", "{:.3f}"),
        ("ratio", "ratio", "{:.0f}"),
    ):
        table[name] = [form.format(value) if value == value else "-" for value in speed[column]]
    return table
