from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from healthops import report


@pytest.fixture(autouse=True)
def _theme() -> None:
    report.theme()


def rows(shown: object) -> list[list[str]]:
    soup = BeautifulSoup(shown.rich, "html.parser")  # type: ignore[attr-defined]
    return [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in soup.find_all("tr")]


def test_a_table_has_caption_and_scopes() -> None:
    frame = pd.DataFrame({"model": ["a", "b"], "wis": [1.5, 20.25]})
    soup = BeautifulSoup(report.table(frame, caption="Scores & more.").rich, "html.parser")
    assert soup.caption.get_text() == "Table 1. Scores & more."
    assert [th["scope"] for th in soup.find_all("th")] == ["col", "col", "row", "row"]
    assert [cell.get_text() for cell in soup.select("tbody .number")] == ["1.5", "20.2"]
    assert soup.find(id=soup.select_one(".table-scroll")["aria-labelledby"]) is soup.caption


def test_a_named_index_becomes_the_row_headings() -> None:
    frame = pd.DataFrame({"cases": [10]}, index=pd.MultiIndex.from_tuples([("X", 2020)], names=["place", "year"]))
    assert rows(report.table(frame, caption="c")) == [["place", "year", "cases"], ["X", "2020", "10"]]


def test_two_levels_of_columns_are_joined() -> None:
    frame = pd.DataFrame([["m", 1.0]], columns=pd.MultiIndex.from_tuples([("model", ""), ("wis", "mean")]))
    assert rows(report.table(frame, caption="c"))[0] == ["model", "wis, mean"]


def test_counts_from_one_to_four_are_suppressed() -> None:
    counts = [0, 1, 4, 5, 1200, None]
    frame = pd.DataFrame({"place": list("abcdef"), "cases": pd.array(counts, dtype="Int64"), "beds": [3] * 6})
    shown = report.table(frame, caption="c", suppress=("cases",))
    assert [row[1] for row in rows(shown)[1:]] == ["0", "<5", "<5", "5", "1,200", "–"]
    assert [row[2] for row in rows(shown)[1:]] == ["3"] * 6
    assert "counts from 1 to 4 are not shown" in shown.rich
    assert ">3<" not in report.table(frame[["place", "cases"]], caption="c", suppress="cases").rich


def test_suppression_wins_over_a_format() -> None:
    frame = pd.DataFrame({"place": ["a"], "cases": [2]})
    assert rows(report.table(frame, caption="c", suppress=("cases",), formats={"cases": "{:.1f}"}))[1] == ["a", "<5"]


def test_no_note_where_nothing_was_suppressed() -> None:
    frame = pd.DataFrame({"place": ["a"], "cases": [7]})
    assert "protect" not in report.table(frame, caption="c", suppress=("cases",)).rich


def test_long_tables_say_what_they_leave_out() -> None:
    frame = pd.DataFrame({"n": range(1040)})
    shown = report.table(frame, caption="c", max_rows=10)
    assert len(rows(shown)) == 11
    assert "1,030 more rows of 1,040 are not shown." in shown.rich
    assert "more rows" not in report.table(frame.head(10), caption="c", max_rows=10).rich


def test_values_are_written_for_readers() -> None:
    frame = pd.DataFrame(
        {
            "week_end": pd.to_datetime(["2020-01-04", None]),
            "epi_year": [2020, 2021],
            "cases": [1234567, 2],
            "share": [0.12345, np.nan],
            "pairs": [1234.5678, -0.25],
            "reported": [True, False],
            "text": ["<b>", None],
        }
    )
    shown = rows(report.table(frame, caption="c"))
    assert shown[1] == ["2020-01-04", "2020", "1,234,567", "0.123", "1,235", "yes", "<b>"]
    assert shown[2] == ["–", "2021", "2", "–", "-0", "no", "–"]


def test_formats_may_be_functions() -> None:
    frame = pd.DataFrame({"model": ["a"], "coverage": [0.9]})
    formats = {"coverage": "{:.0%}", "model": str.upper}
    assert rows(report.table(frame, caption="c", formats=formats))[1] == ["A", "90%"]


@pytest.mark.parametrize("wrong", [{"suppress": ("case",)}, {"formats": {"case": "{}"}}])
def test_an_unknown_column_is_an_error_that_names_it(wrong: dict) -> None:
    with pytest.raises(ValueError, match=r"no column \['case'\]; it has \['place', 'cases'\]"):
        report.table(pd.DataFrame({"place": ["a"], "cases": [1]}), caption="c", **wrong)


def test_a_caption_is_required() -> None:
    with pytest.raises(ValueError, match="caption is missing"):
        report.table(pd.DataFrame({"a": [1]}), caption="")


def test_columns_of_the_same_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"same name: \['a'\]"):
        report.table(pd.DataFrame([[1, 2]], columns=["a", "a"]), caption="c")


def test_the_frame_is_left_alone() -> None:
    frame = pd.DataFrame({"place": ["a"], "cases": [2]})
    before = frame.copy()
    report.table(frame, caption="c", suppress=("cases",))
    pd.testing.assert_frame_equal(frame, before)
