"""A small campaign: six districts in two departments, two groups, thirty weeks; four regions, forty weeks."""

from __future__ import annotations

import numpy as np
import pandas as pd

WEEKS = pd.date_range("2021-02-13", periods=30, freq="7D")
DISTRICTS = ("010101", "010102", "010201", "020101", "020102", "020201")
GROUPS = ("adults", "older_and_health_workers")


def campaign(seed: int = 0, *, basis: str = "data") -> dict[str, pd.DataFrame]:
    """The tables that :func:`healthops.features.campaign_table.district_features` asks for."""
    rng = np.random.default_rng(seed)
    people = {(d, g): float(rng.integers(400, 4000)) for d in DISTRICTS for g in GROUPS}
    willing = {key: float(rng.uniform(0.7, 0.95)) for key in people}
    rows = []
    for (district, group), number in people.items():
        total = second = 0.0
        for t, week in enumerate(WEEKS):
            wanted = rng.uniform(0.05, 0.15) * max(willing[district, group] * number - total, 0) * (t > 2)
            first = round(wanted * rng.uniform(0.5, 1.0), 3)
            late = round(0.3 * (total - second), 3)
            total, second = total + first, second + late
            rows.append((district, group, week, max(wanted, first), first, late, total, second, basis))
    columns = ["ubigeo", "group", "week_end", "demand", "first_doses", "second_doses", "first_total", "second_total"]
    return {
        "vaccine_uptake": pd.DataFrame(rows, columns=[*columns, "basis"]),
        "priority_population": _keyed(people, "people", basis),
        "vaccine_willingness": _keyed(willing, "willing_share", basis),
        "population_age": ages(rng),
        "places": places(rng),
        "vaccine_facilities": facilities(basis),
        "vaccine_lots": lots(rng),
        "weekly_cases": cases(rng),
        "backtest_forecasts": forecasts(rng),
    }


def _keyed(values: dict, column: str, basis: str) -> pd.DataFrame:
    return pd.DataFrame(
        [(*key, value, basis) for key, value in values.items()], columns=["ubigeo", "group", column, "basis"]
    )


def ages(rng: np.random.Generator) -> pd.DataFrame:
    bands = [(0, 14), (15, 29), (30, 59), (60, 79), (80, None)]
    rows = [(d, "district", 2017, *band, float(rng.integers(500, 3000)), "data") for d in DISTRICTS for band in bands]
    frame = pd.DataFrame(rows, columns=["ubigeo", "level", "year", "age_low", "age_high", "population", "basis"])
    return frame.astype({"age_high": "Int64"})


def places(rng: np.random.Generator) -> pd.DataFrame:
    codes = [*sorted({d[:2] for d in DISTRICTS}), *sorted({d[:4] for d in DISTRICTS}), *DISTRICTS]
    return pd.DataFrame({
        "ubigeo": codes, "level": [{2: "department", 4: "province", 6: "district"}[len(c)] for c in codes],
        "name": [f"PLACE {c}" for c in codes], "department": "A", "province": "B",
        "region": [("costa", "sierra")[int(c[1]) - 1] for c in codes],
        "latitude": rng.uniform(-10, -5, len(codes)), "longitude": rng.uniform(-78, -74, len(codes)),
        "altitude_m": rng.uniform(0, 4000, len(codes)), "area_km2": rng.uniform(100, 5000, len(codes)),
        "density_per_km2": rng.uniform(1, 200, len(codes)), "population": rng.integers(5000, 20000, len(codes)) * 1.0,
        "hdi": rng.uniform(0.3, 0.7, len(codes)), "poverty_pct": rng.uniform(5, 60, len(codes)),
    })  # fmt: skip


def facilities(basis: str) -> pd.DataFrame:
    rows = [("N", "national_store", "010101", None, 60000.0, 900.0, 0, -6.0, -75.0, basis)]
    rows += [(f"R{d}", "regional_store", f"{d}0101", "N", 30000.0, 100.0, 0, -7.0, -76.0, basis) for d in ("01", "02")]
    for n, d in enumerate(DISTRICTS):
        for k in range(1 + n % 2):
            rows.append((f"P{d}-{k}", "vaccination_point", d, f"R{d[:2]}", 4000.0 + n, 10.0, 2, -8.0, -75.5, basis))
    columns = ["facility", "kind", "ubigeo", "parent", "people_served", "cold_chain_litres", "vaccinators"]
    return pd.DataFrame(rows, columns=[*columns, "latitude", "longitude", "basis"])


def lots(rng: np.random.Generator) -> pd.DataFrame:
    week = rng.choice(WEEKS[:20], 12)
    return pd.DataFrame({
        "lot": [f"L{k}" for k in range(12)], "shipment": [f"S{k:03}" for k in range(12)], "product": ["A", "B"] * 6,
        "vial_doses": [5, 10] * 6, "doses": rng.integers(100, 900, 12) * 10, "arrived": week, "arrival_week": week,
        "expires": week + np.timedelta64(100, "D"), "expiry_week": week + np.timedelta64(98, "D"), "basis": "data",
    })  # fmt: skip


def cases(rng: np.random.Generator) -> pd.DataFrame:
    """All districts but the last one, from eight weeks before the campaign."""
    weeks = pd.date_range(WEEKS[0] - pd.Timedelta(weeks=8), WEEKS[-1], freq="7D")
    rows = [(d, w, int(rng.poisson(6))) for d in DISTRICTS[:-1] for w in weeks]
    return pd.DataFrame(rows, columns=["ubigeo", "week_end", "cases"])


def forecasts(rng: np.random.Generator) -> pd.DataFrame:
    """Origins every four weeks of the first half, eight weeks ahead, two models, of one department."""
    rows = [
        (model, origin, h, "01", float(rng.uniform(5, 40)))
        for model in ("fusion", "other") for origin in WEEKS[3:16:4] for h in range(1, 9)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["model", "reference_date", "horizon", "location", "q0.500"])


def region_doses(seed: int = 0) -> pd.DataFrame:
    """Four states, one without people, and the nation; state 02 tells first doses late and is silent for a while."""
    rng = np.random.default_rng(seed)
    weeks = pd.date_range("2020-12-19", periods=40, freq="7D")
    rows = []
    for region, people in (("01", 50_000.0), ("02", 80_000.0), ("03", 20_000.0), ("04", np.nan), ("US", 150_000.0)):
        first = np.round(1500 * np.exp(-(((np.arange(40) - 15) / 8) ** 2)) * rng.uniform(0.7, 1.3, 40))
        total = np.cumsum(first)
        if region == "02":
            total[:5] = 0
            total[20:23] = total[19]
        given = np.diff(total, prepend=0)
        full = np.concatenate([np.zeros(4), 0.9 * total[:-4]])
        doses = np.cumsum(first) + full
        kind = "nation" if region == "US" else "state"
        for t, week in enumerate(weeks):
            new = doses[t] - (doses[t - 1] if t else 0)
            so_far = (doses[t], total[t], full[t], 0.0, doses[t], 0)
            rows.append((region, f"REGION {region}", kind, week, people, new, given[t], *so_far))
    columns = ["region", "name", "kind", "week_end", "people", "doses", "first_doses", "doses_total", "first_total"]
    columns += ["full_total", "additional_total", "reported_total", "falls"]
    return pd.DataFrame(rows, columns=columns)
