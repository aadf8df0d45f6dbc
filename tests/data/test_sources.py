"""The list of sources against the catalogue of the mirror."""

from __future__ import annotations

import csv

import pytest

from healthops.data import flusight_files
from healthops.data.errors import DataError
from healthops.data.raw_layout import CLINIC_FILES, RAW_PATHS
from healthops.data.sources import VINTAGES, load_sources


def test_sources_lie_where_the_cleaner_looks():
    grounds = ("", "vaccine", "maternal", "hourly", "appointment", "roster")
    sources = {name: source for name, source in load_sources().items() if source.ground in grounds}
    assert {name: source.relative for name, source in sources.items()} == {name: RAW_PATHS[name] for name in sources}
    assert load_sources()["flusight_locations"].relative == RAW_PATHS["flusight_locations"]
    # What only a simulator can tell has no public source; the people of US states belong to a proving ground.
    assert sorted(set(RAW_PATHS) - set(sources) - set(CLINIC_FILES)) == [
        "flusight_locations", "reporting_triangle", "silent_weeks", "stations",
        "vaccine_facilities", "vaccine_lots", "vaccine_sessions", "vaccine_uptake", "vaccine_willingness",
    ]  # fmt: skip


def test_sources_of_the_proving_ground_lie_where_its_readers_look():
    sources = load_sources()
    places = {str(s.relative) for s in sources.values() if s.ground == "flusight"}
    entries = flusight_files.read_vintage_index(VINTAGES)
    hub = flusight_files.HUB
    vintages = {f"{hub}/{entry.commit[:12]}/{flusight_files.ADMISSIONS_PATH}" for entry in entries}
    ilinet = f"{flusight_files.ILINET_REPOSITORY}/{flusight_files.ILINET_COMMIT}"
    others = {f"{ilinet}/{path}" for path in (*flusight_files.ILINET_PATHS.values(), flusight_files.FIPS_PATH)}
    others.add(f"{hub}/{flusight_files.LOCATIONS_COMMIT}/{flusight_files.LOCATIONS_PATH}")
    assert vintages | others <= places
    # Two reference dates share the file of 15 January 2025: nothing newer was published.
    assert (len(entries), len(vintages)) == (58, 57)
    assert {s.ground for s in sources.values()} == {
        "", "vaccine", "maternal", "hourly", "appointment", "flusight", "dengue_project", "routes", "home_care",
        "roster",
    }  # fmt: skip


def test_each_vintage_is_named_by_the_first_reference_date_that_could_see_it():
    sources = load_sources()
    assert sources["flusight_vintage_2025_01_18"].commit == "072369d30d63"
    assert "flusight_vintage_2025_01_25" not in sources
    one, truth = sources["flusight_vintage_2023_10_14"], sources["flusight_truth"]
    assert (one.repository, one.path, one.licence, one.citation) == (
        truth.repository, truth.path, truth.licence, truth.citation,
    )  # fmt: skip
    assert one.sha256 != truth.sha256


@pytest.mark.mirror
def test_index_of_vintages_is_the_reference(mirror):
    theirs = flusight_files.read_vintage_index(mirror.parent / "reference" / "flusight_vintages.csv")
    assert flusight_files.read_vintage_index(VINTAGES) == theirs


def test_address_is_built_from_the_four_parts():
    assert load_sources()["line_list"].address() == (
        "https://raw.githubusercontent.com/jsbrittain/peru_dengue_province/d3afeb69b7d4/processing/compressed_data.csv.gz"
    )


@pytest.mark.mirror
def test_every_source_is_as_the_catalogue_of_the_mirror_says(mirror):
    with (mirror / "CATALOG.csv").open(encoding="utf-8", newline="") as file:
        catalogue = {(row["repository"], row["commit"], row["path"]): row for row in csv.DictReader(file)}
    for source in load_sources().values():
        row = catalogue[source.repository, source.commit, source.path]
        assert (source.sha256, source.bytes) == (row["sha256"], int(row["bytes"]))
        assert (source.licence, source.publisher) == (row["licence_as_stated"], row["publisher"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("sha256: 5a", "sha256: XY"), "not 64 hexadecimal digits"),
        (("repository: jsbrittain/peru_dengue_province", "repository: jsbrittain"), "is not <owner>/<name>"),
        (("  about:", "  abuot:"), r"lacks \['about'\] and has unknown keys \['abuot'\]"),
        (('licence: "none stated in the repository; public surveillance data"', 'licence: ""'), "none stated"),
    ],
)
def test_a_faulty_list_is_an_error_that_names_the_source(tmp_path, change, message):
    from healthops.data import sources

    text = sources._LIST.read_text(encoding="utf-8")
    assert change[0] in text
    path = tmp_path / "sources.yaml"
    path.write_text(text.replace(*change, 1), encoding="utf-8")
    with pytest.raises(DataError, match=f"source line_list.*{message}"):
        load_sources(path)
