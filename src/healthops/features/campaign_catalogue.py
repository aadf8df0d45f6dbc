"""Every feature of vaccine demand, described: a test holds this list and the two tables to the same names.

Features of family ``campaign so far``, ``saturation``, ``phase``, ``elsewhere``, ``season`` and ``size`` are in both
tables under one name and in one unit; the others are known of districts alone.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from healthops.features.campaign_doses import LAGS
from healthops.features.catalogue import Feature

if TYPE_CHECKING:
    import pandas as pd

_DOSES = "vaccine_region_doses.first_doses, vaccine_uptake.first_doses"


def _doses(
    name: str, unit: str, how: str, why: str, family: str, kind: str = "number", source: str = _DOSES
) -> Feature:
    return Feature(name, kind, unit, source, how, "past_only", why, family)


def _shared() -> list[Feature]:
    so_far, full = "campaign so far", "vaccine_region_doses.full_total, vaccine_uptake.second_total"
    return [
        _doses("coverage_first_pct", "%", "people with a first dose so far, of all", "who is left to come", so_far),
        _doses(
            "coverage_full_pct",
            "%",
            "people with a full course so far, of all",
            "doses that are spoken for",
            so_far,
            source=full,
        ),
        _doses("between_doses_pct", "%", "the first less the second", "second doses that will be wanted", so_far),
        *(
            _doses(
                f"first_per_100_lag_{k}",
                "per 100 persons",
                f"first doses {k} weeks before, silent weeks missing",
                "demand moves slowly: the last weeks carry most of what is known",
                so_far,
            )
            for k in LAGS
        ),
        _doses("first_per_100_mean_4_weeks", "per 100 persons", "mean of the weeks told", "pace without noise", so_far),
        _doses("first_per_100_mean_8_weeks", "per 100 persons", "mean of the weeks told", "pace without noise", so_far),
        _doses(
            "first_growth_4_weeks",
            "1/week",
            "log ratio of the month's pace to that before, each + 0.01, over 4",
            "whether demand rises or falls",
            "saturation",
        ),
        _doses(
            "share_of_peak_pace",
            "",
            "the month's pace over the highest so far",
            "how far demand has fallen",
            "saturation",
        ),
        _doses("weeks_since_peak_pace", "weeks", "weeks since that highest pace", "the rush is over", "saturation"),
        _doses(
            "projected_coverage_pct",
            "%",
            "where coverage ends if the pace goes on falling as in the last four weeks",
            "demand falls as coverage nears willingness, which the past foretells",
            "saturation",
        ),
        _doses(
            "weeks_since_start",
            "weeks",
            "weeks with a coverage of 1 % or more",
            "a campaign's first weeks are its own",
            "phase",
        ),
        _doses("phase", "", "0 not begun, 1 rising, 2 falling, 3 tail (a tenth of the peak)", "rollout phase", "phase"),
        _doses("elsewhere_coverage_pct", "%", "coverage of all other places", "the nation's campaign", "elsewhere"),
        _doses(
            "elsewhere_first_per_100", "per 100 persons", "the week's first doses there", "news, supply", "elsewhere"
        ),
        _doses(
            "ahead_of_elsewhere_pct", "%", "coverage less that elsewhere", "early places saturate first", "elsewhere"
        ),
        Feature("week_sin", "number", "", "week_end", "sine of the day of the year", "static", "season", "season"),
        Feature("week_cos", "number", "", "week_end", "cosine of the day of the year", "static", "season", "season"),
        Feature(
            "log_people",
            "number",
            "log persons",
            "vaccine_region_doses.people, priority_population.people",
            "natural logarithm",
            "static",
            "size of the noise",
            "size",
        ),
    ]


def _demand() -> list[Feature]:
    def made(name: str, unit: str, how: str, why: str) -> Feature:
        return _doses(name, unit, how, why, "demand", source="vaccine_uptake.demand")

    return [
        *(
            made(
                f"wanted_per_100_lag_{k}",
                "per 100 persons",
                f"people who wanted a first dose {k} weeks before",
                "what is to be forecast, as last seen",
            )
            for k in LAGS
        ),
        made(
            "unmet_share_4_weeks",
            "",
            "share of those who wanted one in the last four weeks and got none",
            "where supply binds, doses given say little of demand",
        ),
        Feature(
            "willing_share",
            "number",
            "",
            "vaccine_willingness.willing_share",
            "as given; where assumed, at least what was reached in the end",
            "static",
            "the ceiling of demand",
            "demand",
        ),
        made("left_willing_pct", "%", "the willing who have no first dose, of all", "demand falls to nothing with it"),
    ]


def _place() -> list[Feature]:
    def made(name: str, unit: str, source: str, how: str, why: str, family: str, kind: str = "number") -> Feature:
        return Feature(name, kind, unit, source, how, "static", why, family)

    access = "vaccine_facilities.people_served, places.area_km2"
    return [
        made(
            "group_share_pct",
            "%",
            "priority_population.people",
            "people of the group, of the district's",
            "age and risk",
            "people",
        ),
        made("under_18_pct", "%", "population_age.population", "of the census", "ages of the district", "people"),
        made("over_60_pct", "%", "population_age.population", "of the census", "ages of the district", "people"),
        made(
            "km_to_point",
            "km",
            access,
            "two thirds of the radius of a point's equal part of the area",
            "far people come late or not",
            "access",
        ),
        made(
            "km_to_regional_store",
            "km",
            "vaccine_facilities.parent",
            "great circle between capitals",
            "supply comes late to far places",
            "access",
        ),
        made(
            "people_per_point",
            "persons",
            "vaccine_facilities.people_served",
            "inhabitants over points",
            "crowding",
            "access",
        ),
        made(
            "people_per_vaccinator",
            "persons",
            "vaccine_facilities.vaccinators",
            "inhabitants over vaccinators",
            "crowding",
            "access",
        ),
        made(
            "cold_litres_per_1000",
            "litres per 1,000 persons",
            "vaccine_facilities.cold_chain_litres",
            "of the points",
            "stock that can be held",
            "access",
        ),
        made("poverty_pct", "%", "places.poverty_pct", "as given", "poorer districts came later", "poverty"),
        made("hdi", "", "places.hdi", "as given", "poorer districts came later", "poverty"),
        made("altitude_m", "m", "places.altitude_m", "of the capital", "roads", "geography"),
        made("density_per_km2", "1/km2", "places.density_per_km2", "as given", "town or country", "geography"),
        made(
            "natural_region",
            "",
            "places.region",
            "as given",
            "coast, highlands and forest differ",
            "geography",
            "category",
        ),
        made(
            "department", "", "places.ubigeo", "first two digits", "what departments do alike", "geography", "category"
        ),
    ]


def _context() -> list[Feature]:
    def made(name: str, unit: str, source: str, how: str, why: str, family: str) -> Feature:
        return Feature(name, "number", unit, source, how, "past_only", why, family)

    fear = "fear of illness brings people, and fills the clinics that vaccinate"
    return [
        made(
            "cases_per_100k_4_weeks", "per 100,000", "weekly_cases.cases", "of the last four weeks", fear, "incidence"
        ),
        made(
            "incidence_ahead_per_100k",
            "per 100,000",
            "backtest_forecasts.q0.500",
            "medians of the next four weeks by "
            "the newest origin of the last four weeks; else the cases of the last four weeks",
            fear,
            "incidence",
        ),
        made(
            "incidence_is_forecast",
            "",
            "backtest_forecasts.reference_date",
            "1 where the above is a forecast",
            "which of the two it is",
            "incidence",
        ),
        made(
            "arrived_per_100_4_weeks",
            "doses per 100 persons",
            "vaccine_lots.doses",
            "in the country, last four weeks",
            "doses given follow supply",
            "supply",
        ),
        made(
            "stock_per_100",
            "doses per 100 persons",
            "vaccine_lots.doses, vaccine_uptake.first_doses",
            "arrived less given, in the country",
            "doses given follow supply",
            "supply",
        ),
    ]


#: Features of both tables, and those of districts alone, in the order of the tables.
SHARED: tuple[Feature, ...] = tuple(_shared())
DISTRICT: tuple[Feature, ...] = (*_demand(), *_place(), *_context())


def region_names() -> tuple[str, ...]:
    """Return the names of the features of ``vaccine_region_features``, in order."""
    return tuple(feature.feature for feature in SHARED)


def district_names(kind: str | None = None) -> tuple[str, ...]:
    """Return the names of the features of ``vaccine_features`` (of one `kind`), in order."""
    return tuple(f.feature for f in (*SHARED, *DISTRICT) if kind in (None, f.kind))


def families() -> dict[str, tuple[str, ...]]:
    """Return the names of each family, in order."""
    out: dict[str, tuple[str, ...]] = {}
    for f in (*SHARED, *DISTRICT):
        out[f.family] = (*out.get(f.family, ()), f.feature)
    return out


def vaccine_catalogue() -> pd.DataFrame:
    """Return table ``vaccine_feature_catalogue``."""
    import pandas as pd

    frame = pd.DataFrame([asdict(f) for f in (*SHARED, *DISTRICT)]).astype("str")
    frame["tables"] = ["both" if k < len(SHARED) else "districts" for k in range(len(frame))]
    return frame.astype("str").assign(unit=lambda d: d["unit"].where(d["unit"] != ""))
