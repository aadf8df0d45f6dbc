"""The command that plans an imagined district."""

from __future__ import annotations

from benchmarks import visits


def test_a_small_district_is_planned_checked_and_changed(capsys):
    assert visits.main(["--workers", "6", "--tasks", "80", "--urgent", "5"]) == 0
    said = capsys.readouterr().out
    assert "6 workers, 80 tasks" in said and "5 urgent tasks" in said
    for when in ("before", "after"):
        assert f"the independent check {when} the urgent tasks: no fault" in said
