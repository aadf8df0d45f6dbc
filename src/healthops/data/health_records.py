"""Imagine clinic records, table ``health_records``.

No public source offers individual records, so these are fictitious in every scenario: people with fever who never
lived, placed and timed by the weekly counts of dengue. Behind each stands a latent severity that age, other illness
and the disease raise; it makes warning signs likely and, with much chance, decides the outcome. So an outcome can be
learnt from age and text, but not perfectly.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from healthops.data.health_notes import Scribe

if TYPE_CHECKING:
    import pandas as pd

    from healthops.workspace import Workspace


#: Share of the records that are of dengue, suspected or not.
DENGUE_SHARE = 0.6
#: Latent severity above which a person is kept in hospital, and above which one dies.
HOSPITAL, DEATH = 2.2, 4.4
#: Share of the records that lack a field.
MISSING = {"age_years": 0.02, "sex": 0.01, "coordinates": 0.03, "symptoms": 0.015, "diagnosis": 0.03, "treatment": 0.06}


@cache
def vocabulary() -> dict[str, Any]:
    """Words and chances of the records, from ``health_vocabulary.yaml``."""
    return yaml.safe_load((Path(__file__).parent / "health_vocabulary.yaml").read_text(encoding="utf-8"))


def imagine(
    rng: np.random.Generator, places: pd.DataFrame, weekly_cases: pd.DataFrame, *, records: int
) -> pd.DataFrame:
    """Draw `records` fictitious records.

    Parameters
    ----------
    places, weekly_cases : DataFrame
        The tables of these names.
    records : int
        How many.

    Returns
    -------
    DataFrame
        Table ``health_records``, in the order of the dates.
    """
    visits = _visits(rng, places, weekly_cases, records)
    people = _people(rng, visits)
    frame = visits.drop(columns="disease").assign(
        age_years=people["age"], sex=np.where(people["female"], "female", "male"), outcome=_outcomes(people["severity"])
    )
    scribe = Scribe(rng, vocabulary())
    notes = [scribe.write(person) for person in people.to_dict("records")]
    frame["symptoms"], frame["diagnosis"], frame["treatment"] = zip(*notes, strict=True)
    frame["age_years"] = frame["age_years"].astype("Int64")
    _lose(rng, frame)
    frame["fictitious"] = True
    frame = frame.sort_values(["date", "ubigeo"], kind="stable", ignore_index=True)
    frame["record_id"] = [f"R{k:06d}" for k in range(1, len(frame) + 1)]
    return frame


def _visits(rng: np.random.Generator, places: pd.DataFrame, weekly_cases: pd.DataFrame, records: int) -> pd.DataFrame:
    """Where and when: dengue in proportion to its counts, other fevers to the people, somewhat more in the cold."""
    import pandas as pd

    counts = weekly_cases.loc[weekly_cases["cases"].notna(), ["ubigeo", "week_end", "cases"]]
    counts = counts.sort_values(["ubigeo", "week_end"], ignore_index=True)
    weight = counts["cases"].to_numpy(float)
    if weight.sum() == 0:
        raise ValueError("table 'weekly_cases' has no case: records cannot be placed and timed")
    ill = round(DENGUE_SHARE * records)
    dengue = counts.loc[rng.choice(len(counts), ill, p=weight / weight.sum()), ["ubigeo", "week_end"]]
    people = places[places["level"] == "district"].set_index("ubigeo")["population"]
    people = people.reindex(counts["ubigeo"].unique())
    people = people.fillna(people.median()).fillna(1).to_numpy()
    known = counts["ubigeo"].unique()
    weeks = np.sort(counts["week_end"].unique())
    month = pd.DatetimeIndex(weeks).month.to_numpy()
    cold = 1 + 0.35 * np.cos(2 * np.pi * (month - 7) / 12)
    others = pd.DataFrame({
        "ubigeo": known[rng.choice(len(known), records - ill, p=people / people.sum())],
        "week_end": weeks[rng.choice(len(weeks), records - ill, p=cold / cold.sum())],
    })  # fmt: skip
    names = [name for name in vocabulary()["diseases"] if name != "dengue"]
    share = np.array([vocabulary()["diseases"][name]["share"] for name in names])
    others["disease"] = np.array(names, dtype=object)[rng.choice(len(names), len(others), p=share / share.sum())]
    visits = pd.concat([dengue.assign(disease="dengue"), others], ignore_index=True)
    # Saturday back to Sunday, when few clinics are open.
    back = rng.choice(7, records, p=np.array([12, 16, 15, 16, 17, 19, 5]) / 100)
    visits["date"] = visits.pop("week_end") - pd.to_timedelta(back, unit="D")
    return visits.join(_clinics(rng, visits["ubigeo"], places))


def _clinics(rng: np.random.Generator, ubigeo: pd.Series, places: pd.DataFrame) -> pd.DataFrame:
    """Coordinates of one of three clinics of the district, within some kilometres of its capital."""
    import pandas as pd

    capital = places.set_index("ubigeo")[["latitude", "longitude"]].reindex(ubigeo).to_numpy(float)
    codes, known = pd.factorize(ubigeo, sort=True)
    offset = rng.normal(0, 0.02, (len(known), 3, 2))
    spot = capital + offset[codes, rng.integers(0, 3, len(codes))]
    return pd.DataFrame(np.round(spot, 4), columns=["latitude", "longitude"], index=ubigeo.index)


def _people(rng: np.random.Generator, visits: pd.DataFrame) -> pd.DataFrame:
    """Age, sex, other illness, latent severity and number of warning signs of each visitor."""
    import pandas as pd

    n = len(visits)
    words = vocabulary()
    dengue = (visits["disease"] == "dengue").to_numpy()
    child = rng.random(n) < np.where(dengue, 0.30, 0.45)
    age = np.where(child, 15 * rng.beta(1.1, 1.2, n), 15 + 75 * rng.beta(1.2, 2.4, n))
    people = pd.DataFrame({"disease": visits["disease"], "age": np.floor(age).astype(int)})
    people["female"] = rng.random(n) < 0.53
    severity = visits["disease"].map({name: d["severity"] for name, d in words["diseases"].items()}).to_numpy(float)
    severity = severity + 0.9 * (people["age"] < 3) + 0.035 * np.maximum(people["age"] - 45, 0)
    illness = [[] for _ in range(n)]
    for name, what in words["comorbidities"].items():
        has = rng.random(n) < np.where(people["age"] < 40, what["young"], what["old"])
        severity = severity + what["effect"] * has
        for k in np.flatnonzero(has):
            illness[k].append(name)
    severity = severity + rng.logistic(0, 0.55, n)
    people["illness"] = illness
    # What is seen at the visit tells of the severity; how it goes on is also a matter of chance.
    expected = np.round(np.exp(np.clip(-2.2 + 0.95 * severity, -8, 1.2)), 6)
    people["signs"] = np.minimum(rng.poisson(expected), 4)
    people["severity"] = np.round(severity + rng.logistic(0, 0.36, n), 6)
    return people


def _outcomes(severity: pd.Series) -> np.ndarray:
    return np.select([severity > DEATH, severity > HOSPITAL], ["died", "hospitalised"], "recovered")


def _lose(rng: np.random.Generator, frame: pd.DataFrame) -> None:
    """Leave some fields empty."""
    for field, share in MISSING.items():
        lost = rng.random(len(frame)) < share
        for column in ("latitude", "longitude") if field == "coordinates" else (field,):
            frame[column] = frame[column].mask(lost)


def run(ws: Workspace) -> None:
    """Read tables ``places`` and ``weekly_cases`` and write ``health_records``."""
    wanted = int(ws.scenario.data["health_records"])
    frame = imagine(ws.rng("health_records"), ws.read("places"), ws.read("weekly_cases"), records=wanted)
    ws.write("health_records", frame)
    print(f"health_records: {len(frame):,} fictitious records, seed {ws.seed}")
