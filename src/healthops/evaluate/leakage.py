"""Alarms for leakage: knowledge in a forecast that nobody had when it was made [1]_.

Each alarm looks for one fault, passes in silence where it is not there, and else raises :class:`LeakageError`, whose
message names what leaks (the feature, the fold, the place and week) and the remedy. Which alarm for which fault:

* something was learnt from the future, such as a scale of a place: :func:`unchanged_by_future`; a person's own outcome,
  or a later one, such as a patient's no-show rate over the whole file: :func:`unchanged_by_unknown_outcomes`
* final data in place of those of the day: :func:`is_of_its_vintage`
* shuffled folds: :func:`split_respects_time`, and :func:`split_keeps_apart` (:func:`folds_keep_apart`) for patients,
  places or whole rows
* the target is among the features: :func:`target_not_in_features`, :func:`features_end_at_their_week`
* a score too good to be true, whatever the fault: :func:`scores_are_plausible`

.. [1] Kapoor & Narayanan (2023), Leakage and the reproducibility crisis in machine-learning-based science,
   Patterns 4(9): 100804.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from healthops.data.schemas import QUANTILE_COLUMNS
from healthops.evaluate.scores import covered, relative_wis, score_rows, wis

if TYPE_CHECKING:
    import pandas as pd

#: What the future is replaced by: far above and far below anything that was.
ABSURD = (1e7, 0.0)
#: Rank correlation (or 2 AUC - 1) of a single feature with the target from which it counts as the target.
CEILING = 0.95
#: Relative WIS below which nobody's forecasts of a season were found: the best of 30 teams had .61 and .64 of the
#: baseline's in two seasons of US influenza.
FLOOR = 0.4


class LeakageError(ValueError):
    """A forecast knows what it cannot have known; the message names what leaks and the remedy."""


def unchanged_by_future(
    forecast: Callable[[Any, np.datetime64], np.ndarray],
    panel: Any,
    origin: np.datetime64 | str,
    *,
    name: str = "the forecaster",
) -> None:
    """Require that a forecast stays the same to the bit whatever comes after its origin.

    Parameters
    ----------
    forecast : callable
        Given the whole of a panel and the origin, does all that comes before a forecast as well (scaling, fitting), and
        returns an array whose first axis is the places.
    panel : healthops.forecast.base.Panel
        With weeks after `origin`: they are replaced by absurd numbers, the features' too.
    origin : datetime64
        Last week that may be seen.
    name : str
        Named in the message.

    Raises
    ------
    LeakageError
        If a forecast changes.
    ValueError
        If the panel has no week after `origin`, so that the alarm could not ring.
    """
    late = panel.weeks > np.datetime64(origin, "D")
    if not late.any():
        raise ValueError(f"the panel ends on {panel.weeks[-1]}: no week after the origin {origin} can be changed")
    before = np.array(forecast(panel, origin), float)
    for absurd in ABSURD:
        planted = replace(
            panel,
            cases=np.where(late, absurd, panel.cases),
            features={key: np.where(late, absurd, values) for key, values in panel.features.items()},
        )
        after = np.array(forecast(planted, origin), float)
        same = (before == after) | (np.isnan(before) & np.isnan(after))
        if not same.all():
            place = panel.places[int(np.argwhere(~same)[0][0])]
            raise LeakageError(
                f"{name} forecasts otherwise for {place} from {origin} when only later weeks change "
                f"({(~same).mean():.0%} of its numbers): learn scales, features and models from panel.until(origin)"
            )


def unchanged_by_unknown_outcomes(
    features: Callable[[pd.DataFrame], pd.DataFrame],
    rows: pd.DataFrame,
    *,
    outcome: str,
    made: str,
    happens: str,
    moments: Sequence[np.datetime64 | str] | None = None,
) -> None:
    """Require that what is known of a row when it is made stays the same whatever came of what was still to happen.

    At each of the `moments`, every outcome of that day or later is unknown. It is planted otherwise (flipped; all yes;
    all no), and then all rows that were made later are taken away. What is said of rows made until that day must not
    change by a bit.

    Parameters
    ----------
    features : callable
        Given the rows, returns their features in the same order.
    rows : DataFrame
        One row an event that is made (booked) on a day and happens on that day or later.
    outcome, made, happens : str
        Columns: the outcome as a flag, and the two days.
    moments : sequence of datetime64, optional
        Days to look at; otherwise the ninths of the days on which rows were made.

    Raises
    ------
    LeakageError
        Naming the first feature that changes, the day and how many rows.
    ValueError
        If nothing happens from a moment on, so that the alarm could not ring.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.to_datetime(["2016-05-02", "2016-05-03", "2016-05-04"])
    >>> visits = pd.DataFrame({"booked": days, "date": days, "patient": "a", "missed": [True, False, True]})
    >>> unchanged_by_unknown_outcomes(
    ...     lambda v: v.groupby("patient")[["missed"]].transform("mean"), visits, outcome="missed", made="booked",
    ...     happens="date", moments=["2016-05-03"])
    Traceback (most recent call last):
    ...
    healthops.evaluate.leakage.LeakageError: feature 'missed' of 2 rows made until 2016-05-03 changes with outcomes ...
    """
    rows = rows.reset_index(drop=True)
    made_on, on = (rows[c].to_numpy("datetime64[D]") for c in (made, happens))
    truth = rows[outcome].to_numpy(bool)
    if moments is None:
        moments = np.unique(np.quantile(made_on.astype(int), np.arange(1, 9) / 9, method="nearest"))
    before = features(rows).reset_index(drop=True)
    for moment in np.asarray(moments).astype("datetime64[D]"):
        unknown, seen = on >= moment, made_on <= moment
        if not unknown.any() or not seen.any():
            raise ValueError(f"nothing was made until {moment}, or nothing happens from then on: no outcome to change")
        for planted in (~truth, np.ones(len(rows), bool), np.zeros(len(rows), bool)):
            changed = rows.assign(**{outcome: np.where(unknown, planted, truth)})
            after = features(changed).reset_index(drop=True)
            _require_same(before[seen], after[seen], moment, f"outcomes from {moment} on")
            kept = features(changed[seen]).set_axis(np.flatnonzero(seen))
            _require_same(before[seen], kept, moment, f"outcomes from {moment} on, or rows made later")


def _require_same(before: pd.DataFrame, after: pd.DataFrame, moment: np.datetime64, by: str) -> None:
    for name in before:
        old, new = (frame[name].to_numpy(float, na_value=np.nan) for frame in (before, after))
        same = (old == new) | (np.isnan(old) & np.isnan(new))
        if not same.all():
            raise LeakageError(
                f"feature {name!r} of {(~same).sum():,} rows made until {moment} changes with {by}: count an outcome "
                f"only if its day lies strictly before that on which the row was made"
            )


@dataclass(frozen=True)
class Known:
    """Reports as somebody had them.

    Attributes
    ----------
    places : sequence of str, length P
    weeks : array of datetime64[D], shape (T,)
    values : array of float, shape (P, T)
        NaN where there was no report.
    """

    places: Sequence[str]
    weeks: np.ndarray
    values: np.ndarray


def is_of_its_vintage(given: Known, vintage: Known, *, date: np.datetime64 | str) -> None:
    """Require that what a forecaster was given for `date` is what had been published by then.

    Parameters
    ----------
    given : Known
        What the forecaster was given; it may leave out places and early weeks.
    vintage : Known
        The data as published for `date`.

    Raises
    ------
    LeakageError
        If a week of `given` ends on `date` or later, is not in the vintage, or holds another value than the vintage.
    """
    day, weeks = np.datetime64(date, "D"), given.weeks.astype("datetime64[D]")
    if (weeks >= day).any():
        raise LeakageError(
            f"the week to {weeks[weeks >= day][0]} was given for {day}, when it was not over: cut it off"
        )
    at = {week: t for t, week in enumerate(vintage.weeks.astype("datetime64[D]"))}
    row = {place: p for p, place in enumerate(vintage.places)}
    for what, unknown in (
        ("week", [w for w in weeks if w not in at]),
        ("place", [p for p in given.places if p not in row]),
    ):
        if unknown:
            raise LeakageError(f"{what} {unknown[0]} was given for {day} and is not in its vintage: read that vintage")
    published = vintage.values[np.ix_([row[p] for p in given.places], [at[w] for w in weeks])]
    other = ~((given.values == published) | (np.isnan(given.values) & np.isnan(published)))
    if other.any():
        p, t = np.argwhere(other)[-1]
        raise LeakageError(
            f"{given.places[p]} has {given.values[p, t]:g} in the week to {weeks[t]}, where the vintage of {day} has "
            f"{published[p, t]:g} ({other.sum()} numbers differ): give the data of that day, not later corrections"
        )


def split_respects_time(
    train_ends: np.ndarray, test_origins: np.ndarray, *, gap_days: int = 0, fold: str = "the split"
) -> None:
    """Require that everything learnt from was known when the first forecast of the test was made.

    Parameters
    ----------
    train_ends : array of datetime64
        When the target of each training row was known (its week's end, not the date of its features).
    test_origins : array of datetime64
        When each forecast of the test is made.
    gap_days : int
        Days that reports take.
    fold : str
        Named in the message.

    >>> days = np.arange("2020-01-01", "2020-01-05", dtype="datetime64[D]")
    >>> split_respects_time(days[:2], days[1:])
    >>> split_respects_time(days[[0, 3]], days[[1, 2]], fold="fold 3")
    Traceback (most recent call last):
    ...
    healthops.evaluate.leakage.LeakageError: fold 3 learns from 2020-01-04, 2 days after the first forecast of its ...
    """
    train, test = np.asarray(train_ends, "datetime64[D]"), np.asarray(test_origins, "datetime64[D]")
    if not len(train) or not len(test):
        raise ValueError(f"{fold} has {len(train)} training rows and {len(test)} of the test: neither may be empty")
    days = int((train.max() - test.min()).astype(int)) + gap_days
    if days > 0:
        share = (train + np.timedelta64(gap_days, "D") > test.min()).mean()
        raise LeakageError(
            f"{fold} learns from {train.max()}, {days} days after the first forecast of its test could know of it, and "
            f"from {share:.0%} of its rows too early: split by time, without shuffling"
        )


def split_keeps_apart(train: np.ndarray, test: np.ndarray, *, what: str = "row", fold: str = "the split") -> None:
    """Require that nothing stands on both sides of a split.

    Parameters
    ----------
    train, test : array, shape (N,) or (N, F)
        Groups (a patient, a place) of the rows of either side; or whole rows, to find copies.
    what, fold : str
        Named in the message.
    """
    sides = [_rows(side) for side in (train, test)]
    both = sorted(set(sides[0]) & set(sides[1]), key=str)
    if both:
        shared = sum(row in set(both) for row in sides[1])
        first = ", ".join(map(str, both[0]))
        raise LeakageError(
            f"{what} {first} is on both sides of {fold}, as are {shared} of the {len(sides[1])} rows of the test: "
            f"keep each {what} on one side"
        )


def folds_keep_apart(
    folds: Iterable[tuple[np.ndarray, np.ndarray]],
    groups: np.ndarray,
    rows: np.ndarray | None = None,
    *,
    what: str = "group",
) -> None:
    """Require that no fold parts a group, nor has a copy of a whole row on its other side.

    Parameters
    ----------
    folds : iterable of (array of int, array of int)
        Positions of the training rows and of those of the test, as scikit-learn's splitters give them.
    groups : array, shape (N,)
        A person, a home, or rows with identical measurements.
    rows : array, shape (N, F), optional
        The features themselves, so that copies are found that the groups do not tell of.
    what : str
        A group, named in the message.

    Raises
    ------
    LeakageError
        Naming the first fold that does.

    >>> folds_keep_apart([([0, 1], [2]), ([2], [0, 1])], np.array(["a", "a", "b"]))
    >>> folds_keep_apart([([0, 2], [1])], np.array(["a", "a", "b"]))
    Traceback (most recent call last):
    ...
    healthops.evaluate.leakage.LeakageError: group a is on both sides of fold 1, as are 1 of the 1 rows of the test: ...
    """
    groups = np.asarray(groups)
    for k, (train, test) in enumerate(folds, 1):
        split_keeps_apart(groups[train], groups[test], what=what, fold=f"fold {k}")
        if rows is not None:
            split_keeps_apart(np.asarray(rows)[train], np.asarray(rows)[test], what="row", fold=f"fold {k}")


def target_not_in_features(
    features: np.ndarray, names: Sequence[str], target: np.ndarray, *, ceiling: float = CEILING
) -> None:
    """Require that no single feature orders the rows nearly as the target does, nor tells it by being missing.

    The measure is |rank correlation|, for a target of two values |2 AUC - 1|.

    Parameters
    ----------
    features : array of float, shape (N, F)
        NaN where not known.
    names : sequence of str, length F
    target : array of float, shape (N,)
        What is learnt: the change from the last value rather than a level, which last week's level rightly resembles.
    ceiling : float
        Between 0 and 1.
    """
    y = np.asarray(target, float)
    if features.shape != (len(y), len(names)):
        raise ValueError(f"features has shape {features.shape}; {len(y)} targets and {len(names)} names need another")
    two = len(np.unique(y[~np.isnan(y)])) == 2
    for name, column in zip(names, np.asarray(features, float).T, strict=True):
        found = {"": _association(column, y, two), " being missing or not": _association(np.isnan(column), y, two)}
        for how, strength in found.items():
            if strength >= ceiling:
                raise LeakageError(
                    f"feature {name!r}{how} tells the target: |{'2 AUC - 1' if two else 'rank correlation'}| is "
                    f"{strength:.3f}, {ceiling:g} at most is plausible; drop it, or know it at the time of the forecast"
                )


def features_end_at_their_week(
    features: Mapping[str, np.ndarray], cases: np.ndarray, *, horizons: Sequence[int] = range(1, 9)
) -> None:
    """Require that no feature of a week is the cases of a later week.

    Parameters
    ----------
    features : mapping of str to array of float, shape (P, T)
        Each holds at week t what is said to be known at its end; compared with the cases themselves and their logarithm
        and fourth root.
    cases : array of float, shape (P, T)
    horizons : sequence of int
        Weeks later that are looked at.
    """
    scales = {"": cases, "log1p of ": np.log1p(cases), "fourth root of ": cases**0.25}
    for name, values in features.items():
        for h in horizons:
            # Where the later week equals this one, a feature that holds this one would look like the later.
            known = ~np.isnan(values[:, :-h]) & ~np.isnan(cases[:, h:]) & (cases[:, h:] != cases[:, :-h])
            for scale, on_scale in scales.items():
                same = np.isclose(values[:, :-h][known], on_scale[:, h:][known], rtol=1e-6, atol=1e-9)
                if known.sum() >= 20 and same.mean() > 0.99:
                    raise LeakageError(
                        f"feature {name!r} of a week is the {scale}cases {h} weeks later (in {same.mean():.1%} of "
                        f"{known.sum()} weeks): lag it the other way"
                    )


def suspicions(forecasts: pd.DataFrame, *, model: str, baseline: str, floor: float = FLOOR) -> tuple[str, ...]:
    """Say why the scores of a model are too good to be true; nothing if they are not.

    Reasons are a relative WIS below `floor`; a forecast that is sure of exactly what came; central intervals that hold
    everything that came (half of it is what 50 % intervals should hold); and a WIS for the same target weeks that is
    better by a tenth from the farthest origins than from the nearest ones.

    Parameters
    ----------
    forecasts : DataFrame
        Table ``backtest_forecasts`` with rows of `model` and `baseline`.
    floor : float
        Least relative WIS that is plausible.
    """
    own = forecasts[(forecasts["model"] == model) & forecasts["observed"].notna()]
    relative = relative_wis(score_rows(forecasts[forecasts["model"].isin([model, baseline])]), baseline=baseline)[model]
    reasons = []
    if relative < floor:
        reasons.append(f"relative WIS against {baseline} is {relative:.3f}, below {floor:g}")
    # Where nothing came, to be sure of nothing and to cover it is no feat.
    came = own[own["observed"] > 0]
    quantiles, seen = came[list(QUANTILE_COLUMNS)].to_numpy(float), came["observed"].to_numpy(float)
    exact = (wis(quantiles, seen) == 0) & (seen >= 5)
    if exact.any():
        first = came[exact].iloc[0]
        reasons.append(
            f"{exact.sum()} forecasts are sure of what came (WIS 0), the first for {first['location']} from "
            f"{first['reference_date']:%Y-%m-%d}, horizon {first['horizon']}"
        )
    for level, enough in ((0.5, 30), (0.9, 300)):
        if len(seen) >= enough and covered(quantiles, seen, level).all():
            reasons.append(f"{level:.0%} intervals hold all of {len(seen)} observations")
    return (*reasons, *_farther_is_better(own))


def scores_are_plausible(forecasts: pd.DataFrame, *, model: str, baseline: str, floor: float = FLOOR) -> None:
    """Raise :class:`LeakageError` with the :func:`suspicions` of a model, if there are any."""
    reasons = suspicions(forecasts, model=model, baseline=baseline, floor=floor)
    if reasons:
        raise LeakageError(
            f"{model} is too good to be true: {'; '.join(reasons)}. Look for what it knows of the future with the "
            f"other alarms of healthops.evaluate.leakage"
        )


def _farther_is_better(own: pd.DataFrame) -> list[str]:
    scores = own.assign(score=wis(own[list(QUANTILE_COLUMNS)].to_numpy(float), own["observed"].to_numpy(float)))
    wide = scores.pivot_table(index=["target_end_date", "location"], columns="horizon", values="score")
    near = wide.columns.min()
    # Origins some weeks apart do not meet the same target from every distance: the farthest that do.
    for far in sorted(set(wide.columns) - {near}, reverse=True):
        same = wide[[near, far]].dropna()
        if len(same) >= 30:
            far_wis, near_wis = same[far].mean(), same[near].mean()
            if far_wis >= 0.9 * near_wis:
                return []
            return [
                f"the same {len(same)} targets are forecast better {far} weeks ahead (WIS {far_wis:.3g}) than {near} "
                f"({near_wis:.3g})"
            ]
    return []


def _association(column: np.ndarray, y: np.ndarray, two: bool) -> float:
    from scipy.stats import rankdata

    known = ~np.isnan(column) & ~np.isnan(y)
    x, y = column[known].astype(float), y[known]
    if len(y) < 20 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    rank = rankdata(x)
    if not two:
        return float(abs(np.corrcoef(rank, rankdata(y))[0, 1]))
    high = y == y.max()
    auc = (rank[high].mean() - (high.sum() + 1) / 2) / (~high).sum()
    return float(abs(2 * auc - 1))


def _rows(side: np.ndarray) -> list[tuple[Any, ...]]:
    values = np.asarray(side)
    # A gap equals a gap.
    return [tuple(None if v != v else v for v in row) for row in values.reshape(len(values), -1).tolist()]
