"""What holds for the table as a whole: its names, and that no row knows of a later week."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthops.data.schemas import validate
from healthops.features.catalogue import FEATURES, catalogue, families, table_names
from healthops.features.grid import FeatureError
from healthops.features.panel import build_panel
from healthops.features.table import build_features

from .conftest import WEEKS, country_cases

KEY = ["ubigeo", "week_end"]


@pytest.fixture
def world(weekly_cases, places, population, climate, records):
    panel = build_panel(
        weekly_cases, places, population, level="province", min_cases=0, selection_end="2014-12-31", material_share=0.5
    )
    return panel, places, climate, records


def test_catalogue_and_table_have_the_same_names(world):
    table = validate("outbreak_features", build_features(*world))
    listed = validate("feature_catalogue", catalogue())
    assert [*KEY, *listed.loc[listed["kind"] != "text", "feature"]] == list(table.columns)
    assert [n for names in families().values() for n in names] == list(table_names())


def test_catalogue_tells_the_kinds_and_sources_right(world):
    panel, places, climate, records = world
    table = build_features(*world)
    tables = {
        "outbreak_panel": panel,
        "places": places,
        "climate_weekly": climate,
        "health_records": [*records, "diagnosis"],
    }
    for feature in FEATURES:
        name, columns = feature.source.split(".")
        assert all(column in tables[name] for column in columns.split(", ")), feature
        if feature.kind != "text":
            assert pd.api.types.is_numeric_dtype(table[feature.feature]) == (feature.kind == "number"), feature


def test_static_features_do_not_change_over_the_weeks(world):
    table = build_features(*world)
    for feature in FEATURES:
        if feature.fold_safety == "static":
            by = "week_end" if feature.family == "calendar" else "ubigeo"
            assert (table.groupby(by)[feature.feature].nunique(dropna=False) == 1).all(), feature.feature


def test_a_feature_that_the_catalogue_lacks_is_named(world, monkeypatch):
    monkeypatch.setattr("healthops.features.table.table_names", lambda: table_names()[:-1])
    with pytest.raises(FeatureError, match="lacks \\['sum_treatments_last_month'\\]"):
        build_features(*world)


@pytest.mark.parametrize("cut", [0, 13, 60, 118])
def test_changing_the_future_changes_nothing_before(world, cut):
    """Every number after the cut is replaced: cases, climate and records. Rows up to the cut stay as they were."""
    panel, places, climate, records = world
    table, now = build_features(*world), WEEKS[cut]
    rng = np.random.default_rng(cut)
    later = panel["week_end"] > now
    panel = panel.assign(cases=panel["cases"].mask(later, rng.poisson(500, len(panel)).astype(float)))
    climate = climate.copy()
    climate.loc[climate["week_end"] > now, ["temp_c", "rain_mm"]] = -9.0
    records = records[records["date"] <= now]
    changed = build_features(panel, places, climate, records)
    seen = table["week_end"] <= now
    pd.testing.assert_frame_equal(table[seen], changed[seen], rtol=0, atol=1e-9)
    if later.sum() > 20:
        moved = (table[~seen] != changed[~seen]) & ~(table[~seen].isna() & changed[~seen].isna())
        past_only = [f.feature for f in FEATURES if f.fold_safety == "past_only"]
        still = [name for name in past_only if not moved[name].any() and name != "weeks_unreported_last_28_days"]
        # The change is large enough to be seen by every feature that follows the cases, so the test can fail.
        assert [n for n in still if "climate" not in n and "records" not in n] == [] or cut == 118


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(60, 119), gaps=st.floats(0, 0.5))
def test_a_table_that_ends_at_the_cut_has_the_same_rows(seed, cut, gaps):
    """Features of a panel that stops at a week are those of the longer panel: nothing reads the panel's end."""
    from healthops.features.calendar import weeks_from_usual_peak
    from healthops.features.lags import lag_features
    from healthops.features.neighbours import neighbour_features

    frame = country_cases(seed=seed, gaps=gaps)
    cases = frame["cases"].to_numpy(float, na_value=np.nan).reshape(5, -1)
    people, where = np.arange(1, 6) * 1000.0, np.arange(5.0)

    def features(values, weeks):
        peak = weeks_from_usual_peak(values, weeks.to_numpy("datetime64[D]"))
        return {"peak": peak, **lag_features(values, people), **neighbour_features(values, people, where, -where)}

    whole, short = features(cases, WEEKS), features(cases[:, :cut], WEEKS[:cut])
    for name, values in short.items():
        assert np.allclose(values, whole[name][:, :cut], rtol=0, atol=1e-9, equal_nan=True), name
