"""The command for home care, on an instance whose cost is known by hand."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from benchmarks import home_care
from tests.schedule.test_home_care import TWO, content, patient


def test_every_instance_is_planned_checked_and_compared(tmp_path, capsys):
    what = content([patient("p1", (0, 8), ["s1"])], TWO)
    (tmp_path / "one.json").write_text(json.dumps(what))
    (tmp_path / "best.csv").write_text("instance,cost\none.json,8.667\n")
    command = ["--instances", str(tmp_path), "--seconds", "1", "--out", str(tmp_path / "out")]
    assert home_care.main([*command, "--best", str(tmp_path / "best.csv")]) == 0
    row = pd.read_csv(tmp_path / "out" / "home_care.csv").iloc[0]
    assert row["cost"] == pytest.approx(26 / 3) and row["proved"] and abs(row["gap_percent"]) < 0.01
    assert "1 of 1 at most the best known" in capsys.readouterr().out
    # The plans that it wrote are no instances.
    assert len(home_care.find_instances(tmp_path)) == 1
    assert home_care.main([*command, "--only", "two"]) == 1
    assert "no instance named two" in capsys.readouterr().err
