"""The benchmark of the epidemic at its smallest, and the model that it hands to its peer."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import epidemic


def test_speed_and_worth_of_common_random_numbers_are_printed(capsys: pytest.CaptureFixture[str]):
    epidemic.main(["--places", "2", "--ages", "2", "--days", "60", "--draws", "4", "--runs", "1"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2 places x 2 ages x 60 days x 4 draws"
    assert len([line for line in lines if "M cells a CPU s" in line]) == 4
    assert len([line for line in lines if "times, difference" in line]) == 4


def test_the_peer_gets_the_same_meetings():
    model = epidemic.made_epidemic(3, 4)
    meetings = epidemic.meetings(model)
    met = meetings.reshape(3, 4, 3, 4).sum(axis=2)
    np.testing.assert_allclose(met, np.broadcast_to(model.contacts, met.shape), rtol=1e-12)
    largest = np.abs(np.linalg.eigvals(meetings)).max()
    assert model.transmission * epidemic.INFECTIOUS_DAYS * largest == pytest.approx(epidemic.R0, rel=1e-10)


def test_a_peer_that_is_not_there_says_so():
    model = epidemic.made_epidemic(1, 1)
    with pytest.raises(SystemExit, match="could not run epydemix"):
        epidemic.peer("/bin/false", model, epidemic.made_doses(model, 5, second=False), 1)
