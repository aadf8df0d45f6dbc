from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from healthops.report import index
from healthops.workspace import Declaration, Scenario
from tests.report.checks import faults, parse

METRICS = {"11-explore-outbreaks.cases": 1234567, "41-allocate-resources.expected_saved_vs_last_week_pct": 12.345}
TITLES = {
    "11-explore-outbreaks": "Explore <outbreaks>",
    "21-features-outbreaks": "Features",
    "31-train-outbreak-forecasters": "Train",
    "41-allocate-resources": "Allocate",
}


@pytest.fixture
def site(tmp_path: Path, page: Path, failed_page: Path) -> Path:
    """The index beside one good page, one that says it failed, and one of an earlier run."""
    (tmp_path / "11-explore-outbreaks.html").write_bytes(page.read_bytes())
    (tmp_path / "41-allocate-resources.html").write_bytes(failed_page.read_bytes())
    (tmp_path / "31-train-outbreak-forecasters.html").write_bytes(page.read_bytes())
    out = tmp_path / "index.html"
    index.render_index(
        TITLES,
        scenario=Scenario.load("synthetic"),
        metrics=METRICS,
        out=out,
        outdated=["31-train-outbreak-forecasters", "41-allocate-resources"],
        elsewhere={"91-benchmark-forecasts": ("public",)},
    )
    return out


def cell(soup: BeautifulSoup, row: int, column: int) -> str:
    found = soup.select("table.grid tbody tr")[row].find_all("td")[column]
    return " ".join(found.get_text(" ").split())


def test_the_index_has_no_fault(site: Path) -> None:
    assert faults(site, answered=False) == []


def test_the_grid_has_six_stages_and_four_systems(site: Path) -> None:
    grid = parse(site).select_one("table.grid")
    assert [th.contents[0].strip() for th in grid.select("thead th")] == [
        "outbreaks",
        "vaccines",
        "community",
        "providers",
    ]
    names = ["explore", "features", "train", "decide", "replay", "benchmark"]
    assert [th.contents[0].strip() for th in grid.select("tbody th")] == names
    assert all(len(row.find_all("td")) == 4 for row in grid.select("tbody tr"))


def test_each_cell_says_what_became_of_its_notebook(site: Path) -> None:
    soup = parse(site)
    assert cell(soup, 0, 0) == "Explore <outbreaks> 1,234,567 dengue cases in the data"
    assert cell(soup, 0, 1) == "Explore vaccines not built yet"
    assert cell(soup, 1, 0) == "Features not run in this scenario yet"
    assert cell(soup, 2, 0) == "Train out of date: something before it failed"
    assert cell(soup, 3, 0) == "Allocate failed: see its report"
    assert cell(soup, 5, 0) == "Benchmark forecasts measured on public data only"
    assert cell(soup, 5, 1) == "Benchmark allocation not built yet"
    links = [a["href"] for a in soup.select("table.grid a")]
    assert links == ["11-explore-outbreaks.html", "31-train-outbreak-forecasters.html", "41-allocate-resources.html"]


def test_the_index_says_what_it_is_and_how_to_make_it_again(site: Path) -> None:
    text = parse(site).get_text(" ")
    assert "Synthetic data. Every place" in text and "make reproduce SCENARIO=synthetic" in text
    assert parse(site).select_one("header .banner-synthetic")
    assert "expected_saved_vs_last_week_pct" in parse(site).select_one("table.metrics").get_text()


def test_the_same_state_gives_the_same_bytes(site: Path, tmp_path: Path) -> None:
    before = site.read_bytes()
    scenario = Scenario.load("synthetic")
    size = index.render_index(
        TITLES,
        scenario=scenario,
        metrics=METRICS,
        out=site,
        outdated=["31-train-outbreak-forecasters", "41-allocate-resources"],
        elsewhere={"91-benchmark-forecasts": ("public",)},
    )
    assert site.read_bytes() == before and size == len(before)


def test_headlines_in_words() -> None:
    assert index.headlines(METRICS) == {
        "11-explore-outbreaks": "1,234,567 dengue cases in the data",
        "41-allocate-resources": "+12.3 % of the expected unmet need saved against sharing by last week's cases",
    }
    assert index.headlines({}) == {}


def test_every_declared_notebook_stands_in_the_grid_and_has_a_headline() -> None:
    declared = Declaration.load_all()
    assert set(declared) <= set(index.grid()["notebooks"])
    for name, entry in declared.items():
        assert index.grid()["notebooks"][name] == entry.title
    assert set(index._wanted()) <= set(index.grid()["notebooks"])


def test_a_number_is_an_address() -> None:
    grid = index.grid()
    assert len(grid["notebooks"]) == 24
    for name in grid["notebooks"]:
        assert re.fullmatch(r"\d\d(-[a-z]+)+", name)
        assert index.stage_name(name) and index.system_name(name)
    assert (index.stage_name("x"), index.system_name("")) == ("", "")
