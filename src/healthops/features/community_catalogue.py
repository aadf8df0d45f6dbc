"""Every feature of both sets of column 3, described: a test holds this list and the two tables to the same names.

`fold_safety` says what a feature may know: ``past_only``, nothing dated on or after the landmark; ``static``, what does
not change (or is of the row itself, in the maternal set); ``undated``, what the register holds without a day: it is
taken to have been so at every landmark.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from healthops.features.catalogue import Feature
from healthops.features.vital_signs import COMMUNITY_FLAGS, MATERNAL_FLAGS, Flag

if TYPE_CHECKING:
    import pandas as pd

SETS = ("maternal", "community")
#: Days that a feature of a landmark looks back: as many for the first landmark as for the last.
LOOK_BACK = 360
#: Measurement, and the words for it.
VITALS = {
    "systolic_mmhg": "upper blood pressure", "diastolic_mmhg": "lower blood pressure", "heart_rate_bpm": "heart rate",
    "temp_c": "body temperature", "glucose_mmol_l": "blood sugar", "spo2_pct": "oxygen saturation",
    "muac_mm": "mid-upper arm circumference",
}  # fmt: skip
UNITS = {
    "age_years": "years", "systolic_mmhg": "mmHg", "diastolic_mmhg": "mmHg", "heart_rate_bpm": "1/min",
    "temp_c": "deg C", "glucose_mmol_l": "mmol/l", "spo2_pct": "%", "muac_mm": "mm",
}  # fmt: skip
#: What was measured at one time, by the feature that holds its age.
AGES = {
    "days_since_pressure": ("systolic_mmhg", "diastolic_mmhg"),
    "days_since_heart_rate": ("heart_rate_bpm",),
    "days_since_temp": ("temp_c",),
    "days_since_glucose": ("glucose_mmol_l",),
    "days_since_spo2": ("spo2_pct",),
    "days_since_muac": ("muac_mm",),
}
CHRONIC = ("hypertension", "diabetes", "chronic_lung", "heart_disease")


def _flag(flag: Flag, source: str, safety: str, family: str) -> Feature:
    how = f"1: {flag.rule()}; missing: not measured"
    return Feature(flag.name, "number", "", source, how, safety, f"{flag.label}: {flag.source}", family)


def _maternal() -> list[Feature]:
    def made(name: str, unit: str, how: str, why: str, family: str, source: str = "") -> Feature:
        return Feature(name, "number", unit, f"maternal_risk.{source or name}", how, "static", why, family)

    return [
        made("age_years", "years", "as given", "the youngest and the oldest mothers are at higher risk", "demographic"),
        *(
            made(name, UNITS[name], "as given; impossible: missing", f"{VITALS[name]}: as measured", "vital signs")
            for name in ("systolic_mmhg", "diastolic_mmhg", "glucose_mmol_l", "temp_c", "heart_rate_bpm")
        ),
        made("pulse_pressure_mmhg", "mmHg", "upper less lower pressure", "stiff or empty vessels", "derived",
             "systolic_mmhg"),
        made("mean_pressure_mmhg", "mmHg", "lower pressure and a third of the pulse pressure",
             "foretells pre-eclampsia better than either: Cnossen et al. (2008), doi:10.1136/bmj.39540.522049.BE",
             "derived", "systolic_mmhg"),
        made("shock_index", "1/(min mmHg)", "heart rate over upper pressure", "loss of blood before the pressure falls",
             "derived", "heart_rate_bpm"),
        *(_flag(f, "maternal_risk." + f.any_of[0][0].replace("shock_index", "heart_rate_bpm"), "static", "flags")
          for f in MATERNAL_FLAGS),
        made("flags_raised", "flags", "number of the flags above that are 1", "several findings at once", "flags",
             "systolic_mmhg"),
    ]  # fmt: skip


def _past(name: str, unit: str, source: str, how: str, why: str, family: str, kind: str = "number") -> Feature:
    return Feature(name, kind, unit, source, how, "past_only", why, family)


def _who() -> list[Feature]:
    family, age = "demographic", "community_landmarks.age_years"
    return [
        Feature("age_years", "number", "years", age, "completed, on the day", "static", "infants and the old", family),
        Feature("age_band", "category", "", age, "0, 1-4, 5-14, 15-49, 50-64, 65+", "static",
                "risk by age has a valley, not a slope", family),
        Feature("female", "number", "", "community_people.sex", "1: female", "static", "sexes differ in risk", family),
        _past("household_size", "persons", "community_landmarks.person", "people of the home on the day",
              "crowding", family),
        _past("under_5_at_home", "persons", age, "children under 5 of the home on the day", "infections, care", family),
        _past("over_65_at_home", "persons", age, "people from 65 of the home on the day", "care, means", family),
    ]  # fmt: skip


def _lifestyle() -> list[Feature]:
    def made(name: str, how: str, why: str, kind: str = "category", unit: str = "") -> Feature:
        source = f"community_people.{name}"
        return Feature(name, kind, unit, source, how, "undated", why, "lifestyle")

    word = "in words; child: under 15 on the day, nobody asks; missing: not filled in"
    return [
        made("smoking", word, "lung and heart disease"),
        made("alcohol", word, "injury, liver and heart disease"),
        made("activity", word, "heart disease and diabetes"),
        made("fruit_veg_days", "days a week with fruit or vegetables", "nutrition", "number", "days/week"),
    ]


def _clinical() -> list[Feature]:
    family, visits = "clinical", "community_visits."
    last = f"mean of the newest day with one, of the {LOOK_BACK} days before; missing: none"
    return [
        *(_past(name, UNITS[name], visits + name, last, f"{words}: as last measured", family)
          for name, words in VITALS.items()),
        *(_past(name, "days", visits + "date", f"age of {' and '.join(VITALS[m] for m in of)}",
                "an old measurement says less", family) for name, of in AGES.items()),
        _past("pulse_pressure_mmhg", "mmHg", visits + "systolic_mmhg", "upper less lower pressure",
              "stiff vessels in the old", family),
        _past("mean_pressure_mmhg", "mmHg", visits + "systolic_mmhg", "lower pressure and a third of the pulse "
              "pressure", "load on heart and kidneys", family),
        *(_flag(f, visits + f.any_of[0][0], "past_only", family) for f in COMMUNITY_FLAGS),
        *(Feature(name, "number", "", f"community_people.{name}", "1: known; missing: not filled in", "undated",
                  "a known condition", family) for name in CHRONIC),
        Feature("conditions", "number", "conditions", "community_people.hypertension", "known ones of the four; "
                "missing: none filled in", "undated", "several conditions at once", family),
    ]  # fmt: skip


def _history() -> list[Feature]:
    back, family = f"in the {LOOK_BACK} days before", "history"
    visits, events = "community_visits", "community_events"
    return [
        _past("visit_days", "days", f"{visits}.date", f"days with a visit {back}", "seen often, and why", family),
        _past("days_since_visit", "days", f"{visits}.date", f"since the last {back}; missing: none",
              "how old all knowledge is", family),
        _past("danger_signs", "signs", f"{visits}.danger_signs", f"seen {back}", "illness that was seen", family),
        _past("days_since_danger_sign", "days", f"{visits}.danger_signs", f"since the last {back}; missing: none",
              "illness passes", family),
        _past("referrals", "referrals", f"{visits}.referral", f"sent to a facility {back}", "illness judged serious",
              family),
        _past("events_before", "events", f"{events}.date", f"own severe events {back}", "ill again", family),
        _past("admissions_before", "events", f"{events}.kind", f"own admissions {back}", "gravely ill again", family),
        _past("days_since_event", "days", f"{events}.date", f"since the last {back}; missing: none",
              "risk falls with time", family),
        _past("events_at_home", "events", f"{events}.date", f"severe events of others of the home {back}",
              "what the home shares and nobody wrote down", family),
    ]  # fmt: skip


def _pregnancy() -> list[Feature]:
    family, table = "pregnancy and birth", "community_pregnancies."
    return [
        _past("pregnant", "", table + "registered_on", "1: registered before, its end not on record before",
              "risks of pregnancy", family),
        _past("pregnancy_stage", "", table + "lmp_on", "none, first, second or third trimester, unknown (last period "
              "unknown), after birth (to 42 days)", "risks differ by stage", family, "category"),
        _past("gestation_weeks", "weeks", table + "lmp_on", "since the last period; missing: not pregnant or unknown",
              "pressure rises late", family),
        _past("days_since_birth", "days", table + "ended_on", f"mother: since a delivery on record {_window()}",
              "risks after birth", family),
        _past("lost_pregnancy", "", table + "outcome", f"1: a miscarriage or abortion on record {_window()}",
              "losses recur", family),
        _past("pregnant_high_pressure", "", table + "registered_on", "pregnant and high_pressure",
              "pre-eclampsia: Magee et al. (2022), doi:10.1016/j.preghy.2021.09.008", family),
        _past("newborn_days", "days", table + "baby", f"child: days since its own birth, on record {_window()}",
              "the first weeks are the most dangerous", family),
    ]  # fmt: skip


def _window() -> str:
    return f"in the {LOOK_BACK} days before"


def _home() -> list[Feature]:
    def made(name: str, source: str, how: str, why: str, kind: str = "number", unit: str = "") -> Feature:
        return Feature(name, kind, unit, source, how, "undated", why, "home")

    homes = "community_households."
    return [
        made("water", homes + "water", "in words", "infections of the gut", "category"),
        made("cooking_fuel", homes + "cooking_fuel", "in words", "smoke indoors", "category"),
        made("toilet", homes + "toilet", "in words", "infections of the gut", "category"),
        made("child_solid_fuel", homes + "cooking_fuel", "1: under 5 on the day, and wood or dung is burnt",
             "pneumonia: Dherani et al. (2008), doi:10.2471/BLT.07.044529"),
        made("child_open_water", homes + "water", "1: under 5 on the day, and water of an open well or river",
             "diarrhoea: Wolf et al. (2018), doi:10.1111/tmi.13051"),
        made("walk_min", homes + "walk_min", "from the worker's base to the home", "far homes are seen less",
             unit="min"),
        made("unreachable", homes + "unreachable", "1: nobody can walk there", "nobody comes"),
        made("terrain_factor", "community_hamlets.terrain_factor", "time of a walk over that on level ground",
             "far from help"),
    ]  # fmt: skip


#: Every feature by set, in the order of its table.
FEATURES: dict[str, tuple[Feature, ...]] = {
    "maternal": tuple(_maternal()),
    "community": (*_who(), *_lifestyle(), *_clinical(), *_history(), *_pregnancy(), *_home()),
}


def names(of: str, kind: str | None = None) -> tuple[str, ...]:
    """Return the names of the features of set `of` (of one `kind`: ``number`` or ``category``), in order."""
    return tuple(f.feature for f in FEATURES[of] if kind in (None, f.kind))


def families(of: str) -> dict[str, tuple[str, ...]]:
    """Return the names of each family of set `of`, in order."""
    out: dict[str, tuple[str, ...]] = {}
    for f in FEATURES[of]:
        out[f.family] = (*out.get(f.family, ()), f.feature)
    return out


def community_catalogue() -> pd.DataFrame:
    """Return table ``community_feature_catalogue``."""
    import pandas as pd

    rows = [{"set": of, **asdict(f)} for of in SETS for f in FEATURES[of]]
    return pd.DataFrame(rows).astype("str").assign(unit=lambda d: d["unit"].where(d["unit"] != ""))
