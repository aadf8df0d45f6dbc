"""Table ``maternal_features``: vital signs of pregnant women, what is made of them, and the group of a fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from healthops.features import community_catalogue as listed
from healthops.features.grid import FeatureError, require
from healthops.features.vital_signs import MATERNAL_FLAGS, derived_pressures, flags

if TYPE_CHECKING:
    import pandas as pd

#: What is measured, as in table ``maternal_risk``.
MEASURED = ("age_years", "systolic_mmhg", "diastolic_mmhg", "glucose_mmol_l", "temp_c", "heart_rate_bpm")
#: What is beside the features: the key, the group that no fold may part, and what is asked for.
BESIDE = ("row_id", "same_as", "risk")


def maternal_features(risks: pd.DataFrame) -> pd.DataFrame:
    """Return table ``maternal_features``, one row for each of table ``maternal_risk``, in its order.

    How often the same measurements occur (`copies`, `repeats_row`) and whether their labels agree is known of the
    whole file alone, and so no feature.

    Raises
    ------
    FeatureError
        If a column is lacking, or one group `same_as` holds different measurements.
    """
    import pandas as pd

    require(risks, (*BESIDE, *MEASURED), "maternal_risk")
    measured = risks[list(MEASURED)].astype("float64")
    _groups_are_identical(risks["same_as"], measured)
    derived = derived_pressures(measured["systolic_mmhg"], measured["diastolic_mmhg"])
    derived["shock_index"] = (measured["heart_rate_bpm"] / measured["systolic_mmhg"]).round(6)
    found = pd.concat([measured, pd.DataFrame(derived)], axis=1)
    raised = flags(found, MATERNAL_FLAGS)
    # A flag that nobody could judge counts for nothing here; whether it is missing is told by the flag itself.
    found = pd.concat([found, raised], axis=1).assign(flags_raised=raised.sum(axis=1))
    return pd.concat([risks[list(BESIDE)], found[list(listed.names("maternal"))]], axis=1).reset_index(drop=True)


def _groups_are_identical(group: pd.Series, measured: pd.DataFrame) -> None:
    apart = measured.groupby(group).nunique(dropna=False).max(axis=1) > 1
    # A measurement that was set to missing counts in the group as it was written.
    if apart.any():
        raise FeatureError(
            f"table 'maternal_risk': the rows of group same_as {apart.idxmax()!r} differ in a measurement; "
            "a group holds identical measurements: clean the table again"
        )
