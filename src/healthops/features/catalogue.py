"""Every feature, described in one place: a test holds this list and the table to the same names.

Features of kind ``text`` are families that transformers make from health records inside a training fold
(:mod:`healthops.features.text`); all others are columns of table ``outbreak_features``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from healthops.features import climate, lags

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Feature:
    """One feature: the columns of table ``feature_catalogue``, and the family that figures group it by."""

    feature: str
    kind: str
    unit: str
    source: str
    transformation: str
    fold_safety: str
    why: str
    family: str


def _calendar() -> list[Feature]:
    def made(name: str, kind: str, unit: str, how: str, why: str) -> Feature:
        return Feature(name, kind, unit, "outbreak_panel.week_end", how, "static", why, "calendar")

    return [
        made("year", "number", "year", "calendar year of the Saturday", "slow trends in reporting and spread"),
        made("month", "number", "month", "calendar month of the Saturday", "coarse season"),
        made(
            "season", "category", "", "summer December to February, and so on", "season in words, southern hemisphere"
        ),
        made(
            "day_of_week",
            "number",
            "",
            "Monday 0 to Sunday 6; a week's last day is 5",
            "clinics close on Sundays: daily records only",
        ),
        made("epi_week", "number", "week", "MMWR week of the year", "the clock that surveillance runs on"),
        made("week_sin", "number", "", "sine of the day of the year", "season without a jump at New Year"),
        made("week_cos", "number", "", "cosine of the day of the year", "season without a jump at New Year"),
        Feature(
            "weeks_from_usual_peak",
            "number",
            "weeks",
            "outbreak_panel.cases",
            "distance to the circular mean of the dates of all cases up to 26 weeks before",
            "past_only",
            "each place has its own season",
            "calendar",
        ),
    ]


def _geography() -> list[Feature]:
    def made(name: str, kind: str, unit: str, how: str, why: str, source: str = "") -> Feature:
        return Feature(name, kind, unit, source or f"places.{name}", how, "static", why, "geography")

    code = "first {} digits of the code of the most populous district"
    return [
        made("latitude", "number", "degrees", "of the capital", "climate and distance from the frontier"),
        made("longitude", "number", "degrees", "of the capital", "coast, highlands, forest"),
        made("altitude_m", "number", "m", "of the capital", "Aedes aegypti is rare above about 2,000 m"),
        made(
            "density_per_km2",
            "number",
            "1/km2",
            "as given, else of the districts",
            "people that one mosquito can reach",
        ),
        made("hdi", "number", "", "as given, else of the districts", "housing, water storage and access to care"),
        made(
            "poverty_pct", "number", "%", "as given, else of the districts", "housing, water storage and access to care"
        ),
        made(
            "log_population",
            "number",
            "log persons",
            "natural logarithm",
            "size of outbreaks and of noise",
            "outbreak_panel.population",
        ),
        made(
            "region",
            "category",
            "",
            "as given, else of the most populous district",
            "coast, highlands and forest differ",
        ),
        made("department", "category", "", code.format(2), "what departments do alike", "places.ubigeo"),
        made("province", "category", "", code.format(4), "what provinces do alike", "places.ubigeo"),
        made(
            "district",
            "category",
            "",
            code.format(6),
            "the place itself, for models that learn one by one",
            "places.ubigeo",
        ),
    ]


def _past(name: str, unit: str, how: str, why: str, *, family: str, source: str = "outbreak_panel.cases") -> Feature:
    return Feature(name, "number", unit, source, how, "past_only", why, family)


def _lags() -> list[Feature]:
    def made(name: str, unit: str, how: str, why: str) -> Feature:
        return _past(name, unit, how, why, family="own past")

    near = [
        made(
            f"lag_{k}",
            "cases",
            "cases of the week itself" if k == 0 else f"cases {k} weeks before",
            "the same season a year ago" if k > 12 else "dengue is slow: the last weeks carry most of what is known",
        )
        for k in lags.LAGS
    ]
    windows = [
        made(
            f"average_cases_last_{d}_days",
            "cases/day",
            f"mean of the reported weeks among the last {d // 7}, over 7",
            "level without the week's noise",
        )
        for d in lags.WINDOWS
    ]
    return [
        *near,
        *windows,
        made(
            "rate_last_28_days",
            "cases per 100,000",
            "four times the mean of the reported weeks, by population",
            "places of any size on one scale",
        ),
        made(
            "cases_last_52_weeks",
            "cases",
            "sum of the reported weeks",
            "recent immunity, and how much dengue the place has",
        ),
        made(
            "growth_4_weeks",
            "1/week",
            "log ratio of the last four weeks' mean to the four before, each + 0.5, over 4",
            "whether an outbreak is rising",
        ),
        made("weeks_since_peak", "weeks", "weeks since the highest of the last 52", "whether this year's wave is over"),
        made("weeks_since_case", "weeks", "weeks since a week with cases", "whether the virus is here"),
        made(
            "share_of_past_peak",
            "",
            "the week's cases over the highest week so far",
            "how far the outbreak has come by this place's own past",
        ),
        made(
            "weeks_unreported_last_28_days",
            "weeks",
            "weeks without a report among the last four",
            "how much to trust the windows",
        ),
    ]


def _neighbours() -> list[Feature]:
    def made(name: str, unit: str, how: str, why: str) -> Feature:
        return _past(name, unit, how, why, family="neighbours")

    spread = "infected people travel: outbreaks often start next door"
    return [
        made("neighbour_lag_0", "cases", "mean cases of the nearest places, great circle", spread),
        made("neighbour_lag_1", "cases", "the same a week before", spread),
        made("neighbour_average_28_days", "cases/day", "mean of the nearest places' four-week means, over 7", spread),
        made(
            "neighbour_rate_lag_0",
            "cases per 100,000",
            "cases over inhabitants of the nearest places together",
            "intensity next door, whatever its size",
        ),
        made(
            "neighbour_share_with_cases",
            "",
            "share of the nearest places with any case",
            "how widely the virus goes round",
        ),
        made(
            "gravity_rate_lag_0",
            "cases per 100,000",
            "mean rate of all other places, weighted by population / km2",
            "people move to large and near places",
        ),
        made(
            "gravity_rate_28_days",
            "cases per 100,000",
            "the same from four-week means, a week",
            "people move to large and near places",
        ),
        made(
            "gravity_growth_4_weeks",
            "1/week",
            "log ratio of the above to itself four weeks before, each + 0.05, over 4",
            "a wave on its way",
        ),
        made(
            "elsewhere_rate_lag_0",
            "cases per 100,000",
            "cases over inhabitants of all other places",
            "the national epidemic year",
        ),
    ]


def _climate() -> list[Feature]:
    out = []
    for column, unit, what, why in (
        ("temp_c", "deg C", "mean temperature", "warmth shortens the virus's time in the mosquito"),
        ("rain_mm", "mm", "rain of the week", "standing water breeds the mosquito, floods wash it away"),
    ):
        for k in climate.LAGS:
            how = f"{what} at the nearest station within 150 km and 500 m of altitude, {k} weeks before"
            out.append(_past(f"{column}_lag_{k}", unit, how, why, family="climate", source=f"climate_weekly.{column}"))
        windows = (28,) if column == "temp_c" else (28, 84)
        for days in windows:
            name = f"{column}_average_last_{days}_days" if column == "temp_c" else f"{column}_last_{days}_days"
            how = f"mean of the observed weeks among the last {days // 7}" + (
                "" if column == "temp_c" else f", times {days // 7}"
            )
            out.append(_past(name, unit, how, why, family="climate", source=f"climate_weekly.{column}"))
    near = Feature(
        "climate_station_km",
        "number",
        "km",
        "climate_weekly.ubigeo",
        "great-circle distance to that station",
        "static",
        "how much to trust the climate",
        "climate",
    )
    return [*out, near]


def _records() -> list[Feature]:
    def made(name: str, unit: str, source: str, how: str, why: str) -> Feature:
        return _past(name, unit, how, why, family="health records", source=f"health_records.{source}")

    return [
        made(
            "fever_records_last_28_days",
            "records",
            "date",
            "records of the place in the last 28 days",
            "clinics see a wave before it is confirmed",
        ),
        made(
            "warning_sign_share_last_28_days",
            "",
            "symptoms",
            "share of these with a warning sign among the symptom keywords",
            "second infections are graver: a new serotype shows",
        ),
        made(
            "sum_treatments_last_month",
            "treatments",
            "treatment",
            "treatments named in the records of the last 30 days",
            "load on the clinics",
        ),
    ]


def _texts() -> list[Feature]:
    def made(name: str, source: str, how: str, why: str) -> Feature:
        return Feature(name, "text", "", f"health_records.{source}", how, "fitted", why, "record text")

    return [
        made(
            "symptom_keywords",
            "symptoms",
            "flags of a Spanish lexicon, spelling folded, denials left out",
            "warning signs foretell severe dengue",
        ),
        made(
            "diagnosis_ngrams",
            "diagnosis",
            "tf-idf of runs of 3 to 5 letters within words",
            "what the clinician wrote, whatever the spelling",
        ),
        made(
            "symptom_diagnosis_interaction",
            "symptoms, diagnosis",
            "flags of the frequent pairs of symptom and diagnosis",
            "a sign weighs more beside some diagnoses",
        ),
    ]


#: Every feature, in the order of the table.
FEATURES: tuple[Feature, ...] = (
    *_calendar(),
    *_geography(),
    *_lags(),
    *_neighbours(),
    *_climate(),
    *_records(),
    *_texts(),
)


def table_names(kind: str | None = None) -> tuple[str, ...]:
    """Return the names of the columns of ``outbreak_features`` (of one `kind`), without its key, in order."""
    return tuple(f.feature for f in FEATURES if f.kind != "text" and kind in (None, f.kind))


def families() -> dict[str, tuple[str, ...]]:
    """Return the names of each family of columns of ``outbreak_features``, in order."""
    out: dict[str, tuple[str, ...]] = {}
    for f in FEATURES:
        if f.kind != "text":
            out[f.family] = (*out.get(f.family, ()), f.feature)
    return out


def catalogue() -> pd.DataFrame:
    """Return table ``feature_catalogue``."""
    import pandas as pd

    frame = pd.DataFrame([asdict(f) for f in FEATURES]).drop(columns="family")
    return frame.astype("str").assign(unit=lambda d: d["unit"].where(d["unit"] != ""))
