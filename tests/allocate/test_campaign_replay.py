"""Campaigns played forward: every dose accounted for, plans that hold, shocks that are the same for all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.lot_by_lot import solve_lot_by_lot
from benchmarks.made_campaign import make_campaign
from healthops.allocate import interior
from healthops.allocate.campaign import Campaign, CampaignError
from healthops.allocate.campaign_days import make_bridge
from healthops.allocate.campaign_outcomes import by_scenario, coverage_figures, draw_table, result_of, week_table
from healthops.allocate.campaign_plan import plan_campaign
from healthops.allocate.campaign_policies import POLICIES, follow, forgive
from healthops.allocate.campaign_replay import ENDS, FIRST, PLANS, WAYS, first_plan, play
from healthops.allocate.campaign_shocks import KINDS, Chances, Shocks, design, draw_shocks
from healthops.allocate.campaign_simplex import solve_at_vertex
from healthops.allocate.campaign_tables import merged, waiting_for_second


class Calm:
    """An outbreak in which everybody takes what is given (or a share), with a forecast that never changes."""

    def __init__(self, bridge, weeks: int, *, share: float = 1.0, danger: np.ndarray | None = None):
        self.bridge, self.weeks, self.share, self.gone = bridge, weeks, share, 0
        self.by_group = np.linspace(2.0, 1.0, len(bridge.groups)) if danger is None else danger

    def week(self, doses):
        self.gone += 1
        return doses.sum(axis=0) * self.share

    def danger(self, weeks):
        left = (self.weeks - self.gone - np.arange(weeks + 1)) / self.weeks
        return np.ones((len(self.bridge.regions), 1, 1)) * self.by_group[:, None] * left * 0.01

    def incidence(self):
        return np.arange(1.0, len(self.bridge.regions) + 1)


def weekly(districts: int = 5, weeks: int = 8, **more) -> Campaign:
    """A campaign whose districts fetch every week."""
    made = make_campaign(districts, weeks=weeks, regions=2, seed=3, **more)
    return replace(made, districts=made.districts.assign(delivery_every=1), burden=None)


@pytest.fixture(scope="module")
def campaign() -> Campaign:
    return weekly()


@pytest.fixture(scope="module")
def bridge(campaign):
    return make_bridge(campaign)


CERTAIN = Chances(late=0.5, recall=0.7, store_region=0.1, store_place=0.1, cut_weeks=3, willing_sd=0.6)


@pytest.fixture(scope="module")
def shocks(campaign):
    return draw_shocks(campaign, KINDS, np.random.default_rng(4), CERTAIN)


@pytest.mark.parametrize("way", WAYS)
def test_every_dose_is_accounted_for_and_nobody_unwilling_is_vaccinated(campaign, bridge, shocks, way):
    assert shocks.kinds == set(KINDS)
    weeks = []
    played = play(campaign, bridge, Calm(bridge, 8, share=0.7), way, shocks, watch=weeks.append)
    account = played.account
    assert account[list(ENDS)].sum(axis=1).to_numpy() == pytest.approx(account["before"].to_numpy(), rel=1e-6)
    assert account["before"].sum() == pytest.approx(campaign.lots["doses"].sum())
    given = sum(week.given["doses"].sum() for week in weeks)
    assert given == pytest.approx(account["given"].sum(), rel=1e-9)
    assert given == pytest.approx(played.weeks[["given_first", "given_second"]].sum().sum(), rel=1e-9)
    assert (played.people["covered"] <= played.people["willing"] * (1 + 1e-9) + 1e-6).all()
    begun = played.people["covered"].sum() - campaign.people["covered"].sum()
    assert begun == pytest.approx(played.weeks["given_first"].sum(), rel=1e-9) and begun > 0


@pytest.mark.parametrize("way", ["plan", FIRST, "pro-rata"])
def test_the_same_again(campaign, bridge, shocks, way):
    once, again = (play(campaign, bridge, Calm(bridge, 8), way, shocks) for _ in range(2))
    for name in ("account", "weeks", "people"):
        pd.testing.assert_frame_equal(getattr(once, name), getattr(again, name), check_exact=True)


@pytest.mark.parametrize("way", POLICIES)
def test_a_policy_made_again_every_week_gives_what_it_would_have_in_one_go(campaign, bridge, way):
    class Even(Calm):
        def incidence(self):
            return np.ones(len(self.bridge.regions))

    whole = POLICIES[way](campaign).given.sum(axis=(0, 1))
    played = play(campaign, bridge, Even(bridge, 8), way)
    got = played.weeks[["given_first", "given_second"]].sum(axis=1).to_numpy()
    assert got == pytest.approx(whole, rel=1e-6, abs=1.0)
    short = POLICIES[way](campaign, weeks=1)
    assert short.courses[..., 0] == pytest.approx(POLICIES[way](campaign).courses[..., 0], abs=1e-9)


def test_where_nothing_happens_the_first_plan_is_as_good_as_one_made_again(campaign, bridge):
    """With a forecast that holds, planning again cannot gain: what both avert is the same, to the plans' tolerance."""
    averted = {}
    efficacy = campaign.products.set_index("product")[["efficacy_first", "efficacy_full"]]
    for way in ("plan, deaths alone", FIRST):
        given = []
        outbreak = Calm(bridge, 8)
        first = first_plan(campaign, bridge, outbreak, PLANS["plan, deaths alone"])
        play(campaign, bridge, outbreak, way, first=first, watch=lambda week, given=given: given.append(week.given))
        total = 0.0
        for week, frame in enumerate(given):
            left = (8 - week - 1) / 8 * 0.01
            one, full = (frame["product"].map(efficacy[c]) for c in efficacy)
            single = frame["product"].map(dict(zip(campaign.products["product"], campaign.interval == 0, strict=True)))
            adds = np.where(frame["dose"] == 2, full - one, np.where(single, full, one))
            risk = frame["group"].map(dict(zip(bridge.groups, outbreak.by_group, strict=True)))
            total += (frame["doses"] * adds * risk).sum() * left
        averted[way] = total
    assert averted["plan, deaths alone"] == pytest.approx(averted[FIRST], rel=5e-3)
    assert averted[FIRST] == pytest.approx(first.benefit, rel=5e-3)


def tiny(willingness=(1.0, 1.0), lots=(10.0, 10.0, 10.0)) -> Campaign:
    """One place, two groups of 20, one product of one dose, ten doses a week."""
    weeks = np.arange(3)
    return Campaign(
        weeks=3,
        products=pd.DataFrame({"product": ["a"], "doses": [1], "interval_weeks": [0], "litres_per_dose": [0.001]}),
        lots=pd.DataFrame({"lot": ["x", "y", "z"], "product": "a", "doses": lots, "arrives": weeks, "expires": 9}),
        regions=pd.DataFrame({"region": ["r"], "capacity_litres": [1e3]}),
        districts=pd.DataFrame({"district": ["p"], "region": "r", "capacity_litres": 1e3, "vaccinator_doses": 1e3}),
        people=pd.DataFrame(
            {"district": "p", "group": ["old", "young"], "population": 20.0, "willingness": willingness}
        ),
    )


def covered(played) -> list[float]:
    return played.people.set_index("group").loc[["old", "young"], "covered"].round(3).tolist()


@pytest.mark.parametrize(
    ("way", "expected"),
    [("plan, deaths alone", [20, 10]), ("oldest first", [20, 10]), ("pro-rata", [15, 15]), ("plan", [15, 15])],
)
def test_by_hand(way, expected):
    campaign = tiny()
    bridge = make_bridge(campaign)
    played = play(campaign, bridge, Calm(bridge, 3, danger=np.array([5.0, 1.0])), way)
    assert covered(played) == pytest.approx(expected, abs=0.1)
    assert played.account["left"].sum() == pytest.approx(0.0, abs=0.1) and played.waiting == 0


def test_late_recalled_cut_and_lost_doses_by_hand():
    campaign = tiny()
    bridge = make_bridge(campaign)

    def ends(**what):
        played = play(campaign, bridge, Calm(bridge, 3), "oldest first", Shocks(**what))
        return played.account.set_index("lot")

    late = ends(late={1: {"y": 5}})
    assert late.loc["y", "left"] == 10 and late["given"].sum() == pytest.approx(20)
    recalled = ends(recalled={1: ("y",)})
    assert recalled.loc["y", "recalled"] == 10 and recalled["given"].sum() == pytest.approx(20)
    cut = ends(cut={1: {"y": 0.5, "z": 0.25}})
    assert cut["cut"].tolist() == [0, 5, 2.5] and cut["given"].sum() == pytest.approx(22.5)
    lost = ends(failed={0: ("p",)})
    assert lost.loc["x", "spoilt"] == pytest.approx(10) and lost["given"].sum() == pytest.approx(20)


def test_fewer_come_than_were_thought_and_the_next_plan_knows():
    campaign = tiny()
    bridge = make_bridge(campaign)
    true = Shocks(willingness=np.array([[0.25, 1.0]]))
    again = play(campaign, bridge, Calm(bridge, 3, danger=np.array([5.0, 1.0])), "plan, deaths alone", true)
    assert covered(again) == pytest.approx([5, 20], abs=0.1)
    outbreak = Calm(bridge, 3, danger=np.array([5.0, 1.0]))
    first = first_plan(campaign, bridge, outbreak, ("benefit",))
    kept = play(campaign, bridge, outbreak, FIRST, true, first=first)
    assert covered(kept)[1] < 12


def test_bad_input_is_named(campaign, bridge):
    calm = Calm(bridge, 8)
    with pytest.raises(CampaignError, match="'guess' is unknown: give one of plan"):
        play(campaign, bridge, calm, "guess")
    with pytest.raises(CampaignError, match="national store has a limit"):
        play(replace(campaign, national_litres=1e9), bridge, calm, "plan")
    with pytest.raises(CampaignError, match="bridge is of other districts"):
        play(campaign, make_bridge(weekly(4)), calm, "plan")
    with pytest.raises(CampaignError, match=r"willingness has shape \(1, 1\): give \(5, 4\)"):
        play(campaign, bridge, calm, "plan", Shocks(willingness=np.ones((1, 1))))
    with pytest.raises(CampaignError, match="'flood' is unknown"):
        draw_shocks(campaign, ["flood"], np.random.default_rng(1), Chances())
    with pytest.raises(CampaignError, match="recall is 2"):
        Chances(recall=2)
    with pytest.raises(CampaignError, match="late_weeks is"):
        Chances(late_weeks=(3, 1))


# ---- shocks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenarios", [8, 16])
def test_each_kind_is_in_half_of_the_scenarios_and_each_pair_in_a_quarter(scenarios):
    kinds = design(scenarios)
    table = np.array([[kind in there for kind in KINDS] for there in kinds], int)
    assert (table.sum(axis=0) == scenarios // 2).all() and kinds[0] == frozenset()
    assert ((table.T @ table)[~np.eye(4, dtype=bool)] == scenarios // 4).all()


def test_a_kind_that_is_turned_on_leaves_the_others_as_they_were(campaign):
    both, one = (draw_shocks(campaign, k, np.random.default_rng(9), CERTAIN) for k in (KINDS, ("store",)))
    assert one.failed == both.failed and one.kinds == {"store"}
    assert (one.willingness == both.willingness).all()
    share = campaign.by_group("population") * one.willingness
    assert (share >= campaign.covered - 1e-9).all() and (one.willingness <= 1).all()


# ---- what it stands on -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["floor", "benefit"])
def test_a_vertex_is_as_good_as_another_formulation_finds(stage):
    now = weekly(4, weeks=6)
    best = solve_lot_by_lot(now, stage)
    for solver in (interior.solve, solve_at_vertex):
        plan = plan_campaign(now, stages=(stage,), tolerance=1e-8, solver=solver)
        assert plan.stages[0].value == pytest.approx(best, rel=1e-6)


def test_districts_put_together_keep_people_doses_and_what_is_due(campaign):
    home = dict(zip(campaign.districts["district"], campaign.districts["region"], strict=True))
    due = pd.DataFrame(
        {"district": ["d0000", "d0001"], "group": "g0", "product": "two-dose", "week": 0, "courses": 2.0}
    )
    burden = np.linspace(1, 0, 9)[None].repeat(5, axis=0)
    whole = merged(replace(campaign, due=due, burden=burden), home)
    assert list(whole.districts["district"]) == sorted(set(home.values())) and whole.groups == campaign.groups
    assert whole.willing.sum(axis=0) == pytest.approx(campaign.willing.sum(axis=0))
    assert whole.covered.sum(axis=0) == pytest.approx(campaign.covered.sum(axis=0))
    assert (whole.by_group("risk") * whole.by_group("population")).sum() == pytest.approx(
        (campaign.by_group("risk") * campaign.by_group("population")).sum()
    )
    assert whole.due["courses"].sum() == 4 and whole.burden == pytest.approx(burden[:2])
    assert waiting_for_second(whole).sum() == pytest.approx(4)
    with pytest.raises(CampaignError, match="'d0000' has no place"):
        merged(campaign, {})
    with pytest.raises(CampaignError, match="place 'all' has districts with different region"):
        merged(campaign, dict.fromkeys(home, "all"))


def test_what_fell_due_first_is_not_forgiven_for_what_fell_due_last():
    two = pd.DataFrame({"product": ["a"], "doses": [2], "interval_weeks": [2], "litres_per_dose": [0.001]})
    due = pd.DataFrame({"district": "p", "group": "old", "product": "a", "week": [0, 1], "courses": [6.0, 9.0]})
    now = replace(tiny(lots=(10.0, 0.0, 0.0)), products=two, due=due)
    left, missed = forgive(now)
    assert left.due["courses"].to_numpy() == pytest.approx([6.0, 4.0], rel=1e-3)
    assert missed["courses"].sum() == pytest.approx(5.0, rel=1e-3)
    assert follow(left, np.zeros(left.shape)).given.sum() == pytest.approx(10.0, rel=1e-3)
    patient = follow(now, np.zeros(now.shape), must=False)
    assert patient.given.sum() == pytest.approx(10.0, rel=1e-3)


# ---- tables ------------------------------------------------------------------------------------------------------


def test_tables_of_outcomes(campaign, bridge, shocks):
    from healthops.data.schemas import TABLES

    rng = np.random.default_rng(2)
    results = []
    for scenario in range(2):
        for way in ("plan", "pro-rata"):
            played = play(campaign, bridge, Calm(bridge, 8), way, shocks)
            deaths = rng.poisson(3, (8, 5, 2, 4))
            results.append(result_of(scenario, 2.5, ("late",), played, infections=deaths * 10, deaths=deaths,
                                     given=np.ones((8, 5, 2, 4, 2))))  # fmt: skip
    poverty = pd.Series({name: float(n) for n, name in enumerate(campaign.districts["district"])})
    table = draw_table(results, poverty)
    assert len(table) == 20 and set(TABLES["campaign_replay"].columns) <= set(table.columns)
    assert by_scenario(table, "deaths")["plan"][1].tolist() == results[2].deaths.sum(axis=0).tolist()
    assert (table["doses_given"] == 8 * 2 * 4 * 2).all() and set(table["shocks"]) == {"late"}
    ends = pd.to_datetime(np.datetime64("2021-05-22") + np.arange(8) * np.timedelta64(7, "D"))
    weeks = week_table(results, ends)
    assert len(weeks) == 16 and (weeks["deaths_so_far_low"] <= weeks["deaths_so_far_high"]).all()
    last = weeks[weeks["policy"] == "plan"]["deaths_so_far"].iloc[-1]
    assert last == pytest.approx(table.loc[table["policy"] == "plan", "deaths"].mean())


def test_coverage_by_hand():
    people = pd.DataFrame(
        {"district": ["a", "b"], "group": "g", "population": [100.0, 300.0], "covered": [20.0, 180.0]}
    )
    got = coverage_figures(people, pd.Series({"a": 10.0, "b": 50.0}))
    assert got["lowest_coverage"] == 0.2 and got["coverage_g"] == 0.5
    # Half the mean difference between two persons over the mean: 2 x 1/4 x 3/4 x 0.4 / (2 x 0.5).
    assert got["gini"] == pytest.approx(0.15) and got["concentration"] == pytest.approx(0.15)
