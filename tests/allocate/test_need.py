from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from healthops.allocate.need import LEVELS, WEIGHTS, Need, need_from_quantiles


def test_weights_are_the_stretches_between_levels():
    assert WEIGHTS.sum() == pytest.approx(1.0)
    assert (len(WEIGHTS), WEIGHTS[0], WEIGHTS[-1]) == (24, pytest.approx(0.01), pytest.approx(0.01))


@pytest.mark.parametrize(
    "law",
    [stats.expon(scale=8), stats.gamma(2.5, scale=4), stats.uniform(10, 20)],
    ids=["exponential", "gamma", "uniform"],
)
def test_mean_and_unmet_need_are_near_those_of_the_law(law):
    need = need_from_quantiles(law.ppf(LEVELS)[None])
    assert need.mean[0] == pytest.approx(law.mean(), rel=0.01)
    for supply in law.ppf([0.1, 0.5, 0.8]):
        exact = integrate.quad(law.sf, supply, law.ppf(1 - 1e-9))[0]
        assert need.unmet(np.array([supply]))[0] == pytest.approx(exact, rel=0.03)


def test_tail_of_an_exponential_law_is_exact():
    # Above any quantile an exponential need goes on by its scale, on average.
    need = need_from_quantiles(stats.expon(scale=8).ppf(LEVELS)[None])
    assert need.points[0, -1] == pytest.approx(stats.expon(scale=8).ppf(0.99) + 8)


def test_weeks_add_level_by_level_and_are_at_least_as_spread_as_independent_weeks():
    rng = np.random.default_rng(1)
    q = stats.gamma(2, scale=5).ppf(LEVELS)
    both = need_from_quantiles(np.stack([q, 2 * q])[None])
    assert both.points[0] == pytest.approx(3 * need_from_quantiles(q[None]).points[0])
    drawn = stats.gamma(2, scale=5).rvs((200_000, 2), random_state=rng) @ [1, 2]
    for supply in (20.0, 40.0, 70.0):
        independent = np.maximum(drawn - supply, 0).mean()
        assert both.unmet(np.array([supply]))[0] > 1.02 * independent


def test_need_scales_with_what_a_case_asks_for():
    q = np.arange(23.0)[None]
    assert need_from_quantiles(q, per_case=0.4).mean == pytest.approx(0.4 * need_from_quantiles(q).mean)
    assert need_from_quantiles(q, per_case=2.0).median[0] == 22.0


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(st.floats(0, 50), min_size=23, max_size=23),
    share=st.floats(0, 1),
)
def test_supply_for_inverts_unmet(steps, share):
    need = need_from_quantiles(np.cumsum(steps)[None])
    target = share * need.mean
    supply = need.supply_for(target)
    assert need.unmet(supply)[0] <= target[0] + 1e-9
    # Least supply: any noticeably smaller one leaves more.
    smaller = supply - 1e-3 * max(supply[0], 1.0)
    if smaller[0] >= 0 and target[0] < need.mean[0] * 0.999:
        assert need.unmet(smaller)[0] > target[0]


def test_unmet_at_points_is_unmet_there():
    need = need_from_quantiles(np.cumsum(np.random.default_rng(3).exponential(size=(5, 23)), axis=1))
    for j in (0, 7, 23):
        assert need.unmet_at_points[:, j] == pytest.approx(need.unmet(need.points[:, j]))


def test_a_falling_or_negative_row_is_named():
    good = np.tile(np.arange(24.0), (3, 1))
    for bad in (good[1][::-1], good[1] - 1):
        points = good.copy()
        points[1] = bad
        with pytest.raises(ValueError, match="row 1"):
            Need(points, WEIGHTS, good[:, 12])


def test_wrong_levels_are_refused():
    with pytest.raises(ValueError, match="23 levels"):
        need_from_quantiles(np.zeros((4, 7)))
