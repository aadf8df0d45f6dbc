"""Every known defect of the public files is met, and the figures that their publishers state come out."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from healthops.data import clean
from healthops.data.schemas import validate

pytestmark = pytest.mark.mirror

CASES = "compressed_data.csv.gz"


@pytest.fixture(scope="module")
def tables(mirror):
    start = time.process_time()
    tables = clean.clean_tables(mirror)
    assert time.process_time() - start < 25
    return {name: validate(name, frame) for name, frame in tables.items()}


@pytest.fixture(scope="module")
def cases(tables):
    return tables["weekly_cases"]


def _rows(tables, source: str, action: str, reason: str = "") -> int:
    ledger = tables["ledger"]
    chosen = ledger[(ledger["source"] == source) & (ledger["action"] == action) & ledger["reason"].str.contains(reason)]
    return int(chosen["rows"].sum())


def test_every_case_is_kept_or_set_aside_with_a_reason(tables, cases):
    assert _rows(tables, CASES, "in") == 492_597
    assert _rows(tables, CASES, "set_aside", "no place given") == 354
    assert _rows(tables, CASES, "set_aside") == 354
    assert cases["cases"].sum() == _rows(tables, f"{CASES} (cases)", "kept") == 492_597 - 354


def test_absent_weeks_are_written_as_zeros(cases):
    weeks = cases["week_end"].unique()
    assert len(cases) == cases["ubigeo"].nunique() * len(weeks)
    assert (np.diff(np.sort(weeks)).astype("timedelta64[D]").astype(int) == 7).all()
    by_department = cases.groupby([cases["ubigeo"].str[:2], "week_end"])["cases"].sum()
    assert (len(by_department), (by_department > 0).sum()) == (15_334, 8_938)
    assert (cases["cases"] == cases["confirmed"] + cases["probable"]).all()
    assert (cases["female"] <= cases["cases"]).all()


def test_week_53_is_there_in_2014_and_2020_only(cases):
    last = cases[cases["epi_week"] == 53].groupby("epi_year")["cases"].sum()
    # As the line list has them, less the rows without a place.
    assert last.index.tolist() == [2014, 2020]
    assert last.loc[2014] == pytest.approx(232, abs=3) and last.loc[2020] == pytest.approx(1184, abs=3)
    assert (cases["week_end"].min(), cases["week_end"].max()) == (
        pd.Timestamp("2010-01-09"),
        pd.Timestamp("2023-05-13"),
    )


@pytest.mark.parametrize(
    ("ubigeo", "rows"),
    # The 8 mismatches, 7,894 cases: one in Cusco, Huánuco and Ucayali each, five in the province of Nazca.
    [
        ("080907", 2367), ("100602", 124), ("250201", 2202),
        ("110301", 1855), ("110302", 50), ("110303", 24), ("110304", 18), ("110305", 1254),
    ],
)  # fmt: skip
def test_names_that_do_not_match_the_code_table(cases, ubigeo, rows):
    assert cases.loc[cases["ubigeo"] == ubigeo, "cases"].sum() == rows


def test_only_the_alias_table_was_needed(tables):
    assert _rows(tables, CASES, "repaired") == _rows(tables, CASES, "repaired", "table of aliases") == 7_894


def test_probable_and_confirmed(cases):
    kinds = cases.groupby("epi_year")[["confirmed", "probable"]].sum()
    assert kinds.loc[2010:2014, "probable"].sum() <= 16
    newest = cases[cases["week_end"] == "2023-05-13"][["confirmed", "probable"]].sum()
    # 2,123 and 5,946 in the line list, of which 3 and 9 without a place
    assert newest.tolist() == [2_123 - 3, 5_946 - 9]


def test_the_tail_is_flagged_and_the_rule_follows_from_the_mix(cases):
    weeks = cases.groupby("week_end")[["confirmed", "probable"]].sum().tail(8)
    share = (weeks["probable"] / weeks.sum(axis=1)).to_numpy(float)
    # level for six weeks, then a jump by more than ten points in the last two
    assert np.ptp(share[1:6]) < 0.03
    assert (share[6:] > share[:6].max() + 0.1).all()
    truncated = cases.loc[cases["status"] == "truncated", "week_end"].unique()
    assert sorted(truncated) == sorted(weeks.index[-3:])
    assert set(cases["status"]) == {"complete", "truncated"}


def test_constant_columns_are_noted(tables):
    for column in ("Semana actualización", "Eventos o daños"):
        assert _rows(tables, CASES, "flagged", f"'{column}' is constant") == 492_597 - 354


def test_places(tables):
    places = tables["places"]
    assert places["level"].value_counts().to_dict() == {"district": 1892, "province": 196, "department": 25}
    name = "ubigeo_distrito.csv"
    assert _rows(tables, name, "set_aside", "no INEI code") == 1
    # 19 districts lack attributes, one of them is the one without a code
    assert _rows(tables, name, "flagged", "no attributes") == 18
    districts = places[places["level"] == "district"]
    assert districts["latitude"].isna().sum() == 18
    assert not set(tables["weekly_cases"]["ubigeo"]) - set(districts.loc[districts["population"].notna(), "ubigeo"])


@pytest.mark.parametrize(
    ("ubigeo", "region"),
    [
        ("160101", "selva"), ("200101", "costa"), ("150101", "costa"), ("080101", "sierra"), ("060801", "selva"),
        ("240101", "costa"), ("250101", "selva"), ("170101", "selva"), ("110101", "costa"), ("050101", "sierra"),
        ("120301", "selva"), ("080901", "selva"), ("040101", "sierra"), ("140101", "costa"), ("230101", "costa"),
    ],
)  # fmt: skip
def test_natural_regions_of_well_known_towns(tables, ubigeo, region):
    places = tables["places"].set_index("ubigeo")
    assert places.loc[ubigeo, "region"] == region


def test_population_sums_agree_with_the_census(tables):
    sums = tables["population"].groupby(["level", "year"])["population"].sum()
    for level in ("department", "province", "district"):
        assert sums.loc[level, 2017] == 29_381_884
    for level in ("department", "province"):
        assert sums.loc[level].drop(2017).to_dict() == {1993: 22_048_356, 2007: 27_412_157, 2022: 33_396_698}


def test_the_region_level_row_and_callao(tables):
    population = tables["population"].set_index(["ubigeo", "year"])["population"]
    # The region-level row "Lima" is the province of Lima; the department holds it and nine more.
    assert population[("1501", 2022)] == 10_004_141 < population[("15", 2022)]
    assert population[("07", 2017)] == population[("0701", 2017)] == 994_494
    assert population[("07", 2022)] == population[("0701", 2022)]
    # Corrected totals of 2017 are left out: Amazonas was counted at 379,384, corrected to 417,365.
    assert population[("01", 2017)] == 379_384
    assert _rows(tables, "province_pop.csv", "set_aside") == 0


def test_density_times_area_is_near_the_census_in_most_districts(tables):
    places = tables["places"].set_index("ubigeo")
    places = places[places["level"] == "district"].dropna(subset=["area_km2", "density_per_km2", "population"])
    estimate = places["density_per_km2"] * places["area_km2"]
    # An independent figure: it adds up to 17 % more people than the census counted, so the census is what is used.
    assert estimate.sum() / 29_381_884 == pytest.approx(1.17, abs=0.01)
    ratio = estimate / places["population"].clip(lower=1)
    assert (ratio.between(1 / 1.5, 1.5)).mean() > 0.85


def test_boundaries(tables):
    boundaries = tables["boundaries"]
    drawn = boundaries.drop_duplicates("ubigeo")["level"].value_counts().to_dict()
    # 25, 197 and 1,834 features: two provinces come in two features, 8 districts without geometry.
    assert drawn == {"department": 25, "province": 195, "district": 1826}
    assert _rows(tables, "peru_provincial_simple.geojson", "repaired", "second outline") == 2
    assert _rows(tables, "peru_distrital_simple.geojson", "set_aside", "geometry is null") == 8
    assert _rows(tables, "ubigeo_distrito.csv", "flagged", "no outline") == 1892 - 1826
    assert boundaries["longitude"].between(-81.5, -68.5).all() and boundaries["latitude"].between(-18.5, 0.1).all()


def test_climate(tables):
    weekly, name = tables["climate_weekly"], "IquitosPE000084377.csv"
    assert set(weekly["ubigeo"]) == {"160101"}
    assert _rows(tables, name, "kept") == 14_554
    assert _rows(tables, f"{name} (days of its span)", "set_aside", "absent") == 858
    assert _rows(tables, name, "flagged", "no mean temperature") == 8_517
    assert weekly["days_observed"].between(1, 7).all()
    # Iquitos lies on the equator: about 26 degrees all year round, and about 3 m of rain.
    assert weekly["temp_c"].mean() == pytest.approx(26.5, abs=1)
    assert weekly["temp_c"].min() > 15 and weekly["temp_max_c"].max() < 45
    assert weekly["rain_mm"].mean() * 52 == pytest.approx(3000, rel=0.2)
    assert (weekly["temp_min_c"].dropna() > -100).all()


def test_no_public_source_offers_vintages(tables):
    assert len(tables["reporting_triangle"]) == 0
