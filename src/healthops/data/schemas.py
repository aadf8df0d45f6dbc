"""The schema of every table: one place says what a table holds, in which unit, and what makes a row unique.

Both scenarios obey the same schemas, so that a notebook cannot tell real data from simulated data by their shape.
A schema is checked at every read and every write by :class:`healthops.workspace.Workspace`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa

#: The 23 quantile levels of the forecast hubs.
QUANTILE_LEVELS: tuple[float, ...] = (
    0.01, 0.025, 0.05, 0.10, 0.15, 0.20, 0.25, 0.30, 0.35, 0.40, 0.45, 0.50,
    0.55, 0.60, 0.65, 0.70, 0.75, 0.80, 0.85, 0.90, 0.95, 0.975, 0.99,
)  # fmt: skip

#: Names of the columns that hold them in a wide table of forecasts: ``q0.010`` to ``q0.990``.
QUANTILE_COLUMNS: tuple[str, ...] = tuple(f"q{level:.3f}" for level in QUANTILE_LEVELS)

LEVELS = ("department", "province", "district")


class SchemaError(ValueError):
    """A table does not hold what its schema promises; the message names the table, column, row and remedy."""


@dataclass(frozen=True)
class Column:
    """One column: its type, unit and bounds.

    ``kind`` is one of ``text``, ``integer``, ``number``, ``date`` (midnight, no time zone) and ``flag``. What is
    ``measured`` (the CPU seconds of a run) differs from run to run: two runs are not compared by it.
    """

    kind: str
    about: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    among: tuple[str, ...] | None = None
    pattern: str | None = None
    missing: bool = False
    measured: bool = False


@dataclass(frozen=True)
class Table:
    """One table: what a row is, which columns make it unique, and the columns themselves.

    ``extra`` lets a table carry further number columns that are not known beforehand (features).
    """

    about: str
    key: tuple[str, ...]
    columns: dict[str, Column] = field(default_factory=dict)
    extra: bool = False


def _text(about: str, **more: object) -> Column:
    return Column("text", about, **more)  # type: ignore[arg-type]


def _integer(about: str, unit: str = "", **more: object) -> Column:
    return Column("integer", about, unit, **more)  # type: ignore[arg-type]


def _number(about: str, unit: str = "", **more: object) -> Column:
    return Column("number", about, unit, **more)  # type: ignore[arg-type]


def _date(about: str, **more: object) -> Column:
    return Column("date", about, **more)  # type: ignore[arg-type]


def _flag(about: str) -> Column:
    return Column("flag", about)


_UBIGEO = _text("place code of 2, 4 or 6 digits: department, province, district", pattern=r"^\d{2}(\d{2}){0,2}$")
_DISTRICT = _text("district code of 6 digits", pattern=r"^\d{6}$")
_LEVEL = _text("administrative level", among=LEVELS)
_WEEK_END = _date("Saturday that ends the epidemiological (MMWR) week")
_QUANTILES = {
    name: _number(f"quantile {level:g} of the forecast", "cases", low=0)
    for name, level in zip(QUANTILE_COLUMNS, QUANTILE_LEVELS, strict=True)
}
_FORECAST_KEY = {
    "model": _text("name of the forecaster"),
    "reference_date": _date("Saturday of the last week that the forecaster saw"),
    "horizon": _integer("weeks after the reference date", "weeks", low=1, high=52),
    "target_end_date": _date("Saturday that ends the forecast week"),
    "location": _UBIGEO,
}

_SEASON = _text("influenza season, such as 2024-25", pattern=r"^\d{4}-\d{2}$")
_FIPS = _text("FIPS code of a state, or US", pattern=r"^(\d{2}|US)$")

_DENGUE_PROJECT = {
    "city": _text("", among=("iquitos", "san_juan")),
    "target": _text("all: the mean of the three targets", among=("peak_week", "peak_incidence", "season_total", "all")),
    "season": _text("as 2009/2010; all: every season"),
}

_AGE_LOW = _integer("lowest age of the band, completed years", "years", low=0, high=120)
_AGE_HIGH = _integer("highest age, within the band; missing: no upper end", "years", low=0, high=120, missing=True)
_BASIS = _text("data: from a source; assumed: derived by vaccine_assumptions", among=("data", "assumed"))
_PRIORITY = _text("priority group of priority_groups.yaml", pattern=r"^[a-z_]+$")
_PRODUCT = _text("vaccine, as the shipments name it")
_FACILITY = _text("code of the facility")
_CLINIC = _text("clinic, of table clinics")
_SERVICE = _text("kind of care", pattern=r"^[a-z_]+$")
_PROVIDER = _text("person who gives care; no name is known", pattern=r"^[A-Z]\d+$")
_MINUTE = {"low": 0, "high": 24 * 60}
_STAFF_BASIS = _text(
    "data: from a source; assumed: drawn by provider_assumptions, nobody who exists", among=("data", "assumed")
)
_ASSUMPTIONS = {
    "section": _text(""),
    "name": _text(""),
    "value": _number(""),
    "unit": _text(""),
    "source": _text("publication, or the assumption in words"),
    "assumption": _flag("this project's own"),
}
_LEDGER = {
    "source": _text("source file"),
    "table": _text("table that it became"),
    "action": _text(
        "in, kept, set_aside (these three balance), or flagged / repaired (kept rows that carry a note)",
        among=("in", "kept", "set_aside", "flagged", "repaired"),
    ),
    "reason": _text("why, in words"),
    "rows": _integer("rows", "rows", low=0),
}
_CHANGED = ("reported", "carried", "corrected")

#: Proving grounds, of which ``benchmark_choices`` keeps the records.
GROUNDS = (
    "flusight", "dengue_project", "peru", "campaign", "epidemic", "wastage", "routes", "home_care", "visits",
    "rosters", "clinic_day", "overbooking",
)  # fmt: skip
_GROUND = _text("proving ground", among=GROUNDS)
_BENCHMARK_CASE = _text("what is planned or played")
#: Families of the routing instances, by where their customers lie.
ROUTE_FAMILIES = ("c1", "r1", "rc1", "prizes")
_DAY_CASE = {
    "workers": _integer("of the district", "workers", low=1),
    "tasks": _integer("that want a visit", "tasks", low=1),
}
_OVERBOOKING_PLAN = _text(
    "cheapest; bounded: cheapest within a ratio of the groups' waits; what people use",
    among=("cheapest", "bounded", "flat rate", "one a slot", "Bailey-Welch"),
)
_STAGE = _text("", among=("floor", "benefit"))
_PLAN_KIND = {
    "at": _text("the campaign's start, or with stock at hand in the districts", among=("start", "stock at hand")),
    "change": _text("what became different", among=("supply", "stock", "forecast")),
}

_PERSON = _text("study id of the person", pattern=r"^P[0-9a-f]{10}$")
_HOME = _text("study id of the household", pattern=r"^H[0-9a-f]{10}$")
_WORKER = _text("study id of the worker", pattern=r"^W\d{3,}$")
_HAMLET = _text("code of the hamlet")
_EAST = _number("east of the middle of the hamlets", "km")
_NORTH = _number("north of it", "km")
_IMAGINED = _text("imagined: nobody here ever lived; register: a programme's own", among=("imagined", "register"))
_CLOCK = {"low": 0, "high": 1439}

#: Sets for which notebook 33 trains models, with what they foretell.
_RISK_SETS = {"maternal": "levels of maternal risk", "community": "severe events within 90 days"}


def _vital(about: str, unit: str) -> Column:
    return _number(about, unit, low=0, missing=True)


TABLES: dict[str, Table] = {
    # ---- what cleaning makes from the sources ---------------------------------------------------
    "ledger": Table(
        "What became of every row of every source: rows in = rows kept + rows set aside, by reason.",
        ("source", "table", "action", "reason"),
        _LEDGER,
    ),
    "places": Table(
        "Departments, provinces and districts with their attributes.",
        ("ubigeo",),
        {
            "ubigeo": _UBIGEO,
            "level": _LEVEL,
            "name": _text("name in capital letters without accents"),
            "department": _text("name of its department"),
            "province": _text("name of its province", missing=True),
            "region": _text("natural region", missing=True),
            "latitude": _number("of its capital", "degrees", low=-90, high=90, missing=True),
            "longitude": _number("of its capital", "degrees", low=-180, high=180, missing=True),
            "altitude_m": _number("of its capital", "m", low=-100, high=6000, missing=True),
            "area_km2": _number("area", "km2", low=0, missing=True),
            "density_per_km2": _number("inhabitants per km2", "1/km2", low=0, missing=True),
            "population": _number("latest known inhabitants", "persons", low=0, missing=True),
            "hdi": _number("human development index", "", low=0, high=1, missing=True),
            "poverty_pct": _number("share of people in monetary poverty", "%", low=0, high=100, missing=True),
        },
    ),
    "boundaries": Table(
        "Outlines of the places as rings of points, in drawing order.",
        ("ubigeo", "ring", "point"),
        {
            "ubigeo": _UBIGEO,
            "level": _LEVEL,
            "ring": _integer("ring of the polygon", low=0),
            "point": _integer("point of the ring", low=0),
            "longitude": _number("", "degrees", low=-180, high=180),
            "latitude": _number("", "degrees", low=-90, high=90),
        },
    ),
    "population": Table(
        "Inhabitants by place and year of census or estimate.",
        ("ubigeo", "year"),
        {
            "ubigeo": _UBIGEO,
            "level": _LEVEL,
            "year": _integer("", "year", low=1900, high=2100),
            "population": _number("inhabitants", "persons", low=0),
        },
    ),
    "weekly_cases": Table(
        "Dengue cases by district and epidemiological week of onset: a complete grid, zeros written out.",
        ("ubigeo", "week_end"),
        {
            "ubigeo": _DISTRICT,
            "week_end": _WEEK_END,
            "epi_year": _integer("epidemiological year", "year", low=1990, high=2100),
            "epi_week": _integer("epidemiological week", "week", low=1, high=53),
            "cases": _integer(
                "confirmed and probable; missing where the place did not report", "cases", low=0, missing=True
            ),
            "confirmed": _integer("", "cases", low=0, missing=True),
            "probable": _integer("", "cases", low=0, missing=True),
            "female": _integer("of these, women and girls", "cases", low=0, missing=True),
            "status": _text(
                "complete; missing: no report came; truncated: the newest weeks, still being reported",
                among=("complete", "missing", "truncated"),
            ),
        },
    ),
    "reporting_triangle": Table(
        "Cases by week of onset and by how many weeks later they were reported; empty where no source tells.",
        ("ubigeo", "week_end", "delay_weeks"),
        {
            "ubigeo": _UBIGEO,
            "week_end": _WEEK_END,
            "delay_weeks": _integer("", "weeks", low=0, high=60),
            "cases": _integer("cases first reported with this delay", "cases", low=0),
        },
    ),
    "climate_weekly": Table(
        "Weekly climate at stations, for the weeks that they observed.",
        ("ubigeo", "week_end"),
        {
            "ubigeo": _UBIGEO,
            "week_end": _WEEK_END,
            "temp_c": _number("mean temperature", "deg C", low=-30, high=50, missing=True),
            "temp_min_c": _number("mean of daily minima", "deg C", low=-40, high=50, missing=True),
            "temp_max_c": _number("mean of daily maxima", "deg C", low=-30, high=60, missing=True),
            "rain_mm": _number("rain over the week", "mm", low=0, high=2000, missing=True),
            "days_observed": _integer("days of the week with any observation", "days", low=0, high=7),
        },
    ),
    "health_records": Table(
        "Fictitious clinic records of people with fever, placed and timed by the dengue counts.",
        ("record_id",),
        {
            "record_id": _text("study id"),
            "date": _date("day of the visit"),
            "age_years": _integer("", "years", low=0, high=120, missing=True),
            "sex": _text("", among=("female", "male"), missing=True),
            "ubigeo": _DISTRICT,
            "latitude": _number("of the clinic", "degrees", low=-90, high=90, missing=True),
            "longitude": _number("of the clinic", "degrees", low=-180, high=180, missing=True),
            "symptoms": _text("free text, Spanish, with spelling noise", missing=True),
            "diagnosis": _text("free text, Spanish, with spelling noise", missing=True),
            "treatment": _text("", missing=True),
            "outcome": _text("", among=("recovered", "hospitalised", "died")),
            "fictitious": _flag("always true: no public source offers individual records"),
        },
    ),
    # ---- column 2, vaccines: what cleaning makes from the sources ------------------------------------
    "vaccine_ledger": Table(
        "What became of every row of the vaccine sources, as in ledger.",
        ("source", "table", "action", "reason"),
        _LEDGER,
    ),
    "population_age": Table(
        "Inhabitants of the census by age: single years of departments, bands of provinces and districts.",
        ("ubigeo", "age_low"),
        {
            "ubigeo": _UBIGEO,
            "level": _LEVEL,
            "year": _integer("of the census", "year", low=1900, high=2100),
            "age_low": _AGE_LOW,
            "age_high": _AGE_HIGH,
            "population": _number("inhabitants", "persons", low=0),
            "basis": _BASIS,
        },
    ),
    "age_distribution": Table(
        "Inhabitants of the country by single year of age, a recent estimate.",
        ("age_low",),
        {"age_low": _AGE_LOW, "age_high": _AGE_HIGH, "population": _number("inhabitants", "persons", low=0)},
    ),
    "contact_matrices": Table(
        "Contacts per day between ages, as published: not balanced.",
        ("edition", "setting", "age_low", "contact_age_low"),
        {
            "edition": _text("which projection", among=("prem_2017", "prem_2021")),
            "setting": _text("all is the sum of the others", among=("all", "home", "work", "school", "community")),
            "age_low": _AGE_LOW,
            "age_high": _AGE_HIGH,
            "contact_age_low": _AGE_LOW,
            "contact_age_high": _AGE_HIGH,
            "contacts_per_day": _number("of a person of the age with people of the contact's age", "1/day", low=0),
        },
    ),
    "contact_reciprocity": Table(
        "How far each contact matrix is from reciprocal among the country's ages (age_distribution).",
        ("edition", "setting"),
        {
            "edition": _text("which projection", among=("prem_2017", "prem_2021")),
            "setting": _text("", among=("all", "home", "work", "school", "community")),
            "mean_contacts": _number("of a person", "1/day", low=0),
            "imbalance": _number("sum of |T_ij - T_ji| over the sum of T_ij + T_ji, pairs of ages", low=0, high=1),
            "worst_pair": _number("largest |T_ij - T_ji| over their mean", low=0, high=2),
            "pairs_off": _integer("of the 120 pairs, those off by more than 5 %", "pairs", low=0),
        },
    ),
    "vaccine_shipments": Table(
        "Shipments of vaccine as they arrived in the country, every row of the source.",
        ("shipment",),
        {
            "shipment": _text("number in the order of the file", pattern=r"^S\d{3,}$"),
            "product": _PRODUCT,
            "manufacturer": _text(""),
            "donor": _text("country that gave it, where the source names one", missing=True),
            "covax": _flag("whether it came through COVAX"),
            "doses": _integer("", "doses", low=1),
            "arrived": _date("day of arrival; missing where the source has none", missing=True),
            "arrived_from": _date("earliest day, of its dated neighbours in the file", missing=True),
            "arrived_to": _date("latest day", missing=True),
            "repeat_of": _text("earlier shipment that is equal in every cell", missing=True),
        },
    ),
    "vaccine_coverage": Table(
        "Share of the nation's age groups with a first dose and a full course: every week, cumulative, never falling.",
        ("age_low", "week_end"),
        {
            "age_low": _AGE_LOW,
            "age_high": _AGE_HIGH,
            "week_end": _WEEK_END,
            "first_pct": _number("with a first dose", "%", low=0, high=120),
            "first_status": _text("carried: nothing reported; corrected: it fell", among=_CHANGED),
            "full_pct": _number("with a full course", "%", low=0, high=120),
            "full_status": _text("as first_status", among=_CHANGED),
        },
    ),
    "vaccine_region_doses": Table(
        "Doses given by region and week (public: the United States; else the country's departments), never falling.",
        ("region", "week_end"),
        {
            "region": _text(
                "FIPS code, US for the nation, A and two digits for a federal agency", pattern=r"^(\d{2}|US|A\d{2})$"
            ),
            "name": _text(""),
            "kind": _text(
                "what federal agencies gave is mostly counted by the states too",
                among=("state", "territory", "agency", "nation"),
            ),
            "week_end": _WEEK_END,
            "people": _number("inhabitants, a recent estimate", "persons", low=1, missing=True),
            "doses": _number("given in the week", "doses", low=0),
            "first_doses": _number("people who got their first dose in the week", "persons", low=0),
            "doses_total": _number("given so far", "doses", low=0),
            "first_total": _number("people with a first dose so far", "persons", low=0),
            "full_total": _number("people with a full course so far", "persons", low=0),
            "additional_total": _number("additional doses so far", "doses", low=0),
            "reported_total": _number("doses given so far, as the source has it", "doses", low=0),
            "falls": _integer("cumulative counts of a day of the week that fell", "counts", low=0),
        },
    ),
    "priority_population": Table(
        "People of each priority group by district.",
        ("ubigeo", "group"),
        {"ubigeo": _DISTRICT, "group": _PRIORITY, "people": _number("", "persons", low=0), "basis": _BASIS},
    ),
    "vaccine_products": Table(
        "Presentations of the vaccines that were shipped; values and sources are in vaccine_assumptions.",
        ("product", "vial_doses"),
        {
            "product": _PRODUCT,
            "vial_doses": _integer("doses a vial", "doses", low=1),
            "box_doses": _integer("smallest quantity that is sent", "doses", low=1),
            "cm3_per_dose": _number("packed volume", "cm3", low=0),
            "course_doses": _integer("doses of a full course", "doses", low=1),
            "interval_days": _integer("between them", "days", low=0),
            "shelf_life_days": _integer("unopened, from manufacture", "days", low=1),
            "open_vial_hours": _number("how long an open vial may be used", "hours", low=0),
        },
    ),
    "vaccine_lots": Table(
        "Lots of vaccine in the national store.",
        ("lot",),
        {
            "lot": _text("number of the lot"),
            "shipment": _text("shipment that brought it"),
            "product": _PRODUCT,
            "vial_doses": _integer("doses a vial", "doses", low=1),
            "doses": _integer("whole vials", "doses", low=0),
            "arrived": _date("day of arrival"),
            "arrival_week": _WEEK_END,
            "expires": _date("last day of use"),
            "expiry_week": _date("Saturday of the last week in all of whose days it can be used"),
            "basis": _BASIS,
        },
    ),
    "vaccine_facilities": Table(
        "Stores and vaccination points: from the national store to regional ones to points in the districts.",
        ("facility",),
        {
            "facility": _FACILITY,
            "kind": _text("", among=("national_store", "regional_store", "vaccination_point")),
            "ubigeo": _DISTRICT,
            "parent": _text("facility that supplies it; the national store has none", missing=True),
            "people_served": _number("inhabitants", "persons", low=0),
            "cold_chain_litres": _number("net volume at 2 to 8 deg C that the campaign may fill", "litres", low=0),
            "vaccinators": _integer("0 in a store", "persons", low=0),
            "latitude": _number("of the district's capital", "degrees", low=-90, high=90, missing=True),
            "longitude": _number("of the district's capital", "degrees", low=-180, high=180, missing=True),
            "basis": _BASIS,
        },
    ),
    "vaccine_sessions": Table(
        "Vaccination sessions of each point and week, and the people who came to them.",
        ("facility", "week_end"),
        {
            "facility": _FACILITY,
            "week_end": _WEEK_END,
            "sessions": _integer("days of one vaccinator", "sessions", low=1),
            "people": _number("who came to all of them", "persons", low=0),
            "basis": _BASIS,
        },
    ),
    "vaccine_willingness": Table(
        "Share of each priority group that will ever come to be vaccinated, by district.",
        ("ubigeo", "group"),
        {
            "ubigeo": _DISTRICT,
            "group": _PRIORITY,
            "willing_share": _number("", "", low=0, high=1),
            "basis": _BASIS,
        },
    ),
    "vaccine_uptake": Table(
        "First doses wanted and doses given by district, priority group and week.",
        ("ubigeo", "group", "week_end"),
        {
            "ubigeo": _DISTRICT,
            "group": _PRIORITY,
            "week_end": _WEEK_END,
            "demand": _number("people who wanted a first dose", "persons", low=0),
            "first_doses": _number("given", "doses", low=0),
            "second_doses": _number("given", "doses", low=0),
            "first_total": _number("people with a first dose so far", "persons", low=0),
            "second_total": _number("people with a second dose so far", "persons", low=0),
            "basis": _BASIS,
        },
    ),
    "vaccine_assumptions": Table(
        "Every value that the vaccine tables assume, with its unit and source.",
        ("section", "name"),
        {
            "section": _text("part of campaign.yaml"),
            "name": _text(""),
            "value": _number(""),
            "unit": _text(""),
            "source": _text("where it comes from"),
            "assumption": _flag("whether it is this project's own"),
        },
    ),
    # ---- column 2, vaccines: features -------------------------------------------------------------------
    "vaccine_region_features": Table(
        "Features of vaccine demand known at the end of a week, by region: what demand models learn from.",
        ("region", "week_end"),
        {"region": _text("as in vaccine_region_doses", pattern=r"^\d{2}$"), "week_end": _WEEK_END, "basis": _BASIS},
        extra=True,
    ),
    "vaccine_features": Table(
        "Features of vaccine demand known at the end of a week, by district and priority group.",
        ("ubigeo", "group", "week_end"),
        {
            "ubigeo": _DISTRICT,
            "group": _PRIORITY,
            "week_end": _WEEK_END,
            "basis": _text(
                "that of the uptake; assumed: nothing may be learnt from these rows but the assumptions",
                among=("data", "assumed"),
            ),
        },
        extra=True,
    ),
    "vaccine_feature_catalogue": Table(
        "Every feature of vaccine demand, described.",
        ("feature",),
        {
            "feature": _text("name"),
            "kind": _text("", among=("number", "category")),
            "unit": _text("", missing=True),
            "source": _text("table.column it comes from"),
            "transformation": _text("how it is made"),
            "fold_safety": _text("as in feature_catalogue", among=("past_only", "static")),
            "why": _text("why it matters"),
            "family": _text("what it belongs to"),
            "tables": _text(
                "both: of regions and districts; districts: of vaccine_features", among=("both", "districts")
            ),
        },
    ),
    "vaccine_clusters": Table(
        "Districts that behave alike in the campaign, by what was known by the notebook's cluster_end.",
        ("ubigeo",),
        {
            "ubigeo": _DISTRICT,
            "cluster": _integer("from 1, the one with the lowest coverage", low=1),
            "silhouette": _number("of the district", low=-1, high=1),
            "stability": _number("share of models fitted on random halves that agree", low=0, high=1),
            "basis": _BASIS,
        },
    ),
    "vaccine_cluster_trials": Table(
        "Numbers of clusters that were tried, and which was chosen.",
        ("clusters",),
        {
            "clusters": _integer("", low=2),
            "silhouette": _number("mean", low=-1, high=1),
            "silhouette_shuffled": _number("the same where every trait is shuffled by itself", low=-1, high=1),
            "stability": _number("mean adjusted Rand index of models of random halves", low=-1, high=1),
            "stability_low": _number("its lowest tenth", low=-1, high=1),
            "smallest": _integer("districts of the smallest cluster", "districts", low=0),
            "chosen": _flag("whether it was chosen"),
        },
    ),
    # ---- column 2, vaccines: demand ----------------------------------------------------------------------
    "vaccine_ceilings": Table(
        "Share of each priority group that will ever come, as known at the notebook's origin, by district.",
        ("ubigeo", "group"),
        {
            "ubigeo": _DISTRICT,
            "group": _PRIORITY,
            "people": _number("of the group", "persons", low=0),
            "reached_share": _number("with a first dose at the origin", "", low=0, high=1),
            "willing_low": _number("5 % quantile of the share that will ever come", "", low=0, high=1),
            "willing_share": _number("its median; at least reached_share", "", low=0, high=1),
            "willing_high": _number("its 95 % quantile", "", low=0, high=1),
            "basis": _text(
                "data: survey and recorded demand; assumed: the survey is assumed, and so is this",
                among=("data", "assumed"),
            ),
        },
    ),
    "vaccine_demand": Table(
        "People who want a first dose in a coming week if their group is invited, by district and group: quantiles.",
        ("ubigeo", "group", "origin", "week_end", "level"),
        {
            "ubigeo": _DISTRICT,
            "group": _PRIORITY,
            "origin": _date("Saturday of the last week that was known"),
            "week_end": _WEEK_END,
            "horizon": _integer("weeks after the origin", "weeks", low=1, high=52),
            "level": _number("quantile level", "", low=0, high=1),
            "value": _number("the weeks of a level add up to at most those who are left at it", "persons", low=0),
            "invited": _flag("whether the group was invited by the origin"),
            "basis": _text("that of the ceiling", among=("data", "assumed")),
        },
    ),
    "vaccine_demand_scores": Table(
        "Scores of the forecasts of demand over rolling origins.",
        ("places", "part", "by", "value", "model"),
        {
            "places": _text("regions: first doses given; groups: first doses wanted", among=("regions", "groups")),
            "part": _text("choice: what was chosen on; report: later origins", among=("choice", "report")),
            "by": _text("what the tasks are split by", among=("all", "horizon", "phase")),
            "value": _text("horizon in weeks, or phase of the campaign at the origin; all"),
            "model": _text("name of the forecaster"),
            "chosen": _flag("whether it was chosen on the early origins"),
            "tasks": _integer("", low=1),
            "wis": _number("mean weighted interval score", "per 100 persons", low=0),
            "relative_wis": _number("that of the baseline has 1", low=0, missing=True),
            "relative_wis_low": _number("lower end of its 95 % interval, blocks of origins", low=0, missing=True),
            "relative_wis_high": _number("upper end", low=0, missing=True),
            "relative_wis_log1p": _number("the same of log(1 + x)", low=0, missing=True),
            "mae": _number("mean absolute error of the median", "per 100 persons", low=0),
            "coverage_50": _number("share of tasks inside the 50 % interval", low=0, high=1),
            "coverage_90": _number("share of tasks inside the 90 % interval", low=0, high=1),
            "forecast_over_observed": _number("sum of the medians over what came", low=0, missing=True),
        },
    ),
    "vaccine_ceiling_scores": Table(
        "Ceilings of coverage as estimated at several dates, against the coverage that came in the end.",
        ("places", "method", "origin"),
        {
            "places": _text("", among=("regions", "groups")),
            "method": _text("how the ceiling was estimated"),
            "origin": _date("last week that was known"),
            "count": _integer("places", low=1),
            "reached": _number("mean coverage then", "share", low=0),
            "low": _number("mean 5 % quantile of the ceiling", "share", low=0),
            "median": _number("mean median", "share", low=0),
            "high": _number("mean 95 % quantile", "share", low=0),
            "truth": _number("mean coverage in the end, at most 1; of groups the willing share", "share", low=0),
            "mae": _number("mean absolute error of the median", "share", low=0),
            "inside_90": _number("share of places whose truth lies inside the interval", low=0, high=1),
        },
    ),
    "vaccine_stockout_scores": Table(
        "Scores of the chance that a place runs short of first doses, over rolling origins.",
        ("places",),
        {
            "places": _text("", among=("regions", "districts")),
            "kind": _text("of the last classifier"),
            "rule": _text("what the simple rule ranks by"),
            "tasks": _integer("place-weeks", low=1),
            "base_rate": _number("share that ran short", low=0, high=1),
            "roc_auc": _number("", low=0, high=1, missing=True),
            "pr_auc": _number("average precision", low=0, high=1, missing=True),
            "rule_roc_auc": _number("of the simple rule", low=0, high=1, missing=True),
            "rule_pr_auc": _number("of the simple rule", low=0, high=1, missing=True),
            "brier": _number("", low=0, high=1),
            "brier_base": _number("of the share that had run short so far", low=0, high=1),
        },
    ),
    # ---- column 1, outbreaks ----------------------------------------------------------------------
    "outbreak_panel": Table(
        "Weekly cases at the level of the forecasts: one complete series a place.",
        ("ubigeo", "week_end"),
        {
            "ubigeo": _UBIGEO,
            "week_end": _WEEK_END,
            "epi_year": _integer("epidemiological year", "year", low=1990, high=2100),
            "epi_week": _integer("epidemiological week", "week", low=1, high=53),
            "cases": _number("cases; missing where no report came", "cases", low=0, missing=True),
            "cases_filled": _number("cases, gaps filled with the mean of the last four observed weeks", "cases", low=0),
            "status": _text("as in weekly_cases", among=("complete", "missing", "truncated")),
            "population": _number("inhabitants", "persons", low=0),
        },
    ),
    "outbreak_features": Table(
        "Features known at the end of a week, by place: the input of the forecasters that use any.",
        ("ubigeo", "week_end"),
        {"ubigeo": _UBIGEO, "week_end": _WEEK_END},
        extra=True,
    ),
    "feature_catalogue": Table(
        "Every feature, described.",
        ("feature",),
        {
            "feature": _text("name"),
            "kind": _text("", among=("number", "category", "text", "flag")),
            "unit": _text("", missing=True),
            "source": _text("table.column it comes from"),
            "transformation": _text("how it is made"),
            "fold_safety": _text(
                "past_only: nothing after its week; static: does not change; fitted: only within a training fold",
                among=("past_only", "static", "fitted"),
            ),
            "why": _text("why it matters"),
        },
    ),
    "backtest_forecasts": Table(
        "Forecasts of every model at every rolling origin, one row a task, its quantiles side by side.",
        ("model", "reference_date", "horizon", "location"),
        {**_FORECAST_KEY, **_QUANTILES, "observed": _number("what came", "cases", low=0, missing=True)},
    ),
    "forecasts": Table(
        "The fusion's forecasts in the columns of the hubs.",
        ("reference_date", "target", "horizon", "location", "output_type", "output_type_id"),
        {
            "reference_date": _FORECAST_KEY["reference_date"],
            "target": _text("what is forecast", among=("wk inc dengue case",)),
            "horizon": _FORECAST_KEY["horizon"],
            "target_end_date": _FORECAST_KEY["target_end_date"],
            "location": _UBIGEO,
            "output_type": _text("", among=("quantile",)),
            "output_type_id": _number("quantile level", low=0, high=1),
            "value": _number("", "cases", low=0),
        },
    ),
    "district_forecasts": Table(
        "The fusion's forecasts brought down to districts, one row a task.",
        ("reference_date", "horizon", "location"),
        {**{k: v for k, v in _FORECAST_KEY.items() if k != "model"}, **_QUANTILES},
    ),
    "forecast_scores": Table(
        "Scores of every model by horizon and place over the shared tasks of the backtest.",
        ("model", "horizon", "location"),
        {
            "model": _FORECAST_KEY["model"],
            "horizon": _FORECAST_KEY["horizon"],
            "location": _UBIGEO,
            "tasks": _integer("", "tasks", low=1),
            "wis": _number("mean weighted interval score", "cases", low=0),
            "wis_log1p": _number("the same on log(1 + cases)", "", low=0),
            "mae": _number("mean absolute error of the median", "cases", low=0),
            "coverage_50": _number("", low=0, high=1),
            "coverage_90": _number("", low=0, high=1),
            "coverage_95": _number("", low=0, high=1),
        },
    ),
    "tuning_trials": Table(
        "Every trial of the tuning: what was tried, on which origins, with what result.",
        ("model", "trial"),
        {
            "model": _FORECAST_KEY["model"],
            "trial": _integer("", low=0),
            "parameters": _text("JSON"),
            "first_origin": _date("first origin of the tuning"),
            "last_origin": _date("last origin of the tuning"),
            "wis": _number("mean weighted interval score", "cases", low=0),
            "wis_log1p": _number("the same on log(1 + cases)", "", low=0),
            "chosen": _flag("whether the backtest uses it"),
        },
    ),
    "outbreak_alerts": Table(
        "Weekly alerts: was the forecast above the endemic channel, and what came.",
        ("model", "reference_date", "horizon", "location"),
        {
            **_FORECAST_KEY,
            "threshold": _number("upper bound of the endemic channel", "cases", low=0),
            "probability": _number("forecast chance to exceed it", "", low=0, high=1),
            "alert": _flag("whether an alert was raised"),
            "outbreak": _flag("whether the threshold was exceeded"),
        },
    ),
    "resource_plans": Table(
        "Which district gets how much of each resource, under each policy.",
        ("policy", "reference_date", "resource", "location"),
        {
            "policy": _text("name of the policy"),
            "reference_date": _FORECAST_KEY["reference_date"],
            "resource": _text("name of the resource"),
            "location": _DISTRICT,
            "expected_need": _number("forecast mean of the need", "units of the resource", low=0),
            "allocated": _number("", "units of the resource", low=0),
            "expected_unmet": _number("forecast mean of the need left unmet", "units of the resource", low=0),
        },
    ),
    "replay_weeks": Table(
        "The held-back season played forward: need, supply and unmet need by policy, week, resource and district.",
        ("policy", "week_end", "resource", "location"),
        {
            "policy": _text("name of the policy"),
            "week_end": _WEEK_END,
            "resource": _text("name of the resource"),
            "location": _DISTRICT,
            "need": _number("", "units of the resource", low=0),
            "sent": _number("", "units of the resource", low=0),
            "stock_before": _number("stock carried over", "units of the resource", low=0),
            "unmet": _number("", "units of the resource", low=0),
        },
    ),
    "vaccine_plan_doses": Table(
        "The vaccine plan in whole boxes: doses given, by district, priority group, product, week and dose.",
        ("ubigeo", "group", "product", "week_end", "dose"),
        {
            "ubigeo": _DISTRICT,
            "group": _text("priority group"),
            "product": _text(""),
            "week_end": _WEEK_END,
            "dose": _integer("1: first, 2: second", low=1, high=2),
            "doses": _number("given, as a mean: not whole", "doses", low=0),
        },
    ),
    "vaccine_plan_shipments": Table(
        "The vaccine plan in whole boxes: what leaves the national store in a week and goes through a regional store.",
        ("lot", "ubigeo", "week_end"),
        {
            "lot": _text(""),
            "product": _text(""),
            "store": _text("regional store"),
            "ubigeo": _DISTRICT,
            "week_end": _WEEK_END,
            "doses": _number("", "doses", low=0),
            "boxes": _number("whole, up to rounding", "boxes", low=0),
        },
    ),
    "vaccine_frontier": Table(
        "Equity frontier: the most benefit for each floor, on the districts named in column districts.",
        ("supply", "point"),
        {
            "supply": _number("doses yet to arrive, as a share of those expected", low=0, high=1),
            "point": _integer("from 0: no floor", low=0),
            "districts": _integer("on which it was computed", low=1),
            "floor": _number("lowest coverage of willing people", low=0, high=1),
            "benefit": _number("deaths averted were everyone infected once, evenly over the weeks", low=0),
            "bound": _number("no plan with this floor averts more", low=0),
            "price_of_fairness": _number("benefit given up, share of that without a floor", low=0, high=1),
            "gap": _number("between benefit and bound, share", low=0),
            "gini": _number("of the coverage of districts", low=0, high=1),
            "theil": _number("of the coverage of districts", low=0),
            "concentration": _number(
                "of coverage by poverty; positive where the poor are covered more", low=-1, high=1
            ),
        },
    ),
    "vaccine_policies": Table(
        "The vaccine plan and the policies that people use, on one campaign.",
        ("policy",),
        {
            "policy": _text("name of the policy"),
            "floor": _number("lowest coverage of willing people of a district's group", low=0, high=1),
            "benefit": _number("deaths averted were everyone infected once, evenly over the weeks", low=0),
            "gain_pct": _number("benefit against pro-rata", "%"),
            "courses": _number("begun", "courses", low=0),
            "early_courses": _number("begun in the first half of the weeks", "courses", low=0),
            "expired": _number("unopened, before the last week", "doses", low=0),
            "open_vials": _number("left in opened vials", "doses", low=0),
            "left": _number("in store after the last week", "doses", low=0),
            "gini": _number("of the coverage of districts", low=0, high=1),
            "theil": _number("of the coverage of districts", low=0),
            "concentration": _number(
                "of coverage by poverty; positive where the poor are covered more", low=-1, high=1
            ),
        },
    ),
    # ---- column 2, vaccines: the campaign replayed -------------------------------------------------------
    "campaign_replay": Table(
        "The campaign played forward against an epidemic: outcomes by policy, scenario and draw; the draws are paired.",
        ("policy", "scenario", "draw"),
        {
            "policy": _text("way of deciding"),
            "scenario": _integer("supply, shocks and transmission", low=0),
            "draw": _integer("common random numbers of the epidemic", low=0),
            "deaths": _number("over the campaign", "persons", low=0),
            "infections": _number("over the campaign", "persons", low=0),
            "doses_given": _number("", "doses", low=0),
            "r0": _number("of the scenario, without distancing", low=0),
            "shocks": _text("kinds that were turned on: late, recall, store, cut, or none"),
            "open_vials": _number("left in opened vials", "doses", low=0),
            "recalled": _number("", "doses", low=0),
            "spoilt": _number("in cold stores that failed", "doses", low=0),
            "expired": _number("", "doses", low=0),
            "cut": _number("never delivered", "doses", low=0),
            "left": _number("in stores at the end, or still to come", "doses", low=0),
            "second_waiting": _number("second doses due and not given at the end", "doses", low=0),
            "lowest_coverage": _number("of a place: people of priority groups who began a course", low=0, high=1),
            "gini": _number("of coverage between places", low=0, high=1),
            "concentration": _number("of coverage by poverty: below 0 where the poor have less", low=-1, high=1),
        },
        extra=True,
    ),
    "campaign_replay_weeks": Table(
        "The campaign played forward: means over all scenarios and draws by policy and week.",
        ("policy", "week_end"),
        {
            "policy": _text("way of deciding"),
            "week_end": _WEEK_END,
            "infections": _number("", "persons", low=0),
            "deaths": _number("", "persons", low=0),
            "deaths_so_far": _number("", "persons", low=0),
            "deaths_so_far_low": _number("5 % quantile of the draws", "persons", low=0),
            "deaths_so_far_high": _number("95 % quantile of the draws", "persons", low=0),
            "first_doses": _number("given", "doses", low=0),
            "second_doses": _number("given", "doses", low=0),
        },
    ),
    # ---- column 3, community health workers: what cleaning makes of the set of risks and of a register ----------
    "maternal_risk": Table(
        "Health risk of pregnant women, every row of the source; identical measurements share `same_as`.",
        ("row_id",),
        {
            "row_id": _text("number in the order of the file", pattern=r"^M\d{4,}$"),
            "age_years": _integer("", "years", low=0, high=120),
            "systolic_mmhg": _vital("upper blood pressure", "mmHg"),
            "diastolic_mmhg": _vital("lower blood pressure", "mmHg"),
            "glucose_mmol_l": _vital("blood sugar", "mmol/l"),
            "temp_c": _vital("body temperature", "deg C"),
            "heart_rate_bpm": _vital("resting heart rate", "1/min"),
            "risk": _text("level that the source gives", among=("low", "mid", "high")),
            "same_as": _text("first row with the same measurements: the group of a cross-validation"),
            "copies": _integer("rows of the group", "rows", low=1),
            "repeats_row": _flag("equals an earlier row in every cell, the level too"),
            "labels_disagree": _flag("the group has different levels"),
        },
    ),
    "community_ledger": Table(
        "What became of every row of the set of risks and of the register, as in ledger.",
        ("source", "table", "action", "reason"),
        _LEDGER,
    ),
    "community_faults": Table(
        "Every row behind the notes of community_ledger, save measurements that nobody took.",
        ("source", "line", "table", "fault"),
        {
            "source": _text("source file"),
            "line": _integer("of the file; its header is line 1", "line", low=2),
            "table": _text("table that it became"),
            "record": _text("study id of the row"),
            "action": _text("", among=("set_aside", "repaired", "flagged")),
            "fault": _text("short name of the fault"),
            "column": _text("the column at fault; empty: the row"),
            "value": _text("what stood there; empty where it could tell of somebody"),
            "reason": _text("what was found and done, in words"),
        },
    ),
    "community_assumptions": Table(
        "Every assumption of community.yaml.",
        ("section", "name"),
        _ASSUMPTIONS,
    ),
    "community_hamlets": Table(
        "Hamlets of a programme of community health workers.",
        ("hamlet",),
        {
            "hamlet": _HAMLET,
            "ubigeo": _DISTRICT,
            "terrain": _text("", among=("flat", "hilly", "mountain")),
            "terrain_factor": _number("time a walk takes over that on level ground", low=1),
            "east_km": _EAST,
            "north_km": _NORTH,
            "basis": _IMAGINED,
        },
    ),
    "community_workers": Table(
        "Community health workers who have a base and hours.",
        ("worker",),
        {
            "worker": _WORKER,
            "hamlet": _text("hamlet of the base"),
            "east_km": _EAST,
            "north_km": _NORTH,
            "starts_min": _integer("begin of the working day, after midnight", "min", **_CLOCK),
            "ends_min": _integer("its end", "min", **_CLOCK),
            "break_min": _integer("break within", "min", low=0, high=240),
            "visits_per_day": _integer("at most", "visits", low=1),
            "workdays": _text("1 on a day of work, Monday first", pattern=r"^[01]{7}$"),
            "skill_general": _flag("for any visit"),
            "skill_maternal": _flag("for pregnant women and mothers"),
            "skill_newborn": _flag("for newborns"),
            "skill_chronic": _flag("for chronic conditions"),
            "households": _integer("homes that the worker is responsible for", "households", low=0),
            "basis": _IMAGINED,
        },
    ),
    "community_households": Table(
        "Homes: hamlet, worker, a position that was moved by 80 to 200 m, and the walk from the worker's base to it.",
        ("household",),
        {
            "household": _HOME,
            "hamlet": _HAMLET,
            "worker": _WORKER,
            "east_km": _EAST,
            "north_km": _NORTH,
            "walk_min": _number("on foot from the worker's base, one way", "min", low=0),
            "unreachable": _text(
                "why nobody can walk there; missing: somebody can", among=("no path", "too far"), missing=True
            ),
            "visit_from_min": _integer("visits are welcome from, after midnight", "min", missing=True, **_CLOCK),
            "visit_to_min": _integer("until", "min", missing=True, **_CLOCK),
            "water": _text("", among=("piped", "protected well", "open well", "river")),
            "cooking_fuel": _text("", among=("gas", "wood", "dung")),
            "toilet": _text("", among=("sewer", "latrine", "none")),
            "basis": _IMAGINED,
        },
    ),
    "community_people": Table(
        "People of all ages, lifestyle and chronic conditions, at the register's date (the last landmark).",
        ("person",),
        {
            "person": _PERSON,
            "household": _HOME,
            "sex": _text("", among=("female", "male")),
            "age_years": _integer("completed", "years", low=0, high=120, missing=True),
            "age_months": _integer("completed, of children under 5", "months", low=0, high=59, missing=True),
            "registered_on": _date("first registration"),
            "died_on": _date("", missing=True),
            "smoking": _text("of people from 15 up", among=("never", "former", "daily"), missing=True),
            "alcohol": _text("of people from 15 up", among=("none", "some", "heavy"), missing=True),
            "activity": _text("of people from 15 up", among=("low", "moderate", "high"), missing=True),
            "fruit_veg_days": _integer("with fruit or vegetables", "days/week", low=0, high=7, missing=True),
            **{
                name: _integer("1: known condition, 0: none", low=0, high=1, missing=True)
                for name in ("hypertension", "diabetes", "chronic_lung", "heart_disease")
            },
            "basis": _IMAGINED,
        },
    ),
    "community_pregnancies": Table(
        "Registered pregnancies.",
        ("pregnancy",),
        {
            "pregnancy": _text("study id", pattern=r"^G[0-9a-f]{10}$"),
            "person": _PERSON,
            "registered_on": _date(""),
            "lmp_on": _date("last menstrual period; missing: unknown", missing=True),
            "ended_on": _date("", missing=True),
            "outcome": _text("", among=("delivery", "miscarriage", "abortion"), missing=True),
            "end_recorded_on": _date("day on which the end became known", missing=True),
            "baby": _text("study id of the child", missing=True),
            "muted_on": _date("no visits are wanted from then on", missing=True),
            "muted_reason": _text("", among=("refused", "migrated", "cleared"), missing=True),
            "basis": _IMAGINED,
        },
    ),
    "community_visits": Table(
        "Visits, one row a person and form, with what was measured and found.",
        ("visit",),
        {
            "visit": _text("study id", pattern=r"^V[0-9a-f]{10}$"),
            "person": _PERSON,
            "pregnancy": _text("study id, where the form is about one", missing=True),
            "worker": _text("study id; may be of a worker who was set aside", pattern=r"^W\d{3,}$", missing=True),
            "date": _date("day of the visit"),
            "form": _text("form that was filled in (healthops.data.follow_up_rules.FORMS)"),
            "systolic_mmhg": _vital("upper blood pressure", "mmHg"),
            "diastolic_mmhg": _vital("lower blood pressure", "mmHg"),
            "heart_rate_bpm": _vital("", "1/min"),
            "temp_c": _vital("body temperature", "deg C"),
            "glucose_mmol_l": _vital("blood sugar", "mmol/l"),
            "spo2_pct": _vital("oxygen saturation", "%"),
            "muac_mm": _vital("mid-upper arm circumference, 6 to 59 months", "mm"),
            "danger_signs": _integer("danger signs seen", "signs", low=0, missing=True),
            "referral": _flag("sent to a health facility"),
            "follow_up_on": _date("day to look again", missing=True),
            "next_facility_visit_on": _date("day agreed for the health facility", missing=True),
            "basis": _IMAGINED,
        },
    ),
    "community_events": Table(
        "Severe events up to the register's date.",
        ("event",),
        {
            "event": _text("study id", pattern=r"^E[0-9a-f]{10}$"),
            "person": _PERSON,
            "date": _date(""),
            "kind": _text("", among=("danger_sign", "admission", "death")),
            "basis": _IMAGINED,
        },
    ),
    "community_landmarks": Table(
        "Days from which people were followed, each a quarter apart, and whether a severe event came within 90 days.",
        ("person", "date"),
        {
            "person": _PERSON,
            "date": _date("landmark: what is learnt from must be dated before it; the last is the register's date"),
            "age_years": _integer("completed at the landmark", "years", low=0, high=120, missing=True),
            "event": _integer(
                "1: a severe event after the landmark and up to 90 days from it; missing: not known yet",
                low=0,
                high=1,
                missing=True,
            ),
            "event_on": _date("day of the first", missing=True),
            "basis": _IMAGINED,
        },
    ),
    "community_season": Table(
        "What comes in the 90 days after the register's date: for a replay alone, no plan may read it.",
        ("event",),
        {
            "event": _text("study id", pattern=r"^E[0-9a-f]{10}$"),
            "person": _PERSON,
            "date": _date(""),
            "kind": _text("", among=("danger_sign", "admission", "death", "delivery", "pregnancy_loss")),
            "basis": _IMAGINED,
        },
    ),
    "community_true_risk": Table(
        "Chance by which the simulator drew the event of each landmark: a judge of calibration, never a feature.",
        ("person", "date"),
        {
            "person": _PERSON,
            "date": _date("landmark"),
            "chance": _number("of a severe event within 90 days", low=0, high=1),
            "basis": _IMAGINED,
        },
    ),
    # ---- column 3: features --------------------------------------------------------------------------------------
    "maternal_features": Table(
        "Features of every row of maternal_risk; columns beyond those named here are the features of the catalogue.",
        ("row_id",),
        {
            "row_id": _text("row of maternal_risk", pattern=r"^M\d{4,}$"),
            "same_as": _text("group of identical measurements: no fold may part it"),
            "risk": _text("level that the source gives: what is asked for", among=("low", "mid", "high")),
        },
        extra=True,
    ),
    "community_features": Table(
        "Features of every person and landmark, of what is dated before it alone; columns beyond those named here are "
        "the number features of the catalogue.",
        ("person", "date"),
        {
            "person": _PERSON,
            "date": _date("landmark"),
            "household": _text("home, and group that no fold may part: its people share features, and each other's"),
            "event": _integer(
                "as in community_landmarks: what is asked for; missing: not known yet", low=0, high=1, missing=True
            ),
            "basis": _IMAGINED,
            **{
                name: _text("feature of the catalogue; missing: not known", missing=True)
                for name in ("age_band", "smoking", "alcohol", "activity")
            },
            **{
                name: _text("feature of the catalogue")
                for name in ("pregnancy_stage", "water", "cooking_fuel", "toilet")
            },
        },
        extra=True,
    ),
    "community_feature_catalogue": Table(
        "Every feature of maternal_features and community_features, described.",
        ("set", "feature"),
        {
            "set": _text("table that it is a column of", among=("maternal", "community")),
            "feature": _text("name"),
            "kind": _text("", among=("number", "category")),
            "unit": _text("", missing=True),
            "source": _text("table.column it comes from"),
            "transformation": _text("how it is made"),
            "fold_safety": _text(
                "past_only: nothing dated on or after the landmark; static: of the row itself or unchanging; undated: "
                "the register holds it without a day",
                among=("past_only", "static", "undated"),
            ),
            "why": _text("why it matters"),
            "family": _text("what it belongs to"),
        },
    ),
    **{
        f"{which}_scores": Table(
            f"How models of {about} scored on rows whose group they had not seen, by repeat.",
            ("split", "kind", "repeat", "outcome", "score"),
            {
                "split": _text(
                    "rows: a split that parts groups, kept as a warning; groups: nested, groups kept whole; time: "
                    "learnt from earlier landmarks, judged on the last known",
                    among=("rows", "groups", "time"),
                ),
                "kind": _text("of model; chosen inside: what the inner folds chose"),
                "repeat": _integer("of the folds", low=0),
                "outcome": _text("all, or one of the outcomes"),
                "score": _text("as healthops.risk.nested.scored names it"),
                "value": _number("", missing=True),
            },
        )
        for which, about in _RISK_SETS.items()
    },
    **{
        f"{which}_choices": Table(
            f"What the inner folds chose for {about}, a row for each kind of model and outer fold.",
            ("repeat", "fold", "kind"),
            {
                "repeat": _integer("", low=0),
                "fold": _integer("outer fold", low=0),
                "kind": _text("of model"),
                "settings": _text("best of the grid"),
                "inner_loss": _number("log loss of the inner folds", low=0),
                "chosen": _flag("the kind with the lowest, of those that may be chosen"),
            },
        )
        for which, about in _RISK_SETS.items()
    },
    **{
        f"{which}_subgroups": Table(
            f"Probabilities of {about} by group of people; empty where fewer than 5 had the outcome or had it not.",
            ("attribute", "group"),
            {
                "attribute": _text("what people are grouped by"),
                "group": _text(""),
                "n": _number("rows", "rows", low=0, missing=True),
                "events": _number("with the outcome", "rows", low=0, missing=True),
                "share": _number("of rows with it", low=0, high=1, missing=True),
                "low": _number("end of Wilson's 95 % interval", low=0, high=1, missing=True),
                "high": _number("its other end", low=0, high=1, missing=True),
                "said": _number("mean probability", low=0, high=1, missing=True),
                "expected_ratio": _number("events over those that were said", low=0, missing=True),
                "auc": _number("area under the ROC curve within the group", low=0, high=1, missing=True),
            },
        )
        for which, about in _RISK_SETS.items()
    },
    "community_risk": Table(
        "Risk of everybody alive at the register's date: a severe event within 90 days.",
        ("person",),
        {
            "person": _PERSON,
            "date": _date("the register's date"),
            "probability": _number("calibrated", low=0, high=1),
            "band": _text("by the thresholds that notebook 33 states", among=("low", "medium", "high")),
            "conformal_set": _text(
                "outcomes that cannot be ruled out at the level that notebook 33 states",
                among=("event", "no event", "either", "none"),
            ),
            "basis": _IMAGINED,
        },
    ),
    "community_risk_reasons": Table(
        "What moves each person's risk most, up or down.",
        ("person", "rank"),
        {
            "person": _PERSON,
            "rank": _integer("1: the strongest", low=1, high=3),
            "feature": _text("of the catalogue: the one with the largest part"),
            "label": _text("what the reason speaks of, in words"),
            "value": _text("the person's, in words"),
            "effect": _number("on the log odds, against the mean of those whom the model learnt from"),
            "basis": _IMAGINED,
        },
    ),
    # ---- 43, planned outreach ---------------------------------------------------------------------------------------
    "outreach_recommendations": Table(
        "What is advised to whom, on which finding, by which rule; or what has to be measured first.",
        ("person", "rule"),
        {
            "person": _PERSON,
            "rule": _text("name in recommendations.yaml, or measure_<name> for what is missing"),
            "version": _text("of the rule table"),
            "kind": _text("", among=("finding", "missing")),
            "level": _text("", among=("advice", "referral", "urgent referral")),
            "finding": _text("what was found, with value and date, or what is not known"),
            "advice": _text("in words"),
            "source": _text("publication of the threshold, or the assumption in words"),
            "found_on": _date("day of the measurement that led to it, else the day of the plan"),
            "visit": _flag("somebody is sent for it; else it is said at the next visit"),
        },
    ),
    "outreach_tasks": Table(
        "Tasks that want a visit in the days of the plan, the highest priority first.",
        ("task",),
        {
            "task": _text(""),
            "person": _PERSON,
            "household": _HOME,
            "hamlet": _HAMLET,
            "origin": _text("", among=("follow-up schedule", "finding", "high risk", "measurement", "round")),
            "rule": _text("of follow_up.yaml or recommendations.yaml, or round"),
            "also": _text("rules whose task is done at the same visit"),
            "level": _integer("10 is the highest; urgent from 8", low=1, high=10),
            "opens_on": _date("begin of the window"),
            "due_on": _date(""),
            "closes_on": _date("end of the window"),
            "risk": _number("chance of a severe event within 90 days", low=0, high=1),
            "danger_signs": _integer("seen at the last visit, if that was within 30 days", "signs", low=0),
            "days_overdue": _integer("on the first day", "days", low=0),
            "priority_score": _number("minutes of walking that the task is worth", "min", low=0),
            "minutes": _integer("at the home", "min", low=1),
            "skill": _text("", among=("general", "maternal", "newborn", "chronic")),
            "barred": _text("why no visit is made", among=("no_visits_wanted",), missing=True),
        },
    ),
    "outreach_visits": Table(
        "The plan: who goes to which home on which day, in which order, arriving when, walking how far.",
        ("worker", "date", "stop"),
        {
            "worker": _WORKER,
            "date": _date(""),
            "stop": _integer("place in the day's round", low=1),
            "household": _HOME,
            "hamlet": _HAMLET,
            "arrive_min": _integer("begin of the visit, after midnight", "min", **_CLOCK),
            "leave_min": _integer("its end", "min", **_CLOCK),
            "walk_min": _integer("on foot from the stop before, or from the base", "min", low=0),
            "break_min": _integer("begin of the break after it; missing: none", "min", missing=True, **_CLOCK),
            "urgent": _flag("has an urgent task"),
            "later": _flag("urgent, and could not begin early in the day"),
            "tasks": _text("tasks done, separated by blanks"),
        },
    ),
    "outreach_unvisited": Table(
        "Tasks that nobody does in the days of the plan, with the reason on the last day on which they were open.",
        ("task",),
        {
            "task": _text(""),
            "household": _HOME,
            "date": _date("last day of the plan on which the task was open"),
            "urgent": _flag(""),
            "reason": _text(
                "",
                among=("unreachable", "nobody_at_work", "no_skill", "does_not_fit", "day_full", "no_visits_wanted"),
            ),
            "why": _text("in words"),
        },
    ),
    "outreach_workload": Table(
        "What each worker does in the days of the plan, by the way in which visits are shared.",
        ("sharing", "worker"),
        {
            "sharing": _text("", among=("own homes only", "shared, nearest", "shared, balanced")),
            "worker": _WORKER,
            "days": _integer("at work", "days", low=0),
            "visits": _integer("", "visits", low=0),
            "tasks": _integer("done", "tasks", low=0),
            "walked_min": _integer("on foot", "min", low=0),
            "visit_min": _integer("at homes", "min", low=0),
            "work_min": _integer("on foot and at homes", "min", low=0),
            "available_min": _integer("working hours less breaks", "min", low=0),
        },
    ),
    "outreach_replay": Table(
        "A season of outreach played under each policy, one row a draw. Rounds are visits to all of a home.",
        ("outreach_days", "policy", "draw"),
        {
            "outreach_days": _integer("on which each worker goes out", "days/week", low=1, high=7),
            "policy": _text("way of deciding who is visited when"),
            "draw": _integer("0: the events of community_season; others are drawn anew", low=0),
            "signs": _integer("danger signs that begin 3 days before the end or earlier", "signs", low=0),
            "signs_told": _integer("of those, families that would send word", "signs", low=0),
            "reached": _integer("reached within 3 days", "signs", low=0),
            "reached_told": _integer("of those told", "signs", low=0),
            "reached_ever": _integer("reached while it lasted", "signs", low=0),
            **{
                f"{kind}_{fate}": _integer(f"{kind.replace('_', '-')}: {words}", "tasks", low=0)
                for kind in ("follow_ups", "rounds")
                for fate, words in (
                    ("done", "done in their window"),
                    ("missed", "window ended undone"),
                    ("cancelled", "closed by a birth, a loss or a death"),
                    ("open", "open, or not begun, at the end"),
                )
            },
            "stops": _integer("doors that were knocked at", "visits", low=0),
            "admitted": _integer("of those, visits that took place", "visits", low=0),
            "walked_h": _number("on foot, ways home too", "h", low=0),
            "visit_h": _number("at the doors", "h", low=0),
            "gini": _number("Gini of the share of tasks done, hamlets by their people", low=0, high=1),
            "lowest_share": _number("share of tasks done in the hamlet with the least", low=0, high=1),
            "highest_share": _number("in the hamlet with the most", low=0, high=1),
        },
    ),
    "outreach_replay_weeks": Table(
        "What a season of outreach did week by week, sums of all draws.",
        ("policy", "week"),
        {
            "policy": _text("way of deciding who is visited when"),
            "week": _integer("after the register's date", "week", low=1),
            "signs": _integer("danger signs that began, of those of outreach_replay", "signs", low=0),
            "reached": _integer("of those, reached within 3 days", "signs", low=0),
            "done": _integer("tasks done", "tasks", low=0),
            "missed": _integer("tasks whose window ended", "tasks", low=0),
            "walked_h": _number("on foot", "h", low=0),
        },
    ),
    "outreach_replay_hamlets": Table(
        "What a season of outreach did in each hamlet, sums of all draws.",
        ("policy", "hamlet"),
        {
            "policy": _text("way of deciding who is visited when"),
            "hamlet": _HAMLET,
            "people": _integer("alive at the register's date", "persons", low=0),
            "done": _integer("tasks done in their window", "tasks", low=0),
            "missed": _integer("tasks whose window ended", "tasks", low=0),
            "share_done": _number("done over done and missed; missing without either", low=0, high=1, missing=True),
        },
    ),
    "outreach_replay_assumptions": Table(
        "Every assumption of outreach.yaml.",
        ("section", "name"),
        _ASSUMPTIONS,
    ),
    # ---- column 4, providers: what cleaning makes from the sources -------------------------------------
    "provider_ledger": Table(
        "What became of every row of the sources of column 4, as in ledger.",
        ("source", "table", "action", "reason"),
        _LEDGER,
    ),
    "provider_assumptions": Table(
        "Every value that the tables of staff assume, with its unit and source.",
        ("section", "name"),
        {
            "section": _text("part of providers.yaml"),
            "name": _text(""),
            "value": _number(""),
            "unit": _text(""),
            "source": _text("where it comes from"),
            "assumption": _flag("whether it is this project's own"),
        },
    ),
    "clinics": Table(
        "Clinics: by which clock they live, and whose holidays they keep.",
        ("clinic",),
        {
            "clinic": _text("short name"),
            "time_zone": _text("of the tz database"),
            "holiday_calendar": _text("of healthops.data.holiday_calendar"),
        },
    ),
    "clinic_calendar": Table(
        "Every local day of each clinic, from its first record to eight weeks after its last.",
        ("clinic", "date"),
        {
            "clinic": _CLINIC,
            "date": _date("local day"),
            "day_hours": _integer("23 where the clock is put forward, 25 where it is put back", "h", low=23, high=25),
            "holiday": _text("public holiday, in English", missing=True),
            "event": _flag("an event that is known before and moves patients: a home game, a fair"),
            "recorded": _flag("whether it lies among the clinic's records; else it is yet to come"),
        },
    ),
    "hourly_arrivals": Table(
        "Patients who came without an appointment, by clinic, service and hour of the local clock: 24 hours every day.",
        ("clinic", "service", "date", "hour"),
        {
            "clinic": _CLINIC,
            "service": _SERVICE,
            "date": _date("local day"),
            "hour": _integer("of the local clock, 0: from midnight to 1", "h", low=0, high=23),
            "arrivals": _integer("0 in an hour that the clock skips", "patients", low=0, missing=True),
            "elapsed_h": _integer(
                "how long it lasts: 0 where the clock skips it, 2 where it shows it twice", "h", low=0, high=2
            ),
            "temp_c": _number("outdoors", "deg C", low=-60, high=60, missing=True),
            "status": _text(
                "skipped: the clock never showed it; missing: the register has no row",
                among=("complete", "skipped", "missing"),
            ),
        },
    ),
    "appointments": Table(
        "Appointments, when they were booked, and who did not come.",
        ("appointment",),
        {
            "appointment": _text("number"),
            "patient": _text("number; the same person has the same"),
            "clinic": _CLINIC,
            "service": _SERVICE,
            "provider": _text("who was to see the patient", missing=True),
            "booked_date": _date("day of the booking"),
            "booked_minute": _integer("of that day", "min", **_MINUTE),
            "date": _date("day of the appointment"),
            "start_minute": _integer("of that day; missing where the source has none", "min", missing=True, **_MINUTE),
            "lead_days": _integer("from the one day to the other", "days", low=0, high=730),
            "age_years": _integer("", "years", low=0, high=120),
            "sex": _text("", among=("female", "male")),
            "neighbourhood": _text("where the patient lives, or the clinic stands: the source does not say which"),
            "welfare": _flag("the household gets a welfare payment"),
            "hypertension": _flag(""),
            "diabetes": _flag(""),
            "alcoholism": _flag(""),
            "handicaps": _integer("how many", "handicaps", low=0, high=4),
            "reminder": _flag("a text message was sent; never for a lead below 3 days"),
            "no_show": _flag("the patient did not come"),
        },
    ),
    "no_show_law": Table(
        "Probability by which a simulator drew each no-show: to judge models, not to learn from. Empty for real data.",
        ("appointment",),
        {"appointment": _text("number"), "no_show_probability": _number("", low=0, high=1)},
    ),
    "patients": Table(
        "What patients prefer; who has no row in appointments is not in it.",
        ("patient",),
        {
            "patient": _text("number"),
            "clinic": _text("where it had its last appointment"),
            "prefers": _text("part of the day", among=("morning", "afternoon", "any")),
            "preferred_provider": _text("missing: any", missing=True),
            "basis": _STAFF_BASIS,
        },
    ),
    "providers": Table(
        "People who give care, with the terms of their contract.",
        ("provider",),
        {
            "provider": _PROVIDER,
            "clinic": _CLINIC,
            "contract_hours": _number("a week", "h", low=1, high=60),
            "nights": _flag("may work nights"),
            "max_days_in_row": _integer("longest stretch of work", "days", low=1, high=14),
            "min_days_in_row": _integer("shortest stretch of work", "days", low=1, high=7),
            "min_days_off": _integer("shortest stretch of rest", "days", low=1, high=7),
            "max_weekends": _integer("of four, on which it works", "weekends", low=0, high=4),
            "basis": _STAFF_BASIS,
        },
    ),
    "provider_skills": Table(
        "Services that each provider can give.",
        ("provider", "service"),
        {"provider": _PROVIDER, "service": _SERVICE, "basis": _STAFF_BASIS},
    ),
    "provider_availability": Table(
        "When each provider can work in the weeks to plan; no two windows of one overlap.",
        ("provider", "date", "start_minute"),
        {
            "provider": _PROVIDER,
            "date": _date("day on which the window opens"),
            "start_minute": _integer("of that day", "min", **_MINUTE),
            "end_minute": _integer("of that day; above 1,440 on the next", "min", low=1, high=3 * 24 * 60),
            "basis": _STAFF_BASIS,
        },
    ),
    "provider_requests": Table(
        "Wishes and days off of each provider in the weeks to plan.",
        ("provider", "date", "kind", "shift"),
        {
            "provider": _PROVIDER,
            "date": _date(""),
            "kind": _text("on, off: wishes; day_off: must not work", among=("on", "off", "day_off")),
            "shift": _text("any: on a day off", among=("early", "late", "night", "any")),
            "weight": _integer("cost of a wish that is not granted; 0 for a day off", low=0, high=10),
            "basis": _STAFF_BASIS,
        },
    ),
    "shift_types": Table(
        "Shifts of the emergency services.",
        ("shift",),
        {
            "shift": _text("", among=("early", "late", "night")),
            "start_minute": _integer("of the day", "min", **_MINUTE),
            "minutes": _integer("length", "min", low=1, high=24 * 60),
            "basis": _STAFF_BASIS,
        },
    ),
    "service_times": Table(
        "How long visits took, and how late patients came to their appointments.",
        ("visit",),
        {
            "visit": _text("number"),
            "appointment": _text("missing: came without", missing=True),
            "clinic": _CLINIC,
            "service": _SERVICE,
            "provider": _PROVIDER,
            "date": _date("local day"),
            "minutes": _number("with the provider", "min", low=0.5, high=600),
            "late_minutes": _number("after the start; negative: before", "min", low=-180, high=180, missing=True),
            "first_visit": _flag("first of the patient on record; false without an appointment"),
            "age_years": _integer("missing: came without an appointment", "years", low=0, high=120, missing=True),
            "basis": _STAFF_BASIS,
        },
    ),
    # ---- column 4, providers: features -----------------------------------------------------------------------
    "arrival_features": Table(
        "What is known of each hour of each service before the patients come, to the end of clinic_calendar.",
        ("clinic", "service", "date", "hour"),
        {
            "clinic": _CLINIC,
            "service": _SERVICE,
            "date": _date("local day"),
            "hour": _integer("of the local clock", "h", low=0, high=23),
            "arrivals": _integer("missing: nobody counted, or yet to come", "patients", low=0, missing=True),
            "elapsed_h": _integer("0 where the clock skips it, 2 where it shows it twice", "h", low=0, high=2),
            "recorded": _flag("whether the day lies among the clinic's records; else it is yet to come"),
        },
        extra=True,
    ),
    "appointment_features": Table(
        "What is known of each appointment when it is booked (the reminder: on the day before), and what became of it.",
        ("appointment",),
        {
            "appointment": _text("number"),
            "clinic": _CLINIC,
            "service": _SERVICE,
            "booked_date": _date("day of the booking"),
            "date": _date("day of the appointment"),
            "lead_days": _integer("from the one day to the other", "days", low=0, high=730),
            "no_show": _flag("the patient did not come"),
            "age_band": _text("years", among=("0-14", "15-29", "30-44", "45-59", "60 and older")),
            "sex": _text("", among=("female", "male")),
            "welfare": _flag("the household gets a welfare payment"),
            "neighbourhood_group": _text(
                "about quarters of the appointments, by the share of the neighbourhood's patients who get welfare",
                among=("least welfare", "less welfare", "more welfare", "most welfare"),
            ),
        },
        extra=True,
    ),
    "provider_feature_catalogue": Table(
        "Every feature of arrivals and appointments, described.",
        ("table", "feature"),
        {
            "table": _text("arrival_features or appointment_features", among=("arrivals", "appointments")),
            "feature": _text("name"),
            "kind": _text("", among=("number", "flag")),
            "unit": _text("", missing=True),
            "source": _text("table.column it comes from"),
            "transformation": _text("how it is made"),
            "fold_safety": _text(
                "as in feature_catalogue; hindsight: known only afterwards, never for a forecast",
                among=("past_only", "static", "fitted", "hindsight"),
            ),
            "known_at": _text(
                "calendar: long before; origin: at the end of the day on which the forecast is made; booking; "
                "reminder: when it was sent, at the latest on the day before the visit; afterwards",
                among=("calendar", "origin", "booking", "reminder", "afterwards"),
            ),
            "horizon_days": _integer(
                "of arrivals: farthest day after the origin that it is known for; 0: none; missing: any",
                "days",
                low=0,
                missing=True,
            ),
            "why": _text("why it matters"),
            "family": _text("what it belongs to"),
        },
    ),
    "arrival_forecasts": Table(
        "Forecasts of arrivals from rolling origins, by hour and by day; after the last day on record they are a plan.",
        ("model", "target", "reference_date", "clinic", "service", "date", "hour"),
        {
            "model": _text("name of the forecaster"),
            "target": _text("hour, or day: the total of the 24", among=("hour", "day")),
            "reference_date": _date("origin: the last day that the forecaster knew"),
            "horizon": _integer("days after the origin", "days", low=1, high=63),
            "clinic": _CLINIC,
            "service": _SERVICE,
            "date": _date("local day"),
            "hour": _integer("of the local clock; 0 for a day", "h", low=0, high=23),
            "elapsed_h": _integer("time that passes in the hour or day", "h", low=0, high=25),
            "observed": _number("what came; missing: nobody counted, or yet to come", "patients", low=0, missing=True),
            "mean": _number("", "patients", low=0),
            "dispersion": _number(
                "of a negative binomial of variance mean + dispersion * mean ** 2; missing: quantiles come otherwise",
                low=0,
                missing=True,
            ),
            **{
                name: _number(f"quantile {level:g} of the forecast", "patients", low=0)
                for name, level in zip(QUANTILE_COLUMNS, QUANTILE_LEVELS, strict=True)
            },
        },
    ),
    "arrival_scores": Table(
        "Scores of forecasts of arrivals over the days held out, or over those on which choices were made.",
        ("part", "target", "by", "value", "model"),
        {
            "part": _text(
                "choice: the year before, on which settings were chosen; report: the last year, week ahead; ahead: the "
                "last year, more than a week ahead; spread: the last year, quantiles for the mean of four weeks",
                among=("choice", "report", "ahead", "spread"),
            ),
            "target": _text("", among=("hour", "day")),
            "by": _text("what the tasks are grouped by", among=("all", "service", "horizon", "hour")),
            "value": _text("which group"),
            "model": _text("name of the forecaster"),
            "chosen": _flag("what the choice fell on"),
            "tasks": _integer("hours or days", "tasks", low=1),
            "wis": _number("mean weighted interval score", "patients", low=0),
            "relative_wis": _number("over that of the mean of four weeks with its own errors", low=0),
            "relative_wis_low": _number("95 % bootstrap interval by week", low=0, missing=True),
            "relative_wis_high": _number("95 % bootstrap interval by week", low=0, missing=True),
            "mae": _number("mean absolute error of the median", "patients", low=0),
            "mae_mean": _number(
                "mean absolute error of the mean; missing: of quantiles alone", "patients", low=0, missing=True
            ),
            "coverage_50": _number("share within the 50 % interval", low=0, high=1),
            "coverage_90": _number("share within the 90 % interval", low=0, high=1),
            "coverage_95": _number("share within the 95 % interval", low=0, high=1),
        },
    ),
    "no_show_probabilities": Table(
        "Chance of a no-show of each appointment from the split on, known on the evening before its day.",
        ("appointment",),
        {
            "appointment": _text("number"),
            "clinic": _CLINIC,
            "date": _date("day of the appointment"),
            "probability": _number("to overbook by", low=0, high=1),
            "rate": _text(
                "where it comes from: the model, if it is fit for overbooking, else one rate for everybody",
                among=("model", "flat"),
            ),
            "model_probability": _number(
                "of the model, mended: ranks, and is to overbook by only if accepted", low=0, high=1
            ),
            "raw_probability": _number("of the model before mending", low=0, high=1),
            "flat_rate": _number("share of no-shows in the weeks before the day", low=0, high=1),
        },
    ),
    "no_show_calibration": Table(
        "Are chances of a no-show right, for everybody and for each group? The bands decide who may overbook by them.",
        ("probability", "attribute", "group"),
        {
            "probability": _text("which one is judged", among=("model", "raw", "flat")),
            "attribute": _text("all, or what people are grouped by"),
            "group": _text(""),
            "n": _integer("appointments from the split on", "appointments", low=1),
            "events": _integer("no-shows", "appointments", low=0),
            "observed": _number("share of no-shows", low=0, high=1),
            "said": _number("mean probability", low=0, high=1),
            "slope": _number("calibration slope; missing: cannot be judged", missing=True),
            "slope_low": _number("95 % interval", missing=True),
            "slope_high": _number("95 % interval", missing=True),
            "expected_ratio": _number("mean calibration: no-shows over those expected", low=0),
            "ratio_low": _number("95 % interval"),
            "ratio_high": _number("95 % interval"),
            "true_ratio": _number(
                "the simulator's own chances over those said; missing: nobody knows them", low=0, missing=True
            ),
            "accepted": _flag("within both bands"),
            "by_chance": _flag("refused, but the intervals reach into the bands"),
            "reason": _text("in words"),
        },
    ),
    "no_show_mendings": Table(
        "Ways to mend chances of a no-show by outcomes of the days before: what the choice among them was made on.",
        ("mending",),
        {
            "mending": _text("kind, days looked back on, and how often"),
            "chosen": _flag("most rows within the bands before the split, then the least log loss"),
            "rows": _integer("everybody and each subgroup", low=1),
            "within_before": _integer("rows within the bands on days before the split", low=0),
            "log_loss_before": _number("on days before the split", low=0),
            "within_after": _integer("the same from the split on, which no choice saw", low=0),
            "log_loss_after": _number("from the split on", low=0),
            "slope_after": _number("over everybody, from the split on"),
            "ratio_after": _number("no-shows over expected, everybody, from the split on", low=0),
        },
    ),
    "service_time_law": Table(
        "How long visits take: the law of each service at each clinic, by first visit and age.",
        ("clinic", "service", "first_visit", "age_band"),
        {
            "clinic": _CLINIC,
            "service": _SERVICE,
            "first_visit": _flag("first of the patient on record"),
            "age_band": _text(
                "years; any: of no known age", among=("0-14", "15-29", "30-44", "45-59", "60 and older", "any")
            ),
            "visits": _integer("on record", "visits", low=1),
            "law": _text("", among=("log-normal", "gamma")),
            "level": _number("median of a log-normal, mean of a gamma", "min", low=0),
            "spread": _number("standard deviation of the log, or coefficient of variation", low=0),
            "mean": _number("", "min", low=0),
            "sd": _number("", "min", low=0),
            **{f"p{q:02d}": _number(f"{q} % of visits are shorter", "min", low=0) for q in (5, 25, 50, 75, 90, 95)},
        },
    ),
    "service_time_scores": Table(
        "Laws of service times, fitted to earlier visits and judged by later ones.",
        ("service", "law"),
        {
            "service": _SERVICE,
            "law": _text("", among=("log-normal", "gamma")),
            "visits": _integer("later visits", "visits", low=1),
            "log_likelihood": _number("mean log density of a visit"),
            "ks": _number("Kolmogorov and Smirnov's distance of the ranks from uniform ones", low=0, high=1),
            "ks_critical": _number("above which chance is the reason in fewer than 5 % of cases", low=0),
            "inside_90": _number("share between the 5 and 95 % quantiles", low=0, high=1),
            "chosen": _flag("likelier"),
        },
    ),
    "cover_requirement": Table(
        "Providers that each shift needs by the forecast and a service level, weeks to plan.",
        ("clinic", "service", "date", "shift"),
        {
            "clinic": _CLINIC,
            "service": _SERVICE,
            "date": _date("on which the shift begins"),
            "shift": _text("", among=("early", "late", "night")),
            "required": _integer("", "providers", low=0),
            "window_h": _integer("hours within which their work is to be done", "h", low=1),
            "overload": _number("accepted chance that work exceeds capacity in a window", low=0, high=1),
        },
    ),
    "cover_hours": Table(
        "What the cover means for each hour.",
        ("clinic", "service", "date", "hour"),
        {
            "clinic": _CLINIC,
            "service": _SERVICE,
            "date": _date("local day"),
            "hour": _integer("of the local clock", "h", low=0, high=23),
            "mean": _number("forecast", "patients", low=0),
            "work_h": _number("expected work that comes", "h", low=0),
            "providers": _number("of the shifts that are on", "providers", low=0),
            "overload": _number(
                "chance that work exceeds capacity in the window that ends with the hour; missing: it begins too early",
                low=0,
                high=1,
                missing=True,
            ),
        },
    ),
    "roster": Table(
        "Who works which shift: the roster before any change.",
        ("clinic", "service", "provider", "date"),
        {
            "clinic": _CLINIC,
            "service": _SERVICE,
            "provider": _PROVIDER,
            "date": _date("on which the shift begins"),
            "shift": _text("", among=("early", "late", "night")),
        },
    ),
    "roster_changes": Table(
        "Cells of the roster that a live change altered.",
        ("event", "provider", "date"),
        {
            "event": _text("what happened"),
            "clinic": _CLINIC,
            "service": _SERVICE,
            "provider": _PROVIDER,
            "date": _date("day"),
            "before": _text("shift; -: none"),
            "after": _text("shift; -: none"),
            "words": _text("what it means to whom it concerns"),
            "proved": _flag("no roster that leaves as few persons missing changes fewer cells"),
        },
    ),
    "appointment_plan": Table(
        "Who is booked for which slot of the sessions that are planned.",
        ("patient",),
        {
            "clinic": _CLINIC,
            "service": _SERVICE,
            "session": _text("day, half and provider"),
            "provider": _PROVIDER,
            "date": _date("day of the session"),
            "patient": _text("number"),
            "group": _text("whose waits are compared"),
            "no_show_probability": _number("by which it is planned", low=0, high=1),
            "slot": _integer("from 0; missing: not booked", low=0, missing=True),
            "start_minute": _integer("of the day; missing: not booked", "min", missing=True, **_MINUTE),
            "together": _integer("patients booked for the slot", low=0),
            "expected_wait_min": _number("if it comes; missing: not booked", "min", low=0, missing=True),
            "prefers": _text("part of the day", among=("morning", "afternoon", "any")),
            "preferred_provider": _text("missing: any", missing=True),
        },
    ),
    "slot_offers": Table(
        "Ranked offers that answer a live change: open slots for a patient, or patients for a slot that was freed.",
        ("event", "patient", "slot"),
        {
            "event": _text("what happened"),
            "rank": _integer("1: the best", low=1),
            "patient": _text("number"),
            "slot": _text("day, half, provider and number"),
            "provider": _PROVIDER,
            "date": _date(""),
            "start_minute": _integer("of the day", "min", **_MINUTE),
            "penalty_days": _number("waiting, and what missed preferences are worth", "days", low=0),
            "reason": _text("what speaks for and against"),
        },
    ),
    "appointment_changes": Table(
        "What a live change did to appointments.",
        ("event", "patient"),
        {
            "event": _text("what happened"),
            "patient": _text("number"),
            "kind": _text("", among=("booked", "cancelled", "moved")),
            "sentence": _text("in words"),
        },
    ),
    "clinic_replay": Table(
        "Sessions of held-out appointments, booked by several rules and played: draws are common to the rules.",
        ("policy", "session", "draw"),
        {
            "policy": _text("rule of booking"),
            "session": _integer("patients of one day of a clinic who ask for its slots", low=0),
            "draw": _integer("of who comes (where it is not on record), is late and stays how long", low=0),
            "clinic": _CLINIC,
            "date": _date("day of the appointments"),
            "asked": _integer("", "patients", low=1),
            "booked": _integer("", "patients", low=0),
            "no_show": _integer("booked and did not come", "patients", low=0),
            "seen": _integer("", "patients", low=0),
            "unseen": _integer("came, and left when nobody was called in any more", "patients", low=0),
            "wait_min": _number("of those seen, together, from the appointment or the arrival, if later", "min", low=0),
            "idle_min": _number("of the provider", "min", low=0),
            "overtime_min": _number("of the provider", "min", low=0),
        },
    ),
    "clinic_replay_groups": Table(
        "The same sessions: sums over the patients of a group, means of the draws.",
        ("policy", "session", "attribute", "group"),
        {
            "policy": _text("rule of booking"),
            "session": _integer("as in clinic_replay", low=0),
            "attribute": _text("by which patients are grouped"),
            "group": _text(""),
            "asked": _integer("", "patients", low=1),
            "seen": _number("", "patients", low=0),
            "wait_min": _number("of those seen, together", "min", low=0),
        },
    ),
    "cover_replay": Table(
        "Shifts by several rules beside the patients who came, by held-out week.",
        ("policy", "clinic", "service", "overload", "week"),
        {
            "policy": _text("where the expected arrivals come from"),
            "clinic": _CLINIC,
            "service": _SERVICE,
            "overload": _number("chance that was accepted of more work than providers can do", low=0, high=1),
            "week": _date("first of seven days"),
            "work_h": _number("of the patients who came", "h", low=0),
            "staff_h": _number("of providers on shifts", "h", low=0),
            "under_h": _number("work beyond the providers of its hour", "h", low=0),
            "over_h": _number("providers beyond the work of their hour", "h", low=0),
            "left_h": _number("work left at an hour's end, mean of the hours", "h", low=0),
        },
    ),
    # ---- proving ground: US influenza admissions, beside the teams of FluSight -------------------------------
    "flusight_teams": Table(
        "Real teams and ours over the tasks of a FluSight season: all of them, by horizon, by state, by date.",
        ("season", "scope", "within", "model"),
        {
            "season": _SEASON,
            "scope": _text("what the tasks are grouped by", among=("overall", "horizon", "location", "reference_date")),
            "within": _text("which group: all, a horizon in weeks, a state's FIPS code, or a reference date"),
            "model": _text("name of the team's model; ours is healthops-fusion"),
            "rank": _integer("by relative WIS; 1 is best", low=1, missing=True),
            "tasks": _integer("tasks that the model did", "tasks", low=1),
            "share": _number("share of the baseline's tasks that it did", low=0, high=1),
            "wis": _number("mean weighted interval score", "admissions", low=0),
            "relative_wis": _number("by pairwise comparison; the baseline has 1", low=0, missing=True),
            "wis_log1p": _number("mean WIS after log(1 + x)", low=0),
            "relative_wis_log1p": _number("of WIS after log(1 + x)", low=0, missing=True),
            "mae": _number("mean absolute error of the median", "admissions", low=0),
            "coverage_50": _number("share within the 50 % interval", low=0, high=1),
            "coverage_90": _number("share within the 90 % interval", low=0, high=1),
            "coverage_95": _number("share within the 95 % interval", low=0, high=1),
        },
    ),
    "flusight_forecasts": Table(
        "Our forecasts of weekly influenza admissions for each reference date, one row a task.",
        ("reference_date", "location", "horizon"),
        {
            "season": _SEASON,
            "reference_date": _date("Saturday of horizon 0; reports end a week before it"),
            "location": _FIPS,
            "horizon": _integer("weeks after the reference date", "weeks", low=0, high=3),
            "target_end_date": _WEEK_END,
            **{
                name: _number(f"quantile {level:g} of the forecast", "admissions", low=0)
                for name, level in zip(QUANTILE_COLUMNS, QUANTILE_LEVELS, strict=True)
            },
            "observed": _number("what came", "admissions", low=0, missing=True),
        },
    ),
    "flusight_runs": Table(
        "What each reference date cost, and how old the last report was.",
        ("reference_date",),
        {
            "season": _SEASON,
            "reference_date": _date("Saturday of horizon 0"),
            "weeks_late": _integer("weeks that the last report was older than usual", "weeks", low=0),
            "cpu_seconds": _number("of the process that forecast it, when it did", "s", low=0, measured=True),
        },
    ),
    "flusight_allocation": Table(
        "What forecasts were worth to states that share a limited supply by them, beside the hub's own models.",
        ("reference_date", "model"),
        {
            "season": _SEASON,
            "reference_date": _date("Saturday of horizon 0"),
            "model": _text("name of the model"),
            "horizon": _integer("weeks after the reference date that are shared for", "weeks", low=0, high=3),
            "places": _integer("states that share", "states", low=1),
            "needed": _number("what came", "admissions", low=0),
            "budget": _number("what could be shared", "admissions", low=0),
            "unmet": _number("need left unmet", "admissions", low=0),
            "oracle_unmet": _number("need that the best sharing leaves unmet", "admissions", low=0),
            "allocation_score": _number("the first less the second; 0 is best", "admissions", low=0),
        },
    ),
    # ---- proving ground: dengue in Peru's departments and provinces -------------------------------------------
    "peru_benchmark_scores": Table(
        "Scores of every model on the same tasks by level and weeks ahead, in whole cases.",
        ("level", "model", "horizon"),
        {
            "level": _text("", among=("department", "province")),
            "model": _text("name of the model"),
            "horizon": _text("weeks after the origin, or all"),
            "places": _integer("places that are forecast", "places", low=1),
            "tasks": _integer("origins x places x horizons that are scored", "tasks", low=1),
            **{
                name: _number(what, low=0)
                for score, text in (("wis", "mean WIS, in cases"), ("wis_log1p", "mean WIS after log(1 + x)"))
                for name, what in (
                    (score, text),
                    (f"relative_{score}", "over the hub baseline's"),
                    (f"relative_{score}_low", "2.5 % quantile of the block bootstrap"),
                    (f"relative_{score}_high", "97.5 % quantile of the block bootstrap"),
                )
            },
            **{
                f"coverage_{level}{suffix}": _number(f"share within the {level} % interval{where}", low=0, high=1)
                for level in (50, 90, 95)
                for suffix, where in (("", ""), ("_with_cases", ", of the tasks where cases came"))
            },
            "allocation_score": _number(
                "of 4 weeks ahead with .8 of what came to share: need left unmet beyond the oracle's, mean of origins",
                "cases",
                low=0,
                missing=True,
            ),
            "cpu_seconds": _number("of fitting and forecasting, for one origin and place", "s", low=0, measured=True),
        },
    ),
    "peru_benchmark_weeks": Table(
        "Mean scores of every model at each origin of the benchmark on Peru.",
        ("level", "model", "reference_date"),
        {
            "level": _text("", among=("department", "province")),
            "model": _text("name of the model"),
            "reference_date": _date("last week seen"),
            "wis": _number("mean over places and horizons", "cases", low=0),
            "wis_log1p": _number("the same after log(1 + x)", low=0),
        },
    ),
    # ---- column 9, benchmarks: the Dengue Forecasting Project ---------------------------------------
    "dengue_project_forecasts": Table(
        "Probabilities of the bins of a season's peak week, peak and total, at each forecast week of the test seasons.",
        ("city", "season", "forecast_week", "target", "bin"),
        {
            **_DENGUE_PROJECT,
            "forecast_week": _integer("weeks of the season seen by then", "weeks", low=0, high=51),
            "bin": _integer("from 0", low=0),
            "lower": _number("lower edge, within the bin", low=0),
            "upper": _number("upper edge, beyond the bin; missing where there is none", low=0, missing=True),
            "probability": _number("", low=0, high=1),
            "came": _flag("whether it is the bin that came; in no bin where weeks share the peak"),
        },
    ),
    "dengue_project_scores": Table(
        "Mean log score of every team on the test seasons, forecast weeks 0 to 24.",
        ("team", "city", "target", "season"),
        {
            "team": _text("name in the project's file; healthops is ours"),
            **_DENGUE_PROJECT,
            "forecasts": _integer("that were scored", "forecasts", low=1),
            "log_score": _number("mean, none below -10; of target all the mean of the targets' means", low=-10, high=0),
            "standard_error": _number("over seasons, where season is all", low=0, missing=True),
            "n_inf": _integer("forecasts that gave probability 0 to what came", "forecasts", low=0),
            "rank": _integer("1 is the best, where season is all", low=1, missing=True),
        },
    ),
    # ---- column 9, benchmarks: a national vaccine campaign --------------------------------------------
    "campaign_benchmark_plans": Table(
        "Plans of campaigns of several sizes: size of the program, what is certified, what it took.",
        ("case", "stage"),
        {
            "case": _BENCHMARK_CASE,
            "stage": _STAGE,
            "districts": _integer("", "districts", low=1),
            "weeks": _integer("", "weeks", low=1),
            "products": _integer("", low=1),
            "groups": _integer("", low=1),
            "variables": _integer("of the linear program, slacks included", low=0),
            "rows": _integer("of the linear program", low=0),
            "iterations": _integer("of the interior-point method", low=0),
            "value": _number("lowest coverage, or worth averted", low=0),
            "bound": _number("no plan can do better", low=0),
            "gap": _number("between the two, as a share of the value", low=0),
            "residual": _number("largest violation of a row, as a share of 1 + its right-hand side", low=0),
            "violations": _integer("that the independent check finds in the plan's tables", low=0),
            "shipments": _integer("rows of the plan's shipments", low=0),
            "stage_cpu_s": _number("of the stage", "s", low=0, measured=True),
            "plan_cpu_s": _number("of all stages, building them included", "s", low=0, measured=True),
            "all_cpu_s": _number("with tables and check", "s", low=0, measured=True),
            "memory_gb": _number("largest resident memory of the process", "GiB", low=0, measured=True),
        },
    ),
    "campaign_benchmark_steps": Table(
        "Every iteration of the plans of ``campaign_benchmark_plans``.",
        ("case", "stage", "iteration"),
        {
            "case": _BENCHMARK_CASE,
            "stage": _STAGE,
            "iteration": _integer("", low=0),
            "gap": _number("between value and bound, as a share of the value; at most 1e6", low=0),
            "primal": _number("residual of the rows", low=0),
            "dual": _number("residual of the reduced costs", low=0),
        },
    ),
    "campaign_benchmark_proofs": Table(
        "Small campaigns whose answer is known by other means.",
        ("proof", "case"),
        {
            "proof": _text("", among=("second formulation", "every plan by hand", "what lacks")),
            "case": _BENCHMARK_CASE,
            "found": _number("by the program; for what lacks, in its message", low=0),
            "known": _number("by other means", low=0),
            "difference": _number("between the two, as a share of the known", low=0),
            "message": _text("what an input without a plan is answered"),
        },
    ),
    "campaign_benchmark_replans": Table(
        "Plans made again after a change, near the last one.",
        ("at", "change", "begin"),
        {
            **_PLAN_KIND,
            "begin": _text("from the last plan's point, or from nothing", among=("warm", "cold")),
            "districts": _integer("", "districts", low=1),
            "frozen_weeks": _integer("first weeks that stay", "weeks", low=0),
            "moved_in_frozen": _number("most courses that move in a cell of these", "persons", low=0),
            "moved": _number("doses taken from where they were, as a share of the last plan's", low=0),
            "forced": _number("of these, what supply and stock no longer hold", low=0),
            "allowed": _number("most that may move, forced ones included", low=0),
            "iterations": _integer("", low=0),
            "gap": _number("the larger of the two stages'", low=0),
            "floor": _number("lowest coverage", low=0),
            "benefit": _number("worth averted", low=0),
            "facts": _integer("cells of the tables that are different", low=0),
            "changes": _integer("doses by district, product and week that are different", low=0),
            "reasons": _integer("of these, how many have a reason", low=0),
            "violations": _integer("that the independent check finds", low=0),
            "cpu_s": _number("", "s", low=0, measured=True),
        },
    ),
    "campaign_benchmark_changes": Table(
        "The largest changes of the plans made again, and why.",
        ("at", "change", "number"),
        {
            **_PLAN_KIND,
            "number": _integer("1 is the largest", low=1),
            "district": _text("made district"),
            "product": _text(""),
            "week": _integer("", low=0),
            "before": _number("doses given by the last plan", "doses", low=0),
            "after": _number("doses given now", "doses", low=0),
            "why": _text("the fact that comes nearest"),
        },
    ),
    "campaign_benchmark_frontier": Table(
        "Benefit against the floor of coverage.",
        ("point",),
        {
            "point": _integer("1: without a floor", low=1),
            "districts": _integer("", "districts", low=1),
            "floor": _number("coverage held", low=0, high=1),
            "benefit": _number("worth averted", low=0),
            "bound": _number("no plan with this floor averts more", low=0),
            "price_of_fairness": _number("benefit given up, as a share of that without a floor"),
            "gap": _number("", low=0),
            "cpu_s": _number("of the point", "s", low=0, measured=True),
            "all_cpu_s": _number("of the whole frontier", "s", low=0, measured=True),
        },
    ),
    "campaign_benchmark_boxes": Table(
        "What whole boxes cost.",
        ("quantity",),
        {
            "quantity": _STAGE,
            "districts": _integer("", "districts", low=1),
            "without": _number("of the plan without boxes", low=0),
            "in_boxes": _number("of the plan in whole boxes", low=0),
            "lost": _number("between the two, as a share of the first"),
            "violations": _integer("that the independent check finds, whole boxes among its rules", low=0),
            "cpu_s": _number("", "s", low=0, measured=True),
        },
    ),
    # ---- column 9, benchmarks: the epidemic -----------------------------------------------------------
    "epidemic_benchmark_speed": Table(
        "Cells (place x age x day x draw) of the epidemic that a CPU second plays, beside epydemix in the same run.",
        ("case",),
        {
            "case": _BENCHMARK_CASE,
            "cells": _integer("", "cells", low=1),
            "attacked": _number("share of the people ever infected, mean of the draws", low=0, high=1),
            "people_lost": _integer("or made, in all places, ages and draws", "persons", low=0),
            "peer": _text("version; or that it has no such vaccine; or why it was not measured", measured=True),
            "peer_attacked": _number("the same of the peer", low=0, high=1, missing=True, measured=True),
            "cpu_s": _number("the least of the runs", "s", low=0, measured=True),
            "million_cells_a_cpu_s": _number("", low=0, measured=True),
            "peer_cpu_s": _number("", "s", low=0, missing=True, measured=True),
            "peer_million_cells_a_cpu_s": _number("", low=0, missing=True, measured=True),
            "ratio": _number("ours over the peer's", low=0, missing=True, measured=True),
        },
    ),
    "epidemic_benchmark_pairs": Table(
        "What common random numbers are worth in a comparison of two plans.",
        ("plan",),
        {
            "plan": _text("beside the plan without the change"),
            "draws": _integer("", low=2),
            "deaths": _number("of the plan without the change, mean", "persons", low=0),
            "difference": _number("deaths that the change saves, mean", "persons"),
            "variance_ratio": _number("variance of the difference with two seeds over that with one", low=0),
        },
    ),
    "epidemic_benchmark_checks": Table(
        "What proves the epidemic.",
        ("check", "case"),
        {
            "check": _text(
                "",
                among=(
                    "people lost or made",
                    "arrays with other bytes",
                    "deterministic limit",
                    "final size",
                    "person by person",
                ),
            ),
            "case": _BENCHMARK_CASE,
            "x": _number("people of the country, or R0", missing=True),
            "found": _number("by the epidemic, mean of its draws", low=0),
            "known": _number("by other means", low=0),
            "difference": _number("between the two, as a share of the known", low=0),
            "error": _number("standard error of the difference, as a share of the known", low=0, missing=True),
        },
    ),
    "epidemic_benchmark_days": Table(
        "Infections by day in countries of several sizes, beside the deterministic limit.",
        ("people", "day"),
        {
            "people": _integer("of the country", "persons", low=1),
            "day": _integer("", "days", low=1),
            "limit": _number("deterministic", "infections per 1000 people", low=0),
            "mean": _number("of the draws", "infections per 1000 people", low=0),
            "low": _number("5 % quantile of the draws", "infections per 1000 people", low=0),
            "high": _number("95 % quantile of the draws", "infections per 1000 people", low=0),
        },
    ),
    # ---- column 9, benchmarks: wastage ----------------------------------------------------------------
    "wastage_benchmark_rates": Table(
        "Expected open-vial wastage beside published rates.",
        ("mean", "vial_doses"),
        {
            "mean": _integer("people who come to a session, on average", "persons", low=1),
            "vial_doses": _integer("doses in a vial", "doses", low=1),
            "rate": _number("exact expectation", low=0, high=1),
            "published": _number("", low=0, high=1),
            "digits": _integer("decimals that were published", low=1),
            "agrees": _flag("whether they are the same to these"),
        },
    ),
    "wastage_benchmark_savings": Table(
        "A vial size for each site beside one everywhere, at equal coverage and for no more money.",
        ("offered",),
        {
            "offered": _text("doses in the vials to choose from"),
            "everywhere": _integer("doses in the one vial everywhere", "doses", low=1),
            "sites": _integer("", low=1),
            "wasted_everywhere": _number("in a year", "doses", low=0),
            "wasted_by_site": _number("in a year", "doses", low=0),
            "saved": _number("share of the first that the second saves"),
            "vaccinated": _number("in a year", "persons", low=0),
            "coverage_change": _number("of people vaccinated, as a share"),
            "cost_ratio": _number("cost over that of one vial everywhere", low=0),
        },
    ),
    "wastage_benchmark_vials": Table(
        "Each vial size everywhere.",
        ("vial_doses",),
        {
            "vial_doses": _integer("doses in a vial", "doses", low=1),
            "rate": _number("open-vial wastage", low=0, high=1),
            "wasted": _number("in a year", "doses", low=0),
            "cost_ratio": _number("cost over that of the one vial everywhere", low=0),
        },
    ),
    # ---- column 9, benchmarks: routes, home care, visits ------------------------------------------------
    "routes_benchmark_runs": Table(
        "Routing instances solved with several numbers of iterations, beside the best known values.",
        ("instance", "iterations"),
        {
            "instance": _text("as its file is called"),
            "family": _text("customers clustered, at random, both; or those with prizes", among=ROUTE_FAMILIES),
            "customers": _integer("", "customers", low=1),
            "iterations": _integer("of the search, its starts together", low=1),
            "longest": _flag("whether it is the longest search of the instance"),
            "cost": _number(
                "recomputed from the instance: distance and prizes lost, in its unit; missing where refused",
                low=0,
                missing=True,
            ),
            "best_known": _number("published, in its unit", low=0, missing=True),
            "gap_percent": _number("of the cost above the best known", "%", missing=True),
            "routes": _integer("", "routes", low=0),
            "left_out": _integer("customers not visited; their prizes are in the cost", "customers", low=0),
            "refused": _flag("whether the independent check found a fault"),
            "cpu_seconds": _number("", "s", low=0, measured=True),
        },
    ),
    "home_care_benchmark_plans": Table(
        "Home care instances with double visits, beside the best known costs and lower bounds.",
        ("instance",),
        {
            "instance": _text("as its file is called"),
            "patients": _integer("", "patients", low=1),
            "caregivers": _integer("", "caregivers", low=1),
            "double_visits": _integer("patients who want two caregivers", "patients", low=0),
            "anneals": _integer("annealings", low=1),
            "distance": _number("recomputed, in the file's unit; missing where refused", low=0, missing=True),
            "total_tardiness": _number("likewise", low=0, missing=True),
            "greatest_tardiness": _number("likewise", low=0, missing=True),
            "cost": _number("a third of the three together", low=0, missing=True),
            "bound": _number("no plan costs less", low=0),
            "proved": _flag("whether the solver proved that no plan costs less than this one"),
            "best_known": _number("published", low=0, missing=True),
            "gap_percent": _number("of the cost above the best known; below 0: better", "%", missing=True),
            "refused": _flag("whether the independent check found a fault"),
            "cpu_seconds": _number("", "s", low=0, measured=True),
        },
    ),
    "visits_benchmark_days": Table(
        "Days of visits in drawn districts of several sizes, and what they took.",
        ("workers", "tasks"),
        {
            **_DAY_CASE,
            "at_work": _integer("workers who work that day", "workers", low=0),
            "wanted": _integer("visits that would do every task", "visits", low=0),
            "visits": _integer("made", "visits", low=0),
            "urgent_visits": _integer("of these, urgent", "visits", low=0),
            "tasks_done": _integer("", "tasks", low=0),
            "refused": _flag("whether the independent check found a fault"),
            "refused_after": _flag("the same after urgent tasks were put in"),
            "seconds": _number("from tables to plan, as one waits", "s", low=0, measured=True),
            "cpu_seconds": _number("", "s", low=0, measured=True),
        },
    ),
    "visits_benchmark_reasons": Table(
        "Why tasks of these days are left.",
        ("workers", "tasks", "reason"),
        {
            **_DAY_CASE,
            "reason": _text("key of the reason", pattern=r"^[a-z_]+$"),
            "why": _text("in words"),
            "number": _integer("tasks left for it", "tasks", low=1),
        },
    ),
    "visits_benchmark_insertions": Table(
        "Urgent tasks put into these days one after another.",
        ("workers", "tasks", "number"),
        {
            **_DAY_CASE,
            "number": _integer("in the order in which they come", low=1),
            "outcome": _text("made, or the key of the reason", pattern=r"^[a-z_]+$"),
            "moved": _integer("other visits that changed their worker or were left", "visits", low=0),
            "seconds": _number("as one waits", "s", low=0, measured=True),
        },
    ),
    # ---- column 9, benchmarks: rosters --------------------------------------------------------------------
    "rosters_benchmark_runs": Table(
        "Rosters of the shift scheduling instances of Curtois and Qu (2014), costs by an independent checker.",
        ("instance",),
        {
            "instance": _text("its name in the collection"),
            "days": _integer("of the horizon", "days", low=1),
            "staff": _integer("", "employees", low=1),
            "shifts": _integer("kinds of shift", low=1),
            "rounds": _integer("most neighbourhoods of the search", low=1),
            "nodes": _integer("most nodes of branch and bound in a run of the whole model", low=1),
            "value": _number("cost; missing: a rule is broken", low=0, missing=True),
            "lower_bound": _number("no roster costs less", low=0),
            "proved": _flag("the bound equals the value"),
            "rules_broken": _integer("found by the checker", low=0),
            "best_known": _number("that others have published; missing: none", low=0, missing=True),
            "above_best_percent": _number("cost above the best known", "%", missing=True),
            "cpu_seconds": _number("until the roster was there", "s", low=0, measured=True),
        },
    ),
    "rosters_benchmark_repairs": Table(
        "Rosters of a drawn hospital repaired after absences, held against the checker.",
        ("absence", "number"),
        {
            "absence": _text("who is away for how long"),
            "number": _integer("of the draw", low=1),
            "staff": _integer("", "employees", low=1),
            "days": _integer("of the horizon", "days", low=1),
            "lost": _integer("by the absence", "shifts", low=1),
            "changes": _integer("cells of the roster that differ", low=0),
            "missing": _integer("still missing against what the roster gave", "persons", low=0),
            "fewest": _flag("proved: no roster is better by the measure of the repair"),
            "rules_broken": _integer("found by the checker", low=0),
            "cpu_seconds": _number("until the repair was there", "s", low=0, measured=True),
        },
    ),
    # ---- column 9, benchmarks: clinic days -------------------------------------------------------------
    "clinic_day_benchmark_speed": Table(
        "Clinic days that a CPU second plays, drawing and adding up included, beside simpy in the same run.",
        ("case",),
        {
            "case": _BENCHMARK_CASE,
            "patients": _integer("booked a day", "patients", low=1),
            "days": _integer("played", "days", low=1),
            "cpu_s": _number("the least of the runs", "s", low=0, measured=True),
            "million_days_a_cpu_s": _number("", low=0, measured=True),
            "peer_days": _integer("played by simpy", "days", low=1),
            "peer_cpu_s": _number("", "s", low=0, measured=True),
            "peer_million_days_a_cpu_s": _number("", low=0, measured=True),
            "ratio": _number("ours over simpy's", low=0, measured=True),
        },
    ),
    "clinic_day_benchmark_checks": Table(
        "What proves the clinic day: simpy on the same days and on its own, and waits of queues in the long run.",
        ("check", "case"),
        {
            "check": _text("what is compared; minutes, or service times for a stationary wait"),
            "case": _BENCHMARK_CASE,
            "found": _number("by the simulator", low=0),
            "known": _number("by simpy, or in closed form", low=0),
            "error": _number("standard error of the difference; none on the same days", low=0, missing=True),
            "agrees": _flag("within three standard errors; on the same days, a millionth of a minute"),
        },
    ),
    "clinic_day_benchmark_pairs": Table(
        "What common random numbers are worth in a comparison of two schedules.",
        ("schedule", "measure"),
        {
            "schedule": _text("beside one patient a slot"),
            "measure": _text("", among=("wait_min", "idle_min", "overtime_min")),
            "days": _integer("", "days", low=2),
            "mean": _number("of the schedule", "min"),
            "difference": _number("from one patient a slot", "min"),
            "variance_ratio": _number("variance of the difference with two seeds over that with one", low=0),
        },
    ),
    # ---- column 9, benchmarks: overbooking -------------------------------------------------------------
    "overbooking_benchmark_plans": Table(
        "Plans of seeded sessions, priced exactly with each patient's probability.",
        ("case", "instance", "plan"),
        {
            "case": _BENCHMARK_CASE,
            "instance": _integer("seed", low=0),
            "plan": _OVERBOOKING_PLAN,
            "booked": _integer("", "patients", low=0),
            "cost": _number("expected, weighted slots", low=0),
            "bound": _number("no plan that was allowed costs less; missing: not looked for", missing=True),
            "proved": _flag("no plan that was allowed is cheaper"),
            "wait": _number("expected, of all patients", "slots", low=0),
            "idle": _number("expected, of the provider", "slots", low=0),
            "overtime": _number("expected", "slots", low=0),
            "ratio": _number(
                "longest expected wait of a group over the shortest; missing: infinite", low=1, missing=True
            ),
            "high_came": _number("expected, of the group with more no-shows", "patients", low=0),
            "high_wait": _number("expected, of all of that group", "slots", low=0),
            "low_came": _number("expected, of the group with fewer no-shows", "patients", low=0),
            "low_wait": _number("expected, of all of that group", "slots", low=0),
        },
    ),
    "overbooking_benchmark_cases": Table(
        "The same by case: what overbooking by each patient's probability saves, and what a bound on waits costs.",
        ("case", "plan"),
        {
            "case": _BENCHMARK_CASE,
            "plan": _OVERBOOKING_PLAN,
            "instances": _integer("", low=1),
            "cost": _number("mean of the instances", low=0),
            "below_flat_rate": _number("share of the flat rate's cost that is saved, over all instances"),
            "above_cheapest": _number("cost beyond the cheapest plan's, as a share, over all instances"),
            "above_cheapest_most": _number("the most in an instance"),
            "within_one_percent": _number("share of instances that cost at most 1 % more", low=0, high=1),
            "high_over_low": _number(
                "mean wait of a patient who comes, over all instances: more no-shows over fewer", low=0, missing=True
            ),
            "ratio_most": _number("ratio of the groups' waits, largest; missing: infinite", low=1, missing=True),
            "ratio_median": _number("the same, median", low=1, missing=True),
            "proved": _number("share of instances whose plan is proved best", low=0, high=1, missing=True),
            "gap": _number("mean share of the cost that lies above the bound", low=0, high=1, missing=True),
        },
    ),
    "overbooking_benchmark_checks": Table(
        "Plans beside an exhaustive search over all plans and all combinations of patients who come.",
        ("plan", "slots", "patients"),
        {
            "plan": _text("what was looked for", among=("cheapest", "bounded", "anybody may be left out")),
            "slots": _integer("", low=1),
            "patients": _integer("who ask", low=1),
            "cost": _number("of the plan that was found", low=0),
            "exhaustive": _number("least of all", low=0),
            "proved": _flag("the search said that no plan is cheaper"),
            "agrees": _flag("whether they are the same"),
        },
    ),
    "overbooking_benchmark_offers": Table(
        "Time until ranked offers of open slots are there.",
        ("open_slots",),
        {
            "open_slots": _integer("", low=1),
            "requests": _integer("", low=1),
            "median_ms": _number("", "ms", low=0, measured=True),
            "p95_ms": _number("95th percentile", "ms", low=0, measured=True),
            "worst_ms": _number("", "ms", low=0, measured=True),
        },
    ),
    # ---- column 9, benchmarks: how each forecaster came to be as it is ------------------------------
    "benchmark_choices": Table(
        "Each choice of a frozen forecaster: what it was made on, and what of the scored seasons was seen by then.",
        ("ground", "number"),
        {
            "ground": _GROUND,
            "number": _integer("in the order of the record", low=1),
            "choice": _text("what was chosen"),
            "value": _text("what it was set to, and what was tried"),
            "chosen_on": _text("the data or scores that it was chosen on"),
            "seen": _text("what of the scored seasons was known by then"),
        },
    ),
    "benchmark_settings": Table(
        "Every setting of the frozen forecasters.",
        ("ground", "setting"),
        {
            "ground": _GROUND,
            "setting": _text("its name, dots for what lies within"),
            "value": _text("as Python prints it"),
        },
    ),
}


def table(name: str) -> Table:
    """Return the declaration of table `name`; an unknown name is a :class:`SchemaError` that lists the known ones."""
    try:
        return TABLES[name]
    except KeyError:
        raise SchemaError(
            f"no table is called {name!r}: give it a schema in healthops/data/schemas.py; "
            f"known: {', '.join(sorted(TABLES))}"
        ) from None


def measured(name: str) -> list[str]:
    """Columns of table `name` that are measured: they differ from run to run.

    >>> measured("flusight_runs")
    ['cpu_seconds']
    """
    return [column for column, rule in table(name).columns.items() if rule.measured]


@cache
def schema(name: str) -> pa.DataFrameSchema:
    """Return the pandera schema of table `name`."""
    import pandera.pandas as pa

    types = {"text": "str", "integer": "int64", "number": "float64", "date": "datetime64[ns]", "flag": "bool"}
    columns = {}
    for column, rule in table(name).columns.items():
        checks = []
        if rule.low is not None:
            checks.append(pa.Check.ge(rule.low))
        if rule.high is not None:
            checks.append(pa.Check.le(rule.high))
        if rule.among is not None:
            checks.append(pa.Check.isin(rule.among))
        if rule.pattern is not None:
            checks.append(pa.Check.str_matches(rule.pattern))
        if rule.kind == "date":
            checks.append(pa.Check(lambda s: s == s.dt.normalize(), error="a date without a time of day"))
        dtype = "Int64" if rule.kind == "integer" and rule.missing else types[rule.kind]
        columns[column] = pa.Column(dtype, checks, nullable=rule.missing, coerce=True)
    return pa.DataFrameSchema(
        columns, unique=list(table(name).key), strict=not table(name).extra, ordered=False, name=name
    )


def validate(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Check `frame` against the schema of table `name`; return it typed, its columns in the declared order.

    Raises
    ------
    SchemaError
        Naming the table, the column, the first offending rows and what the schema asks.
    """
    import pandera.pandas as pa

    declared = table(name)
    missing = sorted(set(declared.columns) - set(frame.columns))
    if missing:
        raise SchemaError(f"table {name!r} lacks the columns {missing}; it has {sorted(map(str, frame.columns))}")
    unknown = sorted(set(map(str, frame.columns)) - set(declared.columns))
    if unknown and not declared.extra:
        raise SchemaError(
            f"table {name!r} has undeclared columns {unknown}; declare them in healthops/data/schemas.py or drop them"
        )
    try:
        checked = schema(name).validate(frame.reset_index(drop=True), lazy=True)
    except pa.errors.SchemaErrors as errors:
        raise SchemaError(_explain(name, errors.failure_cases)) from None
    order = [*declared.columns, *(c for c in checked.columns if c not in declared.columns)]
    return checked[order]


def _explain(name: str, failures: pd.DataFrame) -> str:
    lines = [f"table {name!r} breaks its schema:"]
    for (column, check), group in failures.groupby(["column", "check"], sort=False, dropna=False):
        rows = [int(i) for i in group["index"].dropna().head(5)]
        values = [repr(v) for v in group["failure_case"].head(5)]
        lines.append(
            f"  column {column!r}: {check}: {len(group)} values, e.g. {', '.join(values)}"
            + (f" in rows {rows}" if rows else "")
        )
    lines.append("correct the rows, or set them aside with a reason in the ledger before the table is written")
    return "\n".join(lines)
