"""The cleaner undoes what the simulator planted: it is told nothing, and the simulator's own record is the judge."""

from __future__ import annotations

import json

import pytest

from healthops.data import clean, synthetic
from healthops.data.clean_places import clean_places, gazetteer
from healthops.data.ledger import Ledger
from healthops.data.schemas import validate
from healthops.workspace import Workspace


@pytest.fixture(scope="module")
def country(tmp_path_factory):
    folder = tmp_path_factory.mktemp("smoke")
    synthetic.write_raw(Workspace("smoke"), folder)
    planted = json.loads((folder / "planted.json").read_text(encoding="utf-8"))
    return folder, planted, clean.clean_tables(folder)


def _rows(ledger, action: str, reason: str) -> int:
    cases = ledger[(ledger["source"] == "compressed_data.csv.gz") & (ledger["action"] == action)]
    return int(cases.loc[cases["reason"].str.contains(reason), "rows"].sum())


def test_tables_obey_the_schemas_of_the_public_ones(country):
    for name, frame in country[2].items():
        assert len(validate(name, frame)) > 0


def test_every_case_is_accounted_for(country):
    _, planted, tables = country
    on_file, no_place = planted["cases_on_file"]["count"], planted["no_place"]["count"]
    assert tables["weekly_cases"]["cases"].sum() == on_file - no_place
    assert _rows(tables["ledger"], "set_aside", "") == no_place


def test_every_planted_misspelling_is_brought_to_the_right_place(country):
    folder, planted, tables = country
    assert _rows(tables["ledger"], "repaired", "misspelt") == planted["misspelt_places"]["count"] > 0
    places = clean_places(folder, Ledger())
    finder, names = gazetteer(places), places.set_index("ubigeo")["name"]
    for planted_name in planted["misspelt_places"]["detail"]:
        code = planted_name["ubigeo"]
        match = finder.find(names[code[:2]], names[code[:4]], planted_name["written"])
        assert (match.code, match.repaired) == (code, True)


def test_silent_weeks_are_found(country):
    _, planted, tables = country
    assert (tables["weekly_cases"]["status"] == "missing").sum() == planted["silent_weeks"]["count"]


def test_reporting_triangle_adds_up_to_the_cases_on_file(country):
    _, planted, tables = country
    triangle, cases = tables["reporting_triangle"], tables["weekly_cases"]
    longest = triangle.groupby("week_end")["cases"].sum()
    known = cases.groupby("week_end")["cases"].sum()
    # Cases without a place are in the triangle of their department or nowhere; all others are in both.
    assert abs(int(longest.sum()) - int(known.sum())) <= planted["no_place"]["count"]
