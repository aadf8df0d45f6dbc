"""The command for routing instances, on instances small enough to be sure of."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks import routes
from healthops.schedule.route_check import PlanFault
from tests.schedule.test_vrp_instances import SOLOMON, VRPLIB


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "t1.txt").write_text(SOLOMON)
    (tmp_path / "p1.vrp").write_text(VRPLIB)
    # 262 tenths is the plan 0-1-2-0, 0-3-0 of the tests of the check.
    (tmp_path / "best.csv").write_text("instance,distance\nT1,26.2\n")
    return tmp_path


def test_every_instance_is_solved_checked_and_compared(folder, capsys):
    command = ["--instances", str(folder), "--seconds", "0.5", "--out", str(folder / "out")]
    assert routes.main([*command, "--best", str(folder / "best.csv")]) == 0
    table = pd.read_csv(folder / "out" / "routes.csv").set_index("instance")
    assert (folder / "out" / "t1.sol").is_file() and (folder / "out" / "p1.sol").is_file()
    assert (folder / "out" / "t1.sol").read_text().endswith("Cost: 26.2\n")
    # All three are over the capacity. 1 and 2, 3: 26.2 (0-3-0 is 10.0); 1 and 3, 2: 13.6 + 14; 2 and 3, 1: 19.9 + 10.
    assert table.loc["t1", "cost"] == 26.2 and table.loc["t1", "gap_percent"] == pytest.approx(0)
    # Customer 1 (way 10, prize 11) and 3 (way 10, prize 30) together cost 13.6; 2 (prize 6) is not worth its way.
    assert pd.isna(table.loc["p1", "best_known"]) and table.loc["p1", "left_out"] == 1
    assert "required: mean gap" in capsys.readouterr().out


def test_a_best_known_solution_beside_the_instance_is_used_and_checked(folder):
    (folder / "p1.sol").write_text("Route #1: 1\nCost: 460\n")
    table = routes.run_folder(folder, folder / "out", seconds=0.3, only=["P1"], say=lambda line: None)
    assert table.loc[0, "best_known"] == 46.0 and len(table) == 1
    (folder / "p1.sol").write_text("Route #1: 1\nCost: 100\n")
    with pytest.raises(PlanFault, match="stated 100, recomputed 460"):
        routes.run_folder(folder, folder / "out", seconds=0.3, only=["p1"], say=lambda line: None)


def test_bad_input_is_named(folder, capsys):
    (folder / "bad.csv").write_text("name,value\n")
    command = ["--instances", str(folder), "--seconds", "0.3", "--out", str(folder / "out")]
    assert routes.main([*command, "--best", str(folder / "bad.csv")]) == 1
    assert "bad.csv: no column 'instance'" in capsys.readouterr().err
    assert routes.main([*command, "--only", "r101"]) == 1
    assert "no instance named r101" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        routes.main([*command, "--seconds", "0"])
