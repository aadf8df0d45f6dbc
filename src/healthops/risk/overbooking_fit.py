"""Are probabilities of a no-show right enough to overbook by, for everybody and for each group of people?

Who overbooks by probabilities that are too high for a group makes that group wait. So a model is used only if its
calibration slope [1]_ and its mean calibration (no-shows over those that were expected) lie within bands, over all
appointments and **within each subgroup**; otherwise one flat rate is used for everybody.

The estimate decides, not its interval: the bands are the rule. An estimate outside a band by chance refuses the model
as well, which costs efficiency and nobody's fairness; the table says where chance alone may be the reason, and
:func:`refused_by_chance` how often right probabilities would be refused. A group of which either outcome was seen in
fewer than `least` people proves nothing, and refuses the model too.

.. [1] Van Calster et al. (2019), Calibration: the Achilles heel of predictive analytics, BMC Medicine 17: 230.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from healthops.evaluate.calibration import recalibrate

if TYPE_CHECKING:
    import pandas as pd

#: Bands within which the slope and the ratio of no-shows to expected ones must lie.
SLOPE, RATIO = (0.9, 1.1), (0.95, 1.05)
#: Fewest people of either outcome by whom a group is judged.
LEAST_OUTCOMES = 30
_Z = 1.959964
_SAME = 1e-9


@dataclass(frozen=True)
class OverbookingVerdict:
    """Whether probabilities may be used to overbook.

    Attributes
    ----------
    accepted : bool
        Every row of `groups` is.
    groups : DataFrame
        One row for all appointments (attribute ``all``) and one a subgroup: attribute, group, n, events, observed,
        said (mean probability), slope, slope_low, slope_high, expected_ratio, ratio_low, ratio_high, accepted,
        by_chance (refused, but the 95 % intervals reach into the bands), reason.
    """

    accepted: bool
    groups: pd.DataFrame

    @property
    def reasons(self) -> list[str]:
        """What speaks against the model, in words; empty if nothing does."""
        bad = self.groups[~self.groups["accepted"]]
        return [
            f"{a.replace('_', ' ')} {g}: {r}"
            for a, g, r in zip(bad["attribute"], bad["group"], bad["reason"], strict=True)
        ]


def fit_for_overbooking(
    came_not: np.ndarray,
    probability: np.ndarray,
    groups: pd.DataFrame,
    *,
    slope: tuple[float, float] = SLOPE,
    ratio: tuple[float, float] = RATIO,
    least: int = LEAST_OUTCOMES,
) -> OverbookingVerdict:
    """Judge probabilities by appointments that they did not learn from.

    Parameters
    ----------
    came_not : array of bool, shape (n,)
        Who did not come.
    probability : array, shape (n,)
        Strictly between 0 and 1.
    groups : DataFrame, n rows
        A column an attribute, such as ``age_band``; its values name the subgroups.
    slope, ratio : pair of float
        Bands, bounds included.
    least : int
        Fewest people of either outcome by whom a group is judged.

    Raises
    ------
    ValueError
        If lengths differ, nothing is given, or a probability is not strictly between 0 and 1.
    """
    import pandas as pd

    y, p = np.asarray(came_not, bool), np.asarray(probability, float)
    if not len(y) == len(p) == len(groups) or not len(y):
        raise ValueError(f"{len(y)} outcomes, {len(p)} probabilities, {len(groups)} rows of groups: give one of each")
    if not ((p > 0) & (p < 1)).all():
        row = int(np.argmax(~((p > 0) & (p < 1))))
        raise ValueError(f"row {row} has the probability {p[row]}: it must lie strictly between 0 and 1")
    rows = [{"attribute": "all", "group": "all", **_judge(y, p, slope, ratio, least)}]
    for attribute in groups:
        column = groups[attribute].astype(str).to_numpy()
        for name in sorted(set(column.tolist())):
            at = column == name
            rows.append({"attribute": attribute, "group": name, **_judge(y[at], p[at], slope, ratio, least)})
    table = pd.DataFrame(rows)
    return OverbookingVerdict(bool(table["accepted"].all()), table)


def chances_to_overbook(verdict: OverbookingVerdict, model: np.ndarray, flat: np.ndarray) -> tuple[np.ndarray, str]:
    """Choose the chances to overbook by: the model's if it was accepted, else the flat rate.

    Parameters
    ----------
    model, flat : array, shape (n,)
        Chances of the model that was judged, and one rate for everybody (of each day).

    Returns
    -------
    tuple of (array of shape (n,), str)
        Columns `probability` and `rate` of table ``no_show_probabilities``; the latter is ``model`` or ``flat``.

    Raises
    ------
    ValueError
        If the chances of the model and the flat rate are not of equally many appointments.
    """
    if len(model) != len(flat):
        raise ValueError(f"{len(model)} chances of the model and {len(flat)} flat rates: give one of each")
    return (np.array(model, float), "model") if verdict.accepted else (np.array(flat, float), "flat")


def _judge(
    y: np.ndarray, p: np.ndarray, slope: tuple[float, float], ratio: tuple[float, float], least: int
) -> dict[str, object]:
    n, events = len(y), int(y.sum())
    out: dict[str, object] = {"n": n, "events": events, "observed": events / n, "said": float(p.mean())}
    expected = float(p.sum())
    # Of right probabilities, the number of no-shows has this standard deviation.
    half = _Z * float(np.sqrt(np.sum(p * (1 - p)))) / expected
    found = events / expected
    out |= {"expected_ratio": found, "ratio_low": found - half, "ratio_high": found + half}
    nothing = {"slope": np.nan, "slope_low": np.nan, "slope_high": np.nan, "accepted": False, "by_chance": False}
    if min(events, n - events) < least:
        return out | nothing | {"reason": f"fewer than {least} people of either outcome: nothing is proved"}
    if np.ptp(p) < _SAME:
        return out | nothing | {"reason": "one probability for everybody has no slope"}
    tilt, error = _slope(y, p)
    out |= {"slope": tilt, "slope_low": tilt - _Z * error, "slope_high": tilt + _Z * error}
    faults, chance = [], True
    for name, value, low, high, band in (
        ("slope", tilt, out["slope_low"], out["slope_high"], slope),
        ("no-shows over expected", found, out["ratio_low"], out["ratio_high"], ratio),
    ):
        if not band[0] <= value <= band[1]:
            faults.append(f"{name} {value:.3f} outside {band[0]:g} to {band[1]:g}")
            chance &= bool(low <= band[1] and high >= band[0])
    return out | {
        "accepted": not faults, "by_chance": bool(faults) and chance,
        "reason": "; ".join(faults) or "within the bands",
    }  # fmt: skip


def _slope(y: np.ndarray, p: np.ndarray) -> tuple[float, float]:
    """Calibration slope and its standard error, by the information at the estimate."""
    both = np.column_stack([1 - p, p])
    found = recalibrate(y.astype(int), both)
    fitted = found.apply(both)[:, 1]
    log_odds = np.log(p / (1 - p))
    weight = fitted * (1 - fitted)
    centre = np.sum(weight * log_odds) / weight.sum()
    return found.slope, float(1 / np.sqrt(np.sum(weight * (log_odds - centre) ** 2)))


def refused_by_chance(
    probability: np.ndarray,
    groups: pd.DataFrame,
    *,
    slope: tuple[float, float] = SLOPE,
    ratio: tuple[float, float] = RATIO,
    draws: int = 200,
    seed: int,
) -> float:
    """Share of draws in which the rule would refuse these probabilities if they were exactly right.

    Outcomes are drawn with the probabilities; the slope of a draw is that of one step of Newton's method from the
    truth, which is as good as the estimate where a group is large.
    """
    p = np.asarray(probability, float)
    rng = np.random.default_rng(seed)
    y = (rng.random((draws, len(p))) < p).astype(np.float32)
    log_odds, weight = np.log(p / (1 - p)), p * (1 - p)
    everybody = np.ones(len(p), bool)
    columns = [groups[a].astype(str).to_numpy() for a in groups]
    refused = np.zeros(draws, bool)
    for at in (everybody, *(c == name for c in columns for name in sorted(set(c.tolist())))):
        off = y[:, at] - p[at]
        found = 1 + off.sum(axis=1) / p[at].sum()
        centred = log_odds[at] - np.sum(weight[at] * log_odds[at]) / weight[at].sum()
        spread = np.sum(weight[at] * centred**2)
        tilt = 1 + off @ centred / spread if spread > _SAME else np.full(draws, np.nan)
        inside = (found >= ratio[0]) & (found <= ratio[1]) & (tilt >= slope[0]) & (tilt <= slope[1])
        refused |= ~inside
    return float(refused.mean())
