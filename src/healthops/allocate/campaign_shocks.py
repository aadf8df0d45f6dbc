"""What goes wrong in a campaign: deliveries late or cut, lots recalled, cold stores lost, fewer people who come.

What happens is drawn before the campaign begins and is the same for all policies; none knows of it before it is told. A
lot's delay is told in the week in which it should have come, a cut of deliveries in its first week, a recall and a
store that fails in the week itself, after the week's doses were sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from healthops.allocate.campaign import Campaign, CampaignError
from healthops.allocate.campaign_week import Happened

#: Kinds of shock, in the order in which :func:`design` turns them on.
KINDS = ("late", "recall", "store", "cut")


@dataclass(frozen=True)
class Chances:
    """How often things go wrong where their kind is turned on; assumptions, all of them.

    Attributes
    ----------
    late : float
        Chance that a lot is late.
    late_weeks : tuple of 2 int
        By how many weeks, at least and at most.
    recall : float
        Chance that a lot is recalled.
    recall_after : int
        At most so many weeks after it arrived.
    store_region, store_place : float
        Chance in each week that a region's or a place's cold store loses what it holds.
    cut_weeks : int
        Weeks of one cut of deliveries in the campaign, at a random time.
    cut_share : tuple of 2 float
        Share of the doses due in them that never come, at least and at most.
    willing_sd : float
        Standard deviation, on the scale of log-odds, of the true willingness about the estimate: of each place and
        group, in every scenario.
    """

    late: float = 0.3
    late_weeks: tuple[int, int] = (1, 5)
    recall: float = 0.06
    recall_after: int = 3
    store_region: float = 0.008
    store_place: float = 0.008
    cut_weeks: int = 8
    cut_share: tuple[float, float] = (0.4, 0.8)
    willing_sd: float = 0.5

    def __post_init__(self) -> None:
        for name in ("late", "recall", "store_region", "store_place"):
            if not 0 <= getattr(self, name) <= 1:
                raise CampaignError(f"chances: {name} is {getattr(self, name)}: give a chance from 0 to 1")
        for name, low, high in (("late_weeks", 1, np.inf), ("cut_share", 0, 1)):
            one, two = getattr(self, name)
            if not low <= one <= two <= high:
                raise CampaignError(f"chances: {name} is {(one, two)}: give the least and the most, from {low} up")
        if self.recall_after < 0 or self.cut_weeks < 1 or self.willing_sd < 0:
            raise CampaignError(
                "chances: recall_after and willing_sd are at least 0, cut_weeks at least 1; correct them"
            )


@dataclass(frozen=True)
class Shocks:
    """What happens, by week.

    Attributes
    ----------
    late : mapping of int to mapping of str to int
        Week in which it is told, lot, weeks late.
    recalled, failed : mapping of int to tuple of str
        Lots; places and regions.
    cut : mapping of int to mapping of str to float
        Week in which it is told, lot, share of its doses that never come.
    willingness : array of float, shape (D, G), optional
        True share of each group who accept a vaccine; that of the campaign without it.
    """

    late: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    recalled: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    failed: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    cut: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    willingness: np.ndarray | None = None

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds that happen."""
        there = {"late": self.late, "recall": self.recalled, "store": self.failed, "cut": self.cut}
        return frozenset(kind for kind, events in there.items() if events)

    def happened(self, campaign: Campaign, week: int) -> Happened:
        """What this week brings to the campaign as it is then: lots that a policy has used up cannot be recalled."""
        arrives = dict(zip(campaign.lots["lot"], campaign.lots["arrives"], strict=True))
        doses = dict(zip(campaign.lots["lot"], campaign.lots["doses"], strict=True))
        late = {lot: n for lot, n in self.late.get(week, {}).items() if arrives.get(lot, -1) >= 0 and doses[lot] > 0}
        recalled = tuple(lot for lot in self.recalled.get(week, ()) if lot in arrives)
        return Happened(late=late, recalled=recalled, failed=self.failed.get(week, ()))

    def told(self, campaign: Campaign, week: int) -> tuple[Campaign, dict[str, float]]:
        """The campaign without what a cut takes from this week on, and the doses of each lot that it takes."""
        share = campaign.lots["lot"].map(self.cut.get(week, {})).fillna(0.0).to_numpy(float)
        taken = campaign.lots["doses"].to_numpy(float) * share
        if not taken.any():
            return campaign, {}
        lots = campaign.lots.assign(doses=campaign.lots["doses"] - taken)
        return replace(campaign, lots=lots), {
            lot: doses for lot, doses in zip(campaign.lots["lot"], taken, strict=True) if doses > 0
        }


def design(scenarios: int) -> list[frozenset[str]]:
    """Which kinds of shock each scenario has: each kind in half of them, alone and with others.

    All sixteen combinations in turn; of fewer than sixteen scenarios eight, so that no two kinds always come together
    (a half fraction: Box, Hunter & Hunter 2005, Statistics for Experimenters, chapter 6).

    >>> [sorted(kinds) for kinds in design(4)]
    [[], ['cut', 'late'], ['cut', 'recall'], ['late', 'recall']]
    """
    out = []
    for n in range(scenarios):
        bits = [n >> k & 1 for k in range(3)]
        bits.append(n >> 3 & 1 if scenarios >= 16 else sum(bits) % 2)
        out.append(frozenset(kind for kind, bit in zip(KINDS, bits, strict=True) if bit))
    return out


def draw_shocks(campaign: Campaign, kinds: Sequence[str], rng: np.random.Generator, chances: Chances) -> Shocks:
    """Draw what happens in a campaign.

    All kinds are drawn, whether or not they are turned on: a scenario with one more kind has the others' as before.

    Raises
    ------
    CampaignError
        If a kind is unknown.
    """
    if unknown := sorted(set(kinds) - set(KINDS)):
        raise CampaignError(f"kind of shock {unknown[0]!r} is unknown: give some of {', '.join(KINDS)}")
    drawn = {
        "late": _late(campaign, rng, chances),
        "recall": _recalled(campaign, rng, chances),
        "store": _failed(campaign, rng, chances),
        "cut": _cut(campaign, rng, chances),
    }
    on = {kind: events if kind in kinds else {} for kind, events in drawn.items()}
    share = campaign.by_group("willingness").clip(1e-6, 1 - 1e-6)
    odds = np.log(share / (1 - share)) + rng.normal(0, chances.willing_sd, share.shape)
    # Who has begun a course was willing; and where nobody is said to be willing nobody is asked.
    people = np.maximum(campaign.by_group("population"), 1e-9)
    true = np.maximum(1 / (1 + np.exp(-odds)), np.minimum(campaign.covered / people, 1.0))
    true = np.where(campaign.by_group("willingness") > 0, true, 0.0)
    return Shocks(on["late"], on["recall"], on["store"], on["cut"], true)


def _late(c: Campaign, rng: np.random.Generator, chances: Chances) -> dict[int, dict[str, int]]:
    out: dict[int, dict[str, int]] = {}
    weeks = rng.integers(chances.late_weeks[0], chances.late_weeks[1] + 1, len(c.lots))
    hit = rng.random(len(c.lots)) < chances.late
    for lot, arrives, late, is_late in zip(c.lots["lot"], c.lots["arrives"], weeks, hit, strict=True):
        if is_late and 0 <= arrives < c.weeks:
            out.setdefault(int(arrives), {})[lot] = int(late)
    return out


def _recalled(c: Campaign, rng: np.random.Generator, chances: Chances) -> dict[int, tuple[str, ...]]:
    out: dict[int, tuple[str, ...]] = {}
    after = rng.integers(0, chances.recall_after + 1, len(c.lots))
    hit = rng.random(len(c.lots)) < chances.recall
    for lot, arrives, wait, is_hit in zip(c.lots["lot"], c.lots["arrives"], after, hit, strict=True):
        week = max(int(arrives), 0) + int(wait)
        if is_hit and week < c.weeks:
            out[week] = (*out.get(week, ()), lot)
    return out


def _failed(c: Campaign, rng: np.random.Generator, chances: Chances) -> dict[int, tuple[str, ...]]:
    regions, places = list(c.regions["region"]), list(c.districts["district"])
    region = rng.random((c.weeks, len(regions))) < chances.store_region
    place = rng.random((c.weeks, len(places))) < chances.store_place
    out = {}
    for week in range(c.weeks):
        lost = [regions[n] for n in np.flatnonzero(region[week])] + [places[n] for n in np.flatnonzero(place[week])]
        if lost:
            out[week] = tuple(lost)
    return out


def _cut(c: Campaign, rng: np.random.Generator, chances: Chances) -> dict[int, dict[str, float]]:
    first = int(rng.integers(1, max(c.weeks - chances.cut_weeks, 2)))
    share = float(rng.uniform(*chances.cut_share))
    hit = c.lots["arrives"].between(first, first + chances.cut_weeks - 1)
    lots = dict.fromkeys(c.lots.loc[hit, "lot"], share)
    return {first: lots} if lots else {}
