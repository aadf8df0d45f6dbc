"""A vaccination campaign in the synthetic country: supply that comes in lots, and people who come as far as they will.

Each week a share of the willing who are not yet reached wants a first dose; what the stock allows is given, second
doses first. Demand so falls as coverage nears willingness, and supply binds before that. Nothing here is late, lost or
wrong: the defects are planted when the files are written (:mod:`healthops.data.synthetic_vaccines`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.campaign_rules import Rules
from healthops.data.priority_groups import Group, membership
from healthops.data.synthetic_ages import count_ages

if TYPE_CHECKING:
    import pandas as pd

#: Saturdays of the first and the last week, those of Peru's campaign of 2021.
FIRST_WEEK, LAST_WEEK = np.datetime64("2021-02-13", "D"), np.datetime64("2021-11-20", "D")
PRODUCTS = ("Andivac", "Kantuvac")
#: Week of the campaign in which each group is first invited, in the order of priority_groups.yaml.
_INVITED = (0, 8, 14, 26)
_RETURNING, _PROMPT = 0.93, 0.6
#: Doses of the whole campaign for each person in a group; scarce until its last months. Shipments a week, on average.
_DOSES_PER_PERSON, _SHIPMENTS = 1.6, 1.9


@dataclass(frozen=True)
class Campaign:
    """What happened.

    Attributes
    ----------
    week_ends : array of datetime64[D], shape (T,)
    ages : array of int, shape (D, 99)
        People of each district by single year of age.
    people, willing : arrays of int, shape (D, G)
        People of each group, and those who will ever come.
    demand, first, second : arrays of int, shape (D, G, T)
        First doses wanted, first and second doses given.
    shipments : DataFrame
        arrived, product, manufacturer, covax, doses; in the order of arrival.
    lots : DataFrame
        shipment (row number), product, vial_doses, doses, arrived, expires.
    """

    week_ends: np.ndarray
    ages: np.ndarray
    people: np.ndarray
    willing: np.ndarray
    demand: np.ndarray
    first: np.ndarray
    second: np.ndarray
    shipments: pd.DataFrame
    lots: pd.DataFrame


def vaccinate(
    supply: np.random.Generator,
    wishes: np.random.Generator,
    districts: pd.DataFrame,
    *,
    groups: tuple[Group, ...],
    rules: Rules,
) -> Campaign:
    """Draw a campaign.

    Parameters
    ----------
    supply, wishes : Generator
        Draw what comes in lots, and who comes to be vaccinated.
    districts : DataFrame
        As in :class:`healthops.data.synthetic_places.Country`.
    groups : tuple of Group
        At most as many as there are weeks of invitation.
    """
    if len(groups) > len(_INVITED):
        raise ValueError(f"{len(groups)} priority groups, {len(_INVITED)} weeks of invitation: add to _INVITED")
    week_ends = np.arange(FIRST_WEEK, LAST_WEEK + 7, 7)
    ages = count_ages(districts, 2017)
    people = _people(ages, groups)
    willing = _willing(wishes, people, districts["poverty_pct"].to_numpy(), groups, rules)
    shipments, lots = _supply(supply, week_ends, int(people.sum()), rules)
    # A dose that arrives in one week is given in the next.
    week = ((lots["arrived"].to_numpy().astype("datetime64[D]") - week_ends[0]).astype(int) + 6) // 7
    came = np.bincount(np.minimum(week, len(week_ends)), weights=lots["doses"], minlength=len(week_ends) + 1)
    demand, first, second = _give(wishes, willing, came[: len(week_ends)].astype(int), rules)
    return Campaign(week_ends, ages, people, willing, demand, first, second, shipments, lots)


def _people(ages: np.ndarray, groups: tuple[Group, ...]) -> np.ndarray:
    """People of each group, whole numbers, shape (D, G); single years 0 to 98, 98 standing for all above."""
    member = membership(groups)[:, : ages.shape[1]]
    return np.floor(np.round(ages @ member.T, 6)).astype(int)


def _willing(
    rng: np.random.Generator, people: np.ndarray, poverty: np.ndarray, groups: tuple[Group, ...], rules: Rules
) -> np.ndarray:
    """Willing people, shape (D, G): less where poverty is, and by a mood of the district and one of the group in it."""
    mean = np.array([rules("willingness", group.name) for group in groups])
    effect = rules("willingness", "poverty_slope") / 10 * (poverty - poverty.mean())
    mood = 0.35 * rng.standard_normal(len(poverty))[:, None] + 0.15 * rng.standard_normal(people.shape)
    odds = np.log(mean / (1 - mean)) + effect[:, None] + mood
    return np.floor(np.round(people / (1 + np.exp(-odds)), 6)).astype(int)


def _supply(
    rng: np.random.Generator, week_ends: np.ndarray, people: int, rules: Rules
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Shipments and their lots: few at first, then about enough for those who are willing in the end."""
    import pandas as pd

    ramp = 0.15 + np.arange(len(week_ends)) / len(week_ends)
    planned = _DOSES_PER_PERSON * people * ramp / ramp.sum()
    shipments, lots = [], []
    for t, end in enumerate(week_ends):
        days = np.sort(rng.integers(0, 7, rng.poisson(_SHIPMENTS)))
        for back in days[::-1]:
            product = PRODUCTS[int(rng.random() < 0.4)]
            arrived = end - np.timedelta64(int(back), "D")
            forms = rules.presentations(product)
            box = int(max(form["box_doses"] for form in forms))
            boxes = max(2, round(planned[t] / _SHIPMENTS * rng.lognormal(0, 0.4) / box))
            donated, covax = rng.random() < 0.08, rng.random() < 0.12
            shipments.append({
                "arrived": arrived, "product": product, "doses": boxes * box, "covax": bool(covax),
                "manufacturer": f"Laboratorios {product}" + (" (Donación Vecina)" if donated else ""),
            })  # fmt: skip
            for part in _parts(rng, boxes):
                form = forms[int(rng.integers(len(forms)))]
                life = round(float(rng.uniform(0.35, 0.9)) * form["shelf_life_days"])
                lots.append({
                    "shipment": len(shipments) - 1, "product": product, "vial_doses": int(form["vial_doses"]),
                    "doses": part * box, "arrived": arrived, "expires": arrived + np.timedelta64(life, "D"),
                })  # fmt: skip
    return pd.DataFrame(shipments), pd.DataFrame(lots)


def _parts(rng: np.random.Generator, boxes: int) -> list[int]:
    """Boxes of the one to three lots of a shipment, at least one each."""
    number = min(int(rng.integers(1, 4)), boxes)
    cuts = np.sort(rng.choice(np.arange(1, boxes), number - 1, replace=False)) if number > 1 else np.array([], int)
    return np.diff(np.concatenate([[0], cuts, [boxes]])).astype(int).tolist()


def _give(
    rng: np.random.Generator, willing: np.ndarray, came: np.ndarray, rules: Rules
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Demand, first and second doses, shape (D, G, T): second doses first, then what is left for first ones."""
    weeks, stock, mood = len(came), 0, 0.0
    demand, first, second = (np.zeros((*willing.shape, weeks), dtype=np.int64) for _ in range(3))
    reached, waiting = np.zeros_like(willing), np.zeros_like(willing)
    returning = np.zeros_like(first)
    invited = np.array(_INVITED[: willing.shape[1]])
    for t in range(weeks):
        if t >= 3:
            waiting = waiting + returning[:, :, t - 3]
        due = rng.binomial(waiting, _PROMPT)
        second[:, :, t] = _ration(rng, due, stock)
        waiting = waiting - second[:, :, t]
        stock -= int(second[:, :, t].sum())
        mood = 0.8 * mood + 0.15 * float(rng.standard_normal())
        rate = np.clip(rules("uptake", "weekly_rate") * np.exp(mood), 0, 0.9)
        chance = np.round(np.where(t >= invited, rate, 0.002), 6)
        demand[:, :, t] = rng.binomial(willing - reached, chance[None, :])
        first[:, :, t] = _ration(rng, demand[:, :, t], stock)
        stock += int(came[t]) - int(first[:, :, t].sum())
        reached = reached + first[:, :, t]
        returning[:, :, t] = rng.binomial(first[:, :, t], _RETURNING)
    return demand, first, second


def _ration(rng: np.random.Generator, wanted: np.ndarray, stock: int) -> np.ndarray:
    """Share `stock` doses among `wanted`: everybody has the same chance, and no dose is given that is not there."""
    if wanted.sum() <= stock:
        return wanted
    drawn = rng.multivariate_hypergeometric(wanted.ravel(), stock, method="marginals")
    return drawn.reshape(wanted.shape)
