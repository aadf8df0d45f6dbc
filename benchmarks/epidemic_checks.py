"""What proves the epidemic: mass, bytes, the deterministic limit, the final size, a simulation person by person."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from benchmarks.agents import DEAD, IMMUNE, SUSCEPTIBLE, Agents
from healthops.simulate.contacts import transmission_for
from healthops.simulate.epidemic import ACTIONS, Epidemic, State, Vaccine, advance, deterministic, run, start

CONTACTS = np.array([[8.0, 3.0], [3.0, 4.0]])
MIXING = np.array([[0.9, 0.1], [0.2, 0.8]])
VACCINE = Vaccine((0.5, 0.8), (0.7, 0.95), days_to_protection=(6, 3))
SEEDS = np.array([[2, 0], [1, 0]])
DAYS = 60
#: How many times the 90 people of the small country.
SCALES = (10, 100, 1_000, 10_000, 100_000, 1_000_000)
R0S = (1.5, 2.0, 2.5, 3.0)


def small_country(scale: int = 1, action: str = ACTIONS[0]) -> Epidemic:
    """Two places of two groups, 90 people times `scale`, with a vaccine that works late and in part."""
    people = np.array([[30, 20], [25, 15]]) * scale
    return Epidemic(
        places=("north", "south"),
        groups=("young", "old"),
        population=people,
        contacts=CONTACTS,
        transmission=transmission_for(2.0, CONTACTS, infectious_days=4, population=people, mixing=MIXING),
        latent_days=2,
        infectious_days=4,
        fatality=np.array([0.05, 0.3]),
        mixing=MIXING,
        vaccine=replace(VACCINE, action=action),
    )


def small_campaign(scale: int = 1) -> np.ndarray:
    """A dose a day and place and group times `scale`, second ones from day 12, shape (days, R, A, 2)."""
    doses = np.zeros((DAYS, 2, 2, 2), int)
    doses[3:30, :, :, 0] = scale
    doses[12:40, :, :, 1] = scale
    return doses


def _row(check: str, case: str, found: float, known: float, *, x: float = np.nan, error: float = np.nan) -> dict:
    away = abs(found - known) / (abs(known) if known else 1.0)
    return {"check": check, "case": case, "x": x, "found": found, "known": known, "difference": away, "error": error}


def mass(draws: int = 50) -> list[dict]:
    """People lost or made in any place, group and draw of campaigns in small and large countries."""
    rows = []
    for action in ACTIONS:
        for scale in (1, 1000):
            model = small_country(scale, action)
            begin = start(model, draws=draws, seed=1, infected=SEEDS * scale)
            end = advance(model, begin, DAYS, small_campaign(scale)).state
            lost = np.abs(end.everyone - model.population).sum()
            rows.append(_row("people lost or made", f"{action}, {model.population.sum():,} people", float(lost), 0.0))
    return rows


def bytes_again(draws: int = 20) -> list[dict]:
    """Arrays of the state that differ: played again; in weeks; draws apart."""
    model, doses = small_country(50), small_campaign(50)
    begin = start(model, draws=draws, seed=1, infected=SEEDS * 50)
    whole = advance(model, begin, DAYS, doses).state
    again = advance(model, start(model, draws=draws, seed=1, infected=SEEDS * 50), DAYS, doses).state
    *_, last = run(model, begin, DAYS, lambda state, days: doses[state.day : state.day + days], every=7)
    late = start(model, draws=draws // 2, seed=1, infected=SEEDS * 50, first_draw=draws // 2)
    half = advance(model, late, DAYS, doses).state
    names = [f.name for f in fields(State) if f.name not in ("day", "seed", "first_draw")]

    def differing(one: State, first: int = 0) -> float:
        return float(sum(getattr(one, n).tobytes() != getattr(whole, n)[first:].tobytes() for n in names))

    found = {"played again": differing(again), "in weeks": differing(last.state)}
    found["the later half of the draws alone"] = differing(half, draws // 2)
    return [_row("arrays with other bytes", case, value, 0.0) for case, value in found.items()]


def limit(scales: tuple[int, ...] = SCALES, draws: int = 40) -> tuple[list[dict], pd.DataFrame]:
    """Mean infections beside the deterministic limit by size of the country, and both day by day."""
    rows, parts = [], []
    for scale in scales:
        model, doses = small_country(scale), small_campaign(scale)
        begin = start(model, draws=draws, seed=3, infected=SEEDS * scale)
        periods = run(model, begin, DAYS, lambda state, days, doses=doses: doses[state.day : state.day + days], every=1)
        daily = np.array([period.infections.sum(axis=(1, 2)) for period in periods], float)
        course = deterministic(model, DAYS, infected=SEEDS * scale, doses=doses)
        known = course.infections.sum(axis=(1, 2))
        people = int(model.population.sum())
        total = daily.sum(axis=0)
        error = float(total.std(ddof=1) / np.sqrt(draws) / known.sum())
        case = f"{people:,} people"
        rows.append(_row("deterministic limit", case, total.mean(), known.sum(), x=people, error=error))
        per = 1000 / people
        low, high = np.quantile(daily, (0.05, 0.95), axis=1)
        day = {"people": people, "day": np.arange(1, DAYS + 1), "limit": known * per, "mean": daily.mean(axis=1) * per}
        parts.append(pd.DataFrame(day | {"low": low * per, "high": high * per}))
    return rows, pd.concat(parts, ignore_index=True)


def final_sizes(r0s: tuple[float, ...] = R0S, people: int = 1_000_000, draws: int = 40) -> list[dict]:
    """Share of one group ever infected beside the analytic value."""
    rows, ill = [], people // 1000
    for r0 in r0s:
        model = Epidemic(
            ("all",), ("all",), np.array([[people]]), np.array([[5.0]]), r0 / 20, 3, 4, np.array([0.0])
        )  # fmt: skip
        # Who escapes has escaped the pressure of all who were ever infected: s = (1 - i) exp(-R0 (1 - s)).
        escape = brentq(lambda s, r0=r0: s - (1 - ill / people) * np.exp(-r0 * (1 - s)), 0, 1 - 1e-9)
        begin = start(model, draws=draws, seed=4, infected=np.array([[ill]]))
        sizes = advance(model, begin, 500).state.ever_infected[:, 0, 0] / people
        error = float(sizes.std(ddof=1) / np.sqrt(draws) / (1 - escape))
        rows.append(_row("final size", f"R0 {r0:g}", float(sizes.mean()), 1 - escape, x=r0, error=error))
    return rows


def person_by_person(agent_draws: int = 1000, draws: int = 4000) -> list[dict]:
    """Attack rate and deaths of each group beside those of the simulation person by person."""
    rows = []
    for action in ACTIONS:
        model = small_country(action=action)
        agents = Agents(model, SEEDS, draws=agent_draws, seed=6)
        for doses in small_campaign():
            agents.day(doses.reshape(-1, 2))
        begin = start(model, draws=draws, seed=7, infected=SEEDS)
        period = advance(model, begin, DAYS, small_campaign())
        ever = ~np.isin(agents.status, (SUSCEPTIBLE, IMMUNE))
        for what, mine, theirs in (
            ("infected", period.state.ever_infected, agents.count(ever)),
            ("dead", period.state.dead, agents.count(agents.status == DEAD)),
        ):
            shares = [x.reshape(len(x), 2, 2).sum(axis=1) / model.population.sum(axis=0) for x in (mine, theirs)]
            for g, group in enumerate(model.groups):
                one, other = (x[:, g].astype(float) for x in shares)
                error = np.sqrt(one.var() / len(one) + other.var() / len(other)) / other.mean()
                case = f"{action}, {group}, {what}"
                rows.append(_row("person by person", case, one.mean(), other.mean(), error=float(error)))
    return rows


def all_checks(
    scales: tuple[int, ...] = SCALES, *, draws: int = 40, agent_draws: int = 1000
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables ``epidemic_benchmark_checks`` and ``epidemic_benchmark_days``."""
    rows, days = limit(scales, draws)
    singles = person_by_person(agent_draws, 4 * agent_draws)
    return pd.DataFrame([*mass(), *bytes_again(), *rows, *final_sizes(draws=draws), *singles]), days
