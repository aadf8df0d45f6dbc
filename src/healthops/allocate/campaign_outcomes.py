"""What a replay of a campaign came to: by draw, by week and by region, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from healthops.allocate.campaign_replay import ENDS, Played
from healthops.evaluate import equity

#: Fates that waste a dose which was delivered.
WASTED = ("open_vials", "recalled", "spoilt", "expired")


@dataclass(frozen=True)
class Result:
    """One way of deciding in one scenario.

    Attributes
    ----------
    scenario : int
    r0 : float
    kinds : tuple of str
        Shocks that were turned on.
    played : Played
    infections, deaths : array of float, shape (W, E)
        By week and draw.
    given : array of float, shape (E,)
        Doses given in each draw.
    deaths_by_region : array of float, shape (E, R)
    """

    scenario: int
    r0: float
    kinds: tuple[str, ...]
    played: Played
    infections: np.ndarray
    deaths: np.ndarray
    given: np.ndarray
    deaths_by_region: np.ndarray

    @property
    def way(self) -> str:
        """Name of the way of deciding."""
        return self.played.way


def result_of(
    scenario: int,
    r0: float,
    kinds: Sequence[str],
    played: Played,
    *,
    infections: np.ndarray,
    deaths: np.ndarray,
    given: np.ndarray,
) -> Result:
    """Sum up what an epidemic brought: arrays by week, draw, place and group, (W, E, R, A), doses (W, E, R, A, 2)."""
    return Result(
        scenario,
        r0,
        tuple(kinds),
        played,
        infections.sum(axis=(2, 3)).astype(float),
        deaths.sum(axis=(2, 3)).astype(float),
        given.sum(axis=(0, 2, 3, 4)).astype(float),
        deaths.sum(axis=(0, 3)).astype(float),
    )


def draw_table(results: Sequence[Result], poverty: pd.Series) -> pd.DataFrame:
    """Table ``campaign_replay``: outcomes of each way, scenario and draw.

    Doses by fate and coverage belong to the scenario: its draws share one campaign.

    Parameters
    ----------
    poverty : Series
        Share of the people in poverty, by place of the campaign; missing values are left out of the concentration.
    """
    parts = []
    for result in results:
        n = len(result.given)
        fates = result.played.account[list(ENDS)].sum().drop(["given", "miscounted"]).to_dict()
        shared = {"r0": result.r0, "shocks": ", ".join(result.kinds) or "none"}
        shared |= fates | {"second_waiting": result.played.waiting} | coverage_figures(result.played.people, poverty)
        parts.append(
            pd.DataFrame(
                {
                    "policy": result.way,
                    "scenario": result.scenario,
                    "draw": np.arange(n),
                    "deaths": result.deaths.sum(axis=0),
                    "infections": result.infections.sum(axis=0),
                    "doses_given": result.given,
                }
            ).assign(**shared)
        )
    return pd.concat(parts, ignore_index=True)


def coverage_figures(people: pd.DataFrame, poverty: pd.Series) -> dict[str, float]:
    """Coverage at the end: the lowest of a place, Gini, concentration by poverty, and of each group.

    Coverage is the share of all people of the priority groups who have begun a course.
    """
    by_place = people.groupby("district")[["population", "covered"]].sum()
    share = (by_place["covered"] / by_place["population"].where(by_place["population"] > 0)).fillna(0.0)
    weights = by_place["population"].to_numpy(float)
    rank = poverty.reindex(by_place.index).to_numpy(float)
    out = {
        "lowest_coverage": float(share.min()),
        "gini": equity.gini(share.to_numpy(), weights=weights),
        "concentration": equity.concentration_index(share.to_numpy(), rank, weights=weights),
    }
    by_group = people.groupby("group", sort=False)[["population", "covered"]].sum()
    return out | {f"coverage_{name}": float(row["covered"] / row["population"]) for name, row in by_group.iterrows()}


def week_table(results: Sequence[Result], week_ends: Sequence) -> pd.DataFrame:
    """Table ``campaign_replay_weeks``: each way's weeks, over all scenarios and draws."""
    parts = []
    for way in dict.fromkeys(result.way for result in results):
        mine = [result for result in results if result.way == way]
        deaths = np.concatenate([result.deaths for result in mine], axis=1)
        infections = np.concatenate([result.infections for result in mine], axis=1)
        so_far = np.cumsum(deaths, axis=0)
        doses = pd.concat([result.played.weeks for result in mine]).groupby("week")[["given_first", "given_second"]]
        parts.append(
            pd.DataFrame(
                {
                    "policy": way,
                    "week_end": pd.to_datetime(np.asarray(week_ends)),
                    "infections": infections.mean(axis=1),
                    "deaths": deaths.mean(axis=1),
                    "deaths_so_far": so_far.mean(axis=1),
                    "deaths_so_far_low": np.quantile(so_far, 0.05, axis=1),
                    "deaths_so_far_high": np.quantile(so_far, 0.95, axis=1),
                    "first_doses": doses.mean()["given_first"].to_numpy(),
                    "second_doses": doses.mean()["given_second"].to_numpy(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def by_scenario(table: pd.DataFrame, column: str) -> dict[str, np.ndarray]:
    """A column of ``campaign_replay`` by way, each of shape (scenarios, draws)."""
    wide = table.pivot(index=["scenario", "draw"], columns="policy", values=column)
    scenarios = table["scenario"].nunique()
    order = list(dict.fromkeys(table["policy"]))
    return {way: wide[way].to_numpy(float).reshape(scenarios, -1) for way in order}
