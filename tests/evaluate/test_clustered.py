import numpy as np
import pytest

from healthops.evaluate.clustered import auc, share


def drawn(rng, homes=60, each=4, shared=1.2):
    """Scores and events of homes whose people resemble each other."""
    home = np.repeat(np.arange(homes), each)
    mood = rng.normal(0, shared, homes)[home]
    score = mood + rng.normal(0, 1, len(home))
    event = rng.random(len(home)) < 1 / (1 + np.exp(1.5 - 0.8 * score - mood))
    return score, event, home


def test_the_area_is_the_share_of_pairs_in_order():
    rng = np.random.default_rng(1)
    score, event = rng.integers(0, 6, 80), rng.random(80) < 0.3
    pairs = [1.0 if a > b else 0.5 if a == b else 0.0 for a in score[event] for b in score[~event]]
    assert auc(score, event, np.arange(80)).value == pytest.approx(np.mean(pairs))


def test_without_clusters_the_interval_is_delongs():
    rng = np.random.default_rng(2)
    score, event, _ = drawn(rng)
    x, y = score[event], score[~event]
    beats = (x[:, None] > y[None]) + 0.5 * (x[:, None] == y[None])
    area = beats.mean()
    variance = beats.mean(axis=1).var(ddof=1) / len(x) + beats.mean(axis=0).var(ddof=1) / len(y)
    found = auc(score, event, np.arange(len(score)))
    odds = np.log(area / (1 - area))
    half = 1.959964 * np.sqrt(variance) / (area * (1 - area))
    # Obuchowski's last term, between the two sides of a cluster of one row, is not there: no row is on both.
    assert np.log(found.low / (1 - found.low)) == pytest.approx(odds - half, abs=1e-6)
    assert np.log(found.high / (1 - found.high)) == pytest.approx(odds + half, abs=1e-6)


def test_intervals_are_as_wide_as_homes_drawn_anew_say():
    rng = np.random.default_rng(3)
    score, event, home = drawn(rng)
    areas, shares = [], []
    rows = [np.flatnonzero(home == h) for h in range(home.max() + 1)]
    for _ in range(400):
        some = np.concatenate([rows[h] for h in rng.integers(0, len(rows), len(rows))])
        areas.append(auc(score[some], event[some], np.arange(len(some))).value)
        shares.append(event[some].mean())
    for found, again, alone in (
        (auc(score, event, home), areas, auc(score, event, np.arange(len(home)))),
        (share(event, home), shares, share(event, np.arange(len(home)))),
    ):
        wide = np.subtract(*np.quantile(again, [0.975, 0.025]))
        assert found.high - found.low == pytest.approx(wide, rel=0.15)
        assert alone.high - alone.low < 0.9 * (found.high - found.low), "rows alone promise too much"


def test_a_share_of_rows_on_their_own_has_wilsons_interval():
    # 10 of 100: Wilson (1927) gives .0552 to .1744; the effective number differs by the 100/99 of the variance.
    found = share(np.r_[np.ones(10), np.zeros(90)], np.arange(100))
    assert found == pytest.approx((0.1, 0.0552, 0.1744), abs=6e-4)
    assert share(np.zeros(20), np.arange(20)) == pytest.approx((0, 0, 0.1611), abs=1e-4)


def test_nothing_to_estimate_is_told_by_nan():
    assert np.isnan(auc(np.arange(5.0), np.zeros(5), np.arange(5))).all()
    assert np.isnan(share(np.array([]), np.array([]))).all()
    perfect = auc(np.arange(4.0), np.array([0, 0, 1, 1]), np.arange(4))
    assert perfect.value == 1 and np.isnan(perfect.low)
