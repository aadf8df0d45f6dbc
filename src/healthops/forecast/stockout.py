"""Stockout risk: will a place want more first doses in the coming weeks than it will have?

Where demand was recorded, a place runs short if a stated share of those who want a dose in these weeks get none. Where
only given doses are recorded, what is at hand is derived: the place is sent what it used in the last month and a
reserve on top, as stores that order by past use are; it runs short if more people come than that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from healthops.features.grid import Grid, lagged, trailing_sum
from healthops.forecast.demand import FLOOR, Campaign, DemandError, month, state

if TYPE_CHECKING:
    import pandas as pd

#: Weeks of a block that is left out together, and sets of blocks that are left out in turn.
BLOCK, FOLDS = 3, 3
#: Least pace, per 100 people, at which running short is worth a warning.
LEAST_PACE = 0.05


@dataclass(frozen=True)
class Risks:
    """Place-weeks to be judged.

    Attributes
    ----------
    rows : DataFrame
        ``place``, ``week_end``, ``short`` (1, 0; NaN where the coming weeks are not known) and ``rule``, the number by
        which a simple rule would rank them.
    x : array, shape (N, F)
    names : tuple of str, length F
    about : str
        What the simple rule is.
    """

    rows: pd.DataFrame
    x: np.ndarray
    names: tuple[str, ...]
    about: str


def of_regions(campaign: Campaign, *, weeks: int, reserve: float) -> Risks:
    """Weeks in which a region that is sent last month's use and a `reserve` runs short over the next `weeks` weeks."""
    mean = month(campaign)
    later = campaign.ahead(range(1, weeks + 1)).mean(axis=-1)
    short = np.where(np.isfinite(later), later > (1 + reserve) * mean, np.nan)
    rule = np.log((mean + FLOOR) / (lagged(mean, 4) + FLOOR))
    kept = (campaign.phase > 0) & (mean >= LEAST_PACE)
    return _risks(
        campaign.places, campaign.weeks, short, rule, state(campaign), kept, "growth of the last month's pace"
    )


def of_districts(features: pd.DataFrame, *, weeks: int, unmet_share: float) -> Risks:
    """Weeks after which at least `unmet_share` of those in a district who want a first dose in `weeks` weeks get none.

    Parameters
    ----------
    features : DataFrame
        Table ``vaccine_features``, rows of basis ``data`` alone.
    """
    if (features["basis"] != "data").any():
        raise DemandError("table 'vaccine_features' has assumed rows: whether doses ran out there was never recorded")
    people = np.exp(features["log_people"]) / 100
    parts = features[["ubigeo", "week_end"]].assign(
        wanted=features["wanted_per_100_lag_0"] * people, given=features["first_per_100_lag_0"] * people,
        left=features["left_willing_pct"] * people, people=100 * people,
    )  # fmt: skip
    table = parts.groupby(["ubigeo", "week_end"], as_index=False).sum()
    nation = features.groupby("week_end")[["stock_per_100", "arrived_per_100_4_weeks"]].first()
    grid = Grid.of(table, name="vaccine_features")
    wide = {name: grid.wide(table, name) for name in ("wanted", "given", "left", "people")}
    unmet = 1 - _ratio(trailing_sum(wide["given"], 4), trailing_sum(wide["wanted"], 4))
    behind = {k: trailing_sum(wide[k], weeks) for k in ("wanted", "given")}
    later = 1 - _ratio(*(_earlier(behind[k], weeks) for k in ("given", "wanted")))
    short = np.where(np.isfinite(later), later >= unmet_share, np.nan)
    told = nation.reindex(grid.weeks.astype("datetime64[ns]")).to_numpy(float).T[:, None, :]
    national = 100 * trailing_sum(wide["wanted"].sum(axis=0, keepdims=True), 4) / wide["people"][:, 0].sum()
    inputs = {
        "unmet_share_4_weeks": unmet,
        "unmet_share": 1 - _ratio(wide["given"], wide["wanted"]),
        "wanted_per_100": 100 * wide["wanted"] / wide["people"],
        "left_willing_pct": 100 * wide["left"] / wide["people"],
        "stock_per_100": np.broadcast_to(told[0], unmet.shape),
        "arrived_of_wanted_4_weeks": np.broadcast_to(_ratio(told[1], national), unmet.shape),
    }
    kept = np.isfinite(unmet)
    return _risks(
        grid.places, grid.weeks, short, unmet, inputs, kept, "share of the last month's demand that was not met"
    )


def fit(risks: Risks, until: object, *, weeks: int, seed: int) -> tuple[Any, str]:
    """Learn from the place-weeks whose coming weeks end by `until`; return the calibrated classifier and its kind.

    Logistic regression and boosted trees are each fitted with blocks of weeks left out in turn; what they say of those
    turns their scores into chances (Platt) and chooses the one with the lower log loss.

    Raises
    ------
    DemandError
        If all place-weeks, or all outside one set of blocks, ran short or none did.
    """
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.metrics import log_loss
    from sklearn.model_selection import cross_val_predict

    known = _known(risks, until, weeks)
    x, y = risks.x[known], risks.rows["short"].to_numpy(float)[known].astype(int)
    turn = np.unique(risks.rows["week_end"].to_numpy()[known], return_inverse=True)[1] // BLOCK % FOLDS
    folds = [(np.flatnonzero(turn != k), np.flatnonzero(turn == k)) for k in range(FOLDS)]
    if not len(y) or any(not 0 < y[learn].sum() < len(learn) or not len(judge) for learn, judge in folds):
        raise DemandError(
            f"{y.sum()} of {len(y)} place-weeks up to {until} ran short: too little to tell apart in {FOLDS} sets of "
            f"weeks; choose a later date or another definition"
        )
    found = {}
    for kind, model in _kinds(seed).items():
        left_out = cross_val_predict(model, x, y, cv=folds, method="predict_proba")[:, 1]
        found[kind] = log_loss(y, np.clip(left_out, 0.01, 0.99), labels=[0, 1])
    best = min(found, key=found.__getitem__)
    chosen = CalibratedClassifierCV(_kinds(seed)[best], method="sigmoid", cv=folds, ensemble=False).fit(x, y)
    return chosen, best


def rolling(risks: Risks, first: object, last: object, *, weeks: int, every: int, seed: int) -> pd.DataFrame:
    """Judge the place-weeks after `first` and up to `last`, learning anew every `every` weeks from what was known.

    Returns
    -------
    DataFrame
        Rows of `risks` with ``chance``, and ``base``, the share that had run short so far.
    """
    import pandas as pd

    out = []
    week = risks.rows["week_end"]
    for start in pd.date_range(first, last, freq=f"{7 * every}D"):
        now = ((week > start) & (week <= min(start + pd.Timedelta(weeks=every), pd.Timestamp(last)))).to_numpy()
        if not now.any():
            continue
        model, _ = fit(risks, start, weeks=weeks, seed=seed)
        base = risks.rows["short"].to_numpy(float)[_known(risks, start, weeks)].mean()
        out.append(risks.rows[now].assign(chance=model.predict_proba(risks.x[now])[:, 1], base=base))
    if not out:
        raise DemandError(
            f"no place-week lies between {first} and {last}; "
            f"the weeks are {week.min():%Y-%m-%d} to {week.max():%Y-%m-%d}"
        )
    return pd.concat(out, ignore_index=True)


def score(judged: pd.DataFrame) -> dict[str, float]:
    """Score chances against what came, beside the base rate and the simple rule.

    Parameters
    ----------
    judged : DataFrame
        :func:`rolling`; rows that are not known yet are left out.

    Returns
    -------
    dict
        ``tasks``, ``base_rate``, ``roc_auc``, ``pr_auc``, ``brier``, ``brier_base`` (of the share that had run short so
        far); of the rule ``rule_roc_auc`` and ``rule_pr_auc``. Areas are NaN where all or none ran short.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    known = judged[judged["short"].notna()]
    if known.empty:
        raise DemandError("no place-week to score: choose an earlier date for the test to begin")
    short = known["short"].to_numpy(float)
    both = 0 < short.mean() < 1
    out = {"tasks": float(len(short)), "base_rate": float(short.mean())}
    for name, values in (("", known["chance"]), ("rule_", known["rule"].fillna(known["rule"].min()).fillna(0))):
        out[f"{name}roc_auc"] = float(roc_auc_score(short, values)) if both else float("nan")
        out[f"{name}pr_auc"] = float(average_precision_score(short, values)) if both else float("nan")
    for name, values in (("brier", known["chance"]), ("brier_base", known["base"])):
        out[name] = float(np.mean((values.to_numpy(float) - short) ** 2))
    return out


def _known(risks: Risks, until: object, weeks: int) -> np.ndarray:
    import pandas as pd

    seen = risks.rows["week_end"] <= pd.Timestamp(until) - pd.Timedelta(weeks=weeks)
    return (seen & risks.rows["short"].notna()).to_numpy()


def _kinds(seed: int) -> dict[str, Any]:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return {
        "logistic regression": make_pipeline(
            SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(C=0.1, max_iter=500)
        ),
        "boosted trees": HistGradientBoostingClassifier(
            max_iter=60, max_depth=3, learning_rate=0.08, min_samples_leaf=40, l2_regularization=1.0, random_state=seed
        ),
    }


def _earlier(values: np.ndarray, weeks: int) -> np.ndarray:
    out = np.full(values.shape, np.nan)
    out[:, :-weeks] = values[:, weeks:]
    return out


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    return np.divide(top, bottom, out=np.full(np.broadcast(top, bottom).shape, np.nan), where=bottom > 0)


def _risks(
    places: Sequence[str],
    weeks: np.ndarray,
    short: np.ndarray,
    rule: np.ndarray,
    inputs: dict[str, np.ndarray],
    kept: np.ndarray,
    about: str,
) -> Risks:
    import pandas as pd

    p, t = np.nonzero(kept)
    rows = pd.DataFrame({
        "place": np.array(places)[p], "week_end": weeks[t].astype("datetime64[ns]"), "short": short[p, t],
        "rule": rule[p, t],
    })  # fmt: skip
    return Risks(rows, np.stack([v[p, t] for v in inputs.values()], axis=-1), tuple(inputs), about)
