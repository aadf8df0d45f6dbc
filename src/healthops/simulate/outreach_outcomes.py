"""What a played season came to: rows of the tables ``outreach_replay``, ``..._weeks`` and ``..._hamlets``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from healthops.evaluate.equity import gini
from healthops.simulate.outreach import IN_TIME, Played
from healthops.simulate.outreach_book import FATES, ROUND
from healthops.simulate.outreach_season import Season

if TYPE_CHECKING:
    import pandas as pd


def counted(season: Season) -> np.ndarray:
    """Danger signs that can be reached in time before the season ends, shape (S,)."""
    return season.sign_day + IN_TIME <= season.days


def in_time(played: Played, season: Season) -> np.ndarray:
    """Danger signs reached within :data:`IN_TIME` days, shape (S,)."""
    return (played.reached > 0) & (played.reached <= season.sign_day + IN_TIME)


def hamlet_shares(played: Played) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tasks done and missed in each hamlet, and its people; each of shape (hamlets,). Homes beyond reach count too."""
    district = played.book.district
    done, missed, people = (np.zeros(len(district.hamlets), int) for _ in range(3))
    for task in played.tasks:
        if task.fate == "done":
            done[district.hamlet[task.home]] += 1
        elif task.fate == "missed":
            missed[district.hamlet[task.home]] += 1
    for home, members in district.members.items():
        people[district.hamlet[home]] += len(members)
    return done, missed, people


def draw_row(played: Played, season: Season, *, draw: int, outreach_days: int) -> dict:
    """A row of table ``outreach_replay``."""
    here, reached = counted(season), in_time(played, season)
    told = season.sign_told > 0
    row = {
        "outreach_days": outreach_days, "policy": played.policy, "draw": draw, "signs": int(here.sum()),
        "signs_told": int((here & told).sum()), "reached": int((here & reached).sum()),
        "reached_told": int((here & reached & told).sum()), "reached_ever": int((here & (played.reached > 0)).sum()),
    }  # fmt: skip
    for kind, is_round in (("follow_ups", False), ("rounds", True)):
        fates = [t.fate for t in played.tasks if (t.rule == ROUND) == is_round]
        row |= {f"{kind}_{fate}": fates.count(fate) for fate in FATES}
    total = played.days[["stops", "admitted", "walked_min", "visit_min"]].sum()
    done, missed, people = hamlet_shares(played)
    share, who = _share(done, missed), (done + missed > 0) & (people > 0)
    return row | {
        "stops": int(total["stops"]), "admitted": int(total["admitted"]),
        "walked_h": round(total["walked_min"] / 60, 4), "visit_h": round(total["visit_min"] / 60, 4),
        "gini": round(gini(share[who], weights=people[who]), 6) if who.any() else 0.0,
        "lowest_share": round(float(share[who].min()), 6) if who.any() else 0.0,
        "highest_share": round(float(share[who].max()), 6) if who.any() else 0.0,
    }  # fmt: skip


def week_table(seasons: Sequence[tuple[Played, Season]]) -> pd.DataFrame:
    """Table ``outreach_replay_weeks``: sums over all seasons of each policy."""
    import pandas as pd

    parts = []
    for played, season in seasons:
        weeks = -(-season.days // 7)
        here, reached = counted(season), in_time(played, season)

        def by_week(days: object, weeks: int = weeks) -> np.ndarray:
            return np.bincount((np.asarray(days, int) - 1) // 7, minlength=weeks)[:weeks]

        fates = {fate: [t.fate_day for t in played.tasks if t.fate == fate] for fate in ("done", "missed")}
        walked = np.bincount((played.days["day"] - 1) // 7, weights=played.days["walked_min"], minlength=weeks)
        parts.append(pd.DataFrame({
            "policy": played.policy, "week": np.arange(1, weeks + 1), "signs": by_week(season.sign_day[here]),
            "reached": by_week(season.sign_day[here & reached]), "done": by_week(fates["done"]),
            "missed": by_week(fates["missed"]), "walked_h": walked / 60,
        }))  # fmt: skip
    return pd.concat(parts).groupby(["policy", "week"], sort=False, as_index=False).sum().round({"walked_h": 4})


def hamlet_table(seasons: Sequence[tuple[Played, Season]]) -> pd.DataFrame:
    """Table ``outreach_replay_hamlets``: sums over all seasons of each policy."""
    import pandas as pd

    parts = []
    for played, _ in seasons:
        done, missed, people = hamlet_shares(played)
        names = played.book.district.hamlets["hamlet"].to_numpy()
        parts.append(
            pd.DataFrame({"policy": played.policy, "hamlet": names, "people": people, "done": done, "missed": missed})
        )
    table = pd.concat(parts).groupby(["policy", "hamlet", "people"], sort=False, as_index=False).sum()
    share = _share(table["done"].to_numpy(), table["missed"].to_numpy())
    return table.assign(share_done=np.where(table["done"] + table["missed"] > 0, np.round(share, 6), np.nan))


def _share(done: np.ndarray, missed: np.ndarray) -> np.ndarray:
    total = done + missed
    return np.divide(done, total, out=np.zeros(len(total)), where=total > 0)
