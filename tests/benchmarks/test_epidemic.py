"""The benchmark of the epidemic at its smallest, and the model that it hands to its peer."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import epidemic


def test_speed_and_worth_of_common_random_numbers_are_printed(capsys: pytest.CaptureFixture[str]):
    epidemic.main(["--places", "2", "--ages", "2", "--days", "60", "--draws", "4", "--runs", "1"])
    said = capsys.readouterr().out
    assert all(case in said for case in ("no vaccine", "one dose", "two doses, leaky", "two doses, all or nothing"))
    assert "not measured: nobody asked for it" in said and "variance_ratio" in said and "a week later" in said


def test_the_peer_gets_the_same_meetings():
    model = epidemic.made_epidemic(3, 4)
    meetings = epidemic.meetings(model)
    met = meetings.reshape(3, 4, 3, 4).sum(axis=2)
    np.testing.assert_allclose(met, np.broadcast_to(model.contacts, met.shape), rtol=1e-12)
    largest = np.abs(np.linalg.eigvals(meetings)).max()
    assert model.transmission * epidemic.INFECTIOUS_DAYS * largest == pytest.approx(epidemic.R0, rel=1e-10)


def test_a_peer_that_is_not_there_says_so():
    model = epidemic.made_epidemic(1, 1)
    with pytest.raises(epidemic.PeerError, match="epydemix could not run: no message"):
        epidemic.peer("/bin/false", model, epidemic.made_doses(model, 5, second=False), 1)
