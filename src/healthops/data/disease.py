"""What an infection and a vaccine do to people of an age, by the rules of ``campaign.yaml``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from healthops.data.campaign_rules import Rules
from healthops.data.priority_groups import Group, load_groups, membership, single_years

if TYPE_CHECKING:
    import pandas as pd

#: Priority group whose infections kill more often than those of others of the same age.
AT_RISK = "adults_at_risk"


def infection_fatality(ages: np.ndarray, rules: Rules) -> np.ndarray:
    """Share of the infections at `ages` (years) that kill: ``ifr_at_0 x 10^(ifr_slope x age)``, at most 1.

    Levin et al. (2020), doi 10.1007/s10654-020-00698-1.
    """
    return np.minimum(rules("disease", "ifr_at_0") * 10 ** (rules("disease", "ifr_slope") * np.asarray(ages, float)), 1)


def group_fatality(ages: pd.DataFrame, rules: Rules, groups: tuple[Group, ...] | None = None) -> pd.Series:
    """Share of the infections in each priority group that kill.

    The mean over the ages of its people, half a year after their birthday; of adults at risk so many times that of
    other adults of their age as ``fatality_at_risk`` says, and of the others so much less that each age keeps its mean.

    Parameters
    ----------
    ages : DataFrame
        Table ``age_distribution``.
    rules : Rules
    groups : tuple of Group
        Those of ``priority_groups.yaml`` by default.

    Returns
    -------
    Series
        By group, in the order of the groups.
    """
    import pandas as pd

    groups = load_groups() if groups is None else groups
    people = single_years(ages)
    member = membership(groups)
    names = [group.name for group in groups]
    times = np.where(np.array(names) == AT_RISK, rules("disease", "fatality_at_risk"), 1.0)
    # Those who are in no group have the fatality of the others.
    mean_times = times @ member + (1 - member.sum(axis=0))
    by_age = infection_fatality(np.arange(len(people)) + 0.5, rules) / mean_times
    weight = member * people
    return pd.Series(times * (weight @ by_age) / weight.sum(axis=1), index=pd.Index(names, name="group"))


def product_efficacy(rules: Rules, product: str, against: str) -> tuple[float, float]:
    """Efficacy of `product` after its first dose and after its course, `against` "infection" or "death"."""
    first, full = (rules(f"product {product}", f"efficacy_{against}_{dose}") for dose in ("first", "full"))
    return first, full
