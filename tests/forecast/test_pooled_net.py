"""The network for all steps ahead as a forecaster: what it learns from, by brute force, and what it gives."""

import numpy as np
import pytest

from healthops.forecast.past_years import usual_course
from healthops.forecast.pooled_net import PooledNet
from healthops.forecast.quantile_net import QuantileNetParameters
from healthops.forecast.stepwise import pooled_scale
from tests.forecast.made import made_panel

SMALL = QuantileNetParameters(bags=1, share=1.0, units=8, epochs=3)


class Rows:
    """Keeps what it was given in place of learning."""

    def fit(self, x, y, *, season, seed):
        self.x, self.y, self.season = x, y, season
        return self


@pytest.mark.parametrize("target", ["root", "log1p"])
def test_what_it_learns_from_by_brute_force(target):
    panel = made_panel(missing=True)
    model = PooledNet(SMALL, target=target)
    model.learner = Rows
    kept = model.fit(panel, seed=1, horizons=(1, 8)).net
    scale = pooled_scale(panel)
    level = scale.forward(panel.filled()) if target == "root" else np.log1p(panel.filled())
    places, weeks = panel.cases.shape
    rows = [(p, t) for p in range(places) for t in range(52, weeks - 1)]
    # In weeks 99 to 101 of place 1 the next week is missing, but not the eighth.
    at = rows.index((1, 100))
    assert len(kept.y) == len(rows) and np.isnan(kept.y[at, 0]) and kept.y[at, 1] == level[1, 108] - level[1, 100]
    for number, (p, t) in enumerate(rows):
        for j, h in enumerate((1, 8)):
            known = t + h < weeks and not np.isnan(panel.cases[p, t + h])
            wanted = level[p, t + h] - level[p, t] if known else np.nan
            np.testing.assert_array_equal(kept.y[number, j], wanted)
    z = scale.forward(panel.filled())
    np.testing.assert_allclose(kept.x[at, -1], (usual_course(z, 8) - z)[1, 100], rtol=1e-5)
    assert set(kept.season) == {43, 44, 45, 46}  # 2013 to 2016, after the year of warming up


@pytest.mark.parametrize("target", ["root", "log1p"])
def test_quantiles_are_in_order_with_gaps_and_without_cases(target):
    panel = made_panel(missing=True)
    panel.cases[0] = 0
    model = PooledNet(SMALL, target=target).fit(panel, seed=1, horizons=(1, 6))
    found = model.predict(panel, horizons=(6, 1))
    assert found.shape == (4, 2, 23) and (found >= 0).all() and (np.diff(found, axis=-1) >= 0).all()
    np.testing.assert_array_equal(found[:, ::-1], model.predict(panel, horizons=(1, 6)))
    assert found[0, :, 11].max() < 1


def test_forecasts_follow_the_level_of_each_place_and_the_seed_fixes_them():
    panel = made_panel(seed=5)
    found, again = (PooledNet(SMALL).fit(panel, seed=3).predict(panel) for _ in range(2))
    near = found[:, 0, 11] / np.maximum(panel.cases[:, -1], 1)
    assert ((near > 0.3) & (near < 3)).all()
    np.testing.assert_array_equal(found, again)


def test_a_panel_without_a_target_and_horizons_that_were_not_fitted_are_refused():
    panel = made_panel()
    with pytest.raises(ValueError, match="net-root: 8 weeks hold no week 4 weeks after the first 4"):
        PooledNet(SMALL).fit(panel.until(panel.weeks[7]), seed=1)
    with pytest.raises(ValueError, match="was fitted for the horizons \\[2\\], not \\[3\\]"):
        PooledNet(SMALL).fit(panel, seed=1, horizons=(2,)).predict(panel, horizons=(3,))
