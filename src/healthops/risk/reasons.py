"""Why a person's risk is what it is: what each feature adds to the log odds, exactly, and in a health worker's words.

For logistic regression a feature adds its coefficients times how far the person lies from the mean of those whom the
model learnt from. For XGBoost it is the Shapley value of the feature over the paths of the trees, which XGBoost
computes exactly [1]_. Either way the parts add up to the model's log odds, which is checked; times the slope of the
calibration they add up to those of the calibrated probability. Features that speak of one thing (the upper and lower
pressure, whether it is high, how old the measurement is) are added up to one theme, so that three reasons are three.
A reason says what the model made of a person, not what caused it.

.. [1] Lundberg et al. (2020), From local explanations to global understanding with explainable AI for trees,
   Nature Machine Intelligence 2: 56-67.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from healthops.risk.classifiers import ADDITIVE, RiskModelError

if TYPE_CHECKING:
    import pandas as pd

    from healthops.risk.nested import Fitted

#: Greatest difference between the sum of the parts and the log odds: trees add in single precision.
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Theme:
    """Features that speak of one thing.

    Attributes
    ----------
    label : str
        For a health worker.
    features : tuple of str
    shown : str
        How the person's value is written: a format of the features.
    unknown : str
        What is written where the first feature is missing.
    """

    label: str
    features: tuple[str, ...]
    shown: str
    unknown: str = "not on record"


_NEVER = "not measured in a year"
_NONE = "none in a year"
_CONDITIONS = ("hypertension", "diabetes", "chronic_lung", "heart_disease")

#: What features of table ``community_features`` speak of.
THEMES: tuple[Theme, ...] = (
    Theme("age", ("age_years", "age_band"), "{age_years:.0f} years"),
    Theme("sex", ("female",), "{female:.0f}"),
    Theme("people at home", ("household_size", "under_5_at_home", "over_65_at_home"),
          "{household_size:.0f}, {under_5_at_home:.0f} of them under 5, {over_65_at_home:.0f} from 65"),
    Theme("smoking", ("smoking",), "{smoking}"),
    Theme("alcohol", ("alcohol",), "{alcohol}"),
    Theme("physical activity", ("activity",), "{activity}"),
    Theme("fruit and vegetables", ("fruit_veg_days",), "{fruit_veg_days:.0f} days a week"),
    Theme("blood pressure", ("systolic_mmhg", "diastolic_mmhg", "days_since_pressure", "pulse_pressure_mmhg",
                             "mean_pressure_mmhg", "high_pressure", "very_high_pressure", "pregnant_high_pressure"),
          "{systolic_mmhg:.0f}/{diastolic_mmhg:.0f} mmHg, {days_since_pressure:.0f} days ago", _NEVER),
    Theme("heart rate", ("heart_rate_bpm", "days_since_heart_rate"),
          "{heart_rate_bpm:.0f} a minute, {days_since_heart_rate:.0f} days ago", _NEVER),
    Theme("body temperature", ("temp_c", "days_since_temp", "fever"),
          "{temp_c:.1f} deg C, {days_since_temp:.0f} days ago", _NEVER),
    Theme("blood sugar", ("glucose_mmol_l", "days_since_glucose", "glucose_11_up"),
          "{glucose_mmol_l:.1f} mmol/l, {days_since_glucose:.0f} days ago", _NEVER),
    Theme("oxygen saturation", ("spo2_pct", "days_since_spo2", "low_oxygen"),
          "{spo2_pct:.0f}%, {days_since_spo2:.0f} days ago", _NEVER),
    Theme("arm circumference", ("muac_mm", "days_since_muac", "thin_arm", "very_thin_arm"),
          "{muac_mm:.0f} mm, {days_since_muac:.0f} days ago", _NEVER),
    Theme("known conditions", ("conditions", "hypertension", "diabetes", "chronic_lung", "heart_disease"),
          "{known}"),
    Theme("visits", ("days_since_visit", "visit_days"),
          "{visit_days:.0f} days with a visit in a year, the last {days_since_visit:.0f} days ago", _NONE),
    Theme("danger signs and referrals", ("danger_signs", "days_since_danger_sign", "referrals"),
          "{danger_signs:.0f} signs and {referrals:.0f} referrals in a year"),
    Theme("earlier severe events", ("events_before", "admissions_before", "days_since_event"),
          "{events_before:.0f} in a year, {admissions_before:.0f} of them admissions"),
    Theme("severe events of others at home", ("events_at_home",), "{events_at_home:.0f} in a year"),
    Theme("pregnancy and birth", ("pregnancy_stage", "pregnant", "gestation_weeks", "days_since_birth",
                                  "lost_pregnancy", "newborn_days"), "{pregnancy_stage}"),
    Theme("water, fuel and toilet", ("water", "cooking_fuel", "toilet", "child_solid_fuel", "child_open_water"),
          "water: {water}; cooking: {cooking_fuel}; toilet: {toilet}"),
    Theme("way to the home", ("walk_min", "unreachable", "terrain_factor"),
          "{walk_min:.0f} min from the worker's base"),
)  # fmt: skip


def effects(fitted: Fitted, X: pd.DataFrame, background: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """Return what each feature adds to the calibrated log odds of the second of two outcomes.

    Parameters
    ----------
    fitted : Fitted
        Of a kind in :data:`healthops.risk.classifiers.ADDITIVE`.
    X : DataFrame, shape (n, F)
    background : DataFrame, shape (m, F)
        Those whom the model learnt from: an effect is against their mean.

    Returns
    -------
    effects : DataFrame, shape (n, F)
        In log odds.
    base : float
        Log odds to which they add: ``base + effects.sum(axis=1)`` is the logit of the calibrated probability.

    Raises
    ------
    RiskModelError
        If the model is of another kind, or the parts do not add up.
    """
    from scipy.special import logit

    encode, model = fitted.model["encode"], fitted.model["model"]
    columns = [source_of(str(name), X.columns) for name in encode.get_feature_names_out()]
    Z = np.asarray(encode.transform(X), float)
    if hasattr(model, "coef_"):
        middle = np.asarray(encode.transform(background), float).mean(axis=0)
        parts, base = (Z - middle) * model.coef_[0], float(model.intercept_[0] + middle @ model.coef_[0])
    elif hasattr(model, "get_booster"):
        from xgboost import DMatrix

        told = model.get_booster().predict(DMatrix(Z), pred_contribs=True)
        parts, base = told[:, :-1].astype(float), float(told[0, -1])
    else:
        raise RiskModelError(f"{type(model).__name__} has no exact parts: give one of the kinds {list(ADDITIVE)}")
    gap = np.abs(base + parts.sum(axis=1) - logit(fitted.raw(X)[:, 1])).max()
    if not gap < TOLERANCE:
        raise RiskModelError(f"the parts of {type(model).__name__} differ from its log odds by {gap:.2g}")
    slope, intercept = fitted.recalibration.slope, float(fitted.recalibration.intercepts[1])
    return _added(parts * slope, columns, X), intercept + slope * base


def source_of(column: str, features: Sequence[str]) -> str:
    """Return the feature that an encoded column was made of.

    >>> source_of("missingindicator_age_years", ["age", "age_years"]), source_of("water_open well", ["water"])
    ('age_years', 'water')
    """
    name = column.removeprefix("missingindicator_")
    found = [each for each in features if name == each or name.startswith(f"{each}_")]
    if not found:
        raise RiskModelError(
            f"encoded column {column!r} comes from no feature: rename the feature or the encoder's step"
        )
    return max(found, key=len)


def strongest(
    X: pd.DataFrame, effect: pd.DataFrame, *, themes: Sequence[Theme] = THEMES, reasons: int = 3
) -> pd.DataFrame:
    """Return for each person the themes that move the risk most, up or down.

    Parameters
    ----------
    X : DataFrame, shape (n, F)
        Features, in the units of the table; its index names the person.
    effect : DataFrame, shape (n, F)
        Of :func:`effects`.
    themes : sequence of Theme
        Every feature in exactly one.
    reasons : int

    Returns
    -------
    DataFrame
        Columns of the index of `X`, ``rank`` from 1, ``feature`` (of the theme, the one with the largest part),
        ``label``, ``value`` (text) and ``effect`` (log odds), strongest first.
    """
    import pandas as pd

    by_theme = theme_effects(effect, themes).to_numpy()
    order = np.argsort(-np.abs(by_theme), axis=1, kind="stable")[:, :reasons]
    rows = X.reset_index(drop=True).to_dict("records")
    leads = {t: [f for f in theme.features if f in effect] for t, theme in enumerate(themes)}
    parts = {t: effect[names].abs().to_numpy().argmax(axis=1) if names else None for t, names in leads.items()}
    out = [
        {
            "person": person, "rank": rank, "feature": leads[t][parts[t][i]], "label": themes[t].label,
            "value": value_words(themes[t], rows[i]), "effect": by_theme[i, t],
        }
        for i, person in enumerate(X.index)
        for rank, t in enumerate(order[i], 1)
    ]  # fmt: skip
    return pd.DataFrame(out).rename(columns={"person": X.index.name or "person"})


def theme_effects(effect: pd.DataFrame, themes: Sequence[Theme] = THEMES) -> pd.DataFrame:
    """Add up the effects of each theme; shape (n, themes), columns their labels.

    Raises
    ------
    RiskModelError
        If a feature is in no theme, or in two.
    """
    import pandas as pd

    told = [name for theme in themes for name in theme.features]
    lost = sorted(set(effect.columns) - set(told)) + sorted({name for name in told if told.count(name) > 1})
    if lost:
        raise RiskModelError(f"features {lost} are in no theme, or in two: put each into one of healthops.risk.reasons")
    return pd.DataFrame(
        {theme.label: effect[[f for f in theme.features if f in effect]].sum(axis=1) for theme in themes}
    )


def value_words(theme: Theme, values: Mapping[str, Any]) -> str:
    """Write the person's value of a theme; what is missing is said to be."""
    if theme.features == ("female",):
        return "female" if values["female"] == 1 else "male"
    first = values[theme.features[0]]
    if first is None or first != first:
        return theme.unknown
    known = [name.replace("_", " ") for name in _CONDITIONS if values.get(name) == 1]
    return theme.shown.format_map({**values, "known": ", ".join(known) or "none"})


def _added(parts: np.ndarray, columns: Sequence[str], X: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(parts).T.groupby(list(columns)).sum().T.set_axis(X.index)
    return frame.reindex(columns=X.columns, fill_value=0.0)
