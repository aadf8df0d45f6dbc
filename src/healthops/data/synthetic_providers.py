"""Writing the synthetic clinics as the raw files of column 4, with the defects that real registers have.

What was planted, and how many of each, goes to ``planted.json``, so that a test can ask the cleaning to find just that.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from healthops.data import staff
from healthops.data.campaign_rules import Rules
from healthops.data.clean_staff import draw_arrivals, kept_appointments
from healthops.data.clinic_files import COLUMNS
from healthops.data.errors import DataError
from healthops.data.provider_rules import load_provider_rules
from healthops.data.raw_layout import RAW_PATHS
from healthops.data.synthetic_appointments import draw_appointments, draw_people
from healthops.data.synthetic_clinics import BOOKED, CLINICS, HOLIDAYS, TIME_ZONE, WALK_IN, Clinic, open_clinic
from healthops.data.synthetic_write import write_csv

if TYPE_CHECKING:
    import pandas as pd

    from healthops.workspace import Workspace

#: What the scenario says under `data:`.
OPTIONS = ("clinics", "clinic_years", "appointments", "providers")
_FLAGS = ("welfare", "hypertension", "diabetes", "alcoholism", "reminder", "no_show")


def write_providers(ws: Workspace, folder: Path, last_day: np.datetime64) -> dict[str, Any]:
    """Simulate clinics until `last_day` and write their raw files under `folder`; return what was planted."""
    size, rules = _size(ws), load_provider_rules()
    days = np.arange(last_day - round(365.25 * size["clinic_years"]) + 1, last_day + 1)
    ahead = 7 * (int(rules("horizon", "weeks")) + 1)
    names = list(CLINICS)[: size["clinics"]]
    clinics = [open_clinic(ws.rng(f"clinic-{name}"), name, days, ahead=ahead) for name in names]
    defects = ws.rng("clinic-defects")
    _write(folder, "clinics", [[name, TIME_ZONE, HOLIDAYS] for name in names])
    _write(folder, "clinic_events", [[c.name, str(day)] for c in clinics for day in c.fairs])
    arrivals, planted = _write_arrivals(folder, ws.rng("clinic-arrivals"), defects, clinics)

    rng = ws.rng("clinic-staff")
    services = dict.fromkeys(names, (*WALK_IN, *BOOKED))
    providers, skills = staff.draw_providers(rng, services, size["providers"], rules, walk_in=WALK_IN)
    placed = skills.merge(providers[["provider", "clinic"]], on="provider")
    last = dict.fromkeys(names, last_day)
    windows = staff.draw_availability(rng, providers, last, rules)
    requests = staff.draw_requests(rng, providers, last, rules)
    planted |= _write_staff(folder, defects, providers, skills, windows, requests)

    people = draw_people(ws.rng("clinic-people"), names, size["appointments"])
    able = placed[placed["service"].isin(BOOKED)].drop_duplicates("provider")
    patients = staff.draw_patients(ws.rng("clinic-wishes"), people[["patient", "clinic"]], able, rules)
    rng = ws.rng("clinic-appointments")
    year = days[-min(365, len(days)) :]
    frame, law = draw_appointments(rng, people, patients, placed, year, size["appointments"])
    planted |= _write_appointments(folder, defects, frame, law, patients)
    planted |= _write_times(folder, ws.rng("clinic-visits"), defects, frame, arrivals, placed, rules)
    return {f"provider_{name}": {"count": count, "unit": "rows"} for name, count in planted.items()}


def _size(ws: Workspace) -> dict[str, int]:
    """Options of the scenario."""
    found = {}
    for name in OPTIONS:
        value = ws.scenario.data.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise DataError(
                f"config/{ws.scenario.name}.yaml: data: {name} must be a whole number above 0, not {value!r}"
            )
        found[name] = value
    if found["clinics"] > len(CLINICS):
        raise DataError(
            f"config/{ws.scenario.name}.yaml: data: clinics is {found['clinics']}; there are {len(CLINICS)}"
        )
    return found


def _write(folder: Path, name: str, rows: list[list[object]]) -> None:
    write_csv(folder / RAW_PATHS[name], COLUMNS[name], rows)


def _rows(frame: pd.DataFrame, name: str) -> list[list[object]]:
    """Rows of a file: days as ISO dates, flags as 0 and 1, nothing where something is missing."""
    columns = []
    for column in COLUMNS[name]:
        values = frame[column]
        if values.dtype == bool:
            columns.append(values.astype(int).tolist())
        elif values.dtype.kind == "M":
            columns.append(values.dt.strftime("%Y-%m-%d").tolist())
        else:
            columns.append(values.astype(object).where(values.notna(), "").tolist())
    return [list(row) for row in zip(*columns, strict=True)]


def _write_arrivals(
    folder: Path, rng: np.random.Generator, defects: np.random.Generator, clinics: list[Clinic]
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Write the arrivals, an outage and repeats among them; an hour that the clock shows twice has two rows.

    Returns the counts before the defects, and what was planted.
    """
    import pandas as pd

    parts = []
    for clinic in clinics:
        for service in WALK_IN:
            # A row for each time that the clock shows the hour.
            times = clinic.elapsed.ravel()
            at = np.repeat(np.arange(times.size), times)
            parts.append(pd.DataFrame({
                "clinic": clinic.name, "service": service, "date": clinic.days[at // 24], "hour": at % 24,
                "arrivals": rng.poisson(clinic.rate[service].ravel()[at]), "temp_c": clinic.temp_c.ravel()[at],
                "times": times[at],
            }))  # fmt: skip
    frame = pd.concat(parts, ignore_index=True)
    frame["date"] = pd.to_datetime(frame["date"])
    out = clinics[int(defects.integers(len(clinics)))]
    day = out.days[int(defects.integers(len(out.days) // 4, len(out.days) // 2))]
    silent = (frame["clinic"] == out.name) & (frame["date"] == day) & frame["hour"].between(8, 13)
    left = frame[~silent]
    # Not among the hours that have two rows anyway.
    once = np.flatnonzero(left["times"].to_numpy() == 1)
    repeat = np.sort(defects.choice(once, 12, replace=False))
    order = np.sort(np.concatenate([np.arange(len(left)), repeat]), kind="stable")
    _write(folder, "clinic_arrivals", _rows(left.iloc[order], "clinic_arrivals"))
    skipped = sum(int((clinic.elapsed == 0).sum()) for clinic in clinics) * len(WALK_IN)
    return frame, {
        "hours_twice": int((left["times"] == 2).sum()), "hours_skipped": skipped, "hours_silent": int(silent.sum()),
        "arrivals_repeated": len(repeat),
    }  # fmt: skip


def _write_staff(
    folder: Path, rng: np.random.Generator, providers: pd.DataFrame, skills: pd.DataFrame, windows: pd.DataFrame,
    requests: pd.DataFrame,
) -> dict[str, int]:  # fmt: skip
    """Write the staff: a provider without a skill, windows that overlap or close before they open, requests twice."""
    import pandas as pd

    unskilled = providers.iloc[[0]].assign(provider=f"P{len(providers) + 1:03d}")
    idle = (
        windows[windows["provider"] == providers["provider"].iloc[0]]
        .head(10)
        .assign(provider=unskilled["provider"].iloc[0])
    )
    pick = np.sort(rng.choice(len(windows), 8, replace=False))
    over = windows.iloc[pick]
    # A window within another, an hour after it opens.
    over = over.assign(start_minute=over["start_minute"] + 60, end_minute=over["end_minute"] - 30)
    wrong = windows.iloc[np.sort(rng.choice(len(windows), 5, replace=False))]
    wrong = wrong.assign(start_minute=wrong["start_minute"] + 10, end_minute=wrong["start_minute"] - 60)
    twice = requests.iloc[np.sort(rng.choice(len(requests), 4, replace=False))]
    _write(folder, "clinic_providers", _rows(pd.concat([providers, unskilled]), "clinic_providers"))
    _write(folder, "clinic_skills", _rows(skills, "clinic_skills"))
    every = pd.concat([windows, over, wrong, idle]).sort_values(["provider", "date"], kind="stable")
    _write(folder, "clinic_availability", _rows(every, "clinic_availability"))
    _write(folder, "clinic_requests", _rows(pd.concat([requests, twice]), "clinic_requests"))
    return {
        "unskilled": 1, "windows_of_unskilled": len(idle), "windows_overlapping": len(over),
        "windows_negative": len(wrong), "requests_repeated": len(twice),
    }  # fmt: skip


def _write_appointments(
    folder: Path, rng: np.random.Generator, frame: pd.DataFrame, law: pd.DataFrame, patients: pd.DataFrame
) -> dict[str, int]:
    """Write appointments, patients and the law: some booked too late, of a negative age, twice, of an odd number."""
    import pandas as pd

    booked = pd.to_datetime(frame["booked_at"], unit="m", origin="unix")
    out = frame.assign(
        booked_at=booked.dt.strftime("%Y-%m-%dT%H:%M"), date=pd.to_datetime(frame["day"], unit="D", origin="unix")
    )
    lone = np.flatnonzero(~out["patient"].duplicated(keep=False).to_numpy())
    odd = rng.choice(lone, min(5, len(lone)), replace=False)
    out.loc[odd, "patient"] = [f"{name}{k}E-5" for k, name in enumerate(out.loc[odd, "patient"])]
    chosen = np.sort(rng.choice(len(out), 9 + 6 + 15, replace=False))
    chosen = rng.permutation(chosen)
    late, young, twice = (out.iloc[np.sort(part)] for part in (chosen[:9], chosen[9:15], chosen[15:]))
    first = 9_000_000
    late = late.assign(
        appointment=[str(first + k) for k in range(len(late))],
        booked_at=(late["date"] + pd.Timedelta(days=2)).dt.strftime("%Y-%m-%dT09:00"),
    )
    young = young.assign(appointment=[str(first + 100 + k) for k in range(len(young))], age_years=-1)
    every = pd.concat([out, late, young, twice]).sort_values("appointment", kind="stable")
    _write(folder, "clinic_appointments", _rows(every, "clinic_appointments"))
    _write(folder, "clinic_no_show_law", _rows(law, "clinic_no_show_law"))
    _write(folder, "clinic_patients", _rows(patients, "clinic_patients"))
    return {
        "booked_after": len(late), "ages_negative": len(young), "appointments_repeated": len(twice),
        "patients_odd": len(odd), "patients_without": int((~patients["patient"].isin(out["patient"])).sum()),
    }  # fmt: skip


def _write_times(
    folder: Path, visits: np.random.Generator, defects: np.random.Generator, frame: pd.DataFrame,
    arrivals: pd.DataFrame, skills: pd.DataFrame, rules: Rules,
) -> Mapping[str, int]:  # fmt: skip
    """Write how long visits took, some of them less than nothing, some twice."""
    import pandas as pd

    dated = frame.assign(
        date=pd.to_datetime(frame["day"], unit="D", origin="unix"),
        booked_date=pd.to_datetime(frame["booked"], unit="D", origin="unix"),
    )
    known = kept_appointments(dated)
    size = min(len(known), int(rules("service spread", "sample")))
    every = pd.concat([known, draw_arrivals(visits, arrivals, size)], ignore_index=True)
    times = staff.draw_service_times(visits, every, skills, rules)
    wrong = times.iloc[np.sort(defects.choice(len(times), 6, replace=False))]
    wrong = wrong.assign(visit=[f"V9{k:05d}" for k in range(6)], minutes=-wrong["minutes"])
    twice = times.iloc[np.sort(defects.choice(len(times), 5, replace=False))]
    _write(folder, "clinic_service_times", _rows(pd.concat([times, wrong, twice]), "clinic_service_times"))
    return {"durations_negative": len(wrong), "visits_repeated": len(twice)}
