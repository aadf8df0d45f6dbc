"""Wastage against published-style values, simulation, and every assignment of vials to sites."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from healthops.allocate.wastage import (
    Presentation,
    WastageError,
    binomial_sizes,
    choose_vials,
    closed_vials,
    negative_binomial_sizes,
    one_vial_everywhere,
    open_vials,
    total_rate,
    wastage_factor,
    waste_saved,
)


@pytest.mark.parametrize(
    ("mean", "doses", "rate"),
    [(5, 5, 0.277), (5, 10, 0.50), (5, 20, 0.749), (15, 5, 0.118), (15, 10, 0.238), (15, 20, 0.289)]
    + [(30, 5, 0.063), (30, 10, 0.130), (30, 20, 0.249)],
)
def test_binomial_sessions_have_the_known_rates(mean: int, doses: int, rate: float):
    session = open_vials(binomial_sizes(4 * mean, 0.25), doses)
    assert session.rate == pytest.approx(rate, abs=5e-4 + 1e-9)
    assert session.factor == pytest.approx(1 / (1 - session.rate))
    assert session.vaccinated == pytest.approx(mean) and session.turned_away == 0 and session.coverage == 1
    assert session.opened == pytest.approx(session.vaccinated + session.wasted)


def simulated(sizes: np.ndarray, doses: int, threshold: int, come_back: float, sessions: int = 60_000):
    """Session after session, vial after vial: opened, wasted, vaccinated and new people a session, and their errors."""
    rng = np.random.default_rng(1)
    away, rows = 0, []
    for new in rng.choice(len(sizes), sessions, p=sizes):
        waiting = new + rng.binomial(away, come_back)
        opened = vaccinated = 0
        while waiting > 0:
            if waiting < doses and waiting < threshold:
                break
            opened += doses
            vaccinated += min(doses, waiting)
            waiting -= min(doses, waiting)
        away = waiting
        rows.append((new, vaccinated, away, opened, opened - vaccinated))
    parts = np.array(rows, float).reshape(200, -1, 5).mean(axis=1)  # blocks, because sessions follow from one another
    return parts.mean(axis=0), parts.std(axis=0) / np.sqrt(len(parts))


@pytest.mark.parametrize(("threshold", "come_back"), [(1, 0.0), (4, 0.0), (4, 0.7), (10, 1.0)])
@pytest.mark.parametrize("sizes", [binomial_sizes(12, 0.25), negative_binomial_sizes(7.0, 1.5)], ids=["binomial", "nb"])
def test_expectations_equal_a_simulation(sizes: np.ndarray, threshold: int, come_back: float):
    session = open_vials(sizes, 10, threshold=threshold, come_back=come_back)
    found = np.array([session.came, session.vaccinated, session.turned_away, session.opened, session.wasted])
    mean, error = simulated(sizes, 10, threshold, come_back)
    assert (np.abs(found - mean) <= 4.5 * error + 1e-9).all()
    # every new person is vaccinated, or once turned away does not come back
    assert session.came == pytest.approx(session.vaccinated + (1 - come_back) * session.turned_away)


def test_a_threshold_trades_waste_for_coverage_and_coming_back_restores_it():
    sizes = negative_binomial_sizes(6.0, 2.0)
    by_threshold = [open_vials(sizes, 10, threshold=k) for k in range(1, 11)]
    assert (np.diff([s.rate for s in by_threshold]) < 0).all() and by_threshold[-1].wasted == pytest.approx(0)
    assert (np.diff([s.coverage for s in by_threshold]) < 0).all()
    assert open_vials(sizes, 10, threshold=5, come_back=1.0).coverage == pytest.approx(1)


def test_negative_binomial_sizes_have_their_mean_and_variance_and_the_binomial_as_a_limit_of_small_chance():
    sizes = negative_binomial_sizes(8.0, 1.3)
    people = np.arange(len(sizes))
    mean = sizes @ people
    assert mean == pytest.approx(8, rel=1e-9)
    assert sizes @ people**2 - mean**2 == pytest.approx(8 + 8**2 / 1.3, rel=1e-8)
    poisson = stats.poisson.pmf(np.arange(80), 8)
    assert open_vials(negative_binomial_sizes(8, 1e7), 10).rate == pytest.approx(
        open_vials(poisson / poisson.sum(), 10).rate, rel=1e-5
    )


def test_closed_vials_equal_a_simulation():
    sizes, vials, doses, sessions, failure, threshold = negative_binomial_sizes(9.0, 2.0), 14, 10, 12, 0.03, 3
    expected = closed_vials(vials, sizes, doses, sessions=sessions, failure=failure, threshold=threshold)
    rng, draws = np.random.default_rng(2), 40_000
    left, used, spoilt = np.full(draws, vials), np.zeros(draws), np.zeros(draws)
    for _ in range(sessions):
        fails = rng.random(draws) < failure
        spoilt += np.where(fails, left, 0)
        left = np.where(fails, 0, left)
        people = rng.choice(len(sizes), draws, p=sizes)
        opened = np.minimum(left, people // doses + (people % doses >= threshold))
        used, left = used + opened, left - opened
    for found, drawn in zip((expected.used, expected.spoilt, expected.expired), (used, spoilt, left), strict=True):
        assert abs(found - drawn.mean()) < 4.5 * drawn.std() / np.sqrt(draws)
    assert expected.used + expected.spoilt + expected.expired == pytest.approx(vials)
    assert expected.rate == pytest.approx((expected.spoilt + expected.expired) / vials)


def test_closed_vials_at_the_edges():
    sizes = binomial_sizes(20, 0.25)
    assert closed_vials(5, sizes, 10, sessions=0).expired == 5
    assert closed_vials(5, sizes, 10, sessions=3, failure=1.0).spoilt == 5
    assert closed_vials(0, sizes, 10, sessions=3).rate == 0
    assert total_rate(0.3, 0.1) == pytest.approx(1 - 0.7 * 0.9)


VIALS = [Presentation(5, 1.30, 4.0), Presentation(10, 1.00, 2.5), Presentation(20, 0.90, 2.0)]


def made_sites() -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """A country of many small posts and a few hospitals: mean session sizes of 1.5 to 60, uneven from day to day."""
    means = np.exp(np.linspace(np.log(1.5), np.log(60), 40))
    sizes = {f"site {i:02d}": negative_binomial_sizes(mean, 3.0) for i, mean in enumerate(means)}
    return sizes, {name: float(52 if i < 30 else 250) for i, name in enumerate(sizes)}


def test_a_vial_for_each_site_saves_thirty_percent_of_the_waste_for_no_more_money():
    sites, sessions = made_sites()
    vials = [Presentation(2, 1.60, 6.0), *VIALS]
    saved, by_site, ten = waste_saved(sites, vials, VIALS[1], sessions=sessions)
    assert saved >= 0.30
    assert by_site.vaccinated == pytest.approx(ten.vaccinated, rel=1e-9)  # equal coverage
    assert by_site.cost <= ten.cost * (1 + 1e-9)
    assert by_site.doses["site 00"] == 2 and len(set(by_site.doses.values())) > 1
    assert by_site.wasted == pytest.approx(by_site.opened - by_site.vaccinated)

    # how much is saved hangs on the prices: without the smallest vial less than a third
    assert 0.2 < waste_saved(sites, VIALS, VIALS[1], sessions=sessions)[0] < saved


def test_least_cost_and_least_waste_equal_the_best_of_all_assignments():
    sites = {name: negative_binomial_sizes(mean, 2.0) for name, mean in (("a", 2.0), ("b", 9.0), ("c", 30.0))}
    table = [[one_vial_everywhere({n: s}, p, cold_chain_price=0.05) for p in VIALS] for n, s in sites.items()]
    every = [[row[j] for row, j in zip(table, pick, strict=True)] for pick in itertools.product(range(3), repeat=3)]
    totals = np.array([[sum(b.cost for b in bills), sum(b.wasted for b in bills)] for bills in every])
    cheapest = choose_vials(sites, VIALS, cold_chain_price=0.05)
    assert cheapest.cost == pytest.approx(totals[:, 0].min())
    least = choose_vials(sites, VIALS, aim="waste", cold_chain_price=0.05)
    assert least.wasted == pytest.approx(totals[:, 1].min())
    for budget in np.linspace(cheapest.cost, least.cost, 9):
        found = choose_vials(sites, VIALS, aim="waste", budget=budget, cold_chain_price=0.05)
        within = totals[:, 0] <= budget * (1 + 1e-9)
        assert found.cost <= budget * (1 + 1e-9)
        # no assignment costs no more and wastes less than what was spent bought
        assert found.wasted <= totals[totals[:, 0] <= found.cost * (1 + 1e-9), 1].min() + 1e-9
        steps = max(np.ptp([b.wasted for b in row]) for row in table)
        assert found.wasted <= totals[within, 1].min() + steps


def test_dear_cold_chain_or_dear_small_vials_change_the_choice():
    sites = {"post": binomial_sizes(20, 0.25)}
    assert choose_vials(sites, VIALS).doses == {"post": 5}
    assert choose_vials(sites, [Presentation(5, 3.0), Presentation(10, 1.0)]).doses == {"post": 10}
    assert (
        choose_vials(sites, [Presentation(5, 1.0, 40), Presentation(10, 1, 2)], cold_chain_price=1).doses["post"] == 10
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: open_vials(np.array([0.5, 0.6]), 10), "sum to 1.1: divide them"),
        (lambda: open_vials(np.array([1.5, -0.5]), 10), "probability that 1 people come is -0.5"),
        (lambda: open_vials(np.array([]), 10), r"shape \(0,\)"),
        (lambda: open_vials(np.array([1.0]), 0), "a vial has 0 doses"),
        (lambda: open_vials(np.array([1.0]), 5, threshold=6), r"threshold is 6 people for a vial of 5: .*from 1"),
        (lambda: open_vials(np.array([1.0]), 5, come_back=1.5), "come_back is 1.5"),
        (lambda: binomial_sizes(20, 1.25), "probability 1.25"),
        (lambda: negative_binomial_sizes(-1, 2), "mean -1"),
        (lambda: closed_vials(-3, np.array([1.0]), 5, sessions=2), "stock is -3 vials"),
        (lambda: closed_vials(3, np.array([1.0]), 5, sessions=2, failure=2), "failure 2"),
        (lambda: total_rate(0.5, -0.1), r"rates are \(0.5, -0.1\)"),
        (lambda: wastage_factor(1.0), "wastage rate is 1.0: .*below 1"),
        (lambda: Presentation(10, -1.0), "presentation of 10 doses: price -1.0"),
        (lambda: choose_vials({}, VIALS), "no site"),
        (lambda: choose_vials({"a": np.array([1.0])}, []), "no presentation"),
        (lambda: choose_vials({"a": np.array([2.0])}, VIALS), "site 'a': probabilities of session sizes sum to 2"),
        (
            lambda: choose_vials({"a": np.array([1.0])}, VIALS, sessions={"b": 1.0}),
            "site 'a' has no number of sessions",
        ),
        (lambda: choose_vials({"a": np.array([1.0])}, VIALS, sessions={"a": -1.0}), "site 'a' holds -1.0 sessions"),
        (lambda: choose_vials({"a": np.array([1.0])}, VIALS, aim="both"), "aim is 'both'"),
        (
            lambda: choose_vials({"a": np.array([0.0, 1])}, VIALS, aim="waste", budget=1.0),
            "budget is 1, but .* cost 6.5",
        ),
    ],
)
def test_bad_input_is_refused_by_name(wrong, message: str):
    with pytest.raises(WastageError, match=message):
        wrong()
