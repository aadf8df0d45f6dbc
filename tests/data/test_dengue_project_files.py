"""The Dengue Forecasting Project's files: seasons of 52 weeks, and errors that say where the fault is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from healthops.data.dengue_project_files import (
    dengue_folder,
    read_city,
    read_seasons,
    read_team_scores,
    read_training,
    team_scores_file,
)
from healthops.data.errors import RawFileError
from tests.data import made_dengue_project as made


def _spoil(path, change) -> None:
    frame = pd.read_csv(path, dtype=object)
    change(frame).to_csv(path, index=False)


def _set(row: int, column: str, value):
    def change(frame):
        frame.loc[row, column] = value
        return frame

    return change


def test_seasons_come_out_as_they_were_written(tmp_path):
    home = made.write(tmp_path)
    files = read_city(tmp_path, "iquitos")
    table = pd.read_csv(home / "iquitos_testing_data.csv")
    assert files.training.names + files.testing.names == tuple(table["season"].unique())
    np.testing.assert_array_equal(
        np.vstack([files.training.cases, files.testing.cases]).ravel(), table["total_cases"].to_numpy()
    )
    assert files.testing.starts[0, 0] == np.datetime64("2007-07-01") and files.notes == ()
    assert files.testing.ends[0] == np.datetime64("2007-07-01") + 52 * 7


@pytest.mark.parametrize("inside", ["", "cdcepi/dengue-forecasting-project-2015/0123456789ab"])
def test_the_folder_is_found_from_above_and_named_itself(tmp_path, inside):
    home = made.write(tmp_path)
    assert dengue_folder(tmp_path / inside) == dengue_folder(home) == home


def test_two_commits_are_not_guessed_between(tmp_path):
    home = made.write(tmp_path)
    again = home.parents[1] / "ba9876543210" / "Dengue_data"
    again.mkdir(parents=True)
    with pytest.raises(RawFileError, match="holds 2 folders"):
        read_training(tmp_path, "iquitos")


def test_rows_in_any_order_and_other_column_names_are_read_alike(tmp_path):
    path = made.write(tmp_path) / "iquitos_training_data.csv"
    before = read_seasons(path, "iquitos")
    _spoil(path, lambda f: f.sample(frac=1, random_state=1).rename(columns={"total_cases": "Total cases"}))
    np.testing.assert_array_equal(read_seasons(path, "iquitos").cases, before.cases)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set(60, "total_cases", -1), r"'total_cases', line 62: '-1' is not a whole number from 0 up"),
        (_set(60, "total_cases", "2.5"), r"'total_cases', line 62: '2.5'"),
        (_set(60, "total_cases", ""), r"'total_cases', line 62: ''"),
        (_set(3, "season_week", "53"), r"'season_week', line 5: '53' is not a whole number from 1 to 52"),
        (_set(3, "season_week", "3"), r"line 5: week 3 of season 2001/2002 is there twice"),
        (_set(3, "season", "2001"), r"'season', line 5: '2001' is not a season such as"),
        (_set(3, "season", "2001/2003"), r"'season', line 5: '2001/2003'"),
        (_set(3, "week_start_date", "2001-13-01"), r"'week_start_date', line 5: '2001-13-01' is not a date"),
        (_set(3, "week_start_date", "2001-07-01"), r"week 4 of season 2001/2002 \(2001-07-01\) does not start after"),
        (lambda f: f.drop(index=[70, 71]), r"season 2002/2003 has 50 of 52 weeks; it lacks season_week \[19, 20\]"),
        (lambda f: f.iloc[:-1], r"season 2006/2007 has 51 of 52 weeks; it lacks season_week \[52\]"),
        (lambda f: f.drop(columns="total_cases"), r"lacks the columns \['total_cases'\]"),
    ],
)
def test_a_fault_is_named_with_its_place(tmp_path, change, message):
    path = made.write(tmp_path) / "iquitos_training_data.csv"
    _spoil(path, change)
    with pytest.raises(RawFileError, match=r"iquitos_training_data\.csv.*" + message):
        read_seasons(path, "iquitos")


def test_a_city_without_test_seasons_is_told_where_they_belong(tmp_path):
    home = made.write(tmp_path)
    with pytest.raises(RawFileError, match=r"san_juan_testing_data\.csv is not there: .*Put it into .*Dengue_data"):
        read_city(tmp_path, "san_juan")
    (home / "san_juan_training_data.csv").rename(home / "san_juan_testing_data.csv")
    with pytest.raises(RawFileError, match=r"san_juan_training_data\.csv is not there"):
        read_city(tmp_path, "san_juan")


def test_a_testing_file_without_seasons_of_its_own_is_refused(tmp_path):
    home = made.write(tmp_path)
    (home / "iquitos_testing_data.csv").write_text((home / "iquitos_training_data.csv").read_text())
    with pytest.raises(RawFileError, match="has no season that iquitos_training_data.csv does not have"):
        read_city(tmp_path, "iquitos")


def test_a_testing_file_of_an_earlier_time_is_refused(tmp_path):
    home = made.write(tmp_path)
    made.seasons(1995, 2).to_csv(home / "iquitos_testing_data.csv", index=False)
    with pytest.raises(RawFileError, match="season 1995/1996 starts on 1995-07-01, before the training seasons end"):
        read_city(tmp_path, "iquitos")


def test_a_testing_file_may_hold_its_own_seasons_only(tmp_path):
    home = made.write(tmp_path)
    whole = read_city(tmp_path, "iquitos")
    _spoil(home / "iquitos_testing_data.csv", lambda f: f.tail(104))
    np.testing.assert_array_equal(read_city(tmp_path, "iquitos").testing.cases, whole.testing.cases)


def test_a_past_that_the_testing_file_tells_otherwise_is_noted(tmp_path):
    home = made.write(tmp_path)
    before = read_city(tmp_path, "iquitos").training
    _spoil(home / "iquitos_testing_data.csv", _set(5, "total_cases", "999"))
    after = read_city(tmp_path, "iquitos")
    np.testing.assert_array_equal(after.training.cases, before.cases)
    assert after.notes == (
        "iquitos_testing_data.csv: 1 weeks of season 2001/2002 differ from the training file, which is used",
    )


TEAMS = '"team","metric.type","forecast.week","season","metric","location","data.type","prediction.target"\n'


def test_only_log_scores_of_test_seasons_are_taken(tmp_path):
    path = tmp_path / "dengue_forecast_scores.csv"
    path.write_text(
        TEAMS
        + '"A","LS",4,"2009/2010",-Inf,"iquitos","test","peakinc"\n'
        + '"A","LS",4,"2011/2012",NA,"iquitos","test","peakweek"\n'
        + '"A","AE",4,"2009/2010",12,"iquitos","test","peakinc"\n'
        + '"A","LS",4,"2005/2006",-1,"sanjuan","train","seasoninc"\n'
    )
    table = read_team_scores(path)
    assert table["target"].tolist() == ["peak_incidence", "peak_week"]
    assert np.isneginf(table["log_score"][0]) and np.isnan(table["log_score"][1])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('"A","LS",4,"2009/2010",0.3,"iquitos","test","peakinc"', "'0.3' is not a log score"),
        ('"A","LS",4,"2009/2010",-1,"lima","test","peakinc"', "'lima' is not one of"),
        ('"A","LS",4,"2009/2010",-1,"iquitos","test","deaths"', "'deaths' is not one of"),
        ('"A","LS",4,"2009/2010",-1,"iquitos","test","peakinc"\n' * 2, "twice"),
    ],
)
def test_faults_of_the_teams_file_are_named(tmp_path, row, message):
    path = tmp_path / "dengue_forecast_scores.csv"
    path.write_text(TEAMS + row.strip() + "\n")
    with pytest.raises(RawFileError, match=rf"dengue_forecast_scores\.csv.*{message}"):
        read_team_scores(path)


@pytest.mark.mirror
def test_the_public_files_hold_what_their_description_says(mirror):
    files = read_city(mirror, "iquitos")
    assert files.testing.names == ("2009/2010", "2010/2011", "2011/2012", "2012/2013") and files.notes == ()
    assert files.training.cases.shape == (9, 52)
    steps = np.diff(np.vstack([files.training.starts, files.testing.starts]).ravel()).astype(int)
    # 52 weeks a season: one gap of 8 or 9 days a year, around the turn of the year.
    assert set(steps) == {7, 8, 9} and (steps > 7).sum() == 13
    tied = files.testing.cases[2]
    assert (np.flatnonzero(tied == tied.max()) + 1).tolist() == [31, 32, 38] and tied.max() == 5
    assert read_training(mirror, "san_juan").cases.shape == (19, 52)


@pytest.mark.mirror
def test_every_team_has_every_forecast_week(mirror):
    table = read_team_scores(team_scores_file(mirror))
    assert table["team"].nunique() == 17
    assert sorted(table["forecast_week"].unique()) == list(range(0, 52, 4))
    assert (table.groupby(["team", "city"]).size() == 13 * 4 * 3).all()
