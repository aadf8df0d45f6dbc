"""Staff, what patients prefer and how long visits take, drawn by the assumptions of ``providers.yaml``.

No public source offers them. The synthetic country draws what it records of its clinics with the same functions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from healthops.data.campaign_rules import Rules
from healthops.data.errors import DataError
from healthops.data.provider_rules import SHIFTS

if TYPE_CHECKING:
    import pandas as pd

#: First skills of a clinic's staff, in turn, as far as it offers them: what never closes needs the most people.
_TURN = ("emergency", "general", "emergency", "paediatrics")
_DAY = 24 * 60


def shift_types(rules: Rules) -> pd.DataFrame:
    """Return table ``shift_types``."""
    import pandas as pd

    rows = [
        (name, int(rules(f"shift {name}", "start_minute")), int(rules(f"shift {name}", "minutes"))) for name in SHIFTS
    ]
    return pd.DataFrame(rows, columns=["shift", "start_minute", "minutes"])


def draw_providers(
    rng: np.random.Generator,
    services: Mapping[str, Sequence[str]],
    people: int,
    rules: Rules,
    *,
    walk_in: Collection[str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw `people` providers, as many for each clinic as for the others, and their skills.

    Parameters
    ----------
    services : mapping
        Clinic -> the services that it offers; each gets a provider who can give it.
    people : int
        At least one for each service of each clinic.
    walk_in : collection of str
        Services that never close: only who can give one may work nights.

    Returns
    -------
    providers, skills : DataFrame
        Tables ``providers`` and ``provider_skills``, without `basis`.
    """
    import pandas as pd

    if any(people // len(services) < len(offered) for offered in services.values()):
        raise DataError(
            f"{people} providers for the services {dict(services)} are too few: name at least one a service and clinic "
            f"in config/<scenario>.yaml, data: providers"
        )
    rows, skills = [], []
    for k in range(people):
        clinic = list(services)[k % len(services)]
        offered, rank = list(services[clinic]), k // len(services)
        turn = [s for s in _TURN if s in offered] or offered
        # One each before the turns begin, so that no service is left without.
        first = offered[rank] if rank < len(offered) else turn[rank % len(turn)]
        others = [s for s in offered if s != first]
        second = others[int(rng.integers(len(others)))] if others else None
        name = f"P{k + 1:03d}"
        able = [first]
        if second and rng.random() < rules("contract", "second_skill_share"):
            able.append(second)
        skills += [(name, service) for service in able]
        part = rng.random() < rules("contract", "part_share")
        nights = rng.random() < rules("contract", "nights_share") and any(service in walk_in for service in able)
        rows.append({
            "provider": name, "clinic": clinic,
            "contract_hours": rules("contract", "part_hours" if part else "full_hours"),
            "nights": bool(nights),
            **{limit: int(rules("contract", limit))
               for limit in ("max_days_in_row", "min_days_in_row", "min_days_off", "max_weekends")},
        })  # fmt: skip
    return pd.DataFrame(rows), pd.DataFrame(skills, columns=["provider", "service"])


def first_monday(after: np.datetime64) -> np.datetime64:
    """First Monday after a day.

    >>> first_monday(np.datetime64("2018-03-31"))
    np.datetime64('2018-04-02')
    """
    day = np.datetime64(after, "D")
    # 1970-01-01 was a Thursday.
    return day + 7 - (int(day.astype(int)) + 3) % 7


def draw_availability(
    rng: np.random.Generator, providers: pd.DataFrame, last_day: Mapping[str, np.datetime64], rules: Rules
) -> pd.DataFrame:
    """Draw table ``provider_availability``, without `basis`: whole days but for days off and half days.

    Parameters
    ----------
    providers : DataFrame
        Table ``providers``.
    last_day : mapping
        Clinic -> day of its last record; the weeks to plan begin on the Monday after it.
    """
    import pandas as pd

    days = 7 * int(rules("horizon", "weeks"))
    noon = int(rules("shift late", "start_minute"))
    opens = int(rules("shift early", "start_minute"))
    evening = noon + int(rules("shift late", "minutes"))
    away, half = rules("horizon", "unavailable_share"), rules("horizon", "half_share")
    rows = []
    for name, clinic, nights in providers[["provider", "clinic", "nights"]].itertuples(index=False):
        monday = first_monday(last_day[clinic])
        luck, side = rng.random(days), rng.random(days) < 0.5
        closes = opens + _DAY if nights else evening
        for d in range(days):
            if luck[d] >= away:
                low, high = opens, closes
                if luck[d] < away + half:
                    low, high = (opens, noon) if side[d] else (noon, closes)
                rows.append((name, monday + d, low, high))
    out = pd.DataFrame(rows, columns=["provider", "date", "start_minute", "end_minute"])
    return out.assign(date=pd.to_datetime(out["date"]))


def draw_requests(
    rng: np.random.Generator, providers: pd.DataFrame, last_day: Mapping[str, np.datetime64], rules: Rules
) -> pd.DataFrame:
    """Draw table ``provider_requests``, without `basis`; arguments as of :func:`draw_availability`."""
    import pandas as pd

    days = 7 * int(rules("horizon", "weeks"))
    rows = []
    for name, clinic, nights in providers[["provider", "clinic", "nights"]].itertuples(index=False):
        monday = first_monday(last_day[clinic])
        leave, wishes = rng.poisson(rules("horizon", "days_off")), rng.poisson(rules("horizon", "requests"))
        chosen = rng.choice(days, min(days, leave + wishes), replace=False)
        for k, d in enumerate(chosen):
            if k < leave:
                rows.append((name, monday + d, "day_off", "any", 0))
            else:
                shift = SHIFTS[int(rng.integers(3 if nights else 2))]
                rows.append((name, monday + d, ("on", "off")[int(rng.integers(2))], shift, int(rng.integers(1, 4))))
    out = pd.DataFrame(rows, columns=["provider", "date", "kind", "shift", "weight"])
    return out.assign(date=pd.to_datetime(out["date"]))


def draw_patients(
    rng: np.random.Generator, patients: pd.DataFrame, providers: pd.DataFrame, rules: Rules
) -> pd.DataFrame:
    """Draw table ``patients``, without `basis`: what each prefers.

    Parameters
    ----------
    patients : DataFrame
        Columns patient and clinic.
    providers : DataFrame
        Those that a patient may prefer; columns provider and clinic, some of each clinic.
    """
    morning, afternoon = rules("preferences", "morning_share"), rules("preferences", "afternoon_share")
    size = len(patients)
    when = np.array(["morning", "afternoon", "any"], dtype=object)[
        np.searchsorted([morning, morning + afternoon], rng.random(size), side="right")
    ]
    of_clinic = {clinic: group.to_numpy(object) for clinic, group in providers.groupby("clinic")["provider"]}
    pick, minded = rng.random(size), rng.random(size) < rules("preferences", "provider_share")
    names = [
        of_clinic[clinic][int(luck * len(of_clinic[clinic]))] if yes else None
        for clinic, luck, yes in zip(patients["clinic"], pick, minded, strict=True)
    ]
    return patients[["patient", "clinic"]].assign(prefers=when, preferred_provider=names)


def draw_service_times(
    rng: np.random.Generator, visits: pd.DataFrame, skills: pd.DataFrame, rules: Rules
) -> pd.DataFrame:
    """Draw table ``service_times``, without `basis`.

    Parameters
    ----------
    visits : DataFrame
        Columns appointment, clinic, service, provider, date, first_visit, age_years; a provider that is missing is
        drawn from those of the clinic who can give the service.
    skills : DataFrame
        Columns provider, service and clinic.
    """
    import pandas as pd

    out = visits.reset_index(drop=True)
    able = {key: group.to_numpy(object) for key, group in skills.groupby(["clinic", "service"])["provider"]}
    luck = rng.random(len(out))
    drawn = [
        able[key][int(u * len(able[key]))]
        for key, u in zip(zip(out["clinic"], out["service"], strict=True), luck, strict=True)
    ]
    out["provider"] = out["provider"].where(out["provider"].notna(), pd.Series(drawn, dtype=object))
    everyone = sorted(skills["provider"].unique())
    pace = pd.Series(rng.normal(0, rules("service spread", "pace_sd"), len(everyone)), index=everyone)
    sd = rules("service spread", "visit_sd")
    mean = out["service"].map({name: rules("service minutes", name) for name in out["service"].unique()})
    older = (out["age_years"].astype("float64").fillna(40) - 40).clip(lower=0)
    log = np.log(mean) + out["provider"].map(pace) + rules("service spread", "age_slope") * older
    log += np.log(rules("service spread", "first_factor")) * out["first_visit"]
    minutes = np.exp(log + rng.normal(-(sd**2) / 2, sd, len(out)))
    late = rng.normal(-rules("punctuality", "early_mean"), rules("punctuality", "sd"), len(out))
    out["minutes"] = minutes.round(1).clip(0.5, 600)
    out["late_minutes"] = np.where(out["appointment"].notna(), late.round(1).clip(-180, 180), np.nan)
    out["visit"] = [f"V{k:06d}" for k in range(1, len(out) + 1)]
    return out
