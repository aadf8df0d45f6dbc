"""Vial sizes for the vaccination points of a campaign: from their sessions to what a size for each point would save.

How many people come to a point's sessions is a mixture: in each week binomial around that week's mean. Methods and
sources: :mod:`.wastage`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from healthops.allocate.campaign_tables import CATCHMENT, STEP
from healthops.allocate.wastage import (
    Choice,
    Presentation,
    WastageError,
    binomial_sizes,
    choose_vials,
    closed_vials,
    open_vials,
    total_rate,
    waste_saved,
)
from healthops.data.campaign_rules import Rules

#: Section of the assumptions with the price of a dose and its packed volume by doses in a vial.
SECTION = "vials"


def presentations(rules: Rules) -> list[Presentation]:
    """The vials that could be bought, the smallest first: prices in those of a dose of the ten-dose vial.

    Raises
    ------
    WastageError
        If the assumptions have no vial, or a size has a price and no volume.
    """
    sizes = sorted(int(name.removeprefix("price_")) for s, name in rules.entries if s == SECTION and "price_" in name)
    if not sizes:
        raise WastageError(f"the assumptions have no section {SECTION!r}: make table vaccine_assumptions again")
    lacking = [n for n in sizes if (SECTION, f"cm3_{n}") not in rules.entries]
    if lacking:
        raise WastageError(f"vials of {lacking[0]} doses have a price and no cm3_{lacking[0]}: add it in campaign.yaml")
    return [Presentation(n, rules(SECTION, f"price_{n}"), rules(SECTION, f"cm3_{n}")) for n in sizes]


def session_sizes(sessions: pd.DataFrame, until) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Distribution of the session size of each point before `until`, and its number of sessions.

    Parameters
    ----------
    sessions : DataFrame
        Table ``vaccine_sessions``.
    until : date
        Weeks that end before it are used.

    Returns
    -------
    sizes : dict of str to array of float, shape (largest + 1,)
    held : dict of str to float

    Raises
    ------
    WastageError
        If no session with people was held before `until`.
    """
    used = sessions[
        (sessions["week_end"] < pd.Timestamp(until)) & (sessions["people"] > 0) & (sessions["sessions"] > 0)
    ]
    if len(used) == 0:
        raise WastageError(f"no session was held before {until}: choose a later start")
    mean = np.maximum(np.round(used["people"] / used["sessions"] / STEP), 1) * STEP
    weights = used.assign(mean=mean).groupby(["facility", "mean"])["sessions"].sum()
    chance = {m: binomial_sizes(round(CATCHMENT * m), 1 / CATCHMENT) for m in np.unique(mean)}
    sizes, held = {}, {}
    for point, rows in weights.groupby(level=0):
        means = rows.index.get_level_values(1)
        out = np.zeros(max(len(chance[m]) for m in means))
        for m, weight in zip(means, rows.to_numpy(float), strict=True):
            out[: len(chance[m])] += weight * chance[m]
        held[point] = float(rows.sum())
        sizes[point] = out / out.sum()
    return sizes, held


def savings(
    sites: Mapping[str, np.ndarray], held: Mapping[str, float], vials: Sequence[Presentation]
) -> tuple[pd.DataFrame, dict[tuple[int, str], Choice]]:
    """What a vial size for each point saves against each size everywhere, the same people vaccinated.

    Parameters
    ----------
    sites, held
        Of :func:`session_sizes`.
    vials : sequence of Presentation

    Returns
    -------
    frame : DataFrame
        ``everywhere`` (doses in a vial), ``variant``: ``one size`` (nothing chosen), ``same cost`` (no dearer than the
        one size), ``least cost``, ``least waste``; ``rate``, ``wasted`` (doses), ``saved`` (share of the doses that the
        one size throws away), ``cost`` (that of the one size is 1), ``volume`` (the same of the cold chain).
    choices : dict
        By (everywhere, variant).
    """
    cheapest = choose_vials(sites, vials, sessions=held)
    least = choose_vials(sites, vials, sessions=held, aim="waste")
    rows, choices = [], {}
    for vial in vials:
        _, same, one = waste_saved(sites, vials, vial, sessions=held)
        for variant, found in (
            ("one size", one),
            ("same cost", same),
            ("least cost", cheapest),
            ("least waste", least),
        ):
            choices[vial.doses, variant] = found
            saved = 1 - found.wasted / one.wasted if one.wasted > 0 else 0.0
            numbers = (found.rate, found.wasted, saved, found.cost / one.cost, found.volume_cm3 / one.volume_cm3)
            rows.append((vial.doses, variant, *numbers))
    columns = ["everywhere", "variant", "rate", "wasted", "saved", "cost", "volume"]
    return pd.DataFrame(rows, columns=columns), choices


def affordable_premium(sites, held, vials: Sequence[Presentation], everywhere: Presentation, aim: float) -> float:
    """The largest part of what smaller vials cost beyond `everywhere` at which `aim` is still saved at the same cost.

    1 means at the prices given, 0.5 if the extra price were half of it; 0 if `aim` is not met even at equal prices.
    Found by halving, to a hundredth.
    """

    def saved(part: float) -> float:
        priced = [
            Presentation(v.doses, everywhere.price + part * (v.price - everywhere.price), v.volume_cm3) for v in vials
        ]
        return waste_saved(sites, priced, everywhere, sessions=held)[0]

    low, high = 0.0, 2.0
    if saved(low) < aim:
        return 0.0
    if saved(high) >= aim:
        return high
    while high - low > 0.01:
        middle = (low + high) / 2
        low, high = (middle, high) if saved(middle) >= aim else (low, middle)
    return low


def thresholds(sizes: np.ndarray, doses: int, come_back: float) -> pd.DataFrame:
    """Wastage rate and coverage by the least number of people for whom a vial is opened.

    Returns
    -------
    DataFrame, indexed by threshold
        ``rate``, ``coverage`` (share of those who come that are vaccinated in the end), ``turned_away`` (times that
        somebody is told to come back, for each person who comes).
    """
    rows = {}
    for threshold in range(1, doses + 1):
        session = open_vials(sizes, doses, threshold=threshold, come_back=come_back)
        rows[threshold] = (session.rate, session.coverage, session.turned_away / max(session.came, 1e-12))
    return pd.DataFrame(rows, index=["rate", "coverage", "turned_away"]).T.rename_axis("threshold")


def closed_losses(
    sizes: np.ndarray, doses: int, *, stock_weeks: Sequence[int], sessions_per_week: int, weeks: int, failure: float
) -> pd.DataFrame:
    """Doses of a point's stock that are lost, open and closed vials, by the weeks of need that it keeps.

    Parameters
    ----------
    sizes : array of float
        Distribution of the session size.
    doses : int
        Doses in a vial.
    stock_weeks : sequence of int
        Stock in weeks of mean need.
    sessions_per_week : int
    weeks : int
        Weeks until the lot expires.
    failure : float
        Probability that the cold chain fails between two sessions.

    Returns
    -------
    DataFrame, indexed by weeks of stock
        ``vials``, ``expired``, ``spoilt`` (shares of the vials), ``open`` (share of the doses opened), ``total``.
    """
    session = open_vials(sizes, doses)
    rows = {}
    for stock in stock_weeks:
        vials = int(np.ceil(stock * sessions_per_week * session.opened / doses))
        found = closed_vials(vials, sizes, doses, sessions=weeks * sessions_per_week, failure=failure)
        rows[stock] = {
            "vials": vials,
            "expired": found.expired / vials,
            "spoilt": found.spoilt / vials,
            "open": session.rate,
            "total": total_rate(session.rate, found.rate),
        }
    return pd.DataFrame(rows).T.rename_axis("weeks of stock")
