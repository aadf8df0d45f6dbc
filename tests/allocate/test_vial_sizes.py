from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from healthops.allocate import vial_sizes
from healthops.allocate.wastage import Presentation, WastageError, binomial_sizes
from healthops.data.campaign_rules import load_rules

VIALS = [Presentation(1, 1.6, 9.0), Presentation(5, 1.15, 4.0), Presentation(10, 1.0, 2.0)]


@pytest.fixture(scope="module")
def sessions():
    return pd.DataFrame(
        {
            "facility": ["a", "a", "b", "a"],
            "week_end": pd.to_datetime(["2021-05-01", "2021-05-08", "2021-05-08", "2021-06-05"]),
            "sessions": [1, 3, 2, 9],
            "people": [5.0, 45.0, 60.0, 9.0],
        }
    )


def test_sizes_are_the_mixture_of_the_weeks_before(sessions):
    sizes, held = vial_sizes.session_sizes(sessions, "2021-05-22")
    assert held == {"a": 4.0, "b": 2.0}
    by_hand = np.zeros(61)
    by_hand[:21] += binomial_sizes(20, 0.25) / 4
    by_hand += binomial_sizes(60, 0.25) * 3 / 4
    np.testing.assert_allclose(sizes["a"], by_hand)
    assert sizes["b"] @ np.arange(len(sizes["b"])) == pytest.approx(30)


def test_no_session_is_an_error(sessions):
    with pytest.raises(WastageError, match="choose a later start"):
        vial_sizes.session_sizes(sessions, "2021-04-24")


def test_savings_against_every_way_to_choose(sessions):
    """At the same cost: nothing that costs no more wastes less by more than one point's step."""
    sizes, held = vial_sizes.session_sizes(sessions, "2021-05-22")
    frame, choices = vial_sizes.savings(sizes, held, VIALS)
    from itertools import product

    from healthops.allocate.wastage import open_vials

    bills = {
        (s, v.doses): (held[s] * x.wasted, held[s] * x.opened * v.price)
        for s in sizes
        for v in VIALS
        for x in [open_vials(sizes[s], v.doses)]
    }
    ways = [
        (sum(bills[s, v.doses][0] for s, v in zip(sizes, way, strict=True)),
         sum(bills[s, v.doses][1] for s, v in zip(sizes, way, strict=True)))
        for way in product(VIALS, repeat=2)
    ]  # fmt: skip
    for vial in VIALS:
        one = sum(bills[s, vial.doses][0] for s in sizes), sum(bills[s, vial.doses][1] for s in sizes)
        rows = frame[frame["everywhere"] == vial.doses].set_index("variant")
        assert rows.loc["one size", "wasted"] == pytest.approx(one[0])
        same = choices[vial.doses, "same cost"]
        assert same.cost <= one[1] * (1 + 1e-9) and same.wasted <= one[0] * (1 + 1e-9)
        assert rows.loc["least cost", "cost"] * one[1] == pytest.approx(min(cost for _, cost in ways))
        assert rows.loc["least waste", "wasted"] == pytest.approx(0.0)
        assert len({c.vaccinated for v, c in choices.items() if v[0] == vial.doses}) <= 2


def test_premium_meets_the_aim_just_so(sessions):
    sizes, held = vial_sizes.session_sizes(sessions, "2021-05-22")
    part = vial_sizes.affordable_premium(sizes, held, VIALS, VIALS[-1], 0.3)
    assert 0 < part < 2

    def saved(extra):
        priced = [Presentation(v.doses, 1 + extra * (v.price - 1), v.volume_cm3) for v in VIALS]
        frame, _ = vial_sizes.savings(sizes, held, priced)
        return frame[(frame["everywhere"] == 10) & (frame["variant"] == "same cost")]["saved"].iloc[0]

    assert saved(part) >= 0.3 > saved(part + 0.02)


def test_thresholds_trade_waste_for_people():
    """Values of the docstring of open_vials, for sessions of 5 on average."""
    frame = vial_sizes.thresholds(binomial_sizes(20, 0.25), 10, 0.0)
    assert frame.loc[1, "rate"] == pytest.approx(0.5, abs=5e-4) and frame.loc[1, "coverage"] == 1
    assert frame.loc[5, "rate"] == pytest.approx(0.371, abs=5e-4)
    assert frame.loc[10, "rate"] == pytest.approx(0, abs=1e-12)
    assert (np.diff(frame["rate"]) < 0).all() and (np.diff(frame["coverage"]) < 0).all()


def test_closed_losses_of_a_certain_need():
    """Ten come to each of two sessions: of three weeks of stock, one vial is left when the lot expires."""
    certain = np.eye(11)[10]
    frame = vial_sizes.closed_losses(certain, 10, stock_weeks=[1, 3], sessions_per_week=1, weeks=2, failure=0.0)
    assert frame.loc[1, ["expired", "spoilt", "open", "total"]].tolist() == [0, 0, 0, 0]
    assert frame.loc[3, "expired"] == pytest.approx(1 / 3) and frame.loc[3, "total"] == pytest.approx(1 / 3)


def test_vials_of_the_assumptions():
    found = vial_sizes.presentations(load_rules())
    assert [v.doses for v in found] == [1, 2, 5, 10, 20]
    assert all(a.price > b.price for a, b in zip(found, found[1:], strict=False))
    with pytest.raises(WastageError, match="no section 'vials'"):
        vial_sizes.presentations(SimpleNamespace(entries={}))
    with pytest.raises(WastageError, match="add it in campaign.yaml"):
        vial_sizes.presentations(SimpleNamespace(entries={("vials", "price_5"): 1}))
