"""A tiny country of four provinces, small enough to check by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

WEEKS = pd.date_range("2014-01-04", periods=120, freq="7D")
DISTRICTS = ("010101", "010102", "010201", "020101", "020201")


def country_cases(weeks: pd.DatetimeIndex = WEEKS, *, seed: int = 1, gaps: float = 0.02) -> pd.DataFrame:
    """Weekly cases of five districts, a few reports missing, the last two weeks truncated."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame([(d, w) for d in DISTRICTS for w in weeks], columns=["ubigeo", "week_end"])
    frame["epi_year"], frame["epi_week"] = frame["week_end"].dt.year, 1
    frame["cases"] = pd.array(rng.poisson(4, len(frame)), dtype="Int64")
    frame["status"] = np.where(frame["week_end"] >= weeks[-2], "truncated", "complete")
    silent = rng.random(len(frame)) < gaps
    frame.loc[silent, "cases"], frame.loc[silent, "status"] = pd.NA, "missing"
    return frame


@pytest.fixture
def weekly_cases() -> pd.DataFrame:
    return country_cases()


@pytest.fixture
def places() -> pd.DataFrame:
    spots = {
        "01": (-5, -78),
        "0101": (-5, -78),
        "0102": (-6, -78),
        "02": (-9, -76),
        "0201": (-9, -76),
        "0202": (-10, -76),
    }
    spots |= {d: spots[d[:4]] for d in DISTRICTS}
    return pd.DataFrame(
        [
            {
                "ubigeo": code,
                "level": {2: "department", 4: "province", 6: "district"}[len(code)],
                "region": "selva" if len(code) == 6 else np.nan,
                "latitude": float(lat),
                "longitude": float(lon),
                "altitude_m": 100.0 if code[:2] == "01" else 2500.0,
                "density_per_km2": 3.0,
                "population": float(1000 * int(code[-1])),
                "hdi": 0.1 * int(code[-1]) if len(code) == 6 else np.nan,
                "poverty_pct": 30.0,
            }
            for code, (lat, lon) in spots.items()
        ]
    )


@pytest.fixture
def population(places: pd.DataFrame) -> pd.DataFrame:
    now = places[["ubigeo", "level", "population"]].assign(year=2007)
    return pd.concat([now, now.assign(year=2020, population=now["population"] * 9)], ignore_index=True)


@pytest.fixture
def climate() -> pd.DataFrame:
    weeks = pd.date_range("2013-10-05", periods=125, freq="7D")
    rng = np.random.default_rng(2)
    return pd.DataFrame(
        {"ubigeo": "010201", "week_end": weeks, "temp_c": rng.normal(26, 2, 125), "rain_mm": rng.gamma(2, 20, 125)}
    )


@pytest.fixture
def records() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    n = 400
    notes = ["Fiebre, vómitos persistentes", "fievre y cefalea", "niega sangrado, tos", None]
    return pd.DataFrame(
        {
            "record_id": [f"r{i:03d}" for i in range(n)],
            "date": rng.choice(pd.date_range("2013-12-01", "2016-04-16"), n),
            "ubigeo": rng.choice(list(DISTRICTS), n),
            "symptoms": rng.choice(np.array(notes, dtype=object), n),
            "treatment": rng.choice(np.array(["paracetamol; suero oral", "reposo", None], dtype=object), n),
        }
    )
