"""Summaries of column 4: daily arrivals, holidays, who misses appointments, staff, how long visits take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

#: Groups of fewer appointments are not shown: their rate says little, and may point at a person.
FEWEST = 30
#: Lower ends of the bands of the lead, in days; reminders begin with 3.
LEADS = (0, 1, 3, 7, 14, 28, 56)
#: Appointments that a band of the lead needs with and without a reminder for the two to be compared.
_BOTH = 20
#: Monday first.
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_Z = 1.959964


def wilson(missed: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """95 % interval of a share (Wilson 1927).

    >>> [round(float(x), 4) for x in wilson(np.array(10), np.array(50))]
    [0.1124, 0.3304]
    """
    missed, size = np.asarray(missed, float), np.asarray(size, float)
    share, spread = missed / size, _Z**2 / size
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * np.sqrt(share * (1 - share) / size + spread / (4 * size)) / (1 + spread)
    return middle - half, middle + half


def named_series(arrivals: pd.DataFrame) -> pd.Series:
    """Clinic and service as one name."""
    return arrivals["clinic"] + ", " + arrivals["service"]


def daily(arrivals: pd.DataFrame) -> pd.DataFrame:
    """Arrivals of each day, days x series; missing where an hour of the day is."""
    wide = arrivals.assign(
        series=named_series(arrivals), number=arrivals["arrivals"].astype("float64"), gap=arrivals["arrivals"].isna()
    )
    total = wide.groupby(["date", "series"]).agg(number=("number", "sum"), gap=("gap", "any"))
    return total["number"].mask(total["gap"]).unstack()


def hourly_mean(arrivals: pd.DataFrame) -> pd.DataFrame:
    """Mean arrivals an hour that passed, weekday x hour, in columns series."""
    known = arrivals[(arrivals["elapsed_h"] > 0) & arrivals["arrivals"].notna()]
    sums = known.assign(
        series=named_series(known), weekday=known["date"].dt.day_of_week, number=known["arrivals"].astype("float64")
    ).groupby(["series", "weekday", "hour"])[["number", "elapsed_h"]].sum()  # fmt: skip
    return (sums["number"] / sums["elapsed_h"]).unstack("series")


def dispersion(arrivals: pd.DataFrame, *, weeks: int = 8) -> pd.DataFrame:
    """Variance over mean of the hour's count, within blocks of weeks of one hour and weekday: 1 if Poisson.

    Within a block of `weeks` weeks, trend and season hardly move; what varies is chance, and what nobody foresees.

    Returns
    -------
    DataFrame, indexed by hour
        A column a series: pooled variance within blocks over the mean.
    """
    known = arrivals[(arrivals["elapsed_h"] == 1) & arrivals["arrivals"].notna()]
    block = (known["date"] - known["date"].min()).dt.days // (7 * weeks)
    rows = known.assign(series=named_series(known), weekday=known["date"].dt.day_of_week, block=block,
                        number=known["arrivals"].astype("float64"))  # fmt: skip
    found = rows.groupby(["series", "hour", "weekday", "block"])["number"].agg(["size", "mean", "var"])
    found = found[found["size"] >= weeks // 2]
    free = found["size"] - 1
    sums = (found.assign(free=free, square=found["var"] * free, mass=found["mean"] * free)
            .groupby(["series", "hour"])[["square", "mass"]].sum())  # fmt: skip
    return (sums["square"] / sums["mass"].where(sums["mass"] > 0)).unstack("series")


def holiday_effect(days: pd.DataFrame, calendar: pd.DataFrame) -> pd.DataFrame:
    """Arrivals of special days over those of the same weekday one and two weeks before and after.

    Only ordinary days are compared with: no holiday, no neighbour of one, no event. A clinic's services are added up,
    because they share the day.

    Parameters
    ----------
    days : DataFrame
        :func:`daily`.
    calendar : DataFrame
        Table ``clinic_calendar``.

    Returns
    -------
    DataFrame, indexed by the kind of day
        ``days`` (of clinics; kinds with fewer than three are left out), ``ratio`` of the sums, ``low``, ``high``: its
        95 % interval by the spread of the days (Cochran 1977, Sampling Techniques, equation 6.13; Student's t).
    """
    import pandas as pd
    from scipy.stats import t

    parts = []
    by_clinic = days.T.groupby(days.columns.str.rpartition(", ").get_level_values(0)).sum(min_count=1).T
    for clinic, came in by_clinic.items():
        ours = calendar[calendar["clinic"] == clinic].set_index("date").reindex(days.index)
        free, event = ours["holiday"].notna(), ours["event"].eq(True)
        before, after = free.shift(-1, fill_value=False), free.shift(1, fill_value=False)
        ordinary = came.where(~(free | before | after | event))
        usual = pd.concat([ordinary.shift(7 * k) for k in (-2, -1, 1, 2)], axis=1).mean(axis=1)
        kinds = [ours["holiday"].fillna(""), "event", "day before a holiday", "day after a holiday"]
        kind = np.select([free, event, before, after], kinds, "")
        parts.append(pd.DataFrame({"kind": kind, "came": came, "usual": usual}))
    rows = pd.concat(parts).dropna()
    rows = rows[(rows["kind"] != "") & (rows["usual"] > 0)]
    sums = rows.groupby("kind").agg(days=("came", "size"), came=("came", "sum"), usual=("usual", "sum"))
    sums = sums[sums["days"] >= 3]
    sums["ratio"] = sums["came"] / sums["usual"]
    off = (rows["came"] - rows["kind"].map(sums["ratio"]) * rows["usual"]) ** 2
    spread = off.groupby(rows["kind"]).sum().reindex(sums.index)
    half = np.sqrt(spread * sums["days"] / (sums["days"] - 1)) / sums["usual"] * t.ppf(0.975, sums["days"] - 1)
    out = sums[["days", "ratio"]].assign(low=sums["ratio"] - half, high=sums["ratio"] + half)
    return out.sort_values(["ratio", "days"])


# ---- appointments ----------------------------------------------------------------------------------------------


def lead_band(lead_days: pd.Series) -> pd.Series:
    """Band of the lead, in words and in order."""
    import pandas as pd

    names = [f"{a}" if b == a + 1 else f"{a}-{b - 1}" for a, b in zip(LEADS, LEADS[1:], strict=False)]
    return pd.cut(lead_days, [*LEADS, np.inf], right=False, labels=[*names, f"{LEADS[-1]}+"])


def no_show_by(appointments: pd.DataFrame, by: str | Sequence[str], *, fewest: int = FEWEST) -> pd.DataFrame:
    """Appointments, no-show rate and its 95 % interval by group; groups of fewer than `fewest` are left out."""
    found = appointments.groupby(by, observed=True)["no_show"].agg(["size", "sum"])
    found = found[found["size"] >= fewest]
    low, high = wilson(found["sum"].to_numpy(), found["size"].to_numpy())
    return found.assign(rate=found["sum"] / found["size"], low=low, high=high).rename(
        columns={"size": "appointments", "sum": "missed"}
    )


def reminder_effect(appointments: pd.DataFrame) -> dict[str, float]:
    """No-show rate with and without a reminder: as they stand, and of equal leads.

    Of equal leads: bands of the lead in which at least 20 were and 20 were not reminded, each weighted by all its
    appointments (direct standardisation). Who was reminded within a band was not drawn by lot.

    Returns
    -------
    dict
        ``crude_with``, ``crude_without``, ``equal_with``, ``equal_without``; the latter NaN where no band has both.
    """
    crude = appointments.groupby("reminder")["no_show"].mean().reindex([True, False])
    band = lead_band(appointments["lead_days"])
    wide = appointments.groupby([band, "reminder"], observed=True)["no_show"].agg(["size", "mean"]).unstack()
    wide = wide.reindex(columns=[(c, r) for c in ("size", "mean") for r in (True, False)])
    both = wide[(wide["size"].fillna(0) >= _BOTH).all(axis=1)]
    weight = both["size"].sum(axis=1)
    equal = (both["mean"].mul(weight, axis=0)).sum() / weight.sum() if len(both) else crude * np.nan
    return {
        "crude_with": float(crude[True]), "crude_without": float(crude[False]),
        "equal_with": float(equal[True]), "equal_without": float(equal[False]),
    }  # fmt: skip


def auc_by_feature(table: pd.DataFrame, names: Sequence[str], outcome: str = "no_show") -> pd.DataFrame:
    """Area under the ROC curve of each feature by itself, where it is known; below .5 it lowers the chance.

    Returns
    -------
    DataFrame, indexed by feature
        ``rows`` and ``auc``; NaN where the known rows have one outcome or one value alone.
    """
    import pandas as pd
    from scipy.stats import rankdata

    out = {}
    for name in names:
        x = table[name].to_numpy(float, na_value=np.nan)
        known = np.isfinite(x)
        y, x = table[outcome].to_numpy(bool)[known], x[known]
        yes, no = int(y.sum()), int((~y).sum())
        if not yes or not no or np.ptp(x) == 0:
            out[name] = (len(x), np.nan)
            continue
        out[name] = (len(x), (rankdata(x)[y].sum() - yes * (yes + 1) / 2) / (yes * no))
    return pd.DataFrame.from_dict(out, orient="index", columns=["rows", "auc"]).rename_axis("feature")


# ---- staff and visits --------------------------------------------------------------------------------------------


def staff(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Staff of each clinic: contracts, skills, and what they can and wish to work in the weeks to plan.

    Parameters
    ----------
    tables : mapping
        ``providers``, ``provider_skills``, ``provider_availability``, ``provider_requests``.
    """
    import pandas as pd

    people = tables["providers"].set_index("provider")
    skills = tables["provider_skills"].groupby("provider")["service"].nunique().reindex(people.index, fill_value=0)
    windows = tables["provider_availability"]
    days = windows.groupby("provider")["date"].nunique().reindex(people.index, fill_value=0)
    # Each clinic has weeks to plan of its own.
    ends = windows.groupby(windows["provider"].map(people["clinic"]))["date"].agg(["min", "max"])
    span = (ends["max"] - ends["min"]).dt.days + 1
    wishes = tables["provider_requests"].groupby(["provider", "kind"]).size().unstack(fill_value=0)
    wishes = wishes.reindex(index=people.index, columns=["on", "off", "day_off"], fill_value=0)
    frame = people.assign(two=skills > 1, part=people["contract_hours"] < people["contract_hours"].max(), days=days)
    grouped = frame.join(wishes).groupby("clinic")
    return pd.DataFrame({
        "providers": grouped.size(), "contract h a week": grouped["contract_hours"].sum(),
        "part contracts": grouped["part"].sum(), "work nights": grouped["nights"].sum(),
        "two skills": grouped["two"].sum(), "days available": grouped["days"].sum() / (grouped.size() * span),
        "wishes to work": grouped["on"].sum(), "wishes not to": grouped["off"].sum(),
        "days off": grouped["day_off"].sum(),
    })  # fmt: skip


def service_summary(times: pd.DataFrame) -> pd.DataFrame:
    """How long visits of each clinic and service take, and how late patients come, minutes."""
    import pandas as pd

    grouped = times.groupby(["clinic", "service"])
    mean, late = grouped["minutes"].mean(), grouped["late_minutes"]
    first = times[times["first_visit"]].groupby(["clinic", "service"])["minutes"].mean()
    again = times[~times["first_visit"] & times["appointment"].notna()].groupby(["clinic", "service"])["minutes"].mean()
    pace = times.groupby(["clinic", "service", "provider"])["minutes"].mean().groupby(["clinic", "service"])
    return pd.DataFrame({
        "visits": grouped.size(), "mean": mean, "median": grouped["minutes"].median(),
        "90 %": grouped["minutes"].quantile(0.9), "variation": grouped["minutes"].std() / mean,
        "first over later visits": first / again, "providers' means, fastest": pace.min(), "slowest": pace.max(),
        "late, mean": late.mean(), "late, sd": late.std(),
        "basis": grouped["basis"].agg(lambda b: "assumed" if (b == "assumed").all() else "data"),
    })  # fmt: skip
