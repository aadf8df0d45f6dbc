"""Summaries of a replayed season of outreach: means with intervals, paired differences, who wins on what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from healthops.evaluate.paired import Saving, paired_saving

if TYPE_CHECKING:
    import pandas as pd

#: Measures of ``outreach_replay``: label, how to write it, and whether more is better.
MEASURES = {
    "signs reached within 3 days, %": ("{:.1f}", True),
    "of those told by the family, %": ("{:.1f}", True),
    "of those nobody told, %": ("{:.1f}", True),
    "signs reached while they last, %": ("{:.1f}", True),
    "follow-up tasks done in their window, %": ("{:.1f}", True),
    "rounds done in their window, %": ("{:.1f}", True),
    "hours walked": ("{:,.0f}", False),
    "minutes walked a visit made": ("{:.1f}", False),
    "Gini of tasks done between hamlets": ("{:.3f}", False),
    "tasks done in the worst hamlet, %": ("{:.1f}", True),
}
#: The four that are asked for.
SIGNS, TASKS, HOURS, GINI = (
    "signs reached within 3 days, %", "follow-up tasks done in their window, %", "hours walked",
    "Gini of tasks done between hamlets",
)  # fmt: skip
#: Parts of the first.
TOLD, UNTOLD = "of those told by the family, %", "of those nobody told, %"


def measures(table: pd.DataFrame) -> pd.DataFrame:
    """The measures of each policy and draw: columns policy, draw, and :data:`MEASURES`.

    Parameters
    ----------
    table : DataFrame
        Table ``outreach_replay`` of one number of days a week.
    """
    untold = table["signs"] - table["signs_told"]
    columns = {
        "signs reached within 3 days, %": _percent(table["reached"], table["signs"]),
        "of those told by the family, %": _percent(table["reached_told"], table["signs_told"]),
        "of those nobody told, %": _percent(table["reached"] - table["reached_told"], untold),
        "signs reached while they last, %": _percent(table["reached_ever"], table["signs"]),
        "follow-up tasks done in their window, %": _kept(table, "follow_ups"),
        "rounds done in their window, %": _kept(table, "rounds"),
        "hours walked": table["walked_h"],
        "minutes walked a visit made": _percent(table["walked_h"] * 60, table["admitted"]) / 100,
        "Gini of tasks done between hamlets": table["gini"],
        "tasks done in the worst hamlet, %": 100 * table["lowest_share"],
    }
    return table[["policy", "draw"]].assign(**columns)


def by_draw(known: pd.DataFrame, measure: str, policy: str) -> np.ndarray:
    """A measure's draws under a policy, in their order; shape (draws,)."""
    rows = known[known["policy"] == policy].sort_values("draw")
    return rows[measure].to_numpy(float)


def mean_of(known: pd.DataFrame, measure: str, policy: str, *, rng: np.random.Generator, draws: int) -> Saving:
    """Mean of a measure over the draws, with the interval of a bootstrap of draws."""
    values = by_draw(known, measure, policy)[:, None]
    return paired_saving(np.zeros_like(values), values, rng=rng, relative=False, draws=draws)


def gain(known: pd.DataFrame, measure: str, ours: str, theirs: str, *, rng: np.random.Generator, draws: int) -> Saving:
    """What `ours` has more than `theirs` on the same draws, in the measure's unit."""
    a, b = by_draw(known, measure, ours)[:, None], by_draw(known, measure, theirs)[:, None]
    return paired_saving(b, a, rng=rng, relative=False, draws=draws)


def verdicts(gains: dict[str, Saving]) -> dict[str, list[str]]:
    """Measures on which `ours` is surely better, surely worse, or neither: keys ``better``, ``worse``, ``unsure``."""
    out: dict[str, list[str]] = {"better": [], "worse": [], "unsure": []}
    for measure, found in gains.items():
        sure = found.sure if MEASURES[measure][1] else -found.sure
        out[{1: "better", -1: "worse", 0: "unsure"}[sure]].append(measure)
    return out


def written(known: pd.DataFrame, policies: list[str]) -> pd.DataFrame:
    """Means over all draws as text, measures by policy."""
    import pandas as pd

    mean = known.groupby("policy")[list(MEASURES)].mean()
    return pd.DataFrame(
        {p: [MEASURES[m][0].format(mean.loc[p, m]) for m in MEASURES] for p in policies}, index=list(MEASURES)
    )


def against(gains: dict[str, dict[str, Saving]], policies: list[str]) -> pd.DataFrame:
    """Differences with intervals as text, measures by policy; ``*``: the other is surely better, ``†``: neither is."""
    import pandas as pd

    def cell(measure: str, policy: str) -> str:
        found, (form, more) = gains[measure][policy], MEASURES[measure]
        sign = form.replace("{:", "{:+")
        text = f"{sign.format(found.estimate)} [{form.format(found.low)}, {form.format(found.high)}]"
        return text + (" †" if found.sure == 0 else "" if (found.sure > 0) == more else " *")

    return pd.DataFrame({p: [cell(m, p) for m in gains] for p in policies}, index=list(gains))


def plainly(measure: str) -> str:
    """A measure's name for a sentence."""
    words = {TOLD: "told signs reached within 3 days", UNTOLD: "untold signs reached within 3 days"}
    return words.get(measure, measure.removesuffix(", %"))


def _percent(part: pd.Series, whole: pd.Series) -> pd.Series:
    # Without a sign, or a task that ended, nothing was missed either.
    return (100 * part / whole.where(whole > 0)).fillna(0.0).astype(float)


def _kept(table: pd.DataFrame, kind: str) -> pd.Series:
    return _percent(table[f"{kind}_done"], table[f"{kind}_done"] + table[f"{kind}_missed"])
