"""A set of maternal health risks in the format of the public file, with its repeats and labels that disagree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from healthops.data.clean_maternal import MEASURES
from healthops.data.raw_layout import RAW_PATHS
from healthops.data.synthetic_write import write_text

#: Rows of the file, distinct measurements among them, and those whose copies bear different labels.
ROWS, DISTINCT, DISAGREEING = 1014, 416, 30
_LABELS = np.array(["low risk", "mid risk", "high risk"])


def write_maternal(folder: Path, rng: np.random.Generator) -> dict[str, Any]:
    """Write the file under `folder`, with a byte order mark as the public one has; return what was planted."""
    rows = _distinct(rng)
    score = _score(rows)
    # The cuts give the shares of the public file: 40 % low, 33 % mid, 27 % high.
    noisy = score + rng.logistic(0, 0.45, len(rows))
    low, high = np.quantile(noisy, [0.40, 0.73])
    label = (noisy > low).astype(int) + (noisy > high)
    pick = np.concatenate([np.arange(DISTINCT), rng.integers(0, DISTINCT, ROWS - DISTINCT)])
    labels = label[pick]
    copied = np.flatnonzero(np.bincount(pick, minlength=DISTINCT) > 1)
    odd = rng.choice(copied, min(DISAGREEING, len(copied)), replace=False)
    for vector in odd:
        last = np.flatnonzero(pick == vector)[-1]
        labels[last] = labels[last] + 1 if labels[last] < 2 else 1
    order = rng.permutation(ROWS)
    lines = [[*(f"{value:g}" for value in rows[pick[k]]), _LABELS[labels[k]]] for k in order]
    text = "\n".join(",".join(line) for line in [[*MEASURES, "RiskLevel"], *lines]) + "\n"
    write_text(folder / RAW_PATHS["maternal_risk"], "\ufeff" + text)
    slow = rows[pick, 5] == 7
    return {
        "maternal_repeats": {"count": len(lines) - len({tuple(line) for line in lines}), "unit": "rows"},
        "maternal_disagreeing": {"count": len(odd), "unit": "distinct measurements"},
        "maternal_impossible": {"count": int(slow.sum()), "unit": "heart rates"},
    }


def _distinct(rng: np.random.Generator) -> np.ndarray:
    """Distinct rows of measurements, rounded as clinics do, shape (DISTINCT, 6)."""
    n = 3 * DISTINCT
    age = np.clip(np.round(10 + rng.gamma(2.0, 10.5, n)), 10, 70)
    systolic = np.clip(5 * np.round((95 + 0.45 * age + rng.normal(0, 17, n)) / 5), 70, 160)
    diastolic = np.clip(5 * np.round((0.62 * systolic + 6 + rng.normal(0, 8, n)) / 5), 45, systolic - 15)
    sugar = np.round(np.clip(6 + rng.gamma(1.1, 1.6, n) + 0.05 * np.maximum(age - 25, 0), 6, 19), 1)
    fever = np.where(rng.random(n) < 0.2, rng.integers(99, 104, n), 98)
    pulse = np.clip(np.round(rng.normal(75, 7, n)), 60, 90)
    # Age, blood pressures, sugar, temperature (F), pulse: as the file has them.
    rows = np.column_stack([age, systolic, diastolic, sugar, fever, pulse])
    rows = rows[np.sort(np.unique(rows, axis=0, return_index=True)[1])][:DISTINCT]
    rows[int(rng.integers(DISTINCT)), 5] = 7
    return rows


def _score(rows: np.ndarray) -> np.ndarray:
    """What decides the level, beside chance: sugar and pressure most, then fever, age and pulse."""
    age, systolic, _, sugar, fever, pulse = rows.T
    return 0.55 * (sugar - 7.5) + 0.05 * (systolic - 115) + 0.45 * (fever - 98) + 0.02 * age + 0.02 * (pulse - 75)
