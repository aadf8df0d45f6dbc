"""The files of a register of community health workers: their columns, as a programme exports them.

They hold names, numbers of papers and positions, and so never become tables as they stand: the columns of
:data:`IDENTIFYING` end here (:mod:`healthops.data.clean_register`).
"""

from __future__ import annotations

from pathlib import Path

#: Columns of each file, by logical name; the first is its key.
COLUMNS: dict[str, tuple[str, ...]] = {
    "community_hamlets": ("hamlet", "name", "ubigeo", "latitude", "longitude", "terrain"),
    "community_workers": (
        "worker", "name", "phone", "base_hamlet", "skills", "workdays", "starts", "ends", "break_minutes",
        "visits_per_day",
    ),
    "community_households": (
        "household", "hamlet", "head_name", "address", "latitude", "longitude", "path", "worker", "visit_from",
        "visit_to", "water", "cooking_fuel", "toilet",
    ),
    "community_people": (
        "person", "household", "name", "national_id", "phone", "sex", "birth_date", "age_years", "registered_on",
        "died_on", "smoking", "alcohol", "activity", "fruit_veg_days", "hypertension", "diabetes", "chronic_lung",
        "heart_disease",
    ),
    "community_pregnancies": (
        "pregnancy", "person", "registered_on", "lmp_on", "ended_on", "outcome", "end_recorded_on", "baby", "muted_on",
        "muted_reason",
    ),
    "community_visits": (
        "visit", "person", "pregnancy", "worker", "date", "form", "systolic_mmhg", "diastolic_mmhg", "heart_rate_bpm",
        "temp_c", "glucose_mmol_l", "spo2_pct", "muac_mm", "danger_signs", "referral", "follow_up_on",
        "next_facility_visit_on",
    ),
    "community_events": ("event", "person", "date", "kind"),
    # What only a simulator can tell: the events after the register's date, and every person's true chance.
    "community_season": ("event", "person", "date", "kind"),
    "community_true_risk": ("person", "date", "chance"),
}  # fmt: skip
#: What a table rests on that comes of an imagined register, and of a programme's own.
IMAGINED, RECORDED = "imagined", "register"
#: Files that a programme does not have.
SIMULATED = ("community_season", "community_true_risk")
#: Columns that tell who somebody is, or where somebody lives.
IDENTIFYING = ("name", "head_name", "national_id", "phone", "address", "latitude", "longitude", "birth_date")

SMOKING = ("never", "former", "daily")
ALCOHOL = ("none", "some", "heavy")
ACTIVITY = ("low", "moderate", "high")
WATER = ("piped", "protected well", "open well", "river")
FUEL = ("gas", "wood", "dung")
TOILET = ("sewer", "latrine", "none")
OUTCOMES = ("delivery", "miscarriage", "abortion")
MUTED = ("refused", "migrated", "cleared")
EVENT_KINDS = ("danger_sign", "admission", "death")
SEASON_KINDS = (*EVENT_KINDS, "delivery", "pregnancy_loss")
CHRONIC = ("hypertension", "diabetes", "chronic_lung", "heart_disease")
VITALS = ("systolic_mmhg", "diastolic_mmhg", "heart_rate_bpm", "temp_c", "glucose_mmol_l", "spo2_pct", "muac_mm")


def register_path(folder: Path, name: str) -> Path:
    """Path of file `name` of the register in `folder`.

    >>> register_path(Path("r"), "community_people").as_posix()
    'r/people.csv'
    """
    return folder / f"{name.removeprefix('community_')}.csv"
