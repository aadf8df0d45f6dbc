"""Cover from forecasts: the work's distribution against closed forms and draws, shifts against all plans."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from healthops.schedule.cover import (
    CoverError,
    ServiceLevel,
    backlog,
    cover_shifts,
    forecast_hours,
    level_that_fits,
    visit_minutes,
    windows,
    work_distribution,
)

MONDAY = pd.Timestamp("2018-04-02")
SHIFTS = pd.DataFrame(
    {"shift": ["early", "late", "night"], "start_minute": [420, 840, 1260], "minutes": [480, 480, 600]}
)
LAW = pd.DataFrame({
    "service": ["emergency"] * 2, "visits": [300, 100], "law": ["log-normal", "gamma"], "level": [30.0, 20.0],
    "spread": [0.4, 0.5],
})  # fmt: skip


def hours_of(days: int = 2, mean: float = 3.0) -> pd.DataFrame:
    rows = [(MONDAY + pd.Timedelta(days=d), h) for d in range(days) for h in range(24)]
    course = mean * (1 + 0.5 * np.sin((np.arange(24 * days) % 24 - 8) / 24 * 2 * np.pi))
    return pd.DataFrame(rows, columns=["date", "hour"]).assign(elapsed_h=1, mean=course, dispersion=0.01)


def test_lengths_of_visits_mix_the_laws_by_their_visits():
    visit = visit_minutes(LAW)
    minutes = np.arange(len(visit))
    mean = 0.75 * 30 * np.exp(0.08) + 0.25 * 20
    assert visit.sum() == pytest.approx(1) and visit @ minutes == pytest.approx(mean, rel=2e-3)
    second = 0.75 * 900 * np.exp(4 * 0.08) + 0.25 * 400 * 1.25
    assert visit @ minutes**2 == pytest.approx(second, rel=5e-3)


def test_visits_of_one_length_are_a_count():
    visit = np.zeros(21)
    visit[20] = 1
    found = work_distribution([4.0, 4.0], [0.0, 0.3], visit)
    size = 1 / 0.3
    for count in range(12):
        assert found[0, 20 * count + 5] == pytest.approx(stats.poisson.cdf(count, 4.0), abs=1e-9)
        assert found[1, 20 * count + 5] == pytest.approx(stats.nbinom.cdf(count, size, size / (size + 4)), abs=1e-6)


def test_work_agrees_with_draws():
    rng, visit = np.random.default_rng(4), visit_minutes(LAW)
    mean, dispersion, draws = 8.0, 0.05, 40_000
    counts = rng.poisson(mean * rng.gamma(1 / dispersion, dispersion, draws))
    lengths = rng.choice(len(visit), counts.sum(), p=visit)
    total = np.concatenate([[0], np.cumsum(lengths)])
    work = total[np.cumsum(counts)] - total[np.cumsum(counts) - counts]
    found = work_distribution([mean], [dispersion], visit)[0]
    for minute in (100, 200, 250, 350):
        share = (work <= minute).mean()
        assert found[minute] == pytest.approx(share, abs=4 * np.sqrt(0.25 / draws))


def test_windows_add_variances_or_take_what_a_day_has_in_common():
    hours = hours_of(1)
    parts = windows(hours, 4)
    mean = hours["mean"].to_numpy()[:4]
    assert parts["mean"][0] == pytest.approx(mean.sum()) and parts["last"].tolist() == list(range(3, 24))
    assert parts["dispersion"][0] * mean.sum() ** 2 == pytest.approx(0.01 * (mean**2).sum())
    assert (windows(hours, 4, 0.2)["dispersion"] == 0.2).all()
    assert windows(hours, 1, 0.2)["dispersion"].to_numpy() == pytest.approx(0.01)


@pytest.mark.parametrize("window", [1, 3])
def test_shifts_are_the_cheapest_of_all_plans(window):
    hours, visit, level = hours_of(1, 2.0), visit_minutes(LAW), ServiceLevel(0.2, window)
    plan = cover_shifts(hours, SHIFTS, visit, level)
    parts = windows(hours, window)
    parts = parts[parts["last"] >= 7 + window - 1]
    below = work_distribution(parts["mean"], parts["dispersion"], visit)
    on = {"early": range(7, 15), "late": range(14, 22), "night": range(21, 24)}

    def kept(people) -> bool:
        there = [sum(n for n, hs in zip(people, on.values(), strict=True) if h in hs) for h in range(24)]
        capacity = [60 * sum(there[last - window + 1 : last + 1]) for last in parts["last"]]
        return all(row[min(c, len(row) - 1)] >= 0.8 for row, c in zip(below, capacity, strict=True))

    costs = [sum(np.multiply(p, (8, 8, 10))) for p in product(range(1, 6), repeat=3) if kept(p)]
    assert kept(plan.shifts["required"].tolist())
    assert (plan.shifts["required"] * [8, 8, 10]).sum() == min(costs)
    assert plan.hours["overload"].max() <= 0.2 + 1e-9 and plan.hours["overload"].isna().sum() == 7 + window - 1


def test_an_hour_that_the_clock_skips_needs_nobody_and_gives_none():
    hours = hours_of(2)
    hours.loc[26, ["elapsed_h", "mean"]] = 0
    plan = cover_shifts(hours, SHIFTS, visit_minutes(LAW), ServiceLevel(0.2))
    assert plan.hours.loc[26, "work_h"] == 0 and plan.hours.loc[26, "providers"] == 0


def test_a_gap_after_an_hour_that_the_clock_skips_is_named():
    hours = hours_of(2)
    hours.loc[26, ["elapsed_h", "mean"]] = 0
    short = SHIFTS.assign(start_minute=[420, 840, 1320], minutes=[480, 480, 300])  # nights from 22:00 to 3:00
    with pytest.raises(CoverError, match="nobody is there on 2018-04-03 at 3:00"):
        cover_shifts(hours, short, visit_minutes(LAW), ServiceLevel(0.2))


def test_an_hour_that_the_clock_shows_twice_has_its_providers_for_two_hours():
    # Hardly anybody comes but in the hour that lasts two, and four then on average; visits take 30 minutes.
    visit = np.zeros(31)
    visit[30] = 1.0
    hours = hours_of(2).assign(mean=1e-9, dispersion=0.0)
    hours.loc[25, ["elapsed_h", "mean"]] = [2, 4.0]
    plan = cover_shifts(hours, SHIFTS, visit, ServiceLevel(0.3))
    needed = plan.shifts.set_index(["date", "shift"])["required"]
    # One provider does four visits in the two hours, two do eight: more come in 37 % and 2 % of such hours.
    assert stats.poisson.sf(4, 4.0) > 0.3 > stats.poisson.sf(8, 4.0)
    assert needed[(MONDAY, "night")] == 2 and needed.drop((MONDAY, "night")).tolist() == [1] * 5
    double = plan.hours.loc[25]
    assert (double["providers"], double["work_h"]) == (2, pytest.approx(2.0))
    assert double["overload"] == pytest.approx(stats.poisson.sf(8, 4.0), abs=1e-6)


def test_the_strictest_level_that_fits_is_taken_else_the_loosest():
    visit, levels = visit_minutes(LAW), [ServiceLevel(a, 4) for a in (0.4, 0.05, 0.2)]
    level, table, plans = level_that_fits(hours_of(), SHIFTS, visit, levels, 1e6)
    assert level.overload == 0.05 and table["fits"].all() and set(plans) == set(levels)
    by_level = table.set_index("overload")["hours_a_week"]
    assert by_level[0.05] >= by_level[0.2] >= by_level[0.4]
    assert level_that_fits(hours_of(), SHIFTS, visit, levels, 1.0)[0].overload == 0.4


def test_backlog_is_nothing_with_many_and_grows_with_few():
    hours, visit = hours_of(mean=12.0), visit_minutes(LAW)

    def left(people):
        return backlog(hours, np.full(48, people), visit, day_dispersion=0.0, rng=np.random.default_rng(1), draws=50)

    assert left(80.0).max() == 0
    few = left(1.0)
    work = hours["mean"].sum() * (visit @ np.arange(len(visit)))
    # Nobody is ever idle: what is left is what came less what was done.
    assert few[:, -1].mean() == pytest.approx(work - 48 * 60, rel=0.03)


def table(**changes) -> pd.DataFrame:
    rows = hours_of().assign(clinic="hill", service="emergency", model="network", target="hour", observed=np.nan,
                             reference_date=MONDAY - pd.Timedelta(days=1))  # fmt: skip
    day = rows.iloc[[0, 24]].assign(target="day", dispersion=[0.02, 0.04])
    return pd.concat([rows, day], ignore_index=True).assign(**changes)


def test_forecasts_of_the_weeks_to_come_are_read():
    hours, common = forecast_hours(table().sample(frac=1, random_state=1), clinic="hill", service="emergency")
    assert len(hours) == 48 and hours["hour"].tolist()[:3] == [0, 1, 2] and common == pytest.approx(0.03)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda: table(observed=1.0), "nothing is forecast"),
        (lambda: pd.concat([table(), table(model="boosting")]), "forecast the same hours"),
        (lambda: table().drop(index=5), "47 hours in 2 days"),
        (lambda: table(dispersion=np.nan), "no dispersion in 48 hours"),
    ],
)
def test_forecasts_that_cannot_be_used_are_named(broken, message):
    with pytest.raises(CoverError, match=message):
        forecast_hours(broken(), clinic="hill", service="emergency")


def test_levels_laws_and_shifts_that_cannot_be_are_named():
    with pytest.raises(CoverError, match="between 0 and 1"):
        ServiceLevel(0.0)
    with pytest.raises(CoverError, match="windows of 0 h"):
        ServiceLevel(0.1, 0)
    with pytest.raises(CoverError, match="no visits"):
        visit_minutes(LAW.iloc[:0])
    with pytest.raises(CoverError, match="'normal'"):
        visit_minutes(LAW.assign(law="normal"))
    with pytest.raises(CoverError, match="must be finite"):
        work_distribution([-1.0], [0.0], visit_minutes(LAW))
    with pytest.raises(CoverError, match="nobody is there on 2018-04-02 at 15:00"):
        cover_shifts(hours_of(), SHIFTS.drop(index=1), visit_minutes(LAW), ServiceLevel(0.2))
