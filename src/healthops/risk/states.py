"""What is known of each person on a day: age, pregnancy, conditions, home, risk, the last measurement of each sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from healthops.data.recommendation_rules import VITALS

if TYPE_CHECKING:
    import pandas as pd

#: Days after birth that count as maternal; the longest that a pregnancy is believed to last from its last period, and
#: from its registration where that is not known: later, somebody has forgotten to write down its end.
AFTER_BIRTH, LONGEST, LONGEST_KNOWN = 42, 301, 280


class StateError(ValueError):
    """Tables that do not belong together; names the table, the person and the remedy."""


def person_states(
    people: pd.DataFrame,
    households: pd.DataFrame,
    pregnancies: pd.DataFrame,
    visits: pd.DataFrame,
    risk: pd.DataFrame,
    *,
    on: str | pd.Timestamp,
) -> pd.DataFrame:
    """Return one row for every person alive on day `on`, from what was recorded up to its end.

    Parameters
    ----------
    people, households, pregnancies, visits : DataFrame
        Tables ``community_people``, ``community_households``, ``community_pregnancies`` and ``community_visits``.
    risk : DataFrame
        Table ``community_risk``: person, probability, band.
    on : date

    Returns
    -------
    DataFrame
        person, household, sex, age_years, age_months (where only years are known, from 1 up, 12 times those: near
        enough for any rule), pregnant and maternal (pregnant, or up to 42 days after birth), known conditions,
        lifestyle, water, cooking_fuel, risk (chance of a severe event within 90 days), risk_band, days_since_visit
        (infinite for those never visited), and for every measurement of
        :data:`healthops.data.recommendation_rules.VITALS` its last value and ``<name>_days``, how many days ago it was
        taken; missing where it never was. In the order of the persons.

    Raises
    ------
    StateError
        If somebody alive has no risk, or a home that is not in `households`.
    """
    import pandas as pd

    day = pd.Timestamp(on).normalize()
    alive = people[people["died_on"].isna() | (people["died_on"] > day)].sort_values("person", ignore_index=True)
    conditions = ["hypertension", "diabetes", "chronic_lung", "heart_disease"]
    habits = ["smoking", "alcohol", "activity"]
    out = alive[["person", "household", "sex", "age_years", "age_months", *conditions, *habits]].copy()
    out["age_months"] = out["age_months"].fillna((12 * out["age_years"]).where(out["age_years"] >= 1))
    homes = households.set_index("household")[["water", "cooking_fuel"]]
    _belongs(out, out["household"].isin(homes.index), "household", "is in no row of households")
    out[list(homes)] = homes.loc[out["household"]].to_numpy()
    out["pregnant"], out["maternal"] = _pregnant(out["person"], pregnancies, day)
    scores = risk.set_index("person")
    _belongs(out, out["person"].isin(scores.index), "risk", "is missing; run the model for everybody alive")
    out["risk"] = scores["probability"].loc[out["person"]].to_numpy(float)
    out["risk_band"] = scores["band"].loc[out["person"]].to_numpy()
    return _last_measured(out, visits[visits["date"] <= day], day)


def _belongs(out: pd.DataFrame, good: pd.Series, what: str, said: str) -> None:
    if not good.all():
        raise StateError(f"community_people: person {out.loc[~good, 'person'].iloc[0]}: {what} {said}")


def _pregnant(persons: pd.Series, pregnancies: pd.DataFrame, day: pd.Timestamp) -> tuple[np.ndarray, np.ndarray]:
    known = pregnancies[pregnancies["registered_on"] <= day]
    ended = known["end_recorded_on"] <= day
    longest = (day - known["lmp_on"]).dt.days > LONGEST
    longest |= known["lmp_on"].isna() & ((day - known["registered_on"]).dt.days > LONGEST_KNOWN)
    now = known.loc[~ended & ~longest, "person"]
    recent = ended & (known["outcome"] == "delivery") & ((day - known["ended_on"]).dt.days <= AFTER_BIRTH)
    pregnant = persons.isin(now).to_numpy()
    return pregnant, pregnant | persons.isin(known.loc[recent, "person"]).to_numpy()


def _last_measured(out: pd.DataFrame, visits: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Add the last value of every measurement and its age; of danger signs on one day, the most."""
    seen = visits.sort_values(["date", "visit"], kind="stable")
    most = seen.groupby(["person", "date"], sort=False)["danger_signs"].transform("max")
    seen = seen.assign(danger_signs=most)
    last = seen.groupby("person")["date"].max().reindex(out["person"])
    out["days_since_visit"] = (day - last).dt.days.to_numpy(float)
    out["days_since_visit"] = out["days_since_visit"].fillna(np.inf)
    for name in VITALS:
        of = seen[seen[name].notna()].drop_duplicates("person", keep="last").set_index("person")
        out[name] = of[name].reindex(out["person"]).to_numpy("float64", na_value=np.nan)
        out[f"{name}_days"] = (day - of["date"].reindex(out["person"])).dt.days.to_numpy(float)
    return out
