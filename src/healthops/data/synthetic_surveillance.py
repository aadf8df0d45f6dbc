"""What the health service of the synthetic country comes to know: late, with gaps, and misspelt.

Every defect is counted as it is planted, so that a test can ask the cleaning to find exactly that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from healthops.data.synthetic_names import edits, misspell, plain

if TYPE_CHECKING:
    import pandas as pd

#: Longest delay between onset and report, weeks.
LONGEST_DELAY = 20


@dataclass(frozen=True)
class Reports:
    """What is on file at the end of the last week.

    Attributes
    ----------
    cases : DataFrame
        One row a case on file: district (row number, -1 where no place was written), week (column number), delay
        (weeks), written (name of the district as written), female, confirmed.
    silent : list of (ubigeo, week)
        Places, districts or departments, that sent no report for a week.
    planted : dict
        Kind of defect -> count and detail.
    """

    cases: pd.DataFrame
    silent: list[tuple[str, int]]
    planted: dict[str, dict[str, Any]] = field(default_factory=dict)


def report(rng: np.random.Generator, onsets: np.ndarray, districts: pd.DataFrame) -> Reports:
    """Turn cases by district and week of onset, shape (D, T), into what is on file at the end of week T - 1."""
    import pandas as pd

    weeks = onsets.shape[1]
    silent, mute = _silence(rng, districts, onsets)
    district, week = np.nonzero(onsets)
    times = onsets[district, week]
    cases = pd.DataFrame({"district": np.repeat(district, times), "week": np.repeat(week, times)})
    cases["delay"] = _delays(rng, cases, districts)
    lost = mute[cases["district"], cases["week"]]
    late = ~lost & (cases["week"] + cases["delay"] >= weeks).to_numpy()
    cases = cases[~lost & ~late].reset_index(drop=True)

    newness = np.exp(-(weeks - 1 - cases["week"]) / 5)
    early = cases["week"] < weeks / 4
    chance = np.where(early, 0.01, 0.14) + 0.55 * newness
    cases["confirmed"] = rng.random(len(cases)) >= np.round(chance, 6)
    cases["female"] = rng.random(len(cases)) < 0.53
    cases["written"] = districts["distrito"].map(plain).to_numpy()[cases["district"]]
    misspelt = _misspell_some(rng, cases, districts)
    unplaced = np.sort(rng.choice(len(cases), max(3, round(0.0007 * len(cases))), replace=False))
    cases.loc[unplaced, ["district", "written"]] = [-1, ""]
    for entry in misspelt:
        entry["rows"] = int(
            ((cases["district"] == entry.pop("district")) & (cases["written"] == entry["written"])).sum()
        )
    where = cases["district"].to_numpy()
    planted = {
        "cases_on_file": {"count": len(cases)},
        "not_yet_reported": {"count": int(late.sum()), "detail": f"delay of up to {LONGEST_DELAY} weeks"},
        "silent_weeks": {
            "count": int(mute[np.unique(where[where >= 0])].sum()),
            "unit": "weeks of districts that have any case on file",
            "cases_lost": int(lost.sum()),
            "file_rows": len(silent),
        },
        "misspelt_places": {"count": sum(e["rows"] for e in misspelt), "unit": "rows", "detail": misspelt},
        "no_place": {"count": len(unplaced), "unit": "rows"},
        "probables_rare_before_week": {"count": int(np.ceil(weeks / 4))},
    }
    return Reports(cases, silent, planted)


def _delays(rng: np.random.Generator, cases: pd.DataFrame, districts: pd.DataFrame) -> np.ndarray:
    """Weeks from onset to report: longer in the countryside, and a few cases that lay in a drawer."""
    mean = np.round(0.5 + 1.4 * (1 - districts["urban"].to_numpy()) + rng.uniform(0, 0.5, len(districts)), 4)
    size = 1.5
    delay = rng.negative_binomial(size, np.round(size / (size + mean[cases["district"]]), 6))
    drawer = rng.random(len(cases)) < 0.01
    return np.minimum(delay + drawer * rng.integers(4, 13, len(cases)), LONGEST_DELAY)


def _silence(
    rng: np.random.Generator, districts: pd.DataFrame, onsets: np.ndarray, *, sure: int = 26
) -> tuple[list[tuple[str, int]], np.ndarray]:
    """Runs of weeks without a report, of districts and a few whole departments; none in the last `sure` weeks.

    Only places with twenty cases or more fall silent (of others nobody would notice), and no two runs touch the same
    district and week, so that they can be counted.
    """
    weeks = onsets.shape[1]
    codes = districts["ubigeo"].to_numpy()
    departments = districts["ubigeo"].str[:2].to_numpy()
    heard = onsets.sum(axis=1) >= 20
    mute = np.zeros(onsets.shape, dtype=bool)
    rows: list[tuple[str, int]] = []

    def plant(code: str, members: np.ndarray, first: int, length: int) -> None:
        run = slice(first, first + length)
        if not mute[members, run].any():
            mute[members, run] = True
            rows.extend((code, t) for t in range(run.start, run.stop))

    known = np.unique(departments[heard])
    for code in rng.choice(known, min(len(known), 2 + len(codes) // 72), replace=False):
        plant(str(code), departments == code, int(rng.integers(weeks - sure - 4)), int(rng.integers(2, 5)))
    for k in rng.choice(np.flatnonzero(heard), int(heard.sum()) // 2, replace=False):
        plant(str(codes[k]), np.arange(len(codes)) == k, int(rng.integers(weeks - sure - 10)), int(rng.integers(1, 11)))
    return sorted(rows), mute


def _misspell_some(rng: np.random.Generator, cases: pd.DataFrame, districts: pd.DataFrame) -> list[dict[str, Any]]:
    """Misspell the names of up to eight districts, in all of their rows or in those of the later years.

    The column ``written`` of `cases` is changed.
    """
    wanted = min(8, len(districts) // 12)
    load = np.bincount(cases["district"], minlength=len(districts))
    names = districts["distrito"].map(plain)
    done: list[dict[str, Any]] = []
    for k in np.argsort(-load, kind="stable")[2:]:
        right, wrong = names.iloc[k], misspell(names.iloc[k])
        mates = names[(districts["ubigeo"].str[:2] == districts["ubigeo"].iloc[k][:2]) & (names != right)]
        # Only a spelling that no reader could take for another place of the same department.
        clear = wrong is not None and min(edits(wrong, mate) for mate in mates) > edits(wrong, right) + 1
        if not clear or rng.random() < 0.4:
            continue
        rows = (cases["district"] == k) & (cases["week"] >= (0 if len(done) % 2 else cases["week"].max() // 2))
        cases.loc[rows, "written"] = wrong
        done.append({"district": int(k), "ubigeo": districts["ubigeo"].iloc[k], "right": right, "written": wrong})
        if len(done) == wanted:
            break
    return done
