"""Appointments and hours that are small enough to work out by hand, or drawn for a second reckoning."""

from __future__ import annotations

import numpy as np
import pandas as pd


def calendar(clinic: str, first: str, last: str, holidays: tuple[str, ...] = ()) -> pd.DataFrame:
    """Table ``clinic_calendar`` of one clinic."""
    days = pd.date_range(first, last)
    return pd.DataFrame({
        "clinic": clinic, "date": days, "day_hours": 24,
        "holiday": pd.Series(np.where(days.isin(pd.to_datetime(list(holidays))), "Feast", None), dtype=object),
        "event": False, "recorded": True,
    })  # fmt: skip


def appointments(rows: list[tuple[str, str, int, str, bool]], **more: object) -> pd.DataFrame:
    """Table ``appointments`` of (patient, booked day, minute, day, missed); `more` replaces columns."""
    patient, booked, minute, day, missed = zip(*rows, strict=True)
    frame = pd.DataFrame({
        "appointment": [str(k) for k in range(len(rows))], "patient": patient, "clinic": "costa", "service": "general",
        "provider": None, "booked_date": pd.to_datetime(list(booked)), "booked_minute": minute,
        "date": pd.to_datetime(list(day)), "start_minute": pd.array([480] * len(rows), dtype="Int64"),
        "age_years": 30, "sex": "female", "neighbourhood": "A", "welfare": False, "hypertension": False,
        "diabetes": False, "alcoholism": False, "handicaps": 0, "reminder": False, "no_show": missed,
    }).assign(**more)  # fmt: skip
    frame["lead_days"] = (frame["date"] - frame["booked_date"]).dt.days
    return frame


def drawn(rng: np.random.Generator, size: int = 400, patients: int = 60) -> pd.DataFrame:
    """Appointments at random: several of a patient, on a day, and booked in one minute too; some people miss more."""
    booked = rng.integers(0, 40, size)
    lead = np.where(rng.random(size) < 0.3, 0, rng.integers(0, 15, size))
    start = pd.Timestamp("2016-04-01")
    who = rng.integers(0, patients, size)
    prone = rng.beta(0.6, 1.6, patients)
    rows = [
        (f"p{p}", start + pd.Timedelta(days=int(b)), 480 + 60 * int(m), start + pd.Timedelta(days=int(b + d)), bool(o))
        for p, b, m, d, o in zip(
            who, booked, rng.integers(0, 3, size), lead, rng.random(size) < prone[who], strict=True
        )
    ]
    return appointments(
        rows, neighbourhood=np.array(["A", "B", "C", "D", "E"])[who % 5], welfare=who % 7 == 0,
        age_years=rng.integers(0, 90, size), reminder=rng.random(size) < 0.3,
    )  # fmt: skip


def hours(counts: np.ndarray, *, first: str = "2016-02-01", clinic: str = "iowa", service: str = "emergency",
          zone: str = "America/Chicago") -> pd.DataFrame:  # fmt: skip
    """Table ``hourly_arrivals`` from counts of shape (D, 24), NaN where nobody counted; none where the clock skips."""
    from healthops.data.clock import elapsed_hours

    days = np.arange(np.datetime64(first), np.datetime64(first) + len(counts))
    elapsed = elapsed_hours(zone, days).ravel()
    values = np.where(elapsed == 0, 0, counts.ravel())
    return pd.DataFrame({
        "clinic": clinic, "service": service, "date": np.repeat(days.astype("datetime64[ns]"), 24),
        "hour": np.tile(np.arange(24), len(days)), "arrivals": pd.array(values, dtype="Float64").astype("Int64"),
        "elapsed_h": elapsed, "temp_c": np.round(10 + 8 * np.sin(np.arange(values.size) / 50), 2),
        "status": np.select([elapsed == 0, np.isnan(values)], ["skipped", "missing"], "complete"),
    })  # fmt: skip


def clinics(clinic: str = "iowa", zone: str = "America/Chicago", holidays: str = "US-IA") -> pd.DataFrame:
    """Table ``clinics`` of one clinic."""
    return pd.DataFrame({"clinic": [clinic], "time_zone": [zone], "holiday_calendar": [holidays]})
