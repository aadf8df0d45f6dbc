"""Summaries of the tables of column 3: faults, the maternal set, people, caseloads, measurements, tasks, groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from healthops.evaluate.clustered import auc, share
from healthops.features.community_catalogue import VITALS
from healthops.report.tables import SMALLEST_COUNT

if TYPE_CHECKING:
    import pandas as pd

#: Lower ends of the age groups of figures, years, and their names.
AGES = {0: "0", 1: "1-4", 5: "5-14", 15: "15-49", 50: "50-64", 65: "65 and older"}
#: Words for measurements in figures.
SHORT = {
    "systolic_mmhg": "blood pressure", "heart_rate_bpm": "heart rate", "temp_c": "temperature",
    "glucose_mmol_l": "blood sugar", "spo2_pct": "oxygen saturation", "muac_mm": "arm circumference",
}  # fmt: skip


def suppressed(counts: pd.DataFrame | pd.Series) -> pd.DataFrame | pd.Series:
    """Return counts with those from 1 to 4 missing: nobody may be told from them."""
    return counts.mask((counts > 0) & (counts < SMALLEST_COUNT))


def age_group(age: pd.Series) -> pd.Series:
    """Name of the group of :data:`AGES`; missing where the age is."""
    import pandas as pd

    years = age.astype("float64")
    return pd.cut(years, [*AGES, np.inf], right=False, labels=list(AGES.values()))


# ---- faults ---------------------------------------------------------------------------------------------------


def faults_found(faults: pd.DataFrame) -> pd.DataFrame:
    """Rows by table, action and fault, with what was done in words, the most first within a table."""
    found = faults.groupby(["table", "action", "fault", "reason"], as_index=False).size()
    found = found.rename(columns={"size": "rows"})
    return found.sort_values(["table", "rows", "fault"], ascending=[True, False, True], ignore_index=True)


def without_differences(balance: pd.DataFrame) -> pd.DataFrame:
    """Return a balance of rows without the sum from which a suppressed count could be taken by subtraction."""
    few = balance["set_aside"].between(1, SMALLEST_COUNT - 1)
    return balance.assign(**{"in": balance["in"].astype("float64").mask(few)})


# ---- the maternal set -----------------------------------------------------------------------------------------


def copies(risks: pd.DataFrame) -> pd.DataFrame:
    """Rows by how many have the same measurements: first of its kind, and repeating an earlier row.

    Returns
    -------
    DataFrame, indexed by rows of the group, from "1" to "10 and more"
        ``first``, ``other_label`` (same measurements, a level that the earlier ones do not have) and ``repeats`` (equal
        to an earlier row in every cell).
    """
    import pandas as pd

    names = ["1", "2", "3", "4", "5 to 9", "10 and more"]
    size = pd.cut(risks["copies"], [0, 1, 2, 3, 4, 9, np.inf], labels=names)
    kind = np.select(
        [risks["repeats_row"], risks["row_id"] == risks["same_as"]], ["repeats", "first"], "other_label"
    )  # fmt: skip
    wide = pd.crosstab(size, kind).reindex(index=names, columns=["first", "other_label", "repeats"], fill_value=0)
    return wide.rename_axis("rows alike")


# ---- people and workers ---------------------------------------------------------------------------------------


def pyramid(people: pd.DataFrame) -> pd.DataFrame:
    """Living people whose age is known by five years of age (the last: 80 and older) and sex."""
    here = people[people["died_on"].isna() & people["age_years"].notna()]
    low = np.minimum(here["age_years"].astype(int) // 5 * 5, 80)
    wide = here.groupby([low, "sex"]).size().unstack(fill_value=0)
    return wide.reindex(index=range(0, 81, 5), columns=["female", "male"], fill_value=0).rename_axis("age_low")


def caseload(workers: pd.DataFrame, households: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Homes, living people, median walk (min) and unreachable homes of each worker, the most people first."""
    living = people[people["died_on"].isna()].groupby("household").size()
    homes = households.assign(people=households["household"].map(living).fillna(0))
    grouped = homes.groupby("worker").agg(
        homes=("household", "size"), people=("people", "sum"), walk_min=("walk_min", "median"),
        unreachable=("unreachable", "count"),
    )  # fmt: skip
    out = grouped.reindex(workers["worker"]).fillna({"homes": 0, "people": 0, "unreachable": 0})
    return out.sort_values(["people", "homes"], ascending=False, kind="stable")


def hamlet_people(hamlets: pd.DataFrame, households: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Hamlets with their living people (1 to 4: missing) and the median walk from the worker's base, minutes."""
    living = people[people["died_on"].isna()].merge(households[["household", "hamlet"]], on="household")
    count = suppressed(living.groupby("hamlet").size().reindex(hamlets["hamlet"], fill_value=0))
    walk = households[households["unreachable"].isna()].groupby("hamlet")["walk_min"].median()
    return hamlets.assign(
        people=count.to_numpy(), walk_min=walk.reindex(hamlets["hamlet"]).where(count.notna()).to_numpy()
    )


# ---- measurements ---------------------------------------------------------------------------------------------


def measured_share(visits: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Share of visits at which each vital sign was measured, by age group at the register's date, %; fewer than 5
    visits: missing.
    """
    group = age_group(people.set_index("person")["age_years"].reindex(visits["person"])).set_axis(visits.index)
    known = visits[list(SHORT)].notna().groupby(group, observed=False)
    share_pct = 100 * known.mean()
    return share_pct.where(known.size() >= SMALLEST_COUNT).T.rename(index=SHORT)


def newest_share(features: pd.DataFrame) -> pd.DataFrame:
    """Share of people with each vital sign measured in the 360 days before, by age group, %; of one landmark."""
    group = age_group(features["age_years"])
    known = features[list(SHORT)].notna().groupby(group, observed=False)
    return (100 * known.mean()).where(known.size() >= SMALLEST_COUNT).T.rename(index=SHORT)


# ---- tasks ----------------------------------------------------------------------------------------------------


def tasks_by_rule(tasks: pd.DataFrame, rules: Sequence[object]) -> pd.DataFrame:
    """Tasks by rule and state, in the order of the schedule, indexed by the rule's label.

    Returns
    -------
    DataFrame
        One column a state of :data:`healthops.risk.follow_up.STATES`, and ``kept_pct``: resolved, of those and the
        missed; missing where either is 1 to 4.
    """
    import pandas as pd

    states = ["waiting", "open", "overdue", "resolved", "cancelled", "missed"]
    wide = pd.crosstab(tasks["rule"], tasks["state"]).reindex(columns=states, fill_value=0)
    wide = wide.reindex([rule.name for rule in rules], fill_value=0)
    done = suppressed(wide["resolved"]) + suppressed(wide["missed"])
    wide["kept_pct"] = 100 * wide["resolved"] / done.where(done > 0)
    return wide.set_axis([rule.label for rule in rules]).rename_axis("rule")


# ---- events by group ------------------------------------------------------------------------------------------


def risk_groups(features: pd.DataFrame) -> dict[str, pd.Series]:
    """Who belongs to which group on the day of a landmark, by what was known before it."""
    group = age_group(features["age_years"])
    ages = {f"aged {name}": (group == name).fillna(False) for name in AGES.values()}
    one = features.eq(1)
    return {
        **ages,
        "pregnant": one["pregnant"],
        "to 42 days after birth": features["days_since_birth"] <= 42,
        "known hypertension": one["hypertension"],
        "known diabetes": one["diabetes"],
        "chronic lung disease": one["chronic_lung"],
        "heart disease": one["heart_disease"],
        "smokes daily": features["smoking"] == "daily",
        "arm below 125 mm": one["thin_arm"],
        "a severe event in 360 days": features["events_before"] > 0,
        "a danger sign in 360 days": features["danger_signs"] > 0,
        "not visited in 360 days": features["days_since_visit"].isna(),
    }


def event_rates(
    features: pd.DataFrame, groups: Mapping[str, pd.Series], *, adding_up: Sequence[str] = ()
) -> pd.DataFrame:
    """Severe events within 90 days per 100 landmarks of each group, with intervals by homes.

    Parameters
    ----------
    features : DataFrame
        Table ``community_features``.
    groups : mapping
        Name to members, aligned with `features`.
    adding_up : sequence of str
        Groups that together are everybody: where the events of one alone are too few to show, they could be told by
        subtraction, so that those of the group with the next fewest are hidden too.

    Returns
    -------
    DataFrame, indexed by group, everybody first
        ``people`` (distinct), ``landmarks``, ``events`` (landmarks with one), ``rate``, ``low``, ``high`` (missing
        where the events are 1 to 4 or the people fewer than 5).
    """
    import pandas as pd

    known = features["event"].notna()
    rows = {}
    for name, member in {"everybody": pd.Series(True, index=features.index), **groups}.items():
        those = features[known & member]
        found = share(those["event"].to_numpy(float), those["household"].to_numpy())
        events, persons = int(those["event"].sum()), those["person"].nunique()
        few = 0 < events < SMALLEST_COUNT or persons < SMALLEST_COUNT
        estimate = [np.nan] * 3 if few else [100 * x for x in found]
        rows[name] = [persons, len(those), events, *estimate]
    columns = ["people", "landmarks", "events", "rate", "low", "high"]
    out = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("group")
    parts = out.loc[list(adding_up)]
    hidden = parts["rate"].isna() & (parts["landmarks"] > 0)
    if hidden.sum() == 1 and not hidden.all():
        out["events"] = out["events"].astype("float64")
        out.loc[parts.loc[~hidden, "events"].idxmin(), ["events", "rate", "low", "high"]] = np.nan
    return out


# ---- features -------------------------------------------------------------------------------------------------


def gaps_by_age(features: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Share of rows at which a feature is missing, %, by age group; those missing at just the same rows stand once.

    Returns
    -------
    DataFrame, indexed by the first feature of those that share their gaps, with how many more there are
        One column an age group; missing where fewer than 5 people are of it.
    """
    absent = features[list(names)].isna()
    alike: dict[bytes, list[str]] = {}
    for name in names:
        alike.setdefault(np.packbits(absent[name].to_numpy()).tobytes(), []).append(name)
    group = age_group(features["age_years"])
    share_pct = 100 * absent.groupby(group, observed=False).mean()
    share_pct = share_pct.where(features.groupby(group, observed=False)["person"].nunique() >= SMALLEST_COUNT).T
    label = {first: f"{first}, {len(more)} more" if more else first for first, *more in alike.values()}
    return share_pct.loc[list(label)].rename(index=label)


def ordered_words(frame: pd.DataFrame, event: pd.Series, names: Sequence[str]) -> pd.DataFrame:
    """Words as numbers: the share with an event of each word, so that an area can be made of them; missing stays."""
    import pandas as pd

    return pd.DataFrame({name: frame[name].map(event.groupby(frame[name]).mean()) for name in names}, index=frame.index)


def feature_areas(
    features: pd.DataFrame, event: pd.Series, cluster: pd.Series, families: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """How well each feature alone orders events, and how well its being missing does.

    Parameters
    ----------
    features : DataFrame
        Columns of `families`; words are put in the order of their share with an event, which flatters them a little.
    event : Series
        1, 0 or missing (rows that are left out).
    cluster : Series
        What resembles itself: homes, or groups of identical measurements.

    Returns
    -------
    DataFrame, those first whose interval lies farthest from .5
        ``feature``, ``family``, ``missing`` (share), ``auc`` with ``low`` and ``high`` (rows where it is known; .5
        where it is constant), ``auc_missing``: that of its being missing.
    """
    import pandas as pd

    rows, known = [], event.notna()
    y, at, table = event[known].astype(float), cluster[known].to_numpy(), features[known]
    words = [n for names in families.values() for n in names if not pd.api.types.is_numeric_dtype(table[n])]
    table = table.assign(**ordered_words(table, y, words))
    for family, names in families.items():
        for name in names:
            there = table[name].notna().to_numpy()
            x, z = table[name].to_numpy(float)[there], y.to_numpy()[there]
            found = auc(x, z, at[there])
            absent = auc((~there).astype(float), y.to_numpy(), at).value if 0 < there.mean() < 1 else np.nan
            rows.append((name, family, 1 - there.mean(), *found, absent))
    out = pd.DataFrame(rows, columns=["feature", "family", "missing", "auc", "low", "high", "auc_missing"])
    # A wide interval puts a feature behind; what has none, or holds .5, is ordered by its area.
    surely = np.maximum(out["low"] - 0.5, 0.5 - out["high"]).clip(lower=0).fillna(0)
    order = pd.DataFrame({"surely": -surely, "area": -(out["auc"] - 0.5).abs()}).sort_values(
        ["surely", "area"], kind="stable"
    )
    return out.loc[order.index].reset_index(drop=True)


def rate_by_value(
    value: pd.Series, event: pd.Series, cluster: pd.Series, edges: Sequence[float]
) -> pd.DataFrame:  # fmt: skip
    """Share with an event by bins of a value, %, at the mean value of each bin; bins with few events: left out."""
    import pandas as pd

    known = value.notna() & event.notna()
    x, y, at = value[known].astype(float), event[known].astype(float), cluster[known]
    bins = pd.cut(x, list(edges), right=False)
    rows = []
    for _, index in x.groupby(bins, observed=True).groups.items():
        events = int(y[index].sum())
        if len(index) < 30 or 0 < events < SMALLEST_COUNT:
            continue
        rows.append((x[index].mean(), *(100 * e for e in share(y[index].to_numpy(), at[index].to_numpy()))))
    return pd.DataFrame(rows, columns=["value", "rate", "low", "high"])


def labels_of(measures: Sequence[str]) -> list[str]:
    """Measurements in words with their unit, as axis labels."""
    from healthops.features.community_catalogue import UNITS

    return [f"{VITALS.get(m, 'age')}, {UNITS[m]}" for m in measures]
