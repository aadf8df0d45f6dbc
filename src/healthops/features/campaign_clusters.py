"""Groups of districts that behave alike in a campaign, found from what was known by a date.

k-means on traits of behaviour and of circumstances: each column is pulled in to its quantiles and scaled, and either
family counts alike whatever its number of columns. The number of clusters is that with the highest
mean silhouette (Rousseeuw 1987) among those that are stable: fitted on random halves of the districts, two clusterings
agree on all of them with a mean adjusted Rand index (Hubert & Arabie 1985) of at least a stated value, the stability of
Ben-Hur, Elisseeff & Guyon (2002).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from healthops.features.campaign_places import access_features, place_features
from healthops.features.grid import FeatureError

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

#: How a district took up vaccination, and where it is.
BEHAVIOUR = ("reached_pct", "reached_first_group_pct", "weeks_to_half", "full_of_first_share", "wanted_per_100")
CIRCUMSTANCES = ("poverty_pct", "over_60_pct", "log_density", "log_km_to_point", "log_km_to_store", "altitude_m")
#: What a reader sees.
LABELS = {
    "reached_pct": "first dose, % of people", "reached_first_group_pct": "of the first group, %",
    "weeks_to_half": "weeks to half of it", "full_of_first_share": "full course of those",
    "wanted_per_100": "wanted, per 100 people", "poverty_pct": "poverty, %", "over_60_pct": "60 and older, %",
    "log_density": "density, log", "log_km_to_point": "km to a point, log", "log_km_to_store": "km to the store, log",
    "altitude_m": "altitude, m",
}  # fmt: skip
#: Types of :func:`clusterer` that the registry must be told of.
TRUSTED_TYPES = ("healthops.features.encode.Winsoriser",)
#: Quantiles that outliers are pulled in to.
_TAILS = (0.01, 0.99)


def traits(tables: dict[str, pd.DataFrame], *, until: str | np.datetime64, first_group: str) -> pd.DataFrame:
    """Describe each district by its campaign up to a date, and by its circumstances.

    Parameters
    ----------
    tables : dict of str to DataFrame
        ``vaccine_uptake``, ``priority_population``, ``places``, ``population_age`` and ``vaccine_facilities``.
    until : date
        Last week that is looked at.
    first_group : str
        Group that was invited first.

    Returns
    -------
    DataFrame, one row a district
        The columns :data:`BEHAVIOUR` and :data:`CIRCUMSTANCES`; what is not known is the median of the districts.
    """
    uptake = tables["vaccine_uptake"]
    seen = uptake[uptake["week_end"] <= pd.Timestamp(until)]
    if seen.empty:
        raise FeatureError(
            f"table 'vaccine_uptake' has no week up to {until}; it begins {uptake['week_end'].min():%Y-%m-%d}"
        )
    people = tables["priority_population"].pivot(index="ubigeo", columns="group", values="people")
    if first_group not in people:
        raise FeatureError(f"table 'priority_population' has no group {first_group!r}; it has {sorted(people)}")
    weekly = seen.groupby(["ubigeo", "week_end"])[["demand", "first_doses", "second_doses"]].sum()
    first = weekly["first_doses"].unstack()
    total = first.sum(axis=1)
    everybody = people.sum(axis=1).reindex(total.index)
    oldest = seen[seen["group"] == first_group].groupby("ubigeo")["first_doses"].sum()
    out = pd.DataFrame({
        "reached_pct": 100 * total / everybody,
        "reached_first_group_pct": 100 * oldest / people[first_group].reindex(oldest.index),
        "weeks_to_half": _weeks_to_half(first.to_numpy(float)),
        "full_of_first_share": weekly["second_doses"].groupby("ubigeo").sum() / total.where(total > 0),
        "wanted_per_100": 100 * weekly["demand"].groupby("ubigeo").sum() / everybody,
    })  # fmt: skip
    codes = tuple(out.index)
    place = place_features(codes, tables["places"], tables["population_age"])
    access = access_features(codes, tables["places"], tables["vaccine_facilities"])
    out[["poverty_pct", "over_60_pct", "altitude_m"]] = place[["poverty_pct", "over_60_pct", "altitude_m"]]
    out["log_density"] = np.log(place["density_per_km2"].where(place["density_per_km2"] > 0))
    out["log_km_to_point"] = np.log(access["km_to_point"].where(access["km_to_point"] > 0))
    out["log_km_to_store"] = np.log1p(access["km_to_regional_store"])
    out = out[[*BEHAVIOUR, *CIRCUMSTANCES]]
    return out.fillna(out.median())


def clusterer(k: int, *, seed: int, columns: Sequence[str] = (*BEHAVIOUR, *CIRCUMSTANCES)) -> Pipeline:
    """Return an unfitted pipeline from traits to `k` clusters."""
    from sklearn.cluster import KMeans
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline

    families = [[c for c in columns if c in family] for family in (BEHAVIOUR, CIRCUMSTANCES)]
    families = [family for family in families if family]
    scale = ColumnTransformer(
        [(f"family_{n}", _scaler(), family) for n, family in enumerate(families)],
        transformer_weights={f"family_{n}": 1 / np.sqrt(len(family)) for n, family in enumerate(families)},
    )
    return make_pipeline(scale, KMeans(k, n_init=5, random_state=seed))


def choose(
    table: pd.DataFrame, ks: Sequence[int], *, seed: int, draws: int = 20, min_stability: float = 0.8
) -> pd.DataFrame:
    """Score numbers of clusters by silhouette and stability, and mark the chosen one.

    Parameters
    ----------
    table : DataFrame, shape (D, F)
        :func:`traits`.
    ks : sequence of int
        Numbers of clusters to try, each from 2 to half the districts less one.
    draws : int
        Pairs of random halves.
    min_stability : float
        Least mean adjusted Rand index. Where none has it, the most stable number is chosen.

    Returns
    -------
    DataFrame
        ``clusters``, ``silhouette``, ``silhouette_shuffled`` (the same with every column shuffled by itself, so that
        no structure is left), ``stability``, ``stability_low`` (a tenth of the pairs lie below), ``smallest``
        (districts of the smallest cluster), ``chosen``.
    """
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    most = len(table) // 2 - 1
    if not ks or min(ks) < 2 or max(ks) > most:
        raise FeatureError(f"{list(ks)} clusters of {len(table)} districts: try numbers from 2 to {most}")
    rng = np.random.default_rng(seed)
    halves = [rng.permutation(len(table)) for _ in range(draws)]
    shuffled = pd.DataFrame({c: rng.permutation(table[c].to_numpy()) for c in table}, index=table.index)
    rows = []
    for k in ks:
        pairs = [_halves(table, k, order, seed) for order in halves]
        agree = [adjusted_rand_score(*pair) for pair in pairs]
        scores, sizes = [], np.zeros(0)
        for each in (table, shuffled):
            model = clusterer(k, seed=seed).fit(each)
            scores.append(silhouette_score(model[:-1].transform(each), model[-1].labels_))
            sizes = np.bincount(model[-1].labels_) if each is table else sizes
        rows.append((k, *scores, np.mean(agree), np.quantile(agree, 0.1), int(sizes.min())))
    names = ["clusters", "silhouette", "silhouette_shuffled", "stability", "stability_low", "smallest"]
    trials = pd.DataFrame(rows, columns=names)
    stable = trials[trials["stability"] >= min_stability]
    best = stable["silhouette"].idxmax() if len(stable) else trials["stability"].idxmax()
    return trials.assign(chosen=trials.index == best)


def assign(table: pd.DataFrame, model: Pipeline, *, seed: int, draws: int = 20) -> pd.DataFrame:
    """Put each district in a cluster of a fitted model, numbered from the least reached one, and say how surely.

    Returns
    -------
    DataFrame, D rows
        ``ubigeo``, ``cluster`` from 1, ``silhouette`` of the district, ``stability``: the share of models fitted on a
        random half that put it in the same cluster, their clusters matched to these by the most districts in common.
    """
    from scipy.optimize import linear_sum_assignment
    from sklearn.metrics import silhouette_samples

    labels, k = model.predict(table), model[-1].n_clusters
    order = table["reached_pct"].groupby(labels).mean().sort_values().index
    rank = {label: n + 1 for n, label in enumerate(order)}
    rng = np.random.default_rng(seed)
    same = np.zeros(len(table))
    for _ in range(draws):
        for other in _halves(table, k, rng.permutation(len(table)), seed):
            common = np.zeros((k, k))
            np.add.at(common, (labels, other), 1)
            _, match = linear_sum_assignment(-common)
            same += match[labels] == other
    return pd.DataFrame({
        "ubigeo": table.index, "cluster": [rank[label] for label in labels],
        "silhouette": silhouette_samples(model[:-1].transform(table), labels), "stability": same / (2 * draws),
    })  # fmt: skip


def explained_by(table: pd.DataFrame, column: str, others: Sequence[str]) -> pd.Series:
    """Return the share of the variance of each of `others` that a straight line in `column` explains, 0 to 1."""
    r = table[list(others)].corrwith(table[column])
    return (r**2).fillna(0.0)


def _scaler() -> Pipeline:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from healthops.features.encode import Winsoriser

    return make_pipeline(Winsoriser(*_TAILS), StandardScaler())


def _halves(table: pd.DataFrame, k: int, order: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Clusters of all districts by two models, each fitted on one half."""
    middle = len(order) // 2
    return tuple(
        clusterer(k, seed=seed).fit(table.iloc[part]).predict(table) for part in (order[:middle], order[middle:])
    )


def _weeks_to_half(first: np.ndarray) -> np.ndarray:
    """Weeks until half of the doses up to the end were given, within the week by straight line; NaN without doses."""
    total = np.cumsum(first, axis=1)
    half = total[:, -1:] / 2
    at = (total < half).sum(axis=1)
    before = np.where(at > 0, np.take_along_axis(total, np.maximum(at - 1, 0)[:, None], axis=1)[:, 0], 0.0)
    step = np.take_along_axis(first, np.minimum(at, first.shape[1] - 1)[:, None], axis=1)[:, 0]
    part = np.divide(half[:, 0] - before, step, out=np.full(len(first), np.nan), where=step > 0)
    return at + part
