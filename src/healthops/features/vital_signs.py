"""What is made of vital signs: derived pressures, and flags by published thresholds.

A flag tells three things apart: 1, beyond a threshold; 0, measured and within all of them; missing, not known because
what was measured is within its threshold and something else was not measured. Nothing is imputed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

_ISSHP = "Magee et al. (2022), ISSHP classification, doi:10.1016/j.preghy.2021.09.008"
_WARNING = "Mhyre et al. (2014), Maternal Early Warning Criteria, doi:10.1097/AOG.0000000000000480"
_DIABETES = "WHO (2013), hyperglycaemia first detected in pregnancy, WHO/NMH/MND/13.2"
_ISH = "Unger et al. (2020), ISH guidelines, doi:10.1161/HYPERTENSIONAHA.120.15026"
_IMCI = "WHO (2014), Integrated Management of Childhood Illness, chart booklet"
_ARM = "WHO and UNICEF (2009), child growth standards and severe acute malnutrition"


@dataclass(frozen=True)
class Flag:
    """A finding: any of some measurements beyond its threshold.

    Attributes
    ----------
    name, label : str
    any_of : tuple of (measurement, sign, threshold)
        `sign` is ``<``, ``>`` or ``>=``; the threshold is in the unit that ends the measurement's name.
    source : str
        Who set the threshold.
    """

    name: str
    label: str
    any_of: tuple[tuple[str, str, float], ...]
    source: str

    def rule(self) -> str:
        """Return the rule in words.

        >>> MATERNAL_FLAGS[0].rule()
        'systolic_mmhg >= 140 or diastolic_mmhg >= 90'
        """
        return " or ".join(f"{measure} {sign} {cut:g}" for measure, sign, cut in self.any_of)


#: Flags of pregnant women.
MATERNAL_FLAGS: tuple[Flag, ...] = (
    Flag("high_pressure", "hypertension", (("systolic_mmhg", ">=", 140), ("diastolic_mmhg", ">=", 90)), _ISSHP),
    Flag("severe_pressure", "severe hypertension", (("systolic_mmhg", ">=", 160), ("diastolic_mmhg", ">=", 110)),
         _ISSHP),
    Flag("low_pressure", "low blood pressure", (("systolic_mmhg", "<", 90),), _WARNING),
    Flag("abnormal_heart_rate", "slow or fast heart", (("heart_rate_bpm", "<", 50), ("heart_rate_bpm", ">", 120)),
         _WARNING),
    Flag("high_shock_index", "heart rate high for the pressure", (("shock_index", ">=", 0.9),),
         "Nathan et al. (2015), doi:10.1111/1471-0528.13206 (after birth)"),
    Flag("fever", "fever", (("temp_c", ">=", 38),), "WHO (2015), maternal peripartum infections, ISBN 9789241549363"),
    Flag("glucose_7_up", "diabetes in pregnancy, were it fasting", (("glucose_mmol_l", ">=", 7),), _DIABETES),
    Flag("glucose_11_up", "diabetes in pregnancy, at any time of day", (("glucose_mmol_l", ">=", 11.1),), _DIABETES),
    Flag("age_under_20", "adolescent", (("age_years", "<", 20),), "WHO, fact sheet on adolescent pregnancy"),
    Flag("age_35_up", "35 and older", (("age_years", ">=", 35),), "ACOG (2022), Obstetric Care Consensus 11"),
)  # fmt: skip

#: Flags of people of all ages.
COMMUNITY_FLAGS: tuple[Flag, ...] = (
    Flag("high_pressure", "hypertension", (("systolic_mmhg", ">=", 140), ("diastolic_mmhg", ">=", 90)), _ISH),
    Flag("very_high_pressure", "hypertension of grade 2", (("systolic_mmhg", ">=", 160), ("diastolic_mmhg", ">=", 100)),
         _ISH),
    Flag("fever", "fever", (("temp_c", ">=", 37.5),), _IMCI),
    Flag("glucose_11_up", "sugar of diabetes, at any time of day", (("glucose_mmol_l", ">=", 11.1),),
         "WHO and IDF (2006), definition and diagnosis of diabetes mellitus, ISBN 9241594934"),
    Flag("low_oxygen", "too little oxygen", (("spo2_pct", "<", 94),),
         "Royal College of Physicians (2017), National Early Warning Score 2: two points or more"),
    Flag("thin_arm", "wasting, 6 to 59 months", (("muac_mm", "<", 125),), _ARM),
    Flag("very_thin_arm", "severe wasting, 6 to 59 months", (("muac_mm", "<", 115),), _ARM),
)  # fmt: skip


def derived_pressures(systolic: pd.Series, diastolic: pd.Series) -> dict[str, pd.Series]:
    """Return pulse pressure and mean arterial pressure, mmHg.

    The mean is the lower pressure and a third of the pulse pressure. Both are missing where either pressure is, and
    where the lower one is not below the upper: no artery has that.

    >>> import pandas as pd
    >>> found = derived_pressures(pd.Series([120.0, 80.0]), pd.Series([75.0, 80.0]))
    >>> found["pulse_pressure_mmhg"].tolist(), found["mean_pressure_mmhg"].tolist()
    ([45.0, nan], [90.0, nan])
    """
    pulse = (systolic - diastolic).where(systolic > diastolic)
    return {"pulse_pressure_mmhg": pulse, "mean_pressure_mmhg": (diastolic + pulse / 3).round(6)}


def flags(measured: pd.DataFrame, wanted: tuple[Flag, ...]) -> pd.DataFrame:
    """Return one column of 1, 0 or missing for each flag, shape (n, flags).

    Parameters
    ----------
    measured : DataFrame
        With every measurement that `wanted` names.
    """
    import pandas as pd

    return pd.DataFrame({flag.name: _raised(measured, flag) for flag in wanted}, index=measured.index)


def _raised(measured: pd.DataFrame, flag: Flag) -> np.ndarray:
    beyond, unknown = np.zeros(len(measured), bool), np.zeros(len(measured), bool)
    for measure, sign, cut in flag.any_of:
        value = measured[measure].to_numpy(float)
        compare = {"<": np.less, ">": np.greater, ">=": np.greater_equal}[sign]
        beyond |= compare(value, cut)
        unknown |= np.isnan(value)
    return np.where(beyond, 1.0, np.where(unknown, np.nan, 0.0))
