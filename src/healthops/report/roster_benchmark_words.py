"""What the tables of the benchmarks of rosters, overbooking and the clinic day say; every figure is computed."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from healthops.report.benchmark_words import listed, percent
from healthops.report.roster_benchmark_tables import (
    BOUNDED,
    CHEAPEST,
    FLAT,
    SAME_DAYS,
    case_speed,
    equals_best,
    errors_apart,
    named,
    not_run,
    numbered,
    plan_row,
)

if TYPE_CHECKING:
    import pandas as pd


# ---- rosters --------------------------------------------------------------------------------------------------


def rosters_in_words(runs: pd.DataFrame) -> str:
    """How many rosters are as cheap as the best known, what is proved, and what is above."""
    runs = numbered(runs)
    equal, broken = equals_best(runs), int((runs["rules_broken"] > 0).sum())
    text = (
        f"Of {len(runs)} instances **{int(equal.sum())}** have a roster as cheap as the best known, and "
        f"{int(runs['proved'].sum())} rosters are proved to be the best there is. "
    )
    above = runs[~equal & runs["value"].notna()]
    if len(above):
        each = listed(f"instance {row.number} by {row.above_best_percent:.2f} %" for row in above.itertuples())
        text += f"Above the best known: {each}. "
    rest = runs[~runs["proved"] & runs["value"].notna()]
    if len(rest):
        gaps = listed(
            f"instance {row.number} by {percent((row.value - row.lower_bound) / row.value)}"
            for row in rest.itertuples()
        )
        text += f"Where there is no proof, no roster can be cheaper by more than the lower bound says: {gaps}. "
    refused = f"{broken} rosters" if broken != 1 else "one roster"
    return text + (f"The check refuses {refused}." if broken else "The check refuses no roster.")


def left_out_in_words(runs: pd.DataFrame, asked: Collection[int]) -> str:
    """What the answer says, in brackets, of instances that were asked for and are not in the table."""
    left = not_run(runs, asked)
    return f" ({named(left)}, asked for too, {'is' if len(left) == 1 else 'are'} not run here)" if left else ""


def not_run_in_words(runs: pd.DataFrame, asked: Collection[int]) -> str:
    """Which instances are not in the table, and how to run them."""
    command = "`python benchmarks/rosters.py --instances DIR --seconds 600 --out DIR`"
    left = not_run(runs, asked)
    if not left:
        return f"All {len(set(asked))} instances that were asked for are run here; {command} runs them by the clock."
    plural = "s" * (len(left) > 1)
    return (
        f"Not run here, for the time they take: instance{plural} {named(left)}. Nothing is said of "
        f"{'them' if plural else 'it'}; {command} runs every instance of a folder."
    )


def repairs_in_words(repairs: pd.DataFrame) -> str:
    """What each kind of absence takes, what the repair changes, and what stays open."""
    said = []
    for absence, part in repairs.groupby("absence", sort=False):
        low, high = part["changes"].min(), part["changes"].max()
        changed = f"{low}" if low == high else f"{low} to {high}"
        text = (
            f"{absence}: {part['lost'].mean():.1f} shifts lost on the mean, {changed} other assignments changed "
            f"({part['changes'].mean():.1f} on the mean)"
        )
        short = part[part["missing"] > 0]
        text += f", in {len(short)} of {len(part)} somebody is still missing" if len(short) else ", nobody missing"
        said.append(text)
    proved = int(repairs["fewest"].sum())
    return (
        f"{'; '.join(said).capitalize()}. The slowest of {len(repairs)} repairs took "
        f"**{repairs['cpu_seconds'].max():.2f} CPU s**; {proved} of {len(repairs)} are proved to be the least."
    )


# ---- overbooking ----------------------------------------------------------------------------------------------


def savings_in_words(cases: pd.DataFrame, case: str) -> str:
    """What the plans save beside a flat rate: the case that was asked for, then the others."""
    found = {plan: plan_row(cases, case, plan) for plan in (CHEAPEST, BOUNDED)}
    text = (
        f"Over {found[CHEAPEST]['instances']} instances of {case} the cheapest plans cost "
        f"**{percent(found[CHEAPEST]['below_flat_rate'])}** less than those of a flat rate, those with the bound on "
        f"waits **{percent(found[BOUNDED]['below_flat_rate'])}**."
    )
    others = [row for row in cases[cases["plan"] == BOUNDED].itertuples() if row.case != case]
    if others:
        each = listed(f"{percent(row.below_flat_rate)} ({row.case}; {row.instances} instances)" for row in others)
        text += f" With the bound, in the other cases: {each}."
    loose = [row for row in cases[cases["plan"] == CHEAPEST].itertuples() if row.gap > 1e-6]
    if loose:
        each = listed(f"{percent(row.gap, 0)} of the cost ({row.case})" for row in loose)
        text += f" Not proved to be the cheapest: what lies between plan and lower bound is {each}."
    return text


def groups_in_words(cases: pd.DataFrame, case: str, *, published: float) -> str:
    """How the groups' waits differ without the bound, beside the published figure, and what the bound costs."""
    free, bounded, flat = (plan_row(cases, case, plan) for plan in (CHEAPEST, BOUNDED, FLAT))
    longer = _longer(free["high_over_low"] - 1)
    return (
        f"With the cheapest plans the group with more no-shows waits **{longer}** over all instances "
        f"(published: about {published:g} % longer), with a flat rate {_longer(flat['high_over_low'] - 1)}, with the "
        f"bound {_longer(bounded['high_over_low'] - 1)}. In single sessions it is more: the median ratio of the "
        f"groups' waits is {free['ratio_median']:.2f} without the bound, and at most "
        f"**{bounded['ratio_most']:.3f}** with it. The bound costs **{percent(bounded['above_cheapest'], 2)}** over "
        f"all instances; in {percent(bounded['within_one_percent'], 0)} of them at most 1 %, in one as much as "
        f"{percent(bounded['above_cheapest_most'])}."
    )


def _longer(share: float) -> str:
    return f"{percent(abs(share), 0)} {'longer' if share >= 0 else 'shorter'}"


def other_cases_in_words(cases: pd.DataFrame, case: str) -> str:
    """What the bound costs in the other cases, and which group waits longer there without it."""
    said = []
    for row in cases[(cases["plan"] == BOUNDED) & (cases["case"] != case)].itertuples():
        free = plan_row(cases, row.case, CHEAPEST)["high_over_low"] - 1
        said.append(
            f"{row.case}: {percent(row.above_cheapest, 2)} more, and without it the group with more no-shows waits "
            f"{_longer(free)}"
        )
    return f"What the bound costs in the other cases: {'; '.join(said)}." if said else "There is no other case."


def assumed_in_words(choices: pd.DataFrame, ground: str) -> str:
    """What of a proving ground is assumed, a line each, in the words of its record."""
    record = choices[(choices["ground"] == ground) & choices["chosen_on"].str.startswith("assumption")]
    lines = [
        f"* {row.choice}: {row.value}; {row.chosen_on.removeprefix('assumption').lstrip(' :;')}."
        for row in record.itertuples()
    ]
    return "\n".join(["**Assumed, not measured:**", "", *lines])


def offers_in_words(offers: pd.DataFrame) -> str:
    """How long ranked offers take."""
    said = [
        f"Among {row.open_slots:,} open slots ranked offers are there in {row.median_ms:.1f} ms at the median, "
        f"**{row.p95_ms:.1f} ms** at the 95th percentile and {row.worst_ms:.1f} ms at the worst of {row.requests:,} "
        f"requests."
        for row in offers.itertuples()
    ]
    return " ".join(said)


# ---- the clinic day -------------------------------------------------------------------------------------------


def speed_in_words(speed: pd.DataFrame, timed: Collection[str]) -> str:
    """Days that a CPU second plays, by case, and how many times simpy's that is."""

    def each(part: pd.DataFrame) -> str:
        return listed(
            f"*{row.case}* {row.million_days_a_cpu_s:.2f} million ({row.ratio:,.0f} times simpy's)"
            for row in part.itertuples()
        )

    asked = speed["case"].isin(list(timed))
    text = f"Days that a CPU second plays: {each(speed[asked])}."
    if not asked.all():
        text += f" Beyond what was asked: {each(speed[~asked])}."
    return text


def aims_in_words(speed: pd.DataFrame, timed: Collection[str], million: float) -> str:
    """Which other orders of call stay below the days that were asked for of the plain ones."""
    others = speed.loc[~speed["case"].isin(list(timed)), "case"]
    slow = [case for case in others if not case_speed(speed, case) >= million]
    if not slow:
        return f"All cases play at least {million:g} million days a CPU second."
    return (
        f"Below {million:g} million: {listed(f'*{case}*' for case in slow)}. Where the provider looks at every call "
        f"for the first of those who are there, the next patient depends on when the last visit ended, and no "
        f"sorting beforehand does it."
    )


def checks_in_words(checks: pd.DataFrame) -> str:
    """How far the simulator lies from simpy and the closed forms, and what a difference this would not have seen."""
    apart = errors_apart(checks).abs()
    same = checks[checks["check"] == SAME_DAYS]
    text = ""
    if len(same):
        text = f"On the very days that simpy plays too, no figure of any patient differs {_ceiling(same['found'])}. "
    means = checks[apart.notna()]
    worst = checks.loc[apart.idxmax()]
    waits = means[means["check"].str.startswith("wait_min")]
    seen = (3 * waits["error"] / waits["known"]).max()
    text += (
        f"Of {len(means)} means {int(means['agrees'].sum())} agree within three standard errors; the furthest lies "
        f"{apart.max():.1f} away ({worst['check'].replace('_min', '')}, {worst['case']})."
    )
    if np.isfinite(seen):
        text += f" A wait that is wrong by less than {percent(seen, 0)} could pass unseen in the least exact of them."
    return text


def _ceiling(differences: pd.Series) -> str:
    """Write a power of ten above the largest difference."""
    most = differences.max()
    return f"by more than {10.0 ** np.ceil(np.log10(most)):.0e} min".replace("e-0", "e-") if most > 0 else "at all"


def pairs_in_words(pairs: pd.DataFrame) -> str:
    """What days one needs without common random numbers."""
    low, high = pairs["variance_ratio"].min(), pairs["variance_ratio"].max()
    return (
        f"With the same patients in both schedules a difference between them has {low:,.0f} to {high:,.0f} times less "
        f"variance than with others in each: for the same standard error so many times fewer days are played."
    )
