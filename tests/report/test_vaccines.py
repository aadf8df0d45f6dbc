"""Summaries of the vaccine tables are what loops over them say; every figure draws from small tables; notebooks run."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops.features import campaign_catalogue, campaign_clusters
from healthops.features.campaign_table import district_features, region_features
from healthops.report import vaccine_figures as figures
from healthops.report import vaccine_tables as tables
from tests.features.made_campaign import DISTRICTS, GROUPS, WEEKS, campaign, region_doses
from tests.report.checks import texts

PRODUCTS = pd.DataFrame({"product": ["A", "B"], "vial_doses": [5, 10], "cm3_per_dose": [4.0, 2.0]})


@pytest.fixture(scope="module")
def made():
    return campaign()


def shipments() -> pd.DataFrame:
    days = pd.to_datetime(["2021-03-01", "2021-03-01", None, "2021-05-01"])
    return pd.DataFrame({
        "shipment": ["S001", "S002", "S003", "S004"], "product": ["A", "B", "A", "A"], "doses": [100, 50, 30, 20],
        "covax": [True, False, False, False], "donor": [None, "C", None, None], "arrived": days,
        "arrived_from": pd.to_datetime("2021-03-01"), "arrived_to": pd.to_datetime("2021-05-01"),
        "repeat_of": [None, None, "S001", None],
    })  # fmt: skip


# ---- summaries --------------------------------------------------------------------------------------------------


def test_a_ledger_that_does_not_balance_is_named():
    columns = ["source", "table", "action", "reason", "rows"]
    rows = [
        ("f", "t", "in", "", 10),
        ("f", "t", "kept", "", 7),
        ("f", "t", "set_aside", "a", 2),
        ("f", "t", "set_aside", "b", 1),
    ]
    found = tables.balance(pd.DataFrame(rows, columns=columns))
    assert found.loc[("t", "f")].to_dict() == {"in": 10, "kept": 7, "set_aside": 3, "repaired": 0, "flagged": 0}
    with pytest.raises(ValueError, match=r"does not balance for \('t', 'f'\)"):
        tables.balance(pd.DataFrame(rows[:-1], columns=columns))


def test_what_is_assumed_is_counted():
    frames = {"a": pd.DataFrame({"basis": ["data", "assumed", "assumed"]}), "b": pd.DataFrame({"x": [1, 2]})}
    assert tables.basis_of(frames).to_numpy().tolist() == [[3, 1, 2], [2, 2, 0]]


def test_rules_of_products_that_never_came_are_left_out():
    rules = pd.DataFrame({"section": ["lots", "product A", "product A, presentation 1", "product AB", "product C"]})
    assert tables.assumptions_used(rules, PRODUCTS)["section"].tolist() == list(rules["section"][:3])


def test_supply_counts_undated_and_repeated_shipments():
    found = tables.supply_by_product(shipments())
    assert found.index.tolist() == ["A", "B"]
    assert found.loc["A", ["shipments", "doses", "undated", "repeats", "covax"]].tolist() == [3, 150, 1, 1, 100]
    assert found.loc["A", "last"] == pd.Timestamp("2021-05-01")


def test_stock_is_added_up_week_by_week(made):
    found = tables.stock_by_week(made["vaccine_lots"], made["vaccine_uptake"], PRODUCTS)
    assert found.index.is_unique and found.index.is_monotonic_increasing
    lots, uptake = made["vaccine_lots"], made["vaccine_uptake"]
    for week in found.index[[0, 9, -1]]:
        came = lots[lots["arrival_week"] <= week]
        given = uptake.loc[uptake["week_end"] <= week, ["first_doses", "second_doses"]].sum().sum()
        stock = came["doses"].sum() - given
        cm3 = (came["doses"] * came["product"].map({"A": 4.0, "B": 2.0})).sum() / max(came["doses"].sum(), 1)
        assert found.loc[week, "stock"] == pytest.approx(stock)
        assert found.loc[week, "litres"] == pytest.approx(max(stock, 0) * cm3 / 1000)


def test_load_of_the_points_is_that_of_the_busiest_week(made):
    found = tables.point_load(made["vaccine_facilities"], made["vaccine_uptake"], 0.005)
    uptake = made["vaccine_uptake"]
    own = uptake[uptake["ubigeo"] == "010102"]
    peak = max(own[own["week_end"] == w][["first_doses", "second_doses"]].sum().sum() for w in WEEKS)
    assert found.loc["010102", "litres"] == 20 and found.loc["010102", "load"] == pytest.approx(peak * 0.005 / 20)
    assert sorted(found.index) == sorted(DISTRICTS)


def test_parts_by_poverty_hold_all_people_and_keep_the_mean(made):
    reached = tables.district_coverage(made["vaccine_uptake"], made["priority_population"])
    last = made["vaccine_uptake"][made["vaccine_uptake"]["week_end"] == WEEKS[-1]]
    assert (reached["people"] * reached["first_pct"]).sum() / 100 == pytest.approx(last["first_total"].sum())
    poverty = made["places"].set_index("ubigeo")["poverty_pct"]
    parts = tables.by_poverty(reached, poverty, parts=3)
    assert parts["districts"].sum() == 6 and parts["people"].sum() == pytest.approx(reached["people"].sum())
    assert (parts["people"] * parts["full_pct"]).sum() == pytest.approx((reached["people"] * reached["full_pct"]).sum())
    assert parts["poverty_pct"].is_monotonic_increasing and (parts["lowest"] <= parts["first_pct"]).all()
    known = tables.by_poverty(reached, poverty.drop("010101"), parts=2)
    assert known["districts"].sum() == 5


def test_equal_parts_are_equal():
    reached = pd.DataFrame({"people": 10.0, "first_pct": np.arange(20.0), "full_pct": 0.0}, index=range(20))
    parts = tables.by_poverty(reached, pd.Series(np.arange(20.0)), parts=5)
    assert parts["districts"].tolist() == [4] * 5 and parts["first_pct"].tolist() == [1.5, 5.5, 9.5, 13.5, 17.5]


def test_regions_are_told_from_their_first_count_on():
    found = tables.region_coverage(region_doses())
    assert list(found.columns) == ["Region 01", "Region 02", "Region 03"]
    assert found["Region 02"].isna().sum() == 5 and found["Region 01"].notna().all()
    assert found["Region 01"].iloc[-1] == pytest.approx(
        100 * region_doses().query("region == '01'")["first_total"].iloc[-1] / 50_000
    )


# ---- figures ----------------------------------------------------------------------------------------------------


def outlines(level: str, codes) -> pd.DataFrame:
    rows = [
        (code, level, 0, point, n + dx, dy) for n, code in enumerate(codes)
        for point, (dx, dy) in enumerate([(0, 0), (1, 0), (1, 1), (0, 1)])
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["ubigeo", "level", "ring", "point", "longitude", "latitude"])


def test_figures_of_people_and_contacts(made):
    national = pd.DataFrame({"age_low": range(91), "population": 10.0})
    fig = figures.ages(national, made["priority_population"], {g: g.upper() for g in GROUPS[::-1]})
    left, right = fig.axes
    assert sum(bar.get_height() for bar in left.patches) == 910 and left.patches[-1].get_height() == 110
    assert sum(b.get_width() for b in right.patches) == pytest.approx(made["priority_population"]["people"].sum())
    values = {"x, %": pd.Series({"01": 1.0, "02": 2.0}), "y, %": pd.Series({"01": 1.0, "02": 2.0})}
    assert "x, %" in texts(figures.maps(outlines("department", ["01", "02"]), values, level="department"))
    rows = [(e, "all", a, b, 1.0 + a) for e in ("prem_2017", "prem_2021") for a in (0, 5, 10) for b in (0, 5, 10)]
    matrices = pd.DataFrame(rows, columns=["edition", "setting", "age_low", "contact_age_low", "contacts_per_day"])
    off = pd.DataFrame({"edition": ["prem_2017", "prem_2021"], "setting": "all", "imbalance": [0.14, 0.1]})
    assert "edition 2017: 14% out of balance" in texts(figures.contacts(matrices, off))


def test_figures_of_supply_and_coverage(made):
    stock = tables.stock_by_week(made["vaccine_lots"], made["vaccine_uptake"], PRODUCTS)
    assert "given" in texts(figures.supply(shipments(), stock))
    rows = [(low, high, w, 10.0 + k, s, 5.0, "reported") for low, high in ((0, 17), (18, None))
            for k, (w, s) in enumerate(zip(WEEKS[:3], ("reported", "corrected", "carried"), strict=True))]  # fmt: skip
    columns = ["age_low", "age_high", "week_end", "first_pct", "first_status", "full_pct", "full_status"]
    fig = figures.coverage_by_age(pd.DataFrame(rows, columns=columns).astype({"age_high": "Int64"}))
    assert "0-17" in texts(fig) and "18 and older" in texts(fig)
    rings = [line for line in fig.axes[0].lines if line.get_marker() == "o"]
    assert [len(line.get_xdata()) for line in rings] == [1, 1], "one mended week an age group"
    reached = tables.district_coverage(made["vaccine_uptake"], made["priority_population"])
    poverty = made["places"].set_index("ubigeo")["poverty_pct"]
    parts = tables.by_poverty(reached, poverty)
    warned = "derived by assumption, not observed"
    assert warned in texts(figures.coverage_by_poverty(reached, poverty, parts, assumed=True))
    assert warned not in texts(figures.coverage_by_poverty(reached, poverty, parts, assumed=False))
    assert "Region 0" in texts(figures.regions(tables.region_coverage(region_doses()), named=1))


def test_figures_of_the_cold_chain(made):
    stock = tables.stock_by_week(made["vaccine_lots"], made["vaccine_uptake"], PRODUCTS)
    load = tables.point_load(made["vaccine_facilities"], made["vaccine_uptake"], 0.005)
    curve = figures.cold_chain(stock, 900.0, load).axes[1].lines[0]
    assert curve.get_ydata()[-1] == 1 and len(curve.get_xdata()) == 6
    held = pd.DataFrame({"people": [30.0, 60.0, 5.0], "sessions": [1, 2, 1]})
    assert "vial of 10" in texts(figures.sessions(held, [10, 5, 5]))


def test_figures_of_features(made):
    doses, table = region_doses(), district_features(made)
    regions = region_features(doses)
    families = campaign_catalogue.families()
    names = doses.drop_duplicates("region").set_index("region")["name"]
    assert "REGION 02" in texts(figures.pace(regions, names))
    fig = figures.gaps({"regions": regions, "districts": table}, families)
    assert "supply" in texts(fig)
    shown = [label.get_text() for label in fig.axes[0].get_yticklabels()]
    assert shown == ["campaign so far", "saturation", "phase", "elsewhere", "season", "size"]
    score = pd.DataFrame(
        {"feature": list(campaign_catalogue.district_names()), "spearman": 0.1, "mutual_information": 0.2}
    )
    fig = figures.relevance({"one": score}, families, best=1)
    assert len(fig.axes[0].patches) == len(families)
    target = pd.Series(np.arange(len(regions), dtype=float))
    figures.saturation(regions, target, table, table["wanted_per_100_lag_0"])


def test_figures_of_clusters():
    trials = pd.DataFrame({
        "clusters": [2, 3], "silhouette": [0.3, 0.2], "silhouette_shuffled": 0.1, "stability": [0.9, 0.4],
        "stability_low": [0.8, 0.1], "smallest": 3, "chosen": [True, False],
    })  # fmt: skip
    rings = [line for line in figures.cluster_choice(trials, 0.8).axes[0].lines if line.get_markersize() == 13]
    assert [line.get_xdata().tolist() for line in rings] == [[2]]
    found = pd.DataFrame({"ubigeo": DISTRICTS, "cluster": [1, 1, 2, 2, 2, 1]})
    profile = pd.DataFrame({1: [0.5, -1.2], 2: [-0.5, 1.2]}, index=["reached_pct", "poverty_pct"])
    boundaries = pd.concat([outlines("district", DISTRICTS), outlines("department", ["01", "02"])])
    said = texts(figures.clusters(boundaries, found, profile, campaign_clusters.LABELS))
    assert "1: 3 districts" in said and "poverty, %" in said and "-1.2" in said
    assert set(campaign_clusters.LABELS) == {*campaign_clusters.BEHAVIOUR, *campaign_clusters.CIRCUMSTANCES}
