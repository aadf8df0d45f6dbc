"""Vintages of admissions and ILINet: what is read, what is refused, and that nothing later can be seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healthops.data import flusight_files as files
from healthops.data.errors import RawFileError

COMMIT = "0123456789ab" + "c" * 28
POPULATION = {"US": 3e8, "01": 5e6, "06": 4e7}
HEAD = "reference_date,commit,committed_at_utc,last_week_reported\n"
ROW = f"2024-11-23,{COMMIT},2024-11-20T18:30+00:00,2024-11-16\n"
WEEK = np.timedelta64(7, "D")


def index(folder: Path, text: str) -> Path:
    path = folder / "index.csv"
    path.write_text(text)
    return path


def entry(reference="2024-11-23", last="2024-11-16") -> files.VintageEntry:
    return files.VintageEntry(np.datetime64(reference), COMMIT, "2024-11-20T18:30+00:00", np.datetime64(last))


def admissions_rows(weeks=("2024-11-02", "2024-11-09", "2024-11-16")) -> list[list[str]]:
    return [
        [week, place, {"01": "Alabama", "06": "California", "US": "US"}[place], str(10 * t + p), "0.1"]
        for t, week in enumerate(weeks)
        for p, place in enumerate(("01", "06", "US"))
    ]


def write_admissions(folder: Path, rows: list[list[str]], *, numbered: bool = False, commit: str = COMMIT[:12]) -> Path:
    path = folder / commit / files.ADMISSIONS_PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    head = ["date", "location", "location_name", "value", "weekly_rate"]
    table = pd.DataFrame(rows, columns=head)
    table.index += 1
    table.to_csv(path, index=numbered, quoting=1 if numbered else 0, index_label="" if numbered else None)
    return path


def read(folder: Path, rows: list[list[str]], **more) -> files.Vintage:
    write_admissions(folder, rows)
    return files.read_vintage(entry(**more), folder, POPULATION)


# ---- index -------------------------------------------------------------------------------------------------


def test_season_is_cut_in_july():
    assert [files.season_of(d) for d in ("2023-10-14", "2024-06-30", "2024-07-01", "1999-12-31", "1970-01-01")] == [
        "2023-24", "2023-24", "2024-25", "1999-00", "1969-70",
    ]  # fmt: skip


def test_index_is_read_in_order_and_by_season(tmp_path):
    other = (
        ROW.replace("2024-11-23", "2023-11-25").replace("2024-11-16", "2023-11-18").replace("2024-11-20", "2023-11-22")
    )
    path = index(tmp_path, HEAD + ROW + other)
    entries = files.read_vintage_index(path)
    assert [(str(e.reference_date), e.season, e.weeks_late) for e in entries] == [
        ("2023-11-25", "2023-24", 0),
        ("2024-11-23", "2024-25", 0),
    ]
    assert files.read_vintage_index(path, "2024-25") == entries[1:]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("2024-11-23,", "2024-11-22,"), "column 'reference_date', line 2: '2024-11-22' is not a Saturday"),
        (("2024-11-23,", "2024-11,"), "column 'reference_date', line 2: '2024-11' is not a Saturday"),
        (("c" * 28, "c" * 27), "column 'commit', line 2: '.*' is not a commit of 40 hexadecimal digits"),
        (("c" * 28, "C" * 28), "is not a commit of 40 hexadecimal digits"),
        (
            ("2024-11-20T", "2024-11-24T"),
            "line 2: commit 0123456789ab was made on 2024-11-24, after its reference date",
        ),
        (("2024-11-20T18:30+00:00", "yesterday"), "line 2, column 'committed_at_utc': 'yesterday' is not a time"),
        (("11-16\n", "11-23\n"), "line 2, column 'last_week_reported': the week to 2024-11-23 was not over"),
        (("11-16\n", "11-17\n"), "column 'last_week_reported', line 2: '2024-11-17' is not a Saturday"),
        (("\n", "\n" + ROW), "column 'reference_date': 2024-11-23 stands twice"),
    ],
)
def test_a_fault_of_the_index_is_named(tmp_path, change, message):
    assert change[0] in ROW
    path = index(tmp_path, HEAD + ROW.replace(*change, 1))
    with pytest.raises(RawFileError, match="index.csv.*" + message):
        files.read_vintage_index(path)


def test_an_unknown_season_or_column_lists_what_there_is(tmp_path):
    with pytest.raises(RawFileError, match="index.csv has no season '2019-20'; it has 2024-25"):
        files.read_vintage_index(index(tmp_path, HEAD + ROW), "2019-20")
    with pytest.raises(RawFileError, match=r"lacks the columns \['commit'\]"):
        files.read_vintage_index(index(tmp_path, HEAD.replace("commit,", "comit,") + ROW))
    with pytest.raises(RawFileError, match="it has no row at all"):
        files.read_vintage_index(index(tmp_path, HEAD), "2019-20")


# ---- finding ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", ["", files.HUB])
@pytest.mark.parametrize("digits", [12, 40])
def test_a_commit_is_found_in_a_mirror_and_in_the_hubs_folder(tmp_path, inside, digits):
    path = write_admissions(tmp_path / inside, admissions_rows(), commit=COMMIT[:digits])
    assert files.find_in_commit(tmp_path, COMMIT, files.ADMISSIONS_PATH) == path


def test_a_commit_that_is_not_there_says_where_it_was_looked_for(tmp_path):
    write_admissions(tmp_path, admissions_rows(), commit="f" * 12)
    (tmp_path / COMMIT[:6]).mkdir()
    with pytest.raises(
        RawFileError, match=rf"of commit {COMMIT} is not there: looked in {tmp_path}/0123456789ab/ .*fetch"
    ):
        files.find_in_commit(tmp_path, COMMIT, files.ADMISSIONS_PATH)
    with pytest.raises(RawFileError, match="is not a folder"):
        files.find_in_commit(tmp_path / "none", COMMIT, files.ADMISSIONS_PATH)


def test_places_come_from_the_pinned_commit_or_the_last_that_has_them(tmp_path):
    def put(commit: str) -> Path:
        path = tmp_path / commit / files.LOCATIONS_PATH
        path.parent.mkdir(parents=True)
        path.write_text('"abbreviation","location","location_name","population"\n"AL","01","Alabama",5157699\n')
        return path

    with pytest.raises(RawFileError, match="locations.csv is in no commit below"):
        files.find_locations(tmp_path)
    put("aaaaaaaaaaaa")
    last = put("ffffffffffff")
    assert files.find_locations(tmp_path) == last
    pinned = put(files.LOCATIONS_COMMIT)
    assert files.find_locations(tmp_path) == pinned
    assert files.read_populations(pinned) == {"01": 5157699.0}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("01,5\n01,6\n", "location '01' stands twice"),
        ("01,\n", "location '01' has no population"),
        ("01,many\n", "column 'population', line 2: 'many'"),
    ],
)
def test_faulty_places_are_named(tmp_path, rows, message):
    path = tmp_path / "locations.csv"
    path.write_text("location,population\n" + rows)
    with pytest.raises(RawFileError, match=message):
        files.read_populations(path)


# ---- admissions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("numbered", [False, True])
def test_a_vintage_is_a_complete_grid(tmp_path, numbered):
    write_admissions(tmp_path, admissions_rows(), numbered=numbered)
    vintage = files.read_vintage(entry(), tmp_path, POPULATION)
    assert vintage.locations == ("01", "06", "US") and vintage.notes == () and vintage.weeks_late == 0
    np.testing.assert_array_equal(vintage.weeks, np.datetime64("2024-11-02") + WEEK * np.arange(3))
    np.testing.assert_array_equal(vintage.admissions, [[0, 10, 20], [1, 11, 21], [2, 12, 22]])
    np.testing.assert_array_equal(vintage.population, [5e6, 4e7, 3e8])


def test_order_of_rows_and_rows_said_twice_do_not_matter(tmp_path):
    rows = admissions_rows()
    one = read(tmp_path / "a", rows)
    two = read(tmp_path / "b", [*rows[::-1], rows[4]])
    np.testing.assert_array_equal(one.admissions, two.admissions)


def test_missing_weeks_and_values_are_nan(tmp_path):
    rows = [row for row in admissions_rows() if row[0] != "2024-11-09"]
    rows[0][3] = "NA"
    vintage = read(tmp_path, rows)
    nan = np.nan
    np.testing.assert_array_equal(vintage.admissions, [[nan, nan, 20], [1, nan, 21], [2, nan, 22]])


def test_a_place_that_stops_reporting_stays(tmp_path):
    rows = admissions_rows()
    rows = [row for row in rows if not (row[1] == "06" and row[0] > "2024-11-02")]
    rows[-2][3] = ""
    vintage = read(tmp_path, rows)
    assert vintage.locations == ("01", "06", "US")
    silent = np.isnan(vintage.admissions[:, -2:])
    assert silent.tolist() == [[False, True], [True, True], [False, False]]


def test_weeks_that_were_not_over_cannot_be_seen(tmp_path):
    rows = admissions_rows(("2024-11-02", "2024-11-09", "2024-11-16", "2024-11-23", "2024-11-30"))
    vintage = read(tmp_path, rows)
    assert vintage.weeks[-1] == np.datetime64("2024-11-16")
    assert vintage.notes == ("target-hospital-admissions.csv of 0123456789ab: weeks after 2024-11-16 set aside (2)",)
    with pytest.raises(ValueError, match="the week 2024-11-23 was not over for reference date 2024-11-23"):
        files.Vintage(
            vintage.reference_date,
            np.append(vintage.weeks, np.datetime64("2024-11-23")),
            vintage.locations,
            np.zeros((3, 4)),
            vintage.population,
        )


def test_a_vintage_older_than_usual_is_told(tmp_path):
    vintage = read(tmp_path, admissions_rows(), reference="2024-12-07")
    assert vintage.weeks_late == 2
    assert vintage.notes == ("reference date 2024-12-07: the last report is of 2024-11-16, 2 week(s) older than usual",)


def test_a_file_that_goes_further_than_the_index_says_is_cut_there(tmp_path):
    vintage = read(tmp_path, admissions_rows(), last="2024-11-09")
    assert vintage.weeks[-1] == np.datetime64("2024-11-09") and vintage.weeks_late == 1
    assert vintage.notes == (
        "target-hospital-admissions.csv of 0123456789ab: weeks after 2024-11-09 set aside (1)",
        "reference date 2024-11-23: the last report is of 2024-11-09, 1 week(s) older than usual",
    )


def test_a_file_that_ends_earlier_than_the_index_says_is_told(tmp_path):
    # A last week in which nobody reported is none.
    rows = admissions_rows()
    for row in rows[-3:]:
        row[3] = "NA"
    vintage = read(tmp_path, rows)
    assert vintage.weeks[-1] == np.datetime64("2024-11-09") and vintage.weeks_late == 1
    name = "target-hospital-admissions.csv of 0123456789ab"
    assert f"{name}: the last week reported is 2024-11-09, though the index says 2024-11-16" in vintage.notes
    # Nor is one that only a week which cannot be seen follows.
    later = admissions_rows(("2024-11-23",))
    cut = read(tmp_path, [*rows, *later])
    np.testing.assert_array_equal(cut.weeks, vintage.weeks)


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        (4, 3, "-3", "line 6: location 06 has -3 admissions in the week to 2024-11-09, which is not a whole number"),
        (4, 3, "2.5", "line 6: location 06 has 2.5 admissions in the week to 2024-11-09"),
        (4, 3, "inf", "line 6: location 06 has inf admissions"),
        (4, 3, "many", "column 'value', line 6: 'many' is not a number"),
        (4, 1, "6", "column 'location', line 6: '6' is not in locations.csv"),
        (4, 0, "2024-11-10", "column 'date', line 6: '2024-11-10' is not a Saturday"),
        (4, 1, "01", "location 01 has two values for the week to 2024-11-09"),
    ],
)
def test_a_fault_of_the_admissions_is_named(tmp_path, row, column, value, message):
    rows = admissions_rows()
    rows[row][column] = value
    with pytest.raises(RawFileError, match="target-hospital-admissions.csv of 0123456789ab.*" + message):
        read(tmp_path, rows)


def test_a_value_beside_a_missing_one_is_a_conflict(tmp_path):
    rows = admissions_rows()
    with pytest.raises(RawFileError, match="location 01 has two values for the week to 2024-11-02, 0 and nan"):
        read(tmp_path, [*rows, [*rows[0][:3], "NA", ""]])


def test_territories_are_set_aside_with_a_note_and_lines_keep_their_numbers(tmp_path):
    rows = admissions_rows()
    rows.insert(0, ["2024-11-16", "78", "Virgin Islands", "4", ""])
    vintage = read(tmp_path, rows)
    assert vintage.locations == ("01", "06", "US")
    assert vintage.notes == ("target-hospital-admissions.csv of 0123456789ab: 1 rows of territories (78) set aside",)
    rows[5][3] = "-3"
    with pytest.raises(RawFileError, match="line 7: location 06 has -3"):
        read(tmp_path, rows)
    rows[5][3], rows[5][0] = "11", "2024-11-10"
    with pytest.raises(RawFileError, match="column 'date', line 7: '2024-11-10'"):
        read(tmp_path, rows)


def test_a_file_without_a_value_or_that_starts_too_late_is_refused(tmp_path):
    rows = [[*row[:3], "NA", ""] for row in admissions_rows()]
    with pytest.raises(RawFileError, match="holds no value"):
        read(tmp_path, rows)
    with pytest.raises(RawFileError, match="starts on 2024-11-02, after the last week for 2024-10-05"):
        read(tmp_path, admissions_rows(), reference="2024-10-05", last="2024-09-28")


# ---- ILINet ---------------------------------------------------------------------------------------------------

ILI = "region,week_start,weighted_ili,unweighted_ili,total_patients\n"


@pytest.fixture
def ilinet(tmp_path) -> Path:
    texts = {
        files.FIPS_PATH: "abbreviation,location,location_name,hhs_region\nUS,US,United States,NA\nAL,01,Alabama,4\n"
        "MP,69,Northern Mariana Islands,9\n",
        files.ILINET_PATHS["national"]: ILI + "National,2010-09-26,1.5,9,100\nNational,2010-10-03,0,0,0\n",
        files.ILINET_PATHS["hhs"]: ILI + "Region 4,2010-09-26,2.5,9,100\nRegion 10,2010-09-26,NA,NA,100\n",
        files.ILINET_PATHS["state"]: ILI
        + "Alabama,2010-10-17,NA,3.5,100\nAlabama,2010-10-03,NA,0,50\nNew York City,2010-10-03,NA,4.5,9\n"
        + "Commonwealth of the Northern Mariana Islands,2010-10-03,NA,NA,NA\n",
    }
    for name, text in texts.items():
        path = tmp_path / files.ILINET_REPOSITORY / files.ILINET_COMMIT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_ilinet_is_one_grid_of_saturdays(ilinet):
    table = files.read_ilinet(ilinet)
    assert table.regions == (
        "Alabama", "Commonwealth of the Northern Mariana Islands", "New York City", "Region 10", "Region 4", "National",
    )  # fmt: skip
    assert table.kind == ("state",) * 3 + ("hhs",) * 2 + ("national",)
    assert table.location == ("01", "69", "", "", "", "US")
    assert table.hhs == (4, 9, 2, 10, 4, 0)
    assert [str(w) for w in table.weeks] == ["2010-10-02", "2010-10-09", "2010-10-16", "2010-10-23"]
    nan = np.nan
    # No visits: nothing was seen, not zero percent. Zero among visits is zero. A week nobody published is a gap.
    np.testing.assert_array_equal(
        table.percent,
        [[nan, 0, nan, 3.5], [nan] * 4, [nan, 4.5, nan, nan], [nan] * 4, [2.5, nan, nan, nan], [1.5, nan, nan, nan]],
    )


def test_ilinet_is_cut_strictly_before_a_date(ilinet):
    table = files.read_ilinet(ilinet)
    assert table.before("2010-10-16").weeks[-1] == np.datetime64("2010-10-09")
    assert table.before("2010-10-17").percent.shape == (6, 3)
    assert table.before("2000-01-01").percent.shape == (6, 0)


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        (
            "state",
            ("2010-10-17", "2010-10-18"),
            "ilinet_state.csv, column 'week_start', line 2: '2010-10-18' is not a Sunday",
        ),
        (
            "state",
            ("3.5", "350"),
            "ilinet_state.csv, column 'unweighted_ili', line 2: '350' is not a number from 0 to 100",
        ),
        ("state", ("10-17", "10-03"), "region 'Alabama' has two rows for the week to 2010-10-09"),
        ("hhs", ("weighted_ili,u", "ili,u"), r"lacks the columns \['weighted_ili'\]"),
    ],
)
def test_a_fault_of_ilinet_is_named(ilinet, kind, change, message):
    path = ilinet / files.ILINET_REPOSITORY / files.ILINET_COMMIT / files.ILINET_PATHS[kind]
    assert change[0] in path.read_text()
    path.write_text(path.read_text().replace(*change, 1))
    with pytest.raises(RawFileError, match=message):
        files.read_ilinet(ilinet)


def test_ilinet_that_is_not_there(tmp_path):
    with pytest.raises(RawFileError, match="the ILINet files are not below"):
        files.read_ilinet(tmp_path)


# ---- the real files --------------------------------------------------------------------------------------------


@pytest.mark.mirror
def test_every_vintage_of_the_mirror_is_read(mirror):
    entries = files.read_vintage_index(mirror.parent / "reference" / "flusight_vintages.csv")
    assert [str(e.reference_date) for e in entries if e.weeks_late] == ["2025-01-25"]
    assert (len(entries), len({e.commit for e in entries})) == (58, 57)
    population = files.read_populations(files.find_locations(mirror))
    for chosen in (entries[0], entries[17], entries[40], entries[-1]):
        vintage = files.read_vintage(chosen, mirror, population)
        raw = pd.read_csv(files.find_in_commit(mirror, chosen.commit, files.ADMISSIONS_PATH), dtype={"location": str})
        assert vintage.locations[0] == "01" and vintage.locations[-1] == "US" and len(vintage.locations) == 53
        assert vintage.weeks[-1] == chosen.last_week
        one = raw[raw["location"] == "48"].sort_values("date")
        np.testing.assert_array_equal(vintage.admissions[vintage.locations.index("48")], one["value"])
        assert np.nansum(vintage.admissions) == raw["value"].sum()


@pytest.mark.mirror
def test_ilinet_of_the_mirror(mirror):
    table = files.read_ilinet(mirror)
    assert {k: table.kind.count(k) for k in ("state", "hhs", "national")} == {"state": 55, "hhs": 10, "national": 1}
    at = int(np.searchsorted(table.weeks, np.datetime64("1997-10-04")))
    assert table.percent[-1, at] == 1.10148
    assert len(set(table.location) - {""}) == 55
