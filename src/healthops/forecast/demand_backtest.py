"""Rolling-origin backtest of the forecasters of demand: all asked from the same weeks, learning anew as it goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from healthops.evaluate import scores
from healthops.evaluate.bootstrap import ratio_interval
from healthops.features.campaign_doses import PHASES
from healthops.forecast.base import HORIZONS, LEVELS
from healthops.forecast.demand import Campaign, DemandError, DemandForecaster, mean_of

if TYPE_CHECKING:
    import pandas as pd

#: Past forecasts from which their misses count, and the largest factor that they may stretch an interval by.
MIN_PAST, MOST_STRETCH = 20, 5.0


def origins_between(campaign: Campaign, first: object, last: object, *, every: int) -> np.ndarray:
    """Return the Saturdays from `first` to `last`, `every` weeks apart, that lie in the campaign; datetime64[D]."""
    days = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + 1, 7 * every)
    inside = days[(days >= campaign.weeks[0]) & (days <= campaign.weeks[-1])]
    if not len(inside):
        raise DemandError(
            f"no week from {first} to {last} lies in the campaign, {campaign.weeks[0]} to {campaign.weeks[-1]}"
        )
    campaign.at(inside)
    return inside


def backtest(
    makers: Mapping[str, Callable[[], DemandForecaster]],
    campaign: Campaign,
    origins: np.ndarray,
    *,
    refit: int,
    seed: int,
) -> dict[str, np.ndarray]:
    """Forecast from each origin; what is learnt is learnt anew every `refit` origins, from the weeks up to the origin.

    Returns
    -------
    dict of str to array, shape (O, P, H, 23)
    """
    found: dict[str, list[np.ndarray]] = {name: [] for name in makers}
    for start in range(0, len(origins), refit):
        block = origins[start : start + refit]
        known = campaign.until(block[-1])
        for name, make in makers.items():
            model = make().fit(campaign.until(block[0]), seed=seed)
            found[name].append(model.predict(known, known.at(block)))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def stretched(forecast: np.ndarray, campaign: Campaign, origins: np.ndarray) -> np.ndarray:
    """Widen the quantiles of each origin by how far the same model's forecasts had missed by then.

    What is learnt from one campaign is too sure of itself. On the scale of square roots the distance of each quantile
    from the median is multiplied by the 90 % quantile of past misses, in half widths of the 90 % interval, of all
    places: at least 1, at most :data:`MOST_STRETCH`. Each horizon has a factor of its own; one whose weeks were never
    told yet has that of the horizon before.

    Parameters
    ----------
    forecast : array, shape (O, P, H, 23)
        As :func:`backtest` gives it, in order of the origins.

    Returns
    -------
    array, shape (O, P, H, 23)
    """
    at, came = campaign.at(origins), np.sqrt(campaign.ahead())
    root = np.sqrt(forecast)
    middle = root[..., [root.shape[-1] // 2]]
    low, high = (int(np.argmin(np.abs(LEVELS - level))) for level in (0.05, 0.95))
    miss = np.abs(came[:, at].transpose(1, 0, 2) - middle[..., 0])
    miss = miss / np.maximum((root[..., high] - root[..., low]) / 2, 1e-3)
    out = np.empty_like(root)
    for k, now in enumerate(at):
        factor = 1.0
        for j, h in enumerate(HORIZONS):
            past = miss[:k][at[:k] + h <= now, :, j]
            past = past[np.isfinite(past)]
            if len(past) >= MIN_PAST:
                factor = float(np.clip(np.quantile(past, 0.9), 1, MOST_STRETCH))
            out[k, :, j] = middle[k, :, j] + factor * (root[k, :, j] - middle[k, :, j])
    return np.maximum(out, 0) ** 2


def mixtures(forecasts: Mapping[str, np.ndarray], members: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the mean of the quantiles of every two or more of the `members`, named ``a + b``."""
    groups = [names for size in range(2, len(members) + 1) for names in combinations(members, size)]
    return {" + ".join(names): mean_of([forecasts[name] for name in names]) for names in groups}


def scored(forecasts: Mapping[str, np.ndarray], campaign: Campaign, origins: np.ndarray) -> pd.DataFrame:
    """Score each model on the tasks that all of them did and whose week was told.

    Returns
    -------
    DataFrame
        ``model``, ``reference_date``, ``horizon``, ``location``, ``target_end_date``, ``phase`` (at the origin),
        ``wis``, ``wis_log1p``, ``mae``, ``coverage_50``, ``coverage_90``, ``coverage_95``, ``median`` and ``observed``.
    """
    import pandas as pd

    at = campaign.at(origins)
    came = campaign.ahead()[:, at].transpose(1, 0, 2)
    usable = np.isfinite(came) & np.all([np.isfinite(q).all(axis=-1) for q in forecasts.values()], axis=0)
    o, p, h = np.nonzero(usable)
    if not len(o):
        raise DemandError("no week after the origins was told in any place: choose earlier origins")
    steps = np.asarray(HORIZONS)[h]
    phase = np.array(PHASES)[np.nan_to_num(campaign.phase[p, at[o]]).astype(int)]
    shared = {
        "reference_date": origins[o].astype("datetime64[ns]"), "horizon": steps,
        "location": np.array(campaign.places)[p],
        "target_end_date": (origins[o] + 7 * steps).astype("datetime64[ns]"), "phase": phase,
    }  # fmt: skip
    y, parts = came[usable], []
    for name, values in forecasts.items():
        q = values[usable]
        held = {f"coverage_{c:.0f}": scores.covered(q, y, c / 100) for c in (50, 90, 95)}
        parts.append(pd.DataFrame({
            "model": name, **shared, "wis": scores.wis(q, y), "wis_log1p": scores.wis_log1p(q, y),
            "mae": scores.absolute_error(q, y), **held, "median": q[:, q.shape[1] // 2], "observed": y,
        }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def summary(scored: pd.DataFrame, baseline: str, by: str | None = None) -> pd.DataFrame:
    """Scores by model, and by the column `by`: tasks, relative WIS, coverage, and how far medians lie above what came.

    All models did the same tasks, so that relative WIS is the ratio of mean scores.
    """
    split = by or "by"
    grouped = (scored if by else scored.assign(by="all")).groupby([split, "model"], sort=True)
    out = grouped[["wis", "wis_log1p", "mae", "coverage_50", "coverage_90"]].mean()
    out.insert(0, "tasks", grouped.size())
    for name in ("wis", "wis_log1p"):
        base = out.index.get_level_values(split).map(out[name].xs(baseline, level="model"))
        out[f"relative_{name}"] = out[name] / base.where(base > 0)
    total = grouped[["median", "observed"]].sum()
    out["forecast_over_observed"] = total["median"] / total["observed"].where(total["observed"] > 0)
    return out.reset_index()


def intervals(scored: pd.DataFrame, baseline: str, *, block: int, draws: int, seed: int) -> pd.DataFrame:
    """Block-bootstrap intervals (95 %) of each model's relative WIS over blocks of `block` origins."""
    import pandas as pd

    rows = []
    for model in sorted(set(scored["model"]) - {baseline}):
        ratio, low, high = ratio_interval(
            scored, model, baseline, block=block, draws=draws, rng=np.random.default_rng(seed)
        )
        rows.append((model, ratio, low, high))
    return pd.DataFrame(rows, columns=["model", "ratio", "low", "high"])
