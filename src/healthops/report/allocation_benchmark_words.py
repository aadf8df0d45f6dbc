"""What the tables of the benchmarks of allocation say, in sentences; every figure in them is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from healthops.report.allocation_benchmark_tables import TABLES_CASE, in_order, national
from healthops.report.benchmark_words import listed, percent

if TYPE_CHECKING:
    import pandas as pd


def speed_in_words(speed: pd.DataFrame) -> str:
    """How fast the epidemic is, and how much faster than its peer, or why that was not measured."""
    each = listed(f"{row.million_cells_a_cpu_s:.1f} ({row.case})" for row in speed.itertuples())
    return f"A CPU second plays {each} million cells. {ratio_in_words(speed)}"


def ratio_in_words(speed: pd.DataFrame) -> str:
    """How many times as fast as epydemix in the same run; why not measured where it was not."""
    beside = speed.dropna(subset=["ratio"])
    if beside.empty:
        reasons = sorted({text for text in speed["peer"] if text.startswith("not measured")})
        why = reasons[0].removeprefix("not measured: ") if reasons else "no case has a peer"
        return f"**The ratio to epydemix was not measured in this run:** {why}."
    times = listed(f"**{row.ratio:.0f} times** as fast ({row.case})" for row in beside.itertuples())
    apart = (beside["attacked"] - beside["peer_attacked"]).abs().max()
    return (
        f"In the same run, on the same model, it is {times} as {beside['peer'].iloc[0]}; the two find "
        f"shares of infected "
        f"that differ by at most {100 * apart:.1f} points."
    )


def national_in_words(plans: pd.DataFrame) -> str:
    """What each national plan took and what is certified of it."""
    said = []
    for case, row in national(plans).iterrows():
        name = "the country of the tables" if case == TABLES_CASE else case.removeprefix("national, ")
        said.append(
            f"{name} ({row['products']:.0f} products; {row['variables']:,.0f} variables, {row['rows']:,.0f} rows): gap "
            f"**{row['gap']:.1e}** after {row['iterations']:.0f} iterations, {row['plan_cpu_s']:.0f} "
            f"CPU s for the plan "
            f"and {row['all_cpu_s']:.0f} with tables and check, {row['memory_gb']:.2f} GiB"
        )
    text = "; ".join(said)
    return f"{text[0].upper()}{text[1:]}."


def growth_in_words(plans: pd.DataFrame) -> str:
    """Whether time grows faster than the program: CPU seconds for 10,000 variables of the smallest and largest."""
    made = plans[plans["case"] != TABLES_CASE].drop_duplicates("case").sort_values("variables")
    per = 1e4 * made["plan_cpu_s"] / made["variables"]
    first, last = made.iloc[0], made.iloc[-1]
    return (
        f"From {first['districts']:,} to {last['districts']:,} districts the program grows "
        f"{last['variables'] / first['variables']:.0f} times and the time "
        f"{last['plan_cpu_s'] / first['plan_cpu_s']:.0f} "
        f"times: {per.iloc[0]:.2f} and {per.iloc[-1]:.2f} CPU s for 10,000 variables."
    )


def iterations_in_words(plans: pd.DataFrame) -> str:
    """How many iterations the stages take, over the cases."""
    said = []
    for stage, part in in_order(plans).groupby("stage", sort=False):
        said.append(f"{part['iterations'].min()} to {part['iterations'].max()} for the {stage}")
    return f"Iterations of a stage: {listed(said)}."


def proofs_in_words(proofs: pd.DataFrame) -> str:
    """How far the small plans are from what is known of them."""
    largest = proofs.groupby("proof", sort=False)["difference"].max()
    names = {
        "second formulation": "beside the second formulation",
        "every plan by hand": "beside all plans by hand",
        "what lacks": "between the doses that a message says to lack and those that do",
    }
    return f"Largest relative difference: {listed(f'{value:.1e} {names[name]}' for name, value in largest.items())}."


def replans_in_words(replans: pd.DataFrame) -> str:
    """What a plan made again takes and moves, warm and cold."""
    said = []
    for row in replans[replans["begin"] == "warm"].itertuples():
        where = "" if row.at == "start" or row.change == "stock" else " with stock at hand"
        said.append(
            f"{row.change}{where}: {row.cpu_s:.1f} CPU s, {percent(row.moved)} of the doses moved of "
            f"{percent(row.allowed)} allowed ({percent(row.forced)} forced), {row.changes:,} changes"
        )
    cold = replans[replans["begin"] == "cold"]
    text = "; ".join(said) + "."
    for row in cold.itertuples():
        warm = replans.query("begin == 'warm' and at == @row.at and change == @row.change").iloc[0]
        text += (
            f" From nothing the change of {row.change} takes {row.cpu_s:.1f} CPU s and "
            f"{row.iterations} iterations, from "
            f"the last plan {warm['cpu_s']:.1f} and {warm['iterations']}."
        )
    return f"Change of {text}"


def frontier_in_words(frontier: pd.DataFrame) -> str:
    """The price of the highest floor and of the one before, and what the frontier took."""
    last, before = frontier.iloc[-1], frontier.iloc[-2]
    return (
        f"The highest floor, {percent(last['floor'])} of the willing, costs "
        f"{percent(last['price_of_fairness'])} of the "
        f"benefit; a floor of {percent(before['floor'])} costs {percent(before['price_of_fairness'])}. The "
        f"{len(frontier)} points took {last['all_cpu_s']:.0f} CPU s, {frontier['cpu_s'].min():.1f} to "
        f"{frontier['cpu_s'].max():.1f} each."
    )


def boxes_in_words(boxes: pd.DataFrame) -> str:
    """What whole boxes cost in coverage and benefit."""
    rows = boxes.set_index("quantity")
    floor, benefit = rows.loc["floor"], rows.loc["benefit"]
    return (
        f"In whole boxes the benefit is {percent(benefit['lost'])} less and the floor {percent(floor['in_boxes'])} "
        f"instead of {percent(floor['without'])} ({benefit['districts']:.0f} districts, {benefit['cpu_s']:.0f} CPU s)."
    )


def limit_in_words(checks: pd.DataFrame) -> str:
    """How the mean nears the deterministic limit as the country grows."""
    rows = checks[checks["check"] == "deterministic limit"].sort_values("x")
    first, last = rows.iloc[0], rows.iloc[-1]
    return (
        f"Mean infections are {percent(first['difference'], 2)} from the limit with {first['case']} and "
        f"{percent(last['difference'], 4)} with {last['case']} (standard errors {percent(first['error'], 2)} and "
        f"{percent(last['error'], 4)})."
    )


def final_in_words(checks: pd.DataFrame) -> str:
    """Final sizes beside the analytic ones; groups beside persons one by one."""
    final = checks[checks["check"] == "final size"]
    single = checks[checks["check"] == "person by person"]
    worst = (single["difference"] / single["error"]).idxmax()
    off = single.loc[worst, "difference"] / single.loc[worst, "error"]
    return (
        f"The final size of one group is at most {percent(final['difference'].max(), 3)} from the analytic one. Of "
        f"{len(single)} attack rates and deaths by group, the one furthest from the simulation person by person is "
        f"{off:.1f} standard errors away ({single.loc[worst, 'case']})."
    )


def wastage_in_words(rates: pd.DataFrame, savings: pd.DataFrame) -> str:
    """How many published rates agree; what a vial for each site saves."""
    saved = listed(f"**{percent(row.saved, 0)}** with vials of {row.offered} doses" for row in savings.itertuples())
    one = savings["everywhere"].iloc[0]
    return (
        f"{int(rates['agrees'].sum())} of {len(rates)} published rates agree to their last digit. "
        f"Choosing the vial for "
        f"each of {savings['sites'].iloc[0]} sites saves {saved} of the doses that one of {one} "
        f"everywhere throws away, "
        f"for the same people and no more money."
    )


def vials_in_words(vials: pd.DataFrame) -> str:
    """Waste and cost of the smallest and the largest vial everywhere."""
    small, large = vials.iloc[0], vials.iloc[-1]
    return (
        f"One vial of {small['vial_doses']:.0f} doses everywhere wastes {percent(small['rate'])} and costs "
        f"{small['cost_ratio']:.2f} times as much as the one that it is compared with, one of "
        f"{large['vial_doses']:.0f} "
        f"doses {percent(large['rate'])} and {large['cost_ratio']:.2f} times."
    )
