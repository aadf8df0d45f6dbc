"""Hub format: what is written is what is read, the hub's own files are read, and faults are named by row."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from healthops.data.errors import RawFileError
from healthops.data.schemas import QUANTILE_COLUMNS, QUANTILE_LEVELS
from healthops.forecast import hub

DATE = np.datetime64("2025-01-04")
PLACES = ("06", "US", "01")


@pytest.fixture
def quantiles() -> np.ndarray:
    return np.sort(np.random.default_rng(3).gamma(2.0, 300.0, (3, 4, 23)), axis=2)


def test_file_has_the_columns_and_rows_of_the_hub(tmp_path, quantiles):
    path = hub.write_hub_file(tmp_path, DATE, PLACES, quantiles)
    assert path.name == "2025-01-04-healthops-fusion.csv"
    lines = path.read_text().splitlines()
    assert lines[0] == "reference_date,target,horizon,target_end_date,location,output_type,output_type_id,value"
    assert len(lines) == 1 + 3 * 4 * 23
    assert lines[1].startswith("2025-01-04,wk inc flu hosp,0,2025-01-04,01,quantile,0.01,")
    assert lines[24].startswith("2025-01-04,wk inc flu hosp,1,2025-01-11,01,quantile,0.01,")
    table = pd.read_csv(path, dtype={"location": str})
    assert list(table["location"].unique()) == ["01", "06", "US"]
    np.testing.assert_allclose(table["output_type_id"].unique(), QUANTILE_LEVELS)
    # At most one decimal, and no ".0".
    assert all(re.fullmatch(r"\d+(\.[1-9])?", line.rsplit(",", 1)[1]) for line in lines[1:])


def test_what_is_written_is_read(tmp_path, quantiles):
    path = hub.write_hub_file(tmp_path, DATE, PLACES, quantiles)
    table = hub.read_hub_file(path)
    np.testing.assert_array_equal(hub.cube_of(table, PLACES), hub.hub_values(quantiles))
    pd.testing.assert_frame_equal(table, hub.wide_frame(DATE, PLACES, hub.hub_values(quantiles)))
    assert np.isnan(hub.cube_of(table, ["48"])).all()


def test_large_values_keep_their_digits(tmp_path):
    path = hub.write_hub_file(tmp_path, DATE, ["US"], np.full((1, 4, 23), 1234567.25))
    assert (hub.read_hub_file(path)["q0.500"] == 1234567.2).all()


@pytest.mark.parametrize(
    ("at", "value", "fault"),
    [((1, 2, 0), -1.0, "negative"), ((1, 2, 5), 1e6, "crossing"), ((1, 2, 5), np.nan, "missing or infinite")],
)
def test_a_bad_forecast_is_not_written(tmp_path, quantiles, at, value, fault):
    quantiles[at] = value
    with pytest.raises(ValueError, match=f"reference date 2025-01-04, location US, horizon 2: quantiles are {fault}"):
        hub.write_hub_file(tmp_path, DATE, PLACES, quantiles)
    assert not list(tmp_path.iterdir())


def test_shape_and_places_are_checked(tmp_path, quantiles):
    with pytest.raises(ValueError, match=r"shape \(3, 4, 23\), not \(2, 4, 23\)"):
        hub.write_hub_file(tmp_path, DATE, PLACES[:2], quantiles)
    with pytest.raises(ValueError, match="one place twice"):
        hub.write_hub_file(tmp_path, DATE, ("01", "01", "06"), quantiles)


def test_a_write_that_fails_leaves_the_old_file(tmp_path, quantiles, monkeypatch):
    path = hub.write_hub_file(tmp_path, DATE, PLACES, quantiles)
    before = path.read_bytes()

    def full(value: float) -> str:
        raise OSError("disk full")

    monkeypatch.setattr(hub, "_text", full)
    with pytest.raises(OSError, match="disk full"):
        hub.write_hub_file(tmp_path, DATE, PLACES, quantiles)
    assert [p.name for p in tmp_path.iterdir()] == [path.name] and path.read_bytes() == before


@pytest.mark.parametrize(
    ("line", "change", "message"),
    [
        (3, (",0.025,", ",0.033,"), r"column 'output_type_id', line 3: '0.033' is not one of the 23 levels"),
        (3, (",0.025,", ",0.05,"), r"line 4: location, horizon and level stand twice"),
        (5, ("2025-01-04,01", "2025-01-11,01"), r"line 5: target_end_date 2025-01-11 is not 0 weeks after"),
        (9, ("2025-01-04,wk", "2025-1-4,wk"), r"column 'reference_date', line 9: '2025-1-4' is not a date"),
        (2, None, r"location 01, horizon 0 has no quantile at level 0.01;"),
        (24, ("quantile,0.99,", "quantile,0.99,0"), r"location 01, horizon 0 falls after level 0.975;"),
        (24, ("quantile,0.99,", "quantile,0.99,-"), r"column 'value', line 24: '-.*' is not a number from 0"),
        (30, (",1,2025", ",one,2025"), r"column 'horizon', line 30: 'one' is not a whole number"),
    ],
)
def test_a_fault_in_a_file_is_named(tmp_path, line, change, message):
    path = hub.write_hub_file(tmp_path, DATE, PLACES, np.tile(np.arange(1.0, 24), (3, 4, 1)))
    lines = path.read_text().splitlines()
    if change is None:
        del lines[line - 1]
    else:
        assert change[0] in lines[line - 1]
        lines[line - 1] = lines[line - 1].replace(*change, 1)
        if "0.99,0" in change[1]:
            lines[line - 1] = lines[line - 1].rsplit(",", 1)[0] + ",3"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(RawFileError, match="2025-01-04-healthops-fusion.csv.*" + message):
        hub.read_hub_file(path)


def test_other_targets_and_horizons_are_left_out_and_lines_keep_their_numbers(tmp_path):
    path = hub.write_hub_file(tmp_path, DATE, ["01"], np.tile(np.arange(1.0, 24), (1, 4, 1)))
    head, *rows = path.read_text().splitlines()
    others = ["2025-01-04,wk flu hosp rate change,1,2025-01-11,01,pmf,stable,0.4"]
    others += ["2025-01-04,season peak week,NA,NA,01,pmf,2025-01-11,0.1"]
    others += [row.replace(",0,2025-01-04,", ",-1,2024-12-28,") for row in rows[:23]]
    path.write_text("\n".join([head, *others, *rows]) + "\n")
    assert len(hub.read_hub_file(path)) == 4
    path.write_text("\n".join([head, *others, *rows[:-1], rows[-1] + "x"]) + "\n")
    with pytest.raises(RawFileError, match=f"line {1 + len(others) + len(rows)}: '23x' is not a number"):
        hub.read_hub_file(path)


def test_a_renamed_file_or_one_without_our_target_is_refused(tmp_path, quantiles):
    path = hub.write_hub_file(tmp_path, DATE, PLACES, quantiles)
    other = path.rename(tmp_path / "2025-01-11-healthops-fusion.csv")
    with pytest.raises(RawFileError, match="another reference_date than its name says"):
        hub.read_hub_file(other)
    other.write_text(other.read_text().replace("wk inc flu hosp", "wk inc covid hosp"))
    with pytest.raises(RawFileError, match="no quantile of target 'wk inc flu hosp'"):
        hub.read_hub_file(other)


@pytest.mark.mirror
@pytest.mark.parametrize("model", ["FluSight-ensemble", "FluSight-baseline"])
def test_the_hubs_own_files_are_read(mirror, model):
    folder = mirror / "cdcepi/FluSight-forecast-hub/92469693f911/model-output" / model
    files = sorted(folder.glob("*.csv"))
    assert len(files) == 3
    for path in files:
        table = hub.read_hub_file(path)
        assert len(table) == 53 * 4 and set(table["horizon"]) == {0, 1, 2, 3}
        raw = pd.read_csv(path, dtype={"location": str, "output_type_id": str})
        one = raw.query(
            "location == '36' and horizon == 2 and output_type == 'quantile' and target == 'wk inc flu hosp'"
        )
        mine = table.query("location == '36' and horizon == 2")[list(QUANTILE_COLUMNS)].to_numpy()[0]
        np.testing.assert_array_equal(mine, one.sort_values("output_type_id", key=lambda s: s.astype(float))["value"])
