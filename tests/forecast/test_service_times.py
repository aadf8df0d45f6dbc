"""Laws of service times: what they were drawn from is found again, and the likelier law is taken."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import gamma, lognorm

from healthops.forecast.service_times import ServiceTimeError, choose_laws, fit_law, law_table


def made(law: str, size: int = 6000, seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    clinic, first = rng.choice(["north", "south"], size), rng.random(size) < 0.3
    age = rng.integers(0, 90, size)
    level = (
        np.where(clinic == "north", 15.0, 20.0) * np.where(first, 1.25, 1) * np.exp(0.04 * np.maximum(age - 40, 0) / 10)
    )
    luck = rng.lognormal(0, 0.4, size) if law == "log-normal" else rng.gamma(6.25, 1 / 6.25, size)
    return pd.DataFrame({
        "visit": [f"{k:05d}" for k in range(size)], "clinic": clinic, "service": "general",
        "date": pd.Timestamp("2022-01-03") + pd.to_timedelta(np.arange(size) // 40, "D"), "minutes": level * luck,
        "first_visit": first, "age_years": pd.array(age, dtype="Int64"),
    })  # fmt: skip


@pytest.mark.parametrize("law", ["log-normal", "gamma"])
def test_the_law_of_the_draws_is_chosen_and_found(law):
    visits = made(law)
    laws, scores = choose_laws(visits)
    found = laws["general"]
    assert found.law == law and found.clinics == ("north", "south")
    np.testing.assert_allclose(np.exp(found.effects[:3]), [15, 20, 1.25], rtol=0.04)
    assert found.effects[3] == pytest.approx(0.04, abs=0.012) and found.spread == pytest.approx(0.4, abs=0.015)
    best = scores.set_index("law").loc[law]
    assert best["chosen"] and best["ks"] < best["ks_critical"] and abs(best["inside_90"] - 0.9) < 0.02


def test_quantiles_moments_and_ranks_are_those_of_scipy():
    for law in ("log-normal", "gamma"):
        visits = made(law, 500)
        found = fit_law(visits, law)
        at = found.level(visits)
        shape = found.spread**-2
        theory = lognorm(found.spread, scale=at) if law == "log-normal" else gamma(shape, scale=at / shape)
        np.testing.assert_allclose(found.quantile(visits, [0.1, 0.9])[:, 1], theory.ppf(0.9))
        np.testing.assert_allclose(found.mean_and_sd(visits), (theory.mean(), theory.std()))
        np.testing.assert_allclose(found.rank(visits), theory.cdf(visits["minutes"]))
        assert found.log_likelihood(visits) == pytest.approx(theory.logpdf(visits["minutes"]).mean())


def test_the_table_has_a_row_for_what_visits_had():
    visits = made("log-normal")
    visits.loc[:99, "age_years"] = pd.NA
    laws, _ = choose_laws(visits)
    bands = [("0-14", 0, 14), ("15-59", 15, 59), ("60 and older", 60, 120)]
    table = law_table(laws, visits, bands)
    assert table["visits"].sum() == len(visits) and set(table["age_band"]) == {"0-14", "15-59", "60 and older", "any"}
    assert (table.filter(regex=r"^p\d\d$").diff(axis=1).iloc[:, 1:] > 0).all(axis=None)
    rows = table.set_index(["clinic", "first_visit", "age_band"])["mean"]
    assert rows["north", True, "15-59"] == pytest.approx(1.25 * rows["north", False, "15-59"], rel=0.05)


def test_times_that_no_law_fits_are_refused():
    visits = made("log-normal", 200)
    with pytest.raises(ServiceTimeError, match="0.0 minutes"):
        fit_law(visits.assign(minutes=np.where(np.arange(200) == 7, 0.0, visits["minutes"])), "gamma")
    with pytest.raises(ServiceTimeError, match="give 60 or more"):
        fit_law(visits.head(20), "gamma")
    with pytest.raises(ServiceTimeError, match="no visit of general at"):
        fit_law(visits, "gamma").level(visits.assign(clinic="west"))
    with pytest.raises(ServiceTimeError, match="lacks the columns"):
        fit_law(visits.drop(columns="minutes"), "gamma")
