"""The cleaner finds what the simulator planted in the vaccine files; the simulator's own record is the judge."""

from __future__ import annotations

import json

import numpy as np
import pytest

from healthops.data import clean, clean_vaccines, synthetic
from healthops.data.priority_groups import load_groups
from healthops.data.schemas import TABLES, validate
from healthops.data.synthetic_ages import age_lines, count_ages
from healthops.data.synthetic_vaccines import mutual_contacts
from healthops.workspace import Workspace


@pytest.fixture(scope="module")
def country(tmp_path_factory):
    folder = tmp_path_factory.mktemp("smoke")
    synthetic.write_raw(Workspace("smoke"), folder)
    planted = json.loads((folder / "planted.json").read_text(encoding="utf-8"))
    first = clean.clean_tables(folder)
    tables = clean_vaccines.clean_vaccine_tables(folder, first["places"], first["population"])
    tables = {name: validate(name, frame) for name, frame in tables.items()}
    return (
        {k.removeprefix("vaccine_"): v["count"] for k, v in planted.items() if k.startswith("vaccine_")},
        tables,
        first,
    )


def _rows(tables, source: str, action: str, reason: str = "") -> int:
    ledger = tables["vaccine_ledger"]
    chosen = ledger[(ledger["source"] == source) & (ledger["action"] == action)]
    return int(chosen.loc[chosen["reason"].str.contains(reason, regex=False), "rows"].sum())


def test_the_tables_are_those_that_public_data_make(country):
    assert all(len(frame) for frame in country[1].values())
    recorded = {name for name, frame in country[1].items() if "basis" in frame and set(frame["basis"]) == {"data"}}
    assert recorded == {
        "vaccine_lots",
        "vaccine_facilities",
        "vaccine_sessions",
        "vaccine_willingness",
        "vaccine_uptake",
    }
    assert set(country[1]) <= set(TABLES)


def test_undated_and_repeated_shipments_are_found(country):
    planted, tables, _ = country
    shipments = tables["vaccine_shipments"]
    assert shipments["arrived"].isna().sum() == planted["undated_shipments"] > 3
    assert shipments["repeat_of"].notna().sum() == planted["repeated_shipments"] == 2
    # Every dose of a shipment that came is in a lot, and no repeat has one.
    came = shipments[shipments["repeat_of"].isna()].set_index("shipment")["doses"]
    lots = tables["vaccine_lots"].groupby("shipment")["doses"].sum()
    assert lots.to_dict() == came.to_dict()


def test_undated_shipments_arrived_between_their_neighbours(country):
    tables = country[1]
    lots = tables["vaccine_lots"].merge(tables["vaccine_shipments"], on="shipment", suffixes=("", "_told"))
    undated = lots[lots["arrived_told"].isna()]
    assert len(undated) and undated["arrived"].between(undated["arrived_from"], undated["arrived_to"]).all()
    dated = lots[lots["arrived_told"].notna()]
    assert (dated["arrived"] == dated["arrived_told"]).all()


def test_falls_gaps_and_repeats_are_found(country):
    planted, tables, _ = country
    coverage, states = "vacunas_covid_rangoedad_owid.csv", "time_series_covid19_vaccine_us.csv"
    assert _rows(tables, coverage, "repaired", "fell") == planted["coverage_falls"] > 0
    assert _rows(tables, coverage, "repaired", "the share before it stands") == planted["coverage_missing"] > 0
    assert _rows(tables, states, "set_aside", "repeats an earlier row") == planted["region_repeats"] > 0
    assert _rows(tables, states, "flagged", "cumulative Doses_admin") == planted["region_falls"] > 0
    # The true counts of the nation were told without a fault: what was corrected of its parts is small beside them.
    doses = tables["vaccine_region_doses"].groupby(["week_end", "kind"])["doses_total"].sum().unstack()
    assert (doses["state"] / doses["nation"] - 1).abs().iloc[30:].max() < 0.02


def test_contacts_are_put_off_and_the_truth_is_not(country):
    off = country[1]["contact_reciprocity"].set_index(["edition", "setting"])["imbalance"]
    assert off["prem_2017"].min() > off["prem_2021"].min() > 0.02
    people = np.arange(16, 0, -1) * 1000.0
    for contacts in mutual_contacts(people).values():
        total = contacts * people[:, None]
        np.testing.assert_allclose(total, total.T, rtol=1e-12)


def test_uptake_never_passes_willingness_or_supply(country):
    tables = country[1]
    uptake = tables["vaccine_uptake"]
    given = uptake.groupby("week_end")[["first_doses", "second_doses"]].sum().sum(axis=1).cumsum()
    lots = tables["vaccine_lots"].groupby("arrival_week")["doses"].sum().cumsum()
    there = lots.reindex(given.index, method="ffill").shift(fill_value=0)
    assert (given <= there).all() and given.iloc[-1] > 0.5 * there.iloc[-1]
    last = uptake[uptake["week_end"] == uptake["week_end"].max()]
    last = last.merge(tables["priority_population"], on=["ubigeo", "group"]).merge(
        tables["vaccine_willingness"], on=["ubigeo", "group"]
    )
    # The census of a district has the ages of its province; rounding to whole persons moves a group by a few.
    assert (last["first_total"] <= last["people"] * last["willing_share"] + 5).all()
    assert (last["second_total"] <= last["first_total"]).all()
    assert (uptake["first_doses"] <= uptake["demand"]).all()


def test_demand_falls_as_coverage_nears_willingness(country):
    tables = country[1]
    old = tables["vaccine_uptake"].query("group == 'older_and_health_workers'")
    by_week = old.groupby("week_end")[["demand", "first_total"]].sum()
    people = tables["priority_population"].merge(tables["vaccine_willingness"], on=["ubigeo", "group"])
    people = people[people["group"] == "older_and_health_workers"]
    left = (people["people"] * people["willing_share"]).sum() - by_week["first_total"].shift(fill_value=0)
    assert by_week["demand"].iloc[-1] < 0.2 * by_week["demand"].max()
    assert np.corrcoef(by_week["demand"], left)[0, 1] > 0.8


def test_sessions_hold_the_doses_of_their_district(country):
    tables = country[1]
    sessions = tables["vaccine_sessions"].merge(tables["vaccine_facilities"][["facility", "ubigeo"]], on="facility")
    people = sessions.groupby(["ubigeo", "week_end"])["people"].sum()
    doses = tables["vaccine_uptake"].groupby(["ubigeo", "week_end"])[["first_doses", "second_doses"]].sum().sum(axis=1)
    assert people.to_dict() == doses[doses > 0].to_dict()


def test_coverage_by_age_is_what_the_groups_were_given(country):
    tables = country[1]
    uptake = tables["vaccine_uptake"]
    first = uptake[uptake["week_end"] == uptake["week_end"].max()].groupby("group")["first_total"].sum()
    coverage = tables["vaccine_coverage"]
    end = coverage[coverage["week_end"] == coverage["week_end"].max()].set_index("age_low")["first_pct"]
    ages = tables["population_age"].query("level == 'department'").groupby("age_low")["population"].sum()
    bounds = [*end.index, 99]
    doses = sum(end[low] / 100 * ages.loc[low : high - 1].sum() for low, high in zip(bounds, bounds[1:], strict=False))
    assert doses == pytest.approx(first.sum(), rel=1e-3)


def test_ages_are_whole_and_add_up(country):
    districts = synthetic.simulate(Workspace("smoke")).country.districts
    ages = count_ages(districts, 2017)
    assert (ages.sum(axis=1) == districts[2017]).all() and (ages >= 0).all()
    lines = dict(age_lines(ages, single=True))
    assert sum(lines[f"{age} años"].sum() for age in range(5, 10)) == lines["De 5 a 9 años"].sum()
    assert len(lines) == 15 + 98


def test_the_same_seed_gives_the_same_bytes(tmp_path, country):
    from healthops.data.synthetic_vaccines import write_vaccines

    workspace = Workspace("smoke")
    home = synthetic.simulate(workspace).country
    for name in ("a", "b"):
        write_vaccines(workspace, tmp_path / name, home)
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file())
    assert len(files) == 20
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)


def test_too_many_groups_are_refused():
    from healthops.data.campaign_rules import load_rules
    from healthops.data.synthetic_campaign import vaccinate

    with pytest.raises(ValueError, match="8 priority groups, 4 weeks of invitation"):
        vaccinate(
            np.random.default_rng(1), np.random.default_rng(2), None, groups=load_groups() * 2, rules=load_rules()
        )
